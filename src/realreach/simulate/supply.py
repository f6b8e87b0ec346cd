"""Bought followers: what each mechanism does to the account and to its curve."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from realreach.simulate.life import Event, Life
from realreach.simulate.plan import FOLLOWER_MECHANISMS, Plan
from realreach.simulate.services import block, drip, follow_along, hand_over, round_lot, top_ups
from realreach.simulate.settings import NICHES
from realreach.tables.core import FloatArray

__all__ = ["prepare", "supply"]


def prepare(rng: np.random.Generator, life: Life, plan: Plan) -> None:
    """Change the account before its curve is drawn: a new owner, a giveaway that many pay for."""
    if "M16" in plan.mechanisms:
        _take_over(rng, life, plan)
    if "M17" in plan.mechanisms:
        _announce_loop(rng, life)


def _take_over(rng: np.random.Generator, life: Life, plan: Plan) -> None:
    """Hand a bought account over: the old posts are mostly gone, the subject and often the language are new."""
    day = int(np.clip(life.days - plan.back_days, 0, max(life.days - 20, 0)))
    posts = life.posts
    old = posts.at - life.first_day < day
    posts.is_deleted |= old & (rng.random(len(posts)) < 0.85)
    posts.niche[old] = rng.choice(NICHES)
    if rng.random() < 0.6:
        posts.language[old] = rng.choice(["en", "es", "pt", "hi", "id"])
    life.lift[:day] *= 0.15
    start = float(life.first_day + day)
    life.events.append(Event("M16", start, start + 1, 0.0, is_innocent=False))


def _announce_loop(rng: np.random.Generator, life: Life) -> None:
    recent = np.flatnonzero(life.posts.at >= life.first_day)
    if not len(recent):
        return
    post = int(rng.choice(recent[-min(len(recent), 25) :]))
    life.posts.is_giveaway[post] = True
    life.posts.boost[post] += rng.uniform(1.6, 3.5)
    life.posts.talk[post] += rng.uniform(1.5, 3.9)
    life.posts.is_deleted[post] = rng.random() < 0.6


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
    length = int(np.clip(total / pace, 7, 84) if plan.evasion < 2 else np.clip(1.5 * total / pace, 25, 120))
    first = int(start) - (length // 2 if plan.when != "eve" else length)
    if plan.evasion == 2:
        adds = follow_along(rng, life.adds, first, total, length)
    else:
        jitter = float(rng.uniform(0.02, 0.12) if plan.evasion == 0 else rng.uniform(0.05, 0.5))
        adds = drip(rng, life.days, first, total, length, jitter=jitter, every=int(rng.choice([1, 1, 1, 2, 3])))
    _order(rng, life, plan, adds, total, first + length - 1.0)


def _top_up(rng: np.random.Generator, life: Life, plan: Plan, quantity: float, start: float) -> None:
    """Buy a little every month until now, as far back as the budget goes; the rest came before the curve."""
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
        adds = follow_along(rng, life.adds, day - 1, total, int(rng.integers(8, 45)))
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
    """Keep the followers of the former owner: there from the start, leaving slowly."""
    life.sold_before += np.round(quantity)
    leaving = rng.lognormal(np.log(4e-4), 0.8)
    life.sold_losses += rng.poisson(quantity * leaving * np.exp(-leaving * np.arange(life.days)))


def _loop(rng: np.random.Generator, life: Life, plan: Plan, quantity: float, start: float) -> None:
    """Join a giveaway of many accounts that all must be followed: a step of three days, decaying in two weeks."""
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


_Delivery = Callable[[np.random.Generator, Life, Plan, float, float], None]

_SUPPLY: Mapping[str, _Delivery] = MappingProxyType(
    {
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
)
