"""Writing so that a crash leaves the old file or the new one, never half of either."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from realreach.errors import OutputError

__all__ = ["atomic_file", "atomic_folder", "check_writable"]


def check_writable(path: str | Path, *, overwrite: bool = False) -> Path:
    """Return the path if a result can be written there; raise before any work is done if not.

    Raises
    ------
    OutputError
        If it exists (and ``overwrite`` is false), or its folder is missing or read-only.
    """
    target = Path(path)
    if target.exists() and not overwrite:
        raise OutputError(f"{target} exists. Choose another name or say --overwrite.")
    parent = target.resolve().parent
    if not parent.is_dir():
        raise OutputError(f"the folder {target.parent} does not exist. Make it first.")
    if not os.access(parent, os.W_OK):
        raise OutputError(f"the folder {target.parent} cannot be written to")
    return target


@contextmanager
def atomic_file(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary path in the same folder; rename it to ``path`` when the block ends without an error."""
    target = check_writable(path, overwrite=overwrite)
    handle, name = tempfile.mkstemp(prefix=f".tmp-{target.name}-", dir=target.resolve().parent)
    os.close(handle)
    writing = Path(name)
    try:
        yield writing
        with writing.open("rb") as done:
            os.fsync(done.fileno())
        writing.chmod(0o644)
        writing.replace(target)
    except OSError as err:
        if isinstance(err, OutputError):
            raise
        raise OutputError(f"{target} could not be written: {err.strerror or err}") from err
    finally:
        writing.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder beside ``path``; it takes its name when the block ends without an error."""
    target = Path(path)
    target.resolve().parent.mkdir(parents=True, exist_ok=True)
    target = check_writable(target, overwrite=overwrite)
    parent = target.resolve().parent
    writing = Path(tempfile.mkdtemp(prefix=f".tmp-{target.name}-", dir=parent))
    try:
        yield writing
        for item in writing.rglob("*"):
            if item.is_file():
                with item.open("rb") as done:
                    os.fsync(done.fileno())
        writing.chmod(0o755)
        if target.exists():
            # The old folder steps aside first: at every moment one whole folder is there.
            aside = Path(tempfile.mkdtemp(prefix=f".tmp-old-{target.name}-", dir=parent))
            target.rename(aside / "old")
            writing.rename(target)
            shutil.rmtree(aside, ignore_errors=True)
        else:
            writing.rename(target)
    except OSError as err:
        if isinstance(err, OutputError):
            raise
        raise OutputError(f"{target} could not be written: {err.strerror or err}") from err
    finally:
        shutil.rmtree(writing, ignore_errors=True)
