"""The answer to a single record: the row of the output table in plain numbers, for a service that asks for one.

A table of one row costs as many calls as one of a thousand. Here the same operations in the same order are taken by
plain Python, which rounds as NumPy does; powers and hyperbolic functions stay NumPy's. So the numbers are those of the
table, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.features.catalogue import column_numbers
from realreach.features.view import View
from realreach.heads import Heads
from realreach.output import OUTPUT_COLUMNS
from realreach.pillars import PILLARS
from realreach.real import engagement_per_post, what_is_real_of_one
from realreach.tables.core import FloatArray

if TYPE_CHECKING:
    from realreach.model import OneAssessment

__all__ = ["counts_of", "heads_of", "numbers_of", "row_of"]

_EMPTY: Mapping[str, Any] = dict.fromkeys(OUTPUT_COLUMNS)
_AUTHENTICITY = tuple(f"{name}_authenticity" for name in PILLARS)
_POSITION = column_numbers()
_COUNTS = {
    name: _POSITION[column]
    for name, column in (
        ("history_days", "context__history__366d__days"),
        ("posts_used", "context__posts__100p__count"),
        ("comments_used", "context__comments__all__count"),
        ("accounts_used", "context__audience__all__count"),
    )
}
_SHARES = {
    f"suspicious_audience_share{end}": _POSITION[f"audience__suspicious__all__{stat}"]
    for end, stat in (("", "median"), ("_low", "low"), ("_high", "high"))
}
_FOLLOWERS = _POSITION["context__followers__now__log10"]


def counts_of(matrix: FloatArray) -> dict[str, int]:
    """Return how much there was to look at, from the features of one creator."""
    # A curve that spans no known days spans none.
    return {name: int(max(value, 0.0)) if (value := matrix.item(0, at)) == value else 0 for name, at in _COUNTS.items()}


def numbers_of(
    one: OneAssessment, shifted: Callable[[FloatArray], FloatArray] | None, matrix: FloatArray
) -> dict[str, float]:
    """Return probability, range and authenticity, overall and by pillar, and the estimate of suspicious followers.

    Parameters
    ----------
    one
        What the model says.
    shifted
        Moves probabilities to the prevalence that was asked for; None leaves them.
    matrix
        The features, shape (1, columns).
    """
    told = (*one.numbers, *one.alone)
    probability, low, high, *alone = told if shifted is None else shifted(np.array(told)).tolist()
    out = {
        "authenticity": 100.0 * (1.0 - probability),
        "fake_probability": probability,
        "probability_low": low,
        "probability_high": high,
    }
    for name, value in zip(_AUTHENTICITY, alone, strict=True):
        out[name] = 100.0 * (1.0 - value)
    for name, at in _SHARES.items():
        out[name] = matrix.item(0, at)
    return out


def heads_of(heads: Heads, one: OneAssessment, probability: float, view: View, matrix: FloatArray) -> dict[str, Any]:
    """Return the columns of the heads and of what is real; those that the model has no head for are left out."""
    mechanisms, shares = heads.score_one(one.values, one.judged, probability)
    out: dict[str, Any] = {f"{name}_probability": value for name, value in mechanisms.items()}
    for name, (low, median, high) in shares.items():
        out[name], out[f"{name}_low"], out[f"{name}_high"] = median, low, high
    if shares:
        followers = float(np.rint(10.0 ** matrix[:, _FOLLOWERS])[0])
        creators = view.tables.creators
        price = creators.numbers("price_per_post").item()
        out |= what_is_real_of_one(followers, engagement_per_post(view).item(), price, shares)
        out["currency"] = creators.strings("currency").to_pylist()[0] if price == price else None
    return out


def row_of(columns: Mapping[str, Any], further: Mapping[str, Any]) -> dict[str, Any]:
    """Return all columns of the output table and what comes behind them, None for what is missing."""
    row = {**_EMPTY, **columns, **further}
    for name, value in row.items():
        # NaN is the one value that differs from itself.
        if value != value:
            row[name] = None
    return row
