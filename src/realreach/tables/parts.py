"""What a source hands to the checks: columns as given, where each row came from, and faults met while reading."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa

from realreach.tables.contract import CONTRACTS
from realreach.tables.core import IntArray
from realreach.tables.times import BoolArray

__all__ = ["Broken", "Part", "Refusal", "RowNumbers", "check_header", "not_utf8", "shown_name", "table_rows"]

Row = dict[str, object]
Form = Literal["csv", "json"]


class Refusal(Exception):  # noqa: N818 - caught and collected inside this package; users see InputError
    """A file or table that cannot be used as a whole."""

    def __init__(self, code: str, file: str, message: str, advice: str, table: str | None = None) -> None:
        super().__init__(message)
        self.code, self.file, self.message, self.advice, self.table = code, file, message, advice, table


def not_utf8(err: pa.ArrowInvalid, column: str, file: str, table: str) -> Refusal:
    """Return the refusal of a column whose text is not UTF-8; any other fault is raised again."""
    if "UTF8" not in str(err):
        raise err
    return Refusal(
        "encoding", file, f"column `{column}` holds text that is not UTF-8", "Write it again as UTF-8.", table
    )


@dataclass(frozen=True)
class Broken:
    """A row that could not be taken apart: its number, the code of the fault, and its text as given."""

    number: int
    code: str
    raw: str


@dataclass(frozen=True)
class RowNumbers:
    """The numbers 1, 2, 3, ... of rows that are simply counted: of millions of rows few are ever asked for."""

    count: int

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, rows: int | IntArray) -> IntArray:
        return np.asarray(rows, dtype=np.int64) + 1


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of one table from one source.

    Parameters
    ----------
    table, file
        Name of the table, and of the source as users know it (never a whole path).
    columns
        Columns of the contract that are there, each of one length; null = unknown.
    numbers
        Number of each row in its source: row of a CSV file (the header is row 1), line of a JSON file, row of others.
    originals
        Takes rows (by position) as they came, for the quarantine; what it returns gives them when they are written.
    header
        Column names as they came.
    form
        ``csv`` where the quarantine should be CSV, ``json`` otherwise.
    typed
        True where a column of a wrong type is a fault of the source, not of its rows.
    unit
        What ``numbers`` count: ``row``, ``line`` or ``record``.
    nested
        True for rows out of nested records: a required column may then be missing, row by row.
    items
        Position of each row in its record's list (from 1), for rows out of nested records.
    broken
        Rows that could not be taken apart.
    faults
        By column and code, the rows with a fault that reading met (such as a list where a number belongs).
    """

    table: str
    file: str
    columns: Mapping[str, pa.Array]
    numbers: IntArray | RowNumbers
    originals: Callable[[IntArray], Callable[[], list[Row]]]
    header: Sequence[str]
    form: Form = "json"
    unit: str = "row"
    typed: bool = False
    nested: bool = False
    items: IntArray | None = None
    broken: tuple[Broken, ...] = ()
    faults: Mapping[str, Mapping[str, BoolArray]] = field(default_factory=dict)

    @property
    def unknown(self) -> list[str]:
        """Names of columns that are not in the contract; names that begin with ``_`` belong to us and do not count."""
        known = CONTRACTS[self.table].by_name
        return [name for name in self.header if name not in known and not name.startswith("_")]


def shown_name(name: str) -> str:
    r"""Return a name from the input as it may stand in a message: one line, short, no control characters.

    Examples
    --------
    >>> shown_name("a" * 50 + "\n")
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…'
    """
    clean = "".join(sign if sign.isprintable() else "?" for sign in name)
    return clean if len(clean) <= 40 else clean[:39] + "…"


def table_rows(table: pa.Table) -> list[Row]:
    """Return the rows of an Arrow table as objects; a function of the module, so that a report can be pickled."""
    rows: list[Row] = table.to_pylist()
    return rows


def check_header(table: str, file: str, names: Sequence[str], limit: int, *, nested: bool = False) -> None:
    """Refuse a header with too many, repeated or missing columns.

    Raises
    ------
    Refusal
        With all names concerned. Unknown names are shown only beside known ones: a file without a header would
        otherwise put its first row into the message.
    """
    if len(names) > limit:
        raise Refusal("over_limit", file, f"has {len(names)} columns; the limit is {limit}", "Remove columns.", table)
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    contract = CONTRACTS[table]
    if repeated:
        known = [f"`{name}`" for name in repeated if name in contract.by_name] or [f"{len(repeated)} unknown names"]
        message = f"names columns more than once: {', '.join(known)}"
        raise Refusal("duplicate_column", file, message, "Keep one column of each name.", table)
    missing = [c.name for c in contract.columns if c.required and c.name not in names]
    if not missing or nested:
        return
    listed = ", ".join(f"`{name}`" for name in missing)
    plural = "columns are" if len(missing) > 1 else "column is"
    message = f"required {plural} missing: {listed}"
    if any(name in contract.by_name for name in names):
        others = [shown_name(n) for n in names if n not in contract.by_name and re.fullmatch(r"[A-Za-z_][\w .\-]*", n)]
        advice = f"Not known: {', '.join(others[:5])}; is one of them meant?" if others else "Add what is missing."
    else:
        advice = "None of its column names is known; is the header missing?"
    raise Refusal("missing_column", file, message, advice, table)
