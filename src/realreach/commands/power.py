"""``realreach power``: what a model finds, and whom it wrongs, in a simulated world that it was never trained on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from realreach.commands.common import Console, add_output_arguments

__all__ = ["add_arguments", "run"]

_EPILOG = """\
examples:
  realreach power --model models/default --creators 5000 --seed 101
  realreach power --model models/mine --world worlds/seed-8 --json power.json
  realreach power --leave-one-out --data worlds/seed-7
"""
_CREATORS = 5_000
_SEED = 101


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.description = (
        "What a model finds, and whom it wrongs, in a simulated world that it was never trained on: recall by how much "
        "was bought, how well hidden, how fast delivered and how long ago; false positives per innocent look-alike and "
        "per group. All of it is simulated."
    )
    parser.epilog = f"{_EPILOG}\n{parser.epilog or ''}"
    parser.add_argument("--model", type=Path, metavar="DIR", help="model folder to judge")
    parser.add_argument("--world", type=Path, metavar="DIR", help="world written by realreach simulate, truth included")
    parser.add_argument("--creators", type=int, help=f"instead of --world: simulate so many (default: {_CREATORS:,})")
    parser.add_argument("--seed", type=int, help=f"seed of that world, never trained on (default: {_SEED})")
    parser.add_argument(
        "--least", type=int, default=200, help="honest creators wanted for each look-alike; 0 adds none"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes of the simulator; changes no number")
    parser.add_argument(
        "--leave-one-out",
        action="store_true",
        help="fit again without each mechanism, on --data, and show what that loses",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="labelled creators with mechanisms (for --leave-one-out)"
    )
    parser.add_argument("--config", type=Path, help="settings of the fits as TOML, for --leave-one-out")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="also write all figures as JSON; replaced if it is there"
    )
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print Markdown to standard output, progress to standard error; return the exit code."""
    console = Console(arguments)
    _check(arguments)
    if arguments.json is not None:
        from realreach.files import check_writable

        check_writable(arguments.json, overwrite=True)
    text, facts = (_leave_one_out if arguments.leave_one_out else _judge)(arguments, console)
    print(text)
    if arguments.json is not None:
        _write(arguments.json, facts)
        console.say(f"figures: {arguments.json}")
    return 0


def _check(arguments: argparse.Namespace) -> None:
    from realreach.errors import UsageError

    if arguments.leave_one_out:
        if arguments.data is None:
            raise UsageError("--leave-one-out needs --data: labelled creators to fit on, such as a simulated world")
        if (arguments.model or arguments.world or arguments.creators or arguments.seed) is not None:
            raise UsageError("--leave-one-out fits its own models: leave out --model, --world, --creators and --seed")
        return
    if arguments.model is None:
        raise UsageError("--model is missing: name the model folder to judge")
    if arguments.data is not None or arguments.config is not None:
        raise UsageError("--data and --config belong to --leave-one-out; a world to judge on is named with --world")
    if arguments.world is not None and (arguments.creators is not None or arguments.seed is not None):
        raise UsageError("--world is read as it is: leave out --creators and --seed, or leave out --world")
    if arguments.least < 0:
        raise UsageError(f"--least must be 0 or more, got {arguments.least}")


def _judge(arguments: argparse.Namespace, console: Console) -> tuple[str, Any]:
    from realreach.errors import UsageError
    from realreach.power import judge, load_world, make_world, refuse_trained_seeds
    from realreach.scores import Scorer

    scorer = Scorer.load(arguments.model)
    trained = scorer.bundle.metadata["data"].get("simulated_seeds")
    if trained is None:
        console.say(
            "the model does not name the simulated seeds it was trained on: see to it that this one is not among them"
        )
    if arguments.world is not None:
        world = load_world(arguments.world)
    else:
        creators = _CREATORS if arguments.creators is None else arguments.creators
        seed = _SEED if arguments.seed is None else arguments.seed
        if seed in (trained or ()):
            raise UsageError(f"--seed {seed}: the model was trained on creators of this seed. Take another one.")
        console.say(f"simulating {creators:,} creators of seed {seed}")
        world = make_world(creators, seed, workers=arguments.workers)
    refuse_trained_seeds(world, trained or ())
    judged = judge(scorer, world, least=arguments.least, workers=arguments.workers, report=console.say)
    return f"# {scorer.bundle.name}\n\n{judged.markdown()}", {"model": scorer.bundle.name, **judged.to_dict()}


def _leave_one_out(arguments: argparse.Namespace, console: Console) -> tuple[str, Any]:
    from dataclasses import asdict

    from realreach.power import leave_one_mechanism_out, left_out_markdown
    from realreach.settings import TrainSettings, load_settings
    from realreach.tables import read_tables
    from realreach.training import labelled_creators

    settings = load_settings(TrainSettings, arguments.config)
    data = labelled_creators(read_tables(arguments.data).tables)
    results = leave_one_mechanism_out(data, settings, console.say)
    rows = [{k: None if v != v else v for k, v in asdict(result).items()} for result in results]
    head = "# Left out of the fit, one mechanism at a time (*simulated* where the labels are)\n\n"
    return head + left_out_markdown(results), rows


def _write(path: Path, facts: Any) -> None:
    import json

    from realreach.files import atomic_file

    with atomic_file(path, overwrite=True) as writing:
        writing.write_text(json.dumps(facts, indent=1, allow_nan=False) + "\n", encoding="utf-8")
