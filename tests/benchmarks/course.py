"""The course of a run on two workers: which process works when, and what of it no second worker can take over."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.benchmarks.engine import WORKERS, predict_command
from tests.benchmarks.measure import ROOT, Context, Row, clocks_of, run


@dataclass(frozen=True)
class Course:
    """CPU seconds of one run.

    ``start`` of the run until it has forked, ``ready`` of the process that gets ready until it has forked the workers
    (the run makes its plan beside it), ``workers`` from there on, ``handing`` of the run meanwhile, ``output`` of the
    run after the last part.
    """

    start: float
    ready: float
    workers: float
    handing: float
    output: float

    @property
    def at_least(self) -> float:
        """Wall seconds on two idle cores."""
        return self.start + self.ready + (self.workers + self.handing) / 2 + self.output


def courses(context: Context) -> list[Row]:
    """Return what a run on two workers consists of, for each engine, text-free and with comments (Linux)."""
    if not Path("/proc/self/task").is_dir():
        return []
    creators = 5_000 if context.quick else 100_000
    engines = ["local"] + (["dask"] if find_spec("distributed") is not None else [])
    rows = []
    for comments in (False, True):
        if creators > context.most(comments) and not context.quick:
            continue
        serial = run(predict_command(context, creators, comments, "1 local flagged"), environment=WORKERS).cpu
        for engine in engines:
            command = predict_command(context, creators, comments, f"2 {engine} flagged")
            rows.append(_row(engine, creators, comments, serial, course_of(command, context.work)))
    return rows


def _row(engine: str, creators: int, comments: bool, serial: float, found: Course) -> Row:
    told = (
        f"start {found.start:.2f} CPU-s, getting ready {found.ready:.2f} (the plan beside it), two workers {found.workers:.2f}, handing "
        f"out and waiting {found.handing:.2f}, output {found.output:.2f}; one worker needs {serial:.2f} for all"
    )
    what = f"a run on two workers, {engine}, {creators:,} creators {'with' if comments else 'without'} comments"
    return Row(what, told, f"at most {serial / found.at_least:.2f}x", "", "", 1)


def course_of(command: Sequence[object], folder: Path) -> Course:
    """Run ``predict.py`` on two workers, looking at the clocks of its processes fifty times a second."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1", **WORKERS}
    process = subprocess.Popen([str(part) for part in command], env=environment, stderr=subprocess.DEVNULL)
    done, reports = folder / "scores.parquet.work" / "done", 0
    start = ready = begun = scored = 0.0
    clocks: dict[int, float] = {}
    forked = False
    while process.poll() is None:
        clocks_of(process.pid, clocks)
        own, others = clocks.get(process.pid, 0.0), [spent for pid, spent in clocks.items() if pid != process.pid]
        if not others:
            start = own
        forked = forked or any(map(_children, children := _children(process.pid)))
        if others and not forked:
            ready, begun = sum(clocks.get(child, 0.0) for child in children), own
        if (found := len(list(done.glob("*.report.json"))) if done.is_dir() else 0) > reports:
            reports, scored = found, own
        time.sleep(0.02)
    if process.returncode:
        raise RuntimeError(f"{command}: exit code {process.returncode}")
    workers = sum(spent for pid, spent in clocks.items() if pid != process.pid) - ready
    return Course(start, ready, workers, scored - begun, clocks[process.pid] - scored)


def _children(pid: int) -> list[int]:
    """Return the processes that a process has started and not yet waited for; none of one that is gone."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found
