"""``realreach datasets``: the public data sets that can be read, and their conversion to tables."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare ``realreach datasets`` (list) and ``realreach datasets convert``."""
    parser.description = "List the public data sets that realreach can read, or convert a local copy of one to tables."
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    actions.add_parser("list", help="names, licences and where to get them (the default)")
    convert = actions.add_parser(
        "convert",
        help="turn a local copy into a folder that train and predict read",
        epilog="Example: realreach datasets convert growth_starscout_monthly --from copy/ --out tables/ --min-months 6",
    )
    convert.add_argument("name", metavar="NAME", help="name of the set, as listed by `realreach datasets`")
    convert.add_argument("--from", dest="source", type=Path, required=True, metavar="DIR", help="folder of the copy")
    convert.add_argument("--out", type=Path, required=True, metavar="DIR", help="new or empty folder for the tables")
    convert.add_argument("--format", choices=("csv", "parquet"), default="csv", help="default: %(default)s")
    convert.add_argument(
        "--min-months", type=int, metavar="N", help="only creators with so many months of history (where offered)"
    )
    convert.add_argument("--include", metavar="WHAT", help="rows that are left out by default (where offered)")


def run(args: argparse.Namespace) -> int:
    """List the sets to standard output, or convert one; return the exit code."""
    return _convert(args) if args.action == "convert" else _list()


def _list() -> int:
    from realreach.datasets import ACCOUNT_SETS, ADAPTERS

    for adapter in (*ADAPTERS.values(), *ACCOUNT_SETS.values()):
        print(adapter.name)
        print(f"  {adapter.title}")
        print(f"  tables:  {', '.join(adapter.tables)}{' (labelled)' if adapter.labelled else ''}")
        print(f"  files:   {', '.join(adapter.files)}")
        print(f"  source:  {adapter.source}")
        print(f"  licence: {adapter.licence}")
        print(f"  get it:  {adapter.obtain}")
        for option, meaning in adapter.options.items():
            print(f"  --{option.replace('_', '-')}: {meaning}")
        print(f"  note:    {adapter.notes}\n")
    return 0


def _convert(args: argparse.Namespace) -> int:
    from realreach.datasets import find_adapter, load_dataset, snapshot_day, write_frames

    adapter = find_adapter(args.name)
    frames = load_dataset(args.name, args.source, min_months=args.min_months, include=args.include)
    written = write_frames(frames, args.out, adapter, file_format=args.format)
    for path, frame in zip(written, frames.values(), strict=False):
        print(f"{path.name}: {len(frame):,} rows", file=sys.stderr)
    day = snapshot_day(args.name, frames)
    if day is not None:
        print(f"All counts were taken at one time: use `--as-of {day}` to score them.", file=sys.stderr)
    print(args.out)
    return 0
