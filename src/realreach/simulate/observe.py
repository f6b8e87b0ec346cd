"""What a collector sees of a life: which tables, which days, which posts, rounded and incomplete as in practice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from realreach.simulate.engagement import Counts
from realreach.simulate.life import Event, Life
from realreach.simulate.profile import Profile, pick
from realreach.simulate.settings import SimulationSettings
from realreach.tables.core import FloatArray, IntArray

__all__ = ["View", "choose_posts", "days_seen", "draw_view", "hide", "round_down", "rounded"]

# Which of (growth, posts, comments) a vetting team has of a creator.
_PILLARS: Mapping[str, tuple[bool, bool, bool]] = MappingProxyType(
    {"all": (True, True, True), "no_comments": (True, True, False), "growth": (True, False, False)}
    | {"posts": (False, True, False), "no_growth": (False, True, True), "comments": (False, False, True)}
    | {"no_posts": (True, False, True)}
)
_PILLAR_SHARES = {"all": 0.55, "no_comments": 0.14, "growth": 0.10, "posts": 0.08, "no_growth": 0.09, "comments": 0.02}
_PILLAR_SHARES["no_posts"] = 0.02
_RHYTHMS = {"daily": 0.71, "some_days": 0.06, "weekly": 0.09, "monthly": 0.06, "irregular": 0.08}
_POST_NUMBERS = {"5": 0.04, "12": 0.16, "17": 0.08, "25": 0.18, "30": 0.20, "50": 0.20, "100": 0.14}


@dataclass(frozen=True)
class View:
    """How one creator is observed; drawn without knowing whether anything was bought.

    ``history_days`` is the length of the follower history, ``digits`` the number of significant digits of follower
    counts (0 = exact), ``post_digits`` the same for counts of posts (of 10,000 and more).
    """

    growth: bool
    posts: bool
    comments: bool
    history_days: int
    rhythm: str
    missing: float
    gap_days: int
    digits: int
    post_digits: int
    post_number: int
    post_days: int
    likes_hidden: bool
    comments_limited: bool
    comments_zero: bool
    comments_total: int
    comments_per_post: int
    without: frozenset[str]  # columns that this collector does not have


def draw_view(rng: np.random.Generator, profile: Profile, settings: SimulationSettings) -> View:
    """Draw how a creator is observed."""
    rates = settings.look_alikes
    complete = settings.observation == "complete"
    kinds = {"all": 1.0} if complete else _PILLAR_SHARES
    growth, posts, comments = _PILLARS[pick(rng, kinds)]
    rhythm = pick(rng, _RHYTHMS)
    total = int(rng.negative_binomial(2.2, 2.2 / (2.2 + 1.35 * max(settings.comments_median, 0.01))))
    per_post = int(rng.choice([5, 10, 20, 50, 150], p=[0.10, 0.22, 0.25, 0.25, 0.18]))
    view = View(
        growth=growth,
        posts=posts,
        comments=comments,
        history_days=_history_days(rng, settings.days, rhythm),
        rhythm=rhythm,
        missing=float(rng.choice([0.0, rng.uniform(0.005, 0.05), rng.uniform(0.05, 0.3)], p=[0.70, 0.20, 0.10])),
        gap_days=int(rng.integers(3, 41)) if rng.random() < rates["gap"] else 0,
        digits=_digits(rng, profile, rates["rounding"]),
        post_digits=3 if rng.random() < (0.6 if profile.platform == "tiktok" else 0.12) else 0,
        post_number=min(int(pick(rng, _POST_NUMBERS)), settings.posts_cap),
        post_days=int(rng.choice([90, 180, 365, 730, 1000], p=[0.15, 0.25, 0.25, 0.15, 0.2])),
        likes_hidden=bool(rng.random() < rates["hidden_likes"]),
        comments_limited=bool(rng.random() < rates["comments_limited"]),
        comments_zero=bool(rng.random() < 0.5),
        comments_total=max(min(total, settings.comments_cap), min(5, settings.comments_cap)),
        comments_per_post=per_post,
        without=_without(rng, profile.platform),
    )
    return _complete(view, settings) if complete else view


def _complete(view: View, settings: SimulationSettings) -> View:
    seen = {"history_days": settings.days, "rhythm": "daily", "missing": 0.0, "gap_days": 0, "digits": 0}
    seen |= {"post_digits": 0, "post_number": settings.posts_cap, "post_days": 1000, "likes_hidden": False}
    seen |= {"comments_limited": False, "without": frozenset()}
    return View(**{**view.__dict__, **seen})


def _history_days(rng: np.random.Generator, days: int, rhythm: str) -> int:
    if rhythm == "monthly":
        return int(rng.integers(min(150, days), max(int(days * 4), 160)))
    if rhythm == "weekly":
        return int(rng.integers(min(60, days), max(int(days * 2.2), 70)))
    shorter = rng.random()
    if shorter < 0.32:
        return int(rng.integers(20, days + 1))
    return int(rng.integers(days, int(days * 2.2) + 1)) if shorter > 0.88 else days


def _digits(rng: np.random.Generator, profile: Profile, rate: float) -> int:
    rounded_share = 0.85 if profile.platform == "youtube" else rate
    return 3 if rng.random() < rounded_share else 0


def _without(rng: np.random.Generator, platform: str) -> frozenset[str]:
    """Return the columns that this collector does not have."""
    chances = {
        "history.following": 0.30,
        "history.posts_count": 0.30,
        "creators.followers": 0.05,
        "creators.following": 0.20,
        "creators.posts_count": 0.15,
        "creators.joined_on": 0.6,
        "creators.category": 0.2,
        "creators.language": 0.15,
        "creators.country": 0.2,
        "creators.is_verified": 0.15,
        "creators.price": 0.7,
        "posts.comments_count": 0.06,
        "posts.likes": 0.02,
        "posts.views": 0.15 if platform in {"tiktok", "youtube"} else 0.45,
        "posts.shares": 0.25 if platform == "tiktok" else 0.92,
        "posts.saves": 0.93,
        "posts.format": 0.15,
        "posts.caption": 0.15,
        "posts.is_sponsored": 0.35,
        "comments.author_id": 0.08,
        "comments.commented_at": 0.04,
        "comments.likes": 0.12,
        "comments.parent_comment_id": 0.15,
        "comments.post_id": 0.02,
    }
    dice = rng.random(len(chances))
    return frozenset(name for (name, chance), roll in zip(chances.items(), dice, strict=True) if roll < chance)


def choose_posts(life: Life, view: View) -> IntArray:
    """Return the positions of the collected posts, oldest first: the newest so many that still exist."""
    posts = life.posts
    seen = np.flatnonzero(~posts.is_deleted & (posts.at >= life.profile.as_of - view.post_days))
    return seen[-view.post_number :]


def days_seen(rng: np.random.Generator, life: Life, view: View) -> IntArray:
    """Return the observed days of the curve (positions), and note a long gap as a look-alike."""
    length = min(view.history_days, life.days)
    days = np.arange(life.days - length, life.days)
    if view.rhythm == "some_days":
        days = days[int(rng.integers(0, 2)) :: int(rng.integers(2, 4))]
    elif view.rhythm == "weekly":
        days = days[int(rng.integers(0, 7)) :: 7]
    elif view.rhythm == "monthly":
        days = days[int(rng.integers(0, 30)) :: 30]
    elif view.rhythm == "irregular":
        days = days[rng.random(len(days)) < rng.uniform(0.08, 0.5)]
    if view.missing > 0:
        days = days[rng.random(len(days)) >= view.missing]
    if view.gap_days and len(days) > view.gap_days + 10 and view.rhythm == "daily":
        first = int(rng.integers(days[0], life.days - view.gap_days))
        days = days[(days < first) | (days >= first + view.gap_days)]
        life.happened("gap")
        start = float(life.first_day + first)
        life.events.append(Event("gap", start, start + view.gap_days, float(view.gap_days), is_innocent=True))
    return days if len(days) else np.array([life.days - 1])


def round_down(counts: FloatArray, digits: int, exact_below: float) -> FloatArray:
    """Cut counts down to some significant digits, as platforms show them; smaller counts stay exact.

    Examples
    --------
    >>> round_down(np.array([999.0, 1234.0, 547_890.0]), 3, 1_000)
    array([   999.,   1230., 547000.])
    """
    with np.errstate(divide="ignore"):
        size = np.floor(np.log10(np.maximum(counts, 1)))
    unit = 10.0 ** np.maximum(size - digits + 1, 0)
    return np.where(counts >= exact_below, np.floor(counts / unit) * unit, counts)


def rounded(life: Life, view: View, levels: FloatArray) -> FloatArray:
    """Return follower counts as the platform shows them; rounding is noted as a look-alike."""
    if not view.digits:
        return levels
    exact_below = 1_000 if life.profile.platform == "youtube" else 10_000
    if levels[-1] >= exact_below:
        life.happened("rounding")
    return round_down(levels, view.digits, exact_below)


def hide(rng: np.random.Generator, life: Life, view: View, counts: Counts) -> tuple[FloatArray, FloatArray, np.ndarray]:
    """Return likes and comment counts as shown, and which posts hide their likes."""
    likes, comments = counts.likes.copy(), counts.comments.copy()
    hidden = np.zeros(len(likes), dtype=bool)
    if view.likes_hidden:
        hidden = rng.random(len(likes)) < rng.choice([0.3, 0.7, 1.0])
        life.happened("hidden_likes")
    if view.comments_limited:
        off = rng.random(len(likes)) < rng.choice([0.1, 0.4, 1.0])
        comments[off] = 0.0 if view.comments_zero else np.nan
        life.happened("comments_limited")
    if view.post_digits:
        likes, comments = round_down(likes, 3, 10_000), round_down(comments, 3, 10_000)
    likes[hidden] = np.nan
    return likes, comments, hidden
