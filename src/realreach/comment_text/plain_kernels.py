"""Compiled kernels of the plain form (numba, the extra ``fast``): placeholders, and what repeats squeezed.

The patterns of step 8 of :mod:`realreach.comment_text.normalise` are loops over code points here.

A pattern that fails at one place of a run is not tried again inside of that run, so that the time stays linear in the
text whatever it holds. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.comment_text import lookalikes, normalise, traits

_U = np.uint64
_LAST = lookalikes.TABLE_SIZE
_WORD = traits.WORD
_MENTION, _LINK, _PHONE, _NUMBER, _BRAND = (
    ord(mark) for mark in (normalise.MENTION, normalise.LINK, normalise.PHONE, normalise.NUMBER, normalise.BRAND)
)
_ENDINGS = np.zeros((len(normalise.ENDINGS), 8), dtype=np.uint32)
for _row, _ending in enumerate(normalise.ENDINGS):
    _ENDINGS[_row, : len(_ending)] = [ord(_c) for _c in _ending]
_ENDING_SIZES = np.array([len(ending) for ending in normalise.ENDINGS], dtype=np.int64)
_SECURE = np.array([ord(c) for c in "https:/"], dtype=np.uint32)
_OPEN = np.array([ord(c) for c in "http:/"], dtype=np.uint32)
_WWW = np.array([ord(c) for c in "www."], dtype=np.uint32)


@nb.njit(nogil=True, cache=True, inline="always")
def _is_digit(c):
    return 0x30 <= c <= 0x39


@nb.njit(nogil=True, cache=True, inline="always")
def _is_small(c):
    return 0x61 <= c <= 0x7A


@nb.njit(nogil=True, cache=True, inline="always")
def _is_ascii_word(c):
    return _is_small(c) or _is_digit(c) or c == 0x5F or 0x41 <= c <= 0x5A


@nb.njit(nogil=True, cache=True, inline="always")
def _in_host(c):
    return _is_small(c) or _is_digit(c) or c == 0x2E or c == 0x5F or c == 0x40 or c == 0x2D


@nb.njit(nogil=True, cache=True)
def _stands_at(text, size, i, piece):
    if i + len(piece) > size:
        return False
    same = True
    for k in range(len(piece)):
        same &= text[i + k] == piece[k]
    return same


@nb.njit(nogil=True, cache=True)
def _ending_after(text, size, dot):
    """Return where the ending behind a dot of a host name ends, 0 if none stands there as a whole word."""
    for k in range(len(_ENDING_SIZES)):
        end = dot + 1 + _ENDING_SIZES[k]
        if end > size or (end < size and _is_ascii_word(text[end])):
            continue
        if _stands_at(text, size, dot + 1, _ENDINGS[k, : _ENDING_SIZES[k]]):
            return end
    return 0


@nb.njit(nogil=True, cache=True)
def _mark_links(text, size, out):
    kept = i = 0
    run = 0
    dot = end = -1
    while i < size:
        c = text[i]
        if (c == 0x68 and (_stands_at(text, size, i, _OPEN) or _stands_at(text, size, i, _SECURE))) or (
            c == 0x77 and _stands_at(text, size, i, _WWW)
        ):
            while i < size and text[i] != 0x20:
                i += 1
            out[kept] = _LINK
            kept += 1
            continue
        if _is_small(c) or _is_digit(c):
            if i >= run:
                # The last dot of this run with an ending behind it serves every beginning in the run.
                run = i
                while run < size and _in_host(text[run]):
                    run += 1
                dot = run - 1
                end = 0
                while dot > i:
                    if text[dot] == 0x2E:
                        end = _ending_after(text, size, dot)
                        if end > 0:
                            break
                    dot -= 1
            if end > 0 and dot > i:
                i = end
                if i < size and text[i] == 0x2F:
                    while i < size and text[i] != 0x20:
                        i += 1
                out[kept] = _LINK
                kept += 1
                continue
        out[kept] = c
        kept += 1
        i += 1
    return kept


@nb.njit(nogil=True, cache=True, inline="always")
def _in_handle(c):
    return _is_small(c) or _is_digit(c) or c == 0x5F or c == 0x2E or 0xDF <= c <= 0x24F


@nb.njit(nogil=True, cache=True)
def _mark_mentions(text, size, out):
    kept = i = 0
    while i < size:
        c = text[i]
        i += 1
        if c == 0x40 and i < size and _in_handle(text[i]):
            while i < size and _in_handle(text[i]):
                i += 1
            c = np.uint32(_MENTION)
        out[kept] = c
        kept += 1
    return kept


@nb.njit(nogil=True, cache=True, inline="always")
def _parts_digits(c):
    return c == 0x20 or c == 0x2E or c == 0x28 or c == 0x29 or c == 0x2D


@nb.njit(nogil=True, cache=True)
def _mark_phones(text, size, out):
    kept = i = 0
    while i < size:
        if not _is_digit(text[i]):
            out[kept] = text[i]
            kept += 1
            i += 1
            continue
        begin, digits = i, 0
        end = i
        # The chain of digits with at most two separators between neighbours: telephone number as a whole or not at all.
        while i < size and _is_digit(text[i]):
            digits += 1
            i += 1
            end = i
            ahead = i
            while ahead < size and ahead < i + 2 and _parts_digits(text[ahead]):
                ahead += 1
            if ahead < size and _is_digit(text[ahead]):
                i = ahead
        i = end
        if digits >= 8:
            if kept > 0 and begin > 0 and text[begin - 1] == 0x2B:
                kept -= 1
            out[kept] = _PHONE
            kept += 1
        else:
            for k in range(begin, end):
                out[kept] = text[k]
                kept += 1
    return kept


@nb.njit(nogil=True, cache=True)
def _spelled_out(text, size, i):
    """Return where "j u n i o r 8 8" from ``i`` on ends (0: nothing such), and where its letters end."""
    letters = 0
    while i + 1 < size and _is_small(text[i]) and text[i + 1] == 0x20:
        letters += 1
        i += 2
    stop = i
    if letters < 3 or i >= size or not _is_digit(text[i]):
        return 0, stop
    i += 1
    digits = 1
    while i < size:
        if _is_digit(text[i]):
            i += 1
        elif text[i] == 0x20 and i + 1 < size and _is_digit(text[i + 1]):
            i += 2
        else:
            break
        digits += 1
    return (i if digits >= 2 else 0), stop


@nb.njit(nogil=True, cache=True)
def _mark_brands(text, size, out):
    kept = i = 0
    run = end = spelled = 0
    while i < size:
        c = text[i]
        if _is_small(c):
            if i >= run:
                run = i
                while run < size and _is_small(text[run]):
                    run += 1
                end = run
                if end < size and text[end] == 0x2D:
                    end += 1
                digits = end
                while digits < size and _is_digit(text[digits]):
                    digits += 1
                end = digits if digits - end >= 2 else 0
            found = 0
            if end > 0 and run - i >= 2:
                found = end
            elif i >= spelled and (i == 0 or not _is_ascii_word(text[i - 1])):
                found, spelled = _spelled_out(text, size, i)
            if found > 0:
                out[kept] = _BRAND
                kept += 1
                i = found
                run = spelled = found
                continue
        out[kept] = c
        kept += 1
        i += 1
    return kept


@nb.njit(nogil=True, cache=True)
def _mark_numbers(text, size, out):
    kept = i = 0
    while i < size:
        c = text[i]
        i += 1
        if _is_digit(c):
            while i < size:
                if _is_digit(text[i]):
                    i += 1
                elif (
                    (text[i] == 0x2E or text[i] == 0x2C or text[i] == 0x3A) and i + 1 < size and _is_digit(text[i + 1])
                ):
                    i += 2
                else:
                    break
            c = np.uint32(_NUMBER)
        out[kept] = c
        kept += 1
    return kept


@nb.njit(nogil=True, cache=True)
def _marked(text, size, one, two):
    """Return the text with placeholders (one of the three arrays) and its length."""
    links = ats = digits = 0
    before = np.uint32(0)
    for c in text[:size]:
        # A link holds ":/", "www." or a dot with letters behind it.
        links |= (before == 0x2E and _is_small(c)) or (before == 0x3A and c == 0x2F) or (before == 0x77 and c == 0x2E)
        ats += c == 0x40
        digits += _is_digit(c)
        before = c
    if links:
        size = _mark_links(text, size, one)
        text, one, two = one, two, one
    if ats > 0:
        size = _mark_mentions(text, size, one)
        text, one, two = one, two, one
    if digits >= 8:
        size = _mark_phones(text, size, one)
        text, one, two = one, two, one
    if digits >= 2:
        size = _mark_brands(text, size, one)
        text, one, two = one, two, one
    if digits >= 1:
        size = _mark_numbers(text, size, one)
        text, one, two = one, two, one
    return text, size


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


@nb.njit(nogil=True, cache=True, forceinline=True)
def thrice(codes, low, high) -> bool:
    """Return whether any sign stands three times in a row: hardly ever, and many signs are compared at once."""
    found = False
    for i in range(_U(low) + _U(2), _U(high)):
        found |= (codes[i] == codes[i - _U(1)]) & (codes[i] == codes[i - _U(2)])
    return found


@nb.njit(nogil=True, cache=True, forceinline=True)
def _is_squeezed(text, size):
    """Return whether step 9 leaves a text alone: no white space too much, nothing three times in a row."""
    if size == 0:
        return True
    if text[0] == 0x20 or text[size - 1] == 0x20:
        return False
    # Many signs are compared at once.
    blanks = False
    for i in range(_U(1), _U(size)):
        blanks |= (text[i - _U(1)] == 0x20) & (text[i] == 0x20)
    return not (blanks or thrice(text, 0, size))
