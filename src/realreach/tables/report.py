"""What checking found: problems in words, counts that add up, and the rows to mend."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from realreach.errors import InputError
from realreach.tables.draft import Draft
from realreach.tables.limits import Limits
from realreach.tables.parts import Refusal
from realreach.tables.problems import Problem, problems_of
from realreach.tables.quarantine import Quarantined, quarantine_of, write_quarantine

__all__ = ["Counts", "NothingLeftError", "Report", "refusal_error"]


@dataclass(frozen=True)
class Counts:
    """Where the rows of a table went: ``rows_in == used + merged_duplicates + set_aside``."""

    rows_in: int
    used: int
    merged_duplicates: int
    set_aside: int

    def __post_init__(self) -> None:
        assert self.rows_in == self.used + self.merged_duplicates + self.set_aside, "rows were lost"

    def __str__(self) -> str:
        rows = f"{self.rows_in:,} row{'' if self.rows_in == 1 else 's'} in"
        return f"{rows} = {self.used:,} used + {self.merged_duplicates:,} merged + {self.set_aside:,} set aside"


@dataclass
class Report:
    """All findings of one reading.

    Parameters
    ----------
    problems
        One per table, column and code; errors first within a table. Empty if all is well.
    counts
        By table, in reading order.
    invalid_creators
        Key and codes of creators whose row was set aside though the key can be read; not part of any text or JSON.
    """

    problems: list[Problem] = field(default_factory=list)
    counts: dict[str, Counts] = field(default_factory=dict)
    invalid_creators: list[tuple[str, tuple[str, ...]]] = field(default_factory=list, repr=False)
    quarantined: list[Quarantined] = field(default_factory=list, repr=False)

    @property
    def rows_in(self) -> int:
        """Rows of all tables."""
        return sum(c.rows_in for c in self.counts.values())

    @property
    def set_aside(self) -> int:
        """Rows of all tables that were set aside."""
        return sum(c.set_aside for c in self.counts.values())

    def summary(self) -> str:
        """Return one line per table: rows in, used, merged and set aside."""
        return "\n".join(f"{name}: {counts}" for name, counts in self.counts.items())

    def text(self, limit: int | None = None) -> str:
        """Return the summary and one line per problem, at most ``limit`` of them (the rest is counted)."""
        shown = self.problems[:limit]
        lines = [self.summary(), *(f"{p.severity}: {p} [{p.code}]" for p in shown)]
        if rest := len(self.problems) - len(shown):
            lines.append(f"and {rest} more kinds of problems")
        return "\n".join(line for line in lines if line)

    def to_json(self) -> str:
        """Return counts and problems as JSON; creators' keys are not in it, only how many were set aside."""
        out = {
            "counts": {name: asdict(c) for name, c in self.counts.items()},
            "problems": [p.facts() for p in self.problems],
            "invalid_creators_count": len(self.invalid_creators),
        }
        return json.dumps(out, ensure_ascii=False, indent=2)

    def write_quarantine(self, folder: str | Path) -> list[Path]:
        """Write the rows that were set aside, one file per table, in their original form plus where and why.

        A mended file is read again as it is: beside the other rows as one more part file, or in place of them.

        Parameters
        ----------
        folder
            Made if it is not there; files of the same name are replaced.

        Returns
        -------
        list of Path
            The files written; empty if nothing was set aside.
        """
        return write_quarantine(self.quarantined, Path(folder))

    def add(self, draft: Draft, limits: Limits) -> None:
        """Take up the findings of one finished table."""
        broken = sum(len(part.broken) for part in draft.parts)
        size, set_aside, merged = len(draft.bad), int(draft.bad.sum()), int((draft.merged & ~draft.bad).sum())
        used = int(np.count_nonzero(~(draft.bad | draft.merged)))
        counts = Counts(size + broken, used, merged, set_aside + broken)
        self.counts[draft.contract.name] = counts
        self.problems += problems_of(draft, limits)
        self.quarantined += quarantine_of(draft)


class NothingLeftError(InputError):
    """No creator is left after checking; ``report`` says why, and still writes the quarantine."""

    def __init__(self, report: Report) -> None:
        lines = [f"{p} [{p.code}]" for p in report.problems if p.table == "creators" and p.severity == "error"]
        rows = report.counts["creators"].rows_in
        super().__init__("\n".join([f"creators: none of {rows:,} rows could be used [nothing_left]", *lines]))
        self.report = report

    def __reduce__(self) -> tuple[type[NothingLeftError], tuple[Report]]:
        return NothingLeftError, (self.report,)  # so that it passes between processes


def refusal_error(refusals: Sequence[Refusal]) -> InputError:
    """Return one error that says everything that cannot be used."""
    return InputError("\n".join(dict.fromkeys(f"{r.file}: {r.message}. {r.advice} [{r.code}]" for r in refusals)))
