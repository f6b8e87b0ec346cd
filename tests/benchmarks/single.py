"""Small things that are done often: the comment model, one creator, the start of the command line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tests.benchmarks.core_only import core_python
from tests.benchmarks.data import make
from tests.benchmarks.engine import with_and_without_numba
from tests.benchmarks.measure import ROOT, Context, Part, Row, cpu_of, median, of_pairs, rounds, run
from tests.benchmarks.world import small_model

from realreach.tables import read_tables

_COMMENTS = """
import json, sys
from pathlib import Path
from tests.benchmarks.single import both_comment_models
print(json.dumps(both_comment_models(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
"""


def both_comment_models(folder: Path, number: int, times: int) -> dict[str, list[float]]:
    """Return the CPU seconds of our comment model and of the usual one for the same comments, in turn, so many times."""
    import pyarrow as pa
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import SGDClassifier

    from realreach.comment_text.model import default_comment_model

    text = _texts(folder, number)
    array, model = pa.array(text, pa.large_string()), default_comment_model()
    hashing = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 4))
    linear = SGDClassifier(loss="log_loss").fit(hashing.transform(text[:2_000]), np.arange(2_000) % 2)
    works: dict[str, Callable[[], object]] = {
        "own": lambda: model.sold_of(array),
        "other": lambda: linear.decision_function(hashing.transform(text)),
    }
    for work in works.values():
        work()
    return rounds({name: partial(cpu_of, work) for name, work in works.items()}, times)


def _texts(folder: Path, number: int) -> list[str]:
    comments = read_tables(folder).tables.comments
    return [] if comments is None else comments.strings("text").to_pylist()[:number]


def comment_model(context: Context) -> Part:
    """Return comments a second of the comment model, beside hashed n-grams and a linear model of scikit-learn."""
    number = 10_000 if context.quick else 50_000
    folder = make(context.work, 1_000, comments=True)
    text = _texts(folder, number)
    part = Part(
        f"Comment model ({len(text):,} comments of {np.mean([len(t) for t in text]):.0f} characters, normalising included)"
    )
    found = with_and_without_numba(_COMMENTS, [folder, len(text), context.repeats])
    for kind, spent in found.items():
        own, other = (len(text) / median(spent[name]) for name in ("own", "other"))
        value, aim = f"{own:,.0f} comments a second", ">= 20x" if kind == "numba" else ">= 1x"
        against = f"{other:,.0f} (HashingVectorizer char_wb 3-4, linear model)"
        ratio = f"{of_pairs(spent['other'], spent['own']):.1f}x"
        part.rows.append(Row(f"comment model, {kind}", value, against, ratio, aim, context.repeats))
    return part


def one_creator(context: Context) -> Part:
    """Return the time of one creator, as a record, warm, beside the bare booster on one row; each kind in a process of its own."""
    part = Part(
        "One creator in a process of its own, warm, all pillars, heads included (180 days, 30 posts, 100 comments)"
    )
    aims = {"plain": {"without": 2.0, "with": 3.0}, "fast": {"without": 0.3, "with": 0.8}}
    for kind in ("plain", "fast"):
        found = _one(context, kind)
        if found is None:
            part.notes.append("With the extra fast: left out, numba is not installed.")
            continue
        bare = found["bare"]["p50"]
        for which, aim in (*aims[kind].items(), ("with, as a table", None)):
            p50, p99, cpu_p50 = (found[which][name] for name in ("p50", "p99", "cpu"))
            words = "with reasons, as a table" if aim is None else f"{which} reasons"
            what, runs = f"one creator, {kind}, {words}", int(found[which]["runs"])
            value = f"p50 {p50:.2f} ms, p99 {p99:.2f} ms (CPU p50 {cpu_p50:.2f} ms)"
            if aim is None:
                part.notes.append(f"{what}, that is as predict.py --explain all writes it: {value}.")
                continue
            part.rows += [
                Row(what, value, f"{bare:.3f} ms (bare Booster.predict, one row)", f"{p50 / bare:,.0f}x", f"p50 <= {aim:g} ms", runs),
                Row(f"{what}: p99 against p50", f"{p99:.2f} ms", f"{p50:.2f} ms", f"{p99 / p50:.1f}x", "<= 3x", runs),
            ]  # fmt: skip
        checks, features = (found[step]["p50"] for step in ("checks", "features"))
        part.notes.append(
            f"One creator, {kind}: checking the thousand values of the record alone takes p50 {checks:.2f} ms, the features {features:.2f} ms "
            f"(both with pyarrow's tables around them); Python and C functions called for one score: {found['calls']:,}."
        )
    part.notes.append("With reasons: the record's answer with all its reasons, from ExplainingScorer.score.")
    return part


def _one(context: Context, kind: str) -> dict[str, Any] | None:
    runs = 50 if context.quick else 300
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.one_creator",
        small_model(context),
        make(context.work, 10, comments=True),
        runs,
    ]
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    command += ["fast"] if kind == "fast" else []
    found: dict[str, Any] = json.loads(run(command, environment={"PYTHONPATH": path}, cwd=ROOT).out)
    return found if found["fast"] == (kind == "fast") else None


def start(context: Context) -> Part:
    """Return what it costs to start ``predict.py`` up to its first score, beside a process that only loads the booster."""
    part = Part("Start of predict.py to the scores of ten creators")
    part.rows.append(_started(context, Path(sys.executable), "start of predict.py, all extras installed", "<= 1.3x"))
    core = core_python(context.work)
    if core is None:
        part.notes.append("Core-only environment: left out, no package index answered.")
    else:
        part.rows.append(_started(context, core, "start of predict.py, core-only environment", "<= 1.3x, <= 0.8 s"))
    return part


def _started(context: Context, python: Path, what: str, aim: str) -> Row:
    model, folder = small_model(context), make(context.work, 10, comments=True)
    code = f"import lightgbm as lgb, numpy as np; b = lgb.Booster(model_file={str(model / 'model.txt')!r}); b.predict(np.zeros((1, b.num_feature())), num_threads=1)"
    # As an installer does it: compiling the package to bytecode is no cost of a start.
    run([python, "-m", "compileall", "-q", ROOT / "src"])
    bare, own = [], []
    run([python, ROOT / "predict.py", folder, "--model", model, "--quiet"])  # the files are in the page cache after it
    for _ in range(context.repeats):
        bare.append(run([python, "-c", code]))
        own.append(run([python, ROOT / "predict.py", folder, "--model", model, "--quiet"]))
    a, b = median([r.cpu for r in own]), median([r.cpu for r in bare])
    value = f"{a:.2f} CPU-s, {median([r.wall for r in own]):.2f} s wall"
    return Row(
        what, value, f"{b:.2f} CPU-s (lgb.Booster and one row, same environment)", f"{a / b:.2f}x", aim, context.repeats
    )
