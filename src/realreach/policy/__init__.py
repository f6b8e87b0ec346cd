"""Policy: from probabilities to bands and actions, by costs, capacity or a limit on false accusations.

A policy is a file of its own (``settings``), applied to scores (``applying``), shown on a batch before it is used
(``showing``, ``figure``). Two scored batches are compared in ``comparing``. The limits of a policy are measured in
:mod:`realreach.power.policy_limits`, and stay as they are when a model is retrained.
"""

from realreach.policy.applying import apply_policy, shifted
from realreach.policy.settings import (
    ACTION_REASONS,
    ACTIONS,
    BANDS,
    POLICY_COLUMNS,
    Costs,
    LookAlike,
    Measured,
    PillarLimit,
    Policy,
    Rules,
    default_policy,
    load_policy,
    policy_to_toml,
)

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
    "apply_policy",
    "default_policy",
    "load_policy",
    "policy_to_toml",
    "shifted",
]
