"""What is real: engagement of settled posts with known counts, and the arithmetic of shares and prices."""

import numpy as np
import pandas as pd

from realreach.features.view import View, decision_days
from realreach.real import engagement_per_post, what_is_real
from realreach.tables import tables_from_frames

AS_OF = "2026-03-01"


def per_post(*creators):
    """Engagement per post of creators given as lists of (age in days, likes, comments)."""
    rows = [
        {"creator_id": f"c{i}", "post_id": f"p{j}", "likes": likes, "comments_count": comments,
         "posted_at": pd.Timestamp(AS_OF, tz="UTC") - pd.Timedelta(days=age)}
        for i, posts in enumerate(creators)
        for j, (age, likes, comments) in enumerate(posts)
    ]  # fmt: skip
    frames = {"creators": pd.DataFrame({"creator_id": [f"c{i}" for i in range(len(creators))], "platform": "tiktok"})}
    tables = tables_from_frames(frames | {"posts": pd.DataFrame(rows)}).tables
    return engagement_per_post(View(tables, decision_days(tables, AS_OF)))


def test_settled_posts_with_known_counts_are_averaged():
    posts = [(age, 100.0, 10.0) for age in range(5, 11)]
    fresh = (0.5, 1e6, 0.0)
    hidden = (7.5, None, 5.0)
    future = (-3.0, 1e9, 1e9)
    assert per_post([*posts, fresh, hidden, future]).tolist() == [110.0]


def test_only_the_newest_thirty_count():
    new = [(3.0 + i, 10.0, 0.0) for i in range(30)]
    assert per_post([*new, *((40.0 + i, 1000.0, 0.0) for i in range(10))]).tolist() == [10.0]


def test_too_few_posts_and_no_posts_are_not_zero():
    two = [(3.0, 5.0, 1.0), (4.0, 5.0, 1.0)]
    assert np.isnan(per_post(two, [(3.0, 1.0, None)] * 1)).all()
    alone = pd.DataFrame({"creator_id": ["a"], "platform": ["tiktok"]})
    tables = tables_from_frames({"creators": alone}).tables
    assert np.isnan(engagement_per_post(View(tables, decision_days(tables, AS_OF)))).all()


def test_a_creator_alone_gets_the_same_as_in_a_crowd():
    rng = np.random.default_rng(0)
    crowd = [[(float(a), float(rng.integers(1, 1000)), 3.0) for a in range(3, 40)] for _ in range(5)]
    together = per_post(*crowd)
    assert together.tolist() == [per_post(posts)[0] for posts in crowd]


def test_ends_change_sides_from_share_to_what_is_real():
    one = np.ones(3)
    shares = {
        "purchased_followers_share": (0.1 * one, 0.2 * one, 0.4 * one),
        "purchased_engagement_share": (np.array([0.0, 0.0, np.nan]), np.array([0.5, 1.0, np.nan]), one),
    }
    real = what_is_real(1000 * one, 40 * one, np.array([80.0, 80.0, np.nan]), shares)
    assert [real[f"real_followers{end}"][0] for end in ("_low", "", "_high")] == [600.0, 800.0, 900.0]
    assert [real[f"real_engagement_per_post{end}"][0] for end in ("_low", "", "_high")] == [0.0, 20.0, 40.0]
    assert real["cost_per_real_engagement"][0] == 4.0
    assert real["cost_per_real_engagement_low"][0] == 2.0
    assert np.isnan(real["cost_per_real_engagement_high"][0]), "nothing real may be left: no cost is named"
    assert np.isnan(real["cost_per_real_engagement"][1])
    assert real["price_share_buying_nothing"].tolist()[:2] == [0.5, 1.0]
    assert np.isnan(real["price_share_buying_nothing"][2])


def test_without_shares_nothing_is_said():
    one = np.ones(2)
    real = what_is_real(one, one, one, {})
    assert len(real) == 10
    assert all(np.isnan(values).all() for values in real.values())
