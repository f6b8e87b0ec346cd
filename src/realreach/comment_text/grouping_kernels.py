"""Compiled kernels of groups (numba, the extra ``fast``): rows with equal keys, and strings of Arrow columns.

A column of strings is what :func:`realreach.comment_text.grouping.buffers_of` tells of it. Tables are hashed twice
(place and step), so that texts made up to fall into one place do not fall into one step. Imported only by way of
:mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.comment_text import grouping

__all__ = ["find_strings", "first_rows", "first_strings", "is_known", "table_bits"]

_U = np.uint64
_MIX1, _MIX2 = _U(0xFF51AFD7ED558CCD), _U(0xC4CEB9FE1A85EC53)
_PLACE, _STEP = _U(0x9E3779B97F4A7C15), _U(0xD6E8FEB86659FD93)
_DROPPED = _U(64 - grouping.KEY_BITS)


@nb.njit(nogil=True, cache=True, inline="always")
def table_bits(rows):
    """Return the bits of a table with at least twice as many places as rows."""
    bits = 4
    while (1 << bits) < 2 * rows:
        bits += 1
    return bits


@nb.njit(nogil=True, cache=True)
def first_rows(owner, keys, out) -> None:
    """Fill the first row with the same owner and key."""
    bits = table_bits(len(owner))
    table = np.full(1 << bits, -1, dtype=np.int32)
    shift, last = _U(64 - bits), (1 << bits) - 1
    for row in range(len(owner)):
        key = keys[row] >> _DROPPED
        spread = (key + _U(owner[row]) * _MIX2) * _PLACE
        at = np.int64(spread >> shift)
        step = np.int64(((spread ^ (spread >> _U(29))) * _STEP) >> shift) | 1
        while table[at] >= 0:
            other = table[at]
            if owner[other] == owner[row] and (keys[other] >> _DROPPED) == key:
                break
            at = (at + step) & last
        if table[at] < 0:
            table[at] = row
        out[row] = table[at]


@nb.njit(nogil=True, cache=True, inline="always")
def is_known(strings, row):
    """Return whether a column of strings holds one in a row."""
    _, _, valid, first = strings
    at = first + row
    return first >= 0 and (len(valid) == 0 or (valid[at >> 3] >> np.uint8(at & 7)) & 1 != 0)


@nb.njit(nogil=True, cache=True, inline="always")
def _hash(owner, strings, row):
    places, data, _, _ = strings
    spread = _U(owner) * _MIX2
    if not is_known(strings, row):
        return (spread + _STEP) * _MIX1
    for i in range(places[row], places[row + 1]):
        spread = (spread ^ _U(data[i])) * _PLACE
        spread ^= spread >> _U(32)
    return spread * _MIX1


@nb.njit(nogil=True, cache=True)
def _equal(strings, a, others, b):
    """Return whether two columns hold the same string, or none, in a row of each."""
    if not is_known(strings, a) or not is_known(others, b):
        return is_known(strings, a) == is_known(others, b)
    start, begin = strings[0][a], others[0][b]
    length = strings[0][a + 1] - start
    if others[0][b + 1] - begin != length:
        return False
    i = 0
    while i < length and strings[1][start + i] == others[1][begin + i]:
        i += 1
    return i == length


@nb.njit(nogil=True, cache=True)
def _slot(owner, strings, row, spread, owners, others, rows, hashes, table, bits):
    """Return the place of a row with this owner and string in a table of ``others``, or the free place for it."""
    last = (1 << bits) - 1
    at = np.int64(spread >> _U(64 - bits))
    step = np.int64(((spread ^ (spread >> _U(29))) * _STEP) >> _U(64 - bits)) | 1
    while table[at] >= 0:
        k = table[at]
        if hashes[k] == spread and owners[k] == owner and _equal(strings, row, others, rows[k]):
            break
        at = (at + step) & last
    return at


@nb.njit(nogil=True, cache=True)
def first_strings(owner, rows, strings, out) -> None:
    """Fill the first of some rows with the same owner and string, as a number among them; null is like null."""
    bits = table_bits(len(rows))
    table = np.full(1 << bits, -1, dtype=np.int32)
    hashes = np.empty(len(rows), dtype=np.uint64)
    for k in range(len(rows)):
        hashes[k] = _hash(owner[k], strings, rows[k])
        at = _slot(owner[k], strings, rows[k], hashes[k], owner, strings, rows, hashes, table, bits)
        if table[at] < 0:
            table[at] = k
        out[k] = table[at]


@nb.njit(nogil=True, cache=True)
def find_strings(owner, rows, strings, first, owners, others, out) -> None:
    """Fill the first row of another column with the same owner and string, -1 where there is none, or no string.

    ``first`` is what :func:`first_strings` told: only those rows are looked up.
    """
    number = len(owners)
    bits = table_bits(number)
    table, every = np.full(1 << bits, -1, dtype=np.int32), np.arange(number)
    hashes = np.empty(number, dtype=np.uint64)
    for k in range(number):
        hashes[k] = _hash(owners[k], others, k)
        at = _slot(owners[k], others, k, hashes[k], owners, others, every, hashes, table, bits)
        if table[at] < 0:
            table[at] = k
    for k in range(len(rows)):
        if first[k] < k:
            out[k] = out[first[k]]
        elif is_known(strings, rows[k]):
            spread = _hash(owner[k], strings, rows[k])
            out[k] = table[_slot(owner[k], strings, rows[k], spread, owners, others, every, hashes, table, bits)]
        else:
            out[k] = -1
