"""Boosters as plain arrays: the raw scores that LightGBM gives, to the last bit, without its cost of a call.

A call of a booster costs as much as a dozen rows, and one creator needs more than ten of them. Here a row's answers to
all splits are compared at once. Every split that a row passes to the right rules out the leaves on its left, as bits of
one whole number per tree; the first leaf that is left is the row's (the method is known as QuickScorer). The values of
the leaves are added tree by tree, as LightGBM adds them. Many rows go through :mod:`realreach.tree_batches`.

Pillars that are not looked at are missing values, so all splits on them are decided beforehand: a single pillar costs
its own splits only. Built from LightGBM's own text (:mod:`realreach.tree_text`) at first need; boosters of any other
kind than those trained here (more than 64 leaves, categories, linear leaves, zero read as missing) are left to
LightGBM.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from realreach.compiled import LEAST_CREATORS, frozen, kernels_for
from realreach.pillars import PILLARS
from realreach.tables.core import FloatArray, IntArray
from realreach.tree_batches import Batches
from realreach.tree_text import StoredBooster, Trees, numbered, stored

if TYPE_CHECKING:
    from types import ModuleType

    import lightgbm as lgb

__all__ = ["Forest"]

BitArray = npt.NDArray[np.uint64]

_FEW = 8
"""Rows up to which NumPy walks the trees of a row faster than LightGBM, where that is loaded, takes a call."""
_CALLS = 3
"""Small calls from which on taking the text of LightGBM's own objects apart (some 0.1 s) is worth it."""
_AT_ONCE = 1_000
"""Rows that are walked, or asked for, together: their values stay in the processor's cache."""
_ROW_BY_ROW = 8
"""Rows up to which taking them one by one is faster than all at once."""
_VIEWS = 1 + len(PILLARS)
"""Sets of pillars through which one creator is seen at once: all that are there, and each by itself."""
_FIRST = (frozen(np.zeros(1, dtype=np.int64)), frozen(np.zeros(1, dtype=np.int64)))
"""The first row, and where its results go, as the compiled walk takes them."""
_MOST_NARROW, _SHORT_LEAVES = 2**15 - 1, 32
"""Largest number of a column, and most leaves of a tree, that take half the room."""
_ALL = np.uint64(2**64 - 1)
_ONE = np.uint64(1)
_ZERO = 1.0000000180025095e-35
"""LightGBM reads values of at most this size as zero."""


@dataclass(frozen=True, eq=False)
class _Splits:
    """All splits of some boosters in one order: booster by booster, tree by tree.

    ``excludes`` holds, as bits, the leaves that stay possible to the right, ``covers`` those below a split.
    """

    feature: IntArray
    threshold: FloatArray
    nan_left: npt.NDArray[np.bool_]
    tree: IntArray
    excludes: BitArray
    covers: BitArray
    leaf_starts: IntArray
    leaves: FloatArray
    trees: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Plan:
    """What is left to compare where only some pillars are looked at.

    Each tree opens with a split that every row passes to the right and that rules out what is decided already;
    ``starts[i]:starts[i + 1]`` are the splits of tree ``i``. ``feature`` numbers a row of two halves and a last value:
    values with missing ones as they are (which go right), the same with missing ones small (left), a missing one.
    """

    feature: IntArray
    threshold: FloatArray
    excludes: BitArray
    starts: IntArray
    leaf_starts: IntArray
    leaves: FloatArray
    trees: IntArray

    @cached_property
    def arrays(self) -> tuple[Any, ...]:
        """All of it, as the compiled walk takes it: as narrow as it can be, for the trees must come from far memory."""
        narrow = len(self.feature) == 0 or int(self.feature.max()) <= _MOST_NARROW
        feature = self.feature.astype(np.int16) if narrow else self.feature
        excludes = self.excludes.astype(np.uint32) if self._most_leaves <= _SHORT_LEAVES else self.excludes
        starts, leaf_starts = self.starts.astype(np.int32), self.leaf_starts.astype(np.int32)
        return tuple(map(frozen, (feature, self.threshold, excludes, starts, leaf_starts, self.leaves, self.trees)))

    @property
    def _most_leaves(self) -> int:
        """Leaves of the largest tree."""
        return int(np.diff(np.append(np.unique(self.leaf_starts), len(self.leaves))).max())

    @cached_property
    def _table(self) -> tuple[IntArray, int]:
        """Where the value of each tree stands in a table of boosters by trees, and the trees of the largest."""
        counts = np.diff(self.trees)
        most = int(counts.max())
        booster = np.repeat(np.arange(len(counts)), counts)
        return booster * most + np.arange(self.trees[-1]) - self.trees[booster], most

    def raw(self, row: FloatArray) -> FloatArray:
        """Return the raw score of each booster for one row of values."""
        stays = _opened(row)[self.feature] <= self.threshold
        left = np.bitwise_and.reduceat(np.where(stays, _ALL, self.excludes), self.starts[:-1])
        # The lowest bit is a power of two, so its exponent is exact.
        leaf = np.frexp((left & (~left + _ONE)).astype(np.float64))[1]
        place, most = self._table
        # Boosters with fewer trees end in zeros; sums run from the first tree to the last, as LightGBM's do.
        table = np.zeros((len(self.trees) - 1, most))
        table.ravel()[place] = self.leaves[self._before + leaf]
        return np.asarray(table.cumsum(axis=1)[:, -1], dtype=np.float64)

    @cached_property
    def _before(self) -> IntArray:
        return self.leaf_starts - 1  # frexp counts exponents from 1

    @cached_property
    def batches(self) -> Batches:
        """The same, laid out for many rows at once."""
        return Batches(self)


def _opened(row: FloatArray) -> FloatArray:
    """Return the row twice, missing values as they are and small, and a missing one: see :class:`Plan`."""
    n = len(row)
    both = np.empty(2 * n + 1)
    missing = np.isnan(row)
    both[:n] = both[n:-1] = np.where(np.abs(row) <= _ZERO, 0.0, row)
    both[n:-1][missing] = -np.inf
    both[-1] = np.nan
    return both


class Forest:
    """Some boosters on the same columns, for raw scores of rows of which only some pillars are looked at.

    Parameters
    ----------
    boosters
        Trained boosters; they must not be trained on.
    needs
        Bit mask of the pillars that each column needs (0 = always there); all 0 where nothing is ever to be hidden.
    least
        Rows from which on loading the compiled walk pays, where nothing has loaded it yet.
    """

    def __init__(
        self, boosters: tuple[lgb.Booster | StoredBooster, ...], needs: IntArray, least: int = LEAST_CREATORS
    ) -> None:
        self.boosters = boosters
        self.needs = needs
        self.least = least
        self._plans: dict[int, Plan] = {}
        self._plans_together: dict[tuple[int, ...], Plan] = {}
        self._calls = 0

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy is made from; it takes the boosters apart itself."""
        start = {"_plans": {}, "_plans_together": {}, "_calls": 0}
        return {"boosters": self.boosters, "needs": self.needs, "least": self.least, **start}

    @cached_property
    def _splits(self) -> _Splits | None:
        return _taken_apart(tuple(map(stored, self.boosters)))

    @cached_property
    def _is_stored(self) -> bool:
        return all(isinstance(booster, StoredBooster) for booster in self.boosters)

    def raw(
        self, values: FloatArray, rows: IntArray, masks: IntArray, wanted: npt.NDArray[np.bool_] | None = None
    ) -> FloatArray:
        """Return raw scores, one row of the result for each of ``rows``, one column for each booster.

        Parameters
        ----------
        values
            The columns that the boosters know, shape (anything, columns).
        rows
            Which of them to look at; one may come several times, seen through other pillars.
        masks
            For each of ``rows`` the bit mask of the pillars looked at; columns that need another are read as missing.
        wanted
            Which results are asked for, shape (rows, boosters); the others hold anything. None asks for all.
        """
        n = len(rows)
        kernels = kernels_for(n, "tree_kernels", self.least)
        if (kernels is None and not self._is_worth_walking(n)) or self._splits is None:
            return self._predicted(values, rows, masks, wanted)
        if n <= _VIEWS and len(values) == 1 and n > 0:
            return self._of_one(values, tuple(masks.tolist()), kernels)
        if kernels is None:
            return self._walked(values, rows, masks, wanted)
        out = np.empty((n, len(self.boosters)))
        every = frozen(values)
        for mask in set(masks.tolist()):
            places = np.flatnonzero(masks == mask)
            kernels.raw_scores(every, rows[places], places, *self.plan(mask).arrays, _ZERO, out)
        return out

    def raw_of_one(self, values: FloatArray, masks: tuple[int, ...]) -> FloatArray:
        """Return what :meth:`raw` does of a single row, seen through at most five sets of pillars."""
        kernels = kernels_for(len(masks), "tree_kernels", self.least)
        if (kernels is not None or self._is_worth_walking(len(masks))) and self._splits is not None:
            return self._of_one(values, masks, kernels)
        return self._predicted(values, np.zeros(len(masks), dtype=np.int64), np.array(masks), None)

    def _of_one(self, values: FloatArray, masks: tuple[int, ...], kernels: ModuleType | None) -> FloatArray:
        """Walk the trees for one creator, seen through several pillars in one go."""
        plan = self._together(masks)
        if kernels is None:
            return plan.raw(values[0]).reshape(len(masks), -1)
        out = np.empty((1, len(masks) * len(self.boosters)))
        kernels.raw_scores(frozen(values), *_FIRST, *plan.arrays, _ZERO, out)
        return out.reshape(len(masks), -1)

    def _together(self, masks: tuple[int, ...]) -> Plan:
        """Return the plans of several sets of pillars as one: the boosters once for each of them."""
        if len(masks) == 1:
            return self.plan(masks[0])
        if masks not in self._plans_together:
            self._plans_together[masks] = _side_by_side([self.plan(mask) for mask in masks])
        return self._plans_together[masks]

    def _is_worth_walking(self, rows: int) -> bool:
        """Whether to do without LightGBM: always where it is not loaded for these boosters yet."""
        if self._is_stored:
            return True
        self._calls += rows <= _FEW
        return 0 < rows <= _FEW and self._calls >= _CALLS

    def _walked(
        self, values: FloatArray, rows: IntArray, masks: IntArray, wanted: npt.NDArray[np.bool_] | None
    ) -> FloatArray:
        """Walk the trees with NumPy."""
        out = np.empty((len(rows), len(self.boosters)))
        every = np.ones(len(self.boosters), dtype=bool)
        for mask in sorted(set(masks.tolist())):
            places, plan = np.flatnonzero(masks == mask), self.plan(mask)
            if len(places) <= _ROW_BY_ROW:
                for place in places.tolist():
                    out[place] = plan.raw(values[rows[place]])
                continue
            for first in range(0, len(places), _AT_ONCE):
                some = places[first : first + _AT_ONCE]
                asked = every if wanted is None else np.logical_or.reduce(wanted[some])
                out[some] = plan.batches.raw(values[rows[some]], asked)
        return out

    def _predicted(
        self, values: FloatArray, rows: IntArray, masks: IntArray, wanted: npt.NDArray[np.bool_] | None
    ) -> FloatArray:
        """Ask LightGBM, some rows at a time: their copies stay in the processor's cache."""
        out = np.full((len(rows), len(self.boosters)), np.nan)
        for first in range(0, len(rows), _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            hidden = (self.needs[None, :] & ~masks[part, None]) != 0
            shown = np.where(hidden, np.nan, values[rows[part]])
            for column, booster in enumerate(self.boosters):
                if wanted is None:
                    out[part, column] = booster.predict(shown, raw_score=True, num_threads=1)
                elif len(asked := np.flatnonzero(wanted[part, column])):
                    out[first + asked, column] = booster.predict(shown[asked], raw_score=True, num_threads=1)
        return out

    def plan(self, mask: int) -> Plan:
        """Return what is to compare where these pillars are looked at."""
        if mask not in self._plans:
            assert self._splits is not None
            self._plans[mask] = _planned(self._splits, self.needs, mask)
        return self._plans[mask]


def _side_by_side(plans: list[Plan]) -> Plan:
    """Return plans of the same boosters one after another, as one plan of that many more boosters."""
    splits = np.cumsum([0, *(len(plan.feature) for plan in plans)])
    trees = len(plans[0].leaf_starts) * np.arange(len(plans) + 1)
    return Plan(
        np.concatenate([plan.feature for plan in plans]),
        np.concatenate([plan.threshold for plan in plans]),
        np.concatenate([plan.excludes for plan in plans]),
        np.append(np.concatenate([plan.starts[:-1] + at for plan, at in zip(plans, splits, strict=False)]), splits[-1]),
        np.tile(plans[0].leaf_starts, len(plans)),
        plans[0].leaves,
        np.append(np.concatenate([plan.trees[:-1] + at for plan, at in zip(plans, trees, strict=False)]), trees[-1]),
    )


def _planned(splits: _Splits, needs: IntArray, mask: int) -> Plan:
    """Decide all splits on pillars that are not looked at, and leave out what can no longer be reached."""
    trees = len(splits.leaf_starts)
    hidden = (needs[splits.feature] & ~mask) != 0
    possible = np.full(trees, _ALL)
    ruled_out = hidden & ~splits.nan_left
    np.bitwise_and.at(possible, splits.tree[ruled_out], splits.excludes[ruled_out])
    open_ = np.flatnonzero(~hidden & ((splits.covers & possible[splits.tree]) != 0))
    columns = len(needs)
    counts = np.bincount(splits.tree[open_], minlength=trees) + 1
    starts = np.cumsum(counts) - counts
    # The splits of a tree follow its opening one.
    place = np.arange(len(open_)) + splits.tree[open_] + 1
    feature = np.full(len(open_) + trees, 2 * columns, dtype=np.int64)
    threshold = np.zeros(len(feature))
    excludes = np.empty(len(feature), dtype=np.uint64)
    feature[place] = splits.feature[open_] + columns * splits.nan_left[open_]
    threshold[place] = splits.threshold[open_]
    excludes[place], excludes[starts] = splits.excludes[open_], possible
    ends = np.append(starts, len(feature))
    booster_ends = np.cumsum([0, *splits.trees])
    return Plan(feature, threshold, excludes, ends, splits.leaf_starts, splits.leaves, booster_ends)


def _taken_apart(boosters: tuple[StoredBooster, ...]) -> _Splits | None:
    """Return the splits of the boosters; None where one is of another kind."""
    all_trees = [booster.trees for booster in boosters]
    found = [trees for trees in all_trees if trees is not None]
    return _joined(found) if len(found) == len(all_trees) else None


def _joined(parts: list[Trees]) -> _Splits:
    """Return the splits of boosters in one order, with the leaves that each of them rules out."""
    counts, feature, threshold, nan_left, left, right, leaves = (
        np.concatenate([getattr(trees, name) for trees in parts])
        for name in ("leaves_of", "feature", "threshold", "nan_left", "left", "right", "leaf_value")
    )
    tree, node = numbered(counts - 1)
    first, left_size, size, place = _ordered(counts, tree, node, left, right)
    below = _bits(left_size) << first.astype(np.uint64)
    leaf_starts = np.cumsum(counts) - counts
    ordered = np.empty_like(leaves)
    ordered[np.repeat(leaf_starts, counts) + place] = leaves
    return _Splits(
        feature,
        threshold,
        nan_left,
        tree,
        ~below,
        _bits(size) << first.astype(np.uint64),
        leaf_starts,
        ordered,
        tuple(len(trees.leaves_of) for trees in parts),
    )


def _bits(count: IntArray) -> BitArray:
    """Return that many ones (up to 64)."""
    return np.asarray(_ALL >> (np.uint64(64) - count.astype(np.uint64)), dtype=np.uint64)


def _ordered(
    counts: IntArray, tree: IntArray, node: IntArray, left: IntArray, right: IntArray
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """Count the leaves of each tree from left to right.

    Returns
    -------
    tuple
        Per split the number of its first leaf, of the leaves on its left and of all below it, and per leaf (in
        LightGBM's order) its number.
    """
    most = int(counts.max())
    # Sizes and first leaves by tree and place; a leaf ~k stands behind the splits, at the end of the row counted back.
    size = np.ones((len(counts), 2 * most), dtype=np.int64)
    first = np.zeros((len(counts), 2 * most), dtype=np.int64)
    by_node = [np.flatnonzero(node == k) for k in range(most - 1)]
    for own in reversed(by_node):
        size[tree[own], node[own]] = size[tree[own], left[own]] + size[tree[own], right[own]]
    for own in by_node:
        first[tree[own], left[own]] = first[tree[own], node[own]]
        first[tree[own], right[own]] = first[tree[own], node[own]] + size[tree[own], left[own]]
    owner, leaf = numbered(counts)
    return first[tree, node], size[tree, left], size[tree, node], first[owner, ~leaf]
