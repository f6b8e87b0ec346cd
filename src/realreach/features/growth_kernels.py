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
from realreach.features.curve import MINIMUM_DAYS, OF_CREATOR, STORED
from realreach.features.delivery_kernels import deliveries
from realreach.features.growth_bursts import AFTERMATH
from realreach.features.growth_measures import END_LOG1PS, END_PLAIN, END_SOFT, MADE, PLACE
from realreach.features.kernel_parts import (
    at_least,
    between,
    first_of,
    highest,
    median_of_sorted,
    ratio,
    sort,
    total,
    weeks,
)
from realreach.features.steadiness_kernels import following_waves, losses, rhythm, slow_days, steadiness, trend

__all__ = ["finish", "measure_curves", "prepare"]

_NEAR, _TOLD = AFTERMATH + 1, END_SOFT + len(MADE)
_BEHIND = 31
"""Room behind the intervals that a look at the counts before each takes."""
_GAIN, _EXPECTED, _VARIANCE = (STORED.index(name) for name in ("gain", "expected", "variance"))
_CALM, _CALM_POWER, _USUAL_DAYS, _STEP, _, _LOW = range(len(OF_CREATOR))


@nb.njit(nogil=True, cache=True, error_model="numpy")
def prepare(first, last, counts, starts, history, intervals, own, surprise, place, powers, logs, sizes):
    """Fill what NumPy takes powers and logarithms of, and the surprise of each interval, 0 in a gap.

    ``place`` gets peak, first and last interval of the main burst; ``powers`` mean gains of 14 intervals, then of each curve; ``logs``
    shares of the gains, then time and growth since the peak; ``sizes`` gains per day without their sign, then gains.
    """
    usual_days, step = own[_USUAL_DAYS], own[_STEP]
    base, cells, most = starts[first], starts[last] - starts[first], 1
    for c in range(first, last):
        most = max(most, starts[c + 1] - starts[c])
    spare, rate, seven = np.empty(most), np.empty(most), np.empty(most)
    eligible = np.empty(most, dtype=np.bool_)
    for c in range(first, last):
        k, begin, m = c - first, starts[c], starts[c + 1] - starts[c]
        near = logs[cells + k * 2 * _NEAR : cells + (k + 1) * 2 * _NEAR]
        powers[cells + k] = 1.0
        near[:] = 1.0
        if m == 0:
            continue
        at, h, longest, square = begin - base, counts[c], 3.0 * usual_days[c], step[c] * step[c]
        day, won = history[0, h : h + m + 1], intervals[_GAIN, begin : begin + m]
        expected, variance = intervals[_EXPECTED, begin : begin + m], intervals[_VARIANCE, begin : begin + m]
        z, sizes_of_rates = surprise[at : at + m], sizes[0, at : at + m]
        beyond = 0
        for j in range(m):
            days = day[j + 1] - day[j]
            rate[j] = won[j] / days
            sizes_of_rates[j] = abs(rate[j])
            here = (won[j] - expected[j]) / np.sqrt(variance[j] + square)
            eligible[j] = days <= longest
            z[j] = here if days <= longest else 0.0
            beyond += not days <= longest
        if len(sizes) == 2:
            for j in range(m):
                sizes[1, at + j] = abs(won[j])
        peak, left, right = _burst(won, eligible, m, z, spare)
        place[k, 0], place[k, 1], place[k, 2] = peak, left, right
        _since_peak(day, rate, m, peak, usual_days[c], near)
        _fortnights(rate, m, seven, powers[at : at + m])
        powers[cells + k] = abs(total(rate, 0, m) / m) + 0.05
        _shares(won, eligible, beyond == 0, m, spare, seven, logs[at : at + m])


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _burst(gain, eligible, m, surprise, spare):
    """Return the interval with the largest surprise, and the first and the last of its hot neighbours."""
    for j in range(m):
        spare[j] = surprise[j] if (gain[j] > 0.0) & eligible[j] else -np.inf
    peak = first_of(spare, m, highest(spare, m))
    left = peak
    while left > 0 and not surprise[left - 1] <= 2.0:
        left -= 1
    right = peak
    while right < m - 1 and not surprise[right + 1] <= 2.0:
        right += 1
    return peak, left, right


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _since_peak(day, rate, m, peak, usual_days, near):
    """Fill time since the peak (in usual intervals) and growth against it, of up to 31 intervals."""
    unit, top = at_least(usual_days, 1e-9), at_least(rate[peak], 1e-12)
    for j in range(peak, min(peak + _NEAR, m)):
        middle = 0.5 * (day[j + 1] + day[j])
        near[j - peak] = at_least((middle - day[peak]) / unit, 0.5)
        # Half a percent of the peak is the floor: below it only noise is left.
        near[_NEAR + j - peak] = at_least(rate[j] / top, 0.005)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _fortnights(rate, m, seven, powers):
    """Fill the mean gain per day of each 14 intervals in a row."""
    weeks(rate, m, seven)
    for j in range(m - 13):
        powers[j] = at_least((seven[j] + seven[j + 7]) / 14.0, 0.05)
    powers[max(m - 13, 0) :] = 1.0


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _shares(gain, eligible, whole, m, calm, spare, logs):
    """Fill the share of each interval in all gains, a gap with the usual gain; 1 where there is none."""
    usual = 0.0
    if not whole:
        for j in range(m):
            calm[j] = gain[j]
        sort(calm, m, spare)
        usual = median_of_sorted(calm, m)
    for j in range(m):
        calm[j] = at_least(gain[j] if eligible[j] else usual, 0.0)
    all_won = total(calm, 0, m)
    if not all_won > 0.0:
        logs[:] = 1.0
        return
    for j in range(m):
        share = calm[j] / all_won
        logs[j] = share if share > 0.0 else 1.0


@nb.njit(nogil=True, cache=True, error_model="numpy")
def measure_curves(
    first, last, counts, starts, history, as_of, intervals, of_creator, order, surprise, place, means, powers, logs, sizes, out
):  # fmt: skip
    """Fill one row of measures for each curve; powers and logarithms are taken."""
    usual_days, step, low = of_creator[_USUAL_DAYS], of_creator[_STEP], of_creator[_LOW]
    calm, calm_power = of_creator[_CALM], of_creator[_CALM_POWER]
    base, cells, most = starts[first], starts[last] - starts[first], 1
    for c in range(first, last):
        most = max(most, starts[c + 1] - starts[c])
    days, rate, won = np.empty(most), np.empty(most), np.empty(most)
    rates, gains, here = np.empty(most), np.empty(most), np.empty(most)
    # Scratch holds the intervals after a peak, too, of which there are as many for a curve of any length.
    work = np.empty((4, max(most + _BEHIND, _NEAR)))
    eligible = np.empty(most, dtype=np.bool_)
    for c in range(first, last):
        k, begin, m = c - first, starts[c], starts[c + 1] - starts[c]
        row = out[k]
        row[:] = np.nan
        if m == 0:
            continue
        at, h = begin - base, counts[c]
        own, d, followers = intervals[_GAIN, begin : begin + m], history[0, h : h + m + 1], history[1, h : h + m + 1]
        z, usual, places = surprise[at : at + m], intervals[_EXPECTED, begin : begin + m], order[begin : begin + m]
        variance = intervals[_VARIANCE, begin : begin + m]
        longest, beyond, uneven = 3.0 * usual_days[c], 0, 0
        for j in range(m):
            days[j] = d[j + 1] - d[j]
            rate[j] = own[j] / days[j]
            won[j] = at_least(own[j], 0.0)
            eligible[j] = days[j] <= longest
            here[j] = won[j] if days[j] <= longest else 0.0
            beyond += not days[j] <= longest
            uneven += days[j] != 1.0
        whole, daily = beyond == 0, uneven == 0
        for j in range(m):
            rates[j] = rate[places[j]]
            gains[j] = own[places[j]]
        if not daily:
            sort(gains, m, work[0])
        all_won, span = total(won, 0, m), d[m] - d[0]
        concentration(row, here, whole, gains, m, all_won, work)
        burst(
            row, d, followers, own, rate, rates, places, won, here, usual, z, place[k],
            logs[cells + k * 2 * _NEAR : cells + (k + 1) * 2 * _NEAR], m, all_won, span, work,
        )  # fmt: skip
        excess(row, d, followers, own, usual, variance, step[c], eligible, z, as_of[c], m, work)
        level_shifts(row, own, won, days, calm[c], 2.0 * calm_power[c], m, all_won, work)
        steadiness(row, rate, days, calm[c], powers[cells + k], means[at : at + m], powers[at : at + m], m, span, work)
        rhythm(row, rate, sizes[0, at : at + m], m, work)
        losses(row, own, followers, m, all_won, work)
        trend(row, d, followers, won, m, all_won, work)
        following_waves(row, history[2, h : h + m + 1], followers[m], own, sizes[len(sizes) - 1, at : at + m], m, work)
        slow_days(row, rates, calm[c], low[c], m)
        deliveries(row, own, eligible, whole, gains, places, whole and daily, logs[at : at + m], m, work, rate)
        gap = 0.0
        if not whole:
            for j in range(m):
                work[0, j] = 0.0 if eligible[j] else days[j]
            gap = total(work[0], 0, m)
        row[PLACE.rounding__366d__flag] = 1.0 if step[c] > 0.0 else 0.0
        row[PLACE.context__history__366d__days], row[PLACE.context__interval__366d__days] = span, usual_days[c]
        row[PLACE.context__gap__366d__share] = ratio(gap, span)
        row[PLACE.gain_a_day] = 1.0 + all_won / at_least(span, 1.0)
        row[PLACE.intervals], row[PLACE.top_level] = m, highest(followers, m + 1)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def finish(first, starts, measured, logs, kept, always, out):
    """Fill the features that are kept, as ``growth_measures.features_of`` makes them; of short curves those that are told always."""
    made = np.empty(_TOLD)
    for k in range(len(measured)):
        c, plain, log = first + k, measured[k], logs[k]
        if starts[c + 1] == starts[c]:
            continue
        for j in range(END_LOG1PS):
            made[j] = plain[j] if j < END_PLAIN else log[j]
        for j in range(END_LOG1PS, END_SOFT):
            made[j] = np.sign(plain[j]) * log[j]
        made[_STEPS] = log[PLACE.level_after_peak] - log[PLACE.level_before_peak]
        month, quarter = log[PLACE.last_level] - log[PLACE.level_30d], log[PLACE.last_level] - log[PLACE.level_90d]
        made[_MONTH] = month * 30.0 / at_least(plain[PLACE.span_30d], 1.0)
        made[_QUARTER] = quarter * 90.0 / at_least(plain[PLACE.span_90d], 1.0)
        made[_SAWTOOTH] = plain[PLACE.back_and_forth] * log[PLACE.moved]
        made[_ENTROPY] = between(plain[PLACE.surprisal] / log[PLACE.intervals], 0.0, 1.0)
        made[_CUBES], made[_A_DAY] = log[PLACE.cubes], log[PLACE.gain_a_day]
        # Six counts of one week, or an account that nobody ever followed, are no curve to judge.
        known = plain[PLACE.context__history__366d__days] >= MINIMUM_DAYS and plain[PLACE.top_level] > 0.0
        for row in range(len(kept)):
            value = made[kept[row]]
            if np.isfinite(value) and (known or always[row]):
                out[row, c] = value


_STEPS, _MONTH, _QUARTER = MADE["burst_step__366d__log"], MADE["net_growth__30d__log"], MADE["net_growth__90d__log"]
_SAWTOOTH, _ENTROPY = MADE["following_change__366d__sawtooth"], MADE["gain__366d__entropy"]
_CUBES, _A_DAY = MADE["gain__366d__cubes"], MADE["context__gain__366d__log10"]
