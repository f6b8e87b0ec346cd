"""Bulk randomness: blocks of uniform numbers, handed out one at a time; text needs no generator call per word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

__all__ = ["Dice"]

T = TypeVar("T")


class Dice:
    """Uniform numbers from a numpy generator, drawn in blocks (a call per number would cost ten times as much).

    ``block`` is how many numbers are drawn at once. The numbers depend on the generator and on ``block`` only.
    Numbers left over are dropped with the object, so a caller's generator moves on by whole blocks.
    """

    __slots__ = ("_block", "_next", "_rng")

    def __init__(self, rng: np.random.Generator, block: int = 512) -> None:
        self._rng = rng
        self._block = max(16, block)
        self._next = iter(rng.random(self._block).tolist()).__next__

    def roll(self) -> float:
        """Return the next number in [0, 1)."""
        try:
            return self._next()
        except StopIteration:
            self._next = iter(self._rng.random(self._block).tolist()).__next__
            return self._next()

    def pick(self, items: Sequence[T]) -> T:
        """Return one of `items`, all equally likely."""
        return items[int(self.roll() * len(items))]

    def below(self, stop: int) -> int:
        """Return a whole number from 0 to ``stop - 1``."""
        return int(self.roll() * stop)
