"""Compiled walk through the trees of :mod:`realreach.trees` (numba, the extra ``fast``): sixteen rows at a time.

Comparisons and sums of the same numbers in the same order, so the results are equal to the last bit. Serial, without
the interpreter's lock, kept on disk. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

__all__ = ["contributions", "raw_scores"]

_LANES = 16
"""Rows that are compared side by side: two or four vectors of the processor."""
_ALL = np.uint64(2**64 - 1)
_ONE, _NONE = np.uint64(1), np.uint64(0)
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
"""Times a power of two, its upper six bits tell which (a de Bruijn sequence)."""
_TOP_SIX = np.uint64(58)
_PLACE_OF_BIT = np.zeros(64, dtype=np.int64)
for _bit in range(64):
    _PLACE_OF_BIT[((1 << _bit) * int(_DE_BRUIJN)) % 2**64 >> 58] = _bit


@nb.njit(nogil=True, cache=True, inline="always")
def _first_left(bits):
    """Return the place of the lowest one."""
    return _PLACE_OF_BIT[((bits & (~bits + _ONE)) * _DE_BRUIJN) >> _TOP_SIX]


@nb.njit(nogil=True, cache=True)
def _fill(values, rows, zero, lanes):
    """Lay out some rows column by column: missing values as they are, then small, then a missing one."""
    columns = values.shape[1]
    for lane in range(len(rows)):
        row = rows[lane]
        for column in range(columns):
            value = values[row, column]
            if abs(value) <= zero:
                value = 0.0
            lanes[column, lane] = value
            lanes[columns + column, lane] = -np.inf if np.isnan(value) else value
        lanes[2 * columns, lane] = np.nan


@nb.njit(nogil=True, cache=True)
def _one(lanes, feature, threshold, excludes, starts, leaf_starts, leaves, first, last):
    """Return the sum over some trees for the row in the first lane."""
    total = 0.0
    for tree in range(first, last):
        left = _ALL
        for split in range(starts[tree], starts[tree + 1]):
            # Without a branch: nobody can guess the answers of another creator.
            left &= np.uint64(excludes[split]) | (_NONE - np.uint64(lanes[feature[split], 0] <= threshold[split]))
        total += leaves[leaf_starts[tree] + _first_left(left)]
    return total


@nb.njit(nogil=True, cache=True)
def _many(lanes, left, feature, threshold, excludes, starts, leaf_starts, leaves, first, last, total):
    """Add some trees to the sum of every lane."""
    # A width that the compiler does not know lets it turn the innermost loop into vectors instead of unrolling it.
    width = len(left)
    for tree in range(first, last):
        left[:] = _ALL
        for split in range(starts[tree], starts[tree + 1]):
            own = lanes[feature[split]]
            bound = threshold[split]
            stays = excludes[split]
            for lane in range(width):
                left[lane] &= _ALL if own[lane] <= bound else stays
        base = leaf_starts[tree]
        for lane in range(len(total)):
            total[lane] += leaves[base + _first_left(left[lane])]


@nb.njit(nogil=True, cache=True)
def raw_scores(
    values, rows, places, feature, threshold, excludes, starts, leaf_starts, leaves, trees, zero, out
) -> None:
    """Write the raw scores of some rows by each booster into ``out`` at these places; see ``Plan.raw``."""
    width = _LANES if len(rows) > 1 else 1
    # Lanes without a row hold what they held: nobody reads them.
    lanes = np.zeros((2 * values.shape[1] + 1, width))
    left = np.empty(width, dtype=np.uint64)
    total = np.empty(width)
    for begin in range(0, len(rows), width):
        some = rows[begin : begin + width]
        _fill(values, some, zero, lanes)
        for booster in range(len(trees) - 1):
            first, last = trees[booster], trees[booster + 1]
            if len(some) == 1:
                out[places[begin], booster] = _one(
                    lanes, feature, threshold, excludes, starts, leaf_starts, leaves, first, last
                )
                continue
            total[:] = 0.0
            _many(lanes, left, feature, threshold, excludes, starts, leaf_starts, leaves, first, last, total)
            for lane in range(len(some)):
                out[places[begin + lane], booster] = total[lane]


@nb.njit(nogil=True, cache=True)
def contributions(
    values, feature, threshold, nan_left, split, left, slot, column, share, value, points, weights, aways, every,
    zero, out,
) -> None:  # fmt: skip
    """Write what each column adds to the raw score of each row; see ``tree_contributions.Contributor``."""
    splits, slots, leaves = len(feature), len(share), len(value)
    goes_left = np.empty(splits, dtype=np.int64)
    passed, sums = np.empty(slots), np.empty(slots)
    product = np.empty(leaves)
    moved = np.empty(values.shape[1] + 1)
    for row in range(len(values)):
        for k in range(splits):
            asked = values[row, feature[k]]
            if np.isnan(asked):
                goes_left[k] = nan_left[k]
            else:
                goes_left[k] = (0.0 if abs(asked) <= zero else asked) <= threshold[k]
        passed[:] = every
        for k in range(len(split)):
            # Without a branch: half of the conditions fail, and nobody can guess which.
            passed[slot[k]] *= np.float64(goes_left[split[k]] == left[k])
        sums[:] = 0.0
        for q in range(len(points)):
            _add_point(points[q], weights[q], aways[q], passed, product, sums)
        moved[:] = 0.0
        for first in range(0, slots, leaves):
            for leaf in range(leaves):
                at = first + leaf
                moved[column[at]] += (passed[at] - share[at]) * value[leaf] * sums[at]
        out[row, :-1] = moved[:-1]


@nb.njit(nogil=True, cache=True)
def _add_point(point, weight, away, passed, product, sums):
    """Add what one point of the quadrature gives to the sum of every slot."""
    leaves = len(product)
    product[:] = 1.0
    # Slices, so that the compiler sees plain vectors.
    for first in range(0, len(sums), leaves):
        own_away, own_passed = away[first : first + leaves], passed[first : first + leaves]
        for leaf in range(leaves):
            product[leaf] *= own_away[leaf] + point * own_passed[leaf]
    for first in range(0, len(sums), leaves):
        own_away, own_passed = away[first : first + leaves], passed[first : first + leaves]
        own_sums = sums[first : first + leaves]
        for leaf in range(leaves):
            own_sums[leaf] += weight * (product[leaf] / (own_away[leaf] + point * own_passed[leaf]))
