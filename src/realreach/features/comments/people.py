"""Who says it: authors that come back, answers, likes on comments, and whom the mentions name."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from realreach.comment_text.grouping import first_rows, first_strings
from realreach.comment_text.measures import handles
from realreach.comment_text.words import characters
from realreach.compiled import frozen
from realreach.features.blocks import not_known, ratio, segment_sum
from realreach.features.catalogue import Feature
from realreach.features.comments.pairs import HABIT, LEAST_THREADS, chances, count_pairs, distinct, sums
from realreach.features.comments.section import MINIMUM_COMMENTS, Section, known, record
from realreach.tables.core import FloatArray, IntArray

__all__ = ["FEATURES", "compute", "in_handles"]

FEATURES: tuple[Feature, ...] = (
    record("authors__all__chance", "log10 chance", "chance that two comments have one author", "peluang dua komentar dari satu penulis", 0, None, 0, "T3", "authors not given"),
    record("authors__all__loyal_share", "share of comments", "comments by authors of two comments or more", "komentar dari penulis berulang", 0, source="T3", missing="authors not given"),
    record("authors__all__everywhere", "share of comments", "comments by authors seen under at least half of the posts", "komentar dari penulis yang ada di separuh posting", 1, source="T3", missing="authors not given, or fewer than 4 posts"),
    record("replies__all__share", "share of comments", "comments that answer another", "komentar balasan", -1, source="T4", missing="replies not recorded"),
    record("threads__all__size", "ln answers", "answers in a thread that has any", "balasan dalam satu utas", -1, 0, None, "T4", "fewer than 3 threads"),
    record("creator_replies__all__share", "ratio", "answers by the creator per comment", "balasan kreator per komentar", -1, 0, None, "T4", "authorship not recorded"),
    record("comment_likes__all__share", "share of comments", "comments that somebody liked", "komentar yang disukai", -1, source="NORMS 4.4", missing="likes of comments not given"),
    record("mentions__all__chance", "log10 chance", "chance that two mentions name one account: friends tagged are many, an account promoted is one", "peluang dua penyebutan menyebut satu akun", 1, None, 0, "T4", "fewer than 10 mentions"),
    record("mentions__all__inside_share", "share of comments", "comments that mention an account, not at their beginning", "komentar yang menyebut akun di tengah", 1, source="T4"),
)  # fmt: skip


def compute(section: Section) -> dict[str, FloatArray]:
    """Return what the authors and their answers tell of every creator."""
    liked = section.share_where(section.likes > 0, ~np.isnan(section.likes))
    return _authors(section) | _conversation(section) | _mentions(section) | {"comment_likes__all__share": liked}


def _authors(section: Section) -> dict[str, FloatArray]:
    named = section.named
    chance, share = chances([count_pairs(section.table.starts, section.people, named)], MINIMUM_COMMENTS)
    return {
        "authors__all__chance": chance[0],
        "authors__all__loyal_share": share[0],
        "authors__all__everywhere": _everywhere(section, (named & (section.post >= 0)).nonzero()[0]),
    }


def _everywhere(section: Section, rows: IntArray) -> FloatArray:
    """Return the share of comments by authors seen under at least half of the creator's posts (four or more posts)."""
    if len(rows) == 0:
        return not_known(section.creators)
    n, starts = len(section.table), section.table.starts
    people, places = section.people, section.places
    seen = np.zeros(n, dtype=bool)
    seen[places[rows]] = True
    posts, total = sums(seen, starts), sums(np.bincount(rows, minlength=n), starts)
    comments = np.bincount(people[rows], minlength=n)
    # Three posts at least: one comment under each of two posts is no habit.
    rows = rows[comments[people[rows]] >= HABIT]
    under = np.bincount(distinct(people[rows], places[rows], n)[0], minlength=n)
    loyal = (under >= HABIT) & (under >= 0.5 * posts[section.owner])
    share = ratio(sums(np.where(loyal, comments, 0), starts).astype(np.float64), total.astype(np.float64))
    return np.where((posts >= 4) & (total >= MINIMUM_COMMENTS), share, np.nan)


def _conversation(section: Section) -> dict[str, FloatArray]:
    n, every = section.creators, section.every
    out: dict[str, FloatArray] = {}
    # Known or not is asked of each creator, never of the column: that others have it says nothing about this one.
    if "parent_comment_id" in every:
        answer = known(every, "parent_comment_id")
        answers = answer.nonzero()[0]
        recorded = sums(answer, every.starts) > 0
        parents = known(section.table, "parent_comment_id")
        out["replies__all__share"] = np.where(recorded, section.share(parents.astype(np.float64)), np.nan)
        first = first_strings(every.creator, every.strings("parent_comment_id"))[answers]
        size = np.bincount(first, minlength=len(every))
        opens = size.nonzero()[0]
        holder = every.creator[opens]
        threads = segment_sum(np.ones(len(holder)), holder, n)
        sizes = ratio(segment_sum(np.log1p(size[opens]), holder, n), threads)
        out["threads__all__size"] = np.where(threads >= LEAST_THREADS, sizes, np.nan)
    if "by_creator" in every:
        own = every.numbers("by_creator")
        known_author = sums(~np.isnan(own), every.starts) > 0
        share = ratio(sums(own == 1.0, every.starts).astype(np.float64), section.count)
        out["creator_replies__all__share"] = np.where(known_author, share, np.nan)
    return out


def _mentions(section: Section) -> dict[str, FloatArray]:
    """Return whom the mentions name, and how many stand inside; only texts with an at-sign are looked at again."""
    row, handle = handles(section.text.folded_points)
    owner = section.owner[row]
    starts = owner.searchsorted(np.arange(section.creators + 1))
    chance, _ = chances(
        [count_pairs(starts, first_rows(owner, handle), np.ones(len(owner), dtype=bool))], MINIMUM_COMMENTS
    )
    measures = section.measures
    inside = (measures["mention"] > 0) & (measures["starts_with_mention"] == 0)
    return {
        "mentions__all__chance": chance[0],
        "mentions__all__inside_share": section.share(inside.astype(np.float64)),
    }


@cache
def in_handles() -> npt.NDArray[np.bool_]:
    """Return which code points handles are made of; the last entry stands for all above."""
    codes = np.arange(0x20001, dtype=np.uint32)
    table = characters().of("letter", codes) | characters().of("digit", codes)
    table[[ord("_"), ord(".")]] = True
    return frozen(table)
