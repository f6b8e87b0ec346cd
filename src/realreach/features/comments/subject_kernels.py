"""Compiled kernels of subjects (numba, the extra ``fast``): words of comments that stand in their own post's caption.

The same counts as in :mod:`realreach.features.comments.subject`, kept in tables instead of sorted, and the same sum in
the same order. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.comment_text.grouping_kernels import table_bits
from realreach.features.comments import subject
from realreach.features.comments.kernels import _slot

__all__ = ["fill_specificity"]

_LETTERS, _WORDS, _POSTS = subject.LETTERS, subject.LEAST_WORDS, subject.LEAST_POSTS
_U = np.uint64


@nb.njit(nogil=True, cache=True, inline="always")
def _key(number):
    # 0 is a free place of the table.
    return max(number, _U(1))


@nb.njit(nogil=True, cache=True)
def _tell_captions(low, high, numbers, lengths, starts, keys, captions, pairs, bits):
    """Fill in how many captions each word stands, and every pair of word and caption."""
    last = np.full(len(keys), -1, dtype=np.int64)
    for post in range(low, high):
        for word in range(starts[post], starts[post + 1]):
            if lengths[word] < _LETTERS:
                continue
            at = _slot(keys, _key(numbers[word]), bits)
            keys[at] = _key(numbers[word])
            if last[at] != post:
                captions[at] += 1
                last[at] = post
                pair = _U(at) * _U(high - low) + _U(post - low) + _U(1)
                pairs[_slot(pairs, pair, bits)] = pair


@nb.njit(nogil=True, cache=True)
def fill_specificity(starts, post_starts, post, said, written, out) -> None:
    """Fill how many words of comments come from their own post's caption, beyond those in other captions.

    ``post`` is the row of each comment's post, -1 = not known; ``said`` and ``written`` are the words of comments and of
    captions: their numbers, lengths, and the first of each text.
    """
    numbers, lengths, word_starts = said
    written_numbers, written_lengths, written_starts = written
    for creator in range(len(starts) - 1):
        out[creator] = np.nan
        low, high = post_starts[creator], post_starts[creator + 1]
        told = count = 0
        for word in range(written_starts[low], written_starts[high]):
            told += written_lengths[word] >= _LETTERS
        for row in range(starts[creator], starts[creator + 1]):
            if post[row] >= 0:
                for word in range(word_starts[row], word_starts[row + 1]):
                    count += lengths[word] >= _LETTERS
        if told == 0 or count < _WORDS or high - low < _POSTS:
            continue
        bits = table_bits(told)
        keys, pairs = np.zeros(1 << bits, dtype=np.uint64), np.zeros(1 << bits, dtype=np.uint64)
        captions = np.zeros(1 << bits, dtype=np.int64)
        _tell_captions(low, high, written_numbers, written_lengths, written_starts, keys, captions, pairs, bits)
        total, others = 0.0, high - low - 1
        for row in range(starts[creator], starts[creator + 1]):
            if post[row] < 0:
                continue
            for word in range(word_starts[row], word_starts[row + 1]):
                if lengths[word] < _LETTERS:
                    continue
                at = _slot(keys, _key(numbers[word]), bits)
                if keys[at] != _U(0):
                    pair = _U(at) * _U(high - low) + _U(post[row] - low) + _U(1)
                    hit = np.int64(pairs[_slot(pairs, pair, bits)] == pair)
                    total += np.float64(hit) - (captions[at] - hit) / others
        out[creator] = total / count
