"""A policy applied to scores: a band, an action and the reason of the action for every creator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from realreach.errors import UsageError
from realreach.model import PILLARS
from realreach.policy.settings import POLICY_COLUMNS, Policy
from realreach.tables.core import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LOOKED_AT", "apply_policy", "decisions", "shifted"]

_NEEDED = ("creator_id", "status", "fake_probability", "coverage")
LOOKED_AT = (*_NEEDED, "prevalence", "probability_low", "confidence", *(f"{name}_authenticity" for name in PILLARS))
"""Columns of the scores on which a decision can depend."""
_DIGITS = 4
"""Probabilities are compared with limits at this many decimals, the precision of written scores: a file of scores and
the scores in memory get the same actions."""


def shifted(probability: FloatArray, calibrated_at: FloatArray | float, prevalence: float) -> FloatArray:
    """Return probabilities for another prevalence: the odds times the ratio of the odds of the prevalences.

    Examples
    --------
    >>> shifted(np.array([0.5]), 0.5, 0.1).round(6).tolist()
    [0.1]
    """
    ratio = prevalence / (1.0 - prevalence) * (1.0 - np.asarray(calibrated_at)) / np.asarray(calibrated_at)
    return np.asarray(probability * ratio / (probability * ratio + (1.0 - probability)), dtype=np.float64)


class _Scores(NamedTuple):
    """What a policy looks at, row by row; probabilities at the policy's prevalence."""

    key: np.ndarray
    scored: np.ndarray
    invalid: np.ndarray
    p: FloatArray
    pillars: np.ndarray
    blocked: np.ndarray
    """Code of the rule that speaks against a decline, "" for none."""


def apply_policy(frame: pd.DataFrame, policy: Policy, *, calibrated_at: float | None = None) -> pd.DataFrame:
    """Add band, action, its reason and the policy's name to scores.

    Each creator's answer depends on its own row only, except under a policy by capacity, which chooses among the
    creators of the batch: equal creators are told apart by ``creator_id``, never by the order of the rows.

    Parameters
    ----------
    frame
        Scores with the columns of :data:`realreach.scores.OUTPUT_COLUMNS`; ``creator_id``, ``status``,
        ``fake_probability`` and ``coverage`` are needed. ``<pillar>_authenticity``, ``confidence``,
        ``probability_low`` and ``prevalence`` are used where they are there. Not changed.
    policy
        What to do with them.
    calibrated_at
        Prevalence at which ``fake_probability`` is calibrated, where the frame has no column ``prevalence``.

    Returns
    -------
    pandas.DataFrame
        The frame with the columns of :data:`realreach.policy.POLICY_COLUMNS` at its end (replaced if there).

    Raises
    ------
    UsageError
        If a column is missing, or the policy's prevalence cannot be reached because that of the scores is not known.

    Examples
    --------
    >>> import pandas as pd
    >>> from realreach.policy import Costs, Policy
    >>> scores = pd.DataFrame({"creator_id": ["a", "b", "c"], "status": ["scored", "scored", "insufficient_data"],
    ...     "fake_probability": [0.05, 0.5, float("nan")], "coverage": ["growth+engagement", "growth", "nothing"]})
    >>> policy = Policy(name="mine", version="1", mode="cost", prevalence=0.1, costs=Costs())
    >>> apply_policy(scores, policy, calibrated_at=0.1)[["band", "action"]].to_numpy().tolist()
    [['authentic', 'approve'], ['unclear', 'review'], ['insufficient_data', 'review']]
    """
    import pandas as pd

    columns = decisions(frame, policy, calibrated_at=calibrated_at)
    kept = frame.drop(columns=[name for name in POLICY_COLUMNS if name in frame])
    added = pd.DataFrame({name: pd.array(values, dtype="str") for name, values in columns.items()})
    return pd.concat([kept, added.set_index(kept.index)], axis=1)


def decisions(
    table: pd.DataFrame | Mapping[str, Any], policy: Policy, *, calibrated_at: float | None = None
) -> dict[str, list[str]]:
    """Return the columns that :func:`apply_policy` adds, for scores as a data frame or as columns.

    Raises
    ------
    UsageError
        As in :func:`apply_policy`.
    """
    lacking = [name for name in _NEEDED if name not in table]
    if lacking:
        raise UsageError(
            f"a policy needs the columns {', '.join(_NEEDED)} of the scores, missing: {', '.join(lacking)}. Give what "
            "predict.py wrote."
        )
    scores = _scores(table, policy, calibrated_at)
    if policy.mode == "false_accusations":
        review, decline = _measured_limits(scores, policy)
    else:
        review, decline = (np.full(len(scores.p), level) for level in policy.cost_limits())
    band = np.select(
        [~scores.scored, scores.p > decline, scores.p > review, scores.p > policy.authentic_below],
        ["insufficient_data", "suspicious", "unclear", "rather_authentic"],
        "authentic",
    )
    if policy.mode == "capacity":
        action, reason = _by_capacity(scores, policy)
    else:
        action, reason = _by_limits(scores, policy, review, decline)
    policies = [policy.label] * len(band)
    return {"band": band.tolist(), "action": action.tolist(), "action_reason": reason.tolist(), "policy": policies}


_Table: TypeAlias = "pd.DataFrame | Mapping[str, Any]"


def _numbers(table: _Table, name: str) -> FloatArray:
    values = table[name]
    if isinstance(values, np.ndarray | list):
        return np.asarray(values, dtype=np.float64)
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)


def _words(table: _Table, name: str, unknown: str) -> np.ndarray:
    values = table[name]
    if isinstance(values, np.ndarray | list):
        return np.array([unknown if value is None else value for value in values], dtype=object)
    return np.asarray(values.astype(object).where(values.notna(), unknown).to_numpy(dtype=object))


def _scores(frame: _Table, policy: Policy, calibrated_at: float | None) -> _Scores:
    """Return what the policy looks at, after the shift to its prevalence."""
    status = _words(frame, "status", "")
    given = _numbers(frame, "fake_probability")
    scored = (status == "scored") & ~np.isnan(given)
    wanted = policy.prevalence if policy.mode != "false_accusations" else None
    if wanted is None and policy.measured is not None:
        wanted = policy.measured.prevalence
    at = _calibrated_at(frame, calibrated_at)
    # Limits and scores stand at one prevalence unless somebody says otherwise.
    if at is None and policy.mode != "false_accusations":
        raise UsageError(
            f"policy {policy.label}: the prevalence that the scores are calibrated at is not known, so costs cannot be "
            "weighed. Name the model (--model), or give scores with a column prevalence."
        )

    def move(p: FloatArray) -> FloatArray:
        if at is None or wanted is None:
            return p
        return np.where(at == wanted, p, shifted(p, at, wanted))

    p = np.round(move(given), _DIGITS)
    low = _numbers(frame, "probability_low") if "probability_low" in frame else None
    return _Scores(
        key=_words(frame, "creator_id", ""),
        scored=scored,
        invalid=status == "invalid_input",
        p=np.where(scored, p, np.nan),
        pillars=_words(frame, "coverage", "nothing"),
        blocked=_blocked(frame, policy, None if low is None else np.round(move(low), _DIGITS)),
    )


def _calibrated_at(frame: _Table, given: float | None) -> FloatArray | None:
    """Return the prevalence of each row's probability; None where nobody says it."""
    column = _numbers(frame, "prevalence") if "prevalence" in frame else None
    if column is None or np.isnan(column).all():
        return None if given is None else np.full(len(frame["status"]), given)
    # Rows without a probability have no prevalence either; any value will do for them.
    return np.where(np.isnan(column), np.nanmax(column) if given is None else given, column)


def _blocked(frame: _Table, policy: Policy, low: FloatArray | None) -> np.ndarray:
    """Return for each row the code of the first rule that speaks against a decline, "" for none."""
    rules = policy.rules
    pillars = _words(frame, "coverage", "nothing")
    count = np.array([0 if text == "nothing" else text.count("+") + 1 for text in pillars], dtype=np.int64)
    against = np.zeros(len(pillars), dtype=np.int64)
    known = [f"{name}_authenticity" for name in PILLARS if f"{name}_authenticity" in frame]
    for name in known:
        alone = _numbers(frame, name)
        # One decimal, as written scores have.
        against += np.round(alone, 1) < rules.against_below
    unsure = np.zeros(len(pillars), dtype=bool)
    if not rules.low_confidence_declines:
        if "confidence" in frame:
            unsure |= _words(frame, "confidence", "") == "low"
        if low is not None:
            unsure |= ~(low > rules.least_low)
    checks = [
        (count < rules.pillars_to_decline, "few_pillars"),
        # Scores without the columns of the pillars cannot show a second witness.
        (against < rules.pillars_against, "no_second_pillar"),
        (unsure, "low_confidence"),
    ]
    return np.select([hit for hit, _ in checks], [code for _, code in checks], "").astype(object)


def _measured_limits(scores: _Scores, policy: Policy) -> tuple[FloatArray, FloatArray]:
    """Return each row's limits; where none was measured for its pillars, the strictest review and no decline."""
    strictest = min((limit.review for limit in policy.limits), default=0.0)
    found = [policy.by_pillars.get(name) for name in scores.pillars]
    review = np.array([strictest if limit is None else limit.review for limit in found], dtype=np.float64)
    decline = np.array([np.inf if limit is None else limit.decline for limit in found], dtype=np.float64)
    return review, decline


def _by_limits(
    scores: _Scores, policy: Policy, review: FloatArray, decline: FloatArray
) -> tuple[np.ndarray, np.ndarray]:
    costs = policy.mode == "cost"
    words = ("cheaper_to_{}",) * 3 if costs else ("below_review_limit", "above_review_limit", "above_decline_limit")
    approve_word, review_word, decline_word = (
        word.format(action) for word, action in zip(words, ("approve", "review", "decline"), strict=True)
    )
    above, high = scores.p > review, scores.p > decline
    stopped = high & (scores.blocked != "")
    unmeasured = above & ~np.isfinite(decline)
    cases = [
        (scores.invalid, "review", "invalid_input"),
        (~scores.scored, policy.rules.insufficient_data, "insufficient_data"),
        (stopped, "review", None),
        (high, "decline", decline_word),
        (unmeasured, "review", "not_measured"),
        (above, "review", review_word),
    ]
    masks = [mask for mask, _, _ in cases]
    action = np.select(masks, [name for _, name, _ in cases], "approve").astype(object)
    reason = np.select(masks, [code or "" for _, _, code in cases], approve_word).astype(object)
    told = stopped & scores.scored
    reason[told] = scores.blocked[told]
    return action, reason


def _by_capacity(scores: _Scores, policy: Policy) -> tuple[np.ndarray, np.ndarray]:
    """Give the reviews to those for whom a review saves most, against the best that can be done without one."""
    assert policy.costs is not None
    assert policy.prevalence is not None
    assert policy.reviews is not None
    costs = policy.costs
    # A creator without a score is as likely as any other to have bought.
    p = np.where(scores.scored, scores.p, policy.prevalence)
    approve, decline = p * costs.missed, (1.0 - p) * costs.declined_honest
    may_decline = scores.scored & (scores.blocked == "") & (decline < approve)
    value = np.where(may_decline, decline, approve) - costs.review
    # Values at a fixed precision, so that equal creators are equal on every machine; then by key.
    order = sorted(
        np.flatnonzero((value > 0) & ~scores.invalid), key=lambda i: (-round(float(value[i]), 9), scores.key[i])
    )
    reviewed = np.zeros(len(p), dtype=bool)
    reviewed[order[: policy.reviews]] = True
    left_over = np.zeros(len(p), dtype=bool)
    left_over[order[policy.reviews :]] = True
    action = np.select([scores.invalid, reviewed, may_decline], ["review", "review", "decline"], "approve")
    # A row that did not pass the checks is mended, not reviewed: it takes no place.
    reason = np.select(
        [scores.invalid, reviewed, left_over, may_decline],
        ["invalid_input", "best_use_of_review", "no_review_left", "cheaper_to_decline"],
        "cheaper_to_approve",
    )
    return action.astype(object), reason.astype(object)
