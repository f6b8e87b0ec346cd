"""Which rows share an owner and a key: the one group-by that likeness, authors and bursts are counted with.

Keys are 64-bit hashes, of which the upper 52 bits are compared: with the owner above them they make one whole number,
so that one sort of plain numbers (or one pass over a hash table, with the extra ``fast``) finds all groups. Two
different keys of one owner are taken for one in about one of 10^15 pairs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from realreach.compiled import frozen, kernels_for

__all__ = ["KEY_BITS", "OWNERS", "first_rows", "grouped", "packed", "run_starts"]

_I64 = npt.NDArray[np.int64]
_U64 = npt.NDArray[np.uint64]

KEY_BITS = 52
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
    out[order] = np.cumsum(new, dtype=np.uint64)
    return out


def run_starts(ordered: npt.NDArray) -> _I64:
    """Return where the runs of equal values begin."""
    new = np.empty(len(ordered), dtype=bool)
    new[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return np.flatnonzero(new)


def grouped(numbers: npt.NDArray) -> tuple[_I64, _I64]:
    """Return the first row of each group of equal numbers, in ascending order of the number, and each row's group.

    Examples
    --------
    >>> [part.tolist() for part in grouped(np.array([5, 3, 5, 3, 1]))]
    [[4, 1, 0], [2, 1, 2, 1, 0]]
    """
    if len(numbers) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    order = np.argsort(numbers)
    begins = run_starts(numbers[order])
    # The sort need not be stable (it is faster so): the first row of a group is its smallest.
    first = np.minimum.reduceat(order, begins)
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.repeat(np.arange(len(begins)), np.diff(begins, append=len(order)))
    return first, group


def first_rows(owner: _I64, keys: _U64) -> _I64:
    """Return for each row the first row with the same owner and the same key (its upper 52 bits).

    Examples
    --------
    >>> first_rows(np.array([0, 0, 0, 1]), np.array([7, 9, 7, 7], dtype=np.uint64) << np.uint64(32)).tolist()
    [0, 1, 0, 3]
    """
    if (compiled := kernels_for(len(owner), "comment_text.likeness_kernels")) is not None:
        out = np.empty(len(owner), dtype=np.int64)
        compiled.first_rows(frozen(owner), frozen(keys), out)
        return out
    first, group = grouped(packed(owner, keys))
    return first[group]
