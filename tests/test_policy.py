"""Policies: files that are checked, actions that follow from them, rules that hold, batches in any order."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from realreach.cli import run_command
from realreach.errors import InputError, UsageError
from realreach.policy import (
    ACTION_REASONS,
    ACTIONS,
    BANDS,
    POLICY_COLUMNS,
    Costs,
    PillarLimit,
    Policy,
    Rules,
    apply_policy,
    default_policy,
    load_policy,
    policy_to_toml,
    shifted,
)
from realreach.policy.batches import read_scores
from realreach.policy.showing import cost_curve, show_policy
from realreach.scores import OUTPUT_COLUMNS

BOTH = "growth+engagement"
LIMITS = (
    PillarLimit(pillars=BOTH, review=0.6, decline=0.9),
    PillarLimit(pillars="growth", review=0.5, decline=0.8),
)
LIMITED = Policy(name="limited", version="1", mode="false_accusations", limits=LIMITS)
COSTS = Policy(name="costs", version="2", mode="cost", prevalence=0.1, costs=Costs())
CAPACITY = Policy(name="thirty", version="1", mode="capacity", prevalence=0.1, costs=Costs(), reviews=3)


def scores(p, coverage=BOTH, **more):
    p = np.asarray(p, dtype=np.float64)
    frame = pd.DataFrame(
        {
            "creator_id": [f"c{i:03d}" for i in range(len(p))],
            "status": np.where(np.isnan(p), "insufficient_data", "scored"),
            "fake_probability": p,
            "growth_authenticity": 10.0,
            "engagement_authenticity": 20.0,
            "coverage": coverage,
        }
    )
    return frame.assign(**more)


def actions(frame, policy, **more):
    return apply_policy(frame, policy, **more)["action"].tolist()


def test_limits_give_bands_and_actions():
    got = apply_policy(scores([0.1, 0.4, 0.7, 0.95, np.nan]), LIMITED)
    assert got["band"].tolist() == list(BANDS)
    assert got["action"].tolist() == ["approve", "approve", "review", "decline", "review"]
    assert got["policy"].unique().tolist() == ["limited@1"]
    assert list(got.columns[-4:]) == list(POLICY_COLUMNS)


def test_a_probability_at_a_limit_is_not_above_it_and_four_digits_decide():
    assert actions(scores([0.6, 0.60004, 0.6001, 0.9, 0.9001]), LIMITED) == [
        "approve", "approve", "review", "review", "decline",
    ]  # fmt: skip
    assert apply_policy(scores([0.2, 0.6, 0.9]), LIMITED)["band"].tolist() == [
        "authentic",
        "rather_authentic",
        "unclear",
    ]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"coverage": "growth"}, "few_pillars"),
        ({"engagement_authenticity": 60.0}, "no_second_pillar"),
        ({"engagement_authenticity": np.nan}, "no_second_pillar"),
        ({"confidence": "low"}, "low_confidence"),
        ({"probability_low": 0.5}, "low_confidence"),
        ({"probability_low": np.nan}, "low_confidence"),
        ({"coverage": "comments+audience"}, "not_measured"),
    ],
)
def test_no_decline_where_a_rule_speaks_against_it(more, reason):
    frame = scores([0.99]).assign(**more)
    assert actions(scores([0.99]), LIMITED) == ["decline"]
    got = apply_policy(frame, LIMITED).iloc[0]
    assert (got["action"], got["action_reason"]) == ("review", reason)


def test_a_rule_that_is_not_met_changes_nothing():
    assert actions(scores([0.99], confidence="high", probability_low=0.8), LIMITED) == ["decline"]
    lax = replace(LIMITED, rules=Rules(low_confidence_declines=True))
    assert actions(scores([0.99], confidence="low", probability_low=0.1), lax) == ["decline"]


def test_costs_take_the_cheapest_action_at_every_probability():
    costs = Costs(declined_honest=8.0, missed=3.0, review=1.0)
    policy = replace(COSTS, costs=costs)
    p = np.round(np.linspace(0, 1, 1001), 4)
    got = np.array(actions(scores(p, prevalence=0.1), policy))
    price = {"approve": p * 3.0, "review": np.ones(len(p)), "decline": (1 - p) * 8.0}
    paid = np.select([got == name for name in ACTIONS], [price[name] for name in ACTIONS])
    assert paid == pytest.approx(np.minimum.reduce(list(price.values())))
    assert set(got) == set(ACTIONS)


def test_a_review_that_is_too_dear_is_never_asked_for():
    policy = replace(COSTS, costs=Costs(declined_honest=2.0, missed=2.0, review=1.5))
    assert actions(scores([0.3, 0.49, 0.5, 0.51, 0.7], prevalence=0.1), policy) == ["approve"] * 3 + ["decline"] * 2


def test_costs_are_weighed_at_the_policys_prevalence():
    half, tenth = (actions(scores([0.6], prevalence=at), COSTS) for at in (0.5, 0.1))
    # 0.6 among half bought is 0.14 among a tenth: a review is cheaper than 5 x 0.14.
    assert shifted(np.array([0.6]), 0.5, 0.1)[0] == pytest.approx(1 / 7)
    assert (half, tenth) == (["review"], ["review"])
    assert actions(scores([0.3], prevalence=0.5), COSTS) == ["approve"]
    assert actions(scores([0.3], prevalence=0.1), COSTS) == ["review"]
    assert actions(scores([0.3]), COSTS, calibrated_at=0.5) == ["approve"]
    with pytest.raises(UsageError, match="the prevalence that the scores are calibrated at is not known"):
        apply_policy(scores([0.3]), COSTS)


def test_measured_limits_follow_scores_that_were_shifted():
    measured = default_policy()
    assert measured.measured is not None
    at = measured.measured.prevalence
    p = np.linspace(0.01, 0.99, 50)
    moved = scores(shifted(p, at, 0.05), prevalence=0.05)
    assert actions(moved, measured) == actions(scores(p, prevalence=at), measured)


def test_shift_there_and_back_is_the_same():
    p = np.linspace(0, 1, 11)
    assert shifted(shifted(p, 0.3, 0.05), 0.05, 0.3) == pytest.approx(p)


def test_capacity_takes_the_best_reviews_of_the_batch_in_any_order():
    frame = scores([0.05, 0.3, 0.5, 0.5, 0.5, 0.6, 0.99], coverage="growth", prevalence=0.1)
    got = apply_policy(frame, CAPACITY).set_index("creator_id")["action"]
    assert got[got == "review"].index.tolist() == ["c002", "c005", "c006"]
    for seed in range(5):
        mixed = frame.sample(frac=1, random_state=seed)
        assert apply_policy(mixed, CAPACITY).set_index("creator_id")["action"].sort_index().equals(got)
    reasons = apply_policy(frame, CAPACITY).set_index("creator_id")["action_reason"]
    assert reasons["c003"] == "no_review_left"
    assert reasons["c000"] == "cheaper_to_approve"


def test_capacity_reviews_the_doubtful_not_those_it_may_decline():
    got = apply_policy(scores([0.99, 0.5, 0.5, 0.5], prevalence=0.1), CAPACITY)
    assert got["action"].tolist() == ["decline", "review", "review", "review"]
    none = replace(CAPACITY, reviews=0)
    assert "review" not in actions(scores([0.99, 0.5], prevalence=0.1), none)


def test_each_creator_alone_gets_the_same_as_in_the_crowd():
    rng = np.random.default_rng(0)
    frame = scores(rng.random(60), confidence=rng.choice(["low", "high"], 60), prevalence=0.2)
    for policy in (LIMITED, COSTS):
        whole = apply_policy(frame, policy)
        alone = pd.concat([apply_policy(frame.iloc[[i]], policy) for i in range(len(frame))])
        pd.testing.assert_frame_equal(whole, alone)


def test_rows_set_aside_are_never_approved():
    frame = scores([np.nan]).assign(status="invalid_input", coverage="nothing", creator_id=None, prevalence=0.1)
    for policy in (LIMITED, COSTS, CAPACITY):
        got = apply_policy(frame, policy).iloc[0]
        assert (got["band"], got["action"], got["action_reason"]) == ("insufficient_data", "review", "invalid_input")


def test_input_is_not_changed_and_a_second_policy_replaces_the_first():
    frame = scores([0.7, 0.95])
    before = frame.copy()
    once = apply_policy(frame, LIMITED)
    pd.testing.assert_frame_equal(frame, before)
    again = apply_policy(once, COSTS, calibrated_at=0.1)
    assert again.columns.tolist() == once.columns.tolist()
    assert again["policy"].unique().tolist() == ["costs@2"]


def test_every_code_is_documented():
    frame = scores(np.linspace(0, 1, 200), prevalence=0.1, confidence="high")
    for policy in (LIMITED, COSTS, CAPACITY):
        got = apply_policy(frame, policy)
        assert set(got["band"]) <= set(BANDS)
        assert set(got["action_reason"]) <= set(ACTION_REASONS)
    assert not set(POLICY_COLUMNS) & set(OUTPUT_COLUMNS)


def test_a_policy_file_comes_back_the_same(tmp_path):
    for policy in (LIMITED, COSTS, CAPACITY, default_policy()):
        path = tmp_path / "p.toml"
        path.write_text(policy_to_toml(policy, "two\nlines"), encoding="utf-8")
        assert load_policy(path) == policy


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('nmae = "x"', "unknown key 'nmae'"),
        ("[costs]\nmised = 1.0", r"unknown key 'costs.mised' \(known: declined_honest, missed, review\)"),
        ('mode = "guess"', "mode: "),
        ('mode = "cost"\nprevalence = 0.1', "mode cost needs costs"),
        ('mode = "capacity"\nprevalence = 0.1\n[costs]', "mode capacity needs reviews"),
        ('mode = "false_accusations"', "realreach policy make measures"),
        (
            'mode = "false_accusations"\n[[limits]]\npillars = "growth"\nreview = 0.9\ndecline = 0.5',
            "review must be at",
        ),
        (
            'mode = "false_accusations"\n[[limits]]\npillars = "moon"\nreview = 0.1\ndecline = 0.5',
            "pillars must be a set",
        ),
        (
            'mode = "cost"\nprevalence = 1.0\n[costs]\nreview = 0',
            "prevalence: must be less than 1, got 1.0; costs.review: must be greater than 0",
        ),
        ('mode = "cost"\nprevalence = "half"\nauthentic_below = nan', "prevalence: must be a finite .*authentic_below"),
        (
            'mode = "cost"\nreviews = 2.5\n[rules]\nlow_confidence_declines = 1',
            "reviews: must be a whole .*true or false",
        ),
        ('mode = "cost"\ncosts = 3\nlimits = "none"', "costs: must be a table, .*limits: must be a list of tables"),
        (
            "[[limits]]\nreview = 2.0",
            "mode: is needed; limits.0.pillars: is needed; limits.0.review: must be at most 1, .*decline: is needed",
        ),
        (
            'mode = "cost"\nprevalence = true\n[costs]\nmissed = inf',
            "prevalence: must be a finite .*missed: must be a fin",
        ),
        ("= broken", "not valid TOML"),
    ],
)
def test_a_wrong_policy_file_is_refused_with_the_reason(tmp_path, text, told):
    path = tmp_path / "p.toml"
    head = "" if text.startswith("=") else 'name = "x"\nversion = "1"\n'
    path.write_text(head + text, encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        load_policy(path)


def test_a_policy_made_in_python_is_checked_too():
    with pytest.raises(ValueError, match=r"prevalence: must be less than 1, got 2\.0"):
        replace(COSTS, prevalence=2.0)
    with pytest.raises(ValueError, match=r"name: must match .*version: must be text, got '1'"):
        Policy(name="My Policy", version=1, mode="cost", prevalence=0.1, costs=Costs())
    with pytest.raises(ValueError, match="growth is given twice"):
        replace(LIMITED, limits=(LIMITS[1], LIMITS[1]))
    whole = replace(COSTS, costs=Costs(review=1), prevalence=0.5)
    assert type(whole.costs.review) is float
    with pytest.raises(AttributeError):
        whole.prevalence = 0.2


def test_the_default_policy_keeps_what_it_promises_where_it_was_measured():
    made = default_policy().measured
    assert made is not None
    assert made.simulated
    kinds = [line for line in made.look_alikes if line.kind != "none"]
    assert len(kinds) == 18
    assert all(line.honest >= 200 for line in kinds)
    assert max(line.declined for line in kinds) <= 0.05
    assert np.median([line.declined for line in kinds]) <= 0.01
    assert made.declined_honest <= 0.01


def labelled():
    rng = np.random.default_rng(1)
    y = rng.random(400) < 0.3
    p = np.clip(rng.normal(np.where(y, 0.8, 0.2), 0.2), 0, 1)
    return scores(p, is_fake=y.astype(float), platform=rng.choice(["tiktok", "youtube"], 400), prevalence=0.3)


def test_showing_counts_every_creator_and_the_wronged():
    decided = apply_policy(labelled(), COSTS)
    shown = show_policy(decided, COSTS)
    assert shown.counts.to_numpy().sum() == len(decided)
    honest = decided[decided["is_fake"] == 0]
    line = shown.honest.set_index("slice").loc["all"]
    assert line["honest"] == len(honest)
    assert line["declined"] == (honest["action"] == "decline").mean()
    assert line["low"] <= line["declined"] <= line["high"]
    by_platform = shown.honest[shown.honest["slice"].str.startswith("platform=")]
    assert by_platform["honest"].sum() == len(honest)
    fake = decided[decided["is_fake"] == 1]
    cost = 0.1 * (5.0 * (fake["action"] == "approve").mean() + 0.5 * (fake["action"] == "review").mean())
    cost += 0.9 * (10.0 * (honest["action"] == "decline").mean() + 0.5 * (honest["action"] == "review").mean())
    assert shown.facts["cost"] == pytest.approx(cost)
    assert "Honest creators, by slice" in shown.markdown()
    assert "No labels" in show_policy(decided.drop(columns="is_fake"), COSTS).markdown()
    with pytest.raises(InputError, match="no creator"):
        show_policy(decided.iloc[:0], COSTS)


def test_the_cost_curve_ends_at_the_plain_choices():
    curve = cost_curve(np.array([0.2, 0.4, 0.9]), np.array([False, False, True]), Costs(), 0.1)
    assert curve["decline"][0] == pytest.approx(9.0)
    assert curve["review"][0] == pytest.approx(0.5)
    assert curve["decline"][-1] == curve["review"][-1] == pytest.approx(0.5)


def test_written_scores_are_read_back_with_keys_as_they_were(tmp_path):
    frame = scores([0.2, 0.7]).assign(creator_id=["'=1+1", "NA"])
    frame.to_csv(tmp_path / "s.csv", index=False)
    assert read_scores(tmp_path / "s.csv")["creator_id"].tolist() == ["=1+1", "NA"]
    scores([0.2, 0.7]).assign(creator_id=["007", "8"]).to_json(tmp_path / "s.jsonl", orient="records", lines=True)
    assert read_scores(tmp_path / "s.jsonl")["creator_id"].tolist() == ["007", "8"]
    for name, text, told in (
        (
            "twice.csv",
            "creator_id,status,fake_probability,coverage\na,scored,0.1,x\na,scored,0.1,x\n",
            "more than once",
        ),
        ("other.csv", "creator_id\na\n", "no scores of predict.py"),
        ("s.xlsx", "", "scores are read from"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match=told):
            read_scores(tmp_path / name)


@pytest.fixture
def realreach(capfd):
    def run(command, *arguments):
        code = run_command(command, [*map(str, arguments)], prog=f"realreach {command}")
        out, err = capfd.readouterr()
        return code, out, err

    return run


def test_show_on_a_file_with_labels_draws_and_counts(realreach, tmp_path):
    frame = labelled()
    frame.drop(columns="is_fake").to_csv(tmp_path / "s.csv", index=False)
    frame[["creator_id", "is_fake"]].to_csv(tmp_path / "labels.csv", index=False)
    (tmp_path / "p.toml").write_text(policy_to_toml(COSTS))
    code, out, err = realreach(
        "policy", "show", tmp_path / "s.csv", "--policy", tmp_path / "p.toml",
        "--labels", tmp_path / "labels.csv", "--plot", tmp_path / "p.png",
    )  # fmt: skip
    assert code == 0, err
    assert "# Policy costs@2 (cost) on 400 creators" in out
    assert "Cost per creator, at 10.0% with bought engagement" in out
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    code, _, err = realreach("policy", "check", tmp_path / "s.csv")
    assert (code, "not valid TOML" in err) == (2, True)


def test_predict_adds_band_and_action_and_none_leaves_them_out(realreach, bundle, shortlist, tmp_path):
    (tmp_path / "c.toml").write_text(policy_to_toml(CAPACITY))
    code, out, err = realreach("predict", shortlist, "--model", bundle, "--format", "jsonl", "--chunk-creators", 2,
                               "--policy", tmp_path / "c.toml")  # fmt: skip
    assert code == 0, err
    rows = [json.loads(line) for line in out.splitlines()]
    assert sum(row["action"] == "review" for row in rows) == 3
    code, out, _ = realreach("predict", shortlist, "--model", bundle, "--format", "jsonl", "--policy", "none")
    assert not set(POLICY_COLUMNS) & set(json.loads(out.splitlines()[0]))
    code, out, err = realreach("predict", shortlist, "--model", bundle, "--format", "jsonl")
    assert json.loads(out.splitlines()[0])["policy"] == default_policy().label
    assert "was measured on" in err


def test_make_measures_on_a_world_and_refuses_the_seeds_trained_on(realreach, bundle, scorer, tmp_path):
    code, _, err = realreach("simulate", "--creators", 40, "--seed", 5, "--out", tmp_path / "seen", "--quiet")
    assert code == 0, err
    code, _, err = realreach("policy", "make", "--model", bundle, "--world", tmp_path / "seen", "--out", tmp_path / "p")
    assert (code, "seed 5" in err) == (2, True)


def test_limits_are_the_lowest_that_keep_both_shares():
    from realreach.power.policy_limits import MakeSettings, _lowest

    rng = np.random.default_rng(2)
    p = np.round(rng.random(3_000), 4)
    groups = {"viral": np.arange(1_000), "gap": np.arange(1_000, 3_000)}
    settings = MakeSettings()
    limit = _lowest(np.unique(p), groups, p, settings.honest_limit, settings.worst_limit)
    mean = np.mean([(p[rows] > limit).mean() for rows in groups.values()])
    assert 0.007 <= mean <= 0.01
    p[groups["viral"][:200]] = 0.999
    worse = _lowest(np.unique(p), groups, p, 0.5, 0.05)
    assert (p[groups["viral"]] > worse).mean() <= 0.05
    assert _lowest(np.unique(p), groups, np.full(3_000, 0.4), 0.01, 0.05) == pytest.approx(0.4, abs=0.01)
