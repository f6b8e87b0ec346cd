"""Windows of a follower curve in which far more came than the creator's own days and honest creators' spread allow.

Every stretch of 1 to 28 intervals is a candidate. Its surprise is the gain beyond the creator's usual one, in units of
the spread that honest creators of this speed show (or the creator's own, if that is larger). The most surprising
stretch is taken, grown over its hot neighbours, and the search goes on beside it, up to twelve times. Gaps in the
collection are never part of a window, and counts that a platform rounds are never more precise than their step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from realreach.features.blocks import Ragged, median
from realreach.features.growth import MINIMUM_COUNTS, MINIMUM_DAYS, rounding_step, spread_of_rate, surprise_of_gains
from realreach.tables.core import FloatArray, IntArray

__all__ = ["LEAST_SURPRISE", "Curve", "Windows", "curve_of", "growth_windows"]

LEAST_SURPRISE = 5.0
"""Spreads that a stretch must stand above the usual growth to be a window at all."""
LEAST_SHARE = 0.01
"""Share of the followers before it that a window must bring: less than a hundredth moves no decision."""
MOST_WINDOWS = 12

_WIDTHS = (1, 2, 3, 5, 7, 14, 28)
_LONG = 14
"""From this width on the usual growth is that of the whole curve: a running median would take the window for usual."""
_HOT = 2.0
_LONGEST_INTERVAL = 8.0
"""Days between two counts up to which a curve can date a window."""


@dataclass(frozen=True, eq=False)
class Curve:
    """All intervals of all curves, one row each, creators one after another, oldest first.

    ``surprise`` is in expected spreads, NaN where the interval is a gap or the curve is too sparse to date anything.
    """

    history: Ragged
    starts: IntArray
    columns: dict[str, FloatArray]

    @cached_property
    def owner(self) -> IntArray:
        """Creator number of each interval."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of unusual growth, creators one after another, oldest first.

    ``first`` and ``last`` are rows of the curve's intervals; ``start`` and ``end`` the days of the counts before and
    after; ``gain`` new followers, ``expected`` what was usual, ``level`` followers before; ``surprise`` in spreads.
    """

    owner: IntArray
    first: IntArray
    last: IntArray
    start: FloatArray
    end: FloatArray
    gain: FloatArray
    expected: FloatArray
    level: FloatArray
    surprise: FloatArray

    def __len__(self) -> int:
        return len(self.owner)

    @property
    def excess(self) -> FloatArray:
        """Followers beyond the usual growth."""
        return self.gain - self.expected


_CURVE = (
    "start", "end", "gain", "expected", "calm_expected", "surprise", "variance", "calm_variance", "noise", "step", "level",
    "span",
)  # fmt: skip


def curve_of(history: Ragged) -> Curve:
    """Return all intervals of the curves that have six counts or more, with what was to be expected of each."""
    rows: dict[str, list[FloatArray]] = {name: [] for name in _CURVE}
    members_of: list[IntArray] = []
    lengths = np.maximum(history.lengths - 1, 0)
    lengths[history.lengths < MINIMUM_COUNTS] = 0
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    for members, columns in history.blocks():
        if columns["day"].shape[1] < MINIMUM_COUNTS:
            continue
        for name, part in _intervals(columns["day"], columns["followers"]).items():
            rows[name].append(np.broadcast_to(part, (len(members), columns["day"].shape[1] - 1)).ravel())
        members_of.append((starts[members][:, None] + np.arange(columns["day"].shape[1] - 1)).ravel())
    out = {name: np.empty(int(starts[-1])) for name in _CURVE}
    if members_of:
        place = np.concatenate(members_of)
        for name, parts in rows.items():
            out[name][place] = np.concatenate(parts)
    return Curve(history, starts, out)


def _intervals(day: FloatArray, level: FloatArray) -> dict[str, FloatArray]:
    days, gain = np.diff(day, axis=1), np.diff(level, axis=1)
    rate = gain / days
    usual_days = median(days, keepdims=True)
    calm = median(rate, keepdims=True)
    step = rounding_step(level)
    expected, surprise = surprise_of_gains(level, days)
    noise = np.maximum(1.4826 * median(np.abs(surprise), keepdims=True), 1.0)
    # A monthly curve cannot say which post went with which gain; a gap never is a burst.
    usable = (days <= 3.0 * usual_days) & (usual_days <= _LONGEST_INTERVAL)
    return {
        "start": day[:, :-1],
        "end": day[:, 1:],
        "gain": gain,
        "expected": expected,
        "calm_expected": calm * days,
        "surprise": np.where(usable, surprise, np.nan),
        "variance": spread_of_rate(expected / days, days) ** 2,
        "calm_variance": spread_of_rate(calm, days) ** 2,
        "noise": noise,
        "step": np.where(step > 1.0, 0.7 * step, 0.0),
        "level": level[:, :-1],
        "span": day[:, -1:] - day[:, :1],
    }


def growth_windows(curve: Curve) -> Windows:
    """Find the windows of unusual growth of every creator.

    Parameters
    ----------
    curve
        All intervals; see :func:`curve_of`.

    Returns
    -------
    Windows
        At most twelve for each creator, none overlapping.
    """
    owner, first, last, score = _candidates(curve)
    picked_first, picked_last = _greedy(curve, owner, first, last, score)
    order = np.argsort(picked_first, kind="stable")
    return _measured(curve, picked_first[order], picked_last[order])


def _within(curve: Curve, name: str) -> FloatArray:
    """Return running sums that begin anew with every creator, one entry more than intervals for each creator.

    A sum that ran on from the creator before would carry that creator's size in its last bits.
    """
    out = np.zeros(len(curve.owner) + len(curve.starts) - 1)
    lengths = np.diff(curve.starts)
    for length in np.unique(lengths[lengths > 0]):
        who = np.flatnonzero(lengths == length)
        rows = curve.starts[who][:, None] + np.arange(length)
        out[rows + who[:, None] + 1] = np.cumsum(curve.columns[name][rows], axis=1)
    return out


def _candidates(curve: Curve) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Return owner, first and last interval, and surprise of every stretch that is unusual enough."""
    columns, owner = curve.columns, curve.owner
    bad = np.concatenate([[0], np.cumsum(np.isnan(columns["surprise"]))])
    sums = {n: _within(curve, n) for n in ("gain", "expected", "calm_expected", "variance", "calm_variance")}
    at = np.arange(len(owner))
    parts: list[tuple[IntArray, IntArray, FloatArray]] = []
    for width in _WIDTHS:
        # Where a stretch of this width begins: inside one creator, without a gap, and at most half of the curve.
        inside = at + width <= curve.starts[1:][owner] - (np.diff(curve.starts)[owner] < 2 * width) * width
        first = at[inside & (columns["span"] >= MINIMUM_DAYS)]
        first = first[bad[first + width] == bad[first]]
        low, high = first + owner[first], first + owner[first] + width
        kind = "calm_" if width >= _LONG else ""
        excess = (sums["gain"][high] - sums["gain"][low]) - (
            sums[f"{kind}expected"][high] - sums[f"{kind}expected"][low]
        )
        variance = sums[f"{kind}variance"][high] - sums[f"{kind}variance"][low] + columns["step"][first] ** 2
        z = excess / np.sqrt(np.maximum(variance, 1e-9)) / columns["noise"][first]
        keep = (z >= LEAST_SURPRISE) & (excess >= LEAST_SHARE * np.maximum(columns["level"][first], 1.0))
        parts.append((first[keep], first[keep] + width - 1, z[keep]))
    first, last, score = (np.concatenate(values) for values in zip(*parts, strict=True))
    return owner[first], first, last, score


def _greedy(
    curve: Curve, owner: IntArray, first: IntArray, last: IntArray, score: FloatArray
) -> tuple[IntArray, IntArray]:
    """Take each creator's most surprising stretch, grow it, drop what overlaps, and go on; twelve rounds."""
    left, right = _hot_runs(curve)
    firsts, lasts = [], []
    for _ in range(MOST_WINDOWS):
        if len(owner) == 0:
            break
        order = np.lexsort((first, last - first, -score, owner))
        best = order[np.flatnonzero(np.diff(owner[order], prepend=-1))]
        low, high = left[first[best]], right[last[best]]
        firsts.append(low)
        lasts.append(high)
        own = np.searchsorted(owner[best], owner)
        # One cold interval between two windows at least: what touches belongs together.
        apart = (last < low[own] - 1) | (first > high[own] + 1)
        owner, first, last, score = owner[apart], first[apart], last[apart], score[apart]
    if not firsts:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    return _joined(np.concatenate(firsts), np.concatenate(lasts))


def _joined(first: IntArray, last: IntArray) -> tuple[IntArray, IntArray]:
    """Return windows with those that overlap made one."""
    order = np.argsort(first, kind="stable")
    first, last = first[order], np.maximum.accumulate(last[order])
    head = np.concatenate([[True], first[1:] > last[:-1]])
    ends = np.concatenate([np.flatnonzero(head)[1:] - 1, [len(first) - 1]])
    return first[head], last[ends]


def _hot_runs(curve: Curve) -> tuple[IntArray, IntArray]:
    """Return for each interval the first and the last of the run of hot intervals it lies in; itself where it is cold."""
    n = len(curve.owner)
    at = np.arange(n)
    hot = np.nan_to_num(curve.columns["surprise"], nan=-1.0) > _HOT
    begins = (
        hot
        & ~(np.concatenate([[False], hot[:-1]]) & np.concatenate([[False], curve.owner[1:] == curve.owner[:-1]]))[:n]
    )
    ends = (
        hot & ~(np.concatenate([hot[1:], [False]]) & np.concatenate([curve.owner[1:] == curve.owner[:-1], [False]]))[:n]
    )
    left = np.maximum.accumulate(np.where(begins, at, 0)) if n else at
    right = np.minimum.accumulate(np.where(ends, at, n)[::-1])[::-1] if n else at
    return np.where(hot, left, at), np.where(hot, right, at)


def _measured(curve: Curve, first: IntArray, last: IntArray) -> Windows:
    """Return windows with their gain, what was usual, and their surprise."""
    columns, owner = curve.columns, curve.owner[first] if len(first) else np.empty(0, dtype=np.int64)
    calm = last - first + 1 >= _LONG
    low, high = first + owner, last + owner + 1

    def total(name: str) -> FloatArray:
        sums = _within(curve, name)
        return sums[high] - sums[low]

    gain = total("gain")
    expected = np.where(calm, total("calm_expected"), total("expected"))
    variance = np.where(calm, total("calm_variance"), total("variance")) + columns["step"][first] ** 2
    return Windows(
        owner=owner,
        first=first,
        last=last,
        start=columns["start"][first],
        end=columns["end"][last],
        gain=gain,
        expected=expected,
        level=columns["level"][first],
        surprise=(gain - expected) / np.sqrt(np.maximum(variance, 1e-9)) / columns["noise"][first],
    )
