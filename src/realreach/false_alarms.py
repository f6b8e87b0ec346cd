"""The false-alarm bench: how often a model flags real creators, most of whom are honest, by set, platform and tier.

Nobody has labelled these creators and some of them will have bought, so a share flagged is an upper bound of the
false alarms, not their rate. Two plain rules on the same creators stand beside it.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from realreach.baselines import norms_rule
from realreach.datasets import ADAPTERS, find_adapter, load_dataset, snapshot_day
from realreach.errors import InputError
from realreach.features import build_features
from realreach.features.view import decision_days
from realreach.metrics import size_tier, wilson_interval
from realreach.policy import Policy, apply_policy, default_policy
from realreach.tables import tables_from_frames
from realreach.tables.core import FloatArray, Tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BenchRow",
    "TablesScorer",
    "bench_set",
    "markdown_table",
    "rows_to_json",
    "run_bench",
    "spike_rule",
    "summarise",
    "unlabelled_sets",
    "wilson_interval",
]

_CHUNK = 500
"""Creators scored at once: bounds memory, changes no number."""
_RULE_WINDOW_DAYS = 90
_RULE_MIN_GAINS = 14
_RULE_Z = 3.0
_NORMS_FLAG = 0.5
"""The published-norms rule flags a creator when at least half of the rules that could be judged fire."""
_TIERS = ("all", "<1k", "1k-10k", "10k-100k", "100k-1M", ">=1M", "unknown")
_STATUSES = ("scored", "insufficient_data", "invalid_input")


class TablesScorer(Protocol):
    """What the bench needs of a model: :class:`realreach.scores.Scorer` has it."""

    def score_tables(self, tables: Tables, as_of: object = None) -> pd.DataFrame:
        """Return one row per creator: with at least creator_id, status, flagged and coverage."""
        ...


@dataclass(frozen=True)
class BenchRow:
    """One line of the bench: a set, a platform, a follower tier.

    ``creators`` = ``scored`` + ``insufficient`` + ``invalid``. ``flagged`` counts the scored creators above the
    model's own operating point; ``share`` is that over ``scored`` with its Wilson 95 % interval ``low`` to ``high``.
    ``declined`` and ``reviewed`` count the scored creators with that action of the policy, ``suspicious`` those
    above the policy's limit of decline before its rules are asked, ``declinable`` those who have enough pillars for a
    decline at all: where it is 0, a policy that never declines on one pillar declines nobody.
    The rules are counted over all creators for whom they could be judged. Shares are NaN where nobody was judged.
    ``pillars`` says how many of the scored creators had each pillar.
    """

    dataset: str
    platform: str
    tier: str
    creators: int
    scored: int
    insufficient: int
    invalid: int
    flagged: int
    share: float
    low: float
    high: float
    declined: int
    declined_share: float
    declined_low: float
    declined_high: float
    reviewed: int
    suspicious: int
    declinable: int
    spike_judged: int
    spike_share: float
    norms_judged: int
    norms_share: float
    pillars: dict[str, int]


def spike_rule(tables: Tables, as_of: object = None) -> FloatArray:
    """Judge each creator by the common rule "any day with z > 3".

    The gains between consecutive days of the last 90 days are compared with their own mean and standard deviation.

    Parameters
    ----------
    tables
        Checked tables of ``n`` creators.
    as_of
        Day of the decision, as in :func:`realreach.features.build_features`.

    Returns
    -------
    numpy.ndarray
        Shape (n,): 1 where the rule fires, 0 where it does not, NaN with fewer than 14 such gains (no history, or a
        monthly one). A curve without any change never fires.
    """
    n = len(tables)
    table = tables.follower_history
    if table is None:
        return np.full(n, np.nan)
    day, level, owner = table.days("observed_on"), table.numbers("followers"), table.creator
    last = decision_days(tables, as_of)[owner]
    read = (day < last) & (day >= last - _RULE_WINDOW_DAYS)
    day, level, owner = day[read], level[read], owner[read]
    daily = (owner[1:] == owner[:-1]) & (day[1:] - day[:-1] == 1.0)
    gain, owner = (level[1:] - level[:-1])[daily], owner[1:][daily]
    count = np.bincount(owner, minlength=n)
    mean = np.bincount(owner, gain, n) / np.maximum(count, 1)
    off = gain - mean[owner]
    spread = np.sqrt(np.bincount(owner, off * off, n) / np.maximum(count - 1, 1))
    fires = np.bincount(owner, off > _RULE_Z * spread[owner], n) > 0
    return np.where(count >= _RULE_MIN_GAINS, fires.astype(np.float64), np.nan)


def unlabelled_sets() -> list[str]:
    """Return the names of the public sets without labels, in the order of the adapters."""
    return [name for name, adapter in ADAPTERS.items() if not adapter.labelled]


def run_bench(
    scorer: TablesScorer,
    datasets: str | Path,
    only: Sequence[str] | None = None,
    progress: Callable[[str], None] = lambda message: None,
    *,
    policy: Policy | None = None,
) -> list[BenchRow]:
    """Score the unlabelled public sets of a folder.

    Parameters
    ----------
    scorer
        The model.
    datasets
        Folder with one folder per set, named like the set. Sets that are not there are passed over, with a word to
        ``progress``.
    only
        Names of the sets wanted; None = all.
    progress
        Called with a sentence per set.
    policy
        What to do with the scores; None takes the policy that comes with the package.

    Returns
    -------
    list of BenchRow
        Lines by set, platform and tier, then one for all sets together.

    Raises
    ------
    UsageError
        If a wanted set is not known or has labels.
    InputError
        If none of the sets is there, or a file is not what its adapter expects.
    """
    root = Path(datasets)
    names = unlabelled_sets() if not only else [_unlabelled(name) for name in only]
    judged = []
    for name in names:
        if not (root / name).is_dir():
            progress(f"{name}: no such folder, passed over")
            continue
        judged.append(bench_set(scorer, name, root / name, policy))
        flagged, declined = int(judged[-1]["flagged"].sum()), int((judged[-1]["action"] == "decline").sum())
        progress(f"{name}: {len(judged[-1]):,} creators, {flagged:,} flagged, {declined:,} declined")
    if not judged:
        raise InputError(
            f"None of the sets {', '.join(names)} lies in folder `{root.name}`. "
            "It should hold one folder per set, named like the set; `realreach datasets` says where to get them."
        )
    rows = [row for frame in judged for row in summarise(frame)]
    return [*rows, _all_sets(judged)]


def _unlabelled(name: str) -> str:
    adapter = find_adapter(name)
    if adapter.labelled:
        from realreach.errors import UsageError

        raise UsageError(
            f"{name} has labels: train and evaluate on it. The bench takes {', '.join(unlabelled_sets())}."
        )
    return name


def bench_set(scorer: TablesScorer, name: str, folder: str | Path, policy: Policy | None = None) -> pd.DataFrame:
    """Judge every creator of one set by the model, by the policy (None: the default one) and by the two rules.

    Returns
    -------
    pandas.DataFrame
        One row per creator of the set, no more and no less: ``dataset``, ``creator_id``, ``platform``, ``tier``,
        ``status``, ``flagged``, ``spike`` and ``norms`` (1, 0, NaN = not judged), ``coverage``, ``action``,
        ``band``, ``declinable``. A creator set aside by
        the table checks has status ``invalid_input``.
    """
    import pandas as pd

    frames = load_dataset(name, folder)
    as_of = snapshot_day(name, frames)
    tables = tables_from_frames(frames).tables
    policy = default_policy() if policy is None else policy
    parts = [_judge(scorer, part, as_of, policy) for part in _chunks(tables)]
    wanted = frames["creators"][["creator_id", "platform"]].assign(dataset=name)
    judged = wanted.merge(pd.concat(parts, ignore_index=True), on="creator_id", how="left", validate="one_to_one")
    judged["status"] = judged["status"].fillna("invalid_input")
    judged["tier"] = judged["tier"].fillna("unknown")
    flagged = judged["flagged"].astype("boolean").fillna(value=False).astype(bool)
    judged["flagged"] = flagged & (judged["status"] == "scored")
    return judged


def _chunks(tables: Tables) -> Iterator[Tables]:
    for first in range(0, len(tables), _CHUNK):
        yield tables.take(np.arange(first, min(first + _CHUNK, len(tables)), dtype=np.int64))


def _judge(scorer: TablesScorer, tables: Tables, as_of: object, policy: Policy) -> pd.DataFrame:
    """Return the scores and the rules' words on some creators, each exactly once."""
    import pandas as pd

    ids = tables.creator_ids.to_pylist()
    scores = scorer.score_tables(tables, as_of=as_of)
    given = Counter(scores["creator_id"])
    if given != Counter(ids):
        raise RuntimeError(
            f"{len(ids)} creators went into score_tables and {len(scores)} rows came out; each creator should come "
            "back exactly once."
        )
    unknown = set(scores["status"]) - set(_STATUSES)
    if unknown:
        raise RuntimeError(f"score_tables gave status {', '.join(sorted(unknown))}; expected {', '.join(_STATUSES)}.")
    features = build_features(tables, as_of)
    followers = np.round(10.0 ** features["context__followers__now__log10"].to_numpy())
    platforms = tables.creators.strings("platform").to_pylist()
    rule = norms_rule(features.assign(platform=platforms, followers=followers))
    rules = pd.DataFrame(
        {
            "creator_id": ids,
            "tier": size_tier(followers),
            "spike": spike_rule(tables, as_of),
            "norms": np.where(np.isnan(rule), np.nan, rule >= _NORMS_FLAG),
        }
    )
    decided = apply_policy(scores, policy)
    # A pillar more than the policy asks for can only come from more data: who lacks it is never declined.
    pillars = [0 if text == "nothing" else text.count("+") + 1 for text in decided["coverage"].astype(str)]
    decided["declinable"] = np.array(pillars) >= policy.rules.pillars_to_decline
    kept = ["creator_id", "status", "flagged", "coverage", "action", "band", "declinable"]
    return decided[kept].merge(rules, on="creator_id", validate="one_to_one")


def summarise(judged: pd.DataFrame) -> list[BenchRow]:
    """Count the creators of one or more sets (rows of :func:`bench_set`) by set, platform and tier.

    A line for all tiers comes first; it is left out where there is only one tier.
    """
    rows: list[BenchRow] = []
    for (dataset, platform), group in judged.groupby(["dataset", "platform"], sort=True):
        tiers = [tier for tier in _TIERS if (group["tier"] == tier).any()]
        if len(tiers) > 1:
            rows.append(_row(group, str(dataset), str(platform), "all"))
        rows += [_row(group[group["tier"] == tier], str(dataset), str(platform), tier) for tier in tiers]
    return rows


def _all_sets(judged: Sequence[pd.DataFrame]) -> BenchRow:
    import pandas as pd

    return _row(pd.concat(judged, ignore_index=True), "all sets", "all", "all")


def _row(group: pd.DataFrame, dataset: str, platform: str, tier: str) -> BenchRow:
    status = Counter(group["status"])
    scored, flagged = status["scored"], int(group["flagged"].sum())
    low, high = wilson_interval(flagged, scored)
    judged = group[group["status"] == "scored"]
    actions = Counter(judged["action"])
    declined_low, declined_high = wilson_interval(actions["decline"], scored)
    spike, norms = (group[name].dropna().to_numpy(dtype=np.float64) for name in ("spike", "norms"))
    return BenchRow(
        dataset=dataset,
        platform=platform,
        tier=tier,
        creators=len(group),
        scored=scored,
        insufficient=status["insufficient_data"],
        invalid=status["invalid_input"],
        flagged=flagged,
        share=flagged / scored if scored else math.nan,
        low=low,
        high=high,
        declined=actions["decline"],
        declined_share=actions["decline"] / scored if scored else math.nan,
        declined_low=declined_low,
        declined_high=declined_high,
        reviewed=actions["review"],
        suspicious=int((judged["band"] == "suspicious").sum()),
        declinable=int(judged["declinable"].astype(bool).sum()),
        spike_judged=len(spike),
        spike_share=float(spike.mean()) if len(spike) else math.nan,
        norms_judged=len(norms),
        norms_share=float(norms.mean()) if len(norms) else math.nan,
        pillars=_pillars(group.loc[group["status"] == "scored", "coverage"]),
    )


def _pillars(values: pd.Series) -> dict[str, int]:
    """Count the creators that had each pillar; a value is the names joined by +."""
    return dict(sorted(Counter(name for value in values for name in value.split("+")).items()))


def markdown_table(rows: Sequence[BenchRow]) -> str:
    """Return the lines as a Markdown table; shares in per cent, intervals in brackets, `-` where nobody was judged."""
    head = (
        "set",
        "platform",
        "followers",
        "creators",
        "scored",
        "too little data",
        "set aside",
        "flagged [95 %]",
        "declined [95 %]",
        "reviewed",
        "above decline limit",
        "could be declined",
        "any day z > 3",
        "norms rule",
        "pillars",
    )
    body = [
        (
            row.dataset,
            row.platform,
            row.tier,
            f"{row.creators:,}",
            f"{row.scored:,}",
            f"{row.insufficient:,}",
            f"{row.invalid:,}",
            _with_interval(row.share, row.low, row.high),
            _with_interval(row.declined_share, row.declined_low, row.declined_high),
            _percent(row.reviewed / row.scored if row.scored else math.nan),
            _percent(row.suspicious / row.scored if row.scored else math.nan),
            f"{row.declinable:,}",
            _percent(row.spike_share),
            _percent(row.norms_share),
            ", ".join(row.pillars) or "-",
        )
        for row in rows
    ]
    rule = ("---", "---", "---", *["---:"] * 11, "---")
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *body))


def _with_interval(share: float, low: float, high: float) -> str:
    return _percent(share) + ("" if math.isnan(share) else f" [{_percent(low)}, {_percent(high)}]")


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else f"{100 * share:.1f} %"


def rows_to_json(rows: Sequence[BenchRow]) -> str:
    """Return the lines as a JSON array of objects; shares of nobody are null."""
    plain = [
        {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in asdict(row).items()}
        for row in rows
    ]
    return json.dumps(plain, indent=2, allow_nan=False) + "\n"
