"""Compiled kernel of what a delivery leaves in a curve (numba, the extra ``fast``).

It does what :mod:`realreach.features.deliveries` does with NumPy, in the same floating-point operations in the same order, for one curve of
``m`` intervals; ``row`` takes the measures. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features.deliveries import NEXT
from realreach.features.growth_measures import PLACE
from realreach.features.kernel_parts import at_least, between, copy, first_of, highest, ratio, sort, total, weeks

__all__ = ["deliveries"]

_IN_BLOCK = 8
"""Windows of which the best is kept: where some are struck out, only theirs is looked for again."""


@nb.njit(nogil=True, cache=True, error_model="numpy")
def deliveries(row, gain, eligible, whole, ordered_gain, order, is_order, logs, m, work, calm):
    """Measure blocks and drips.

    ``logs`` is ln of each share of the gains; ``order`` the places of the gains in ascending order, if ``is_order``; ``calm`` is scratch.
    """
    half, a, b = m // 2, work[0], work[1]
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
    _spread_out(row, a, ordered, logs, m, all_won, b, work[2])
    if all_won > 0.0:
        _single(row, calm, ordered, usual, m, all_won, b)
        _triple(row, calm, m, all_won, a, b, work[2])
    if m >= 21:
        if is_order:
            _ranks(ordered, order, m, a, b)
        else:
            _ranks_by_search(calm, ordered, m, a, b)
        _rank_scans(row, a, m, b, work[2])


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _lead(above, below):
    return (at_least(above, 0.0) + 1.0) / (at_least(below, 0.0) + 1.0)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _pair(calm, one, other, m):
    """Return the mean of two intervals, of which one or both may lie beyond the ends of the curve (NaN)."""
    first = calm[one] if 0 <= one < m else np.nan
    second = calm[other] if 0 <= other < m else np.nan
    return _mean_of_known(first, second)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _mean_of_known(first, second):
    if np.isnan(first):
        return second
    return first if np.isnan(second) else 0.5 * (first + second)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _single(row, calm, ordered, usual, m, all_won, pairs):
    """Describe the best interval: lead, neighbours on both sides, best pair."""
    for j in range(m - 1):
        pairs[j] = calm[j + 1] + calm[j]
    pair = highest(pairs, m - 1)
    top, others = ordered[m - 1], min(NEXT, m - 1)
    best = first_of(calm, m, top)
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


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _triple(row, calm, m, all_won, sums, spare, most):
    """Describe the best three intervals in a row against windows that do not touch them."""
    windows = m - 2
    for j in range(windows):
        sums[j] = calm[j + 2] + calm[j + 1] + calm[j]
    copy(sums, windows, spare)
    spare[windows : windows + _IN_BLOCK] = -np.inf
    blocks = (windows + _IN_BLOCK - 1) // _IN_BLOCK
    for k in range(blocks):
        most[k] = highest(spare[k * _IN_BLOCK :], _IN_BLOCK)
    first = at = _best_of(spare, most, blocks)
    best, summed, second, count = sums[first], 0.0, np.nan, 0
    for k in range(NEXT):
        low, high = max(at - 2, 0), min(at + 3, windows)
        spare[low:high] = -np.inf
        for block in range(low // _IN_BLOCK, (high - 1) // _IN_BLOCK + 1):
            most[block] = highest(spare[block * _IN_BLOCK :], _IN_BLOCK)
        at = _best_of(spare, most, blocks)
        if np.isfinite(spare[at]):
            summed += at_least(spare[at], 0.0)
            count += 1
            if k == 0:
                second = spare[at]
    low, high = max(first - 2, 0), min(first + 3, windows)
    number = windows - (high - low)
    copy(sums, windows, spare)
    spare[low:high] = 0.0
    middle = total(spare, 0, windows) / max(number, 1)
    for j in range(windows):
        away = sums[j] - middle
        spare[j] = away * away
    spare[low:high] = 0.0
    variance = total(spare, 0, windows) / max(number, 1)
    row[PLACE.window_share__3p__max] = between(ratio(best, all_won), 0.0, 1.0)
    if count:
        row[PLACE.window_lead__3p__log] = _lead(best, summed / count)
        row[PLACE.window_second__3p__log] = _lead(best, second)
    if number >= 5:
        row[PLACE.window_surprise__3p__log] = at_least(best - middle, 0.0) / np.sqrt(
            variance + at_least(middle, 0.0) + 1.0
        )
    beside = _mean_of_known(_pair(calm, first - 1, first - 2, m), _pair(calm, first + 3, first + 4, m))
    row[PLACE.window_edge__3p__log] = _lead(beside, best / 3.0)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _best_of(values, most, blocks):
    """Return where the largest value stands first; ``most`` holds the largest of each block."""
    value = highest(most, blocks)
    block = first_of(most, blocks, value)
    return block * _IN_BLOCK + first_of(values[block * _IN_BLOCK :], _IN_BLOCK, value)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _spread_out(row, won, ordered, logs, m, all_won, b, cubes):
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
        cubes[j] = share * share * share
    row[PLACE.surprisal] = -total(b, 0, m)
    row[PLACE.cubes] = total(cubes, 0, m)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _ranks(ordered, order, m, ranks, begins):
    """Fill the rank of each number less that of the middle, ties with their mean rank."""
    # Without a branch: where equal numbers begin, then where they end.
    begin, end, middle = 0.0, m - 1.0, 0.5 * (m - 1)
    begins[0] = 0.0
    for k in range(1, m):
        begin = begin if ordered[k] == ordered[k - 1] else float(k)
        begins[k] = begin
    for k in range(m - 1, 0, -1):
        ranks[order[k]] = 0.5 * (begins[k] + end) - middle
        end = end if ordered[k] == ordered[k - 1] else k - 1.0
    ranks[order[0]] = 0.5 * end - middle


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _ranks_by_search(calm, ordered, m, ranks, middle):
    """Fill the same where the order is not at hand."""
    j = 0
    while j < m:
        end = j
        while end + 1 < m and ordered[end + 1] == ordered[j]:
            end += 1
        middle[j] = 0.5 * (j + end) - 0.5 * (m - 1)
        j = end + 1
    for j in range(m):
        # The first of the equal numbers.
        low, high = 0, m
        while low < high:
            half = (low + high) // 2
            if ordered[half] < calm[j]:
                low = half + 1
            else:
                high = half
        ranks[j] = middle[low]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _rank_scans(row, ranks, m, summed, squares):
    """Find the largest rank sums over 14 and 28 intervals in a row; halves of whole numbers, exact in any order."""
    for j in range(m):
        squares[j] = ranks[j] * ranks[j]
    square = total(squares, 0, m) / m
    weeks(ranks, m, summed)
    for j in range(m - 13):
        summed[j] = summed[j] + summed[j + 7]
    row[PLACE.rank_scan__14p__max] = _scan(summed, square, 14, m)
    if m >= 42:
        for j in range(m - 27):
            summed[j] = summed[j] + summed[j + 14]
        row[PLACE.rank_scan__28p__max] = _scan(summed, square, 28, m)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _scan(summed, square, width, m):
    return ratio(highest(summed, m - width + 1), np.sqrt(square * width * (m - width) / (m - 1)))
