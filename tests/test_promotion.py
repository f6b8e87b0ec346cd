"""The champion moves only through the gate: what is worse, unfair, failed or seen before is refused, with reasons."""

import json
from dataclasses import replace

import numpy as np
import pytest

from conftest import write_csv
from realreach.bundle import Bundle
from realreach.cli import run_command
from realreach.errors import UsageError
from realreach.promotion import Compared, PromotionSettings, judge_challenger
from realreach.scores import Scorer

QUICK = PromotionSettings(bootstrap=60)


@pytest.fixture(scope="module")
def frozen_frames():
    from realreach.simulate import simulate

    made = simulate(220, seed=6).frames
    return {n: made[n] for n in ("creators", "follower_history", "posts", "comments", "labels")}


@pytest.fixture(scope="module")
def frozen(frozen_frames):
    from realreach.tables import tables_from_frames
    from realreach.training import labelled_creators

    return labelled_creators(tables_from_frames(frozen_frames).tables)


def clean(scorer, **changes):
    """The same model with metadata of a run whose checks passed."""
    bundle = scorer.bundle
    return Scorer(
        Bundle(
            model=changes.pop("model", bundle.model),
            metadata={**bundle.metadata, "findings": [], **changes},
            settings=bundle.settings,
            card=bundle.card,
            sha256=bundle.sha256,
        )
    )


def with_calibration(scorer, change):
    model = scorer.bundle.model
    return clean(scorer, model=replace(model, calibration=change(model.calibration)))


def test_the_same_model_is_not_worse(scorer, frozen):
    verdict = judge_challenger(clean(scorer), clean(scorer), frozen, QUICK)
    assert verdict.promoted
    assert [part.value for part in verdict.compared] == [0.0, 0.0, 0.0]
    assert verdict.creators == len(frozen)


def test_a_first_champion_needs_no_other(scorer, frozen):
    verdict = judge_challenger(clean(scorer), None, frozen, QUICK)
    assert verdict.promoted
    assert verdict.compared == ()


def test_failed_checks_are_refused(scorer, frozen):
    finding = {"code": "feature_equals_label", "severity": "error", "sentence": "Equal to the label: x."}
    verdict = judge_challenger(clean(scorer, findings=[finding]), None, frozen, QUICK)
    assert not verdict.promoted
    assert "feature_equals_label" in verdict.refusals[0]
    warned = judge_challenger(clean(scorer, findings=[{**finding, "severity": "warning"}]), None, frozen, QUICK)
    assert warned.promoted


def test_a_worse_ranking_is_refused(scorer, frozen):
    def upside_down(calibration):
        return replace(calibration, probability={k: v[::-1].copy() for k, v in calibration.probability.items()})

    verdict = judge_challenger(with_calibration(scorer, upside_down), clean(scorer), frozen, QUICK)
    assert any("PR-AUC" in text and text.endswith(": worse") for text in verdict.refusals)


def test_more_honest_flagged_is_refused(scorer, frozen):
    def lower(calibration):
        return replace(calibration, threshold=dict.fromkeys(calibration.threshold, 0.15))

    verdict = judge_challenger(with_calibration(scorer, lower), clean(scorer), frozen, QUICK)
    assert any("honest flagged" in text for text in verdict.refusals)
    better = judge_challenger(clean(scorer), with_calibration(scorer, lower), frozen, QUICK)
    assert not any("honest flagged" in text for text in better.refusals)


def test_an_unfair_slice_is_refused(scorer, frozen):
    hurt = np.zeros(len(frozen), dtype=bool)
    flagged = scorer.bundle.model.probabilities(frozen.matrix) > 0.5
    hurt[flagged] = True
    hurt &= frozen.target == 0
    rest = np.random.default_rng(0).permutation(np.flatnonzero(~hurt & (frozen.target == 0)))
    hurt[rest[: max(30 - int(hurt.sum()), 0)]] = True
    language = np.where(hurt, "hurt", "fine").astype(object)

    def half(calibration):
        return replace(calibration, threshold=dict.fromkeys(calibration.threshold, 0.5))

    challenger = with_calibration(scorer, half)
    verdict = judge_challenger(challenger, None, replace(frozen, language=language), QUICK)
    assert any("gate failed" in text and "language=hurt" in text for text in verdict.refusals)
    assert not any("language=" in text for text in judge_challenger(challenger, None, frozen, QUICK).refusals)


def test_a_frozen_set_that_was_trained_on_is_refused(scorer, frozen):
    seen = clean(scorer, data={**scorer.bundle.metadata["data"], "simulated_seeds": [6]})
    with pytest.raises(UsageError, match="the challenger was trained on simulated creators of seed 6"):
        judge_challenger(seen, None, frozen, QUICK)
    with pytest.raises(UsageError, match="the champion was trained on"):
        judge_challenger(clean(scorer), seen, frozen, QUICK)


def test_what_cannot_be_told_does_not_pass():
    unknown = Compared("x", 0.5, 0.5, float("nan"), float("nan"), float("nan"), 0.02, 1)
    assert not unknown.passes
    assert "not shown to be no worse" in unknown.sentence
    fine = Compared("x", 0.5, 0.5, 0.0, -0.02, 0.02, 0.02, 1)
    assert fine.passes
    assert not replace(fine, low=-0.021).passes
    assert not replace(fine, better=-1, high=0.021).passes


def test_the_command_moves_the_alias_or_refuses_and_keeps_why(trained, frozen_frames, tmp_path, capfd):
    mlflow = pytest.importorskip("mlflow")
    from realreach.tracking import record_decision, track, version_behind

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    passed = replace(trained, findings=[], metadata={**trained.metadata, "findings": []})
    track(passed, experiment="t", tracking_uri=uri)
    folder = write_csv(frozen_frames, tmp_path / "frozen")

    def promote(*more):
        words = ["--frozen", str(folder), "--tracking-uri", uri, *more]
        code = run_command("promote", words, prog="realreach promote")
        out, err = capfd.readouterr()
        return code, out, err

    code, out, err = promote("--dry-run")
    assert (code, version_behind("realreach", "champion", uri)) == (0, None), err
    code, out, err = promote("--note", "first")
    assert code == 0, err
    assert json.loads(out)["promoted"] is True
    assert version_behind("realreach", "champion", uri) == "1"
    client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    tags = client.get_model_version("realreach", "1").tags
    assert (tags["promotion.decision"], tags["promotion.note"]) == ("promoted", "first")
    assert promote()[0] == 0

    finding = {"code": "too_bad", "severity": "error", "sentence": "Bad."}
    failed = replace(trained, findings=[], metadata={**trained.metadata, "findings": [finding]})
    track(failed, experiment="t", tracking_uri=uri)
    code, out, err = promote()
    assert code == 6
    assert "version 2 is not promoted: check failed: Bad. [too_bad]" in err
    assert version_behind("realreach", "champion", uri) == "1"
    assert client.get_model_version("realreach", "2").tags["promotion.decision"] == "refused"
    code, _, err = promote("--challenger", "nobody")
    assert (code, "no version with the alias 'nobody'" in err) == (4, True)
    record_decision("realreach", "2", {"a": "b"}, tracking_uri=uri)
    assert client.get_model_version("realreach", "2").tags["a"] == "b"


def test_training_that_fails_its_checks_ends_with_6_and_the_model_is_kept(
    trained, csv_folder, tmp_path, monkeypatch, capfd
):
    from realreach import training
    from realreach.checks import Finding

    bad = Finding("slice_false_positives", "error", "Honest creators flagged in language=id: 9 %.", {})
    for findings, expected in (([bad], 6), ([replace(bad, severity="warning")], 0)):
        monkeypatch.setattr(training, "train", lambda *a, f=findings, **k: replace(trained, findings=f))
        out = tmp_path / str(expected)
        words = ["--data", str(csv_folder), "--no-mlflow", "--out", str(out), "--quiet"]
        assert run_command("train", words, prog="train.py") == expected
        assert (out / "manifest.json").is_file()
        assert ("failed its checks (slice_false_positives)" in capfd.readouterr().err) == (expected == 6)
