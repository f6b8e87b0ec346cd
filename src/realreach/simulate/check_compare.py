"""Two-sample tests: whether a model can tell real from simulated accounts of the same size, seen in the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from realreach.tables.core import FloatArray, IntArray

__all__ = [
    "FEWEST_PAIRS",
    "Comparison",
    "OutOfFold",
    "Telling",
    "compare",
    "matched_pairs",
    "out_of_fold",
    "univariate_auc",
]

FEWEST_PAIRS = 20
"""Pairs below which a two-sample test says nothing."""

_FOLDS = 5
_BOOTSTRAPS = 200
_PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.06,
    "num_leaves": 7,
    "min_data_in_leaf": 10,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "num_threads": 1,
    "deterministic": True,
    "verbosity": -1,
}
_ROUNDS = 120


@dataclass(frozen=True)
class OutOfFold:
    """ROC-AUC of cross-validated scores with a 95 % bootstrap interval over groups, and each column's share of gain."""

    auc: float
    low: float
    high: float
    gain: FloatArray


@dataclass(frozen=True)
class Telling:
    """One summary, how well it alone tells real from simulated (0.5 = not at all), and both sides' quantiles."""

    name: str
    auc: float
    real: tuple[float, float, float]
    simulated: tuple[float, float, float]

    def __str__(self) -> str:
        real, simulated = ("/".join(f"{v:.3g}" for v in side) for side in (self.real, self.simulated))
        return f"{self.name} {self.auc:.2f} (10/50/90 %: real {real}, simulated {simulated})"


@dataclass(frozen=True)
class Comparison:
    """Result of one two-sample test: how well all summaries together tell, each alone, and which the model used."""

    real_n: int
    simulated_n: int
    result: OutOfFold
    tells: tuple[Telling, ...]
    used: tuple[str, ...]

    def __str__(self) -> str:
        alone = "; ".join(map(str, self.tells[:3]))
        return f"{alone}; together most by {', '.join(self.used[:4])}"


def univariate_auc(x: FloatArray, y: IntArray) -> float:
    """Return the ROC-AUC of ``x`` for class 1, ties counted half; values that are not known are left out.

    Examples
    --------
    >>> univariate_auc(np.array([1.0, 2.0, 2.0, np.nan]), np.array([0, 0, 1, 1]))
    0.75
    """
    known = np.isfinite(x)
    x, y = x[known], y[known]
    positive = int(y.sum())
    if positive in (0, len(y)):
        return float("nan")
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[y == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(y) - positive)))


def matched_pairs(
    real: FloatArray, simulated: FloatArray, *, rng: np.random.Generator, most: int, caliper: float = 0.5
) -> tuple[IntArray, IntArray]:
    """Pair real with simulated accounts of nearly the same size, each used once at most.

    Parameters
    ----------
    real, simulated
        What to match on, one row an account: natural logarithm of followers, or several columns scaled alike (the
        column that differs most counts).
    rng
        Draws which accounts stay when there are more than ``most``.
    most
        Largest number of pairs.
    caliper
        Pairs farther apart than this are dropped (0.5 = a factor of 1.65).

    Returns
    -------
    tuple of arrays
        Rows of ``real`` and of ``simulated``, pair by pair.
    """
    from scipy.optimize import linear_sum_assignment

    a = np.sort(rng.permutation(len(real))[:most])
    b = np.sort(rng.permutation(len(simulated))[: 2 * most])
    left, right = real.reshape(len(real), -1)[a], simulated.reshape(len(simulated), -1)[b]
    distance = np.abs(left[:, None] - right[None, :]).max(axis=2)
    rows, columns = linear_sum_assignment(np.minimum(distance, 4 * caliper))
    near = distance[rows, columns] <= caliper
    return a[rows[near]], b[columns[near]]


def out_of_fold(X: FloatArray, y: IntArray, groups: IntArray, *, seed: int) -> OutOfFold:
    """Cross-validate a small LightGBM by group and return the ROC-AUC of its out-of-fold scores."""
    import lightgbm
    from sklearn.model_selection import StratifiedGroupKFold

    scores, gain = np.full(len(y), np.nan), np.zeros(X.shape[1])
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(X, y, groups):
        data = lightgbm.Dataset(X[train], y[train], free_raw_data=True)
        model = lightgbm.train({**_PARAMETERS, "seed": seed}, data, _ROUNDS)
        scores[test] = model.predict(X[test])
        gain += model.feature_importance("gain")
    low, high = _interval(scores, y, groups, seed=seed)
    return OutOfFold(univariate_auc(scores, y), low, high, gain / max(float(gain.sum()), 1e-9))


def _interval(scores: FloatArray, y: IntArray, groups: IntArray, *, seed: int) -> tuple[float, float]:
    """Return the 2.5 % and 97.5 % quantiles of the ROC-AUC over bootstrap samples of whole groups."""
    rng = np.random.default_rng((seed, 1))
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=groups[order][0] - 1))
    members = np.split(order, starts[1:])
    values = []
    for _ in range(_BOOTSTRAPS):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        values.append(univariate_auc(scores[rows], y[rows]))
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(low), float(high)


def compare(
    real: Sequence[Mapping[str, float]],
    simulated: Sequence[Mapping[str, float]],
    *,
    real_groups: IntArray,
    simulated_groups: IntArray,
    seed: int,
    leave_out: frozenset[str] = frozenset(),
) -> Comparison:
    """Test whether real and simulated summaries can be told apart, and which of them give it away.

    Units without a summary (too little data) are left out. Units of one group stay in one fold: those of one account,
    and a real unit with its simulated partner of equal size (apart, a small sample scores below chance).
    """
    import pandas as pd

    sides = []
    for label, summaries, groups in ((1, real, real_groups), (0, simulated, simulated_groups)):
        kept = [i for i, summary in enumerate(summaries) if summary]
        side = pd.DataFrame([summaries[i] for i in kept])
        sides.append(side.assign(_y=label, _group=groups[kept]))
    table = pd.concat(sides, ignore_index=True)
    y, group = table.pop("_y").to_numpy(np.int64), table.pop("_group").to_numpy(np.int64)
    table = table.drop(columns=[name for name in table if name in leave_out])
    tells = [_telling(str(name), table[name].to_numpy(np.float64), y) for name in table]
    tells = sorted((t for t in tells if np.isfinite(t.auc)), key=lambda t: -abs(t.auc - 0.5))
    result = out_of_fold(table.to_numpy(np.float64), y, group, seed=seed)
    used = tuple(str(table.columns[i]) for i in np.argsort(-result.gain))
    return Comparison(int(y.sum()), int((1 - y).sum()), result, tuple(tells), used)


def _telling(name: str, values: FloatArray, y: IntArray) -> Telling:
    auc = univariate_auc(values, y)
    return Telling(name, max(auc, 1 - auc), _quantiles(values[y == 1]), _quantiles(values[y == 0]))


def _quantiles(values: FloatArray) -> tuple[float, float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return (np.nan, np.nan, np.nan)
    low, median, high = np.quantile(known, [0.1, 0.5, 0.9])
    return float(low), float(median), float(high)
