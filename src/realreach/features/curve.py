"""The follower curve as intervals between counts, each with what was to be expected of it: computed once, read by all.

What the usual gain and the spread of honest creators are is told in :mod:`realreach.features.expected`. Numbers that are
one per creator are kept once; columns that only repeat the history are made when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from realreach.compiled import LEAST_CREATORS, frozen, kernels_for
from realreach.features.blocks import Owned, Ragged, median, not_known
from realreach.features.expected import (
    LOW_SHARE,
    WINDOW,
    honest_power,
    middle_of_windows,
    rounding_step,
    sorted_windows,
)
from realreach.lazy import cached_property
from realreach.tables.core import FloatArray, IntArray

__all__ = ["LONGEST_INTERVAL", "MINIMUM_COUNTS", "MINIMUM_DAYS", "Curve", "chunks", "curve_of", "middle_of_rows"]

MINIMUM_COUNTS = 6
"""Counts that a curve must have; below, every growth feature is NaN."""
MINIMUM_DAYS = 21.0
"""Days that a curve must span; below, every growth feature is NaN."""
LONGEST_INTERVAL = 8.0
"""Days between two counts up to which a curve can date a window."""

_CELLS_PER_CHUNK = 30_000
"""Intervals that the compiled kernels take at a time, so that what passes between them stays in the processor's cache."""
COUNTED = ("day", "followers", "following")
STORED = ("gain", "expected", "variance", "surprise")
OF_CREATOR = ("calm", "calm_power", "usual_days", "step", "noise", "low")


class _Columns(dict[str, FloatArray]):
    """Columns of the intervals; those that only repeat the history or the creator are made when asked for."""

    def __init__(self, curve: Curve, stored: dict[str, FloatArray]) -> None:
        super().__init__(stored)
        self._curve = curve

    def __missing__(self, name: str) -> FloatArray:
        self[name] = values = self._made(name)
        return values

    def _made(self, name: str) -> FloatArray:
        curve = self._curve
        history, at = curve.history.columns, curve.count_before
        if name == "start":
            return history["day"][at]
        if name == "end":
            return history["day"][at + 1]
        if name == "level":
            return history["followers"][at]
        if name in ("step", "noise"):
            return np.repeat(curve.of_creator[name], curve.lengths)
        if name == "span":
            some = curve.lengths > 0
            last = np.maximum(curve.history.starts[1:] - 1, 0)
            first = np.minimum(curve.history.starts[:-1], last)
            span = np.zeros(len(some))
            span[some] = history["day"][last[some]] - history["day"][first[some]]
            return np.repeat(span, curve.lengths)
        raise KeyError(name)


@dataclass(frozen=True, eq=False)
class Curve(Owned):
    """All intervals of all curves, one row each, creators one after another, oldest first.

    Parameters
    ----------
    history
        The counts that the intervals lie between.
    starts
        First interval of each creator, and the number of all; a creator with fewer than six counts has none.
    own
        One number a creator, rows in the order of ``OF_CREATOR``: ``calm`` (median gain a day), ``calm_power`` (its part of the spread), ``usual_days`` (usual length of an
        interval), ``step`` (what rounding adds to the spread), ``noise`` (spread of the surprise itself, 1 or more), ``low`` (slow days of
        the best 29 intervals, NaN for shorter curves). Not defined for creators without intervals.
    cells
        One number an interval, rows in the order of ``STORED``: ``gain``, ``expected``, ``variance`` (square of the honest spread, without rounding) and ``surprise`` in expected
        spreads, NaN where the interval is a gap or the curve is too sparse to date anything.
    order
        The intervals of each creator (0 for its first) in ascending order of the gain a day; empty unless compiled kernels
        made the curve.
    """

    history: Ragged
    starts: IntArray
    own: FloatArray
    cells: FloatArray = field(repr=False)
    order: npt.NDArray[np.int16] = field(repr=False)

    @cached_property
    def of_creator(self) -> dict[str, FloatArray]:
        """The rows of ``own`` by name."""
        return dict(zip(OF_CREATOR, self.own, strict=True))

    @cached_property
    def stored(self) -> dict[str, FloatArray]:
        """The rows of ``cells`` by name."""
        return dict(zip(STORED, self.cells, strict=True))

    @cached_property
    def counts(self) -> FloatArray:
        """Day, followers and following of the history as the rows of one array, in the one form that kernels take."""
        history = self.history
        if tuple(history.columns) == COUNTED:
            return frozen(history.matrix)
        return frozen(np.array([history.columns[name] for name in COUNTED]))

    @cached_property
    def columns(self) -> dict[str, FloatArray]:
        """Stored columns and, made on demand, ``start``, ``end``, ``level`` (before the interval), ``step``, ``noise``, ``span``."""
        return _Columns(self, self.stored)

    @cached_property
    def count_before(self) -> IntArray:
        """Row of the history that holds the count before each interval."""
        shift = self.history.starts[:-1] - self.starts[:-1]
        return np.arange(int(self.starts[-1])) + np.repeat(shift, self.lengths)

    def between(self, first: int, last: int) -> Curve:
        """Return the curves of creators ``first`` to ``last - 1``, nothing copied; this very curve if they are all."""
        if first == 0 and last == len(self.starts) - 1:
            return self
        cells = slice(int(self.starts[first]), int(self.starts[last]))
        begin, end = int(self.history.starts[first]), int(self.history.starts[last])
        counts = {name: values[begin:end] for name, values in self.history.columns.items()}
        return Curve(
            Ragged(counts, self.history.starts[first : last + 1] - begin),
            self.starts[first : last + 1] - cells.start,
            self.own[:, first:last],
            self.cells[:, cells],
            self.order[cells],
        )

    def rows_of(self, name: str, members: IntArray) -> FloatArray:
        """Return a stored column of creators of one length (ascending numbers), shape (creators, intervals); a view where it can be."""
        m, begin, values = int(self.lengths[members[0]]), int(self.starts[members[0]]), self.stored[name]
        if int(members[-1]) - int(members[0]) + 1 == len(members):
            return values[begin : begin + len(members) * m].reshape(len(members), m)
        return values[self.starts[members][:, None] + np.arange(m)]


def curve_of(history: Ragged) -> Curve:
    """Return all intervals of the curves that have six counts or more, with what was to be expected of each."""
    counts = history.lengths
    lengths = np.where(counts < MINIMUM_COUNTS, 0, counts - 1)
    starts = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    # Creators without a curve have no numbers of their own: nobody reads them.
    own = np.empty((len(OF_CREATOR), len(lengths)))
    own.fill(1.0)
    compiled = kernels_for(len(lengths), "features.curve_kernels", LEAST_CREATORS) is not None
    order = np.empty(int(starts[-1]) if compiled else 0, dtype=np.int16)
    curve = Curve(history, frozen(starts), own, np.empty((len(STORED), int(starts[-1]))), order)
    if not compiled:
        _with_numpy(curve)
    else:
        _with_kernels(curve)
    return curve


def chunks(starts: IntArray) -> Iterator[tuple[int, int]]:
    """Yield ranges of creators whose intervals fit the processor's cache together; one creator at least each."""
    creators = len(starts) - 1
    if creators == 1:
        yield 0, 1
        return
    first = 0
    while first < creators:
        last = int(np.searchsorted(starts, starts[first] + _CELLS_PER_CHUNK, side="right")) - 1
        last = min(max(last, first + 1), creators)
        yield first, last
        first = last


def middle_of_rows(ordered: FloatArray, lengths: IntArray) -> FloatArray:
    """Return the median of rows that are sorted and filled up with infinity; 1 where a row has no number.

    Examples
    --------
    >>> middle_of_rows(np.array([[1.0, 2.0, np.inf], [1.0, 2.0, 5.0]]), np.array([2, 3]))
    array([1.5, 2. ])
    """
    rows = np.arange(len(lengths))
    high = ordered[rows, lengths // 2]
    low = ordered[rows, np.maximum(lengths - 1, 0) // 2]
    return np.where(lengths == 0, 1.0, np.where(lengths % 2 == 1, high, (low + high) / 2.0))


def _with_numpy(curve: Curve) -> None:
    """Fill the curve block by block, creators of one length together."""
    for members, columns in curve.history.blocks():
        m = columns["day"].shape[1] - 1
        if m + 1 < MINIMUM_COUNTS:
            continue
        intervals, creators = _intervals(columns["day"], columns["followers"])
        together = int(members[-1]) - int(members[0]) + 1 == len(members)
        place = None if together else curve.starts[members][:, None] + np.arange(m)
        for name, part in intervals.items():
            if place is None:
                curve.rows_of(name, members)[:] = part
            else:
                curve.stored[name][place] = part
        for name, part in creators.items():
            curve.of_creator[name][members] = part


def _intervals(day: FloatArray, level: FloatArray) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """Return what is one number an interval and what is one number a creator, for curves of one length."""
    days, gain = day[:, 1:] - day[:, :-1], level[:, 1:] - level[:, :-1]
    m = days.shape[1]
    usual_days = median(days)
    rate = gain / days
    calm = median(rate)
    windows = sorted_windows(rate)
    usual = middle_of_windows(windows, m)
    low = windows[..., LOW_SHARE].max(axis=1) if m >= 1.5 * WINDOW else not_known(len(day))
    step = rounding_step(level)[:, 0]
    step = np.where(step > 1.0, 0.7 * step, 0.0)
    expected = usual * days
    spread = 2.0 * honest_power(usual) * np.sqrt(days)
    variance = spread * spread
    surprise = (gain - expected) / np.sqrt(variance + (step * step)[:, None])
    noise = np.maximum(1.4826 * median(np.abs(surprise)), 1.0)
    # A monthly curve cannot say which post went with which gain; a gap never is a burst.
    usable = (days <= (3.0 * usual_days)[:, None]) & (usual_days <= LONGEST_INTERVAL)[:, None]
    surprise = np.where(usable, surprise, np.nan)
    return (
        {"gain": gain, "expected": expected, "variance": variance, "surprise": surprise},
        {"calm": calm, "calm_power": honest_power(calm), "usual_days": usual_days, "step": step, "noise": noise, "low": low},
    )  # fmt: skip


def _with_kernels(curve: Curve) -> None:
    """Fill the curve by compiled kernels; orders and powers are NumPy's."""
    from realreach.features import curve_kernels as kernels

    starts, given = curve.starts, (frozen(curve.history.starts), curve.starts, curve.counts)
    own, cells = curve.own, curve.cells
    for first, last in chunks(starts):
        low, high = int(starts[first]), int(starts[last])
        most = int(curve.lengths[first:last].max()) if high > low else 0
        if most == 0:
            continue
        rows = np.empty((last - first, most))
        # The usual gain of each interval, then the calm one of each creator: one power for all.
        usual = np.empty(high - low + last - first)
        kernels.gains_per_day(first, last, *given, cells, rows, own)
        kernels.usual_growth(first, last, starts, rows, rows.argsort(axis=1), curve.order, usual, own)
        power = honest_power(usual)
        kernels.surprises(first, last, *given, usual, power, own, cells, rows)
        rows.sort(axis=1)
        kernels.noises(first, last, starts, rows, own)
