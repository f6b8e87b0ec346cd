"""The compiled kernel of growth and posts together (numba, the extra ``fast``): one pass over each creator's curve.

It does what :mod:`realreach.features.burst_numbers` does in NumPy, in the same floating-point operations in the same
order, so that the results are equal to the last bit. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features import burst_numbers as numbers
from realreach.features.curve import MINIMUM_COUNTS, STORED
from realreach.features.kernel_parts import deviation, ratio
from realreach.features.post_kernel_parts import AGES, X, Y, mean_where, scratch
from realreach.features.post_rows import LEAST_POSTS, ROW_OF

__all__ = ["burst_numbers"]

_DAY, _LEVEL, _LIKES, _LOG_FOLLOWERS = ROW_OF["day"], ROW_OF["level"], ROW_OF["log_likes"], ROW_OF["log_followers"]
_GAIN, _SURPRISE = STORED.index("gain"), STORED.index("surprise")
_AT = {name: row for row, name in enumerate(numbers.NAMES)}
_AFTER, _BEFORE = len(numbers.NAMES), len(numbers.NAMES) + 1
_RESPONSE = _AT["response__burst__likes"]
_CAUSE_POSTS, _CAUSE = _AT["cause__burst__posts"], _AT["cause__burst__surprise"]
_SHARE, _MOST = _AT["unexplained__366d__share"], _AT["unexplained__366d__max"]
_CORRELATION, _IDLE = _AT["coupling__366d__correlation"], _AT["coupling__366d__idle_share"]
_GAP = _AT["trend__366d__gap"]
_HALVES, _NOBODY = numbers.LEAST_HALVES, -9.0


@nb.njit(nogil=True, cache=True, error_model="numpy")
def burst_numbers(first, last, counts, history, starts, cells, logs, post_starts, posts, strength, out) -> None:
    """Fill the numbers of ``burst_numbers.NAMES`` up to their last logarithm; ``out`` holds NaN.

    ``logs`` holds ln(1 + size of the surprise) of the intervals of the creators ``first:last``.
    """
    day, followers, gain, surprise = history[0], history[1], cells[_GAIN], cells[_SURPRISE]
    work, _ = scratch(post_starts)
    most = 1
    for c in range(first, last):
        most = max(most, starts[c + 1] - starts[c])
    pairs, strongest, near = np.empty((2, most)), np.empty(most), np.empty(most, dtype=np.bool_)
    base = starts[first]
    for c in range(first, last):
        low, high = post_starts[c], post_starts[c + 1]
        earliest, begin = counts[c], starts[c]
        if counts[c + 1] - earliest >= MINIMUM_COUNTS:
            for count in range(2):
                out[_GAP + count, c] = _halves(posts, low, high, count, day[earliest], work)
        number = starts[c + 1] - begin
        # The halves want posts inside the curve only; all else wants five.
        if high - low < LEAST_POSTS or number == 0:
            continue
        days, own = day[earliest : earliest + number + 1], slice(begin, begin + number)
        measured = _strongest(posts[_DAY, low:high], strength[low:high], days, strongest, near)
        main = _intervals(
            days, followers[earliest : earliest + number], gain[own], surprise[own], logs[begin - base :],
            posts[_DAY, low], measured, strongest, near, pairs, out, c,
        )  # fmt: skip
        if main >= 0:
            out[_CAUSE_POSTS, c] = _posts_between(posts[_DAY, low:high], days[main] - 3.0, days[main + 1] + 1.0)
            if measured:
                out[_CAUSE, c] = max(strongest[main], -3.0)
            after = followers[earliest + main] + gain[begin + main]
            out[_AFTER, c] = after
            out[_BEFORE, c] = max(after - gain[begin + main], 0.0)
            _around(posts, low, high, days[main], days[main + 1], out, c)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _strongest(posted, strength, day, strongest, near):
    """Fill the strength of the strongest post from three days before each interval to its end, and whether there is a post from seven days before.

    Each post is laid upon the few intervals that it may go with. Return whether the strengths of enough posts are known.
    """
    number, counted = len(day) - 1, 0
    strongest[:number], near[:number] = -np.inf, False
    begin = cause = week = 0
    for k in range(len(posted)):
        floor = np.floor(posted[k])
        while begin < number and day[begin + 1] + 1.0 <= floor:
            begin += 1
        while cause < number and day[cause] - 3.0 <= floor:
            cause += 1
        while week < number and day[week] - 7.0 <= floor:
            week += 1
        known = strength[k] == strength[k]
        strong = strength[k] if known else _NOBODY
        counted += known
        for j in range(begin, cause):
            strongest[j] = strong if strong > strongest[j] else strongest[j]
        for j in range(begin, week):
            near[j] = True
    return counted >= LEAST_POSTS


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _posts_between(posted, low, high):
    """Return how many posts are of the days from ``low`` to before ``high``."""
    number = 0
    for k in range(len(posted)):
        number += low <= np.floor(posted[k]) < high
    return number


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _intervals(day, followers, gain, surprise, logs, opened, measured, strongest, near, pairs, out, c):
    """Fill what intervals and the posts around them say; return the main burst, -1 if there is none."""
    number, main, main_surprise = len(gain), -1, -np.inf
    known = 0
    excess = largest = won = idle = sum_x = sum_y = 0.0
    for j in range(number):
        z = surprise[j]
        if day[j + 1] < opened or z != z:
            continue
        strong, gained = strongest[j], gain[j]
        if gained > 0.0 and z > main_surprise:
            main, main_surprise = j, z
        came = gained if gained > 0.0 else 0.0
        won += came
        idle += 0.0 if near[j] else came
        if z > 2.0 and not strong >= 1.0:
            excess += came * (1.0 - 2.0 / z)
            largest = max(largest, z)
        x = min(max(strong if np.isfinite(strong) else -3.0, -3.0), 6.0)
        y = logs[j] if z > 0.0 else -logs[j]
        pairs[0, known], pairs[1, known] = x, y
        sum_x += x
        sum_y += y
        known += 1
    if known >= MINIMUM_COUNTS:
        out[_IDLE, c] = ratio(idle, won)
        if measured:
            out[_SHARE, c] = ratio(excess, followers[number - 1] + gain[number - 1])
            out[_MOST, c] = largest
            out[_CORRELATION, c] = _correlation(pairs, sum_x / known, sum_y / known, known)
    return main


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _correlation(pairs, mean_x, mean_y, number):
    xx = yy = xy = 0.0
    for k in range(number):
        dx, dy = deviation(pairs[0, k], mean_x), deviation(pairs[1, k], mean_y)
        xx += dx * dx
        yy += dy * dy
        xy += dx * dy
    return ratio(xy, np.sqrt(xx * yy))


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _around(posts, low, high, start, end, out, c) -> None:
    """Fill the means of the posts of 21 days after a burst less those of the eight before it."""
    until = low
    while until < high and posts[_DAY, until] < start - 1.0:
        until += 1
    for count in range(3):
        early = late = 0.0
        before = after = 0
        for row in range(max(until - 8, low), until):
            value = posts[_LIKES + count, row]
            if not np.isnan(value):
                early += value
                before += 1
        for row in range(until, high):
            value = posts[_LIKES + count, row]
            if end + 0.5 < posts[_DAY, row] <= end + 21.0 and not np.isnan(value):
                late += value
                after += 1
        if before >= 2 and after >= 2:
            out[_RESPONSE + count, c] = late / after - early / before


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _halves(posts, low, high, count, opened, work):
    """Return growth of followers less growth of a count, newer half of the posts against the older one."""
    number = 0
    values, level, flags = work[X], work[Y], work[AGES]
    for row in range(low, high):
        value = posts[_LIKES + count, row]
        if posts[_DAY, row] >= opened and not (np.isnan(posts[_LEVEL, row]) or np.isnan(value)):
            values[number], level[number] = value, posts[_LOG_FOLLOWERS, row]
            number += 1
    if number < _HALVES:
        return np.nan
    for k in range(number):
        flags[k] = k >= number // 2
    growth = mean_where(level, flags, 1.0, number, 1, work) - mean_where(level, flags, 0.0, number, 1, work)
    return growth - (mean_where(values, flags, 1.0, number, 1, work) - mean_where(values, flags, 0.0, number, 1, work))
