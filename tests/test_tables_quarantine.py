"""What was set aside can be mended and read again, from every form of input."""

import csv
import json
import pickle
from pathlib import Path

import pandas as pd
import pytest

from realreach.tables import read_tables, tables_from_frames, tables_from_records

CREATORS = "creator_id,platform,my notes\na,instagram,007\nb,tiktok,\n"
CREATORS_AT_ODDS = "creator_id,platform,followers\na,tiktok,1K\nb,tiktok,5\nb,tiktok,6\nc,tiktok,1\n"
POSTS = '''creator_id,post_id,posted_at,likes,caption
a,p1,2024-01-01T10:00:00Z,12.3K,"two
lines, ""quoted"""
a,p2,2024-01-02T10:00:00Z,5,=fine
b,p3,2024-01-03 10:00,7K,x
a,p4,2024-01-04T10:00:00Z,6,too,many
'''


def _rows(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_csv_comes_back_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "creators.csv").write_text(CREATORS)
    (tmp_path / "posts.csv").write_text(POSTS)
    written = read_tables(tmp_path).report.write_quarantine(tmp_path / "aside")
    assert [path.name for path in written] == ["posts.csv"]
    first, second, broken = _rows(written[0])
    assert first == {
        "creator_id": "a",
        "post_id": "p1",
        "posted_at": "2024-01-01T10:00:00Z",
        "likes": "12.3K",
        "caption": 'two\nlines, "quoted"',
        "_file": "posts.csv",
        "_row": "2",
        "_error_columns": "likes",
        "_errors": "likes: not_a_number",
        "_raw": "",
    }
    assert (second["_row"], second["_error_columns"]) == ("4", "posted_at; likes")
    assert second["_errors"] == "posted_at: time_without_zone; likes: not_a_number"
    assert (broken["_row"], broken["_errors"]) == ("5", "field_count")
    assert broken["_raw"] == "a,p4,2024-01-04T10:00:00Z,6,too,many"


def test_mended_csv_is_read_beside_the_rest(tmp_path: Path) -> None:
    (tmp_path / "creators.csv").write_text(CREATORS)
    (tmp_path / "posts.csv").write_text(POSTS)
    (written,) = read_tables(tmp_path).report.write_quarantine(tmp_path / "aside")
    mended = written.read_text("utf-8").replace("12.3K", "12300").replace("7K", "7000")
    mended = mended.replace("03 10:00", "03 10:00+07:00")
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts.csv").rename(tmp_path / "posts" / "part-000.csv")
    (tmp_path / "posts" / "mended.csv").write_text(mended, "utf-8")
    result = read_tables(tmp_path)
    assert result.tables.posts is not None
    assert sorted(result.tables.posts.numbers("likes").tolist()) == [5, 7000, 12300]
    assert [p.code for p in result.report.problems if p.table == "posts" and p.file == "posts/mended.csv"] == [
        "missing_value",  # the row with too many fields, still to be mended by hand
        "missing_value",
        "missing_value",
    ]
    again = result.report.write_quarantine(tmp_path / "again")
    rows = _rows(again[0])
    assert [row["_file"] for row in rows].count("posts/mended.csv") == 1
    assert rows[0]["_raw"] == "a,p4,2024-01-04T10:00:00Z,6,too,many"
    header = again[0].read_text("utf-8").splitlines()[0].split(",")
    assert len(header) == len(set(header))


def test_an_unmended_quarantine_gives_the_same_findings(tmp_path: Path) -> None:
    (tmp_path / "creators.csv").write_text(CREATORS_AT_ODDS)
    first = read_tables(tmp_path).report
    first.write_quarantine(tmp_path / "aside")
    with (tmp_path / "aside" / "creators.csv").open("a") as stream:
        stream.write("c,tiktok,1,,,,\n")
    second = read_tables(tmp_path / "aside").report
    found, again = ([(p.code, p.column, p.count) for p in report.problems] for report in (first, second))
    assert found == again == [("duplicate_conflict", "creator_id", 2), ("not_a_number", "followers", 1)]


def test_json_lines_come_back_as_they_were(tmp_path: Path) -> None:
    lines = [
        {"creator_id": "a", "platform": "tiktok"},
        {"creator_id": "b\ud800", "platform": "tiktok", "other": {"deep": [1]}},
        {"creator_id": "c", "platform": ["tiktok"]},
    ]
    text = "\n".join(json.dumps(line) for line in lines) + '\n{"creator_id": "d",\n'
    (tmp_path / "creators.jsonl").write_text(text)
    (written,) = read_tables(tmp_path).report.write_quarantine(tmp_path / "aside")
    found = [json.loads(line) for line in written.read_text("utf-8").splitlines()]
    stripped = [{k: v for k, v in row.items() if not k.startswith("_")} for row in found]
    assert stripped == [*lines[1:], {}]
    assert found[-1]["_raw"] == '{"creator_id": "d",'
    assert [row["_row"] for row in found] == [2, 3, 4]


def test_typed_rows_become_json_lines(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "creator_id": ["a", "b", "c"],
            "platform": ["tiktok"] * 3,
            "followers": [-1.0, float("inf"), 5],
            "joined_on": pd.to_datetime(["2020-01-01", None, None]),
            "price_per_post": [float("nan"), 1.0, 2.0],
        }
    )
    frame.to_parquet(tmp_path / "creators.parquet", index=False)
    for report in (tables_from_frames({"creators": frame}).report, read_tables(tmp_path).report):
        (written,) = report.write_quarantine(tmp_path / "aside")
        rows = [json.loads(line) for line in written.read_text("utf-8").splitlines()]
        assert [row["followers"] for row in rows] == [-1.0, "inf"]
        assert [row["joined_on"] for row in rows] == ["2020-01-01T00:00:00", None]
        rows[0]["followers"], rows[1]["followers"] = 1, 2
        (tmp_path / "aside" / "creators.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
        assert not read_tables(tmp_path / "aside").report.problems


def test_nested_records_become_flat_tables(tmp_path: Path) -> None:
    good = {"creator_id": "a", "platform": "tiktok"}
    bad = {"creator_id": "b", "platform": "tiktok", "followers": "1K"}
    bad["follower_history"] = [{"observed_on": "2024-01-01", "followers": 5}]
    written = tables_from_records([good, bad]).report.write_quarantine(tmp_path)
    assert [path.name for path in written] == ["creators.jsonl", "follower_history.jsonl"]
    (tmp_path / "creators.jsonl").write_text((tmp_path / "creators.jsonl").read_text().replace('"1K"', "1000"))
    result = read_tables(tmp_path)
    assert not result.report.problems
    assert result.report.rows_in == 2


def test_nothing_aside_writes_nothing(tmp_path: Path) -> None:
    report = tables_from_records([{"creator_id": "a", "platform": "tiktok"}]).report
    assert report.write_quarantine(tmp_path / "aside") == []
    assert not (tmp_path / "aside").exists()


def test_report_passes_between_processes(tmp_path: Path) -> None:
    (tmp_path / "creators.csv").write_text("creator_id,platform,followers\na,tiktok,1K\nb,tiktok,5\n")
    result = pickle.loads(pickle.dumps(read_tables(tmp_path)))
    (written,) = result.report.write_quarantine(tmp_path / "aside")
    assert _rows(written)[0]["followers"] == "1K"


def test_unwritable_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    report = tables_from_records([{"creator_id": "a", "platform": "tiktok"}, {"creator_id": "b"}]).report
    with pytest.raises(OSError, match="quarantine cannot be written"):
        report.write_quarantine(tmp_path / "file")
