"""One creator's score, explained: reasons that add up, dated evidence, and the score without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from realreach.evidence.items import CommentItem, Counterfactual, PostItem, WindowItem
from realreach.reasons.code import Language
from realreach.reasons.reason import Reason

__all__ = ["Evidence", "Explanation"]

ADVICE = (
    "Signals about an audience on one day, for a person to weigh. They do not tell who caused them: anybody can order "
    "followers for anybody. Ask the creator (reach of stories, receipts of advertising) before deciding.",
    "Ini sinyal tentang audiens pada satu hari, untuk dipertimbangkan manusia. Sinyal tidak menunjukkan siapa "
    "penyebabnya: siapa pun dapat memesan pengikut untuk siapa pun. Tanyakan kepada kreator (jangkauan story, bukti "
    "iklan) sebelum memutuskan.",
)


@dataclass(frozen=True)
class Evidence:
    """What carries a reason: windows (positions in the explanation's list), posts, comments, and the score without."""

    windows: tuple[int, ...] = ()
    posts: tuple[PostItem, ...] = ()
    comments: tuple[CommentItem, ...] = ()
    without: Counterfactual | None = None

    def __bool__(self) -> bool:
        return bool(self.windows or self.posts or self.comments)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready facts."""
        return {
            "windows": list(self.windows),
            "posts": [p.to_dict() for p in self.posts],
            "comments": [c.to_dict() for c in self.comments],
            "without_this_evidence": None if self.without is None else self.without.to_dict(),
        }


@dataclass(frozen=True)
class Explanation:
    """Everything that is said of one creator's score.

    ``base_points`` + the points of all reasons + ``rest_points`` = ``authenticity``; all None where nothing is judged.
    ``evidence`` holds one entry for each reason, in the order of ``reasons``; empty for reasons that help.
    """

    creator_id: str
    as_of: str
    language: Language
    status: str
    authenticity: float | None
    flagged: bool | None
    coverage: str
    model: str
    base_points: float | None
    rest_points: float | None
    reasons: tuple[Reason, ...]
    evidence: tuple[Evidence, ...]
    windows: tuple[WindowItem, ...]
    without_all: Counterfactual | None

    @property
    def advice(self) -> str:
        """What the explanation is and is not, in its language."""
        return ADVICE[0] if self.language == "en" else ADVICE[1]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready facts, rounded; None where there is no value."""
        return {
            "creator_id": self.creator_id,
            "as_of": self.as_of,
            "language": self.language,
            "status": self.status,
            "authenticity": _rounded(self.authenticity),
            "fake_probability": None if self.authenticity is None else round(1.0 - self.authenticity / 100.0, 4),
            "flagged": self.flagged,
            "coverage": self.coverage,
            "model": self.model,
            "base_points": _rounded(self.base_points),
            "rest_points": _rounded(self.rest_points),
            "reasons": [
                {**reason.to_dict(), **({"evidence": proof.to_dict()} if reason.direction == "hurts" else {})}
                for reason, proof in zip(self.reasons, self.evidence, strict=True)
            ],
            "windows": [w.to_dict() for w in self.windows],
            "without_all_evidence": None if self.without_all is None else self.without_all.to_dict(),
            "advice": self.advice,
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
