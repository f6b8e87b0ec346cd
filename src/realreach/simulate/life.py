"""The account as it truly is: its days, its posts, and what happens to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from realreach.simulate.posting import Posts, ar1
from realreach.simulate.profile import Profile
from realreach.simulate.shared import SharedWorld
from realreach.tables.core import FloatArray, IntArray

__all__ = ["Event", "Life", "decay_kernel", "live", "start_life"]

_MEMORY_DAYS = 400.0  # today's pace of growth did not last for ever: it fades in so many days into the past


@dataclass
class Event:
    """Something that happened: kept in the event table so that evidence can be judged, not only scores.

    ``start`` and ``end`` are days since 1970-01-01; ``size`` counts followers, likes, views or comments, whatever the
    kind moves first. ``posts`` are positions in :class:`Posts`, ``comment_ids`` is filled when comments are written.
    """

    kind: str
    start: float
    end: float
    size: float
    is_innocent: bool
    posts: list[int] = field(default_factory=list)
    comment_ids: list[str] = field(default_factory=list)


@dataclass
class Life:
    """All daily arrays are as long as the curve; index 0 is ``first_day``, the last index the day before ``as_of``.

    ``lift`` multiplies what the account wins on a day, ``wins`` and ``leaves`` are followers that come and go because
    of innocent events, ``steps`` exact jumps (a merge). ``idle`` is the number of unsold followers who do not care for
    the posts (an attack, an advertisement). ``level`` shifts ln likes of posts made on a day. ``adds`` and
    ``losses`` are what became of all that; ``sold_adds`` and ``sold_losses`` what services delivered and what dropped
    of it. ``following`` is the number of accounts followed.
    """

    profile: Profile
    shared: SharedWorld
    posts: Posts
    first_day: int
    days: int
    lift: FloatArray
    wins: FloatArray
    leaves: FloatArray
    steps: FloatArray
    idle: FloatArray
    level: FloatArray
    adds: FloatArray
    losses: FloatArray
    sold_adds: FloatArray
    sold_losses: FloatArray
    following: FloatArray
    start_level: float = 0.0
    sold_before: float = 0.0
    events: list[Event] = field(default_factory=list)
    look_alikes: list[str] = field(default_factory=list)

    def index(self, day: float) -> int:
        """Return the position of a day in the daily arrays, held inside them."""
        return int(np.clip(np.floor(day) - self.first_day, 0, self.days - 1))

    def honest_levels(self) -> FloatArray:
        """Return the followers that were not bought, at the end of each day."""
        return np.maximum(self.start_level + np.cumsum(self.adds - self.losses + self.steps), 1.0)

    def engaged_levels(self) -> FloatArray:
        """Return the followers to whom likes are owed, at the end of each day."""
        honest = self.honest_levels()
        return np.maximum(honest - self.idle, 0.1 * honest)

    def sold_levels(self) -> FloatArray:
        """Return the bought followers that are still there, at the end of each day."""
        return np.maximum(self.sold_before + np.cumsum(self.sold_adds - self.sold_losses), 0.0)

    def levels(self) -> FloatArray:
        """Return the follower count at the end of each day."""
        return np.round(self.honest_levels() + self.sold_levels())

    def post_days(self) -> IntArray:
        """Return the position in the daily arrays of each post (posts before the curve: 0)."""
        return np.clip(np.floor(self.posts.at).astype(np.int64) - self.first_day, 0, self.days - 1)

    def happened(self, name: str) -> None:
        """Note an innocent look-alike once."""
        if name not in self.look_alikes:
            self.look_alikes.append(name)


def decay_kernel(power: float, days: int, offset: float = 0.7) -> FloatArray:
    """Return shares per day of a power-law relaxation; they add up to one.

    Examples
    --------
    >>> decay_kernel(1.4, 3).round(2)
    array([0.69, 0.2 , 0.1 ])
    """
    kernel = (np.arange(days) + offset) ** -power
    return kernel / kernel.sum()


def start_life(profile: Profile, shared: SharedWorld, posts: Posts, days: int) -> Life:
    """Return a life of ``days`` days before the decision in which nothing has happened yet."""
    days = max(2, min(days, profile.age_days))
    daily = ("wins", "leaves", "steps", "idle", "level", "adds", "losses", "sold_adds", "sold_losses", "following")
    arrays: dict[str, Any] = {name: np.zeros(days) for name in daily}
    return Life(profile, shared, posts, profile.as_of - days, days, lift=np.ones(days), **arrays)


def live(rng: np.random.Generator, life: Life, purge_rate: float) -> None:
    """Draw the honest curve: what posts, seasons and chance bring, what leaves, and what clean-ups remove."""
    expected, trend = _expected_adds(rng, life)
    shape = life.profile.day_shape * 0.85 * np.maximum(expected, 0.3) ** 0.45
    noisy = expected * rng.gamma(shape) / shape
    life.adds[:] = rng.poisson(np.minimum(noisy + life.wins, 1e9))
    life.losses[:] = rng.poisson(np.minimum(_expected_losses(rng, life, trend) + life.leaves, 1e9))
    # What an event brought cannot push the account under its own start.
    life.start_level = float(np.round(trend[0]))
    _purge(rng, life, purge_rate)
    life.following[:] = _following(rng, life)


def _expected_adds(rng: np.random.Generator, life: Life) -> tuple[FloatArray, FloatArray]:
    profile, shared = life.profile, life.shared
    back = np.arange(life.days, 0, -1.0)
    fade = np.exp(-back / _MEMORY_DAYS)
    net = profile.adds - profile.churn
    trend = profile.followers * np.exp(-net * _MEMORY_DAYS * (1 - fade))
    rate = net * fade + profile.churn
    if profile.age_days <= life.days:
        rate, trend = _debut(profile, life.days)
    calendar = shared.window(shared.pull[profile.platform], life.first_day, life.days)
    calendar = calendar * shared.window(shared.niche[profile.niche], life.first_day, life.days)
    weekday = np.array(profile.weekdays)[(life.first_day + np.arange(life.days)) % 7]
    state = np.exp(profile.state_sd * ar1(rng, life.days, np.exp(-1 / profile.state_days)))
    factor = calendar * weekday * state * _post_push(life)
    return trend * rate * factor / factor.mean() * life.lift, trend


def _debut(profile: Profile, days: int) -> tuple[FloatArray, FloatArray]:
    """Return rate and trend of an account that was opened inside the curve: quick at first, then calmer."""
    share = np.cumsum(decay_kernel(0.8, days, offset=3.0))
    trend = profile.followers * (0.02 + 0.98 * share)
    gained = np.diff(trend, prepend=trend[0] * 0.5)
    return gained / trend + profile.churn, trend


def _post_push(life: Life) -> FloatArray:
    """Return the daily factor by which posts pull followers in, around 1."""
    profile, posts = life.profile, life.posts
    weight = profile.post_weight * profile.posts_per_week / (profile.posts_per_week + 1.0)
    inside = posts.at >= life.first_day
    if not inside.any():
        return np.ones(life.days)
    pull = np.exp(np.clip(profile.conversion * posts.reach[inside], -5, 4))
    daily = np.bincount(life.post_days()[inside], weights=pull, minlength=life.days)
    push = np.convolve(daily, decay_kernel(profile.post_power, 20))[: life.days]
    return (1 - weight) + weight * push / max(push.mean(), 1e-9)


def _expected_losses(rng: np.random.Generator, life: Life, trend: FloatArray) -> FloatArray:
    profile, shared = life.profile, life.shared
    calendar = shared.window(shared.churn[profile.platform], life.first_day, life.days)
    # A clean-up day reaches a part of the accounts.
    calendar = np.where((calendar > 2) & (rng.random(life.days) < 0.6), 1.0, calendar)
    return trend * profile.churn * calendar * rng.gamma(8, 1 / 8, life.days)


def _purge(rng: np.random.Generator, life: Life, rate: float) -> None:
    """Large clean-ups remove some followers of everyone they reach, and more of those with many bots."""
    for purge in life.shared.purges[life.profile.platform]:
        if not life.first_day + 2 <= purge.day < life.profile.as_of - 2 or rng.random() > min(3 * rate, 1.0):
            continue
        spread = np.clip(np.round(rng.normal(0, purge.spread_days, 6)), -3, 3).astype(int)
        where = np.clip(purge.day - life.first_day + spread, 0, life.days - 1)
        bots = purge.bot_share * life.profile.bot_share * 0.3 * rng.random()
        share = purge.honest_share * rng.lognormal(0, 0.7) + bots
        honest = life.honest_levels()[where[0]]
        lost = rng.multinomial(int(honest * min(share, 0.25)), rng.dirichlet(np.ones(len(where))))
        np.add.at(life.losses, where, lost)
        if lost.sum() >= 0.005 * honest:
            life.happened("purge")
            day = float(purge.day)
            life.events.append(Event("purge", day - 3, day + 3, float(lost.sum()), is_innocent=True))


def _following(rng: np.random.Generator, life: Life) -> FloatArray:
    """Return the accounts followed: long flat stretches, small changes, now and then a clean-up of one's own."""
    active = rng.random(life.days) < rng.beta(0.8, 4)
    change = active * np.round(rng.normal(0.4, 2.0, life.days))
    tidy = (rng.random(life.days) < 0.0015) * -np.round(rng.uniform(0.03, 0.3) * life.profile.following)
    walk = np.cumsum(change + tidy)
    return np.clip(np.round(life.profile.following) + walk - walk[-1], 0, 7_500)
