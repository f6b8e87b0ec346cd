"""Heads: which mechanism, and how much was bought; consistent with the overall probability, and calibrated."""

import json

import numpy as np
import pytest

from realreach.estimator import AuthenticityClassifier
from realreach.features import catalogue, feature_names
from realreach.head_evaluation import judge_heads, put_scores
from realreach.head_fitting import HeadLabels, fit_heads
from realreach.heads import (
    MECHANISM_GROUPS,
    SHARES,
    Heads,
    groups_of,
    level_of,
    share_at,
    visible_combinations,
)
from realreach.metrics import roc_auc
from realreach.pillars import combination_name

FOLLOWERS, ENGAGEMENT = SHARES
NAMES = {family: [f.name for f in catalogue() if f.family == family] for family in ("growth", "engagement", "comments")}


def world(creators, seed=0):
    """Catalogue features; half of the bought creators bought followers (growth shows it), half comments, some both.

    The share of followers is told by one feature of growth, with noise.
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(creators, len(feature_names())))
    at = {name: i for i, name in enumerate(feature_names())}
    X[:, at["context__followers__now__log10"]] = rng.uniform(3, 6, creators)
    X[:, at["context__platform__now__code"]] = rng.integers(0, 4, creators)
    y = (rng.random(creators) < 0.4).astype(float)
    followers, comments = (y * (rng.random(creators) < 0.6) for _ in range(2))
    y = np.maximum(followers, comments)
    share = followers / (1 + np.exp(1.5 - rng.normal(size=creators)))
    for family, shown in (("growth", followers * (0.7 + 2 * share)), ("comments", comments), ("engagement", 0.4 * y)):
        for name in NAMES[family][:8]:
            direction = next(f.direction for f in catalogue() if f.name == name) or 1
            X[:, at[name]] += direction * shown
    lacks = rng.random(creators) < 0.3
    rows = np.flatnonzero(lacks)
    for name in feature_names():
        family = name.split("__")[0]
        if family in ("comments", "coherence", "audience"):
            X[rows if family != "audience" else slice(None), at[name]] = np.nan
    both = zip(followers, comments, strict=True)
    codes = ["+".join(code for code, there in (("M1", f), ("M14", c)) if there) for f, c in both]
    labels = HeadLabels(np.array(codes, dtype=object), {FOLLOWERS: share, ENGAGEMENT: np.where(y == 1, 0.3, 0.0)})
    return X, y, labels


def estimator(X, y):
    import pandas as pd

    model = AuthenticityClassifier(n_estimators=40, early_stopping_rounds=15, folds=3)
    return model.fit(pd.DataFrame(X, columns=list(feature_names())), y)


@pytest.fixture(scope="module")
def fitted():
    X, y, labels = world(1600)
    model = estimator(X, y)
    return model, fit_heads(model, X, y, np.ones(len(y)), np.arange(len(y)), labels, rounds=40)


@pytest.fixture(scope="module")
def judged(fitted):
    """A new world: truth, assessment and what the heads say."""
    model, heads = fitted
    X, y, labels = world(2500, seed=7)
    assessed = model.fitted_.assess(X)
    return y, labels, assessed, heads.score(assessed, assessed.probability)


def test_there_is_a_head_for_what_the_labels_tell_and_none_for_the_rest(fitted):
    _, heads = fitted
    assert set(heads.mechanisms) == {"bought_followers", "bought_comments"}
    assert set(heads.shares) == set(SHARES)


def test_where_all_that_are_bought_bought_it_the_chance_is_the_same_for_all(fitted, judged):
    _, heads = fitted
    assert {slope for slope, _ in heads.shares[ENGAGEMENT].chance.line.values()} == {0.0}
    y, _, assessed, told = judged
    low, median, high = told.shares[ENGAGEMENT]
    sure = assessed.probability > 0.99
    assert sure.sum() > 50
    np.testing.assert_allclose(median[sure & (y == 1)], 0.3, atol=0.02)
    known = ~np.isnan(low)
    truth = np.where(y == 1, 0.3, 0.0)
    assert ((low - 0.01 <= truth) & (truth <= high + 0.01))[known].mean() > 0.86


def test_no_mechanism_is_more_probable_than_the_whole(judged):
    _, _, assessed, told = judged
    for p in told.mechanisms.values():
        known = ~np.isnan(p)
        assert known.sum() > 1000
        assert ((p[known] >= 0) & (p[known] <= assessed.probability[known])).all()


def test_mechanisms_are_told_apart_and_calibrated(judged):
    _, labels, assessed, told = judged
    for name, p in told.mechanisms.items():
        own = np.array([name in groups_of(m) for m in labels.mechanisms], dtype=float)
        known = ~np.isnan(p)
        assert roc_auc(own[known], p[known]) > roc_auc(own[known], assessed.probability[known]) + 0.005
        for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 1.0)):
            here = known & (p >= low) & (p < high)
            assert abs(p[here].mean() - own[here].mean()) < 0.1


def test_a_head_speaks_only_where_a_pillar_could_show_it(judged):
    _, _, assessed, told = judged
    for name, p in told.mechanisms.items():
        assert (np.isnan(p) == ~np.isin(assessed.mask, visible_combinations(name))).all()
    assert np.isnan(told.mechanisms["bought_comments"]).any(), "nobody without comments is told about comments"


def test_intervals_of_shares_hold_as_many_as_they_say_and_start_at_zero_for_the_honest(judged):
    _, labels, assessed, told = judged
    low, median, high = told.shares[FOLLOWERS]
    truth = labels.shares[FOLLOWERS]
    assert ((low <= median) & (median <= high)).all()
    held = (low <= truth) & (truth <= high)
    assert 0.86 <= held.mean() <= 0.95
    for first, last in ((0.0, 0.5), (0.5, 1.0)):
        # Where nobody bought anything even [0, 0] holds more than nine of ten.
        assert 0.84 <= held[(assessed.probability >= first) & (assessed.probability < last)].mean() <= 0.985
    assert (low[truth == 0] == 0).mean() > 0.9
    assert np.abs(median - truth).mean() < 0.75 * truth.mean(), "better than always saying 0"


def test_a_lower_prevalence_lowers_every_head(fitted, judged):
    _, heads = fitted
    _, _, assessed, told = judged
    less = heads.score(assessed, assessed.probability * 0.3)
    for name, p in told.mechanisms.items():
        known = ~np.isnan(p)
        np.testing.assert_allclose(less.mechanisms[name][known], 0.3 * p[known])
    assert np.mean(less.shares[FOLLOWERS][1]) < np.mean(told.shares[FOLLOWERS][1])


def test_a_creator_alone_gets_the_same_bits(fitted):
    model, heads = fitted
    X, _, _ = world(60, seed=9)
    crowd = heads.score(*_assessed(model, X))
    for row in (0, 7, 59):
        alone = heads.score(*_assessed(model, X[[row]]))
        for name, values in crowd.mechanisms.items():
            np.testing.assert_array_equal(alone.mechanisms[name], values[[row]])
        for ends, all_ends in zip(alone.shares[FOLLOWERS], crowd.shares[FOLLOWERS], strict=True):
            np.testing.assert_array_equal(ends, all_ends[[row]])


def _assessed(model, X):
    assessed = model.fitted_.assess(X)
    return assessed, assessed.probability


def test_heads_survive_a_file_and_damaged_ones_are_refused(fitted, judged):
    _, heads = fitted
    _, _, assessed, told = judged
    data = json.loads(json.dumps(heads.to_dict()))
    again = Heads.from_dict(data, heads.boosters()).score(assessed, assessed.probability)
    np.testing.assert_array_equal(again.mechanisms["bought_followers"], told.mechanisms["bought_followers"])
    np.testing.assert_array_equal(again.shares[FOLLOWERS][2], told.shares[FOLLOWERS][2])
    facts = data["shares"][FOLLOWERS]
    falling = {**facts, "spread": {k: v[::-1] for k, v in facts["spread"].items()}}
    with pytest.raises(ValueError, match="its tables do not fit together"):
        Heads.from_dict({**data, "shares": {FOLLOWERS: falling}}, heads.boosters())
    with pytest.raises(ValueError, match="heads of unknown names"):
        Heads.from_dict({**data, "mechanisms": {"telepathy": {}}}, heads.boosters())


def test_labels_that_tell_nothing_give_no_heads_and_unknown_codes_a_warning(fitted):
    model, _ = fitted
    X, y, _ = world(1600)
    one, own = np.ones(len(y)), np.arange(len(y))
    nothing = HeadLabels(np.full(len(y), "", dtype=object), {})
    assert not fit_heads(model, X, y, one, own, nothing, rounds=5)
    odd = HeadLabels(np.where(y == 1, "M1+magic", "").astype(object), {})
    with pytest.warns(UserWarning, match=r"labels.mechanisms: 1 unknown codes, such as 'magic'"):
        assert not fit_heads(model, X, y, one, own, odd, rounds=5), "all bought the same: nothing to tell apart"


def test_every_simulated_mechanism_belongs_to_a_group():
    from realreach.simulate.settings import MECHANISMS

    assert set(MECHANISMS) == set().union(*MECHANISM_GROUPS.values())
    assert groups_of("") == groups_of("M18") == groups_of("M999") == frozenset()


def test_the_two_part_distribution_is_its_own_inverse():
    spread = np.linspace(-2, 2, 21)
    nonzero, size = np.full(50, 0.6), np.linspace(-1, 1, 50)
    level = np.linspace(0.45, 0.95, 50)
    share = share_at(level, nonzero, size, spread)
    assert (share > 0).all()
    np.testing.assert_allclose(level_of(share, nonzero, size, spread), level, atol=1e-9)
    assert (share_at(np.full(50, 0.39), nonzero, size, spread) == 0).all(), "below the chance of nothing lies nothing"
    np.testing.assert_allclose(level_of(np.zeros(50), nonzero, size, spread), 0.4)


def test_the_judgement_counts_what_it_says(judged):
    import pandas as pd

    y, labels, assessed, told = judged
    frame = pd.DataFrame({"y": y, "p": assessed.probability, "weight": 1.0, "group": np.arange(len(y))})
    frame["pillars"] = [combination_name(int(m)) for m in assessed.mask]
    table = judge_heads(told, labels, frame, replicates=20).set_index(["head", "metric", "slice"])
    low, median, high = told.shares[FOLLOWERS]
    truth = labels.shares[FOLLOWERS]
    held = (low <= truth) & (truth <= high)
    assert table.loc[(FOLLOWERS, "coverage", "all"), "value"] == pytest.approx(held.mean())
    assert table.loc[(FOLLOWERS, "coverage_above_zero", "all"), "value"] == pytest.approx(held[truth > 0].mean())
    assert table.loc[(FOLLOWERS, "mae", "all"), "value"] == pytest.approx(np.abs(median - truth).mean())
    own = np.array(["M14" in m for m in labels.mechanisms], dtype=float)
    known = ~np.isnan(told.mechanisms["bought_comments"])
    expected = roc_auc(own[known], told.mechanisms["bought_comments"][known])
    assert table.loc[("bought_comments", "roc_auc", "all"), "value"] == pytest.approx(expected)
    assert (table["low"] <= table["value"] + 1e-12).all() or table["low"].isna().any()


def test_parts_of_folds_are_put_together(judged):
    _, _, _, told = judged
    rows = np.arange(0, 30, 2)
    part = type(told)(
        {n: p[rows] for n, p in told.mechanisms.items()},
        {n: tuple(e[rows] for e in ends) for n, ends in told.shares.items()},
    )
    whole = put_scores(None, part, rows, 30)
    np.testing.assert_array_equal(whole.shares[FOLLOWERS][1][rows], told.shares[FOLLOWERS][1][rows])
    assert np.isnan(whole.shares[FOLLOWERS][1][1::2]).all()
