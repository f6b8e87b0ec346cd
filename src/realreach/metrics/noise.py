"""What a perfectly calibrated model would show as calibration error: the noise of so many creators."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realreach.metrics.evaluation import SLICE_COLUMNS
from realreach.metrics.measures import calibration_error

if TYPE_CHECKING:
    import pandas as pd

    from realreach.tables.core import FloatArray

__all__ = ["calibration_noise", "noise_of"]

_LEAST = 50
_DRAWS = 50


def noise_of(p: FloatArray, w: FloatArray | None = None, *, draws: int = _DRAWS, seed: int = 0) -> float:
    """Return the mean calibration error of labels that are drawn from the probabilities themselves.

    Examples
    --------
    >>> bool(noise_of(np.full(100, 0.3)) > noise_of(np.full(10_000, 0.3)))
    True
    """
    rng = np.random.default_rng(seed)
    return float(np.mean([calibration_error((rng.random(len(p)) < p).astype(np.float64), p, w) for _ in range(draws)]))


def calibration_noise(frame: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Return the metric ``calibration_noise`` for all rows and each slice, in the columns of :func:`evaluate`.

    A ``calibration_error`` is to be read against it: at or below, nothing is wrong that so many creators could show.

    Parameters
    ----------
    frame
        ``y``, ``p``, optionally ``weight`` and the columns of :data:`SLICE_COLUMNS`.
    seed
        Seed of the draws.
    """
    import pandas as pd

    scored = frame[frame["p"].notna()]
    parts = {"all": scored}
    for column in SLICE_COLUMNS:
        if column in scored:
            names = scored[column].astype(object).where(scored[column].notna(), "unknown").astype(str)
            parts |= {f"{column}={name}": scored[names == name] for name in sorted(set(names))}
    rows = []
    for name, part in parts.items():
        if len(part) >= _LEAST:
            w = part["weight"].to_numpy(dtype=np.float64) if "weight" in part else None
            value = noise_of(part["p"].to_numpy(dtype=np.float64), w, seed=seed)
            rows.append(["calibration_noise", name, value, np.nan, np.nan, len(part), int(part["y"].sum())])
    return pd.DataFrame(rows, columns=["metric", "slice", "value", "low", "high", "n", "n_fake"])
