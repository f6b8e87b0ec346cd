"""Compile the kernels of the extra fast now, once after an installation or update, so that no job has to.

examples:
  realreach warm-up
  RUN pip install 'realreach[fast]' && realreach warm-up      (while an image is built)
"""

from __future__ import annotations

import argparse
from time import monotonic

from realreach.commands.common import Console, add_output_arguments

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument(
        "--model",
        help="model folder, or models:/name@alias (default: models/default if it is here)",
    )
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    from realreach.commands.predict import load_scorer
    from realreach.compiled import is_installed
    from realreach.errors import ModelError, UsageError
    from realreach.evidence.explaining import ExplainingScorer
    from realreach.warming import warm_up

    if not is_installed():
        raise UsageError("there is nothing to compile: numba is not installed. Run: pip install 'realreach[fast]'")
    console = Console(arguments)
    scorer = None
    try:
        scorer = ExplainingScorer(load_scorer(arguments.model).bundle, explain="all")
    except ModelError:
        if arguments.model is not None:
            raise
    begun = monotonic()
    warm_up(scorer)
    without = "" if scorer is not None else "; but those of a model's trees: there is no models/default here"
    console.say(f"the kernels of the extra fast are ready ({monotonic() - begun:.0f} s){without}")
    return 0
