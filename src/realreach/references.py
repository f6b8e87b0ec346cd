"""What similar creators show: quantiles of a feature by size and platform, learned from honest training creators.

A ratio means nothing without the company it is judged in. For every feature marked ``peers`` in the catalogue this
module learns the 10 %, 50 % and 90 % quantile as smooth functions of size, one set per group, drawn towards the set
of all creators where a group is small. Growth features are compared at equal speed of growth (new followers a day)
and kind of curve (daily or sparse), all others at equal followers on the same platform. The model sees the distance
from the median in units of that spread.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from realreach.features.catalogue import catalogue, column_numbers, feature_names
from realreach.tables.core import FloatArray, IntArray

__all__ = ["PlainQuantiles", "References", "fit_references", "no_references"]

_QUANTILES = (0.1, 0.5, 0.9)
_PLAIN = "all_honest"
"""Key of the plain quantiles beside the two kinds of company."""
_SPREAD_OF_NORMAL = 2.5631
"""Distance between the 10 % and 90 % quantile of a normal variable, in standard deviations."""
_AT_ONCE = 1_000
"""Creators whose distances are computed together."""
_KNOTS = 7
_PRIOR = 40.0
"""Creators that the set of all creators is worth when a group's quantiles are drawn towards it."""
_LIMIT = 8.0
_SPARSE_DAYS = 3.0


@dataclass(frozen=True, eq=False)
class PlainQuantiles:
    """The 10 %, 50 % and 90 % quantile of features over all honest training creators.

    Parameters
    ----------
    names
        The features.
    quantiles
        Array of shape (features, 3).
    counts
        Creators with a known value, per feature.
    """

    names: tuple[str, ...]
    quantiles: FloatArray
    counts: FloatArray


@dataclass(frozen=True, eq=False)
class References:
    """Quantiles of similar creators, as plain numbers.

    Parameters
    ----------
    axes
        For each of the two kinds of company (``growth``, ``size``): the knots in size.
    names
        For each kind: the features it serves.
    quantiles
        For each kind: array of shape (features, groups + 1, knots, 3); the last group is all creators.
    least
        For each kind: smallest spread per feature, so that a feature that hardly varies cannot explode.
    counts
        For each kind: creators per group and knot (effective number), shape (groups + 1, knots).
    plain
        For features that are not judged against similar creators: their quantiles over all honest training creators.
        Shown beside a value, never seen by the model; empty in bundles of older versions.
    """

    axes: Mapping[str, FloatArray]
    names: Mapping[str, tuple[str, ...]]
    quantiles: Mapping[str, FloatArray]
    least: Mapping[str, FloatArray]
    counts: Mapping[str, FloatArray]
    plain: PlainQuantiles | None = None

    @cached_property
    def _columns(self) -> dict[str, IntArray]:
        position = {name: i for i, name in enumerate(feature_names())}
        return {kind: np.array([position[n] for n in names], dtype=np.int64) for kind, names in self.names.items()}

    def of(self, matrix: FloatArray, kind: str) -> FloatArray:
        """Return the 10 %, 50 % and 90 % quantile of similar creators, shape (features of this kind, rows, 3)."""
        table = self.quantiles[kind]
        group, low, share = self._place(matrix, kind)
        weight = share[None, :, None]
        return (1.0 - weight) * table[:, group, low] + weight * table[:, group, low + 1]

    def transform(self, matrix: FloatArray) -> FloatArray:
        """Return the features with every ``peers`` column replaced by its distance from similar creators.

        Distances are in units of the honest spread, between -8 and 8; NaN stays NaN.
        """
        out = matrix.copy()
        for kind, columns in self._columns.items():
            if len(columns) == 0:
                continue
            if len(matrix) == 1:
                self._transform_one(kind, matrix[0], out[0])
                continue
            table, least = self._by_company[kind], self.least[kind]
            group, low, share = self._place(matrix, kind)
            # Some creators at a time: their quantiles stay in the processor's cache.
            for first in range(0, len(matrix), _AT_ONCE):
                part = slice(first, first + _AT_ONCE)
                weight = share[part, None, None]
                at = (1.0 - weight) * table[group[part], low[part]] + weight * table[group[part], low[part] + 1]
                spread = np.maximum((at[:, 2] - at[:, 0]) / _SPREAD_OF_NORMAL, least)
                distance = (matrix[part, columns] - at[:, 1]) / spread
                out[part, columns] = np.minimum(np.maximum(distance, -_LIMIT), _LIMIT)
        return out

    def _transform_one(self, kind: str, row: FloatArray, out: FloatArray) -> None:
        """Do what :meth:`transform` does for one creator: the same operations, but for the place in plain numbers."""
        columns, table = self._columns[kind], self._by_company[kind]
        group, low, share = self._place_one(row, kind)
        at = (1.0 - share) * table[group, low] + share * table[group, low + 1]
        spread = np.maximum((at[2] - at[0]) / _SPREAD_OF_NORMAL, self.least[kind])
        distance = (row[columns] - at[1]) / spread
        out[columns] = np.minimum(np.maximum(distance, -_LIMIT), _LIMIT)

    def _place_one(self, row: FloatArray, kind: str) -> tuple[int, int, float]:
        """Return what :meth:`_place` does, for one creator."""
        place, code = _company_columns()[kind]
        at, group, knots = float(row[place]), float(row[code]), self._knots[kind]
        if at != at:
            at, group = knots[(len(knots) - 1) // 2], self.quantiles[kind].shape[1] - 1.0
        elif kind == "growth":
            group = float(group > _SPARSE_DAYS)
        low = min(max(bisect_right(knots, at) - 1, 0), len(knots) - 2)
        return int(group), low, min(max((at - knots[low]) / (knots[low + 1] - knots[low]), 0.0), 1.0)

    @cached_property
    def _knots(self) -> dict[str, list[float]]:
        return {kind: knots.tolist() for kind, knots in self.axes.items()}

    @cached_property
    def _by_company(self) -> dict[str, FloatArray]:
        """The quantiles with features last, shape (groups + 1, knots, 3, features): one piece for each creator."""
        return {kind: np.ascontiguousarray(table.transpose(1, 2, 3, 0)) for kind, table in self.quantiles.items()}

    def _place(self, matrix: FloatArray, kind: str) -> tuple[IntArray, IntArray, FloatArray]:
        """Return each row's group, the knot below its size, and how far it lies towards the next (0 to 1)."""
        group, at = _company(matrix, kind)
        knots = self.axes[kind]
        known = ~np.isnan(at)
        # Size not known: the middle of all creators.
        size = np.where(known, at, knots[(len(knots) - 1) // 2])
        low = np.minimum(np.maximum(np.searchsorted(knots, size, side="right") - 1, 0), len(knots) - 2)
        share = np.minimum(np.maximum((size - knots[low]) / (knots[low + 1] - knots[low]), 0.0), 1.0)
        return np.where(known, group, self.quantiles[kind].shape[1] - 1), low, share

    def to_dict(self) -> dict[str, object]:
        """Return plain lists for a JSON file."""
        out: dict[str, object] = {
            kind: {
                "knots": self.axes[kind].tolist(),
                "features": list(self.names[kind]),
                "quantiles": self.quantiles[kind].tolist(),
                "least_spread": self.least[kind].tolist(),
                "creators": self.counts[kind].tolist(),
            }
            for kind in self.axes
        }
        if self.plain is not None:
            out[_PLAIN] = {
                "features": list(self.plain.names),
                "quantiles": self.plain.quantiles.tolist(),
                "creators": self.plain.counts.tolist(),
            }
        return out

    @classmethod
    def from_dict(cls, data: Mapping[str, Mapping[str, list]]) -> References:
        """Read what :meth:`to_dict` wrote; what older versions wrote too."""
        told = data.get(_PLAIN)
        plain = None
        if told is not None:
            numbers = (np.array(told[k], dtype=np.float64) for k in ("quantiles", "creators"))
            plain = PlainQuantiles(tuple(told["features"]), *numbers)
        data = {k: v for k, v in data.items() if k != _PLAIN}
        return cls(
            {k: np.array(v["knots"], dtype=np.float64) for k, v in data.items()},
            {k: tuple(v["features"]) for k, v in data.items()},
            {k: np.array(v["quantiles"], dtype=np.float64) for k, v in data.items()},
            {k: np.array(v["least_spread"], dtype=np.float64) for k, v in data.items()},
            {k: np.array(v["creators"], dtype=np.float64) for k, v in data.items()},
            plain,
        )

    def company(self, matrix: FloatArray) -> dict[str, tuple[FloatArray, FloatArray]]:
        """Return what similar creators show in each feature, for a reader to compare with.

        Returns
        -------
        dict
            For each feature: its 10 %, 50 % and 90 % quantile for each row, shape (rows, 3), and how many creators of
            the training data these rest on, shape (rows,). Features without any reference are absent.
        """
        rows = len(matrix)
        out: dict[str, tuple[FloatArray, FloatArray]] = {}
        if self.plain is not None:
            for name, three, count in zip(self.plain.names, self.plain.quantiles, self.plain.counts, strict=True):
                out[name] = (np.broadcast_to(three, (rows, 3)), np.full(rows, count))
        for kind, names in self.names.items():
            quantiles = self.of(matrix, kind)
            count = self._creators(matrix, kind)
            out |= {name: (quantiles[i], count) for i, name in enumerate(names)}
        return out

    def company_table(self, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what :meth:`company` does for all features at once, in the order of the catalogue.

        Returns
        -------
        tuple
            Quantiles, shape (rows, features, 3), and creators behind them, shape (rows, features); NaN where there is
            no reference.
        """
        rows, features = len(matrix), len(feature_names())
        three, count = np.full((rows, features, 3), np.nan), np.full((rows, features), np.nan)
        if self.plain is not None:
            columns = self._plain_columns
            three[:, columns], count[:, columns] = self.plain.quantiles, self.plain.counts
        for kind, columns in self._columns.items():
            if rows == 1:
                group, low, share = self._place_one(matrix[0], kind)
                table = self.quantiles[kind]
                three[0, columns] = (1.0 - share) * table[:, group, low] + share * table[:, group, low + 1]
            else:
                three[:, columns] = self.of(matrix, kind).transpose(1, 0, 2)
            count[:, columns] = self._creators(matrix, kind)[:, None]
        return three, count

    @cached_property
    def _plain_columns(self) -> IntArray:
        position = column_numbers()
        return np.array([position[name] for name in self.plain.names] if self.plain is not None else [], dtype=np.int64)

    def _creators(self, matrix: FloatArray, kind: str) -> FloatArray:
        """Return how many similar creators (effective number) stand behind each row's quantiles."""
        group, at = _company(matrix, kind)
        knots, table = self.axes[kind], self.counts[kind]
        known = ~np.isnan(at)
        place = np.interp(np.where(known, at, knots[0]), knots, np.arange(len(knots), dtype=np.float64))
        nearest = np.rint(place).astype(np.int64)
        group = np.where(known, group, len(table) - 1)
        return np.where(known, table[group, nearest], table[group].sum(axis=1))


def no_references() -> References:
    """Return references that change nothing, for matrices that are not made of catalogue features."""
    return References({}, {}, {}, {}, {})


def fit_references(matrix: FloatArray, weight: FloatArray | None = None) -> References:
    """Learn the quantiles of similar creators from honest creators.

    Parameters
    ----------
    matrix
        Features of honest training creators, columns of :func:`realreach.features.feature_names`.
    weight
        Weight of each creator; equal if None.
    """
    weight = np.ones(len(matrix)) if weight is None else np.asarray(weight, dtype=np.float64)
    position = {name: i for i, name in enumerate(feature_names())}
    axes, names, tables, least, counts = {}, {}, {}, {}, {}
    for kind in ("growth", "size"):
        served = tuple(f.name for f in catalogue() if f.peers and _kind_of(f.name) == kind)
        group, at = _company(matrix, kind)
        knots = _knots(at)
        groups = _GROUPS[kind]
        kernel = np.exp(-0.5 * ((at[:, None] - knots) / np.diff(knots).mean()) ** 2)
        kernel = np.nan_to_num(kernel) * weight[:, None]
        columns = matrix[:, [position[n] for n in served]]
        fitted = [_quantiles(columns[:, j], group, kernel, groups) for j in range(len(served))]
        tables[kind] = _rounded(np.stack(fitted))
        least[kind] = _rounded(np.maximum(0.2 * _spread(columns), 1e-3))
        counts[kind] = np.stack([*(kernel[group == g].sum(axis=0) for g in range(groups)), kernel.sum(axis=0)]).round(1)
        axes[kind], names[kind] = knots, served
    return References(axes, names, tables, least, counts, _plain_quantiles(matrix))


def _plain_quantiles(matrix: FloatArray) -> PlainQuantiles:
    """Return the quantiles of the features that are not judged against similar creators (ten known values or more)."""
    names, rows, counts = [], [], []
    for position, feature in enumerate(catalogue()):
        values = matrix[:, position]
        known = values[np.isfinite(values)]
        if feature.peers or feature.family == "context" or len(known) < 10:
            continue
        names.append(feature.name)
        rows.append(np.quantile(known, _QUANTILES))
        counts.append(float(len(known)))
    return PlainQuantiles(tuple(names), _rounded(np.array(rows).reshape(-1, 3)), np.array(counts))


_GROUPS = {"growth": 2, "size": 4}


def _kind_of(name: str) -> str:
    return "growth" if name.startswith(("growth__", "coherence__growth")) else "size"


@cache
def _company_columns() -> dict[str, tuple[int, int]]:
    """Return by kind of company the column of the size and the one that tells the group."""
    position = column_numbers()
    return {
        "growth": (position["context__gain__366d__log10"], position["context__interval__366d__days"]),
        "size": (position["context__followers__now__log10"], position["context__platform__now__code"]),
    }


def _company(matrix: FloatArray, kind: str) -> tuple[IntArray, FloatArray]:
    """Return the group and the size of each creator in one kind of company."""
    size, code = _company_columns()[kind]
    told = matrix[:, code]
    return (told > _SPARSE_DAYS if kind == "growth" else told).astype(np.int64), matrix[:, size]


def _knots(at: FloatArray) -> FloatArray:
    known = at[~np.isnan(at)]
    low, high = np.quantile(known, [0.02, 0.98]) if len(known) >= 20 else (0.0, 6.0)
    return _rounded(np.linspace(low, max(high, low + 0.5), _KNOTS))


def _quantiles(values: FloatArray, group: IntArray, kernel: FloatArray, groups: int) -> FloatArray:
    """Return the smoothed quantiles of one feature, shape (groups + 1, knots, 3)."""
    known = np.isfinite(values)
    if known.sum() < 10:
        # Nothing to compare with: the middle is 0 and the spread 1.
        return np.broadcast_to(np.array([-1.2816, 0.0, 1.2816]), (groups + 1, kernel.shape[1], 3)).copy()
    order = np.flatnonzero(known)[np.argsort(values[known], kind="stable")]
    everyone, _ = _weighted(values[order], kernel[order])
    out = np.empty((groups + 1, kernel.shape[1], 3))
    out[groups] = everyone
    for g in range(groups):
        inside = order[group[order] == g]
        if len(inside) < 10:
            out[g] = everyone
            continue
        own, count = _weighted(values[inside], kernel[inside])
        share = (count / (count + _PRIOR))[:, None]
        out[g] = share * own + (1.0 - share) * everyone
    return out


def _weighted(ordered: FloatArray, kernel: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return weighted quantiles per knot, shape (knots, 3), and the effective number of creators at each knot."""
    total = kernel.sum(axis=0)
    # Far from every creator a knot still needs an answer: a trace of all creators alike.
    kernel = kernel + 1e-6 * max(float(total.max()), 1e-12) / len(ordered)
    cumulated = np.cumsum(kernel, axis=0)
    middle = (cumulated - 0.5 * kernel) / cumulated[-1]
    out = np.stack([np.interp(_QUANTILES, middle[:, k], ordered) for k in range(kernel.shape[1])])
    return out, total


def _spread(columns: FloatArray) -> FloatArray:
    """Return the standard deviation of each column over its known values, 0 where there are none."""
    known = np.isfinite(columns)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, columns, 0.0).sum(axis=0) / count
    return np.sqrt(np.where(known, (columns - mean) ** 2, 0.0).sum(axis=0) / count)


def _rounded(values: FloatArray) -> FloatArray:
    """Return values with seven significant digits, so that what is stored is what was used."""
    with np.errstate(divide="ignore"):
        digits = np.where(values == 0, 0.0, np.floor(np.log10(np.abs(np.where(values == 0, 1.0, values)))))
    scale = np.power(10.0, 6.0 - digits)
    return np.round(values * scale) / scale
