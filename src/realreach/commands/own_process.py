"""What a command that has the process to itself may do to start sooner."""

from __future__ import annotations

import sys

__all__ = ["leave_pandas_out"]

_LOOKED_FOR = ("pandas", "cloudpickle")
"""Packages that pyarrow imports if they are there, whether anybody has use for them or not."""


class _Absent:
    """Says of these packages that they are not there."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname in _LOOKED_FOR:
            raise ModuleNotFoundError(f"{fullname} is left out for now", name=fullname)
        return


def leave_pandas_out() -> None:
    """Keep pyarrow from importing pandas when it makes its first array: a quarter of the start of ``predict.py``.

    pyarrow looks for pandas once, to know its objects when it is given one. A command reads files and is given none.
    Where a data frame is to be made or written later on, pyarrow imports pandas then, as it always does. For whoever
    calls us from a process of their own nothing is changed: see :func:`realreach.cli.run_command`.
    """
    if "pandas" in sys.modules or "pyarrow" in sys.modules:
        return
    absent = _Absent()
    sys.meta_path.insert(0, absent)
    try:
        import pyarrow as pa

        pa.array([0])
    finally:
        sys.meta_path.remove(absent)
