"""Settings: flags over file over defaults, unknown keys refused by name, written so that they read back the same."""

import pytest

from realreach.errors import UsageError
from realreach.settings import ModelSettings, TrainSettings, load_settings, to_toml


def from_text(tmp_path, text, overrides=None):
    path = tmp_path / "train.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(TrainSettings, path, overrides)


def test_flags_win_over_the_file_and_the_file_over_the_defaults(tmp_path):
    text = 'seed = 5\nfolds = 4\n[model]\nnum_leaves = 7\nexclude = ["a"]\n'
    settings = from_text(tmp_path, text, {"seed": 9, "folds": None, "model.exclude": ["b"], "model.max_depth": 3})
    assert (settings.seed, settings.folds, settings.repeats) == (9, 4, TrainSettings().repeats)
    assert (settings.model.num_leaves, settings.model.max_depth, settings.model.exclude) == (7, 3, ("b",))


WRONG = {
    "seeed = 1": r"train.toml: unknown key 'seeed' \(known: name, seed,",
    "[model]\nleaves = 3": r"unknown key 'model.leaves' \(known: num_leaves,",
    'seed = "many"': r"seed: .*integer.*got 'many'",
    "folds = -1": "folds: .*greater than or equal to 0",
    "folds = 1": "folds must be 0 .* or 2 and more",
    'folds = 3\ntime_split = "on"': "exclude each other",
    'name = "Bad Name"': "name: ",
    "model = 3": "model: ",
    "[model]\nlearning_rate = nan": "model.learning_rate",
    "[model]\nreg_lambda = inf": "model.reg_lambda: .*finite",
    "seed = = 1": "not valid TOML",
    "a: !!python/object/apply:os.system ['x']": "not valid TOML",
    "x = " + "[" * 5000: "not valid TOML",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_setting_is_named_with_what_would_be_right(tmp_path, text):
    with pytest.raises(UsageError, match=WRONG[text]) as caught:
        from_text(tmp_path, text, {"model.exclude": ["x"]} if text == "model = 3" else None)
    assert len(str(caught.value).splitlines()) == 1


def test_many_problems_are_told_at_once_but_not_all(tmp_path):
    with pytest.raises(UsageError, match=r"a0.*a1.*and 3 more"):
        from_text(tmp_path, "\n".join(f"a{i} = 1" for i in range(8)))


def test_what_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere\.toml: cannot be read"):
        load_settings(TrainSettings, tmp_path / "nowhere.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings(TrainSettings, tmp_path)
    with pytest.raises(UsageError, match="more than 1 MB"):
        from_text(tmp_path, "#" * 1_000_001)
    (tmp_path / "latin.toml").write_bytes(b'name = "caf\xe9"')
    with pytest.raises(UsageError, match="not valid TOML"):
        load_settings(TrainSettings, tmp_path / "latin.toml")


def test_settings_survive_being_written(tmp_path):
    settings = TrainSettings(
        seed=3,
        simulated=True,
        hold_out_mechanisms=("M1", 'quote " and \\ back'),
        model=ModelSettings(learning_rate=1e-5, exclude=("a", "\u00e9\n")),
    )
    assert from_text(tmp_path, to_toml(settings)) == settings
    assert from_text(tmp_path, to_toml(TrainSettings())) == TrainSettings()


def test_the_parameters_are_those_of_the_estimator():
    from realreach.estimator import AuthenticityClassifier

    defaults = AuthenticityClassifier().get_params()
    for name, value in ModelSettings().model_dump().items():
        assert defaults[name] == value, f"{name}: settings and estimator differ"
