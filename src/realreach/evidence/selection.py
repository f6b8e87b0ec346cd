"""Which windows, posts and comments carry which reason.

Codes that speak of a level or of something that is absent (likes per follower, a lack of answers) are carried by the
whole and have no items. The others are carried by rows that can be named, dated and taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from realreach.evidence.comment_rows import COMMENT_ROWS, CommentRows
from realreach.features.blocks import Ragged
from realreach.features.post_strength import PostStrength
from realreach.features.view import View
from realreach.tables.core import FloatArray, IntArray

__all__ = ["POST_ROWS", "WINDOW_CODES", "Chosen", "choose_comments", "choose_posts"]

BoolArray = npt.NDArray[np.bool_]

WINDOW_CODES = frozenset(
    {
        "growth_burst", "growth_burst_shape", "growth_unexplained", "growth_recent", "growth_drop_off", "growth_refill",
        "growth_steady_delivery", "growth_texture", "follow_unfollow",
        "growth_without_cause", "growth_without_engagement", "growth_without_posts",
    }
)  # fmt: skip
"""Codes that windows of growth carry."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """Rows of one creator that carry a code: rows of the view's posts (or comments), and what stands out in each.

    ``usual`` is the count that was to be expected of each post; ``group`` the number of the group of alike comments.
    """

    rows: IntArray
    residual: str = ""
    count: str = ""
    value: FloatArray | None = None
    usual: FloatArray | None = None
    group: IntArray | None = None


@dataclass(frozen=True, eq=False)
class _Posts:
    """The settled posts of one creator: counts, lifts over the creator's own trend, and their rows in the view."""

    row: IntArray
    columns: Mapping[str, FloatArray]
    lift: Mapping[str, FloatArray]
    strength: Mapping[str, FloatArray]


def _posts_of(settled: Ragged, strength: PostStrength, creator: int) -> _Posts:
    low, high = int(settled.starts[creator]), int(settled.starts[creator + 1])
    part = slice(low, high)
    return _Posts(
        settled.columns["row"][part].astype(np.int64),
        {name: values[part] for name, values in settled.columns.items()},
        {name: values[part] for name, values in strength.lift.items()},
        {name: values[part] for name, values in strength.strength.items()},
    )


def choose_posts(view: View, creator: int, code: str, *, above: bool = False) -> Chosen | None:
    """Return the posts of a creator that carry a code, the most unusual first; None if no posts carry it.

    ``above`` tells that the leading value lies above that of similar creators: too many comments for the likes are
    found under other posts than too few.
    """
    choose = _comment_jumps if above and code == "comments_per_like" else POST_ROWS.get(code)
    if choose is None or view.posts is None:
        return None
    posts = _posts_of(view.settled, view.post_strength, creator)
    if len(posts.row) == 0:
        return None
    chosen = choose(posts)
    return chosen if len(chosen.rows) else None


def choose_comments(view: View, creator: int, code: str) -> Chosen | None:
    """Return the comments of a creator that carry a code; None if no comments carry it."""
    choose = COMMENT_ROWS.get(code)
    table = view.comments_table
    if choose is None or table is None:
        return None
    rows = CommentRows.of(table, view.posts_table, creator)
    picked, group = choose(rows)
    if len(picked) == 0:
        return None
    return Chosen(rows.row[picked], residual=code, group=group)


def _standing_out(
    posts: _Posts, gap: FloatArray, keep: BoolArray, residual: str, count: str, usual: FloatArray
) -> Chosen:
    """Return the kept posts, largest gap first, at most twenty."""
    known = np.flatnonzero(keep & np.isfinite(gap) & np.isfinite(usual))
    order = known[np.argsort(-gap[known], kind="stable")][:_MOST]
    return Chosen(posts.row[order], residual, count, posts.columns[count][order], usual[order])


_MOST = 20


def _usual(posts: _Posts, name: str) -> FloatArray:
    """Return what each post's count was to be by the creator's own trend."""
    return np.asarray(np.expm1(np.log1p(posts.columns[name]) - posts.lift[name]), dtype=np.float64)


def _likes_alone(posts: _Posts) -> Chosen:
    """Return posts with likes far above the usual where comments (or views) are not."""
    other = np.fmin(
        np.nan_to_num(posts.lift["comments_count"], nan=np.inf), np.nan_to_num(posts.lift["views"], nan=np.inf)
    )
    gap = posts.lift["likes"] - np.where(np.isfinite(other), other, np.nan)
    keep = (posts.lift["likes"] > 0.1) & (gap > 0.3)
    return _standing_out(posts, gap, keep, "likes without comments or views", "likes", _usual(posts, "likes"))


def _views_alone(posts: _Posts) -> Chosen:
    """Return posts with more likes than views, or else with views far above the usual where likes are not."""
    gap = posts.lift["views"] - posts.lift["likes"]
    above = posts.columns["likes"] > posts.columns["views"]
    if above.any():
        excess = np.log1p(posts.columns["likes"]) - np.log1p(posts.columns["views"])
        return _standing_out(posts, excess, above, "more likes than views", "likes", posts.columns["views"])
    keep = (posts.lift["views"] > 0.1) & (gap > 0.3)
    return _standing_out(posts, gap, keep, "views without likes", "views", _usual(posts, "views"))


def _sponsored(posts: _Posts) -> Chosen:
    """Return sponsored posts with likes above those of the others."""
    paid = posts.columns["is_sponsored"] == 1.0
    likes = np.log1p(posts.columns["likes"])
    others = likes[~paid & ~np.isnan(likes)]
    usual = np.full(len(likes), np.expm1(np.median(others)) if len(others) else np.nan)
    gap = likes - np.log1p(usual)
    return _standing_out(posts, gap, paid & (gap > 0), "sponsored post above the others", "likes", usual)


def _after_step(posts: _Posts) -> Chosen:
    """Return posts after the likes' strongest lasting step up, against the level before it."""
    likes = np.log1p(posts.columns["likes"])
    known = np.flatnonzero(~np.isnan(likes))
    nothing = Chosen(np.empty(0, dtype=np.int64))
    if len(known) < 8:
        return nothing
    values = likes[known]
    splits = np.arange(3, len(known) - 2)
    gaps = np.array([values[k:].mean() - values[:k].mean() for k in splits])
    weight = gaps * np.sqrt(splits * (len(known) - splits))
    best = int(splits[int(np.argmax(weight))])
    if values[best:].mean() <= values[:best].mean():
        return nothing
    usual = np.full(len(likes), np.expm1(np.median(values[:best])))
    keep = np.zeros(len(likes), dtype=bool)
    keep[known[best:]] = True
    return _standing_out(
        posts, likes - np.log1p(usual), keep & (likes > np.log1p(usual)), "after a step up", "likes", usual
    )


def _dense_half(posts: _Posts) -> Chosen:
    """Return the half of the posts whose likes lie closest together."""
    likes = np.log1p(posts.columns["likes"])
    known = np.flatnonzero(~np.isnan(likes))
    if len(known) < 8:
        return Chosen(np.empty(0, dtype=np.int64))
    order = known[np.argsort(likes[known], kind="stable")]
    half = len(order) // 2
    width = likes[order[half:]] - likes[order[: len(order) - half]]
    first = int(np.argmin(width))
    rows = order[first : first + half][:_MOST]
    usual = np.full(len(likes), np.expm1(np.median(likes[known])))
    return Chosen(posts.row[rows], "likes close together", "likes", posts.columns["likes"][rows], usual[rows])


def _comment_jumps(posts: _Posts) -> Chosen:
    """Return posts with numbers of comments far above the usual where likes are not."""
    gap = posts.lift["comments_count"] - np.nan_to_num(posts.lift["likes"], nan=0.0)
    keep = (posts.lift["comments_count"] > 0.2) & (gap > 0.3)
    usual = _usual(posts, "comments_count")
    return _standing_out(posts, gap, keep, "comments without likes", "comments_count", usual)


POST_ROWS: Mapping[str, Callable[[_Posts], Chosen]] = MappingProxyType(
    {
        "likes_without_comments": _likes_alone,
        "comments_per_like": _likes_alone,
        "views_likes_mismatch": _views_alone,
        "sponsored_boost": _sponsored,
        "likes_step": _after_step,
        "likes_floor": _dense_half,
    }
)
"""How the posts that carry a code are found."""
