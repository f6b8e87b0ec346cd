"""Compiled parts that the kernels over posts share: choosing posts, trends, spreads (numba, the extra ``fast``).

``work`` is scratch, a few rows as long as the longest list of posts; each part says which rows it uses up.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features.kernel_parts import deviation, ratio, total

__all__ = [
    "AGES", "REST", "SCRATCH", "SORTED", "SPARE", "T", "X", "Y", "both_known", "centred", "detrend", "gather", "lag1", "lift", "mean", "mean_where", "median_of", "median_of_sizes", "middle_quantile", "most_counted", "robust", "scratch", "shift_30d", "spread", "spread_where", "sum_of_products",
]  # fmt: skip

_RUN = 32
X, Y, T, SPARE, SORTED, REST, AGES, SCRATCH = range(8)
"""Rows of scratch; the parts use ``SPARE``, ``SORTED`` and ``SCRATCH``, so that a caller's values stand in the others."""


@nb.njit(nogil=True, cache=True)
def scratch(starts):
    """Return rows of scratch and a list of rows, both as long as the longest list of posts."""
    most = 1
    for i in range(len(starts) - 1):
        most = max(most, starts[i + 1] - starts[i])
    return np.empty((8, (most + _RUN - 1) // _RUN * _RUN)), np.empty(most, dtype=np.int64)


@nb.njit(nogil=True, cache=True)
def both_known(posts, one, other, low, high, index):
    """List the posts that have two columns; return how many."""
    number = 0
    for row in range(low, high):
        if not (np.isnan(posts[one, row]) or np.isnan(posts[other, row])):
            index[number] = row
            number += 1
    return number


@nb.njit(nogil=True, cache=True)
def gather(posts, column, index, number, out) -> None:
    """Fill the numbers of a column in the rows that are listed."""
    for k in range(number):
        out[k] = posts[column, index[k]]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def mean(values, number):
    """Return the mean of the first numbers."""
    return total(values, 0, number) / number


@nb.njit(nogil=True, cache=True, error_model="numpy")
def sum_of_products(one, other, number, work):
    """Return the sum of products; uses the last row of scratch."""
    for k in range(number):
        work[SCRATCH, k] = one[k] * other[k]
    return total(work[SCRATCH], 0, number)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def detrend(values, day, number, rest, work):
    """Fill values less their straight line over the days; return the slope per day."""
    middle, centre = mean(day, number), mean(values, number)
    centred = work[SORTED]
    t = work[SPARE]
    for k in range(number):
        t[k] = day[k] - middle
        centred[k] = values[k] - centre
    spread = sum_of_products(t, t, number, work)
    slope = sum_of_products(t, centred, number, work) / spread if spread > 0.0 else 0.0
    for k in range(number):
        rest[k] = deviation(values[k], centre + slope * t[k])
    return slope


@nb.njit(nogil=True, cache=True, error_model="numpy")
def spread(values, low, high, work):
    """Return the standard deviation of ``values[low:high]``."""
    number = high - low
    middle = total(values, low, number) / number
    for k in range(number):
        away = values[low + k] - middle
        work[SCRATCH, k] = away * away
    return np.sqrt(total(work[SCRATCH], 0, number) / number)


@nb.njit(nogil=True, cache=True)
def middle_two(values, number):
    """Return the two middle numbers of ``values[:number]``, one twice if that is odd; the room behind is used up.

    Some number is compared with all others, a whole run of 32 at once, until the one with half of them below it is met;
    what lies outside the bounds found so far is passed over. No order is needed, and a few such rounds cost a third of it.
    """
    full = (number + _RUN - 1) // _RUN * _RUN
    for k in range(number, full):
        values[k] = np.inf
    half = number // 2
    low, high = -np.inf, np.inf
    for k in range(number):
        value = values[k]
        if value < low or value > high:
            continue
        smaller = larger = 0
        for j in range(full):
            smaller += values[j] < value
            larger += values[j] > value
        if smaller > half:
            high = value
        elif full - larger <= half:
            low = value
        elif number % 2 or smaller < half:
            return value, value
        else:
            below = -np.inf
            for j in range(number):
                if below < values[j] < value:
                    below = values[j]
            return below, value
    return np.nan, np.nan


@nb.njit(nogil=True, cache=True)
def median_of(values, number):
    """Return the median."""
    low, high = middle_two(values, number)
    return high if number % 2 else (low + high) / 2.0


@nb.njit(nogil=True, cache=True)
def middle_quantile(values, number):
    """Return the median as the quantile of one half: the same but for the last bit."""
    low, high = middle_two(values, number)
    return low if number % 2 else low + 0.5 * (high - low)


@nb.njit(nogil=True, cache=True)
def median_of_sizes(values, number, work):
    """Return the median of the absolute values; ``SPARE`` is used up."""
    for k in range(number):
        work[SPARE, k] = abs(values[k])
    return median_of(work[SPARE], number)


@nb.njit(nogil=True, cache=True)
def lift(values, number, out):
    """Fill the distances from the median, and return it."""
    middle = median_of(values, number)
    for k in range(number):
        out[k] = values[k] - middle
    return middle


@nb.njit(nogil=True, cache=True, error_model="numpy")
def robust(values, number, out, work):
    """Fill distances from the median in units of the (scaled) median deviation, at least 0.1; return the median."""
    middle = lift(values, number, out)
    scale = max(1.4826 * median_of_sizes(out, number, work), 0.1)
    for k in range(number):
        out[k] = out[k] / scale
    return middle


@nb.njit(nogil=True, cache=True, error_model="numpy")
def lag1(values, number, work):
    """Return the likeness of each number to the one before."""
    middle = mean(values, number)
    centred = work[SORTED]
    for k in range(number):
        centred[k] = values[k] - middle
    return ratio(
        sum_of_products(centred[1:], centred, number - 1, work), sum_of_products(centred, centred, number, work)
    )


@nb.njit(nogil=True, cache=True, error_model="numpy")
def mean_where(values, flags, wanted, number, least, work):
    """Return the mean of the values whose flag is as wanted; NaN below ``least`` of them."""
    count = 0
    for k in range(number):
        inside = flags[k] == wanted
        work[SCRATCH, k] = values[k] if inside else 0.0
        count += inside
    summed = total(work[SCRATCH], 0, number)
    return summed / max(count, 1) if count >= least else np.nan


@nb.njit(nogil=True, cache=True, error_model="numpy")
def spread_where(values, middle, flags, wanted, number, least, work):
    """Return the spread around a middle of the values whose flag is as wanted."""
    for k in range(number):
        away = values[k] - middle
        work[SPARE, k] = away * away
    return np.sqrt(mean_where(work[SPARE], flags, wanted, number, least, work))


@nb.njit(nogil=True, cache=True, error_model="numpy")
def shift_30d(values, ages, number, work):
    """Return the mean of the last 30 days less that of the earlier posts, in spreads of the earlier ones."""
    flags = work[SORTED]
    for k in range(number):
        flags[k] = ages[k] <= 30.0
    early = mean_where(values, flags, 0.0, number, 3, work)
    late = mean_where(values, flags, 1.0, number, 3, work)
    return (late - early) / (spread_where(values, early, flags, 0.0, number, 3, work) + 0.1)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def centred(values, number, out) -> None:
    """Fill the distances from the mean, 0 where they are rounding only."""
    middle = mean(values, number)
    for k in range(number):
        out[k] = deviation(values[k], middle)


@nb.njit(nogil=True, cache=True)
def most_counted(strength, first, stop):
    """Return the posts of known strength, in the count that has most of them."""
    most = 0
    for count in range(3):
        number = 0
        for row in range(first, stop):
            number += not np.isnan(strength[1, count, row])
        most = max(most, number)
    return most
