"""Whatever is given: no row is lost, nothing but an InputError is raised, and parsers agree with slow ones."""

import datetime as dt
import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from realreach.tables import CONTRACTS, InputError, Limits, Tables, tables_from_frames, tables_from_records
from realreach.tables.cells import check_column

SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

ODD = st.sampled_from(
    [
        *("", " ", "NA", "0", "1", "12.3K", "1e5", "1e999", "-0", "nan", "true", "a", "b", "x\x00", "9" * 30, "\u0661"),
        *("2024-01-31", "2024-02-30", "2024-01-31T10:00:00Z", "2024-01-31T10:00:00", "1706659200", "tiktok", "\ud800"),
    ]
)
TEXT = ODD | st.text(max_size=8)
ANY = TEXT | st.none() | st.integers() | st.floats() | st.booleans() | st.lists(st.integers(), max_size=2) | st.dates()


KEYS = st.sampled_from(["creator_id", "platform", "posts", "labels", "x"])


@st.composite
def raw_frames(draw: st.DrawFn, values: st.SearchStrategy) -> dict[str, pd.DataFrame]:
    frames = {}
    for name, contract in CONTRACTS.items():
        if name != "creators" and draw(st.booleans()):
            continue
        rows = draw(st.integers(0, 6))
        columns = [c for c in contract.columns if c.required or draw(st.booleans())]
        data = {}
        for column in columns:
            few = st.sampled_from(["a", "b"]) if column.kind == "id" else st.nothing()
            cells = draw(st.lists(few | values if column.kind == "id" else values, min_size=rows, max_size=rows))
            data[column.name] = pd.Series(cells, dtype=object)
        frames[name] = pd.DataFrame(data)
    frames["creators"] = pd.concat([frames["creators"], pd.DataFrame([{"creator_id": "a", "platform": "tiktok"}])])
    return frames


@SETTINGS
@given(raw_frames(TEXT) | raw_frames(ANY))
def test_no_row_is_lost(frames: dict[str, pd.DataFrame]) -> None:
    try:
        result = tables_from_frames(frames)
    except InputError:
        return
    for name, table in result.tables.items():
        counts = result.report.counts[name]
        assert counts.rows_in == len(frames[name]) == counts.used + counts.merged_duplicates + counts.set_aside
        assert counts.used == len(table)
        _check_valid(result.tables, name)
    result.report.text().encode("utf-8")
    result.report.to_json().encode("utf-8")


def _check_valid(tables: Tables, name: str) -> None:
    """After the check nobody checks again: so everything promised must hold."""
    table = getattr(tables, name)
    assert table.starts[0] == 0
    assert len(table.starts) == len(tables) + 1
    if name != "creators":
        owners = [tables.creator_ids[i].as_py() for i in table.creator]
        assert table.strings("creator_id").to_pylist() == owners
    keys = table.to_pandas()[list(table.contract.key)]
    assert not keys.duplicated().any()
    for column in table.contract.columns:
        if column.name in table:
            values = table.columns[column.name]
            missing = values.null_count if isinstance(values, pa.Array) else np.isnan(values).sum()
            assert not (column.required and missing)
            if column.minimum is not None:
                assert not (values < column.minimum).any()
                assert not (values > column.maximum).any()


@SETTINGS
@given(
    st.lists(
        st.dictionaries(st.sampled_from(["creator_id", "platform", "posts", "labels", "x"]), ANY, max_size=5),
        max_size=4,
    )
)
def test_any_record_is_read_or_told(records: list[dict]) -> None:
    try:
        report = tables_from_records([*records, {"creator_id": "fine", "platform": "tiktok"}]).report
    except InputError:
        return
    assert report.counts["creators"].rows_in == len(records) + 1


@SETTINGS
@given(st.lists(TEXT | st.integers(-(10**22), 10**22).map(str) | st.floats().map(repr), min_size=1, max_size=8))
def test_numbers_agree_with_python(texts: list[str]) -> None:
    texts = [t for t in texts if "\ud800" not in t] or ["1"]
    cells = check_column(pa.array(texts), CONTRACTS["audience"].by_name["followers"], Limits(), None)
    wrong = np.zeros(len(texts), dtype=bool)
    for rows in cells.found.values():
        wrong |= rows
    for text, value, bad in zip(texts, cells.values.tolist(), wrong.tolist(), strict=True):
        if not bad and not math.isnan(value):
            assert value == float(text)
        elif text.strip().isascii() and text.strip().isdigit() and int(text) <= 10**10:
            pytest.fail(f"{text!r} is a count")


@SETTINGS
@given(
    st.lists(
        st.datetimes(dt.datetime(1991, 1, 1), dt.datetime(2099, 1, 1), timezones=st.timezones()),
        min_size=1,
        max_size=5,
    ),
    st.booleans(),
)
def test_times_agree_with_python(times: list[dt.datetime], one_is_wrong: bool) -> None:
    """With one wrong value among them the column takes the other road: both must come to the same."""
    # Offsets of whole minutes only: ISO 8601 has no others.
    times = [t for t in times if (t.utcoffset() or dt.timedelta()).total_seconds() % 60 == 0]
    texts = [t.isoformat() for t in times] + ["nonsense"] * one_is_wrong
    expected = [t.astimezone(dt.UTC).replace(tzinfo=None) for t in times]
    given_texts, instant = pa.array(texts, pa.string()), CONTRACTS["posts"].by_name["posted_at"]
    cells = check_column(given_texts, instant, Limits(), None)
    assert cells.values.tolist()[: len(times)] == expected
    days = check_column(given_texts, CONTRACTS["follower_history"].by_name["observed_on"], Limits(), None)
    assert days.values.tolist()[: len(times)] == [t.date() for t in expected]


IDS = st.text(st.sampled_from("aZ9-_~ \t\x00\x1f\x7f\x85é\u2028\u00a0🙂"), max_size=6) | st.none()


@SETTINGS
@given(st.lists(IDS, max_size=8), st.integers(0, 4), st.integers(0, 4))
@example(["a\x7fb"], 0, 0)
def test_keys_of_plain_ascii_are_checked_as_any_others(values: list[str | None], first: int, last: int) -> None:
    """The look at the bytes says what looks at each string say; slices hide what lies around."""
    array = pa.array(values, pa.large_string())[first : max(len(values) - last, first)]
    cells = check_column(array, CONTRACTS["posts"].by_name["post_id"], Limits(id_characters=4), None)
    given_ids = array.to_pylist()
    assert cells.values.to_pylist() == [None if v is None or not v.strip() else v for v in given_ids]
    known = [value or "" for value in cells.values.to_pylist()]
    control = [any(c < " " or "\x7f" <= c <= "\x9f" or c in "\u2028\u2029" for c in value) for value in known]
    for code, wanted in (("bad_id", control), ("too_long", [len(value) > 4 for value in known])):
        assert list(cells.found.get(code, np.zeros(len(array), dtype=bool))) == wanted
