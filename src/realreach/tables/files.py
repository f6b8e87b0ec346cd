"""Files as bytes: what is opened at all, how much of it, and whether it is text."""

from __future__ import annotations

import codecs
import gzip
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from realreach.tables.limits import Limits
from realreach.tables.parts import Refusal

__all__ = [
    "FORMATS",
    "REFUSED",
    "file_format",
    "line_of",
    "local_path",
    "open_unpacked",
    "opening_errors",
    "read_bytes",
    "read_stdin",
    "read_text",
]

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".parquet": "parquet"}
"""Endings that are read."""

REFUSED = {
    ".pkl": "a pickle can run code when it is opened",
    ".pickle": "a pickle can run code when it is opened",
    ".joblib": "a pickle can run code when it is opened",
    ".feather": "Feather is not read",
    ".arrow": "Arrow files are not read",
    ".h5": "HDF5 is not read",
    ".hdf": "HDF5 is not read",
    ".hdf5": "HDF5 is not read",
    ".xls": "Excel is not read",
    ".xlsx": "Excel is not read",
    ".xlsm": "Excel is not read",
    ".ods": "spreadsheets are not read",
    ".zip": "archives are not read",
    ".tar": "archives are not read",
    ".tsv": "tab-separated files are not read",
}
"""Endings that are refused by name, with the reason."""

_PACKED = (".gz", ".zst")
_CHUNK = 2**24
_DAMAGED = "cannot be decompressed; it is damaged or cut"
_ADDRESS = re.compile(r"^[A-Za-z][A-Za-z0-9+.\-]+:/")


def local_path(path: str | Path) -> Path:
    """Return the path of a file or folder that is there.

    Raises
    ------
    Refusal
        For an address with a scheme (nothing is ever fetched), and for what does not exist.
    """
    if _ADDRESS.match(str(path)) or "://" in str(path):
        advice = "Copy the data to a local folder and give its path."
        raise Refusal("refused_address", "input", "is an address; only local files are read", advice)
    found = Path(path)
    if not (found.is_dir() or found.is_file()):
        message = "is not a file or folder" if found.exists() else "does not exist"
        raise Refusal("not_found", found.name or str(path), message, "Check the path.")
    return found


def file_format(name: str) -> str | None:
    """Return ``csv``, ``jsonl``, ``json`` or ``parquet`` by the ending of a file name; None for others.

    Examples
    --------
    >>> file_format("posts.csv.gz"), file_format("posts.parquet.gz"), file_format("notes.txt")
    ('csv', None, None)
    """
    path = Path(name.lower())
    packed = path.suffix in _PACKED
    found = FORMATS.get(path.with_suffix("").suffix if packed else path.suffix)
    return None if packed and found == "parquet" else found


def read_bytes(path: Path, shown: str, limits: Limits) -> bytes:
    """Read a file, decompressed by its ending (``.gz``, ``.zst``), up to the limits.

    Raises
    ------
    Refusal
        ``over_limit``, ``empty_file``, ``unreadable_file`` or ``not_found``.
    """
    with opening_errors(shown):
        size = path.stat().st_size
        if size > limits.file_bytes:
            raise _over(shown, "is larger than", limits.file_bytes)
        with open_unpacked(path) as stream:
            data = _bounded(stream, shown, limits.decompressed_bytes)
    if not data.strip():
        raise Refusal("empty_file", shown, "is empty", "Give at least the header, or leave the file out.")
    return data


@contextmanager
def opening_errors(shown: str) -> Iterator[None]:
    """Turn what goes wrong while a file is opened, unpacked and read into a refusal of that file."""
    try:
        yield
    except (gzip.BadGzipFile, zlib.error, EOFError, pa.ArrowException) as err:
        raise Refusal("unreadable_file", shown, _DAMAGED, "Copy it anew.") from err
    except OSError as err:
        if err.strerror is None:  # how a cut .zst shows itself
            raise Refusal("unreadable_file", shown, _DAMAGED, "Copy it anew.") from err
        raise Refusal("unreadable_file", shown, f"cannot be read: {err.strerror}", "Check its rights.") from err


def open_unpacked(path: Path) -> IO[bytes]:
    """Return the bytes of a file, unpacked by its ending."""
    if path.suffix.lower() == ".gz":
        return cast(IO[bytes], gzip.GzipFile(path))
    if path.suffix.lower() == ".zst":
        return cast(IO[bytes], pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))
    return path.open("rb")


def _bounded(stream: IO[bytes], shown: str, limit: int) -> bytes:
    """Read in pieces, so that a small file that unpacks to a huge one stops at the limit."""
    pieces, total = [], 0
    while piece := stream.read(_CHUNK):
        total += len(piece)
        if total > limit:
            raise _over(shown, "holds more than", limit)
        pieces.append(piece)
    return b"".join(pieces)


def _over(shown: str, what: str, limit: int) -> Refusal:
    advice = "Split it into part files, or raise the limit."
    return Refusal("over_limit", shown, f"{what} {limit:,} bytes", advice)


def read_stdin(limits: Limits) -> bytes:
    """Read standard input up to the limit."""
    return _bounded(sys.stdin.buffer, "stdin", limits.decompressed_bytes)


def read_text(data: bytes, shown: str) -> bytes:
    """Return UTF-8 text as bytes without byte order mark.

    Raises
    ------
    Refusal
        ``encoding`` naming what it looks like and the line, or ``nul_byte``.
    """
    advice = "Save the file as UTF-8 (in a spreadsheet: 'CSV UTF-8')."
    head = data[:1000]
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or head.count(0) * 3 > len(head):
        raise Refusal("encoding", shown, "is UTF-16, not UTF-8", advice)
    data = data.removeprefix(codecs.BOM_UTF8)
    if (at := data.find(0)) >= 0:
        message = f"has a NUL byte in line {line_of(data, at)}"
        raise Refusal("nul_byte", shown, message, "The file is damaged or binary; export it again.")
    if (wrong := _not_utf8(data)) is not None:
        message = f"is not UTF-8 in line {line_of(data, wrong)}; it may be Latin-1 or Windows-1252"
        raise Refusal("encoding", shown, message, advice)
    return data


def _not_utf8(data: bytes) -> int | None:
    """Return the position of the first byte that is not UTF-8, reading in pieces to stay small in memory."""
    if data.isascii():
        return None
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(data), _CHUNK):
        held = len(decoder.getstate()[0])
        try:
            decoder.decode(data[start : start + _CHUNK], final=start + _CHUNK >= len(data))
        except UnicodeDecodeError as err:
            return start - held + err.start
    return None


def line_of(data: bytes, position: int) -> int:
    r"""Return the number of the line (from 1) in which a byte stands.

    Examples
    --------
    >>> line_of(b"a\nb\nc", 4)
    3
    """
    return data.count(b"\n", 0, position) + 1
