"""Check input tables and show every problem of every file in one report, with what to do about it.

The report goes to standard output. Exit code 0 if the tables can be used, 3 if not.

examples:
  realreach validate shortlist/
  realreach validate records.jsonl --json > report.json
  realreach validate shortlist/ --strict --rejects rejects/
"""

from __future__ import annotations

import argparse

from realreach.commands.common import Console, add_input_arguments, add_output_arguments, read_input

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    add_input_arguments(parser, positional=True)
    parser.add_argument("--json", action="store_true", help="the report as JSON")
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    quiet = argparse.Namespace(**{**vars(arguments), "quiet": True})
    result = read_input(quiet, Console(quiet), arguments.input)
    print(result.report.to_json() if arguments.json else result.report.text())
    Console(arguments).say(f"{len(result.tables):,} creators passed the checks")
    return 0
