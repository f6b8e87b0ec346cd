"""Fit a model on labelled creators, evaluate it beside plain baselines, check the run, save it, track it in MLflow.

examples:
  python train.py --data data/simulated --out models/mine
  python train.py --data starscout --out models/starscout --no-mlflow --folds 5
  python train.py --data mine --config train.toml --dry-run
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from realreach.commands.common import Console, add_input_arguments, add_output_arguments, parse_day
from realreach.commands.train_cluster import add_cluster_arguments, check_cluster, trained_on_cluster
from realreach.commands.train_input import add_cache_arguments, training_input

if TYPE_CHECKING:
    from realreach.settings import TrainSettings
    from realreach.tuning import SearchPlan

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    add_input_arguments(parser, positional=False)
    parser.add_argument("--labels", type=Path, help="labels table, where it does not lie in the data folder")
    parser.add_argument(
        "--config", type=Path, help="TOML file with settings; flags win over it, unknown keys are refused"
    )
    parser.add_argument("--out", type=Path, help="model folder to write; must not exist")
    parser.add_argument("--overwrite", action="store_true", help="replace --out if it is there")
    parser.add_argument("--data-name", help="name of the data in card and run (default: name of the folder)")
    parser.add_argument("--seed", type=int, help="seed of everything random (default: 0)")
    parser.add_argument("--threads", type=int, help="threads of the fit; changes no number (default: 1)")
    parser.add_argument("--folds", type=int, help="evaluate by folds (default: 5 below 3,000 labels, else held out)")
    parser.add_argument("--repeats", type=int, help="repetitions of the folds (default: 3)")
    parser.add_argument(
        "--time-split", choices=("auto", "on", "off"), help="test on the latest creators (default: auto)"
    )
    parser.add_argument(
        "--exclude", action="append", metavar="FEATURE", help="a feature the model may not see; repeatable"
    )
    parser.add_argument(
        "--hold-out-mechanism", action="append", metavar="CODE", help="never train on this mechanism; repeatable"
    )
    add_cache_arguments(parser)
    add_cluster_arguments(parser)
    parser.add_argument(
        "--tune",
        type=int,
        metavar="N",
        help="try N settings of the model first, inside the training part (extra 'tune')",
    )
    parser.add_argument("--timeout", type=float, metavar="SECONDS", help="begin no further trial of --tune after this")
    parser.add_argument(
        "--judge", type=Path, metavar="DIR", help="world of realreach simulate, of another seed: power and false alarms"
    )
    parser.add_argument(
        "--comment-model", type=Path, metavar="DIR", help="of realreach train-comments (default: the one that ships)"
    )
    parser.add_argument(
        "--account-model", type=Path, metavar="DIR", help="of realreach train-accounts (default: the one that ships)"
    )
    parser.add_argument("--metrics", type=Path, help="write the full table of metrics as CSV")
    parser.add_argument("--no-mlflow", action="store_true", help="do not track the run")
    parser.add_argument("--experiment", default="realreach", help="MLflow experiment")
    parser.add_argument("--run-name", help="MLflow run name")
    parser.add_argument("--tracking-uri", help="MLflow store (default: MLFLOW_TRACKING_URI, else sqlite:///mlflow.db)")
    parser.add_argument(
        "--register", default="realreach", metavar="NAME", help="name in the registry; empty: not registered"
    )
    parser.add_argument(
        "--alias", default="challenger", help="alias of the new version; champion is never moved by training"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="check data and settings, say what would be done, fit nothing"
    )
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    from realreach.errors import RefusedError
    from realreach.settings import TrainSettings, load_settings

    console = Console(arguments)
    check_cluster(arguments)
    settings = load_settings(
        TrainSettings,
        arguments.config,
        {
            "seed": arguments.seed,
            "threads": arguments.threads,
            "folds": arguments.folds,
            "repeats": arguments.repeats,
            "time_split": arguments.time_split,
            "model.exclude": arguments.exclude,
            "hold_out_mechanisms": arguments.hold_out_mechanism,
        },
    )
    _check_names(settings.model.exclude)
    as_of = parse_day(arguments.as_of)
    _check_targets(arguments)
    plan = _search_plan(arguments, settings)
    world = None
    if arguments.judge is not None:
        from realreach.power import load_world

        world = load_world(arguments.judge)
    if arguments.engine == "dask" and not arguments.dry_run:
        trained = trained_on_cluster(arguments, console, settings, as_of)
    else:
        data = training_input(arguments, console, as_of)
        name = arguments.data_name or Path(arguments.data).resolve().name
        if arguments.dry_run:
            fake = int(data.labelled.target.sum())
            console.say(f"would fit on {len(data.labelled):,} labelled creators ({fake:,} fake) of {name}")
            return 0
        from realreach.kept_work import KeptWork
        from realreach.training import train

        kept = None if arguments.no_cache else KeptWork(arguments.cache / "work")
        trained = train(data, settings, data_name=name, judge=world, search=plan, report=console.say, kept=kept)
    from realreach.evaluation import summary_table

    # The model first: whatever becomes of the reader of our output, the work is not lost.
    if arguments.out is not None:
        console.say(f"model: {trained.save(arguments.out, overwrite=arguments.overwrite)}")
    print(summary_table(trained.evaluation.table, simulated=trained.settings.simulated), flush=True)
    for finding in trained.findings:
        console.say(f"check: {finding.severity}: {finding.sentence} [{finding.code}]")
    if arguments.metrics is not None:
        from realreach.files import atomic_file

        with atomic_file(arguments.metrics, overwrite=arguments.overwrite) as path:
            trained.evaluation.table.to_csv(path, index=False)
        console.say(f"metrics: {arguments.metrics}")
    if not arguments.no_mlflow:
        from realreach.tracking import track

        tracked = track(
            trained,
            experiment=arguments.experiment,
            run_name=arguments.run_name,
            tracking_uri=arguments.tracking_uri,
            register=arguments.register or None,
            alias=arguments.alias,
        )
        where = tracked.get("registered", tracked["model_uri"])
        console.say(f"tracked: run {tracked['run_id']} in {tracked['tracking_uri']}, model {where}")
    if not trained.passed:
        failed = [f.code for f in trained.findings if f.severity == "error"]
        raise RefusedError(
            f"the run failed its checks ({', '.join(failed)}). The model is marked as failed: it is not to be used, "
            "and cannot be promoted."
        )
    return 0


def _search_plan(arguments: argparse.Namespace, settings: TrainSettings) -> SearchPlan | None:
    """Return how to search settings, if it is asked for; refused before any work is done if it cannot be."""
    from importlib.util import find_spec

    from realreach.errors import UsageError

    if arguments.tune is None:
        if arguments.timeout is not None:
            raise UsageError("--timeout goes with --tune N")
        return None
    from realreach.tuning import SearchPlan, check_searchable

    check_searchable(settings)
    if find_spec("optuna") is None:
        raise UsageError("Optuna is not installed. Run: pip install 'realreach[tune]'.")
    return SearchPlan(arguments.tune, arguments.timeout)


def _check_targets(arguments: argparse.Namespace) -> None:
    """Refuse, before any work is done, what could not be written at the end."""
    from importlib.util import find_spec

    from realreach.bundle import check_bundle_target
    from realreach.errors import UsageError
    from realreach.files import check_writable

    if arguments.out is not None:
        check_bundle_target(arguments.out, overwrite=arguments.overwrite)
    if arguments.metrics is not None:
        check_writable(arguments.metrics, overwrite=arguments.overwrite)
    if arguments.no_mlflow:
        if arguments.tracking_uri or arguments.run_name:
            raise UsageError("--no-mlflow goes without --tracking-uri and --run-name: the run is not tracked")
    elif find_spec("mlflow") is None:
        raise UsageError("MLflow is not installed. Run: pip install 'realreach[train]', or say --no-mlflow.")


def _check_names(excluded: tuple[str, ...]) -> None:
    from realreach.errors import UsageError
    from realreach.features import feature_names

    unknown = sorted(set(excluded) - set(feature_names()))
    if unknown:
        raise UsageError(
            f"--exclude: no feature is called {unknown[0]!r}. 'realreach features --list' shows all names."
        )
