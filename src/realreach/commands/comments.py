"""Judge the comment sections of creators: languages, likeness, the comment model, bursts. Ids and numbers, no texts.

examples:
  realreach comments data/sample
  realreach comments shortlist/ --out comments.parquet
  realreach comments shortlist/ --shared --show-text
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from realreach.commands.common import (
    Console,
    add_input_arguments,
    add_output_arguments,
    neutral,
    parse_day,
    read_input,
)
from realreach.errors import InputError, UsageError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["add_arguments", "run"]

_SUFFIXES = (".csv", ".jsonl", ".parquet")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    add_input_arguments(parser, positional=True)
    parser.add_argument("--format", choices=("csv", "jsonl"), default="csv", help="of the table on standard output")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="also write one row per comment, without its text: kind, probability, "
        "probability in the order that the section itself suggests, cluster; .csv, .jsonl or .parquet",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace --out if it is there")
    parser.add_argument(
        "--shared", action="store_true", help="print templates that creators share, not a table of creators"
    )
    parser.add_argument(
        "--min-creators", type=int, default=3, help="creators that must share a template to have it listed"
    )
    parser.add_argument(
        "--min-sold", type=float, default=0.5, help="mean probability (0-1) that a shared template must reach"
    )
    parser.add_argument("--show-text", action="store_true", help="with --shared: show one comment of each template")
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the table to standard output; returns the exit code."""
    from realreach.features.comments.report import comment_rows, section_rows, shared_rows
    from realreach.files import check_writable

    console = Console(arguments)
    as_of = parse_day(arguments.as_of)
    _check(arguments)
    if arguments.out is not None:
        check_writable(arguments.out, overwrite=arguments.overwrite)
    tables = read_input(arguments, console, arguments.input).tables
    if tables.comments is None:
        raise InputError("the input holds no comments table. Add comments.csv (creator_id, comment_id, text).")
    if arguments.shared:
        text = arguments.show_text
        frame = shared_rows(
            tables, as_of, creators=arguments.min_creators, least_sold=arguments.min_sold, show_text=text
        )
        console.say(f"{len(frame):,} templates are shared by {arguments.min_creators} creators or more")
    else:
        frame = section_rows(tables, as_of)
    _print(frame, arguments.format)
    if arguments.out is not None:
        rows = comment_rows(tables, as_of, creators=arguments.min_creators, least_sold=arguments.min_sold)
        _write(rows, arguments)
        console.say(f"{len(rows):,} comments: {arguments.out}")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Refuse flags that cannot be meant.

    Raises
    ------
    UsageError
        For a wrong suffix, a share outside of 0-1, fewer than two creators, or texts asked for without ``--shared``.
    """
    if arguments.out is not None and arguments.out.suffix not in _SUFFIXES:
        raise UsageError(f"--out {arguments.out.name}: the name must end in {', '.join(_SUFFIXES)}")
    if arguments.show_text and not arguments.shared:
        raise UsageError("--show-text shows a comment of each shared template: say --shared too")
    if arguments.min_creators < 2:
        raise UsageError(f"--min-creators must be 2 or more, got {arguments.min_creators}")
    if not 0.0 <= arguments.min_sold <= 1.0:
        raise UsageError(f"--min-sold is a probability between 0 and 1, got {arguments.min_sold:g}")


def _print(frame: pd.DataFrame, kind: str) -> None:
    sys.stdout.write(_csv(frame) if kind == "csv" else frame.to_json(orient="records", lines=True, force_ascii=False))


def _csv(frame: pd.DataFrame) -> str:
    text = [
        str(n) for n in frame if frame[n].dtype.kind == "O" or str(frame[n].dtype).startswith(("str", "large_string"))
    ]
    return neutral(frame, text)[0].to_csv(index=False, lineterminator="\n")


def _write(frame: pd.DataFrame, arguments: argparse.Namespace) -> None:
    from realreach.files import atomic_file

    with atomic_file(arguments.out, overwrite=arguments.overwrite) as path:
        if arguments.out.suffix == ".parquet":
            frame.to_parquet(path, index=False)
        elif arguments.out.suffix == ".csv":
            path.write_text(_csv(frame), encoding="utf-8")
        else:
            frame.to_json(path, orient="records", lines=True, force_ascii=False)
