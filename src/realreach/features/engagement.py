"""Likes, comments and views: against followers, against each other, and from post to post.

Levels (likes per follower and the like) say little by themselves, since honest creators differ by a factor of ten; the model sees them
only as residuals against creators of similar size and platform. What carries the signal is the creator against itself:
spread, floor, coupling of likes and comments, steps, the newest posts against the older ones. Posts younger than two days are
still growing and are left out where older ones are there; hidden likes are unknown, never zero.
"""

from __future__ import annotations

from realreach.features.blocks import not_known
from realreach.features.catalogue import Feature
from realreach.features.post_numbers import NAMES as OF_POSTS
from realreach.features.post_numbers import post_numbers
from realreach.features.view import View
from realreach.tables.core import FloatArray

__all__ = ["FEATURES", "compute"]

_FEW = "fewer than 5 posts with this count"


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


NAMES = (*(f"engagement__{name}" for name in OF_POSTS), "context__posts__100p__count")
"""Names of the rows of :func:`numbers`."""


def compute(view: View) -> dict[str, FloatArray]:
    """Return the engagement features of every creator of the view, one array per catalogue name; NaN = not known."""
    return dict(zip(NAMES, numbers(view), strict=True))


def numbers(view: View) -> FloatArray:
    """Return what :func:`compute` gives as the rows of one array, in the order of ``NAMES``."""
    if view.posts is None:
        out = not_known((len(NAMES), len(view)))
        out[-1] = 0.0
        return out
    # The numbers end in some that are no features: the first of these is not read again.
    out = post_numbers(view.posts, view.settled)[: len(NAMES)]
    out[-1] = view.posts.lengths
    return out
