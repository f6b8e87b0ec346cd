"""One shard scored: its part of the output and its part of the report, left on disk whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from realreach.compiled import expect_creators
from realreach.engine.plan import Plan
from realreach.engine.shards import read_shard
from realreach.files import atomic_file
from realreach.output_tables import table_of
from realreach.tables.parts import Broken, Row
from realreach.tables.problems import Place, Problem
from realreach.tables.report import Counts, Report

if TYPE_CHECKING:
    from realreach.evidence.explaining import ExplainingScorer

__all__ = ["Job", "StoredRejects", "loaded_scorer", "part_path", "score_shard", "stored_report"]

PLAN, STATE = "plan.json", "run.json"


@dataclass(frozen=True)
class Job:
    """What a worker needs to score any shard of a run; plain values, so that it travels between processes.

    ``work`` is the work folder (on storage that all workers see), ``model`` the model folder. ``options`` are
    fields of :class:`realreach.evidence.explaining.ExplainingScorer`. ``mark`` is the run's own, as its folder tells
    it: a worker that outlived a killed run leaves nothing in the folder of the next one; empty: not looked at.
    """

    work: str
    model: str
    as_of: str | None = None
    assume_tz: str | None = None
    options: tuple[tuple[str, Any], ...] = ()
    mark: str = ""


def part_path(work: Path, shard: int, kind: str = "scored") -> Path:
    """Return where the part of a shard stands: ``scored`` or ``invalid`` rows, or the ``report``."""
    ending = "json" if kind == "report" else "parquet"
    return work / "done" / f"{shard:06d}.{kind}.{ending}"


def loaded_scorer(model: str) -> ExplainingScorer:
    """Return the scorer of a model folder, loaded once in a process while the folder's manifest is the same file."""
    return _loaded_scorer(model, _written(Path(model) / "manifest.json"))


def _written(path: Path) -> tuple[int, int] | None:
    """Return when a file was written and how large it is; None where it is not there, of which reading will tell."""
    with suppress(OSError):
        found = path.stat()
        return found.st_mtime_ns, found.st_size
    return None


@lru_cache(maxsize=2)
def _loaded_scorer(model: str, _written: tuple[int, int] | None) -> ExplainingScorer:
    from realreach.bundle import load_bundle
    from realreach.evidence.explaining import ExplainingScorer

    return ExplainingScorer(load_bundle(model), explain="none")


def _plan(work: str) -> Plan:
    return _read_plan(work, _written(Path(work) / PLAN))


@lru_cache(maxsize=2)
def _read_plan(work: str, _written: tuple[int, int] | None) -> Plan:
    return Plan.from_json((Path(work) / PLAN).read_text(encoding="utf-8"))


def score_shard(job: Job, shard: int) -> int:
    """Read, check and score one shard, and leave its parts in the work folder; return the number of its creators.

    The one function that every engine runs. A part that is there is taken as done: the report is written last.

    Raises
    ------
    InputError, OutputError
        As for reading and writing.
    """
    # One thread for each worker: the work is spread over shards, and nested threads fight for the same cores.
    pa.set_cpu_count(1)
    work, plan = Path(job.work), _plan(job.work)
    expect_creators(plan.creators)
    if part_path(work, shard, "report").is_file():
        return plan.creators_of(shard)
    result = read_shard(plan, work, shard, assume_tz=job.assume_tz)
    as_of = None if job.as_of is None else np.datetime64(job.as_of, "D")
    scorer = replace(loaded_scorer(job.model), **dict(job.options))
    # All creators of the shard, then those whose row was set aside, who lack the columns that only scores have.
    parts = list(scorer.columns_in_parts(result, as_of, chunk=max(len(result.tables), 1)))
    if not _is_current(job):
        return plan.creators_of(shard)
    scored = table_of(parts[0])
    _write_parquet(scored, part_path(work, shard))
    invalid = table_of(parts[1], scored.column_names) if len(parts) > 1 else scored.slice(0, 0)
    _write_parquet(invalid, part_path(work, shard, "invalid"))
    with atomic_file(part_path(work, shard, "report"), overwrite=True) as path:
        path.write_text(json.dumps(_stored(result.report)), encoding="utf-8")
    return plan.creators_of(shard)


def _is_current(job: Job) -> bool:
    """Return whether the work folder is still that of the job's run."""
    if not job.mark:
        return True
    with suppress(OSError, ValueError, KeyError):
        return bool(json.loads((Path(job.work) / STATE).read_text(encoding="utf-8"))["fingerprint"] == job.mark)
    return False


def _write_parquet(table: pa.Table, target: Path) -> None:
    import pyarrow.parquet as pq

    with atomic_file(target, overwrite=True) as path:
        pq.write_table(table, path, compression="lz4")


def _stored(report: Report) -> dict[str, Any]:
    """Return a report as plain values, rejected rows included."""
    return {
        "counts": {name: asdict(counts) for name, counts in report.counts.items()},
        "problems": [asdict(problem) for problem in report.problems],
        "invalid_creators": [[key, list(codes)] for key, codes in report.invalid_creators],
        "rejects": [
            {
                "table": q.table,
                "form": q.form,
                "header": list(q.header),
                "rows": json.loads(json.dumps(list(q.rows()), default=str)),
                "broken": [asdict(b) for b in q.broken],
            }
            for q in report.quarantined
        ],
    }


@dataclass(frozen=True, eq=False)
class StoredRejects:
    """Rows of one part that were set aside, as they were written down; the quarantine takes it like the rows."""

    table: str
    form: str
    header: tuple[str, ...]
    stored: Sequence[Row]
    broken: tuple[Broken, ...]

    def rows(self) -> Iterator[Row]:
        """Yield each row with the columns that say where it stood and what is wrong."""
        yield from self.stored

    @property
    def originals(self) -> Callable[[], list[Row]]:
        """The rows as they came."""
        return lambda: list(self.stored[: len(self.stored) - len(self.broken)])


def stored_report(work: Path, shard: int) -> Report:
    """Return the report that :func:`score_shard` left."""
    data: Mapping[str, Any] = json.loads(part_path(work, shard, "report").read_text(encoding="utf-8"))
    problems = [
        Problem(**{**p, "rows": tuple(p["rows"]), "places": tuple(Place(**place) for place in p["places"])})
        for p in data["problems"]
    ]
    rejects: list[Any] = [
        StoredRejects(r["table"], r["form"], tuple(r["header"]), r["rows"], tuple(Broken(**b) for b in r["broken"]))
        for r in data["rejects"]
    ]
    return Report(
        problems=problems,
        counts={name: Counts(**c) for name, c in data["counts"].items()},
        invalid_creators=[(key, tuple(codes)) for key, codes in data["invalid_creators"]],
        quarantined=rejects,
    )
