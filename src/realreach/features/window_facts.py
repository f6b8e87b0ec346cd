"""What stands around a window of unusual growth, in numbers: the curve beside it, the posts before and after it.

The facts come from one of two places that agree to the last bit: here from arrays over all windows, or from one pass
(:mod:`realreach.features.innocence_kernels`). What they explain is said in :mod:`realreach.features.explanations`.
"""

from __future__ import annotations

import numpy as np

from realreach.compiled import LEAST_CREATORS, frozen, kernels_for
from realreach.features.blocks import not_known, segment_sum
from realreach.features.curve import Curve
from realreach.features.post_rows import COUNTS, LEAST_POSTS, PostRows
from realreach.features.post_strength import PostStrength, first_post_from
from realreach.features.windows import Windows
from realreach.tables.core import FloatArray, IntArray

__all__ = ["FACTS", "facts_of_curve", "facts_of_posts"]

BEFORE_DAYS = 3.0
"""Days before a window in which a post can be its cause."""
AFTER_DAYS = 45.0
"""Days after a window in which posts can show whether the newcomers engage."""
POSTS_BEFORE = 12
BACK = 14
"""Intervals before a window in which the followers may have stood as high before."""
FOLLOWED_BACK = 4
TAIL = 5
"""Intervals after a window in which its growth may fade."""
SHARED = 0.85
"""Share of the growth in followers that likes show where the newcomers are people."""

FACTS = ("top", "tail", "gap", "followed", "lift", "strength", "answer", "asked", "low", "high")
"""Of the curve: most followers shortly before, followers beyond the usual just after, whether a gap stands beside it, accounts
followed meanwhile. Of the posts: the strongest one (lift and strength), the log likelihood ratio that newcomers engage,
whether the posts are known, and the posts (settled or not) around it."""
ROW_OF = {name: row for row, name in enumerate(FACTS)}


def facts_of_curve(curve: Curve, w: Windows) -> FloatArray:
    """Return the facts, shape (facts, windows), with those of the curve filled in and the others not known."""
    out = not_known((len(FACTS), len(w)))
    history = curve.history
    kernels = kernels_for(len(curve.starts) - 1, "features.innocence_kernels", LEAST_CREATORS)
    if kernels is not None:
        kernels.facts_of_curve(w.places, curve.starts, curve.cells, frozen(history.starts), curve.counts, out)
        return out
    begin, end = curve.starts[:-1][w.owner], curve.starts[1:][w.owner]
    # From rows of the intervals to rows of the counts before them.
    shift = history.starts[w.owner] - begin
    out[0] = _highest(history.columns["followers"], np.maximum(w.first - BACK, begin) + shift, w.first + 1 + shift)
    out[1] = _tail(curve, w, end)
    gap = np.isnan(curve.stored["surprise"])
    before = (w.first > begin) & gap[np.maximum(w.first - 1, 0)]
    out[2] = before | ((w.last + 1 < end) & gap[np.minimum(w.last + 1, len(gap) - 1)])
    following = history.columns["following"]
    first = np.maximum(w.first - FOLLOWED_BACK, begin) + shift
    followed = _highest(following, first, w.last + shift + 2) - following[first]
    out[3] = np.nan_to_num(np.maximum(followed, 0.0), nan=0.0, posinf=0.0)
    return out


def _highest(values: FloatArray, low: IntArray, high: IntArray) -> FloatArray:
    """Return the largest known number of ``values[low:high]`` (never empty); NaN where none is known."""
    padded = np.append(values, np.nan) if len(high) and high.max() == len(values) else values
    return np.asarray(np.fmax.reduceat(padded, np.stack([low, high], axis=1).ravel())[::2])


def _tail(curve: Curve, w: Windows, end: IntArray) -> FloatArray:
    """Return followers beyond the usual in the intervals after each window (gaps end it)."""
    gain, expected, surprise = (curve.stored[name] for name in ("gain", "expected", "surprise"))
    out, open_ = np.zeros(len(w)), np.ones(len(w), dtype=bool)
    for step in range(1, TAIL + 1):
        row = np.minimum(w.last + step, len(gain) - 1)
        open_ = open_ & (w.last + step < end) & ~np.isnan(surprise[row])
        out += np.where(open_, gain[row] - expected[row], 0.0)
    return out


def facts_of_posts(
    facts: FloatArray, curve: Curve, w: Windows, every: PostRows, posts: PostRows, strength: PostStrength
) -> None:
    """Fill in the facts of the posts.

    Parameters
    ----------
    facts
        What :func:`facts_of_curve` returned.
    every, posts
        All posts, and those whose counts have settled.
    strength
        How strong each settled post is.
    """
    levels = np.empty((2, len(w)))
    levels[0], levels[1] = w.level + w.gain, w.level
    np.log1p(levels, out=levels)
    growth = SHARED * (levels[0] - levels[1])
    kernels = kernels_for(len(curve.starts) - 1, "features.innocence_kernels", LEAST_CREATORS)
    if kernels is not None:
        given = w.places, w.numbers, frozen(growth), every.starts, every.matrix, posts.starts, posts.matrix
        kernels.facts_of_posts(*given, strength.both, facts)
        return
    low = first_post_from(posts, w.owner, w.start - BEFORE_DAYS)
    later = first_post_from(posts, w.owner, w.end + 1.0)
    facts[4:6] = strength.best(low, np.maximum(later, low))
    facts[6] = _answer(w, growth, posts, later)
    counted = strength.counted(posts)
    opened = np.full(len(posts.starts) - 1, np.inf)
    some = posts.lengths > 0
    opened[some] = posts.columns["day"][posts.starts[:-1][some]]
    facts[7] = (counted[w.owner] >= LEAST_POSTS) & (w.start >= opened[w.owner])
    facts[8] = first_post_from(every, w.owner, w.start - BEFORE_DAYS)
    facts[9] = np.maximum(first_post_from(every, w.owner, w.end + 1.0), facts[8])


def _answer(w: Windows, growth: FloatArray, posts: PostRows, later: IntArray) -> FloatArray:
    """Return how much likelier the later posts are if newcomers engage than if they do not (log likelihood ratio).

    The mean over likes, comments and views, each against its own spread from post to post; 0 where nothing is known.
    """
    first, end = posts.starts[w.owner], posts.starts[w.owner + 1]
    begin = first_post_from(posts, w.owner, w.start - 1.0)
    early = _Part(np.maximum(begin - POSTS_BEFORE, first), begin)
    late = _Part(later, np.clip(first_post_from(posts, w.owner, w.end + AFTER_DAYS), later, end))
    total, number = np.zeros(len(w)), np.zeros(len(w))
    for name in COUNTS:
        values = posts.columns[f"log_{name}"]
        n0, m0, v0 = early.moments(values)
        n1, m1, v1 = late.moments(values)
        pooled = (n0 * v0 + n1 * v1) / np.maximum(n0 + n1 - 2.0, 1.0) + 0.02
        square = pooled * (1.0 / np.maximum(n0, 1.0) + 1.0 / np.maximum(n1, 1.0)) + 0.01
        known = (n0 >= 2) & (n1 >= 1)
        total += np.where(known, ((m1 - m0) * growth - 0.5 * (growth * growth)) / square, 0.0)
        number += known
    return np.clip(total / np.maximum(number, 1.0), -6.0, 6.0)


class _Part:
    """The posts ``low:high`` of each window (at most 100)."""

    def __init__(self, low: IntArray, high: IntArray) -> None:
        length = high - low
        self._windows = len(low)
        self._holder = np.repeat(np.arange(len(low)), length)
        self._rows = np.repeat(low - np.cumsum(length) + length, length) + np.arange(int(length.sum()))

    def moments(self, values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return number, mean and variance of the known values."""
        picked, holder, windows = values[self._rows], self._holder, self._windows
        known = ~np.isnan(picked)
        number = segment_sum(known.astype(np.float64), holder, windows)
        at_least_one = np.maximum(number, 1.0)
        mean = segment_sum(np.where(known, picked, 0.0), holder, windows) / at_least_one
        away = np.where(known, picked - mean[holder], 0.0)
        return number, mean, segment_sum(away * away, holder, windows) / at_least_one
