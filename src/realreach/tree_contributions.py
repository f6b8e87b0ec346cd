r"""How much each column moves a booster's raw score: TreeSHAP as sums over leaves, without LightGBM.

A leaf of value :math:`v` pays off only to rows that pass all splits on its way. Ask the columns :math:`1..D` of that
way in random order; a column not asked yet counts with the share :math:`z` of the training rows that pass its splits,
one that was asked with :math:`o = 1` if this row passes them, else 0. Column :math:`i` then gets on average

.. math:: v (o_i - z_i) \int_0^1 \prod_{j \ne i} \bigl(o_j t + z_j (1 - t)\bigr)\,dt,

because a column comes before a moment :math:`t` with chance :math:`t`. The product has degree :math:`D - 1`, so that
Gauss-Legendre quadrature on :math:`\lceil D/2 \rceil` points is exact (the idea of Linear TreeSHAP: Yu, Xu, Nie,
Zhang, Li, NeurIPS 2022). The numbers are those of LightGBM's ``pred_contrib`` but for rounding, in less time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from realreach.compiled import frozen, kernels_for
from realreach.tables.core import FloatArray, IntArray
from realreach.tree_text import StoredBooster, Trees, numbered

__all__ = ["Contributor", "contributor_of"]

_ZERO = 1.0000000180025095e-35
"""LightGBM reads values of at most this size as zero."""
_LEAST_ROWS = 200
"""Rows from which on loading the kernel is worth it."""


@dataclass(frozen=True, eq=False)
class _Ways:
    """The way to every leaf of a booster.

    A condition is one split on the way to one leaf: ``split``, whether the leaf lies to its ``left``, and the ``slot``
    of its column. Slots lie column by column of the way, leaf by leaf in each: ``slot = place * leaves + leaf``; those
    that a short way does not need belong to a column behind the last one and count for nothing.
    """

    split: IntArray
    left: IntArray
    slot: IntArray
    column: IntArray
    share: FloatArray
    value: FloatArray
    base: float


@dataclass(frozen=True, eq=False)
class Contributor:
    """The contributions of one booster's columns.

    Parameters
    ----------
    trees
        The booster's trees.
    in_leaf, below
        Rows of the training data in each leaf and below each split; none of them 0.
    columns
        How many columns the booster knows.
    """

    trees: Trees
    in_leaf: IntArray
    below: IntArray
    columns: int

    def of(self, values: FloatArray) -> FloatArray:
        """Return what each column adds to the raw score of each row, and last what a row starts from.

        Returns
        -------
        numpy.ndarray
            Shape (rows, columns + 1); the sum of a row is its raw score but for rounding.
        """
        out = np.empty((len(values), self.columns + 1))
        out[:, -1] = self._ways.base
        kernels = kernels_for(len(values), "tree_kernels", _LEAST_ROWS)
        if kernels is not None:
            kernels.contributions(frozen(values), *self._arrays, _ZERO, out)
            return out
        for row, own in zip(values, out, strict=True):
            own[:-1] = self._of_one(row)
        return out

    def _of_one(self, row: FloatArray) -> FloatArray:
        ways, trees = self._ways, self.trees
        asked = np.where(np.abs(row) <= _ZERO, 0.0, row)[trees.feature]
        goes_left = np.where(np.isnan(asked), trees.nan_left, asked <= trees.threshold)
        passed = self._every_slot.copy()
        passed[ways.slot[goes_left[ways.split] != ways.left]] = 0.0
        sums = np.zeros(len(passed))
        leaves = len(ways.value)
        for point, weight, away in zip(*self._points, self._aways, strict=True):
            factor = away + point * passed
            product = np.multiply.reduce(factor.reshape(-1, leaves), axis=0)
            sums += weight * (np.tile(product, len(passed) // leaves) / factor)
        moved = (passed - ways.share) * self._values * sums
        every = np.bincount(ways.column, moved, minlength=self.columns + 1)
        return np.asarray(every[: self.columns], dtype=np.float64)

    @cached_property
    def _points(self) -> tuple[list[float], list[float]]:
        """Points between 0 and 1 and their weights, exact for the longest way."""
        leaves = len(self._ways.value)
        points, weights = np.polynomial.legendre.leggauss((len(self._ways.share) // leaves + 1) // 2)
        return (0.5 * (points + 1.0)).tolist(), (0.5 * weights).tolist()

    @cached_property
    def _every_slot(self) -> FloatArray:
        """1 for each slot that is needed, 0 for the others."""
        return (self._ways.column < self.columns).astype(np.float64)

    @cached_property
    def _aways(self) -> list[FloatArray]:
        """By point: what a column not asked for yet counts; 1, which changes no product, where none is needed."""
        shares = self._ways.share
        return [np.where(self._every_slot > 0, shares * (1.0 - point), 1.0) for point in self._points[0]]

    @cached_property
    def _values(self) -> FloatArray:
        return np.tile(self._ways.value, len(self._ways.share) // len(self._ways.value))

    @cached_property
    def _arrays(self) -> tuple[Any, ...]:
        """All of it, as the compiled kernel takes it."""
        ways, trees = self._ways, self.trees
        points, weights = (np.array(v) for v in self._points)
        splits = (trees.feature, trees.threshold, trees.nan_left)
        slots = (ways.split, ways.left, ways.slot, ways.column, ways.share, ways.value)
        return tuple(map(frozen, (*splits, *slots, points, weights, np.stack(self._aways), self._every_slot)))

    @cached_property
    def _ways(self) -> _Ways:
        trees = self.trees
        tree, leaf = numbered(trees.leaves_of)
        splits_before = np.cumsum(trees.leaves_of - 1) - (trees.leaves_of - 1)
        leaves_before = np.cumsum(trees.leaves_of) - trees.leaves_of
        split_tree, _ = numbered(trees.leaves_of - 1)
        # The split above each split and each leaf, numbered over all trees; which side of it.
        above = {"split": np.full(len(trees.feature), -1), "leaf": np.full(len(leaf), -1)}
        is_left = {name: np.zeros(len(own), dtype=np.int64) for name, own in above.items()}
        for side, child in ((1, trees.left), (0, trees.right)):
            own = np.arange(len(child))
            inner, outer = child >= 0, child < 0
            for name, which, at in (
                ("split", inner, splits_before[split_tree] + child),
                ("leaf", outer, leaves_before[split_tree] + ~child),
            ):
                above[name][at[which]] = own[which]
                is_left[name][at[which]] = side
        found = _climbed(above, is_left, self.in_leaf, self.below)
        base = float(((self.in_leaf / self._all_rows(tree)) * trees.leaf_value).sum())
        return _slotted(*found, trees, len(leaf), self.columns, base)

    def _all_rows(self, tree: IntArray) -> IntArray:
        """Return for each leaf the rows of its whole tree."""
        whole = np.bincount(tree, self.in_leaf)
        return np.asarray(whole[tree], dtype=np.int64)


def _climbed(
    above: dict[str, IntArray], is_left: dict[str, IntArray], in_leaf: IntArray, below: IntArray
) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Return leaf, split, side and share of rows of every condition, from the leaves up to the roots."""
    parts = []
    leaf = np.flatnonzero(above["leaf"] >= 0)
    split, left, rows = above["leaf"][leaf], is_left["leaf"][leaf], in_leaf[leaf]
    while len(leaf):
        parts.append((leaf, split, left, rows / below[split]))
        higher = above["split"][split] >= 0
        leaf, lower = leaf[higher], split[higher]
        split, left, rows = above["split"][lower], is_left["split"][lower], below[lower]
    if not parts:
        none = np.empty(0, dtype=np.int64)
        return none, none, none, np.empty(0)
    leaf, split, left, share = (np.concatenate(column) for column in zip(*parts, strict=True))
    return leaf, split, left, share


def _slotted(
    leaf: IntArray, split: IntArray, left: IntArray, share: FloatArray, trees: Trees, leaves: int, columns: int,
    base: float,
) -> _Ways:  # fmt: skip
    """Give every column of every way its slot; several splits on one column share it."""
    column = trees.feature[split]
    order = np.lexsort((column, leaf))
    leaf, split, left, share, column = leaf[order], split[order], left[order], share[order], column[order]
    opens = np.ones(len(leaf), dtype=bool)
    opens[1:] = (leaf[1:] != leaf[:-1]) | (column[1:] != column[:-1])
    entry = np.cumsum(opens) - 1
    per_leaf = np.bincount(leaf[opens], minlength=leaves)
    place = np.arange(int(per_leaf.sum())) - np.repeat(np.cumsum(per_leaf) - per_leaf, per_leaf)
    depth = max(int(per_leaf.max(initial=0)), 1)
    slots = place * leaves + leaf[opens]
    columns_of, shares = np.full(depth * leaves, columns), np.ones(depth * leaves)
    columns_of[slots] = column[opens]
    if len(entry):
        shares[slots] = np.multiply.reduceat(share, np.flatnonzero(opens))
    return _Ways(split, left, slots[entry], columns_of, shares, trees.leaf_value, base)


def contributor_of(booster: StoredBooster) -> Contributor | None:
    """Return what splits the booster's raw scores; None where only LightGBM can.

    Besides trees of another kind these are boosters without the counts of training rows, or with empty leaves.
    """
    try:
        trees, (in_leaf, below) = booster.trees, booster.counts
    except ValueError:
        return None
    if trees is None or (in_leaf <= 0).any():
        return None
    return Contributor(trees, in_leaf, below, booster.num_feature())
