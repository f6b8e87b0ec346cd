"""``realreach false-alarms``: how often a model flags real creators of the public sets."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of ``realreach false-alarms``."""
    parser.description = (
        "Score the public sets of real creators with a model and print the share flagged per set, platform and number "
        "of followers, the share declined under a policy, and two plain rules. Most of these creators are "
        "honest, but nobody has labelled them: the "
        "share flagged bounds the false alarms from above."
    )
    parser.add_argument("--model", type=Path, required=True, metavar="DIR", help="model folder")
    parser.add_argument(
        "--datasets", type=Path, required=True, metavar="DIR", help="folder with one folder per set, named like the set"
    )
    parser.add_argument("--only", action="append", metavar="NAME", help="only this set; may be given several times")
    parser.add_argument("--policy", metavar="FILE", help="policy to count actions of (default: that of realreach)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the lines as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the table as Markdown to standard output, progress to standard error; return the exit code."""
    from realreach.commands.policy import policy_named
    from realreach.errors import OutputError
    from realreach.false_alarms import markdown_table, rows_to_json, run_bench
    from realreach.scores import Scorer

    def say(message: str) -> None:
        print(message, file=sys.stderr, flush=True)

    policy = policy_named(args.policy)
    scorer = Scorer.load(args.model)
    rows = run_bench(scorer, args.datasets, args.only, say, policy=policy)
    print(markdown_table(rows))
    if args.json is not None:
        try:
            args.json.write_text(rows_to_json(rows), encoding="utf-8")
        except OSError as err:
            raise OutputError(f"`{args.json.name}` cannot be written ({err.strerror or type(err).__name__}).") from err
    return 0
