"""The growth features by compiled kernels, some hundred creators at a time; orders, powers and logarithms are NumPy's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from realreach.compiled import frozen
from realreach.features.curve import Curve, chunks
from realreach.features.growth_bursts import AFTERMATH
from realreach.features.growth_measures import AT, END_LOG1PS, END_LOGS, END_PLAIN, END_SOFT, MEASURES
from realreach.tables.core import FloatArray, IntArray

__all__ = ["fill_by_kernels"]

FlagArray = npt.NDArray[np.bool_]


def fill_by_kernels(curve: Curve, as_of: FloatArray, kept: IntArray, always: FlagArray, out: FloatArray) -> None:
    """Fill the features of each curve.

    Parameters
    ----------
    curve, as_of
        The curves, and the day of the decision of each.
    kept, always
        Rows of ``TOLD`` to be filled in, and whether each is told of a curve that is too short to be judged, too.
    out
        One row for each that is kept, one column for each curve; holds NaN.
    """
    from realreach.features import growth_kernels as kernels

    starts, as_of = curve.starts, frozen(as_of)
    given = (frozen(curve.history.starts), starts, curve.counts)
    own, stored = curve.own, curve.cells
    for first, last in chunks(starts):
        number, cells = last - first, int(starts[last] - starts[first])
        if cells == 0:
            continue
        surprise = np.empty(cells)
        powers, logs = np.empty(cells + number), np.empty(cells + number * 2 * (AFTERMATH + 1))
        place = np.empty((number, 3), dtype=np.int64)
        # Gains per day without their sign; gains too unless all are of one day.
        sizes = np.empty((1 if _is_daily(curve, first, last) else 2, cells))
        kernels.prepare(first, last, *given, stored, own, surprise, place, powers, logs, sizes)
        means = powers.copy()
        np.power(powers, 1.6, out=powers)
        np.log(logs, out=logs)
        np.log1p(sizes, out=sizes)
        measured = np.empty((number, len(MEASURES)))
        kernels.measure_curves(
            first, last, *given, as_of, stored, own, curve.order, surprise, place, means, powers, logs, sizes, measured
        )
        kernels.finish(first, starts, measured, _logarithms(measured), kept, always, out)


def _logarithms(measured: FloatArray) -> FloatArray:
    """Return the measures, one row for each curve, with the logarithms and the root taken; surprises without their sign."""
    out = measured.copy()
    logs, log1ps, surprises = out[:, END_PLAIN:END_LOGS], out[:, END_LOGS:END_SOFT], out[:, END_LOG1PS:END_SOFT]
    np.abs(surprises, out=surprises)
    np.log(logs, out=logs)
    np.log1p(log1ps, out=log1ps)
    for function, row in ((np.cbrt, AT["cubes"]), (np.log10, AT["gain_a_day"])):
        out[:, row] = function(out[:, row].copy())
    return out


def _is_daily(curve: Curve, first: int, last: int) -> bool:
    """Return whether the creators' counts, gaps between creators aside, are surely one day apart: as many days as intervals."""
    history, lengths = curve.history, curve.lengths[first:last]
    day = history.columns["day"]
    some = (lengths > 0).nonzero()[0] + first
    spans = day[history.starts[some + 1] - 1] - day[history.starts[some]]
    return bool((spans == curve.lengths[some]).all())
