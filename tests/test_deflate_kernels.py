"""Sizes told by the compiled kernels are those of zlib, whatever the bytes."""

import random
import zlib
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realreach.compiled import frozen
from realreach.features.comments import alike


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=700),
            st.tuples(st.binary(min_size=1, max_size=40), st.integers(1, 400)).map(lambda told: told[0] * told[1]),
            st.lists(st.sampled_from([b"kak ", b"bagus ", b"so ", "😍".encode(), b"a"]), max_size=900).map(b"".join),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_compiled_sizes_are_those_of_zlib(parts):
    assert _compiled_sizes(parts) == [_zlib_size(part) for part in parts]


def some_bytes(rng):
    """Return bytes of one of many kinds: noise, two signs, repeated, words, rare signs, one sign, Fibonacci's."""
    size, kind = rng.choice([1, 2, 3, 5, 20, 64, 100, 300, 1_000, 4_000]), rng.randrange(7)
    if kind == 0:
        return rng.randbytes(size)
    if kind == 1:
        two = rng.choice([b"ab", b"\0a"])
        return bytes(rng.choice(two) for _ in range(size))
    if kind == 2:
        return (rng.randbytes(rng.randrange(1, 40)) * size)[:size]
    if kind == 3:
        words = [b"bagus", b"suka", b"kak", b"great", b"on", "😍".encode()]
        return b" ".join(rng.choice(words) for _ in range(size))[:size]
    if kind == 4:
        return bytes(int(rng.expovariate(0.05)) % 256 for _ in range(size))
    if kind == 5:
        return bytes(size)
    often = [1, 1]
    while sum(often) < size:
        often.append(often[-1] + often[-2])
    data = [sign for sign, count in enumerate(often) for _ in range(count)]
    rng.shuffle(data)
    return bytes(data)


def test_compiled_sizes_of_many_kinds_of_bytes_are_those_of_zlib():
    rng = random.Random(1)
    parts = [some_bytes(rng) for _ in range(4_000)]
    assert _compiled_sizes(parts) == [_zlib_size(part) for part in parts]


def test_a_part_is_left_as_it_is_where_that_is_no_longer():
    # Noise with a few repeats: what is packed has the size of what is not, give or take a byte.
    rng, parts = random.Random(2), []
    for _ in range(1_500):
        noise = rng.randbytes(rng.randrange(20, 90))
        parts.append(noise + noise[: rng.randrange(3, 9)])
    assert _compiled_sizes(parts) == [_zlib_size(part) for part in parts]


@pytest.mark.parametrize(("rare", "rising"), [(1, 15), (1, 16), (2, 15), (2, 16), (3, 15), (3, 16), (4, 15), (5, 14)])
def test_compiled_sizes_of_codes_that_are_too_long_are_those_of_zlib(rare, rising):
    # Each byte stands more often than all before the last together, so that Huffman's codes would be the longest; some
    # more rare bytes, because sizes are whole bytes, which hide a few bits.
    kernels, often = _deflate(), [1, *([1] * rare)]
    while len(often) < rising + rare:
        often.append(sum(often[:-1]) + 2)
    assert sum(often) < alike.ONE_BLOCK
    counts = np.zeros((3, kernels._NODES), dtype=np.int32)
    counts[0, : len(often)], counts[0, 256] = often, 1
    room = [np.zeros(kernels._NODES, dtype=np.int64) for _ in range(3)]
    size = kernels._size(np.int64(sum(often)), counts, np.zeros((3, kernels._NODES), dtype=np.int32), *room)
    packer = zlib.compressobj(1, zlib.DEFLATED, 15, 8, zlib.Z_HUFFMAN_ONLY)
    data = b"".join(bytes([sign]) * count for sign, count in enumerate(often))
    assert size == len(packer.compress(data)) + len(packer.flush())


def test_bytes_of_more_than_a_block_are_left_to_zlib():
    long = "kak bagus 😍 ".encode() * 1_500
    ends = np.cumsum([0, len(long) + 1, 601])
    data = np.frombuffer(long + b"\n" + long[:600] + b"\n", dtype=np.uint8)
    sizes = np.full(2, -1)
    _deflate().fill_sizes(frozen(data), ends, 512, sizes)
    assert sizes.tolist() == [0, _zlib_size(long[:600])]
    shares = alike.compressed_shares(data.data, ends, _deflate())
    assert shares.tolist() == [_zlib_size(long) / len(long), _zlib_size(long[:600]) / 600]


def test_another_zlib_is_asked_itself(monkeypatch):
    class Other:
        @staticmethod
        def fill_sizes(_data, ends, _least, out):
            out[:] = ends[1:] - ends[:-1]

    data = np.frombuffer(b"kak bagus sekali ya " * 40 + b"\n", dtype=np.uint8)
    share = alike.compressed_shares(data.data, np.array([0, len(data)]), Other)
    assert share.tolist() == [_zlib_size(data[:-1].tobytes()) / (len(data) - 1)]


def _deflate():
    pytest.importorskip("numba", reason="the extra fast is not installed")
    return import_module("realreach.features.comments.deflate_kernels")


def _compiled_sizes(parts):
    data = np.frombuffer(b"".join(part + b"\n" for part in parts), dtype=np.uint8)
    sizes = np.zeros(len(parts), dtype=np.int64)
    _deflate().fill_sizes(frozen(data), np.cumsum([0, *(len(part) + 1 for part in parts)]), 0, sizes)
    return sizes.tolist()


def _zlib_size(part):
    return len(zlib.compress(part, 1))
