"""Why did the scores change? Two scored files, two days, two data sets or two models, creator by creator.

examples:
  realreach compare last_week.csv this_week.csv
  realreach compare --input shortlist/ --as-of 2026-01-01 --as-of 2026-02-01
  realreach compare --input january/ --input february/ --out changes.csv
  realreach compare --input shortlist/ --model models/default --model models/mine
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realreach.commands.common import Console, add_output_arguments, parse_day

if TYPE_CHECKING:
    from realreach.policy.comparing import Comparison

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument("scores", nargs="*", metavar="FILE", help="two files of scores, as predict.py writes them")
    parser.add_argument(
        "--input", action="append", metavar="DIR", help="folder of tables to score; twice for before and after"
    )
    parser.add_argument(
        "--as-of", action="append", metavar="DAY", help="day of the decision; twice for before and after"
    )
    parser.add_argument(
        "--model", action="append", metavar="DIR", help="model folder or models:/name@alias; twice for before and after"
    )
    parser.add_argument("--tracking-uri", help="MLflow store for models:/ URIs")
    parser.add_argument("--policy", default="default", metavar="FILE", help="policy for bands and actions, or none")
    parser.add_argument("--movers", type=int, default=10, help="creators with the biggest changes to show")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write every creator's change as CSV")
    parser.add_argument("--overwrite", action="store_true", help="replace --out if it is there")
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the summary to standard output; return the exit code."""
    from realreach.errors import UsageError

    console = Console(arguments)
    if arguments.movers < 0:
        raise UsageError(f"--movers must be 0 or more, got {arguments.movers}")
    if arguments.out is not None:
        from realreach.files import check_writable

        check_writable(arguments.out, overwrite=arguments.overwrite)
    compared = _scored(arguments, console) if arguments.input else _files(arguments)
    print(compared.markdown(arguments.movers))
    if arguments.out is not None:
        from realreach.commands.common import neutral
        from realreach.files import atomic_file

        with atomic_file(arguments.out, overwrite=arguments.overwrite) as path:
            neutral(compared.creators, ("creator_id", "platform"))[0].to_csv(path, index=False, lineterminator="\n")
        console.say(f"changes: {arguments.out}")
    return 0


def _files(arguments: argparse.Namespace) -> Comparison:
    from realreach.errors import UsageError
    from realreach.policy.batches import read_scores
    from realreach.policy.comparing import compare_scores

    if len(arguments.scores) != 2:
        raise UsageError(
            f"compare needs two files of scores, got {len(arguments.scores)}; or --input with two of a kind"
        )
    for name in ("as_of", "model"):
        if getattr(arguments, name):
            raise UsageError(f"--{name.replace('_', '-')} belongs to --input: files of scores have their own")
    return compare_scores(*(read_scores(path) for path in arguments.scores))


def _scored(arguments: argparse.Namespace, console: Console) -> Comparison:
    """Score before and after, and tell what comes from the data and what from the model."""
    from realreach.commands.policy import policy_named
    from realreach.commands.predict import load_scorer
    from realreach.errors import UsageError
    from realreach.policy import apply_policy
    from realreach.policy.comparing import compare_scores, decompose
    from realreach.tables import read_tables

    if arguments.scores:
        raise UsageError("give two files of scores, or --input, not both")
    given = {"--input": arguments.input, "--as-of": arguments.as_of or [None], "--model": arguments.model or [None]}
    for flag, values in given.items():
        if len(values) > 2:
            raise UsageError(f"{flag} is given {len(values)} times: once, or twice for before and after")
    if all(len(values) == 1 for values in given.values()):
        raise UsageError("nothing differs: give --input, --as-of or --model twice, for before and after")
    policy = None if arguments.policy == "none" else policy_named(arguments.policy)
    pairs = [(values[0], values[-1]) for values in given.values()]
    sides = []
    results: dict[str, Any] = {}
    for when, (folder, day, model) in enumerate(zip(*pairs, strict=True)):
        scorer = load_scorer(model, arguments.tracking_uri)
        if folder not in results:
            results[folder] = read_tables(folder)
        result = results[folder]
        as_of = parse_day(day)
        console.say(f"{'before' if when == 0 else 'after'}: {len(result.tables):,} creators with {scorer.bundle.name}")
        matrix, frame = _side(scorer, result, as_of)
        if policy is not None:
            frame = apply_policy(frame, policy, calibrated_at=float(scorer.bundle.metadata["prevalence"]))
        sides.append((scorer.bundle.model, result.tables.creator_ids.to_pylist(), matrix, frame))
    compared = compare_scores(sides[0][3], sides[1][3])
    rows = [{key: i for i, key in enumerate(side[1])} for side in sides]
    both = [key for key in sides[0][1] if key in rows[1]]
    matrices = tuple(side[2][[row[key] for key in both]] for side, row in zip(sides, rows, strict=True))
    parts = decompose((sides[0][0], sides[1][0]), (matrices[0], matrices[1]))
    place = {key: i for i, key in enumerate(both)}
    at = [place.get(key, -1) for key in compared.creators["creator_id"]]
    for name, values in parts.items():
        missing = "" if name == "moved_by" else float("nan")
        compared.creators[name] = [values[i] if i >= 0 else missing for i in at]
    return compared


def _side(scorer: Any, result: Any, as_of: object) -> tuple[Any, Any]:
    """Return features and scores of all creators of an input."""
    from realreach.features.view import decision_days

    days = decision_days(result.tables, as_of)
    matrix = scorer.bundle.features(result.tables, days)
    return matrix, scorer.score_features(matrix, result.tables, days)
