"""The limits of a policy, measured on honest look-alikes of a simulated world: how few of them may be declined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.errors import InputError
from realreach.metrics import wilson_interval
from realreach.model import PILLARS, combination_name
from realreach.policy import LookAlike, Measured, PillarLimit, Policy, Rules, apply_policy
from realreach.power.hard_negatives import JudgedWorld
from realreach.power.look_alikes import kinds
from realreach.power.terms import Report
from realreach.tables.core import FloatArray

if TYPE_CHECKING:
    from realreach.scores import Scorer

__all__ = ["MakeSettings", "make_policy", "pooled_interval"]


@dataclass(frozen=True)
class MakeSettings:
    """What the limits must keep, on honest look-alikes.

    ``honest_limit`` and ``review_limit`` are shares of honest look-alikes, each kind counting the same, that may lie
    above the limit of decline and of review; ``worst_limit`` the share of any one kind that may lie above the limit of
    decline. Kinds with fewer than ``least`` scored creators for a set of pillars do not count for it. No limit of
    decline lies below ``lowest_decline``: what is more likely honest is not declined.
    """

    honest_limit: float = 0.01
    review_limit: float = 0.05
    worst_limit: float = 0.05
    least: int = 100
    lowest_decline: float = 0.5


def make_policy(
    scorer: Scorer,
    judged: JudgedWorld,
    *,
    name: str = "default",
    version: str = "1",
    rules: Rules | None = None,
    settings: MakeSettings | None = None,
    report: Report = lambda _: None,
) -> Policy:
    """Return a policy that keeps a limit on false accusations, with what it was measured to do.

    For each set of pillars that the model was calibrated for, every creator of the world that has these pillars (and
    perhaps others, which are then hidden) is scored. The limit of decline is the lowest probability that keeps both
    shares of :class:`MakeSettings` among honest look-alikes, counting one more creator of each kind as declined than
    there are: so the share expected among new creators of that kind keeps the limit, too (split conformal).

    Raises
    ------
    InputError
        If for no set of pillars enough honest look-alikes could be scored.
    """
    from datetime import UTC, datetime

    rules, settings = rules or Rules(), settings or MakeSettings()
    model = scorer.bundle.model
    alone = model.by_pillar(judged.matrix)
    limits = []
    for mask in sorted(model.calibration.margin):
        pillars = combination_name(mask)
        has = model.judged(judged.matrix, mask) == mask
        p = np.where(has, model.probabilities(judged.matrix, mask), np.nan).astype(np.float64).round(4)
        own = [100.0 * (1.0 - alone[n]) for bit, n in enumerate(PILLARS) if mask & (1 << bit)]
        against = sum(np.round(values, 1) < rules.against_below for values in own)
        # Where there are too few pillars for the rule, none is declined; the limit then only names the band.
        meets = against >= min(rules.pillars_against, len(own))
        limit = _limit(pillars, p, np.asarray(meets), judged, settings)
        report(f"{pillars}: " + ("too few honest look-alikes, not measured" if limit is None else _told(limit)))
        limits += [] if limit is None else [limit]
    if not limits:
        raise InputError(
            f"no kind of look-alike has {settings.least} honest creators with a score: no limit can be measured. "
            "Simulate a larger world (realreach simulate --creators), or raise --least."
        )
    metadata = scorer.bundle.metadata
    facts = Measured(
        model=scorer.bundle.name,
        model_sha256=scorer.bundle.sha256,
        world_seed=judged.seed,
        made_on=f"{datetime.now(UTC):%Y-%m-%d}",
        prevalence=float(metadata["prevalence"]),
        honest_limit=settings.honest_limit,
        review_limit=settings.review_limit,
        worst_limit=settings.worst_limit,
    )
    draft = Policy(
        name=name, version=version, mode="false_accusations", rules=rules, limits=tuple(limits), measured=facts
    )
    return replace(draft, measured=replace(facts, **measured_facts(draft, judged)))


def measured_facts(policy: Policy, judged: JudgedWorld) -> dict[str, Any]:
    """Return what a policy does in a world: fields of :class:`realreach.policy.Measured`."""
    calibrated_at = policy.measured.prevalence if policy.measured is not None else None
    decided = apply_policy(judged.scores, policy, calibrated_at=calibrated_at)
    scored = (decided["status"] == "scored").to_numpy()
    declined, review = ((decided["action"] == action).to_numpy() for action in ("decline", "review"))
    honest, fake = (scored & judged.natural & (judged.is_fake == is_fake) for is_fake in (False, True))
    low, high = wilson_interval(int(declined[honest].sum()), int(honest.sum()))
    lines = []
    for kind in kinds():
        own = scored & judged.has(kind)
        if own.any():
            ends = wilson_interval(int(declined[own].sum()), int(own.sum()))
            shares = [declined[own].mean(), *ends, review[own].mean()]
            rounded = [round(float(value), 5) for value in shares]
            lines.append(
                LookAlike(
                    kind=kind,
                    honest=int(own.sum()),
                    declined=rounded[0],
                    low=rounded[1],
                    high=rounded[2],
                    review=rounded[3],
                )
            )
    return {
        "honest": int(honest.sum()),
        "declined_honest": _share(declined, honest),
        "low": round(low, 5) if honest.any() else None,
        "high": round(high, 5) if honest.any() else None,
        "review_honest": _share(review, honest),
        "declined_fake": _share(declined, fake),
        "review_fake": _share(review, fake),
        "look_alikes": tuple(sorted(lines, key=lambda line: (-line.declined, line.kind))),
    }


def _share(hits: np.ndarray, of: np.ndarray) -> float | None:
    return round(float(hits[of].mean()), 5) if of.any() else None


def _told(limit: PillarLimit) -> str:
    return (
        f"decline above {limit.decline:.4f} ({limit.declined:.2%} of {limit.honest:,} honest look-alikes), "
        f"review above {limit.review:.4f}"
    )


def _limit(
    pillars: str, p: FloatArray, meets: np.ndarray, judged: JudgedWorld, settings: MakeSettings
) -> PillarLimit | None:
    """Return the limits for one set of pillars; ``p`` is NaN for creators without them."""
    scored = ~np.isnan(p)
    groups = {kind: np.flatnonzero(scored & judged.has(kind)) for kind in kinds() if kind != "none"}
    groups = {kind: rows for kind, rows in groups.items() if len(rows) >= settings.least}
    if not groups:
        return None
    candidates = np.unique(p[np.concatenate(list(groups.values()))])
    # A value of 1 is above no probability, and nothing is above it: the way out where no other limit is kept.
    candidates = np.append(candidates[candidates < 1.0], 1.0)
    spoken = np.where(meets, p, -1.0)
    decline = _lowest(candidates, groups, spoken, settings.honest_limit, settings.worst_limit)
    review = _lowest(candidates, groups, p, settings.review_limit, 1.0)
    decline = max(decline, review, settings.lowest_decline)
    shares = {kind: (spoken[rows] > decline).astype(np.float64) for kind, rows in groups.items()}
    declined, low, high, n = pooled_interval(groups, shares, len(p))
    fake = scored & judged.is_fake & judged.natural
    return PillarLimit(
        pillars=pillars,
        review=float(review),
        decline=float(decline),
        honest=n,
        declined=round(declined, 5),
        low=round(low, 5),
        high=round(high, 5),
        found=_share(spoken > decline, fake),
    )


def _lowest(
    candidates: FloatArray, groups: Mapping[str, np.ndarray], p: FloatArray, mean_limit: float, worst_limit: float
) -> float:
    """Return the lowest candidate that keeps both limits, one creator of each kind more than there are declined."""
    ranked = [np.sort(p[rows]) for rows in groups.values()]
    over = np.stack([(len(v) - np.searchsorted(v, candidates, side="right") + 1.0) / (len(v) + 1.0) for v in ranked])
    total = len(np.unique(np.concatenate(list(groups.values()))))
    # The mean takes one creator more of all, not one more of every kind.
    plain = np.stack([1.0 - np.searchsorted(v, candidates, side="right") / len(v) for v in ranked])
    kept = (plain.mean(axis=0) + 1.0 / total <= mean_limit) & (over.max(axis=0) <= worst_limit)
    return float(candidates[kept].min()) if kept.any() else 1.0


def pooled_interval(
    groups: Mapping[str, np.ndarray], hits: Mapping[str, FloatArray], n: int
) -> tuple[float, float, float, int]:
    """Return the mean share over groups, each counting the same, with its 95 % interval and the creators counted.

    A creator can be in several groups. The interval is Wilson's with the effective number of creators, from the weight
    that each of the ``n`` rows has in the mean (Kish).

    Examples
    --------
    >>> rows = {"viral": np.arange(200), "gap": np.arange(100, 300)}
    >>> hits = {kind: (own < 102) * 1.0 * (own >= 100) for kind, own in rows.items()}
    >>> [round(value, 4) for value in pooled_interval(rows, hits, 300)]
    [0.01, 0.0032, 0.0307, 300]
    """
    weight, value = np.zeros(n), np.zeros(n)
    for kind, rows in groups.items():
        weight[rows] += 1.0 / (len(groups) * len(rows))
        value[rows] = hits[kind]
    share = float((weight * value).sum())
    effective = float(weight.sum() ** 2 / (weight**2).sum())
    low, high = wilson_interval(share * effective, effective)
    return share, low, high, int((weight > 0).sum())
