"""The plan of a run: which rows of which file belong to which group of creators."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from realreach.tables.contract import CONTRACTS
from realreach.tables.core import IntArray
from realreach.tables.files import file_format, local_path
from realreach.tables.folders import check_ending, similar_files, table_files
from realreach.tables.limits import Limits
from realreach.tables.parquet_texts import columns_of_codes
from realreach.tables.parts import Broken, Refusal
from realreach.tables.report import refusal_error
from realreach.tables.streams import ROW, RawRows, Stream, keys_only, open_records, open_stream

__all__ = ["Plan", "PlannedFile", "make_plan"]

_SHARD = "shard"
_WIDE = 6
"""A Parquet file is read where it lies if no shard has to read more than so many times its own rows."""


@dataclass(frozen=True)
class PlannedFile:
    """One file of one table.

    ``ranges`` are the first row and the row after the last of each shard (0-based) where the file is read in place;
    None where it was partitioned into ``raw``, a folder inside the work folder. ``broken`` are the rows that could not
    be taken apart: shard, number, code, text.
    """

    table: str
    path: str
    shown: str
    kind: str
    header: tuple[str, ...]
    ranges: tuple[tuple[int, int], ...] | None
    raw: str | None
    broken: tuple[tuple[int, int, str, str], ...] = ()

    def stream(self, limits: Limits) -> Stream:
        """Return the stream that its rows came from."""
        header = dict.fromkeys(self.header)
        return Stream(self.table, Path(self.path), self.shown, self.kind, limits, header)  # type: ignore[arg-type]

    def broken_of(self, shard: int) -> tuple[Broken, ...]:
        """Return the broken rows met while this shard was read."""
        return tuple(Broken(number, code, raw) for at, number, code, raw in self.broken if at == shard)


@dataclass(frozen=True)
class Plan:
    """Groups of ``size`` creators each, in the order of the creators table, and where their rows lie."""

    creators: int
    size: int
    files: tuple[PlannedFile, ...]
    similar: tuple[tuple[str, str], ...] = ()

    @property
    def shards(self) -> int:
        """Number of groups; at least one, so that rows without a creator are reported too."""
        return max(-(-self.creators // self.size), 1)

    def creators_of(self, shard: int) -> int:
        """Return how many creators a shard holds."""
        return min(self.size, self.creators - shard * self.size)

    def to_json(self) -> str:
        """Return the plan as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Read what :meth:`to_json` wrote."""
        data = json.loads(text)
        files = []
        for item in data["files"]:
            ranges = None if item["ranges"] is None else tuple((int(a), int(b)) for a, b in item["ranges"])
            broken = tuple((int(s), int(n), c, r) for s, n, c, r in item["broken"])
            files.append(PlannedFile(**{**item, "header": tuple(item["header"]), "ranges": ranges, "broken": broken}))
        similar = tuple((a, b) for a, b in data["similar"])
        return cls(int(data["creators"]), int(data["size"]), tuple(files), similar)


def input_files(source: str | Path, wanted: str | None, limits: Limits) -> tuple[list[Stream], list[tuple[str, str]]]:
    """Return the files of an input, each as a stream with a checked header, and the files named almost like a table.

    Raises
    ------
    InputError
        With all that is wrong with them.
    """
    refusals: list[Refusal] = []
    streams: list[Stream] = []
    similar: list[tuple[str, str]] = []
    try:
        place = local_path(source)
        if not place.is_dir():
            check_ending(place, place.name)
            streams = [open_records(place, place.name, limits)]
        else:
            similar = list(similar_files(place))
            for table in CONTRACTS:
                _open_table(place, table, wanted, limits, streams, refusals)
    except Refusal as refusal:
        refusals.append(refusal)
    if refusals:
        raise refusal_error(refusals)
    return streams, similar


def _open_table(
    place: Path, table: str, wanted: str | None, limits: Limits, streams: list[Stream], refusals: list[Refusal]
) -> None:
    try:
        files = table_files(place, table, wanted)
        if table == "creators" and not files:
            advice = "Give a folder with creators.csv (or .jsonl, .parquet), or a file of nested JSON records."
            raise Refusal("missing_table", "input", "the folder has no creators table", advice, table)
    except Refusal as refusal:
        refusals.append(refusal)
        return
    for path, shown in files:
        try:
            check_ending(path, shown)
            kind = file_format(path.name)
            if kind not in ("csv", "jsonl", "parquet"):
                raise Refusal(
                    "refused_format", shown, "is of no known format", "Give CSV, JSON lines or Parquet.", table
                )
            streams.append(open_stream(path, table, shown, kind, limits))  # type: ignore[arg-type]
        except Refusal as refusal:
            refusals.append(refusal)


def make_plan(
    source: str | Path,
    work: Path,
    size: int,
    *,
    format: str | None = None,  # noqa: A002 - as for read_tables
    limits: Limits = Limits(),  # noqa: B008
) -> Plan:
    """Lay an input out in shards of ``size`` creators; what is not sorted is partitioned into ``work``.

    Parameters
    ----------
    source
        A folder of tables or a file of nested JSON records, as for :func:`realreach.read_tables`.
    work
        An existing folder for partitioned rows.
    size
        Creators of a shard.
    format, limits
        As for :func:`realreach.read_tables`; limits on bytes and rows hold per shard.

    Raises
    ------
    InputError
        If a file cannot be used as a whole.
    """
    streams, similar = input_files(source, format, limits)
    creators = [s for s in streams if s.table == "creators"]
    try:
        place = _places(creators)
        shard_of = _Sharding(place, size)
        files = [_planned(stream, shard_of, number, work) for number, stream in enumerate(streams)]
    except Refusal as refusal:
        raise refusal_error([refusal]) from refusal
    return Plan(len(place), size, tuple(files), tuple(similar))


def _places(creators: Sequence[Stream]) -> dict[str, int]:
    """Return the place of each creator in the order of first appearance."""
    place: dict[str, int] = {}
    for stream in creators:
        for rows in stream.rows():
            for key in rows.ids.to_pylist():
                if key is not None:
                    place.setdefault(key, len(place))
    return place


class _Sharding:
    """From creators' keys to shards; rows of nobody stay with the row before them."""

    def __init__(self, place: Mapping[str, int], size: int) -> None:
        self._place, self._size = place, size
        self._keys = pa.array(list(place), pa.large_string())

    def runs(self, ids: pa.Array, before: int) -> tuple[IntArray, IntArray]:
        """Return where runs of rows with one key begin, and the shard of each run."""
        encoded = ids.dictionary_encode()
        known = np.append(self._places(encoded.dictionary), -1)
        codes = encoded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)
        # Looked up and divided once for each run, not for each of its rows.
        starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1])[: len(codes)])
        shard = np.where(known >= 0, known // self._size, -1)[codes[starts]]
        if shard.min(initial=0) >= 0:
            return starts, shard
        at = np.maximum.accumulate(np.where(shard >= 0, np.arange(len(shard)), -1))
        return starts, np.where(at >= 0, shard[np.maximum(at, 0)], before)

    def __call__(self, ids: pa.Array, before: int) -> IntArray:
        """Return the shard of each row."""
        starts, shard = self.runs(ids, before)
        return np.repeat(shard, np.diff(starts, append=len(ids)))

    def _places(self, keys: pa.Array) -> IntArray:
        """Return the place of each key, -1 where it is no creator's."""
        first = self._place.get(keys[0].as_py(), -1) if len(keys) else -1
        # Sorted files name creators in the order of the creators table, few of whom have no row at all.
        if first >= 0 and self._keys.slice(first, len(keys)).equals(keys.cast(pa.large_string())):
            return np.arange(first, first + len(keys), dtype=np.int64)
        return np.array([self._place.get(key, -1) for key in keys.to_pylist()], dtype=np.int64)


def _planned(stream: Stream, shard_of: _Sharding, number: int, work: Path) -> PlannedFile:
    kind = stream.kind
    common = (stream.table, str(stream.path), stream.shown, kind)
    if kind == "parquet":
        ranges = _ranges(stream, shard_of)
        if ranges is not None:
            return PlannedFile(*common, tuple(stream.header), ranges, None)
    raw = f"raw-{number:03d}"
    broken: list[tuple[int, int, str, str]] = []
    _partition(stream, shard_of, work / raw, broken)
    return PlannedFile(*common, tuple(stream.header), None, raw, tuple(broken))


def _ranges(stream: Stream, shard_of: _Sharding) -> tuple[tuple[int, int], ...] | None:
    """Return the rows of each shard if the file is sorted by creator and can be read in pieces; None if not."""
    ends: list[int] = []
    before, total = 0, 0
    for ids in keys_only(stream):
        begun, shard = shard_of.runs(ids, before)
        steps = np.diff(shard, prepend=before)
        if (steps < 0).any():
            return None
        for at in np.flatnonzero(steps).tolist():
            ends += [total + int(begun[at])] * int(steps[at])
        before, total = int(shard[-1]) if len(shard) else before, total + len(ids)
    ends.append(total)
    starts = [0, *ends[:-1]]
    ranges = tuple(zip(starts, ends, strict=True))
    with pq.ParquetFile(stream.path) as file:
        groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    most = max((b - a for a, b in ranges), default=0)
    return ranges if not groups or max(groups) <= _WIDE * max(most, 1) or len(ranges) == 1 else None


def _partition(stream: Stream, shard_of: _Sharding, folder: Path, broken: list[tuple[int, int, str, str]]) -> None:
    """Write the rows of a stream into one folder per shard."""
    import pyarrow.dataset as ds

    rows = stream.rows()
    first = next(rows, None)
    folder.mkdir(parents=True, exist_ok=True)
    if first is None:
        return
    schema = first.table.schema.append(pa.field(_SHARD, pa.int32()))

    def batches() -> Iterator[pa.RecordBatch]:
        before = 0
        for piece in _chain(first, rows):
            shard = shard_of(piece.ids, before)
            broken.extend((int(shard[0]) if len(shard) else before, b.number, b.code, b.raw) for b in piece.broken)
            before = int(shard[-1]) if len(shard) else before
            table = piece.table.append_column(_SHARD, pa.array(shard.astype(np.int32)))
            yield from table.cast(schema).to_batches()

    # Large row groups would hold the rows of all shards in memory until they are full.
    ds.write_dataset(
        pa.RecordBatchReader.from_batches(schema, batches()),
        folder,
        format="parquet",
        partitioning=ds.partitioning(pa.schema([(_SHARD, pa.int32())]), flavor="hive"),
        max_partitions=100_000,
        max_open_files=200,
        min_rows_per_group=0,
        max_rows_per_group=2**17,
        existing_data_behavior="overwrite_or_ignore",
        use_threads=False,
        file_options=ds.ParquetFileFormat().make_write_options(compression="lz4"),
    )


def _chain(first: RawRows, rest: Iterator[RawRows]) -> Iterator[RawRows]:
    yield first
    yield from rest


def rows_of_shard(file: PlannedFile, work: Path, shard: int) -> pa.Table:
    """Return the raw rows of one shard of one file, with the number of each row, in file order."""
    if file.ranges is None:
        folder = work / str(file.raw) / f"{_SHARD}={shard}"
        pieces = [pq.ParquetFile(path).read(use_threads=False) for path in sorted(folder.glob("*.parquet"))]
        if not pieces:
            return pa.table({})
        table = pa.concat_tables(pieces)
        order = np.argsort(table.column(ROW).to_numpy(), kind="stable")
        return table.take(pa.array(order)) if (np.diff(order) != 1).any() else table
    first, last = file.ranges[shard] if shard < len(file.ranges) else (0, 0)
    return _slice(Path(file.path), first, last)


@dataclass(frozen=True, eq=False)
class _Facts:
    """What stands at the end of a Parquet file: asked for with every shard, and the same every time."""

    coded: tuple[str, ...]
    sizes: IntArray
    empty: pa.Table


@lru_cache(maxsize=4096)
def _facts(path: Path, _written: tuple[int, int]) -> _Facts:
    # The key of a creator stands in the file once for many rows; it is checked and looked up once, too.
    with pq.ParquetFile(path) as source:
        coded = tuple(columns_of_codes(source))
    with pq.ParquetFile(path, read_dictionary=list(coded)) as source:
        sizes = [source.metadata.row_group(i).num_rows for i in range(source.num_row_groups)]
        return _Facts(coded, np.array(sizes, dtype=np.int64), source.schema_arrow.empty_table())


_HELD_BYTES = 2**26
_HELD_FILES = 8
_held: dict[tuple[Path, tuple[int, int]], tuple[int, pa.Table]] = {}
"""By file: the number and the rows of the row group in which the last shard ended, and the next one begins."""


def _slice(path: Path, first: int, last: int) -> pa.Table:
    found = path.stat()
    written = (found.st_mtime_ns, found.st_size)
    facts = _facts(path, written)
    ends = np.cumsum(facts.sizes)
    groups = np.flatnonzero((ends > first) & (ends - facts.sizes < last)).tolist()
    # Most files of a table hold nothing of a shard.
    table = _row_groups(path, written, facts, groups) if groups else facts.empty
    start = int(ends[groups[0]] - facts.sizes[groups[0]]) if groups else 0
    if groups and last < ends[groups[-1]]:
        rest = table.slice(len(table) - int(facts.sizes[groups[-1]]))
        if rest.nbytes <= _HELD_BYTES:
            if rest.get_total_buffer_size() > rest.nbytes:
                # A slice keeps alive all that it was cut from.
                rest = rest.take(pa.array(np.arange(len(rest))))
            while len(_held) >= _HELD_FILES:
                # Another thread may be at it, too.
                with suppress(RuntimeError, StopIteration):
                    _held.pop(next(iter(_held)), None)
            _held[path, written] = groups[-1], rest
    table = table.slice(first - start, last - first)
    for at, column in enumerate(table.schema):
        if pa.types.is_string(column.type):
            table = table.set_column(at, column.name, table.column(at).cast(pa.large_string()))
    return table.append_column(ROW, pa.array(np.arange(first + 1, last + 1)))


def _row_groups(path: Path, written: tuple[int, int], facts: _Facts, groups: list[int]) -> pa.Table:
    """Read row groups, but for the one that is held from the shard before."""
    number, held = _held.pop((path, written), (-1, facts.empty))
    known = number == groups[0]
    if known and len(groups) == 1:
        return held
    with pq.ParquetFile(path, read_dictionary=list(facts.coded)) as source:
        table = source.read_row_groups(groups[1:] if known else groups, use_threads=False)
    return pa.concat_tables([held, table]) if known else table
