"""Texts as one flat array of code points: every step on letters is then a table look-up, linear in the bytes.

A kernel that walks the UTF-8 buffer once sees the same numbers; nothing here looks further than one text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["CodePoints", "as_text", "decode", "encode"]

_U32 = npt.NDArray[np.uint32]
_I64 = npt.NDArray[np.int64]


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
        return np.repeat(np.arange(len(self)), self.lengths)

    def count(self, hit: npt.NDArray[np.bool_]) -> _I64:
        """Return how many code points of each text are marked."""
        place = np.flatnonzero(hit).searchsorted(self.starts)
        return place[1:] - place[:-1]

    def take(self, rows: _I64) -> CodePoints:
        """Return some texts, in the order given."""
        lengths = self.lengths[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        at = np.repeat(self.starts[rows] - starts[:-1], lengths) + np.arange(starts[-1])
        return CodePoints(self.codes[at], starts)

    def where(self, keep: npt.NDArray[np.bool_]) -> CodePoints:
        """Return the texts without the code points for which ``keep`` is false."""
        kept = np.concatenate([[0], np.cumsum(keep)])[self.starts]
        return CodePoints(self.codes[keep], np.asarray(kept, dtype=np.int64))


def as_text(values: Iterable[str | None]) -> pa.Array:
    r"""Return Python strings as an Arrow array; a lone surrogate becomes U+FFFD, so that the output is valid UTF-8.

    Examples
    --------
    >>> as_text(["ok", "\ud83d", None]).to_pylist()
    ['ok', '\ufffd', None]
    """
    whole = (v if v is None else v.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for v in values)
    return pa.array(list(whole), pa.large_string())


def decode(text: pa.Array) -> CodePoints:
    """Return the code points of an Arrow string array; null reads as empty, bytes that are no UTF-8 as U+FFFD."""
    text = text.cast(pa.large_string()) if text.type != pa.large_string() else text
    if text.null_count:
        text = pc.fill_null(text, "")
    if len(text) == 0:
        return CodePoints(np.empty(0, dtype=np.uint32), np.zeros(1, dtype=np.int64))
    offsets = np.frombuffer(text.buffers()[1], dtype=np.int64)[text.offset : text.offset + len(text) + 1]
    data = text.buffers()[2]
    flat = memoryview(data if data is not None else b"")[offsets[0] : offsets[-1]]
    try:
        codes = np.frombuffer(str(flat, "utf-8").encode("utf-32-le"), dtype=np.uint32)
    except UnicodeDecodeError:
        return _mended(bytes(flat), offsets - offsets[0])
    if len(codes) == len(flat):
        return CodePoints(codes, offsets - offsets[0])
    first = (np.frombuffer(flat, dtype=np.uint8) & 0xC0) != 0x80
    before = np.concatenate([[0], np.cumsum(first)])
    return CodePoints(codes, np.asarray(before[offsets - offsets[0]], dtype=np.int64))


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
    size = 1 + (codes > 0x7F).astype(np.int64) + (codes > 0x7FF) + (codes > 0xFFFF)
    offsets = np.concatenate([[0], np.cumsum(size)])[points.starts].astype(np.int64)
    data = codes.tobytes().decode("utf-32-le").encode("utf-8")
    return pa.LargeStringArray.from_buffers(len(points), pa.py_buffer(offsets.tobytes()), pa.py_buffer(data))
