"""The search of settings looks at the training part only, repeats itself, and never ends worse than it began."""

import dataclasses
import math

import numpy as np
import pytest

from realreach.errors import UsageError
from realreach.evaluation import held_out_parts
from realreach.settings import TrainSettings, load_settings
from realreach.training import train
from realreach.training_data import training_data
from realreach.tuning import _SPACE, Folds, SearchPlan, search_settings

pytest.importorskip("optuna", reason="needs the extra 'tune'")


@pytest.fixture(scope="module")
def small():
    given = {"model.n_estimators": 8, "model.masked_copies": 1, "bootstrap": 20, "heads": False, "time_split": "on"}
    return load_settings(TrainSettings, None, given)


@pytest.fixture(scope="module")
def prepared(read):
    return training_data(read.tables)


@pytest.fixture(scope="module")
def found(prepared, small):
    return search_settings(prepared.labelled, small, SearchPlan(6, folds=2))


def test_the_settings_given_are_tried_first_and_the_best_is_kept(found, small):
    assert dict(found.trials[0].parameters) == {name: getattr(small.model, name) for name in _SPACE}
    assert len(found.trials) == 6
    assert found.best_trial.loss == min(t.loss for t in found.trials if not math.isnan(t.loss))
    assert {name: getattr(found.best, name) for name in _SPACE} == dict(found.best_trial.parameters)
    assert found.best.n_estimators == 8
    for trial in found.trials[1:]:
        assert all(low <= trial.parameters[name] <= high for name, (low, high, _) in _SPACE.items())


def test_the_same_seed_finds_the_same(prepared, small, found):
    assert search_settings(prepared.labelled, small, SearchPlan(6, folds=2)) == found


def test_the_test_part_is_never_looked_at(prepared, small, found):
    data = prepared.labelled
    split, _ = held_out_parts(data, small)
    # Of the test part anything but what decides who is in it may change.
    features = data.features.copy()
    columns = [c for c in features.columns if not c.startswith("context__")]
    features.iloc[split.test, [features.columns.get_loc(c) for c in columns]] = 1e6
    loud = dataclasses.replace(data, features=features)
    assert search_settings(loud, small, SearchPlan(6, folds=2)) == found
    early = data.features.copy()
    early.iloc[split.train, [early.columns.get_loc(c) for c in columns]] = 1e6
    other = search_settings(dataclasses.replace(data, features=early), small, SearchPlan(1, folds=2))
    assert other.trials[0].loss != found.trials[0].loss, "what is changed is seen where it may be"


def test_trees_on_bins_that_are_used_again_are_the_same_trees(prepared, small):
    data = prepared.labelled
    models = [
        small.model,
        small.model.model_copy(update={"num_leaves": 31, "min_child_samples": 60, "learning_rate": 0.15}),
        small.model.model_copy(update={"min_child_samples": 5, "reg_lambda": 0.5, "feature_fraction": 0.9}),
    ]
    again = Folds(data, small, 2)
    reused = [again.loss(model, 0) for model in models]
    assert reused == [Folds(data, small, 2).loss(model, 0) for model in models]
    assert len(set(reused)) == 3
    assert again.loss(models[0], 1) != reused[0]


def test_a_run_writes_the_settings_it_found_into_folder_card_and_metadata(prepared, small, found, tmp_path):
    result = train(prepared, small, search=SearchPlan(6, folds=2))
    assert result.settings.model == found.best
    assert result.search == found
    result.save(tmp_path / "model")
    assert f"num_leaves = {found.best.num_leaves}\n" in (tmp_path / "model" / "settings.toml").read_text()
    assert result.metadata["search"]["best"]["num_leaves"] == found.best.num_leaves
    assert "How its settings were found" in result.card
    assert "6 settings were tried" in result.card
    assert result.evaluation.split is not None, "a part that the search never saw is tested on"


def test_time_that_ran_out_leaves_what_was_found(prepared, small):
    found = search_settings(prepared.labelled, small, SearchPlan(50, timeout=1e-9, folds=2))
    assert len(found.trials) == 1
    assert found.best == small.model


def test_settings_outside_of_the_search_are_tried_as_they_are(prepared, small):
    odd = small.model_copy(update={"model": small.model.model_copy(update={"num_leaves": 63, "max_depth": 8})})
    found = search_settings(prepared.labelled, odd, SearchPlan(1, folds=2))
    assert found.best == odd.model
    assert found.trials[0].parameters["num_leaves"] == 63


@pytest.mark.parametrize(("trials", "timeout"), [(0, None), (3, 0.0), (3, math.nan)])
def test_a_search_of_nothing_is_refused(trials, timeout):
    with pytest.raises(UsageError, match="must be"):
        SearchPlan(trials, timeout)


def test_a_run_by_folds_has_no_part_to_test_on(prepared, small):
    with pytest.raises(UsageError, match="leave out --folds"):
        search_settings(prepared.labelled, small.model_copy(update={"folds": 5, "time_split": "auto"}), SearchPlan(1))


def test_losses_are_real(found):
    assert all(0.2 < t.loss < 0.8 or math.isnan(t.loss) for t in found.trials)
    assert np.ptp([t.loss for t in found.trials if not math.isnan(t.loss)]) > 0
