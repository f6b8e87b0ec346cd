"""Compiled kernels of likeness (numba, the extra ``fast``): keys of texts, near twins.

Whole numbers only, so that the results are those of the NumPy code in :mod:`realreach.comment_text.likeness`. Tables
are hashed twice (place and step), so that texts made up to fall into one place do not fall into one step. Imported only
by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.comment_text import grouping, likeness, lookalikes, traits, words
from realreach.comment_text.grouping_kernels import first_rows, table_bits

__all__ = ["exact_keys", "linked", "minima", "near_groups", "template_keys"]

_U = np.uint64
_BASE = _U(words.BASE)
_MIX1, _MIX2 = _U(0xFF51AFD7ED558CCD), _U(0xC4CEB9FE1A85EC53)
_SPREAD = np.uint32(likeness.SPREAD)
_LOW32 = _U(0xFFFFFFFF)
_DROPPED = _U(64 - grouping.KEY_BITS)
_PLACE, _STEP = _U(0x9E3779B97F4A7C15), _U(0xD6E8FEB86659FD93)
_MINIMA, _AGREE = likeness.MINIMA, likeness.AGREE
_ROWS = _MINIMA // likeness.BANDS
_NONE = np.uint32(0xFFFFFFFF)
_LAST, _LETTER = np.uint32(lookalikes.TABLE_SIZE), np.uint32(traits.LETTER)


@nb.njit(nogil=True, cache=True, inline="always")
def _mix(value):
    value ^= value >> _U(33)
    value *= _MIX1
    value ^= value >> _U(33)
    value *= _MIX2
    return value ^ (value >> _U(33))


@nb.njit(nogil=True, cache=True)
def exact_keys(codes, starts, out) -> None:
    """Fill the keys of texts as ``likeness.exact_keys`` does."""
    for text in range(len(starts) - 1):
        total = _U(0)
        power = _BASE
        spaced = False
        first = True
        for i in range(starts[text], starts[text + 1]):
            code = _U(codes[i])
            if code == _U(0x20):
                spaced = True
                continue
            if spaced and not first:
                code += _U(1) << _U(32)
            total += code * power
            power *= _BASE
            spaced = False
            first = False
        out[text] = _mix(total)


@nb.njit(nogil=True, cache=True)
def template_keys(numbers, starts, out) -> None:
    """Fill the keys of the words of texts as ``likeness.template_keys`` does."""
    for text in range(len(starts) - 1):
        total = _U(0)
        power = _BASE
        for i in range(starts[text], starts[text + 1]):
            total += numbers[i] * power
            power *= _BASE
        out[text] = _mix(total)


@nb.njit(nogil=True, cache=True)
def _only_words(codes, low, high, table, out):
    """Write the words of a text with one space between them; return how many signs these are."""
    count = before = np.int64(0)
    # Places without sign: those that might be below 0 are looked after at each of them.
    for i in range(_U(low), _U(high)):
        code = codes[i]
        letter = np.int64((table[min(code, _LAST)] & _LETTER) != 0)
        # A space is written behind a word, and over it the next word if there is one.
        out[count] = _U(code) if letter else _U(0x20)
        count += letter | before
        before = letter
    return count - 1 if count > 0 and not before and out[count - 1] == _U(0x20) else count


@nb.njit(nogil=True, cache=True, inline="always")
def _hashed(gram, factor, shift):
    hashed = np.uint32(gram * factor + shift)
    hashed ^= hashed >> np.uint32(15)
    return np.uint32(hashed * _SPREAD)


@nb.njit(nogil=True, cache=True)
def minima(codes, starts, rows, table, factors, shifts, out) -> None:
    """Fill the smallest hashes of the 4-grams of some texts, as ``likeness.signatures`` draws them."""
    longest = 0
    for row in rows:
        longest = max(longest, starts[row + 1] - starts[row])
    signs, grams = np.empty(longest + 1, dtype=np.uint64), np.empty(longest + 1, dtype=np.uint32)
    for at in range(len(rows)):
        count = _only_words(codes, starts[rows[at]], starts[rows[at] + 1], table, signs) - 3
        for i in range(count):
            gram = ((signs[i] * _BASE + signs[i + 1]) * _BASE + signs[i + 2]) * _BASE + signs[i + 3]
            grams[i] = np.uint32(_mix(gram) & _LOW32)
        least = out[at]
        # Four at a time: each of the minima is read and written once for them.
        done = count - count % 4 if count > 0 else 0
        for i in range(0, done, 4):
            one, two, three, four = grams[i], grams[i + 1], grams[i + 2], grams[i + 3]
            for j in range(_MINIMA):
                low = min(_hashed(one, factors[j], shifts[j]), _hashed(two, factors[j], shifts[j]))
                high = min(_hashed(three, factors[j], shifts[j]), _hashed(four, factors[j], shifts[j]))
                least[j] = min(least[j], min(low, high))
        for i in range(done, count):
            for j in range(_MINIMA):
                least[j] = min(least[j], _hashed(grams[i], factors[j], shifts[j]))


@nb.njit(nogil=True, cache=True)
def linked(owner, numbers, drawn, group) -> None:
    """Fill for each text the one of the smallest number that it hangs together with, as ``likeness`` links them."""
    texts = len(owner)
    ordered = True
    for text in range(1, texts):
        ordered &= owner[text] >= owner[text - 1]
    low = np.int64(0)
    while low < texts:
        high = low + 1
        # Texts of one owner that stand together are linked by themselves: their table is small.
        while high < texts and (not ordered or owner[high] == owner[low]):
            high += 1
        _link_some(low, high, owner, numbers, drawn, group)
        low = high


@nb.njit(nogil=True, cache=True)
def _link_some(low, high, owner, numbers, drawn, group) -> None:
    """Link neighbouring texts; no other text has an owner of theirs."""
    bits = table_bits(high - low)
    table = np.empty(1 << bits, dtype=np.int32)
    places = np.empty(high - low, dtype=np.int32)
    for text in range(low, high):
        group[text] = text
    for band in range(0, _MINIMA, _ROWS):
        table[:] = -1
        shared = False
        for text in range(low, high):
            if drawn[text, 0] == _NONE:
                continue
            at = _place_of_band(owner, drawn, text, band, table, bits)
            places[text - low] = at
            other = table[at]
            shared |= other >= 0
            if other < 0 or numbers[text] < numbers[other]:
                table[at] = text
        if not shared:
            continue
        for text in range(low, high):
            if drawn[text, 0] != _NONE and table[places[text - low]] != text:
                _link(numbers, drawn, group, table[places[text - low]], text)
    for text in range(low, high):
        root = text
        while group[root] != root:
            root = group[root]
        group[text] = root


@nb.njit(nogil=True, cache=True, forceinline=True)
def _place_of_band(owner, drawn, text, band, table, bits):
    """Return where the table holds a text with the same owner and minima in a band, or the free place for it."""
    shift, last = _U(64 - bits), (1 << bits) - 1
    one, two, three = drawn[text, band], drawn[text, band + 1], drawn[text, band + 2]
    spread = (_U(one) << _U(32) | _U(two)) * _PLACE
    spread ^= spread >> _U(29)
    spread = (spread + (_U(owner[text]) << _U(32)) + _U(three)) * _MIX1
    at = np.int64(spread >> shift)
    other = table[at]
    if other < 0:
        # Most texts stand alone in their band.
        return at
    step = np.int64(((spread ^ (spread >> _U(29))) * _STEP) >> shift) | 1
    while True:
        alike = (drawn[other, band] == one) & (drawn[other, band + 1] == two) & (drawn[other, band + 2] == three)
        if alike & (owner[other] == owner[text]):
            return at
        at = (at + step) & last
        other = table[at]
        if other < 0:
            return at


@nb.njit(nogil=True, cache=True)
def _link(numbers, drawn, group, first, text):
    agree = 0
    for j in range(_MINIMA):
        agree += drawn[first, j] == drawn[text, j]
    if agree < _AGREE:
        return
    a, b = first, text
    while group[a] != a:
        group[a] = group[group[a]]
        a = group[a]
    while group[b] != b:
        group[b] = group[group[b]]
        b = group[b]
    if numbers[a] < numbers[b]:
        group[b] = a
    else:
        group[a] = b


@nb.njit(nogil=True, cache=True)
def near_groups(owner, keys, codes, starts, rows, table, factors, shifts, out) -> None:
    """Fill the group of near twins of some texts, named by one of them, as ``likeness.near_groups`` does.

    ``owner`` and ``keys`` are of all texts, ``rows`` those asked for, ascending; the others' groups stay as they are.
    """
    number = len(rows)
    owner_of, key_of = np.empty(number, dtype=np.int64), np.empty(number, dtype=np.uint64)
    for k in range(number):
        owner_of[k], key_of[k] = owner[rows[k]], keys[rows[k]]
    first = np.empty(number, dtype=np.int64)
    first_rows(owner_of, key_of, first)
    place = np.empty(number, dtype=np.int64)
    some = 0
    for k in range(number):
        if first[k] == k:
            place[k] = some
            # Only rows at or behind this one are overwritten by the distinct ones.
            owner_of[some], key_of[some] = owner_of[k], keys[rows[k]] >> _DROPPED
            some += 1
    texts = np.empty(some, dtype=np.int64)
    for k in range(number):
        if first[k] == k:
            texts[place[k]] = rows[k]
    drawn = np.full((some, _MINIMA), _NONE, dtype=np.uint32)
    minima(codes, starts, texts, table, factors, shifts, drawn)
    group = np.empty(some, dtype=np.int64)
    linked(owner_of[:some], key_of[:some], drawn, group)
    for k in range(number):
        out[rows[k]] = texts[group[place[first[k]]]]
