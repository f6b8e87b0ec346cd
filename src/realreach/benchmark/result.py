"""One line of the benchmark: a data set, a task, a method, and what it reached."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

__all__ = ["METHODS", "Figure", "Method", "Result"]

Method = Literal["published", "baseline", "ours", "zero-shot"]

METHODS: Mapping[Method, str] = {
    "published": "as published by others, on their own split",
    "baseline": "a plain method under our protocol: one feature, a rule, or an untuned standard model",
    "ours": "realreach's recipe, trained on this kind of data under our protocol",
    "zero-shot": "the shipped models as they are, which never saw real data of this kind",
}


class Figure(NamedTuple):
    """A value with its 95 % interval; bounds are NaN where none can be given."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class Result:
    """One line of the table.

    Parameters
    ----------
    dataset, task
        Name of the set (as its folder) and what is asked of it, such as ``leave one video out``.
    method, name
        Kind of method and its name, such as ``untuned LightGBM``.
    n, positives
        Rows judged and how many of them carry the positive label.
    figures
        Metric -> figure. Names of :mod:`realreach.metrics`, plus ``f1`` and ``accuracy`` at a threshold that was chosen
        on other rows, and task-specific ones.
    protocol
        How rows were split, in one clause.
    aims
        Metric -> value aimed at (higher is better, except ``brier``, ``calibration_error`` and names that end in
        ``fpr`` or ``alarms``).
    source
        Where a published figure stands.
    note
        What to know before reading the line.
    """

    dataset: str
    task: str
    method: Method
    name: str
    n: int
    positives: int
    figures: Mapping[str, Figure]
    protocol: str = ""
    aims: Mapping[str, float] = field(default_factory=dict)
    source: str = ""
    note: str = ""

    @property
    def base_rate(self) -> float:
        """Share of positives; NaN without rows."""
        return self.positives / self.n if self.n else math.nan

    def reached(self, metric: str) -> bool | None:
        """Return whether the aim of a metric is reached; None where there is no aim or no figure.

        Examples
        --------
        >>> line = Result("set", "task", "ours", "model", 9, 3, {"brier": Figure(0.04)}, aims={"brier": 0.05})
        >>> line.reached("brier"), line.reached("roc_auc")
        (True, None)
        """
        if metric not in self.aims or metric not in self.figures or math.isnan(self.figures[metric].value):
            return None
        value, aim = self.figures[metric].value, self.aims[metric]
        return value <= aim if lower_is_better(metric) else value >= aim


def lower_is_better(metric: str) -> bool:
    """Return whether a smaller value of this metric is the better one."""
    return metric in ("brier", "calibration_error", "log_loss") or metric.endswith(("fpr", "alarms"))
