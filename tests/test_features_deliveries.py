"""Deliveries in a curve: planted blocks and drips are seen, and slow obvious versions give the same numbers."""

import numpy as np
import pytest
from scipy.stats import rankdata

from realreach.features.blocks import median
from realreach.features.deliveries import _rank_scans, _ranks, measure, slow_days
from realreach.features.expected import LOW_SHARE, sorted_windows
from realreach.features.growth_measures import named
from worlds import creator, one, organic_curve

DAYS = 120


def curve(seed=0):
    return organic_curve(DAYS, np.random.default_rng(seed), 20.0, 5_000.0)


def with_delivery(gains, start, parts):
    out = gains.copy()
    out[..., start : start + len(parts)] += parts
    return out


def made(seed=0, curves=1, intervals=DAYS):
    """Return bursty honest gains: an uneven rate and, on some days, a burst that fades over the days after."""
    rng = np.random.default_rng(seed)
    gains = rng.negative_binomial(0.8, 0.04, (curves, intervals)).astype(np.float64)
    for row in gains:
        for day in rng.integers(0, intervals - 6, 3):
            row[day : day + 6] += rng.pareto(1.5) * 40.0 / np.arange(1, 7)
    return np.floor(gains)


def values(gains):
    return named(measure(gains))


def floor_lift(gains):
    low = sorted_windows(gains)[..., LOW_SHARE].max(axis=1)
    return named(slow_days(gains, np.sort(gains, axis=1), median(gains), low))["floor_lift__29p__max"]


@pytest.mark.parametrize("parts", [[900.0], [500.0, 400.0], [450.0, 0.0, 450.0]])
def test_block_raises_what_stands_out(parts):
    gains = made(curves=200)
    plain, bought = values(gains), values(with_delivery(gains, 60, parts))
    for name in ("window_share__3p__max", "window_lead__3p__log", "window_surprise__3p__log", "gain__366d__cubes"):
        assert np.median(bought[name] - plain[name]) > 0.05, name
    for name in ("window_edge__3p__log", "gain__366d__entropy", "usual_gain__366d__log_ratio"):
        assert np.median(bought[name] - plain[name]) < -0.05, name


def test_two_batches_two_days_apart_are_one_window_of_three():
    gains = np.full((1, DAYS), 10.0)
    found = values(with_delivery(gains, 50, [300.0, 0.0, 300.0]))
    assert found["window_share__3p__max"] == pytest.approx(630.0 / 1800.0)
    assert found["window_share__2p__max"] == pytest.approx(320.0 / 1800.0)
    # The window ends as suddenly as it began: ten a day on both sides against 210 inside.
    assert found["window_edge__3p__log"] == pytest.approx(np.log(11.0 / 211.0))


def test_windows_that_overlap_the_best_one_are_no_rivals():
    gains = np.zeros((1, 40))
    gains[0, 20], gains[0, 30] = 100.0, 50.0
    found = values(gains)
    assert found["window_second__3p__log"] == pytest.approx(np.log(101.0 / 51.0))


def test_what_follows_a_burst_is_compared_with_what_led_to_it():
    gains = np.full((1, 40), 10.0)
    gains[0, 20:23] = [200.0, 80.0, 60.0]
    found = values(gains)
    assert found["window_after__1p__log"] == pytest.approx(np.log(71.0 / 11.0))
    assert found["window_neighbours__1p__log"] == pytest.approx(np.log(41.0 / 11.0))


def test_drip_lifts_floor_and_ranks_though_bursts_hide_it_from_the_mean():
    gains = made(curves=300)
    dripped = gains.copy()
    dripped[:, 40:70] += 8.0
    plain, bought = values(gains), values(dripped)
    assert np.median(bought["rank_scan__28p__max"] - plain["rank_scan__28p__max"]) > 0.7
    low, high = (floor_lift(g) for g in (gains, dripped))
    assert np.median(high) > np.median(low) + 0.07
    assert (high > low).mean() > 0.7


def test_gap_is_no_window():
    gains = np.full((1, 40), 10.0)
    gains[0, 20] = 400.0
    eligible = np.ones((1, 40), dtype=bool)
    eligible[0, 20] = False
    assert named(measure(gains, eligible))["window_share__3p__max"] == pytest.approx(30.0 / 400.0)


def test_no_gain_is_not_known_rather_than_even():
    found = values(np.array([[0.0] * 20, [-1.0] * 20]))
    for name in ("window_share__3p__max", "window_lead__1p__log", "gain__366d__entropy", "gain__366d__cubes"):
        assert np.isnan(found[name]).all(), name


@pytest.mark.parametrize("intervals", [5, 6, 8, 20, 42, 43, 120])
def test_short_curves_give_what_they_can(intervals):
    found = values(made(curves=3, intervals=max(intervals, 7))[:, :intervals])
    assert ("rank_scan__14p__max" in found) == (intervals >= 21)
    assert ("rank_scan__28p__max" in found) == (intervals >= 42)
    assert np.isfinite(found["window_share__2p__max"]).all()


@pytest.mark.parametrize("seed", range(3))
def test_slow_versions_agree(seed):
    gains = made(seed, curves=5, intervals=60)
    ranks = _ranks(gains)
    np.testing.assert_allclose(ranks, rankdata(gains, axis=1) - 1.0)
    scan = _rank_scans(ranks)["rank_scan__14p__max"]
    for row, got in zip(ranks, scan, strict=True):
        sums = [row[i : i + 14].sum() for i in range(47)]
        error = np.sqrt(14 * 46 / 59 * row.var())
        assert got == pytest.approx((max(sums) - 14 * 29.5) / error)


def test_features_reach_the_catalogue():
    days = np.arange(DAYS, dtype=np.float64)
    bought = curve() + np.where(days >= 60, 3_000.0, 0.0)
    row = one(creator("bought", curve=bought))
    assert row["growth__window_share__3p__max"] > 0.5
    assert row["growth__floor_lift__29p__max"] >= 0.0
