"""Public accounts with their posts, without labels: Instagram of 2017, 2018 and 2020, TikTok of 2020."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from realreach.datasets.adapter import Adapter, DatasetError, Options

__all__ = [
    "ACCOUNTS_IG_CREATORS_2017",
    "ACCOUNTS_IG_CREATORS_ID2020",
    "ACCOUNTS_IG_ORDINARY_2018",
    "ACCOUNTS_TIKTOK_CREATORS_2020",
]

_NO_LICENCE = "no licence stated: for your own calibration and tests, do not publish the rows"
_FOLLOWING_LIMIT = 7_500  # Instagram lets nobody follow more


def _numbered(creator: pd.Series) -> pd.Series:
    """Return a key per post: the creator's posts counted in file order, for sources without post ids."""
    return "p" + creator.groupby(creator).cumcount().astype(str).str.zfill(4)


def _unix(seconds: pd.Series) -> pd.Series:
    return pd.to_datetime(seconds.astype("int64"), unit="s", utc=True)


def _id2020(files: Mapping[str, pd.DataFrame], options: Options) -> dict[str, pd.DataFrame]:
    accounts, rows = files["accounts.csv"], files["posts.csv.gz"]
    # `following` is left out: the source cut values of a thousand and more at the thousands' mark. No comment at all
    # under a post of an account of a million followers means that comments were switched off: unknown, not zero.
    creators = pd.DataFrame(
        {
            "creator_id": accounts["creator"],
            "platform": "instagram",
            "followers": accounts["followers"],
            "posts_count": accounts["posts_total"],
            "country": "id",
            "language": "id",
        }
    )
    posts = pd.DataFrame(
        {
            "creator_id": rows["creator"],
            "post_id": _numbered(rows["creator"]),
            "posted_at": _unix(rows["ts"]),
            "likes": rows["likes"],
            "comments_count": rows["comments"].astype("Int64").mask(rows["comments"] == 0),
            "format": rows["type"].str.lower(),
        }
    )
    return {"creators": creators, "posts": posts}


ACCOUNTS_IG_CREATORS_ID2020 = Adapter(
    name="accounts_ig_creators_id2020",
    title="524 large Indonesian Instagram creators with about 100 posts each, July 2020",
    source="github.com/adiptamartulandi/Project-Instagram-Influencers-Prediction, data_batch_*.csv",
    licence=_NO_LICENCE,
    obtain="clone that repository; accounts from influencer_names_final.csv, posts from data_batch_*.csv",
    files={
        "accounts.csv": {"creator": "text", "followers": "number", "posts_total": "number"},
        "posts.csv.gz": {"creator": "text", "ts": "number", "type": "text", "likes": "number", "comments": "number"},
    },
    tables=("creators", "posts"),
    convert=_id2020,
    options={},
    collected_at_once=True,
    notes="Followers 1.1 M to 33.5 M, rounded by the site. A comment count of 0 (1 % of the posts) means that comments "
    "were switched off or hidden and is made null. `following` is unreliable in the source and left out. Some of them "
    "will have bought.",
)


def _ig2017(files: Mapping[str, pd.DataFrame], options: Options) -> dict[str, pd.DataFrame]:
    accounts, rows = files["accounts.csv"], files["posts.csv.gz"]
    creators = pd.DataFrame(
        {
            "creator_id": accounts["creator"],
            "platform": "instagram",
            "followers": accounts["followers"],
            "following": accounts["following"].where(accounts["following"] <= _FOLLOWING_LIMIT).astype("Int64"),
            "posts_count": accounts["posts_total"],
        }
    )
    day = pd.to_datetime(rows["date"], format="%Y-%m-%d", utc=True)
    posts = pd.DataFrame(
        {
            "creator_id": rows["creator"],
            "post_id": _numbered(rows["creator"]),
            "posted_at": day + pd.Timedelta(hours=12),
            "likes": rows["likes"],
            "format": rows["multiple"].map({0: "image", 1: "carousel"}),
        }
    )
    known = day > pd.Timestamp("1970-01-01", tz="UTC")  # the source's way to say that the date is not known
    return {"creators": creators, "posts": posts[known].reset_index(drop=True)}


ACCOUNTS_IG_CREATORS_2017 = Adapter(
    name="accounts_ig_creators_2017",
    title="978 Instagram creators with their 17 latest posts, spring 2017 (likes only)",
    source="github.com/gvsi/datascience-finalproject, profiles/*.json",
    licence=_NO_LICENCE,
    obtain="clone that repository and flatten profiles/*.json to one row per account and one per post",
    files={
        "accounts.csv": {"creator": "text", "followers": "number", "following": "number", "posts_total": "number"},
        "posts.csv.gz": {"creator": "text", "date": "text", "likes": "number", "multiple": "number"},
    },
    tables=("creators", "posts"),
    convert=_ig2017,
    options={},
    collected_at_once=True,
    notes="Dates have day resolution: posted_at is noon UTC. Posts without a date (1970-01-01) are dropped, "
    "`following` above 7,500 is impossible and made null. No comment counts. Private profiles have no posts.",
)


_ORDINARY = "accounts_posts.jsonl.gz"
_ORDINARY_LISTS = ("mediaUploadTimes", "mediaLikeNumbers", "mediaCommentNumbers", "mediaCommentsAreDisabled")


def _ordinary(files: Mapping[str, pd.DataFrame], options: Options) -> dict[str, pd.DataFrame]:
    accounts = files[_ORDINARY]
    # There are no names: the key is the record's place in the file. Repeated records are one account.
    key = "account-" + pd.Series(range(len(accounts)), index=accounts.index).astype(str).str.zfill(4)
    accounts = accounts.assign(creator_id=key)[~accounts.astype(str).duplicated()]
    lengths = pd.DataFrame({name: accounts[name].map(len) for name in _ORDINARY_LISTS})
    uneven = int((lengths.max(axis=1) > lengths.min(axis=1)).sum())
    if uneven:
        raise DatasetError(
            f"accounts_ig_ordinary_2018: in {uneven} of {len(accounts)} records of `{_ORDINARY}` the lists "
            f"{', '.join(_ORDINARY_LISTS)} differ in length. They should have one value per post."
        )
    rows = accounts[["creator_id", *_ORDINARY_LISTS]].explode(list(_ORDINARY_LISTS), ignore_index=True)
    rows = rows[rows["mediaUploadTimes"].notna()].reset_index(drop=True)  # an account without posts
    comments = rows["mediaCommentNumbers"].astype("Int64")
    posts = pd.DataFrame(
        {
            "creator_id": rows["creator_id"],
            "post_id": _numbered(rows["creator_id"]),
            "posted_at": _unix(rows["mediaUploadTimes"]),
            "likes": rows["mediaLikeNumbers"].astype("Int64"),
            "comments_count": comments.mask(rows["mediaCommentsAreDisabled"].astype("int64") == 1),
        }
    )
    creators = pd.DataFrame(
        {
            "creator_id": accounts["creator_id"],
            "platform": "instagram",
            "followers": accounts["userFollowerCount"],
            "following": accounts["userFollowingCount"],
            "posts_count": accounts["userMediaCount"],
        }
    )
    return {"creators": creators.reset_index(drop=True), "posts": posts}


ACCOUNTS_IG_ORDINARY_2018 = Adapter(
    name="accounts_ig_ordinary_2018",
    title="350 ordinary Instagram accounts (people, 2 to 1,783 followers) with all their posts, 2018",
    source="github.com/fcakyon/instafake-dataset, data/automated-v1.0/nonautomatedAccountData.json; arXiv 1910.03090",
    licence="CC BY-NC 4.0 (not for commercial use)",
    obtain="clone github.com/fcakyon/instafake-dataset and write one record of that file per line",
    files={
        _ORDINARY: {
            "userFollowerCount": "number",
            "userFollowingCount": "number",
            "userMediaCount": "number",
            "mediaUploadTimes": "list",
            "mediaLikeNumbers": "list",
            "mediaCommentNumbers": "list",
            "mediaCommentsAreDisabled": "list",
        }
    },
    tables=("creators", "posts"),
    convert=_ordinary,
    options={},
    collected_at_once=True,
    notes="Where comments are switched off, comments_count is null. Repeated records are kept once. Followers are one "
    "count at collection, while posts go back years: only the recent ones tell an engagement rate.",
)


def _tiktok(files: Mapping[str, pd.DataFrame], options: Options) -> dict[str, pd.DataFrame]:
    rows = files["videos.csv.gz"]
    newest = rows.sort_values("ts", kind="stable").drop_duplicates("creator", keep="last")
    followers = newest["followers"].astype("Int64")
    creators = pd.DataFrame(
        {
            "creator_id": newest["creator"],
            "platform": "tiktok",
            "followers": followers.mask(followers == 0),
            "posts_count": newest["total_videos"],
        }
    )
    posts = pd.DataFrame(
        {
            "creator_id": rows["creator"],
            "post_id": _numbered(rows["creator"]),
            "posted_at": _unix(rows["ts"]),
            "likes": rows["likes"],
            "comments_count": rows["comments"],
            "views": rows["plays"],
            "shares": rows["shares"],
            "format": "video",
        }
    )
    return {"creators": creators.sort_values("creator_id").reset_index(drop=True), "posts": posts}


ACCOUNTS_TIKTOK_CREATORS_2020 = Adapter(
    name="accounts_tiktok_creators_2020",
    title="1,794 TikTok creators with about 25 latest videos each, November 2020",
    source="github.com/ivantran96/TikTok_famous, Datasets/Trending Videos Data Collection/*.csv",
    licence=_NO_LICENCE,
    obtain="clone that repository and stack top_users_vids.csv and sug_users_vids*.csv, each video once",
    files={
        "videos.csv.gz": {
            "creator": "text",
            "ts": "number",
            "plays": "number",
            "likes": "number",
            "comments": "number",
            "shares": "number",
            "followers": "number",
            "total_videos": "number",
        }
    },
    tables=("creators", "posts"),
    convert=_tiktok,
    options={},
    collected_at_once=True,
    notes="Followers are those beside the newest video; 0 means unknown. Counts of 10,000 and more are rounded. About "
    "250 creators seem to have been collected on 30 June 2020 already: by the set's one day of decision they pause.",
)
