"""The pillars that a score can rest on, and their sets as bit masks."""

from __future__ import annotations

from itertools import combinations

__all__ = ["ALL_PILLARS", "COMBINATIONS", "PILLARS", "combination_mask", "combination_name", "subsets_of"]

PILLARS = ("growth", "engagement", "comments", "audience")
"""The channels that can be missing; coherence lives between them."""

ALL_PILLARS = (1 << len(PILLARS)) - 1
"""Bit mask of all pillars."""

COMBINATIONS = tuple(range(1, ALL_PILLARS + 1))
"""Non-empty sets of pillars as bit masks: 1 growth, 2 engagement, 4 comments, 8 audience."""


def combination_name(mask: int) -> str:
    """Return the name of a set of pillars.

    Examples
    --------
    >>> combination_name(5)
    'growth+comments'
    """
    return "+".join(p for bit, p in enumerate(PILLARS) if mask & (1 << bit)) or "nothing"


def combination_mask(name: str) -> int:
    """Return the set of pillars that :func:`combination_name` gave this name.

    Raises
    ------
    KeyError
        If there is no such set.

    Examples
    --------
    >>> combination_mask("growth+comments")
    5
    """
    return {combination_name(mask): mask for mask in COMBINATIONS}[name]


def subsets_of(mask: int) -> list[int]:
    """Return the non-empty sets of pillars inside a set.

    Examples
    --------
    >>> subsets_of(5)
    [1, 4, 5]
    """
    bits = [1 << b for b in range(len(PILLARS)) if mask & (1 << b)]
    return sorted(sum(c) for size in range(1, len(bits) + 1) for c in combinations(bits, size))
