"""What the reality checks report: rows with a value and an aim, and the table made of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realreach.simulate.check_compare import Comparison

if TYPE_CHECKING:
    from realreach.simulate.check_norms import NormCell

__all__ = ["CheckReport", "CheckRow", "two_sample_row"]

TOLD_APART = 0.75
"""ROC-AUC up to which real and simulated accounts count as alike."""


@dataclass(frozen=True)
class CheckRow:
    """One measured check.

    ``value`` is a ROC-AUC (checks 1 and 3), a share of quantiles (2) or a count (4), with a 95 % interval where one
    can be given (otherwise NaN); ``passed`` is None where nothing was aimed at or there was too little data;
    ``gives_away`` names what differs most.
    """

    check: str
    what: str
    real_n: int
    simulated_n: int
    value: float
    low: float
    high: float
    aim: str
    passed: bool | None
    gives_away: str


@dataclass(frozen=True)
class CheckReport:
    """All rows of one run, and every compared quantile (``cells``)."""

    rows: tuple[CheckRow, ...]
    cells: tuple[NormCell, ...]
    creators: int
    seed: int

    @property
    def reached(self) -> int:
        """The number of checks that reach their aim."""
        return sum(row.passed is True for row in self.rows)

    def markdown(self) -> str:
        """Return the table as Markdown, after one line that says what was run."""
        judged = sum(row.passed is not None for row in self.rows)
        lines = [
            f"{self.reached} of {judged} reality checks reach their aim "
            f"({self.creators} simulated creators, seed {self.seed}).",
            "",
            "| check | what | real n | simulated n | value | 95 % interval | aim | reached | what gives it away |",
            "|---|---|---:|---:|---:|---|---|---|---|",
            *(_line(row) for row in self.rows),
        ]
        return "\n".join(lines) + "\n"


def _line(row: CheckRow) -> str:
    interval = f"{row.low:.2f} to {row.high:.2f}" if np.isfinite(row.low) else ""
    reached = "–" if row.passed is None else ("yes" if row.passed else "no")
    value = f"{row.value:.3f}" if np.isfinite(row.value) else "–"
    return (
        f"| {row.check} | {row.what} | {row.real_n} | {row.simulated_n} | {value} | {interval} | {row.aim} "
        f"| {reached} | {row.gives_away} |"
    )


def two_sample_row(check: str, what: str, comparison: Comparison | None) -> CheckRow:
    """Return the row of a two-sample test; None stands for too few pairs of equal size."""
    aim = f"at most {TOLD_APART}"
    if comparison is None:
        why = "too few pairs of equal size: simulate more creators"
        return CheckRow(check, what, 0, 0, np.nan, np.nan, np.nan, aim, None, why)
    fold = comparison.result
    return CheckRow(
        check=check,
        what=what,
        real_n=comparison.real_n,
        simulated_n=comparison.simulated_n,
        value=fold.auc,
        low=fold.low,
        high=fold.high,
        aim=aim,
        passed=fold.auc <= TOLD_APART,
        gives_away=str(comparison),
    )
