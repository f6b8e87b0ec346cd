"""Comments that are judged together, as a creator's section is: what they share among themselves, without any label."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from realreach.comment_text.echoes import echoes, given_out_anew, in_section, standing
from realreach.comment_text.normalise import normalise
from realreach.tables.core import FloatArray, IntArray

__all__ = ["UNLABELLED", "scored_together", "seen_together"]

UNLABELLED = "; the judged comments are seen together, without labels"
"""How the names of lines end where the judged comments are scored as one section."""
_ECHO = 0.5
"""How much the echo of the judged comments counts beside a model that knows their set."""


def scored_together(texts: npt.NDArray[Any], p: FloatArray, size: int | None = None) -> FloatArray:
    """Return the probabilities of comments that are judged as one section, or as sections of ``size`` in order."""
    return in_section(p, _normalised(texts), np.arange(0, len(p) + 1, size or max(len(p), 1)))


def seen_together(texts: npt.NDArray[Any], fold: IntArray, margin: FloatArray) -> FloatArray:
    """Return the margins of each fold, given out anew by what its comments share with those that are called sold.

    As :func:`realreach.comment_text.echoes.in_section`, but with a model that knows the set: what it calls sold (margin
    0 or more) is suspected, all else is trusted.

    Examples
    --------
    >>> texts = np.array(["cek profil kami", "profil kami murah", "lucu banget", "lucu sekali"], dtype=object)
    >>> seen_together(texts, np.zeros(4, dtype=np.int64), np.array([2.0, -0.1, -0.05, -3.0])).tolist()
    [2.0, -0.05, -0.1, -3.0]
    """
    out = np.empty(len(margin))
    for number in np.unique(fold):
        rows = np.flatnonzero(fold == number)
        own = margin[rows]
        echo = standing(echoes(_normalised(texts[rows]), own >= 0.0, own < 0.0))
        out[rows] = given_out_anew(own, own / max(float(np.abs(own).mean()), 1e-12) + _ECHO * echo)
    return out


def _normalised(texts: npt.NDArray[Any]) -> Any:
    return normalise(pa.array(texts.tolist(), pa.large_string()))
