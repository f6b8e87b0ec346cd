"""Compiled kernels over the posts of a creator (numba, the extra ``fast``): levels of followers, strength of each post.

Each does what its NumPy counterpart does, in the same floating-point operations in the same order, so that the results
are equal to the last bit. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features.post_kernel_parts import (
    REST,
    T,
    X,
    Y,
    both_known,
    detrend,
    gather,
    lift,
    median_of_sizes,
    most_counted,
    scratch,
)
from realreach.features.post_rows import LEAST_POSTS, ROW_OF

__all__ = ["counted", "level_at", "post_strength"]

_LOG_LIKES, _DAY = ROW_OF["log_likes"], ROW_OF["day"]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def level_at(observed, counts, starts, told, post_starts, day, out) -> None:
    """Fill the followers on the day of each post, as ``levels.level_at`` does."""
    for i in range(len(starts) - 1):
        first, end = starts[i], starts[i + 1]
        above = first
        for row in range(post_starts[i], post_starts[i + 1]):
            if first == end:
                out[row] = told[i]
                continue
            whole = np.floor(day[row])
            # Days rise, so the search goes on where the last one stopped.
            while above < end and observed[above] <= whole:
                above += 1
            high = min(above, end - 1)
            low = max(high - 1, first)
            span = observed[high] - observed[low]
            weight = (day[row] - observed[low]) / span if span > 0.0 else 1.0
            weight = min(max(weight, 0.0), 1.0)
            out[row] = counts[low] + weight * (counts[high] - counts[low])


@nb.njit(nogil=True, cache=True, error_model="numpy")
def post_strength(posts, starts, out) -> None:
    """Fill lift and strength of each post in each count, as ``post_strength`` does; ``out`` holds NaN."""
    work, index = scratch(starts)
    for i in range(len(starts) - 1):
        for count in range(3):
            number = both_known(posts, _LOG_LIKES + count, _LOG_LIKES + count, starts[i], starts[i + 1], index)
            if number < LEAST_POSTS:
                continue
            gather(posts, _LOG_LIKES + count, index, number, work[X])
            gather(posts, _DAY, index, number, work[Y])
            detrend(work[X], work[Y], number, work[REST], work)
            lift(work[REST], number, work[T])
            scale = 1.4826 * median_of_sizes(work[T], number, work)
            for k in range(number):
                out[0, count, index[k]] = work[T, k]
                out[1, count, index[k]] = work[T, k] / max(scale, 0.1)


@nb.njit(nogil=True, cache=True)
def counted(starts, strength, out) -> None:
    """Fill how many posts of each creator are of known strength, in the count that has most of them."""
    for i in range(len(starts) - 1):
        out[i] = most_counted(strength, starts[i], starts[i + 1])
