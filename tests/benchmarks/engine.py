"""The engine: against reading the same Parquet, with more and more creators, in memory, on two workers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tests.benchmarks.data import make
from tests.benchmarks.measure import ROOT, Context, Part, Row, Run, cpu, median, run
from tests.benchmarks.world import small_model

from realreach.features import feature_names
from realreach.scores import Scorer
from realreach.tables import read_tables

_ENGINE = """
import sys
from pathlib import Path
from tests.benchmarks.engine import read_and_score
from tests.benchmarks.measure import cpu
print(cpu(lambda: read_and_score(Path(sys.argv[1]), Path(sys.argv[2])), int(sys.argv[3])), int(sys.modules.get("numba") is not None))
"""


def read_only(folder: Path) -> None:
    """Read the Parquet of a folder with one thread, all columns."""
    for path in sorted(folder.rglob("*.parquet")):
        pq.read_table(path, use_threads=False)


def read_and_score(folder: Path, model: Path) -> None:
    """Read, check, compute all features and score, without reasons: what ``predict.py`` does before it writes."""
    pa.set_cpu_count(1)
    Scorer.load(model).score_result(read_tables(folder), None)


def against_reading(context: Context) -> Part:
    """Return the CPU time of the whole engine as a multiple of reading the same Parquet."""
    pa.set_cpu_count(1)
    part = Part(
        f"Whole engine ({len(feature_names())} catalogue columns, comment model, score) against reading its Parquet with pyarrow"
    )
    model = small_model(context)
    for number in (1_000,) if context.quick else (10_000, 100_000):
        for comments in (True, False):
            if number > context.most(True):
                part.notes.append(f"{number:,} creators: left out (--largest-with-comments {context.most(True):,}).")
                continue
            part.rows += _engine_rows(context, make(context.work, number, comments=comments), model, number, comments)
    part.notes.append(
        "Why the aims are missed: reading and checking every cell (keys, dates, ranges, duplicates, order) take half of them by themselves "
        "(first line of each); 190 numbers from 180 days and 30 posts, and every comment decoded, folded, split, hashed, compared and judged, "
        "are several times the cost of reading them. The profiles below tell the parts."
    )
    return part


def _engine_rows(context: Context, folder: Path, model: Path, number: int, comments: bool) -> list[Row]:
    # A single run of a minute and more is steady enough.
    runs = 1 if number > 10_000 or (comments and number > 1_000) else context.repeats
    floor = cpu(partial(read_only, folder), context.repeats if number <= 10_000 else 2)
    what = f"{number:,} creators {'with' if comments else 'without'} comments"
    rows = []
    if number <= 10_000:
        checked = cpu(partial(read_tables, folder), 3)
        rows.append(
            Row(
                f"{what}, read and check only",
                f"{checked:.2f} CPU-s",
                f"{floor:.3f} CPU-s",
                f"{checked / floor:.1f}x",
                "",
                3,
            )
        )
    for kind, spent in with_and_without_numba(_ENGINE, [folder, model, runs]).items():
        aim = "<= 3x" if not comments else "<= 12x" if kind == "numba" else "<= 40x"
        value = f"{spent:.2f} CPU-s ({number / spent:,.0f} creators a second)"
        rows.append(Row(f"{what}, {kind}", value, f"{floor:.3f} CPU-s", f"{spent / floor:.1f}x", aim, runs))
    if number > 10_000:
        # In shards, as predict.py reads an input of this size: what is worked on stays small.
        spent = _predicted(context, number, comments, workers=1).cpu
        value = f"{spent:.2f} CPU-s ({number / spent:,.0f} creators a second)"
        told = f"{what}, the whole of predict.py (in shards, start, reasons of the flagged and writing included)"
        rows.append(
            Row(told, value, f"{floor:.3f} CPU-s", f"{spent / floor:.1f}x", "<= 12x" if comments else "<= 3x", 1)
        )
    return rows


def with_and_without_numba(code: str, arguments: Sequence[object]) -> dict[str, float]:
    """Return the CPU seconds that a piece of Python prints, by kind: with numba out of its reach, and within it.

    The second is left out where numba is not installed, or nothing asked for it.
    """
    found = {"NumPy": _cpu_elsewhere("import sys\nsys.modules['numba'] = None\n" + code, arguments)[0]}
    if find_spec("numba") is not None:
        spent, used = _cpu_elsewhere(code, arguments)
        if used:
            found["numba"] = spent
    return found


def _cpu_elsewhere(code: str, arguments: Sequence[object]) -> tuple[float, bool]:
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    out = run([sys.executable, "-c", code, *arguments], environment={"PYTHONPATH": path}, cwd=ROOT).out
    spent, used = out.split()
    return float(spent), used == "1"


def linear(context: Context) -> Part:
    """Return the cost per creator from a thousand on: with comments as far as it goes in minutes, else text-free."""
    part = Part(
        "Cost per creator as their number grows (predict.py to Parquet, one worker, parts of 5,000, start taken off)"
    )
    for comments, numbers in ((True, (1_000, 10_000, 100_000)), (False, (1_000, 10_000, 100_000, 1_000_000))):
        first: float | None = None
        for number in numbers:
            if number > context.most(comments):
                part.notes.append(f"{number:,} creators {'with' if comments else 'without'} comments: left out.")
                continue
            spent = _predicted(context, number, comments, workers=1).cpu / number * 1e3
            # Starting the process and loading the model is not a cost of a creator.
            spent -= _start(context) / number * 1e3
            first = first or spent
            what = f"{number:,} creators {'with' if comments else 'without'} comments"
            part.rows.append(
                Row(
                    what,
                    f"{spent:.3f} CPU ms a creator",
                    f"{first:.3f} at 1,000",
                    f"{spent / first:.2f}x",
                    "<= 1.2x",
                    1,
                )
            )
    return part


_STARTS: list[float] = []


def _start(context: Context) -> float:
    """Return the CPU seconds of ``predict.py`` on ten creators: what is not a cost of a creator."""
    if not _STARTS:
        _STARTS.append(median([_predicted(context, 10, False, workers=1).cpu for _ in range(3)]))
    return _STARTS[0]


_RUNS: dict[tuple[int, bool, int, str, str], Run] = {}


def _predicted(
    context: Context, number: int, comments: bool, *, workers: int, engine: str = "local", explain: str = "flagged"
) -> Run:
    """Run ``predict.py`` in a process of its own, in shards, to a Parquet file; the same run is made once."""
    key = (number, comments, workers, engine, explain)
    if key not in _RUNS or number <= 10:
        out, left = context.work / "scores.parquet", context.work / "scores.parquet.work"
        command = [
            sys.executable, ROOT / "predict.py", make(context.work, number, comments=comments), "--model", small_model(context),
            "--out", out, "--overwrite", "--workers", workers, "--work-dir", left, "--engine", engine,
            "--explain", explain, "--quiet",
        ]  # fmt: skip
        _RUNS[key] = run(command, environment={"OMP_WAIT_POLICY": "passive"})
    return _RUNS[key]


def explaining(context: Context) -> Part:
    """Return what reasons cost in a batch: for none, for the flagged, for all."""
    number = 1_000 if context.quick else 5_000
    part = Part(
        f"Reasons in a batch ({number:,} creators with comments, predict.py to Parquet, one worker, start taken off)"
    )
    spent = {
        explain: _predicted(context, number, True, workers=1, explain=explain).cpu - _start(context)
        for explain in ("none", "flagged", "all")
    }
    for explain, seconds in spent.items():
        value, against = (
            f"{seconds / number * 1e3:.3f} CPU ms a creator",
            f"{spent['none'] / number * 1e3:.3f} with none",
        )
        part.rows.append(Row(f"--explain {explain}", value, against, f"{seconds / spent['none']:.2f}x", "", 1))
    return part


def memory(context: Context) -> Part:
    """Return the most memory of ``predict.py`` when ten times as many creators stream through it."""
    part = Part("Most memory while streaming (predict.py on sorted Parquet, text-free, one worker, parts of 5,000)")
    few, many = (1_000, 10_000) if context.quick else (100_000, 1_000_000)
    if many > max(context.largest, 10_000):
        part.notes.append(f"{many:,} creators: left out (--largest {context.largest}); {context.largest:,} instead.")
        few, many = context.largest // 10, context.largest
    a, b = (_predicted(context, number, False, workers=1) for number in (few, many))
    part.rows.append(
        Row(f"{many:,} creators", f"{b.memory:,.0f} MiB", f"{a.memory:,.0f} MiB with {few:,}", f"{b.memory / a.memory:.2f}x", "<= 1.2x, < 1,024 MiB", 1)
    )  # fmt: skip
    return part


def workers(context: Context) -> Part:
    """Return how much two workers save in wall time; on a busy machine this says little."""
    number = 5_000 if context.quick else max(min(100_000, context.largest), 5_000)
    part = Part(f"Two workers against one ({number:,} creators; wall seconds of the whole command)")
    for comments in (False, True):
        if number > context.most(comments):
            part.notes.append(f"{number:,} creators with comments: left out (--largest-with-comments).")
            continue
        serial = _predicted(context, number, comments, workers=1)
        predicted = partial(_predicted, context, number, comments, workers=2)
        engines: dict[str, Callable[[], Run]] = {"joblib": predicted}
        if find_spec("distributed") is not None:
            engines["Dask"] = partial(predicted, engine="dask")
        for name, work in engines.items():
            found = work()
            what = f"two workers, {name}, {'with' if comments else 'without'} comments"
            aim = ">= 1.75x" if name == "joblib" else ">= 1.85x"
            part.rows.append(
                Row(what, f"{found.wall:.1f} s wall, {found.cpu:.1f} CPU-s", f"{serial.wall:.1f} s wall, {serial.cpu:.1f} CPU-s", f"{serial.wall / found.wall:.2f}x", aim, 1)
            )  # fmt: skip
    part.notes.append(
        "What a run costs once and each worker once (last line of the profiles) bounds the ratio; it nears two with more creators."
    )
    part.notes.append("The wall times speak of two idle cores only; the CPU seconds say what the second worker costs.")
    return part
