"""Boosters walked as plain arrays: LightGBM's own numbers, to the last bit, by NumPy and by the compiled kernel."""

import copy
import pickle

import lightgbm as lgb
import numpy as np
import pytest

from realreach import compiled, trees
from realreach.tree_contributions import contributor_of
from realreach.tree_text import StoredBooster, stored
from realreach.trees import Forest, Plan

COLUMNS = 12
NEEDS = np.array([0, 1, 1, 1, 2, 2, 2, 4, 4, 8, 3, 5])
QUIET = {"verbosity": -1, "num_threads": 1, "seed": 3, "min_data_in_leaf": 5}


def values(rows, seed):
    """Numbers of every kind that a split may meet: missing, equal to a bound, tiny, of no size, without end."""
    rng = np.random.default_rng(seed)
    out = np.round(rng.normal(size=(rows, COLUMNS)), 1)
    out[rng.random(out.shape) < 0.3] = np.nan
    for odd in (0.0, -0.0, 1e-35, -1e-36, 1e-30, np.inf, -np.inf):
        out[rng.random(out.shape) < 0.01] = odd
    out[:, 9] = np.where(rng.random(rows) < 0.5, np.nan, 1.0)  # known or not is all that can be split
    return out


def trained(objective, leaves, rounds, matrix, categories=(), **settings):
    rng = np.random.default_rng(1)
    plain = np.nan_to_num(matrix, posinf=3.0, neginf=-3.0)
    target = plain[:, 1] + plain[:, 4] * plain[:, 7] + 2.0 * np.isnan(matrix[:, 9]) + rng.normal(size=len(matrix))
    target = (target > 0).astype(float) if objective == "binary" else target
    data = lgb.Dataset(matrix, target, params={"verbosity": -1, **settings}, categorical_feature=list(categories))
    return lgb.train({"objective": objective, "num_leaves": leaves, **QUIET, **settings}, data, rounds)


@pytest.fixture(scope="module")
def matrix():
    return values(3_000, 0)


@pytest.fixture(scope="module")
def boosters(matrix):
    known = np.nan_to_num(matrix, posinf=3.0, neginf=-3.0)
    return (
        trained("binary", 15, 40, matrix),
        trained("regression", 7, 25, matrix),
        trained("regression", 60, 3, matrix),
        trained("regression", 15, 10, known),  # trained without missing values: they are read as 0
    )


@pytest.fixture(params=["row by row", "all at once", "compiled"])
def forest(request, boosters, monkeypatch):
    """A forest that never asks LightGBM."""
    monkeypatch.setattr(trees, "_ROW_BY_ROW", 0 if request.param == "all at once" else 10**6)
    monkeypatch.setattr(trees, "_AT_ONCE", 400)
    fast = request.param == "compiled"
    if fast and not compiled.is_installed():
        pytest.skip("numba is not installed")
    monkeypatch.setattr(compiled, "_state", {"loaded": fast, "wanted": fast})
    monkeypatch.setattr(trees, "_FEW", 10**6)
    monkeypatch.setattr(trees, "_CALLS", 0)
    return Forest(boosters, NEEDS)


def asked(forest, matrix, rows, masks):
    """What LightGBM says."""
    return forest._predicted(matrix, rows, masks, None)


def test_scores_are_those_of_lightgbm_to_the_last_bit_through_any_pillars(forest, monkeypatch):
    fresh = values(1_200, 7)
    rng = np.random.default_rng(2)
    rows, masks = rng.integers(0, len(fresh), 1_000), rng.integers(0, 16, 1_000)
    expected = asked(forest, fresh, rows, masks)
    monkeypatch.setattr(forest, "_predicted", None)
    assert np.array_equal(forest.raw(fresh, rows, masks), expected)
    assert len(np.unique(expected[:, 0])) > 300


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 33])
def test_any_number_of_rows_gives_the_same(forest, matrix, count):
    rows, masks = np.arange(count), np.full(count, 15)
    assert np.array_equal(forest.raw(matrix, rows, masks), asked(forest, matrix, rows, masks))


def test_values_on_a_bound_go_where_lightgbm_sends_them(forest, boosters):
    bounds = forest._splits
    at = np.full((len(bounds.threshold), COLUMNS), np.nan)
    at[np.arange(len(at)), bounds.feature] = bounds.threshold
    at = at[:600]
    rows, masks = np.arange(len(at)), np.full(len(at), 15)
    assert np.array_equal(forest.raw(at, rows, masks), asked(forest, at, rows, masks))


def test_a_booster_without_a_split_is_a_constant(forest):
    flat = lgb.train({"objective": "regression", **QUIET}, lgb.Dataset(np.zeros((50, 2)), np.ones(50)), 3)
    alone = Forest((flat,), np.zeros(2, dtype=np.int64))
    shown = np.array([[0.5, np.nan]])
    assert alone.raw(shown, np.array([0]), np.array([0])) == flat.predict(shown, raw_score=True)


@pytest.mark.parametrize("kind", ["categories", "linear leaves", "zero as missing", "many leaves"])
def test_other_kinds_of_boosters_are_left_to_lightgbm(forest, matrix, kind):
    known = np.abs(np.nan_to_num(matrix, posinf=3.0, neginf=3.0)).round()
    odd = {
        "categories": lambda: trained("regression", 7, 3, known, categories=[1, 4]),
        "linear leaves": lambda: trained("regression", 7, 3, known, linear_tree=True),
        "zero as missing": lambda: trained("regression", 7, 3, matrix, zero_as_missing=True),
        "many leaves": lambda: trained("regression", 100, 2, matrix),
    }[kind]()
    alone = Forest((odd,), np.zeros(COLUMNS, dtype=np.int64))
    assert alone._splits is None
    rows = np.arange(40)
    told = alone.raw(known, rows, np.zeros(40, dtype=np.int64))
    assert np.array_equal(told[:, 0], odd.predict(known[:40], raw_score=True))


def test_only_what_is_wanted_is_computed_by_lightgbm(boosters, matrix, monkeypatch):
    monkeypatch.setattr(compiled, "_state", {"loaded": False, "wanted": False})
    forest = Forest(boosters, NEEDS)
    rows, masks = np.arange(2_500), np.full(2_500, 7)
    wanted = np.random.default_rng(0).random((2_500, len(boosters))) < 0.5
    wanted[:, 2] = False
    told, whole = forest.raw(matrix, rows, masks, wanted), forest.raw(matrix, rows, masks)
    assert np.array_equal(told[wanted], whole[wanted])
    assert np.isnan(told[:, 2]).all()


def test_few_calls_ask_lightgbm_and_more_are_walked_with_equal_results(boosters, matrix, monkeypatch):
    monkeypatch.setattr(compiled, "_state", {"loaded": False, "wanted": False})
    forest = Forest(boosters, NEEDS)
    rows, masks = np.array([5, 5, 8]), np.array([15, 1, 6])
    told = []
    for _ in range(5):
        told.append(forest.raw(matrix, rows, masks))
        assert ("_splits" in vars(forest)) == (len(told) >= 3)
    assert all(np.array_equal(other, told[0]) for other in told)


@pytest.mark.parametrize("count", [0, 3, 100])
def test_stored_boosters_never_ask_lightgbm(boosters, matrix, monkeypatch, count):
    monkeypatch.setattr(compiled, "_state", {"loaded": False, "wanted": False})
    texts = tuple(StoredBooster(b.model_to_string()) for b in boosters)
    monkeypatch.setattr(lgb, "Booster", None)
    rows, masks = np.arange(count), np.full(count, 13)
    wanted = np.ones((count, len(boosters)), dtype=bool)
    wanted[:, 1] = False
    told = Forest(texts, NEEDS).raw(matrix, rows, masks, wanted)[:, [0, 2, 3]]
    assert np.array_equal(told, asked(Forest(boosters, NEEDS), matrix, rows, masks)[:, [0, 2, 3]])


def test_a_stored_booster_has_all_that_lightgbms_own_has(boosters, matrix):
    own = boosters[0]
    text = stored(own)
    assert stored(text) is text
    assert StoredBooster(text.text).model_to_string() == own.model_to_string()
    assert (text.num_feature(), text.num_trees()) == (own.num_feature(), own.num_trees())
    for again in (pickle.loads(pickle.dumps(text)), copy.deepcopy(text)):
        assert np.array_equal(again.predict(matrix[:5]), own.predict(matrix[:5]))
    with pytest.raises(AttributeError):
        text.nothing_of_this_name()


def changed(text, name, number, value):
    """Another value at one place of a field of the first tree."""
    head, line = text.split(f"\n{name}=", 1)
    told, rest = line.split("\n", 1)
    numbers = told.split(" ")
    numbers[number] = value
    return f"{head}\n{name}={' '.join(numbers).strip()}\n{rest}"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("split_feature", "12", "a column that is not there"),
        ("split_feature", "-1", "a column that is not there"),
        ("split_feature", "", "do not fit the number of leaves"),
        ("left_child", "0", "leads nowhere, or back"),
        ("left_child", "99", "leads nowhere, or back"),
        ("right_child", "-99", "leads nowhere, or back"),
        ("right_child", "-1", "hangs in two places"),
        ("leaf_value", "", "leaves do not fit their number"),
        ("leaf_value", "ten", "could not convert"),
        ("num_leaves", "0", "splits do not fit|leads nowhere"),
    ],
)
def test_a_damaged_tree_is_refused(boosters, name, value, words):
    text = boosters[0].model_to_string()
    with pytest.raises(ValueError, match=words):
        _ = StoredBooster(changed(text, name, -1, value)).trees


def contributions(booster, rows):
    """Our parts of the raw scores, and LightGBM's."""
    return contributor_of(stored(booster)).of(rows), booster.predict(rows, pred_contrib=True)


@pytest.mark.parametrize("fast", [False, True])
def test_contributions_are_those_of_lightgbm(boosters, matrix, monkeypatch, fast):
    if fast and not compiled.is_installed():
        pytest.skip("numba is not installed")
    monkeypatch.setattr(compiled, "_state", {"loaded": fast, "wanted": fast})
    flat = lgb.train({"objective": "regression", **QUIET}, lgb.Dataset(np.zeros((50, COLUMNS)), np.ones(50)), 3)
    for booster in (*boosters, flat):
        told, expected = contributions(booster, matrix[:60])
        np.testing.assert_allclose(told, expected, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(told.sum(axis=1), booster.predict(matrix[:60], raw_score=True), atol=1e-11)
    # Several splits on one column of one way, which count as one.
    assert max(contributor_of(stored(b))._ways.share.min() < 0.1 for b in boosters)


def test_contributions_are_equal_compiled_and_not_alone_and_in_a_crowd(boosters, matrix, monkeypatch):
    pytest.importorskip("numba", reason="the extra fast is not installed")
    parts = [contributor_of(stored(booster)) for booster in boosters]
    monkeypatch.setattr(compiled, "_state", {"loaded": False, "wanted": False})
    plain = [part.of(matrix[:40]) for part in parts]
    assert all(np.array_equal(part.of(matrix[7:8]), told[7:8]) for part, told in zip(parts, plain, strict=True))
    monkeypatch.setattr(compiled, "_state", {"loaded": True, "wanted": True})
    assert all(np.array_equal(part.of(matrix[:40]), told) for part, told in zip(parts, plain, strict=True))


@pytest.mark.parametrize("kind", ["empty leaf", "no counts", "many leaves"])
def test_other_boosters_are_left_to_lightgbm_for_contributions(boosters, matrix, kind):
    text = boosters[0].model_to_string()
    odd = {
        "empty leaf": lambda: changed(text, "leaf_count", 0, "0"),
        "no counts": lambda: text.replace("internal_count=", "internal_counts="),
        "many leaves": lambda: trained("regression", 100, 2, matrix).model_to_string(),
    }[kind]()
    assert contributor_of(StoredBooster(odd)) is None


def test_a_copy_of_a_forest_gives_the_same(forest, matrix):
    rows, masks = np.arange(5), np.full(5, 15)
    expected = forest.raw(matrix, rows, masks)
    for again in (pickle.loads(pickle.dumps(forest)), copy.deepcopy(forest)):
        assert again._plans == {}
        assert np.array_equal(again.raw(matrix, rows, masks), expected)


def test_pillars_that_are_hidden_leave_fewer_splits_to_compare(forest):
    sizes = {mask: len(forest.plan(mask).feature) for mask in (0, 1, 3, 15)}
    assert sizes[0] < sizes[1] < sizes[3] < sizes[15]


@pytest.mark.parametrize(("most", "leaves"), [(40, 20), (2**15 - 1, 32), (2**15, 33), (2**40, 64)])
def test_the_compiled_walk_gets_every_number_whole(most, leaves):
    excludes = np.array([2**leaves - 1 - 2 ** (leaves - 1), 2**64 - 1], dtype=np.uint64)
    plan = Plan(
        np.array([0, most]), np.zeros(2), excludes, np.array([0, 2]), np.array([0]), np.zeros(leaves), np.array([0, 1])
    )
    feature, _, kept, *_ = plan.arrays
    assert feature.tolist() == [0, most]
    wanted = [bits % 2**leaves for bits in excludes.tolist()]
    assert [bits % 2**leaves for bits in kept.tolist()] == wanted
