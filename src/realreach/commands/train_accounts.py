"""``realreach train-accounts``: train the model that judges single follower accounts."""

from __future__ import annotations

import argparse
from pathlib import Path

from realreach.commands.common import Console, add_output_arguments

__all__ = ["add_arguments", "run"]

DEFAULT_SET = "accounts_srf_followers"
"""The one public set of a natural mixture whose licence lets a model be passed on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of ``realreach train-accounts``."""
    parser.description = (
        "Train the model that judges follower accounts, judge it by repeated cross-validation, and save it with its "
        "card and the licence of its data. The model that comes with realreach was made by this command."
    )
    parser.add_argument(
        "--datasets", type=Path, required=True, metavar="DIR", help="folder with one folder per set, named like the set"
    )
    parser.add_argument(
        "--only", action="append", metavar="NAME", help=f"train on this set; repeatable (default: {DEFAULT_SET})"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the model")
    parser.add_argument("--overwrite", action="store_true", help="replace a folder that is there")
    parser.add_argument("--seed", type=int, default=0, help="seed of folds, masks and trees")
    parser.add_argument("--repeats", type=int, default=5, help="repetitions of the cross-validation behind the card")
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train and save; the figures go to standard output, progress to standard error; return the exit code."""
    from realreach.accounts.store import save_account_model
    from realreach.datasets import ACCOUNT_SETS, load_accounts
    from realreach.errors import UsageError
    from realreach.files import check_writable
    from realreach.learning.account_card import account_card, account_notice
    from realreach.learning.account_figures import figures_table, judge_account_recipe
    from realreach.learning.accounts import AccountSettings, pooled, train_account_model

    if arguments.repeats < 1:
        raise UsageError(f"--repeats must be 1 or more, got {arguments.repeats} instead.")
    console = Console(arguments)
    check_writable(arguments.out, overwrite=arguments.overwrite, parents=True)
    names = list(dict.fromkeys(arguments.only or [DEFAULT_SET]))
    loaded = [load_accounts(name, arguments.datasets / name) for name in names]
    columns, y = pooled([(one.columns, one.y) for one in loaded])
    settings = AccountSettings(seed=arguments.seed)
    console.say(f"{len(y):,} accounts, {int(y.sum()):,} suspicious: judging the recipe {arguments.repeats} times")
    judged = judge_account_recipe(columns, y, settings, repeats=arguments.repeats)
    console.say("training on all accounts")
    model = train_account_model(columns, y, settings, {"data": ", ".join(names)})
    sets = [(name, ACCOUNT_SETS[name].source, ACCOUNT_SETS[name].licence) for name in names]
    texts = {"card.md": account_card(model, judged, sets), "NOTICE.md": account_notice(sets)}
    save_account_model(model, arguments.out, texts=texts, overwrite=arguments.overwrite)
    print(figures_table(judged))
    console.say(f"written: {arguments.out}")
    return 0
