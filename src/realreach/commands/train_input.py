"""What ``train`` is made of: features kept from an earlier run on the same data, else read and computed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realreach.commands.common import Console, check_reading, read_input, tell_report

if TYPE_CHECKING:
    from realreach.accounts.model import AccountModel
    from realreach.comment_text.model import CommentModel
    from realreach.tables import Report
    from realreach.training_data import TrainingData

__all__ = ["add_cache_arguments", "training_input"]


def add_cache_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where features of earlier runs are kept."""
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path(".realreach-cache"),
        metavar="DIR",
        help="keep features and fits here for the next run on the same data (default: .realreach-cache)",
    )
    parser.add_argument("--no-cache", action="store_true", help="read and compute everything, keep nothing")


def training_input(arguments: argparse.Namespace, console: Console, as_of: Any) -> TrainingData:
    """Return features and labels of the data folder; the same numbers whether they were kept or computed.

    Raises
    ------
    InputError, OutputError, UsageError
        As for reading.
    """
    from realreach.training_cache import Source, TrainingCache

    check_reading(arguments)
    labels = None if arguments.labels is None else str(arguments.labels)
    # Rows that were set aside are not kept, so whoever wants them written reads again.
    # Nor are features of other side models than those that ship: the key knows those alone.
    other = arguments.comment_model is not None or arguments.account_model is not None
    skip = arguments.no_cache or arguments.rejects is not None or other
    cache = None if skip else TrainingCache(arguments.cache)
    day = None if as_of is None else str(as_of)
    source = Source(str(arguments.data), labels, arguments.input_format, arguments.assume_tz, day)
    key = None if cache is None else cache.key(source)
    if cache is None or key is None:
        return _computed(arguments, console, labels, as_of)[0]
    kept = cache.get(key)
    if kept is not None:
        data, report = kept
        tell_report(arguments, console, report)
        console.say(f"features of {len(data.labelled):,} labelled creators from {arguments.cache.name}", cache="hit")
        return data
    data, report = _computed(arguments, console, labels, as_of)
    # Files that changed while they were read belong to no digest.
    if cache.key(source) == key and not cache.put(key, data, report):
        console.say(f"features could not be kept in {arguments.cache.name}: the next run computes them again")
    return data


def _computed(
    arguments: argparse.Namespace, console: Console, labels: str | None, as_of: Any
) -> tuple[TrainingData, Report]:
    from realreach.training_data import training_data

    result = read_input(arguments, console, arguments.data, labels)
    console.say(f"features of {len(result.tables):,} creators", cache="miss")
    return training_data(result.tables, as_of, *_side_models(arguments)), result.report


def _side_models(arguments: argparse.Namespace) -> tuple[CommentModel | None, AccountModel | None]:
    """Return the models of single comments and accounts that were named."""
    from realreach.accounts.store import load_account_model
    from realreach.learning.comment_files import load_comment_model

    comments = None if arguments.comment_model is None else load_comment_model(arguments.comment_model)
    accounts = None if arguments.account_model is None else load_account_model(arguments.account_model)
    return comments, accounts
