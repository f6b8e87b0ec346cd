"""What is known of each creator of a world: the truth, the scores, and which mechanisms the tables can show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realreach.errors import InputError
from realreach.false_alarms import TablesScorer
from realreach.model import FittedModel
from realreach.tables.core import Tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["mechanisms_in_view", "scored"]

_CHUNK = 1_000


def scored(scorer: TablesScorer | FittedModel, tables: Tables, truth: pd.DataFrame) -> pd.DataFrame:
    """Return the truth beside the scores: ``p`` (NaN = not scored), ``flagged``, ``pillars``, ``language``."""
    import pandas as pd

    scorer = _as_scorer(scorer)
    ids = tables.creator_ids.to_pylist()
    starts = range(0, len(tables), _CHUNK)
    parts = [scorer.score_tables(tables.take(np.arange(s, min(s + _CHUNK, len(tables))))) for s in starts]
    scores = pd.concat(parts, ignore_index=True).set_index("creator_id").loc[ids]
    known = truth.set_index("creator_id").reindex(ids)
    absent = int(known["is_fake"].isna().sum())
    if absent:
        raise InputError(f"truth: {absent:,} of {len(ids):,} creators have no row. Give the truth of the same world.")
    is_scored = (scores["status"] == "scored").to_numpy()
    language = [v if v is not None else "unknown" for v in tables.creators.strings("language").to_pylist()]
    flagged = scores["flagged"].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    known["is_fake"] = known["is_fake"].astype(bool)
    return known.assign(
        p=np.where(is_scored, scores["fake_probability"].to_numpy(dtype=np.float64), np.nan),
        flagged=flagged & is_scored,
        pillars=scores["coverage"].to_numpy(dtype=object),
        language=language,
    )


def _as_scorer(model: TablesScorer | FittedModel) -> TablesScorer:
    if not isinstance(model, FittedModel):
        return model
    from realreach.bundle import Bundle
    from realreach.scores import Scorer

    facts = {"name": "fitted", "version": "now"}
    return Scorer(Bundle(model=model, metadata=facts, settings="", card="", sha256=""))


def mechanisms_in_view(tables: Tables, events: pd.DataFrame | None) -> dict[str, set[str]] | None:
    """Return, by creator, the mechanisms that were still at work on a day that the tables show."""
    if events is None:
        return None
    import pandas as pd

    first = np.full(len(tables), np.inf)
    for table in (tables.follower_history, tables.posts, tables.comments):
        if table is not None and table.contract.time is not None:
            days = table.days(table.contract.time)
            np.fmin.at(first, table.creator, days)
    shown = dict(zip(tables.creator_ids.to_pylist(), first, strict=True))
    sold = events[~events["is_innocent"].astype(bool)]
    ends = pd.to_datetime(sold["end"], utc=True).dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    at_work: dict[str, set[str]] = {}
    for creator, kind, end in zip(sold["creator_id"], sold["kind"], ends.astype(np.int64) / 86_400, strict=True):
        if end > shown.get(creator, np.inf):
            at_work.setdefault(creator, set()).add(kind)
    return at_work
