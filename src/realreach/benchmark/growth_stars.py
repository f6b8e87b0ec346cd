"""GitHub stars: monthly curves of suspected campaigns, and totals of forks, issues and comments per star."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from realreach.benchmark.growth_recipe import by_folds, matched_result, refuse_leaks, shuffled
from realreach.benchmark.measure import from_scores
from realreach.benchmark.result import Figure, Result
from realreach.benchmark.suites import Options
from realreach.datasets import load_dataset
from realreach.false_alarms import wilson_interval
from realreach.features import feature_matrix, feature_names
from realreach.metrics import roc_auc
from realreach.tables import tables_from_frames
from realreach.tables.core import FloatArray, Tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["monthly_lines", "ratio_lines"]

_ENDS_EARLY = (
    "growth__recent_gain__30d__share",
    "growth__unexplained_gain__30d__share",
    "growth__net_growth__30d__log",
    "growth__net_growth__90d__log",
)
"""A removed repository's curve ends early, so what happened last would tell the label."""
_FOLDS = "5 folds by owner, mean of {repeats} repetitions"


@dataclass(frozen=True, eq=False)
class _Set:
    """A labelled set as features: what is judged, who owns it, how large it is."""

    name: str
    tables: Tables
    X: FloatArray
    y: FloatArray
    owner: npt.NDArray[Any]
    size: FloatArray
    source: npt.NDArray[Any]

    def columns(self, names: tuple[str, ...]) -> FloatArray:
        """Return some features."""
        return self.X[:, [feature_names().index(name) for name in names]]


def _read(name: str, folder: Path, **options: Any) -> _Set:
    frames = load_dataset(name, folder, **options)
    tables = tables_from_frames(frames).tables
    labels: pd.DataFrame = frames["labels"].set_index("creator_id").loc[tables.creator_ids.to_pylist()]
    size = tables.creators.numbers("followers")
    return _Set(
        name,
        tables,
        feature_matrix(tables),
        labels["is_fake"].to_numpy(np.float64),
        labels["group_id"].to_numpy(dtype=object),
        size,
        labels["label_source"].to_numpy(dtype=object),
    )


def _family(prefix: str, without: tuple[str, ...] = ()) -> tuple[str, ...]:
    return tuple(n for n in feature_names() if n.startswith(prefix) and n not in without)


def monthly_lines(datasets: Path, options: Options) -> list[Result]:
    """Return the lines of ``growth_starscout_monthly``: matched in size, all, and who is found or wrongly flagged."""
    name = "growth_starscout_monthly"
    data = _read(name, datasets / name, min_months=6, include="hard-negatives")
    used = _family("growth__", _ENDS_EARLY)
    refuse_leaks(data.columns(used), data.y, used, name)
    options.report(f"{name}: {len(data.y):,} repositories")
    repeats = 1 if options.quick else 3
    plain = data.source != "starscout_hard"
    given = {"trainable": plain, "repeats": repeats, "seed": options.seed}
    curves = _only(data.X, used)
    scores = {
        ("ours", "growth pillar"): by_folds(curves, data.y, data.owner, **given),
        ("baseline", "untuned LightGBM"): by_folds(data.columns(used), data.y, data.owner, kind="plain", **given),
        ("baseline", "share of the best month"): data.columns(("growth__gain_share__366d__max",))[:, 0],
    }
    lines = []
    protocol = _FOLDS.format(repeats=repeats)
    for (method, label), p in scores.items():
        aims = {"roc_auc": 0.72} if method == "ours" else {}
        lines.append(_matched(data, plain, method, label, p, protocol, aims, options))
        lines.append(_all(data, plain, method, label, p, protocol, options))
    lines.append(_found_and_wronged(data, plain, scores[("ours", "growth pillar")], protocol, datasets / name))
    dealt = shuffled(data.y, data.owner, options.seed)
    chance = by_folds(curves[plain], dealt[plain], data.owner[plain], seed=options.seed)
    lines.append(_chance(name, dealt[plain], chance, "5 folds by owner"))
    return lines + zero_shot(data, plain, options)


def ratio_lines(datasets: Path, options: Options) -> list[Result]:
    """Return the lines of ``growth_starscout_ratios``: levels of engagement per star, by the ordinary classifier."""
    name = "growth_starscout_ratios"
    lines = []
    for few, task in ((False, "10 pushes and more"), (True, "all repositories")):
        data = _read(name, datasets / name, **({"include": "few-pushes"} if few else {}))
        options.report(f"{name}: {task}, {len(data.y):,} repositories")
        used = tuple(n for n in _family("engagement__") if "_level__" in n)
        refuse_leaks(data.columns(used), data.y, used, name)
        every = np.ones(len(data.y), dtype=bool)
        repeats = 1
        levels = _only(data.X, used)
        scores = {
            ("ours", "engagement pillar"): by_folds(levels, data.y, data.owner, repeats=repeats, seed=options.seed),
            ("baseline", "untuned LightGBM"): by_folds(
                data.columns(used), data.y, data.owner, kind="plain", repeats=repeats, seed=options.seed
            ),
            ("baseline", "forks per star"): -data.columns(("engagement__like_level__100p__log",))[:, 0],
        }
        for (method, label), p in scores.items():
            aims = {"roc_auc": 0.95, "pr_auc": 0.95} if method == "ours" else {}
            line = _matched(data, every, method, label, p, "5 folds by owner", aims, options, task)
            lines.append(line)
            lines.append(_all(data, every, method, label, p, "5 folds by owner", options, task))
        if not few:
            dealt = shuffled(data.y, data.owner, options.seed)
            chance = by_folds(levels, dealt, data.owner, seed=options.seed)
            lines.append(_chance(name, dealt, chance, "5 folds by owner"))
            lines += zero_shot(data, every, options)
    return lines


def _only(X: FloatArray, used: tuple[str, ...]) -> FloatArray:
    """Return the feature table with everything unknown that is neither context nor among ``used``."""
    keep = np.array([n in used or n.startswith("context__") for n in feature_names()])
    return np.where(keep, X, np.nan)


def _matched(
    data: _Set, rows: npt.NDArray[np.bool_], method: Any, label: str, p: FloatArray, protocol: str,
    aims: dict[str, float], options: Options, task: str = "campaign against ordinary",
) -> Result:  # fmt: skip
    return matched_result(
        data.name,
        f"{task}, pairs of equal size",
        method,
        label,
        data.y[rows],
        p[rows],
        data.size[rows],
        protocol=protocol,
        aims=aims,
        replicates=100 if options.quick else 300,
    )


def _all(
    data: _Set, rows: npt.NDArray[np.bool_], method: Any, label: str, p: FloatArray, protocol: str, options: Options,
    task: str = "campaign against ordinary",
) -> Result:  # fmt: skip
    return from_scores(
        data.name,
        f"{task}, all sizes",
        method,
        label,
        data.y[rows],
        p[rows],
        groups=data.owner[rows],
        probabilities=method == "ours",
        protocol=protocol,
        note="size alone gives most of it away" if data.name.endswith("monthly") else "",
        replicates=100 if options.quick else 300,
    )


def _found_and_wronged(data: _Set, plain: npt.NDArray[np.bool_], p: FloatArray, protocol: str, folder: Path) -> Result:
    """Return who is flagged at the score that 5 % of the ordinary ones exceed: removed campaigns, viral projects."""
    import pandas as pd

    repos = pd.read_csv(folder / "repos.csv.gz", dtype={"repo_hash": str}).set_index("repo_hash")
    gone = repos["repo_gone"].reindex(data.tables.creator_ids.to_pylist()).to_numpy(np.float64)
    ordinary = plain & (data.y == 0)
    threshold = float(np.quantile(p[ordinary], 0.95))
    figures = {}
    for key, rows in (
        ("recall_of_removed_campaigns", (data.y == 1) & (gone == 1)),
        ("recall_of_campaigns_still_there", (data.y == 1) & (gone == 0)),
        ("viral_projects_false_alarms", ~plain),
    ):
        hits, n = int((p[rows] > threshold).sum()), int(rows.sum())
        figures[key] = Figure(hits / max(n, 1), *wilson_interval(hits, n))
    return Result(
        data.name,
        "flagged at 5 % false positives among ordinary ones",
        "ours",
        "growth pillar",
        len(p),
        int(data.y.sum()),
        figures,
        protocol,
        note=f"{int((~plain).sum())} viral projects (only the raw detector fired), never trained on",
    )


def _chance(name: str, y: FloatArray, p: FloatArray, protocol: str) -> Result:
    return from_scores(
        name,
        "check: shuffled labels",
        "baseline",
        "the recipe on shuffled labels",
        y,
        p,
        probabilities=False,
        protocol=protocol,
        note="must be chance (0.5)",
        replicates=100,
    )


def zero_shot(data: _Set, rows: npt.NDArray[np.bool_], options: Options) -> list[Result]:
    """Return how the shipped model, trained on simulated creators only, ranks and flags this set."""
    if options.scorer is None:
        return []
    table = options.scorer.score_tables(data.tables)
    p = table["fake_probability"].to_numpy(np.float64)
    scored = rows & ~np.isnan(p)
    if len(np.unique(data.y[scored])) < 2:
        options.report(f"{data.name}: the shipped model scores too few creators of both classes; no zero-shot line")
        return []
    flagged = table["flagged"].fillna(value=False).to_numpy(dtype=bool)
    line = matched_result(
        data.name,
        "pairs of equal size",
        "zero-shot",
        "shipped model",
        data.y[scored],
        p[scored],
        data.size[scored],
        protocol="no training",
        note=f"all sizes: ROC-AUC {roc_auc(data.y[scored], p[scored]):.3f}; trained on simulated creators only",
    )
    figures = dict(line.figures)
    for key, value in (("flagged_share_of_positives", 1.0), ("flagged_share_of_negatives_false_alarms", 0.0)):
        of = scored & (data.y == value)
        figures[key] = Figure(float(flagged[of].mean()), *wilson_interval(int(flagged[of].sum()), int(of.sum())))
    return [
        Result(
            line.dataset,
            line.task,
            line.method,
            line.name,
            line.n,
            line.positives,
            figures,
            line.protocol,
            note=line.note,
        )
    ]
