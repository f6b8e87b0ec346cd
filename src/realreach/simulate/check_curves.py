"""Reality checks of follower curves: two-sample tests, and how well deliveries hide in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from realreach.simulate import check_sets, check_simulated
from realreach.simulate.check_compare import FEWEST_PAIRS, compare, matched_pairs
from realreach.simulate.check_difficulty import DOSES, PUBLISHED, Separation, delivery_auc, growing
from realreach.simulate.check_report import CheckRow, two_sample_row
from realreach.simulate.check_sets import Curves
from realreach.simulate.check_worlds import Worlds, tier_weights
from realreach.simulate.deliveries import ghostnet_shapes
from realreach.simulate.summaries import curve_summary
from realreach.tables.core import FloatArray

__all__ = ["check_curves", "check_deliveries"]

_DOSE_AIM = 0.06


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
        pairs = worlds.pairs(name, _size_and_growth(real), _size_and_growth(simulated))
    else:
        pairs = worlds.pairs(name, np.log(real.size), np.log(np.maximum(simulated.size, 1)))
    a, b = pairs
    if len(a) < FEWEST_PAIRS:
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


def check_deliveries(worlds: Worlds) -> Iterator[CheckRow]:
    """Measure how well a plain growth model finds deliveries over simulated and over real curves of equal gain."""
    real = growing(check_sets.vtubers(worlds.datasets, "twitch_followers", seen_at_least=68))
    simulated = growing(_simulated_curves(worlds, "growing", real, "other"))
    gains = [np.log(side.levels[:, -1] - side.levels[:, 0]) for side in (real, simulated)]
    a, b = matched_pairs(gains[0], gains[1], rng=worlds.rng("growing"), most=len(simulated))
    if len(a) < FEWEST_PAIRS:
        yield two_sample_row("3 growth", "deliveries over growing curves", None)
        return
    shapes = ghostnet_shapes(worlds.datasets)
    for kind in ("block", "drip"):
        for dose, published in zip(DOSES, PUBLISHED[kind], strict=True):
            life, ours = (
                delivery_auc(s, shapes, kind, dose, seed=worlds.seed) for s in (real.take(a), simulated.take(b))
            )
            yield _dose_row(f"growth alone, {kind} of {dose:.0%} of the gain of ten weeks", life, ours, published)


def _dose_row(what: str, life: Separation, ours: Separation, published: float) -> CheckRow:
    return CheckRow(
        check="3 growth",
        what=what,
        real_n=life.pairs,
        simulated_n=ours.pairs,
        value=ours.auc,
        low=ours.low,
        high=ours.high,
        aim=f"{life.auc:.3f} ± {_DOSE_AIM} (life by the same code)",
        passed=abs(ours.auc - life.auc) <= _DOSE_AIM,
        gives_away=f"published {published:.3f}, difference {ours.auc - published:+.3f}",
    )
