"""A worker made ready before its first shard: the model, and the compiled kernels that its tables need."""

from __future__ import annotations

from pathlib import Path

from realreach.compiled import is_installed, load_from_now_on
from realreach.engine.work import loaded_scorer
from realreach.first_compile import nothing_is_kept
from realreach.tables.folders import table_files

__all__ = ["get_ready"]

_OF_TABLES = ("comments", "audience")
"""Tables with kernels of their own."""
_LEAST_BYTES = 2**20
"""Input from which on kernels are loaded for sure; below it the shards decide by their rows."""


def get_ready(source: str | Path, model: str) -> None:
    """Import and load what scoring the shards of an input takes.

    Parameters
    ----------
    source
        The input, as for :func:`realreach.engine.make_plan`.
    model
        Model folder.
    """
    scorer = loaded_scorer(model)
    place = Path(source)
    files = [path for path in place.rglob("*") if path.is_file()] if place.is_dir() else [place]
    if not is_installed() or nothing_is_kept() or sum(path.stat().st_size for path in files) < _LEAST_BYTES:
        return
    from realreach.tables import tables_from_records
    from realreach.warming import made_up_creator

    lacking = [name for name in _OF_TABLES if place.is_dir() and not table_files(place, name, None)]
    creator = {name: value for name, value in made_up_creator().items() if name not in lacking}
    load_from_now_on()
    list(scorer.columns_in_parts(tables_from_records([creator])))
