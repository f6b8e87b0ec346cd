"""What was measured, kept as JSON by section, and the page for people that is made of it.

A section that is measured again replaces its own figures and no other's; each says when, with which command and on what it
was measured, where that differs from the section before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.benchmarks.measure import Part, Row


@dataclass(frozen=True)
class Section:
    """One part of the suite as it was measured."""

    part: Part
    measured_on: str
    command: str
    facts: tuple[str, ...]


def load(path: Path) -> dict[str, Section]:
    """Return the sections of a file by name; none where there is no file."""
    if not path.is_file():
        return {}
    data = json.loads(path.read_text(encoding="utf-8"))
    return {name: _section(entry) for name, entry in data["sections"].items()}


def _section(data: Mapping[str, object]) -> Section:
    part = data["part"]
    assert isinstance(part, dict)
    rows = [Row(**row) for row in part["rows"]]
    facts = data["facts"]
    assert isinstance(facts, list)
    return Section(
        Part(part["title"], rows, part["notes"]), str(data["measured_on"]), str(data["command"]), tuple(facts)
    )


def save(sections: Mapping[str, Section], path: Path, order: Sequence[str]) -> None:
    """Write all sections, in the order of the suite; whole or not at all."""
    known = {name: asdict(sections[name]) for name in order if name in sections}
    scratch = path.with_name(path.name + ".new")
    scratch.write_text(json.dumps({"sections": known}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    scratch.replace(path)


def markdown(sections: Mapping[str, Section], order: Sequence[str]) -> str:
    """Return the page."""
    lines = [
        "# Benchmarks",
        "",
        "Measured by `make bench`, made of benchmarks.json beside it; do not edit. Ratios are measured side by side in one run, in "
        "CPU seconds (user and system, all threads), and are medians of as many runs as the last column says: what is measured and what "
        "it is measured against run in turn, and the ratio is the median of the ratios of neighbours. Work inside of a process is done "
        "once before without counting; whole commands are not. The data is synthetic and says nothing of accuracy.",
        "",
    ]
    before: tuple[str, ...] = ()
    for section in (sections[name] for name in order if name in sections):
        part = section.part
        lines += [f"## {part.title}", ""]
        lines += [*_table(part.rows), ""] if part.rows else []
        lines += [f"- {note}" for note in part.notes]
        lines += [""] if part.notes else []
        # The load of the machine is in the first fact; what stands above already is not said again.
        facts = [fact for fact in section.facts if fact not in before]
        lines += [" ".join([f"Measured on {section.measured_on}: `{section.command}`.", *facts]), ""]
        before = section.facts
    return "\n".join(lines).rstrip() + "\n"


def _table(rows: Iterable[Row]) -> list[str]:
    head = ["what", "measured", "against", "ratio", "aim", "runs"]
    cells = [[row.what, row.value, row.against, row.ratio, row.aim, str(row.runs)] for row in rows]
    used = [i for i in range(len(head)) if any(line[i] for line in cells)]
    out = ["| " + " | ".join(head[i] for i in used) + " |", "|" + "---|" * len(used)]
    return out + ["| " + " | ".join(line[i].replace("|", "/") for i in used) + " |" for line in cells]
