"""A table on its way through the checks: its parts joined, each cell converted, and all findings so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from realreach.tables.cells import ColumnTypeError, check_column
from realreach.tables.codes import CODES
from realreach.tables.contract import CONTRACTS, Kind, TableContract
from realreach.tables.core import IntArray, Table, written_out
from realreach.tables.limits import Limits
from realreach.tables.parts import Part, Refusal, not_utf8
from realreach.tables.times import BoolArray, TimeArray

__all__ = ["EXPECTED", "Draft", "Finding", "Values", "draft_table", "take"]

Values: TypeAlias = npt.NDArray | pa.Array

EXPECTED: Mapping[Kind, str] = {
    "id": "text or whole numbers",
    "category": "text",
    "text": "text",
    "count": "whole numbers",
    "number": "numbers",
    "flag": "true or false, or 0 and 1",
    "date": "dates, times or text such as 2024-01-31",
    "instant": "times with a zone, or text such as 2024-01-31T18:00:00Z",
}
"""What a column of each kind may hold, in words."""


@dataclass(frozen=True, eq=False)
class Finding:
    """Rows (positions in the draft) to which one code applies, in one column or in none."""

    code: str
    column: str | None
    rows: IntArray


@dataclass(eq=False)
class Draft:
    """A table on its way: the rows of all its parts, checked cell by cell, with what was found so far.

    ``bad`` rows are set aside, ``merged`` ones said the same as another; the rest is used.
    """

    contract: TableContract
    parts: Sequence[Part]
    columns: dict[str, Values]
    instants: TimeArray | None
    findings: list[Finding] = field(default_factory=list)
    bad: BoolArray = field(init=False)
    merged: BoolArray = field(init=False)

    def __post_init__(self) -> None:
        size = sum(len(part.numbers) for part in self.parts)
        self.bad = np.zeros(size, dtype=bool)
        self.merged = np.zeros(size, dtype=bool)

    def mark(self, code: str, column: str | None, rows: npt.NDArray) -> None:
        """Note a finding (mask or positions), and set its rows aside if the code says so."""
        found = np.flatnonzero(rows) if rows.dtype == bool else np.sort(rows)
        if len(found):
            self.findings.append(Finding(code, column, found.astype(np.int64)))
            if CODES[code].effect == "set aside":
                self.bad[found] = True

    def texts(self, name: str) -> pa.Array:
        """Return a column of strings, written out."""
        return written_out(self.columns[name])

    @property
    def whole(self) -> bool:
        """Whether all rows are used so far."""
        return not (self.bad.any() or self.merged.any())

    @property
    def good(self) -> IntArray:
        """Positions of the rows that are used so far."""
        return np.flatnonzero(~(self.bad | self.merged))

    def table(self, order: IntArray | None, starts: IntArray) -> Table:
        """Return the finished table with the rows in this order; None: all of them, as they stand."""
        columns = self.columns if order is None else {name: take(v, order) for name, v in self.columns.items()}
        return Table(self.contract, columns, starts.astype(np.int64, copy=False))


def take(values: Values, rows: IntArray) -> Values:
    """Return some rows of a column."""
    return values.take(pa.array(rows)) if isinstance(values, pa.Array) else values[rows]


def draft_table(name: str, parts: Sequence[Part], limits: Limits, zone: str | None) -> tuple[Draft, list[Refusal]]:
    """Check the cells of all parts and join them; also return what makes a part unusable as a whole."""
    contract = CONTRACTS[name]
    refusals: list[Refusal] = []
    columns: dict[str, Values] = {}
    instants: TimeArray | None = None
    found: list[tuple[str, str, npt.NDArray]] = []
    # Where a table has many files, most parts of a shard are empty; a type that does not fit is no fault of no rows.
    filled = [part for part in parts if len(part.numbers)] or parts[:1]
    for column in contract.columns:
        if not column.required and not any(column.name in part.columns for part in parts):
            continue
        values, times, masks = [], [], []
        for part in filled:
            array = part.columns.get(column.name, pa.nulls(len(part.numbers), pa.large_string()))
            try:
                cells = check_column(array, column, limits, zone)
            except ColumnTypeError as err:
                message = f"column `{column.name}` has the type {err}"
                refusals.append(Refusal("column_type", part.file, message, f"Expected {EXPECTED[column.kind]}.", name))
                continue
            except pa.ArrowInvalid as err:
                refusals.append(not_utf8(err, column.name, part.file, name))
                continue
            values.append(cells.values)
            times.append(cells.instants)
            masks.append(_with_faults(cells.found, part.faults.get(column.name, {})))
        if refusals:
            continue
        columns[column.name] = _join(values)
        if column.name == contract.time and column.name in contract.key and column.kind == "date":
            instants = _join([t for t in times if t is not None])
        for code in dict.fromkeys(code for mask in masks for code in mask):
            none = (np.zeros(len(part.numbers), dtype=bool) for part in filled)
            found.append(
                (code, column.name, np.concatenate([m.get(code, z) for m, z in zip(masks, none, strict=True)]))
            )
    draft = Draft(contract, parts, {} if refusals else columns, instants)
    for code, column_name, rows in [] if refusals else found:
        draft.mark(code, column_name, rows)
    return draft, refusals


def _with_faults(found: Mapping[str, BoolArray], faults: Mapping[str, BoolArray]) -> dict[str, BoolArray]:
    """Add the faults met while reading; a value of a wrong type is not also a missing one."""
    out = dict(found)
    for code, rows in faults.items():
        if "missing_value" in out:
            out["missing_value"] = out["missing_value"] & ~rows
        out[code] = out[code] | rows if code in out else rows
    return out


def _join(arrays: Sequence[Values]) -> Values:
    """Return the rows of all parts as one column."""
    if len(arrays) == 1:
        return arrays[0]
    if isinstance(arrays[0], np.ndarray):
        return np.concatenate(arrays)
    coded = all(isinstance(array, pa.DictionaryArray) for array in arrays)
    return pa.concat_arrays(arrays if coded else [written_out(array) for array in arrays])
