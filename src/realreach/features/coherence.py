"""Do the pillars tell one story? Followers, likes and comments of honest creators move together; buying one leaves the others.

These features are the most robust to evasion: money repairs a ratio once, coherence must be paid for in every post.
"""

from __future__ import annotations

from realreach.features.blocks import not_known
from realreach.features.burst_numbers import NAMES as OF_BURSTS
from realreach.features.burst_numbers import burst_numbers
from realreach.features.catalogue import Feature
from realreach.features.view import View
from realreach.tables.core import FloatArray

__all__ = ["FEATURES", "compute"]

_NONE = "no daily or weekly curve, fewer than 6 counts, or too few posts around"


def _f(
    name: str, unit: str, en: str, idn: str, direction: int = 0, low: float | None = None, high: float | None = None, source: str = "",
    missing: str = _NONE, peers: bool = False, monotone: bool = False,
) -> Feature:  # fmt: skip
    return Feature(f"coherence__{name}", unit, missing, en, idn, direction, low, high, source, peers, monotone)


FEATURES: tuple[Feature, ...] = (
    _f("growth_engagement_response__burst__elasticity", "ln per ln", "answer of likes to the main burst of followers", "tanggapan suka terhadap lonjakan pengikut", -1, -20, 20, "G2, X2"),
    _f("growth_engagement_response__burst__likes", "ln", "likes after the main burst against before", "suka sesudah lonjakan dibanding sebelumnya", -1, source="X2"),
    _f("growth_engagement_response__burst__comments", "ln", "comments after the main burst against before", "komentar sesudah lonjakan dibanding sebelumnya", -1, source="X2"),
    _f("growth_engagement_response__burst__views", "ln", "views after the main burst against before", "tayangan sesudah lonjakan dibanding sebelumnya", -1, source="X2"),
    _f("growth_engagement_cause__burst__posts", "posts", "posts in the three days before the main burst", "posting dalam tiga hari sebelum lonjakan", -1, 0, None, "G4"),
    _f("growth_engagement_cause__burst__surprise", "spreads", "best post around the main burst, against the creator's usual posts", "posting terbaik di sekitar lonjakan", -1, source="X2, X3"),
    _f("growth_engagement_unexplained__366d__share", "share of followers", "followers from bursts that no strong post goes with", "pengikut dari lonjakan tanpa posting kuat", 1, 0, None, "G1", monotone=True),
    _f("growth_engagement_unexplained__366d__max", "expected spreads", "largest burst that no strong post goes with", "lonjakan terbesar tanpa posting kuat", 1, source="G1"),
    _f("growth_engagement_coupling__366d__correlation", "correlation", "growth following strong posts", "pertumbuhan mengikuti posting kuat", -1, -1, 1, "G4", peers=True),
    _f("growth_engagement_coupling__366d__idle_share", "share of gains", "new followers on days without a post in the week before", "pengikut baru tanpa posting sepekan sebelumnya", 1, 0, 1, "G4"),
    _f("growth_engagement_trend__366d__gap", "ln", "growth of followers that likes did not share, older half to newer half", "pertumbuhan pengikut yang tidak diikuti suka", 1, source="R1", missing="fewer than 8 posts with likes inside the curve"),
    _f("growth_engagement_trend__366d__comment_gap", "ln", "growth of followers that comments did not share", "pertumbuhan pengikut yang tidak diikuti komentar", 1, source="R1", missing="fewer than 8 posts with comments inside the curve"),
)  # fmt: skip


NAMES = tuple(f"coherence__growth_engagement_{name}" for name in OF_BURSTS)
"""Names of the rows of :func:`numbers`."""


def compute(view: View) -> dict[str, FloatArray]:
    """Return the coherence features of every creator of the view, one array per catalogue name; NaN = not known."""
    return dict(zip(NAMES, numbers(view), strict=True))


def numbers(view: View) -> FloatArray:
    """Return what :func:`compute` gives as the rows of one array, in the order of ``NAMES``."""
    if view.posts is None or view.curve is None:
        return not_known((len(NAMES), len(view)))
    return burst_numbers(view.curve, view.settled, view.post_strength)
