"""Tables to measure on: Parquet, sorted by creator, of the size that the issue names; made fast, not true to life.

180 days, 30 posts and 100 comments a creator. Comments are put together from words at random, so that hardly two are equal.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DAYS, POSTS, COMMENTS = 180, 30, 100
_PART = 10_000
_START = np.datetime64("2025-01-01", "D")
_WORDS = np.array(
    [
        "kak",
        "bagus",
        "banget",
        "videonya",
        "suka",
        "terus",
        "semoga",
        "sukses",
        "ya",
        "love",
        "this",
        "so",
        "much",
        "where",
        "did",
        "you",
        "buy",
        "it",
        "cantik",
        "lucu",
        "mantap",
        "keren",
        "harga",
        "berapa",
        "min",
        "ditunggu",
        "lagi",
        "wkwk",
        "anjir",
        "gila",
        "sih",
        "beneran",
        "pagi",
        "malam",
        "makan",
        "jalan",
        "rumah",
        "ibu",
        "teman",
        "resep",
        "enak",
        "coba",
        "great",
        "light",
        "on",
        "that",
        "second",
        "photo",
        "what",
        "camera",
        "is",
        "this",
        "tutorial",
        "please",
        "thanks",
        "for",
        "sharing",
        "happy",
        "weekend",
        "everyone",
        "😍",
        "🔥",
        "❤️",
        "@teman",
    ]
)


def make(folder: Path, creators: int, *, comments: bool) -> Path:
    """Return a folder of tables, made on first use."""
    target = folder / f"{creators}{'' if comments else '-text-free'}"
    if (target / "done").is_file():
        return target
    for first in range(0, creators, _PART):
        number = min(_PART, creators - first)
        for name, table in _tables(first, number, comments).items():
            place = target / name
            place.mkdir(parents=True, exist_ok=True)
            pq.write_table(table, place / f"part-{first:08d}.parquet", compression="zstd", row_group_size=500_000)
    (target / "done").touch()
    return target


def _tables(first: int, number: int, comments: bool) -> dict[str, pa.Table]:
    rng = np.random.default_rng(first + 1)
    ids = np.array([f"c{i:08d}" for i in range(first, first + number)])
    size = np.exp(rng.normal(9.5, 1.2, number))
    gains = rng.gamma(0.5, 2.0, (number, DAYS)) * size[:, None] * 0.001
    curve = np.round(size[:, None] + np.cumsum(gains, axis=1))
    posted = np.sort(rng.integers(0, DAYS * 86_400, (number, POSTS)), axis=1)
    likes = np.round(size[:, None] * 0.03 * np.exp(rng.normal(0, 0.5, (number, POSTS))))
    start = _START.astype("datetime64[s]")
    made = {
        "creators": pa.table(
            {"creator_id": ids, "platform": pa.array(["instagram"] * number), "followers": curve[:, -1]}
        ),
        "follower_history": pa.table(
            {
                "creator_id": np.repeat(ids, DAYS),
                "observed_on": np.tile(_START + np.arange(DAYS), number),
                "followers": curve.ravel(),
            }
        ),
        "posts": pa.table(
            {
                "creator_id": np.repeat(ids, POSTS),
                "post_id": np.tile([f"p{i}" for i in range(POSTS)], number),
                "posted_at": _utc(start + posted.ravel().astype("timedelta64[s]")),
                "likes": likes.ravel(),
                "comments_count": np.round(likes * 0.03).ravel(),
                "views": np.round(likes * 9.0).ravel(),
            }
        ),
    }
    if comments:
        made["comments"] = _comments(rng, ids, start, posted)
    return made


def _comments(rng: np.random.Generator, ids: np.ndarray, start: np.datetime64, posted: np.ndarray) -> pa.Table:
    number = len(ids)
    post = np.sort(rng.integers(0, POSTS, (number, COMMENTS)), axis=1)
    at = np.take_along_axis(posted, post, axis=1) + rng.exponential(20_000, post.shape)
    rows = number * COMMENTS
    length = rng.integers(1, 13, rows)
    words = _WORDS[rng.integers(len(_WORDS), size=int(length.sum()))].tolist()
    ends = np.cumsum(length).tolist()
    text = [" ".join(words[a:b]) for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    return pa.table(
        {
            "creator_id": np.repeat(ids, COMMENTS),
            "comment_id": np.tile([f"m{i}" for i in range(COMMENTS)], number),
            "post_id": np.char.add("p", post.ravel().astype(str)),
            "author_id": np.char.add("a", rng.integers(0, 40 * number, rows).astype(str)),
            "commented_at": _utc(start + at.ravel().astype("timedelta64[s]")),
            "likes": rng.poisson(0.5, rows).astype(float),
            "text": pa.array(text, pa.string()),
        }
    )


def _utc(times: np.ndarray) -> pa.Array:
    return pa.array(times.astype("datetime64[ms]"), pa.timestamp("ms")).cast(pa.timestamp("ms", tz="UTC"))
