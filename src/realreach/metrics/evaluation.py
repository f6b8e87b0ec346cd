"""Every metric with its interval, for all rows and for each slice, and the difference of two scores."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from realreach.metrics.intervals import (
    Data,
    Options,
    bootstrap,
    group_codes,
    interval,
    make_slice,
    rows_of_table,
    sorted_table,
)
from realreach.metrics.measures import METRICS, Metric, roc_auc
from realreach.metrics.tally import checked
from realreach.metrics.threshold import at_threshold

if TYPE_CHECKING:
    import pandas as pd

    from realreach.tables.core import FloatArray

__all__ = ["SLICE_COLUMNS", "Difference", "difference", "evaluate"]

SLICE_COLUMNS = ("platform", "size_tier", "language", "pillars", "niche", "country")
"""Columns by which :func:`evaluate` slices unless told otherwise."""

_MIN_CLASS = 25
"""A metric of a slice is given only with this many rows of each class it needs."""

_FAKE_SHARE = Metric("fake_share", lambda t: t.fake.sum(axis=1) / t.total, "any", is_share=True)
_SCORED_SHARE = Metric("scored_share", _FAKE_SHARE.of_tally, "any", is_share=True)


def _slice_rows(frame: pd.DataFrame, columns: Sequence[str]) -> dict[str, npt.NDArray[np.bool_]]:
    """Return which rows belong to each slice: ``all`` first, then by column and name."""
    found = {"all": np.ones(len(frame), dtype=bool)}
    for column in columns:
        values = frame[column]
        names = values.astype(object).where(values.notna(), "unknown").astype(str).to_numpy(dtype=object)
        for name in sorted(set(names)):
            found[f"{column}={name}"] = names == name
    return found


def evaluate(
    frame: pd.DataFrame,
    *,
    threshold: float | None = None,
    slices: Sequence[str] | None = None,
    only: Collection[str] | None = None,
    replicates: int = 300,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return every metric with its interval, for all rows and for each slice.

    Intervals come from a bootstrap that draws whole groups with replacement: percentiles of the replicates. Two
    exceptions. ``calibration_error`` is raised by noise, and resampling adds noise once more, so its interval is
    reflected at the value. A share at a threshold that is exactly 0 or 1 gets the exact bound for that many groups,
    because all its replicates are equal.

    Parameters
    ----------
    frame
        One row per judged creator: ``y`` (0/1), ``p`` (fake probability; NaN: not scored), optionally ``weight``,
        ``group`` (default: each row its own) and columns to slice by. Input is not changed.
    threshold
        Operating point, chosen on other creators (:func:`operating_point`); adds ``recall_at_threshold`` and
        ``fpr_at_threshold``, the achieved one.
    slices
        Columns to slice by; None takes those of :data:`SLICE_COLUMNS` that are there. A missing value is the slice
        ``unknown``.
    only
        Names of the metrics to tell, which spares the bootstrap of the others and changes none; None: all.
    replicates
        Number of bootstrap draws.
    seed
        Seed of the draws.
    level
        Share of replicates inside the interval.

    Returns
    -------
    Columns ``metric``, ``slice`` (``all`` or ``column=name``), ``value``, ``low``, ``high``, ``n``, ``n_fake``.
    ``scored_share`` counts all rows, everything else those with a score. A metric that a slice has too few creators
    for (25 of each class it needs) is left out; ``scored_share`` and, if any row is scored, ``fake_share`` are always
    there. Bounds are NaN with fewer than five groups, or where too many draws leave the metric undefined.

    Raises
    ------
    ValueError
        If ``y`` or ``p`` is missing, a column to slice by is unknown, or values are not allowed.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"y": [0.0, 0, 0, 1, 1] * 10, "p": [0.1, 0.2, 0.6, 0.5, 0.9] * 10})
    >>> table = evaluate(frame, replicates=50).set_index("metric")
    >>> table.loc["roc_auc", ["value", "n", "n_fake"]].astype(float).round(3).tolist()
    [0.833, 50.0, 20.0]
    """
    if slices is None:
        slices = [column for column in SLICE_COLUMNS if column in frame]
    lacking = [column for column in ("y", "p", *slices) if column not in frame]
    if lacking or not len(frame):
        raise ValueError(
            f"frame must have rows, y, p and the columns to slice by, missing: {lacking}, rows: {len(frame)}"
        )
    options = Options(replicates, seed, level)
    given = frame["p"].to_numpy(dtype=np.float64)
    is_scored = ~np.isnan(given)
    w = frame["weight"].to_numpy(dtype=np.float64) if "weight" in frame else None
    y, p, w = checked(frame["y"].to_numpy(dtype=np.float64), np.where(is_scored, given, 0.0), w)
    group = group_codes(frame["group"]) if "group" in frame else np.arange(len(frame))
    members = _slice_rows(frame, slices)

    judged = Data(y, p, w, group)
    metrics = {"fake_share": _FAKE_SHARE, **METRICS, **({} if threshold is None else at_threshold(threshold))}
    metrics = {name: metric for name, metric in metrics.items() if only is None or name in only}
    parts = [
        make_slice(name, np.flatnonzero(rows & is_scored), judged, metrics, 1 if name == "all" else _MIN_CLASS)
        for name, rows in members.items()
    ]
    # Whether a row was scored takes the place of the label: the same draws, the same table.
    asked = judged._replace(y=is_scored.astype(np.float64))
    asked_parts = [
        make_slice(name, np.flatnonzero(rows), asked, {"scored_share": _SCORED_SHARE}, 1)
        for name, rows in members.items()
    ]
    shares = rows_of_table(asked_parts, asked, options)
    for share, rows in zip(shares, members.values(), strict=True):
        share["n_fake"] = int(y[rows].sum())
    return sorted_table(shares + rows_of_table(parts, judged, options), list(members))


class Difference(NamedTuple):
    """How much better the first scores are than the second, with an interval; NaN where it cannot be told."""

    value: float
    low: float
    high: float
    n: int


def difference(
    y: FloatArray,
    p: FloatArray,
    other: FloatArray,
    w: FloatArray | None = None,
    groups: npt.NDArray[Any] | None = None,
    *,
    metric: Metric = roc_auc,
    replicates: int = 300,
    seed: int = 0,
    level: float = 0.95,
) -> Difference:
    """Return ``metric(y, p) - metric(y, other)`` with the interval of a bootstrap that draws the same groups for both.

    Only rows that both have a score for are compared; ``n`` counts them.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.tile([0.0, 1.0], 30)
    >>> difference(y, y, 1 - y, replicates=20)
    Difference(value=1.0, low=1.0, high=1.0, n=60)
    """
    y, p, other = (np.asarray(values, dtype=np.float64) for values in (y, p, other))
    rows = np.flatnonzero(~np.isnan(p) & ~np.isnan(other))
    weights = None if w is None else np.asarray(w, dtype=np.float64)[rows]
    y, p, weights = checked(y[rows], p[rows], weights)
    if not len(rows):
        return Difference(float("nan"), float("nan"), float("nan"), 0)
    group = np.arange(len(rows)) if groups is None else group_codes(np.asarray(groups, dtype=object)[rows])
    data = Data(y, p, weights, group)
    ours = make_slice("ours", np.arange(len(rows)), data, {metric.name: metric}, 1)
    theirs = make_slice("other", np.arange(len(rows)), data._replace(p=other[rows]), {metric.name: metric}, 1)
    if not ours.metrics:
        return Difference(float("nan"), float("nan"), float("nan"), len(rows))
    draws = bootstrap([ours, theirs], data, Options(replicates, seed, level))
    value = metric(y, p, weights) - metric(y, other[rows], weights)
    gap = draws["ours", metric.name] - draws["other", metric.name]
    plain = Metric("difference", metric.of_tally, metric.need)
    return Difference(value, *interval(plain, value, gap, level, ours.groups[metric.need]), len(rows))
