"""Texts looked at by their bytes, all at once, where text by text would cost a pass of its own for each question."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from realreach.tables.times import true_where

__all__ = ["blank_to_null", "byte_lengths", "empty_to_null", "is_graphic_ascii"]

_DELETE = 127
"""The last character of ASCII, and a control character."""
_MAY_BE_BLANK = np.zeros(256, dtype=bool)
_MAY_BE_BLANK[[*range(ord(" ") + 1), 0xC2, 0xE1, 0xE2, 0xE3]] = True
"""First bytes of a text that begins with a blank: those of ASCII, and of U+0085 to U+3000 in UTF-8."""


def is_graphic_ascii(text: pa.Array) -> bool:
    """Return whether strings hold nothing but the letters, digits and signs of ASCII: no blanks, no control characters.

    One pass over the bytes, where a regular expression takes one for each string; bytes of null strings count, too.
    """
    data = text.buffers()[2]
    if data is None or len(text) == 0:
        return True
    ends = _offsets(text)
    signed = np.frombuffer(data, dtype=np.int8)[ends[0] : ends[-1]]  # bytes from 128 on are negative
    return signed.size == 0 or bool(signed.min() > ord(" ") and signed.max() < _DELETE)


def _offsets(text: pa.Array) -> npt.NDArray[np.int64]:
    """Return where the texts begin and end in their bytes, one number more than texts (of which there must be some)."""
    return np.frombuffer(text.buffers()[1], dtype=np.int64)[text.offset : text.offset + len(text) + 1]


def byte_lengths(text: pa.Array) -> npt.NDArray[np.int64]:
    """Return the bytes of each text; of null strings whatever lies there."""
    return np.diff(_offsets(text)) if len(text) else np.zeros(0, dtype=np.int64)


def empty_to_null(text: pa.Array, judged: pa.Array) -> pa.Array:
    """Take texts as unknown where what is judged in their place is empty."""
    empty = pc.equal(pc.binary_length(judged), 0)
    return pc.if_else(empty, None, text) if pc.any(empty).as_py() else text


def blank_to_null(text: pa.Array) -> pa.Array:
    """Take blank texts as unknown: few begin so that they can be one, and only those are looked at.

    Raises
    ------
    pyarrow.ArrowInvalid
        If a text is not UTF-8.
    """
    if len(text) == 0 or text.buffers()[2] is None:
        return empty_to_null(text, text)
    ends = _offsets(text)
    data = np.frombuffer(text.buffers()[2], dtype=np.uint8)
    some = ends[1:] > ends[:-1]
    if not some.any():
        return empty_to_null(text, text)
    first = data[ends[:-1] if some.all() else np.where(some, ends[:-1], 0)]
    _need_utf8(text, first)
    rows = np.flatnonzero(_MAY_BE_BLANK[first] | ~some)
    if not len(rows):
        return text
    judged = pc.utf8_trim_whitespace(text.take(pa.array(rows)))
    empty = rows[true_where(pc.equal(pc.binary_length(judged), 0))]
    if not len(empty):
        return text
    blank = np.zeros(len(text), dtype=bool)
    blank[empty] = True
    return pc.if_else(pa.array(blank), None, text)


def _need_utf8(text: pa.Array, first: npt.NDArray[np.uint8]) -> None:
    """Raise ArrowInvalid if a text is not UTF-8; ``first`` are first bytes of texts.

    All bytes as one text are looked at in a third of the time: what is valid so, and cut where characters begin, is
    valid text by text.
    """
    ends = _offsets(text)
    both = pa.py_buffer(ends[[0, -1]].tobytes())
    whole = pa.Array.from_buffers(pa.large_string(), 1, [None, both, text.buffers()[2]])
    try:
        whole.validate(full=True)
    except pa.ArrowInvalid:
        text.validate(full=True)  # null texts may hold anything
        return
    if (first & 0xC0 == 0x80).any():
        text.validate(full=True)
