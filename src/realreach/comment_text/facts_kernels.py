"""Compiled kernel that reads comments once (numba, the extra ``fast``): all that is told of each.

One pass over each form of a comment gives what the words, the measures, the language, the keys of likeness and the
comment model ask for; every number is the one of the module that defines it. Imported only by way of
:mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.comment_text import kernels, languages, lookalikes, measures, model, normalise, style, traits, words
from realreach.comment_text.plain_kernels import thrice

__all__ = ["facts_of"]

_U = np.uint64
_LAST, _WIDE = np.uint32(lookalikes.TABLE_SIZE), np.uint32(0x80)
_WIDE_LAST = _U(lookalikes.TABLE_SIZE)
_BLANK, _WIDE_BLANK, _HASH, _MARK = np.uint32(0x20), _U(0x20), np.uint32(0x23), _U(1 << 32)
_NEXT = _U(1)
_LETTER, _DIGIT, _EMOJI, _SIGN = traits.LETTER, traits.DIGIT, traits.EMOJI, traits.SIGN
_SPACELESS, _FOREIGN = traits.SPACELESS, traits.FOREIGN
_BASE, _MIX1, _MIX2, _HALF = _U(words.BASE), _U(words.MIX[0]), _U(words.MIX[1]), _U(33)
_POWERS = words.powers(normalise.TEXT_LIMIT + 2)[0]
_LEAST_SHARE = languages.LEAST_SHARE
_REACH, _STEPS = model.REACH, model.STEPS
_ROWS = len(measures.MEASURES) + 1
_WIDTH, _FIELD = kernels._WIDTH, kernels._FIELD
_MEASURES, _BINS_OF_ALL = kernels._MEASURES, kernels._MEASURES + len(style.CROSSES)
_TALLY = np.zeros(0x80, dtype=np.int64)
for _place, _trait in enumerate((traits.LETTER, traits.DIGIT, traits.QUESTION, traits.EXCLAMATION)):
    _TALLY[(traits.table()[:0x80] & _trait) != 0] += 1 << _WIDTH * _place
"""What the signs of ASCII add, each in a field of bits: texts have at most 2,200 signs."""


@nb.njit(nogil=True, cache=True, inline="always")
def _mixed(value):
    value ^= value >> _HALF
    value *= _MIX1
    value ^= value >> _HALF
    value *= _MIX2
    return value ^ (value >> _HALF)


@nb.njit(nogil=True, cache=True, forceinline=True)
def _exact_key(folded, low, high):
    """Return what ``likeness.exact_keys`` tells of a folded text, by masks: where spaces stand cannot be guessed."""
    total, place, begun, mark = _U(0), _NEXT, _U(0), _U(0)
    for i in range(_U(low), _U(high)):
        c = folded[i]
        kept = -_U(c != _BLANK)
        total += ((_U(c) + mark) * _POWERS[place]) & kept
        # All ones are one less than none.
        place -= kept
        begun |= kept
        # A space marks the next character, but not the first.
        mark = _MARK & ~kept & begun
    return _mixed(total)


@nb.njit(nogil=True, cache=True, forceinline=True)
def _read_folded(folded, low, high, table, counts, out, row):
    """Fill what is counted over the folded text; return its exact key, and its letters by script."""
    letters = digits = spaceless = foreign = narrow = hashtags = 0
    tally = 0
    last = np.uint32(0)
    for i in range(_U(low), _U(high)):
        c = folded[i]
        if c < _WIDE:
            here = _TALLY[c]
            tally += here
            letter = here & 1
        else:
            trait = table[min(c, _LAST)]
            letter = int((trait & _LETTER) != 0)
            letters += letter
            digits += (trait & _DIGIT) != 0
            spaceless += (trait & _SPACELESS) != 0
            foreign += (trait & _FOREIGN) != 0
        hashtags += letter & (last == _HASH)
        last = c
    letters += tally & _FIELD
    digits += tally >> _WIDTH & _FIELD
    stretched = 0
    if thrice(folded, low, high):
        stretched, narrow = kernels.stretched(folded, low, high, table)
    counts[kernels._STRETCHED] = stretched
    out[0, row] = high - low
    out[1, row] = letters
    out[2, row] = (spaceless + 1) // 2
    out[4, row] = digits
    out[6, row] = out[3, row] > 0 and letters + digits == 0
    out[10, row] = (tally >> 2 * _WIDTH & _FIELD) > 0
    out[11, row] = (tally >> 3 * _WIDTH & _FIELD) > 0
    out[12, row] = narrow > 0
    out[15, row] = hashtags > 0
    return _exact_key(folded, low, high), letters, foreign


@nb.njit(nogil=True, cache=True, forceinline=True)
def _list_word(number, length, keys, bits, shift, mask, numbers, lengths, listed, count, listings) -> None:
    """Fill one word, and count the lists that it stands in."""
    place = (number >> shift) & mask
    # No branch: which words are listed cannot be guessed.
    lists = bits[place] * np.uint8(keys[place] == number)
    numbers[count] = number
    lengths[count] = length
    listed[count] = lists
    for k in range(3):
        listings[k] += (lists >> k) & 1


@nb.njit(nogil=True, cache=True, forceinline=True)
def _tokens_and_words(
    padded, size, table, bucket_shift, out, keys, bits, shift, mask, numbers, lengths, listed, count, listings
):  # fmt: skip
    """Fill the buckets of tokens and pairs, as ``kernels.token_buckets`` does, and the words: here the same."""
    told = slang = 0
    previous = _U(0)
    total, step = _U(0), _BASE
    # Places without sign: those that might be below 0 are looked after at each of them.
    i, end, pieces, at = _NEXT, _U(size), _U(0), _U(count)
    while i <= end:
        c = padded[i]
        i += _NEXT
        if c == _WIDE_BLANK:
            continue
        word = (table[min(c, _WIDE_LAST)] & _SIGN) == 0
        here = c
        if word:
            begin = i - _NEXT
            power = _BASE
            c = padded[i]
            while (table[min(c, _WIDE_LAST)] & _SIGN) == 0:
                here += c * power
                power *= _BASE
                i += _NEXT
                c = padded[i]
            # A word's number begins with the first power of the base, a token's with the zeroth.
            number = _mixed(here * _BASE)
            _list_word(number, i - begin, keys, bits, shift, mask, numbers, lengths, listed, at, listings)
            total += number * step
            step *= _BASE
            at += _NEXT
        if pieces > _U(0):
            if here == previous:
                continue
            out[pieces] = kernels.pair_bucket(previous, here, bucket_shift)
            pieces += _NEXT
        out[pieces] = kernels.token_bucket(here, bucket_shift)
        pieces += _NEXT
        if word:
            told += 1
            slang += kernels._is_slang(here)
        previous = here
    return np.int64(pieces), told, slang, np.int64(at), _mixed(total)


@nb.njit(nogil=True, cache=True)
def _read_words(plain, low, high, table, keys, bits, shift, mask, numbers, lengths, listed, count, listings):
    """Fill the words of a plain text from ``count`` on, and how many each list holds; return their end and key."""
    total, power = _U(0), _BASE
    i = low
    while i < high:
        if (table[min(plain[i], _LAST)] & _LETTER) == 0:
            i += 1
            continue
        begin = i
        word, step = _U(0), _BASE
        while i < high and (table[min(plain[i], _LAST)] & _LETTER) != 0:
            word += _U(plain[i]) * step
            step *= _BASE
            i += 1
        number = _mixed(word)
        _list_word(number, _U(i - begin), keys, bits, shift, mask, numbers, lengths, listed, _U(count), listings)
        total += number * power
        power *= _BASE
        count += 1
    return count, _mixed(total)


@nb.njit(nogil=True, cache=True, inline="always")
def _language(words_count, indonesian, english, letters, foreign):
    """Return the code of the language, as ``languages.languages`` tells it."""
    if 2 * foreign > letters:
        return 4
    most, least = max(indonesian, english), min(indonesian, english)
    if not _LEAST_SHARE * words_count <= most:
        return 0
    if least > 0 and most < 3 * least:
        return 3
    return 1 if indonesian > english else (2 if english > indonesian else 0)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def facts_of(raw, raw_starts, folded, folded_starts, plain, plain_starts, odd, table, known, model):
    """Return what is told of each comment.

    These are numbers, lengths, starts and lists of the words; the measures, one row for each of ``measures.MEASURES``
    and in their order, and one for ``short``; and what ``languages``, ``exact_keys``, ``template_keys`` and
    ``CommentModel.sold_steps`` hold. ``known`` are the listed words, ``model`` the parts of the comment model.
    """
    keys, bits, shift, mask = known
    grams, gram_bits, weights, bias, scale = model
    n = len(raw_starts) - 1
    # Between two words stands another sign or the end of a text.
    most = (plain_starts[n] + n + 1) // 2
    numbers, lengths = np.empty(most, dtype=np.uint64), np.empty(most, dtype=np.int64)
    word_starts, listed = np.zeros(n + 1, dtype=np.int64), np.empty(most, dtype=np.uint8)
    measures, language = np.empty((_ROWS, n)), np.empty(n, dtype=np.int8)
    exact, template = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.uint64)
    steps = np.empty(n, dtype=np.int64)
    bucket_shift = _U(64 - gram_bits)
    # Not for each text: whoever takes a part of an array counts, in memory, that it is held.
    of_bins, of_grams = weights[0], grams[0]
    longest = 0
    for row in range(len(plain_starts) - 1):
        longest = max(longest, plain_starts[row + 1] - plain_starts[row])
    padded = np.empty(longest + 6, dtype=np.uint64)
    tokens = np.empty(2 * longest + 2, dtype=np.uint64)
    counts, marks = np.zeros(_MEASURES, dtype=np.int64), np.zeros(6, dtype=np.int64)
    bins, listings = np.empty(_BINS_OF_ALL, dtype=np.int64), np.zeros(3, dtype=np.int64)
    found = np.int64(0)
    for row in range(len(raw_starts) - 1):
        low, high = plain_starts[row], plain_starts[row + 1]
        hand, uppers, emoji, capitals, tidy = kernels.written(raw, raw_starts[row], raw_starts[row + 1], table, counts)
        measures[3, row], measures[5, row], measures[17, row] = emoji, capitals, tidy
        exact[row], letters, foreign = _read_folded(
            folded, folded_starts[row], folded_starts[row + 1], table, counts, measures, row
        )
        inside, regular = kernels.plain_measures(plain, low, high, table, padded, marks)
        first = found
        listings[:] = 0
        if regular:
            pieces, told, slang, found, template[row] = _tokens_and_words(
                padded, high - low, table, bucket_shift, tokens, keys, bits, shift, mask, numbers, lengths, listed,
                found, listings,
            )  # fmt: skip
        else:
            pieces, told, slang = kernels.token_buckets(padded, high - low, table, bucket_shift, tokens)
            found, template[row] = _read_words(
                plain, low, high, table, keys, bits, shift, mask, numbers, lengths, listed, found, listings
            )
        word_starts[row + 1] = found
        counts[kernels._WORDS] = told
        counts[kernels._ODD] = odd[row]
        counts[kernels._SLANG_WORDS] = slang
        starts_with_mention = high > low and plain[low] == 1
        kernels.fill_marks(counts, marks, starts_with_mention)
        kernels.fill_bins(counts, uppers / max(hand, 1), inside / max(told, 1), bins)
        margin = kernels.margin_of(of_bins, bias[0], bins, of_grams, tokens, pieces, padded, high - low, bucket_shift)
        step = np.floor(margin * (_STEPS / scale) + 0.5)
        steps[row] = np.int64(min(max(step, -_REACH), _REACH)) + _REACH
        said = found - first
        language[row] = _language(said, listings[0], listings[1], letters, foreign)
        stand_for_words = marks[1] + marks[2] + marks[3] + marks[4] + marks[5]
        measures[2, row] = max(said + stand_for_words, np.int64(measures[2, row]))
        measures[7, row] = odd[row]
        measures[8, row] = marks[1] > 0
        measures[9, row] = starts_with_mention
        measures[13, row] = marks[2] > 0
        measures[14, row] = marks[3] > 0
        measures[16, row] = high > low and (table[min(plain[high - 1], _LAST)] & _EMOJI) != 0
        measures[18, row] = listings[0] > 0
        measures[19, row] = listings[1] > 0
        measures[20, row] = listings[2] >= 2 and 4 * listings[2] >= said
        measures[21, row] = measures[2, row] <= 2 and measures[6, row] == 0
    numbers, lengths, listed = numbers[:found], lengths[:found], listed[:found]
    return numbers, lengths, word_starts, listed, measures, language, exact, template, steps
