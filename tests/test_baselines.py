"""Baselines: the published-norms rule punishes what the norms say, missing data gives no points, fits are plain."""

import numpy as np
import pandas as pd
import pytest

from realreach.baselines import (
    BASELINES,
    RULE_INPUTS,
    fit_isolation_forest,
    fit_logistic_regression,
    fit_tree,
    missing_rule_inputs,
    norms_rule,
    rule_inputs,
    rule_points,
)
from realreach.features import feature_names
from realreach.metrics import roc_auc

HEALTHY = {
    "platform": "instagram",
    "followers": 20_000.0,
    "likes_per_follower": 0.029,
    "comments_per_follower": 0.001,
    "comments_per_like": 0.03,
    "likes_cv": 0.5,
    "best_day_share": 0.1,
    "generic_comment_share": 0.05,
    "duplicate_comment_share": 0.01,
    "emoji_only_comment_share": 0.05,
}


def creators(*changes):
    """One healthy creator per set of changes, in published units."""
    return pd.DataFrame([{**HEALTHY, **change} for change in changes])


def test_a_healthy_creator_gets_no_points():
    assert norms_rule(creators({})).tolist() == [0.0]


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("engagement_rate", {"likes_per_follower": 0.001}),
        ("engagement_rate", {"likes_per_follower": 0.3}),
        ("comments_per_like", {"comments_per_like": 0.005}),
        ("comments_per_like", {"comments_per_like": 0.5}),
        ("likes_cv", {"likes_cv": 0.05}),
        ("likes_cv", {"likes_cv": 2.0}),
        ("best_day_share", {"best_day_share": 0.8}),
        ("generic_comment_share", {"generic_comment_share": 0.6}),
        ("duplicate_comment_share", {"duplicate_comment_share": 0.2}),
        ("emoji_only_comment_share", {"emoji_only_comment_share": 0.4}),
        ("likes_per_view", {"platform": "tiktok", "likes_per_follower": 0.1, "likes_per_view": 0.01}),
        ("views_per_follower", {"platform": "youtube", "views_per_follower": 0.01}),
    ],
)
def test_far_outside_a_norm_gives_full_points_for_that_rule_alone(rule, change):
    points = rule_points(creators(change)).iloc[0]
    assert points[rule] == 1.0
    assert points.drop(rule).fillna(0.0).max() == 0.0


def test_points_rise_between_the_norm_and_the_alarm():
    points = rule_points(creators(*({"generic_comment_share": x} for x in (0.15, 0.325, 0.50))))
    assert points["generic_comment_share"].tolist() == pytest.approx([0.0, 0.5, 1.0])


def test_engagement_norms_depend_on_size_and_platform():
    changes = [
        {"followers": 5_000.0, "likes_per_follower": 0.012},
        {"followers": 2e6, "likes_per_follower": 0.012},
        {"followers": 2e6, "likes_per_follower": 0.012, "platform": "tiktok"},
        {"followers": 2e6, "likes_per_follower": 0.012, "platform": "elsewhere"},
        {"followers": np.nan, "likes_per_follower": 0.012},
        {"followers": np.nan, "likes_per_follower": 0.09},
    ]
    points = rule_points(creators(*changes))["engagement_rate"].to_numpy()
    assert points[0] > 0.5
    assert points[1] == 0.0
    assert points[2] > 0.5
    assert points[3:].tolist() == [0.0, 0.0, 0.0]  # not known: nobody is accused by a guess


def test_engagement_is_likes_and_comments_and_likes_alone_where_comments_are_not_known():
    likes = {"likes_per_follower": 0.011}
    changes = [{**likes, "comments_per_follower": x} for x in (0.010, 0.0, np.nan)]
    points = rule_points(creators(*changes, {"likes_per_follower": np.nan}))["engagement_rate"].to_numpy()
    assert points[0] == 0.0
    assert points[1] == points[2] == pytest.approx(0.5)
    assert np.isnan(points[3])


def test_missing_inputs_give_neither_points_nor_full_marks():
    guilty = {"generic_comment_share": 0.9}
    nothing = {name: np.nan for name in HEALTHY if name not in ("platform", "followers")}
    score = norms_rule(creators(guilty, {**nothing, **guilty}, nothing))
    assert score[0] == pytest.approx(1 / 7)
    assert score[1] == 1.0
    assert np.isnan(score[2])


def test_absent_columns_count_as_unknown():
    frame = creators({"generic_comment_share": 0.9})[["generic_comment_share"]]
    assert norms_rule(frame).tolist() == [1.0]
    assert np.isnan(norms_rule(pd.DataFrame({"other": [1.0, 2.0]}))).all()
    assert set(RULE_INPUTS) - set(missing_rule_inputs(frame.columns)) == {"generic_comment_share"}


def test_every_input_comes_from_the_catalogue():
    assert missing_rule_inputs(feature_names()) == []
    assert missing_rule_inputs(RULE_INPUTS) == []


def test_features_are_brought_to_published_units():
    features = pd.DataFrame(np.nan, index=pd.Index(["a", "b"], name="creator_id"), columns=list(feature_names()))
    features["context__platform__now__code"] = [1.0, 3.0]
    features["context__followers__now__log10"] = [4.0, np.nan]
    features["engagement__like_rate__100p__median"] = [-2.0, np.nan]
    features["engagement__comments_per_like__100p__log"] = [-1.5, np.nan]
    features["engagement__likes__100p__spread"] = [0.5, np.nan]
    features["comments__emoji_only__all__share"] = [0.2, np.nan]
    found = rule_inputs(features)
    assert found.index.equals(features.index)
    assert found["platform"].tolist() == ["tiktok", "other"]
    first = found.loc["a", ["followers", "likes_per_follower", "comments_per_like", "likes_cv"]].astype(float)
    logs = np.random.default_rng(0).normal(0, 0.5, 1_000_000)
    assert first.tolist() == pytest.approx([10_000, 0.01, 0.0316, np.exp(logs).std() / np.exp(logs).mean()], rel=0.01)
    assert found.loc["a", "emoji_only_comment_share"] == 0.2
    assert found.loc["b"].drop("platform").isna().all()
    pd.testing.assert_frame_equal(rule_inputs(found), found)
    np.testing.assert_array_equal(norms_rule(features), norms_rule(found))
    assert norms_rule(features)[0] > 0


def test_a_column_in_published_units_goes_before_the_feature():
    features = pd.DataFrame({"context__followers__now__log10": [4.0], "followers": [2e6]})
    assert rule_inputs(features)["followers"].tolist() == [2e6]


def test_no_norm_for_the_platform_is_not_a_full_mark():
    points = rule_points(creators({"likes_per_view": 0.0001, "views_per_follower": 0.0001})).iloc[0]
    assert points[["likes_per_view", "views_per_follower"]].isna().all()


def test_scores_lie_between_0_and_1_for_any_values_and_order_does_not_matter():
    rng = np.random.default_rng(0)
    frame = creators(*[{}] * 300)
    for name in set(HEALTHY) - {"platform"}:
        values = 10 ** rng.normal(0, 3, 300) * rng.choice([0.0, 1.0, np.nan], 300, p=[0.1, 0.8, 0.1])
        frame[name] = values
    before = frame.copy()
    score = norms_rule(frame)
    assert np.isfinite(score).all()
    assert ((score >= 0) & (score <= 1)).all()
    order = rng.permutation(300)
    assert np.array_equal(norms_rule(frame.iloc[order]), score[order])
    pd.testing.assert_frame_equal(frame, before)


# -- fitted baselines


def data(n=600, seed=0):
    """Column 0 tells (in part), column 1 is missing for some, column 2 is never known, column 3 never changes."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.2).astype(float)
    X = np.column_stack([rng.normal(size=n) + 2.5 * y, rng.normal(size=n), np.full(n, np.nan), np.ones(n)])
    X[rng.random(n) < 0.3, 1] = np.nan
    return X, y


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_learn_and_bear_missing_values(name):
    X, y = data()
    predict = BASELINES[name](X, y, None, seed=1)
    fresh, truth = data(seed=1)
    fresh[:5] = np.nan
    fresh[5:10, 0] = np.nan  # never missing in training
    score = predict(fresh)
    assert score.shape == truth.shape
    assert ((score >= 0) & (score <= 1)).all()
    assert roc_auc(truth, score) > (0.6 if name == "isolation_forest" else 0.85)


@pytest.mark.parametrize("name", BASELINES)
def test_same_seed_same_scores_and_one_row_alone_gets_the_same(name):
    X, y = data()
    first, second = (BASELINES[name](X, y, None, seed=3)(X) for _ in range(2))
    assert np.array_equal(first, second)
    assert BASELINES[name](X, y, None, seed=3)(X[7:8])[0] == pytest.approx(first[7], rel=1e-12)


@pytest.mark.parametrize("fit", [fit_tree, fit_logistic_regression])
def test_weights_count(fit):
    X, y = data()
    plain = fit(X, y)(X).mean()
    heavy = fit(X, y, np.where(y == 1, 10.0, 1.0))(X).mean()
    assert plain == pytest.approx(y.mean(), abs=0.01)
    assert heavy > plain + 0.1


def test_isolation_forest_does_not_see_labels():
    X, y = data()
    assert np.array_equal(fit_isolation_forest(X, y)(X), fit_isolation_forest(X, 1 - y)(X))


def test_tree_asks_at_most_three_questions():
    X, y = data()
    assert len(np.unique(fit_tree(X, y)(X))) <= 8


def test_tiny_data_fit_without_warnings():
    X, y = np.array([[0.0, np.nan], [1.0, 2.0], [0.5, 1.0], [0.1, 0.0]]), np.array([0.0, 1, 1, 0])
    for fit in BASELINES.values():
        assert np.isfinite(fit(X, y)(X)).all()
