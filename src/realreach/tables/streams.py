"""Tables of any size as a stream of raw rows in bounded memory, to be cut into groups of creators before the checks.

A row keeps everything that the checks and the quarantine need: its values as given, and its number in its file. The
checks themselves are those of :mod:`realreach.tables.reading`, run on one group of creators at a time.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from realreach.tables.cells import ColumnTypeError, check_column
from realreach.tables.contract import CONTRACTS
from realreach.tables.core import IntArray
from realreach.tables.csv_source import BLOCK, convert_options, csv_header, filled_rows
from realreach.tables.files import open_unpacked, opening_errors
from realreach.tables.json_source import json_lines, nested_parts, rows_part
from realreach.tables.limits import Limits
from realreach.tables.parquet_texts import full_size, one_array, text_columns
from realreach.tables.parts import Broken, Part, Refusal, Row, check_header, not_utf8, table_rows
from realreach.tables.quotes import QuoteCheck

__all__ = ["RawRows", "Stream", "open_records", "open_stream", "parts_of"]

ROW = "_row_in_file"
LINE = "_line_as_given"
_LINES = 20_000
_BATCH = 2**17
_BOMB_RATIO = 300
_BOMB_BYTES = 2**30

Kind = Literal["csv", "parquet", "jsonl", "records"]


@dataclass(frozen=True, eq=False)
class RawRows:
    """Some rows of a file, in its order.

    ``table`` holds the columns as given and the number of each row (``ROW``); for JSON lines the line itself
    (``LINE``). ``ids`` are the creators' keys as the checks read them (null: no key). ``broken`` rows could not be
    taken apart and belong to nobody.
    """

    table: pa.Table
    ids: pa.Array
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True, eq=False)
class Stream:
    """One file of one table. ``header`` names its columns as they came; for JSON lines it fills while rows are read."""

    table: str
    path: Path
    shown: str
    kind: Kind
    limits: Limits
    header: dict[str, None] = field(default_factory=dict)

    def rows(self) -> Iterator[RawRows]:
        """Yield all rows of the file.

        Raises
        ------
        Refusal
            If the file cannot be used as a whole.
        """
        with opening_errors(self.shown):
            yield from {"csv": _csv_rows, "parquet": _parquet_rows}.get(self.kind, _json_rows)(self)


def open_stream(path: Path, table: str, shown: str, kind: Kind, limits: Limits) -> Stream:
    """Return the stream of one file of one table, its header checked where it has one.

    Raises
    ------
    Refusal
        For a fault of the header or an unreadable file.
    """
    stream = Stream(table, path, shown, kind, limits)
    with opening_errors(shown):
        if path.stat().st_size == 0:
            raise Refusal("empty_file", shown, "is empty", "Give at least the header, or leave the file out.", table)
        if kind == "csv":
            with _checked_text(path, shown) as source:
                head = source.read(2**20).lstrip(b"\r\n")
            stream.header.update(dict.fromkeys(name.strip() for name in csv_header(head, table, shown)))
            check_header(table, shown, [n.strip() for n in csv_header(head, table, shown)], limits.columns)
        elif kind == "parquet":
            import pyarrow.parquet as pq

            with pq.ParquetFile(path) as file:
                stream.header.update(dict.fromkeys(file.schema_arrow.names))
                check_header(table, shown, list(file.schema_arrow.names), limits.columns)
    return stream


def open_records(path: Path, shown: str, limits: Limits) -> Stream:
    """Return the stream of a file with one nested record per line."""
    return Stream("creators", path, shown, "records", limits)


def parts_of(stream: Stream, rows: pa.Table, broken: tuple[Broken, ...] = ()) -> list[Part]:
    """Return rows of a stream (a slice of what it yielded) in the form that the checks take."""
    numbers = rows.column(ROW).to_numpy().astype(np.int64, copy=False)
    if stream.kind in ("jsonl", "records"):
        return _json_parts(stream, rows.column(LINE).to_pylist(), numbers, broken)
    given = rows.drop_columns([ROW])
    known = CONTRACTS[stream.table].by_name
    columns = {name: one_array(given.column(name)) for name in given.column_names if name in known}

    def originals(positions: IntArray) -> Callable[[], list[Row]]:
        return partial(table_rows, given.take(pa.array(positions)))

    csv = stream.kind == "csv"
    form: Literal["csv", "json"] = "csv" if csv else "json"
    header = list(stream.header)
    return [Part(stream.table, stream.shown, columns, numbers, originals, header, form, typed=not csv, broken=broken)]


def _json_parts(stream: Stream, lines: list[bytes], numbers: IntArray, broken: tuple[Broken, ...]) -> list[Part]:
    values, places, faults = json_lines(b"\n".join(lines), stream.limits)
    own = [int(numbers[place - 1]) for place in places]
    wrong = [Broken(int(numbers[b.number - 1]), b.code, b.raw) for b in faults] + list(broken)
    if stream.kind == "records":
        return nested_parts(values, own, wrong, stream.shown, stream.limits, "line")
    return [rows_part(values, own, wrong, stream.table, stream.shown, stream.limits, names=list(stream.header))]


def _keys(values: pa.Array | pa.ChunkedArray, table: str, limits: Limits, shown: str) -> pa.Array:
    """Return the creators' keys as the checks read them."""
    array = one_array(values) if isinstance(values, pa.ChunkedArray) else values
    column = CONTRACTS[table].by_name["creator_id"]
    try:
        return check_column(array, column, limits, None).values
    except ColumnTypeError as err:
        message = f"column `creator_id` has the type {err}"
        raise Refusal("column_type", shown, message, "Expected text or whole numbers.", table) from err
    except pa.ArrowInvalid as err:
        raise not_utf8(err, "creator_id", shown, table) from err


def _parquet_rows(stream: Stream) -> Iterator[RawRows]:
    import pyarrow.parquet as pq

    words = text_columns(stream.path)
    first = 1
    with pq.ParquetFile(stream.path, read_dictionary=words) as file:
        for batch in file.iter_batches(_BATCH, use_threads=False):
            table = pa.Table.from_batches([batch])
            # One long text, repeated, packs into a few bytes: its full size is known before it is unpacked.
            if sum(full_size(table.column(name)) for name in words) > stream.limits.decompressed_bytes:
                advice = "Shorten its texts, or raise the limit."
                raise Refusal("over_limit", stream.shown, "holds too much text in too few rows", advice, stream.table)
            for name in words:
                at = table.column_names.index(name)
                table = table.set_column(at, name, table.column(name).cast(pa.large_string()))
            numbers = pa.array(np.arange(first, first + len(table)))
            first += len(table)
            ids = _keys(table.column("creator_id"), stream.table, stream.limits, stream.shown)
            yield RawRows(table.append_column(ROW, numbers), ids)


class _CheckedText(io.RawIOBase):
    """Bytes of a text file on their way to a parser: without byte order mark, checked as they pass."""

    def __init__(self, source: IO[bytes], path: Path, shown: str, quotes: QuoteCheck | None) -> None:
        self._source, self._shown, self._quotes = source, shown, quotes
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._packed = path.stat().st_size if path.suffix.lower() in (".gz", ".zst") else 0
        self._line, self._read, self._start = 1, 0, True

    def readable(self) -> bool:
        """Return True: this is a source."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most ``size``."""
        data = self._source.read(size if size and size > 0 else 2**24)
        if self._start:
            data = self._opened(data)
        if not data:
            self._checked(b"", final=True)
            if self._quotes is not None:
                self._quotes.finish()
            return b""
        self._read += len(data)
        if self._packed and self._read > max(_BOMB_BYTES, _BOMB_RATIO * self._packed):
            raise Refusal("over_limit", self._shown, "unpacks to far more than it should", "Give it unpacked.")
        self._checked(data, final=False)
        if self._quotes is not None:
            self._quotes.feed(data)
        self._line += data.count(b"\n")
        return data

    def close(self) -> None:
        """Close the file below."""
        self._source.close()
        super().close()

    def _opened(self, data: bytes) -> bytes:
        self._start = False
        head = data[:1000]
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or (head and head.count(0) * 3 > len(head)):
            raise Refusal("encoding", self._shown, "is UTF-16, not UTF-8", _AS_UTF8)
        return data.removeprefix(codecs.BOM_UTF8)

    def _checked(self, data: bytes, *, final: bool) -> None:
        if (at := data.find(0)) >= 0:
            line = self._line + data.count(b"\n", 0, at)
            message = f"has a NUL byte in line {line}"
            raise Refusal("nul_byte", self._shown, message, "The file is damaged or binary; export it again.")
        held = len(self._decoder.getstate()[0])
        try:
            self._decoder.decode(data, final=final)
        except UnicodeDecodeError as err:
            line = self._line + data.count(b"\n", 0, max(err.start - held, 0))
            message = f"is not UTF-8 in line {line}; it may be Latin-1 or Windows-1252"
            raise Refusal("encoding", self._shown, message, _AS_UTF8) from err


_AS_UTF8 = "Save the file as UTF-8 (in a spreadsheet: 'CSV UTF-8')."


def _checked_text(path: Path, shown: str, quotes: QuoteCheck | None = None) -> _CheckedText:
    return _CheckedText(open_unpacked(path), path, shown, quotes)


def _csv_rows(stream: Stream) -> Iterator[RawRows]:
    broken: list[Broken] = []

    def set_aside(row: pa_csv.InvalidRow) -> str:
        broken.append(Broken(row.number, "field_count", row.text))
        return "skip"

    with _checked_text(stream.path, stream.shown) as source:
        raw_names = csv_header(source.read(2**20).lstrip(b"\r\n"), stream.table, stream.shown)
    names = [name.strip() for name in raw_names]
    with _checked_text(stream.path, stream.shown, QuoteCheck(stream.shown)) as source:
        above = 0
        head = source.read(1)
        while head in (b"\n", b"\r"):
            above += head == b"\n"
            head = source.read(1)
        try:
            reader = pa_csv.open_csv(
                pa.PythonFile(_Prefixed(head, source), mode="r"),
                read_options=pa_csv.ReadOptions(use_threads=False, block_size=BLOCK),
                parse_options=pa_csv.ParseOptions(
                    newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=set_aside
                ),
                convert_options=convert_options(raw_names),
            )
            seen = 2
            for batch in reader:
                table = pa.Table.from_batches([batch]).rename_columns(names)
                faults, broken[:] = list(broken), []
                size = len(table) + len(faults)
                numbers = np.delete(np.arange(seen, seen + size), [b.number - seen for b in faults])
                seen += size
                if (filled := filled_rows(table)) is not None:
                    table, numbers = table.filter(pa.array(filled)), numbers[filled]
                kept = tuple(Broken(b.number + above, b.code, b.raw) for b in faults if b.raw.strip(" ,"))
                ids = _keys(table.column("creator_id"), stream.table, stream.limits, stream.shown)
                yield RawRows(table.append_column(ROW, pa.array(numbers + above)), ids, kept)
        except pa.ArrowInvalid as err:
            code = "over_limit" if "straddling" in str(err) else "unreadable_file"
            reason = f"a row is longer than {BLOCK:,} bytes" if code == "over_limit" else "it is not CSV"
            advice = "Look for a double quote that is not closed."
            raise Refusal(code, stream.shown, f"cannot be split into rows; {reason}", advice, stream.table) from err


class _Prefixed(io.RawIOBase):
    """A source with some bytes put back in front."""

    def __init__(self, head: bytes, source: io.RawIOBase) -> None:
        self._head, self._source = head, source

    def readable(self) -> bool:
        """Return True: this is a source."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        # A parser takes a short answer for the end of a block, so that as much comes as was asked for.
        wanted = size if size > 0 else 2**24
        pieces, self._head = [self._head], b""
        while (missing := wanted - sum(map(len, pieces))) > 0 and (piece := self._source.read(missing)):
            pieces.append(piece)
        return b"".join(pieces)


def _json_rows(stream: Stream) -> Iterator[RawRows]:
    with _checked_text(stream.path, stream.shown) as source:
        held, number, lines, numbers = b"", 0, [], []
        while True:
            data = source.read(2**22)
            pieces = (held + data).split(b"\n")
            held = pieces.pop() if data else b""
            for piece in pieces:
                number += 1
                if piece.strip():
                    lines.append(piece.strip())
                    numbers.append(number)
                if len(lines) >= _LINES:
                    yield _line_rows(stream, lines, numbers)
                    lines, numbers = [], []
            if not data:
                break
        if lines:
            yield _line_rows(stream, lines, numbers)


def _line_rows(stream: Stream, lines: list[bytes], numbers: list[int]) -> RawRows:
    values, places, _ = json_lines(b"\n".join(lines), stream.limits)
    ids: list[object] = [None] * len(lines)
    for value, place in zip(values, places, strict=True):
        if isinstance(value, dict):
            stream.header.update(dict.fromkeys(map(str, value)))
            ids[place - 1] = value.get("creator_id")
    texts = [str(i) if isinstance(i, (str, int)) and not isinstance(i, bool) else None for i in ids]
    table = pa.table({LINE: pa.array(lines, pa.large_binary()), ROW: pa.array(numbers, pa.int64())})
    return RawRows(table, _keys(pa.array(texts, pa.large_string()), stream.table, stream.limits, stream.shown))


def is_null(ids: pa.Array) -> np.ndarray:
    """Return which rows name no creator."""
    return np.asarray(pc.is_null(ids).to_numpy(zero_copy_only=False))


def keys_only(stream: Stream) -> Iterator[pa.Array]:
    """Yield the creators' keys of a Parquet file, nothing else of it being read; text as dictionary arrays.

    A key stands in the file once for many rows, and is neither written out nor looked up row by row.

    Raises
    ------
    Refusal
        If the file cannot be read.
    """
    import pyarrow.parquet as pq

    words = [name for name in text_columns(stream.path) if name == "creator_id"]
    with opening_errors(stream.shown), pq.ParquetFile(stream.path, read_dictionary=words) as file:
        for batch in file.iter_batches(2**20, columns=["creator_id"], use_threads=False):
            column = batch.column(0)
            if isinstance(column, pa.DictionaryArray):
                keys = _keys(column.dictionary, stream.table, stream.limits, stream.shown)
                yield pa.DictionaryArray.from_arrays(column.indices, keys)
            else:
                yield _keys(column, stream.table, stream.limits, stream.shown)
