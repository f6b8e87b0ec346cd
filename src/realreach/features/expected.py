"""What gain a curve leads one to expect in each interval, and how far honest creators stray from it.

The usual gain is the creator's own running median; the spread is the over-dispersion law measured on honest creators
(variance about 4 x mean^1.6 a day). Counts that the platform rounds cannot be more precise than their step.
"""

from __future__ import annotations

import numpy as np

from realreach.tables.core import FloatArray

__all__ = [
    "LOW_SHARE",
    "WINDOW",
    "expected_rate",
    "honest_power",
    "middle_of_windows",
    "rounding_step",
    "sorted_windows",
    "spread_of_rate",
    "surprise_against",
    "surprise_of_gains",
]

WINDOW = 29
"""Intervals of the running window."""
LOW_SHARE = round(0.2 * (WINDOW - 1))
"""Position of the slow days (a fifth of them) in a sorted window."""


def expected_rate(rate: FloatArray, days: FloatArray) -> FloatArray:
    """Return the usual gain per day around each interval: the running median over 29 intervals (fewer at short curves).

    At both ends the window leans inwards, so that the last day is judged by the days before it.
    """
    return middle_of_windows(sorted_windows(rate), rate.shape[-1])


def sorted_windows(rate: FloatArray) -> FloatArray:
    """Return the gains of each run of 29 intervals (fewer at short curves, always odd) in ascending order."""
    m = rate.shape[-1]
    width = min(WINDOW, m if m % 2 else m - 1)
    # What numpy.lib.stride_tricks.sliding_window_view gives, without its twenty calls; copied at once.
    rate = np.ascontiguousarray(rate)
    shape, strides = (*rate.shape[:-1], m - width + 1, width), (*rate.strides, rate.strides[-1])
    windows: FloatArray = np.ndarray(shape, dtype=np.float64, buffer=rate, strides=strides).copy()
    windows.sort(axis=-1)
    return windows


def middle_of_windows(windows: FloatArray, intervals: int) -> FloatArray:
    """Return the median around each interval; at both ends the window leans inwards."""
    width = windows.shape[-1]
    at = np.clip(np.arange(intervals) - width // 2, 0, intervals - width)
    return windows[..., width // 2][..., at]


def spread_of_rate(rate: FloatArray, days: FloatArray) -> FloatArray:
    """Return the spread of a gain over ``days`` that honest creators of this speed show (variance 4 x mean^1.6 a day)."""
    return 2.0 * honest_power(rate) * np.sqrt(days)


def honest_power(rate: FloatArray) -> FloatArray:
    """Return what the spread of honest creators takes from the gain per day: its power of 0.8, 0.3 followers at least."""
    base = np.maximum(rate, 0.0)
    base += 0.3
    return np.power(base, 0.8, out=base)


def rounding_step(level: FloatArray) -> FloatArray:
    """Return the power of ten to which each curve's counts are rounded, shape (n, 1); 1 where they are exact.

    A platform that shows 547,000 moves in steps of 1,000: such a step is rounding, not a burst.

    Examples
    --------
    >>> rounding_step(np.array([[54700.0, 54800.0, 54800.0], [54712.0, 54733.0, 54790.0]])).ravel()
    array([100.,   1.])
    """
    step = np.ones((len(level), 1))
    rows = np.arange(len(level))
    for power in (10.0, 100.0, 1e3, 1e4, 1e5, 1e6):
        # What is not rounded to one power of ten is not rounded to the next.
        scaled = (level if len(rows) == len(level) else level[rows]) / power
        rows = rows[(scaled == np.floor(scaled)).mean(axis=1) >= 0.95]
        if len(rows) == 0:
            break
        step[rows] = power
    return step


def surprise_of_gains(level: FloatArray, days: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the expected gain of each interval and its surprise: (gain - expected) in units of the honest spread.

    Counts that are rounded cannot be more precise than a step, which is added to the spread.
    """
    gain = np.diff(level, axis=1)
    return surprise_against(level, days, gain, expected_rate(gain / days, days))


def surprise_against(
    level: FloatArray, days: FloatArray, gain: FloatArray, usual: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return expected gain and surprise (see :func:`surprise_of_gains`) where the usual gain per day is known already."""
    expected = usual * days
    step = rounding_step(level)
    spread = np.hypot(spread_of_rate(usual, days), np.where(step > 1.0, 0.7 * step, 0.0))
    return expected, (gain - expected) / spread
