"""Comments of labelled sets split within: other videos, other accounts, other templates."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from realreach.benchmark.comment_echoes import UNLABELLED, seen_together
from realreach.benchmark.comment_sets import Material
from realreach.benchmark.measure import from_scores
from realreach.benchmark.plain_text import PlainTexts
from realreach.benchmark.result import Figure, Result
from realreach.datasets.comment_labels import read_comment_set
from realreach.learning.comment_matrix import comment_matrix, contrast_scale, rarity_scale, template_groups
from realreach.learning.comment_weights import row_weights
from realreach.tables.core import FloatArray, IntArray

__all__ = ["BoolArray", "Judged", "Rows", "even_cut", "judged_by_folds", "template_folds", "within_lines"]

BoolArray = npt.NDArray[np.bool_]

_TASKS = (
    # set, part, split by, aim of F1
    ("comments_youtube_spam_2015", "youtube_spam", "video", 0.955),
    ("comments_instagram_id_celebs", "instagram_ads", "account", 0.91),
    ("comments_judol_id", "judol", "template", 0.985),
)


@dataclass(frozen=True)
class _Candidate:
    """What is chosen from: mean of models of some (loss, inverse penalty, contrast, rarity), and mass of other sets."""

    models: tuple[tuple[str, float, float, float], ...]
    mass: float

    def cut(self, sold: BoolArray, margin: FloatArray) -> tuple[float, float]:
        """Return the threshold on held-out margins of the training part, and the F1 there.

        Both kinds weigh the same in the fit, so that 0 is its own threshold; with comments of other sets in it, it is
        not, and the even cut is taken.
        """
        return even_cut(sold, margin) if self.mass else (0.0, _f1(sold, margin >= 0.0))


_CANDIDATES = (
    _Candidate((("squared_hinge", 1.0, 0.5, 1.0), ("squared_hinge", 1.0, 0.0, 1.0)), mass=0.0),
    _Candidate((("squared_hinge", 0.3, 0.5, 0.0), ("logistic", 1.0, 0.5, 0.0)), mass=0.3),
)
"""Chosen from inside the training part: the set's own comments alone, or with those of other sets."""
_MOST, _QUICK = 12_000, 1_000
_HELP = 10_000
_INNER = 4
_ROUNDS = 300
_FEW = 3_000


def within_lines(datasets: Path, material: Material, *, quick: bool, seed: int) -> Iterator[Result]:
    """Yield the baseline's and our line of each set that is there."""
    for name, part, split, aim in _TASKS:
        if not (datasets / name).is_dir():
            continue
        material.report(f"comments: {part}, other {split}")
        rows = read_comment_set(name, datasets / name, repeats=True)
        rows = rows[rows["part"] == part]
        most = _QUICK if quick else _MOST
        if len(rows) > most:
            rows = rows.iloc[np.sort(np.random.default_rng(seed).permutation(len(rows))[:most])]
        text, sold = rows["text"].to_numpy(dtype=object), (rows["kind"] != "ordinary").to_numpy()
        group = template_groups(text.tolist())
        fold = _folds(rows["section"].to_numpy(dtype=str), group, split, seed)
        protocol = (
            f"other {split}, {len(np.unique(fold))} folds; all choices, the threshold too, inside the training part"
        )
        inner = fold if split == "video" else template_folds(group, seed)
        plain, ours, called = judged_by_folds(material, name, Rows(text, sold, group, fold, inner), seed)
        y, fresh = sold.astype(np.float64), ~_seen_elsewhere(text, fold)
        together, own = seen_together(text, fold, ours), "comment model with the set's own comments"
        for method, label, p, hits, aims in (
            ("baseline", "TF-IDF words and characters, logistic regression at 0.5", plain, plain >= 0.5, {}),
            ("ours", own, ours, called, {"f1": aim}),
            ("ours", own + UNLABELLED, together, together >= 0.0, {"f1": aim}),
        ):
            line = from_scores(name, f"{part}: other {split}", method, label, y, p, groups=group, called=hits,  # type: ignore[arg-type]
                               probabilities=False, protocol=protocol, aims=aims)  # fmt: skip
            figures = {**line.figures, "f1_of_texts_not_in_training": Figure(_f1(sold[fresh], hits[fresh]))}
            yield Result(
                line.dataset,
                line.task,
                line.method,
                line.name,
                line.n,
                line.positives,
                figures,
                line.protocol,
                line.aims,
            )
        zero = shipped_scores_of(text)
        yield from_scores(name, f"{part}: all rows", "zero-shot", "shipped comment model", y, zero, groups=group,
                          called=zero >= shipped_threshold(), protocol="never trained on this set")  # fmt: skip


class Rows(NamedTuple):
    """Comments of one set: texts, kinds, templates, folds that are judged, and folds for choices on the rest."""

    text: npt.NDArray[Any]
    sold: BoolArray
    group: IntArray
    fold: IntArray
    inner: IntArray


class Judged(NamedTuple):
    """The baseline's probability, our margin, and which comments we call sold, each by a model of the other folds."""

    plain: FloatArray
    ours: FloatArray
    called: BoolArray


def judged_by_folds(material: Material, name: str, rows: Rows, seed: int) -> Judged:
    """Return what models of the other folds say of each fold; ``name`` is the set, of which no helper is drawn.

    The same rows in the same folds are judged once.
    """
    parts = (name, *rows.text.tolist(), rows.sold.tobytes(), *(part.tobytes() for part in rows[2:]), seed)
    key = hashlib.blake2b(repr(parts).encode(), digest_size=16).digest()
    if key not in material.judged:
        material.judged[key] = _judged(material, name, rows, seed)
    judged: Judged = material.judged[key]
    return judged


def _judged(material: Material, name: str, rows: Rows, seed: int) -> Judged:
    out = Judged(np.zeros(len(rows.sold)), np.zeros(len(rows.sold)), np.zeros(len(rows.sold), dtype=bool))
    matrix = comment_matrix(rows.text.tolist(), material.recipe.bits)
    own, texts = _Own(matrix, rows.sold, rows.group, _Help.of(material, name, seed)), PlainTexts(rows.text.tolist())
    for number in np.unique(rows.fold):
        test = rows.fold == number
        train = np.flatnonzero(~test)
        out.plain[test] = texts.scores(train, rows.sold[train], np.flatnonzero(test))
        out.ours[test], out.called[test] = own.judge(test, rows.inner)
    return out


def shipped_scores_of(text: npt.NDArray[Any]) -> FloatArray:
    """Return the shipped model's probabilities."""
    import pyarrow as pa

    from realreach.comment_text.model import default_comment_model
    from realreach.comment_text.normalise import normalise

    return default_comment_model().sold(normalise(pa.array(text.tolist(), pa.large_string())))


def shipped_threshold() -> float:
    """Return the shipped model's upper threshold."""
    from realreach.comment_text.model import default_comment_model

    return default_comment_model().high


def _folds(section: npt.NDArray[np.str_], group: IntArray, split: str, seed: int) -> IntArray:
    """Return the fold of every row: its video or account, or one of five that hold whole templates."""
    if split != "template":
        return np.asarray(np.unique(section, return_inverse=True)[1], dtype=np.int64)
    return template_folds(group, seed)


def template_folds(group: IntArray, seed: int) -> IntArray:
    """Return one of five folds for every row, whole templates in each."""
    return np.asarray(np.random.default_rng(seed).permutation(int(group.max()) + 1)[group] % 5, dtype=np.int64)


def _seen_elsewhere(text: npt.NDArray[Any], fold: npt.NDArray[np.int64]) -> BoolArray:
    """Return which rows repeat a text of another fold (case and spaces apart)."""
    keys = np.array([" ".join(t.lower().split()) for t in text])
    number = np.unique(keys, return_inverse=True)[1]
    low, high = np.full(number.max() + 1, 99), np.full(number.max() + 1, -1)
    np.minimum.at(low, number, fold)
    np.maximum.at(high, number, fold)
    return np.asarray(low[number] != high[number], dtype=bool)


def _f1(y: BoolArray, called: BoolArray) -> float:
    hits = float((y & called).sum())
    return 2 * hits / max(float(y.sum() + called.sum()), 1.0)


class _Help:
    """Comments of other sets that are trained on beside the own ones."""

    def __init__(self, matrix: Any, sold: BoolArray, weight: FloatArray) -> None:
        self.matrix, self.sold, self.weight = matrix, sold, weight / weight.sum()

    @classmethod
    def of(cls, material: Material, name: str, seed: int) -> _Help:
        rows = np.flatnonzero(material.corpus.source != name)
        rows = np.sort(np.random.default_rng(seed).permutation(rows)[:_HELP])
        corpus = material.corpus.take(rows)
        return cls(material.matrix[rows], corpus.sold, row_weights(corpus, material.recipe))


class _Own:
    """The rows of a set, with the help of others; judges a test part by a model of the rest."""

    def __init__(self, matrix: Any, sold: BoolArray, group: npt.NDArray[np.int64], others: _Help) -> None:
        self.matrix, self.sold, self.group, self.others = matrix, sold, group, others
        self.models: dict[tuple[bytes, _Candidate], Callable[[IntArray], FloatArray]] = {}

    def judge(self, test: BoolArray, inner: npt.NDArray[np.int64]) -> tuple[FloatArray, BoolArray]:
        """Return margins of the test rows, and which are called sold; all choices are made on the other rows.

        For each candidate the training rows are held out by the numbers of ``inner``; its threshold
        is chosen on these held-out margins, and the candidate of the highest F1 there is fitted to all training
        rows.
        """
        train = np.flatnonzero(~test)
        best: tuple[float, float, _Candidate] | None = None
        for candidate in _CANDIDATES:
            margin = np.full(len(train), np.nan)
            # Large sets need no more than a fifth of them to choose by.
            for number in np.unique(inner[train])[: _INNER if len(train) < _FEW else 1]:
                held = inner[train] == number
                margin[held] = self._model(train[~held], candidate)(train[held])
            judged = ~np.isnan(margin)
            cut, reached = candidate.cut(self.sold[train[judged]], margin[judged])
            if best is None or reached > best[0]:
                best = (reached, cut, candidate)
        assert best is not None
        margin = self._model(train, best[2])(np.flatnonzero(test)) - best[1]
        return margin, margin >= 0.0

    def _model(self, rows: npt.NDArray[np.int64], candidate: _Candidate) -> Callable[[IntArray], FloatArray]:
        # Without fold A, holding out B, is without B, holding out A: fitted once.
        key = rows.tobytes(), candidate
        if key not in self.models:
            self.models[key] = self._fit(rows, candidate)
        return self.models[key]

    def _fit(self, rows: npt.NDArray[np.int64], candidate: _Candidate) -> Callable[[IntArray], FloatArray]:
        from scipy.sparse import diags, vstack

        weight, matrix, y = self._even(rows), self.matrix[rows], self.sold[rows]
        if candidate.mass:
            weight = np.concatenate([weight, candidate.mass * self.others.weight])
            matrix = vstack([matrix, self.others.matrix], format="csr")
            y = np.concatenate([y, self.others.sold])
        weight = weight / weight.mean()
        weights, bias = np.zeros(matrix.shape[1]), 0.0
        for loss, strength, contrast, rarity in candidate.models:
            scale = contrast_scale(matrix, y, weight, contrast) * rarity_scale(matrix, rarity)
            found, start = _linear(loss, strength, (matrix @ diags(scale)).tocsr(), y, weight)
            found = found * scale
            unit = float(np.abs(self.matrix[rows] @ found + start).mean())
            # A mean of linear models is one; each counts in units of its own margins.
            weights, bias = weights + found / unit, bias + start / unit
        return lambda wanted: np.asarray(self.matrix[wanted] @ weights + bias)

    def _even(self, rows: npt.NDArray[np.int64]) -> FloatArray:
        """Return weights by which near twins share one and both kinds count the same (sum 1)."""
        within = 1.0 / np.sqrt(np.bincount(self.group[rows])[self.group[rows]])
        side = self.sold[rows].astype(np.int64)
        return np.asarray(within * (0.5 / np.maximum(np.bincount(side, weights=within, minlength=2), 1e-12))[side])


def _linear(loss: str, strength: float, matrix: Any, y: BoolArray, weight: FloatArray) -> tuple[FloatArray, float]:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.svm import LinearSVC

    model: Any = (
        LogisticRegression(C=strength, max_iter=60, tol=1e-3)
        if loss == "logistic"
        else LinearSVC(C=strength, tol=1e-3, max_iter=_ROUNDS, random_state=0)
    )
    with warnings.catch_warnings():
        # Stopped early is a little more regularisation, nothing worse.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(matrix, y, sample_weight=weight)
    return model.coef_[0], float(model.intercept_[0])


def even_cut(sold: BoolArray, margin: FloatArray) -> tuple[float, float]:
    """Return the threshold that calls as many comments sold as are sold, and the F1 there (precision equals recall).

    A quantile of the margins, which is steadier over small parts than the threshold of the highest F1.

    Examples
    --------
    >>> even_cut(np.array([True, True, False]), np.array([3.0, 1.0, 0.0]))
    (0.5, 1.0)
    """
    falling = np.sort(margin)[::-1]
    count = int(sold.sum())
    below = falling[min(count, len(falling) - 1)]
    cut = float((falling[max(count, 1) - 1] + below) / 2.0)
    return cut, _f1(sold, margin >= cut)
