"""The suites of the benchmark by name, and the one way through which they are run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from realreach.benchmark.result import Result
from realreach.errors import InputError, UsageError

__all__ = ["SUITES", "Options", "Suite", "run_suites"]


@dataclass(frozen=True)
class Options:
    """What a suite is run with.

    ``quick`` runs fewer repetitions (for tests); the figures are then rougher. ``scorer`` is the model for the
    zero-shot column, or None.
    """

    quick: bool = False
    seed: int = 0
    scorer: Any = None
    report: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class Suite:
    """A module of this package with ``run(datasets, options) -> list[Result]`` and a ``PROTOCOL`` text."""

    name: str
    module: str
    sets: tuple[str, ...]

    def protocol(self) -> str:
        """Return the written protocol, as Markdown."""
        return str(import_module(self.module).PROTOCOL)

    def run(self, datasets: Path, options: Options) -> list[Result]:
        """Run the sets of the suite that are there."""
        return list(import_module(self.module).run(datasets, options))


SUITES: Mapping[str, Suite] = MappingProxyType(
    {
        suite.name: suite
        for suite in (
            Suite(
                "accounts",
                "realreach.benchmark.accounts",
                (
                    "accounts_instafake_fake",
                    "accounts_srf_followers",
                    "accounts_purba_bought_followers",
                    "accounts_free4ever1",
                    "accounts_cresci_e13_int",
                ),
            ),
            Suite(
                "growth",
                "realreach.benchmark.growth",
                (
                    "growth_starscout_monthly",
                    "growth_starscout_ratios",
                    "growth_ghostnet_events",
                    "growth_vtuber_daily",
                    "growth_twitter_followorder",
                ),
            ),
            Suite(
                "comments",
                "realreach.benchmark.comments",
                (
                    "comments_youtube_spam_2015",
                    "comments_instagram_id_celebs",
                    "comments_judol_id",
                    "comments_bot_praise_de",
                    "comments_x_ai_replies_en",
                    "comments_youtube_id_2025",
                    "comments_youtube_en_2013",
                ),
            ),
        )
    }
)
"""Every suite by name, in the order of the report."""


def run_suites(datasets: Path, only: Sequence[str] | None, options: Options) -> dict[str, list[Result]]:
    """Run suites over a folder that holds one folder per public set.

    Parameters
    ----------
    datasets
        The folder.
    only
        Names of suites, or of sets (then the suites that use them, with the lines of these sets alone); all if None.

    Returns
    -------
    dict
        Lines by suite. A set that is not there is left out by its suite, with a sentence through ``options.report``.

    Raises
    ------
    UsageError
        If a name is neither a suite nor a set.
    InputError
        If the folder is missing, or holds none of the sets.
    """
    known = {*SUITES, *(s for suite in SUITES.values() for s in suite.sets)}
    wanted = list(dict.fromkeys(only or SUITES))
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise UsageError(f"--only {unknown[0]}: no suite and no set is called so. Known: {', '.join(sorted(known))}.")
    if not datasets.is_dir():
        raise InputError(f"{datasets}: no such folder. Name the folder that holds one folder per public set.")
    out: dict[str, list[Result]] = {}
    for suite in SUITES.values():
        picked = {s for s in suite.sets if s in wanted}
        if suite.name not in wanted and not picked:
            continue
        if not any((datasets / name).is_dir() for name in picked or suite.sets):
            options.report(f"{suite.name}: none of its sets is in {datasets.name}; left out")
            continue
        lines = suite.run(datasets, options)
        out[suite.name] = [r for r in lines if not picked or suite.name in wanted or r.dataset in picked]
    if not out:
        raise InputError(f"{datasets}: holds none of the sets asked for.")
    return out
