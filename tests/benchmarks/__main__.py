# ruff: noqa: T201 -- a script that prints its figures
"""Measure what issue 6 names, section by section, and store figures and page: ``make bench``.

examples:
  make bench
  make bench ARGS="--only growth,engine"
  make bench ARGS="--quick --out -"
  make bench ARGS="--render"

Each section is stored in docs/benchmarks.json when it is done, and docs/benchmarks.md is made of that file anew: a suite that
is broken off loses nothing, and a section can be measured again alone. --work keeps tables and models between runs.

The comparisons with tsfresh, catch22 and functime need an environment of their own (they are not dependencies):
  python3 -m venv peers && peers/bin/pip install tsfresh pycatch22 functime
  make bench ARGS="--only growth --peers-python peers/bin/python"
"""

from __future__ import annotations

import os

# Before any library that has threads of its own is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.benchmarks import engine, growth, single, training
from tests.benchmarks.measure import ROOT, Context, Part, machine
from tests.benchmarks.profiling import profiles
from tests.benchmarks.report import Section, load, markdown, save

_TRAIN, _LARGEST, _WITH_COMMENTS = 20_000, 1_000_000, 100_000
SECTIONS = (
    "growth", "engine", "comments", "linear", "memory", "single", "start", "explain", "training", "workers", "profiles",
)  # fmt: skip


def main() -> int:
    """Run the sections asked for; print and store the page."""
    arguments = _arguments()
    wanted = arguments.only.split(",") if arguments.only else list(SECTIONS)
    unknown = sorted(set(wanted) - set(SECTIONS))
    if unknown:
        print(f"--only: no section is called {unknown[0]!r}. There are: {', '.join(SECTIONS)}.", file=sys.stderr)
        return 2
    page = None if arguments.out == "-" else Path(arguments.out)
    figures = None if page is None else page.with_suffix(".json")
    sections = {} if figures is None else load(figures)
    with tempfile.TemporaryDirectory(prefix="realreach-bench-") as scratch:
        work = (arguments.work or Path(scratch)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        largest = (arguments.largest, arguments.largest_with_comments)
        context = Context(work, arguments.quick, *largest, str(arguments.peers_python))
        for name in () if arguments.render else wanted:
            print(f"measuring: {name}", file=sys.stderr, flush=True)
            facts, begun = machine(), time.perf_counter()
            part = _parts(context, 1_500 if arguments.quick else arguments.train_creators)[name]()
            print(f"measured: {name}, {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
            sections[name] = Section(
                part, time.strftime("%Y-%m-%d", time.gmtime()), _shown(arguments, name), tuple(facts)
            )
            if figures is not None:
                save(sections, figures, SECTIONS)
    text = markdown(sections, SECTIONS)
    print(text)
    if page is not None:
        page.write_text(text, encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="small sizes and few repetitions: a look, no figures to quote"
    )
    parser.add_argument("--only", default="", metavar="A,B", help=f"some sections only: {', '.join(SECTIONS)}")
    parser.add_argument(
        "--largest",
        type=int,
        default=_LARGEST,
        help="creators at most, wherever more are asked for (default: 1,000,000)",
    )
    parser.add_argument(
        "--largest-with-comments",
        type=int,
        default=_WITH_COMMENTS,
        help="the same where they have comments (default: 100,000)",
    )
    parser.add_argument(
        "--train-creators", type=int, default=_TRAIN, help=f"creators that train.py gets (default: {_TRAIN:,})"
    )
    parser.add_argument(
        "--peers-python", type=Path, default=Path(sys.executable), help="Python with tsfresh, pycatch22 and functime"
    )
    parser.add_argument("--render", action="store_true", help="measure nothing, make the page of the stored figures")
    parser.add_argument("--work", type=Path, help="folder for tables and models, kept (default: a temporary one)")
    parser.add_argument(
        "--out",
        default=str(ROOT / "docs" / "benchmarks.md"),
        help="the page; the figures stand beside it as .json; - is standard output only",
    )
    return parser.parse_args()


def _shown(arguments: argparse.Namespace, name: str) -> str:
    """Return the command that measures one section; the folder of the work and other places say nothing to a reader."""
    told = [f"--only {name}"]
    told += ["--quick"] if arguments.quick else []
    for flag, given, usual in (
        ("--largest", arguments.largest, _LARGEST),
        ("--largest-with-comments", arguments.largest_with_comments, _WITH_COMMENTS),
        ("--train-creators", arguments.train_creators, _TRAIN),
    ):
        told += [f"{flag} {given}"] if given != usual else []
    return f'make bench ARGS="{" ".join(told)}"'


def _parts(context: Context, creators: int) -> dict[str, Callable[[], Part]]:
    return {
        "growth": partial(growth.measure, context),
        "engine": partial(engine.against_reading, context),
        "comments": partial(single.comment_model, context),
        "linear": partial(engine.linear, context),
        "memory": partial(engine.memory, context),
        "single": partial(single.one_creator, context),
        "start": partial(single.start, context),
        "explain": partial(engine.explaining, context),
        "training": partial(training.training, context, creators),
        "workers": partial(engine.workers, context),
        "profiles": partial(profiles, context),
    }


if __name__ == "__main__":
    sys.exit(main())
