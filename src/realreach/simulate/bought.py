"""Bought likes, views and comments: what each mechanism does to the counts of the posts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from realreach.simulate.engagement import Counts, has_views
from realreach.simulate.life import Event, Life
from realreach.simulate.plan import Plan
from realreach.simulate.services import lag_minutes
from realreach.tables.core import FloatArray, IntArray

__all__ = ["CommentOrder", "engage"]


@dataclass(frozen=True)
class CommentOrder:
    """Comments bought under some of the collected posts.

    ``where`` are positions among the collected posts, ``numbers`` the comments under each. They begin ``lag_hours``
    after posting and come evenly over ``length_hours``. ``crowd`` is the size of a fixed group of authors who come
    again and again (0 = an account of the seller's for each comment). ``style`` names the text.
    """

    mechanism: str
    where: IntArray
    numbers: IntArray
    style: str
    lag_hours: float
    length_hours: float
    crowd: int = 0
    event: Event | None = None


def engage(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan) -> list[CommentOrder]:
    """Add bought likes and views to the counts, and return the orders for comments."""
    orders: list[CommentOrder] = []
    for code in plan.mechanisms:
        treat = _ENGAGE.get(code)
        where = _treated(rng, life, counts, plan, code)
        if treat is None or not len(where):
            continue
        likes, views = counts.sold_likes.sum(), counts.sold_views.sum()
        orders_here = treat(rng, life, counts, plan, where)
        size = counts.sold_likes.sum() - likes + counts.sold_views.sum() - views
        event = _note_engagement(life, counts, code, where, float(size))
        for order in orders_here:
            counts.add_comments(order.where, order.numbers.astype(float))
            event.size += float(order.numbers.sum())
            orders.append(replace(order, event=event))
    return orders


def _note_engagement(life: Life, counts: Counts, code: str, where: IntArray, size: float) -> Event:
    posts = counts.posts[where]
    at = life.posts.at[posts]
    event = Event(code, float(at.min()), float(at.max()), size, is_innocent=False, posts=[int(i) for i in posts])
    life.events.append(event)
    return event


def _treated(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, code: str) -> IntArray:
    """Return the collected posts that a mechanism works on: an interval in time, or the sponsored ones."""
    age = life.profile.as_of - life.posts.at[counts.posts]
    if not len(age):
        return np.zeros(0, dtype=np.int64)
    if code == "M8":
        return _sponsored_posts(life, counts)
    if code == "M7" or plan.when in {"lately", "eve"}:
        chosen = age <= plan.back_days + 4
    elif plan.when == "long_ago":
        chosen = age >= min(plan.back_days, float(np.quantile(age, 0.6)))
    else:
        stop = plan.back_days * rng.uniform(0.2, 0.8) if rng.random() < 0.4 else 0.0
        chosen = (age <= plan.back_days) & (age >= stop)
    where = np.flatnonzero(chosen)
    # Panels and pods are used on posts: a plan without any post in its time takes the newest ones.
    return where if len(where) else np.arange(len(age))[-min(len(age), 3) :]


def _sponsored_posts(life: Life, counts: Counts) -> IntArray:
    where = np.flatnonzero(life.posts.is_sponsored[counts.posts])
    if not len(where):  # who boosts sponsored posts has some
        where = np.arange(len(counts.posts))[-1:]
        life.posts.is_sponsored[counts.posts[where]] = True
    return where


def _per_post(rng: np.random.Generator, plan: Plan, organic: FloatArray, mean: float) -> FloatArray:
    """Return bought likes for each post: even between two numbers, or in step with the organic ones."""
    if plan.evasion == 2:
        base = np.maximum(organic, 1)
        return mean * base / max(base.mean(), 1e-9) * rng.gamma(12, 1 / 12, len(organic))
    width = rng.uniform(0.03, 0.3) if plan.evasion == 0 else rng.uniform(0.15, 0.7)
    return rng.uniform(mean * (1 - width), mean * (1 + width), len(organic))


def _likes_to_level(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray) -> None:
    """Buy as many likes as an account of this size should have."""
    organic = counts.likes[where]
    followers = float(life.levels()[-1])
    target = life.profile.norms.like_rate.at(followers) * followers * rng.uniform(0.85, 1.15)
    mean = float(np.clip(target - organic.mean(), 0.08 * organic.mean() + 5, 9 * organic.mean() + 50))
    counts.add_likes(where, _per_post(rng, plan, organic, mean))


def _repair(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray) -> list[CommentOrder]:
    _likes_to_level(rng, life, counts, plan, where)
    _views_with_likes(rng, life, counts, where, counts.sold_likes[where], always=plan.evasion > 0)
    return []


def _views_with_likes(
    rng: np.random.Generator, life: Life, counts: Counts, where: IntArray, likes: FloatArray, *, always: bool
) -> None:
    """Bundles come with views, so that nobody sees more likes than a view count allows."""
    shown = has_views(life.profile, life.posts)[counts.posts[where]]
    bundle = always or rng.random() < 0.5
    rate = life.profile.like_per_view * rng.uniform(0.6, 1.5) if always else rng.uniform(0.03, 0.10)
    views = likes / max(rate, 0.01) * rng.gamma(20, 1 / 20, len(where)) if bundle else likes * rng.uniform(0, 1.2)
    counts.add_views(where[shown], views[shown])


def _full_stack(
    rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray
) -> list[CommentOrder]:
    _likes_to_level(rng, life, counts, plan, where)
    likes = counts.sold_likes[where]
    _views_with_likes(rng, life, counts, where, likes, always=True)
    if plan.evasion == 2:  # comments in step with likes, as they are for the honest part
        numbers = likes / life.profile.likes_per_comment * rng.uniform(0.6, 1.1)
    else:
        numbers = likes * rng.uniform(0.005, 0.02)
    style = {0: "praise", 1: str(rng.choice(["praise", "custom"])), 2: str(rng.choice(["human", "llm", "pod"]))}
    return [_comments(rng, plan, "M5", where, numbers, style[plan.evasion])]


def _pitch(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray) -> list[CommentOrder]:
    mean = plan.like_ratio * float(counts.likes[where].mean())
    counts.add_likes(where, _per_post(rng, plan, counts.likes[where], mean))
    _views_with_likes(rng, life, counts, where, counts.sold_likes[where], always=plan.evasion > 0)
    if rng.random() < 0.5:
        return []
    return [_comment_share(rng, counts, plan, "M7", where, _cheap_style(rng, plan))]


def _sponsored(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray) -> list[CommentOrder]:
    mean = plan.like_ratio * float(counts.likes[where].mean())
    counts.add_likes(where, _per_post(rng, plan, counts.likes[where], mean))
    _views_with_likes(rng, life, counts, where, counts.sold_likes[where], always=plan.evasion > 0)
    return [_comment_share(rng, counts, plan, "M8", where, _cheap_style(rng, plan))]


def _small_pod(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray) -> list[CommentOrder]:
    """Fifteen to fifty people who know each other comment within the first hour or so, on every post."""
    crowd = int(rng.integers(15, 56))
    counts.add_likes(where, rng.binomial(crowd, rng.uniform(0.6, 0.95), len(where)).astype(float))
    numbers = rng.binomial(crowd, rng.uniform(0.15, 0.6), len(where)).astype(float)
    style = "pod" if rng.random() < 0.8 else "human"
    return [_comments(rng, plan, "M9", where, numbers, style, crowd=crowd, lag=0.02, length=rng.uniform(0.8, 1.8))]


def _large_pod(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray) -> list[CommentOrder]:
    crowd = int(rng.integers(300, 3_001))
    likes = rng.uniform(50, 500) * rng.gamma(10, 1 / 10, len(where))
    counts.add_likes(where, likes)
    numbers = likes * rng.uniform(0.05, 0.3)
    style = str(rng.choice(["praise", "emoji", "custom", "pod"], p=[0.45, 0.25, 0.15, 0.15]))
    return [_comments(rng, plan, "M10", where, numbers, style, crowd=crowd, lag=0.05, length=rng.uniform(1, 24))]


def _exchange(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray) -> list[CommentOrder]:
    """Bring a fixed quota of likes within minutes, and a few generic comments."""
    quota = float(rng.uniform(120, 400))
    counts.add_likes(where, quota * rng.normal(1, 0.04, len(where)))
    numbers = rng.poisson(rng.uniform(1, 12), len(where)).astype(float)
    return [_comments(rng, plan, "M12", where, numbers, "praise", crowd=5_000, lag=0.02, length=rng.uniform(0.1, 1.0))]


def _paid_people(
    rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray
) -> list[CommentOrder]:
    mean = min(plan.like_ratio, 1.0) * 0.4 * float(counts.likes[where].mean())
    counts.add_likes(where, mean * rng.gamma(4, 1 / 4, len(where)))
    return [_comment_share(rng, counts, plan, "M13", where, "human", lag=rng.uniform(0, 3), length=rng.uniform(10, 60))]


def _templates(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray) -> list[CommentOrder]:
    return [_comment_share(rng, counts, plan, "M14", where, _cheap_style(rng, plan))]


def _machine(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray) -> list[CommentOrder]:
    return [_comment_share(rng, counts, plan, "M15", where, "llm")]


def _forced_views(
    rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray
) -> list[CommentOrder]:
    shown = where[np.isfinite(counts.views[where])]
    if len(shown):
        mean = float(np.nanmean(counts.views[shown])) * min(plan.like_ratio * 4, 20)
        counts.add_views(shown, mean * rng.gamma(5, 1 / 5, len(shown)))
    return []


def _cheap_style(rng: np.random.Generator, plan: Plan) -> str:
    if plan.evasion == 2:
        return str(rng.choice(["human", "llm", "custom"], p=[0.4, 0.35, 0.25]))
    return str(rng.choice(["praise", "emoji", "custom", "llm"], p=[0.5, 0.15, 0.25, 0.10]))


def _comment_share(
    rng: np.random.Generator,
    counts: Counts,
    plan: Plan,
    code: str,
    where: IntArray,
    style: str,
    *,
    lag: float | None = None,
    length: float | None = None,
) -> CommentOrder:
    """Buy comments in proportion to the usual number under a post, in the lots that panels sell."""
    usual = max(float(counts.comments[where].mean()), 1.0)
    numbers = plan.comment_ratio * usual * rng.gamma(8, 1 / 8, len(where))
    if plan.evasion == 0:
        step = 5.0 if numbers.mean() < 50 else 10.0
        numbers = np.maximum(np.round(numbers / step), 1) * step
    elif plan.evasion == 2:
        numbers = plan.comment_ratio * np.maximum(counts.comments[where], 0.5) * rng.gamma(5, 1 / 5, len(where))
    return _comments(rng, plan, code, where, numbers, style, lag=lag, length=length)


def _comments(
    rng: np.random.Generator,
    plan: Plan,
    code: str,
    where: IntArray,
    numbers: FloatArray,
    style: str,
    *,
    crowd: int = 0,
    lag: float | None = None,
    length: float | None = None,
) -> CommentOrder:
    if length is None:  # minutes when cheap, hours when careful, the pace of the post itself at level 2
        length = float({0: rng.lognormal(np.log(0.5), 1.0), 1: rng.lognormal(np.log(6), 0.8), 2: 48.0}[plan.evasion])
    if lag is None:
        lag = lag_minutes(rng) / 60 if plan.evasion < 2 else 0.0
    whole = np.floor(np.maximum(numbers, 0) + rng.random(len(where))).astype(np.int64)
    return CommentOrder(code, where, whole, style, float(lag), float(length), crowd)


_Treatment = Callable[[np.random.Generator, Life, Counts, Plan, IntArray], list[CommentOrder]]

_ENGAGE: Mapping[str, _Treatment] = MappingProxyType(
    {
        "M4": _repair,
        "M5": _full_stack,
        "M7": _pitch,
        "M8": _sponsored,
        "M9": _small_pod,
        "M10": _large_pod,
        "M12": _exchange,
        "M13": _paid_people,
        "M14": _templates,
        "M15": _machine,
        "M19": _forced_views,
    }
)
