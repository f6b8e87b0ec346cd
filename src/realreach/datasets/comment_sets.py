"""Public comments without labels: under Indonesian YouTube videos and under posts of Indonesian celebrities."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from realreach.datasets.adapter import Adapter, Options
from realreach.tables.handles import handle_shapes

__all__ = ["COMMENTS_INSTAGRAM_ID_CELEBS", "COMMENTS_YOUTUBE_ID_2025"]

_NO_LICENCE = "no licence stated: for your own calibration and tests, do not publish the rows"
_SCRAPED_TWICE = "CTdkVNSM-Cg"


def _numbered(post: pd.Series) -> pd.Series:
    return "c" + post.groupby(post).cumcount().astype(str).str.zfill(5)


def _youtube(files: Mapping[str, pd.DataFrame], options: Options) -> dict[str, pd.DataFrame]:
    rows = files["trending.parquet"].drop_duplicates(ignore_index=True)  # the same comment, fetched twice
    comments = pd.DataFrame(
        {
            "creator_id": rows["video_id"],
            "comment_id": _numbered(rows["video_id"]),
            "text": rows["text"],
            "post_id": rows["video_id"],
            "commented_at": pd.to_datetime(rows["published_at"], utc=True, format="ISO8601"),
            "author_id": rows["author"],
            "likes": rows["like_count"],
            "author_shape": handle_shapes(rows["author_shape"]),
        }
    )
    creators = pd.DataFrame({"creator_id": rows["video_id"].unique()}).assign(platform="youtube")
    return {"creators": creators, "comments": comments}


COMMENTS_YOUTUBE_ID_2025 = Adapter(
    name="comments_youtube_id_2025",
    title="6,840 comments under 46 videos trending in Indonesia, November 2025",
    source="github.com/ArganandaKresna/Judi-Online-Youtube-Commentary-Detection, dataset_trending_massive.csv",
    licence=_NO_LICENCE,
    obtain="clone that repository; authors' names should be replaced by hashes before use, and "
    "their shapes kept (`realreach.handle_shape`)",
    files={
        "trending.parquet": {
            "video_id": "text",
            "author": "text",
            "author_shape": "text",
            "published_at": "text",
            "like_count": "number",
            "text": "text",
        }
    },
    tables=("creators", "comments"),
    convert=_youtube,
    options={},
    optional=frozenset({"author_shape"}),
    notes="Channels are not named: each video stands for a creator. When a video was posted is not known, so there is "
    "no posts table. Not all organic: about 1 % are comments of gambling bots, in bursts on three videos.",
)


def _celebs(files: Mapping[str, pd.DataFrame], options: Options) -> dict[str, pd.DataFrame]:
    rows = files["raw_comments.parquet"]
    rows = rows[rows["post_id"] != _SCRAPED_TWICE]
    comments = pd.DataFrame(
        {
            "creator_id": rows["post_id"],
            "comment_id": _numbered(rows["post_id"]),
            "text": rows["text"],
            "post_id": rows["post_id"],
        }
    ).reset_index(drop=True)
    creators = pd.DataFrame({"creator_id": rows["post_id"].unique()})
    return {"creators": creators.assign(platform="instagram", country="id", language="id"), "comments": comments}


COMMENTS_INSTAGRAM_ID_CELEBS = Adapter(
    name="comments_instagram_id_celebs",
    title="About 18,000 comments under 11 posts of two Indonesian celebrities, 2020 and 2021",
    source="github.com/jingwuk/Instagram-Spam-Comment-Detection, DATASET_123160113",
    licence=_NO_LICENCE,
    obtain="clone that repository and stack the sheets of the two accounts, one post each",
    files={"raw_comments.parquet": {"post_id": "text", "text": "text"}},
    tables=("creators", "comments"),
    convert=_celebs,
    options={},
    notes="Only two accounts: each post stands for a creator. No authors and no times. Post CTdkVNSM-Cg holds blocks "
    "that were scraped twice and is left out. A third of the comments are exact repeats although nobody bought them; a "
    "few per cent are spam.",
)
