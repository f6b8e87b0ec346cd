"""The compiled kernel of what posts say in numbers (numba, the extra ``fast``): one pass over the posts of a creator.

It does what :mod:`realreach.features.post_numbers` does in NumPy, in the same floating-point operations in the same
order, so that the results are equal to the last bit. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features import post_numbers as numbers
from realreach.features.kernel_parts import ratio, total
from realreach.features.post_kernel_parts import (
    AGES,
    REST,
    SCRATCH,
    SPARE,
    T,
    X,
    Y,
    both_known,
    centred,
    detrend,
    gather,
    lag1,
    mean,
    mean_where,
    middle_quantile,
    robust,
    scratch,
    shift_30d,
    spread,
    spread_where,
    sum_of_products,
)
from realreach.features.post_rows import LEAST_POSTS, ROW_OF

__all__ = ["post_numbers"]

_LIKES, _COMMENTS, _VIEWS = ROW_OF["likes"], ROW_OF["comments_count"], ROW_OF["views"]
_LEVEL, _SHARES, _SAVES = ROW_OF["level"], ROW_OF["shares"], ROW_OF["saves"]
_PAID, _VIDEO, _TOTAL = ROW_OF["is_sponsored"], ROW_OF["is_video"], ROW_OF["is_total"]
_DAY, _AGE = ROW_OF["day"], ROW_OF["age"]
_LOG_LIKES, _LOG_COMMENTS, _LOG_VIEWS = ROW_OF["log_likes"], ROW_OF["log_comments_count"], ROW_OF["log_views"]
_LOG_LEVEL, _LIKE_RATE, _VIEW_RATE = ROW_OF["log_level"], ROW_OF["like_rate"], ROW_OF["view_rate"]
_TRACE, _DIGITS, _BENFORD = numbers.TRACE, numbers.MOST_DIGITS, numbers.BENFORD
_LN_10 = np.log(10.0)
_AT = {name: row for row, name in enumerate(numbers.NAMES)}
_MEAN_LEVELS = len(numbers.NAMES)
_COMMENT_RATE = _AT["comment_rate__100p__mean"]
_LEVELS = _AT["like_level__100p__log"]
_PER_LIKE = _AT["comments_per_like__100p__log"]
_PER_VIEW = _AT["likes_per_view__100p__log"]
_SHARES_PER_LIKE = _AT["shares_per_like__100p__log"]
_SAVES_PER_LIKE = _AT["saves_per_like__100p__log"]
_COMMENTS_LEVEL = _AT["comment_like_level__100p__log"]
_SHARES_LEVEL = _AT["share_like_level__100p__log"]
_PER_WEEK = _AT["posting__100p__per_week"]
_CHANGE = _AT["likes__100p__spread_change"]
_LAST = _AT["digits__100p__last"]
_SPREAD = _AT["likes__100p__spread"]
_FLOOR = _AT["likes__100p__floor"]
_PEAK = _AT["likes__100p__peak"]
_SKEW = _AT["likes__100p__skew"]
_FLAT = _AT["likes__100p__flat_top"]
_LAG1 = _AT["likes__100p__lag1"]
_TREND = _AT["likes__100p__trend"]
_SHIFT = _AT["likes__30d__shift"]
_RATE = _AT["like_rate__100p__median"]
_STEP = _AT["likes__100p__step"]
_STEP_DOWN = _AT["likes__100p__step_down"]
_RATE_VIDEO = _AT["like_rate_video__100p__median"]
_RATE_STILL = _AT["like_rate_still__100p__median"]
_COMMENT_SPREAD = _AT["comments__100p__spread"]
_COMMENT_SHIFT = _AT["comments__30d__shift"]
_ZERO = _AT["zero_comments__100p__share"]
_COUPLING = _AT["coupling__100p__likes_comments"]
_SLOPE = _AT["coupling__100p__slope"]
_RESIDUAL = _AT["coupling__100p__residual"]
_ORPHANS = _AT["orphan_likes__100p__share"]
_EXCESS = _AT["orphan_likes__100p__excess"]
_VIEW_SPREAD = _AT["views__100p__spread"]
_SEEN = _AT["view_rate__100p__median"]
_ABOVE = _AT["likes_above_views__100p__share"]
_VIEW_COUPLING = _AT["coupling__100p__likes_views"]
_VIEW_RESIDUAL = _AT["coupling__100p__view_residual"]
_ORPHAN_VIEWS = _AT["orphan_views__100p__share"]
_SPONSORED = _AT["sponsored__100p__contrast"]
_FORMAT = _AT["format__100p__contrast"]
_FIRST = _AT["digits__100p__first"]
_GAPS = _AT["posting__100p__gap_cv"]
_HIDDEN = _AT["hidden_likes__100p__share"]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _of_likes(posts, low, high, index, work, out, i) -> None:
    number = both_known(posts, _LIKES, _LIKES, low, high, index)
    if number < LEAST_POSTS:
        return
    log, rest = work[X], work[REST]
    gather(posts, _LOG_LIKES, index, number, log)
    gather(posts, _DAY, index, number, work[Y])
    gather(posts, _AGE, index, number, work[AGES])
    slope = detrend(log, work[Y], number, rest, work)
    sd = spread(rest, 0, number, work)
    middle = middle_quantile(log, number)
    lowest, highest = log[0], log[0]
    for k in range(number):
        lowest, highest = min(lowest, log[k]), max(highest, log[k])
    out[_SPREAD, i] = sd
    out[_FLOOR, i] = lowest - middle
    out[_PEAK, i] = highest - middle
    cubes, fourths = work[T], work[SPARE]
    for k in range(number):
        scaled = rest[k] / (sd + 0.02)
        square = scaled * scaled
        cubes[k] = square * scaled
        fourths[k] = square * square
    out[_SKEW, i] = mean(cubes, number)
    out[_FLAT, i] = mean(fourths, number)
    out[_LAG1, i] = lag1(rest, number, work)
    out[_TREND, i] = min(max(30.0 * slope, -5.0), 5.0)
    if number >= 12:
        half = number // 2
        out[_CHANGE, i] = (spread(rest, half, number, work) + 0.05) / (spread(rest, 0, half, work) + 0.05)
    out[_SHIFT, i] = shift_30d(log, work[AGES], number, work)
    _contrasts(posts, index, number, work, out, i)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _contrasts(posts, index, known, work, out, i) -> None:
    """Fill the contrasts of sponsored posts and of formats, among posts with likes."""
    flags, log = work[T], work[X]
    for column in (_PAID, _VIDEO):
        number = 0
        for k in range(known):
            flag = posts[column, index[k]]
            if not np.isnan(flag):
                log[number] = posts[_LOG_LIKES, index[k]]
                work[Y, number] = posts[_DAY, index[k]]
                flags[number] = flag == 1.0
                number += 1
        if number < LEAST_POSTS:
            continue
        if column == _VIDEO:
            video = mean_where(log, flags, 1.0, number, 3, work)
            out[_FORMAT, i] = video - mean_where(log, flags, 0.0, number, 3, work)
        else:
            rest = work[REST]
            detrend(log, work[Y], number, rest, work)
            other = mean_where(rest, flags, 0.0, number, 5, work)
            sd = spread_where(rest, other, flags, 0.0, number, 5, work)
            out[_SPONSORED, i] = (mean_where(rest, flags, 1.0, number, 2, work) - other) / (sd + 0.1)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _of_rates(posts, low, high, index, work, out, i) -> None:
    number = both_known(posts, _LIKES, _LEVEL, low, high, index)
    rate = work[X]
    for kind in range(2):
        count = 0
        for k in range(number):
            if posts[_VIDEO, index[k]] == kind:
                rate[count] = posts[_LIKE_RATE, index[k]] / _LN_10
                count += 1
        if count >= 3:
            out[_RATE_VIDEO if kind == 1 else _RATE_STILL, i] = middle_quantile(rate, count)
    if number < LEAST_POSTS:
        return
    for k in range(number):
        rate[k] = posts[_LIKE_RATE, index[k]] / _LN_10
    out[_RATE, i] = middle_quantile(rate, number)
    gather(posts, _LIKE_RATE, index, number, rate)
    gather(posts, _DAY, index, number, work[Y])
    detrend(rate, work[Y], number, work[REST], work)
    if number >= 8:
        out[_STEP, i], out[_STEP_DOWN, i] = _steps(rate, lag1(work[REST], number, work), number, work)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _steps(values, autocorrelation, number, work):
    """Return the largest t of a lasting step up and down, corrected for autocorrelation."""
    everything = total(values, 0, number)
    square = sum_of_products(values, values, number, work)
    rho = min(max(autocorrelation, 0.0), 0.8)
    if np.isnan(autocorrelation):
        rho = np.nan
    damped = np.sqrt((1.0 - rho) / (1.0 + rho))
    up = down = 0.0
    head = 0.0
    for j in range(number - 4):
        head += values[j]
        k = j + 1
        if k < 4:
            continue
        left, right = head / k, (everything - head) / (number - k)
        within = max(square - k * (left * left) - (number - k) * (right * right), 0.0) / max(number - 2, 1)
        t = (right - left) / np.sqrt((within + 0.01) * (1.0 / k + 1.0 / (number - k))) * damped
        if np.isnan(t):
            return t, t
        up = max(up, t)
        down = max(down, -t)
    return up, down


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _of_comments(posts, low, high, index, work, out, i) -> None:
    number = both_known(posts, _COMMENTS, _COMMENTS, low, high, index)
    if number >= LEAST_POSTS:
        gather(posts, _LOG_COMMENTS, index, number, work[X])
        gather(posts, _DAY, index, number, work[Y])
        gather(posts, _AGE, index, number, work[AGES])
        detrend(work[X], work[Y], number, work[REST], work)
        out[_COMMENT_SPREAD, i] = spread(work[REST], 0, number, work)
        out[_COMMENT_SHIFT, i] = shift_30d(work[X], work[AGES], number, work)
        none = 0
        for k in range(number):
            none += posts[_COMMENTS, index[k]] == 0.0
        out[_ZERO, i] = none / number
    number = both_known(posts, _COMMENTS, _LEVEL, low, high, index)
    if number >= LEAST_POSTS:
        gather(posts, _COMMENTS, index, number, work[X])
        gather(posts, _LOG_LEVEL, index, number, work[Y])
        out[_COMMENT_RATE, i] = mean(work[X], number) + 0.05
        out[_MEAN_LEVELS, i] = mean(work[Y], number)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _summed(posts, column, index, number, work):
    gather(posts, column, index, number, work[SCRATCH])
    return total(work[SCRATCH], 0, number)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _of_likes_and_comments(posts, low, high, index, work, out, i) -> None:
    number = both_known(posts, _LIKES, _COMMENTS, low, high, index)
    if number < LEAST_POSTS:
        return
    likes, comments, x, y = work[X], work[Y], work[T], work[REST]
    gather(posts, _LOG_LIKES, index, number, likes)
    gather(posts, _LOG_COMMENTS, index, number, comments)
    centred(likes, number, x)
    centred(comments, number, y)
    xx, yy, xy = (
        sum_of_products(x, x, number, work),
        sum_of_products(y, y, number, work),
        sum_of_products(x, y, number, work),
    )
    slope = ratio(xy, xx)
    out[_COUPLING, i] = ratio(xy, np.sqrt(xx * yy))
    out[_SLOPE, i] = slope if np.isnan(slope) else min(max(slope, -5.0), 5.0)
    out[_RESIDUAL, i] = np.sqrt(max(yy - (0.0 if np.isnan(slope) else slope) * xy, 0.0) / number)
    written = _summed(posts, _COMMENTS, index, number, work) + 0.5
    out[_PER_LIKE, i] = written / (_summed(posts, _LIKES, index, number, work) + 10.0)
    up, reply = x, y
    middle = robust(likes, number, up, work)
    robust(comments, number, reply, work)
    orphans, excess = 0, 0.0
    for k in range(number):
        orphans += up[k] > 2.5 and reply[k] < 0.5
        if reply[k] < 0.5:
            excess = max(excess, likes[k] - middle)
    out[_ORPHANS, i] = orphans / number
    out[_EXCESS, i] = excess


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _of_views(posts, low, high, index, work, out, i) -> None:
    number = both_known(posts, _VIEWS, _VIEWS, low, high, index)
    if number >= LEAST_POSTS:
        gather(posts, _LOG_VIEWS, index, number, work[X])
        gather(posts, _DAY, index, number, work[Y])
        detrend(work[X], work[Y], number, work[REST], work)
        out[_VIEW_SPREAD, i] = spread(work[REST], 0, number, work)
    number = both_known(posts, _VIEWS, _LEVEL, low, high, index)
    if number >= LEAST_POSTS:
        for k in range(number):
            work[X, k] = posts[_VIEW_RATE, index[k]] / _LN_10
        out[_SEEN, i] = middle_quantile(work[X], number)
    _of_likes_and_views(posts, both_known(posts, _LIKES, _VIEWS, low, high, index), index, work, out, i)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _of_likes_and_views(posts, number, index, work, out, i) -> None:
    if number < LEAST_POSTS:
        return
    likes, views, x, y = work[X], work[Y], work[T], work[REST]
    gather(posts, _LOG_LIKES, index, number, likes)
    gather(posts, _LOG_VIEWS, index, number, views)
    centred(views, number, x)
    centred(likes, number, y)
    xx, yy, xy = (
        sum_of_products(x, x, number, work),
        sum_of_products(y, y, number, work),
        sum_of_products(x, y, number, work),
    )
    out[_VIEW_COUPLING, i] = ratio(xy, np.sqrt(xx * yy))
    liked = _summed(posts, _LIKES, index, number, work) + 0.5
    out[_PER_VIEW, i] = liked / (_summed(posts, _VIEWS, index, number, work) + 10.0)
    above = 0
    for k in range(number):
        above += posts[_LIKES, index[k]] > posts[_VIEWS, index[k]]
        work[AGES, k] = likes[k] - views[k]
    out[_ABOVE, i] = above / number
    out[_VIEW_RESIDUAL, i] = spread(work[AGES], 0, number, work)
    up, reply = x, y
    robust(views, number, up, work)
    robust(likes, number, reply, work)
    orphans = 0
    for k in range(number):
        orphans += up[k] > 2.5 and reply[k] < 0.5
    out[_ORPHAN_VIEWS, i] = orphans / number


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _of_sums(posts, low, high, index, work, out, i) -> None:
    """Fill what needs no more than sums: shares and saves per like, and the levels."""
    for column, to in ((_SHARES, _SHARES_PER_LIKE), (_SAVES, _SAVES_PER_LIKE)):
        number = both_known(posts, _LIKES, column, low, high, index)
        if number >= LEAST_POSTS:
            done = _summed(posts, column, index, number, work) + 0.5
            out[to, i] = done / (_summed(posts, _LIKES, index, number, work) + 10.0)
    every = high - low >= LEAST_POSTS
    for at, column in enumerate((_LIKES, _COMMENTS, _SHARES)):
        number = _told(posts, every, column, _LEVEL, low, high, index)
        if number:
            out[_LEVELS + at, i] = _summed(posts, column, index, number, work) / number
            out[_MEAN_LEVELS + 1 + at, i] = _summed(posts, _LOG_LEVEL, index, number, work) / number
    for column, to in ((_COMMENTS, _COMMENTS_LEVEL), (_SHARES, _SHARES_LEVEL)):
        number = _told(posts, every, column, _LIKES, low, high, index)
        if number:
            likes = _summed(posts, _LIKES, index, number, work) + 2.0
            out[to, i] = _summed(posts, column, index, number, work) / likes + _TRACE


@nb.njit(nogil=True, cache=True)
def _told(posts, every, one, other, low, high, index):
    """List the posts that levels are told from and that have two columns: all of a creator with five, else totals."""
    found = both_known(posts, one, other, low, high, index)
    if every:
        return found
    number = 0
    for k in range(found):
        if posts[_TOTAL, index[k]] == 1.0:
            index[number] = index[k]
            number += 1
    return number


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _of_digits(posts, lead, low, high, work, out, i) -> None:
    number = rounded = first = 0
    last, leading = np.zeros(10), np.zeros(10)
    for row in range(low, high):
        likes = posts[_LIKES, row]
        if likes >= 100.0:
            number += 1
            last[int(likes % 10.0)] += likes % 10.0 == np.floor(likes % 10.0)
            rounded += likes % 100.0 == 0.0
        if likes >= 1.0:
            first += 1
            digit = lead[row]
            if 1.0 <= digit <= 9.0:
                leading[int(digit)] += 1.0
    if number >= _DIGITS and not rounded / number > 0.5:
        for d in range(10):
            away = last[d] - number / 10.0
            work[SCRATCH, d] = away * away
        out[_LAST, i] = total(work[SCRATCH], 0, 10) / (number / 10.0) / 9.0
    if first >= _DIGITS:
        for d in range(9):
            work[SCRATCH, d] = abs(leading[d + 1] / first - _BENFORD[d])
        out[_FIRST, i] = total(work[SCRATCH], 0, 9)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _of_habit(posts, low, high, work, out, i) -> None:
    number = high - low
    unknown = 0
    for row in range(low, high):
        unknown += np.isnan(posts[_LIKES, row])
    if number:
        out[_HIDDEN, i] = unknown / number
    if number < LEAST_POSTS:
        return
    gaps = work[X]
    for k in range(number - 1):
        gaps[k] = posts[_DAY, low + k + 1] - posts[_DAY, low + k]
    out[_PER_WEEK, i] = 7.0 * (number - 1) / max(posts[_DAY, high - 1] - posts[_DAY, low], 0.5)
    out[_GAPS, i] = ratio(spread(gaps, 0, number - 1, work), mean(gaps, number - 1))


@nb.njit(nogil=True, cache=True, error_model="numpy")
def post_numbers(every, every_starts, posts, starts, lead, out) -> None:
    """Fill the numbers of ``post_numbers.NAMES`` up to their last logarithm; ``out`` holds NaN.

    ``lead`` is the first digit of each settled post's likes; empty where nobody has posts enough.
    """
    work, index = scratch(every_starts)
    for i in range(len(starts) - 1):
        low, high = starts[i], starts[i + 1]
        _of_habit(every, every_starts[i], every_starts[i + 1], work, out, i)
        _of_likes(posts, low, high, index, work, out, i)
        _of_rates(posts, low, high, index, work, out, i)
        _of_comments(posts, low, high, index, work, out, i)
        _of_likes_and_comments(posts, low, high, index, work, out, i)
        _of_views(posts, low, high, index, work, out, i)
        _of_sums(posts, low, high, index, work, out, i)
        if high - low >= _DIGITS:
            _of_digits(posts, lead, low, high, work, out, i)
