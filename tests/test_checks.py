"""Checks of a run: each catches a planted fault and is silent on a clean run."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from realreach.checks import CHECKS, CheckSettings, Finding, Run, run_checks
from realreach.metrics import evaluate
from realreach.splits import SplitSettings, split_creators

N = 4_000


def clean_run(seed=0):
    """A run with nothing wrong: calibrated scores, better than the rule, split by time and by group."""
    rng = np.random.default_rng(seed)
    owner = rng.integers(N // 2, size=N)
    days = 20_000.0 + owner % 400
    logit = rng.normal(size=N) * 2 - 1.5
    p = 1 / (1 + np.exp(-logit))
    labels = (rng.random(N) < p).astype(float)
    names = [f"growth__q{i}__90d__mean" for i in range(8)]
    features = pd.DataFrame(rng.normal(size=(N, 8)) + 0.3 * logit[:, None], columns=names)
    features = features.mask(rng.random((N, 8)) < 0.1)
    groups = np.array([f"owner{i}" for i in owner], dtype=object)
    split = split_creators(labels, groups, days, SplitSettings(time="on"), seed)
    frame = pd.DataFrame({"y": labels, "p": p, "group": groups, "platform": np.tile(["a", "b"], N // 2)})
    frame = frame.iloc[split.test]
    return Run(
        split=split,
        labels=labels,
        creator_ids=np.array([f"secret{i}" for i in range(N)], dtype=object),
        features=features,
        groups=groups,
        as_of_days=days,
        test_scores=p[split.test],
        rule_scores=(logit + rng.normal(size=N) * 4)[split.test],
        metrics=evaluate(frame, threshold=0.8, replicates=100),
        shuffled_auc=0.51,
    )


@pytest.fixture(scope="module")
def clean():
    return clean_run()


def only(run):
    """The one finding of a run with one planted fault."""
    findings = run_checks(run)
    assert len(findings) == 1, findings
    return findings[0]


def with_feature(run, values, name="comments__leak__90d__mean"):
    return replace(run, features=run.features.assign(**{name: values}))


def with_metric(run, metric, part, value, low, high):
    row = {"metric": metric, "slice": part, "value": value, "low": low, "high": high, "n": 200, "n_fake": 40}
    kept = run.metrics[(run.metrics["metric"] != metric) | (run.metrics["slice"] != part)]
    return replace(run, metrics=pd.concat([kept, pd.DataFrame([row])], ignore_index=True))


@pytest.mark.parametrize("seed", range(5))
def test_a_clean_run_has_no_findings(seed):
    assert run_checks(clean_run(seed)) == []


def test_creator_in_two_parts(clean):
    ids = clean.creator_ids.copy()
    ids[clean.split.test[0]] = ids[clean.split.train[0]]
    found = only(replace(clean, creator_ids=ids))
    assert (found.code, found.severity) == ("creator_in_two_parts", "error")
    assert "train and test: 1" in found.sentence
    assert dict(found.detail) == {"train+test": 1}


def test_row_in_two_parts(clean):
    split = replace(clean.split, stop=np.append(clean.split.stop, clean.split.train[:1]))
    codes = [found.code for found in run_checks(replace(clean, split=split))]
    assert codes == ["creator_in_two_parts", "group_in_two_parts"]


def test_group_in_two_parts(clean):
    groups = clean.groups.copy()
    groups[clean.split.test[:3]] = groups[clean.split.calibrate[:3]]
    found = only(replace(clean, groups=groups))
    assert (found.code, found.severity) == ("group_in_two_parts", "error")
    assert "calibrate and test" in found.sentence


def test_test_before_train(clean):
    days = clean.as_of_days.copy()
    days[clean.split.test[:7]] -= 300
    found = only(replace(clean, as_of_days=days))
    assert (found.code, found.severity) == ("test_before_train", "error")
    assert found.sentence.startswith("7 of ")


def test_random_split_over_a_long_time_is_a_warning_and_over_a_short_time_nothing(clean):
    split = replace(clean.split, cut_day=None)
    days = np.random.default_rng(0).permutation(clean.as_of_days)
    assert only(replace(clean, split=split, as_of_days=days)).severity == "warning"
    assert run_checks(replace(clean, split=split, as_of_days=20_000 + (days - 20_000) / 100)) == []


@pytest.mark.parametrize(("kept", "severity"), [(5, "error"), (30, "warning"), (50, None)])
def test_few_of_a_class(clean, kept, severity):
    rows = clean.split.calibrate
    fakes = rows[clean.labels[rows] == 1]
    split = replace(clean.split, calibrate=np.setdiff1d(rows, fakes[kept:]))
    findings = run_checks(replace(clean, split=split))
    assert [found.severity for found in findings] == ([severity] if severity else [])
    if severity:
        assert findings[0].code == "few_of_a_class"
        assert f"calibrate part has only {kept} fake rows" in findings[0].sentence


def test_parts_that_are_not_there_are_not_few(clean):
    none = np.empty(0, dtype=np.int64)
    split = replace(clean.split, train=np.arange(N), stop=none, calibrate=none, test=none)
    assert {found.code for found in run_checks(Run(split, clean.labels, clean.creator_ids, clean.features))} == {
        "not_checked"
    }


@pytest.mark.parametrize("values", [(0.0, 1.0), (1.0, 0.0), (3.5, -2.0), (7.0, np.nan), (np.nan, 7.0)])
def test_feature_equals_label(clean, values):
    found = only_of(with_feature(clean, np.where(clean.labels == 1, *values)), "feature_equals_label")
    assert found.severity == "error"
    assert "comments__leak__90d__mean" in found.sentence


def only_of(run, code):
    """The one finding with this code (a leak may show itself in other ways too)."""
    findings = [found for found in run_checks(run) if found.code == code]
    assert len(findings) == 1, findings
    return findings[0]


@pytest.mark.parametrize("sign", [1, -1])
def test_feature_separates(clean, sign):
    noise = np.random.default_rng(0).normal(size=N) * 0.2
    found = only(with_feature(clean, sign * (clean.labels + noise)))
    assert (found.code, found.severity) == ("feature_separates", "error")
    assert dict(found.detail)["comments__leak__90d__mean"] > 0.985


def test_strong_feature_is_not_a_leak(clean):
    noise = np.random.default_rng(0).normal(size=N) * 0.5
    assert run_checks(with_feature(clean, clean.labels + noise)) == []


def test_tiny_data_may_separate_by_chance(clean):
    leak = np.full(N, np.nan)
    known = np.concatenate([np.flatnonzero(clean.labels == label)[:20] for label in (0, 1)])
    leak[known] = clean.labels[known] + np.arange(40) / 100
    assert run_checks(with_feature(clean, leak)) == []


def test_missingness_tells_label(clean):
    rng = np.random.default_rng(0)
    leak = np.where((clean.labels == 0) & (rng.random(N) < 0.5), np.nan, rng.normal(size=N))
    found = only(with_feature(clean, leak))
    assert (found.code, found.severity) == ("missingness_tells_label", "warning")
    assert "0% of fakes" in found.sentence
    shared = np.where(rng.random(N) < 0.5, np.nan, rng.normal(size=N))
    assert run_checks(with_feature(clean, shared)) == []


@pytest.mark.parametrize(("missing", "is_found"), [(8, False), (25, True)])
def test_missingness_of_few_creators_must_be_clear(clean, missing, is_found):
    few = np.concatenate([np.flatnonzero(clean.labels == label)[:30] for label in (0, 1)])
    none = np.empty(0, dtype=np.int64)
    leak = np.random.default_rng(0).normal(size=N)
    leak[few[30 : 30 + missing]] = np.nan  # of 30 fakes; no honest creator
    run = with_feature(replace(clean, split=replace(clean.split, train=few, stop=none, calibrate=none)), leak)
    run = replace(run, split=replace(run.split, test=none), test_scores=None, metrics=None)
    assert ("missingness_tells_label" in {found.code for found in run_checks(run)}) == is_found


@pytest.mark.parametrize(("copies", "severity"), [(3, "warning"), (100, "error")])
def test_duplicate_rows(clean, copies, severity):
    features = clean.features.copy()
    features.iloc[clean.split.test[:copies]] = features.iloc[clean.split.train[:copies]].to_numpy()
    found = only(replace(clean, features=features))
    assert (found.code, found.severity) == ("duplicate_rows", severity)
    assert found.sentence.startswith(f"{copies} of ")


def test_rows_with_nothing_known_are_not_copies(clean):
    features = clean.features.copy()
    features.iloc[:1_000, 1:] = np.nan
    features.iloc[:1_000, 0] = 0.0
    assert "duplicate_rows" not in {found.code for found in run_checks(replace(clean, features=features))}


@pytest.mark.parametrize("auc", [0.7, 0.3])
def test_shuffled_labels_learned(clean, auc):
    found = only(replace(clean, shuffled_auc=auc))
    assert (found.code, found.severity) == ("shuffled_labels_learned", "error")


def test_too_good(clean):
    y = clean.labels[clean.split.test]
    found = only(replace(clean, test_scores=0.1 + 0.8 * y))
    assert (found.code, found.severity) == ("too_good", "warning")
    few = np.concatenate([np.flatnonzero(y == label)[:20] for label in (0, 1)])
    unscored = np.full(len(y), np.nan)
    unscored[few] = y[few]
    assert run_checks(replace(clean, test_scores=unscored)) == []


def test_no_better_than_rule(clean):
    rng = np.random.default_rng(1)
    model = clean.test_scores
    slightly_worse = model + rng.normal(size=len(model)) * 0.03
    found = only(replace(clean, rule_scores=slightly_worse))
    assert (found.code, found.severity) == ("no_better_than_rule", "warning")
    assert found.detail["low"] <= 0 < found.detail["high"]
    much_worse = model + rng.normal(size=len(model))
    found = only(replace(clean, test_scores=much_worse, rule_scores=model))
    assert (found.code, found.severity) == ("no_better_than_rule", "error")


def test_rule_without_scores_is_said(clean):
    found = only(replace(clean, rule_scores=np.full(len(clean.split.test), np.nan)))
    assert (found.code, found.severity) == ("not_checked", "info")


def test_slice_false_positives(clean):
    found = only(with_metric(clean, "fpr_at_threshold", "language=id", 0.30, 0.20, 0.40))
    assert (found.code, found.severity) == ("slice_false_positives", "error")
    assert "language=id: 30.0% (20.0% to 40.0%, 160 creators)" in found.sentence
    assert run_checks(with_metric(clean, "fpr_at_threshold", "language=id", 0.30, 0.0, 0.60)) == []


def test_slice_less_than_twice_as_bad_is_no_finding(clean):
    overall = clean.metrics.set_index(["metric", "slice"]).loc[("fpr_at_threshold", "all"), "value"]
    slightly = with_metric(clean, "fpr_at_threshold", "language=id", 1.9 * overall, 1.5 * overall, 2.3 * overall)
    assert run_checks(slightly) == []
    more = with_metric(clean, "fpr_at_threshold", "language=id", 2.1 * overall, 1.5 * overall, 2.3 * overall)
    assert only(more).code == "slice_false_positives"


def test_slice_false_positives_from_scores(clean):
    rows = clean.split.test
    hurt = np.arange(len(rows)) % 4 == 0
    p = np.where(hurt, np.clip(clean.test_scores + 0.5, 0, 1), clean.test_scores)
    frame = pd.DataFrame({"y": clean.labels[rows], "p": p, "language": np.where(hurt, "id", "en")})
    found = only_of(replace(clean, metrics=evaluate(frame, threshold=0.8, replicates=100)), "slice_false_positives")
    assert "language=id" in found.sentence


def test_weak_slice(clean):
    found = only(with_metric(clean, "roc_auc", "language=id", 0.6, 0.5, 0.7))
    assert (found.code, found.severity) == ("weak_slice", "warning")
    assert run_checks(with_metric(clean, "roc_auc", "language=id", 0.75, 0.6, 0.9)) == []


def test_size_matched_pairs_are_no_slice(clean):
    assert run_checks(with_metric(clean, "roc_auc", "size_matched", 0.6, 0.55, 0.65)) == []


def test_badly_calibrated(clean):
    found = only(with_metric(clean, "calibration_error", "all", 0.08, 0.05, 0.11))
    assert (found.code, found.severity) == ("badly_calibrated", "warning")
    assert run_checks(with_metric(clean, "calibration_error", "all", 0.08, 0.01, 0.15)) == []


def test_what_was_not_given_is_said(clean):
    bare = Run(clean.split, clean.labels, clean.creator_ids, clean.features)
    findings = run_checks(bare)
    assert {found.code for found in findings} == {"not_checked"}
    unchecked = {code for found in findings for code in found.detail["checks"]}
    assert {"group_in_two_parts", "no_better_than_rule", "slice_false_positives", "too_good"} <= unchecked
    no_threshold = clean.metrics[clean.metrics["metric"] != "fpr_at_threshold"]
    assert "operating point" in only(replace(clean, metrics=no_threshold)).sentence


def test_every_code_is_in_the_table_and_has_a_test():
    source = Path(__file__).read_text(encoding="utf-8")
    for code, entry in CHECKS.items():
        assert f'"{code}"' in source, code
        assert entry.meaning.endswith(".")
        assert entry.advice.endswith(".")
    assert Finding("too_good", "warning", "x").advice == CHECKS["too_good"].advice


def test_errors_come_first_details_are_plain_and_no_key_is_told(clean):
    ids = clean.creator_ids.copy()
    ids[clean.split.test[0]] = ids[clean.split.train[0]]
    run = replace(clean, creator_ids=ids, shuffled_auc=0.9, rule_scores=clean.test_scores)
    run = with_metric(run, "calibration_error", "all", 0.08, 0.05, 0.11)
    findings = run_checks(run)
    assert [found.severity for found in findings] == ["error", "error", "warning", "warning"]
    told = json.dumps([{"sentence": found.sentence, "detail": dict(found.detail)} for found in findings])
    assert "secret" not in told
    assert "owner" not in told.replace("(same owner", "")


def test_findings_are_the_same_every_time(clean):
    run = replace(clean, rule_scores=clean.test_scores, shuffled_auc=0.9)
    assert run_checks(run) == run_checks(run)


def test_settings_refuse_unknown_keys():
    with pytest.raises(ValidationError, match="limit"):
        CheckSettings(limit=1)
