"""The table that is stored: Markdown for people, JSON beside the work for whoever goes on from there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.measure import Part, Row


def store(part: Part, folder: Path, name: str) -> None:
    """Keep what was measured, so that a suite that is broken off loses nothing."""
    (folder / f"{name}.json").write_text(json.dumps(asdict(part), indent=1), encoding="utf-8")


def stored(folder: Path, name: str) -> Part | None:
    """Return what :func:`store` kept."""
    path = folder / f"{name}.json"
    if not path.is_file():
        return None
    data = json.loads(path.read_text(encoding="utf-8"))
    return Part(data["title"], [Row(**row) for row in data["rows"]], data["notes"])


def markdown(parts: Iterable[Part], facts: Iterable[str], command: str) -> str:
    """Return the document."""
    lines = [
        "# Benchmarks",
        "",
        "Measured by the command itself; do not edit. Ratios are measured side by side in one run, in CPU seconds (user and "
        "system, all threads) after one run that does not count, and are medians of as many runs as the last column says. "
        "The data is synthetic and says nothing of accuracy.",
        "",
        f"Command: `{command}`",
        "",
        *facts,
        "",
    ]
    for part in parts:
        lines += [f"## {part.title}", ""]
        lines += [*_table(part.rows), ""] if part.rows else []
        lines += [f"- {note}" for note in part.notes]
        lines += [""] if part.notes else []
    return "\n".join(lines).rstrip() + "\n"


def _table(rows: Sequence[Row]) -> list[str]:
    head = ["what", "measured", "against", "ratio", "aim", "runs"]
    cells = [[row.what, row.value, row.against, row.ratio, row.aim, str(row.runs)] for row in rows]
    used = [i for i in range(len(head)) if any(line[i] for line in cells)]
    out = ["| " + " | ".join(head[i] for i in used) + " |", "|" + "---|" * len(used)]
    return out + ["| " + " | ".join(line[i].replace("|", "/") for i in used) + " |" for line in cells]
