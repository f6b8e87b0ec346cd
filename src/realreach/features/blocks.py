"""Arrays of uneven length, computed as dense blocks: creators of equal length form one 2-D array, no padding, no loop.

The number of distinct lengths is bounded (windows are), so plain NumPy keeps its full speed for any mix, and a creator
alone goes through the very same operations as in a crowd.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from realreach.lazy import cached_property
from realreach.tables.core import FloatArray, IntArray

__all__ = [
    "Owned",
    "Ragged",
    "compute_in_blocks",
    "cut",
    "deviation",
    "in_order",
    "mean_where",
    "median",
    "not_known",
    "quantile",
    "ratio",
    "row_max",
    "row_mean",
    "row_min",
    "row_sum",
    "segment_sum",
]

_T = TypeVar("_T", np.float64, np.int64)

_CELLS_PER_BLOCK = 64_000
"""Cells of one block: a block and its intermediate results stay in the processor's cache, and memory is bounded."""
_ONE = (1,)
_ROUNDING = 1e-12
"""Relative difference that sums and means of equal numbers may show."""


# Methods of arrays go through Python functions of NumPy, which for one creator take as long as the work: these do not.
row_sum = partial(np.add.reduce, axis=-1)
"""Sum of each row."""
row_max, row_min = partial(np.maximum.reduce, axis=-1), partial(np.minimum.reduce, axis=-1)
"""Largest and smallest number of each row."""


def row_mean(values: np.ndarray) -> FloatArray:
    """Return the mean of each row, in the bits of ``values.mean(axis=-1)``."""
    total: FloatArray = np.add.reduce(values, axis=-1)
    return total / values.shape[-1]


def cut(values: npt.NDArray[_T], low: float, high: float) -> npt.NDArray[_T]:
    """Return numbers cut to a range, NaN where they are not known: what ``np.clip`` does with fewer calls."""
    out: npt.NDArray[_T] = np.minimum(np.maximum(values, low), high)
    return out


def in_order(values: FloatArray) -> FloatArray:
    """Return each row in ascending order."""
    ordered = values.copy()
    ordered.sort(axis=-1)
    return ordered


class Owned:
    """Rows of creators one after another: ``starts[i]:starts[i + 1]`` belong to creator ``i``."""

    starts: IntArray

    @cached_property
    def lengths(self) -> IntArray:
        """Rows of each creator."""
        return self.starts[1:] - self.starts[:-1]

    @cached_property
    def owner(self) -> IntArray:
        """Creator number of each row."""
        return np.repeat(np.arange(len(self.starts) - 1), self.lengths)


@dataclass(frozen=True, eq=False)
class Ragged(Owned):
    """Columns of one length per creator: ``columns[name][starts[i]:starts[i + 1]]`` belong to creator ``i``."""

    columns: dict[str, FloatArray]
    starts: IntArray

    def where(self, keep: np.ndarray) -> Ragged:
        """Return the rows for which ``keep`` is true."""
        if keep.all():
            return Ragged(dict(self.columns), self.starts)
        kept = np.concatenate([[0], np.cumsum(keep)])[self.starts].astype(np.int64)
        return Ragged({name: values[keep] for name, values in self.columns.items()}, kept)

    @classmethod
    def of_rows(cls, names: tuple[str, ...], rows: FloatArray, starts: IntArray) -> Ragged:
        """Return columns that are the rows of one array, which :attr:`matrix` gives as it is."""
        made = cls(dict(zip(names, rows, strict=True)), starts)
        made.__dict__["matrix"] = rows
        return made

    @cached_property
    def matrix(self) -> FloatArray:
        """All columns as the rows of one array."""
        return np.array(list(self.columns.values()))

    def newest(self, rows: int) -> Ragged:
        """Return at most the last ``rows`` rows of each creator."""
        position = np.arange(self.starts[-1]) - np.repeat(self.starts[1:], self.lengths)
        return self.where(position >= -rows)

    def blocks(self) -> Iterator[tuple[IntArray, dict[str, FloatArray]]]:
        """Yield creator numbers and their columns as 2-D arrays, creators of one length together, shortest first.

        Creators of one length that stand one after another are not copied: their block is a view, not to be changed.
        """
        lengths = self.lengths
        if len(lengths) == 1:
            # One creator is a block as it stands: the same numbers in the same order, without a search for its rows.
            own = slice(int(self.starts[0]), int(self.starts[1]))
            yield np.zeros(1, dtype=np.int64), {k: np.ascontiguousarray(v[own])[None] for k, v in self.columns.items()}
            return
        order = np.argsort(lengths, kind="stable")
        ordered = lengths[order]
        edges = [0, *(np.flatnonzero(np.diff(ordered)) + 1).tolist(), len(ordered)]
        for low, high in pairwise(edges):
            if low == high:
                continue
            length = int(ordered[low])
            step = max(1, _CELLS_PER_BLOCK // max(length, 1))
            for first in range(low, high, step):
                members = order[first : min(first + step, high)]
                number, begin = len(members), int(self.starts[members[0]])
                if int(members[-1]) - int(members[0]) + 1 == number:
                    own, shape = slice(begin, begin + number * length), (number, length)
                    yield members, {name: values[own].reshape(shape) for name, values in self.columns.items()}
                    continue
                rows = self.starts[members][:, None] + np.arange(length)
                yield members, {name: values[rows] for name, values in self.columns.items()}


def compute_in_blocks(
    ragged: Ragged,
    names: tuple[str, ...],
    kernel: Callable[[dict[str, FloatArray]], dict[str, FloatArray]],
    minimum: int = 1,
) -> dict[str, FloatArray]:
    """Run ``kernel`` on each block and return one value per creator and name; NaN below ``minimum`` rows."""
    creators = len(ragged.starts) - 1
    out = {name: not_known(creators) for name in names}
    for members, columns in ragged.blocks():
        if next(iter(columns.values())).shape[1] < minimum:
            continue
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            values = kernel(columns)
        if creators == 1:
            for name, column in values.items():
                one = float(column.item())
                out[name][0] = one if math.isfinite(one) else math.nan
            continue
        for name, column in values.items():
            out[name][members] = np.where(np.isfinite(column), column, np.nan)
    return out


def ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """Return ``above / below``, NaN where ``below`` is not positive.

    Examples
    --------
    >>> ratio(np.array([1.0, 1.0]), np.array([2.0, 0.0]))
    array([0.5, nan])
    """
    if above.shape == below.shape == _ONE:
        # For one creator plain numbers take a third of the time.
        divisor = below.item()
        return np.array([above.item() / divisor if divisor > 0 else np.nan])
    if above.shape != below.shape:
        above, below = np.broadcast_arrays(above, below)
    # NaN over NaN is NaN without a warning.
    return above / np.where(below > 0, below, np.nan)


def not_known(shape: int | tuple[int, ...]) -> FloatArray:
    """Return an array of NaN (half the time of ``np.full``, which counts where there are hundreds for one creator)."""
    out = np.empty(shape)
    out.fill(np.nan)
    return out


def deviation(values: FloatArray, middle: FloatArray) -> FloatArray:
    """Return ``values - middle``, exactly 0 where they differ by rounding only.

    A constant series less its mean is rounding noise, and noise over noise poses as a perfect correlation.

    Examples
    --------
    >>> deviation(np.full(3, 0.1), np.array(0.1 + 1e-17))
    array([0., 0., 0.])
    """
    away = values - middle
    return np.where(np.abs(away) <= _ROUNDING * np.abs(values), 0.0, away)


def quantile(ordered: FloatArray, share: float) -> FloatArray:
    """Return the linear-interpolated quantile of rows that are already sorted (last axis).

    Examples
    --------
    >>> quantile(np.array([[0.0, 1.0, 2.0, 3.0]]), 0.5)
    array([1.5])
    """
    at = share * (ordered.shape[-1] - 1)
    low = int(at)
    high = min(low + 1, ordered.shape[-1] - 1)
    return ordered[..., low] + (at - low) * (ordered[..., high] - ordered[..., low])


def median(values: FloatArray, *, keepdims: bool = False) -> FloatArray:
    """Return the median of each row, as ``np.median`` over the last axis does in four times the time for one creator.

    A row with NaN has the median NaN.

    Examples
    --------
    >>> median(np.array([[3.0, 1.0, 2.0, 10.0], [1.0, np.nan, 2.0, 3.0]]))
    array([2.5, nan])
    """
    ordered = in_order(values)
    half, odd = ordered.shape[-1] // 2, ordered.shape[-1] % 2
    out = ordered[..., half] if odd else (ordered[..., half - 1] + ordered[..., half]) / 2.0
    # NaN comes last.
    out = np.where(np.isnan(ordered[..., -1]), np.nan, out)
    return out[..., None] if keepdims else out


def mean_where(values: FloatArray, keep: np.ndarray, minimum: int = 1) -> FloatArray:
    """Return the mean over the last axis of the values for which ``keep`` is true; NaN below ``minimum`` of them."""
    count, total = row_sum(keep), row_sum(np.where(keep, values, 0.0))
    return np.where(count >= minimum, total / np.maximum(count, 1), np.nan)


def segment_sum(values: FloatArray, owner: IntArray, creators: int) -> FloatArray:
    """Return the sum of ``values`` per creator, in row order, so that a creator alone gets the same bits."""
    # Of no rows at all, ``bincount`` gives whole numbers.
    if creators == 1 and len(values):
        # The same order; and like there the sum begins with 0, not with what may be -0.
        return values.cumsum(dtype=np.float64)[-1:] + 0.0
    return np.asarray(np.bincount(owner, weights=values, minlength=creators)[:creators], dtype=np.float64)
