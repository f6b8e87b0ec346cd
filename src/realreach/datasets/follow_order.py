"""Followers in the order in which they followed: a growth curve, and batches of accounts opened together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from realreach.datasets.adapter import Adapter, Options

__all__ = ["GROWTH_TWITTER_FOLLOWORDER"]

_DAY = 86_400


def _convert(files: Mapping[str, pd.DataFrame], options: Options) -> dict[str, pd.DataFrame]:
    rows = files["followers_in_order.csv.gz"].sort_values(["account", "rank"], kind="stable", ignore_index=True)
    followed = (rows["est_follow_unix"].to_numpy(dtype=np.float64) // _DAY).astype("int64")
    place = rows["rank"].astype("int64")
    # The day of following is known at best to the day: no account was looked at before it.
    audience = pd.DataFrame(
        {
            "creator_id": rows["account"],
            "account_id": rows["account"] + "-" + place.astype("str"),
            "follow_order": place,
            "created_on": _days(rows["created_day"].to_numpy(dtype=np.float64).astype("int64")),
            "sampled_on": _days(followed),
        }
    )
    gains = pd.DataFrame({"creator_id": rows["account"], "day": followed}).value_counts(sort=False).reset_index()
    gains = gains.sort_values(["creator_id", "day"], ignore_index=True)
    history = pd.DataFrame(
        {
            "creator_id": gains["creator_id"],
            "observed_on": _days(gains["day"].to_numpy()),
            "followers": gains.groupby("creator_id")["count"].cumsum(),
        }
    )
    last = history.groupby("creator_id", sort=False)["followers"].last()
    creators = pd.DataFrame({"creator_id": last.index, "platform": "twitter", "followers": last.to_numpy()})
    return {"creators": creators, "follower_history": history, "audience": audience}


def _days(numbers: np.ndarray) -> np.ndarray:
    return np.asarray(numbers.astype("datetime64[D]").astype("datetime64[s]"))


GROWTH_TWITTER_FOLLOWORDER = Adapter(
    name="growth_twitter_followorder",
    title="All followers of two Twitter accounts in the order of following, with the day each was opened",
    source="github.com/ViralLab/FollowerAnalyzer, sample_data (Zouzou and Varol 2024, EPJ Data Science 13)",
    licence="no licence stated: for your own calibration and tests, do not publish the rows",
    obtain="clone github.com/ViralLab/FollowerAnalyzer, drop the ids and keep place, day opened and newest day so far",
    files={
        "followers_in_order.csv.gz": {
            "account": "text",
            "rank": "number",
            "created_day": "number",
            "est_follow_unix": "number",
        }
    },
    tables=("creators", "follower_history", "audience"),
    convert=_convert,
    options={},
    notes="Days of following are lower bounds: the newest account seen so far. An account counts as looked at on that "
    "day, so that the batches of a day are seen the day after. Only followers who stayed are listed, so the curve "
    "never falls. There is no truth: batches of accounts opened together are strong signs, not receipts.",
)
