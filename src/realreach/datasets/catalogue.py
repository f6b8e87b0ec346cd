"""The adapters by name, and the one way through which a local copy becomes raw tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from realreach.datasets.account_sets import ACCOUNT_SETS
from realreach.datasets.adapter import Adapter, DatasetError, Options
from realreach.datasets.comment_sets import COMMENTS_INSTAGRAM_ID_CELEBS, COMMENTS_YOUTUBE_ID_2025
from realreach.datasets.curves import (
    GROWTH_GITHUB_DAILY,
    GROWTH_SINGLE_ACCOUNTS,
    GROWTH_TWITTER_POLITICIANS,
    GROWTH_VTUBER_DAILY,
    GROWTH_YOUTUBE_TECH_DAILY,
)
from realreach.datasets.follow_order import GROWTH_TWITTER_FOLLOWORDER
from realreach.datasets.profiles import (
    ACCOUNTS_IG_CREATORS_2017,
    ACCOUNTS_IG_CREATORS_ID2020,
    ACCOUNTS_IG_ORDINARY_2018,
    ACCOUNTS_TIKTOK_CREATORS_2020,
)
from realreach.datasets.reading import read_sources
from realreach.datasets.starscout import GROWTH_STARSCOUT_MONTHLY
from realreach.datasets.starscout_ratios import GROWTH_STARSCOUT_RATIOS
from realreach.errors import RealreachError, UsageError
from realreach.tables.contract import CONTRACTS

__all__ = ["ADAPTERS", "find_adapter", "load_dataset", "snapshot_day"]

ADAPTERS: Mapping[str, Adapter] = MappingProxyType(
    {
        adapter.name: adapter
        for adapter in (
            GROWTH_STARSCOUT_MONTHLY,
            GROWTH_STARSCOUT_RATIOS,
            GROWTH_VTUBER_DAILY,
            GROWTH_GITHUB_DAILY,
            GROWTH_TWITTER_POLITICIANS,
            GROWTH_YOUTUBE_TECH_DAILY,
            GROWTH_SINGLE_ACCOUNTS,
            GROWTH_TWITTER_FOLLOWORDER,
            ACCOUNTS_IG_CREATORS_ID2020,
            ACCOUNTS_IG_CREATORS_2017,
            ACCOUNTS_IG_ORDINARY_2018,
            ACCOUNTS_TIKTOK_CREATORS_2020,
            COMMENTS_YOUTUBE_ID_2025,
            COMMENTS_INSTAGRAM_ID_CELEBS,
        )
    }
)
"""Every public data set that realreach can read, by name."""


def find_adapter(name: str) -> Adapter:
    """Return the adapter of this name.

    Raises
    ------
    UsageError
        If there is none (the message lists the names), or it is a set of single accounts.

    Examples
    --------
    >>> find_adapter("growth_vtuber_daily").tables
    ('creators', 'follower_history')
    """
    if name in ACCOUNT_SETS:
        raise UsageError(
            f"{name} is a set of single accounts, not of creators: `realreach train-accounts` and `realreach "
            "benchmark` read it as it is, there is nothing to convert."
        )
    if name not in ADAPTERS:
        raise UsageError(f"There is no data set `{name}`. Known: {', '.join(ADAPTERS)}.")
    return ADAPTERS[name]


def load_dataset(
    name: str, folder: str | Path, *, min_months: int | None = None, include: str | None = None
) -> dict[str, pd.DataFrame]:
    """Turn a local copy of a public data set into raw tables.

    Parameters
    ----------
    name
        Name of the set, a key of ``ADAPTERS``.
    folder
        The folder that holds the files of the set.
    min_months
        Keep creators whose history spans at least this many months (sets that offer it; default there: 6).
    include
        Extra rows that are left out by default (sets that offer it).

    Returns
    -------
    dict
        Table name -> raw frame with the column names of the table contracts, in the order of the contracts. Days are
        naive timestamps at midnight, instants are in UTC, unknown values are missing. The frames are not checked yet:
        pass them to ``realreach.tables.tables_from_frames``.

    Raises
    ------
    UsageError
        If there is no such set, or it does not offer the option.
    DatasetError
        If the folder holds other files: names the missing files and columns, what was found and what was expected.
    """
    adapter = find_adapter(name)
    given = {"min_months": min_months, "include": include}
    given = {key: value for key, value in given.items() if value is not None}
    refused = sorted(set(given) - set(adapter.options))
    if refused:
        offers = ", ".join(f"`{key}`" for key in adapter.options) or "none"
        raise UsageError(f"{name} has no option `{'`, `'.join(refused)}`. It offers: {offers}.")
    if min_months is not None and min_months < 1:
        raise UsageError(f"{name}: `min_months` must be 1 or more, got {min_months} instead.")
    sources = read_sources(adapter, Path(folder))
    try:
        frames = adapter.convert(sources, Options(**given))  # type: ignore[arg-type]
    except RealreachError:
        raise
    except (ValueError, TypeError, KeyError, OverflowError) as err:
        # No value of the file goes into the message: it may be private.
        raise DatasetError(
            f"{name}: the files have the expected columns, but some value in them has another form "
            f"({type(err).__name__}). Compare them with the set as published: {adapter.obtain}"
        ) from err
    if frames["creators"].empty:
        raise DatasetError(f"{name}: no creator is left with these options. Ask for fewer months, or check the files.")
    return {table: frames[table] for table in CONTRACTS if table in frames}


def snapshot_day(name: str, frames: Mapping[str, pd.DataFrame]) -> np.datetime64 | None:
    """Return the day of decision that fits all creators of a set, if there is one.

    Parameters
    ----------
    name
        Name of the set.
    frames
        Its raw tables from :func:`load_dataset`.

    Returns
    -------
    datetime64 or None
        The day after the newest row where all counts were taken on one occasion; None where each creator has an own
        end (then the day after the creator's own last row is right, or the label's ``as_of``).
    """
    if not find_adapter(name).collected_at_once:
        return None
    newest = [
        frame[CONTRACTS[table].time].max()
        for table, frame in frames.items()
        if CONTRACTS[table].time is not None and len(frame)
    ]
    last = max(pd.Timestamp(value).tz_localize(None) for value in newest)
    return np.datetime64(last, "D") + np.timedelta64(1, "D")
