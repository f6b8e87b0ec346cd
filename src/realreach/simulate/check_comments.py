"""Real and simulated comments in packets of one post, and what a packet looks like."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from realreach.errors import InputError
from realreach.simulate.check_simulated import utc_seconds
from realreach.tables.core import FloatArray
from realreach.tables.handles import handle_shapes

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "PACKET",
    "CommentPacket",
    "comment_summary",
    "instagram_celebrities",
    "simulated_packets",
    "youtube_english",
    "youtube_indonesian",
]

PACKET = 50
"""Comments in a packet: measures such as repeats depend on the number, so it is one number for all."""

_EMOJI = r"[\x{1F000}-\x{1FAFF}\x{2600}-\x{27BF}\x{2B00}-\x{2BFF}\x{2190}-\x{21FF}\x{2764}]"
_MODERN = r"[\U0001F000-\U0001FAFF\u2600-\u27BF\u2B00-\u2BFF\u2190-\u21FF\uFE0F\u200D,\n]+"
_ONLY_SIGNS = r"^[^\pL\pN]*$"
_COPIES = "CTdkVNSM-Cg"  # this post holds blocks that were scraped twice


@dataclass(frozen=True, eq=False)
class CommentPacket:
    """Comments of one post, oldest first. ``group`` is the post; times are seconds; None = the set has none."""

    group: int
    texts: Sequence[str]
    times: FloatArray | None = None
    authors: Sequence[str] | None = None
    likes: FloatArray | None = None
    shapes: Sequence[str] | None = None


def _packets(table: pd.DataFrame, *, smallest: int) -> Iterator[CommentPacket]:
    """Cut the comments of each post (columns post, text and perhaps time, author, ...) into packets of one size."""
    for number, (_, post) in enumerate(table.groupby("post", sort=True)):
        rows = post.sort_values("time", kind="stable") if "time" in post else post
        for start in range(0, len(rows) - smallest + 1, PACKET):
            part = rows.iloc[start : start + PACKET]
            yield CommentPacket(
                group=number,
                texts=part["text"].tolist(),
                times=part["time"].to_numpy(np.float64) if "time" in part else None,
                authors=part["author"].tolist() if "author" in part else None,
                likes=part["likes"].to_numpy(np.float64) if "likes" in part else None,
                shapes=part["shape"].tolist() if "shape" in part else None,
            )


def _read(folder: Path, name: str, file: str) -> pd.DataFrame:
    import pandas as pd

    path = folder / name / file
    if not path.is_file():
        raise InputError(
            f"The reality checks need the data set '{name}' (file {file}), which is not in the given data sets folder. "
            "Give the right folder with --datasets."
        )
    return pd.read_parquet(path)


def instagram_celebrities(folder: Path) -> list[CommentPacket]:
    """Read comments under posts of Indonesian stars on Instagram (texts only)."""
    table = _read(folder, "comments_instagram_id_celebs", "raw_comments.parquet")
    table = table[table["post_id"] != _COPIES].rename(columns={"post_id": "post"})
    return list(_packets(table[["post", "text"]], smallest=PACKET))


def youtube_indonesian(folder: Path) -> list[CommentPacket]:
    """Read comments of videos trending in Indonesia (2025), with author, shape of the handle, time and likes."""
    table = _read(folder, "comments_youtube_id_2025", "trending.parquet")
    table = table.assign(time=utc_seconds(table["published_at"]), shape=handle_shapes(table["author_shape"]))
    table = table.rename(columns={"video_id": "post", "like_count": "likes"})
    return list(_packets(table[["post", "text", "time", "author", "likes", "shape"]], smallest=PACKET))


def youtube_english(folder: Path) -> list[CommentPacket]:
    """Read English comments of 2013 (before emoji keyboards), with author and time."""
    table = _read(folder, "comments_youtube_en_2013", "comments.parquet")
    table = table.assign(time=utc_seconds(table["published_at"])).rename(columns={"video_id": "post"})
    return list(_packets(table[["post", "text", "time", "author"]], smallest=PACKET))


def simulated_packets(
    frames: dict[str, pd.DataFrame], like: CommentPacket, *, before_emoji: bool = False
) -> list[CommentPacket]:
    """Return simulated comments in packets of one post, with the same columns as ``like``.

    Replies and the creator's own comments are left out (the real sets hold none). With ``before_emoji`` the texts lose
    emoji, commas and line breaks, as the set of 2013 has none; what is empty then is dropped.
    """
    table = frames["comments"]
    table = table[table["parent_comment_id"].isna() & (table["by_creator"].fillna(0).astype(int) == 0)]
    if before_emoji:
        plain = table["text"].str.replace(_MODERN, " ", regex=True).str.strip()
        table = table.assign(text=plain)[plain.str.len() > 0]
    columns: dict[str, Any] = {"post": table["post_id"], "text": table["text"]}
    if like.times is not None:
        columns["time"] = utc_seconds(table["commented_at"])
    if like.authors is not None:
        columns["author"] = table["author_id"]
    if like.likes is not None:
        columns["likes"] = table["likes"]
    if like.shapes is not None:
        columns["shape"] = table["author_shape"]
    return list(_packets(table.assign(**columns)[list(columns)], smallest=PACKET))


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def _share(flags: pa.ChunkedArray | pa.Array) -> float:
    return float(pc.mean(pc.cast(flags, pa.float64())).as_py())


def comment_summary(packet: CommentPacket) -> dict[str, float]:
    """Summarise a packet of comments: lengths, signs, words, repeats and, where known, times, authors and likes.

    Examples
    --------
    >>> summary = comment_summary(CommentPacket(0, ["keren kak", "keren kak", "mau dong kak rina cantik"]))
    >>> summary["repeated"], summary["one_two_words"], summary["length_p50"]
    (0.666..., 0.666..., 9.0)
    """
    texts = pa.array(packet.texts, pa.string())
    lengths = np.array([len(text) for text in packet.texts], dtype=np.float64)
    folded = [_folded(text) for text in packet.texts]
    words = [text.split() for text in folded]
    word_counts = np.array([len(w) for w in words])
    counts = Counter(folded)
    long = [text for text, n in zip(folded, word_counts, strict=True) if n >= 4]
    long_counts = Counter(long)
    every_word = [word for w in words for word in w]
    letters = sum(ch.isalpha() for text in packet.texts for ch in text)
    upper = sum(ch.isupper() for text in packet.texts for ch in text)
    p10, p50, p90 = np.quantile(lengths, [0.1, 0.5, 0.9])
    result = {
        "length_p10": float(p10),
        "length_p50": float(p50),
        "length_p90": float(p90),
        "log_length_sd": float(np.log1p(lengths).std()),
        "one_two_words": float((word_counts <= 2).mean()),
        "emoji": _share(pc.match_substring_regex(texts, _EMOJI)),
        "no_letters": _share(pc.match_substring_regex(texts, _ONLY_SIGNS)),
        "mention": _share(pc.match_substring_regex(texts, r"@\w")),
        "starts_with_mention": _share(pc.match_substring_regex(texts, r"^\s*@\w")),
        "question": _share(pc.match_substring_regex(texts, r"\?")),
        "exclamation": _share(pc.match_substring_regex(texts, "!")),
        "ends_with_point": _share(pc.match_substring_regex(texts, r"\.\s*$")),
        "comma": _share(pc.match_substring_regex(texts, ",")),
        "digit": _share(pc.match_substring_regex(texts, r"\d")),
        "several_lines": _share(pc.match_substring_regex(texts, "\n")),
        "starts_upper": _share(pc.match_substring_regex(texts, r"^\s*\p{Lu}")),
        "stretched": float(np.mean([_stretched(text) for text in folded])),
        "upper_letters": upper / letters if letters else float("nan"),
        "repeated": sum(n for n in counts.values() if n > 1) / len(folded),
        "repeated_long": sum(n for n in long_counts.values() if n > 1) / len(long) if len(long) >= 5 else float("nan"),
        "top_text": max(counts.values()) / len(folded),
        "distinct_words": len(set(every_word)) / len(every_word) if every_word else float("nan"),
        "word_length": float(np.mean([len(word) for word in every_word])) if every_word else float("nan"),
        "word_once": sum(n == 1 for n in Counter(every_word).values()) / max(len(set(every_word)), 1),
    }
    return result | _behaviour(packet)


def _stretched(text: str) -> bool:
    return any(a == b == c and a.isalpha() for a, b, c in zip(text, text[1:], text[2:], strict=False))


def _handles(shapes: Sequence[str]) -> dict[str, float]:
    """Return how many handles the platform gave, end in a number, are joined of parts, or are built as no other."""
    array, number = pa.array(shapes, pa.string()), Counter(shapes)
    return {
        "handle_given": _share(pc.match_substring_regex(array, r"-[a0]*0[a0]*$")),
        "handle_number": _share(pc.match_substring_regex(array, "^[^-]*0$")),
        "handle_parts": _share(pc.match_substring_regex(array, "[._]")),
        "handle_alone": sum(n == 1 for n in number.values()) / len(shapes),
    }


def _behaviour(packet: CommentPacket) -> dict[str, float]:
    result = {}
    if packet.authors is not None:
        result["authors_per_comment"] = len(set(packet.authors)) / len(packet.authors)
    if packet.shapes is not None:
        result |= _handles(packet.shapes)
    if packet.likes is not None and np.isfinite(packet.likes).any():
        result["no_likes"] = float(np.nanmean(packet.likes == 0))
        result["log_most_likes"] = float(np.log1p(np.nanmax(packet.likes)))
    if packet.times is not None and np.isfinite(packet.times).sum() >= 10:
        gaps = np.diff(np.sort(packet.times[np.isfinite(packet.times)]))
        mean, sd = float(gaps.mean()), float(gaps.std())
        result["burstiness"] = (sd - mean) / (sd + mean) if sd + mean > 0 else float("nan")
        result["log_median_gap"] = float(np.log1p(np.median(gaps)))
        minute = np.bincount(((packet.times - np.nanmin(packet.times)) // 60).astype(np.int64) % 1_000_000)
        result["busiest_minute"] = float(minute.max() / len(packet.times))
    return result
