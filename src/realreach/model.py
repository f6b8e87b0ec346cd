"""The fitted model: numbers in, probabilities out. Touches no file; needs NumPy only.

A probability is made in three steps: residuals against similar creators, a gradient-boosted margin, and a
calibration of its own for every combination of pillars, because a margin from growth alone means something else than
one from all four.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from realreach.calibration import Calibration
from realreach.features.catalogue import catalogue, pillars_of
from realreach.pillars import ALL_PILLARS, COMBINATIONS, PILLARS, combination_name, subsets_of
from realreach.references import References
from realreach.tables.core import FloatArray, IntArray
from realreach.tree_contributions import Contributor, contributor_of
from realreach.tree_text import StoredBooster, stored
from realreach.trees import Forest

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = [
    "ALL_PILLARS",
    "COMBINATIONS",
    "PILLARS",
    "Assessment",
    "Calibration",
    "FittedModel",
    "Layout",
    "OneAssessment",
    "combination_name",
    "masked_copies",
    "subsets_of",
]


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
    def _judges(self) -> np.ndarray:
        """Which of the used columns tell that their pillar is there."""
        early = {f.name for f in catalogue() if not f.judges}
        return np.array([self.names[i] not in early for i in self.used], dtype=bool)

    @cached_property
    def used_names(self) -> tuple[str, ...]:
        """Names of the columns that the model sees, residuals marked ``__vs_peers``."""
        records = {f.name: f.model_name for f in catalogue()} if self.is_catalogue else {}
        return tuple(records.get(self.names[i], self.names[i]) for i in self.used)

    @cached_property
    def plain_names(self) -> tuple[str, ...]:
        """Names of the same columns in the catalogue."""
        return tuple(self.names[i] for i in self.used)

    @cached_property
    def hidden(self) -> npt.NDArray[np.bool_]:
        """By set of pillars: which of the used columns need another."""
        return (self.needs & ~np.arange(ALL_PILLARS + 1)[:, None]) != 0

    @cached_property
    def _telling(self) -> tuple[IntArray, IntArray, IntArray]:
        """Columns of the matrix that tell that a pillar is there, pillar by pillar; where each begins; its bit."""
        bits = [1 << bit for bit in range(len(PILLARS)) if ((self.needs == 1 << bit) & self._judges).any()]
        own = [self.used[(self.needs == bit) & self._judges] for bit in bits]
        starts = np.cumsum([0, *(len(columns) for columns in own)])[:-1]
        return np.concatenate([*own, np.empty(0, dtype=np.int64)]).astype(np.int64), starts, np.array(bits, np.int64)

    def present(self, matrix: FloatArray) -> IntArray:
        """Return the bit mask of the pillars of which at least one feature is known, for each row."""
        if self._needs_nothing:
            return np.full(len(matrix), ALL_PILLARS, dtype=np.int64)
        columns, starts, bits = self._telling
        if len(bits) == 0:
            return np.zeros(len(matrix), dtype=np.int64)
        there = np.logical_or.reduceat(~np.isnan(matrix[:, columns]), starts, axis=1)
        return np.asarray(there @ bits, dtype=np.int64)

    def present_one(self, matrix: FloatArray) -> int:
        """Return what :meth:`present` does, of a single row."""
        if self._needs_nothing:
            return ALL_PILLARS
        columns, starts, bits = self._telling
        if len(bits) == 0:
            return 0
        told = matrix[0][columns]
        # NaN is the one number that differs from itself.
        there = np.logical_or.reduceat(told == told, starts)
        return sum([bit for bit, is_there in zip(bits.tolist(), there.tolist(), strict=True) if is_there])

    @cached_property
    def _needs_nothing(self) -> bool:
        return not bool((self.needs > 0).any())

    def without(self, values: FloatArray, keep: IntArray) -> FloatArray:
        """Return the used columns with NaN for every feature that needs a pillar outside each row's ``keep`` mask."""
        if len(keep) == 1:
            return np.where(self.hidden[keep], np.nan, values)
        hidden = (self.needs[None, :] & ~keep[:, None]) != 0
        return np.where(hidden, np.nan, values)


@dataclass(frozen=True, eq=False)
class Assessment:
    """What the model says of each row: probability with its range, the pillars judged, and the values it looked at.

    NaN (and mask 0) where nothing can be judged; ``low`` and ``high`` are NaN too in models without ranges.
    """

    probability: FloatArray
    low: FloatArray
    high: FloatArray
    mask: IntArray
    values: FloatArray

    def take(self, rows: IntArray) -> Assessment:
        """Return what is said of some rows."""
        return Assessment(*(getattr(self, f.name)[rows] for f in fields(self)))


@dataclass(frozen=True, eq=False, slots=True)
class OneAssessment:
    """What the model says of a single row, in plain numbers; NaN (and no pillar judged) where nothing can be.

    Parameters
    ----------
    numbers
        Probability, low and high end of its range.
    alone
        Probability from each pillar alone, in the order of ``PILLARS``.
    judged, present
        Bit masks of the pillars that the probability rests on, and of those that are there.
    values
        What the model looked at, shape (1, columns).
    """

    numbers: tuple[float, float, float]
    alone: tuple[float, ...]
    judged: int
    present: int
    values: FloatArray

    @property
    def assessment(self) -> Assessment:
        """The same as arrays of one row."""
        probability, low, high = (np.array([value]) for value in self.numbers)
        return Assessment(probability, low, high, np.array([self.judged]), self.values)


_UNKNOWN = (math.nan, math.nan, math.nan)


@dataclass(frozen=True, eq=False)
class FittedModel:
    """Everything that turns a feature matrix into probabilities."""

    booster: lgb.Booster | StoredBooster
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
        return self._margins(values, np.arange(len(values)), np.full(len(values), ALL_PILLARS))

    @cached_property
    def _forest(self) -> Forest:
        needs = self.layout.needs
        return Forest((self.booster,), needs if self.masks_pillars else np.zeros_like(needs))

    def _margins(self, values: FloatArray, rows: IntArray, masks: IntArray) -> FloatArray:
        """Return the margins of some rows, each seen through its pillars."""
        return self._forest.raw(values, rows, masks)[:, 0]

    def contributions(self, values: FloatArray) -> FloatArray:
        """Return what each column adds to the margin (TreeSHAP), and last what all start from.

        Parameters
        ----------
        values
            :meth:`values` output, with NaN where a pillar is not looked at.

        Returns
        -------
        numpy.ndarray
            Log-odds, shape (rows, columns + 1); a row adds up to its margin but for rounding.
        """
        if len(values) == 0:
            return np.empty((0, values.shape[1] + 1))
        if self._contributor is None:
            return np.asarray(self.booster.predict(values, pred_contrib=True, num_threads=1), dtype=np.float64)
        return self._contributor.of(values)

    @cached_property
    def _contributor(self) -> Contributor | None:
        return contributor_of(stored(self.booster))

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
        return self.assess(matrix, keep).probability

    def assess(self, matrix: FloatArray, keep: int = ALL_PILLARS) -> Assessment:
        """Return probabilities as :meth:`probabilities` does, with their ranges and what they rest on."""
        return self._assess(self.values(matrix), self.judged(matrix, keep))

    def _assess(self, values: FloatArray, mask: IntArray) -> Assessment:
        # Rows without anything to judge cost nothing.
        rows = np.flatnonzero(mask)
        margin = np.full(len(mask), np.nan)
        margin[rows] = self._margins(values, rows, mask[rows])
        return self._assessment(values, mask, margin)

    def _assessment(self, values: FloatArray, mask: IntArray, margin: FloatArray) -> Assessment:
        low, high = self.calibration.range_of(margin, mask)
        seen = self.layout.without(values, mask) if self.masks_pillars else values
        return Assessment(self.calibration.apply(margin, mask), low, high, mask, seen)

    def by_pillar(self, matrix: FloatArray) -> dict[str, FloatArray]:
        """Return the probability from each pillar alone; NaN where it is missing."""
        return self.assess_with_pillars(matrix)[1]

    def assess_with_pillars(self, matrix: FloatArray) -> tuple[Assessment, dict[str, FloatArray]]:
        """Return what :meth:`assess` and :meth:`by_pillar` do, with one pass over the booster for all.

        A creator with a single pillar is judged once: alone it says what it says in all. A row's margin does not depend
        on the others in a call.
        """
        values, present = self.values(matrix), self.layout.present(matrix)
        if len(matrix) == 1:
            return self._assess_one(values, int(present[0]))
        keep = np.array([ALL_PILLARS, *(1 << bit for bit in range(len(PILLARS)))])[:, None]
        masks = self.calibration.judged(present[None, :] & keep)
        view, row = np.nonzero(masks.astype(bool) & ((masks != masks[0]) | (keep == ALL_PILLARS)))
        margin = np.full(masks.shape, np.nan)
        margin[view, row] = self._margins(values, row, masks[view, row])
        same = masks == masks[0]
        margin = np.where(same, margin[0], margin)
        alone = self.calibration.apply(margin[1:].ravel(), masks[1:].ravel()).reshape(len(PILLARS), -1)
        return self._assessment(values, masks[0], margin[0]), dict(zip(PILLARS, alone, strict=True))

    def _assess_one(self, values: FloatArray, present: int) -> tuple[Assessment, dict[str, FloatArray]]:
        """Do what :meth:`assess_with_pillars` does for one row, with little but the booster to wait for."""
        one = self._one(values, present)
        return one.assessment, {name: np.array([value]) for name, value in zip(PILLARS, one.alone, strict=True)}

    def assess_one(self, matrix: FloatArray) -> OneAssessment:
        """Return what :meth:`assess_with_pillars` does, of a single row and in plain numbers."""
        return self._one(self.values(matrix), self.layout.present_one(matrix))

    def _one(self, values: FloatArray, present: int) -> OneAssessment:
        own, views, seen = self._views[present]
        if not seen:
            return OneAssessment(_UNKNOWN, (math.nan,) * len(PILLARS), 0, present, self._looked_at(values, own))
        margins = self._forest.raw_of_one(values, seen)[:, 0].tolist()
        margin_of = dict(zip(seen, margins, strict=True))
        told = self.calibration.read_one(margin_of[own], own)
        # A creator with a single pillar says by it what it says in all.
        known = {0: math.nan, own: told[0]}
        alone = [known[m] if m in known else self.calibration.probability_one(margin_of[m], m) for m in views]
        return OneAssessment(told, tuple(alone), own, present, self._looked_at(values, own))

    def _looked_at(self, values: FloatArray, mask: int) -> FloatArray:
        if not self.masks_pillars:
            return values
        # In place: nobody else holds these values.
        np.putmask(values, self.layout.hidden[mask], np.nan)
        return values

    @cached_property
    def _views(self) -> list[tuple[int, list[int], tuple[int, ...]]]:
        """By pillars that are there: those judged, those judged where only one is looked at, and all such sets."""
        out = []
        for present in range(ALL_PILLARS + 1):
            keep = np.array([ALL_PILLARS, *(1 << bit for bit in range(len(PILLARS)))])
            own, *views = self.calibration.judged(present & keep).tolist()
            out.append((own, views, tuple(dict.fromkeys(mask for mask in (own, *views) if mask))))
        return out


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
