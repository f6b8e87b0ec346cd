"""How many of a crowd are suspicious: prior shift and label-free estimates of a share from imperfect probabilities."""

from __future__ import annotations

import numpy as np

from realreach.errors import UsageError
from realreach.tables.core import FloatArray

__all__ = ["adjusted_share", "saerens_share", "shift_prior"]

_STEPS = 1_000
_CLOSE = 1e-7
_EDGE = 1e-4
"""No estimate goes nearer to 0 or 1: from there no later evidence could bring it back."""
_LEAST_YOUDEN = 0.05
"""Sensitivity minus false-positive rate below which a corrected count says nothing (the noise is divided by it)."""


def shift_prior(p: FloatArray, old: float, new: float) -> FloatArray:
    """Return probabilities for a crowd in which another share is suspicious (Bayes' rule on the odds).

    Parameters
    ----------
    p
        Probabilities where ``old`` is the share; NaN stays NaN.
    old, new
        Shares between 0 and 1, both ends excluded.

    Raises
    ------
    UsageError
        If a share is not between 0 and 1.

    Examples
    --------
    >>> shift_prior(np.array([0.5, 1.0]), 0.1, 0.2).round(3).tolist()
    [0.692, 1.0]
    """
    for name, share in (("old", old), ("new", new)):
        if not 0.0 < share < 1.0:
            raise UsageError(f"prior: `{name}` must lie between 0 and 1, got {share} instead.")
    p = np.asarray(p, dtype=np.float64)
    up, down = p * (new / old), (1.0 - p) * ((1.0 - new) / (1.0 - old))
    total = up + down
    return np.divide(up, total, out=np.full(len(p), np.nan), where=total > 0)


def saerens_share(p: FloatArray, old: float) -> float:
    """Return the share of suspicious accounts in a crowd by expectation maximisation, without labels.

    The share is the fixed point at which the mean of the shifted probabilities equals the share they were shifted to
    (Saerens, Latinne and Decaestecker 2002). It is the maximum-likelihood estimate if the probabilities are calibrated
    at ``old`` and the two kinds of accounts look as they did in training. It leans on the extreme probabilities; where
    these cannot be trusted :func:`adjusted_share` is the sturdier choice.

    Parameters
    ----------
    p
        Calibrated probabilities at the share ``old``; NaN rows are left out.
    old
        The share behind ``p``.

    Returns
    -------
    float
        Between 0 and 1; NaN without rows.

    Examples
    --------
    >>> p = np.repeat([0.02, 0.9], [60, 40])
    >>> round(saerens_share(p, 0.1), 2)  # naively: 0.37
    0.48
    """
    p = p[~np.isnan(p)]
    if not len(p):
        return float("nan")
    share = old
    for _ in range(_STEPS):
        new = float(np.clip(np.mean(shift_prior(p, old, share)), _EDGE, 1.0 - _EDGE))
        if abs(new - share) < _CLOSE:
            return new
        share = new
    return share


def adjusted_share(seen: float, among_suspicious: float, among_real: float) -> float:
    """Return the share behind a mean that is seen through an imperfect instrument (Rogan and Gladen 1978).

    With ``seen`` the share of accounts called suspicious, the other two are sensitivity and false-positive rate; with
    ``seen`` the mean probability they are the mean probabilities among suspicious and real accounts (the probabilistic
    adjusted count of Bella et al. 2010). Sturdier than the maximum-likelihood share: it needs no calibration.

    Parameters
    ----------
    seen
        Mean over the crowd.
    among_suspicious, among_real
        The same mean among accounts known to be suspicious and real, on rows not trained on.

    Returns
    -------
    float
        Held between 0 and 1; NaN where the instrument tells the two hardly apart.

    Examples
    --------
    >>> round(adjusted_share(0.25, 0.774, 0.037), 3)
    0.289
    >>> adjusted_share(0.25, 0.10, 0.08)
    nan
    """
    if not among_suspicious - among_real >= _LEAST_YOUDEN:
        return float("nan")
    return float(np.clip((seen - among_real) / (among_suspicious - among_real), 0.0, 1.0))
