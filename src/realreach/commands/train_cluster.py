"""``train --engine dask``: the flags, and a run whose trees grow on the workers of a cluster."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realreach.errors import UsageError

if TYPE_CHECKING:
    from realreach.commands.common import Console
    from realreach.settings import TrainSettings
    from realreach.training import TrainingResult

__all__ = ["add_cluster_arguments", "check_cluster", "trained_on_cluster"]

_NOT_THERE = ("labels", "judge", "tune", "rejects", "folds", "hold_out_mechanism", "max_reject_rate")
"""Flags of one machine that would be without effect on a cluster."""


def add_cluster_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where the fit runs."""
    parser.add_argument(
        "--engine", choices=("local", "dask"), default="local", help="where trees grow (dask: extra 'cluster')"
    )
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help="of a running Dask scheduler (default: two workers here)"
    )
    parser.add_argument("--work-dir", type=Path, metavar="DIR", help="folder for features, on storage that workers see")
    parser.add_argument(
        "--sample", type=int, default=50_000, metavar="N", help="creators to calibrate and judge on (default: 50,000)"
    )


def check_cluster(arguments: argparse.Namespace) -> None:
    """Refuse flags that do not go together, before any work is done.

    Raises
    ------
    UsageError
        Naming the flag.
    """
    if arguments.engine == "local":
        if arguments.scheduler or arguments.work_dir is not None:
            raise UsageError("--scheduler and --work-dir go with --engine dask")
        return
    given = [name for name in _NOT_THERE if getattr(arguments, name) is not None]
    given += ["strict"] if arguments.strict else []
    if given:
        raise UsageError(f"--engine dask goes without --{given[0].replace('_', '-')}")
    if arguments.scheduler and arguments.work_dir is None:
        raise UsageError("--scheduler needs --work-dir: a folder on storage that all workers see")
    if arguments.sample < 1:
        raise UsageError("--sample must be 1 or more")


def trained_on_cluster(
    arguments: argparse.Namespace, console: Console, settings: TrainSettings, as_of: Any
) -> TrainingResult:
    """Train on the scheduler that is named, else on two worker processes of this machine.

    Raises
    ------
    InputError, UsageError
        As for reading; if Dask is not installed or the scheduler does not answer.
    """
    from realreach.engine.cluster import dask_client
    from realreach.engine.distributed_training import train_on_cluster

    with ExitStack() as stack:
        work = stack.enter_context(_work(arguments.work_dir))
        client = stack.enter_context(dask_client(arguments.scheduler))
        return train_on_cluster(
            arguments.data,
            settings,
            client,
            work,
            sample=arguments.sample,
            as_of=None if as_of is None else str(as_of),
            assume_tz=arguments.assume_tz,
            format=arguments.input_format,
            data_name=arguments.data_name or Path(arguments.data).resolve().name,
            report=console.say,
        )


@contextmanager
def _work(folder: Path | None) -> Iterator[Path]:
    """Yield the folder that was named, or one that goes when the run ends."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="realreach-") as made:
        yield Path(made)
