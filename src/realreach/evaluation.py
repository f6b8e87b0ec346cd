"""Evaluate a recipe on labelled creators: held out by creator and time, or by folds, with the baselines beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realreach.baselines import BASELINES, norms_rule
from realreach.features import feature_names
from realreach.metrics import evaluate, evaluate_matched
from realreach.model import combination_name
from realreach.settings import TrainSettings
from realreach.splits import Split, SplitSettings, grouped_folds, split_creators
from realreach.tables.core import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

    from realreach.estimator import AuthenticityClassifier

__all__ = ["Evaluation", "Labelled", "evaluate_by_folds", "evaluate_held_out", "make_estimator", "summary_table"]

Report = Callable[[str], None]

HEADLINES = (
    "roc_auc", "pr_auc", "pr_auc_at_5pct", "pr_auc_at_10pct", "pr_auc_at_25pct", "recall_at_1pct_fpr", "recall_at_5pct_fpr",
    "brier", "calibration_error",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Labelled:
    """Labelled creators ready for fitting: features and what is known of each, in the order of ``creator_id``."""

    features: pd.DataFrame
    target: FloatArray
    weight: FloatArray
    group: np.ndarray
    as_of: FloatArray
    language: np.ndarray
    platform: np.ndarray
    mechanisms: np.ndarray

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: IntArray) -> Labelled:
        """Return some of the creators."""
        return Labelled(self.features.iloc[rows], *(getattr(self, n)[rows] for n in _ROW_FIELDS))

    @property
    def matrix(self) -> FloatArray:
        """The features as an array."""
        return self.features.to_numpy(dtype=np.float64)


_ROW_FIELDS = ("target", "weight", "group", "as_of", "language", "platform", "mechanisms")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What an evaluation found.

    ``table`` holds model and baselines: model, metric, slice, value, low, high, n, n_fake. ``frame`` holds the judged creators without
    their keys: y, p, weight and the slices. ``estimator`` is the fitted model to keep.
    """

    table: pd.DataFrame
    frame: pd.DataFrame
    rule: FloatArray
    estimator: AuthenticityClassifier
    split: Split | None
    protocol: str
    test_rows: IntArray


def make_estimator(settings: TrainSettings, seed: int | None = None) -> AuthenticityClassifier:
    """Return an unfitted estimator with the settings of a run."""
    from realreach.estimator import AuthenticityClassifier

    seed = settings.seed if seed is None else seed
    return AuthenticityClassifier(**settings.model.model_dump(), random_state=seed, n_jobs=settings.threads)


def evaluate_held_out(data: Labelled, settings: TrainSettings, report: Report) -> Evaluation:
    """Fit on the earlier creators and judge on the rest, which no step of the fit has seen."""
    share = settings.test_share
    parts = SplitSettings(
        train=0.7 * (1 - share), stop=0.12 * (1 - share), calibrate=0.18 * (1 - share), test=share,
        time=settings.time_split, label_delay_days=settings.label_delay_days,  # type: ignore[arg-type]
    )  # fmt: skip
    split = split_creators(data.target, data.group, data.as_of, parts, settings.seed)
    fit_rows = np.sort(np.concatenate([split.train, split.stop, split.calibrate]))
    held_out = _holds(data.mechanisms, settings.hold_out_mechanisms)
    # A held-out mechanism is in no part that is fitted, but stays in the test.
    fit_rows = fit_rows[~held_out[fit_rows]]
    fit = data.take(fit_rows)
    report(f"fitting on {len(fit):,} creators, testing on {len(split.test):,} ({split.reason})")
    estimator = make_estimator(settings).fit(fit.features, fit.target, sample_weight=fit.weight, groups=fit.group)
    test = data.take(split.test)
    scores = {"realreach": estimator.fitted_.probabilities(test.matrix)}
    for name, fitting in BASELINES.items():
        report(f"baseline: {name}")
        scores[name] = fitting(_plain(fit.features), fit.target, fit.weight, seed=settings.seed)(_plain(test.features))
    return _evaluation(test, scores, estimator, settings, report, split, split.reason, split.test)


def evaluate_by_folds(data: Labelled, settings: TrainSettings, report: Report) -> Evaluation:
    """Judge every creator by models that never saw its group; the model to keep is then fitted on all."""
    folds = settings.folds or 5
    totals: dict[str, FloatArray] = {}
    for repeat, parts in enumerate(
        grouped_folds(data.target, data.group, folds, settings.seed, repeats=settings.repeats)
    ):
        report(f"{folds} folds, repetition {repeat + 1} of {settings.repeats}")
        scores = {name: np.full(len(data), np.nan) for name in ("realreach", *BASELINES)}
        for train, test in parts:
            fit, seen = data.take(train), data.features.iloc[test]
            seeded = make_estimator(settings, settings.seed + repeat)
            seeded.fit(fit.features, fit.target, sample_weight=fit.weight, groups=fit.group)
            scores["realreach"][test] = seeded.fitted_.probabilities(seen.to_numpy(dtype=np.float64))
            for name, fitting in BASELINES.items():
                scores[name][test] = fitting(_plain(fit.features), fit.target, fit.weight, seed=settings.seed)(_plain(seen))
        for name, values in scores.items():
            totals[name] = totals.get(name, 0.0) + values / settings.repeats
    report(f"fitting the model to keep on all {len(data):,} creators")
    estimator = make_estimator(settings).fit(data.features, data.target, sample_weight=data.weight, groups=data.group)
    protocol = f"{folds} folds by group, {settings.repeats} repetitions, mean out-of-fold score"
    return _evaluation(data, totals, estimator, settings, report, None, protocol, np.arange(len(data)))


def _evaluation(
    test: Labelled, scores: dict[str, FloatArray], estimator: AuthenticityClassifier, settings: TrainSettings, report: Report,
    split: Split | None, protocol: str, rows: IntArray,
) -> Evaluation:  # fmt: skip
    import pandas as pd

    report("metrics with bootstrap intervals")
    frame = _frame(test, estimator)
    rule = norms_rule(test.features)
    tables = []
    for name, values in (*scores.items(), ("norms_rule", rule)):
        judged = frame.assign(p=values)
        own = name == "realreach"
        part = evaluate(judged, slices=None if own else [], replicates=settings.bootstrap, seed=settings.seed)
        matched = evaluate_matched(judged, replicates=settings.bootstrap, seed=settings.seed)
        tables.append(pd.concat([part, matched], ignore_index=True).assign(model=name))
    table = pd.concat(tables, ignore_index=True)
    table = table[["model", *[c for c in table.columns if c != "model"]]]
    return Evaluation(table, frame.assign(p=scores["realreach"]), rule, estimator, split, protocol, rows)


def _frame(test: Labelled, estimator: AuthenticityClassifier) -> pd.DataFrame:
    """Return labels and slices of the judged creators, without their keys."""
    import pandas as pd

    followers = 10.0 ** test.features["context__followers__now__log10"].to_numpy()
    tiers = np.array(["<1k", "1-10k", "10-100k", "100k-1M", ">1M", "unknown"])
    tier = np.where(np.isnan(followers), 5, np.searchsorted([1e3, 1e4, 1e5, 1e6], np.nan_to_num(followers), "right"))
    present = estimator.fitted_.layout.present(test.matrix)
    return pd.DataFrame(
        {
            "y": test.target,
            "p": np.nan,
            "weight": test.weight,
            "group": test.group,
            "followers": followers,
            "platform": test.platform,
            "size_tier": tiers[tier],
            "language": test.language,
            "pillars": [combination_name(int(m)) for m in present],
        }
    )


def _holds(mechanisms: np.ndarray, wanted: tuple[str, ...]) -> np.ndarray:
    pick = set(wanted)
    return np.array([bool(pick & set(str(m).split("+"))) for m in mechanisms], dtype=bool)


def _plain(features: pd.DataFrame) -> FloatArray:
    """Return what a plain model may see: no context, so that size is no way to look guilty for the baselines either."""
    return features[[name for name in feature_names() if not name.startswith("context__")]].to_numpy(dtype=np.float64)


def summary_table(table: pd.DataFrame) -> str:
    """Return the headline figures as text: one row per metric, one column per model, intervals beside the values."""
    rows = []
    models = list(dict.fromkeys(table["model"]))
    for part in ("all", "size_matched"):
        here = table[table["slice"] == part]
        if here.empty:
            continue
        sizes = here.iloc[0]
        fakes = int(sizes["n_fake"])
        rows.append([f"{part} ({int(sizes['n']):,} creators, {fakes:,} fake)", *[""] * len(models)])
        names = [m for m in dict.fromkeys(here["metric"]) if m in HEADLINES or part == "size_matched"]
        for metric in sorted(names, key=lambda m: HEADLINES.index(m) if m in HEADLINES else 99):
            cells = []
            for model in models:
                hit = here[(here["metric"] == metric) & (here["model"] == model)]
                cells.append("" if hit.empty else _cell(*hit.iloc[0][["value", "low", "high"]]))
            rows.append([f"  {metric}", *cells])
    head = ["", *models]
    width = [max(len(str(r[i])) for r in [head, *rows]) for i in range(len(head))]
    lines = ["  ".join(str(c).ljust(w) for c, w in zip(row, width, strict=True)).rstrip() for row in [head, *rows]]
    return "\n".join(lines)


def _cell(value: float, low: float, high: float) -> str:
    if np.isnan(value):
        return ""
    return f"{value:.3f}" if np.isnan(low) else f"{value:.3f} [{low:.3f}, {high:.3f}]"
