"""Compiled kernels of the heaviest text steps (numba, the extra ``fast``): one pass over the code points of a comment.

Each does what its NumPy counterpart does, in whole numbers modulo 2**64 or in the same floating-point operations in the
same order, so that the results are equal to the last bit. Serial, without the interpreter's lock, kept on disk.
Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.comment_text import hashing, style

__all__ = ["score_comments"]

_U = np.uint64
_B, _M, _PAIR = _U(hashing.B), _U(hashing.M), _U(hashing.PAIR)
_B2, _B3, _B4 = (_U(pow(hashing.B, k, 2**64)) for k in (2, 3, 4))
_TOKEN, _TOKENS, _THREE, _FOUR, _FIVE = (_U(hashing.SEEDS[kind]) for kind in (1, 2, 3, 4, 5))
_SLANG_SHIFT = _U(64 - style.SLANG_BITS)
_SPACE = _U(32)
_SIGNS = hashing.SIGN_TABLE
_TOP = len(_SIGNS)
_MEASURES = len(style.MEASURES)
_EDGES = np.concatenate([np.asarray(edges, dtype=np.float64) for edges in style.MEASURES.values()])
_EDGE_STARTS = np.cumsum([0, *(len(edges) for edges in style.MEASURES.values())])
_BIN_STARTS = np.array(style.BIN_STARTS, dtype=np.int64)
_ORDER = tuple(style.MEASURES)
_CROSS = np.array([_ORDER.index(name) for names in style.CROSSES for name in names], dtype=np.int64)
_CROSS_STARTS = np.cumsum([0, *(len(names) for names in style.CROSSES)])
_SLANG = style.SLANG_HASHES


@nb.njit(nogil=True, cache=True, inline="always")
def _is_upper(c):
    return 0x41 <= c < 0x5B or 0xC0 <= c < 0xD7 or 0xD8 <= c < 0xDF or 0x410 <= c < 0x430


@nb.njit(nogil=True, cache=True, inline="always")
def _is_letter(c):
    return _is_upper(c) or 0x61 <= c < 0x7B or 0xDF <= c < 0xF7 or 0xF8 <= c < 0x250 or 0x430 <= c < 0x460


@nb.njit(nogil=True, cache=True, inline="always")
def _draws_nothing(c):
    return c == 0x20 or c == 0x0A or 0xFE00 <= c < 0xFE10 or c == 0x200D or 0x1F3FB <= c < 0x1F400


@nb.njit(nogil=True, cache=True, inline="always")
def _is_emoji(c):
    if c < 0x2190 or 0x1F3FB <= c < 0x1F400:
        return False
    return (
        c < 0x2200 or 0x2600 <= c < 0x27C0 or 0x2B50 <= c < 0x2B56 or 0x1F1E6 <= c < 0x1F200 or 0x1F300 <= c < 0x1FB00
    )


@nb.njit(nogil=True, cache=True)
def _raw_measures(raw, low, high, out):
    """Fill what is counted over the code points as written (order of ``style.MEASURES``)."""
    emoji = exclamation = question = sentence = commas = uppers = letters = inner = lines = money = 0
    first_upper = False
    before = False
    for i in range(low, high):
        c = raw[i]
        letter = _is_letter(c)
        if letter:
            upper = _is_upper(c)
            if letters == 0:
                first_upper = upper
            letters += 1
            uppers += upper
            inner += upper and before
        elif _is_emoji(c):
            emoji += 1
        elif c == 0x21:
            exclamation += 1
            sentence += 1
        elif c == 0x3F:
            question += 1
            sentence += 1
        elif c == 0x2E or c == 0x3002 or c == 0x2026:
            sentence += 1
        elif c == 0xFF01 or c == 0xA1:
            exclamation += 1
        elif c == 0xFF1F or c == 0xBF:
            question += 1
        elif c == 0x2C or c == 0x3B or c == 0x3A:
            commas += 1
        elif c == 0x0A:
            lines += 1
        elif c == 0x23 or c == 0x24 or c == 0x25:
            money += 1
        before = letter
    out[0] = high - low
    out[2] = emoji
    out[3] = _emoji_at_end(raw, low, high)
    out[4] = exclamation
    out[5] = question
    out[6] = sentence
    out[7] = commas
    out[8] = uppers / max(letters, 1)
    out[9] = first_upper
    out[10] = inner
    out[21] = lines
    out[22] = money


@nb.njit(nogil=True, cache=True)
def _emoji_at_end(raw, low, high):
    """Count the emoji at the very end that differ from the sign before them."""
    count = 0
    last = -1
    i = high - 1
    while i >= low:
        c = int(raw[i])
        i -= 1
        if _draws_nothing(c):
            continue
        if last >= 0 and c != last:
            count += 1
        if not _is_emoji(c):
            return count
        last = c
    return count + (last >= 0)


@nb.njit(nogil=True, cache=True)
def _plain_measures(plain, low, high, folded, flow, fhigh, out):
    """Fill what is counted over placeholders and folded letters; return the letters of words."""
    marks = np.zeros(6, dtype=np.int64)
    inside = 0
    for i in range(low, high):
        c = plain[i]
        if c < 6:
            marks[c] += 1
        elif 0x61 <= c < 0x7B or 0xC0 <= c < 0x2000:
            inside += 1
    stretched = 0
    for i in range(flow + 2, fhigh):
        c = folded[i]
        if c == folded[i - 1] and c == folded[i - 2] and (0x61 <= c < 0x7B or 0xC0 <= c < 0x250):
            stretched += 1
    out[12] = marks[2]
    out[13] = marks[1]
    out[14] = high > low and plain[low] == 1
    out[15] = marks[3]
    out[16] = marks[5]
    out[17] = marks[4]
    out[19] = stretched
    return inside


@nb.njit(nogil=True, cache=True)
def _is_slang(total):
    wanted = np.int64(((total + _TOKEN) * _M) >> _SLANG_SHIFT)
    at = np.searchsorted(_SLANG, wanted)
    return at < len(_SLANG) and _SLANG[at] == wanted


@nb.njit(nogil=True, cache=True, inline="always")
def _is_word(c):
    return c >= _TOP or not _SIGNS[c]


@nb.njit(nogil=True, cache=True)
def _token_sums(plain, low, high, grams, shift, heads, total):
    """Add up the weights of tokens and pairs; return how many of them, the words and the slang among them."""
    pieces = count_words = slang = 0
    previous = kept = _U(0)
    any_token = False
    i = low
    while i < high:
        c = _U(plain[i])
        i += 1
        if c == _SPACE:
            continue
        word = _is_word(c)
        here = c
        power = _B
        # A sign stands alone; a word goes on as long as letters and digits follow.
        while word and i < high and _is_word(plain[i]):
            here += _U(plain[i]) * power
            power *= _B
            i += 1
        if any_token and here == previous:
            continue
        bucket = np.int64(((here + _TOKEN) * _M) >> shift)
        for head in range(heads):
            total[head] += grams[head, bucket]
        pieces += 1
        if any_token:
            bucket = np.int64(((kept + here * _PAIR + _TOKENS) * _M) >> shift)
            for head in range(heads):
                total[head] += grams[head, bucket]
            pieces += 1
        if word:
            count_words += 1
            slang += _is_slang(here)
        previous = kept = here
        any_token = True
    return pieces, count_words, slang


@nb.njit(nogil=True, cache=True)
def _character_sums(plain, low, high, grams, shift, heads, total):
    """Add up the weights of the character n-grams of 3, 4 and 5; return how many there are."""
    count = 0
    size = high - low
    for i in range(-1, size - 1):
        # The text has one space before and one after it; inside a piece there is none.
        first = _SPACE if i < 0 else _U(plain[low + i])
        second = _U(plain[low + i + 1])
        if second == _SPACE:
            continue
        here = first + second * _B
        third = _SPACE if i + 2 >= size else _U(plain[low + i + 2])
        here += third * _B2
        bucket = np.int64(((here + _THREE) * _M) >> shift)
        for head in range(heads):
            total[head] += grams[head, bucket]
        count += 1
        if third == _SPACE:
            continue
        fourth = _SPACE if i + 3 >= size else _U(plain[low + i + 3])
        here += fourth * _B3
        bucket = np.int64(((here + _FOUR) * _M) >> shift)
        for head in range(heads):
            total[head] += grams[head, bucket]
        count += 1
        if fourth == _SPACE:
            continue
        fifth = _SPACE if i + 4 >= size else _U(plain[low + i + 4])
        here += fifth * _B4
        bucket = np.int64(((here + _FIVE) * _M) >> shift)
        for head in range(heads):
            total[head] += grams[head, bucket]
        count += 1
    return count


@nb.njit(nogil=True, cache=True)
def score_comments(
    raw, raw_starts, folded, folded_starts, plain, plain_starts, odd, grams, bits, weights, bias, out
) -> None:
    """Fill the margins of comments, as ``CommentModel.margins`` does.

    ``raw``, ``folded`` and ``plain`` are code points with the start of each comment (one entry more than comments);
    ``grams`` and ``weights`` the weights of buckets and of style bins, one row for each head; ``out`` has the shape
    (comments, heads).
    """
    heads = out.shape[1]
    shift = _U(64 - bits)
    measured = np.zeros(_MEASURES)
    bins = np.zeros(_MEASURES, dtype=np.int64)
    tokens = np.zeros(heads, dtype=np.int64)
    characters = np.zeros(heads, dtype=np.int64)
    for row in range(len(raw_starts) - 1):
        low, high = plain_starts[row], plain_starts[row + 1]
        tokens[:] = 0
        characters[:] = 0
        _raw_measures(raw, raw_starts[row], raw_starts[row + 1], measured)
        inside = _plain_measures(plain, low, high, folded, folded_starts[row], folded_starts[row + 1], measured)
        pieces, count_words, slang = _token_sums(plain, low, high, grams, shift, heads, tokens)
        grams_count = _character_sums(plain, low, high, grams, shift, heads, characters)
        measured[1] = count_words
        measured[11] = odd[row]
        measured[18] = slang
        measured[20] = inside / max(count_words, 1)
        for k in range(_MEASURES):
            place = 0
            for j in range(_EDGE_STARTS[k], _EDGE_STARTS[k + 1]):
                place += measured[k] > _EDGES[j]
            bins[k] = place
        for head in range(heads):
            units = bias[head]
            for k in range(_MEASURES):
                units += weights[head, _BIN_STARTS[k] + bins[k]]
            for k in range(len(_CROSS_STARTS) - 1):
                code = 0
                for j in range(_CROSS_STARTS[k], _CROSS_STARTS[k + 1]):
                    of = _CROSS[j]
                    code = code * (_EDGE_STARTS[of + 1] - _EDGE_STARTS[of] + 1) + bins[of]
                units += weights[head, _BIN_STARTS[_MEASURES + k] + code]
            margin = np.float64(units)
            margin += np.float64(tokens[head]) / np.sqrt(np.float64(max(pieces, 1)))
            margin += np.float64(characters[head]) / np.sqrt(np.float64(max(grams_count, 1)))
            out[row, head] = margin
