"""Compiled kernel of what a delivery leaves in a curve (numba, the extra ``fast``).

It does what :mod:`realreach.features.deliveries` does with NumPy, in the same floating-point operations in the same order, for one curve of
``m`` intervals; ``row`` takes the measures. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features.deliveries import NEXT
from realreach.features.growth_measures import PLACE
from realreach.features.kernel_parts import at_least, between, ratio, sort, total

__all__ = ["deliveries"]


@nb.njit(nogil=True, cache=True)
def deliveries(row, gain, eligible, whole, ordered_gain, logs, m, a, b, calm):
    """Measure blocks and drips; ``logs`` is ln of each share of the gains, ``a``, ``b`` and ``calm`` are scratch."""
    half = m // 2
    usual = ordered_gain[half] if m % 2 else (ordered_gain[half - 1] + ordered_gain[half]) / 2.0
    ordered = ordered_gain
    for j in range(m):
        calm[j] = gain[j] if eligible[j] else usual
    if not whole:
        ordered = np.empty(m)
        for j in range(m):
            ordered[j] = calm[j]
        sort(ordered, m, a)
    for j in range(m):
        a[j] = at_least(calm[j], 0.0)
    all_won = total(a, 0, m)
    _spread_out(row, a, ordered, logs, m, all_won, b)
    if all_won > 0.0:
        _single(row, calm, ordered, usual, m, all_won)
        _triple(row, calm, m, all_won, a, b)
    if m >= 21:
        _rank_scans(row, calm, ordered, m, a, b)


@nb.njit(nogil=True, cache=True)
def _lead(above, below):
    return (at_least(above, 0.0) + 1.0) / (at_least(below, 0.0) + 1.0)


@nb.njit(nogil=True, cache=True)
def _pair(calm, one, other, m):
    """Return the mean of two intervals, of which one or both may lie beyond the ends of the curve (NaN)."""
    first = calm[one] if 0 <= one < m else np.nan
    second = calm[other] if 0 <= other < m else np.nan
    return _mean_of_known(first, second)


@nb.njit(nogil=True, cache=True)
def _mean_of_known(first, second):
    if np.isnan(first):
        return second
    return first if np.isnan(second) else 0.5 * (first + second)


@nb.njit(nogil=True, cache=True)
def _single(row, calm, ordered, usual, m, all_won):
    """Describe the best interval: lead, neighbours on both sides, best pair."""
    best, pair = 0, calm[1] + calm[0]
    for j in range(1, m):
        pair = max(pair, calm[j] + calm[j - 1])
        if calm[j] > calm[best]:
            best = j
    top, others = ordered[m - 1], min(NEXT, m - 1)
    summed = at_least(ordered[m - 1 - others], 0.0)
    for j in range(m - others, m - 1):
        summed += at_least(ordered[j], 0.0)
    before, after = _pair(calm, best - 1, best - 2, m), _pair(calm, best + 1, best + 2, m)
    near = _mean_of_known(before, after)
    row[PLACE.window_share__2p__max] = between(ratio(pair, all_won), 0.0, 1.0)
    row[PLACE.window_lead__1p__log] = _lead(top, summed / others)
    row[PLACE.window_edge__1p__log], row[PLACE.window_neighbours__1p__log] = _lead(near, top), _lead(near, usual)
    row[PLACE.window_after__1p__log] = _lead(
        before if np.isnan(after) else after, after if np.isnan(before) else before
    )


@nb.njit(nogil=True, cache=True)
def _triple(row, calm, m, all_won, sums, spare):
    """Describe the best three intervals in a row against windows that do not touch them."""
    windows = m - 2
    first = 0
    for j in range(windows):
        sums[j] = calm[j + 2] + calm[j + 1] + calm[j]
        if sums[j] > sums[first]:
            first = j
    best, summed, second, count = sums[first], 0.0, np.nan, 0
    for j in range(windows):
        spare[j] = sums[j]
    at = first
    for k in range(NEXT):
        for j in range(max(at - 2, 0), min(at + 3, windows)):
            spare[j] = -np.inf
        at = 0
        for j in range(1, windows):
            if spare[j] > spare[at]:
                at = j
        if np.isfinite(spare[at]):
            summed += at_least(spare[at], 0.0)
            count += 1
            if k == 0:
                second = spare[at]
    number = 0
    for j in range(windows):
        apart = abs(j - first) >= 3
        number += apart
        spare[j] = sums[j] if apart else 0.0
    middle = total(spare, 0, windows) / max(number, 1)
    for j in range(windows):
        away = sums[j] - middle if abs(j - first) >= 3 else 0.0
        spare[j] = away * away
    variance = total(spare, 0, windows) / max(number, 1)
    row[PLACE.window_share__3p__max] = between(ratio(best, all_won), 0.0, 1.0)
    if count:
        row[PLACE.window_lead__3p__log] = _lead(best, summed / count)
        row[PLACE.window_second__3p__log] = _lead(best, second)
    if number >= 5:
        row[PLACE.window_surprise__3p__log] = at_least(best - middle, 0.0) / np.sqrt(variance + at_least(middle, 0.0) + 1.0)
    beside = _mean_of_known(_pair(calm, first - 1, first - 2, m), _pair(calm, first + 3, first + 4, m))
    row[PLACE.window_edge__3p__log] = _lead(beside, best / 3.0)


@nb.njit(nogil=True, cache=True)
def _spread_out(row, won, ordered, logs, m, all_won, b):
    """Measure how the gains are spread over time, and the slow days."""
    mean, most = at_least(total(ordered, 0, m) / m, 0.0), max(int(0.9 * m), 1)
    kept, slow = total(ordered, 0, most) / most, ordered[round(0.2 * (m - 1))]
    row[PLACE.usual_gain__366d__log_ratio] = (at_least(kept, 0.0) + 0.5) / (mean + 0.5)
    row[PLACE.low_gain__366d__log_ratio] = (at_least(slow, 0.0) + 1.0) / (mean + 1.0)
    if not all_won > 0.0:
        return
    for j in range(m):
        share = won[j] / all_won
        b[j] = share * logs[j]
    row[PLACE.surprisal] = -total(b, 0, m)
    for j in range(m):
        share = won[j] / all_won
        b[j] = share * share * share
    row[PLACE.cubes] = total(b, 0, m)


@nb.njit(nogil=True, cache=True)
def _rank_scans(row, calm, ordered, m, middle, summed):
    """Find the largest rank sums over 14 and 28 intervals in a row; halves of whole numbers, exact in any order."""
    j = 0
    while j < m:
        end = j
        while end + 1 < m and ordered[end + 1] == ordered[j]:
            end += 1
        middle[j] = 0.5 * (j + end) - 0.5 * (m - 1)
        j = end + 1
    summed[0] = square = 0.0
    for j in range(m):
        # The first of the equal numbers, by halving without a guess.
        low, length = 0, m
        while length > 1:
            half = length // 2
            low += half if ordered[low + half - 1] < calm[j] else 0
            length -= half
        away = middle[low]
        summed[j + 1] = summed[j] + away
        square += away * away
    square /= m
    row[PLACE.rank_scan__14p__max] = _scan(summed, square, 14, m)
    if m >= 42:
        row[PLACE.rank_scan__28p__max] = _scan(summed, square, 28, m)


@nb.njit(nogil=True, cache=True)
def _scan(summed, square, width, m):
    most = -np.inf
    for j in range(m - width + 1):
        most = max(most, summed[j + width] - summed[j])
    return ratio(most, np.sqrt(square * width * (m - width) / (m - 1)))
