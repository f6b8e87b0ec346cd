"""Reading the files of a public data set, with an error that says what was expected when the file is another one."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from realreach.datasets.adapter import Adapter, DatasetError, ValueKind

__all__ = ["read_sources"]

_SUFFIXES = (".csv", ".csv.gz", ".parquet", ".jsonl", ".jsonl.gz", ".json")
_UNREADABLE = (OSError, EOFError, ValueError, KeyError, zlib.error)
_LISTED = 12


def read_sources(adapter: Adapter, folder: Path) -> dict[str, pd.DataFrame]:
    """Read the files that an adapter declares.

    A file may also come packed or unpacked, or as another of the readable formats (``repos.csv`` for
    ``repos.csv.gz``, ``stars.parquet`` for ``stars.csv``).

    Parameters
    ----------
    adapter
        The data set.
    folder
        The folder that holds its files.

    Returns
    -------
    dict
        File name as declared -> data frame with the declared columns only: text as strings (empty = missing),
        numbers as numbers, lists as Python lists.

    Raises
    ------
    DatasetError
        If the folder, a file or a column is missing, or a column holds something else. One message names all that is
        wrong, what was found, and what the file should look like.
    """
    if not folder.is_dir():
        raise DatasetError(f"{adapter.name}: folder `{folder.name}` is not there. {_advice(adapter)}")
    problems: list[str] = []
    frames: dict[str, pd.DataFrame] = {}
    for name, columns in adapter.files.items():
        path = _find(folder, name)
        if path is None:
            problems.append(f"file `{name}` is missing")
            continue
        try:
            frames[name] = _typed(_read(path), columns, path.name, adapter.optional)
        except DatasetError as err:
            problems.append(str(err))
    if problems:
        found = sorted(p.name for p in folder.iterdir())
        listed = ", ".join(found[:_LISTED]) + (f" and {len(found) - _LISTED} more" if len(found) > _LISTED else "")
        raise DatasetError(
            f"{adapter.name}: {'; '.join(problems)}. Found in the folder: {listed or 'nothing'}. "
            f"Expected {_shape(adapter)}. {_advice(adapter)}"
        )
    return frames


def _find(folder: Path, name: str) -> Path | None:
    """Return the file itself or a sibling that differs in its suffix only."""
    stem = name.split(".", 1)[0]
    candidates = [folder / name, *(folder / (stem + suffix) for suffix in _SUFFIXES)]
    return next((path for path in candidates if path.is_file()), None)


def _read(path: Path) -> pd.DataFrame:
    try:
        if path.name.endswith(".parquet"):
            return pd.read_parquet(path)
        if path.name.endswith((".jsonl", ".jsonl.gz")):
            content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            return pd.DataFrame([json.loads(line) for line in content.splitlines() if line.strip()])
        if path.name.endswith(".json"):
            return pd.DataFrame(list(json.loads(path.read_bytes())))
        # Everything as text first: a hash such as "0012e456" must not become a number.
        return pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    except _UNREADABLE as err:
        raise DatasetError(f"file `{path.name}` cannot be read ({type(err).__name__})") from err


def _typed(
    frame: pd.DataFrame, columns: Mapping[str, ValueKind], name: str, optional: frozenset[str] = frozenset()
) -> pd.DataFrame:
    """Return the declared columns, typed; raise with all that is wrong with this file."""
    frame = frame.reindex(columns=[*frame.columns, *(c for c in columns if c in optional - {*frame.columns})])
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        has = ", ".join(f"`{c}`" for c in list(frame.columns)[:_LISTED]) or "none"
        lacks = ", ".join(f"`{c}`" for c in missing)
        raise DatasetError(f"file `{name}` lacks column{'s' if len(missing) > 1 else ''} {lacks} (it has {has})")
    if frame.empty:
        raise DatasetError(f"file `{name}` has no rows")
    typed: dict[str, pd.Series] = {}
    wrong: list[str] = []
    for column, kind in columns.items():
        values, bad = _CASTS[kind](frame[column])
        if bad:
            wrong.append(f"column `{column}` of `{name}` holds no {kind} in {bad} of {len(frame)} rows")
        typed[column] = values
    if wrong:
        raise DatasetError("; ".join(wrong))
    return pd.DataFrame(typed)


def _as_number(values: pd.Series) -> tuple[pd.Series, int]:
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values, 0
    numbers = pd.to_numeric(values, errors="coerce")
    endless = np.isinf(numbers.to_numpy(dtype=np.float64, na_value=np.nan))
    return numbers, int((numbers.isna() & values.notna()).sum() + endless.sum())


def _as_text(values: pd.Series) -> tuple[pd.Series, int]:
    return values.astype("string"), 0


def _as_list(values: pd.Series) -> tuple[pd.Series, int]:
    return values, int((~values.map(lambda value: isinstance(value, list))).sum())


_CASTS = {"number": _as_number, "text": _as_text, "list": _as_list}


def _shape(adapter: Adapter) -> str:
    return "; ".join(f"`{name}` with columns {', '.join(columns)}" for name, columns in adapter.files.items())


def _advice(adapter: Adapter) -> str:
    return f"Where to get it: {adapter.obtain}"
