"""The fitted model: numbers in, probabilities out. Touches no file; needs NumPy and LightGBM only.

A probability is made in three steps: residuals against similar creators, a gradient-boosted margin, and a
calibration of its own for every combination of pillars, because a margin from growth alone means something else than
one from all four.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.features.catalogue import catalogue, pillars_of
from realreach.references import References
from realreach.tables.core import FloatArray, IntArray

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = ["ALL_PILLARS", "COMBINATIONS", "PILLARS", "Calibration", "FittedModel", "Layout", "combination_name"]

PILLARS = ("growth", "engagement", "comments", "audience")
"""The channels that can be missing; coherence lives between them."""

ALL_PILLARS = (1 << len(PILLARS)) - 1
"""Bit mask of all pillars."""

COMBINATIONS = tuple(range(1, ALL_PILLARS + 1))
"""Non-empty sets of pillars as bit masks: 1 growth, 2 engagement, 4 comments, 8 audience."""


def combination_name(mask: int) -> str:
    """Return the name of a set of pillars.

    Examples
    --------
    >>> combination_name(5)
    'growth+comments'
    """
    return "+".join(p for bit, p in enumerate(PILLARS) if mask & (1 << bit)) or "nothing"


@dataclass(frozen=True, eq=False)
class Layout:
    """Which column of a feature matrix is what.

    Parameters
    ----------
    names
        The columns of the matrix as given.
    used
        Positions of the columns that the model sees.
    needs
        Bit mask of the pillars that each used column needs (0 = always there).
    direction
        Sign in which each used column may act alone (0 = free); the model's monotone constraints.
    """

    names: tuple[str, ...]
    used: IntArray
    needs: IntArray
    direction: IntArray

    @classmethod
    def of(cls, names: Iterable[str], excluded: Iterable[str] = ()) -> Layout:
        """Build the layout for a matrix with these columns; unknown names are plain features that are always there."""
        names, out = tuple(names), frozenset(excluded)
        records = {f.name: f for f in catalogue()}
        used, needs, direction = [], [], []
        for position, name in enumerate(names):
            record = records.get(name)
            if name in out or (record is not None and record.family == "context"):
                continue
            used.append(position)
            mask = 0
            if record is not None:
                mask = sum(1 << PILLARS.index(p) for p in pillars_of(record))
            needs.append(mask)
            direction.append(record.direction if record is not None and record.monotone else 0)
        return cls(names, *(np.array(v, dtype=np.int64) for v in (used, needs, direction)))

    @cached_property
    def is_catalogue(self) -> bool:
        """Whether the matrix is the full catalogue, so that references apply."""
        return self.names == tuple(f.name for f in catalogue())

    @cached_property
    def used_names(self) -> tuple[str, ...]:
        """Names of the columns that the model sees, residuals marked ``__vs_peers``."""
        records = {f.name: f.model_name for f in catalogue()} if self.is_catalogue else {}
        return tuple(records.get(self.names[i], self.names[i]) for i in self.used)

    def present(self, matrix: FloatArray) -> IntArray:
        """Return the bit mask of the pillars of which at least one feature is known, for each row."""
        known = ~np.isnan(matrix[:, self.used])
        out = np.zeros(len(matrix), dtype=np.int64)
        for bit in range(len(PILLARS)):
            own = self.needs == (1 << bit)
            if own.any():
                out |= known[:, own].any(axis=1).astype(np.int64) << bit
        return out if (self.needs > 0).any() else np.full(len(matrix), ALL_PILLARS, dtype=np.int64)

    def without(self, values: FloatArray, keep: IntArray) -> FloatArray:
        """Return the used columns with NaN for every feature that needs a pillar outside each row's ``keep`` mask."""
        hidden = (self.needs[None, :] & ~keep[:, None]) != 0
        return np.where(hidden, np.nan, values)


@dataclass(frozen=True, eq=False)
class Calibration:
    """From a margin to a probability: a table of numbers per combination of pillars, read by linear interpolation.

    Outside the table the end values hold. ``threshold`` is the probability above which at most the stated share of
    honest calibration creators lie (the operating point of the combination).
    """

    margin: Mapping[int, FloatArray]
    probability: Mapping[int, FloatArray]
    threshold: Mapping[int, float]
    honest: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def _judged(self) -> IntArray:
        """For each set of pillars: the largest calibrated set inside it (most honest creators first), 0 if none."""
        out = np.zeros(ALL_PILLARS + 1, dtype=np.int64)
        for mask in COMBINATIONS:
            inside = [c for c in self.margin if c & ~mask == 0]
            out[mask] = max(inside, key=lambda c: (c.bit_count(), self.honest.get(c, 0)), default=0)
        return out

    def judged(self, present: IntArray) -> IntArray:
        """Return the pillars that are judged where these are there: a combination never calibrated is never used."""
        return self._judged[present]

    def apply(self, margin: FloatArray, mask: IntArray) -> FloatArray:
        """Return calibrated probabilities for calibrated sets of pillars; rows without any (mask 0) get NaN."""
        out = np.full(len(margin), np.nan)
        for combination in np.unique(mask):
            rows = mask == combination
            if combination:
                out[rows] = np.interp(margin[rows], self.margin[int(combination)], self.probability[int(combination)])
        return out

    def limit(self, mask: IntArray) -> FloatArray:
        """Return each row's operating threshold; NaN for rows without any pillar."""
        return np.array([self.threshold[int(m)] if m else np.nan for m in mask], dtype=np.float64)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return plain lists for a JSON file, keyed by the names of the combinations."""
        return {
            combination_name(mask): {
                "margin": self.margin[mask].tolist(),
                "probability": self.probability[mask].tolist(),
                "operating_threshold": self.threshold[mask],
                "honest_creators": self.honest.get(mask, 0),
            }
            for mask in sorted(self.margin)
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Mapping[str, Any]]) -> Calibration:
        """Read what :meth:`to_dict` wrote."""
        by_name = {combination_name(mask): mask for mask in COMBINATIONS}
        return cls(
            {by_name[k]: np.array(v["margin"], dtype=np.float64) for k, v in data.items()},
            {by_name[k]: np.array(v["probability"], dtype=np.float64) for k, v in data.items()},
            {by_name[k]: float(v["operating_threshold"]) for k, v in data.items()},
            {by_name[k]: int(v["honest_creators"]) for k, v in data.items()},
        )


@dataclass(frozen=True, eq=False)
class FittedModel:
    """Everything that turns a feature matrix into probabilities."""

    booster: lgb.Booster
    layout: Layout
    references: References
    calibration: Calibration
    masks_pillars: bool = True

    def judged(self, matrix: FloatArray, keep: int = ALL_PILLARS) -> IntArray:
        """Return the bit mask of the pillars that the probability of each row rests on (0: nothing to judge)."""
        return self.calibration.judged(self.layout.present(matrix) & keep)

    def values(self, matrix: FloatArray) -> FloatArray:
        """Return the columns that the model sees, residuals in place of features judged against similar creators."""
        return self.references.transform(matrix)[:, self.layout.used]

    def margins(self, values: FloatArray) -> FloatArray:
        """Return raw margins (log-odds before calibration) for :meth:`values` output."""
        if len(values) == 0:
            return np.empty(0)
        return np.asarray(self.booster.predict(values, raw_score=True, num_threads=1), dtype=np.float64)

    def probabilities(self, matrix: FloatArray, keep: int = ALL_PILLARS) -> FloatArray:
        """Return calibrated probabilities of bought engagement for each row of a feature matrix.

        Parameters
        ----------
        matrix
            Features, columns as at fitting time.
        keep
            Bit mask of pillars to look at; the others are treated as missing.

        Returns
        -------
        numpy.ndarray
            Between 0 and 1; NaN where none of the pillars looked at is there.
        """
        mask = self.judged(matrix, keep)
        values = self.values(matrix)
        if self.masks_pillars:
            values = self.layout.without(values, mask)
        return self.calibration.apply(self.margins(values), mask)

    def by_pillar(self, matrix: FloatArray) -> dict[str, FloatArray]:
        """Return the probability from each pillar alone; NaN where it is missing."""
        return {name: self.probabilities(matrix, 1 << bit) for bit, name in enumerate(PILLARS)}


def masked_copies(
    layout: Layout, values: FloatArray, present: IntArray, copies: int, rng: np.random.Generator
) -> tuple[FloatArray, IntArray]:
    """Return ``copies`` versions of every row with a random non-empty part of its pillars left, and the source rows.

    One version in three keeps a single pillar: with four of them a single one would be rare among all parts, and that
    is how many creators come. Rows with a single pillar have no smaller version and are left out.
    """
    parts, sources = [], []
    for _ in range(copies):
        keep = rng.integers(1, ALL_PILLARS, len(values))
        single = 1 << rng.integers(len(PILLARS), size=len(values))
        left = present & np.where(rng.random(len(values)) < 1 / 3, single, keep)
        usable = (left > 0) & (left != present)
        parts.append(layout.without(values[usable], left[usable]))
        sources.append(np.flatnonzero(usable))
    return np.concatenate(parts), np.concatenate(sources)


def subsets_of(mask: int) -> list[int]:
    """Return the non-empty sets of pillars inside a set.

    Examples
    --------
    >>> subsets_of(5)
    [1, 4, 5]
    """
    bits = [1 << b for b in range(len(PILLARS)) if mask & (1 << b)]
    return sorted(sum(c) for size in range(1, len(bits) + 1) for c in combinations(bits, size))
