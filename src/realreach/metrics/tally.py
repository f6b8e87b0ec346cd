"""The weight of fake and of honest rows at each distinct score, for many sets of weights at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from realreach.tables.core import FloatArray

__all__ = ["Ranking", "Tally", "checked"]


@dataclass(frozen=True, eq=False)
class Tally:
    """Weight of fake and honest rows at each distinct score, for several sets of weights.

    ``score`` (U,) falls from the most to the least suspicious; ``fake`` and ``honest`` are (B, U).
    """

    score: FloatArray
    fake: FloatArray
    honest: FloatArray

    @cached_property
    def fakes(self) -> FloatArray:
        """Weight of all fake rows, (B,); NaN where there are none, so that what needs them is NaN too."""
        return _positive(self.fake.sum(axis=1))

    @cached_property
    def honests(self) -> FloatArray:
        """Weight of all honest rows, (B,); NaN where there are none."""
        return _positive(self.honest.sum(axis=1))

    @cached_property
    def total(self) -> FloatArray:
        """Weight of all rows, (B,); NaN where there are none."""
        return _positive(self.fake.sum(axis=1) + self.honest.sum(axis=1))

    @cached_property
    def recall(self) -> FloatArray:
        """Share of fakes at or above each score, (B, U)."""
        return np.cumsum(self.fake, axis=1) / self.fakes[:, None]

    @cached_property
    def fpr(self) -> FloatArray:
        """Share of honest rows at or above each score, (B, U)."""
        return np.cumsum(self.honest, axis=1) / self.honests[:, None]


def _positive(weight: FloatArray) -> FloatArray:
    return np.where(weight > 0, weight, np.nan)


class Ranking:
    """Rows sorted by score once, ready to be tallied with any weights."""

    def __init__(self, y: FloatArray, p: FloatArray) -> None:
        self.order = np.argsort(-p, kind="stable")
        self.is_fake = y[self.order]
        ranked = p[self.order]
        self.starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]])) if len(p) else self.order
        self.score = ranked[self.starts]

    def tally(self, weights: FloatArray) -> Tally:
        """Return the tally for weights (B, n), given in the original order of rows."""
        ranked = weights[:, self.order]
        if not len(self.starts):
            return Tally(self.score, ranked, ranked)
        total = np.add.reduceat(ranked, self.starts, axis=1)
        fake = np.add.reduceat(ranked * self.is_fake, self.starts, axis=1)
        return Tally(self.score, fake, np.maximum(total - fake, 0.0))


def checked(y: FloatArray, p: FloatArray, w: FloatArray | None) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return labels, scores and weights as columns of floats; raise ``ValueError`` for values not allowed."""
    y, p = np.asarray(y, dtype=np.float64), np.asarray(p, dtype=np.float64)
    w = np.ones_like(y) if w is None else np.asarray(w, dtype=np.float64)
    if not y.shape == p.shape == w.shape or y.ndim != 1:
        raise ValueError(f"y, p and w must be columns of one length, got shapes {y.shape}, {p.shape} and {w.shape}")
    for name, bad, expected in (
        ("y", ~np.isin(y, (0.0, 1.0)), "0 or 1"),
        ("p", ~np.isfinite(p), "finite; leave out rows without a score"),
        ("w", ~(np.isfinite(w) & (w >= 0)), "finite and 0 or more"),
    ):
        if bad.any():
            raise ValueError(
                f"{name} has {int(bad.sum())} of {len(bad)} values that are not allowed: must be {expected}"
            )
    return y, p, w
