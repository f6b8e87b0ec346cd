"""Compiled kernels of the comment section (numba, the extra ``fast``): counts of equal pairs, texts drawn.

Whole numbers only: what NumPy counts by sorting (:mod:`realreach.features.comments.pairs`), counted here by hashing and
by walking, creator after creator. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.comment_text import grouping
from realreach.comment_text.grouping_kernels import table_bits
from realreach.features.comments import pairs
from realreach.features.kernel_parts import sort

__all__ = ["count_pairs", "count_words", "draw_texts", "phrases_of"]

_U = np.uint64
_DROPPED = _U(64 - grouping.KEY_BITS)
_PLACE, _STEP = _U(0x9E3779B97F4A7C15), _U(0xD6E8FEB86659FD93)
_OFTEN = pairs.OFTEN
_KEY = grouping.KEY_BITS
_FEW = 1 << (63 - grouping.KEY_BITS)
"""Places that fit below a key in a whole number that is not below 0."""


@nb.njit(nogil=True, cache=True)
def _slot(keys, key, bits):
    """Return the place of a key in a table, or the free place for it (0 = free, so a key is kept plus one)."""
    last = (1 << bits) - 1
    shift = _U(64 - bits)
    spread = key * _PLACE
    at = np.int64(spread >> shift)
    step = np.int64(((spread ^ (spread >> _U(29))) * _STEP) >> shift) | 1
    while keys[at] != _U(0) and keys[at] != key:
        at = (at + step) & last
    return at


@nb.njit(nogil=True, cache=True)
def count_pairs(starts, group, keep, place, out) -> None:
    """Fill the counts of ``pairs.count_pairs``, one row for each; ``place`` is empty where it is not asked for."""
    size = np.zeros(len(group), dtype=np.int64)
    beside = np.zeros(len(place), dtype=np.int64)
    for creator in range(len(starts) - 1):
        low, high = starts[creator], starts[creator + 1]
        for row in range(low, high):
            if keep[row]:
                out[0, creator] += 1
                out[1, creator] += size[group[row]]
                size[group[row]] += 1
        for row in range(low, high):
            if size[row] > 1:
                out[2, creator] += size[row]
        if len(place) == 0:
            continue
        size[low:high] = 0
        for row in range(low, high):
            if keep[row] and place[row] >= 0:
                out[3, creator] += 1
                out[4, creator] += size[group[row]]
                out[5, creator] += beside[place[row]]
                size[group[row]] += 1
                beside[place[row]] += 1
        out[6, creator] = _pairs_of_both(low, high, group, keep, place, size, beside)


@nb.njit(nogil=True, cache=True)
def _pairs_of_both(low, high, group, keep, place, size, beside):
    """Return the pairs of rows that share group and place."""
    number = 0
    for row in range(low, high):
        if keep[row] and place[row] >= 0 and size[group[row]] > 1 and beside[place[row]] > 1:
            number += 1
    if number == 0:
        return 0
    bits = table_bits(number)
    keys, times = np.zeros(1 << bits, dtype=np.uint64), np.zeros(1 << bits, dtype=np.int64)
    found = 0
    for row in range(low, high):
        if keep[row] and place[row] >= 0 and size[group[row]] > 1 and beside[place[row]] > 1:
            at = _slot(keys, _U(group[row] - low) * _U(high - low) + _U(place[row] - low) + _U(1), bits)
            keys[at] = _U(group[row] - low) * _U(high - low) + _U(place[row] - low) + _U(1)
            found += times[at]
            times[at] += 1
    return found


@nb.njit(nogil=True, cache=True)
def phrases_of(numbers):
    """Return the key of the two words that begin with each word, as ``Section.phrases`` tells it."""
    out = np.zeros(len(numbers), dtype=np.uint64)
    for word in range(len(numbers) - 1):
        out[word] = numbers[word] * _U(3) + numbers[word + 1]
    return out


@nb.njit(nogil=True, cache=True)
def count_words(starts, word_starts, numbers, lengths, phrases, asked, out, often) -> None:
    """Fill words, equal pairs of words, phrases, equal pairs of phrases, and which asked phrases come three times."""
    for creator in range(len(starts) - 1):
        low, high = starts[creator], starts[creator + 1]
        size = word_starts[high] - word_starts[low]
        if size == 0:
            continue
        bits = table_bits(size)
        keys, times = np.zeros(1 << bits, dtype=np.uint64), np.zeros(1 << bits, dtype=np.int32)
        for word in range(word_starts[low], word_starts[high]):
            if lengths[word] >= 2:
                key = (numbers[word] >> _DROPPED) + _U(1)
                at = _slot(keys, key, bits)
                keys[at] = key
                out[0, creator] += 1
                out[1, creator] += times[at]
                times[at] += 1
        keys[:] = 0
        times[:] = 0
        told, most = np.zeros(1 << bits, dtype=np.int32), 0
        for text in range(low, high):
            for word in range(word_starts[text], word_starts[text + 1] - 1):
                key = (phrases[word] >> _DROPPED) + _U(1)
                at = _slot(keys, key, bits)
                keys[at] = key
                out[2, creator] += 1
                out[3, creator] += times[at]
                times[at] += 1
                told[at] += asked[text]
                most = max(most, told[at])
        for text in range(low, high if most >= _OFTEN else low):
            if asked[text]:
                for word in range(word_starts[text], word_starts[text + 1] - 1):
                    at = _slot(keys, (phrases[word] >> _DROPPED) + _U(1), bits)
                    often[word] = told[at] >= _OFTEN


@nb.njit(nogil=True, cache=True)
def _write_utf8(codes, low, high, out, at):
    """Write the bytes of a text and a line feed from ``out[at]`` on; return where they end."""
    for i in range(_U(low), _U(high)):
        code = codes[i]
        if code < 0x80:
            out[at] = code
            at += 1
            continue
        if code < 0x800:
            out[at] = 0xC0 | code >> 6
            at += 1
        else:
            if code < 0x10000:
                out[at] = 0xE0 | code >> 12
                at += 1
            else:
                out[at] = 0xF0 | code >> 18
                out[at + 1] = 0x80 | (code >> 12 & 0x3F)
                at += 2
            out[at] = 0x80 | (code >> 6 & 0x3F)
            at += 1
        out[at] = 0x80 | (code & 0x3F)
        at += 1
    out[at] = 0x0A
    return at + 1


@nb.njit(nogil=True, cache=True)
def draw_texts(starts, asked, keys, least, size, codes, code_starts, out, ends) -> None:
    """Fill the bytes of each creator's asked texts in the order of their keys, until they hold ``size`` signs.

    A line feed stands behind each text; ``ends`` tells where each creator's bytes end, none below ``least`` texts.
    """
    at = np.int64(0)
    for creator in range(len(starts) - 1):
        number = np.int64(0)
        for row in range(starts[creator], starts[creator + 1]):
            number += asked[row]
        if number >= least:
            signs = 0
            for row in _by_key(starts[creator], starts[creator + 1], asked, keys, number):
                if signs >= size:
                    break
                at = _write_utf8(codes, code_starts[row], code_starts[row + 1], out, at)
                signs += code_starts[row + 1] - code_starts[row] + 1
        ends[creator + 1] = at


@nb.njit(nogil=True, cache=True)
def _by_key(low, high, asked, keys, number):
    """Return the asked rows in the order of the upper bits of their keys; equal ones keep theirs."""
    rows, upper = np.empty(number, dtype=np.int64), np.empty(number, dtype=np.int64)
    count = 0
    for row in range(low, high):
        if asked[row]:
            rows[count], upper[count] = row, np.int64(keys[row] >> _DROPPED)
            count += 1
    # Key and place are sorted as one number; where both do not fit, first by the lower half of the key, then by the upper.
    parts = 1 if number <= _FEW else 2
    width = _KEY // parts
    room = 63 - width
    packed, spare = np.empty(number, dtype=np.int64), np.empty(number, dtype=np.int64)
    place = np.arange(number)
    for part in range(parts):
        for k in range(number):
            packed[k] = (upper[place[k]] >> (part * width) & ((1 << width) - 1)) << room | k
        sort(packed, number, spare)
        for k in range(number):
            spare[k] = place[packed[k] & ((1 << room) - 1)]
        place, spare = spare, place
    return rows[place]
