"""Compiled kernels over posts, bursts and windows give the numbers of NumPy to the last bit, alone and in a crowd."""

import numpy as np
import pandas as pd
import pytest

import worlds
from realreach import compiled
from realreach.features import coherence, engagement, innocence
from realreach.features.view import View, decision_days
from worlds import checked, creator, join, organic_curve, organic_posts

COUNTS = ("likes", "comments_count", "views", "shares", "saves", "is_sponsored")


def _with_holes(posts, rng, share=0.3):
    return posts | {name: np.where(rng.random(len(posts["day"])) < share, np.nan, posts[name]) for name in COUNTS}


def _burst(curve, at, size):
    return curve + np.where(np.arange(len(curve)) >= at, size, 0.0)


def _edges():
    """Return creators at every edge: few posts and none, equal counts, totals, gaps, bursts of all kinds, no curve."""
    rng = np.random.default_rng(8)
    days = 120
    curve = organic_curve(days, rng)

    def posts(number, **more):
        return organic_posts(number, days, rng) | more

    numbers = np.arange(40.0)
    kept = np.concatenate([np.arange(40), np.arange(60, days)])
    said = ["giveaway dulu kak", "collab @teman.baik", "halo"] * 10
    rising = posts(40, day=2.9 * numbers, likes=np.round(300.0 * np.exp(0.03 * numbers)), views=np.full(40, np.nan))
    return join(
        creator("nothing"),
        creator("no_post", curve=_burst(curve, 60, 900.0)),
        creator("no_curve", posts=posts(30), followers=800.0),
        creator("nobody", posts=posts(9)),
        *(creator(f"posts{n}", curve=curve, posts=posts(n)) for n in (1, 2, 4, 5, 7, 8, 11, 12, 31, 33, 64, 99)),
        creator("many", curve=organic_curve(500, rng), posts=organic_posts(180, 500.0, rng)),
        creator(
            "constant", curve=np.full(days, 700.0), posts=posts(20, likes=np.full(20, 50.0), views=np.full(20, 50.0))
        ),
        creator("zeros", curve=curve, posts=posts(20, likes=np.zeros(20), comments_count=np.zeros(20))),
        creator("ties", curve=curve, posts=posts(20, likes=np.round(rng.integers(1, 4, 20) * 100.0))),
        creator("rising", curve=_burst(curve, 80, 600.0), posts=rising),
        creator("total", curve=curve, posts=posts(1, day=[80.0], format=["total"])),
        creator("totals", curve=curve, posts=posts(4, format=["total", "total", "reel", None])),
        creator("unknown", curve=curve, posts=posts(40, likes=np.full(40, np.nan))),
        creator("holes", curve=_burst(curve, 50, 2_000.0), posts=_with_holes(posts(40), rng)),
        creator("more_holes", curve=_burst(curve, 50, 400.0), posts=_with_holes(posts(14), rng, 0.6)),
        creator("weekly", curve=_burst(curve, 63, 1_500.0)[::7], days=np.arange(0, days, 7), posts=posts(25)),
        creator("monthly", curve=curve[::30], days=np.arange(0, days, 30), posts=posts(25)),
        creator("five", curve=curve[:5], posts=posts(25)),
        creator("six", curve=curve[:6], posts=posts(25)),
        creator("gap", curve=_burst(curve, 60, 3_000.0)[kept], days=kept, posts=posts(30)),
        creator("lost", curve=_burst(_burst(curve, 50, -800.0), 58, 850.0), posts=posts(30)),
        creator("round", curve=np.round(_burst(curve, 60, 3_000.0), -2), posts=posts(30)),
        creator(
            "said",
            curve=_burst(curve, 60, 4_000.0),
            posts=posts(30, caption=said),
            followed=np.round(np.linspace(90, 900, days)),
        ),
        creator("late", curve=_burst(curve, 30, 4_000.0), posts=posts(12, day=np.linspace(70.0, 119.0, 12))),
        creator("early", curve=_burst(curve, 90, 4_000.0), posts=posts(12, day=np.linspace(-50.0, 20.0, 12))),
    )


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(3)
    bought = [
        creator(
            f"bought{i}",
            curve=_burst(organic_curve(150, rng), 40 + 5 * i, 700.0 * i),
            posts=organic_posts(45, 150, rng),
        )
        for i in range(12)
    ]
    return checked(join(_edges(), *bought))


def _everything(view):
    """Return every number of the families that the kernels are for, and what stands between."""
    out = {}
    for family in (engagement, coherence, innocence):
        out |= family.compute(view)
    tested = innocence.innocence_of(view)
    out |= {f"strength of {name}": values for name, values in tested.strengths.items()}
    out |= {"explained": tested.explained, "asked": tested.asked.astype(float), "answer": tested.answer}
    return out | {"level": view.posts.columns["level"], "lift": view.post_strength.both.ravel()}


def _numbers(tables, fast, monkeypatch):
    monkeypatch.setattr(compiled, "_state", {"loaded": fast, "wanted": fast})
    return _everything(View(tables, decision_days(tables)))


def _equal(one, other):
    return [name for name in one if not np.array_equal(one[name], other[name], equal_nan=True)]


@pytest.fixture
def numba():
    return pytest.importorskip("numba", reason="the extra fast is not installed")


def test_compiled_numbers_are_those_of_numpy_to_the_last_bit(numba, tables, monkeypatch):
    plain = _numbers(tables, False, monkeypatch)
    fast = _numbers(tables, True, monkeypatch)
    assert plain.keys() == fast.keys()
    assert _equal(plain, fast) == []
    # Every number is known of somebody, else nothing was compared.
    assert [name for name, values in plain.items() if not np.isfinite(values).any()] == []


@pytest.mark.parametrize("fast", [False, True], ids=["plain", "fast"])
def test_a_creator_alone_gets_the_numbers_of_the_crowd(tables, fast, monkeypatch):
    if fast:
        pytest.importorskip("numba", reason="the extra fast is not installed")
    names = [f.name for family in (engagement, coherence, innocence) for f in family.FEATURES]
    crowd = _numbers(tables, fast, monkeypatch)
    for i in range(len(tables)):
        alone = _numbers(tables.take(np.array([i])), fast, monkeypatch)
        assert [n for n in names if not np.array_equal(alone[n], crowd[n][i : i + 1], equal_nan=True)] == [], i


def test_a_view_without_posts_or_without_curves_takes_either_path(numba, monkeypatch):
    rng = np.random.default_rng(1)
    curve = creator("a", curve=_burst(organic_curve(90, rng), 30, 900.0))
    posts = creator("a", posts=organic_posts(20, 90, rng), followers=900.0)
    for world in (curve, posts, creator("a")):
        tables = checked(world)
        found = []
        for fast in (False, True):
            monkeypatch.setattr(compiled, "_state", {"loaded": fast, "wanted": fast})
            view = View(tables, decision_days(tables))
            found.append({k: v for f in (engagement, coherence, innocence) for k, v in f.compute(view).items()})
        assert _equal(*found) == []
        told = {name for name, values in found[0].items() if np.isfinite(values).any()}
        assert not {name for name in told if name.startswith("coherence")}, world.keys()
        assert ("growth__innocence__366d__windows" in told) == ("follower_history" in world)


def test_every_kernel_is_compiled_for_one_form_of_arrays(numba, tables, monkeypatch):
    # Another form (writable, or in pieces) would be compiled in the middle of a request, for seconds.
    from realreach.features import coherence_kernels, engagement_kernels, innocence_kernels, post_kernels

    _numbers(tables, True, monkeypatch)
    _numbers(tables.take(np.array([15])), True, monkeypatch)
    early = decision_days(tables) - 30.0
    _everything(View(tables, early))
    modules = (coherence_kernels, engagement_kernels, innocence_kernels, post_kernels)
    kernels = {f"{m.__name__}.{name}": getattr(m, name) for m in modules for name in m.__all__}
    # Called by kernels only.
    del kernels[f"{post_kernels.__name__}.level_at"]
    assert {name: len(kernel.signatures) for name, kernel in kernels.items()} == dict.fromkeys(kernels, 1)


def test_the_middle_of_a_list_is_found_without_an_order(numba):
    from realreach.features.post_kernel_parts import median_of, middle_quantile, middle_two

    rng = np.random.default_rng(0)
    work = np.empty(160)
    for number in [*range(1, 70), 99, 100, 128, 129]:
        for values in (
            rng.normal(size=number), rng.integers(0, 3, number).astype(float), np.arange(number), -np.arange(number),
            np.full(number, -7.5),
        ):  # fmt: skip
            work[:number] = values
            ordered = np.sort(values)
            assert middle_two(work, number) == (ordered[(number - 1) // 2], ordered[number // 2])
            assert median_of(work, number) == np.median(values)
            assert middle_quantile(work, number) == pytest.approx(np.median(values), abs=1e-12)
            assert np.array_equal(work[:number], values)


def test_no_caption_but_those_near_a_window_counts_for_it():
    rng = np.random.default_rng(2)
    curve = _burst(_burst(organic_curve(120, rng), 40, 4_000.0), 90, 6_000.0)
    days = np.linspace(1.0, 119.0, 30)
    for at, named in ((38.5, [True, False]), (88.5, [False, True]), (65.0, [False, False])):
        captions = ["giveaway!" if abs(day - at) < 2.1 else "halo" for day in days]
        tables = checked(
            creator("a", curve=curve, posts=organic_posts(30, 120, rng) | {"day": days, "caption": captions})
        )
        tested = innocence.innocence_of(View(tables, decision_days(tables)))
        largest = np.sort(np.argsort(-tested.windows.excess)[:2])
        assert (tested.strengths["giveaway"][largest] > 0).tolist() == named


def test_rows_of_totals_are_told_from_pictures_and_unknown_formats():
    formats = ["total", "image", None, "reel", "live"]
    world = creator("a", posts={"day": np.arange(5.0), "likes": np.ones(5), "format": formats}, followers=9.0)
    columns = View(checked(world), decision_days(checked(world))).posts.columns
    assert columns["is_total"].tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert np.array_equal(columns["is_video"], [0.0, 0.0, np.nan, 1.0, 1.0], equal_nan=True)


def test_rows_without_a_time_stay_where_later_ones_are_cut():
    comments = {"text": list("abcd"), "day": [1.0, 5.0, np.nan, 2.0]}
    together = join(creator("a", comments=comments), creator("b", comments=comments))
    as_of = pd.Timestamp("2024-01-04")
    for world in (together, worlds.only(together, ["a"])):
        view = View(checked(world), decision_days(checked(world), as_of))
        kept = view.comments_table.strings("text").to_pylist()
        assert sorted(kept) == sorted(["a", "c", "d"] * len(view))


def test_few_creators_do_not_load_the_kernels(tables, monkeypatch):
    monkeypatch.setattr(compiled, "_state", {"loaded": False, "wanted": True})
    _everything(View(tables, decision_days(tables)))
    assert not compiled._state["loaded"]
