"""How ``predict`` gets its scores: all at once for an input that fits, in shards on disk for any other."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realreach.commands.common import Console, check_reading, read_input, tell_report
from realreach.errors import UsageError

if TYPE_CHECKING:
    from realreach.engine import Settings
    from realreach.evidence.explaining import ExplainingScorer
    from realreach.output import Part
    from realreach.tables import Report

__all__ = ["Scored", "add_engine_arguments", "scored_creators"]

_AT_ONCE_BYTES = 200 * 2**20
"""Input that is read at once: up to this size on disk it stays well below a gigabyte in memory."""
_SHARD = 5_000


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags that say how the work is done; none of them changes a number."""
    parser.add_argument(
        "--chunk-creators",
        type=int,
        default=_SHARD,
        metavar="N",
        help="creators scored at a time; memory is bounded by this many for each worker; changes no number",
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="processes that score (default: 1, or 2 for a large input)"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on where a killed run of the same input, model and options was (needs --out FILE)",
    )
    parser.add_argument(
        "--work-dir", type=Path, metavar="DIR", help="folder for work in progress (default: beside --out, OUT.work)"
    )
    parser.add_argument(
        "--engine", choices=("local", "dask"), default="local", help="where shards are scored (dask: extra 'cluster')"
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a running Dask scheduler, such as tcp://10.0.0.5:8786"
    )


@dataclass(frozen=True, eq=False)
class Scored:
    """Scored creators on their way out: parts in input order, the report of reading, and how many to expect."""

    parts: Iterable[Part]
    report: Report
    creators: int
    invalid: int


@contextmanager
def scored_creators(
    arguments: argparse.Namespace, console: Console, scorer: ExplainingScorer, model: Path, as_of: Any
) -> Iterator[Scored]:
    """Yield the scored creators of the input; what was found while reading has been said by then.

    Raises
    ------
    InputError, OutputError, UsageError
        As for reading and for the engine.
    """
    _check(arguments)
    if not _in_shards(arguments):
        result = read_input(arguments, console, arguments.input)
        n, invalid = len(result.tables), len(result.report.invalid_creators)
        parts = -(-n // arguments.chunk_creators) + (1 if invalid else 0)
        columns = scorer.columns_in_parts(result, as_of, chunk=arguments.chunk_creators)
        yield Scored(console.track(columns, total=max(parts, 1), unit="part"), result.report, n, invalid)
        return
    from realreach.engine import score_files

    check_reading(arguments)
    with ExitStack() as stack:
        finished = stack.enter_context(
            score_files(
                arguments.input,
                model,
                _settings(arguments),
                as_of=None if as_of is None else str(as_of),
                options={
                    "prevalence": scorer.prevalence,
                    "heads": scorer.heads,
                    "explain": scorer.explain,
                    "language": scorer.language,
                },
                score=_engine(arguments, stack, model),
                progress=_bar(console, stack),
                report=console.say,
            )
        )
        tell_report(arguments, console, finished.report)
        invalid = len(finished.report.invalid_creators)
        yield Scored(finished.tables(), finished.report, finished.report.counts["creators"].used, invalid)


def _check(arguments: argparse.Namespace) -> None:
    if arguments.chunk_creators < 1:
        raise UsageError("--chunk-creators must be 1 or more")
    if arguments.workers is not None and not 1 <= arguments.workers <= 256:
        raise UsageError("--workers must be between 1 and 256")
    if arguments.resume and arguments.out == "-" and arguments.work_dir is None:
        raise UsageError("--resume needs --out FILE or --work-dir: what was done must be found again")
    if arguments.scheduler and arguments.engine != "dask":
        raise UsageError("--scheduler goes with --engine dask")
    if _wants_shards(arguments) and not _can_be_cut(arguments):
        raise UsageError(
            "standard input and single JSON documents are read at once: leave out --workers, --resume, --work-dir and "
            "--engine, or give a folder of tables or a file of JSON lines"
        )


def _wants_shards(arguments: argparse.Namespace) -> bool:
    several = (arguments.workers or 1) > 1
    return several or arguments.resume or arguments.work_dir is not None or arguments.engine != "local"


def _can_be_cut(arguments: argparse.Namespace) -> bool:
    return (arguments.input != "-" and not Path(arguments.input).suffix.lower().startswith(".json")) or str(
        arguments.input
    ).lower().endswith((".jsonl", ".ndjson", ".jsonl.gz", ".jsonl.zst"))


def _in_shards(arguments: argparse.Namespace) -> bool:
    return _wants_shards(arguments) or (_can_be_cut(arguments) and _size(Path(arguments.input)) > _AT_ONCE_BYTES)


def _size(place: Path) -> int:
    """Return the bytes of an input on disk; 0 where there is none, which reading will say."""
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(path.stat().st_size for path in files if path.is_file())


def _settings(arguments: argparse.Namespace) -> Settings:
    from realreach.engine import Settings

    work = arguments.work_dir
    if work is None and arguments.out != "-":
        out = Path(arguments.out)
        work = out.with_name(out.name + ".work")
    return Settings(
        size=arguments.chunk_creators,
        workers=arguments.workers or 2,
        work=work,
        resume=arguments.resume,
        format=arguments.input_format,
        assume_tz=arguments.assume_tz,
    )


def _engine(arguments: argparse.Namespace, stack: ExitStack, model: Path) -> Any:
    if arguments.engine != "dask":
        return None
    from realreach.engine.cluster import dask_engine
    from realreach.engine.ready import get_ready

    ready = partial(get_ready, arguments.input, str(model))
    return stack.enter_context(dask_engine(arguments.scheduler, workers=arguments.workers or 2, ready=ready))


def _bar(console: Console, stack: ExitStack) -> Callable[[int, int], None]:
    """Return a progress bar with creators per second and time left, on a terminal only."""
    if not console.progress:
        return lambda _done, _all: None
    from tqdm import tqdm

    bars: list[Any] = []

    def show(done: int, total: int) -> None:
        if not bars:
            # Made at the first call, not before: it starts a thread, and workers are forked where there is none.
            # What an earlier run did is no speed of this one.
            made = tqdm(unit=" creators", file=sys.stderr, leave=False, total=total, initial=done)
            bars.append(stack.enter_context(made))
        bars[0].update(done - bars[0].n)

    return show
