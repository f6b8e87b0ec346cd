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
from realreach.comment_text.normalise import Normalised
from realreach.comment_text.words import Words, characters, mix, weighted_sums
from realreach.compiled import frozen, kernels_for

__all__ = ["GRAM", "exact_keys", "near_groups", "signatures", "template_keys"]

_I64 = npt.NDArray[np.int64]
_U64 = npt.NDArray[np.uint64]

_SEED = 20_250_817
_MINIMA = 24
_BANDS = 8
_AGREE = 14
GRAM = 4
_BLOCK = 4_000_000
"""Hashed 4-grams held at once; bounds memory."""


def exact_keys(text: Normalised) -> _U64:
    """Return numbers that are equal for texts that are equal after folding case, Unicode style and white space."""
    points = text.folded_points
    keep = points.codes != 0x20
    # A space counts where it parts two characters, so "a b" is not "ab": it marks the next character.
    after = np.zeros(len(keep), dtype=bool)
    after[1:] = ~keep[:-1]
    starts = points.starts[:-1]
    after[starts[points.lengths > 0]] = False
    values = points.codes.astype(np.uint64) + (after.astype(np.uint64) << np.uint64(32))
    inner = CodePoints(points.codes, points.starts).where(keep)
    kept = values[keep]
    first = inner.starts[:-1][inner.lengths > 0]
    kept[first] &= np.uint64(0xFFFFFFFF)
    return mix(weighted_sums(kept, inner.starts[:-1], inner.starts[1:]))


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
    return mix(weighted_sums(words.numbers, words.starts[:-1], words.starts[1:]))


def signatures(points: CodePoints) -> npt.NDArray[np.uint32]:
    """Return the 24 minima of each text's hashed 4-grams; a text of fewer than four letters has none (all ones).

    ``points`` is a plain text (:attr:`realreach.comment_text.normalise.Normalised.plain_points`).
    """
    letters = _only_words(points)
    number = np.maximum(letters.lengths - (GRAM - 1), 0)
    out = np.full((len(points), _MINIMA), 0xFFFFFFFF, dtype=np.uint32)
    some = np.flatnonzero(number > 0)
    if (compiled := kernels_for(len(points))) is not None:
        drawn = np.full((len(some), _MINIMA), 0xFFFFFFFF, dtype=np.uint32)
        text = frozen(letters.codes), frozen(letters.starts)
        compiled.minima(*text, frozen(some), frozen(number[some]), frozen(_draws()), drawn)
        out[some] = drawn
        return out
    ends = np.cumsum(number[some])
    low = 0
    while low < len(some):
        done = ends[low - 1] if low else 0
        high = max(int(np.searchsorted(ends, done + _BLOCK, side="right")), low + 1)
        members = some[low:high]
        out[members] = _minima(letters, members, number[members])
        low = high
    return out


def _only_words(points: CodePoints) -> CodePoints:
    """Return the texts with every run of other characters as one space, none at the ends."""
    letter = characters().of("letter", points.codes)
    after = np.zeros(len(letter), dtype=bool)
    after[1:] = letter[:-1]
    after[points.starts[:-1][points.lengths > 0]] = False
    keep = letter | after
    spaced = CodePoints(np.where(letter, points.codes, np.uint32(0x20)), points.starts).where(keep)
    some = spaced.lengths > 0
    last = np.zeros(len(spaced.codes), dtype=bool)
    last[spaced.starts[1:][some] - 1] = True
    return spaced.where(~(last & (spaced.codes == 0x20)))


@cache
def _draws() -> npt.NDArray[np.uint32]:
    """Return factor and shift of each of the hashes."""
    return np.random.default_rng(_SEED).integers(0, 2**32, (_MINIMA, 2), dtype=np.uint32)


def _minima(letters: CodePoints, members: _I64, number: _I64) -> npt.NDArray[np.uint32]:
    starts = np.concatenate([[0], np.cumsum(number)[:-1]])
    at = np.repeat(letters.starts[members] - starts, number) + np.arange(int(number.sum()))
    gram = np.zeros(len(at), dtype=np.uint64)
    for back in range(GRAM):
        gram = gram * np.uint64(0x9E3779B97F4A7C15) + letters.codes[at + back]
    low = mix(gram).astype(np.uint32)
    out = np.empty((len(members), _MINIMA), dtype=np.uint32)
    for j, (factor, shift) in enumerate(_draws()):
        hashed = low * (factor | np.uint32(1)) + shift
        # Multiplication mixes upwards only: the upper half decides.
        hashed ^= hashed >> np.uint32(15)
        hashed *= np.uint32(0x85EBCA6B)
        out[:, j] = np.minimum.reduceat(hashed, starts)
    return out


def near_groups(owner: _I64, keys: _U64, points: CodePoints) -> _I64:
    """Return the group of near twins of each text, as the row of the group's member with the smallest key.

    Parameters
    ----------
    owner
        Texts of different owners are never twins (one owner for all: pass zeros).
    keys
        Template keys; equal keys are twins at once and are compared only once.
    points
        Plain texts.
    """
    if len(owner) == 0:
        return np.empty(0, dtype=np.int64)
    order = np.lexsort((keys, owner))
    new = np.ones(len(order), dtype=bool)
    new[1:] = (owner[order][1:] != owner[order][:-1]) | (keys[order][1:] != keys[order][:-1])
    place = np.cumsum(new) - 1
    distinct = order[new]
    group = _linked(owner[distinct], signatures(points.take(distinct)))
    out = np.empty(len(order), dtype=np.int64)
    out[order] = distinct[group][place]
    return out


def _linked(owner: _I64, drawn: npt.NDArray[np.uint32]) -> _I64:
    """Return for each text (ordered by owner and key) the first text that it hangs together with."""
    group = np.arange(len(owner))
    usable = drawn[:, 0] != 0xFFFFFFFF
    rows = _MINIMA // _BANDS
    left, right = [], []
    for band in range(_BANDS):
        key = owner.astype(np.uint64) * np.uint64(0xC4CEB9FE1A85EC53)
        for column in range(band * rows, (band + 1) * rows):
            key = mix(key + drawn[:, column])
        # A stable sort keeps the order by template key inside of a band.
        order = np.argsort(key, kind="stable")
        order = order[usable[order]]
        same = key[order][1:] == key[order][:-1]
        first = order[np.maximum.accumulate(np.where(np.concatenate([[True], ~same]), np.arange(len(order)), 0))]
        alike = (drawn[order] == drawn[first]).sum(axis=1) >= _AGREE
        alike &= (order != first) & (owner[order] == owner[first])
        left.append(first[alike])
        right.append(order[alike])
    a, b = np.concatenate(left), np.concatenate(right)
    while len(a):
        low = np.minimum(group[a], group[b])
        before = group.copy()
        np.minimum.at(group, a, low)
        np.minimum.at(group, b, low)
        group = group[group]
        if np.array_equal(before, group):
            break
    return group
