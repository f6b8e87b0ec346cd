"""Writing so that a crash leaves the old file or the new one, never half of either."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from realreach.errors import OutputError

__all__ = ["atomic_file", "atomic_folder", "check_writable"]

_STALE_SECONDS = 86_400.0
"""Age after which an unfinished file or folder is taken for the rest of a run that was killed, and cleared away."""
_EXCHANGE = 2
_HERE = -100
"""RENAME_EXCHANGE and AT_FDCWD of Linux."""


def check_writable(path: str | Path, *, overwrite: bool = False, parents: bool = False) -> Path:
    """Return the path if a result can be written there; raise before any work is done if not. Makes nothing.

    Parameters
    ----------
    path
        Where the result is to stand.
    overwrite
        True if something that stands there may be replaced.
    parents
        True if missing folders above it will be made.

    Raises
    ------
    OutputError
        If it exists (and ``overwrite`` is false), or its folder is missing or read-only.
    """
    target = Path(path)
    # A link that leads nowhere is there, too.
    if os.path.lexists(target) and not overwrite:
        raise OutputError(f"{target} exists. Choose another name or say --overwrite.")
    parent = target.resolve().parent
    while parents and not parent.exists() and parent != parent.parent:
        parent = parent.parent
    if parent.exists() and not parent.is_dir():
        raise OutputError(f"{target} cannot be written: {parent.name} is a file, not a folder")
    if not parent.is_dir():
        raise OutputError(f"the folder {target.parent} does not exist. Make it first.")
    if not os.access(parent, os.W_OK):
        raise OutputError(f"the folder {target.parent} cannot be written to")
    return target


@contextmanager
def atomic_file(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary path in the same folder; rename it to ``path`` when the block ends without an error.

    Raises
    ------
    OutputError
        If the file cannot be written, or is there (also if it came meanwhile) and may not be replaced.
    """
    target = check_writable(path, overwrite=overwrite)
    if target.is_dir():
        raise OutputError(f"{target} is a folder. Name a file.")
    writing = _beside(target)
    try:
        writing.touch(exist_ok=False)
        yield writing
        _flush(writing)
        if overwrite:
            writing.replace(target)
        else:
            _rename_new(writing, target)
        _flush(target.resolve().parent)
    except OSError as err:
        raise _told(target, err) from err
    finally:
        writing.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder beside ``path``; it takes its name when the block ends without an error.

    Folders above it are made. With ``overwrite`` whatever stands there is replaced in one step: the caller makes sure
    that it may go.

    Raises
    ------
    OutputError
        If the folder cannot be written, or is there and may not be replaced.
    """
    target = check_writable(path, overwrite=overwrite, parents=True)
    writing = _beside(target)
    try:
        target.resolve().parent.mkdir(parents=True, exist_ok=True)
        writing.mkdir()
        yield writing
        for item in (*writing.rglob("*"), writing):
            _flush(item)
        if os.path.lexists(target):
            if not overwrite:
                raise OutputError(f"{target} exists: it was written by someone else meanwhile. Choose another name.")
            _exchange(writing, target)
        else:
            writing.rename(target)
        _flush(target.resolve().parent)
    except OSError as err:
        raise _told(target, err) from err
    finally:
        # After an exchange this is the old folder.
        shutil.rmtree(writing, ignore_errors=True)


def _beside(target: Path) -> Path:
    """Return a new hidden name in the folder of ``target``, and clear old ones that a killed run has left."""
    parent, stem = target.resolve().parent, f".tmp-{target.name[:40]}-"
    for old in parent.glob(".tmp-*") if parent.is_dir() else ():
        if old.name.startswith(stem):
            with contextlib.suppress(OSError):
                if time.time() - old.stat().st_mtime > _STALE_SECONDS:
                    shutil.rmtree(old) if old.is_dir() else old.unlink()
    return parent / f"{stem}{secrets.token_hex(6)}"


def _flush(path: Path) -> None:
    """Make sure that a file, or the names in a folder, are on the disk."""
    if path.is_dir() and os.name == "nt":  # folders cannot be opened there
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _rename_new(source: Path, target: Path) -> None:
    """Rename a file to a name that must be free, so that of two writers one wins and the other is told."""
    try:
        target.hardlink_to(source)
    except FileExistsError as err:
        raise OutputError(f"{target} exists: it was written by someone else meanwhile. Choose another name.") from err
    except OSError:  # a file system without hard links
        check_writable(target)
        source.replace(target)


def _exchange(new: Path, old: Path) -> None:
    """Swap two folders: in one step where the system can, else in two with the way back."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None) if os.name == "posix" else None
    if rename is not None and rename(_HERE, os.fsencode(new), _HERE, os.fsencode(old), _EXCHANGE) == 0:
        return
    aside = new.with_name(f"{new.name}-old")
    old.rename(aside)
    try:
        new.rename(old)
    except OSError:
        aside.rename(old)
        raise
    aside.rename(new)


def _told(target: Path, err: OSError) -> OutputError:
    """Return the error that users see."""
    return err if isinstance(err, OutputError) else OutputError(f"{target} could not be written: {err.strerror or err}")
