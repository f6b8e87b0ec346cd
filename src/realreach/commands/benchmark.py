"""``realreach benchmark``: our numbers on public labelled sets, beside the published ones."""

from __future__ import annotations

import argparse
from pathlib import Path

from realreach.commands.common import Console, add_output_arguments

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of ``realreach benchmark``."""
    parser.description = (
        "Run the public labelled sets through one written protocol (grouped, nested, nothing tuned on what is "
        "reported) and print one table: published results, plain baselines, ours, and the shipped model (zero-shot)."
    )
    parser.add_argument(
        "--datasets", type=Path, required=True, metavar="DIR", help="folder with one folder per set, named like the set"
    )
    parser.add_argument("--only", action="append", metavar="NAME", help="only this suite or set; repeatable")
    parser.add_argument("--model", metavar="DIR", help="model of the zero-shot lines (default: models/default)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the report as Markdown; replaced if there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures as JSON; replaced if there")
    parser.add_argument("--seed", type=int, default=0, help="seed of splits, fits and bootstrap")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: a smoke test, rougher figures")
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the report to standard output, progress to standard error; return the exit code."""
    from datetime import UTC, datetime
    from importlib.metadata import version

    from realreach._version import __version__
    from realreach.benchmark import SUITES, markdown_report, results_to_json, run_suites
    from realreach.benchmark.report import data_digests
    from realreach.benchmark.suites import Options
    from realreach.commands.predict import load_scorer
    from realreach.files import atomic_file, check_writable

    console = Console(arguments)
    for path in (arguments.out, arguments.json):
        if path is not None:
            check_writable(path, overwrite=True)
    scorer = load_scorer(arguments.model)
    options = Options(quick=arguments.quick, seed=arguments.seed, scorer=scorer, report=console.say)
    results = run_suites(arguments.datasets, arguments.only, options)
    names = ("numpy", "scikit-learn", "lightgbm")
    only = "".join(f" --only {name}" for name in arguments.only or ())
    quick = " --quick" if arguments.quick else ""
    facts = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "command": f"`realreach benchmark --datasets DIR{only}{quick}`, seed {arguments.seed}",
        "versions": ", ".join([f"realreach {__version__}", *(f"{name} {version(name)}" for name in names)]),
        "zero-shot model": scorer.bundle.name,
    }
    used = [s for suite in results for s in SUITES[suite].sets]
    text = markdown_report(
        results,
        {name: SUITES[name].protocol() for name in results},
        facts=facts,
        digests=data_digests(arguments.datasets, used),
    )
    print(text, end="")
    for path, content in ((arguments.out, text), (arguments.json, results_to_json(results))):
        if path is not None:
            with atomic_file(path, overwrite=True) as part:
                part.write_text(content, encoding="utf-8")
            console.say(f"written: {path}")
    return 0
