"""How strong each post is against the creator's own others, and which posts lie around a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realreach.compiled import LEAST_CREATORS, frozen, kernels_for
from realreach.features.blocks import Ragged, median, not_known, segment_sum
from realreach.features.post_numbers import detrended
from realreach.features.post_rows import COUNTS, LEAST_POSTS, PostRows, rows_in_blocks
from realreach.lazy import cached_property
from realreach.tables.core import FloatArray, IntArray

__all__ = ["PostStrength", "first_post_from", "post_strength", "range_max"]


@dataclass(frozen=True, eq=False)
class PostStrength:
    """How strong each post is in each count, against the creator's own trend; NaN where it cannot be told.

    ``lift`` is the ln of the multiple of the creator's usual count, ``strength`` the same in robust spreads; ``both`` holds the
    two, shape (2, counts, posts).
    """

    both: FloatArray

    @cached_property
    def lift(self) -> dict[str, FloatArray]:
        """Lift in each count."""
        return dict(zip(COUNTS, self.both[0], strict=True))

    @cached_property
    def strength(self) -> dict[str, FloatArray]:
        """Strength in each count."""
        return dict(zip(COUNTS, self.both[1], strict=True))

    def best(self, low: IntArray, high: IntArray) -> FloatArray:
        """Return the largest lift and the largest strength of the posts ``low:high`` in any count; -inf if none."""
        most = np.nan_to_num(np.fmax.reduce(self.both, axis=1), nan=-np.inf, neginf=-np.inf, posinf=np.inf)
        return np.stack([range_max(values, low, high) for values in most])

    def counted(self, posts: PostRows) -> FloatArray:
        """Return how many posts of each creator are of known strength, in the count that has most of them."""
        n = len(posts.starts) - 1
        kernels = kernels_for(n, "features.post_kernels", LEAST_CREATORS)
        if kernels is not None:
            out = np.empty(n)
            kernels.counted(posts.starts, self.both, out)
            return out
        known = [segment_sum(values, posts.owner, n) for values in ~np.isnan(self.both[1])]
        return np.asarray(np.max(known, axis=0), dtype=np.float64)


def post_strength(posts: PostRows) -> PostStrength:
    """Return how strong each post is; unknown where the creator has fewer than five posts with the count."""
    creators = len(posts.starts) - 1
    both = not_known((2, len(COUNTS), posts.matrix.shape[1]))
    kernels = kernels_for(creators, "features.post_kernels", LEAST_CREATORS)
    if kernels is None:
        for row, name in enumerate(COUNTS):
            _in_blocks(posts, f"log_{name}", both[:, row])
    else:
        kernels.post_strength(frozen(posts.matrix), frozen(posts.starts), both)
    return PostStrength(frozen(both))


def _in_blocks(posts: PostRows, name: str, out: FloatArray) -> None:
    """Fill lift and strength in one count."""
    known = ~np.isnan(posts.columns[name])
    for _, at in rows_in_blocks(posts, known):
        if at.shape[1] < LEAST_POSTS:
            continue
        rest, _ = detrended(posts.columns[name][at], posts.columns["day"][at])
        lift = rest - median(rest, keepdims=True)
        scale = 1.4826 * median(np.abs(lift), keepdims=True)
        out[0, at], out[1, at] = lift, lift / np.maximum(scale, 0.1)


def first_post_from(posts: Ragged, owner: IntArray, day: FloatArray) -> IntArray:
    """Return the row of the first post of ``owner`` at or after ``day`` (exact: whole days are compared as integers)."""
    stride = 400_000
    axis = posts.owner * stride + np.floor(posts.columns["day"]).astype(np.int64)
    return np.searchsorted(axis, owner * stride + np.ceil(day).astype(np.int64))


def range_max(values: FloatArray, low: IntArray, high: IntArray) -> FloatArray:
    """Return the maximum of ``values[low:high]`` for each pair; -inf where the range is empty.

    Examples
    --------
    >>> range_max(np.array([1.0, 5.0, 2.0]), np.array([0, 2]), np.array([2, 2]))
    array([  5., -inf])
    """
    out = np.full(len(low), -np.inf)
    some = high > low
    if some.any():
        pairs = np.stack([low[some], high[some]], axis=1).ravel()
        padded = np.append(values, -np.inf) if pairs[1::2].max() == len(values) else values
        out[some] = np.maximum.reduceat(padded, pairs)[::2]
    return out
