"""The reasons of a score, ready to be read: code, direction, size, value beside similar creators, age, sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from realreach.features.catalogue import Feature, catalogue
from realreach.features.view import View
from realreach.model import FittedModel
from realreach.reasons.code import Direction, Language, ReasonCode
from realreach.reasons.codes import CODES, MISSING_DATA
from realreach.reasons.contributions import Contributions, contributions_of
from realreach.reasons.measures import measured, number
from realreach.tables.core import FloatArray

__all__ = ["SMALLEST", "Company", "Parts", "Reason", "ages_of", "parts_of"]

SMALLEST = 0.05
"""Log-odds below which a code is no reason of its own but part of the rest."""

_BURST_CODES = frozenset(
    {
        "growth_burst", "growth_burst_shape", "growth_unexplained", "growth_without_cause",
        "growth_without_engagement",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Company:
    """What similar creators show: their 10 %, 50 % and 90 % quantile, and how many they are (effective number)."""

    low: float
    median: float
    high: float
    creators: int


@dataclass(frozen=True)
class Reason:
    """One reason of one creator's score.

    Parameters
    ----------
    code, pillar
        Of the catalogue of codes.
    direction
        ``hurts`` or ``helps`` the authenticity.
    log_odds
        What the code adds to the margin (positive = towards bought engagement).
    points
        What it adds to the authenticity, in points of 100.
    feature
        The feature that moved most in this direction; empty for ``missing_data``.
    value, unit
        This creator's value of it.
    company
        What similar creators show; None where no reference is known.
    age_days
        Age of what the code speaks of, on the day of the decision; None where it has no date.
    sentence
        What is said, with the numbers filled in.
    causes
        Possible innocent causes (for reasons that hurt).
    """

    code: str
    pillar: str
    direction: Direction
    log_odds: float
    points: float
    feature: str
    value: float | None
    unit: str
    company: Company | None
    age_days: float | None
    sentence: str
    causes: str

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready facts, rounded: a score must not be probed by tiny changes."""
        company = self.company
        return {
            "code": self.code,
            "pillar": self.pillar,
            "direction": self.direction,
            "log_odds": round(self.log_odds, 3),
            "points": round(self.points, 1),
            "feature": self.feature or None,
            "value": significant(self.value),
            "unit": self.unit or None,
            "similar_creators": None if company is None else {
                "p10": significant(company.low),
                "median": significant(company.median),
                "p90": significant(company.high),
                "n": company.creators,
            },
            "age_days": None if self.age_days is None else round(self.age_days),
            "sentence": self.sentence,
            "innocent_causes": self.causes or None,
        }  # fmt: skip


@dataclass(frozen=True)
class Parts:
    """All that a score is made of: ``base_points`` + the points of all reasons + ``rest_points`` = authenticity."""

    reasons: tuple[Reason, ...]
    base_points: float
    rest_points: float
    base_log_odds: float
    rest_log_odds: float
    context: Mapping[str, Any] = field(default_factory=dict)

    @property
    def authenticity(self) -> float:
        """The sum of all parts."""
        return self.base_points + self.rest_points + sum(r.points for r in self.reasons)


def significant(value: float | None, digits: int = 3) -> float | None:
    """Return a number rounded to so many significant digits; None for None, NaN and infinity.

    Examples
    --------
    >>> significant(0.123456), significant(float("nan"))
    (0.123, None)
    """
    if value is None or not math.isfinite(value):
        return None
    return 0.0 if value == 0 else round(value, digits - 1 - math.floor(math.log10(abs(value))))


def ages_of(view: View, matrix: FloatArray) -> dict[str, FloatArray]:
    """Return the age in days of the newest of each pillar, and of the main ``burst``; NaN = no date."""
    n = len(view)
    out = {name: np.full(n, np.nan) for name in ("growth", "engagement", "comments", "burst")}
    if view.history is not None:
        out["growth"] = _since(view.as_of, view.history.owner, view.history.columns["day"], n)
        names = [f.name for f in catalogue()]
        out["burst"] = out["growth"] + matrix[:, names.index("context__burst_age__366d__days")]
    if view.posts is not None:
        out["engagement"] = _since(view.as_of, view.posts.owner, view.posts.columns["day"], n)
    if view.comments_table is not None:
        table = view.comments_table
        out["comments"] = _since(view.as_of, table.creator, table.days("commented_at"), n)
    return out


def _since(as_of: FloatArray, owner: np.ndarray, day: FloatArray, n: int) -> FloatArray:
    newest = np.full(n, -np.inf)
    known = ~np.isnan(day)
    np.maximum.at(newest, owner[known], day[known])
    return np.where(np.isfinite(newest), as_of - newest, np.nan)


def parts_of(model: FittedModel, matrix: FloatArray, view: View, language: Language = "en") -> list[Parts]:
    """Return the parts of the score of every creator of a view, the largest reasons first.

    Parameters
    ----------
    model
        The fitted model.
    matrix
        The features of the creators of the view.
    view
        What was known of them, for the ages.
    language
        Of the sentences.

    Returns
    -------
    list of Parts
        One for each creator. Reasons below :data:`SMALLEST` log-odds are summed up in the rest.
    """
    split = contributions_of(model, matrix)
    company = model.references.company(matrix)
    ages = ages_of(view, matrix)
    records = {f.name: f for f in catalogue()}
    position = {name: i for i, name in enumerate(model.layout.names)}
    out = []
    for row in range(len(matrix)):
        order = np.argsort(-np.abs(split.by_code[row]), kind="stable")
        told = [int(c) for c in order if abs(split.by_code[row, c]) >= SMALLEST]
        near = {name: (three[row], count[row]) for name, (three, count) in company.items()}
        reasons = [
            _reason(
                split, row, code, records, matrix[row], position, near, {k: v[row] for k, v in ages.items()}, language
            )
            for code in told
        ]
        rest = np.ones(len(CODES), dtype=bool)
        rest[told] = False
        out.append(
            Parts(
                reasons=tuple(reasons),
                base_points=float(split.base_points[row]),
                rest_points=float(split.points[row, rest].sum()),
                base_log_odds=float(split.base[row]),
                rest_log_odds=float(split.by_code[row, rest].sum()),
            )
        )
    return out


def _reason(
    split: Contributions, row: int, at: int, records: Mapping[str, Feature], values: FloatArray,
    position: Mapping[str, int], near: Mapping[str, tuple[FloatArray, float]], ages: Mapping[str, float],
    language: Language,
) -> Reason:  # fmt: skip
    code = CODES[at]
    direction: Direction = "hurts" if split.by_code[row, at] > 0 else "helps"
    column = None if code is MISSING_DATA else _shown(split, row, code, direction, records, values, position, near)
    feature = "" if column is None else split.names[column]
    record = records.get(feature)
    value = None if column is None else float(values[position[feature]])
    company = _company(near.get(feature))
    words = code.sentence(direction, language)
    if record is not None and value is not None:
        words = f"{words} {_detail(record, value, company, language)}"
    key = "burst" if code.code in _BURST_CODES else code.pillar
    age = ages.get(key, math.nan)
    return Reason(
        code=code.code,
        pillar=code.pillar,
        direction=direction,
        log_odds=float(split.by_code[row, at]),
        points=float(split.points[row, at]),
        feature=feature,
        value=value,
        unit="" if record is None else record.unit,
        company=company,
        age_days=float(age) if math.isfinite(age) else None,
        sentence=words,
        causes=code.causes(language) if direction == "hurts" else "",
    )


_TELLING = 0.25
"""Least part of the strongest column's contribution that a more telling column must have to be shown in its place."""


def _shown(
    split: Contributions, row: int, code: ReasonCode, direction: Direction, records: Mapping[str, Feature],
    values: FloatArray, position: Mapping[str, int], near: Mapping[str, tuple[FloatArray, float]],
) -> int | None:  # fmt: skip
    """Return the column to show: the strongest whose value lies where its catalogue record says that it speaks.

    Trees weigh columns together, so that the strongest alone can lie on the other side: true, but no explanation.
    """
    ranked = split.ranked(row, code)
    for column in ranked:
        if split.columns[row, column] / split.columns[row, ranked[0]] < _TELLING:
            break
        name = split.names[column]
        record, company = records.get(name), _company(near.get(name))
        if record is None or company is None or record.direction == 0:
            return column
        side = (float(values[position[name]]) - company.median) * record.direction
        if side >= 0 if direction == "hurts" else side <= 0:
            return column
    return ranked[0] if ranked else None


def _company(near: tuple[FloatArray, float] | None) -> Company | None:
    if near is None or not np.isfinite(near[0]).all():
        return None
    low, median, high = (float(v) for v in near[0])
    return Company(low, median, high, round(float(near[1])))


def _detail(record: Feature, value: float, company: Company | None, language: Language) -> str:
    """Return the clause that names the leading feature, its value and that of similar creators."""
    name = record.sentence if language == "en" else record.sentence_id
    # A name's own colon and its remark in brackets would stand in the way of the number.
    name = name.split(" (")[0].replace(": ", ", ")
    told = f"{_upper(name)}: {measured(value, record.unit, language)}"
    if company is None:
        return f"{told}."
    low, middle, high = (measured(v, record.unit, language) for v in (company.low, company.median, company.high))
    count = number(company.creators, language)
    if language == "en":
        return f"{told} (similar creators: median {middle}, mostly {low} to {high}; n = {count})."
    return f"{told} (kreator serupa: median {middle}, umumnya {low} sampai {high}; n = {count})."


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def strongest(reasons: Sequence[Reason], direction: Direction, most: int) -> list[Reason]:
    """Return the largest reasons of one direction."""
    return [r for r in reasons if r.direction == direction][:most]
