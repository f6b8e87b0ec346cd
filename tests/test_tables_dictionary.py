"""The written dictionary and schema are those of the contracts, and say what reading does."""

import json
from pathlib import Path

import jsonschema
import pytest

from realreach.tables import CODES, CONTRACTS, Problem, tables_from_records
from realreach.tables.dictionary import data_dictionary, json_schema, with_section

DATA = Path(__file__).parents[1] / "data"
ADVICE = "not current: run `python -m realreach.tables.dictionary`"

RECORD = {
    "creator_id": "a",
    "platform": "Instagram",
    "followers": 1000,
    "is_verified": True,
    "joined_on": "2020-01-31",
    "follower_history": {"observed_on": ["2024-01-01", "2024-01-02"], "followers": [990, 1000]},
    "posts": [{"post_id": 1, "posted_at": "2024-01-01T10:00:00+07:00", "likes": None, "format": "reel"}],
    "comments": [{"comment_id": "k", "text": "bagus", "post_id": "1", "author_shape": "Aaaa_aaa-000.*"}],
    "labels": {"is_fake": 0, "weight": 0.5},
}


def test_readme_is_current() -> None:
    page = (DATA / "README.md").read_text("utf-8")
    assert with_section(page) == page, ADVICE


def test_schema_is_current() -> None:
    assert json.loads((DATA / "schema.json").read_text("utf-8")) == json_schema(), ADVICE


def test_section_is_replaced_and_the_rest_kept() -> None:
    once = with_section("# Mine\n")
    assert once.startswith("# Mine\n")
    assert with_section(once.replace("## Input tables", "## Old") + "after\n") == once + "after\n"


def test_every_table_column_and_code_is_described() -> None:
    text = data_dictionary()
    for contract in CONTRACTS.values():
        assert f"### {contract.name}\n" in text
        for column in contract.columns:
            assert column.description in text
    for code in CODES.values():
        assert f"| `{code.name}` | {code.effect} |" in text


def test_schema_is_a_schema_and_takes_a_good_record() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    validator = jsonschema.Draft202012Validator(json_schema())
    validator.validate(RECORD)
    assert not tables_from_records([RECORD]).report.problems


@pytest.mark.parametrize(
    "change",
    [
        {"platform": None},
        {"followers": "12.3K"},
        {"followers": -1},
        {"is_verified": 2},
        {"country": "Indonesia"},
        {"posts": [{"post_id": "p"}]},
        {"posts": {"post_id": ["p"]}},
        {"comments": [{"comment_id": "k", "text": "bagus", "author_shape": "Budi_1990"}]},
        {"comments": [{"comment_id": "k", "text": "bagus", "author_shape": "aaaa"}]},
        {"comments": [{"comment_id": "k", "text": "bagus", "author_shape": "a0" * 13}]},
        {"labels": {"is_fake": None}},
        {"labels": {"is_fake": 1, "purchased_share": 1.5}},
    ],
)
def test_schema_and_reading_refuse_the_same(change: dict) -> None:
    record = {**RECORD, **change}
    assert not jsonschema.Draft202012Validator(json_schema()).is_valid(record)
    assert _problems(record)


def _problems(record: dict) -> list[Problem]:
    other = {"creator_id": "other", "platform": "tiktok"}  # so that something is left
    return tables_from_records([record, other]).report.problems
