"""Quantiles of simulated accounts beside published norms, by platform and tier of followers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from realreach.errors import InputError
from realreach.simulate.settings import TIERS
from realreach.simulate.summaries import Account, post_summary

__all__ = ["NORM_WINDOWS", "NormCell", "compare_with_norms"]

NORM_WINDOWS = {
    "ig_ordinary_2018": 30,
    "ig_creators_2017": 17,
    "ig_creators_id2020": 50,
    "ig_creators_id2020_nonvideo": 50,
    "tiktok_creators_2020": 25,
    "purba_authentic_haslink": 30,
}
"""Sources of norms that are compared, and how many of the newest posts each one used.

Lists of the largest accounts by engagement (HypeAuditor 2022) are not: they are selected upwards.
"""


class _Allowed(NamedTuple):
    factor: float
    difference: float


_MEDIAN, _END = _Allowed(1.5, 0.15), _Allowed(2.0, 0.30)
_FEWEST = 30  # accounts in a cell, real and simulated
_DIFFERENCE = frozenset(
    {
        "ac1_log_like",
        "corr_like_comment_log",
        "corr_like_comment_raw",
        "corr_view_like_log",
        "spearman",
        "slope_logc_on_logl",
        "frac_gt3med",
        "frac_lt_third",
        "frac_zero_comment",
    }
)
"""Metrics that can be 0 or negative: a factor says nothing, so a difference is allowed instead."""


@dataclass(frozen=True)
class NormCell:
    """One metric of one tier: 5, 50 and 95 % of accounts, published and simulated."""

    platform: str
    tier: str
    metric: str
    real: tuple[float, float, float]
    simulated: tuple[float, float, float]
    real_n: int
    simulated_n: int

    @property
    def off(self) -> tuple[float, float, float]:
        """How far each quantile is off, as a multiple of what is allowed (up to 1 lies within)."""
        return (
            _off(self.metric, self.real[0], self.simulated[0], _END),
            _off(self.metric, self.real[1], self.simulated[1], _MEDIAN),
            _off(self.metric, self.real[2], self.simulated[2], _END),
        )

    @property
    def within(self) -> tuple[bool, bool, bool]:
        """Which of the three quantiles lie within."""
        a, b, c = self.off
        return a <= 1, b <= 1, c <= 1

    @property
    def worst(self) -> float:
        """The largest of ``off``."""
        return max(self.off)

    def __str__(self) -> str:
        real, simulated = ("/".join(f"{v:.3g}" for v in side) for side in (self.real, self.simulated))
        return f"{self.metric} (5/50/95 %: published {real}, simulated {simulated})"


def _off(metric: str, real: float, simulated: float, allowed: _Allowed) -> float:
    if metric in _DIFFERENCE:
        return abs(real - simulated) / allowed.difference
    if min(real, simulated) <= 0:
        return 0.0 if real == simulated else math.inf
    return abs(math.log(simulated / real)) / math.log(allowed.factor)


def compare_with_norms(folder: Path, source: str, accounts: Sequence[Account]) -> list[NormCell]:
    """Compare simulated accounts with the published quantiles of one source of norms, cell by cell.

    Parameters
    ----------
    folder
        Folder of the data sets.
    source
        One of ``NORM_WINDOWS``.
    accounts
        Simulated accounts of the source's platform and kind.

    Returns
    -------
    list of NormCell
        One cell a tier and metric. Cells of fewer than 30 accounts, real or simulated, are left out.
    """
    summaries = [(account.followers, post_summary(account.newest(NORM_WINDOWS[source]))) for account in accounts]
    cells = []
    for row in _read_norms(folder, source):
        low, high = TIERS[row.tier]
        chosen = [s for size, s in summaries if low <= size and (size < high or row.tier == ">5M")]
        values = np.array([summary.get(row.metric, np.nan) for summary in chosen], dtype=np.float64)
        values = values[np.isfinite(values)]
        if len(values) < _FEWEST:
            continue
        real = (float(row.q05), float(row.q50), float(row.q95))
        low5, median, high5 = (float(q) for q in np.quantile(values, [0.05, 0.5, 0.95]))
        cells.append(NormCell(row.platform, row.tier, row.metric, real, (low5, median, high5), int(row.n), len(values)))
    return cells


def _read_norms(folder: Path, source: str) -> list[Any]:
    """Read the cells of one source that hold at least 30 accounts (not those of all tiers together)."""
    import pandas as pd

    path = folder / "accounts_norms" / "norms_by_tier.csv"
    if not path.is_file():
        raise InputError(
            "The reality checks need the data set 'accounts_norms' (file norms_by_tier.csv), which is not in the given "
            "data sets folder. Give the right folder with --datasets."
        )
    table = pd.read_csv(path)
    table = table[(table["source"] == source) & table["tier"].isin(TIERS) & (table["n"] >= _FEWEST)]
    return list(table.itertuples())
