"""The comment sections of all creators, with what every part of the family derives from them once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from realreach.comment_text import likeness
from realreach.comment_text.languages import languages
from realreach.comment_text.measures import measure_comments
from realreach.comment_text.model import CommentModel, default_comment_model
from realreach.comment_text.normalise import Normalised, normalise
from realreach.comment_text.words import Words, split_words
from realreach.features.blocks import not_known, ratio, segment_sum
from realreach.features.catalogue import Feature
from realreach.features.view import View
from realreach.tables.core import FloatArray, IntArray, Table

__all__ = [
    "FEW",
    "LONG_WORDS",
    "MINIMUM_COMMENTS",
    "NO_LONG",
    "Section",
    "chance",
    "chance_across",
    "codes_of",
    "groups",
    "posts_of_comments",
    "record",
    "spread",
]

MINIMUM_COMMENTS = 10
"""Comments by others that a creator must have; below, the comment features are NaN."""

LONG_WORDS = 4
"""Words from which on a repeat means something: organic comments of one or two words repeat all the time."""

FEW = "fewer than 10 comments by others"
NO_LONG = "fewer than 10 comments of four words or more"


def record(
    name: str, unit: str, en: str, idn: str, direction: int = 0, low: float | None = 0, high: float | None = 1, source: str = "",
    missing: str = FEW, peers: bool = True, monotone: bool = False,
) -> Feature:  # fmt: skip
    """Return the catalogue record of a comment feature."""
    return Feature(f"comments__{name}", unit, missing, en, idn, direction, low, high, source, peers, monotone)


@dataclass(frozen=True, eq=False)
class Section:
    """The comments by others of all creators.

    Parameters
    ----------
    table
        Comments by others.
    every
        All comments, the creator's own answers among them.
    view
        The point-in-time view that both come from.
    """

    table: Table
    every: Table
    view: View

    @property
    def creators(self) -> int:
        """Number of creators."""
        return len(self.view)

    @property
    def owner(self) -> IntArray:
        """Creator of each comment."""
        return self.table.creator

    @cached_property
    def text(self) -> Normalised:
        """The comments, normalised."""
        return normalise(self.table.strings("text"))

    @cached_property
    def words(self) -> Words:
        """The words of the comments."""
        return split_words(self.text.plain_points)

    @cached_property
    def measures(self) -> dict[str, FloatArray]:
        """Measures of each comment (:data:`realreach.comment_text.measures.MEASURES`), and ``short``: one or two words."""
        out = measure_comments(self.text, self.words)
        out["short"] = ((out["words"] <= 2) & (out["emoji_only"] == 0)).astype(np.float64)
        return out

    @cached_property
    def languages(self) -> npt.NDArray[np.int8]:
        """Language of each comment (:data:`realreach.comment_text.languages.LANGUAGES`)."""
        return languages(self.text, self.words)

    @cached_property
    def templates(self) -> IntArray:
        """Template of each comment as small numbers; equal over all creators."""
        return codes_of(likeness.template_keys(self.words))

    @cached_property
    def telling(self) -> npt.NDArray[np.bool_]:
        """Whether likeness means something: four words or more, and no wish or prayer."""
        return (self.measures["words"] >= LONG_WORDS) & (self.measures["wish"] == 0)

    @cached_property
    def near(self) -> IntArray:
        """Group of near twins of each telling comment inside of its creator's section; others have a group each."""
        out = np.arange(len(self.table))
        rows = np.flatnonzero(self.telling)
        keys = likeness.template_keys(self.words)
        points = self.text.plain_points.take(rows)
        out[rows] = rows[likeness.near_groups(self.owner[rows], keys[rows], points)]
        return out

    @cached_property
    def model(self) -> CommentModel:
        """The comment model: the view's own, else the one that ships with the package."""
        return self.view.comment_model or default_comment_model()

    @cached_property
    def sold(self) -> FloatArray:
        """Probability of each comment that it is sold or automated."""
        return self.model.sold(self.text)

    @cached_property
    def post(self) -> IntArray:
        """Small numbers of the post keys; -1 = not known."""
        return self.table.codes("post_id")

    @cached_property
    def author(self) -> IntArray:
        """Small numbers of the authors; -1 = not known."""
        return self.table.codes("author_id")

    @cached_property
    def count(self) -> FloatArray:
        """Comments by others of each creator."""
        return np.diff(self.table.starts).astype(np.float64)

    @cached_property
    def post_rows(self) -> IntArray:
        """Row of each comment's post in the view's posts, -1 where it is not there."""
        posts = self.view.posts_table
        if posts is None or len(posts) == 0:
            return np.full(len(self.table), -1, dtype=np.int64)
        return posts_of_comments(self.table, posts)

    def total(self, values: FloatArray) -> FloatArray:
        """Return the sum over each creator's comments."""
        return segment_sum(values, self.owner, self.creators)

    def share(self, values: FloatArray) -> FloatArray:
        """Return the mean over each creator's comments."""
        return ratio(self.total(values), self.count)

    def share_where(
        self, values: npt.NDArray, known: npt.NDArray[np.bool_], least: int = MINIMUM_COMMENTS
    ) -> FloatArray:
        """Return the mean over the comments for which a value is known; NaN below ``least`` of them."""
        count = self.total(known.astype(np.float64))
        mean = ratio(self.total(np.where(known, values, 0.0)), count)
        return np.where(count >= least, mean, np.nan)


def codes_of(keys: npt.NDArray[np.uint64]) -> IntArray:
    """Return small numbers that are equal where 64-bit keys are equal."""
    return np.unique(keys, return_inverse=True)[1].astype(np.int64).reshape(keys.shape)


def spread(section: Section, values: FloatArray, keep: npt.NDArray[np.bool_]) -> FloatArray:
    """Return the standard deviation over the kept comments of each creator; NaN below ten of them."""
    count = section.total(keep.astype(np.float64))
    mean = ratio(section.total(np.where(keep, values, 0.0)), count)
    square = section.total(np.where(keep, (values - mean[section.owner]) ** 2, 0.0))
    return np.where(count >= MINIMUM_COMMENTS, np.sqrt(ratio(square, count)), np.nan)


def groups(owner: IntArray, key: IntArray) -> tuple[IntArray, FloatArray]:
    """Return the creator and the size of every group of rows with one creator and one key."""
    if len(owner) == 0:
        return owner, np.empty(0)
    width = int(key.max()) + 1
    pairs, size = np.unique(owner * width + key, return_counts=True)
    return pairs // width, size.astype(np.float64)


def chance(
    owner: IntArray, key: IntArray, creators: int, least: int = MINIMUM_COMMENTS
) -> tuple[FloatArray, FloatArray]:
    """Return log10 of the chance that two rows of a creator share a key (smoothed by half a pair), and the share in pairs."""
    holder, size = groups(owner, key)
    total = segment_sum(np.ones(len(owner)), owner, creators)
    pairs = total * (total - 1.0) / 2.0
    same = segment_sum(size * (size - 1.0) / 2.0, holder, creators)
    twins = segment_sum(np.where(size > 1, size, 0.0), holder, creators)
    enough = total >= least
    value = np.where(enough, np.log10((same + 0.5) / (pairs + 1.0)), np.nan)
    return value, np.where(enough, ratio(twins, total), np.nan)


def chance_across(owner: IntArray, key: IntArray, post: IntArray, creators: int) -> tuple[FloatArray, FloatArray]:
    """Return log10 of the chance that two rows share a key: rows under different posts, and rows under one post."""
    if len(owner) == 0:
        return not_known(creators), not_known(creators)
    width = int(post.max()) + 1
    count = segment_sum(np.ones(len(owner)), owner, creators)

    def pairs(keys: IntArray) -> FloatArray:
        holder, size = groups(owner, keys)
        return segment_sum(size * (size - 1.0) / 2.0, holder, creators)

    small = np.unique(key, return_inverse=True)[1]
    same, inside_same, inside = pairs(small), pairs(small * width + post), pairs(post)
    across = count * (count - 1.0) / 2.0 - inside
    enough = count >= MINIMUM_COMMENTS
    return (
        np.where(enough & (across > 0), np.log10((same - inside_same + 0.5) / (across + 1.0)), np.nan),
        np.where(enough & (inside > 0), np.log10((inside_same + 0.5) / (inside + 1.0)), np.nan),
    )


def posts_of_comments(comments: Table, posts: Table) -> IntArray:
    """Return the row in ``posts`` of each comment's post, -1 where it is not there."""
    both = pa.concat_arrays([posts.strings("post_id"), comments.strings("post_id")])
    codes = both.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    width = int(codes.max(initial=0)) + 1
    keys = posts.creator * width + codes[: len(posts)]
    wanted = comments.creator * width + codes[len(posts) :]
    order = np.argsort(keys, kind="stable")
    at = np.minimum(np.searchsorted(keys[order], wanted), max(len(keys) - 1, 0))
    if len(keys) == 0:
        return np.full(len(wanted), -1, dtype=np.int64)
    found = (keys[order][at] == wanted) & (codes[len(posts) :] >= 0)
    return np.where(found, order[at], -1)
