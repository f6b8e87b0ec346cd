"""Grow the trees of a model, and calibrate them on what they say of creators they never saw. Knows no scikit-learn.

scikit-learn and LightGBM are loaded only where trees are grown: a run that finds them kept needs neither.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from realreach.calibrating import kept_calibration
from realreach.errors import InputError
from realreach.features.catalogue import feature_names
from realreach.kept_work import KeptWork, Pieces, text_of, text_piece
from realreach.model import ALL_PILLARS, COMBINATIONS, FittedModel, Layout, masked_copies
from realreach.references import References, fit_references, no_references
from realreach.splits import grouped_folds
from realreach.tables.core import FloatArray, IntArray
from realreach.tree_text import StoredBooster

__all__ = ["CrossedFit"]

_NOT_OF_THE_TREES = ("operating_fpr", "n_jobs")
"""Parameters on which neither trees nor margins depend."""


class CrossedFit:
    """A gradient-boosted model with its calibration, fitted in five folds and once on all creators.

    Parameters
    ----------
    **parameters
        As of :class:`realreach.estimator.AuthenticityClassifier`, which hands them on.

    Attributes
    ----------
    fitted_ : realreach.model.FittedModel
        What goes into the bundle.
    base_rate_ : float
        Weighted share of bought creators.
    best_iteration_ : int
    crossed_ : dict of int to ndarray
        By combination of pillars: the margin of every creator from trees that never saw it (NaN: pillar lacks).
    """

    fitted_: FittedModel
    base_rate_: float
    best_iteration_: int
    crossed_: dict[int, FloatArray]

    def __init__(
        self,
        *,
        num_leaves: int = 15,
        max_depth: int = 5,
        learning_rate: float = 0.05,
        n_estimators: int = 800,
        min_child_samples: int = 20,
        reg_lambda: float = 5.0,
        feature_fraction: float = 0.25,
        bagging_fraction: float = 0.8,
        early_stopping_rounds: int = 60,
        masked_copies: int = 2,
        balance_size: bool = True,
        exclude: tuple[str, ...] = (),
        operating_fpr: float = 0.01,
        folds: int = 5,
        random_state: int = 0,
        n_jobs: int = 1,
    ) -> None:
        self.num_leaves = num_leaves
        self.max_depth = max_depth
        self.learning_rate = learning_rate
        self.n_estimators = n_estimators
        self.min_child_samples = min_child_samples
        self.reg_lambda = reg_lambda
        self.feature_fraction = feature_fraction
        self.bagging_fraction = bagging_fraction
        self.early_stopping_rounds = early_stopping_rounds
        self.masked_copies = masked_copies
        self.balance_size = balance_size
        self.exclude = exclude
        self.operating_fpr = operating_fpr
        self.folds = folds
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit_matrix(
        self,
        matrix: FloatArray,
        names: tuple[str, ...],
        target: FloatArray,
        weight: FloatArray,
        groups: Any = None,
        kept: KeptWork | None = None,
    ) -> Self:
        """Fit, stop early and calibrate.

        Parameters
        ----------
        matrix, names
            Features (NaN: not known) and the names of its columns.
        target
            1 where engagement was bought, else 0; both are there.
        weight
            Weight of each creator.
        groups
            Creators of one group never stand on both sides of the inner split.
        kept
            Where the trees of earlier fits on the very same input are found; None grows them.
        """
        layout = self._layout(names)
        self.base_rate_ = float(np.average(target, weights=weight))
        data = self._checked(matrix, target, weight, layout)
        facts = (self.recipe(), list(names), matrix, target, weight, None if groups is None else _named(groups))
        kept = kept or KeptWork()
        grown = kept.of("model", facts, lambda: self._fit_crossed(data, groups))
        self.fitted_ = self._calibrated(data, grown, kept)
        return self

    def recipe(self) -> dict[str, Any]:
        """Return the parameters on which trees and crossed margins depend."""
        names = [name for name in inspect.signature(CrossedFit).parameters if name not in _NOT_OF_THE_TREES]
        return {name: getattr(self, name) for name in names}

    @staticmethod
    def _checked(matrix: FloatArray, target: FloatArray, weight: FloatArray, layout: Layout) -> _Data:
        return _Data(matrix, target, weight, layout, layout.present(matrix))

    def _layout(self, names: tuple[str, ...]) -> Layout:
        unknown = sorted(set(self.exclude) - set(names))
        if unknown:
            raise ValueError(f"exclude names {len(unknown)} features that X does not have, such as {unknown[0]!r}")
        layout = Layout.of(names, self.exclude)
        if len(layout.used) == 0:
            raise ValueError("no feature is left to fit: X holds only context and excluded columns")
        return layout

    def _fit_crossed(self, data: _Data, groups: Any) -> Pieces:
        """Fit on all creators; rounds and margins come from folds, each judged by trees that never saw it."""
        every = np.arange(len(data.target))
        folds = min(self.folds, _groups_of_rarer_class(data.target, groups))
        if folds < 2:
            raise InputError(
                "each class needs creators of at least two groups: one to fit, another to calibrate. Add labels."
            )
        references = self._references(data, every)
        values = references.transform(data.X)[:, data.layout.used]
        rounds: list[int] = []
        margin = {mask: np.full(len(every), np.nan) for mask in _masks(data.layout)}
        for train, test in grouped_folds(data.target, groups, folds, self.random_state)[0]:
            own = self._references(data, train).transform(data.X)[:, data.layout.used]
            booster, best = self._boost(data, own, train, test)
            rounds.append(best)
            for mask, out in margin.items():
                out[test] = _margins(booster, data, own, test, mask)
        best = max(int(np.mean(rounds)), 1)
        booster, _ = self._boost(data, values, every, None, best)
        return {
            "booster": text_piece(booster.model_to_string()),
            "references": text_piece(json.dumps(references.to_dict())),
            "rounds": np.array(best),
            "masks": np.array(list(margin), dtype=np.int64),
            "margins": np.array(list(margin.values())),
        }

    def _calibrated(self, data: _Data, grown: Pieces, kept: KeptWork) -> FittedModel:
        """Return the model of trees and margins, whether they were grown now or in an earlier run."""
        self.best_iteration_ = int(grown["rounds"])
        self.crossed_ = dict(zip(grown["masks"].tolist(), grown["margins"], strict=True))
        references = References.from_dict(json.loads(text_of(grown["references"])))
        calibration = kept_calibration(self.crossed_, data.target, data.weight, self.operating_fpr, kept)
        return FittedModel(StoredBooster(text_of(grown["booster"])), data.layout, references, calibration)

    @staticmethod
    def _margins_by_mask(
        booster: Any, layout: Layout, transformed: FloatArray, matrix: FloatArray
    ) -> dict[int, FloatArray]:
        """Return by combination of pillars the margins of creators that no tree of the booster has seen."""
        data = _Data(matrix, np.zeros(len(matrix)), np.ones(len(matrix)), layout, layout.present(matrix))
        every = np.arange(len(matrix))
        return {mask: _margins(booster, data, transformed[:, layout.used], every, mask) for mask in _masks(layout)}

    def _references(self, data: _Data, train: IntArray) -> References:
        if data.layout.names != feature_names():
            return no_references()
        honest = train[data.target[train] == 0]
        return fit_references(data.X[honest], data.weight[honest])

    def _boost(
        self, data: _Data, values: FloatArray, train: IntArray, stop: IntArray | None, rounds: int | None = None
    ) -> tuple[Any, int]:
        """Fit trees on ``train``; with ``stop`` until nothing is gained there, else a number of ``rounds``."""
        import lightgbm as lgb

        sets = self._sets(data, values, train, stop)
        callbacks = [lgb.log_evaluation(0)]
        if stop is not None:
            callbacks.append(lgb.early_stopping(self.early_stopping_rounds, verbose=False))
        booster = lgb.train(
            self._parameters(data.layout),
            sets[0],
            num_boost_round=rounds or self.n_estimators,
            valid_sets=sets[1:],
            callbacks=callbacks,
        )
        best = int(booster.best_iteration) if stop is not None else int(booster.current_iteration())
        # Only the trees up to the best round are kept, so that file and memory hold one and the same model; and no
        # trace of the number of threads, which changes nothing else in it.
        text = booster.model_to_string(num_iteration=max(best, 1))
        return lgb.Booster(model_str=text.replace(f"[num_threads: {self.n_jobs}]", "[num_threads: 1]")), max(best, 1)

    def _sets(self, data: _Data, values: FloatArray, train: IntArray, stop: IntArray | None) -> list[Any]:
        """Return the binned rows to fit on and, where asked for, to stop on."""
        import lightgbm as lgb

        rng = np.random.default_rng(self.random_state)
        balanced = data.weight * self._size_weight(data, train)
        sets = [
            lgb.Dataset(
                v,
                label=t,
                weight=w,
                feature_name=list(data.layout.used_names),
                params={"verbosity": -1, "max_bin": 127},
            )
            for v, t, w in (
                self._with_masks(data, values, balanced, part, rng) for part in (train, stop) if part is not None
            )
        ]
        for other in sets[1:]:
            other.set_reference(sets[0])
        return sets

    def _parameters(self, layout: Layout) -> dict[str, Any]:
        return {
            "objective": "binary",
            "num_leaves": self.num_leaves,
            "max_depth": self.max_depth,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": self.min_child_samples,
            "lambda_l2": self.reg_lambda,
            "feature_fraction": self.feature_fraction,
            "bagging_fraction": self.bagging_fraction,
            "bagging_freq": 1,
            "max_bin": 127,
            "monotone_constraints": layout.direction.tolist(),
            "seed": self.random_state,
            "deterministic": True,
            # The same trees as row-wise, in little more than half the time from some ten thousand rows on: only the
            # columns that a tree may use are touched.
            "force_col_wise": True,
            "num_threads": self.n_jobs,
            "verbosity": -1,
        }

    def _with_masks(
        self, data: _Data, values: FloatArray, weight: FloatArray, part: IntArray, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        own, labels, weights = values[part], data.target[part], weight[part]
        if self.masked_copies == 0 or not (data.layout.needs > 0).any():
            return own, labels, weights
        copies, source = masked_copies(data.layout, own, data.present[part], self.masked_copies, rng)
        # A creator weighs the same whatever the number of its copies.
        weights = weights / (1.0 + np.bincount(source, minlength=len(own)))
        return (
            np.concatenate([own, copies]),
            np.concatenate([labels, labels[source]]),
            np.concatenate([weights, weights[source]]),
        )

    def _size_weight(self, data: _Data, train: IntArray) -> FloatArray:
        """Return overlap weights: in each band of size both classes weigh the same, where one is alone next to nothing.

        The weight is the chance of the other class at this size (counted in ten bands, one creator of each added), so
        that size says nothing about the class and the fit looks where both kinds live.
        """
        if not self.balance_size or data.layout.names != feature_names():
            return np.ones(len(data.target))
        size = np.nan_to_num(data.X[:, data.layout.names.index("context__followers__now__log10")], nan=-1.0)
        edges = np.unique(np.quantile(size[train], np.linspace(0.1, 0.9, 9)))
        cell = np.searchsorted(edges, size, side="right") * 2 + data.target.astype(np.int64)
        count = np.bincount(cell[train], minlength=2 * (len(edges) + 1)).astype(np.float64) + 1.0
        other = count.reshape(-1, 2)[:, ::-1].ravel() / count.reshape(-1, 2).sum(axis=1).repeat(2)
        return 2.0 * other[cell]


@dataclass(frozen=True, eq=False)
class _Data:
    """The checked input of a fit."""

    X: FloatArray
    target: FloatArray
    weight: FloatArray
    layout: Layout
    present: IntArray


def _named(groups: Any) -> np.ndarray:
    return np.asarray(groups, dtype=object).astype(str)


def _groups_of_rarer_class(target: FloatArray, groups: Any) -> int:
    """Return in how many groups the class lives that lives in fewer of them."""
    of_row = np.arange(len(target)) if groups is None else _named(groups)
    return min(len(np.unique(of_row[target == label])) for label in (0.0, 1.0))


def _masks(layout: Layout) -> tuple[int, ...]:
    return COMBINATIONS if (layout.needs > 0).any() else (ALL_PILLARS,)


def _margins(booster: Any, data: _Data, values: FloatArray, part: IntArray, mask: int) -> FloatArray:
    """Return the margins of some rows seen through some pillars only; NaN for rows that lack one of them."""
    out = np.full(len(part), np.nan)
    rows = (data.present[part] & mask) == mask
    if rows.any():
        keep = np.full(int(rows.sum()), mask, dtype=np.int64)
        seen = data.layout.without(values[part[rows]], keep)
        out[rows] = booster.predict(seen, raw_score=True, num_threads=1)
    return out
