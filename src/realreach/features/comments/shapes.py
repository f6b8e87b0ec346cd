"""Who they seem to be: shapes of the commenters' handles, where a table gives them (``author_shape``).

A weak sign. How handles are built differs from platform to platform and from one video to the next far more than between
people and bots: handles that the platform gave are 6 to 48 % of the authors under ordinary videos, fewer among the
gambling bots of one set and more among those of another. So no shape speaks for or against anybody. What is asked is
whether many share one elaborate shape, as accounts made by one recipe do, and whether within this section the comments
that the model suspects come from handles built otherwise than the rest, for which no norm of the world is needed.

Measured with 28 Indonesian videos, sold authors in the place of some of 100: with a fifth from all known gambling accounts
the ROC of the last is .82 (.77 to .86), from other gambling accounts .50, from German praise bots .87; with a tenth from
one burst .97, .53 and .48, burst by burst. That of the first is .34, .59 and .86: it points either way. The mean
probability of the texts alone is at .97 or more in all of these, so that handles add little where texts can be judged.
The last was chosen among a dozen forms with these very sets, so its figures flatter.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from realreach.comment_text.grouping import run_starts
from realreach.features.blocks import not_known, ratio
from realreach.features.catalogue import Feature
from realreach.features.comments.pairs import distinct
from realreach.features.comments.section import MINIMUM_COMMENTS, record
from realreach.tables.core import FloatArray, IntArray, Table

__all__ = ["COLUMN", "FEATURES", "Comments", "compute"]

COLUMN = "author_shape"
_RUNS = 3
"""Runs of one sign from which on a shape is elaborate: ``aaa000`` is everywhere, ``Aaaa_Aaaa`` and ``aaa.aaa00`` are not."""
_LEAST_AUTHORS = 20
"""Authors below which a difference between shapes is noise."""
_FEW = "shapes of handles not given, or fewer than 10 authors with one"
_FEW_ELABORATE = "shapes of handles not given, or fewer than 10 authors with one of three runs or more"
_FEW_SHARED = "shapes of handles not given, or fewer than 20 authors whose outline another author has"

FEATURES: tuple[Feature, ...] = (
    record("handles__all__chance", "log10 chance", "chance that two elaborate handles have one shape", "peluang dua nama akun rumit berpola sama", 0, None, 0, "T10, NORMS 4.2", _FEW_ELABORATE),
    record("handles__all__numbered", "share of authors", "authors whose handle ends in three digits or more", "penulis dengan nama akun berakhiran tiga angka atau lebih", 0, source="T10", missing=_FEW),
    record("sold_handles__all__excess", "share of variation", "how far suspicion of comments goes with the build of their authors' handles, beyond chance", "seberapa jauh kecurigaan komentar mengikuti pola nama akun penulisnya, melebihi kebetulan", 1, -1, 1, "T10, NORMS 4.4", _FEW_SHARED, peers=False),
)  # fmt: skip


class Comments(NamedTuple):
    """What is known of the comments by others.

    Parameters
    ----------
    rows
        Their rows in the table of all comments.
    starts
        The first of each creator, one entry more than creators.
    people
        The author of each, named by the first comment; those not known are all different people.
    steps
        Place of each comment's probability to be sold in the comment model's table of them, ascending.
    """

    rows: IntArray
    starts: IntArray
    people: IntArray
    steps: IntArray


class _Authors(NamedTuple):
    """Authors with a shape: their creator, the number of the shape, and the most suspicious of their comments."""

    owner: IntArray
    shape: IntArray
    step: IntArray


def compute(every: Table, comments: Comments) -> list[FloatArray]:
    """Return the features of all creators, one array for each of ``FEATURES``; NaN = not known.

    Only whole numbers are added up, and quotients from low to high, so that the order of rows and other creators make no
    difference.

    Parameters
    ----------
    every
        All comments, the creators' own answers among them.
    comments
        Those by others.
    """
    creators = len(comments.starts) - 1
    coded = every.strings(COLUMN).dictionary_encode()
    shapes = coded.dictionary.to_pylist()
    if not shapes:
        return [not_known(creators) for _ in FEATURES]
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    authors = _authors(comments, codes[comments.rows], len(shapes))
    told = [_told(shape) for shape in shapes]
    numbers: dict[str, int] = {}
    outline = np.array([numbers.setdefault(facts[0], len(numbers)) for facts in told])
    elaborate, numbered = (np.array([facts[i] for facts in told], dtype=bool) for i in (1, 2))
    return [
        _chance(authors, elaborate, creators),
        _share(authors.owner, numbered[authors.shape], creators),
        _excess(authors, outline[authors.shape], creators),
    ]


@lru_cache(maxsize=1 << 14)
def _told(shape: str) -> tuple[str, bool, bool]:
    """Return the outline of a shape (each run as one sign), whether it is elaborate, and whether it ends in a number.

    Examples
    --------
    >>> _told("Aaaa_Aaa00"), _told("aaa000")
    (('Aa_Aa0', True, False), ('a0', False, True))
    """
    outline = re.sub(r"(.)\1+", r"\1", shape)
    return outline, len(outline) >= _RUNS, shape.endswith("000")


def _authors(comments: Comments, codes: IntArray, shapes: int) -> _Authors:
    """Return each author once (with each shape, should one have several), creator after creator."""
    known = (codes >= 0).nonzero()[0]
    key = comments.people[known] * shapes + codes[known]
    order = np.argsort(key, kind="stable")
    begins = run_starts(key[order])
    if len(begins) == 0:
        return _Authors(begins, begins, begins)
    first = key[order[begins]]
    owner = comments.starts.searchsorted(first // shapes, side="right") - 1
    step = np.maximum.reduceat(comments.steps[known[order]].astype(np.int64), begins)
    return _Authors(owner, first % shapes, step)


def _share(owner: IntArray, flags: npt.NDArray[np.bool_], creators: int) -> FloatArray:
    count = _total(owner, creators)
    return np.where(count >= MINIMUM_COMMENTS, ratio(_total(owner[flags], creators), count), np.nan)


def _total(owner: IntArray, creators: int, values: npt.NDArray | None = None) -> FloatArray:
    """Return how many rows each creator has, or the sum of their values."""
    return np.bincount(owner, weights=values, minlength=creators).astype(np.float64)


def _chance(authors: _Authors, elaborate: npt.NDArray[np.bool_], creators: int) -> FloatArray:
    """Return log10 of the chance that two authors with elaborate handles share their shape, smoothed by half a pair."""
    rows = elaborate[authors.shape].nonzero()[0]
    owner = authors.owner[rows]
    of, number = distinct(owner, authors.shape[rows], len(elaborate))
    count, same = _total(owner, creators), _total(of, creators, number * (number - 1) // 2)
    chance = np.log10((same + 0.5) / (count * (count - 1.0) / 2.0 + 1.0))
    return np.where(count >= MINIMUM_COMMENTS, chance, np.nan)


def _excess(authors: _Authors, outline: IntArray, creators: int) -> FloatArray:
    """Return the share of the variation of suspicion that lies between outlines, less what chance puts there.

    Epsilon squared of a one-way analysis of variance, over outlines that two authors or more have: 0 on average where
    suspicion and handles have nothing to do with each other, however many outlines there are; 1 where the outline tells
    all. An author's suspicion is that of the most suspicious comment.
    """
    key = authors.owner * (int(outline.max(initial=0)) + 1) + outline
    order = np.argsort(key, kind="stable")
    begins = run_starts(key[order])
    number = np.diff(begins, append=len(order))
    begins, number = begins[number >= 2], number[number >= 2]
    out = not_known(creators)
    if len(begins) == 0:
        return out
    ends = begins + number
    step = authors.step[order]
    sums, squares = (np.concatenate([[0], np.cumsum(values)]) for values in (step, step * step))
    of, total, square = authors.owner[order[begins]], sums[ends] - sums[begins], squares[ends] - squares[begins]
    part = total.astype(np.float64) ** 2 / number
    low_to_high = np.lexsort((part, of))
    count, groups = _total(of, creators, number), _total(of, creators)
    all_of, squares_of = _total(of, creators, total), _total(of, creators, square)
    # Whole numbers below 2^63: exactly 0 where all are suspected alike.
    spread = count.astype(np.int64) * squares_of.astype(np.int64) - all_of.astype(np.int64) ** 2
    whole = ratio(spread.astype(np.float64), count)
    between = _total(of[low_to_high], creators, part[low_to_high]) - ratio(all_of**2, count)
    within = ratio(whole - between, count - groups)
    excess = np.where(whole > 0, ratio(between - (groups - 1.0) * within, whole), 0.0)
    enough = (count >= _LEAST_AUTHORS) & (groups >= 2)
    out[enough] = np.clip(excess[enough], -1.0, 1.0)
    return out
