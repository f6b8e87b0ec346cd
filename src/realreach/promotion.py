"""The gate before the champion: checks passed, no slice wronged, and not worse than the champion on a frozen set."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from realreach.errors import UsageError
from realreach.evaluation import Labelled
from realreach.fairness import slice_rates
from realreach.metrics import METRICS, Difference, Metric, difference, evaluate, size_tier
from realreach.metrics.threshold import at_threshold
from realreach.model import combination_name

if TYPE_CHECKING:
    import pandas as pd

    from realreach.scores import Scorer

__all__ = ["Compared", "PromotionSettings", "Verdict", "judge_challenger"]


class PromotionSettings(BaseModel):
    """How much worse than the champion a challenger may at most be, at the lower end of the interval."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    pr_auc_margin: float = Field(default=0.02, ge=0)
    """PR-AUC."""
    recall_margin: float = Field(default=0.05, ge=0)
    """Recall at 1 % false positives."""
    fpr_margin: float = Field(default=0.01, ge=0)
    """Share of honest creators flagged at the model's own operating points (higher is worse)."""
    bootstrap: int = Field(default=300, ge=20, le=10_000)
    seed: int = Field(default=0, ge=0)


@dataclass(frozen=True)
class Compared:
    """One figure of the challenger minus that of the champion, on the same creators.

    ``better`` is +1 where higher is better, -1 where lower is; ``margin`` is how much worse it may be.
    """

    name: str
    challenger: float
    champion: float
    value: float
    low: float
    high: float
    margin: float
    better: int

    @property
    def passes(self) -> bool:
        """Whether it is shown not to be worse by more than the margin."""
        worst = self.low if self.better > 0 else -self.high
        return bool(worst >= -self.margin)

    @property
    def sentence(self) -> str:
        """The numbers in words."""
        told = (
            f"{self.name}: challenger {self.challenger:.4f}, champion {self.champion:.4f}, "
            f"difference {self.value:+.4f} ({self.low:+.4f} to {self.high:+.4f}), margin {self.margin:g}"
        )
        if self.passes:
            return f"{told}: not worse"
        surely = self.high < 0 if self.better > 0 else self.low > 0
        return f"{told}: " + ("worse" if surely else "not shown to be no worse; a larger frozen set would tell more")


@dataclass(frozen=True)
class Verdict:
    """Whether the challenger may become champion, and every reason why not."""

    refusals: tuple[str, ...]
    compared: tuple[Compared, ...]
    creators: int

    @property
    def promoted(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.refusals

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready facts."""
        return {
            "promoted": self.promoted,
            "refusals": list(self.refusals),
            "creators": self.creators,
            "compared": [asdict(part) for part in self.compared],
        }


def judge_challenger(
    challenger: Scorer, champion: Scorer | None, frozen: Labelled, settings: PromotionSettings | None = None
) -> Verdict:
    """Judge whether a challenger may take the champion's place.

    Parameters
    ----------
    challenger, champion
        Loaded models; None if there is no champion yet: then there is nothing to be compared with, and the gate looks
        at the challenger's checks and at its slices only.
    frozen
        Labelled creators that neither was trained on (:func:`realreach.training.labelled_creators`), always the same.
    settings
        Margins.

    Raises
    ------
    UsageError
        If the frozen set holds simulated creators of a seed that one of the models was trained on.
    """
    settings = settings or PromotionSettings()
    _refuse_seen(frozen, challenger, champion)
    findings = challenger.bundle.metadata.get("findings", [])
    refusals = [f"check failed: {f['sentence']} [{f['code']}]" for f in findings if f["severity"] == "error"]
    frame = _judged(challenger, frozen)
    flags = frame.assign(p=frame["flagged"])
    table = evaluate(flags, threshold=0.5, replicates=settings.bootstrap, seed=settings.seed)
    refusals += [f"gate failed: {rate.sentence}" for rate in slice_rates(table) if rate.fails]
    compared = [] if champion is None else _compare(frame, _judged(champion, frozen), settings)
    refusals += [part.sentence for part in compared if not part.passes]
    return Verdict(tuple(refusals), tuple(compared), len(frame))


def _refuse_seen(frozen: Labelled, challenger: Scorer, champion: Scorer | None) -> None:
    from realreach.power import world_seeds

    seeds = world_seeds(map(str, frozen.features.index))
    for role, scorer in (("challenger", challenger), ("champion", champion)):
        seen = seeds & set(scorer.bundle.metadata["data"].get("simulated_seeds") or ()) if scorer is not None else set()
        if seen:
            raise UsageError(
                f"the {role} was trained on simulated creators of seed {min(seen)}, which are in the frozen set. Take "
                "a set that no model is ever trained on."
            )


def _judged(scorer: Scorer, frozen: Labelled) -> pd.DataFrame:
    """Return labels, probabilities, flags and slices, without any key."""
    import pandas as pd

    model, matrix = scorer.bundle.model, frozen.matrix
    judged = model.judged(matrix)
    p = model.probabilities(matrix)
    followers = 10.0 ** frozen.features["context__followers__now__log10"].to_numpy()
    more = {name: v for name in ("niche", "country") if (v := getattr(frozen, name)) is not None}
    return pd.DataFrame(
        {
            "y": frozen.target,
            "p": p,
            "flagged": np.where(np.isnan(p), np.nan, p > model.calibration.limit(judged)),
            "weight": frozen.weight,
            "group": np.unique(frozen.group.astype(str), return_inverse=True)[1],
            "platform": frozen.platform,
            "size_tier": size_tier(followers),
            "language": frozen.language,
            "pillars": [combination_name(int(mask)) for mask in judged],
            **more,
        }
    )


def _compare(ours: pd.DataFrame, theirs: pd.DataFrame, settings: PromotionSettings) -> list[Compared]:
    wanted: list[tuple[str, Metric, str, float, int]] = [
        ("PR-AUC", METRICS["pr_auc"], "p", settings.pr_auc_margin, 1),
        ("recall at 1 % false positives", METRICS["recall_at_1pct_fpr"], "p", settings.recall_margin, 1),
        ("honest flagged", at_threshold(0.5)["fpr_at_threshold"], "flagged", settings.fpr_margin, -1),
    ]
    out = []
    y, w, group = (ours[name].to_numpy() for name in ("y", "weight", "group"))
    for name, metric, column, margin, better in wanted:
        a, b = (frame[column].to_numpy(dtype=np.float64) for frame in (ours, theirs))
        gap: Difference = difference(
            y, a, b, w, group, metric=metric, replicates=settings.bootstrap, seed=settings.seed
        )
        both = ~np.isnan(a) & ~np.isnan(b)
        values = [metric(y[both], v[both], w[both]) if both.any() else float("nan") for v in (a, b)]
        out.append(Compared(name, values[0], values[1], gap.value, gap.low, gap.high, margin, better))
    return out
