"""The mechanisms of sold engagement: what each one does to followers, likes, views and comments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realreach.simulate.engagement import Counts, has_views
from realreach.simulate.life import Event, Life
from realreach.simulate.plan import FOLLOWER_MECHANISMS, Plan
from realreach.simulate.services import block, drip, follow_along, hand_over, lag_minutes, round_lot, top_ups
from realreach.simulate.settings import NICHES
from realreach.tables.core import FloatArray, IntArray

__all__ = ["CommentOrder", "engage", "prepare", "supply"]


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


# ---------------------------------------------------------------------------------------------------- before the curve


def prepare(rng: np.random.Generator, life: Life, plan: Plan) -> None:
    """Change the account before its curve is drawn: a new owner, a giveaway that many pay for."""
    if "M16" in plan.mechanisms:
        _take_over(rng, life, plan)
    if "M17" in plan.mechanisms:
        _announce_loop(rng, life)


def _take_over(rng: np.random.Generator, life: Life, plan: Plan) -> None:
    """A bought account: the old posts are mostly gone, the subject and often the language are new."""
    day = int(np.clip(life.days - plan.back_days, 0, max(life.days - 20, 0)))
    posts = life.posts
    old = posts.at - life.first_day < day
    posts.is_deleted |= old & (rng.random(len(posts)) < 0.85)
    posts.niche[old] = rng.choice(NICHES)
    if rng.random() < 0.6:
        posts.language[old] = rng.choice(["en", "es", "pt", "hi", "id"])
    life.lift[:day] *= 0.15
    life.events.append(Event("M16", float(life.first_day + day), float(life.first_day + day + 1), 0.0, False))


def _announce_loop(rng: np.random.Generator, life: Life) -> None:
    recent = np.flatnonzero(life.posts.at >= life.first_day)
    if not len(recent):
        return
    post = int(rng.choice(recent[-min(len(recent), 25) :]))
    life.posts.is_giveaway[post] = True
    life.posts.boost[post] += rng.uniform(1.6, 3.5)
    life.posts.talk[post] += rng.uniform(1.5, 3.9)
    life.posts.is_deleted[post] = rng.random() < 0.6


# ---------------------------------------------------------------------------------------------------- followers


def supply(rng: np.random.Generator, life: Life, plan: Plan) -> None:
    """Deliver the bought followers of all mechanisms of the plan."""
    codes = [code for code in plan.mechanisms if code in FOLLOWER_MECHANISMS]
    if not codes:
        return
    honest = life.honest_levels()
    parts = rng.dirichlet(np.full(len(codes), 2.0))
    for code, part in zip(codes, parts, strict=True):
        start = life.days - plan.back_days
        quantity = plan.ratio * part * float(honest[int(np.clip(start, 0, life.days - 1))])
        before, adds_before = life.sold_before, life.sold_adds.copy()
        _SUPPLY[code](rng, life, plan, max(quantity, 10.0), start)
        _note_supply(life, code, life.sold_adds - adds_before, life.sold_before - before, plan)


def _note_supply(life: Life, code: str, adds: FloatArray, before: float, plan: Plan) -> None:
    days = np.flatnonzero(adds)
    if len(days):
        start, end = float(life.first_day + days[0]), float(life.first_day + days[-1] + 1)
    else:
        start = end = float(life.profile.as_of - plan.back_days)
    life.events.append(Event(code, start, end, float(adds.sum() + before), is_innocent=False))


def _order(rng: np.random.Generator, life: Life, plan: Plan, adds: FloatArray, quantity: float, start: float) -> None:
    """Hand a delivery over; what was delivered before the curve begins is there from the start, less what dropped."""
    if adds.sum() <= 0 and start < 0:
        life.sold_before += np.round(quantity * (1 - plan.seller.drop * rng.uniform(0.7, 1.0)))
    else:
        hand_over(rng, life, adds, plan.seller, refill=rng.random() < 0.8)


def _filled(rng: np.random.Generator, plan: Plan, quantity: float) -> float:
    """Return what is delivered of a round lot: mostly all and a little more, sometimes a part, rarely nothing."""
    ordered = round_lot(quantity)
    if rng.random() < 0.15:
        return ordered * float(rng.uniform(0.3, 0.99))
    return ordered * (1 + plan.seller.over_delivery)


def _burst(rng: np.random.Generator, life: Life, plan: Plan, quantity: float, start: float) -> None:
    total = _filled(rng, plan, quantity)
    fastest = total / plan.seller.speed_per_day
    length = max(fastest, rng.choice([0.1, 0.5, 1.0, 1.5, 3.0], p=[0.3, 0.2, 0.3, 0.1, 0.1]))
    begin = np.floor(start) + rng.random() + plan.seller.start_hours / 24
    _order(rng, life, plan, block(rng, life.days, begin, total, float(min(length, 10))), total, start)


def _drip(rng: np.random.Generator, life: Life, plan: Plan, quantity: float, start: float) -> None:
    total = _filled(rng, plan, quantity)
    pace = rng.uniform(0.002, 0.02) * life.profile.followers
    length = int(np.clip(total / pace, 7, 84))
    first = int(start) - (length // 2 if plan.when != "eve" else length)
    if plan.evasion == 2:
        adds = follow_along(rng, life.adds, first, total, length)
    else:
        jitter = float(rng.uniform(0.02, 0.12) if plan.evasion == 0 else rng.uniform(0.05, 0.5))
        adds = drip(rng, life.days, first, total, length, jitter=jitter, every=int(rng.choice([1, 1, 1, 2, 3])))
    _order(rng, life, plan, adds, total, first + length - 1.0)


def _top_up(rng: np.random.Generator, life: Life, plan: Plan, quantity: float, start: float) -> None:
    """A little every month until now, for as long as the budget goes back; the rest came before the curve."""
    per_month = float(rng.uniform(0.02, 0.05)) * life.profile.followers
    every = int(rng.choice([7, 10, 15, 30]))
    length = int(min(np.ceil(quantity / per_month * 30) + every, life.days))
    if plan.evasion == 2:
        adds = follow_along(rng, life.adds, life.days - length, per_month * length / 30, length)
    else:
        adds = np.concatenate([np.zeros(life.days - length), top_ups(rng, length, per_month, every)])
    life.sold_before += np.round(max(quantity - adds.sum(), 0) * rng.uniform(0.3, 1.0))
    hand_over(rng, life, adds, plan.seller, refill=False)


def _burst_or_drip(rng: np.random.Generator, life: Life, plan: Plan, quantity: float, start: float) -> None:
    (_burst if plan.evasion == 0 else _drip)(rng, life, plan, quantity, start)


def _piggyback(rng: np.random.Generator, life: Life, plan: Plan, quantity: float, start: float) -> None:
    """Order on the day of the strongest genuine growth, so that the real spike hides the bought one."""
    smooth = np.convolve(life.adds, np.ones(3) / 3, mode="same")
    recent = max(life.days - 180, 0)
    day = recent + int(np.argmax(smooth[recent:])) if life.days > 3 else 0
    total = _filled(rng, plan, quantity)
    if plan.evasion == 2:
        adds = follow_along(rng, life.adds, day - 1, total, int(rng.integers(6, 25)))
    else:
        adds = block(rng, life.days, day + rng.random(), total, float(rng.uniform(0.5, 3)))
    _order(rng, life, plan, adds, total, float(day))


def _follow_unfollow(rng: np.random.Generator, life: Life, plan: Plan, quantity: float, start: float) -> None:
    """Follow strangers, win one in ten, unfollow in waves: the number followed goes up and down like a saw."""
    per_day = float(rng.uniform(50, 190))
    success = float(rng.uniform(0.07, 0.14))
    length = int(np.clip(quantity / (per_day * success), 10, 200))
    end = life.days if rng.random() < 0.6 else int(np.clip(start + length, 5, life.days))
    first = max(end - length, 0)
    follows = np.round(per_day * np.maximum(rng.normal(1, 0.25, end - first), 0) * (rng.random(end - first) < 0.9))
    adds = np.zeros(life.days)
    adds[first:end] = rng.poisson(follows * success)
    wave = int(rng.integers(6, 30))
    balance = np.cumsum(follows)
    cleared = np.floor(np.arange(end - first) / wave).astype(int) * wave
    kept = balance - np.where(cleared > 0, balance[np.maximum(cleared - 1, 0)] * rng.uniform(0.85, 1.0), 0.0)
    life.following[first:end] = np.clip(life.following[first:end] + np.round(kept), 0, 7_500)
    ages = np.arange(life.days, dtype=float)
    life.sold_adds += adds
    # People who followed back leave once they see that they were unfollowed.
    leaving = 0.35 * np.exp(-ages / wave) / wave
    life.sold_losses += rng.poisson(np.convolve(adds, leaving)[: life.days])


def _crowdturf(rng: np.random.Generator, life: Life, plan: Plan, quantity: float, start: float) -> None:
    length = int(rng.integers(14, 70))
    first = int(start) - length // 2
    adds = follow_along(rng, life.adds, first, quantity, length)
    _order(rng, life, plan, adds, quantity, float(first + length))


def _inherit(rng: np.random.Generator, life: Life, plan: Plan, quantity: float, start: float) -> None:
    """The followers of the former owner: there from the start, leaving slowly."""
    life.sold_before += np.round(quantity)
    leaving = rng.lognormal(np.log(4e-4), 0.8)
    life.sold_losses += rng.poisson(quantity * leaving * np.exp(-leaving * np.arange(life.days)))


def _loop(rng: np.random.Generator, life: Life, plan: Plan, quantity: float, start: float) -> None:
    """A giveaway paid by many accounts that all must be followed: a step of three days, decaying in two weeks."""
    shown = np.flatnonzero(life.posts.is_giveaway & (life.posts.at >= life.first_day))
    day = int(life.posts.at[shown[-1]] - life.first_day) if len(shown) else int(np.clip(start, 0, life.days - 1))
    length = int(rng.integers(2, 5))
    adds = np.zeros(life.days)
    stop = min(day + length, life.days)
    adds[day:stop] = rng.poisson(quantity / length * rng.gamma(6, 1 / 6, stop - day))
    ages = np.arange(life.days, dtype=float)
    leaving = rng.uniform(0.3, 0.8) * np.where(ages >= length, np.exp(-(ages - length) / 6) / 6.5, 0.0)
    life.sold_adds += adds
    life.sold_losses += np.minimum(rng.poisson(np.convolve(adds, leaving)[: life.days]), np.cumsum(adds))


_SUPPLY = {
    "M1": _burst,
    "M2": _drip,
    "M3": _top_up,
    "M4": _burst_or_drip,
    "M5": _drip,
    "M6": _piggyback,
    "M7": _burst,
    "M11": _follow_unfollow,
    "M13": _crowdturf,
    "M16": _inherit,
    "M17": _loop,
}


# ---------------------------------------------------------------------------------------------------- engagement


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
        event = _note_engagement(life, counts, code, where, counts.sold_likes.sum() - likes + counts.sold_views.sum() - views)
        for order in orders_here:
            counts.add_comments(order.where, order.numbers.astype(float))
            event.size += float(order.numbers.sum())
            orders.append(CommentOrder(**{**order.__dict__, "event": event}))
    return orders


def _note_engagement(life: Life, counts: Counts, code: str, where: IntArray, size: float) -> Event:
    posts = counts.posts[where]
    at = life.posts.at[posts]
    event = Event(code, float(at.min()), float(at.max()), float(size), False, posts=[int(i) for i in posts])
    life.events.append(event)
    return event


def _treated(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, code: str) -> IntArray:
    """Return the collected posts that a mechanism works on: an interval in time, or the sponsored ones."""
    age = life.profile.as_of - life.posts.at[counts.posts]
    if not len(age):
        return np.zeros(0, dtype=np.int64)
    if code == "M8":
        return np.flatnonzero(life.posts.is_sponsored[counts.posts])
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


def _full_stack(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray) -> list[CommentOrder]:
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
    """A fixed quota of likes within minutes, and a few generic comments."""
    quota = float(rng.uniform(120, 400))
    counts.add_likes(where, quota * rng.normal(1, 0.04, len(where)))
    numbers = rng.poisson(rng.uniform(1, 12), len(where)).astype(float)
    return [_comments(rng, plan, "M12", where, numbers, "praise", crowd=5_000, lag=0.02, length=rng.uniform(0.1, 1.0))]


def _paid_people(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray) -> list[CommentOrder]:
    mean = min(plan.like_ratio, 1.0) * 0.4 * float(counts.likes[where].mean())
    counts.add_likes(where, mean * rng.gamma(4, 1 / 4, len(where)))
    return [_comment_share(rng, counts, plan, "M13", where, "human", lag=rng.uniform(0, 3), length=rng.uniform(10, 60))]


def _templates(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray) -> list[CommentOrder]:
    return [_comment_share(rng, counts, plan, "M14", where, _cheap_style(rng, plan))]


def _machine(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray) -> list[CommentOrder]:
    return [_comment_share(rng, counts, plan, "M15", where, "llm")]


def _forced_views(rng: np.random.Generator, life: Life, counts: Counts, plan: Plan, where: IntArray) -> list[CommentOrder]:
    shown = where[np.isfinite(counts.views[where])]
    if len(shown):
        mean = float(np.nanmean(counts.views[shown])) * min(plan.like_ratio * 3, 15)
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
    **timing: float,
) -> CommentOrder:
    """Buy comments in proportion to the usual number under a post, in the lots that panels sell."""
    usual = max(float(counts.comments[where].mean()), 1.0)
    numbers = plan.comment_ratio * usual * rng.gamma(8, 1 / 8, len(where))
    if plan.evasion == 0:
        step = 5.0 if numbers.mean() < 50 else 10.0
        numbers = np.maximum(np.round(numbers / step), 1) * step
    elif plan.evasion == 2:
        numbers = plan.comment_ratio * np.maximum(counts.comments[where], 0.5) * rng.gamma(5, 1 / 5, len(where))
    return _comments(rng, plan, code, where, numbers, style, **timing)


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


_ENGAGE = {
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
