"""Writing raw tables to a folder that ``train.py`` and ``predict.py`` read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from realreach.datasets.adapter import Adapter
from realreach.datasets.catalogue import snapshot_day
from realreach.errors import OutputError
from realreach.tables.contract import CONTRACTS, Kind

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Format", "write_frames"]

Format = Literal["csv", "parquet"]

_TYPES: Mapping[Kind, pa.DataType] = {
    "id": pa.string(),
    "category": pa.string(),
    "text": pa.string(),
    "count": pa.int64(),
    "number": pa.float64(),
    "flag": pa.int64(),
    "date": pa.date32(),
    "instant": pa.timestamp("us", tz="UTC"),
}


def write_frames(
    frames: Mapping[str, pd.DataFrame], folder: str | Path, adapter: Adapter, *, file_format: Format = "csv"
) -> list[Path]:
    """Write raw tables, one file per table, with a README that names source and licence.

    Parameters
    ----------
    frames
        Raw tables by name, as from ``load_dataset``.
    folder
        Where to; made if it is not there. It must be empty.
    adapter
        The data set, for the README.
    file_format
        ``csv`` or ``parquet``.

    Returns
    -------
    list of Path
        The files written, the README last.

    Raises
    ------
    OutputError
        If the folder holds files already or cannot be written.
    """
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise OutputError(f"Folder `{target.name}` is not empty. Choose a new folder, or empty it first.")
        written = [_write(frame, target / f"{table}.{file_format}", table) for table, frame in frames.items()]
        readme = target / "README.md"
        readme.write_text(_readme(adapter, frames), encoding="utf-8")
    except OSError as err:
        if isinstance(err, OutputError):
            raise
        raise OutputError(f"Folder `{target.name}` cannot be written ({err.strerror or type(err).__name__}).") from err
    return [*written, readme]


def _write(frame: pd.DataFrame, path: Path, table: str) -> Path:
    columns = CONTRACTS[table].by_name
    arrow = pa.table({name: _array(frame[name], columns[name].kind) for name in frame.columns})
    if path.suffix == ".parquet":
        pa.parquet.write_table(arrow, path)
    else:
        pa.csv.write_csv(arrow.cast(_in_seconds(arrow.schema)), path)
    return path


def _in_seconds(schema: pa.Schema) -> pa.Schema:
    """Return the schema with instants in whole seconds, which no source is finer than: CSV shows every digit."""
    seconds = pa.timestamp("s", tz="UTC")
    return pa.schema([field.with_type(seconds) if pa.types.is_timestamp(field.type) else field for field in schema])


def _array(values: pd.Series, kind: Kind) -> pa.Array:
    if kind == "instant":
        # Without the zone first: Arrow's own way of reading zoned pandas columns is deprecated in pandas 3.
        values = values.dt.tz_convert(None)
        return pa.array(values, pa.timestamp("us")).cast(_TYPES[kind])
    return pa.array(values, _TYPES[kind], from_pandas=True)


def _readme(adapter: Adapter, frames: Mapping[str, pd.DataFrame]) -> str:
    counts = ", ".join(f"{name} {len(frame):,} rows" for name, frame in frames.items())
    lines = [
        f"# {adapter.name}",
        "",
        f"{adapter.title}. Converted by `realreach datasets convert`; {counts}.",
        "",
        f"- Source: {adapter.source}",
        f"- Licence: {adapter.licence}",
    ]
    day = snapshot_day(adapter.name, frames)
    if day is not None:
        lines.append(f"- All counts were taken at one time: score them with `--as-of {day}`.")
    return "\n".join([*lines, *([f"- Notes: {adapter.notes}"] if adapter.notes else []), ""])
