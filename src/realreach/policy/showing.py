"""What a policy would do on a batch, before it is used: counts by band and action, and whom it would wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.errors import InputError
from realreach.metrics import wilson_interval
from realreach.policy.settings import ACTIONS, BANDS, Costs, Policy
from realreach.tables.core import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Shown", "cost_curve", "show_policy"]

_SLICES = ("platform", "size_tier", "language", "coverage")
_MOST_REASONS = 20


@dataclass(frozen=True, eq=False)
class Shown:
    """What a policy does on a batch.

    ``counts`` has a row per band and a column per action; ``reasons`` a row per action and reason. The rest needs
    labels and is None without them: ``honest`` has a row per slice (``all`` first) with the honest creators, the share
    declined with its 95 % interval and the share reviewed; ``facts`` holds missed, found and cost.
    """

    policy: Policy
    counts: pd.DataFrame
    reasons: pd.DataFrame
    honest: pd.DataFrame | None
    facts: dict[str, float]

    def markdown(self) -> str:
        """Return the tables as Markdown."""
        creators = int(self.counts.to_numpy().sum())
        lines = [f"# Policy {self.policy.label} ({self.policy.mode}) on {creators:,} creators"]
        lines += ["", *_table(["band", *ACTIONS], _cells(self.counts.reset_index()))]
        lines += ["", *_table(["action", "reason", "creators"], _cells(self.reasons))]
        if self.honest is None:
            return "\n".join([*lines, "", "No labels: whom the policy would wrong or miss is not known."])
        facts = self.facts
        lines += [
            "",
            f"Of {facts['fake']:,.0f} creators with bought engagement {_percent(facts['declined_fake'])} are declined, "
            f"{_percent(facts['review_fake'])} reviewed, {_percent(facts['approved_fake'])} approved (missed).",
        ]
        if "cost" in facts:
            lines += [
                f"Cost per creator, at {facts['prevalence']:.1%} with bought engagement: {facts['cost']:.3f}; "
                f"approving all costs {facts['cost_approve_all']:.3f}, reviewing all {facts['cost_review_all']:.3f}, "
                f"declining all {facts['cost_decline_all']:.3f}."
            ]
        lines += ["", "Honest creators, by slice:", ""]
        rows = [
            [
                str(row["slice"]),
                f"{row['honest']:,}",
                f"{_percent(row['declined'])} [{_percent(row['low'])}, {_percent(row['high'])}]",
                _percent(row["review"]),
            ]
            for row in self.honest.to_dict("records")
        ]
        return "\n".join([*lines, *_table(["slice", "honest", "declined [95 %]", "reviewed"], rows)])


def _cells(frame: pd.DataFrame) -> list[list[str]]:
    return [[f"{v:,}" if isinstance(v, int) else str(v) for v in row] for row in frame.astype(object).to_numpy()]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    numbers = ["---" if i == 0 else "---:" for i in range(len(head))]
    return ["| " + " | ".join(row) + " |" for row in (head, numbers, *rows)]


def _percent(share: float) -> str:
    return "-" if np.isnan(share) else f"{share:.1%}".replace("%", " %")


def show_policy(decided: pd.DataFrame, policy: Policy, slices: Sequence[str] = _SLICES) -> Shown:
    """Count what :func:`realreach.policy.apply_policy` decided.

    Parameters
    ----------
    decided
        Its result; with labels in a column ``is_fake`` (0, 1, missing = not known) and, where they are there, the
        columns to slice by.
    policy
        The policy that decided; its costs are counted where it has any.
    slices
        Columns to slice honest creators by.

    Raises
    ------
    InputError
        If there is no creator.
    """
    import pandas as pd

    if not len(decided):
        raise InputError("there is no creator to show the policy on")
    counts = pd.crosstab(decided["band"], decided["action"]).reindex(index=list(BANDS), columns=list(ACTIONS))
    counts = counts.fillna(0).astype(int).rename_axis(index="band", columns=None)
    reasons = decided.groupby(["action", "action_reason"]).size().rename("creators").reset_index()
    reasons = reasons.sort_values(["creators", "action", "action_reason"], ascending=[False, True, True])
    reasons = reasons.head(_MOST_REASONS).reset_index(drop=True)
    labels = decided["is_fake"].to_numpy(dtype=np.float64, na_value=np.nan) if "is_fake" in decided else None
    if labels is None or np.isnan(labels).all():
        return Shown(policy, counts, reasons, None, {})
    rows = [_line("all", decided[labels == 0])]
    for column in slices:
        if column in decided:
            values = decided[column].astype(object).where(decided[column].notna(), "unknown").astype(str)
            rows += [
                _line(f"{column}={value}", decided[(labels == 0) & (values == value).to_numpy()])
                for value in sorted(set(values))
            ]
    honest = pd.DataFrame([row for row in rows if row["honest"] or row["slice"] == "all"])
    return Shown(policy, counts, reasons, honest, _facts(decided, labels, policy))


def _line(name: str, part: pd.DataFrame) -> dict[str, Any]:
    """Count honest creators of one slice; a creator without a probability is honest, too, and is never declined."""
    n, declined = len(part), int((part["action"] == "decline").sum())
    low, high = wilson_interval(declined, n)
    review = float((part["action"] == "review").mean()) if n else np.nan
    share = declined / n if n else np.nan
    return {"slice": name, "honest": n, "declined": share, "low": low, "high": high, "review": review}


def _facts(decided: pd.DataFrame, labels: FloatArray, policy: Policy) -> dict[str, float]:
    action = decided["action"].to_numpy(dtype=object)
    fake, honest = labels == 1, labels == 0
    facts = {"honest": float(honest.sum()), "fake": float(fake.sum())}
    for name, code in (("declined", "decline"), ("review", "review"), ("approved", "approve")):
        facts[f"{name}_fake"] = float((action[fake] == code).mean()) if fake.any() else float("nan")
        facts[f"{name}_honest"] = float((action[honest] == code).mean()) if honest.any() else float("nan")
    costs, at = policy.costs, policy.prevalence
    if costs is not None and at is not None and fake.any() and honest.any():
        facts["prevalence"] = at
        facts["cost"] = at * (costs.missed * facts["approved_fake"] + costs.review * facts["review_fake"]) + (
            1 - at
        ) * (costs.declined_honest * facts["declined_honest"] + costs.review * facts["review_honest"])
        facts["cost_approve_all"] = at * costs.missed
        facts["cost_decline_all"] = (1 - at) * costs.declined_honest
        facts["cost_review_all"] = costs.review
    return facts


def cost_curve(
    p: FloatArray, is_fake: np.ndarray, costs: Costs, prevalence: float, points: int = 201
) -> dict[str, FloatArray]:
    """Return the cost per creator by the probability above which creators are reviewed, or declined, one at a time.

    Parameters
    ----------
    p
        Probabilities, finite.
    is_fake
        Labels of the same creators, of both kinds.
    costs
        What mistakes and reviews cost.
    prevalence
        Share of creators with bought engagement to count the costs at; that of the batch does not matter.
    points
        Levels from 0 to 1.

    Returns
    -------
    dict
        ``level``, ``review`` (all above it reviewed, the rest approved), ``decline`` (all above it declined).

    Examples
    --------
    >>> curve = cost_curve(np.array([0.1, 0.9]), np.array([False, True]), Costs(), 0.5, points=3)
    >>> curve["decline"].tolist(), curve["review"].tolist()
    ([5.0, 0.0, 2.5], [0.5, 0.25, 2.5])
    """
    level = np.linspace(0.0, 1.0, points)
    above = p[None, :] > level[:, None]
    found, wronged = above[:, is_fake].mean(axis=1), above[:, ~is_fake].mean(axis=1)
    missed = prevalence * (1.0 - found) * costs.missed
    looked_at = (prevalence * found + (1.0 - prevalence) * wronged) * costs.review
    declined = (1.0 - prevalence) * wronged * costs.declined_honest
    return {"level": level, "review": missed + looked_at, "decline": missed + declined}
