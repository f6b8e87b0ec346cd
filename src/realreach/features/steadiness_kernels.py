"""Compiled kernels of the steadiness, rhythm, losses and trend of a curve (numba, the extra ``fast``).

They do what :mod:`realreach.features.growth_blocks` does with NumPy, in the same floating-point operations in the same order, for one curve of
``m`` intervals; ``row`` takes the measures, ``a`` and ``b`` are scratch. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features.growth_measures import PLACE
from realreach.features.kernel_parts import at_least, between, deviation, ratio, total

__all__ = ["following_waves", "losses", "rhythm", "slow_days", "steadiness", "trend"]


@nb.njit(nogil=True, cache=True)
def steadiness(row, rate, days, calm, law_of_mean, means, laws, m, span, a):
    """Set the unevenness of the gains against that of honest creators, and the curve against a straight line."""
    mean, law = total(rate, 0, m) / m, 4.0 * law_of_mean
    largest = 0
    for j in range(m):
        away = rate[j] - mean
        a[j] = away * away * days[j]
        if a[j] > a[largest]:
            largest = j
    row[PLACE.dispersion__366d__log_ratio] = (total(a, 0, m) / m + 0.01) / law
    a[largest] = 0.0
    row[PLACE.dispersion__366d__log_ratio_trimmed] = (total(a, 0, m) / (m - 1) + 0.01) / law
    if m >= 14:
        row[PLACE.dispersion__14p__min_log_ratio] = _most_regular(rate, means, laws, m)
    run = longest = 0
    summed = highest = lowest = 0.0
    for j in range(m):
        run = run + 1 if abs(rate[j] - calm) < 0.1 * calm else 0
        longest = max(longest, run)
        step = rate[j] * days[j] - mean * days[j]
        summed = summed + step if j else step
        highest = max(highest, summed) if j else summed
        lowest = min(lowest, summed) if j else summed
    if calm >= 5.0:
        row[PLACE.steady_run__366d__share] = longest / m
    row[PLACE.drift__366d__range] = (highest - lowest) / np.sqrt(law * span)


@nb.njit(nogil=True, cache=True)
def _most_regular(rate, means, laws, m):
    """Return the least variance of 14 intervals in a row against that of honest creators; infinite where none gained three a day."""
    least = np.inf
    for j in range(m - 13):
        summed = 0.0
        for i in range(14):
            away = rate[j + i] - means[j]
            summed += away * away
        against = (summed / 14.0 + 0.01) / (4.0 * laws[j])
        if means[j] >= 3.0:
            least = min(least, against)
    return least


@nb.njit(nogil=True, cache=True)
def rhythm(row, rate, sizes, m, a, b):
    """Measure how far growth jumps, and how like it is to that of a day and of a week before; ``sizes`` is ln (1 + growth without sign)."""
    for j in range(m):
        a[j] = sizes[j] if rate[j] > 0.0 else -sizes[j]
    for j in range(m - 1):
        b[j] = abs(a[j + 1] - a[j])
    row[PLACE.roughness__366d__log] = total(b, 0, m - 1) / (m - 1)
    mean = total(a, 0, m) / m
    for j in range(m):
        a[j] = deviation(a[j], mean)
        b[j] = a[j] * a[j]
    square = total(b, 0, m)
    for j in range(m - 1):
        b[j] = a[j + 1] * a[j]
    row[PLACE.rhythm__366d__lag1] = ratio(total(b, 0, m - 1), square)
    if m >= 14:
        for j in range(m - 7):
            b[j] = a[j + 7] * a[j]
        row[PLACE.rhythm__366d__lag7] = ratio(total(b, 0, m - 7), square)


@nb.njit(nogil=True, cache=True)
def losses(row, gain, level, m, all_won, a):
    """Measure losses, and drops that were filled up again to the same ceiling."""
    none = lost = 0
    for j in range(m):
        none += gain[j] == 0.0
        lost += gain[j] < 0.0
        a[j] = at_least(-gain[j], 0.0)
    row[PLACE.zero_gain__366d__share], row[PLACE.loss__366d__share] = none / m, lost / m
    row[PLACE.loss__366d__to_gain] = between(ratio(total(a, 0, m), all_won), 0.0, 1e3)
    width = min(30, m)
    pinned = returns = 0
    was_bottom = False
    for i in range(m + 1):
        # The ceiling: the highest count of the last 30, before this one.
        ceiling = level[max(i - width, 0)] if i else 0.0
        for before in range(max(i - width, 0) + 1, i):
            ceiling = max(ceiling, level[before])
        reach = at_least(ceiling, 1.0)
        pinned += abs(level[i] / reach - 1.0) < 0.003
        bottom = level[i] < 0.995 * ceiling
        for back in range(1, min(4, i) + 1):
            bottom = bottom and level[i] <= level[i - back]
        if bottom:
            # The same ceiling is met again within four counts.
            bottom = False
            for ahead in range(i + 1, min(i + 4, m) + 1):
                bottom = bottom or abs(level[ahead] / reach - 1.0) < 0.003
        returns += was_bottom and not bottom
        was_bottom = bottom
    returns += was_bottom
    row[PLACE.ceiling__366d__returns] = 100.0 * returns / m
    row[PLACE.ceiling__366d__pinned_share] = pinned / (m + 1)


@nb.njit(nogil=True, cache=True)
def trend(row, day, level, won, m, all_won, a):
    """Measure the growth of the last month and quarter."""
    end = day[m]
    month = quarter = 0
    while day[quarter] < end - 90.0:
        quarter += 1
    month = quarter
    while day[month] < end - 30.0:
        month += 1
    row[PLACE.last_level], row[PLACE.level_30d], row[PLACE.level_90d] = level[m], level[month], level[quarter]
    if end - day[month] >= 20.0:
        row[PLACE.span_30d] = end - day[month]
    if end - day[quarter] >= 60.0:
        row[PLACE.span_90d] = end - day[quarter]
    for j in range(m):
        a[j] = won[j] if day[j + 1] > end - 30.0 else 0.0
    row[PLACE.recent_gain__30d__share] = ratio(total(a, 0, m), all_won)


@nb.njit(nogil=True, cache=True)
def following_waves(row, following, last_level, gain, sizes, m, a, b):
    """Measure the movement of the accounts followed, and whether followers came right after; ``sizes`` is ln (1 + gain without sign)."""
    count = 0
    for j in range(m):
        change = following[j + 1] - following[j]
        known = not np.isnan(change)
        count += known
        a[j] = change if known else 0.0
        b[j] = abs(a[j])
    if count < 5:
        return
    moved, change = total(b, 0, m), total(a, 0, m)
    a_time = moved / count
    row[PLACE.following_change__366d__share] = 1e3 * ratio(a_time, at_least(last_level, 1.0))
    row[PLACE.moved] = a_time
    row[PLACE.back_and_forth] = 1.0 - abs(change) / at_least(moved, 1.0) if moved > 0.0 else 0.0
    for j in range(m - 1):
        b[j] = sizes[j + 1] if gain[j + 1] > 0.0 else -sizes[j + 1]
    mean_lead, mean_follow = total(a, 0, m - 1) / (m - 1), total(b, 0, m - 1) / (m - 1)
    product = np.empty(m)
    for j in range(m - 1):
        a[j], b[j] = deviation(a[j], mean_lead), deviation(b[j], mean_follow)
        product[j] = a[j] * b[j]
        a[j], b[j] = a[j] * a[j], b[j] * b[j]
    spread = np.sqrt(total(a, 0, m - 1) * total(b, 0, m - 1))
    row[PLACE.following_change__366d__gain_correlation] = ratio(total(product, 0, m - 1), spread)


@nb.njit(nogil=True, cache=True)
def slow_days(row, ordered, calm, low, m):
    """Set the slowest days of the best 29 intervals against those of the whole curve, in robust spreads."""
    if np.isnan(low):
        return
    usual = ordered[round(0.2 * (m - 1))]
    row[PLACE.floor_lift__29p__max] = at_least(low - usual, 0.0) / at_least(1.4826 * _middle_distance(ordered, calm, m), 0.5)


@nb.njit(nogil=True, cache=True)
def _middle_distance(ordered, middle, m):
    """Return the median distance of sorted numbers from a number among them: the distances grow on both sides of it."""
    high = 0
    while high < m and ordered[high] < middle:
        high += 1
    low = high - 1
    one = two = 0.0
    for _ in range(m // 2 + 1):
        one = two
        below = abs(ordered[low] - middle) if low >= 0 else np.inf
        above = abs(ordered[high] - middle) if high < m else np.inf
        if below <= above:
            two = below
            low -= 1
        else:
            two = above
            high += 1
    return two if m % 2 else (one + two) / 2.0
