"""Reality checks: how a simulated world differs from life, measured on public data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from realreach.simulate.check_accounts import check_followers
from realreach.simulate.check_curves import check_curves, check_deliveries
from realreach.simulate.check_norms import NormCell
from realreach.simulate.check_posts import POST_PLANS, check_post_set, check_small_accounts
from realreach.simulate.check_report import CheckReport, CheckRow
from realreach.simulate.check_steps import COMMENT_PLANS, check_comment_set, check_rates, check_switches
from realreach.simulate.check_worlds import Worlds
from realreach.simulate.settings import SimulationSettings

__all__ = ["CheckReport", "CheckRow", "check_simulation"]

_Step = Callable[[Worlds], Iterator[CheckRow | NormCell]]
_STEPS: dict[str, _Step] = {
    "curves": check_curves,
    **{plan.name: partial(check_post_set, plan=plan) for plan in POST_PLANS},
    "small": check_small_accounts,
    **{plan.name: partial(check_comment_set, plan=plan) for plan in COMMENT_PLANS},
    "rates": check_rates,
    "deliveries": check_deliveries,
    "switches": check_switches,
    "followers": check_followers,
}


def check_simulation(
    datasets: Path,
    *,
    creators: int = 4000,
    seed: int = 101,
    settings: SimulationSettings | None = None,
    progress: bool = True,
    only: tuple[str, ...] = (),
) -> CheckReport:
    """Measure a simulated world against public data.

    Small worlds of honest creators are simulated at the platforms and sizes of each real set, observed as that set was
    (same days, same missing values, same rounding, same number of posts), and compared: two-sample tests (1), the
    published quantiles (2), the difficulty for plain detectors (3) and the switches that leave mechanisms out (4).

    Parameters
    ----------
    datasets
        Folder with one folder a data set.
    creators
        Simulated creators in all worlds together.
    seed
        Seed of the worlds and of all samples and folds.
    settings
        The settings to be checked; platforms, sizes, shares of fake creators and observation are overridden where a
        check needs its own.
    progress
        Show a bar on standard error (never where that is not a terminal).
    only
        Steps to run (all if empty): curves, id2020, ig2017, tiktok, ordinary, small,
        instagram_comments, youtube_id_comments, youtube_en_comments, rates, deliveries, switches, followers.

    Returns
    -------
    CheckReport
        Rows in order of the checks, and every compared quantile.

    Raises
    ------
    realreach.errors.InputError
        If a data set is missing in the folder.
    ValueError
        If a step in ``only`` does not exist.
    """
    from tqdm import tqdm

    unknown = sorted(set(only) - set(_STEPS))
    if unknown:
        raise ValueError(f"unknown check {', '.join(unknown)}; known: {', '.join(_STEPS)}")
    worlds = Worlds(datasets, creators, seed, settings or SimulationSettings())
    rows: list[CheckRow] = []
    cells: list[NormCell] = []
    names = [name for name in _STEPS if not only or name in only]
    for name in tqdm(names, desc="reality checks", unit="step", disable=None if progress else True):
        for result in _STEPS[name](worlds):
            if isinstance(result, NormCell):
                cells.append(result)
            else:
                rows.append(result)
    rows.sort(key=lambda row: row.check[0])
    return CheckReport(tuple(rows), tuple(cells), creators, seed)
