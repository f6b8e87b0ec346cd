# ruff: noqa: T201 -- prints what it measured, for the suite to read
"""The profile of one path, in a process that does nothing else: ``python -m tests.benchmarks.paths PATH KIND ...``.

``PATH`` is ``batch`` (model, tables), ``growth`` (tables: the growth family alone), ``without`` or ``with`` (reasons; model, tables: one creator), ``train`` (a simulated
world) or ``worker`` (model, tables); ``KIND`` is ``plain`` (numba out of reach) or ``fast``.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_DEPTH = 40
"""Calls between a library's function and ours that are followed."""
_TIMES = 60
"""Repetitions of one creator."""


def main() -> None:
    """Print the profile as JSON."""
    path, kind, *arguments = sys.argv[1:]
    if kind == "plain":
        sys.modules["numba"] = None  # type: ignore[assignment] - out of reach, whatever else would load it
    if path == "worker":
        print(json.dumps(_worker(*arguments)))
        return
    paths = {"batch": _batch, "growth": _growth, "without": _one, "with": _one, "train": _train}
    work, times = paths[path](path, kind, *arguments)
    shares, calls = profile(work)
    print(json.dumps({"shares": shares, "calls": calls // times}))


def _batch(_path: str, kind: str, model: str, folder: str) -> tuple[Callable[[], object], int]:
    from realreach import warm_up
    from realreach.scores import Scorer
    from realreach.tables import read_tables

    scorer = Scorer.load(model)
    if kind == "fast":
        warm_up(scorer)
    return lambda: scorer.score_result(read_tables(folder), None), 1


def _growth(_path: str, kind: str, folder: str) -> tuple[Callable[[], object], int]:
    from realreach import warm_up
    from realreach.features import growth
    from realreach.features.view import View, decision_days
    from realreach.tables import read_tables

    tables = read_tables(folder).tables
    if kind == "fast":
        warm_up()
    return lambda: growth.compute(View(tables, decision_days(tables, None), None)), 1


def _one(path: str, kind: str, model: str, folder: str) -> tuple[Callable[[], object], int]:
    from tests.benchmarks.one_creator import record

    from realreach import warm_up
    from realreach.evidence.explaining import ExplainingScorer
    from realreach.scores import Scorer

    creator, plain = record(Path(folder)), Scorer.load(model)
    scorer = ExplainingScorer(plain.bundle, explain="all") if path == "with" else plain
    if kind == "fast":
        warm_up(scorer)
    for _ in range(3):
        scorer.score(creator)
    return lambda: [scorer.score(creator) for _ in range(_TIMES)], _TIMES


def _train(_path: str, _kind: str, world: str) -> tuple[Callable[[], object], int]:
    from realreach.settings import TrainSettings, load_settings
    from realreach.tables import read_tables
    from realreach.training import train

    tables = read_tables(world)
    settings = load_settings(TrainSettings, None, {"bootstrap": 40, "model.n_estimators": 60, "time_split": "on"})
    return lambda: train(tables, settings), 1


def _worker(model: str, folder: str) -> dict[str, float]:
    """Return the CPU seconds of each step of a run in shards; a shard is the second one, the first loads the kernels."""
    from realreach.engine.plan import make_plan
    from realreach.engine.work import PLAN, Job, part_path, score_shard
    from realreach.own_process import take_over

    take_over()  # as predict.py does
    spent = [0.0]  # the clock runs from the start of the process

    def step() -> float:
        spent.append(time.process_time())
        return spent[-1] - spent[-2]

    with tempfile.TemporaryDirectory(prefix="realreach-bench-") as scratch:
        work = Path(scratch)
        (work / "done").mkdir()
        ready = step()
        plan = make_plan(folder, work, 5_000)
        (work / PLAN).write_text(plan.to_json(), encoding="utf-8")
        planning = step()
        from realreach.evidence.explaining import ExplainingScorer

        ExplainingScorer.load(model)
        model_loaded = step()
        job = Job(scratch, model, options=(("explain", "flagged"),))
        score_shard(job, 0)
        first = step()
        score_shard(job, min(1, plan.shards - 1))
        shard = step() if plan.shards > 1 else first
        output = _output(part_path(work, 0), plan.shards)
    return {
        "start": ready, "plan": planning, "output": output, "model": model_loaded, "kernels": first - shard, "shard": shard,
        "shards": plan.shards,
    }  # fmt: skip


def _output(scored: Path, shards: int) -> float:
    """Return the CPU seconds of reading so many parts, deciding by the default policy and writing."""
    import pyarrow.parquet as pq

    from realreach.commands.predict import _decided
    from realreach.commands.writing import _pour
    from realreach.policy import default_policy

    begun = time.process_time()
    parts = (pq.ParquetFile(scored).read(use_threads=False) for _ in range(shards))
    with (scored.parent / "out.parquet").open("wb") as sink:
        _pour(_decided(parts, default_policy(), 0.2), sink, "parquet", False)
    return time.process_time() - begun


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


if __name__ == "__main__":
    main()
