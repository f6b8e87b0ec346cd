"""Values of metrics with intervals, from a bootstrap that draws whole groups with replacement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from realreach.metrics.measures import Metric
from realreach.metrics.tally import Ranking

if TYPE_CHECKING:
    import pandas as pd

    from realreach.tables.core import FloatArray, IntArray

__all__ = [
    "Data",
    "Options",
    "Slice",
    "bootstrap",
    "codes",
    "group_codes",
    "interval",
    "make_slice",
    "rows_of_table",
    "sorted_table",
]

_MIN_GROUPS = 5
"""With fewer groups an interval over groups means nothing."""
_MIN_DEFINED = 0.9
"""An interval is given only if the metric is defined in this share of the replicates."""
_BLOCK_CELLS = 2_000_000
"""Rows x replicates worked on at once: 16 MB per array."""


class Data(NamedTuple):
    """Labels, scores, weights and number of the group of some rows."""

    y: FloatArray
    p: FloatArray
    w: FloatArray
    group: IntArray


class Options(NamedTuple):
    """How the intervals are made."""

    replicates: int
    seed: int
    level: float


def _replicates(n_groups: int, options: Options, first: int, size: int) -> FloatArray:
    """Return how often each group is drawn in replicates ``first`` to ``first + size``; the same for any blocks."""
    draws = np.empty((min(size, options.replicates - first), n_groups))
    for row in range(len(draws)):
        rng = np.random.default_rng([options.seed, first + row])
        draws[row] = np.bincount(rng.integers(n_groups, size=n_groups), minlength=n_groups)
    return draws


def interval(metric: Metric, value: float, draws: FloatArray, level: float, groups: int) -> tuple[float, float]:
    """Return the bounds of a value from its replicates; NaN where they cannot be told."""
    tail = (1 - level) / 2
    defined = draws[np.isfinite(draws)]
    if not np.isfinite(value) or groups < _MIN_GROUPS or len(defined) < _MIN_DEFINED * len(draws) or not len(defined):
        return float("nan"), float("nan")
    if metric.is_share and value in (0.0, 1.0):
        width = 1 - tail ** (1 / groups)
        return (0.0, width) if value == 0 else (1 - width, 1.0)
    low, high = np.quantile(defined, [tail, 1 - tail])
    if metric.leans_up:
        low, high = max(0.0, 2 * value - high), max(0.0, 2 * value - low)
    return float(low), float(high)


@dataclass(frozen=True, eq=False)
class Slice:
    """The rows of one slice, ranked, with the metrics that can be told for them."""

    name: str
    ranking: Ranking
    rows: IntArray
    n: int
    n_fake: int
    groups: Mapping[str, int]
    metrics: Mapping[str, Metric]


def codes(values: Any) -> IntArray:
    """Return small integers, in the order of the sorted names: not of the rows."""
    names = np.array([str(value) for value in values], dtype=np.str_)
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def group_codes(groups: Any) -> IntArray:
    """Return the number of each row's group; raise ``ValueError`` if one is missing."""
    import pandas as pd

    missing = int(pd.isna(np.asarray(groups, dtype=object)).sum())
    if missing:
        raise ValueError(f"group has {missing} missing values; use the creator_id where no other group is known")
    return codes(groups)


def _tellable(metrics: Mapping[str, Metric], n: int, n_fake: int, minimum: int) -> dict[str, Metric]:
    enough = {"any": n > 0, "rows": n >= minimum, "fake": n_fake >= minimum, "honest": n - n_fake >= minimum}
    enough["both"] = enough["fake"] and enough["honest"]
    return {name: metric for name, metric in metrics.items() if enough[metric.need]}


def make_slice(name: str, rows: IntArray, data: Data, metrics: Mapping[str, Metric], minimum: int) -> Slice:
    """Return a slice with the metrics that have ``minimum`` rows of each class they need."""
    is_fake = data.y[rows] == 1
    members = {"rows": rows, "fake": rows[is_fake], "honest": rows[~is_fake]}
    groups = {need: len(np.unique(data.group[of])) for need, of in members.items()}
    groups |= {"any": groups["rows"], "both": min(groups["fake"], groups["honest"])}
    n_fake = int(is_fake.sum())
    tellable = _tellable(metrics, len(rows), n_fake, minimum)
    return Slice(name, Ranking(data.y[rows], data.p[rows]), rows, len(rows), n_fake, groups, tellable)


def bootstrap(slices: Sequence[Slice], data: Data, options: Options) -> dict[tuple[str, str], FloatArray]:
    """Return the replicates of every metric of every slice: groups are drawn with replacement, once for all slices."""
    n_groups = int(data.group.max()) + 1
    block = max(1, _BLOCK_CELLS // max(len(data.w), n_groups))
    found: dict[tuple[str, str], list[FloatArray]] = {(s.name, m): [] for s in slices for m in s.metrics}
    for first in range(0, options.replicates, block):
        weights = _replicates(n_groups, options, first, block)[:, data.group] * data.w
        for part in slices:
            tally = part.ranking.tally(weights[:, part.rows])
            for name, metric in part.metrics.items():
                found[part.name, name].append(metric.of_tally(tally))
    return {key: np.concatenate(blocks) if blocks else np.empty(0) for key, blocks in found.items()}


def rows_of_table(slices: Sequence[Slice], data: Data, options: Options) -> list[dict[str, Any]]:
    """Return one row per slice and metric: value, interval and counts."""
    draws = bootstrap(slices, data, options)
    rows = []
    for part in slices:
        tally = part.ranking.tally(data.w[None, part.rows])
        for name, metric in part.metrics.items():
            value = float(metric.of_tally(tally)[0])
            low, high = interval(metric, value, draws[part.name, name], options.level, part.groups[metric.need])
            row = {"metric": name, "slice": part.name, "value": value, "low": low, "high": high}
            rows.append({**row, "n": part.n, "n_fake": part.n_fake})
    return rows


def sorted_table(rows: list[dict[str, Any]], slices: Sequence[str]) -> pd.DataFrame:
    """Return rows as a table, in the order of the slices."""
    import pandas as pd

    columns = ["metric", "slice", "value", "low", "high", "n", "n_fake"]
    position = {name: i for i, name in enumerate(slices)}
    ordered = sorted(rows, key=lambda row: position[str(row["slice"])])
    return pd.DataFrame(ordered, columns=columns)
