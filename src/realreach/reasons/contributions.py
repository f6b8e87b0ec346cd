"""How much each reason moved a score: the model's own additive contributions, grouped by code.

TreeSHAP splits the margin of a creator exactly into one number per column and a base
(:mod:`realreach.tree_contributions`). Columns of one code are summed. A column whose value is not known goes to the
code ``missing_data``: what the model assumes in its place is part of the sum, and never a signal.

Points of authenticity: the calibration turns a margin ``m`` into a probability, so the way from the base ``b``
to ``m`` moves the score by ``100 (p(b) - p(m))`` points. Each contribution gets the share of it that it has in
``m - b``; walking the straight way from ``b`` to ``m`` gives the same shares (Aumann-Shapley), so no order of the
reasons is preferred and they add up to the score.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from realreach.model import Assessment, FittedModel
from realreach.reasons.code import ReasonCode
from realreach.reasons.codes import CODES, MISSING_DATA, code_of
from realreach.tables.core import FloatArray, IntArray

__all__ = ["Contributions", "contributions_of"]

_PLACES = {code.code: place for place, code in enumerate(CODES)}
_LEVEL = 1e-9
"""Difference of margins below which the local slope stands for the mean one."""


@dataclass(frozen=True, eq=False)
class Contributions:
    """The parts of the scores of ``n`` creators.

    Parameters
    ----------
    columns
        Log-odds per model column, shape (n, columns); 0 where the value is not known.
    base
        Log-odds before anything is known, shape (n,).
    by_code
        Log-odds per code, shape (n, number of ``CODES``); with ``base`` they add up to the raw margin.
    points
        Points of authenticity per code (positive = raises it), same shape; with ``base_points`` they make the score.
    base_points
        Authenticity at the base, 0 to 100; NaN where nothing is judged.
    names
        Feature name of each model column.
    """

    columns: FloatArray
    base: FloatArray
    by_code: FloatArray
    points: FloatArray
    base_points: FloatArray
    names: tuple[str, ...]

    @property
    def code_of_column(self) -> IntArray:
        """Position in ``CODES`` of each model column's code."""
        return _codes_of(self.names)

    @property
    def margin(self) -> FloatArray:
        """The raw margins: what all parts add up to."""
        return self.base + self.by_code.sum(axis=1)

    @property
    def authenticity(self) -> FloatArray:
        """The scores: what all points add up to."""
        return self.base_points + self.points.sum(axis=1)

    def leading(self, row: int, code: ReasonCode) -> int | None:
        """Return the column that moves a code most in the code's own direction; None if no value of it is known."""
        return next(iter(self.ranked(row, code)), None)

    def ranked(self, row: int, code: ReasonCode) -> list[int]:
        """Return the columns that move a code in the code's own direction, strongest first."""
        at = _PLACES[code.code]
        columns, by_code = self._plain(row)
        sign = 1.0 if by_code[at] > 0 else -1.0 if by_code[at] < 0 else 0.0
        moved = [(-sign * columns[column], column) for column in _members(self.names)[at]]
        return [column for size, column in sorted(moved) if size < 0]

    def _plain(self, row: int) -> tuple[list[float], list[float]]:
        """Return what the columns and the codes of a row add, as plain numbers; the last row asked for is kept."""
        if row not in self._rows:
            self._rows.clear()
            self._rows[row] = (self.columns[row].tolist(), self.by_code[row].tolist())
        return self._rows[row]

    @cached_property
    def _rows(self) -> dict[int, tuple[list[float], list[float]]]:
        return {}


@lru_cache(maxsize=8)
def _codes_of(names: tuple[str, ...]) -> IntArray:
    return np.array([_PLACES[code_of(name).code] for name in names], dtype=np.int64)


@lru_cache(maxsize=8)
def _members(names: tuple[str, ...]) -> tuple[list[int], ...]:
    """Return the columns of each code."""
    codes = _codes_of(names)
    return tuple(np.flatnonzero(codes == i).tolist() for i in range(len(CODES)))


def contributions_of(model: FittedModel, matrix: FloatArray, assessed: Assessment | None = None) -> Contributions:
    """Split the scores of creators into the parts that add up to them.

    Parameters
    ----------
    model
        The fitted model.
    matrix
        Features, columns as at fitting time.
    assessed
        What the model said of these rows, if that is known already.

    Returns
    -------
    Contributions
        For creators without anything to judge all points are NaN.
    """
    names = model.layout.plain_names
    if assessed is None:
        mask, values = model.judged(matrix), model.values(matrix)
        values = model.layout.without(values, mask) if model.masks_pillars else values
    else:
        mask, values = assessed.mask, assessed.values
    parts = model.contributions(values)
    base, columns = parts[:, -1], parts[:, :-1]
    known = ~np.isnan(values)
    told = np.where(known, columns, 0.0)
    # Sums run from the first column to the last, for each row by itself.
    place = np.arange(len(matrix))[:, None] * len(CODES) + _codes_of(names)
    sums = np.bincount(place.ravel(), told.ravel(), minlength=len(matrix) * len(CODES))
    by_code = np.asarray(sums.reshape(-1, len(CODES)), dtype=np.float64)
    by_code[:, _PLACES[MISSING_DATA.code]] += np.where(known, 0.0, columns).sum(axis=1)
    slope, base_points = _points_per_logit(model, base, base + by_code.sum(axis=1), mask)
    return Contributions(
        columns=told,
        base=base,
        by_code=by_code,
        points=by_code * slope[:, None],
        base_points=base_points,
        names=names,
    )


def _points_per_logit(
    model: FittedModel, base: FloatArray, margin: FloatArray, mask: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return points of authenticity per log-odds on the way from base to margin, and the authenticity at the base."""
    if len(mask) == 1:
        places, pillars = (base.item(), margin.item(), base.item() + 1e-3), mask.item()
        first, last, next_ = (100.0 * (1.0 - model.calibration.probability_one(at, pillars)) for at in places)
        far = places[1] - places[0]
        one = (next_ - first) / 1e-3 if abs(far) < _LEVEL else (last - first) / far
        return np.array([one]), np.array([first])
    three = model.calibration.apply(np.concatenate([base, margin, base + 1e-3]), np.tile(mask, 3))
    start, end, ahead = (100.0 * (1.0 - three)).reshape(3, -1)
    way = margin - base
    still = np.abs(way) < _LEVEL
    slope = np.where(still, (ahead - start) / 1e-3, (end - start) / np.where(still, 1.0, way))
    return slope, start
