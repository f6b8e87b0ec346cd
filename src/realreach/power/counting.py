"""The lines of a judgement: recall by purchased share and by mechanism, false positives by group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from realreach.power.judgement import Line
from realreach.power.terms import CROSSED, SHARES
from realreach.simulate.settings import MECHANISMS, TIERS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["group_lines", "line_of", "mechanism_lines", "recall_lines"]

# Deliveries are whole days, and the first day counts as one: "1-7 d" holds 2 to 7 days.
_DELIVERIES = ((1.5, 7.5, 30.5, 90.5), ("<=1 d", "1-7 d", "7-30 d", "30-90 d", ">90 d"))
_AGES = ((7.0, 30.0, 90.0), ("0-7 d ago", "7-30 d ago", "30-90 d ago", ">90 d ago"))
_NO_DELIVERY = "no followers delivered in the curve"
_NO_DATE = "no purchase in view"


def line_of(table: str, row: str, column: str, part: pd.DataFrame, threshold: float, extra: int = 0) -> Line:
    """Count the creators of one cell."""
    hits, flagged = int((part["p"] >= threshold).sum()), int(part["flagged"].sum())
    return Line(table, row, column, len(part), hits, flagged, extra)


def _bands(values: pd.Series, bands: tuple[tuple[float, ...], tuple[str, ...]], unknown: str) -> np.ndarray:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    names = np.array([*bands[1], unknown], dtype=object)
    return names[np.where(np.isnan(numbers), len(bands[1]), np.searchsorted(bands[0], numbers, side="right"))]


def recall_lines(fake: pd.DataFrame, threshold: float) -> Iterator[Line]:
    """Yield recall by purchased share alone, crossed with one other fact at a time, and with all three at once."""
    share = fake[["purchased_share_followers", "purchased_share_engagement"]].astype("float64").max(axis=1).fillna(0.0)
    columns = {
        "evasion": (*(f"evasion {level}" for level in range(3)),),
        "delivery": (*_DELIVERIES[1], _NO_DELIVERY),
        "recency": (*_AGES[1], _NO_DATE),
    }
    level = fake["evasion_level"].to_numpy(dtype=np.float64, na_value=np.nan)
    cut = fake.assign(
        share=_bands(share, SHARES, "unknown"),
        evasion=[f"evasion {v:.0f}" for v in level],
        delivery=_bands(fake["delivery_days"], _DELIVERIES, _NO_DELIVERY),
        recency=_bands(fake["days_since_last_purchase"], _AGES, _NO_DATE),
    )
    for band in SHARES[1]:
        here = cut[cut["share"] == band]
        yield line_of("share", band, "all", here, threshold)
        for fact, names in columns.items():
            for name in names:
                yield line_of(f"share x {fact}", band, name, here[here[fact] == name], threshold)
        for cell, part in here.groupby(list(CROSSED), sort=True):
            yield line_of("surface", band, ", ".join(map(str, cell)), part, threshold)


def mechanism_lines(fake: pd.DataFrame, in_view: dict[str, set[str]] | None, threshold: float) -> Iterator[Line]:
    """Yield recall by mechanism: of all that have it, of those that have nothing else, of those in view."""
    codes = fake["mechanisms"].map(lambda text: frozenset(text.split("+")))
    for code in MECHANISMS:
        has = codes.map(lambda own, code=code: code in own).to_numpy(dtype=bool)
        alone = (codes == frozenset({code})).to_numpy(dtype=bool)
        yield line_of("mechanism", code, "all", fake[has], threshold)
        yield line_of("mechanism", code, "alone", fake[alone], threshold)
        if in_view is not None:
            at_work = np.array([code in in_view.get(key, ()) for key in fake.index], dtype=bool)
            yield line_of("mechanism", code, "in view", fake[has & at_work], threshold)


def group_lines(honest: pd.DataFrame, threshold: float) -> Iterator[Line]:
    """Yield false positives of all honest creators, then by group, the largest first and tiers by size."""
    yield line_of("honest", "all", "all", honest, threshold)
    for name in ("language", "platform", "tier", "pillars"):
        counts = honest[name].value_counts()
        order = [value for _, value in sorted((-count, str(value)) for value, count in counts.items())]
        if name == "tier":
            order = [tier for tier in TIERS if tier in counts]
        for value in order:
            yield line_of(name, str(value), "all", honest[honest[name] == value], threshold)
