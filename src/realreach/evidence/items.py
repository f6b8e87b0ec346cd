"""What evidence is made of: windows of days, posts and comments, each with what is unusual about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from realreach.reasons.reason import significant

__all__ = ["CommentItem", "Counterfactual", "Explained", "PostItem", "WindowItem"]


@dataclass(frozen=True)
class Explained:
    """One explanation of a window and how much of it it explains (0 to 1)."""

    code: str
    strength: float
    words: str


@dataclass(frozen=True)
class WindowItem:
    """A window of unusual growth: dates of the counts before and after, followers gained and expected.

    ``share`` is the gain beyond the expected as a share of the followers after it; ``surprise`` the same in spreads of
    honest creators of this speed. ``verdict`` is ``explained``, ``partly`` or ``unexplained``.
    """

    start: str
    end: str
    gained: int
    expected: int
    share: float
    surprise: float
    explained: float
    verdict: str
    words: str
    explanations: tuple[Explained, ...]
    posts_known: bool

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready facts, rounded."""
        return {
            "start": self.start,
            "end": self.end,
            "followers_gained": self.gained,
            "followers_expected": self.expected,
            "share_of_followers": significant(self.share),
            "surprise": significant(self.surprise, 2),
            "verdict": self.verdict,
            "explained_share": round(self.explained, 2),
            "explanations": [
                {"code": e.code, "strength": round(e.strength, 2), "sentence": e.words} for e in self.explanations
            ],
            "posts_known": self.posts_known,
        }


@dataclass(frozen=True)
class PostItem:
    """A post that carries a reason: which count stands out, what it is and what it usually is."""

    post_id: str | None
    posted_on: str | None
    residual: str
    count: str
    value: float
    usual: float

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready facts, rounded."""
        return {
            "post_id": self.post_id,
            "posted_on": self.posted_on,
            "residual": self.residual,
            "count": self.count,
            "value": significant(self.value),
            "usual": significant(self.usual),
        }


@dataclass(frozen=True)
class CommentItem:
    """A comment that carries a reason. ``text`` only where texts were asked for."""

    comment_id: str | None
    post_id: str | None
    group: int | None
    text: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready facts."""
        facts: dict[str, Any] = {"comment_id": self.comment_id, "post_id": self.post_id}
        if self.group is not None:
            facts["group"] = self.group
        if self.text is not None:
            facts["text"] = self.text
        return facts


@dataclass(frozen=True)
class Counterfactual:
    """The authenticity if this evidence were taken out or replaced by what was to be expected, and the change."""

    authenticity: float
    change: float

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready facts, rounded."""
        return {"authenticity": round(self.authenticity, 1), "change": round(self.change, 1)}
