"""Workers forked from one that is ready: what a worker must import and load is done once for all of them.

A first worker is forked while the plan is made; it imports, loads the model and the compiled kernels on the other core,
then forks the others. A worker hears from its pipe which shard to score, and answers when its parts are written. A pipe
that ends tells each side that the other has died: the shard of a dead worker is given out again, and workers whose run
was killed end by themselves. To be used only where no other thread can be in the middle of something
(:func:`realreach.own_process.only_thread`), which a fork would leave half done for ever.
"""

from __future__ import annotations

import copy
import gc
import os
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler

from realreach.engine.work import Job, score_shard
from realreach.own_process import take_over

__all__ = ["forked_engine", "group_of", "next_shard"]

Score = Callable[[Job, list[int]], Iterator[int]]


@contextmanager
def forked_engine(workers: int, ready: Callable[[], object], otherwise: Score) -> Iterator[Score]:
    """Yield an engine for :func:`realreach.engine.score_files` that runs shards in forked workers.

    Parameters
    ----------
    workers
        Processes. They end with the block.
    ready
        What the first worker does before it forks the others; if it fails, a shard will fail and tell.
    otherwise
        The engine that goes on where all workers have died.
    """
    context = get_context("fork")
    pairs = [context.Pipe() for _ in range(workers)]
    ours, theirs = [own for own, _ in pairs], [other for _, other in pairs]
    with group_of(_first_worker, (ours, theirs, ready)):
        for end in theirs:
            end.close()
        try:
            yield _Workers(ours, otherwise).score
        finally:
            for end in ours:
                end.close()


@contextmanager
def group_of(target: Callable[..., None], arguments: tuple[object, ...]) -> Iterator[BaseProcess]:
    """Yield a forked process that leads a group of its own; what fails in the block ends the whole group.

    The process is waited for at the end: by then it must have been told.
    """
    first = get_context("fork").Process(target=_leading, args=(target, arguments))
    first.start()
    # A group of their own: an interrupt at the terminal is for the run to hear, which then ends its workers. Set from
    # both sides, for either may come first.
    with suppress(OSError):
        os.setpgid(first.pid or 0, first.pid or 0)
    try:
        yield first
    except BaseException:
        # Parts are written whole or not at all, so that nothing is half done.
        if first.pid:
            with suppress(ProcessLookupError):
                os.killpg(first.pid, signal.SIGTERM)
        raise
    finally:
        first.join()


def _leading(target: Callable[..., None], arguments: tuple[object, ...]) -> None:
    with suppress(OSError):
        os.setpgid(0, 0)
    target(*arguments)


def next_shard(last: int | None, left: Sequence[int], *, first: bool) -> int:
    """Return the shard for a worker out of those that are left: the one after its last, of which it may hold rows.

    Where that is given away, one far from the others' shards; ``first`` says that nobody has any.
    """
    if last is not None and last + 1 in left:
        return last + 1
    return left[0] if first else left[len(left) // 2]


class _Workers:
    """The ends of the workers' pipes on our side."""

    def __init__(self, ends: Sequence[Connection], otherwise: Score) -> None:
        self._alive, self._otherwise = list(ends), otherwise
        self._last: dict[Connection, int] = {}

    def score(self, job: Job, shards: list[int]) -> Iterator[int]:
        """Have shards scored, and yield the number of each as it is done; that of a worker that dies is left out."""
        left, busy = list(shards), dict[Connection, int]()
        while left or busy:
            for end in [end for end in self._alive if end not in busy]:
                if left and self._sent(end, (job, shard := next_shard(self._last.get(end), left, first=not busy))):
                    left.remove(shard)
                    busy[end] = self._last[end] = shard
            if not self._alive:
                yield from self._otherwise(job, left)
                return
            answered = wait(list(busy))
            for end in [end for end in busy if end in answered]:
                shard = busy.pop(end)
                try:
                    failure = end.recv()
                except (EOFError, OSError):
                    # Who runs the engine gives out again what was not done.
                    self._alive.remove(end)
                    continue
                if failure is not None:
                    raise failure
                yield shard

    def _sent(self, end: Connection, message: object) -> bool:
        try:
            end.send(message)
        except OSError:
            self._alive.remove(end)
            return False
        return True


def _first_worker(ours: list[Connection], theirs: list[Connection], ready: Callable[[], object]) -> None:
    for end in ours:
        end.close()
    take_over()
    with suppress(Exception):
        ready()
    # Looking for garbage among what all share would copy it for each.
    gc.freeze()
    context = get_context("fork")
    others: list[BaseProcess] = []
    for number in range(1, len(theirs)):
        others.append(context.Process(target=_worker, args=(theirs, number)))
        others[-1].start()
    _worker(theirs, 0)
    for other in others:
        other.join()


def _worker(ends: list[Connection], number: int) -> None:
    """Score the shards that come in until the other side closes the pipe or dies."""
    for other in ends[:number] + ends[number + 1 :]:
        other.close()
    end = ends[number]
    with suppress(EOFError, OSError):
        while True:
            job, shard = end.recv()
            end.send(_failure_of(job, shard))
    end.close()


def _failure_of(job: Job, shard: int) -> Exception | None:
    try:
        score_shard(job, shard)
    except Exception as err:
        return _sendable(err)
    return None


def _sendable(failure: Exception) -> Exception:
    """Return a failure with the worker's own traceback, as far as it survives the pipe; else one that names it."""
    told = f"In a worker:\n{traceback.format_exc()}"
    named = RuntimeError(f"{type(failure).__name__} in a worker")
    for one in (failure, named):
        one.add_note(told)
    try:
        # Made anew on the other side as a copy is: some cannot be.
        copy.copy(failure)
        ForkingPickler.dumps(failure)
    except Exception:
        return named
    return failure
