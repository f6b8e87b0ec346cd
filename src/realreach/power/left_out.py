"""A mechanism never seen: what a model loses on it when its creators are left out of the fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realreach.card import markdown_table
from realreach.errors import InputError
from realreach.metrics import difference, pr_auc_at
from realreach.power.terms import FEW, Report
from realreach.simulate.settings import MECHANISMS

if TYPE_CHECKING:
    from realreach.evaluation import Labelled
    from realreach.settings import TrainSettings

__all__ = ["LeftOut", "leave_one_mechanism_out", "left_out_markdown"]


@dataclass(frozen=True)
class LeftOut:
    """A mechanism with and without its creators in the fit, on the same held-out creators.

    ``seen`` and ``unseen`` are the PR-AUC at a prevalence of 10 % on honest creators and fake ones with the mechanism;
    ``loss`` = seen - unseen with its interval. NaN with fewer than 20 such creators in the test.
    """

    mechanism: str
    removed: int
    tested: int
    seen: float
    unseen: float
    loss: float
    low: float
    high: float


def leave_one_mechanism_out(data: Labelled, settings: TrainSettings, report: Report = lambda _: None) -> list[LeftOut]:
    """Fit once with everything and once without each mechanism, and compare on creators that have it.

    Parameters
    ----------
    data
        Labelled creators with their mechanisms.
    settings
        Settings of the fits, of the split and of the bootstrap; ``hold_out_mechanisms`` must be empty.
    report
        Called with a short sentence at every fit.

    Returns
    -------
    list of LeftOut
        One per mechanism in the data, largest loss first. Without a mechanism there are fewer fake creators to learn
        from, which costs a little by itself.

    Raises
    ------
    InputError
        If the labels name no mechanisms, or a part of the split lacks a class.
    """
    from realreach.splits import SplitSettings, split_creators

    own = [frozenset(str(text).split("+")) - {""} for text in data.mechanisms]
    codes = sorted(frozenset().union(*own), key=lambda code: (len(code), code))
    if not codes:
        raise InputError("labels: no creator has mechanisms. Leaving one out needs labels with the column mechanisms.")
    rest = 1 - settings.test_share
    parts = SplitSettings(
        train=0.7 * rest, stop=0.12 * rest, calibrate=0.18 * rest, test=settings.test_share,
        time=settings.time_split, label_delay_days=settings.label_delay_days,
    )  # fmt: skip
    split = split_creators(data.target, data.group, data.as_of, parts, settings.seed)
    fit_rows = np.sort(np.concatenate([split.train, split.stop, split.calibrate]))
    report(f"fitting on all mechanisms: {len(fit_rows):,} creators")
    seen = _probabilities(data, settings, fit_rows, split.test)
    done = []
    for code in codes:
        has = np.array([code in mechanisms for mechanisms in own], dtype=bool)
        kept = fit_rows[~has[fit_rows]]
        tested = split.test[(data.target[split.test] == 0) | has[split.test]]
        number = int(has[tested].sum())
        if number < FEW:
            done.append(LeftOut(code, len(fit_rows) - len(kept), number, *[math.nan] * 5))
            continue
        report(f"fitting without {code}: {len(kept):,} creators")
        unseen = _probabilities(data, settings, kept, split.test)
        rows = np.isin(split.test, tested)
        done.append(_left_out(code, len(fit_rows) - len(kept), data.take(tested), seen[rows], unseen[rows], settings))
    return sorted(done, key=lambda x: -x.loss if not math.isnan(x.loss) else math.inf)


def _probabilities(data: Labelled, settings: TrainSettings, fit: np.ndarray, test: np.ndarray) -> np.ndarray:
    from realreach.evaluation import make_estimator

    part = data.take(fit)
    estimator = make_estimator(settings).fit(part.features, part.target, sample_weight=part.weight, groups=part.group)
    return estimator.fitted_.probabilities(data.take(test).matrix)


def _left_out(
    code: str, removed: int, test: Labelled, seen: np.ndarray, unseen: np.ndarray, settings: TrainSettings
) -> LeftOut:
    metric = pr_auc_at(0.10)
    replicates, seed = settings.bootstrap, settings.seed
    gap = difference(
        test.target, seen, unseen, test.weight, test.group, metric=metric, replicates=replicates, seed=seed
    )
    both = ~np.isnan(seen) & ~np.isnan(unseen)
    values = [metric(test.target[both], p[both], test.weight[both]) for p in (seen, unseen)]
    return LeftOut(code, removed, int(test.target[both].sum()), values[0], values[1], gap.value, gap.low, gap.high)


def left_out_markdown(results: Sequence[LeftOut]) -> str:
    """Return the losses as a Markdown table, `-` where too few creators were tested."""
    rows = []
    for x in results:
        told = not math.isnan(x.loss)
        loss = f"{x.loss:+.3f} ({x.low:+.3f} to {x.high:+.3f})" if told else "-"
        cells = [f"{v:.3f}" if told else "-" for v in (x.seen, x.unseen)]
        name = f"{x.mechanism} {MECHANISMS.get(x.mechanism, '')}".strip()
        rows.append([name, f"{x.removed:,}", f"{x.tested:,}", *cells, loss])
    head = ["mechanism", "creators removed from the fit", "tested", "PR-AUC at 10 %, seen", "never seen", "loss (95 %)"]
    return markdown_table(head, rows)
