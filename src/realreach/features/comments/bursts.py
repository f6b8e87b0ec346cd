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
from realreach.features.blocks import ratio
from realreach.features.catalogue import Feature
from realreach.features.comments.section import MINIMUM_COMMENTS, Section, codes_of, record
from realreach.tables.core import FloatArray, IntArray

__all__ = [
    "AROUND", "FEATURES", "FLOOR", "OFTEN_UNDER_A_POST", "STRIKING", "WINDOW", "compute", "surprise_of_bursts",
    "surprise_of_phrases",
]  # fmt: skip

_TIMES = "times not given"
WINDOW = 600
AROUND = 7_200
"""Seconds of a burst, and of the hours before and after it that tell the post's own rate."""
STRIKING = 8.0
"""Surprise from which on a comment counts as part of a burst: about one in 3,000 by chance."""
FLOOR = 0.5
"""Comments that are always expected, so that nothing is striking for being the first."""
OFTEN_UNDER_A_POST = 3
"""Comments of a post from which on a phrase of theirs is looked at: fewer cannot be striking."""

FEATURES: tuple[Feature, ...] = (
    record("bursts__10min__share", "share of comments", "comments of strangers that come together beyond the post's own rate", "komentar orang asing yang datang serentak", 1, source="NORMS 4.4", missing=_TIMES),
    record("bursts__10min__max", "ln surprise", "most striking burst of strangers under a post", "lonjakan komentar orang asing terbesar", 1, 0, None, "NORMS 4.4", _TIMES),
    record("alike_bursts__10min__share", "share of comments", "comments of strangers that come together and share a phrase", "komentar orang asing serentak dengan frasa sama", 1, source="NORMS 4.4, T1", missing=_TIMES, monotone=True),
    record("alike_bursts__10min__max", "ln surprise", "most striking burst of strangers who share a phrase", "lonjakan komentar berfrasa sama terbesar", 1, 0, None, "NORMS 4.4, T1", _TIMES, monotone=True),
)  # fmt: skip


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
    near, wide, crowd = _crowds(second, place, stranger)
    out = np.zeros(len(second))
    rows = stranger.nonzero()[0]
    expected = np.maximum((wide[rows] - near[rows]) * (WINDOW / (2 * AROUND - WINDOW)), FLOOR)
    number = crowd[rows].astype(np.float64)
    surprise = number * np.log(number / expected) - (number - expected)
    out[rows] = np.where(number > expected, surprise, 0.0)
    return out


def _crowds(second: IntArray, place: IntArray, stranger: np.ndarray) -> tuple[IntArray, IntArray, IntArray]:
    """Return the comments in the minutes and in the hours around each, and the strangers in the minutes around."""
    low = int(second.min()) - AROUND - 1
    span = int(second.max()) - low + 2 * AROUND + 2
    axis = place * span + (second - low)
    ends = [axis.searchsorted(axis + reach, side="right") for reach in (WINDOW // 2, AROUND)]
    begins = [axis.searchsorted(axis - reach, side="left") for reach in (WINDOW // 2, AROUND)]
    known = np.concatenate([[0], stranger.cumsum()])
    return ends[0] - begins[0], ends[1] - begins[1], known[ends[0]] - known[begins[0]]


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
    span = high - low + 2 * WINDOW
    axis = place * span + (second - low) + WINDOW
    # One entry for a comment and a phrase; phrases that few share under a post cannot be striking.
    key = codes_of(mix(phrases + mix(place[rows].astype(np.uint64))))
    pair = np.unique(key * len(second) + rows)
    key, rows = pair // len(second), pair % len(second)
    often = np.bincount(key)
    keep = often[key] >= OFTEN_UNDER_A_POST
    key, rows = codes_of(key[keep].astype(np.uint64)), rows[keep]
    if len(rows) == 0:
        return out
    total = np.bincount(key)[key].astype(np.float64)
    # Rows ascend in time under one post, and all entries of a key are of one post: the order by key and row is by time.
    line = key * span + (second[rows] - low) + WINDOW
    reach = WINDOW // 2
    near = line.searchsorted(line + reach, side="right") - line.searchsorted(line - reach, side="left")
    at = axis[rows]
    crowd = (axis.searchsorted(at + reach, side="right") - axis.searchsorted(at - reach, side="left")).astype(float)
    comments = np.bincount(place)[place[rows]].astype(np.float64)
    share = (total - near + 0.5) / (comments - crowd + 1.0)
    expected = np.maximum(crowd * np.minimum(share, 1.0), FLOOR)
    number = near.astype(np.float64)
    surprise = np.where(number > expected, number * np.log(number / expected) - (number - expected), 0.0)
    np.maximum.at(out, rows, surprise)
    return out


def compute(section: Section) -> dict[str, FloatArray]:
    """Return the bursts under every creator's posts."""
    rows = section.in_posts
    rows = rows[section.post[rows] >= 0]
    if len(rows) == 0:
        return {}
    places = section.places[rows]
    place = np.concatenate([[False], places[1:] != places[:-1]]).cumsum()
    seconds = np.floor(section.day[rows] * 86_400.0 + 0.5).astype(np.int64)
    found = {"bursts": surprise_of_bursts(seconds, place, section.strangers[rows])}
    at = np.full(len(section.table), -1, dtype=np.int64)
    at[rows] = np.arange(len(rows))
    phrase = section.word_pairs.often
    text = at[section.words.starts.searchsorted(phrase, side="right") - 1]
    known = text >= 0
    found["alike_bursts"] = surprise_of_phrases(seconds, place, text[known], section.phrases[phrase[known]])
    placed = np.bincount(section.owner[rows], minlength=section.creators)
    out = {}
    for name, values in found.items():
        most = np.zeros(section.creators)
        np.maximum.at(most, section.owner[rows], values)
        striking = np.bincount(section.owner[rows[values >= STRIKING]], minlength=section.creators)
        enough = placed >= MINIMUM_COMMENTS
        out[f"{name}__10min__share"] = np.where(
            enough, ratio(striking.astype(np.float64), placed.astype(np.float64)), np.nan
        )
        out[f"{name}__10min__max"] = np.where(enough, np.log1p(most), np.nan)
    return out
