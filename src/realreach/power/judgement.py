"""What was found in one world: lines of counts, the shares they stand for, and the whole as facts or as Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from realreach.false_alarms import wilson_interval
from realreach.power.markdown import judgement_markdown
from realreach.power.terms import FEW

__all__ = ["Judgement", "Line"]

_POWER = 0.8


@dataclass(frozen=True)
class Line:
    """One cell of a table: how many of ``n`` scored creators were found (fake ones) or wronged (honest ones).

    ``hits`` counts creators at or above the judgement's threshold, ``flagged`` those above the model's own operating
    points. ``extra`` of the ``n`` were simulated on top of the world.
    """

    table: str
    row: str
    column: str
    n: int
    hits: int
    flagged: int
    extra: int = 0

    @property
    def rate(self) -> float:
        """Share at or above the threshold; NaN without creators."""
        return self.hits / self.n if self.n else math.nan

    @property
    def flagged_rate(self) -> float:
        """Share above the model's own operating points; NaN without creators."""
        return self.flagged / self.n if self.n else math.nan


@dataclass(frozen=True)
class Judgement:
    """What was found in one world. ``lines`` hold all tables; see :meth:`table`.

    ``threshold`` is the ``fake_probability`` that at most 1 % of the world's own honest creators reach
    (``achieved_fpr``: how many do). ``out_of_view`` counts the scored fake creators all of whose purchases ended before
    the first day that their tables show; None without events.
    """

    seed: int | None
    honest: int
    fake: int
    unscored_honest: int
    unscored_fake: int
    out_of_view: int | None
    threshold: float
    achieved_fpr: float
    lines: tuple[Line, ...]

    def table(self, name: str, column: str | None = None) -> list[Line]:
        """Return the lines of one table: share, surface, share x evasion, mechanism, look_alike, language, ..."""
        return [line for line in self.lines if line.table == name and column in (None, line.column)]

    def smallest_share(self, table: str = "share", column: str = "all", *, surely: bool = False) -> str | None:
        """Return the lowest band of purchased share from which on at least 80 % are found; None if there is none.

        Bands of fewer than 20 creators are passed over. With ``surely`` the interval's lower end must reach 80 %.
        """
        found = None
        for line in reversed(self.table(table, column)):
            if line.n < FEW:
                continue
            reached = wilson_interval(line.hits, line.n)[0] if surely else line.rate
            if reached < _POWER:
                break
            found = line.row
        return found

    def look_alikes(self) -> list[Line]:
        """Return the false positives per innocent look-alike, worst first; kinds without a creator last."""
        known = self.table("look_alike")
        return sorted(known, key=lambda x: (x.n == 0, -x.flagged_rate if x.n else 0.0, -x.n))

    def to_dict(self, tables: Sequence[str] | None = None) -> dict[str, Any]:
        """Return JSON-ready facts with the lines of these tables (None: of all, the full surface included)."""
        kept = [line for line in self.lines if tables is None or line.table in tables]
        return {
            "simulated": True,
            "seed": self.seed,
            "honest_scored": self.honest,
            "fake_scored": self.fake,
            "honest_unscored": self.unscored_honest,
            "fake_unscored": self.unscored_fake,
            "fake_out_of_view": self.out_of_view,
            "threshold_at_1pct_fpr": self.threshold,
            "achieved_fpr": self.achieved_fpr,
            "smallest_share_80pct_power": self.smallest_share(),
            "smallest_share_80pct_power_surely": self.smallest_share(surely=True),
            "lines": [_plain(line) for line in kept],
        }

    def markdown(self, level: str = "##") -> str:
        """Return all tables as Markdown, marked as simulated."""
        return judgement_markdown(self, level)


def _plain(line: Line) -> dict[str, Any]:
    facts: dict[str, Any] = {"table": line.table, "row": line.row, "column": line.column, "n": line.n}
    if line.extra:
        facts["extra"] = line.extra
    for name, hits in (("at_1pct_fpr", line.hits), ("flagged", line.flagged)):
        ends = wilson_interval(hits, line.n)
        facts[name] = [round(v, 5) for v in (hits / line.n, *ends)] if line.n else None
    return facts
