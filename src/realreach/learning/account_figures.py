"""How good an account model is: the whole training repeated inside folds, with and without columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from realreach.accounts.columns import GROUPS, account_features, known_groups
from realreach.learning.accounts import AccountSettings, folds, identical_rows, train_account_model
from realreach.metrics import brier, calibration_error, pr_auc, recall_at_fpr, roc_auc
from realreach.metrics.measures import Metric
from realreach.tables.core import FloatArray

__all__ = ["COLUMN_SETS", "Judged", "figures_table", "judge_account_recipe"]

COLUMN_SETS: Mapping[str, tuple[str, ...]] = {
    "all columns": GROUPS,
    "three counts, picture, private": ("followers", "following", "posts_count", "has_picture", "is_private"),
    "three counts": ("followers", "following", "posts_count"),
    "followers and following": ("followers", "following"),
    "picture, private, bio, user name": ("has_picture", "is_private", *GROUPS[5:]),
}
"""Which columns may be known: the combinations that the card shows."""

_METRICS: tuple[Metric, ...] = (roc_auc, pr_auc, recall_at_fpr(0.01), recall_at_fpr(0.05), brier, calibration_error)


@dataclass(frozen=True, eq=False)
class Judged:
    """Probabilities of accounts by models that did not see them.

    Parameters
    ----------
    y
        1 suspicious, 0 real.
    p
        Name of the column set -> (repeats, n) probabilities.
    """

    y: FloatArray
    p: Mapping[str, FloatArray]


def judge_account_recipe(
    columns: Mapping[str, FloatArray],
    y: FloatArray,
    settings: AccountSettings | None = None,
    *,
    outer: int = 5,
    repeats: int = 3,
    names: tuple[str, ...] = tuple(COLUMN_SETS),
) -> Judged:
    """Run the training, calibration included, in every fold of repeated cross-validation.

    Parameters
    ----------
    columns, y, settings
        As for :func:`realreach.learning.accounts.train_account_model`; calibration inside uses five folds.
    outer, repeats
        Folds and repetitions with other folds and seeds.
    names
        Column sets of :data:`COLUMN_SETS`; those that the accounts do not have are left out, as are doubles.
    """
    settings = replace(settings or AccountSettings(), folds=5)
    features = account_features(columns)
    have = int(np.bitwise_or.reduce(known_groups(features)))
    masks = {name: have & sum(1 << GROUPS.index(g) for g in COLUMN_SETS[name]) for name in names}
    masks = {name: mask for i, (name, mask) in enumerate(masks.items()) if mask and mask not in [*masks.values()][:i]}
    p = {name: np.empty((repeats, len(y))) for name in masks}
    wanted = sorted(set(masks.values()))
    for repeat in range(repeats):
        run = replace(settings, seed=settings.seed + repeat)
        for train, judged in folds(y, identical_rows(features), outer, 1000 + run.seed):
            model = train_account_model(_rows(columns, train), y[train], run, masks=wanted)
            for name, mask in masks.items():
                p[name][repeat, judged] = model.probabilities(_only(_rows(columns, judged), mask))
    return Judged(y, p)


def _rows(columns: Mapping[str, FloatArray], rows: np.ndarray) -> dict[str, FloatArray]:
    return {name: values[rows] for name, values in columns.items()}


def _only(columns: Mapping[str, FloatArray], mask: int) -> dict[str, FloatArray]:
    """Return the columns with those outside the mask unknown."""
    keep = {g for bit, g in enumerate(GROUPS) if mask >> bit & 1}
    if "username_digit_share" in keep:
        keep |= {"username_digits", "username_length"}
    return {name: values if name in keep else np.full(len(values), np.nan) for name, values in columns.items()}


def figures_table(judged: Judged) -> str:
    """Return the figures as a Markdown table: mean over the repetitions, their standard deviation behind it."""
    head = ("known", *(metric.name.replace("_", " ") for metric in _METRICS))
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name, p in judged.p.items():
        values = np.array([[float(m(judged.y, row, None)) for m in _METRICS] for row in p])
        cells = [f"{v:.3f} ± {s:.3f}" for v, s in zip(values.mean(axis=0), values.std(axis=0), strict=True)]
        lines.append("| " + " | ".join([name, *cells]) + " |")
    return "\n".join(lines)
