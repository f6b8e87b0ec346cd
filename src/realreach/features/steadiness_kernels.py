"""Compiled kernels of the steadiness, rhythm, losses and trend of a curve (numba, the extra ``fast``).

They do what :mod:`realreach.features.growth_blocks` does with NumPy, in the same floating-point operations in the same order, for one curve of
``m`` intervals; ``row`` takes the measures, ``work`` is scratch. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features.growth_measures import PLACE
from realreach.features.kernel_parts import at_least, between, copy, deviation, first_of, highest, lowest, ratio, total

__all__ = ["following_waves", "losses", "rhythm", "slow_days", "steadiness", "trend"]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def steadiness(row, rate, days, calm, law_of_mean, means, laws, m, span, work):
    """Set the unevenness of the gains against that of honest creators, and the curve against a straight line."""
    a, b, mean, law = work[0], work[1], total(rate, 0, m) / m, 4.0 * law_of_mean
    for j in range(m):
        away = rate[j] - mean
        a[j] = away * away * days[j]
    largest = first_of(a, m, highest(a, m))
    row[PLACE.dispersion__366d__log_ratio] = (total(a, 0, m) / m + 0.01) / law
    a[largest] = 0.0
    row[PLACE.dispersion__366d__log_ratio_trimmed] = (total(a, 0, m) / (m - 1) + 0.01) / law
    if m >= 14:
        row[PLACE.dispersion__14p__min_log_ratio] = _most_regular(rate, means, laws, m - 13, a)
    run = longest = 0
    for j in range(m):
        b[j] = rate[j] * days[j] - mean * days[j]
        run = run + 1 if abs(rate[j] - calm) < 0.1 * calm else 0
        longest = max(longest, run)
    for j in range(1, m):
        b[j] += b[j - 1]
    if calm >= 5.0:
        row[PLACE.steady_run__366d__share] = longest / m
    row[PLACE.drift__366d__range] = (highest(b, m) - lowest(b, m)) / np.sqrt(law * span)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _most_regular(rate, means, laws, windows, against):
    """Return the least variance of 14 intervals in a row against that of honest creators; infinite where none gained three a day."""
    for j in range(windows):
        summed = 0.0
        for i in range(14):
            away = rate[j + i] - means[j]
            summed += away * away
        told = (summed / 14.0 + 0.01) / (4.0 * laws[j])
        against[j] = told if means[j] >= 3.0 else np.inf
    return lowest(against, windows)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def rhythm(row, rate, sizes, m, work):
    """Measure how far growth jumps, and how like it is to that of a day and of a week before; ``sizes`` is ln (1 + growth without sign)."""
    a, b = work[0], work[1]
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


@nb.njit(nogil=True, cache=True, error_model="numpy")
def losses(row, gain, level, m, all_won, work):
    """Measure losses, and drops that were filled up again to the same ceiling."""
    a, none, lost = work[0], 0, 0
    for j in range(m):
        none += gain[j] == 0.0
        lost += gain[j] < 0.0
        a[j] = at_least(-gain[j], 0.0)
    row[PLACE.zero_gain__366d__share], row[PLACE.loss__366d__share] = none / m, lost / m
    row[PLACE.loss__366d__to_gain] = between(ratio(total(a, 0, m), all_won), 0.0, 1e3)
    ceiling = _ceiling(level, m + 1, min(30, m), work[1], work[2])
    pinned = lowered = returns = 0
    for i in range(m + 1):
        pinned += abs(level[i] / at_least(ceiling[i], 1.0) - 1.0) < 0.003
        lowered += level[i] < 0.995 * ceiling[i]
    was_bottom = False
    # Few curves ever fall so far.
    for i in range(m + 1 if lowered else 0):
        bottom = level[i] < 0.995 * ceiling[i]
        if bottom:
            bottom = _is_bottom(level, i, m, at_least(ceiling[i], 1.0))
        returns += was_bottom and not bottom
        was_bottom = bottom
    returns += was_bottom
    row[PLACE.ceiling__366d__returns] = 100.0 * returns / m
    row[PLACE.ceiling__366d__pinned_share] = pinned / (m + 1)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _ceiling(level, counts, width, out, spare):
    """Fill the highest of the ``width`` counts before each count, 0 before the first; twice as many are covered at each turn."""
    out[:width] = -np.inf
    copy(level, counts - 1, out[width:])
    number, covered = width + counts - 1, 1
    while 2 * covered <= width:
        number -= covered
        _higher(out[: number + covered], covered, number, spare)
        out, spare = spare, out
        covered *= 2
    _higher(out[: counts + width - covered], width - covered, counts, spare)
    spare[0] = 0.0
    return spare


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _higher(values, ahead, number, out):
    """Fill the higher of each value and the one so many places ahead."""
    later = values[ahead:]
    for i in range(number):
        out[i] = later[i] if later[i] > values[i] else values[i]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _is_bottom(level, i, m, ceiling):
    """Return whether no count of the four before is lower, and the ceiling is met again within four counts."""
    for before in range(max(i - 4, 0), i):
        if not level[i] <= level[before]:
            return False
    met = False
    for ahead in range(i + 1, min(i + 4, m) + 1):
        met = met or abs(level[ahead] / ceiling - 1.0) < 0.003
    return met


@nb.njit(nogil=True, cache=True, error_model="numpy")
def trend(row, day, level, won, m, all_won, work):
    """Measure the growth of the last month and quarter."""
    a, end = work[0], day[m]
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


@nb.njit(nogil=True, cache=True, error_model="numpy")
def following_waves(row, following, last_level, gain, sizes, m, work):
    """Measure the movement of the accounts followed, and whether followers came right after; ``sizes`` is ln (1 + gain without sign)."""
    a, b, product, count = work[0], work[1], work[2], 0
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
    for j in range(m - 1):
        a[j], b[j] = deviation(a[j], mean_lead), deviation(b[j], mean_follow)
        product[j] = a[j] * b[j]
        a[j], b[j] = a[j] * a[j], b[j] * b[j]
    spread = np.sqrt(total(a, 0, m - 1) * total(b, 0, m - 1))
    row[PLACE.following_change__366d__gain_correlation] = ratio(total(product, 0, m - 1), spread)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def slow_days(row, ordered, calm, low, m):
    """Set the slowest days of the best 29 intervals against those of the whole curve, in robust spreads."""
    if np.isnan(low):
        return
    usual = ordered[round(0.2 * (m - 1))]
    row[PLACE.floor_lift__29p__max] = at_least(low - usual, 0.0) / at_least(
        1.4826 * _middle_distance(ordered, calm, m), 0.5
    )


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _middle_distance(ordered, middle, m):
    """Return the median distance of sorted numbers from one among them: the distances grow on both sides of it."""
    split, wanted = np.searchsorted(ordered[:m], middle), m // 2 + 1
    above = m - split
    # So many of the nearest lie below, the others above: the last that is taken on one side is no farther than the next on the other.
    low, high = max(wanted - above, 0), min(split, wanted)
    while low < high:
        half = (low + high) // 2
        if middle - ordered[split - 1 - half] < ordered[split + wanted - half - 1] - middle:
            low = half + 1
        else:
            high = half
    one, two = _last_two(ordered[:m], middle, split, low, wanted - low)
    return two if m % 2 else (one + two) / 2.0


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _last_two(ordered, middle, split, below, above):
    """Return the second largest and the largest distance of some numbers on both sides of the middle."""
    one = two = -np.inf
    for k in range(max(split - below, 0), min(split - below + 2, split)):
        away = abs(ordered[k] - middle)
        one, two = (two, away) if away > two else (max(one, away), two)
    for k in range(max(split + above - 2, split), split + above):
        away = abs(ordered[k] - middle)
        one, two = (two, away) if away > two else (max(one, away), two)
    return one, two
