"""A follower curve in plain numbers, measured with NumPy: blocks of curves of one length, shape (curves, intervals).

The compiled counterpart is in the module ``growth_kernels``; both give the same bits.
"""

from __future__ import annotations

import numpy as np

from realreach.features.blocks import cut, deviation, in_order, not_known, ratio, row_max, row_min, row_sum
from realreach.features.curve import MINIMUM_COUNTS, Curve
from realreach.features.deliveries import measure, slow_days
from realreach.features.growth_bursts import Block, excess, level_shifts, main_burst, weeks
from realreach.features.growth_measures import AT, MEASURES
from realreach.tables.core import FloatArray

__all__ = ["measured_in_blocks"]


def measured_in_blocks(curve: Curve, as_of: FloatArray) -> FloatArray:
    """Return the measures of each curve, one row for each name of ``MEASURES``; NaN = not measured."""
    out = not_known((len(MEASURES), len(as_of)))
    for members, columns in curve.history.blocks():
        if columns["day"].shape[1] < MINIMUM_COUNTS:
            continue
        own = {name: values[members] for name, values in curve.of_creator.items()}
        gain, expected, variance = (curve.rows_of(name, members) for name in ("gain", "expected", "variance"))
        counts = (columns["day"], columns["followers"], columns["following"])
        block = Block(*counts, as_of[members], gain, expected, variance, own)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for name, values in _measures(block).items():
                out[AT[name], members] = values
    return out


def _measures(b: Block) -> dict[str, FloatArray]:
    out = _concentration(b) | main_burst(b) | excess(b) | level_shifts(b) | _steadiness(b) | _losses(b) | _trend(b)
    out |= _following(b) | _quality(b) | slow_days(b.rate, b.ordered_rate, b.own["calm"], b.own["low"])
    return out | measure(b.gain, b.eligible if b.has_gaps else None, b.ordered_gain)


def _concentration(b: Block) -> dict[str, FloatArray]:
    ordered = in_order(b.burst_gain) if b.has_gaps else np.maximum(b.ordered_gain, 0.0)
    m = ordered.shape[1]
    own = row_sum(ordered)
    weighted = row_sum(ordered * np.arange(1.0, m + 1.0))
    gini = (2.0 * weighted / np.where(own > 0, own, np.nan) - (m + 1)) / m
    return {
        "gain_share__366d__max": ratio(ordered[:, -1], b.total),
        "gain_share__366d__top3": ratio(ordered[:, -3] + ordered[:, -2] + ordered[:, -1], b.total),
        "gain__366d__gini": cut(gini, 0.0, 1.0),
        "gain__366d__effective_share": ratio(own * own, row_sum(ordered * ordered)) / m,
    }


def _steadiness(b: Block) -> dict[str, FloatArray]:
    rate, days, m = b.rate, b.days, b.gain.shape[1]
    mean = row_sum(rate) / m
    away = rate - mean[:, None]
    squares = away * away * days
    law = 4.0 * np.power(np.abs(mean) + 0.05, 1.6)
    trimmed = squares.copy()
    trimmed[b.rows, squares.argmax(axis=1)] = 0.0
    out = {
        "dispersion__366d__log_ratio": (row_sum(squares) / m + 0.01) / law,
        "dispersion__366d__log_ratio_trimmed": (row_sum(trimmed) / (m - 1) + 0.01) / law,
    }
    if m >= 14:
        out["dispersion__14p__min_log_ratio"] = _most_regular(rate)
    middle = b.own["calm"]
    near = np.abs(rate - middle[:, None]) < (0.1 * middle)[:, None]
    out["steady_run__366d__share"] = np.where(middle >= 5.0, _longest_run(near) / m, np.nan)
    calm = np.sign(rate) * np.log1p(np.abs(rate))
    out["roughness__366d__log"] = row_sum(np.abs(calm[:, 1:] - calm[:, :-1])) / (m - 1)
    centred = deviation(calm, (row_sum(calm) / m)[:, None])
    square = row_sum(centred * centred)
    for lag in (1, 7) if m >= 14 else (1,):
        out[f"rhythm__366d__lag{lag}"] = ratio(row_sum(centred[:, lag:] * centred[:, :-lag]), square)
    cumulated = np.cumsum(rate * days - mean[:, None] * days, axis=1)
    span = row_max(cumulated) - row_min(cumulated)
    out["drift__366d__range"] = span / np.sqrt(law * b.span)
    return out


def _most_regular(rate: FloatArray) -> FloatArray:
    """Return the least variance of 14 intervals in a row against that of honest creators; infinite where none gained three a day."""
    seven = weeks(rate)
    middle = (seven[:, :-7] + seven[:, 7:]) / 14.0
    summed = np.zeros(middle.shape)
    for shift in range(14):
        away = rate[:, shift : shift + middle.shape[1]] - middle
        away *= away
        summed += away
    law = 4.0 * np.power(np.maximum(middle, 0.05), 1.6)
    return row_min(np.where(middle >= 3.0, (summed / 14.0 + 0.01) / law, np.inf))


def _longest_run(flags: np.ndarray) -> FloatArray:
    """Return the length of the longest run of true values in each row."""
    position = np.arange(flags.shape[1])
    last_false = np.maximum.accumulate(np.where(flags, -1, position), axis=1)
    return row_max(position - last_false).astype(np.float64)


def _losses(b: Block) -> dict[str, FloatArray]:
    level, gain, m = b.level, b.gain, b.gain.shape[1]
    lost = row_sum(np.maximum(-gain, 0.0))
    ceiling = _ceiling(level, min(30, m))
    at_least_one = np.maximum(ceiling, 1.0)
    pinned = np.abs(level / at_least_one - 1.0) < 0.003
    # The bottom of a dip, however long the way down was: the same ceiling is met again within four counts.
    bottom = level < 0.995 * ceiling
    for back in range(1, 5):
        bottom[:, back:] &= level[:, back:] <= level[:, :-back]
    row, at = np.nonzero(bottom)
    met = np.zeros(len(row), dtype=bool)
    for ahead in range(1, 5):
        future = level[row, np.minimum(at + ahead, m)]
        met |= (at + ahead <= m) & (np.abs(future / at_least_one[row, at] - 1.0) < 0.003)
    bottom[row, at] = met
    runs = row_sum(bottom[:, :-1] > bottom[:, 1:]) + bottom[:, -1]
    return {
        "zero_gain__366d__share": row_sum(gain == 0) / m,
        "loss__366d__share": row_sum(gain < 0) / m,
        "loss__366d__to_gain": cut(ratio(lost, b.total), 0.0, 1e3),
        "ceiling__366d__returns": 100.0 * runs / m,
        "ceiling__366d__pinned_share": row_sum(pinned) / (m + 1),
    }


def _ceiling(level: FloatArray, width: int) -> FloatArray:
    """Return the highest of the ``width`` counts before each count, 0 before the first."""
    n, counts = level.shape
    highest = np.empty((n, width + counts - 1))
    highest[:, :width] = -np.inf
    highest[:, width:] = level[:, :-1]
    covered = 1
    while 2 * covered <= width:
        highest = np.maximum(highest[:, :-covered], highest[:, covered:])
        covered *= 2
    rest = width - covered
    out = np.maximum(highest[:, :counts], highest[:, rest : rest + counts])
    out[:, 0] = 0.0
    return out


def _trend(b: Block) -> dict[str, FloatArray]:
    end = b.day[:, -1]
    out = {"last_level": b.level[:, -1]}
    for window, least in ((30, 20.0), (90, 60.0)):
        first = row_sum(b.day < (end - window)[:, None])
        span = end - b.day[b.rows, first]
        out[f"level_{window}d"] = b.level[b.rows, first]
        out[f"span_{window}d"] = np.where(span >= least, span, np.nan)
    recent = b.day[:, 1:] > (end - 30.0)[:, None]
    out["recent_gain__30d__share"] = ratio(row_sum(np.where(recent, b.won, 0.0)), b.total)
    return out


def _following(b: Block) -> dict[str, FloatArray]:
    change = b.following[:, 1:] - b.following[:, :-1]
    known = ~np.isnan(change)
    count = row_sum(known)
    if not (count >= 5).any():
        return {}
    m = change.shape[1]
    change = np.where(known, change, 0.0)
    moved = row_sum(np.abs(change))
    calm = np.sign(b.gain) * np.log1p(np.abs(b.gain))
    lead, follow = np.ascontiguousarray(change[:, :-1]), np.ascontiguousarray(calm[:, 1:])
    lead, follow = (deviation(v, (row_sum(v) / (m - 1))[:, None]) for v in (lead, follow))
    product = np.sqrt(row_sum(lead * lead) * row_sum(follow * follow))
    a_time = moved / np.maximum(count, 1)
    out = {
        "following_change__366d__share": 1e3 * ratio(a_time, np.maximum(b.level[:, -1], 1.0)),
        "moved": a_time,
        "back_and_forth": np.where(moved > 0, 1.0 - np.abs(row_sum(change)) / np.maximum(moved, 1.0), 0.0),
        "following_change__366d__gain_correlation": ratio(row_sum(lead * follow), product),
    }
    return {name: np.where(count >= 5, value, np.nan) for name, value in out.items()}


def _quality(b: Block) -> dict[str, FloatArray]:
    gap = row_sum(np.where(b.eligible, 0.0, b.days))
    return {
        "rounding__366d__flag": (b.own["step"] > 0.0).astype(np.float64),
        "context__history__366d__days": b.span,
        "context__interval__366d__days": b.own["usual_days"],
        "context__gap__366d__share": ratio(gap, b.span),
        "gain_a_day": 1.0 + b.total / np.maximum(b.span, 1.0),
        "top_level": row_max(b.level),
    }
