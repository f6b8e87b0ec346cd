"""Words and runs of characters as 64-bit numbers, in a few passes over the code points and without a string.

The number of a run ``c1 c2 .. cn`` is ``mix(c1 B + c2 B^2 + .. + cn B^n)`` modulo 2^64 with the odd constant B below,
and ``mix`` the finisher of MurmurHash3. Equal runs give equal numbers wherever they stand; different ones differ but
for one chance in about 10^19 for each pair.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType, ModuleType

import numpy as np
import numpy.typing as npt

from realreach.comment_text import traits
from realreach.comment_text.codepoints import CodePoints, own
from realreach.comment_text.word_lists import ENGLISH, INDONESIAN, WISHES
from realreach.compiled import kernels_for
from realreach.lazy import cached_property

__all__ = [
    "BASE",
    "MIX",
    "Characters",
    "WordList",
    "Words",
    "characters",
    "mix",
    "number_of",
    "numbers_of_runs",
    "powers",
    "runs",
    "split_words",
    "weighted_sums",
    "word_list",
]

_U64 = npt.NDArray[np.uint64]
_I64 = npt.NDArray[np.int64]
BASE = 0x9E3779B97F4A7C15
MIX = (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53)
_INVERSE = pow(BASE, -1, 2**64)


@dataclass(frozen=True, eq=False)
class Characters:
    """What code points are, by the names of the traits that words and measures ask for."""

    names: Mapping[str, int]

    def of(self, kind: str, codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """Return which code points are of a kind."""
        return (traits.of(codes) & np.uint32(self.names[kind])) != 0


@cache
def characters() -> Characters:
    """Return the kinds ``letter``, ``digit``, ``upper``, ``lower``, ``emoji``, ``spaceless`` and ``foreign``."""
    return Characters(
        MappingProxyType(
            {
                "letter": traits.LETTER,
                "digit": traits.DIGIT,
                "upper": traits.CAPITAL,
                "lower": traits.SMALL,
                "emoji": traits.EMOJI,
                "spaceless": traits.SPACELESS,
                "foreign": traits.FOREIGN,
            }
        )
    )


def powers(number: int) -> tuple[_U64, _U64]:
    """Return at least so many powers of the base and of its inverse, from the zeroth on."""
    return _powers(1 << max(number, 1).bit_length())


@cache
def _powers(number: int) -> tuple[_U64, _U64]:
    with np.errstate(over="ignore"):
        up = np.cumprod(np.full(number, BASE, dtype=np.uint64))
        down = np.cumprod(np.full(number, _INVERSE, dtype=np.uint64))
    return np.concatenate([[np.uint64(1)], up]), np.concatenate([[np.uint64(1)], down])


def mix(values: _U64) -> _U64:
    """Return numbers whose every bit depends on every bit of the given ones (the finisher of MurmurHash3)."""
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(MIX[0])
    values = values ^ (values >> np.uint64(33))
    values = values * np.uint64(MIX[1])
    return np.asarray(values ^ (values >> np.uint64(33)), dtype=np.uint64)


def weighted_sums(values: _U64, first: _I64, last: _I64) -> _U64:
    """Return ``v1 B + v2 B^2 + ..`` of the runs ``values[first:last]``, the same wherever a run stands."""
    up, down = powers(len(values))
    total = np.concatenate([np.zeros(1, dtype=np.uint64), (values * up[1 : len(values) + 1]).cumsum(dtype=np.uint64)])
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
    def listed(self) -> npt.NDArray[np.uint8]:
        """In which lists each word stands, as bits (:mod:`realreach.comment_text.word_lists`)."""
        return word_list().bits_of(self.numbers)

    @cached_property
    def counts(self) -> _I64:
        """Words of each text."""
        return self.starts[1:] - self.starts[:-1]

    @cached_property
    def owner(self) -> _I64:
        """Number of the text that each word stands in."""
        return np.arange(len(self.starts) - 1).repeat(self.counts)

    def count(self, hit: npt.NDArray[np.bool_]) -> _I64:
        """Return how many words of each text are marked."""
        before = np.zeros(len(hit) + 1, dtype=np.int64)
        hit.cumsum(out=before[1:])
        at = before[self.starts]
        return at[1:] - at[:-1]

    def sum_by_text(self, values: npt.NDArray) -> npt.NDArray[np.float64]:
        """Return the sum of a value per word over each text."""
        total = np.bincount(self.owner, weights=values, minlength=len(self.starts) - 1)
        return np.asarray(total, dtype=np.float64)


def split_words(points: CodePoints) -> Words:
    """Return the words of texts: the longest runs of letters; digits, marks, emoji and placeholders part them."""
    if (compiled := kernels_for(len(points), "comment_text.measuring_kernels")) is not None:
        return _compiled(points, compiled)
    first, last = runs(points, points.has(traits.LETTER))
    starts = first.searchsorted(points.starts)
    return Words(numbers_of_runs(points.codes, first, last), last - first, starts.astype(np.int64))


def _compiled(points: CodePoints, kernels: ModuleType) -> Words:
    # Between two words stands another sign or the end of a text.
    most = (len(points.codes) + len(points) + 1) // 2
    numbers, lengths = np.empty(most, dtype=np.uint64), np.empty(most, dtype=np.int64)
    starts, listed = np.zeros(len(points) + 1, dtype=np.int64), np.empty(most, dtype=np.uint8)
    known = word_list()
    count = kernels.split_into_words(
        own(points.codes), own(points.starts), traits.table(), known.keys, known.bits, known.shift, known.mask,
        numbers, lengths, starts, listed,
    )  # fmt: skip
    out = Words(numbers[:count], lengths[:count], starts)
    out.__dict__["listed"] = listed[:count]
    return out


def runs(points: CodePoints, inside: npt.NDArray[np.bool_]) -> tuple[_I64, _I64]:
    """Return where the longest runs of marked code points begin and end; no run reaches over the end of a text."""
    if len(inside) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    # A run begins where its mark differs from the one before, or at the start of a text; it ends likewise.
    change = np.ones(len(inside) + 1, dtype=bool)
    change[1:-1] = inside[1:] != inside[:-1]
    change[points.starts] = True
    edges = change.nonzero()[0]
    full = inside[edges[:-1]]
    return edges[:-1][full], edges[1:][full]


class WordList:
    """Whether words stand in lists, one look-up for each word: a table that no two listed words share a place of.

    Parameters
    ----------
    lists
        The numbers of the listed words; list ``k`` is answered by the bit ``1 << k``.

    Examples
    --------
    >>> listed = WordList([[number_of("kak")], [number_of("wow"), number_of("kak")]])
    >>> words = np.array([number_of(w) for w in ("kak", "wow", "oh")], dtype=np.uint64)
    >>> listed.bits_of(words).tolist()
    [3, 2, 0]
    """

    def __init__(self, lists: Iterable[Iterable[int]]) -> None:
        bits: dict[int, int] = {}
        for k, numbers in enumerate(lists):
            for number in numbers:
                bits[number] = bits.get(number, 0) | 1 << k
        keys = np.array(sorted(bits), dtype=np.uint64)
        self.shift, size = _window(keys)
        self.mask = np.uint64(size - 1)
        place = ((keys >> self.shift) & self.mask).astype(np.int64)
        self.keys, self.bits = np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=np.uint8)
        self.keys[place], self.bits[place] = keys, [bits[int(key)] for key in keys]
        self.keys.setflags(write=False)
        self.bits.setflags(write=False)

    def bits_of(self, numbers: _U64) -> npt.NDArray[np.uint8]:
        """Return in which lists words stand, 0 for a word in none."""
        place = ((numbers >> self.shift) & self.mask).astype(np.int64)
        return self.bits[place] * (self.keys[place] == numbers)


@cache
def word_list() -> WordList:
    """Return the listed words; list ``k`` answers with the bit ``1 << k``."""
    return WordList([number_of(word) for word in words] for words in (INDONESIAN, ENGLISH, WISHES))


def _window(keys: _U64) -> tuple[np.uint64, int]:
    """Return the bits of numbers (a shift, and the size of a table) that tell all the keys apart, as few as will do."""
    for bits in range(max(len(keys).bit_length(), 1) + 6, 32):
        for shift in range(64 - bits + 1):
            if len(np.unique((keys >> np.uint64(shift)) & np.uint64((1 << bits) - 1))) == len(keys):
                return np.uint64(shift), 1 << bits
    raise AssertionError("numbers of 64 bits differ in some 31 of them")
