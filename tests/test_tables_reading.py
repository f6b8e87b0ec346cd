"""Every way in gives the same tables; hostile and odd values are handled as the dictionary says."""

import gzip
import io
import json
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from realreach.errors import UsageError
from realreach.tables import (
    InputError,
    Limits,
    NothingLeftError,
    ReadResult,
    Tables,
    read_tables,
    tables_from_frames,
    tables_from_records,
)

Frames = dict[str, pd.DataFrame]


@pytest.fixture
def frames() -> Frames:
    """Three creators with everything, times tied on purpose, texts with commas, quotes and line breaks."""
    random = np.random.default_rng(3)
    ids = np.repeat(["NA", "007", "c3"], 8)
    turn = np.tile(np.arange(8), 3)
    times = pd.Timestamp("2024-03-01T05:30:00Z") + pd.to_timedelta(turn // 2, unit="D")
    return {
        "creators": pd.DataFrame(
            {
                "creator_id": ["NA", "007", "c3"],
                "platform": ["Instagram", "tiktok", "YOUTUBE"],
                "followers": [1000.0, np.nan, 30.0],
                "is_verified": [1, 0, 0],
                "joined_on": pd.to_datetime(["2019-05-01", None, "2020-01-31"]),
            }
        ),
        "follower_history": pd.DataFrame(
            {
                "creator_id": ids,
                "observed_on": pd.Timestamp("2024-01-01") + pd.to_timedelta(turn * 3, unit="D"),
                "followers": random.integers(10, 99, 24),
            }
        ),
        "posts": pd.DataFrame(
            {
                "creator_id": ids,
                "post_id": [f"p{9 - i}" for i in turn],
                "posted_at": times,
                "likes": [5.0, np.nan] * 12,
                "is_sponsored": [True, False] * 12,
                "caption": ['say "hi", you', "two\nlines", None, "Selamat pagi 😀"] * 6,
            }
        ),
        "comments": pd.DataFrame(
            {
                "creator_id": ids,
                "comment_id": [f"k{i}" for i in range(24)],
                "text": ["=nice()", "bagus, kak", "👍🏽", 'the "best"'] * 6,
                "post_id": [f"p{9 - i}" for i in turn],
                "commented_at": times,
            }
        ),
        "labels": pd.DataFrame({"creator_id": ["007", "NA"], "is_fake": [1, 0], "weight": [1.5, 1.0]}),
    }


def assert_same(left: Tables, right: Tables) -> None:
    assert [name for name, _ in left.items()] == [name for name, _ in right.items()]
    for (name, a), (_, b) in zip(left.items(), right.items(), strict=True):
        np.testing.assert_array_equal(a.starts, b.starts, err_msg=name)
        pd.testing.assert_frame_equal(a.to_pandas(), b.to_pandas(), obj=name)


def clean(result: ReadResult) -> Tables:
    assert not result.report.problems
    assert not result.report.set_aside
    return result.tables


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Times as ISO text, as an export would write them."""
    out = frame.copy()
    for name in out.columns:
        if isinstance(out[name].dtype, pd.DatetimeTZDtype):
            out[name] = out[name].map(lambda t: t.isoformat())
        elif out[name].dtype.kind == "M":
            out[name] = out[name].dt.strftime("%Y-%m-%d")
    return out


def as_rows(frame: pd.DataFrame) -> list[dict]:
    return [{k: v for k, v in row.items() if v == v and v is not None} for row in as_text(frame).to_dict("records")]


def as_records(frames: Frames) -> list[dict]:
    records = as_rows(frames["creators"])
    for record in records:
        for name, frame in frames.items():
            rows = as_rows(frame[frame["creator_id"] == record["creator_id"]].drop(columns="creator_id"))
            if name == "labels" and rows:
                record[name] = rows[0]
            elif name not in ("creators", "labels"):
                record[name] = rows
    return records


def test_csv_equals_frames(frames: Frames, tmp_path: Path) -> None:
    for name, frame in frames.items():
        as_text(frame).to_csv(tmp_path / f"{name}.csv", index=False)
    assert_same(clean(read_tables(tmp_path)), clean(tables_from_frames(frames)))


def test_json_lines_equal_frames(frames: Frames, tmp_path: Path) -> None:
    for name, frame in frames.items():
        lines = "\n".join(json.dumps(row) for row in as_rows(frame))
        (tmp_path / f"{name}.jsonl").write_text(lines, "utf-8")
    assert_same(clean(read_tables(tmp_path)), clean(tables_from_frames(frames)))


def test_parquet_equals_frames(frames: Frames, tmp_path: Path) -> None:
    for name, frame in frames.items():
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False, row_group_size=5)
    assert_same(clean(read_tables(tmp_path)), clean(tables_from_frames(frames)))


def test_nested_records_equal_frames(frames: Frames, tmp_path: Path) -> None:
    expected = clean(tables_from_frames(frames))
    records = as_records(frames)
    assert_same(clean(tables_from_records(records)), expected)
    (tmp_path / "all.jsonl").write_text("\n".join(json.dumps(r) for r in records), "utf-8")
    assert_same(clean(read_tables(tmp_path / "all.jsonl")), expected)
    (tmp_path / "all.json").write_text(json.dumps(records, indent=1), "utf-8")
    assert_same(clean(read_tables(tmp_path / "all.json")), expected)


def _columns(rows: list[dict]) -> dict[str, list]:
    return {name: [row.get(name) for row in rows] for name in {name for row in rows for name in row}}


def test_lists_of_columns_equal_row_objects(frames: Frames) -> None:
    records = as_records(frames)
    columnar = [{k: _columns(v) if isinstance(v, list) else v for k, v in record.items()} for record in records]
    assert_same(tables_from_records(columnar).tables, tables_from_records(records).tables)


def test_standard_input(frames: Frames, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "\n".join(json.dumps(r) for r in as_records(frames)).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert_same(clean(read_tables("-")), clean(tables_from_frames(frames)))


@pytest.mark.parametrize("seed", range(3))
def test_order_of_rows_and_columns_does_not_matter(frames: Frames, seed: int) -> None:
    shuffled = {
        name: f.sample(frac=1, random_state=seed).sample(frac=1, axis=1, random_state=seed)
        for name, f in frames.items()
    }
    shuffled["creators"] = frames["creators"]
    assert_same(clean(tables_from_frames(shuffled)), clean(tables_from_frames(frames)))


def test_part_files_of_several_formats_and_packings(frames: Frames, tmp_path: Path) -> None:
    for name, frame in frames.items():
        (tmp_path / name).mkdir()
        middle = len(frame) // 2
        frame[:middle].to_parquet(tmp_path / name / "part-000.parquet", index=False)
        text = as_text(frame[middle:]).to_csv(index=False).encode()
        if name == "posts":
            (tmp_path / name / "part-001.csv.zst").write_bytes(pa.compress(text, codec="zstd", asbytes=True))
        else:
            (tmp_path / name / "part-001.csv.gz").write_bytes(gzip.compress(text))
        (tmp_path / name / "_unfinished.csv").write_text("half a line")
    assert_same(clean(read_tables(tmp_path)), clean(tables_from_frames(frames)))


def test_byte_order_mark_and_windows_line_ends(frames: Frames, tmp_path: Path) -> None:
    plain = frames["creators"]
    text = "\n\n" + as_text(plain).to_csv(index=False, lineterminator="\r\n") + "\r\n\r\n"
    (tmp_path / "creators.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert_same(clean(read_tables(tmp_path)), clean(tables_from_frames({"creators": plain})))


def test_row_numbers_count_blank_lines_as_a_spreadsheet_does(tmp_path: Path) -> None:
    (tmp_path / "creators.csv").write_text("\n\ncreator_id,platform\n\na,tiktok\nb,no no\n,,\n\nc\nd,no no\n")
    problems = read_tables(tmp_path).report.problems
    assert [(p.code, p.rows) for p in problems] == [
        ("bad_category", ("creators.csv row 6", "creators.csv row 10")),
        ("field_count", ("creators.csv row 9",)),
    ]


def test_hidden_likes_are_unknown_and_rows_without_time_come_last() -> None:
    likes = {"post_id": ["p", "q"], "posted_at": ["2024-01-02T00:00Z"] * 2, "likes": [5, 6], "likes_hidden": [1, 0]}
    times = [None, "2024-01-02T00:00Z", None, "2024-01-01T00:00Z"]
    comments = {"comment_id": ["b", "c", "a", "d"], "text": ["x"] * 4, "commented_at": times}
    record = {"creator_id": "a", "platform": "tiktok", "posts": likes, "comments": comments}
    tables = tables_from_records([record]).tables
    assert tables.posts is not None
    assert tables.comments is not None
    np.testing.assert_array_equal(tables.posts.numbers("likes"), [np.nan, 6])
    assert tables.comments.strings("comment_id").to_pylist() == ["d", "c", "a", "b"]


def test_a_float_that_is_not_exact_is_no_key() -> None:
    frame = pd.DataFrame({"creator_id": [1.0, 2.0**53, 1.5, 1e300, np.nan], "platform": "tiktok"})
    result = tables_from_frames({"creators": frame})
    assert result.tables.creator_ids.to_pylist() == ["1"]
    assert [(p.code, p.count) for p in result.report.problems] == [("bad_id", 3), ("missing_value", 1)]


def test_folder_behind_a_link(frames: Frames, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    frames["creators"].to_parquet(tmp_path / "real" / "creators.parquet", index=False)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert len(read_tables(tmp_path / "link").tables) == 3


def test_labels_from_another_file(frames: Frames, tmp_path: Path) -> None:
    as_text(frames["creators"]).to_csv(tmp_path / "creators.csv", index=False)
    (tmp_path / "labels.csv").write_text("broken header\n")
    (tmp_path / "mine.csv").write_text("creator_id,is_fake\nNA,yes\n")
    labels = read_tables(tmp_path, labels=tmp_path / "mine.csv").tables.labels
    assert labels is not None
    assert labels.numbers("is_fake").tolist() == [1.0]


def test_format_chooses_between_files(frames: Frames, tmp_path: Path) -> None:
    frames["creators"].to_parquet(tmp_path / "creators.parquet", index=False)
    (tmp_path / "creators.csv").write_text("creator_id,platform\nx,tiktok\n")
    assert len(read_tables(tmp_path, format="csv").tables) == 1
    assert len(read_tables(tmp_path, format="parquet").tables) == 3
    with pytest.raises(UsageError, match="unknown format 'xml'"):
        read_tables(tmp_path, format="xml")


def test_frames_are_not_changed_and_wrong_names_are_refused(frames: Frames) -> None:
    before = {name: frame.copy(deep=True) for name, frame in frames.items()}
    tables_from_frames(frames)
    for name, frame in frames.items():
        pd.testing.assert_frame_equal(frame, before[name])
    with pytest.raises(UsageError, match="1 names are no tables"):
        tables_from_frames({"creator": frames["creators"]})


@pytest.mark.parametrize(
    "kind", ["int64", "Int64", "int32", "float64", "float32", "object", "int64[pyarrow]", "category"]
)
def test_counts_of_any_dtype_are_the_same(kind: str) -> None:
    followers = pd.Series([1000, 2000]).astype(str if kind == "category" else kind)
    followers = followers.astype("category") if kind == "category" else followers
    frame = pd.DataFrame({"creator_id": ["a", "b"], "platform": "tiktok", "followers": followers})
    found = clean(tables_from_frames({"creators": frame})).creators.numbers("followers")
    assert found.tolist() == [1000.0, 2000.0]


@pytest.mark.parametrize("ids", [[1, 2], [1.0, 2.0], ["1", "2"], [np.int64(1), "2"], pd.array([1, 2], dtype="Int64")])
def test_keys_become_text(ids: object) -> None:
    frame = pd.DataFrame({"creator_id": ids, "platform": "tiktok"})
    assert tables_from_frames({"creators": frame}).tables.creator_ids.to_pylist() == ["1", "2"]


def test_a_mixture_of_types_is_judged_value_by_value() -> None:
    values = [5, "6", 7.0, "8K", True, None, float("nan"), pd.NA, [1], 2**70, 1.5]
    frame = pd.DataFrame(
        {"creator_id": range(len(values)), "platform": "tiktok", "followers": pd.Series(values, dtype=object)}
    )
    result = tables_from_frames({"creators": frame})
    found = result.tables.creators
    assert dict(
        zip(found.strings("creator_id").to_pylist(), found.numbers("followers").tolist(), strict=True)
    ) == pytest.approx({"0": 5, "1": 6, "2": 7, "5": np.nan, "6": np.nan, "7": np.nan}, nan_ok=True)
    codes = {problem.code: problem.count for problem in result.report.problems}
    assert codes == {"not_a_number": 2, "wrong_type": 2, "not_whole": 1}


def test_times_in_every_form() -> None:
    texts = [
        "2024-01-31T18:00:00Z",
        "2024-02-01 01:00:00+07:00",
        "2024-01-31T18:00:00.000000999Z",
        "2024-01-31T13:30-0430",
    ]
    posts = pd.DataFrame({"creator_id": "a", "post_id": list("wxyz"), "posted_at": texts})
    creators = pd.DataFrame({"creator_id": ["a"], "platform": ["tiktok"]})
    found = clean(tables_from_frames({"creators": creators, "posts": posts})).posts
    assert found is not None
    assert set(found.columns["posted_at"].tolist()) == {pd.Timestamp("2024-01-31T18:00:00").to_pydatetime()}


def test_naive_times_need_a_zone() -> None:
    creators = pd.DataFrame({"creator_id": ["a"], "platform": ["tiktok"]})
    typed = pd.DataFrame({"creator_id": "a", "post_id": ["p"], "posted_at": [pd.Timestamp("2024-01-31T18:00:00")]})
    for posts in (typed, typed.astype({"posted_at": str})):
        frames = {"creators": creators, "posts": posts}
        assert [p.code for p in tables_from_frames(frames).report.problems] == ["time_without_zone", "none_usable"]
        found = clean(tables_from_frames(frames, assume_tz="Asia/Jakarta")).posts
        assert found is not None
        assert found.columns["posted_at"].tolist() == [pd.Timestamp("2024-01-31T11:00:00").to_pydatetime()]
    with pytest.raises(UsageError, match="unknown time zone 'Asia/Atlantis'"):
        tables_from_frames({"creators": creators}, assume_tz="Asia/Atlantis")


def test_the_hour_that_the_clock_skips_or_repeats() -> None:
    creators = pd.DataFrame({"creator_id": ["a"], "platform": ["tiktok"]})
    times = ["2024-03-10T02:30:00", "2024-11-03T01:30:00"]
    posts = pd.DataFrame({"creator_id": "a", "post_id": ["p", "q"], "posted_at": times})
    found = clean(tables_from_frames({"creators": creators, "posts": posts}, assume_tz="America/New_York")).posts
    assert found is not None
    assert found.columns["posted_at"].astype(str).tolist() == [
        "2024-03-10T07:00:00.000000",
        "2024-11-03T05:30:00.000000",
    ]


def test_of_several_counts_of_a_day_the_last_is_kept() -> None:
    creators = pd.DataFrame({"creator_id": ["a"], "platform": ["tiktok"]})
    days = ["2024-01-02T22:00:00Z", "2024-01-02T09:00:00Z", "2024-01-02", "2024-01-03T00:30:00+07:00", "2024-01-01"]
    history = pd.DataFrame({"creator_id": "a", "observed_on": days, "followers": [12, 11, 10, 14, 9]})
    result = tables_from_frames({"creators": creators, "follower_history": history})
    found = result.tables.follower_history
    assert found is not None
    # 00:30 in Jakarta on the 3rd is 17:30 UTC on the 2nd.
    assert found.numbers("followers").tolist() == [9.0, 12.0]
    assert result.report.counts["follower_history"].merged_duplicates == 3


def test_parts_without_an_optional_column(tmp_path: Path) -> None:
    (tmp_path / "creators").mkdir()
    (tmp_path / "creators" / "1.csv").write_text("creator_id,platform,followers\na,tiktok,5\n")
    (tmp_path / "creators" / "2.csv").write_text("creator_id,platform\nb,tiktok\n")
    np.testing.assert_array_equal(read_tables(tmp_path).tables.creators.numbers("followers"), [5, np.nan])


def test_dictionary_columns_and_no_row_groups(tmp_path: Path) -> None:
    coded = pa.array(["a", "b", "a", None]).dictionary_encode()
    pq.write_table(pa.table({"creator_id": ["w", "x", "y", "z"], "platform": coded}), tmp_path / "creators.parquet")
    empty = pa.table({"creator_id": pa.array([], pa.string()), "is_fake": pa.array([], pa.int8())})
    pq.write_table(empty, tmp_path / "labels.parquet")
    result = read_tables(tmp_path)
    assert result.tables.creators.strings("platform").to_pylist() == ["a", "b", "a"]
    assert result.tables.labels is not None
    assert len(result.tables.labels) == 0


def test_strange_text_passes_unharmed() -> None:
    strange = [
        "\u202eabc",
        "z\u0301\u0323" * 40,
        "a\u200bb",
        "مرحبا",
        "👩‍👩‍👧",
        "=HYPERLINK(1)",
        "<script>",
        "x\ud800y",
    ]
    comments = [{"comment_id": str(i), "text": text} for i, text in enumerate(strange)]
    result = tables_from_records([{"creator_id": "a", "platform": "tiktok", "comments": comments}])
    assert result.tables.comments is not None
    assert result.tables.comments.strings("text").to_pylist() == [*strange[:-1], "x\ufffdy"]
    assert [p.code for p in result.report.problems] == ["text_repaired"]


def test_creators_that_were_set_aside_are_named_for_the_output() -> None:
    rows = [
        {"creator_id": "a", "platform": "tiktok"},
        {"creator_id": "b", "platform": "tiktok", "followers": "1K"},
        {"creator_id": "b", "platform": "tiktok", "followers": -1},
        {"creator_id": "a", "platform": "no no"},
        {"creator_id": "bad\x00", "platform": "tiktok"},
        {"platform": "tiktok"},
    ]
    assert tables_from_records(rows).report.invalid_creators == [("b", ("not_a_number", "out_of_range"))]


def test_nothing_left_still_tells_and_quarantines(tmp_path: Path) -> None:
    with pytest.raises(NothingLeftError, match="none of 1 rows could be used") as caught:
        tables_from_records([{"creator_id": "a", "platform": "tiktok", "followers": "1K"}])
    assert pickle.loads(pickle.dumps(caught.value)).report.invalid_creators == [("a", ("not_a_number",))]
    assert [p.name for p in caught.value.report.write_quarantine(tmp_path)] == ["creators.jsonl"]


def test_no_records_give_empty_tables() -> None:
    assert len(tables_from_records([]).tables) == 0


def test_limits_must_be_positive() -> None:
    with pytest.raises(UsageError, match="columns, json_depth must be 1 or more"):
        Limits(columns=0, json_depth=-1)


def test_file_size_limit_comes_before_reading(tmp_path: Path) -> None:
    (tmp_path / "creators.csv").write_text("creator_id,platform\n" + "a,tiktok\n" * 10)
    with pytest.raises(InputError, match="is larger than 50 bytes"):
        read_tables(tmp_path, limits=Limits(file_bytes=50))


def test_private_values_are_in_no_message(tmp_path: Path) -> None:
    """A sentinel in every column of every table, in the failing cell or beside it."""
    sentinel = "SECRET\u00e4zz"
    columns = {
        "creators": ["creator_id", "platform", "followers", "is_verified", "country", "joined_on", "category"],
        "follower_history": ["creator_id", "observed_on", "followers"],
        "posts": ["creator_id", "post_id", "posted_at", "likes", "caption", "is_sponsored"],
        "comments": ["creator_id", "comment_id", "text", "commented_at", "author_id", "by_creator"],
        "audience": ["creator_id", "account_id", "followers", "has_picture"],
        "labels": ["creator_id", "is_fake", "label_source"],
    }
    for name, names in columns.items():
        rows = [",".join(f"{sentinel}{turn}" for _ in names) for turn in (1, 1, 2)]
        extra = ",".join([sentinel] * (len(names) + 1))
        (tmp_path / f"{name}.csv").write_text(
            "\n".join([",".join(names), *rows, extra, "a\x01b" + "," * (len(names) - 1)])
        )
    with (tmp_path / "creators.csv").open("a") as stream:
        stream.write("\nok,tiktok,1,1,id,2020-01-01,x\n")
    report = read_tables(tmp_path).report
    assert report.set_aside > 20
    told = report.text() + report.to_json() + repr(report) + "".join(map(repr, report.problems))
    assert "secret" not in told.lower()


def test_private_values_are_in_no_error(tmp_path: Path) -> None:
    (tmp_path / "creators.csv").write_text("SECRET1,instagram,SECRET2\nSECRET3,tiktok,SECRET4\n")
    (tmp_path / "posts.jsonl").write_text('{"creator_id": "SECRET", "post_id": "SECRET"}\nSECRET\n')
    (tmp_path / "comments.csv").write_text('creator_id,comment_id,text\nSECRET,1,a "SECRET" b\n')
    with pytest.raises(InputError) as caught:
        read_tables(tmp_path)
    assert len(str(caught.value).splitlines()) == 3
    assert "SECRET" not in str(caught.value)
