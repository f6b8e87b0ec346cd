"""Shapes of handles: how a name is built, without the name.

Accounts of one seller are often named by one recipe (name, surname and two letters; a word and four digits). A handle
names a person and is directly identifying: it is no input, and is never stored or put out. Its shape is shared by
hundreds; it says how the handle is built and not whose it is.
"""

from __future__ import annotations

import unicodedata
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from realreach.tables.contract import HANDLE_SIGNS, LONGEST_SHAPE

__all__ = ["handle_shape", "handle_shapes"]

Handles = TypeVar("Handles")
_LONGEST_HANDLE = 256
"""Characters of a handle that are looked at: no platform allows more than fifty, and NFKC may make many of one."""
_STEPS = (
    (r"[^\p{Latin}\p{Nd}._\-]", "*"),  # letters of other scripts, blanks, emoji: which they are tells of whom
    (r"[\p{Lu}\p{Lt}]", "A"),
    (r"[^A\p{Nd}._\-*]", "a"),
    (r"\p{Nd}", "0"),
    *((f"[{sign}]{{4,}}" if sign != "-" else "-{4,}", sign * 3) for sign in HANDLE_SIGNS),
)
"""What is replaced by what, in this order."""


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
    shape: str | None = _shapes(_array([handle]))[0].as_py()
    return shape


def handle_shapes(handles: Handles) -> Handles:
    """Return the shapes of a column of handles, as :func:`handle_shape` does for one.

    Parameters
    ----------
    handles
        Arrow strings (an array, plain or a dictionary, or a chunked one), or a pandas series of text; null = unknown.

    Returns
    -------
    pyarrow.Array, pyarrow.ChunkedArray or pandas.Series
        Shapes in the same order, of the same kind; a series keeps its index. Null where there is no handle.

    Examples
    --------
    >>> import pandas as pd
    >>> comments = pd.DataFrame({"author": ["@rina.kusuma", None, "user48213077"]})
    >>> handle_shapes(comments["author"]).tolist()
    ['aaa.aaa', None, 'aaa000']
    """
    if isinstance(handles, pa.ChunkedArray):
        return pa.chunked_array([_shapes(chunk) for chunk in handles.chunks], pa.large_string())
    if isinstance(handles, pa.Array):
        return _shapes(handles)
    import pandas as pd

    series = pd.Series(handles)
    values = [value if isinstance(value, str) else None for value in series.tolist()]
    shapes = _shapes(_array(values)).to_pylist()
    return pd.Series(shapes, index=series.index, name=series.name, dtype=object)  # type: ignore[return-value]


def _array(handles: list[str | None]) -> pa.Array:
    """Return handles as Arrow strings; half of a character becomes the replacement character."""
    try:
        return pa.array(handles, pa.large_string())
    except UnicodeEncodeError:
        whole = (h if h is None else h.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for h in handles)
        return pa.array(list(whole), pa.large_string())


def _shapes(handles: pa.Array) -> pa.Array:
    shapes = pc.utf8_slice_codeunits(handles.cast(pa.large_string()), 0, _LONGEST_HANDLE)
    shapes = pc.utf8_ltrim(pc.utf8_trim_whitespace(_compatible(shapes)), "@")
    for pattern, sign in _STEPS:
        shapes = pc.replace_substring_regex(shapes, pattern, sign)
    shapes = pc.utf8_slice_codeunits(shapes, 0, LONGEST_SHAPE)
    return pc.if_else(pc.equal(pc.binary_length(shapes), 0), None, shapes)


def _compatible(handles: pa.Array) -> pa.Array:
    """Return handles in NFKC. Arrow's own takes letters and their accents apart and leaves them so."""
    if pc.all(pc.string_is_ascii(handles)).as_py() in (None, True):
        return handles
    whole = [handle if handle is None else unicodedata.normalize("NFKC", handle) for handle in handles.to_pylist()]
    return pa.array(whole, pa.large_string())
