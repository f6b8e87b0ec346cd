"""How a comment is written, whatever its language: binned measures of style, marks and handwriting, beside its n-grams.

Every measure is a small number, cut into bins by fixed edges; the model has one weight for each bin. So a comment's
style score is a sum of whole numbers, too, and no measure can grow without bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from realreach.comment_text.codepoints import CodePoints
from realreach.comment_text.hashing import Points, Tokens, bucket, slow_hash
from realreach.comment_text.normalise import Normalised
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
_EMOJI = ((0x1F300, 0x1FB00), (0x2600, 0x27C0), (0x2B50, 0x2B56), (0x1F1E6, 0x1F200), (0x2190, 0x2200))
_DRAWS_NOTHING = ((0xFE00, 0xFE10), (0x200D, 0x200E), (0x1F3FB, 0x1F400))
SLANG_BITS = 62


def _hashed(words: list[str]) -> IntArray:
    return np.unique(np.array([slow_hash(w, 1, SLANG_BITS) for w in words], dtype=np.int64))


SLANG_HASHES = _hashed(_SLANG.split())


@cache
def slang_list() -> WordList:
    """Return the slang words, by their numbers in :data:`SLANG_HASHES`."""
    return WordList([SLANG_HASHES.tolist()])


_EDGES = {name: np.asarray(edges, dtype=np.float64) for name, edges in MEASURES.items()}
_SIZES = {name: len(edges) + 1 for name, edges in MEASURES.items()}


def _offsets() -> tuple[list[int], int]:
    sizes = [*_SIZES.values(), *(int(np.prod([_SIZES[n] for n in names])) for names in CROSSES)]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    return starts[:-1].tolist(), int(starts[-1])


BIN_STARTS, STYLE_SIZE = _offsets()


@dataclass(frozen=True, eq=False)
class _Counter:
    """Counts of marked code points by comment."""

    points: CodePoints

    def of(self, *marks: str) -> IntArray:
        hit = self.points.codes == ord(marks[0])
        for mark in marks[1:]:
            hit |= self.points.codes == ord(mark)
        return self.points.count(hit)


def _between(codes: npt.NDArray[np.uint32], ranges: tuple[tuple[int, int], ...]) -> npt.NDArray[np.bool_]:
    hit = np.zeros(len(codes), dtype=bool)
    for low, high in ranges:
        hit |= (codes >= low) & (codes < high)
    return hit


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
    written, marked = _Counter(raw), _Counter(plain)
    words = np.bincount(found.rows[found.is_word], minlength=n)
    slang = (slang_list().bits_of(bucket(found.sums, 1, SLANG_BITS).view(np.uint64)) > 0) & found.is_word
    upper = _between(raw.codes, ((0x41, 0x5B), (0xC0, 0xD7), (0xD8, 0xDF), (0x410, 0x430)))
    letters = upper | _between(raw.codes, ((0x61, 0x7B), (0xDF, 0xF7), (0xF8, 0x250), (0x430, 0x460)))
    uppers, letter_count = raw.count(upper), raw.count(letters)
    emoji, at_end = _emoji(raw)
    folded = done.folded_points
    out = {
        "length": raw.lengths,
        "words": words,
        "emoji": emoji,
        "emoji_kinds_at_end": at_end,
        "exclamation": written.of("!", "\uff01", "\u00a1"),
        "question": written.of("?", "\uff1f", "\u00bf"),
        "sentence_marks": written.of(".", "!", "?", "\u3002", "\u2026"),
        "commas": written.of(",", ";", ":"),
        "capitals_share": uppers / np.maximum(letter_count, 1),
        "begins_with_capital": _first(raw, upper, letters),
        "inner_capitals": raw.count(upper & _after(letters, raw)),
        "odd_letters": done.odd_letters,
        "links": marked.of("\x02"),
        "mentions": marked.of("\x01"),
        "mention_first": (plain.codes[plain.starts[:-1][plain.lengths > 0]] == 1),
        "phones": marked.of("\x03"),
        "brands": marked.of("\x05"),
        "numbers": marked.of("\x04"),
        "slang": np.bincount(found.rows[slang], minlength=n),
        "stretched": _stretched(folded),
        "word_length": plain.count(_between(plain.codes, ((0x61, 0x7B), (0xC0, 0x2000)))) / np.maximum(words, 1),
        "lines": written.of("\n"),
        "hash_or_money": written.of("#", "$", "%"),
    }
    first = np.zeros(n, dtype=bool)
    first[plain.lengths > 0] = out["mention_first"]
    out["mention_first"] = first
    return {name: np.asarray(values, dtype=np.float64) for name, values in out.items()}


def _after(hit: npt.NDArray[np.bool_], points: CodePoints) -> npt.NDArray[np.bool_]:
    """Return which code points follow a marked one of the same comment."""
    out = np.zeros(len(hit), dtype=bool)
    out[1:] = hit[:-1]
    out[points.starts[:-1][points.lengths > 0]] = False
    return out


def _emoji(raw: CodePoints) -> tuple[IntArray, IntArray]:
    """Return how many emoji a comment holds, and how many different neighbours stand at its very end."""
    nothing = _between(raw.codes, (*_DRAWS_NOTHING, (0x20, 0x21), (0x0A, 0x0B)))
    is_emoji = _between(raw.codes, _EMOJI) & ~nothing
    seen = raw.where(~nothing)
    mark = is_emoji[~nothing]
    place = np.arange(len(mark))
    last_other = np.maximum.accumulate(np.where(mark, -1, place)) if len(mark) else place
    # An emoji belongs to the tail if no other sign of the comment comes after it.
    ends = np.repeat(seen.starts[1:] - 1, seen.lengths)
    tail = mark & (last_other[ends] <= place) if len(mark) else mark
    same = np.zeros(len(mark), dtype=bool)
    same[1:] = seen.codes[1:] == seen.codes[:-1]
    same[seen.starts[:-1][seen.lengths > 0]] = False
    fresh = tail & ~same
    return raw.count(is_emoji), seen.count(fresh)


def _first(raw: CodePoints, upper: npt.NDArray[np.bool_], letters: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return whether the first letter of a comment is a capital one."""
    before = np.concatenate([[0], np.cumsum(letters)])
    rank = before[1:] - np.repeat(before[raw.starts[:-1]], raw.lengths)
    return raw.count(letters & upper & (rank == 1)) > 0


def _stretched(folded: CodePoints) -> IntArray:
    """Return how many letters continue a run of three or more."""
    codes = folded.codes
    if len(codes) < 3:
        return np.zeros(len(folded), dtype=np.int64)
    letter = _between(codes, ((0x61, 0x7B), (0xC0, 0x250)))
    owner = folded.owner
    run = np.zeros(len(codes), dtype=bool)
    run[2:] = letter[2:] & (codes[2:] == codes[1:-1]) & (codes[2:] == codes[:-2]) & (owner[2:] == owner[:-2])
    return folded.count(run)


def style_bins(done: Normalised, points: Points, found: Tokens) -> npt.NDArray[np.int32]:
    """Return the style bins of every comment.

    Returns
    -------
    ndarray of int32
        One row for each comment, one column for each measure and each cross: the number of its bin, below
        :data:`STYLE_SIZE`.
    """
    values = style_measures(done, found)
    bins = {name: np.searchsorted(_EDGES[name], values[name], side="left") for name in MEASURES}
    out = np.empty((points.count, len(MEASURES) + len(CROSSES)), dtype=np.int32)
    for column, name in enumerate(MEASURES):
        out[:, column] = BIN_STARTS[column] + bins[name]
    for column, names in enumerate(CROSSES, start=len(MEASURES)):
        code = np.zeros(points.count, dtype=np.int64)
        for name in names:
            code = code * _SIZES[name] + bins[name]
        out[:, column] = BIN_STARTS[column] + code
    return out
