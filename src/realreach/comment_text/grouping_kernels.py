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
        other = table[at]
        # Most rows find a free place at once.
        if other >= 0:
            step = np.int64(((spread ^ (spread >> _U(29))) * _STEP) >> shift) | 1
            while other >= 0:
                if (owner[other] == owner[row]) & ((keys[other] >> _DROPPED) == key):
                    break
                at = (at + step) & last
                other = table[at]
        if other < 0:
            table[at] = other = row
        out[row] = other


@nb.njit(nogil=True, cache=True, inline="always")
def is_known(strings, row):
    """Return whether a column of strings holds one in a row."""
    _, _, valid, first = strings
    at = first + row
    return first >= 0 and (len(valid) == 0 or (valid[at >> 3] >> np.uint8(at & 7)) & 1 != 0)


@nb.njit(nogil=True, cache=True)
def _told(owner, rows, strings):
    """Return where the string of each row begins, its bytes (-1 = no string), and a hash of it and its owner."""
    places, data, _, _ = strings
    begin, size = np.empty(len(rows), dtype=np.int64), np.empty(len(rows), dtype=np.int64)
    hashes = np.empty(len(rows), dtype=np.uint64)
    for k in range(len(rows)):
        known = is_known(strings, rows[k])
        begin[k], end = places[rows[k]], places[rows[k] + 1]
        size[k] = end - begin[k] if known else -1
        spread = _U(owner[k]) * _MIX2 + (_U(0) if known else _STEP)
        for i in range(begin[k], end if known else begin[k]):
            spread = (spread ^ _U(data[i])) * _PLACE
            spread ^= spread >> _U(32)
        hashes[k] = spread * _MIX1
    return begin, size, hashes


@nb.njit(nogil=True, cache=True, inline="always")
def _equal(data, begin, others, start, size):
    i = 0
    while i < size and data[begin + i] == others[start + i]:
        i += 1
    return i >= size


@nb.njit(nogil=True, cache=True, inline="always")
def _walk(spread, bits):
    """Return the first place of a hash in a table, and the step from place to place."""
    shift = _U(64 - bits)
    return np.int64(spread >> shift), np.int64(((spread ^ (spread >> _U(29))) * _STEP) >> shift) | 1


@nb.njit(nogil=True, cache=True)
def _first(owner, data, begin, size, hashes, table, bits, out) -> None:
    """Fill the first row with the same owner and string; ``table`` holds these rows in the end, -1 elsewhere."""
    last = (1 << bits) - 1
    for k in range(len(hashes)):
        at, step = _walk(hashes[k], bits)
        while table[at] >= 0:
            other = table[at]
            if hashes[other] == hashes[k] and owner[other] == owner[k] and size[other] == size[k]:  # noqa: SIM102
                if _equal(data, begin[other], data, begin[k], size[k]):
                    break
            at = (at + step) & last
        if table[at] < 0:
            table[at] = k
        out[k] = table[at]


@nb.njit(nogil=True, cache=True)
def first_strings(owner, rows, strings, out) -> None:
    """Fill the first of some rows with the same owner and string, as a number among them; null is like null."""
    bits = table_bits(len(rows))
    begin, size, hashes = _told(owner, rows, strings)
    _first(owner, strings[1], begin, size, hashes, np.full(1 << bits, -1, dtype=np.int32), bits, out)


@nb.njit(nogil=True, cache=True)
def find_strings(owner, rows, strings, first, owners, others, out) -> None:
    """Fill the first row of another column with the same owner and string, -1 where there is none, or no string.

    ``first`` is what :func:`first_strings` told: only those rows are looked up.
    """
    bits = table_bits(len(owners))
    table, last = np.full(1 << bits, -1, dtype=np.int32), (1 << bits) - 1
    start, length, told = _told(owners, np.arange(len(owners)), others)
    _first(owners, others[1], start, length, told, table, bits, np.empty(len(owners), dtype=np.int64))
    wanted = np.flatnonzero(first == np.arange(len(first)))
    begin, size, hashes = _told(owner[wanted], rows[wanted], strings)
    data, known = strings[1], others[1]
    for k in range(len(wanted)):
        at, step = _walk(hashes[k], bits)
        while table[at] >= 0:
            other = table[at]
            if told[other] == hashes[k] and owners[other] == owner[wanted[k]] and length[other] == size[k]:  # noqa: SIM102
                if _equal(data, begin[k], known, start[other], size[k]):
                    break
            at = (at + step) & last
        out[wanted[k]] = table[at] if size[k] >= 0 else -1
    for k in range(len(first)):
        out[k] = out[first[k]]
