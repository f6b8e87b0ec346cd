"""Write the feature table of some creators, or list what every feature means.

examples:
  realreach features data/sample --out features.parquet
  realreach features --list
"""

from __future__ import annotations

import argparse
from pathlib import Path

from realreach.commands.common import Console, add_input_arguments, add_output_arguments, parse_day, read_input
from realreach.errors import UsageError

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    add_input_arguments(parser, positional=True)
    for action in parser._actions:
        if action.dest == "input":
            action.nargs = "?"
            action.required = False
    parser.add_argument("--out", type=Path, help="CSV or Parquet file, by its suffix (default: CSV on standard output)")
    parser.add_argument("--overwrite", action="store_true", help="replace --out if it is there")
    parser.add_argument("--list", action="store_true", help="print name, unit, meaning and source of every feature")
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    if arguments.list:
        from realreach.features import catalogue

        for f in catalogue():
            print("\t".join((f.model_name, f.unit, f.sentence, f"missing: {f.missing}", f.source)))
        return 0
    if arguments.input is None:
        raise UsageError("name a folder of tables, or say --list")
    import sys

    from realreach.features import build_features
    from realreach.files import atomic_file, check_writable

    console = Console(arguments)
    if arguments.out is not None:
        if arguments.out.suffix not in (".csv", ".parquet"):
            raise UsageError(f"--out {arguments.out.name}: the name must end in .csv or .parquet")
        check_writable(arguments.out, overwrite=arguments.overwrite)
    result = read_input(arguments, console, arguments.input)
    frame = build_features(result.tables, parse_day(arguments.as_of))
    if arguments.out is None:
        frame.to_csv(sys.stdout)
        return 0
    with atomic_file(arguments.out, overwrite=arguments.overwrite) as path:
        if arguments.out.suffix == ".parquet":
            frame.to_parquet(path)
        else:
            frame.to_csv(path)
    console.say(f"{len(frame):,} creators x {frame.shape[1]} features: {arguments.out}")
    return 0
