"""When compiled kernels are used: with the extra ``fast`` (numba), for much work at once or after ``warm_up``.

Loading them costs about half a second in a process, in which NumPy does some ten thousand comments. Compiling them,
once after an installation, takes one to three minutes in all, which is told (:mod:`realreach.first_compile`), in which
NumPy does a hundred thousand creators; they are kept on disk beside the modules, as long as all that they take in is
unchanged (:mod:`realreach.kept_kernels`). So a small job never pays for loading, and a middling one never for
compiling; a service pays once, when it starts and asks for it (:func:`realreach.warm_up`), and ``realreach warm-up``
compiles all of them for the jobs to come.

The numbers are equal to the last bit either way, by three rules for whoever writes a kernel: the same floating-point
operations in the same order as its NumPy counterpart; logarithms, exponentials and powers stay in NumPy (libraries
differ in their last bit); no ``fastmath``.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from realreach.first_compile import announce, nothing_is_kept, tell_numpy
from realreach.kept_kernels import forget_stale
from realreach.own_process import prepare_numba

__all__ = [
    "LEAST_ACCOUNTS",
    "LEAST_COMMENTS",
    "LEAST_CREATORS",
    "expect_creators",
    "frozen",
    "is_installed",
    "is_worth_compiling",
    "kernels_for",
    "load_from_now_on",
]

LEAST_ACCOUNTS = 50_000
"""Follower accounts in one call from which on loading the kernels is worth it."""
LEAST_COMMENTS = 20_000
"""Comments in one call from which on loading the kernels is worth it."""
LEAST_CREATORS = 2_000
"""Creators in one call from which on loading the kernels is worth it."""

_UNCOMPILED = 50
"""How many times as much work makes compiling worth it where loading alone would do: a hundred thousand creators."""

_T = TypeVar("_T", bound=np.generic)

_state = {"loaded": False, "wanted": True}
"""Whether kernels are in use, and whether they may be: tests compare with what NumPy does without them."""
_job = {"large": False}


@cache
def is_installed() -> bool:
    """Return whether numba, the extra ``fast``, can be imported."""
    return find_spec("numba") is not None


def kernels_for(rows: int, module: str = "comment_text.kernels", least: int = LEAST_COMMENTS) -> ModuleType | None:
    """Return a module of compiled kernels if they are in use already or worth loading for so many rows, else None.

    Parameters
    ----------
    rows
        Rows (comments, creators) in this call.
    module
        Dotted name of the module below ``realreach``; only here is it imported.
    least
        Rows in one call from which on loading is worth it; where nothing was ever compiled, fifty times as many are.
    """
    if not _state["wanted"] or not (_state["loaded"] or (rows >= least and is_installed() and _is_worth(rows, least))):
        return None
    found = _imported(module)
    _state["loaded"] = True
    return found


@cache
def _imported(module: str) -> ModuleType:
    prepare_numba()
    found = import_module(f"realreach.{module}")
    forget_stale()
    announce(found)
    return found


def _is_worth(rows: int, least: int) -> bool:
    return _job["large"] or rows >= _UNCOMPILED * least or not _would_compile()


@cache
def _would_compile() -> bool:
    """Return whether kernels would have to be compiled first; whoever meets that for the first time is told."""
    if not nothing_is_kept():
        return False
    tell_numpy()
    return True


def is_worth_compiling(creators: int) -> bool:
    """Return whether a job of so many creators is worth compiling kernels for that were never compiled."""
    return is_installed() and creators >= _UNCOMPILED * LEAST_CREATORS


def expect_creators(creators: int) -> None:
    """Say how many creators a job has in all whose calls are small: what a shard alone does not tell."""
    _job["large"] = _job["large"] or is_worth_compiling(creators)


def load_from_now_on() -> bool:
    """Use compiled kernels for any number of rows from now on, if numba is installed; return whether it is."""
    _state["loaded"] = is_installed()
    return _state["loaded"]


def frozen(values: npt.NDArray[_T]) -> npt.NDArray[_T]:
    """Return a read-only view in one piece: one form of every array, so that a kernel is compiled only once."""
    flags = values.flags
    if not flags.c_contiguous:
        values = np.ascontiguousarray(values)
    elif not flags.writeable:
        return values
    view = values.view()
    view.flags.writeable = False
    return view
