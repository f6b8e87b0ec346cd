"""Compiled kernels of words and measures (numba, the extra ``fast``): one pass over each form of a comment.

They do what :mod:`realreach.comment_text.words`, ``measures`` and ``languages`` do, in whole numbers. Imported only by
way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.comment_text import lookalikes, traits, words

__all__ = ["fill_measures", "letters_of_scripts", "split_into_words"]

_LAST = lookalikes.TABLE_SIZE
_U = np.uint64
_BASE, _MIX1, _MIX2, _HALF = _U(words.BASE), _U(words.MIX[0]), _U(words.MIX[1]), _U(33)
_LETTER, _DIGIT, _CAPITAL, _SMALL = traits.LETTER, traits.DIGIT, traits.CAPITAL, traits.SMALL
_EMOJI, _SPACELESS, _FOREIGN = traits.EMOJI, traits.SPACELESS, traits.FOREIGN
_SENTENCE_END, _QUESTION, _EXCLAMATION = traits.SENTENCE_END, traits.QUESTION, traits.EXCLAMATION


@nb.njit(nogil=True, cache=True, inline="always")
def _mixed(value):
    value ^= value >> _HALF
    value *= _MIX1
    value ^= value >> _HALF
    value *= _MIX2
    return value ^ (value >> _HALF)


@nb.njit(nogil=True, cache=True)
def split_into_words(codes, starts, table, keys, bits, shift, mask, numbers, lengths, word_starts, listed):
    """Fill the words of plain texts, and in which lists they stand; return how many there are."""
    count = 0
    for row in range(len(starts) - 1):
        end = starts[row + 1]
        i = starts[row]
        while i < end:
            if (table[min(codes[i], _LAST)] & _LETTER) == 0:
                i += 1
                continue
            begin = i
            total, power = _U(0), _BASE
            while i < end and (table[min(codes[i], _LAST)] & _LETTER) != 0:
                total += _U(codes[i]) * power
                power *= _BASE
                i += 1
            number = _mixed(total)
            place = np.int64((number >> shift) & mask)
            numbers[count] = number
            lengths[count] = i - begin
            listed[count] = bits[place] if keys[place] == number else 0
            count += 1
        word_starts[row + 1] = count
    return count


@nb.njit(nogil=True, cache=True)
def fill_measures(
    raw, raw_starts, folded, folded_starts, plain, plain_starts, odd, word_starts, listed, table, out
) -> None:
    """Fill the measures of texts, one row of ``out`` for each of ``measures.MEASURES`` and in their order."""
    for row in range(len(raw_starts) - 1):
        low, high = raw_starts[row], raw_starts[row + 1]
        emoji = capitals = ends = before = 0
        for i in range(low, high):
            trait = table[min(raw[i], _LAST)]
            emoji += (trait & _EMOJI) != 0
            capitals += (trait & _CAPITAL) != 0
            ends += (trait & _SENTENCE_END) != 0 and (before & _SMALL) != 0
            before = trait
        tidy = ends > 0 and (table[min(raw[low], _LAST)] & _CAPITAL) != 0
        low, high = folded_starts[row], folded_starts[row + 1]
        length = high - low
        letters = digits = spaceless = held = stretched = hashtags = run = 0
        last = np.uint32(0)
        for i in range(low, high):
            c = folded[i]
            trait = table[min(c, _LAST)]
            held |= trait
            letter = (trait & _LETTER) != 0
            letters += letter
            digits += (trait & _DIGIT) != 0
            spaceless += (trait & _SPACELESS) != 0
            hashtags += letter and last == 0x23
            run = run + 1 if c == last else 1
            stretched += run >= 3 and 0x61 <= c <= 0x7A
            last = c
        low, high = plain_starts[row], plain_starts[row + 1]
        marks = seen = 0
        for i in range(low, high):
            if 1 <= plain[i] <= 5:
                marks += 1
                seen |= 1 << plain[i]
        count = word_starts[row + 1] - word_starts[row]
        indonesian = english = wishes = 0
        for i in range(word_starts[row], word_starts[row + 1]):
            lists = listed[i]
            indonesian += lists & 1
            english += (lists >> 1) & 1
            wishes += (lists >> 2) & 1
        out[0, row] = length
        out[1, row] = letters
        out[2, row] = max(count + marks, (spaceless + 1) // 2)
        out[3, row] = emoji
        out[4, row] = digits
        out[5, row] = capitals
        out[6, row] = emoji > 0 and letters + digits == 0
        out[7, row] = odd[row]
        out[8, row] = (seen >> 1) & 1
        out[9, row] = high > low and plain[low] == 1
        out[10, row] = (held & _QUESTION) != 0
        out[11, row] = (held & _EXCLAMATION) != 0
        out[12, row] = stretched > 0
        out[13, row] = (seen >> 2) & 1
        out[14, row] = (seen >> 3) & 1
        out[15, row] = hashtags > 0
        out[16, row] = high > low and (table[min(plain[high - 1], _LAST)] & _EMOJI) != 0
        out[17, row] = tidy
        out[18, row] = indonesian > 0
        out[19, row] = english > 0
        out[20, row] = wishes >= 2 and 4 * wishes >= count


@nb.njit(nogil=True, cache=True)
def letters_of_scripts(codes, starts, table, letters, foreign) -> None:
    """Fill the number of letters of each text, and of those of scripts other than Latin."""
    for row in range(len(starts) - 1):
        one = two = 0
        for i in range(starts[row], starts[row + 1]):
            trait = table[min(codes[i], _LAST)]
            one += (trait & _LETTER) != 0
            two += (trait & _FOREIGN) != 0
        letters[row] = one
        foreign[row] = two
