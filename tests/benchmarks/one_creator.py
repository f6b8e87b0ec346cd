# ruff: noqa: T201 -- prints what it measured, for the suite to read
"""One creator in a process that does nothing else: ``python -m tests.benchmarks.one_creator MODEL TABLES RUNS [fast]``.

A process of its own, because compiled kernels, once loaded, stay loaded; ``fast`` calls ``warm_up`` first, as a service does.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    """Print milliseconds by kind (wall p50 and p99, CPU p50), calls for one score, and whether kernels were used."""
    model, tables, runs, fast = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4:] == ["fast"]
    if not fast:
        sys.modules["numba"] = None  # type: ignore[assignment] - out of reach, whatever else would load it
    from realreach import warm_up
    from realreach.evidence.explaining import ExplainingScorer
    from realreach.features import feature_matrix
    from realreach.scores import Scorer
    from realreach.tables import tables_from_records

    scorer, creator = Scorer.load(model), record(tables)
    explaining = ExplainingScorer(scorer.bundle, explain="all")
    used = warm_up(explaining) if fast else False
    checked = tables_from_records([creator]).tables
    row = np.zeros((1, len(scorer.bundle.model.layout.used)))
    booster = scorer.bundle.model.booster.lightgbm
    work: Mapping[str, tuple[Callable[[], object], int]] = {
        "bare": (lambda: booster.predict(row, raw_score=True, num_threads=1), 2_000),
        "without": (lambda: scorer.score(creator), runs),
        "with": (lambda: explaining.score(creator), max(runs // 3, 10)),
        "checks": (lambda: tables_from_records([creator]), max(runs // 3, 10)),
        "features": (lambda: feature_matrix(checked), max(runs // 3, 10)),
        "with, as a table": (lambda: explaining.score_result(tables_from_records([creator])), max(runs // 3, 10)),
    }
    found: dict[str, Any] = {name: _times(*of) for name, of in work.items()}
    print(json.dumps(found | {"calls": _calls(lambda: scorer.score(creator)), "fast": used}))


def record(folder: Path) -> dict[str, object]:
    """Return the first creator of the tables as a service would send it."""
    import pandas as pd

    def rows(name: str) -> list[dict[str, object]]:
        frame = pd.read_parquet(folder / name)
        return json.loads(frame[frame["creator_id"] == "c00000000"].drop(columns="creator_id").to_json(orient="records", date_format="iso"))  # fmt: skip

    history = rows("follower_history")
    for entry in history:
        entry["observed_on"] = str(entry["observed_on"])[:10]
    posts, comments = rows("posts"), rows("comments")
    return {"creator_id": "c", **rows("creators")[0], "follower_history": history, "posts": posts, "comments": comments}


def _times(work: Callable[[], object], runs: int) -> dict[str, float]:
    for _ in range(5):
        work()
    wall, cpu = np.empty(runs), np.empty(runs)
    for run in range(runs):
        begun, spent = time.perf_counter(), time.thread_time()
        work()
        wall[run], cpu[run] = time.perf_counter() - begun, time.thread_time() - spent
    p50, p99 = np.quantile(wall, [0.5, 0.99]) * 1e3
    return {"p50": float(p50), "p99": float(p99), "cpu": float(np.median(cpu)) * 1e3, "runs": runs}


def _calls(work: Callable[[], object]) -> int:
    count = [0]

    def counted(_frame: Any, event: str, _argument: Any) -> None:
        count[0] += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count[0]


if __name__ == "__main__":
    main()
