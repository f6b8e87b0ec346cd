"""Likes, comments and views: against followers, against each other, and from post to post.

Levels (likes per follower and the like) say little by themselves, since honest creators differ by a factor of ten; the model sees them
only as residuals against creators of similar size and platform. What carries the signal is the creator against itself:
spread, floor, coupling of likes and comments, steps, the newest posts against the older ones. Posts younger than two days are
still growing and are left out where older ones are there; hidden likes are unknown, never zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from realreach.features.blocks import (
    Ragged,
    compute_in_blocks,
    deviation,
    mean_where,
    median,
    not_known,
    quantile,
    ratio,
    segment_sum,
)
from realreach.features.catalogue import Feature
from realreach.features.view import View
from realreach.tables.core import FloatArray

__all__ = ["FEATURES", "compute", "detrended", "settled_posts"]

MINIMUM_POSTS = 5
"""Posts with a known count that a statistic over posts needs; below, it is NaN."""

_FEW = "fewer than 5 posts with this count"
_SETTLED_DAYS = 2.0
_TRACE = 1e-5
"""What is added to a level before the logarithm: nothing stays nothing, whatever the size of the account."""


def _f(
    name: str, unit: str, en: str, idn: str, direction: int = 0, low: float | None = None, high: float | None = None, source: str = "",
    missing: str = _FEW, peers: bool = False, judges: bool = True,
) -> Feature:  # fmt: skip
    return Feature(f"engagement__{name}", unit, missing, en, idn, direction, low, high, source, peers, judges=judges)


FEATURES: tuple[Feature, ...] = (
    _f("like_rate__100p__median", "log10 likes per follower", "likes per follower", "suka per pengikut", -1, source="R8", peers=True),
    _f("like_rate_video__100p__median", "log10 likes per follower", "likes per follower on video", "suka per pengikut pada video", -1, source="R7, R8", peers=True),
    _f("like_rate_still__100p__median", "log10 likes per follower", "likes per follower on pictures", "suka per pengikut pada foto", -1, source="R7, R8", peers=True),
    _f("comment_rate__100p__mean", "log10 comments per follower", "comments per follower", "komentar per pengikut", -1, source="R8", peers=True),
    _f("comments_per_like__100p__log", "log10 ratio", "comments per like", "komentar per suka", 0, source="R9", peers=True),
    _f("view_rate__100p__median", "log10 views per follower", "views per follower", "tayangan per pengikut", 0, source="R5", peers=True),
    _f("likes_per_view__100p__log", "log10 ratio", "likes per view", "suka per tayangan", 0, source="R5", peers=True),
    _f("shares_per_like__100p__log", "log10 ratio", "shares per like", "bagikan per suka", 0, source="NORMS 3", peers=True),
    _f("saves_per_like__100p__log", "log10 ratio", "saves per like", "simpan per suka", 0, source="NORMS 3", peers=True),
    _f("like_level__100p__log", "log10 likes per follower", "likes of a post per follower, on average", "rata-rata suka per pengikut", -1, source="R8", missing="fewer than five posts with these counts, and no row of totals", peers=True),
    _f("comment_level__100p__log", "log10 comments per follower", "comments of a post per follower, on average", "rata-rata komentar per pengikut", -1, source="R8", missing="fewer than five posts with these counts, and no row of totals", peers=True),
    _f("share_level__100p__log", "log10 shares per follower", "shares of a post per follower, on average", "rata-rata dibagikan per pengikut", -1, source="R8", missing="fewer than five posts with these counts, and no row of totals", peers=True),
    _f("comment_like_level__100p__log", "log10 ratio", "comments of all posts per like", "komentar semua posting per suka", 0, source="R9", missing="fewer than five posts with these counts, and no row of totals", peers=True),
    _f("share_like_level__100p__log", "log10 ratio", "shares of all posts per like", "dibagikan semua posting per suka", 0, source="R9", missing="fewer than five posts with these counts, and no row of totals", peers=True),
    _f("likes_above_views__100p__share", "share of posts", "posts with more likes than views", "posting dengan suka melebihi tayangan", 1, 0, 1, "R5"),
    _f("zero_comments__100p__share", "share of posts", "posts without a comment", "posting tanpa komentar", 0, 0, 1, "DOMAIN 2.6", peers=True),
    _f("likes__100p__spread", "sd of ln likes", "spread of likes from post to post", "sebaran suka antar posting", 0, 0, None, "R2", peers=True),
    _f("likes__100p__floor", "log ratio", "lowest likes against the median", "suka terendah dibanding median", 0, None, 0, "R2", peers=True),
    _f("likes__100p__peak", "log ratio", "highest likes against the median", "suka tertinggi dibanding median", 0, 0, None, "NORMS 3", peers=True),
    _f("likes__100p__skew", "skewness", "lean of the likes", "kemencengan suka", 0, None, None, "R2", peers=True),
    _f("likes__100p__flat_top", "kurtosis", "flatness of the likes: a subscription draws them evenly", "kerataan suka", -1, None, None, "R2", peers=True),
    _f("likes__100p__lag1", "correlation", "likeness of a post's likes to the one before", "kemiripan suka dengan posting sebelumnya", 0, -1, 1, "DOMAIN 2.6", peers=True),
    _f("likes__100p__trend", "ln per 30 days", "trend of the likes", "tren suka", 0, source="R1"),
    _f("likes__100p__step", "t", "strongest lasting step of likes per follower up", "kenaikan suka per pengikut yang menetap", 1, 0, None, "R1"),
    _f("likes__100p__step_down", "t", "strongest lasting step of likes per follower down", "penurunan suka per pengikut yang menetap", 1, 0, None, "R1"),
    _f("likes__100p__spread_change", "log ratio", "spread of the newer half of the likes against the older half", "sebaran paruh baru dibanding paruh lama", -1, source="R2", missing="fewer than 12 posts with likes"),
    _f("likes__30d__shift", "spreads", "likes of the last 30 days against the earlier ones", "suka 30 hari terakhir dibanding sebelumnya", 0, source="X7", missing="fewer than 3 posts on either side"),
    _f("comments__100p__spread", "sd of ln comments", "spread of comments from post to post", "sebaran komentar antar posting", 0, 0, None, "NORMS 3", peers=True),
    _f("comments__30d__shift", "spreads", "comments of the last 30 days against the earlier ones", "komentar 30 hari terakhir dibanding sebelumnya", 0, source="X7", missing="fewer than 3 posts on either side"),
    _f("views__100p__spread", "sd of ln views", "spread of views from post to post", "sebaran tayangan antar posting", 0, 0, None, "NORMS 3", peers=True),
    _f("coupling__100p__likes_comments", "correlation", "likes and comments moving together", "suka dan komentar bergerak bersama", -1, -1, 1, "R4", peers=True),
    _f("coupling__100p__slope", "slope", "comments' answer to likes", "tanggapan komentar terhadap suka", 0, source="R4", peers=True),
    _f("coupling__100p__residual", "sd of ln comments", "spread of comments at equal likes", "sebaran komentar pada suka yang sama", 0, 0, None, "R4", peers=True),
    _f("coupling__100p__likes_views", "correlation", "likes and views moving together", "suka dan tayangan bergerak bersama", -1, -1, 1, "R5", peers=True),
    _f("coupling__100p__view_residual", "sd of ln likes", "spread of likes at equal views", "sebaran suka pada tayangan yang sama", 0, 0, None, "R5", peers=True),
    _f("orphan_likes__100p__share", "share of posts", "posts with a jump in likes that comments did not follow", "posting dengan lonjakan suka tanpa komentar", 1, 0, 1, "R3"),
    _f("orphan_likes__100p__excess", "ln", "largest jump in likes that comments did not follow", "lonjakan suka terbesar tanpa komentar", 1, 0, None, "R3"),
    _f("orphan_views__100p__share", "share of posts", "posts with a jump in views that likes did not follow", "posting dengan lonjakan tayangan tanpa suka", 1, 0, 1, "M19"),
    _f("sponsored__100p__contrast", "spreads", "likes of sponsored posts against the others", "suka posting berbayar dibanding lainnya", 1, source="R6", missing="fewer than 2 sponsored or 5 other posts"),
    _f("format__100p__contrast", "ln", "likes of video against pictures", "suka video dibanding foto", 0, source="R7", missing="fewer than 3 of either", peers=True),
    _f("digits__100p__last", "chi-square per post", "unevenness of the last digits of likes", "ketidakrataan digit terakhir suka", 1, 0, None, "R11", "fewer than 30 posts of 100 likes or more"),
    _f("digits__100p__first", "distance", "distance of first digits of likes from Benford's law", "jarak digit pertama suka dari hukum Benford", 0, 0, None, "R11", "fewer than 30 posts with likes", peers=True),
    _f("posting__100p__per_week", "log10 posts a week", "posts a week", "posting per minggu", 0, source="NORMS 3", missing="fewer than 5 posts", peers=True),
    _f("posting__100p__gap_cv", "ratio", "irregularity of posting", "ketidakteraturan posting", 0, 0, None, "NORMS 3", "fewer than 5 posts", peers=True),
    _f("hidden_likes__100p__share", "share of posts", "posts with hidden or unknown likes", "posting dengan suka tersembunyi", 0, 0, 1, "EXPECTATIONS 4", "no post", judges=False),
)  # fmt: skip


def settled_posts(posts: Ragged) -> Ragged:
    """Return the posts that are at least two days old; all of a creator that has fewer than five such."""
    old = posts.columns["age"] >= _SETTLED_DAYS
    count = segment_sum(old.astype(np.float64), posts.owner, len(posts.starts) - 1)
    return posts.where(old | (count < MINIMUM_POSTS)[posts.owner])


def compute(view: View) -> dict[str, FloatArray]:
    """Return the engagement features of every creator of the view, one array per catalogue name; NaN = not known."""
    n = len(view)
    out = {f.name: not_known(n) for f in FEATURES}
    out["context__posts__100p__count"] = np.zeros(n)
    if view.posts is None:
        return out
    every = view.posts
    out["context__posts__100p__count"] = every.lengths.astype(np.float64)
    posts = settled_posts(every)
    posts.columns["log_level"] = np.log(np.maximum(posts.columns["level"], 1.0))
    enough = segment_sum(np.ones(len(posts.owner)), posts.owner, n) >= MINIMUM_POSTS
    posts.columns["told"] = np.where(enough[posts.owner], 1.0, posts.columns["is_total"])
    values = compute_in_blocks(every, _HABIT, _habit, MINIMUM_POSTS)
    for step in _STEPS:
        known = step.keep(posts.columns) if step.keep else np.ones(len(posts.owner), dtype=bool)
        for name in step.needs:
            known &= ~np.isnan(posts.columns[name])
        values |= compute_in_blocks(posts.where(known), step.names, step.kernel, step.minimum)
    unknown = np.isnan(every.columns["likes"]).astype(np.float64)
    values["hidden_likes__100p__share"] = ratio(segment_sum(unknown, every.owner, n), every.lengths.astype(np.float64))
    return out | {f"engagement__{name}": value for name, value in values.items()}


def detrended(values: FloatArray, day: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the rows of ``values`` less their straight line over ``day``, and the slope per day."""
    t = day - day.mean(axis=1, keepdims=True)
    centred = values - values.mean(axis=1, keepdims=True)
    spread = (t * t).sum(axis=1)
    slope = np.divide((t * centred).sum(axis=1), spread, out=np.zeros(len(t)), where=spread > 0)
    line = values.mean(axis=1, keepdims=True) + slope[:, None] * t
    return deviation(values, line), slope


def _spread(values: FloatArray) -> FloatArray:
    return values.std(axis=1)


def _shift_30d(values: FloatArray, age: FloatArray) -> FloatArray:
    """Return the mean of the last 30 days less that of the earlier posts, in spreads of the earlier ones."""
    new = age <= 30.0
    early = mean_where(values, ~new, 3)
    late = mean_where(values, new, 3)
    sd = np.sqrt(mean_where((values - early[:, None]) ** 2, ~new, 3))
    return (late - early) / (sd + 0.1)


def _steps(values: FloatArray, autocorrelation: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the largest t of a lasting step up and down, corrected for autocorrelation (AR(1)); 4 posts on each side."""
    m = values.shape[1]
    if m < 8:
        return not_known(len(values)), not_known(len(values))
    k = np.arange(4, m - 3)
    total = values.sum(axis=1, keepdims=True)
    head = np.cumsum(values, axis=1)[:, k - 1]
    square = (values * values).sum(axis=1, keepdims=True)
    left, right = head / k, (total - head) / (m - k)
    within = np.maximum(square - k * left**2 - (m - k) * right**2, 0.0) / max(m - 2, 1)
    t = (right - left) / np.sqrt((within + 0.01) * (1.0 / k + 1.0 / (m - k)))
    rho = np.clip(autocorrelation, 0.0, 0.8)[:, None]
    t = t * np.sqrt((1.0 - rho) / (1.0 + rho))
    return np.maximum(t.max(axis=1), 0.0), np.maximum((-t).max(axis=1), 0.0)


def _lag1(values: FloatArray) -> FloatArray:
    centred = values - values.mean(axis=1, keepdims=True)
    return ratio((centred[:, 1:] * centred[:, :-1]).sum(axis=1), (centred * centred).sum(axis=1))


def _likes(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    log = np.log1p(c["likes"])
    rest, slope = detrended(log, c["day"])
    sd = _spread(rest)
    ordered = np.sort(log, axis=1)
    median = quantile(ordered, 0.5)
    scaled = rest / (sd[:, None] + 0.02)
    m = log.shape[1]
    half = m // 2
    change = not_known(len(log))
    if m >= 12:
        change = np.log((_spread(rest[:, half:]) + 0.05) / (_spread(rest[:, :half]) + 0.05))
    return {
        "likes__100p__spread": sd,
        "likes__100p__floor": ordered[:, 0] - median,
        "likes__100p__peak": ordered[:, -1] - median,
        "likes__100p__skew": (scaled**3).mean(axis=1),
        "likes__100p__flat_top": (scaled**4).mean(axis=1),
        "likes__100p__lag1": _lag1(rest),
        "likes__100p__trend": np.clip(30.0 * slope, -5.0, 5.0),
        "likes__100p__spread_change": change,
        "likes__30d__shift": _shift_30d(log, c["age"]),
    }


def _like_rate_median(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    rate = np.sort((np.log(c["likes"] + 0.5) - c["log_level"]) / np.log(10.0), axis=1)
    return {"like_rate__100p__median": quantile(rate, 0.5)}


def _like_rate(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    log = np.log(c["likes"] + 0.5) - c["log_level"]
    up, down = _steps(log, _lag1(detrended(log, c["day"])[0]))
    return _like_rate_median(c) | {"likes__100p__step": up, "likes__100p__step_down": down}


def _comments(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    log = np.log1p(c["comments_count"])
    return {
        "comments__100p__spread": _spread(detrended(log, c["day"])[0]),
        "comments__30d__shift": _shift_30d(log, c["age"]),
        "zero_comments__100p__share": (c["comments_count"] == 0).mean(axis=1),
    }


def _comment_rate(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    rate = (c["comments_count"].mean(axis=1) + 0.05) / np.exp(c["log_level"].mean(axis=1))
    return {"comment_rate__100p__mean": np.log10(rate)}


def _likes_and_comments(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    likes, comments = np.log1p(c["likes"]), np.log1p(c["comments_count"])
    x, y = (deviation(v, v.mean(axis=1, keepdims=True)) for v in (likes, comments))
    xx, yy, xy = (x * x).sum(axis=1), (y * y).sum(axis=1), (x * y).sum(axis=1)
    slope = ratio(xy, xx)
    residual = np.sqrt(np.maximum(yy - np.where(np.isnan(slope), 0.0, slope) * xy, 0.0) / likes.shape[1])
    sums = (c["comments_count"].sum(axis=1) + 0.5) / (c["likes"].sum(axis=1) + 10.0)
    up, reply = _robust(likes), _robust(comments)
    orphan = (up > 2.5) & (reply < 0.5)
    excess = np.where(reply < 0.5, likes - median(likes, keepdims=True), 0.0).max(axis=1)
    return {
        "coupling__100p__likes_comments": ratio(xy, np.sqrt(xx * yy)),
        "coupling__100p__slope": np.clip(slope, -5.0, 5.0),
        "coupling__100p__residual": residual,
        "comments_per_like__100p__log": np.log10(sums),
        "orphan_likes__100p__share": orphan.mean(axis=1),
        "orphan_likes__100p__excess": np.maximum(excess, 0.0),
    }


def _robust(values: FloatArray) -> FloatArray:
    """Return distances from the row's median in units of its (scaled) median deviation, at least 0.1."""
    centred = values - median(values, keepdims=True)
    return centred / np.maximum(1.4826 * median(np.abs(centred), keepdims=True), 0.1)


def _level(column: str, name: str) -> Callable[[dict[str, FloatArray]], dict[str, FloatArray]]:
    """Return the kernel of a level: known from five posts on, or from one row that stands for all posts together."""
    return lambda c: {name: np.log10(c[column].mean(axis=1) / np.exp(c["log_level"].mean(axis=1)) + _TRACE)}


def _told(c: dict[str, FloatArray]) -> np.ndarray:
    """Return the posts that levels are told from: all of a creator with five, else rows that are totals."""
    return c["told"] == 1.0


def _share_like_level(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    return {"share_like_level__100p__log": np.log10(c["shares"].sum(axis=1) / (c["likes"].sum(axis=1) + 2.0) + _TRACE)}


def _comment_like_level(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    likes = c["likes"].sum(axis=1) + 2.0
    return {"comment_like_level__100p__log": np.log10(c["comments_count"].sum(axis=1) / likes + _TRACE)}


def _views(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    return {"views__100p__spread": _spread(detrended(np.log1p(c["views"]), c["day"])[0])}


def _view_rate(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    rate = np.sort((np.log(c["views"] + 0.5) - c["log_level"]) / np.log(10.0), axis=1)
    return {"view_rate__100p__median": quantile(rate, 0.5)}


def _likes_and_views(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    likes, views = np.log1p(c["likes"]), np.log1p(c["views"])
    x, y = (deviation(v, v.mean(axis=1, keepdims=True)) for v in (views, likes))
    xx, yy, xy = (x * x).sum(axis=1), (y * y).sum(axis=1), (x * y).sum(axis=1)
    orphan = (_robust(views) > 2.5) & (_robust(likes) < 0.5)
    return {
        "likes_per_view__100p__log": np.log10((c["likes"].sum(axis=1) + 0.5) / (c["views"].sum(axis=1) + 10.0)),
        "likes_above_views__100p__share": (c["likes"] > c["views"]).mean(axis=1),
        "coupling__100p__likes_views": ratio(xy, np.sqrt(xx * yy)),
        "coupling__100p__view_residual": (likes - views).std(axis=1),
        "orphan_views__100p__share": orphan.mean(axis=1),
    }


def _shares(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    return {"shares_per_like__100p__log": np.log10((c["shares"].sum(axis=1) + 0.5) / (c["likes"].sum(axis=1) + 10.0))}


def _saves(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    return {"saves_per_like__100p__log": np.log10((c["saves"].sum(axis=1) + 0.5) / (c["likes"].sum(axis=1) + 10.0))}


def _sponsored(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    rest, _ = detrended(np.log1p(c["likes"]), c["day"])
    paid = c["is_sponsored"] == 1.0
    other = mean_where(rest, ~paid, 5)
    sd = np.sqrt(mean_where((rest - other[:, None]) ** 2, ~paid, 5))
    return {"sponsored__100p__contrast": (mean_where(rest, paid, 2) - other) / (sd + 0.1)}


def _formats(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    log = np.log1p(c["likes"])
    moving = c["is_video"] == 1.0
    return {"format__100p__contrast": mean_where(log, moving, 3) - mean_where(log, ~moving, 3)}


def _last_digits(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    m = c["likes"].shape[1]
    digit = c["likes"] % 10.0
    count = np.stack([(digit == d).sum(axis=1) for d in range(10)], axis=1)
    rounded = (c["likes"] % 100.0 == 0).mean(axis=1) > 0.5
    chi = ((count - m / 10.0) ** 2).sum(axis=1) / (m / 10.0) / 9.0
    return {"digits__100p__last": np.where(rounded, np.nan, np.log1p(chi))}


def _first_digits(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    lead = np.floor(c["likes"] / np.power(10.0, np.floor(np.log10(c["likes"]) + 1e-12)))
    share = np.stack([(lead == d).mean(axis=1) for d in range(1, 10)], axis=1)
    law = np.log10(1.0 + 1.0 / np.arange(1, 10))
    return {"digits__100p__first": np.abs(share - law).sum(axis=1)}


def _habit(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
    gaps = np.diff(c["day"], axis=1)
    span = c["day"][:, -1] - c["day"][:, 0]
    m = c["day"].shape[1]
    return {
        "posting__100p__per_week": np.log10(7.0 * (m - 1) / np.maximum(span, 0.5)),
        "posting__100p__gap_cv": ratio(gaps.std(axis=1), gaps.mean(axis=1)),
    }


@dataclass(frozen=True)
class _Step:
    """A kernel, the counts it needs, the names it returns, the posts it needs, and which posts it looks at."""

    kernel: Callable[[dict[str, FloatArray]], dict[str, FloatArray]]
    needs: tuple[str, ...]
    names: tuple[str, ...]
    minimum: int = MINIMUM_POSTS
    keep: Callable[[dict[str, FloatArray]], np.ndarray] | None = None


def _rate_of(kind: str) -> Callable[[dict[str, FloatArray]], dict[str, FloatArray]]:
    """Return the kernel of the like rate of one kind of format."""
    return lambda c: {f"like_rate_{kind}__100p__median": _like_rate_median(c)["like_rate__100p__median"]}


_HABIT = ("posting__100p__per_week", "posting__100p__gap_cv")
_STEPS = (
    _Step(_likes, ("likes",), (
        "likes__100p__spread", "likes__100p__floor", "likes__100p__peak", "likes__100p__skew", "likes__100p__flat_top",
        "likes__100p__lag1", "likes__100p__trend", "likes__100p__spread_change", "likes__30d__shift",
    )),
    _Step(_like_rate, ("likes", "level"), ("like_rate__100p__median", "likes__100p__step", "likes__100p__step_down")),
    _Step(_rate_of("video"), ("likes", "level"), ("like_rate_video__100p__median",), 3, lambda c: c["is_video"] == 1.0),
    _Step(_rate_of("still"), ("likes", "level"), ("like_rate_still__100p__median",), 3, lambda c: c["is_video"] == 0.0),
    _Step(_comments, ("comments_count",), ("comments__100p__spread", "comments__30d__shift", "zero_comments__100p__share")),
    _Step(_comment_rate, ("comments_count", "level"), ("comment_rate__100p__mean",)),
    _Step(_likes_and_comments, ("likes", "comments_count"), (
        "coupling__100p__likes_comments", "coupling__100p__slope", "coupling__100p__residual",
        "comments_per_like__100p__log", "orphan_likes__100p__share", "orphan_likes__100p__excess",
    )),
    _Step(_level("likes", "like_level__100p__log"), ("likes", "level"), ("like_level__100p__log",), 1, _told),
    _Step(_level("comments_count", "comment_level__100p__log"), ("comments_count", "level"), ("comment_level__100p__log",), 1, _told),
    _Step(_level("shares", "share_level__100p__log"), ("shares", "level"), ("share_level__100p__log",), 1, _told),
    _Step(_comment_like_level, ("likes", "comments_count"), ("comment_like_level__100p__log",), 1, _told),
    _Step(_share_like_level, ("likes", "shares"), ("share_like_level__100p__log",), 1, _told),
    _Step(_views, ("views",), ("views__100p__spread",)),
    _Step(_view_rate, ("views", "level"), ("view_rate__100p__median",)),
    _Step(_likes_and_views, ("likes", "views"), (
        "likes_per_view__100p__log", "likes_above_views__100p__share", "coupling__100p__likes_views",
        "coupling__100p__view_residual", "orphan_views__100p__share",
    )),
    _Step(_shares, ("likes", "shares"), ("shares_per_like__100p__log",)),
    _Step(_saves, ("likes", "saves"), ("saves_per_like__100p__log",)),
    _Step(_sponsored, ("likes", "is_sponsored"), ("sponsored__100p__contrast",)),
    _Step(_formats, ("likes", "is_video"), ("format__100p__contrast",)),
    _Step(_last_digits, ("likes",), ("digits__100p__last",), 30, lambda c: c["likes"] >= 100.0),
    _Step(_first_digits, ("likes",), ("digits__100p__first",), 30, lambda c: c["likes"] >= 1.0),
)  # fmt: skip
"""What is computed over the settled posts; the names stand here so that a creator with too few posts has every column."""
