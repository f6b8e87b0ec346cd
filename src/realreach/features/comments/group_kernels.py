"""Compiled kernels of groups (numba, the extra ``fast``): chances that comments are alike, who comes back, who is named.

They walk over a creator's comments where ``alike``, ``people`` and ``arrival`` sort; the counts are whole numbers, so that
the results are the same. Chances are left as numbers whose logarithm NumPy takes. Imported only by way of
:mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.comment_text import words
from realreach.comment_text.grouping_kernels import first_strings, is_known, table_bits
from realreach.features.comments.kernels import _DROPPED, _slot, count_pairs
from realreach.features.comments.pairs import HABIT, LEAST_THREADS, LEAST_WORDS
from realreach.features.comments.section import MINIMUM_COMMENTS

__all__ = ["count_visits", "fill_alike", "fill_answers", "fill_people", "fill_threads", "fill_together", "threads"]

_U = np.uint64
_LEAST = MINIMUM_COMMENTS
_BASE = _U(words.BASE)


@nb.njit(nogil=True, cache=True, inline="always")
def _mix(value):
    value ^= value >> _U(33)
    value *= _U(0xFF51AFD7ED558CCD)
    value ^= value >> _U(33)
    value *= _U(0xC4CEB9FE1A85EC53)
    return value ^ (value >> _U(33))


@nb.njit(nogil=True, cache=True, inline="always")
def _chance(same, total, least):
    """Return the chance that two of so many are the same, smoothed by half a pair; NaN below so many."""
    return (same + 0.5) / (total * (total - 1.0) / 2.0 + 1.0) if total >= least else np.nan


@nb.njit(nogil=True, cache=True, inline="always")
def _share(hits, number, least):
    return hits / number if number >= least and number > 0 else np.nan


@nb.njit(nogil=True, cache=True)
def fill_alike(starts, groups, keeps, post, words, logs, shares) -> None:
    """Fill the chances and shares of ``alike``.

    ``groups`` and ``keeps`` are shape (4, rows): equal texts, equal texts, templates, near twins, and the rows that
    count; ``words`` counts of words, equal pairs, phrases, equal pairs. ``logs`` gets chances (as in ``groups``), then
    those across posts of templates and near twins, within a post of near twins, of words and of phrases.
    """
    creators = len(starts) - 1
    nowhere = post[:0]
    counts = np.zeros((4, 7, creators), dtype=np.int64)
    for kind in range(4):
        count_pairs(starts, groups[kind], keeps[kind], post if kind > 1 else nowhere, counts[kind])
    for creator in range(creators):
        for kind in range(4):
            total, same, twins = counts[kind, 0, creator], counts[kind, 1, creator], counts[kind, 2, creator]
            logs[kind, creator] = _chance(same, np.float64(total), _LEAST)
            shares[kind, creator] = _share(twins, total, _LEAST)
            if kind < 2:
                continue
            placed, placed_same = np.float64(counts[kind, 3, creator]), counts[kind, 4, creator]
            inside, inside_same = counts[kind, 5, creator], counts[kind, 6, creator]
            apart = placed * (placed - 1.0) / 2.0 - inside
            known = placed >= _LEAST and apart > 0
            logs[2 + kind, creator] = (placed_same - inside_same + 0.5) / (apart + 1.0) if known else np.nan
            if kind == 3:
                known = placed >= _LEAST and inside > 0
                logs[6, creator] = (inside_same + 0.5) / (inside + 1.0) if known else np.nan
        for kind in range(2):
            total = np.float64(words[2 * kind, creator])
            logs[7 + kind, creator] = _chance(words[2 * kind + 1, creator], total, LEAST_WORDS)


@nb.njit(nogil=True, cache=True)
def fill_together(starts, near, people, telling, day, nearby, out) -> None:
    """Fill the share of telling comments with a near twin by another account within some days; rows stand by time."""
    rows = len(near)
    size, last = np.zeros(rows, dtype=np.int64), np.full(rows, -1, dtype=np.int64)
    twin = np.zeros(rows, dtype=np.bool_)
    for creator in range(len(starts) - 1):
        low, high = starts[creator], starts[creator + 1]
        asked = several = 0
        for row in range(low, high):
            if telling[row] and not np.isnan(day[row]):
                asked += 1
                size[near[row]] += 1
        for row in range(low, high):
            several += size[row] * (size[row] > 1)
        bits = table_bits(several)
        seen = np.zeros(1 << bits, dtype=np.uint64)
        for row in range(low, high):
            if not telling[row] or np.isnan(day[row]) or size[near[row]] < 2:
                continue
            # One comment of each account in a group, its first.
            key = _U(near[row] - low) * _U(high - low) + _U(people[row] - low) + _U(1)
            at = _slot(seen, key, bits)
            if seen[at] == key:
                continue
            seen[at] = key
            before = last[near[row]]
            if before >= 0 and day[row] - day[before] <= nearby:
                twin[row] = twin[before] = True
            last[near[row]] = row
        hits = 0
        for row in range(low, high):
            hits += twin[row]
        out[creator] = _share(hits, asked, _LEAST)


@nb.njit(nogil=True, cache=True)
def count_visits(low, high, people, place, keep, visits) -> None:
    """Count under how many places each of the people has a row that is kept; ``visits`` is 0 for all of them before."""
    number = 0
    for row in range(low, high):
        number += keep[row]
    bits = table_bits(number)
    seen = np.zeros(1 << bits, dtype=np.uint64)
    for row in range(low, high):
        if keep[row]:
            key = _U(people[row] - low) << _U(32) | _U(place[row] + 1)
            at = _slot(seen, key, bits)
            if seen[at] != key:
                seen[at] = key
                visits[people[row]] += 1


@nb.njit(nogil=True, cache=True)
def _everywhere(low, high, people, post, named, comments, keep, visits, visited):
    """Return the share of comments by authors seen under at least half of the posts, NaN where it is not known."""
    posts = total = 0
    for row in range(low, high):
        if named[row] and post[row] >= 0:
            total += 1
            comments[people[row]] += 1
            posts += not visited[post[row]]
            visited[post[row]] = True
    if posts < 4 or total < _LEAST:
        return np.nan
    for row in range(low, high):
        keep[row] = named[row] and post[row] >= 0 and comments[people[row]] >= HABIT
    count_visits(low, high, people, post, keep, visits)
    loyal = 0
    for row in range(low, high):
        if visits[row] >= HABIT and visits[row] >= 0.5 * posts:
            loyal += comments[row]
    return loyal / total


@nb.njit(nogil=True, cache=True, forceinline=True)
def _mentions(codes, low, high):
    """Count the signs that a handle stands behind; many are compared at once."""
    number = np.uint32(0)
    for i in range(_U(low), _U(high)):
        number += np.uint32(codes[i] == 0x40)
    return number


@nb.njit(nogil=True, cache=True)
def _same_mentions(low, high, codes, code_starts, inside):
    """Return how many handles the comments mention, and how many pairs of them are the same."""
    last = np.uint32(len(inside) - 1)
    most = _mentions(codes, code_starts[low], code_starts[high])
    if most == 0:
        return 0, 0
    bits = table_bits(most)
    keys, times = np.zeros(1 << bits, dtype=np.uint64), np.zeros(1 << bits, dtype=np.int64)
    found = same = 0
    for row in range(low, high):
        if _mentions(codes, code_starts[row], code_starts[row + 1]) == 0:
            continue
        i, end = code_starts[row], code_starts[row + 1]
        while i < end:
            i += 1
            if codes[i - 1] != 0x40:
                continue
            total, power = _U(0), _BASE
            first = i
            while i < end and inside[min(codes[i], last)]:
                total += _U(codes[i]) * power
                power *= _BASE
                i += 1
            if i > first:
                key = (_mix(total) >> _DROPPED) + _U(1)
                at = _slot(keys, key, bits)
                keys[at] = key
                same += times[at]
                times[at] += 1
                found += 1
    return found, same


@nb.njit(nogil=True, cache=True)
def fill_people(starts, people, named, post, likes, mention, begins, codes, code_starts, inside, logs, shares) -> None:
    """Fill the chances of authors and mentions, and the shares: loyal, everywhere, liked, mentions inside."""
    rows = len(people)
    counts = np.zeros((7, len(starts) - 1), dtype=np.int64)
    count_pairs(starts, people, named, post[:0], counts)
    comments, visits = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=np.int64)
    keep, visited = np.zeros(rows, dtype=np.bool_), np.zeros(rows, dtype=np.bool_)
    for creator in range(len(starts) - 1):
        low, high = starts[creator], starts[creator + 1]
        logs[0, creator] = _chance(counts[1, creator], np.float64(counts[0, creator]), _LEAST)
        shares[0, creator] = _share(counts[2, creator], counts[0, creator], _LEAST)
        shares[1, creator] = _everywhere(low, high, people, post, named, comments, keep, visits, visited)
        liked = told = within = 0
        for row in range(low, high):
            told += not np.isnan(likes[row])
            liked += likes[row] > 0
            within += mention[row] > 0 and begins[row] == 0
        shares[2, creator] = _share(liked, told, _LEAST)
        shares[3, creator] = _share(within, high - low, 1)
        found, same = _same_mentions(low, high, codes, code_starts, inside)
        logs[1, creator] = _chance(same, np.float64(found), _LEAST)


@nb.njit(nogil=True, cache=True)
def fill_answers(every, starts, rows, own, parents, out) -> None:
    """Fill the share of comments that answer another, and the creator's own comments for each by others.

    ``every`` is where each creator's comments begin, the own ones among them; ``starts`` and ``rows`` are the others'.
    """
    for creator in range(len(starts) - 1):
        recorded = told = False
        own_count = answers = 0
        for row in range(every[creator], every[creator + 1]):
            recorded |= is_known(parents, row)
            if len(own):
                told |= not np.isnan(own[row])
                own_count += own[row] == 1.0
        for k in range(starts[creator], starts[creator + 1]):
            answers += is_known(parents, rows[k])
        count = starts[creator + 1] - starts[creator]
        out[0, creator] = answers / count if recorded and count > 0 else np.nan
        out[1, creator] = own_count / count if told and count > 0 else np.nan


@nb.njit(nogil=True, cache=True)
def threads(starts, owner, parents):
    """Return the answers in each thread, thread after thread, and the first thread of each creator."""
    rows = np.arange(len(owner))
    begins = np.zeros(len(starts), dtype=np.int64)
    some = False
    for answer in rows:
        some |= is_known(parents, answer)
    sizes = np.zeros(len(owner) if some else 0)
    if not some:
        return sizes, begins
    first = np.empty(len(owner), dtype=np.int64)
    first_strings(owner, rows, parents, first)
    for answer in rows:
        sizes[first[answer]] += is_known(parents, answer)
    count = 0
    for creator in range(len(starts) - 1):
        for row in range(starts[creator], starts[creator + 1]):
            if sizes[row] > 0:
                sizes[count] = sizes[row]
                count += 1
        begins[creator + 1] = count
    return sizes[:count], begins


@nb.njit(nogil=True, cache=True)
def fill_threads(begins, logs, out) -> None:
    """Fill the mean of ``ln (1 + answers)`` over the threads of each creator."""
    for creator in range(len(begins) - 1):
        number = begins[creator + 1] - begins[creator]
        total = 0.0
        for thread in range(begins[creator], begins[creator + 1]):
            total += logs[thread]
        out[creator] = total / number if number >= LEAST_THREADS else np.nan
