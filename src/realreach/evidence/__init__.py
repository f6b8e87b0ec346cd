"""Where the evidence is: the days, posts and comments that carry a reason, and the score without them.

Names are imported when they are first used: whoever scores and explains nobody loads nothing of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from realreach.evidence.explainer import explain, explain_rows, explanations_of
    from realreach.evidence.explanation import Evidence, Explanation
    from realreach.evidence.items import CommentItem, Counterfactual, PostItem, WindowItem

__all__ = [
    "CommentItem",
    "Counterfactual",
    "Evidence",
    "Explanation",
    "PostItem",
    "WindowItem",
    "explain",
    "explain_rows",
    "explanations_of",
]

_HOMES = {
    "CommentItem": "items",
    "Counterfactual": "items",
    "Evidence": "explanation",
    "Explanation": "explanation",
    "PostItem": "items",
    "WindowItem": "items",
    "explain": "explainer",
    "explain_rows": "explainer",
    "explanations_of": "explainer",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'realreach.evidence' has no attribute {name!r}")
    return getattr(import_module(f"realreach.evidence.{_HOMES[name]}"), name)
