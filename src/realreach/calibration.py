"""From a margin to a probability with a range: tables of numbers, one set per combination of pillars; NumPy only.

**What the range covers.** ``probability_low`` and ``probability_high`` speak of the calibration, not of the creator: in
90 % of calibrations the true share of bought creators among those with a score near this one, seen through the same
pillars, lies inside. It is the exact-binomial kind of interval (Jeffreys' equal-tailed one, whose coverage lies at the
stated level on average instead of above it) of the calibration creators in a window around the score, so it holds
whatever the scores are made of. How much the score rests on at all is told by ``confidence``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from realreach.interpolation import Line
from realreach.pillars import ALL_PILLARS, COMBINATIONS, combination_mask, combination_name
from realreach.tables.core import FloatArray, IntArray

__all__ = ["RANGE_LEVEL", "Calibration", "shifted_odds"]

RANGE_LEVEL = 0.90
"""Share of calibrations in which the range holds the true share."""


_NO_LINES = (None, None, None)
_FEW = 8
"""Margins up to which reading them one by one is faster."""


def shifted_odds(probability: FloatArray, prevalence: float, wanted: float) -> FloatArray:
    """Return probabilities as they are where another share of creators is bought (prior shift; NaN stays NaN).

    The odds are multiplied by the ratio of the odds of the two prevalences: right where bought creators look the same
    as before and so do honest ones, and only their numbers differ.

    Parameters
    ----------
    probability
        0 to 1, calibrated at ``prevalence``.
    prevalence, wanted
        Share of bought creators, strictly between 0 and 1.

    Examples
    --------
    >>> shifted_odds(np.array([0.0, 0.5, 0.9, 1.0]), prevalence=0.5, wanted=0.1).round(3)
    array([0. , 0.1, 0.5, 1. ])
    """
    for value in (prevalence, wanted):
        if not 0.0 < value < 1.0:
            raise ValueError(f"prevalence must be between 0 and 1, got {value}")
    if wanted == prevalence:
        return probability
    factor = wanted / (1.0 - wanted) * (1.0 - prevalence) / prevalence
    return probability * factor / (probability * factor + (1.0 - probability))


@dataclass(frozen=True, eq=False)
class Calibration:
    """Knots of margin, and at each the probability and its range, by combination of pillars; read by interpolation.

    Outside the table the end values hold. ``threshold`` is the probability above which at most the stated share of
    honest calibration creators lie (the operating point of the combination); ``honest`` counts those creators.
    ``low`` and ``high`` are empty in models of format 1, which have no range.
    """

    margin: Mapping[int, FloatArray]
    probability: Mapping[int, FloatArray]
    threshold: Mapping[int, float]
    honest: Mapping[int, int] = field(default_factory=dict)
    low: Mapping[int, FloatArray] = field(default_factory=dict)
    high: Mapping[int, FloatArray] = field(default_factory=dict)

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
        return self._read("probability", margin, mask)

    def range_of(self, margin: FloatArray, mask: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return low and high of the range of :meth:`apply`; NaN where the model has none."""
        return self._read("low", margin, mask), self._read("high", margin, mask)

    def read_one(self, margin: float, mask: int) -> tuple[float, float, float]:
        """Return probability, low and high of one row, as :meth:`apply` and :meth:`range_of` do of many."""
        lines = self._lines_of.get(mask, _NO_LINES)
        probability, low, high = [math.nan if line is None else line.at_one(margin) for line in lines]
        return probability, low, high

    def probability_one(self, margin: float, mask: int) -> float:
        """Return the probability of one row, as :meth:`apply` does of many."""
        line = self._lines_of.get(mask, _NO_LINES)[0]
        return math.nan if line is None else line.at_one(margin)

    @cached_property
    def _lines_of(self) -> dict[int, tuple[Line | None, ...]]:
        """Lines of probability, low and high by combination."""
        kinds = tuple(self._lines[name] for name in ("probability", "low", "high"))
        return {mask: tuple(lines.get(mask) for lines in kinds) for mask in self.probability}

    def _read(self, name: str, margin: FloatArray, mask: IntArray) -> FloatArray:
        lines = self._lines[name]
        if len(mask) <= _FEW:
            pairs = zip(mask.tolist(), margin.tolist(), strict=True)
            return np.array([lines[m].at_one(at) if m in lines else np.nan for m, at in pairs], dtype=np.float64)
        out = np.full(len(margin), np.nan)
        for combination in lines.keys() & set(mask.tolist()):
            rows = np.flatnonzero(mask == combination)
            out[rows] = lines[combination].at(margin[rows])
        return out

    @cached_property
    def _lines(self) -> dict[str, dict[int, Line]]:
        """Probability and its range over the margin, by what they are and combination."""
        tables = {"probability": self.probability, "low": self.low, "high": self.high}
        return {
            name: {mask: Line(self.margin[mask], values) for mask, values in table.items()}
            for name, table in tables.items()
        }

    def limit(self, mask: IntArray) -> FloatArray:
        """Return each row's operating threshold; NaN for rows without any pillar."""
        return self._limits[mask]

    @cached_property
    def _limits(self) -> FloatArray:
        out = np.full(ALL_PILLARS + 1, np.nan)
        for mask, threshold in self.threshold.items():
            out[mask] = threshold
        return out

    def widths(self) -> dict[int, float]:
        """Return the mean width of the range of each combination over its knots; NaN where there is no range."""
        return {
            mask: float(np.mean(self.high[mask] - self.low[mask])) if mask in self.low else float("nan")
            for mask in self.margin
        }

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return plain lists for a JSON file, keyed by the names of the combinations."""
        out = {}
        for mask in sorted(self.margin):
            facts: dict[str, Any] = {
                "margin": self.margin[mask].tolist(),
                "probability": self.probability[mask].tolist(),
                "operating_threshold": self.threshold[mask],
                "honest_creators": self.honest.get(mask, 0),
            }
            if mask in self.low:
                facts |= {"low": self.low[mask].tolist(), "high": self.high[mask].tolist()}
            out[combination_name(mask)] = facts
        return out

    @classmethod
    def from_dict(cls, data: Mapping[str, Mapping[str, Any]]) -> Calibration:
        """Read what :meth:`to_dict` wrote.

        Raises
        ------
        ValueError
            If the lists of a combination have different lengths, or a probability lies outside its range.
        """
        tables: dict[str, dict[int, FloatArray]] = {n: {} for n in ("margin", "probability", "low", "high")}
        for name, facts in data.items():
            mask = combination_mask(name)
            for column, table in tables.items():
                if column in facts:
                    table[mask] = np.array(facts[column], dtype=np.float64)
            own = [table[mask] for table in tables.values() if mask in table]
            if any(values.shape != own[0].shape or values.ndim != 1 for values in own):
                raise ValueError(f"calibration of {name}: lists of different lengths")
            if mask in tables["low"] and not _inside(*(tables[n][mask] for n in ("low", "probability", "high"))):
                raise ValueError(f"calibration of {name}: a probability outside its range")
        return cls(
            tables["margin"],
            tables["probability"],
            {combination_mask(k): float(v["operating_threshold"]) for k, v in data.items()},
            {combination_mask(k): int(v["honest_creators"]) for k, v in data.items()},
            tables["low"],
            tables["high"],
        )


def _inside(low: FloatArray, probability: FloatArray, high: FloatArray) -> bool:
    return bool(((low >= 0) & (low <= probability) & (probability <= high) & (high <= 1)).all())
