"""Scored batches from files, as predict.py writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from realreach.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_scores"]

_NEEDED = ("creator_id", "status", "fake_probability", "coverage")
_TEXT = ("creator_id", "platform", "as_of", "status", "status_reasons", "coverage", "model", "confidence",
         "schema_version", "band", "action", "action_reason", "policy", "currency")  # fmt: skip


def read_scores(path: str | Path) -> pd.DataFrame:
    """Return scores written by predict.py as CSV, JSON lines or Parquet.

    Parameters
    ----------
    path
        File whose suffix tells the format: ``.csv``, ``.jsonl``, ``.ndjson`` or ``.parquet``. In CSV the apostrophe
        before a key that begins with = + - @ is taken off again.

    Raises
    ------
    InputError
        If it cannot be read, lacks a column, or names a creator twice.
    """
    import pandas as pd

    source = Path(path)
    kind = source.suffix.lower()
    try:
        if kind == ".parquet":
            frame = pd.read_parquet(source)
        elif kind in (".jsonl", ".ndjson"):
            lines = source.read_text(encoding="utf-8").split("\n")
            frame = pd.DataFrame([json.loads(line) for line in lines if line.strip()])
        elif kind == ".csv":
            header = pd.read_csv(source, nrows=0).columns
            as_text = {name: "str" for name in _TEXT if name in header}
            # A creator may be called NA: only empty cells are missing.
            frame = pd.read_csv(source, dtype=as_text, keep_default_na=False, na_values=[""])
            keys = frame["creator_id"].astype(object) if "creator_id" in frame else None
            if keys is not None:
                frame["creator_id"] = keys.str.replace(r"^'(?=[=+\-@\t\r\x00])", "", regex=True)
        else:
            raise InputError(f"{source}: scores are read from .csv, .jsonl, .ndjson or .parquet")
    except (OSError, ValueError) as err:
        if isinstance(err, InputError):
            raise
        raise InputError(f"{source}: cannot be read as scores ({type(err).__name__})") from err
    lacking = [name for name in _NEEDED if name not in frame]
    if lacking:
        raise InputError(f"{source}: no scores of predict.py, the column {lacking[0]!r} is missing")
    twice = int(frame["creator_id"].dropna().duplicated().sum())
    if twice:
        raise InputError(f"{source}: {twice:,} creators come more than once. Give one row per creator.")
    return frame
