"""Why did the scores change: two scored batches side by side, creator by creator, and what moved each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from realreach.errors import InputError
from realreach.model import PILLARS, FittedModel
from realreach.tables.core import FloatArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison", "compare_scores", "contributions_by_family", "decompose"]

_NOTICEABLE = 0.01
"""A change of the probability below this is no change worth a word."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two scored batches side by side.

    ``creators`` has a row per creator of either batch, the biggest change of probability first: ``creator_id``,
    ``found_in`` (both, first, second), ``before`` and ``after`` (fake_probability), ``change``, the same for band,
    action, coverage and each pillar where both batches have the column (``band_before`` ...), and what moved it where
    that could be told (``from_data``, ``from_model``, ``moved_by``). ``facts`` are the counts of the summary.
    """

    creators: pd.DataFrame
    facts: dict[str, float]

    def markdown(self, movers: int = 10) -> str:
        """Return the summary and the biggest movers as Markdown; ``movers`` rows at most."""
        facts = self.facts
        lines = [
            "# What changed",
            "",
            f"{facts['both']:,.0f} creators in both, {facts['only_first']:,.0f} only in the first, "
            f"{facts['only_second']:,.0f} only in the second; {facts['scored_both']:,.0f} scored in both.",
        ]
        if facts["scored_both"]:
            lines += [
                f"Probability: {facts['same']:.1%} within {_NOTICEABLE:g}, mean change {facts['mean_change']:+.4f}, "
                f"mean size of a change {facts['mean_size']:.4f}, rank correlation {facts['rank_correlation']:.3f}.",
            ]
        lines += [
            f"{name.capitalize()}: {facts[f'{name}_agreement']:.1%} the same."
            for name in ("status", "flagged", "band", "action", "coverage")
            if f"{name}_agreement" in facts
        ]
        for name in ("action", "band"):
            lines += _moves(self.creators, name)
        return "\n".join([*lines, *_movers(self.creators, movers)])


def _moves(creators: pd.DataFrame, name: str) -> list[str]:
    columns = [f"{name}_before", f"{name}_after"]
    if not set(columns) <= set(creators):
        return []
    both = creators[creators["found_in"] == "both"]
    moved = both[both[columns[0]].fillna("") != both[columns[1]].fillna("")]
    if moved.empty:
        return []
    counts = (
        moved.fillna(dict.fromkeys(columns, "-")).groupby(columns).size().sort_values(ascending=False, kind="stable")
    )
    head = ["", f"| {name} before | after | creators |", "| --- | --- | ---: |"]
    pairs = counts.index.to_list()
    return head + [f"| {p[0]} | {p[1]} | {count:,} |" for p, count in zip(pairs, counts.to_list(), strict=True)]


def _movers(creators: pd.DataFrame, movers: int) -> list[str]:
    top = creators[creators["change"].abs() >= _NOTICEABLE].head(movers)
    if top.empty:
        return []
    told = [name for name in ("from_data", "from_model", "moved_by") if name in top]
    head = ["creator_id", "before", "after", "change", *told]
    lines = ["", "Biggest changes:", "", "| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    for row in top.to_dict("records"):
        cells = (
            [_safe(str(row["creator_id"]))] + [f"{row[n]:.3f}" for n in ("before", "after")] + [f"{row['change']:+.3f}"]
        )
        cells += [str(row[n]) if n == "moved_by" else f"{row[n]:+.3f}" for n in told]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _safe(text: str) -> str:
    """Return a key for a Markdown table and a terminal."""
    plain = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:60])
    return plain.replace("|", "\\|")


def compare_scores(first: pd.DataFrame, second: pd.DataFrame) -> Comparison:
    """Compare two scored batches by ``creator_id``.

    Parameters
    ----------
    first, second
        Outputs of scoring: ``creator_id``, ``status``, ``fake_probability``; other columns of the output table, band
        and action are compared where both have them. Any order of rows.

    Raises
    ------
    InputError
        If they have no creator in common.

    Examples
    --------
    >>> import pandas as pd
    >>> def scores(*p): return pd.DataFrame({"creator_id": ["a", "b"], "status": "scored", "fake_probability": p})
    >>> compared = compare_scores(scores(0.2, 0.5), scores(0.9, 0.5))
    >>> compared.creators["creator_id"].tolist(), compared.creators["change"].round(3).tolist()
    (['a', 'b'], [0.7, 0.0])
    """
    names = ["flagged", "band", "action", "coverage", *(f"{name}_authenticity" for name in PILLARS)]
    shared = [name for name in ("status", *names) if name in first and name in second]
    kept = ["creator_id", "fake_probability", *shared]
    # Creators whose key could not be read cannot be told apart.
    left, right = (frame.loc[frame["creator_id"].notna(), kept] for frame in (first, second))
    joined = left.merge(right, on="creator_id", how="outer", suffixes=("_before", "_after"), indicator="found_in")
    joined["found_in"] = joined["found_in"].astype(str).replace({"left_only": "first", "right_only": "second"})
    both = joined[joined["found_in"] == "both"]
    if both.empty:
        raise InputError("the two batches have no creator_id in common: there is nothing to compare")
    joined = joined.rename(columns={"fake_probability_before": "before", "fake_probability_after": "after"})
    joined["change"] = joined["after"] - joined["before"]
    order = np.lexsort((joined["creator_id"].astype(str), -joined["change"].abs().fillna(-1.0)))
    joined = joined.iloc[order].reset_index(drop=True)
    front = ["creator_id", "found_in", "before", "after", "change"]
    joined = joined[[*front, *(c for c in joined.columns if c not in front)]]
    return Comparison(joined, _facts(joined, shared))


def _facts(joined: pd.DataFrame, shared: list[str]) -> dict[str, float]:
    both = joined[joined["found_in"] == "both"]
    scored = both[both["change"].notna()]
    size = scored["change"].abs()
    facts = {
        "both": float(len(both)),
        "only_first": float((joined["found_in"] == "first").sum()),
        "only_second": float((joined["found_in"] == "second").sum()),
        "scored_both": float(len(scored)),
        "same": float((size < _NOTICEABLE).mean()) if len(scored) else float("nan"),
        "mean_change": float(scored["change"].mean()) if len(scored) else float("nan"),
        "mean_size": float(size.mean()) if len(scored) else float("nan"),
        "rank_correlation": _rank_correlation(scored["before"].to_numpy(), scored["after"].to_numpy()),
    }
    for name in shared:
        if not name.endswith("_authenticity"):
            before, after = (both[f"{name}_{when}"].astype(object) for when in ("before", "after"))
            alike = (before == after) | (before.isna() & after.isna())
            facts[f"{name}_agreement"] = float(alike.astype(bool).mean())
    return facts


def _rank_correlation(before: FloatArray, after: FloatArray) -> float:
    import pandas as pd

    first, second = (pd.Series(values).rank().to_numpy(dtype=np.float64) for values in (before, after))
    if len(before) < 2 or not (np.ptp(first) and np.ptp(second)):
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def contributions_by_family(model: FittedModel, matrix: FloatArray) -> dict[str, FloatArray]:
    """Return what each feature family adds to the margin (log-odds before calibration) of each row.

    The families and ``base`` add up to the margin: TreeSHAP. Rows that cannot be judged get
    the contributions of a creator of whom nothing is known.
    """
    values = model.values(matrix)
    if model.masks_pillars:
        values = model.layout.without(values, model.judged(matrix))
    parts = model.contributions(values)
    families = [name.split("__")[0] for name in model.layout.used_names]
    out = {
        family: parts[:, [i for i, own in enumerate(families) if own == family]].sum(axis=1)
        for family in dict.fromkeys(families)
    }
    return {**out, "base": parts[:, -1]}


def decompose(
    models: tuple[FittedModel, FittedModel], matrices: tuple[FloatArray, FloatArray]
) -> Mapping[str, np.ndarray]:
    """Tell for each row how much of the change of its probability comes from its data and how much from the model.

    Parameters
    ----------
    models
        The model before and after.
    matrices
        The features of the same creators before and after, row by row.

    Returns
    -------
    dict
        ``from_data`` and ``from_model`` add up to the change of the probability: each is the mean over the two orders
        in which data and model can change. ``moved_by`` names the families with the largest change of contribution to
        the margin, at most three, with its sign (``+`` more suspicious); "" where nothing moved. NaN and "" where one
        of the four probabilities is missing.
    """
    p = [[model.probabilities(matrix) for matrix in matrices] for model in models]
    from_data = ((p[0][1] - p[0][0]) + (p[1][1] - p[1][0])) / 2
    from_model = ((p[1][0] - p[0][0]) + (p[1][1] - p[0][1])) / 2
    before, after = (contributions_by_family(m, x) for m, x in zip(models, matrices, strict=True))
    names = [name for name in dict.fromkeys([*before, *after]) if name != "base"]
    nothing = np.zeros(len(from_data))
    moved = np.stack([after.get(name, nothing) - before.get(name, nothing) for name in names], axis=1)
    told = [_told(row, names) if known else "" for row, known in zip(moved, ~np.isnan(from_data), strict=True)]
    return {"from_data": from_data, "from_model": from_model, "moved_by": np.array(told, dtype=object)}


def _told(moved: FloatArray, names: list[str]) -> str:
    order = sorted(range(len(names)), key=lambda i: (-abs(moved[i]), names[i]))
    return ", ".join(f"{names[i]} {moved[i]:+.2f}" for i in order[:3] if abs(moved[i]) >= 0.05)
