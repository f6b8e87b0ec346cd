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
    history, own, stored = curve.history.columns, curve.of_creator, curve.stored
    counts, starts, as_of = frozen(curve.history.starts), frozen(curve.starts), frozen(as_of)
    day, level, following = (frozen(history[name]) for name in ("day", "followers", "following"))
    for first, last in chunks(starts):
        number, cells = last - first, int(starts[last] - starts[first])
        if cells == 0:
            continue
        most = int(curve.lengths[first:last].max())
        gains, rates, before, after = np.empty((4, number, most))
        surprise, sizes = np.empty(cells), np.empty((2, cells))
        powers, logs = np.empty(cells + number), np.empty(cells + number * 2 * (AFTERMATH + 1))
        place = np.zeros((number, 3), dtype=np.int64)
        is_daily = kernels.prepare(
            first, last, counts, starts, day, stored["gain"], stored["expected"], stored["variance"], own["usual_days"],
            own["step"], surprise, gains, rates, before, after, place, powers, logs, sizes,
        )  # fmt: skip
        for rows in (gains, before, after):
            rows.sort(axis=1)
        if is_daily:
            rates = gains
        else:
            rates.sort(axis=1)
        means = powers.copy()
        np.power(powers, 1.6, out=powers)
        np.log(logs, out=logs)
        np.log1p(sizes, out=sizes)
        rows = np.empty((number, len(MEASURES)))
        kernels.measure_curves(
            first, last, counts, starts, day, level, following, as_of, stored["gain"], stored["expected"],
            stored["variance"], own["usual_days"], own["step"], own["calm"], own["calm_power"], own["low"], surprise,
            gains, rates, before, after, place, means, powers, logs, sizes, rows,
        )  # fmt: skip
        out[:, first:last] = rows.T
    return out
