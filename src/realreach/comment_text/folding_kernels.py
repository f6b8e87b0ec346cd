"""Compiled kernels of the normalisation (numba, the extra ``fast``): the folded and the plain form in one pass.

They do what :mod:`realreach.comment_text.normalise` does step by step. Imported only by way of
:mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.comment_text import lookalikes, traits
from realreach.comment_text.placeholder_kernels import marked

__all__ = ["fold_texts", "unsettled_texts"]

_LAST = lookalikes.TABLE_SIZE
_LATIN, _TWIN, _WORD, _STROKE, _NOTHING = traits.LATIN, traits.TWIN, traits.WORD, traits.STROKE, traits.NOTHING
_STYLED, _UNSETTLED, _DIRTY = traits.STYLED, traits.UNSETTLED, traits.DIRTY
_MARKED = traits.MARKED
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
def _squeezed(text, size, table, out, at):
    """Write a text squeezed from ``out[at]`` on; return where it ends."""
    begin = at
    i = 0
    while i < size:
        c = text[i]
        if c != 0x20 and (table[min(c, _LAST)] & _WORD) != 0:
            # A word: squeezed to one letter a run if any letter stands three times in a row.
            end = i
            run = longest = 0
            while end < size and (table[min(text[end], _LAST)] & _WORD) != 0:
                run = run + 1 if end > i and text[end] == text[end - 1] else 1
                longest = max(longest, run)
                end += 1
            for k in range(i, end):
                if longest < 3 or k == i or text[k] != text[k - 1]:
                    out[at] = text[k]
                    at += 1
            i = end
            continue
        run = i
        while run < size and text[run] == c:
            run += 1
        if c == 0x20:
            if at > begin and run < size:
                out[at] = c
                at += 1
        else:
            for _ in range(min(run - i, 2)):
                out[at] = c
                at += 1
        i = run
    return at


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


@nb.njit(nogil=True, cache=True, inline="always")
def _is_squeezed(text, size):
    """Return whether step 9 leaves a text alone: no white space too much, nothing three times in a row."""
    if size == 0:
        return True
    if text[0] == 0x20 or text[size - 1] == 0x20:
        return False
    much = False
    for i in range(1, size):
        much |= (text[i] == text[i - 1]) & ((text[i] == 0x20) | ((i > 1) & (text[i] == text[max(i - 2, 0)])))
    return not much


@nb.njit(nogil=True, cache=True)
def fold_texts(
    codes, starts, place, settled, settled_starts, table, fold, always, twins, lower, folded, folded_starts, plain,
    plain_starts, odd,
):  # fmt: skip
    """Fill the folded and the plain form of texts with their starts, and mark those in odd letters.

    ``place`` is the number of a text among the ``settled`` ones, which are in NFKC, or -1 if it needed nothing;
    ``fold`` is the maps ``always`` and ``lower`` in one. Return the lengths of both forms.
    """
    longest = 0
    for row in range(len(place)):
        at = place[row]
        longest = max(
            longest, settled_starts[at + 1] - settled_starts[at] if at >= 0 else starts[row + 1] - starts[row]
        )
    one, two = np.empty(longest, dtype=np.uint32), np.empty(longest, dtype=np.uint32)
    end = plain_end = 0
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
        text, size = folded[begin:end], end - begin
        # Twins may be read as digits.
        if (held & (_MARKED | _TWIN)) != 0:
            text, size = marked(text, size, one, two)
        if _is_squeezed(text, size):
            plain[plain_end : plain_end + size] = text[:size]
            plain_end += size
        else:
            plain_end = _squeezed(text, size, table, plain, plain_end)
        folded_starts[row + 1], plain_starts[row + 1] = end, plain_end
    return end, plain_end
