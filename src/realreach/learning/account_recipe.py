"""The recipe that the benchmark trains on each public set of accounts: trees and additive curves, in equal parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from realreach.learning.accounts import calibrate, folds
from realreach.tables.core import FloatArray, IntArray

__all__ = ["LARGE_SET", "MEMBERS", "SMALL_SET", "FittedRecipe", "Matrix", "fit_recipe"]

_EDGE = 1e-4
"""Probabilities of members are held this far from 0 and 1, so that no single one outvotes the others."""
_QUANTILES = 100


@dataclass(frozen=True, eq=False)
class Matrix:
    """Features of accounts with what a model may assume of them.

    Parameters
    ----------
    values
        (n, features), NaN is unknown. Columns that are never known are left out by the recipe.
    names
        Of the columns.
    direction
        Sign in which suspicion may move with each column alone, 0 free.
    """

    values: FloatArray
    names: tuple[str, ...]
    direction: IntArray

    def rows(self, chosen: np.ndarray) -> Matrix:
        """Return these rows."""
        return Matrix(self.values[chosen], self.names, self.direction)

    def known(self) -> Matrix:
        """Return the columns of which at least one value is known."""
        some = ~np.isnan(self.values).all(axis=0)
        names = tuple(self.names[i] for i in np.flatnonzero(some))
        return Matrix(self.values[:, some], names, self.direction[some])


class _Classifier(Protocol):
    def fit(self, X: FloatArray, y: FloatArray) -> Any: ...
    def predict_proba(self, X: FloatArray) -> FloatArray: ...


def _trees(data: Matrix, seed: int) -> _Classifier:
    """Boost extremely random trees with monotone directions: interactions."""
    import lightgbm as lgb

    return lgb.LGBMClassifier(
        n_estimators=400,
        learning_rate=0.03,
        num_leaves=8,
        min_child_samples=6,
        extra_trees=True,
        subsample=0.7,
        subsample_freq=1,
        colsample_bytree=0.5,
        reg_lambda=3.0,
        monotone_constraints=data.direction.tolist(),
        random_state=seed,
        n_jobs=1,
        deterministic=True,
        force_row_wise=True,
        verbosity=-1,
    )


def _forest(data: Matrix, seed: int) -> _Classifier:
    """Average extremely random trees: interactions of another kind, and no assumed direction."""
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline

    forest = ExtraTreesClassifier(150, min_samples_leaf=2, max_features=0.5, n_jobs=1, random_state=seed)
    return make_pipeline(SimpleImputer(strategy="median"), forest)


def _large_trees(data: Matrix, seed: int) -> _Classifier:
    """Grow the same for ten thousands of rows: more trees, more leaves, no assumed direction."""
    return _trees(data, seed).set_params(  # type: ignore[attr-defined]
        n_estimators=800, num_leaves=24, min_child_samples=20, monotone_constraints=None
    )


def _curves(data: Matrix, seed: int) -> _Classifier:
    """Fit a logistic regression on a smooth curve per feature: little variance, no interactions."""
    return _additive(on_quantiles=False, strength=0.02)


def _quantile_curves(data: Matrix, seed: int) -> _Classifier:
    """Fit the same on quantiles, which tails and rounding cannot bend."""
    return _additive(on_quantiles=True, strength=0.05)


def _additive(*, on_quantiles: bool, strength: float) -> _Classifier:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import QuantileTransformer, SplineTransformer, StandardScaler

    steps = [SimpleImputer(strategy="median")]
    if on_quantiles:
        steps.append(QuantileTransformer(n_quantiles=_QUANTILES, output_distribution="normal"))
    steps += [SplineTransformer(5, knots="quantile", degree=2), StandardScaler()]
    return make_pipeline(*steps, LogisticRegression(C=strength, max_iter=3000))


MEMBERS: Mapping[str, Callable[[Matrix, int], _Classifier]] = {
    "trees": _trees,
    "forest": _forest,
    "curves": _curves,
    "quantile_curves": _quantile_curves,
    "large_trees": _large_trees,
}
"""The members by name: what is fitted, given the data (for their directions) and a seed."""

SMALL_SET = ("trees", "forest", "curves", "quantile_curves")
"""Members for about a thousand accounts."""
LARGE_SET = ("large_trees",)
"""Members for ten thousands."""


@dataclass(frozen=True, eq=False)
class FittedRecipe:
    """Fitted members and the calibration of their mean log-odds."""

    members: tuple[_Classifier, ...]
    slope: float
    intercept: float
    used: tuple[str, ...]

    def probabilities(self, data: Matrix) -> FloatArray:
        """Return the calibrated probability of each account."""
        values = data.values[:, [data.names.index(name) for name in self.used]]
        margins = np.stack([_log_odds(m.predict_proba(values)[:, 1]) for m in self.members], axis=1)
        return 1.0 / (1.0 + np.exp(-(self.slope * margins.mean(axis=1) + self.intercept)))


def fit_recipe(
    data: Matrix,
    y: FloatArray,
    groups: IntArray,
    *,
    members: Sequence[str] = SMALL_SET,
    inner: int = 5,
    seed: int = 0,
) -> FittedRecipe:
    """Fit the members and calibrate the mean of their log-odds on inner folds, all on the rows given.

    Equal parts: weights chosen on inner folds (the best subset, or a logistic regression on the members) were tried
    and are no better on sets of a hundred or two positives, only less steady.

    Parameters
    ----------
    data
        Features of the training rows.
    y
        1 suspicious, 0 real.
    groups
        Rows of one group stay together in the inner folds.
    members
        Names of :data:`MEMBERS`.
    inner
        Inner folds.
    seed
        Of inner folds and trees.
    """
    data = data.known()
    makers = [MEMBERS[name] for name in members]
    held_out = np.empty((len(y), len(makers)))
    for train, judged in folds(y, groups, inner, 7_000 + seed):
        part = data.rows(train)
        for place, make in enumerate(makers):
            fitted = make(part, seed).fit(part.values, y[train])
            held_out[judged, place] = _log_odds(fitted.predict_proba(data.values[judged])[:, 1])
    slope, intercept = calibrate(held_out.mean(axis=1), y)
    fitted_members = tuple(make(data, seed).fit(data.values, y) for make in makers)
    return FittedRecipe(fitted_members, slope, intercept, data.names)


def _log_odds(p: FloatArray) -> FloatArray:
    p = np.clip(p, _EDGE, 1.0 - _EDGE)
    return np.log(p) - np.log1p(-p)
