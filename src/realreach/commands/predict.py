"""Score creators: one row each, with a status before any number.

examples:
  python predict.py data/sample --out scores.csv
  python predict.py shortlist/ --model models:/realreach@challenger --out scores.parquet
  python predict.py shortlist/ --policy mine.toml --out scores.csv
  cat records.jsonl | python predict.py - --format jsonl > scores.jsonl
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from realreach.commands.common import Console, add_input_arguments, add_output_arguments, parse_day, read_input
from realreach.commands.own_process import leave_pandas_out
from realreach.commands.policy import policy_named, warn_other_model
from realreach.commands.scoring import add_engine_arguments, scored_creators
from realreach.commands.writing import FORMATS, Poured, output_format, write_parts
from realreach.errors import InputError, ModelError, OutputError
from realreach.own_process import start_no_threads, take_over

if TYPE_CHECKING:
    from realreach.output import Part
    from realreach.policy import Policy
    from realreach.scores import Scorer

__all__ = ["add_arguments", "default_model", "load_scorer", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    add_input_arguments(parser, positional=True)
    parser.add_argument("--out", default="-", help="file for the scores; - is standard output")
    parser.add_argument("--format", choices=FORMATS, help="of the output (default: from the suffix of --out, else csv)")
    parser.add_argument("--overwrite", action="store_true", help="replace --out if it is there")
    parser.add_argument("--model", default=None, help="model folder, or models:/name@alias (default: models/default)")
    parser.add_argument("--expect-sha256", metavar="HASH", help="refuse a model whose manifest has another sha256")
    parser.add_argument(
        "--prevalence",
        type=float,
        metavar="SHARE",
        help="share of bought creators among those to be scored, such as 0.1: probabilities and ranges are shifted "
        "to it, flags are not (default: that of the training data)",
    )
    parser.add_argument(
        "--score-only",
        action="store_true",
        help="leave out mechanisms, purchased shares and what is real: their columns stay empty, scoring is faster",
    )
    parser.add_argument(
        "--explain",
        choices=("none", "flagged", "all"),
        default="flagged",
        help="whose reasons to tell (columns reasons and explanation); explaining costs far more than scoring",
    )
    parser.add_argument("--lang", choices=("en", "id"), default="en", help="language of the reasons' sentences")
    parser.add_argument(
        "--tracking-uri", help="MLflow store for models:/ URIs (default: MLFLOW_TRACKING_URI, else ./mlflow.db)"
    )
    parser.add_argument(
        "--policy",
        default="default",
        metavar="FILE",
        help="policy for band and action: a TOML file, default for the one that comes with realreach, or none",
    )
    add_engine_arguments(parser)
    parser.add_argument(
        "--raw-csv",
        action="store_true",
        help="leave text cells that begin with = + - @ as they are in CSV "
        "(by default they get a leading apostrophe, so that no spreadsheet runs them)",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="check model and input, say what would be done, write nothing"
    )
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    console = Console(arguments)
    as_of = parse_day(arguments.as_of)
    kind = output_format(arguments)
    if arguments.out != "-":
        from realreach.files import check_writable

        if check_writable(arguments.out, overwrite=arguments.overwrite).is_dir():
            raise OutputError(f"{arguments.out} is a folder. Name a file.")
    if getattr(arguments, "own_process", False):
        start_no_threads()
        leave_pandas_out()
        take_over()
    with loading():
        from realreach.evidence.explaining import ExplainingScorer

        policy = None if arguments.policy == "none" else policy_named(arguments.policy)
        scorer = load_scorer(arguments.model, arguments.tracking_uri, arguments.expect_sha256)
    if policy is not None:
        warn_other_model(policy, console, scorer.bundle.name, scorer.bundle.sha256)
    told = ExplainingScorer(
        scorer.bundle, arguments.prevalence, not arguments.score_only, arguments.explain, arguments.lang
    )
    if arguments.dry_run:
        read = read_input(arguments, console, arguments.input)
        n = len(read.tables)
        console.say(f"would score {n:,} creators with {scorer.bundle.name} and write {kind} to {arguments.out}")
        return 0
    with ExitStack() as stack:
        model = stack.enter_context(model_folder(arguments.model, arguments.tracking_uri))
        scored = stack.enter_context(scored_creators(arguments, console, told, model, as_of))
        parts = scored.parts
        if policy is not None:
            parts = _decided(parts, policy, told.prevalence or float(scorer.bundle.metadata["prevalence"]))
        poured = write_parts(parts, arguments, kind)
    _account(console, poured, scored.creators, scored.invalid, scorer)
    nameless = sum(len(part.broken) for part in scored.report.quarantined if part.table == "creators")
    if nameless:
        console.say(
            f"{nameless:,} more creators could not be named: their row or line cannot be taken apart (see above)"
        )
    return 0


@contextmanager
def loading() -> Iterator[None]:
    """Load modules and models without looking for garbage in between: all of it stays, and looking takes a tenth."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _decided(parts: Iterable[Part], policy: Policy, calibrated_at: float) -> Iterator[Part]:
    """Yield the parts with band and action; all at once under a policy by capacity, which needs the whole batch."""
    from realreach.policy.applying import LOOKED_AT, decisions

    for part in [_whole(list(parts))] if policy.mode == "capacity" else parts:
        if isinstance(part, dict):
            yield part | decisions(part, policy, calibrated_at=calibrated_at)
            continue
        from realreach.output_tables import columns_of_table, with_texts

        yield with_texts(part, decisions(columns_of_table(part, LOOKED_AT), policy, calibrated_at=calibrated_at))


def _whole(parts: list[Part]) -> Part:
    """Return parts, all of one form, as one."""
    columns = [part for part in parts if isinstance(part, dict)]
    if columns:
        from realreach.output import joined

        return joined(columns)
    import pyarrow as pa

    return pa.concat_tables([part for part in parts if not isinstance(part, dict)])


@contextmanager
def model_folder(model: str | None, tracking_uri: str | None = None) -> Iterator[Path]:
    """Yield the folder of a model, fetched from the registry for the time of the block where it is named by a URI.

    Raises
    ------
    ModelError
        If there is no such model.
    """
    if model is not None and model.startswith(("models:/", "runs:/")):
        from realreach.tracking import fetched_model

        with fetched_model(model, tracking_uri) as folder:
            yield folder
        return
    if model is not None and "://" in model:
        raise ModelError(f"{model}: a model is read from a local folder only. Copy it to this machine first.")
    yield default_model() if model is None else Path(model)


def load_scorer(model: str | None, tracking_uri: str | None = None, expected_sha256: str | None = None) -> Scorer:
    """Return a scorer for a model folder or a registry URI; without one, for the model that comes with the
    repository.

    Raises
    ------
    ModelError
        If there is no such model, or it may not be used.
    """
    from realreach.scores import Scorer

    with model_folder(model, tracking_uri) as folder:
        return Scorer.load(folder, expected_sha256=expected_sha256)


def default_model() -> Path:
    """Return the folder of the default model: ``models/default`` here or in the checkout the package runs from."""
    for root in (Path(), Path(__file__).resolve().parents[3]):
        if (root / "models" / "default" / "manifest.json").is_file():
            return root / "models" / "default"
    raise ModelError("there is no models/default here. Name a model folder with --model, or train one with train.py.")


def _account(console: Console, poured: Poured, read: int, invalid: int, scorer: Scorer) -> None:
    """Say what became of every creator; the sum must be right."""
    counts, neutralised = poured.statuses, poured.neutralised
    total = sum(counts.values())
    if total != read + invalid:
        raise InputError(f"{read + invalid} creators came in but {total} went out: please report this")
    scored, thin = counts.get("scored", 0), counts.get("insufficient_data", 0)
    console.say(
        f"{total:,} creators in = {scored:,} scored + {thin:,} with too little to judge + {invalid:,} set aside "
        f"(model {scorer.bundle.name})",
        creators_in=total,
        scored=scored,
        insufficient_data=thin,
        invalid_input=invalid,
        model=scorer.bundle.name,
    )
    if neutralised:
        console.say(
            f"{neutralised:,} text cells begin with = + - @ and got a leading apostrophe (--raw-csv leaves them)"
        )
