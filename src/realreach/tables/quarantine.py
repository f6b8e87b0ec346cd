"""The rows that were set aside, written so that they can be mended and read again."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from realreach.errors import OutputError
from realreach.tables.codes import CODES
from realreach.tables.core import IntArray
from realreach.tables.draft import Draft
from realreach.tables.parts import Broken, Part, Row

__all__ = ["Quarantined", "quarantine_of", "write_quarantine"]

_ADDED = ("_file", "_row", "_error_columns", "_errors", "_raw")


@dataclass(frozen=True, eq=False)
class Quarantined:
    """Rows of one part that were set aside: how to get them as they came, and what was found in each.

    ``findings`` are code, column and positions in ``numbers``.
    """

    table: str
    part_file: str
    form: str
    header: tuple[str, ...]
    numbers: IntArray
    originals: Callable[[], list[Row]]
    findings: tuple[tuple[str, str | None, IntArray], ...]
    broken: tuple[Broken, ...]

    def rows(self) -> Iterator[Row]:
        """Yield each row as it came, with the columns that say where it stood and what is wrong."""
        found: list[list[tuple[str, str]]] = [[] for _ in self.numbers]
        for code, column, positions in self.findings:
            for position in positions.tolist():
                found[position].append((column or "", code))
        for row, number, errors in zip(self.originals(), self.numbers.tolist(), found, strict=True):
            columns = dict.fromkeys(column for column, _ in errors if column)
            yield {
                **row,  # with what an earlier quarantine knew: a raw text is not lost the second time
                "_file": self.part_file,
                "_row": number,
                "_error_columns": "; ".join(columns),
                "_errors": "; ".join(f"{column}: {code}" if column else code for column, code in errors),
            }
        for broken in self.broken:
            yield {
                "_file": self.part_file,
                "_row": broken.number,
                "_error_columns": "",
                "_errors": broken.code,
                "_raw": broken.raw,
            }


def quarantine_of(draft: Draft) -> list[Quarantined]:
    """Take the rows of a draft that were set aside, as they came."""
    kept = []
    offset = 0
    for part in draft.parts:
        rows = np.flatnonzero(draft.bad[offset : offset + len(part.numbers)])
        if len(rows) or part.broken:
            kept.append(_of_part(draft, part, rows, offset))
        offset += len(part.numbers)
    return kept


def _of_part(draft: Draft, part: Part, rows: IntArray, offset: int) -> Quarantined:
    findings = []
    for finding in draft.findings:
        if CODES[finding.code].effect == "set aside":
            local = finding.rows[np.isin(finding.rows, rows + offset)] - offset
            findings.append((finding.code, finding.column, np.searchsorted(rows, local)))
    return Quarantined(
        draft.contract.name,
        part.file,
        part.form,
        tuple(part.header),
        part.numbers[rows],
        part.originals(rows),
        tuple(findings),
        part.broken,
    )


def write_quarantine(quarantined: Sequence[Quarantined], folder: Path) -> list[Path]:
    """Write one file per table: CSV if all its rows came from CSV, JSON lines otherwise.

    Raises
    ------
    OutputError
        If the folder cannot be made or written.
    """
    written = []
    try:
        for table in dict.fromkeys(q.table for q in quarantined):
            parts = [q for q in quarantined if q.table == table]
            as_csv = all(q.form == "csv" for q in parts)
            folder.mkdir(parents=True, exist_ok=True)
            target = folder / f"{table}.{'csv' if as_csv else 'jsonl'}"
            # Never half a file at the final name.
            draft = folder / f".tmp-{target.name}"
            with draft.open("w", encoding="utf-8", newline="") as stream:
                (_write_csv if as_csv else _write_lines)(parts, stream)
            draft.replace(target)
            written.append(target)
    except OSError as err:
        raise OutputError(f"quarantine cannot be written: {err.strerror}. Check the folder and its rights.") from err
    return written


def _write_csv(parts: Sequence[Quarantined], stream: TextIO) -> None:
    header = list(dict.fromkeys(name for part in parts for name in part.header))
    header += [name for name in _ADDED if name not in header and (name != "_raw" or any(p.broken for p in parts))]
    writer = csv.DictWriter(stream, header, restval="", lineterminator="\n")
    writer.writeheader()
    for part in parts:
        writer.writerows(part.rows())


def _write_lines(parts: Sequence[Quarantined], stream: TextIO) -> None:
    for part in parts:
        for row in part.rows():
            stream.write(json.dumps({name: _plain(value) for name, value in row.items()}, default=str) + "\n")


def _plain(value: object) -> object:
    """Return a value that JSON can hold: unknown is null, a time is ISO text, infinity a word."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if value != value else str(value)
    if isinstance(value, np.generic):
        return _plain(value.item())
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    return value
