"""What is real: followers and engagement less the purchased share, and what a post costs for what is real of it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from realreach.features.blocks import Ragged, ratio, segment_sum
from realreach.features.view import View
from realreach.tables.core import FloatArray

__all__ = ["engagement_per_post", "what_is_real", "what_is_real_of_one"]

_POSTS = 30
"""Newest settled posts that the engagement per post is averaged over."""
_LEAST_POSTS = 3
_UNKNOWN = (math.nan, math.nan, math.nan)

Quantiles = tuple[FloatArray, FloatArray, FloatArray]
"""Low, median and high."""


def engagement_per_post(view: View) -> FloatArray:
    """Return the mean of likes and comments of the newest thirty settled posts; NaN with fewer than three.

    Settled posts are at least two days old. Posts whose likes or comments are not known do not count: unknown is never
    read as zero. A mean, not a median, since the purchased share is one of the sum.
    """
    n = len(view)
    if view.posts is None:
        return np.full(n, np.nan)
    columns, starts = view.settled.columns, view.settled.starts
    total = columns["likes"] + columns["comments_count"]
    if n == 1:
        known = total[~np.isnan(total)][-_POSTS:]
        # A sum in the order of the posts, as for many creators.
        return np.array([known.cumsum()[-1] / len(known) if len(known) >= _LEAST_POSTS else np.nan])
    posts = Ragged({"total": total}, starts).where(~np.isnan(total)).newest(_POSTS)
    count = posts.lengths.astype(np.float64)
    mean = ratio(segment_sum(posts.columns["total"], posts.owner, n), count)
    return np.where(count >= _LEAST_POSTS, mean, np.nan)


def what_is_real(
    followers: FloatArray, per_post: FloatArray, price: FloatArray, shares: Mapping[str, Quantiles]
) -> dict[str, FloatArray]:
    """Return the columns of the output table that say what is real, ends of intervals included.

    Parameters
    ----------
    followers, per_post, price
        Followers now, engagement per post, price of a post; NaN where not known.
    shares
        Low, median and high of the purchased shares, by their name; one that is missing leaves its columns empty.

    Returns
    -------
    dict of str to numpy.ndarray
        ``real_followers``, ``real_engagement_per_post``, ``cost_per_real_engagement`` (in the price's currency), each
        also ``_low`` and ``_high``, and ``price_share_buying_nothing``. The high end of a share is the low end of what
        is real. Cost is NaN where nothing real is left: no price buys it.

    Examples
    --------
    >>> one = np.ones(1)
    >>> share = {"purchased_engagement_share": (0.0 * one, 0.2 * one, 0.5 * one)}
    >>> real = what_is_real(1000 * one, 50 * one, 80 * one, share)
    >>> {name: float(real[name][0]) for name in ("real_engagement_per_post", "cost_per_real_engagement_high")}
    {'real_engagement_per_post': 40.0, 'cost_per_real_engagement_high': 3.2}
    """
    unknown = np.full(len(followers), np.nan)
    nothing: Quantiles = (unknown, unknown, unknown)
    out: dict[str, FloatArray] = {}
    for name, whole, share in (
        ("real_followers", followers, "purchased_followers_share"),
        ("real_engagement_per_post", per_post, "purchased_engagement_share"),
    ):
        low, median, high = shares.get(share, nothing)
        for end, bought in (("", median), ("_low", high), ("_high", low)):
            out[name + end] = whole * (1.0 - bought)
    for end, other in (("", ""), ("_low", "_high"), ("_high", "_low")):
        out[f"cost_per_real_engagement{end}"] = ratio(price, out[f"real_engagement_per_post{other}"])
    bought = shares.get("purchased_engagement_share", nothing)[1]
    out["price_share_buying_nothing"] = np.where(np.isnan(price), np.nan, bought)
    return out


def what_is_real_of_one(
    followers: float, per_post: float, price: float, shares: Mapping[str, tuple[float, float, float]]
) -> dict[str, float]:
    """Return what :func:`what_is_real` does, of one creator in plain numbers.

    Examples
    --------
    >>> real = what_is_real_of_one(1000.0, 50.0, 80.0, {"purchased_engagement_share": (0.0, 0.2, 0.5)})
    >>> real["real_engagement_per_post"], real["cost_per_real_engagement_high"]
    (40.0, 3.2)
    """
    out: dict[str, float] = {}
    for name, whole, share in (
        ("real_followers", followers, "purchased_followers_share"),
        ("real_engagement_per_post", per_post, "purchased_engagement_share"),
    ):
        low, median, high = shares.get(share, _UNKNOWN)
        out[name], out[f"{name}_low"], out[f"{name}_high"] = (whole * (1.0 - bought) for bought in (median, high, low))
    for end, other in (("", ""), ("_low", "_high"), ("_high", "_low")):
        real = out[f"real_engagement_per_post{other}"]
        out[f"cost_per_real_engagement{end}"] = price / real if real > 0 else math.nan
    bought = shares.get("purchased_engagement_share", _UNKNOWN)[1]
    out["price_share_buying_nothing"] = bought if price == price else math.nan
    return out
