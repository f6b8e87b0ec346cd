"""Compiled kernels of the normalisation (numba, the extra ``fast``): the folded form of a text in one pass.

They do what :mod:`realreach.comment_text.normalise` does step by step. Imported only by way of
:mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.comment_text import lookalikes, traits

_U = np.uint64
_LAST, _WIDE, _BLANK, _NEXT = np.uint32(lookalikes.TABLE_SIZE), np.uint32(0x80), np.uint32(0x20), _U(1)
_LATIN, _TWIN, _WORD, _STROKE, _NOTHING = traits.LATIN, traits.TWIN, traits.WORD, traits.STROKE, traits.NOTHING
_DIRTY = traits.DIRTY
_CLEAN = np.arange(0x80, dtype=np.uint32)
_CLEAN[[*range(0x20), 0x7F]] = 0x20
_CLEAN[0x41:0x5B] += 0x20
_CLEAN_TRAITS = traits.table()[:0x80].copy()
"""What the signs of ASCII are folded to, and their traits: most texts need no other look-up."""


@nb.njit(nogil=True, cache=True)
def _fold_with_twins(out, begin, end, table, twins):
    """Read the twins of words that hold a Latin letter as Latin letters; return whether there was one."""
    found = False
    i = begin
    while i < end:
        if (table[min(out[i], _LAST)] & _WORD) == 0:
            i += 1
            continue
        stop = i
        held = 0
        while stop < end and (table[min(out[stop], _LAST)] & _WORD) != 0:
            held |= table[min(out[stop], _LAST)]
            stop += 1
        if (held & _LATIN) != 0 and (held & _TWIN) != 0:
            for k in range(i, stop):
                if (table[min(out[k], _LAST)] & _TWIN) != 0:
                    out[k] = twins[out[k]]
                    found = True
        i = stop
    return found


@nb.njit(nogil=True, cache=True)
def _folded_with_twins(codes, low, high, table, always, twins, lower, out, at):
    """Write a text that may hold twins folded from ``out[at]`` on; return where it ends, and whether it was odd."""
    begin = at
    for i in range(low, high):
        c = codes[i]
        trait = table[min(c, _LAST)]
        if (trait & (_STROKE | _NOTHING)) == 0:
            out[at] = 0x20 if (trait & _DIRTY) != 0 else (always[c] if c < _LAST else c)
            at += 1
    odd = _fold_with_twins(out, begin, at, table, twins)
    for i in range(begin, at):
        if out[i] < _LAST:
            out[i] = lower[out[i]]
    return at, odd


@nb.njit(nogil=True, cache=True)
def _folded(codes, low, high, table, fold, out, at):
    """Write a text without twins folded from ``out[at]`` on; return its end, its traits, and the strokes on letters."""
    held = before = np.uint32(0)
    strokes = 0
    # Places without sign: those that might be below 0 are looked after at each of them. And no slice: whoever takes one
    # counts, in memory, that the array is held.
    place = _U(at)
    for i in range(_U(low), _U(high)):
        c = codes[i]
        if c < _WIDE:
            out[place] = _CLEAN[c]
            before = _CLEAN_TRAITS[c]
            held |= before
            place += _NEXT
            continue
        trait = table[min(c, _LAST)]
        held |= trait
        if (trait & (_STROKE | _NOTHING)) != 0:
            strokes += (trait & _STROKE) != 0 and (before & (_LATIN | _TWIN)) != 0
        else:
            out[place] = _BLANK if (trait & _DIRTY) != 0 else (fold[c] if c < _LAST else c)
            place += _NEXT
        before = trait
    return np.int64(place), held, strokes
