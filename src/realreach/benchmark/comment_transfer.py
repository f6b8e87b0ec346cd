"""Comments of sets that a model has never seen: ranking, and alarms on organic comments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from realreach.benchmark.comment_echoes import UNLABELLED, scored_together
from realreach.benchmark.comment_sets import PARTS, Material, fit_without
from realreach.benchmark.measure import from_scores
from realreach.benchmark.result import Figure, Method, Result
from realreach.comment_text.model import default_comment_model
from realreach.false_alarms import wilson_interval
from realreach.tables.core import FloatArray, IntArray

__all__ = ["ORGANIC", "SHIPPED", "organic_lines", "plain_of", "shipped_scores", "transfer_lines"]

ORGANIC = {
    "youtube_id_trending": "comments_youtube_id_2025",
    "youtube_id_gambling_topic": "comments_youtube_id_2025",
    "youtube_en_2013": "comments_youtube_en_2013",
    "instagram_organic": "comments_instagram_id_celebs",
}
"""Unlabelled organic comments and their sets."""

SHIPPED = ("comments_x_ai_replies_en", "comments_bot_templates")
"""Sets that the shipped model was trained on."""
_ALARMS = 0.03
_COMPARED: tuple[Method, ...] = ("baseline", "ours")
_TRAINED_ON: Mapping[Method, str] = {
    "baseline": "trained on the labelled comments of all other sets; intervals over templates",
    "ours": "trained on all other sets and generated comments; intervals over templates",
    "zero-shot": "never trained on this set; intervals over templates",
}


def shipped_scores(material: Material, rows: IntArray) -> FloatArray:
    """Return the shipped model's probability of some rows."""
    return material.shipped[rows]


def transfer_lines(material: Material) -> Iterator[Result]:
    """Yield, for each labelled part, how models of all other sets rank it; then the mean over parts."""
    reached: dict[tuple[Method, str], list[float]] = {}
    for part, source in PARTS.items():
        if not material.has(part):
            continue
        material.report(f"comments: {part} held out as a set")
        rows, corpus = material.rows(part), material.corpus
        y = corpus.sold[rows].astype(np.float64)
        aims = {"roc_auc": 0.95} if part == "bot_praise_de" else {}
        ours = fit_without(material, [source], references=False).sold(material.matrix[rows])
        scores: list[tuple[Method, str, FloatArray]] = [
            ("baseline", "TF-IDF words and characters, logistic regression", plain_of(material, [source], rows)),
            *_alone_and_together(material, rows, "ours", "comment model trained on the other sets", ours),
        ]
        if source not in SHIPPED:
            shipped = shipped_scores(material, rows)
            scores += _alone_and_together(material, rows, "zero-shot", "shipped comment model", shipped)
        for method, name, p in scores:
            line = from_scores(source, f"{part}: leave one data set out", method, name, y, p, probabilities=False,
                               groups=corpus.group[rows], aims=aims if method == "ours" else {},
                               protocol=_TRAINED_ON[method])  # fmt: skip
            if method in _COMPARED:
                ending = UNLABELLED if name.endswith(UNLABELLED) else ""
                reached.setdefault((method, ending), []).append(line.figures["roc_auc"].value)
            yield line
    for (kind, ending), values in reached.items():
        figure = {"mean_roc_auc": Figure(float(np.mean(values)))}
        aims = {"mean_roc_auc": 0.87} if kind == "ours" else {}
        yield Result(
            "all", f"mean over {len(values)} parts", kind, f"leave one data set out{ending}", 0, 0, figure, aims=aims
        )


def _alone_and_together(
    material: Material, rows: IntArray, method: Method, name: str, p: FloatArray
) -> list[tuple[Method, str, FloatArray]]:
    """Return a method's scores of single comments, and those of the same comments as one section."""
    return [(method, name, p), (method, name + UNLABELLED, scored_together(material.corpus.text[rows], p))]


def plain_of(material: Material, without: list[str], rows: IntArray) -> FloatArray:
    """Return the baseline's score of some rows, fitted to the labelled comments of all sets but some."""
    key, corpus = frozenset(without), material.corpus
    if key not in material.plain:
        # What a plain user would do: pool the labelled real comments of the other sets.
        train = np.flatnonzero(~np.isin(corpus.source, [*without, "generated"]) & ~corpus.organic)
        material.plain[key] = material.plain_texts.scores(train, corpus.sold[train], np.arange(len(corpus)))
    return material.plain[key][rows]


def organic_lines(material: Material) -> Iterator[Result]:
    """Yield how much of organic comments is called sold, by models that have not seen the set."""
    for source in dict.fromkeys(ORGANIC.values()):
        parts = [p for p, s in ORGANIC.items() if s == source and material.has(p)]
        if not parts:
            continue
        material.report(f"comments: alarms on {', '.join(parts)}")
        fitted = fit_without(material, [source], references=True)
        shipped = default_comment_model()
        recall = _shipped_recall(material, shipped.high)
        for part in parts:
            rows = material.rows(part)
            plain = plain_of(material, [source], rows) >= 0.5
            yield _alarms(source, part, "baseline", "TF-IDF, logistic regression, called at 0.5", plain)
            called = fitted.sold(material.matrix[rows]) >= fitted.high
            yield _alarms(
                source, part, "ours", "trained on the other sets, their threshold", called, fitted.held_out_recall
            )
            called = shipped_scores(material, rows) >= shipped.high
            yield _alarms(source, part, "zero-shot", "shipped comment model and threshold", called, recall)


def _shipped_recall(material: Material, high: float) -> float:
    """Return the mean, over labelled parts that the shipped model has not seen, of the share of sold called sold."""
    found = []
    for part, source in PARTS.items():
        if source not in SHIPPED and material.has(part):
            rows = material.rows(part)
            found.append(float((shipped_scores(material, rows[material.corpus.sold[rows]]) >= high).mean()))
    return float(np.mean(found)) if found else np.nan


def _alarms(source: str, part: str, method: Method, name: str, called: np.ndarray, recall: float = np.nan) -> Result:
    n, hits = len(called), int(called.sum())
    figures = {"organic_alarms": Figure(hits / n, *wilson_interval(hits, n))}
    if np.isfinite(recall):
        figures["recall_on_held_out_sets"] = Figure(recall)
    aims = {} if method == "baseline" else {"organic_alarms": _ALARMS}
    note = "unlabelled: some of it is truly spam" if part in ("youtube_en_2013", "instagram_organic") else ""
    return Result(
        source, f"{part}: organic called sold", method, name, n, 0, figures, "set not trained on", aims, note=note
    )
