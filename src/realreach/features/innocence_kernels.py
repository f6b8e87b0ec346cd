"""Compiled kernels of the innocence test (numba, the extra ``fast``): the facts around each window, what they explain, what is left.

They do what :mod:`realreach.features.window_facts` and :mod:`realreach.features.explanations` do in NumPy, in the same floating-point operations in the same
order, so that the results are equal to the last bit. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features.curve import MINIMUM_DAYS, OF_CREATOR, STORED
from realreach.features.explanations import FOLLOW_BACK, OF_CURVE, PARTLY, USUAL_SURPRISE
from realreach.features.post_kernel_parts import most_counted
from realreach.features.post_rows import LEAST_POSTS, ROW_OF
from realreach.features.window_facts import AFTER_DAYS, BACK, BEFORE_DAYS, FOLLOWED_BACK, POSTS_BEFORE, TAIL

__all__ = ["facts_of_curve", "facts_of_posts", "strengths", "totals"]

_DAY, _LOG_LIKES = ROW_OF["day"], ROW_OF["log_likes"]
_OF_CURVE, _PARTLY, _USUAL_SURPRISE, _FOLLOW_BACK = len(OF_CURVE), PARTLY, USUAL_SURPRISE, FOLLOW_BACK
_MINIMUM_DAYS = MINIMUM_DAYS
_GAIN, _EXPECTED, _SURPRISE = (STORED.index(name) for name in ("gain", "expected", "surprise"))
_STEP = OF_CREATOR.index("step")
_START, _END, _WON, _USUAL, _BEFORE, _UNUSUAL = range(6)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def facts_of_curve(places, starts, cells, counts, history, out) -> None:
    """Fill the first four facts of each window: top, tail, gap, followed."""
    owner, first, last = places[0], places[1], places[2]
    gain, expected, surprise = cells[_GAIN], cells[_EXPECTED], cells[_SURPRISE]
    followers, following = history[1], history[2]
    for i in range(len(owner)):
        begin, end = starts[owner[i]], starts[owner[i] + 1]
        low, high, shift = first[i], last[i], counts[owner[i]] - begin
        out[0, i] = _highest(followers, max(low - BACK, begin) + shift, low + 1 + shift)
        tail = 0.0
        for row in range(high + 1, min(high + 1 + TAIL, end)):
            if np.isnan(surprise[row]):
                break
            tail += gain[row] - expected[row]
        out[1, i] = tail
        out[2, i] = (low > begin and np.isnan(surprise[low - 1])) or (high + 1 < end and np.isnan(surprise[high + 1]))
        row = max(low - FOLLOWED_BACK, begin) + shift
        followed = _highest(following, row, high + shift + 2) - following[row]
        out[3, i] = max(followed, 0.0) if np.isfinite(followed) else 0.0


@nb.njit(nogil=True, cache=True)
def _highest(values, low, high):
    """Return the largest known number of ``values[low:high]``; NaN where none is known."""
    most = np.nan
    for row in range(low, high):
        if np.isnan(most) or values[row] > most:
            most = values[row]
    return most


@nb.njit(nogil=True, cache=True)
def _first_from(days, low, high, day):
    """Return the first of the posts ``low:high`` at or after a whole day."""
    while low < high:
        middle = (low + high) // 2
        if np.floor(days[middle]) < day:
            low = middle + 1
        else:
            high = middle
    return low


@nb.njit(nogil=True, cache=True, error_model="numpy")
def facts_of_posts(places, numbers, growth, every_starts, every, starts, posts, strength, out) -> None:
    """Fill the other facts of each window: lift, strength, answer, asked, low, high."""
    owner, start, end = places[0], numbers[_START], numbers[_END]
    days, every_day = posts[_DAY], every[_DAY]
    before = -1
    counted = 0
    for i in range(len(owner)):
        first, stop = starts[owner[i]], starts[owner[i] + 1]
        from_, until = np.ceil(start[i] - BEFORE_DAYS), np.ceil(end[i] + 1.0)
        low, later = _first_from(days, first, stop, from_), _first_from(days, first, stop, until)
        for kind in range(2):
            most = -np.inf
            for row in range(low, later):
                for count in range(3):
                    value = strength[kind, count, row]
                    if value > most:
                        most = value
            out[4 + kind, i] = most
        begin = _first_from(days, first, stop, np.ceil(start[i] - 1.0))
        finish = max(_first_from(days, first, stop, np.ceil(end[i] + AFTER_DAYS)), later)
        out[6, i] = _answer(posts, max(begin - POSTS_BEFORE, first), begin, later, finish, growth[i])
        if owner[i] != before:
            before = owner[i]
            counted = most_counted(strength, first, stop)
        out[7, i] = counted >= LEAST_POSTS and first < stop and start[i] >= days[first]
        first, stop = every_starts[owner[i]], every_starts[owner[i] + 1]
        out[8, i] = _first_from(every_day, first, stop, from_)
        out[9, i] = max(_first_from(every_day, first, stop, until), out[8, i])


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _answer(posts, low, begin, later, finish, growth):
    """Return the log likelihood ratio of the later posts, the mean over likes, comments and views."""
    summed, number = 0.0, 0
    for count in range(3):
        values = posts[_LOG_LIKES + count]
        n0, m0, v0 = _moments(values, low, begin)
        n1, m1, v1 = _moments(values, later, finish)
        if n0 < 2 or n1 < 1:
            continue
        pooled = (n0 * v0 + n1 * v1) / max(n0 + n1 - 2.0, 1.0) + 0.02
        square = pooled * (1.0 / max(n0, 1.0) + 1.0 / max(n1, 1.0)) + 0.01
        summed += ((m1 - m0) * growth - 0.5 * (growth * growth)) / square
        number += 1
    return min(max(summed / max(number, 1), -6.0), 6.0)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _moments(values, low, high):
    """Return number, mean and variance of the known values of ``low:high``."""
    number = summed = squares = 0.0
    for row in range(low, high):
        if not np.isnan(values[row]):
            number += 1.0
            summed += values[row]
    mean = summed / max(number, 1.0)
    for row in range(low, high):
        if not np.isnan(values[row]):
            away = values[row] - mean
            squares += away * away
    return number, mean, squares / max(number, 1.0)


@nb.njit(nogil=True, cache=True, inline="always")
def _ramp(value, low, high):
    scaled = (value - low) / (high - low)
    return min(scaled, 1.0) if scaled > 0.0 else 0.0


@nb.njit(nogil=True, cache=True, error_model="numpy")
def strengths(places, numbers, own, facts, open_, answered, said, out, explained) -> None:
    """Fill the strength of each explanation of each window, and what they explain together."""
    owner, first, last, steps = places[0], places[1], places[2], own[_STEP]
    gain, expected, level, surprise = numbers[_WON], numbers[_USUAL], numbers[_BEFORE], numbers[_UNUSUAL]
    for i in range(len(owner)):
        beyond = gain[i] - expected[i]
        share = max(beyond, 0.0) / max(level[i] + gain[i], 1.0)
        excess = max(beyond, 1.0)
        top = facts[0, i]
        z = max(surprise[i], 1e-9) * np.sqrt(min(share / 0.06, 1.0)) / _USUAL_SURPRISE
        out[0, i] = 0.97 / (1.0 + z * z)
        out[1, i] = 0.4 * _ramp(facts[1, i] / excess, 0.15, 0.8)
        regained = 0.9 * min(max((top - level[i]) / excess, 0.0), 1.0)
        out[2, i] = regained if (level[i] + gain[i] - top) / excess < 0.5 else 0.0
        out[3, i] = _ramp(steps[owner[i]] / excess, 0.2, 0.7)
        out[4, i] = 0.3 * facts[2, i]
        out[5, i] = 0.9 * _ramp(_FOLLOW_BACK * facts[3, i] / excess, 0.0, 1.0)
        if len(out) > _OF_CURVE:
            out[6, i] = 0.9 * (1.0 - _ramp(open_[i], 1.5, 4.0)) if facts[5, i] >= 1.5 else 0.0
            step = last[i] == first[i] and share >= 0.05
            out[7, i] = 0.0 if step else 0.35 * answered[i]
            out[8, i] = 0.5 * answered[i] if step else 0.0
            talked = _ramp(facts[4, i], 0.7, 1.6)
            out[9, i] = (0.15 + 0.45 * talked) * said[0, i]
            out[10, i] = (0.10 + 0.20 * talked) * said[1, i]
        left = 1.0
        for row in range(len(out)):
            left *= 1.0 - out[row, i]
            if row == _OF_CURVE - 1:
                explained[0, i] = 1.0 - left
        explained[1, i] = 1.0 - left


@nb.njit(nogil=True, cache=True, error_model="numpy")
def totals(starts, cells, counts, history, places, numbers, facts, explained, out) -> None:
    """Fill what is left of each creator's windows (``explanations.TOTALS``); ``out`` holds NaN."""
    gain, surprise, day, followers = cells[_GAIN], cells[_SURPRISE], history[0], history[1]
    owner, won, expected = places[0], numbers[_WON], numbers[_USUAL]
    i = 0
    for c in range(len(starts) - 1):
        low = i
        while i < len(owner) and owner[i] == c:
            i += 1
        begin, stop = counts[c], counts[c + 1]
        if starts[c] == starts[c + 1] or day[stop - 1] - day[begin] < _MINIMUM_DAYS:
            continue
        if not (_any_known(surprise, starts[c], starts[c + 1]) and _any_follower(followers, begin, stop - 1)):
            continue
        last = max(followers[stop - 2] + gain[starts[c + 1] - 1], 1.0)
        unusual = by_curve = left = most = 0.0
        largest, windows = -np.inf, 0
        for k in range(low, i):
            beyond = won[k] - expected[k]
            excess = max(beyond, 0.0)
            rest = excess * (1.0 - explained[1, k])
            unusual += excess
            by_curve += excess * (1.0 - explained[0, k])
            windows += explained[0, k] < _PARTLY
            left += rest
            most = max(most, rest)
            if facts[7, k] == 1.0 and beyond > largest:
                largest = beyond
                out[5, c] = facts[6, k]
        out[0, c] = min(by_curve / last, 1.0)
        out[1, c] = windows
        out[2, c] = min(left / last, 1.0)
        out[3, c] = min(most / last, 1.0)
        if unusual > 0.0:
            out[4, c] = min(max(1.0 - left / unusual, 0.0), 1.0)


@nb.njit(nogil=True, cache=True)
def _any_known(values, low, high):
    row = low
    while row < high and np.isnan(values[row]):
        row += 1
    return row < high


@nb.njit(nogil=True, cache=True)
def _any_follower(followers, low, high):
    row = low
    while row < high and not followers[row] > 0.0:
        row += 1
    return row < high
