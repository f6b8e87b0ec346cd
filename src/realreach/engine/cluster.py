"""Shards on many machines: the one function of a shard, handed to an engine that is there already.

Every worker needs this package, and the work folder, the input and the model on storage that all see under one path.
A worker that dies loses nothing but the shard in its hands, which another one does again; what a shard leaves on disk
is the same whoever did it, so the output equals the local one byte for byte.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from realreach.engine.own_workers import HandedOut, Workers, own_workers
from realreach.engine.work import Job, score_shard
from realreach.errors import UsageError
from realreach.own_process import only_thread, take_over

if TYPE_CHECKING:
    import pandas as pd

    from realreach.engine.run import Score

__all__ = ["dask_client", "dask_engine", "spark_partitions"]

_RETRIES = 3
_FORKED = sys.platform.startswith("linux")
_OWN_WORKERS = {
    # They are forked from a server without threads that has imported what all of them need; elsewhere no fork is safe.
    **({"distributed.worker.multiprocessing-method": "forkserver"} if _FORKED else {}),
    # Dask lets its workers give freed memory back at once, so that every large array is paged in anew: a fifth of the
    # work of a shard. A worker does shards of one size, and needs the memory again for the next.
    "distributed.nanny.pre-spawn-environ": {"MALLOC_TRIM_THRESHOLD_": None},
    # Nobody looks at a profile of workers that end with the run.
    "distributed.worker.profile.enabled": False,
}
"""Settings of workers started here; those of a cluster that runs already are its owner's."""
_PRELOADED = ("distributed", "pandas", "pyarrow.parquet", "realreach.engine.work", "realreach.evidence.explaining")


@contextmanager
def dask_engine(
    scheduler: str | None = None, *, workers: int = 2, ready: Callable[[], object] | None = None
) -> Iterator[Score]:
    """Yield an engine for :func:`realreach.engine.score_files` that runs shards on Dask.

    Parameters
    ----------
    scheduler
        Address of a running scheduler, such as ``tcp://10.0.0.5:8786``; None starts worker processes on this machine,
        which end with the block.
    workers
        Processes, where they are started here.
    ready
        What loads all that scoring a shard of this run takes: where workers can be forked, it is done once for all.

    Raises
    ------
    UsageError
        If Dask is not installed, or the scheduler does not answer.
    """
    with ExitStack() as stack:
        if scheduler is not None:
            yield _on_dask(stack.enter_context(dask_client(scheduler)), _numbered)
            return
        _check_installed()
        if ready is not None and only_thread():
            # Ended after the workers, who need not be told one by one then.
            scheduling = stack.enter_context(ExitStack())
            start = _joined(scheduling, stack.enter_context(own_workers(workers, ready)))
        else:
            start = _started(stack, workers)
        # They start while the plan is made.
        with ThreadPoolExecutor(1) as starter:
            started = starter.submit(start)
            yield lambda job, shards: started.result()(job, shards)


def _started(stack: ExitStack, workers: int) -> Callable[[], Score]:
    return lambda: _on_dask(stack.enter_context(dask_client(workers=workers)), _numbered_by_own)


def _joined(stack: ExitStack, workers: Workers) -> Callable[[], Score]:
    def start() -> Score:
        from distributed import Client, LocalCluster

        place: Any = LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL)
        stack.callback(place.close)
        client: Any = Client(place, timeout="20s")
        stack.callback(client.close)
        workers.join(place.scheduler_address)
        return HandedOut(place, client, workers, _numbered_by_own).score

    return start


@contextmanager
def dask_client(scheduler: str | None = None, *, workers: int = 2) -> Iterator[Any]:
    """Yield a Dask client, as :func:`dask_engine` uses it; raises as that does."""
    _check_installed()
    import dask
    from distributed import Client, LocalCluster
    from distributed.utils import get_mp_context

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    if scheduler is None:
        with dask.config.set(_OWN_WORKERS):
            # Dask sets its own list at first; where the server runs already, nothing is changed.
            if _FORKED:
                get_mp_context().set_forkserver_preload([*_PRELOADED])
            place: Any = LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL
            )
    else:
        place = scheduler
    try:
        client = Client(place, timeout="20s")
    except (OSError, ValueError) as err:
        raise UsageError(f"the scheduler {scheduler} does not answer. Check the address, or start one.") from err
    try:
        yield client
    finally:
        client.close()
        if scheduler is None:
            place.close()


def _check_installed() -> None:
    if find_spec("dask") is None or find_spec("distributed") is None:
        raise UsageError("Dask is not installed. Run: pip install 'realreach[cluster]'.")


def _on_dask(client: Any, numbered: Callable[[Job, int], int]) -> Score:
    def score(job: Job, shards: list[int]) -> Iterator[int]:
        from distributed import as_completed

        futures = [client.submit(numbered, job, shard, retries=_RETRIES, pure=False) for shard in shards]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            client.cancel(futures, force=True)

    return score


def _numbered(job: Job, shard: int) -> int:
    score_shard(job, shard)
    return shard


def _numbered_by_own(job: Job, shard: int) -> int:
    take_over()  # of a worker started here
    return _numbered(job, shard)


def spark_partitions(frames: Iterator[pd.DataFrame], job: Job) -> Iterator[pd.DataFrame]:
    """Score the shards whose numbers come in, for Spark's ``mapInPandas``.

    Parameters
    ----------
    frames
        Frames with a column ``shard``, as Spark hands them to a worker.
    job
        What the run is; plain values, shipped with the function.

    Yields
    ------
    pandas.DataFrame
        ``shard`` and ``creators`` of each shard done.

    Notes
    -----
    The whole recipe, on a cluster that has this package::

        work = Path("/shared/run.work"); (work / "done").mkdir(parents=True)
        plan = make_plan("/shared/tables", work, 5_000)
        (work / "plan.json").write_text(plan.to_json())
        job = Job(str(work), "/shared/model")
        numbers = spark.createDataFrame([(i,) for i in range(plan.shards)], "shard long").repartition(plan.shards)
        numbers.mapInPandas(lambda frames: spark_partitions(frames, job), "shard long, creators long").collect()
        Finished(plan, merged_report(plan, work), work).write_folder("/shared/scores")
    """
    import pandas as pd

    for frame in frames:
        for shard in frame["shard"].tolist():
            yield pd.DataFrame({"shard": [int(shard)], "creators": [score_shard(job, int(shard))]})
