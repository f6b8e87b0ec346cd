"""Boosters as LightGBM writes them: text that is taken apart here, so that scoring needs LightGBM for nothing.

Importing LightGBM costs more than scoring a thousand creators (it brings SciPy, and scikit-learn where that is there).
A stored booster becomes LightGBM's own object only where somebody asks for what the arrays here do not give.

The text may come from a folder that somebody prepared. So every number is checked before anything walks along it: each
split and each leaf of a tree hangs in exactly one place below an earlier split, and every column is one that the
booster has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from realreach.tables.core import FloatArray, IntArray

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = ["MOST_LEAVES", "StoredBooster", "Trees", "stored"]

MOST_LEAVES = 64
"""Leaves of a tree that the bits of one whole number can stand for."""
_CATEGORY, _DEFAULT_LEFT, _MISSING, _MISSING_ZERO, _MISSING_NAN = 1, 2, 3, 1, 2
_WHOLE = ("split_feature", "decision_type", "left_child", "right_child")
_REAL = ("threshold", "leaf_value")


@dataclass(frozen=True, eq=False)
class Trees:
    """All trees of a booster, one after the other, in the order of LightGBM's text.

    ``leaves_of`` counts the leaves of each tree; the other arrays hold one value for each split (a tree has one less
    than leaves) or, ``leaf_value``, for each leaf. ``left`` and ``right`` number the next split of the same tree, or a
    leaf ``k`` as ``~k``.
    """

    leaves_of: IntArray
    feature: IntArray
    threshold: FloatArray
    nan_left: npt.NDArray[np.bool_]
    left: IntArray
    right: IntArray
    leaf_value: FloatArray


class StoredBooster:
    """A trained booster as its text; LightGBM is loaded only for what is neither its trees nor its number of columns.

    Parameters
    ----------
    text
        LightGBM's own text of the model (version 4).
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def __getattr__(self, name: str) -> Any:
        """Give whatever else LightGBM's booster has."""
        if name.startswith("_") or name == "text":  # not there yet while a copy is made
            raise AttributeError(name)
        return getattr(self.lightgbm, name)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy is made from: the text says all."""
        return {"text": self.text}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the text of the original."""
        self.text = state["text"]

    def model_to_string(self) -> str:
        """Return the text, as LightGBM's booster does."""
        return self.text

    def num_feature(self) -> int:
        """Return the number of columns.

        Raises
        ------
        ValueError
            If the text does not say.
        """
        return _columns(self.text)

    @cached_property
    def lightgbm(self) -> lgb.Booster:
        """The same as LightGBM's own object."""
        import lightgbm as lgb

        return lgb.Booster(model_str=self.text)

    @cached_property
    def trees(self) -> Trees | None:
        """The trees as arrays; None where they are of a kind that only LightGBM walks.

        Those are trees with more than 64 leaves, with categories, with linear leaves, with zero read as missing.

        Raises
        ------
        ValueError
            If the text is damaged.
        """
        return _trees(self.text)

    @cached_property
    def counts(self) -> tuple[IntArray, IntArray]:
        """Rows of the training data in each leaf and below each split, as many as leaves and splits.

        Raises
        ------
        ValueError
            If the text does not hold them.
        """
        blocks = _blocks(self.text)
        in_leaf, below = (_whole([b.get(name, "") for b in blocks]) for name in ("leaf_count", "internal_count"))
        trees = self.trees
        if trees is None or len(in_leaf) != len(trees.leaf_value) or len(below) != len(trees.feature):
            raise ValueError("counts of leaves and splits do not fit the trees")
        if (in_leaf < 0).any() or (below <= 0).any():
            raise ValueError("counts of leaves and splits must be positive")
        return in_leaf, below


def stored(booster: lgb.Booster | StoredBooster) -> StoredBooster:
    """Return a booster as its text."""
    return booster if isinstance(booster, StoredBooster) else StoredBooster(booster.model_to_string())


def _columns(text: str) -> int:
    _, found, rest = text.partition("\nmax_feature_idx=")
    if not found:
        raise ValueError("the booster does not say how many columns it has")
    return int(rest[: rest.index("\n")]) + 1


def _blocks(text: str) -> list[dict[str, str]]:
    """Return the fields of every tree."""
    return [
        dict(line.partition("=")[::2] for line in block[: block.find("\n\n")].split("\n"))
        for block in text.split("\nTree=")[1:]
    ]


def _whole(fields: Sequence[str]) -> IntArray:
    return np.array(list(map(int, " ".join(fields).split())), dtype=np.int64)


def _trees(text: str) -> Trees | None:
    head, blocks = text.partition("\nTree=")[0], _blocks(text)
    if "\nnum_tree_per_iteration=1\n" not in head or "average_output" in head or not blocks:
        return None
    if any(b["num_cat"] != "0" or b.get("is_linear", "0") != "0" for b in blocks):
        return None
    leaves_of = _whole([b["num_leaves"] for b in blocks])
    feature, kind, left, right = (_whole([b.get(name, "") for b in blocks]) for name in _WHOLE)
    threshold, leaf_value = (
        np.array(list(map(float, " ".join(b.get(name, "") for b in blocks).split())), dtype=np.float64)
        for name in _REAL
    )
    missing = kind >> 2 & _MISSING
    if leaves_of.max() > MOST_LEAVES or ((kind & _CATEGORY) != 0).any() or (missing == _MISSING_ZERO).any():
        return None
    nan_left = np.where(missing == _MISSING_NAN, (kind & _DEFAULT_LEFT) != 0, threshold >= 0.0)
    found = Trees(leaves_of, feature, threshold, nan_left, left, right, leaf_value)
    _check(found, _columns(text))
    return found


def _check(trees: Trees, columns: int) -> None:
    """Refuse what is no tree; nobody checks again."""
    splits = int((trees.leaves_of - 1).sum())
    every = (trees.feature, trees.threshold, trees.nan_left, trees.left, trees.right)
    if (trees.leaves_of < 1).any() or any(len(values) != splits for values in every):
        raise ValueError("splits do not fit the number of leaves")
    if len(trees.leaf_value) != splits + len(trees.leaves_of):
        raise ValueError("leaves do not fit their number")
    if ((trees.feature < 0) | (trees.feature >= columns)).any():
        raise ValueError("a split asks for a column that is not there")
    tree, node = numbered(trees.leaves_of - 1)
    most = int(trees.leaves_of.max())
    hangs = np.zeros((len(trees.leaves_of), 2 * most), dtype=np.int64)
    for child in (trees.left, trees.right):
        inside = (child >= -trees.leaves_of[tree]) & (child < trees.leaves_of[tree] - 1)
        if not inside.all() or ((child >= 0) & (child <= node)).any():
            raise ValueError("a split leads nowhere, or back")
        # A leaf ~k stands behind the splits, at the end of the row counted back.
        np.add.at(hangs, (tree, child), 1)
    if hangs.max(initial=0) > 1:
        raise ValueError("a split or leaf hangs in two places")


def numbered(counts: IntArray) -> tuple[IntArray, IntArray]:
    """Return for things that lie tree by tree the number of their tree, and their own within it."""
    tree = np.repeat(np.arange(len(counts)), counts)
    return tree, np.arange(len(tree)) - np.repeat(np.cumsum(counts) - counts, counts)
