"""Windows of growth as evidence: dated, with what explains them, and with what the crowd did on the same days."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from realreach.evidence.items import Explained, WindowItem
from realreach.features.innocence import EXPLANATIONS, VERDICTS, Innocence
from realreach.features.windows import Curve
from realreach.reasons.code import Language
from realreach.tables.core import FloatArray

__all__ = ["same_day_strength", "window_item", "with_crowd"]

_LEAST_SHOWN = 0.1
_LEAST_CROWD = 20
"""Creators with a count on the days of a window that the crowd needs to say anything."""


def with_crowd(tested: Innocence, strength: FloatArray) -> Innocence:
    """Return the test with one more explanation: how much of each window other creators' same days explain."""
    return replace(tested, strengths={**tested.strengths, "same_day": strength})


def same_day_strength(tested: Innocence, curve: Curve) -> FloatArray:
    """Return how much of each window is explained by other creators growing on the same days, 0 to 1.

    A collector's fault or a recommendation by the platform moves many curves at once. In ordinary days few creators
    are hot (a gain beyond three spreads); where a fifth of all are, the days explain most of it. Only evidence: a
    feature may not depend on who else is in the batch.

    Parameters
    ----------
    tested
        The test of the batch.
    curve
        The curves of the batch.
    """
    w = tested.windows
    out = np.zeros(len(w))
    surprise, start, end = (curve.columns[n] for n in ("surprise", "start", "end"))
    known = ~np.isnan(surprise)
    if len(w) == 0 or not known.any():
        return out
    hot = known & (np.nan_to_num(surprise) > 3.0)
    for i in range(len(w)):
        # Days of the steepest interval: a long window overlaps something of everybody's.
        rows = np.arange(w.first[i], w.last[i] + 1)
        peak = rows[int(np.argmax(curve.columns["gain"][rows]))]
        near = known & (start < end[peak]) & (end > start[peak]) & (curve.owner != w.owner[i])
        others = len(np.unique(curve.owner[near]))
        if others >= _LEAST_CROWD:
            share = len(np.unique(curve.owner[near & hot])) / others
            out[i] = 0.9 * float(np.clip((share - 0.10) / 0.20, 0.0, 1.0))
    return out


def window_item(tested: Innocence, i: int, language: Language) -> WindowItem:
    """Return one window with its verdict and its explanations, the strongest first."""
    w = tested.windows
    at = 0 if language == "en" else 1
    told = [
        Explained(code, size, EXPLANATIONS[code][at])
        for code, strength in tested.strengths.items()
        if (size := strength.item(i)) >= _LEAST_SHOWN
    ]
    verdict = VERDICTS[tested.verdict.item(i)]
    start, end, gain, expected, level, surprise = w.numbers[:, i].tolist()
    return WindowItem(
        start=_day(int(start)),
        end=_day(int(end)),
        gained=round(gain),
        expected=round(expected),
        share=max(gain - expected, 0.0) / max(level + gain, 1.0),
        surprise=surprise,
        explained=tested.explained.item(i),
        verdict=verdict.code,
        words=verdict.sentence if language == "en" else verdict.sentence_id,
        explanations=tuple(sorted(told, key=lambda e: (-e.strength, e.code))),
        posts_known=tested.asked.item(i),
    )


@lru_cache(maxsize=4096)
def _day(number: int) -> str:
    return str(np.datetime64(number, "D"))
