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
from realreach.tables.files import line_of
from realreach.tables.limits import Limits
from realreach.tables.parts import Broken, Part, Refusal, Row, check_header, table_rows
from realreach.tables.times import true_where

__all__ = ["csv_part"]

_BLOCK = 2**25
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
    _check_quotes(data, file)
    raw_names = _header(text, table, file)
    names = [name.strip() for name in raw_names]
    check_header(table, file, names, limits.columns)
    values, broken = _read(text, file, raw_names, limits)
    values = values.rename_columns(names)
    numbers = np.delete(np.arange(2, len(values) + len(broken) + 2), [b.number - 2 for b in broken])
    if (filled := _filled(values)) is not None:
        values, numbers = values.filter(pa.array(filled)), numbers[filled]
    broken = [replace(row, number=row.number + above) for row in broken if row.raw.strip(" ,")]
    columns = {name: values.column(name).combine_chunks() for name in names if name in CONTRACTS[table].by_name}

    def originals(rows: IntArray) -> Callable[[], list[Row]]:
        return partial(table_rows, values.take(pa.array(rows)))

    return Part(table, file, columns, numbers + above, originals, names, form="csv", broken=tuple(broken))


def _header(text: bytes, table: str, file: str) -> list[str]:
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
            read_options=pa_csv.ReadOptions(use_threads=False, block_size=_BLOCK),
            parse_options=pa_csv.ParseOptions(
                newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=set_aside
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
                check_utf8=False,
            ),
        )
        for batch in reader:
            rows += len(batch)
            if rows + len(broken) > limits.rows_per_table:
                advice = "Split it into part files and read them in portions, or raise the limit."
                raise Refusal("over_limit", file, f"has more than {limits.rows_per_table:,} rows", advice)
            batches.append(batch)
    except pa.ArrowInvalid as err:
        code = "over_limit" if "straddling" in str(err) else "unreadable_file"
        reason = f"a row is longer than {_BLOCK:,} bytes" if code == "over_limit" else "it is not CSV"
        advice = "Look for a double quote that is not closed."
        raise Refusal(code, file, f"cannot be split into rows; {reason}", advice) from err
    return pa.Table.from_batches(batches, reader.schema), broken


def _filled(values: pa.Table) -> np.ndarray | None:
    """Return which rows hold any value; None where all do, which the first column usually shows."""
    empty = np.ones(len(values), dtype=bool)
    for name in values.column_names:
        empty &= true_where(pc.is_null(values.column(name)))
        if not empty.any():
            return None
    return ~empty


def _check_quotes(data: bytes, file: str) -> None:
    """Refuse double quotes that do not pair up: an open one would swallow rows without a trace.

    Read in pairs, each opening quote must follow a separator (or the quote before it, which then is an escaped one),
    and each closing quote must precede one.
    """
    signs = np.frombuffer(data, dtype=np.uint8)
    at = np.flatnonzero(signs == ord('"'))
    if not len(at):
        return
    apart = np.zeros(256, dtype=bool)
    apart[list(b',\n\r"')] = True
    opening, closing = at[0::2], at[1::2]
    before = signs[np.maximum(opening - 1, 0)]
    after = signs[np.minimum(closing + 1, len(signs) - 1)]
    wrong = opening[(opening > 0) & ~apart[before]].tolist()[:1]
    # Where a closing quote stands wrongly, its opening quote is the one to look at.
    wrong += opening[: len(closing)][(closing < len(signs) - 1) & ~apart[after]].tolist()[:1]
    if len(at) % 2:
        wrong.append(int(at[-1]))
    if wrong:
        message = (
            f"has a double quote that is not closed or stands inside a value; see line {line_of(data, min(wrong))}"
        )
        raise Refusal("quote", file, message, 'Put the whole value in double quotes and write "" for a quote inside.')
