"""Work for one creator, counted and not timed: calls by feature family, with NumPy alone and with the kernels.

A call of NumPy costs one to five microseconds, so for one creator calls are the time. Whoever adds calls on purpose
raises the number here and says why.
"""

import sys

import numpy as np
import pytest

import worlds
from realreach import compiled
from realreach.features import audience, coherence, comments, engagement, growth, innocence
from realreach.features.view import View, decision_days
from realreach.features.windows import growth_windows
from worlds import checked, creator, organic_comments, organic_curve, organic_posts


def _nothing(view):
    pass


def _history(view):
    assert view.history is not None


def _curve(view):
    assert len(view.curve.columns["start"])
    assert view.followers is not None


def _posts(view):
    assert view.posts is not None
    assert view.settled is not None
    assert view.post_strength is not None


def _curve_and_posts(view):
    _curve(view)
    _posts(view)


def _growth(view):
    growth.compute(view)
    growth_windows(view.curve)


FAMILIES = {
    "growth": ("curve", _history, _growth, 1_050, 195),
    "view": ("posts", _curve, _posts, 225, 106),
    "engagement": ("posts", _curve_and_posts, engagement.compute, 580, 42),
    "coherence": ("posts", _curve_and_posts, coherence.compute, 485, 38),
    "innocence": ("posts", _curve_and_posts, innocence.compute, 1_030, 142),
    "comments": ("section", _nothing, comments.compute, 2_800, 275),
    "comments with shapes": ("shapes", _nothing, comments.compute, 2_980, 460),
    "audience": ("section", _nothing, audience.compute, 636, 277),
}
"""Family -> creator, what is there already, what is counted, and the most calls with NumPy alone and with kernels."""


@pytest.fixture(scope="module")
def creators():
    days, rng = np.arange(180), np.random.default_rng(4)
    curve = organic_curve(180, rng) + np.where(days >= 90, 4_000.0, 0.0)
    made = {
        "curve": creator("one", curve=curve, followed=days.astype(float)),
        "posts": creator("one", curve=curve, followed=days.astype(float), posts=organic_posts(40, 180, rng)),
    }
    rng = np.random.default_rng(1)
    posts = organic_posts(30, 150.0, rng)
    section = {"posts": posts, "comments": organic_comments(100, posts, rng), "audience": worlds.accounts(100, rng)}
    made["section"] = creator("a", **section, followers=20_000, language="id")
    made["shapes"] = creator("a", **section | {"comments": worlds.with_shapes(section["comments"])}, language="id")
    return {name: checked(one) for name, one in made.items()}


def calls(tables, prepare, work):
    """Return how many functions are called, NumPy's own included, once everything is warm."""
    counted = [0]

    def count(frame, event, argument):
        counted[0] += event in ("call", "c_call")

    for measured in (False, True):
        view = View(tables, decision_days(tables))
        prepare(view)
        if measured:
            sys.setprofile(count)
        try:
            work(view)
        finally:
            sys.setprofile(None)
    return counted[0]


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])
@pytest.mark.parametrize("family", FAMILIES)
def test_work_for_one_creator_is_bounded(family, fast, creators, monkeypatch):
    if fast:
        pytest.importorskip("numba", reason="the extra fast is not installed")
    monkeypatch.setattr(compiled, "_state", {"loaded": fast, "wanted": fast})
    name, prepare, work, plain, compiled_calls = FAMILIES[family]
    assert calls(creators[name], prepare, work) <= (compiled_calls if fast else plain)
