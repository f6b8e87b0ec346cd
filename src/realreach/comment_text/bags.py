"""The bag test of a comment section: is it a mixture with a sold part, how large, and which comments are it.

Every comment's probability falls into one of a few bins; for each bin the reference knows how much more often sold
comments fall into it than organic ones (a likelihood ratio). The likelihood of a section's *apparent* share of sold
comments follows from its counts by bin alone, so any order of comments gives the same numbers.

Organic sections have an apparent share of their own: a model that reads a new kind of audience calls some of it sold.
The reference holds how this share spreads over organic sections, and a section is judged against that spread:

- *p-value*: the chance that the section's apparent share is no higher than that of an organic section drawn at random;
- *share*: what of the apparent share goes beyond that of an organic section, with 5, 50 and 95 % quantiles;
- *expected*: the mean of the apparent share, which has no steps and ranks sections where the others are tied. It knows
  nothing of organic sections; the p-value does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from realreach.errors import ModelError
from realreach.lazy import cached_property
from realreach.tables.core import FloatArray, IntArray

__all__ = ["LEAST", "BagReference", "BagTest", "bag_test", "bag_tests"]

LEAST = 10
"""Fewest comments of a section that is tested."""

_GRID = np.concatenate([np.linspace(0.0, 0.04, 41)[:-1], np.linspace(0.04, 0.2, 65)[:-1], np.linspace(0.2, 1.0, 81)])
"""Apparent shares at which the likelihood is taken: finer where sections lie."""
_LEVELS = (0.05, 0.5, 0.95)
_BEYOND = np.linspace(0.0, 1.0, 401)
"""Shares beyond an organic section's at which their distribution is taken."""
_BLOCK = 64
"""Sections at a time: their likelihoods (about 80 kB each) stay in the cache."""


@dataclass(frozen=True, eq=False)
class BagReference:
    """What sold and organic comments score, measured on comments that the model was not fitted to.

    Parameters
    ----------
    edges
        Inner edges of the bins of the probability, ascending; a probability on an edge lies above it.
    ratio
        For each bin: density of sold comments over density of organic ones, never falling.
    organic_shares
        Apparent shares of organic sections at evenly spaced quantiles, ascending, 0 to 1.
    """

    edges: FloatArray
    ratio: FloatArray
    organic_shares: FloatArray

    def __post_init__(self) -> None:
        for name in ("edges", "ratio", "organic_shares"):
            value = np.array(getattr(self, name), dtype=np.float64)
            value.setflags(write=False)
            object.__setattr__(self, name, value)
            if value.ndim != 1 or not len(value) or not np.all(np.isfinite(value)) or np.any(np.diff(value) < 0):
                raise ModelError(f"bag reference: {name} must be finite numbers that never fall.")
        if len(self.ratio) != len(self.edges) + 1 or self.ratio[0] <= 0 or self.organic_shares[-1] > 1:
            raise ModelError("bag reference: needs one ratio above 0 for each bin, and shares of at most 1.")

    def bins(self, sold: FloatArray) -> IntArray:
        """Return the bin of every probability."""
        return np.searchsorted(self.edges, sold, side="right").astype(np.int64)

    @cached_property
    def log_likelihood(self) -> FloatArray:
        """Log likelihood of one comment, shape (bins, grid)."""
        return np.ascontiguousarray(np.log(1.0 - _GRID[:, None] + _GRID[:, None] * self.ratio[None, :]).T)

    @cached_property
    def reach(self) -> IntArray:
        """Place on the grid of every organic share with every share beyond it, shape (shares, shares beyond)."""
        share = self.organic_shares[:, None]
        # beyond = (apparent - organic) / (1 - organic), not below 0.
        return np.asarray(np.searchsorted(_GRID, share + _BEYOND * (1.0 - share), side="right") - 1, dtype=np.int64)

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers."""
        return {name: getattr(self, name).tolist() for name in ("edges", "ratio", "organic_shares")}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> BagReference:
        """Return the reference of :meth:`to_dict`."""
        return cls(*(np.asarray(data[name], dtype=np.float64) for name in ("edges", "ratio", "organic_shares")))


@dataclass(frozen=True, eq=False)
class BagTest:
    """Results for ``m`` sections; NaN for a section of fewer than ten comments.

    Parameters
    ----------
    count
        Comments of each section.
    p_value
        Chance that an organic section looks as much sold as this one (0-1).
    share_low, share, share_high
        5, 50 and 95 % quantiles of the share of sold comments beyond what organic sections show (0-1).
    apparent
        Median of the apparent share (0-1), false alarms included.
    expected
        Mean of the apparent share (0-1), false alarms included.
    posterior
        For each comment: probability that it is of the sold part, given its section (0-1).
    """

    count: IntArray
    p_value: FloatArray
    share_low: FloatArray
    share: FloatArray
    share_high: FloatArray
    apparent: FloatArray
    expected: FloatArray
    posterior: FloatArray


def bag_test(sold: FloatArray, reference: BagReference) -> BagTest:
    """Test one comment section; the fields of the result have one entry (``posterior`` one for each comment).

    Examples
    --------
    >>> reference = BagReference([0.5, 0.9], [0.1, 2.0, 30.0], [0.0, 0.01, 0.02, 0.05])
    >>> clean, mixed = bag_test(np.full(100, 0.2), reference), bag_test(np.repeat([0.2, 0.95], [80, 20]), reference)
    >>> bool(clean.p_value[0] > 0.3), bool(mixed.p_value[0] < 0.001), bool(0.1 < mixed.share[0] < 0.3)
    (True, True, True)
    """
    return bag_tests(sold, np.zeros(len(sold), dtype=np.int64), 1, reference)


def bag_tests(sold: FloatArray, section: IntArray, count: int, reference: BagReference) -> BagTest:
    """Test many comment sections at once; a section's result does not depend on the others.

    Parameters
    ----------
    sold
        Probability of every comment, of :meth:`realreach.comment_text.model.CommentModel.sold`.
    section
        The section of every comment, 0 to ``count - 1``, in any order.
    count
        Number of sections.
    reference
        The reference of the same model.
    """
    bins = reference.bins(sold)
    k = len(reference.ratio)
    cells = np.bincount(section * k + bins, minlength=count * k).reshape(count, k)
    parts = [_judge(cells[at : at + _BLOCK], reference) for at in range(0, max(count, 1), _BLOCK)]
    sizes = cells.sum(axis=1)
    judged = np.where((sizes < LEAST)[:, None], np.nan, np.concatenate(parts))
    p, low, middle, high, apparent, expected = (np.ascontiguousarray(column) for column in judged.T)
    share = middle[section]
    ratio = reference.ratio[bins]
    posterior = share * ratio / (1.0 - share + share * ratio)
    return BagTest(sizes, p, low, middle, high, apparent, expected, posterior)


def _judge(cells: npt.NDArray[np.int64], reference: BagReference) -> FloatArray:
    """Return p-value, the three quantiles of the share, median and mean of the apparent share, given counts by bin."""
    # Bin after bin, not by a matrix product: BLAS may sum in another order when there are more sections.
    log = (cells[:, :, None] * reference.log_likelihood).sum(axis=1)
    weight = np.exp(log - log.max(axis=1, keepdims=True))
    # The prior of the apparent share is flat in the grid's places, which lie closer at small shares.
    weight /= _row_sums(weight)[:, None]
    reached = weight.cumsum(axis=1)
    below = reached[:, reference.reach].sum(axis=1) / len(reference.organic_shares)
    out = np.empty((len(cells), 6))
    out[:, 0] = np.minimum(below[:, 0], 1.0)
    for column, level in enumerate(_LEVELS, start=1):
        out[:, column] = _BEYOND[np.minimum((below < level).sum(axis=1), len(_BEYOND) - 1)]
    out[:, 4] = _GRID[np.minimum((reached < 0.5).sum(axis=1), len(_GRID) - 1)]
    out[:, 5] = _row_sums(weight * _GRID)
    return out


def _row_sums(values: FloatArray) -> FloatArray:
    return values.cumsum(axis=1)[:, -1]
