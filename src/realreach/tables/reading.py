"""Reading: files, data frames or records in, checked tables and a report out. All go through one path of checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from realreach.errors import UsageError
from realreach.tables.contract import CONTRACTS
from realreach.tables.core import IntArray, Table, Tables
from realreach.tables.csv_source import csv_part
from realreach.tables.draft import Draft, draft_table
from realreach.tables.files import file_format, local_path, read_bytes, read_stdin, read_text
from realreach.tables.folders import check_ending, similar_files, table_files
from realreach.tables.json_source import json_lines, nested_parts, parse_document, rows_part
from realreach.tables.limits import Limits
from realreach.tables.parts import Part, Refusal
from realreach.tables.plain_record import plain_tables
from realreach.tables.problems import Problem, similar_file
from realreach.tables.report import Counts, NothingLeftError, Report, refusal_error
from realreach.tables.rows import build_creators, build_table, invalid_creators, mark_unknown_posts
from realreach.tables.times import check_zone
from realreach.tables.typed_source import frame_part, parquet_part

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ReadResult", "read_tables", "tables_from_frames", "tables_from_parts", "tables_from_records"]

_FORMATS = ("csv", "jsonl", "json", "parquet")


@dataclass(frozen=True)
class ReadResult:
    """Checked tables, and the report on what was found on the way."""

    tables: Tables
    report: Report


def read_tables(
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002 - the name of the command line flag
    limits: Limits = Limits(),  # noqa: B008 - frozen
    assume_tz: str | None = None,
    labels: str | Path | None = None,
) -> ReadResult:
    """Read and check the tables of a folder, or nested records from a file or standard input.

    Parameters
    ----------
    path
        A folder with one file per table (``creators.csv``, ``posts.jsonl.gz``, ``comments.parquet``) or a folder of
        part files per table (``posts/part-000.parquet``); or a ``.jsonl`` or ``.json`` file with one nested record per
        creator; or ``-`` for such lines on standard input.
    format
        Read only files of this format: ``csv``, ``jsonl`` or ``parquet`` in a folder; ``json`` or ``jsonl`` for a file
        of records with another ending.
    limits
        Bounds on sizes.
    assume_tz
        Time zone of instants that name none, such as ``Asia/Jakarta``; without it their rows are set aside.
    labels
        A file with the labels table, in place of the one in the folder.

    Returns
    -------
    ReadResult
        Tables without any row that was set aside, and the report.

    Raises
    ------
    InputError
        If a file or table cannot be used as a whole (all such problems in one message), or no creator is left.
    UsageError
        For an unknown format or time zone.
    """
    if format is not None and format not in _FORMATS:
        raise UsageError(f"unknown format '{format}': expected one of {', '.join(_FORMATS)}")
    refusals: list[Refusal] = []
    similar: list[Problem] = []
    parts: list[Part] = []
    with _Collected(refusals):
        place = Path("-") if str(path) == "-" else local_path(path)
        if place.is_dir():
            parts += _folder_parts(place, format, limits, refusals, skip_labels=labels is not None)
            similar += [similar_file(name, table) for name, table in similar_files(place)]
        else:
            parts += _record_parts(place, format, limits)
    if labels is not None:
        with _Collected(refusals):
            file = local_path(labels)
            parts = [p for p in parts if p.table != "labels"] + [_file_part(file, "labels", file.name, limits)]
    return _checked(parts, refusals, limits, assume_tz, similar)


def tables_from_frames(
    frames: Mapping[str, pd.DataFrame],
    *,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    assume_tz: str | None = None,
) -> ReadResult:
    """Check data frames, one per table.

    Parameters
    ----------
    frames
        Frames by table name, with the column names of the contract. They are not changed; the index is not read.
    limits, assume_tz
        As in :func:`read_tables`.

    Raises
    ------
    InputError
        As in :func:`read_tables`.
    UsageError
        For a name that is no table.

    Examples
    --------
    >>> import pandas as pd
    >>> result = tables_from_frames({"creators": pd.DataFrame({"creator_id": ["a"], "platform": ["Instagram"]})})
    >>> result.tables.creators.strings("platform").to_pylist()
    ['instagram']
    """
    unknown = [name for name in frames if name not in CONTRACTS]
    if unknown:
        raise UsageError(f"{len(unknown)} names are no tables: expected {', '.join(CONTRACTS)}")
    refusals: list[Refusal] = []
    parts: list[Part] = []
    for name, frame in frames.items():
        with _Collected(refusals):
            parts.append(frame_part(frame, name, limits))
    return _checked(parts, refusals, limits, assume_tz, [])


def tables_from_records(
    records: Iterable[Mapping[str, object]],
    *,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    assume_tz: str | None = None,
) -> ReadResult:
    """Check nested records, one per creator: the form in which a service asks.

    Parameters
    ----------
    records
        The columns of the creators table, and under the names of the other tables a list of row objects or an object of
        equally long lists; ``labels`` is one object. ``creator_id`` is not repeated inside.
    limits, assume_tz
        As in :func:`read_tables`.

    Raises
    ------
    InputError
        As in :func:`read_tables`.

    Examples
    --------
    >>> history = {"observed_on": ["2024-01-01", "2024-01-02"], "followers": [100, 103]}
    >>> result = tables_from_records([{"creator_id": "a", "platform": "tiktok", "follower_history": history}])
    >>> result.tables.follower_history.numbers("followers")
    array([100., 103.])
    """
    values = list(records)
    if len(values) == 1 and assume_tz is None and (plain := plain_tables(values[0], limits)) is not None:
        counts = {name: Counts(len(table), len(table), 0, 0) for name, table in plain.items()}
        return ReadResult(plain, Report(counts=counts))
    return _tables_from_records(values, limits, assume_tz)


def _tables_from_records(values: list[Mapping[str, object]], limits: Limits, assume_tz: str | None) -> ReadResult:
    """Check records by the general path, which judges every row and words what it finds."""
    refusals: list[Refusal] = []
    parts: list[Part] = []
    with _Collected(refusals):
        parts += nested_parts(values, range(1, len(values) + 1), [], "records", limits, "record")
    return _checked(parts, refusals, limits, assume_tz, [])


class _Collected:
    """Collect refusals instead of stopping at the first, so that one message says all."""

    def __init__(self, refusals: list[Refusal]) -> None:
        self.refusals = refusals

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        if isinstance(error, Refusal):
            self.refusals.append(error)
            return True
        return False


def _folder_parts(
    folder: Path, wanted: str | None, limits: Limits, refusals: list[Refusal], *, skip_labels: bool
) -> list[Part]:
    parts = []
    for table in CONTRACTS:
        if table == "labels" and skip_labels:
            continue
        with _Collected(refusals):
            files = table_files(folder, table, wanted)
            if table == "creators" and not files:
                advice = "Give a folder with creators.csv (or .jsonl, .parquet), or a file of nested JSON records."
                raise Refusal("missing_table", "input", "the folder has no creators table", advice, table)
            for path, shown in files:
                with _Collected(refusals):
                    parts.append(_file_part(path, table, shown, limits))
    return parts


def _file_part(path: Path, table: str, shown: str, limits: Limits) -> Part:
    check_ending(path, shown)
    found = file_format(path.name)
    if found == "parquet":
        return parquet_part(path, table, shown, limits)
    text = read_text(read_bytes(path, shown, limits), shown)
    if found == "csv":
        return csv_part(text, table, shown, limits)
    if found == "jsonl":
        return rows_part(*json_lines(text, limits), table, shown, limits)
    raise Refusal("refused_format", shown, "is of no known format", "Give CSV, JSON lines or Parquet.", table)


def _record_parts(path: Path, wanted: str | None, limits: Limits) -> list[Part]:
    found: str | None
    if str(path) == "-":
        shown, data, found = "stdin", read_stdin(limits), wanted or "jsonl"
        if not data.strip():
            raise Refusal("empty_file", shown, "is empty", "Send one nested JSON record per line.")
    else:
        shown, found = path.name, wanted or file_format(path.name)
        check_ending(path, shown)
        data = b""
    if found not in ("json", "jsonl"):
        advice = "A file of its own holds nested JSON records; for CSV or Parquet give the folder with the tables."
        raise Refusal("refused_format", shown, "is not a file of JSON records", advice)
    text = read_text(data or read_bytes(path, shown, limits), shown)
    values = parse_document(text, shown, limits) if found == "json" else json_lines(text, limits)
    return nested_parts(*values, shown, limits, "record" if found == "json" else "line")


def tables_from_parts(parts: list[Part], limits: Limits, zone: str | None) -> ReadResult:
    """Check raw parts of one group of creators (:mod:`realreach.tables.streams`); no creator may be left.

    Raises
    ------
    InputError
        As in :func:`read_tables`, but never because nothing is left.
    """
    return _checked(parts, [], limits, zone, [], may_be_empty=True)


def _checked(
    parts: list[Part],
    refusals: list[Refusal],
    limits: Limits,
    zone: str | None,
    similar: list[Problem],
    *,
    may_be_empty: bool = False,
) -> ReadResult:
    """Run all checks: the one path that every input takes."""
    check_zone(zone)
    if not refusals and not any(part.table == "creators" for part in parts):
        refusals.append(Refusal("missing_table", "input", "there is no creators table", "Add it.", "creators"))
    drafts: dict[str, Draft] = {}
    for name in CONTRACTS:
        of_table = [part for part in parts if part.table == name]
        if of_table:
            _check_rows(of_table, name, limits, refusals)
            drafts[name], found = draft_table(name, of_table, limits, zone)
            refusals += found
    if refusals:
        raise refusal_error(refusals)
    report = Report(problems=similar)
    creators = build_creators(drafts["creators"])
    invalid = invalid_creators(drafts["creators"], creators)
    report.invalid_creators = list(invalid.items())
    finished: dict[str, Table] = {"creators": creators}
    orders: dict[str, IntArray | None] = {}
    for name, draft in drafts.items():
        if name != "creators":
            keys = pa.array(list(invalid), pa.large_string())
            finished[name], orders[name] = build_table(draft, creators, keys, limits)
    if "comments" in finished and "posts" in finished:
        mark_unknown_posts(drafts["comments"], finished["comments"], orders["comments"], finished["posts"])
    for draft in drafts.values():
        report.add(draft, limits)
        assert report.counts[draft.contract.name].used == len(finished[draft.contract.name]), "rows were lost"
    if report.counts["creators"].rows_in and not len(creators) and not may_be_empty:
        raise NothingLeftError(report)
    return ReadResult(Tables(**finished), report)


def _check_rows(parts: list[Part], table: str, limits: Limits, refusals: list[Refusal]) -> None:
    total = sum(len(part.numbers) + len(part.broken) for part in parts)
    if total > limits.rows_per_table:
        advice = "Read it in portions of creators, or raise the limit."
        refusals.append(Refusal("over_limit", table, f"has more than {limits.rows_per_table:,} rows", advice, table))
