"""Honest events that look guilty: each changes the account before its curve and its counts are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from realreach.simulate.life import Event, Life, decay_kernel
from realreach.simulate.settings import NICHES
from realreach.tables.core import FloatArray, IntArray

__all__ = ["draw_pauses", "happen"]


def draw_pauses(rng: np.random.Generator, as_of: int, days: int, rate: float) -> list[tuple[int, int]]:
    """Draw the posting breaks of the observed months as stretches of days (first, end)."""
    if rng.random() >= rate:
        return []
    length = int(rng.integers(21, 91))
    first = as_of - int(rng.integers(3, max(days, 30))) - length // 2
    return [(first, first + length)]


def happen(rng: np.random.Generator, life: Life, rates: Mapping[str, float], days: int) -> None:
    """Let innocent events happen in the last ``days`` days; rates are per half year."""
    # Private people are rarely on television and hold no giveaways.
    share = min(days, life.days) / 180 * (0.1 if life.profile.population == "ordinary" else 1.0)
    for name, event in _EVENTS.items():
        if rng.random() < 1 - (1 - min(rates[name], 0.999)) ** share:
            event(rng, life, min(days, life.days))


def _a_day(rng: np.random.Generator, life: Life, days: int, margin: int = 2) -> int:
    """Return a day (position in the arrays) of the observed months."""
    latest = max(life.days - margin, 1)
    return int(rng.integers(max(latest - days, 0), latest))


def _posts_between(life: Life, first: float, end: float) -> IntArray:
    at = life.posts.at - life.first_day
    return np.flatnonzero((at >= first) & (at < end))


def _spread(rng: np.random.Generator, life: Life, day: int, total: float, kernel: FloatArray) -> None:
    """Add ``total`` followers from ``day`` on, following ``kernel`` with the noise of real days."""
    length = min(len(kernel), life.days - day)
    noise = rng.gamma(4, 1 / 4, length)
    life.wins[day : day + length] += total * kernel[:length] * noise


def _leave(life: Life, day: int, total: float, after: int, scale_days: float) -> None:
    """Let ``total`` followers leave again, beginning ``after`` days later, exponentially."""
    first = day + after
    length = life.days - first
    if length > 0:
        kernel = np.exp(-np.arange(max(length, 1)) / scale_days)
        life.leaves[first:] += total * kernel / (scale_days + 0.5)


def _idle(life: Life, day: int, length: int, total: float) -> None:
    """Count ``total`` followers, arriving over ``length`` days, as people who do not care for the posts."""
    life.idle[day:] += total * np.clip((np.arange(life.days - day) + 1) / max(length, 1), 0, 1)


def _worth(rng: np.random.Generator, life: Life, usual_days: float, sd: float, most: float) -> float:
    """Draw how many followers an event brings, as a number of days of this account's usual growth.

    Events are larger where the account grows anyway; ``most`` is the largest share of all followers.
    """
    profile = life.profile
    drawn = profile.followers * (profile.adds + 2e-5) * usual_days * rng.lognormal(0, sd)
    return float(np.clip(drawn, 3, most * profile.followers + 3))


def _note(life: Life, kind: str, day: float, length: float, size: float, posts: IntArray | None = None) -> None:
    life.happened(kind)
    start = life.first_day + day
    numbers = [] if posts is None else [int(i) for i in posts]
    life.events.append(Event(kind, start, start + length, float(size), is_innocent=True, posts=numbers))


def _viral(rng: np.random.Generator, life: Life, days: int) -> None:
    """One post reaches far beyond the followers: views lead, likes and comments follow, then followers."""
    recent = _posts_between(life, life.days - days, life.days - 1)
    if not len(recent):
        return
    post = int(rng.choice(recent))
    usual = {"tiktok": 2.1, "youtube": 1.9, "other": 1.9}.get(life.profile.population, 1.0)
    boost = float(np.clip(rng.normal(usual, 0.6), 0.5, 4.5))
    life.posts.boost[post] += boost
    life.posts.view_boost[post] += boost + rng.uniform(0.1, 1.0)
    life.posts.talk[post] += boost * rng.uniform(0.7, 1.3)
    day = int(np.clip(life.posts.at[post] - life.first_day + rng.integers(0, 3), 0, life.days - 1))
    # Older posts gain as well: newcomers look around.
    older = np.arange(max(post - 6, 0), post)
    life.posts.boost[older] += rng.uniform(0, 0.25)
    size = _worth(rng, life, 18, 1.3, 3.0)
    _spread(rng, life, day, size, decay_kernel(rng.uniform(0.9, 2.4), 40))
    _leave(life, day, size * rng.uniform(0.0, 0.2), 2, 15)
    life.lift[day:] *= rng.lognormal(0.1, 0.25)
    _note(life, "viral", day, 14, size, np.array([post]))


def _shoutout(rng: np.random.Generator, life: Life, days: int) -> None:
    day = _a_day(rng, life, days)
    size = _worth(rng, life, 14, 1.2, 3.0)
    _spread(rng, life, day, size, decay_kernel(rng.uniform(1.8, 3.2), 10))
    _leave(life, day, size * rng.uniform(0.05, 0.20), 2, 12)
    near = _posts_between(life, day - 4, day + 10)
    life.posts.boost[near] += rng.uniform(0.05, 0.5)
    life.posts.talk[near] += rng.uniform(0.0, 0.6)
    _note(life, "shoutout", day, 3, size, near)


def _press(rng: np.random.Generator, life: Life, days: int) -> None:
    """Television, a scandal: a step, and a flood of comments about the event, not about the post."""
    day = _a_day(rng, life, days)
    size = _worth(rng, life, 18, 1.2, 2.0)
    waves = [day, *(day + rng.integers(2, 12, rng.integers(0, 3)))]
    for wave in waves:
        if wave < life.days:
            _spread(rng, life, int(wave), size / len(waves), decay_kernel(rng.uniform(1.1, 2.2), 20))
    _leave(life, day, size * rng.uniform(0.02, 0.25), 3, 20)
    near = _posts_between(life, day - 6, day + 8)
    life.posts.boost[near] += rng.uniform(0.1, 0.8)
    life.posts.talk[near] += rng.uniform(0.7, 2.2)
    _note(life, "press", day, 14, size, near)


def _giveaway(rng: np.random.Generator, life: Life, days: int) -> None:
    """Give something of one brand away: comments that tag friends, a step of some days, half of which leaves again."""
    recent = _posts_between(life, life.days - days, life.days - 3)
    if not len(recent):
        return
    post = int(rng.choice(recent))
    life.posts.is_giveaway[post] = True
    life.posts.boost[post] += rng.uniform(0.2, 1.6)
    life.posts.view_boost[post] += rng.uniform(0.2, 1.2)
    life.posts.talk[post] += rng.uniform(1.6, 3.9)
    life.posts.is_deleted[post] = rng.random() < 0.3
    day = int(life.posts.at[post] - life.first_day)
    size = _worth(rng, life, 14, 1.2, 0.5)
    length = int(rng.integers(2, 8))
    _spread(rng, life, day, size, np.full(length, 1 / length))
    gone = size * rng.uniform(0.3, 0.8)
    _leave(life, day, gone, length, 8)
    _idle(life, day, length, (size - gone) * rng.uniform(0.3, 1.0))
    _note(life, "giveaway", day, length, size, np.array([post]))


def _ads(rng: np.random.Generator, life: Life, days: int) -> None:
    """Advertise: so many followers a day while the budget lasts, often with the rhythm of the working week."""
    length = int(rng.integers(7, 46))
    day = _a_day(rng, life, days)
    length = min(length, life.days - day)
    per_day = _worth(rng, life, 1.2, 1.0, 0.03)
    pattern = rng.normal(1, rng.uniform(0.08, 0.35), length)
    if rng.random() < 0.5:
        pattern *= np.where((life.first_day + day + np.arange(length) + 3) % 7 >= 5, rng.uniform(0.2, 0.8), 1.0)
    life.wins[day : day + length] += per_day * np.maximum(pattern, 0)
    promoted = _posts_between(life, day, day + length)
    promoted = promoted[rng.random(len(promoted)) < 0.35]
    lift = rng.uniform(0.3, 1.5)
    life.posts.view_boost[promoted] += lift
    life.posts.boost[promoted] += lift * rng.uniform(0.1, 0.7)
    _leave(life, day, per_day * length * rng.uniform(0.02, 0.25), length // 2 + 1, 30)
    _idle(life, day, length, per_day * length * rng.uniform(0.1, 0.9))
    _note(life, "ads", day, length, per_day * length, promoted)


def _boosted(rng: np.random.Generator, life: Life, days: int) -> None:
    """Let the platform show everything of this account to strangers for some weeks."""
    day = _a_day(rng, life, days)
    length = int(rng.integers(7, 50))
    ramp = np.clip(np.arange(life.days - day) / 3, 0, 1) * (np.arange(life.days - day) < length)
    life.lift[day:] *= 1 + ramp * rng.lognormal(np.log(0.7), 0.7)
    shown = _posts_between(life, day, day + length)
    lift = rng.uniform(0.2, 0.9)
    life.posts.view_boost[shown] += lift * rng.uniform(1.0, 1.8)
    life.posts.boost[shown] += lift
    life.posts.talk[shown] += lift * rng.uniform(0.5, 1.0)
    _note(life, "boosted", day, length, len(shown), shown)


def _rename(rng: np.random.Generator, life: Life, days: int) -> None:
    """Take a new name and often a new subject: the level of likes is another one from that day."""
    day = _a_day(rng, life, days)
    life.level[day:] += rng.normal(0, 0.45)
    later = life.posts.at - life.first_day >= day
    if rng.random() < 0.7:
        life.posts.niche[later] = rng.choice(NICHES)
    if rng.random() < 0.4:
        life.posts.language[later] = rng.choice(["id", "en", "mixed"])
    _note(life, "rename", day, 1, int(later.sum()))


def _merge(rng: np.random.Generator, life: Life, days: int) -> None:
    """Two accounts of one owner become one: followers and likes jump together, on one day."""
    day = _a_day(rng, life, days)
    share = float(np.clip(rng.lognormal(np.log(0.25), 0.7), 0.03, 2))
    size = float(np.round(life.profile.followers * share))
    life.steps[day] += size
    life.level[day:] += rng.normal(0, 0.08)
    _note(life, "merge", day, 1, size)


def _attack(rng: np.random.Generator, life: Life, days: int) -> None:
    """Let a third party buy followers for an honest account; nothing else moves, and many drop off again."""
    day = _a_day(rng, life, days)
    size = life.profile.followers * float(np.clip(rng.lognormal(np.log(0.05), 1.2), 0.005, 2.5))
    length = int(rng.choice([1, 1, 2, 3, 5, 8]))
    life.wins[day : min(day + length, life.days)] += size / length
    gone = size * rng.uniform(0.05, 0.9)
    _leave(life, day, gone, length, rng.lognormal(np.log(12), 0.7))
    _idle(life, day, length, size - gone)
    _note(life, "attack", day, length, size)


_EVENTS: Mapping[str, Callable[[np.random.Generator, Life, int], None]] = MappingProxyType(
    {
        "viral": _viral,
        "shoutout": _shoutout,
        "press": _press,
        "giveaway": _giveaway,
        "ads": _ads,
        "boosted": _boosted,
        "rename": _rename,
        "merge": _merge,
        "attack": _attack,
    }
)
