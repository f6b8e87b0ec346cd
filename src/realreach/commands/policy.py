"""Policies: what to do with a score; show one on a batch before it is used, measure its limits, check its file.

examples:
  realreach policy show scores.csv --policy mine.toml --labels labels.csv --plot policy.png
  realreach policy show worlds/seed-12 --model models/default
  realreach policy make --model models/mine --world worlds/seed-12 --out mine.toml
  realreach policy check mine.toml
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realreach.commands.common import Console, add_output_arguments

if TYPE_CHECKING:
    import pandas as pd

    from realreach.policy import Policy

__all__ = ["add_arguments", "policy_named", "run", "warn_other_model"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument("step", choices=("show", "make", "check"), help="what to do")
    parser.add_argument(
        "target",
        nargs="?",
        help="show: a file of scores, or a folder of tables to score; check: the policy file",
    )
    parser.add_argument(
        "--policy", metavar="FILE", help="show: the policy (default: the one that comes with realreach)"
    )
    parser.add_argument(
        "--model",
        metavar="DIR",
        help="model folder or models:/name@alias; show: scores a folder (default: models/default)",
    )
    parser.add_argument("--tracking-uri", help="MLflow store for models:/ URIs")
    parser.add_argument("--labels", type=Path, help="show: labels table for a file of scores (creator_id, is_fake)")
    parser.add_argument("--as-of", metavar="DAY", help="show: day of the decision for a folder of tables, YYYY-MM-DD")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="show: also draw bands and cost or trade-off as PNG")
    parser.add_argument("--world", type=Path, metavar="DIR", help="make: simulated world of a seed never trained on")
    parser.add_argument("--out", type=Path, metavar="FILE", help="make: policy file to write")
    parser.add_argument("--overwrite", action="store_true", help="replace --out or --plot if it is there")
    parser.add_argument("--name", default="mine", help="make: name of the policy")
    parser.add_argument("--policy-version", default="1", help="make: version of the policy")
    parser.add_argument(
        "--honest-limit", type=float, default=0.01, help="make: share of honest look-alikes that may be declined"
    )
    parser.add_argument(
        "--worst-limit", type=float, default=0.05, help="make: share of any one kind of look-alike that may be"
    )
    parser.add_argument(
        "--review-limit", type=float, default=0.05, help="make: share of honest look-alikes above the limit of review"
    )
    parser.add_argument("--least", type=int, default=260, help="make: honest creators wanted for each look-alike")
    parser.add_argument("--workers", type=int, default=1, help="make: processes of the simulator; changes no number")
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the step; the result goes to standard output, progress to standard error."""
    console = Console(arguments)
    return {"show": _show, "make": _make, "check": _check}[arguments.step](arguments, console)


def policy_named(name: str | None) -> Policy:
    """Return the policy of a file, or the default one."""
    from realreach.policy import default_policy, load_policy

    return default_policy() if name in (None, "default") else load_policy(str(name))


def warn_other_model(policy: Policy, console: Console, model: str, sha256: str | None = None) -> None:
    """Say so when the limits of a policy were measured on another model: they are not moved silently."""
    made = policy.measured
    if made is None or (made.model_sha256 == sha256 if sha256 is not None else made.model == model):
        return
    console.say(
        f"policy {policy.label} was measured on {made.model}, the scores are of {model}: its limits may not keep what "
        "they say. Measure them with: realreach policy make"
    )


def _check(arguments: argparse.Namespace, console: Console) -> int:
    policy = policy_named(arguments.target or arguments.policy)
    words = {
        "false_accusations": f"limits for {len(policy.limits)} sets of pillars",
        "cost": "by expected cost",
        "capacity": f"{policy.reviews} reviews per batch",
    }
    print(f"policy {policy.label}: {policy.mode}, {words[policy.mode]}")
    made = policy.measured
    if made is not None:
        kind = "simulated " if made.simulated else ""
        print(f"measured on {made.model} in a {kind}world of seed {made.world_seed} on {made.made_on}")
        if made.declined_honest is not None and made.low is not None and made.high is not None:
            print(
                f"declined of {made.honest:,} {kind}honest creators: {made.declined_honest:.2%} "
                f"({made.low:.2%} to {made.high:.2%})"
            )
        for line in made.look_alikes[:3]:
            print(f"  {line.kind}: {line.declined:.2%} ({line.low:.2%} to {line.high:.2%}) of {line.honest:,}")
    return 0


def _make(arguments: argparse.Namespace, console: Console) -> int:
    from realreach.commands.predict import load_scorer
    from realreach.errors import UsageError
    from realreach.files import atomic_file, check_writable
    from realreach.policy import policy_to_toml
    from realreach.power import load_world, refuse_trained_seeds
    from realreach.power.hard_negatives import judged_world
    from realreach.power.policy_limits import MakeSettings, make_policy

    if arguments.world is None or arguments.out is None:
        raise UsageError("policy make needs --world (a simulated world never trained on) and --out (the file to write)")
    for name in ("honest_limit", "worst_limit", "review_limit"):
        if not 0 < getattr(arguments, name) < 1:
            raise UsageError(f"--{name.replace('_', '-')} is a share between 0 and 1, got {getattr(arguments, name):g}")
    if arguments.least < 0:
        raise UsageError(f"--least must be 0 or more, got {arguments.least}")
    check_writable(arguments.out, overwrite=arguments.overwrite)
    scorer = load_scorer(arguments.model, arguments.tracking_uri)
    world = load_world(arguments.world)
    refuse_trained_seeds(world, scorer.bundle.metadata["data"].get("simulated_seeds") or ())
    judged = judged_world(scorer, world, least=arguments.least, workers=arguments.workers, report=console.say)
    settings = MakeSettings(arguments.honest_limit, arguments.review_limit, arguments.worst_limit)
    policy = make_policy(
        scorer, judged, name=arguments.name, version=arguments.policy_version, settings=settings, report=console.say
    )
    with atomic_file(arguments.out, overwrite=arguments.overwrite) as path:
        path.write_text(policy_to_toml(policy, _HEADING), encoding="utf-8")
    console.say(f"policy: {arguments.out}")
    arguments.target = str(arguments.out)
    return _check(arguments, console)


_HEADING = """Written by `realreach policy make`: limits measured on honest look-alikes, and what they do there.
Every figure below is simulated. A model trained anew does not move this file: measure again, and raise the version."""


def _show(arguments: argparse.Namespace, console: Console) -> int:
    from realreach.errors import UsageError
    from realreach.policy import apply_policy
    from realreach.policy.showing import show_policy

    if arguments.target is None:
        raise UsageError("policy show needs a batch: a file of scores, or a folder of tables")
    if arguments.plot is not None:
        from realreach.files import check_writable

        check_writable(arguments.plot, overwrite=arguments.overwrite)
    policy = policy_named(arguments.policy)
    score = _scored_folder if Path(arguments.target).is_dir() else _scored_file
    frame, calibrated_at = score(arguments, console, policy)
    decided = apply_policy(frame, policy, calibrated_at=calibrated_at)
    shown = show_policy(decided, policy)
    print(shown.markdown())
    if arguments.plot is not None:
        from realreach.files import atomic_file
        from realreach.policy.figure import policy_figure

        with atomic_file(arguments.plot, overwrite=arguments.overwrite) as path:
            note = "(simulated)" if "simulated" in frame and bool(frame["simulated"].all()) else ""
            policy_figure(shown, decided, note).savefig(path, format="png", dpi=110)
        console.say(f"figure: {arguments.plot}")
    return 0


def _scored_folder(
    arguments: argparse.Namespace, console: Console, policy: Policy
) -> tuple[pd.DataFrame, float | None]:
    """Score a folder of tables and set its labels and slices beside the scores."""
    import numpy as np
    import pandas as pd

    from realreach.commands.common import parse_day
    from realreach.commands.predict import load_scorer
    from realreach.metrics import size_tier
    from realreach.tables import read_tables

    scorer = load_scorer(arguments.model, arguments.tracking_uri)
    warn_other_model(policy, console, scorer.bundle.name, scorer.bundle.sha256)
    result = read_tables(arguments.target)
    console.say(f"scoring {len(result.tables):,} creators")
    frame = scorer.score_result(result, parse_day(arguments.as_of))
    tables = result.tables
    facts = pd.DataFrame(
        {
            "creator_id": tables.creator_ids.to_pylist(),
            "language": [v or "unknown" for v in tables.creators.strings("language").to_pylist()],
            "size_tier": size_tier(tables.creators.numbers("followers")),
        }
    )
    if tables.labels is not None:
        owner = tables.labels.creator
        is_fake, source = np.full(len(tables), np.nan), np.full(len(tables), "", dtype=object)
        is_fake[owner] = tables.labels.numbers("is_fake")
        source[owner] = [v or "" for v in tables.labels.strings("label_source").to_pylist()]
        facts = facts.assign(is_fake=is_fake, simulated=source == "simulated")
    return frame.merge(facts, on="creator_id", how="left"), float(scorer.bundle.metadata["prevalence"])


def _scored_file(arguments: argparse.Namespace, console: Console, policy: Policy) -> tuple[pd.DataFrame, float | None]:
    from realreach.errors import InputError, UsageError
    from realreach.policy.batches import read_scores

    if arguments.as_of is not None:
        raise UsageError("--as-of belongs to a folder of tables: a file of scores has its days already")
    frame = read_scores(arguments.target)
    models = sorted(frame["model"].dropna().astype(str).unique()) if "model" in frame else []
    for model in models:
        warn_other_model(policy, console, model)
    if arguments.labels is not None:
        labels = _labels(arguments.labels)
        frame = frame.drop(columns=[c for c in ("is_fake",) if c in frame]).merge(labels, on="creator_id", how="left")
        known = int(frame["is_fake"].notna().sum())
        if not known:
            raise InputError(f"{arguments.labels}: no creator of the scores has a label there")
        console.say(f"{known:,} of {len(frame):,} creators have a label")
    calibrated_at = None
    if arguments.model is not None:
        from realreach.commands.predict import load_scorer

        bundle = load_scorer(arguments.model, arguments.tracking_uri).bundle
        if models and models != [bundle.name]:
            raise UsageError(f"--model {arguments.model}: the scores are of {', '.join(models)}, not of {bundle.name}")
        calibrated_at = float(bundle.metadata["prevalence"])
    return frame, calibrated_at


def _labels(path: Path) -> Any:
    """Return creator_id and is_fake of a labels table."""
    import pandas as pd

    from realreach.errors import InputError

    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        elif path.suffix in (".jsonl", ".ndjson"):
            frame = pd.read_json(path, lines=True, dtype={"creator_id": "str"})
        else:
            frame = pd.read_csv(path, dtype={"creator_id": "str"}, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as err:
        raise InputError(f"{path}: cannot be read as a labels table ({type(err).__name__})") from err
    if not {"creator_id", "is_fake"} <= set(frame.columns):
        raise InputError(f"{path}: a labels table has the columns creator_id and is_fake")
    frame = frame[["creator_id", "is_fake"]].dropna()
    values = frame["is_fake"].map({0: 0.0, 1: 1.0, "0": 0.0, "1": 1.0})
    if values.isna().any():
        raise InputError(f"{path}: is_fake must be 0 or 1, {int(values.isna().sum())} values are something else")
    if frame["creator_id"].duplicated().any():
        raise InputError(f"{path}: a creator comes more than once. Give one label per creator.")
    return frame.assign(is_fake=values, creator_id=frame["creator_id"].astype("str"))
