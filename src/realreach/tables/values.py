"""Python values (out of JSON, or of untyped data frame columns) to one Arrow array per column."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from realreach.tables.contract import Column, Kind
from realreach.tables.times import BoolArray

__all__ = ["array_from_values"]

_NUMERIC: tuple[Kind, ...] = ("count", "number", "flag")
_TIMES: tuple[Kind, ...] = ("date", "instant")
_WRONG = object()


def array_from_values(values: Sequence[object], column: Column) -> tuple[pa.Array, dict[str, BoolArray]]:
    """Make one Arrow array of a column.

    Values of one fitting type stay typed; a mixture becomes text, value by value, so that each can be judged alone.

    Returns
    -------
    tuple
        The array (null = unknown) and, by code, the rows with a value of a wrong type or with broken text.
    """
    try:
        array = pa.array(values, from_pandas=True)
        if _fits(array.type, column.kind):
            return array, {}
    except (pa.ArrowException, UnicodeError, OverflowError, TypeError, ValueError):
        pass  # mixed types: each value for itself
    return _one_by_one(values, column)


def _fits(kind: pa.DataType, wanted: Kind) -> bool:
    if pa.types.is_null(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return True
    if pa.types.is_integer(kind):
        return wanted in _NUMERIC or wanted == "id"
    if pa.types.is_floating(kind):
        return wanted in _NUMERIC
    if pa.types.is_boolean(kind):
        return wanted == "flag"
    return wanted in _TIMES and (pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _one_by_one(values: Sequence[object], column: Column) -> tuple[pa.Array, dict[str, BoolArray]]:
    wrong = np.zeros(len(values), dtype=bool)
    repaired = np.zeros(len(values), dtype=bool)
    texts: list[str | None] = []
    for i, value in enumerate(values):
        text = _as_text(value, column.kind)
        if text is _WRONG:
            wrong[i] = True
            text = None
        if isinstance(text, str) and not _is_unicode(text):
            repaired[i] = True
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        texts.append(text if isinstance(text, str) else None)
    # Two broken keys could become one, so a broken key is a fault; a broken comment is still a comment.
    code = "bad_id" if column.kind == "id" else "text_repaired"
    found = {"wrong_type": wrong, code: repaired}
    return pa.array(texts, pa.large_string()), {code: rows for code, rows in found.items() if rows.any()}


def _as_text(value: object, kind: Kind) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str):
        return value
    if _is_unknown(value):
        return None
    if isinstance(value, bool):
        return str(value).lower() if kind == "flag" else _WRONG
    if isinstance(value, int):
        return str(value) if kind not in ("category", "text") else _WRONG
    if isinstance(value, float):
        if kind == "id":
            return str(int(value)) if value.is_integer() and abs(value) < 2**53 else _WRONG
        return repr(value) if kind not in ("category", "text") else _WRONG
    if isinstance(value, decimal.Decimal):
        return str(value) if kind in _NUMERIC else _WRONG
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat() if kind in _TIMES else _WRONG
    return _WRONG


def _is_unknown(value: object) -> bool:
    if isinstance(value, float | decimal.Decimal):
        return value != value
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
