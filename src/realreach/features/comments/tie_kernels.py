"""Compiled kernels that tie comments to authors and posts (numba, the extra ``fast``): who, where, in which order.

They tell what :class:`realreach.features.comments.section.Section` derives. Imported only by way of
:mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.comment_text.grouping_kernels import find_strings, first_strings, is_known

__all__ = ["authors", "by_post", "days", "numbers", "others", "owners", "posts", "strangers"]


@nb.njit(nogil=True, cache=True)
def others(starts, own):
    """Return the rows of comments by others, and where each creator's begin among them; ``own`` is empty or flags."""
    rows, kept = np.empty(starts[-1], dtype=np.int64), np.zeros(len(starts), dtype=np.int64)
    count = 0
    for creator in range(len(starts) - 1):
        for row in range(starts[creator], starts[creator + 1]):
            if len(own) == 0 or own[row] != 1.0:
                rows[count] = row
                count += 1
        kept[creator + 1] = count
    return rows[:count], kept


@nb.njit(nogil=True, cache=True)
def owners(starts):
    """Return the creator of each row."""
    out = np.empty(starts[-1], dtype=np.int64)
    for creator in range(len(starts) - 1):
        out[starts[creator] : starts[creator + 1]] = creator
    return out


@nb.njit(nogil=True, cache=True)
def days(times, a_day, rows):
    """Return times (whole numbers, ``a_day`` of them a day) of some rows in days, NaN = not known or none given."""
    out = np.full(len(rows), np.nan)
    if len(times):
        for k in range(len(rows)):
            if times[rows[k]] != np.iinfo(np.int64).min:
                out[k] = times[rows[k]] / a_day
    return out


@nb.njit(nogil=True, cache=True)
def numbers(values, rows):
    """Return a column of some rows, NaN where it was not given."""
    out = np.full(len(rows), np.nan)
    if len(values):
        for k in range(len(rows)):
            out[k] = values[rows[k]]
    return out


@nb.njit(nogil=True, cache=True)
def authors(owner, rows, strings):
    """Return the author of each comment, named by the first comment (not known: all different), and who is known."""
    people, named = np.empty(len(rows), dtype=np.int64), np.zeros(len(rows), dtype=np.bool_)
    some = False
    for k in range(len(rows)):
        named[k] = is_known(strings, rows[k])
        some |= named[k]
    if some:
        first_strings(owner, rows, strings, people)
    for k in range(len(rows)):
        if not named[k]:
            people[k] = k
    return people, named


@nb.njit(nogil=True, cache=True)
def posts(owner, rows, strings, owners_of_posts, keys):
    """Return the post of each comment: named by its first comment, the same with -1 = not known, and its row in ``keys``.

    All comments under no known post are under one.
    """
    places, post = np.empty(len(rows), dtype=np.int64), np.empty(len(rows), dtype=np.int64)
    row_of = np.full(len(rows), -1, dtype=np.int64)
    first_strings(owner, rows, strings, places)
    if len(owners_of_posts):
        find_strings(owner, rows, strings, places, owners_of_posts, keys, row_of)
    for k in range(len(rows)):
        post[k] = places[k] if is_known(strings, rows[k]) else -1
    return places, post, row_of


@nb.njit(nogil=True, cache=True)
def strangers(people, likes):
    """Return which comments are by accounts seen once in the section, with no like that is known of."""
    times, out = np.zeros(len(people), dtype=np.int64), np.empty(len(people), dtype=np.bool_)
    for row in range(len(people)):
        times[people[row]] += 1
    for row in range(len(people)):
        out[row] = times[people[row]] == 1 and not likes[row] > 0
    return out


@nb.njit(nogil=True, cache=True)
def by_post(day, places):
    """Return the rows with a time, post after post in the order of their first comment, each in the order of rows."""
    number = len(day)
    begin = np.zeros(number + 1, dtype=np.int64)
    for row in range(number):
        if not np.isnan(day[row]):
            begin[places[row] + 1] += 1
    for place in range(number):
        begin[place + 1] += begin[place]
    out = np.empty(begin[number], dtype=np.int64)
    for row in range(number):
        if not np.isnan(day[row]):
            out[begin[places[row]]] = row
            begin[places[row]] += 1
    return out
