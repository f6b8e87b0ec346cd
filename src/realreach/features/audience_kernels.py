"""The compiled kernel of samples of follower accounts (numba, the extra ``fast``): one pass over each creator's.

It does what :mod:`realreach.features.audience_numbers` and :mod:`realreach.accounts.streaks` do in NumPy, in the same floating-point operations in the
same order. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.accounts.share import FEWEST_ACCOUNTS
from realreach.accounts.streaks import (
    DOMINANT_SHARE,
    FEWEST_TOGETHER,
    NARROW,
    NEWCOMER_DAYS,
    SAME_DAYS,
    STREAK_SCORE,
    WIDE,
    WIDEST,
)
from realreach.features.audience_numbers import (
    AT,
    MANY_DIGITS,
    MASS_FOLLOWING,
    MONTH_DAYS,
    ROW_OF,
    SHARES,
    YOUNG_DAYS,
)
from realreach.features.kernel_parts import quantile_of_sorted, ratio, sort

__all__ = ["audience_numbers"]

_FOLLOWING, _POSTS, _PICTURE, _PRIVATE = (
    ROW_OF[n] for n in ("following", "posts_count", "has_picture", "is_private")
)  # fmt: skip
_BIO, _LENGTH, _DIGITS = ROW_OF["bio_length"], ROW_OF["username_length"], ROW_OF["username_digits"]
_ORDER, _CREATED = ROW_OF["follow_order"], ROW_OF["created"]
_FLAGS, _BIRTHS, _SIZE, _PER = len(SHARES), AT["birth_month__all__max"], AT["followers__all__median"], AT["following_ratio__all__median"]  # fmt: skip
_PER_SPREAD, _SPREAD, _CAMPS = AT["following_ratio__all__spread"], AT["probability__all__spread"], AT["probability__all__bimodality"]  # fmt: skip
_STREAK, _STRONGEST = AT["streak__all__share"], AT["streak__all__max"]
_MIX, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFT = np.uint64(31)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def audience_numbers(accounts, starts, as_of, logs, p, p_starts, out) -> None:
    """Fill the numbers of ``audience_numbers.NAMES`` up to their last logarithm; ``out`` holds NaN."""
    most = 1
    for c in range(len(as_of)):
        most = max(most, starts[c + 1] - starts[c])
    work, index = np.empty((5, most)), np.empty(most, dtype=np.int64)
    size = 4
    while size < 2 * most:
        size *= 2
    table, counts = np.empty(size, dtype=np.int64), np.empty(most, dtype=np.int64)
    for c in range(len(as_of)):
        low, high = starts[c], starts[c + 1]
        if high - low < FEWEST_ACCOUNTS:
            continue
        _shares(accounts, low, high, as_of[c], logs[2], index, table, counts, out, c)
        _births(accounts[_CREATED], low, high, work, out, c)
        _sizes(logs, low, high, work, out, c)
        _spread(p, p_starts[c], p_starts[c + 1], out, c)
        _streaks(accounts[_CREATED], accounts[_ORDER], low, high, work, index, out, c)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _shares(accounts, low, high, as_of, followed, index, table, counts, out, c) -> None:
    """Fill the share of each flag among the accounts of which it is known."""
    known, found = np.zeros(_FLAGS, dtype=np.int64), np.zeros(_FLAGS, dtype=np.int64)
    for row in range(low, high):
        posts, picture, bio = accounts[_POSTS, row], accounts[_PICTURE, row], accounts[_BIO, row]
        digits, private, following = accounts[_DIGITS, row], accounts[_PRIVATE, row], accounts[_FOLLOWING, row]
        created = accounts[_CREATED, row]
        known[0] += posts == posts
        known[1] += picture == picture
        known[2] += bio == bio
        known[3] += digits == digits
        known[4] += private == private
        known[5] += following == following
        known[6] += created == created
        found[0] += posts == 0.0
        found[1] += picture == 0.0
        found[2] += bio == 0.0
        found[3] += digits >= MANY_DIGITS
        found[4] += private == 1.0
        found[5] += following >= MASS_FOLLOWING
        found[6] += as_of - created < YOUNG_DAYS
    known[7], found[7] = _twins(accounts, low, high, followed, index, table, counts)
    for flag in range(_FLAGS):
        if known[flag] >= FEWEST_ACCOUNTS:
            out[flag, c] = found[flag] / known[flag]


@nb.njit(nogil=True, cache=True)
def _twins(accounts, low, high, followed, index, table, counts):
    """Return how many accounts are compared, and how many have a twin."""
    number = 0
    for row in range(low, high):
        whole = accounts[_POSTS, row] + accounts[_LENGTH, row] + accounts[_DIGITS, row] + accounts[_PICTURE, row]
        if not np.isnan(whole + followed[row]) and accounts[_PRIVATE, row] != 1.0:
            index[number] = row
            number += 1
    size = 4
    while size < 2 * number:
        size *= 2
    table[:size] = -1
    twins = 0
    for k in range(number):
        row = index[k]
        counts[k] = 1
        place = _place(accounts, row, followed[row], size)
        while table[place] >= 0 and not _alike(accounts, index[table[place]], row, followed):
            place = (place + 1) & (size - 1)
        first = table[place]
        if first < 0:
            table[place] = k
        else:
            counts[first] += 1
            twins += 2 if counts[first] == 2 else 1
    return number, twins


@nb.njit(nogil=True, cache=True)
def _bio(accounts, row):
    bio = accounts[_BIO, row]
    return bio if bio == bio else -1.0


@nb.njit(nogil=True, cache=True)
def _alike(accounts, one, other, followed):
    return (
        accounts[_POSTS, one] == accounts[_POSTS, other]
        and followed[one] == followed[other]
        and accounts[_LENGTH, one] == accounts[_LENGTH, other]
        and accounts[_DIGITS, one] == accounts[_DIGITS, other]
        and accounts[_PICTURE, one] == accounts[_PICTURE, other]
        and _bio(accounts, one) == _bio(accounts, other)
    )


@nb.njit(nogil=True, cache=True)
def _place(accounts, row, followed, size):
    """Return where an account is looked for first, from all that makes a twin."""
    mixed = np.uint64(0)
    for value in (
        accounts[_POSTS, row], followed, accounts[_LENGTH, row], accounts[_DIGITS, row], accounts[_PICTURE, row],
        _bio(accounts, row),
    ):  # fmt: skip
        # Whole numbers all; beyond the range the remainder will do.
        mixed = (mixed ^ np.uint64(np.int64(value % 9.0e15))) * _MIX
        mixed = (mixed ^ (mixed >> _SHIFT)) * _MIX_2
    return np.int64((mixed ^ (mixed >> _SHIFT)) & np.uint64(size - 1))


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _births(created, low, high, work, out, c) -> None:
    """Fill the share of the accounts that were opened in the commonest month, of those with a birthday."""
    months, number = work[0], 0
    for row in range(low, high):
        if created[row] == created[row]:
            months[number] = np.floor(created[row] / MONTH_DAYS)
            number += 1
    if number < FEWEST_ACCOUNTS:
        return
    sort(months, number, work[1])
    run = most = 1
    for k in range(1, number):
        run = run + 1 if months[k] == months[k - 1] else 1
        most = max(most, run)
    out[_BIRTHS, c] = most / number


@nb.njit(nogil=True, cache=True)
def _sizes(logs, low, high, work, out, c) -> None:
    """Fill the middle follower's size, and middle and spread of followed accounts per follower."""
    number = 0
    for row in range(low, high):
        if logs[1, row] == logs[1, row]:
            work[0, number], work[1, number] = logs[0, row], logs[1, row]
            number += 1
    if number < FEWEST_ACCOUNTS:
        return
    sort(work[0], number, work[2])
    sort(work[1], number, work[2])
    out[_SIZE, c] = quantile_of_sorted(work[0], number, 0.5)
    out[_PER, c] = quantile_of_sorted(work[1], number, 0.5)
    out[_PER_SPREAD, c] = quantile_of_sorted(work[1], number, 0.75) - quantile_of_sorted(work[1], number, 0.25)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _spread(p, low, high, out, c) -> None:
    """Fill how far the probabilities differ, and whether they fall into two camps."""
    number = high - low
    if number < FEWEST_ACCOUNTS:
        return
    summed = second = third = fourth = 0.0
    for row in range(low, high):
        summed += p[row]
    mean = summed / number
    for row in range(low, high):
        away = p[row] - mean
        square = away * away
        second += square
        third += square * away
        fourth += square * square
    second, third, fourth = second / number, third / number, fourth / number
    out[_SPREAD, c] = np.sqrt(second)
    if second > 1e-9:
        twice = second * second
        out[_CAMPS, c] = min((ratio(third * third, twice * second) + 1.0) / ratio(fourth, twice), 1.0)


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _streaks(created, place, low, high, work, index, out, c) -> None:
    """Fill how many followers lie in batches."""
    number = 0
    for row in range(low, high):
        if created[row] == created[row] and place[row] == place[row]:
            work[0, number], work[1, number] = created[row], place[row]
            number += 1
    if number < FEWEST_ACCOUNTS:
        return
    by_day = np.argsort(work[0, :number], kind="mergesort")
    for k in range(number):
        work[2, k] = work[1, by_day[k]]
    by_place = np.argsort(work[2, :number], kind="mergesort")
    born, day, ordered, score = work[3], work[1], work[2], work[4]
    for k in range(number):
        born[k] = work[0, by_day[by_place[k]]]
    old, newest = 0, -np.inf
    for k in range(number):
        newest = max(newest, born[k])
        is_old = newest - born[k] >= NEWCOMER_DAYS
        # Newcomers are nobody's companions.
        day[k] = born[k] if is_old else np.inf
        score[k] = 0.0
        if is_old:
            ordered[old] = born[k]
            old += 1
    sort(ordered, old, work[0])
    narrow = min(max(number // 20, NARROW), WIDE, (number - 1) // 2)
    _score(day, ordered, old, number, narrow, 0.0, score)
    _score(day, ordered, old, number, min(max(number // 4, narrow), WIDEST), DOMINANT_SHARE, score)
    inside, strongest = 0, 0.0
    for k in range(number):
        inside += score[k] > STREAK_SCORE
        strongest = max(strongest, score[k])
    out[_STREAK, c], out[_STRONGEST, c] = inside / number, strongest


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _score(day, ordered, old, number, half, least, score) -> None:
    """Raise the score of accounts whose neighbours were opened with them more than others of the list."""
    for k in range(number):
        own = day[k]
        if own == np.inf:
            continue
        # The account itself is among those that are counted.
        together = -1.0
        for other in range(max(k - half, 0), min(k + half + 1, number)):
            together += abs(day[other] - own) <= SAME_DAYS
        neighbours = min(k, half) + min(number - 1 - k, half)
        if not together >= max(least * neighbours, FEWEST_TOGETHER):
            continue
        within = _up_to(ordered, old, own + SAME_DAYS, True) - _up_to(ordered, old, own - SAME_DAYS, False)
        elsewhere = (within - 1.0 - together) / max(number - 1 - neighbours, 1)
        expected = neighbours * max(elsewhere, 0.0)
        score[k] = max((together - expected) / np.sqrt(expected + 1.0), score[k])


@nb.njit(nogil=True, cache=True)
def _up_to(ordered, number, value, equal):
    """Return how many sorted numbers are below a value, or at most the value."""
    low, high = 0, number
    while low < high:
        middle = (low + high) // 2
        if ordered[middle] < value or (equal and ordered[middle] == value):
            low = middle + 1
        else:
            high = middle
    return low
