"""The numbers, bands and words in which recall and false positives are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

__all__ = ["CROSSED", "FEW", "FPR", "LEAST", "SHARES", "WORDS", "Report"]

FPR = 0.01
"""Share of honest creators flagged at the threshold of the surface."""
LEAST = 200
"""Honest creators that a look-alike needs; where the world has fewer, more of the kind are simulated."""
FEW = 20
"""Creators below which a cell says nothing about power, and a mechanism alone is not shown."""

SHARES = ((0.02, 0.05, 0.10, 0.20, 0.30, 0.50, 0.70, 0.90),
          ("<2 %", "2-5 %", "5-10 %", "10-20 %", "20-30 %", "30-50 %", "50-70 %", "70-90 %", ">90 %"))  # fmt: skip
CROSSED = ("evasion", "delivery", "recency")

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "viral": "viral post",
        "shoutout": "shout-out",
        "press": "press, television",
        "giveaway": "giveaway",
        "ads": "paid advertising",
        "boosted": "boosted by the platform",
        "break": "posting break",
        "rename": "rename, new subject",
        "merge": "merge of two accounts",
        "fans": "fan community",
        "attack": "attack by a third party",
        "assisted": "AI-assisted honest comments",
        "comment_spam": "comment spam by strangers",
        "purge": "purge by the platform",
        "rounding": "rounded counts",
        "gap": "gap in the collection",
        "hidden_likes": "hidden likes",
        "comments_limited": "comments limited",
        "none": "none of these",
    }
)

Report = Callable[[str], None]
