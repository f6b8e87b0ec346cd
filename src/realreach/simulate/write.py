"""Write a simulated world to a folder of part files: whole or not at all, in bounded memory."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from realreach.errors import OutputError, UsageError
from realreach.simulate.settings import SimulationSettings
from realreach.simulate.world import FRAMES, parts

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "Format", "write_world"]

Format = Literal["parquet", "csv", "jsonl"]
FORMATS: tuple[Format, ...] = ("parquet", "csv", "jsonl")

_MARK = "simulation.json"
_TRUTH = ("truth", "events")  # not input: they lie in a folder of their own
_DATES = {"observed_on", "as_of", "joined_on", "created_on", "sampled_on"}


def write_world(
    out: str | Path,
    creators: int,
    seed: int,
    settings: SimulationSettings | None = None,
    *,
    format: Format = "parquet",  # noqa: A002 - the word that users know
    first: int = 0,
    part_creators: int = 1_000,
    workers: int = 1,
    overwrite: bool = False,
    progress: bool = True,
) -> dict[str, int]:
    """Simulate creators and write them to a new folder.

    Parameters
    ----------
    out
        Folder to make. It holds one file per table, or a folder of part files per table if there are more than
        ``part_creators`` creators; ``truth/`` with what is true behind the tables (``truth``, ``events``); and
        ``simulation.json`` with seed and settings. It appears only when everything is written.
    creators, seed, settings, first, workers
        As in :func:`realreach.simulate.simulate`.
    format
        ``parquet``, ``csv`` or ``jsonl``.
    overwrite
        Replace an older simulation of the same name. Other folders are never replaced.
    progress
        Show a bar on standard error (only if that is a terminal).

    Returns
    -------
    dict
        Number of rows by table.

    Raises
    ------
    UsageError
        If an argument is out of range.
    OutputError
        If the folder exists (and may not be replaced) or cannot be written.
    """
    if format not in FORMATS:
        raise UsageError(f"format must be one of {', '.join(FORMATS)}, got {format!r}")
    if part_creators < 1:
        raise UsageError(f"part_creators must be 1 or more, got {part_creators}")
    out = Path(out)
    _refuse_existing(out, overwrite=overwrite)
    settings = settings or SimulationSettings()
    partial = out.with_name(f".{out.name}.partial-{os.getpid()}")
    try:
        partial.mkdir(parents=True)
        rows = _write_parts(partial, creators, seed, settings, format, first, part_creators, workers, progress)
        about = {"creators": creators, "first": first, "seed": seed, "rows": rows}
        about["settings"] = settings.model_dump(mode="json")
        (partial / _MARK).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        if out.exists():
            shutil.rmtree(out)
        partial.rename(out)
    except OSError as err:
        raise OutputError(f"cannot write {out}: {err.strerror or err}. Choose another folder with --out.") from err
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return rows


def _refuse_existing(out: Path, *, overwrite: bool) -> None:
    if not out.exists():
        return
    if not overwrite:
        raise OutputError(f"{out} exists already. Choose another folder, or replace an older one with --overwrite.")
    if not (out / _MARK).is_file():
        raise OutputError(f"{out} holds no simulation (no {_MARK}), so it is not replaced. Choose another folder.")


def _write_parts(
    folder: Path,
    creators: int,
    seed: int,
    settings: SimulationSettings,
    format: Format,  # noqa: A002
    first: int,
    part_creators: int,
    workers: int,
    progress: bool,
) -> dict[str, int]:
    from tqdm import tqdm

    rows = dict.fromkeys(FRAMES, 0)
    several = creators > part_creators
    write = _WRITERS[format]
    pieces = parts(creators, seed, settings, first=first, workers=workers, part_creators=part_creators)
    with tqdm(total=creators, unit=" creators", disable=None if progress else True) as bar:
        for number, frames in enumerate(pieces):
            for name, frame in frames.items():
                place = folder / "truth" if name in _TRUTH else folder
                path = place / name / f"part-{number:05d}.{format}" if several else place / f"{name}.{format}"
                path.parent.mkdir(parents=True, exist_ok=True)
                write(frame, path)
                rows[name] += len(frame)
            bar.update(len(frames["creators"]))
    return rows


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {}
    for name, column in frame.items():
        if str(column.dtype).endswith("UTC]"):
            values = column.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
            columns[str(name)] = pa.array(values, pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
        elif column.dtype.kind == "M":
            columns[str(name)] = pa.array(column.to_numpy().astype("datetime64[D]"), pa.date32())
        else:
            columns[str(name)] = pa.array(column)
    pq.write_table(pa.table(columns), path, compression="zstd")


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with days and instants as ISO text."""
    text = {}
    for name, column in frame.items():
        if column.dtype.kind == "M":
            text[str(name)] = column.dt.strftime("%Y-%m-%d" if name in _DATES else "%Y-%m-%dT%H:%M:%SZ")
    return frame.assign(**text)


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    _as_text(frame).to_csv(path, index=False, lineterminator="\n")


def _write_jsonl(frame: pd.DataFrame, path: Path) -> None:
    _as_text(frame).to_json(path, orient="records", lines=True, force_ascii=False)


_WRITERS: dict[Format, Callable[[pd.DataFrame, Path], None]] = {
    "parquet": _write_parquet,
    "csv": _write_csv,
    "jsonl": _write_jsonl,
}
