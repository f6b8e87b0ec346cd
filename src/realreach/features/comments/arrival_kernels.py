"""Compiled kernels of arrival (numba, the extra ``fast``): delays after the post, gaps, and hours of the day.

The same sums in the same order as in :mod:`realreach.features.comments.arrival`; logarithms and the length of the mean
hour are NumPy's. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features.comments import arrival
from realreach.features.comments.group_kernels import count_visits
from realreach.features.comments.section import MINIMUM_COMMENTS

__all__ = ["fill_delays", "fill_early", "fill_gaps", "fill_hours", "fill_rhythm"]

_LEAST = MINIMUM_COMMENTS
_LOW, _WIDTH, _BINS = arrival.PEAK_LOW, arrival.PEAK_WIDTH, arrival.PEAK_BINS
_RHYTHM = arrival.LEAST_FOR_RHYTHM
_EAST, _NORTH = arrival.TURNS


@nb.njit(nogil=True, cache=True)
def fill_hours(day, post, posted, hours, known) -> None:
    """Fill the hours from post to comment, 0 where they are not known, and where they are."""
    for row in range(len(day)):
        hours[row] = 0.0
        known[row] = False
        if post[row] >= 0:
            value = 24.0 * (day[row] - posted[post[row]])
            if value >= 0:
                hours[row] = value
                known[row] = True


@nb.njit(nogil=True, cache=True)
def _peak(low, high, log, known, cells):
    """Return how far the fullest bin of the delay rises above those beside it."""
    cells[:] = 0
    count = 0
    for row in range(low, high):
        if known[row]:
            count += 1
            bin_of = (log[row] - _LOW) / _WIDTH
            cells[np.int64(min(max(bin_of, 0.0), _BINS - 1.0)) + 1] += 1
    if count < 2 * _LEAST:
        return np.nan
    above = 0.0
    for place in range(1, _BINS + 1):
        above = max(above, cells[place] - (cells[place - 1] + cells[place + 1]) / 2.0)
    return above / count


@nb.njit(nogil=True, cache=True)
def _returning(low, high, people, post, early, visits, crowded):
    """Return the chance that an early author is early under another post too; ``visits`` is 0 before."""
    count_visits(low, high, people, post, early, visits)
    posts = again = total = 0
    for row in range(low, high):
        if early[row]:
            posts += not crowded[post[row]]
            crowded[post[row]] = True
        again += visits[row] * (visits[row] - 1)
        total += visits[row]
    slots = total * (posts - 1.0)
    return again / slots if posts >= 3 and slots >= _LEAST else np.nan


@nb.njit(nogil=True, cache=True)
def fill_early(starts, post_starts, post, people, named, hours, known, counted, out, covered) -> None:
    """Fill the share of the first hour and the early crowd's return, and the number whose logarithm is the coverage.

    ``counted`` are the comments that each post counts.
    """
    rows = len(post)
    early, visits = np.zeros(rows, dtype=np.bool_), np.zeros(rows, dtype=np.int64)
    crowded = np.zeros(len(counted), dtype=np.bool_)
    for creator in range(len(starts) - 1):
        low, high = starts[creator], starts[creator + 1]
        number = soon = seen = 0
        for row in range(low, high):
            seen += post[row] >= 0
            first = known[row] and hours[row] <= 1.0
            early[row] = first and named[row]
            number += known[row]
            soon += first
        out[0, creator] = soon / number if number >= _LEAST else np.nan
        out[1, creator] = _returning(low, high, people, post, early, visits, crowded)
        told = 0.0
        for row in range(post_starts[creator], post_starts[creator + 1]):
            told += counted[row] if not np.isnan(counted[row]) else 0.0
        covered[creator] = (seen + 1.0) / (told + 1.0) if seen > 0 and told > 0 else np.nan


@nb.njit(nogil=True, cache=True)
def fill_delays(starts, log, known, out) -> None:
    """Fill mean, spread and peak of the delays, given their logarithms."""
    cells = np.zeros(_BINS + 2, dtype=np.int64)
    for creator in range(len(starts) - 1):
        low, high = starts[creator], starts[creator + 1]
        number, total, square = 0, 0.0, 0.0
        for row in range(low, high):
            if known[row]:
                number += 1
                total += log[row]
        mean = total / number if number > 0 else np.nan
        for row in range(low, high):
            if known[row]:
                away = log[row] - mean
                square += away * away
        enough = number >= _LEAST
        out[0, creator] = mean if enough else np.nan
        out[1, creator] = np.sqrt(square / number) if enough else np.nan
        out[2, creator] = _peak(low, high, log, known, cells)


@nb.njit(nogil=True, cache=True)
def fill_gaps(rows, starts, owner, places, day, out) -> None:
    """Fill burstiness and rapid gaps; ``rows`` stand creator after creator, post after post, each by time."""
    low = 0
    out[:] = np.nan
    while low < len(rows):
        creator = owner[rows[low]]
        count = gaps = rapid = 0
        square = 0.0
        while low < len(rows) and owner[rows[low]] == creator:
            high = low + 1
            total = 0.0
            while high < len(rows) and places[rows[high]] == places[rows[low]]:
                gap = (day[rows[high]] - day[rows[high - 1]]) * 86_400.0
                total += gap
                rapid += gap <= 15.0
                high += 1
            number = high - low - 1
            gaps += number
            if number >= 4:
                mean = max(total / number, 1e-9)
                for place in range(low + 1, high):
                    away = (day[rows[place]] - day[rows[place - 1]]) * 86_400.0 / mean - 1.0
                    square += away * away
                count += number
            low = high
        if count >= 10:
            cv = np.sqrt(square / count)
            out[0, creator] = (cv - 1.0) / (cv + 1.0)
        if gaps >= 10:
            out[1, creator] = rapid / gaps


@nb.njit(nogil=True, cache=True)
def fill_rhythm(starts, day, out) -> None:
    """Fill east and north of the mean hour, the comments with a time, and the share of the six quietest hours."""
    cells = np.zeros(24, dtype=np.int64)
    for creator in range(len(starts) - 1):
        cells[:] = 0
        count = 0
        for row in range(starts[creator], starts[creator + 1]):
            if not np.isnan(day[row]):
                cells[np.int64(np.floor((day[row] % 1.0) * 24.0))] += 1
                count += 1
        out[:, creator] = np.nan
        if count < _RHYTHM:
            continue
        east = north = 0.0
        for hour in range(24):
            east += cells[hour] * _EAST[hour]
            north += cells[hour] * _NORTH[hour]
        quiet = count
        for hour in range(24):
            some = 0
            for ahead in range(6):
                some += cells[(hour + ahead) % 24]
            quiet = min(quiet, some)
        out[0, creator], out[1, creator], out[2, creator], out[3, creator] = east, north, count, quiet / count
