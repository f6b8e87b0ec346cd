"""Compiled kernels of the follower curve and its windows (numba, the extra ``fast``): one pass over each.

They do what :mod:`realreach.features.curve` and :mod:`realreach.features.windows` do with NumPy, in the same floating-point
operations in the same order; powers and orders of whole curves are NumPy's in both. Imported only by way of
:mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features.curve import LONGEST_INTERVAL
from realreach.features.expected import LOW_SHARE, WINDOW
from realreach.features.kernel_parts import median, sort

__all__ = ["surprises", "usual_growth"]

_LEAST_LOW = 1.5 * WINDOW
_POWERS = (10.0, 100.0, 1e3, 1e4, 1e5, 1e6)


@nb.njit(nogil=True, cache=True)
def usual_growth(first, last, counts, starts, day, level, gain, usual, rates, usual_days, step, low):
    """Fill gain and usual gain per day of each interval, the rows of gains per day (infinity beyond), and what is one a creator."""
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
        low[c] = _running_median(rate, m, usual, begin - base, days, spare)


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
    """Fill the running median (at both ends the window leans inwards); return the largest low quantile of the windows."""
    width = min(WINDOW, m if m % 2 else m - 1)
    half = width // 2
    for j in range(width):
        window[j] = rate[j]
    sort(window, width, spare)
    most = window[LOW_SHARE] if m >= _LEAST_LOW else np.nan
    middle = window[half]
    for j in range(half + 1):
        usual[at + j] = middle
    for j in range(width, m):
        _exchange(window, width, rate[j - width], rate[j])
        usual[at + j - half] = window[half]
        if window[min(LOW_SHARE, width - 1)] > most:
            most = window[LOW_SHARE]
    middle = window[half]
    for j in range(m - half, m):
        usual[at + j] = middle
    return most


@nb.njit(nogil=True, cache=True, inline="always")
def _exchange(window, width, old, new):
    """Take ``old`` out of a sorted window and put ``new`` in."""
    p = 0
    while p < width - 1 and window[p] != old:
        p += 1
    while p < width - 1 and window[p + 1] < new:
        window[p] = window[p + 1]
        p += 1
    while p > 0 and window[p - 1] > new:
        window[p] = window[p - 1]
        p -= 1
    window[p] = new


@nb.njit(nogil=True, cache=True)
def surprises(
    first, last, counts, starts, day, gain, usual, power, usual_days, step, expected, variance, surprise, rows
):
    """Fill expected gain, variance and surprise of each interval, and rows of surprise without its sign (infinity beyond)."""
    base = starts[first]
    for c in range(first, last):
        begin, m = starts[c], starts[c + 1] - starts[c]
        away, h = rows[c - first], counts[c]
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
