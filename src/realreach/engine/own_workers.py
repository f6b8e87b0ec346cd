"""Dask workers of our own on this machine, forked from a process that is ready.

What a worker must import and load is done once for all of them, on the other core while the run is planned. The process
that got ready watches over those that it forked: one that dies is replaced, and all end with the run. Shards are handed
out one by one, each to the worker that did the one before it and may hold rows of it already.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from realreach.engine.forked import group_of, next_shard
from realreach.engine.work import Job
from realreach.own_process import take_over

if TYPE_CHECKING:
    from distributed import Future, LocalCluster

__all__ = ["HandedOut", "Workers", "own_workers"]

_QUIET: Mapping[str, object] = {
    # Nobody looks at what scheduler and workers tell of themselves; each look at the clock takes a worker's shard the
    # interpreter.
    "distributed.admin.tick.interval": "500ms",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.system-monitor.disk": False,
    "distributed.worker.profile.enabled": False,
    "distributed.worker.http.routes": [],
    "distributed.scheduler.http.routes": [],
    "distributed.scheduler.active-memory-manager.start": False,
    # Who does which shard is said here.
    "distributed.scheduler.work-stealing": False,
}
_MOST_DEATHS = 20
"""Workers that are replaced: a shard that kills whoever takes it must end the run."""
_RETRIES = 3
_AHEAD = 2
"""Shards that a worker is given at a time, so that it need not wait for the next one."""
_LOOK_SECONDS = (0.01, 0.2)
"""How often workers are looked for while some lack, and else."""


class Workers:
    """Workers that are there as soon as :meth:`join` has told them the address of a scheduler."""

    def __init__(self, number: int, watching: BaseProcess, ours: Connection) -> None:
        self.number, self._watching, self._ours = number, watching, ours

    def join(self, address: str) -> None:
        """Let them work for a scheduler."""
        with suppress(OSError):
            self._ours.send(address)

    @property
    def are_watched(self) -> bool:
        """Whether those that die are replaced."""
        return self._watching.is_alive()


@contextmanager
def own_workers(number: int, ready: Callable[[], object]) -> Iterator[Workers]:
    """Yield workers, forked from a process that gets ready from now on; they end with the block.

    Parameters
    ----------
    number
        Processes.
    ready
        What is done once before workers are forked; if it fails, a shard will fail and tell.
    """
    import dask
    import distributed  # noqa: F401 - once for all

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    ours, theirs = get_context("fork").Pipe()
    with (
        TemporaryDirectory(prefix="realreach-dask-", ignore_cleanup_errors=True) as place,
        dask.config.set(_QUIET),
        group_of(_watch, (ours, theirs, number, ready, place)) as watching,
    ):
        theirs.close()
        try:
            yield Workers(number, watching, ours)
        finally:
            ours.close()


def _watch(ours: Connection, theirs: Connection, number: int, ready: Callable[[], object], place: str) -> None:
    """Get ready, fork workers, replace those that die, and end them when the run ends or dies."""
    ours.close()
    take_over()
    with suppress(Exception):
        ready()
    # Looking for garbage among what all share would copy it for each.
    gc.freeze()
    workers: list[BaseProcess] = []
    context = get_context("fork")
    with suppress(EOFError, OSError):
        address, left = theirs.recv(), number + _MOST_DEATHS
        while workers or left:
            while left and len(workers) < number:
                left -= 1
                workers.append(context.Process(target=_serve, args=(theirs, address, place)))
                workers[-1].start()
            if theirs in wait([theirs, *(worker.sentinel for worker in workers)]):
                break
            workers = [worker for worker in workers if worker.is_alive()]
    for worker in workers:
        # Its parts are written whole or not at all.
        worker.kill()
    for worker in workers:
        worker.join()
    # Who was killed cannot tidy up.
    shutil.rmtree(place, ignore_errors=True)


def _serve(theirs: Connection, address: str, place: str) -> None:
    theirs.close()
    with suppress(OSError, RuntimeError):
        asyncio.run(_worker(address, place))


async def _worker(address: str, place: str) -> None:
    """Do what a scheduler says until it ends or is gone."""
    from distributed import Worker

    # Memory is bounded by a shard; one thread, for the kernels want a core each.
    async with Worker(address, nthreads=1, memory_limit=0, local_directory=place, dashboard=False) as worker:
        await worker.finished()


@dataclass(frozen=True)
class _Task:
    """A shard that was handed out."""

    future: Future
    shard: int
    worker: str


class HandedOut:
    """Shards handed out to own workers."""

    def __init__(self, place: LocalCluster, client: Any, workers: Workers, numbered: Callable[[Job, int], int]) -> None:
        self._place, self._client, self._workers, self._numbered = place, client, workers, numbered
        self._last: dict[str, int] = {}

    def score(self, job: Job, shards: list[int]) -> Iterator[int]:
        """Have shards scored, and yield the number of each as it is done; some are left out where all workers died."""
        left, answers = list(shards), SimpleQueue[Any]()
        busy: dict[str, _Task] = {}
        try:
            while left or busy:
                there = list(self._place.scheduler.workers)
                for key in [key for key, task in busy.items() if task.worker not in there]:
                    # Dask would give it to any other one, but to nobody if there was none for a moment.
                    lost = busy.pop(key)
                    left.append(lost.shard)
                    self._client.cancel([lost.future], force=True)
                for address, shard in self._next(there, left, Counter(task.worker for task in busy.values())):
                    future = self._client.submit(
                        self._numbered, job, shard, workers=[address], retries=_RETRIES, pure=False
                    )
                    busy[future.key] = _Task(future, shard, address)
                    future.add_done_callback(answers.put)
                try:
                    answer = answers.get(timeout=_LOOK_SECONDS[len(there) >= self._workers.number])
                except Empty:
                    if not there and not self._workers.are_watched:
                        return
                    continue
                if (done := busy.pop(answer.key, None)) is not None:
                    if answer.status in ("error", "cancelled"):
                        answer.result()
                    # The number is not asked of the worker, who may have died since.
                    yield done.shard
        finally:
            if busy:
                self._client.cancel([task.future for task in busy.values()], force=True)

    def _next(self, there: list[str], left: list[int], held: Counter[str]) -> Iterator[tuple[str, int]]:
        """Yield which worker is given which shard, taken from those that are left; one each before a second one."""
        # Nobody lays by what another one could begin with: at the start, and towards the end.
        most = _AHEAD if len(there) >= self._workers.number and len(left) > _AHEAD * len(there) else 1
        for ahead in range(1, _AHEAD + 1):
            for address in there:
                if left and held[address] < ahead <= most:
                    shard = next_shard(self._last.get(address), left, first=not held.total())
                    left.remove(shard)
                    self._last[address] = shard
                    held[address] += 1
                    yield address, shard
