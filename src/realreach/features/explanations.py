"""How much each innocent explanation accounts for a window of unusual growth, and what is left of a creator's windows.

Each explanation is a strength between 0 and 1 made from the facts around the window (:mod:`realreach.features.window_facts`);
together they leave open the product of what each leaves open.
"""

from __future__ import annotations

import numpy as np

from realreach.compiled import LEAST_CREATORS, frozen, kernels_for
from realreach.features.blocks import not_known, ratio, segment_sum
from realreach.features.curve import MINIMUM_DAYS, Curve
from realreach.features.window_facts import ROW_OF
from realreach.features.windows import Windows
from realreach.tables.core import FloatArray

__all__ = ["OF_CURVE", "OF_POSTS", "PARTLY", "TOTALS", "strengths_of", "totals_of"]

OF_CURVE = ("unevenness", "fading", "rebound", "rounding", "gap", "following_wave")
"""Explanations that need no post."""
OF_POSTS = ("post", "response", "level_step", "giveaway", "partner")
PARTLY = 0.33
"""Explained share from which on a window is partly explained; chosen on simulated creators of seed 11."""
USUAL_SURPRISE = 28.0
"""Spreads at which half of a window is put down to ordinary unevenness (windows of simulated seed 11 that nothing else
explains: a third of those at 28 spreads were deliveries, four fifths of those beyond 60)."""
FOLLOW_BACK = 0.15
"""Share of accounts followed that follow back, at most (DOMAIN M11: 10-13 %)."""
TOTALS = ("curve_share", "curve_windows", "share", "largest", "explained", "answer")
"""What all windows of a creator leave unexplained (by the curve alone: share of the followers, and how many), what they and the
largest leave by everything, how much is explained, and the answer to the largest one that lies after the first post."""


def strengths_of(curve: Curve, w: Windows, facts: FloatArray, said: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """Return how much each explanation accounts for each window, and for all together; by the curve alone, and by everything.

    Parameters
    ----------
    curve, w
        The curves, and their windows of unusual growth.
    facts
        What stands around each window, shape (facts, windows).
    said
        Whether captions around each window name a giveaway, and a partner, shape (2, windows); None without posts.

    Returns
    -------
    numpy.ndarray
        Strengths, 0 to 1, shape (explanations, windows): ``OF_CURVE``, then ``OF_POSTS`` where there are posts.
    numpy.ndarray
        Explained share, shape (2, windows): by the curve alone, by everything.
    """
    rows = len(OF_CURVE) if said is None else len(OF_CURVE) + len(OF_POSTS)
    strengths, explained = np.empty((rows, len(w))), np.empty((2, len(w)))
    if len(w) == 0:
        return strengths, explained
    open_, answered = (np.empty(0), np.empty(0)) if said is None else _logarithms(w, facts)
    kernels = kernels_for(len(curve.starts) - 1, "features.innocence_kernels", LEAST_CREATORS)
    if kernels is not None:
        of_captions = np.empty((2, 0)) if said is None else said
        kernels.strengths(
            w.places, w.numbers, curve.own, facts, frozen(open_), frozen(answered), of_captions, strengths, explained
        )
        return strengths, explained
    excess = w.gain - w.expected
    share = np.maximum(excess, 0.0) / np.maximum(w.level + w.gain, 1.0)
    _of_the_curve(w, excess, share, curve.of_creator["step"][w.owner], facts, strengths)
    if said is not None:
        _of_the_posts(w, share, facts, open_, answered, said, strengths[len(OF_CURVE) :])
    left = np.ones(len(w))
    for row, strength in enumerate(strengths):
        left = left * (1.0 - strength)
        if row == len(OF_CURVE) - 1:
            explained[0] = 1.0 - left
    explained[1] = 1.0 - left
    return strengths, explained


def _ramp(values: FloatArray, low: float, high: float) -> FloatArray:
    """Return 0 below ``low``, 1 above ``high``, straight between; 0 for NaN.

    Examples
    --------
    >>> _ramp(np.array([1.0, 2.0, np.nan]), 1.0, 3.0)
    array([0. , 0.5, 0. ])
    """
    return np.asarray(np.minimum(np.fmax((values - low) / (high - low), 0.0), 1.0))


def _of_the_curve(
    w: Windows, excess: FloatArray, share: FloatArray, step: FloatArray, facts: FloatArray, out: FloatArray
) -> None:
    """Ask what the curve itself explains."""
    top, tail, gap, followed = facts[: ROW_OF["lift"]]
    excess = np.maximum(excess, 1.0)
    # Small windows of honest creators are the more surprising ones: below six hundredths less is made of a surprise.
    z = np.maximum(w.surprise, 1e-9) * np.sqrt(np.minimum(share / 0.06, 1.0)) / USUAL_SURPRISE
    out[0] = 0.97 / (1.0 + z * z)
    out[1] = 0.4 * _ramp(tail / excess, 0.15, 0.8)
    overshoot = (w.level + w.gain - top) / excess
    out[2] = np.where(overshoot < 0.5, 0.9 * np.minimum(np.maximum((top - w.level) / excess, 0.0), 1.0), 0.0)
    out[3] = _ramp(step / excess, 0.2, 0.7)
    out[4] = 0.3 * gap
    out[5] = 0.9 * _ramp(FOLLOW_BACK * followed / excess, 0.0, 1.0)


def _logarithms(w: Windows, facts: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return how far a window outdoes its best post (ln), and the chance that newcomers engage beyond an even one."""
    # How many days of usual growth the window brought, against how many usual posts the best one was worth.
    usual = np.maximum(w.expected / (w.end - w.start), 0.0003 * w.level + 0.1)
    seen = np.expm1(np.minimum(facts[ROW_OF["lift"]], 9.0))
    both = np.empty((2, len(w)))
    np.divide(np.maximum(w.excess, 1.0), usual, out=both[0])
    np.maximum(seen, 1e-9, out=both[1])
    np.log(both, out=both)
    return both[0] - both[1], 1.0 - np.exp(-np.maximum(facts[ROW_OF["answer"]], 0.0))


def _of_the_posts(
    w: Windows, share: FloatArray, facts: FloatArray, open_: FloatArray, answered: FloatArray, said: FloatArray,
    out: FloatArray,
) -> None:  # fmt: skip
    """Ask what the posts around each window explain."""
    lift, strength = facts[ROW_OF["lift"]], facts[ROW_OF["strength"]]
    out[0] = np.where(strength >= 1.5, 0.9 * (1.0 - _ramp(open_, 1.5, 4.0)), 0.0)
    step = (w.last == w.first) & (share >= 0.05)
    # Who buys followers often buys likes with them, so a level that rose is half an explanation at most.
    out[1] = np.where(step, 0.0, 0.35 * answered)
    out[2] = np.where(step, 0.5 * answered, 0.0)
    # A giveaway that works is talked about: wording alone can stand under any post.
    talked = _ramp(lift, 0.7, 1.6)
    out[3] = (0.15 + 0.45 * talked) * said[0]
    out[4] = (0.10 + 0.20 * talked) * said[1]


def totals_of(curve: Curve, w: Windows, facts: FloatArray, explained: FloatArray) -> FloatArray:
    """Return what is left of each creator's windows, shape (``TOTALS``, creators); NaN without a curve that can tell."""
    n = len(curve.starts) - 1
    out = not_known((len(TOTALS), n))
    kernels = kernels_for(n, "features.innocence_kernels", LEAST_CREATORS)
    history = curve.history
    if kernels is not None:
        given = curve.starts, curve.cells, frozen(history.starts), curve.counts, w.places, w.numbers
        kernels.totals(*given, facts, explained, out)
        return out
    known = _can_tell(curve)
    excess = np.maximum(w.excess, 0.0)
    last = not_known(n)
    some = curve.lengths > 0
    ends = curve.starts[1:][some] - 1
    last[some] = np.maximum(
        history.columns["followers"][history.starts[1:][some] - 2] + curve.stored["gain"][ends], 1.0
    )
    unusual = segment_sum(excess, w.owner, n)
    by_curve, by_all = (excess * (1.0 - part) for part in explained)
    out[0] = _clipped(segment_sum(by_curve, w.owner, n) / last)
    out[1] = segment_sum((explained[0] < PARTLY).astype(np.float64), w.owner, n)
    most = np.zeros(n)
    np.maximum.at(most, w.owner, by_all)
    left = segment_sum(by_all, w.owner, n)
    out[2], out[3], out[4] = _clipped(left / last), _clipped(most / last), _clipped(1.0 - ratio(left, unusual))
    # The largest window that lies after the first post: only there can an answer be heard.
    asked = facts[ROW_OF["asked"]] == 1.0
    order = np.lexsort((w.first, -w.excess, w.owner))
    order = order[asked[order]]
    largest = order[np.flatnonzero(np.diff(w.owner[order], prepend=-1))]
    out[5, w.owner[largest]] = facts[ROW_OF["answer"], largest]
    out[:, ~known] = np.nan
    return out


def _clipped(values: FloatArray) -> FloatArray:
    return np.asarray(np.minimum(np.maximum(values, 0.0), 1.0))


def _can_tell(curve: Curve) -> np.ndarray:
    """Return which curves have a dated interval, three weeks, and any follower."""
    some = np.flatnonzero(curve.lengths > 0)
    out = np.zeros(len(curve.lengths), dtype=bool)
    if len(some) == 0:
        return out
    first, last = curve.history.starts[some], curve.history.starts[some + 1] - 1
    day, followers = curve.history.columns["day"], curve.history.columns["followers"]
    heads = curve.starts[some]
    dated = np.logical_or.reduceat(~np.isnan(curve.stored["surprise"]), heads)
    followed = np.maximum.reduceat(followers, np.stack([first, last], axis=1).ravel())[::2] > 0
    out[some] = dated & (day[last] - day[first] >= MINIMUM_DAYS) & followed
    return out
