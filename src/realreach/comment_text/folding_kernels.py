"""Compiled kernels of the normalisation (numba, the extra ``fast``): the folded form in one pass.

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

__all__ = ["fold_texts", "unsettled_texts"]

_LAST = lookalikes.TABLE_SIZE
_LATIN, _TWIN, _WORD, _STROKE, _NOTHING = traits.LATIN, traits.TWIN, traits.WORD, traits.STROKE, traits.NOTHING
_STYLED, _UNSETTLED, _DIRTY = traits.STYLED, traits.UNSETTLED, traits.DIRTY
_CLEAN = np.arange(0x80, dtype=np.uint32)
_CLEAN[[*range(0x20), 0x7F]] = 0x20
_CLEAN[0x41:0x5B] += 0x20
_CLEAN_TRAITS = traits.table()[:0x80].copy()
"""What the signs of ASCII are folded to, and their traits: most texts need no other look-up."""


@nb.njit(nogil=True, cache=True)
def unsettled_texts(codes, starts, table, unsettled, odd) -> None:
    """Mark the texts that NFKC may change, and those with two or more styled letters."""
    for row in range(len(starts) - 1):
        held = 0
        styled = 0
        for i in range(starts[row], starts[row + 1]):
            if codes[i] >= 0x80:
                trait = table[min(codes[i], _LAST)]
                held |= trait
                styled += (trait & _STYLED) != 0
        unsettled[row] = (held & _UNSETTLED) != 0
        odd[row] = styled >= 2


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
    held = before = strokes = 0
    for i in range(low, high):
        c = codes[i]
        if c < 0x80:
            out[at] = _CLEAN[c]
            before = _CLEAN_TRAITS[c]
            held |= before
            at += 1
            continue
        trait = table[min(c, _LAST)]
        held |= trait
        if (trait & (_STROKE | _NOTHING)) != 0:
            strokes += (trait & _STROKE) != 0 and (before & (_LATIN | _TWIN)) != 0
        else:
            out[at] = 0x20 if (trait & _DIRTY) != 0 else (fold[c] if c < _LAST else c)
            at += 1
        before = trait
    return at, held, strokes


@nb.njit(nogil=True, cache=True)
def fold_texts(
    codes, starts, place, settled, settled_starts, table, fold, always, twins, lower, folded, folded_starts, odd
) -> None:
    """Fill the folded form of texts with their starts, and mark those in odd letters.

    ``place`` is the number of a text among the ``settled`` ones, which are in NFKC, or -1 if it needed nothing;
    ``fold`` is the maps ``always`` and ``lower`` in one.
    """
    end = 0
    for row in range(len(place)):
        at, begin = place[row], end
        source = settled if at >= 0 else codes
        low = settled_starts[at] if at >= 0 else starts[row]
        high = settled_starts[at + 1] if at >= 0 else starts[row + 1]
        end, held, strokes = _folded(source, low, high, table, fold, folded, begin)
        odd[row] |= strokes >= 2
        if (held & _TWIN) != 0:
            end, mixed = _folded_with_twins(source, low, high, table, always, twins, lower, folded, begin)
            odd[row] |= mixed
        folded_starts[row + 1] = end
