"""Work for one creator, counted and not timed: calls by feature family, with NumPy alone and with the kernels.

A call of NumPy costs one to five microseconds, so for one creator calls are the time. Whoever adds calls on purpose
raises the number here and says why.
"""

import sys

import numpy as np
import pytest

import worlds
from realreach import compiled
from realreach.features import audience, comments
from realreach.features.view import View, decision_days
from worlds import creator, organic_comments, organic_posts

MOST_CALLS = {
    # family: (calls of Python and C functions with NumPy alone, with the kernels)
    "comments": (5_600, 4_000),
    "audience": (1_350, 1_350),
}
_FAMILIES = {"comments": comments, "audience": audience}


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(1)
    posts = organic_posts(30, 150.0, rng)
    world = creator(
        "a",
        posts=posts,
        comments=organic_comments(100, posts, rng),
        audience=worlds.accounts(100, rng),
        followers=20_000,
        language="id",
    )
    return worlds.checked(world)


def calls_of(family, tables, days):
    """Return how many functions are called for the features of one creator."""
    view = View(tables, days)
    number = 0

    def count(frame, event, argument):
        nonlocal number
        number += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        family.compute(view)
    finally:
        sys.setprofile(None)
    return number


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])
@pytest.mark.parametrize("name", MOST_CALLS)
def test_work_for_one_creator_is_bounded(name, fast, tables, monkeypatch):
    if fast:
        pytest.importorskip("numba", reason="the extra fast is not installed")
    monkeypatch.setattr(compiled, "_state", {"loaded": fast, "wanted": fast})
    days = decision_days(tables, None)
    calls_of(_FAMILIES[name], tables, days)  # What is made once: models, tables, kernels.
    assert calls_of(_FAMILIES[name], tables, days) <= MOST_CALLS[name][fast]
