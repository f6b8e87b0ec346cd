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
from realreach.comment_text.traits import SIGN, of
from realreach.comment_text.words import powers
from realreach.tables.core import IntArray

__all__ = [
    "CHAR_SIZES",
    "PAIR",
    "SEEDS",
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
    "weighted_sums",
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
_POWERS = [pow(B, k, 2**64) for k in range(max(CHAR_SIZES))]

_SPACE = 32


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
    rows = np.concatenate([np.zeros(1, dtype=np.int64), np.arange(len(read)).repeat(read.lengths + 1)])
    # Behind each text stands a space, and one before the first.
    spaces = read.starts + np.arange(len(read) + 1)
    spaces[:1] = 0
    at = np.arange(-1, len(rows) - 1)
    at -= rows
    values = read.codes.take(at, mode="clip").astype(np.uint64) if len(read.codes) else np.empty(len(rows), np.uint64)
    values[spaces] = _SPACE
    is_word = (of(values.view(np.int64)) & np.uint32(SIGN)) == 0
    return Points(values, rows, is_word, len(read))


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
    at = begins.nonzero()[0]
    if not len(at):
        return Tokens(np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64), np.empty(0, dtype=bool))
    sums = _segment_sums(values, space, at)
    rows, is_word = points.rows[at], word[at]
    fresh = np.ones(len(at), dtype=bool)
    fresh[1:] = (sums[1:] != sums[:-1]) | (rows[1:] != rows[:-1])
    return Tokens(sums.compress(fresh), rows.compress(fresh), is_word.compress(fresh))


def _segment_sums(values: U64, space: npt.NDArray[np.bool_], at: IntArray) -> U64:
    """Return the polynomial of the code points from each start to the next start, spaces left out."""
    up, down = powers(len(values))
    terms = values * up[: len(values)]
    np.copyto(terms, 0, where=space)
    return np.asarray(np.add.reduceat(terms, at) * down[at], dtype=np.uint64)


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
    return sums.compress(same), found.rows[1:].compress(same)


def char_grams(points: Points) -> list[tuple[int, U64, IntArray]]:
    """Return (size, sums, comments) of the character n-grams of every size.

    Examples
    --------
    >>> [(n, rows.tolist()) for n, _, rows in char_grams(read_points(pa.array(["ab c", "hey"])))]
    [(3, [0, 0, 0, 1, 1, 1]), (4, [0, 1, 1]), (5, [1])]
    """
    values = points.values
    space = values == _SPACE
    out: list[tuple[int, U64, IntArray]] = []
    size, sums, fine = 1, values, np.ones(len(values), dtype=bool)
    for wanted in CHAR_SIZES:
        while size < wanted:
            if len(values) <= size:
                return out + [(n, values[:0], points.rows[:0]) for n in CHAR_SIZES if n >= wanted]
            # From size to size + 1: what was the last code point becomes an inner one, which must be no space.
            inner = ~space[size - 1 : -1] if size > 1 else np.ones(len(values) - 1, dtype=bool)
            fine = fine[:-1] & inner[: len(fine) - 1]
            sums = sums[:-1] + values[size:] * np.uint64(_POWERS[size])
            size += 1
        # A gram belongs to the comment of its second code point: the first may be the space of the comment before.
        out.append((size, sums[fine], points.rows[1 : len(fine) + 1][fine]))
    return out


def weighted_sums(
    points: Points, found: Tokens, weights: npt.NDArray[np.int32], bits: int
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Return the sums of the weights of all pieces of each comment, without a list of them.

    Returns
    -------
    list
        For tokens and pairs together, and for character n-grams together: the sums by head, shape (heads, comments),
        and the number of pieces of each comment.
    """
    pairs, pair_rows = pair_sums(found)
    parts = ((bucket(found.sums, 1, bits), found.rows), (bucket(pairs, 2, bits), pair_rows))
    bounds = [rows.searchsorted(np.arange(points.count + 1)) for _, rows in parts]
    tokens_total = [sum(_between(w.take(b), at) for (b, _), at in zip(parts, bounds, strict=True)) for w in weights]
    tokens_count = sum(at[1:] - at[:-1] for at in bounds)
    return [(np.array(tokens_total), np.asarray(tokens_count)), _character_sums(points, weights, bits)]


def _between(values: npt.NDArray[np.int32], bounds: IntArray) -> npt.NDArray[np.int64]:
    """Return the sums of values between neighbouring bounds."""
    before = np.zeros(len(values) + 1, dtype=np.int64)
    values.cumsum(out=before[1:])
    at = before[bounds]
    return at[1:] - at[:-1]


def _character_sums(
    points: Points, weights: npt.NDArray[np.int32], bits: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the sums of the weights of character n-grams by head, and how many there are of each comment.

    Every place begins a piece of each size; what reaches over a space weighs nothing. So no piece is picked out.
    """
    n = points.count
    total = np.zeros((len(weights), n), dtype=np.int64)
    if n == 0:
        return total, np.zeros(0, dtype=np.int64)
    # The pieces of a comment begin at the space before it or at one of its signs but the last.
    size = len(points.values)
    begins = points.rows[1:].searchsorted(np.arange(n))
    values = np.concatenate([points.values, np.full(max(CHAR_SIZES), _SPACE, dtype=np.uint64)])
    # All ones where a sign is no space: a weight or a one is kept by it, or becomes 0.
    solid = -(values != _SPACE).view(np.int8).astype(np.int32)
    mixed = values[:size] * np.uint64(M)
    mixed += values[1 : size + 1] * np.uint64(_POWERS[1] * M % 2**64)
    fine = solid[1 : size + 1].copy()
    number = np.zeros(size, dtype=np.int32)
    sums = np.zeros((len(weights), size), dtype=np.int32)
    for length in CHAR_SIZES:
        mixed += values[length - 1 : size + length - 1] * np.uint64(_POWERS[length - 1] * M % 2**64)
        if length > CHAR_SIZES[0]:
            fine &= solid[length - 2 : size + length - 2]
        place = ((mixed + np.uint64(SEEDS[length] * M % 2**64)) >> np.uint64(64 - bits)).view(np.int64)
        for head, of_head in enumerate(weights):
            sums[head] += of_head.take(place) & fine
        number -= fine
    for head in range(len(weights)):
        total[head] = np.add.reduceat(sums[head], begins, dtype=np.int64)
    return total, np.add.reduceat(number, begins, dtype=np.int64)


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
