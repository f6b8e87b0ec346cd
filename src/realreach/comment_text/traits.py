"""What every code point is, as one number of 32 bits: a step on letters is then one look-up and some comparisons.

The traits of all steps stand in one table (folding, words, measures, hashing, style), so that a text is looked up once
for each of its forms. Code points from ``TABLE_SIZE`` on are rare Han and share the table's last entry; NumPy's
``take(mode="clip")`` and the kernels' ``min`` lead there.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

from realreach.comment_text import lookalikes
from realreach.comment_text.lookalikes import TABLE_SIZE

__all__ = [
    "CAPITAL", "DIGIT", "DIRTY", "DRAWS_NOTHING", "EMOJI", "EXCLAMATION", "FOLDS", "FOREIGN", "HAND_CAPITAL",
    "HAND_LETTER", "INSIDE", "LATIN", "LETTER", "MARKED", "NOTHING", "PHRASES", "PICTURE", "QUESTION", "SENTENCE_END",
    "SIGN", "SMALL", "SORTED", "SPACE", "SPACELESS", "STRETCHES", "STROKE", "STYLED", "TWIN", "UNSETTLED", "WORD",
    "between", "fold_map", "of", "table",
]  # fmt: skip

_U32 = npt.NDArray[np.uint32]
_Bool = npt.NDArray[np.bool_]

# Folding (realreach.comment_text.normalise)
LATIN, TWIN, WORD, STROKE, NOTHING, SPACE, SORTED, STYLED = (1 << i for i in range(8))
UNSETTLED, FOLDS, DIRTY, MARKED = (1 << i for i in range(8, 12))
"""What NFKC may change alone or beside others; what the fold map changes; white space and controls other than the
space; what a placeholder may stand for (``. : @`` and digits)."""
# Words and measures (realreach.comment_text.words, .measures)
LETTER, DIGIT, CAPITAL, SMALL, EMOJI, SPACELESS, FOREIGN = (1 << i for i in range(12, 19))
QUESTION, EXCLAMATION, SENTENCE_END = (1 << i for i in range(19, 22))
# Hashing and style (realreach.comment_text.hashing, .style)
SIGN, HAND_CAPITAL, HAND_LETTER, PICTURE, DRAWS_NOTHING, INSIDE, STRETCHES = (1 << i for i in range(22, 29))

PHRASES = {0xFDFA: 0x06, 0xFDFB: 0x07}
"""Signs that stand for a whole phrase (eighteen letters), and what stands in for them while others are put in NFKC."""

_Ranges = tuple[tuple[int, int], ...]
_LATINS: _Ranges = ((0x41, 0x5B), (0x61, 0x7B), (0xC0, 0x250), (0x1E00, 0x1F00))
_STROKES: _Ranges = ((0x300, 0x370), (0x1AB0, 0x1B00), (0x1DC0, 0x1E00), (0x20D0, 0x2100), (0xFE20, 0xFE30))
_WIDTHLESS: _Ranges = (
    (0x200B, 0x2010), (0x202A, 0x202F), (0x2060, 0x2070), (0xFE00, 0xFE10), (0x180B, 0x180F), (0xAD, 0xAE),
    (0x61C, 0x61D), (0xFEFF, 0xFF00),
)  # fmt: skip
_EMOJI: _Ranges = (
    (0x1F300, 0x1FB00), (0x2600, 0x27C0), (0x2B50, 0x2B51), (0x2B55, 0x2B56), (0x2190, 0x2200), (0x1F1E6, 0x1F200),
)  # fmt: skip
_SPACELESS: _Ranges = (
    (0x3040, 0x3100), (0x3400, 0xA000), (0xF900, 0xFB00), (0xE00, 0xF00), (0x1780, 0x1800), (0x1000, 0x10A0),
)  # fmt: skip
_MARKS: _Ranges = (
    (0x900, 0xE00), (0xE31, 0xE4F), (0xEB1, 0xED0), (0x1000, 0x10A0), (0x17B4, 0x17D4), (0x610, 0x61B), (0x64B, 0x660),
)  # fmt: skip
"""Vowel signs of scripts that write them as marks: part of a word, though Unicode calls them no letters."""
_SIGNS: _Ranges = (
    (0x00, 0x30), (0x3A, 0x41), (0x5B, 0x61), (0x7B, 0xAA), (0xAB, 0xB5), (0xB6, 0xBA), (0xBB, 0xC0), (0xD7, 0xD8),
    (0xF7, 0xF8), (0x2000, 0x2070), (0x20A0, 0x20D0), (0x2100, 0x2C00), (0x2E00, 0x2E80), (0x3000, 0x3005),
    (0x3008, 0x3020), (0xD800, 0xF900), (0xFE10, 0xFE70), (0xFF00, 0xFF10), (0xFF1A, 0xFF21), (0xFF3B, 0xFF41),
    (0xFF5B, 0xFF66), (0x1F000, 0x1FB00),
)  # fmt: skip
"""Everything but letters, digits and marks, in blocks; what lies above the table counts as letters."""
_HAND_CAPITALS: _Ranges = ((0x41, 0x5B), (0xC0, 0xD7), (0xD8, 0xDF), (0x410, 0x430))
_HAND_SMALL: _Ranges = ((0x61, 0x7B), (0xDF, 0xF7), (0xF8, 0x250), (0x430, 0x460))
_PICTURES: _Ranges = ((0x1F300, 0x1FB00), (0x2600, 0x27C0), (0x2B50, 0x2B56), (0x1F1E6, 0x1F200), (0x2190, 0x2200))
_DRAWS_NOTHING: _Ranges = ((0xFE00, 0xFE10), (0x200D, 0x200E), (0x1F3FB, 0x1F400), (0x20, 0x21), (0x0A, 0x0B))
_HAN_ABOVE = LETTER | SPACELESS | FOREIGN | UNSETTLED
_ALIKE: _Ranges = ((0x3400, 0x4DC0), (0x4E00, 0x9FFD), (0xAC00, 0xD7A4), (0xD800, 0xF900), (0x17000, 0x187F2))
"""Han, Korean syllables, halves of pairs and private use, Tangut: to Unicode all signs of such a block are alike, so
that one of them is asked instead of some fifty thousand, at the start of every process."""
_JAMO_BEHIND: _Ranges = ((0x1161, 0x1176), (0x11A8, 0x11C3))
"""Vowels and ends of Korean syllables, which join with the letter before."""


def between(*ranges: tuple[int, int]) -> _Bool:
    """Return which code points below the table's size lie in one of the ranges (the upper ends are open)."""
    out = np.zeros(TABLE_SIZE, dtype=bool)
    for low, high in ranges:
        out[low:high] = True
    return out


@cache
def fold_map() -> _U32:
    """Return the map of the look-alikes that hold wherever a letter stands, and of small letters."""
    return lookalikes.lower_map()[lookalikes.always_map()]


@cache
def table() -> _U32:
    """Return the traits of every code point below ``TABLE_SIZE``, and as the last entry those of all above."""
    every = np.arange(TABLE_SIZE, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")

    def those(test: Callable[[str], object]) -> _Bool:
        return _those(test, every)

    own = np.arange(TABLE_SIZE, dtype=np.uint32)
    out = np.zeros(TABLE_SIZE + 1, dtype=np.uint32)
    alpha, word, combining = those(str.isalpha), those(str.isalnum), those(unicodedata.combining)
    # A digit is no letter, but counts where letters and digits do.
    digit = np.zeros(TABLE_SIZE, dtype=bool)
    digits = [code for code in np.flatnonzero(word & ~alpha).tolist() if every[code].isdecimal()]
    digit[digits] = True
    for trait, hit in [
        *_folding(every, word, combining),
        (FOLDS, fold_map() != own),
        (UNSETTLED, _unsettled(every) | combining),
        (LETTER, alpha | between(*_MARKS)),
        (FOREIGN, alpha & ~between((0, 0x2B0), (0x1E00, 0x1F00))),
        (DIGIT, digit),
        (CAPITAL, those(str.isupper)),
        (SMALL, those(str.islower)),
        (EMOJI, between(*_EMOJI)),
        (SPACELESS, between(*_SPACELESS)),
        (QUESTION, own == ord("?")),
        (EXCLAMATION, own == ord("!")),
        (SENTENCE_END, between((0x21, 0x22), (0x2E, 0x2F), (0x3F, 0x40))),
        (MARKED, between((0x2E, 0x2F), (0x30, 0x3B), (0x40, 0x41))),
        (SIGN, between(*_SIGNS)),
        (HAND_CAPITAL, between(*_HAND_CAPITALS)),
        (HAND_LETTER, between(*_HAND_CAPITALS, *_HAND_SMALL)),
        (DRAWS_NOTHING, between(*_DRAWS_NOTHING)),
        (PICTURE, between(*_PICTURES) & ~between(*_DRAWS_NOTHING)),
        (INSIDE, between((0x61, 0x7B), (0xC0, 0x2000))),
        (STRETCHES, between((0x61, 0x7B), (0xC0, 0x250))),
    ]:
        out[:-1][hit] |= np.uint32(trait)
    out[-1] = _HAN_ABOVE
    out.setflags(write=False)
    return out


def _those(test: Callable[[str], object], every: str) -> _Bool:
    """Return which of all code points pass a test."""
    out = np.empty(TABLE_SIZE, dtype=bool)
    behind = 0
    for low, high in (*_ALIKE, (TABLE_SIZE, TABLE_SIZE)):
        out[behind:low] = np.fromiter(map(test, every[behind:low]), dtype=bool, count=low - behind)
        out[low:high] = low < high and bool(test(every[low]))
        behind = high
    return out


def _folding(every: str, word: _Bool, combining: _Bool) -> list[tuple[int, _Bool]]:
    """Return the traits that the folding asks for; a stroke, a sign without width, and white space are nothing else."""
    own = np.arange(TABLE_SIZE, dtype=np.uint32)
    twin = lookalikes.in_latin_words_map() != own
    stroke, widthless = between(*_STROKES), between(*_WIDTHLESS)
    space = between((0, 0x20), (0x7F, 0xA0), *((i, i + 1) for i, c in enumerate(every[:0x3001]) if c.isspace()))
    plain = ~(stroke | widthless | space)
    return [
        (LATIN, between(*_LATINS) & plain),
        (TWIN, twin & plain),
        (WORD, (word | twin) & plain),
        (STROKE, stroke & ~widthless & ~space),
        (NOTHING, widthless & ~space),
        (SPACE, space),
        (DIRTY, space & (own != 0x20)),
        (SORTED, combining),
        (STYLED, lookalikes.styled()),
    ]


def _unsettled(every: str) -> _Bool:
    """Return what NFKC changes, what it sorts, and what it joins with the sign before.

    A text without such signs is in NFKC already (this is the quick check of Unicode's annex 15, a bit more careful).
    """
    out = between(*_JAMO_BEHIND)
    for code in np.flatnonzero(_those(unicodedata.decomposition, every)).tolist():
        if code not in PHRASES:
            parts = unicodedata.decomposition(every[code])
            out[code] |= not unicodedata.is_normalized("NFKC", every[code])
            out[[int(second, 16) for second in parts.split()[1:2] if parts[0] != "<"]] = True
    return out


def of(codes: _U32) -> _U32:
    """Return the traits of code points."""
    return table().take(codes, mode="clip")
