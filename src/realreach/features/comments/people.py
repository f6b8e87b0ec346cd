"""Who says it: authors that come back, answers, likes on comments, and whom the mentions name."""

from __future__ import annotations

import numpy as np

from realreach.comment_text.measures import handles
from realreach.features.blocks import not_known, ratio, segment_sum
from realreach.features.catalogue import Feature
from realreach.features.comments.section import MINIMUM_COMMENTS, Section, chance, codes_of, groups, record
from realreach.tables.core import FloatArray, IntArray

__all__ = ["FEATURES", "compute"]

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
    return _authors(section) | _conversation(section) | _mentions(section)


def _authors(section: Section) -> dict[str, FloatArray]:
    owner, n = section.owner, section.creators
    author, post = section.author, section.post
    known = author >= 0
    out: dict[str, FloatArray] = {}
    out["authors__all__chance"], out["authors__all__loyal_share"] = chance(owner[known], author[known], n)
    placed = known & (post >= 0)
    out["authors__all__everywhere"] = _everywhere(owner[placed], author[placed], post[placed], n)
    return out


def _everywhere(owner: IntArray, author: IntArray, post: IntArray, creators: int) -> FloatArray:
    """Return the share of comments by authors seen under at least half of the creator's posts (four or more posts)."""
    if len(owner) == 0:
        return not_known(creators)
    width = int(author.max()) + 1
    person = owner * width + author
    who, inverse, comments = np.unique(person, return_inverse=True, return_counts=True)
    place, _ = groups(owner, post)
    posts = segment_sum(np.ones(len(place)), place, creators)
    seen = np.unique(inverse * (int(post.max()) + 1) + post) // (int(post.max()) + 1)
    places = np.bincount(seen, minlength=len(who))
    holder = who // width
    # Three posts at least: one comment under each of two posts is no habit.
    loyal = (places >= 0.5 * posts[holder]) & (places >= 3)
    total = segment_sum(np.ones(len(owner)), owner, creators)
    share = ratio(segment_sum(np.where(loyal, comments, 0).astype(np.float64), holder, creators), total)
    return np.where((posts >= 4) & (total >= MINIMUM_COMMENTS), share, np.nan)


def _conversation(section: Section) -> dict[str, FloatArray]:
    n, table, every = section.creators, section.table, section.every
    out: dict[str, FloatArray] = {}
    # Known or not is asked of each creator, never of the column: that others have it says nothing about this one.
    parent = every.codes("parent_comment_id")
    recorded = segment_sum((parent >= 0).astype(np.float64), every.creator, n) > 0
    parents = (table.codes("parent_comment_id") >= 0).astype(np.float64)
    out["replies__all__share"] = np.where(recorded, section.share(parents), np.nan)
    holder, size = groups(every.creator[parent >= 0], parent[parent >= 0])
    threads = segment_sum(np.ones(len(holder)), holder, n)
    sizes = ratio(segment_sum(np.log1p(size), holder, n), threads)
    out["threads__all__size"] = np.where(threads >= 3, sizes, np.nan)
    own = every.numbers("by_creator")
    answers = segment_sum((own == 1.0).astype(np.float64), every.creator, n)
    known_author = segment_sum((~np.isnan(own)).astype(np.float64), every.creator, n) > 0
    out["creator_replies__all__share"] = np.where(known_author, ratio(answers, section.count), np.nan)
    likes = table.numbers("likes")
    out["comment_likes__all__share"] = section.share_where(likes > 0, ~np.isnan(likes))
    return out


def _mentions(section: Section) -> dict[str, FloatArray]:
    row, handle = handles(section.text.folded_points)
    measures = section.measures
    inside = (measures["mention"] > 0) & (measures["starts_with_mention"] == 0)
    return {
        "mentions__all__chance": chance(section.owner[row], codes_of(handle), section.creators)[0],
        "mentions__all__inside_share": section.share(inside.astype(np.float64)),
    }
