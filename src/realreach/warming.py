"""Ready before the first request: the models are loaded and, with the extra ``fast``, all kernels."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.accounts.model import default_account_model
from realreach.compiled import is_installed, load_from_now_on
from realreach.features import feature_matrix
from realreach.tables import tables_from_records
from realreach.tree_contributions import contributor_of
from realreach.tree_text import StoredBooster

if TYPE_CHECKING:
    from realreach.scores import Scorer

__all__ = ["is_installed", "made_up_creator", "warm_up"]


def warm_up(scorer: Scorer | None = None) -> bool:
    """Load the models that read comments and accounts and, with the extra ``fast``, the compiled kernels.

    For services: call it once, before the first request, so that none waits for it. Without numba nothing is compiled
    and NumPy is used; the numbers are the same.

    Parameters
    ----------
    scorer
        The scorer of the service. What it makes ready at first need, for each set of pillars, is made ready now; with
        an :class:`realreach.evidence.explaining.ExplainingScorer` the reasons, too.

    Returns
    -------
    bool
        Whether compiled kernels are in use from now on.

    Examples
    --------
    >>> warm_up() == is_installed()
    True
    """
    in_use = load_from_now_on()
    creator = made_up_creator()
    # A made-up creator with something in every table takes every path once.
    feature_matrix(tables_from_records([creator]).tables)
    explaining = contributor_of(StoredBooster(default_account_model().booster_text))
    if explaining is not None:
        explaining.of(np.zeros((1, explaining.columns)))
    if scorer is not None:
        for count in range(len(_PILLARS)):
            for lacking in combinations(_PILLARS, count):
                scorer.score({name: value for name, value in creator.items() if name not in lacking})
    return in_use


_PILLARS = ("follower_history", "posts", "comments", "audience")
"""The tables that a creator may lack; without posts the comments stand alone."""


def made_up_creator() -> dict[str, Any]:
    """Return a creator, as a record, with something in every table: enough for every path of the features."""
    first = np.datetime64("2026-01-01", "D")
    days = [str(first + day) for day in range(90)]
    texts = ("halo kak, bagus banget!", "𝐏𝐔𝐋𝐀𝐔𝟕𝟕𝟕 gacor 🔥", "where did you buy it?")
    shapes = ("Aaaa_Aaaa", "aaa000", "aaa.aa00")
    posts = [
        {
            "post_id": f"p{i}",
            "posted_at": f"{days[6 * i]}T12:00:00Z",
            "likes": 90 + i,
            "comments_count": 9 + i % 4,
            "views": 900 + 10 * i,
            "caption": "giveaway with @friend",
        }
        for i in range(12)
    ]
    comments = [
        {
            "comment_id": f"m{i}",
            "post_id": f"p{i % 12}",
            "author_id": f"a{i % 31}",
            "author_shape": shapes[i % 3],
            "text": texts[i % 3],
            "commented_at": f"{days[60]}T12:{i:02d}:00Z",
        }
        for i in range(40)
    ]
    return {
        "creator_id": "made-up",
        "platform": "instagram",
        "followers": 12_000,
        "follower_history": [
            # A window of growth, so that it is put to the test.
            {"observed_on": day, "followers": 10_000 + 20 * i + i * i % 7 + (2_500 if i >= 49 else 0)}
            for i, day in enumerate(days)
        ],
        "posts": posts,
        "comments": comments,
        "audience": [
            {"account_id": f"f{i}", "followers": i, "following": 40 * i, "posts": i % 5, "observed_on": days[80]}
            for i in range(60)
        ],
    }
