"""False positives by what innocently happened, with more honest creators simulated for the kinds that are rare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from realreach.false_alarms import TablesScorer
from realreach.model import FittedModel
from realreach.power.counting import line_of
from realreach.power.judgement import Line
from realreach.power.scoring import scored
from realreach.power.terms import WORDS, Report
from realreach.power.worlds import SimulatedWorld, make_world
from realreach.simulate.settings import LOOK_ALIKES, SimulationSettings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["kinds", "look_alike_lines", "more_look_alikes", "only", "wanted_number"]

_MOST_EXTRA = 6_000
"""Creators simulated at most to find enough of one kind: some look-alikes are rare and cannot be called up."""


def more_look_alikes(
    scorer: TablesScorer | FittedModel,
    world: SimulatedWorld,
    natural: pd.DataFrame,
    least: int,
    workers: int,
    report: Report,
) -> dict[str, pd.DataFrame]:
    """Simulate honest creators of the kinds that are rare in the world, until each has ``least`` scored ones."""
    import pandas as pd

    following = world.next_creator
    extra: dict[str, pd.DataFrame] = {}
    honest = natural[~natural["is_fake"] & natural["p"].notna()]
    for kind in kinds():
        wanted = max(least - int(_has(honest, kind).sum()), 0)
        found: list[pd.DataFrame] = []
        gained = made = 0
        while gained < wanted and made < _MOST_EXTRA:
            number = min(wanted_number(wanted, gained, made), _MOST_EXTRA - made)
            settings = only(world.settings, kind)
            more = make_world(number, world.seed or 0, settings, first=following, workers=workers)
            following, made = more.next_creator, made + number
            part = scored(scorer, more.tables, more.truth)
            found.append(part[part["p"].notna() & _has(part, kind)])
            gained += len(found[-1])
        if found:
            extra[kind] = pd.concat(found)
            report(f"{WORDS[kind]}: {gained:,} honest creators more (of {made:,} simulated)")
    return extra


def kinds() -> tuple[str, ...]:
    """Return the codes of the look-alikes, ``none`` last: honest creators to whom nothing special happened."""
    return (*LOOK_ALIKES, "none")


def wanted_number(wanted: int, gained: int, made: int) -> int:
    """Return how many creators to simulate next.

    The first batch shows how many of a hundred have the look-alike; the next are as large as is still needed.
    """
    share = (gained + 1) / (made + 1)
    return int(np.clip(1.2 * (wanted - gained) / share, 50, 1_500))


def only(settings: SimulationSettings | None, kind: str) -> SimulationSettings:
    """Return the settings of an honest world in which one look-alike happens to all who can have it."""
    rates = dict.fromkeys(LOOK_ALIKES, 0.0) if kind == "none" else {kind: 1.0}
    base = (settings or SimulationSettings()).model_dump()
    rates = {**base["look_alikes"], **rates}
    return SimulationSettings.model_validate({**base, "fake_share": 0.0, "look_alikes": rates})


def _has(frame: pd.DataFrame, kind: str) -> pd.Series:
    """Return who has a look-alike; ``none`` = none of them."""
    if kind == "none":
        return frame["look_alikes"] == ""
    return frame["look_alikes"].map(lambda text: kind in text.split("+")).astype(bool)


def look_alike_lines(honest: pd.DataFrame, extra: Mapping[str, pd.DataFrame], threshold: float) -> Iterator[Line]:
    """Yield false positives by look-alike; the added creators count in the line of their own kind only."""
    import pandas as pd

    for kind in (*LOOK_ALIKES, "none"):
        more = extra.get(kind)
        own = honest[_has(honest, kind)]
        part = own if more is None else pd.concat([own, more])
        yield line_of("look_alike", kind, "all", part, threshold, 0 if more is None else len(more))
