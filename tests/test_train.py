"""``train.py``: a model folder and a table of metrics, nothing written too early, and settings that are told apart."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from conftest import SENTINELS
from realreach.bundle import load_bundle
from realreach.cli import run_command
from realreach.tables import reading

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "small.toml"
    path.write_text(
        "folds = 2\nrepeats = 1\nbootstrap = 20\n[model]\nn_estimators = 5\nmasked_copies = 0\nfeature_fraction = 1.0\n"
    )
    return path


@pytest.fixture
def train(config, csv_folder, capfd):
    """Run train.py in this process: returns exit code, standard output and standard error."""

    def run(*flags, data=csv_folder):
        given = ["--data", str(data), "--config", str(config), "--no-cache", *map(str, flags)]
        code = run_command("train", given, prog="train.py")
        return code, *capfd.readouterr()

    return run


@pytest.fixture
def unread(monkeypatch):
    """Fails the test if data are read."""
    monkeypatch.setattr(reading, "_checked", lambda *_: pytest.fail("data were read before the flags were checked"))


SPY = """
import sys
from realreach.cli import run_command
code = run_command("train", sys.argv[1:], prog="train.py")
assert not [name for name in sys.modules if name.split(".")[0] == "mlflow"], "mlflow was imported"
sys.exit(code)
"""


def test_without_mlflow_a_model_is_made_and_mlflow_is_never_imported(csv_folder, config, tmp_path):
    flags = ["--data", csv_folder, "--config", config, "--out", "models/new", "--no-mlflow", "--metrics", "m.csv"]
    flags.append("--no-cache")
    done = subprocess.run(
        [sys.executable, "-c", SPY, *flags], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.csv", "models"]
    assert load_bundle(tmp_path / "models" / "new").metadata["data"]["name"] == "tables"
    assert "n_estimators = 5" in load_bundle(tmp_path / "models" / "new").settings, "the effective settings are kept"
    metrics = pd.read_csv(tmp_path / "m.csv")
    assert {"model", "metric", "slice", "value", "low", "high", "n"} <= set(metrics.columns)
    assert "roc_auc" in done.stdout
    assert "fitting" not in done.stdout, "progress goes to standard error"
    assert "fitting the model to keep" in done.stderr
    for secret in SENTINELS:
        assert secret.decode() not in done.stdout + done.stderr


def test_flags_win_over_the_config_file(train, tmp_path):
    code, _, _ = train("--no-mlflow", "--out", tmp_path / "m", "--seed", "7", "--data-name", "mine", "--quiet")
    assert code == 0
    made = load_bundle(tmp_path / "m")
    assert "seed = 7\n" in made.settings
    assert "folds = 2\n" in made.settings
    assert made.metadata["data"]["name"] == "mine"


def test_dry_run_checks_data_and_settings_and_writes_nothing(train, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = train("--dry-run", "--out", "deep/model", "--metrics", "m.csv")
    assert (code, out) == (0, "")
    assert "would fit on 400 labelled creators" in err
    assert list(tmp_path.iterdir()) == []


WRONG = [
    (["--folds", "1"], "folds must be 0"),
    (["--folds", "3", "--time-split", "on"], "exclude each other"),
    (["--threads", "0"], "threads: "),
    (["--exclude", "growth__typo"], "no feature is called 'growth__typo'"),
    (["--as-of", "soon"], "--as-of must be a date"),
    (["--no-mlflow", "--tracking-uri", "sqlite:///x.db"], "--no-mlflow goes without --tracking-uri"),
    (["--strict", "--max-reject-rate", "0.2"], "contradict each other"),
]


@pytest.mark.parametrize(("flags", "words"), WRONG)
def test_a_wrong_flag_is_told_before_data_are_read(train, unread, flags, words):
    code, out, err = train(*flags)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1


def test_an_unknown_key_of_the_config_file_is_named(csv_folder, unread, tmp_path, capfd):
    (tmp_path / "c.toml").write_text("learning_rate = 0.1\n")
    flags = ["--data", str(csv_folder), "--config", str(tmp_path / "c.toml")]
    assert run_command("train", flags, prog="train.py") == 2
    assert "c.toml: unknown key 'learning_rate' (known: name, seed," in capfd.readouterr().err


def test_what_could_not_be_written_is_refused_before_data_are_read(train, unread, tmp_path, bundle):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("")
    (tmp_path / "m.csv").write_text("")
    cases = [
        (["--out", bundle], "exists. Choose another name or say --overwrite"),
        (["--out", tmp_path / "thesis", "--overwrite"], "holds other things than a model"),
        (["--out", tmp_path / "m.csv" / "model"], "is a file, not a folder"),
        (["--metrics", tmp_path / "m.csv"], "exists"),
        (["--metrics", tmp_path / "no" / "m.csv"], "does not exist. Make it first."),
    ]
    for flags, words in cases:
        code, _, err = train(*flags, "--no-mlflow")
        assert code == 5, err
        assert words in err


def test_a_missing_mlflow_is_told_before_data_are_read(train, unread, monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "mlflow" else find(name, *rest)
    )
    code, _, err = train()
    assert code == 2
    assert "or say --no-mlflow" in err


def test_data_that_cannot_be_learned_from_are_refused_with_code_3(train, shortlist, csv_folder, tmp_path):
    code, _, err = train("--no-mlflow", data=shortlist)
    assert code == 3
    assert "Training needs a labels table" in err
    labels = pd.read_csv(csv_folder / "labels.csv", dtype=str)
    labels.assign(is_fake="1").to_csv(tmp_path / "labels.csv", index=False)
    code, _, err = train("--no-mlflow", "--labels", tmp_path / "labels.csv")
    assert code == 3
    assert "400 creators with is_fake = 1 and 0 with 0" in err


def test_labels_may_lie_elsewhere(train, csv_folder, tmp_path):
    data = Path(shutil.copytree(csv_folder, tmp_path / "data"))
    (data / "labels.csv").rename(tmp_path / "truth.csv")
    code, _, err = train("--labels", tmp_path / "truth.csv", "--dry-run", data=data)
    assert code == 0
    assert "would fit on 400 labelled creators" in err


def test_the_model_is_saved_even_if_nobody_reads_the_table(csv_folder, config, tmp_path):
    flags = ["--data", csv_folder, "--config", config, "--out", tmp_path / "m", "--no-mlflow", "--quiet"]
    with subprocess.Popen([sys.executable, "-u", ROOT / "train.py", *flags], stdout=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.wait() == 0
    assert load_bundle(tmp_path / "m")


def test_an_interrupted_training_keeps_the_old_model(train, bundle, tmp_path, monkeypatch):
    from realreach import training

    old = Path(shutil.copytree(bundle, tmp_path / "m"))

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train", interrupted)
    code, _, err = train("--no-mlflow", "--out", old, "--overwrite")
    assert code == 130
    assert err.endswith("Run the same command again.\n")
    assert load_bundle(old)
    assert os.listdir(tmp_path) == ["m"]  # noqa: PTH208 - the names are what is meant


def test_json_logs_of_a_training_are_json(train):
    code, out, err = train("--no-mlflow", "--log-format", "json")
    assert code == 0
    assert all(json.loads(line)["level"] == "info" for line in err.splitlines())
    assert "roc_auc" in out
