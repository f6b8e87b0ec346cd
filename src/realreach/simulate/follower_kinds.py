"""Kinds of follower accounts and what their profiles show, after followers of real creators.

The levels begin with a mixture fitted to 10,000 followers drawn at random from the audiences of 115 influencers and
with the accounts that journalists held for real: only means, spreads and correlations are kept, rounded and then moved
by hand. ``empty`` and ``hollow`` lie where that mixture has its most suspicious parts; ``aged`` and ``live``, the
dearer goods, and all biographies and ages are judgement, for no public set shows them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from realreach.tables.core import FloatArray

__all__ = ["KINDS", "SOLD", "SUSPICIOUS", "FollowerKind", "draw_profiles"]


@dataclass(frozen=True)
class FollowerKind:
    """One kind of account.

    ``level`` and ``spread`` describe ln(1 + count) of posts, following and followers; ``ties`` are the correlations
    (posts, following), (posts, followers), (following, followers). Shares lie between 0 and 1: accounts with a
    picture, private ones, those without a digit in the name, those with a biography. ``digits`` is the usual number
    of digits where there are any, ``age_years`` the usual age on the day of following.
    """

    level: tuple[float, float, float]
    spread: tuple[float, float, float]
    ties: tuple[float, float, float]
    picture: float
    private: float
    no_digits: float
    digits: float
    bio: float
    age_years: float


KINDS: Mapping[str, FollowerKind] = MappingProxyType(
    {
        "active": FollowerKind((4.0, 6.5, 5.7), (1.5, 1.1, 1.1), (0.15, 0.35, 0.45), 0.99, 0.31, 0.75, 2.7, 0.75, 3.0),
        "known": FollowerKind((5.2, 7.0, 6.9), (1.4, 1.1, 2.0), (0.30, 0.50, 0.15), 0.99, 0.12, 0.86, 2.2, 0.90, 3.5),
        "mass": FollowerKind((3.9, 8.6, 6.7), (1.8, 0.45, 0.9), (0.05, 0.25, 0.10), 0.97, 0.21, 0.70, 2.7, 0.75, 2.5),
        "lurker": FollowerKind((1.6, 6.0, 4.2), (1.1, 1.3, 1.5), (0.00, 0.00, 0.45), 0.88, 0.27, 0.66, 2.9, 0.40, 2.0),
        "idle": FollowerKind((0.3, 5.4, 2.2), (0.6, 1.4, 1.3), (-0.1, 0.00, 0.70), 0.66, 0.13, 0.50, 2.9, 0.12, 1.2),
        # The rest is run by machines or was sold.
        "empty": FollowerKind((0.2, 6.2, 1.9), (0.5, 1.2, 1.2), (-0.1, 0.00, 0.60), 0.60, 0.06, 0.45, 3.2, 0.08, 0.9),
        "hollow": FollowerKind((1.2, 8.6, 5.0), (1.0, 0.4, 0.7), (0.00, 0.10, 0.20), 0.88, 0.10, 0.64, 3.1, 0.35, 1.4),
        "aged": FollowerKind((2.4, 7.5, 5.1), (1.3, 0.9, 1.0), (0.10, 0.20, 0.30), 0.97, 0.16, 0.64, 3.0, 0.60, 2.0),
        "live": FollowerKind((3.5, 6.9, 5.6), (1.6, 1.0, 1.1), (0.15, 0.35, 0.45), 0.99, 0.25, 0.72, 2.8, 0.70, 2.6),
    }
)
"""Real people first (also quiet ones and accounts that were left), then what is sold, the better the dearer."""

SOLD = ("empty", "hollow", "aged", "live")
"""Kinds that are made to be sold."""
SUSPICIOUS = ("idle", *SOLD)
"""Kinds of no value to an advertiser, which is what the labels of the account model mean; dead accounts are too."""

_FOLLOWING_LIMIT = MappingProxyType({"instagram": 7_500.0, "tiktok": 10_000.0})


def draw_profiles(
    rng: np.random.Generator, kinds: np.ndarray, shift: FloatArray, platform: str
) -> dict[str, FloatArray]:
    """Draw what the profiles of some accounts show.

    Parameters
    ----------
    kinds
        Name of the kind of each account.
    shift
        What this audience (or seller) adds to the three levels of each account, shape (n, 3).
    platform
        Sets the most accounts that one may follow.

    Returns
    -------
    dict
        Columns of the audience table by name.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> shown = draw_profiles(rng, np.array(["hollow"] * 200), np.zeros((200, 3)), "instagram")
    >>> bool(np.median(shown["following"]) > 3 * np.median(shown["followers"]))
    True
    """
    n = len(kinds)
    counts = np.zeros((n, 3))
    shares = np.zeros((n, 6))
    for name in KINDS:
        rows = np.flatnonzero(kinds == name)
        kind = KINDS[name]
        noise = rng.standard_normal((len(rows), 3)) @ _root(kind).T
        counts[rows] = np.array(kind.level) + shift[rows] + noise
        shares[rows] = (kind.picture, kind.private, kind.no_digits, kind.digits, kind.bio, 0.0)
    posts, following, followers = np.floor(np.expm1(np.clip(counts, 0.0, 16.0))).T
    digits = 1.0 + rng.poisson(np.maximum(shares[:, 3] - 1.0, 0.0))
    length = np.clip(np.round(np.exp(rng.normal(2.42, 0.28, n))), 3, 30)
    dice = rng.random((n, 4))
    bio = np.clip(np.round(np.exp(rng.normal(3.6, 0.8, n))), 1, 150)
    return {
        "followers": followers,
        "following": np.minimum(following, _FOLLOWING_LIMIT.get(platform, 20_000.0)),
        "posts_count": posts,
        "has_picture": (dice[:, 0] < shares[:, 0]).astype(float),
        "is_private": (dice[:, 1] < shares[:, 1]).astype(float),
        "bio_length": np.where(dice[:, 3] < shares[:, 4], bio, 0.0),
        "username_length": length,
        "username_digits": np.where(dice[:, 2] < shares[:, 2], 0.0, np.minimum(digits, length - 1.0)),
    }


def _root(kind: FollowerKind) -> FloatArray:
    a, b, c = kind.ties
    ties = np.array([[1.0, a, b], [a, 1.0, c], [b, c, 1.0]])
    spread = np.array(kind.spread)
    return np.asarray(np.linalg.cholesky(ties * np.outer(spread, spread)), dtype=np.float64)
