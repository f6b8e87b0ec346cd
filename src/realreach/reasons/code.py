"""What a reason code is: a stable name, the features it speaks for, and its sentences in two languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["LANGUAGES", "Direction", "Language", "ReasonCode"]

Language = Literal["en", "id"]
LANGUAGES: tuple[Language, ...] = ("en", "id")
Direction = Literal["hurts", "helps"]


@dataclass(frozen=True)
class ReasonCode:
    """One atom of the explanation of a score.

    Parameters
    ----------
    code
        The stable name; never reused for another meaning.
    pillar
        ``growth``, ``engagement``, ``comments``, ``audience``, ``coherence`` or ``none``.
    members
        Patterns of feature names (``*`` = anything); a feature belongs to the first code that has a matching pattern.
    against, against_id
        What is said where the code lowers the score, in English and Indonesian. A signal, never an accusation.
    favour, favour_id
        What is said where it raises the score.
    innocent, innocent_id
        What else could have caused the signal.
    """

    code: str
    pillar: str
    members: tuple[str, ...]
    against: str
    against_id: str
    favour: str
    favour_id: str
    innocent: str
    innocent_id: str

    def sentence(self, direction: Direction, language: Language = "en") -> str:
        """Return what is said in this direction and language."""
        if direction == "hurts":
            return self.against if language == "en" else self.against_id
        return self.favour if language == "en" else self.favour_id

    def causes(self, language: Language = "en") -> str:
        """Return the possible innocent causes in this language."""
        return self.innocent if language == "en" else self.innocent_id
