"""Batches in the order of following: planted ones are found, newcomers and chance are not called so."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from realreach.accounts.streaks import FEWEST_IN_ORDER, STREAK_SCORE, find_streaks, streak_scores


def organic(number, rng, per_day=0.2):
    """Return days of opening of honest followers: newcomers and old accounts, in the order of following."""
    followed = 15_000.0 + np.arange(number) / per_day
    return np.floor(followed - rng.gamma(1.2, 600, number) * (rng.random(number) < 0.8))


def with_batch(number, size, rng, days=0.0):
    created = organic(number, rng)
    place = number // 2
    batch = 15_000.0 + place / 0.2 - 300.0 + rng.uniform(0, days + 1e-9, size)
    return np.insert(created, place, batch), np.arange(place, place + size)


@pytest.mark.parametrize(("number", "size"), [(80, 15), (80, 35), (400, 30), (5_000, 200), (600, 250)])
def test_a_planted_batch_is_found_and_nothing_else(number, size):
    created, batch = with_batch(number, size, np.random.default_rng(1), days=12.0)
    member = streak_scores(created) > STREAK_SCORE
    assert member[batch].mean() > 0.9
    assert np.delete(member, batch).mean() <= 0.02
    longest = find_streaks(created)[0]
    assert longest.accounts >= 0.9 * size
    inside = np.arange(longest.first, longest.last + 1)
    assert np.isin(batch, inside).mean() > 0.9
    assert longest.opened_to - longest.opened_from <= 30.0


def test_honest_followers_have_no_batch():
    rng = np.random.default_rng(2)
    assert np.mean([(streak_scores(organic(300, rng)) > STREAK_SCORE).mean() for _ in range(20)]) < 0.003


def test_a_batch_spread_over_the_whole_list_is_no_streak():
    rng = np.random.default_rng(3)
    created, _ = with_batch(1_000, 100, rng)
    assert (streak_scores(rng.permutation(created)) > STREAK_SCORE).mean() < 0.01


def test_newcomers_who_follow_at_once_are_no_batch():
    created = np.repeat(15_000.0 + 30.0 * np.arange(10), 40)
    assert (streak_scores(created) == 0).all()


def test_batches_delivered_side_by_side_are_told_apart():
    rng = np.random.default_rng(4)
    created = organic(600, rng)
    two = np.where(np.arange(80) % 2, 14_000.0, 14_400.0)
    found = find_streaks(np.insert(created, 300, two))
    assert sorted(s.opened_from for s in found[:2]) == [14_000.0, 14_400.0]
    assert [s.accounts for s in found[:2]] == [40, 40]


def test_short_lists_say_nothing():
    assert (streak_scores(np.full(FEWEST_IN_ORDER - 1, 9.0)) == 0).all()
    assert find_streaks(np.empty(0)) == []


def test_the_known_batches_of_real_lists_are_found():
    path = Path(os.environ.get("REALREACH_DATASETS", "nowhere"), "growth_twitter_followorder/followers_in_order.csv.gz")
    if not path.is_file():
        pytest.skip("needs growth_twitter_followorder: set REALREACH_DATASETS to the folder of the data sets")
    import pandas as pd

    with gzip.open(path) as file:
        rows = pd.read_csv(file)
    months = {}
    for account, group in rows.sort_values("rank").groupby("account"):
        followed = (group["est_follow_unix"].to_numpy() // 86_400).astype("datetime64[D]").astype("datetime64[M]")
        found = find_streaks(group["created_day"].to_numpy(float))
        assert sum(s.accounts for s in found) < 0.08 * len(group)
        months[account] = {str(followed[s.first]) for s in found[:3]}
        mixed = np.random.default_rng(0).permutation(group["created_day"].to_numpy(float))
        assert (streak_scores(mixed) > STREAK_SCORE).mean() < 0.001
    assert months["tw_1"] == {"2015-05"}
    assert "2016-03" in months["tw_3"]
