"""Compiled kernels of the growth family (numba, the extra ``fast``): a curve in plain numbers.

They do what :mod:`realreach.features.growth_blocks` and :mod:`realreach.features.growth_bursts` do with NumPy, in the same floating-point
operations in the same order. ``prepare`` writes what NumPy is to put in order or take powers and logarithms of, ``measure_curves`` does the rest.
Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features.burst_kernels import burst, concentration, excess, level_shifts
from realreach.features.curve import OF_CREATOR, STORED
from realreach.features.delivery_kernels import deliveries
from realreach.features.growth_bursts import AFTERMATH
from realreach.features.growth_measures import PLACE
from realreach.features.kernel_parts import at_least, median_of_sorted, ratio, sort, total, weeks
from realreach.features.steadiness_kernels import following_waves, losses, rhythm, slow_days, steadiness, trend

__all__ = ["measure_curves", "prepare"]

_NEAR = AFTERMATH + 1
_GAIN, _EXPECTED, _VARIANCE = (STORED.index(name) for name in ("gain", "expected", "variance"))
_CALM, _CALM_POWER, _USUAL_DAYS, _STEP, _, _LOW = range(len(OF_CREATOR))


@nb.njit(nogil=True, cache=True)
def prepare(first, last, counts, starts, history, intervals, own, surprise, rows, place, powers, logs, sizes):
    """Fill rows of gains per day, gains, and gains per day beside the main burst (infinity beyond); return whether all are daily.

    ``place`` gets peak, first and last interval of the burst; ``powers`` mean gains of 14 intervals, then of each curve; ``logs`` shares of
    the gains, then time and growth since the peak; ``sizes`` gains per day and gains without their sign.
    """
    day, gain, expected, variance = history[0], intervals[_GAIN], intervals[_EXPECTED], intervals[_VARIANCE]
    usual_days, step = own[_USUAL_DAYS], own[_STEP]
    rates, gains, before, after = rows[0], rows[1], rows[2], rows[3]
    base, cells, most = starts[first], starts[last] - starts[first], gains.shape[1]
    spare, rate, seven = np.empty(most), np.empty(most), np.empty(most)
    all_daily = True
    for c in range(first, last):
        k, begin, m = c - first, starts[c], starts[c + 1] - starts[c]
        near = cells + k * 2 * _NEAR
        powers[cells + k] = 1.0
        for j in range(2 * _NEAR):
            logs[near + j] = 1.0
        for j in range(m, most):
            gains[k, j] = rates[k, j] = np.inf
        for j in range(most):
            before[k, j] = after[k, j] = np.inf
        if m == 0:
            continue
        at, h, longest, square = begin - base, counts[c], 3.0 * usual_days[c], step[c] * step[c]
        won = gain[begin : begin + m]
        daily, whole = True, True
        for j in range(m):
            days = day[h + j + 1] - day[h + j]
            daily = daily and days == 1.0
            whole = whole and days <= longest
            rate[j] = won[j] / days
            gains[k, j], rates[k, j] = won[j], rate[j]
            sizes[0, at + j], sizes[1, at + j] = abs(rate[j]), abs(won[j])
            here = (won[j] - expected[begin + j]) / np.sqrt(variance[begin + j] + square)
            surprise[at + j] = here if days <= longest else 0.0
        all_daily = all_daily and daily
        peak, left, right = _burst(day, h, won, m, longest, surprise[at : at + m])
        place[k, 0], place[k, 1], place[k, 2] = peak, left, right
        for j in range(left):
            before[k, j] = rate[j]
        for j in range(right + 1, m):
            after[k, j - right - 1] = rate[j]
        _since_peak(day, h, rate, m, peak, usual_days[c], logs, near)
        _fortnights(rate, m, seven, powers, at)
        powers[cells + k] = abs(total(rate, 0, m) / m) + 0.05
        _shares(day, h, won, m, longest, whole, spare, seven, logs, at)
    return all_daily


@nb.njit(nogil=True, cache=True)
def _burst(day, h, gain, m, longest, surprise):
    """Return the interval with the largest surprise, and the first and the last of its hot neighbours."""
    peak, most = 0, -np.inf
    for j in range(m):
        if gain[j] > 0.0 and day[h + j + 1] - day[h + j] <= longest and surprise[j] > most:
            peak, most = j, surprise[j]
    left = peak
    while left > 0 and not surprise[left - 1] <= 2.0:
        left -= 1
    right = peak
    while right < m - 1 and not surprise[right + 1] <= 2.0:
        right += 1
    return peak, left, right


@nb.njit(nogil=True, cache=True)
def _since_peak(day, h, rate, m, peak, usual_days, logs, near):
    """Fill time since the peak (in usual intervals) and growth against it, of up to 31 intervals."""
    unit, top = at_least(usual_days, 1e-9), at_least(rate[peak], 1e-12)
    for j in range(peak, min(peak + _NEAR, m)):
        middle = 0.5 * (day[h + j + 1] + day[h + j])
        logs[near + j - peak] = at_least((middle - day[h + peak]) / unit, 0.5)
        # Half a percent of the peak is the floor: below it only noise is left.
        logs[near + _NEAR + j - peak] = at_least(rate[j] / top, 0.005)


@nb.njit(nogil=True, cache=True)
def _fortnights(rate, m, seven, powers, at):
    """Fill the mean gain per day of each 14 intervals in a row."""
    weeks(rate, m, seven)
    for j in range(m - 13):
        powers[at + j] = at_least((seven[j] + seven[j + 7]) / 14.0, 0.05)
    for j in range(max(m - 13, 0), m):
        powers[at + j] = 1.0


@nb.njit(nogil=True, cache=True)
def _shares(day, h, gain, m, longest, whole, calm, spare, logs, at):
    """Fill the share of each interval in all gains, a gap with the usual gain; 1 where there is none."""
    usual = 0.0
    if not whole:
        for j in range(m):
            calm[j] = gain[j]
        sort(calm, m, spare)
        usual = median_of_sorted(calm, m)
    for j in range(m):
        own = gain[j] if whole or day[h + j + 1] - day[h + j] <= longest else usual
        calm[j] = at_least(own, 0.0)
    all_won = total(calm, 0, m)
    for j in range(m):
        share = calm[j] / all_won if all_won > 0.0 else 0.0
        logs[at + j] = share if share > 0.0 else 1.0


@nb.njit(nogil=True, cache=True)
def measure_curves(
    first, last, counts, starts, history, as_of, intervals, of_creator, surprise, rows, place, means, powers, logs, sizes, out
):  # fmt: skip
    """Fill one row of measures for each curve: gains, rates, and those beside the burst are in order, powers and logarithms taken."""
    day, level, following = history[0], history[1], history[2]
    gain, expected, variance = intervals[_GAIN], intervals[_EXPECTED], intervals[_VARIANCE]
    usual_days, step, low = of_creator[_USUAL_DAYS], of_creator[_STEP], of_creator[_LOW]
    calm, calm_power = of_creator[_CALM], of_creator[_CALM_POWER]
    rates, gains, before, after = rows[0], rows[1], rows[2], rows[3]
    base, cells, most = starts[first], starts[last] - starts[first], gains.shape[1]
    days, rate, won = np.empty(most), np.empty(most), np.empty(most)
    # Scratch holds the intervals after a peak, too, of which there are as many for a curve of any length.
    a, b = np.empty(max(most + 1, _NEAR)), np.empty(max(most + 1, _NEAR))
    eligible = np.empty(most, dtype=np.bool_)
    for c in range(first, last):
        k, begin, m = c - first, starts[c], starts[c + 1] - starts[c]
        row = out[k]
        for j in range(len(row)):
            row[j] = np.nan
        if m == 0:
            continue
        at, h = begin - base, counts[c]
        own, d, followers = gain[begin : begin + m], day[h : h + m + 1], level[h : h + m + 1]
        z, usual = surprise[at : at + m], expected[begin : begin + m]
        whole = True
        for j in range(m):
            days[j] = d[j + 1] - d[j]
            rate[j] = own[j] / days[j]
            won[j] = at_least(own[j], 0.0)
            eligible[j] = days[j] <= 3.0 * usual_days[c]
            whole = whole and eligible[j]
        all_won, span = total(won, 0, m), d[m] - d[0]
        near = cells + k * 2 * _NEAR
        concentration(row, own, won, eligible, whole, gains[k], m, all_won, a, b)
        burst(
            row, d, followers, own, rate, won, eligible, usual, z, place[k], before[k], after[k],
            logs[near : near + 2 * _NEAR], m, all_won, span, a, b,
        )  # fmt: skip
        excess(row, d, followers, own, usual, variance[begin : begin + m], step[c], eligible, z, as_of[c], m, a, b)
        level_shifts(row, own, won, days, calm[c], 2.0 * calm_power[c], m, all_won, a, b)
        steadiness(row, rate, days, calm[c], powers[cells + k], means[at : at + m], powers[at : at + m], m, span, a)
        rhythm(row, rate, sizes[0, at : at + m], m, a, b)
        losses(row, own, followers, m, all_won, a)
        trend(row, d, followers, won, m, all_won, a)
        following_waves(row, following[h : h + m + 1], followers[m], own, sizes[1, at : at + m], m, a, b)
        slow_days(row, rates[k], calm[c], low[c], m)
        deliveries(row, own, eligible, whole, gains[k], logs[at : at + m], m, a, b, rate)
        for j in range(m):
            a[j] = 0.0 if eligible[j] else days[j]
        gap = total(a, 0, m)
        row[PLACE.rounding__366d__flag] = 1.0 if step[c] > 0.0 else 0.0
        row[PLACE.context__history__366d__days], row[PLACE.context__interval__366d__days] = span, usual_days[c]
        row[PLACE.context__gap__366d__share] = ratio(gap, span)
        row[PLACE.gain_a_day] = 1.0 + all_won / at_least(span, 1.0)
        row[PLACE.intervals], row[PLACE.top_level] = m, np.max(followers)
