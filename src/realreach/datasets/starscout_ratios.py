"""StarScout totals: engagement per star of campaigns against a random sample, labelled, without a time axis."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from realreach.datasets.adapter import Adapter, DatasetError, Options
from realreach.errors import UsageError

__all__ = ["GROWTH_STARSCOUT_RATIOS"]

_FEW_PUSHES = "few-pushes"
_LEAST_PUSHES = 10
_CLASSES = {"campaign": 1, "random_sample": 0}
# Counted from 2019-07 to 2024-12; the one row of totals is dated on the last of these days.
_LAST_DAY = np.datetime64("2024-12-31", "s")


def _convert(files: Mapping[str, pd.DataFrame], options: Options) -> dict[str, pd.DataFrame]:
    if options.include not in (None, _FEW_PUSHES):
        raise UsageError(f"growth_starscout_ratios: `include` must be `{_FEW_PUSHES}`, got `{options.include}` instead")
    rows = files["repo_event_totals.csv.gz"]
    least = 0 if options.include == _FEW_PUSHES else _LEAST_PUSHES
    rows = rows[rows["label"].isin(_CLASSES) & (rows["PushEvent"] >= least) & (rows["WatchEvent"] > 0)]
    if rows["repo_hash"].duplicated().any():
        raise DatasetError(
            f"{int(rows['repo_hash'].duplicated().sum())} repositories have more than one row of totals. "
            "Expected is one row per repository."
        )
    ids = rows["repo_hash"].to_numpy()
    creators = pd.DataFrame({"creator_id": ids, "platform": "github", "followers": rows["WatchEvent"].to_numpy()})
    posts = pd.DataFrame(
        {
            "creator_id": ids,
            "post_id": "totals",
            "posted_at": pd.Series(_LAST_DAY, index=range(len(ids))).dt.tz_localize("UTC"),
            "likes": rows["ForkEvent"].to_numpy(),
            "comments_count": rows["IssueCommentEvent"].to_numpy(),
            "shares": rows["IssuesEvent"].to_numpy(),
            "format": "total",
        }
    )
    labels = pd.DataFrame(
        {
            "creator_id": ids,
            "is_fake": [_CLASSES[label] for label in rows["label"]],
            "as_of": _LAST_DAY + np.timedelta64(1, "D"),
            "label_source": "starscout",
            "group_id": rows["owner_hash"].to_numpy(),
        }
    )
    return {"creators": creators, "posts": posts, "labels": labels}


GROWTH_STARSCOUT_RATIOS = Adapter(
    name="growth_starscout_ratios",
    title="GitHub repositories: forks, issues and comments per star, suspected campaigns against a random sample",
    source="github.com/hehao98/StarScout, data/250101, data/241001, data/model_stars.csv; He et al., arXiv 2412.13459",
    licence="Apache-2.0 (keep the notice); the study asks not to shame single repositories",
    obtain="clone github.com/hehao98/StarScout and stack its tables of repository events to the one file",
    files={
        "repo_event_totals.csv.gz": {
            "repo_hash": "text",
            "owner_hash": "text",
            "label": "text",
            "WatchEvent": "number",
            "ForkEvent": "number",
            "IssuesEvent": "number",
            "IssueCommentEvent": "number",
            "PushEvent": "number",
        }
    },
    tables=("creators", "posts", "labels"),
    convert=_convert,
    options={
        "include": f"`{_FEW_PUSHES}` adds the repositories with fewer than {_LEAST_PUSHES} pushes, many of them "
        "throw-away pages that the kind of project gives away"
    },
    labelled=True,
    notes="Stars stand in for followers, forks for likes, issues for shares, issue comments for comments. These are "
    "totals without a time axis: each repository comes as one post row dated on the last day, and only levels can be "
    "told from it. `suspected_other` is left out. Other event types are not read: they tell the kind of project.",
)
