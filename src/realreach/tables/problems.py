"""Findings in words: what is wrong, where, and what to do, without showing anybody's data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from realreach.tables.codes import CODES, Severity
from realreach.tables.contract import CONTRACTS, Column
from realreach.tables.draft import EXPECTED, Draft
from realreach.tables.limits import Limits
from realreach.tables.parts import Part, shown_name

__all__ = ["Place", "Problem", "merged_problems", "problems_of", "similar_file"]

_EXAMPLES = 5
_SHAPED = frozenset(
    {
        *("not_a_number", "not_whole", "out_of_range", "ambiguous_number", "bad_flag", "bad_category"),
        *("bad_date", "bad_time", "time_without_zone", "time_is_epoch"),
    }
)
"""Codes that are easier to understand with the outline of a value."""


@dataclass(frozen=True)
class Place:
    """Where a row came from."""

    file: str
    unit: str
    number: int
    item: int | None

    @property
    def key(self) -> tuple[str, int, int]:
        """What places are sorted by."""
        return self.file, self.number, self.item or 0

    @property
    def words(self) -> str:
        """Line and item, without the file."""
        return f"{self.unit} {self.number}" + (f" item {self.item}" if self.item is not None else "")

    def __str__(self) -> str:
        return f"{self.file} {self.words}"


@dataclass(frozen=True)
class Problem:
    """One kind of finding in one column of one table, however many rows it concerns.

    ``file`` and ``row`` are those of the first; ``rows`` are up to five places. No value is ever shown as it is: of
    values that are not private the shape may be (digits as 9, letters as a). ``places``, ``limit`` and ``shape`` are
    what the words were made of, so that findings of several portions can be told as one.
    """

    table: str | None
    file: str
    row: int | None
    column: str | None
    code: str
    message: str
    advice: str
    severity: Severity
    count: int
    rows: tuple[str, ...] = ()
    places: tuple[Place, ...] = field(default=(), repr=False)
    limit: str = field(default="", repr=False)
    shape: str | None = field(default=None, repr=False)

    def facts(self) -> dict[str, object]:
        """Return what a JSON report holds."""
        names = ("table", "file", "row", "column", "code", "message", "advice", "severity", "count", "rows")
        return {name: getattr(self, name) for name in names}

    def __str__(self) -> str:
        return f"{self.file}: {self.message}. {self.advice}"


def problems_of(draft: Draft, limits: Limits) -> list[Problem]:
    """Return all problems of a finished table, errors first."""
    problems = [*_broken_problems(draft), *_problems(draft, limits), *_unknown_columns(draft)]
    rows_in = len(draft.bad) + sum(len(part.broken) for part in draft.parts)
    if rows_in and not len(draft.good) and draft.contract.name != "creators":
        problems.append(_about(draft.contract.name, "none_usable", None, rows_in, ()))
    return sorted(problems, key=_order)


def similar_file(name: str, table: str) -> Problem:
    """Return the warning about a file that is named almost like a table."""
    message = f"is not read; a table is named `{table}`"
    return Problem(
        table, shown_name(name), None, None, "similar_file", message, CODES["similar_file"].advice, "warning", 1
    )


def merged_problems(portions: Iterable[Sequence[Problem]], unused: Iterable[tuple[str, int]]) -> list[Problem]:
    """Return the findings of several portions of one input as those of the whole, errors of a table first.

    Parameters
    ----------
    portions
        The findings of each portion, in reading order.
    unused
        Tables (but the creators) of which no row of any portion was used, with their rows.
    """
    found: dict[tuple[object, ...], list[Problem]] = {}
    for problem in (p for portion in portions for p in portion if p.code != "none_usable"):
        told = () if problem.places else (problem.message,)
        found.setdefault((problem.table, problem.column, problem.code, *told), []).append(problem)
    problems = [_sum(group) for group in found.values()]
    problems += [_about(table, "none_usable", None, rows, ()) for table, rows in unused if rows]
    tables = {name: i for i, name in enumerate(CONTRACTS)}
    return sorted(problems, key=lambda p: (tables.get(p.table or "", -1), *_order(p)))


def _order(problem: Problem) -> tuple[str, str, str]:
    """Return what problems of a table are sorted by, whatever portions they were found in: errors first."""
    return problem.severity, problem.code, problem.column or ""


def _sum(group: Sequence[Problem]) -> Problem:
    """Return problems of one table, column and code as one."""
    first = group[0]
    if len(group) == 1 or not first.places:
        return first
    # Portions need not follow the file: the first places are those of the whole.
    group = sorted(group, key=lambda p: p.places[0].key)
    first = group[0]
    places = sorted((place for problem in group for place in problem.places), key=lambda place: place.key)[:_EXAMPLES]
    column = CONTRACTS[first.table or ""].by_name[first.column] if first.column else None
    count = sum(problem.count for problem in group)
    return _about(first.table or "", first.code, column, count, places, first.limit, first.shape)


def _about(
    table: str,
    code: str,
    column: Column | None,
    count: int,
    places: Sequence[Place],
    limit: str = "",
    shape: str | None = None,
) -> Problem:
    """Put one finding into words, with the places of up to five rows."""
    kind = CODES[code]
    where = f"column `{column.name}`: " if column else ""
    files = list(dict.fromkeys(place.file for place in places))
    details = _list_places(places, count)
    if shape:
        details += f"; the first has the form '{shape}', 9 a digit and a a letter"
    message = f"{where}{count:,} {kind.one if count == 1 else kind.many}" + (f" ({details})" if details else "")
    advice = kind.advice.format(
        range=_range(column) if column else "",
        description=(column.description if column else "").rstrip("."),
        expected=EXPECTED[column.kind] if column else "",
        limit=limit,
    )
    file = files[0] if files else table
    row = places[0].number if places else None
    name = column.name if column else None
    shown = tuple(str(place) for place in places)
    return Problem(
        table, file, row, name, code, message, advice, kind.severity, count, shown, tuple(places), limit, shape
    )


def _list_places(places: Sequence[Place], count: int) -> str:
    """Return ``rows 2, 5 and 3 more``, with the files where they differ."""
    first = places[0] if places else None
    if first and all((p.file, p.unit, p.item) == (first.file, first.unit, None) for p in places):
        text = f"{first.unit}{'s' if len(places) > 1 else ''} " + ", ".join(str(p.number) for p in places)
    elif first and all(p.file == first.file for p in places):
        text = ", ".join(p.words for p in places)
    else:
        text = ", ".join(str(p) for p in places)
    return text + (f" and {count - len(places):,} more" if places and count > len(places) else "")


def _range(column: Column) -> str:
    if column.kind in ("date", "instant"):
        return "a day between 1990 and 2100"
    low, high = column.minimum, column.maximum
    return f"{low:,.0f} to {high:,.0f}" if low is not None and high is not None else "another value"


def _problems(draft: Draft, limits: Limits) -> list[Problem]:
    found = []
    for finding in draft.findings:
        column = draft.contract.by_name[finding.column] if finding.column else None
        places = [_place(draft, int(row)) for row in finding.rows[:_EXAMPLES]]
        shape = _shape(draft, column, int(finding.rows[0])) if column and finding.code in _SHAPED else None
        limit = _limit(finding.code, column, draft.contract.name, limits)
        found.append(_about(draft.contract.name, finding.code, column, len(finding.rows), places, limit, shape))
    return found


def _limit(code: str, column: Column | None, table: str, limits: Limits) -> str:
    if code == "text_cut":
        return f"{limits.text_characters:,} characters"
    if code == "too_many_rows":
        return f"{limits.rows_per_creator(table) or 0:,} rows of one creator"
    if column is not None and column.kind == "id":
        return f"{limits.id_characters:,} characters"
    return f"{limits.cell_bytes:,} bytes"


def _locate(draft: Draft, row: int) -> tuple[Part, int]:
    """Return the part that a row of the draft came from, and its position there."""
    for part in draft.parts:
        if row < len(part.numbers):
            return part, row
        row -= len(part.numbers)
    raise IndexError(row)


def _place(draft: Draft, row: int) -> Place:
    part, at = _locate(draft, row)
    item = int(part.items[at]) if part.items is not None else None
    return Place(part.file, part.unit, int(part.numbers[at]), item)


def _shape(draft: Draft, column: Column, row: int) -> str | None:
    """Return the outline of a text value that is not private: enough to recognise the fault, not the content."""
    if column.private or column.kind == "text":
        return None
    part, at = _locate(draft, row)
    array = part.columns.get(column.name)
    text = array[at].as_py() if array is not None else None
    return _outline(text) if text and isinstance(text, str) else None


def _outline(text: str) -> str:
    outline = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text[:25]))
    outline = "".join(sign if sign.isascii() and sign.isprintable() else "?" for sign in outline)
    return outline if len(text) <= 20 else outline[:19] + "…"


def _broken_problems(draft: Draft) -> list[Problem]:
    rows = [(part, broken) for part in draft.parts for broken in part.broken]
    found = []
    for code in dict.fromkeys(broken.code for _, broken in rows):
        of_code = [Place(part.file, part.unit, b.number, None) for part, b in rows if b.code == code]
        found.append(_about(draft.contract.name, code, None, len(of_code), of_code[:_EXAMPLES]))
    return found


def _unknown_columns(draft: Draft) -> list[Problem]:
    names = list(dict.fromkeys(name for part in draft.parts for name in part.unknown))
    if not names:
        return []
    code = CODES["unknown_column"]
    shown = ", ".join(f"`{shown_name(name)}`" for name in names[:_EXAMPLES])
    more = f" and {len(names) - _EXAMPLES} more" if len(names) > _EXAMPLES else ""
    message = f"{len(names)} {code.one if len(names) == 1 else code.many}: {shown}{more}"
    file = next(part.file for part in draft.parts if part.unknown)
    return [Problem(draft.contract.name, file, None, None, code.name, message, code.advice, "warning", len(names))]
