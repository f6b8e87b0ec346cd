"""The point-in-time view: which day, which rows, which level of followers."""

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

import worlds
from realreach.errors import UsageError
from realreach.features import build_features
from realreach.features import view as view_module
from realreach.features.view import View, decision_days, known_before
from worlds import checked, creator, crowd, join, organic_curve


def day_number(text):
    return float(np.datetime64(text, "D").astype(np.int64))


def view_of(world, as_of=None):
    tables = checked(world)
    return View(tables, decision_days(tables, as_of))


AS_OF = "2024-03-01"
FORMS = (
    AS_OF,
    dt.date(2024, 3, 1),
    dt.datetime(2024, 3, 1, 18, 30),
    pd.Timestamp(AS_OF),
    np.datetime64(AS_OF),
    np.array([AS_OF] * 3, dtype="datetime64[D]"),
    np.array([AS_OF] * 3, dtype="datetime64[ns]"),
    [AS_OF] * 3,
)


@pytest.mark.parametrize("form", FORMS, ids=lambda f: type(f).__name__)
def test_day_of_decision_may_be_given_in_any_form(form):
    tables = checked(join(creator("a"), creator("b"), creator("c")))
    assert decision_days(tables, form).tolist() == [day_number(AS_OF)] * 3


def test_each_creator_may_have_its_own_day():
    world = join(*(worlds.organic(name, i) for i, name in enumerate("abc")))
    days = np.array(["2024-02-01", "2024-03-01", "2024-04-01"], dtype="datetime64[D]")
    together = build_features(checked(world), days)
    for i, name in enumerate("abc"):
        alone = build_features(checked(worlds.only(world, [name])), days[i])
        assert np.array_equal(alone.to_numpy(), together.iloc[[i]].to_numpy(), equal_nan=True)


def test_without_a_day_it_is_the_day_after_the_creators_own_last_row():
    history = creator("history", curve=[5.0, 6.0])
    posts = creator("posts", curve=[5.0], posts={"day": [3.7], "likes": [1.0]})
    comments = creator("comments", posts={"day": [3.0]}, comments={"text": ["a", "b"], "day": [9.99, np.nan]})
    nothing = creator("nothing")
    days = decision_days(checked(join(history, posts, comments, nothing)))
    assert days.tolist() == [day_number("2024-01-03"), day_number("2024-01-05"), day_number("2024-01-11"), 0.0]


def test_day_of_the_label_goes_before_the_last_row():
    world = join(worlds.organic("a"), worlds.organic("b", 1))
    labels = pd.DataFrame({"creator_id": ["a", "b"], "is_fake": [0, 1], "as_of": [pd.Timestamp("2024-02-10"), pd.NaT]})
    days = decision_days(checked({**world, "labels": labels}))
    assert days[0] == day_number("2024-02-10")
    assert days[1] == decision_days(checked(world))[1]
    assert decision_days(checked({**world, "labels": labels}), AS_OF).tolist() == [day_number(AS_OF)] * 2


def test_row_on_the_day_of_decision_is_not_read():
    world = creator("a", curve=[5.0, 6.0, 7.0], posts={"day": [0.0, 1.999, 2.0, 2.5], "likes": [1.0, 2.0, 3.0, 4.0]})
    view = view_of(world, "2024-01-03")
    assert view.history.columns["followers"].tolist() == [5.0, 6.0]
    assert view.posts.columns["likes"].tolist() == [1.0, 2.0]


def test_comment_without_a_time_is_kept():
    comments = {"text": ["old", "late", "who knows"], "day": [1.0, 5.0, np.nan]}
    tables = checked(creator("a", posts={"day": [0.0]}, comments=comments))
    kept = known_before(tables.comments, np.array([day_number("2024-01-04")]))
    assert kept.strings("text").to_pylist() == ["old", "who knows"]


def test_tables_that_need_no_cut_are_not_copied():
    tables = checked(worlds.organic("a"))
    assert known_before(tables.posts, decision_days(tables)) is tables.posts
    assert known_before(tables.creators, decision_days(tables)) is tables.creators


def test_windows_bound_what_is_read():
    posts = {"day": np.sort(np.concatenate([np.linspace(-1_000.0, -800.0, 20), np.linspace(0.0, 400.0, 150)]))}
    view = view_of(creator("a", curve=np.arange(500.0), posts=posts), "2025-05-01")
    assert view.history.lengths.tolist() == [367]
    assert view.history.columns["followers"][-1] == 485.0
    assert view.posts.lengths.tolist() == [100]
    assert view.posts.columns["age"].max() <= 730.0
    early = view_of(creator("a", posts={"day": np.linspace(-1_000.0, -800.0, 20)}), "2024-06-01")
    assert early.posts.lengths.tolist() == [0]


@pytest.mark.parametrize("seed", range(5))
def test_level_of_a_post_is_interpolated(seed):
    rng = np.random.default_rng(seed)
    made, expected = [], []
    for i in range(4):
        days = np.sort(rng.choice(170, int(rng.integers(1, 30)), replace=False))
        curve = organic_curve(len(days), rng)
        at = np.sort(np.round(rng.uniform(-20.0, 180.0, 25) * 86_400.0) / 86_400.0)
        made.append(creator(f"c{i}", curve=curve, days=days, posts={"day": at}))
        expected.append(np.interp(at, days, curve))
    view = view_of(join(*made), worlds.END)
    assert np.allclose(view.posts.columns["level"], np.concatenate(expected), rtol=1e-9)


def test_level_without_a_curve_is_that_of_the_profile():
    view = view_of(join(creator("a", followers=70.0, posts={"day": [1.0, 2.0]}), creator("b", posts={"day": [1.0]})))
    assert np.array_equal(view.posts.columns["level"], [70.0, 70.0, np.nan], equal_nan=True)


def test_followers_come_from_the_curve_while_it_is_fresh():
    fresh = creator("fresh", curve=[5.0, 9.0], followers=100.0)
    stale = creator("stale", curve=[5.0, 9.0], followers=100.0)
    only_curve = creator("only", curve=[5.0, 9.0])
    assert view_of(fresh, "2024-02-15").followers.tolist() == [9.0]
    assert view_of(stale, "2024-06-15").followers.tolist() == [100.0]
    assert view_of(only_curve, "2024-06-15").followers.tolist() == [9.0]
    assert math.isnan(view_of(creator("none")).followers[0])


def test_platforms_and_formats():
    names = ("Instagram", "tiktok", "youtube", "twitch")
    view = view_of(join(*(creator(n, platform=n) for n in names)))
    assert view.platform.tolist() == [0, 1, 2, 3]
    formats = ["image", "reel", "video", "carousel", None, "live"]
    view = view_of(creator("a", posts={"day": np.arange(6.0), "format": formats}))
    assert np.array_equal(view.posts.columns["is_video"], [0.0, 1.0, 1.0, 0.0, np.nan, 1.0], equal_nan=True)


@pytest.mark.parametrize("as_of", ["20260201", 20200101, True, "tomorrow", "today", "3000-01-01", 1.5])
def test_a_day_that_is_no_day_is_refused(as_of):
    with pytest.raises(UsageError, match="as_of must be a day"):
        decision_days(checked(crowd()), as_of)


def test_few_texts_and_many_are_looked_up_alike(monkeypatch):
    draw = np.random.default_rng(3)
    kinds = np.array(["video", "photo", "total", None, "live"], dtype=object)
    formats = draw.choice(kinds, 60).tolist()
    posts = worlds.organic_posts(60, 100.0, draw) | {"format": formats}
    platforms = ("tiktok", "vimeo", "instagram", "youtube")
    found = []
    for few in (0, 10_000):
        monkeypatch.setattr(view_module, "_FEW_TEXTS", few)
        view = view_of(join(*(creator(name, posts=posts, platform=name) for name in platforms)))
        found.append((view.platform.tolist(), view.posts.columns["is_video"], view.posts.columns["is_total"]))
    (one, *flags), (other, *same) = found
    assert one == other == [1, 3, 0, 2]
    for few, many in zip(flags, same, strict=True):
        assert np.array_equal(few, many, equal_nan=True)
    # The world puts posts in order of time, as they were made.
    assert flags[0][:60].tolist() == pytest.approx(
        [{"video": 1.0, "live": 1.0, None: np.nan}.get(kind, 0.0) for kind in formats], nan_ok=True
    )
    assert flags[1].sum() == 4 * formats.count("total")


def test_rows_without_a_time_do_not_move_the_day():
    comments = worlds.organic_comments(
        6, worlds.organic_posts(5, 50.0, np.random.default_rng(1)), np.random.default_rng(2)
    )
    known = np.asarray(comments["day"], dtype=float)
    late = {**comments, "day": np.where(np.arange(6) < 5, known, np.nan)}
    none = {**comments, "day": np.full(6, np.nan)}
    bare = {name: values for name, values in comments.items() if name != "day"}
    told, unknown, absent = (decision_days(checked(creator("a", comments=c)))[0] for c in (late, none, bare))
    assert told == day_number(worlds.START) + np.floor(known[:5].max()) + 1
    assert unknown == absent == 0.0


@pytest.mark.parametrize(("old", "settled"), [(5, 5), (4, 6), (0, 2)])
def test_new_posts_are_left_out_where_five_older_ones_are_there(old, settled):
    def posts(number, new):
        made = worlds.organic_posts(number + new, 100.0, np.random.default_rng(1))
        return made | {"day": np.concatenate([np.arange(10.0, 10.0 + number), np.full(new, 99.5)])}

    world = join(
        creator("before", posts=posts(9, 1)), creator("a", posts=posts(old, 2)), creator("after", posts=posts(7, 0))
    )
    assert view_of(world, worlds.START + np.timedelta64(100, "D")).settled.lengths.tolist() == [9, settled, 7]
