"""The recipe of the comment model: corpus, weights, a linear fit, calibration and thresholds on comments of other sets.

Everything that is chosen or measured for the model (calibration, thresholds, the bag reference) comes from *held-out*
margins: each set is read by a model that was fitted to the other sets; generated comments (and all,
where there are fewer than three real sets) are held out by template. No comment is judged by a model that saw its
template.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from realreach.comment_text.bags import BagReference
from realreach.comment_text.languages import languages
from realreach.comment_text.model import KINDS, CommentModel
from realreach.comment_text.normalise import normalise
from realreach.comment_text.style import STYLE_SIZE
from realreach.errors import InputError
from realreach.learning.comment_calibration import bag_reference, fit_calibration, thresholds
from realreach.learning.comment_matrix import STYLE_WEIGHT, BareCopies, comment_matrix, contrast_scale, template_groups
from realreach.learning.comment_weights import evaluation_weights, row_weights
from realreach.learning.generated_text import generate_comments
from realreach.tables.core import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Corpus",
    "Recipe",
    "Trained",
    "build_corpus",
    "fit_sold",
    "held_out_margins",
    "ordinary_by_set",
    "section_reference",
    "suited",
    "train_comment_model",
]

BoolArray = npt.NDArray[np.bool_]
_ENOUGH_SETS = 3
"""Real sets from which on each is held out as a whole; of fewer, too much of what is real would be missing."""


@dataclass(frozen=True)
class Recipe:
    """Settings of the training where there are three real sets or more; see :func:`suited`.

    Parameters
    ----------
    bits
        The model has ``2**bits`` buckets.
    strength
        Inverse strength of the L2 penalty (scikit-learn's ``C``).
    contrast
        How much of a piece's share of the penalty is set by how evenly both kinds use it (0 to 1), see
        :func:`realreach.learning.comment_matrix.contrast_scale`; see :func:`suited`.
    even_languages
        Whether sold comments count less in languages where they outweigh ordinary ones, see
        :func:`realreach.learning.comment_weights.balanced_by_language`; see :func:`suited`.
    rounds
        Most steps of the solver. With few it stops early, and then thresholds hang on the order of sums.
    generated
        Generated comments by kind.
    generated_mass, organic_mass
        How much generated and unlabelled organic comments count beside labelled ones.
    augment
        Share of the mass that goes to copies of comments without what is accidental (trailing emoji, capitals).
    alarm_rate
        Share of ordinary comments of held-out sets that may be called sold (mean over sets).
    missed_rate
        Share of held-out sold comments that may be called ordinary.
    prior
        Share of sold comments that the calibrated probability assumes.
    seed
        Of generated comments and samples.
    largest_part
        Comments that are read of one part at most (a fixed random sample).
    scale
        Weight units to one logit.
    """

    bits: int = 17
    strength: float = 0.5
    contrast: float = 0.7
    even_languages: bool = False
    rounds: int = 300
    generated: Mapping[str, int] = field(
        default_factory=lambda: {"ordinary": 9000, "promotion": 6000, "generic_praise": 3000, "machine_written": 2000}
    )
    generated_mass: float = 0.7
    organic_mass: float = 0.3
    augment: float = 0.35
    alarm_rate: float = 0.01
    missed_rate: float = 0.1
    prior: float = 0.1
    seed: int = 20261123
    largest_part: int = 8000
    scale: int = 256


@dataclass(frozen=True, eq=False)
class Corpus:
    """Comments for training.

    Parameters
    ----------
    text
        As written.
    kind
        Index into :data:`realreach.comment_text.model.KINDS`.
    organic
        Unlabelled comments of ordinary audiences, taken as ordinary.
    part, section, source, group
        Part of a set, section within it, set, and template (equal for near twins).
    language
        Index into :data:`realreach.comment_text.languages.LANGUAGES`.
    """

    text: npt.NDArray[np.object_]
    kind: IntArray
    organic: BoolArray
    part: npt.NDArray[np.str_]
    section: npt.NDArray[np.str_]
    source: npt.NDArray[np.str_]
    group: npt.NDArray[np.str_]
    language: IntArray

    def __len__(self) -> int:
        return len(self.text)

    @property
    def sold(self) -> BoolArray:
        """Which comments are sold or automated."""
        return np.asarray(self.kind > 0, dtype=bool)

    def take(self, rows: Any) -> Corpus:
        """Return some rows."""
        return Corpus(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained model, and what was measured on held-out comments: margins in logits by corpus row, and figures."""

    model: CommentModel
    corpus: Corpus
    held_out: FloatArray
    figures: Mapping[str, Mapping[str, float]]


def build_corpus(frames: Mapping[str, pd.DataFrame], recipe: Recipe) -> Corpus:
    """Return a corpus of labelled sets (:mod:`realreach.datasets.comment_labels`) and generated comments.

    Raises
    ------
    InputError
        If no comments are left to train on.
    """
    import pandas as pd

    made = generate_comments(recipe.generated, recipe.seed)
    generated = pd.DataFrame({"text": made.text, "kind": made.kind, "section": made.group})
    generated = generated.assign(part="generated", source="generated")
    columns = ["text", "kind", "part", "section", "source"]
    parts = [group for frame in frames.values() for _, group in frame[columns].groupby("part", sort=True)]
    picked = [_sample(part, recipe) for part in parts] + ([generated[columns]] if made.text else [])
    if not picked:
        raise InputError("no comments to train on: name a folder with comment sets, or generate some.")
    groups = [
        np.char.add(f"{part['part'].iloc[0]}/", template_groups(part["text"].tolist()).astype(str)) for part in picked
    ]
    rows = pd.concat(picked, ignore_index=True)
    kind = rows["kind"].map({name: i for i, name in enumerate(KINDS)} | {"organic": 0})
    text = {name: rows[name].to_numpy(dtype=str) for name in ("part", "section", "source")}
    return Corpus(
        rows["text"].to_numpy(dtype=object),
        np.asarray(kind, dtype=np.int64),
        (rows["kind"] == "organic").to_numpy(),
        **text,
        group=np.concatenate(groups),
        language=_languages(rows["text"].tolist()),
    )


def _languages(texts: list[str]) -> IntArray:
    return np.asarray(languages(normalise(pa.array(texts, pa.large_string()))), dtype=np.int64)


def _sample(part: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    if len(part) <= recipe.largest_part:
        return part
    rows = np.random.default_rng(recipe.seed).permutation(len(part))[: recipe.largest_part]
    return part.iloc[np.sort(rows)]


def train_comment_model(
    corpus: Corpus,
    recipe: Recipe,
    *,
    facts: Mapping[str, Any] | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Trained:
    """Fit, calibrate and quantise a comment model.

    Parameters
    ----------
    corpus
        All that it may learn from.
    recipe
        Settings.
    facts
        What the model should say of its origin, beside counts.
    report
        Is told each step.
    """
    report(f"reading {len(corpus):,} comments as n-grams and style")
    recipe = suited(recipe, corpus)
    matrix = _matrix(corpus.text, recipe)
    held_out = held_out_margins(corpus, recipe, matrix=matrix, report=report)
    report("fitting to all")
    weights, bias = _fit_heads(corpus, matrix, recipe)
    weight = evaluation_weights(corpus)
    slope, offset = fit_calibration(held_out, corpus.sold, weight, recipe.prior)
    probability = 1.0 / (1.0 + np.exp(-(slope * held_out + offset)))
    ordinary_of = ordinary_by_set(corpus, probability)
    low, high = thresholds(
        ordinary_of, probability[corpus.sold], weight[corpus.sold], recipe.alarm_rate, recipe.missed_rate
    )
    bags = section_reference(corpus, probability, weight)
    model = _quantised(weights, bias, recipe, (slope, offset), (low, high), bags, _facts(corpus, recipe, facts))
    return Trained(model, corpus, held_out, _figures(corpus, probability, high))


def ordinary_by_set(corpus: Corpus, probability: FloatArray) -> dict[str, FloatArray]:
    """Return the probabilities of ordinary comments by set: of organic audiences where there are any, else of all."""
    usable = corpus.organic if corpus.organic.any() else ~corpus.sold
    return {str(s): probability[(corpus.source == s) & usable] for s in np.unique(corpus.source[usable])}


def held_out_margins(
    corpus: Corpus,
    recipe: Recipe,
    *,
    matrix: Any = None,
    report: Callable[[str], None] = lambda _: None,
    fit: Callable[[IntArray], tuple[FloatArray, float]] | None = None,
) -> FloatArray:
    """Return each comment's margin (logits) of a model that has not seen its template, nor its set if there are enough.

    Three or more real sets are held out one by one; fewer, and generated comments, in three parts by template.
    ``fit`` returns weights and bias of a model of some rows; where many fits are asked for, it may remember them.
    """
    matrix = _matrix(corpus.text, recipe) if matrix is None else matrix
    fit = fit or (lambda rows: fit_sold(corpus.take(rows), matrix[rows], recipe))
    out = np.full(len(corpus), np.nan)
    for name, rows in folds(corpus):
        report(f"holding out {name}")
        rest = np.flatnonzero(~np.isin(corpus.group, np.unique(corpus.group[rows])) & ~rows)
        if len(np.unique(corpus.sold[rest])) < 2:
            raise InputError(
                "the comments hold one kind only: the model needs ordinary and sold comments of more than one set."
            )
        weights, bias = fit(rest)
        out[rows] = matrix[rows] @ weights + bias
    return out


def suited(recipe: Recipe, corpus: Corpus) -> Recipe:
    """Return the recipe; for fewer than three real sets without contrast, with half the penalty and even languages.

    Which pieces both kinds use alike is learned from several sets; of one it is as accidental as the rest. So is the
    language: where all real text is English, most English is sold.
    """
    if len(_real_sets(corpus)) >= _ENOUGH_SETS:
        return recipe
    return replace(recipe, contrast=0.0, strength=2.0 * recipe.strength, even_languages=True)


def _real_sets(corpus: Corpus) -> list[str]:
    return [str(s) for s in np.unique(corpus.source) if s != "generated"]


def folds(corpus: Corpus) -> list[tuple[str, BoolArray]]:
    """Return what is held out together: real sets one by one if there are enough, else thirds of templates."""
    real = _real_sets(corpus)
    whole = real if len(real) >= _ENOUGH_SETS else []
    split = ~np.isin(corpus.source, whole)
    third = np.unique(corpus.group, return_inverse=True)[1] % 3
    out = [(str(s), corpus.source == s) for s in whole]
    parts = [(f"a third of templates ({i + 1} of 3)", split & (third == i)) for i in range(3)]
    return out + [(name, rows) for name, rows in parts if rows.any()]


def _matrix(text: npt.NDArray[np.object_], recipe: Recipe) -> Any:
    return comment_matrix(text.tolist(), recipe.bits)


def fit_sold(corpus: Corpus, matrix: Any, recipe: Recipe, bare: BareCopies | None = None) -> tuple[FloatArray, float]:
    """Return weights and bias of sold against ordinary.

    Parameters
    ----------
    corpus, matrix
        Comments and their columns.
    recipe
        Settings.
    bare
        The bare copies of all of them, where many fits share them; made anew if None.
    """
    plain, extra = _with_bare_copies(corpus, matrix, recipe, bare)
    return _logistic(plain, np.concatenate([corpus.sold, corpus.sold[extra[0]]]), extra[1], recipe)


def _with_bare_copies(
    corpus: Corpus, matrix: Any, recipe: Recipe, bare: BareCopies | None = None
) -> tuple[Any, tuple[IntArray, FloatArray]]:
    """Append copies of comments without what is accidental; return the matrix, the copied rows, and all weights."""
    from scipy.sparse import vstack

    weight = row_weights(corpus, recipe)
    rows = np.flatnonzero(np.random.default_rng(recipe.seed + 1).random(len(corpus)) < recipe.augment)
    copies = BareCopies.of(corpus.text[rows].tolist(), recipe.bits) if bare is None else bare.take(rows)
    rows = rows[copies.kept]
    both = np.concatenate([weight, weight[rows]])
    return vstack([matrix, copies.matrix[copies.kept]], format="csr"), (rows, both)


def _logistic(matrix: Any, y: BoolArray, weight: FloatArray, recipe: Recipe) -> tuple[FloatArray, float]:
    import warnings

    from scipy.sparse import diags
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    weight = weight / weight.mean()
    scale = contrast_scale(matrix, y, weight, recipe.contrast)
    model = LogisticRegression(C=recipe.strength, max_iter=recipe.rounds, tol=1e-4)
    with warnings.catch_warnings():
        # Stopped early is a little more regularisation.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit((matrix @ diags(scale)).tocsr(), y, sample_weight=weight)
    return model.coef_[0] * scale, float(model.intercept_[0])


def _fit_heads(corpus: Corpus, matrix: Any, recipe: Recipe) -> tuple[FloatArray, FloatArray]:
    """Return weights (4, columns) and biases of all heads: sold, and each sold kind against the other sold kinds."""
    plain, (rows, weight) = _with_bare_copies(corpus, matrix, recipe)
    kind = np.concatenate([corpus.kind, corpus.kind[rows]])
    weights, biases = [np.empty(0)] * len(KINDS), np.zeros(len(KINDS))
    weights[0], biases[0] = _logistic(plain, kind > 0, weight, recipe)
    sold = np.flatnonzero(kind > 0)
    for head in range(1, len(KINDS)):
        is_kind = kind[sold] == head
        if is_kind.all() or not is_kind.any():
            weights[head], biases[head] = np.zeros(plain.shape[1]), 0.0 if is_kind.any() else -8.0
            continue
        side = np.bincount(is_kind.astype(np.int64), weights=weight[sold])
        even = weight[sold] / side[is_kind.astype(np.int64)]
        weights[head], biases[head] = _logistic(plain[sold], is_kind, even, recipe)
    return np.stack(weights), biases


def section_reference(corpus: Corpus, probability: FloatArray, weight: FloatArray) -> BagReference:
    """Return the bag reference of held-out probabilities (weights as of :func:`evaluation_weights`)."""
    # Labelled ordinary comments were picked one by one: where there are real organic sections, only these are sections.
    keep = corpus.sold | (corpus.organic if corpus.organic.any() else True)
    made = corpus.source == "generated"
    section = np.char.add(np.char.add(corpus.source, "/"), np.where(made, "", corpus.section))
    return bag_reference(probability[keep], corpus.sold[keep], weight[keep], section[keep])


def _quantised(
    weights: FloatArray,
    bias: FloatArray,
    recipe: Recipe,
    calibration: tuple[float, float],
    cuts: tuple[float, float],
    bags: BagReference,
    facts: Mapping[str, Any],
) -> CommentModel:
    """Round weights to whole units; what is less than half a unit is gone."""
    style = np.rint(weights[:, :STYLE_SIZE] * (STYLE_WEIGHT * recipe.scale)).astype(np.int32)
    grams = np.rint(weights[:, STYLE_SIZE:] * recipe.scale).astype(np.int32)
    # The kinds need the strong pieces only; a smaller file for it.
    grams[1:][np.abs(grams[1:]) < recipe.scale // 8] = 0
    units = np.rint(bias * recipe.scale).astype(np.int64)
    return CommentModel(recipe.bits, recipe.scale, grams, style, units, *calibration, *cuts, bags, facts)


def _facts(corpus: Corpus, recipe: Recipe, facts: Mapping[str, Any] | None) -> dict[str, Any]:
    counts = {
        str(part): {KINDS[k]: int(((corpus.part == part) & (corpus.kind == k)).sum()) for k in range(len(KINDS))}
        for part in np.unique(corpus.part)
    }
    return {
        "counts": counts,
        "seed": recipe.seed,
        "prior": recipe.prior,
        "alarm_rate": recipe.alarm_rate,
        **(facts or {}),
    }


def _figures(corpus: Corpus, probability: FloatArray, high: float) -> dict[str, dict[str, float]]:
    """Return figures of held-out comments by part: ROC-AUC, share of ordinary and of sold comments called sold."""
    from sklearn.metrics import roc_auc_score

    out = {}
    for part in np.unique(corpus.part):
        rows = corpus.part == part
        sold, p = corpus.sold[rows], probability[rows]
        figures = {"comments": float(rows.sum())}
        if 0 < sold.sum() < len(sold):
            figures["roc_auc"] = float(roc_auc_score(sold, p))
        if not sold.all():
            figures["alarm_rate"] = float((p[~sold] >= high).mean())
        if sold.any():
            figures["recall"] = float((p[sold] >= high).mean())
        out[str(part)] = figures
    return out
