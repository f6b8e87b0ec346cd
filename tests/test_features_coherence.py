"""Do the pillars tell one story: bought followers leave posts behind, slow obvious versions agree."""

import math
import statistics

import numpy as np
import pytest

import worlds
from worlds import creator, features, one, organic_curve, organic_posts

DAYS = 120
BURST = 60
PART = "coherence__growth_engagement_"


def posts_of(rng, lift=1.0, from_day=BURST, spread=0.3):
    """Return a post every two days whose counts are ``lift`` times as high after a day."""
    posts = organic_posts(DAYS // 2, DAYS, rng, spread=spread)
    posts["day"] = np.arange(0.0, DAYS, 2.0) + 0.5
    later = np.where(posts["day"] > from_day, lift, 1.0)
    return posts | {n: np.round(posts[n] * later) for n in ("likes", "comments_count", "views")}


def jumped(rng, size=4_000.0):
    return organic_curve(DAYS, rng) + np.where(np.arange(DAYS) >= BURST, size, 0.0)


def compare(first, second):
    frame = features(worlds.join(creator("first", **first), creator("second", **second)))
    return frame.loc["first"], frame.loc["second"]


@pytest.mark.parametrize("seed", range(3))
def test_engagement_answers_earned_followers_and_not_bought_ones(seed):
    # The same jump of the curve: after the one the new followers like and watch, after the other nothing changes.
    curve = jumped(np.random.default_rng(seed))
    earned, bought = compare(
        {"curve": curve, "posts": posts_of(np.random.default_rng(seed), lift=curve[-1] / curve[0])},
        {"curve": curve, "posts": posts_of(np.random.default_rng(seed))},
    )
    for name in ("likes", "comments", "views", "elasticity"):
        assert earned[f"{PART}response__burst__{name}"] > bought[f"{PART}response__burst__{name}"] + 0.3, name
    for name in ("gap", "comment_gap"):
        assert bought[f"{PART}trend__366d__{name}"] > earned[f"{PART}trend__366d__{name}"] + 0.3, name


def test_burst_with_a_strong_post_is_explained():
    curve = jumped(np.random.default_rng(0))
    posts = posts_of(np.random.default_rng(0), spread=0.1)
    hit = np.isclose(posts["day"], BURST - 1.5)
    viral = posts | {n: np.where(hit, 40.0 * posts[n], posts[n]) for n in ("likes", "comments_count", "views")}
    explained, alone = compare({"curve": curve, "posts": viral}, {"curve": curve, "posts": posts})
    assert explained[f"{PART}cause__burst__surprise"] > alone[f"{PART}cause__burst__surprise"] + 3.0
    assert explained[f"{PART}unexplained__366d__share"] < 0.05
    assert alone[f"{PART}unexplained__366d__share"] > 0.2
    assert alone[f"{PART}unexplained__366d__max"] > explained[f"{PART}unexplained__366d__max"] + 1.0


def test_followers_that_come_without_posts_are_idle():
    curve = jumped(np.random.default_rng(0))
    posts = posts_of(np.random.default_rng(0))
    # Nothing was posted in the three weeks around the jump.
    silent = {n: np.asarray(v)[np.abs(posts["day"] - BURST) > 12] for n, v in posts.items()}
    busy, idle = compare({"curve": curve, "posts": posts}, {"curve": curve, "posts": silent})
    assert busy[f"{PART}coupling__366d__idle_share"] == 0.0
    assert idle[f"{PART}coupling__366d__idle_share"] > 0.5
    assert busy[f"{PART}cause__burst__posts"] > 0.0
    assert idle[f"{PART}cause__burst__posts"] == 0.0


def test_growth_that_follows_strong_posts_is_coupled():
    rng = np.random.default_rng(4)
    posts = posts_of(rng, spread=1.0)
    strong = np.repeat(np.log(posts["likes"]) - np.log(posts["likes"]).mean(), 2)[:DAYS]
    gains = np.round(20.0 * np.exp(strong))
    coupled = 5_000.0 + np.concatenate([[0.0], np.cumsum(gains[:-1])])
    apart = 5_000.0 + np.concatenate([[0.0], np.cumsum(rng.permutation(gains)[:-1])])
    together, random = compare({"curve": coupled, "posts": posts}, {"curve": apart, "posts": posts})
    assert together[f"{PART}coupling__366d__correlation"] > random[f"{PART}coupling__366d__correlation"] + 0.2


def test_monthly_curve_cannot_say_which_post_did_it():
    rng = np.random.default_rng(0)
    row = one(creator("a", curve=organic_curve(9, rng), days=np.arange(9) * 15, posts=posts_of(rng)))
    for name in (
        "cause__burst__posts",
        "cause__burst__surprise",
        "unexplained__366d__share",
        "coupling__366d__correlation",
    ):
        assert math.isnan(row[PART + name]), name


def test_posts_without_any_count_leave_causes_unknown():
    # Nobody knows how strong the posts were: that is not the same as weak posts.
    curve = jumped(np.random.default_rng(0))
    bare = {"day": posts_of(np.random.default_rng(0))["day"]}
    row = one(creator("a", curve=curve, posts=bare))
    for name in (
        "cause__burst__surprise",
        "unexplained__366d__share",
        "unexplained__366d__max",
        "coupling__366d__correlation",
    ):
        assert math.isnan(row[PART + name]), name
    assert row[f"{PART}cause__burst__posts"] > 0
    assert row[f"{PART}coupling__366d__idle_share"] == 0.0


def test_pillars_that_are_not_there():
    posts = posts_of(np.random.default_rng(0))
    for world in (creator("a", posts=posts), creator("a", curve=np.arange(100.0)), creator("a")):
        row = one(world)
        assert row[[n for n in row.index if n.startswith("coherence")]].isna().all()


# Slow and obvious versions


@pytest.mark.parametrize("seed", range(5))
def test_slow_trend_gap_agrees(seed):
    rng = np.random.default_rng(seed)
    posts = posts_of(rng, lift=rng.uniform(0.5, 2.0))
    curve = jumped(rng, 1_000.0 * seed)
    row = one(creator("a", curve=curve, posts=posts), worlds.START + np.timedelta64(DAYS + 5, "D"))
    level = np.interp(posts["day"], np.arange(DAYS), curve)
    half = len(level) // 2
    growth = statistics.fmean(np.log1p(level[half:])) - statistics.fmean(np.log1p(level[:half]))
    for name, column in (("gap", "likes"), ("comment_gap", "comments_count")):
        log = np.log1p(np.asarray(posts[column], dtype=float))
        expected = growth - (statistics.fmean(log[half:]) - statistics.fmean(log[:half]))
        assert row[f"{PART}trend__366d__{name}"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_slow_response_agrees(seed):
    rng = np.random.default_rng(seed)
    posts, curve = posts_of(rng, lift=rng.uniform(0.5, 3.0)), jumped(rng)
    row = one(creator("a", curve=curve, posts=posts), worlds.START + np.timedelta64(DAYS + 5, "D"))
    start, end = BURST - 1, BURST
    after = [i for i, d in enumerate(posts["day"]) if end + 0.5 < d <= end + 21]
    before = [i for i, d in enumerate(posts["day"]) if d < start - 1][-8:]
    for name, column in (("likes", "likes"), ("comments", "comments_count"), ("views", "views")):
        log = np.log1p(np.asarray(posts[column], dtype=float))
        expected = statistics.fmean(log[after]) - statistics.fmean(log[before])
        assert row[f"{PART}response__burst__{name}"] == pytest.approx(expected, abs=1e-9)
    inside = [i for i, d in enumerate(posts["day"]) if start - 3 <= math.floor(d) <= end]
    assert row[f"{PART}cause__burst__posts"] == len(inside)


@pytest.mark.parametrize("seed", range(5))
def test_slow_idle_share_agrees(seed):
    rng = np.random.default_rng(seed)
    days = np.sort(rng.choice(DAYS, 14, replace=False)) + 0.25
    curve = organic_curve(DAYS, rng)
    posts = organic_posts(14, DAYS, rng) | {"day": days}
    row = one(creator("a", curve=curve, posts=posts), worlds.START + np.timedelta64(DAYS + 5, "D"))
    total = idle = 0.0
    for end in range(1, DAYS):
        if end < days[0]:
            continue  # posts before the first one that was read are not known
        won = max(curve[end] - curve[end - 1], 0.0)
        total += won
        idle += won * (not any(end - 1 - 7 <= math.floor(d) <= end for d in days))
    assert row[f"{PART}coupling__366d__idle_share"] == pytest.approx(idle / total, abs=1e-9)
