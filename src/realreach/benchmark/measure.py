"""From scores of held-out rows to a line of the benchmark, with intervals over groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from realreach.benchmark.result import Figure, Method, Result
from realreach.metrics import evaluate
from realreach.tables.core import FloatArray

__all__ = ["from_scores"]

_RANKING = ("roc_auc", "pr_auc", "recall_at_1pct_fpr", "recall_at_5pct_fpr")
_PROBABILITY = ("brier", "calibration_error")


def from_scores(
    dataset: str,
    task: str,
    method: Method,
    name: str,
    y: FloatArray,
    p: FloatArray,
    *,
    groups: npt.NDArray[Any] | None = None,
    called: npt.NDArray[np.bool_] | None = None,
    probabilities: bool = True,
    protocol: str = "",
    aims: Mapping[str, float] | None = None,
    source: str = "",
    note: str = "",
    replicates: int = 300,
    seed: int = 0,
) -> Result:
    """Return a line with ROC-AUC, PR-AUC, recall at 1 % and 5 % false positives, and what else can be said.

    Parameters
    ----------
    y, p
        Labels 0/1 and scores of rows that no step of the fit has seen; rows without a score (NaN) are left out.
    groups
        Rows of one group are drawn together by the bootstrap; each row its own if None.
    called
        Which rows were called positive at a threshold chosen on other rows; adds ``f1`` and ``accuracy``.
    probabilities
        Whether ``p`` are probabilities; then Brier score and calibration error are given too.
    replicates, seed
        Of the bootstrap behind the 95 % intervals.

    Examples
    --------
    >>> y = np.tile([0.0, 1.0], 40)
    >>> line = from_scores("set", "task", "ours", "model", y, 0.2 + 0.6 * y, called=y > 0, replicates=20)
    >>> line.figures["roc_auc"].value, line.figures["f1"].value, round(line.figures["brier"].value, 3)
    (1.0, 1.0, 0.04)
    """
    import pandas as pd

    known = ~np.isnan(p)
    y, p = np.asarray(y, dtype=np.float64)[known], np.asarray(p, dtype=np.float64)[known]
    owner = (
        np.arange(len(y))
        if groups is None
        else np.unique(np.asarray(groups)[known].astype(str), return_inverse=True)[1]
    )
    frame = pd.DataFrame({"y": y, "p": p if probabilities else _ranks(p), "group": owner})
    table = evaluate(frame, slices=[], replicates=replicates, seed=seed)
    found = {row["metric"]: Figure(row["value"], row["low"], row["high"]) for row in table.to_dict("records")}
    wanted = _RANKING + (_PROBABILITY if probabilities else ())
    figures = {m: found[m] for m in wanted if m in found}
    if called is not None:
        figures |= _at_threshold(y, np.asarray(called)[known], owner, replicates, seed)
    return Result(dataset, task, method, name, len(y), int(y.sum()), figures, protocol, dict(aims or {}), source, note)


def _ranks(p: FloatArray) -> FloatArray:
    """Return scores of any scale as numbers between 0 and 1 in the same order."""
    _, place = np.unique(p, return_inverse=True)
    return (place + 0.5) / (place.max() + 1.0)


def _at_threshold(
    y: FloatArray, called: npt.NDArray[np.bool_], owner: npt.NDArray[np.int64], replicates: int, seed: int
) -> dict[str, Figure]:
    """Return F1 and accuracy of calls, with intervals of a bootstrap that draws groups."""
    count = int(owner.max()) + 1
    cells = np.stack(
        [
            np.bincount(owner, weights=((y == a) & (called == b)).astype(np.float64), minlength=count)
            for a in (0, 1)
            for b in (0, 1)
        ]
    )
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(count, np.full(count, 1.0 / count), size=replicates).astype(np.float64)
    totals = np.concatenate([cells.sum(axis=1)[None], drawn @ cells.T])
    tn, fp, fn, tp = totals.T
    with np.errstate(invalid="ignore", divide="ignore"):
        values = {"f1": 2 * tp / (2 * tp + fp + fn), "accuracy": (tp + tn) / (tp + tn + fp + fn)}
    out = {}
    for name, v in values.items():
        low, high = np.nanquantile(v[1:], [0.025, 0.975]) if count >= 5 else (np.nan, np.nan)
        out[name] = Figure(float(v[0]), float(low), float(high))
    return out
