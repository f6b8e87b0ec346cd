"""The order in which the compiled kernels fill the comment features: one row for each, those of a kind side by side."""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np

from realreach.features.comments import alike, arrival, bursts, judged, people, subject, wording
from realreach.features.comments.judged import LEVELS
from realreach.features.comments.subject import OF_LANGUAGES
from realreach.features.comments.wording import LENGTHS, SHARES

__all__ = ["CATALOGUE_ORDER", "NAMES", "PARTS", "ROWS"]

PARTS = (wording, alike, people, arrival, bursts, subject, judged)
"""The modules of the family, in the order of the catalogue."""

_PARTS: dict[str, tuple[str, ...]] = {
    "alike_chances": (
        "repeats__all__chance", "long_repeats__all__chance", "templates__all__chance", "near_twins__all__chance",
        "templates__all__across_posts", "near_twins__all__across_posts", "near_twins__all__within_post",
        "vocabulary__all__chance", "phrases__all__chance",
    ),
    "people_chances": ("authors__all__chance", "mentions__all__chance"),
    "coverage": ("recorded__100p__coverage",),
    "bursts": ("bursts__10min__share", "bursts__10min__max"),
    "alike_bursts": ("alike_bursts__10min__share", "alike_bursts__10min__max"),
    # The first is a share that is no feature: comments repeat, and short ones mean nothing.
    "alike_shares": (
        "", "long_repeats__all__share", "templates__all__share", "near_twins__all__share",
    ),
    "together": ("near_twins__30min__share",),
    "compression": ("compression__4kb__ratio",),
    "people_shares": (
        "authors__all__loyal_share", "authors__all__everywhere", "comment_likes__all__share",
        "mentions__all__inside_share",
    ),
    "answers": ("replies__all__share", "creator_replies__all__share"),
    "threads": ("threads__all__size",),
    "wording": (*(f"{name}__all__share" for name in SHARES), *LENGTHS),
    "delays": ("delay__all__median", "delay__all__spread", "delay__all__peak"),
    "early": ("delay__all__first_hour", "early_crowd__60min__return"),
    "gaps": ("arrival__all__burstiness", "arrival__all__rapid"),
    # East and north of the mean hour, of which the first becomes the feature; comments with a time.
    "rhythm": ("rhythm__all__concentration", "", "", "rhythm__all__quiet_share"),
    "languages": OF_LANGUAGES,
    "specificity": ("specificity__all__excess",),
    "judged": ("sold__all__mean", "sold__all__share", *(f"sold__all__{name}" for name in LEVELS), "sold__all__worst_post"),
    "bag": ("sold__all__bag",),
}  # fmt: skip

NAMES: tuple[str, ...] = tuple(name for part in _PARTS.values() for name in part)
"""Name of each row without the family; empty for what is only worked with."""

ROWS: dict[str, tuple[int, int]] = dict(
    zip(_PARTS, pairwise(accumulate((len(part) for part in _PARTS.values()), initial=0)), strict=True)
)
"""First row of each part and the one behind its last."""

CATALOGUE_ORDER = np.array([NAMES.index(f.name.removeprefix("comments__")) for part in PARTS for f in part.FEATURES])
"""Row of each feature of the family."""
