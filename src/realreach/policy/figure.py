"""The figure of a policy on a batch: how many creators lie in each band, and what other limits would bring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.policy.settings import ACTIONS, BANDS
from realreach.policy.showing import cost_curve

if TYPE_CHECKING:
    import pandas as pd

    from realreach.policy.showing import Shown

__all__ = ["policy_figure"]

_COLOURS = {"approve": "#4c9f70", "review": "#e0b040", "decline": "#b5484a"}


def policy_figure(shown: Shown, decided: pd.DataFrame, note: str = "") -> Any:
    """Return a Matplotlib figure; it holds no key of a creator.

    On the left the creators by band, coloured by action. On the right, with labels: the cost curve where the policy
    has costs, else the share of honest creators against the share of bought ones above each level of probability;
    without labels the distribution of the probabilities.

    Parameters
    ----------
    shown
        Result of :func:`realreach.policy.showing.show_policy`.
    decided
        The batch it was made from.
    note
        Added to the titles, such as ``(simulated)``.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    _bands(left, shown, note)
    known = decided[decided["fake_probability"].notna()]
    p = known["fake_probability"].to_numpy(dtype=np.float64)
    labels = (
        known["is_fake"].to_numpy(dtype=np.float64, na_value=np.nan) if "is_fake" in known else np.full(len(p), np.nan)
    )
    told = ~np.isnan(labels)
    if not ((labels == 1).any() and (labels == 0).any()):
        _distribution(right, p, note)
    elif shown.policy.costs is not None:
        _costs(right, shown, p[told], labels[told] == 1, note)
    else:
        _trade_off(right, shown, p[told], labels[told] == 1, note)
    return figure


def _bands(axes: Any, shown: Shown, note: str) -> None:
    names = list(BANDS)[::-1]
    left = np.zeros(len(names))
    for action in ACTIONS:
        count = shown.counts.loc[names, action].to_numpy(dtype=np.float64)
        axes.barh([name.replace("_", " ") for name in names], count, left=left, color=_COLOURS[action], label=action)
        left += count
    for place, total in enumerate(left):
        axes.text(total, place, f" {total:,.0f}", va="center", fontsize=9)
    axes.set(xlabel="creators", title=f"Bands and actions, {shown.policy.label} {note}".strip())
    axes.set_xlim(0, 1.18 * max(float(left.max()), 1.0))
    axes.legend(loc="lower right", frameon=False)


def _distribution(axes: Any, p: np.ndarray, note: str) -> None:
    axes.hist(p, bins=np.linspace(0, 1, 21), color="0.6")
    axes.set(xlabel="fake_probability", ylabel="creators", xlim=(0, 1), title=f"Probabilities {note}".strip())


def _costs(axes: Any, shown: Shown, p: np.ndarray, is_fake: np.ndarray, note: str) -> None:
    assert shown.policy.costs is not None
    assert shown.policy.prevalence is not None
    curve = cost_curve(p, is_fake, shown.policy.costs, shown.policy.prevalence)
    for name in ("review", "decline"):
        axes.plot(curve["level"], curve[name], color=_COLOURS[name], label=f"all above it: {name}")
    axes.axhline(shown.facts["cost"], color="0.2", linewidth=1, linestyle="--", label="this policy")
    axes.set(xlabel="fake_probability", ylabel="cost per creator", xlim=(0, 1), title=f"Cost of a limit {note}".strip())
    # What costs more than twice the best of doing the same to all is of no interest.
    same_for_all = min(shown.facts[f"cost_{name}_all"] for name in ("approve", "review", "decline"))
    axes.set_ylim(0, 2.0 * max(same_for_all, shown.facts["cost"]))
    axes.legend(frameon=False, loc="upper left")


def _trade_off(axes: Any, shown: Shown, p: np.ndarray, is_fake: np.ndarray, note: str) -> None:
    level = np.unique(p)
    honest, fake = np.sort(p[~is_fake]), np.sort(p[is_fake])
    above = [1.0 - np.searchsorted(part, level, side="right") / len(part) for part in (honest, fake)]
    axes.plot(100 * above[0], 100 * above[1], color="0.4", label="one limit for all, no rules")
    facts = shown.facts
    declined = facts["declined_honest"], facts["declined_fake"]
    either = declined[0] + facts["review_honest"], declined[1] + facts["review_fake"]
    done = {"decline": declined, "decline or review": either}
    for (name, (x, y)), action in zip(done.items(), ("decline", "review"), strict=True):
        axes.plot([100 * x], [100 * y], "o", color=_COLOURS[action], label=f"this policy: {name}")
    widest = max(10.0, 130 * either[0])
    axes.set(
        xlim=(0, min(widest, 100)),
        ylim=(0, 100),
        xlabel="honest creators, %",
        ylabel="creators with bought engagement, %",
    )
    axes.set_title(f"Whom a limit finds and wrongs {note}".strip())
    axes.legend(frameon=False, loc="lower right")
