"""Write a simulated world: creators with known truth. Or, with --check, hold such a world against real data."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from realreach.errors import UsageError

if TYPE_CHECKING:
    from realreach.simulate import SimulationSettings

__all__ = ["add_arguments", "run"]

_EXAMPLES = """\
examples:
  realreach simulate --creators 20000 --seed 7 --out world --workers 2
  realreach simulate --creators 300 --seed 1 --out small --format csv --exclude-mechanism M9 --max-evasion 1
  realreach simulate --check --datasets DIR
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.epilog = f"{_EXAMPLES}\n{parser.epilog or ''}"
    parser.add_argument("--creators", type=int, help="how many creators (default: 1000; with --check its own number)")
    parser.add_argument("--seed", type=int, default=7, help="the world: same seed, same bytes (default: 7)")
    parser.add_argument("--out", type=Path, help="folder to make; must not exist")
    parser.add_argument("--overwrite", action="store_true", help="replace an older simulation in that folder")
    parser.add_argument("--format", choices=("parquet", "csv", "jsonl"), default="parquet", help="(default: parquet)")
    parser.add_argument("--workers", type=int, default=1, help="processes; changes nothing in the result (default: 1)")
    parser.add_argument("--first", type=int, default=0, help="number of the first creator (default: 0)")
    parser.add_argument("--part-creators", type=int, default=1000, help="creators in one part file (default: 1000)")
    parser.add_argument("--config", type=Path, help="TOML file with settings; unknown keys are refused")
    parser.add_argument("--days", type=int, help="usual longest follower history in days (default: 180)")
    parser.add_argument("--comment-corpus", type=Path, help="your own comments (file or folder) to draw texts from")
    parser.add_argument(
        "--exclude-mechanism",
        action="append",
        metavar="CODE",
        help="leave a mechanism out, such as M9; may be given several times",
    )
    parser.add_argument("--max-evasion", type=int, choices=(0, 1, 2), help="highest evasion level (default: 2)")
    parser.add_argument("--quiet", action="store_true", help="show no progress bar")
    parser.add_argument("--check", action="store_true", help="compare the world with real data and print the table")
    parser.add_argument("--datasets", type=Path, help="folder with the public data sets (for --check)")


def run(args: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    if args.check:
        return _check(args)
    if args.out is None:
        raise UsageError("--out is missing: name a folder to write to, or use --check")
    from realreach.simulate.write import write_world

    creators = 1000 if args.creators is None else args.creators
    rows = write_world(
        args.out,
        creators,
        args.seed,
        _settings(args),
        format=args.format,
        first=args.first,
        part_creators=args.part_creators,
        workers=args.workers,
        overwrite=args.overwrite,
        progress=not args.quiet,
    )
    tables = ", ".join(f"{rows[name]:,} {name}" for name in rows if name != "truth")
    print(f"{args.out}: {tables} ({args.format}); what is true behind them lies in {args.out / 'truth'}")
    return 0


def _check(args: argparse.Namespace) -> int:
    if args.datasets is None:
        raise UsageError("--check needs --datasets: the folder with the public data sets")
    from realreach.simulate.check import check_simulation

    number = {} if args.creators is None else {"creators": args.creators}
    report = check_simulation(
        args.datasets, seed=args.seed, settings=_settings(args), progress=not args.quiet, **number
    )
    print(report.markdown())
    return 0


def _settings(args: argparse.Namespace) -> SimulationSettings:
    """Return the settings of the file, changed by the flags."""
    from pydantic import ValidationError

    from realreach.simulate import SimulationSettings

    flags = {
        "days": args.days,
        "comment_corpus": args.comment_corpus,
        "exclude_mechanisms": tuple(args.exclude_mechanism) if args.exclude_mechanism else None,
        "max_evasion": args.max_evasion,
    }
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        base = SimulationSettings.from_toml(args.config) if args.config else SimulationSettings()
        return SimulationSettings.model_validate({**base.model_dump(), **given})
    except ValidationError as err:
        problems = "; ".join(
            f"{'.'.join(map(str, error['loc'])) or 'settings'}: {error['msg'].removeprefix('Value error, ')}"
            for error in err.errors()
        )
        raise UsageError(f"settings: {problems}") from err
    except (OSError, ValueError) as err:
        raise UsageError(f"--config {args.config}: {err}") from err
