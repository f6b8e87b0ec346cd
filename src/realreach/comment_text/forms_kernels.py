"""Compiled kernels of the forms of comments (numba, the extra ``fast``): code points, the folded and the plain form.

They do what :mod:`realreach.comment_text.codepoints` and :mod:`realreach.comment_text.normalise` do step by step, text
after text. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.comment_text import lookalikes, normalise, traits
from realreach.comment_text.folding_kernels import _folded, _folded_with_twins
from realreach.comment_text.grouping_kernels import is_known
from realreach.comment_text.plain_kernels import _is_squeezed, _marked, _squeezed

__all__ = ["decode_rows", "fill_forms", "fold_texts", "join_unsettled", "split_settled"]

_U = np.uint64
_LAST, _WIDE, _NEXT = np.uint32(lookalikes.TABLE_SIZE), np.uint32(0x80), _U(1)
_LIMIT = normalise.TEXT_LIMIT
_UNSETTLED, _STYLED, _TWIN, _MARKED = traits.UNSETTLED, traits.STYLED, traits.TWIN, traits.MARKED
_DIRTY, _SORTED = traits.DIRTY, traits.SORTED
_MOST_MARKS = normalise.MOST_MARKS
_PHRASES = np.array([*traits.PHRASES], dtype=np.uint32)
_STAND_INS = np.array([*traits.PHRASES.values()], dtype=np.uint32)


@nb.njit(nogil=True, cache=True)
def _wide(data, i, end):
    """Return the code point of several bytes from ``i`` on and how many they are; 0 bytes if this is no UTF-8."""
    lead = data[i]
    size = 2 if lead < 0xE0 else (3 if lead < 0xF0 else 4)
    if lead < 0xC2 or lead > 0xF4 or i + size > end:
        return np.uint32(0), 0
    code = np.uint32(lead & (0x7F >> size))
    for k in range(1, size):
        if data[i + k] & 0xC0 != 0x80:
            return np.uint32(0), 0
        code = np.uint32(code << 6 | (data[i + k] & 0x3F))
    wrong = (size == 3 and (code < 0x800 or 0xD800 <= code < 0xE000)) or (
        size == 4 and (code < 0x10000 or code > 0x10FFFF)
    )
    return code, 0 if wrong else size


@nb.njit(nogil=True, cache=True)
def _decode_text(data, i, end, table, codes, at):
    """Write the code points of the bytes ``data[i:end]``, at most ``TEXT_LIMIT``, from ``codes[at]`` on.

    Returns where they end (-1 if this is no UTF-8), all their traits, and how many are styled letters.
    """
    # Places without sign: those that might be below 0 are looked after at each of them.
    i, end, place = _U(i), _U(end), _U(at)
    stop = place + _U(_LIMIT)
    held, styled = np.uint32(0), 0
    while i < end and place < stop:
        code = np.uint32(data[i])
        if code < _WIDE:
            i += _NEXT
        else:
            code, size = _wide(data, np.int64(i), np.int64(end))
            if size == 0:
                return np.int64(-1), held, 0
            i += _U(size)
            trait = table[min(code, _LAST)]
            held |= trait
            styled += (trait & _STYLED) != 0
        codes[place] = code
        place += _NEXT
    return np.int64(place), held, styled


@nb.njit(nogil=True, cache=True)
def decode_rows(strings, rows, table):
    """Return the code points of some texts of an Arrow column, their starts, which NFKC may change, which are odd.

    ``strings`` is what :func:`realreach.comment_text.grouping.buffers_of` tells of the column; of texts that are no
    UTF-8 nothing is returned, not even a start.
    """
    places, data, _, _ = strings
    size = 0
    for row in rows:
        size += places[row + 1] - places[row] if is_known(strings, row) else 0
    codes, starts = np.empty(size, dtype=np.uint32), np.zeros(len(rows) + 1, dtype=np.int64)
    unsettled, odd = np.zeros(len(rows), dtype=np.bool_), np.zeros(len(rows), dtype=np.bool_)
    # No plain 0: a kernel that is called with it is compiled once more for this number alone.
    at = np.int64(0)
    for k in range(len(rows)):
        if is_known(strings, rows[k]):
            low, high = places[rows[k]], places[rows[k] + 1]
            at, held, styled = _decode_text(data, low, high, table, codes, at)
            if at < 0:
                return codes, starts[:0], unsettled, odd
            unsettled[k] = (held & _UNSETTLED) != 0
            odd[k] = styled >= 2
        starts[k + 1] = at
    return codes, starts, unsettled, odd


@nb.njit(nogil=True, cache=True)
def join_unsettled(codes, starts, unsettled, table):
    """Return steps 2 and 3 of the texts that NFKC may change, a line feed behind each, stand-ins for phrases."""
    size = 0
    for row in range(len(unsettled)):
        size += (starts[row + 1] - starts[row] + 1) * unsettled[row]
    out = np.empty(size, dtype=np.uint32)
    at = 0
    for row in range(len(unsettled)):
        if not unsettled[row]:
            continue
        marks = 0
        for i in range(starts[row], starts[row + 1]):
            code = codes[i]
            trait = table[min(code, _LAST)]
            marks = marks + 1 if (trait & _SORTED) != 0 else 0
            if marks > _MOST_MARKS:
                continue
            for k in range(len(_PHRASES)):
                if code == _PHRASES[k]:
                    code = _STAND_INS[k]
            out[at] = 0x20 if (trait & _DIRTY) != 0 else code
            at += 1
        out[at] = 0x0A
        at += 1
    return out[:at]


@nb.njit(nogil=True, cache=True)
def split_settled(joined):
    """Return code points and starts of texts with a line feed behind each, cut at ``TEXT_LIMIT``, phrases back."""
    number = 0
    for code in joined:
        number += code == 0x0A
    codes, starts = np.empty(len(joined), dtype=np.uint32), np.zeros(number + 1, dtype=np.int64)
    at = text = 0
    for code in joined:
        if code == 0x0A:
            text += 1
            starts[text] = at
        elif at - starts[text] < _LIMIT:
            for k in range(len(_PHRASES)):
                if code == _STAND_INS[k]:
                    code = _PHRASES[k]
            codes[at] = code
            at += 1
    return codes, starts


@nb.njit(nogil=True, cache=True)
def _fold_text(source, low, high, table, fold, always, twins, lower, out, begin):
    """Write a text folded from ``out[begin]`` on; return its end, its traits, and whether it was in odd letters."""
    end, held, strokes = _folded(source, low, high, table, fold, out, begin)
    odd = strokes >= 2
    if (held & _TWIN) != 0:
        end, mixed = _folded_with_twins(source, low, high, table, always, twins, lower, out, begin)
        odd |= mixed
    return end, held, odd


@nb.njit(nogil=True, cache=True)
def fold_texts(codes, starts, unsettled, settled, settled_starts, place, maps):
    """Return the folded form of texts and its starts; see :func:`fill_forms`."""
    table, fold, always, twins, lower = maps
    folded = np.empty(len(codes) + len(settled), dtype=np.uint32)
    ends = np.zeros(len(starts), dtype=np.int64)
    end = np.int64(0)
    for row in range(len(unsettled)):
        source, low, high = codes, starts[row], starts[row + 1]
        if unsettled[row]:
            source, low, high = settled, settled_starts[place], settled_starts[place + 1]
            place += 1
        end, _, _ = _fold_text(source, low, high, table, fold, always, twins, lower, folded, end)
        ends[row + 1] = end
    return folded, ends


@nb.njit(nogil=True, cache=True)
def fill_forms(
    codes, starts, unsettled, settled, settled_starts, maps, folded, folded_starts, plain, plain_starts, odd
):  # fmt: skip
    """Fill the folded and the plain form of texts with their starts, and mark those in odd letters.

    Unsettled texts stand one after the other in ``settled``, in NFKC; returned is how many they are. ``maps`` are the
    traits, and the maps ``fold`` (which is ``always`` and ``lower`` in one), ``always``, ``twins`` and ``lower``.
    """
    table, fold, always, twins, lower = maps
    longest = 0
    for row in range(len(unsettled)):
        longest = max(longest, starts[row + 1] - starts[row])
    for row in range(len(settled_starts) - 1):
        longest = max(longest, settled_starts[row + 1] - settled_starts[row])
    one, two = np.empty(longest, dtype=np.uint32), np.empty(longest, dtype=np.uint32)
    end = last = place = np.int64(0)
    for row in range(len(unsettled)):
        begin = end
        source, low, high = codes, starts[row], starts[row + 1]
        if unsettled[row]:
            source, low, high = settled, settled_starts[place], settled_starts[place + 1]
            place += 1
        end, held, mixed = _fold_text(source, low, high, table, fold, always, twins, lower, folded, begin)
        odd[row] |= mixed
        folded_starts[row + 1] = end
        text, size = folded[begin:end], end - begin
        # Twins can become digits, so that the traits of the signs before say nothing.
        if (held & (_MARKED | _TWIN)) != 0:
            text, size = _marked(text, size, one, two)
        if _is_squeezed(text, size):
            plain[last : last + size] = text[:size]
            last += size
        else:
            last = _squeezed(text, size, table, plain, last)
        plain_starts[row + 1] = last
    return place
