"""The whole way in one command, on simulated creators: make data, train a tracked model, score a shortlist, show the
result.

examples:
  realreach demo --out demo
"""

from __future__ import annotations

import argparse
from pathlib import Path
from time import monotonic

from realreach.commands.common import Console, add_output_arguments

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument("--out", type=Path, default=Path("demo"), help="folder for everything the demo makes")
    parser.add_argument("--creators", type=int, default=6000, help="simulated creators to train on")
    parser.add_argument("--workers", type=int, default=2, help="processes of the simulator")
    parser.add_argument("--seed", type=int, default=7, help="seed of the simulated world")
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    import shutil

    from realreach.cli import run_command

    console = Console(arguments)
    out: Path = arguments.out
    store = f"sqlite:///{out / 'mlflow.db'}"
    world, model, scores = out / "creators", out / "model", out / "scores.csv"
    shortlist = _shortlist()
    if out.is_dir() and (out / "README.txt").is_file():
        # Our own earlier demo, nothing of the user's.
        shutil.rmtree(out)
    out.mkdir(parents=True)
    (out / "README.txt").write_text("Made by `make demo`; the next demo replaces this folder.\n", encoding="utf-8")
    steps = (
        (
            "simulate",
            [
                "--creators",
                str(arguments.creators),
                "--seed",
                str(arguments.seed),
                "--out",
                str(world),
                "--workers",
                str(arguments.workers),
            ],
        ),
        (
            "train",
            [
                "--data",
                str(world),
                "--out",
                str(model),
                "--data-name",
                f"simulated, seed {arguments.seed}",
                "--tracking-uri",
                store,
                "--experiment",
                "demo",
                "--threads",
                "2",
            ],
        ),
        ("predict", [str(shortlist), "--model", str(model), "--out", str(scores)]),
    )
    for name, flags in steps:
        console.say(f"\n$ realreach {name} {' '.join(flags)}")
        start = monotonic()
        code = run_command(name, flags, prog=f"realreach {name}")
        if code:
            return code
        console.say(f"({monotonic() - start:.0f} s)")
    print("\n" + _shown(scores))
    print(_where(out, store, shortlist))
    return 0


def _shortlist() -> Path:
    """Return the folder of the sample that comes with the repository."""
    from realreach.errors import InputError

    for root in (Path(), Path(__file__).resolve().parents[3]):
        if (root / "data" / "sample" / "creators.csv").is_file():
            return root / "data" / "sample"
    raise InputError("data/sample is not here: run the demo in a checkout of the repository")


def _shown(scores: Path) -> str:
    """Return the most and the least suspicious creators as text."""
    import pandas as pd

    columns = [
        "creator_id",
        "platform",
        "status",
        "authenticity",
        "flagged",
        "growth_authenticity",
        "engagement_authenticity",
        "comments_authenticity",
        "coverage",
    ]
    frame = pd.read_csv(scores, dtype={"creator_id": str})[columns]
    frame = frame.sort_values("authenticity", na_position="last")
    for name in [c for c in columns if c.endswith("authenticity")]:
        frame[name] = frame[name].round(1)
    scored = frame[frame["status"] == "scored"]
    other = frame[frame["status"] != "scored"]
    shown = pd.concat([scored.head(8), scored.tail(4), other.head(2)])
    shown = shown.rename(columns=lambda c: c.replace("_authenticity", ""))
    return (
        f"{len(frame)} simulated creators scored; the 8 least and 4 most authentic (0-100, high = authentic):\n"
        + shown.to_string(index=False, na_rep="-")
    )


def _where(out: Path, store: str, shortlist: Path) -> str:
    return f"""
where everything lies
  input tables (CSV, yours look like this)   {shortlist}
  simulated creators trained on              {out / "creators"}
  model (plain text, with its card)          {out / "model"}  (read {out / "model" / "card.md"})
  scores                                     {out / "scores.csv"}
  MLflow: .venv/bin/mlflow ui --backend-store-uri {store}

next: python predict.py YOUR_FOLDER --out scores.csv      (models/default is used unless you name a --model)"""
