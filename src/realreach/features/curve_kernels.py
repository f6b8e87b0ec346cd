"""Compiled kernels of the follower curve and its windows (numba, the extra ``fast``): one pass over each.

They do what :mod:`realreach.features.curve` and :mod:`realreach.features.windows` do with NumPy, in the same floating-point
operations in the same order; powers and orders of whole curves are NumPy's in both. Imported only by way of
:mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features.curve import LONGEST_INTERVAL, OF_CREATOR, STORED
from realreach.features.expected import LOW_SHARE, WINDOW
from realreach.features.kernel_parts import median, median_of_sorted, sort

__all__ = ["calm_growth", "noises", "surprises", "usual_growth"]

_GAIN, _EXPECTED, _VARIANCE, _SURPRISE = range(len(STORED))
_CALM, _CALM_POWER, _USUAL_DAYS, _STEP, _NOISE, _LOW = range(len(OF_CREATOR))

_LEAST_LOW = 1.5 * WINDOW
_POWERS = (10.0, 100.0, 1e3, 1e4, 1e5, 1e6)


@nb.njit(nogil=True, cache=True)
def usual_growth(first, last, counts, starts, history, cells, usual, rates, own):
    """Fill gain and usual gain per day of each interval, the rows of gains per day (infinity beyond), and what is one a creator."""
    day, level, gain = history[0], history[1], cells[_GAIN]
    usual_days, step, low = own[_USUAL_DAYS], own[_STEP], own[_LOW]
    most = rates.shape[1]
    days, spare = np.empty(most), np.empty(most)
    base = starts[first]
    for c in range(first, last):
        begin, m = starts[c], starts[c + 1] - starts[c]
        rate = rates[c - first]
        for j in range(m, most):
            rate[j] = np.inf
        if m == 0:
            continue
        h = counts[c]
        for j in range(m):
            days[j] = day[h + j + 1] - day[h + j]
            won = level[h + j + 1] - level[h + j]
            gain[begin + j] = won
            rate[j] = won / days[j]
        usual_days[c] = median(days, m, spare)
        step[c] = _rounding(level, h, m + 1)
        # The days are read: their place holds the window.
        _running_median(rate, m, usual, begin - base, days, spare)
        low[c] = _best_low(rate, m, days, spare)


@nb.njit(nogil=True, cache=True)
def _rounding(level, low, number):
    """Return what rounding adds to the spread: 0.7 of the power of ten that nearly all counts are rounded to, 0 if exact."""
    step = 1.0
    for power in _POWERS:
        fit = 0
        for i in range(low, low + number):
            scaled = level[i] / power
            fit += scaled == np.floor(scaled)
        if not fit / number >= 0.95:
            break
        step = power
    return 0.7 * step if step > 1.0 else 0.0


@nb.njit(nogil=True, cache=True)
def _running_median(rate, m, usual, at, window, spare):
    """Fill the running median (at both ends the window leans inwards).

    Where one number goes and one comes, the median stays or moves to its neighbour, which one look at the window finds.
    """
    width = min(WINDOW, m if m % 2 else m - 1)
    half = width // 2
    for j in range(width):
        window[j] = rate[j]
    sort(window, width, spare)
    middle = window[half]
    below, same = _standing(rate, 0, width, middle)
    for j in range(half + 1):
        usual[at + j] = middle
    for j in range(width, m):
        old, new = rate[j - width], rate[j]
        below += int(new < middle) - int(old < middle)
        same += int(new == middle) - int(old == middle)
        if below > half or below + same <= half:
            low, high = _neighbours(rate, j - width + 1, width, middle)
            middle = low if below > half else high
            below, same = _standing(rate, j - width + 1, width, middle)
        usual[at + j - half] = middle
    for j in range(m - half, m):
        usual[at + j] = middle


@nb.njit(nogil=True, cache=True)
def _standing(rate, first, width, value):
    """Return how many numbers of a window are smaller than a value, and how many are equal."""
    below = same = 0
    for i in range(first, first + width):
        below += rate[i] < value
        same += rate[i] == value
    return below, same


@nb.njit(nogil=True, cache=True)
def _neighbours(rate, first, width, value):
    """Return the largest number of a window below a value, and the smallest above it."""
    low0 = low1 = low2 = low3 = -np.inf
    high0 = high1 = high2 = high3 = np.inf
    even = first + width - width % 4
    for i in range(first, even, 4):
        a, b, c, d = rate[i], rate[i + 1], rate[i + 2], rate[i + 3]
        low0 = a if low0 < a < value else low0
        low1 = b if low1 < b < value else low1
        low2 = c if low2 < c < value else low2
        low3 = d if low3 < d < value else low3
        high0 = a if value < a < high0 else high0
        high1 = b if value < b < high1 else high1
        high2 = c if value < c < high2 else high2
        high3 = d if value < d < high3 else high3
    for i in range(even, first + width):
        low0 = rate[i] if low0 < rate[i] < value else low0
        high0 = rate[i] if value < rate[i] < high0 else high0
    return max(max(low0, low1), max(low2, low3)), min(min(high0, high1), min(high2, high3))


@nb.njit(nogil=True, cache=True)
def _best_low(rate, m, window, spare):
    """Return the largest low quantile of all windows, NaN where there are too few: most windows are seen not to reach the best so far."""
    if m < _LEAST_LOW:
        return np.nan
    most, reached = -np.inf, 0
    for j in range(WINDOW - 1, m):
        if j >= WINDOW:
            reached += int(rate[j] <= most) - int(rate[j - WINDOW] <= most)
        if reached > LOW_SHARE:
            continue
        for i in range(WINDOW):
            window[i] = rate[j - WINDOW + 1 + i]
        sort(window, WINDOW, spare)
        most = max(most, window[LOW_SHARE])
        below, same = _standing(rate, j - WINDOW + 1, WINDOW, most)
        reached = below + same
    return most


@nb.njit(nogil=True, cache=True)
def calm_growth(first, last, starts, rows, usual, own):
    """Fill the median gain per day of each creator from sorted rows, behind the usual gains too; 1 where there is none."""
    behind = starts[last] - starts[first] - first
    for c in range(first, last):
        own[_CALM, c] = usual[behind + c] = _middle(rows[c - first], starts[c + 1] - starts[c])


@nb.njit(nogil=True, cache=True)
def noises(first, last, starts, rows, own):
    """Fill the spread of the surprise itself from sorted rows of its size."""
    for c in range(first, last):
        own[_NOISE, c] = max(1.4826 * _middle(rows[c - first], starts[c + 1] - starts[c]), 1.0)


@nb.njit(nogil=True, cache=True)
def _middle(ordered, number):
    return median_of_sorted(ordered, number) if number else 1.0


@nb.njit(nogil=True, cache=True)
def surprises(first, last, counts, starts, history, usual, power, own, cells, rows):
    """Fill expected gain, variance and surprise of each interval, and rows of surprise without its sign (infinity beyond)."""
    base, behind = starts[first], starts[last] - starts[first] - first
    day, usual_days, step = history[0], own[_USUAL_DAYS], own[_STEP]
    gain, expected, variance, surprise = cells[_GAIN], cells[_EXPECTED], cells[_VARIANCE], cells[_SURPRISE]
    for c in range(first, last):
        begin, m = starts[c], starts[c + 1] - starts[c]
        away, h = rows[c - first], counts[c]
        own[_CALM_POWER, c] = power[behind + c]
        for j in range(m, rows.shape[1]):
            away[j] = np.inf
        square = step[c] * step[c]
        longest = 3.0 * usual_days[c] if usual_days[c] <= LONGEST_INTERVAL else -1.0
        for j in range(m):
            days = day[h + j + 1] - day[h + j]
            at = begin - base + j
            spread = 2.0 * power[at] * np.sqrt(days)
            variance[begin + j] = spread * spread
            expected[begin + j] = usual[at] * days
            here = (gain[begin + j] - expected[begin + j]) / np.sqrt(variance[begin + j] + square)
            away[j] = abs(here)
            surprise[begin + j] = here if days <= longest else np.nan
