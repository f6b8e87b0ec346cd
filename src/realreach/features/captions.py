"""Captions that name a giveaway or a partner, where a window of unusual growth asks for one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from realreach.tables.core import FloatArray, IntArray, Table

__all__ = ["NAMED", "said_around"]

# Giveaway and partner words of Indonesian and English captions, and the commonest of other languages met beside them.
_GIVEAWAY = (
    r"(?i)(give[\s-]?away|\bgiving away\b|\bgiv ?aways?\b|bagi-?\s?bagi|\bhadiah|\bkuis\b|\bundian|\bwin a\b|\bsorteo\b|"
    r"\bsorteio\b|\bregalo\b|プレゼント企画|プレゼント、|이벤트|나눔|แจก|(tag|mention) \d+ (friend|people|teman|kawan|dost))"
)
_PARTNER = r"(?i)(@[\w.]{3,30}|\bcollab\b|\bkolab\b|\bkolaborasi\b|\bbareng\b|\bfeat\.?\s|\bft\.\s|\bduet\b|\bx @)"
_CHARACTERS = 2_000
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
    texts = table.strings("caption").take(rows)
    patterns = list(NAMED) if len(rows) > _FEW else _possible(texts)
    if any(patterns):
        texts = pc.utf8_slice_codeunits(texts, 0, _CHARACTERS)
    for of_windows, pattern in zip(said, patterns, strict=True):
        if not pattern:
            continue
        named = pc.match_substring_regex(texts, pattern).fill_null(False).to_numpy(zero_copy_only=False)
        # How many captions name one before each post: a window has one where the number rises.
        before = np.zeros(len(table) + 1, dtype=np.int64)
        before[rows + 1] = named
        np.cumsum(before, out=before)
        of_windows[:] = before[high] > before[low]
    return said


def _possible(texts: pa.Array) -> list[str]:
    """Return the patterns that may be met in any of the texts, an empty one for each that cannot be."""
    # Case is folded as patterns do, and further (they take the sign of kelvin for a k, and so does this).
    together = "\n".join(filter(None, texts.to_pylist())).casefold()
    return [pattern if any(word in together for word in words) else "" for pattern, words in NAMED.items()]
