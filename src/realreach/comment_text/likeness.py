"""How alike comments are: keys for the same text and the same template, and groups of near twins.

- *Exact*: the folded text, white space aside.
- *Template*: the words in their order, whatever stands between them: "JUNIOR88 gacor 🔥" and "𝐏𝐔𝐋𝐀𝐔𝟕𝟕𝟕 gacor 😍" are
  one template, because brands, digits, handles, links, marks and emoji are no words.
- *Near twins*: character 4-grams of the words, joined by single spaces. Each text is drawn as 24 minima of hashed
  4-grams (MinHash); texts that agree in one of eight bands of three are compared, and those that agree in 14 of 24
  minima or more (a Jaccard likeness of about .58, a cosine of .74) are twins of the band's first text. Groups are what
  hangs together by twins.

All constants, and so the seed, stand here. The first text of a band is the one with the smallest template key, never
the first row, so that the order of rows changes nothing. Cost: about 24 multiplications per character.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from realreach.comment_text.codepoints import CodePoints
from realreach.comment_text.grouping import first_of_equal, first_rows, packed, run_starts
from realreach.comment_text.normalise import Normalised
from realreach.comment_text.traits import LETTER, table
from realreach.comment_text.words import BASE, Words, mix, powers, weighted_sums
from realreach.compiled import frozen, kernels_for

__all__ = [
    "AGREE",
    "BANDS",
    "GRAM",
    "MINIMA",
    "SPREAD",
    "draws",
    "exact_keys",
    "near_groups",
    "signatures",
    "template_keys",
]

_I64 = npt.NDArray[np.int64]
_U64 = npt.NDArray[np.uint64]

_SEED = 20_250_817
MINIMA = 24
BANDS = 8
AGREE = 14
GRAM = 4
SPREAD = 0x85EBCA6B
_FACTORS = np.array(
    [0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, 0xC2B2AE3D27D4EB4F, 0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53],
    dtype=np.uint64,
)
_KERNELS = "comment_text.likeness_kernels"
_CELLS = 8_192
"""4-grams hashed at once, 24 times each: the hashes stay in the processor's cache."""


def exact_keys(text: Normalised) -> _U64:
    """Return numbers that are equal for texts that are equal after folding case, Unicode style and white space."""
    points = text.folded_points
    if (compiled := kernels_for(len(points), _KERNELS)) is not None:
        out = np.empty(len(points), dtype=np.uint64)
        compiled.exact_keys(frozen(points.codes), frozen(points.starts), out)
        return out
    keep = points.codes != 0x20
    # A space counts where it parts two characters, so "a b" is not "ab": it marks the next character.
    values = points.codes.astype(np.uint64)
    values[1:] += (~keep[:-1]).astype(np.uint64) << np.uint64(32)
    lengths = points.count(keep)
    ends = lengths.cumsum()
    kept = values.compress(keep)
    told = lengths > 0
    first = (ends - lengths)[told]
    kept[first] &= np.uint64(0xFFFFFFFF)
    out = np.zeros(len(points), dtype=np.uint64)
    if len(first):
        up, down = powers(len(kept))
        kept *= up[1 : len(kept) + 1]
        out[told] = np.add.reduceat(kept, first) * down[first]
    return mix(out)


def template_keys(words: Words) -> _U64:
    """Return numbers that are equal for texts with the same words in the same order.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from realreach.comment_text.normalise import normalise
    >>> from realreach.comment_text.words import split_words
    >>> text = normalise(pa.array(["JUNIOR88 gacor 🔥", "𝐏𝐔𝐋𝐀𝐔𝟕𝟕𝟕 GACOOOR 😍", "gacor dong"]))
    >>> keys = template_keys(split_words(text.plain_points))
    >>> bool(keys[0] == keys[1]), bool(keys[0] == keys[2])
    (True, False)
    """
    if (compiled := kernels_for(len(words.starts) - 1, _KERNELS)) is not None:
        out = np.empty(len(words.starts) - 1, dtype=np.uint64)
        compiled.template_keys(frozen(words.numbers), frozen(words.starts), out)
        return out
    return mix(weighted_sums(words.numbers, words.starts[:-1], words.starts[1:]))


def signatures(points: CodePoints, rows: _I64 | None = None) -> npt.NDArray[np.uint32]:
    """Return the 24 minima of each text's hashed 4-grams; a text of fewer than four letters has none (all ones).

    ``points`` is a plain text (:attr:`realreach.comment_text.normalise.Normalised.plain_points`); ``rows`` the texts
    asked for, ascending, None for all.
    """
    rows = np.arange(len(points)) if rows is None else rows
    out = np.full((len(rows), MINIMA), 0xFFFFFFFF, dtype=np.uint32)
    if (compiled := kernels_for(len(points), _KERNELS)) is not None:
        text = frozen(points.codes), frozen(points.starts), frozen(rows), table()
        compiled.minima(*text, *draws(), out)
        return out
    letters = _only_words(points, rows)
    told = letters.lengths >= GRAM
    if not told.all():
        letters = letters.where(told.repeat(letters.lengths))
    grams, begins = _hashed_grams(letters.codes, letters.starts[:-1][told])
    drawn = np.empty((int(told.sum()), MINIMA), dtype=np.uint32)
    buffers = np.empty((2, MINIMA * max(_CELLS, int(np.diff(begins).max(initial=0)))), dtype=np.uint32)
    low = 0
    while low < len(drawn):
        high = max(int(begins.searchsorted(begins[low] + _CELLS, side="right")) - 1, low + 1)
        part = grams[begins[low] : begins[high]]
        drawn[low:high] = _least(part, begins[low:high] - begins[low], buffers)
        low = high
    out[told] = drawn
    return out


def _least(grams: npt.NDArray[np.uint32], begins: _I64, buffers: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Return the minima of each run of 4-grams; the two buffers are used again and again: fresh memory costs more."""
    factors, shifts = draws()
    drawn, upper = (part[: MINIMA * len(grams)].reshape(MINIMA, -1) for part in buffers)
    np.multiply(grams, factors[:, None], out=drawn)
    drawn += shifts[:, None]
    # Multiplication mixes upwards only: the upper half decides.
    np.right_shift(drawn, np.uint32(15), out=upper)
    drawn ^= upper
    drawn *= np.uint32(SPREAD)
    return np.asarray(np.minimum.reduceat(drawn, begins, axis=1).T)


def _hashed_grams(letters: npt.NDArray[np.uint32], starts: _I64) -> tuple[npt.NDArray[np.uint32], _I64]:
    """Return the hashes of the 4-grams of texts of four letters or more, text after text, and where they begin."""
    codes = letters.astype(np.uint64)
    count = max(len(codes) - (GRAM - 1), 0)
    gram = codes[:count].copy()
    for ahead in range(1, GRAM):
        gram *= np.uint64(BASE)
        gram += codes[ahead : ahead + count]
    # What reaches from one text into the next is no 4-gram.
    inside = np.ones(count, dtype=bool)
    for back in range(1, GRAM):
        inside[starts[1:] - back] = False
    begins = np.append(starts, count + GRAM - 1) - (GRAM - 1) * np.arange(len(starts) + 1)
    return mix(gram.compress(inside)).astype(np.uint32), begins


def _only_words(points: CodePoints, rows: _I64) -> CodePoints:
    """Return some texts (ascending) with every run of other characters as one space, none at the ends.

    Of the characters between two words the last one stands for the space.
    """
    letter = points.has(LETTER)
    if len(rows) < len(points):
        wanted = np.zeros(len(points), dtype=bool)
        wanted[rows] = True
        letter &= wanted.repeat(points.lengths)
    keep = letter.copy()
    keep[:-1] |= letter[1:]
    # No space stands before the first word of a text: neither in the text nor at the end of the one before.
    full = rows[points.lengths[rows] > 0]
    begins = points.starts[full]
    before = begins[begins > 0] - 1
    keep[before] = letter[before]
    late = ~letter[begins]
    if late.any():
        words = (letter[1:] & ~letter[:-1]).nonzero()[0] + 1
        first = np.append(words, len(letter))[words.searchsorted(begins[late])]
        first = first[first < points.starts[full[late] + 1]]
        keep[first - 1] = False
    starts = np.zeros(len(rows) + 1, dtype=np.int64)
    points.count(keep)[rows].cumsum(out=starts[1:])
    return CodePoints(np.where(letter, points.codes, np.uint32(0x20)).compress(keep), starts)


@cache
def draws() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Return the odd factor and the shift of each of the hashes."""
    drawn = np.random.default_rng(_SEED).integers(0, 2**32, (MINIMA, 2), dtype=np.uint32)
    return frozen(drawn[:, 0] | np.uint32(1)), frozen(drawn[:, 1].copy())


def near_groups(owner: _I64, keys: _U64, points: CodePoints, rows: _I64 | None = None) -> _I64:
    """Return the group of near twins of each text, as the place of the group's member with the smallest key.

    Parameters
    ----------
    owner
        Texts of different owners are never twins (one owner for all: pass zeros).
    keys
        Template keys; equal keys are twins at once and are compared only once.
    points
        Plain texts.
    rows
        Which of the texts ``owner`` and ``keys`` are of; None for all.
    """
    if len(owner) == 0:
        return np.empty(0, dtype=np.int64)
    first = first_rows(owner, keys)
    distinct = (first == np.arange(len(first))).nonzero()[0]
    drawn = signatures(points, distinct if rows is None else rows[distinct])
    group = np.arange(len(first))
    group[distinct] = distinct[_linked(owner[distinct], packed(owner[distinct], keys[distinct]), drawn)]
    return group[first]


def _linked(owner: _I64, numbers: _U64, drawn: npt.NDArray[np.uint32]) -> _I64:
    """Return for each text the text with the smallest number that it hangs together with; all numbers differ."""
    group = np.arange(len(owner))
    if (compiled := kernels_for(len(owner), _KERNELS)) is not None:
        compiled.linked(frozen(owner), frozen(numbers), frozen(drawn), group)
        return group
    a, b = _twins_of_bands(owner, numbers, drawn)
    if len(a) == 0:
        return group
    texts = np.unique(np.concatenate([a, b]))
    texts = texts[numbers[texts].argsort()]
    rank = np.empty(len(owner), dtype=np.int64)
    rank[texts] = np.arange(len(texts))
    group[texts] = texts[_smallest_reached(rank[a], rank[b], len(texts))]
    return group


def _smallest_reached(a: _I64, b: _I64, count: int) -> _I64:
    """Return for each of ``count`` nodes the smallest one that the edges ``a``-``b`` tie it to."""
    group = np.arange(count)
    while True:
        before = group.copy()
        low = np.minimum(group[a], group[b])
        np.minimum.at(group, a, low)
        np.minimum.at(group, b, low)
        group = group[group]
        if np.array_equal(before, group):
            return group


def _twins_of_bands(owner: _I64, numbers: _U64, drawn: npt.NDArray[np.uint32]) -> tuple[_I64, _I64]:
    """Return pairs of twins: the text of a band with the smallest number, and another one in it that is like it."""
    usable = (drawn[:, 0] != 0xFFFFFFFF).nonzero()[0]
    bands = drawn[usable].reshape(len(usable), BANDS, MINIMA // BANDS)
    key = np.broadcast_to((owner[usable].astype(np.uint64) * _FACTORS[-1])[:, None], bands.shape[:2])
    key = key + np.arange(BANDS, dtype=np.uint64) * _FACTORS[-2]
    for column in range(MINIMA // BANDS):
        key = key + bands[:, :, column] * _FACTORS[column]
    key = mix(key.ravel())
    first = first_of_equal(key)
    # Most texts stand alone in their band.
    shared = (np.bincount(first, minlength=len(key))[first] > 1).nonzero()[0]
    shared = shared[np.lexsort((numbers[usable[shared // BANDS]], key[shared]))]
    begins = run_starts(key[shared])
    member = usable[shared // BANDS]
    first = member[begins].repeat(np.diff(begins, append=len(shared)))
    other = member != first
    member, first = member[other], first[other]
    alike = (drawn[member] == drawn[first]).sum(axis=1) >= AGREE
    alike &= owner[member] == owner[first]
    return first[alike], member[alike]
