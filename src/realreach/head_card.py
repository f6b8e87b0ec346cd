"""The part of the model card on ranges, mechanisms and purchased shares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.markdown import markdown_table
from realreach.pillars import combination_mask

if TYPE_CHECKING:
    import pandas as pd

    from realreach.evaluation import Evaluation

__all__ = ["head_section"]

_MECHANISM = ("fake_share", "roc_auc", "roc_auc_overall", "pr_auc", "pr_auc_overall", "calibration_error")
_SHARE = ("mae", "mae_nothing", "coverage", "coverage_at_zero", "coverage_above_zero", "zero_starts_at_zero")


def head_section(metadata: Mapping[str, Any], evaluation: Evaluation) -> list[str]:
    """Return the lines of the card on ranges and heads; every figure comes from the run."""
    world = " (simulated)" if metadata["simulated"] else ""
    level = metadata["range"]["level"]
    lines = [
        f"## Range of the probability{world}",
        "",
        f"`probability_low` and `probability_high`: in {level:.0%} of calibrations the true share of bought creators among those with a "
        "score near this one, seen through the same pillars, lies inside. The range speaks of the calibration, not of the creator; how "
        "much a score rests on is told by `confidence`. Measured by drawing the labels of the calibration creators anew from known shares:",
        "",
        _ranges(evaluation),
        "",
    ]
    table = evaluation.head_table
    if table.empty:
        return [*lines, "This model has no heads: its labels tell neither mechanisms nor purchased shares.", ""]
    return [
        *lines,
        f"## Mechanisms and purchased shares{world}",
        "",
        "On the same held-out creators. A mechanism is told from all other creators, honest or not; `overall` is what the overall "
        "probability alone reaches at that. Shares: mean absolute error of the median (`mae_nothing`: of always saying 0), and how often "
        "the 90 % interval holds the truth: in all, where nothing was bought, and where something was. An interval that is right for "
        "nine of ten creators holds fewer of the bought ones where most creators buy nothing. 95 % intervals.",
        "",
        _by_head(table, _MECHANISM),
        "",
        _by_head(table, _SHARE),
        "",
        "By pillars:",
        "",
        _by_pillars(table),
        "",
    ]


def _ranges(evaluation: Evaluation) -> str:
    widths = evaluation.estimator.fitted_.calibration.widths()
    rows = [
        [name, f"{value:.1%}", f"{widths[combination_mask(name)]:.3f}"]
        for name, value in evaluation.range_coverage.items()
    ]
    return (
        markdown_table(["pillars", "range holds the true share", "mean width"], rows) if rows else "Too few creators."
    )


def _by_head(table: pd.DataFrame, metrics: tuple[str, ...]) -> str:
    here = table[(table["slice"] == "all") & table["metric"].isin(metrics)]
    rows = []
    for name in dict.fromkeys(here["head"]):
        own = here[here["head"] == name].set_index("metric")
        count = f"{int(own['n'].max()):,}"
        rows.append([f"`{name}`", count, *[_cell(own.loc[m]) if m in own.index else "" for m in metrics]])
    return markdown_table(["head", "n", *metrics], rows)


def _by_pillars(table: pd.DataFrame) -> str:
    shown = ("roc_auc", "calibration_error", "mae", "coverage")
    here = table[(table["slice"] != "all") & table["metric"].isin(shown)]
    rows = []
    for (name, part), own in here.groupby(["head", "slice"], sort=False):
        figures = own.set_index("metric")
        cells = [_cell(figures.loc[m]) if m in figures.index else "" for m in shown]
        rows.append([f"`{name}`", str(part).removeprefix("pillars="), f"{int(own['n'].max()):,}", *cells])
    return markdown_table(["head", "pillars", "n", *shown], rows)


def _cell(row: Any) -> str:
    if np.isnan(row["value"]):
        return ""
    return f"{row['value']:.3f}" + ("" if np.isnan(row["low"]) else f" ({row['low']:.3f}-{row['high']:.3f})")
