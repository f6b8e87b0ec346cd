"""When a creator posts, in which format, and which posts are advertising."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realreach.simulate.profile import Profile
from realreach.tables.core import FloatArray

__all__ = ["Posts", "ar1", "draw_posts"]

BoolArray = np.ndarray[tuple[int], np.dtype[np.bool_]]

_LONGEST_SPAN = 1_000  # days that a collector looks back at most
_MOST_POSTS = 700


@dataclass
class Posts:
    """All posts of the simulated span, oldest first.

    ``at`` are days since 1970-01-01 with the time of day as fraction (UTC). ``reach`` is the deviation of each post's
    ln likes from the account's usual level, before events; events add to ``boost`` (likes), ``view_boost`` and
    ``talk`` (comments), all in natural logarithms.
    """

    at: FloatArray
    format: np.ndarray
    reach: FloatArray
    boost: FloatArray
    view_boost: FloatArray
    talk: FloatArray
    is_sponsored: BoolArray
    is_giveaway: BoolArray
    is_deleted: BoolArray
    language: np.ndarray
    niche: np.ndarray

    def __len__(self) -> int:
        return len(self.at)


def draw_posts(rng: np.random.Generator, profile: Profile, pauses: list[tuple[int, int]]) -> Posts:
    """Draw the posts before ``profile.as_of``; ``pauses`` are stretches of days (first, end) without posts."""
    at = _times(rng, profile)
    for first, end in pauses:
        at = at[(at < first) | (at >= end)]
    n = len(at)
    names = np.array([name for name, _ in profile.norms.formats])
    # Each creator has a mix of formats of its own around the usual one.
    mix = rng.dirichlet(3.5 * np.array([share for _, share in profile.norms.formats]) + 0.02)
    chosen = names[rng.choice(len(names), size=n, p=mix)]
    return Posts(
        at=at,
        format=chosen,
        reach=_reach(rng, profile, n) + _format_effect(profile, chosen),
        boost=np.zeros(n),
        view_boost=np.zeros(n),
        talk=np.zeros(n),
        is_sponsored=rng.random(n) < profile.sponsored_share,
        is_giveaway=np.zeros(n, dtype=bool),
        is_deleted=np.zeros(n, dtype=bool),
        language=np.full(n, profile.language, dtype=object),
        niche=np.full(n, profile.niche, dtype=object),
    )


def _times(rng: np.random.Generator, profile: Profile) -> FloatArray:
    """Gamma gaps with the creator's own coefficient of variation, then the creator's hours of the day."""
    span = min(_LONGEST_SPAN, profile.age_days)
    mean_gap = 7.0 / profile.posts_per_week
    number = int(min(_MOST_POSTS, 1.5 * span / mean_gap + 20))
    if profile.gap_cv > 1 and rng.random() < 0.6:  # a rhythm with long pauses, or no rhythm at all
        sd = np.sqrt(np.log1p(profile.gap_cv**2))
        gaps = mean_gap * rng.lognormal(-(sd**2) / 2, sd, number)
    else:
        shape = 1.0 / profile.gap_cv**2
        gaps = rng.gamma(shape, mean_gap / shape, number)
    # Pace drifts over months: real accounts are livelier in some seasons than in others.
    gaps *= np.exp(0.22 * np.sin(2 * np.pi * (np.cumsum(gaps) / rng.uniform(60, 400) + rng.random())))
    back = np.cumsum(gaps)
    back[1:] += back[0] * (rng.random() - 1)  # the present falls somewhere inside the newest gap
    back[0] *= rng.random()
    day = np.floor(profile.as_of - back[back < span])[::-1]
    local = profile.hour + rng.vonmises(0, profile.hour_focus, len(day)) * 12 / np.pi
    dots = np.floor(profile.hour + rng.vonmises(0, 2 * profile.hour_focus, 2) * 12 / np.pi)
    on_the_dot = rng.random(len(day)) < profile.fixed_hour
    local[on_the_dot] = dots[rng.integers(0, 2, int(on_the_dot.sum()))] + rng.gamma(1.2, 0.12, int(on_the_dot.sum()))
    at = np.sort(day + ((local - profile.hours_east) % 24) / 24)
    follows = np.flatnonzero(rng.random(len(at)) < profile.session)
    follows = follows[follows > 0]
    at[follows] = at[follows - 1] + rng.exponential(0.02, len(follows))
    at = np.sort(at)
    return at[at < profile.as_of - 0.08]


def _reach(rng: np.random.Generator, profile: Profile, n: int) -> FloatArray:
    """Deviations of ln likes: a slow part with memory, a fast part, and a heavier upper tail."""
    fast = profile.spread * np.sqrt(1 - profile.memory) * rng.standard_normal(n)
    fast *= 1 + profile.lean * np.sign(fast)
    hits = (rng.random(n) < profile.tail) * rng.exponential(0.9 * profile.spread + 0.1, n)
    flops = (rng.random(n) < 0.012) * rng.exponential(0.8 * profile.spread + 0.1, n)
    slow = profile.spread * np.sqrt(profile.memory) * ar1(rng, n, 0.9)
    return fast + hits - flops + slow


def ar1(rng: np.random.Generator, n: int, phi: float) -> FloatArray:
    """Draw a stationary AR(1) of variance 1 (a moving average over enough innovations to be exact to 1e-3)."""
    length = max(1, int(np.ceil(-7 / np.log(phi))))
    noise = rng.standard_normal(n + length - 1) * np.sqrt(1 - phi**2)
    return np.convolve(noise, phi ** np.arange(length), mode="valid") if n else np.zeros(0)


def _format_effect(profile: Profile, formats: np.ndarray) -> FloatArray:
    if profile.platform != "instagram":
        return np.zeros(len(formats))
    video = np.isin(formats, ["reel", "video"]) * np.log(profile.video_effect)
    return video + (formats == "carousel") * np.log(profile.carousel_effect)
