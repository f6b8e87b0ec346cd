"""The policy file: what to do with a score, stated by its user and kept apart from the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from realreach.errors import UsageError
from realreach.model import COMBINATIONS, combination_name
from realreach.policy.parts import Part, PartError, as_dict, limited
from realreach.tomlfile import read_toml

__all__ = [
    "ACTIONS",
    "ACTION_REASONS",
    "BANDS",
    "POLICY_COLUMNS",
    "Costs",
    "LookAlike",
    "Measured",
    "PillarLimit",
    "Policy",
    "Rules",
    "default_policy",
    "load_policy",
    "policy_to_toml",
]

BANDS: Mapping[str, str] = MappingProxyType(
    {
        "authentic": "fake_probability at or below authentic_below, and below the limit of review",
        "rather_authentic": "above that, and at or below the limit of review",
        "unclear": "above the limit of review, and at or below the limit of decline",
        "suspicious": "above the limit of decline",
        "insufficient_data": "no probability: too little data, or the creator's row did not pass the checks",
    }
)
"""Codes of ``band``, from trust to suspicion. A band says where the score lies, the action what to do about it."""

ACTIONS = ("approve", "review", "decline")
"""Codes of ``action``, the mildest first."""

ACTION_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "below_review_limit": "approve: not above the limit of review",
        "above_review_limit": "review: above the limit of review, not above that of decline",
        "above_decline_limit": "decline: above the limit of decline, and no rule speaks against it",
        "few_pillars": "review in place of decline: the score rests on fewer pillars than a decline needs",
        "no_second_pillar": "review in place of decline: too few pillars speak against the creator when judged alone",
        "low_confidence": "review in place of decline: the confidence is low, or the range reaches too far down",
        "not_measured": "review in place of decline: no limit was measured for this set of pillars",
        "insufficient_data": "no probability: the policy's action for creators with too little data",
        "invalid_input": "no probability: the creator's row did not pass the checks; mend it and score again",
        "best_use_of_review": "review: among the best uses of the reviews that the policy has",
        "no_review_left": "approve or decline without review: other creators are a better use of the reviews",
        "cheaper_to_approve": "approve: the smallest expected cost",
        "cheaper_to_review": "review: the smallest expected cost",
        "cheaper_to_decline": "decline: the smallest expected cost, and no rule speaks against it",
    }
)
"""Codes of ``action_reason``."""

POLICY_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "band": "authentic, rather_authentic, unclear, suspicious or insufficient_data, by the policy",
        "action": "approve, review or decline: what the policy suggests to the person who decides",
        "action_reason": "code of the rule that led to the action",
        "policy": "name@version of the policy",
    }
)
"""The columns that a policy adds to the output table."""

_NAMES = frozenset(combination_name(mask) for mask in COMBINATIONS)


@dataclass(frozen=True, kw_only=True)
class Costs(Part):
    """What the three mistakes and efforts cost, in one unit (money, hours, anything)."""

    declined_honest: float = limited(10.0, gt=0)
    """An honest creator is declined."""
    missed: float = limited(5.0, gt=0)
    """A creator with bought engagement is approved."""
    review: float = limited(0.5, gt=0)
    """A person looks at a creator. The review is taken to find the truth."""


@dataclass(frozen=True, kw_only=True)
class Rules(Part):
    """When a decline is not allowed, whatever the probability: the creator goes to review instead."""

    pillars_to_decline: int = limited(2, ge=1, le=4)
    """Pillars that a score must rest on for a decline: one pillar alone can have an innocent cause."""
    pillars_against: int = limited(2, ge=0, le=4)
    """Pillars that must speak against the creator when judged alone (``<pillar>_authenticity`` below ``against_below``)
    ..."""
    against_below: float = limited(60.0, ge=0, le=100)
    """... that is, have an authenticity (0-100) below this."""
    low_confidence_declines: bool = False
    """Whether a creator of ``confidence`` low may be declined; without that column the next rule stands in."""
    least_low: float = limited(0.5, ge=0, lt=1)
    """Where the output has ``probability_low``: it must be above this for a decline."""
    insufficient_data: Literal["review", "approve"] = "review"
    """Action for creators without a probability."""


@dataclass(frozen=True, kw_only=True)
class PillarLimit(Part):
    """Limits for one set of pillars, with what was measured at the limit of decline."""

    pillars: str
    """The set of pillars, as in ``coverage``."""
    review: float = limited(ge=0, le=1)
    """Creators with a higher probability are looked at by a person ..."""
    decline: float = limited(ge=0, le=1)
    """... and those above this are declined, unless a rule speaks against it."""
    honest: int = limited(0, ge=0)
    """Honest look-alikes that the limits were measured on."""
    declined: float | None = limited(None, ge=0, le=1)
    """Share of them above the limit of decline, each kind of look-alike counting the same."""
    low: float | None = limited(None, ge=0, le=1)
    high: float | None = limited(None, ge=0, le=1)
    """95 % interval of that share."""
    found: float | None = limited(None, ge=0, le=1)
    """Share of creators with bought engagement above the limit of decline."""

    def _check(self) -> None:
        if self.pillars not in _NAMES:
            raise ValueError(f"pillars must be a set such as growth+engagement, in that order, got {self.pillars!r}")
        if self.review > self.decline:
            raise ValueError(f"{self.pillars}: review must be at or below decline, got {self.review} > {self.decline}")


@dataclass(frozen=True, kw_only=True)
class LookAlike(Part):
    """Honest creators of one kind of look-alike under the policy, rules included."""

    kind: str
    honest: int = limited(ge=0)
    declined: float = limited(ge=0, le=1)
    low: float = limited(ge=0, le=1)
    high: float = limited(ge=0, le=1)
    review: float = limited(ge=0, le=1)


@dataclass(frozen=True, kw_only=True)
class Measured(Part):
    """Where the limits come from: the model, the world, and what the whole policy does there."""

    model: str
    model_sha256: str
    simulated: bool = True
    world_seed: int | None = None
    made_on: str
    prevalence: float = limited(gt=0, lt=1)
    """Prevalence at which the probabilities were calibrated when the limits were measured."""
    honest_limit: float = limited(gt=0, lt=1)
    """Share of honest look-alikes that may be declined."""
    review_limit: float = limited(gt=0, lt=1)
    """Share of honest look-alikes that may be above the limit of review."""
    worst_limit: float = limited(gt=0, lt=1)
    """Share of one kind of look-alike that may be declined."""
    honest: int = limited(0, ge=0)
    """Honest creators of the world itself, as common as they are there ..."""
    declined_honest: float | None = limited(None, ge=0, le=1)
    low: float | None = limited(None, ge=0, le=1)
    high: float | None = limited(None, ge=0, le=1)
    """... the share of them declined, with its 95 % interval, and the share in review."""
    review_honest: float | None = limited(None, ge=0, le=1)
    declined_fake: float | None = limited(None, ge=0, le=1)
    """Shares of the creators with bought engagement that are declined, and that are reviewed."""
    review_fake: float | None = limited(None, ge=0, le=1)
    look_alikes: tuple[LookAlike, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Policy(Part):
    """What to do with a score. Unknown keys are refused; a change of the file is a change of ``version``.

    Examples
    --------
    >>> policy = Policy(name="mine", version="1", mode="cost", prevalence=0.1, costs=Costs(review=1.0))
    >>> policy.label, [round(limit, 2) for limit in policy.cost_limits()]
    ('mine@1', [0.2, 0.9])
    """

    name: str = limited(pattern=r"^[a-z0-9][a-z0-9_\-]{0,63}$")
    version: str = limited(pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]{0,31}$")
    mode: Literal["false_accusations", "cost", "capacity"]
    """By a limit on honest creators declined, by the expected cost, or by the number of reviews."""
    prevalence: float | None = limited(None, gt=0, lt=1)
    """Share of creators with bought engagement among those to be judged; needed by cost and capacity."""
    authentic_below: float = limited(0.2, gt=0, lt=1)
    """Probability at or below which the band is authentic."""
    reviews: int | None = limited(None, ge=0)
    """Reviews for one batch; needed by capacity."""
    rules: Rules = Rules()
    costs: Costs | None = None
    limits: tuple[PillarLimit, ...] = ()
    measured: Measured | None = None

    def _check(self) -> None:
        if self.mode == "false_accusations" and not self.limits:
            raise ValueError("mode false_accusations needs [[limits]]: realreach policy make measures and writes them")
        lacking = [n for n in ("prevalence", "costs") if self.mode != "false_accusations" and getattr(self, n) is None]
        lacking += ["reviews"] if self.mode == "capacity" and self.reviews is None else []
        if lacking:
            raise ValueError(f"mode {self.mode} needs {' and '.join(lacking)}")
        names = [limit.pillars for limit in self.limits]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"limits: {twice[0]} is given twice")

    @property
    def label(self) -> str:
        """Name and version, as in the column ``policy``."""
        return f"{self.name}@{self.version}"

    @cached_property
    def by_pillars(self) -> Mapping[str, PillarLimit]:
        """The limits by set of pillars."""
        return {limit.pillars: limit for limit in self.limits}

    def cost_limits(self) -> tuple[float, float]:
        """Return the probabilities above which review, and above which decline, has the smallest expected cost.

        Approve costs ``p * missed``, decline ``(1 - p) * declined_honest``, review its own cost. Where a review is
        never the cheapest, both are the level at which decline becomes cheaper than approve.
        """
        assert self.costs is not None
        review = self.costs.review / self.costs.missed
        decline = 1.0 - self.costs.review / self.costs.declined_honest
        if review >= decline:
            both = self.costs.declined_honest / (self.costs.declined_honest + self.costs.missed)
            return both, both
        return review, decline


def load_policy(path: str | Path) -> Policy:
    """Read a policy file.

    Raises
    ------
    UsageError
        If it cannot be read, a key is unknown, or a value is not allowed; all problems in one message.
    """
    try:
        return Policy.read(read_toml(path))
    except PartError as err:
        problems = list(map(str, err.problems))
        more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise UsageError(f"{path}: {'; '.join(problems[:5])}{more}.") from err


def default_policy() -> Policy:
    """Return the policy that comes with the package, measured on the default model."""
    return load_policy(Path(__file__).with_name("default.toml"))


def policy_to_toml(policy: Policy, heading: str = "") -> str:
    """Return a policy as TOML that :func:`load_policy` reads back to the same; ``heading`` becomes a comment on top."""
    lines = [f"# {line}".rstrip() for line in heading.splitlines()]
    _write(lines, as_dict(policy), "")
    return "\n".join(lines).strip() + "\n"


def _write(lines: list[str], values: Mapping[str, Any], prefix: str) -> None:
    from realreach.settings import toml_value

    tables, arrays = [], []
    for key, value in values.items():
        if isinstance(value, Mapping):
            tables.append((key, value))
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            arrays.append((key, value))
        elif value is not None and value != []:
            lines.append(f"{key} = {toml_value(value)}")
    for key, value in tables:
        lines += ["", f"[{prefix}{key}]"]
        _write(lines, value, f"{prefix}{key}.")
    for key, rows in arrays:
        for row in rows:
            lines += ["", f"[[{prefix}{key}]]"]
            _write(lines, row, f"{prefix}{key}.")
