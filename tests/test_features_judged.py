"""The model's view of a section: every number against the plainest code, NumPy and compiled, in any order of rows."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from realreach import compiled
from realreach.comment_text.bags import BagReference, bag_tests
from realreach.features.comments import judged

TABLE = np.sort(np.random.default_rng(1).random(300))
HIGH = float(TABLE[200])
REFERENCE = BagReference([0.3, float(TABLE[150]), 0.9], [0.1, 0.8, 3.0, 40.0], np.linspace(0.0, 0.04, 7))
STARTS = np.array([0, 25, 35, 35, 47, 647])


class Rows:
    starts = STARTS

    def __len__(self):
        return int(STARTS[-1])


def section(seed=0, bags=REFERENCE):
    """Return a section with random scores; steps 150 and 200, where a bin and the called ones begin, are among them."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(5), np.diff(STARTS))
    steps = rng.integers(300, size=len(owner))
    steps[[0, 30, 40]], steps[[1, 31, 41]] = 200, 150
    # Posts of nine, ten and more comments, named by their first; the highest scores stand under no known post.
    post = np.full(len(owner), -1)
    for first, number in ((0, 9), (9, 10), (25, 10), (35, 11), (47, 200), (247, 200), (447, 9)):
        post[first : first + number] = first
    steps[post < 0] = 299
    count = np.diff(STARTS).astype(np.float64)
    return SimpleNamespace(
        table=Rows(), owner=owner, creators=5, count=count, sold_steps=steps, sold=TABLE[steps], post=post,
        model=SimpleNamespace(sold_table=compiled.frozen(TABLE), high=HIGH, bags=bags),
        share=lambda flags: np.array([flags[a:b].mean() if b > a else np.nan for a, b in pairwise(STARTS)]),
    )  # fmt: skip


def slow(given):
    """Return the same numbers creator by creator."""
    out = {f"sold__all__{name}": [] for name in ("mean", "share", "q90", "q99", "worst_post")}
    for low, high in pairwise(STARTS):
        rows = range(low, high)
        ordered = sorted(float(TABLE[given.sold_steps[row]]) for row in rows)
        posts = {given.post[row] for row in rows} - {-1}
        under = [sorted(float(given.sold[row]) for row in rows if given.post[row] == post) for post in posts]
        means = [sum(values) / len(values) for values in under if len(values) >= 10]
        some = len(ordered) > 0
        out["sold__all__mean"].append(sum(ordered) / len(ordered) if some else np.nan)
        out["sold__all__share"].append(sum(value >= HIGH for value in ordered) / len(ordered) if some else np.nan)
        for name, level in (("q90", 0.9), ("q99", 0.99)):
            # The first value that at least so large a part of the others lies below.
            place = next((k for k in range(len(ordered)) if k >= level * (len(ordered) - 1)), 0)
            out[f"sold__all__{name}"].append(ordered[place] if some else np.nan)
        out["sold__all__worst_post"].append(max(means) if means else np.nan)
    return out


@pytest.fixture(params=[False, True], ids=["numpy", "compiled"])
def way(request, monkeypatch):
    if request.param:
        pytest.importorskip("numba", reason="the extra fast is not installed")
    monkeypatch.setattr(compiled, "_state", {"loaded": request.param, "wanted": request.param})


@pytest.mark.parametrize("seed", range(4))
def test_the_view_of_the_model_is_that_of_the_plainest_code(way, seed):
    given = section(seed)
    found = judged.compute(given)
    for name, values in slow(given).items():
        assert np.array_equal(found[name], values, equal_nan=True), name
    expected = bag_tests(given.sold, given.owner, 5, REFERENCE).share
    assert np.array_equal(found["sold__all__bag"], expected, equal_nan=True)
    assert np.isfinite(expected).tolist() == [True, True, False, True, True]


def test_rows_may_stand_in_any_order(way):
    given, turned = section(), section()
    rng = np.random.default_rng(2)
    order = np.concatenate([rng.permutation(np.arange(a, b)) for a, b in pairwise(STARTS)])
    place = np.argsort(order)
    turned.sold_steps, turned.sold = given.sold_steps[order], given.sold[order]
    # A post is named by one of its rows, wherever that stands now.
    turned.post = np.where(given.post[order] >= 0, place[given.post[order]], -1)
    found, again = judged.compute(given), judged.compute(turned)
    for name, values in found.items():
        assert np.array_equal(values, again[name], equal_nan=True), name


def test_without_a_bag_reference_there_is_no_bag(way):
    assert "sold__all__bag" not in judged.compute(section(bags=None))
