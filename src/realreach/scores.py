"""From checked tables to the output table: one row per creator, with a status before any number.

The score speaks of an audience's signals on a day, not of a person. ``authenticity`` is 100 x (1 - ``fake_probability``), so
that high always means authentic. A creator with too little to judge gets no number; an error never looks like a good score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.bundle import Bundle, load_bundle
from realreach.features import feature_matrix, feature_names
from realreach.features.view import decision_days
from realreach.model import PILLARS, combination_name
from realreach.tables.contract import SCHEMA_VERSION
from realreach.tables.core import FloatArray, IntArray, Tables

if TYPE_CHECKING:
    import pandas as pd

    from realreach.tables import ReadResult, Report

__all__ = ["OUTPUT_COLUMNS", "STATUS_REASONS", "Scorer"]

OUTPUT_COLUMNS: Mapping[str, str] = {
    "creator_id": "your key of the creator, unchanged",
    "platform": "platform as given",
    "as_of": "day of the decision; rows on or after it were not read",
    "status": "scored, insufficient_data or invalid_input",
    "status_reasons": "codes, joined by +: what is missing or wrong",
    "authenticity": "0-100, high = authentic; empty unless scored",
    "fake_probability": "0-1, calibrated probability that engagement was bought, at the prevalence named in the model card",
    "flagged": "true above the model's operating point: the level that the stated share of honest creators exceeds",
    "growth_authenticity": "0-100 from the follower curve alone; empty if missing",
    "engagement_authenticity": "0-100 from likes, comments and views alone; empty if missing",
    "comments_authenticity": "0-100 from comment texts alone; empty if missing",
    "coverage": "pillars the score rests on, joined by +",
    "history_days": "days between the first and the last follower count read",
    "posts_used": "posts read",
    "comments_used": "comments by others read",
    "rows_set_aside": "rows of this creator that did not pass the checks",
    "model": "name and version of the model",
    "schema_version": "version of the input and output tables",
}
"""The columns of the output table, in order, and what they mean."""

STATUS_REASONS: Mapping[str, str] = {
    "no_growth": "no follower history of six counts over three weeks",
    "no_engagement": "fewer than five posts with known counts",
    "no_comments": "fewer than ten comments by others",
    "nothing_to_judge": "none of the three pillars is there",
    "row_set_aside": "the creator's row did not pass the checks; see the rejects",
}
"""Codes of ``status_reasons``; the codes of the input checks can stand beside them for ``invalid_input``."""


@dataclass(frozen=True, eq=False)
class Scorer:
    """A loaded model, ready to score tables or single records. Holds no state: one object may serve many threads."""

    bundle: Bundle

    @classmethod
    def load(cls, folder: str | Path, *, expected_sha256: str | None = None) -> Scorer:
        """Load a model folder (see :func:`realreach.bundle.load_bundle`); MLflow is not needed."""
        return cls(load_bundle(folder, expected_sha256=expected_sha256))

    def score_tables(
        self, tables: Tables, as_of: object = None, *, set_aside: Mapping[str, int] | None = None
    ) -> pd.DataFrame:
        """Score every creator of the tables.

        Parameters
        ----------
        tables
            Checked tables.
        as_of
            Day of the decision; see :func:`realreach.build_features`.
        set_aside
            Rows set aside per creator_id, from the report of the checks.

        Returns
        -------
        pandas.DataFrame
            One row per creator in the order of the creators table; columns of :data:`OUTPUT_COLUMNS`. The same creator gets the
            same numbers alone and in any crowd.
        """
        days = decision_days(tables, as_of)
        matrix = feature_matrix(tables, days.astype("datetime64[D]"))
        return self.score_features(matrix, tables, days, set_aside=set_aside)

    def score_features(
        self, matrix: FloatArray, tables: Tables, days: FloatArray, *, set_aside: Mapping[str, int] | None = None
    ) -> pd.DataFrame:
        """Score creators whose features are already there; see :meth:`score_tables`."""
        import pandas as pd

        model = self.bundle.model
        present = model.judged(matrix)
        probability = model.probabilities(matrix)
        flagged = probability > model.calibration.limit(present)
        pillars = model.by_pillar(matrix)
        scored = ~np.isnan(probability)
        position = {name: i for i, name in enumerate(feature_names())}
        ids = tables.creator_ids.to_pylist()
        counts = {
            "history_days": np.nan_to_num(matrix[:, position["context__history__366d__days"]]),
            "posts_used": matrix[:, position["context__posts__100p__count"]],
            "comments_used": matrix[:, position["context__comments__all__count"]],
        }
        frame = pd.DataFrame(
            {
                "creator_id": pd.array(ids, dtype="str"),
                "platform": pd.array(tables.creators.strings("platform").to_pylist(), dtype="str"),
                "as_of": pd.array(_day_texts(days), dtype="str"),
                "status": pd.array(np.where(scored, "scored", "insufficient_data"), dtype="str"),
                "status_reasons": pd.array(_reasons(present), dtype="str"),
                "authenticity": 100.0 * (1.0 - probability),
                "fake_probability": probability,
                "flagged": pd.array([bool(f) if s else None for f, s in zip(flagged, scored, strict=True)], "boolean"),
                **{f"{name}_authenticity": 100.0 * (1.0 - pillars[name]) for name in PILLARS},
                "coverage": pd.array([combination_name(int(m)) for m in present], dtype="str"),
                **{name: values.astype(np.int64) for name, values in counts.items()},
                "rows_set_aside": np.array([(set_aside or {}).get(i, 0) for i in ids], dtype=np.int64),
                "model": pd.array([self.bundle.name] * len(ids), dtype="str"),
                "schema_version": pd.array([SCHEMA_VERSION] * len(ids), dtype="str"),
            }
        )
        return frame[list(OUTPUT_COLUMNS)]

    def score(self, record: Mapping[str, Any], as_of: object = None) -> dict[str, Any]:
        """Score one creator given as a nested record (the form a service receives).

        Parameters
        ----------
        record
            Creator columns, and lists of rows under ``follower_history``, ``posts``, ``comments``.
        as_of
            Day of the decision.

        Returns
        -------
        dict
            The columns of :data:`OUTPUT_COLUMNS`; None where there is no value. A record that does not pass the checks comes back
            with status ``invalid_input`` and the codes of the problems.
        """
        return self.score_records([record], as_of)[0]

    def score_records(self, records: Iterable[Mapping[str, Any]], as_of: object = None) -> list[dict[str, Any]]:
        """Score nested records; one answer per record, in their order."""
        from realreach.errors import InputError
        from realreach.tables import tables_from_records

        answers: list[dict[str, Any]] = []
        for record in records:
            try:
                result = tables_from_records([record])
            except InputError as err:
                answers.append(self._refused(record, getattr(err, "codes", ()) or ("row_set_aside",)))
                continue
            answers.extend(_plain(self.score_result(result, as_of)))
        return answers

    def score_result(self, result: ReadResult, as_of: object = None, *, chunk: int = 20_000) -> pd.DataFrame:
        """Score what was read, ``chunk`` creators at a time, and add the creators whose row was set aside.

        Every creator of the input comes back exactly once: scored, ``insufficient_data`` or ``invalid_input``.
        """
        import pandas as pd

        parts = list(self.score_in_parts(result, as_of, chunk=chunk))
        return pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]

    def score_in_parts(self, result: ReadResult, as_of: object = None, *, chunk: int = 20_000) -> Iterable[pd.DataFrame]:
        """Yield the output of :meth:`score_result` in parts, for large inputs and progress bars."""
        aside = _set_aside(result.report)
        n = len(result.tables)
        for first in range(0, max(n, 1), chunk):
            if first == 0 and n <= chunk:
                part = result.tables
            else:
                part = result.tables.take(np.arange(first, min(first + chunk, n)))
            yield self.score_tables(part, as_of, set_aside=aside)
        if result.report.invalid_creators:
            yield self._invalid(result.report.invalid_creators)

    def _invalid(self, creators: Sequence[tuple[str, Sequence[str]]]) -> pd.DataFrame:
        import pandas as pd

        rows = [self._refused({"creator_id": key}, codes) for key, codes in creators]
        frame = pd.DataFrame(rows, columns=list(OUTPUT_COLUMNS))
        kinds = {"flagged": "boolean", "coverage": "str", "status": "str"}
        numbers = [c for c in OUTPUT_COLUMNS if c.endswith("authenticity") or c == "fake_probability"]
        return frame.astype(kinds | dict.fromkeys(numbers, "float64"))

    def _refused(self, record: Mapping[str, Any], codes: Iterable[str]) -> dict[str, Any]:
        row = dict.fromkeys(OUTPUT_COLUMNS)
        key = record.get("creator_id")
        row |= {
            "creator_id": None if key is None else str(key),
            "status": "invalid_input",
            "status_reasons": "+".join(dict.fromkeys(("row_set_aside", *codes))),
            "coverage": "nothing",
            "history_days": 0,
            "posts_used": 0,
            "comments_used": 0,
            "rows_set_aside": 1,
            "model": self.bundle.name,
            "schema_version": SCHEMA_VERSION,
        }
        return row


def _set_aside(report: Report) -> dict[str, int]:
    """Return how many rows of each creator were set aside, from the rows' own creator_id."""
    counts: dict[str, int] = {}
    for part in report.quarantined:
        for row in part.originals():
            key = row.get("creator_id")
            if key is not None:
                counts[str(key)] = counts.get(str(key), 0) + 1
    return counts


def _reasons(present: IntArray) -> list[str]:
    codes = []
    for mask in range(8):
        missing = [f"no_{name}" for bit, name in enumerate(PILLARS) if not mask & (1 << bit)]
        codes.append("+".join(["nothing_to_judge", *missing] if mask == 0 else missing))
    return [codes[int(m)] for m in present]


def _day_texts(days: FloatArray) -> list[str | None]:
    return [str(np.datetime64(int(day), "D")) if day > 0 else None for day in days]


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as dictionaries with plain Python values and None for what is missing."""
    return [
        {k: None if v is None or v != v or str(v) == "<NA>" else (v.item() if hasattr(v, "item") else v) for k, v in row.items()}
        for row in frame.astype(object).to_dict("records")
    ]  # fmt: skip
