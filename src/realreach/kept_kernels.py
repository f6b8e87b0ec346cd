"""Compiled kernels that are kept on disk are used only while all they were made of is what it was.

Numba keeps a kernel as long as its own file is unchanged. A kernel takes in more than that: functions of other kernel
files, and constants of any module, at the value they had. After an update of one of those (a checkout brought up to
date, an edit) the old kernel would go on silently with the old numbers. So beside the kept kernels of a file stands a
digest of all sources that it takes in; where it differs, they are removed, and compiled anew at their next call.
"""

from __future__ import annotations

import hashlib
import re
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

from realreach.files import atomic_file

__all__ = ["forget_stale", "sources_of"]

_IMPORT = re.compile(r"^from (realreach[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)
_NAME = re.compile(r"\w+")
_checked: set[str] = set()


def forget_stale() -> None:
    """Remove the kept kernels of all modules imported so far whose sources have changed; each is looked at once.

    To be called after modules of kernels were imported and before one is called. Where nothing can be removed or noted
    down, nothing is done: whoever keeps kernels in a place that is not writable writes the package anew as a whole.
    """
    for name, module in list(sys.modules.items()):
        if name.startswith("realreach.") and name not in _checked and "nb" in vars(module):
            _checked.add(name)
            for place in _places(module):
                _forget(Path(str(module.__file__)), place, sources_of(name))


def _places(module: ModuleType) -> set[Path]:
    """Return the folders in which numba keeps the kernels of a module."""
    own = (v for v in vars(module).values() if getattr(v, "__module__", None) == module.__name__)
    found = (getattr(getattr(value, "stats", None), "cache_path", None) for value in own)
    return {Path(place) for place in found if place is not None}


def _forget(source: Path, place: Path, digest: str) -> None:
    note = place / f"{source.stem}.sources"
    try:
        if note.is_file() and note.read_text(encoding="ascii") == digest:
            return
        place.mkdir(parents=True, exist_ok=True)
        # The index says what is kept: without it the rest is written over.
        for index in place.glob(f"{source.stem}.*.nbi"):
            index.unlink(missing_ok=True)
        with atomic_file(note, overwrite=True) as scratch:
            scratch.write_text(digest, encoding="ascii")
    except OSError:
        return


def sources_of(name: str) -> str:
    """Return the digest of the sources that a module's kernels take in.

    Those are its own, those of all kernel modules that it imports, directly or through others, and those of the other
    modules of ours that any of these takes names from.
    """
    files: dict[str, bytes] = {}
    left = [name]
    while left:
        current = left.pop()
        module = sys.modules.get(current)
        file = getattr(module, "__file__", None)
        if current in files or module is None or file is None:
            continue
        files[current], named = _read(file)
        if "nb" in vars(module):
            left += named
    digest = hashlib.sha256()
    for each in sorted(files):
        digest.update(each.encode() + b"\0" + files[each])
    return digest.hexdigest()


@cache
def _read(file: str) -> tuple[bytes, tuple[str, ...]]:
    """Return the digest of a source, and the modules that it imports or imports from."""
    source = Path(file).read_bytes()
    found: list[str] = []
    for origin, names in _IMPORT.findall(source.decode("utf-8")):
        found += [origin, *(f"{origin}.{name}" for name in _NAME.findall(names))]
    return hashlib.sha256(source).digest(), tuple(found)
