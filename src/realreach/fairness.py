"""The fairness gate: no slice of honest creators is flagged more than twice as often as honest creators overall.

Many slices are looked at, and with enough of them one looks bad by chance. So a slice fails only if three things hold:
its share is more than twice the overall one, its 95 % interval (a bootstrap over groups) lies wholly above the overall
share, and an exact test against the honest creators of all other slices stays significant after Holm's correction for
all slices looked at. Under a fair model the chance that any slice fails is then at most 5 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, lgamma
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SliceRate", "exact_p_value", "holm", "slice_rates"]


@dataclass(frozen=True)
class SliceRate:
    """Honest creators of one slice that are flagged, beside all honest creators.

    ``p_value`` is Holm's, for all slices looked at; ``fails`` says whether the gate refuses the slice, ``stands_out``
    whether it would if it were the only slice (a warning).
    """

    name: str
    honest: int
    share: float
    low: float
    high: float
    overall: float
    p_value: float
    fails: bool
    stands_out: bool

    @property
    def sentence(self) -> str:
        """The numbers in words."""
        return (
            f"Honest creators flagged in {self.name}: {self.share:.1%} ({self.low:.1%} to {self.high:.1%}, "
            f"{self.honest:,} creators), overall {self.overall:.1%}; p = {self.p_value:.2g} after Holm's correction."
        )


def exact_p_value(hits: int, n: int, all_hits: int, all_n: int) -> float:
    """Return the chance of so many hits or more among ``n`` of ``all_n`` things, ``all_hits`` of which are hits.

    Fisher's exact test on one side, from the hypergeometric distribution.

    Examples
    --------
    >>> round(exact_p_value(3, 3, 3, 6), 3)
    0.05
    """

    def log_choose(total: int, chosen: int) -> float:
        return lgamma(total + 1) - lgamma(chosen + 1) - lgamma(total - chosen + 1)

    whole = log_choose(all_n, n)
    first, last = max(hits, n - (all_n - all_hits), 0), min(n, all_hits)
    terms = (log_choose(all_hits, k) + log_choose(all_n - all_hits, n - k) - whole for k in range(first, last + 1))
    return min(1.0, sum(exp(term) for term in terms))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979): the chance of any false alarm stays below the level.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    out, highest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        out[i] = highest
    return out


def slice_rates(metrics: pd.DataFrame, ratio: float = 2.0, level: float = 0.05) -> list[SliceRate]:
    """Return the share of honest creators flagged for every slice, with the gate's word on it.

    Parameters
    ----------
    metrics
        Result of :func:`realreach.metrics.evaluate` with ``fpr_at_threshold`` for ``all`` and for slices
        (``column=name``).
    ratio
        Times the overall share that a slice may have.
    level
        Chance that any slice fails although all are alike.

    Returns
    -------
    list of SliceRate
        Sorted by p-value. A column whose creators all fall into one slice says nothing and is left out.
    """
    rows: list[dict[str, Any]] = [
        {str(k): v for k, v in row.items()}
        for row in metrics[metrics["metric"] == "fpr_at_threshold"].to_dict("records")
    ]
    whole = next((row for row in rows if row["slice"] == "all"), None)
    if whole is None or np.isnan(whole["value"]):
        return []
    everyone, overall = _honest(whole), float(whole["value"])
    judged = [row for row in rows if "=" in str(row["slice"]) and 0 < _honest(row) < everyone]
    hits = [round(float(row["value"]) * _honest(row)) for row in judged]
    # Counts from weighted shares can disagree by one with those of all: never more hits than there are.
    all_hits = max([round(overall * everyone), *hits])
    raw = [
        exact_p_value(hit, _honest(row), max(all_hits, hit), everyone) for hit, row in zip(hits, judged, strict=True)
    ]
    rates = []
    for row, p_value in zip(judged, holm(raw), strict=True):
        apart = float(row["value"]) > ratio * overall and float(row["low"]) > overall
        rates.append(
            SliceRate(
                name=str(row["slice"]),
                honest=_honest(row),
                share=float(row["value"]),
                low=float(row["low"]),
                high=float(row["high"]),
                overall=overall,
                p_value=p_value,
                fails=apart and p_value < level,
                stands_out=apart,
            )
        )
    return sorted(rates, key=lambda rate: (rate.p_value, rate.name))


def _honest(row: Mapping[str, Any]) -> int:
    return int(row["n"]) - int(row["n_fake"])
