"""Compiled kernels of the follower curve give the numbers of NumPy to the last bit, for any curve and any company."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from realreach import compiled
from realreach.features import growth
from realreach.features.blocks import Ragged, median, quantile
from realreach.features.curve import curve_of
from realreach.features.view import View, decision_days
from realreach.features.windows import growth_windows
from realreach.power import make_world
from realreach.simulate.settings import SimulationSettings

pytest.importorskip("numba", reason="the extra fast is not installed")
INTERVALS = (1, 4, 5, 6, 7, 13, 14, 20, 21, 29, 30, 41, 42, 43, 44, 60, 128, 129, 180, 257, 366)


@pytest.fixture
def switch(monkeypatch):
    def to(fast):
        monkeypatch.setattr(compiled, "_state", {"loaded": fast, "wanted": fast})

    return to


def everything(history, as_of):
    """Return all that is computed from curves: intervals, windows, features."""
    curve = curve_of(history)
    windows = growth_windows(curve)
    columns = {name: curve.columns[name] for name in ("gain", "expected", "variance", "surprise", "noise", "step")}
    columns |= {f"windows {name}": getattr(windows, name) for name in windows.__dataclass_fields__}
    return columns | growth.curve_features(history, as_of)


def assert_same_bits(one, other):
    assert list(one) == list(other)
    for name, values in one.items():
        assert np.array_equal(values, other[name], equal_nan=values.dtype.kind == "f"), name


def joined(curves):
    starts = np.concatenate([[0], np.cumsum([len(c[0]) for c in curves])])
    columns = (np.concatenate([c[i] for c in curves]).astype(np.float64) for i in range(3))
    return Ragged(dict(zip(("day", "followers", "following"), columns, strict=True)), starts)


@st.composite
def any_curve(draw):
    """Return a curve of any length, spacing and temper: bursts, losses, ties, rounded, giant, fractions."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    m = draw(st.sampled_from(INTERVALS))
    spacing = draw(st.sampled_from([(1,), (7,), (30,), (1, 1, 1, 1, 2, 9, 40)]))
    temper = draw(
        st.sampled_from(["even", "constant", "empty", "bursts", "sinking", "fractions", "giant", "few values"])
    )
    gains = {
        "even": lambda: rng.poisson(20, m),
        "constant": lambda: np.full(m, 7),
        "empty": lambda: np.zeros(m),
        "bursts": lambda: np.round(rng.lognormal(1, 2, m)),
        "sinking": lambda: -rng.poisson(5, m) + 300 * (rng.random(m) < 0.05),
        "fractions": lambda: rng.normal(3, 9, m),
        "giant": lambda: rng.lognormal(12, 3, m),
        "few values": lambda: rng.integers(0, 3, m),
    }[temper]()
    level = np.maximum(np.concatenate([[rng.integers(0, 20_000)], gains]).cumsum(), 0) * (temper != "empty")
    step = draw(st.sampled_from([1, 1, 100]))
    level = np.round(level / step) * step if step > 1 else level
    following = np.where(rng.random(m + 1) < draw(st.sampled_from([0, 0.2, 1])), np.nan, rng.poisson(9, m + 1).cumsum())
    day = 20_000 + np.concatenate([[0], rng.choice(spacing, m)]).cumsum()
    return day, level, following


@given(st.lists(any_curve(), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_curves_have_the_same_bits(switch, curves):
    history = joined(curves)
    as_of = history.columns["day"][history.starts[1:] - 1] + 3.0
    switch(False)
    plain = everything(history, as_of)
    switch(True)
    assert_same_bits(plain, everything(history, as_of))


def test_simulated_world_has_the_same_bits(switch):
    tables = make_world(150, 5, SimulationSettings(fake_share=0.5)).tables
    switch(False)
    view = View(tables, decision_days(tables))
    plain = everything(view.history, view.as_of)
    assert plain["windows places"].shape[1] > 50
    switch(True)
    assert_same_bits(plain, everything(view.history, view.as_of))


@pytest.mark.parametrize("fast", [False, True])
def test_curve_alone_has_the_bits_it_has_in_a_crowd(switch, fast):
    rng = np.random.default_rng(3)
    lengths = [*INTERVALS, 180, 180, 0]
    curves = [(np.arange(m + 1), 900 + rng.poisson(9, m + 1).cumsum(), np.full(m + 1, np.nan)) for m in lengths]
    switch(fast)
    together = growth.curve_features(joined(curves), np.full(len(curves), 400.0))
    for i, curve in enumerate(curves):
        alone = growth.curve_features(joined([curve]), np.array([400.0]))
        assert_same_bits(alone, {name: values[i : i + 1] for name, values in together.items()})


def test_no_creator_and_no_count_are_no_trouble(switch):
    nothing = {name: np.empty(0) for name in ("day", "followers", "following")}
    for fast in (False, True):
        switch(fast)
        for starts in ([0], [0, 0, 0]):
            found = everything(Ragged(nothing, np.array(starts)), np.zeros(len(starts) - 1))
            assert np.isnan(found["growth__gain_share__366d__max"]).all()
            assert found["windows places"].shape == (3, 0)


def test_shared_parts_have_the_bits_of_numpy():
    from realreach.features import kernel_parts as parts

    rng = np.random.default_rng(1)
    for number in (*range(1, 402), 1_000, 12_345):
        values = rng.lognormal(0, 5, number) * rng.choice([-1.0, 1.0], number)
        assert parts.total(values, 0, number) == values[None].sum(axis=1)[0], number
        ordered, spare = values.copy(), np.empty(number)
        assert parts.median(ordered, number, spare) == median(values)
        assert np.array_equal(ordered, np.sort(values))
        assert parts.quantile_of_sorted(ordered, number, 0.3) == quantile(ordered, 0.3)
        assert parts.highest(values, number) == values.max()
        assert parts.first_of(values, number, values.max()) == values.argmax()
