"""Straight lines between knots, read at one value or at many: the same number either way, to the last bit.

``numpy.interp`` costs more to call than to compute for one value, and a compiler may fuse its multiplication and sum
where plain Python does not. Here both ways take the same operations in the same order, each rounded by itself.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from realreach.tables.core import FloatArray

__all__ = ["Line"]

_FEW = 4
"""Values up to which reading them one by one is faster."""


@dataclass(frozen=True, eq=False)
class Line:
    """Knots in rising order and the value at each; outside of them the end values hold.

    Examples
    --------
    >>> Line(np.array([0.0, 1.0, 3.0]), np.array([10.0, 20.0, 0.0])).at(np.array([-1.0, 0.5, 2.0, np.nan])).tolist()
    [10.0, 15.0, 10.0, nan]
    """

    knots: FloatArray
    values: FloatArray

    def at(self, x: FloatArray) -> FloatArray:
        """Return the values at some places; NaN where the place is NaN."""
        if x.size <= _FEW:
            return np.array([self.at_one(one) for one in x.ravel().tolist()], dtype=np.float64).reshape(x.shape)
        if len(self.knots) == 1:
            return np.where(np.isnan(x), np.nan, self.values[0])
        below = np.minimum(np.maximum(self.knots.searchsorted(x, side="right") - 1, 0), len(self.knots) - 2)
        found = self._slopes[below] * (x - self.knots[below]) + self.values[below]
        found = np.where(x >= self.knots[-1], self.values[-1], found)
        return np.where(x <= self.knots[0], self.values[0], found)

    def at_one(self, x: float) -> float:
        """Return the value at one place."""
        knots, values, slopes = self._plain
        if x >= knots[-1]:
            return values[-1]
        if x <= knots[0]:
            return values[0]
        if x != x:
            return x
        below = bisect_right(knots, x) - 1
        return slopes[below] * (x - knots[below]) + values[below]

    @cached_property
    def _slopes(self) -> FloatArray:
        # Two equal knots are a step: nothing lies between them.
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.diff(self.values) / np.diff(self.knots), dtype=np.float64)

    @cached_property
    def _plain(self) -> tuple[list[float], list[float], list[float]]:
        return self.knots.tolist(), self.values.tolist(), self._slopes.tolist()
