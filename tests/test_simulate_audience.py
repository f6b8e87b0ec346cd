"""Simulated samples of followers: nothing else changes by them, and they are true to what was bought."""

import numpy as np
import pandas as pd
import pytest

from realreach.simulate import LOOK_ALIKES, MECHANISMS, SimulationSettings, simulate
from realreach.simulate.follower_kinds import KINDS, SOLD, draw_profiles
from realreach.tables import CONTRACTS, tables_from_frames

SILENT = {"comments_cap": 0}
BURSTS = {code: float(code == "M1") for code in MECHANISMS}


def world(creators=120, seed=11, **settings):
    return simulate(creators, seed, SimulationSettings(**{**SILENT, **settings})).frames


def shares(frames):
    truth = frames["truth"].set_index("creator_id")
    return truth[truth["suspicious_share_audience"].notna()]


@pytest.fixture(scope="module")
def usual():
    return world()


@pytest.fixture(scope="module")
def honest():
    return world(150, 3, fake_share=0.0, audience_share=1.0)


def test_samples_change_nothing_else(usual):
    for share in (0.0, 1.0):
        other = world(audience_share=share)
        for name, frame in other.items():
            if name != "audience":
                kept = [column for column in frame if column != "suspicious_share_audience"]
                pd.testing.assert_frame_equal(frame[kept], usual[name][kept])


def test_a_sample_does_not_depend_on_who_else_is_sampled(usual):
    everyone = world(audience_share=1.0)["audience"]
    alone = simulate(5, 11, SimulationSettings(**SILENT), first=40).frames
    part = usual["audience"][usual["audience"]["creator_id"].isin(alone["creators"]["creator_id"])]
    pd.testing.assert_frame_equal(alone["audience"], part.reset_index(drop=True))
    again = everyone[everyone["creator_id"].isin(usual["audience"]["creator_id"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, usual["audience"])


def test_the_tables_take_every_row_and_every_day_lies_before_the_decision(usual):
    table = usual["audience"]
    assert set(table) == set(CONTRACTS["audience"].by_name)
    inputs = {name: usual[name] for name in ("creators", "audience", "labels")}
    assert len(tables_from_frames(inputs).tables.audience) == len(table)
    as_of = table["creator_id"].map(usual["labels"].set_index("creator_id")["as_of"])
    assert (table["sampled_on"] < as_of).all()
    dated = table["created_on"].notna()
    assert 0.05 < dated.mean() < 0.6
    assert (table["created_on"] <= table["sampled_on"])[dated].all()
    assert not table[dated].duplicated(["creator_id", "follow_order"]).any()
    level = table["creator_id"].map(usual["truth"].set_index("creator_id")["followers"])
    assert (table["follow_order"] < level)[dated].all()


def test_as_many_creators_have_a_sample_as_asked_for(usual):
    sampled = usual["audience"]["creator_id"].nunique() / len(usual["creators"])
    assert sampled == pytest.approx(0.4, abs=0.12)
    assert world(30, audience_share=0.0)["audience"].empty
    assert usual["audience"].groupby("creator_id").size().between(30, 500).all()


def test_providers_lack_columns(usual):
    known = usual["audience"].groupby("creator_id")[["posts_count", "has_picture", "bio_length"]].count() > 0
    assert known.any().all()
    assert not known.all().any()
    complete = world(12, observation="complete")["audience"]
    assert complete.notna().all().all()
    assert complete["creator_id"].nunique() == 12


def test_honest_creators_have_two_to_twenty_in_a_hundred(honest):
    truth = shares(honest)
    plain = truth[~truth["look_alikes"].str.contains("attack|giveaway|ads")]
    assert plain["suspicious_share_audience"].between(0.019, 0.201).all()
    assert plain["suspicious_share_audience"].std() > 0.02


def test_an_attack_gives_an_honest_creator_bought_followers():
    calm = dict.fromkeys(LOOK_ALIKES, 0.0)
    quiet = world(60, 8, fake_share=0.0, audience_share=1.0, look_alikes=calm)
    attacked = world(60, 8, fake_share=0.0, audience_share=1.0, look_alikes={**calm, "attack": 1.0})
    hit = attacked["truth"].set_index("creator_id")["look_alikes"].str.contains("attack")
    before, after = (shares(f)["suspicious_share_audience"] for f in (quiet, attacked))
    assert (after[hit] > before[hit]).mean() > 0.9
    assert after[hit].max() > 0.25


def test_the_share_follows_what_is_left_of_a_purchase():
    calm = dict.fromkeys(LOOK_ALIKES, 0.0)
    kept = {"fake_share": 1.0, "mixture": (1, 0, 0), "audience_share": 1.0, "look_alikes": calm}
    truth = shares(world(80, 9, mechanism_weights=BURSTS, **kept))
    own = truth["suspicious_share_audience"] - truth["purchased_share_followers"]
    room = 1 - truth["purchased_share_followers"]
    assert (own / room).between(0.019, 0.201).all()  # what dropped off is not in the sample
    people = shares(world(60, 9, mechanism_weights={c: float(c == "M11") for c in MECHANISMS}, **kept))
    assert (people["suspicious_share_audience"] < 0.201).all()  # won by following: people all the same


def test_dear_accounts_look_nearly_real_and_cheap_ones_do_not():
    rng = np.random.default_rng(1)
    shown = {kind: draw_profiles(rng, np.full(2_000, kind), np.zeros((2_000, 3)), "instagram") for kind in KINDS}

    def apart(kind):
        a, b = (np.log1p(shown[k]["posts_count"]) - np.log1p(shown[k]["following"]) for k in ("active", kind))
        return (a[:, None] > b[None, ::20]).mean()

    distances = [apart(kind) for kind in ("live", "aged", "hollow")]
    assert 0.5 < distances[0] < 0.70
    assert distances == sorted(distances)
    assert distances[2] > 0.85
    assert set(SOLD) < set(KINDS)


def test_a_dated_purchase_comes_in_batches():
    cheap = {"fake_share": 1.0, "mixture": (1, 0, 0), "mechanism_weights": BURSTS, "max_evasion": 0, "days": 90}
    frames = world(60, 4, observation="complete", look_alikes=dict.fromkeys(LOOK_ALIKES, 0.0), **cheap)
    truth = frames["truth"].set_index("creator_id")
    months = frames["audience"].assign(month=frames["audience"]["created_on"].dt.to_period("M"))
    top = months.groupby("creator_id")["month"].agg(lambda m: m.value_counts(normalize=True).iloc[0])
    loaded = truth["purchased_share_followers"].reindex(top.index) > 0.3
    assert loaded.sum() > 5
    assert top[loaded].median() > 2 * top[~loaded].median()
