"""Real deliveries laid over real creators' growing curves: from which size of an order on the curve tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realreach.benchmark.growth_laying import (
    STYLES,
    Bought,
    curve_table,
    github_windows,
    make_bought,
    plain_table,
)
from realreach.benchmark.growth_recipe import fit_plain, fit_recipe, refuse_leaks
from realreach.benchmark.measure import from_scores
from realreach.benchmark.result import Figure, Method, Result
from realreach.benchmark.suites import Options
from realreach.errors import ModelError
from realreach.features import feature_names
from realreach.simulate.check_difficulty import DOSES, growing
from realreach.simulate.check_sets import Curves, vtubers
from realreach.simulate.deliveries import ghostnet_shapes
from realreach.tables.core import FloatArray, IntArray

__all__ = ["AIMS", "delivery_weight", "dose_lines", "refuse_shared"]

AIMS: Mapping[float, float] = {0.10: 0.62, 0.20: 0.74, 0.30: 0.87, 0.50: 0.97}
"""ROC-AUC aimed at per dose, for one model over all doses and styles."""
_TIMING = {"block": "real timing of one or two days", "drip": "even over 30 days"}
_FOLDS = 5


def dose_lines(datasets: Path, options: Options) -> list[Result]:
    """Return the lines of real deliveries over real curves, the plain models beside them, and the two checks."""
    curves = growing(vtubers(datasets, "twitch_followers", seen_at_least=68))
    shapes = ghostnet_shapes(datasets)
    options.report(f"growth_ghostnet_events: {len(curves)} growing creators, {len(shapes)} deliveries")
    repeats = 1 if options.quick else 3
    others = github_windows(datasets, np.random.default_rng((options.seed, 5)))
    judged = []
    for repeat in range(repeats):
        judged.append(_one_repeat(curves, shapes, others, options, repeat))
        options.report(f"growth_ghostnet_events: repetition {repeat + 1} of {repeats}")
    return [
        _line(style, name, judged, options)
        for style in STYLES
        for name in _MODELS
        if name in judged[0].scores or name == _EACH
    ]


_MODELS: Mapping[str, tuple[Method, str]] = {
    "recipe": ("ours", "growth pillar, one model over all doses and styles"),
    "untold": ("ours", "the same, trained on doses from 5 % to 70 % that are never told"),
    "zero": ("zero-shot", "shipped model"),
    "best_day": ("baseline", "share of the best day"),
    "plain_one": ("baseline", "untuned LightGBM, one model over all doses and styles"),
    "plain_each": ("baseline", "untuned LightGBM, one model for each dose and style"),
    "shuffled": ("baseline", "check: the recipe on shuffled labels (must be chance)"),
}


@dataclass(frozen=True, eq=False)
class _Judged:
    """Scores by model of clean curves and of those with deliveries; no model saw the base curve or the delivery."""

    clean: dict[str, FloatArray]
    scores: dict[str, FloatArray]
    bought: Bought


@dataclass(frozen=True, eq=False)
class _Side:
    """The training or the test part of a fold: creators, their clean curves, the same with deliveries."""

    creators: IntArray
    X: FloatArray
    plain: FloatArray
    bought: Bought


_Score = Callable[[FloatArray], FloatArray]


def _one_repeat(
    curves: Curves, shapes: list[FloatArray], others: Curves | None, options: Options, repeat: int
) -> _Judged:
    """Judge every curve once by models that saw neither its creator nor its deliveries."""
    rng = np.random.default_rng((options.seed, repeat, 3))
    of_curve, of_shape = _deal(len(curves), rng), _deal(len(shapes), rng)
    clean: dict[str, FloatArray] = {}
    scores: dict[str, list[FloatArray]] = {}
    tests: list[Bought] = []
    for fold in range(_FOLDS):
        train, test = (
            _side(
                curves,
                np.flatnonzero((of_curve == fold) == held),
                _chosen(shapes, (of_shape == fold) == held),
                rng,
                options,
            )
            for held in (False, True)
        )
        refuse_shared(train.creators, test.creators)
        tests.append(test.bought)
        known = _chosen(shapes, of_shape != fold)
        for name, score in _models(curves, train, known, others, rng, options, first=repeat == 0).items():
            use = "plain" if name.startswith("plain") else "X"
            clean.setdefault(name, np.full(len(curves), np.nan))[test.creators] = score(getattr(test, use))
            if not name.startswith(_EACH):
                scores.setdefault(name, []).append(score(getattr(test.bought, use)))
                continue
            # A model of one style and dose judges its own deliveries only.
            own = np.full(len(test.bought.dose), np.nan)
            mine = np.array([_own(s, d) == name for s, d in zip(test.bought.style, test.bought.dose, strict=True)])
            own[mine] = score(test.bought.plain[mine])
            scores.setdefault(name, []).append(own)
    every = Bought(*(np.concatenate([getattr(t, f) for t in tests]) for f in ("X", "plain", "base", "style", "dose")))
    return _Judged(clean, {name: np.concatenate(values) for name, values in scores.items()}, every)


def _deal(count: int, rng: np.random.Generator) -> IntArray:
    return rng.permutation(np.arange(count) % _FOLDS)


def _chosen(shapes: list[FloatArray], keep: npt.NDArray[np.bool_]) -> list[FloatArray]:
    return [shape for shape, wanted in zip(shapes, keep, strict=True) if wanted]


def _side(
    curves: Curves, creators: IntArray, shapes: list[FloatArray], rng: np.random.Generator, options: Options
) -> _Side:
    levels = curves.levels[creators]
    draws = 1 if options.quick else 3
    bought = make_bought(levels, creators, shapes, rng, draws=draws, plain=True)
    return _Side(creators, curve_table(levels), plain_table(levels), bought)


def refuse_shared(train: IntArray, test: IntArray) -> None:
    """Stop the run where curves of one base creator stand on both sides of a split.

    Raises
    ------
    ModelError
        With their number.
    """
    shared = np.intersect1d(train, test)
    if len(shared):
        raise ModelError(
            f"growth_ghostnet_events: {len(shared)} base creators stand on both sides of a split, so their own curves "
            "would be known to the models that judge them. Deal creators, not curves, to the folds."
        )


def _models(
    curves: Curves, train: _Side, shapes: list[FloatArray], others: Curves | None, rng: np.random.Generator,
    options: Options, *, first: bool,
) -> dict[str, _Score]:  # fmt: skip
    """Fit all models of a fold; the extra ones in the first repetition only."""
    best = feature_names().index("growth__gain_share__366d__max")
    more = None
    if others is not None:
        numbers = 1_000_000 + np.arange(len(others))
        laid = make_bought(others.levels, numbers, shapes, rng, draws=1)
        more = _Side(numbers, curve_table(others.levels), np.empty((0, 0)), laid)
    models: dict[str, _Score] = {"recipe": _recipe([train, more], options), "best_day": lambda X: X[:, best]}
    models["shuffled"] = _recipe([train], options, dealt=rng)
    if first and not options.quick:
        levels = curves.levels[train.creators]
        untold = make_bought(levels, train.creators, shapes, rng, draws=3, grid=False)
        models["untold"] = _recipe([replace(train, bought=untold), more], options)
    if options.scorer is not None:
        models["zero"] = options.scorer.bundle.model.probabilities
    models["plain_one"] = _plain(train, np.ones(len(train.bought.dose), dtype=bool), options)
    for style in STYLES:
        for dose in DOSES:
            mine = (train.bought.style == style) & (train.bought.dose == dose)
            models[_own(style, dose)] = _plain(train, mine, options)
    return models


def _plain(train: _Side, mine: npt.NDArray[np.bool_], options: Options) -> _Score:
    """Fit an untuned model on clean curves and some of the deliveries; both classes weigh alike."""
    X = np.concatenate([train.plain, train.bought.plain[mine]])
    y = np.repeat([0.0, 1.0], [len(train.plain), int(mine.sum())])
    weight = np.where(y == 0, mine.sum() / len(train.plain), 1.0)
    booster = fit_plain(X, y, weight=weight, seed=options.seed)
    return lambda Z: np.asarray(booster.predict(Z), dtype=np.float64)


def _recipe(sides: Sequence[_Side | None], options: Options, dealt: np.random.Generator | None = None) -> _Score:
    """Fit the recipe: both classes weigh alike, and all other curves together half as much as the creators.

    With ``dealt`` labels are dealt out anew, as a check.
    """
    there = [side for side in sides if side is not None]
    X, y, weight, group = [], [], [], []
    for number, side in enumerate(there):
        trust = 1.0 if number == 0 else 0.5 * len(there[0].X) / len(side.X)
        worth = delivery_weight(side.bought.style, side.bought.dose)
        X += [side.X, side.bought.X]
        y += [np.zeros(len(side.X)), np.ones(len(side.bought.X))]
        weight += [np.full(len(side.X), trust), trust * len(side.X) * worth / worth.sum()]
        group += [side.creators, side.bought.base]
    matrix, target = np.concatenate(X), np.concatenate(y)
    weights = np.concatenate(weight)
    if dealt is None:
        refuse_leaks(matrix, target, feature_names(), "growth_ghostnet_events")
    else:
        target, weights = dealt.integers(0, 2, len(target)).astype(np.float64), np.ones(len(target))
    weights = weights * len(weights) / weights.sum()
    # Both classes hold the same creators, so size cannot tell them apart and needs no balance.
    model = fit_recipe(
        matrix, target, np.concatenate(group), weight=weights, seed=options.seed, masked_copies=0, balance_size=False
    )
    probabilities: _Score = model.probabilities
    return probabilities


def delivery_weight(style: npt.NDArray[Any], dose: FloatArray) -> FloatArray:
    """Return how much a delivery weighs in training.

    Six in seven orders are complete within a day or two, and an order of a tenth of a creator's gain looks like any
    good day: where such curves weigh as much as clear ones, they teach that clear ones are doubtful.

    Examples
    --------
    >>> delivery_weight(np.array(["block", "block", "drip"]), np.array([0.1, 0.3, 0.4])).round(2).tolist()
    [0.24, 1.27, 0.22]
    """
    return np.where(style == "block", 0.85, 0.15) * np.clip((dose - 0.06) / 0.14, 0.2, 1.5)


_EACH = "plain_each"


def _own(style: str, dose: float) -> str:
    """Return the name of the untuned model of one style and dose."""
    return f"{_EACH} {style} {dose}"


def _line(style: str, name: str, judged: Sequence[_Judged], options: Options) -> Result:
    """Return the line of one model and style: ROC-AUC per dose, clean curves against the same with a delivery."""
    method, label = _MODELS[name]
    first = _own(style, DOSES[0]) if name == _EACH else name
    kept = [j for j in judged if first in j.scores]
    figures: dict[str, Figure] = {}
    for dose in DOSES:
        y, p, owner = [], [], []
        model = _own(style, dose) if name == _EACH else name
        for j in kept:
            honest = j.clean[model]
            mine = (j.bought.style == style) & (j.bought.dose == dose)
            p += [honest, j.scores[model][mine]]
            y += [np.zeros(len(honest)), np.ones(int(mine.sum()))]
            owner += [np.arange(len(honest)), j.bought.base[mine]]
        line = from_scores(
            "growth_ghostnet_events",
            style,
            method,
            label,
            np.concatenate(y),
            np.concatenate(p),
            groups=np.concatenate(owner),
            probabilities=False,
            replicates=100 if options.quick else 300,
            seed=options.seed,
        )
        figures[_metric(dose)] = line.figures["roc_auc"]
    creators = len(kept[0].clean[first])
    return Result(
        "growth_ghostnet_events",
        f"delivery over growth_vtuber_daily, {_TIMING[style]}; ROC-AUC by dose",
        method,
        label,
        2 * creators,
        creators,
        figures,
        f"{_FOLDS} folds, base creators and deliveries held out, repeated {len(kept)} x",
        {_metric(dose): aim for dose, aim in AIMS.items()} if (name, style) == ("recipe", "block") else {},
    )


def _metric(dose: float) -> str:
    return f"at_{round(100 * dose)}_percent"
