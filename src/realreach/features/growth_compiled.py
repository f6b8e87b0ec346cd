"""The growth measures by compiled kernels, some hundred creators at a time; orders, powers and logarithms are NumPy's."""

from __future__ import annotations

import numpy as np

from realreach.compiled import frozen
from realreach.features.blocks import not_known
from realreach.features.curve import Curve, chunks
from realreach.features.growth_bursts import AFTERMATH
from realreach.features.growth_measures import MEASURES
from realreach.tables.core import FloatArray

__all__ = ["measured_by_kernels"]


def measured_by_kernels(curve: Curve, as_of: FloatArray) -> FloatArray:
    """Return the measures of each curve, one row for each name of ``MEASURES``; NaN = not measured."""
    from realreach.features import growth_kernels as kernels

    out = not_known((len(MEASURES), len(as_of)))
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
        out[:, first:last] = measured.T
    return out


def _is_daily(curve: Curve, first: int, last: int) -> bool:
    """Return whether the creators' counts, gaps between creators aside, are surely one day apart: as many days as intervals."""
    history, lengths = curve.history, curve.lengths[first:last]
    day = history.columns["day"]
    some = (lengths > 0).nonzero()[0] + first
    spans = day[history.starts[some + 1] - 1] - day[history.starts[some]]
    return bool((spans == curve.lengths[some]).all())
