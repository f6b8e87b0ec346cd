"""What a command that has the process to itself may do to start sooner."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

__all__ = ["leave_pandas_out"]

_LOOKED_FOR = ("pandas", "cloudpickle")
"""Packages that pyarrow imports if they are there, whether anybody has use for them or not."""


class _Absent:
    """Says of these packages that they are not there."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname in _LOOKED_FOR:
            raise ModuleNotFoundError(f"{fullname} is left out while pyarrow starts", name=fullname)
        return


class _Awaited:
    """Lets pyarrow know of pandas as soon as anybody imports it."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname != "pandas":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def load_and_tell(module: ModuleType) -> None:
            load(module)
            _tell_pyarrow()

        spec.loader.exec_module = load_and_tell  # type: ignore[method-assign]
        return spec


def leave_pandas_out() -> None:
    """Keep pyarrow from importing pandas when it makes its first array: a quarter of the start of ``predict.py``.

    pyarrow looks for pandas once, to know its objects when it is given one. A command reads files and is given none.
    As soon as pandas is imported, because a data frame is to be made or written, pyarrow is made to look again: it
    would take a column of a frame for any sequence, and a column without a value for one without a type. For whoever
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
    sys.meta_path.insert(0, _Awaited())


def _tell_pyarrow() -> None:
    import pyarrow as pa

    # Of all that looks for pandas, the conversion to it is what looks again after it was not there.
    pa.table({"": [0]}).to_pandas()
