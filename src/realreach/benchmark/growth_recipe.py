"""What the growth lines share: the recipe fitted fold by fold, plain models beside it, and lines of matched pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from realreach.benchmark.result import Figure, Method, Result
from realreach.errors import ModelError
from realreach.features import feature_names
from realreach.metrics import evaluate_matched, roc_auc
from realreach.splits import grouped_folds
from realreach.tables.core import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["by_folds", "fit_plain", "fit_recipe", "leaking", "matched_result", "refuse_leaks", "shuffled"]

_LEAK_AUC = 0.999
_LEAK_LEAST = 25


def fit_recipe(
    X: FloatArray,
    y: FloatArray,
    groups: npt.NDArray[Any],
    *,
    weight: FloatArray | None = None,
    exclude: Sequence[str] = (),
    seed: int = 0,
    names: Sequence[str] | None = None,
    **settings: Any,
) -> Any:
    """Fit the estimator of ``train.py`` on the ordinary feature table and return its fitted model."""
    import pandas as pd

    from realreach.estimator import AuthenticityClassifier

    frame = pd.DataFrame(X, columns=list(names or feature_names()))
    model = AuthenticityClassifier(exclude=tuple(exclude), random_state=seed, **settings)
    return model.fit(frame, y.astype(np.int64), sample_weight=weight, groups=groups).fitted_


def fit_plain(X: FloatArray, y: FloatArray, *, weight: FloatArray | None = None, seed: int = 0) -> Any:
    """Fit LightGBM with its own defaults (100 trees of 31 leaves) and return the booster."""
    import lightgbm as lgb

    parameters = {"objective": "binary", "num_threads": 1, "deterministic": True, "verbosity": -1, "seed": seed}
    return lgb.train(parameters, lgb.Dataset(X, y, weight=weight), 100)


def by_folds(
    X: FloatArray,
    y: FloatArray,
    groups: npt.NDArray[Any],
    *,
    kind: str = "recipe",
    trainable: npt.NDArray[np.bool_] | None = None,
    folds: int = 5,
    repeats: int = 1,
    seed: int = 0,
    exclude: Sequence[str] = (),
) -> FloatArray:
    """Return each row's score by models that saw no row of its group: mean over ``repeats`` of ``folds`` folds.

    Parameters
    ----------
    kind
        ``recipe`` or ``plain`` (untuned LightGBM).
    trainable
        Rows that may be trained on; the others are only judged. All if None.
    """
    may = np.ones(len(y), dtype=bool) if trainable is None else trainable
    total = np.zeros(len(y))
    for repeat, parts in enumerate(grouped_folds(y, groups, folds, seed, repeats=repeats)):
        for train, test in parts:
            fit = train[may[train]]
            if kind == "recipe":
                model = fit_recipe(X[fit], y[fit], groups[fit], exclude=exclude, seed=seed + repeat, masked_copies=0)
                total[test] += model.probabilities(X[test])
            else:
                total[test] += fit_plain(X[fit], y[fit], seed=seed + repeat).predict(X[test])
    return total / repeats


def shuffled(y: FloatArray, groups: npt.NDArray[Any], seed: int) -> FloatArray:
    """Return labels dealt out anew among rows; what is learned from them is chance, unless the folds leak."""
    return np.random.default_rng((seed, 11)).permutation(y)


def leaking(X: FloatArray, y: FloatArray, names: Sequence[str]) -> list[str]:
    """Return the features that alone separate the classes nearly perfectly (ROC-AUC of 0.999 or more, 25 of a class).

    Examples
    --------
    >>> y = np.repeat([0.0, 1.0], 30)
    >>> leaking(np.column_stack([y + 5.0, np.arange(60.0) % 7]), y, ["label_in_disguise", "harmless"])
    ['label_in_disguise']
    """
    found = []
    for j, name in enumerate(names):
        known = np.isfinite(X[:, j])
        classes = np.bincount(y[known].astype(np.int64), minlength=2)
        if classes.min() >= _LEAK_LEAST:
            auc = roc_auc(y[known], X[known, j])
            if max(auc, 1.0 - auc) >= _LEAK_AUC:
                found.append(name)
    return found


def refuse_leaks(X: FloatArray, y: FloatArray, names: Sequence[str], dataset: str) -> None:
    """Stop the run where a feature is the label in disguise.

    Raises
    ------
    ModelError
        With the names of the features.
    """
    found = leaking(X, y, names)
    if found:
        raise ModelError(
            f"{dataset}: {', '.join(found[:5])} alone separates the classes perfectly, which no honest feature does. "
            "Find out how the label got into the tables before anything is reported."
        )


def matched_result(
    dataset: str,
    task: str,
    method: Method,
    name: str,
    y: FloatArray,
    p: FloatArray,
    size: FloatArray,
    *,
    protocol: str,
    aims: Mapping[str, float] | None = None,
    note: str = "",
    replicates: int = 300,
    seed: int = 0,
) -> Result:
    """Return a line over pairs of a positive and a negative of the same size; half of the rows are positive."""
    import pandas as pd

    frame = pd.DataFrame({"y": y, "p": p, "followers": size})
    table: pd.DataFrame = evaluate_matched(frame, replicates=replicates, seed=seed)
    figures = {row["metric"]: Figure(row["value"], row["low"], row["high"]) for row in table.to_dict("records")}
    pairs = int(table["n_fake"].max()) if len(table) else 0
    wanted = ("roc_auc", "pr_auc", "recall_at_5pct_fpr", "roc_auc_of_size")
    figures = {metric: figures[metric] for metric in wanted if metric in figures}
    return Result(dataset, task, method, name, 2 * pairs, pairs, figures, protocol, dict(aims or {}), note=note)
