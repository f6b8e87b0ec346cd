# ruff: noqa: T201 -- a script that prints its figures
"""Time of one creator, warm, beside the bare booster on one row; and where the time goes, in percent.

Not a test: machines differ, so that ratios of one run are what to compare. Run it with one thread; CPU time of the
thread stands beside the time on the clock, which others on the machine stretch::

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_one_creator.py --model models/default --fast
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from realreach import warm_up
from realreach.features.view import View, decision_days
from realreach.reasons import parts_of
from realreach.scores import Scorer
from realreach.simulate import simulate
from realreach.tables import tables_from_records

_PARTS = {
    "checks": "tables_from_records",
    "features": "feature_matrix",
    "  growth": "features/growth.py:compute",
    "  engagement": "features/engagement.py:compute",
    "  comments": "features/comments/__init__.py:compute",
    "  coherence": "features/coherence.py:compute",
    "  innocence": "features/innocence.py:compute",
    "model": "assess_with_pillars",
    "heads, what is real": "_further",
    "answer": "rows_of",
}


def records(number: int, seed: int) -> list[dict[str, Any]]:
    """Return records of simulated creators with 150 days, 25 posts and 80 comments or more."""
    frames = simulate(number, seed=seed).frames
    found = {row["creator_id"]: row for row in _rows(frames["creators"])}
    for name in ("follower_history", "posts", "comments"):
        for row in _rows(frames[name]):
            owner = found[row.pop("creator_id")]
            if name == "follower_history":
                row["observed_on"] = row["observed_on"][:10]
            owner.setdefault(name, []).append(row)
    least = {"follower_history": 150, "posts": 25, "comments": 80}
    return [r for r in found.values() if all(len(r.get(n, ())) >= k for n, k in least.items())]


def _rows(frame: Any) -> list[dict[str, Any]]:
    rows = json.loads(frame.to_json(orient="records", date_format="iso", double_precision=15))
    return [{k: v for k, v in row.items() if v is not None} for row in rows]


def times(work: Callable[[Any], object], items: list[Any], rounds: int) -> np.ndarray:
    """Return CPU and clock milliseconds of every call, shape (calls, 2)."""
    out = []
    for item in items * rounds:
        cpu, wall = time.thread_time(), time.perf_counter()
        work(item)
        out.append((time.thread_time() - cpu, time.perf_counter() - wall))
    return 1e3 * np.array(out)


def main() -> None:
    """Print p50 and p99 without and with reasons, and the profile."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="models/default")
    parser.add_argument("--creators", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--fast", action="store_true", help="load the compiled kernels first, as a service does")
    arguments = parser.parse_args()
    scorer = Scorer.load(arguments.model)
    if arguments.fast:
        print("compiled kernels:", warm_up())
    chosen = records(arguments.creators, seed=9)[:30]
    model = scorer.bundle.model

    def with_reasons(record: dict[str, Any]) -> object:
        tables = tables_from_records([record]).tables
        days = decision_days(tables)
        matrix = scorer.bundle.features(tables, days)
        return scorer.score_features(matrix, tables, days), parts_of(model, matrix, View(tables, days))

    row = np.zeros((1, len(model.layout.used)))
    bare = np.median(
        times(lambda _: model.booster.lightgbm.predict(row, raw_score=True, num_threads=1), [0], 3_000), axis=0
    )
    print(f"{len(chosen)} creators; {model.booster.num_trees()} trees; bare Booster.predict {bare[0]:.3f} ms CPU")
    for name, work in (("without reasons", scorer.score), ("with reasons", with_reasons)):
        times(work, chosen, 1)
        found = times(work, chosen, arguments.rounds)
        (p50, wall50), (p99, wall99) = np.quantile(found, [0.5, 0.99], axis=0)
        print(
            f"{name:<16} p50 {p50:6.2f} ms CPU ({wall50:.2f} on the clock)  p99 {p99:6.2f} ({wall99:.2f})"
            f"  p99/p50 {p99 / p50:.1f}  {p50 / bare[0]:,.0f} x bare"
        )
    profile = cProfile.Profile(time.thread_time)
    profile.enable()
    for record in chosen * 3:
        scorer.score(record)
    profile.disable()
    stats = pstats.Stats(profile)
    whole = stats.total_tt  # type: ignore[attr-defined]
    calls = stats.total_calls / (3 * len(chosen))  # type: ignore[attr-defined]
    print(f"profile of a score, {calls:,.0f} calls:")
    for name, wanted in _PARTS.items():
        spent = sum(
            facts[3]
            for (file, _, function), facts in stats.stats.items()  # type: ignore[attr-defined]
            if (f"{file}:{function}".endswith(wanted) if ":" in wanted else function == wanted)
        )
        print(f"  {name:<22}{100.0 * spent / whole:5.1f} %")


if __name__ == "__main__":
    main()
