"""Where the evidence is: the days, posts and comments that carry a reason, and the score without them."""

from realreach.evidence.explain import explain, explain_rows, explanations_of
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
