"""The follower curve: what was planted is seen, and slow obvious versions give the same numbers."""

import math
import statistics
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

import worlds
from realreach.features.growth import compute, expected_rate, spread_of_rate
from realreach.features.view import View
from realreach.tables import CONTRACTS, Table, Tables
from worlds import creator, features, one, organic_curve

DAYS = 120


def honest(seed=0, mean=20.0, start=5_000.0):
    return organic_curve(DAYS, np.random.default_rng(seed), mean, start)


def compare(honest_curve, bought_curve, **columns):
    """Return the features of a curve without and with what was bought."""
    world = worlds.join(
        creator("honest", curve=honest_curve, **columns), creator("bought", curve=bought_curve, **columns)
    )
    frame = features(world)
    return frame.loc["honest"], frame.loc["bought"]


def jump(curve, day, size):
    return curve + np.where(np.arange(len(curve)) >= day, size, 0.0)


# Known truth


@pytest.mark.parametrize("seed", range(3))
def test_block_of_bought_followers_raises_every_burst_feature(seed):
    plain, bought = compare(honest(seed), jump(honest(seed), 60, 3_000.0))
    for name in (
        "burst_level_share__366d__max",
        "burst_step__366d__log",
        "burst_surprise__366d__max",
        "burst_size_share__366d__max",
        "gain_share__366d__max",
        "gain_share__366d__top3",
        "gain__366d__gini",
        "unexplained_gain__366d__share",
        "dispersion__366d__log_ratio",
    ):
        assert bought[f"growth__{name}"] > plain[f"growth__{name}"] + 0.05, name
    for name in ("burst_run_up__366d__ratio", "burst_second__366d__ratio", "gain__366d__effective_share"):
        assert bought[f"growth__{name}"] < plain[f"growth__{name}"], name


def test_size_and_age_of_a_block_are_recovered():
    curve = np.arange(DAYS) * 10.0 + 5_000.0
    row = one(creator("a", curve=jump(curve, 80, 2_000.0)))
    gain = 2_010.0
    assert row["growth__burst_level_share__366d__max"] == pytest.approx(gain / (5_000.0 + 800.0 + 2_000.0))
    assert row["growth__gain_share__366d__max"] == pytest.approx(gain / (119 * 10.0 + 2_000.0))
    assert row["growth__burst_size_share__366d__max"] == pytest.approx(2_000.0 / (119 * 10.0 + 2_000.0))
    assert row["growth__burst_lot__366d__distance"] == pytest.approx(0.0)
    assert row["growth__burst_width__366d__log_days"] == pytest.approx(math.log(2.0))
    assert row["context__burst_age__366d__days"] == 39.0
    assert row["growth__burst_loss__366d__share"] == 0.0


def test_flat_curve_with_one_delivery():
    row = one(creator("a", curve=jump(np.full(DAYS, 1_000.0), 60, 500.0)))
    assert row["growth__gain_share__366d__max"] == 1.0
    assert row["growth__gain__366d__gini"] == pytest.approx(1.0 - 1.0 / (DAYS - 1))
    assert row["growth__burst_quiet_before__366d__share"] == 1.0
    assert row["growth__burst_quiet_after__366d__share"] == 1.0
    assert row["growth__burst_level_share__366d__max"] == pytest.approx(500.0 / 1_500.0)


def test_recent_delivery_is_found_in_the_last_30_days_only():
    old, new = compare(jump(honest(), 20, 3_000.0), jump(honest(), 110, 3_000.0))
    for name in ("unexplained_gain__30d__share", "recent_gain__30d__share", "net_growth__30d__log"):
        assert new[f"growth__{name}"] > old[f"growth__{name}"] + 0.2, name
    assert new["context__burst_age__366d__days"] < 15 < old["context__burst_age__366d__days"]


def test_last_30_days_are_30_days():
    row = one(creator("a", curve=1_000.0 + 10.0 * np.arange(61)))
    assert row["growth__recent_gain__30d__share"] == 0.5
    assert row["growth__net_growth__30d__log"] == pytest.approx(math.log(1_601.0 / 1_301.0))


def test_lost_delivery_raises_loss():
    fade = np.clip(np.arange(DAYS) - 60, 0, 25) * 100.0
    kept, lost = compare(jump(honest(), 60, 3_000.0), jump(honest(), 60, 3_000.0) - fade)
    assert lost["growth__burst_loss__366d__share"] > kept["growth__burst_loss__366d__share"] + 0.5
    assert lost["growth__loss__366d__to_gain"] > kept["growth__loss__366d__to_gain"] + 0.2
    assert lost["growth__loss__366d__share"] > kept["growth__loss__366d__share"]


@pytest.mark.parametrize("ceiling", [10_000.0, 1e6])
def test_refill_sawtooth_raises_ceiling_returns(ceiling):
    # Two per cent drop off in a week; on the eighth day the seller fills up to what was sold.
    teeth = ceiling * (1.0 - 0.02 * np.minimum(np.arange(DAYS) % 8, 7) / 7)
    plain, refilled = compare(np.linspace(0.9 * ceiling, ceiling, DAYS).round(), teeth.round())
    assert plain["growth__ceiling__366d__returns"] == 0.0
    assert refilled["growth__ceiling__366d__returns"] >= 5.0


@pytest.mark.parametrize("daily", [60.0, 150.0])
def test_drip_raises_level_shift_without_a_spike(daily):
    drip = daily * np.clip(np.arange(DAYS) - 50, 0, 28)
    plain, dripped = compare(honest(), honest() + drip)
    assert dripped["growth__level_shift__28p__max"] > plain["growth__level_shift__28p__max"] + 0.5
    assert dripped["growth__level_shift__7p__max"] > plain["growth__level_shift__7p__max"] + 0.3
    assert dripped["growth__level_shift__28p__share"] > plain["growth__level_shift__28p__share"] + 0.15


def test_even_delivery_is_more_regular_than_honest_growth():
    curve = 5_000.0 + np.concatenate([[0.0], np.cumsum(np.tile([100.0, 101.0, 99.0], 40))])[:DAYS]
    plain, even = compare(honest(mean=100.0), curve)
    assert even["growth__dispersion__14p__min_log_ratio"] < plain["growth__dispersion__14p__min_log_ratio"] - 2.0
    assert even["growth__steady_run__366d__share"] == 1.0
    assert plain["growth__steady_run__366d__share"] < 0.2


def test_follow_and_unfollow_is_seen():
    wave = 2_000.0 + 400.0 * (np.arange(DAYS) // 10 % 2)
    gains = np.where(np.diff(wave, prepend=wave[0]) > 0, 200.0, 10.0)
    curve = 5_000.0 + np.cumsum(np.concatenate([[0.0], gains[:-1]]))
    calm = one(creator("calm", curve=curve, followed=np.full(DAYS, 2_000.0)))
    churn = one(creator("churn", curve=curve, followed=wave))
    for name in ("share", "sawtooth"):
        feature = f"growth__following_change__366d__{name}"
        assert churn[feature] > calm[feature] + 1.0, name
    assert churn["growth__following_change__366d__gain_correlation"] > 0.5
    assert math.isnan(calm["growth__following_change__366d__gain_correlation"])


def test_gap_in_the_counts_is_no_burst():
    # Half a year without a count, in which an honest account grew: a gap is long, not sudden.
    days = np.concatenate([np.arange(60), np.arange(240, 300)])
    whole = organic_curve(300, np.random.default_rng(2))
    row = one(creator("gap", curve=whole[days], days=days))
    full = one(creator("full", curve=whole))
    assert row["growth__burst_level_share__366d__max"] <= full["growth__burst_level_share__366d__max"]
    assert row["growth__unexplained_gain__366d__share"] <= full["growth__unexplained_gain__366d__share"]
    assert row["context__gap__366d__share"] == pytest.approx(181 / 299)


def test_rounded_counts_are_noticed():
    plain, rounded = compare(honest(), honest().round(-2))
    assert rounded["growth__rounding__366d__flag"] == 1.0
    assert plain["growth__rounding__366d__flag"] < 0.3


@pytest.mark.parametrize("factor", [10.0, 1_000.0])
def test_burst_shares_do_not_know_the_size_of_the_account(factor):
    curve = jump(honest(), 60, 3_000.0)
    small, large = compare(curve, factor * curve)
    for name in ("gain_share__366d__max", "gain__366d__gini", "burst_level_share__366d__max", "zero_gain__366d__share"):
        assert large[f"growth__{name}"] == pytest.approx(small[f"growth__{name}"], rel=1e-9)


@pytest.mark.parametrize("gain", [1.0, 3.0, 7.0, 123.0])
@pytest.mark.parametrize("number", [9, 20, 33, 61])
def test_constant_growth_has_no_rhythm(gain, number):
    # log1p(3) less the mean of many log1p(3) is not quite 0: noise over noise would be a correlation of 0.97.
    row = one(creator("a", curve=1_000.0 + gain * np.arange(number), followed=50.0 + 2.0 * np.arange(number)))
    assert math.isnan(row["growth__rhythm__366d__lag1"])
    assert math.isnan(row["growth__rhythm__366d__lag7"])
    assert math.isnan(row["growth__following_change__366d__gain_correlation"])


@pytest.mark.parametrize(
    ("number", "step", "known"), [(5, 7, False), (6, 3, False), (6, 7, True), (21, 1, False), (22, 1, True)]
)
def test_six_counts_over_three_weeks_are_needed(number, step, known):
    row = one(
        creator(
            "a", curve=1_000.0 + np.arange(number) ** 2, days=step * np.arange(number), followed=np.full(number, 90.0)
        )
    )
    growth = [name for name in row.index if name.startswith("growth__")]
    assert bool(row[growth].notna().any()) == known


def test_an_account_that_nobody_follows_has_no_curve_to_judge():
    row = one(creator("a", curve=np.zeros(60)))
    assert row[[name for name in row.index if name.startswith("growth__")]].isna().all()


# Slow and obvious versions


def oracle(days, counts):
    """Return some features of one curve by the plainest code there is."""
    gains = [b - a for a, b in pairwise(counts)]
    spans = [b - a for a, b in pairwise(days)]
    usual = statistics.median(spans)
    eligible = [span <= 3 * usual for span in spans]
    won = [max(g, 0.0) for g in gains]
    sudden = [w if ok else 0.0 for w, ok in zip(won, eligible, strict=True)]
    total, m = sum(won), len(gains)
    rates = [g / s for g, s in zip(gains, spans, strict=True)]
    out = {"zero_gain__366d__share": gains.count(0.0) / m, "loss__366d__share": sum(g < 0 for g in gains) / m}
    if total > 0:
        out["gain_share__366d__max"] = max(sudden) / total
        out["gain_share__366d__top3"] = sum(sorted(sudden)[-3:]) / total
        out["loss__366d__to_gain"] = min(sum(max(-g, 0.0) for g in gains) / total, 1e3)
        out["recent_gain__30d__share"] = sum(w for w, d in zip(won, days[1:], strict=True) if d > days[-1] - 30) / total
    if sum(sudden) > 0:
        pairs = sum(abs(a - b) for a in sudden for b in sudden)
        out["gain__366d__gini"] = pairs / (2 * m * sum(sudden))
        out["gain__366d__effective_share"] = sum(sudden) ** 2 / sum(s * s for s in sudden) / m
    calm = [math.copysign(math.log1p(abs(r)), r) for r in rates]
    middle = statistics.fmean(calm)
    if len(set(calm)) > 1:
        products = sum((a - middle) * (b - middle) for a, b in pairwise(calm))
        out["rhythm__366d__lag1"] = products / sum((a - middle) ** 2 for a in calm)
    expected = slow_expected(rates)
    surprise = [
        (g - e * s) / (2.0 * (max(e, 0.0) + 0.3) ** 0.8 * math.sqrt(s)) if ok else 0.0
        for g, e, s, ok in zip(gains, expected, spans, eligible, strict=True)
    ]
    out["burst_surprise__366d__max"] = math.copysign(math.log1p(abs(max(surprise))), max(surprise))
    out["surprise__366d__share_above_3"] = sum(s > 3 for s in surprise) / m
    return out


def slow_expected(rates):
    """Return the running median over 29 intervals, the window leaning inwards at both ends."""
    m = len(rates)
    width = min(29, m if m % 2 else m - 1)
    starts = [min(max(i - width // 2, 0), m - width) for i in range(m)]
    return [statistics.median(rates[s : s + width]) for s in starts]


@pytest.mark.parametrize("seed", range(8))
def test_slow_version_agrees(seed):
    rng = np.random.default_rng(seed)
    number = int(rng.integers(6, 90))
    days = np.cumsum(rng.choice([1, 1, 1, 2, 5, 20], number)).astype(float)
    counts = (
        1e3 + np.cumsum(np.round(rng.normal(5, 20, number))) + np.where(np.arange(number) > number // 2, 300.0, 0.0)
    )
    row = one(creator("a", curve=np.maximum(counts, 0.0), days=days))
    for name, value in oracle(days.tolist(), np.maximum(counts, 0.0).tolist()).items():
        assert row[f"growth__{name}"] == pytest.approx(value, rel=1e-9, abs=1e-9), name


@pytest.mark.parametrize("number", [6, 7, 29, 30, 31, 100])
def test_expected_rate_is_the_running_median(number):
    rates = np.random.default_rng(number).normal(size=(3, number))
    expected = [slow_expected(row.tolist()) for row in rates]
    assert np.array_equal(expected_rate(rates, np.ones_like(rates)), expected)


def test_spread_of_rate_follows_the_law():
    assert spread_of_rate(np.array([31.0]), np.array([4.0]))[0] ** 2 == pytest.approx(4.0 * 31.3**1.6 * 4.0)


# Bounds


def test_a_million_counts_cost_what_the_window_costs():
    number = 1_000_000
    rng = np.random.default_rng(0)
    days = (np.datetime64("1900-01-01", "D") + np.arange(number)).astype("datetime64[D]")
    counts = 1e6 + np.cumsum(np.round(rng.gamma(1.0, 20.0, number)))
    whole, tail = (_one_creator(days[-n:], counts[-n:]) for n in (number, 367))
    as_of = np.array([float(days[-1].astype(np.int64)) + 1.0])
    view = View(whole, as_of)
    assert view.history.lengths.tolist() == [367]
    got, expected = compute(view), compute(View(tail, as_of))
    assert all(np.array_equal(got[name], expected[name], equal_nan=True) for name in expected)
    assert all(
        np.isfinite(got[name]).all() for name in ("growth__gain__366d__gini", "growth__burst_surprise__366d__max")
    )


def _one_creator(days, counts):
    """Return tables of one creator with more counts than any reader would let through."""
    ids = pa.array(["a"], pa.large_string())
    creators = Table(CONTRACTS["creators"], {"creator_id": ids, "platform": ids}, np.array([0, 1]))
    columns = {"observed_on": days, "followers": counts}
    return Tables(creators, Table(CONTRACTS["follower_history"], columns, np.array([0, len(days)])))
