"""Word and character n-grams of comments as bucket numbers, by one written-down hash over flat arrays of code points.

**The hash.** A piece of text of code points ``c_0 … c_m`` of kind ``k`` falls into the bucket
``((seed_k + sum_j c_j * B**j) * M mod 2**64) >> (64 - bits)`` with the odd constants ``B`` and ``M`` below: a
polynomial in ``B`` whose upper bits are taken after one more multiplication. There is no sign. A pair of tokens has the
sum ``S = s_1 + s_2 * PAIR`` of its tokens' polynomials in place of the polynomial of code points.

**The pieces**, of a normalised text (``Normalised.plain``) with one space put before and after it:

- *tokens*: runs of letters and digits, and every other sign by itself; a token equal to the one before it is left out
  ("🔥🔥🔥" is one fire). Kind 1.
- *pairs* of neighbouring tokens of one comment. Kind 2.
- *character n-grams*, n = 3, 4, 5, that hold no space inside (at the ends they may: that marks the edge of a word).
  Kind n.

All of it is integer arithmetic modulo 2**64, so that it is exact in any order and easy to write again as a loop over
code points. Cost is linear in the text.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from realreach.comment_text.codepoints import CodePoints, decode
from realreach.tables.core import IntArray

__all__ = [
    "CHAR_SIZES",
    "PAIR",
    "SEEDS",
    "SIGN_TABLE",
    "B",
    "M",
    "Points",
    "Tokens",
    "bucket",
    "char_grams",
    "grams",
    "read_points",
    "slow_hash",
    "tokens",
    "word_and_char_grams",
]

U64 = npt.NDArray[np.uint64]

B = 0x9E3779B97F4A7C15
"""Base of the polynomial: the golden ratio of 64 bits, which is odd."""
M = 0xD6E8FEB86659FD93
"""Multiplier before the upper bits are taken (odd)."""
PAIR = 0xC2B2AE3D27D4EB4F
"""Multiplier of the second token of a pair (odd)."""
SEEDS = {1: 0x1656667B19E3779F, 2: 0x27D4EB2F165667C5, 3: 0x85EBCA6B3, 4: 0x85EBCA6B4, 5: 0x85EBCA6B5}
"""What is added to the sum: by kind of piece (1 token, 2 pair of tokens, 3-5 characters)."""
CHAR_SIZES = (3, 4, 5)

_SPACE = 32
_TABLE = 0x20000
# Everything but letters, digits and marks, in blocks; what lies above the table counts as letters.
_SIGNS = (
    (0x00, 0x30), (0x3A, 0x41), (0x5B, 0x61), (0x7B, 0xAA), (0xAB, 0xB5), (0xB6, 0xBA), (0xBB, 0xC0), (0xD7, 0xD8),
    (0xF7, 0xF8), (0x2000, 0x2070), (0x20A0, 0x20D0), (0x2100, 0x2C00), (0x2E00, 0x2E80), (0x3000, 0x3005),
    (0x3008, 0x3020), (0xD800, 0xF900), (0xFE10, 0xFE70), (0xFF00, 0xFF10), (0xFF1A, 0xFF21), (0xFF3B, 0xFF41),
    (0xFF5B, 0xFF66), (0x1F000, 0x1FB00),
)  # fmt: skip


def _sign_table() -> npt.NDArray[np.bool_]:
    table = np.zeros(_TABLE, dtype=bool)
    for low, high in _SIGNS:
        table[low:high] = True
    return table


SIGN_TABLE = _sign_table()


@dataclass(frozen=True, eq=False)
class Points:
    """Code points of many comments in one array: each comment is followed by a space, and one stands before the first.

    ``rows`` is the comment of every code point (a space belongs to the comment before it), ``is_word`` tells letters
    and digits, ``count`` is the number of comments.
    """

    values: U64
    rows: IntArray
    is_word: npt.NDArray[np.bool_]
    count: int


def read_points(text: pa.Array | CodePoints) -> Points:
    """Return the code points of ``plain`` texts of :func:`realreach.comment_text.normalise.normalise`.

    Examples
    --------
    >>> points = read_points(pa.array(["ab c!", "", "d"]))
    >>> "".join(map(chr, points.values.tolist())), points.rows.tolist()
    (' ab c!  d ', [0, 0, 0, 0, 0, 0, 0, 1, 2, 2])
    """
    read = text if isinstance(text, CodePoints) else decode(text)
    rows = np.concatenate([np.zeros(1, dtype=np.int64), np.repeat(np.arange(len(read)), read.lengths + 1)])
    values = np.full(len(rows), _SPACE, dtype=np.uint64)
    inside = np.ones(len(rows), dtype=bool)
    inside[0] = False
    inside[read.starts[1:] + np.arange(1, len(read) + 1)] = False
    values[inside] = read.codes
    sign = SIGN_TABLE[np.minimum(values, np.uint64(_TABLE - 1)).astype(np.int64)] & (values < _TABLE)
    return Points(values, rows, ~sign, len(read))


@dataclass(frozen=True, eq=False)
class Tokens:
    """Tokens in reading order: the polynomial of each, its comment, and whether it is a word (else a single sign)."""

    sums: U64
    rows: IntArray
    is_word: npt.NDArray[np.bool_]


def tokens(points: Points) -> Tokens:
    """Return the tokens of every comment, one of each run of equal ones.

    Examples
    --------
    >>> found = tokens(read_points(pa.array(["so cool!! 🔥🔥", "so"])))
    >>> found.rows.tolist(), found.is_word.tolist(), bool(found.sums[0] == found.sums[-1])
    ([0, 0, 0, 0, 1], [True, True, False, False, True], True)
    """
    values, word = points.values, points.is_word
    space = values == _SPACE
    begins = ~space
    begins[1:] &= ~(word[1:] & word[:-1])
    at = np.flatnonzero(begins)
    if not len(at):
        return Tokens(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64), np.empty(0, dtype=bool))
    sums = _segment_sums(values, space, at)
    rows, is_word = points.rows[at], word[at]
    fresh = np.ones(len(at), dtype=bool)
    fresh[1:] = (sums[1:] != sums[:-1]) | (rows[1:] != rows[:-1])
    return Tokens(sums[fresh], rows[fresh], is_word[fresh])


def _segment_sums(values: U64, space: npt.NDArray[np.bool_], at: IntArray) -> U64:
    """Return the polynomial of the code points from each start to the next start, spaces left out."""
    values, space = values[at[0] :], space[at[0] :]
    at = at - at[0]
    place = np.arange(len(values)) - np.repeat(at, np.diff(np.append(at, len(values))))
    terms = np.where(space, np.uint64(0), values * _powers(int(place.max()) + 1)[place])
    return np.add.reduceat(terms, at)


def _powers(count: int) -> U64:
    """Return B**0, B**1, … modulo 2**64."""
    out = np.full(count, np.uint64(B))
    out[0] = 1
    return np.multiply.accumulate(out)


def bucket(sums: U64, kind: int, bits: int) -> IntArray:
    """Return the bucket numbers of pieces of one kind, given their sums.

    Examples
    --------
    >>> bucket(np.array([0, 1], dtype=np.uint64), 1, 18).tolist()
    [133403, 91327]
    """
    mixed = (sums + np.uint64(SEEDS[kind])) * np.uint64(M)
    return (mixed >> np.uint64(64 - bits)).astype(np.int64)


def pair_sums(found: Tokens) -> tuple[U64, IntArray]:
    """Return the sums of pairs of neighbouring tokens, and their comments."""
    same = found.rows[1:] == found.rows[:-1]
    sums = found.sums[:-1] + found.sums[1:] * np.uint64(PAIR)
    return sums[same], found.rows[1:][same]


def char_grams(points: Points) -> list[tuple[int, U64, IntArray]]:
    """Return (size, sums, comments) of the character n-grams of every size.

    Examples
    --------
    >>> [(n, rows.tolist()) for n, _, rows in char_grams(read_points(pa.array(["ab c", "hey"])))]
    [(3, [0, 0, 0, 1, 1, 1]), (4, [0, 1, 1]), (5, [1])]
    """
    values = points.values
    space = values == _SPACE
    powers = _powers(max(CHAR_SIZES))
    out: list[tuple[int, U64, IntArray]] = []
    size, sums, fine = 1, values, np.ones(len(values), dtype=bool)
    for wanted in CHAR_SIZES:
        while size < wanted:
            if len(values) <= size:
                return out + [(n, values[:0], points.rows[:0]) for n in CHAR_SIZES if n >= wanted]
            # From size to size + 1: what was the last code point becomes an inner one, which must be no space.
            inner = ~space[size - 1 : -1] if size > 1 else np.ones(len(values) - 1, dtype=bool)
            fine = fine[:-1] & inner[: len(fine) - 1]
            sums = sums[:-1] + values[size:] * powers[size]
            size += 1
        # A gram belongs to the comment of its second code point: the first may be the space of the comment before.
        out.append((size, sums[fine], points.rows[1 : len(fine) + 1][fine]))
    return out


def grams(text: pa.Array, bits: int) -> list[tuple[IntArray, IntArray]]:
    """Return the (buckets, comments) of tokens and pairs together, and of character n-grams together.

    Examples
    --------
    >>> words, characters = grams(pa.array(["nice one"]), 18)
    >>> len(words[0]), len(characters[0]), words[1].tolist()
    (3, 15, [0, 0, 0])
    """
    points = read_points(text)
    found = tokens(points)
    return word_and_char_grams(points, found, bits)


def word_and_char_grams(points: Points, found: Tokens, bits: int) -> list[tuple[IntArray, IntArray]]:
    """Return what :func:`grams` does, for points and tokens at hand."""
    pairs, pair_rows = pair_sums(found)
    words = (
        np.concatenate([bucket(found.sums, 1, bits), bucket(pairs, 2, bits)]),
        np.concatenate([found.rows, pair_rows]),
    )
    parts = char_grams(points)
    characters = (
        np.concatenate([bucket(sums, size, bits) for size, sums, _ in parts]),
        np.concatenate([rows for _, _, rows in parts]),
    )
    return [words, characters]


def slow_hash(piece: str, kind: int, bits: int) -> int:
    """Return the bucket of one piece of text by the definition, code point by code point (the oracle of the tests).

    Examples
    --------
    >>> words, _ = grams(pa.array(["nice"]), 18)
    >>> slow_hash("nice", 1, 18) == words[0][0]
    np.True_
    """
    total = sum(ord(c) * pow(B, j, 2**64) for j, c in enumerate(piece)) + SEEDS[kind]
    return (total * M % 2**64) >> (64 - bits)
