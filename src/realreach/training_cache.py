"""What a training run read and computed, kept for the next run on the same data: reading and features are then skipped.

An entry is found by a digest of all that it depends on: the bytes of every file that is read, how they are read, the
day of the decision, this package's own files (catalogue, comment model and account model are among them) and the
libraries. Nothing is ever found by name, size or date. An entry that is damaged counts as not there.
The folder holds creators' keys and features, never texts; it stays on this machine and keeps itself out of Git.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from realreach.errors import OutputError
from realreach.features import feature_names
from realreach.features.catalogue import CATALOGUE_VERSION
from realreach.files import atomic_folder
from realreach.kept_work import code_digest
from realreach.tables.contract import CONTRACTS
from realreach.tables.folders import similar_files, table_files
from realreach.tables.parts import Refusal
from realreach.tables.problems import Place, Problem
from realreach.tables.report import Counts, Report
from realreach.training_data import TrainingData, labelled_of, labelled_table

__all__ = ["Source", "TrainingCache"]

_LAYOUT = 1
_KEPT = 8
"""Entries that are kept; the oldest goes when one more comes."""
_ROWS, _FACTS = "creators.parquet", "entry.json"


@dataclass(frozen=True)
class Source:
    """What is read, and how: folder or file, the labels file where it lies elsewhere, and the flags of reading."""

    data: str
    labels: str | None = None
    format: str | None = None
    assume_tz: str | None = None
    as_of: str | None = None

    def files(self) -> list[tuple[str, Path]]:
        """Return every file that is read, by the name that reading shows; empty where reading will refuse."""
        place = Path(self.data)
        found: list[tuple[str, Path]] = []
        with suppress(Refusal, OSError):
            if place.is_dir():
                for table in CONTRACTS:
                    found += [(shown, path) for path, shown in table_files(place, table, self.format)]
                found += [(f"similar to {table}: {name}", Path()) for name, table in similar_files(place)]
            elif place.is_file():
                found = [(place.name, place)]
            if found and self.labels is not None:
                found.append(("labels", Path(self.labels)))
            return found
        return []


class TrainingCache:
    """Entries in a folder.

    Parameters
    ----------
    folder
        Made when the first entry is stored.

    Examples
    --------
    >>> TrainingCache("nowhere").get("0" * 64) is None
    True
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def key(self, source: Source) -> str | None:
        """Return the digest of all that the features of a source depend on; None where it cannot be read.

        Bytes are read, so that it takes a second for some gigabytes.
        """
        files = source.files()
        if not files:
            return None
        flags = [source.format, source.assume_tz, source.as_of, source.labels is not None]
        with suppress(OSError):
            contents = [(shown, _digest(path) if path.name else "") for shown, path in files]
            facts = [_LAYOUT, CATALOGUE_VERSION, list(feature_names()), flags, contents, code_digest(), _libraries()]
            return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
        return None

    def get(self, key: str) -> tuple[TrainingData, Report] | None:
        """Return the entry of a key; None where there is none, or it is damaged."""
        import pyarrow.parquet as pq

        place = self.folder / key
        try:
            facts = json.loads((place / _FACTS).read_text(encoding="utf-8"))
            if facts["key"] != key or facts["sha256"] != _digest(place / _ROWS):
                return None
            data = labelled_of(pq.read_table(place / _ROWS))
            seeds = frozenset(int(seed) for seed in facts["seeds"])
            return TrainingData(data, bool(facts["simulated"]), seeds), _report(facts)
        # Whatever was done to the files, the run must not suffer from it.
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def put(self, key: str, data: TrainingData, report: Report) -> bool:
        """Store an entry, whole or not at all; return whether it could be written: a full disk stops no run."""
        import pyarrow.parquet as pq

        try:
            with atomic_folder(self.folder / key, overwrite=True) as place:
                pq.write_table(labelled_table(data.labelled), place / _ROWS, compression="lz4")
                facts = {
                    "key": key,
                    "sha256": _digest(place / _ROWS),
                    "simulated": data.simulated,
                    "seeds": sorted(data.seeds),
                    "counts": {name: asdict(counts) for name, counts in report.counts.items()},
                    "problems": [asdict(problem) for problem in report.problems],
                }
                (place / _FACTS).write_text(json.dumps(facts, default=_plain), encoding="utf-8")
            (self.folder / ".gitignore").write_text("*\n", encoding="utf-8")
            self._clear()
        except (OutputError, OSError):
            return False
        return True

    def _clear(self) -> None:
        entries = sorted((p.stat().st_mtime_ns, p) for p in self.folder.iterdir() if (p / _FACTS).is_file())
        for _, old in entries[:-_KEPT]:
            shutil.rmtree(old, ignore_errors=True)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _libraries() -> list[str]:
    own = [f"{name} {version(name)}" for name in ("numpy", "pyarrow", "lightgbm")]
    return [*own, ".".join(str(part) for part in sys.version_info[:3])]


def _report(facts: Mapping[str, Any]) -> Report:
    problems = [
        Problem(**{**p, "rows": tuple(p["rows"]), "places": tuple(Place(**place) for place in p["places"])})
        for p in facts["problems"]
    ]
    return Report(problems=problems, counts={name: Counts(**c) for name, c in facts["counts"].items()})


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
