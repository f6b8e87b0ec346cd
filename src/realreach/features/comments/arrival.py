"""When the comments come: after the post, after each other, and at which hour of the day.

The time zone of an audience is not known: night is where the section itself is quietest.
"""

from __future__ import annotations

import numpy as np

from realreach.features.blocks import not_known, ratio, segment_sum
from realreach.features.catalogue import Feature
from realreach.features.comments.pairs import distinct, sums
from realreach.features.comments.section import MINIMUM_COMMENTS, Section, record, spread
from realreach.tables.core import FloatArray, IntArray, Table

__all__ = ["FEATURES", "LEAST_FOR_RHYTHM", "PEAK_BINS", "PEAK_LOW", "PEAK_WIDTH", "TURNS", "compute"]

_TIMES = "times not given"
_GAPS = "fewer than 10 gaps between comments"
LEAST_FOR_RHYTHM = 50
_ANGLE = 2.0 * np.pi * (np.arange(24) + 0.5) / 24.0
TURNS = np.cos(_ANGLE), np.sin(_ANGLE)
"""East and north of each hour on the dial."""
PEAK_LOW, PEAK_WIDTH, PEAK_BINS = -3.0, 0.25, 56
"""Bins of the delay, in ln hours."""

FEATURES: tuple[Feature, ...] = (
    record("early_crowd__60min__return", "chance", "chance that an early commenter is early under another post too", "peluang komentator awal juga awal di posting lain", 1, source="T3", missing="authors or times not given, or fewer than 3 posts"),
    record("delay__all__median", "ln hours", "time from post to comment", "jarak waktu dari posting ke komentar", 0, None, None, "T9", _TIMES),
    record("delay__all__first_hour", "share of comments", "comments in the first hour", "komentar pada jam pertama", 1, source="T9", missing=_TIMES),
    record("delay__all__spread", "ln hours", "spread of the time from post to comment", "sebaran jarak waktu ke komentar", -1, 0, None, "T9", _TIMES),
    record("delay__all__peak", "share of comments", "comments that share one delay after the post beyond the delays beside it", "komentar yang menumpuk pada satu jeda waktu", 1, 0, 1, "T9", _TIMES),
    record("arrival__all__burstiness", "-1..1", "burstiness of arrival: organic comments come in bursts, deliveries evenly", "kelonjakan kedatangan komentar", -1, -1, 1, "NORMS 4.4", _GAPS),
    record("arrival__all__rapid", "share of gaps", "comments within 15 seconds of the one before", "komentar dalam 15 detik dari sebelumnya", 1, source="NORMS 4.4", missing=_GAPS),
    record("rhythm__all__concentration", "0..1", "how much comments keep to hours of the day", "pemusatan komentar pada jam tertentu", 0, 0, 1, "T9", "fewer than 50 comments with a time"),
    record("rhythm__all__quiet_share", "share of comments", "comments in the six hours of the day that are quietest in this section", "komentar pada enam jam paling sepi", 1, 0, 0.25, "T9", "fewer than 50 comments with a time"),
    record("recorded__100p__coverage", "log ratio", "comments given against comments counted by the platform", "komentar diberikan dibanding yang dihitung platform", 0, None, None, "G12", "counts or post keys not given", peers=False),
)  # fmt: skip


def compute(section: Section) -> dict[str, FloatArray]:
    """Return the timing of every creator's comments."""
    day = section.day
    return _delays(section, day) | _gaps(section, day) | _rhythm(section, day)


def _delays(section: Section, day: FloatArray) -> dict[str, FloatArray]:
    posts = section.view.posts_table
    if posts is None or len(posts) == 0:
        return {}
    row, n = section.post_rows, section.creators
    out: dict[str, FloatArray] = {}
    hours = 24.0 * (day - posts.days("posted_at")[np.maximum(row, 0)])
    known = (row >= 0) & (hours >= 0)
    log = np.log(np.where(known, hours, 0.0) + 0.05)
    out["delay__all__median"] = section.share_where(log, known)
    out["delay__all__first_hour"] = section.share_where(hours <= 1.0, known)
    out["delay__all__spread"] = spread(section, log, known)
    out["delay__all__peak"] = _peak(section, log, known)
    early = known & (hours <= 1.0) & section.named
    out["early_crowd__60min__return"] = _returning(section, posts, early, row)
    seen = segment_sum((row >= 0).astype(np.float64), section.owner, n)
    total = segment_sum(np.nan_to_num(posts.numbers("comments_count")), posts.creator, n)
    covered = np.log((seen + 1.0) / (total + 1.0))
    out["recorded__100p__coverage"] = np.where((seen > 0) & (total > 0), covered, np.nan)
    return out


def _peak(section: Section, log: FloatArray, known: np.ndarray) -> FloatArray:
    """Return how far the fullest bin of the delay (a quarter of ln hours) rises above the mean of the bins beside it."""
    at = np.minimum(np.maximum(((log - PEAK_LOW) / PEAK_WIDTH).astype(np.int64), 0), PEAK_BINS - 1) + 1
    cells = _cells(section, at[known], known, PEAK_BINS + 2)
    above = (cells[:, 1:-1] - (cells[:, :-2] + cells[:, 2:]) / 2.0).max(axis=1)
    count = cells.sum(axis=1)
    return np.where(count >= 2 * MINIMUM_COMMENTS, ratio(np.maximum(above, 0.0), count), np.nan)


def _cells(section: Section, at: IntArray, known: np.ndarray, bins: int) -> FloatArray:
    """Return how many known comments of each creator fall into each bin, shape (creators, bins)."""
    number = np.bincount(section.owner[known] * bins + at, minlength=section.creators * bins)
    return number.reshape(section.creators, bins).astype(np.float64)


def _gaps(section: Section, day: FloatArray) -> dict[str, FloatArray]:
    """Describe the gaps between neighbouring comments under one post, each in units of that post's mean gap."""
    n = section.creators
    rows = section.in_posts
    places = section.places[rows]
    same = places[1:] == places[:-1]
    number = np.concatenate([[0], (~same).cumsum()])
    told = day[rows]
    gap = ((told[1:] - told[:-1]) * 86_400.0)[same]
    if len(gap) == 0:
        return {}
    holder, place = section.owner[rows][1:][same], number[1:][same]
    count_of_place = np.bincount(place)
    mean = np.bincount(place, weights=gap) / np.maximum(count_of_place, 1)
    scaled = gap / np.maximum(mean[place], 1e-9)
    usable = count_of_place[place] >= 4
    count = segment_sum(usable.astype(np.float64), holder, n)
    deviation = segment_sum(np.where(usable, (scaled - 1.0) ** 2, 0.0), holder, n)
    cv = np.sqrt(ratio(deviation, count))
    rapid = segment_sum((gap <= 15.0).astype(np.float64), holder, n)
    gaps = segment_sum(np.ones(len(gap)), holder, n)
    return {
        "arrival__all__burstiness": np.where(count >= 10, (cv - 1.0) / (cv + 1.0), np.nan),
        "arrival__all__rapid": np.where(gaps >= 10, ratio(rapid, gaps), np.nan),
    }


def _rhythm(section: Section, day: FloatArray) -> dict[str, FloatArray]:
    known = ~np.isnan(day)
    hour = np.floor((np.where(known, day, 0.0) % 1.0) * 24.0).astype(np.int64)
    cells = _cells(section, hour[known], known, 24)
    count = cells.sum(axis=1)
    enough = count >= LEAST_FOR_RHYTHM
    # A running sum goes hour after hour for any number of creators; a matrix product may sum in another order.
    east, north = ((cells * turn).cumsum(axis=1)[:, -1] for turn in TURNS)
    seen = np.concatenate([np.zeros((len(cells), 1)), cells, cells[:, :5]], axis=1).cumsum(axis=1)
    quiet = (seen[:, 6:] - seen[:, :24]).min(axis=1)
    return {
        "rhythm__all__concentration": np.where(enough, np.minimum(ratio(np.hypot(east, north), count), 1.0), np.nan),
        "rhythm__all__quiet_share": np.where(enough, ratio(quiet, count), np.nan),
    }


def _returning(section: Section, table: Table, early: np.ndarray, post: IntArray) -> FloatArray:
    """Return the chance that an early author is early under another (random) post of the creator too."""
    n, owner = section.creators, section.owner[early]
    if len(owner) == 0:
        return not_known(n)
    width = int(post.max()) + 1
    people = section.people[early]
    who, _ = distinct(people, post[early], width)
    visits = np.bincount(who, minlength=len(section.table))
    crowded = np.zeros(width, dtype=bool)
    crowded[post[early]] = True
    posts = np.bincount(table.creator[:width], weights=crowded, minlength=n)
    again = sums(visits * (visits - 1), section.table.starts).astype(np.float64)
    slots = sums(visits, section.table.starts) * (posts - 1.0)
    return np.where((posts >= 3) & (slots >= MINIMUM_COMMENTS), ratio(again, slots), np.nan)
