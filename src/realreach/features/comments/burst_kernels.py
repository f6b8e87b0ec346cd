"""Compiled kernels of bursts (numba, the extra ``fast``): crowds of strangers, and phrases that come together.

What is counted here is what :mod:`realreach.features.comments.bursts` counts by sorting. Of each number ``n`` that is
more than expected NumPy takes the logarithm of ``n / e``. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.comment_text.grouping_kernels import table_bits
from realreach.features.comments import bursts
from realreach.features.comments.kernels import _slot
from realreach.features.comments.section import MINIMUM_COMMENTS

__all__ = ["crowds", "fill_bursts", "unexpected"]

_WINDOW, _AROUND = bursts.WINDOW, bursts.AROUND
_REACH = bursts.WINDOW // 2
_PART = bursts.WINDOW / (2 * bursts.AROUND - bursts.WINDOW)
_STRIKING, _FLOOR, _OFTEN = bursts.STRIKING, bursts.FLOOR, bursts.OFTEN_UNDER_A_POST
_U = np.uint64


@nb.njit(nogil=True, cache=True)
def crowds(second, place, stranger, reach, around, near, wide, crowd) -> None:
    """Fill how many comments stand within ``reach`` and ``around`` seconds of each, and how many strangers.

    Rows are ordered by place and then by time; the borders of all three windows only move on.
    """
    rows = len(second)
    known = np.zeros(rows + 1, dtype=np.int64)
    for row in range(rows):
        known[row + 1] = known[row] + stranger[row]
    left = right = far_left = far_right = 0
    for row in range(rows):
        while place[left] < place[row] or second[left] < second[row] - reach:
            left += 1
        while place[far_left] < place[row] or second[far_left] < second[row] - around:
            far_left += 1
        while right < rows and (
            place[right] < place[row] or (place[right] == place[row] and second[right] <= second[row] + reach)
        ):
            right += 1
        while far_right < rows and (
            place[far_right] < place[row]
            or (place[far_right] == place[row] and second[far_right] <= second[row] + around)
        ):
            far_right += 1
        near[row] = right - left
        wide[row] = far_right - far_left
        crowd[row] = known[right] - known[left]


@nb.njit(nogil=True, cache=True)
def unexpected(rows, post, places, day, stranger, word_starts, phrases, often):
    """Return the comments that more come together with than is expected.

    ``rows`` are those with a time, post after post; ``often`` tells the phrases that count, each by its first word.

    Returns the comment of each, how many come together and how many are expected, the number of entries for crowds of
    strangers (those for phrases follow), and how many comments have a time and a post.
    """
    line = np.empty(len(rows), dtype=np.int64)
    number = 0
    for row in rows:
        if post[row] >= 0:
            line[number] = row
            number += 1
    second, place = np.empty(number, dtype=np.int64), np.empty(number, dtype=np.int64)
    strange = np.empty(number, dtype=np.bool_)
    most = number
    for k in range(number):
        row = line[k]
        second[k] = np.int64(np.floor(day[row] * 86_400.0 + 0.5))
        place[k], strange[k] = places[row], stranger[row]
        for word in range(word_starts[row], word_starts[row + 1] - 1):
            most += often[word]
    near, wide = np.empty(number, dtype=np.int64), np.empty(number, dtype=np.int64)
    crowd = np.empty(number, dtype=np.int64)
    crowds(second, place, strange, _REACH, _AROUND, near, wide, crowd)
    of, numbers = np.empty(most, dtype=np.int64), np.empty((2, most))
    found = low = np.int64(0)
    for k in range(number):
        expected = max((wide[k] - near[k]) * _PART, _FLOOR)
        if strange[k] and crowd[k] > expected:
            of[found], numbers[0, found], numbers[1, found] = line[k], crowd[k], expected
            found += 1
    of_strangers = found
    while low < number and most > number:
        high = low + 1
        while high < number and place[high] == place[low]:
            high += 1
        found = _of_a_post(low, high, line, second, near, word_starts, phrases, often, of, numbers, found)
        low = high
    # In one piece, so that the next kernel gets the same form whatever was found.
    return of[:found], numbers[:, :found].copy(), of_strangers, line[:number]


@nb.njit(nogil=True, cache=True)
def _of_a_post(low, high, line, second, near, word_starts, phrases, often, of, numbers, found):
    """Add the entries of phrases under one post, the comments ``line[low:high]``."""
    told = 0
    for k in range(low, high):
        for word in range(word_starts[line[k]], word_starts[line[k] + 1] - 1):
            told += often[word]
    if told < _OFTEN:
        return found
    bits = table_bits(told)
    keys, last = np.zeros(1 << bits, dtype=np.uint64), np.full(1 << bits, -1, dtype=np.int64)
    begin = np.zeros((1 << bits) + 1, dtype=np.int64)
    # Each comment counts once for a phrase; what is said in two passes is kept phrase by phrase, in order of time.
    for k in range(low, high):
        for word in range(word_starts[line[k]], word_starts[line[k] + 1] - 1):
            if often[word]:
                at = _slot(keys, _key(phrases, word), bits)
                keys[at] = _key(phrases, word)
                begin[at + 1] += last[at] != k
                last[at] = k
    for at in range(1 << bits):
        begin[at + 1] += begin[at]
    members = np.empty(begin[1 << bits], dtype=np.int64)
    end = begin.copy()
    last[:] = -1
    for k in range(low, high):
        for word in range(word_starts[line[k]], word_starts[line[k] + 1] - 1):
            if often[word]:
                at = _slot(keys, _key(phrases, word), bits)
                if last[at] != k:
                    members[end[at]] = k
                    end[at] += 1
                last[at] = k
    for at in range(1 << bits):
        if begin[at + 1] - begin[at] >= _OFTEN:
            some = members[begin[at] : begin[at + 1]]
            found = _of_a_phrase(some, high - low, line, second, near, of, numbers, found)
    return found


@nb.njit(nogil=True, cache=True, inline="always")
def _key(phrases, word):
    # 0 is a free place of the table.
    return max(phrases[word], _U(1))


@nb.njit(nogil=True, cache=True)
def _of_a_phrase(some, comments, line, second, near, of, numbers, found):
    """Add the entries of one phrase, said in ``some`` of so many comments of a post."""
    left = right = 0
    for k in some:
        while second[some[left]] < second[k] - _REACH:
            left += 1
        while right < len(some) and second[some[right]] <= second[k] + _REACH:
            right += 1
        together = right - left
        share = (np.float64(len(some)) - together + 0.5) / (np.float64(comments) - near[k] + 1.0)
        expected = max(near[k] * min(share, 1.0), _FLOOR)
        if together > expected:
            of[found], numbers[0, found], numbers[1, found] = line[k], together, expected
            found += 1
    return found


@nb.njit(nogil=True, cache=True)
def fill_bursts(starts, placed, of, numbers, logs, out) -> None:
    """Fill the share of striking comments and the highest surprise, given the logarithms of number over expected."""
    value, number = np.zeros(starts[-1]), np.zeros(starts[-1], dtype=np.int64)
    for k in range(len(of)):
        surprise = numbers[0, k] * logs[k] - (numbers[0, k] - numbers[1, k])
        value[of[k]] = max(value[of[k]], surprise)
    for row in placed:
        number[row] = 1
    for creator in range(len(starts) - 1):
        count = striking = 0
        most = 0.0
        for row in range(starts[creator], starts[creator + 1]):
            count += number[row]
            striking += value[row] >= _STRIKING
            most = max(most, value[row])
        enough = count >= MINIMUM_COMMENTS
        out[0, creator] = striking / count if enough else np.nan
        out[1, creator] = most if enough else np.nan
