"""What a creator buys: which mechanisms, how well hidden, how much of it and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from realreach.simulate.profile import Profile, pick
from realreach.simulate.settings import MECHANISMS, SimulationSettings
from realreach.simulate.shared import Seller, SharedWorld

__all__ = ["FOLLOWER_MECHANISMS", "LIKE_MECHANISMS", "Plan", "draw_plan", "make_room"]

FOLLOWER_MECHANISMS = frozenset({"M1", "M2", "M3", "M4", "M5", "M6", "M7", "M11", "M13", "M16", "M17"})
"""Mechanisms that bring followers."""
LIKE_MECHANISMS = frozenset({"M4", "M5", "M7", "M8", "M9", "M10", "M12", "M13", "M19"})
"""Mechanisms that bring likes or views."""

# How usual each mechanism is at evasion levels 0 (cheap burst), 1 (drip and repaired ratios), 2 (hidden in life).
_BY_EVASION: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "M1": (2.0, 0.5, 0.0),
        "M2": (0.4, 1.8, 0.8),
        "M3": (0.5, 1.5, 1.5),
        "M4": (1.0, 1.6, 0.7),
        "M5": (0.3, 1.0, 3.0),
        "M6": (0.3, 0.8, 4.0),
        "M7": (1.0, 1.0, 0.7),
        "M8": (1.0, 1.0, 0.8),
        "M9": (0.7, 1.0, 1.8),
        "M10": (1.3, 1.0, 0.3),
        "M11": (1.0, 1.0, 0.5),
        "M12": (1.3, 1.0, 0.3),
        "M13": (0.3, 0.8, 3.0),
        "M14": (1.5, 0.8, 0.1),
        "M15": (0.5, 1.0, 2.0),
        "M16": (1.0, 1.0, 0.5),
        "M17": (1.0, 1.0, 0.5),
        "M19": (1.0, 1.0, 0.5),
    }
)
# Largest account for which a way that brings a fixed number is worth while.
_LARGEST = MappingProxyType({"M9": 2e5, "M10": 1e6, "M11": 4e4, "M12": 8e4})
_WHEN = MappingProxyType({"long_ago": 0.18, "months": 0.47, "lately": 0.25, "eve": 0.10})


@dataclass(frozen=True)
class Plan:
    """One creator's purchases.

    ``ratio`` is bought followers per honest follower, ``like_ratio`` and ``comment_ratio`` bought likes and comments
    per honest one on the posts treated; ``back_days`` tells how long before the decision the order was given.
    """

    mechanisms: tuple[str, ...]
    evasion: int
    ratio: float
    like_ratio: float
    comment_ratio: float
    when: str
    back_days: float
    seller: Seller

    @property
    def brings_followers(self) -> bool:
        """Whether any mechanism brings followers."""
        return not FOLLOWER_MECHANISMS.isdisjoint(self.mechanisms)


def draw_plan(rng: np.random.Generator, settings: SimulationSettings, shared: SharedWorld, profile: Profile) -> Plan:
    """Draw what a creator of this platform and size buys."""
    evasion = int(pick(rng, {str(e): w for e, w in enumerate(settings.evasion_weights[: settings.max_evasion + 1])}))
    mechanisms = _mechanisms(rng, settings, profile, evasion)
    when = pick(rng, _WHEN)
    # Order over prior followers: median 0.3, nine in ten between 0.03 and 3; small accounts dare more.
    ratio = rng.lognormal(np.log(0.30 if profile.followers > 10_000 else 0.36), 1.35)
    modest = 0.6 if evasion == 2 else 1.0  # who hides well also buys less at a time
    ratio *= modest
    if "M17" in mechanisms:  # most of a loop's followers leave again
        ratio = max(ratio, rng.uniform(0.08, 0.5))
    if "M16" in mechanisms:
        ratio = max(ratio, rng.uniform(1.5, 9))
    if set(mechanisms) & FOLLOWER_MECHANISMS <= {"M3", "M11", "M13", "M17"}:  # slow ways stay smaller
        ratio = min(ratio, rng.uniform(0.1, 0.8))
    days = settings.days
    back = {
        "long_ago": rng.uniform(days, days + 500),
        "months": rng.uniform(10, days),
        "lately": rng.uniform(3, 24),
        "eve": rng.uniform(1, 3),
    }[when]
    if "M7" in mechanisms:
        when, back = "lately", rng.uniform(7, 21)
    return Plan(
        mechanisms=mechanisms,
        evasion=evasion,
        ratio=float(np.clip(ratio, 0.021, 9.0)),
        like_ratio=float(np.clip(modest * rng.lognormal(np.log(0.5), 1.1), 0.03, 9.0)),
        comment_ratio=float(np.clip(modest * rng.lognormal(np.log(0.7), 1.0), 0.05, 9.0)),
        when=when,
        back_days=float(back),
        seller=shared.sellers[int(rng.integers(len(shared.sellers)))],
    )


def _mechanisms(
    rng: np.random.Generator, settings: SimulationSettings, profile: Profile, evasion: int
) -> tuple[str, ...]:
    weights = {
        code: settings.mechanism_weights.get(code, 0.0) * _BY_EVASION[code][evasion]
        for code in MECHANISMS
        if code not in settings.exclude_mechanisms and profile.followers <= _LARGEST.get(code, np.inf)
    }
    if profile.platform not in {"tiktok", "youtube"}:
        weights.pop("M19", None)
    if sum(weights.values()) <= 0:  # nothing fits this size: whatever the settings allow
        weights = {c: w for c, w in settings.mechanism_weights.items() if c not in settings.exclude_mechanisms}
    number = int(rng.choice(3, p=np.array(settings.mixture) / sum(settings.mixture))) + 1
    number += int(number == 3 and rng.random() < 0.3)
    chosen: list[str] = []
    while len(chosen) < number and sum(weights.values()) > 0:
        code = pick(rng, weights)
        chosen.append(code)
        weights[code] = 0.0
    return tuple(sorted(chosen, key=lambda code: int(code[1:])))


def make_room(profile: Profile, plan: Plan) -> Profile:
    """Return the honest creator under the purchases, so that buyers do not look larger than others."""
    changes: dict[str, float] = {}
    if plan.brings_followers:
        changes["followers"] = max(profile.followers / (1 + plan.ratio), 40.0)
        if LIKE_MECHANISMS.isdisjoint(plan.mechanisms):  # who has enough likes does not begin with followers
            changes["like_rate"] = profile.like_rate * 0.7
    if "M8" in plan.mechanisms:
        changes["sponsored_share"] = max(profile.sponsored_share, 0.15)
    return replace(profile, **changes)  # type: ignore[arg-type]
