"""The light path of one record: what it takes is to the bit what the general path gives, and it doubts all else."""

import copy
import random

import numpy as np
import pyarrow as pa
import pytest

from conftest import nested_records
from realreach.simulate import simulate
from realreach.tables import tables_from_records
from realreach.tables.limits import Limits
from realreach.tables.plain_record import plain_tables
from realreach.tables.reading import _tables_from_records

INNER = ("follower_history", "posts", "comments", "audience")
JUNK = (
    None, True, False, 0, 1, -1, 2, 1.5, -0.0, 1e300, float("nan"), float("inf"), "", "  ", "x", " x", "a b", "12",
    "1e3", "2024-01-31", "2024-02-30", "2024-01-31\n", "1989-12-31", "2101-01-01", "0000-01-01", "NaT", "today",
    "٢٠٢٤-01-01", "2024-01-31T24:00:00Z", "2024-01-31T10:00:00", "2024-01-31T10:00:60Z", "2024-01-31T10:00:00.5Z",
    "2024-01-31T10:00:00.123Z", "2024-01-31T10:00:00+07:00", "2024-01-31T10:00:00+00:00", "2024-01-31T10:00Z",
    "2024-01-31Z", "\u00a0", "\u200b", "\ud83d", "é", "tiktok", "TikTok ", "İ", "a_b", "A1", 2**53, 2**53 + 1, 2**70,
    [], {}, b"x", np.float64(1.0), "\x00", "a\x1cb", "a\u2028b", "x" * 257, "y" * 2201, "é" * 1200, "z" * 40,
)  # fmt: skip


@pytest.fixture(scope="module")
def records():
    frames = simulate(40, seed=5).frames
    return nested_records({name: frame for name, frame in frames.items() if name in ("creators", *INNER)})


def general(record):
    return _tables_from_records([record], Limits(), None)


def assert_same(light, full):
    assert not full.report.problems
    assert tables_from_records_report(light) == tables_from_records_report(full.tables)
    assert [name for name, _ in light.items()] == [name for name, _ in full.tables.items()]
    for (name, one), (_, other) in zip(light.items(), full.tables.items(), strict=True):
        assert list(one.columns) == list(other.columns), name
        assert np.array_equal(one.starts, other.starts)
        for column, values in one.columns.items():
            wanted = other.columns[column]
            if isinstance(values, pa.Array):
                assert values.type == wanted.type
                assert values.equals(wanted), (name, column)
            else:
                assert values.dtype == wanted.dtype
                assert np.array_equal(values, wanted, equal_nan=True), (name, column)


def tables_from_records_report(tables):
    return {name: len(table) for name, table in tables.items()}


def test_simulated_records_take_the_light_path_and_give_the_same_tables_and_report(records):
    for record in records:
        light = plain_tables(record, Limits())
        assert light is not None
        full = general(record)
        assert_same(light, full)
        assert tables_from_records([record]).report == full.report


def test_object_of_lists_is_taken_too(records):
    record = dict(records[0])
    for name in INNER:
        rows = record.get(name, [])
        if rows:
            record[name] = {key: [row.get(key) for row in rows] for row in rows for key in row}
    assert_same(plain_tables(record, Limits()), general(record))


def test_unsorted_rows_are_put_in_order_and_ties_by_key(records):
    record = copy.deepcopy(next(r for r in records if len(r.get("comments", ())) > 20))
    for name in INNER:
        random.Random(3).shuffle(record.get(name, []))
    for row in record["comments"][:8]:
        row["commented_at"] = "2024-05-01T10:00:00Z"
    record.pop("posts", None)
    assert_same(plain_tables(record, Limits()), general(record))


@pytest.mark.parametrize(
    "edit",
    [
        lambda r: r.update(zz=1),
        lambda r: r.update(creators=[]),
        lambda r: r.update(labels={"is_fake": 1}),
        lambda r: r.update(followers=-1),
        lambda r: r.update(followers=True),
        lambda r: r.update(country="indonesia"),
        lambda r: r.update(creator_id=7),
        lambda r: r["posts"][0].update(likes=1.5),
        lambda r: r["posts"][0].update(likes=3, likes_hidden=1),
        lambda r: r["posts"].append(dict(r["posts"][0])),
        lambda r: r["posts"][0].update(posted_at="2024-01-31T10:00:00"),
        lambda r: r["comments"][0].update(post_id="missing"),
        lambda r: r["comments"][0].update(text=" \u3000"),
        lambda r: r["comments"][0].update(text="y" * 2201),
        lambda r: r["comments"][0].update(text="\ud83d"),
        lambda r: r["comments"][0].update(comment_id="a\x00"),
        lambda r: r["comments"][0].update(creator_id="someone else"),
        lambda r: r["follower_history"][3].update(followers=0),
        lambda r: r["follower_history"][3].update(observed_on=r["follower_history"][4]["observed_on"]),
    ],
)
def test_whatever_has_to_be_reported_is_doubted(records, edit):
    whole = (r for r in records if all(len(r.get(n, ())) > 12 for n in INNER[:3]) and r["comments"][0].get("post_id"))
    record = copy.deepcopy(next(whole))
    assert plain_tables(record, Limits()) is not None
    edit(record)
    assert plain_tables(record, Limits()) is None


def test_other_limits_are_left_to_the_general_path(records):
    assert plain_tables(records[0], Limits(columns=2)) is None


def test_broken_records_never_slip_through(records):
    rng = random.Random(17)
    taken = 0
    for _ in range(3_000):
        record = _broken(rng, records)
        light = plain_tables(record, Limits())
        if light is not None:
            taken += 1
            assert_same(light, general(record))
    # Enough of both, or the test would say nothing.
    assert 200 < taken < 2_000


def _broken(rng, records):
    """Return a record with few rows and a few faults, or harmless oddities, somewhere in it."""
    source = rng.choice(records)
    record = {k: v for k, v in source.items() if k not in INNER}
    for name in INNER:
        rows = source.get(name)
        if rows and rng.random() < 0.8:
            record[name] = [dict(row) for row in rng.sample(rows, min(len(rows), rng.choice([1, 2, 5])))]
    for row in record.get("comments", ()):
        row.pop("post_id", None)
    for _ in range(rng.choice([0, 1, 1, 2])):
        tables = [record[name] for name in INNER if isinstance(record.get(name), list)]
        what = rng.choice(("creator", "cell", "cell", "drop", "again", "more", "table"))
        if what == "creator":
            record[rng.choice(("creator_id", "platform", "followers", "country", "joined_on", "price_per_post"))] = (
                rng.choice(JUNK)
            )
        elif what == "table":
            record[rng.choice((*INNER, "labels", "creators", "_x"))] = rng.choice(
                (None, [], {}, [1], [{}], "x", {"a": [1]}, {"a": 1}, [None])
            )
        elif tables:
            rows = rng.choice(tables)
            row = rng.choice(rows) if rows else None
            if not isinstance(row, dict) or not row:
                continue
            if what == "cell":
                row[rng.choice(list(row))] = rng.choice(JUNK)
            elif what == "drop":
                row.pop(rng.choice(list(row)))
            elif what == "again":
                rows.append(dict(row))
            else:
                row[rng.choice(("creator_id", "x", "likes", "likes_hidden", "following"))] = rng.choice(JUNK)
    return record


@pytest.mark.parametrize("clock", ["24:00:00", "10:60:00", "10:00:60", "30:00:00", "10-00-00", "1a:00:00", "/9:00:00"])
@pytest.mark.parametrize("end", ["Z", ".000Z"])
def test_times_of_day_that_do_not_exist_are_doubted_among_those_that_do(clock, end):
    posts = [{"post_id": "a", "posted_at": f"2024-01-31T23:59:59{end}"}, {"post_id": "b", "posted_at": ""}]
    record = {"creator_id": "x", "platform": "tiktok", "posts": posts}
    posts[1]["posted_at"] = f"2024-01-31T09:00:00{end}"
    assert_same(plain_tables(record, Limits()), general(record))
    posts[1]["posted_at"] = f"2024-01-31T{clock}{end}"
    assert plain_tables(record, Limits()) is None
