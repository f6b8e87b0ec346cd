"""The simulated world as data frames: any number of creators, in one or several processes, always the same."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from realreach.errors import UsageError
from realreach.simulate.creator import Columns, simulate_creator
from realreach.simulate.settings import SimulationSettings
from realreach.simulate.shared import WORLD_KEY, SharedWorld, draw_shared

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FRAMES", "World", "parts", "simulate"]

FRAMES = ("creators", "follower_history", "posts", "comments", "audience", "labels", "truth", "events")
"""Names of the frames of a world: six input tables, and what is true behind them."""

_TEXT = "str"
_DTYPES: dict[str, dict[str, str]] = {
    "creators": {
        "creator_id": _TEXT,
        "platform": _TEXT,
        "followers": "Int64",
        "following": "Int64",
        "posts_count": "Int64",
        "is_verified": "Int64",
        "category": _TEXT,
        "country": _TEXT,
        "language": _TEXT,
        "joined_on": "datetime64[s]",
        "price_per_post": "float64",
        "currency": _TEXT,
    },
    "follower_history": {
        "creator_id": _TEXT,
        "observed_on": "datetime64[s]",
        "followers": "Int64",
        "following": "Int64",
        "posts_count": "Int64",
    },
    "posts": {
        "creator_id": _TEXT,
        "post_id": _TEXT,
        "posted_at": "datetime64[s, UTC]",
        "likes": "Int64",
        "comments_count": "Int64",
        "views": "Int64",
        "shares": "Int64",
        "saves": "Int64",
        "format": _TEXT,
        "caption": _TEXT,
        "is_sponsored": "Int64",
        "likes_hidden": "Int64",
    },
    "comments": {
        "creator_id": _TEXT,
        "comment_id": _TEXT,
        "text": _TEXT,
        "post_id": _TEXT,
        "commented_at": "datetime64[s, UTC]",
        "author_id": _TEXT,
        "likes": "Int64",
        "parent_comment_id": _TEXT,
        "by_creator": "Int64",
        "author_shape": _TEXT,
    },
    "audience": {
        "creator_id": _TEXT,
        "account_id": _TEXT,
        "followers": "Int64",
        "following": "Int64",
        "posts_count": "Int64",
        "has_picture": "Int64",
        "is_private": "Int64",
        "bio_length": "Int64",
        "username_length": "Int64",
        "username_digits": "Int64",
        "follow_order": "Int64",
        "created_on": "datetime64[s]",
        "sampled_on": "datetime64[s]",
    },
    "labels": {
        "creator_id": _TEXT,
        "is_fake": "Int64",
        "as_of": "datetime64[s]",
        "mechanisms": _TEXT,
        "purchased_share": "float64",
        "purchased_engagement_share": "float64",
        "label_source": _TEXT,
        "group_id": _TEXT,
    },
    "truth": {
        "creator_id": _TEXT,
        "is_fake": "bool",
        "mechanisms": _TEXT,
        "evasion_level": "Int64",
        "purchased_share_followers": "float64",
        "suspicious_share_audience": "float64",
        "purchased_share_engagement": "float64",
        "purchased_share_likes": "float64",
        "purchased_share_comments": "float64",
        "purchased_share_views": "float64",
        "delivery_days": "float64",
        "days_since_last_purchase": "float64",
        "look_alikes": _TEXT,
        "platform": _TEXT,
        "tier": _TEXT,
        "population": _TEXT,
        "followers": "float64",
        "seller": "Int64",
    },
    "events": {
        "creator_id": _TEXT,
        "kind": _TEXT,
        "start": "datetime64[s, UTC]",
        "end": "datetime64[s, UTC]",
        "size": "float64",
        "post_ids": _TEXT,
        "comment_ids": _TEXT,
        "is_innocent": "bool",
    },
}


@dataclass(frozen=True)
class World:
    """Simulated creators: ``frames`` holds the input tables, ``truth`` and ``events``."""

    frames: dict[str, pd.DataFrame]
    seed: int
    settings: SimulationSettings


def simulate(
    creators: int, seed: int, settings: SimulationSettings | None = None, *, first: int = 0, workers: int = 1
) -> World:
    """Simulate creators in memory.

    Parameters
    ----------
    creators
        How many.
    seed
        The world: calendar, sellers and all creators come from it.
    settings
        What the world is made of; ``None`` = as in life.
    first
        Number of the first creator; creator ``first + 5`` is the same whatever ``first`` is.
    workers
        Processes; the result does not depend on it.

    Returns
    -------
    World
        ``frames["creators"]``, ``follower_history``, ``posts``, ``comments``, ``audience`` and ``labels`` with the
        columns of the input contracts; ``truth`` with one row per creator (mechanisms, evasion level, purchased
        shares, look-alikes);
        ``events`` with one row per event (start, end, size, posts and comments, innocent or not).

    Raises
    ------
    UsageError
        If the number of creators, the seed or the number of workers is out of range.

    Examples
    --------
    >>> world = simulate(3, seed=7)
    >>> world.frames["labels"]["creator_id"].tolist()
    ['sim7-000000', 'sim7-000001', 'sim7-000002']
    """
    settings = settings or SimulationSettings()
    pieces = list(parts(creators, seed, settings, first=first, workers=workers))
    return World(_join(pieces), seed, settings)


def parts(
    creators: int,
    seed: int,
    settings: SimulationSettings,
    *,
    first: int = 0,
    workers: int = 1,
    part_creators: int = 250,
) -> Iterator[dict[str, pd.DataFrame]]:
    """Yield the frames of a world in pieces of ``part_creators``, in order; only a few pieces are held at a time."""
    if not 1 <= creators <= WORLD_KEY - first:
        raise UsageError(f"creators must be 1 or more, got {creators}")
    if seed < 0 or first < 0:
        raise UsageError(f"seed and first must be 0 or more, got seed {seed} and first {first}")
    if workers < 1:
        raise UsageError(f"workers must be 1 or more, got {workers}")
    starts = range(first, first + creators, part_creators)
    jobs = [(seed, start, min(part_creators, first + creators - start), settings) for start in starts]
    if workers == 1 or len(jobs) == 1:
        yield from map(_part, jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        # Few pieces ahead of the reader: memory stays flat however many creators are asked for.
        waiting = [pool.submit(_part, job) for job in jobs[: workers + 1]]
        for job in jobs[workers + 1 :]:
            yield waiting.pop(0).result()
            waiting.append(pool.submit(_part, job))
        while waiting:
            yield waiting.pop(0).result()


@lru_cache(maxsize=4)
def _shared(seed: int, settings_json: str) -> SharedWorld:
    return draw_shared(seed, SimulationSettings.model_validate_json(settings_json))


def _part(job: tuple[int, int, int, SimulationSettings]) -> dict[str, pd.DataFrame]:
    seed, start, number, settings = job
    shared = _shared(seed, settings.model_dump_json())
    rows = [simulate_creator(seed, index, settings, shared) for index in range(start, start + number)]
    return {name: _frame(name, [row[name] for row in rows if row[name]]) for name in FRAMES}


def _frame(name: str, pieces: Sequence[Columns]) -> pd.DataFrame:
    """Join the columns of many creators into one typed frame."""
    import pandas as pd

    columns = {}
    for column, dtype in _DTYPES[name].items():
        if dtype in {_TEXT, "bool"}:
            columns[column] = pd.Series([value for piece in pieces for value in piece[column]], dtype=dtype)
        else:
            kind = "datetime64[s]" if dtype.startswith("datetime64") else "float64"
            arrays = [np.asarray(piece[column], dtype=kind) for piece in pieces]
            columns[column] = _series(np.concatenate(arrays) if arrays else np.zeros(0, dtype=kind), dtype)
    return pd.DataFrame(columns)


def _series(values: np.ndarray, dtype: str) -> pd.Series:
    import pandas as pd

    if dtype == "Int64":
        missing = np.isnan(values)
        whole = np.where(missing, 0, values).astype(np.int64)
        return pd.Series(pd.arrays.IntegerArray(whole, missing))
    if dtype.endswith("UTC]"):
        return pd.Series(values).dt.tz_localize("UTC")
    return pd.Series(values, dtype=dtype)


def _join(pieces: list[dict[str, pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    import pandas as pd

    return {name: pd.concat([piece[name] for piece in pieces], ignore_index=True) for name in FRAMES}
