"""Compiled kernels give the numbers of NumPy to the last bit, and are loaded only where they pay."""

import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realreach import compiled
from realreach.comment_text.codepoints import as_text
from realreach.comment_text.languages import languages
from realreach.comment_text.likeness import signatures
from realreach.comment_text.measures import measure_comments
from realreach.comment_text.model import KINDS, default_comment_model
from realreach.comment_text.normalise import normalise
from realreach.comment_text.reading import read_comments
from realreach.comment_text.words import split_words
from worlds import ODD_TEXTS

FORMS = ("raw", "folded", "plain")
KERNELS = ("kernels", "forms_kernels", "facts_kernels", "measuring_kernels")
SIGNS = " !?.,;:#$%@abcABCéÉßàДд0123456789\n\t\u200d\ufe0f🔥😍🏻❤⭐！？。…¡¿漢字ไทยक\u094d𝐏µªⓀ×÷Øø\u0130ıſﬁ\u0301\u00a0"


@pytest.fixture(scope="module")
def hostile():
    rng = random.Random(1)
    texts = ["".join(rng.choice(SIGNS) for _ in range(rng.choice([0, 1, 2, 3, 5, 9, 30, 80]))) for _ in range(3_000)]
    texts += [chr(i) for i in range(0x3100)]
    texts += [f"a{chr(i)}b" for i in range(0x1F000, 0x20400)]
    texts += [
        *ODD_TEXTS,
        "",
        "\n" * 5,
        "🔥" * 3000,
        "a" * 3000,
        "yg yg gak! 50rb DEWA88 @budi www.toko.id 0812-3456-7890",
    ]
    return normalise(pa.array(texts, pa.large_string()))


@pytest.fixture
def plain(monkeypatch):
    monkeypatch.setattr(compiled, "_state", {"loaded": False, "wanted": False})


@pytest.fixture
def fast(monkeypatch):
    pytest.importorskip("numba", reason="the extra fast is not installed")
    monkeypatch.setattr(compiled, "_state", {"loaded": True, "wanted": True})


@pytest.fixture(scope="module")
def expected(hostile):
    held = compiled._state
    compiled._state = {"loaded": False, "wanted": False}
    try:
        return default_comment_model().margins(hostile), signatures(hostile.plain_points)
    finally:
        compiled._state = held


def test_margins_are_equal_to_the_last_bit(fast, hostile, expected):
    model = default_comment_model()
    assert np.array_equal(model.margins(hostile), expected[0])
    assert np.array_equal(model.margins(hostile, 1), expected[0][:, :1])


def test_minima_are_equal(fast, hostile, expected):
    assert np.array_equal(signatures(hostile.plain_points), expected[1])


def test_one_head_is_the_first_of_all(plain, hostile, expected):
    assert np.array_equal(default_comment_model().margins(hostile, 1), expected[0][:, :1])
    assert expected[0].shape == (len(hostile), len(KINDS))


def everything_of(text, wanted):
    """Return all that is told of comments before they are judged, with or without the kernels."""
    held = compiled._state
    compiled._state = {"loaded": wanted, "wanted": wanted}
    try:
        done = normalise(text)
        words = split_words(done.plain_points)
        out = {f"{n} {k}": getattr(getattr(done, f"{n}_points"), k) for n in FORMS for k in ("codes", "starts")}
        out |= {name: getattr(words, name) for name in ("numbers", "lengths", "starts", "listed")}
        return out | measure_comments(done, words) | {"odd": done.odd_letters, "language": languages(done, words)}
    finally:
        compiled._state = held


def assert_equal_with_and_without_kernels(values):
    pytest.importorskip("numba", reason="the extra fast is not installed")
    text = as_text(values)
    slow, quick = everything_of(text, False), everything_of(text, True)
    for name, value in slow.items():
        assert value.dtype == quick[name].dtype, name
        assert np.array_equal(value, quick[name]), name


def test_forms_words_and_measures_are_equal(hostile):
    assert_equal_with_and_without_kernels(hostile.raw.to_pylist())


@given(st.lists(st.text(max_size=40), max_size=5))
@settings(max_examples=60, deadline=None)
def test_forms_words_and_measures_of_any_text_are_equal(values):
    assert_equal_with_and_without_kernels(values)


def test_placeholders_are_those_of_the_patterns():
    rng = random.Random(2)
    pieces = [
        ("http:/", "https://", "www.", "com", "id", "co", "a", "b ", "toko", ".", "-", "@", "_", "/", "8", "88", " ",
         ":", "é", "x y z ", "d 8 8 ", " 9", "..", "ooo", "!!!", "β", "б"),
        ("0", "1", " ", ".", "-", "(", ")", "+", "a", "  ", "12", ",", ":", "a ", "b "),
    ]  # fmt: skip
    assert_equal_with_and_without_kernels(
        [
            "".join(rng.choice(kind) for _ in range(rng.choice([2, 4, 9, 20, 40])))
            for kind in pieces
            for _ in range(3_000)
        ]
    )


@pytest.mark.parametrize("piece", ["a.", "a ", "1 ", "@", "www.", "a@b.", "1.", "z1", "\u0301", "🔥", "β", "aβ ", " a"])
def test_long_texts_of_one_piece_are_equal(piece):
    # Loops that try a pattern again at every place of a run would take minutes here.
    assert_equal_with_and_without_kernels([piece * (10_000 // len(piece))] * 50)


def test_no_comment_is_no_row(fast):
    nothing = normalise(pa.array([], pa.large_string()))
    assert default_comment_model().margins(nothing).shape == (0, len(KINDS))
    assert len(languages(nothing)) == len(measure_comments(nothing)["words"]) == 0


def test_every_kernel_is_compiled_for_one_form_of_arrays(fast, hostile):
    # Another form (writable, or in pieces) would be compiled in the middle of a request, for seconds.
    model = default_comment_model()
    for values in (["halo kak"], ["halo kak 🔥", ""], ["ﬁ", "β a"], [], hostile.raw.to_pylist()[:50]):
        done = normalise(pa.array(values, pa.large_string()))
        words = split_words(done.plain_points)
        measure_comments(done.part(0, 1), None)
        measure_comments(done, words)
        languages(done, words)
        model.margins(done)
        signatures(done.plain_points)
        read_comments(pa.array(values, pa.large_string()), model)
    kernels, forms, facts, measuring = (compiled.kernels_for(1, f"comment_text.{name}") for name in KERNELS)
    used = [kernels.score_comments, forms.decode_rows, forms.fill_forms, facts.facts_of]
    used += [measuring.split_into_words, measuring.fill_measures, measuring.letters_of_scripts]
    assert [len(k.signatures) for k in used] == [1] * len(used)


def test_small_jobs_do_not_load_the_kernels(monkeypatch):
    monkeypatch.setattr(compiled, "_state", {"loaded": False, "wanted": True})
    assert compiled.kernels_for(compiled.LEAST_COMMENTS - 1) is None
    assert not compiled._state["loaded"]


def test_without_numba_nothing_is_compiled(monkeypatch):
    monkeypatch.setattr(compiled, "_state", {"loaded": False, "wanted": True})
    monkeypatch.setattr(compiled, "is_installed", lambda: False)
    assert compiled.kernels_for(10**9) is None
    assert compiled.load_from_now_on() is False
    assert compiled.kernels_for(10**9) is None


def test_many_comments_or_a_service_that_asked_use_them(monkeypatch):
    pytest.importorskip("numba", reason="the extra fast is not installed")
    monkeypatch.setattr(compiled, "_state", {"loaded": False, "wanted": True})
    monkeypatch.setattr(compiled, "_would_compile", lambda: False)
    assert compiled.kernels_for(compiled.LEAST_COMMENTS) is not None
    monkeypatch.setattr(compiled, "_state", {"loaded": False, "wanted": True})
    assert compiled.load_from_now_on()
    assert compiled.kernels_for(1) is not None
