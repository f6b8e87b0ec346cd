"""The output of ``predict``: its format, and frames poured into a file or standard output."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realreach.commands.common import neutral_texts
from realreach.errors import OutputError, UsageError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from realreach.output import Columns, Part

__all__ = ["FORMATS", "Poured", "output_format", "write_parts"]

FORMATS = ("csv", "jsonl", "parquet")
_ROWS = 50_000
"""Rows of a Parquet row group, whatever the parts in which they come."""
_TEXTS = ("creator_id", "platform")
"""Columns that hold the users' own words."""


class Poured:
    """What was written: creators by status, and text cells that got an apostrophe."""

    def __init__(self) -> None:
        self.statuses: dict[str, int] = {}
        self.neutralised = 0

    def count(self, statuses: list[str]) -> None:
        """Count the creators of a part."""
        for status in set(statuses):
            self.statuses[status] = self.statuses.get(status, 0) + statuses.count(status)


def output_format(arguments: argparse.Namespace) -> str:
    """Return the format of the output, from ``--format`` or the suffix of ``--out``.

    Raises
    ------
    UsageError
        If the two contradict each other, or neither tells.
    """
    suffix = Path(arguments.out).suffix.lower().lstrip(".")
    kind = {"ndjson": "jsonl", "": "csv", "-": "csv"}.get(suffix, suffix)
    if arguments.format:
        if suffix and kind in FORMATS and kind != arguments.format:
            raise UsageError(f"--format {arguments.format} contradicts --out {arguments.out}: drop one of them")
        return str(arguments.format)
    if kind not in FORMATS:
        raise UsageError(
            f"--out {arguments.out}: the format cannot be told from .{suffix}; say --format csv, jsonl or parquet"
        )
    return kind


def write_parts(parts: Iterable[Part], arguments: argparse.Namespace, kind: str) -> Poured:
    """Write all parts to the file or to standard output; a file appears whole or not at all.

    Raises
    ------
    OutputError
        If the output cannot be written.
    """
    if arguments.out == "-":
        if kind == "parquet" and sys.stdout.isatty():
            raise OutputError("Parquet is not for a terminal. Say --out FILE or --format csv.")
        return _pour(parts, sys.stdout.buffer, kind, arguments.raw_csv)
    from realreach.files import atomic_file

    with atomic_file(arguments.out, overwrite=arguments.overwrite) as path, path.open("wb") as sink:
        return _pour(parts, sink, kind, arguments.raw_csv)


def _pour(parts: Iterable[Part], sink: Any, kind: str, raw_csv: bool) -> Poured:
    poured = Poured()
    groups = _RowGroups(sink)
    names: list[str] | None = None
    for number, part in enumerate(parts):
        # Creators whose row was set aside come last and lack the columns that only scores have.
        if names is None:
            names = list(part) if isinstance(part, dict) else part.column_names
        if kind == "csv":
            # A data frame would write the same, but importing pandas takes longer than scoring a shortlist.
            sink.write(_csv(_columns(part), names, poured, header=number == 0, raw=raw_csv))
            continue
        table = _table(part, names)
        poured.count(table.column("status").to_pylist())
        if kind == "jsonl":
            frame = _with_objects(table.to_pandas(use_threads=False))
            sink.write(frame.to_json(orient="records", lines=True, force_ascii=False, double_precision=15).encode())
        else:
            groups.add(table)
    groups.close()
    sink.flush()
    return poured


def _columns(part: Part) -> Columns:
    if isinstance(part, dict):
        return part
    from realreach.output_tables import columns_of_table

    return columns_of_table(part)


def _table(part: Part, names: list[str]) -> pa.Table:
    """Return a part as an Arrow table of these columns, rounded; columns that it lacks are empty."""
    from realreach.output_tables import rounded_table, table_of

    return rounded_table(table_of(part, names) if isinstance(part, dict) else part)


def _csv(columns: Columns, names: list[str], poured: Poured, *, header: bool, raw: bool) -> bytes:
    """Return columns as CSV, byte for byte what a data frame of them writes."""
    import csv
    import io

    from realreach.output import rounded_columns

    poured.count(columns["status"])
    columns = rounded_columns(columns)
    for name in () if raw else _TEXTS:
        columns[name], changed = neutral_texts(columns[name])
        poured.neutralised += changed
    count = len(columns["creator_id"])
    cells = [_cells(columns[name]) if name in columns else [""] * count for name in names]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(names)
    writer.writerows(zip(*cells, strict=True))
    return text.getvalue().encode("utf-8", "replace")


def _cells(values: Any) -> list[Any]:
    """Return a column as text, empty where there is no value."""
    plain = values.tolist() if hasattr(values, "tolist") else values
    return ["" if v is None or v != v else v if isinstance(v, str) else str(v) for v in plain]


def _with_objects(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with explanations as objects, as JSON lines hold them."""
    if "explanation" not in frame:
        return frame
    objects = frame["explanation"].astype(object)
    return frame.assign(explanation=objects.map(lambda v: json.loads(v) if isinstance(v, str) else None))


class _RowGroups:
    """Parquet in row groups of one size, so that the parts in which rows come leave no trace in the file."""

    def __init__(self, sink: Any) -> None:
        self._sink = sink
        self._writer: Any = None
        self._held: list[Any] = []

    def add(self, table: pa.Table) -> None:
        """Take the next rows."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:
            self._writer = pq.ParquetWriter(self._sink, table.schema)
        self._held.append(table)
        while sum(map(len, self._held)) >= _ROWS:
            whole = pa.concat_tables(self._held)
            self._writer.write_table(whole.slice(0, _ROWS).combine_chunks(), row_group_size=_ROWS)
            self._held = [whole.slice(_ROWS)]

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        import pyarrow as pa

        if self._writer is None:
            return
        rest = pa.concat_tables(self._held)
        if len(rest) or not self._writer.is_open:
            self._writer.write_table(rest.combine_chunks(), row_group_size=_ROWS)
        self._writer.close()
