"""The benchmark as a Markdown table with protocol, versions and digests of the data, and as JSON."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from realreach.benchmark.result import METHODS, Figure, Result

__all__ = ["data_digests", "markdown_report", "results_to_json"]

_SHORT = {
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "f1": "F1",
    "accuracy": "accuracy",
    "recall_at_1pct_fpr": "R@1 %FPR",
    "recall_at_5pct_fpr": "R@5 %FPR",
    "brier": "Brier",
    "calibration_error": "ECE",
}


def data_digests(datasets: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the first 16 digits of a sha256 over all files of each set that is there (READMEs aside)."""
    out = {}
    for name in names:
        folder = datasets / name
        if not folder.is_dir():
            continue
        digest = hashlib.sha256()
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.suffix != ".md":
                digest.update(path.name.encode() + b"\0" + path.read_bytes())
        out[name] = digest.hexdigest()[:16]
    return out


def markdown_report(
    results: Mapping[str, Sequence[Result]],
    protocols: Mapping[str, str],
    *,
    facts: Mapping[str, str],
    digests: Mapping[str, str],
) -> str:
    """Return the whole report.

    Parameters
    ----------
    results, protocols
        Lines and written protocol by suite.
    facts
        What stands in the head: date, command, versions.
    digests
        Digest of each set's files.
    """
    out = ["# Benchmark on public data", ""]
    out += [f"- {name}: {value}" for name, value in facts.items()]
    out += ["", "Brackets: 95 % bootstrap intervals over groups. **Bold**: the aim of the line is reached;"]
    methods = "; ".join(f"*{k}*: {v}" for k, v in METHODS.items())
    out += [f"*(aim x)* stands where it is missed. Methods: {methods}.", ""]
    for suite, lines in results.items():
        out += [f"## {suite}", "", protocols[suite].strip(), "", _table(lines), ""]
        sources = list(dict.fromkeys(r.source for r in lines if r.source))
        out += [f"- {s}" for s in sources] + ([""] if sources else [])
    if digests:
        out += ["## Digests of the data", "", "| set | sha256 (first 16 digits) |", "|---|---|"]
        out += [f"| {name} | `{digest}` |" for name, digest in digests.items()]
    return "\n".join(out).rstrip() + "\n"


def _table(lines: Sequence[Result]) -> str:
    metrics = [m for m in _SHORT if any(m in r.figures for r in lines)]
    special = [m for r in lines for m in r.figures if m not in _SHORT]
    head = ["set", "task", "method", "n", "base rate", *(_SHORT[m] for m in metrics)]
    head += ["other", "protocol", "note"] if special else ["protocol", "note"]
    rows = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for r in lines:
        rate = "" if math.isnan(r.base_rate) else f"{r.base_rate:.3f}"
        cells = [r.dataset, r.task, f"{r.method}: {r.name}", f"{r.n:,}", rate]
        cells += [_cell(r, m) for m in metrics]
        if special:
            cells.append("; ".join(f"{m.replace('_', ' ')} {_cell(r, m)}" for m in r.figures if m not in _SHORT))
        rows.append("| " + " | ".join([*cells, r.protocol, r.note]) + " |")
    return "\n".join(rows)


def _cell(result: Result, metric: str) -> str:
    figure = result.figures.get(metric)
    if figure is None or math.isnan(figure.value):
        return ""
    text = _text(figure)
    reached = result.reached(metric)
    if reached is None:
        return text
    return f"**{text}**" if reached else f"{text} *(aim {result.aims[metric]:g})*"


def _text(figure: Figure) -> str:
    if math.isnan(figure.low):
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


def results_to_json(results: Mapping[str, Sequence[Result]]) -> str:
    """Return all lines as JSON: suite -> list of lines; bounds that cannot be given are null."""

    def plain(value: object) -> object:
        if isinstance(value, float) and math.isnan(value):
            return None
        if isinstance(value, Mapping):
            return {k: plain(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(v) for v in value]
        return value

    return json.dumps({s: [plain(asdict(r)) for r in lines] for s, lines in results.items()}, indent=1) + "\n"
