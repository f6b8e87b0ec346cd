"""Likes and comments: what was planted is seen, and slow obvious versions give the same numbers."""

import math
import statistics
from itertools import pairwise

import numpy as np
import pytest

import worlds
from worlds import creator, features, one, organic_posts

SPAN = 120.0
LEVEL = 10_000.0
NUMBER = 40


def made(seed=0, **columns):
    """Return honest posts with some columns replaced by functions of the honest ones."""
    posts = organic_posts(NUMBER, SPAN, np.random.default_rng(seed))
    return posts | {name: edit(posts) for name, edit in columns.items()}


def account(name, posts):
    return creator(name, curve=np.full(int(SPAN), LEVEL), posts=posts)


def compare(before, after):
    frame = features(worlds.join(account("before", before), account("after", after)))
    return frame.loc["before"], frame.loc["after"]


# Known truth


@pytest.mark.parametrize("seed", range(3))
def test_floor_of_bought_likes_evens_them_out(seed):
    plain, bought = compare(made(seed), made(seed, likes=lambda p: p["likes"] + 3_000.0))
    for name in ("likes__100p__spread", "likes__100p__peak"):
        assert bought[f"engagement__{name}"] < 0.5 * plain[f"engagement__{name}"], name
    assert bought["engagement__likes__100p__floor"] > plain["engagement__likes__100p__floor"] + 0.5
    assert bought["engagement__comments_per_like__100p__log"] < plain["engagement__comments_per_like__100p__log"] - 0.5
    assert bought["engagement__coupling__100p__view_residual"] > plain["engagement__coupling__100p__view_residual"]


def test_subscription_of_likes_from_a_day_on_is_a_step():
    newer = np.arange(NUMBER) >= 20
    plain, bought = compare(made(), made(likes=lambda p: p["likes"] + 1_500.0 * newer))
    assert bought["engagement__likes__100p__step"] > plain["engagement__likes__100p__step"] + 5.0
    assert bought["engagement__likes__100p__spread_change"] < plain["engagement__likes__100p__spread_change"] - 0.5
    plain, ended = compare(made(), made(likes=lambda p: p["likes"] + 1_500.0 * ~newer))
    assert ended["engagement__likes__100p__step_down"] > plain["engagement__likes__100p__step_down"] + 5.0


def test_likes_bought_for_some_posts_are_orphans():
    bought = np.isin(np.arange(NUMBER), (5, 17, 30))
    plain, orphaned = compare(made(), made(likes=lambda p: p["likes"] + 20_000.0 * bought))
    assert orphaned["engagement__orphan_likes__100p__share"] > plain["engagement__orphan_likes__100p__share"]
    assert orphaned["engagement__orphan_likes__100p__excess"] > plain["engagement__orphan_likes__100p__excess"] + 1.0
    key = "engagement__coupling__100p__likes_comments"
    assert orphaned[key] < plain[key] - 0.2


def test_views_bought_for_some_posts_are_orphans():
    bought = np.isin(np.arange(NUMBER), (5, 17, 30, 33))
    plain, orphaned = compare(made(), made(views=lambda p: p["views"] * (1.0 + 50.0 * bought)))
    assert orphaned["engagement__orphan_views__100p__share"] > plain["engagement__orphan_views__100p__share"]
    key = "engagement__coupling__100p__likes_views"
    assert orphaned[key] < plain[key] - 0.2


def test_comments_that_do_not_follow_likes_lose_the_coupling():
    plain, bought = compare(made(), made(comments_count=lambda p: np.full(NUMBER, 25.0)))
    assert plain["engagement__coupling__100p__likes_comments"] > 0.6
    assert math.isnan(bought["engagement__coupling__100p__likes_comments"])
    assert bought["engagement__coupling__100p__slope"] == 0.0


def test_likes_above_views_and_hidden_likes_are_counted():
    row = one(account("a", made(likes=lambda p: np.where(np.arange(NUMBER) < 10, np.nan, 1e9))))
    assert row["engagement__likes_above_views__100p__share"] == 1.0
    assert row["engagement__hidden_likes__100p__share"] == 0.25


def test_likes_bought_for_sponsored_posts_are_a_contrast():
    plain, bought = compare(made(), made(likes=lambda p: p["likes"] * (1.0 + 9.0 * p["is_sponsored"])))
    assert bought["engagement__sponsored__100p__contrast"] > plain["engagement__sponsored__100p__contrast"] + 1.0


def test_made_up_digits_are_uneven():
    plain, invented = compare(made(), made(likes=lambda p: np.floor(p["likes"] / 10) * 10 + 7))
    assert invented["engagement__digits__100p__last"] > plain["engagement__digits__100p__last"] + 1.0


def test_likes_of_a_new_month_are_set_against_the_earlier_ones():
    plain, risen = compare(made(), made(likes=lambda p: p["likes"] * np.where(p["day"] > SPAN - 28, 20.0, 1.0)))
    assert risen["engagement__likes__30d__shift"] > plain["engagement__likes__30d__shift"] + 2.0


@pytest.mark.parametrize("factor", [10.0, 1_000.0])
def test_size_cancels_out_of_rates(factor):
    posts = made()
    scaled = posts | {n: posts[n] * factor for n in ("likes", "views")}
    small = one(creator("small", curve=np.full(120, LEVEL), posts=posts))
    large = one(creator("large", curve=np.full(120, LEVEL * factor), posts=scaled))
    for name in ("like_rate__100p__median", "view_rate__100p__median", "likes__100p__spread", "likes__100p__step"):
        assert large[f"engagement__{name}"] == pytest.approx(small[f"engagement__{name}"], abs=0.05)


@pytest.mark.parametrize("likes", [0.0, 3.0, 7.0, 50.0, 1e9])
def test_constant_counts_have_no_correlation(likes):
    # A constant less its mean is rounding noise, and noise over noise would be a correlation of 1.
    posts = {"day": np.linspace(0, 90, 20), "likes": np.full(20, likes), "views": likes * 11.0, "comments_count": 4.0}
    row = one(account("a", posts))
    for name in (
        "likes__100p__lag1",
        "coupling__100p__likes_comments",
        "coupling__100p__slope",
        "coupling__100p__likes_views",
    ):
        assert math.isnan(row[f"engagement__{name}"]), name


@pytest.mark.parametrize("number", [0, 1, 4, 5])
def test_five_posts_are_needed(number):
    posts = {name: np.asarray(values)[:number] for name, values in made().items()}
    row = one(account("a", posts))
    statistics_known = row[[n for n in row.index if n.startswith("engagement__")]].notna()
    assert statistics_known["engagement__likes__100p__spread"] == (number >= 5)
    assert statistics_known["engagement__hidden_likes__100p__share"] == (number >= 1)
    # Three posts of one format would tell a rate; four posts of two formats tell only what is hidden.
    assert number >= 5 or not statistics_known.drop("engagement__hidden_likes__100p__share").any()
    assert statistics_known["engagement__like_level__100p__log"] == (number >= 5)


@pytest.mark.parametrize("number", [1, 3, 40])
def test_levels_are_means_per_post_whatever_their_number(number):
    posts = {"day": np.linspace(0, 90, number), "likes": 200.0, "comments_count": 10.0, "shares": 5.0}
    posts = {name: np.broadcast_to(values, number) for name, values in posts.items()}
    # A row that is no post but the sum of all tells levels alone.
    posts["format"] = np.full(number, "total" if number < 5 else "image")
    row = one(account("a", posts))
    per_follower = math.log10(200.0 / 10_000.0)
    assert row["engagement__like_level__100p__log"] == pytest.approx(per_follower, abs=0.002)
    assert row["engagement__comment_level__100p__log"] == pytest.approx(per_follower - math.log10(20.0), abs=0.03)
    assert row["engagement__share_level__100p__log"] == pytest.approx(per_follower - math.log10(40.0), abs=0.05)
    assert row["engagement__comment_like_level__100p__log"] == pytest.approx(-math.log10(20.0), abs=0.03)


def test_unknown_likes_are_not_zero_likes():
    known = np.arange(NUMBER) % 2 == 0
    half = made(likes=lambda p: np.where(known, p["likes"], np.nan))
    only_half = {name: np.asarray(values)[known] for name, values in made().items()}
    got, expected = one(account("a", half)), one(account("a", only_half))
    for name in (
        "like_rate__100p__median",
        "likes__100p__floor",
        "likes__100p__spread",
        "coupling__100p__likes_comments",
    ):
        assert got[f"engagement__{name}"] == expected[f"engagement__{name}"], name


def test_posts_of_the_last_two_days_are_not_judged_yet():
    old, fresh = made(), made()
    fresh = {
        n: np.concatenate([v, [SPAN - 0.5] if n == "day" else ["px"] if n == "post_id" else v[-1:]])
        for n, v in fresh.items()
    }
    fresh["likes"][-1] = fresh["comments_count"][-1] = 0.0
    day = worlds.START + np.timedelta64(int(SPAN), "D")
    got, expected = one(account("a", fresh), day), one(account("a", old), day)
    changed = [
        n
        for n in got.index
        if n.startswith("engagement__likes") and got[n] != expected[n] and expected[n] == expected[n]
    ]
    assert changed == []


# Slow and obvious versions


def slope_and_rest(values, days):
    t = [d - statistics.fmean(days) for d in days]
    centre = statistics.fmean(values)
    slope = sum(a * (v - centre) for a, v in zip(t, values, strict=True)) / sum(a * a for a in t)
    return slope, [v - centre - slope * a for a, v in zip(t, values, strict=True)]


def oracle(days, likes, comments, views):
    """Return some features of one creator by the plainest code there is."""
    log, talk = [math.log1p(v) for v in likes], [math.log1p(v) for v in comments]
    slope, rest = slope_and_rest(log, days)
    seen = [math.log1p(v) for v in views]
    middle = statistics.fmean(rest)
    lag = sum((a - middle) * (b - middle) for a, b in pairwise(rest)) / sum((a - middle) ** 2 for a in rest)
    return {
        "like_rate__100p__median": statistics.median(math.log10((v + 0.5) / LEVEL) for v in likes),
        "view_rate__100p__median": statistics.median(math.log10((v + 0.5) / LEVEL) for v in views),
        "comment_rate__100p__mean": math.log10((statistics.fmean(comments) + 0.05) / LEVEL),
        "likes__100p__spread": statistics.pstdev(rest),
        "likes__100p__floor": min(log) - statistics.median(log),
        "likes__100p__lag1": lag,
        "likes__100p__trend": min(max(30 * slope, -5), 5),
        "coupling__100p__likes_comments": statistics.correlation(log, talk),
        "coupling__100p__slope": statistics.linear_regression(log, talk).slope,
        "coupling__100p__likes_views": statistics.correlation(log, seen),
        "likes_above_views__100p__share": sum(a > b for a, b in zip(likes, views, strict=True)) / len(likes),
        "zero_comments__100p__share": comments.count(0.0) / len(comments),
        "likes_per_view__100p__log": math.log10((sum(likes) + 0.5) / (sum(views) + 10.0)),
        "posting__100p__gap_cv": statistics.pstdev(np.diff(days)) / statistics.fmean(np.diff(days)),
    }


@pytest.mark.parametrize("seed", range(8))
def test_slow_version_agrees(seed):
    rng = np.random.default_rng(seed)
    number = int(rng.integers(5, 90))
    posts = organic_posts(number, SPAN - 3.0, rng)
    posts["day"] = np.round(posts["day"] * 86_400.0) / 86_400.0
    row = one(account("a", posts))
    columns = ([float(v) for v in posts[n]] for n in ("day", "likes", "comments_count", "views"))
    for name, value in oracle(*columns).items():
        assert row[f"engagement__{name}"] == pytest.approx(value, rel=1e-9, abs=1e-9), name


@pytest.mark.parametrize("seed", range(4))
def test_slow_step_agrees(seed):
    # The largest t of all ways to cut the posts in an older and a newer part.
    posts = organic_posts(24, SPAN - 3.0, np.random.default_rng(seed))
    posts["day"] = np.round(posts["day"] * 86_400.0) / 86_400.0
    values = [math.log(v + 0.5) - math.log(LEVEL) for v in posts["likes"]]
    _, rest = slope_and_rest(values, [float(d) for d in posts["day"]])
    middle = statistics.fmean(rest)
    rho = sum((a - middle) * (b - middle) for a, b in pairwise(rest)) / sum((a - middle) ** 2 for a in rest)
    shrink = math.sqrt((1 - min(max(rho, 0.0), 0.8)) / (1 + min(max(rho, 0.0), 0.8)))
    steps = []
    for k in range(4, len(values) - 3):
        older, newer = values[:k], values[k:]
        within = (statistics.pvariance(older) * len(older) + statistics.pvariance(newer) * len(newer)) / (
            len(values) - 2
        )
        error = math.sqrt((within + 0.01) * (1 / len(older) + 1 / len(newer)))
        steps.append(shrink * (statistics.fmean(newer) - statistics.fmean(older)) / error)
    row = one(account("a", posts))
    assert row["engagement__likes__100p__step"] == pytest.approx(max(*steps, 0.0), abs=1e-9)
    assert row["engagement__likes__100p__step_down"] == pytest.approx(max(*(-s for s in steps), 0.0), abs=1e-9)
