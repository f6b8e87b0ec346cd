"""Small compiled parts that the kernels of several feature families share: sums, orders, medians (extra ``fast``).

Each gives the bits of its NumPy counterpart: :func:`total` adds in the order of ``np.add.reduce`` over a contiguous last
axis (blocks of at most 128 numbers, eight running sums), a median or a quantile is taken from sorted numbers as in
:mod:`realreach.features.blocks`. Imported only by kernels.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

__all__ = [
    "at_least",
    "between",
    "copy",
    "deviation",
    "first_of",
    "highest",
    "lowest",
    "median",
    "median_of_sorted",
    "months",
    "quantile_of_sorted",
    "ratio",
    "sort",
    "total",
    "weeks",
]

_BLOCK = 128
_FOUR_BLOCKS = 400
"""Numbers that two halvings always bring down to blocks."""
_RUN = 12
"""Numbers that are put in order by insertion, before runs are merged."""


@nb.njit(nogil=True, cache=True, error_model="numpy")
def total(values, low, number):
    """Return the sum of ``values[low:low + number]`` in the order in which NumPy adds a contiguous axis."""
    return _few(values, low, number) if number <= _FOUR_BLOCKS else _many(values, low, number)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _few(values, low, number):
    if number <= _BLOCK:
        return _block(values[low : low + number])
    half = _half(number)
    return _pair(values[low : low + half]) + _pair(values[low + half : low + number])


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _half(number):
    half = number // 2
    return half - half % 8


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _block(values):
    number = len(values)
    if number < 8:
        out = 0.0
        for i in range(number):
            out += values[i]
        return out
    r0, r1, r2, r3 = values[0], values[1], values[2], values[3]
    r4, r5, r6, r7 = values[4], values[5], values[6], values[7]
    for block in range(1, number // 8):
        i = 8 * block
        r0 += values[i]
        r1 += values[i + 1]
        r2 += values[i + 2]
        r3 += values[i + 3]
        r4 += values[i + 4]
        r5 += values[i + 5]
        r6 += values[i + 6]
        r7 += values[i + 7]
    out = ((r0 + r1) + (r2 + r3)) + ((r4 + r5) + (r6 + r7))
    for i in range(number - number % 8, number):
        out += values[i]
    return out


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _pair(values):
    number = len(values)
    if number <= _BLOCK:
        return _block(values)
    half = _half(number)
    return _block(values[:half]) + _block(values[half:])


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _many(values, low, number):
    """Add a long axis without calling itself (a kernel that does cannot be kept on disk)."""
    # What is still to be added: first value and number of values; number 0: add the two last sums.
    firsts, numbers, sums = np.empty(128, np.int64), np.empty(128, np.int64), np.empty(64)
    firsts[0], numbers[0] = low, number
    left, done = 1, 0
    while left:
        left -= 1
        first, some = firsts[left], numbers[left]
        if some == 0:
            done -= 1
            sums[done - 1] += sums[done]
        elif some <= _FOUR_BLOCKS:
            sums[done] = _few(values, first, some)
            done += 1
        else:
            half = _half(some)
            numbers[left] = 0
            firsts[left + 1], numbers[left + 1] = first + half, some - half
            firsts[left + 2], numbers[left + 2] = first, half
            left += 3
    return sums[0]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def sort(values, number, spare):
    """Put ``values[:number]`` in ascending order; ``spare`` is scratch of the same length. NaN is not expected.

    A merge sort without a branch that depends on the numbers: a wrong guess costs more than a merge.
    """
    for low in range(0, number, _RUN):
        for i in range(low + 1, min(low + _RUN, number)):
            value = values[i]
            j = i - 1
            while j >= low and values[j] > value:
                values[j + 1] = values[j]
                j -= 1
            values[j + 1] = value
    width = _RUN
    source, target = values, spare
    turned = False
    while width < number:
        for low in range(0, number, 2 * width):
            middle, high = min(low + width, number), min(low + 2 * width, number)
            a, b, k = low, middle, low
            while a < middle and b < high:
                one, other = source[a], source[b]
                first = one <= other
                target[k] = one if first else other
                a += first
                b += not first
                k += 1
            for i in range(a, middle):
                target[k] = source[i]
                k += 1
            for i in range(b, high):
                target[k] = source[i]
                k += 1
        source, target = target, source
        turned = not turned
        width *= 2
    if turned:
        for i in range(number):
            values[i] = spare[i]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def median_of_sorted(ordered, number):
    """Return the median of ``ordered[:number]``, as :func:`realreach.features.blocks.median` does."""
    half = number // 2
    return ordered[half] if number % 2 else (ordered[half - 1] + ordered[half]) / 2.0


@nb.njit(nogil=True, cache=True, error_model="numpy")
def median(values, number, spare):
    """Return the median of ``values[:number]``; puts them in order."""
    first = values[0]
    same = True
    for i in range(1, number):
        same = same and values[i] == first
    if not same:
        sort(values, number, spare)
    return median_of_sorted(values, number)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def quantile_of_sorted(ordered, number, share):
    """Return the quantile of ``ordered[:number]``, as :func:`realreach.features.blocks.quantile` does."""
    at = share * (number - 1)
    low = int(np.floor(at))
    high = min(low + 1, number - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


@nb.njit(nogil=True, cache=True, error_model="numpy")
def ratio(above, below):
    """Return ``above / below``, NaN where ``below`` is not positive."""
    return above / below if below > 0.0 else np.nan


@nb.njit(nogil=True, cache=True, error_model="numpy")
def deviation(value, middle):
    """Return ``value - middle``, exactly 0 where they differ by rounding only."""
    away = value - middle
    return 0.0 if abs(away) <= 1e-12 * abs(value) else away


@nb.njit(nogil=True, cache=True, error_model="numpy")
def at_least(value, low):
    """Return the larger of two numbers, NaN where ``value`` is not known, as ``np.maximum`` does."""
    return low if value < low else value


@nb.njit(nogil=True, cache=True, error_model="numpy")
def between(value, low, high):
    """Return a number cut to a range, NaN where it is not known, as ``np.clip`` does."""
    return low if value < low else (high if value > high else value)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def weeks(values, number, out):
    """Fill the sum of each seven values in a row, added in pairs (see :func:`realreach.features.growth_bursts.weeks`)."""
    for j in range(number - 6):
        pair, next_pair = values[j] + values[j + 1], values[j + 2] + values[j + 3]
        out[j] = (pair + next_pair) + (values[j + 4] + values[j + 5]) + values[j + 6]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def months(seven, number):
    """Turn sums of seven of ``number`` values in a row into sums of 28, in place."""
    for j in range(number - 13):
        seven[j] = seven[j] + seven[j + 7]
    for j in range(number - 27):
        seven[j] = seven[j] + seven[j + 14]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def highest(values, number):
    """Return the largest of ``values[:number]``, minus infinity of none; eight at a time, for one comparison waits for the one before.

    NaN is not expected.
    """
    r0 = r1 = r2 = r3 = r4 = r5 = r6 = r7 = -np.inf
    even = number - number % 8
    for i in range(0, even, 8):
        r0 = values[i] if values[i] > r0 else r0
        r1 = values[i + 1] if values[i + 1] > r1 else r1
        r2 = values[i + 2] if values[i + 2] > r2 else r2
        r3 = values[i + 3] if values[i + 3] > r3 else r3
        r4 = values[i + 4] if values[i + 4] > r4 else r4
        r5 = values[i + 5] if values[i + 5] > r5 else r5
        r6 = values[i + 6] if values[i + 6] > r6 else r6
        r7 = values[i + 7] if values[i + 7] > r7 else r7
    for i in range(even, number):
        r0 = values[i] if values[i] > r0 else r0
    return max(max(max(r0, r1), max(r2, r3)), max(max(r4, r5), max(r6, r7)))


@nb.njit(nogil=True, cache=True, error_model="numpy")
def lowest(values, number):
    """Return the smallest of ``values[:number]``, infinity of none; as :func:`highest`."""
    r0 = r1 = r2 = r3 = r4 = r5 = r6 = r7 = np.inf
    even = number - number % 8
    for i in range(0, even, 8):
        r0 = values[i] if values[i] < r0 else r0
        r1 = values[i + 1] if values[i + 1] < r1 else r1
        r2 = values[i + 2] if values[i + 2] < r2 else r2
        r3 = values[i + 3] if values[i + 3] < r3 else r3
        r4 = values[i + 4] if values[i + 4] < r4 else r4
        r5 = values[i + 5] if values[i + 5] < r5 else r5
        r6 = values[i + 6] if values[i + 6] < r6 else r6
        r7 = values[i + 7] if values[i + 7] < r7 else r7
    for i in range(even, number):
        r0 = values[i] if values[i] < r0 else r0
    return min(min(min(r0, r1), min(r2, r3)), min(min(r4, r5), min(r6, r7)))


@nb.njit(nogil=True, cache=True, error_model="numpy")
def copy(values, number, out):
    """Fill ``out`` with ``values[:number]``: a third of what the assignment of a slice takes."""
    for i in range(number):
        out[i] = values[i]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def first_of(values, number, value):
    """Return where ``value`` stands first in ``values[:number]``, 0 if nowhere."""
    for i in range(number):
        if values[i] == value:
            return i
    return 0
