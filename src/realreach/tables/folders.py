"""Which files of a folder are which table."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from realreach.tables.contract import CONTRACTS
from realreach.tables.files import FORMATS, REFUSED, file_format
from realreach.tables.parts import Refusal, shown_name

__all__ = ["check_ending", "similar_files", "table_files"]

_READ = "CSV, JSON lines (.jsonl, .ndjson) or Parquet"


def check_ending(path: Path, shown: str) -> None:
    """Refuse a file by its ending.

    Raises
    ------
    Refusal
        ``refused_format`` with the reason.
    """
    ending = path.suffix.lower()
    if ending in REFUSED:
        raise Refusal("refused_format", shown, f"is refused: {REFUSED[ending]}", f"Give {_READ}.")


def table_files(folder: Path, table: str, wanted: str | None) -> list[tuple[Path, str]]:
    """Return the files of one table with the names to show: one file, or the part files of a folder of that name.

    Parameters
    ----------
    folder
        Where to look.
    table
        Name of the table.
    wanted
        Only this format; None for any.

    Raises
    ------
    Refusal
        ``ambiguous_files`` if several could be meant; ``refused_format`` for a file of a format that is not read.
    """
    matching = [p for p in sorted(folder.iterdir()) if p.name.split(".")[0] == table]
    files = [p for p in matching if p.is_file() and _is_wanted(p, wanted)]
    parts = folder / table
    if len(files) + parts.is_dir() > 1:
        names = ", ".join(p.name for p in [*files, *([parts] if parts.is_dir() else [])])
        advice = "Keep one of them, or put all parts into one folder."
        raise Refusal("ambiguous_files", table, f"could be several files: {names}", advice, table)
    if files:
        return [(files[0], files[0].name)]
    if parts.is_dir():
        return _part_files(parts, table, wanted)
    for path in matching:
        check_ending(path, path.name)
        if path.suffix.lower() == ".json":
            message = "is one JSON document, not lines"
            raise Refusal("refused_format", path.name, message, f"Write one object per line and name it {table}.jsonl.")
    return []


def _part_files(parts: Path, table: str, wanted: str | None) -> list[tuple[Path, str]]:
    found = [p for p in sorted(parts.iterdir()) if p.is_file() and not p.name.startswith((".", "_"))]
    for path in found:
        check_ending(path, f"{table}/{path.name}")
    files = [(p, f"{table}/{p.name}") for p in found if _is_wanted(p, wanted)]
    if not files:
        message = "is a folder without part files"
        raise Refusal("missing_table", f"{table}/", message, f"Put {_READ} files into it, or remove it.", table)
    return files


def _is_wanted(path: Path, wanted: str | None) -> bool:
    found = file_format(path.name)
    return found in ("csv", "jsonl", "parquet") and (wanted is None or found == wanted)


def similar_files(folder: Path) -> Iterable[tuple[str, str]]:
    """Yield name and table of data files that are named almost like a table and so are not read."""
    for path in sorted(folder.iterdir()):
        stem = path.name.split(".")[0]
        is_data = path.is_dir() or any(ending in FORMATS for ending in path.suffixes)
        if stem in CONTRACTS or not is_data or stem.startswith("_"):
            continue
        close = difflib.get_close_matches(stem.lower(), CONTRACTS, n=1, cutoff=0.85)
        if close:
            yield shown_name(path.name), close[0]
