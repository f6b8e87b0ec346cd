"""CSV text to a part: every column as text, rows with a wrong number of fields set aside, nothing shifted."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from realreach.tables.contract import CONTRACTS
from realreach.tables.core import IntArray
from realreach.tables.limits import Limits
from realreach.tables.parts import Broken, Part, Refusal, Row, check_header, table_rows
from realreach.tables.quotes import QuoteCheck
from realreach.tables.times import true_where

__all__ = ["BLOCK", "convert_options", "csv_header", "csv_part", "filled_rows"]

BLOCK = 2**25
"""Bytes read at a time; no row may be longer."""
_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def csv_part(data: bytes, table: str, file: str, limits: Limits) -> Part:
    """Read checked UTF-8 text as CSV.

    A line without any value is no row. Row numbers count records, the header being row 1, as a spreadsheet shows them.

    Raises
    ------
    Refusal
        ``delimiter``, ``quote``, ``over_limit`` or a fault of the header.
    """
    text = data.lstrip(b"\r\n")
    if b"\n" not in text and b"\r" not in text:  # a header alone, without the end of its line
        text += b"\n"
    above = data.count(b"\n", 0, len(data) - len(text))
    quotes = QuoteCheck(file)
    quotes.feed(data)
    quotes.finish()
    raw_names = csv_header(text, table, file)
    names = [name.strip() for name in raw_names]
    check_header(table, file, names, limits.columns)
    values, broken = _read(text, file, raw_names, limits)
    values = values.rename_columns(names)
    numbers = np.delete(np.arange(2, len(values) + len(broken) + 2), [b.number - 2 for b in broken])
    if (filled := filled_rows(values)) is not None:
        values, numbers = values.filter(pa.array(filled)), numbers[filled]
    broken = [replace(row, number=row.number + above) for row in broken if row.raw.strip(" ,")]
    columns = {name: values.column(name).combine_chunks() for name in names if name in CONTRACTS[table].by_name}

    def originals(rows: IntArray) -> Callable[[], list[Row]]:
        return partial(table_rows, values.take(pa.array(rows)))

    return Part(table, file, columns, numbers + above, originals, names, form="csv", broken=tuple(broken))


def csv_header(text: bytes, table: str, file: str) -> list[str]:
    """Return the column names exactly as they stand in the first row."""
    try:
        first = next(csv.reader(io.StringIO(text[: 2**20].decode("utf-8", "ignore"), newline="")), [])
    except csv.Error:  # a cell of more than 128 kB: data, not a header
        first = []
    known = CONTRACTS[table].by_name
    if not any(name.strip() in known for name in first):
        line = ",".join(first)
        for sign, word in _DELIMITERS.items():
            if any(name.strip(' "') in known for name in line.split(sign)):
                message = f"separates its values by {word}, not commas"
                raise Refusal("delimiter", file, message, "Save it with commas.", table)
    return first


def _read(text: bytes, file: str, names: list[str], limits: Limits) -> tuple[pa.Table, list[Broken]]:
    broken: list[Broken] = []

    def set_aside(row: pa_csv.InvalidRow) -> str:
        broken.append(Broken(row.number, "field_count", row.text))
        return "skip"

    batches, rows = [], 0
    try:
        reader = pa_csv.open_csv(
            pa.BufferReader(text),
            # One thread: only then are the numbers of invalid rows known.
            read_options=pa_csv.ReadOptions(use_threads=False, block_size=BLOCK),
            parse_options=pa_csv.ParseOptions(
                newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=set_aside
            ),
            convert_options=convert_options(names),
        )
        for batch in reader:
            rows += len(batch)
            if rows + len(broken) > limits.rows_per_table:
                advice = "Split it into part files and read them in portions, or raise the limit."
                raise Refusal("over_limit", file, f"has more than {limits.rows_per_table:,} rows", advice)
            batches.append(batch)
    except pa.ArrowInvalid as err:
        code = "over_limit" if "straddling" in str(err) else "unreadable_file"
        reason = f"a row is longer than {BLOCK:,} bytes" if code == "over_limit" else "it is not CSV"
        advice = "Look for a double quote that is not closed."
        raise Refusal(code, file, f"cannot be split into rows; {reason}", advice) from err
    return pa.Table.from_batches(batches, reader.schema), broken


def convert_options(names: list[str]) -> pa_csv.ConvertOptions:
    """Return how cells are read: every column as text, only an empty cell is unknown."""
    return pa_csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.large_string()),
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
        null_values=[""],
        check_utf8=False,
    )


def filled_rows(values: pa.Table) -> np.ndarray | None:
    """Return which rows hold any value; None where all do, which the first column usually shows."""
    empty = np.ones(len(values), dtype=bool)
    for name in values.column_names:
        empty &= true_where(pc.is_null(values.column(name)))
        if not empty.any():
            return None
    return ~empty
