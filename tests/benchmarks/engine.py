"""The engine: against reading the same Parquet, with more and more creators, in memory, on two workers."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tests.benchmarks.data import make
from tests.benchmarks.measure import ROOT, Context, Part, Row, Run, cpu_of, median, of_pairs, rounds, run
from tests.benchmarks.world import small_model

from realreach.features import feature_names
from realreach.scores import Scorer
from realreach.tables import read_tables

_ENGINE = """
import json, sys
from pathlib import Path
from tests.benchmarks.engine import alternately
print(json.dumps(alternately(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))))
"""
_WITHOUT_NUMBA = "import sys\nsys.modules['numba'] = None\n"
_PREDICT = "import sys; from realreach.cli import run_command; sys.exit(run_command('predict', prog='predict.py'))"


def read_only(folder: Path) -> None:
    """Read the Parquet of a folder with one thread, all columns."""
    for path in sorted(folder.rglob("*.parquet")):
        pq.read_table(path, use_threads=False)


def read_and_score(folder: Path, model: Path) -> None:
    """Read, check, compute all features and score, without reasons: what ``predict.py`` does before it writes."""
    Scorer.load(model).score_result(read_tables(folder), None)


def alternately(folder: Path, model: Path, times: int) -> dict[str, list[float]]:
    """Return the CPU seconds of reading, of reading and checking, and of all, in turn, so many times of each."""
    pa.set_cpu_count(1)
    works = {
        "read": partial(read_only, folder),
        "checked": partial(read_tables, folder),
        "scored": partial(read_and_score, folder, model),
    }
    for work in works.values():
        work()
    return rounds({name: partial(cpu_of, work) for name, work in works.items()}, times)


def against_reading(context: Context) -> Part:
    """Return the CPU time of the whole engine as a multiple of reading the same Parquet."""
    pa.set_cpu_count(1)
    part = Part(
        f"Whole engine ({len(feature_names())} catalogue columns, comment model, score) against reading its Parquet with pyarrow"
    )
    for number in (1_000,) if context.quick else (10_000, 100_000):
        for comments in (True, False):
            if number > context.most(comments):
                part.notes.append(f"{_what(number, comments)}: left out (--largest, --largest-with-comments).")
                continue
            measured = _predict_rows if number > 10_000 else _memory_rows
            part.rows += measured(context, number, comments)
    part.notes.append(
        "Up to 10,000 creators: read_tables and Scorer in a process of ours, start and writing not counted. 100,000: the whole of predict.py "
        "in shards to Parquet; start, reasons of the flagged and writing count."
    )
    return part


def _memory_rows(context: Context, number: int, comments: bool) -> list[Row]:
    """Return rows of all tables in memory: measured and baseline in turn, in one process for each kind."""
    folder, model = make(context.work, number, comments=comments), small_model(context)
    rows = []
    for kind, found in with_and_without_numba(_ENGINE, [folder, model, context.repeats]).items():
        told = {"scored": f"{_what(number, comments)}, {kind}"}
        if not rows:
            told = {"checked": f"{_what(number, comments)}, read and check only", **told}
        for name, what in told.items():
            aim = "" if name == "checked" else _aim(comments, kind)
            rows.append(_against(what, number, found[name], found["read"], aim))
    return rows


def _predict_rows(context: Context, number: int, comments: bool) -> list[Row]:
    """Return rows of the whole of ``predict.py``, each run beside one of reading."""
    folder = make(context.work, number, comments=comments)
    works: dict[str, Callable[[], float]] = {"read": partial(cpu_of, partial(read_only, folder))}
    for kind in _kinds(""):
        works[kind] = partial(_cpu_of_predict, context, number, comments, kind)
    found = rounds(works, context.repeats)
    return [
        _against(
            f"{_what(number, comments)}, predict.py, {kind}", number, found[kind], found["read"], _aim(comments, kind)
        )
        for kind in works
        if kind != "read"
    ]


def _cpu_of_predict(context: Context, number: int, comments: bool, kind: str) -> float:
    return _predict(context, number, comments, "1 local flagged" + (" plain" if kind == "NumPy" else "")).cpu


def _aim(comments: bool, kind: str) -> str:
    return "<= 3x" if not comments else "<= 12x" if kind == "numba" else "<= 40x"


def _what(number: int, comments: bool) -> str:
    return f"{number:,} creators {'with' if comments else 'without'} comments"


def _against(what: str, number: int, measured: Sequence[float], floor: Sequence[float], aim: str) -> Row:
    spent = median(measured)
    speed = f" ({number / spent:,.0f} creators a second)" if aim else ""
    ratio = f"{of_pairs(measured, floor):.1f}x"
    return Row(what, f"{spent:.2f} CPU-s{speed}", f"{median(floor):.3f} CPU-s", ratio, aim, len(measured))


def _kinds(code: str) -> dict[str, str]:
    """Return a piece of Python by kind: with numba out of its reach, and within it where it is installed."""
    kinds = {"NumPy": _WITHOUT_NUMBA + code}
    return kinds if find_spec("numba") is None else {**kinds, "numba": code}


def _elsewhere(code: str, arguments: Sequence[object]) -> Run:
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    return run([sys.executable, "-c", code, *arguments], environment={"PYTHONPATH": path}, cwd=ROOT)


def with_and_without_numba(code: str, arguments: Sequence[object]) -> dict[str, dict[str, list[float]]]:
    """Return the measurements that a piece of Python prints as JSON, by kind: with numba out of its reach, and within it.

    Each kind has a process of its own; the second is left out where numba is not installed.
    """
    return {kind: json.loads(_elsewhere(whole, arguments).out) for kind, whole in _kinds(code).items()}


def linear(context: Context) -> Part:
    """Return the cost per creator from a thousand on: with comments as far as it goes in minutes, else text-free."""
    part = Part(
        "Cost per creator as their number grows (predict.py to Parquet, one worker, parts of 5,000, start taken off)"
    )
    start = median([found.cpu for found in _runs(context, [(10, False, _SERIAL)])[0]])
    for comments, numbers in ((True, (1_000, 10_000, 100_000)), (False, (1_000, 10_000, 100_000, 1_000_000))):
        measured = [number for number in numbers if number <= context.most(comments)]
        part.notes += [f"{_what(number, comments)}: left out." for number in numbers if number not in measured]
        all_runs = _runs(context, [(number, comments, _SERIAL) for number in measured])
        # Starting the process and loading the model is not a cost of a creator.
        each = [
            [(found.cpu - start) / number * 1e3 for found in runs]
            for number, runs in zip(measured, all_runs, strict=True)
        ]
        for number, spent in zip(measured, each, strict=True):
            value, against = f"{median(spent):.3f} CPU ms a creator", f"{median(each[0]):.3f} at {measured[0]:,}"
            ratio = f"{of_pairs(spent, each[0]):.2f}x"
            part.rows.append(Row(_what(number, comments), value, against, ratio, "<= 1.2x", len(spent)))
    return part


_SERIAL = "1 local flagged"
_RUNS: dict[tuple[int, bool, str], list[Run]] = {}


def _runs(context: Context, wanted: Sequence[tuple[int, bool, str]]) -> list[list[Run]]:
    """Return runs of ``predict.py``, made in turn; what another section has measured is not measured again."""
    for round_ in range(context.repeats):
        for key in wanted:
            found = _RUNS.setdefault(key, [])
            if len(found) <= round_:
                found.append(_predict(context, *key))
    return [_RUNS[key] for key in wanted]


def _predict(context: Context, number: int, comments: bool, how: str) -> Run:
    """Run ``predict.py`` in a process of its own, in shards, to a Parquet file.

    ``how`` names the workers, the engine and whose reasons are told, and says ``plain`` where numba is out of reach.
    """
    return run(predict_command(context, number, comments, how), environment=WORKERS)


WORKERS = {"OMP_WAIT_POLICY": "passive"}


def predict_command(context: Context, number: int, comments: bool, how: str) -> list[object]:
    """Return the command of :func:`_predict`; its work folder stands beside the scores."""
    workers, engine, explain, *plain = how.split()
    out, left = context.work / "scores.parquet", context.work / "scores.parquet.work"
    program = [sys.executable, "-c", _WITHOUT_NUMBA + _PREDICT] if plain else [sys.executable, ROOT / "predict.py"]
    return [
        *program, make(context.work, number, comments=comments), "--model", small_model(context),
        "--out", out, "--overwrite", "--workers", workers, "--work-dir", left, "--engine", engine,
        "--explain", explain, "--quiet",
    ]  # fmt: skip


def explaining(context: Context) -> Part:
    """Return what reasons cost in a batch: for none, for the flagged, for all."""
    number = 1_000 if context.quick else 5_000
    part = Part(
        f"Reasons in a batch ({number:,} creators with comments, predict.py to Parquet, one worker, start taken off)"
    )
    start = median([found.cpu for found in _runs(context, [(10, False, _SERIAL)])[0]])
    kinds = ("none", "flagged", "all")
    all_runs = _runs(context, [(number, True, f"1 local {explain}") for explain in kinds])
    each = [[(found.cpu - start) / number * 1e3 for found in runs] for runs in all_runs]
    for explain, spent in zip(kinds, each, strict=True):
        value, against = f"{median(spent):.3f} CPU ms a creator", f"{median(each[0]):.3f} with none"
        ratio = f"{of_pairs(spent, each[0]):.2f}x"
        part.rows.append(Row(f"--explain {explain}", value, against, ratio, "", len(spent)))
    return part


def memory(context: Context) -> Part:
    """Return the most memory of ``predict.py`` when ten times as many creators stream through it."""
    part = Part("Most memory while streaming (predict.py on sorted Parquet, text-free, one worker, parts of 5,000)")
    few, many = (1_000, 10_000) if context.quick else (100_000, 1_000_000)
    if many > max(context.largest, 10_000):
        part.notes.append(f"{many:,} creators: left out (--largest {context.largest}); {context.largest:,} instead.")
        few, many = context.largest // 10, context.largest
    a, b = (
        [found.memory for found in runs] for runs in _runs(context, [(few, False, _SERIAL), (many, False, _SERIAL)])
    )
    part.rows.append(
        Row(f"{many:,} creators", f"{median(b):,.0f} MiB", f"{median(a):,.0f} MiB with {few:,}", f"{of_pairs(b, a):.2f}x", "<= 1.2x, < 1,024 MiB", len(b))
    )  # fmt: skip
    return part


def workers(context: Context) -> Part:
    """Return how much two workers save in wall time; on a busy machine this says little."""
    number = 5_000 if context.quick else max(min(100_000, context.largest), 5_000)
    part = Part(f"Two workers against one ({number:,} creators; wall seconds of the whole command)")
    engines = {"local": ">= 1.75x"} | ({"dask": ">= 1.85x"} if find_spec("distributed") is not None else {})
    for comments in (False, True):
        if number > context.most(comments):
            part.notes.append(f"{_what(number, comments)}: left out (--largest-with-comments).")
            continue
        hows = [_SERIAL, *(f"2 {engine} flagged" for engine in engines)]
        serial, *others = _runs(context, [(number, comments, how) for how in hows])
        for (engine, aim), found in zip(engines.items(), others, strict=True):
            what = f"two workers, {engine}, {'with' if comments else 'without'} comments"
            ratio = f"{of_pairs([one.wall for one in serial], [two.wall for two in found]):.2f}x"
            part.rows.append(Row(what, _spent(found), _spent(serial), ratio, aim, len(found)))
    part.notes.append(
        "On Linux workers are forked from a process that is ready, for Dask too; elsewhere they are joblib's, or Dask's with nannies. What a "
        "run costs once (last lines of the profiles) bounds the ratio; it nears two with more creators."
    )
    part.notes.append("The wall times speak of two idle cores only; the CPU seconds say what the second worker costs.")
    return part


def _spent(runs: Sequence[Run]) -> str:
    wall, cpu = median([one.wall for one in runs]), median([one.cpu for one in runs])
    return f"{wall:.1f} s wall, {cpu:.1f} CPU-s"
