"""The posts of a view as the rows of one matrix: what was counted, and the logarithms that every family wants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from realreach.compiled import LEAST_CREATORS, frozen, kernels_for
from realreach.features.blocks import Ragged
from realreach.tables.core import FloatArray, IntArray

__all__ = [
    "COLUMNS", "COUNTS", "LEAST_POSTS", "OF_TABLE", "ROW_OF", "SETTLED_DAYS", "PostRows", "post_rows", "rows_in_blocks", "settled_posts", "with_logarithms",
]  # fmt: skip

COUNTS = ("likes", "comments_count", "views")
"""Counts of a post whose strength is judged."""
LEAST_POSTS = 5
"""Posts with a known count that a statistic over posts needs; below, it is NaN."""
COLUMNS = (
    *COUNTS, "level", "shares", "saves", "is_sponsored", "likes_hidden", "is_video", "is_total", "day", "age", "row",
    "log_likes", "log_comments_count", "log_views", "log_followers", "log_level", "like_rate", "view_rate",
)  # fmt: skip
"""Columns in the order of the matrix. ``level`` is the number of followers on the day of the post, ``row`` the number of
the post among those of the view; ``log_<count>`` is ln(1 + count), ``log_level`` ln(followers, at least 1), and a rate ln of
the count (plus a half) per follower."""
ROW_OF: Mapping[str, int] = {name: row for row, name in enumerate(COLUMNS)}

OF_TABLE = ("likes", "comments_count", "views", "shares", "saves", "is_sponsored", "likes_hidden")
"""Columns that stand in the table of posts as they are."""
SETTLED_DAYS = 2.0
"""Days after which the counts of a post hardly grow."""
_LOGS, _RATES = ROW_OF["log_likes"], ROW_OF["log_level"]


@dataclass(frozen=True, eq=False)
class PostRows(Ragged):
    """Posts of all creators, oldest first; ``columns`` are the rows of ``matrix`` (order of ``COLUMNS``), NaN = unknown."""

    matrix: FloatArray


def post_rows(counted: Mapping[str, FloatArray], starts: IntArray) -> PostRows:
    """Return posts with the columns that follow from their counts.

    Parameters
    ----------
    counted
        The columns from ``likes`` to ``age``, one entry per post, creators one after another.
    starts
        First post of each creator, and the number of posts.
    """
    rows = int(starts[-1])
    matrix = np.empty((len(COLUMNS), rows))
    for row in range(ROW_OF["row"]):
        matrix[row] = counted[COLUMNS[row]]
    matrix[ROW_OF["row"]] = np.arange(rows)
    return with_logarithms(matrix, starts)


def with_logarithms(matrix: FloatArray, starts: IntArray) -> PostRows:
    """Return posts of which the rows of the matrix up to ``row`` are filled; the others are filled in place."""
    np.log1p(matrix[:4], out=matrix[_LOGS:_RATES])
    rates = matrix[_RATES:]
    np.maximum(matrix[ROW_OF["level"]], 1.0, out=rates[0])
    np.add(matrix[0:3:2], 0.5, out=rates[1:])
    np.log(rates, out=rates)
    rates[1:] -= rates[0]
    return _rows_of(matrix, starts)


def _rows_of(matrix: FloatArray, starts: IntArray) -> PostRows:
    matrix.setflags(write=False)
    starts = frozen(starts)
    return PostRows(dict(zip(COLUMNS, matrix, strict=True)), starts, matrix)


def settled_posts(posts: PostRows) -> PostRows:
    """Return the posts that are at least two days old; all of a creator that has fewer than five such."""
    kernels = kernels_for(len(posts.starts) - 1, "features.view_kernels", LEAST_CREATORS)
    if kernels is not None:
        matrix, starts = kernels.settled_rows(posts.matrix, posts.starts)
        return _rows_of(matrix, starts) if len(matrix) else posts
    old = posts.columns["age"] >= SETTLED_DAYS
    if old.all():
        return posts
    running = np.zeros(len(old) + 1, dtype=np.int64)
    kept = np.cumsum(old, out=running[1:])
    starts = running[posts.starts]
    few = starts[1:] - starts[:-1] < LEAST_POSTS
    if few.any():
        old |= few[posts.owner]
        np.cumsum(old, out=kept)
        starts = running[posts.starts]
    return posts if old.all() else _rows_of(np.compress(old, posts.matrix, axis=1), starts)


def rows_in_blocks(posts: Ragged, keep: np.ndarray) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield creators who have equally many posts of those kept, and the rows of these, shape (creators, posts)."""
    if len(posts.starts) == 2:
        rows_of_one = keep.nonzero()[0][None]
        yield np.zeros(1, dtype=np.int64), rows_of_one
        return
    kept = np.concatenate([[0], np.cumsum(keep)])[posts.starts].astype(np.int64)
    rows: dict[str, Any] = {"row": np.flatnonzero(keep)}
    for members, columns in Ragged(rows, kept).blocks():
        yield members, np.asarray(columns["row"])
