"""Compiled kernels give the numbers of NumPy to the last bit, and are loaded only where they pay."""

import random

import numpy as np
import pyarrow as pa
import pytest

from realreach import compiled
from realreach.comment_text.likeness import signatures
from realreach.comment_text.model import KINDS, default_comment_model
from realreach.comment_text.normalise import normalise
from worlds import ODD_TEXTS

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


def test_no_comment_is_no_row(fast):
    nothing = normalise(pa.array([], pa.large_string()))
    assert default_comment_model().margins(nothing).shape == (0, len(KINDS))


def test_every_kernel_is_compiled_for_one_form_of_arrays(fast, hostile):
    # Another form (writable, or in pieces) would be compiled in the middle of a request, for seconds.
    scoring, alike = (compiled.kernels_for(1, f"comment_text.{name}") for name in ("kernels", "likeness_kernels"))
    default_comment_model().margins(normalise(pa.array(["halo kak"])))
    default_comment_model().margins(normalise(pa.array(["halo kak 🔥", ""])))
    signatures(normalise(pa.array(["halo kak 🔥"])).plain_points)
    assert [len(k.signatures) for k in (scoring.score_comments, alike.minima)] == [1, 1]


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
    assert compiled.kernels_for(compiled.LEAST_COMMENTS) is not None
    monkeypatch.setattr(compiled, "_state", {"loaded": False, "wanted": True})
    assert compiled.load_from_now_on()
    assert compiled.kernels_for(1) is not None
