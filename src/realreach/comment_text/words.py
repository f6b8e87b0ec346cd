"""Words and runs of characters as 64-bit numbers, in a few passes over the code points and without a string.

The number of a run ``c1 c2 .. cn`` is ``mix(c1 B + c2 B^2 + .. + cn B^n)`` modulo 2^64 with the odd constant B below,
and ``mix`` the finisher of MurmurHash3. Equal runs give equal numbers wherever they stand; different ones differ but
for one chance in about 10^19 for each pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from realreach.comment_text.codepoints import CodePoints

__all__ = [
    "BASE",
    "Characters",
    "Words",
    "characters",
    "mix",
    "number_of",
    "numbers_of_runs",
    "runs",
    "split_words",
    "weighted_sums",
]

_U64 = npt.NDArray[np.uint64]
_I64 = npt.NDArray[np.int64]
BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(BASE, -1, 2**64)
_SIZE = 0x20000


@dataclass(frozen=True, eq=False)
class Characters:
    """What each code point below 0x20000 is; those above are Han."""

    letter: npt.NDArray[np.bool_]
    digit: npt.NDArray[np.bool_]
    upper: npt.NDArray[np.bool_]
    lower: npt.NDArray[np.bool_]
    emoji: npt.NDArray[np.bool_]
    spaceless: npt.NDArray[np.bool_]
    foreign: npt.NDArray[np.bool_]

    def of(self, kind: str, codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """Return which code points are of a kind."""
        table: npt.NDArray[np.bool_] = getattr(self, kind)
        return np.asarray(table[np.minimum(codes, _SIZE - 1)] | ((codes >= _SIZE) & (kind in _HAN)), dtype=bool)


_HAN = ("letter", "spaceless", "foreign")
_EMOJI = (
    (0x1F300, 0x1FB00),
    (0x2600, 0x27C0),
    (0x2B50, 0x2B51),
    (0x2B55, 0x2B56),
    (0x2190, 0x2200),
    (0x1F1E6, 0x1F200),
)
_SPACELESS = ((0x3040, 0x3100), (0x3400, 0xA000), (0xF900, 0xFB00), (0xE00, 0xF00), (0x1780, 0x1800), (0x1000, 0x10A0))
_MARKS = (
    (0x900, 0xE00),
    (0xE31, 0xE4F),
    (0xEB1, 0xED0),
    (0x1000, 0x10A0),
    (0x17B4, 0x17D4),
    (0x610, 0x61B),
    (0x64B, 0x660),
)
"""Vowel signs of scripts that write them as marks: part of a word, though Unicode calls them no letters."""


@cache
def characters() -> Characters:
    """Return the tables of kinds, made once."""
    text = np.arange(_SIZE, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    flags = [
        np.fromiter(map(test, text), dtype=bool, count=_SIZE)
        for test in (str.isalpha, str.isdecimal, str.isupper, str.islower)
    ]
    letter = flags[0]
    foreign = letter.copy()
    foreign[:0x250] = foreign[0x1E00:0x1F00] = foreign[0x250:0x2B0] = False
    letter = letter | _ranges(_MARKS)
    _, digit, upper, lower = flags
    return Characters(letter, digit, upper, lower, _ranges(_EMOJI), _ranges(_SPACELESS), foreign)


def _ranges(ranges: tuple[tuple[int, int], ...]) -> npt.NDArray[np.bool_]:
    out = np.zeros(_SIZE, dtype=bool)
    for low, high in ranges:
        out[low:high] = True
    return out


@cache
def _powers(number: int) -> tuple[_U64, _U64]:
    """Return the powers of the base and of its inverse."""
    with np.errstate(over="ignore"):
        up = np.cumprod(np.full(number, BASE, dtype=np.uint64))
        down = np.cumprod(np.full(number, _INVERSE, dtype=np.uint64))
    return np.concatenate([[np.uint64(1)], up]), np.concatenate([[np.uint64(1)], down])


def mix(values: _U64) -> _U64:
    """Return numbers whose every bit depends on every bit of the given ones (the finisher of MurmurHash3)."""
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(0xFF51AFD7ED558CCD)
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(0xC4CEB9FE1A85EC53)
    return np.asarray(values ^ (values >> np.uint64(33)), dtype=np.uint64)


def weighted_sums(values: _U64, first: _I64, last: _I64) -> _U64:
    """Return ``v1 B + v2 B^2 + ..`` of the runs ``values[first:last]``, the same wherever a run stands."""
    number = 1 << max(len(values), 1).bit_length()
    up, down = _powers(number)
    total = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(values * up[1 : len(values) + 1], dtype=np.uint64)])
    return np.asarray((total[last] - total[first]) * down[first], dtype=np.uint64)


def numbers_of_runs(codes: npt.NDArray[np.uint32], first: _I64, last: _I64) -> _U64:
    """Return the number of every run ``codes[first:last]``."""
    return mix(weighted_sums(codes.astype(np.uint64), first, last))


def number_of(word: str) -> int:
    """Return the number of one word, by the plainest code: what lists of words and tests compare with.

    Examples
    --------
    >>> words = split_words(CodePoints(np.frombuffer("a kak".encode("utf-32-le"), dtype=np.uint32), np.array([0, 5])))
    >>> int(words.numbers[1]) == number_of("kak")
    True
    """
    total = sum(ord(c) * pow(BASE, i, 2**64) for i, c in enumerate(word, 1)) % 2**64
    return int(mix(np.array([total], dtype=np.uint64))[0])


@dataclass(frozen=True, eq=False)
class Words:
    """The words of ``n`` texts: those of text ``i`` are ``starts[i]:starts[i + 1]``.

    Parameters
    ----------
    numbers
        Number of each word (:func:`number_of`).
    lengths
        Letters of each word.
    starts
        Shape (n + 1,).
    """

    numbers: _U64
    lengths: _I64
    starts: _I64

    @cached_property
    def owner(self) -> _I64:
        """Number of the text that each word stands in."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def sum_by_text(self, values: npt.NDArray) -> npt.NDArray[np.float64]:
        """Return the sum of a value per word over each text."""
        total = np.bincount(self.owner, weights=values, minlength=len(self.starts) - 1)
        return np.asarray(total, dtype=np.float64)


def split_words(points: CodePoints) -> Words:
    """Return the words of texts: the longest runs of letters; digits, marks, emoji and placeholders part them."""
    first, last = runs(points, characters().of("letter", points.codes))
    starts = np.searchsorted(first, points.starts)
    return Words(numbers_of_runs(points.codes, first, last), last - first, starts.astype(np.int64))


def runs(points: CodePoints, inside: npt.NDArray[np.bool_]) -> tuple[_I64, _I64]:
    """Return where the longest runs of marked code points begin and end; no run reaches over the end of a text."""
    if len(inside) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    edge = np.zeros(len(inside) + 1, dtype=bool)
    edge[points.starts] = True
    before = np.concatenate([[False], inside[:-1]])
    after = np.concatenate([inside[1:], [False]])
    return (
        np.flatnonzero(inside & (~before | edge[:-1])).astype(np.int64),
        np.flatnonzero(inside & (~after | edge[1:])).astype(np.int64) + 1,
    )
