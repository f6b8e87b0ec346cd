"""Work for one creator is bounded, family by family: Python and C functions called, which no busy machine changes."""

import sys

import numpy as np
import pytest

from realreach import compiled
from realreach.features import growth
from realreach.features.view import View, decision_days
from realreach.features.windows import growth_windows
from worlds import checked, creator, organic_curve


def growth_family(view):
    growth.compute(view)
    growth_windows(view.curve)


FAMILIES = {"growth": (growth_family, 1_800, 340)}
"""Family -> what it does for one creator, and the most calls with NumPy alone and with compiled kernels."""


@pytest.fixture(scope="module")
def tables():
    curve = organic_curve(180, np.random.default_rng(4)) + np.where(np.arange(180) >= 90, 4_000.0, 0.0)
    return checked(creator("one", curve=curve, followed=np.arange(180.0)))


def calls(work, tables):
    """Return how many functions are called, NumPy's own included, once everything is warm."""
    counted = [0]

    def count(frame, event, argument):
        counted[0] += event in ("call", "c_call")

    for last in (False, True):
        view = View(tables, decision_days(tables))
        assert view.history is not None
        if last:
            sys.setprofile(count)
        try:
            work(view)
        finally:
            sys.setprofile(None)
    return counted[0]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("fast", [False, True])
def test_work_for_one_creator_is_bounded(family, fast, tables, monkeypatch):
    if fast:
        pytest.importorskip("numba", reason="the extra fast is not installed")
    monkeypatch.setattr(compiled, "_state", {"loaded": fast, "wanted": fast})
    work, most_plain, most_fast = FAMILIES[family]
    assert calls(work, tables) <= (most_fast if fast else most_plain)
