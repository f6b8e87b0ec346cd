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
        most = int(curve.lengths[first:last].max())
        # Gains per day, gains, and gains per day before and after the main burst.
        rows = np.empty((4, number, most))
        surprise, sizes = np.empty(cells), np.empty((2, cells))
        powers, logs = np.empty(cells + number), np.empty(cells + number * 2 * (AFTERMATH + 1))
        place = np.empty((number, 3), dtype=np.int64)
        is_daily = kernels.prepare(first, last, *given, stored, own, surprise, rows, place, powers, logs, sizes)
        if is_daily:
            rows[1:].sort(axis=2)
            rows[0] = rows[1]
        else:
            rows.sort(axis=2)
        means = powers.copy()
        np.power(powers, 1.6, out=powers)
        np.log(logs, out=logs)
        np.log1p(sizes, out=sizes)
        measured = np.empty((number, len(MEASURES)))
        kernels.measure_curves(
            first, last, *given, as_of, stored, own, surprise, rows, place, means, powers, logs, sizes, measured
        )
        out[:, first:last] = measured.T
    return out
