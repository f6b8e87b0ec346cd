"""Simulated follower accounts against followers of real influencers, drawn at random from their audiences."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from realreach.errors import InputError
from realreach.simulate.check_compare import compare
from realreach.simulate.check_report import CheckRow, two_sample_row
from realreach.simulate.check_worlds import Worlds
from realreach.tables.core import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_followers"]

_FILE = Path("accounts_srf_followers", "unlabelled_sample.csv.gz")
# Our name of each column of the published sample.
_COLUMNS = {
    "posts_count": "posts",
    "following": "following",
    "followers": "followers",
    "username_length": "username_len",
    "username_digits": "username_digits",
    "has_picture": "has_profile_picture",
    "is_private": "private",
}
_COUNTS = ("posts_count", "following", "followers")
_ACCOUNTS = 2_000
_FEWEST = 200
# 26 % of the 115 influencers had more than half of their followers called fake, most others less than a quarter.
_LOADED_SHARE, _LOADED_FROM, _CLEAN_UP_TO = 0.26, 0.40, 0.25
_TIERS = {"10k-50k": 1.0, "50k-100k": 1.0, "100k-500k": 1.0}


def check_followers(worlds: Worlds) -> Iterator[CheckRow]:
    """Test whether single follower accounts can be told from real ones, in a crowd mixed as in the published sample."""
    what = "follower accounts, sample of the audiences of 115 Instagram influencers 2017"
    real = _real(worlds.datasets)
    frames = worlds.simulate("followers", platforms={"instagram": 1.0}, tiers=_TIERS, fake_share=0.7)
    rng = worlds.rng("followers")
    chosen = _mixed(frames, rng)
    if len(chosen) < _FEWEST:
        yield two_sample_row("1 followers", what, None)
        return
    ours = frames["audience"].iloc[chosen]
    number = min(len(real), len(ours), _ACCOUNTS)
    real = real.iloc[np.sort(rng.permutation(len(real))[:number])]
    simulated = ours.iloc[np.sort(rng.permutation(len(ours))[:number])]
    # Accounts of one simulated audience stay in one fold; of the real ones the creator is not known.
    owner = np.unique(simulated["creator_id"].to_numpy(dtype=object), return_inverse=True)[1].astype(np.int64)
    comparison = compare(
        _summaries(real),
        _summaries(simulated),
        real_groups=np.arange(len(real)) + 10_000,
        simulated_groups=owner,
        seed=worlds.seed,
    )
    yield two_sample_row("1 followers", what, comparison)


def _real(datasets: Path) -> pd.DataFrame:
    import pandas as pd

    path = datasets / _FILE
    if not path.is_file():
        raise InputError(
            f"{path.parent.name}/{path.name} is missing in the folder of the data sets. See that set's source."
        )
    rows = pd.read_csv(path, usecols=list(_COLUMNS.values())).dropna()
    return rows.rename(columns={theirs: ours for ours, theirs in _COLUMNS.items()})


def _mixed(frames: dict[str, pd.DataFrame], rng: np.random.Generator) -> IntArray:
    """Return rows of the audience table, mixed from loaded and clean audiences as the published ones were."""
    share = frames["truth"].set_index("creator_id")["suspicious_share_audience"]
    of_row = frames["audience"]["creator_id"].map(share).to_numpy(np.float64)
    loaded, clean = np.flatnonzero(of_row >= _LOADED_FROM), np.flatnonzero(of_row <= _CLEAN_UP_TO)
    total = min(len(loaded) / _LOADED_SHARE, len(clean) / (1.0 - _LOADED_SHARE), 2 * _ACCOUNTS)
    parts = ((loaded, _LOADED_SHARE), (clean, 1.0 - _LOADED_SHARE))
    return np.concatenate([rng.permutation(rows)[: int(total * part)] for rows, part in parts])


def _summaries(rows: pd.DataFrame) -> list[dict[str, float]]:
    values: dict[str, FloatArray] = {name: rows[name].to_numpy(np.float64) for name in _COLUMNS}
    values |= {name: np.log1p(values[name]) for name in _COUNTS}
    values["following_per_follower"] = values["following"] - values["followers"]
    return [dict(zip(values, line, strict=True)) for line in zip(*(v.tolist() for v in values.values()), strict=True)]
