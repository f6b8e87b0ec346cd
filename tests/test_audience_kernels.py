"""Samples of follower accounts: compiled kernels give the numbers of NumPy to the last bit, alone and in a crowd."""

from itertools import pairwise

import numpy as np
import pytest

import worlds
from realreach import compiled
from realreach.accounts.share import suspicious_shares
from realreach.features import audience
from realreach.features.view import View, decision_days
from worlds import accounts, checked, creator, join


def _with_holes(columns, rng, share):
    return {
        name: values if name == "day" else np.where(rng.random(len(values)) < share, np.nan, values)
        for name, values in columns.items()
    }


def _creators():
    """Return samples at every edge: none, too few, unknown cells, twins, one account many times, long lists."""
    rng = np.random.default_rng(5)
    ordered = ("follow_order", "opened", "day")
    twins = {name: np.repeat(values[:50], 2) for name, values in accounts(100, rng, sold=0.0, dated=False).items()}
    lone = {name: np.repeat(values[:1], 64) for name, values in accounts(2, rng).items()}
    seasons = accounts(120, rng, sold=0.0)
    seasons["opened"] = np.where(np.arange(120) % 3 > 0, -900.0, seasons["opened"])
    same = {name: np.repeat(values[:1], 40) for name, values in twins.items()} | {"is_private": np.zeros(40)}
    steps = accounts(90, rng) | {
        "follow_order": np.arange(90.0),
        "opened": -15.0 * rng.integers(0, 14, 90),
    }
    return join(
        creator("nobody"),
        *(creator(f"some{n}", audience=accounts(n, rng, sold=0.3)) for n in (1, 29, 30, 31, 64, 150, 500)),
        *(creator(f"undated{n}", audience=accounts(n, rng, dated=False)) for n in (29, 30, 45)),
        *(creator(f"holes{s}", audience=_with_holes(accounts(200, rng, sold=0.2), rng, s)) for s in (0.02, 0.2, 0.6)),
        creator("twins", audience={**twins, "is_private": np.zeros(100)}),
        creator("triplets", audience={name: np.tile(values[:20], 3) for name, values in twins.items()}),
        creator("bare", audience={k: v for k, v in accounts(150, rng, sold=0.3).items() if k in ordered}),
        creator("lone", audience=lone),
        creator("seasons", audience=seasons),
        creator("no_bio", audience={k: v for k, v in twins.items() if k not in ("bio_length", "is_private")}),
        # The last account of the one, put in order, is the first of the other.
        creator("upwards", audience={**same, "posts_count": np.arange(40.0)}),
        creator("onwards", audience={**same, "posts_count": np.arange(39.0, 79.0)}),
        # Days that lie exactly on every bound.
        creator("steps", audience=steps),
    )


@pytest.fixture(scope="module")
def tables():
    return checked(_creators())


def _numbers(tables, fast, monkeypatch):
    monkeypatch.setattr(compiled, "_state", {"loaded": fast, "wanted": fast})
    return audience.compute(View(tables, decision_days(tables)))


def _differing(one, other):
    return [name for name in one if not np.array_equal(one[name], other[name], equal_nan=True)]


@pytest.fixture
def numba():
    return pytest.importorskip("numba", reason="the extra fast is not installed")


def test_compiled_numbers_are_those_of_numpy_to_the_last_bit(numba, tables, monkeypatch):
    plain, fast = _numbers(tables, False, monkeypatch), _numbers(tables, True, monkeypatch)
    assert _differing(plain, fast) == []
    # Every number is known of several, else nothing was compared.
    assert [name for name, values in plain.items() if np.isfinite(values).sum() < 5] == []


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])
def test_a_creator_alone_gets_the_numbers_of_the_crowd(fast, tables, monkeypatch):
    if fast:
        pytest.importorskip("numba", reason="the extra fast is not installed")
    together = _numbers(tables, fast, monkeypatch)
    alone = [_numbers(tables.between(i, i + 1), fast, monkeypatch) for i in range(len(tables))]
    joined = {name: np.concatenate([one[name] for one in alone]) for name in together}
    assert _differing(together, joined) == []


def test_twins_and_triplets_are_counted_each(tables, monkeypatch):
    names = tables.creator_ids.to_pylist()
    share = _numbers(tables, False, monkeypatch)["audience__twins__all__share"]
    assert share[names.index("twins")] == 1.0
    assert share[names.index("triplets")] == 1.0
    one = worlds.one(creator("x", audience=accounts(60, np.random.default_rng(1), dated=False)))
    assert one["audience__twins__all__share"] == 0.0


def test_shares_of_many_samples_are_those_of_each_with_and_without_kernels(numba, monkeypatch):
    rng = np.random.default_rng(2)
    lengths = np.concatenate([[0, 1, 29, 30, 31, 700], rng.integers(0, 300, 130)])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    p = rng.beta(0.4, 1.5, starts[-1])
    p[100:][rng.random(len(p) - 100) < 0.05] = np.nan
    p[40:42] = 0.0, 1.0
    found = []
    for fast in (False, True):
        monkeypatch.setattr(compiled, "_state", {"loaded": fast, "wanted": fast})
        together = suspicious_shares(p, starts, 0.1)
        alone = [suspicious_shares(p[a:b], np.array([0, b - a]), 0.1)[0] for a, b in pairwise(starts)]
        assert np.array_equal(together, np.array(alone), equal_nan=True)
        found.append(together)
    assert np.array_equal(*found, equal_nan=True)
    assert np.isnan(found[0][:3]).all()
    assert np.isfinite(found[0][3:6]).all()
