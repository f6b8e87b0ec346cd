"""Sold engagement: order sizes, delivery, drop, refill, and what each mechanism leaves behind."""

from dataclasses import replace

import numpy as np
import pytest

from realreach.simulate import LOOK_ALIKES, MECHANISMS, SimulationSettings, simulate
from realreach.simulate.life import start_life
from realreach.simulate.posting import draw_posts
from realreach.simulate.profile import draw_profile
from realreach.simulate.services import block, drip, follow_along, hand_over, round_lot, top_ups
from realreach.simulate.shared import draw_shared

ALONE = {"fake_share": 1.0, "mixture": (1, 0, 0), "observation": "complete", "comments_cap": 0}
CALM = dict.fromkeys(LOOK_ALIKES, 0.0)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture
def life(rng):
    """Return an account of 200 days to which nothing happens, in a world without clean-ups."""
    settings = SimulationSettings(tiers={"10k-50k": 1.0})
    shared = draw_shared(1, settings)
    shared = replace(shared, purges=dict.fromkeys(shared.purges, ()))
    profile = replace(draw_profile(rng, settings), age_days=2_000)
    return start_life(profile, shared, draw_posts(rng, profile, []), 200)


@pytest.fixture
def seller(life):
    return replace(life.shared.sellers[0], drop=0.3, refill_days=0, over_delivery=0.0)


def only(mechanism, creators=60, seed=5, **changes):
    """Simulate creators who buy one thing only."""
    weights = {code: float(code == mechanism) for code in MECHANISMS}
    settings = SimulationSettings(**{**ALONE, "mechanism_weights": weights, "look_alikes": CALM, **changes})
    return simulate(creators, seed, settings).frames


def levels(frames, column="followers"):
    return {c: g[column].to_numpy(float) for c, g in frames["follower_history"].groupby("creator_id")}


@pytest.mark.parametrize(("quantity", "lot"), [(20, 20), (104, 100), (430, 500), (740, 700), (9_100, 10_000)])
def test_orders_are_round_lots(quantity, lot):
    assert round_lot(quantity) == lot


def test_a_block_delivers_all_of_it_evenly_and_stops(rng):
    adds = block(rng, 30, start=10.5, quantity=1_000, length_days=2.0)
    assert adds[:10].sum() == adds[13:].sum() == 0
    assert adds.sum() == pytest.approx(1_000, rel=0.1)
    assert adds[11] > adds[10]
    assert adds[11] > adds[12] > 0


def test_a_drip_is_steadier_than_life(rng):
    adds = drip(rng, 60, start=10, quantity=3_000, length=30, jitter=0.05)
    assert adds[:10].sum() == adds[40:].sum() == 0
    assert adds.sum() == pytest.approx(3_000, rel=0.05)
    assert adds[10:40].std() / adds[10:40].mean() < 0.1


def test_hidden_delivery_follows_what_the_account_wins(rng):
    organic = rng.gamma(0.7, 30, 120)
    adds = follow_along(rng, organic, 20, 2_000, 60)
    assert adds[:20].sum() == adds[80:].sum() == 0
    assert adds.sum() == pytest.approx(2_000, rel=0.1)
    usual = np.convolve(organic, np.ones(5) / 5, mode="same")[20:80]
    assert np.corrcoef(adds[20:80], usual)[0, 1] > 0.3


def test_top_ups_come_again_and_again(rng):
    adds = top_ups(rng, 180, per_month=300, every=30)
    at = np.flatnonzero(adds)
    assert len(at) == 6
    assert (np.diff(at) == 30).all()
    assert adds[at].mean() == pytest.approx(300, rel=0.3)


def test_what_drops_is_the_sellers_share_and_most_of_it_early(rng, life, seller):
    adds = np.zeros(200)
    adds[20] = 10_000
    hand_over(rng, life, adds, seller, refill=False)
    lost = life.sold_losses.sum() / 10_000
    assert 0.2 < lost <= 0.33
    assert life.sold_losses[:21].sum() == 0
    assert life.sold_losses[21:80].sum() > life.sold_losses[80:].sum()


def test_a_refill_brings_the_count_back_to_the_same_ceiling(rng, life, seller):
    adds = np.zeros(200)
    adds[20] = 10_000
    hand_over(rng, life, adds, replace(seller, drop=0.5, refill_days=60), refill=True)
    level = life.sold_levels()
    refilled = np.flatnonzero(life.sold_adds[21:]) + 21
    assert len(refilled) >= 2
    assert (level[refilled] == 10_000).all()
    assert level.max() == 10_000
    assert refilled.max() < 80
    assert level[-1] < 10_000


def test_without_a_guarantee_nothing_is_refilled(rng, life, seller):
    adds = np.zeros(200)
    adds[20] = 10_000
    hand_over(rng, life, adds, seller, refill=True)
    assert life.sold_adds.sum() == 10_000


def test_a_burst_shows_as_one_large_day_or_few(rng):
    frames = only("M1", evasion_weights=(1, 0, 0), tiers={"1k-5k": 1.0})
    truth = frames["truth"].set_index("creator_id")
    seen = truth[truth["delivery_days"].notna() & (truth["purchased_share_followers"] > 0.2)].index
    shares = []
    for creator, level in levels(frames).items():
        if creator in seen:
            gains = np.diff(level)
            shares.append(np.sort(gains)[-3:].sum() / max(gains[gains > 0].sum(), 1))
    assert len(shares) > 15
    assert np.median(shares) > 0.6


def test_bought_followers_do_not_like():
    frames = only("M1", creators=80, tiers={"5k-10k": 1.0}, platforms={"instagram": 1.0}, populations={"photo": 1.0})
    none = simulate(
        80, 5, SimulationSettings(**{**ALONE, "fake_share": 0.0}, tiers={"5k-10k": 1.0}, platforms={"instagram": 1.0},
                                  populations={"photo": 1.0}, look_alikes=CALM)
    ).frames  # fmt: skip

    def rate(frames):
        likes = frames["posts"].astype({"likes": float}).groupby("creator_id")["likes"].mean()
        return np.log(likes / frames["creators"].set_index("creator_id")["followers"].astype(float)).median()

    assert rate(frames) < rate(none) - 0.2


def test_automatic_likes_are_even_where_they_are_cheap_and_as_uneven_as_life_where_they_are_hidden():
    def evenness(weights):
        frames = only("M4", evasion_weights=weights, tiers={"10k-50k": 1.0})
        posts = frames["posts"].astype({"likes": float}).set_index("post_id")
        values = []
        for _, event in frames["events"].iterrows():
            treated = [name for name in event["post_ids"].split("+") if name]
            if len(treated) >= 6:
                values.append(posts.loc[treated, "likes"].std() / posts.loc[treated, "likes"].mean())
        assert len(values) > 15
        assert frames["truth"]["purchased_share_likes"].max() > 0.3
        return np.median(values)

    assert evenness((0, 0, 1)) > 1.4 * evenness((1, 0, 0))


def test_follow_and_unfollow_leaves_a_saw_in_the_number_followed():
    frames = only("M11", tiers={"1k-5k": 1.0})
    saws = [np.abs(np.diff(level)) > 40 for level in levels(frames, "following").values()]
    assert np.median([saw.mean() for saw in saws]) > 0.05
    usual = simulate(40, 5, SimulationSettings(**{**ALONE, "fake_share": 0.0}, look_alikes=CALM)).frames
    assert np.median([(np.abs(np.diff(v)) > 40).mean() for v in levels(usual, "following").values()]) < 0.02


def test_a_small_pod_is_the_same_few_people_within_the_first_hours():
    frames = only("M9", comments_cap=100, comments_median=80, tiers={"1k-5k": 1.0}, creators=40)
    comments = frames["comments"].merge(frames["posts"][["post_id", "posted_at"]], on="post_id").set_index("comment_id")
    bought = frames["events"]["comment_ids"].str.split("+").explode()
    bought = comments.loc[bought[bought != ""]]
    assert len(bought) > 300
    hours = (bought["commented_at"] - bought["posted_at"]).dt.total_seconds() / 3_600
    assert hours.quantile(0.9) < 2.5
    again = bought.groupby("creator_id")["author_id"].agg(["size", "nunique"])
    again = again[again["size"] >= 30]
    assert (again["nunique"] / again["size"]).median() < 0.8
    per_post = bought.groupby(["post_id", "author_id"]).size()
    assert per_post.max() == 1
    assert (bought["text"].str.split().str.len() >= 3).mean() > 0.7


def test_cheap_comments_come_from_strangers_in_a_short_time_and_nobody_answers():
    frames = only("M14", comments_cap=100, comments_median=80, evasion_weights=(1, 0, 0), creators=60)
    comments = frames["comments"].set_index("comment_id")
    bought = frames["events"]["comment_ids"].str.split("+").explode()
    bought = comments.loc[bought[bought != ""]]
    assert len(bought) > 150
    assert bought.groupby("creator_id")["author_id"].nunique().sum() / len(bought) > 0.97
    assert (bought["likes"].astype(float) == 0).mean() > 0.95
    assert not set(comments["parent_comment_id"].dropna()) & set(bought.index)
    spans = bought.groupby("post_id")["commented_at"].agg(["min", "max", "size"])
    hours = (spans["max"] - spans["min"]).dt.total_seconds()[spans["size"] >= 5] / 3_600
    assert hours.median() < 3


def test_an_account_with_a_new_owner_lives_on_inherited_followers():
    truth = only("M16")["truth"]
    assert truth["purchased_share_followers"].median() > 0.5


def test_forced_views_come_without_likes():
    frames = only("M19", platforms={"tiktok": 1.0}, tiers={"10k-50k": 1.0})
    truth = frames["truth"]
    assert truth["purchased_share_views"].median() > 0.05
    assert truth["purchased_share_views"].quantile(0.9) > 0.25
    assert truth["purchased_share_likes"].fillna(0).max() == 0


def test_a_loop_giveaway_steps_up_and_falls_off():
    frames = only("M17", tiers={"5k-10k": 1.0}, creators=80)
    falls = []
    for creator, event in frames["events"][frames["events"]["kind"] == "M17"].groupby("creator_id"):
        history = frames["follower_history"]
        level = history[history["creator_id"] == creator].set_index("observed_on")["followers"].astype(float)
        start = event["start"].iloc[0].tz_localize(None).normalize()
        after = level[start:]
        if len(after) > 25 and event["size"].iloc[0] > 0.05 * level.iloc[0]:
            falls.append((after.iloc[4:8].max() - after.iloc[22]) / event["size"].iloc[0])
    assert len(falls) > 15
    assert 0.15 < np.median(falls) < 0.8


def test_sponsored_posts_alone_are_lifted():
    frames = only("M8", creators=80, tiers={"10k-50k": 1.0})
    posts = frames["posts"].set_index("post_id")
    treated = frames["events"]["post_ids"].str.split("+").explode()
    treated = treated[treated != ""]
    assert len(treated) > 80
    assert (posts.loc[treated, "is_sponsored"] == 1).all()


def test_recent_purchases_are_recent():
    frames = only("M7")
    as_of = frames["labels"].set_index("creator_id")["as_of"].dt.tz_localize("UTC")
    events = frames["events"]
    ages = (as_of[events["creator_id"]].to_numpy() - events["start"].to_numpy()) / np.timedelta64(1, "D")
    assert len(ages) > 80
    assert np.quantile(ages, 0.95) <= 26
