# ruff: noqa: T201 -- a script that prints its figures
"""Measure everything that issue 6 names and store the table: ``make bench``.

examples:
  make bench
  make bench ARGS=--quick
  python -m tests.benchmarks --only growth,comments --out -

The comparisons with tsfresh, catch22 and functime need: pip install tsfresh pycatch22 functime (into an environment of their
own; they are not dependencies, and their lines are left out without them).
"""

from __future__ import annotations

import os

# Before any library that has threads of its own is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.benchmarks import engine, growth, single, training
from tests.benchmarks.measure import ROOT, Context, Part, machine
from tests.benchmarks.profiling import profiles
from tests.benchmarks.report import markdown, store, stored

_TRAIN = 20_000


def main() -> int:
    """Run the suite; print and store the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="small sizes and few repetitions: a look, no figures to quote"
    )
    parser.add_argument("--only", default="", metavar="A,B", help="some parts only")
    parser.add_argument("--largest", type=int, default=1_000_000, help="creators at most, wherever more are asked for")
    parser.add_argument(
        "--largest-with-comments",
        type=int,
        default=100_000,
        help="the same where they have comments (default: 100,000)",
    )
    parser.add_argument(
        "--train-creators", type=int, default=_TRAIN, help=f"creators that train.py gets (default: {_TRAIN:,})"
    )
    parser.add_argument("--resume", action="store_true", help="measure only what an earlier run left out in --work")
    parser.add_argument("--work", type=Path, help="folder for tables and models, kept (default: a temporary one)")
    parser.add_argument(
        "--out", default=str(ROOT / "docs" / "benchmarks.md"), help="file of the table; - is standard output only"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="realreach-bench-") as scratch:
        work = arguments.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        context = Context(work.resolve(), arguments.quick, arguments.largest, arguments.largest_with_comments)
        facts, made = machine(), []
        for name, measure in _parts(context, 1_500 if arguments.quick else arguments.train_creators).items():
            if arguments.only and name not in arguments.only.split(","):
                continue
            part = stored(context.work, name) if arguments.resume else None
            if part is None:
                print(f"measuring: {name}", file=sys.stderr, flush=True)
                part = measure()
                store(part, context.work, name)
            made.append(part)
    # The folder of the work and the place of the table say nothing to a reader.
    told = ["--quick"] if arguments.quick else []
    told += [f"--only {arguments.only}"] if arguments.only else []
    told += [f"--largest {arguments.largest}", f"--largest-with-comments {arguments.largest_with_comments}"]
    told += [f"--train-creators {arguments.train_creators}"]
    shown = " ".join(["make bench ARGS='", *told]).replace("' ", "'") + "'"
    text = markdown(made, facts, shown)
    print(text)
    if arguments.out != "-":
        Path(arguments.out).write_text(text, encoding="utf-8")
    return 0


def _parts(context: Context, creators: int) -> dict[str, Callable[[], Part]]:
    return {
        "growth": partial(growth.measure, context),
        "engine": partial(engine.against_reading, context),
        "comments": partial(single.comment_model, context),
        "linear": partial(engine.linear, context),
        "memory": partial(engine.memory, context),
        "single": partial(single.one_creator, context),
        "start": partial(single.start, context),
        "training": partial(training.training, context, creators),
        "workers": partial(engine.workers, context),
        "profiles": partial(profiles, context),
    }


if __name__ == "__main__":
    sys.exit(main())
