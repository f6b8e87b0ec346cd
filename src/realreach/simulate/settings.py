"""What a simulated world is made of: every share and rate that a user may want to change, with its reason."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = ["LOOK_ALIKES", "MECHANISMS", "NICHES", "TIERS", "SimulationSettings"]

TIERS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "<500": (100, 500),
        "500-1k": (500, 1_000),
        "1k-5k": (1_000, 5_000),
        "5k-10k": (5_000, 10_000),
        "10k-50k": (10_000, 50_000),
        "50k-100k": (50_000, 100_000),
        "100k-500k": (100_000, 500_000),
        "500k-1M": (500_000, 1_000_000),
        "1M-5M": (1_000_000, 5_000_000),
        ">5M": (5_000_000, 30_000_000),
    }
)
"""Follower tiers by name: lower and upper end."""

NICHES = (
    "beauty",
    "fashion",
    "food",
    "travel",
    "gaming",
    "fitness",
    "parenting",
    "tech",
    "music",
    "comedy",
    "education",
    "automotive",
    "finance",
    "lifestyle",
)
"""Topic worlds; each grammar has words of its own for every one of them."""

MECHANISMS: Mapping[str, str] = MappingProxyType(
    {
        "M1": "burst of followers",
        "M2": "drip of followers",
        "M3": "ongoing top-up of followers",
        "M4": "followers and automatic likes",
        "M5": "full stack: followers, likes, views and comments",
        "M6": "followers ordered on a day of genuine growth",
        "M7": "bought shortly before the pitch",
        "M8": "likes and comments on sponsored posts only",
        "M9": "small engagement pod",
        "M10": "large engagement pod with a bot at the door",
        "M11": "follow and unfollow",
        "M12": "like exchange",
        "M13": "paid people who follow and comment",
        "M14": "comments from templates",
        "M15": "comments from a language model",
        "M16": "bought and repurposed account",
        "M17": "paid loop giveaway",
        "M19": "views by force",
    }
)
"""Codes of sold engagement (M18, an attack by a third party, is an innocent look-alike)."""

LOOK_ALIKES: Mapping[str, float] = MappingProxyType(
    {
        "viral": 0.14,
        "shoutout": 0.06,
        "press": 0.04,
        "giveaway": 0.09,
        "ads": 0.08,
        "boosted": 0.07,
        "break": 0.10,
        "rename": 0.02,
        "merge": 0.005,
        "fans": 0.05,
        "attack": 0.01,
        "assisted": 0.03,
        "comment_spam": 0.05,
        "purge": 0.10,
        "rounding": 0.15,
        "gap": 0.10,
        "hidden_likes": 0.05,
        "comments_limited": 0.03,
    }
)
"""Innocent look-alikes: share of creators (honest and fake alike) to whom each one happens in half a year.

For ``purge`` it is a third of the chance that a clean-up of the platform reaches an account.
"""

_MECHANISM_WEIGHTS = {
    "M1": 0.16,
    "M2": 0.13,
    "M3": 0.06,
    "M4": 0.10,
    "M5": 0.06,
    "M6": 0.04,
    "M7": 0.08,
    "M8": 0.05,
    "M9": 0.06,
    "M10": 0.06,
    "M11": 0.05,
    "M12": 0.04,
    "M13": 0.03,
    "M14": 0.06,
    "M15": 0.03,
    "M16": 0.02,
    "M17": 0.03,
    "M19": 0.04,
}
_TIER_WEIGHTS = {
    "<500": 0.05,
    "500-1k": 0.11,
    "1k-5k": 0.26,
    "5k-10k": 0.15,
    "10k-50k": 0.24,
    "50k-100k": 0.08,
    "100k-500k": 0.07,
    "500k-1M": 0.02,
    "1M-5M": 0.015,
    ">5M": 0.005,
}


class SimulationSettings(BaseModel):
    """Settings of a simulated world; unknown keys are refused by name.

    Weights (``platforms``, ``tiers``, ``languages``, ``populations``, ``mechanism_weights``, ``evasion_weights``,
    ``mixture``) need not add up to one. ``look_alikes`` are shares of creators and replace the defaults only for
    the names given.

    Examples
    --------
    >>> SimulationSettings(fake_share=0.1).days
    180
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: int = Field(180, ge=30, le=1000, description="Usual longest follower history, in days.")
    end: date = Field(date(2025, 12, 31), description="Latest decision day.")
    spread_days: int = Field(365, ge=0, le=1500, description="Decision days lie in so many days before `end`.")
    fake_share: float = Field(0.35, ge=0, le=1, description="Share of creators with bought engagement.")
    platforms: dict[str, float] = {"instagram": 0.46, "tiktok": 0.26, "youtube": 0.18, "other": 0.10}
    tiers: dict[str, float] = _TIER_WEIGHTS
    languages: dict[str, float] = {
        "id": 0.38,
        "en": 0.26,
        "mixed": 0.14,
        "ms": 0.05,
        "es": 0.05,
        "pt": 0.04,
        "hi": 0.03,
        "ja": 0.02,
        "th": 0.02,
        "ko": 0.01,
    }
    populations: dict[Literal["ordinary", "photo", "mixed"], float] = Field(
        {"ordinary": 0.35, "photo": 0.25, "mixed": 0.40},
        description="Kinds of Instagram account: private people (below 2,000 followers only), photo feeds with an even "
        "like level as in 2017, feeds of photos and reels as since 2020.",
    )
    mechanism_weights: dict[str, float] = _MECHANISM_WEIGHTS
    evasion_weights: tuple[float, float, float] = (0.45, 0.35, 0.20)
    mixture: tuple[float, float, float] = Field(
        (0.35, 0.45, 0.20), description="Shares of fake creators with one, two, and three or more mechanisms."
    )
    exclude_mechanisms: tuple[str, ...] = Field((), description="Mechanisms to leave out (for generalisation tests).")
    max_evasion: int = Field(2, ge=0, le=2, description="Highest evasion level.")
    look_alikes: dict[str, float] = dict(LOOK_ALIKES)
    comments_median: float = Field(60, ge=0, le=5000, description="Usual number of collected comments of a creator.")
    comments_cap: int = Field(150, ge=0, le=5000, description="Most comments collected of a creator.")
    posts_cap: int = Field(100, ge=1, le=500, description="Most posts collected of a creator.")
    audience_share: float = Field(
        0.4, ge=0, le=1, description="Share of creators of whom a sample of follower accounts is there."
    )
    audience_dated_share: float = Field(
        0.25, ge=0, le=1, description="Share of those samples with the order of following and the accounts' birthdays."
    )
    observation: Literal["as_in_life", "complete"] = Field(
        "as_in_life",
        description="`complete`: every table of every creator, daily counts, nothing hidden, rounded or missing.",
    )
    comment_corpus: Path | None = Field(None, description="Folder or file with your own comments to draw from.")

    @field_validator("platforms", "languages", "mechanism_weights", "tiers", "populations")
    @classmethod
    def _weights(cls, value: dict[str, float]) -> dict[str, float]:
        if min(value.values(), default=-1) < 0 or sum(value.values()) <= 0:
            raise ValueError("weights must be 0 or more and must not all be 0")
        return value

    @field_validator("look_alikes")
    @classmethod
    def _rates(cls, value: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(value) - set(LOOK_ALIKES))
        if unknown:
            raise ValueError(f"unknown look-alike {', '.join(unknown)}; known: {', '.join(LOOK_ALIKES)}")
        if any(not 0 <= rate <= 1 for rate in value.values()):
            raise ValueError("shares must lie between 0 and 1")
        return {**LOOK_ALIKES, **value}

    @model_validator(mode="after")
    def _names(self) -> Self:
        for field, known in (("tiers", TIERS), ("mechanism_weights", MECHANISMS), ("exclude_mechanisms", MECHANISMS)):
            unknown = sorted(set(getattr(self, field)) - set(known))
            if unknown:
                raise ValueError(f"{field}: unknown {', '.join(unknown)}; known: {', '.join(known)}")
        if not any(w > 0 for m, w in self.mechanism_weights.items() if m not in self.exclude_mechanisms):
            raise ValueError("exclude_mechanisms leaves no mechanism with a weight above 0")
        if sum(self.evasion_weights[: self.max_evasion + 1]) <= 0 or min(self.evasion_weights) < 0:
            raise ValueError("evasion_weights must be 0 or more, with one above 0 up to max_evasion")
        return self

    @classmethod
    def from_toml(cls, path: Path) -> Self:
        """Read settings from a TOML file; keys that are not given keep their defaults.

        Raises
        ------
        pydantic.ValidationError
            If a key is unknown or a value is out of range.
        """
        with path.open("rb") as file:
            return cls.model_validate(tomllib.load(file))
