"""Search of model settings by folds inside the part that is trained on; the test part is never looked at.

The folds, the copies with pillars taken away and LightGBM's bins depend on none of the settings searched, so each fold
is binned once and all trials grow their trees on it, to the same trees. In cross-fitting that is not possible: every
fold has references, copies and bins of its own, and bins of all creators would know the held-out ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.errors import UsageError
from realreach.evaluation import Labelled, held_out_parts, make_fit
from realreach.kept_work import KeptWork, digest_of
from realreach.settings import ModelSettings, TrainSettings
from realreach.splits import grouped_folds

if TYPE_CHECKING:
    from realreach.crossed_fit import CrossedFit
    from realreach.tables.core import FloatArray

__all__ = ["Search", "SearchPlan", "Trial", "check_searchable", "search_settings"]

Report = Callable[[str], None]

_UNPRUNED = 5
"""Trials that see all folds before any is given up early."""
_WHOLE = ("num_leaves", "max_depth", "min_child_samples")
_SPACE: Mapping[str, tuple[float, float, bool]] = {
    "num_leaves": (7, 31, True),
    "max_depth": (3, 6, False),  # deeper trees make reasons ten times as dear
    "learning_rate": (0.02, 0.15, True),
    "min_child_samples": (10, 100, True),
    "reg_lambda": (0.5, 50.0, True),
    "feature_fraction": (0.2, 0.9, False),
    "bagging_fraction": (0.5, 1.0, False),
}
"""Least, most, and whether steps are ratios.

Copies without pillars are not searched: they are judged on, too, and fewer would look better by being easier."""


@dataclass(frozen=True)
class SearchPlan:
    """How to search: settings to try, seconds after which no further one is begun, folds to judge by."""

    trials: int
    timeout: float | None = None
    folds: int = 3

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise UsageError(f"--tune must be 1 or more settings to try, got {self.trials}")
        if self.timeout is not None and not self.timeout > 0:
            raise UsageError(f"--timeout must be more than 0 seconds, got {self.timeout:g}")


@dataclass(frozen=True)
class Trial:
    """Settings that were tried: their log loss on held-out folds (NaN: given up after a fold)."""

    number: int
    parameters: Mapping[str, float]
    loss: float


@dataclass(frozen=True)
class Search:
    """What a search found; the first trial has the settings that were given."""

    best: ModelSettings
    trials: tuple[Trial, ...]
    folds: int
    seed: int

    @property
    def best_trial(self) -> Trial:
        """The trial with the least loss; the earlier of two equal ones."""
        return min((t for t in self.trials if not math.isnan(t.loss)), key=lambda t: t.loss)

    def to_dict(self) -> dict[str, Any]:
        """Return what metadata and card say of it."""
        return {
            "trials": len(self.trials),
            "folds": self.folds,
            "seed": self.seed,
            "metric": "log loss on held-out folds of the training part",
            "given_loss": round(self.trials[0].loss, 6),
            "best_loss": round(self.best_trial.loss, 6),
            "best": {name: getattr(self.best, name) for name in _SPACE},
        }


def search_settings(
    data: Labelled,
    settings: TrainSettings,
    plan: SearchPlan,
    report: Report = lambda _: None,
    kept: KeptWork | None = None,
) -> Search:
    """Search model settings on the creators that the run trains on.

    Parameters
    ----------
    data
        All labelled creators of the run.
    settings
        Its settings; those of the model are the first trial.
    plan
        How long to search. The same seed finds the same settings, unless the time ran out.
    report
        Called with a short sentence per trial that is better than all before.
    kept
        Where trials of earlier runs on the very same input are found; None tries them all.

    Returns
    -------
    Search
        The best settings (those given, if nothing beats them) and all trials.

    Raises
    ------
    UsageError
        If Optuna is not installed, or the run is judged by folds: every creator would then be searched on and tested.
    """
    check_searchable(settings)
    try:
        import optuna
    except ImportError as err:
        raise UsageError("Optuna is not installed. Run: pip install 'realreach[tune]'.") from err
    _, rows = held_out_parts(data, settings)
    folds = Folds(data.take(rows), settings, plan.folds, kept)
    report(f"searching settings: {plan.trials} trials by {plan.folds} folds of {len(rows):,} creators")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=settings.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=_UNPRUNED),
    )
    study.enqueue_trial({name: _inside(name, getattr(settings.model, name)) for name in _SPACE})
    losses: dict[int, float] = {}

    def objective(trial: Any) -> float:
        # It is tried as it is, also where it lies outside of what is searched.
        chosen = {name: _suggest(trial, name) for name in _SPACE}
        model = settings.model if trial.number == 0 else settings.model.model_copy(update=chosen)
        loss = _loss(trial, folds, model, plan.folds, prune=optuna.TrialPruned)
        if not losses or loss < min(losses.values()):
            report(f"trial {trial.number}: log loss {loss:.4f}")
        losses[trial.number] = loss
        return loss

    # What was given is always tried, so that there is something to beat.
    study.optimize(objective, n_trials=1)
    if plan.trials > 1:
        study.optimize(objective, n_trials=plan.trials - 1, timeout=plan.timeout)
    trials = tuple(_trial(t, settings.model, losses.get(t.number, math.nan)) for t in study.trials)
    best = min(losses, key=lambda number: (losses[number], number))
    update = {} if best == 0 else dict(trials[best].parameters)
    return Search(settings.model.model_copy(update=update), trials, plan.folds, settings.seed)


def check_searchable(settings: TrainSettings) -> None:
    """Refuse settings under which a search would see the creators that the run is judged on.

    Raises
    ------
    UsageError
        If the run is judged by folds.
    """
    if settings.folds:
        raise UsageError(
            "--tune needs a part of the creators that the search never sees: leave out --folds, so that one is held out"
        )


def _suggest(trial: Any, name: str) -> float:
    low, high, by_ratio = _SPACE[name]
    if name in _WHOLE:
        return int(trial.suggest_int(name, int(low), int(high), log=by_ratio))
    return float(trial.suggest_float(name, low, high, log=by_ratio))


def _inside(name: str, value: float) -> float:
    low, high, _ = _SPACE[name]
    return min(max(value, type(value)(low)), type(value)(high))


def _trial(trial: Any, given: ModelSettings, loss: float) -> Trial:
    values = {name: getattr(given, name) for name in _SPACE} if trial.number == 0 else dict(trial.params)
    return Trial(trial.number, values, loss)


def _loss(trial: Any, folds: Folds, model: ModelSettings, number: int, *, prune: type[Exception]) -> float:
    total = 0.0
    for fold in range(number):
        total += folds.loss(model, fold)
        trial.report(total / (fold + 1), fold)
        if fold + 1 < number and trial.should_prune():
            raise prune
    return total / number


class Folds:
    """The folds of a search, each binned once."""

    def __init__(self, data: Labelled, settings: TrainSettings, folds: int, kept: KeptWork | None = None) -> None:
        self._data, self._settings = data, settings
        self._parts = grouped_folds(data.target, data.group, folds, settings.seed)[0]
        self._sets: dict[int, list[Any]] = {}
        self._kept, self._folds = kept or KeptWork(), folds

    def loss(self, model: ModelSettings, fold: int) -> float:
        """Return the log loss of settings on the held-out creators of a fold, at the best number of trees."""
        estimator = make_fit(self._settings.model_copy(update={"model": model}))
        facts = [self._digest, estimator.recipe(), self._folds, fold]
        made = self._kept.of("trials by fold", facts, lambda: {"loss": np.array(self._loss(estimator, model, fold))})
        return float(made["loss"])

    @cached_property
    def _digest(self) -> str:
        data = self._data
        return digest_of([list(data.features.columns), data.matrix, data.target, data.weight, data.group])

    def _loss(self, estimator: CrossedFit, model: ModelSettings, fold: int) -> float:
        import lightgbm as lgb

        layout = estimator._layout(tuple(self._data.features.columns))
        train, stop = self._binned(estimator, layout, fold)
        callbacks = [lgb.log_evaluation(0), lgb.early_stopping(model.early_stopping_rounds, verbose=False)]
        # Without the filter, bins do not depend on the least number of creators in a leaf.
        parameters = estimator._parameters(layout) | {"feature_pre_filter": False}
        booster = lgb.train(
            parameters, train, num_boost_round=model.n_estimators, valid_sets=[stop], callbacks=callbacks
        )
        return float(booster.best_score["valid_0"]["binary_logloss"])

    def _binned(self, estimator: Any, layout: Any, fold: int) -> list[Any]:
        if fold not in self._sets:
            data, (train, test) = self._data, self._parts[fold]
            checked = estimator._checked(data.matrix, data.target, data.weight, layout)
            values: FloatArray = estimator._references(checked, train).transform(data.matrix)[:, layout.used]
            sets = estimator._sets(checked, values, train, np.asarray(test))
            for one in sets:
                one.params["feature_pre_filter"] = False
                one.construct()
            self._sets[fold] = sets
        return self._sets[fold]
