"""Reality checks of comments, of the rates of bought accounts, and of the switches that leave mechanisms out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from realreach.simulate import check_comments, check_sets, check_simulated
from realreach.simulate.check_comments import CommentPacket, comment_summary
from realreach.simulate.check_compare import FEWEST_PAIRS, compare
from realreach.simulate.check_difficulty import rates_auc
from realreach.simulate.check_report import CheckRow, two_sample_row
from realreach.simulate.check_worlds import Worlds

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COMMENT_PLANS", "CommentPlan", "check_comment_set", "check_rates", "check_switches"]

_RATES_AIM = 0.70


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
# What is taken out of the simulated texts because the set of 2013 has none.
_MODERN_SIGNS = frozenset({"emoji", "comma", "several_lines"})


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
    if len(simulated) < FEWEST_PAIRS:
        yield two_sample_row("1 comments", plan.what, None)
        return
    comparison = compare(
        [comment_summary(packet) for packet in real],
        [comment_summary(packet) for packet in simulated],
        real_groups=np.array([2 * packet.group for packet in real]),
        simulated_groups=np.array([2 * packet.group + 1 for packet in simulated]),
        seed=worlds.seed,
        leave_out=_BY_VOLUME | (_MODERN_SIGNS if plan.before_emoji else frozenset()),
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
    what = "like and comment rates alone, bought against honest at equal size"
    life = rates_auc(check_sets.purba_followers(worlds.datasets), seed=worlds.seed)
    frames = worlds.simulate("rates", fake_share=0.5, observation="as_in_life", days=worlds.settings.days)
    ours = rates_auc(check_simulated.simulated_rates(frames), seed=worlds.seed)
    if life is None or ours is None:
        yield two_sample_row("3 rates", what, None)
        return
    yield CheckRow(
        check="3 rates",
        what=what,
        real_n=life.pairs * 2,
        simulated_n=ours.pairs * 2,
        value=ours.auc,
        low=ours.low,
        high=ours.high,
        aim=f"at most {_RATES_AIM:.2f}",
        passed=ours.auc <= _RATES_AIM,
        gives_away=f"life by the same code {life.auc:.3f} ({life.low:.2f} to {life.high:.2f}), published 0.62",
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
