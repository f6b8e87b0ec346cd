"""A model judged on a world: scored once, then counted at one threshold for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from realreach.errors import InputError
from realreach.false_alarms import TablesScorer
from realreach.metrics import achieved_fpr, operating_point
from realreach.model import FittedModel
from realreach.power.counting import group_lines, mechanism_lines, recall_lines
from realreach.power.judgement import Judgement
from realreach.power.look_alikes import look_alike_lines, more_look_alikes
from realreach.power.scoring import mechanisms_in_view, scored
from realreach.power.terms import FPR, LEAST, Report
from realreach.power.worlds import SimulatedWorld, world_seeds
from realreach.tables.core import Tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["judge", "judge_world"]


def judge(
    scorer: TablesScorer | FittedModel,
    world: SimulatedWorld,
    *,
    least: int = LEAST,
    workers: int = 1,
    report: Report = lambda _: None,
) -> Judgement:
    """Judge a model on a world, and simulate more honest creators where a look-alike has fewer than ``least``.

    Parameters
    ----------
    scorer
        A loaded model (:class:`realreach.scores.Scorer`) or a fitted one.
    world
        A world of a seed that the model was never trained on.
    least
        Scored honest creators wanted for each look-alike; 0 adds none.
    workers
        Processes of the simulator.
    report
        Called with a short sentence at every step.

    Returns
    -------
    Judgement
        As :func:`judge_world`; the added creators count in their own look-alike's line only.
    """
    report(f"scoring {len(world.tables):,} simulated creators")
    natural = scored(scorer, world.tables, world.truth)
    extra = {}
    if world.settings is not None and least > 0:
        extra = more_look_alikes(scorer, world, natural, least, workers, report)
    return _judgement(natural, mechanisms_in_view(world.tables, world.events), extra, world.seed)


def judge_world(
    scorer: TablesScorer | FittedModel, tables: Tables, truth: pd.DataFrame, events: pd.DataFrame | None = None
) -> Judgement:
    """Judge a model on the tables of a world as they are.

    Two levels are counted side by side. The model's own operating points, one per combination of pillars, are what
    ``flagged`` in its output means. The threshold of the surface is one for all: the lowest ``fake_probability`` that
    at most 1 % of the scored honest creators of this very world reach.

    Parameters
    ----------
    scorer
        A loaded model (:class:`realreach.scores.Scorer`) or a fitted one.
    tables
        Checked tables, with labels, so that each creator is judged on its own day.
    truth, events
        The frames of :func:`realreach.simulate.simulate`. Without events it is not told which purchases lie in the days
        that the tables show.

    Raises
    ------
    InputError
        If a creator has no row in the truth, or fewer than 100 honest creators were scored.
    """
    seeds = world_seeds(tables.creator_ids.to_pylist())
    seed = min(seeds) if len(seeds) == 1 else None
    return _judgement(scored(scorer, tables, truth), mechanisms_in_view(tables, events), {}, seed)


def _judgement(
    natural: pd.DataFrame, in_view: dict[str, set[str]] | None, extra: Mapping[str, pd.DataFrame], seed: int | None
) -> Judgement:
    is_scored = natural["p"].notna()
    fake = natural[natural["is_fake"] & is_scored]
    honest = natural[~natural["is_fake"] & is_scored]
    needed = round(1 / FPR)
    if len(honest) < needed:
        raise InputError(
            f"{len(honest)} honest creators of the world could be scored; a threshold at {FPR:.0%} false positives "
            f"needs {needed} or more. Simulate a larger world (--creators)."
        )
    scores = honest["p"].to_numpy(dtype=np.float64)
    threshold = operating_point(scores, FPR)
    lines = [*recall_lines(fake, threshold), *mechanism_lines(fake, in_view, threshold)]
    lines += [*look_alike_lines(honest, extra, threshold), *group_lines(honest, threshold)]
    return Judgement(
        seed=seed,
        honest=len(honest),
        fake=len(fake),
        unscored_honest=int((~natural["is_fake"] & ~is_scored).sum()),
        unscored_fake=int((natural["is_fake"] & ~is_scored).sum()),
        out_of_view=None if in_view is None else int((~fake.index.isin(list(in_view))).sum()),
        threshold=threshold,
        achieved_fpr=achieved_fpr(scores, threshold),
        lines=tuple(lines),
    )
