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
from realreach.comment_text.plain_kernels import thrice

__all__ = ["score_comments"]

_U = np.uint64
_B, _M, _PAIR = _U(hashing.B), _U(hashing.M), _U(hashing.PAIR)
_BM, _B2M, _B3M, _B4M = (_U(pow(hashing.B, k, 2**64) * hashing.M % 2**64) for k in (1, 2, 3, 4))
_TOKEN, _TOKENS = _U(hashing.SEEDS[1]), _U(hashing.SEEDS[2])
_THREE_M = _U(hashing.SEEDS[3] * hashing.M % 2**64)
_FOUR_M, _FIVE_M = (_U((hashing.SEEDS[n] - hashing.SEEDS[n - 1]) * hashing.M % 2**64) for n in (4, 5))
_SLANG_SHIFT = _U(64 - style.SLANG_BITS)
_SPACE, _NEXT = _U(32), _U(1)
_LAST = np.uint32(lookalikes.TABLE_SIZE)
_WIDE_LAST, _WIDE = _U(_LAST), np.uint32(0x80)
_SIGN, _CAPITAL, _HAND = traits.SIGN, traits.HAND_CAPITAL, traits.HAND_LETTER
_PICTURE, _DRAWS_NOTHING = traits.PICTURE, traits.DRAWS_NOTHING
_SMALL, _END, _LETTER = traits.SMALL, traits.SENTENCE_END, traits.LETTER
_ANY_EMOJI, _ANY_CAPITAL = traits.EMOJI, traits.CAPITAL
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
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTERS = _CAPITALS + _CAPITALS.lower()
_COUNTED = (("!", "?", ".!?", ",;:", "\n"), ("#$%", _LETTERS, _CAPITALS))
"""What is counted of ASCII signs, each in a field of bits of one of two numbers: texts have at most 2,200 signs."""
_ASCII = np.zeros((len(_COUNTED), 0x80), dtype=np.int64)
for _row, _kinds in enumerate(_COUNTED):
    for _place, _signs in enumerate(_kinds):
        for _sign in _signs:
            _ASCII[_row, ord(_sign)] += 1 << _WIDTH * _place
_SIGNS, _HANDS = _ASCII
_IS_CAPITAL, _IS_HAND, _IS_END, _IS_SMALL = (1 << place for place in (36, 37, 52, 53))
for _bit, _trait in (
    (_IS_CAPITAL, traits.HAND_CAPITAL),
    (_IS_HAND, traits.HAND_LETTER),
    (_IS_END, traits.SENTENCE_END),
    (_IS_SMALL, traits.SMALL),
):
    _HANDS[(traits.table()[:0x80] & _trait) != 0] += _bit
_PAIRS, _PAIR_WIDTH = _IS_CAPITAL | _IS_END, 16
"""Above what is counted stands what a sign is beside its neighbour: a capital behind a letter, an end behind a small
letter. The bit of the second sign is one below that of the first, so that both are found by one shift."""


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


@nb.njit(nogil=True, cache=True, forceinline=True)
def written(raw, low, high, table, counts):
    """Fill what is counted over the code points as written.

    Returns the letters and the capitals of handwriting, emoji, capitals of any script, and whether the text is tidy.
    """
    pictures = exclamation = question = sentence = uppers = letters = emoji = capitals = 0
    signs = hands = pairs = 0
    before = 0
    # Places without sign: those that might be below 0 are looked after at each of them. And no slice: whoever takes one
    # counts, in memory, that the array is held.
    for i in range(_U(low), _U(high)):
        c = raw[i]
        if c < _WIDE:
            signs += _SIGNS[c]
            here = _HANDS[c]
            hands += here
        else:
            trait = table[min(c, _LAST)]
            hand, capital = (trait & _HAND) != 0, (trait & _CAPITAL) != 0
            here = _IS_HAND * hand | _IS_CAPITAL * capital
            here |= _IS_SMALL * ((trait & _SMALL) != 0) | _IS_END * ((trait & _END) != 0)
            letters += hand
            uppers += capital
            emoji += (trait & _ANY_EMOJI) != 0
            capitals += (trait & _ANY_CAPITAL) != 0
            pictures += (trait & _PICTURE) != 0
            sentence += c == 0x3002 or c == 0x2026
            exclamation += c == 0xFF01 or c == 0xA1
            question += c == 0xFF1F or c == 0xBF
        pairs += (here & before >> 1 & _PAIRS) // _IS_CAPITAL
        before = here
    first = low
    while first < high and (table[min(raw[first], _LAST)] & _HAND) == 0:
        first += 1
    counts[_LENGTH] = high - low
    counts[_EMOJI] = pictures
    counts[_EMOJI_AT_END] = _emoji_at_end(raw, low, high, table)
    counts[_EXCLAMATION] = exclamation + (signs & _FIELD)
    counts[_QUESTION] = question + (signs >> _WIDTH & _FIELD)
    counts[_SENTENCE] = sentence + (signs >> 2 * _WIDTH & _FIELD)
    counts[_COMMAS] = signs >> 3 * _WIDTH & _FIELD
    counts[_LINES] = signs >> 4 * _WIDTH & _FIELD
    counts[_MONEY] = hands & _FIELD
    counts[_BEGINS] = first < high and (table[min(raw[first], _LAST)] & _CAPITAL) != 0
    counts[_INNER] = pairs & ((1 << _PAIR_WIDTH) - 1)
    plain = hands >> 2 * _WIDTH & _FIELD
    tidy = pairs >> _PAIR_WIDTH > 0 and (table[min(raw[low], _LAST)] & _ANY_CAPITAL) != 0
    return letters + (hands >> _WIDTH & _FIELD), uppers + plain, emoji, capitals + plain, tidy


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


@nb.njit(nogil=True, cache=True, forceinline=True)
def plain_measures(plain, low, high, table, padded, marks):
    """Copy a plain text between spaces, and count its placeholders.

    Returns the letters inside of its words, and whether all words of the model are words of letters and the reverse.
    """
    marks[:] = 0
    inside = 0
    odd = np.uint32(0)
    padded[0] = _SPACE
    for i in range(_U(low), _U(high)):
        c = plain[i]
        padded[i - _U(low) + _NEXT] = c
        if c < 6:
            marks[c] += 1
        trait = table[min(c, _LAST)]
        inside += (trait & _INSIDE) != 0
        odd |= ((trait & _SIGN) != 0) == ((trait & _LETTER) != 0)
    for i in range(high - low + 1, high - low + 6):
        padded[i] = _SPACE
    return inside, odd == 0


@nb.njit(nogil=True, cache=True)
def stretched(codes, low, high, table):
    """Return how many letters continue a run of three or more, and how many small letters of ASCII."""
    count = narrow = 0
    for i in range(low + 2, high):
        c = codes[i]
        if c == codes[i - 1] and c == codes[i - 2]:
            count += (table[min(c, _LAST)] & _STRETCHES) != 0
            narrow += 0x61 <= c <= 0x7A
    return count, narrow


@nb.njit(nogil=True, cache=True, inline="always")
def _is_slang(total):
    wanted = ((total + _TOKEN) * _M) >> _SLANG_SHIFT
    place = np.int64((wanted >> _SLANG_PLACE) & _SLANG_MASK)
    return (_SLANG_BITS[place] != 0) & (_SLANG_KEYS[place] == wanted)


@nb.njit(nogil=True, cache=True, inline="always")
def token_bucket(here, shift):
    """Return the bucket of a token."""
    return ((here + _TOKEN) * _M) >> shift


@nb.njit(nogil=True, cache=True, inline="always")
def pair_bucket(one, two, shift):
    """Return the bucket of two neighbouring tokens."""
    return ((one + two * _PAIR + _TOKENS) * _M) >> shift


@nb.njit(nogil=True, cache=True)
def token_buckets(padded, size, table, shift, out):
    """Fill the buckets of tokens and pairs; return how many of them, the words and the slang among them."""
    count_words = slang = 0
    previous = _U(0)
    # Places without sign: those that might be below 0 are looked after at each of them.
    i, end, pieces = _NEXT, _U(size), _U(0)
    while i <= end:
        c = padded[i]
        i += _NEXT
        if c == _SPACE:
            continue
        word = table[min(c, _WIDE_LAST)] & _SIGN == 0
        here = c
        if word:
            # A sign stands alone; a word goes on as long as letters and digits follow.
            power = _B
            c = padded[i]
            while table[min(c, _WIDE_LAST)] & _SIGN == 0:
                here += c * power
                power *= _B
                i += _NEXT
                c = padded[i]
        if pieces > _U(0):
            if here == previous:
                continue
            out[pieces] = pair_bucket(previous, here, shift)
            pieces += _NEXT
        out[pieces] = token_bucket(here, shift)
        pieces += _NEXT
        if word:
            count_words += 1
            slang += _is_slang(here)
        previous = here
    return np.int64(pieces), count_words, slang


@nb.njit(nogil=True, cache=True, forceinline=True)
def character_sum(padded, size, shift, weights):
    """Return the sum of the weights of the character n-grams of 3, 4 and 5, and how many there are.

    The text has one space before and one after it; inside a piece there is none. What does not count is looked up, too,
    and masked: no branch to guess. The factors are those of the hash, multiplied out.
    """
    total = count = 0
    for i in range(size):
        second, third, fourth = padded[i + 1], padded[i + 2], padded[i + 3]
        three = np.int64(second != _SPACE)
        four = three & (third != _SPACE)
        five = four & (fourth != _SPACE)
        here = padded[i] * _M + second * _BM + third * _B2M + _THREE_M
        total += weights[here >> shift] & -three
        here += fourth * _B3M + _FOUR_M
        total += weights[here >> shift] & -four
        here += padded[i + 4] * _B4M + _FIVE_M
        total += weights[here >> shift] & -five
        count += three + four + five
    return total, count


@nb.njit(nogil=True, cache=True, forceinline=True)
def margin_of(weights, bias, bins, grams, tokens, pieces, padded, size, shift):
    """Return the margin of one head."""
    units, total = bias, 0
    for k in range(len(bins)):
        units += weights[bins[k]]
    for k in range(pieces):
        total += grams[tokens[k]]
    margin = np.float64(units)
    margin += np.float64(total) / np.sqrt(np.float64(max(pieces, 1)))
    total, count = character_sum(padded, size, shift, grams)
    return margin + np.float64(total) / np.sqrt(np.float64(max(count, 1)))


@nb.njit(nogil=True, cache=True, forceinline=True)
def fill_marks(counts, marks, first) -> None:
    """Fill the counts of placeholders, and whether a mention comes first."""
    counts[_MENTIONS], counts[_LINKS], counts[_PHONES], counts[_NUMBERS], counts[_BRANDS] = marks[1:]
    counts[_MENTION_FIRST] = first


@nb.njit(nogil=True, cache=True, forceinline=True)
def fill_bins(counts, capitals_share, word_length, bins):
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


@nb.njit(nogil=True, cache=True, error_model="numpy")
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
    tokens = np.empty(2 * longest + 2, dtype=np.uint64)
    counts, marks = np.zeros(_MEASURES, dtype=np.int64), np.zeros(6, dtype=np.int64)
    bins = np.empty(_MEASURES + len(_CROSS_STARTS) - 1, dtype=np.int64)
    for row in range(len(raw_starts) - 1):
        low, high = plain_starts[row], plain_starts[row + 1]
        letters, uppers, _, _, _ = written(raw, raw_starts[row], raw_starts[row + 1], table, counts)
        inside, _ = plain_measures(plain, low, high, table, padded, marks)
        pieces, count_words, slang = token_buckets(padded, high - low, table, shift, tokens)
        counts[_WORDS] = count_words
        counts[_ODD] = odd[row]
        counts[_SLANG_WORDS] = slang
        fill_marks(counts, marks, high > low and plain[low] == 1)
        first, last = folded_starts[row], folded_starts[row + 1]
        counts[_STRETCHED] = stretched(folded, first, last, table)[0] if thrice(folded, first, last) else 0
        fill_bins(counts, uppers / max(letters, 1), inside / max(count_words, 1), bins)
        for head in range(out.shape[1]):
            out[row, head] = margin_of(
                weights[head], bias[head], bins, grams[head], tokens, pieces, padded, high - low, shift
            )
