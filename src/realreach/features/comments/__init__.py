"""A creator's comment section: what is said, how alike it is, who says it and when, and how much of it looks sold.

Organic comments of large accounts are short, emoji-only and repeated too, so every share is judged against creators of
similar size, and repeats count only among comments of four words or more. Shapes of the authors' handles, a weak sign
besides, cannot be read: ``author_id`` is a pseudonym. Each module holds one part: its catalogue records and ``compute``.
"""

from __future__ import annotations

import numpy as np

from realreach.features.catalogue import Feature
from realreach.features.comments import alike, arrival, bursts, judged, people, subject, wording
from realreach.features.comments.section import MINIMUM_COMMENTS, Section
from realreach.features.view import View, filter_rows
from realreach.tables.core import FloatArray

__all__ = ["FEATURES", "MINIMUM_COMMENTS", "Section", "compute", "section_of"]

_PARTS = (wording, alike, people, arrival, bursts, subject, judged)

FEATURES: tuple[Feature, ...] = tuple(feature for part in _PARTS for feature in part.FEATURES)


def section_of(view: View) -> Section | None:
    """Return the comments by others of all creators of the view; None without a comments table."""
    every = view.comments_table
    if every is None:
        return None
    own = every.numbers("by_creator") == 1.0
    return Section(filter_rows(every, ~own) if own.any() else every, every, view)


def compute(view: View) -> dict[str, FloatArray]:
    """Return the comment features of every creator of the view, one array per catalogue name; NaN = not known."""
    n = len(view)
    out = {f.name: np.full(n, np.nan) for f in FEATURES}
    out["context__comments__all__count"] = np.zeros(n)
    section = section_of(view)
    if section is None:
        return out
    enough = section.count >= MINIMUM_COMMENTS
    with np.errstate(divide="ignore", invalid="ignore"):
        for part in _PARTS:
            for name, value in part.compute(section).items():
                out[f"comments__{name}"] = np.where(enough & np.isfinite(value), value, np.nan)
    out["context__comments__all__count"] = section.count
    return out
