"""How many of a creator's followers are suspicious, with an interval that knows sample size and the model's own error.

A count of accounts above a threshold is biased: a few in a hundred real accounts look suspicious, and a good part of
the sold ones do not. Here every account speaks with the odds that its profile shows, and the share of the two kinds in
the crowd is what explains all of them best; no prevalence is assumed. The evidence of many accounts is never worth
more than a fixed number of them, because the account model's errors are the same for all and do not average out.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from realreach.tables.core import FloatArray, IntArray

__all__ = ["FEWEST_ACCOUNTS", "Share", "suspicious_share", "suspicious_shares"]

FEWEST_ACCOUNTS = 30
"""Accounts below which no share is given: the interval would span most of the scale."""

_GRID = np.concatenate([[0.002], np.arange(1, 40) / 200, np.arange(20, 96) / 100, [0.97, 0.99]])
"""Shares that are weighed: half points up to 20 %, then whole ones."""
_TRUSTED_LOG_ODDS = 4.0
"""How far one account may speak for or against (ln of odds): a model of a thousand accounts knows no more."""
_BIN = 0.05
"""Width of the bins into which the odds (ln) are counted: whole numbers, so that the order of rows changes no bit."""
_SHIFTS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0]) * 0.5
"""Errors that the account model may make in one audience, the same for all accounts of it (ln of odds): audiences
differ by country, age and year. The size is a judgement, with an eye on labelled bags and on simulated samples."""
_SHIFT_WEIGHTS = np.array([0.054, 0.244, 0.404, 0.244, 0.054])
_WORTH = 250.0
"""Accounts that a sample of any size is worth at most."""
_PRIOR = (1.0, 3.0)
"""Beta prior of the share, worth four accounts: a quarter, as in audiences of influencers, and next to no weight."""
_MARKS = (0.05, 0.5, 0.95)


class Share(NamedTuple):
    """A share of suspicious accounts (0-1) and its 90 % interval; NaN where there are too few accounts."""

    low: float
    median: float
    high: float


def suspicious_share(probabilities: FloatArray, prevalence: float) -> Share:
    """Estimate the share of suspicious accounts behind one sample.

    Parameters
    ----------
    probabilities
        Calibrated probability of each account of the sample (0-1); NaN = nothing known, left out.
    prevalence
        Share of suspicious accounts for which the probabilities hold (the model's ``base_prevalence``), 0-1, ends
        excluded.

    Returns
    -------
    Share
        5 %, 50 % and 95 % point; NaN below :data:`FEWEST_ACCOUNTS` known accounts.

    Examples
    --------
    >>> few = suspicious_share(np.repeat([0.02, 0.9], [45, 5]), 0.1)
    >>> many = suspicious_share(np.repeat([0.02, 0.9], [450, 50]), 0.1)
    >>> round(many.median, 1), few.low < many.low < 0.1 < many.high < few.high
    (0.1, True)
    >>> suspicious_share(np.full(9, 0.9), 0.1)
    Share(low=nan, median=nan, high=nan)
    """
    starts = np.array([0, len(probabilities)], dtype=np.int64)
    return Share(*(float(v) for v in suspicious_shares(probabilities, starts, prevalence)[0]))


def suspicious_shares(probabilities: FloatArray, starts: IntArray, prevalence: float) -> FloatArray:
    """Estimate the share for many samples; rows ``starts[i]:starts[i + 1]`` are the accounts of sample ``i``.

    Returns
    -------
    numpy.ndarray
        Shape (samples, 3): low, median, high; see :func:`suspicious_share`. A sample gets the same numbers alone and
        beside any others.
    """
    p = np.asarray(probabilities, dtype=np.float64)
    out = np.full((len(starts) - 1, 3), np.nan)
    known = ~np.isnan(p)
    with np.errstate(divide="ignore"):
        odds = np.log(p) - np.log1p(-p) - (np.log(prevalence) - np.log1p(-prevalence))
    odds = np.clip(odds, -_TRUSTED_LOG_ODDS, _TRUSTED_LOG_ODDS)
    place = np.rint((np.where(known, odds, 0.0) + _TRUSTED_LOG_ODDS) / _BIN).astype(np.int64)
    table = _log_likelihoods()
    for sample in range(len(out)):
        rows = slice(starts[sample], starts[sample + 1])
        counts = np.bincount(place[rows][known[rows]], minlength=len(table)).astype(np.float64)
        number = counts.sum()
        if number >= FEWEST_ACCOUNTS:
            evidence = (counts @ table).reshape(len(_SHIFTS), len(_GRID))
            out[sample] = _quantiles(evidence / (1.0 + number / _WORTH))
    return out


@cache
def _log_likelihoods() -> FloatArray:
    """Return for each bin of odds the log-likelihood of every shift and share, shape (bins, shifts x shares)."""
    odds = -_TRUSTED_LOG_ODDS + _BIN * np.arange(round(2 * _TRUSTED_LOG_ODDS / _BIN) + 1)
    ratio = np.exp(odds[:, None] + _SHIFTS)[:, :, None]
    weighed = np.log1p((ratio - 1.0) * _GRID)
    return np.ascontiguousarray(weighed.reshape(len(odds), -1))


def _quantiles(evidence: FloatArray) -> FloatArray:
    a, b = _PRIOR
    prior = (a - 1.0) * np.log(_GRID) + (b - 1.0) * np.log1p(-_GRID)
    log_density = evidence + prior
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    steps = 0.5 * (density[:, 1:] + density[:, :-1]) * np.diff(_GRID)
    # Each error of the model keeps its weight: a crowd cannot tell an error from a share.
    parts = steps / steps.sum(axis=1, keepdims=True) * _SHIFT_WEIGHTS[:, None]
    mass = np.concatenate([[0.0], np.cumsum(parts.sum(axis=0))])
    return np.asarray(np.interp(_MARKS, mass / mass[-1], _GRID), dtype=np.float64)
