"""How strong each post is against the creator's own others, and which posts lie around a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realreach.features.blocks import Ragged, median, segment_sum
from realreach.features.engagement import detrended
from realreach.tables.core import FloatArray, IntArray

__all__ = ["COUNTS", "LEAST_POSTS", "PostStrength", "first_post_from", "post_strength", "range_max"]

COUNTS = ("likes", "comments_count", "views")
"""Counts of a post whose strength is judged."""

LEAST_POSTS = 5
"""Posts with a known count that the strength of one of them needs."""


@dataclass(frozen=True, eq=False)
class PostStrength:
    """How strong each post is in each count, against the creator's own trend; NaN where it cannot be told.

    ``lift`` is the ln of the multiple of the creator's usual count, ``strength`` the same in robust spreads.
    """

    lift: dict[str, FloatArray]
    strength: dict[str, FloatArray]

    def best(self, low: IntArray, high: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the largest lift and the largest strength of the posts ``low:high`` in any count; -inf if none."""
        most = np.full((2, len(low)), -np.inf)
        for row, values in zip(most, (self.lift, self.strength), strict=True):
            for name in COUNTS:
                row[:] = np.maximum(row, range_max(np.nan_to_num(values[name], nan=-np.inf), low, high))
        return most[0], most[1]

    def counted(self, posts: Ragged) -> FloatArray:
        """Return how many posts of each creator have a strength, in the count that has most of them."""
        n = len(posts.starts) - 1
        known = [segment_sum((~np.isnan(v)).astype(np.float64), posts.owner, n) for v in self.strength.values()]
        return np.asarray(np.max(known, axis=0), dtype=np.float64)


def post_strength(posts: Ragged) -> PostStrength:
    """Return how strong each post is; unknown where the creator has fewer than five posts with the count."""
    lift, strength = {}, {}
    for name in COUNTS:
        lift[name], strength[name] = _strength_in(posts, name)
    return PostStrength(lift, strength)


def _strength_in(posts: Ragged, name: str) -> tuple[FloatArray, FloatArray]:
    out = np.full((2, len(posts.columns[name])), np.nan)
    known = ~np.isnan(posts.columns[name])
    part = posts.where(known)
    values = np.full((2, int(known.sum())), np.nan)
    for members, columns in part.blocks():
        if columns[name].shape[1] < LEAST_POSTS:
            continue
        rest, _ = detrended(np.log1p(columns[name]), columns["day"])
        lift = rest - median(rest, keepdims=True)
        scale = 1.4826 * median(np.abs(lift), keepdims=True)
        rows = part.starts[members][:, None] + np.arange(rest.shape[1])
        values[0, rows], values[1, rows] = lift, lift / np.maximum(scale, 0.1)
    out[:, known] = values
    return out[0], out[1]


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
        padded = np.append(values, -np.inf)
        pairs = np.stack([low[some], high[some]], axis=1).ravel()
        out[some] = np.maximum.reduceat(padded, pairs)[::2]
    return out
