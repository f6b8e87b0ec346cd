"""The comments of the benchmark as one corpus with its matrix, read once, and models fitted to parts of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from realreach.benchmark.plain_text import PlainTexts
from realreach.benchmark.suites import Options
from realreach.comment_text.bags import BagReference
from realreach.comment_text.model import default_comment_model
from realreach.datasets.comment_labels import COMMENT_SETS, read_comment_set
from realreach.learning.comment_calibration import fit_calibration, thresholds
from realreach.learning.comment_matrix import BareCopies, comment_matrix
from realreach.learning.comment_weights import evaluation_weights
from realreach.learning.comments import (
    Corpus,
    Recipe,
    build_corpus,
    fit_sold,
    held_out_margins,
    ordinary_by_set,
    section_reference,
)
from realreach.tables.core import FloatArray, IntArray

__all__ = ["PARTS", "Fitted", "Material", "fit_without", "read_material"]

PARTS = {
    "youtube_spam": "comments_youtube_spam_2015",
    "instagram_ads": "comments_instagram_id_celebs",
    "judol": "comments_judol_id",
    "bot_praise_de": "comments_bot_praise_de",
    "x_posts": "comments_x_ai_replies_en",
}
"""Labelled parts that are held out as sets, and their sets."""

_MOST, _MOST_QUICK = 3000, 500
_ROUNDS = 60
STRENGTHS = (0.2, 0.5)
"""Inverse penalties that are chosen from, by comments of other sets."""


@dataclass(frozen=True, eq=False)
class Material:
    """The corpus (large parts sampled), its matrix, the recipe, and what was fitted so far.

    Many lines ask for models of the same rows (without set A, holding out B, is without B, holding out A): nothing is
    done twice.
    """

    corpus: Corpus
    matrix: Any
    recipe: Recipe
    report: Callable[[str], None]
    fits: dict[frozenset[str], Fitted] = field(default_factory=dict)
    heads: dict[tuple[bytes, float], tuple[FloatArray, float]] = field(default_factory=dict)
    plain: dict[frozenset[str], FloatArray] = field(default_factory=dict)
    judged: dict[bytes, Any] = field(default_factory=dict)

    @cached_property
    def plain_texts(self) -> PlainTexts:
        """The texts of the corpus for the baseline."""
        return PlainTexts(self.corpus.text.tolist())

    @cached_property
    def bare(self) -> BareCopies:
        """The bare copies of all comments."""
        return BareCopies.of(self.corpus.text.tolist(), self.recipe.bits)

    @cached_property
    def shipped(self) -> FloatArray:
        """The shipped model's probability of every comment."""
        return default_comment_model().sold_of(pa.array(self.corpus.text.tolist(), pa.large_string()))

    def head(self, rows: IntArray, recipe: Recipe) -> tuple[FloatArray, float]:
        """Return weights and bias of sold against ordinary of some rows, fitted once."""
        key = hashlib.blake2b(rows.tobytes(), digest_size=16).digest(), recipe.strength
        if key not in self.heads:
            self.heads[key] = fit_sold(self.corpus.take(rows), self.matrix[rows], recipe, self.bare.take(rows))
        return self.heads[key]

    def has(self, part: str) -> bool:
        """Return whether comments of a part are there."""
        return bool((self.corpus.part == part).any())

    def rows(self, part: str) -> npt.NDArray[np.int64]:
        """Return the rows of a part."""
        return np.flatnonzero(self.corpus.part == part)


@dataclass(frozen=True, eq=False)
class Fitted:
    """A sold head in full precision with its calibration, upper threshold and bag reference."""

    weights: FloatArray
    bias: float
    slope: float
    offset: float
    low: float
    high: float
    bags: BagReference
    held_out_recall: float

    def sold(self, matrix: Any) -> FloatArray:
        """Return the calibrated probability of every row."""
        margin = np.asarray(matrix @ self.weights) + self.bias
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(self.slope * margin + self.offset, -60.0, 60.0))))


def read_material(datasets: Path, options: Options) -> Material:
    """Read every comment set that is there, sample large parts, and generate comments."""
    largest = _MOST_QUICK if options.quick else _MOST
    counts = {"ordinary": 4500, "promotion": 3000, "generic_praise": 1500, "machine_written": 1000}
    if options.quick:
        counts = {kind: n // 5 for kind, n in counts.items()}
    # A hundred fits: few steps each keep the suite within minutes.
    recipe = replace(
        Recipe(), largest_part=largest, generated=counts, seed=Recipe().seed + options.seed, rounds=_ROUNDS
    )
    frames = {}
    for name in COMMENT_SETS:
        if (datasets / name).is_dir():
            frames[name] = read_comment_set(name, datasets / name)
        else:
            options.report(f"{name}: not in {datasets.name}; its lines are left out")
    corpus = build_corpus(frames, recipe)
    options.report(f"comments: {len(corpus):,} of {len(frames)} sets and generated")
    return Material(corpus, comment_matrix(corpus.text.tolist(), recipe.bits), recipe, options.report)


def fit_without(material: Material, sources: Sequence[str], *, references: bool) -> Fitted:
    """Fit to all sets but some.

    Parameters
    ----------
    material
        The corpus.
    sources
        Sets that are left out, whole.
    references
        Whether calibration, threshold and bag reference are wanted too: then the remaining sets are held out in turn.
    """
    key = frozenset(sources)
    if references and key in material.fits:
        return material.fits[key]
    rows = np.flatnonzero(~np.isin(material.corpus.source, list(sources)))
    corpus, matrix = material.corpus.take(rows), material.matrix[rows]
    # The penalty matters little to thresholds and bags: there the recipe's own is taken, to keep the suite short.
    recipe = material.recipe if references else _chosen(material, rows)
    weights, bias = material.head(rows, recipe)
    if not references:
        return Fitted(weights, bias, 1.0, 0.0, 0.5, 0.5, BagReference(np.zeros(1), np.ones(2), np.zeros(1)), np.nan)
    held = held_out_margins(corpus, recipe, matrix=matrix, fit=lambda rest: material.head(rows[rest], recipe))
    weight = evaluation_weights(corpus)
    slope, offset = fit_calibration(held, corpus.sold, weight, recipe.prior)
    probability = 1.0 / (1.0 + np.exp(-(slope * held + offset)))
    ordinary = ordinary_by_set(corpus, probability)
    low, high = thresholds(
        ordinary, probability[corpus.sold], weight[corpus.sold], recipe.alarm_rate, recipe.missed_rate
    )
    recall = float(np.sum(weight[corpus.sold] * (probability[corpus.sold] >= high)))
    bags = section_reference(corpus, probability, weight)
    material.fits[key] = Fitted(weights, bias, slope, offset, low, high, bags, recall)
    return material.fits[key]


def _chosen(material: Material, rows: IntArray) -> Recipe:
    """Return the recipe with the penalty whose models do best on labelled sets that they have not seen."""
    from sklearn.metrics import roc_auc_score

    corpus, recipe = material.corpus, material.recipe
    parts = [p for p in PARTS if (corpus.part[rows] == p).any()]
    if len(parts) < 2:
        return recipe
    best, reached = recipe, -1.0
    for strength in STRENGTHS:
        candidate, found = replace(recipe, strength=strength), []
        for part in parts:
            rest, test = rows[corpus.source[rows] != PARTS[part]], material.rows(part)
            weights, bias = material.head(rest, candidate)
            found.append(roc_auc_score(corpus.sold[test], material.matrix[test] @ weights + bias))
        if float(np.mean(found)) > reached:
            best, reached = candidate, float(np.mean(found))
    return best
