"""Train the comment model on every labelled comment set in a folder, and on generated comments.

examples:
  realreach train-comments --datasets sets/ --out my-comments
  realreach train-comments --datasets sets/ --only-licensed --out my-comments --overwrite
"""

from __future__ import annotations

import argparse
from pathlib import Path

from realreach.commands.common import Console, add_output_arguments

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of ``realreach train-comments``."""
    parser.add_argument(
        "--datasets",
        type=Path,
        metavar="DIR",
        help="folder with one folder per comment set, named like the set; without it: generated comments alone",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="model folder to write; must not exist")
    parser.add_argument("--overwrite", action="store_true", help="replace --out if it is there")
    parser.add_argument(
        "--only-licensed",
        action="store_true",
        help="only sets whose licence lets the model be passed on (so the shipped model was made)",
    )
    parser.add_argument("--seed", type=int, default=20261123, help="seed of generated comments and samples")
    parser.add_argument(
        "--alarm-rate",
        type=float,
        default=0.01,
        metavar="SHARE",
        help="share of ordinary comments that may be called sold (mean over held-out sets)",
    )
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train, print the held-out figures to standard output, write the model folder; return the exit code."""
    from realreach.datasets.comment_labels import LICENSED, read_comment_sets
    from realreach.errors import UsageError
    from realreach.files import check_writable
    from realreach.learning import comments as recipe_of
    from realreach.learning.comment_files import check_overwrite, figures_table, save_comment_model

    if not 0.0 < arguments.alarm_rate < 0.5:
        raise UsageError(f"--alarm-rate must be above 0 and below 0.5, got {arguments.alarm_rate:g}.")
    if arguments.only_licensed and arguments.datasets is None:
        raise UsageError("--only-licensed chooses among sets: name their folder with --datasets DIR.")
    console = Console(arguments)
    check_writable(arguments.out, overwrite=arguments.overwrite, parents=True)
    check_overwrite(arguments.out)
    recipe = recipe_of.Recipe(seed=arguments.seed, alarm_rate=arguments.alarm_rate)
    frames = {}
    if arguments.datasets is not None:
        frames = read_comment_sets(arguments.datasets, only_licensed=arguments.only_licensed)
        for name, frame in frames.items():
            console.say(f"{name}: {len(frame):,} comments")
    corpus = recipe_of.build_corpus(frames, recipe)
    passed_on = all(name in LICENSED for name in frames) and (arguments.only_licensed or not frames)
    facts = {
        "sets": sorted(frames),
        "notices": [LICENSED[name] for name in sorted(frames) if name in LICENSED],
        "may_be_passed_on": passed_on,
    }
    trained = recipe_of.train_comment_model(corpus, recipe, facts=facts, report=console.say)
    folder = save_comment_model(trained, arguments.out, overwrite=arguments.overwrite)
    print(figures_table(trained))
    console.say(f"written: {folder}")
    return 0
