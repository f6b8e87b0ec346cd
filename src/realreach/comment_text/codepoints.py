"""Texts as one flat array of code points: every step on letters is then a table look-up, linear in the bytes.

A kernel that walks the UTF-8 buffer once sees the same numbers; nothing here looks further than one text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from realreach.comment_text.traits import of
from realreach.lazy import cached_property

__all__ = ["CodePoints", "as_text", "decode", "encode", "own", "utf8_of"]

_U32 = npt.NDArray[np.uint32]
_I64 = npt.NDArray[np.int64]
_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True, eq=False)
class CodePoints:
    """The code points of ``n`` texts: ``codes[starts[i]:starts[i + 1]]`` are text ``i``."""

    codes: _U32
    starts: _I64

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def lengths(self) -> _I64:
        """Code points of each text."""
        return self.starts[1:] - self.starts[:-1]

    @cached_property
    def owner(self) -> _I64:
        """Number of the text that each code point stands in."""
        return np.arange(len(self)).repeat(self.lengths)

    @cached_property
    def traits(self) -> _U32:
        """Traits of each code point (:mod:`realreach.comment_text.traits`)."""
        return of(self.codes)

    @cached_property
    def tallies(self) -> dict[str, dict[str, _I64]]:
        """What was counted of each text so far (:mod:`realreach.comment_text.tallies`)."""
        return {}

    @cached_property
    def any_trait(self) -> _U32:
        """Traits that any code point of a text has, one number for each text."""
        return self._over_texts(np.bitwise_or, self.traits, np.uint32)

    @cached_property
    def again(self) -> npt.NDArray[np.bool_]:
        """Whether a code point is the one before it in its text once more."""
        out = np.zeros(len(self.codes), dtype=bool)
        out[1:] = self.codes[1:] == self.codes[:-1]
        out[self.starts[:-1][self.lengths > 0]] = False
        return out

    def has(self, traits: int) -> npt.NDArray[np.bool_]:
        """Return which code points have one of the traits."""
        return (self.traits & np.uint32(traits)) != 0

    def holds(self, traits: int) -> npt.NDArray[np.bool_]:
        """Return which texts hold a code point with one of the traits."""
        return (self.any_trait & np.uint32(traits)) != 0

    def count(self, hit: npt.NDArray[np.bool_]) -> _I64:
        """Return how many code points of each text are marked."""
        return self._over_texts(np.add, hit.view(np.uint8), np.int32).astype(np.int64)

    def sums(self, values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        """Return the sum of a value of each code point over every text, modulo 2**64."""
        return self._over_texts(np.add, values, np.uint64)

    def text_of(self, places: _I64) -> _I64:
        """Return the texts in which code points stand."""
        return np.asarray(self.starts.searchsorted(places, side="right") - 1, dtype=np.int64)

    def count_of(self, traits: int) -> _I64:
        """Return how many code points of each text have one of the traits."""
        if not self._held & traits:
            return np.zeros(len(self), dtype=np.int64)
        return self.count(self.has(traits))

    @cached_property
    def _held(self) -> int:
        """Traits that any code point has."""
        return int(np.bitwise_or.reduce(self.any_trait, initial=0))

    @cached_property
    def first(self) -> _U32:
        """The first code point of each text, a space for an empty one."""
        return self._at(self.starts[:-1])

    @cached_property
    def last(self) -> _U32:
        """The last code point of each text, a space for an empty one."""
        return self._at(self.starts[1:] - 1)

    def _at(self, places: _I64) -> _U32:
        if self._all_told:
            return self.codes[places]
        out = np.full(len(self), 0x20, dtype=np.uint32)
        some = self.lengths > 0
        out[some] = self.codes[places[some]]
        return out

    def any(self, hit: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return which texts hold a marked code point."""
        return self._over_texts(np.logical_or, hit, np.bool_)

    def after(self, hit: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Return which code points follow a marked one of the same text."""
        out = np.zeros(len(hit), dtype=bool)
        out[1:] = hit[:-1]
        out[self.starts[:-1][self.lengths > 0]] = False
        return out

    def _over_texts(self, how: np.ufunc, values: npt.NDArray[Any], kind: type[np.generic]) -> npt.NDArray[Any]:
        """Return the values of each text taken together; 0 for an empty text."""
        if self._all_told:
            return np.asarray(how.reduceat(values, self.starts[:-1], dtype=kind))
        out = np.zeros(len(self), dtype=kind)
        if len(self.codes):
            some = self.lengths > 0
            out[some] = how.reduceat(values, self.starts[:-1][some], dtype=kind)
        return out

    @cached_property
    def _all_told(self) -> bool:
        """Whether there are texts, and none of them is empty."""
        return len(self.starts) > 1 and bool(self.lengths.min() > 0)

    def take(self, rows: _I64) -> CodePoints:
        """Return some texts, in the order given."""
        lengths = self.lengths[rows]
        starts = _starts_of(lengths)
        at = (self.starts[rows] - starts[:-1]).repeat(lengths) + np.arange(starts[-1])
        out = CodePoints(self.codes.take(at), starts)
        if "traits" in self.__dict__:
            out.__dict__["traits"] = self.traits.take(at)
        return out

    def part(self, start: int, stop: int) -> CodePoints:
        """Return neighbouring texts."""
        starts = self.starts[start : stop + 1]
        out = CodePoints(self.codes[starts[0] : starts[-1]], starts - starts[0])
        if "traits" in self.__dict__:
            out.__dict__["traits"] = self.traits[starts[0] : starts[-1]]
        for name, counts in self.tallies.items():
            out.tallies[name] = {kind: values[start:stop] for kind, values in counts.items()}
        return out

    def where(self, keep: npt.NDArray[np.bool_]) -> CodePoints:
        """Return the texts without the code points for which ``keep`` is false."""
        out = CodePoints(self.codes.compress(keep), _starts_of(self.count(keep)))
        if "traits" in self.__dict__:
            out.__dict__["traits"] = self.traits.compress(keep)
        return out

    def replaced(self, rows: _I64, texts: CodePoints) -> CodePoints:
        """Return the texts with those of some rows (ascending) replaced by the given ones."""
        if len(rows) == len(self):
            return texts
        lengths = self.lengths.copy()
        lengths[rows] = texts.lengths
        starts = _starts_of(lengths)
        begins = self.starts[:-1].copy()
        begins[rows] = texts.starts[:-1] + len(self.codes)
        at = (begins - starts[:-1]).repeat(lengths) + np.arange(starts[-1])
        out = CodePoints(np.concatenate([self.codes, texts.codes]).take(at), starts)
        out.__dict__["traits"] = np.concatenate([self.traits, texts.traits]).take(at)
        return out


def _starts_of(lengths: npt.NDArray[np.integer]) -> _I64:
    out = np.zeros(len(lengths) + 1, dtype=np.int64)
    lengths.cumsum(out=out[1:])
    return out


def as_text(values: Iterable[str | None]) -> pa.Array:
    r"""Return Python strings as an Arrow array; a lone surrogate becomes U+FFFD, so that the output is valid UTF-8.

    Examples
    --------
    >>> as_text(["ok", "\ud83d", None]).to_pylist()
    ['ok', '\ufffd', None]
    """
    whole = (v if v is None else v.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for v in values)
    return pa.array(list(whole), pa.large_string())


def own(values: npt.NDArray[_T]) -> npt.NDArray[_T]:
    """Return an array that may be written to, as all that kernels give each other: one form, compiled once."""
    return values if values.flags.writeable and values.flags.c_contiguous else values.copy()


def utf8_of(text: pa.Array) -> tuple[_I64, npt.NDArray[np.uint8]]:
    """Return where each text of an Arrow string array begins and ends, and the bytes; null reads as empty."""
    text = text.cast(pa.large_string()) if text.type != pa.large_string() else text
    if text.null_count:
        text = pc.fill_null(text, "")
    _, places, data = text.buffers()
    offsets = np.frombuffer(places, dtype=np.int64)[text.offset : text.offset + len(text) + 1]
    return offsets, np.frombuffer(data if data is not None else b"", dtype=np.uint8)


def decode(text: pa.Array) -> CodePoints:
    """Return the code points of an Arrow string array; null reads as empty, bytes that are no UTF-8 as U+FFFD."""
    if len(text) == 0:
        return CodePoints(np.empty(0, dtype=np.uint32), np.zeros(1, dtype=np.int64))
    offsets, data = utf8_of(text)
    flat = data[offsets[0] : offsets[-1]].data
    try:
        codes = np.frombuffer(str(flat, "utf-8").encode("utf-32-le"), dtype=np.uint32)
    except UnicodeDecodeError:
        return _mended(bytes(flat), offsets - offsets[0])
    if len(codes) == len(flat):
        return CodePoints(codes, offsets - offsets[0])
    # Where a text begins in bytes, less the bytes before that begin no character.
    inner = ((np.frombuffer(flat, dtype=np.uint8) & 0xC0) == 0x80).nonzero()[0]
    begins = offsets - offsets[0]
    return CodePoints(codes, begins - inner.searchsorted(begins))


def _mended(flat: bytes, offsets: _I64) -> CodePoints:
    """Decode text by text, so that broken bytes of one text cannot reach into the next."""
    pieces = [flat[a:b].decode("utf-8", "replace") for a, b in pairwise(offsets)]
    starts = np.concatenate([[0], np.cumsum([len(p) for p in pieces])]).astype(np.int64)
    return CodePoints(np.frombuffer("".join(pieces).encode("utf-32-le"), dtype=np.uint32), starts)


def encode(points: CodePoints) -> pa.Array:
    """Return the texts as an Arrow array of large strings.

    Examples
    --------
    >>> encode(decode(pa.array(["a", "", "naïve 🔥"]))).to_pylist()
    ['a', '', 'naïve 🔥']
    """
    codes = points.codes
    data = codes.tobytes().decode("utf-32-le").encode("utf-8")
    offsets = points.starts
    if len(data) > len(codes):
        # Bytes beyond one for each code point.
        more = (codes > 0x7F).view(np.uint8) + (codes > 0x7FF) + (codes > 0xFFFF)
        offsets = offsets + _starts_of(points._over_texts(np.add, more, np.int32))
    return pa.LargeStringArray.from_buffers(len(points), pa.py_buffer(offsets.tobytes()), pa.py_buffer(data))
