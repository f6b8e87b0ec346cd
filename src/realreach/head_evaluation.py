"""Judge heads and ranges: mechanisms as rankings and probabilities, shares by error and coverage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.calibrating import range_coverage
from realreach.head_fitting import HeadLabels
from realreach.heads import HeadScores, groups_of
from realreach.metrics import evaluate
from realreach.pillars import combination_name
from realreach.tables.core import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

    from realreach.crossed_fit import CrossedFit

__all__ = ["judge_heads", "put_scores", "range_coverages"]

_METRICS = ("fake_share", "roc_auc", "pr_auc", "calibration_error")
_COLUMNS = ["head", "metric", "slice", "value", "low", "high", "n"]
_LEAST = 100
"""Creators of a slice for a figure of its own."""
_RANGE_LEAST = 500
_Z = 1.959964


def put_scores(total: HeadScores | None, part: HeadScores, rows: IntArray, creators: int) -> HeadScores:
    """Return scores of all creators with those of some rows put in; NaN where no part had a head."""
    total = total or HeadScores({}, {})
    mechanisms, shares = dict(total.mechanisms), dict(total.shares)
    for name, values in part.mechanisms.items():
        mechanisms[name] = mechanisms.get(name, np.full(creators, np.nan))
        mechanisms[name][rows] = values
    for name, ends in part.shares.items():
        low, median, high = shares.get(name, tuple(np.full(creators, np.nan) for _ in range(3)))
        for whole, values in zip((low, median, high), ends, strict=True):
            whole[rows] = values
        shares[name] = (low, median, high)
    return HeadScores(mechanisms, shares)


def judge_heads(
    told: HeadScores, truth: HeadLabels, frame: pd.DataFrame, *, replicates: int = 300, seed: int = 0
) -> pd.DataFrame:
    """Judge heads on creators that they were not fitted on.

    Parameters
    ----------
    told
        What the heads said.
    truth
        What the labels say. Bought creators without mechanisms do not count for mechanisms.
    frame
        The same creators: ``y``, ``p`` (overall probability), ``weight``, ``group``, ``pillars``.
    replicates, seed
        Of the bootstrap.

    Returns
    -------
    Columns ``head``, ``metric``, ``slice`` (``all`` or ``pillars=name``), ``value``, ``low``, ``high`` (95 %), ``n``.
    Mechanisms, against all other creators: ``fake_share`` (how many have it), ``roc_auc``, ``pr_auc``,
    ``calibration_error``, and as the plain baseline ``roc_auc_overall``, ``pr_auc_overall`` of the overall probability.
    Shares: ``mae`` of the median, ``mae_nothing`` (always saying 0, the plain baseline), ``coverage`` of the interval,
    ``coverage_at_zero``, ``coverage_above_zero`` and ``zero_starts_at_zero`` (intervals of a
    true 0 that begin there).
    """
    import pandas as pd

    rows: list[list[Any]] = []
    for name, p in told.mechanisms.items():
        rows += _mechanism_rows(name, p, truth.mechanisms, frame, replicates, seed)
    for name, ends in told.shares.items():
        if name in truth.shares:
            rows += _share_rows(name, *ends, truth.shares[name], frame)
    return pd.DataFrame(rows, columns=_COLUMNS)


def _mechanism_rows(
    name: str, p: FloatArray, mechanisms: np.ndarray, frame: pd.DataFrame, replicates: int, seed: int
) -> Iterator[list[Any]]:
    own = np.array([name in groups_of(str(m)) for m in mechanisms], dtype=np.float64)
    known = ~np.isnan(p) & ((frame["y"].to_numpy() == 0) | (mechanisms.astype(str) != ""))
    if not known.any():
        return
    here = frame[known].assign(y=own[known], p=p[known])
    overall = here.assign(p=frame["p"].to_numpy()[known])
    for kind, part in (("", here), ("_overall", overall)):
        wanted = _METRICS if not kind else ("roc_auc", "pr_auc")
        slices = ["pillars"] if not kind else []
        table = evaluate(part, slices=slices, only=wanted, replicates=replicates, seed=seed)
        for row in table[table["metric"].isin(wanted)].to_dict("records"):
            if row["slice"] == "all" or row["n"] >= _LEAST:
                figures = [row[c] for c in ("slice", "value", "low", "high", "n")]
                yield [name, f"{row['metric']}{kind}", *figures]


def _share_rows(
    name: str, low: FloatArray, median: FloatArray, high: FloatArray, truth: FloatArray, frame: pd.DataFrame
) -> Iterator[list[Any]]:
    truth = np.where(np.isnan(truth) & (frame["y"].to_numpy() == 0), 0.0, truth)
    known = ~np.isnan(low) & ~np.isnan(truth)
    pillars = frame["pillars"].to_numpy(dtype=object)
    held = ((low <= truth) & (truth <= high)).astype(np.float64)
    slices = {"all": known} | {f"pillars={p}": known & (pillars == p) for p in sorted(set(pillars[known]))}
    for part, rows in slices.items():
        if rows.sum() < _LEAST and part != "all":
            continue
        at_zero, above = rows & (truth == 0), rows & (truth > 0)
        for metric, values in (
            ("mae", np.abs(median - truth)[rows]),
            ("mae_nothing", truth[rows]),
            ("coverage", held[rows]),
            ("coverage_at_zero", held[at_zero]),
            ("coverage_above_zero", held[above]),
            ("zero_starts_at_zero", (low[at_zero] == 0).astype(np.float64)),
        ):
            if len(values):
                yield [name, metric, part, *_mean(values), len(values)]


def _mean(values: FloatArray) -> tuple[float, float, float]:
    """Return the mean with its 95 % interval: Wilson's for shares of creators, else the normal one."""
    n, mean = len(values), float(values.mean())
    if np.isin(values, (0.0, 1.0)).all():
        middle, scale = mean + _Z**2 / (2 * n), 1 + _Z**2 / n
        half = _Z * np.sqrt(mean * (1 - mean) / n + _Z**2 / (4 * n**2))
        return mean, float((middle - half) / scale), float((middle + half) / scale)
    half = _Z * float(values.std(ddof=1)) / np.sqrt(n) if n > 1 else float("nan")
    return mean, mean - half, mean + half


def range_coverages(estimator: CrossedFit, weight: FloatArray, *, seed: int = 0) -> dict[str, float]:
    """Return by combination of pillars how often its range holds the true share (see :func:`range_coverage`).

    Combinations with fewer than 500 creators are left out.
    """
    out = {}
    calibration = estimator.fitted_.calibration
    for mask in sorted(calibration.low):
        margin = estimator.crossed_[mask]
        rows = ~np.isnan(margin)
        if rows.sum() >= _RANGE_LEAST:
            p = np.interp(margin[rows], calibration.margin[mask], calibration.probability[mask])
            out[combination_name(mask)] = round(range_coverage(margin[rows], p, weight[rows], seed=seed), 4)
    return out
