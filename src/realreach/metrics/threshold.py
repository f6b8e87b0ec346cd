"""The threshold that flags a given share of honest creators, and what is found and flagged at a threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realreach.metrics.measures import Metric
from realreach.metrics.tally import Ranking, Tally, checked

if TYPE_CHECKING:
    from realreach.tables.core import FloatArray

__all__ = ["achieved_fpr", "at_threshold", "operating_point"]


def operating_point(honest_scores: FloatArray, fpr: float, w: FloatArray | None = None) -> float:
    """Return the lowest threshold at which at most a share ``fpr`` of these honest creators is flagged.

    Flagged means ``score >= threshold``. Equal scores stay together, so the share flagged may be lower than asked,
    never higher. Use scores of creators that neither the model nor its calibration was fitted on.

    Parameters
    ----------
    honest_scores
        Scores of honest creators, finite.
    fpr
        Share of them that may be flagged, between 0 and 1.
    w
        Weights, None for all 1.

    Raises
    ------
    ValueError
        If there are no honest scores or ``fpr`` is not between 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> threshold = operating_point(np.array([0.1, 0.2, 0.7, 0.7]), 0.25)
    >>> threshold > 0.7, achieved_fpr(np.array([0.1, 0.2, 0.7, 0.7]), threshold)
    (True, 0.0)
    """
    if not 0 < fpr < 1:
        raise ValueError(f"fpr must be between 0 and 1, got {fpr}")
    scores = np.asarray(honest_scores, dtype=np.float64)
    _, scores, w = checked(np.zeros_like(scores), scores, w)
    if not w.sum() > 0:
        raise ValueError("an operating point needs scores of honest creators, got none")
    t = Ranking(np.zeros_like(scores), scores).tally(w[None, :])
    refused = np.flatnonzero(t.fpr[0] > fpr * (1 + 1e-9))
    return float(np.nextafter(t.score[refused[0]], np.inf))


def achieved_fpr(honest_scores: FloatArray, threshold: float, w: FloatArray | None = None) -> float:
    """Return the share of honest creators with ``score >= threshold``; NaN if there are none."""
    scores = np.asarray(honest_scores, dtype=np.float64)
    _, scores, w = checked(np.zeros_like(scores), scores, w)
    return float(w[scores >= threshold].sum() / w.sum()) if w.sum() > 0 else float("nan")


def at_threshold(threshold: float) -> dict[str, Metric]:
    """Return recall and false positive rate at a threshold, by name."""

    def recall(t: Tally) -> FloatArray:
        return t.fake[:, t.score >= threshold].sum(axis=1) / t.fakes

    def fpr(t: Tally) -> FloatArray:
        return t.honest[:, t.score >= threshold].sum(axis=1) / t.honests

    return {
        "recall_at_threshold": Metric("recall_at_threshold", recall, "fake", is_share=True),
        "fpr_at_threshold": Metric("fpr_at_threshold", fpr, "honest", is_share=True),
    }
