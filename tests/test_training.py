"""The recipe: who is trained on, what is never trained on, the same model again, and facts without private values."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import SENTINELS, SMALL
from realreach import training
from realreach.baselines import BASELINES
from realreach.card import family_importance, gains
from realreach.errors import InputError, UsageError
from realreach.evaluation import evaluate_by_folds, evaluate_held_out, summary_table
from realreach.features import feature_names
from realreach.plots import run_plots
from realreach.settings import TrainSettings, load_settings
from realreach.splits import Split
from realreach.tables import tables_from_frames
from realreach.training import data_digest, labelled_creators, train

FAST = {**SMALL, "model.n_estimators": 5, "model.masked_copies": 0}


def fast(**changes):
    return load_settings(TrainSettings, None, {**FAST, **changes})


@pytest.fixture(scope="module")
def data(read):
    return labelled_creators(read.tables)


def head(frames, creators, labels=None):
    keys = frames["creators"]["creator_id"].head(creators)
    picked = {name: f[f["creator_id"].isin(keys)] for name, f in frames.items()}
    return {**picked, "labels": picked["labels"] if labels is None else labels(picked["labels"])}


def test_only_labelled_creators_are_trained_on_in_the_order_of_their_keys(frames):
    some = head(frames, 120, lambda labels: labels.tail(100).sample(frac=1, random_state=0))
    data = labelled_creators(tables_from_frames(some).tables)
    assert data.features.index.tolist() == sorted(some["labels"]["creator_id"])
    truth = some["labels"].set_index("creator_id")["is_fake"]
    assert data.target.tolist() == truth[data.features.index].astype(float).tolist()
    assert list(data.features.columns) == list(feature_names())


def test_weights_groups_and_slices_come_from_the_tables(frames):
    def labels(given):
        given = given.assign(weight=2.0, group_id=None)
        given.loc[given.index[:3], "group_id"] = "one owner"
        given.loc[given.index[5], "weight"] = np.nan
        return given

    some = head(frames, 100, labels)
    data = labelled_creators(tables_from_frames(some).tables)
    assert sorted(set(data.weight)) == [1.0, 2.0]
    assert (data.group == "one owner").sum() == 3
    assert len(set(data.group)) == 98
    assert set(data.platform) == set(some["creators"]["platform"])


@pytest.mark.parametrize("fakes", [0, 3, 14])
def test_too_few_of_a_class_is_refused_with_the_counts(frames, fakes):
    some = head(frames, 60, lambda labels: labels.assign(is_fake=(np.arange(len(labels)) < fakes).astype(int)))
    with pytest.raises(
        InputError, match=f"labels: {fakes} creators with is_fake = 1 and {60 - fakes} with 0.*at least 15"
    ):
        labelled_creators(tables_from_frames(some).tables)


def test_no_labels_are_refused_with_what_is_needed(unlabelled):
    with pytest.raises(InputError, match="needs a labels table with creator_id and is_fake"):
        labelled_creators(unlabelled.tables)


def test_a_label_that_is_missing_or_no_flag_is_set_aside_not_guessed(frames):
    def labels(given):
        return given.assign(
            is_fake=given["is_fake"].astype("float64").where(np.arange(len(given)) > 4, [np.nan, 2, -1, 0.5, 9][0])
        )

    result = tables_from_frames(head(frames, 100, labels))
    assert result.report.counts["labels"].set_aside == 5
    assert len(labelled_creators(result.tables)) == 95


def test_the_digest_names_the_data_not_its_order_or_form(frames, data):
    shuffled = {name: f.sample(frac=1, random_state=2) for name, f in frames.items()}
    assert data_digest(labelled_creators(tables_from_frames(shuffled).tables)) == data_digest(data)
    other = data.target.copy()
    other[0] = 1 - other[0]
    assert data_digest(replace(data, target=other)) != data_digest(data)


def test_the_same_data_and_seed_give_the_same_model_for_any_number_of_threads(read, tmp_path):
    made = []
    for threads in (1, 2):
        folder = train(read, fast(threads=threads), data_name="w").save(tmp_path / str(threads))
        made.append({p.name: p.read_text() for p in folder.iterdir()})
    one, two = made
    assert {name for name in one if one[name] != two[name]} == {"settings.toml", "manifest.json"}
    assert one["settings.toml"].replace("threads = 1", "threads = 2") == two["settings.toml"]


def test_metadata_tells_what_the_model_was_made_of(trained, data):
    facts = trained.metadata
    assert facts["data"]["name"] == "small world"
    assert facts["data"]["creators"] == len(data)
    assert facts["data"]["fake"] == int(data.target.sum())
    assert facts["data"]["sha256"] == data_digest(data)
    assert facts["simulated"] is True, "every label comes from the simulator"
    assert set(facts["packages"]) >= {"numpy", "pandas", "lightgbm", "scikit-learn"}
    value, low, high = facts["metrics"]["all/roc_auc"]
    assert low <= value <= high
    assert facts["prevalence"] == pytest.approx(data.target.mean(), abs=1e-6)
    json.dumps(facts, allow_nan=False)


def test_the_commit_is_that_of_the_code_or_unknown(tmp_path, monkeypatch):
    import subprocess

    repository = Path(training.__file__).parent
    asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, capture_output=True, text=True, check=False)
    if asked.returncode == 0:
        assert training._git_commit() == asked.stdout.strip()
    stranger = tmp_path / "their-project"
    stranger.mkdir()
    subprocess.run(["git", "init", "-q", stranger], check=False)
    (stranger / "training.py").write_text("")
    monkeypatch.setattr(training, "__file__", str(stranger / "training.py"))
    assert training._git_commit() is None, "a package installed inside another repository is not that repository"


def test_baselines_stand_beside_the_model(trained):
    table = trained.evaluation.table
    assert set(table["model"]) == {"realreach", "norms_rule", *BASELINES}
    headline = table[(table["slice"] == "all") & (table["metric"] == "roc_auc")]
    assert len(headline) == len(BASELINES) + 2
    assert {"all", "size_matched"} <= set(table["slice"])
    assert any(name.startswith("platform") for name in table["slice"])
    text = summary_table(table)
    assert "norms_rule" in text
    assert "roc_auc" in text
    assert max(len(line) for line in text.splitlines()) < 250


def test_the_evaluation_holds_no_key_of_a_creator(trained, frames):
    frame = trained.evaluation.frame
    text = frame.to_csv() + trained.evaluation.table.to_csv() + trained.card + str(trained.findings)
    assert not any(key in text for key in frames["creators"]["creator_id"])
    for secret in SENTINELS:
        assert secret.decode() not in text
    assert str(Path.home()) not in trained.card


def test_the_card_has_its_sections_and_says_simulated(trained):
    for title in (
        "What it is for",
        "How good it is",
        "By slice",
        "Operating points",
        "What it looks at",
        "Checks of the run",
    ):
        assert f"## {title}" in trained.card
    assert "simulated" in trained.card
    assert sum(family_importance(trained.evaluation).values()) == pytest.approx(1.0)
    assert "context" not in family_importance(trained.evaluation)


def test_gains_read_from_the_text_are_those_of_lightgbm(trained):
    booster = trained.evaluation.estimator.fitted_.booster
    told = gains(booster.model_to_string(), booster.num_feature())
    np.testing.assert_array_equal(told, booster.feature_importance("gain"))
    assert (told > 0).sum() > 3


def test_plots_are_made_and_hold_no_key(trained):
    import io

    figures = run_plots(trained)
    assert set(figures) == {"precision_recall", "calibration", "importance"}
    for figure in figures.values():
        buffer = io.BytesIO()
        figure.savefig(buffer, format="svg")
        assert not any(secret in buffer.getvalue() for secret in SENTINELS)


class Spy:
    """Notes which creators each fit gets."""

    def __init__(self, monkeypatch, data):
        from realreach.crossed_fit import CrossedFit

        self.seen = []
        fit = CrossedFit.fit_matrix
        # Whose features a row holds; no two creators have the same.
        owner = {row.tobytes(): key for key, row in zip(data.features.index, data.matrix, strict=True)}
        assert len(owner) == len(data)

        def noted(estimator, matrix, *others):
            self.seen.append({owner[row.tobytes()] for row in matrix})
            return fit(estimator, matrix, *others)

        monkeypatch.setattr(CrossedFit, "fit_matrix", noted)


def test_folds_judge_every_creator_by_models_that_never_saw_it(data, monkeypatch):
    spy = Spy(monkeypatch, data)
    evaluation = evaluate_by_folds(data, fast(folds=3), lambda _: None)
    folds = spy.seen[:3]
    assert all(sum(key not in fold for fold in folds) == 1 for key in data.features.index)
    assert set(data.features.index) in spy.seen, "the model to keep is fitted on all"
    assert len(evaluation.frame) == len(data)


def test_held_out_creators_are_in_no_fit(data, monkeypatch):
    spy = Spy(monkeypatch, data)
    evaluation = evaluate_held_out(data, fast(folds=0), lambda _: None)
    tested = set(data.features.index[evaluation.split.test])
    assert tested
    assert all(not tested & fold for fold in spy.seen)
    assert isinstance(evaluation.split, Split)


@pytest.mark.parametrize("recipe", [evaluate_by_folds, evaluate_held_out])
def test_a_mechanism_that_is_held_out_is_tested_but_never_trained_on(data, monkeypatch, recipe):
    codes = pd.Series([c for m in data.mechanisms for c in m.split("+") if c]).value_counts()
    code = codes.index[len(codes) // 3]
    having = {key for key, m in zip(data.features.index, data.mechanisms, strict=True) if code in m.split("+")}
    spy = Spy(monkeypatch, data)
    settings = fast(hold_out_mechanisms=(code,), folds=2 if recipe is evaluate_by_folds else 0)
    evaluation = recipe(data, settings, lambda _: None)
    assert having
    assert all(not having & fold for fold in spy.seen)
    assert having & set(data.features.index[evaluation.test_rows])


def test_a_mechanism_that_nobody_has_is_refused(data):
    with pytest.raises(UsageError, match="no labelled creator has M999"):
        evaluate_by_folds(data, fast(hold_out_mechanisms=("M999",)), lambda _: None)


@pytest.mark.parametrize(
    ("changes", "recipe"),
    [
        ({"folds": 0}, "evaluate_by_folds"),
        ({"folds": 3}, "evaluate_by_folds"),
        ({"folds": 0, "time_split": "on"}, "evaluate_held_out"),
    ],
)
def test_few_labels_are_judged_by_folds_unless_a_split_by_time_was_asked_for(read, monkeypatch, changes, recipe):
    class ChosenError(Exception):
        pass

    def chosen(*_):
        raise ChosenError

    monkeypatch.setattr(training, recipe, chosen)
    with pytest.raises(ChosenError):
        train(read, fast(**changes), data_name="w")


def test_a_split_by_time_tests_on_the_latest_creators(data):
    evaluation = evaluate_held_out(data, fast(folds=0, time_split="on"), lambda _: None)
    split = evaluation.split
    assert split.cut_day is not None
    assert data.as_of[split.test].min() >= split.cut_day
    assert "time" in evaluation.protocol
