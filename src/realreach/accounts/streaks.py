"""Horizontal streaks: neighbours in the order of following that were all opened in one earlier month.

Accounts for sale are made in batches and delivered in batches. In a plot of the day an account was opened over the
place at which it followed, honest followers form a cloud below the line of the newest accounts, and a delivery forms a
horizontal streak (New York Times, *The Follower Factory*, 2018; Zouzou and Varol 2024). Nothing else of the creator is
looked at, so streaks are evidence that does not lean on the growth curve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realreach.tables.core import FloatArray

__all__ = ["FEWEST_IN_ORDER", "Streak", "find_streaks", "streak_scores"]

FEWEST_IN_ORDER = 30
"""Accounts in order below which nothing is looked for."""
STREAK_SCORE = 5.0
"""Score from which an account counts as part of a streak."""

SAME_DAYS = 15.0
"""Accounts opened so many days apart count as opened together: a month from first to last."""
NEWCOMER_DAYS = 60.0
"""Who opened an account shortly before following is a newcomer; newcomers are alike and are no streak."""
FEWEST_TOGETHER = 4
NARROW, WIDE, WIDEST = 10, 50, 400
DOMINANT_SHARE = 0.3
"""Share of a wide window from which it counts: followers of one season are somewhat alike in honest lists, too."""
_CELLS_PER_BLOCK = 2_000_000


@dataclass(frozen=True)
class Streak:
    """A run of neighbours opened together: places in the order (first, last), days opened, and how many they are."""

    first: int
    last: int
    opened_from: float
    opened_to: float
    accounts: int


def streak_scores(created: FloatArray) -> FloatArray:
    """Say for each account how far more of its neighbours were opened with it than anywhere else in the list.

    Parameters
    ----------
    created
        Day on which each account was opened (days since 1970-01-01), first follower first; no NaN.

    Returns
    -------
    numpy.ndarray
        Standard deviations above the share opened together in the rest of the list; 0 for newcomers and for accounts
        with fewer than four such neighbours; all 0 below :data:`FEWEST_IN_ORDER` accounts.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> honest = 15_000.0 + np.arange(200) * 10 - rng.exponential(600, 200)
    >>> bought = np.concatenate([honest[:150], np.full(40, 15_200.0), honest[150:]])
    >>> scores = streak_scores(bought)
    >>> bool((scores[150:190] > STREAK_SCORE).all()), int((np.delete(scores, slice(150, 190)) > STREAK_SCORE).sum())
    (True, 0)
    """
    n = len(created)
    scores = np.zeros(n)
    if n < FEWEST_IN_ORDER:
        return scores
    is_old = np.maximum.accumulate(created) - created >= NEWCOMER_DAYS
    # Newcomers and the places beyond both ends are nobody's companions.
    day = np.where(is_old, created, np.inf)
    ordered = np.sort(day[is_old])
    within = np.searchsorted(ordered, created + SAME_DAYS, side="right")
    within -= np.searchsorted(ordered, created - SAME_DAYS, side="left")
    # A batch wider than the window would be its own background: a quarter of the list is looked at as well.
    narrow = min(max(n // 20, NARROW), WIDE, (n - 1) // 2)
    for half, least in ((narrow, 0.0), (min(max(n // 4, narrow), WIDEST), DOMINANT_SHARE)):
        together = _together(day, half)
        places = np.arange(n)
        neighbours = np.minimum(places, half) + np.minimum(n - 1 - places, half)
        elsewhere = (within - 1.0 - together) / np.maximum(n - 1 - neighbours, 1)
        expected = neighbours * np.maximum(elsewhere, 0.0)
        found = (together - expected) / np.sqrt(expected + 1.0)
        counts = is_old & (together >= np.maximum(least * neighbours, FEWEST_TOGETHER))
        scores[counts] = np.maximum(found[counts], scores[counts])
    return scores


def _together(day: FloatArray, half: int) -> FloatArray:
    """Return how many of the ``half`` neighbours on each side were opened with each account."""
    n, width = len(day), 2 * half + 1
    padded = np.concatenate([np.full(half, np.inf), day, np.full(half, np.inf)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)
    together = np.zeros(n)
    step = max(_CELLS_PER_BLOCK // width, 1)
    for at in range(0, n, step):
        block = slice(at, at + step)
        with np.errstate(invalid="ignore"):  # two newcomers differ by NaN, which is no match
            together[block] = (np.abs(windows[block] - day[block, None]) <= SAME_DAYS).sum(axis=1) - 1.0
    return together


def find_streaks(created: FloatArray) -> list[Streak]:
    """Return the streaks of a list, longest first: runs of members with gaps of at most a few places.

    Parameters
    ----------
    created
        As for :func:`streak_scores`.

    Examples
    --------
    >>> opened = np.concatenate([16_000.0 + np.arange(100) * 7, np.full(25, 15_500.0)])
    >>> [(s.first, s.last, s.accounts) for s in find_streaks(opened)]
    [(100, 124, 25)]
    """
    members = np.flatnonzero(streak_scores(created) > STREAK_SCORE)
    if not len(members):
        return []
    # Batches may be delivered side by side: members are put together by birthday first, then by place.
    found: list[Streak] = []
    left = members[np.argsort(created[members], kind="stable")]
    gap = np.flatnonzero(np.diff(created[left]) > SAME_DAYS / 2) + 1
    for batch in np.split(left, gap):
        places = np.sort(batch)
        for run in np.split(places, np.flatnonzero(np.diff(places) > WIDE) + 1):
            if len(run) >= FEWEST_TOGETHER:
                days = created[run]
                found.append(Streak(int(run[0]), int(run[-1]), float(days.min()), float(days.max()), len(run)))
    return sorted(found, key=lambda s: (-s.accounts, s.first))
