"""A word before the wait: the compiled kernels of the extra ``fast`` are compiled once after an installation.

That takes one to three minutes in all, module by module, at whatever call needs them first. Whoever waits should know
why; and whose job is done by NumPy, because that is faster than compiling first, how to have them from then on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

__all__ = ["BY_NUMPY", "IN_WORKERS", "announce", "is_compiled", "nothing_is_kept", "tell_by", "tell_numpy"]

IN_WORKERS = (
    "the worker processes compile the kernels of the extra fast first, once after an installation or update: one to "
    "three minutes"
)
"""What a run says before it starts worker processes, which are silent themselves."""

_FIRST = (
    "compiling the kernels of the extra fast, once after an installation or update: one to three minutes in all, "
    "beginning with {}"
)
_NEXT = "compiling further kernels: {}"
BY_NUMPY = (
    "the kernels of the extra fast are not compiled yet, and compiling takes longer than this with NumPy (same "
    "numbers). For the next time: realreach warm-up"
)
"""What is said where a job is too small to compile kernels for."""


def _to_stderr(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def _tell(message: str) -> None:
    from multiprocessing import current_process

    # Workers would all say the same; the run that starts them speaks for them.
    if current_process().name == "MainProcess":
        _say[0](message)


_say: list[Callable[[str], object]] = [_to_stderr]
_told: list[str] = []


def tell_by(say: Callable[[str], object] | None) -> None:
    """Say by this function that kernels are compiled, as commands do for ``--quiet`` and JSON; None for stderr."""
    _say[0] = say or _to_stderr


def announce(kernels: ModuleType) -> None:
    """Say that a module of kernels will be compiled at its first call, if numba has kept nothing of it yet.

    Parameters
    ----------
    kernels
        A module with functions compiled by numba and kept on disk, imported but not called yet.
    """
    if is_compiled(kernels):
        return
    name = kernels.__name__.removeprefix("realreach.")
    _tell((_NEXT if _told else _FIRST).format(name))
    _told.append(name)


def tell_numpy() -> None:
    """Say that NumPy does the work of a job that is too small to compile kernels for."""
    _tell(BY_NUMPY)


def is_compiled(kernels: ModuleType) -> bool:
    """Return whether numba has kept something of a module of kernels as its source stands now.

    Only the kept files' names and times are looked at, so that the answer costs next to nothing.
    """
    found = (getattr(getattr(value, "stats", None), "cache_path", None) for value in vars(kernels).values())
    places = {str(place) for place in found if place is not None}
    if not places or kernels.__file__ is None:
        return True  # nothing here is compiled, or nothing is kept anywhere
    source = Path(kernels.__file__)
    changed = source.stat().st_mtime
    kept = (index for place in places for index in Path(place).glob(f"{source.stem}.*.nbi"))
    return any(index.stat().st_mtime >= changed for index in kept)


def nothing_is_kept() -> bool:
    """Return whether numba has kept no kernel of today's sources beside our modules, where it would.

    Told without loading numba, from names and times of files alone.
    """
    package = Path(__file__).parent
    if os.environ.get("NUMBA_CACHE_DIR") or not os.access(package, os.W_OK):
        return False  # it keeps them elsewhere
    return not any(map(_is_of_today, package.rglob("*.nbi")))


def _is_of_today(index: Path) -> bool:
    """Return whether what numba has kept is not older than the module it was made of."""
    source = index.parent.parent / f"{index.name.partition('.')[0]}.py"
    return source.is_file() and index.stat().st_mtime >= source.stat().st_mtime
