"""Honest lives: curves, posts and counts as measured on real accounts (figures of the public norms)."""

import numpy as np
import pytest

from realreach.simulate import LOOK_ALIKES, SimulationSettings, simulate
from realreach.simulate.shared import draw_shared

QUIET = {"fake_share": 0.0, "observation": "complete", "comments_cap": 0}
NO_EVENTS = {**QUIET, "look_alikes": dict.fromkeys(LOOK_ALIKES, 0.0)}


def curves(frames, days):
    levels = [g["followers"].to_numpy(float) for _, g in frames["follower_history"].groupby("creator_id", sort=False)]
    return np.array([level[-days:] for level in levels if len(level) >= days])


@pytest.fixture(scope="module")
def small_curves():
    """Ten weeks of small accounts of the neutral platform (the real ones were measured on Twitch)."""
    tiers = {"<500": 246, "500-1k": 148, "1k-5k": 290, "5k-10k": 69, "10k-50k": 53, "50k-100k": 5}
    settings = SimulationSettings(**QUIET, days=72, posts_cap=5, platforms={"other": 1.0}, tiers=tiers)
    return curves(simulate(500, seed=41, settings=settings).frames, 72)


@pytest.fixture(scope="module")
def posts():
    """Like counts of four kinds of accounts: name -> (followers, matrix of accounts x newest 17 posts)."""
    kinds = {
        "ordinary": {"platforms": {"instagram": 1.0}, "populations": {"ordinary": 1.0}, "tiers": {"<500": 1.0}},
        "photo": {"platforms": {"instagram": 1.0}, "populations": {"photo": 1.0}, "tiers": {"100k-500k": 1.0}},
        "mixed": {"platforms": {"instagram": 1.0}, "populations": {"mixed": 1.0}, "tiers": {"1M-5M": 1.0}},
        "tiktok": {"platforms": {"tiktok": 1.0}, "tiers": {"1M-5M": 1.0}},
    }
    return {
        name: simulate(150, seed=42 + i, settings=SimulationSettings(**QUIET, days=90, posts_cap=30, **kind)).frames
        for i, (name, kind) in enumerate(kinds.items())
    }


def test_small_accounts_are_flat_shrink_often_and_grow_little(small_curves):
    growth = small_curves[:, -1] / small_curves[:, 0] - 1
    # Real: 5 % -0.9 %, median +1.1 %, 95 % +18 %; 30 % shrink.
    assert 0.15 < (growth < 0).mean() < 0.45
    assert 0.0 < np.median(growth) < 0.03
    assert 0.07 < np.quantile(growth, 0.95) < 0.6
    assert -0.04 < np.quantile(growth, 0.05) < -0.002
    gains = np.diff(small_curves)
    tiny = small_curves[:, -1] < 1_000
    assert 0.6 < (gains[tiny] == 0).mean() < 0.93
    assert 0.03 < (gains < 0).mean() < 0.2


def test_day_to_day_gains_are_strongly_overdispersed(small_curves):
    gains = np.diff(small_curves)
    mean, variance = gains.mean(axis=1), gains.var(axis=1)
    for low, high, real in ((0.3, 1, 3.9), (1, 3, 5.0), (3, 10, 11.9)):
        inside = (mean >= low) & (mean < high)
        assert inside.sum() > 15
        fano = np.median(variance[inside] / mean[inside])
        assert real / 2 < fano < real * 2.2


def test_memory_of_gains_rises_with_the_level(small_curves):
    def memory(levels, low, high):
        gains = np.diff(levels)
        chosen = gains[(gains.mean(axis=1) > low) & (gains.mean(axis=1) < high)]
        logs = np.log1p(np.maximum(chosen, 0))
        return np.median([np.corrcoef(g[1:], g[:-1])[0, 1] for g in logs if g.std() > 0])

    large = SimulationSettings(**QUIET, days=72, posts_cap=5, platforms={"other": 1.0}, tiers={"500k-1M": 1.0})
    fast = memory(curves(simulate(80, seed=43, settings=large).frames, 72), 30, np.inf)
    slow = memory(small_curves, 0.1, 1)
    # Real: 0.06 at less than one a day, 0.3 at 30 and more.
    assert -0.1 < slow < 0.15
    assert slow + 0.08 < fast
    assert 0.18 < fast < 0.6


@pytest.mark.parametrize(
    ("kind", "rate", "spread", "per_comment"),
    [
        # Published medians: likes per follower, standard deviation of ln likes, likes per comment.
        ("ordinary", 0.190, 0.41, 39),
        ("photo", 0.0196, 0.33, None),
        ("mixed", 0.0176, 0.71, 96),
        ("tiktok", 0.0434, 0.91, 137),
    ],
)
def test_levels_of_likes_and_comments_are_those_of_real_accounts(posts, kind, rate, spread, per_comment):
    frames = posts[kind]
    followers = frames["creators"].set_index("creator_id")["followers"].astype(float)
    table = frames["posts"].astype({"likes": float, "comments_count": float})
    accounts = table.groupby("creator_id").filter(lambda g: len(g) >= 8).groupby("creator_id")
    rates = accounts["likes"].mean() / followers
    assert rate / 1.5 < rates.median() < rate * 1.5
    spreads = accounts["likes"].apply(lambda likes: np.log1p(likes).std())
    assert spread / 1.35 < spreads.median() < spread * 1.35
    if per_comment:
        ratio = accounts["likes"].sum() / accounts["comments_count"].sum().clip(lower=1)
        assert per_comment / 1.5 < ratio.median() < per_comment * 1.5
        assert ratio.quantile(0.95) / ratio.quantile(0.05) > 6


def test_comments_move_with_likes_on_creators_and_hardly_on_private_accounts(posts):
    def coupling(frames):
        table = frames["posts"].astype({"likes": float, "comments_count": float})
        values = []
        for _, g in table.groupby("creator_id"):
            likes, comments = np.log1p(g["likes"]), np.log1p(g["comments_count"])
            if len(g) >= 15 and likes.std() > 0 and comments.std() > 0:
                values.append(np.corrcoef(likes, comments)[0, 1])
        return np.median(values)

    # Real: 0.80 and 0.34.
    assert 0.68 < coupling(posts["mixed"]) < 0.9
    assert 0.15 < coupling(posts["ordinary"]) < 0.55


def test_views_exist_where_the_platform_shows_them(posts):
    tiktok = posts["tiktok"]["posts"].astype({"likes": float, "views": float})
    assert tiktok["views"].notna().all()
    assert (tiktok["likes"] <= tiktok["views"]).all()
    assert 0.09 < (tiktok["likes"] / tiktok["views"]).median() < 0.19  # real: 0.14
    photos = posts["photo"]["posts"]
    assert photos.loc[photos["format"].isin(["image", "carousel"]), "views"].isna().all()


def test_the_newest_posts_are_still_growing():
    settings = SimulationSettings(**NO_EVENTS, platforms={"youtube": 1.0}, posts_cap=30)
    frames = simulate(250, seed=50, settings=settings).frames
    as_of = frames["labels"].set_index("creator_id")["as_of"]
    posts = frames["posts"].astype({"views": float})
    posts["age"] = (
        as_of[posts["creator_id"]].to_numpy() - posts["posted_at"].dt.tz_localize(None).to_numpy()
    ) / np.timedelta64(1, "D")
    usual = posts.groupby("creator_id")["views"].transform("median")
    relative = np.log1p(posts["views"]) - np.log1p(usual)
    assert relative[posts["age"] < 1.5].median() < -0.8
    assert abs(relative[posts["age"] > 60].median()) < 0.25
    likes = posts["likes"].astype(float)
    usual = likes.groupby(posts["creator_id"]).transform("median")
    young = (posts["age"] < 1.5) & (usual > 5)
    assert (np.log1p(likes) - np.log1p(usual))[young].median() < -0.8


def test_posts_bring_followers():
    """Days with a far better post than usual win more, unless growth does not depend on posts."""
    settings = SimulationSettings(**NO_EVENTS, platforms={"tiktok": 1.0}, tiers={"10k-50k": 1.0})
    frames = simulate(120, seed=51, settings=settings).frames
    lifts = []
    for creator, history in frames["follower_history"].groupby("creator_id"):
        gains = history.set_index("observed_on")["followers"].astype(float).diff()
        posts = frames["posts"][frames["posts"]["creator_id"] == creator]
        recent = posts[posts["posted_at"].dt.tz_localize(None) > gains.index[10]].sort_values("likes").tail(3)
        days = recent["posted_at"].dt.tz_localize(None).dt.normalize()
        if len(recent) == 3 and gains.median() > 2:
            lifts.append(gains.reindex(days).mean() / gains.mean())
    assert len(lifts) > 25
    assert np.median(lifts) > 1.15


def test_a_viral_post_leads_and_leaves_a_trace_in_every_count():
    settings = SimulationSettings(
        **{**QUIET, "look_alikes": {**dict.fromkeys(LOOK_ALIKES, 0.0), "viral": 1.0}}, platforms={"tiktok": 1.0}
    )
    frames = simulate(60, seed=52, settings=settings).frames
    posts = frames["posts"].astype({"likes": float, "views": float, "comments_count": float}).set_index("post_id")
    above = {name: [] for name in ("views", "likes", "comments_count")}
    for _, event in frames["events"].iterrows():
        assert event["kind"] == "viral"
        if not event["post_ids"]:
            continue
        hit = posts.loc[event["post_ids"]]
        usual = posts[posts["creator_id"] == event["creator_id"]].median(numeric_only=True)
        for name, values in above.items():
            values.append(np.log1p(hit[name]) - np.log1p(usual[name]))
    assert len(above["views"]) > 30
    assert all(np.median(values) > 1 for values in above.values())


def test_clean_ups_hit_many_accounts_of_a_platform_in_the_same_days():
    settings = SimulationSettings(**NO_EVENTS, spread_days=0, platforms={"instagram": 1.0}, tiers={"5k-10k": 1.0})
    frames = simulate(120, seed=53, settings=settings).frames
    losses = np.diff(curves(frames, 150)) < 0
    per_day = losses.mean(axis=0)
    # Seven or so of 150 days; without them the largest share lies within five standard errors of the usual one.
    common = per_day > 1.45 * np.median(per_day)
    assert 3 <= common.sum() <= 20


def test_the_calendar_does_not_depend_on_the_creators():
    settings = SimulationSettings()
    a, b = draw_shared(5, settings), draw_shared(5, settings.model_copy(update={"fake_share": 0.9}))
    assert np.array_equal(a.pull["tiktok"], b.pull["tiktok"])
    assert a.purges == b.purges
    assert a.sellers == b.sellers
    assert not np.array_equal(a.pull["tiktok"], draw_shared(6, settings).pull["tiktok"])


def test_another_seed_has_another_calendar():
    settings = SimulationSettings(**{**QUIET, "look_alikes": {"purge": 1.0}}, platforms={"instagram": 1.0})
    days = [
        set(events.loc[events["kind"] == "purge", "start"])
        for events in (simulate(60, seed=seed, settings=settings).frames["events"] for seed in (60, 61))
    ]
    assert all(days)
    assert not days[0] & days[1]
