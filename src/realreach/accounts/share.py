"""How many of a creator's followers are suspicious, with an interval that knows sample size and the model's own error.

A count of accounts above a threshold is biased: a few in a hundred real accounts look suspicious, and a good part of
the sold ones do not. Here every account speaks with the odds that its profile shows, and the share of the two kinds in
the crowd is what explains all of them best; no prevalence is assumed. The evidence of many accounts is never worth
more than a fixed number of them, because the account model's errors are the same for all and do not average out.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from realreach.compiled import LEAST_ACCOUNTS, frozen, kernels_for
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
_MARKS = np.array([0.05, 0.5, 0.95])
_LOG_PRIOR = (_PRIOR[0] - 1.0) * np.log(_GRID) + (_PRIOR[1] - 1.0) * np.log1p(-_GRID)
_WIDTHS = np.diff(_GRID)
_HALF_WIDTHS = 0.5 * _WIDTHS
_SAMPLES_AT_ONCE = 100
"""Samples of one step: what lies between stays in the processor's cache."""


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
    place = _places(np.asarray(probabilities, dtype=np.float64), prevalence)
    samples = len(starts) - 1
    out = np.empty((samples, len(_MARKS)))
    out.fill(np.nan)
    table = _log_likelihoods()
    kernels = kernels_for(len(place), "accounts.kernels", LEAST_ACCOUNTS)
    for first in range(0, samples, _SAMPLES_AT_ONCE):
        some = starts[first : first + _SAMPLES_AT_ONCE + 1]
        evidence, number = np.zeros((len(some) - 1, table.shape[1])), np.zeros(len(some) - 1)
        if kernels is None:
            _count(place, some, table, evidence, number)
        else:
            kernels.count_evidence(frozen(place), frozen(some), frozen(table), evidence, number)
        enough = (number >= FEWEST_ACCOUNTS).nonzero()[0]
        if len(enough):
            worth = 1.0 + number[enough] / _WORTH
            shape = (len(enough), len(_SHIFTS), len(_GRID))
            out[first + enough] = _quantiles((evidence[enough] / worth[:, None]).reshape(shape))
    return out


def _places(p: FloatArray, prevalence: float) -> IntArray:
    """Return the bin of each account's odds; -1 where nothing is known."""
    with np.errstate(divide="ignore"):
        odds = np.log(p)
        odds -= np.log1p(-p)
    odds -= np.log(prevalence) - np.log1p(-prevalence)
    np.minimum(np.maximum(odds, -_TRUSTED_LOG_ODDS, out=odds), _TRUSTED_LOG_ODDS, out=odds)
    odds += _TRUSTED_LOG_ODDS
    odds /= _BIN
    odds[np.isnan(odds)] = -1.0
    return np.rint(odds, out=odds).astype(np.int64)


def _count(place: IntArray, starts: IntArray, table: FloatArray, evidence: FloatArray, number: FloatArray) -> None:
    """Fill the log-likelihood of every shift and share, and the number of known accounts, of each sample."""
    for sample, (first, last) in enumerate(pairwise(starts.tolist())):
        counts = np.bincount(place[first:last] + 1, minlength=len(table) + 1)[1:]
        bins = counts.nonzero()[0]
        if len(bins):
            # Row by row: the order of a sum that any processor keeps.
            logs = table.take(bins, axis=0)
            logs *= counts[bins].astype(np.float64)[:, None]
            np.add.reduce(logs, axis=0, out=evidence[sample])
            number[sample] = counts.sum()


@cache
def _log_likelihoods() -> FloatArray:
    """Return for each bin of odds the log-likelihood of every shift and share, shape (bins, shifts x shares)."""
    odds = -_TRUSTED_LOG_ODDS + _BIN * np.arange(round(2 * _TRUSTED_LOG_ODDS / _BIN) + 1)
    ratio = np.exp(odds[:, None] + _SHIFTS)[:, :, None]
    weighed = np.log1p((ratio - 1.0) * _GRID)
    return frozen(np.ascontiguousarray(weighed.reshape(len(odds), -1)))


def _quantiles(evidence: FloatArray) -> FloatArray:
    """Return the marks of the share from its log-likelihood, shape (samples, shifts, shares)."""
    density = evidence + _LOG_PRIOR
    density -= density.max(axis=2, keepdims=True)
    np.exp(density, out=density)
    steps = density[..., 1:] + density[..., :-1]
    steps *= _HALF_WIDTHS
    # Each error of the model keeps its weight: a crowd cannot tell an error from a share.
    steps /= steps.sum(axis=2, keepdims=True)
    steps *= _SHIFT_WEIGHTS[:, None]
    mass = np.zeros((len(evidence), len(_GRID)))
    np.cumsum(steps[:, 0] + steps[:, 1] + steps[:, 2] + steps[:, 3] + steps[:, 4], axis=1, out=mass[:, 1:])
    mass /= mass[:, -1:]
    below = np.minimum((mass[:, None] <= _MARKS[:, None]).sum(axis=2) - 1, len(_GRID) - 2)
    low, high = np.take_along_axis(mass, below, axis=1), np.take_along_axis(mass, below + 1, axis=1)
    return _GRID[below] + (_MARKS - low) / (high - low) * _WIDTHS[below]
