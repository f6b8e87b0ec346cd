"""Compiled kernel of the windows of unusual growth (numba, the extra ``fast``): a creator's search from end to end.

It does what :mod:`realreach.features.windows` does with NumPy, in the same floating-point operations in the same order.
Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features.curve import MINIMUM_DAYS, OF_CREATOR, STORED
from realreach.features.kernel_parts import first_of, highest
from realreach.features.windows import HOT, LEAST_SHARE, LEAST_SURPRISE, LONG, MOST_WINDOWS, WIDTHS

__all__ = ["find_windows"]

_GAIN, _EXPECTED, _VARIANCE, _SURPRISE = range(len(STORED))
_CALM, _CALM_POWER, _, _STEP, _NOISE, _ = range(len(OF_CREATOR))


@nb.njit(nogil=True, cache=True, error_model="numpy")
def find_windows(counts, starts, history, cells, own):
    """Return owner, first and last interval, and start, end, gain, expected, level and surprise, of all windows in order."""
    day, level = history[0], history[1]
    surprise = cells[_SURPRISE]
    calm, calm_power, step, noise = own[_CALM], own[_CALM_POWER], own[_STEP], own[_NOISE]
    creators = len(starts) - 1
    most = 1
    for c in range(creators):
        most = max(most, starts[c + 1] - starts[c])
    # Running sums: gain, expected, variance, calm expected, calm variance; gaps.
    sums = np.zeros((5, most + 1))
    bad = np.zeros(most + 1, dtype=np.int64)
    found = np.empty((2, (len(WIDTHS) + 1) * most), dtype=np.int64)
    score, least, excess = np.empty((len(WIDTHS) + 1) * most), np.empty(most), np.empty(most)
    enough = np.empty(most, dtype=np.bool_)
    taken = np.empty((2, MOST_WINDOWS), dtype=np.int64)
    whole = np.empty((3, creators * MOST_WINDOWS), dtype=np.int64)
    measured = np.empty((6, creators * MOST_WINDOWS))
    n = 0
    for c in range(creators):
        begin, end, h = starts[c], starts[c + 1], counts[c]
        m = end - begin
        if m == 0 or day[h + m] - day[h] < MINIMUM_DAYS:
            continue
        square = step[c] * step[c]
        of_curve = cells[:, begin:end]
        gaps = _fill(sums, bad, day[h : h + m + 1], of_curve, calm[c], 2.0 * calm_power[c])
        candidates = _candidates(
            sums, bad, gaps, m, level[h : h + m], square, noise[c], least, excess, enough, found, score
        )
        if candidates == 0:
            continue
        windows = _join(taken, _greedy(found, score, candidates, surprise[begin:end], taken))
        for k in range(windows):
            low, high = taken[0, k], taken[1, k] + 1
            kind = 2 if high - low >= LONG else 0
            won = sums[0, high] - sums[0, low]
            usual = sums[1 + kind, high] - sums[1 + kind, low]
            spread = np.sqrt(max(sums[2 + kind, high] - sums[2 + kind, low] + square, 1e-9))
            whole[0, n], whole[1, n], whole[2, n] = c, begin + low, begin + high - 1
            measured[0, n], measured[1, n] = day[h + low], day[h + high]
            measured[2, n], measured[3, n], measured[4, n] = won, usual, level[h + low]
            measured[5, n] = (won - usual) / spread / noise[c]
            n += 1
    return whole[:, :n].copy(), measured[:, :n].copy()


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _fill(sums, bad, day, of_curve, calm, power):
    """Fill the running sums of a curve; return how many gaps there are."""
    gain, expected, variance, surprise = of_curve[_GAIN], of_curve[_EXPECTED], of_curve[_VARIANCE], of_curve[_SURPRISE]
    won = usual = spreads = calm_usual = calm_spreads = 0.0
    gaps = 0
    for j in range(len(gain)):
        days = day[j + 1] - day[j]
        spread = power * np.sqrt(days)
        won += gain[j]
        usual += expected[j]
        spreads += variance[j]
        calm_usual += calm * days
        calm_spreads += spread * spread
        gaps += surprise[j] != surprise[j]
        sums[0, j + 1], sums[1, j + 1], sums[2, j + 1] = won, usual, spreads
        sums[3, j + 1], sums[4, j + 1] = calm_usual, calm_spreads
        bad[j + 1] = gaps
    return gaps


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _candidates(sums, bad, gaps, m, level, square, noise, least, excess, enough, found, score):
    """Fill first interval, last interval and surprise of every stretch that is unusual enough; return how many there are."""
    for j in range(m):
        least[j] = LEAST_SHARE * (1.0 if level[j] < 1.0 else level[j])
    n = 0
    for width in WIDTHS:
        # At most half of the curve.
        if m < 2 * width:
            break
        kind = 2 if width >= LONG else 0
        stretches = m - width + 1
        many = _beyond(sums[0], sums[1 + kind], width, stretches, least, excess, enough)
        if many and gaps:
            later = bad[width:]
            for low in range(stretches):
                enough[low] = enough[low] and later[low] == bad[low]
        if many:
            n = _unusual(sums[2 + kind], width, stretches, square, noise, excess, enough, found, score, n)
    return n


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _beyond(gain, expected, width, stretches, least, excess, enough):
    """Fill the gain beyond the usual one of each stretch, and whether it is of any weight; return how many are."""
    later_gain, later_expected = gain[width:], expected[width:]
    many = 0
    for low in range(stretches):
        excess[low] = (later_gain[low] - gain[low]) - (later_expected[low] - expected[low])
    for low in range(stretches):
        enough[low] = excess[low] >= least[low]
        many += enough[low]
    return many


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _unusual(variance, width, stretches, square, noise, excess, enough, found, score, n):
    """Add the stretches of one width that are unusual enough; return how many there are then."""
    # Without a branch: each is written, and the place moves on where it counts.
    first, last = found[0, n:], found[1, n:]
    some = 0
    for low in range(stretches):
        first[some] = low
        some += enough[low]
    surprise, kept = score[n:], 0
    for k in range(some):
        low = first[k]
        spread = np.sqrt(max(variance[low + width] - variance[low] + square, 1e-9))
        surprise[k] = excess[low] / spread / noise
    for k in range(some):
        z = surprise[k]
        first[kept], last[kept], surprise[kept] = first[k], first[k] + width - 1, z
        kept += z >= LEAST_SURPRISE
    return n + kept


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _greedy(found, score, candidates, surprise, taken):
    """Take the most surprising stretch (the shorter, then the older one of two), grow it, drop what overlaps, and go on."""
    rounds = 0
    first, last = found[0], found[1]
    while rounds < MOST_WINDOWS and candidates > 0:
        best = first_of(score, candidates, highest(score, candidates))
        low, high = first[best], last[best]
        # Over its hot neighbours.
        while low > 0 and surprise[low] > HOT and surprise[low - 1] > HOT:
            low -= 1
        while high < len(surprise) - 1 and surprise[high] > HOT and surprise[high + 1] > HOT:
            high += 1
        taken[0, rounds], taken[1, rounds] = low, high
        rounds += 1
        left = 0
        for i in range(candidates):
            # One cold interval between two windows at least: what touches belongs together.
            begin, end, z = first[i], last[i], score[i]
            first[left], last[left], score[left] = begin, end, z
            left += (end < low - 1) | (begin > high + 1)
        candidates = left
    return rounds


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _join(taken, rounds):
    """Put windows in order of time and make those that overlap one; return how many there are."""
    for i in range(1, rounds):
        low, high = taken[0, i], taken[1, i]
        j = i - 1
        while j >= 0 and taken[0, j] > low:
            taken[0, j + 1], taken[1, j + 1] = taken[0, j], taken[1, j]
            j -= 1
        taken[0, j + 1], taken[1, j + 1] = low, high
    n = 0
    for i in range(rounds):
        if n and taken[0, i] <= taken[1, n - 1]:
            taken[1, n - 1] = max(taken[1, n - 1], taken[1, i])
        else:
            taken[0, n], taken[1, n] = taken[0, i], taken[1, i]
            n += 1
    return n
