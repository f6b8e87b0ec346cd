"""Text of Parquet files: written out or as codes, it says the same; too much of it is told before it is there."""

import itertools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from realreach.engine import make_plan
from realreach.tables import InputError, Limits, cells, parquet_texts, read_tables
from realreach.tables.cells import check_column
from realreach.tables.contract import CONTRACTS
from realreach.tables.core import written_out
from realreach.tables.parquet_texts import TooMuchTextError, columns_of_codes, read_columns
from realreach.tables.text_bytes import _MAY_BE_BLANK

ROWS = 400
MANY = [f"text number {i} of many" for i in range(ROWS)]
FEW = [f"word {i % 3}" for i in range(ROWS)]
PLENTY = 2**30


def write(path, columns, **options):
    table = pa.table({name: pa.array(v, pa.string()) if isinstance(v, list) else v for name, v in columns.items()})
    pq.write_table(table, path, **options)
    return path


def coded(table):
    return [name for name in table.column_names if pa.types.is_dictionary(table.schema.field(name).type)]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"row_group_size": 7},
        {"row_group_size": ROWS, "dictionary_pagesize_limit": 100},
        {"use_dictionary": False},
        {"use_dictionary": ["few"]},
        {"data_page_version": "2.0", "compression": "zstd"},
    ],
)
@pytest.mark.parametrize("first", [None, "", "word"])
def test_what_is_read_is_what_was_written_whatever_way(tmp_path, options, first):
    columns = {"few": [first, *FEW[1:]], "many": [first, *MANY[1:]], "none": [None] * ROWS, "same": ["x"] * ROWS}
    columns["number"] = pa.array(range(ROWS))
    for key in ("few", "many"):
        columns[key][ROWS // 2] = None
    found = read_columns(write(tmp_path / "t.parquet", columns, **options), PLENTY)
    assert found.column_names == list(columns)
    for name, values in columns.items():
        assert found.column(name).num_chunks == 1
        assert found.column(name).to_pylist() == (values if isinstance(values, list) else values.to_pylist())


def test_few_words_stay_codes_and_many_texts_are_written_out(tmp_path):
    path = write(tmp_path / "t.parquet", {"few": FEW, "many": MANY, "same": ["x"] * ROWS})
    assert coded(read_columns(path, PLENTY)) == ["few", "same"]
    with pq.ParquetFile(path) as source:
        assert columns_of_codes(source) == ["few", "same"]


def test_texts_that_cannot_be_read_as_codes_are_none(tmp_path):
    options = {"use_dictionary": ["few"], "column_encoding": {"many": "DELTA_BYTE_ARRAY"}}
    path = write(tmp_path / "t.parquet", {"few": FEW, "many": ["the same text"] * ROWS}, **options)
    with pq.ParquetFile(path) as source:
        assert columns_of_codes(source) == ["few"]


def test_without_a_dictionary_at_the_head_nothing_is_known_and_texts_stay_codes(tmp_path):
    plain = write(tmp_path / "plain.parquet", {"many": MANY}, use_dictionary=False)
    assert coded(read_columns(plain, PLENTY)) == ["many"]


@pytest.mark.parametrize("at", [3, 150, 397])
def test_the_longest_word_of_any_row_group_decides(tmp_path, at):
    texts = [*MANY[:at], "y" * 3_000, *MANY[at + 1 :]]
    path = write(tmp_path / "t.parquet", {"many": texts}, row_group_size=40)
    edge = 3_000 * parquet_texts._ROWS
    assert coded(read_columns(path, edge)) == []
    assert coded(read_columns(path, edge - 1)) == ["many"]
    assert read_columns(path, edge).column("many").to_pylist() == texts
    assert read_columns(path, edge - 1).column("many").to_pylist() == texts


def test_columns_share_the_room_and_the_shorter_one_comes_first(tmp_path):
    longer = [f"{text}{'z' * 400}" for text in MANY]
    path = write(tmp_path / "t.parquet", {"longer": longer, "many": MANY})
    most = {name: max(map(len, texts)) for name, texts in (("longer", longer), ("many", MANY))}
    both = sum(most.values()) * parquet_texts._ROWS
    assert coded(read_columns(path, both)) == []
    assert coded(read_columns(path, both - 1)) == ["longer"]
    assert coded(read_columns(path, most["many"] * parquet_texts._ROWS - 1)) == ["longer", "many"]


@pytest.mark.parametrize("at_once", [1, 64, 2**16])
@pytest.mark.parametrize("texts", [FEW, MANY], ids=["few", "many"])
def test_the_limit_is_the_bytes_of_all_texts(tmp_path, monkeypatch, texts, at_once):
    monkeypatch.setattr(parquet_texts, "_ROWS", at_once)
    path = write(tmp_path / "t.parquet", {"text": texts, "more": FEW, "number": pa.array(range(ROWS))})
    size = sum(map(len, texts)) + sum(map(len, FEW))
    assert read_columns(path, size).column("text").to_pylist() == texts
    with pytest.raises(TooMuchTextError):
        read_columns(path, size - 1)


def test_texts_are_read_in_parts_and_no_part_is_read_after_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_texts, "_ROWS", 16)
    read = []
    original = pq.ParquetFile.iter_batches

    def counted(self, size, **options):
        for batch in original(self, size, **options):
            read.append(len(batch))
            yield batch

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", counted)
    path = write(tmp_path / "t.parquet", {"many": MANY})
    limit = 2_000
    with pytest.raises(TooMuchTextError):
        read_columns(path, limit)
    assert read[0] == 1  # the head
    assert read[1:] == [16] * (limit // sum(map(len, MANY[10:26])) + 1)


def test_one_long_text_among_many_short_ones_is_never_written_out(tmp_path):
    words = pa.array([*MANY, "x" * 100_000])
    bomb = pa.DictionaryArray.from_arrays(pa.array([*range(ROWS), *[ROWS] * 300] * 10, pa.int32()), words)
    path = write(tmp_path / "comments.parquet", {"text": bomb}, store_schema=False)
    assert path.stat().st_size < 10**6
    before = pa.total_allocated_bytes()
    peak = pa.default_memory_pool().max_memory()
    with pytest.raises(TooMuchTextError):
        read_columns(path, 10**8)
    assert max(pa.default_memory_pool().max_memory() - peak, 0) < 10**8
    assert pa.total_allocated_bytes() - before < 10**7


@pytest.mark.parametrize("names", [("a.b",), ("many", "a"), ("a", "a.b"), ("a.b", "a")])
def test_names_with_a_point_and_nested_columns_do_not_confuse(tmp_path, names):
    nested = pa.array([{"b": text, "c": 1} for text in MANY], pa.struct([("b", pa.string()), ("c", pa.int8())]))
    columns = {name: nested if name == "a" else MANY for name in names} | {"few": FEW}
    found = read_columns(write(tmp_path / "t.parquet", columns), PLENTY)
    assert found.column_names == list(columns)
    for name in names:
        assert found.column(name).to_pylist() == (nested.to_pylist() if name == "a" else MANY)
    assert found.column("few").to_pylist() == FEW


def folder(path, comments, **options):
    write(path / "creators.parquet", {"creator_id": ["a"], "platform": ["tiktok"]})
    write(path / "comments.parquet", {"creator_id": ["a"] * ROWS, "comment_id": MANY, **comments}, **options)
    return path


def not_utf8(parts):
    """Strings of these bytes, as a file of Parquet can hold them."""
    ends = np.cumsum([0, *map(len, parts)]).astype(np.int32)
    return pa.Array.from_buffers(pa.string(), len(parts), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(parts))])


@pytest.mark.parametrize("column", ["text", "author_id", "author_shape"])
@pytest.mark.parametrize("broken", [[b"\xff\xfe"], [b"\xc3", b"\xa9"], [b"\xed\xa0\x80"]])
@pytest.mark.parametrize("rest", [FEW, MANY], ids=["few", "many"])
def test_text_that_is_no_utf8_is_refused_in_words(tmp_path, column, broken, rest):
    values = not_utf8([*broken, *(text.encode() for text in rest[len(broken) :])])
    given = folder(tmp_path, {"text": MANY, column: values})
    with pytest.raises(InputError, match=f"comments.parquet: column `{column}` holds text that is not UTF-8") as caught:
        read_tables(given)
    assert "[encoding]" in str(caught.value)


def test_keys_that_are_no_utf8_are_refused_in_words_by_a_plan_too(tmp_path):
    keys = not_utf8([b"a"] * (ROWS - 1) + [b"\xff\xfe"])
    given = folder(tmp_path, {"creator_id": keys, "text": MANY})
    (tmp_path / "work").mkdir()
    for read in (read_tables, lambda place: make_plan(place, tmp_path / "work", 100)):
        with pytest.raises(InputError, match="column `creator_id` holds text that is not UTF-8") as caught:
            read(given)
        assert "[encoding]" in str(caught.value)


def test_every_blank_begins_with_a_byte_that_may_begin_one():
    signs = [chr(i) for i in itertools.chain(range(0xD800), range(0xE000, 0x110000))]
    lead = np.array([sign.encode()[0] for sign in signs])
    blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(pa.array(signs))), 0).to_numpy(zero_copy_only=False)
    assert blank.sum() > 20
    assert _MAY_BE_BLANK[lead[blank]].all()


TEXTS = ["a", "", " ", "\u3000\u2003", None, " b", "é", "\u00a0", "\u00a0c", "\u1680", "日", "", "\t\n", "\u2028"]


@pytest.mark.parametrize("texts", [TEXTS, [*TEXTS[3:], None, None], ["", ""], [None, " "], [None], [], ["x", "日"]])
def test_blank_texts_are_unknown_and_others_untouched(texts):
    array = pa.array([*texts, "not seen"], pa.large_string())
    for given in (array[: len(texts)], pa.array(texts, pa.large_string())):
        found = check_column(given, CONTRACTS["posts"].by_name["caption"], Limits(), None)
        assert found.values.to_pylist() == [text if text and text.strip() else None for text in texts]
        assert found.found == {}


def test_null_texts_may_hide_anything():
    hidden = not_utf8([b"\xff", b"fine", b"\xa9"]).cast(pa.binary())
    buffers = [pa.py_buffer(b"\x02"), *hidden.buffers()[1:]]
    given = pa.Array.from_buffers(pa.string(), 3, buffers).cast(pa.large_string())
    found = check_column(given, CONTRACTS["posts"].by_name["caption"], Limits(), None)
    assert written_out(found.values).to_pylist() == [None, "fine", None]


@pytest.mark.parametrize(("length", "code"), [(10, None), (11, "too_long")])
def test_a_cell_may_be_held_shorter_than_a_text(length, code):
    given = pa.array(["x", "y" * length], pa.large_string())
    found = check_column(given, CONTRACTS["posts"].by_name["caption"], Limits(cell_bytes=10), None).found
    assert {name: rows.tolist() for name, rows in found.items()} == ({code: [False, True]} if code else {})


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        (["a", ""], {"missing_value": [1]}),
        (["", ""], {"missing_value": [0, 1]}),
        (["a", None, "b"], {"missing_value": [1]}),
        (["abcde", "ab", "c"], {}),
        (["ab", "abcdef"], {"too_long": [1]}),
        ([None, "abcdef", ""], {"too_long": [1], "missing_value": [0, 2]}),
        ([], {}),
    ],
)
def test_keys_of_plain_letters_are_checked_like_others(ids, found):
    key = CONTRACTS["posts"].by_name["post_id"]
    for also in ([], ["é"]):  # another way through the checks
        checked = check_column(pa.array([*ids, *also], pa.large_string()), key, Limits(id_characters=5), None)
        assert {code: np.flatnonzero(rows).tolist() for code, rows in checked.found.items()} == found
        assert checked.values.to_pylist() == [key or None for key in [*ids, *also]]


@pytest.mark.parametrize("at", [0, 3, 4, 9])
def test_a_fraction_is_found_in_whatever_block(monkeypatch, at):
    monkeypatch.setattr(cells, "_BLOCK", 4)
    numbers = np.array([5.0, np.nan, 3.0, 0.0, 7.0, 8.0, np.nan, np.nan, 1.0, 2.0])
    likes = CONTRACTS["posts"].by_name["likes"]
    assert check_column(pa.array(numbers), likes, Limits(), None).found == {}
    numbers[at] = 0.5
    (code, rows), *rest = check_column(pa.array(numbers), likes, Limits(), None).found.items()
    assert (code, np.flatnonzero(rows).tolist(), rest) == ("not_whole", [at], [])
