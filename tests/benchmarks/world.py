"""A small simulated world and a model trained on it, made once in the work folder."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.benchmarks.measure import ROOT, Context, run

_CONFIG = "bootstrap = 40\n"


def simulated(context: Context, creators: int) -> Path:
    """Return a folder with a simulated world."""
    target = context.work / f"world-{creators}"
    if not target.is_dir():
        code = "import sys; from realreach.cli import main; sys.exit(main())"
        run([sys.executable, "-c", code, "simulate", "--creators", creators, "--seed", "61", "--out", target])
    return target


def small_model(context: Context) -> Path:
    """Return a model of the default settings, trained on 1,500 simulated creators."""
    target = context.work / "model"
    if not target.is_dir():
        config = context.work / "small.toml"
        config.write_text(_CONFIG)
        run(
            [
                sys.executable, ROOT / "train.py", "--data", simulated(context, 1_500), "--config", config, "--time-split", "on",
                "--no-mlflow", "--no-cache", "--out", target,
            ]
        )  # fmt: skip
    return target
