"""How much a score rests on: high, medium or low, from pillars, what they hold, and how well they are calibrated.

The range says how well a probability is calibrated; the confidence says how much was there to look at. It is the best
that any part of the pillars would give, so taking a pillar away can never raise it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from realreach.calibration import Calibration
from realreach.pillars import ALL_PILLARS, PILLARS, subsets_of
from realreach.tables.core import FloatArray, IntArray

__all__ = ["CONFIDENCES", "WELL_SUPPLIED", "confidence_table", "supplied", "supplied_one"]

CONFIDENCES = ("low", "medium", "high")
"""From the least to the most."""

WELL_SUPPLIED: Mapping[str, tuple[str, float]] = MappingProxyType(
    {
        "growth": ("history_days", 60.0),
        "engagement": ("posts_used", 12.0),
        "comments": ("comments_used", 30.0),
        "audience": ("accounts_used", 100.0),
    }
)
"""By pillar: the count of the output table, and from which number on there is plenty of it."""

_POINTS = (3, 5)
"""A judged pillar counts 1, with plenty in it 2: medium from 3 (two pillars, one of them with plenty), high from 5."""
_WIDTHS = (0.30, 0.15)
"""Mean width of the calibrated range up to which medium and high are given."""


def supplied(counts: Mapping[str, FloatArray], rows: int) -> IntArray:
    """Return the bit mask of the pillars in which each creator has plenty.

    Parameters
    ----------
    counts
        Columns of the output table; a pillar whose column is missing never has plenty.
    rows
        Number of creators.

    Examples
    --------
    >>> supplied({"posts_used": np.array([3.0, 40.0]), "comments_used": np.array([30.0, 30.0])}, 2).tolist()
    [4, 6]
    """
    out = np.zeros(rows, dtype=np.int64)
    for bit, name in enumerate(PILLARS):
        column, least = WELL_SUPPLIED[name]
        if column in counts:
            out |= (counts[column] >= least).astype(np.int64) << bit
    return out


def supplied_one(counts: Mapping[str, float]) -> int:
    """Return what :func:`supplied` does, of one creator in plain numbers.

    Examples
    --------
    >>> supplied_one({"posts_used": 40, "comments_used": 30})
    6
    """
    levels = ((1 << bit, *WELL_SUPPLIED[name]) for bit, name in enumerate(PILLARS))
    return sum([bit for bit, column, least in levels if counts.get(column, 0.0) >= least])


def confidence_table(calibration: Calibration) -> IntArray:
    """Return 0 low, 1 medium, 2 high (-1: nothing to judge) for every set of pillars there and of those with plenty.

    The rule for a calibrated set: one point for each pillar in it, two if there is plenty in it; **medium** from three
    points and a mean width of the range of at most 0.30, **high** from five points and 0.15, else **low**. A creator
    gets the best of all calibrated sets inside the pillars that are there.

    Returns
    -------
    numpy.ndarray
        Shape (16, 16): rows by the pillars there, columns by those with plenty.
    """
    widths = calibration.widths()
    out = np.full((ALL_PILLARS + 1, ALL_PILLARS + 1), -1, dtype=np.int64)
    for present in range(ALL_PILLARS + 1):
        for plenty in range(ALL_PILLARS + 1):
            inside = [_level(mask, plenty, widths[mask]) for mask in subsets_of(present) if mask in widths]
            out[present, plenty] = max(inside, default=-1)
    return out


def _level(mask: int, plenty: int, width: float) -> int:
    points = mask.bit_count() + (mask & plenty).bit_count()
    # Without a range (NaN) the calibration is not known to be good.
    return sum(points >= wanted and width <= widest for wanted, widest in zip(_POINTS, _WIDTHS, strict=True))
