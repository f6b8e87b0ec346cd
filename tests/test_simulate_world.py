"""The simulated world: reproducible, independent of workers and neighbours, true to its own truth."""

import numpy as np
import pandas as pd
import pytest

from realreach.errors import UsageError
from realreach.simulate import LOOK_ALIKES, MECHANISMS, SimulationSettings, simulate
from realreach.simulate.settings import TIERS
from realreach.tables import CONTRACTS, tables_from_frames

INPUT = ("creators", "follower_history", "posts", "comments", "audience", "labels")
# Nothing of the text is needed where only curves and counts are looked at.
SILENT = {"comments_cap": 0}


@pytest.fixture(scope="module")
def world():
    return simulate(260, seed=11).frames


@pytest.fixture(scope="module")
def complete():
    return simulate(160, seed=12, settings=SimulationSettings(observation="complete", fake_share=1.0)).frames


def same(a, b):
    return all(a[name].equals(b[name]) for name in a)


def of(frames, creators):
    return {name: frame[frame["creator_id"].isin(creators)].reset_index(drop=True) for name, frame in frames.items()}


def test_the_same_seed_gives_the_same_world_for_any_number_of_workers():
    one = simulate(510, seed=3, settings=SimulationSettings(**SILENT)).frames
    two = simulate(510, seed=3, settings=SimulationSettings(**SILENT), workers=2).frames
    assert same(one, two)


def test_another_seed_gives_another_world(world):
    other = simulate(20, seed=12).frames
    assert not np.array_equal(other["creators"]["posts_count"], world["creators"]["posts_count"][:20])


def test_adding_creators_does_not_change_the_earlier_ones(world):
    few = simulate(9, seed=11).frames
    assert same(few, of(world, few["creators"]["creator_id"]))


def test_a_creator_is_the_same_alone(world):
    alone = simulate(3, seed=11, first=40).frames
    assert alone["creators"]["creator_id"].tolist() == ["sim11-000040", "sim11-000041", "sim11-000042"]
    assert same(alone, of(world, alone["creators"]["creator_id"]))


def test_frames_have_the_columns_of_the_contracts_and_nothing_is_set_aside(world):
    for name in INPUT:
        assert set(world[name].columns) <= set(CONTRACTS[name].by_name)
    report = tables_from_frames({name: world[name] for name in INPUT}).report
    assert not report.problems
    assert all(counts.rows_in == counts.used for counts in report.counts.values())


def test_every_creator_has_one_row_and_a_label(world):
    for name in ("creators", "labels", "truth"):
        assert world[name]["creator_id"].is_unique
        assert len(world[name]) == 260
    assert (world["labels"]["is_fake"].astype(bool) == world["truth"]["is_fake"]).all()


def test_nothing_is_dated_on_or_after_the_decision(world):
    as_of = world["labels"].set_index("creator_id")["as_of"]
    for name, time in (("follower_history", "observed_on"), ("posts", "posted_at"), ("comments", "commented_at")):
        frame = world[name].dropna(subset=[time])
        when = frame[time].dt.tz_localize(None) if frame[time].dt.tz is not None else frame[time]
        assert (when.to_numpy() < as_of[frame["creator_id"]].to_numpy()).all()


def test_comments_come_after_their_post_and_replies_after_their_comment(complete):
    comments = complete["comments"].merge(complete["posts"][["post_id", "posted_at"]], on="post_id", how="left")
    assert comments["posted_at"].notna().all()
    assert (comments["commented_at"] >= comments["posted_at"]).all()
    answers = comments.dropna(subset=["parent_comment_id"]).merge(
        comments[["comment_id", "commented_at"]], left_on="parent_comment_id", right_on="comment_id"
    )
    assert len(answers) > 20
    assert (answers["commented_at_x"] >= answers["commented_at_y"]).all()


def test_observation_is_as_mixed_as_in_life(world):
    has = {name: set(world[name]["creator_id"]) for name in ("follower_history", "posts", "comments")}
    everyone = set(world["creators"]["creator_id"])
    for name, creators in has.items():
        assert 0.3 < len(creators) / len(everyone) < 0.98, name
    gaps = world["follower_history"].groupby("creator_id")["observed_on"].apply(lambda d: d.diff().dt.days.median())
    assert {1.0, 7.0} <= set(gaps.dropna())
    assert world["posts"]["format"].isna().any()
    assert world["posts"]["likes"].isna().any()
    assert world["posts"].loc[world["posts"]["likes_hidden"] == 1, "likes"].isna().all()


def test_complete_observation_shows_everything(complete):
    assert len(set(complete["follower_history"]["creator_id"])) == 160
    assert complete["posts"]["likes"].notna().all()
    days = complete["follower_history"].groupby("creator_id")["observed_on"].apply(lambda d: d.diff().dt.days.max())
    assert (days.dropna() == 1).all()


def test_fake_creators_bought_something_and_honest_ones_did_not(world):
    truth = world["truth"].set_index("creator_id")
    sold = world["events"][~world["events"]["is_innocent"]]
    assert set(sold["creator_id"]) <= set(truth.index[truth["is_fake"]])
    assert set(sold["kind"]) <= set(MECHANISMS)
    honest = truth[~truth["is_fake"]]
    shares = [column for column in truth if column.startswith("purchased_share")]
    assert not honest[shares].fillna(0).to_numpy().any()
    fake = truth[truth["is_fake"]]
    assert (fake[shares].max(axis=1) > 0).mean() > 0.97
    assert 0.25 < len(fake) / len(truth) < 0.45


def test_events_point_at_posts_and_comments_that_are_there(complete):
    events, comments = complete["events"], set(complete["comments"]["comment_id"])
    bought = events["comment_ids"].str.split("+").explode()
    bought = bought[bought != ""]
    assert len(bought) > 200
    assert set(bought) <= comments
    assert bought.is_unique
    posts = events["post_ids"].str.split("+").explode()
    assert set(posts[posts != ""]) <= set(complete["posts"]["post_id"])


def test_the_purchased_share_is_what_the_events_say(complete):
    truth = complete["truth"].set_index("creator_id")
    alone = truth[truth["mechanisms"].isin(["M1", "M2"])]
    events = complete["events"][complete["events"]["kind"].isin(["M1", "M2"])].set_index("creator_id")
    ordered = events["size"][alone.index] / alone["followers"]
    # Some of what was ordered has dropped off since.
    assert (alone["purchased_share_followers"] <= ordered + 0.02).all()
    assert np.corrcoef(alone["purchased_share_followers"], ordered.clip(0, 1))[0, 1] > 0.8


def test_purchased_shares_reach_from_a_few_percent_to_most(complete):
    share = complete["truth"]["purchased_share_followers"]
    bought = share[share > 0]
    assert bought.quantile(0.05) < 0.06
    assert bought.quantile(0.97) > 0.6


def test_the_label_says_what_was_bought(world):
    labels = world["labels"].set_index("creator_id")
    fake = labels[labels["is_fake"] == 1]
    codes = fake["mechanisms"].str.split("+").explode()
    assert set(codes) <= set(MECHANISMS)
    assert labels.loc[labels["is_fake"] == 0, "mechanisms"].isna().all()
    assert (labels["label_source"] == "simulated").all()
    number = fake["mechanisms"].str.count(r"\+") + 1
    assert 0.2 < (number == 1).mean() < 0.5
    assert 0.3 < (number == 2).mean() < 0.6


def test_mechanisms_and_evasion_levels_can_be_left_out():
    settings = SimulationSettings(fake_share=1.0, exclude_mechanisms=("M1", "M2"), max_evasion=1, **SILENT)
    truth = simulate(120, seed=5, settings=settings).frames["truth"]
    codes = set(truth["mechanisms"].str.split("+").explode())
    assert codes
    assert not codes & {"M1", "M2"}
    assert set(truth["evasion_level"].dropna()) == {0, 1}


def test_what_fakes_do_leaves_honest_creators_as_they_are(world):
    settings = SimulationSettings(exclude_mechanisms=("M4", "M9"), max_evasion=0)
    other = simulate(60, seed=11, settings=settings).frames
    honest = world["truth"].loc[~world["truth"]["is_fake"], "creator_id"]
    honest = honest[honest.isin(other["creators"]["creator_id"])]
    assert same(of(world, honest), of(other, honest))


def test_under_what_is_bought_lies_the_same_life():
    """Only comments are bought: curve, captions and likes are those of the creator who buys nothing."""
    comments_only = {code: float(code == "M14") for code in MECHANISMS}
    fake = simulate(40, 3, SimulationSettings(fake_share=1.0, mechanism_weights=comments_only)).frames
    honest = simulate(40, 3, SimulationSettings(fake_share=0.0)).frames
    assert fake["truth"]["is_fake"].sum() > 20
    assert fake["follower_history"].equals(honest["follower_history"])
    for column in ("likes", "caption", "posted_at"):
        assert fake["posts"][column].equals(honest["posts"][column])
    assert not fake["comments"].equals(honest["comments"])


def test_a_world_can_be_all_honest():
    frames = simulate(40, seed=2, settings=SimulationSettings(fake_share=0.0, **SILENT)).frames
    assert not frames["truth"]["is_fake"].any()
    assert frames["events"]["is_innocent"].all()


def test_buyers_are_no_larger_than_others():
    bursts = {code: float(code == "M1") for code in MECHANISMS}
    sizes = [
        simulate(200, 21, SimulationSettings(fake_share=share, mechanism_weights=bursts, **SILENT)).frames["truth"]
        for share in (1.0, 0.0)
    ]
    difference = np.log10(sizes[0]["followers"]) - np.log10(sizes[1]["followers"])
    assert sizes[0]["purchased_share_followers"].median() > 0.1
    assert abs(difference.mean()) < 0.06


@pytest.mark.parametrize("name", sorted(LOOK_ALIKES))
def test_every_innocent_look_alike_can_be_asked_for(name):
    settings = SimulationSettings(fake_share=0.0, look_alikes={name: 1.0}, comments_cap=10)
    truth = simulate(40, seed=31, settings=settings).frames["truth"]
    share = truth["look_alikes"].str.split("+").apply(lambda kinds: name in kinds).mean()
    # Purges and rounding depend on the platform and the size, gaps on daily curves.
    assert share > (0.15 if name in {"purge", "rounding"} else 0.4)
    assert not truth["is_fake"].any()


def test_an_attack_by_a_third_party_is_honest_and_nothing_else_moves():
    attacked = SimulationSettings(
        fake_share=0.0, look_alikes={**dict.fromkeys(LOOK_ALIKES, 0.0), "attack": 1.0}, observation="complete", **SILENT
    )
    frames = simulate(400, seed=8, settings=attacked).frames
    events = frames["events"]
    followers = frames["truth"].set_index("creator_id")["followers"]
    assert set(events["kind"]) == {"attack"}
    assert (frames["labels"]["is_fake"] == 0).all()
    large = events[events["size"] > 0.25 * followers[events["creator_id"]].to_numpy()]
    rates = []
    for _, event in large.iterrows():
        posts = frames["posts"][frames["posts"]["creator_id"] == event["creator_id"]].set_index("posted_at")["likes"]
        before, after = posts[: event["start"]], posts[event["start"] :]
        if len(before) >= 8 and len(after) >= 8 and before.median() > 5:
            rates.append(np.log1p(after.astype(float)).mean() - np.log1p(before.astype(float)).mean())
    assert len(rates) > 12
    assert abs(np.mean(rates)) < 0.2


def test_sizes_follow_the_tiers():
    settings = SimulationSettings(fake_share=0.0, tiers={"10k-50k": 1.0}, **SILENT)
    followers = simulate(80, seed=4, settings=settings).frames["truth"]["followers"]
    low, high = TIERS["10k-50k"]
    assert low * 0.9 < followers.median() < high
    assert ((followers > low / 3) & (followers < high * 3)).mean() > 0.95


def test_comments_stay_under_the_cap():
    settings = SimulationSettings(comments_median=60, comments_cap=40)
    comments = simulate(60, seed=6, settings=settings).frames["comments"]
    assert comments.groupby("creator_id").size().max() == 40


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"creators": 0, "seed": 1}, "creators must be 1 or more, got 0"),
        ({"creators": 1, "seed": -1}, "seed and first must be 0 or more"),
        ({"creators": 1, "seed": 1, "workers": 0}, "workers must be 1 or more, got 0"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        simulate(**arguments)


def test_a_users_own_comments_are_used(tmp_path):
    texts = [f"komentar nomor {i} dari korpus sendiri" for i in range(300)]
    path = tmp_path / "own.csv"
    pd.DataFrame({"text": texts, "label": 0, "language": "id"}).to_csv(path, index=False)
    settings = SimulationSettings(
        fake_share=0.0, languages={"id": 1.0}, comment_corpus=path, look_alikes={"comment_spam": 0.0, "assisted": 0.0}
    )
    comments = simulate(15, seed=9, settings=settings).frames["comments"]
    assert comments["text"].isin(texts).mean() > 0.5
