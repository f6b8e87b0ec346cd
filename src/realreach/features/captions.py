"""Captions that name a giveaway or a partner, where a window of unusual growth asks for one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from realreach.tables.core import FloatArray, IntArray, Table

__all__ = ["NAMED", "said_around"]

# Giveaway and partner words of Indonesian and English captions, and the commonest of other languages met beside them.
_GIVEAWAY = (
    r"(?i)(give[\t\n\f\r -]?away|\bgiving away\b|\bgiv ?aways?\b|bagi-?[\t\n\f\r ]?bagi|\bhadiah|\bkuis\b|\bundian|\bwin a\b|\bsorteo\b|"
    r"\bsorteio\b|\bregalo\b|プレゼント企画|プレゼント、|이벤트|나눔|แจก|(tag|mention) \d+ (friend|people|teman|kawan|dost))"
)
_PARTNER = r"(?i)(@[\w.]{3,30}|\bcollab\b|\bkolab\b|\bkolaborasi\b|\bbareng\b|\bfeat\.?[\t\n\f\r ]|\bft\.[\t\n\f\r ]|\bduet\b|\bx @)"
_CHARACTERS = 2_000
_TAKEN_FOR_OTHERS = "\u212a\u017f"
"""Letters that Arrow's patterns take for a k and an s where case does not matter, and Python's do not."""
_FEW = 200
"""Captions up to which a look for the words themselves is worth it: to make ready a pattern costs as much as to use it on hundreds."""

NAMED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        _GIVEAWAY: ("giv", "bagi", "hadiah", "kuis", "undian", "win a", "sorteo", "sorteio", "regalo", "プレゼント", "이벤트", "나눔", "แจก", "tag ", "mention "),
        _PARTNER: ("@", "collab", "kolab", "bareng", "feat", "ft.", "duet"),
    }
)  # fmt: skip
"""Patterns of a giveaway and of a partner, and parts of words, one of which stands in whatever the pattern finds."""


def said_around(table: Table, low: IntArray, high: IntArray) -> FloatArray:
    """Return 1 for windows around which a caption names a giveaway, and a partner, 0 for others, shape (2, windows).

    Parameters
    ----------
    table
        The posts.
    low, high
        Rows of the posts around each window.
    """
    said = np.zeros((len(NAMED), len(low)))
    if "caption" not in table or not (high > low).any():
        return said
    # Only captions near a window are looked at: far fewer than there are.
    near = np.zeros(len(table) + 1, dtype=np.int64)
    np.add.at(near, low, 1)
    np.subtract.at(near, high, 1)
    rows = near.cumsum()[:-1].nonzero()[0]
    for of_windows, named in zip(said, _named(table.strings("caption"), rows), strict=True):
        if not any(named):
            continue
        # How many captions name one before each post: a window has one where the number rises.
        before = np.zeros(len(table) + 1, dtype=np.int64)
        before[rows + 1] = named
        np.cumsum(before, out=before)
        of_windows[:] = before[high] > before[low]
    return said


def _named(captions: pa.Array, rows: IntArray) -> list[list[bool]]:
    """Return for each pattern which of the captions of some rows (ascending, one at least) it is found in."""
    if len(rows) > _FEW:
        return _in_many(captions.take(rows))
    first, end = int(rows[0]), int(rows[-1]) + 1
    if end - first > _FEW:
        return _in_few(captions.take(rows).to_pylist())
    # To read all between costs less than to have Arrow pick some.
    texts = captions.slice(first, end - first).to_pylist()
    return _in_few([texts[row - first] for row in rows.tolist()])


def _in_many(texts: pa.Array) -> list[list[bool]]:
    """Return for each pattern which of the texts it is found in."""
    texts = pc.utf8_slice_codeunits(texts, 0, _CHARACTERS)
    return [pc.match_substring_regex(texts, pattern).fill_null(False).to_pylist() for pattern in NAMED]


def _in_few(given: list[str | None]) -> list[list[bool]]:
    """Return what :func:`_in_many` does: most patterns are seen not to be there, and Python has the others ready."""
    texts = [text[:_CHARACTERS] if text else "" for text in given]
    whole = "\n".join(texts)
    # Case is folded as patterns do, and further (they take the sign of kelvin for a k, and so does this).
    together = whole.casefold()
    met = [[word for word in words if word in together] for words in NAMED.values()]
    if not any(met):
        return [[]] * len(NAMED)
    if any(letter in whole for letter in _TAKEN_FOR_OTHERS):
        return _in_many(pa.array(texts, pa.large_string()))
    folded = [text.casefold() for text in texts]
    return [
        [
            any(word in plain for word in words) and search(text) is not None
            for text, plain in zip(texts, folded, strict=True)
        ]
        if words
        else []
        for search, words in zip(_searches(), met, strict=True)
    ]


@cache
def _searches() -> list[Callable[[str], object]]:
    """Return the patterns as Python reads them: letters, digits and edges of words are those of ASCII, as in Arrow."""
    return [re.compile(pattern, re.ASCII).search for pattern in NAMED]
