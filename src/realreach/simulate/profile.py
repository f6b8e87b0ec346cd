"""Who a simulated creator is: drawn once, before anything happens to the account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

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
    bursty), ``state_sd`` and ``state_days`` the slow multiplicative state, ``post_weight`` the share of growth that
    comes from posts. ``like_rate`` is the median likes per follower of a post, ``spread`` the standard deviation of
    ln likes, ``memory`` the share of its variance that drifts slowly, ``tail`` the share of hits, ``lean`` how much
    further good posts rise above the usual than bad ones fall below, ``trend`` the change of ln likes from the oldest to
    the newest posts. ``hour`` is the middle of the creator's (local) day,
    ``hour_focus`` how narrow that day is, ``fixed_hour`` the share of posts that go out on the dot.
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
    pace = norms.posts_per_week.at(followers) * rng.lognormal(0, norms.posts_per_week_sd)
    spread = norms.spread * rng.lognormal(0, norms.spread_sd)
    size = np.log10(followers)
    # Hits far above the usual are a matter of platform; the largest accounts have fewer of them.
    tail = float(rng.beta(1.0, 35) if platform != "tiktok" else rng.beta(1.5, np.interp(size, [5.7, 6.8], [5, 25])))
    lean = {"instagram": -0.13, "tiktok": np.interp(size, [5.5, 6.8], [0.22, 0.05])}.get(platform, 0.08)
    as_of = int(np.datetime64(settings.end, "D").astype(np.int64)) - int(rng.integers(0, settings.spread_days + 1))
    small = max(0.0, np.log10(3_000 / followers))
    return Profile(
        platform=platform,
        population=population,
        tier=tier,
        followers=followers,
        language=language,
        country=country,
        hours_east=float(_HOURS_EAST[country]),
        niche=str(rng.choice(NICHES)),
        is_verified=bool(rng.random() < np.interp(np.log10(followers), [3, 4, 5, 6, 7], [0.005, 0.02, 0.15, 0.6, 0.95])),
        as_of=as_of,
        age_days=int(np.clip(rng.lognormal(np.log(1_300), 0.7), 30, 5_000)),
        adds=float(min(norms.adds * rng.lognormal(0, norms.adds_sd + 0.5 * small), 0.03)),
        churn=float(norms.churn * rng.lognormal(0, 0.55)),
        day_shape=float(rng.lognormal(np.log(0.8), 0.8)),
        state_sd=float(rng.gamma(2.5, 0.15)),
        state_days=float(rng.lognormal(np.log(5), 0.8)),
        weekdays=tuple(rng.lognormal(0, rng.gamma(1.5, 0.12), 7).tolist()),
        post_weight=float(rng.beta(1.4, 1.4)),
        post_power=float(rng.uniform(0.9, 2.4)),
        conversion=float(rng.uniform(0.3, 1.1)),
        bot_share=float(np.clip(rng.lognormal(np.log(0.06), 0.6), 0.01, 0.25)),
        posts_per_week=float(np.clip(pace, 0.03, 70)),
        gap_cv=float(np.clip(norms.gap_cv * rng.lognormal(0, norms.gap_cv_sd), 0.25, 3.5)),
        hour=float((17.5 + rng.normal(0, 2.3)) % 24),
        hour_focus=float(np.clip(rng.lognormal(np.log(1.5), 0.6), 0.1, 8)),
        fixed_hour=float(rng.beta(0.45, 3.5)),
        like_rate=_like_rate(rng, norms, followers, pace, spread),
        spread=float(np.clip(spread, 0.08, 1.8)),
        tail=tail,
        lean=float(lean + rng.normal(0, 0.06)),
        memory=float(np.clip(norms.memory * rng.gamma(2, 1 / 2), 0, 0.93)),
        trend=float(rng.normal(norms.trend, norms.trend_sd)),
        likes_per_comment=_likes_per_comment(rng, norms, followers),
        comment_slope=float(np.clip(norms.slope * rng.lognormal(0, norms.slope_sd), 0.1, 2.2)),
        comment_residual=float(np.clip(norms.residual * rng.lognormal(0, 0.33), 0.15, 1.6)),
        like_per_view=float(np.clip(norms.like_per_view * rng.lognormal(0, norms.like_per_view_sd), 0.002, 0.45)),
        like_per_view_spread=float(np.clip(0.22 * rng.lognormal(0, 0.38), 0.08, 0.8)),
        shares_per_like=float(np.interp(size, [4, 7], [0.0085, 0.0048]) * rng.lognormal(0, 1.05)),
        video_effect=float(0.61 * rng.lognormal(0, 0.6)),
        carousel_effect=float(1.09 * rng.lognormal(0, 0.28)),
        sponsored_share=float(rng.beta(0.7, 5)) if rng.random() < 0.75 else 0.0,
        following=_following(rng, followers),
        engaged=float(rng.beta(2, 6)),
    )


def _population(rng: np.random.Generator, platform: str, followers: float, settings: SimulationSettings) -> str:
    if platform != "instagram":
        return platform if platform in NORMS else "other"
    weights = {k: w for k, w in settings.populations.items() if k != "ordinary" or followers < 2_000}
    return pick(rng, weights) if sum(weights.values()) > 0 else "ordinary"


def _like_rate(rng: np.random.Generator, norms: Norms, followers: float, pace: float, spread: float) -> float:
    """Median likes per follower: who posts more gets less each time; some accounts are far below their peers."""
    usual_pace = norms.posts_per_week.at(followers)
    rate = np.log(norms.like_rate.at(followers)) - 0.33 * np.log(pace / usual_pace)
    alike = np.interp(np.log10(followers), [6.0, 6.7, 7.5], [1.0, 0.80, 0.72])  # stars differ less
    sd = np.sqrt(max((alike * norms.like_rate_sd) ** 2 - (0.33 * norms.posts_per_week_sd) ** 2, 0.05))
    weak = rng.exponential(1.0) if rng.random() < 0.10 else 0.0
    rate += rng.normal(0, sd) - (weak if norms is not NORMS["ordinary"] else 0.0)
    return float(np.clip(np.exp(rate - min(spread, 1.3) ** 2 / 2), 2e-5, 0.75))


def _likes_per_comment(rng: np.random.Generator, norms: Norms, followers: float) -> float:
    """Likes per comment: among small accounts some get hardly any comment, among stars some very many."""
    deviation = norms.likes_per_comment_sd * rng.standard_normal()
    size = np.log10(followers)
    deviation *= np.interp(size, [4, 6], [1.1, 0.75] if deviation > 0 else [0.85, 1.2])
    return float(norms.likes_per_comment.at(followers) * np.exp(deviation))


def _following(rng: np.random.Generator, followers: float) -> float:
    ratio = np.interp(np.log10(followers), [2.3, 2.9, 3.4, 3.9, 4.5, 5.5, 6.5], [1.6, 1.3, 0.8, 0.3, 0.08, 0.006, 4e-4])
    return float(np.clip(followers * ratio * rng.lognormal(0, 0.95), 0, 7_500))
