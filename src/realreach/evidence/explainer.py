"""From a loaded model and tables to explanations: for one creator, for the flagged ones, or for a whole batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from realreach.bundle import Bundle
from realreach.errors import UsageError
from realreach.evidence.counterfactual import Edit, authenticity_without
from realreach.evidence.explanation import Evidence, Explanation
from realreach.evidence.items import CommentItem, Counterfactual, PostItem
from realreach.evidence.selection import WINDOW_CODES, Chosen, choose_comments, choose_posts
from realreach.evidence.window_items import same_day_strength, window_item, with_crowd
from realreach.features.innocence import Innocence
from realreach.features.view import View, decision_days
from realreach.features.windows import Windows
from realreach.model import Assessment, FittedModel, combination_name
from realreach.reasons.code import LANGUAGES, Language
from realreach.reasons.reason import Parts, Reason, parts_of
from realreach.scores import Scorer
from realreach.tables.core import FloatArray, IntArray, Tables

__all__ = ["explain", "explain_rows", "explanations_of"]

_RECENT_DAYS = 45.0
_LEAST_CHANGE = 0.1
"""Points that the score must rise by without some rows for them to be shown as evidence."""


def explain(
    scorer: Scorer,
    tables: Tables,
    creator_id: str | Sequence[str] | None = None,
    as_of: object = None,
    *,
    language: str = "en",
    texts: bool = False,
    crowd: bool = True,
) -> list[Explanation]:
    """Explain the scores of some creators, or of all that the model flags.

    Parameters
    ----------
    scorer
        A loaded model.
    tables
        Checked tables. Where there are other creators in them, their same days are asked too (``crowd``).
    creator_id
        Key or keys; None: all creators above the model's operating point.
    as_of
        Day of the decision; see :func:`realreach.build_features`.
    language
        ``en`` or ``id``.
    texts
        Whether the texts of comments are quoted; they are named by their keys otherwise.
    crowd
        Whether growth of other creators on the same days may explain a window.

    Returns
    -------
    list of Explanation
        In the order asked for, or of the tables.

    Raises
    ------
    UsageError
        If a key is not in the creators table, or the language is unknown.
    """
    days = decision_days(tables, as_of)
    matrix = scorer.bundle.features(tables, days)
    rows = _rows(scorer, tables, matrix, creator_id)
    return explanations_of(scorer.bundle, matrix, tables, days, rows, language=language, texts=texts, crowd=crowd)


def _rows(scorer: Scorer, tables: Tables, matrix: FloatArray, wanted: str | Sequence[str] | None) -> IntArray:
    if wanted is None:
        model = scorer.bundle.model
        probability, limit = model.probabilities(matrix), model.calibration.limit(model.judged(matrix))
        with np.errstate(invalid="ignore"):
            return np.flatnonzero(probability > limit)
    keys = [wanted] if isinstance(wanted, str) else list(wanted)
    place = {key: i for i, key in enumerate(tables.creator_ids.to_pylist())}
    unknown = sum(key not in place for key in keys)
    if unknown:
        raise UsageError(
            f"{unknown} of {len(keys)} creators asked for are not in the creators table (or their row was set aside). "
            "Check the keys."
        )
    return np.array([place[key] for key in keys], dtype=np.int64)


def explain_rows(
    bundle: Bundle,
    matrix: FloatArray,
    tables: Tables,
    days: FloatArray,
    rows: IntArray,
    *,
    language: str = "en",
    most: int = 6,
    view: View | None = None,
    assessed: Assessment | None = None,
) -> list[dict[str, Any]]:
    """Return the short explanation of many rows at once: reasons and windows, without posts, comments, counterfactuals.

    Parameters
    ----------
    bundle
        The loaded model.
    matrix
        Features of all creators of the tables.
    tables, days
        Checked tables, and each creator's day of decision (days since 1970-01-01).
    rows
        Creators that are wanted.
    most
        Reasons told of each direction; what the others add is in ``rest_points``.
    view
        What the features were made of, if it is there already: all creators of the tables.
    assessed
        What the model said of the creators that are wanted, if that is known already.

    Returns
    -------
    list of dict
        JSON-ready: ``base_points``, ``rest_points``, ``reasons``, ``windows``; the points add up to the authenticity.
    """
    words = _language(language)
    if view is None:
        view, matrix = View(tables.take(rows), days[rows], bundle.comment_model, bundle.account_model), matrix[rows]
        rows = np.arange(len(rows))
    parts = parts_of(bundle.model, matrix, view, words, rows=rows, most=most, assessed=assessed)
    tested = view.innocence
    by_creator = _by_creator(tested, len(view))
    return [
        {
            "base_points": _number(part.base_points),
            "rest_points": _number(part.rest_points),
            "reasons": [r.to_dict() for way in ("hurts", "helps") for r in part.reasons if r.direction == way],
            "windows": [window_item(tested, k, words).to_dict() for k in by_creator[row]],
        }
        for row, part in zip(rows.tolist(), parts, strict=True)
    ]


@dataclass(frozen=True, eq=False)
class _Batch:
    """What is known of the creators that are explained."""

    view: View
    tested: Innocence
    windows: list[list[int]]
    parts: list[Parts]
    matrix: FloatArray
    language: Language
    texts: bool


def explanations_of(
    bundle: Bundle,
    matrix: FloatArray,
    tables: Tables,
    days: FloatArray,
    rows: IntArray,
    *,
    language: str = "en",
    texts: bool = False,
    crowd: bool = True,
    only_carrying: bool = True,
) -> list[Explanation]:
    """Explain creators whose features are already there; see :func:`explain` and :func:`explain_rows`.

    With ``only_carrying`` rows are evidence only if the score rises without them; without it all that were chosen are
    (to measure how often the choice is right).
    """
    model = bundle.model
    words = _language(language)
    if len(rows) == 0:
        return []
    view = View(tables.take(rows), days[rows], bundle.comment_model, bundle.account_model)
    tested = view.innocence
    if crowd and len(tables) > 1:
        tested = _crowded(tested, tables, days, rows, len(view))
    parts = parts_of(model, matrix[rows], view, words)
    batch = _Batch(view, tested, _by_creator(tested, len(rows)), parts, matrix[rows], words, texts)
    probability = model.probabilities(matrix[rows])
    scores = 100.0 * (1.0 - probability)
    proofs = [[_proof(batch, i, reason) for reason in part.reasons] for i, part in enumerate(parts)]
    proofs = _carrying(model, batch, proofs, scores, _LEAST_CHANGE if only_carrying else -np.inf)
    wholes = [_whole(i, own) for i, own in enumerate(proofs)]
    some = [i for i, whole in enumerate(wholes) if whole]
    without = dict(zip(some, authenticity_without(model, view, tested.windows, [wholes[i] for i in some]), strict=True))
    judged = model.judged(matrix[rows])
    limit = model.calibration.limit(judged)
    ids = view.tables.creator_ids.to_pylist()
    out = []
    for i, part in enumerate(parts):
        is_scored = bool(np.isfinite(probability[i]))
        out.append(
            Explanation(
                creator_id=ids[i],
                as_of=str(np.datetime64(int(days[rows[i]]), "D")),
                language=words,
                status="scored" if is_scored else "insufficient_data",
                authenticity=float(scores[i]) if is_scored else None,
                flagged=bool(probability[i] > limit[i]) if is_scored else None,
                coverage=combination_name(int(judged[i])),
                model=bundle.name,
                base_points=part.base_points if is_scored else None,
                rest_points=part.rest_points if is_scored else None,
                reasons=part.reasons if is_scored else (),
                evidence=tuple(p.evidence for p in proofs[i]) if is_scored else (),
                windows=tuple(window_item(tested, k, words) for k in batch.windows[i]),
                without_all=_moved(without.get(i), scores[i]) if is_scored else None,
            )
        )
    return out


def _language(language: str) -> Language:
    for known in LANGUAGES:
        if language == known:
            return known
    raise UsageError(f"language must be one of {', '.join(LANGUAGES)}, got {language!r:.20}")


def _number(value: float) -> float | None:
    return round(value, 1) if np.isfinite(value) else None


def _crowded(tested: Innocence, tables: Tables, days: FloatArray, rows: IntArray, n: int) -> Innocence:
    """Ask the whole batch what it did on the days of the windows of the creators explained."""
    curve = View(tables, days).curve
    if curve is None or len(tested.windows) == 0:
        return tested
    everyone = _moved_windows(tested, curve.starts, rows)
    return with_crowd(tested, same_day_strength(everyone, curve))


def _moved_windows(tested: Innocence, starts: IntArray, rows: IntArray) -> Innocence:
    """Return the test with its windows placed among the curves of all creators of the batch."""
    w = tested.windows
    own = np.zeros(len(rows) + 1, dtype=np.int64)
    own[1:] = np.cumsum(starts[rows + 1] - starts[rows])
    shift = starts[rows[w.owner]] - own[w.owner]
    places = np.array([rows[w.owner], w.first + shift, w.last + shift])
    return replace(tested, windows=Windows(places, w.numbers))


def _by_creator(tested: Innocence, n: int) -> list[list[int]]:
    out: list[list[int]] = [[] for _ in range(n)]
    for i, owner in enumerate(tested.windows.owner.tolist()):
        out[owner].append(i)
    return out


@dataclass(frozen=True, eq=False)
class _Proof:
    """What carries one reason: positions, rows, and what would take it out."""

    evidence: Evidence
    edit: Edit


def _proof(batch: _Batch, creator: int, reason: Reason) -> _Proof:
    """Collect what carries a reason; nothing for reasons that help, and for those that the whole carries."""
    nothing = _Proof(Evidence(), Edit(creator))
    if reason.direction == "helps":
        return nothing
    if reason.code in WINDOW_CODES:
        windows = _windows(batch, creator, reason)
        place = {k: i for i, k in enumerate(batch.windows[creator])}
        return _Proof(Evidence(windows=tuple(place[k] for k in windows)), Edit(creator, windows=windows))
    above = reason.company is not None and reason.value is not None and reason.value > reason.company.median
    posts = choose_posts(batch.view, creator, reason.code, above=above)
    if posts is not None:
        return _Proof(Evidence(posts=tuple(_post_items(batch, posts))), Edit(creator, posts=np.unique(posts.rows)))
    comments = choose_comments(batch.view, creator, reason.code)
    if comments is not None:
        return _Proof(
            Evidence(comments=tuple(_comment_items(batch, comments))), Edit(creator, comments=np.unique(comments.rows))
        )
    return nothing


def _windows(batch: _Batch, creator: int, reason: Reason) -> tuple[int, ...]:
    """Return the windows that carry a reason: those not explained; where all are, all of them."""
    own = batch.windows[creator]
    tested = batch.tested
    if reason.code == "growth_recent":
        newest = batch.view.as_of[creator] - _RECENT_DAYS
        own = [k for k in own if tested.windows.end[k] >= newest]
    if reason.code == "follow_unfollow":
        wave = tested.strengths.get("following_wave")
        return tuple(k for k in own if wave is not None and wave[k] > 0)
    return tuple(k for k in own if tested.verdict[k] > 0) or tuple(own)


def _post_items(batch: _Batch, chosen: Chosen) -> Iterable[PostItem]:
    table = batch.view.posts_table
    assert table is not None
    assert chosen.value is not None
    assert chosen.usual is not None
    keys = table.strings("post_id").take(chosen.rows).to_pylist()
    days = table.days("posted_at")[chosen.rows]
    for key, day, value, usual in zip(keys, days, chosen.value, chosen.usual, strict=True):
        when = None if np.isnan(day) else str(np.datetime64(int(day), "D"))
        yield PostItem(key, when, chosen.residual, chosen.count, float(value), float(usual))


def _comment_items(batch: _Batch, chosen: Chosen) -> Iterable[CommentItem]:
    table = batch.view.comments_table
    assert table is not None
    keys, posts, texts = (table.strings(n).take(chosen.rows).to_pylist() for n in ("comment_id", "post_id", "text"))
    groups = [None] * len(keys) if chosen.group is None else chosen.group.tolist()
    for key, post, text, group in zip(keys, posts, texts, groups, strict=True):
        yield CommentItem(key, post, group, text if batch.texts else None)


def _carrying(
    model: FittedModel, batch: _Batch, proofs: list[list[_Proof]], scores: FloatArray, least: float
) -> list[list[_Proof]]:
    """Return the proofs with the score without each; posts and comments without which it does not rise carry nothing.

    The score is asked, not assumed: rows chosen by their looks are evidence only if the model's own score gets better
    without them. Windows stay in any case: days on which followers came are facts, and the change stands beside them.
    """
    wanted: dict[tuple[object, ...], Edit] = {}
    for own in proofs:
        for proof in own:
            if proof.edit:
                wanted.setdefault(proof.edit.key, proof.edit)
    told = authenticity_without(model, batch.view, batch.tested.windows, list(wanted.values()))
    without = dict(zip(wanted, told, strict=True))
    out: list[list[_Proof]] = []
    for i, own in enumerate(proofs):
        kept = []
        for proof in own:
            moved = _moved(without.get(proof.edit.key), scores[i])
            fine = moved is not None and (moved.change >= least or bool(proof.edit.windows))
            kept.append(
                _Proof(replace(proof.evidence, without=moved), proof.edit) if fine else _Proof(Evidence(), Edit(i))
            )
        out.append(kept)
    return out


def _whole(creator: int, proofs: Sequence[_Proof]) -> Edit:
    """Return all edits of one creator in one."""
    whole = Edit(creator)
    for proof in proofs:
        whole = whole.joined(proof.edit)
    return whole


def _moved(without: float | None, score: float) -> Counterfactual | None:
    if without is None or not np.isfinite(without):
        return None
    return Counterfactual(float(without), float(without - score))
