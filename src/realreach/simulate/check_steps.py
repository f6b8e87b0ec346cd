"""The reality checks one by one: two-sample tests, published quantiles, difficulty, switches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.simulate import check_comments, check_sets, check_simulated
from realreach.simulate.check_comments import CommentPacket, comment_summary
from realreach.simulate.check_compare import compare, matched_pairs
from realreach.simulate.check_difficulty import DOSES, PUBLISHED, delivery_auc, growing, rates_auc
from realreach.simulate.check_norms import NormCell, compare_with_norms
from realreach.simulate.check_report import CheckRow, two_sample_row
from realreach.simulate.check_sets import Curves
from realreach.simulate.check_worlds import Worlds, tier_weights
from realreach.simulate.deliveries import ghostnet_shapes
from realreach.simulate.summaries import Account, curve_summary, post_summary
from realreach.tables.core import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "COMMENT_PLANS",
    "POST_PLANS",
    "CommentPlan",
    "PostPlan",
    "check_comment_set",
    "check_curves",
    "check_deliveries",
    "check_post_set",
    "check_rates",
    "check_switches",
]

_FEWEST_PAIRS = 20
_MATCHED_SHARE = 0.8  # of the simulated accounts, so that each real one finds a partner of its size
_RATES_AIM = 0.70
_DOSE_AIM = 0.06
_NORMS_AIM = 0.90


def check_curves(worlds: Worlds) -> Iterator[CheckRow]:
    """Compare honest day curves with three real sets: exact, rounded, and irregular ones of large accounts."""
    twitch = check_sets.vtubers(worlds.datasets, "twitch_followers")
    simulated = _simulated_curves(worlds, "twitch", twitch, "other")
    yield _curve_row(worlds, "twitch", "day curves, Twitch (exact counts)", twitch, simulated)
    youtube = check_sets.vtubers(worlds.datasets, "yt_subscribers")
    simulated = _simulated_curves(worlds, "youtube", youtube, "youtube")
    simulated = replace(simulated, levels=check_simulated.rounded(simulated.levels, 3))
    yield _curve_row(worlds, "youtube", "day curves, YouTube (three digits)", youtube, simulated)
    candidates = check_sets.politicians(worlds.datasets)
    simulated = _simulated_curves(worlds, "politicians", candidates, "other")
    what = "curves, Twitter candidates 2020 (irregular; matched on growth too, as all of them ran for office)"
    yield _curve_row(worlds, "politicians", what, candidates, simulated, stale=True)


def _simulated_curves(worlds: Worlds, name: str, real: Curves, platform: str) -> Curves:
    frames = worlds.simulate(name, platforms={platform: 1.0}, tiers=tier_weights(real.size))
    return check_simulated.simulated_curves(frames, real.levels.shape[1])


def _curve_row(
    worlds: Worlds, name: str, what: str, real: Curves, simulated: Curves, *, stale: bool = False
) -> CheckRow:
    """Compare curves of equal size, the simulated one without the days that its real partner lacks.

    With ``stale`` pairs have equal growth as well, and days that look like pages from a cache are dropped.
    """
    if stale:
        pairs = _pairs(worlds, name, _size_and_growth(real), _size_and_growth(simulated))
    else:
        pairs = _pairs(worlds, name, np.log(real.size), np.log(np.maximum(simulated.size, 1)))
    a, b = pairs
    if len(a) < _FEWEST_PAIRS:
        return two_sample_row("1 curves", what, None)
    seen = np.where(np.isfinite(real.levels[a]), simulated.levels[b], np.nan)
    if stale:
        seen = np.array([check_sets.without_stale(levels) for levels in seen])
    comparison = compare(
        [curve_summary(levels) for levels in real.levels[a]],
        [curve_summary(levels) for levels in seen],
        real_groups=real.groups[a],
        simulated_groups=real.groups[a],
        seed=worlds.seed,
    )
    return two_sample_row("1 curves", what, comparison)


def _size_and_growth(curves: Curves) -> FloatArray:
    """Return log size and log growth, scaled so that a factor of 1.65 in size weighs like 3 % of growth."""
    first = np.array([levels[np.isfinite(levels)][0] for levels in curves.levels])
    size = np.maximum(curves.size, 1)
    return np.column_stack([np.log(size), np.log(size / np.maximum(first, 1)) * 0.5 / 0.03])


def _pairs(worlds: Worlds, name: str, real: FloatArray, simulated: FloatArray) -> tuple[IntArray, IntArray]:
    most = max(round(_MATCHED_SHARE * len(simulated)), 1)
    return matched_pairs(real, simulated, rng=worlds.rng(name), most=most)


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
    a, b = _pairs(worlds, plan.name, np.log(sizes), np.log(ours))
    yield _post_row(worlds, plan, [real[i] for i in a], [simulated[i] for i in b])
    yield from _norm_rows(worlds, plan, simulated)


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
    if len(real) < _FEWEST_PAIRS:
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


def _norm_rows(worlds: Worlds, plan: PostPlan, simulated: list[Account]) -> Iterator[CheckRow | NormCell]:
    """Yield one row a tier and source, and after it the cells it was made of."""
    for source in plan.sources:
        stills = [account.take(account.format != "video") for account in simulated]
        accounts = stills if source.endswith("nonvideo") else simulated
        cells = compare_with_norms(worlds.datasets, source, [account for account in accounts if len(account)])
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
                aim=f"at least {_NORMS_AIM:.2f} within",
                passed=within >= _NORMS_AIM,
                gives_away="; ".join(map(str, worst)),
            )
            yield from of_tier


@dataclass(frozen=True)
class CommentPlan:
    """A real set of comments, and which simulated creators answer to it."""

    name: str
    what: str
    read: Callable[[Path], list[CommentPacket]]
    platform: str
    tiers: Mapping[str, float]
    languages: Mapping[str, float]
    before_emoji: bool = False


COMMENT_PLANS = (
    CommentPlan(
        name="instagram_comments",
        what="comments, Instagram stars, Indonesia 2020-21",
        read=check_comments.instagram_celebrities,
        platform="instagram",
        tiers={">5M": 1.0},
        languages={"id": 0.9, "mixed": 0.1},
    ),
    CommentPlan(
        name="youtube_id_comments",
        what="comments, YouTube trending, Indonesia 2025",
        read=check_comments.youtube_indonesian,
        platform="youtube",
        tiers={"1M-5M": 0.5, ">5M": 0.5},
        languages={"id": 0.8, "mixed": 0.1, "en": 0.1},
    ),
    CommentPlan(
        name="youtube_en_comments",
        what="comments, YouTube English 2013 (without emoji and commas)",
        read=check_comments.youtube_english,
        platform="youtube",
        tiers={"1M-5M": 0.5, ">5M": 0.5},
        languages={"en": 1.0},
        before_emoji=True,
    ),
)
# How many comments an hour a post gets is not matched, so what follows from it alone is left out.
_BY_VOLUME = frozenset({"log_median_gap", "busiest_minute"})


def check_comment_set(worlds: Worlds, plan: CommentPlan) -> Iterator[CheckRow]:
    """Compare packets of comments of one post with a real set; packets of one post stay together in the folds."""
    real = plan.read(worlds.datasets)
    frames = worlds.simulate(
        plan.name,
        platforms={plan.platform: 1.0},
        tiers=dict(plan.tiers),
        languages=dict(plan.languages),
        comments_median=2000,
        comments_cap=2500,
        posts_cap=12,
    )
    simulated = check_comments.simulated_packets(frames, like=real[0], before_emoji=plan.before_emoji)
    real, simulated = _evened(real, simulated, worlds.rng(plan.name))
    if len(simulated) < _FEWEST_PAIRS:
        yield two_sample_row("1 comments", plan.what, None)
        return
    comparison = compare(
        [comment_summary(packet) for packet in real],
        [comment_summary(packet) for packet in simulated],
        real_groups=np.array([2 * packet.group for packet in real]),
        simulated_groups=np.array([2 * packet.group + 1 for packet in simulated]),
        seed=worlds.seed,
        leave_out=_BY_VOLUME,
    )
    yield two_sample_row("1 comments", plan.what, comparison)


def _evened(
    real: list[CommentPacket], simulated: list[CommentPacket], rng: np.random.Generator
) -> tuple[list[CommentPacket], list[CommentPacket]]:
    """Draw as many packets from each side, at most 300."""
    number = min(len(real), len(simulated), 300)
    chosen = (np.sort(rng.permutation(len(side))[:number]) for side in (real, simulated))
    left, right = ([side[i] for i in rows] for side, rows in zip((real, simulated), chosen, strict=True))
    return left, right


def check_rates(worlds: Worlds) -> Iterator[CheckRow]:
    """Measure how far like and comment rates alone separate bought from honest at equal size, in life and simulated."""
    life = rates_auc(check_sets.purba_followers(worlds.datasets), seed=worlds.seed)
    settings = worlds.settings
    frames = worlds.simulate(
        "rates",
        fake_share=0.5,
        observation="as_in_life",
        days=settings.days,
    )
    ours = rates_auc(check_simulated.simulated_rates(frames), seed=worlds.seed)
    yield CheckRow(
        check="3 rates",
        what="like and comment rates alone, bought against honest at equal size",
        real_n=life.accounts * 2,
        simulated_n=ours.accounts * 2,
        value=ours.auc,
        low=ours.low,
        high=ours.high,
        aim=f"at most {_RATES_AIM:.2f}",
        passed=ours.auc <= _RATES_AIM,
        gives_away=f"life by the same code: {life.auc:.3f} ({life.low:.2f} to {life.high:.2f}); published 0.62",
    )


def check_deliveries(worlds: Worlds) -> Iterator[CheckRow]:
    """Measure how well a plain growth model finds deliveries over simulated and over real curves of equal gain."""
    real = growing(check_sets.vtubers(worlds.datasets, "twitch_followers", seen_at_least=68))
    tiers = tier_weights(real.size)
    frames = worlds.simulate("growing", platforms={"other": 1.0}, tiers=tiers)
    simulated = growing(check_simulated.simulated_curves(frames, real.levels.shape[1]))
    gains = [np.log(side.levels[:, -1] - side.levels[:, 0]) for side in (real, simulated)]
    a, b = matched_pairs(gains[0], gains[1], rng=worlds.rng("growing"), most=len(simulated))
    if len(a) < _FEWEST_PAIRS:
        yield two_sample_row("3 growth", "deliveries over growing curves", None)
        return
    shapes = ghostnet_shapes(worlds.datasets)
    for kind in ("block", "drip"):
        for dose, published in zip(DOSES, PUBLISHED[kind], strict=True):
            values = [delivery_auc(s, shapes, kind, dose, seed=worlds.seed) for s in (real.take(a), simulated.take(b))]
            yield _dose_row(kind, dose, published, *values, pairs=len(a))


def _dose_row(kind: str, dose: float, published: float, life: FloatArray, ours: FloatArray, *, pairs: int) -> CheckRow:
    value, reference = float(ours.mean()), float(life.mean())
    return CheckRow(
        check="3 growth",
        what=f"growth alone, {kind} of {dose:.0%} of the gain of ten weeks",
        real_n=pairs,
        simulated_n=pairs,
        value=value,
        low=np.nan,
        high=np.nan,
        aim=f"{reference:.3f} ± {_DOSE_AIM} (real curves, same code)",
        passed=abs(value - reference) <= _DOSE_AIM,
        gives_away=f"published {published:.3f}, difference {value - published:+.3f}",
    )


def check_switches(worlds: Worlds) -> Iterator[CheckRow]:
    """Count simulated creators that have a mechanism or an evasion level which the settings leave out."""
    left_out = ("M9", "M14")
    frames = worlds.simulate("switches", fake_share=1.0, exclude_mechanisms=left_out, max_evasion=1)
    truth: pd.DataFrame = frames["truth"]
    wrong = truth["evasion_level"].to_numpy(np.float64, na_value=0) > 1
    for code in left_out:
        wrong |= truth["mechanisms"].str.split("+").map(lambda codes, code=code: code in codes).to_numpy(bool)
    yield CheckRow(
        check="4 switches",
        what=f"creators with {' or '.join(left_out)} or evasion 2 though left out",
        real_n=0,
        simulated_n=len(truth),
        value=float(wrong.sum()),
        low=np.nan,
        high=np.nan,
        aim="0",
        passed=not wrong.any(),
        gives_away="",
    )
