"""Public follower curves without labels: streaming creators, GitHub, politicians, tech channels, single accounts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from realreach.datasets.adapter import Adapter, DatasetError, Options

__all__ = [
    "GROWTH_GITHUB_DAILY",
    "GROWTH_SINGLE_ACCOUNTS",
    "GROWTH_TWITTER_POLITICIANS",
    "GROWTH_VTUBER_DAILY",
    "GROWTH_YOUTUBE_TECH_DAILY",
]

_NO_LICENCE = "no licence stated: for your own calibration and tests, do not publish the rows"


def _with_last_level(creators: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Return the creators that have a curve, with its last level as `followers`."""
    last = history.sort_values("observed_on", kind="stable").groupby("creator_id")["followers"].last()
    creators = creators[creators["creator_id"].isin(last.index)].reset_index(drop=True)
    return creators.assign(followers=last.loc[creators["creator_id"]].to_numpy())


def _looked_up(keys: pd.Series, known: pd.Series, names: pd.Series) -> npt.NDArray:
    """Return the name that belongs to each key; every key must be known, and known once."""
    found = pd.Index(known).get_indexer(keys)
    if (found < 0).any():
        raise DatasetError(
            f"{int((found < 0).sum())} of {len(keys)} rows have a `{keys.name}` that is not in the file of the "
            "accounts. The files should belong to one version of the set."
        )
    return names.to_numpy()[found]


def _last_of_day(history: pd.DataFrame, instant: pd.Series) -> pd.DataFrame:
    """Add the UTC day and keep the last count of each creator and day."""
    history = history.assign(observed_on=instant.dt.tz_convert("UTC").dt.tz_localize(None).dt.normalize())
    order = instant.argsort(kind="stable")
    return history.iloc[order].drop_duplicates(["creator_id", "observed_on"], keep="last").reset_index(drop=True)


def _vtuber(files: Mapping[str, pd.DataFrame], options: Options) -> dict[str, pd.DataFrame]:
    people, daily = files["creators.csv"], files["followers_daily.parquet"]
    instant = pd.to_datetime(daily["snapshot_unix"], unit="s", utc=True)
    person = _looked_up(daily["creator_id"], people["creator_id"], people["creator_hash"])
    creators, curves = [], []
    for platform, column in (("twitch", "twitch_followers"), ("youtube", "yt_subscribers")):
        level = daily[column].astype("Int64")
        known = (level > 0).fillna(value=False).to_numpy(dtype=bool)  # a zero is a glitch of the collector: unknown
        curve = pd.DataFrame({"creator_id": person + f"-{platform}", "followers": level})[known]
        curve = _last_of_day(curve, instant[known])[["creator_id", "observed_on", "followers"]]
        country = people["nationality"].str.lower()
        account = pd.DataFrame(
            {
                "creator_id": people["creator_hash"].to_numpy() + f"-{platform}",
                "platform": platform,
                "country": country.where(country.str.len() == 2).to_numpy(),  # UNKNOWN
            }
        )
        creators.append(_with_last_level(account, curve))
        curves.append(curve)
    return {
        "creators": pd.concat(creators, ignore_index=True),
        "follower_history": pd.concat(curves, ignore_index=True),
    }


GROWTH_VTUBER_DAILY = Adapter(
    name="growth_vtuber_daily",
    title="Daily Twitch followers and YouTube subscribers of 1,542 streaming creators, 72 days",
    source="github.com/TaiwanVtuberData/TaiwanVTuberTrackingDataJson, api/v2/all/vtubers/all.json",
    licence=_NO_LICENCE,
    obtain="collect the versions of that JSON file from the repository's history, last snapshot of each day",
    files={
        "creators.csv": {"creator_id": "number", "creator_hash": "text", "nationality": "text"},
        "followers_daily.parquet": {
            "creator_id": "number",
            "snapshot_unix": "number",
            "yt_subscribers": "number",
            "twitch_followers": "number",
        },
    },
    tables=("creators", "follower_history"),
    convert=_vtuber,
    options={},
    notes="Twitch and YouTube accounts of one person are two creators; creator_id is the person, a hyphen, the "
    "platform: keep a person in one part of a split. Zeros are collector glitches and left out. YouTube shows three "
    "significant digits.",
)


def _github(files: Mapping[str, pd.DataFrame], options: Options) -> dict[str, pd.DataFrame]:
    repos, stars = files["repos.csv"], files["stars_daily.parquet"]
    names = _looked_up(stars["repo_id"], repos["repo_id"], repos["repo_hash"])
    # Snapshots are taken shortly after midnight UTC: the level of day t, as given, is the end of day t - 1.
    day = np.datetime64("2018-01-01", "D") + stars["day"].to_numpy().astype("timedelta64[D]")
    history = pd.DataFrame(
        {
            "creator_id": names,
            "observed_on": day.astype("datetime64[s]"),
            "followers": stars["stars"].to_numpy(),
        }
    )
    creators = pd.DataFrame(
        {"creator_id": repos["repo_hash"], "platform": "github", "category": repos["language"].str.lower()}
    )
    return {"creators": _with_last_level(creators, history), "follower_history": history}


GROWTH_GITHUB_DAILY = Adapter(
    name="growth_github_daily",
    title="Daily GitHub stars of 3,227 popular repositories, 2018-12 to 2026-08",
    source="github.com/EvanLi/Github-Ranking, Data/github-ranking-*.csv",
    licence="MIT (Copyright 2018 Evan Li; keep the notice)",
    obtain="clone github.com/EvanLi/Github-Ranking and stack its daily files to one row per repository and day",
    files={
        "repos.csv": {"repo_id": "number", "repo_hash": "text", "language": "text"},
        "stars_daily.parquet": {"repo_id": "number", "day": "number", "stars": "number"},
    },
    tables=("creators", "follower_history"),
    convert=_github,
    options={},
    notes="Stars stand in for followers. Only observed days are given, levels as they are: a repository leaves the set "
    "when it leaves its top-100 list, so a gain across a gap is no gain of one day. Large survivors; mostly organic, "
    "not verified.",
)


def _captures(history: pd.DataFrame, instants: pd.Series) -> pd.DataFrame:
    when = pd.to_datetime(instants, utc=True, format="ISO8601")
    return _last_of_day(history, when)[["creator_id", "observed_on", "followers"]]


def _politicians(files: Mapping[str, pd.DataFrame], options: Options) -> dict[str, pd.DataFrame]:
    rows = files["followers.csv.gz"]
    curve = pd.DataFrame({"creator_id": rows["handle"], "followers": rows["followers"]})
    history = _captures(curve, rows["captured_at_utc"])
    creators = pd.DataFrame({"creator_id": history["creator_id"].unique()})
    creators = creators.assign(platform="x", country="us", language="en")
    return {"creators": _with_last_level(creators, history), "follower_history": history}


GROWTH_TWITTER_POLITICIANS = Adapter(
    name="growth_twitter_politicians",
    title="Twitter follower history of 15 candidates of 2020 from web-archive captures",
    source="github.com/oduwsdl/2020DemFollowerGraph, data/*_analysis.csv",
    licence="MIT (Copyright 2019 ODU WS-DL; keep the notice)",
    obtain="clone github.com/oduwsdl/2020DemFollowerGraph and stack its data/*_analysis.csv",
    files={"followers.csv.gz": {"handle": "text", "captured_at_utc": "text", "followers": "number"}},
    tables=("creators", "follower_history"),
    convert=_politicians,
    options={},
    notes="Hard negatives: announcements and debates lift the curve by up to 84 % in a week. The last capture of a day "
    "is kept; cached pages make some counts stale.",
)


def _youtube_tech(files: Mapping[str, pd.DataFrame], options: Options) -> dict[str, pd.DataFrame]:
    rows = files["channels_daily.csv.gz"]
    history = pd.DataFrame(
        {
            "creator_id": rows["channel_hash"],
            "observed_on": pd.to_datetime(rows["date_utc"], format="%Y-%m-%d"),
            "followers": rows["subscribers"],
            "posts_count": rows["videos"],
        }
    )
    creators = pd.DataFrame({"creator_id": rows["channel_hash"].unique()}).assign(platform="youtube", category="tech")
    return {"creators": _with_last_level(creators, history), "follower_history": history}


GROWTH_YOUTUBE_TECH_DAILY = Adapter(
    name="growth_youtube_tech_daily",
    title="Daily subscribers of 227 tech YouTube channels, 30 days",
    source="github.com/mftn-lab/youtube-daily-tracker, youtube_daily_snapshots.csv",
    licence=_NO_LICENCE,
    obtain="clone github.com/mftn-lab/youtube-daily-tracker",
    files={
        "channels_daily.csv.gz": {
            "channel_hash": "text",
            "date_utc": "text",
            "subscribers": "number",
            "videos": "number",
        }
    },
    tables=("creators", "follower_history"),
    convert=_youtube_tech,
    options={},
    notes="Subscribers are rounded to three significant digits. Views are totals of a channel, not of a post, and have "
    "no place in the tables.",
)


def _single(files: Mapping[str, pd.DataFrame], options: Options) -> dict[str, pd.DataFrame]:
    rows = files["followers.csv"]
    curve = pd.DataFrame({"creator_id": rows["account"], "followers": rows["followers"]})
    history = _captures(curve, rows["timestamp"])
    names = pd.Series(rows["account"].unique(), dtype="string")
    creators = pd.DataFrame({"creator_id": names, "platform": names.str.replace(r"_\d+$", "", regex=True)})
    return {"creators": _with_last_level(creators, history), "follower_history": history}


GROWTH_SINGLE_ACCOUNTS = Adapter(
    name="growth_single_accounts",
    title="Six single accounts: five on Bilibili (daily), one on X (hourly)",
    source="github.com/zlh020308/Bilibili-fans-actions; github.com/maithanhduyan/social-media-follower-history",
    licence=_NO_LICENCE,
    obtain="clone both repositories and stack their tables with an account name of the form platform_number",
    files={"followers.csv": {"account": "text", "timestamp": "text", "followers": "number"}},
    tables=("creators", "follower_history"),
    convert=_single,
    options={},
    notes="The platform is the account's name up to the underscore. Of the hourly counts the last of a UTC day is "
    "kept. The cause of the extreme curve of x_1 is not known.",
)
