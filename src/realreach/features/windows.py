"""Windows of a follower curve in which far more came than the creator's own days and honest creators' spread allow.

Every stretch of 1 to 28 intervals is a candidate. Its surprise is the gain beyond the creator's usual one, in units of
the spread that honest creators of this speed show (or the creator's own, if that is larger). The most surprising
stretch is taken, grown over its hot neighbours, and the search goes on beside it, up to twelve times. Gaps in the
collection are never part of a window, and counts that a platform rounds are never more precise than their step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realreach.compiled import LEAST_CREATORS, frozen, kernels_for
from realreach.features.blocks import Ragged
from realreach.features.curve import MINIMUM_DAYS, Curve, chunks, curve_of
from realreach.tables.core import FloatArray, IntArray

__all__ = ["LEAST_SURPRISE", "Curve", "Windows", "curve_of", "growth_windows"]

LEAST_SURPRISE = 5.0
"""Spreads that a stretch must stand above the usual growth to be a window at all."""
LEAST_SHARE = 0.01
"""Share of the followers before it that a window must bring: less than a hundredth moves no decision."""
MOST_WINDOWS = 12
WIDTHS = (1, 2, 3, 5, 7, 14, 28)
LONG = 14
"""From this width on the usual growth is that of the whole curve: a running median would take the window for usual."""
HOT = 2.0
"""Spreads above which an interval next to a window belongs to it."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows of unusual growth, creators one after another, oldest first.

    ``first`` and ``last`` are rows of the curve's intervals; ``start`` and ``end`` the days of the counts before and
    after; ``gain`` new followers, ``expected`` what was usual, ``level`` followers before; ``surprise`` in spreads.

    Parameters
    ----------
    places
        ``owner``, ``first`` and ``last``, shape (3, windows).
    numbers
        ``start``, ``end``, ``gain``, ``expected``, ``level`` and ``surprise``, shape (6, windows).
    """

    places: IntArray
    numbers: FloatArray

    @property
    def owner(self) -> IntArray:
        """Creator number of each window."""
        return self.places[0]

    @property
    def first(self) -> IntArray:
        """First interval of each window."""
        return self.places[1]

    @property
    def last(self) -> IntArray:
        """Last interval of each window."""
        return self.places[2]

    @property
    def start(self) -> FloatArray:
        """Day of the count before each window."""
        return self.numbers[0]

    @property
    def end(self) -> FloatArray:
        """Day of its last count."""
        return self.numbers[1]

    @property
    def gain(self) -> FloatArray:
        """New followers."""
        return self.numbers[2]

    @property
    def expected(self) -> FloatArray:
        """New followers that were usual."""
        return self.numbers[3]

    @property
    def level(self) -> FloatArray:
        """Followers before."""
        return self.numbers[4]

    @property
    def surprise(self) -> FloatArray:
        """How unusual the growth is, in spreads."""
        return self.numbers[5]

    def __len__(self) -> int:
        return len(self.owner)

    @property
    def excess(self) -> FloatArray:
        """Followers beyond the usual growth."""
        return self.gain - self.expected


def growth_windows(curve: Curve) -> Windows:
    """Find the windows of unusual growth of every creator.

    Parameters
    ----------
    curve
        All intervals; see :func:`realreach.features.curve.curve_of`.

    Returns
    -------
    Windows
        At most twelve for each creator, none overlapping.
    """
    kernels = kernels_for(len(curve.lengths), "features.window_kernels", LEAST_CREATORS)
    if kernels is not None:
        given = frozen(curve.history.starts), curve.starts, curve.counts, curve.cells, curve.own
        return Windows(*map(frozen, kernels.find_windows(*given)))
    found = [
        _found(curve.between(first, last), first, int(curve.starts[first])) for first, last in chunks(curve.starts)
    ]
    if len(found) == 1:
        return found[0]
    return Windows(
        np.concatenate([np.empty((3, 0), dtype=np.int64), *(w.places for w in found)], axis=1),
        np.concatenate([np.empty((6, 0)), *(w.numbers for w in found)], axis=1),
    )


def _found(curve: Curve, creators: int, intervals: int) -> Windows:
    """Return the windows of some creators, numbered as if so many creators and intervals stood before them."""
    sums = {name: np.zeros(len(curve.owner) + len(curve.lengths)) for name in _SUMS}
    owner, first, last, score = _candidates(curve, sums)
    first, last = _greedy(curve, owner, first, last, score)
    w = _measured(curve, sums, first, last)
    return Windows(w.places + np.array([[creators], [intervals], [intervals]]), w.numbers)


_SUMS = ("gain", "expected", "variance", "calm_expected", "calm_variance")


def _candidates(curve: Curve, sums: dict[str, FloatArray]) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Return owner, first and last interval, and surprise of every stretch that is unusual enough; fill the running sums.

    Running sums begin anew with every creator, one entry more than intervals for each: a sum that ran on from the creator
    before would carry that creator's size in its last bits.
    """
    parts: list[tuple[IntArray, ...]] = []
    scores: list[FloatArray] = []
    stored = {name: curve.stored[name] for name in ("gain", "expected", "variance", "surprise")}
    rows = Ragged({**stored, **{name: curve.columns[name] for name in ("start", "end", "level")}}, curve.starts)
    for members, columns in rows.blocks():
        m = columns["gain"].shape[1]
        if m == 0:
            continue
        running = _running_sums(curve, members, columns)
        place = (curve.starts[members] + members)[:, None] + np.arange(m + 1)
        for name, values in running.items():
            sums[name][place] = values
        long = np.flatnonzero(columns["end"][:, -1] - columns["start"][:, 0] >= MINIMUM_DAYS)
        if len(long) == 0:
            continue
        if len(long) < len(members):
            members, running = members[long], {name: values[long] for name, values in running.items()}
            columns = {name: columns[name][long] for name in ("surprise", "level")}
        gap = np.isnan(columns["surprise"])
        bad = None
        if gap.any():
            bad = np.zeros((len(members), m + 1), dtype=np.int64)
            np.cumsum(gap, axis=1, out=bad[:, 1:])
        least = LEAST_SHARE * np.maximum(columns["level"], 1.0)
        for width in WIDTHS:
            if m < 2 * width:
                break
            who, at, score = _unusual(curve, members, running, width, bad, least)
            begin = curve.starts[members[who]] + at
            parts.append((members[who], begin, begin + width - 1))
            scores.append(score)
    if not parts:
        none = np.empty(0, dtype=np.int64)
        return none, none, none, np.empty(0)
    owner, first, last = (np.concatenate(values) for values in zip(*parts, strict=True))
    return owner, first, last, np.concatenate(scores)


def _running_sums(curve: Curve, members: IntArray, columns: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Return the running sums of a block of creators, 0 first."""
    days = columns["end"] - columns["start"]
    own = curve.of_creator
    spread = (2.0 * own["calm_power"][members])[:, None] * np.sqrt(days)
    of_interval = {
        **columns,
        "calm_expected": own["calm"][members][:, None] * days,
        "calm_variance": spread * spread,
    }
    out = {}
    for name in _SUMS:
        out[name] = np.zeros((len(members), days.shape[1] + 1))
        np.cumsum(of_interval[name], axis=1, out=out[name][:, 1:])
    return out


def _unusual(
    curve: Curve, members: IntArray, running: dict[str, FloatArray], width: int, bad: IntArray | None, least: FloatArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return row, first interval and surprise of the stretches of one width that are unusual enough and without a gap."""
    kind = "calm_" if width >= LONG else ""
    gain, expected = running["gain"], running[f"{kind}expected"]
    excess = (gain[:, width:] - gain[:, :-width]) - (expected[:, width:] - expected[:, :-width])
    enough = excess >= least[:, : excess.shape[1]]
    if bad is not None:
        enough &= bad[:, width:] == bad[:, :-width]
    cells = enough.ravel().nonzero()[0]
    who = cells // enough.shape[1]
    at = cells - who * enough.shape[1]
    # One number of the running sums more than intervals, and so many fewer stretches as they are wide.
    begin, variance = cells + width * who, running[f"{kind}variance"].ravel()
    own = members[who]
    step, noise = curve.of_creator["step"][own], curve.of_creator["noise"][own]
    spread = np.sqrt(np.maximum(variance[begin + width] - variance[begin] + step * step, 1e-9))
    score = excess.ravel()[cells] / spread / noise
    keep = (score >= LEAST_SURPRISE).nonzero()[0]
    return who[keep], at[keep], score[keep]


def _greedy(
    curve: Curve, owner: IntArray, first: IntArray, last: IntArray, score: FloatArray
) -> tuple[IntArray, IntArray]:
    """Take each creator's most surprising stretch, grow it, drop what overlaps, and go on; twelve rounds."""
    left, right = _hot_runs(curve)
    # Creator by creator; of equals the shorter and the earlier one stand first already, and stay so.
    order = np.argsort(owner.astype(np.uint16) if len(curve.lengths) < 1 << 16 else owner, kind="stable")
    owner, first, last, score = owner[order], first[order], last[order], score[order]
    firsts, lasts = [], []
    for _ in range(MOST_WINDOWS):
        if len(owner) == 0:
            break
        heads = np.concatenate([[0], (owner[1:] != owner[:-1]).nonzero()[0] + 1])
        number = np.concatenate([heads[1:], [len(owner)]]) - heads
        best = (score == np.repeat(np.maximum.reduceat(score, heads), number)).nonzero()[0]
        if len(best) > len(heads):
            best = best[np.concatenate([[True], owner[best[1:]] != owner[best[:-1]]])]
        low, high = left[first[best]], right[last[best]]
        firsts.append(low)
        lasts.append(high)
        # One cold interval between two windows at least: what touches belongs together.
        apart = ((last < np.repeat(low - 1, number)) | (first > np.repeat(high + 1, number))).nonzero()[0]
        owner, first, last, score = owner[apart], first[apart], last[apart], score[apart]
    if not firsts:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    return _joined(np.concatenate(firsts), np.concatenate(lasts))


def _joined(first: IntArray, last: IntArray) -> tuple[IntArray, IntArray]:
    """Return windows, oldest first, with those that overlap made one."""
    order = np.argsort(first, kind="stable")
    first, last = first[order], np.maximum.accumulate(last[order])
    head = np.concatenate([[True], first[1:] > last[:-1]])
    ends = np.concatenate([np.flatnonzero(head)[1:] - 1, [len(first) - 1]])
    return first[head], last[ends]


def _hot_runs(curve: Curve) -> tuple[IntArray, IntArray]:
    """Return for each interval the first and the last of the run of hot intervals it lies in; itself where it is cold."""
    n = len(curve.owner)
    at = np.arange(n)
    # A gap is not hot: nothing is above two that is not known.
    hot = curve.stored["surprise"] > HOT
    joins = hot[1:] & hot[:-1]
    joins[curve.starts[(curve.starts > 0) & (curve.starts < n)] - 1] = False
    left, right = at.copy(), at.copy()
    left[1:][joins] = 0
    right[:-1][joins] = n
    return np.maximum.accumulate(left), np.minimum.accumulate(right[::-1])[::-1]


def _measured(curve: Curve, sums: dict[str, FloatArray], first: IntArray, last: IntArray) -> Windows:
    """Return windows with their gain, what was usual, and their surprise."""
    owner = np.searchsorted(curve.starts, first, side="right") - 1
    calm = last - first + 1 >= LONG
    low, high = first + owner, last + owner + 1
    total = {name: values[high] - values[low] for name, values in sums.items()}
    step, noise = curve.of_creator["step"][owner], curve.of_creator["noise"][owner]
    expected = np.where(calm, total["calm_expected"], total["expected"])
    variance = np.where(calm, total["calm_variance"], total["variance"]) + step * step
    before = curve.count_before
    day = curve.history.columns["day"]
    gain, level = total["gain"], curve.history.columns["followers"][before[first]]
    surprise = (gain - expected) / np.sqrt(np.maximum(variance, 1e-9)) / noise
    return Windows(
        np.array([owner, first, last]),
        np.array([day[before[first]], day[before[last] + 1], gain, expected, level, surprise]),
    )
