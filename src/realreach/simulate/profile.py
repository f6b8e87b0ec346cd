"""Who a simulated creator is: drawn once, before anything happens to the account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from realreach.simulate.norms import NORMS, Norms
from realreach.simulate.settings import NICHES, TIERS, SimulationSettings

__all__ = ["Profile", "draw_profile", "pick"]

_COUNTRIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "id": ("id",),
        "mixed": ("id",),
        "en": ("us", "gb", "au", "ph", "sg", "ng"),
        "ms": ("my",),
        "es": ("es", "mx", "ar", "co"),
        "pt": ("br", "pt"),
        "hi": ("in",),
        "ja": ("jp",),
        "th": ("th",),
        "ko": ("kr",),
    }
)
_HOURS_EAST = MappingProxyType(
    {"id": 7, "us": -6, "gb": 0, "au": 10, "ph": 8, "sg": 8, "ng": 1, "my": 8, "es": 1, "mx": -6, "ar": -3, "co": -5}
    | {"br": -3, "pt": 0, "in": 5.5, "jp": 9, "th": 7, "kr": 9}
)


@dataclass(frozen=True)
class Profile:
    """The lasting traits of one creator.

    ``followers`` is the honest level towards which the curve runs on ``as_of`` (days since 1970-01-01). ``adds`` and
    ``churn`` are shares of followers a day; ``day_shape`` scales the shape of the day-to-day gamma noise (small =
    bursty), ``state_sd`` and ``state_days`` describe the slow multiplicative state, ``post_weight`` is the share of
    growth that comes from posts. ``hour`` is the middle of the creator's (local) day, ``hour_focus`` how narrow that
    day is, ``fixed_hour`` the share of posts that go out on the dot, ``session`` the share that follow another one
    within minutes. ``like_rate`` is the median likes per follower of a post, ``spread`` the standard deviation of ln
    likes, ``memory`` the share of its variance that drifts slowly, ``tail`` the share of hits, ``lean`` how much
    further good posts rise above the usual than bad ones fall below, ``trend`` the slow change of ln likes.
    """

    platform: str
    population: str
    tier: str
    followers: float
    language: str
    country: str
    hours_east: float
    niche: str
    is_verified: bool
    as_of: int
    age_days: int
    adds: float
    churn: float
    day_shape: float
    state_sd: float
    state_days: float
    weekdays: tuple[float, ...]
    post_weight: float
    post_power: float
    conversion: float
    bot_share: float
    posts_per_week: float
    gap_cv: float
    hour: float
    hour_focus: float
    fixed_hour: float
    session: float
    like_rate: float
    spread: float
    tail: float
    lean: float
    memory: float
    trend: float
    likes_per_comment: float
    comment_slope: float
    comment_residual: float
    like_per_view: float
    like_per_view_spread: float
    shares_per_like: float
    video_effect: float
    carousel_effect: float
    sponsored_share: float
    following: float
    engaged: float

    @property
    def norms(self) -> Norms:
        """The levels of this kind of account."""
        return NORMS[self.population]


def pick(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    """Draw one name in proportion to its weight."""
    total = np.cumsum(list(weights.values()))
    return list(weights)[int(np.searchsorted(total, rng.random() * total[-1], side="right"))]


def draw_profile(rng: np.random.Generator, settings: SimulationSettings) -> Profile:
    """Draw one creator: platform, size, language, and every level and spread around the norms of its kind."""
    platform = pick(rng, settings.platforms)
    tier = pick(rng, settings.tiers)
    low, high = TIERS[tier]
    followers = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    population = _population(rng, platform, followers, settings)
    norms = NORMS[population]
    language = pick(rng, settings.languages)
    country = str(rng.choice(_COUNTRIES.get(language, ("us",))))
    leaning = _draw_leaning(rng, norms)
    verified = np.interp(np.log10(followers), [3, 4, 5, 6, 7], [0.005, 0.02, 0.15, 0.6, 0.95])
    return Profile(
        platform=platform,
        population=population,
        tier=tier,
        followers=followers,
        language=language,
        country=country,
        hours_east=float(_HOURS_EAST[country]),
        niche=str(rng.choice(NICHES)),
        is_verified=bool(rng.random() < verified),
        as_of=int(np.datetime64(settings.end, "D").astype(np.int64)) - int(rng.integers(0, settings.spread_days + 1)),
        age_days=_age(rng, followers),
        following=_following(rng, followers),
        bot_share=float(np.clip(rng.lognormal(np.log(0.06), 0.6), 0.01, 0.25)),
        engaged=float(rng.beta(2, 6)),
        **_growth_traits(rng, norms, followers),
        **_posting_traits(rng, norms, followers, leaning, private=population == "ordinary"),
        **_like_traits(rng, norms, followers, leaning, platform),
        **_comment_traits(rng, norms, followers, leaning, private=population == "ordinary"),
        **_view_traits(rng, norms, followers, leaning),
    )


@dataclass(frozen=True)
class _Leaning:
    """How far a creator is from its peers, in standard deviations; traits go together as they do in life."""

    pace: float
    rate: float
    spread: float
    gaps: float
    clock: float
    per_view: float


def _draw_leaning(rng: np.random.Generator, norms: Norms) -> _Leaning:
    z = rng.standard_normal(6)
    # Who posts more gets fewer likes each time; well-liked photo accounts have an even level.
    rate = _tied(norms.rate_with_pace, z[0], z[1])
    spread = _tied(norms.rate_with_spread, rate, z[2])
    gaps = _tied(norms.gaps_with_spread, spread, z[3])
    # Who keeps to the clock keeps an even level; likes per view are high where they are steady.
    clock = 0.2 * rate - 0.2 * spread - 0.2 * gaps + 0.94 * float(z[4])
    per_view = 0.37 * rate - 0.25 * spread + 0.90 * float(z[5])
    return _Leaning(float(z[0]), rate, spread, gaps, clock, per_view)


def _tied(correlation: float, cause: float, own: float) -> float:
    return float(correlation * cause + np.sqrt(1 - correlation**2) * own)


def _age(rng: np.random.Generator, followers: float) -> int:
    """Days since the account was opened; a few small ones are young enough for their debut to be seen."""
    if followers < 50_000 and rng.random() < 0.04:
        return int(rng.integers(40, 400))
    return int(np.clip(rng.lognormal(np.log(1_300), 0.7), 60, 5_000))


def _growth_traits(rng: np.random.Generator, norms: Norms, followers: float) -> dict[str, Any]:
    # Small accounts differ more, though private ones all grow slowly.
    small = 0.0 if norms is NORMS["ordinary"] else max(0.0, np.log10(3_000 / followers))
    rhythm = 0.45 if rng.random() < 0.35 else 0.13
    return {
        "adds": float(min(norms.adds * rng.lognormal(0, norms.adds_sd + 0.5 * small), 0.03)),
        "churn": float(norms.churn * rng.lognormal(0, 0.55)),
        "day_shape": float(rng.lognormal(np.log(1.0), 0.75)),
        "state_sd": float(rng.gamma(2.5, 0.16)),
        "state_days": float(rng.lognormal(np.log(7), 0.8)),
        "weekdays": tuple(rng.lognormal(0, rhythm, 7).tolist()),
        "post_weight": float(rng.beta(1.4, 1.4)),
        "post_power": float(rng.uniform(0.9, 2.4)),
        "conversion": float(rng.uniform(0.3, 1.1)),
    }


def _posting_traits(
    rng: np.random.Generator, norms: Norms, followers: float, leaning: _Leaning, *, private: bool
) -> dict[str, Any]:
    pace = norms.posts_per_week.at(followers) * np.exp(norms.posts_per_week_sd * leaning.pace)
    gap_cv = norms.gap_cv * np.exp(norms.gap_cv_sd * leaning.gaps - 0.12 * leaning.pace)
    if norms is NORMS["tiktok"]:  # smaller creators post in bouts
        gap_cv *= np.interp(np.log10(followers), [4.5, 6.2], [1.25, 0.92])
    return {
        "posts_per_week": float(np.clip(pace, 0.03, 70)),
        "gap_cv": float(np.clip(gap_cv, 0.25, 3.5)),
        "hour": float((17.5 + rng.normal(0, 2.3)) % 24),
        "hour_focus": float(np.clip(np.exp(0.6 * leaning.clock) * (1.0 if private else 1.5), 0.1, 8)),
        "fixed_hour": float(rng.beta(0.35, 6.0 if private else 3.5)),
        "session": float(rng.beta(0.7, 9)),
        "sponsored_share": float(rng.beta(0.7, 5)) if rng.random() < 0.75 else 0.0,
    }


def _like_traits(
    rng: np.random.Generator, norms: Norms, followers: float, leaning: _Leaning, platform: str
) -> dict[str, Any]:
    size = np.log10(followers)
    spread = float(np.clip(norms.spread * np.exp(norms.spread_sd * leaning.spread), 0.08, 1.8))
    # Hits far above the usual are a matter of platform; the largest accounts have fewer of them.
    tail = rng.beta(1.5, np.interp(size, [5.7, 6.8], [7, 28])) if platform == "tiktok" else rng.beta(1.0, 90)
    lean = {"instagram": -0.17, "tiktok": np.interp(size, [5.5, 6.8], [0.26, 0.12])}.get(platform, 0.08)
    return {
        "like_rate": _like_rate(rng, norms, followers, leaning, spread),
        "spread": spread,
        "tail": float(tail),
        "lean": float(np.clip(lean + rng.normal(0, 0.30), -0.8, 0.8)),
        "memory": float(np.clip(norms.memory * rng.gamma(2, 1 / 2) * np.exp(0.2 * leaning.rate), 0, 0.93)),
        "trend": float(rng.normal(norms.trend, norms.trend_sd)),
        "video_effect": float(0.61 * rng.lognormal(0, 0.6)),
        "carousel_effect": float(1.09 * rng.lognormal(0, 0.28)),
    }


def _like_rate(rng: np.random.Generator, norms: Norms, followers: float, leaning: _Leaning, spread: float) -> float:
    """Median likes per follower: a wide spread, and some accounts far below their peers."""
    alike = np.interp(np.log10(followers), [6.0, 6.7, 7.5], [1.0, 0.80, 0.72])  # stars differ less
    weak = rng.exponential(1.0) if rng.random() < 0.10 else 0.0
    rate = np.log(norms.like_rate.at(followers)) + alike * norms.like_rate_sd * leaning.rate
    rate -= weak if norms is not NORMS["ordinary"] else 0.0
    # The mean of uneven posts lies above their median.
    upward = 0.5 if norms in (NORMS["tiktok"], NORMS["youtube"], NORMS["other"]) else 0.35
    return float(np.clip(np.exp(rate - upward * min(spread, 1.3) ** 2), 2e-5, 0.75))


def _comment_traits(
    rng: np.random.Generator, norms: Norms, followers: float, leaning: _Leaning, *, private: bool
) -> dict[str, Any]:
    # Uneven accounts do not have as uneven comments: friends and fans talk whatever the post reaches.
    slope = norms.slope * np.exp(norms.slope_sd * _tied(0.33, leaning.rate, rng.standard_normal()))
    slope *= np.exp(-norms.slope_with_spread * norms.spread_sd * leaning.spread)
    # Among small accounts some get hardly any comment, among stars some very many.
    deviation = _tied(0.15, leaning.rate, rng.standard_normal())
    uneven = _tied(-0.45, deviation, rng.standard_normal())  # who asks for comments gets them now and then
    deviation *= np.interp(np.log10(followers), [4, 6], [1.1, 0.75] if deviation > 0 else [0.85, 1.2])
    return {
        "likes_per_comment": float(
            norms.likes_per_comment.at(followers) * np.exp(norms.likes_per_comment_sd * deviation)
        ),
        "comment_slope": float(np.clip(slope, 0.1, 2.5)),
        "comment_residual": float(np.clip(norms.residual * np.exp((0.2 if private else 0.34) * uneven), 0.15, 1.6)),
    }


def _view_traits(rng: np.random.Generator, norms: Norms, followers: float, leaning: _Leaning) -> dict[str, Any]:
    """Likes per view: where they are many, they are even, and fewer people share."""
    per_view = norms.like_per_view * np.exp(norms.like_per_view_sd * leaning.per_view)
    uneven = -0.5 * leaning.per_view + 0.45 * leaning.spread + 0.72 * rng.standard_normal()
    shares = np.interp(np.log10(followers), [4, 7], [0.0085, 0.0048])
    return {
        "like_per_view": float(np.clip(per_view, 0.002, 0.45)),
        "like_per_view_spread": float(np.clip(0.235 * np.exp(0.36 * uneven), 0.07, 0.8)),
        "shares_per_like": float(shares * np.exp(1.05 * _tied(-0.4, leaning.per_view, rng.standard_normal()))),
    }


def _population(rng: np.random.Generator, platform: str, followers: float, settings: SimulationSettings) -> str:
    if platform != "instagram":
        return platform if platform in NORMS else "other"
    weights = {str(k): w for k, w in settings.populations.items() if k != "ordinary" or followers < 2_000}
    return pick(rng, weights) if sum(weights.values()) > 0 else "ordinary"


def _following(rng: np.random.Generator, followers: float) -> float:
    ratio = np.interp(np.log10(followers), [2.3, 2.9, 3.4, 3.9, 4.5, 5.5, 6.5], [1.6, 1.3, 0.8, 0.3, 0.08, 0.006, 4e-4])
    return float(np.clip(followers * ratio * rng.lognormal(0, 0.95), 0, 7_500))
