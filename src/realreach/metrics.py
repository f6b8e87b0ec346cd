"""How good the scores are: metrics of one signature, intervals over groups, slices, size-matched pairs.

Every metric is called as ``metric(y, p, w)`` with labels 0/1, scores that rise with suspicion, and weights (None: all
1). All are computed from one summary, the weight of fake and of honest rows at each distinct score, for many sets of
weights at once: that makes the bootstrap cheap and treats equal scores alike everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

    from realreach.tables.core import FloatArray, IntArray

__all__ = [
    "METRICS",
    "SLICE_COLUMNS",
    "Difference",
    "Metric",
    "achieved_fpr",
    "brier",
    "brier_skill",
    "calibration_error",
    "calibration_intercept",
    "calibration_slope",
    "difference",
    "evaluate",
    "evaluate_matched",
    "log_loss",
    "operating_point",
    "pr_auc",
    "pr_auc_at",
    "recall_at_fpr",
    "roc_auc",
    "size_matched_pairs",
    "size_tier",
]

SLICE_COLUMNS = ("platform", "size_tier", "language", "pillars")
"""Columns by which :func:`evaluate` slices unless told otherwise."""

_MIN_CLASS = 25
"""A metric of a slice is given only with this many rows of each class it needs."""
_MIN_GROUPS = 5
"""With fewer groups an interval over groups means nothing."""
_MIN_DEFINED = 0.9
"""An interval is given only if the metric is defined in this share of the replicates."""
_BINS = 15
_BLOCK_CELLS = 2_000_000
"""Rows x replicates worked on at once: 16 MB per array."""

Need = Literal["any", "rows", "honest", "fake", "both"]


@dataclass(frozen=True, eq=False)
class Tally:
    """Weight of fake and honest rows at each distinct score, for several sets of weights.

    ``score`` (U,) falls from the most to the least suspicious; ``fake`` and ``honest`` are (B, U).
    """

    score: FloatArray
    fake: FloatArray
    honest: FloatArray

    @cached_property
    def fakes(self) -> FloatArray:
        """Weight of all fake rows, (B,); NaN where there are none, so that what needs them is NaN too."""
        return _positive(self.fake.sum(axis=1))

    @cached_property
    def honests(self) -> FloatArray:
        """Weight of all honest rows, (B,); NaN where there are none."""
        return _positive(self.honest.sum(axis=1))

    @cached_property
    def total(self) -> FloatArray:
        """Weight of all rows, (B,); NaN where there are none."""
        return _positive(self.fake.sum(axis=1) + self.honest.sum(axis=1))

    @cached_property
    def recall(self) -> FloatArray:
        """Share of fakes at or above each score, (B, U)."""
        return np.cumsum(self.fake, axis=1) / self.fakes[:, None]

    @cached_property
    def fpr(self) -> FloatArray:
        """Share of honest rows at or above each score, (B, U)."""
        return np.cumsum(self.honest, axis=1) / self.honests[:, None]


def _positive(weight: FloatArray) -> FloatArray:
    return np.where(weight > 0, weight, np.nan)


class _Ranking:
    """Rows sorted by score once, ready to be tallied with any weights."""

    def __init__(self, y: FloatArray, p: FloatArray) -> None:
        self.order = np.argsort(-p, kind="stable")
        self.is_fake = y[self.order]
        ranked = p[self.order]
        self.starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])) if len(p) else self.order
        self.score = ranked[self.starts]

    def tally(self, weights: FloatArray) -> Tally:
        """Return the tally for weights (B, n), given in the original order of rows."""
        ranked = weights[:, self.order]
        if not len(self.starts):
            return Tally(self.score, ranked, ranked)
        total = np.add.reduceat(ranked, self.starts, axis=1)
        fake = np.add.reduceat(ranked * self.is_fake, self.starts, axis=1)
        return Tally(self.score, fake, np.maximum(total - fake, 0.0))


def _checked(y: FloatArray, p: FloatArray, w: FloatArray | None) -> tuple[FloatArray, FloatArray, FloatArray]:
    y, p = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    w = np.ones_like(y) if w is None else np.asarray(w, dtype=np.float64)
    if not y.shape == p.shape == w.shape or y.ndim != 1:
        raise ValueError(f"y, p and w must be columns of one length, got shapes {y.shape}, {p.shape} and {w.shape}")
    for name, bad, expected in (
        ("y", ~np.isin(y, (0.0, 1.0)), "0 or 1"),
        ("p", ~np.isfinite(p), "finite; leave out rows without a score"),
        ("w", ~(np.isfinite(w) & (w >= 0)), "finite and 0 or more"),
    ):
        if bad.any():
            raise ValueError(
                f"{name} has {int(bad.sum())} of {len(bad)} values that are not allowed: must be {expected}"
            )
    return y, p, w


@dataclass(frozen=True)
class Metric:
    """One metric: called as ``metric(y, p, w)`` it returns a float, NaN where it is not defined.

    ``y`` holds 0 (honest) and 1 (fake), ``p`` finite scores that rise with suspicion (probabilities for the metrics
    of calibration), ``w`` weights of 0 or more, None for all 1. Wrong input raises ``ValueError``.
    """

    name: str
    of_tally: Callable[[Tally], FloatArray]
    """The metric for all sets of weights of a tally, (B,)."""
    need: Need = "both"
    """Which rows it needs to be defined."""
    leans_up: bool = False
    """Noise adds to it, and resampling adds noise once more: its interval is reflected, see :func:`evaluate`."""
    is_share: bool = False
    """A share of the needed rows: at exactly 0 or 1 its interval is exact instead of a bootstrap of zero width."""

    def __call__(self, y: FloatArray, p: FloatArray, w: FloatArray | None = None) -> float:
        """Return the metric of these rows."""
        y, p, w = _checked(y, p, w)
        return float(self.of_tally(_Ranking(y, p).tally(w[None, :]))[0])


# -- ranking ----------------------------------------------------------------------------------------------------------


def _roc_auc(t: Tally) -> FloatArray:
    below = 1 - t.fpr + t.honest / t.honests[:, None] / 2
    return np.sum(t.fake * below, axis=1) / t.fakes


def _average_precision(t: Tally, fake_share: FloatArray) -> FloatArray:
    share = fake_share[:, None]
    found = share * t.recall
    flagged = found + (1 - share) * t.fpr
    precision = np.divide(found, flagged, out=np.zeros_like(found), where=flagged > 0)
    return np.sum(t.fake * precision, axis=1) / t.fakes + 0 * t.honests


def _recall_at_fpr(t: Tally, fpr: float) -> FloatArray:
    allowed = t.fpr <= fpr * (1 + 1e-9)
    return np.max(np.where(allowed, t.recall, 0.0), axis=1, initial=0.0) + 0 * (t.fakes + t.honests)


roc_auc = Metric("roc_auc", _roc_auc)
"""Chance that a fake scores above an honest creator, equal scores counted half."""

pr_auc = Metric("pr_auc", lambda t: _average_precision(t, t.fakes / t.total))
"""Average precision at the share of fakes in the data: compare only at equal shares, else use :func:`pr_auc_at`."""


def pr_auc_at(prevalence: float) -> Metric:
    """Return the average precision as if the given share of creators were fake (rows re-weighted by class).

    Examples
    --------
    >>> import numpy as np
    >>> y, p = np.array([0.0, 0, 0, 1, 1]), np.array([0.1, 0.2, 0.6, 0.5, 0.9])
    >>> round(pr_auc_at(0.05)(y, p), 3)
    0.568
    """
    if not 0 < prevalence < 1:
        raise ValueError(f"prevalence must be between 0 and 1, got {prevalence}")
    name = f"pr_auc_at_{100 * prevalence:g}pct"
    return Metric(name, lambda t: _average_precision(t, np.full(len(t.fakes), prevalence)))


def recall_at_fpr(fpr: float) -> Metric:
    """Return the share of fakes found by the lowest threshold that flags at most this share of honest creators.

    The threshold is chosen on the rows themselves. Equal scores are flagged together or not at all, so the share of
    honest creators flagged is never above ``fpr``; with few honest rows no threshold may be allowed, and recall is 0.

    Examples
    --------
    >>> import numpy as np
    >>> y, p = np.array([0.0, 0, 0, 1, 1]), np.array([0.1, 0.2, 0.6, 0.5, 0.9])
    >>> recall_at_fpr(0.01)(y, p)
    0.5
    """
    if not 0 < fpr < 1:
        raise ValueError(f"fpr must be between 0 and 1, got {fpr}")
    return Metric(f"recall_at_{100 * fpr:g}pct_fpr", lambda t: _recall_at_fpr(t, fpr))


# -- probabilities ----------------------------------------------------------------------------------------------------


def _brier(t: Tally) -> FloatArray:
    return (t.fake @ (1 - t.score) ** 2 + t.honest @ t.score**2) / t.total


def _brier_skill(t: Tally) -> FloatArray:
    base = t.fakes / t.total
    return 1 - _brier(t) / (base * (1 - base) + 0 * t.honests)


def _log_loss(t: Tally) -> FloatArray:
    eps = np.finfo(np.float64).eps
    p = np.clip(t.score, eps, 1 - eps)
    return -(t.fake @ np.log(p) + t.honest @ np.log1p(-p)) / t.total


def _calibration_error(t: Tally) -> FloatArray:
    weight = t.fake + t.honest
    middle = (np.cumsum(weight, axis=1) - weight / 2) / t.total[:, None]
    bins = np.clip(np.nan_to_num(middle * _BINS), 0, _BINS - 1).astype(np.int64)
    bins += _BINS * np.arange(len(weight))[:, None]
    gap = np.bincount(bins.ravel(), (weight * t.score - t.fake).ravel(), minlength=_BINS * len(weight))
    return np.abs(gap).reshape(len(weight), _BINS).sum(axis=1) / t.total


def _logit(p: FloatArray) -> FloatArray:
    """Log-odds; scores nearer than one in a million to 0 or 1 are held there, so that one row cannot rule the fit."""
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return np.log(p) - np.log1p(-p)


def _logistic(z: FloatArray) -> FloatArray:
    return 0.5 * (1 + np.tanh(z / 2))


def _recalibrate(t: Tally, *, with_slope: bool) -> tuple[FloatArray, FloatArray]:
    """Fit ``logit(y) = a + b * logit(p)`` by Newton's method for each set of weights; without slope b stays 1.

    NaN where there is no finite solution: one class only, perfect separation, one distinct score.
    """
    x = _logit(t.score)
    weight = t.fake + t.honest
    a, b = np.zeros(len(weight)), np.ones(len(weight))
    settled = np.zeros(len(weight), dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for _ in range(50):
            q = _logistic(a[:, None] + b[:, None] * x)
            curve = weight * q * (1 - q)
            error = t.fake - weight * q
            h0, g0 = curve.sum(axis=1), error.sum(axis=1)
            if with_slope:
                h1, h2, g1 = curve @ x, curve @ x**2, error @ x
                determinant = h0 * h2 - h1**2
                step_a, step_b = (h2 * g0 - h1 * g1) / determinant, (h0 * g1 - h1 * g0) / determinant
            else:
                step_a, step_b = g0 / h0, np.zeros_like(g0)
            scale = np.maximum(1.0, np.maximum(np.abs(step_a), np.abs(step_b)) / 2)  # no step above 2: none flies off
            a, b = a + step_a / scale, b + step_b / scale
            settled = np.maximum(np.abs(step_a), np.abs(step_b)) < 1e-8
            if np.all(settled | ~np.isfinite(a)):
                break
    defined = settled & np.isfinite(t.fakes + t.honests)
    return np.where(defined, a, np.nan), np.where(defined, b, np.nan)


brier = Metric("brier", _brier, "rows")
"""Mean squared error of the probability."""

brier_skill = Metric("brier_skill", _brier_skill)
"""One minus Brier over the Brier of always saying the share of fakes; 0 or less: no better than saying that."""

log_loss = Metric("log_loss", _log_loss, "rows")
"""Mean negative log of the probability given to what was true."""

calibration_error = Metric("calibration_error", _calibration_error, "rows", leans_up=True)
"""Mean gap between probability and share of fakes over 15 bins of equal weight; equal scores share a bin."""

calibration_slope = Metric("calibration_slope", lambda t: _recalibrate(t, with_slope=True)[1])
"""Slope of the true log-odds on the stated ones: 1 is right, below 1 too sure, above 1 too careful."""

calibration_intercept = Metric("calibration_intercept", lambda t: _recalibrate(t, with_slope=False)[0])
"""Shift of the log-odds at slope 1 (calibration in the large): 0 is right, below 0 too many are called fake."""

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            roc_auc,
            pr_auc,
            pr_auc_at(0.05),
            pr_auc_at(0.10),
            pr_auc_at(0.25),
            recall_at_fpr(0.01),
            recall_at_fpr(0.05),
            brier,
            brier_skill,
            log_loss,
            calibration_error,
            calibration_slope,
            calibration_intercept,
        )
    }
)
"""All metrics that need no threshold, by name, in the order in which they are printed."""


# -- threshold --------------------------------------------------------------------------------------------------------


def operating_point(honest_scores: FloatArray, fpr: float, w: FloatArray | None = None) -> float:
    """Return the lowest threshold at which at most a share ``fpr`` of these honest creators is flagged.

    Flagged means ``score >= threshold``. Equal scores stay together, so the share flagged may be lower than asked,
    never higher. Use scores of creators that neither the model nor its calibration was fitted on.

    Parameters
    ----------
    honest_scores
        Scores of honest creators, finite.
    fpr
        Share of them that may be flagged, between 0 and 1.
    w
        Weights, None for all 1.

    Raises
    ------
    ValueError
        If there are no honest scores or ``fpr`` is not between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> threshold = operating_point(np.array([0.1, 0.2, 0.7, 0.7]), 0.25)
    >>> threshold > 0.7, achieved_fpr(np.array([0.1, 0.2, 0.7, 0.7]), threshold)
    (True, 0.0)
    """
    if not 0 < fpr < 1:
        raise ValueError(f"fpr must be between 0 and 1, got {fpr}")
    scores = np.asarray(honest_scores, dtype=np.float64)
    _, scores, w = _checked(np.zeros_like(scores), scores, w)
    if not w.sum() > 0:
        raise ValueError("an operating point needs scores of honest creators, got none")
    t = _Ranking(np.zeros_like(scores), scores).tally(w[None, :])
    refused = np.flatnonzero(t.fpr[0] > fpr * (1 + 1e-9))
    return float(np.nextafter(t.score[refused[0]], np.inf))


def achieved_fpr(honest_scores: FloatArray, threshold: float, w: FloatArray | None = None) -> float:
    """Return the share of honest creators with ``score >= threshold``; NaN if there are none."""
    scores = np.asarray(honest_scores, dtype=np.float64)
    _, scores, w = _checked(np.zeros_like(scores), scores, w)
    return float(w[scores >= threshold].sum() / w.sum()) if w.sum() > 0 else float("nan")


def _at_threshold(threshold: float) -> dict[str, Metric]:
    def recall(t: Tally) -> FloatArray:
        return t.fake[:, t.score >= threshold].sum(axis=1) / t.fakes

    def fpr(t: Tally) -> FloatArray:
        return t.honest[:, t.score >= threshold].sum(axis=1) / t.honests

    return {
        "recall_at_threshold": Metric("recall_at_threshold", recall, "fake", is_share=True),
        "fpr_at_threshold": Metric("fpr_at_threshold", fpr, "honest", is_share=True),
    }


# -- evaluation with intervals ----------------------------------------------------------------------------------------


class _Data(NamedTuple):
    """Labels, scores, weights and number of the group of some rows."""

    y: FloatArray
    p: FloatArray
    w: FloatArray
    group: IntArray


class _Options(NamedTuple):
    """How the intervals are made."""

    replicates: int
    seed: int
    level: float


def _replicates(n_groups: int, options: _Options, first: int, size: int) -> FloatArray:
    """Return how often each group is drawn in replicates ``first`` to ``first + size``; the same for any blocks."""
    draws = np.empty((min(size, options.replicates - first), n_groups))
    for row in range(len(draws)):
        rng = np.random.default_rng([options.seed, first + row])
        draws[row] = np.bincount(rng.integers(n_groups, size=n_groups), minlength=n_groups)
    return draws


def _interval(metric: Metric, value: float, draws: FloatArray, level: float, groups: int) -> tuple[float, float]:
    """Return the bounds of a value from its replicates; NaN where they cannot be told."""
    tail = (1 - level) / 2
    defined = draws[np.isfinite(draws)]
    if not np.isfinite(value) or groups < _MIN_GROUPS or len(defined) < _MIN_DEFINED * len(draws) or not len(defined):
        return float("nan"), float("nan")
    if metric.is_share and value in (0.0, 1.0):
        width = 1 - tail ** (1 / groups)
        return (0.0, width) if value == 0 else (1 - width, 1.0)
    low, high = np.quantile(defined, [tail, 1 - tail])
    if metric.leans_up:
        low, high = max(0.0, 2 * value - high), max(0.0, 2 * value - low)
    return float(low), float(high)


@dataclass(frozen=True, eq=False)
class _Slice:
    """The rows of one slice, ranked, with the metrics that can be told for them."""

    name: str
    ranking: _Ranking
    rows: IntArray
    n: int
    n_fake: int
    groups: Mapping[str, int]
    metrics: Mapping[str, Metric]


def _codes(values: Any) -> IntArray:
    """Small integers, in the order of the sorted names: not of the rows."""
    names = np.array([str(value) for value in values], dtype=np.str_)
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _group_codes(groups: Any) -> IntArray:
    import pandas as pd

    missing = int(pd.isna(np.asarray(groups, dtype=object)).sum())
    if missing:
        raise ValueError(f"group has {missing} missing values; use the creator_id where no other group is known")
    return _codes(groups)


def _tellable(metrics: Mapping[str, Metric], n: int, n_fake: int, minimum: int) -> dict[str, Metric]:
    enough = {"any": n > 0, "rows": n >= minimum, "fake": n_fake >= minimum, "honest": n - n_fake >= minimum}
    enough["both"] = enough["fake"] and enough["honest"]
    return {name: metric for name, metric in metrics.items() if enough[metric.need]}


def _make_slice(name: str, rows: IntArray, data: _Data, metrics: Mapping[str, Metric], minimum: int) -> _Slice:
    is_fake = data.y[rows] == 1
    members = {"rows": rows, "fake": rows[is_fake], "honest": rows[~is_fake]}
    groups = {need: len(np.unique(data.group[of])) for need, of in members.items()}
    groups |= {"any": groups["rows"], "both": min(groups["fake"], groups["honest"])}
    n_fake = int(is_fake.sum())
    tellable = _tellable(metrics, len(rows), n_fake, minimum)
    return _Slice(name, _Ranking(data.y[rows], data.p[rows]), rows, len(rows), n_fake, groups, tellable)


def _bootstrap(slices: Sequence[_Slice], data: _Data, options: _Options) -> dict[tuple[str, str], FloatArray]:
    """Return the replicates of every metric of every slice: groups are drawn with replacement, once for all slices."""
    n_groups = int(data.group.max()) + 1
    block = max(1, _BLOCK_CELLS // max(len(data.w), n_groups))
    found: dict[tuple[str, str], list[FloatArray]] = {(s.name, m): [] for s in slices for m in s.metrics}
    for first in range(0, options.replicates, block):
        weights = _replicates(n_groups, options, first, block)[:, data.group] * data.w
        for part in slices:
            tally = part.ranking.tally(weights[:, part.rows])
            for name, metric in part.metrics.items():
                found[part.name, name].append(metric.of_tally(tally))
    return {key: np.concatenate(blocks) if blocks else np.empty(0) for key, blocks in found.items()}


def _rows_of_table(slices: Sequence[_Slice], data: _Data, options: _Options) -> list[dict[str, Any]]:
    draws = _bootstrap(slices, data, options)
    rows = []
    for part in slices:
        tally = part.ranking.tally(data.w[None, part.rows])
        for name, metric in part.metrics.items():
            value = float(metric.of_tally(tally)[0])
            low, high = _interval(metric, value, draws[part.name, name], options.level, part.groups[metric.need])
            row = {"metric": name, "slice": part.name, "value": value, "low": low, "high": high}
            rows.append({**row, "n": part.n, "n_fake": part.n_fake})
    return rows


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


def _sorted_table(rows: list[dict[str, Any]], slices: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    columns = ["metric", "slice", "value", "low", "high", "n", "n_fake"]
    position = {name: i for i, name in enumerate(slices)}
    ordered = sorted(rows, key=lambda row: position[str(row["slice"])])
    return pd.DataFrame(ordered, columns=columns)


def evaluate(
    frame: pd.DataFrame,
    *,
    threshold: float | None = None,
    slices: Sequence[str] | None = None,
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
    options = _Options(replicates, seed, level)
    given = frame["p"].to_numpy(dtype=np.float64)
    is_scored = ~np.isnan(given)
    w = frame["weight"].to_numpy(dtype=np.float64) if "weight" in frame else None
    y, p, w = _checked(frame["y"].to_numpy(dtype=np.float64), np.where(is_scored, given, 0.0), w)
    group = _group_codes(frame["group"]) if "group" in frame else np.arange(len(frame))
    members = _slice_rows(frame, slices)

    judged = _Data(y, p, w, group)
    metrics = {"fake_share": _FAKE_SHARE, **METRICS, **({} if threshold is None else _at_threshold(threshold))}
    parts = [
        _make_slice(name, np.flatnonzero(rows & is_scored), judged, metrics, 1 if name == "all" else _MIN_CLASS)
        for name, rows in members.items()
    ]
    # Whether a row was scored takes the place of the label: the same draws, the same table.
    asked = judged._replace(y=is_scored.astype(np.float64))
    asked_parts = [
        _make_slice(name, np.flatnonzero(rows), asked, {"scored_share": _SCORED_SHARE}, 1)
        for name, rows in members.items()
    ]
    shares = _rows_of_table(asked_parts, asked, options)
    for share, rows in zip(shares, members.values(), strict=True):
        share["n_fake"] = int(y[rows].sum())
    return _sorted_table(shares + _rows_of_table(parts, judged, options), list(members))


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
    y, p, weights = _checked(y[rows], p[rows], weights)
    if not len(rows):
        return Difference(float("nan"), float("nan"), float("nan"), 0)
    group = np.arange(len(rows)) if groups is None else _group_codes(np.asarray(groups, dtype=object)[rows])
    data = _Data(y, p, weights, group)
    ours = _make_slice("ours", np.arange(len(rows)), data, {metric.name: metric}, 1)
    theirs = _make_slice("other", np.arange(len(rows)), data._replace(p=other[rows]), {metric.name: metric}, 1)
    if not ours.metrics:
        return Difference(float("nan"), float("nan"), float("nan"), len(rows))
    draws = _bootstrap([ours, theirs], data, _Options(replicates, seed, level))
    value = metric(y, p, weights) - metric(y, other[rows], weights)
    gap = draws["ours", metric.name] - draws["other", metric.name]
    plain = Metric("difference", metric.of_tally, metric.need)
    return Difference(value, *_interval(plain, value, gap, level, ours.groups[metric.need]), len(rows))


# -- size -------------------------------------------------------------------------------------------------------------


def size_tier(followers: FloatArray) -> npt.NDArray[np.object_]:
    """Return the size tier of each creator by followers: ``<1k`` to ``>=1M``, ``unknown`` where NaN.

    Examples
    --------
    >>> import numpy as np
    >>> size_tier(np.array([999, 1000, 2e6, np.nan])).tolist()
    ['<1k', '1k-10k', '>=1M', 'unknown']
    """
    names = np.array(["<1k", "1k-10k", "10k-100k", "100k-1M", ">=1M", "unknown"], dtype=object)
    followers = np.asarray(followers, dtype=np.float64)
    return names[np.where(np.isnan(followers), 5, np.searchsorted([1e3, 1e4, 1e5, 1e6], followers, side="right"))]


def _nearest_free(sizes: list[float], wanted: list[float], caliper: float) -> list[tuple[int, int]]:
    """Pair each wanted size, in the order given, with the nearest free one of the ascending sizes."""
    n = len(sizes)
    after, before = list(range(n + 1)), list(range(n + 1))  # shifted by one in `before`: 0 means none

    def free(links: list[int], at: int) -> int:
        root = at
        while links[root] != root:
            root = links[root]
        while links[at] != root:
            links[at], at = root, links[at]
        return root

    pairs = []
    for position in range(len(wanted)):
        at = int(np.searchsorted(sizes, wanted[position]))
        up, down = free(after, at), free(before, at) - 1
        far_up = sizes[up] - wanted[position] if up < n else np.inf
        far_down = wanted[position] - sizes[down] if down >= 0 else np.inf
        if min(far_up, far_down) > caliper:
            continue
        taken = up if far_up <= far_down else down
        after[taken], before[taken + 1] = taken + 1, taken
        pairs.append((position, taken))
    return pairs


def size_matched_pairs(
    y: FloatArray,
    size: FloatArray,
    caliper: float = 0.15,
    seed: int = 0,
    platform: npt.NDArray[Any] | None = None,
) -> tuple[IntArray, IntArray]:
    """Pair each fake with the honest creator nearest in size, one to one, within a platform.

    Fakes choose in random order among the honest ones still free; who has none within the caliper stays out. Honest
    creators of equal size are taken in random order.

    Parameters
    ----------
    y
        0 (honest) or 1 (fake).
    size
        Followers (or stars); unknown and 0 stay out.
    caliper
        Largest distance of a pair in log10 of size; 0.15 is a factor of 1.41.
    seed
        Seed of the random orders.
    platform
        Pairs lie within one platform; None takes all as one.

    Returns
    -------
    Positions of the fakes and, at the same places, of their honest partners.

    Examples
    --------
    >>> import numpy as np
    >>> fake, honest = size_matched_pairs(np.array([1.0, 0, 0, 1]), np.array([100.0, 110, 5000, 1e6]))
    >>> fake.tolist(), honest.tolist()
    ([0], [1])
    """
    y, size = np.asarray(y, dtype=np.float64), np.asarray(size, dtype=np.float64)
    usable = np.isfinite(size) & (size > 0)
    log_size = np.log10(np.where(usable, size, 1.0))
    place = np.zeros(len(y), dtype=np.int64) if platform is None else _codes(platform)
    rng = np.random.default_rng(seed)
    fakes, partners = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for here in range(int(place.max()) + 1 if len(place) else 0):
        fake = rng.permutation(np.flatnonzero(usable & (place == here) & (y == 1)))
        honest = rng.permutation(np.flatnonzero(usable & (place == here) & (y == 0)))
        honest = honest[np.argsort(log_size[honest], kind="stable")]
        pairs = _nearest_free(log_size[honest].tolist(), log_size[fake].tolist(), caliper)
        chosen = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        fakes.append(fake[chosen[:, 0]])
        partners.append(honest[chosen[:, 1]])
    return np.concatenate(fakes), np.concatenate(partners)


def evaluate_matched(
    frame: pd.DataFrame,
    *,
    size: str = "followers",
    caliper: float = 0.15,
    replicates: int = 300,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return how well the scores rank fakes against honest creators of the same size and platform.

    Whoever tells fakes by size alone is at chance here; ``roc_auc_of_size`` shows how well the matching took that
    away (0.5: fully). Half of the matched creators are fake, which PR-AUC must be read against. Intervals draw pairs
    with replacement. The order of rows does not matter.

    Parameters
    ----------
    frame
        ``y``, ``p`` (NaN: not scored, left out), the size column, optionally ``platform``.
    size
        Name of the size column (not a logarithm).
    caliper, seed
        See :func:`size_matched_pairs`.
    replicates, level
        See :func:`evaluate`.

    Returns
    -------
    The columns of :func:`evaluate`, slice ``size_matched``; ``n_fake`` is the number of pairs. No rows if there is
    no pair.
    """
    y, p, sizes = (frame[column].to_numpy(dtype=np.float64) for column in ("y", "p", size))
    platform = _codes(frame["platform"]) if "platform" in frame else np.zeros(len(frame), dtype=np.int64)
    order = np.lexsort((p, y, sizes, platform))
    order = order[~np.isnan(p[order])]
    fake, honest = size_matched_pairs(y[order], sizes[order], caliper, seed, platform[order])
    rows = order[np.concatenate([fake, honest])]
    if not len(rows):
        return _sorted_table([], [])
    pair = np.tile(np.arange(len(fake)), 2)
    data = _Data(*_checked(y[rows], p[rows], None), pair)
    of_size = Metric("roc_auc_of_size", _roc_auc)
    metrics = {metric.name: metric for metric in (roc_auc, pr_auc, recall_at_fpr(0.05))}
    everyone, options = np.arange(len(rows)), _Options(replicates, seed, level)
    table = _rows_of_table([_make_slice("size_matched", everyone, data, metrics, 1)], data, options)
    by_size = data._replace(p=sizes[rows])
    table += _rows_of_table([_make_slice("size_matched", everyone, by_size, {of_size.name: of_size}, 1)], data, options)
    return _sorted_table(table, ["size_matched"])
