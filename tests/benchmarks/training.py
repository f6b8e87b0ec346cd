"""``train.py``: against LightGBM's fit alone; again, with all kept and with the features alone; tracked."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.measure import ROOT, Context, Part, Row, Run, run
from tests.benchmarks.world import simulated

_FIT = """
import json, sys, time
from pathlib import Path
import lightgbm as lgb
import pyarrow.parquet as pq
from realreach.crossed_fit import CrossedFit
from realreach.model import Layout
found = next(Path(sys.argv[1]).glob("*/creators.parquet"))
table = pq.read_table(found)
names = [n for n in table.column_names if "__" in n and not n.startswith(("label ", "context__"))]
X = table.select(names).to_pandas().to_numpy()
y = table.column("label target").to_numpy()
trees = int(sys.argv[2])
parameters = CrossedFit()._parameters(Layout.of(names))
begun = time.process_time()
data = lgb.Dataset(X, label=y, params={"max_bin": parameters["max_bin"], "verbosity": -1})
lgb.train(parameters, data, num_boost_round=trees)
print(time.process_time() - begun)
"""


def training(context: Context, creators: int) -> Part:
    """Return the CPU time of runs beside that of one fit alone, each pair measured side by side; medians."""
    world, cache = simulated(context, creators), context.work / "cache"
    store = context.work / "mlflow.db"
    rates = iter(range(1, 1_000))

    def first() -> Run:
        shutil.rmtree(cache, ignore_errors=True)
        return _train(context, world, cache, "--no-mlflow")

    def changed(*flags: object) -> Run:
        # A setting of the model that no run had: nothing of the fits can be reused but the baselines.
        config = context.work / "changed.toml"
        config.write_text(f"[model]\nreg_lambda = {5 + next(rates) / 1000}\n", encoding="utf-8")
        return _train(context, world, cache, "--config", config, *(flags or ("--no-mlflow",)))

    def same() -> Run:
        return _train(context, world, cache, "--no-mlflow")

    def tracked() -> Run:
        return changed("--tracking-uri", f"sqlite:///{store}")

    store.unlink(missing_ok=True)
    made = _pairs(context, cache, first, context.repeats)
    again = _pairs(context, cache, same, context.repeats)
    refitted, noted, own = [], [], []
    for _ in range(context.repeats):
        refitted.append(changed().cpu)
        noted.append(tracked().cpu)
        own.append(_fit(context, cache))
    plain, with_mlflow, alone = (statistics.median(seconds) for seconds in (refitted, noted, own))
    trees = _trees(context)
    part = Part(
        f"train.py on {creators:,} simulated creators (held-out test, five-fold calibration, heads, baselines, intervals)"
    )
    fit = f"{{:.1f}} CPU-s (one LightGBM fit of {trees} trees, same features and parameters)"
    part.rows += [
        Row("train.py, features included", f"{made[0]:.1f} CPU-s", fit.format(made[1]), f"{made[0] / made[1]:.1f}x", "<= 3x", context.repeats),
        Row("again, same settings (features and fits kept)", f"{again[0]:.1f} CPU-s", fit.format(again[1]), f"{again[0] / again[1]:.2f}x", "<= 1.3x", context.repeats),
        Row("again, one setting of the model changed (features and baselines kept)", f"{plain:.1f} CPU-s", fit.format(alone), f"{plain / alone:.1f}x", "", context.repeats),
        Row("tracked, one setting of the model changed", f"{with_mlflow:.1f} CPU-s", f"{plain:.1f} CPU-s (--no-mlflow)", f"{with_mlflow / plain:.2f}x", "<= 1.2x", context.repeats),
    ]  # fmt: skip
    part.notes += [
        "A run fits far more than one model: five folds and the one to keep, each with copies of every creator without some "
        "pillars (2.3 rows a creator; what makes probabilities honest where a pillar lacks); nine small boosters of the heads, "
        "each three times to calibrate and once to keep; three baselines; the same on shuffled labels; intervals by bootstrap. "
        "That, not overhead, is the cost of a run that fits: the profile says how much each part takes.",
        "With the same settings nothing is fitted again: trees, heads, baselines and metrics are found by a digest of all they "
        "are made of, and the model folder is that of a run without cache, byte for byte. So that line says what it costs to "
        "find them, not that six fits cost as little as one; the line below it says what a new fit costs.",
    ]
    return part


def _pairs(context: Context, cache: Path, make: Callable[[], Run], runs: int) -> tuple[float, float]:
    """Return the medians of a run and of a fit alone right after it."""
    ours, alone = [], []
    for _ in range(runs):
        ours.append(make().cpu)
        alone.append(_fit(context, cache))
    return statistics.median(ours), statistics.median(alone)


def _trees(context: Context) -> int:
    return int(json.loads((context.work / "trained" / "metadata.json").read_text())["trees"])


def _fit(context: Context, cache: Path) -> float:
    return float(run([sys.executable, "-c", _FIT, cache, _trees(context)]).out)


def _train(context: Context, world: Path, cache: Path, *flags: object) -> Run:
    command = [
        sys.executable, ROOT / "train.py", "--data", world, "--out", context.work / "trained", "--overwrite", "--cache", cache, "--quiet",
        "--time-split", "on", *flags,
    ]  # fmt: skip
    return run(command, cwd=context.work)
