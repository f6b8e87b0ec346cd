"""Simulated curves and posts in the shapes of the real sets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.simulate.check_sets import Curves, curve_matrix, group_accounts
from realreach.simulate.summaries import Account
from realreach.tables.core import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "rounded",
    "rounded_as_tiktok",
    "simulated_accounts",
    "simulated_curves",
    "simulated_rates",
    "utc_seconds",
    "with_rounding",
]

_SECONDS_PER_DAY = 86_400
_FEWEST_POSTS = 8
_VIDEO = ("video", "reel", "short", "live", "igtv")


def utc_seconds(times: pd.Series) -> FloatArray:
    """Return instants (text or time, with or without a zone; without = UTC) as seconds since 1970-01-01."""
    import pandas as pd

    instants = pd.to_datetime(times, utc=True).dt.tz_localize(None)
    return instants.to_numpy().astype("datetime64[s]").astype(np.float64)


def simulated_accounts(frames: dict[str, pd.DataFrame], *, drop_disabled: bool = False) -> list[Account]:
    """Return simulated creators' posts as accounts, if wanted without posts that have no comments (or unknown)."""
    creators, posts = frames["creators"], frames["posts"]
    table = posts.assign(
        creator=posts["creator_id"],
        posted=utc_seconds(posts["posted_at"]) / _SECONDS_PER_DAY,
        comments=posts["comments_count"],
        format=posts["format"].astype(object).where(posts["format"].notna(), ""),
    )
    table["format"] = table["format"].where(~table["format"].isin(_VIDEO), "video")
    if drop_disabled:
        table = table[table["comments"] > 0]
    sizes = creators["followers"].to_numpy(np.float64, na_value=np.nan)
    return group_accounts(table, dict(zip(creators["creator_id"], sizes, strict=True)))


def simulated_curves(frames: dict[str, pd.DataFrame], days: int) -> Curves:
    """Return the last ``days`` days of simulated curves, each ending on its newest day (group = row of creators)."""
    history = frames["follower_history"]
    day = history["observed_on"].to_numpy().astype("datetime64[D]").astype(np.int64)
    number = {name: row for row, name in enumerate(frames["creators"]["creator_id"])}
    rows = history["creator_id"].map(number).to_numpy(np.int64)
    newest = np.full(len(number), np.iinfo(np.int64).min)
    np.maximum.at(newest, rows, day)
    back = newest[rows] - day
    keep = back < days
    values = history["followers"].to_numpy(np.float64, na_value=np.nan)[keep]
    return curve_matrix(rows[keep], days - 1 - back[keep], values, days)


def simulated_rates(frames: dict[str, pd.DataFrame], *, posts: int = 30) -> pd.DataFrame:
    """Return like and comment rates of simulated creators (mean of the newest ``posts`` over followers).

    Returns
    -------
    pandas.DataFrame
        Columns ``is_fake``, ``platform``, ``followers``, ``like_rate``, ``comment_rate``; creators with fewer than
        eight posts with known likes, or unknown followers, are left out.
    """
    import pandas as pd

    is_fake = dict(zip(frames["labels"]["creator_id"], frames["labels"]["is_fake"], strict=True))
    platform = dict(zip(frames["creators"]["creator_id"], frames["creators"]["platform"], strict=True))
    rows = []
    for account in simulated_accounts(frames):
        known = account.take(np.isfinite(account.likes)).newest(posts)
        if len(known) >= _FEWEST_POSTS:
            comments = known.comments[np.isfinite(known.comments)]
            rows.append(
                {
                    "is_fake": int(is_fake[account.key]),
                    "platform": platform[account.key],
                    "followers": account.followers,
                    "like_rate": float(known.likes.mean()) / account.followers,
                    "comment_rate": float(comments.mean()) / account.followers if len(comments) else np.nan,
                }
            )
    return pd.DataFrame(rows, columns=["is_fake", "platform", "followers", "like_rate", "comment_rate"])


def rounded(levels: FloatArray, digits: int) -> FloatArray:
    """Cut numbers down to ``digits`` significant digits, as YouTube shows subscribers.

    Examples
    --------
    >>> rounded(np.array([999.0, 12345.0]), 3).tolist()
    [999.0, 12300.0]
    """
    with np.errstate(divide="ignore"):
        unit = 10.0 ** np.maximum(np.floor(np.log10(np.maximum(levels, 1))) - digits + 1, 0)
    return np.floor(levels / unit) * unit


def rounded_as_tiktok(counts: FloatArray) -> FloatArray:
    """Round counts as TikTok shows them: to hundreds from 10,000 and to hundred thousands from a million."""
    unit = np.where(counts >= 1e6, 1e5, np.where(counts >= 1e4, 1e2, 1.0))
    return np.round(counts / unit) * unit


def with_rounding(account: Account) -> Account:
    """Return the account with counts rounded as TikTok shows them."""
    names = ("likes", "comments", "views", "shares")
    counts: dict[str, Any] = {name: rounded_as_tiktok(getattr(account, name)) for name in names}
    return replace(account, **counts)
