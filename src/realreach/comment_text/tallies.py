"""How many signs of several kinds each text holds, in few passes: kinds share one number, each in bits of its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt

from realreach.comment_text import traits
from realreach.comment_text.codepoints import CodePoints
from realreach.comment_text.lookalikes import TABLE_SIZE

__all__ = ["FOLDED", "PLAIN", "RAW", "Tally"]

_WIDTH = 12
"""Bits of a kind: texts are cut at 2,200 signs, so that none runs over into the next."""
_FIELDS = 64 // _WIDTH


class Tally:
    """Kinds of signs that are counted together.

    Parameters
    ----------
    name
        Of the tally; the counts of texts are kept under it.
    kinds
        For each kind its traits (a number), or its signs (a string).

    Examples
    --------
    >>> texts = CodePoints(np.frombuffer("so?Yes!!".encode("utf-32-le"), dtype=np.uint32), np.array([0, 3, 3, 8]))
    >>> counts = Tally("example", {"marks": "!?", "capitals": traits.CAPITAL}).of(texts)
    >>> counts["marks"].tolist(), counts["capitals"].tolist()
    ([1, 0, 2], [0, 0, 1])
    """

    def __init__(self, name: str, kinds: Mapping[str, int | str]) -> None:
        self.name, self.kinds = name, dict(kinds)

    @cached_property
    def _tables(self) -> list[npt.NDArray[np.uint64]]:
        """Return what each code point adds, for every five kinds one table."""
        known = traits.table()
        out = [np.zeros(TABLE_SIZE + 1, dtype=np.uint64) for _ in range(-(-len(self.kinds) // _FIELDS))]
        for place, kind in enumerate(self.kinds.values()):
            table, one = out[place // _FIELDS], np.uint64(1 << _WIDTH * (place % _FIELDS))
            if isinstance(kind, str):
                table[[ord(sign) for sign in kind]] += one
            else:
                table[(known & np.uint32(kind)) != 0] += one
        return out

    def of(self, points: CodePoints) -> Mapping[str, npt.NDArray[np.int64]]:
        """Return how many signs of each kind every text holds; counted once."""
        found = points.tallies.get(self.name)
        if found is None:
            found = points.tallies[self.name] = self._counted(points)
        return found

    def _counted(self, points: CodePoints) -> dict[str, npt.NDArray[np.int64]]:
        codes = points.codes.astype(np.int64)
        totals = [points.sums(table.take(codes, mode="clip")) for table in self._tables]
        mask = np.uint64((1 << _WIDTH) - 1)
        return {
            kind: ((totals[i // _FIELDS] >> np.uint64(_WIDTH * (i % _FIELDS))) & mask).astype(np.int64)
            for i, kind in enumerate(self.kinds)
        }


RAW = Tally(
    "raw",
    {
        "pictures": traits.PICTURE,
        "exclamations": "!\uff01\u00a1",
        "questions": "?\uff1f\u00bf",
        "sentence_marks": ".!?\u3002\u2026",
        "commas": ",;:",
        "lines": "\n",
        "hash_or_money": "#$%",
        "hand_letters": traits.HAND_LETTER,
        "hand_capitals": traits.HAND_CAPITAL,
        "emoji": traits.EMOJI,
        "capitals": traits.CAPITAL,
    },
)
"""Of texts as written."""
FOLDED = Tally(
    "folded",
    {
        "letters": traits.LETTER,
        "digits": traits.DIGIT,
        "spaceless": traits.SPACELESS,
        "questions": traits.QUESTION,
        "exclamations": traits.EXCLAMATION,
    },
)
"""Of folded texts."""
PLAIN = Tally("plain", {"mentions": "\x01", "links": "\x02", "phones": "\x03", "numbers": "\x04", "brands": "\x05"})
"""Placeholders of plain texts (:mod:`realreach.comment_text.normalise`)."""
