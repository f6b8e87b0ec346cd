"""Bursts of strangers: comments of accounts seen once that come together, as deliveries do.

Organic comments come in bursts too, so a burst is judged by the post's own rate in the hours around it, and counts only
comments of accounts that are seen once and that nobody liked: a delivery is one account per comment, minutes apart. The
second measure asks whether the strangers of ten minutes share a phrase that the rest of the post hardly holds; how busy
the post is then makes no difference.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from realreach.comment_text.words import mix
from realreach.features.catalogue import Feature
from realreach.features.comments.section import MINIMUM_COMMENTS, Section, codes_of, record
from realreach.tables.core import FloatArray, IntArray

__all__ = ["FEATURES", "by_post", "compute", "surprise_of_bursts", "surprise_of_phrases"]

_TIMES = "times not given"
_WINDOW = 600
_AROUND = 7_200
"""Seconds of a burst, and of the hours before and after it that tell the post's own rate."""
_STRIKING = 8.0
"""Surprise from which on a comment counts as part of a burst: about one in 3,000 by chance."""
_FLOOR = 0.5
"""Comments that are always expected, so that nothing is striking for being the first."""

FEATURES: tuple[Feature, ...] = (
    record("bursts__10min__share", "share of comments", "comments of strangers that come together beyond the post's own rate", "komentar orang asing yang datang serentak", 1, source="NORMS 4.4", missing=_TIMES),
    record("bursts__10min__max", "ln surprise", "most striking burst of strangers under a post", "lonjakan komentar orang asing terbesar", 1, 0, None, "NORMS 4.4", _TIMES),
    record("alike_bursts__10min__share", "share of comments", "comments of strangers that come together and share a phrase", "komentar orang asing serentak dengan frasa sama", 1, source="NORMS 4.4, T1", missing=_TIMES, monotone=True),
    record("alike_bursts__10min__max", "ln surprise", "most striking burst of strangers who share a phrase", "lonjakan komentar berfrasa sama terbesar", 1, 0, None, "NORMS 4.4, T1", _TIMES, monotone=True),
)  # fmt: skip


def by_post(section: Section, day: FloatArray, keep: np.ndarray) -> tuple[IntArray, IntArray, np.ndarray]:
    """Return rows ordered by creator, post and time, their post as counting numbers, and where a post's rows begin."""
    owner, post = section.owner, section.post
    # Posts in the order of their first comment: codes follow the crowd, and the order of a sum decides its last bit.
    _, first, inverse = np.unique(
        owner * (int(post.max(initial=0)) + 2) + post + 1, return_index=True, return_inverse=True
    )
    place = first[inverse]
    rows = np.flatnonzero(keep)
    rows = rows[np.lexsort((day[rows], place[rows], owner[rows]))]
    begins = np.ones(len(rows), dtype=bool)
    begins[1:] = place[rows][1:] != place[rows][:-1]
    return rows, np.cumsum(begins) - 1, begins


def surprise_of_bursts(second: IntArray, place: IntArray, stranger: np.ndarray) -> FloatArray:
    """Return how striking the crowd of strangers around each comment is, 0 for comments that are by no stranger.

    Parameters
    ----------
    second
        Time in whole seconds; rows ordered by place, then time.
    place
        Number of the post, counting up from 0.
    stranger
        Whether the comment is by an account seen once, with no like.

    Returns
    -------
    numpy.ndarray
        ``n ln(n / e) - (n - e)``, the surprise of a Poisson count: ``n`` strangers within five minutes before and after,
        ``e`` expected from all comments in the two hours before and after outside of these minutes (at least half a
        comment).

    Examples
    --------
    >>> quiet, burst = np.arange(8) * 900, np.arange(6) * 10 + 50_000
    >>> second = np.concatenate([quiet, burst])
    >>> surprise_of_bursts(second, np.zeros(14, dtype=np.int64), np.ones(14, dtype=bool)).round(1)[[0, 9]]
    array([0.2, 9.4])
    """
    if len(second) == 0:
        return np.empty(0)
    low = int(second.min()) - _AROUND - 1
    span = int(second.max()) - low + 2 * _AROUND + 2
    axis = place * span + (second - low)

    def inside(keys: IntArray, reach: int) -> IntArray:
        return np.searchsorted(keys, axis + reach, side="right") - np.searchsorted(keys, axis - reach, side="left")

    near, wide = inside(axis, _WINDOW // 2), inside(axis, _AROUND)
    expected = np.maximum((wide - near) * (_WINDOW / (2 * _AROUND - _WINDOW)), _FLOOR)
    crowd = inside(axis[stranger], _WINDOW // 2).astype(np.float64)
    surprise = crowd * np.log(np.maximum(crowd, 1.0) / expected) - (crowd - expected)
    return np.where(stranger & (crowd > expected), surprise, 0.0)


def surprise_of_phrases(
    second: IntArray, place: IntArray, rows: IntArray, phrases: npt.NDArray[np.uint64]
) -> FloatArray:
    """Return for each comment how strikingly a phrase of its is crowded into the minutes around it, 0 without one.

    Parameters
    ----------
    second, place
        Of all comments, ordered by place, then time.
    rows, phrases
        The phrases that count: the comment each stands in, and its number.

    Returns
    -------
    numpy.ndarray
        ``n ln(n / e) - (n - e)`` for the most striking of the comment's phrases: ``n`` comments with it within five minutes
        before and after; ``e`` expected from the comments in these minutes and the phrase's share in all other
        comments of the post (at least half a comment).
    """
    out = np.zeros(len(second))
    if len(rows) == 0:
        return out
    low, high = int(second.min()), int(second.max())
    span = high - low + 2 * _WINDOW
    axis = place * span + (second - low) + _WINDOW
    # One entry for a comment and a phrase; phrases that few share under a post cannot be striking.
    key = codes_of(mix(phrases + mix(place[rows].astype(np.uint64))))
    pair = np.unique(key * len(second) + rows)
    key, rows = pair // len(second), pair % len(second)
    often = np.bincount(key)
    keep = often[key] >= 3
    key, rows = codes_of(key[keep].astype(np.uint64)), rows[keep]
    if len(rows) == 0:
        return out
    total = np.bincount(key)[key].astype(np.float64)
    # Rows ascend in time under one post, and all entries of a key are of one post: the order by key and row is by time.
    line = key * span + (second[rows] - low) + _WINDOW
    reach = _WINDOW // 2
    near = np.searchsorted(line, line + reach, side="right") - np.searchsorted(line, line - reach, side="left")
    at = axis[rows]
    crowd = (np.searchsorted(axis, at + reach, side="right") - np.searchsorted(axis, at - reach, side="left")).astype(
        float
    )
    comments = np.bincount(place)[place[rows]].astype(np.float64)
    share = (total - near + 0.5) / (comments - crowd + 1.0)
    expected = np.maximum(crowd * np.minimum(share, 1.0), _FLOOR)
    number = near.astype(np.float64)
    surprise = np.where(number > expected, number * np.log(number / expected) - (number - expected), 0.0)
    np.maximum.at(out, rows, surprise)
    return out


def compute(section: Section) -> dict[str, FloatArray]:
    """Return the bursts under every creator's posts."""
    day = section.table.days("commented_at")
    known = ~np.isnan(day) & (section.post >= 0)
    rows, place, _ = by_post(section, day, known)
    if len(rows) == 0:
        return {}
    stranger = _strangers(section)[rows]
    seconds = np.floor(day[rows] * 86_400.0 + 0.5).astype(np.int64)
    found = {"bursts": surprise_of_bursts(seconds, place, stranger)}
    at = np.full(len(section.table), -1, dtype=np.int64)
    at[rows] = np.arange(len(rows))
    text, phrase = _phrases(section)
    telling = (at[text] >= 0) & (section.telling & _strangers(section))[text]
    found["alike_bursts"] = surprise_of_phrases(seconds, place, at[text[telling]], phrase[telling])
    enough = section.total(known.astype(np.float64)) >= MINIMUM_COMMENTS
    out = {}
    for name, values in found.items():
        surprise = np.zeros(len(section.table))
        surprise[rows] = values
        most = np.zeros(section.creators)
        np.maximum.at(most, section.owner, surprise)
        out[f"{name}__10min__share"] = section.share_where(surprise >= _STRIKING, known)
        out[f"{name}__10min__max"] = np.where(enough, np.log1p(most), np.nan)
    return out


def _phrases(section: Section) -> tuple[IntArray, npt.NDArray[np.uint64]]:
    """Return the pairs of neighbouring words: the comment each stands in, and its number."""
    words = section.words
    owner = words.owner
    inside = owner[1:] == owner[:-1]
    pair = mix(words.numbers[:-1] * np.uint64(3) + words.numbers[1:])
    return owner[1:][inside], pair[inside]


def _strangers(section: Section) -> np.ndarray:
    """Return which comments are by accounts seen once in the section (or not known), with no like that is known of."""
    author = section.author
    width = int(author.max(initial=0)) + 1
    person = section.owner * width + np.maximum(author, 0)
    _, inverse, times = np.unique(person, return_inverse=True, return_counts=True)
    once = (times[inverse] == 1) | (author < 0)
    return np.asarray(once & ~(section.table.numbers("likes") > 0), dtype=bool)
