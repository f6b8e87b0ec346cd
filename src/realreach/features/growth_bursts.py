"""The main burst of a curve, what lies beyond the usual, and weeks of steady extra growth: measured with NumPy.

Blocks of curves of one length, shape (curves, intervals). The compiled counterpart is in the module ``growth_kernels``; sums are
those of a contiguous last axis, or written out, so that both add in one order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from realreach.features.blocks import cut, in_order, ratio, row_max, row_min, row_sum
from realreach.tables.core import FloatArray, IntArray

__all__ = ["Block", "excess", "level_shifts", "main_burst", "weeks"]

LOTS = np.array([100, 250, 500, 1000, 2000, 2500, 5000, 10_000, 20_000, 25_000, 50_000, 100_000], dtype=np.float64)
AFTERMATH = 30
"""Intervals after a burst in which its relaxation and its losses are looked at."""


@dataclass(frozen=True, eq=False)
class Block:
    """Curves of one length: counts (``day``, ``level``, ``following``), intervals, and what is one number a curve (:class:`Curve`)."""

    day: FloatArray
    level: FloatArray
    following: FloatArray
    as_of: FloatArray
    gain: FloatArray
    expected: FloatArray
    variance: FloatArray
    own: dict[str, FloatArray]

    @cached_property
    def rows(self) -> IntArray:
        """Number of each curve of the block."""
        return np.arange(len(self.gain))

    @cached_property
    def days(self) -> FloatArray:
        """Length of each interval."""
        return self.day[:, 1:] - self.day[:, :-1]

    @cached_property
    def is_daily(self) -> bool:
        """Whether every interval of the block is one day long: then gains are gains a day."""
        return bool((self.days == 1.0).all())

    @cached_property
    def rate(self) -> FloatArray:
        """Gain per day."""
        return self.gain if self.is_daily else self.gain / self.days

    @cached_property
    def ordered_gain(self) -> FloatArray:
        """Gains in ascending order."""
        return in_order(self.gain)

    @cached_property
    def ordered_rate(self) -> FloatArray:
        """Gains per day in ascending order."""
        return self.ordered_gain if self.is_daily else in_order(self.rate)

    @cached_property
    def eligible(self) -> np.ndarray:
        """Which intervals may be a burst: not those three times as long as usual."""
        return self.days <= (3.0 * self.own["usual_days"])[:, None]

    @cached_property
    def has_gaps(self) -> bool:
        """Whether any interval of the block is a gap."""
        return not (self.is_daily or bool(self.eligible.all()))

    @cached_property
    def spread(self) -> FloatArray:
        """Honest spread of each gain, rounding included."""
        step = self.own["step"]
        return np.sqrt(self.variance + (step * step)[:, None])

    @cached_property
    def surprise(self) -> FloatArray:
        """Gain beyond the expected in spreads; 0 in a gap."""
        out = (self.gain - self.expected) / self.spread
        return np.where(self.eligible, out, 0.0) if self.has_gaps else out

    @cached_property
    def won(self) -> FloatArray:
        """Followers won in each interval, 0 for a loss."""
        return np.maximum(self.gain, 0.0)

    @cached_property
    def burst_gain(self) -> FloatArray:
        """Followers won, 0 in a gap too."""
        return np.where(self.eligible, self.won, 0.0) if self.has_gaps else self.won

    @cached_property
    def total(self) -> FloatArray:
        """All followers won."""
        return row_sum(self.won)

    @cached_property
    def span(self) -> FloatArray:
        """Days from the first count to the last."""
        return self.day[:, -1] - self.day[:, 0]


def weeks(values: FloatArray) -> FloatArray:
    """Return the sum of each seven values in a row, added in pairs.

    Examples
    --------
    >>> weeks(np.arange(9.0)[None])
    array([[21., 28., 35.]])
    """
    two = values[:, :-1] + values[:, 1:]
    four = two[:, :-2] + two[:, 2:]
    return four[:, :-3] + two[:, 4:-1] + values[:, 6:]


def main_burst(b: Block) -> dict[str, FloatArray]:
    """Describe the main burst: the interval with the largest surprise and its hot neighbours (surprise above 2)."""
    rows, m = b.rows, b.gain.shape[1]
    position = np.arange(m)
    peak = np.argmax(np.where(b.burst_gain > 0, b.surprise, -np.inf), axis=1)
    cold = b.surprise <= 2.0
    left = row_max(np.where(cold & (position < peak[:, None]), position, -1)) + 1
    right = row_min(np.where(cold & (position > peak[:, None]), position, m)) - 1
    before, after = position < left[:, None], position > right[:, None]
    inside = ~(before | after)
    size = row_sum(np.where(inside, np.maximum(b.gain - np.maximum(b.expected, 0.0), 0.0), 0.0))
    best, after_level, top = b.gain[rows, peak], b.level[rows, peak + 1], b.level[rows, right + 1]
    out = _sides(b, left, right, before, after, size) | _form(b, peak, left, right, inside)
    # A month or 30 intervals after the burst, whichever comes first.
    later = np.minimum((right + 1)[:, None] + np.arange(AFTERMATH + 1), m)
    lowest = row_min(b.level[b.rows[:, None], later])
    most = row_max(b.burst_gain)
    out |= {
        "burst_level_share__366d__max": ratio(best, after_level),
        "level_after_peak": after_level,
        "level_before_peak": b.level[rows, peak],
        "burst_size_share__366d__max": ratio(size, b.total),
        "burst_width__366d__log_days": np.maximum(b.day[rows, right + 1] - b.day[rows, left], 1e-3) + 1.0,
        "burst_second__366d__ratio": ratio(row_max(np.where(inside, 0.0, b.burst_gain)), most),
        "burst_before__366d__share": ratio(b.level[rows, left], b.level[:, -1]),
        "burst_loss__366d__share": cut(ratio(top - lowest, size), 0.0, 5.0),
        "context__burst_age__366d__days": b.day[:, -1] - b.day[rows, right + 1],
        "burst_lot__366d__distance": np.where(size >= 100, np.maximum(size, 1.0) / _lot(size), np.nan),
    }
    some = b.burst_gain[rows, peak] > 0
    if not some.all():
        out = {name: np.where(some, value, np.nan) for name, value in out.items()}
    out["burst_surprise__366d__max"] = row_max(b.surprise)
    out["surprise__366d__second"] = np.where(inside, -np.inf, b.surprise).max(axis=1, initial=-1.0)
    out["surprise__366d__low"] = row_min(b.surprise)
    return out


def _lot(size: FloatArray) -> FloatArray:
    """Return the round lot next below a size (100 below that)."""
    return LOTS[np.maximum(np.searchsorted(LOTS, size, side="right") - 1, 0)]


def _sides(
    b: Block, left: IntArray, right: IntArray, before: np.ndarray, after: np.ndarray, size: FloatArray
) -> dict[str, FloatArray]:
    """Set what came before and after the burst against it, and the usual growth after it against that before."""
    m = b.gain.shape[1]
    floor = np.maximum(0.05 * b.total / np.maximum(b.span, 1.0), 0.05)
    quiet = b.gain <= 0
    usual_before, usual_after = _median_of_first(b.rate, before, left), _median_of_first(b.rate, after, m - 1 - right)
    return {
        "burst_lift__366d__log_ratio": (np.maximum(usual_after, 0.0) + floor) / (np.maximum(usual_before, 0.0) + floor),
        "burst_head__366d__ratio": ratio(row_sum(np.where(before, b.won, 0.0)), size),
        "burst_tail__366d__ratio": ratio(row_sum(np.where(after, b.won, 0.0)), size),
        "burst_quiet_before__366d__share": row_sum(quiet & before) / left,
        "burst_quiet_after__366d__share": row_sum(quiet & after) / (m - 1 - right),
    }


def _form(b: Block, peak: IntArray, left: IntArray, right: IntArray, inside: np.ndarray) -> dict[str, FloatArray]:
    """Tell how even the burst was, what led to it, and how growth relaxed after the peak."""
    count = right - left + 1
    mean = row_sum(np.where(inside, b.rate, 0.0)) / count
    away = b.rate - mean[:, None]
    sd = np.sqrt(row_sum(np.where(inside, away * away, 0.0)) / count)
    top = b.rate[b.rows, peak]
    return {
        "burst_flatness__366d__cv": np.where(count >= 3, ratio(sd, mean), np.nan),
        "burst_run_up__366d__ratio": ratio(_mean_of_three(b.rate, left - 3), top),
        "burst_relaxation__366d__next": ratio(_next(b.rate, peak), top),
        "burst_relaxation__366d__next3": ratio(_mean_of_three(b.rate, peak + 1), top),
        "burst_decay__366d__exponent": _relaxation(b, peak, top),
    }


def _next(values: FloatArray, at: IntArray) -> FloatArray:
    m = values.shape[1]
    return np.where(at + 1 < m, values[np.arange(len(at)), np.minimum(at + 1, m - 1)], np.nan)


def _mean_of_three(values: FloatArray, first: IntArray) -> FloatArray:
    """Return the mean of the three values from ``first`` on, of those that exist; NaN if none does."""
    m = values.shape[1]
    at = first[:, None] + np.arange(3)
    known = (at >= 0) & (at < m)
    found = np.where(known, values[np.arange(len(at))[:, None], cut(at, 0, m - 1)], 0.0)
    return (found[:, 0] + found[:, 1] + found[:, 2]) / row_sum(known)


def _relaxation(b: Block, peak: IntArray, top: FloatArray) -> FloatArray:
    """Return the slope of ln growth on ln time since the peak, sign turned, over up to 30 intervals from the peak on."""
    m = b.gain.shape[1]
    at = peak[:, None] + np.arange(AFTERMATH + 1)
    used = at < m
    at = np.minimum(at, m - 1)
    unit = np.maximum(b.own["usual_days"], 1e-9)
    middle = 0.5 * (b.day[b.rows[:, None], at + 1] + b.day[b.rows[:, None], at])
    start = b.day[b.rows, peak]
    x = np.log(np.maximum((middle - start[:, None]) / unit[:, None], 0.5))
    # Half a percent of the peak is the floor: below it only noise is left.
    y = np.log(np.maximum(b.rate[b.rows[:, None], at] / np.maximum(top, 1e-12)[:, None], 0.005))
    count = row_sum(used)
    dx, dy = (np.where(used, v - (row_sum(np.where(used, v, 0.0)) / count)[:, None], 0.0) for v in (x, y))
    slope = ratio(row_sum(dx * dy), row_sum(dx * dx))
    return np.where(count >= 4, cut(-slope, -10.0, 10.0), np.nan)


def _median_of_first(values: FloatArray, keep: np.ndarray, count: IntArray) -> FloatArray:
    """Return the median of the kept values, ``count`` in each row; NaN where there is none."""
    ordered = in_order(np.where(keep, values, np.inf))
    rows = np.arange(len(count))
    low, high = ordered[rows, np.maximum(count - 1, 0) // 2], ordered[rows, np.minimum(count // 2, values.shape[1] - 1)]
    return np.where(count >= 1, 0.5 * (low + high), np.nan)


def excess(b: Block) -> dict[str, FloatArray]:
    """Measure the growth beyond the usual and its spread, and how often there was far too much."""
    m = b.gain.shape[1]
    beyond = np.maximum(b.gain - b.expected - 2.0 * b.spread, 0.0)
    if b.has_gaps:
        beyond = np.where(b.eligible, beyond, 0.0)
    recent = b.day[:, 1:] >= (b.as_of - 31.0)[:, None]
    hot = b.surprise > 3.0
    begins = hot[:, 0] + row_sum(hot[:, 1:] > hot[:, :-1])
    return {
        "unexplained_gain__366d__share": ratio(row_sum(beyond), b.level[:, -1]),
        "unexplained_gain__30d__share": ratio(row_sum(np.where(recent, beyond, 0.0)), b.level[:, -1]),
        "surprise__366d__share_above_3": row_sum(hot) / m,
        "surprise__366d__runs": 100.0 * begins / m,
    }


def level_shifts(b: Block) -> dict[str, FloatArray]:
    """Look for stretches of steady extra growth: a drip has no spike, but its weeks stand above all others."""
    m = b.gain.shape[1]
    out: dict[str, FloatArray] = {}
    if m < 10:
        return out
    usual, twice = b.own["calm"][:, None], (2.0 * b.own["calm_power"])[:, None]
    # Winsorised, so that one burst does not pose as a steady stretch.
    calm = np.minimum(b.gain, usual * b.days + 3.0 * (twice * np.sqrt(b.days)))
    summed, length = weeks(calm), weeks(b.days)
    out["level_shift__7p__max"] = row_max((summed - usual * length) / (twice * np.sqrt(length)))
    if m < 42:
        return out
    summed, length, windowed = (_months(v) for v in (summed, length, weeks(b.won)))
    out["level_shift__28p__max"] = row_max((summed - usual * length) / (twice * np.sqrt(length)))
    out["level_shift__28p__share"] = ratio(row_max(windowed), b.total)
    return out


def _months(seven: FloatArray) -> FloatArray:
    """Return sums of 28 values in a row from sums of seven."""
    fourteen = seven[:, :-7] + seven[:, 7:]
    return fourteen[:, :-14] + fourteen[:, 14:]
