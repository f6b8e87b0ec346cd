"""StarScout: suspected purchases of GitHub stars by month, the one labelled set of real growth curves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from realreach.datasets.adapter import Adapter, Options
from realreach.errors import UsageError

__all__ = ["GROWTH_STARSCOUT_MONTHLY"]

_HARD = "hard-negatives"
# Label and its source by the study's class; `ambiguous` has no row here and is left out.
_CLASSES = {"campaign": (1, "starscout"), "ordinary": (0, "starscout")}
_HARD_CLASSES = {"flagged_excluded": (0, "starscout_hard")}


def _convert(files: Mapping[str, pd.DataFrame], options: Options) -> dict[str, pd.DataFrame]:
    if options.include not in (None, _HARD):
        raise UsageError(f"growth_starscout_monthly: `include` must be `{_HARD}`, got `{options.include}` instead")
    classes = _CLASSES | (_HARD_CLASSES if options.include == _HARD else {})
    repos = files["repos.csv.gz"]
    repos = repos[repos["label"].isin(classes) & (repos["n_months_span"] >= options.min_months)]
    history = _curves(files["stars_by_month.csv.gz"], repos["repo_hash"])
    last = history.groupby("creator_id", sort=False).last()
    repos = repos[repos["repo_hash"].isin(last.index)]
    ids = repos["repo_hash"].to_numpy()
    creators = pd.DataFrame(
        {"creator_id": ids, "platform": "github", "followers": last.loc[ids, "followers"].to_numpy()}
    )
    labels = pd.DataFrame(
        {
            "creator_id": ids,
            "is_fake": [classes[label][0] for label in repos["label"]],
            "as_of": last.loc[ids, "observed_on"].to_numpy() + np.timedelta64(1, "D"),
            "label_source": [classes[label][1] for label in repos["label"]],
            "group_id": repos["owner_hash"].to_numpy(),
        }
    )
    return {"creators": creators, "follower_history": history, "labels": labels}


def _curves(months: pd.DataFrame, wanted: pd.Series) -> pd.DataFrame:
    """Return levels at month ends, from a zero on the day before the first month to the last month with a star."""
    months = months[months["repo_hash"].isin(wanted)]
    number = months["month"].to_numpy(dtype="datetime64[M]").astype("int64")  # months since 1970-01
    rows = pd.DataFrame({"creator_id": months["repo_hash"].to_numpy(), "month": number, "gain": months["n_stars"]})
    gains = rows.groupby(["creator_id", "month"])["gain"].sum().reset_index()
    # One row per month of the span, beginning one month early: that month end is the day before the first month.
    span = gains.groupby("creator_id")["month"].agg(["min", "max"])
    length = (span["max"] - span["min"] + 2).to_numpy()
    starts = np.repeat(np.cumsum(length) - length, length)
    grid = pd.DataFrame(
        {
            "creator_id": np.repeat(span.index.to_numpy(), length),
            "month": np.repeat(span["min"].to_numpy() - 1, length) + np.arange(length.sum()) - starts,
        }
    )
    grid = grid.merge(gains, on=["creator_id", "month"], how="left")
    level = grid["gain"].fillna(0).groupby(grid["creator_id"], sort=False).cumsum()
    after = (grid["month"].to_numpy() + 1).astype("datetime64[M]").astype("datetime64[D]")
    day = (after - np.timedelta64(1, "D")).astype("datetime64[s]")  # last day of the month
    return pd.DataFrame({"creator_id": grid["creator_id"], "observed_on": day, "followers": level.astype("int64")})


GROWTH_STARSCOUT_MONTHLY = Adapter(
    name="growth_starscout_monthly",
    title="GitHub stars by month: suspected purchase campaigns against ordinary projects (labelled)",
    source="github.com/hehao98/StarScout, data/250101 and data/model_stars.csv; He et al., arXiv 2412.13459",
    licence="Apache-2.0 (keep the notice); the study asks not to shame single repositories",
    obtain="clone github.com/hehao98/StarScout and join its month table with its final campaign list to the two files",
    files={
        "repos.csv.gz": {"repo_hash": "text", "owner_hash": "text", "label": "text", "n_months_span": "number"},
        "stars_by_month.csv.gz": {"repo_hash": "text", "month": "text", "n_stars": "number"},
    },
    tables=("creators", "follower_history", "labels"),
    convert=_convert,
    options={
        "min_months": "repositories whose stars span at least so many months (6: most campaigns are throw-away "
        "repositories of one month, which anyone can tell apart)",
        "include": f"`{_HARD}` adds the repositories that the raw detector flagged and the final list dropped, mostly "
        "real viral launches, as is_fake 0 with label_source `starscout_hard`",
    },
    labelled=True,
    notes="Stars stand in for followers. Labels come from heuristics, not receipts; `ambiguous` repositories are left "
    "out. Ordinary ones are about 27 times larger: report a size-matched sample too. The label's as_of is the day "
    "after the repository's own last month with a star.",
)
