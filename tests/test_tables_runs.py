"""Rows that stand in order are looked at by runs: the same tables and findings as row by row."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.test_tables_coded import clean, faulty, same, shuffled, told

from realreach.tables import Limits, read_tables, rows, tables_from_frames
from realreach.tables.core import written_out
from realreach.tables.owners import Owners, coded, owners_of, word_numbers
from realreach.tables.parts import RowNumbers


def by_runs(places):
    """Owners of rows from the place of each row."""
    places = np.array(places, dtype=np.int64)
    starts = np.flatnonzero(np.append(True, places[1:] != places[:-1])) if len(places) else np.array([], dtype=int)
    return Owners(np.append(starts, len(places)), places[starts])


@pytest.mark.parametrize("seed", range(40))
def test_runs_say_what_rows_say(seed):
    rng = np.random.default_rng(seed)
    places = rng.integers(-(seed % 2), 4, rng.integers(0, 12))
    if seed % 3:
        places = np.sort(places)
    owners = by_runs(places)
    assert owners.rows.tolist() == places.tolist()
    assert owners.grouped == bool((places >= 0).all() and (np.diff(places) >= 0).all())
    values = rng.integers(0, 5, len(places)).astype(rng.choice(["i4", "datetime64[D]", "i8"]))
    rises = [values[i] > values[i - 1] for i in range(1, len(values)) if places[i] == places[i - 1]]
    assert owners.rises(values) == all(rises)
    assert owners.rises(None) == (not rises)
    if (places >= 0).all():
        order = rng.permutation(len(places))[: rng.integers(0, len(places) + 1)]
        assert owners.counts(order, 5).tolist() == np.bincount(places[order], minlength=5).tolist()
        if owners.grouped:
            assert owners.counts(None, 5).tolist() == np.bincount(places, minlength=5).tolist()


@pytest.mark.parametrize("ids", [["b", "b", "a", None, "x", "x", "b"], [None], [], ["y", None], ["c", "c"]])
@pytest.mark.parametrize("form", [coded, written_out], ids=["coded", "plain"])
def test_owners_are_found_in_the_creators_table(ids, form):
    marked = {}
    texts = pa.array(ids, pa.large_string())
    draft = SimpleNamespace(columns={"creator_id": form(texts)}, texts=lambda name: texts)
    draft.mark = lambda code, column, found: marked.update({(code, column): np.flatnonzero(found).tolist()})
    creators = SimpleNamespace(strings=lambda name: pa.array(["a", "b", "c"], pa.large_string()))
    owners = owners_of(draft, creators, pa.array(["x"], pa.large_string()))
    assert owners.rows.tolist() == ["abc".index(i) if i and i in "abc" else -1 for i in ids]
    lost = {"creator_set_aside": "x", "unknown_creator": "y"}
    assert {code: found for (code, _), found in marked.items() if found} == {
        code: [i for i, key in enumerate(ids) if key == name] for code, name in lost.items() if name in ids
    }


@pytest.mark.parametrize("change", [lambda f: f, faulty], ids=["clean", "faulty"])
@pytest.mark.parametrize("order", ["ordered", "shuffled"])
@pytest.mark.parametrize(
    ("name", "one", "other"), [("_LARGEST", 0, 2**62), ("_CELLS", 0, 10**6)], ids=["one number", "cells"]
)
def test_both_ways_to_order_and_to_look_up_agree(monkeypatch, change, order, name, one, other):
    rng = np.random.default_rng(7)
    frames = change(clean(rng))
    frames["comments"].loc[::3, "commented_at"] = pd.NaT
    frames["comments"].loc[1::7, "commented_at"] = frames["comments"]["commented_at"].max()
    if order == "shuffled":
        frames = shuffled(frames, rng)
    results = []
    for value in (one, other):
        monkeypatch.setattr(rows, name, value)
        results.append(tables_from_frames(frames))
    same(*(result.tables for result in results))
    assert told(results[0]) == told(results[1])


def test_times_too_far_apart_for_one_number_are_sorted_as_two():
    who = np.array([2**20, 0, 2**20, 0], dtype=np.int64)
    time = np.array([2**45, 2**45, 0, 0], dtype=np.int64)
    order, equal = rows._by_creator_and_time(who, time)
    assert order.tolist() == [3, 1, 2, 0]
    assert equal.tolist() == [False] * 3
    near, equal = rows._by_creator_and_time(who, time >> 45)
    assert near.tolist() == [3, 1, 2, 0]
    assert equal.tolist() == [False] * 3
    assert rows._by_creator_and_time(who[:0], time[:0])[0].tolist() == []


def test_unknown_times_come_last_and_ties_are_broken_by_key():
    frames = clean(np.random.default_rng(1))
    comments = frames["comments"].iloc[:8].copy()
    comments["commented_at"] = pd.to_datetime([None, "2026-01-02", "2026-01-01"] * 2 + [None, "2026-01-02"], utc=True)
    frames["comments"] = comments.iloc[::-1]
    found = tables_from_frames(frames).tables.comments
    assert found.strings("comment_id").to_pylist() == ["m2", "m5", "m1", "m4", "m7", "m0", "m3", "m6"]


@pytest.mark.parametrize("cells", [0, 4])
@pytest.mark.parametrize("words", [None, ["p", "q", "r"], ["r", "q", "p"], ["q", "r", "p"]])
@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5, 6], [4, 0, 6, 2, 5, 3, 1]], ids=["ordered", "mixed"])
def test_a_post_of_another_creator_is_unknown(monkeypatch, cells, words, order):
    monkeypatch.setattr(rows, "_CELLS", cells)
    creators = pd.DataFrame({"creator_id": ["a", "b"], "platform": "tiktok"})
    posts = pd.DataFrame({"creator_id": ["a", "a", "b"], "post_id": ["p", "r", "q"]})
    posts["posted_at"] = pd.Timestamp("2026-01-01", tz="UTC")
    if words:
        posts["post_id"] = pd.Categorical(posts["post_id"], words)
    ids = [("a", "p"), ("a", "q"), ("a", "none"), ("b", "p"), ("b", "q"), ("b", None), ("b", "none")]
    comments = pd.DataFrame([ids[i] for i in order], columns=["creator_id", "post_id"])
    comments[["comment_id", "text"]] = [[f"k{i}", "halo"] for i in order]
    report = tables_from_frames({"creators": creators, "posts": posts, "comments": comments}).report
    (problem,) = report.problems
    assert (problem.code, problem.count) == ("unknown_post", 4)
    assert [place.number for place in problem.places] == [n for n, i in enumerate(order, 1) if i in (1, 2, 3, 6)]


@pytest.mark.parametrize(
    "order",
    [["creator_id", "observed_on"], ["observed_on", "creator_id"], ["half", "creator_id", "observed_on"]],
    ids=["creators turned round", "by day", "creators in two pieces"],
)
@pytest.mark.parametrize("twice", [False, True])
def test_rows_in_another_order_of_creators_are_put_in_order(order, twice):
    frames = clean(np.random.default_rng(8))
    whole = tables_from_frames(frames)
    history = frames["follower_history"].assign(half=np.tile(np.arange(40) // 20, 12))
    if twice:
        history = pd.concat([history, history[::5].assign(half=2)])
    falling = [name != "creator_id" or len(order) == 3 for name in order]
    frames["follower_history"] = history.sort_values(order, ascending=falling).drop(columns="half")
    found = tables_from_frames(frames)
    same(found.tables, whole.tables)
    assert found.report.counts["follower_history"].merged_duplicates == (96 if twice else 0)


def test_a_coded_table_is_used_like_a_plain_one(tmp_path):
    frames = clean(np.random.default_rng(2))
    for name, frame in frames.items():
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
    left, right = read_tables(tmp_path).tables, tables_from_frames(frames).tables
    assert isinstance(left.comments.columns["creator_id"], pa.DictionaryArray)
    assert isinstance(right.comments.columns["creator_id"], pa.LargeStringArray)
    for one, other in (
        (left, right),
        (left.between(3, 6), right.between(3, 6)),
        (left.take(np.array([5, 1])), right.take(np.array([5, 1]))),
        (left.select(["c03", "c00"]), right.select(["c03", "c00"])),
    ):
        same(one, other)
        pd.testing.assert_frame_equal(one.comments.to_pandas(), other.comments.to_pandas())
        assert one.comments.codes("post_id").tolist() == other.comments.codes("post_id").tolist()


@pytest.mark.parametrize("change", [lambda f: f, faulty], ids=["clean", "faulty"])
def test_part_files_of_codes_texts_and_no_rows_join_to_the_same(tmp_path, change):
    frames = change(clean(np.random.default_rng(3)))
    for name, frame in frames.items():
        (tmp_path / name).mkdir()
        cuts = [0, 0, len(frame) // 3, len(frame) // 2, len(frame)]
        for number, (first, last) in enumerate(pairwise(cuts)):
            part = frame.iloc[first:last]
            if number == 3:  # the same as text
                part.to_csv(tmp_path / name / f"{number}.csv", index=False)
            else:
                part.to_parquet(tmp_path / name / f"{number}.parquet", index=False, row_group_size=50)
    found, whole = read_tables(tmp_path), tables_from_frames(frames)
    same(found.tables, whole.tables)
    assert told(found)[0] == told(whole)[0]
    assert found.report.counts == whole.report.counts


def test_a_frame_that_is_changed_later_changes_no_table():
    frames = clean(np.random.default_rng(4))
    history, posts = frames["follower_history"], frames["posts"]
    history["followers"] = history["followers"].astype(float)
    posts["posted_at"] = posts["posted_at"].dt.as_unit("us")
    tables = tables_from_frames(frames).tables
    before = tables.follower_history.numbers("followers").copy(), tables.posts.days("posted_at").copy()
    for values in (history["followers"].array._ndarray, posts["posted_at"].array._ndarray):
        values.flags.writeable = True
        values[:] = values[::-1].copy()
    assert np.array_equal(tables.follower_history.numbers("followers"), before[0])
    assert np.array_equal(tables.posts.days("posted_at"), before[1])


def test_rows_are_counted_from_one_without_a_list():
    numbers = RowNumbers(5)
    assert len(numbers) == 5
    assert numbers[np.array([0, 4])].tolist() == [1, 5]
    assert int(numbers[2]) == 3


def test_numbers_of_words_are_equal_where_the_words_are():
    texts = pa.array(["b", None, "a", "b"], pa.large_string())
    assert word_numbers(texts).tolist() == [0, -1, 1, 0]
    assert word_numbers(texts.dictionary_encode()[1:]).tolist() == [-1, 1, 0]


def test_limits_of_rows_hold_where_nothing_else_is_to_do():
    frames = clean(np.random.default_rng(6))
    found = tables_from_frames(frames, limits=Limits(history_points_per_creator=39))
    assert found.report.counts["follower_history"].set_aside == 12
    assert np.diff(found.tables.follower_history.starts).tolist() == [39] * 12
    assert found.tables.follower_history.columns["observed_on"][0] == np.datetime64("2026-01-02")
    assert not tables_from_frames(frames, limits=Limits(history_points_per_creator=40)).report.problems
