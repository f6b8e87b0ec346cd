"""Windows of growth and the innocence test: what is found, and what each explanation is moved by."""

import numpy as np
import pytest

from realreach.features.innocence import EXPLANATIONS, innocence_of
from realreach.features.view import View, decision_days
from realreach.features.windows import curve_of, growth_windows
from worlds import checked, creator, join, one, organic_curve, organic_posts

DAYS = 150
AT = 90
PART = "coherence__growth_engagement_innocence__366d__"


def curve_with(rng, size=4_000.0, length=1, at=AT):
    """Return an organic curve with ``size`` followers delivered evenly over some days."""
    step = np.clip((np.arange(DAYS) - at + 1) / length, 0.0, 1.0)
    return organic_curve(DAYS, rng) + np.round(size * step)


def posts_of(rng, lift=1.0):
    """Return a post every two days, their counts ``lift`` times as high from the window on."""
    posts = organic_posts(DAYS // 2, DAYS, rng, spread=0.3)
    posts["day"] = np.arange(0.0, DAYS, 2.0)[: len(posts["day"])] + 0.5
    later = np.where(posts["day"] >= AT, lift, 1.0)
    return posts | {n: np.round(posts[n] * later) for n in ("likes", "comments_count", "views")}


def asked(world):
    tables = checked(world)
    return innocence_of(View(tables, decision_days(tables)))


def largest(test):
    return int(np.argmax(test.windows.excess))


def start_of(world):
    return View(checked(world), decision_days(checked(world))).history.columns["day"][0]


@pytest.mark.parametrize(("size", "length"), [(4_000.0, 1), (4_000.0, 3), (6_000.0, 10), (9_000.0, 25)])
@pytest.mark.parametrize("seed", range(2))
def test_delivery_is_found_where_and_as_large_as_it_was(size, length, seed):
    world = creator("a", curve=curve_with(np.random.default_rng(seed), size, length))
    test = asked(world)
    i = largest(test)
    begin = test.windows.start[i] - start_of(world)
    end = test.windows.end[i] - start_of(world)
    assert begin <= AT
    assert begin >= AT - 7
    assert end >= AT + 0.7 * length - 1
    assert test.windows.excess[i] == pytest.approx(size, rel=0.25)
    assert test.verdict[i] == 2


def test_quiet_growth_has_no_window_that_is_not_explained():
    for seed in range(8):
        test = asked(creator("a", curve=organic_curve(DAYS, np.random.default_rng(seed))))
        assert (test.verdict == 0).all()


def test_weekly_counts_are_judged_and_monthly_ones_are_not():
    rng = np.random.default_rng(0)
    daily = organic_curve(400, rng) + np.where(np.arange(400) >= 200, 6_000.0, 0.0)
    weekly = asked(creator("a", curve=daily[::7], days=np.arange(0, 400, 7)))
    monthly = asked(creator("a", curve=daily[::30], days=np.arange(0, 400, 30)))
    assert (weekly.verdict == 2).sum() == 1
    assert len(monthly.windows) == 0


def test_gap_is_no_window():
    rng = np.random.default_rng(0)
    curve, kept = curve_with(rng), np.r_[0:80, 100:DAYS]
    world = creator("a", curve=curve[kept], days=kept)
    test = asked(world)
    first = start_of(world)
    assert ((test.windows.end <= first + 79) | (test.windows.start >= first + 100)).all()
    assert (test.verdict == 0).all()


def test_windows_of_a_creator_do_not_overlap():
    rng = np.random.default_rng(3)
    gains = rng.pareto(1.1, 300) * 30
    tables = checked(creator("a", curve=5_000 + np.cumsum(np.round(gains))))
    windows = growth_windows(curve_of(View(tables, decision_days(tables)).history))
    assert len(windows) > 2
    assert (windows.first[1:] > windows.last[:-1]).all()
    assert (windows.end > windows.start).all()


def verdict_of(posts=None, **more):
    world = creator("a", curve=curve_with(np.random.default_rng(1), **more), posts=posts)
    test = asked(world)
    return test, largest(test)


def test_post_must_be_as_strong_as_the_window_is_large():
    posts = posts_of(np.random.default_rng(1))
    near = np.argmin(np.abs(np.asarray(posts["day"]) - AT))
    strengths = {}
    for times in (1.0, 3.0, 300.0):
        lifted = posts | {
            n: np.where(np.arange(len(posts[n])) == near, posts[n] * times, posts[n]) for n in ("likes", "views")
        }
        test, i = verdict_of(lifted)
        strengths[times] = test.strengths["post"][i], test.verdict[i]
    assert strengths[1.0] == (0.0, 2)
    assert strengths[3.0][0] < 0.3
    assert strengths[300.0][0] > 0.6
    assert strengths[300.0][1] == 0


@pytest.mark.parametrize("words", ["GIVEAWAY time! tag 3 friends", "Bagi-bagi hadiah buat kalian"])
def test_giveaway_that_is_talked_about_explains(words):
    posts = posts_of(np.random.default_rng(1))
    near = int(np.argmin(np.abs(np.asarray(posts["day"]) - AT)))
    plain, i = verdict_of(posts)
    captions = list(posts["caption"])
    captions[near] = words
    said, _ = verdict_of(posts | {"caption": captions})
    counts = np.where(
        np.arange(len(captions)) == near, 10 * np.asarray(posts["comments_count"]) + 90, posts["comments_count"]
    )
    talked, _ = verdict_of(posts | {"caption": captions, "comments_count": counts})
    assert plain.strengths["giveaway"][i] == 0.0
    assert 0.0 < said.strengths["giveaway"][i] < 0.3
    assert talked.strengths["giveaway"][i] > said.strengths["giveaway"][i] + 0.2


def test_engagement_that_jumps_along_is_a_level_step_on_one_day_and_a_response_over_many():
    posts = posts_of(np.random.default_rng(1), lift=1.8)
    once, i = verdict_of(posts, size=5_000.0)
    slow, k = verdict_of(posts, size=5_000.0, length=6)
    assert once.strengths["level_step"][i] > 0.3
    assert once.strengths["response"][i] == 0.0
    assert slow.strengths["response"][k] > 0.2
    assert slow.strengths["level_step"][k] == 0.0
    silent, j = verdict_of(posts_of(np.random.default_rng(1)), size=5_000.0)
    assert silent.strengths["level_step"][j] == 0.0
    assert once.answer[i] > 1.0 > silent.answer[j]


def test_curve_explains_a_rebound_rounding_and_a_following_wave():
    rng = np.random.default_rng(2)
    base = organic_curve(DAYS, rng)
    purged = base - np.where((np.arange(DAYS) >= 80) & (np.arange(DAYS) < 86), 2_000.0, 0.0)
    test = asked(creator("a", curve=purged))
    assert test.strengths["rebound"][largest(test)] > 0.7
    assert test.verdict[largest(test)] == 0
    followed = np.where(np.arange(DAYS) >= AT - 2, 9_000.0, 100.0)
    wave = asked(creator("a", curve=curve_with(rng, 1_200.0), followed=followed))
    assert wave.strengths["following_wave"][largest(wave)] > 0.7


def test_features_tell_unexplained_growth_from_explained():
    rng = np.random.default_rng(1)
    bought = one(creator("a", curve=curve_with(rng), posts=posts_of(np.random.default_rng(1))))
    quiet = one(creator("a", curve=organic_curve(DAYS, rng), posts=posts_of(np.random.default_rng(1))))
    for name in ("growth__innocence__366d__unexplained_share", f"{PART}unexplained_share", f"{PART}largest_share"):
        assert bought[name] > 0.25, name
        assert quiet[name] < 0.02, name
    assert bought["growth__innocence__366d__windows"] == 1.0
    assert bought[f"{PART}explained_share"] < 0.4


def test_curve_alone_has_the_features_of_the_curve_only():
    bare = {"day": posts_of(np.random.default_rng(1))["day"]}
    uncounted = one(creator("a", curve=curve_with(np.random.default_rng(1)), posts=bare))
    assert uncounted[[n for n in uncounted.index if n.startswith(PART)]].isna().all()
    row = one(creator("a", curve=curve_with(np.random.default_rng(1))))
    assert row["growth__innocence__366d__unexplained_share"] > 0.25
    assert row[[n for n in row.index if n.startswith(PART)]].isna().all()


def test_crowd_changes_no_window():
    worlds = [
        creator(f"c{i}", curve=curve_with(np.random.default_rng(i)), posts=posts_of(np.random.default_rng(i)))
        for i in range(4)
    ]
    together, alone = asked(join(*worlds)), asked(worlds[2])
    own = together.windows.owner == 2
    assert own.sum() == len(alone.windows) > 0
    assert together.windows.surprise[own].tobytes() == alone.windows.surprise.tobytes()
    for name in alone.strengths:
        assert together.strengths[name][own].tobytes() == alone.strengths[name].tobytes(), name


def test_every_explanation_has_words():
    test, _ = verdict_of(posts_of(np.random.default_rng(1)))
    assert set(test.strengths) | {"same_day"} == set(EXPLANATIONS)
    for strength in test.strengths.values():
        assert ((strength >= 0.0) & (strength <= 1.0)).all()
