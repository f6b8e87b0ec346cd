"""Which comments carry which reason: those that repeat, share authors, come too fast, say little, or advertise."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from realreach.tables.core import FloatArray, IntArray, Table

__all__ = ["COMMENT_ROWS", "CommentRows"]

_LONGEST = 500
"""Characters of a comment that are looked at."""
_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)
_LINK = re.compile(
    r"(?i)(https?://|www\.|\bt\.me/|\bwa\.me/|\b[\w-]{2,30}\.(?:com|net|id|xyz|shop|link)\b|\+?\d[\d -]{8,14}\d)"
)

Picked = tuple[IntArray, IntArray | None]


@dataclass(frozen=True, eq=False)
class CommentRows:
    """The comments by others under one creator's posts, in the order of the table.

    ``row`` are rows of the view's comments table; times in days, NaN where not known.
    """

    row: IntArray
    texts: list[str]
    post: list[str | None]
    author: list[str | None]
    day: FloatArray
    delay_hours: FloatArray

    @classmethod
    def of(cls, comments: Table, posts: Table | None, creator: int) -> CommentRows:
        """Return the comments by others of one creator."""
        low, high = int(comments.starts[creator]), int(comments.starts[creator + 1])
        rows = np.arange(low, high)
        rows = rows[comments.numbers("by_creator")[low:high] != 1.0]
        texts, post, author = (comments.strings(n).take(rows).to_pylist() for n in ("text", "post_id", "author_id"))
        day = comments.days("commented_at")[rows]
        posted: dict[str, float] = {}
        if posts is not None:
            first, end = int(posts.starts[creator]), int(posts.starts[creator + 1])
            keys = posts.strings("post_id").slice(first, end - first).to_pylist()
            posted = dict(zip(keys, posts.days("posted_at")[first:end].tolist(), strict=True))
        begin = np.array([posted.get(p, np.nan) if p is not None else np.nan for p in post], dtype=np.float64)
        return cls(rows, [t or "" for t in texts], post, author, day, 24.0 * (day - begin))

    @cached_property
    def folded(self) -> list[str]:
        """Texts in one form: compatible letters, no case, at most 500 characters."""
        return [unicodedata.normalize("NFKC", t[:_LONGEST]).casefold() for t in self.texts]

    @cached_property
    def words(self) -> list[list[str]]:
        """The words of each text."""
        return [_WORD.findall(t) for t in self.folded]


def _grouped(keys: list[str | None], least: int) -> Picked:
    """Return the rows whose key occurs ``least`` times or more, and the number of each row's group."""
    places: dict[str, list[int]] = {}
    for i, key in enumerate(keys):
        if key is not None:
            places.setdefault(key, []).append(i)
    groups = sorted((rows for rows in places.values() if len(rows) >= least), key=lambda r: (-len(r), r[0]))
    picked = np.array([i for rows in groups for i in rows], dtype=np.int64)
    number = np.array([g for g, rows in enumerate(groups) for _ in rows], dtype=np.int64)
    return picked, number


def _repeated(c: CommentRows) -> Picked:
    """Comments of four words or more that are alike but for numbers, or for one word."""
    keys: list[str | None] = []
    for folded, words in zip(c.folded, c.words, strict=True):
        keys.append(" ".join(_WORD.findall(_NUMBER.sub(" ", folded))) if len(words) >= 4 else None)
    same = _grouped(keys, 2)
    opening = [None if k is None else " ".join(k.split()[:3]) for k in keys]
    begin = _grouped(opening, 3)
    return same if len(same[0]) >= len(begin[0]) else begin


def _same_authors(c: CommentRows) -> Picked:
    """Comments by authors who are there under three posts or more."""
    places: dict[str, set[str]] = {}
    for author, post in zip(c.author, c.post, strict=True):
        if author is not None and post is not None:
            places.setdefault(author, set()).add(post)
    loyal = {a for a, where in places.items() if len(where) >= 3}
    return _grouped([a if a in loyal else None for a in c.author], 1)


def _in_step(c: CommentRows) -> Picked:
    """Comments within 15 seconds of the one before under a post; else the half closest in time since posting."""
    order = sorted(range(len(c.row)), key=lambda i: (c.post[i] or "", c.day[i]))
    fast = set()
    for before, after in pairwise(order):
        if (
            c.post[before] is not None
            and c.post[before] == c.post[after]
            and (c.day[after] - c.day[before]) * 86_400 <= 15
        ):
            fast |= {before, after}
    known = np.flatnonzero(c.delay_hours > 0)
    if len(fast) * 4 >= len(c.row) or len(known) < 10:
        return np.array(sorted(fast), dtype=np.int64), None
    hours = np.log(c.delay_hours[known] + 0.05)
    sorted_rows = known[np.argsort(hours, kind="stable")]
    ordered = np.sort(hours)
    half = len(known) // 2
    first = int(np.argmin(ordered[half:] - ordered[: len(known) - half]))
    return np.sort(sorted_rows[first : first + half]), None


def _says_little(c: CommentRows) -> Picked:
    """Comments of two words or less, emoji only included."""
    return np.array([i for i, words in enumerate(c.words) if len(words) <= 2], dtype=np.int64), None


def _advertises(c: CommentRows) -> Picked:
    return np.array([i for i, t in enumerate(c.folded) if _LINK.search(t)], dtype=np.int64), None


def _polished(c: CommentRows) -> Picked:
    """Comments that begin with a capital and end with a full stop or an exclamation mark."""
    rows = [i for i, t in enumerate(c.texts) if len(c.words[i]) >= 2 and t[:1].isupper() and t.rstrip()[-1:] in ".!"]
    return np.array(rows, dtype=np.int64), None


COMMENT_ROWS: Mapping[str, Callable[[CommentRows], Picked]] = MappingProxyType(
    {
        "comments_templates": _repeated,
        "comments_same_authors": _same_authors,
        "comments_arrival": _in_step,
        "comments_unspecific": _says_little,
        "comments_promotion": _advertises,
        "comments_sold_style": _polished,
    }
)
"""How the comments that carry a code are found."""
