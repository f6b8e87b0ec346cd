"""Score creators: one row each, with a status before any number.

examples:
  python predict.py data/sample --out scores.csv
  python predict.py shortlist/ --model models:/realreach@challenger --out scores.parquet
  cat records.jsonl | python predict.py - --format jsonl > scores.jsonl
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realreach.commands.common import Console, add_input_arguments, add_output_arguments, parse_day, read_input
from realreach.errors import InputError, ModelError, OutputError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from realreach.scores import Scorer

__all__ = ["add_arguments", "run"]

_FORMATS = ("csv", "jsonl", "parquet")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\0")
"""First characters that a spreadsheet takes for a formula."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    add_input_arguments(parser, positional=True)
    parser.add_argument("--out", default="-", help="file for the scores; - is standard output")
    parser.add_argument(
        "--format", choices=_FORMATS, help="of the output (default: from the suffix of --out, else csv)"
    )
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
        "--tracking-uri", help="MLflow store for models:/ URIs (default: MLFLOW_TRACKING_URI, else ./mlflow.db)"
    )
    parser.add_argument(
        "--chunk-creators", type=int, default=20_000, help="creators scored at a time; changes no number"
    )
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
    if arguments.chunk_creators < 1:
        raise UsageError("--chunk-creators must be 1 or more")
    kind = _output_format(arguments)
    if arguments.out != "-":
        from realreach.files import check_writable

        if check_writable(arguments.out, overwrite=arguments.overwrite).is_dir():
            raise OutputError(f"{arguments.out} is a folder. Name a file.")
    scorer = load_scorer(arguments.model, arguments.tracking_uri, arguments.expect_sha256)
    scorer = replace(scorer, prevalence=arguments.prevalence, heads=not arguments.score_only)
    result = read_input(arguments, console, arguments.input)
    n, invalid = len(result.tables), len(result.report.invalid_creators)
    if arguments.dry_run:
        console.say(f"would score {n:,} creators with {scorer.bundle.name} and write {kind} to {arguments.out}")
        return 0
    parts = -(-n // arguments.chunk_creators) + (1 if invalid else 0)
    frames = console.track(
        scorer.score_in_parts(result, as_of, chunk=arguments.chunk_creators), total=max(parts, 1), unit="part"
    )
    counts, neutralised = _write(frames, arguments, kind)
    _account(console, counts, n, invalid, neutralised, scorer)
    nameless = sum(len(part.broken) for part in result.report.quarantined if part.table == "creators")
    if nameless:
        console.say(
            f"{nameless:,} more creators could not be named: their row or line cannot be taken apart (see above)"
        )
    return 0


def load_scorer(model: str | None, tracking_uri: str | None = None, expected_sha256: str | None = None) -> Scorer:
    """Return a scorer for a model folder or a registry URI; without one, for the model that comes with the
    repository.

    Raises
    ------
    ModelError
        If there is no such model, or it may not be used.
    """
    from realreach.scores import Scorer

    if model is None:
        model = str(default_model())
    if model.startswith(("models:/", "runs:/")):
        from realreach.tracking import fetched_model

        with fetched_model(model, tracking_uri) as folder:
            return Scorer.load(folder, expected_sha256=expected_sha256)
    return Scorer.load(model, expected_sha256=expected_sha256)


def default_model() -> Path:
    """Return the folder of the default model: ``models/default`` here or in the checkout the package runs from."""
    for root in (Path(), Path(__file__).resolve().parents[3]):
        if (root / "models" / "default" / "manifest.json").is_file():
            return root / "models" / "default"
    raise ModelError("there is no models/default here. Name a model folder with --model, or train one with train.py.")


def _output_format(arguments: argparse.Namespace) -> str:
    suffix = Path(arguments.out).suffix.lower().lstrip(".")
    kind = {"ndjson": "jsonl", "": "csv", "-": "csv"}.get(suffix, suffix)
    if arguments.format:
        if suffix and kind in _FORMATS and kind != arguments.format:
            raise UsageError(f"--format {arguments.format} contradicts --out {arguments.out}: drop one of them")
        return str(arguments.format)
    if kind not in _FORMATS:
        raise UsageError(
            f"--out {arguments.out}: the format cannot be told from .{suffix}; say --format csv, jsonl or parquet"
        )
    return kind


def _write(frames: Any, arguments: argparse.Namespace, kind: str) -> tuple[dict[str, int], int]:
    """Write all parts to the file or to standard output; return rows by status and the number of neutralised cells."""
    if arguments.out == "-":
        if kind == "parquet" and sys.stdout.isatty():
            raise OutputError("Parquet is not for a terminal. Say --out FILE or --format csv.")
        return _pour(frames, sys.stdout.buffer, kind, arguments.raw_csv)
    from realreach.files import atomic_file

    with atomic_file(arguments.out, overwrite=arguments.overwrite) as path, path.open("wb") as sink:
        return _pour(frames, sink, kind, arguments.raw_csv)


def _pour(frames: Any, sink: Any, kind: str, raw_csv: bool) -> tuple[dict[str, int], int]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from realreach.output import rounded

    counts: dict[str, int] = {}
    neutralised = 0
    writer = None
    for number, frame in enumerate(frames):
        for status, count in frame["status"].value_counts().items():
            counts[str(status)] = counts.get(str(status), 0) + int(count)
        frame = rounded(frame)
        if kind == "csv":
            if not raw_csv:
                frame, changed = _neutral(frame)
                neutralised += changed
            sink.write(frame.to_csv(index=False, header=number == 0, lineterminator="\n").encode("utf-8", "replace"))
        elif kind == "jsonl":
            sink.write(frame.to_json(orient="records", lines=True, force_ascii=False, double_precision=15).encode())
        else:
            table = pa.Table.from_pandas(frame, preserve_index=False)
            writer = writer or pq.ParquetWriter(sink, table.schema)
            writer.write_table(table.cast(writer.schema))
    if writer is not None:
        writer.close()
    sink.flush()
    return counts, neutralised


def _neutral(frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the frame with an apostrophe before text that a spreadsheet would run, and how many cells got one."""
    changed = 0
    out = frame.copy()
    for name in ("creator_id", "platform"):
        risky = out[name].str.startswith(_DANGEROUS, na=False)
        if risky.any():
            out[name] = out[name].mask(risky, "'" + out[name])
            changed += int(risky.sum())
    return out, changed


def _account(
    console: Console, counts: dict[str, int], read: int, invalid: int, neutralised: int, scorer: Scorer
) -> None:
    """Say what became of every creator; the sum must be right."""
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
