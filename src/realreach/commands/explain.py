"""``realreach explain``: why a creator got this score, where the evidence is, and the score without it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realreach.commands.common import Console, add_input_arguments, add_output_arguments, parse_day, read_input

if TYPE_CHECKING:
    from realreach.evidence import Explanation
    from realreach.scores import Scorer

__all__ = ["add_arguments", "run"]

_EPILOG = """\
examples:
  realreach explain data/sample --model models/default --creator c001
  realreach explain data/sample --model models/default --creator c001 --lang id --plot c001.png
  realreach explain data/sample --model models/default --out flagged.jsonl
  realreach explain --judge worlds/seed-8 --model models/mine

Without --creator all creators above the model's operating point are explained.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.description = (
        "Why a creator got this score: reasons that add up to it, the days, posts and comments that carry them, what "
        "explains each window of growth, and the score without the evidence."
    )
    parser.epilog = f"{_EPILOG}\n{parser.epilog or ''}"
    add_input_arguments(parser, positional=True)
    for action in parser._actions:
        if action.dest == "input":
            action.nargs = "?"
    parser.add_argument(
        "--model", metavar="MODEL", help="model folder, or models:/name@alias (default: models/default)"
    )
    parser.add_argument("--tracking-uri", metavar="URI", help="MLflow store of models:/ addresses")
    parser.add_argument(
        "--creator", action="append", metavar="ID", help="creator to explain; may be given more than once"
    )
    parser.add_argument("--lang", choices=("en", "id"), default="en", help="language of the sentences")
    parser.add_argument("--json", action="store_true", help="print JSON, one object a line, instead of text")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write JSON lines to a file instead of text")
    parser.add_argument("--overwrite", action="store_true", help="replace --out and --plot if they are there")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw one creator's evidence as a PNG")
    parser.add_argument("--texts", action="store_true", help="quote the comments that carry a reason")
    parser.add_argument(
        "--judge", type=Path, metavar="WORLD", help="judge the evidence on a world of realreach simulate instead"
    )
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Explain, or judge explanations; return the exit code."""
    console = Console(arguments)
    _check(arguments)
    scorer = _scorer(arguments)
    if arguments.judge is not None:
        return _judge(arguments, scorer, console)
    from realreach.evidence import explain

    result = read_input(arguments, console, arguments.input)
    told = explain(
        scorer,
        result.tables,
        arguments.creator,
        parse_day(arguments.as_of),
        language=arguments.lang,
        texts=arguments.texts,
    )
    if arguments.plot is not None:
        _plot(arguments, told, result.tables, console)
    _print(arguments, told, console)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    from realreach.errors import UsageError
    from realreach.files import check_writable

    if (arguments.input is None) == (arguments.judge is None):
        raise UsageError("name the tables to explain, or --judge and a simulated world: one of the two")
    if arguments.plot is not None and len(arguments.creator or ()) != 1:
        raise UsageError("--plot draws one creator: name it with --creator")
    if arguments.plot is not None and arguments.plot.suffix.lower() != ".png":
        raise UsageError(f"--plot {arguments.plot}: only PNG can be drawn. End the name in .png.")
    for target in (arguments.out, arguments.plot):
        if target is not None:
            check_writable(target, overwrite=arguments.overwrite)


def _scorer(arguments: argparse.Namespace) -> Scorer:
    from realreach.commands.predict import default_model
    from realreach.scores import Scorer

    model = str(arguments.model or default_model())
    if model.startswith(("models:/", "runs:/")):
        from realreach.tracking import fetched_model

        with fetched_model(model, arguments.tracking_uri) as folder:
            return Scorer.load(folder)
    return Scorer.load(model)


def _print(arguments: argparse.Namespace, told: list[Explanation], console: Console) -> None:
    import json

    from realreach.commands.common import printable
    from realreach.evidence.telling import told as as_text

    if arguments.out is None and not arguments.json:
        print(printable("\n\n".join(as_text(e) for e in told)) if told else "no creator is above the operating point")
        return
    lines = "".join(json.dumps(e.to_dict(), ensure_ascii=False, allow_nan=False) + "\n" for e in told)
    if arguments.out is None:
        print(lines, end="")
        return
    from realreach.files import atomic_file

    with atomic_file(arguments.out, overwrite=arguments.overwrite) as path:
        path.write_text(lines, encoding="utf-8")
    console.say(f"{len(told):,} explanations: {arguments.out}", explanations=len(told))


def _plot(arguments: argparse.Namespace, told: list[Explanation], tables: Any, console: Console) -> None:
    from realreach.evidence.plot import plot_explanation
    from realreach.files import atomic_file

    with atomic_file(arguments.plot, overwrite=arguments.overwrite) as path:
        plot_explanation(told[0], tables, path)
    console.say(f"picture: {arguments.plot}")


def _judge(arguments: argparse.Namespace, scorer: Scorer, console: Console) -> int:
    from realreach.power import load_world, refuse_trained_seeds
    from realreach.power.windows import judge_evidence

    world = load_world(arguments.judge)
    refuse_trained_seeds(world, scorer.bundle.metadata.get("data", {}).get("simulated_seeds") or ())
    judged = judge_evidence(scorer, world, console.say)
    print(f"# {scorer.bundle.name}\n\n{judged.markdown()}")
    if arguments.out is not None:
        import json

        from realreach.files import atomic_file

        with atomic_file(arguments.out, overwrite=arguments.overwrite) as path:
            path.write_text(json.dumps(judged.to_dict(), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        console.say(f"figures: {arguments.out}")
    return 0
