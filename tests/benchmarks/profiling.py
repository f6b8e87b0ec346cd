"""Where the time of each path goes, in percent: why it is as far from its aim as it is.

Each path runs in a process of its own (:mod:`tests.benchmarks.paths`), because compiled kernels, once loaded, stay loaded.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from tests.benchmarks.core_only import core_python
from tests.benchmarks.course import courses
from tests.benchmarks.data import make
from tests.benchmarks.measure import ROOT, Context, Part, Row, run
from tests.benchmarks.world import simulated, small_model

_SHOWN = 12
"""Parts named in a line, largest first."""
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| +(\S+)")


def profiles(context: Context) -> Part:
    """Return a profile of each path."""
    number = 300 if context.quick else 5_000
    model = small_model(context)
    text_free = make(context.work, number, comments=False)
    part = Part("Profiles: where the time of each path goes (callees outside of realreach count with their caller)")
    for kind in ("plain", "fast"):
        part.rows.append(_shares(f"growth family, {number:,} creators, {kind}", "growth", kind, text_free))
    for comments in (False, True):
        folder = make(context.work, number, comments=comments)
        words = f"read and score {number:,} creators {'with' if comments else 'without'} comments"
        for kind in ("plain", "fast"):
            part.rows.append(_shares(f"{words}, {kind}", "batch", kind, model, folder))
    one = make(context.work, 10, comments=True)
    for kind in ("plain", "fast"):
        for which in ("without", "with"):
            what = f"one creator, {kind}, {which} reasons"
            part.rows.append(_shares(what, which, kind, model, one))
    world = simulated(context, 1_500)
    part.rows.append(_shares("train.py, tables read (1,500 creators, 60 trees)", "train", "plain", world))
    for name, python in (("all extras", Path(sys.executable)), ("core-only environment", core_python(context.work))):
        if python is not None:
            part.rows.append(_imports(f"start of predict.py, {name}", python, model, one))
    part.rows.append(_worker(context, model))
    part.rows += courses(context)
    return part


def _shares(what: str, path: str, kind: str, *arguments: object) -> Row:
    found = _elsewhere(path, kind, *arguments)
    told = ", ".join(f"{name} {share:.0%}" for name, share in found["shares"][:_SHOWN])
    return Row(what, told, f"{found['calls']:,} calls", "", "", 1)


def _elsewhere(*arguments: object) -> dict[str, Any]:
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    command = [sys.executable, "-m", "tests.benchmarks.paths", *arguments]
    found: dict[str, Any] = json.loads(run(command, environment={"PYTHONPATH": path}, cwd=ROOT).out)
    return found


def _imports(what: str, python: Path, model: Path, folder: Path) -> Row:
    """Return the share of each package in the time of a start, by Python's own clock of imports."""
    log = f"import subprocess, sys; sys.stdout.write(subprocess.run({[str(python), '-X', 'importtime', str(ROOT / 'predict.py'), str(folder), '--model', str(model), '--quiet']!r}, capture_output=True, text=True).stderr)"
    done = run([sys.executable, "-c", log])
    own: Counter[str] = Counter()
    for micros, module in _IMPORT.findall(done.out):
        own[module.split(".")[0]] += int(micros)
    standard = sum(own.pop(name) for name in list(own) if name in sys.stdlib_module_names)
    spent = done.wall * 1e6
    shares = {**own, "standard library": standard, "work after and between": spent - standard - sum(own.values())}
    told = sorted(shares.items(), key=lambda item: -item[1])[:_SHOWN]
    return Row(
        what, ", ".join(f"{name} {micros / spent:.0%}" for name, micros in told), f"{done.wall:.2f} s", "", "", 1
    )


def _worker(context: Context, model: Path) -> Row:
    """Return what a run in shards costs once and for each shard, and what two workers can save at most."""
    creators = 5_000 if context.quick else 100_000
    found = _elsewhere("worker", "fast", model, make(context.work, creators, comments=False))
    once, ready, scored = (
        found["start"] + found["output"],
        found["model"] + found["kernels"],
        found["shard"] * found["shards"],
    )
    serial = once + found["plan"] + ready + scored
    # Workers are forked from one that gets ready beside the plan.
    two = once + max(found["plan"], ready) + scored / 2
    told = (
        f"start {found['start']:.2f} CPU-s, plan {found['plan']:.2f}, beside it model {found['model']:.2f} and kernels "
        f"{found['kernels']:.2f}, each of {found['shards']} shards {found['shard']:.2f}, output {found['output']:.2f}"
    )
    at_most = f"at most {serial / two:.2f}x with two workers"
    return Row(f"a run in shards, {creators:,} creators, text-free", told, at_most, "", "", 1)
