"""The comment sections of all creators, with what every part of the family derives from them once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from realreach.comment_text import likeness
from realreach.comment_text.grouping import first_rows, first_strings
from realreach.comment_text.languages import languages
from realreach.comment_text.measures import MEASURES, measure_comments
from realreach.comment_text.model import CommentModel, default_comment_model
from realreach.comment_text.normalise import Normalised, normalise
from realreach.comment_text.reading import Facts, read_comments
from realreach.comment_text.words import Words, split_words
from realreach.features.blocks import not_known, ratio, segment_sum
from realreach.features.catalogue import Feature
from realreach.features.comments.pairs import WordPairs, count_words
from realreach.features.view import View
from realreach.lazy import cached_property
from realreach.tables.core import FloatArray, IntArray, Table

__all__ = [
    "FEW",
    "LONG_WORDS",
    "MINIMUM_COMMENTS",
    "NO_LONG",
    "Section",
    "codes_of",
    "known",
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

    @cached_property
    def creators(self) -> int:
        """Number of creators."""
        return len(self.view)

    @cached_property
    def owner(self) -> IntArray:
        """Creator of each comment."""
        return self.table.creator

    @cached_property
    def facts(self) -> Facts | None:
        """All that is told of the comments, read at once; None without compiled kernels."""
        return read_comments(self.table.strings("text"), self.model)

    @cached_property
    def text(self) -> Normalised:
        """The comments, normalised."""
        return self.facts.text if self.facts is not None else normalise(self.table.strings("text"))

    @cached_property
    def words(self) -> Words:
        """The words of the comments."""
        return self.facts.words if self.facts is not None else split_words(self.text.plain_points)

    @cached_property
    def measures(self) -> dict[str, FloatArray]:
        """Measures of each comment (:data:`realreach.comment_text.measures.MEASURES`), and ``short``: one or two words."""
        if self.facts is not None:
            return dict(zip([*MEASURES, "short"], self.facts.measures, strict=True))
        out = measure_comments(self.text, self.words)
        out["short"] = ((out["words"] <= 2) & (out["emoji_only"] == 0)).astype(np.float64)
        return out

    @cached_property
    def languages(self) -> npt.NDArray[np.int8]:
        """Language of each comment (:data:`realreach.comment_text.languages.LANGUAGES`)."""
        return self.facts.languages if self.facts is not None else languages(self.text, self.words)

    @cached_property
    def exact_keys(self) -> npt.NDArray[np.uint64]:
        """Key of each comment's text (:func:`realreach.comment_text.likeness.exact_keys`)."""
        return self.facts.exact_keys if self.facts is not None else likeness.exact_keys(self.text)

    @cached_property
    def template_keys(self) -> npt.NDArray[np.uint64]:
        """Key of each comment's template (:func:`realreach.comment_text.likeness.template_keys`)."""
        return self.facts.template_keys if self.facts is not None else likeness.template_keys(self.words)

    @cached_property
    def exact(self) -> IntArray:
        """Group of equal texts of each comment in its creator's section: the row of the first of them."""
        return first_rows(self.owner, self.exact_keys)

    @cached_property
    def templates(self) -> IntArray:
        """Group of comments of one template in their creator's section: the row of the first of them."""
        return first_rows(self.owner, self.template_keys)

    @cached_property
    def long(self) -> npt.NDArray[np.bool_]:
        """Whether a repeat means something: four words or more."""
        return np.asarray(self.measures["words"] >= LONG_WORDS, dtype=bool)

    @cached_property
    def telling(self) -> npt.NDArray[np.bool_]:
        """Whether likeness means something: four words or more, and no wish or prayer."""
        return self.long & (self.measures["wish"] == 0)

    @cached_property
    def near(self) -> IntArray:
        """Group of near twins of each telling comment inside of its creator's section; others have a group each."""
        out = np.arange(len(self.table))
        rows = self.telling.nonzero()[0]
        keys = self.template_keys[rows]
        out[rows] = rows[likeness.near_groups(self.owner[rows], keys, self.text.plain_points, rows)]
        return out

    @cached_property
    def phrases(self) -> npt.NDArray[np.uint64]:
        """Key of the two words that begin with each word, whatever text the second stands in; none for the last word."""
        numbers = self.words.numbers
        return np.asarray(numbers[:-1] * np.uint64(3) + numbers[1:], dtype=np.uint64)

    @cached_property
    def word_pairs(self) -> WordPairs:
        """Equal pairs of words and phrases; asked for are the phrases of telling comments by strangers."""
        asked = self.telling & self.strangers
        return count_words(self.table.starts, self.words, self.owner, self.phrases, asked)

    @cached_property
    def model(self) -> CommentModel:
        """The comment model: the view's own, else the one that ships with the package."""
        return self.view.comment_model or default_comment_model()

    @cached_property
    def sold(self) -> FloatArray:
        """Probability of each comment that it is sold or automated."""
        return self.model.sold_table[self.sold_steps]

    @cached_property
    def sold_steps(self) -> IntArray:
        """Place of each comment's probability in the model's table of them, ascending."""
        return self.facts.sold_steps if self.facts is not None else self.model.sold_steps(self.text)

    @cached_property
    def _first_of_post(self) -> tuple[IntArray, int]:
        """Of each comment the first row with its creator and post key, counting the view's posts first; and their number."""
        posts = self.view.posts_table
        keys = self.table.strings("post_id")
        if posts is None or "post_id" not in self.table:
            return first_strings(self.owner, keys), 0
        both = pa.concat_arrays([posts.strings("post_id"), keys])
        return first_strings(np.concatenate([posts.creator, self.owner]), both)[len(posts) :], len(posts)

    @cached_property
    def places(self) -> IntArray:
        """Post of each comment, named by the row of its first comment (all that are under no known post are one)."""
        found, posts = self._first_of_post
        if posts == 0:
            return found
        first = np.empty(posts + len(found), dtype=np.int64)
        first[found[::-1]] = np.arange(len(found))[::-1]
        return first[found]

    @cached_property
    def post(self) -> IntArray:
        """Post of each comment as in ``places``, -1 = not known."""
        return np.where(known(self.table, "post_id"), self.places, -1)

    @cached_property
    def post_rows(self) -> IntArray:
        """Row of each comment's post in the view's posts, -1 where it is not there."""
        found, posts = self._first_of_post
        return np.where((self.post >= 0) & (found < posts), found, -1)

    @cached_property
    def named(self) -> npt.NDArray[np.bool_]:
        """Whether the author of each comment is known."""
        return known(self.table, "author_id")

    @cached_property
    def people(self) -> IntArray:
        """Author of each comment, named by the row of the first comment; those not known are all different people."""
        rows = np.arange(len(self.table))
        if not self.named.any():
            return rows
        return np.where(self.named, first_strings(self.owner, self.table.strings("author_id")), rows)

    @cached_property
    def strangers(self) -> npt.NDArray[np.bool_]:
        """Which comments are by accounts seen once in the section (or not known), with no like that is known of."""
        once = np.bincount(self.people, minlength=len(self.table))[self.people] == 1
        return np.asarray(once & ~(self.likes > 0), dtype=bool)

    @cached_property
    def likes(self) -> FloatArray:
        """Likes of each comment, NaN = not known."""
        return self.table.numbers("likes")

    @cached_property
    def day(self) -> FloatArray:
        """Time of each comment in days since 1970-01-01 UTC, NaN = not known."""
        return self.table.days("commented_at")

    @cached_property
    def in_posts(self) -> IntArray:
        """Rows of the comments with a time, post after post in the order of their first comment, each by time."""
        rows = (~np.isnan(self.day)).nonzero()[0]
        # A creator's rows stand in the order of time; small numbers are sorted by counting.
        small = np.uint16 if len(self.table) <= 1 << 16 else np.int64
        return np.asarray(rows[self.places[rows].astype(small).argsort(kind="stable")], dtype=np.int64)

    @cached_property
    def count(self) -> FloatArray:
        """Comments by others of each creator."""
        return (self.table.starts[1:] - self.table.starts[:-1]).astype(np.float64)

    def total(self, values: FloatArray) -> FloatArray:
        """Return the sum over each creator's comments."""
        return segment_sum(values, self.owner, self.creators)

    def share(self, values: FloatArray) -> FloatArray:
        """Return the mean over each creator's comments."""
        return ratio(self.total(values), self.count)

    def shares(self, flags: FloatArray) -> FloatArray:
        """Return the means of many flags (0 or 1, shape (flags, comments)) over each creator's comments."""
        out = not_known((len(flags), self.creators))
        some = self.count.nonzero()[0]
        if len(some):
            # Sums of 0 and 1 are exact in any order.
            out[:, some] = np.add.reduceat(flags, self.table.starts[some], axis=1) / self.count[some]
        return out

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


def known(table: Table, name: str) -> npt.NDArray[np.bool_]:
    """Return which rows have a value in a column of strings."""
    if name not in table:
        return np.zeros(len(table), dtype=bool)
    values = table.strings(name)
    if values.null_count == 0:
        return np.ones(len(values), dtype=bool)
    return np.asarray(values.is_valid().to_numpy(zero_copy_only=False), dtype=bool)
