"""What lies beside the overall probability: by which mechanism, and which share was bought; NumPy and LightGBM only.

Each head is a small booster on the same columns as the overall model, fitted on bought creators alone: it says what was
bought *if* anything was. Multiplied with the overall probability it can never exceed it, and it follows a change of
prevalence by itself. A share is nothing with the chance that nothing was bought, else a size with the spread that the
calibration creators showed (a two-part model), so that the interval of an honest creator starts at 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from realreach.interpolation import Line
from realreach.model import Assessment
from realreach.pillars import ALL_PILLARS, COMBINATIONS, PILLARS, combination_mask, combination_name
from realreach.tables.core import FloatArray, IntArray
from realreach.tree_text import StoredBooster
from realreach.trees import Forest

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = [
    "MECHANISM_GROUPS",
    "SHARES",
    "SHARE_LEVEL",
    "Chance",
    "HeadScores",
    "Heads",
    "ShareHead",
    "groups_of",
    "visible_combinations",
]

MECHANISM_GROUPS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "bought_followers": frozenset({"M1", "M2", "M3", "M4", "M5", "M6", "M7", "M13", "M16", "M17"}),
        "bought_engagement": frozenset({"M4", "M5", "M7", "M8", "M13", "M19"}),
        "bought_comments": frozenset({"M5", "M7", "M8", "M13", "M14", "M15"}),
        "pod": frozenset({"M9", "M10", "M12"}),
        "follow_unfollow": frozenset({"M11"}),
    }
)
"""Codes of ``labels.mechanisms`` behind each probability; a code can stand in several.

Bought followers: at once, in drips or topped up (M1-M3), with likes (M4) or everything (M5), on a day of genuine growth
(M6), before a pitch (M7), paid people (M13), a bought account (M16), a paid loop giveaway (M17). Bought likes or views:
M4, M5, M7, M13, on sponsored posts (M8), forced views (M19). Bought or bot comments: M5, M7, M8, M13, templates (M14),
language models (M15). Pods: small, large, like exchanges (M9, M10, M12). Follow and unfollow: M11. An attack by a third
party (M18) is honest, and belongs to none.
"""

_SEEN_IN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "bought_followers": ("growth", "audience"),
        "bought_engagement": ("engagement",),
        "bought_comments": ("comments",),
        "pod": ("engagement", "comments"),
        "follow_unfollow": ("growth",),
        "purchased_followers_share": ("growth", "engagement", "audience"),
        "purchased_engagement_share": ("engagement",),
    }
)
"""Pillars of which one must be judged for a head to speak: those that could show what it speaks of."""

SHARES = ("purchased_followers_share", "purchased_engagement_share")
_ALL_OF_IT = (0,)
"""The one view of a row that heads take: they see what the overall model saw, and hide nothing more."""
_UNKNOWN = (math.nan, math.nan, math.nan)
SHARE_LEVEL = 0.90
"""Share of creators whose true purchased share lies between low and high."""


def groups_of(mechanisms: str) -> frozenset[str]:
    """Return the mechanism groups of a creator's codes; unknown codes belong to none.

    Examples
    --------
    >>> sorted(groups_of("M4+M9"))
    ['bought_engagement', 'bought_followers', 'pod']
    """
    codes = set(mechanisms.split("+"))
    return frozenset(name for name, own in MECHANISM_GROUPS.items() if codes & own)


def visible_combinations(head: str) -> tuple[int, ...]:
    """Return the sets of pillars in which a head speaks.

    Examples
    --------
    >>> visible_combinations("follow_unfollow")
    (1, 3, 5, 7, 9, 11, 13, 15)
    """
    wanted = sum(1 << PILLARS.index(name) for name in _SEEN_IN[head])
    return tuple(mask for mask in COMBINATIONS if mask & wanted)


@dataclass(frozen=True, eq=False)
class Chance:
    """The chance of something among bought creators: a booster's margin through a logistic line per combination.

    ``line`` holds slope and intercept by combination of pillars; a combination without one gets no value.
    """

    booster: lgb.Booster | StoredBooster
    line: Mapping[int, tuple[float, float]]


@dataclass(frozen=True, eq=False)
class ShareHead:
    """A purchased share: the chance that it is not 0, its size where it is not, and the interval's levels.

    Parameters
    ----------
    chance
        That the share is above 0, among bought creators.
    size
        Booster of the log-odds of the share, fitted on the creators where it is above 0.
    spread
        By combination: quantiles (at even steps from 0 to 1) of the true log-odds less the booster's, strictly rising.
    levels
        By combination: rows of chance, lower and upper level at which the two-part distribution is read, interpolated
        over the chance that the share is above 0. They are not 5 % and 95 % but what made a tenth of the calibration
        creators of that chance fall out (conformal): half below and half above, all above where the lower end is 0.
    """

    chance: Chance
    size: lgb.Booster | StoredBooster
    spread: Mapping[int, FloatArray]
    levels: Mapping[int, FloatArray]

    def quantiles(self, mask: IntArray, nonzero: FloatArray, size: FloatArray) -> FloatArray:
        """Return low, median and high of the share, 0 to 1, shape (3, rows); NaN where the head does not speak.

        ``mask`` are the pillars judged, ``nonzero`` is the chance that anything was bought, ``size`` the log-odds of
        the share if so.
        """
        out = np.full((3, len(mask)), np.nan)
        for pillars in set(mask.tolist()) & self.levels.keys():
            low, high, _ = self._lines[pillars]
            rows = np.flatnonzero(mask == pillars)
            chance = nonzero[rows]
            level = np.full((3, len(rows)), 0.5)
            for place, line in ((0, low), (2, high)):
                level[place] = line.at(chance)
            out[:, rows] = share_at(level, chance, size[rows], self.spread[pillars])
        return out

    def odds_of_one(self, mask: int, nonzero: float, size: float) -> list[float]:
        """Return the log-odds of low, median and high of one row's share; minus infinity for a share of 0."""
        low, high, spread = self._lines[mask]
        levels = (low.at_one(nonzero), 0.5, high.at_one(nonzero))
        inside = [(level - (1.0 - nonzero)) / nonzero if nonzero > 0 else 0.0 for level in levels]
        return [size + spread.at_one(at) if at > 0 else -math.inf for at in inside]

    @cached_property
    def _lines(self) -> dict[int, tuple[Line, Line, Line]]:
        """By combination: the lower and the upper level over the chance, and the spread over the level inside."""
        return {
            mask: (
                Line(levels[:, 0], levels[:, 1]),
                Line(levels[:, 0], levels[:, 2]),
                Line(_steps(len(self.spread[mask])), self.spread[mask]),
            )
            for mask, levels in self.levels.items()
        }


def share_at(level: FloatArray, nonzero: FloatArray, size: FloatArray, spread: FloatArray) -> FloatArray:
    """Return the quantile of a two-part distribution: 0 with chance ``1 - nonzero``, else a spread around a size.

    ``level`` may have a first axis more than the others: several levels of each.
    """
    inside = np.divide(level - (1.0 - nonzero), nonzero, out=np.zeros(level.shape), where=nonzero > 0)
    away = Line(_steps(len(spread)), spread).at(inside)
    return np.where(inside > 0, 0.5 * (1.0 + np.tanh((size + away) / 2.0)), 0.0)


@cache
def _steps(count: int) -> FloatArray:
    return np.linspace(0.0, 1.0, count)


def level_of(share: FloatArray, nonzero: FloatArray, size: FloatArray, spread: FloatArray) -> FloatArray:
    """Return the level of the two-part distribution at which a true share lies (at 0: the whole chance of nothing)."""
    with np.errstate(divide="ignore"):
        odds = np.log(share) - np.log1p(-share)
    inside = np.interp(odds - size, spread, np.linspace(0.0, 1.0, len(spread)))
    return (1.0 - nonzero) + np.where(share > 0, nonzero * inside, 0.0)


@dataclass(frozen=True, eq=False)
class HeadScores:
    """What the heads say of each row: mechanism probabilities, and (low, median, high) of the purchased shares."""

    mechanisms: Mapping[str, FloatArray]
    shares: Mapping[str, tuple[FloatArray, FloatArray, FloatArray]]


@dataclass(frozen=True, eq=False)
class Heads:
    """All heads of a model; those that the labels did not allow are not there, and their columns stay empty."""

    mechanisms: Mapping[str, Chance] = field(default_factory=dict)
    shares: Mapping[str, ShareHead] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is any head."""
        return bool(self.mechanisms or self.shares)

    def score(self, assessed: Assessment, probability: FloatArray) -> HeadScores:
        """Return what the heads say of rows that were assessed.

        Parameters
        ----------
        assessed
            From :meth:`realreach.model.FittedModel.assess`.
        probability
            The overall probability at the prevalence that is wanted; no mechanism gets above it.
        """
        if not self:
            return HeadScores({}, {})
        if len(probability) == 1:
            return self._score_one(assessed, float(probability[0]))
        slope, intercept = np.moveaxis(self._line_table[assessed.mask], 2, 0)
        raw = self._raw(assessed, ~np.isnan(slope))
        heads = slope.shape[1]
        bought = probability[:, None] * (0.5 * (1.0 + np.tanh((slope * raw[:, :heads] + intercept) / 2.0)))
        shares = {}
        for name, nonzero, size in zip(self.shares, bought.T[len(self.mechanisms) :], raw.T[heads:], strict=True):
            low, median, high = self.shares[name].quantiles(assessed.mask, nonzero, size)
            shares[name] = (low, median, high)
        return HeadScores(dict(zip(self.mechanisms, bought.T, strict=False)), shares)

    def _score_one(self, assessed: Assessment, probability: float) -> HeadScores:
        """Do what :meth:`score` does for one row."""
        mechanisms, shares = self.score_one(assessed.values, int(assessed.mask[0]), probability)
        return HeadScores(
            {name: np.array([value]) for name, value in mechanisms.items()},
            {name: (np.array([low]), np.array([mid]), np.array([high])) for name, (low, mid, high) in shares.items()},
        )

    def score_one(
        self, values: FloatArray, mask: int, probability: float
    ) -> tuple[dict[str, float], dict[str, tuple[float, float, float]]]:
        """Return what :meth:`score` does of a single row in plain numbers: mechanisms, (low, median, high) of shares.

        Parameters
        ----------
        values, mask
            What the model looked at, shape (1, columns), and the pillars judged.
        probability
            The overall probability at the prevalence that is wanted.
        """
        line = self._line_of[mask]
        if line is None:
            return dict.fromkeys(self.mechanisms, math.nan), dict.fromkeys(self.shares, _UNKNOWN)
        slope, intercept = line
        raw = self._forest.raw_of_one(values, _ALL_OF_IT)[0]
        heads = len(slope)
        bought = (probability * (0.5 * (1.0 + np.tanh((slope * raw[:heads] + intercept) / 2.0)))).tolist()
        sizes, chances = raw.tolist()[heads:], bought[len(self.mechanisms) :]
        odds = {
            name: head.odds_of_one(mask, chance, size)
            for (name, head), chance, size in zip(self.shares.items(), chances, sizes, strict=True)
            if mask in head.levels
        }
        shares = dict.fromkeys(self.shares, _UNKNOWN)
        if odds:
            found = (0.5 * (1.0 + np.tanh(np.array(list(odds.values())) / 2.0))).tolist()
            shares |= {name: (low, median, high) for name, (low, median, high) in zip(odds, found, strict=True)}
        return dict(zip(self.mechanisms, bought, strict=False)), shares

    @cached_property
    def _line_of(self) -> list[tuple[FloatArray, FloatArray] | None]:
        """Slopes and intercepts of all heads by set of pillars; None where all of them are silent."""
        return [
            None if np.isnan(lines[:, 0]).all() else (lines[:, 0].copy(), lines[:, 1].copy())
            for lines in self._line_table
        ]

    def _raw(self, assessed: Assessment, spoken: npt.NDArray[np.bool_]) -> FloatArray:
        """Return the raw values of :attr:`_forest` for rows whose pillars they speak of; anything for the others."""
        asked = np.concatenate([spoken, spoken[:, len(self.mechanisms) :]], axis=1)
        rows = np.flatnonzero(asked.any(axis=1))
        out = np.full(asked.shape, np.nan)
        out[rows] = self._forest.raw(assessed.values, rows, np.zeros(len(rows), dtype=np.int64), asked[rows])
        return out

    @cached_property
    def _line_table(self) -> FloatArray:
        """Slope and intercept by set of pillars, of the mechanisms and then the shares; NaN where a head is silent."""
        shares = (_by_mask({mask: head.chance.line[mask] for mask in head.levels}) for head in self.shares.values())
        return np.stack([*(_by_mask(head.line) for head in self.mechanisms.values()), *shares], axis=1)

    @cached_property
    def _forest(self) -> Forest:
        """Boosters of mechanisms, of the shares' chances and of their sizes; they see what the overall model saw."""
        chances = (*self.mechanisms.values(), *(head.chance for head in self.shares.values()))
        boosters = (*(head.booster for head in chances), *(head.size for head in self.shares.values()))
        return Forest(boosters, np.zeros(boosters[0].num_feature(), dtype=np.int64))

    def boosters(self) -> dict[str, lgb.Booster | StoredBooster]:
        """Return every booster by its name in the model folder."""
        out = {name: head.booster for name, head in self.mechanisms.items()}
        for name, share in self.shares.items():
            out |= {f"{name}/chance": share.chance.booster, f"{name}/size": share.size}
        return out

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for a JSON file; boosters as LightGBM's own text."""
        return {
            "boosters": {name: booster.model_to_string() for name, booster in self.boosters().items()},
            "mechanisms": {name: _lines(head.line) for name, head in self.mechanisms.items()},
            "shares": {
                name: {
                    "line": _lines(head.chance.line),
                    "spread": {combination_name(m): v.tolist() for m, v in head.spread.items()},
                    "levels": {combination_name(m): v.tolist() for m, v in head.levels.items()},
                }
                for name, head in self.shares.items()
            },
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], boosters: Mapping[str, lgb.Booster | StoredBooster]) -> Heads:
        """Read what :meth:`to_dict` wrote; the boosters were built by the bundle, which checks them first."""
        known = set(data["mechanisms"]) <= set(MECHANISM_GROUPS) and set(data["shares"]) <= set(SHARES)
        if not known:
            raise ValueError("heads of unknown names")
        shares = {}
        for name, facts in data["shares"].items():
            chance = Chance(boosters[f"{name}/chance"], _pairs(facts["line"]))
            spread = {combination_mask(k): np.array(v, dtype=np.float64) for k, v in facts["spread"].items()}
            levels = {combination_mask(k): np.array(v, dtype=np.float64) for k, v in facts["levels"].items()}
            rising = all((np.diff(v) > 0).all() for v in spread.values())
            shaped = all(v.ndim == 2 and v.shape[1] == 3 and len(v) for v in levels.values())
            if not (rising and shaped and set(levels) <= set(spread) & set(chance.line)):
                raise ValueError(f"{name}: its tables do not fit together")
            shares[name] = ShareHead(chance, boosters[f"{name}/size"], spread, levels)
        return cls({name: Chance(boosters[name], _pairs(line)) for name, line in data["mechanisms"].items()}, shares)


def _by_mask(line: Mapping[int, tuple[float, float]]) -> FloatArray:
    """Return slope and intercept of every set of pillars, shape (16, 2); NaN where there is none."""
    out = np.full((ALL_PILLARS + 1, 2), np.nan)
    for mask, pair in line.items():
        out[mask] = pair
    return out


def _lines(table: Mapping[int, tuple[float, float]]) -> dict[str, list[float]]:
    return {combination_name(mask): list(pair) for mask, pair in sorted(table.items())}


def _pairs(table: Mapping[str, Any]) -> dict[int, tuple[float, float]]:
    return {combination_mask(name): (float(first), float(second)) for name, (first, second) in table.items()}


def which_combinations(head: str, calibrated: Mapping[int, object], present: IntArray) -> list[int]:
    """Return the sets of pillars, calibrated and seen in some row, in which a head is to speak."""
    return [m for m in visible_combinations(head) if m in calibrated and ((present & m) == m).any()]
