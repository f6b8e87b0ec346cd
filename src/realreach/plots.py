"""Figures of a training run: precision and recall, calibration, what the model looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.card import family_importance

if TYPE_CHECKING:
    from realreach.training import TrainingResult

__all__ = ["run_plots"]


def run_plots(result: TrainingResult) -> dict[str, Any]:
    """Return figures by name: ``precision_recall``, ``calibration``, ``importance``. They hold no key of a creator."""
    from matplotlib.figure import Figure

    frame = result.evaluation.frame.dropna(subset=["p"])
    y, p, w = (frame[c].to_numpy(dtype=np.float64) for c in ("y", "p", "weight"))
    note = " (simulated creators)" if result.metadata["simulated"] else ""
    return {
        "precision_recall": _precision_recall(Figure(figsize=(5, 4), layout="constrained"), y, p, w, note),
        "calibration": _calibration(Figure(figsize=(5, 4), layout="constrained"), y, p, w, note),
        "importance": _importance(Figure(figsize=(5, 3), layout="constrained"), family_importance(result.evaluation)),
    }


def _precision_recall(figure: Any, y: np.ndarray, p: np.ndarray, w: np.ndarray, note: str) -> Any:
    axes = figure.subplots()
    order = np.argsort(-p, kind="stable")
    hits, all_ = np.cumsum((y * w)[order]), np.cumsum(w[order])
    fakes, honest = max(float((y * w).sum()), 1e-12), max(float(((1 - y) * w).sum()), 1e-12)
    recall, fpr = hits / fakes, (all_ - hits) / honest
    for prevalence in (0.05, 0.10, 0.25):
        precision = prevalence * recall / np.maximum(prevalence * recall + (1 - prevalence) * fpr, 1e-12)
        axes.plot(recall, precision, label=f"{prevalence:.0%} bought")
    axes.set(
        xlabel="share of bought found (recall)", ylabel="share of flagged that are bought", xlim=(0, 1), ylim=(0, 1.02)
    )
    axes.set_title("Precision and recall" + note)
    axes.legend(title="prevalence")
    return figure


def _calibration(figure: Any, y: np.ndarray, p: np.ndarray, w: np.ndarray, note: str) -> Any:
    axes = figure.subplots()
    order = np.argsort(p, kind="stable")
    bins = [part for part in np.array_split(order, 15) if len(part)]
    shown = [(np.average(p[b], weights=w[b]), np.average(y[b], weights=w[b]), len(b)) for b in bins if w[b].sum() > 0]
    x, level, n = (np.array(v) for v in zip(*shown, strict=True))
    error = 1.96 * np.sqrt(np.maximum(level * (1 - level), 0.25 / n) / n)
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.errorbar(x, level, yerr=error, fmt="o-", markersize=4, capsize=2)
    axes.set(xlabel="fake_probability", ylabel="share that is bought", xlim=(0, 1), ylim=(0, 1))
    axes.set_title("Calibration, 15 bins of equal size" + note)
    return figure


def _importance(figure: Any, shares: dict[str, float]) -> Any:
    axes = figure.subplots()
    names = list(shares)[::-1]
    axes.barh(names, [shares[n] for n in names])
    axes.set(xlabel="share of the model's gain", title="What the model looks at, by family")
    return figure
