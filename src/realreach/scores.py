"""From checked tables to the output table: one row per creator, with a status before any number.

The score speaks of an audience's signals on a day, not of a person. ``authenticity`` is 100 x (1 -
``fake_probability``), so that high always means authentic. A creator with too little to judge gets no number; an
error never looks like a good score.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.bundle import Bundle, load_bundle
from realreach.calibration import shifted_odds
from realreach.compiled import LEAST_CREATORS, kernels_for
from realreach.confidence import CONFIDENCES, confidence_table, supplied, supplied_one
from realreach.errors import ModelError, UsageError
from realreach.features import matrix_of
from realreach.features.catalogue import column_numbers
from realreach.features.view import View, decision_days
from realreach.model import Assessment
from realreach.one_answer import counts_of, heads_of, numbers_of, row_of
from realreach.output import (
    OUTPUT_COLUMNS,
    STATUS_REASONS,
    Columns,
    columns_of_rows,
    completed,
    frame_of,
    joined,
    rows_of,
)
from realreach.pillars import ALL_PILLARS, PILLARS, combination_name
from realreach.real import engagement_per_post, what_is_real
from realreach.tables.contract import SCHEMA_VERSION
from realreach.tables.core import FloatArray, IntArray, Tables

if TYPE_CHECKING:
    import pandas as pd

    from realreach.tables import InputError, ReadResult, Report

__all__ = ["OUTPUT_COLUMNS", "STATUS_REASONS", "Scorer"]


CHUNK = 1_000
"""Creators that are computed together: their columns stay in the processor's cache."""
_SHARES = {
    end: f"audience__suspicious__all__{stat}" for end, stat in (("", "median"), ("_low", "low"), ("_high", "high"))
}


_COVERAGE = tuple(combination_name(mask) for mask in range(ALL_PILLARS + 1))
"""What each set of pillars is called."""


@dataclass(frozen=True, eq=False)
class Scorer:
    """A loaded model, ready to score tables or single records. Holds no state: one object may serve many threads.

    Parameters
    ----------
    bundle
        The model.
    prevalence
        Share of bought creators among those to be scored, strictly between 0 and 1; probabilities, ranges and
        authenticity are shifted to it (``flagged`` is not). None leaves them at the prevalence of the training data.
    heads
        Whether to compute mechanisms, purchased shares and what is real; without them a score costs less and their
        columns stay empty.

    Raises
    ------
    UsageError
        If the prevalence is not strictly between 0 and 1.
    ModelError
        If one is asked for, and the model does not say at which it was calibrated.
    """

    bundle: Bundle
    prevalence: float | None = None
    heads: bool = True

    def __post_init__(self) -> None:
        """Check the prevalence before anything is scored."""
        if self.prevalence is None:
            return
        if not 0.0 < self.prevalence < 1.0:
            raise UsageError(
                f"prevalence is a share strictly between 0 and 1 (such as 0.1 for one in ten), got {self.prevalence}"
            )
        if self.bundle.prevalence is None:
            raise ModelError(
                f"{self.bundle.name} does not say at which prevalence it was calibrated, so it cannot be shifted to "
                "another. Train it again."
            )

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        expected_sha256: str | None = None,
        prevalence: float | None = None,
        heads: bool = True,
    ) -> Scorer:
        """Load a model folder (see :func:`realreach.bundle.load_bundle`); MLflow is not needed."""
        return cls(load_bundle(folder, expected_sha256=expected_sha256), prevalence, heads)

    @cached_property
    def _confidence(self) -> IntArray:
        return confidence_table(self.bundle.model.calibration)

    def _shifted(self, probability: FloatArray) -> FloatArray:
        """Return probabilities at the prevalence that was asked for."""
        if self.prevalence is None or self.bundle.prevalence is None:
            return probability
        return shifted_odds(probability, self.bundle.prevalence, self.prevalence)

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
            One row per creator in the order of the creators table; columns of :data:`OUTPUT_COLUMNS`. The same
            creator gets the same numbers alone and in any crowd.
        """
        return frame_of(self.score_columns(tables, as_of, set_aside or {}))

    def score_columns(self, tables: Tables, as_of: object, set_aside: Mapping[str, int]) -> Columns:
        """Return what :meth:`score_tables` does as columns, without a data frame."""
        view = self.bundle.view(tables, decision_days(tables, as_of))
        return completed(self._table_columns(matrix_of(view), view, set_aside))

    def score_features(
        self, matrix: FloatArray, tables: Tables, days: FloatArray, *, set_aside: Mapping[str, int] | None = None
    ) -> pd.DataFrame:
        """Score creators whose features are already there; see :meth:`score_tables`."""
        return frame_of(self._table_columns(matrix, self.bundle.view(tables, days), set_aside or {}))

    def _table_columns(self, matrix: FloatArray, view: View, set_aside: Mapping[str, int]) -> Columns:
        """Return the output columns as a table holds them."""
        return self._columns(matrix, view, set_aside)

    def _columns(self, matrix: FloatArray, view: View, set_aside: Mapping[str, int]) -> dict[str, Any]:
        """Return the output columns as plain arrays and lists: what a data frame and a service's answer are made of.

        Those of :attr:`_more_columns` follow.
        """
        tables, days = view.tables, view.as_of
        model = self.bundle.model
        assessed, alone = model.assess_with_pillars(matrix)
        judged, present = assessed.mask, model.layout.present(matrix)
        flagged = assessed.probability > model.calibration.limit(judged)
        probability, low, high = (self._shifted(p) for p in (assessed.probability, assessed.low, assessed.high))
        pillars = {name: self._shifted(p) for name, p in alone.items()}
        scored = ~np.isnan(probability)
        position = column_numbers()
        ids = tables.creator_ids.to_pylist()
        counts = {
            "history_days": np.fmax(matrix[:, position["context__history__366d__days"]], 0.0),
            "posts_used": matrix[:, position["context__posts__100p__count"]],
            "comments_used": matrix[:, position["context__comments__all__count"]],
            "accounts_used": matrix[:, position["context__audience__all__count"]],
        }
        # An estimate of its own: it stands beside the score also where the model does not judge the pillar.
        shares = {f"suspicious_audience_share{end}": matrix[:, position[name]] for end, name in _SHARES.items()}
        confidence = self._confidence[present, supplied(counts, len(ids))]
        prevalence = self.bundle.prevalence if self.prevalence is None else self.prevalence
        return {
            "creator_id": ids,
            "platform": tables.creators.strings("platform").to_pylist(),
            "as_of": _day_texts(days),
            "status": ["scored" if s else "insufficient_data" for s in scored.tolist()],
            "status_reasons": list(map(_reason, judged.tolist(), present.tolist())),
            "authenticity": 100.0 * (1.0 - probability),
            "fake_probability": probability,
            "probability_low": low,
            "probability_high": high,
            "prevalence": np.where(scored, np.nan if prevalence is None else prevalence, np.nan),
            "confidence": _words(confidence, scored),
            "flagged": [f if s else None for f, s in zip(flagged.tolist(), scored.tolist(), strict=True)],
            **{f"{name}_authenticity": 100.0 * (1.0 - pillars[name]) for name in PILLARS},
            **shares,
            "coverage": [_COVERAGE[m] for m in judged.tolist()],
            **{name: values.astype(np.int64) for name, values in counts.items()},
            "rows_set_aside": np.array([set_aside.get(i, 0) for i in ids], dtype=np.int64),
            "model": [self.bundle.name] * len(ids),
            "schema_version": [SCHEMA_VERSION] * len(ids),
            **(self._further(assessed, probability, view, matrix) if self.heads else {}),
            **self._told(matrix, view, assessed, flagged),
        }

    def _row_of_one(self, matrix: FloatArray, view: View, set_aside: Mapping[str, int]) -> dict[str, Any]:
        """Return what :meth:`_columns` gives for a single creator, as the row of a service's answer."""
        model, one = self.bundle.model, self.bundle.model.assess_one(matrix)
        told = numbers_of(one, None if self.prevalence is None else self._shifted, matrix)
        counts, probability = counts_of(matrix), told["fake_probability"]
        scored = probability == probability
        flagged = one.numbers[0] > model.calibration.threshold.get(one.judged, np.nan)
        level = self._confidence.item(one.present, supplied_one(counts))
        key = view.tables.creator_ids[0].as_py()
        columns: dict[str, Any] = {**told, **counts}
        columns |= {
            "creator_id": key,
            "platform": view.tables.creators.strings("platform")[0].as_py(),
            "as_of": _day_text(view.as_of.item()),
            "status": "scored" if scored else "insufficient_data",
            "status_reasons": _reason(one.judged, one.present),
            "prevalence": (self.bundle.prevalence if self.prevalence is None else self.prevalence) if scored else None,
            "confidence": CONFIDENCES[level] if scored and level >= 0 else None,
            "flagged": flagged if scored else None,
            "coverage": _COVERAGE[one.judged],
            "rows_set_aside": set_aside.get(key, 0),
            "model": self.bundle.name,
            "schema_version": SCHEMA_VERSION,
        }
        if self.heads and self.bundle.heads:
            columns |= heads_of(self.bundle.heads, one, probability, view, matrix)
        more = {}
        if self._more_columns:
            found = self._told(matrix, view, one.assessment, np.array([flagged]))
            more = {name: values[0] for name, values in found.items()}
        return row_of(columns, more)

    @property
    def _more_columns(self) -> tuple[str, ...]:
        """Columns behind those of the output table."""
        return ()

    def _told(self, matrix: FloatArray, view: View, assessed: Assessment, flagged: np.ndarray) -> dict[str, Any]:
        """Return :attr:`_more_columns`, for scorers that say why."""
        return {}

    def _further(self, assessed: Assessment, probability: FloatArray, view: View, matrix: FloatArray) -> dict[str, Any]:
        """Return the columns of the heads and of what is real; those that the model has no head for are left out."""
        heads = self.bundle.heads
        if not heads:
            return {}
        told = heads.score(assessed, probability)
        out: dict[str, Any] = {f"{name}_probability": p for name, p in told.mechanisms.items()}
        for name, (low, median, high) in told.shares.items():
            out |= {name: median, f"{name}_low": low, f"{name}_high": high}
        if told.shares:
            followers = np.rint(10.0 ** matrix[:, column_numbers()["context__followers__now__log10"]])
            price = view.tables.creators.numbers("price_per_post")
            out |= what_is_real(followers, engagement_per_post(view), price, told.shares)
            currency = view.tables.creators.strings("currency").to_pylist()
            out["currency"] = [c if p == p else None for c, p in zip(currency, price.tolist(), strict=True)]
        return out

    def score(self, record: Mapping[str, Any], as_of: object = None) -> dict[str, Any]:
        """Score one creator given as a nested record (the form a service receives).

        Parameters
        ----------
        record
            Creator columns, and lists of rows under ``follower_history``, ``posts``, ``comments``, ``audience``.
        as_of
            Day of the decision.

        Returns
        -------
        dict
            The columns of :data:`OUTPUT_COLUMNS`; None where there is no value. A record that does not pass the
            checks comes back with status ``invalid_input`` and the codes of the problems.
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
                answers.append(self._refused_record(record, err))
                continue
            for answer in self._answers(result, as_of):
                # All rows of the record are this creator's, whatever key they carry, and a service sees no report.
                answer["rows_set_aside"] = result.report.set_aside
                codes = [p.code for p in result.report.problems if p.severity == "error" or p.code == "unknown_column"]
                told = [answer["status_reasons"] or "", *codes]
                answer["status_reasons"] = "+".join(dict.fromkeys(code for code in told if code))
                answers.append(answer)
        return answers

    def _answers(self, result: ReadResult, as_of: object) -> list[dict[str, Any]]:
        """Return the rows of :meth:`score_result` as dictionaries, without a data frame in between."""
        tables, aside = result.tables, _set_aside(result.report)
        view = self.bundle.view(tables, decision_days(tables, as_of))
        matrix = matrix_of(view)
        if len(view) == 1 and not result.report.invalid_creators:
            return [self._row_of_one(matrix, view, aside)]
        more = dict.fromkeys(self._more_columns)
        invalid = [self._refused(key, codes, aside.get(key, 1)) | more for key, codes in result.report.invalid_creators]
        return rows_of(self._columns(matrix, view, aside)) + invalid

    def score_result(self, result: ReadResult, as_of: object = None, *, chunk: int = CHUNK) -> pd.DataFrame:
        """Score what was read, ``chunk`` creators at a time, and add the creators whose row was set aside.

        Every creator of the input comes back exactly once: scored, ``insufficient_data`` or ``invalid_input``.
        """
        return _joined(list(self.score_in_parts(result, as_of, chunk=chunk)))

    def score_in_parts(self, result: ReadResult, as_of: object = None, *, chunk: int = CHUNK) -> Iterable[pd.DataFrame]:
        """Yield the output of :meth:`score_result` in parts, for large inputs and progress bars."""
        return map(frame_of, self.columns_in_parts(result, as_of, chunk=chunk))

    def columns_in_parts(self, result: ReadResult, as_of: object = None, *, chunk: int = CHUNK) -> Iterable[Columns]:
        """Yield the same parts as columns, without the data frames (and without importing pandas)."""
        tables, aside = result.tables, _set_aside(result.report)
        n = len(tables)
        # Many small calls are one large one: the kernels are worth loading for all of them.
        kernels_for(n, "tree_kernels", LEAST_CREATORS)
        days = decision_days(tables, as_of).astype("datetime64[D]")
        for first in range(0, max(n, 1), chunk):
            end = min(first + chunk, n)
            steps = [(at, min(at + CHUNK, end)) for at in range(first, end, CHUNK)] or [(0, 0)]
            yield joined([self.score_columns(tables.between(*s), days[slice(*s)], aside) for s in steps])
        if result.report.invalid_creators:
            invalid = result.report.invalid_creators
            yield columns_of_rows([self._refused(key, codes, aside.get(key, 1)) for key, codes in invalid])

    def _refused_record(self, record: Mapping[str, Any], err: InputError) -> dict[str, Any]:
        report = getattr(err, "report", None)
        codes = [p.code for p in report.problems if p.severity == "error"] if report is not None else []
        key = record.get("creator_id") if isinstance(record, Mapping) else None
        row = self._refused(None if key is None else str(key), codes, report.set_aside if report is not None else 1)
        return row | dict.fromkeys(self._more_columns)

    def _refused(self, key: str | None, codes: Iterable[str], rows: int) -> dict[str, Any]:
        row: dict[str, Any] = dict.fromkeys(OUTPUT_COLUMNS)
        row |= {
            "creator_id": key,
            "status": "invalid_input",
            "status_reasons": "+".join(dict.fromkeys(("row_set_aside", *codes))),
            "coverage": "nothing",
            "history_days": 0,
            "posts_used": 0,
            "comments_used": 0,
            "accounts_used": 0,
            "rows_set_aside": rows,
            "model": self.bundle.name,
            "schema_version": SCHEMA_VERSION,
        }
        return row


def _joined(frames: list[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]


def _set_aside(report: Report) -> dict[str, int]:
    """Return how many rows of each creator were set aside, from the rows' own creator_id."""
    counts: dict[str, int] = {}
    for part in report.quarantined:
        for row in part.originals():
            key = row.get("creator_id")
            if key is not None:
                counts[str(key)] = counts.get(str(key), 0) + 1
    return counts


@lru_cache(maxsize=1 << 2 * len(PILLARS))
def _reason(judged: int, present: int) -> str:
    """Return why pillars are not judged: not there, or there but of no use to this model."""
    lacking = [(name, present & (1 << bit)) for bit, name in enumerate(PILLARS) if not judged & (1 << bit)]
    # A sample of the audience is an extra that few teams have: nobody is told that it is missing.
    codes = [f"{n}_not_judged" if is_there else f"no_{n}" for n, is_there in lacking if is_there or n != "audience"]
    return "+".join(codes if judged else ["nothing_to_judge", *codes])


def _words(confidence: IntArray, scored: np.ndarray) -> list[str | None]:
    levels = zip(confidence.tolist(), scored.tolist(), strict=True)
    return [CONFIDENCES[level] if known and level >= 0 else None for level, known in levels]


def _day_texts(days: FloatArray) -> list[str | None]:
    return list(map(_day_text, days.tolist()))


@lru_cache(maxsize=4096)
def _day_text(day: float) -> str | None:
    return str(np.datetime64(int(day), "D")) if day > 0 else None
