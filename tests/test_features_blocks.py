"""Blocks of equal length: every creator comes once, in its own rows; the helpers agree with slow versions."""

import numpy as np
import pytest

from realreach.features.blocks import (
    Ragged,
    compute_in_blocks,
    deviation,
    mean_where,
    quantile,
    ratio,
    segment_sum,
)


def ragged(lengths, seed=0):
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Ragged({"x": np.random.default_rng(seed).normal(size=starts[-1])}, starts)


def test_blocks_hold_every_creator_once_and_its_own_rows():
    rows = ragged([3, 0, 5, 3, 1, 5, 3])
    seen = []
    for members, columns in rows.blocks():
        for i, values in zip(members, columns["x"], strict=True):
            assert np.array_equal(values, rows.columns["x"][rows.starts[i] : rows.starts[i + 1]])
            seen.append(int(i))
    assert sorted(seen) == list(range(7))


@pytest.mark.parametrize("cells", [1, 7, 400_000])
def test_block_size_changes_nothing(cells, monkeypatch):
    monkeypatch.setattr("realreach.features.blocks._CELLS_PER_BLOCK", cells)
    rows = ragged([4, 2, 4, 4, 9])
    out = compute_in_blocks(rows, ("mean",), lambda c: {"mean": c["x"].mean(axis=1)})
    expected = [rows.columns["x"][a:b].mean() for a, b in zip(rows.starts, rows.starts[1:], strict=False)]
    assert np.array_equal(out["mean"], expected)


def test_too_short_infinite_and_forgotten_values_are_unknown():
    rows = ragged([1, 2, 3])

    def kernel(columns):
        return {"value": 1.0 / np.full(len(columns["x"]), columns["x"].shape[1] - 2.0)}

    out = compute_in_blocks(rows, ("value", "other"), kernel, 2)
    assert np.array_equal(out["value"], [np.nan, np.nan, 1.0], equal_nan=True)
    assert np.isnan(out["other"]).all()


def test_where_and_newest():
    rows = Ragged({"x": np.arange(7.0)}, np.array([0, 3, 3, 7]))
    kept = rows.where(rows.columns["x"] % 2 == 0)
    assert kept.columns["x"].tolist() == [0, 2, 4, 6]
    assert kept.starts.tolist() == [0, 2, 2, 4]
    assert kept.owner.tolist() == [0, 0, 2, 2]
    assert rows.newest(2).columns["x"].tolist() == [1, 2, 5, 6]
    assert rows.newest(2).lengths.tolist() == [2, 0, 2]


def test_ratio_is_unknown_without_a_base():
    below = np.array([2.0, 0.0, -1.0, np.nan])
    assert np.array_equal(ratio(np.ones(4), below), [0.5, np.nan, np.nan, np.nan], equal_nan=True)


def test_quantile_is_that_of_numpy():
    values = np.sort(np.random.default_rng(1).normal(size=(5, 12)), axis=1)
    for share in (0.0, 0.1, 0.5, 0.77, 1.0):
        assert np.allclose(quantile(values, share), np.quantile(values, share, axis=1), atol=1e-15)


def test_mean_where_needs_its_minimum():
    values = np.array([[1.0, 2.0, np.nan], [5.0, np.nan, np.nan]])
    assert np.array_equal(mean_where(values, ~np.isnan(values), 2), [1.5, np.nan], equal_nan=True)


def test_segment_sum_goes_row_by_row():
    values = np.array([1e16, 1.0, -1e16, 3.0])
    # The order of the rows decides the rounding: 1e16 + 1 is 1e16.
    assert segment_sum(values, np.array([0, 0, 0, 2]), 4).tolist() == [0.0, 0.0, 3.0, 0.0]


@pytest.mark.parametrize("value", [0.1, np.log1p(3.0), np.log1p(1e9), 0.0])
@pytest.mark.parametrize("number", [3, 7, 20, 33, 100])
def test_deviation_of_a_constant_is_exactly_zero(value, number):
    values = np.full((2, number), value)
    assert not deviation(values, values.mean(axis=1, keepdims=True)).any()


def test_deviation_keeps_what_differs():
    values = np.array([1.0, 1.0 + 1e-9])
    assert deviation(values, np.array(1.0))[1] == values[1] - 1.0
