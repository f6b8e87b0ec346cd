"""What earlier runs fitted and measured, kept by a digest of all that it is made of.

A piece of work is a pure function of numbers, settings, this package's own files and the libraries. All of these go
into its key, so an entry is either the very result that the work would give again, bit for bit, or it is not found.
An entry is one file: a line of JSON (key and digest of the rest) and NumPy arrays, texts as their bytes; nothing in it
is executed. A damaged entry counts as not there. The folder holds figures by creator, no texts and no creators' keys.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from realreach.errors import OutputError
from realreach.files import atomic_file

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KeptWork", "Pieces", "code_digest", "digest_of", "kept_table", "text_of", "text_piece"]

Pieces = Mapping[str, npt.NDArray[Any]]
"""What a piece of work gives: arrays of numbers by name, texts as :func:`text_piece`."""

_LAYOUT = 1
_MOST_BYTES = 512 * 1024 * 1024
"""Size of all entries together; the ones that were not asked for longest go first."""
_SUFFIX = ".work"
_LIBRARIES = ("numpy", "pandas", "scipy", "scikit-learn", "lightgbm", "pyarrow")


class KeptWork:
    """Pieces of work in a folder.

    Parameters
    ----------
    folder
        Made when the first entry is stored; None keeps nothing.

    Examples
    --------
    >>> nothing = KeptWork()
    >>> nothing.of("sum", [1, 2], lambda: {"sum": np.array(3)})["sum"].item()
    3
    >>> nothing.told()
    ''
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = None if folder is None else Path(folder)
        if self.folder is not None:
            code_digest()
        self._found: Counter[str] = Counter()
        self._made: Counter[str] = Counter()

    def of(self, kind: str, facts: object, make: Callable[[], Pieces]) -> Pieces:
        """Return what a piece of work gives: from an earlier run, else from doing it.

        Parameters
        ----------
        kind
            What kind of work it is, in a word or two for the user.
        facts
            All that it depends on besides this package and the libraries, as :func:`digest_of` takes it.
        make
            Does the work. Nothing is kept if it raises.
        """
        if self.folder is None:
            return make()
        key = digest_of([_LAYOUT, kind, facts, code_digest(), _versions()])
        place = self.folder / (key + _SUFFIX)
        found = _read(place, key)
        if found is not None:
            self._found[kind] += 1
            return found
        made = make()
        self._made[kind] += 1
        self._write(place, key, made)
        return made

    def told(self) -> str:
        """Return in a sentence what was found and what was made; empty where nothing is kept."""
        parts = [
            f"{word} {', '.join(_counted(counts))}"
            for word, counts in (("kept from earlier runs:", self._found), ("made:", self._made))
            if counts
        ]
        return "; ".join(parts)

    def _write(self, place: Path, key: str, pieces: Pieces) -> None:
        """Store an entry, whole or not at all; a full disk stops no run."""
        if any(piece.dtype.hasobject for piece in pieces.values()):
            raise TypeError("kept work is made of numbers and texts, not of objects")
        if _code_now() != code_digest():
            # Somebody edits the package: what was imported before is not what the key would say.
            return
        content = io.BytesIO()
        np.savez(content, **pieces)  # type: ignore[arg-type]  # its own flag is a keyword, too
        payload = content.getvalue()
        head = json.dumps({"key": key, "sha256": hashlib.sha256(payload).hexdigest()}).encode()
        with suppress(OutputError, OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            (place.parent / ".gitignore").write_text("*\n", encoding="utf-8")
            with atomic_file(place, overwrite=True) as writing:
                writing.write_bytes(head + b"\n" + payload)
            _clear(place.parent)


def _counted(counts: Counter[str]) -> list[str]:
    return [kind if count == 1 else f"{count} {kind}" for kind, count in counts.items()]


def _read(place: Path, key: str) -> dict[str, npt.NDArray[Any]] | None:
    """Return the pieces of an entry; None where there is none, or it is damaged."""
    try:
        if place.stat().st_size > _MOST_BYTES:
            return None
        head, _, payload = place.read_bytes().partition(b"\n")
        told = json.loads(head)
        if told["key"] != key or told["sha256"] != hashlib.sha256(payload).hexdigest():
            return None
        with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    # Whatever was done to the file, the run must not suffer from it: archives fail in a dozen ways.
    except Exception:
        return None
    with suppress(OSError):
        os.utime(place)
    return found


def _clear(folder: Path) -> None:
    """Remove the entries that were not asked for longest, until the rest is small enough."""
    entries = []
    for path in folder.glob("*" + _SUFFIX):
        with suppress(OSError):
            facts = path.stat()
            entries.append((facts.st_mtime_ns, path, facts.st_size))
    size = sum(entry[2] for entry in entries)
    for _, path, own in sorted(entries):
        if size <= _MOST_BYTES:
            return
        path.unlink(missing_ok=True)
        size -= own


def text_piece(text: str) -> npt.NDArray[np.uint8]:
    """Return a text as an array, as :func:`text_of` takes it back."""
    return np.frombuffer(text.encode(), dtype=np.uint8)


def text_of(piece: npt.NDArray[Any]) -> str:
    """Return the text of an array.

    Examples
    --------
    >>> text_of(text_piece("tree"))
    'tree'
    """
    return piece.tobytes().decode()


def kept_table(kept: KeptWork, kind: str, facts: object, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Return a table that a piece of work gives; the same one, to the types of its columns, if it was kept."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    if kept.folder is None:
        return make()

    def written() -> Pieces:
        table, content = make(), io.BytesIO()
        pq.write_table(pa.Table.from_pandas(table), content)
        # Parquet knows texts, but not that pandas held them as objects.
        objects = [name for name in table.columns if table[name].dtype == object]
        return {"table": np.frombuffer(content.getvalue(), dtype=np.uint8), "objects": text_piece(json.dumps(objects))}

    found = kept.of(kind, facts, written)
    table = pq.read_table(pa.BufferReader(found["table"].tobytes())).to_pandas()
    return table.astype(dict.fromkeys(json.loads(text_of(found["objects"])), object))


def digest_of(value: object) -> str:
    """Return a digest of plain values, arrays, and lists or mappings of them.

    Two values have the same digest only if they are equal in kind, shape and every bit.

    Examples
    --------
    >>> digest_of([1.0, np.arange(3)]) == digest_of([1.0, np.arange(3)])
    True
    >>> digest_of(["ab", "c"]) == digest_of(["a", "bc"]) or digest_of(1) == digest_of(1.0)
    False

    Raises
    ------
    TypeError
        For anything else: what is not read must not be thought to be in the key.
    """
    digest = hashlib.sha256()
    for part in _parts(value):
        digest.update(len(part).to_bytes(8, "little") + part if isinstance(part, bytes) else part)
    return digest.hexdigest()


def _parts(value: object) -> Iterator[Any]:
    """Return the bytes of a value, the small ones with their length before them."""
    if value is None or isinstance(value, bool | int | float | str):
        yield f"{type(value).__name__} {value!r}".encode()
    elif isinstance(value, Mapping):
        yield f"mapping {len(value)}".encode()
        for key, item in value.items():
            yield from _parts(key)
            yield from _parts(item)
    elif isinstance(value, list | tuple):
        yield f"list {len(value)}".encode()
        for item in value:
            yield from _parts(item)
    elif isinstance(value, np.ndarray):
        if value.dtype.kind in "OUT":
            named = [[type(name).__name__, str(name)] for name in value.ravel().tolist()]
            yield f"names {value.shape} {json.dumps(named)}".encode()
        else:
            yield f"array {value.dtype.str} {value.shape}".encode()
            yield np.ascontiguousarray(value).reshape(-1).view(np.uint8).data
    else:
        raise TypeError(f"no digest is known for {type(value).__name__}")


@cache
def code_digest() -> str:
    """Return a digest of this package as it stood when first asked: whatever is changed in it, work is done anew."""
    return _code_now()


def _code_now() -> str:
    digest = hashlib.sha256()
    root = Path(__file__).parent
    for path in _sources(root):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _sources(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


@cache
def _versions() -> tuple[str, ...]:
    own = [f"{name} {version(name)}" for name in _LIBRARIES]
    return (*own, sys.platform, platform.machine(), ".".join(str(part) for part in sys.version_info[:3]))
