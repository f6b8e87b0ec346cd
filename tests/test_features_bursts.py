"""The main burst on curves made by hand: every number can be worked out on paper."""

import numpy as np
import pytest

import worlds
from realreach.features.blocks import Ragged
from realreach.features.growth import curve_features

USUAL = 10.0
SPREAD = 2.0 * (USUAL + 0.3) ** 0.8
"""What honest creators with ten new followers a day stray by."""
SHOULDER = np.round(USUAL + 1.5 * SPREAD)
"""More than usual, but no burst: above one spread, below two."""
BURST = np.array([200.0, 400.0, 300.0, 150.0, 60.0])


def features(gain, as_of=None, first=1_003.0):
    # Counts that all ended in nought would be taken for rounded ones.
    level = np.concatenate([[first], first + np.cumsum(gain)])
    day = 19_000.0 + np.arange(len(level))
    columns = {"day": day, "followers": level, "following": np.full(len(level), np.nan)}
    when = np.array([day[-1] + 1.0 if as_of is None else day[0] + as_of])
    found = curve_features(Ragged(columns, np.array([0, len(level)])), when)
    return {name.removeprefix("growth__"): values[0] for name, values in found.items()} | {"level": level}


def steady(days=120, **at):
    gain = np.full(days, USUAL)
    for place, values in at.items():
        first = int(place.removeprefix("d"))
        gain[first : first + np.size(values)] = values
    return gain


@pytest.fixture(scope="module")
def plain():
    return features(steady(d59=SHOULDER, d60=BURST, d65=SHOULDER))


def test_the_burst_ends_where_growth_is_below_two_spreads(plain):
    assert plain["burst_width__366d__log_days"] == pytest.approx(np.log(1.0 + len(BURST)))
    assert plain["burst_size_share__366d__max"] == pytest.approx(
        (BURST - USUAL).sum() / steady(d59=SHOULDER, d60=BURST, d65=SHOULDER).sum()
    )
    assert plain["burst_before__366d__share"] == pytest.approx(plain["level"][60] / plain["level"][-1])
    assert plain["context__burst_age__366d__days"] == 120 - 65


def test_form_of_the_burst(plain):
    mean = BURST.mean()
    assert plain["burst_flatness__366d__cv"] == pytest.approx(np.sqrt(((BURST - mean) ** 2).mean()) / mean)
    assert plain["burst_run_up__366d__ratio"] == pytest.approx((2 * USUAL + SHOULDER) / 3 / 400.0)
    assert plain["burst_relaxation__366d__next"] == pytest.approx(300.0 / 400.0)
    assert plain["burst_relaxation__366d__next3"] == pytest.approx(BURST[2:].mean() / 400.0)
    two = features(steady(d60=[200.0, 300.0]))
    assert np.isnan(two["burst_flatness__366d__cv"])
    assert two["burst_width__366d__log_days"] == pytest.approx(np.log(3.0))


def test_growth_that_relaxes_by_a_power_has_its_exponent():
    at = np.concatenate([[0.5], np.arange(1.5, 31.0)])
    decay = np.full(120, USUAL)
    decay[60:] = np.concatenate([1e6 * (at / 0.5) ** -0.8, np.full(30, USUAL)])[:60]
    assert features(decay)["burst_decay__366d__exponent"] == pytest.approx(0.8, abs=1e-3)


def test_usual_growth_after_the_burst_is_set_against_that_before():
    gain = steady(d60=BURST)
    gain[65:] = 2.0 * USUAL
    floor = 0.05 * gain.sum() / len(gain)
    assert features(gain)["burst_lift__366d__log_ratio"] == pytest.approx(
        np.log((2.0 * USUAL + floor) / (USUAL + floor))
    )


def test_sides_of_the_burst(plain):
    gain = steady(d59=SHOULDER, d60=BURST, d65=SHOULDER)
    size = (BURST - USUAL).sum()
    assert plain["burst_head__366d__ratio"] == pytest.approx(np.log1p(gain[:60].sum() / size))
    assert plain["burst_tail__366d__ratio"] == pytest.approx(np.log1p(gain[65:].sum() / size))
    assert plain["burst_second__366d__ratio"] == pytest.approx(SHOULDER / 400.0)
    quiet = features(steady(d10=np.zeros(6), d60=BURST, d100=np.zeros(11)))
    assert quiet["burst_quiet_before__366d__share"] == pytest.approx(6 / 60)
    assert quiet["burst_quiet_after__366d__share"] == pytest.approx(11 / 55)


@pytest.mark.parametrize(("days_later", "share"), [(29, 0.5), (30, 0.5), (40, 0.0)])
def test_losses_of_a_month_after_the_burst_are_its_losses(days_later, share):
    size = (BURST - USUAL).sum()
    # The burst ends with day 64; what came in ordinary days since then is lost first.
    loss = share * size + USUAL * (days_later - 1)
    lost = features(steady(**{"d60": BURST, f"d{64 + days_later}": -np.round(loss)}))
    assert lost["burst_loss__366d__share"] == pytest.approx(share, abs=2e-3)


def test_what_is_unexplained_lies_two_spreads_above_the_usual():
    beyond = np.maximum(BURST - USUAL - 2.0 * SPREAD, 0.0).sum()
    early = features(steady(d60=BURST))
    assert early["unexplained_gain__366d__share"] == pytest.approx(beyond / early["level"][-1])
    # Days from the 31st before the decision on are recent; the first of them ends 31 days before.
    late, part = features(steady(d60=BURST), as_of=92), features(steady(d60=BURST), as_of=94)
    assert late["unexplained_gain__30d__share"] == pytest.approx(beyond / late["level"][-1])
    rest = np.maximum(BURST[2:] - USUAL - 2.0 * SPREAD, 0.0).sum()
    assert part["unexplained_gain__30d__share"] == pytest.approx(rest / part["level"][-1])
    assert early["unexplained_gain__30d__share"] == 0.0


def test_one_spike_does_not_pose_as_a_steady_stretch():
    spike = features(steady(d60=5_000.0))
    # It counts for three spreads of one day in a week of seven, in a month of 28.
    assert spike["level_shift__7p__max"] == pytest.approx(np.log1p(3.0 / np.sqrt(7.0)))
    assert spike["level_shift__28p__max"] == pytest.approx(np.log1p(3.0 / np.sqrt(28.0)))
    assert spike["level_shift__28p__share"] == pytest.approx((5_000.0 + 27 * USUAL) / (5_000.0 + 119 * USUAL))


def test_separate_bursts_are_counted(plain):
    assert plain["surprise__366d__runs"] == pytest.approx(100.0 / 120)
    assert plain["surprise__366d__share_above_3"] == pytest.approx((BURST > USUAL + 3.0 * SPREAD).mean() * 5 / 120)
    two = features(steady(d30=400.0, d60=BURST))
    assert two["surprise__366d__runs"] == pytest.approx(200.0 / 120)
    assert two["surprise__366d__second"] == pytest.approx(np.log1p((400.0 - USUAL) / SPREAD))
    assert plain["burst_surprise__366d__max"] == pytest.approx(np.log1p((400.0 - USUAL) / SPREAD))
    assert plain["burst_lot__366d__distance"] == pytest.approx(np.log((BURST - USUAL).sum() / 1_000.0))


def test_without_a_strong_post_what_lies_beyond_two_spreads_is_unexplained():
    level = 1_003.0 + np.concatenate([[0.0], np.cumsum(steady(d60=400.0))])
    posts = worlds.organic_posts(40, 120.0, np.random.default_rng(1))
    even = {name: np.full(40, 90.0) for name in ("likes", "comments_count", "views")}
    row = worlds.one(worlds.creator("a", curve=level, posts=posts | even))
    surprise = (400.0 - USUAL) / SPREAD
    share = 400.0 * (1.0 - 2.0 / surprise) / level[-1]
    assert row["coherence__growth_engagement_unexplained__366d__share"] == pytest.approx(share)
    assert row["coherence__growth_engagement_unexplained__366d__max"] == pytest.approx(np.log1p(surprise))


def test_answer_to_the_burst_is_told_per_step_of_the_followers():
    level = 1_003.0 + np.concatenate([[0.0], np.cumsum(steady(d60=400.0))])
    day = np.arange(40) * 3.0
    likes = np.where(day < 60.0, 90.0, 150.0)
    posts = worlds.organic_posts(40, 120.0, np.random.default_rng(1)) | {"day": day, "likes": likes}
    row = worlds.one(worlds.creator("a", curve=level, posts=posts))
    response = np.log(151.0 / 91.0)
    assert row["coherence__growth_engagement_response__burst__likes"] == pytest.approx(response)
    assert row["coherence__growth_engagement_response__burst__elasticity"] == pytest.approx(
        response / np.log((level[61] + 1.0) / (level[60] + 1.0))
    )
