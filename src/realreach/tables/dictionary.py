"""The data dictionary and the JSON schema, made from the contracts so that they cannot go stale.

``python -m realreach.tables.dictionary`` writes both into the folder ``data`` of the working directory.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from realreach.tables.codes import CODES
from realreach.tables.contract import CONTRACTS, SCHEMA_VERSION, Column, TableContract
from realreach.tables.limits import Limits

__all__ = ["data_dictionary", "json_schema", "main", "with_section"]

_BEGIN = "<!-- tables:begin -->"
_END = "<!-- tables:end -->"

_KINDS = {
    "id": "key (text)",
    "category": "word",
    "text": "text",
    "count": "whole number",
    "number": "number",
    "flag": "0 or 1",
    "date": "day (UTC)",
    "instant": "time (UTC)",
}

_RULES = """\
### How values are read

- **Unknown** is an empty CSV cell, `null`, or a key left out. It is never read as zero. An empty or blank text is
  unknown.
- **Keys** stay text, unchanged: `NA`, `null`, `007`, `1e5` and `true` are ordinary keys. Whole numbers from Parquet,
  JSON and data frames become text.
- **Words** are compared in lower case, without blanks around them; shapes of handles as they are written.
- **Numbers** are digits with a point for decimals; `12.0` is a whole number, `12.3K`, `1.234.567` and `12,5` are not
  guessed at.
- **Flags** are `0`, `1`, `true`, `false`, `yes` or `no` in any case.
- **Days** are `2024-01-31`. A time is accepted too: with a zone it is converted to its UTC day; without one its day
  is taken as written. Of several counts of one day the one with the latest time is kept.
- **Times** are ISO 8601 with a zone: `2024-01-31T18:00:00Z`, `2024-01-31 18:00+07:00`. Times without zone are set
  aside unless a zone is given for the whole input (`assume_tz`); an hour that occurs twice is then taken the first
  time, an hour that the clock skips as the moment of the change. Epoch numbers are not guessed at.
- Years run from 1990 to 2100. The day of the decision, not the clock, says what is the future: later rows are not
  read.

### How rows are read

- The order of rows, columns and files does not matter.
- Rows with the same key that say the same are merged and counted; if they differ, all of them are set aside.
- A count of 0 followers between counts above 0 is a collector's fault and is set aside. Counts that fall are normal.
- Likes of a post whose likes are hidden are taken as unknown.
- A row with any value that cannot be read is set aside as a whole, never repaired in silence. `rows in = used +
  merged duplicates + set aside`, for every table.
- Columns that are not listed are not read; their names are reported once. Names that begin with `_` are ours.

### Forms

A folder with one file per table (`creators.csv`, `posts.jsonl`, `comments.parquet`; text also as `.gz` or `.zst`) or
a folder of part files per table (`posts/part-000.parquet`); or one nested JSON record per creator and line: the
columns of `creators`, with the other tables as lists of row objects (or as an object of equally long lists), and
`labels` as one object. `schema.json` beside this file describes that record.

Rows that were set aside can be written to a quarantine folder, one file per table with the original columns and
`_file`, `_row`, `_error_columns`, `_errors` (and `_raw` for rows that could not be taken apart). Mend it, take
the bad rows out of the original, and put the mended file beside it as one more part file, for example
`posts/part-000.csv` and `posts/mended.csv`; the `_` columns may stay. Of rows that share a key keep one.
"""


def data_dictionary() -> str:
    """Return the data dictionary in Markdown: tables, rules, codes and limits.

    Examples
    --------
    >>> data_dictionary().splitlines()[0]
    '## Input tables'
    """
    head = (
        f"## Input tables\n\nVersion {SCHEMA_VERSION}. Only `creators` is required; columns in **bold** are required.\n"
    )
    return "\n".join([head, *(_table(contract) for contract in CONTRACTS.values()), _RULES, _codes(), _limits()])


def _table(contract: TableContract) -> str:
    key = ", ".join(f"`{name}`" for name in contract.key)
    lines = [f"### {contract.name}\n", f"{contract.description} Key: {key}.\n"]
    lines += ["| column | type | unit | range | private | meaning |", "|---|---|---|---|---|---|"]
    for column in contract.columns:
        name = f"**{column.name}**" if column.required else column.name
        private = "yes" if column.private else ""
        cells = (name, _KINDS[column.kind], column.unit, _range(column), private, column.description)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _range(column: Column) -> str:
    if column.minimum is None:
        return ""
    return f"{column.minimum:,.0f} to {column.maximum:,.0f}" if column.maximum is not None else "0 or more"


def _codes() -> str:
    lines = [
        "### Codes\n",
        "What checking can find, and what happens then.\n",
        "| code | effect | meaning |",
        "|---|---|---|",
    ]
    lines += [f"| `{code.name}` | {code.effect} | {code.meaning} |" for code in CODES.values()]
    return "\n".join(lines) + "\n"


def _limits() -> str:
    limits = Limits()
    lines = ["### Limits\n", "| limit | default |", "|---|---|"]
    lines += [f"| `{name}` | {getattr(limits, name):,} |" for name in Limits.__dataclass_fields__]
    return "\n".join(lines) + "\n"


def json_schema() -> dict[str, object]:
    """Return the JSON schema (draft 2020-12) of one nested record.

    It is what a well-formed producer should send; reading is a little more lenient (a number may also come as text).

    Examples
    --------
    >>> json_schema()["required"]
    ['creator_id', 'platform']
    """
    creators = _row_schema(CONTRACTS["creators"], outer=None)
    properties = dict(creators.pop("properties"))  # type: ignore[call-overload]
    definitions = {}
    for name, contract in CONTRACTS.items():
        if name == "creators":
            continue
        definitions[name] = _row_schema(contract, outer="creator_id")
        row: dict[str, object] = {"$ref": f"#/$defs/{name}"}
        many: dict[str, object] = {"anyOf": [{"type": "array", "items": row}, _column_lists(contract)]}
        inner = row if name == "labels" else many
        properties[name] = {"description": contract.description, **inner}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "realreach creator record",
        "description": "One creator with all tables inside. Unknown is null or left out, never zero.",
        "version": SCHEMA_VERSION,
        **creators,
        "properties": properties,
        "$defs": definitions,
    }


def _row_schema(contract: TableContract, outer: str | None) -> dict[str, object]:
    """Describe a row; the column ``outer`` is given by the record around it."""
    return {
        "type": "object",
        "required": [c.name for c in contract.columns if c.required and c.name != outer],
        "properties": {c.name: _value(c) for c in contract.columns if c.name != outer},
    }


def _column_lists(contract: TableContract) -> dict[str, object]:
    columns = [c for c in contract.columns if c.name != "creator_id"]
    return {
        "type": "object",
        "description": "The same as lists of equal length, one per column: smaller and faster.",
        "required": [c.name for c in columns if c.required],
        "properties": {c.name: {"type": "array", "items": _value(c)} for c in columns},
    }


def _value(column: Column) -> dict[str, object]:
    kinds: list[str] = {"count": ["integer"], "number": ["number"], "flag": ["boolean", "integer"]}.get(
        column.kind, ["string"]
    )
    if column.kind == "id":
        kinds = ["string", "integer"]
    value: dict[str, object] = {"description": column.description}
    value["type"] = (
        kinds[0] if column.required and len(kinds) == 1 else [*kinds, *([] if column.required else ["null"])]
    )
    if column.kind == "flag":
        del value["type"]
        value["enum"] = [0, 1, True, False, *([] if column.required else [None])]
    if column.kind == "category" and column.pattern:
        # Most are read in lower case, so a sender may use either.
        value["pattern"] = f"^(?:{column.pattern if column.cased else column.pattern.replace('a-z', 'A-Za-z')})$"
        if column.without:
            value["not"] = {"pattern": column.without}
    if column.kind == "date":
        value["format"] = "date"
    if column.kind == "instant":
        value["format"] = "date-time"
    if column.minimum is not None:
        value["minimum"] = column.minimum
    if column.maximum is not None:
        value["maximum"] = column.maximum
    return value


def with_section(page: str) -> str:
    """Return a page with the text between the markers replaced by the dictionary; appended if there are no markers."""
    section = f"{_BEGIN}\n{data_dictionary()}{_END}"
    before, begin, rest = page.partition(_BEGIN)
    if not begin:
        return f"{page.rstrip()}\n\n{section}\n".lstrip()
    return before + section + rest.partition(_END)[2]


def main() -> None:
    """Rewrite ``data/README.md`` and ``data/schema.json`` in the working directory."""
    folder = Path("data")
    page = folder / "README.md"
    page.write_text(with_section(page.read_text("utf-8") if page.exists() else "# Data\n"), "utf-8")
    (folder / "schema.json").write_text(json.dumps(json_schema(), indent=2) + "\n", "utf-8")
    sys.stderr.write("data/README.md and data/schema.json are current\n")


if __name__ == "__main__":
    main()
