"""How many followers a creator had on a day: read off the curve."""

from __future__ import annotations

import numpy as np

from realreach.features.blocks import Ragged
from realreach.tables.core import FloatArray, IntArray

__all__ = ["level_at"]

_STRIDE = 200_000
"""More than any day: creators one after another on one axis of whole numbers (exact, so that the crowd changes no bit)."""


def level_at(history: Ragged | None, told: FloatArray, starts: IntArray, day: FloatArray) -> FloatArray:
    """Return the followers on a day: interpolated in the history, else the number that is told.

    Days before the first observation take the first one; days after the last one the last.

    Parameters
    ----------
    history
        ``day`` (whole) and ``followers``, oldest first.
    told
        Followers of each creator where there is no history.
    starts, day
        Days since 1970-01-01, those of creator ``i`` at ``starts[i]:starts[i + 1]``, ascending.
    """
    if history is None or len(history.columns["day"]) == 0:
        return np.repeat(told, np.diff(starts))
    observed, counts = history.columns["day"], history.columns["followers"]
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    level = told[owner]
    some = history.lengths[owner] > 0
    owner, day = owner[some], day[some]
    axis = history.owner * _STRIDE + observed.astype(np.int64)
    first, last = history.starts[owner], history.starts[owner + 1] - 1
    at = owner * _STRIDE + np.floor(day).astype(np.int64)
    above = np.clip(np.searchsorted(axis, at, side="right"), first, last)
    below = np.clip(above - 1, first, last)
    span = observed[above] - observed[below]
    weight = np.divide(day - observed[below], span, out=np.ones(len(at)), where=span > 0)
    level[some] = counts[below] + np.clip(weight, 0.0, 1.0) * (counts[above] - counts[below])
    return level
