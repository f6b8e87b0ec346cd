"""Work for one creator is bounded, family by family: Python and C functions called, which no busy machine changes."""

import sys

import numpy as np
import pytest

from realreach import compiled
from realreach.features import coherence, engagement, innocence
from realreach.features.view import View, decision_days
from worlds import checked, creator, organic_curve, organic_posts


def _view(view):
    assert view.posts is not None
    assert view.settled is not None
    assert view.post_strength is not None


WORK = {
    "view": (_view, 510, 165),
    "engagement": (engagement.compute, 1_610, 52),
    "coherence": (coherence.compute, 800, 80),
    "innocence": (innocence.compute, 1_090, 315),
}
"""Family -> what it does for one creator, and the most calls with NumPy alone and with compiled kernels."""


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(4)
    curve = organic_curve(180, rng) + np.where(np.arange(180) >= 90, 4_000.0, 0.0)
    return checked(creator("one", curve=curve, followed=np.arange(180.0), posts=organic_posts(40, 180, rng)))


def _calls(family, tables):
    """Return how many functions are called, NumPy's own included, once everything is warm."""
    counted = [0]

    def count(_frame, event, _argument):
        counted[0] += event in ("call", "c_call")

    for measured in (False, True):
        view = View(tables, decision_days(tables))
        assert len(view.curve.columns["start"])
        assert view.followers is not None
        if family != "view":
            _view(view)
        if measured:
            sys.setprofile(count)
        try:
            WORK[family][0](view)
        finally:
            sys.setprofile(None)
    return counted[0]


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])
@pytest.mark.parametrize("family", WORK)
def test_work_for_one_creator_is_bounded(family, fast, tables, monkeypatch):
    if fast:
        pytest.importorskip("numba", reason="the extra fast is not installed")
    monkeypatch.setattr(compiled, "_state", {"loaded": fast, "wanted": fast})
    number = _calls(family, tables)
    most = WORK[family][1 + fast]
    assert number <= most
