"""Is the simulated world as hard as life? The same plain detectors on real and on simulated accounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realreach.simulate.check_compare import FEWEST_PAIRS, matched_pairs, out_of_fold
from realreach.simulate.check_sets import Curves
from realreach.simulate.deliveries import block_delivery, drip_delivery
from realreach.simulate.summaries import burst_summary
from realreach.tables.core import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DOSES", "PUBLISHED", "Separation", "delivery_auc", "growing", "rates_auc"]

DOSES = (0.10, 0.20, 0.30, 0.50)
"""Share of the gain of the window that is delivered."""

PUBLISHED = {"block": (0.575, 0.757, 0.913, 0.982), "drip": (0.551, 0.635, 0.770, 0.946)}
"""ROC-AUC of a plain model per dose, measured with real deliveries on real curves (all 334 of them, half is shared)."""


@dataclass(frozen=True)
class Separation:
    """How well a plain model separates bought from honest: ROC-AUC with a 95 % interval, and the number of pairs."""

    auc: float
    low: float
    high: float
    pairs: int


def growing(curves: Curves, *, per_day: float = 1.0) -> Curves:
    """Return the complete curves that won at least ``per_day`` followers a day; single missing days are bridged."""
    levels = curves.levels.copy()
    for number, row in enumerate(curves.levels):
        levels[number] = _bridged(row)
    gain = (levels[:, -1] - levels[:, 0]) / (levels.shape[1] - 1)
    few_missing = np.isnan(curves.levels).sum(axis=1) <= 3
    chosen = np.flatnonzero(few_missing & (gain >= per_day))
    return Curves(curves.groups[chosen], levels[chosen])


def _bridged(levels: FloatArray) -> FloatArray:
    seen = np.isfinite(levels)
    day = np.arange(len(levels))
    return np.round(np.interp(day, day[seen], levels[seen]))


def delivery_auc(
    curves: Curves, shapes: Sequence[FloatArray], kind: str, dose: float, *, seed: int, repeats: int = 5
) -> Separation:
    """Return how well a plain growth model finds deliveries laid over honest curves, on average over ``repeats``.

    Every curve stands on both sides, once as it is and once with a delivery of ``dose`` times its own gain; both lie
    in the same fold. ``kind`` is ``block`` (real timing of one or two days) or ``drip`` (30 days).
    """
    import pandas as pd

    days = curves.levels.shape[1] - 1
    gains = curves.levels[:, -1] - curves.levels[:, 0]
    clean = [burst_summary(row) for row in curves.levels]
    y = np.repeat([0, 1], len(curves))
    groups = np.tile(curves.groups, 2)
    result = []
    for repeat in range(repeats):
        rng = np.random.default_rng((seed, repeat, round(1000 * dose), len(kind)))
        bought = []
        for row, gain in zip(curves.levels, gains, strict=True):
            size = max(round(dose * float(gain)), 1)
            added = block_delivery(rng, list(shapes), size, days) if kind == "block" else drip_delivery(rng, size, days)
            bought.append(burst_summary(row + np.concatenate(([0.0], np.cumsum(added)))))
        X = pd.DataFrame([*clean, *bought]).to_numpy(np.float64)
        fold = out_of_fold(X, y, groups, seed=repeat)
        result.append((fold.auc, fold.low, fold.high))
    auc, low, high = np.mean(result, axis=0)
    return Separation(float(auc), float(low), float(high), len(curves))


def rates_auc(table: pd.DataFrame, *, seed: int, most: int = 1500) -> Separation | None:
    """Separate fake from honest by like rate, comment rate and likes per comment at equal size.

    Parameters
    ----------
    table
        Columns ``is_fake``, ``followers``, ``like_rate``, ``comment_rate`` and, if there are several, ``platform``.
        Each fake account is paired with the honest one of the same platform that is nearest in followers.
    seed
        Seed of the sample and the folds.
    most
        Largest number of pairs.

    Returns
    -------
    Separation or None
        None with fewer than 20 pairs.
    """
    rng = np.random.default_rng(seed)
    platform = table["platform"].to_numpy(dtype=object) if "platform" in table else np.full(len(table), "")
    fake = table["is_fake"].to_numpy(np.int64) == 1
    size = np.log(table["followers"].to_numpy(np.float64))
    left, right = [], []
    for name in sorted(set(platform)):
        fakes, honest = (np.flatnonzero(np.isfinite(size) & (platform == name) & side) for side in (fake, ~fake))
        if len(fakes) and len(honest):
            share = most * len(fakes) // max(int(fake.sum()), 1)
            a, b = matched_pairs(size[fakes], size[honest], rng=rng, most=share)
            left.append(fakes[a])
            right.append(honest[b])
    pairs = sum(map(len, left))
    if pairs < FEWEST_PAIRS:
        return None
    rows: IntArray = np.concatenate([*left, *right])
    likes, comments = (table[name].to_numpy(np.float64)[rows] for name in ("like_rate", "comment_rate"))
    with np.errstate(divide="ignore", invalid="ignore"):
        X = np.column_stack([np.log(likes + 1e-5), np.log(comments + 1e-6), np.log(likes / comments)])
    X[~np.isfinite(X)] = np.nan
    result = out_of_fold(X, np.repeat([1, 0], pairs), np.tile(np.arange(pairs), 2), seed=seed)
    return Separation(result.auc, result.low, result.high, pairs)
