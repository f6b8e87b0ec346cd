"""Real deliveries laid over real creators' growing curves: how large must an order be until the curve alone tells it?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from realreach.benchmark.growth_laying import (
    STYLES,
    Bought,
    curve_table,
    github_windows,
    lay_once,
    make_bought,
    plain_table,
)
from realreach.benchmark.growth_recipe import fit_plain, fit_recipe, refuse_leaks
from realreach.benchmark.measure import from_scores
from realreach.benchmark.result import Figure, Method, Result
from realreach.benchmark.suites import Options
from realreach.features import feature_names
from realreach.simulate.check_difficulty import DOSES, growing
from realreach.simulate.check_sets import Curves, vtubers
from realreach.simulate.deliveries import ghostnet_shapes
from realreach.tables.core import FloatArray, IntArray

__all__ = ["AIMS", "dose_lines"]

AIMS: Mapping[float, float] = {0.10: 0.62, 0.20: 0.74, 0.30: 0.87, 0.50: 0.97}
"""ROC-AUC aimed at per dose, for one model over all doses and styles."""
_TIMING = {"block": "real timing of one or two days", "drip": "even over 30 days"}
_FOLDS = 5


@dataclass(frozen=True, eq=False)
class _Parts:
    """Which base curves and which deliveries are tested in one fold; all others may be trained on."""

    curve: IntArray
    shape: IntArray


def _deal(count: int, rng: np.random.Generator) -> IntArray:
    return rng.permutation(np.arange(count) % _FOLDS)


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
    return [_line(style, name, judged, options) for style in STYLES for name in _MODELS if name in judged[0].scores]


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
    """Scores of clean curves and of curves with deliveries, by model, each by models that saw neither base nor delivery."""

    clean: dict[str, FloatArray]
    scores: dict[str, FloatArray]
    bought: Bought


def _one_repeat(
    curves: Curves, shapes: list[FloatArray], others: Curves | None, options: Options, repeat: int
) -> _Judged:
    rng = np.random.default_rng((options.seed, repeat, 3))
    n = len(curves)
    parts = _Parts(_deal(n, rng), _deal(len(shapes), rng))
    X, plain = curve_table(curves.levels), plain_table(curves.levels)
    clean: dict[str, FloatArray] = {}
    scores: dict[str, list[FloatArray]] = {}
    tests: list[Bought] = []
    for fold in range(_FOLDS):
        train, test = (np.flatnonzero((parts.curve == fold) == side) for side in (False, True))
        known, held = (
            [s for s, f in zip(shapes, parts.shape, strict=True) if (f == fold) == side] for side in (False, True)
        )
        bought = make_bought(curves.levels[train], train, known, rng, grid=True, plain=True)
        asked = make_bought(curves.levels[test], test, held, rng, grid=True, plain=True)
        tests.append(asked)
        _refuse_shared(bought.base, asked.base)
        models: dict[str, tuple[Callable[[FloatArray], FloatArray], bool]] = {}
        models["recipe"] = (_recipe(X[train], train, bought, lay_once(others, known, rng, True), options), False)
        if repeat == 0:
            untold = make_bought(curves.levels[train], train, known, rng, grid=False, plain=False)
            if not options.quick:
                models["untold"] = (
                    _recipe(X[train], train, untold, lay_once(others, known, rng, False), options),
                    False,
                )
            models["shuffled"] = (_recipe(X[train], train, bought, None, options, deal=rng), False)
        weight = np.concatenate([np.full(len(train), len(bought.X) / len(train)), np.ones(len(bought.X))])
        y = np.repeat([0.0, 1.0], [len(train), len(bought.X)])
        one = fit_plain(np.concatenate([plain[train], bought.plain]), y, weight=weight, seed=options.seed)
        models["plain_one"] = (one.predict, True)
        if options.scorer is not None:
            models["zero"] = (options.scorer.bundle.model.probabilities, False)
        best = feature_names().index("growth__gain_share__366d__max")
        models["best_day"] = (lambda Z, best=best: Z[:, best], False)  # type: ignore[misc]
        for name, (score, is_plain) in models.items():
            clean.setdefault(name, np.full(n, np.nan))[test] = score((plain if is_plain else X)[test])
            scores.setdefault(name, []).append(score(asked.plain if is_plain else asked.X))
        _each(plain, train, test, bought, asked, clean, scores, options)
    every = Bought(*(np.concatenate([getattr(t, f) for t in tests]) for f in ("X", "plain", "base", "style", "dose")))
    return _Judged(clean, {name: np.concatenate(values) for name, values in scores.items()}, every)


def _refuse_shared(train: IntArray, test: IntArray) -> None:
    """Refuse a fold in which curves of one base creator stand on both sides (a mistake of this module)."""
    shared = np.intersect1d(train, test)
    if len(shared):
        raise AssertionError(f"{len(shared)} base creators stand on both sides of a split")


def _recipe(
    X: FloatArray, base: IntArray, bought: Bought, others: tuple[FloatArray, FloatArray] | None, options: Options,
    deal: np.random.Generator | None = None,
) -> Callable[[FloatArray], FloatArray]:  # fmt: skip
    """Fit the recipe; both classes weigh alike, and all other curves together half as much as the creators."""
    y = np.repeat([0.0, 1.0], [len(X), len(bought.X)])
    weight = np.concatenate([np.full(len(X), 1.0), np.full(len(bought.X), len(X) / len(bought.X))])
    rows, groups = [X, bought.X], [base, bought.base]
    refuse_leaks(np.concatenate(rows), y, feature_names(), "growth_ghostnet_events")
    if others is not None:
        honest, laid = others
        share = 0.5 * len(X) / len(honest)
        y = np.concatenate([y, np.repeat([0.0, 1.0], [len(honest), len(laid)])])
        weight = np.concatenate(
            [weight, np.full(len(honest), share), np.full(len(laid), share * len(honest) / len(laid))]
        )
        number = 1_000_000 + np.arange(len(honest))
        rows, groups = [*rows, honest, laid], [*groups, number, np.tile(number, len(laid) // len(honest))]
    if deal is not None:
        y = deal.permutation(y)
        weight = np.ones(len(y))
    weight = weight * len(weight) / weight.sum()
    model = fit_recipe(
        np.concatenate(rows), y, np.concatenate(groups), weight=weight, seed=options.seed, masked_copies=0, **SETTINGS
    )
    return lambda Z: model.probabilities(Z)


SETTINGS: Mapping[str, Any] = {"balance_size": False}
"""Both classes hold the same creators, so size cannot tell them apart and needs no balance."""


def _each(
    plain: FloatArray, train: IntArray, test: IntArray, bought: Bought, asked: Bought, clean: dict[str, FloatArray],
    scores: dict[str, list[FloatArray]], options: Options,
) -> None:  # fmt: skip
    """Fit an untuned model of its own for each style and dose; its scores of clean curves are kept beside each."""
    out = np.full(len(asked.dose), np.nan)
    for style in STYLES:
        for dose in DOSES:
            mine = (bought.style == style) & (bought.dose == dose)
            y = np.repeat([0.0, 1.0], [len(train), int(mine.sum())])
            weight = np.concatenate([np.full(len(train), mine.sum() / len(train)), np.ones(int(mine.sum()))])
            model = fit_plain(np.concatenate([plain[train], bought.plain[mine]]), y, weight=weight, seed=options.seed)
            rows = (asked.style == style) & (asked.dose == dose)
            out[rows] = model.predict(asked.plain[rows])
            clean.setdefault(_own(style, dose), np.full(len(plain), np.nan))[test] = model.predict(plain[test])
    scores.setdefault(_EACH, []).append(out)


_EACH = "plain_each"


def _own(style: str, dose: float) -> str:
    """Return under which name the clean curves' scores by the model of one style and dose are kept."""
    return f"{_EACH} {style} {dose}"


def _line(style: str, name: str, judged: Sequence[_Judged], options: Options) -> Result:
    """Return the line of one model and style: ROC-AUC per dose, clean curves against the same with a delivery."""
    method, label = _MODELS[name]
    kept = [j for j in judged if name in j.scores]
    figures: dict[str, Figure] = {}
    for dose in DOSES:
        y, p, owner = [], [], []
        for j in kept:
            honest = j.clean[_own(style, dose) if name == _EACH else name]
            mine = (j.bought.style == style) & (j.bought.dose == dose)
            p += [honest, j.scores[name][mine]]
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
    creators = len(kept[0].clean[name if name != _EACH else _own(style, DOSES[0])])
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
