"""A whole run on this machine: plan, score shards on all cores, put parts together; or go on where a killed run was."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realreach._version import __version__
from realreach.bundle import manifest_sha256
from realreach.compiled import LEAST_CREATORS, is_installed, is_worth_compiling
from realreach.engine.forked import forked_engine
from realreach.engine.plan import Plan, input_files, make_plan
from realreach.engine.ready import get_ready
from realreach.engine.work import PLAN, STATE, Job, part_path, score_shard, stored_report
from realreach.errors import InputError, OutputError, RealreachError
from realreach.files import atomic_folder
from realreach.first_compile import BY_NUMPY, IN_WORKERS, nothing_is_kept
from realreach.own_process import only_thread, take_over
from realreach.tables.contract import CONTRACTS
from realreach.tables.limits import Limits
from realreach.tables.problems import merged_problems, similar_file
from realreach.tables.report import Counts, Report

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["Finished", "Settings", "merged_report", "score_files"]

Score = Callable[[Job, list[int]], Iterator[int]]
"""Scores shards in any order on some engine, and yields each number when its parts are written."""

_RETRIES = 3
_COUNTS = ("rows_in", "used", "merged_duplicates", "set_aside")


@dataclass(frozen=True)
class Settings:
    """How a run is done; none of it changes a number.

    Parameters
    ----------
    size
        Creators of a shard: memory is bounded by a shard for each worker.
    workers
        Processes; 1 scores in this one.
    work
        Work folder; beside the output, so that a killed run is found again. None: a temporary one.
    resume
        True to take up what a killed run of the same input, model and options left in ``work``.
    format, assume_tz
        As for :func:`realreach.read_tables`.
    """

    size: int = 5_000
    workers: int = 1
    work: Path | None = None
    resume: bool = False
    format: str | None = None
    assume_tz: str | None = None


@dataclass(frozen=True, eq=False)
class Finished:
    """A run whose shards are all scored: the merged report, and the output in the order of the input."""

    plan: Plan
    report: Report
    work: Path

    def tables(self) -> Iterator[pa.Table]:
        """Yield the output as Arrow tables: scored creators in input order, then those whose row was set aside."""
        import pyarrow.parquet as pq

        for kind in ("scored", "invalid"):
            for shard in range(self.plan.shards):
                with pq.ParquetFile(part_path(self.work, shard, kind)) as part:
                    if part.metadata.num_rows or (kind == "scored" and shard == 0):
                        yield part.read(use_threads=False)

    def frames(self) -> Iterator[pd.DataFrame]:
        """Yield the same as data frames."""
        for table in self.tables():
            yield table.to_pandas(use_threads=False)

    def write_folder(self, target: str | Path, *, overwrite: bool = False) -> Path:
        """Write the output as a folder of Parquet part files, one per shard, in the order of the input.

        Raises
        ------
        OutputError
            If the folder exists (and ``overwrite`` is false) or cannot be written.
        """
        import pyarrow.parquet as pq

        with atomic_folder(target, overwrite=overwrite) as folder:
            for number, table in enumerate(self.tables()):
                pq.write_table(table, folder / f"part-{number:06d}.parquet", compression="zstd")
        return Path(target)


@contextmanager
def score_files(
    source: str | Path,
    model: str | Path,
    settings: Settings,
    *,
    as_of: str | None = None,
    options: dict[str, Any] | None = None,
    score: Score | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    report: Callable[[str], None] = lambda _: None,
) -> Iterator[Finished]:
    """Score the creators of files of any size; the output is read inside the block, after it the work folder is gone.

    Parameters
    ----------
    source
        A folder of tables or a file of nested JSON lines, as for :func:`realreach.read_tables`.
    model
        Model folder.
    settings
        How the run is done.
    as_of
        Day of the decision for all; None: the day after each creator's own last row.
    options
        Fields of :class:`realreach.scores.Scorer`, such as ``prevalence``.
    score
        Another engine than processes of this machine.
    progress
        Called with creators done and creators in all.
    report
        Called with a short sentence at every step.

    Raises
    ------
    InputError
        If the input cannot be used, or no creator is left.
    OutputError
        If the work folder cannot be written, or belongs to another run.
    """
    own = settings.work is None
    work = Path(tempfile.mkdtemp(prefix="realreach-")) if settings.work is None else settings.work
    done = False
    try:
        with _locked(work), _engine(score, settings, source, model) as engine:
            mark = _fingerprint(source, model, settings, as_of, options or {})
            plan = _planned(source, work, settings, mark, report)
            if score is None and (word := _of_kernels(settings, plan)):
                report(word)
            job = Job(str(work), str(model), as_of, settings.assume_tz, tuple(sorted((options or {}).items())), mark)
            _score_all(job, plan, engine, progress)
            merged = merged_report(plan, work)
            if merged.counts["creators"].rows_in and not merged.counts["creators"].used and not merged.invalid_creators:
                raise InputError(f"creators: none of {merged.counts['creators'].rows_in:,} rows could be used")
            yield Finished(plan, merged, work)
            done = True
    finally:
        if own or done:
            shutil.rmtree(work, ignore_errors=True)


def _planned(source: str | Path, work: Path, settings: Settings, mark: str, report: Callable[[str], None]) -> Plan:
    """Return the plan of the run, the old one where a killed run is taken up; ``mark`` is the run's fingerprint."""
    state = work / STATE
    if settings.resume and state.is_file() and (work / PLAN).is_file():
        if json.loads(state.read_text(encoding="utf-8")).get("fingerprint") != mark:
            raise OutputError(
                f"{work.name} was left by a run of another input, model, version or options. Remove it, or run without "
                "--resume to start anew."
            )
        plan = Plan.from_json((work / PLAN).read_text(encoding="utf-8"))
        left = sum(not part_path(work, shard, "report").is_file() for shard in range(plan.shards))
        report(f"going on: {plan.shards - left:,} of {plan.shards:,} parts are done")
        return plan
    for old in work.iterdir():
        if old.name != _LOCK:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    report("planning: which rows belong to which creators")
    (work / "done").mkdir(parents=True)
    plan = make_plan(source, work, settings.size, format=settings.format)
    moved = [f.shown for f in plan.files if f.ranges is None]
    report(
        f"{plan.creators:,} creators in {plan.shards:,} parts"
        + (f"; partitioned by creator first: {', '.join(moved[:6])}" if moved else "; read where they lie")
    )
    (work / PLAN).write_text(plan.to_json(), encoding="utf-8")
    state.write_text(json.dumps({"fingerprint": mark}), encoding="utf-8")
    return plan


def _fingerprint(
    source: str | Path, model: str | Path, settings: Settings, as_of: str | None, options: dict[str, Any]
) -> str:
    """Return what must be equal for parts of two runs to fit together."""
    streams, _ = input_files(source, settings.format, Limits())
    files = [(s.shown, s.path.stat().st_size, s.path.stat().st_mtime_ns) for s in streams]
    facts = [
        files,
        manifest_sha256(model),
        settings.size,
        settings.assume_tz,
        as_of,
        sorted(options.items()),
        __version__,
    ]
    return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()


def _score_all(job: Job, plan: Plan, score: Score, progress: Callable[[int, int], None]) -> None:
    """Score every shard that is not done; shards of a worker that died are given out again."""
    work = Path(job.work)
    left = [s for s in range(plan.shards) if not part_path(work, s, "report").is_file()]
    done = plan.creators - sum(plan.creators_of(s) for s in left)
    progress(done, plan.creators)
    for attempt in range(_RETRIES + 1):
        try:
            for shard in score(job, left):
                done += plan.creators_of(shard)
                progress(done, plan.creators)
        except RealreachError:
            raise
        except Exception as err:
            if attempt == _RETRIES or not _is_lost_worker(err):
                raise
        left = [s for s in left if not part_path(work, s, "report").is_file()]
        done = plan.creators - sum(plan.creators_of(s) for s in left)
        if not left:
            return
    raise RuntimeError(
        f"a worker died at part {left[0]} each time it was tried (out of memory?). Take a smaller --chunk-creators "
        "or fewer --workers."
    )


def _is_lost_worker(err: Exception) -> bool:
    """Return whether a worker process died (killed, out of memory), as against a fault of the work."""
    return type(err).__name__ in ("TerminatedWorkerError", "BrokenProcessPool", "KilledWorker")


def _of_kernels(settings: Settings, plan: Plan) -> str:
    """Return what worker processes, which are silent, would say of kernels that were never compiled; empty: nothing."""
    much = min(plan.size, plan.creators) >= LEAST_CREATORS and is_installed()
    if settings.workers <= 1 or not much or not nothing_is_kept():
        return ""
    return IN_WORKERS if is_worth_compiling(plan.creators) else BY_NUMPY


@contextmanager
def _engine(score: Score | None, settings: Settings, source: str | Path, model: str | Path) -> Iterator[Score]:
    """Yield the engine of a run: the one given, this process, or workers, which get ready while the plan is made."""
    if score is not None or settings.workers <= 1:
        yield score or _serial
    elif only_thread():
        with forked_engine(
            settings.workers, partial(get_ready, source, str(model)), _processes(settings.workers)
        ) as forked:
            yield forked
    else:
        yield _processes(settings.workers)


def _serial(job: Job, shards: list[int]) -> Iterator[int]:
    for shard in shards:
        score_shard(job, shard)
        yield shard


def _processes(workers: int) -> Score:
    def score(job: Job, shards: list[int]) -> Iterator[int]:
        from joblib import Parallel, delayed

        # Workers start fresh and with sleeping, single threads (see the thread trap in the documentation). Their first
        # work is a shard: one whose memory grows much after its first work is taken for leaking, and replaced.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        parallel = Parallel(n_jobs=workers, backend="loky", return_as="generator_unordered", batch_size=1)
        yield from parallel(delayed(_numbered)(job, shard) for shard in shards)

    return score


def _numbered(job: Job, shard: int) -> int:
    take_over()  # of a worker process
    score_shard(job, shard)
    return shard


def merged_report(plan: Plan, work: Path) -> Report:
    """Return the report on the whole input from those of its shards."""
    reports = [stored_report(work, shard) for shard in range(plan.shards)]
    counts: dict[str, Counts] = {}
    order = list(CONTRACTS)
    for name in CONTRACTS:
        found = [r.counts[name] for r in reports if name in r.counts]
        if found:
            counts[name] = Counts(*(sum(getattr(c, field) for c in found) for field in _COUNTS))
    unused = [(name, c.rows_in) for name, c in counts.items() if name != "creators" and not c.used]
    problems = [similar_file(name, table) for name, table in plan.similar]
    problems += merged_problems((r.problems for r in reports), unused)
    return Report(
        problems=problems,
        counts=counts,
        invalid_creators=[pair for r in reports for pair in r.invalid_creators],
        quarantined=sorted((q for r in reports for q in r.quarantined), key=lambda q: order.index(q.table)),
    )


_LOCK = "lock"


@contextmanager
def _locked(work: Path) -> Iterator[None]:
    """Hold the work folder; a second run on the same output is told."""
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise OutputError(f"{work} cannot be made: {err.strerror}") from err
    lock = work / _LOCK
    with suppress(FileNotFoundError, ValueError):
        if not _is_alive(int(lock.read_text(encoding="ascii"))):
            lock.unlink()
    try:
        handle = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError as err:
        raise OutputError(f"{work.name} is in use by another run. Wait for it, or name another output.") from err
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(str(os.getpid()))
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
