"""The small worlds that the reality checks simulate, one for each real set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.simulate.check_compare import matched_pairs
from realreach.simulate.settings import TIERS, SimulationSettings
from realreach.tables.core import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SHARES", "Worlds", "tier_weights"]

SHARES: Mapping[str, float] = MappingProxyType(
    {
        "twitch": 0.110,
        "growing": 0.150,
        "youtube": 0.070,
        "politicians": 0.060,
        "id2020": 0.080,
        "ig2017": 0.080,
        "tiktok": 0.120,
        "ordinary": 0.060,
        "small": 0.050,
        "instagram_comments": 0.015,
        "youtube_id_comments": 0.015,
        "youtube_en_comments": 0.030,
        "rates": 0.140,
        "switches": 0.020,
        "followers": 0.030,
    }
)
"""Share of all simulated creators that each world gets."""

_FEWEST = 20
_MATCHED_SHARE = 0.8  # of the simulated accounts, so that each real one finds a partner of its size
_HONEST = {"fake_share": 0.0, "observation": "complete", "days": 90, "comments_median": 0, "comments_cap": 0}


def tier_weights(sizes: FloatArray) -> dict[str, float]:
    """Return how many accounts lie in each tier of followers (tiers without any are left out).

    Examples
    --------
    >>> tier_weights(np.array([200.0, 300.0, 7_000.0]))
    {'<500': 2.0, '5k-10k': 1.0}
    """
    counts = {name: float(((sizes >= low) & (sizes < high)).sum()) for name, (low, high) in TIERS.items()}
    return {name: count for name, count in counts.items() if count > 0}


@dataclass(frozen=True)
class Worlds:
    """Where the real sets lie, and how many creators are simulated with which settings."""

    datasets: Path
    creators: int
    seed: int
    settings: SimulationSettings

    def simulate(self, name: str, **changes: Any) -> dict[str, pd.DataFrame]:
        """Simulate one world: honest and completely observed unless ``changes`` says otherwise."""
        from realreach.simulate.world import simulate

        settings = SimulationSettings.model_validate({**self.settings.model_dump(), **_HONEST, **changes})
        number = max(round(self.creators * SHARES[name]), _FEWEST)
        return simulate(number, self.seed * 100 + list(SHARES).index(name), settings).frames

    def pairs(self, name: str, real: FloatArray, simulated: FloatArray) -> tuple[IntArray, IntArray]:
        """Pair real with simulated accounts of one world by what is given (log followers first); see matched_pairs."""
        most = max(round(_MATCHED_SHARE * len(simulated)), 1)
        return matched_pairs(real, simulated, rng=self.rng(name), most=most)

    def rng(self, name: str) -> np.random.Generator:
        """Return the generator of the samples that belong to one world."""
        return np.random.default_rng((self.seed, list(SHARES).index(name)))
