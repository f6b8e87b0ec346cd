"""Where the time of a path goes, in percent, by part of the package; and how many calls it takes, which no machine changes."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.data import make
from tests.benchmarks.measure import Context, Part, Row
from tests.benchmarks.world import simulated, small_model

from realreach.scores import Scorer
from realreach.tables import read_tables
from realreach.training import train

_DEPTH = 40
"""Calls between a library's function and ours that are followed."""


def profiles(context: Context) -> Part:
    """Return a profile of each path."""
    number = 300 if context.quick else 1_000
    scorer = Scorer.load(small_model(context))
    part = Part(
        f"Profiles: share of the time inside each part ({number:,} creators; callees outside of realreach count with their caller)"
    )
    paths: dict[str, Callable[[], object]] = {}
    for comments in (True, False):
        folder = make(context.work, number, comments=comments)
        paths[f"read and score {'with' if comments else 'without'} comments"] = _scoring(scorer, folder)
    world = read_tables(simulated(context, 1_500))
    from realreach.settings import TrainSettings, load_settings

    settings = load_settings(TrainSettings, None, {"bootstrap": 40, "model.n_estimators": 60, "time_split": "on"})
    paths["train, tables read (60 trees)"] = lambda: train(world, settings)
    for name, work in paths.items():
        shares, calls = profile(work)
        told = ", ".join(f"{part_name} {share:.0%}" for part_name, share in shares[:9])
        part.rows.append(Row(name, told, f"{calls:,} calls", "", "", 1))
    return part


def _scoring(scorer: Scorer, folder: Path) -> Callable[[], object]:
    return lambda: scorer.score_result(read_tables(folder), None)


def profile(work: Callable[[], object]) -> tuple[list[tuple[str, float]], int]:
    """Return the share of each part of realreach, largest first, and the number of calls."""
    recorder = cProfile.Profile()
    recorder.enable()
    work()
    recorder.disable()
    stats: dict[Any, Any] = pstats.Stats(recorder).stats  # type: ignore[attr-defined]
    own: dict[str, float] = {}
    left = {}
    for function, (_, _, spent, _, _) in stats.items():
        _put(own, left, function, spent)
    # Time in a library belongs to the part of ours that called it, through however many other calls.
    for _ in range(_DEPTH):
        passed: dict[Any, float] = {}
        for function, spent in left.items():
            callers = stats[function][4]
            whole = sum(entry[3] for entry in callers.values())
            for caller, entry in callers.items():
                _put(own, passed, caller, spent * entry[3] / whole if whole else 0.0)
        left = passed
    whole = sum(own.values()) or 1.0
    calls = sum(entry[1] for entry in stats.values())
    return sorted(((name, value / whole) for name, value in own.items()), key=lambda item: -item[1]), calls


def _put(own: dict[str, float], left: dict[Any, float], function: Any, spent: float) -> None:
    name = _part(function[0])
    if name is None:
        left[function] = left.get(function, 0.0) + spent
    else:
        own[name] = own.get(name, 0.0) + spent


def _part(file: str) -> str | None:
    pieces = Path(file).parts
    if "realreach" not in pieces:
        return None
    inside = pieces[len(pieces) - pieces[::-1].index("realreach") :]
    return "/".join(inside[:2]).removesuffix(".py")
