"""Reality checks of posts: two-sample tests against real sets, and published quantiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from realreach.simulate import check_sets, check_simulated
from realreach.simulate.check_compare import FEWEST_PAIRS, compare
from realreach.simulate.check_norms import NormCell, compare_with_norms
from realreach.simulate.check_report import CheckRow, two_sample_row
from realreach.simulate.check_worlds import Worlds, tier_weights
from realreach.simulate.summaries import Account, post_summary

__all__ = ["POST_PLANS", "PostPlan", "check_post_set", "check_small_accounts"]

_NORMS_AIM = 0.90


@dataclass(frozen=True)
class PostPlan:
    """A real set of posts: how it is read, and which simulated accounts answer to it.

    ``sources`` are the norms computed from it; ``drop_disabled``: the set leaves out posts without comments.
    """

    name: str
    what: str
    read: Callable[[Path], list[Account]]
    sources: tuple[str, ...]
    platform: str
    population: str | None = None
    drop_disabled: bool = False
    clock: bool = True


POST_PLANS = (
    PostPlan(
        name="id2020",
        what="posts, Instagram stars, Indonesia 2020",
        read=check_sets.ig_creators_2020,
        sources=("ig_creators_id2020", "ig_creators_id2020_nonvideo"),
        platform="instagram",
        population="mixed",
        drop_disabled=True,
    ),
    PostPlan(
        name="ig2017",
        what="posts, Instagram creators 2017 (likes only)",
        read=check_sets.ig_creators_2017,
        sources=("ig_creators_2017",),
        platform="instagram",
        population="photo",
        clock=False,
    ),
    PostPlan(
        name="tiktok",
        what="posts, TikTok creators 2020",
        read=check_sets.tiktok_creators_2020,
        sources=("tiktok_creators_2020",),
        platform="tiktok",
    ),
    PostPlan(
        name="ordinary",
        what="posts, ordinary Instagram accounts 2018",
        read=check_sets.ig_ordinary_2018,
        sources=("ig_ordinary_2018",),
        platform="instagram",
        population="ordinary",
    ),
)


def check_post_set(worlds: Worlds, plan: PostPlan) -> Iterator[CheckRow | NormCell]:
    """Compare posts with one real set of the same platform, sizes and kind, and with the norms computed from it."""
    real = plan.read(worlds.datasets)
    sizes = np.array([account.followers for account in real])
    kind = {"populations": {plan.population: 1.0}} if plan.population else {}
    frames = worlds.simulate(plan.name, platforms={plan.platform: 1.0}, tiers=tier_weights(sizes), **kind)
    simulated = [
        _as_stored(a, plan) for a in check_simulated.simulated_accounts(frames, drop_disabled=plan.drop_disabled)
    ]
    ours = np.array([max(account.followers, 1.0) for account in simulated])
    a, b = worlds.pairs(plan.name, np.log(sizes), np.log(ours))
    yield _post_row(worlds, plan, [real[i] for i in a], [simulated[i] for i in b])
    for source in plan.sources:
        stills = [account.take(account.format != "video") for account in simulated]
        accounts = stills if source.endswith("nonvideo") else simulated
        yield from _norm_rows(worlds, source, [account for account in accounts if len(account)])


def _as_stored(account: Account, plan: PostPlan) -> Account:
    """Return a simulated account as the platform or the set stores it: rounded counts, days without time."""
    if plan.platform == "tiktok":
        account = check_simulated.with_rounding(account)
    return account if plan.clock else replace(account, posted=np.floor(account.posted), clock=False)


def _seen_as(simulated: Account, real: Account) -> Account:
    """Return a simulated account with as many posts as the real one has, without what the real set does not know."""
    account = simulated.newest(len(real))
    unknown = np.full(len(account), np.nan)
    absent = [c for c in ("likes", "comments", "views", "shares") if not np.isfinite(getattr(real, c)).any()]
    columns: dict[str, Any] = dict.fromkeys(absent, unknown)
    kinds = account.format if np.any(real.format != "") else np.full(len(account), "")
    return replace(account, format=kinds, **columns)


def _post_row(worlds: Worlds, plan: PostPlan, real: list[Account], simulated: list[Account]) -> CheckRow:
    if len(real) < FEWEST_PAIRS:
        return two_sample_row("1 posts", plan.what, None)
    seen = [_seen_as(s, r) for s, r in zip(simulated, real, strict=True)]
    cut = [r.newest(len(s)) for s, r in zip(seen, real, strict=True)]
    number = np.arange(len(real))
    comparison = compare(
        [post_summary(account) for account in cut],
        [post_summary(account) for account in seen],
        real_groups=number,
        simulated_groups=number,
        seed=worlds.seed,
    )
    return two_sample_row("1 posts", plan.what, comparison)


def check_small_accounts(worlds: Worlds) -> Iterator[CheckRow | NormCell]:
    """Show small Instagram accounts beside a published list of rates, for information.

    The list holds followers rather than creators, and differs twofold from the ordinary accounts of 2018 at equal size;
    both cannot be met, so nothing is aimed at.
    """
    tiers = dict.fromkeys(("<500", "500-1k", "1k-5k", "5k-10k", "10k-50k"), 1.0)
    frames = worlds.simulate("small", platforms={"instagram": 1.0}, tiers=tiers)
    accounts = check_simulated.simulated_accounts(frames)
    yield from _norm_rows(worlds, "purba_authentic_haslink", accounts, judged=False)


def _norm_rows(
    worlds: Worlds, source: str, accounts: list[Account], *, judged: bool = True
) -> Iterator[CheckRow | NormCell]:
    """Yield one row a tier, and after it the cells it was made of."""
    cells = compare_with_norms(worlds.datasets, source, accounts)
    for tier in dict.fromkeys(cell.tier for cell in cells):
        of_tier = [cell for cell in cells if cell.tier == tier]
        within = float(np.mean([cell.within for cell in of_tier]))
        worst = sorted((c for c in of_tier if c.worst > 1), key=lambda c: -c.worst)[:3]
        yield CheckRow(
            check="2 quantiles",
            what=f"{source}, {tier}, {len(of_tier)} metrics",
            real_n=of_tier[0].real_n,
            simulated_n=max(cell.simulated_n for cell in of_tier),
            value=within,
            low=np.nan,
            high=np.nan,
            aim=f"at least {_NORMS_AIM:.2f} within" if judged else "for information",
            passed=within >= _NORMS_AIM if judged else None,
            gives_away="; ".join(map(str, worst)),
        )
        yield from of_tier
