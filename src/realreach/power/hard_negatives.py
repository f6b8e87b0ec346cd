"""Honest creators whose signals look bought: what a limit on false accusations is measured on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realreach.features.view import decision_days
from realreach.power.look_alikes import kinds, only, wanted_number
from realreach.power.terms import LEAST, WORDS, Report
from realreach.power.worlds import SimulatedWorld, make_world
from realreach.tables.core import FloatArray, Tables

if TYPE_CHECKING:
    import pandas as pd

    from realreach.scores import Scorer

__all__ = ["JudgedWorld", "has_look_alike", "judged_world"]

_CHUNK = 1_000
_MOST_EXTRA = 6_000


@dataclass(frozen=True, eq=False)
class JudgedWorld:
    """The creators of a world, row by row: features, scores and truth.

    ``matrix`` is the feature matrix, ``scores`` the output table of the model, ``is_fake`` the truth, ``look_alikes``
    what innocently happened (codes joined by ``+``, ``""`` for nothing), ``natural`` whether the creator belongs to the
    world itself (the others were simulated on top, to have enough of a rare look-alike). ``platform`` and ``tier`` as
    in the truth, ``language`` as in the tables (``unknown`` where it is not given).
    """

    matrix: FloatArray
    scores: pd.DataFrame
    is_fake: np.ndarray
    look_alikes: np.ndarray
    natural: np.ndarray
    platform: np.ndarray
    tier: np.ndarray
    language: np.ndarray
    seed: int | None

    def has(self, kind: str) -> np.ndarray:
        """Return who is honest and has a look-alike; ``none`` = honest without any."""
        return ~self.is_fake & has_look_alike(self.look_alikes, kind)


def has_look_alike(codes: np.ndarray, kind: str) -> np.ndarray:
    """Return which texts of codes joined by ``+`` hold a code; ``none`` = which are empty.

    Examples
    --------
    >>> has_look_alike(np.array(["viral+gap", "", "press"], dtype=object), "gap").tolist()
    [True, False, False]
    """
    if kind == "none":
        return np.array([text == "" for text in codes], dtype=bool)
    return np.array([kind in text.split("+") for text in codes], dtype=bool)


def judged_world(
    scorer: Scorer, world: SimulatedWorld, *, least: int = LEAST, workers: int = 1, report: Report = lambda _: None
) -> JudgedWorld:
    """Score a world, with more honest creators simulated where a look-alike is rare.

    Parameters
    ----------
    scorer
        The model to be measured.
    world
        A world of a seed that the model was never trained on.
    least
        Honest creators wanted for each look-alike; 0 adds none. Those that happen to have too little data for a score
        are counted too, so a few more than wanted for scores is wise.
    workers
        Processes of the simulator; changes no number.
    report
        Called with a short sentence at every step.
    """
    import pandas as pd

    report(f"scoring {len(world.tables):,} simulated creators")
    parts = [_part(scorer, world.tables, world.truth, natural=True)]
    following = world.next_creator
    for kind in kinds() if world.settings is not None and least > 0 else ():
        wanted = max(least - int((~parts[0].is_fake & has_look_alike(parts[0].look_alikes, kind)).sum()), 0)
        gained = made = 0
        while gained < wanted and made < _MOST_EXTRA:
            number = min(wanted_number(wanted, gained, made), _MOST_EXTRA - made)
            more = make_world(number, world.seed or 0, only(world.settings, kind), first=following, workers=workers)
            following, made = more.next_creator, made + number
            keys = more.tables.creator_ids.to_pylist()
            truth = more.truth.set_index("creator_id").loc[keys]
            own = has_look_alike(truth["look_alikes"].fillna("").to_numpy(dtype=object), kind)
            parts.append(_part(scorer, more.tables.take(np.flatnonzero(own)), more.truth, natural=False))
            gained += int(own.sum())
        if made:
            report(f"{WORDS[kind]}: {gained:,} honest creators more (of {made:,} simulated)")
    return JudgedWorld(
        matrix=np.concatenate([part.matrix for part in parts]),
        scores=pd.concat([part.scores for part in parts], ignore_index=True),
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in _FIELDS},
        seed=world.seed,
    )


_FIELDS = ("is_fake", "look_alikes", "natural", "platform", "tier", "language")


def _part(scorer: Scorer, tables: Tables, truth: pd.DataFrame, *, natural: bool) -> JudgedWorld:
    import pandas as pd

    keys = tables.creator_ids.to_pylist()
    known = truth.set_index("creator_id").loc[keys]
    matrices, frames = [], []
    for first in range(0, max(len(tables), 1), _CHUNK):
        part = tables.take(np.arange(first, min(first + _CHUNK, len(tables))))
        days = decision_days(part, None)
        matrices.append(scorer.bundle.features(part, days))
        frames.append(scorer.score_features(matrices[-1], part, days))
    return JudgedWorld(
        matrix=np.concatenate(matrices),
        scores=pd.concat(frames, ignore_index=True),
        is_fake=known["is_fake"].to_numpy(dtype=bool),
        look_alikes=known["look_alikes"].fillna("").to_numpy(dtype=object),
        natural=np.full(len(keys), natural),
        platform=known["platform"].to_numpy(dtype=object),
        tier=known["tier"].to_numpy(dtype=object),
        language=np.array([v or "unknown" for v in tables.creators.strings("language").to_pylist()], dtype=object),
        seed=None,
    )
