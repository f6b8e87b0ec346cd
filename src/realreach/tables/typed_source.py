"""Parquet files and data frames to parts: typed columns, where a wrong type is a fault of the whole column."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from realreach.tables.contract import CONTRACTS
from realreach.tables.core import IntArray
from realreach.tables.limits import Limits
from realreach.tables.parquet_texts import TooMuchTextError, one_array, read_columns
from realreach.tables.parts import Part, Refusal, Row, RowNumbers, check_header, table_rows
from realreach.tables.times import BoolArray
from realreach.tables.values import array_from_values

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_part", "parquet_part"]


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
        check_header(table, file, names, limits.columns)
        _check_size(file, table, rows, packed, limits)
        given = read_columns(path, limits.decompressed_bytes)
    except TooMuchTextError as err:
        raise _too_large(file, table, limits) from err
    except (pa.ArrowException, OSError) as err:
        raise Refusal("unreadable_file", file, "is not a readable Parquet file", "Write it again.", table) from err
    columns = {name: one_array(given.column(name)) for name in names if name in CONTRACTS[table].by_name}

    def originals(rows: IntArray) -> Callable[[], list[Row]]:
        return partial(table_rows, given.take(pa.array(rows)))

    return Part(table, file, columns, RowNumbers(rows), originals, names, typed=True)


_IN_PORTIONS = "Split it into part files and read them in portions, or raise the limit."


def _check_size(file: str, table: str, rows: int, size: int, limits: Limits) -> None:
    if rows > limits.rows_per_table:
        raise Refusal("over_limit", file, f"has more than {limits.rows_per_table:,} rows", _IN_PORTIONS, table)
    if size > limits.decompressed_bytes:
        raise _too_large(file, table, limits)


def _too_large(file: str, table: str, limits: Limits) -> Refusal:
    return Refusal("over_limit", file, f"holds more than {limits.decompressed_bytes:,} bytes", _IN_PORTIONS, table)


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

    return Part(table, file, columns, RowNumbers(len(frame)), originals, names, typed=True, faults=faults)


def _frame_rows(frame: pd.DataFrame, names: list[str]) -> list[Row]:
    return [dict(zip(names, row, strict=True)) for row in frame.itertuples(index=False, name=None)]


def _typed(series: pd.Series, name: str, table: str, file: str) -> pa.Array:
    zone = getattr(series.dtype, "tz", None)
    try:
        if zone is not None:
            array = pa.array(series.dt.tz_convert(None).to_numpy())
            return array.cast(pa.timestamp(array.type.unit, "UTC"))
        return pa.Array.from_pandas(series.copy())  # what the caller does to it later is no part of the tables
    except (pa.ArrowException, TypeError, ValueError) as err:
        message = f"column `{name}` has the type {series.dtype}, which cannot be read"
        raise Refusal("column_type", file, message, "Give text, numbers or times.", table) from err
