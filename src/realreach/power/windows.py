"""The windows of growth against the truth: which deliveries are found, which windows are true, who is wronged.

A delivery counts if the curve shows it: daily or weekly counts from three days before it to its end. It is found if a
window that is not explained overlaps it (within a day). A window is true if a delivery brought three tenths or more of
its excess; a delivery is taken to bring nearly all of itself in its first days. All of it is simulated and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.evidence import Explanation, explanations_of
from realreach.false_alarms import wilson_interval
from realreach.features.innocence import Innocence, innocence_of
from realreach.features.view import View, decision_days
from realreach.features.windows import Windows
from realreach.power.worlds import SimulatedWorld
from realreach.scores import Scorer
from realreach.tables.core import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EvidenceJudgement", "Rate", "judge_evidence"]

_SHARES = ((0.02, 0.05, 0.10, 0.20, 0.50), ("<2 %", "2-5 %", "5-10 %", "10-20 %", "20-50 %", ">50 %"))
_DELIVERIES = ((3.5, 7.5, 30.5), ("<=3 d", "3-7 d", "7-30 d", ">30 d"))
_NOT_BOUGHT = frozenset({"M11", "M16"})
"""Mechanisms that bring followers otherwise than by delivery: follow/unfollow, and an account bought whole."""
_TRUE_PART = 0.3


@dataclass(frozen=True)
class Rate:
    """A share with its 95 % interval."""

    table: str
    row: str
    column: str
    hits: int
    n: int

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready facts: share, low, high, n; None without anything to count."""
        ends = wilson_interval(self.hits, self.n) if self.n else (np.nan, np.nan)
        share = [round(v, 4) for v in (self.hits / self.n, *ends)] if self.n else None
        return {"table": self.table, "row": self.row, "column": self.column, "n": self.n, "share": share}

    def cell(self) -> str:
        """Return the share with its interval and n as text."""
        if not self.n:
            return "-"
        low, high = wilson_interval(self.hits, self.n)
        return f"{100 * self.hits / self.n:.1f} % ({100 * low:.1f}-{100 * high:.1f}; n = {self.n:,})"


@dataclass(frozen=True)
class EvidenceJudgement:
    """What the evidence is worth in one simulated world; see :func:`judge_evidence`."""

    seed: int | None
    flagged: int
    rates: tuple[Rate, ...]

    def rate(self, table: str, row: str = "all", column: str = "all") -> Rate:
        """Return one rate.

        Raises
        ------
        KeyError
            If it was not counted.
        """
        for rate in self.rates:
            if (rate.table, rate.row, rate.column) == (table, row, column):
                return rate
        raise KeyError((table, row, column))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready facts."""
        return {
            "simulated": True,
            "seed": self.seed,
            "flagged": self.flagged,
            "rates": [r.to_dict() for r in self.rates],
        }

    def markdown(self) -> str:
        """Return the tables as Markdown, marked as simulated."""
        seed = "" if self.seed is None else f", seed {self.seed}"
        out = [f"## Evidence against the truth (*simulated*{seed}; share, 95 % interval, n)", ""]
        for title, table in _TITLES:
            lines = [r for r in self.rates if r.table == table and r.n]
            if lines:
                out += [f"### {title}", "", *_table(lines), ""]
        return "\n".join(out)


_TITLES = (
    ("Deliveries of followers found, by purchased share and duration", "found"),
    ("Windows that are true", "true"),
    ("Innocent events of honest creators under an unexplained window", "innocent"),
    ("The score rises without the evidence", "direction"),
    ("Reasons that hurt, with evidence", "evidence"),
)


def _table(lines: Sequence[Rate]) -> Iterable[str]:
    columns = list(dict.fromkeys(r.column for r in lines))
    yield "| | " + " | ".join(columns) + " |"
    yield "|---" * (len(columns) + 1) + "|"
    for row in dict.fromkeys(r.row for r in lines):
        cells = {r.column: r.cell() for r in lines if r.row == row}
        yield f"| {row} | " + " | ".join(cells.get(c, "-") for c in columns) + " |"


def judge_evidence(
    scorer: Scorer, world: SimulatedWorld, report: Callable[[str], None] = lambda _: None
) -> EvidenceJudgement:
    """Judge windows, verdicts and counterfactuals on a simulated world that the model was never trained on.

    Parameters
    ----------
    scorer
        A loaded model.
    world
        The world with its events.
    report
        Called with a short sentence at every step.

    Raises
    ------
    ValueError
        If the world has no events.
    """
    if world.events is None:
        raise ValueError("the world has no events: they are what evidence is judged against")
    tables = world.tables
    days = decision_days(tables)
    report(f"finding windows in {len(tables):,} simulated curves")
    view = View(tables, days)
    tested = innocence_of(view)
    truth = _Truth.of(view, world.events, tested.windows)
    matrix = scorer.bundle.features(tables, days)
    model = scorer.bundle.model
    probability = model.probabilities(matrix)
    with np.errstate(invalid="ignore"):
        flagged = np.flatnonzero(probability > model.calibration.limit(model.judged(matrix)))
    report(f"explaining {len(flagged):,} flagged creators")
    # Everything that was chosen, kept or not, so that the share of right choices can be counted.
    chosen = explanations_of(scorer.bundle, matrix, tables, days, flagged, crowd=False, only_carrying=False)
    rates = [
        *_found(truth, tested),
        *_true(truth, tested, flagged),
        *_innocent(truth, tested, flagged),
        *_direction(chosen),
    ]
    return EvidenceJudgement(world.seed, len(flagged), tuple(rates))


@dataclass(frozen=True, eq=False)
class _Truth:
    """The events of a world beside its windows, times in days since 1970-01-01."""

    owner: IntArray
    kind: np.ndarray
    start: FloatArray
    end: FloatArray
    share: FloatArray
    delivery: np.ndarray
    innocent: np.ndarray
    in_view: np.ndarray
    overlap: list[IntArray]
    brought: FloatArray
    mechanism_11: np.ndarray
    honest: np.ndarray

    @classmethod
    def of(cls, view: View, events: pd.DataFrame, w: Windows) -> _Truth:
        place = {key: i for i, key in enumerate(view.tables.creator_ids.to_pylist())}
        events = events[events["creator_id"].isin(list(place))]
        owner = events["creator_id"].map(place).to_numpy(dtype=np.int64)
        kind = events["kind"].to_numpy(dtype=object)
        start, end = (_days(events[name]) for name in ("start", "end"))
        size = events["size"].to_numpy(dtype=np.float64)
        innocent = events["is_innocent"].to_numpy(dtype=bool)
        bare = events["post_ids"].to_numpy(dtype=object) == ""
        delivery = ~innocent & bare & ~np.isin(kind, list(_NOT_BOUGHT))
        first, last = _shown(view)
        of = {o: np.flatnonzero(w.owner == o) for o in np.unique(w.owner)}
        overlap = [
            of[o][(w.start[of[o]] <= e + 1) & (w.end[of[o]] >= s - 1)] if o in of else np.empty(0, dtype=np.int64)
            for o, s, e in zip(owner, start, end, strict=True)
        ]
        brought, eleven = np.zeros(len(w)), np.zeros(len(w), dtype=bool)
        for i, rows in enumerate(overlap):
            if delivery[i]:
                begins = (w.start[rows] - 1.5 <= start[i]) & (start[i] <= w.end[rows] + 1)
                inside = np.minimum(w.end[rows] + 1, end[i] + 1) - np.maximum(w.start[rows] - 1, start[i])
                part = np.clip(inside / max(end[i] + 1 - start[i], 1.0), 0.0, 1.0)
                brought[rows] += size[i] * np.where(begins, 1.0, part)
            eleven[rows] |= kind[i] == "M11"
        guilty = np.zeros(len(view), dtype=bool)
        guilty[owner[~innocent]] = True
        labels = view.tables.labels
        if labels is not None:
            guilty[labels.creator[labels.numbers("is_fake") == 1.0]] = True
        return cls(
            owner, kind, start, end, size / np.maximum(view.followers[owner], 1.0), delivery, innocent,
            (start >= first[owner] + 3) & (end <= last[owner]), overlap, brought, eleven, ~guilty,
        )  # fmt: skip


def _days(times: pd.Series) -> FloatArray:
    import pandas as pd

    plain = pd.to_datetime(times, utc=True).dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    return np.asarray(plain.astype(np.int64) / 86_400.0, dtype=np.float64)


def _shown(view: View) -> tuple[FloatArray, FloatArray]:
    """Return the first and the last day of every curve that can date a window; NaN for the others."""
    first, last = np.full(len(view), np.nan), np.full(len(view), np.nan)
    curve = view.curve
    if curve is not None:
        known = ~np.isnan(curve.columns["surprise"]) & (curve.columns["span"] >= 21.0)
        np.fmin.at(first, curve.owner[known], curve.columns["start"][known])
        np.fmax.at(last, curve.owner[known], curve.columns["end"][known])
    return first, last


def _band(values: FloatArray, bands: tuple[tuple[float, ...], tuple[str, ...]]) -> np.ndarray:
    return np.array(bands[1], dtype=object)[np.searchsorted(bands[0], values, side="right")]


def _found(truth: _Truth, tested: Innocence) -> Iterable[Rate]:
    counted = np.flatnonzero(truth.delivery & truth.in_view)
    verdicts = tested.verdict
    any_window = np.array([len(truth.overlap[i]) > 0 for i in counted])
    hit = np.array([bool((verdicts[truth.overlap[i]] > 0).any()) for i in counted])
    share = _band(truth.share[counted], _SHARES)
    length = _band(truth.end[counted] - truth.start[counted], _DELIVERIES)
    for row in _SHARES[1]:
        for column in _DELIVERIES[1]:
            own = (share == row) & (length == column)
            yield Rate("found", row, column, int(hit[own].sum()), int(own.sum()))
    aim = (truth.share[counted] >= 0.20) & (length == _DELIVERIES[1][0])
    yield Rate("found", ">=20 %, not explained", "<=3 d", int(hit[aim].sum()), int(aim.sum()))
    yield Rate("found", ">=20 %, window of any verdict", "<=3 d", int(any_window[aim].sum()), int(aim.sum()))


def _true(truth: _Truth, tested: Innocence, flagged: IntArray) -> Iterable[Rate]:
    w = tested.windows
    bought = truth.brought >= _TRUE_PART * np.maximum(w.excess, 1.0)
    guilty_window = bought | truth.mechanism_11
    shown = np.isin(w.owner, flagged)
    for column, part in (("flagged creators", shown), ("all creators", np.ones(len(w), dtype=bool))):
        for verdict, row in ((2, "unexplained"), (1, "partly explained"), (0, "explained")):
            which = tested.verdict == verdict
            own = part & which
            yield Rate("true", f"{row}: bought", column, int(bought[own].sum()), int(own.sum()))
            yield Rate(
                "true", f"{row}: bought or follow/unfollow", column, int(guilty_window[own].sum()), int(own.sum())
            )
            creators = part & which & ~truth.honest[w.owner]
            yield Rate(
                "true", f"{row}: of a creator with bought engagement", column, int(creators.sum()), int(own.sum())
            )


def _innocent(truth: _Truth, tested: Innocence, flagged: IntArray) -> Iterable[Rate]:
    counted = truth.innocent & truth.in_view & truth.honest[truth.owner]
    counted &= ~np.isin(truth.kind, ("gap", "purge", "rounding"))
    judged = np.isin(truth.owner, flagged)
    for kind in ("all", *sorted(set(truth.kind[counted].tolist()))):
        rows = np.flatnonzero(counted & ((truth.kind == kind) | (kind == "all")))
        hit = np.array([bool((tested.verdict[truth.overlap[i]] == 2).any()) for i in rows], dtype=bool)
        yield Rate("innocent", kind, "by the test alone", int(hit.sum()), len(rows))
        yield Rate("innocent", kind, "in a flagged creator", int((hit & judged[rows]).sum()), len(rows))


def _direction(chosen: Sequence[Explanation]) -> Iterable[Rate]:
    whole = [e.without_all.change for e in chosen if e.without_all is not None]
    yield Rate("direction", "all evidence at once", "all", sum(c > 0 for c in whole), len(whole))
    by_pillar: dict[str, list[float]] = {}
    hurting = carried = 0
    for e in chosen:
        for reason, proof in zip(e.reasons, e.evidence, strict=True):
            if reason.direction == "hurts":
                hurting += 1
                if proof.without is not None:
                    by_pillar.setdefault(reason.pillar, []).append(proof.without.change)
                    carried += proof.without.change >= 0.1
    for pillar in sorted(by_pillar):
        changes = by_pillar[pillar]
        yield Rate("direction", f"one reason of {pillar}", "all", sum(c > 0 for c in changes), len(changes))
    every = [c for changes in by_pillar.values() for c in changes]
    yield Rate("direction", "one reason", "all", sum(c > 0 for c in every), len(every))
    yield Rate("evidence", "rows that carry it are shown", "all", carried, hurting)
