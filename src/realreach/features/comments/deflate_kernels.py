"""Compiled kernels that tell how small zlib would make some bytes, without making them (numba, the extra ``fast``).

They count what zlib's level 1 would write (``deflate.c``: matches of three bytes or more by a chain of at most four
earlier places; ``trees.c``: Huffman codes of at most fifteen bits), to the byte. Whoever uses them compares with zlib
first (:mod:`realreach.features.comments.alike`): other builds of zlib find other matches. Linear in the bytes, whatever
they hold. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features.comments.alike import ONE_BLOCK

__all__ = ["fill_sizes"]

_U = np.uint64
_ONES, _BYTE = _U(0x0101010101010101), _U(0xFF)
_LITERALS, _DISTANCES, _RUNS = 286, 30, 19
"""Signs of the three Huffman codes: bytes, the end and lengths of matches; distances; lengths of codes and runs of them."""
_NODES = 2 * _LITERALS + 1
_END, _LEAST, _MOST = 256, 3, 258
_HASH_BITS = 15
_HASH = _U((1 << _HASH_BITS) - 1)
_NICE, _INSERTED, _CHAIN = 8, 4, 4
"""Level 1: a match so long is looked for no further, one longer than this leaves no places behind, places tried."""
_LONGEST, _LONGEST_OF_RUNS = 15, 7
_LENGTH_EXTRA = np.array([0] * 8 + [bits for bits in range(1, 6) for _ in range(4)] + [0], dtype=np.int64)
_DISTANCE_EXTRA = np.array([0] * 4 + [bits for bits in range(1, 14) for _ in range(2)], dtype=np.int64)
_RUN_EXTRA = np.array([0] * 16 + [2, 3, 7], dtype=np.int64)
_LITERAL_EXTRA = np.concatenate([np.zeros(_END + 1, dtype=np.int64), _LENGTH_EXTRA])
_CODE_OF_LENGTH = np.repeat(np.arange(28), 1 << _LENGTH_EXTRA[:28])
_CODE_OF_LENGTH[_MOST - _LEAST] = 28
_CODE_OF_DISTANCE = np.repeat(np.arange(_DISTANCES, dtype=np.uint8), 1 << _DISTANCE_EXTRA)
_FIXED = np.array([8] * 144 + [9] * 112 + [7] * 24 + [8] * 6, dtype=np.int64)
_FIXED_DISTANCE = np.full(_DISTANCES, 5, dtype=np.int64)
_ORDER = np.array([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15], dtype=np.int64)
_NODE_BITS, _DEPTH_BITS = 10, 10
_NODE, _BEYOND = (1 << _NODE_BITS) - 1, 1 << 60
"""A node of a heap is one number: how often it is written, the depth below it, its place."""


@nb.njit(nogil=True, cache=True, forceinline=True)
def _chain_of(ahead):
    """Return the chain of places for the next three bytes."""
    return np.int64(((ahead & _BYTE) << _U(10) ^ (ahead >> _U(8) & _BYTE) << _U(5) ^ (ahead >> _U(16) & _BYTE)) & _HASH)


@nb.njit(nogil=True, cache=True, forceinline=True)
def _same(one, other):
    """Return how many of eight bytes are the same, from the first on."""
    differ = one ^ other
    below = (differ & (~differ + _U(1))) - _U(1)
    return np.int64(((below >> _U(7)) & _ONES) * _ONES >> _U(56))


@nb.njit(nogil=True, cache=True)
def _count(data, ahead, head, before, base, literals, distances) -> None:
    """Fill how often each byte, length and distance is written.

    ``head`` holds the last place of each chain and ``before`` the place before each, counted from ``base`` in ``head``:
    what is there from earlier data lies at or below it. The first place of all is never found again, as in zlib.
    """
    n = len(data)
    literals[:] = 0
    distances[:] = 0
    literals[_END] = 1
    window = _U(0)
    for i in range(n - 1, -1, -1):
        window = window << _U(8) | _U(data[i])
        ahead[i] = window
    i = 0
    while i < n - 2:
        left, here = n - i, ahead[i]
        chain = _chain_of(here)
        place = head[chain] - base
        before[i] = place
        head[chain] = base + i
        length, first, tried, nice = 2, 0, 0, min(_NICE, left)
        while place > 0:
            same = _same(here, ahead[place])
            longer = same > length
            length = same if longer else length
            first = place if longer else first
            place = before[place]
            tried += 1
            if (tried == _CHAIN) | (length >= nice):
                break
        if length < _LEAST:
            literals[here & _BYTE] += 1
            i += 1
            continue
        if length == 8:
            most = min(_MOST, left)
            while length < most and data[first + length] == data[i + length]:
                length += 1
        # Behind the end stand zeros in ``ahead``.
        length = min(length, left)
        literals[_END + 1 + _CODE_OF_LENGTH[length - _LEAST]] += 1
        distances[_CODE_OF_DISTANCE[i - first - 1]] += 1
        if length <= _INSERTED and left - length >= _LEAST:
            for k in range(i + 1, i + length):
                chain = _chain_of(ahead[k])
                before[k] = head[chain] - base
                head[chain] = base + k
        i += length
    for k in range(i, n):
        literals[data[k]] += 1


@nb.njit(nogil=True, cache=True)
def _sift(heap, size, at) -> None:
    """Let a node sink to its place in a heap; behind the last node stands one that is beyond all."""
    node = heap[at]
    own = node >> _NODE_BITS
    below = 2 * at
    while below <= size:
        below += (heap[below + 1] >> _NODE_BITS) <= (heap[below] >> _NODE_BITS)
        other = heap[below]
        if own <= other >> _NODE_BITS:
            break
        heap[at] = other
        at = below
        below *= 2
    heap[at] = node


@nb.njit(nogil=True, cache=True)
def _join(often, signs, size, heap, order, above):
    """Join the rarest two again and again; return where the tree begins in ``order``, which is from the top down."""
    last, node = _NODES, signs
    heap[size + 1] = _BEYOND
    for k in range(size // 2, 0, -1):
        _sift(heap, size, k)
    while size > 1:
        one = heap[1]
        heap[1], heap[size] = heap[size], _BEYOND
        size -= 1
        _sift(heap, size, 1)
        two = heap[1]
        last -= 2
        a, b = one & _NODE, two & _NODE
        order[last + 1], order[last] = a, b
        often[node] = often[a] + often[b]
        depth = max(one >> _NODE_BITS & _NODE, two >> _NODE_BITS & _NODE) + 1
        above[a] = above[b] = node
        heap[1] = np.int64(often[node]) << _NODE_BITS + _DEPTH_BITS | depth << _NODE_BITS | node
        node += 1
        _sift(heap, size, 1)
    order[last - 1] = heap[1] & _NODE
    return last - 1


@nb.njit(nogil=True, cache=True)
def _fill_lengths(often, signs, extra, fixed, longest, heap, order, above, lengths):
    """Fill the length of each sign's code; return the last sign, and all bits with these lengths and with fixed ones."""
    size, most, best, plain = 0, -1, 0, 0
    for sign in range(signs):
        lengths[sign] = 0
        if often[sign] > 0:
            size, most = size + 1, sign
            heap[size] = np.int64(often[sign]) << _NODE_BITS + _DEPTH_BITS | sign
    while size < 2:
        # A code has two signs at least; those that are never written cost nothing.
        sign = most + 1 if most < 2 else 0
        size, most = size + 1, max(most, sign)
        heap[size] = 1 << _NODE_BITS + _DEPTH_BITS | sign
        often[sign] = 1
        best -= 1
        plain -= fixed[sign]
    last = _join(often, signs, size, heap, order, above)
    number, over = np.zeros(_LONGEST + 1, dtype=np.int64), 0
    lengths[order[last]] = 0
    for k in range(last + 1, _NODES):
        node = order[k]
        length = lengths[above[node]] + 1
        over += length > longest
        length = min(length, longest)
        lengths[node] = length
        if node < signs:
            number[length] += 1
            best += often[node] * (length + extra[node])
            plain += often[node] * (fixed[node] + extra[node])
    if over > 0:
        best += _shorten(order, often, signs, longest, number, over, lengths)
    return most, best, plain


@nb.njit(nogil=True, cache=True)
def _shorten(order, often, signs, longest, number, over, lengths):
    """Give codes that are too long a place beside shorter ones; return how many bits that costs."""
    while over > 0:
        length = longest - 1
        while number[length] == 0:
            length -= 1
        number[length] -= 1
        number[length + 1] += 2
        number[longest] -= 1
        over -= 2
    more, k = 0, _NODES
    for length in range(longest, 0, -1):
        left = number[length]
        while left > 0:
            k -= 1
            node = order[k]
            if node < signs:
                more += (length - lengths[node]) * often[node]
                lengths[node] = length
                left -= 1
    return more


@nb.njit(nogil=True, cache=True)
def _count_runs(lengths, most, often) -> None:
    """Count how the lengths of codes are written themselves: one by one, or as runs of one length or of none."""
    before, count, top, least = -1, 0, 0, 0
    for sign in range(most + 1):
        here = lengths[sign]
        if count == 0:
            top = 138 if here == 0 else (6 if here == before else 7)
            least = 4 if top == 7 else 3
        count += 1
        if count < top and sign < most and here == lengths[sign + 1]:
            continue
        if count < least:
            often[here] += count
        elif here != 0:
            often[here] += here != before
            often[16] += 1
        else:
            often[17 if count <= 10 else 18] += 1
        before, count = here, 0


@nb.njit(nogil=True, cache=True)
def _size(size, often, lengths, heap, order, above):
    """Return the bytes that so many bytes become, given how often each sign is written."""
    most, best, plain = _fill_lengths(
        often[0], _LITERALS, _LITERAL_EXTRA, _FIXED, _LONGEST, heap, order, above, lengths[0]
    )
    last, bits, fixed = _fill_lengths(
        often[1], _DISTANCES, _DISTANCE_EXTRA, _FIXED_DISTANCE, _LONGEST, heap, order, above, lengths[1]
    )
    often[2, :] = 0
    _count_runs(lengths[0], most, often[2])
    _count_runs(lengths[1], last, often[2])
    _, of_runs, _ = _fill_lengths(often[2], _RUNS, _RUN_EXTRA, _FIXED, _LONGEST_OF_RUNS, heap, order, above, lengths[2])
    told = _RUNS
    while told > 4 and lengths[2, _ORDER[told - 1]] == 0:
        told -= 1
    best += bits + of_runs + 3 * told + 14
    # Three bits say what kind of block it is; a block may also be left as it is.
    least = min((best + 10) >> 3, (plain + fixed + 10) >> 3)
    return (size + 5 if size + 4 <= least else least) + 6


@nb.njit(nogil=True, cache=True)
def fill_sizes(data, ends, least, out) -> None:
    """Fill ``len(zlib.compress(part, 1))`` of parts that end at ``ends``, their last byte left out.

    Parts of fewer than ``least`` bytes, or of more than surely fit into one block, get 0.
    """
    longest = 0
    for part in range(len(out)):
        out[part] = 0
        longest = max(longest, int(ends[part + 1] - ends[part]))
    if longest <= least:
        return
    most = min(longest, ONE_BLOCK)
    ahead, before = np.empty(most, dtype=np.uint64), np.empty(most, dtype=np.int32)
    head = np.zeros(1 << _HASH_BITS, dtype=np.int32)
    often, lengths = np.zeros((3, _NODES), dtype=np.int32), np.zeros((3, _NODES), dtype=np.int32)
    heap, order = np.empty(_LITERALS + 2, dtype=np.int64), np.empty(_NODES, dtype=np.int64)
    above = np.empty(_NODES, dtype=np.int64)
    base = np.int64(0)
    for part in range(len(out)):
        size = ends[part + 1] - ends[part] - 1
        if size < least or size >= ONE_BLOCK:
            continue
        text = data[ends[part] : ends[part] + size]
        if base > 1 << 30:
            head[:] = 0
            base = np.int64(0)
        _count(text, ahead, head, before, base, often[0], often[1])
        out[part] = _size(size, often, lengths, heap, order, above)
        base += size
