"""Compiled kernels of the main burst of a curve and of weeks of extra growth (numba, the extra ``fast``).

They do what :mod:`realreach.features.growth_bursts` does with NumPy, in the same floating-point operations in the same order, for one curve of
``m`` intervals; ``row`` takes the measures, ``work`` is scratch. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features.growth_bursts import AFTERMATH, LOTS
from realreach.features.growth_measures import PLACE
from realreach.features.kernel_parts import at_least, between, copy, highest, lowest, months, ratio, sort, total, weeks

__all__ = ["burst", "concentration", "excess", "level_shifts"]

_NEAR = AFTERMATH + 1


@nb.njit(nogil=True, cache=True, error_model="numpy")
def concentration(row, here, whole, ordered_gain, m, all_won, work):
    """Tell how much of the growth came in few intervals; ``here`` holds what may be part of a burst."""
    a, b = work[0], work[1]
    for j in range(m):
        a[j] = at_least(ordered_gain[j], 0.0) if whole else here[j]
    if not whole:
        sort(a, m, b)
    own = total(a, 0, m)
    for j in range(m):
        b[j] = a[j] * (j + 1.0)
    weighted = total(b, 0, m)
    for j in range(m):
        b[j] = a[j] * a[j]
    row[PLACE.gain_share__366d__max] = ratio(a[m - 1], all_won)
    row[PLACE.gain_share__366d__top3] = ratio(a[m - 3] + a[m - 2] + a[m - 1], all_won)
    if own > 0.0:
        row[PLACE.gain__366d__gini] = between((2.0 * weighted / own - (m + 1)) / m, 0.0, 1.0)
    row[PLACE.gain__366d__effective_share] = ratio(own * own, total(b, 0, m)) / m


@nb.njit(nogil=True, cache=True, error_model="numpy")
def burst(
    row, day, level, gain, rate, rates, order, won, here, expected, surprise, place, near, m, all_won, span, work
):
    """Describe the main burst: its interval with the largest surprise, and its hot neighbours."""
    peak, left, right, a = place[0], place[1], place[2], work[0]
    before, after = m - 1 - right, right + 1
    beside = max(highest(surprise, left), highest(surprise[after:], before))
    row[PLACE.surprise__366d__second] = max(-1.0, beside)
    row[PLACE.burst_surprise__366d__max] = max(beside, highest(surprise[left:], after - left))
    row[PLACE.surprise__366d__low] = lowest(surprise, m)
    other = max(max(highest(here, left), highest(here[after:], before)), 0.0)
    most = max(other, highest(here[left:], after - left))
    if not here[peak] > 0.0:
        return
    a[:m] = 0.0
    for j in range(left, after):
        a[j] = at_least(gain[j] - at_least(expected[j], 0.0), 0.0)
    size = total(a, 0, m)
    row[PLACE.burst_level_share__366d__max] = ratio(gain[peak], level[peak + 1])
    row[PLACE.level_after_peak], row[PLACE.level_before_peak] = level[peak + 1], level[peak]
    row[PLACE.burst_size_share__366d__max] = ratio(size, all_won)
    row[PLACE.burst_width__366d__log_days] = at_least(day[right + 1] - day[left], 1e-3) + 1.0
    row[PLACE.burst_second__366d__ratio] = ratio(other, most)
    row[PLACE.burst_before__366d__share] = ratio(level[left], level[m])
    row[PLACE.context__burst_age__366d__days] = day[m] - day[right + 1]
    fallen = level[right + 1]
    for i in range(right + 1, min(right + 1 + _NEAR, m + 1)):
        fallen = min(fallen, level[i])
    row[PLACE.burst_loss__366d__share] = between(ratio(level[right + 1] - fallen, size), 0.0, 5.0)
    if size >= 100.0:
        lot = LOTS[0]
        for one in LOTS:
            if one <= size:
                lot = one
        row[PLACE.burst_lot__366d__distance] = at_least(size, 1.0) / lot
    _form(row, rate, peak, left, right, m, a)
    _sides(row, gain, rates, order, won, left, right, size, m, all_won, span, work)
    _relaxation(row, near, min(m - peak, _NEAR), a, work[1])


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _form(row, rate, peak, left, right, m, a):
    """Tell how even the burst was, what led to it, and how growth went on after the peak."""
    count = right - left + 1
    a[:m] = 0.0
    for j in range(left, right + 1):
        a[j] = rate[j]
    mean = total(a, 0, m) / count
    for j in range(left, right + 1):
        away = rate[j] - mean
        a[j] = away * away
    if count >= 3:
        row[PLACE.burst_flatness__366d__cv] = ratio(np.sqrt(total(a, 0, m) / count), mean)
    top = rate[peak]
    row[PLACE.burst_run_up__366d__ratio] = ratio(_mean_of_three(rate, left - 3, m), top)
    row[PLACE.burst_relaxation__366d__next] = ratio(rate[peak + 1] if peak + 1 < m else np.nan, top)
    row[PLACE.burst_relaxation__366d__next3] = ratio(_mean_of_three(rate, peak + 1, m), top)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _mean_of_three(values, first, m):
    summed, count = 0.0, 0
    for j in range(max(first, 0), min(first + 3, m)):
        summed += values[j]
        count += 1
    return summed / count if count else np.nan


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _sides(row, gain, rates, order, won, left, right, size, m, all_won, span, work):
    """Set what came before and after the burst against it, and the usual growth after it against that before."""
    count = m - 1 - right
    quiet_before = quiet_after = 0
    for j in range(left):
        quiet_before += gain[j] <= 0.0
    later = gain[right + 1 :]
    for j in range(count):
        quiet_after += later[j] <= 0.0
    if left:
        row[PLACE.burst_quiet_before__366d__share] = quiet_before / left
    if count:
        row[PLACE.burst_quiet_after__366d__share] = quiet_after / count
    if left and count:
        # What lies on either side, in order: each number is written, and the place moves on where it was one of them.
        before, after, low, high = work[0], work[1], 0, 0
        for k in range(m):
            at = order[k]
            before[low] = after[high] = rates[k]
            low += at < left
            high += at > right
        floor = at_least(0.05 * all_won / at_least(span, 1.0), 0.05)
        usual_before = 0.5 * (before[(left - 1) // 2] + before[left // 2])
        usual_after = 0.5 * (after[(count - 1) // 2] + after[count // 2])
        row[PLACE.burst_lift__366d__log_ratio] = (at_least(usual_after, 0.0) + floor) / (
            at_least(usual_before, 0.0) + floor
        )
    a = work[0]
    copy(won, left, a)
    a[left:m] = 0.0
    row[PLACE.burst_head__366d__ratio] = ratio(total(a, 0, m), size)
    a[: right + 1] = 0.0
    copy(won[right + 1 :], count, a[right + 1 :])
    row[PLACE.burst_tail__366d__ratio] = ratio(total(a, 0, m), size)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _relaxation(row, near, count, a, b):
    """Fit ln growth on ln time since the peak; ``near`` holds both, 31 numbers each."""
    if count < 4:
        return
    x, y = near[:_NEAR], near[_NEAR:]
    for j in range(_NEAR):
        a[j], b[j] = (x[j], y[j]) if j < count else (0.0, 0.0)
    mean_x, mean_y = total(a, 0, _NEAR) / count, total(b, 0, _NEAR) / count
    for j in range(_NEAR):
        dx, dy = (x[j] - mean_x, y[j] - mean_y) if j < count else (0.0, 0.0)
        a[j], b[j] = dx * dy, dx * dx
    row[PLACE.burst_decay__366d__exponent] = between(-ratio(total(a, 0, _NEAR), total(b, 0, _NEAR)), -10.0, 10.0)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def excess(row, day, level, gain, expected, variance, step, eligible, surprise, as_of, m, work):
    """Measure the growth beyond the usual and its spread, and how often there was far too much."""
    a, b, square, recent = work[0], work[1], step * step, as_of - 31.0
    for j in range(m):
        beyond = at_least(gain[j] - expected[j] - 2.0 * np.sqrt(variance[j] + square), 0.0)
        a[j] = beyond if eligible[j] else 0.0
        b[j] = a[j] if day[j + 1] >= recent else 0.0
    hot = begins = int(surprise[0] > 3.0)
    for j in range(1, m):
        hot += surprise[j] > 3.0
        begins += (surprise[j] > 3.0) & (surprise[j - 1] <= 3.0)
    row[PLACE.unexplained_gain__366d__share] = ratio(total(a, 0, m), level[m])
    row[PLACE.unexplained_gain__30d__share] = ratio(total(b, 0, m), level[m])
    row[PLACE.surprise__366d__share_above_3] = hot / m
    row[PLACE.surprise__366d__runs] = 100.0 * begins / m


@nb.njit(nogil=True, cache=True, error_model="numpy")
def level_shifts(row, gain, won, days, calm, twice, m, all_won, work):
    """Look for stretches of steady extra growth."""
    if m < 10:
        return
    summed, length, a, b = work[0], work[1], work[2], work[3]
    alike = highest(days, m) == lowest(days, m)
    root = np.sqrt(days[0])
    for j in range(m):
        # Winsorised, so that one burst does not pose as a steady stretch.
        cap = calm * days[j] + 3.0 * (twice * (root if alike else np.sqrt(days[j])))
        b[j] = cap if cap < gain[j] else gain[j]
    weeks(b, m, summed)
    weeks(days, m, length)
    row[PLACE.level_shift__7p__max] = _highest(summed, length, alike, calm, twice, m - 6, b)
    if m < 42:
        return
    weeks(won, m, a)
    months(summed, m)
    months(length, m)
    months(a, m)
    row[PLACE.level_shift__28p__max] = _highest(summed, length, alike, calm, twice, m - 27, b)
    row[PLACE.level_shift__28p__share] = ratio(highest(a, m - 27), all_won)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _highest(summed, length, alike, calm, twice, number, spare):
    if alike:
        usual, spread = calm * length[0], twice * np.sqrt(length[0])
        for j in range(number):
            spare[j] = (summed[j] - usual) / spread
    else:
        for j in range(number):
            spare[j] = (summed[j] - calm * length[j]) / (twice * np.sqrt(length[j]))
    return highest(spare, number)
