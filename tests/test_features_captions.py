"""Captions: the look for parts of words never misses what the patterns would find."""

# ruff: noqa: E501 -- lists of words

import random

import numpy as np
import pyarrow as pa
import pytest

from realreach.features import captions
from realreach.features.captions import NAMED, said_around
from realreach.tables.contract import CONTRACTS
from realreach.tables.core import Table

GIVEAWAY, PARTNER = NAMED
FOUND = {
    GIVEAWAY: (
        "GiveAway", "give-away", "we are giving away two", "giv aways", "bagi-bagi", "bagi bagi", "Hadiah", "kuis", "UNDIAN", "Win a car", "sorteo",
        "sorteio", "regalo", "プレゼント企画", "プレゼント、", "이벤트", "나눔", "แจก", "tag 3 friends", "Mention 2 teman",
        "x\u212auis", "kui\u017fx",
    ),
    PARTNER: ("@some.one", "Collab", "kolab", "KOLABORASI", "bareng", "feat. me", "FT. you", "duet", "x @abc", "x\u212aolab"),
}  # fmt: skip
PIECES = (
    "giv", "e", "ing", " away", "-", " ", "bagi", "hadiah", "\u212auis", "k", "undian", "WIN", " a", "sorteo", "regalo", "tag", "mention", " 12 ", "friend",
    "teman", "@", "abc", ".", "\u017f", "collab", "bareng", "FEAT", "ft", "duet", "x", "プレゼント", "企画", "나", "눔", "\n", "\v", "\t", "İ", "ß", "é", "٣ ",
)  # fmt: skip


def posts(texts, starts=None):
    starts = np.array([0, len(texts)] if starts is None else starts)
    return Table(CONTRACTS["posts"], {"caption": pa.array(texts, pa.large_string())}, starts)


def rows(*values):
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize(("pattern", "text"), [(p, t) for p, texts in FOUND.items() for t in texts])
def test_every_kind_of_name_is_found(pattern, text):
    row = list(NAMED).index(pattern)
    said = said_around(posts(["nothing here", None, text]), rows(0, 2), rows(2, 3))
    assert said[row].tolist() == [0.0, 1.0]


def test_few_captions_and_many_are_answered_alike(monkeypatch):
    draw = random.Random(4)
    for _ in range(800):
        texts = ["".join(draw.choices(PIECES, k=draw.randint(0, 6))) for _ in range(4)]
        low, high = rows(0, 1, 2, 3), rows(1, 2, 3, 4)
        few = said_around(posts(texts), low, high)
        with monkeypatch.context() as patch:
            patch.setattr(captions, "_FEW", 0)
            assert (few == said_around(posts(texts), low, high)).all(), texts


def test_only_captions_around_the_window_count():
    table = posts(["giveaway", "plain", "with @someone", "plain", "giveaway @someone"])
    said = said_around(table, rows(0, 1, 2, 4, 3), rows(1, 2, 4, 5, 3))
    assert said.tolist() == [[1, 0, 0, 1, 0], [0, 0, 1, 1, 0]]


def test_text_beyond_the_limit_is_not_read():
    assert said_around(posts(["x" * 2_000 + " giveaway"]), rows(0), rows(1)).sum() == 0.0
    assert said_around(posts(["x" * 1_995 + " giveaway"]), rows(0), rows(1)).tolist() == [[0.0], [0.0]]
    assert said_around(posts(["x" * 1_980 + " giveaway"]), rows(0), rows(1)).tolist() == [[1.0], [0.0]]
