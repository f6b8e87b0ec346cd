"""Fit the heads: what was bought, and how much of it, on bought creators by folds that never judge their own."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.calibrating import logistic_fit
from realreach.heads import (
    MECHANISM_GROUPS,
    SHARE_LEVEL,
    SHARES,
    Chance,
    Heads,
    ShareHead,
    groups_of,
    level_of,
    which_combinations,
)
from realreach.kept_work import KeptWork, text_of, text_piece
from realreach.model import FittedModel, Layout, masked_copies
from realreach.splits import grouped_folds
from realreach.tables.core import FloatArray, IntArray
from realreach.tree_text import StoredBooster

if TYPE_CHECKING:
    from realreach.crossed_fit import CrossedFit

__all__ = ["HeadLabels", "fit_heads"]

_LEAST = 40
"""Bought creators with and without a thing that its head needs; with fewer there is no head."""
_LEAST_PER_COMBINATION = 15
"""Of each kind, for a calibration of its own with a combination of pillars."""
_LEAST_SHARES = 100
"""Creators with a known share that a combination needs for an interval: 5 % must be a few of them."""
_SPREAD_STEPS = 41
_BANDS = (0.0, 0.5, 0.8, 1.01)
"""Bands of the chance that a share is above 0, each with levels of its own."""
_SMALL = {"num_leaves": 7, "max_depth": 4, "learning_rate": 0.08}
"""Smaller trees than the overall model's: half the size and time for 0.002 of ROC-AUC (simulated)."""
_BINNING = {"verbosity": -1, "max_bin": 63, "feature_pre_filter": False}
"""Half the bins of the overall model, for as good a head (simulated). Without the filter, what is binned does not
depend on how many creators a leaf needs."""
_FOLDS = 3
"""Folds that calibrate a head: with three, ranking and coverage are those of five (simulated, within 0.002), for four
fits in place of six."""
_NO_MECHANISM = "M18"
"""An attack by third parties: known, and no mechanism of the creator's."""


@dataclass(frozen=True, eq=False)
class HeadLabels:
    """What the labels say beyond bought or not, one value per creator.

    Parameters
    ----------
    mechanisms
        Codes joined by ``+``; empty where they are not known.
    shares
        By name of :data:`realreach.heads.SHARES`: 0 to 1, NaN where it is not known. An honest creator's is 0 where
        it is not given: that is what the label says.
    """

    mechanisms: np.ndarray
    shares: Mapping[str, FloatArray]

    def take(self, rows: IntArray) -> HeadLabels:
        """Return some of the creators."""
        return HeadLabels(self.mechanisms[rows], {name: values[rows] for name, values in self.shares.items()})


@dataclass(frozen=True, eq=False)
class _Data:
    """The input of all heads: values the model looks at, pillars, class, weight, group and the recipe."""

    model: FittedModel
    values: FloatArray
    present: IntArray
    target: FloatArray
    weight: FloatArray
    groups: np.ndarray
    crossed: Mapping[int, FloatArray]
    parameters: Mapping[str, Any]
    rounds: int
    seed: int
    pool: _Pool

    def probability(self, mask: int) -> FloatArray:
        """Return the overall probability through some pillars, from trees that never saw the creator."""
        margin = self.crossed[mask]
        return self.model.calibration.apply(margin, np.where(np.isnan(margin), 0, mask))


def fit_heads(
    estimator: CrossedFit,
    matrix: FloatArray,
    target: FloatArray,
    weight: FloatArray,
    groups: np.ndarray,
    labels: HeadLabels,
    *,
    rounds: int = 100,
    kept: KeptWork | None = None,
) -> Heads:
    """Fit the heads that the labels allow.

    Parameters
    ----------
    estimator
        Fitted on these very creators, in this order.
    matrix, target, weight, groups
        What it was fitted on.
    labels
        Mechanisms and shares. A head needs 40 bought creators with and 40 without what it speaks of.
    rounds
        Trees of each head at most; never more than the overall model has.
    kept
        Where heads of earlier fits on the very same input are found; None fits them.

    Returns
    -------
    Heads
        Possibly without any head.

    Warns
    -----
    UserWarning
        If mechanism codes are unknown; they are ignored.
    """
    groups = np.asarray(groups, dtype=object).astype(str)
    _warn_of_unknown(labels.mechanisms[_told(target, labels)])
    facts = (
        [estimator.recipe(), list(estimator.fitted_.layout.names)],
        rounds,
        [matrix, target, weight, groups],
        [labels.mechanisms, dict(labels.shares)],
        # Trees of the overall model are not asked, only what it said of those it had not seen.
        [estimator.best_iteration_, estimator.crossed_, json.dumps(estimator.fitted_.references.to_dict())],
    )

    def fitted() -> dict[str, np.ndarray]:
        heads = _fit(estimator, matrix, target, weight, groups, labels, rounds)
        return {"heads": text_piece(json.dumps(heads.to_dict()))}

    found = json.loads(text_of((kept or KeptWork()).of("heads", facts, fitted)["heads"]))
    return Heads.from_dict(found, {name: StoredBooster(text) for name, text in found["boosters"].items()})


def _fit(
    estimator: CrossedFit,
    matrix: FloatArray,
    target: FloatArray,
    weight: FloatArray,
    groups: np.ndarray,
    labels: HeadLabels,
    rounds: int,
) -> Heads:
    model, copies, seed = estimator.fitted_, estimator.masked_copies, estimator.random_state
    values, present, bought = model.values(matrix), model.layout.present(matrix), np.flatnonzero(target == 1)
    data = _Data(
        model,
        values,
        present,
        target,
        weight,
        groups,
        estimator.crossed_,
        _parameters(estimator),
        min(rounds, estimator.best_iteration_),
        seed,
        _Pool(model.layout, values, present, weight, bought, copies=copies, seed=seed),
    )
    mechanisms, told = {}, _told(target, labels)
    for name in MECHANISM_GROUPS:
        own = np.array([name in groups_of(str(m)) for m in labels.mechanisms], dtype=np.float64)
        head = _fit_chance(data, name, np.where(told, own, np.nan))
        if head is not None:
            mechanisms[name] = head[0]
    shares = {}
    for name in SHARES:
        if name in labels.shares:
            told_share = labels.shares[name]
            share = _fit_share(data, name, np.where(np.isnan(told_share) & (target == 0), 0.0, told_share))
            if share is not None:
                shares[name] = share
    return Heads(mechanisms, shares)


def _parameters(estimator: CrossedFit) -> dict[str, Any]:
    own = estimator._parameters(estimator.fitted_.layout)
    # A head asks which kind, not how suspicious: the catalogue's directions do not bind it.
    own.pop("monotone_constraints")
    return own | _SMALL | _BINNING | {"num_threads": 1}


def _told(target: FloatArray, labels: HeadLabels) -> np.ndarray:
    """Return which creators bought and have mechanisms that are known."""
    return (target == 1) & (labels.mechanisms.astype(str) != "")


def _warn_of_unknown(mechanisms: np.ndarray) -> None:
    known = set().union(*MECHANISM_GROUPS.values()) | {_NO_MECHANISM}
    unknown = sorted({code for m in mechanisms for code in str(m).split("+")} - known)
    if unknown:
        warnings.warn(
            f"labels.mechanisms: {len(unknown)} unknown codes, such as {unknown[0][:20]!r}, are ignored by the "
            "mechanism probabilities. The known ones are M1 to M19.",
            stacklevel=3,
        )


def _fit_chance(
    data: _Data, name: str, wanted: FloatArray, *, for_all: bool = False
) -> tuple[Chance, dict[int, FloatArray]] | None:
    """Fit the chance of something among bought creators; ``wanted`` is 0 or 1, NaN for creators to leave out.

    Returns the head and, by combination, its crossed chance for those creators; ``for_all``: for every creator.
    """
    known = np.flatnonzero(~np.isnan(wanted))
    if len(known) == 0 or np.bincount(wanted[known].astype(int), minlength=2).min() < _LEAST:
        return None
    masks = which_combinations(name, data.model.calibration.margin, data.present[known])
    judged = np.arange(len(wanted)) if for_all else known
    margins, booster = _crossed(data, wanted, known, judged, masks, "binary")
    line: dict[int, tuple[float, float]] = {}
    chances: dict[int, FloatArray] = {}
    for mask, margin in margins.items():
        rows = known[~np.isnan(margin[known])]
        if np.bincount(wanted[rows].astype(int), minlength=2).min() < _LEAST_PER_COMBINATION:
            continue
        line[mask] = _line(margin[rows], wanted[rows], data.weight[rows])
        slope, intercept = line[mask]
        chances[mask] = 0.5 * (1.0 + np.tanh((slope * margin + intercept) / 2.0))
    return (Chance(booster, line), chances) if line else None


def _line(margin: FloatArray, wanted: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """Return slope and intercept of a logistic line; flat where the margin knows nothing."""
    slope, intercept = logistic_fit(margin[:, None], wanted, weight, strength=10.0)
    if slope > 0:
        return float(slope), float(intercept)
    share = float(np.clip(np.average(wanted, weights=weight), 1e-4, 1 - 1e-4))
    return 0.0, float(np.log(share / (1.0 - share)))


def _fit_share(data: _Data, name: str, share: FloatArray) -> ShareHead | None:
    """Fit the two parts of a share, and the levels at which a tenth of the creators falls out."""
    bought = (data.target == 1) & ~np.isnan(share)
    sized = np.flatnonzero(bought & (share > 0))
    if len(sized) < _LEAST:
        return None
    part = _fit_chance(data, name, np.where(bought, (share > 0).astype(np.float64), np.nan), for_all=True)
    masks = list(part[1]) if part else which_combinations(name, data.model.calibration.margin, data.present[sized])
    clipped = np.clip(share, 1e-4, 1.0 - 1e-4)
    odds = np.log(clipped) - np.log1p(-clipped)
    sizes, booster = _crossed(data, odds, sized, np.arange(len(share)), masks, "regression")
    chance, chances = part or _same_for_all(booster, masks, len(sized), int(bought.sum()), len(share))
    spread: dict[int, FloatArray] = {}
    levels: dict[int, FloatArray] = {}
    for mask, size in sizes.items():
        away = (odds - size)[sized]
        known = ~np.isnan(share) & ~np.isnan(size) & ~np.isnan(data.crossed[mask])
        if known.sum() < _LEAST_SHARES or (~np.isnan(away)).sum() < _LEAST_PER_COMBINATION:
            continue
        quantiles = np.quantile(away[~np.isnan(away)], np.linspace(0.0, 1.0, _SPREAD_STEPS))
        spread[mask] = quantiles + 1e-9 * np.arange(_SPREAD_STEPS)
        nonzero = (data.probability(mask) * chances[mask])[known]
        levels[mask] = _levels(clip_share(share[known]), nonzero, size[known], spread[mask])
    kept = {mask: chance.line[mask] for mask in levels}
    return ShareHead(Chance(chance.booster, kept), booster, spread, levels) if levels else None


def _same_for_all(
    booster: Any, masks: list[int], sized: int, bought: int, creators: int
) -> tuple[Chance, dict[int, FloatArray]]:
    """Return one and the same chance for all: where nearly all that were bought bought this, none can be told apart."""
    chance = (sized + 0.5) / (bought + 1.0)
    line = {mask: (0.0, float(np.log(chance) - np.log1p(-chance))) for mask in masks}
    return Chance(booster, line), {mask: np.full(creators, chance) for mask in masks}


def clip_share(share: FloatArray) -> FloatArray:
    """Return shares with 1 held just below, where log-odds are finite; 0 stays 0."""
    return np.minimum(share, 1.0 - 1e-4)


def _levels(share: FloatArray, nonzero: FloatArray, size: FloatArray, spread: FloatArray) -> FloatArray:
    """Return the conformal levels by band of suspicion: rows of (mean chance, lower level, upper level).

    Apart by band, since a single pair would put all misses below the interval onto the suspicious. A band with too few
    creators joins the next one.
    """
    at = level_of(share, nonzero, size, spread)
    rows: list[tuple[float, float, float]] = []
    waiting = np.zeros(len(share), dtype=bool)
    for first, last in pairwise(_BANDS):
        waiting |= (nonzero >= first) & (nonzero < last)
        left = int((nonzero >= last).sum())
        if waiting.sum() >= _LEAST_SHARES and (left == 0 or left >= _LEAST_SHARES):
            rows.append((float(nonzero[waiting].mean()), *_pair(at[waiting], share[waiting] > 0)))
            waiting[:] = False
    return np.array(rows, dtype=np.float64)


def _pair(at: FloatArray, is_bought: np.ndarray) -> tuple[float, float]:
    """Return lower and upper level: half of what may be missed lies below, the rest above.

    Where the lower end is 0 nothing can lie below, and all of it lies above.
    """
    n, miss = len(at), 1.0 - SHARE_LEVEL
    low = min(float(np.sort(at)[max(int(np.floor(miss / 2 * (n + 1))), 1) - 1]), 0.5)
    below = float((at < low).mean())
    above = min(int(np.ceil((1.0 - miss + below) * (n + 1))), n)
    # A true 0 is never above the upper end.
    return low, max(float(np.sort(np.where(is_bought, at, 0.0))[above - 1]), 0.5)


def _crossed(
    data: _Data, wanted: FloatArray, rows: IntArray, judged: IntArray, masks: list[int], objective: str
) -> tuple[dict[int, FloatArray], Any]:
    """Return crossed raw values of the ``judged`` creators by combination, and the booster fitted on all ``rows``.

    Creators outside ``rows`` (honest ones, say) teach no tree; each fold's trees judge those of its own part of groups.
    """
    out = {mask: np.full(len(data.target), np.nan) for mask in masks}
    folds = max(2, min(_FOLDS, len(np.unique(data.groups[rows]))))
    used, asked = (np.zeros(len(data.target), dtype=bool) for _ in range(2))
    used[rows], asked[judged] = True, True
    for train, test in grouped_folds(data.target, data.groups, folds, data.seed)[0]:
        booster = _boost(data, wanted, train[used[train]], objective)
        test = test[asked[test]]
        for mask, values in out.items():
            here = test[(data.present[test] & mask) == mask]
            if len(here):
                seen = data.model.layout.without(data.values[here], np.full(len(here), mask, dtype=np.int64))
                values[here] = booster.predict(seen, raw_score=True, num_threads=1)
    return out, _boost(data, wanted, rows, objective)


def _boost(data: _Data, wanted: FloatArray, rows: IntArray, objective: str) -> Any:
    import lightgbm as lgb

    parameters = {**data.parameters, "objective": objective}
    booster = lgb.train(parameters, data.pool.of(rows, wanted), num_boost_round=data.rounds)
    return lgb.Booster(model_str=booster.model_to_string())


class _Pool:
    """The bought creators with their copies that lack pillars, binned once for all heads and folds.

    The edges of the bins (quantiles of a feature) then know of held-out creators' features, as the references of
    similar creators do, but of nobody's label. That spares thirty-five binnings of nearly the same rows.
    """

    def __init__(
        self,
        layout: Layout,
        values: FloatArray,
        present: IntArray,
        weight: FloatArray,
        rows: IntArray,
        *,
        copies: int,
        seed: int,
    ) -> None:
        import lightgbm as lgb

        taken, source, weight = [values[rows]], rows, weight[rows]
        if copies and (layout.needs > 0).any():
            rng = np.random.default_rng(seed)
            masked, origin = masked_copies(layout, taken[0], present[rows], copies, rng)
            # A creator weighs the same whatever the number of its copies.
            weight = weight / (1.0 + np.bincount(origin, minlength=len(rows)))
            taken.append(masked)
            source, weight = np.concatenate([rows, rows[origin]]), np.concatenate([weight, weight[origin]])
        self._source = source
        self._binned = lgb.Dataset(
            np.concatenate(taken),
            np.zeros(len(source)),
            weight=weight,
            feature_name=list(layout.used_names),
            params=_BINNING,
        )

    def of(self, rows: IntArray, wanted: FloatArray) -> Any:
        """Return the binned rows of some bought creators, copies included, with what is wanted of each as label."""
        chosen = np.zeros(len(wanted), dtype=bool)
        chosen[rows] = True
        places = np.flatnonzero(chosen[self._source])
        part = self._binned.subset(places.tolist())
        part.construct()
        part.set_label(wanted[self._source[places]])
        return part
