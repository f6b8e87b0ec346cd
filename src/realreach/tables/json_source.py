"""JSON to parts: lines of one table, or nested records with a creator's tables inside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain

import numpy as np

from realreach.tables.contract import CONTRACTS
from realreach.tables.core import IntArray
from realreach.tables.limits import Limits
from realreach.tables.parts import Broken, Part, Refusal, Row, check_header
from realreach.tables.values import array_from_values

__all__ = ["json_lines", "nested_parts", "parse_document", "rows_part"]

_INNER = tuple(name for name in CONTRACTS if name != "creators")
_LONGEST_INTEGER = 20
"""Digits; a longer integer stays text, and then is no number for the checks."""


class _JsonFault(ValueError):  # noqa: N818 - caught inside this module
    """A line that cannot be used; the code says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _parse(text: str, limits: Limits) -> object:
    """Parse one strict JSON value: no repeated keys, no NaN, bounded depth and integers."""
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant, parse_int=_integer)
    except _JsonFault:
        raise
    except RecursionError:
        raise _JsonFault("json_depth") from None
    except ValueError:  # its message would quote the line
        raise _JsonFault("bad_json") from None
    if _deeper_than(value, limits.json_depth):
        raise _JsonFault("json_depth")
    return value


def _object(pairs: list[tuple[str, object]]) -> Row:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _JsonFault("json_duplicate_key")
    return found


def _no_constant(name: str) -> object:
    raise _JsonFault("json_constant")


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else digits


def _deeper_than(value: object, limit: int) -> bool:
    level = [value]
    for _ in range(limit + 1):
        inner = (v.values() if isinstance(v, dict) else v for v in level if isinstance(v, dict | list))
        level = [v for v in chain.from_iterable(inner) if type(v) is dict or type(v) is list]
        if not level:
            return False
    return True


def json_lines(data: bytes, limits: Limits) -> tuple[list[object], list[int], list[Broken]]:
    """Parse lines; return the values, their line numbers, and the lines that are not JSON. Blank lines are no rows."""
    values: list[object] = []
    numbers: list[int] = []
    broken: list[Broken] = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        text = line.strip()
        if not text:
            continue
        try:
            values.append(_parse(text.decode("utf-8"), limits))
            numbers.append(number)
        except _JsonFault as fault:
            broken.append(Broken(number, fault.code, text.decode("utf-8")))
    return values, numbers, broken


def parse_document(data: bytes, file: str, limits: Limits) -> tuple[list[object], list[int], list[Broken]]:
    """Parse a ``.json`` file: one record, a list of records, or lines after all; results as :func:`json_lines`.

    Raises
    ------
    Refusal
        ``unreadable_file`` if it is none of these.
    """
    try:
        value = _parse(data.decode("utf-8"), limits)
    except _JsonFault as fault:
        values, numbers, broken = json_lines(data, limits)
        if values:
            return values, numbers, broken
        message = "is not valid JSON" if fault.code == "bad_json" else f"is refused ({fault.code})"
        raise Refusal(
            "unreadable_file", file, message, "Give one record, a list of records, or one per line."
        ) from None
    values = value if isinstance(value, list) else [value]
    return values, list(range(1, len(values) + 1)), []


def rows_part(
    values: Sequence[object],
    numbers: Sequence[int],
    broken: Iterable[Broken],
    table: str,
    file: str,
    limits: Limits,
    *,
    names: Sequence[str] = (),
) -> Part:
    """Make a part from row objects, such as the lines of ``posts.jsonl``.

    ``names`` are columns of the whole file, which these rows may lack.

    Raises
    ------
    Refusal
        For a required column that no row has, or too many columns or rows.
    """
    faults = list(broken)
    rows, kept = [], []
    for value, number in zip(values, numbers, strict=True):
        if isinstance(value, dict):
            rows.append(value)
            kept.append(number)
        else:
            faults.append(Broken(number, "bad_record", json.dumps(value)))
    if len(rows) + len(faults) > limits.rows_per_table:
        advice = "Split it into part files and read them in portions, or raise the limit."
        raise Refusal("over_limit", file, f"has more than {limits.rows_per_table:,} rows", advice, table)
    return _part(rows, kept, None, faults, table, file, limits, unit="line", nested=not rows, names=names)


def _part(
    rows: list[Row],
    numbers: list[int],
    items: list[int] | None,
    broken: list[Broken],
    table: str,
    file: str,
    limits: Limits,
    *,
    unit: str,
    nested: bool,
    names: Sequence[str] = (),
) -> Part:
    names = [str(name) for name in dict.fromkeys(chain(names, chain.from_iterable(rows)))]
    check_header(table, file, names, limits.columns, nested=nested)
    columns, faults = {}, {}
    for column in CONTRACTS[table].columns:
        if column.name in names:
            columns[column.name], found = array_from_values([row.get(column.name) for row in rows], column)
            faults[column.name] = found

    def originals(positions: IntArray) -> Callable[[], list[Row]]:
        return partial(list, [rows[i] for i in positions.tolist()])

    return Part(
        table,
        file,
        columns,
        np.array(numbers, dtype=np.int64),
        originals,
        names,
        unit=unit,
        nested=nested,
        items=None if items is None else np.array(items, dtype=np.int64),
        broken=tuple(broken),
        faults=faults,
    )


class _Inner:
    """Rows of one table, collected from nested records."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.numbers: list[int] = []
        self.items: list[int] = []
        self.broken: list[Broken] = []

    def add(self, value: object, number: int, creator: object) -> None:
        """Take a table as it stands in a record: row objects, or an object of equally long lists."""
        rows = _row_objects(value)
        if rows is None:
            self.broken.append(Broken(number, "bad_record", json.dumps(value, default=str)))
            return
        for item, row in enumerate(rows, start=1):
            if not isinstance(row, Mapping):
                self.broken.append(Broken(number, "bad_record", json.dumps(row, default=str)))
            elif row.get("creator_id") not in (None, creator):
                self.broken.append(Broken(number, "creator_mismatch", json.dumps(dict(row), default=str)))
            else:
                self.rows.append({**row, "creator_id": creator})
                self.numbers.append(number)
                self.items.append(item)


def _row_objects(value: object) -> Sequence[object] | None:
    if isinstance(value, list | tuple):
        return value
    if not isinstance(value, Mapping):
        return None
    lengths = {len(column) if isinstance(column, list | tuple) else -1 for column in value.values()}
    if not lengths:
        return []
    if len(lengths) > 1 or -1 in lengths:
        return None
    return [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]


def nested_parts(
    values: Iterable[object], numbers: Iterable[int], broken: Iterable[Broken], file: str, limits: Limits, unit: str
) -> list[Part]:
    """Take nested records apart: the creators table, and the tables inside as far as any record has them.

    Raises
    ------
    Refusal
        For too many columns.
    """
    outer: list[Row] = []
    lines: list[int] = []
    faults = list(broken)
    inner: dict[str, _Inner] = {}
    for value, number in zip(values, numbers, strict=True):
        if not isinstance(value, Mapping):
            faults.append(Broken(number, "bad_record", json.dumps(value, default=str)))
            continue
        outer.append({key: cell for key, cell in value.items() if key not in _INNER})
        lines.append(number)
        creator = value.get("creator_id")
        for name in _INNER:
            if (table := value.get(name)) is not None:
                one = name == "labels" and isinstance(table, Mapping)
                inner.setdefault(name, _Inner()).add([table] if one else table, number, creator)
    parts = [_part(outer, lines, None, faults, "creators", file, limits, unit=unit, nested=True)]
    for name, found in inner.items():
        rows = (found.rows, found.numbers, found.items, found.broken)
        parts.append(_part(*rows, name, file, limits, unit=unit, nested=True))
    return parts
