"""What may be done where a process is there for us alone: for a command, and for workers that we started.

None of it changes a number, and none of it is done to whoever imports the library.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path

__all__ = ["is_ours", "keep_freed_memory", "only_thread", "prepare_numba", "start_no_threads", "take_over"]

_TOP_PAD, _TRIM, _MMAP = -2, -1, -3
"""Names of the settings of glibc's ``mallopt``."""
_KEEP = 2**31 - 1
_LARGEST = (2**30, 2**25)
"""Arrays up to so many bytes come from memory that was used before; older versions of glibc allow the second only."""
_PAD = 2**26
_ALLOCATOR = "jemalloc_bg_thd"
"""The thread by which pyarrow's allocator tidies up. It has handlers of its own for a fork."""

_ours = [False]


def start_no_threads() -> None:
    """Keep numpy's linear algebra from starting a thread for each core when numpy is imported, unless the user says so.

    We have no use for them, and a process with threads cannot be forked. To be called before numpy is imported.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def take_over() -> None:
    """Note that this process is ours, and keep the memory that it frees.

    To be called before much is read; does nothing the second time.
    """
    if not _ours[0]:
        _ours[0] = True
        keep_freed_memory()


def is_ours() -> bool:
    """Return whether :func:`take_over` was called here."""
    return _ours[0]


@cache
def keep_freed_memory() -> bool:
    """Let this process use freed memory again instead of handing it back; return whether it could be told so (glibc).

    An array of some megabytes is asked of the system anew each time otherwise, and paged in page by page as it is
    filled: a sixth of the CPU time of scoring a hundred thousand creators. The process stays as large as it once was.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    kept = any(mallopt(_MMAP, size) == 1 for size in _LARGEST)
    mallopt(_TRIM, _KEEP)
    mallopt(_TOP_PAD, _PAD)
    # Arrow keeps what it frees by rules of its own, which hand back as much.
    import pyarrow as pa

    pa.set_memory_pool(pa.system_memory_pool())
    return kept


def only_thread() -> bool:
    """Return whether no other thread of this process could be in the middle of something, so that it may be forked.

    Examples
    --------
    >>> import threading
    >>> pause = threading.Event()
    >>> other = threading.Thread(target=pause.wait)
    >>> other.start()
    >>> only_thread()
    False
    >>> pause.set()
    >>> other.join()
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        tasks = list(Path("/proc/self/task").iterdir())
        names = [(task / "comm").read_text(encoding="utf-8", errors="replace").strip() for task in tasks]
    except OSError:
        return False
    return len([name for name in names if name != _ALLOCATOR]) == 1


def prepare_numba() -> None:
    """Import what numba needs to load a kernel, without scipy's linear algebra: a third of the time of loading them.

    When its array functions are imported, numba imports scipy's linear algebra only to see whether it is there, for
    products of matrices, of which our kernels have none. In this process numba multiplies matrices by plain loops from
    then on.
    """
    if not is_ours() or "numba.np.arraymath" in sys.modules or "scipy.linalg" in sys.modules:
        return
    with _without("scipy.linalg"):
        import_module("numba.np.arraymath")


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Let imports of a module fail inside of the block."""
    sys.modules[module] = None  # type: ignore[assignment]  # so Python says that it cannot be imported
    try:
        yield
    finally:
        del sys.modules[module]
