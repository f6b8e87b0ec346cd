"""What all creators of one world share: the calendar of each platform, fashions of niches, and the sellers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from realreach.simulate.settings import NICHES, SimulationSettings
from realreach.tables.core import FloatArray

__all__ = ["WORLD_KEY", "Purge", "Seller", "SharedWorld", "draw_shared"]

WORLD_KEY = 2**32 - 1
"""Spawn key of the world-wide generators; creators use their own number, which is always smaller."""

_LONGEST_LIFE = 1_100  # days of curve and posts that a creator may look back on


@dataclass(frozen=True)
class Purge:
    """A clean-up by the platform, carried out in batches over some days."""

    day: int
    spread_days: float
    honest_share: float  # of an ordinary account's followers
    bot_share: float  # of its bots


@dataclass(frozen=True)
class Seller:
    """A panel: how fast it delivers, how much of it drops, what it refills, and which accounts it uses."""

    key: int
    tier: str
    drop: float
    speed_per_day: float
    refill_days: int
    over_delivery: float
    start_hours: float
    accounts: int


@dataclass(frozen=True)
class SharedWorld:
    """The calendar starts at ``first_day`` (days since 1970-01-01); arrays hold one value a day.

    ``pull`` multiplies the followers won on a platform and ``churn`` the followers lost (1 = usual day); ``niche`` is
    a slow wave of demand.
    """

    seed: int
    first_day: int
    pull: Mapping[str, FloatArray]
    churn: Mapping[str, FloatArray]
    niche: Mapping[str, FloatArray]
    purges: Mapping[str, tuple[Purge, ...]]
    sellers: tuple[Seller, ...]

    def window(self, values: FloatArray, first: int, days: int) -> FloatArray:
        """Return the part of a calendar array that begins on day ``first`` and is ``days`` long."""
        return values[first - self.first_day : first - self.first_day + days]


# Advertised drop by product class: share of products, lowest and highest drop (seller catalogues).
_DROP_TIERS = (
    ("stable", 0.35, 0.0, 0.10),
    ("standard", 0.35, 0.05, 0.16),
    ("economy", 0.20, 0.05, 0.35),
    ("trash", 0.10, 0.40, 0.90),
)


def draw_shared(seed: int, settings: SimulationSettings) -> SharedWorld:
    """Draw the world-wide part; it depends on the seed and the dates only, never on the number of creators."""
    first_day = _epoch_day(settings) - settings.spread_days - _LONGEST_LIFE
    days = _epoch_day(settings) - first_day + 1
    pull, churn, purges = {}, {}, {}
    for k, platform in enumerate(sorted({"instagram", "tiktok", "youtube", "other", *settings.platforms})):
        rng = _generator(seed, k)
        pull[platform] = _pull(rng, days, first_day)
        churn[platform] = np.where(rng.random(days) < 0.055, rng.uniform(2.2, 6, days), rng.gamma(25, 1 / 25, days))
        purges[platform] = _purges(rng, first_day, days)
    niche_rng = _generator(seed, 100)
    niche = {name: _wave(niche_rng, days, sd=0.10, length=60) for name in NICHES}
    return SharedWorld(seed, first_day, pull, churn, niche, purges, _sellers(_generator(seed, 200)))


def _epoch_day(settings: SimulationSettings) -> int:
    return int(np.datetime64(settings.end, "D").astype(np.int64))


def _generator(seed: int, k: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(WORLD_KEY, k)))


def _wave(rng: np.random.Generator, days: int, *, sd: float, length: float) -> FloatArray:
    """Draw a slow positive wave around 1: an AR(1) in logs with a memory of ``length`` days."""
    phi = np.exp(-1 / length)
    kernel = phi ** np.arange(int(6 * length))
    noise = rng.normal(0, sd * np.sqrt(1 - phi**2), days + len(kernel) - 1)
    return np.exp(np.convolve(noise, kernel, mode="valid"))


def _pull(rng: np.random.Generator, days: int, first_day: int) -> FloatArray:
    day = first_day + np.arange(days)
    year = 1 + 0.07 * np.sin(2 * np.pi * (day / 365.25 + rng.random()))
    shocks = np.exp(rng.normal(0, 0.04, days)) * np.where(rng.random(days) < 0.012, rng.uniform(1.2, 1.6, days), 1.0)
    return year * _wave(rng, days, sd=0.08, length=25) * shocks


def _purges(rng: np.random.Generator, first_day: int, days: int) -> tuple[Purge, ...]:
    """Large clean-ups: about one a year; small accounts lose least in numbers, accounts with bots most."""
    number = rng.poisson(1.0 * days / 365)
    dates = np.sort(rng.integers(first_day, first_day + days, number))
    return tuple(
        Purge(int(d), float(rng.uniform(0.5, 3)), float(rng.lognormal(-6.6, 1.0)), float(rng.beta(2, 5))) for d in dates
    )


def _sellers(rng: np.random.Generator) -> tuple[Seller, ...]:
    shares = np.array([row[1] for row in _DROP_TIERS])
    sellers = []
    for key in range(60):
        name, _, low, high = _DROP_TIERS[rng.choice(len(_DROP_TIERS), p=shares / shares.sum())]
        sellers.append(
            Seller(
                key=key,
                tier=name,
                drop=float(rng.uniform(low, high) * (rng.random() > 0.25 or rng.uniform(0, 0.3))),
                speed_per_day=float(np.exp(rng.uniform(np.log(500), np.log(100_000)))),
                refill_days=int(rng.choice([0, 30, 60, 90, 365], p=[0.35, 0.45, 0.08, 0.06, 0.06])),
                over_delivery=float(rng.uniform(0, 0.10) if rng.random() < 0.8 else 0.0),
                start_hours=float(rng.choice([0.2, 1, 6, 12, 24], p=[0.3, 0.3, 0.2, 0.1, 0.1])),
                accounts=int(np.exp(rng.uniform(np.log(2_000), np.log(60_000)))),
            )
        )
    return tuple(sellers)
