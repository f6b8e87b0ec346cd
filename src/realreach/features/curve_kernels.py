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
from realreach.features.kernel_parts import median, median_of_sorted

__all__ = ["gains_per_day", "noises", "surprises", "usual_growth"]

_GAIN, _EXPECTED, _VARIANCE, _SURPRISE = range(len(STORED))
_CALM, _CALM_POWER, _USUAL_DAYS, _STEP, _NOISE, _LOW = range(len(OF_CREATOR))

_LEAST_LOW = 1.5 * WINDOW
_POWERS = (10.0, 100.0, 1e3, 1e4, 1e5, 1e6)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def gains_per_day(first, last, counts, starts, history, cells, rates, own):
    """Fill the gain of each interval, rows of gains per day (infinity beyond), and length of an interval and rounding of each creator."""
    day, level, gain = history[0], history[1], cells[_GAIN]
    usual_days, step = own[_USUAL_DAYS], own[_STEP]
    most = rates.shape[1]
    days, spare = np.empty(most), np.empty(most)
    for c in range(first, last):
        begin, m, h = starts[c], starts[c + 1] - starts[c], counts[c]
        rate = rates[c - first]
        rate[m:] = np.inf
        if m == 0:
            continue
        d, followers, won = day[h : h + m + 1], level[h : h + m + 1], gain[begin : begin + m]
        for j in range(m):
            days[j] = d[j + 1] - d[j]
            won[j] = followers[j + 1] - followers[j]
            rate[j] = won[j] / days[j]
        usual_days[c] = median(days, m, spare)
        step[c] = _rounding(followers, m + 1)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _rounding(level, number):
    """Return what rounding adds to the spread: 0.7 of the power of ten that nearly all counts are rounded to, 0 if exact."""
    step = 1.0
    for power in _POWERS:
        fit = 0
        for i in range(number):
            scaled = level[i] / power
            fit += scaled == np.floor(scaled)
        if not fit / number >= 0.95:
            break
        step = power
    return 0.7 * step if step > 1.0 else 0.0


@nb.njit(nogil=True, cache=True, error_model="numpy")
def usual_growth(first, last, starts, rates, orders, order, usual, own):
    """Fill the usual gain per day of each interval, the calm one of each creator (behind the others too), and its slow days.

    ``orders`` holds the places of each row's gains per day in ascending order; ``order`` keeps them for others.
    """
    base, behind = starts[first], starts[last] - starts[first] - first
    place, words = np.empty(rates.shape[1], dtype=np.int64), np.empty(rates.shape[1] // 64 + 1, dtype=np.uint64)
    for c in range(first, last):
        begin, m = starts[c], starts[c + 1] - starts[c]
        if m == 0:
            own[_CALM, c] = usual[behind + c] = 1.0
            continue
        rate, own_order, kept = rates[c - first], orders[c - first, :m], order[begin : begin + m]
        for k in range(m):
            kept[k] = own_order[k]
            place[own_order[k]] = k
        half, at = m // 2, begin - base
        middle = rate[own_order[half]]
        own[_CALM, c] = usual[behind + c] = middle if m % 2 else (rate[own_order[half - 1]] + middle) / 2.0
        own[_LOW, c] = _through_windows(rate, own_order, place, words, m, usual[at : at + m])


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _through_windows(rate, order, place, words, m, usual):
    """Fill the running median (at both ends the window leans inwards); return the best low quantile of a window, NaN where there are too few.

    The window is a set of bits, one for each place in the order of all gains. Where one goes and one comes, the median
    stays or moves to the next bit, and the best low quantile only ever moves up.
    """
    width = min(WINDOW, m if m % 2 else m - 1)
    half = width // 2
    words[:] = _NONE
    for j in range(width):
        words[place[j] >> 6] |= _ONE << np.uint64(place[j] & 63)
    middle = _next(words, -1)
    for _ in range(half):
        middle = _next(words, middle)
    below = half
    # The place up to which at most so many numbers of a window may lie that its low quantile is above.
    best, reached, asked = -1, 0, m >= _LEAST_LOW
    while asked and reached <= LOW_SHARE:
        best = _next(words, best)
        reached += 1
    for j in range(half + 1):
        usual[j] = rate[order[middle]]
    for j in range(width, m):
        old, new = place[j - width], place[j]
        words[old >> 6] ^= _ONE << np.uint64(old & 63)
        words[new >> 6] |= _ONE << np.uint64(new & 63)
        below += int(new < middle) - int(old < middle)
        if below > half:
            middle = _last_before(words, middle)
        elif below < half or old == middle:
            middle = _next(words, middle)
        below = half
        usual[j - half] = rate[order[middle]]
        reached += int(new <= best) - int(old <= best)
        while asked and reached <= LOW_SHARE:
            best = _next(words, best)
            reached += 1
    for j in range(m - half, m):
        usual[j] = rate[order[middle]]
    return rate[order[best]] if asked else np.nan


_NONE, _ONE = np.uint64(0), np.uint64(1)
_SEQUENCE = np.uint64(0x03F79D71B4CB0A89)
"""A de Bruijn sequence: its every six bits are another number, so that a product with it tells the place of a bit."""
_PLACES = np.zeros(64, dtype=np.int64)
for _place in range(64):
    _PLACES[(int(_SEQUENCE) << _place) % (1 << 64) >> 58] = _place
_TOP_SIX = np.uint64(58)
_SHIFTS = tuple(np.uint64(1 << power) for power in range(6))


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _next(words, at):
    """Return the place of the first bit after ``at``, which there must be."""
    at += 1
    word = at >> 6
    bits = words[word] >> np.uint64(at & 63) << np.uint64(at & 63)
    while bits == _NONE:
        word += 1
        bits = words[word]
    lowest = bits & (~bits + _ONE)
    return (word << 6) + _PLACES[(lowest * _SEQUENCE) >> _TOP_SIX]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _last_before(words, at):
    """Return the place of the last bit before ``at``, which there must be."""
    word = at >> 6
    bits = words[word] & ((_ONE << np.uint64(at & 63)) - _ONE)
    while bits == _NONE:
        word -= 1
        bits = words[word]
    for shift in _SHIFTS:
        bits |= bits >> shift
    highest = bits ^ (bits >> _ONE)
    return (word << 6) + _PLACES[(highest * _SEQUENCE) >> _TOP_SIX]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def surprises(first, last, counts, starts, history, usual, power, own, cells, rows):
    """Fill expected gain, variance and surprise of each interval, and rows of surprise without its sign (infinity beyond)."""
    base, behind = starts[first], starts[last] - starts[first] - first
    day, usual_days, step = history[0], own[_USUAL_DAYS], own[_STEP]
    for c in range(first, last):
        begin, m, h = starts[c], starts[c + 1] - starts[c], counts[c]
        away, at = rows[c - first], begin - base
        own[_CALM_POWER, c] = power[behind + c]
        away[m:] = np.inf
        square = step[c] * step[c]
        longest = 3.0 * usual_days[c] if usual_days[c] <= LONGEST_INTERVAL else -1.0
        d, gain, rate, powers = (
            day[h : h + m + 1],
            cells[_GAIN, begin : begin + m],
            usual[at : at + m],
            power[at : at + m],
        )
        expected, variance = cells[_EXPECTED, begin : begin + m], cells[_VARIANCE, begin : begin + m]
        surprise = cells[_SURPRISE, begin : begin + m]
        for j in range(m):
            days = d[j + 1] - d[j]
            spread = 2.0 * powers[j] * np.sqrt(days)
            variance[j] = spread * spread
            expected[j] = rate[j] * days
            here = (gain[j] - expected[j]) / np.sqrt(variance[j] + square)
            away[j] = abs(here)
            surprise[j] = here if days <= longest else np.nan


@nb.njit(nogil=True, cache=True, error_model="numpy")
def noises(first, last, starts, rows, own):
    """Fill the spread of the surprise itself from sorted rows of its size."""
    for c in range(first, last):
        number = starts[c + 1] - starts[c]
        own[_NOISE, c] = max(1.4826 * median_of_sorted(rows[c - first], number), 1.0) if number else 1.4826
