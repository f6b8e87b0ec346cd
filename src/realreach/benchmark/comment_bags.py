"""Mixed comment sections: how well they are told from clean ones, and how often clean ones are accused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from realreach.benchmark.comment_echoes import UNLABELLED, scored_together
from realreach.benchmark.comment_sets import PARTS, Fitted, Material, fit_without
from realreach.benchmark.comment_transfer import ORGANIC, SHIPPED, plain_of, shipped_scores
from realreach.benchmark.result import Figure, Method, Result
from realreach.comment_text.bags import LEAST, BagReference, bag_tests
from realreach.comment_text.model import default_comment_model
from realreach.false_alarms import wilson_interval
from realreach.tables.core import FloatArray, IntArray

__all__ = ["COMPANIONS", "bag_lines", "draw_bags", "rank_lines", "section_lines", "sections_of"]

COMPANIONS = {
    "youtube_spam": "youtube_en_2013",
    "instagram_ads": "instagram_organic",
    "judol": "youtube_id_trending",
    "bot_praise_de": "youtube_id_trending",
    "x_posts": "youtube_en_2013",
}
"""Whose organic comments fill the bags into which sold comments of a set are put."""

SHARES = (0, 5, 10, 20)
"""Sold comments in a bag of 100."""
_BAG = 100
_RANDOM_BAGS = 200
_SMALL = 2 * LEAST
_AIMS = {"roc_auc_5pct": 0.85, "roc_auc_10pct": 0.95, "roc_auc_20pct": 0.99}
_ACCUSED = {"p01_alarms": 0.02, "p05_alarms": 0.08}
_Scores = tuple[Method, str, FloatArray, BagReference | None]


def bag_lines(material: Material, count: int, seed: int) -> Iterator[Result]:
    """Yield how well mixed sections are told from clean ones, at 5, 10 and 20 % of sold comments.

    The sold comments of each part are put into organic comments of another set, and into the comments of the part's own
    set that its makers labelled ordinary.
    """
    for part, companion in COMPANIONS.items():
        if not (material.has(part) and material.has(companion)):
            continue
        material.report(f"comments: bags of {part} in {companion}")
        corpus, rows = material.corpus, material.rows(part)
        sources = [PARTS[part], ORGANIC[companion]]
        fitted = fit_without(material, sources, references=True)
        bought, own = rows[corpus.sold[rows]], rows[~corpus.sold[rows]]
        homes = {companion: material.rows(companion), "labelled ordinary comments of the set": own}
        for home, ordinary in homes.items():
            if len(ordinary) < _BAG or not len(bought):
                continue
            both = np.concatenate([bought, ordinary])
            bags = draw_bags(len(bought), len(ordinary), count, seed)
            plain: _Scores = ("baseline", "mean TF-IDF score", plain_of(material, sources, both), None)
            for line in (plain, *_scores(material, fitted, both, shipped=PARTS[part] not in SHIPPED)):
                yield _bag_line(part, home, line, bags, len(bought), aims=home == companion)


def _scores(material: Material, fitted: Fitted, rows: IntArray, *, shipped: bool) -> Iterator[_Scores]:
    """Yield our methods with their probabilities of some rows, and their bag references."""
    yield "ours", "bag test, trained on the other sets", fitted.sold(material.matrix[rows]), fitted.bags
    model = default_comment_model()
    if shipped and model.bags is not None:
        yield "zero-shot", "bag test, shipped comment model", shipped_scores(material, rows), model.bags


def draw_bags(bought: int, organic: int, count: int, seed: int) -> list[IntArray]:
    """Return, for each share, ``count`` bags of 100 as places in (bought comments, then organic ones)."""
    rng = np.random.default_rng(seed)

    def one(share: int) -> IntArray:
        sold = rng.choice(bought, share, replace=share > bought)
        return np.concatenate([sold, bought + rng.choice(organic, _BAG - share, replace=False)])

    return [np.stack([one(share) for _ in range(count)]) for share in SHARES]


def _bag_line(part: str, home: str, scores: _Scores, bags: list[IntArray], bought: int, *, aims: bool) -> Result:
    from sklearn.metrics import roc_auc_score

    method, name, p, reference = scores
    values = [_suspicion(p, b, reference) for b in bags]
    figures = {}
    for share, score in zip(SHARES[1:], values[1:], strict=True):
        y = np.repeat([0, 1], [len(values[0]), len(score)])
        figures[f"roc_auc_{share}pct"] = Figure(float(roc_auc_score(y, np.concatenate([values[0], score]))))
    return Result(
        PARTS[part], f"{part}: bags of 100 in {home}", method, name, sum(map(len, bags)), 0, figures,
        "neither the sold nor the organic set trained on", _AIMS if aims and method == "ours" else {},
        note=f"{bought:,} sold comments",
    )  # fmt: skip


def _suspicion(p: FloatArray, bags: IntArray, reference: BagReference | None) -> FloatArray:
    """Return one number for each bag that rises with suspicion."""
    if reference is None:
        return np.asarray(p[bags].mean(axis=1))
    owner = np.repeat(np.arange(len(bags)), bags.shape[1])
    return bag_tests(p[bags.ravel()], owner, len(bags), reference).expected


def rank_lines(material: Material, count: int, seed: int) -> Iterator[Result]:
    """Yield how well sold comments are told from ordinary ones of their set inside sections that hold few of them."""
    for part, source in PARTS.items():
        if not material.has(part):
            continue
        rows = material.rows(part)
        sold = material.corpus.sold[rows]
        bought, ordinary = rows[sold], rows[~sold]
        if len(ordinary) < _BAG or not len(bought):
            continue
        material.report(f"comments: sold ones inside sections of {part}")
        both = np.concatenate([bought, ordinary])
        p = fit_without(material, [source], references=True).sold(material.matrix[both])
        bags = draw_bags(len(bought), len(ordinary), count, seed)
        for together in (False, True):
            figures = {
                f"roc_auc_{share}pct": _mean_rank(material.corpus.text[both], p, drawn, share, together=together)
                for share, drawn in zip(SHARES[1:], bags[1:], strict=True)
            }
            name, n = "comment model trained on the other sets" + (UNLABELLED if together else ""), _BAG * count
            yield Result(
                source, f"{part}: which of 100 comments are sold", "ours", name, n * len(figures), 0, figures,
                "mean over sections of comments of the set, which was not trained on",
            )  # fmt: skip


def _mean_rank(texts: npt.NDArray[Any], p: FloatArray, bags: IntArray, share: int, *, together: bool) -> Figure:
    """Return the mean ROC-AUC of comments within bags, whose first ``share`` comments are sold."""
    from sklearn.metrics import roc_auc_score

    score = p[bags.ravel()]
    if together:
        score = scored_together(texts[bags.ravel()], score, bags.shape[1])
    y = np.arange(bags.shape[1]) < share
    return Figure(float(np.mean([roc_auc_score(y, of_bag) for of_bag in score.reshape(bags.shape)])))


def section_lines(material: Material, seed: int) -> Iterator[Result]:
    """Yield how often ordinary sections of sets not trained on have a low p-value: real sections, or random bags."""
    parts = {**ORGANIC, **PARTS}
    for part, source in parts.items():
        if not material.has(part):
            continue
        rows = material.rows(part)
        rows = rows[~material.corpus.sold[rows]]
        bags, real = sections_of(rows, material.corpus.section[rows], seed)
        if not bags:
            continue
        material.report(f"comments: clean sections of {part}")
        fitted = fit_without(material, [source], references=True)
        used = np.concatenate(bags)
        for method, name, p, reference in _scores(material, fitted, used, shipped=source not in SHIPPED):
            yield _section_line(part, source, (method, name, p, reference), bags, real=real)


def sections_of(rows: IntArray, section: np.ndarray, seed: int) -> tuple[list[IntArray], bool]:
    """Return sections as rows, and whether they are real ones: where none has 20 comments, random bags of 100."""
    big = [name for name, size in zip(*np.unique(section, return_counts=True), strict=True) if size >= _SMALL]
    if len(big) > 1:
        return [part for name in big for part in _pieces(rows[section == name])], True
    if len(rows) < _BAG:
        return [], False
    rng = np.random.default_rng(seed)
    return [rng.choice(rows, _BAG, replace=False) for _ in range(_RANDOM_BAGS)], False


def _pieces(rows: IntArray) -> list[IntArray]:
    """Return a section in pieces of 100 to 199 comments, or whole if it is smaller."""
    count = max(1, len(rows) // _BAG)
    return [rows[at::count] for at in range(count)]


def _section_line(part: str, source: str, scores: _Scores, bags: list[IntArray], *, real: bool) -> Result:
    method, name, p, reference = scores
    assert reference is not None, "only methods with a reference have p-values"
    owner = np.repeat(np.arange(len(bags)), [len(bag) for bag in bags])
    found = bag_tests(p, owner, len(bags), reference).p_value
    figures = {}
    for metric, level in (("p01_alarms", 0.01), ("p05_alarms", 0.05)):
        hits = int((found < level).sum())
        # Random bags share comments: an interval over them would be too narrow.
        figures[metric] = Figure(hits / len(bags), *(wilson_interval(hits, len(bags)) if real else ()))
    kind = "real sections" if real else "random bags of 100"
    doubt = "; unlabelled: some of it is truly spam" if part in ("youtube_en_2013", "instagram_organic") else ""
    return Result(
        source, f"{part}: clean sections with p below 1 and 5 %", method, name, len(bags), 0, figures,
        "set not trained on and not in the reference", _ACCUSED, note=kind + doubt,
    )  # fmt: skip
