"""How good the scores are: metrics of one signature, intervals over groups, slices, size-matched pairs.

Every metric is called as ``metric(y, p, w)`` with labels 0/1, scores that rise with suspicion, and weights (None: all
1). All are computed from one summary, the weight of fake and of honest rows at each distinct score, for many sets of
weights at once: that makes the bootstrap cheap and treats equal scores alike everywhere. One step per module: ``tally``
makes the summary, ``measures`` and ``threshold`` declare the metrics, ``intervals`` draws groups, ``evaluation``,
``matching`` and ``noise`` put the tables together.
"""

from realreach.metrics.evaluation import SLICE_COLUMNS, Difference, difference, evaluate
from realreach.metrics.matching import evaluate_matched, size_matched_pairs, size_tier
from realreach.metrics.measures import (
    METRICS,
    Metric,
    brier,
    brier_skill,
    calibration_error,
    calibration_intercept,
    calibration_slope,
    log_loss,
    pr_auc,
    pr_auc_at,
    recall_at_fpr,
    roc_auc,
)
from realreach.metrics.noise import calibration_noise
from realreach.metrics.shares import wilson_interval
from realreach.metrics.threshold import achieved_fpr, operating_point

__all__ = [
    "METRICS",
    "SLICE_COLUMNS",
    "Difference",
    "Metric",
    "achieved_fpr",
    "brier",
    "brier_skill",
    "calibration_error",
    "calibration_intercept",
    "calibration_noise",
    "calibration_slope",
    "difference",
    "evaluate",
    "evaluate_matched",
    "log_loss",
    "operating_point",
    "pr_auc",
    "pr_auc_at",
    "recall_at_fpr",
    "roc_auc",
    "size_matched_pairs",
    "size_tier",
    "wilson_interval",
]
