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

from realreach.comment_text import hashing, lookalikes, style, traits

__all__ = ["score_comments"]

_U = np.uint64
_B, _M, _PAIR = _U(hashing.B), _U(hashing.M), _U(hashing.PAIR)
_B2, _B3, _B4 = (_U(pow(hashing.B, k, 2**64)) for k in (2, 3, 4))
_TOKEN, _TOKENS, _THREE, _FOUR, _FIVE = (_U(hashing.SEEDS[kind]) for kind in (1, 2, 3, 4, 5))
_SLANG_SHIFT = _U(64 - style.SLANG_BITS)
_SPACE = _U(32)
_LAST = lookalikes.TABLE_SIZE
_WIDE_LAST = _U(_LAST)
_SIGN, _CAPITAL, _HAND = traits.SIGN, traits.HAND_CAPITAL, traits.HAND_LETTER
_PICTURE, _DRAWS_NOTHING = traits.PICTURE, traits.DRAWS_NOTHING
_INSIDE, _STRETCHES = traits.INSIDE, traits.STRETCHES
_ORDER = tuple(style.MEASURES)
_MEASURES = len(_ORDER)
_EDGES = np.concatenate([np.asarray(edges, dtype=np.float64) for edges in style.MEASURES.values()])
_EDGE_STARTS = np.cumsum([0, *(len(edges) for edges in style.MEASURES.values())])
_BIN_STARTS = np.array(style.BIN_STARTS, dtype=np.int64)
_CROSS = np.array([_ORDER.index(name) for names in style.CROSSES for name in names], dtype=np.int64)
_CROSS_STARTS = np.cumsum([0, *(len(names) for names in style.CROSSES)])
_SLANG = style.slang_list()
_SLANG_KEYS, _SLANG_BITS = _SLANG.keys, _SLANG.bits
_SLANG_PLACE, _SLANG_MASK = _SLANG.shift, _SLANG.mask
(
    _LENGTH, _WORDS, _EMOJI, _EMOJI_AT_END, _EXCLAMATION, _QUESTION, _SENTENCE, _COMMAS, _CAPITALS_SHARE, _BEGINS,
    _INNER, _ODD, _LINKS, _MENTIONS, _MENTION_FIRST, _PHONES, _BRANDS, _NUMBERS, _SLANG_WORDS, _STRETCHED, _WORD_LENGTH,
    _LINES, _MONEY,
) = (
    _ORDER.index(name)
    for name in (
        "length", "words", "emoji", "emoji_kinds_at_end", "exclamation", "question", "sentence_marks", "commas",
        "capitals_share", "begins_with_capital", "inner_capitals", "odd_letters", "links", "mentions", "mention_first",
        "phones", "brands", "numbers", "slang", "stretched", "word_length", "lines", "hash_or_money",
    )
)  # fmt: skip
_TOP_COUNT = int(_EDGES.max()) + 1
"""Counts from here on are all in the last bin."""
_WIDTH = 12
_FIELD = (1 << _WIDTH) - 1
_COUNTED = ("!", "?", ".!?", ",;:", "\n", "#$%")
"""What is counted of ASCII signs, each in a field of bits of one number: texts have at most 2,200 signs."""
_ASCII = np.zeros((2, 0x80), dtype=np.int64)
for _place, _signs in enumerate(_COUNTED):
    for _sign in _signs:
        _ASCII[_place // 5, ord(_sign)] += 1 << _WIDTH * (_place % 5)


def _bin_table():
    """Return the bin of every whole number below ``_TOP_COUNT + 1``, one row for each measure."""
    numbers = np.arange(_TOP_COUNT + 1)
    return np.stack(
        [
            np.searchsorted(np.asarray(edges, dtype=np.float64), numbers, side="left")
            for edges in style.MEASURES.values()
        ]
    )


_BINS = _bin_table()


@nb.njit(nogil=True, cache=True)
def _raw_measures(raw, low, high, table, out):
    """Fill what is counted over the code points as written; return the letters and the capitals."""
    emoji = exclamation = question = sentence = uppers = letters = inner = 0
    signs = money = 0
    first_upper = False
    before = 0
    for i in range(low, high):
        c = raw[i]
        trait = table[min(c, _LAST)]
        letter = 1 if trait & _HAND else 0
        upper = 1 if trait & _CAPITAL else 0
        first_upper |= letters == 0 and upper > 0
        letters += letter
        uppers += upper
        inner += upper & before
        before = letter
        if c < 0x80:
            signs += _ASCII[0, c]
            money += _ASCII[1, c]
        elif trait & _PICTURE:
            emoji += 1
        elif c == 0x3002 or c == 0x2026:
            sentence += 1
        elif c == 0xFF01 or c == 0xA1:
            exclamation += 1
        elif c == 0xFF1F or c == 0xBF:
            question += 1
    out[_LENGTH] = high - low
    out[_EMOJI] = emoji
    out[_EMOJI_AT_END] = _emoji_at_end(raw, low, high, table)
    out[_EXCLAMATION] = exclamation + (signs & _FIELD)
    out[_QUESTION] = question + (signs >> _WIDTH & _FIELD)
    out[_SENTENCE] = sentence + (signs >> 2 * _WIDTH & _FIELD)
    out[_COMMAS] = signs >> 3 * _WIDTH & _FIELD
    out[_LINES] = signs >> 4 * _WIDTH & _FIELD
    out[_MONEY] = money
    out[_BEGINS] = first_upper
    out[_INNER] = inner
    return letters, uppers


@nb.njit(nogil=True, cache=True)
def _emoji_at_end(raw, low, high, table):
    """Count the emoji at the very end that differ from the sign before them."""
    count = 0
    last = np.int64(-1)
    i = high - 1
    while i >= low:
        c = np.int64(raw[i])
        trait = table[min(raw[i], _LAST)]
        i -= 1
        if trait & _DRAWS_NOTHING:
            continue
        if last >= 0 and c != last:
            count += 1
        if not trait & _PICTURE:
            return count
        last = c
    return count + (last >= 0)


@nb.njit(nogil=True, cache=True)
def _plain_measures(plain, low, high, table, padded, marks):
    """Copy a plain text between spaces, count its placeholders and return the letters inside of its words."""
    marks[:] = 0
    inside = 0
    padded[0] = _SPACE
    for i in range(low, high):
        c = plain[i]
        padded[i - low + 1] = c
        if c < 6:
            marks[c] += 1
        inside += 1 if table[min(c, _LAST)] & _INSIDE else 0
    padded[high - low + 1 : high - low + 6] = _SPACE
    return inside


@nb.njit(nogil=True, cache=True)
def _stretched(folded, low, high, table):
    """Count the letters that continue a run of three or more."""
    count = 0
    for i in range(low + 2, high):
        c = folded[i]
        if c == folded[i - 1] and c == folded[i - 2] and table[min(c, _LAST)] & _STRETCHES:
            count += 1
    return count


@nb.njit(nogil=True, cache=True, inline="always")
def _is_slang(total):
    wanted = ((total + _TOKEN) * _M) >> _SLANG_SHIFT
    place = np.int64((wanted >> _SLANG_PLACE) & _SLANG_MASK)
    return _SLANG_BITS[place] != 0 and _SLANG_KEYS[place] == wanted


@nb.njit(nogil=True, cache=True)
def _token_buckets(padded, size, table, shift, out):
    """Fill the buckets of tokens and pairs; return how many of them, the words and the slang among them."""
    pieces = count_words = slang = 0
    previous = _U(0)
    i = 1
    while i <= size:
        c = padded[i]
        i += 1
        if c == _SPACE:
            continue
        word = table[min(c, _WIDE_LAST)] & _SIGN == 0
        here = c
        if word:
            # A sign stands alone; a word goes on as long as letters and digits follow.
            power = _B
            while table[min(padded[i], _WIDE_LAST)] & _SIGN == 0:
                here += padded[i] * power
                power *= _B
                i += 1
        if pieces > 0 and here == previous:
            continue
        if pieces > 0:
            out[pieces] = np.int64(((previous + here * _PAIR + _TOKENS) * _M) >> shift)
            pieces += 1
        out[pieces] = np.int64(((here + _TOKEN) * _M) >> shift)
        pieces += 1
        if word:
            count_words += 1
            slang += _is_slang(here)
        previous = here
    return pieces, count_words, slang


@nb.njit(nogil=True, cache=True)
def _character_buckets(padded, size, shift, out):
    """Fill the buckets of the character n-grams of 3, 4 and 5; return how many there are.

    The text has one space before and one after it; inside a piece there is none. What does not count is written, too,
    and overwritten by the next: no branch to guess.
    """
    count = 0
    for i in range(size):
        second, third, fourth = padded[i + 1], padded[i + 2], padded[i + 3]
        three = second != _SPACE
        four = three & (third != _SPACE)
        five = four & (fourth != _SPACE)
        here = padded[i] + second * _B + third * _B2
        out[count] = np.int64(((here + _THREE) * _M) >> shift)
        count += three
        here += fourth * _B3
        out[count] = np.int64(((here + _FOUR) * _M) >> shift)
        count += four
        here += padded[i + 4] * _B4
        out[count] = np.int64(((here + _FIVE) * _M) >> shift)
        count += five
    return count


@nb.njit(nogil=True, cache=True, inline="always")
def _mean_of_root(weights, buckets, count):
    """Return the sum of the weights of buckets, over the root of their number."""
    total = 0
    for k in range(count):
        total += weights[buckets[k]]
    return np.float64(total) / np.sqrt(np.float64(max(count, 1)))


@nb.njit(nogil=True, cache=True)
def _margin(weights, bias, bins, grams, tokens, pieces, characters, count):
    """Return the margin of one head."""
    units = bias
    for k in range(len(bins)):
        units += weights[bins[k]]
    margin = np.float64(units)
    margin += _mean_of_root(grams, tokens, pieces)
    return margin + _mean_of_root(grams, characters, count)


@nb.njit(nogil=True, cache=True)
def _fill_bins(counts, capitals_share, word_length, bins):
    """Fill the bin of every measure, and of the measures that count together, as numbers of style weights."""
    for k in range(_MEASURES):
        bins[k] = _BINS[k, min(counts[k], _TOP_COUNT)]
    for k, value in ((_CAPITALS_SHARE, capitals_share), (_WORD_LENGTH, word_length)):
        bins[k] = 0
        for j in range(_EDGE_STARTS[k], _EDGE_STARTS[k + 1]):
            bins[k] += value > _EDGES[j]
    for k in range(len(_CROSS_STARTS) - 1):
        code = 0
        for j in range(_CROSS_STARTS[k], _CROSS_STARTS[k + 1]):
            of = _CROSS[j]
            code = code * (_EDGE_STARTS[of + 1] - _EDGE_STARTS[of] + 1) + bins[of]
        bins[_MEASURES + k] = _BIN_STARTS[_MEASURES + k] + code
    for k in range(_MEASURES):
        bins[k] += _BIN_STARTS[k]


@nb.njit(nogil=True, cache=True)
def score_comments(
    raw, raw_starts, folded, folded_starts, plain, plain_starts, odd, table, grams, bits, weights, bias, out
) -> None:
    """Fill the margins of comments, as ``CommentModel.margins`` does.

    ``raw``, ``folded`` and ``plain`` are code points with the start of each comment (one entry more than comments);
    ``table`` the traits of code points; ``grams`` and ``weights`` the weights of buckets and of style bins, one row for
    each head; ``out`` has the shape (comments, heads).
    """
    shift = _U(64 - bits)
    longest = 0
    for row in range(len(plain_starts) - 1):
        longest = max(longest, plain_starts[row + 1] - plain_starts[row])
    padded = np.empty(longest + 6, dtype=np.uint64)
    tokens, characters = np.empty(2 * longest + 2, dtype=np.int64), np.empty(3 * longest + 3, dtype=np.int64)
    counts, marks = np.zeros(_MEASURES, dtype=np.int64), np.zeros(6, dtype=np.int64)
    bins = np.empty(_MEASURES + len(_CROSS_STARTS) - 1, dtype=np.int64)
    for row in range(len(raw_starts) - 1):
        low, high = plain_starts[row], plain_starts[row + 1]
        letters, uppers = _raw_measures(raw, raw_starts[row], raw_starts[row + 1], table, counts)
        inside = _plain_measures(plain, low, high, table, padded, marks)
        pieces, count_words, slang = _token_buckets(padded, high - low, table, shift, tokens)
        count = _character_buckets(padded, high - low, shift, characters)
        counts[_WORDS] = count_words
        counts[_ODD] = odd[row]
        counts[_LINKS], counts[_MENTIONS], counts[_PHONES] = marks[2], marks[1], marks[3]
        counts[_BRANDS], counts[_NUMBERS] = marks[5], marks[4]
        counts[_MENTION_FIRST] = high > low and plain[low] == 1
        counts[_SLANG_WORDS] = slang
        counts[_STRETCHED] = _stretched(folded, folded_starts[row], folded_starts[row + 1], table)
        _fill_bins(counts, uppers / max(letters, 1), inside / max(count_words, 1), bins)
        for head in range(out.shape[1]):
            out[row, head] = _margin(weights[head], bias[head], bins, grams[head], tokens, pieces, characters, count)
