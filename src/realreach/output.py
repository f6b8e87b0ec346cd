"""The output table: its columns in order and what they mean, their types, and how exports round them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from realreach.heads import MECHANISM_GROUPS
from realreach.pillars import PILLARS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = [
    "DTYPES",
    "HEAD_COLUMNS",
    "OUTPUT_COLUMNS",
    "STATUS_REASONS",
    "Columns",
    "Part",
    "columns_of_rows",
    "completed",
    "frame_of",
    "joined",
    "rounded_columns",
    "rows_of",
]

Columns: TypeAlias = dict[str, Any]
"""The output table without a data frame: by name, float64 (NaN = no value) and int64 arrays, lists of text or of True
and False (None = no value)."""
Part: TypeAlias = "Columns | pa.Table"
"""Some rows of the output table."""

_MECHANISMS = {
    "bought_followers": "followers were bought",
    "bought_engagement": "likes or views were bought",
    "bought_comments": "comments were bought or written by bots",
    "pod": "an engagement pod or like exchange is at work",
    "follow_unfollow": "followers were gathered by following and unfollowing",
}
_PILLARS = {
    "growth": "the follower curve",
    "engagement": "likes, comments and views",
    "comments": "comment texts",
    "audience": "the audience sample",
}


def _with_ends(name: str, meaning: str, empty: str) -> dict[str, str]:
    return {
        name: f"{meaning}, median; {empty}",
        f"{name}_low": "lower end of its 90 % interval",
        f"{name}_high": "upper end of its 90 % interval",
    }


_HEADS: dict[str, str] = {
    **{
        f"{name}_probability": f"0-1, calibrated probability that {_MECHANISMS[name]}; empty if nothing could show it"
        for name in MECHANISM_GROUPS
    },
    **_with_ends(
        "purchased_followers_share", "0-1, share of the followers that was bought", "empty if nothing could show it"
    ),
    **_with_ends(
        "purchased_engagement_share",
        "0-1, share of likes and comments that was bought",
        "empty without judged engagement",
    ),
    **_with_ends("real_followers", "followers less the purchased share", "empty if either is not known"),
    **_with_ends(
        "real_engagement_per_post",
        "mean likes and comments of the newest thirty settled posts, less the purchased share",
        "empty with fewer than three such posts with known counts",
    ),
    **_with_ends("cost_per_real_engagement", "price_per_post over real_engagement_per_post", "empty without a price"),
    "price_share_buying_nothing": "0-1, share of the price that pays for bought engagement; empty without a price",
    "currency": "of the price, as given; empty without a price",
}

OUTPUT_COLUMNS: Mapping[str, str] = MappingProxyType(
    {
        "creator_id": "your key of the creator, unchanged (in CSV with an apostrophe before = + - @, unless --raw-csv)",
        "platform": "platform as given",
        "as_of": "day of the decision; rows dated on or after it were not read, rows without a time always are",
        "status": "scored, insufficient_data or invalid_input",
        "status_reasons": "codes, joined by +: what is missing or wrong",
        "authenticity": "0-100, high = authentic; empty unless scored",
        "fake_probability": "0-1, calibrated probability of bought engagement at the prevalence beside it",
        "probability_low": "lower end of the 90 % range: where the true share of bought creators among those with a "
        "score near this one and the same pillars lies, in nine of ten calibrations",
        "probability_high": "upper end of the 90 % range",
        "prevalence": "share of bought creators at which all probabilities hold: the training data's, or yours",
        "confidence": "high, medium or low: how many pillars the score rests on, how much they hold, how well "
        "calibrated they are",
        "flagged": "true above the model's operating point: the level that the stated share of honest creators "
        "exceeds; does not move with the prevalence",
        **{f"{name}_authenticity": f"0-100 from {_PILLARS[name]} alone; empty if missing" for name in PILLARS},
        "suspicious_audience_share": "0-1, estimated share of suspicious followers; empty without a sample of 30 "
        "accounts",
        "suspicious_audience_share_low": "lower end of its 90 % interval",
        "suspicious_audience_share_high": "upper end of its 90 % interval",
        "coverage": "pillars the score rests on, joined by +",
        **_HEADS,
        "history_days": "days between the first and the last follower count read; 0 with fewer than six counts",
        "posts_used": "posts read",
        "comments_used": "comments by others read",
        "accounts_used": "follower accounts read",
        "rows_set_aside": "rows of this creator that did not pass the checks",
        "model": "name and version of the model",
        "schema_version": "version of the input and output tables",
    }
)
"""The columns of the output table, in order, and what they mean."""

HEAD_COLUMNS = tuple(_HEADS)
"""Columns of the heads and of what is real: empty where a model has no heads, or they were not asked for."""

STATUS_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "no_growth": "no follower history of six counts over three weeks",
        "no_engagement": "fewer than five posts with known counts",
        "no_comments": "fewer than ten comments by others",
        "growth_not_judged": "there is a follower history, but the model was not calibrated for it",
        "engagement_not_judged": "there are posts, but the model was not calibrated for them",
        "comments_not_judged": "there are comments, but the model was not calibrated for them",
        "audience_not_judged": "there is an audience sample, but the model was not calibrated for it",
        "nothing_to_judge": "none of the pillars can be judged",
        "row_set_aside": "the creator's row did not pass the checks; see the rejects",
    }
)
"""Codes of ``status_reasons``; the codes of the input checks can stand beside them for ``invalid_input``."""

_DECIMALS: Mapping[str, int] = MappingProxyType(
    {
        **{name: 4 for name in OUTPUT_COLUMNS if "probability" in name or "share" in name},
        **{name: 1 for name in OUTPUT_COLUMNS if "authenticity" in name},
        **{name: 0 for name in OUTPUT_COLUMNS if name.startswith("real_followers")},
        **{name: 1 for name in OUTPUT_COLUMNS if name.startswith("real_engagement")},
        **{name: 4 for name in OUTPUT_COLUMNS if name.startswith("cost_")},
        "prevalence": 4,
    }
)

DTYPES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(_DECIMALS, "float64"),
        **dict.fromkeys(("history_days", "posts_used", "comments_used", "accounts_used", "rows_set_aside"), "int64"),
        "flagged": "boolean",
    }
)
"""Types of the output columns that are not text."""


def frame_of(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return the output table from its columns as plain arrays and lists; those of heads that are not there are empty.

    Parameters
    ----------
    columns
        By name: float64 (NaN = no value) and int64 arrays, lists of text or of True and False (None = no value).
        Columns that are not of the output table come last, as text.
    """
    import pandas as pd

    frame: dict[str, Any] = {}
    for name, values in completed(columns).items():
        kind: Any = DTYPES.get(name, "str")
        frame[name] = pd.array(values, dtype=kind) if kind in ("str", "boolean") else values
    return pd.DataFrame(frame)


def rows_of(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the same columns as dictionaries of plain Python values, None for what is missing.

    Examples
    --------
    >>> rows = rows_of({"creator_id": ["a"], "fake_probability": np.array([np.nan]), "posts_used": np.array([3])})
    >>> rows[0]["creator_id"], rows[0]["fake_probability"], rows[0]["posts_used"], rows[0]["pod_probability"]
    ('a', None, 3, None)
    """
    count = len(columns["creator_id"])
    if count == 1:
        return [_row_of({name: columns.get(name) for name in _names(columns)})]
    rows: list[dict[str, Any]] = [{} for _ in range(count)]
    for name in _names(columns):
        values = columns.get(name)
        plain = [None] * count if values is None else values.tolist() if isinstance(values, np.ndarray) else values
        for row, value in zip(rows, plain, strict=True):
            # NaN is the one value that differs from itself.
            row[name] = value if value == value else None
    return rows


def completed(columns: Mapping[str, Any]) -> Columns:
    """Return all columns of the output table in their order, and what comes behind; those that lack are empty."""
    count = len(columns["creator_id"])
    empty = {
        name: np.full(count, np.nan) if DTYPES.get(name) == "float64" else [None] * count for name in _names(columns)
    }
    return {name: columns.get(name, nothing) for name, nothing in empty.items()}


def columns_of_rows(rows: Sequence[Mapping[str, Any]]) -> Columns:
    """Return rows that have all columns of the output table as columns."""
    plain = {name: [row[name] for row in rows] for name in OUTPUT_COLUMNS}
    return {
        name: np.array(values, dtype=DTYPES[name]) if DTYPES.get(name) in ("float64", "int64") else values
        for name, values in plain.items()
    }


def joined(parts: Sequence[Columns]) -> Columns:
    """Return parts of the output table as one; text columns that the later ones lack are empty."""
    if len(parts) == 1:
        return parts[0]
    return {name: _stacked([part.get(name, [None] * len(part["creator_id"])) for part in parts]) for name in parts[0]}


def _stacked(pieces: Sequence[Any]) -> Any:
    if isinstance(pieces[0], np.ndarray):
        return np.concatenate(pieces)
    return [value for own in pieces for value in own]


def rounded_columns(columns: Columns) -> Columns:
    """Return the output table as exports show it: probabilities and shares to 4 decimals, authenticity to 1.

    Nobody needs more, and tiny changes of the input cannot be used to probe the model. The library's own results are
    not rounded.
    """
    return {name: np.round(v, _DECIMALS[name]) if name in _DECIMALS else v for name, v in columns.items()}


def _row_of(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the only row of some columns."""
    values = ((n, None if v is None else v.item() if isinstance(v, np.ndarray) else v[0]) for n, v in columns.items())
    return {name: value if value == value else None for name, value in values}


def _names(columns: Mapping[str, Any]) -> list[str]:
    return [*OUTPUT_COLUMNS, *(name for name in columns if name not in OUTPUT_COLUMNS)]
