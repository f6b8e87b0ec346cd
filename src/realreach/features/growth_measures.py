"""The plain numbers that the growth features are made of, and the last step from them to the features.

A curve is measured in sums, shares and extremes, with NumPy (:mod:`realreach.features.growth_blocks`) or by compiled
kernels; logarithms and roots are taken here, of all curves at once, so that both give the same bits.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from realreach.features.blocks import not_known
from realreach.tables.core import FloatArray

__all__ = [
    "AT",
    "END_LOG1PS",
    "END_LOGS",
    "END_PLAIN",
    "END_SOFT",
    "MADE",
    "MEASURES",
    "PLACE",
    "TOLD",
    "features_of",
    "named",
]

_PLAIN = (
    "gain_share__366d__max", "gain_share__366d__top3", "gain__366d__gini", "gain__366d__effective_share",
    "burst_level_share__366d__max", "burst_size_share__366d__max", "burst_flatness__366d__cv", "burst_run_up__366d__ratio",
    "burst_relaxation__366d__next", "burst_relaxation__366d__next3", "burst_decay__366d__exponent",
    "burst_second__366d__ratio", "burst_quiet_before__366d__share", "burst_quiet_after__366d__share",
    "burst_before__366d__share", "burst_loss__366d__share",
    "unexplained_gain__366d__share", "unexplained_gain__30d__share", "surprise__366d__share_above_3", "surprise__366d__runs",
    "level_shift__28p__share", "steady_run__366d__share", "roughness__366d__log", "rhythm__366d__lag1", "rhythm__366d__lag7",
    "zero_gain__366d__share", "loss__366d__share", "loss__366d__to_gain", "ceiling__366d__returns",
    "ceiling__366d__pinned_share", "recent_gain__30d__share", "following_change__366d__gain_correlation", "rounding__366d__flag",
    "window_share__2p__max", "window_share__3p__max", "rank_scan__14p__max", "rank_scan__28p__max",
    "context__history__366d__days", "context__interval__366d__days", "context__gap__366d__share",
    "context__burst_age__366d__days",
)  # fmt: skip
"""Features as they are measured."""
_LOG = (
    "burst_width__366d__log_days", "burst_lift__366d__log_ratio", "burst_lot__366d__distance",
    "dispersion__366d__log_ratio", "dispersion__366d__log_ratio_trimmed", "dispersion__14p__min_log_ratio",
    "window_lead__1p__log", "window_lead__3p__log", "window_second__3p__log", "window_edge__1p__log", "window_edge__3p__log",
    "window_neighbours__1p__log", "window_after__1p__log", "usual_gain__366d__log_ratio", "low_gain__366d__log_ratio",
)  # fmt: skip
"""Features that are the logarithm of what is measured."""
_LOG1P = (
    "burst_head__366d__ratio", "burst_tail__366d__ratio", "drift__366d__range", "following_change__366d__share",
    "window_surprise__3p__log", "floor_lift__29p__max",
)  # fmt: skip
"""Features that are ln (1 + what is measured)."""
_SOFT = (
    "burst_surprise__366d__max", "surprise__366d__second", "surprise__366d__low", "level_shift__7p__max",
    "level_shift__28p__max",
)  # fmt: skip
"""Surprises, told on a logarithmic scale beyond one spread, so that size does not decide how large they can get."""
_MADE = (
    "burst_step__366d__log", "net_growth__30d__log", "net_growth__90d__log", "following_change__366d__sawtooth",
    "gain__366d__entropy", "gain__366d__cubes", "context__gain__366d__log10",
)  # fmt: skip
"""Features that are made of more than one number."""
_OF_LOG = ("intervals",)
_OF_LOG1P = ("level_after_peak", "level_before_peak", "last_level", "level_30d", "level_90d", "moved")
_OTHER = ("span_30d", "span_90d", "back_and_forth", "surprisal", "cubes", "gain_a_day", "top_level")

_LOGS, _LOG1PS = (*_LOG, *_OF_LOG), (*_LOG1P, *_OF_LOG1P)
MEASURES = (*_PLAIN, *_LOGS, *_LOG1PS, *_SOFT, *_OTHER)
"""What is measured of a curve, in this order."""
AT = {name: position for position, name in enumerate(MEASURES)}
PLACE: Any = namedtuple("PLACE", MEASURES)(**AT)
""":data:`AT` as kernels read it."""
TOLD = (*_PLAIN, *_LOGS, *_LOG1PS, *_SOFT, *_MADE)
"""What :func:`features_of` gives, in this order; without the name of the family."""
_ROW = {name: position for position, name in enumerate(TOLD)}

END_PLAIN = len(_PLAIN)
END_LOGS = END_PLAIN + len(_LOGS)
END_LOG1PS = END_LOGS + len(_LOG1PS)
END_SOFT = END_LOG1PS + len(_SOFT)
"""Where kinds of measures end: as they are, of which the logarithm is taken, ln (1 + what is measured), surprises."""
MADE = {name: END_SOFT + position for position, name in enumerate(_MADE)}
"""Rows of ``TOLD`` of features that are made of more than one number."""


def features_of(measured: FloatArray) -> FloatArray:
    """Return the features of curves, one row for each name of ``TOLD``; NaN where a value is not known or not finite.

    Parameters
    ----------
    measured
        One row for each name of ``MEASURES``, one column for each curve; NaN = not measured.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        out = np.empty((len(TOLD), measured.shape[1]))
        out[:END_PLAIN] = measured[:END_PLAIN]
        np.log(measured[END_PLAIN:END_LOGS], out=out[END_PLAIN:END_LOGS])
        np.log1p(measured[END_LOGS:END_LOG1PS], out=out[END_LOGS:END_LOG1PS])
        soft = measured[END_LOG1PS:END_SOFT]
        np.multiply(np.sign(soft), np.log1p(np.abs(soft)), out=out[END_LOG1PS:END_SOFT])
        after, before, last, month, quarter, moved = out[END_LOG1PS - len(_OF_LOG1P) : END_LOG1PS]
        span_month, span_quarter, back_and_forth, surprisal, cubes, gain_a_day, _ = measured[END_SOFT:]
        made = out[END_SOFT:]
        made[0] = after - before
        made[1] = (last - month) * 30.0 / np.maximum(span_month, 1.0)
        made[2] = (last - quarter) * 90.0 / np.maximum(span_quarter, 1.0)
        made[3] = back_and_forth * moved
        made[4] = np.clip(surprisal / out[END_LOGS - 1], 0.0, 1.0)
        made[5] = np.cbrt(cubes)
        made[6] = np.log10(gain_a_day)
    out[~np.isfinite(out)] = np.nan
    return out


def named(measured: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Return by name the features that some measures are enough for (each measure one value per curve)."""
    curves = len(next(iter(measured.values())))
    told = features_of(np.array([measured.get(name, not_known(curves)) for name in MEASURES]))
    made_of = {"gain__366d__entropy": "surprisal", "gain__366d__cubes": "cubes"}
    return {name: told[row] for name, row in _ROW.items() if name in measured or made_of.get(name) in measured}
