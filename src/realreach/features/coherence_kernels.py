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
from realreach.features.kernel_parts import deviation, first_of, highest, ratio
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
    pairs, strongest, near = np.empty((10, most)), np.empty(most), np.empty(most)
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
    strongest[:number], near[:number] = -np.inf, 0.0
    begin = cause = week = 0
    # As many days as intervals: the place of a day is known without a search.
    daily = day[number] - day[0] == number
    for k in range(len(posted)):
        floor = np.floor(posted[k])
        if daily:
            after = int(floor - day[0])
            begin, cause, week = max(after - 1, 0), min(after + 4, number), min(after + 8, number)
        else:
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
            near[j] = 1.0
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
    number = len(gain)
    places = pairs[0]
    known = _list_known(day, surprise, opened, places)
    if known == 0:
        return -1
    first = int(places[0])
    if places[known - 1] - first != known - 1:
        for k in range(known):
            j = int(places[k])
            pairs[1, k], pairs[2, k], pairs[3, k], pairs[4, k] = strongest[j], gain[j], surprise[j], logs[j]
            pairs[5, k] = near[j]
        main = _of_known(known, pairs[1], pairs[2], pairs[3], pairs[4], pairs[5], measured, pairs[6:], out, c)
        main = int(places[main]) if main >= 0 else -1
    else:
        main = _of_known(
            known, strongest[first:], gain[first:], surprise[first:], logs[first:], near[first:], measured, pairs[6:], out, c
        )  # fmt: skip
        main = first + main if main >= 0 else -1
    if known >= MINIMUM_COUNTS and measured:
        out[_SHARE, c] = ratio(out[_SHARE, c], followers[number - 1] + gain[number - 1])
    return main


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _of_known(known, strong, gain, surprise, logs, near, measured, work, out, c):
    """Fill what intervals of known surprise say (of their share the part above), and return the main burst among them, -1 if there is none."""
    x, y, came, idle = work[0], work[1], work[2], work[3]
    for k in range(known):
        came[k] = gain[k] if gain[k] > 0.0 else 0.0
        idle[k] = came[k] if near[k] == 0.0 else 0.0
        y[k] = logs[k] if surprise[k] > 0.0 else -logs[k]
        here = strong[k] if strong[k] > -3.0 and strong[k] < np.inf else -3.0
        x[k] = here if here < 6.0 else 6.0
    excess = largest = won = idled = sum_x = sum_y = 0.0
    for k in range(known):
        won += came[k]
        idled += idle[k]
        sum_x += x[k]
        sum_y += y[k]
    for k in range(known):
        if surprise[k] > 2.0 and not strong[k] >= 1.0:
            excess += came[k] * (1.0 - 2.0 / surprise[k])
            largest = max(largest, surprise[k])
    if known >= MINIMUM_COUNTS:
        out[_IDLE, c] = ratio(idled, won)
        if measured:
            out[_SHARE, c], out[_MOST, c] = excess, largest
            out[_CORRELATION, c] = _correlation(x, y, sum_x / known, sum_y / known, known, came, idle)
    for k in range(known):
        x[k] = surprise[k] if gain[k] > 0.0 else -np.inf
    most = highest(x, known)
    return first_of(x, known, most) if most > -np.inf else -1


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _list_known(day, surprise, opened, places):
    """List the intervals that end after the first post and whose surprise is known; return how many."""
    known = 0
    for j in range(len(surprise)):
        places[known] = j
        known += (day[j + 1] >= opened) & (surprise[j] == surprise[j])
    return known


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _correlation(x, y, mean_x, mean_y, number, dx, dy):
    for k in range(number):
        dx[k], dy[k] = deviation(x[k], mean_x), deviation(y[k], mean_y)
    xx = yy = xy = 0.0
    for k in range(number):
        xx += dx[k] * dx[k]
        yy += dy[k] * dy[k]
        xy += dx[k] * dy[k]
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
