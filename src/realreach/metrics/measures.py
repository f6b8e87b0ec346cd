"""The metrics themselves: of the ranking and of the probabilities, all computed from one tally and called alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np

from realreach.metrics.tally import Ranking, Tally, checked

if TYPE_CHECKING:
    from realreach.tables.core import FloatArray

__all__ = [
    "METRICS",
    "Metric",
    "brier",
    "brier_skill",
    "calibration_error",
    "calibration_intercept",
    "calibration_slope",
    "log_loss",
    "pr_auc",
    "pr_auc_at",
    "recall_at_fpr",
    "roc_auc",
]

_BINS = 15

Need = Literal["any", "rows", "honest", "fake", "both"]


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
        y, p, w = checked(y, p, w)
        return float(self.of_tally(Ranking(y, p).tally(w[None, :]))[0])


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
