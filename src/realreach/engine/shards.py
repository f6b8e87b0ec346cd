"""One shard through the ordinary checks."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from realreach.engine.plan import Plan, rows_of_shard
from realreach.tables.limits import Limits
from realreach.tables.parts import Broken, Part, Refusal
from realreach.tables.reading import ReadResult, tables_from_parts
from realreach.tables.report import refusal_error
from realreach.tables.streams import LINE, ROW, Stream, parts_of

__all__ = ["read_shard"]


def read_shard(
    plan: Plan,
    work: Path,
    shard: int,
    *,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    assume_tz: str | None = None,
) -> ReadResult:
    """Read and check the rows of one group of creators.

    Parameters
    ----------
    plan
        What :func:`realreach.engine.make_plan` returned.
    work
        The work folder given there.
    shard
        Number of the group, from 0.
    limits, assume_tz
        As for :func:`realreach.read_tables`.

    Returns
    -------
    ReadResult
        The same tables and findings that reading everything at once gives for these creators; there may be none.

    Raises
    ------
    InputError
        If a column is of a type that cannot be used.
    """
    parts: list[Part] = []
    try:
        for file in plan.files:
            rows = rows_of_shard(file, work, shard)
            broken = file.broken_of(shard)
            if rows.num_columns:
                parts += parts_of(file.stream(limits), rows, broken)
            elif broken or file.table == "creators":
                parts += _empty(file.stream(limits), broken)
    except Refusal as refusal:
        raise refusal_error([refusal]) from refusal
    return tables_from_parts(parts, limits, assume_tz)


def _empty(stream: Stream, broken: tuple[Broken, ...]) -> list[Part]:
    """Return a part without rows, for what a shard must have all the same: its header, and rows that broke."""
    if stream.kind in ("jsonl", "records"):
        table = pa.table({LINE: pa.array([], pa.large_binary()), ROW: pa.array([], pa.int64())})
    else:
        columns = {name: pa.array([], pa.large_string()) for name in stream.header}
        table = pa.table({**columns, ROW: pa.array([], pa.int64())})
    return parts_of(stream, table, broken)
