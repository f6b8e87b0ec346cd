"""Broken inputs and the exact words that each gets.

``broken/expected.json`` holds the messages. After a change that was meant, rewrite it with
``python tests/test_tables_broken.py`` and read the difference.
"""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from realreach.tables import InputError, Limits, read_tables

BROKEN = Path(__file__).parent / "broken"
EXPECTED = BROKEN / "expected.json"
CREATORS = "creator_id,platform,followers\na,instagram,1000\nb,tiktok,2000\n"
USUAL = Limits()
SMALL = Limits(
    decompressed_bytes=1_000_000, cell_bytes=10_000, comments_per_creator=2, columns=20, rows_per_table=1_000
)


def _latin1(folder: Path) -> None:
    (folder / "creators.csv").write_bytes((CREATORS + "caf\u00e9,tiktok,1\n").encode("latin-1"))


def _utf16(folder: Path) -> None:
    (folder / "creators.csv").write_bytes(CREATORS.encode("utf-16"))


def _nul_byte(folder: Path) -> None:
    (folder / "creators.csv").write_bytes(CREATORS.encode() + b"c,tik\0tok,1\n")


def _gzip_bomb(folder: Path) -> None:
    (folder / "creators.csv").write_text(CREATORS)
    with gzip.open(folder / "posts.csv.gz", "wb") as stream:
        stream.write(b"creator_id,post_id,posted_at\n" + b"a,p,2024-01-01T00:00:00Z\n" * 100_000)


def _gzip_cut(folder: Path) -> None:
    packed = gzip.compress(CREATORS.encode() * 100)
    (folder / "creators.csv.gz").write_bytes(packed[: len(packed) // 2])


def _zstd_cut(folder: Path) -> None:
    packed = pa.compress(CREATORS.encode() * 100, codec="zstd", asbytes=True)
    (folder / "creators.csv.zst").write_bytes(packed[: len(packed) // 2])


def _parquet_cut(folder: Path) -> None:
    pq.write_table(pa.table({"creator_id": ["a"], "platform": ["instagram"]}), folder / "creators.parquet")
    whole = (folder / "creators.parquet").read_bytes()
    (folder / "creators.parquet").write_bytes(whole[:-20])


def _parquet_types(folder: Path) -> None:
    pq.write_table(
        pa.table({"creator_id": [1, 2], "platform": ["instagram", "tiktok"], "followers": ["many", "10"]}),
        folder / "creators.parquet",
    )
    posts = {"creator_id": [1.5], "post_id": [["p1"]], "posted_at": [1706659200], "likes": [{"count": 5}]}
    pq.write_table(pa.table(posts), folder / "posts.parquet")


def _parquet_bomb(folder: Path) -> None:
    (folder / "creators.csv").write_text(CREATORS)
    texts = pa.array(["x" * 100_000]).take(pa.array([0] * 500))
    comments = {"creator_id": ["a"] * 500, "comment_id": [str(i) for i in range(500)], "text": texts}
    pq.write_table(pa.table(comments), folder / "comments.parquet")
    assert (folder / "comments.parquet").stat().st_size < 200_000


def _too_many_rows(folder: Path) -> None:
    (folder / "creators.csv").write_text("creator_id,platform\n" + "".join(f"c{i},tiktok\n" for i in range(1_001)))


def _too_many_columns(folder: Path) -> None:
    names = ["creator_id", "platform", *(f"extra_{i}" for i in range(30))]
    (folder / "creators.csv").write_text(",".join(names) + "\n")


def _long_text(folder: Path) -> None:
    (folder / "creators.csv").write_text(CREATORS)
    rows = f"a,k1,{'x' * 3_000}\na,k2,short\nb,k3,{'y' * 20_000}\n"
    (folder / "comments.csv").write_text("creator_id,comment_id,text\n" + rows)


def _too_many_comments(folder: Path) -> None:
    (folder / "creators.csv").write_text(CREATORS)
    rows = "".join(f"a,k{i},nice,2024-01-0{i}T00:00:00Z\n" for i in range(1, 6))
    (folder / "comments.csv").write_text("creator_id,comment_id,text,commented_at\n" + rows)


def _hostile_json(folder: Path) -> None:
    good = '{"creator_id": "a", "platform": "tiktok"}\n'
    deep = '{"creator_id": "b", "platform": ' + "[" * 100_000 + "]" * 100_000 + "}\n"
    deeper = '{"creator_id": "c", "platform": "tiktok", "x": ' + "[" * 20 + "]" * 20 + "}\n"
    long = '{"creator_id": "d", "platform": "tiktok", "followers": ' + "9" * 5_000 + "}\n"
    half = '{"creator_id": "e\\ud800", "platform": "tiktok"}\n'
    other_half = '{"creator_id": "f", "platform": "tiktok", "category": "\\ud800"}\n'
    (folder / "creators.jsonl").write_text(good + deep + deeper + long + half + other_half)


MADE: dict[str, Callable[[Path], None]] = {
    name.removeprefix("_"): make
    for name, make in list(globals().items())
    if name.startswith("_") and callable(make) and getattr(make, "__module__", "") == __name__
}
STORED = sorted(p.name for p in BROKEN.iterdir() if p.name != EXPECTED.name)
ADDRESSES = ["https://example.org/creators.csv", "s3://bucket/folder", "file:///folder", "no-such-folder"]


def messages(path: Path | str, limits: Limits = USUAL) -> list[str]:
    """What a user is told: the error, or the text of the report."""
    try:
        report = read_tables(path, limits=limits).report
    except InputError as error:
        return [f"InputError: {line}" for line in str(error).splitlines()]
    return report.text().splitlines()


def test_there_are_thirty() -> None:
    assert len(STORED) + len(MADE) >= 30


@pytest.mark.parametrize("case", STORED)
def test_stored_input(case: str) -> None:
    assert messages(BROKEN / case) == json.loads(EXPECTED.read_text("utf-8"))[case]


@pytest.mark.parametrize("case", sorted(MADE))
def test_made_input(case: str, tmp_path: Path) -> None:
    MADE[case](tmp_path)
    assert messages(tmp_path, SMALL) == json.loads(EXPECTED.read_text("utf-8"))[case]


@pytest.mark.parametrize("address", ADDRESSES)
def test_address(address: str) -> None:
    assert messages(address) == json.loads(EXPECTED.read_text("utf-8"))[address]


def _rewrite() -> None:
    import tempfile

    found = {case: messages(BROKEN / case) for case in STORED} | {a: messages(a) for a in ADDRESSES}
    for case in sorted(MADE):
        with tempfile.TemporaryDirectory() as folder:
            MADE[case](Path(folder))
            found[case] = messages(folder, SMALL)
    EXPECTED.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    _rewrite()
