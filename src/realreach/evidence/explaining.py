"""Scores with their reasons beside them: the scorer that explains as it scores, for flagged creators or for all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import numpy as np

from realreach.errors import UsageError
from realreach.evidence.explain import explain_rows
from realreach.features.view import View
from realreach.scores import Scorer
from realreach.tables.core import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EXPLAIN", "EXPLANATION_COLUMNS", "ExplainingScorer"]

EXPLAIN = ("none", "flagged", "all")
"""Whom to explain; contributions cost far more than scores."""

EXPLANATION_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "reasons": "codes of what speaks against the creator, weightiest first, joined by +; empty where not explained",
        "explanation": "reasons, good points too, each beside similar creators, that add up to the authenticity, and "
        "the growth windows with what explains them; an object in JSON lines, JSON text elsewhere",
    }
)
"""Columns that explanations add to the output, and what they mean."""


@dataclass(frozen=True, eq=False)
class ExplainingScorer(Scorer):
    """A scorer whose output says why.

    Parameters
    ----------
    explain
        ``flagged`` or ``all``; ``none`` leaves the columns out.
    language
        ``en`` or ``id``, of the sentences.

    Raises
    ------
    UsageError
        For another word.
    """

    explain: Literal["none", "flagged", "all"] = "flagged"
    language: str = "en"

    def __post_init__(self) -> None:
        """Check the words before anything is scored."""
        super().__post_init__()
        if self.explain not in EXPLAIN:
            raise UsageError(f"explain must be one of {', '.join(EXPLAIN)}, got {self.explain!r:.20}")
        if self.language not in ("en", "id"):
            raise UsageError(f"language must be en or id, got {self.language!r:.20}")

    def _frame(self, matrix: FloatArray, view: View, set_aside: Mapping[str, int]) -> pd.DataFrame:
        """Return the output, with explanations of those that are asked for."""
        frame = super()._frame(matrix, view, set_aside)
        if self.explain == "none":
            return frame
        import pandas as pd

        wanted = (frame["status"] == "scored").to_numpy(dtype=bool)
        if self.explain == "flagged":
            wanted = wanted & frame["flagged"].fillna(value=False).to_numpy(dtype=bool)
        rows = np.flatnonzero(wanted)
        codes: list[str | None] = [None] * len(frame)
        texts: list[str | None] = [None] * len(frame)
        told = (
            explain_rows(self.bundle, matrix, view.tables, view.as_of, rows, language=self.language)
            if len(rows)
            else []
        )
        for row, item in zip(rows.tolist(), told, strict=True):
            codes[row] = "+".join(r["code"] for r in item["reasons"] if r["direction"] == "hurts")
            texts[row] = json.dumps(item, ensure_ascii=False)
        return frame.assign(reasons=pd.array(codes, dtype="str"), explanation=pd.array(texts, dtype="str"))
