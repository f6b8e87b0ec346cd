"""Training of the account model: masked copies, cross-fitted calibration for every combination of known columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from realreach.accounts.columns import ACCOUNT_FEATURES, GROUPS, account_features, known_groups
from realreach.accounts.model import AccountModel, Pattern, hide_groups
from realreach.errors import InputError
from realreach.tables.core import FloatArray, IntArray

__all__ = ["AccountSettings", "calibrate", "fit_trees", "folds", "identical_rows", "pooled", "train_account_model"]

_LEAST = 20
"""Suspicious and real accounts needed at the least: fewer cannot carry folds and a calibration."""
_RIDGE = 1.0
"""Weight of the belief that margins need no stretching (slope 1); it matters for combinations that say little."""
_ITERATIONS = 30


@dataclass(frozen=True)
class AccountSettings:
    """How the trees are grown.

    Extremely random splits, small leaves' worth of shrinkage and monotone directions: the labelled sets have a hundred
    or two suspicious accounts each. The values were fixed on cross-validated log loss over the two Instagram sets and
    not tuned per set.

    Parameters
    ----------
    trees, learning_rate, leaves, least_rows
        Of the boosting.
    masked_copies
        Copies of every account with a random part of its columns hidden, each with weight one over their number.
    folds
        Of the cross-fitting behind calibration and error rates.
    threshold
        Probability from which an account is called suspicious.
    seed
        Of folds, masks and trees.
    """

    trees: int = 500
    learning_rate: float = 0.03
    leaves: int = 8
    least_rows: int = 10
    masked_copies: int = 4
    folds: int = 10
    threshold: float = 0.5
    seed: int = 0


def identical_rows(features: FloatArray) -> IntArray:
    """Return a number per row that identical rows share, so that no fold sees a copy of what it judges.

    Examples
    --------
    >>> identical_rows(np.array([[1.0, np.nan], [2.0, 0.0], [1.0, np.nan]])).tolist()
    [0, 1, 0]
    """
    return np.unique(np.nan_to_num(features, nan=-1e9), axis=0, return_inverse=True)[1].ravel().astype(np.int64)


def folds(y: FloatArray, groups: npt.NDArray[np.int64], count: int, seed: int) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield (training rows, judged rows) of stratified folds that keep groups together."""
    from sklearn.model_selection import StratifiedGroupKFold

    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    yield from splitter.split(np.zeros((len(y), 1)), y, groups)


def pooled(
    sets: Sequence[tuple[Mapping[str, FloatArray], FloatArray]],
) -> tuple[dict[str, FloatArray], FloatArray]:
    """Return the columns and labels of several sets as one; what a set does not have is unknown in its rows.

    Examples
    --------
    >>> columns, y = pooled([({"followers": np.array([1.0])}, np.array([0.0])), ({}, np.array([1.0]))])
    >>> columns["followers"].tolist(), y.tolist()
    ([1.0, nan], [0.0, 1.0])
    """
    names = dict.fromkeys(name for columns, _ in sets for name in columns)
    joined = {n: np.concatenate([c.get(n, np.full(len(y), np.nan)) for c, y in sets]) for n in names}
    return joined, np.concatenate([y for _, y in sets])


def fit_trees(features: FloatArray, y: FloatArray, settings: AccountSettings) -> str:
    """Return the trees that tell suspicious from real accounts, as LightGBM text.

    Parameters
    ----------
    features
        Rows of :func:`realreach.accounts.columns.account_features`.
    y
        1 suspicious, 0 real.
    settings
        How.
    """
    import lightgbm as lgb

    rng = np.random.default_rng([settings.seed, 1])
    copies = settings.masked_copies
    parts = [features]
    parts += [hide_groups(features, rng.integers(1, 1 << len(GROUPS), len(y))) for _ in range(copies)]
    weight = np.concatenate([np.ones(len(y)), np.full(copies * len(y), 1.0 / max(copies, 1))])
    parameters = {
        "objective": "binary",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": settings.least_rows,
        "extra_trees": True,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "feature_fraction": 0.5,
        "lambda_l2": 3.0,
        "monotone_constraints": [f.direction for f in ACCOUNT_FEATURES],
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    data = lgb.Dataset(
        np.concatenate(parts),
        np.tile(y, copies + 1),
        weight=weight,
        feature_name=[f.name for f in ACCOUNT_FEATURES],
        params={"verbosity": -1},
    )
    return lgb.train(parameters, data, settings.trees).model_to_string()


def calibrate(margin: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Return slope and intercept from margin to log-odds by logistic regression, the slope drawn gently towards 1.

    Examples
    --------
    >>> margin = np.tile([-2.0, 0.0, 2.0], 100)
    >>> y = (np.arange(300) % 10 < np.tile([1, 5, 9], 100)).astype(float)
    >>> slope, intercept = calibrate(margin, y)
    >>> round(slope, 1), abs(round(intercept, 1))
    (1.1, 0.0)
    """
    slope, intercept = 1.0, 0.0
    for _ in range(_ITERATIONS):
        p = 1.0 / (1.0 + np.exp(-(slope * margin + intercept)))
        w = np.maximum(p * (1.0 - p), 1e-9)
        gradient = np.array([np.sum((p - y) * margin) + _RIDGE * (slope - 1.0), np.sum(p - y)])
        cross = np.sum(w * margin)
        hessian = np.array([[np.sum(w * margin**2) + _RIDGE, cross], [cross, np.sum(w)]])
        step = np.linalg.solve(hessian, gradient)
        step /= max(1.0, float(np.abs(step).max()))  # a full step may overshoot far from the optimum
        slope, intercept = max(slope - float(step[0]), 0.0), intercept - float(step[1])
    return slope, intercept


def train_account_model(
    columns: Mapping[str, FloatArray],
    y: FloatArray,
    settings: AccountSettings | None = None,
    facts: Mapping[str, str] | None = None,
    masks: Sequence[int] | None = None,
) -> AccountModel:
    """Return an account model with the calibration of every combination of columns that the accounts have.

    Parameters
    ----------
    columns
        Arrays by name, of :data:`realreach.accounts.columns.ACCOUNT_COLUMNS`.
    y
        1 suspicious, 0 real, for every account.
    settings
        How; the defaults if None.
    facts
        What the card says of it.
    masks
        Combinations of known columns to calibrate (bit masks); all that the accounts have if None.

    Raises
    ------
    UsageError
        If no column is known.
    InputError
        If there are fewer than twenty accounts of a kind.
    """
    settings = settings or AccountSettings()
    y = np.asarray(y, dtype=np.float64)
    positives, negatives = int(np.sum(y == 1)), int(np.sum(y == 0))
    if min(positives, negatives) < _LEAST or positives + negatives < len(y):
        raise InputError(
            f"accounts: an account model needs {_LEAST} suspicious (1) and {_LEAST} real (0) accounts and a label for "
            f"every row, got {positives} and {negatives} in {len(y)} rows instead."
        )
    features = account_features(columns)
    known = known_groups(features)
    masks = _subsets(_usual(known)) if masks is None else list(masks)
    held_out = _held_out_margins(features, y, masks, settings)
    patterns = {}
    for mask, margin in zip(masks, held_out, strict=True):
        rows = known & mask == mask
        patterns[mask] = _measured(margin[rows], y[rows], settings.threshold)
    return AccountModel(
        fit_trees(features, y, settings),
        patterns,
        positives / len(y),
        settings.threshold,
        positives,
        negatives,
        {**(facts or {}), "recipe": ", ".join(f"{k} {v}" for k, v in asdict(settings).items())},
    )


def _usual(known: IntArray) -> int:
    """Return the mask of the groups that most accounts have."""
    return sum(1 << bit for bit in range(len(GROUPS)) if np.mean((known >> bit) & 1) > 0.5)


def _subsets(mask: int) -> list[int]:
    return [m for m in range(1, mask + 1) if m & ~mask == 0]


def _held_out_margins(
    features: FloatArray, y: FloatArray, masks: Sequence[int], settings: AccountSettings
) -> list[FloatArray]:
    """Return the margin of every account under every mask, from trees that did not see it or its copies."""
    import lightgbm as lgb

    out = [np.empty(len(y)) for _ in masks]
    for train, judged in folds(y, identical_rows(features), settings.folds, settings.seed):
        booster = lgb.Booster(model_str=fit_trees(features[train], y[train], settings))
        stacked = np.concatenate([hide_groups(features[judged], np.full(len(judged), m)) for m in masks])
        margins = booster.predict(stacked, raw_score=True, num_threads=1).reshape(len(masks), len(judged))
        for place, margin in zip(out, margins, strict=True):
            place[judged] = margin
    return out


def _measured(margin: FloatArray, y: FloatArray, threshold: float) -> Pattern:
    slope, intercept = calibrate(margin, y)
    p = 1.0 / (1.0 + np.exp(-(slope * margin + intercept)))
    called, fake = p >= threshold, y == 1
    return Pattern(
        slope,
        intercept,
        float(called[fake].mean()),
        float(called[~fake].mean()),
        float(p[fake].mean()),
        float(p[~fake].mean()),
    )
