"""Scores with their reasons beside them: the scorer that explains as it scores, for flagged creators or for all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from realreach.errors import UsageError
from realreach.features.view import View
from realreach.model import Assessment
from realreach.output import Columns
from realreach.scores import Scorer
from realreach.tables.core import FloatArray

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
    """A scorer whose output says why: tables as text in two more columns, answers to records as an object.

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

    @property
    def _more_columns(self) -> tuple[str, ...]:
        return () if self.explain == "none" else tuple(EXPLANATION_COLUMNS)

    def _told(self, matrix: FloatArray, view: View, assessed: Assessment, flagged: np.ndarray) -> dict[str, Any]:
        """Return the explanations of those that are asked for, as objects; None for the others."""
        if self.explain == "none":
            return {}
        scored = ~np.isnan(assessed.probability)
        rows = np.flatnonzero(scored if self.explain == "all" else scored & flagged)
        codes: list[str | None] = [None] * len(view)
        objects: list[dict[str, Any] | None] = [None] * len(view)
        if len(rows):
            from realreach.evidence.explainer import explain_rows

            told = explain_rows(
                self.bundle, matrix, view.tables, view.as_of, rows,
                language=self.language, view=view, assessed=assessed.take(rows),
            )  # fmt: skip
            for row, item in zip(rows.tolist(), told, strict=True):
                codes[row] = "+".join(r["code"] for r in item["reasons"] if r["direction"] == "hurts")
                objects[row] = item
        return {"reasons": codes, "explanation": objects}

    def _table_columns(self, matrix: FloatArray, view: View, set_aside: Mapping[str, int]) -> Columns:
        columns = self._columns(matrix, view, set_aside)
        if "explanation" in columns:
            texts = (None if item is None else json.dumps(item, ensure_ascii=False) for item in columns["explanation"])
            columns["explanation"] = list(texts)
        return columns
