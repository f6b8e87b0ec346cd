"""Shapes of handles: how a name is built, without the name.

Accounts of one seller are often named by one recipe (name, surname and two letters; a word and four digits). A handle
names a person and is directly identifying: it is no input, and is never stored or put out. Its shape is shared by
hundreds; it says how the handle is built and not whose it is.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TypeVar

import pyarrow as pa

from realreach.tables.contract import HANDLE_SIGNS, LONGEST_SHAPE

__all__ = ["handle_shape", "handle_shapes"]

Handles = TypeVar("Handles")
_LONGEST_HANDLE = 256
"""Characters of a handle that are looked at: no platform allows more than fifty, and NFKC may make many of one."""
_LONG_RUNS = re.compile(r"(.)\1{3,}", re.DOTALL)


class _Signs(dict[int, str]):
    """The sign of each code point, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        kind = unicodedata.category(character)
        if kind == "Nd":
            sign = "0"
        elif kind[0] == "L" and "LATIN " in unicodedata.name(character, ""):
            sign = "A" if kind in ("Lu", "Lt") else "a"
        else:
            # Which letter of which other script it is, or which emoji, tells of whom.
            sign = character if character in HANDLE_SIGNS else "*"
        self[code] = sign
        return sign


_SIGNS = _Signs()


def handle_shape(handle: str) -> str | None:
    """Return the shape of a handle, the value of the column ``author_shape`` of the table ``comments``.

    Parameters
    ----------
    handle
        A handle as a platform shows it; an ``@`` before it is left out. Compatible forms count as what they stand for
        (NFKC), so that bold or full-width letters are letters.

    Returns
    -------
    str or None
        ``A`` and ``a`` for Latin letters, ``0`` for digits, ``.``, ``_`` and ``-`` as they are, ``*`` for all else
        (letters of other scripts, blanks, emoji); at most three of a run, 24 signs in all. The shape of a shape is that
        shape. None where nothing is left: not known.

    Notes
    -----
    Make shapes where the handles are, and hand over pseudonyms and shapes only: the direct names of people are not
    needed here, and a value that is no shape is set aside.

    Examples
    --------
    >>> handle_shape("Budi_1990"), handle_shape("@SitiAminah-x7k"), handle_shape("대한 2")
    ('Aaaa_000', 'AaaaAaaa-a0a', '***0')
    >>> handle_shape("AaaaAaaa-a0a")
    'AaaaAaaa-a0a'
    """
    plain = unicodedata.normalize("NFKC", handle[:_LONGEST_HANDLE]).strip().lstrip("@")
    return _LONG_RUNS.sub(r"\1\1\1", plain.translate(_SIGNS))[:LONGEST_SHAPE] or None


def handle_shapes(handles: Handles) -> Handles:
    """Return the shapes of a column of handles, as :func:`handle_shape` does for one.

    Parameters
    ----------
    handles
        Arrow strings (an array, plain or a dictionary, or a chunked one), or a pandas series of text; null = unknown.

    Returns
    -------
    pyarrow.Array, pyarrow.ChunkedArray or pandas.Series
        Shapes in the same order: an array of texts for an array, a series with the same index for a series. Null where
        there is no handle.

    Examples
    --------
    >>> import pandas as pd
    >>> comments = pd.DataFrame({"author": ["@rina.kusuma", None, "user48213077"]})
    >>> handle_shapes(comments["author"]).tolist()
    ['aaa.aaa', None, 'aaa000']
    """
    if isinstance(handles, pa.ChunkedArray):
        return pa.chunked_array([handle_shapes(chunk) for chunk in handles.chunks], pa.large_string())
    if isinstance(handles, pa.Array):
        return pa.array(_of_each(handles.to_pylist()), pa.large_string())
    import pandas as pd

    series = pd.Series(handles)
    shapes = _of_each(series.tolist())
    return pd.Series(shapes, index=series.index, name=series.name, dtype=object)  # type: ignore[return-value]


def _of_each(handles: list[object]) -> list[str | None]:
    return [handle_shape(handle) if isinstance(handle, str) else None for handle in handles]
