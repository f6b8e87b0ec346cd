"""The output table as an Arrow table: what parts of a run and Parquet files are made of, without a data frame."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import pyarrow as pa

from realreach.output import DTYPES, Columns, completed, rounded_columns

__all__ = ["columns_of_table", "rounded_table", "table_of", "with_texts"]

_TYPES = {"float64": pa.float64(), "int64": pa.int64(), "boolean": pa.bool_(), "str": pa.large_string()}
_PANDAS = {"boolean": "bool", "str": "object"}
"""What pandas calls a type where it has a name of its own for it."""


def table_of(columns: Mapping[str, Any], names: Sequence[str] | None = None) -> pa.Table:
    """Return the table that :func:`realreach.output.frame_of` and pyarrow make of columns, with what pandas is told.

    Parameters
    ----------
    columns
        As for :func:`realreach.output.frame_of`.
    names
        All columns of the table, in order; text columns that lack are empty. None: those that are there.

    Examples
    --------
    >>> import numpy as np
    >>> table = table_of({"creator_id": ["a"], "authenticity": np.array([np.nan])})
    >>> table.column("authenticity").null_count, table.num_columns
    (1, 49)
    """
    columns = completed(columns)
    count, names = len(columns["creator_id"]), list(columns) if names is None else list(names)
    arrays = [
        # NaN stands for no value.
        pa.array(columns[name], _TYPES[DTYPES.get(name, "str")], from_pandas=True)
        if name in columns
        else pa.nulls(count, pa.large_string())
        for name in names
    ]
    return pa.Table.from_arrays(arrays, schema=_schema(tuple(names)))


def columns_of_table(table: pa.Table, names: Iterable[str] | None = None) -> Columns:
    """Return a table, or the named columns that it has, as columns."""
    wanted = table.column_names if names is None else [name for name in names if name in table.column_names]
    return {
        name: values.to_numpy() if DTYPES.get(name) in ("float64", "int64") else values.to_pylist()
        for name, values in zip(wanted, table.select(wanted).columns, strict=True)
    }


def with_texts(table: pa.Table, texts: Mapping[str, Sequence[str | None]]) -> pa.Table:
    """Return a table with more columns of text at its end, in place of those of these names."""
    kept = table.select([name for name in table.column_names if name not in texts])
    names = (*kept.column_names, *texts)
    added = [pa.array(values, pa.large_string()) for values in texts.values()]
    return pa.Table.from_arrays([*kept.columns, *added], schema=_schema(names))


def rounded_table(table: pa.Table) -> pa.Table:
    """Return what :func:`realreach.output.rounded_columns` does, of a table."""
    numbers = [name for name in table.column_names if DTYPES.get(name) == "float64"]
    rounded = rounded_columns(columns_of_table(table, numbers))
    arrays = [
        pa.array(rounded[name], from_pandas=True) if name in rounded else values
        for name, values in zip(table.column_names, table.columns, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=table.schema)


@lru_cache(maxsize=16)
def _schema(names: tuple[str, ...]) -> pa.Schema:
    """Return the types of columns, and what pandas needs to make the same data frame of them again."""
    kinds = {name: DTYPES.get(name, "str") for name in names}
    told = {
        "index_columns": [],
        "column_indexes": [],
        "columns": [
            {"name": n, "field_name": n, "pandas_type": _PANDAS.get(k, k), "numpy_type": k, "metadata": None}
            for n, k in kinds.items()
        ],
        "attributes": {},
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": version("pandas"),
    }
    fields = [pa.field(name, _TYPES[kind]) for name, kind in kinds.items()]
    return pa.schema(fields, metadata={"pandas": json.dumps(told)})
