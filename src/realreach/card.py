"""The model card: what the model is for, what it was made of, how good it is and where weak, filled in by the run itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.features.catalogue import catalogue
from realreach.head_card import head_section
from realreach.markdown import markdown_table
from realreach.tree_text import stored

if TYPE_CHECKING:
    import pandas as pd

    from realreach.checks import Finding
    from realreach.evaluation import Evaluation
    from realreach.tables.core import FloatArray

__all__ = ["family_importance", "gains", "markdown_table", "model_card"]

_SHOWN = (
    "roc_auc", "pr_auc", "pr_auc_at_5pct", "pr_auc_at_10pct", "pr_auc_at_25pct", "recall_at_1pct_fpr", "recall_at_5pct_fpr", "brier",
    "calibration_error", "calibration_noise", "recall_at_threshold", "fpr_at_threshold",
)  # fmt: skip


def model_card(
    metadata: Mapping[str, Any],
    evaluation: Evaluation,
    findings: list[Finding],
    features: pd.DataFrame,
    judged: str = "",
) -> str:
    """Return the card of a model as Markdown. Every figure comes from the run that made the model.

    ``judged`` is what was found in a simulated world of another seed, as Markdown; empty where none was given.
    """
    data = metadata["data"]
    world = "**simulated** creators" if metadata["simulated"] else "creators"
    lines = [
        f"# Model card: {metadata['name']} {metadata['version']}",
        "",
        f"Made on {metadata['created_on']} with realreach from {data['creators']:,} labelled {world} ({data['fake']:,} with bought "
        f"engagement), data set `{data['name']}` (sha256 of features and labels `{data['sha256'][:16]}…`), decision days "
        f"{data['first_as_of']} to {data['last_as_of']}, seed {metadata['seed']}, commit `{(metadata['git_commit'] or 'unknown')[:12]}`.",
        "",
        "## What it is for",
        "",
        "A signal about a creator's audience on a day, for a person who decides. It puts a shortlist into an order worth a look and names the "
        "pillars it rests on. It is not for decisions without a person, not for judging private persons, and not proof of anything: third "
        "parties can send bots to an honest creator, and giveaways, press and advertising can look alike. A creator who is turned down "
        "should hear why and be able to answer.",
        "",
        f"`fake_probability` is calibrated at a prevalence of {metadata['prevalence']:.1%} bought, that of the training data; for creators "
        "of another prevalence say it (`--prevalence`), and probability and range are shifted to it. `flagged` is the level that "
        f"{metadata['operating_fpr']:.0%} of honest calibration creators exceed, apart for each combination of pillars.",
        "",
        "## How good it is" + (" (on simulated creators)" if metadata["simulated"] else ""),
        "",
        f"Protocol: {evaluation.protocol}. 95 % bootstrap intervals over groups of creators.",
        "",
        _headline(evaluation.table, "all"),
        "",
    ]
    if (evaluation.table["slice"] == "size_matched").any():
        lines += ["Size-matched pairs (each fake beside an honest creator of the same size and platform):", "", _headline(evaluation.table, "size_matched"), ""]  # fmt: skip
    lines += ["## By slice" + (" (simulated)" if metadata["simulated"] else ""), "", _slices(evaluation.table), ""]
    lines += ["## Operating points", "", _operating(evaluation), ""]
    lines += head_section(metadata, evaluation)
    lines += ["## What it looks at", "", _importance(evaluation), ""]
    lines += ["## Checks of the run", ""]
    if any(f.severity == "error" for f in findings):
        lines += [
            "**This run failed its checks**: the model is not to be used, and `realreach promote` refuses it.",
            "",
        ]
    lines += [f"- {f.severity}: {f.sentence} (`{f.code}`)" for f in findings] or ["No finding."]
    lines += _search(metadata)
    lines += ["", "## What it was made of", "", _coverage(features), ""]
    lines += [judged] if judged else []
    if metadata["simulated"]:
        lines += [
            "Every label is simulated. Simulated figures say how well the model solves the simulator's world; what it does on real "
            "creators is measured apart (`realreach false-alarms`).",
            "",
        ]
    return "\n".join(lines)


def _search(metadata: Mapping[str, Any]) -> list[str]:
    """Return what the search of settings tried, where there was one."""
    search = metadata.get("search")
    if search is None:
        return []
    chosen = ", ".join(f"{name} = {value}" for name, value in search["best"].items())
    return [
        "",
        "## How its settings were found",
        "",
        f"{search['trials']} settings were tried (seed {search['seed']}) by {search['folds']} folds by group inside the part that "
        f"is trained on; the test part was not looked at. Log loss on held-out folds: {search['given_loss']:.4f} with the settings "
        f"given, {search['best_loss']:.4f} with those chosen: {chosen}.",
    ]


def _headline(table: pd.DataFrame, part: str) -> str:
    here = table[table["slice"] == part]
    models = list(dict.fromkeys(here["model"]))
    names = [m for m in _SHOWN if m in set(here["metric"])]
    names += [m for m in dict.fromkeys(here["metric"]) if part == "size_matched" and m not in names]
    rows = []
    for name in names:
        cells = [name]
        for model in models:
            hit = here[(here["metric"] == name) & (here["model"] == model)]
            cells.append("" if hit.empty else _cell(hit.iloc[0]))
        rows.append(cells)
    return markdown_table(["metric", *models], rows)


def _cell(row: pd.Series) -> str:
    if np.isnan(row["value"]):
        return ""
    return f"{row['value']:.3f}" + ("" if np.isnan(row["low"]) else f" ({row['low']:.3f}-{row['high']:.3f})")


def _slices(table: pd.DataFrame) -> str:
    own = table[(table["model"] == "realreach") & ~table["slice"].isin(["all", "size_matched"])]
    names = (
        "roc_auc",
        "pr_auc_at_10pct",
        "recall_at_threshold",
        "fpr_at_threshold",
        "brier",
        "calibration_error",
        "calibration_noise",
    )
    rows = []
    for part in dict.fromkeys(own["slice"]):
        here = own[own["slice"] == part].set_index("metric")
        if not len(here):
            continue
        size = here["n"].max()
        rows.append([part, f"{int(size):,}", *[_cell(here.loc[n]) if n in here.index else "" for n in names]])
    return markdown_table(["slice", "n", *names], rows)


def _operating(evaluation: Evaluation) -> str:
    calibration = evaluation.estimator.fitted_.calibration
    rows = [
        [name, f"{facts['operating_threshold']:.3f}", f"{facts['honest_creators']:,}"]
        for name, facts in calibration.to_dict().items()
    ]
    return markdown_table(["pillars", "flagged above fake_probability", "honest calibration creators"], rows)


def gains(text: str, columns: int) -> FloatArray:
    r"""Return how much each column brought to a booster, from LightGBM's text: what its own ``feature_importance`` says.

    Examples
    --------
    >>> gains("split_feature=0 2\nsplit_gain=3 1\nsplit_feature=2\nsplit_gain=0.5\n", 3).tolist()
    [3.0, 0.0, 1.5]
    """
    feature, gain = (
        " ".join(re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)).split() for name in ("split_feature", "split_gain")
    )
    # Splits are added one by one, as LightGBM does; those that gained nothing count for nothing.
    values = np.maximum(np.array(gain, dtype=np.float32), 0.0).astype(np.float64)
    brought = np.bincount(np.array(feature, dtype=np.int64), weights=values, minlength=columns)
    return np.asarray(brought, dtype=np.float64)


def family_importance(evaluation: Evaluation) -> dict[str, float]:
    """Return the share of the model's total gain that each feature family brings."""
    model = evaluation.estimator.fitted_
    gain = gains(stored(model.booster).text, len(model.layout.used))
    total = max(float(gain.sum()), 1e-12)
    out: dict[str, float] = {}
    for name, value in zip(model.layout.used_names, gain, strict=True):
        family = name.split("__")[0]
        out[family] = out.get(family, 0.0) + float(value) / total
    return dict(sorted(out.items(), key=lambda item: -item[1]))


def _importance(evaluation: Evaluation) -> str:
    model = evaluation.estimator.fitted_
    gain = gains(stored(model.booster).text, len(model.layout.used))
    order = np.argsort(-gain)[:15]
    sentences = {f.model_name: f.sentence for f in catalogue()} | {f.name: f.sentence for f in catalogue()}
    total = max(float(gain.sum()), 1e-12)
    families = ", ".join(f"{name} {share:.0%}" for name, share in family_importance(evaluation).items())
    rows = [
        [f"`{model.layout.used_names[i]}`", sentences.get(model.layout.used_names[i], ""), f"{gain[i] / total:.1%}"]
        for i in order
        if gain[i] > 0
    ]
    return f"Share of gain by family: {families}.\n\n" + markdown_table(["feature", "meaning", "share of gain"], rows)


def _coverage(features: pd.DataFrame) -> str:
    families: dict[str, list[str]] = {}
    for name in features.columns:
        families.setdefault(name.split("__")[0], []).append(name)
    rows = []
    for family, names in families.items():
        if family != "context":
            known = features[names].notna()
            rows.append([family, str(len(names)), f"{known.any(axis=1).mean():.0%}", f"{known.to_numpy().mean():.0%}"])
    return markdown_table(["family", "features", "creators with any", "values known"], rows)
