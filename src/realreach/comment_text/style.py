"""How a comment is written, whatever its language: binned measures of style, marks and handwriting, beside its n-grams.

Every measure is a small number, cut into bins by fixed edges; the model has one weight for each bin. So a comment's
style score is a sum of whole numbers, too, and no measure can grow without bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from realreach.comment_text import traits
from realreach.comment_text.codepoints import CodePoints
from realreach.comment_text.hashing import Points, Tokens, bucket, slow_hash
from realreach.comment_text.normalise import MENTION, Normalised
from realreach.comment_text.tallies import PLAIN, RAW
from realreach.comment_text.words import WordList
from realreach.tables.core import IntArray

__all__ = [
    "BIN_STARTS",
    "CROSSES",
    "MEASURES",
    "SLANG_BITS",
    "SLANG_HASHES",
    "STYLE_SIZE",
    "slang_list",
    "style_bins",
    "style_measures",
    "style_sums",
]

MEASURES: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        # measure: upper edges of its bins (a value on an edge lies below it)
        "length": (8, 20, 40, 64, 100, 160, 300),
        "words": (1, 2, 3, 5, 8, 12, 18, 30),
        "emoji": (0, 1, 2, 3, 5),
        "emoji_kinds_at_end": (0, 1, 2, 3),
        "exclamation": (0, 1, 2),
        "question": (0, 1),
        "sentence_marks": (0, 1, 2, 4),
        "commas": (0, 1, 2),
        "capitals_share": (0.0, 0.05, 0.2, 0.6),
        "begins_with_capital": (0,),
        "inner_capitals": (0, 1, 3),
        "odd_letters": (0,),
        "links": (0, 1),
        "mentions": (0, 1, 2),
        "mention_first": (0,),
        "phones": (0,),
        "brands": (0, 1),
        "numbers": (0, 1, 3),
        "slang": (0, 1, 2, 4),
        "stretched": (0, 2, 6),
        "word_length": (3.0, 4.0, 5.0, 6.0, 7.5),
        "lines": (0, 1, 3),
        "hash_or_money": (0, 1),
    }
)
"""Measures of style and the edges of their bins."""

CROSSES: tuple[tuple[str, ...], ...] = (
    ("emoji_kinds_at_end", "exclamation", "begins_with_capital"),
    ("slang", "words"),
    ("length", "begins_with_capital", "sentence_marks"),
    ("brands", "numbers", "odd_letters"),
    ("links", "mentions", "phones"),
    ("begins_with_capital", "slang", "exclamation"),
)
"""Measures that count together: each combination of their bins has a weight of its own."""

_SLANG = (
    "yg ga gak ngga nggak gk tdk bgt bngt banget aja doang sih dong deh nih tuh kok lho loh ya yaa yah wkwk "
    "wkwkwk wkwkwkwk awokwok haha hahaha hihi hehe xixi anjir anjay njir cuy gan bro sis gw gue lu lo elu kalo "
    "klo udh udah dah tp tapi sm jg dr krn blm lg org bkn emg emang gitu gini gimana kayak kek pengen pen "
    "bikin nih mah teh atuh euy euh kang mas mba mbak bang kak ka min om mau kapan dimana u ur r im ive dont "
    "cant didnt wont its thats lol lmao lmfao omg bruh bro tho cuz bc idk ngl tbh pls plz thx gonna wanna "
    "gotta yall dude ok yeah nah hmm ugh damn jaja jajaja kkkk rs mdr "
)
"""Words of careless writing: Indonesian particles and short forms, laughter, English chat forms."""
SLANG_BITS = 62


def _hashed(words: list[str]) -> IntArray:
    return np.unique(np.array([slow_hash(w, 1, SLANG_BITS) for w in words], dtype=np.int64))


SLANG_HASHES = _hashed(_SLANG.split())


@cache
def slang_list() -> WordList:
    """Return the slang words, by their numbers in :data:`SLANG_HASHES`."""
    return WordList([SLANG_HASHES.tolist()])


_FRACTIONS = ("capitals_share", "word_length")
"""Measures that are no whole numbers."""
_EDGES = {name: np.asarray(edges, dtype=np.float64) for name, edges in MEASURES.items()}
_SIZES = {name: len(edges) + 1 for name, edges in MEASURES.items()}


def _offsets() -> tuple[list[int], int]:
    sizes = [*_SIZES.values(), *(int(np.prod([_SIZES[n] for n in names])) for names in CROSSES)]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return starts[:-1].tolist(), int(starts[-1])


BIN_STARTS, STYLE_SIZE = _offsets()


def style_measures(done: Normalised, found: Tokens) -> dict[str, npt.NDArray[np.float64]]:
    """Return the measures of :data:`MEASURES`, one value for each comment.

    Parameters
    ----------
    done
        The comments.
    found
        Tokens of ``done.plain``.
    """
    n = len(done)
    raw, plain = done.raw_points, done.plain_points
    words = np.bincount(found.rows[found.is_word], minlength=n)
    slang = (slang_list().bits_of(bucket(found.sums, 1, SLANG_BITS).view(np.uint64)) > 0) & found.is_word
    written, marks = RAW.of(raw), PLAIN.of(plain)
    letters, uppers = written["hand_letters"], written["hand_capitals"]
    out = {
        "length": raw.lengths,
        "words": words,
        "emoji": written["pictures"],
        "emoji_kinds_at_end": _emoji_at_end(raw),
        "exclamation": written["exclamations"],
        "question": written["questions"],
        "sentence_marks": written["sentence_marks"],
        "commas": written["commas"],
        "capitals_share": uppers / np.maximum(letters, 1),
        "begins_with_capital": _begins_with_capital(raw),
        "inner_capitals": _inner_capitals(raw),
        "odd_letters": done.odd_letters,
        "links": marks["links"],
        "mentions": marks["mentions"],
        "mention_first": plain.first == ord(MENTION),
        "phones": marks["phones"],
        "brands": marks["brands"],
        "numbers": marks["numbers"],
        "slang": np.bincount(found.rows[slang], minlength=n),
        "stretched": _stretched(done.folded_points),
        "word_length": plain.count_of(traits.INSIDE) / np.maximum(words, 1),
        "lines": written["lines"],
        "hash_or_money": written["hash_or_money"],
    }
    return {name: np.asarray(values, dtype=np.float64) for name, values in out.items()}


def _emoji_at_end(raw: CodePoints) -> IntArray:
    """Return how many different neighbours among the emoji stand at the very end of each comment."""
    out = np.zeros(len(raw), dtype=np.int64)
    at_end = traits.of(raw.last) & np.uint32(traits.PICTURE | traits.DRAWS_NOTHING)
    rows = (raw.holds(traits.PICTURE) & (at_end != 0)).nonzero()[0]
    if len(rows) == 0:
        return out
    seen = raw.take(rows)
    seen = seen.where(~seen.has(traits.DRAWS_NOTHING))
    mark = seen.has(traits.PICTURE)
    place = np.arange(len(mark))
    last_other = np.maximum.accumulate(np.where(mark, -1, place))
    # An emoji belongs to the tail if no other sign of the comment comes after it.
    ends = (seen.starts[1:] - 1).repeat(seen.lengths)
    fresh = mark & (last_other[ends] <= place) & ~seen.again
    out[rows] = seen.count(fresh)
    return out


def _begins_with_capital(raw: CodePoints) -> npt.NDArray[np.bool_]:
    """Return whether the first letter of a comment is a capital one."""
    first = traits.of(raw.first)
    out = (first & np.uint32(traits.HAND_CAPITAL)) != 0
    # Where the first sign is no letter, the first letter is looked for.
    counts = RAW.of(raw)
    rows = (((first & np.uint32(traits.HAND_LETTER)) == 0) & (counts["hand_capitals"] > 0)).nonzero()[0]
    if len(rows):
        texts = raw.take(rows)
        letters = texts.has(traits.HAND_LETTER).nonzero()[0]
        begins = letters[letters.searchsorted(texts.starts[:-1])]
        out[rows] = (texts.traits[begins] & np.uint32(traits.HAND_CAPITAL)) != 0
    return np.asarray(out, dtype=bool)


def _inner_capitals(raw: CodePoints) -> IntArray:
    """Return how many capital letters follow a letter."""
    places = raw.has(traits.HAND_CAPITAL).nonzero()[0]
    texts = raw.text_of(places)
    inner = (places > raw.starts[texts]) & ((raw.traits[places - 1] & np.uint32(traits.HAND_LETTER)) != 0)
    return np.bincount(texts[inner], minlength=len(raw))


def _stretched(folded: CodePoints) -> IntArray:
    """Return how many letters continue a run of three or more."""
    third = folded.again[1:] & folded.again[:-1]
    places = third.nonzero()[0] + 1
    places = places[(folded.traits[places] & np.uint32(traits.STRETCHES)) != 0]
    return np.bincount(folded.text_of(places), minlength=len(folded))


def style_bins(done: Normalised, points: Points, found: Tokens) -> npt.NDArray[np.int32]:
    """Return the style bins of every comment.

    Returns
    -------
    ndarray of int32
        One row for each comment, one column for each measure and each cross: the number of its bin, below
        :data:`STYLE_SIZE`.
    """
    return np.ascontiguousarray(_bins(style_measures(done, found)).T)


def _bins(values: Mapping[str, npt.NDArray[np.float64]]) -> npt.NDArray[np.int32]:
    """Return the bins of measures, one row for each measure and each cross."""
    n = len(values["length"])
    out = np.empty((len(MEASURES) + len(CROSSES), n), dtype=np.int32)
    for row, name in enumerate(MEASURES):
        if name in _FRACTIONS:
            out[row] = np.searchsorted(_EDGES[name], values[name], side="left")
        else:
            out[row] = _bins_of_counts()[row].take(values[name].astype(np.int64), mode="clip")
    place = {name: row for row, name in enumerate(MEASURES)}
    for row, names in enumerate(CROSSES, start=len(MEASURES)):
        code = out[place[names[0]]]
        for name in names[1:]:
            code = code * _SIZES[name] + out[place[name]]
        out[row] = code
    out += np.array(BIN_STARTS, dtype=np.int32)[:, None]
    return out


@cache
def _bins_of_counts() -> npt.NDArray[np.int32]:
    """Return the bin of every whole number, one row for each measure; numbers from the last on are all in one bin."""
    numbers = np.arange(int(max(edges[-1] for edges in MEASURES.values())) + 2, dtype=np.float64)
    return np.array([np.searchsorted(edges, numbers, side="left") for edges in _EDGES.values()], dtype=np.int32)


def style_sums(done: Normalised, found: Tokens, weights: npt.NDArray[np.int32]) -> IntArray:
    """Return the sum of the weights of each comment's bins, shape (heads, comments).

    Parameters
    ----------
    weights
        Weights of the style bins, shape (heads, STYLE_SIZE).
    """
    bins = _bins(style_measures(done, found))
    return np.array([of_head.take(bins).sum(axis=0, dtype=np.int64) for of_head in weights])
