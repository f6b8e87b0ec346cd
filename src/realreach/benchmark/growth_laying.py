"""Curves with deliveries: real timing laid over real curves, and both as rows of the ordinary feature table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realreach.features import feature_names
from realreach.features.blocks import Ragged
from realreach.features.growth import curve_features
from realreach.simulate.check_difficulty import DOSES
from realreach.simulate.check_sets import Curves
from realreach.simulate.deliveries import block_delivery, drip_delivery
from realreach.simulate.summaries import burst_summary
from realreach.tables.core import FloatArray, IntArray

__all__ = ["STYLES", "Bought", "curve_table", "github_windows", "make_bought", "plain_table"]

STYLES = ("block", "drip")
"""Ways to deliver: with the timing of a real delivery of one or two days, or evenly over 30 days."""
_WINDOW = 72
_OTHER_CURVES = 600
_UNTOLD = (0.05, 0.70)


def curve_table(levels: FloatArray) -> FloatArray:
    """Return the ordinary feature table of complete daily curves (one a row): growth and its context, all else unknown.

    Examples
    --------
    >>> table = curve_table(np.cumsum(np.ones((2, 40)), axis=1))
    >>> table.shape == (2, len(feature_names())), int(np.isfinite(table[0]).sum()) > 40
    (True, True)
    """
    n, m = levels.shape
    day = np.tile(np.arange(m, dtype=np.float64), n)
    columns = {"day": day, "followers": levels.ravel(), "following": np.full(n * m, np.nan)}
    values = curve_features(Ragged(columns, np.arange(n + 1) * m), np.full(n, float(m)))
    out = np.full((n, len(feature_names())), np.nan)
    for name, value in values.items():
        out[:, feature_names().index(name)] = value
    out[:, feature_names().index("context__followers__now__log10")] = np.log10(np.maximum(levels[:, -1], 1.0))
    out[:, feature_names().index("context__platform__now__code")] = 3.0
    return out


def github_windows(datasets: Path, rng: np.random.Generator, *, most: int = _OTHER_CURVES) -> Curves | None:
    """Return ten-week windows of daily stars, one of each repository that grows, or None where the set is not there.

    They are only trained on: with fewer than two hundred creators, honest bursts are seen too rarely to be learned.
    """
    import pandas as pd

    path = datasets / "growth_github_daily" / "stars_daily.parquet"
    if not path.is_file():
        return None
    table = pd.read_parquet(path, columns=["repo_id", "day", "stars"])
    repo, day, stars = (table[name].to_numpy() for name in ("repo_id", "day", "stars"))
    order = np.lexsort((day, repo))
    repo, day, stars = repo[order], day[order], stars[order].astype(np.float64)
    last = np.arange(_WINDOW - 1, len(repo))
    first = last - (_WINDOW - 1)
    whole = (repo[last] == repo[first]) & (day[last] - day[first] == _WINDOW - 1)
    gain = stars[last] - stars[first]
    ends = last[whole & (gain >= _WINDOW - 1) & (gain <= 8_000)]
    ends = rng.permutation(ends)
    _, chosen = np.unique(repo[ends], return_index=True)
    ends = ends[np.sort(rng.permutation(chosen)[:most])]
    levels = stars[ends[:, None] + np.arange(1 - _WINDOW, 1)]
    return Curves(repo[ends].astype(np.int64), levels)


def _lay(levels: FloatArray, shapes: list[FloatArray], style: str, dose: Any, rng: np.random.Generator) -> FloatArray:
    """Return curves with one delivery each, of ``dose`` times the own gain (one number, or one for each curve)."""
    days = levels.shape[1] - 1
    gains = np.maximum(np.round(np.asarray(dose) * (levels[:, -1] - levels[:, 0])), 1.0).astype(int)
    out = levels.copy()
    for row, size in zip(out, gains, strict=True):
        added = block_delivery(rng, shapes, size, days) if style == "block" else drip_delivery(rng, size, days)
        row[1:] += np.cumsum(added)
    return out


def _untold(count: int, rng: np.random.Generator) -> FloatArray:
    """Return doses between 5 and 70 % of the own gain, each size of order as likely as any other on a log scale."""
    return np.exp(rng.uniform(np.log(_UNTOLD[0]), np.log(_UNTOLD[1]), count))


@dataclass(frozen=True, eq=False)
class Bought:
    """Curves with deliveries: features of the recipe and of the plain models, base curve, style and dose of each."""

    X: FloatArray
    plain: FloatArray
    base: IntArray
    style: npt.NDArray[Any]
    dose: FloatArray


def make_bought(
    levels: FloatArray,
    base: IntArray,
    shapes: list[FloatArray],
    rng: np.random.Generator,
    *,
    draws: int,
    grid: bool = True,
    plain: bool = False,
) -> Bought:
    """Lay deliveries of every style over every curve.

    Parameters
    ----------
    levels, base
        The curves, one a row, and the number of the creator of each.
    shapes
        Arrival times of real deliveries to draw from.
    draws
        Deliveries of each style and dose for each curve.
    grid
        True for the doses that are asked about; False for as many of doses that are never told.
    plain
        Whether the plain summaries are wanted too.
    """
    parts, styles, doses = [], [], []
    for style in STYLES:
        for dose in DOSES:
            for _ in range(draws):
                drawn = np.full(len(levels), dose) if grid else _untold(len(levels), rng)
                parts.append(_lay(levels, shapes, style, drawn, rng))
                styles.append(np.full(len(levels), style))
                doses.append(drawn)
    curves = np.concatenate(parts)
    summary = plain_table(curves) if plain else np.empty((len(curves), 0))
    owner = np.tile(base, len(parts))
    return Bought(curve_table(curves), summary, owner, np.concatenate(styles), np.concatenate(doses))


def plain_table(curves: FloatArray) -> FloatArray:
    """Return the plain burst summaries, which share no code with the features."""
    rows = [burst_summary(row) for row in curves]
    return np.array([list(row.values()) for row in rows], dtype=np.float64)
