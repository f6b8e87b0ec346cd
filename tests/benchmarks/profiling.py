"""Where the time of a path goes, in percent, by part of the package; and how many calls it takes, which no machine changes."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.data import make
from tests.benchmarks.measure import Context, Part, Row
from tests.benchmarks.world import simulated, small_model

from realreach.scores import Scorer
from realreach.tables import read_tables
from realreach.training import train


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
    stats = pstats.Stats(recorder).stats  # type: ignore[attr-defined]
    own: dict[str, float] = {}
    for (file, _, _), (_, _, total, _, callers) in stats.items():
        name = _part(file)
        if name is not None:
            own[name] = own.get(name, 0.0) + total
            continue
        # Time in a library belongs to the part of ours that called it; where a library called, it stays 'libraries'.
        for (caller, _, _), (_, _, share, _) in callers.items():
            key = _part(caller) or "libraries' own calls"
            own[key] = own.get(key, 0.0) + share
    whole = sum(own.values()) or 1.0
    calls = sum(entry[1] for entry in stats.values())
    return sorted(((name, value / whole) for name, value in own.items()), key=lambda item: -item[1]), calls


def _part(file: str) -> str | None:
    pieces = Path(file).parts
    if "realreach" not in pieces:
        return None
    inside = pieces[len(pieces) - pieces[::-1].index("realreach") :]
    return "/".join(inside[:2]).removesuffix(".py")
