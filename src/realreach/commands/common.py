"""What the commands share: messages and progress on standard error, and the checks of what was read."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from realreach.errors import InputError
from realreach.first_compile import tell_by

if TYPE_CHECKING:
    import pandas as pd

    from realreach.tables import ReadResult, Report

__all__ = [
    "Console",
    "add_input_arguments",
    "add_output_arguments",
    "check_reading",
    "neutral",
    "neutral_texts",
    "parse_day",
    "printable",
    "read_input",
    "tell_report",
]

_T = TypeVar("_T")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\0")
"""First characters that a spreadsheet takes for a formula."""


class Console:
    """Messages on standard error: quiet, plain or as JSON lines; never data, never a creator's key."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.quiet = bool(getattr(arguments, "quiet", False))
        self.json = getattr(arguments, "log_format", "text") == "json"
        self.progress = (
            not (self.quiet or self.json or getattr(arguments, "no_progress", False)) and sys.stderr.isatty()
        )
        tell_by(self.say)

    def say(self, message: str, **facts: Any) -> None:
        """Print a message; with ``--log-format json`` as one JSON object with the facts beside it."""
        if self.quiet:
            return
        line = json.dumps({"level": "info", "message": message, **facts}) if self.json else printable(message)
        print(line, file=sys.stderr, flush=True)

    def track(self, items: Iterable[_T], total: int, unit: str) -> Iterator[_T]:
        """Yield items under a progress bar, which is shown on a terminal only."""
        if not self.progress:
            yield from items
            return
        from tqdm import tqdm

        yield from tqdm(items, total=total, unit=unit, file=sys.stderr, leave=False)


def printable(message: str) -> str:
    r"""Return a message with control characters made visible, so that no input can write to the terminal.

    Examples
    --------
    >>> printable("caf\u00e9 \x1b[31m")
    'caf\xe9 \\x1b[31m'
    """
    return "".join(c if c == "\n" or c.isprintable() else ascii(c)[1:-1] for c in message)


def neutral_texts(texts: Iterable[str | None]) -> tuple[list[str | None], int]:
    """Return what :func:`neutral` makes of one column, and how many cells got an apostrophe."""
    given = list(texts)
    out = ["'" + text if text is not None and text.startswith(_DANGEROUS) else text for text in given]
    return out, sum(new is not old for new, old in zip(out, given, strict=True))


def neutral(frame: pd.DataFrame, names: Iterable[str]) -> tuple[pd.DataFrame, int]:
    """Return the frame with an apostrophe before text that a spreadsheet would run, and how many cells got one."""
    changed = 0
    out = frame.copy()
    for name in names:
        risky = out[name].str.startswith(_DANGEROUS, na=False)
        if risky.any():
            out[name] = out[name].mask(risky, "'" + out[name])
            changed += int(risky.sum())
    return out, changed


def add_input_arguments(parser: argparse.ArgumentParser, *, positional: bool) -> None:
    """Declare where the tables come from and how strictly they are read."""
    if positional:
        parser.add_argument("input", help="folder of tables, file of nested JSON records, or - for JSON lines on stdin")
    else:
        parser.add_argument("--data", required=True, help="folder of tables, or file of nested JSON records")
    parser.add_argument("--input-format", choices=("csv", "jsonl", "json", "parquet"), help="read only this format")
    parser.add_argument(
        "--assume-tz", metavar="ZONE", help="time zone of times without an offset, such as UTC or Asia/Jakarta"
    )
    parser.add_argument(
        "--as-of",
        metavar="DAY",
        help="day of the decision, YYYY-MM-DD: later rows are not read (default: "
        "the label's own, else the day after each creator's last row)",
    )
    parser.add_argument(
        "--rejects", type=Path, metavar="DIR", help="write rows that were set aside here, to mend and feed back"
    )
    parser.add_argument(
        "--max-reject-rate", type=float, metavar="SHARE", help="most rows (0-1) that may be set aside (default: 1)"
    )
    parser.add_argument("--strict", action="store_true", help="set nothing aside: the same as --max-reject-rate 0")


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how the command speaks."""
    parser.add_argument("--quiet", "-q", action="store_true", help="say nothing but errors")
    parser.add_argument("--no-progress", action="store_true", help="no progress bar")
    parser.add_argument(
        "--log-format", choices=("text", "json"), default="text", help="form of messages on standard error"
    )


def parse_day(text: str | None) -> Any:
    """Return a day for ``--as-of``; None stays None.

    Raises
    ------
    UsageError
        If it is not a date.
    """
    if text is None:
        return None
    from datetime import date

    from realreach.errors import UsageError

    try:
        return date.fromisoformat(text)
    except ValueError as err:
        raise UsageError(f"--as-of must be a date such as 2026-01-31, got {text!r:.40}") from err


def _check_rejects(arguments: argparse.Namespace) -> None:
    """Refuse a folder of rejects that is not empty: it may be the input, or hold rows that are being mended."""
    from realreach.errors import OutputError

    folder = arguments.rejects
    if folder is None:
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(
            f"--rejects {folder} is not empty. Name a new folder, so that no table and no mended row is lost."
        )


def read_input(arguments: argparse.Namespace, console: Console, source: str, labels: str | None = None) -> ReadResult:
    """Read and check tables, say what was set aside, write the rejects, and refuse if they are too many.

    Raises
    ------
    InputError
        If the input cannot be used, or too many rows were set aside.
    OutputError
        If something lies in the folder for the rejects.
    UsageError
        For a share outside 0-1, or flags that contradict each other.
    """
    from realreach.tables import NothingLeftError, read_tables

    check_reading(arguments)
    try:
        result = read_tables(source, format=arguments.input_format, assume_tz=arguments.assume_tz, labels=labels)
    except NothingLeftError as err:
        _write_rejects(arguments, console, err.report)
        raise
    tell_report(arguments, console, result.report)
    return result


def check_reading(arguments: argparse.Namespace) -> None:
    """Check the flags on reading before anything is read.

    Raises
    ------
    OutputError, UsageError
        As for :func:`read_input`.
    """
    _reject_limit(arguments)
    _check_rejects(arguments)


def tell_report(arguments: argparse.Namespace, console: Console, report: Report) -> None:
    """Say what was found while reading, write the rejects, and refuse if they are too many.

    Raises
    ------
    InputError
        If more rows were set aside than allowed.
    """
    limit = _reject_limit(arguments)
    for line in report.text(limit=20).splitlines():
        console.say(line)
    _write_rejects(arguments, console, report)
    share = report.set_aside / max(report.rows_in, 1)
    if share > limit:
        raise InputError(
            f"{report.set_aside:,} of {report.rows_in:,} rows were set aside ({share:.1%}), "
            f"more than the {limit:.1%} allowed. "
            "Mend them (--rejects DIR writes them out with the reasons), or raise --max-reject-rate."
        )


def _write_rejects(arguments: argparse.Namespace, console: Console, report: Report) -> None:
    if arguments.rejects is not None and report.set_aside:
        for path in report.write_quarantine(arguments.rejects):
            console.say(f"rows set aside: {path}")


def _reject_limit(arguments: argparse.Namespace) -> float:
    from realreach.errors import UsageError

    rate = arguments.max_reject_rate
    if arguments.strict and rate:
        raise UsageError(f"--strict and --max-reject-rate {rate:g} contradict each other: leave one out")
    if rate is not None and not 0 <= rate <= 1:
        raise UsageError(f"--max-reject-rate is a share between 0 and 1, got {rate:g}")
    return 0.0 if arguments.strict else 1.0 if rate is None else float(rate)
