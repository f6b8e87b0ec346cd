"""Keys that come as numbered words, orders and ranges looked at once: the tables and findings of the slower look."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from realreach.tables import read_tables, tables_from_frames
from realreach.tables.limits import Limits
from realreach.tables.plain_record import plain_tables

DAYS = pd.date_range("2026-01-01", periods=40, tz="UTC")


def clean(rng):
    """Tables in which nothing is wrong, in order."""
    creators = pd.DataFrame({"creator_id": [f"c{i:02d}" for i in range(12)], "platform": "tiktok"})
    ids = creators["creator_id"].repeat(40).to_numpy()
    history = pd.DataFrame({"creator_id": ids, "observed_on": np.tile(DAYS.tz_localize(None), 12)})
    history["observed_on"] = history["observed_on"].dt.date
    history["followers"] = rng.integers(1, 10**6, len(history))
    posts = pd.DataFrame({"creator_id": ids[::4], "post_id": [f"p{i}" for i in range(120)]})
    posts["posted_at"] = np.tile(DAYS[::4], 12)
    posts["likes"] = np.where(rng.random(120) < 0.2, np.nan, rng.integers(0, 99, 120))
    comments = pd.DataFrame({"creator_id": ids[::2], "comment_id": [f"m{i}" for i in range(240)], "text": "halo"})
    comments["post_id"] = posts["post_id"].repeat(2).to_numpy()
    comments["commented_at"] = DAYS[0] + pd.to_timedelta(rng.integers(0, 9**8, 240), unit="us")
    return {"creators": creators, "follower_history": history, "posts": posts, "comments": comments}


def faulty(frames):
    """The same with faults of every kind that the quick looks must not miss."""
    history, posts, comments = (frames[name].copy() for name in ("follower_history", "posts", "comments"))
    posts.loc[3, "post_id"] = posts.loc[2, "post_id"]  # another post under the same key
    posts = pd.concat([posts, posts.iloc[[10]]], ignore_index=True)  # the same row twice
    posts.loc[5, "likes"] = -1.0
    posts.loc[6, "likes"] = 1.5
    posts.loc[7, "likes"] = np.inf
    posts.loc[8, "post_id"] = "bro\x07ken"
    posts.loc[9, "post_id"] = "  "
    history.loc[7, "creator_id"] = "nobody"
    history.loc[40, "creator_id"] = None
    history.loc[9, "observed_on"] = pd.Timestamp("1200-01-01").date()
    history.loc[10, "observed_on"] = None
    history.loc[12, "followers"] = 0
    history = pd.concat([history, history.iloc[[20, 21]]], ignore_index=True)
    comments.loc[4, "post_id"] = "no such post"
    comments.loc[5, "post_id"] = None
    comments.loc[6, "post_id"] = posts.loc[119, "post_id"]  # another creator's
    comments.loc[8, "creator_id"] = "nobody"
    comments.loc[9, "comment_id"] = "bro\x07ken"
    return {**frames, "follower_history": history, "posts": posts, "comments": comments}


FOUND = {
    ("follower_history", "missing_value"): 1,
    ("follower_history", "out_of_range"): 1,
    ("follower_history", "unknown_creator"): 1,
    ("follower_history", "zero_glitch"): 1,
    ("posts", "bad_id"): 1,
    ("posts", "duplicate_conflict"): 2,
    ("posts", "missing_value"): 1,
    ("posts", "not_a_number"): 1,
    ("posts", "not_whole"): 1,
    ("posts", "out_of_range"): 1,
    ("comments", "bad_id"): 1,
    ("comments", "unknown_creator"): 1,
    ("comments", "unknown_post"): 13,
}
"""What the checks say of the faulty tables. Seven posts are set aside, and their comments lose them."""


def shuffled(frames, rng):
    mixed = {k: v.iloc[rng.permutation(len(v))].reset_index(drop=True) for k, v in frames.items() if k != "creators"}
    return {"creators": frames["creators"], **mixed}


def told(result):
    problems = {(p.code, p.table, p.column, p.count) for p in result.report.problems}
    return problems, result.report.counts, result.report.invalid_creators


def same(left, right):
    assert dict(left.items()).keys() == dict(right.items()).keys()
    for name, table in left.items():
        other = getattr(right, name)
        assert np.array_equal(table.starts, other.starts), name
        assert table.columns.keys() == other.columns.keys(), name
        for column, values in table.columns.items():
            if isinstance(values, np.ndarray):
                assert values.dtype == other.columns[column].dtype, column
                unknown = np.isnan(values) if values.dtype.kind == "f" else np.isnat(values)
                assert np.array_equal(unknown | (values == other.columns[column]), np.ones(len(values))), column
            else:
                assert table.strings(column).equals(other.strings(column)), column


@pytest.mark.parametrize("change", [lambda f: f, faulty], ids=["clean", "faulty"])
@pytest.mark.parametrize("order", ["ordered", "shuffled"])
def test_numbered_words_give_the_tables_and_findings_of_texts(tmp_path, change, order):
    rng = np.random.default_rng(5)
    frames = change(clean(rng))
    if order == "shuffled":
        frames = shuffled(frames, rng)
    for name, frame in frames.items():
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
    coded = read_tables(tmp_path)
    texts = tables_from_frames(frames)
    same(coded.tables, texts.tables)
    assert told(coded) == told(texts)
    found = {(p.table, p.code): p.count for p in coded.report.problems}
    assert found == (FOUND if change is faulty else {})
    assert {name: c.merged_duplicates for name, c in coded.report.counts.items() if c.merged_duplicates} == (
        {"posts": 1, "follower_history": 2} if change is faulty else {}
    )


def put(row, column, value):
    def changed(frame):
        frame = frame.copy()
        frame.loc[row, column] = value
        return frame

    return changed


ALONE = {
    "a date too early": ("follower_history", put(9, "observed_on", pd.Timestamp("1200-01-01").date()), "out_of_range"),
    "a date too late": ("follower_history", put(9, "observed_on", pd.Timestamp("2120-01-01").date()), "out_of_range"),
    "a time too late": ("posts", put(9, "posted_at", pd.Timestamp("2120-01-01", tz="UTC")), "out_of_range"),
    "a day twice": ("follower_history", put(9, "observed_on", DAYS[8].date()), "duplicate_conflict"),
    "a count below 0": ("posts", put(9, "likes", -1.0), "out_of_range"),
    "a count too large": ("follower_history", put(9, "followers", 10**11), "out_of_range"),
    "a count with a fraction": ("posts", put(9, "likes", 1.5), "not_whole"),
    "a count without end": ("posts", put(9, "likes", np.inf), "not_a_number"),
    "a key twice": ("posts", put(9, "post_id", "p8"), "duplicate_conflict"),
    "a key of nobody": ("posts", put(9, "creator_id", "nobody"), "unknown_creator"),
    "a broken key": ("comments", put(9, "comment_id", "bro\x07ken"), "bad_id"),
}


@pytest.mark.parametrize("case", ALONE)
def test_no_fault_alone_slips_through_a_quick_look(tmp_path, case):
    table, change, code = ALONE[case]
    frames = clean(np.random.default_rng(5))
    frames[table] = change(frames[table])
    for name, frame in frames.items():
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
    coded, texts = read_tables(tmp_path), tables_from_frames(frames)
    assert (table, code) in {(p.table, p.code) for p in coded.report.problems}
    assert told(coded) == told(texts)
    same(coded.tables, texts.tables)


def test_order_of_rows_changes_nothing():
    frames = clean(np.random.default_rng(5))
    for given in (frames, faulty(frames)):
        ordered = tables_from_frames(given)
        mixed = tables_from_frames(shuffled(given, np.random.default_rng(1)))
        same(ordered.tables, mixed.tables)
        assert told(ordered)[1:] == told(mixed)[1:]


def test_creators_side_by_side_are_a_view_of_the_tables():
    tables = tables_from_frames(clean(np.random.default_rng(5))).tables
    for first, last in ((0, 12), (0, 1), (3, 7), (11, 12), (4, 4)):
        same(tables.between(first, last), tables.take(np.arange(first, last)))
    part = tables.between(3, 7).follower_history.columns["followers"]
    assert np.shares_memory(part, tables.follower_history.columns["followers"])


def record(**comment):
    return {
        "creator_id": "a",
        "platform": "tiktok",
        "follower_history": [
            {"observed_on": "2026-01-02", "followers": 5},
            {"observed_on": "2026-01-03", "followers": 6},
        ],
        "comments": [
            {"comment_id": "1", "text": "halo", "commented_at": "2026-01-02T23:59:59.999Z"},
            {"comment_id": "2", "text": "halo", "commented_at": "2026-01-03T00:00:00.001Z", **comment},
        ],
    }


def test_days_met_before_are_read_as_the_first_time():
    first, again = (plain_tables(record(), Limits()) for _ in range(2))
    same(first, again)
    expected = np.array(["2026-01-02T23:59:59.999", "2026-01-03T00:00:00.001"], dtype="datetime64[us]")
    assert np.array_equal(again.comments.columns["commented_at"], expected)


@pytest.mark.parametrize(
    "time",
    [
        "24:00:00.000Z",
        "10:60:00.000Z",
        "10:59:60.000Z",
        "10:5x:00.000Z",
        "23:59:00,000Z",
        "23-59:00.000Z",
        "23:59:00.0000",
    ],
)
def test_times_that_do_not_exist_are_doubted_on_known_days_too(time):
    assert plain_tables(record(), Limits()) is not None
    assert plain_tables(record(commented_at=f"2026-01-03T{time}"), Limits()) is None


def test_rows_of_one_table_may_name_different_columns():
    uneven = record(likes=4)
    tables = plain_tables(uneven, Limits())
    assert np.array_equal(tables.comments.numbers("likes"), [np.nan, 4.0], equal_nan=True)
    del uneven["comments"][0]["commented_at"]
    assert np.isnat(plain_tables(uneven, Limits()).comments.columns["commented_at"]).sum() == 1
    assert pa.types.is_large_string(tables.comments.strings("text").type)
