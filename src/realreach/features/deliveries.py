"""What a delivery leaves in a curve: few intervals that stand out and stand alone, or weeks whose slowest days are lifted.

Two shapes are looked for. A *block* brings its followers within one to three intervals: the best window is set against the
creator's next best windows (not against a norm, since honest creators differ by more than any delivery), against its
neighbours (interest decays, a delivery ends) and against all other windows. A *drip* adds a little every day for
weeks: bursts hide it from a mean, but not from ranks and from the slowest days, which it lifts. All is free of scale and
of the calendar, and is computed on the gains between counts, so that daily, weekly and monthly curves go one way.

What is measured becomes features in :mod:`realreach.features.growth_measures`; the compiled counterpart is in
``growth_kernels``.
"""

from __future__ import annotations

import numpy as np

from realreach.features.blocks import cut, in_order, median, ratio, row_max, row_sum
from realreach.features.catalogue import Feature
from realreach.tables.core import FloatArray, IntArray

__all__ = ["FEATURES", "NEXT", "measure", "slow_days"]

NEXT = 5
"""Windows apart from the best one that it is compared with."""

_SHORT = "fewer than 6 counts over three weeks"
_NO_GAIN = "fewer than 6 counts over three weeks, or no gain at all"


def _f(
    name: str, unit: str, en: str, idn: str, direction: int = 0, low: float | None = None, high: float | None = None, source: str = "",
    missing: str = _SHORT, peers: bool = False,
) -> Feature:  # fmt: skip
    return Feature(f"growth__{name}", unit, missing, en, idn, direction, low, high, source, peers)


FEATURES: tuple[Feature, ...] = (
    _f("window_share__2p__max", "share of all gains", "share of all new followers that came in the best two intervals in a row", "bagian pengikut baru dari dua selang berurutan terbaik", 1, 0, 1, "G8, NORMS 2", _NO_GAIN, peers=True),
    _f("window_share__3p__max", "share of all gains", "share of all new followers that came in the best three intervals in a row", "bagian pengikut baru dari tiga selang berurutan terbaik", 1, 0, 1, "G8, NORMS 2", _NO_GAIN, peers=True),
    _f("window_lead__1p__log", "ln ratio", "best interval against the next five", "selang terbaik dibanding lima berikutnya", 1, 0, None, "G8, NORMS 2", _NO_GAIN, peers=True),
    _f("window_lead__3p__log", "ln ratio", "best three intervals in a row against the next five such windows", "tiga selang berurutan terbaik dibanding lima berikutnya", 1, 0, None, "G8, NORMS 2", "no gain, or fewer than two windows of three intervals", peers=True),
    _f("window_second__3p__log", "ln ratio", "best three intervals in a row against the second such window", "tiga selang berurutan terbaik dibanding yang kedua", 1, 0, None, "G8", "no gain, or fewer than two windows of three intervals", peers=True),
    _f("window_surprise__3p__log", "log spreads", "best three intervals in a row against all other windows of this creator", "tiga selang berurutan terbaik dibanding semua yang lain", 1, None, None, "G8, matched filter", "fewer than five other windows", peers=True),
    _f("window_edge__1p__log", "ln ratio", "growth just before and after the best interval, against it", "pertumbuhan di kedua sisi selang terbaik", -1, None, None, "G3", _NO_GAIN, peers=True),
    _f("window_edge__3p__log", "ln ratio", "growth just before and after the best three intervals, against them", "pertumbuhan di kedua sisi tiga selang terbaik", -1, None, None, "G3", _NO_GAIN, peers=True),
    _f("window_neighbours__1p__log", "ln ratio", "growth just before and after the best interval, against the usual", "pertumbuhan di kedua sisi selang terbaik dibanding biasanya", 0, None, None, "NORMS 2", _NO_GAIN, peers=True),
    _f("window_after__1p__log", "ln ratio", "growth just after the best interval, against just before", "pertumbuhan sesudah selang terbaik dibanding sebelumnya", -1, None, None, "G3", _NO_GAIN),
    _f("gain__366d__entropy", "share of the most", "evenness of the gains (entropy)", "kerataan pertambahan pengikut (entropi)", 0, 0, 1, "G8", _NO_GAIN, peers=True),
    _f("gain__366d__cubes", "share of all gains", "weight of the largest gains (cube root of the sum of cubes)", "bobot pertambahan terbesar", 1, 0, 1, "G8", _NO_GAIN, peers=True),
    _f("usual_gain__366d__log_ratio", "ln ratio", "mean gain without the best tenth of the intervals, against the mean", "rata-rata tanpa sepersepuluh selang terbaik", 0, None, None, "G8", _SHORT, peers=True),
    _f("low_gain__366d__log_ratio", "ln ratio", "slow days against the mean", "hari lambat dibanding rata-rata", 0, None, None, "G5", _SHORT, peers=True),
    _f("floor_lift__29p__max", "expected spreads", "rise of the slowest days in the best 29 intervals", "kenaikan hari terlambat dalam 29 selang terbaik", 1, 0, None, "G5, M2", "fewer than 44 counts"),
    _f("rank_scan__14p__max", "standard errors", "14 intervals in a row that rank above all others", "14 selang berurutan yang lebih tinggi dari lainnya", 1, None, None, "G5, scan statistic", "fewer than 22 counts, or constant"),
    _f("rank_scan__28p__max", "standard errors", "28 intervals in a row that rank above all others", "28 selang berurutan yang lebih tinggi dari lainnya", 1, None, None, "G5, scan statistic", "fewer than 43 counts, or constant"),
)  # fmt: skip


def measure(
    gain: FloatArray, eligible: np.ndarray | None = None, ordered: FloatArray | None = None
) -> dict[str, FloatArray]:
    """Return the measures of a block of curves, less those of :func:`slow_days`.

    Parameters
    ----------
    gain
        Followers gained in each interval, shape (curves, intervals), five intervals or more.
    eligible
        Which intervals may be a burst; a gap takes the usual gain instead of its own. None: all.
    ordered
        The gains in ascending order, if they are at hand.

    Returns
    -------
    dict
        Name without the family -> one value per curve; NaN or infinite = not known.
    """
    ordered = in_order(gain) if ordered is None else ordered
    half, odd = divmod(gain.shape[1], 2)
    usual = ordered[:, half] if odd else (ordered[:, half - 1] + ordered[:, half]) / 2.0
    calm = gain
    if eligible is not None:
        calm = np.where(eligible, gain, usual[:, None])
        ordered = in_order(calm)
    won = np.maximum(calm, 0.0)
    total = row_sum(won)
    out = _single(calm, ordered, usual, total) | _triple(calm, total) | _spread_out(won, ordered, total)
    if gain.shape[1] >= 21:
        out |= _rank_scans(_ranks(calm))
    return out


def slow_days(rate: FloatArray, ordered: FloatArray, middle: FloatArray, low: FloatArray) -> dict[str, FloatArray]:
    """Return how far the slowest days of the best window lie above those of the whole curve, in robust spreads.

    Parameters
    ----------
    rate
        Gain per day of each interval.
    ordered
        The same in ascending order.
    middle
        Its median.
    low
        The low quantile of the best 29 intervals, NaN where there are too few.
    """
    spread = 1.4826 * median(np.abs(rate - middle[:, None]))
    usual = ordered[:, round(0.2 * (rate.shape[1] - 1))]
    return {"floor_lift__29p__max": np.maximum(low - usual, 0.0) / np.maximum(spread, 0.5)}


def _single(calm: FloatArray, ordered: FloatArray, usual: FloatArray, total: FloatArray) -> dict[str, FloatArray]:
    """Describe the best interval: lead, neighbours on both sides, best pair."""
    best = calm.argmax(axis=1)
    top = ordered[:, -1]
    others = np.maximum(ordered[:, -1 - NEXT : -1], 0.0)
    summed = others[:, 0]
    for k in range(1, others.shape[1]):
        summed = summed + others[:, k]
    before, after = _beside(calm, best - 1, best)
    near = _mean_of_known(before, after)
    pair = row_max(calm[:, 1:] + calm[:, :-1])
    after, before = np.where(np.isnan(after), before, after), np.where(np.isnan(before), after, before)
    out = {
        "window_share__2p__max": cut(ratio(pair, total), 0.0, 1.0),
        "window_lead__1p__log": _lead(top, summed / others.shape[1]),
        "window_edge__1p__log": _lead(near, top),
        "window_neighbours__1p__log": _lead(near, usual),
        "window_after__1p__log": _lead(after, before),
    }
    return {name: np.where(total > 0, value, np.nan) for name, value in out.items()}


def _triple(calm: FloatArray, total: FloatArray) -> dict[str, FloatArray]:
    """Describe the best three intervals in a row against windows that do not touch them."""
    n, m = calm.shape
    rows = np.arange(n)
    sums = calm[:, 2:] + calm[:, 1:-1] + calm[:, :-2]
    first = sums.argmax(axis=1)
    best, others = sums[rows, first], _next_best(sums, first)
    there = np.isfinite(others)
    count = row_sum(there)
    clipped = np.where(there, np.maximum(others, 0.0), 0.0)
    summed = clipped[:, 0] + clipped[:, 1] + clipped[:, 2] + clipped[:, 3] + clipped[:, 4]
    mean = np.where(count > 0, summed / np.maximum(count, 1), np.nan)
    apart = np.abs(np.arange(m - 2) - first[:, None]) >= 3
    number = row_sum(apart)
    middle = row_sum(np.where(apart, sums, 0.0)) / np.maximum(number, 1)
    away = np.where(apart, sums - middle[:, None], 0.0)
    variance = row_sum(away * away) / np.maximum(number, 1)
    surprise = np.maximum(best - middle, 0.0) / np.sqrt(variance + np.maximum(middle, 0.0) + 1.0)
    before, after = _beside(calm, first - 1, first + 2)
    out = {
        "window_share__3p__max": cut(ratio(best, total), 0.0, 1.0),
        "window_lead__3p__log": _lead(best, mean),
        "window_second__3p__log": np.where(there[:, 0], _lead(best, others[:, 0]), np.nan),
        "window_surprise__3p__log": np.where(number >= 5, surprise, np.nan),
        "window_edge__3p__log": _lead(_mean_of_known(before, after), best / 3.0),
    }
    return {name: np.where(total > 0, value, np.nan) for name, value in out.items()}


def _next_best(sums: FloatArray, first: IntArray) -> FloatArray:
    """Return the next five windows that touch neither the best one nor each other; minus infinity once none is left."""
    rows = np.arange(len(sums))[:, None]
    last, around = sums.shape[1] - 1, np.arange(-2, 3)
    left = sums.copy()
    out = np.empty((len(sums), NEXT))
    at = first
    for k in range(NEXT):
        left[rows, cut(at[:, None] + around, 0, last)] = -np.inf
        at = left.argmax(axis=1)
        out[:, k] = left[rows[:, 0], at]
    return out


def _spread_out(won: FloatArray, ordered: FloatArray, total: FloatArray) -> dict[str, FloatArray]:
    m = won.shape[1]
    share = won / np.where(total > 0, total, np.nan)[:, None]
    mean = np.maximum(row_sum(ordered) / m, 0.0)
    most = max(int(0.9 * m), 1)
    kept = row_sum(ordered[:, :most]) / most
    slow = ordered[:, round(0.2 * (m - 1))]
    cubes = share * share * share
    share *= np.log(np.where(share > 0, share, 1.0))
    return {
        "intervals": np.full(len(won), float(m)),
        "surprisal": -row_sum(share),
        "cubes": row_sum(cubes),
        "usual_gain__366d__log_ratio": (np.maximum(kept, 0.0) + 0.5) / (mean + 0.5),
        "low_gain__366d__log_ratio": (np.maximum(slow, 0.0) + 1.0) / (mean + 1.0),
    }


def _lead(above: FloatArray, below: FloatArray) -> FloatArray:
    """Return (above + 1) / (below + 1) with losses taken as nothing: one follower is the least that can be seen."""
    return (np.maximum(above, 0.0) + 1.0) / (np.maximum(below, 0.0) + 1.0)


def _beside(calm: FloatArray, last_before: IntArray, last_inside: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean gain of the two intervals before and the two after a window; NaN beyond the ends of the curve."""
    n, m = calm.shape
    rows = np.arange(n)

    def mean(one: IntArray, other: IntArray) -> FloatArray:
        values = [np.where((at >= 0) & (at < m), calm[rows, cut(at, 0, m - 1)], np.nan) for at in (one, other)]
        return _mean_of_known(values[0], values[1])

    return mean(last_before, last_before - 1), mean(last_inside + 1, last_inside + 2)


def _mean_of_known(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the mean of two values of which one may not be known.

    Examples
    --------
    >>> _mean_of_known(np.array([1.0, np.nan]), np.array([3.0, 4.0]))
    array([2., 4.])
    """
    return np.where(np.isnan(one), other, np.where(np.isnan(other), one, 0.5 * (one + other)))


def _ranks(values: FloatArray) -> FloatArray:
    """Return the rank of each value within its row, ties with their mean rank.

    Examples
    --------
    >>> _ranks(np.array([[5.0, 0.0, 5.0, 1.0]]))
    array([[2.5, 0. , 2.5, 1. ]])
    """
    n, m = values.shape
    rows, order = np.arange(n)[:, None], values.argsort(axis=1)
    ordered = values[rows, order]
    begins = np.ones(values.shape, dtype=bool)
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=begins[:, 1:])
    first = begins.ravel().nonzero()[0]
    count = np.empty(len(first), dtype=np.int64)
    np.subtract(first[1:], first[:-1], out=count[:-1])
    count[-1] = n * m - first[-1]
    out = np.empty(values.shape)
    out[rows, order] = (first % m + 0.5 * (count - 1)).repeat(count).reshape(n, m)
    return out


def _rank_scans(ranks: FloatArray) -> dict[str, FloatArray]:
    """Return the largest rank sum over 14 and 28 intervals in a row, in standard errors of a random arrangement.

    Ranks are halves of whole numbers: their sums are exact in any order.
    """
    m = ranks.shape[1]
    away = ranks - 0.5 * (m - 1)
    summed = np.zeros((len(ranks), m + 1))
    np.cumsum(away, axis=1, out=summed[:, 1:])
    square = row_sum(away * away) / m
    out = {}
    for width in (14, 28):
        if m >= width + width // 2:
            most = row_max(summed[:, width:] - summed[:, :-width])
            out[f"rank_scan__{width}p__max"] = ratio(most, np.sqrt(square * width * (m - width) / (m - 1)))
    return out
