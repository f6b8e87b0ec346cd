"""``train.py``: against LightGBM's fit alone, from the cache, and tracked."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from tests.benchmarks.measure import ROOT, Context, Part, Row, Run, run
from tests.benchmarks.world import simulated

_FIT = """
import json, sys, time
from pathlib import Path
import lightgbm as lgb
import pyarrow.parquet as pq
found = next(Path(sys.argv[1]).glob("*/creators.parquet"))
table = pq.read_table(found)
names = [n for n in table.column_names if "__" in n and not n.startswith(("label ", "context__"))]
X = table.select(names).to_pandas().to_numpy()
y = table.column("label target").to_numpy()
trees = int(sys.argv[2])
begun = time.process_time()
data = lgb.Dataset(X, label=y, params={"max_bin": 127, "verbosity": -1})
lgb.train({"objective": "binary", "num_leaves": 15, "max_depth": 5, "learning_rate": 0.05, "num_threads": 1,
           "feature_fraction": 0.4, "deterministic": True, "force_col_wise": True, "verbosity": -1}, data, num_boost_round=trees)
print(time.process_time() - begun)
"""


def training(context: Context, creators: int) -> Part:
    """Return the CPU time of a run: the first, the second on the same data, with MLflow, and of one fit alone."""
    world, cache = simulated(context, creators), context.work / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    first = _train(context, world, cache, "--no-mlflow")
    again = _train(context, world, cache, "--no-mlflow")
    store = context.work / "mlflow.db"
    store.unlink(missing_ok=True)
    tracked = _train(context, world, cache, "--tracking-uri", f"sqlite:///{store}")
    facts = json.loads((context.work / "trained" / "metadata.json").read_text())
    fit = float(run([sys.executable, "-c", _FIT, cache, facts["trees"]]).out)
    part = Part(
        f"train.py on {creators:,} simulated creators (held-out test, five-fold calibration, heads, baselines, intervals)"
    )
    alone = f"{fit:.1f} CPU-s (one LightGBM fit of {facts['trees']} trees, same features)"
    part.rows += [
        Row("train.py, features included", f"{first.cpu:.1f} CPU-s", alone, f"{first.cpu / fit:.1f}x", "<= 3x", 1),
        Row("again, from the cache", f"{again.cpu:.1f} CPU-s", alone, f"{again.cpu / fit:.1f}x", "<= 1.3x", 1),
        Row("again against the first run", f"{again.cpu:.1f} CPU-s", f"{first.cpu:.1f} CPU-s", f"{again.cpu / first.cpu:.2f}x", "", 1),
        Row("tracked, from the cache", f"{tracked.cpu:.1f} CPU-s", f"{again.cpu:.1f} CPU-s (--no-mlflow)", f"{tracked.cpu / again.cpu:.2f}x", "<= 1.2x", 1),
    ]  # fmt: skip
    part.notes.append(
        "A run fits far more than one model: five folds and the one to keep, each with copies of every creator without some "
        "pillars (2.3 rows a creator; what makes probabilities honest where a pillar lacks); nine small boosters of the heads, "
        "each three times to calibrate and once to keep; three baselines; the same on shuffled labels; intervals by bootstrap. "
        "That, not overhead, is the rest: the profile says how much each part takes."
    )
    return part


def _train(context: Context, world: Path, cache: Path, *flags: object) -> Run:
    command = [
        sys.executable, ROOT / "train.py", "--data", world, "--out", context.work / "trained", "--overwrite", "--cache", cache, "--quiet",
        "--time-split", "on", *flags,
    ]  # fmt: skip
    return run(command, cwd=context.work)
