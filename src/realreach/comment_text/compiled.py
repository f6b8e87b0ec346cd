"""When the compiled kernels are used: with the extra ``fast`` (numba), for many comments or after :func:`warm_up`.

Loading the kernels costs about half a second in a process (and some seconds once, when they are compiled and kept on
disk), which NumPy needs for some ten thousand comments. So a small job never pays for them; a service pays once, when
it starts and asks for it. The numbers are equal to the last bit either way.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from types import ModuleType
from typing import TypeVar

import numpy as np
import numpy.typing as npt

__all__ = ["LEAST_COMMENTS", "frozen", "is_installed", "kernels_for", "warm_up"]

LEAST_COMMENTS = 20_000
"""Comments in one call from which on loading the kernels is worth it."""

_T = TypeVar("_T", bound=np.generic)

_state = {"loaded": False, "wanted": True}


@cache
def is_installed() -> bool:
    """Return whether numba, the extra ``fast``, can be imported."""
    return find_spec("numba") is not None


def kernels_for(comments: int) -> ModuleType | None:
    """Return the compiled kernels if they are loaded or worth loading for so many comments, else None."""
    if not _state["wanted"] or not (_state["loaded"] or (comments >= LEAST_COMMENTS and is_installed())):
        return None
    from realreach.comment_text import kernels

    _state["loaded"] = True
    return kernels


def frozen(values: npt.NDArray[_T]) -> npt.NDArray[_T]:
    """Return a read-only view in one piece: one form of every array, so that a kernel is compiled only once."""
    view = np.ascontiguousarray(values).view()
    view.setflags(write=False)
    return view


def warm_up() -> bool:
    """Load the comment model and, with the extra ``fast``, the compiled kernels, so that no later call waits for them.

    For services: call it once, before the first request. Without numba nothing is compiled and NumPy is used.

    Returns
    -------
    bool
        Whether compiled kernels are in use from now on.

    Examples
    --------
    >>> warm_up() == is_installed()
    True
    """
    import pyarrow as pa

    from realreach.comment_text.likeness import signatures
    from realreach.comment_text.model import default_comment_model
    from realreach.comment_text.normalise import normalise

    _state["loaded"] = is_installed()
    some = normalise(pa.array(["halo kak, bagus banget!", "𝐏𝐔𝐋𝐀𝐔𝟕𝟕𝟕 🔥"]))
    default_comment_model().sold(some)
    signatures(some.plain_points)
    return _state["loaded"]
