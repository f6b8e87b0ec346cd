"""Calibration, thresholds and the bag reference of the comment model, from held-out comments."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from realreach.comment_text.bags import BagReference
from realreach.comment_text.bags import bag_tests as _bag_tests
from realreach.tables.core import FloatArray

__all__ = ["bag_reference", "fit_calibration", "thresholds"]

_TAILS = (0.4, 0.25, 0.15, 0.1, 0.06, 0.04, 0.025, 0.015, 0.01, 0.006, 0.003, 0.0015)
"""Shares of ordinary comments above the edges of the bag reference's bins."""
_SECTION = 100
_LEAST_SECTION = 50
_UNSURE_SECTIONS = 0.05
"""Share of organic sections, from the top, that is not trusted to be organic."""
_MOST_RATIO = 200.0
_UNSEEN = 1.0
"""Standard deviation (log odds) of the apparent share of audiences that the reference does not hold around those it
holds. Measured on eight parts of public sets that the shipped model never saw: root mean square 0.9, and 0.8 to 1.0
with any one of them left out."""
_LEVELS = 20


def fit_calibration(
    margin: FloatArray, sold: npt.NDArray[np.bool_], weight: FloatArray, prior: float
) -> tuple[float, float]:
    """Return slope and offset by which a margin becomes a probability, where a share ``prior`` of comments is sold.

    Weighted logistic regression on the margin (Platt); the slope is kept above 0.05.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sold = rng.random(4000) < 0.5
    >>> slope, offset = fit_calibration(rng.normal(2.0 * sold - 1.0, 1.0), sold, np.ones(4000), prior=0.5)
    >>> bool(abs(slope - 2.0) < 0.2), bool(abs(offset) < 0.2)
    (True, True)
    """
    side = np.bincount(sold.astype(np.int64), weights=weight, minlength=2)
    w = weight * (np.array([1.0 - prior, prior]) / side)[sold.astype(np.int64)]
    slope, offset = 1.0, float(np.log(prior / (1.0 - prior)))
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-np.clip(slope * margin + offset, -40.0, 40.0)))
        gradient = np.array([np.sum(w * (sold - p) * margin), np.sum(w * (sold - p))])
        curve = w * p * (1.0 - p) + 1e-12
        hessian = np.array(
            [[np.sum(curve * margin * margin), np.sum(curve * margin)], [np.sum(curve * margin), np.sum(curve)]]
        ) + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        step *= min(1.0, 2.0 / float(np.abs(step).max() + 1e-12))
        slope, offset = slope + step[0], offset + step[1]
        if float(np.abs(step).max()) < 1e-9:
            break
    return max(float(slope), 0.05), float(offset)


def thresholds(
    ordinary: Mapping[str, FloatArray],
    sold: FloatArray,
    sold_weight: FloatArray,
    alarm_rate: float,
    missed_rate: float,
) -> tuple[float, float]:
    """Return the probability below which a comment is called ordinary, and from which on it is called sold.

    Parameters
    ----------
    ordinary
        By set: probabilities of ordinary comments. The upper threshold keeps the mean of the sets' alarm rates (of
        those with at least 100 comments, so that no large set decides alone).
    sold, sold_weight
        Probabilities of sold comments and their weights.
    alarm_rate, missed_rate
        Shares of ordinary comments above the upper threshold, and of sold comments below the lower one.

    Examples
    --------
    >>> ordinary, sold = {"a": np.linspace(0.0, 0.5, 1001)}, np.linspace(0.2, 1.0, 1001)
    >>> low, high = thresholds(ordinary, sold, np.ones(1001), 0.01, 0.1)
    >>> round(low, 2), round(high, 3)
    (0.28, 0.495)
    """
    enough = [p for p in ordinary.values() if len(p) >= 100] or [p for p in ordinary.values() if len(p)]
    high = 0.5
    if enough:
        # The mean of the sets' alarm rates falls with the threshold, in steps at the comments' own probabilities.
        p = np.concatenate(enough)
        share = np.concatenate([np.full(len(x), 1.0 / (len(x) * len(enough))) for x in enough])
        falling = np.argsort(-p, kind="stable")
        reached = np.cumsum(share[falling])
        high = float(p[falling][min(int(np.searchsorted(reached, alarm_rate, side="right")), len(p) - 1)])
    order = np.argsort(sold, kind="stable")
    reached = np.cumsum(sold_weight[order]) / max(float(sold_weight.sum()), 1e-12)
    low = float(sold[order][min(int(np.searchsorted(reached, missed_rate)), len(sold) - 1)]) if len(sold) else high
    high = float(np.nextafter(high, 1.0))
    return min(low, high), high


def bag_reference(
    probability: FloatArray, sold: npt.NDArray[np.bool_], weight: FloatArray, section: npt.NDArray[np.str_]
) -> BagReference:
    """Return the reference of the bag test from held-out probabilities.

    Parameters
    ----------
    probability, sold, weight
        Held-out probabilities, labels and weights (each class sums to 1).
    section
        Name of each comment's section; ordinary comments of one section, or of sections too small put together in
        order, are cut into bags of 100 for the spread of organic sections, which is then widened to that of audiences
        of other sets.
    """
    p, w = probability[~sold], weight[~sold]
    order = np.argsort(p, kind="stable")
    above = 1.0 - np.cumsum(w[order]) / w.sum()
    edges = np.unique([float(p[order][np.searchsorted(-above, -tail)]) for tail in _TAILS])
    cells = np.searchsorted(edges, probability, side="right")
    k = len(edges) + 1
    # A little of the other density is mixed in, so that no single comment decides.
    organic = np.asarray(np.bincount(cells[~sold], weights=w / w.sum(), minlength=k), dtype=np.float64)
    tail = weight[sold] / weight[sold].sum()
    bought = np.asarray(np.bincount(cells[sold], weights=tail, minlength=k), dtype=np.float64)
    organic, bought = 0.995 * organic + 0.005 / k, 0.98 * bought + 0.02 * organic
    ratio = np.minimum(_rising(bought / organic, organic), _MOST_RATIO)
    first = BagReference(edges, ratio, np.zeros(1))
    shares = np.sort(_organic_shares(probability[~sold], section[~sold], first))
    # Unlabelled sections hold a few with a sold part: the uppermost of them would excuse everything.
    shares = shares[: max(1, int(np.ceil((1.0 - _UNSURE_SECTIONS) * len(shares))))]
    return BagReference(edges, ratio, _unseen(shares) if len(shares) else np.zeros(1))


def _unseen(shares: FloatArray) -> FloatArray:
    """Return quantiles of the apparent shares of audiences that differ from those of the reference as sets differ.

    Sections of one set are more alike than sections of two: a creator's audience is a new set.

    Examples
    --------
    >>> _unseen(np.full(30, 0.01)).round(3)[[0, 9, 10, 19]]
    array([0.001, 0.009, 0.011, 0.067])
    """
    from scipy.special import expit, logit, ndtri

    middle = (np.arange(_LEVELS) + 0.5) / _LEVELS
    around = logit(np.clip(shares, 1e-3, 1.0 - 1e-3))[:, None] + _UNSEEN * ndtri(middle)
    return np.quantile(expit(around), middle)


def _rising(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the nearest values that never fall (pool adjacent violators)."""
    blocks: list[list[float]] = []
    for value, mass in zip(values, weight, strict=True):
        blocks.append([float(value), float(mass), 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            last = blocks.pop()
            total = blocks[-1][1] + last[1]
            blocks[-1] = [(blocks[-1][0] * blocks[-1][1] + last[0] * last[1]) / total, total, blocks[-1][2] + last[2]]
    return np.concatenate([np.full(int(count), value) for value, _, count in blocks])


def _organic_shares(p: FloatArray, section: npt.NDArray[np.str_], reference: BagReference) -> FloatArray:
    """Return the apparent share of every bag of about 100 ordinary comments of one section."""
    source = np.array([name.split("/")[0] for name in section])
    sizes = dict(zip(*np.unique(section, return_counts=True), strict=True))
    home = np.array([name if sizes[name] >= _LEAST_SECTION else s for name, s in zip(section, source, strict=True)])
    bags, owners = np.full(len(p), -1, dtype=np.int64), 0
    for name in np.unique(home):
        rows = np.flatnonzero(home == name)
        if len(rows) < _LEAST_SECTION:
            continue
        count = max(1, len(rows) // _SECTION)
        bags[rows] = owners + np.arange(len(rows)) * count // len(rows)
        owners += count
    used = bags >= 0
    if not owners:
        return np.zeros(0)
    return _bag_tests(p[used], bags[used], owners, reference).apparent
