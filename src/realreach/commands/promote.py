"""Move the alias champion to the challenger: checks passed, no slice wronged, not worse on a frozen set; or refuse.

examples:
  realreach promote --frozen worlds/seed-12
  realreach promote --frozen labelled/ --note "new comment features" --dry-run
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from realreach.commands.common import Console, add_output_arguments

if TYPE_CHECKING:
    from realreach.promotion import Verdict

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of the command."""
    parser.add_argument(
        "--frozen", required=True, metavar="DIR", help="folder of labelled tables that no model is ever trained on"
    )
    parser.add_argument("--name", default="realreach", help="name in the registry")
    parser.add_argument("--challenger", default="challenger", metavar="ALIAS", help="alias of the version to promote")
    parser.add_argument("--champion", default="champion", metavar="ALIAS", help="alias to move")
    parser.add_argument("--tracking-uri", help="MLflow store (default: MLFLOW_TRACKING_URI, else sqlite:///mlflow.db)")
    parser.add_argument("--note", default="", help="why, in a sentence that is kept with the version; no names")
    parser.add_argument("--dry-run", action="store_true", help="judge and say what would be done, write nothing")
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the verdict as JSON to standard output; refuse with exit code 6."""
    from realreach.errors import ModelError, RefusedError
    from realreach.tables import read_tables
    from realreach.tracking import record_decision, version_behind
    from realreach.training import data_digest, labelled_creators

    console = Console(arguments)
    name, uri = arguments.name, arguments.tracking_uri
    version = version_behind(name, arguments.challenger, uri)
    if version is None:
        raise ModelError(f"{name}: there is no version with the alias {arguments.challenger!r} to promote")
    standing = version_behind(name, arguments.champion, uri)
    if standing == version:
        console.say(f"{name} version {version} is the {arguments.champion} already: nothing to do")
        return 0
    frozen = labelled_creators(read_tables(arguments.frozen).tables)
    console.say(f"{len(frozen):,} labelled creators; version {version} against {standing or 'no champion'}")
    verdict = _verdict(name, version, standing, frozen, uri)
    for part in verdict.compared:
        console.say(part.sentence)
    print(json.dumps({"name": name, "version": version, "champion": standing, **_plain(verdict.to_dict())}, indent=1))
    if not arguments.dry_run:
        tags = _tags(verdict, standing, data_digest(frozen), arguments.note)
        record_decision(name, version, tags, alias=arguments.champion if verdict.promoted else None, tracking_uri=uri)
    if not verdict.promoted:
        raise RefusedError(f"{name} version {version} is not promoted: " + "; ".join(verdict.refusals))
    console.say(f"{'would move' if arguments.dry_run else 'moved'} {arguments.champion} to {name} version {version}")
    return 0


def _verdict(name: str, version: str, standing: str | None, frozen: Any, uri: str | None) -> Verdict:
    # By number, not by alias: an alias that moves meanwhile must not promote what was not judged.
    from realreach.commands.predict import load_scorer
    from realreach.promotion import judge_challenger

    challenger = load_scorer(f"models:/{name}/{version}", uri)
    champion = None if standing is None else load_scorer(f"models:/{name}/{standing}", uri)
    return judge_challenger(challenger, champion, frozen)


def _tags(verdict: Verdict, standing: str | None, digest: str, note: str) -> dict[str, str]:
    from datetime import UTC, datetime

    why = "; ".join(verdict.refusals or [part.sentence for part in verdict.compared] or ["no champion before"])
    return {
        "promotion.decision": "promoted" if verdict.promoted else "refused",
        "promotion.on": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "promotion.why": why,
        "promotion.note": note,
        "promotion.against": standing or "no champion",
        "promotion.frozen_sha256": digest,
        "promotion.frozen_creators": str(verdict.creators),
    }


def _plain(facts: Any) -> Any:
    """Return facts with null for what cannot be told: JSON knows no NaN."""
    if isinstance(facts, dict):
        return {key: _plain(value) for key, value in facts.items()}
    if isinstance(facts, list):
        return [_plain(value) for value in facts]
    return None if isinstance(facts, float) and facts != facts else facts
