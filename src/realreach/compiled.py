"""When compiled kernels are used: with the extra ``fast`` (numba), for much work at once or after ``warm_up``.

Loading them costs about half a second in a process, in which NumPy does some ten thousand comments. Compiling them,
once after an installation, takes one to three minutes in all, which is told (:mod:`realreach.first_compile`); they are
kept on disk beside the modules, as long as all that they take in is unchanged (:mod:`realreach.kept_kernels`). So a
small job never pays for them; a service pays once, when it starts and asks for it (:func:`realreach.warm_up`). The
numbers are equal to the last bit either way, by three rules for whoever writes a kernel: the same floating-point
operations in the same order as its NumPy counterpart; logarithms, exponentials and powers stay in NumPy (libraries
differ in their last bit); no ``fastmath``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from realreach.first_compile import announce
from realreach.kept_kernels import forget_stale
from realreach.own_process import prepare_numba

__all__ = [
    "LEAST_ACCOUNTS",
    "LEAST_COMMENTS",
    "LEAST_CREATORS",
    "frozen",
    "is_installed",
    "kernels_for",
    "left_out",
    "load_from_now_on",
]

LEAST_ACCOUNTS = 50_000
"""Follower accounts in one call from which on loading the kernels is worth it."""
LEAST_COMMENTS = 20_000
"""Comments in one call from which on loading the kernels is worth it."""
LEAST_CREATORS = 2_000
"""Creators in one call from which on loading the kernels is worth it."""

_T = TypeVar("_T", bound=np.generic)

_state = {"loaded": False, "wanted": True}


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
        Rows in one call from which on loading is worth it.
    """
    if not _state["wanted"] or not (_state["loaded"] or (rows >= least and is_installed())):
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


def load_from_now_on() -> bool:
    """Use compiled kernels for any number of rows from now on, if numba is installed; return whether it is."""
    _state["loaded"] = is_installed()
    return _state["loaded"]


@contextmanager
def left_out() -> Iterator[None]:
    """Use NumPy alone inside of the block, for little work where kernels would be compiled first; numbers are equal."""
    before = _state["wanted"]
    _state["wanted"] = False
    try:
        yield
    finally:
        _state["wanted"] = before


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
