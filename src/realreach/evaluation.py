"""Evaluate a recipe on labelled creators: held out by creator and time, or by folds, with the baselines beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.baselines import BASELINES, norms_rule
from realreach.crossed_fit import CrossedFit
from realreach.errors import UsageError
from realreach.features import feature_names
from realreach.head_evaluation import judge_heads, put_scores, range_coverages
from realreach.head_fitting import HeadLabels, fit_heads
from realreach.heads import SHARES, Heads, HeadScores
from realreach.kept_work import KeptWork, Pieces, kept_table
from realreach.metrics import calibration_noise, evaluate, evaluate_matched, roc_auc, size_tier
from realreach.model import Assessment, combination_name
from realreach.settings import TrainSettings
from realreach.splits import Split, SplitSettings, grouped_folds, split_creators
from realreach.tables.core import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

    from realreach.estimator import AuthenticityClassifier

__all__ = [
    "Evaluation",
    "Labelled",
    "evaluate_by_folds",
    "evaluate_held_out",
    "held_out_parts",
    "make_estimator",
    "make_fit",
    "summary_table",
]

Report = Callable[[str], None]

HEADLINES = (
    "roc_auc",
    "pr_auc",
    "pr_auc_at_5pct",
    "pr_auc_at_10pct",
    "pr_auc_at_25pct",
    "recall_at_1pct_fpr",
    "recall_at_5pct_fpr",
    "brier",
    "calibration_error",
    "recall_at_threshold",
    "fpr_at_threshold",
)
_AT_POINT = ("recall_at_threshold", "fpr_at_threshold")


@dataclass(frozen=True, eq=False)
class Labelled:
    """Labelled creators ready for fitting: features and what is known of each, in the order of ``creator_id``."""

    features: pd.DataFrame
    target: FloatArray
    weight: FloatArray
    group: np.ndarray
    as_of: FloatArray
    language: np.ndarray
    platform: np.ndarray
    mechanisms: np.ndarray
    followers_share: FloatArray | None = None
    engagement_share: FloatArray | None = None
    niche: np.ndarray | None = None
    """``creators.category``; None where no creator has one."""
    country: np.ndarray | None = None
    """``creators.country``; None where no creator has one."""

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: IntArray) -> Labelled:
        """Return some of the creators."""
        given: dict[str, Any] = {n: getattr(self, n) for n in _ROW_FIELDS}
        taken: dict[str, Any] = {name: values[rows] for name, values in given.items() if values is not None}
        return replace(self, features=self.features.iloc[rows], **taken)

    @property
    def matrix(self) -> FloatArray:
        """The features as an array."""
        return self.features.to_numpy(dtype=np.float64)

    @property
    def head_labels(self) -> HeadLabels:
        """What the labels say beyond bought or not."""
        given = zip(SHARES, (self.followers_share, self.engagement_share), strict=True)
        return HeadLabels(self.mechanisms, {name: values for name, values in given if values is not None})


_ROW_FIELDS = (
    "target", "weight", "group", "as_of", "language", "platform", "mechanisms", "followers_share", "engagement_share",
    "niche", "country",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What an evaluation found.

    ``table`` holds model and baselines: model, metric, slice, value, low, high, n, n_fake. ``frame`` holds the
    judged creators without their keys: y, p, weight and the slices. ``estimator`` is the fitted model to keep,
    ``heads`` its heads; ``head_table`` judges them on the same creators (``judge_heads``).
    ``range_coverage`` says by combination of pillars how often the range held a share that was known.
    """

    table: pd.DataFrame
    frame: pd.DataFrame
    rule: FloatArray
    estimator: CrossedFit
    split: Split | None
    protocol: str
    test_rows: IntArray
    shuffled_auc: float
    heads: Heads
    head_table: pd.DataFrame
    range_coverage: Mapping[str, float]


def make_estimator(settings: TrainSettings, seed: int | None = None) -> AuthenticityClassifier:
    """Return an unfitted estimator with the settings of a run."""
    from realreach.estimator import AuthenticityClassifier

    seed = settings.seed if seed is None else seed
    return AuthenticityClassifier(**settings.model.model_dump(), random_state=seed, n_jobs=settings.threads)


def make_fit(settings: TrainSettings, seed: int | None = None, **changed: Any) -> CrossedFit:
    """Return what a run fits with: the settings of its estimator, some of them changed, without scikit-learn."""
    seed = settings.seed if seed is None else seed
    return CrossedFit(**(settings.model.model_dump() | changed), random_state=seed, n_jobs=settings.threads)


def held_out_parts(data: Labelled, settings: TrainSettings) -> tuple[Split, IntArray]:
    """Return how creators are held out, and the rows that a fit may see: those of no test part."""
    share = settings.test_share
    parts = SplitSettings(
        train=0.7 * (1 - share),
        stop=0.12 * (1 - share),
        calibrate=0.18 * (1 - share),
        test=share,
        time=settings.time_split,
        label_delay_days=settings.label_delay_days,
    )
    split = split_creators(data.target, data.group, data.as_of, parts, settings.seed)
    fit_rows = np.sort(np.concatenate([split.train, split.stop, split.calibrate]))
    held_out = _holds(data.mechanisms, settings.hold_out_mechanisms)
    # A held-out mechanism is in no part that is fitted, but stays in the test.
    fit_rows = fit_rows[~held_out[fit_rows]]
    return split, fit_rows


def evaluate_held_out(
    data: Labelled, settings: TrainSettings, report: Report, kept: KeptWork | None = None
) -> Evaluation:
    """Fit on the earlier creators and judge on the rest, which no step of the fit has seen."""
    split, fit_rows = held_out_parts(data, settings)
    fit = data.take(fit_rows)
    report(f"fitting on {len(fit):,} creators, testing on {len(split.test):,} ({split.reason})")
    kept = kept or KeptWork()
    estimator = _fitted(make_fit(settings), fit, kept)
    heads = _fit_heads(estimator, fit, settings, report, kept)
    test = data.take(split.test)
    return judge_fitted(estimator, heads, fit, test, split.test, settings, report, split.reason, split=split, kept=kept)


def _fitted(estimator: CrossedFit, fit: Labelled, kept: KeptWork, target: FloatArray | None = None) -> CrossedFit:
    """Return the estimator, fitted on some creators; ``target``: other labels than theirs."""
    names, labels = tuple(fit.features.columns), fit.target if target is None else target
    return estimator.fit_matrix(fit.matrix, names, labels, fit.weight, fit.group, kept)


def judge_fitted(
    estimator: CrossedFit,
    heads: Heads,
    fit: Labelled,
    test: Labelled,
    rows: IntArray,
    settings: TrainSettings,
    report: Report,
    protocol: str,
    *,
    split: Split | None = None,
    kept: KeptWork | None = None,
) -> Evaluation:
    """Judge a fitted model on creators that no step of its fit has seen, the baselines beside it.

    Parameters
    ----------
    estimator, heads
        The model; its margins in ``crossed_`` are those of ``fit``.
    fit
        Creators to fit the baselines on.
    test, rows
        Creators to judge, and their rows in the labelled data.
    settings, report, protocol, split
        Settings of the run; called at every step; how creators were held out, in words and (None: not here) rows.
    kept
        Where fits and figures of earlier runs on the very same input are found.
    """
    kept = kept or KeptWork()
    assessed = estimator.fitted_.assess(test.matrix)
    report("baselines: " + ", ".join(BASELINES))
    scores = {"realreach": assessed.probability} | _baseline_scores(fit, test, settings, kept)
    report("the same fit on shuffled labels, as a check")
    shuffled = _auc(test.target, _shuffled_scores(fit, test, settings, kept))
    told = heads.score(assessed, assessed.probability)
    judged = _Judged(test, scores, _flagged(estimator, assessed), shuffled, rows, told)
    return _evaluation(judged, estimator, heads, fit, settings, report, split, protocol, kept)


def _baseline_scores(fit: Labelled, test: Labelled, settings: TrainSettings, kept: KeptWork) -> dict[str, FloatArray]:
    """Return what the baselines, fitted on some creators, say of others."""
    seen, asked = _plain(fit.features), _plain(test.features)
    facts = [seen, fit.target, fit.weight, asked, settings.seed]

    def fitted() -> Pieces:
        return {
            name: fitting(seen, fit.target, fit.weight, seed=settings.seed)(asked)
            for name, fitting in BASELINES.items()
        }

    found = kept.of("baselines", [*BASELINES, facts], fitted)
    return {name: found[name] for name in BASELINES}


def _fit_heads(estimator: CrossedFit, fit: Labelled, settings: TrainSettings, report: Report, kept: KeptWork) -> Heads:
    """Return the heads that settings and labels allow, fitted on the very creators of the estimator."""
    if not settings.heads:
        return Heads()
    report("heads: mechanisms and purchased shares")
    return fit_heads(estimator, fit.matrix, fit.target, fit.weight, fit.group, fit.head_labels, kept=kept)


def evaluate_by_folds(
    data: Labelled, settings: TrainSettings, report: Report, kept: KeptWork | None = None
) -> Evaluation:
    """Judge every creator by models that never saw its group; the model to keep is then fitted on all."""
    folds, kept_work = settings.folds or 5, kept or KeptWork()
    totals: dict[str, FloatArray] = {}
    flagged = np.zeros(len(data))
    told: HeadScores | None = None
    held_out = _holds(data.mechanisms, settings.hold_out_mechanisms)
    whole = data.take(np.flatnonzero(~held_out))
    for repeat, parts in enumerate(
        grouped_folds(data.target, data.group, folds, settings.seed, repeats=settings.repeats)
    ):
        report(f"{folds} folds, repetition {repeat + 1} of {settings.repeats}")
        scores = {name: np.full(len(data), np.nan) for name in ("realreach", *BASELINES)}
        for train, test in parts:
            fit, asked = data.take(train[~held_out[train]]), data.take(test)
            seeded = _fitted(make_fit(settings, settings.seed + repeat), fit, kept_work)
            assessed = seeded.fitted_.assess(asked.matrix)
            scores["realreach"][test] = assessed.probability
            if repeat == 0:
                # Once is enough for the heads: each creator is judged by some that never saw it.
                heads = _fit_heads(seeded, fit, settings, report, kept_work)
                told = put_scores(told, heads.score(assessed, assessed.probability), test, len(data))
            flagged[test] += _flagged(seeded, assessed) / settings.repeats
            for name, values in _baseline_scores(fit, asked, settings, kept_work).items():
                scores[name][test] = values
        for name, values in scores.items():
            totals[name] = totals.get(name, 0.0) + values / settings.repeats
    report(f"fitting the model to keep on all {len(whole):,} creators")
    estimator = _fitted(make_fit(settings), whole, kept_work)
    heads = _fit_heads(estimator, whole, settings, report, kept_work)
    times = "once" if settings.repeats == 1 else f"{settings.repeats} times"
    protocol = f"{folds} folds by group, {times}, mean out-of-fold score"
    report("the same folds on shuffled labels, as a check")
    chance = np.full(len(data), np.nan)
    for train, test in grouped_folds(data.target, data.group, folds, settings.seed)[0]:
        chance[test] = _shuffled_scores(data.take(train[~held_out[train]]), data.take(test), settings, kept_work)
    shuffled = _auc(data.target, chance)
    # Most repetitions decide.
    judged = _Judged(data, totals, flagged > 0.5, shuffled, np.arange(len(data)), told or HeadScores({}, {}))
    return _evaluation(judged, estimator, heads, whole, settings, report, None, protocol, kept_work)


def _flagged(estimator: CrossedFit, assessed: Assessment) -> np.ndarray:
    """Return which creators lie above the operating point of the pillars they have."""
    return assessed.probability > estimator.fitted_.calibration.limit(assessed.mask)


def _shuffled_scores(fit: Labelled, test: Labelled, settings: TrainSettings, kept: KeptWork) -> FloatArray:
    """Return scores of the recipe fitted on shuffled labels: they know nothing, unless the test leaks into it."""
    # Two folds calibrate it: what it says must be nothing, whatever the calibration.
    estimator = make_fit(settings, n_estimators=60, masked_copies=0, folds=2)
    seen, asked = fit.matrix, test.matrix

    def fitted() -> Pieces:
        shuffled = np.random.default_rng(settings.seed).permutation(fit.target)
        return {"scores": _fitted(estimator, fit, KeptWork(), shuffled).fitted_.probabilities(asked)}

    facts = [estimator.recipe(), list(fit.features.columns), seen, fit.target, fit.weight, fit.group, asked]
    return kept.of("shuffled labels", [settings.seed, *facts], fitted)["scores"]


def _auc(target: FloatArray, scores: FloatArray) -> float:
    known = ~np.isnan(scores)
    return roc_auc(target[known], scores[known])


@dataclass(frozen=True, eq=False)
class _Judged:
    """Creators judged by models that never saw them: data, scores by model, flags, rows in the labelled data, heads."""

    test: Labelled
    scores: dict[str, FloatArray]
    flagged: np.ndarray
    shuffled_auc: float
    rows: IntArray
    told: HeadScores


def _evaluation(
    judged: _Judged,
    estimator: CrossedFit,
    heads: Heads,
    fit: Labelled,
    settings: TrainSettings,
    report: Report,
    split: Split | None,
    protocol: str,
    kept: KeptWork,
) -> Evaluation:
    frame = _frame(judged.test, estimator)
    rule = norms_rule(judged.test.features)
    truth = judged.test.head_labels
    scores = {**judged.scores, "norms_rule": rule}
    report("metrics with bootstrap intervals")
    table = kept_table(
        kept,
        "metrics",
        [_columns(frame), scores, judged.flagged, settings.bootstrap, settings.seed],
        lambda: _metrics(frame, scores, judged.flagged, settings),
    )
    report("the heads and the ranges")
    scored = frame.assign(p=judged.scores["realreach"])
    options = {"replicates": settings.bootstrap, "seed": settings.seed}
    head_table = kept_table(
        kept,
        "figures of heads",
        [_columns(scored), judged.told.mechanisms, judged.told.shares, truth.mechanisms, truth.shares, options],
        lambda: judge_heads(judged.told, truth, scored, **options),
    )
    covered = _covered(estimator, fit, settings, kept)
    return Evaluation(
        table, scored, rule, estimator, split, protocol, judged.rows, judged.shuffled_auc, heads, head_table, covered
    )


def _metrics(
    frame: pd.DataFrame, scores: Mapping[str, FloatArray], flagged: np.ndarray, settings: TrainSettings
) -> pd.DataFrame:
    """Return the metrics of every model: all of them, and by slice, for our own."""
    import pandas as pd

    tables = []
    options: dict[str, Any] = {"replicates": settings.bootstrap, "seed": settings.seed}
    for name, values in scores.items():
        scored = frame.assign(p=values)
        own = name == "realreach"
        part = evaluate(scored, slices=None if own else [], **options)
        if own:
            # At the operating point a creator is flagged or not; thresholds differ by pillars, so flags are judged.
            flags = frame.assign(p=np.where(np.isnan(values), np.nan, flagged.astype(np.float64)))
            at_point = evaluate(flags, threshold=0.5, only=_AT_POINT, **options)
            at_point = at_point[at_point["metric"].isin(_AT_POINT)]
            part = pd.concat([part, at_point, calibration_noise(scored, seed=settings.seed)], ignore_index=True)
        matched = evaluate_matched(scored, **options)
        tables.append(pd.concat([part, matched], ignore_index=True).assign(model=name))
    table = pd.concat(tables, ignore_index=True)
    return table[["model", *[c for c in table.columns if c != "model"]]]


def _covered(estimator: CrossedFit, fit: Labelled, settings: TrainSettings, kept: KeptWork) -> dict[str, float]:
    """Return by combination of pillars how often the range held a share that was known."""
    calibration = estimator.fitted_.calibration
    facts = [estimator.crossed_, calibration.margin, calibration.probability, sorted(calibration.low), fit.weight]
    found = kept.of(
        "ranges",
        [*facts, settings.seed],
        lambda: {
            name: np.array(share) for name, share in range_coverages(estimator, fit.weight, seed=settings.seed).items()
        },
    )
    return {name: float(share) for name, share in found.items()}


def _columns(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the columns of a table as arrays, for a digest."""
    return {str(name): frame[name].to_numpy() for name in frame.columns}


def _frame(test: Labelled, estimator: CrossedFit) -> pd.DataFrame:
    """Return labels and slices of the judged creators, without their keys."""
    import pandas as pd

    followers = 10.0 ** test.features["context__followers__now__log10"].to_numpy()
    present = estimator.fitted_.judged(test.matrix)
    return pd.DataFrame(
        {
            "y": test.target,
            "p": np.nan,
            "weight": test.weight,
            # Numbers in place of names: a group can be a creator's key.
            "group": np.unique(test.group.astype(str), return_inverse=True)[1],
            "followers": followers,
            "platform": test.platform,
            "size_tier": size_tier(followers),
            "language": test.language,
            "pillars": [combination_name(int(m)) for m in present],
            **{name: values for name in ("niche", "country") if (values := getattr(test, name)) is not None},
        }
    )


def _holds(mechanisms: np.ndarray, wanted: tuple[str, ...]) -> np.ndarray:
    pick = set(wanted)
    absent = sorted(pick - {code for m in mechanisms for code in str(m).split("+")})
    if absent:
        listed = ", ".join(absent)[:200]
        raise UsageError(
            f"hold_out_mechanisms: no labelled creator has {listed}. The codes stand in labels.mechanisms."
        )
    return np.array([bool(pick & set(str(m).split("+"))) for m in mechanisms], dtype=bool)


def _plain(features: pd.DataFrame) -> FloatArray:
    """Return what a plain model may see: no context, so that size is no way to look guilty for the baselines either."""
    return features[[name for name in feature_names() if not name.startswith("context__")]].to_numpy(dtype=np.float64)


def summary_table(table: pd.DataFrame, *, simulated: bool = False) -> str:
    """Return the headline figures as text: one row per metric, one column per model, intervals beside the values.

    ``simulated`` says so in the heading of every part, so that no figure stands without the word.
    """
    kind = "simulated creators" if simulated else "creators"
    rows = []
    models = list(dict.fromkeys(table["model"]))
    for part in ("all", "size_matched"):
        here = table[table["slice"] == part]
        if here.empty:
            continue
        sizes = here.iloc[0]
        fakes = int(sizes["n_fake"])
        rows.append([f"{part} ({int(sizes['n']):,} {kind}, {fakes:,} fake)", *[""] * len(models)])
        names = [m for m in dict.fromkeys(here["metric"]) if m in HEADLINES or part == "size_matched"]
        for metric in sorted(names, key=lambda m: HEADLINES.index(m) if m in HEADLINES else 99):
            cells = []
            for model in models:
                hit = here[(here["metric"] == metric) & (here["model"] == model)]
                cells.append("" if hit.empty else _cell(*hit.iloc[0][["value", "low", "high"]]))
            rows.append([f"  {metric}", *cells])
    head = ["", *models]
    width = [max(len(str(r[i])) for r in [head, *rows]) for i in range(len(head))]
    lines = ["  ".join(str(c).ljust(w) for c, w in zip(row, width, strict=True)).rstrip() for row in [head, *rows]]
    return "\n".join(lines)


def _cell(value: float, low: float, high: float) -> str:
    if np.isnan(value):
        return ""
    return f"{value:.3f}" if np.isnan(low) else f"{value:.3f} [{low:.3f}, {high:.3f}]"
