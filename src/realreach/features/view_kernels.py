"""Compiled kernels of the view (numba, the extra ``fast``): rows that were known on the day of the decision, in one pass each.

They do what :mod:`realreach.features.view` and :func:`realreach.features.post_rows.settled_posts` do with NumPy. Imported only by way of
:mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.features.post_kernels import level_at
from realreach.features.post_rows import COLUMNS, LEAST_POSTS, OF_TABLE, ROW_OF, SETTLED_DAYS

__all__ = ["history_rows", "post_rows", "settled_rows"]

_NO_TIME = np.iinfo(np.int64).min
_MICROSECONDS = 1e6 * 86_400.0
_VIDEO, _TOTAL = ROW_OF["is_video"], ROW_OF["is_total"]
_OF_TABLE = tuple(ROW_OF[name] for name in OF_TABLE)
_COUNTED, _LEVEL, _DAY, _AGE, _ROW = len(COLUMNS), ROW_OF["level"], ROW_OF["day"], ROW_OF["age"], ROW_OF["row"]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def _newest(keep, starts, most):
    """Drop all but the last rows of each creator among those that are kept; return where those of each creator start."""
    kept = np.empty(len(starts), dtype=np.int64)
    kept[0] = 0
    for c in range(len(starts) - 1):
        number = 0
        for row in range(starts[c + 1] - 1, starts[c] - 1, -1):
            if number == most:
                keep[row] = False
            number += keep[row]
        kept[c + 1] = kept[c] + number
    return kept


@nb.njit(nogil=True, cache=True, error_model="numpy")
def history_rows(observed, followers, following, starts, as_of, most):
    """Return day, followers and following of the newest counts before each creator's day, and where they start; a column that is empty is not known."""
    keep, days = np.empty(len(observed), dtype=np.bool_), np.empty(len(observed))
    for c in range(len(as_of)):
        for row in range(starts[c], starts[c + 1]):
            days[row] = np.nan if observed[row] == _NO_TIME else float(observed[row])
            keep[row] = not days[row] >= as_of[c]
    kept = _newest(keep, starts, most)
    out = np.empty((3, kept[-1]))
    at = 0
    for row in range(len(days)):
        if keep[row]:
            out[0, at], out[1, at] = days[row], followers[row]
            out[2, at] = following[row] if len(following) else np.nan
            at += 1
    return out, kept


@nb.njit(nogil=True, cache=True, error_model="numpy")
def post_rows(posted, counted, formats, starts, as_of, longest, most, history, history_starts, told):
    """Return the columns of ``post_rows.COLUMNS`` up to ``row`` of the newest posts before each creator's day, and where they start.

    ``counted`` holds the columns that tables have, in their order, empty where one is not known; ``formats`` is 1 for moving
    formats, 0 for still ones, NaN for unknown ones, and 1 for rows of totals, empty where formats are not known.
    """
    keep, days, owner = (
        np.empty(len(posted), dtype=np.bool_),
        np.empty(len(posted)),
        np.empty(len(posted), dtype=np.int64),
    )
    for c in range(len(as_of)):
        for row in range(starts[c], starts[c + 1]):
            day = np.nan if posted[row] == _NO_TIME else posted[row] / _MICROSECONDS
            days[row], owner[row] = day, c
            keep[row] = (day < as_of[c]) & (day >= as_of[c] - longest)
    kept = _newest(keep, starts, most)
    rows = np.empty(kept[-1], dtype=np.int64)
    at = 0
    for row in range(len(days)):
        if keep[row]:
            rows[at] = row
            at += 1
    out = np.empty((_COUNTED, kept[-1]))
    for k in range(kept[-1]):
        out[_DAY, k] = days[rows[k]]
        out[_AGE, k] = as_of[owner[rows[k]]] - days[rows[k]]
        out[_ROW, k] = k
    for k in range(len(counted)):
        _fill(counted[k], rows, np.nan, out[_OF_TABLE[k]])
    _fill(formats[0], rows, np.nan, out[_VIDEO])
    _fill(formats[1], rows, 0.0, out[_TOTAL])
    level_at(history[0], history[1], history_starts, told, kept, out[_DAY], out[_LEVEL])
    return out, kept


@nb.njit(nogil=True, cache=True)
def _fill(values, rows, otherwise, out):
    if len(values) == 0:
        out[:] = otherwise
        return
    for k in range(len(rows)):
        out[k] = values[rows[k]]


@nb.njit(nogil=True, cache=True, error_model="numpy")
def settled_rows(posts, starts):
    """Return the posts that are two days old, all of a creator with fewer than five such, and where those of each creator start.

    No columns are returned where all posts are.
    """
    creators, age = len(starts) - 1, posts[_AGE]
    kept = np.zeros(creators + 1, dtype=np.int64)
    for c in range(creators):
        number = 0
        for row in range(starts[c], starts[c + 1]):
            number += age[row] >= SETTLED_DAYS
        kept[c + 1] = kept[c] + (number if number >= LEAST_POSTS else starts[c + 1] - starts[c])
    if kept[-1] == len(age):
        return np.empty((0, 0)), kept
    rows = np.empty(kept[-1], dtype=np.int64)
    for c in range(creators):
        at, every = kept[c], kept[c + 1] - kept[c] == starts[c + 1] - starts[c]
        for row in range(starts[c], starts[c + 1]):
            if every or age[row] >= SETTLED_DAYS:
                rows[at] = row
                at += 1
    out = np.empty((len(posts), kept[-1]))
    for column in range(len(posts)):
        _fill(posts[column], rows, np.nan, out[column])
    return out, kept
