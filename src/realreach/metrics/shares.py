"""The interval of a share of counted things."""

from __future__ import annotations

import math

__all__ = ["wilson_interval"]


def wilson_interval(hits: float, n: float, z: float = 1.959963984540054) -> tuple[float, float]:
    """Return the Wilson score interval of a share; (NaN, NaN) for ``n`` = 0.

    ``n`` may be an effective number of counted things, and ``hits`` then the share times that number.

    Examples
    --------
    >>> [round(bound, 3) for bound in wilson_interval(1, 100)]
    [0.002, 0.054]
    """
    if n == 0:
        return math.nan, math.nan
    share, weight = hits / n, z * z / n
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / n + weight / (4 * n))
    return middle - half if hits else 0.0, middle + half if hits < n else 1.0
