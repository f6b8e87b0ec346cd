"""Comments of labelled sets as they are commonly measured: rows as in the file, figures as means over folds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from realreach.benchmark.comment_sets import Material
from realreach.benchmark.comment_within import BoolArray, Rows, judged_by_folds, template_folds
from realreach.benchmark.result import Figure, Method, Result
from realreach.datasets.adapter import DatasetError
from realreach.learning.comment_matrix import template_groups
from realreach.tables.core import FloatArray, IntArray

__all__ = ["as_measured_lines", "f1_over_folds"]

_TASKS = (
    # set, file, part, column that is held out, aim of F1
    ("comments_youtube_spam_2015", "youtube_spam_2015.csv", "youtube_spam", "video", 0.955),
    ("comments_instagram_id_celebs", "labelled.csv", "instagram_ads", "account", 0.91),
    ("comments_instagram_id_celebs", "labelled.csv", "instagram_ads", "post_id", None),
)
_NOTES = {
    "account": "two of the collection's four accounts: each model learns from one",
    "post_id": "other posts of the same two accounts; no aim was set for this split",
}
_MOST_FOLDS = 5
_REPLICATES = 300


def as_measured_lines(datasets: Path, material: Material, *, seed: int) -> Iterator[Result]:
    """Yield the baseline's and our line of each set and split that is there.

    Raises
    ------
    DatasetError
        If a set lacks a file or a column.
    """
    for name, file, part, column, aim in _TASKS:
        if not (datasets / name).is_dir():
            continue
        split = column.removesuffix("_id")
        material.report(f"comments: {part}, other {split}, as commonly measured")
        rows = _read(datasets / name / file, column, seed)
        judged = judged_by_folds(material, name, rows, seed)
        task = f"{part}: other {split}, as commonly measured"
        protocol = f"rows as in the file; means over {len(np.unique(rows.fold))} folds"
        methods: tuple[tuple[Method, str, FloatArray, BoolArray], ...] = (
            ("baseline", "TF-IDF words and characters, logistic regression at 0.5", judged.plain, judged.plain >= 0.5),
            ("ours", "comment model with the set's own comments", judged.ours, judged.called),
        )
        for method, label, score, called in methods:
            figures = {
                "f1_mean_of_folds": f1_over_folds(rows.sold, called, rows.fold, rows.group, seed),
                "roc_auc_mean_of_folds": Figure(_roc_over_folds(rows.sold, score, rows.fold)),
            }
            aims = {"f1_mean_of_folds": aim} if aim and method == "ours" else {}
            count = int(rows.sold.sum())
            yield Result(
                name, task, method, label, len(rows.sold), count, figures, protocol, aims, note=_NOTES.get(column, "")
            )


def _read(path: Path, column: str, seed: int) -> Rows:
    """Return the rows of a file with one fold for each value of a column, or five that hold whole values."""
    import pandas as pd

    if not path.is_file():
        raise DatasetError(f"{path.parent.name}: `{path.name}` is not there. See the README of the set.")
    frame = pd.read_csv(path)
    missing = sorted({"text", "label", column} - set(frame.columns))
    if missing:
        raise DatasetError(f"{path.parent.name}/{path.name}: column `{missing[0]}` is not there.")
    text = frame["text"].fillna("").astype(str).to_numpy(dtype=object)
    group = template_groups(text.tolist())
    fold = np.asarray(np.unique(frame[column].astype(str), return_inverse=True)[1], dtype=np.int64) % _MOST_FOLDS
    # With two accounts, one is left to choose by: it is split by template.
    inner = fold if len(np.unique(fold)) > 2 else template_folds(group, seed)
    return Rows(text, (frame["label"] == 1).to_numpy(), group, fold, inner)


def f1_over_folds(sold: BoolArray, called: BoolArray, fold: IntArray, group: IntArray, seed: int) -> Figure:
    """Return the mean over folds of F1, with an interval of a bootstrap that draws groups of near twins.

    Examples
    --------
    >>> sold = np.tile([True, False], 20)
    >>> f1_over_folds(sold, sold, np.repeat([0, 1], 20), np.arange(40), 0).value
    1.0
    """
    folds, groups = int(fold.max()) + 1, int(group.max()) + 1
    cell = group * folds + fold
    hits, either = (
        np.bincount(cell, weights=weight, minlength=groups * folds).reshape(groups, folds)
        for weight in ((sold & called).astype(np.float64), 0.5 * sold + 0.5 * called)
    )
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(groups, np.full(groups, 1.0 / groups), size=_REPLICATES).astype(np.float64)
    times = np.concatenate([np.ones((1, groups)), drawn])
    values = ((times @ hits) / np.maximum(times @ either, 1e-12)).mean(axis=1)
    return Figure(float(values[0]), *(float(v) for v in np.quantile(values[1:], [0.025, 0.975])))


def _roc_over_folds(sold: BoolArray, score: FloatArray, fold: IntArray) -> float:
    from sklearn.metrics import roc_auc_score

    parts = [fold == number for number in np.unique(fold)]
    mixed = [part for part in parts if 0 < sold[part].sum() < part.sum()]
    return float(np.mean([roc_auc_score(sold[part], score[part]) for part in mixed])) if mixed else np.nan
