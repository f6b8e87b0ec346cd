"""Which rows share an owner and a key: the one group-by that likeness, authors and bursts are counted with.

Keys are 64-bit hashes, of which the upper 52 bits are compared: with the owner above them they make one whole number.
A few passes over a hash table, in NumPy or compiled, then find all groups; nothing is sorted. Two different keys of one
owner are taken for one in about one of 10^15 pairs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from realreach.compiled import frozen, kernels_for

__all__ = [
    "KEY_BITS",
    "OWNERS",
    "Strings",
    "buffers_of",
    "first_of_equal",
    "first_rows",
    "first_strings",
    "packed",
    "run_starts",
]

_I64 = npt.NDArray[np.int64]
_U64 = npt.NDArray[np.uint64]

KEY_BITS = 52
_FACTOR = 0x9E3779B97F4A7C15
_ROUNDS = 12
OWNERS = 1 << (64 - KEY_BITS)
"""Owners that fit above the key; more of them cost a slower sort."""


def packed(owner: _I64, keys: _U64) -> _U64:
    """Return one number for each row, equal where owner and key are, ordered by owner and then by key.

    Examples
    --------
    >>> keys = np.array([7, 9, 7, 7], dtype=np.uint64) << np.uint64(32)
    >>> numbers = packed(np.array([0, 0, 0, 1]), keys)
    >>> numbers[0] == numbers[2], bool(numbers[2] < numbers[1] < numbers[3])
    (np.True_, True)
    """
    small = keys >> np.uint64(64 - KEY_BITS)
    if len(owner) == 0 or int(owner.max()) < OWNERS:
        return np.asarray((owner.astype(np.uint64) << np.uint64(KEY_BITS)) | small, dtype=np.uint64)
    order = np.lexsort((small, owner))
    new = np.zeros(len(order), dtype=np.uint64)
    new[1:] = (owner[order][1:] != owner[order][:-1]) | (small[order][1:] != small[order][:-1])
    out = np.empty(len(order), dtype=np.uint64)
    out[order] = new.cumsum(dtype=np.uint64)
    return out


def run_starts(ordered: npt.NDArray) -> _I64:
    """Return where the runs of equal values begin."""
    new = np.empty(len(ordered), dtype=bool)
    new[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return new.nonzero()[0]


def first_rows(owner: _I64, keys: _U64) -> _I64:
    """Return for each row the first row with the same owner and the same key (its upper 52 bits).

    Examples
    --------
    >>> first_rows(np.array([0, 0, 0, 1]), np.array([7, 9, 7, 7], dtype=np.uint64) << np.uint64(32)).tolist()
    [0, 1, 0, 3]
    """
    if (compiled := kernels_for(len(owner), "comment_text.grouping_kernels")) is not None:
        out = np.empty(len(owner), dtype=np.int64)
        compiled.first_rows(frozen(owner), frozen(keys), out)
        return out
    return first_of_equal(packed(owner, keys))


Strings = tuple[_I64, npt.NDArray[np.uint8], npt.NDArray[np.uint8], int]
_NO_BYTES = frozen(np.empty(0, dtype=np.uint8))
_LARGE = pa.large_string()


def buffers_of(values: pa.Array) -> Strings:
    """Return a column of strings as compiled kernels read it, without a copy.

    Returns
    -------
    tuple
        Where each text begins in the bytes, and where the last one ends; the bytes; the bits of the rows that are known
        (none if all are); the place of the first row among these bits, -1 if no row is known.
    """
    rows, unknown = len(values), values.null_count
    if unknown == rows:
        return frozen(np.zeros(rows + 1, dtype=np.int64)), _NO_BYTES, _NO_BYTES, -1
    text = values if values.type == _LARGE else values.cast(_LARGE)
    valid, places, data = text.buffers()
    first = text.offset
    return (
        frozen(np.frombuffer(places, np.int64, rows + 1, 8 * first)),
        _NO_BYTES if data is None else frozen(np.frombuffer(data, dtype=np.uint8)),
        _NO_BYTES if valid is None or unknown == 0 else frozen(np.frombuffer(valid, dtype=np.uint8)),
        first,
    )


def first_strings(owner: _I64, values: pa.Array) -> _I64:
    """Return for each row the first row with the same owner and the same string; null is like null.

    Examples
    --------
    >>> first_strings(np.array([0, 0, 0, 1]), pa.array(["a", None, "a", "a"], pa.large_string())).tolist()
    [0, 1, 0, 3]
    """
    if (compiled := kernels_for(len(owner), "comment_text.grouping_kernels")) is not None:
        out = np.empty(len(owner), dtype=np.int64)
        compiled.first_strings(frozen(owner), np.arange(len(owner)), buffers_of(values), out)
        return out
    codes = values.dictionary_encode().indices
    codes = codes.fill_null(-1) if codes.null_count else codes
    keys = (codes.to_numpy(zero_copy_only=False).astype(np.int64) + 1).astype(np.uint64)
    return first_of_equal(packed(owner, keys << np.uint64(64 - KEY_BITS)))


def first_of_equal(numbers: _U64) -> _I64:
    """Return for each row the first row with the same number.

    Every row writes its place into its number's cell of a table, the first row last. Who then reads a row with the same
    number is done; who reads another's tries again with another hash.

    Examples
    --------
    >>> first_of_equal(np.array([5, 3, 5, 3, 1], dtype=np.uint64)).tolist()
    [0, 1, 0, 1, 4]
    """
    count = len(numbers)
    rows, left, factor = np.arange(count, dtype=np.int32), numbers, _FACTOR
    shift = np.uint64(63 - count.bit_length())
    table = np.empty(1 << (count.bit_length() + 1), dtype=np.int32)
    out = rows.copy()
    for _ in range(_ROUNDS):
        cell = ((left * np.uint64(factor)) >> shift).view(np.int64)
        table[cell[::-1]] = rows[::-1]
        found = table[cell]
        out[rows] = found
        again = (numbers[found] != left).nonzero()[0]
        if len(again) == 0:
            return out.astype(np.int64)
        rows, left, factor = rows[again], left[again], factor * _FACTOR % 2**64
    # Numbers made up to meet in every table.
    _, first, group = np.unique(left, return_index=True, return_inverse=True)
    out[rows] = rows[first][group]
    return out.astype(np.int64)
