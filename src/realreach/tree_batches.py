"""Many rows through the trees of :mod:`realreach.trees` with NumPy: all rows of some trees at once, in small numbers.

A split only asks whether a value lies at or below its bound. So each value is replaced by the number of bounds of its
column that lie below it: one or two bytes in place of eight, and the same answers. The sums run over the trees in their
order, so that the scores are LightGBM's to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from realreach.tables.core import FloatArray, IntArray

if TYPE_CHECKING:
    from realreach.trees import Plan

__all__ = ["Batches"]

_ZERO = 1.0000000180025095e-35
"""LightGBM reads values of at most this size as zero."""
_CELLS = 150_000
"""Splits times rows that are compared together: they stay in the processor's cache."""
_FEW = 8
_NARROW_LEAVES = 16
"""Leaves up to which their bits fit two bytes, and the place of the lowest can be looked up."""

_Whole = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class _Group:
    """Trees with equally many splits: their numbers, and for each split its lane, the rank of its bound, its leaves."""

    trees: IntArray
    lane: IntArray
    rank: _Whole
    excluded: _Whole


@dataclass(frozen=True, eq=False)
class Batches:
    """A plan of :mod:`realreach.trees`, laid out for many rows."""

    plan: Plan

    def raw(self, rows: FloatArray, wanted: npt.NDArray[np.bool_]) -> FloatArray:
        """Return the raw score of each booster that is wanted for rows of values, shape (rows, boosters)."""
        plan, n = self.plan, len(rows)
        lanes = self._lanes(rows)
        leaf = np.empty((len(plan.leaf_starts), n))
        asked = None if wanted.all() else np.repeat(wanted, np.diff(plan.trees))
        for group in self._groups:
            splits = group.lane.shape[1]
            step = max(_CELLS // (splits * n), 1) if splits and n else len(group.trees)
            for first in range(0, len(group.trees), step):
                part = slice(first, first + step)
                trees = group.trees[part]
                if asked is None or asked[trees].any():
                    left = self._left(lanes, group, part, n)
                    leaf[trees] = plan.leaves[plan.leaf_starts[trees][:, None] + _lowest_bit(left)]
        out = np.zeros((n, len(wanted)))
        for booster in np.flatnonzero(wanted).tolist():
            own = leaf[plan.trees[booster] : plan.trees[booster + 1]]
            # Both add one tree after the other; a sum over a single column would take them in another order.
            out[:, booster] = own.cumsum(axis=0)[-1] if n < _FEW else np.add.reduce(own, axis=0)
        return out

    def _left(self, lanes: _Whole, group: _Group, part: slice, n: int) -> _Whole:
        """Return the leaves that are left of some trees, as bits, shape (trees, rows)."""
        possible = self._possible[group.trees[part]][:, None]
        lane = group.lane[part]
        if not lane.shape[1]:
            return np.broadcast_to(possible, (len(lane), n))
        beyond = lanes[lane.ravel()] > group.rank[part].reshape(-1, 1)
        excluded = np.multiply(beyond.view(np.int8), group.excluded[part].reshape(-1, 1))
        return possible & ~np.bitwise_or.reduce(excluded.reshape(*lane.shape, n), axis=1)

    def _lanes(self, rows: FloatArray) -> _Whole:
        """Return the ranks of all values that a split asks for, missing ones last, then with missing ones first."""
        used = self._used
        out = np.empty((2 * len(used), len(rows)), dtype=self._rank_type)
        values = np.ascontiguousarray(rows[:, used].T)
        values[np.abs(values) <= _ZERO] = 0.0
        for own, column, bounds in zip(out[: len(used)], values, self._bounds, strict=True):
            own[:] = bounds.searchsorted(column)
        out[len(used) :] = out[: len(used)]
        out[len(used) :][np.isnan(values)] = 0
        return out

    @property
    def columns(self) -> int:
        """Columns that the boosters know: the opening split of a tree asks for the one behind both halves."""
        return int(self.plan.feature[self.plan.starts[0]]) // 2

    @cached_property
    def _own(self) -> npt.NDArray[np.bool_]:
        """Splits that ask for a column: all but the first of each tree, which says what is possible."""
        return self.plan.feature < 2 * self.columns

    @cached_property
    def _possible(self) -> _Whole:
        return self._as_bits(self.plan.excludes[self.plan.starts[:-1]])

    @cached_property
    def _used(self) -> IntArray:
        return np.unique(self.plan.feature[self._own] % self.columns)

    @cached_property
    def _bounds(self) -> list[FloatArray]:
        """The bounds of each used column, rising."""
        column, threshold = self.plan.feature[self._own] % self.columns, self.plan.threshold[self._own]
        return [np.unique(threshold[column == one]) for one in self._used.tolist()]

    @cached_property
    def _rank_type(self) -> Any:
        return np.uint8 if max(map(len, self._bounds), default=0) <= np.iinfo(np.uint8).max else np.uint32

    def _as_bits(self, bits: npt.NDArray[np.uint64]) -> _Whole:
        most = int(np.diff(self.plan.leaf_starts, append=len(self.plan.leaves)).max())
        return bits.astype(np.uint16).view(np.int16) if most <= _NARROW_LEAVES else bits.view(np.int64)

    @cached_property
    def _groups(self) -> list[_Group]:
        plan, own = self.plan, self._own
        place = np.searchsorted(self._used, plan.feature % self.columns)
        rank = np.zeros(len(own), dtype=self._rank_type)
        for at, bounds in enumerate(self._bounds):
            asks = own & (place == at)
            rank[asks] = bounds.searchsorted(plan.threshold[asks])
        lane = place + len(self._used) * (plan.feature >= self.columns)
        excluded = ~self._as_bits(plan.excludes)
        counts = np.diff(plan.starts) - 1
        out = []
        for count in np.unique(counts).tolist():
            trees = np.flatnonzero(counts == count)
            splits = plan.starts[trees][:, None] + 1 + np.arange(count)
            out.append(_Group(trees, lane[splits], rank[splits], excluded[splits]))
        return out


def _lowest_bit(bits: _Whole) -> IntArray:
    """Return the place of the lowest one of each whole number; none of them is 0."""
    if bits.dtype == np.int16:
        return _places()[bits.view(np.uint16)]
    # A power of two as a floating-point number (the highest bit is a sign) tells it in its exponent.
    return np.asarray(np.frexp((bits & -bits).astype(np.float64))[1] - 1, dtype=np.int64)


@cache
def _places() -> IntArray:
    """Return the place of the lowest one of every number of two bytes."""
    every = np.arange(2**16)
    out = np.zeros(2**16, dtype=np.int64)
    for place in reversed(range(16)):
        out[(every >> place) & 1 == 1] = place
    return out
