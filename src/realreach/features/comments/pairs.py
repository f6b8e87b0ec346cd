"""How many pairs of a creator's comments, or words, are equal: counts that the chances of the family are made of.

All counts are whole numbers, so that the order of rows and the way of counting (sorted by NumPy, or hashed by a kernel
with the extra ``fast``) make no difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from realreach.comment_text.grouping import first_of_equal, packed, run_starts
from realreach.comment_text.words import Words
from realreach.features.blocks import ratio
from realreach.tables.core import FloatArray, IntArray

__all__ = [
    "HABIT",
    "LEAST_THREADS",
    "LEAST_WORDS",
    "Pairs",
    "WordPairs",
    "across",
    "chances",
    "count_pairs",
    "count_words",
    "distinct",
    "sums",
]

LEAST_WORDS = 30
"""Words or phrases below which their chance is not told."""
HABIT = 3
"""Posts under which an author must be seen."""
LEAST_THREADS = 3
"""Threads below which their size is not told."""
OFTEN = 3
"""Times from which on a phrase is looked at: fewer cannot be striking."""
_PLACED_COUNTS, _COUNTS = 7, 3


class Pairs(NamedTuple):
    """Counts of each creator, shape (creators,); the last four for rows with a place only, 0 without places.

    Parameters
    ----------
    total, same, twins
        Rows; pairs of rows of one group; rows whose group has two rows or more.
    placed, placed_same
        Rows with a place, and pairs of them of one group.
    inside, inside_same
        Pairs of rows of one place, and those of them of one group.
    """

    total: IntArray
    same: IntArray
    twins: IntArray
    placed: IntArray
    placed_same: IntArray
    inside: IntArray
    inside_same: IntArray


def sums(values: npt.NDArray, starts: IntArray) -> IntArray:
    """Return the sum of whole numbers over the rows ``starts[i]:starts[i + 1]``.

    Examples
    --------
    >>> sums(np.array([1, 2, 4]), np.array([0, 2, 2, 3])).tolist()
    [3, 0, 4]
    """
    if len(starts) == 2:
        # One creator's rows are all there are, or some of them.
        return np.array([np.add.reduce(values[starts[0] : starts[1]])], dtype=np.int64)
    total = np.zeros(len(values) + 1, dtype=np.int64)
    values.cumsum(out=total[1:])
    at = total[starts]
    return np.asarray(at[1:] - at[:-1], dtype=np.int64)


def distinct(a: IntArray, b: IntArray, width: int) -> tuple[IntArray, IntArray]:
    """Return ``a`` of each different pair of whole numbers (``b`` below ``width``), ascending, and how often it occurs."""
    ordered = np.sort(a * width + b)
    begins = run_starts(ordered)
    return ordered[begins] // width, np.concatenate([begins[1:], [len(ordered)]])[: len(begins)] - begins


def count_pairs(starts: IntArray, group: IntArray, keep: npt.NDArray[np.bool_], place: IntArray | None = None) -> Pairs:
    """Count the pairs of kept rows that are of one group.

    Parameters
    ----------
    starts
        First row of each creator, one entry more than creators.
    group
        Group of each row, named by one of the creator's rows.
    keep
        The rows that count.
    place
        Place of each row, named by one of the creator's rows; below 0 = none.

    Examples
    --------
    >>> group, keep = np.array([0, 0, 2, 0]), np.array([True, True, True, False])
    >>> [int(count[0]) for count in count_pairs(np.array([0, 4]), group, keep)[:3]]
    [3, 1, 2]
    """
    size = np.bincount(group[keep], minlength=len(group))
    found = [sums(size, starts), sums(size * (size - 1) // 2, starts), sums(np.where(size > 1, size, 0), starts)]
    if place is None:
        none = np.zeros_like(found[0])
        return Pairs(found[0], found[1], found[2], none, none, none, none)
    rows = (keep & (place >= 0)).nonzero()[0]
    size = np.bincount(group[rows], minlength=len(group))
    beside = np.bincount(place[rows], minlength=len(group))
    found += [sums(size, starts), sums(size * (size - 1) // 2, starts), sums(beside * (beside - 1) // 2, starts)]
    rows = rows[size[group[rows]] > 1]
    both = np.zeros(len(group), dtype=np.int64)
    of, number = distinct(group[rows], place[rows], max(len(group), 1))
    np.add.at(both, of, number * (number - 1) // 2)
    return Pairs._make([*found, sums(both, starts)])


def chances(counts: Sequence[Pairs], least: int) -> tuple[FloatArray, FloatArray]:
    """Return log10 of the chance that two rows of a creator are of one group, and the share of rows in pairs.

    The chance is smoothed by half a pair; both have the shape (counts, creators), NaN below ``least`` rows.
    """
    total, same, twins = (np.array([part[i] for part in counts], dtype=np.float64) for i in range(_COUNTS))
    enough = total >= least
    chance = np.log10((same + 0.5) / (total * (total - 1.0) / 2.0 + 1.0))
    return np.where(enough, chance, np.nan), np.where(enough, ratio(twins, total), np.nan)


def across(counts: Sequence[Pairs], least: int) -> tuple[FloatArray, FloatArray]:
    """Return log10 of the chance that two rows are of one group: rows of different places, and rows of one place."""
    count, same, inside, inside_same = (
        np.array([part[i] for part in counts], dtype=np.float64) for i in range(_COUNTS, _PLACED_COUNTS)
    )
    apart = count * (count - 1.0) / 2.0 - inside
    enough = count >= least
    return (
        np.where(enough & (apart > 0), np.log10((same - inside_same + 0.5) / (apart + 1.0)), np.nan),
        np.where(enough & (inside > 0), np.log10((inside_same + 0.5) / (inside + 1.0)), np.nan),
    )


@dataclass(frozen=True, eq=False)
class WordPairs:
    """Equal pairs of words and of phrases (two words that stand side by side) of each creator.

    Parameters
    ----------
    words, phrases
        Counts of the words of two letters or more, and of the phrases.
    often
        Of the phrases that are asked for, those that a creator's section holds three times: place of their first word.
    counts
        Words, equal pairs of them, phrases, equal pairs of them; shape (4, creators).
    """

    words: Pairs
    phrases: Pairs
    often: IntArray
    counts: IntArray


def count_words(
    starts: IntArray, words: Words, owner: IntArray, keys: npt.NDArray[np.uint64], asked: npt.NDArray[np.bool_]
) -> WordPairs:
    """Count the pairs of equal words and equal phrases of each creator.

    Parameters
    ----------
    starts
        First comment of each creator, one entry more than creators.
    words
        Words of the comments.
    owner
        Creator of each comment.
    keys
        Key of the phrase that begins with each word, one entry fewer than words.
    asked
        The comments whose phrases are asked for in ``often``.
    """
    holder = owner.repeat(words.counts)
    counted = (words.lengths >= 2).nonzero()[0]
    inside = np.ones(len(words.numbers), dtype=bool)
    inside[words.starts[1:][words.counts > 0] - 1] = False
    phrase = inside.nonzero()[0]
    first = first_of_equal(packed(holder[phrase], keys[phrase]))
    wanted = asked.repeat(words.counts)[phrase]
    told = np.bincount(first[wanted], minlength=len(first))
    of_creator = words.starts[starts]
    said = _equal_pairs(
        first_of_equal(packed(holder[counted], words.numbers[counted])), counted.searchsorted(of_creator)
    )
    phrased = _equal_pairs(first, phrase.searchsorted(of_creator))
    counts = np.array([said.total, said.same, phrased.total, phrased.same])
    return WordPairs(said, phrased, phrase[wanted & (told[first] >= OFTEN)], counts)


def _equal_pairs(first: IntArray, starts: IntArray) -> Pairs:
    """Return the counts of rows, ordered by creator, of which the first equal one is told."""
    size = np.bincount(first, minlength=len(first))
    none = np.zeros(len(starts) - 1, dtype=np.int64)
    return Pairs(starts[1:] - starts[:-1], sums(size * (size - 1) // 2, starts), none, none, none, none, none)
