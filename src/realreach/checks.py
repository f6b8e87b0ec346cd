"""Coded checks of a training run: leaks, overlaps, a model no better than a rule, a weak slice.

Each check looks for one mistake that makes numbers look better than they are, or hurts one group of creators. A
finding has a stable code; :data:`CHECKS` is the table of codes. What could not be checked is said too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from realreach.fairness import slice_rates
from realreach.metrics import difference, roc_auc
from realreach.splits import Split

if TYPE_CHECKING:
    import pandas as pd

    from realreach.tables.core import FloatArray, IntArray

__all__ = ["CHECKS", "CheckSettings", "Code", "Finding", "Run", "run_checks"]

Severity = Literal["error", "warning", "info"]


class Code(NamedTuple):
    """What a code means and what to do about it."""

    meaning: str
    advice: str


CHECKS: Mapping[str, Code] = MappingProxyType(
    {
        "creator_in_two_parts": Code(
            "A creator is in more than one part: the model is judged on whom it was fitted.",
            "Remove the repeated creators from the labels, or give their rows one group_id.",
        ),
        "group_in_two_parts": Code(
            "A group (same owner or seller) is in more than one part.",
            "Split with the groups given.",
        ),
        "test_before_train": Code(
            "Creators are tested on days before the last training day: the past is judged knowing the future.",
            "Split by time (time = 'on').",
        ),
        "few_of_a_class": Code(
            "A part has too few fakes or too few honest creators to tell much.",
            "Add labels, or judge by cross-validation.",
        ),
        "feature_equals_label": Code(
            "A feature is the label under another name.",
            "Remove the feature and find out how the label got into the tables.",
        ),
        "feature_separates": Code(
            "One feature alone separates the classes nearly perfectly: a leak, or a trace of how data were collected.",
            "Look at how the feature comes about for fakes and for honest creators; explain or remove it.",
        ),
        "missingness_tells_label": Code(
            "Whether a feature is missing tells the label: fakes and honest creators were collected differently.",
            "Collect both alike, or mask the data where only one class has them.",
        ),
        "duplicate_rows": Code(
            "Test creators have exactly the features of training creators: the same data under two names.",
            "Remove the copies, or put them into one group.",
        ),
        "shuffled_labels_learned": Code(
            "Trained on shuffled labels, the model still does better or worse than chance: the evaluation leaks.",
            "Look for rows shared between the parts and for references computed on all rows.",
        ),
        "too_good": Code(
            "The test result is better than detection of bought engagement has ever been shown to be.",
            "Suspect a leak or data easier than life before believing it.",
        ),
        "no_better_than_rule": Code(
            "The model is not shown to rank better than the rule of published norms.",
            "Add labels or features, or use the rule.",
        ),
        "slice_false_positives": Code(
            "Honest creators of one slice are flagged more than twice as often as honest creators overall. An error "
            "where chance does not explain it, all slices considered: such a model is not promoted.",
            "Add labelled honest creators of this slice, or do not use the score there.",
        ),
        "weak_slice": Code(
            "The model ranks clearly worse in one slice than overall.",
            "Add labelled creators of this slice, or state the weakness beside its scores.",
        ),
        "badly_calibrated": Code(
            "Probabilities are further from the true shares than allowed.",
            "Calibrate on more creators that are like those who are judged.",
        ),
        "not_checked": Code(
            "A check was left out because what it needs was not given.",
            "Give it, to have the check.",
        ),
    }
)
"""All codes. They are stable: a code keeps its meaning, a new meaning gets a new code."""


class CheckSettings(BaseModel):
    """Limits of the checks. Unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    separation_auc: float = Field(default=0.985, gt=0.5, le=1)
    """A single feature may reach this ROC-AUC, in either direction."""
    too_good_auc: float = Field(default=0.995, gt=0.5, le=1)
    """So may the model."""
    min_for_leak: int = Field(default=25, ge=2)
    """Creators of each class needed before a feature or a result is called too good: tiny sets separate by chance."""
    missing_gap: float = Field(default=0.20, gt=0, le=1)
    """A feature may be missing this much more often (share of creators) in one class than in the other."""
    few_error: int = Field(default=10, ge=1)
    """Fewer of a class in a part are an error ..."""
    few_warning: int = Field(default=50, ge=1)
    """... and fewer than this a warning."""
    calibration_error: float = Field(default=0.03, gt=0)
    """The lower bound of the calibration error may be this high."""
    slice_fpr_ratio: float = Field(default=2.0, ge=1)
    """A slice may have this many times the overall share of honest creators flagged ..."""
    slice_level: float = Field(default=0.05, gt=0, lt=1)
    """... and more is an error where chance explains it less often than this, all slices considered (Holm)."""
    slice_auc_drop: float = Field(default=0.05, ge=0)
    """The ROC-AUC of a slice, at its upper bound, may be this much below the lower bound overall."""
    duplicate_min_known: int = Field(default=5, ge=1)
    """Rows with fewer features that are known and not zero are alike by nature, not copies."""
    duplicate_error_share: float = Field(default=0.05, gt=0, le=1)
    """Share of copied test rows from which on it is an error."""
    time_span_days: float = Field(default=30.0, ge=0)
    """With days of decision closer than this, their order does not matter."""


@dataclass(frozen=True)
class Finding:
    """One thing found: a stable code, how bad, one sentence with the numbers, and the details to follow it up."""

    code: str
    severity: Severity
    sentence: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def advice(self) -> str:
        """What to do about it."""
        return CHECKS[self.code].advice


@dataclass(frozen=True, eq=False)
class Run:
    """What a training run has to show for itself.

    All arrays that are ``per row`` run over the labelled rows, in one order, to which ``split`` points. Everything
    with a default may be left out; the checks that need it then say so.

    Parameters
    ----------
    split
        The parts.
    labels
        0 (honest) or 1 (fake), per row.
    creator_ids
        Keys of the creators, per row.
    features
        The features as the model was given them, per row; NaN = not known.
    groups
        Names of the groups, per row.
    as_of_days
        Days of decision since 1970-01-01, per row.
    test_scores
        Fake probability of each row of ``split.test``, NaN where not scored.
    rule_scores
        Score of the norms rule, for the same rows.
    metrics
        The table of :func:`realreach.metrics.evaluate` on the test part.
    shuffled_auc
        ROC-AUC on the test part of a model trained in the same way on shuffled labels.
    """

    split: Split
    labels: FloatArray
    creator_ids: npt.NDArray[Any]
    features: pd.DataFrame
    groups: npt.NDArray[Any] | None = None
    as_of_days: FloatArray | None = None
    test_scores: FloatArray | None = None
    rule_scores: FloatArray | None = None
    metrics: pd.DataFrame | None = None
    shuffled_auc: float | None = None
    settings: CheckSettings = field(default_factory=CheckSettings)
    seed: int = 0

    @property
    def used(self) -> IntArray:
        """Positions of all rows in any part."""
        return np.concatenate([*self.split.parts.values()])


def _not_checked(codes: tuple[str, ...], lacking: str) -> Finding:
    sentence = f"Not checked for want of {lacking}: {', '.join(codes)}."
    return Finding("not_checked", "info", sentence, {"checks": list(codes), "lacking": lacking})


def _names(names: Sequence[str]) -> str:
    """Up to five names and how many more."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _shared_names(run: Run, names: npt.NDArray[Any]) -> dict[str, int]:
    """Return, for each pair of parts, how many names are in both."""
    sets = {
        part: {str(name) for name in np.asarray(names, dtype=object)[rows]} for part, rows in run.split.parts.items()
    }
    parts = list(sets)
    pairs = ((a, b) for i, a in enumerate(parts) for b in parts[i + 1 :])
    return {f"{a}+{b}": len(sets[a] & sets[b]) for a, b in pairs if sets[a] & sets[b]}


def _overlap(code: str, what: str, shared: Mapping[str, int]) -> Iterator[Finding]:
    if shared:
        told = "; ".join(f"{pair.replace('+', ' and ')}: {count}" for pair, count in shared.items())
        yield Finding(code, "error", f"{what} are in two parts ({told}).", shared)


def _check_creators(run: Run) -> Iterator[Finding]:
    yield from _overlap("creator_in_two_parts", "Creators", _shared_names(run, run.creator_ids))


def _check_groups(run: Run) -> Iterator[Finding]:
    assert run.groups is not None
    yield from _overlap("group_in_two_parts", "Groups", _shared_names(run, run.groups))


def _check_time(run: Run) -> Iterator[Finding]:
    assert run.as_of_days is not None
    days = np.asarray(run.as_of_days, dtype=np.float64)
    fitted = np.concatenate([run.split.train, run.split.stop, run.split.calibrate])
    known = days[run.used][np.isfinite(days[run.used])]
    if not len(known) or np.ptp(known) < run.settings.time_span_days or not np.isfinite(days[fitted]).any():
        return
    last = float(np.nanmax(days[fitted]))
    early = int(np.sum(days[run.split.test] < last))
    if early:
        by_time = run.split.cut_day is not None
        sentence = f"{early} of {len(run.split.test)} test rows lie before the last day of training and calibration."
        detail = {"rows": early, "last_day": str(np.datetime64(int(last), "D")), "split_by_time": by_time}
        yield Finding("test_before_train", "error" if by_time else "warning", sentence, detail)


def _check_class_counts(run: Run) -> Iterator[Finding]:
    limits = run.settings
    for part, rows in run.split.parts.items():
        if not len(rows):  # judged by folds: there is no such part
            continue
        fakes = int(run.labels[rows].sum())
        for name, count in (("fake", fakes), ("honest", len(rows) - fakes)):
            if count < limits.few_warning:
                severity: Severity = "error" if count < limits.few_error else "warning"
                sentence = f"The {part} part has only {count} {name} rows; {limits.few_warning} or more are wanted."
                yield Finding("few_of_a_class", severity, sentence, {"part": part, "class": name, "rows": count})


def _used_features(run: Run) -> tuple[FloatArray, FloatArray, list[str]]:
    rows = run.used
    X = run.features.to_numpy(dtype=np.float64, na_value=np.nan)[rows]
    return X, run.labels[rows], [str(name) for name in run.features.columns]


def _has_both(y: FloatArray, minimum: int) -> bool:
    fakes = int(y.sum())
    return min(fakes, len(y) - fakes) >= minimum


def _is_label(x: FloatArray, y: FloatArray) -> bool:
    """Whether a column with exactly two values is the label, whatever the two values are; missing counts as a value."""
    values = np.unique(x)  # equal_nan: all NaN are one value
    if len(values) != 2:
        return False
    second = np.isnan(x) if np.isnan(values[1]) else x == values[1]
    return bool(np.array_equal(second, y == 1) or np.array_equal(second, y == 0))


def _check_features(run: Run) -> Iterator[Finding]:
    X, y, names = _used_features(run)
    limits = run.settings
    equal, separating = [], {}
    for name, x in zip(names, X.T, strict=True):
        known = np.isfinite(x)
        if _has_both(y, 2) and _is_label(x, y):
            equal.append(name)
        elif _has_both(y[known], limits.min_for_leak):
            auc = roc_auc(y[known], x[known])
            if max(auc, 1 - auc) > limits.separation_auc:
                separating[name] = max(auc, 1 - auc)
    if equal:
        yield Finding("feature_equals_label", "error", f"Equal to the label: {_names(equal)}.", {"features": equal})
    if separating:
        told = _names([f"{name} (ROC-AUC {auc:.3f})" for name, auc in separating.items()])
        sentence = f"Alone nearly as good as the label (limit {limits.separation_auc:g}): {told}."
        yield Finding("feature_separates", "error", sentence, separating)


def _check_missingness(run: Run) -> Iterator[Finding]:
    X, y, names = _used_features(run)
    if not _has_both(y, run.settings.min_for_leak):
        return
    missing = np.isnan(X)
    fake, honest = missing[y == 1].mean(axis=0), missing[y == 0].mean(axis=0)
    n_fake, n_honest = y.sum(), (1 - y).sum()
    error = np.sqrt(fake * (1 - fake) / n_fake + honest * (1 - honest) / n_honest)
    clear = np.flatnonzero(np.abs(fake - honest) - 2 * error > run.settings.missing_gap)
    if len(clear):
        clear = clear[np.argsort(-np.abs(fake - honest)[clear], kind="stable")]
        told = _names([f"{names[i]} ({fake[i]:.0%} of fakes, {honest[i]:.0%} of honest)" for i in clear])
        detail = {names[i]: {"fake": float(fake[i]), "honest": float(honest[i])} for i in clear}
        yield Finding("missingness_tells_label", "warning", f"Missing in different shares: {told}.", detail)


def _row_keys(X: FloatArray) -> list[bytes]:
    """Return equal bytes for equal rows: one kind of NaN, one kind of zero."""
    plain = np.ascontiguousarray(np.where(np.isnan(X), np.nan, X + 0.0))
    return [row.tobytes() for row in plain]


def _check_duplicates(run: Run) -> Iterator[Finding]:
    X = run.features.to_numpy(dtype=np.float64, na_value=np.nan)
    telling = np.sum(~np.isnan(X) & (X != 0), axis=1) >= run.settings.duplicate_min_known
    train, test = (rows[telling[rows]] for rows in (run.split.train, run.split.test))
    seen = set(_row_keys(X[train]))
    copies = sum(key in seen for key in _row_keys(X[test]))
    if copies:
        share = copies / len(run.split.test)
        severity: Severity = "error" if share > run.settings.duplicate_error_share else "warning"
        sentence = f"{copies} of {len(run.split.test)} test rows have exactly the features of a training row."
        yield Finding("duplicate_rows", severity, sentence, {"rows": copies, "share": share})


def _check_shuffled(run: Run) -> Iterator[Finding]:
    assert run.shuffled_auc is not None
    y = run.labels[run.split.test]
    if not _has_both(y, 2):
        return
    fakes, honest = float(y.sum()), float((1 - y).sum())
    error = np.sqrt((fakes + honest + 1) / (12 * fakes * honest))  # of the ROC-AUC of a score that knows nothing
    limit = float(max(0.05, 3 * error))
    if abs(run.shuffled_auc - 0.5) > limit:
        sentence = f"ROC-AUC {run.shuffled_auc:.3f} after training on shuffled labels; 0.5 +- {limit:.3f} is chance."
        yield Finding("shuffled_labels_learned", "error", sentence, {"roc_auc": run.shuffled_auc, "limit": limit})


def _check_too_good(run: Run) -> Iterator[Finding]:
    assert run.test_scores is not None
    scored = ~np.isnan(run.test_scores)
    y, p = run.labels[run.split.test][scored], run.test_scores[scored]
    if _has_both(y, run.settings.min_for_leak):
        auc = roc_auc(y, p)
        if auc > run.settings.too_good_auc:
            sentence = f"ROC-AUC {auc:.4f} on {len(y)} test rows is above {run.settings.too_good_auc:g}."
            yield Finding("too_good", "warning", sentence, {"roc_auc": auc, "n": len(y)})


def _check_rule(run: Run) -> Iterator[Finding]:
    assert run.test_scores is not None
    assert run.rule_scores is not None
    rows = run.split.test
    names = run.creator_ids if run.groups is None else run.groups
    groups = np.asarray(names, dtype=object)[rows]
    gain = difference(run.labels[rows], run.test_scores, run.rule_scores, None, groups, seed=run.seed)
    if np.isnan(gain.value):
        yield _not_checked(("no_better_than_rule",), "test rows of both classes that both have a score for")
    elif not gain.low > 0:
        severity: Severity = "error" if gain.high < 0 else "warning"
        sentence = (
            f"ROC-AUC of the model minus that of the norms rule is {gain.value:.3f} "
            f"({gain.low:.3f} to {gain.high:.3f}) on {gain.n} test rows: not shown to be above 0."
        )
        yield Finding("no_better_than_rule", severity, sentence, gain._asdict())


def _check_calibration(run: Run) -> Iterator[Finding]:
    assert run.metrics is not None
    limit = run.settings.calibration_error
    for row in _rows_of(run.metrics, "calibration_error"):
        if row["slice"] == "all" and row["low"] > limit:
            sentence = f"Calibration error {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f}), limit {limit:g}."
            yield Finding("badly_calibrated", "warning", sentence, row)


def _rows_of(metrics: pd.DataFrame, name: str) -> list[dict[str, Any]]:
    return [{str(k): v for k, v in row.items()} for row in metrics[metrics["metric"] == name].to_dict("records")]


def _is_slice(row: Mapping[str, Any]) -> bool:
    """Whether a row is about creators with something in common; not all of them, nor the size-matched pairs."""
    return "=" in str(row["slice"])


def _check_slices(run: Run) -> Iterator[Finding]:
    assert run.metrics is not None
    limits = run.settings
    if "fpr_at_threshold" not in set(run.metrics["metric"]):
        yield _not_checked(("slice_false_positives",), "an operating point in the metrics")
    ranked = _rows_of(run.metrics, "roc_auc")
    overall = {row["metric"]: row for row in ranked if row["slice"] == "all"}
    for rate in slice_rates(run.metrics, limits.slice_fpr_ratio, limits.slice_level):
        if rate.stands_out:
            severity: Severity = "error" if rate.fails else "warning"
            yield Finding("slice_false_positives", severity, rate.sentence, asdict(rate))
    for row in ranked:
        low = overall["roc_auc"]["low"]
        if _is_slice(row) and row["high"] < low - limits.slice_auc_drop:
            sentence = (
                f"ROC-AUC in {row['slice']} is {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f}, {row['n']} "
                f"creators), overall {overall['roc_auc']['value']:.3f}."
            )
            yield Finding("weak_slice", "warning", sentence, row)


_Check = tuple[tuple[str, ...], tuple[str, ...], Callable[[Run], Iterator[Finding]]]
_ORDER: tuple[_Check, ...] = (
    (("creator_in_two_parts",), (), _check_creators),
    (("group_in_two_parts",), ("groups",), _check_groups),
    (("test_before_train",), ("as_of_days",), _check_time),
    (("few_of_a_class",), (), _check_class_counts),
    (("feature_equals_label", "feature_separates"), (), _check_features),
    (("missingness_tells_label",), (), _check_missingness),
    (("duplicate_rows",), (), _check_duplicates),
    (("shuffled_labels_learned",), ("shuffled_auc",), _check_shuffled),
    (("too_good",), ("test_scores",), _check_too_good),
    (("no_better_than_rule",), ("test_scores", "rule_scores"), _check_rule),
    (("slice_false_positives", "weak_slice"), ("metrics",), _check_slices),
    (("badly_calibrated",), ("metrics",), _check_calibration),
)


def run_checks(run: Run) -> list[Finding]:
    """Return what the checks found, errors first; a clean run gives an empty list.

    A check for which something was not given yields one ``info`` finding ``not_checked``. Details hold counts, names
    of features and slices, never keys of creators or groups.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from realreach.splits import SplitSettings, split_creators
    >>> labels, ids = np.tile([0.0, 1.0], 500), np.arange(1000)
    >>> features = pd.DataFrame({"growth__gain__90d__max": labels + 1, "growth__gain__90d__cv": ids % 7})
    >>> split = split_creators(labels, ids, None, SplitSettings(), seed=0)
    >>> findings = run_checks(Run(split, labels, ids, features))
    >>> findings[0].code, findings[0].sentence
    ('feature_equals_label', 'Equal to the label: growth__gain__90d__max.')
    """
    findings: list[Finding] = []
    for codes, needs, check in _ORDER:
        lacking = [name for name in needs if getattr(run, name) is None]
        if lacking:
            findings.append(_not_checked(codes, " and ".join(lacking)))
        else:
            findings.extend(check(run))
    severities = ("error", "warning", "info")
    return sorted(findings, key=lambda finding: severities.index(finding.severity))
