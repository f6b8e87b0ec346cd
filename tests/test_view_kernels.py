"""Compiled rows of a view are those of NumPy to the last bit, and many creators are what few at a time are."""

import dataclasses

import numpy as np
import pytest

from realreach import compiled, features
from realreach.features import blocks, windows
from realreach.features.captions import said_around
from realreach.features.curve import curve_of
from realreach.features.view import View, decision_days
from realreach.features.windows import growth_windows
from worlds import checked, creator, join, organic_curve, organic_posts


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(5)
    curve = organic_curve(120, rng)
    return checked(
        join(
            creator("nothing"),
            creator("no_posts", curve=curve),
            creator("no_curve", posts=organic_posts(9, 120.0, rng), followers=900.0),
            creator("usual", curve=curve, posts=organic_posts(30, 120.0, rng), followed=np.arange(120.0)),
            creator("few", curve=curve[:5], posts=organic_posts(3, 120.0, rng)),
            creator("long", curve=organic_curve(500, rng), posts=organic_posts(180, 500.0, rng)),
            creator(
                "five_old", curve=curve, posts=organic_posts(7, 9.0, rng) | {"day": [10, 20, 30, 40, 50, 118.5, 119]}
            ),
            creator("young", curve=curve, posts=organic_posts(7, 2.0, rng)),
            creator("weekly", curve=curve[::7], days=np.arange(0, 120, 7), posts=organic_posts(6, 110.0, rng)),
        )
    )


def _without(tables, table, names):
    given = getattr(tables, table)
    columns = {name: values for name, values in given.columns.items() if name not in names}
    return dataclasses.replace(tables, **{table: dataclasses.replace(given, columns=columns)})


def _rows(view, fast, monkeypatch):
    monkeypatch.setattr(compiled, "_state", {"loaded": fast, "wanted": fast})
    found = [view.history.matrix, view.history.starts, view.posts.matrix, view.posts.starts, view.settled.matrix]
    table = view.posts_table
    return [*found, view.settled.starts, np.array(table.strings("post_id").to_pylist()), table.starts]


@pytest.mark.parametrize("later", [-90.0, -1.0, 0.0, 300.0, 2_000.0])
def test_rows_of_a_view_are_those_of_numpy(tables, later, monkeypatch):
    pytest.importorskip("numba", reason="the extra fast is not installed")
    bare = _without(_without(tables, "posts", ("format", "views", "saves")), "follower_history", ("following",))
    for given in (tables, bare, tables.between(3, 4), tables.between(0, 1)):
        days = decision_days(given) + later
        plain, fast = (_rows(View(given, days), fast, monkeypatch) for fast in (False, True))
        for one, other in zip(plain, fast, strict=True):
            assert one.shape == other.shape
            assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def test_view_kernels_are_compiled_for_one_form_of_arrays(tables, monkeypatch):
    pytest.importorskip("numba", reason="the extra fast is not installed")
    from realreach.features import curve_kernels, growth_kernels, view_kernels, window_kernels

    monkeypatch.setattr(compiled, "_state", {"loaded": True, "wanted": True})
    for given in (tables, _without(tables, "posts", ("format", "views")), tables.between(3, 4), tables.between(0, 1)):
        features.matrix_of(View(given, decision_days(given) - 30.0))
    modules = (curve_kernels, growth_kernels, view_kernels, window_kernels)
    kernels = {f"{m.__name__}.{name}": getattr(m, name) for m in modules for name in m.__all__}
    assert {name: len(kernel.signatures) for name, kernel in kernels.items()} == dict.fromkeys(kernels, 1)


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])
def test_creators_taken_few_at_a_time_get_the_same_features(tables, fast, monkeypatch):
    if fast:
        pytest.importorskip("numba", reason="the extra fast is not installed")
    monkeypatch.setattr(compiled, "_state", {"loaded": fast, "wanted": fast})
    view = View(tables, decision_days(tables))
    whole = features.matrix_of(view)
    monkeypatch.setattr(features, "_AT_ONCE", 3)
    assert np.array_equal(features.matrix_of(View(tables, view.as_of)), whole, equal_nan=True)


def test_kernels_are_loaded_for_all_the_work_together(tables, monkeypatch):
    # Three creators at a time are never worth it; all of them are.
    pytest.importorskip("numba", reason="the extra fast is not installed")
    state = {"loaded": False, "wanted": True}
    monkeypatch.setattr(compiled, "_state", state)
    monkeypatch.setattr(compiled, "_would_compile", lambda: False)
    monkeypatch.setattr(features, "_AT_ONCE", 3)
    monkeypatch.setattr(features, "LEAST_CREATORS", len(tables))
    features.matrix_of(View(tables, decision_days(tables)))
    assert state["loaded"]


def test_helpers_have_the_bits_of_numpys_own():
    rng = np.random.default_rng(2)
    for number in (1, 2, 7, 30, 129, 366):
        values = rng.lognormal(0, 4, (5, number)) * rng.choice([-1.0, 1.0], (5, number))
        flags = values > 0
        assert np.array_equal(blocks.row_sum(values), values.sum(axis=1))
        assert np.array_equal(blocks.row_sum(flags), flags.sum(axis=1))
        assert np.array_equal(blocks.row_mean(values), values.mean(axis=1))
        assert np.array_equal(blocks.row_mean(flags), flags.mean(axis=1))
        assert np.array_equal(blocks.row_max(values), values.max(axis=1))
        assert np.array_equal(blocks.row_min(values), values.min(axis=1))
        assert np.array_equal(blocks.cut(values, -1.0, 2.0), np.clip(values, -1.0, 2.0))
        given = values.copy()
        assert np.array_equal(blocks.in_order(values), np.sort(values, axis=1))
        assert np.array_equal(values, given)
    assert np.isnan(blocks.cut(np.array([np.nan]), 0.0, 1.0)).all()


def test_largest_and_smallest_in_kernels():
    pytest.importorskip("numba", reason="the extra fast is not installed")
    from realreach.features.kernel_parts import copy, highest, lowest

    rng = np.random.default_rng(3)
    for number in range(1, 40):
        values, out = rng.normal(0, 9, number + 3), np.zeros(number + 3)
        assert highest(values, number) == values[:number].max()
        assert lowest(values, number) == values[:number].min()
        copy(values, number, out)
        assert np.array_equal(out, np.where(np.arange(number + 3) < number, values, 0.0))
    assert (highest(values, 0), lowest(values, 0)) == (-np.inf, np.inf)


def test_captions_far_apart_are_read_as_those_nearby():
    captions = [None, "halo", "giveaway besar"] + ["foto"] * 300 + ["collab @teman.baik", "pagi"]
    posts = organic_posts(len(captions), 300.0, np.random.default_rng(1)) | {"caption": captions}
    table = checked(creator("a", posts=posts)).posts
    low, high = np.array([0, 303, 0, 303]), np.array([3, 305, 2, 303])
    together = said_around(table, low, high)
    assert together.tolist() == [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]
    alone = [said_around(table, low[i : i + 1], high[i : i + 1]) for i in range(4)]
    assert np.array_equal(np.concatenate(alone, axis=1), together)


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])
def test_bursts_of_equal_surprise_are_both_found(fast, monkeypatch):
    if fast:
        pytest.importorskip("numba", reason="the extra fast is not installed")
    monkeypatch.setattr(compiled, "_state", {"loaded": fast, "wanted": fast})
    days = np.arange(100)
    curve = 5_000.0 + 20.0 * days + 5_000.0 * (days >= 30) + 5_000.0 * (days >= 70)
    tables = checked(join(creator("a", curve=curve), creator("b", curve=curve)))
    found = growth_windows(curve_of(View(tables, decision_days(tables)).history))
    assert found.owner.tolist() == [0, 0, 1, 1]
    assert found.first.tolist() == found.last.tolist() == [29, 69, 29 + 99, 69 + 99]
    assert found.gain.tolist() == [5_020.0] * 4


def test_of_equal_stretches_the_older_one_is_taken_first():
    tables = checked(creator("a", curve=organic_curve(100, np.random.default_rng(6))))
    curve = curve_of(View(tables, decision_days(tables)).history)
    first, last, score = np.array([60, 20, 21]), np.array([60, 20, 21]), np.array([9.0, 9.0, 9.0])
    taken = windows._greedy(curve, np.zeros(3, dtype=np.int64), first, last, score)
    # The third touches the second, which stands before it.
    assert [values.tolist() for values in taken] == [[20, 60], [20, 60]]
