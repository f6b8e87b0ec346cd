"""Parquet files and data frames to parts: typed columns, where a wrong type is a fault of the whole column."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from realreach.tables.contract import CONTRACTS
from realreach.tables.core import IntArray
from realreach.tables.limits import Limits
from realreach.tables.parts import Part, Refusal, Row, check_header, table_rows
from realreach.tables.times import BoolArray
from realreach.tables.values import array_from_values

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_part", "full_size", "parquet_part", "text_columns"]


def parquet_part(path: Path, table: str, file: str, limits: Limits) -> Part:
    """Read one Parquet file.

    Raises
    ------
    Refusal
        ``unreadable_file`` for a damaged or cut file, ``over_limit``, or a fault of the columns.
    """
    import pyarrow.parquet as pq

    if path.stat().st_size > limits.file_bytes:
        advice = "Split it into part files, or raise the limit."
        raise Refusal("over_limit", file, f"is larger than {limits.file_bytes:,} bytes", advice, table)
    if path.stat().st_size == 0:
        raise Refusal("empty_file", file, "is empty", "Write it again, or leave the file out.", table)
    try:
        with pq.ParquetFile(path) as head:
            names = list(head.schema_arrow.names)
            rows = head.metadata.num_rows
            packed = sum(head.metadata.row_group(i).total_byte_size for i in range(head.num_row_groups))
            words = [
                f.name for f in head.schema_arrow if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)
            ]
        check_header(table, file, names, limits.columns)
        _check_size(file, table, rows, packed, limits)
        # Texts stay dictionaries until their full size is known: one long text, repeated, packs into a few bytes.
        with pq.ParquetFile(path, read_dictionary=words) as source:
            given = source.read(use_threads=False)
    except (pa.ArrowException, OSError) as err:
        raise Refusal("unreadable_file", file, "is not a readable Parquet file", "Write it again.", table) from err
    _check_size(file, table, rows, sum(full_size(given.column(name)) for name in words), limits)
    columns = {name: given.column(name).combine_chunks() for name in names if name in CONTRACTS[table].by_name}

    def originals(rows: IntArray) -> Callable[[], list[Row]]:
        return partial(table_rows, given.take(pa.array(rows)))

    return Part(table, file, columns, np.arange(1, rows + 1), originals, names, typed=True)


def _check_size(file: str, table: str, rows: int, size: int, limits: Limits) -> None:
    advice = "Split it into part files and read them in portions, or raise the limit."
    if rows > limits.rows_per_table:
        raise Refusal("over_limit", file, f"has more than {limits.rows_per_table:,} rows", advice, table)
    if size > limits.decompressed_bytes:
        raise Refusal("over_limit", file, f"holds more than {limits.decompressed_bytes:,} bytes", advice, table)


def text_columns(path: Path) -> list[str]:
    """Return the names of the text columns of a Parquet file."""
    import pyarrow.parquet as pq

    schema = pq.read_schema(path)
    return [f.name for f in schema if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)]


def full_size(column: pa.ChunkedArray) -> int:
    """Return the bytes of all texts of a column that is read as a dictionary, unpacked; 0 for other columns."""
    total = 0
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type):
            lengths = pc.binary_length(chunk.dictionary).cast(pa.int64())
            total += pc.sum(lengths.take(chunk.indices)).as_py() or 0
    return total


def frame_part(frame: pd.DataFrame, table: str, limits: Limits) -> Part:
    """Take a data frame; it is not changed, and its index is not read.

    Raises
    ------
    Refusal
        For a fault of the columns or too many rows.
    """
    file = f"frame '{table}'"
    names = [str(name) for name in frame.columns]
    check_header(table, file, names, limits.columns)
    _check_size(file, table, len(frame), 0, limits)
    columns: dict[str, pa.Array] = {}
    faults: dict[str, dict[str, BoolArray]] = {}
    for column in CONTRACTS[table].columns:
        if column.name in names:
            series = frame.iloc[:, names.index(column.name)]
            if series.dtype == object:
                columns[column.name], faults[column.name] = array_from_values(series.tolist(), column)
            else:
                columns[column.name] = _typed(series, column.name, table, file)

    def originals(rows: IntArray) -> Callable[[], list[Row]]:
        return partial(_frame_rows, frame.iloc[rows].copy(), names)

    return Part(table, file, columns, np.arange(1, len(frame) + 1), originals, names, typed=True, faults=faults)


def _frame_rows(frame: pd.DataFrame, names: list[str]) -> list[Row]:
    return [dict(zip(names, row, strict=True)) for row in frame.itertuples(index=False, name=None)]


def _typed(series: pd.Series, name: str, table: str, file: str) -> pa.Array:
    zone = getattr(series.dtype, "tz", None)
    try:
        if zone is not None:
            array = pa.array(series.dt.tz_convert(None).to_numpy())
            return array.cast(pa.timestamp(array.type.unit, "UTC"))
        return pa.Array.from_pandas(series)
    except (pa.ArrowException, TypeError, ValueError) as err:
        message = f"column `{name}` has the type {series.dtype}, which cannot be read"
        raise Refusal("column_type", file, message, "Give text, numbers or times.", table) from err
