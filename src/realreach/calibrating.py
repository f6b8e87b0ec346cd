"""Fit a calibration: a smooth curve from margin to probability, the range around it and the operating point."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from realreach.calibration import RANGE_LEVEL, Calibration
from realreach.errors import InputError
from realreach.kept_work import KeptWork, Pieces
from realreach.tables.core import FloatArray, IntArray

__all__ = ["calibration_curve", "fit_calibration", "kept_calibration", "logistic_fit", "range_coverage", "share_range"]

_CALIBRATE_LEAST = 15
"""Creators of each class that a combination of pillars needs for a calibration of its own."""
_BENT_LEAST = 1000
"""Calibration creators from which the curve may bend; below, it is a logistic line."""
_STEEPEST = 2.5
"""Steepest slope of a calibration line; honest ones lie around 1."""
_NEWTON_STEPS = 50
_HALVINGS = 30
_KNOTS = 49
_WINDOW_POWER = 2 / 3
_WINDOW = (40, 600)
"""Creators in the window that the range is counted in: this power of their number, within these limits.

A wide window mixes creators of different chances and then misses the true share, a narrow one knows little."""
_TABLES = ("margin", "probability", "low", "high")
_END_WINDOW = 0.3
"""Smallest window at the ends of the scale, as a share of the window."""


def fit_calibration(
    margins: Mapping[int, FloatArray], target: FloatArray, weight: FloatArray, operating_fpr: float
) -> Calibration:
    """Fit curve, range and operating point for every combination of pillars that has enough creators.

    Parameters
    ----------
    margins
        By combination: the margin of every creator as judged by trees that never saw it; NaN where a pillar lacks.
    target, weight
        1 where engagement was bought; weight of each creator.
    operating_fpr
        Share of honest creators above the operating point.

    Raises
    ------
    InputError
        If no combination has creators of both classes.
    """
    known = {mask: ~np.isnan(raw) for mask, raw in margins.items()}
    rarer = {mask: int(np.bincount(target[rows].astype(int), minlength=2).min()) for mask, rows in known.items()}
    # Where even the best-covered set is small, that one is calibrated all the same.
    most = max(rarer.values())
    if most == 0:
        raise InputError(
            "no pillar (growth, engagement, comments, audience) is known for creators of both classes, "
            "so they cannot be compared. Add data for the class that lacks it."
        )
    usable = [mask for mask, count in rarer.items() if count >= min(_CALIBRATE_LEAST, most)]
    tables: tuple[dict[int, FloatArray], ...] = ({}, {}, {}, {})
    threshold, honest = {}, {}
    for mask in usable:
        rows = known[mask]
        raw, y, w = margins[mask][rows], target[rows], weight[rows]
        knots, p = calibration_curve(raw, y, w)
        window = min(_window(int(known[c].sum())) for c in usable if c & mask == mask)
        low, high = share_range(raw, y, w, knots, p, window=window)
        for table, values in zip(tables, (knots, p, low, high), strict=True):
            table[mask] = values
        good = np.sort(np.interp(raw, knots, p)[y == 0])
        above = min(int(np.floor(operating_fpr * len(good))), len(good) - 1)
        threshold[mask], honest[mask] = float(good[len(good) - 1 - above]), len(good)
    margin, probability, lows, highs = tables
    return Calibration(margin, probability, threshold, honest, lows, highs)


def kept_calibration(
    margins: Mapping[int, FloatArray], target: FloatArray, weight: FloatArray, operating_fpr: float, kept: KeptWork
) -> Calibration:
    """Return what :func:`fit_calibration` gives, found where an earlier run kept it."""

    def fitted() -> Pieces:
        made = fit_calibration(margins, target, weight, operating_fpr)
        facts = {"threshold": list(made.threshold.values()), "honest": list(made.honest.values())}
        tables = {f"{name} {mask}": values for name in _TABLES for mask, values in getattr(made, name).items()}
        return {"masks": np.array(list(made.margin)), **{n: np.array(v) for n, v in facts.items()}, **tables}

    found = kept.of("calibration", [margins, target, weight, operating_fpr], fitted)
    masks = found["masks"].tolist()
    margin, probability, low, high = ({mask: found[f"{name} {mask}"] for mask in masks} for name in _TABLES)
    threshold, honest = (dict(zip(masks, found[name].tolist(), strict=True)) for name in ("threshold", "honest"))
    return Calibration(margin, probability, threshold, honest, low, high)


def _window(creators: int) -> int:
    """Return how many creators the range is counted in.

    The least over all larger sets of pillars is taken, so that at equal probability fewer pillars never have the
    narrower range, though more creators have them.
    """
    return int(np.clip(creators**_WINDOW_POWER, *_WINDOW))


def calibration_curve(margin: FloatArray, target: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return knots and probabilities of a calibration curve that never falls.

    A logistic line; with enough creators bent at four places (a linear spline of the log-odds). Smooth, so that there
    are no ties, no 0 and no 1; a step curve has all three.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> margin = rng.normal(size=4000); target = (rng.random(4000) < 1 / (1 + np.exp(-2 * margin))).astype(float)
    >>> knots, p = calibration_curve(margin, target, np.ones(4000))
    >>> bool(abs(np.interp(0.5, knots, p) - 1 / (1 + np.exp(-1.0))) < 0.04)
    True
    """
    inner = np.unique(np.quantile(margin, np.linspace(0.0, 1.0, _KNOTS)))
    knots = np.concatenate([[inner[0] - 1.0], inner, [inner[-1] + 1.0]])
    slope, offset = logistic_fit(margin[:, None], target, weight, strength=1e3)
    if slope <= 0:
        # The margins know nothing of these creators: a flat curve, never one that turns the margin round.
        return knots, np.full(len(knots), np.average(target, weights=weight))
    if len(target) < _BENT_LEAST:
        return knots, _line(margin, target, weight, knots, float(slope), float(offset))
    bends = np.quantile(margin, (0.1, 0.35, 0.65, 0.9))

    def basis(x: FloatArray) -> FloatArray:
        return np.column_stack([x, *(np.maximum(x - bend, 0.0) for bend in bends)])

    *bent, offset = logistic_fit(basis(margin), target, weight, strength=10.0)
    p = _chance(basis(knots) @ np.array(bent) + offset)
    return knots, np.clip(_rising(p), 1e-4, 1.0 - 1e-4)


def logistic_fit(columns: FloatArray, target: FloatArray, weight: FloatArray, *, strength: float) -> FloatArray:
    """Return slopes and (last) the intercept of a logistic regression, by Newton's method.

    It is what scikit-learn's ``LogisticRegression(C=strength)`` is after and stops a ten-thousandth before: the
    weighted log loss times ``strength`` plus half the sum of the squared slopes is least. Some six steps suffice.

    Parameters
    ----------
    columns
        Shape (rows, columns), finite, of moderate size.
    target, weight
        0 or 1, both there; weights of 0 or more.
    strength
        Inverse of the penalty; the intercept is free.

    Examples
    --------
    >>> x = np.array([[-1.0], [0.0], [1.0], [2.0]]); y = np.array([0.0, 1.0, 0.0, 1.0])
    >>> logistic_fit(x, y, np.ones(4), strength=10.0).round(3).tolist()
    [0.815, -0.408]
    """
    design = np.column_stack([columns, np.ones(len(columns))])
    penalty = np.full(design.shape[1], 1.0 / strength)
    penalty[-1] = 1e-12  # only so that a step is always defined
    at = np.zeros(design.shape[1])
    loss = _penalised(design, target, weight, penalty, at)
    for _ in range(_NEWTON_STEPS):
        p = _chance(design @ at)
        slope = design.T @ (weight * (p - target)) + penalty * at
        curve = (design * (weight * p * (1.0 - p))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.lstsq(curve, slope, rcond=None)[0]
        for _ in range(_HALVINGS):
            tried = _penalised(design, target, weight, penalty, at - step)
            if tried <= loss:
                break
            step = step / 2.0
        else:
            return at  # nothing is gained in any direction: rounding is all that is left
        at, gained, loss = at - step, loss - tried, tried
        if gained <= 1e-12 * abs(loss):
            break
    return at


def _penalised(
    design: FloatArray, target: FloatArray, weight: FloatArray, penalty: FloatArray, at: FloatArray
) -> float:
    odds = design @ at
    return float(weight @ (np.logaddexp(0.0, odds) - target * odds) + 0.5 * (penalty @ at**2))


def _chance(odds: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (1.0 + np.tanh(odds / 2.0)), dtype=np.float64)


def _line(
    margin: FloatArray, target: FloatArray, weight: FloatArray, knots: FloatArray, slope: float, offset: float
) -> FloatArray:
    """Return the logistic line at the knots, its slope held to what log-odds can need.

    Margins are log-odds already. Where a few trees leave them next to equal, a steep line fits the noise between them,
    and calls everybody certain whose margin lies a hair outside.
    """
    if slope > _STEEPEST:
        slope, base = _STEEPEST, float(np.average(target, weights=weight))
        low, high = -slope * margin.max() - 20.0, -slope * margin.min() + 20.0
        for _ in range(60):  # the offset at which the line holds for all creators together
            offset = (low + high) / 2.0
            above = np.average(1.0 / (1.0 + np.exp(-(slope * margin + offset))), weights=weight) > base
            low, high = (low, offset) if above else (offset, high)
    return np.asarray(1.0 / (1.0 + np.exp(-(slope * knots + offset))), dtype=np.float64)


def share_range(
    margin: FloatArray,
    target: FloatArray,
    weight: FloatArray,
    knots: FloatArray,
    probability: FloatArray,
    *,
    window: int,
    level: float = RANGE_LEVEL,
) -> tuple[FloatArray, FloatArray]:
    """Return low and high of the share of bought creators around each knot.

    Counted among the ``window`` creators whose margins are nearest in rank; what the curve changes between the middle
    of the window and the knot is added in log-odds, so that the ends of the scale, where a window is lopsided, are not
    off. The curve lies inside everywhere.

    Parameters
    ----------
    margin, target, weight
        The calibration creators.
    knots, probability
        The curve, from :func:`calibration_curve`.
    window
        Creators to count in; all where there are fewer.
    level
        Share of calibrations in which the true share lies inside.
    """
    from scipy.stats import beta

    order = np.argsort(margin, kind="stable")
    x, y, w = margin[order], target[order], weight[order]
    at = np.searchsorted(x, knots)
    # Towards the ends of the scale a window has creators on one side only: there it is smaller.
    half = np.clip(np.minimum(at, len(x) - at), window * _END_WINDOW / 2, window / 2).astype(np.int64)
    first, last = np.maximum(at - half, 0), np.minimum(at + half, len(x))
    p = np.interp(x, knots, probability)
    total, square, bought, expected = (_windows(v, first, last) for v in (w, w * w, w * y, w * p))
    n = total**2 / square
    count = bought / total * n
    tail = (1.0 - level) / 2
    low = np.where(bought > 0, beta.ppf(tail, count + 0.5, n - count + 0.5), 0.0)
    high = np.where(bought < total, beta.ppf(1.0 - tail, count + 0.5, n - count + 0.5), 1.0)
    shift = _log_odds(probability) - _log_odds(expected / total)
    # Not smoothed any further: a smoothed range covers more often than it claims.
    return np.minimum(_moved(low, shift), probability), np.maximum(_moved(high, shift), probability)


def _windows(values: FloatArray, first: IntArray, last: IntArray) -> FloatArray:
    total = np.concatenate([[0.0], np.cumsum(values)])
    return total[last] - total[first]


def _log_odds(p: FloatArray) -> FloatArray:
    p = np.clip(p, 1e-6, 1.0 - 1e-6)
    return np.log(p) - np.log1p(-p)


def _moved(share: FloatArray, shift: FloatArray) -> FloatArray:
    """Return shares with log-odds moved by ``shift``; 0 and 1 stay."""
    odds = np.exp(shift)
    return np.clip(share * odds / (share * odds + 1.0 - share), 0.0, 1.0)


def _rising(values: FloatArray) -> FloatArray:
    """Return the nearest sequence that never falls."""
    from sklearn.isotonic import IsotonicRegression

    steps = np.arange(len(values), dtype=np.float64)
    return np.asarray(IsotonicRegression().fit_transform(steps, values), dtype=np.float64)


def range_coverage(
    margin: FloatArray, truth: FloatArray, weight: FloatArray, *, repeats: int = 10, seed: int = 0
) -> float:
    """Return how often the range holds the true share, where that is known: labels are drawn anew from ``truth``.

    Each repetition draws labels, calibrates on them as ever, and counts the creators whose true share lies in their
    range. What it cannot tell is whether new creators are like those of the calibration.

    Parameters
    ----------
    margin, weight
        Calibration creators.
    truth
        The chance of each to be bought, taken for the truth.
    repeats, seed
        Number of redrawn calibrations; seed of the draws.
    """
    rng = np.random.default_rng(seed)
    held = []
    for _ in range(repeats):
        drawn = (rng.random(len(truth)) < truth).astype(np.float64)
        if drawn.min() == drawn.max():
            continue
        knots, p = calibration_curve(margin, drawn, weight)
        low, high = share_range(margin, drawn, weight, knots, p, window=_window(len(margin)))
        held.append(np.mean((np.interp(margin, knots, low) <= truth) & (truth <= np.interp(margin, knots, high))))
    return float(np.mean(held)) if held else float("nan")
