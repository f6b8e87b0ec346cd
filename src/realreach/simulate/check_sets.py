"""The real curves and posts that a simulated world is measured against."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.errors import InputError
from realreach.simulate.summaries import Account
from realreach.tables.core import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Curves",
    "curve_matrix",
    "group_accounts",
    "ig_creators_2017",
    "ig_creators_2020",
    "ig_ordinary_2018",
    "politicians",
    "purba_followers",
    "tiktok_creators_2020",
    "vtubers",
    "without_stale",
]

_SECONDS_PER_DAY = 86_400
_FEWEST_POSTS = 8
_SMALLEST = 100  # followers of the smallest simulated account


@dataclass(frozen=True, eq=False)
class Curves:
    """Follower curves as a matrix: one row a curve, one column a day, the last column the newest; NaN = not seen.

    Curves of one ``group`` belong to the same account and must never be split.
    """

    groups: IntArray
    levels: FloatArray

    def __len__(self) -> int:
        return len(self.levels)

    @property
    def size(self) -> FloatArray:
        """The last level seen in each curve."""
        seen = np.isfinite(self.levels)
        last = self.levels.shape[1] - 1 - np.argmax(seen[:, ::-1], axis=1)
        return self.levels[np.arange(len(self)), last]

    def take(self, chosen: IntArray) -> Curves:
        """Return some of the curves."""
        return Curves(self.groups[chosen], self.levels[chosen])


def _find(folder: Path, name: str, file: str) -> Path:
    path = folder / name / file
    if not path.is_file():
        raise InputError(
            f"The reality checks need the data set '{name}' (file {file}), which is not in the given data sets folder. "
            "Expected is a folder that holds one folder a data set. Give the right folder with --datasets."
        )
    return path


def curve_matrix(groups: IntArray, days: IntArray, values: FloatArray, width: int) -> Curves:
    """Spread rows (group, day 0..width-1, value) into a matrix; of equal keys the last one stays."""
    names, rows = np.unique(groups, return_inverse=True)
    levels = np.full((len(names), width), np.nan)
    levels[rows, days] = values
    return Curves(names.astype(np.int64), levels)


def vtubers(folder: Path, column: str, *, seen_at_least: int = 60) -> Curves:
    """Read real creators' curves of 72 days: ``twitch_followers`` (exact) or ``yt_subscribers`` (rounded).

    The last day is partial in the source and is left out; a level of 0 is a glitch and counts as missing.
    """
    import pandas as pd

    table = pd.read_parquet(_find(folder, "growth_vtuber_daily", "followers_daily.parquet"))
    table = table[table[column].fillna(0) > 0]
    day = pd.to_datetime(table["date"]).to_numpy().astype("datetime64[D]").astype(np.int64)
    keep = day < day.max()
    day = day[keep] - day.min()
    values = table[column].to_numpy(np.float64, na_value=np.nan)[keep]
    curves = curve_matrix(table["creator_id"].to_numpy(np.int64)[keep], day, values, int(day.max()) + 1)
    good = (np.isfinite(curves.levels).sum(axis=1) >= seen_at_least) & (curves.size >= _SMALLEST)
    return curves.take(np.flatnonzero(good))


def politicians(folder: Path, *, window: int = 72, seen_at_least: int = 25) -> Curves:
    """Read irregular curves of public figures, cut into windows of ``window`` days (group = the account).

    Of each day the last capture stays; captures of stale cached pages are dropped (see ``without_stale``).
    """
    import pandas as pd

    table = pd.read_csv(_find(folder, "growth_twitter_politicians", "followers.csv.gz"))
    table["time"] = pd.to_datetime(table["captured_at_utc"])
    groups, levels = [], []
    for number, (_, account) in enumerate(table.sort_values("time").groupby("handle")):
        day = account["time"].to_numpy().astype("datetime64[D]").astype(np.int64)
        curve = np.full(int(day[-1] - day[0]) + 1, np.nan)
        curve[day - day[0]] = account["followers"].to_numpy(np.float64)
        curve = without_stale(curve)
        for end in range(len(curve), window - 1, -window):
            part = curve[end - window : end]
            if np.isfinite(part).sum() >= seen_at_least:
                groups.append(number)
                levels.append(part)
    return Curves(np.array(groups, dtype=np.int64), np.array(levels))


def without_stale(levels: FloatArray) -> FloatArray:
    """Return a curve without days that lie below an earlier day and are made good by the next one.

    Such a day is a page kept in a cache, or a small dip that cannot be told from it; both sides of a comparison have
    to be treated alike.

    Examples
    --------
    >>> without_stale(np.array([10.0, 12.0, 9.0, 13.0, np.nan, 12.0])).tolist()
    [10.0, 12.0, nan, 13.0, nan, 12.0]
    """
    days = np.flatnonzero(np.isfinite(levels))
    seen = levels[days]
    before = np.maximum.accumulate(seen)
    after = np.append(seen[1:], -np.inf)
    result = levels.copy()
    result[days[(seen < before) & (after >= before)]] = np.nan
    return result


def group_accounts(posts: pd.DataFrame, followers: Mapping[Any, float], *, clock: bool = True) -> list[Account]:
    """Group a table (creator, posted in days, likes, ...) into accounts with their newest posts first."""
    posts = posts.sort_values(["creator", "posted"], ascending=[True, False], kind="stable")
    starts = np.flatnonzero(posts["creator"].ne(posts["creator"].shift()).to_numpy())
    unknown = np.full(len(posts), np.nan)
    columns = {
        name: posts[name].to_numpy(np.float64, na_value=np.nan) if name in posts else unknown
        for name in ("posted", "likes", "comments", "views", "shares")
    }
    kinds = posts["format"].to_numpy(dtype=object).astype(str) if "format" in posts else np.full(len(posts), "")
    names = posts["creator"].to_numpy(dtype=object)
    result = []
    for start, stop in zip(starts, [*starts[1:], len(posts)], strict=True):
        size = followers.get(names[start], float("nan"))
        if np.isfinite(size) and size >= _SMALLEST:
            part = {name: values[start:stop] for name, values in columns.items()}
            result.append(Account(str(names[start]), float(size), **part, format=kinds[start:stop], clock=clock))
    return result


def ig_creators_2020(folder: Path) -> list[Account]:
    """Read Indonesian Instagram stars (2020): the 50 newest posts; posts with disabled comments are left out."""
    import pandas as pd

    name = "accounts_ig_creators_id2020"
    sizes = pd.read_csv(_find(folder, name, "accounts.csv"))
    posts = pd.read_csv(_find(folder, name, "posts.csv.gz"))
    posts = posts[posts["comments"] > 0]
    posts = posts.assign(posted=posts["ts"] / _SECONDS_PER_DAY, format=posts["type"])
    accounts = group_accounts(posts, dict(zip(sizes["creator"], sizes["followers"], strict=True)))
    return [account.newest(50) for account in accounts]


def ig_creators_2017(folder: Path) -> list[Account]:
    """Read Instagram creators (2017): 17 newest posts, likes only, days without time."""
    import pandas as pd

    name = "accounts_ig_creators_2017"
    sizes = pd.read_csv(_find(folder, name, "accounts.csv"))
    posts = pd.read_csv(_find(folder, name, "posts.csv.gz"))
    posts = posts[posts["date"] > "1970-01-01"]
    day = pd.to_datetime(posts["date"]).to_numpy().astype("datetime64[D]").astype(np.float64)
    followers = dict(zip(sizes["creator"], sizes["followers"], strict=True))
    return group_accounts(posts.assign(posted=day), followers, clock=False)


def tiktok_creators_2020(folder: Path) -> list[Account]:
    """Read TikTok creators (2020): about 25 newest videos; views are plays."""
    import pandas as pd

    videos = pd.read_csv(_find(folder, "accounts_tiktok_creators_2020", "videos.csv.gz"))
    videos = videos[videos["followers"] > 0].rename(columns={"plays": "views"})
    followers = videos.groupby("creator")["followers"].max().to_dict()
    accounts = group_accounts(videos.assign(posted=videos["ts"] / _SECONDS_PER_DAY), followers)
    return [account.newest(25) for account in accounts]


def ig_ordinary_2018(folder: Path) -> list[Account]:
    """Read ordinary people's Instagram accounts (2018): the 30 newest posts; disabled comments are unknown."""
    path = _find(folder, "accounts_ig_ordinary_2018", "accounts_posts.jsonl.gz")
    result = []
    for number, record in enumerate(_json_lines(path)):
        posted = np.array(record["mediaUploadTimes"], dtype=np.float64)[:30] / _SECONDS_PER_DAY
        if record["userFollowerCount"] < _SMALLEST or not len(posted):
            continue
        comments = np.array(record["mediaCommentNumbers"], dtype=np.float64)[:30]
        disabled = np.array(record["mediaCommentsAreDisabled"], dtype=bool)[:30]
        unknown = np.full(len(posted), np.nan)
        result.append(
            Account(
                key=str(number),
                followers=float(record["userFollowerCount"]),
                posted=posted,
                likes=np.array(record["mediaLikeNumbers"], dtype=np.float64)[:30],
                comments=np.where(disabled, np.nan, comments),
                views=unknown,
                shares=unknown,
                format=np.full(len(posted), ""),
            )
        )
    return result


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def purba_followers(folder: Path) -> pd.DataFrame:
    """Read accounts bought from follower sellers and authentic ones (both with a link: the slice without a leak).

    Returns
    -------
    pandas.DataFrame
        Columns ``is_fake``, ``followers``, ``like_rate``, ``comment_rate`` (per follower and post, NaN = unknown).
    """
    import pandas as pd

    table = pd.read_csv(_find(folder, "accounts_purba_bought_followers", "part_a.csv.gz"))
    table = table[(table["has_link"] == 1) & (table["posts"] >= _FEWEST_POSTS) & (table["followers"] >= _SMALLEST)]
    return pd.DataFrame(
        {
            "is_fake": table["fake"].to_numpy(np.int64),
            "followers": table["followers"].to_numpy(np.float64),
            "like_rate": table["er_like_pct"].to_numpy(np.float64) / 100,
            "comment_rate": table["er_comment_pct"].to_numpy(np.float64) / 100,
        }
    )
