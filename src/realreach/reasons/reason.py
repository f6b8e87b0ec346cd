"""The reasons of a score, ready to be read: code, direction, size, value beside similar creators, age, sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from typing import Any

import numpy as np

from realreach.features.blocks import not_known
from realreach.features.catalogue import Feature, catalogue, column_numbers
from realreach.features.view import View
from realreach.model import Assessment, FittedModel
from realreach.reasons.code import Direction, Language, ReasonCode
from realreach.reasons.codes import CODES, MISSING_DATA
from realreach.reasons.contributions import Contributions, contributions_of
from realreach.reasons.measures import measured, number
from realreach.tables.core import FloatArray, IntArray, Table

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
    out = {name: not_known(n) for name in ("growth", "engagement", "comments", "burst")}
    if view.history is not None:
        out["growth"] = view.as_of - _newest(view.history.columns["day"], view.history.starts)
        out["burst"] = out["growth"] + matrix[:, column_numbers()["context__burst_age__366d__days"]]
    if view.posts is not None:
        out["engagement"] = view.as_of - _newest(view.posts.columns["day"], view.posts.starts)
    if view.comments_table is not None:
        out["comments"] = view.as_of - _newest_time(view.comments_table, "commented_at")
    return out


def _newest(day: FloatArray, starts: IntArray) -> FloatArray:
    """Return the largest known day of each creator, NaN where there is none."""
    out = not_known(len(starts) - 1)
    if len(out) == 1:
        out[0] = np.fmax.reduce(day, initial=np.nan)
        return out
    some = np.flatnonzero(starts[1:] > starts[:-1])
    if len(some):
        out[some] = np.fmax.reduceat(day, starts[some])
    return out


def _newest_time(table: Table, name: str) -> FloatArray:
    """Return the newest day of each creator's rows; of a creator alone only that is made a day."""
    times = table.columns.get(name)
    if len(table.starts) != 2 or times is None or len(times) == 0:
        return _newest(table.days(name), table.starts)
    # No time is the smallest of all whole numbers.
    last = np.maximum.reduce(times.view(np.int64), keepdims=True)
    return Table(table.contract, {name: last.view(times.dtype)}, _ONE_ROW).days(name)


_ONE_ROW = np.array([0, 1])


def parts_of(
    model: FittedModel,
    matrix: FloatArray,
    view: View,
    language: Language = "en",
    *,
    rows: IntArray | None = None,
    most: int | None = None,
    assessed: Assessment | None = None,
) -> list[Parts]:
    """Return the parts of the score of creators of a view, the largest reasons first.

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
    rows
        Creators that are wanted; None for all.
    most
        Reasons of each direction that are told; None for all of them.
    assessed
        What the model said of the creators that are wanted, if that is known already.

    Returns
    -------
    list of Parts
        One for each creator. Reasons below :data:`SMALLEST` log-odds, and those that are not told, are summed up in
        the rest.
    """
    wanted = np.arange(len(matrix)) if rows is None else rows
    matrix, ages = matrix[wanted], {name: ages[wanted] for name, ages in ages_of(view, matrix).items()}
    split = contributions_of(model, matrix, assessed)
    facts = _Facts(split, matrix, _positions(model.layout.names), *_company_of(model, matrix), ages, language)
    return [_parts(facts, row, most) for row in range(len(matrix))]


@dataclass(frozen=True, eq=False)
class _Facts:
    """What the reasons of some creators are made of: arrays with one row for each of them."""

    split: Contributions
    matrix: FloatArray
    position: Mapping[str, int]
    quantiles: FloatArray
    creators: FloatArray
    ages: Mapping[str, FloatArray]
    language: Language

    def company(self, row: int, feature: str) -> Company | None:
        """Return what similar creators show in a feature."""
        key = (row, feature)
        if key not in self._known:
            self._known[key] = self._company(row, column_numbers().get(feature))
        return self._known[key]

    def _company(self, row: int, at: int | None) -> Company | None:
        if at is None:
            return None
        low, median, high = self.quantiles[row, at].tolist()
        if not (math.isfinite(low) and math.isfinite(median) and math.isfinite(high)):
            return None
        return Company(low, median, high, round(float(self.creators[row, at])))

    def value(self, row: int, feature: str) -> float:
        """Return this creator's value of a feature."""
        return self.matrix.item(row, self.position[feature])

    @cached_property
    def _known(self) -> dict[tuple[int, str], Company | None]:
        return {}


def _company_of(model: FittedModel, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return what similar creators show; nothing where the columns are not those of the catalogue."""
    if not model.layout.is_catalogue:
        return np.full((len(matrix), len(column_numbers()), 3), np.nan), np.empty((len(matrix), 0))
    return model.references.company_table(matrix)


@cache
def records_by_name() -> Mapping[str, Feature]:
    """Return the records of the catalogue by name."""
    return {f.name: f for f in catalogue()}


@lru_cache(maxsize=8)
def _positions(names: tuple[str, ...]) -> Mapping[str, int]:
    return {name: i for i, name in enumerate(names)}


def _parts(facts: _Facts, row: int, most: int | None) -> Parts:
    split = facts.split
    moved, plain = split.by_code[row], split.by_code[row].tolist()
    size = np.abs(moved)
    order = (-size).argsort(kind="stable")
    large = order[: np.count_nonzero(size >= SMALLEST)].tolist()
    left = {way: len(large) if most is None else most for way in ("hurts", "helps")}
    told: list[int] = []
    untold: list[int] = []
    for code in large:
        way = "hurts" if plain[code] > 0 else "helps"
        left[way] -= 1
        (told if left[way] >= 0 else untold).append(code)
    rest = np.ones(len(CODES), dtype=bool)
    rest[large] = False
    return Parts(
        reasons=tuple(_reason(facts, row, code) for code in told),
        base_points=float(split.base_points[row]),
        rest_points=float(split.points[row, rest].sum()) + sum(split.points[row][untold].tolist()),
        base_log_odds=float(split.base[row]),
        rest_log_odds=float(moved[rest].sum()) + sum(moved[untold].tolist()),
    )


def _reason(facts: _Facts, row: int, at: int) -> Reason:
    split, code, language = facts.split, CODES[at], facts.language
    moved = split.by_code.item(row, at)
    direction: Direction = "hurts" if moved > 0 else "helps"
    column = None if code is MISSING_DATA else _shown(facts, row, code, direction)
    feature = "" if column is None else split.names[column]
    record = records_by_name().get(feature)
    value = None if column is None else facts.value(row, feature)
    company = facts.company(row, feature)
    words = code.sentence(direction, language)
    if record is not None and value is not None:
        words = f"{words} {_detail(record, value, company, language)}"
    ages = facts.ages.get("burst" if code.code in _BURST_CODES else code.pillar)
    age = math.nan if ages is None else ages.item(row)
    return Reason(
        code=code.code,
        pillar=code.pillar,
        direction=direction,
        log_odds=moved,
        points=split.points.item(row, at),
        feature=feature,
        value=value,
        unit="" if record is None else record.unit,
        company=company,
        age_days=age if math.isfinite(age) else None,
        sentence=words,
        causes=code.causes(language) if direction == "hurts" else "",
    )


_TELLING = 0.25
"""Least part of the strongest column's contribution that a more telling column must have to be shown in its place."""


def _shown(facts: _Facts, row: int, code: ReasonCode, direction: Direction) -> int | None:
    """Return the column to show: the strongest whose value lies where its catalogue record says that it speaks.

    Trees weigh columns together, so that the strongest alone can lie on the other side: true, but no explanation.
    """
    split = facts.split
    ranked = split.ranked(row, code)
    for column in ranked:
        if column != ranked[0] and split.columns.item(row, column) / split.columns.item(row, ranked[0]) < _TELLING:
            break
        name = split.names[column]
        record, company = records_by_name().get(name), facts.company(row, name)
        if record is None or company is None or record.direction == 0:
            return column
        side = (facts.value(row, name) - company.median) * record.direction
        if side >= 0 if direction == "hurts" else side <= 0:
            return column
    return ranked[0] if ranked else None


def _detail(record: Feature, value: float, company: Company | None, language: Language) -> str:
    """Return the clause that names the leading feature, its value and that of similar creators."""
    title = _title(record.sentence if language == "en" else record.sentence_id)
    told = f"{title}: {measured(value, record.unit, language)}"
    if company is None:
        return f"{told}."
    low, middle, high = (measured(v, record.unit, language) for v in (company.low, company.median, company.high))
    count = number(company.creators, language)
    if language == "en":
        return f"{told} (similar creators: median {middle}, mostly {low} to {high}; n = {count})."
    return f"{told} (kreator serupa: median {middle}, umumnya {low} sampai {high}; n = {count})."


@cache
def _title(name: str) -> str:
    """Return a feature's name to begin a sentence with."""
    # A name's own colon and its remark in brackets would stand in the way of the number.
    name = name.split(" (")[0].replace(": ", ", ")
    return name[:1].upper() + name[1:]


def strongest(reasons: Sequence[Reason], direction: Direction, most: int) -> list[Reason]:
    """Return the largest reasons of one direction."""
    return [r for r in reasons if r.direction == direction][:most]
