"""Simulated worlds with their truth: made in memory, read from a folder, refused if a model was trained on them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from realreach.errors import InputError, UsageError
from realreach.simulate.settings import SimulationSettings
from realreach.tables import read_tables, tables_from_frames
from realreach.tables.core import Tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SimulatedWorld", "load_world", "make_world", "refuse_trained_seeds", "world_seeds"]

_TRUTH = (
    "creator_id", "is_fake", "mechanisms", "evasion_level", "purchased_share_followers", "purchased_share_engagement",
    "delivery_days", "days_since_last_purchase", "look_alikes", "platform", "tier",
)  # fmt: skip
_EVENTS = ("creator_id", "kind", "start", "end", "size", "post_ids", "is_innocent")


@dataclass(frozen=True, eq=False)
class SimulatedWorld:
    """A simulated world with its truth. ``settings`` None: where it came from is not known, nothing can be added."""

    tables: Tables
    truth: pd.DataFrame
    events: pd.DataFrame | None
    seed: int | None
    next_creator: int
    settings: SimulationSettings | None


def make_world(
    creators: int, seed: int, settings: SimulationSettings | None = None, *, first: int = 0, workers: int = 1
) -> SimulatedWorld:
    """Simulate a world in memory; see :func:`realreach.simulate.simulate` for the arguments and what raises."""
    from realreach.simulate.world import simulate

    settings = settings or SimulationSettings()
    frames = dict(simulate(creators, seed, settings, first=first, workers=workers).frames)
    truth, events = frames.pop("truth"), frames.pop("events")
    return SimulatedWorld(tables_from_frames(frames).tables, truth, events, seed, first + creators, settings)


def load_world(folder: str | Path) -> SimulatedWorld:
    """Read a folder written by ``realreach simulate``: tables, ``truth/`` and ``simulation.json``.

    Raises
    ------
    InputError
        If the truth is missing or lacks a column, or the tables cannot be used.
    """
    root = Path(folder)
    if not root.is_dir():
        raise InputError(f"{root}: no such folder. Make a world with: realreach simulate --seed N --out {root}")
    truth = _read_truth(root, "truth", _TRUTH)
    events = _read_truth(root, "events", _EVENTS)
    tables = read_tables(root).tables
    mark = root / "simulation.json"
    if not mark.is_file():
        return SimulatedWorld(tables, truth, events, None, 0, None)
    try:
        about = json.loads(mark.read_text(encoding="utf-8"))
        settings = SimulationSettings.model_validate(about["settings"])
        seed, following = int(about["seed"]), int(about["first"]) + int(about["creators"])
    except (ValueError, KeyError, TypeError) as err:
        raise InputError(
            f"{mark}: not what realreach simulate writes ({type(err).__name__}). Simulate the world again."
        ) from err
    return SimulatedWorld(tables, truth, events, seed, following, settings)


def _read_truth(root: Path, name: str, needed: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    place = root / "truth"
    found = sorted(place.glob(f"{name}.*")) or sorted((place / name).glob("part-*"))
    if not found:
        raise InputError(f"{root}: truth/{name} is missing. Judging needs a world written by realreach simulate.")
    frame = pd.concat([_read_frame(path) for path in found], ignore_index=True)
    missing = [c for c in needed if c not in frame]
    if missing:
        raise InputError(
            f"{root}: truth/{name} lacks {', '.join(missing)}. Simulate the world again with this version."
        )
    frame = frame[list(needed)]
    texts = {
        c: frame[c].astype(object).fillna("") for c in ("mechanisms", "look_alikes", "kind", "post_ids") if c in frame
    }
    flags = {c: frame[c].astype(bool) for c in ("is_fake", "is_innocent") if c in frame}
    return frame.assign(**texts, **flags)


def _read_frame(path: Path) -> pd.DataFrame:
    import pandas as pd

    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype={"creator_id": "str"}, low_memory=False)
    return pd.read_json(path, lines=True, dtype=False)


def world_seeds(creator_ids: Iterable[str]) -> set[int]:
    """Return the seeds of the simulated worlds that these creators come from, as their keys tell.

    Examples
    --------
    >>> world_seeds(["sim7-000000", "sim7-000001", "someone"])
    {7}
    """
    matches = (re.fullmatch(r"sim(\d+)-\d+", key) for key in creator_ids)
    return {int(match[1]) for match in matches if match}


def refuse_trained_seeds(world: SimulatedWorld, trained: Iterable[int]) -> None:
    """Refuse a world of a seed that was trained on: the same sellers and the same calendar are in it.

    Raises
    ------
    UsageError
        With a seed to take instead.
    """
    trained = set(trained)
    own = world_seeds(world.tables.creator_ids.to_pylist()) | ({world.seed} if world.seed is not None else set())
    if own & trained:
        free = next(seed for seed in range(101, 10**9) if seed not in trained)
        raise UsageError(
            f"the model was trained on creators of seed {min(own & trained)}, the seed of the world to judge it on. "
            f"Take another one, such as: realreach simulate --seed {free}"
        )
