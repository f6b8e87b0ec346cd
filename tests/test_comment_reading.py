"""What is read of comments at once is what the single steps tell, by NumPy and compiled, for any text."""

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realreach import compiled
from realreach.comment_text import tallies, traits
from realreach.comment_text.codepoints import as_text, decode
from realreach.comment_text.languages import languages
from realreach.comment_text.likeness import exact_keys, template_keys
from realreach.comment_text.measures import MEASURES, measure_comments
from realreach.comment_text.model import default_comment_model
from realreach.comment_text.normalise import TEXT_LIMIT, normalise
from realreach.comment_text.reading import read_comments
from realreach.comment_text.words import split_words
from realreach.features import comments
from realreach.features.comments.whole import WHOLE
from realreach.features.view import View, decision_days
from realreach.simulate import simulate
from realreach.tables import tables_from_frames
from worlds import ODD_TEXTS

SIGNS = (
    " !?.,;:#$%@abcABCéÉßàДд0123456789\n\t\u200d\ufe0f🔥😍🏻❤⭐！？。…¡¿漢字ไทยक\u094d𝐏µªⓀ×÷Øø\u0130ıſﬁ"
    "\u0301\u00a0ℵ²\u0660"
)
TWO_LANGUAGES = "aku kamu yang tidak bisa love this"
FORMS = ("raw_points", "folded_points", "plain_points")
CLEAN, FAST = {"loaded": False, "wanted": False}, {"loaded": True, "wanted": True}


@pytest.fixture(scope="module")
def hostile():
    rng = random.Random(4)
    texts = ["".join(rng.choice(SIGNS) for _ in range(rng.choice([0, 1, 2, 3, 5, 9, 30, 80]))) for _ in range(2_000)]
    texts += [f"{chr(i)} Kak{chr(i)}bagus {chr(i)}" for i in range(1, 0x2C00)]
    return as_text(
        [
            *texts,
            *ODD_TEXTS,
            "",
            "semoga sehat selalu kak",
            "aaa!!! #tag @budi? www.toko.id",
            "Wow. ok",
            " ",
            TWO_LANGUAGES,
        ]
    )


def steps_of(text):
    """Return what the single steps tell of texts, without compiled kernels."""
    held, compiled._state = compiled._state, dict(CLEAN)
    try:
        done = normalise(text)
        words = split_words(done.plain_points)
        measures = measure_comments(done, words)
        out = {form: getattr(done, form).codes for form in FORMS}
        out |= {f"{form} starts": getattr(done, form).starts for form in FORMS}
        out |= {name: getattr(words, name) for name in ("numbers", "lengths", "starts", "listed")}
        out |= {"odd": done.odd_letters, "language": languages(done, words), "exact": exact_keys(done)}
        out |= {"template": template_keys(words), "steps": default_comment_model().sold_steps(done)}
        out["measures"] = np.array([measures[name] for name in MEASURES])
        return out
    finally:
        compiled._state = held


def facts_of(text):
    """Return the same, read at once."""
    held, compiled._state = compiled._state, dict(FAST)
    try:
        found = read_comments(text, default_comment_model())
    finally:
        compiled._state = held
    done, words = found.text, found.words
    out = {form: getattr(done, form).codes for form in FORMS}
    out |= {f"{form} starts": getattr(done, form).starts for form in FORMS}
    out |= {name: getattr(words, name) for name in ("numbers", "lengths", "starts", "listed")}
    out |= {"odd": done.odd_letters, "language": found.languages, "exact": found.exact_keys}
    out |= {"template": found.template_keys, "steps": found.sold_steps, "measures": found.measures[:-1]}
    short = (out["measures"][2] <= 2) & (out["measures"][6] == 0)
    assert np.array_equal(found.measures[-1], short)
    return out


def assert_read_as_in_steps(text):
    pytest.importorskip("numba", reason="the extra fast is not installed")
    slow, quick = steps_of(text), facts_of(text)
    for name, values in slow.items():
        assert values.dtype == quick[name].dtype, name
        assert np.array_equal(values, quick[name]), name


def test_facts_are_those_of_the_single_steps(hostile):
    assert_read_as_in_steps(hostile)


@given(st.lists(st.text(max_size=40), max_size=5))
@settings(max_examples=40, deadline=None)
def test_facts_of_any_text_are_those_of_the_single_steps(values):
    assert_read_as_in_steps(as_text(values))


def test_nulls_and_parts_of_arrays_are_read(hostile):
    assert_read_as_in_steps(pa.array(["a kak", None, "", "🔥"], pa.string()))
    assert_read_as_in_steps(hostile[37:90])
    # A null may hide bytes.
    parts = pa.py_buffer(b"\x05"), pa.py_buffer(np.array([0, 2, 7, 9]).tobytes()), pa.py_buffer(b"hi@budiok")
    hidden = pa.LargeStringArray.from_buffers(3, parts[1], parts[2], parts[0])
    assert hidden.to_pylist() == ["hi", None, "ok"]
    assert facts_of(hidden)["raw_points starts"].tolist() == [0, 2, 2, 4]
    assert_read_as_in_steps(hidden)


@pytest.mark.parametrize("sign", ["a", "é", "漢", "🔥", "ﬃ"])
def test_texts_are_cut_at_the_limit(sign):
    assert_read_as_in_steps(pa.array([sign * (TEXT_LIMIT + d) for d in (-1, 0, 1, 900)], pa.large_string()))


def test_of_many_marks_in_a_row_three_are_kept():
    texts = ["\u0e01" + "\u0e38" * n + " " + "\u0e38" * n + "\ufdfa" for n in range(7)]
    assert_read_as_in_steps(as_text(texts))
    assert facts_of(as_text(texts))["folded_points starts"].tolist() == np.cumsum([0, 3, 5, 7, 9, 9, 9, 9]).tolist()


BROKEN = [
    b"\xc3", b"a\xc0\xafb", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe0\x80\xaf", b"\xf0\x80\x80\x80", b"\xff",
    b"\x80a", b"\xe2\x82",
]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
def test_bytes_that_are_no_utf8_are_read_as_before(broken):
    pieces = [b"kak bagus", broken, b"", b"keren " + broken + b" sekali", "é🔥".encode()]
    offsets = np.cumsum([0, *map(len, pieces)]).astype(np.int64)
    text = pa.LargeStringArray.from_buffers(5, pa.py_buffer(offsets.tobytes()), pa.py_buffer(b"".join(pieces)))
    assert_read_as_in_steps(text)
    assert "\ufffd" in normalise(text).raw[1].as_py()


def counted(text, kind):
    known = traits.table()
    if isinstance(kind, str):
        return sum(text.count(sign) for sign in kind)
    return sum((int(known[min(ord(c), len(known) - 1)]) & kind) != 0 for c in text)


@pytest.mark.parametrize("tally", [tallies.RAW, tallies.FOLDED, tallies.PLAIN])
def test_tallies_count_as_python_does(tally):
    rng = random.Random(len(tally.kinds))
    signs = SIGNS + "\x01\x02\x03\x04\x05\U00020001"
    texts = ["".join(rng.choice(signs) for _ in range(rng.choice([0, 1, 7, 60]))) for _ in range(300)]
    # A field must not run over into its neighbour's.
    texts += [sign * TEXT_LIMIT for sign in "!?\x01\x05a9A\n"]
    points = decode(pa.array(texts))
    found = tally.of(points)
    for kind, what in tally.kinds.items():
        assert found[kind].tolist() == [counted(text, what) for text in texts], kind
    part = points.part(100, 200)
    assert {kind: values.tolist() for kind, values in tally.of(part).items()} == {
        kind: values[100:200].tolist() for kind, values in found.items()
    }
    assert tally.of(points) is found


def test_kernels_of_sections_are_compiled_for_one_form_of_arrays(monkeypatch):
    # Another form (writable, or in pieces) would be compiled in the middle of a request, for seconds.
    pytest.importorskip("numba", reason="the extra fast is not installed")
    monkeypatch.setattr(compiled, "_state", dict(FAST))
    frames = simulate(6, seed=2).frames
    worlds = [{name: frames[name] for name in ("creators", "posts", "comments")}]
    worlds.append(
        {"creators": frames["creators"], "comments": frames["comments"][["creator_id", "comment_id", "text"]]}
    )
    worlds.append({"creators": frames["creators"], "comments": frames["comments"][:0]})
    for world in worlds:
        tables = tables_from_frames(world).tables
        comments.compute(View(tables, decision_days(tables, None)))
    module = compiled.kernels_for(1, WHOLE)
    assert [len(getattr(module, kernel).signatures) for kernel in module.__all__] == [1, 1, 1]


def test_a_large_table_loads_the_kernels_though_its_blocks_are_small(monkeypatch):
    asked = []
    monkeypatch.setattr(comments, "kernels_for", lambda rows, *_: asked.append(rows))
    monkeypatch.setattr(comments, "_BLOCK", 100)
    frames = simulate(6, seed=2).frames
    tables = tables_from_frames({name: frames[name] for name in ("creators", "posts", "comments")}).tables
    comments.compute(View(tables, decision_days(tables, None)))
    assert asked[0] == len(tables.comments)
    assert max(asked[1:]) < asked[0]
