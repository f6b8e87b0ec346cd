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
from realreach.comment_text.plain_kernels import _is_squeezed, _marked, _squeezed

__all__ = ["decode_texts", "fill_forms"]

_LAST = lookalikes.TABLE_SIZE
_LIMIT = normalise.TEXT_LIMIT
_UNSETTLED, _STYLED, _TWIN, _MARKED = traits.UNSETTLED, traits.STYLED, traits.TWIN, traits.MARKED


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
def decode_texts(data, offsets, table, codes, starts, unsettled, odd):
    """Fill the code points of texts, at most ``TEXT_LIMIT`` of each; return whether all that is read is UTF-8.

    Marked are the texts that NFKC may change, and those with two or more styled letters.
    """
    at = 0
    for row in range(len(offsets) - 1):
        i, end = offsets[row], offsets[row + 1]
        stop = at + _LIMIT
        held = styled = 0
        while i < end and at < stop:
            code = np.uint32(data[i])
            if code < 0x80:
                i += 1
            else:
                code, size = _wide(data, i, end)
                if size == 0:
                    return False
                i += size
                trait = table[min(code, _LAST)]
                held |= trait
                styled += (trait & _STYLED) != 0
            codes[at] = code
            at += 1
        starts[row + 1] = at
        unsettled[row] = (held & _UNSETTLED) != 0
        odd[row] = styled >= 2
    return True


@nb.njit(nogil=True, cache=True)
def fill_forms(
    codes, starts, place, settled, settled_starts, table, fold, always, twins, lower, folded, folded_starts, plain,
    plain_starts, odd,
) -> None:  # fmt: skip
    """Fill the folded and the plain form of texts with their starts, and mark those in odd letters.

    ``place`` is the number of a text among the ``settled`` ones, which are in NFKC, or -1 if it needed nothing;
    ``fold`` is the maps ``always`` and ``lower`` in one.
    """
    longest = 0
    for row in range(len(place)):
        longest = max(longest, starts[row + 1] - starts[row])
    for row in range(len(settled_starts) - 1):
        longest = max(longest, settled_starts[row + 1] - settled_starts[row])
    one, two = np.empty(longest, dtype=np.uint32), np.empty(longest, dtype=np.uint32)
    end = last = 0
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
        text, size = folded[begin:end], end - begin
        # Twins can become digits, so that the traits of the signs before say nothing.
        if (held & (_MARKED | _TWIN)) != 0:
            text, size = _marked(text, size, one, two)
        if _is_squeezed(text, size):
            for k in range(size):
                plain[last + k] = text[k]
            last += size
        else:
            last = _squeezed(text, size, table, plain, last)
        plain_starts[row + 1] = last
