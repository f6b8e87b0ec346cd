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

from realreach.comment_text import kernels, languages, lookalikes, model, style, traits, words

__all__ = ["fill_facts"]

_U = np.uint64
_LAST = lookalikes.TABLE_SIZE
_LETTER, _DIGIT, _CAPITAL, _SMALL = traits.LETTER, traits.DIGIT, traits.CAPITAL, traits.SMALL
_EMOJI, _SPACELESS, _FOREIGN = traits.EMOJI, traits.SPACELESS, traits.FOREIGN
_SENTENCE_END, _QUESTION, _EXCLAMATION = traits.SENTENCE_END, traits.QUESTION, traits.EXCLAMATION
_STRETCHES, _PICTURE = traits.STRETCHES, traits.PICTURE
_HAND, _HAND_CAPITAL = traits.HAND_LETTER, traits.HAND_CAPITAL
_BASE, _MIX1, _MIX2, _HALF = _U(words.BASE), _U(words.MIX[0]), _U(words.MIX[1]), _U(33)
_LEAST_SHARE = languages.LEAST_SHARE
_REACH, _STEPS = model.REACH, model.STEPS
_ASCII, _WIDTH, _FIELD = kernels._ASCII, kernels._WIDTH, kernels._FIELD
_MEASURES, _BINS_OF_ALL = kernels._MEASURES, kernels._MEASURES + len(style.CROSSES)


@nb.njit(nogil=True, cache=True, inline="always")
def _mixed(value):
    value ^= value >> _HALF
    value *= _MIX1
    value ^= value >> _HALF
    value *= _MIX2
    return value ^ (value >> _HALF)


@nb.njit(nogil=True, cache=True)
def _written(raw, low, high, table, counts, out, row):
    """Fill what is counted over the code points as written; return the letters and the capitals of handwriting."""
    pictures = exclamation = question = sentence = uppers = letters = inner = emoji = capitals = ends = 0
    signs = money = 0
    first_upper = False
    before = np.uint32(0)
    for i in range(low, high):
        c = raw[i]
        trait = table[min(c, _LAST)]
        letter, upper = (trait & _HAND) != 0, (trait & _HAND_CAPITAL) != 0
        first_upper |= upper and letters == 0
        letters += letter
        uppers += upper
        inner += upper and (before & _HAND) != 0
        emoji += (trait & _EMOJI) != 0
        capitals += (trait & _CAPITAL) != 0
        ends += (trait & _SENTENCE_END) != 0 and (before & _SMALL) != 0
        before = trait
        if c < 0x80:
            signs += _ASCII[0, c]
            money += _ASCII[1, c]
        elif trait & _PICTURE:
            pictures += 1
        elif c == 0x3002 or c == 0x2026:
            sentence += 1
        elif c == 0xFF01 or c == 0xA1:
            exclamation += 1
        elif c == 0xFF1F or c == 0xBF:
            question += 1
    counts[kernels._LENGTH] = high - low
    counts[kernels._EMOJI] = pictures
    counts[kernels._EMOJI_AT_END] = kernels._emoji_at_end(raw, low, high, table)
    counts[kernels._EXCLAMATION] = exclamation + (signs & _FIELD)
    counts[kernels._QUESTION] = question + (signs >> _WIDTH & _FIELD)
    counts[kernels._SENTENCE] = sentence + (signs >> 2 * _WIDTH & _FIELD)
    counts[kernels._COMMAS] = signs >> 3 * _WIDTH & _FIELD
    counts[kernels._LINES] = signs >> 4 * _WIDTH & _FIELD
    counts[kernels._MONEY] = money
    counts[kernels._BEGINS] = first_upper
    counts[kernels._INNER] = inner
    out[3, row] = emoji
    out[5, row] = capitals
    out[17, row] = ends > 0 and (table[min(raw[low], _LAST)] & _CAPITAL) != 0
    return letters, uppers


@nb.njit(nogil=True, cache=True)
def _read_folded(folded, low, high, table, counts, out, row):
    """Fill what is counted over the folded text; return its exact key, and its letters by script."""
    letters = digits = spaceless = foreign = held = narrow = stretched = hashtags = run = 0
    last = np.uint32(0)
    total, power, spaced = _U(0), _BASE, _U(0)
    for i in range(low, high):
        c = folded[i]
        trait = table[min(c, _LAST)]
        held |= trait
        letter = (trait & _LETTER) != 0
        letters += letter
        digits += (trait & _DIGIT) != 0
        spaceless += (trait & _SPACELESS) != 0
        foreign += (trait & _FOREIGN) != 0
        hashtags += letter and last == 0x23
        if c == last:
            run += 1
            if run >= 3:
                narrow += 0x61 <= c <= 0x7A
                stretched += (trait & _STRETCHES) != 0
        else:
            run = 1
        last = c
        # A space marks the next character, but not the first.
        if c == 0x20:
            spaced = _U(1) << _U(32) if power != _BASE else _U(0)
        else:
            total += (_U(c) + spaced) * power
            power *= _BASE
            spaced = _U(0)
    counts[kernels._STRETCHED] = stretched
    out[0, row] = high - low
    out[1, row] = letters
    out[2, row] = (spaceless + 1) // 2
    out[4, row] = digits
    out[6, row] = out[3, row] > 0 and letters + digits == 0
    out[10, row] = (held & _QUESTION) != 0
    out[11, row] = (held & _EXCLAMATION) != 0
    out[12, row] = narrow > 0
    out[15, row] = hashtags > 0
    return _mixed(total), letters, foreign


@nb.njit(nogil=True, cache=True)
def _read_words(plain, low, high, table, keys, bits, shift, mask, numbers, lengths, listed, count, listings):
    """Fill the words of a plain text from ``count`` on, and how many each list holds; return their end and their key."""
    total, power = _U(0), _BASE
    listings[:] = 0
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
        place = np.int64((number >> shift) & mask)
        lists = bits[place] if keys[place] == number else np.uint8(0)
        numbers[count] = number
        lengths[count] = i - begin
        listed[count] = lists
        for k in range(3):
            listings[k] += (lists >> k) & 1
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


@nb.njit(nogil=True, cache=True)
def fill_facts(
    raw, raw_starts, folded, folded_starts, plain, plain_starts, odd, table, keys, bits, shift, mask, grams, gram_bits,
    weights, bias, scale, numbers, lengths, word_starts, listed, measures, language, exact, template, steps,
):  # fmt: skip
    """Fill what is told of each comment; return how many words there are.

    ``measures`` has one row for each of ``measures.MEASURES`` and in their order, and one for ``short``. The others are
    what ``Words``, ``languages``, ``exact_keys``, ``template_keys`` and ``CommentModel.sold_steps`` hold.
    """
    bucket_shift = _U(64 - gram_bits)
    longest = 0
    for row in range(len(plain_starts) - 1):
        longest = max(longest, plain_starts[row + 1] - plain_starts[row])
    padded = np.empty(longest + 6, dtype=np.uint64)
    tokens, characters = np.empty(2 * longest + 2, dtype=np.int64), np.empty(3 * longest + 3, dtype=np.int64)
    counts, marks = np.zeros(_MEASURES, dtype=np.int64), np.zeros(6, dtype=np.int64)
    bins, listings = np.empty(_BINS_OF_ALL, dtype=np.int64), np.zeros(3, dtype=np.int64)
    found = 0
    for row in range(len(raw_starts) - 1):
        low, high = plain_starts[row], plain_starts[row + 1]
        hand, uppers = _written(raw, raw_starts[row], raw_starts[row + 1], table, counts, measures, row)
        exact[row], letters, foreign = _read_folded(
            folded, folded_starts[row], folded_starts[row + 1], table, counts, measures, row
        )
        first = found
        found, template[row] = _read_words(
            plain, low, high, table, keys, bits, shift, mask, numbers, lengths, listed, found, listings
        )
        word_starts[row + 1] = found
        inside = kernels._plain_measures(plain, low, high, table, padded, marks)
        pieces, told, slang = kernels._token_buckets(padded, high - low, table, bucket_shift, tokens)
        count = kernels._character_buckets(padded, high - low, bucket_shift, characters)
        counts[kernels._WORDS] = told
        counts[kernels._ODD] = odd[row]
        counts[kernels._LINKS], counts[kernels._MENTIONS], counts[kernels._PHONES] = marks[2], marks[1], marks[3]
        counts[kernels._BRANDS], counts[kernels._NUMBERS] = marks[5], marks[4]
        counts[kernels._MENTION_FIRST] = high > low and plain[low] == 1
        counts[kernels._SLANG_WORDS] = slang
        kernels._fill_bins(counts, uppers / max(hand, 1), inside / max(told, 1), bins)
        margin = kernels._margin(weights[0], bias[0], bins, grams[0], tokens, pieces, characters, count)
        step = np.floor(margin * (_STEPS / scale) + 0.5)
        steps[row] = np.int64(min(max(step, -_REACH), _REACH)) + _REACH
        said = found - first
        language[row] = _language(said, listings[0], listings[1], letters, foreign)
        stand_for_words = marks[1] + marks[2] + marks[3] + marks[4] + marks[5]
        measures[2, row] = max(said + stand_for_words, np.int64(measures[2, row]))
        measures[7, row] = odd[row]
        measures[8, row] = marks[1] > 0
        measures[9, row] = high > low and plain[low] == 1
        measures[13, row] = marks[2] > 0
        measures[14, row] = marks[3] > 0
        measures[16, row] = high > low and (table[min(plain[high - 1], _LAST)] & _EMOJI) != 0
        measures[18, row] = listings[0] > 0
        measures[19, row] = listings[1] > 0
        measures[20, row] = listings[2] >= 2 and 4 * listings[2] >= said
        measures[21, row] = measures[2, row] <= 2 and measures[6, row] == 0
    return found
