"""The account suite's protocol: what each method sees, how rows are split, what gives labels away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from realreach.accounts.columns import ACCOUNT_FEATURES, account_features
from realreach.benchmark.measure import from_scores
from realreach.benchmark.result import Figure, Method, Result
from realreach.learning.account_recipe import SMALL_SET, Matrix, fit_recipe
from realreach.learning.accounts import folds
from realreach.metrics import roc_auc
from realreach.tables.core import FloatArray, IntArray

if TYPE_CHECKING:
    from realreach.datasets import AccountSet

__all__ = [
    "Fit",
    "averaged",
    "held_out",
    "leak_findings",
    "matrix_of",
    "one_feature",
    "raw_matrix",
    "recipe",
    "rule_score",
    "untuned_lightgbm",
]

Fit = Callable[[Matrix, FloatArray, IntArray, int], Callable[[Matrix], FloatArray]]
"""From training rows (features, labels, groups, seed) to a function that scores other rows."""

_CALLED_AT = 0.5
_TELLING = 0.99
_PURE_SHARE = 0.3
"""A cell of two columns that holds so many of the positives and not one negative is reported."""


def raw_matrix(data: AccountSet) -> Matrix:
    """Return the columns as the publisher gives them: what the untuned baseline sees."""
    columns = {**data.columns, **data.extras}
    return Matrix(np.stack(list(columns.values()), axis=1), tuple(columns), np.zeros(len(columns), dtype=np.int64))


def matrix_of(data: AccountSet, *, extras: bool = True) -> Matrix:
    """Return derived features: those of the account model, and those of a set's further columns."""
    own = account_features(data.columns)
    names = tuple(f.name for f in ACCOUNT_FEATURES)
    direction = np.array([f.direction for f in ACCOUNT_FEATURES], dtype=np.int64)
    more = _further(data) if extras else {}
    values = np.concatenate([own, *(v[:, None] for v in more.values())], axis=1)
    return Matrix(values, (*names, *more), np.concatenate([direction, np.zeros(len(more), dtype=np.int64)]))


def _further(data: AccountSet) -> dict[str, FloatArray]:
    """Return features of the columns that only this set has; long tails on a log scale."""
    out = {}
    for name, values in data.extras.items():
        values = np.maximum(values, 0.0)  # one caption length of -1
        out[name] = np.log1p(values) if np.nanmax(values) > 1.0 else values
    if "er_like_pct" in data.extras:
        followers = data.columns["followers"]
        likes = np.log1p(data.extras["er_like_pct"] / 100.0 * followers)
        comments = np.log1p(data.extras["er_comment_pct"] / 100.0 * followers)
        out |= {
            "log_likes_per_post": likes,
            "log_comments_per_post": comments,
            "log_likes_per_comment": likes - comments,
            "log_following_per_like": np.log1p(data.columns["following"]) - likes,
            "log_life_hours": np.log1p(data.columns["posts_count"]) + out["post_interval_h"],
        }
    return out


def recipe(members: Sequence[str] = SMALL_SET, inner: int = 3) -> Fit:
    """Return realreach's recipe with these members, calibrated on so many inner folds."""

    def fit(data: Matrix, y: FloatArray, groups: IntArray, seed: int) -> Callable[[Matrix], FloatArray]:
        return fit_recipe(data, y, groups, members=members, inner=inner, seed=seed).probabilities

    return fit


def untuned_lightgbm(data: Matrix, y: FloatArray, groups: IntArray, seed: int) -> Callable[[Matrix], FloatArray]:
    """Fit LightGBM with 200 trees of 15 leaves at 0.05, everything else as it comes."""
    import lightgbm as lgb

    model = lgb.LGBMClassifier(
        n_estimators=200, learning_rate=0.05, num_leaves=15, random_state=seed, n_jobs=1, verbosity=-1
    ).fit(data.values, y)
    return lambda other: np.asarray(model.predict_proba(other.values)[:, 1], dtype=np.float64)


def one_feature(data: Matrix, y: FloatArray, groups: IntArray, seed: int) -> Callable[[Matrix], FloatArray]:
    """Choose the derived feature that ranks the training rows best; score others by their place among these."""
    best, column, sign = -1.0, 0, 1.0
    for i in range(data.values.shape[1]):
        known = ~np.isnan(data.values[:, i])
        if len(np.unique(y[known])) < 2:
            continue
        place = np.unique(data.values[known, i], return_inverse=True)[1] / known.sum()
        area = float(roc_auc(y[known], place, None))
        if abs(area - 0.5) > best:
            best, column, sign = abs(area - 0.5), i, 1.0 if area >= 0.5 else -1.0
    reference = np.sort(sign * data.values[:, column][~np.isnan(data.values[:, column])])
    return lambda other: np.searchsorted(reference, sign * other.values[:, column]) / max(len(reference), 1)


def rule_score(columns: Mapping[str, FloatArray]) -> FloatArray:
    """Return how many of four signs of a bought account hold, as a share of those that can be seen.

    The signs are those that people name when asked: follows ten times as many as follow it, at most one post, no
    picture, a third of the user name digits. Round numbers, tuned on no set.

    Examples
    --------
    >>> two = {"followers": [5.0, 400.0], "following": [900.0, 300.0], "posts_count": [0.0, 9.0]}
    >>> rule_score(two)
    array([1., 0.])
    """
    names = tuple(f.name for f in ACCOUNT_FEATURES)
    values = dict(zip(names, account_features(columns).T, strict=True))
    signs = (
        (values["log_following_per_follower"], np.log(10.0), 1),
        (values["log_posts"], np.log(2.0), -1),
        (values["has_picture"], 0.0, -1),
        (values["username_digit_share"], 1 / 3, 1),
    )
    held = np.stack([np.where(np.isnan(v), np.nan, np.sign(s) * v >= np.sign(s) * at - 1e-9) for v, at, s in signs])
    known = ~np.isnan(held)
    return np.where(known, held, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


def held_out(
    data: Matrix, y: FloatArray, groups: IntArray, fit: Fit, *, count: int, repeats: int, seed: int
) -> FloatArray:
    """Return (repeats, n) scores of rows by models that saw neither them nor their duplicates."""
    out = np.empty((repeats, len(y)))
    for repeat in range(repeats):
        for train, judged in folds(y, groups, count, seed + repeat):
            score = fit(data.rows(train), y[train], groups[train], seed + repeat)
            out[repeat, judged] = score(data.rows(judged))
    return out


def averaged(
    dataset: str,
    task: str,
    method: Method,
    name: str,
    y: FloatArray,
    p: FloatArray,
    *,
    groups: npt.NDArray[Any] | None = None,
    call: float | None = _CALLED_AT,
    **more: Any,
) -> Result:
    """Return a line whose figures and interval bounds are means over the repetitions.

    Parameters
    ----------
    p
        (repeats, n) scores.
    call
        Score from which a row is called positive; None gives neither F1 nor accuracy.
    """
    lines = [
        from_scores(
            dataset, task, method, name, y, row, groups=groups, called=None if call is None else row >= call, **more
        )
        for row in np.atleast_2d(p)
    ]
    figures = {
        m: Figure(*(float(np.mean([r.figures[m][i] for r in lines])) for i in range(3))) for m in lines[0].figures
    }
    first = lines[0]
    return Result(
        dataset,
        task,
        method,
        name,
        first.n,
        first.positives,
        figures,
        first.protocol,
        first.aims,
        first.source,
        first.note,
    )


def leak_findings(data: Matrix, y: FloatArray) -> list[str]:
    """Return what gives the label away: single columns and cells of two columns that no honest data should have.

    Parameters
    ----------
    data
        Columns as the publisher gives them.
    y
        1 suspicious, 0 real.

    Returns
    -------
    list of str
        One sentence per finding: a column that alone ranks with a ROC-AUC of 0.99, or a cell of at most two columns
        with three tenths of a class and not one row of the other (a greedy search: a warning, not
        a proof of absence).
    """
    from sklearn.tree import DecisionTreeClassifier

    values = np.nan_to_num(data.values, nan=-1.0)
    found = []
    for name, column in zip(data.names, values.T, strict=True):
        place = np.unique(column, return_inverse=True)[1] / len(y)
        area = float(roc_auc(y, place, None))
        if max(area, 1.0 - area) >= _TELLING:
            found.append(f"`{name}` alone tells the classes apart (ROC-AUC {max(area, 1.0 - area):.4f})")
        found += _pure_ends(name, column, y)
    tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(values, y)
    used = ", ".join(sorted({f"`{data.names[f]}`" for f in tree.tree_.feature if f >= 0}))
    leaf = tree.apply(values)
    cells = [leaf == place for place in np.unique(leaf)]
    return found + [f"a cell of two of {used} {told}" for cell in cells if (told := _pure(cell, y))]


def _pure_ends(name: str, column: FloatArray, y: FloatArray) -> list[str]:
    """Return which positives lie beyond all negatives; that the largest accounts are real is no leak."""
    real = column[y == 0]
    ends = (("above", column > real.max()), ("below", column < real.min()))
    return [f"`{name}` {word} all negatives {told}" for word, cell in ends if (told := _pure(cell, y))]


def _pure(cell: npt.NDArray[np.bool_], y: FloatArray) -> str:
    """Return how much of a class a cell without the other one holds; empty if it is mixed or small."""
    for label, word in ((1.0, "positives"), (0.0, "negatives")):
        share = float(np.mean(cell[y == label]))
        if share >= _PURE_SHARE and not cell[y != label].any():
            return f"holds {share:.0%} of the {word} purely"
    return ""
