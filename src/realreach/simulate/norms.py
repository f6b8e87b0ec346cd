"""Measured levels of honest accounts by platform and size: knots between which is interpolated in log size.

Medians and spreads come from public data (Instagram 2017, 2018 and 2020, TikTok 2020, YouTube and HypeAuditor 2022);
between the sizes for which nothing is published they are joined smoothly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

__all__ = ["NORMS", "Curve", "Norms"]


@dataclass(frozen=True)
class Curve:
    """A median that depends on size: values at knots of log10 followers."""

    sizes: tuple[float, ...]
    values: tuple[float, ...]

    def at(self, followers: float) -> float:
        """Interpolate the logarithm of the median in log10 followers; constant outside the knots.

        Examples
        --------
        >>> round(Curve((3.0, 5.0), (0.1, 0.001)).at(10_000), 6)
        0.01
        """
        size = np.log10(max(followers, 1.0))
        return float(np.exp(np.interp(size, self.sizes, np.log(self.values))))


@dataclass(frozen=True)
class Norms:
    """Levels of one kind of account. Every ``*_sd`` is a standard deviation of natural logarithms over accounts.

    ``like_rate`` is mean likes per follower; ``rate_with_pace``, ``rate_with_spread`` and ``gaps_with_spread`` are
    correlations between accounts; ``spread`` is the standard deviation of ln likes over posts, ``memory`` the usual
    share of slow drift in it, ``trend`` the change of ln likes over the collected posts (of private people: a year);
    ``slope`` (flatter for uneven accounts, by ``slope_with_spread``) and ``residual`` tie ln comments to ln likes;
    ``like_per_view`` is likes of a video per view; ``adds`` and ``churn`` are followers won and lost a day per head.
    """

    like_rate: Curve
    like_rate_sd: float
    rate_with_pace: float
    rate_with_spread: float
    gaps_with_spread: float
    spread: float
    spread_sd: float
    memory: float
    trend: float
    trend_sd: float
    likes_per_comment: Curve
    likes_per_comment_sd: float
    slope: float
    slope_sd: float
    slope_with_spread: float
    residual: float
    posts_per_week: Curve
    posts_per_week_sd: float
    gap_cv: float
    gap_cv_sd: float
    like_per_view: float
    like_per_view_sd: float
    adds: float
    adds_sd: float
    churn: float
    formats: tuple[tuple[str, float], ...]
    young_hours: float  # time constant in which a new post gathers most of its likes


_INSTAGRAM_RATE = Curve((2.3, 2.8, 3.4, 4.2, 5.0, 6.0, 7.0), (0.125, 0.095, 0.05, 0.026, 0.0195, 0.0185, 0.0165))
_INSTAGRAM_LPC = Curve((2.3, 3.3, 4.2, 5.0, 6.0, 7.0), (26, 30, 38, 60, 92, 135))
_INSTAGRAM_PACE = Curve((2.3, 2.8, 3.4, 4.5, 5.3, 6.5), (0.9, 0.9, 1.3, 3.4, 5.4, 5.2))

NORMS: Mapping[str, Norms] = MappingProxyType(
    {
        "ordinary": Norms(
            like_rate=Curve((2.0, 3.3), (0.235, 0.225)),
            like_rate_sd=0.40,
            rate_with_pace=-0.25,
            rate_with_spread=-0.1,
            gaps_with_spread=0.35,
            spread=0.235,
            spread_sd=0.42,
            memory=0.75,
            trend=0.28,
            trend_sd=0.3,
            likes_per_comment=Curve((2.3, 2.8, 3.3), (39, 57, 62)),
            likes_per_comment_sd=0.52,
            slope=1.6,
            slope_sd=0.45,
            slope_with_spread=0.5,
            residual=0.88,
            posts_per_week=Curve((2.0, 3.3), (0.26, 0.34)),
            posts_per_week_sd=0.85,
            gap_cv=1.30,
            gap_cv_sd=0.28,
            like_per_view=0.10,
            like_per_view_sd=0.6,
            adds=2.4e-4,
            adds_sd=0.9,
            churn=2.5e-4,
            formats=(("image", 0.75), ("carousel", 0.15), ("video", 0.10)),
            young_hours=14,
        ),
        "photo": Norms(
            like_rate=_INSTAGRAM_RATE,
            like_rate_sd=0.78,
            rate_with_pace=-0.15,
            rate_with_spread=-0.45,
            gaps_with_spread=0.0,
            spread=0.32,
            spread_sd=0.48,
            memory=0.07,
            trend=0.03,
            trend_sd=0.25,
            likes_per_comment=_INSTAGRAM_LPC,
            likes_per_comment_sd=0.80,
            slope=1.05,
            slope_sd=0.33,
            slope_with_spread=0.3,
            residual=0.52,
            posts_per_week=_INSTAGRAM_PACE,
            posts_per_week_sd=0.88,
            gap_cv=0.80,
            gap_cv_sd=0.38,
            like_per_view=0.08,
            like_per_view_sd=0.6,
            adds=5.5e-4,
            adds_sd=1.25,
            churn=3.0e-4,
            formats=(("image", 0.70), ("carousel", 0.25), ("reel", 0.05)),
            young_hours=5,
        ),
        "mixed": Norms(
            like_rate=_INSTAGRAM_RATE,
            like_rate_sd=1.15,
            rate_with_pace=-0.55,
            rate_with_spread=-0.5,
            gaps_with_spread=0.0,
            spread=0.58,
            spread_sd=0.43,
            memory=0.08,
            trend=-0.1,
            trend_sd=0.4,
            likes_per_comment=_INSTAGRAM_LPC,
            likes_per_comment_sd=0.85,
            slope=1.06,
            slope_sd=0.36,
            slope_with_spread=0.3,
            residual=0.53,
            posts_per_week=_INSTAGRAM_PACE,
            posts_per_week_sd=1.15,
            gap_cv=0.82,
            gap_cv_sd=0.35,
            like_per_view=0.05,
            like_per_view_sd=0.6,
            adds=6.5e-4,
            adds_sd=1.3,
            churn=3.0e-4,
            formats=(("image", 0.47), ("reel", 0.31), ("carousel", 0.22)),
            young_hours=4,
        ),
        "tiktok": Norms(
            like_rate=Curve((2.3, 3.4, 4.5, 5.3, 5.9, 6.2, 7.0), (0.18, 0.125, 0.05, 0.041, 0.052, 0.05, 0.036)),
            like_rate_sd=1.03,
            rate_with_pace=-0.5,
            rate_with_spread=0.1,
            gaps_with_spread=0.0,
            spread=0.80,
            spread_sd=0.33,
            memory=0.20,
            trend=-0.8,
            trend_sd=0.6,
            likes_per_comment=Curve((2.3, 3.4, 3.9, 4.5, 5.3, 6.2, 7.0), (38, 45, 58, 64, 105, 134, 147)),
            likes_per_comment_sd=0.70,
            slope=0.74,
            slope_sd=0.26,
            slope_with_spread=0.0,
            residual=0.51,
            posts_per_week=Curve((2.3, 3.4, 4.5, 5.5, 6.2, 7.0), (1.6, 2.4, 2.6, 3.0, 4.4, 6.0)),
            posts_per_week_sd=1.12,
            gap_cv=1.20,
            gap_cv_sd=0.40,
            like_per_view=0.15,
            like_per_view_sd=0.45,
            adds=1.2e-3,
            adds_sd=1.3,
            churn=3.0e-4,
            formats=(("video", 1.0),),
            young_hours=24,
        ),
        "youtube": Norms(
            like_rate=Curve((2.3, 3.5, 4.5, 5.5, 6.5, 7.3), (0.03, 0.014, 0.007, 0.004, 0.0018, 0.0005)),
            like_rate_sd=1.35,
            rate_with_pace=-0.3,
            rate_with_spread=0.0,
            gaps_with_spread=0.0,
            spread=0.75,
            spread_sd=0.35,
            memory=0.12,
            trend=-0.1,
            trend_sd=0.5,
            likes_per_comment=Curve((2.3, 4.0, 6.0, 7.3), (8, 13, 20, 25)),
            likes_per_comment_sd=0.85,
            slope=0.85,
            slope_sd=0.3,
            slope_with_spread=0.1,
            residual=0.5,
            posts_per_week=Curve((2.3, 4.5, 6.5), (0.7, 1.3, 2.5)),
            posts_per_week_sd=1.0,
            gap_cv=1.0,
            gap_cv_sd=0.4,
            like_per_view=0.036,
            like_per_view_sd=0.75,
            adds=2.2e-4,
            adds_sd=1.5,
            churn=0.7e-4,
            formats=(("video", 0.7), ("short", 0.3)),
            young_hours=140,
        ),
        "other": Norms(
            like_rate=Curve((2.3, 4.0, 6.0), (0.02, 0.008, 0.003)),
            like_rate_sd=1.3,
            rate_with_pace=-0.3,
            rate_with_spread=0.0,
            gaps_with_spread=0.0,
            spread=0.8,
            spread_sd=0.4,
            memory=0.1,
            trend=0,
            trend_sd=0.4,
            likes_per_comment=Curve((2.3, 6.0), (10, 22)),
            likes_per_comment_sd=0.9,
            slope=0.8,
            slope_sd=0.3,
            slope_with_spread=0.1,
            residual=0.6,
            posts_per_week=Curve((2.3, 6.0), (1.5, 6.0)),
            posts_per_week_sd=1.1,
            gap_cv=1.2,
            gap_cv_sd=0.4,
            like_per_view=0.03,
            like_per_view_sd=0.7,
            adds=2.1e-4,
            adds_sd=1.45,
            churn=0.95e-4,
            formats=(("text", 0.5), ("image", 0.3), ("video", 0.2)),
            young_hours=15,
        ),
    }
)
"""Kinds of account by name: the three populations of Instagram, and the other platforms."""
