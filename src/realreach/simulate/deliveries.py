"""Deliveries with the timing of real ones, to be laid over honest curves."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from realreach.errors import InputError
from realreach.tables.core import FloatArray

__all__ = ["block_delivery", "drip_delivery", "ghostnet_shapes"]


def ghostnet_shapes(folder: Path, *, at_least: int = 20, within_days: float = 2.0) -> list[FloatArray]:
    """Read when the stars of each repository of the ghost network arrived, in days after its first star.

    Parameters
    ----------
    folder
        Folder of the data sets.
    at_least
        Repositories with fewer stargazers are left out.
    within_days
        Repositories of which less than 90 % came within so many days are left out (slow or repeated orders).

    Returns
    -------
    list of arrays
        Sorted arrival times of one delivery each.
    """
    import pandas as pd

    path = folder / "growth_ghostnet_events" / "events.csv.gz"
    if not path.is_file():
        raise InputError(
            "The reality checks need the data set 'growth_ghostnet_events' (file events.csv.gz), which is not in the "
            "given data sets folder. Give the right folder with --datasets."
        )
    events = pd.read_csv(path)
    stars = events[(events["type"] == "WatchEvent") & (events["is_owner"] == 0)]
    stars = stars.assign(time=pd.to_datetime(stars["created_at_utc"])).sort_values("time")
    stars = stars.drop_duplicates(["repo_hash", "actor_hash"])
    shapes = []
    for _, repository in stars.groupby("repo_hash"):
        seconds = repository["time"].to_numpy().astype("datetime64[s]").astype(np.float64)
        days = (seconds - seconds[0]) / 86_400
        if len(days) >= at_least and np.quantile(days, 0.9) <= within_days:
            shapes.append(days)
    return shapes


def block_delivery(rng: np.random.Generator, shapes: list[FloatArray], size: int, days: int) -> FloatArray:
    """Return followers added on each of ``days`` days by one order of ``size`` with the timing of a real delivery.

    The first follower comes at a random moment from the fourth day to four days before the end; what the shape would
    bring later than the last day is not delivered within the window.
    """
    arrivals = rng.choice(shapes[rng.integers(len(shapes))], size=size)
    return _by_day(arrivals + rng.uniform(3, days - 4), days)


def drip_delivery(rng: np.random.Generator, size: int, days: int, *, length: int = 30) -> FloatArray:
    """Return followers added on each day by an order of ``size`` spread evenly over ``length`` days."""
    start = rng.uniform(0, days - length)
    return _by_day(start + (np.arange(size) + rng.random()) * length / max(size, 1), days)


def _by_day(arrivals: FloatArray, days: int) -> FloatArray:
    day = np.floor(arrivals).astype(np.int64)
    return np.bincount(day[day < days], minlength=days).astype(np.float64)
