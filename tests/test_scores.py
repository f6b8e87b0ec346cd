"""Scores: the same numbers by every way in, each creator comes back once, and no error looks like a good score."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from conftest import SENTINEL_HANDLE, nested_records, write_csv
from realreach.errors import ModelError, UsageError
from realreach.model import Calibration
from realreach.output import DTYPES, HEAD_COLUMNS
from realreach.scores import OUTPUT_COLUMNS, STATUS_REASONS, Scorer
from realreach.tables import CODES, SCHEMA_VERSION, read_tables, tables_from_frames, tables_from_records

NUMBERS = [name for name in OUTPUT_COLUMNS if DTYPES.get(name) == "float64"]


def same(left, right, tolerance=1e-9):
    """Assert that two outputs say the same about the same creators, in any order."""
    left, right = (f.set_index("creator_id").sort_index() for f in (left, right))
    texts = [c for c in left.columns if c not in NUMBERS]
    pd.testing.assert_frame_equal(left[texts], right[texts], check_dtype=False)
    for column in NUMBERS:
        np.testing.assert_allclose(
            left[column].to_numpy(float), right[column].to_numpy(float), rtol=0, atol=tolerance, err_msg=column
        )


@pytest.fixture(scope="module")
def some(frames):
    """Forty creators, without labels."""
    keys = frames["creators"]["creator_id"].head(40).tolist()
    return {n: f[f["creator_id"].isin(keys)].reset_index(drop=True) for n, f in frames.items() if n != "labels"}


@pytest.fixture(scope="module")
def scores(scorer, some):
    return scorer.score_result(tables_from_frames(some))


def test_the_world_has_creators_of_many_kinds(scores):
    assert (scores["status"] == "scored").sum() > 30
    assert scores["coverage"].nunique() >= 4


def test_csv_parquet_and_nested_json_give_the_same_scores(scorer, some, scores, tmp_path):
    write_csv(some, tmp_path / "csv")
    same(scorer.score_result(read_tables(tmp_path / "csv")), scores)
    (tmp_path / "parquet").mkdir()
    for name, frame in some.items():
        frame.to_parquet(tmp_path / "parquet" / f"{name}.parquet")
    same(scorer.score_result(read_tables(tmp_path / "parquet")), scores)
    same(scorer.score_result(tables_from_records(nested_records(some))), scores)


def test_a_creator_alone_scores_as_in_the_crowd(scorer, some, unlabelled, frames):
    crowd = scorer.score_result(unlabelled).set_index("creator_id")
    assert len(crowd) == len(frames["creators"])
    records = nested_records(some)[:15]
    alone = pd.DataFrame([scorer.score(record) for record in records])
    same(alone, crowd.loc[alone["creator_id"]].reset_index())


def test_a_thousand_strangers_change_nothing(scorer, some, scores):
    crowd = {
        name: pd.concat([f.assign(creator_id=f["creator_id"] + f"-{i}") for i in range(25)] + [f])
        for name, f in some.items()
    }
    all_scores = scorer.score_result(tables_from_frames(crowd))
    assert len(all_scores) == 26 * 40
    same(all_scores[all_scores["creator_id"].isin(scores["creator_id"])], scores)


@pytest.mark.parametrize("chunk", [1, 7, 39, 40, 100])
def test_the_size_of_the_portions_changes_nothing(scorer, some, scores, chunk):
    result = tables_from_frames(some)
    pd.testing.assert_frame_equal(scorer.score_result(result, chunk=chunk), scores)
    assert sum(len(part) for part in scorer.score_in_parts(result, chunk=chunk)) == 40


def test_the_order_of_the_rows_changes_nothing_but_the_order_of_the_output(scorer, some, scores):
    shuffled = {name: f.sample(frac=1, random_state=1) for name, f in some.items()}
    output = scorer.score_result(tables_from_frames(shuffled))
    assert output["creator_id"].tolist() == shuffled["creators"]["creator_id"].tolist()
    same(output, scores)


def test_many_threads_may_use_one_scorer(scorer, some):
    records = nested_records(some)[:12]
    one_by_one = [scorer.score(record) for record in records]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(scorer.score, records * 3)) == one_by_one * 3


@pytest.mark.parametrize("dtype", ["int64", "float64", "float32", "object", "Int32"])
def test_the_type_of_the_counts_changes_nothing(scorer, some, scores, dtype):
    known = some["follower_history"].dropna(subset=["followers"])
    assert len(known) == len(some["follower_history"])
    small = known["followers"].max() < 2**24  # what float32 can count to
    if dtype == "float32" and not small:
        known = known[known["followers"] < 2**24]
    changed = {**some, "follower_history": known.assign(followers=known["followers"].astype(dtype))}
    whole = {**some, "follower_history": known}
    same(scorer.score_result(tables_from_frames(changed)), scorer.score_result(tables_from_frames(whole)))


def test_the_output_has_exactly_the_documented_columns_and_types(scores):
    assert list(scores.columns) == list(OUTPUT_COLUMNS)
    assert list(OUTPUT_COLUMNS) == [
        "creator_id", "platform", "as_of", "status", "status_reasons", "authenticity", "fake_probability",
        "probability_low", "probability_high", "prevalence", "confidence", "flagged",
        "growth_authenticity", "engagement_authenticity", "comments_authenticity", "audience_authenticity",
        "suspicious_audience_share", "suspicious_audience_share_low", "suspicious_audience_share_high", "coverage",
        "bought_followers_probability", "bought_engagement_probability", "bought_comments_probability",
        "pod_probability", "follow_unfollow_probability",
        *(name + end for name in (
            "purchased_followers_share", "purchased_engagement_share", "real_followers", "real_engagement_per_post",
            "cost_per_real_engagement",
        ) for end in ("", "_low", "_high")),
        "price_share_buying_nothing", "currency",
        "history_days", "posts_used", "comments_used", "accounts_used", "rows_set_aside", "model", "schema_version",
    ], "a change of the output is a change for users: raise SCHEMA_VERSION"  # fmt: skip
    kinds = {"authenticity": "float64", "flagged": "boolean", "history_days": "int64", "platform": "str"}
    assert {name: str(scores[name].dtype) for name in kinds} == kinds
    assert set(scores["schema_version"]) == {SCHEMA_VERSION}


def test_the_numbers_keep_their_direction_and_range(scores):
    scored = scores[scores["status"] == "scored"]
    np.testing.assert_allclose(scored["authenticity"], 100 * (1 - scored["fake_probability"]), atol=1e-12)
    for column in NUMBERS:
        known = scored[column].dropna()
        largest = 100 if "authenticity" in column else np.inf if "real_" in column else 1
        assert known.between(0, largest).all()
    assert scored["flagged"].notna().all()


def test_fakes_score_lower_than_honest_creators(scorer, unlabelled, frames):
    scores = scorer.score_result(unlabelled).set_index("creator_id")["authenticity"]
    fake = frames["labels"].set_index("creator_id")["is_fake"].astype(bool)
    assert scores[fake.index[fake]].mean() < scores[fake.index[~fake]].mean() - 5


@pytest.mark.parametrize("gone", ["growth", "engagement", "comments"])
def test_a_missing_table_is_stated_and_the_rest_still_scored(scorer, some, scores, gone):
    table = {"growth": "follower_history", "engagement": "posts", "comments": "comments"}[gone]
    # Comments without posts still speak; posts without likes, comments and views do not.
    less = {name: frame for name, frame in some.items() if name != table}
    output = scorer.score_result(tables_from_frames(less), "2026-06-01").set_index("creator_id")
    full = scores.set_index("creator_id")
    assert list(output.index) == list(full.index)
    assert output["status_reasons"].str.contains(f"no_{gone}").all()
    assert not output["coverage"].str.contains(gone).any()
    assert output[f"{gone}_authenticity"].isna().all()
    still = output[output["coverage"] != "nothing"]
    assert len(still) > 10
    assert (still["status"] == "scored").all()


def test_a_creator_with_nothing_to_judge_gets_no_number(scorer):
    answer = scorer.score({"creator_id": "new", "platform": "instagram", "followers": 1000})
    assert answer["status"] == "insufficient_data"
    assert answer["status_reasons"] == "nothing_to_judge+no_growth+no_engagement+no_comments"
    assert all(answer[name] is None for name in (*NUMBERS, "flagged", "as_of"))
    assert answer["coverage"] == "nothing"


def test_every_creator_comes_back_once_whatever_is_wrong_with_it(scorer, some):
    bad = pd.DataFrame(
        {"creator_id": ["negative", "twice", "twice", "poor"], "platform": ["tiktok", "tiktok", "youtube", "tiktok"]}
    ).assign(followers=pd.array([-5, 1, 2, 3], dtype="Int64"))
    more = {**some, "creators": pd.concat([some["creators"], bad], ignore_index=True)}
    history = pd.DataFrame({"creator_id": ["negative"] * 2, "followers": pd.array([1, 2], dtype="Int64")})
    history["observed_on"] = pd.to_datetime(["2026-01-01", "2026-01-02"])
    more["follower_history"] = pd.concat([some["follower_history"], history], ignore_index=True)
    output = scorer.score_result(tables_from_frames(more), chunk=10)
    assert sorted(output["creator_id"]) == sorted([*some["creators"]["creator_id"], "negative", "twice", "poor"])
    by_key = output.set_index("creator_id")
    assert by_key.loc["poor", "status"] == "insufficient_data"
    for key, code, rows in (("negative", "out_of_range", 3), ("twice", "duplicate_conflict", 2)):
        row = by_key.loc[key]
        assert row["status"] == "invalid_input"
        assert row["status_reasons"] == f"row_set_aside+{code}"
        assert row["rows_set_aside"] == rows
        assert row[[*NUMBERS, "flagged"]].isna().all()
    assert output.dtypes.equals(scorer.score_result(tables_from_frames(some)).dtypes)


def test_a_record_that_fails_the_checks_is_an_answer_not_an_exception(scorer):
    good = {"creator_id": "ok", "platform": "tiktok"}
    records = [
        good,
        {"creator_id": 7, "platform": "tiktok", "followers": "12.3K"},
        {"platform": "tiktok"},
        ["no record"],
    ]
    answers = scorer.score_records(records)
    assert [a["status"] for a in answers] == ["insufficient_data", *["invalid_input"] * 3]
    assert [a["creator_id"] for a in answers] == ["ok", "7", None, None]
    assert answers[1]["status_reasons"] == "row_set_aside+not_a_number"
    assert all(set(a) == set(OUTPUT_COLUMNS) for a in answers)
    assert all(a["authenticity"] is None for a in answers)


@pytest.mark.parametrize("key", ["NA", "null", "nan", "None", "<NA>", "007", "1e5", "true", " x ", "=1+1", "a" * 200])
def test_any_key_comes_back_unchanged(scorer, key):
    assert scorer.score({"creator_id": key, "platform": "tiktok"})["creator_id"] == key


def test_an_answer_is_plain_json(scorer, some):
    import json

    for record in nested_records(some)[:5]:
        answer = scorer.score(record)
        assert json.loads(json.dumps(answer, allow_nan=False)) == answer


def test_rows_set_aside_are_counted_for_their_creator(scorer, some):
    history = some["follower_history"]
    victim = history["creator_id"].iloc[0]
    spoiled = history.assign(followers=history["followers"].astype("float64"))
    spoiled.loc[spoiled.index[:3], "followers"] = -1.0
    output = scorer.score_result(tables_from_frames({**some, "follower_history": spoiled})).set_index("creator_id")
    assert output.loc[victim, "rows_set_aside"] == 3
    assert output["rows_set_aside"].sum() == 3


def test_pillars_that_the_model_cannot_judge_are_not_called_missing(scorer, some, scores):
    model = scorer.bundle.model
    full = model.calibration
    only = Calibration(*({1: part[1]} for part in (full.margin, full.probability, full.threshold, full.honest)))
    growth_only = Scorer(replace(scorer.bundle, model=replace(model, calibration=only)))
    output = growth_only.score_result(tables_from_frames(some)).set_index("creator_id")
    whole = scores.set_index("creator_id")["coverage"]
    three = whole.index[whole == "growth+engagement+comments"]
    assert set(output.loc[three, "coverage"]) == {"growth"}
    assert set(output.loc[three, "status_reasons"]) == {"engagement_not_judged+comments_not_judged"}
    two = whole.index[whole == "engagement+comments"]
    assert set(output.loc[two, "status"]) == {"insufficient_data"}
    assert set(output.loc[two, "status_reasons"]) == {
        "nothing_to_judge+no_growth+engagement_not_judged+comments_not_judged"
    }


def test_every_status_reason_is_documented(scores):
    told = {code for reasons in scores["status_reasons"] for code in reasons.split("+") if code}
    assert "no_growth" in told
    assert told <= set(STATUS_REASONS) | set(CODES)


def test_the_day_of_decision_may_differ_by_creator_and_by_portion(scorer, some):
    result = tables_from_frames(some)
    last = some["follower_history"]["observed_on"].max()
    days = np.array([np.datetime64(last, "D") - 20 * (i % 2) for i in range(40)])
    output = scorer.score_result(result, days)
    assert output["as_of"].tolist() == [str(day) for day in days]
    pd.testing.assert_frame_equal(scorer.score_result(result, days, chunk=7), output)


def test_rows_from_the_day_of_decision_on_are_not_read(scorer, some):
    history = some["follower_history"]
    day = history["observed_on"].max() - pd.Timedelta(days=30)
    past = {name: f for name, f in some.items() if name != "follower_history"} | {
        "follower_history": history[history["observed_on"] < day]
    }
    loud = history.assign(followers=history["followers"].mask(history["observed_on"] >= day, 10**9))
    future = {**past, "follower_history": loud}
    as_of = str(day.date())
    same(scorer.score_result(tables_from_frames(future), as_of), scorer.score_result(tables_from_frames(past), as_of))


def test_no_creators_give_an_empty_table_with_the_same_columns(scorer, some, scores):
    nobody = tables_from_frames({"creators": some["creators"].head(0)})
    output = scorer.score_result(nobody)
    assert len(output) == 0
    assert list(output.columns) == list(OUTPUT_COLUMNS)


def test_private_values_reach_the_output_only_as_the_key(scorer, unlabelled):
    output = scorer.score_result(unlabelled)
    own = output[output["creator_id"] == SENTINEL_HANDLE]
    assert len(own) == 1
    text = output.drop(columns="creator_id").to_csv()
    assert "sentinel" not in text


def test_ten_thousand_others_change_nothing(scorer, frames):
    common = set(frames["follower_history"]["creator_id"]) & set(frames["posts"]["creator_id"])
    key = next(k for k in frames["comments"]["creator_id"].value_counts().index if k in common)
    own = {name: frame[frame["creator_id"] == key] for name, frame in frames.items() if name != "labels"}
    alone = scorer.score_result(tables_from_frames(own)).iloc[0]
    assert alone["coverage"] == "growth+engagement+comments"
    others = [f"other-{i}" for i in range(10_000)]
    crowd = pd.DataFrame({"creator_id": others, "platform": "tiktok", "followers": np.arange(10_000) + 50})
    days = np.tile(np.datetime64("2025-01-01") + np.arange(8) * 7, 10_000)
    levels = (np.repeat(np.arange(10_000), 8) * 3 + np.tile(np.arange(8) ** 2, 10_000)) + 40
    history = pd.DataFrame({"creator_id": np.repeat(others, 8), "observed_on": days, "followers": levels})
    joined = own | {
        "creators": pd.concat([crowd[:5_000], own["creators"], crowd[5_000:]], ignore_index=True),
        "follower_history": pd.concat([history, own["follower_history"]], ignore_index=True),
    }
    scores = scorer.score_result(tables_from_frames(joined), chunk=3_000)
    assert len(scores) == 10_001
    row = scores[scores["creator_id"] == key].iloc[0]
    for name in scores.columns:
        assert row[name] == alone[name] or (pd.isna(row[name]) and pd.isna(alone[name])), name


def test_a_service_is_told_what_was_set_aside(scorer):
    record = {"creator_id": "a", "platform": "tiktok", "follower_history": [1, 2, {"observed_on": "x"}], "postz": []}
    answer = scorer.score(record)
    assert answer["status"] == "insufficient_data"
    assert answer["rows_set_aside"] == 3
    assert {"unknown_column", "bad_date"} <= set(answer["status_reasons"].split("+"))


def test_ranges_hold_the_probability_and_confidence_is_told_for_all_scored(scorer, scores):
    scored = scores[scores["status"] == "scored"]
    assert (scored["probability_low"] <= scored["fake_probability"]).all()
    assert (scored["fake_probability"] <= scored["probability_high"]).all()
    assert set(scored["confidence"]) <= {"low", "medium", "high"}
    assert set(scored["prevalence"]) == {scorer.bundle.prevalence}


@pytest.mark.parametrize("gone", ["follower_history", "posts", "comments"])
def test_taking_a_table_away_never_raises_the_confidence(scorer, unlabelled, frames, gone):
    order = {"low": 0, "medium": 1, "high": 2}
    less = {name: f for name, f in frames.items() if name not in (gone, "labels")}
    before, after = (
        scorer.score_result(tables, "2026-06-01").set_index("creator_id")["confidence"].map(order)
        for tables in (unlabelled, tables_from_frames(less))
    )
    both = before.notna() & after.notna()
    assert both.sum() > 100
    assert (after[both] <= before[both]).all()
    assert (after[both] < before[both]).any()
    assert not (before.isna() & after.notna()).any()


def test_another_prevalence_shifts_probability_and_range_but_no_flag(scorer, unlabelled):
    before = scorer.score_result(unlabelled)
    after = replace(scorer, prevalence=0.05).score_result(unlabelled)
    known = before["fake_probability"].notna()
    factor = 0.05 / 0.95 * (1 - scorer.bundle.prevalence) / scorer.bundle.prevalence
    for name in ("fake_probability", "probability_low", "probability_high"):
        p, shifted = before.loc[known, name], after.loc[known, name]
        np.testing.assert_allclose(shifted * (1 - p), factor * p * (1 - shifted), atol=1e-12)
        assert (shifted < p).sum() > 100
    pd.testing.assert_series_equal(before["flagged"], after["flagged"])
    assert set(after.loc[known, "prevalence"]) == {0.05}
    np.testing.assert_allclose(after["authenticity"], 100 * (1 - after["fake_probability"]))
    assert (after.loc[known, "growth_authenticity"].dropna() >= before.loc[known, "growth_authenticity"].dropna()).all()


@pytest.mark.parametrize("wrong", [0.0, 1.0, 1.5, -0.1, float("nan")])
def test_a_prevalence_outside_of_0_and_1_is_refused(scorer, wrong):
    with pytest.raises(UsageError, match="prevalence is a share strictly between 0 and 1"):
        replace(scorer, prevalence=wrong)


def test_a_model_that_does_not_say_its_prevalence_cannot_be_shifted(scorer):
    metadata = {k: v for k, v in scorer.bundle.metadata.items() if k != "prevalence"}
    bundle = replace(scorer.bundle, metadata=metadata)
    assert Scorer(bundle).score({"creator_id": "a", "platform": "tiktok"})["prevalence"] is None
    with pytest.raises(ModelError, match="does not say at which prevalence it was calibrated"):
        Scorer(bundle, prevalence=0.1)


def test_without_heads_their_columns_are_empty_and_the_rest_is_the_same(scorer, unlabelled):
    full = scorer.score_result(unlabelled)
    plain = replace(scorer, heads=False).score_result(unlabelled)
    assert plain[list(HEAD_COLUMNS)].isna().all().all()
    rest = [c for c in OUTPUT_COLUMNS if c not in HEAD_COLUMNS]
    pd.testing.assert_frame_equal(plain[rest], full[rest])
    assert full["purchased_followers_share"].notna().any()


def test_what_is_real_fits_the_shares_and_the_price(scorer, unlabelled, frames):
    scores = scorer.score_result(unlabelled).set_index("creator_id")
    for name in ("purchased_followers_share", "purchased_engagement_share"):
        ends = scores[[f"{name}_low", name, f"{name}_high"]].dropna()
        assert (ends.iloc[:, 0] <= ends.iloc[:, 1]).all()
        assert (ends.iloc[:, 1] <= ends.iloc[:, 2]).all()
    priced = frames["creators"].set_index("creator_id")["price_per_post"].reindex(scores.index)
    cost = scores["cost_per_real_engagement"].dropna()
    if len(cost):
        np.testing.assert_allclose(cost, (priced / scores["real_engagement_per_post"])[cost.index])
    assert scores.loc[priced.isna(), "currency"].isna().all()
    assert scores.loc[priced.isna(), "price_share_buying_nothing"].isna().all()
