"""MLflow: one run holds all that a run should hold and nothing private, and its model scores like the folder."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from conftest import SENTINELS
from realreach.bundle import FILES, OPTIONAL_FILES, manifest_sha256
from realreach.cli import run_command
from realreach.errors import ModelError, OutputError
from realreach.features import build_features, feature_names
from realreach.tracking import fetched_model, track

pytest.importorskip("mlflow")
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def store(trained, tmp_path_factory):
    """A store with one tracked run: its folder, its address, and what tracking said. Made once, it takes seconds."""
    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    return folder, uri, track(trained, experiment="tests", run_name="small", tracking_uri=uri)


@pytest.fixture
def client(store):
    import mlflow

    return mlflow.MlflowClient(tracking_uri=store[1], registry_uri=store[1])


@pytest.fixture
def run(client, store):
    return client.get_run(store[2]["run_id"])


def test_the_run_holds_settings_seed_commit_data_and_versions(run, trained):
    parameters, tags = run.data.params, run.data.tags
    assert parameters["seed"] == str(trained.settings.seed)
    assert parameters["model.n_estimators"] == "40"
    assert set(parameters) >= {"folds", "model.num_leaves", "model.operating_fpr"}
    assert tags["git_commit"] == (trained.metadata["git_commit"] or "unknown")
    assert tags["data.name"] == "small world"
    assert tags["data.sha256"] == trained.metadata["data"]["sha256"]
    assert tags["simulated"] == "true"
    assert tags["package.lightgbm"] == trained.metadata["packages"]["lightgbm"]
    data = run.inputs.dataset_inputs[0].dataset
    assert (data.name, data.digest) == ("small world", trained.metadata["data"]["sha256"][:32])


def test_the_run_holds_metrics_with_intervals(run, trained):
    metrics = run.data.metrics
    for name, (value, low, high) in trained.metadata["metrics"].items():
        for suffix, number in (("", value), ("/low", low), ("/high", high)):
            assert metrics.get(name + suffix) == (None if number is None else pytest.approx(number))
    assert "all/roc_auc/low" in metrics


def test_the_run_holds_card_settings_metrics_and_plots(client, store, trained):
    run_id = store[2]["run_id"]
    names = {f.path for f in client.list_artifacts(run_id)} | {f.path for f in client.list_artifacts(run_id, "plots")}
    plots = {f"plots/{name}.png" for name in ("precision_recall", "calibration", "importance")}
    assert {"card.md", "settings.toml", "metadata.json", "metrics.csv"} | plots <= names
    files = next(path for path in store[0].rglob("artifacts") if path.parent.name == run_id)
    assert (files / "card.md").read_text() == trained.card
    for plot in plots:
        assert (files / plot).read_bytes().startswith(b"\x89PNG")


def test_the_model_has_a_signature_of_doubles_named_outputs_and_pinned_requirements(store):
    import mlflow

    mlflow.set_tracking_uri(store[1])
    info = mlflow.models.get_model_info(store[2]["model_uri"])
    assert [c.name for c in info.signature.inputs] == list(feature_names())
    assert {str(c.type) for c in info.signature.inputs} == {"DataType.double"}
    assert {c.name: str(c.type) for c in info.signature.outputs} == {
        "fake_probability": "DataType.double",
        "authenticity": "DataType.double",
    }
    requirements = next(store[0].rglob("requirements.txt")).read_text().split()
    assert requirements
    assert all("==" in line for line in requirements)


def test_the_version_is_challenger_and_never_champion(client, store):
    version = client.get_model_version_by_alias("realreach", "challenger")
    assert str(version.version) == store[2]["version"]
    assert store[2]["registered"] == "models:/realreach@challenger"
    assert client.get_registered_model("realreach").aliases == {"challenger": version.version}


def test_the_bundle_in_the_store_is_the_bundle(store, bundle):
    with fetched_model("models:/realreach@challenger", store[1]) as folder:
        assert manifest_sha256(folder) == manifest_sha256(bundle)
        assert {p.name for p in folder.iterdir()} == {*FILES, *OPTIONAL_FILES, "manifest.json"}
        kept = folder
    assert not kept.exists(), "the copy is cleared away"


PYFUNC = """
import os, sys
assert os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"
import mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/realreach@challenger")
features = pd.read_parquet(sys.argv[2])
model.predict(features).to_parquet(sys.argv[3])
moved = model.predict(features[features.columns[::-1]])
assert moved.equals(model.predict(features)), "columns are found by name"
name = features.columns[30]
for wrong in (features.rename(columns={name: "renamed"}), features.assign(**{name: float("inf")})):
    try:
        model.predict(wrong)
    except Exception as err:
        assert "columns" in str(err) or "infinite" in str(err), err
    else:
        raise SystemExit("a wrong table was scored")
"""


def test_pyfunc_loads_without_pickles_and_scores_like_the_bundle(store, read, scorer, tmp_path):
    features = build_features(read.tables)
    features.to_parquet(tmp_path / "features.parquet")
    environment = {**os.environ, "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
    done = subprocess.run(
        [sys.executable, "-c", PYFUNC, store[1], tmp_path / "features.parquet", tmp_path / "out.parquet"],
        capture_output=True, text=True, check=False, env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    got = pd.read_parquet(tmp_path / "out.parquet")
    expected = scorer.bundle.model.probabilities(features.to_numpy())
    np.testing.assert_array_equal(got["fake_probability"].to_numpy(), expected)
    np.testing.assert_allclose(got["authenticity"].to_numpy(), 100 * (1 - expected))


def test_the_served_model_finds_columns_by_name_also_without_a_signature(scorer, read):
    from realreach.pyfunc import RealreachModel

    served = RealreachModel()
    served.model = scorer.bundle.model
    features = build_features(read.tables)
    moved = served.predict(None, features[features.columns[::-1]])
    np.testing.assert_array_equal(moved["fake_probability"], scorer.bundle.model.probabilities(features.to_numpy()))
    with pytest.raises(ModelError, match=r"lacks 1 of .* feature columns"):
        served.predict(None, features.drop(columns=features.columns[3]))


def test_predict_takes_the_registered_model_and_writes_the_same_bytes(store, bundle, shortlist, capfdbinary):
    flags = [str(shortlist), "--quiet", "--model"]
    assert run_command("predict", [*flags, str(bundle)], prog="p") == 0
    from_folder = capfdbinary.readouterr().out
    registered = [*flags, "models:/realreach@challenger", "--tracking-uri", store[1]]
    assert run_command("predict", [*registered, "--expect-sha256", manifest_sha256(bundle)], prog="p") == 0
    assert capfdbinary.readouterr().out == from_folder
    assert run_command("predict", [*registered, "--expect-sha256", "0" * 64], prog="p") == 4


def test_a_missing_alias_is_a_sentence_and_code_4(store, shortlist, capfd):
    flags = [str(shortlist), "--model", "models:/realreach@champion", "--tracking-uri", store[1]]
    assert run_command("predict", flags, prog="p") == 4
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("p: models:/realreach@champion: no such model in the registry")
    assert len(err.splitlines()) == 1


def test_a_model_of_others_is_refused(store, tmp_path, monkeypatch):
    import mlflow

    monkeypatch.setattr(mlflow.artifacts, "download_artifacts", lambda **_: str(tmp_path))
    with pytest.raises(ModelError, match="holds no realreach bundle"), fetched_model("models:/other/1", store[1]):
        pass


def test_nothing_private_is_in_the_store(store, run, frames):
    folder, _, _ = store
    keys = [key.encode() for key in frames["creators"]["creator_id"]]
    comments = [text.encode() for text in frames["comments"]["text"].dropna().unique() if len(text) > 25][:500]
    assert len(comments) > 20
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            for secret in (*SENTINELS, *keys, *comments):
                assert secret not in data, f"{path.name} holds a private value"
    told = json.dumps([run.data.params, run.data.tags])
    for place in (str(Path.home()), str(ROOT), str(folder)):
        assert place not in told
    # The place of the store itself is in its files, as always with MLflow; that of the code or of a user is not.
    for path in folder.rglob("MLmodel"):
        assert str(ROOT) not in path.read_text()
    assert run.data.tags["mlflow.source.name"] == "realreach train"


def test_the_database_holds_no_input_example_and_no_pickle(store):
    folder = store[0]
    assert not [p for p in folder.rglob("*") if p.suffix in (".pkl", ".pickle", ".joblib", ".skops")]
    assert not list(folder.rglob("*input_example*"))
    with sqlite3.connect(folder / "mlflow.db") as database:
        assert database.execute("select count(*) from runs").fetchone()[0] >= 1


@pytest.fixture
def small(csv_folder, tmp_path):
    config = tmp_path / "small.toml"
    config.write_text("folds = 2\nrepeats = 1\nbootstrap = 20\n[model]\nn_estimators = 3\nmasked_copies = 0\n")
    return ["--data", str(csv_folder), "--config", str(config), "--quiet"]


def test_train_tracks_into_the_store_and_says_where(small, store, client, monkeypatch, capfd):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store[1])
    flags = [
        *small[:-1],
        "--log-format",
        "json",
        "--register",
        "other",
        "--run-name",
        "second",
        "--experiment",
        "tests",
    ]
    assert run_command("train", flags, prog="train.py") == 0
    out, err = capfd.readouterr()
    lines = [json.loads(line) for line in err.splitlines()]  # MLflow's own words would break this
    assert "model models:/other@challenger" in lines[-1]["message"]
    assert "roc_auc" in out
    version = client.get_model_version_by_alias("other", "challenger")
    assert client.get_run(version.run_id).info.run_name == "second"


@pytest.mark.parametrize(
    "uri", ["http://user:secret-password@127.0.0.1:9", "sqlite:////proc/nowhere/mlflow.db", "odd://store"]
)
def test_a_store_that_cannot_be_reached_is_a_sentence_and_the_model_is_saved(small, tmp_path, monkeypatch, capfd, uri):
    monkeypatch.chdir(tmp_path)
    flags = [*small, "--out", str(tmp_path / "model"), "--tracking-uri", uri]
    assert run_command("train", flags, prog="train.py") == 5
    out, err = capfd.readouterr()
    assert "roc_auc" in out
    assert err.startswith("train.py: the run could not be tracked (")
    assert len(err.splitlines()) <= 3
    assert "secret-password" not in err
    assert (tmp_path / "model" / "manifest.json").exists()


def test_plots_or_database_that_fail_do_not_hide_their_reason(trained, store, monkeypatch):
    from realreach import tracking

    def broken(*_, **__):
        raise ValueError("first line\nsecond line")

    monkeypatch.setattr(tracking, "_track", broken)
    with pytest.raises(OutputError, match=r"\(ValueError: first line\)"):
        track(trained, experiment="tests", tracking_uri=store[1])


def test_trials_of_a_search_are_children_of_the_run(trained, store, client):
    from realreach.tuning import Search, Trial

    tried = (
        Trial(0, {"num_leaves": 15}, 0.5),
        Trial(1, {"num_leaves": 31}, 0.4),
        Trial(2, {"num_leaves": 8}, float("nan")),
    )
    search = Search(trained.settings.model, tried, 3, 0)
    tracked = track(replace(trained, search=search), experiment="search", tracking_uri=store[1], register=None)
    parent = client.get_run(tracked["run_id"])
    found = client.search_runs(
        [parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'", order_by=["start_time ASC"]
    )
    told = {r.info.run_name: (r.data.params["model.num_leaves"], r.data.metrics.get("inner_log_loss")) for r in found}
    assert told == {"trial 0": ("15", 0.5), "trial 1": ("31", 0.4), "trial 2": ("8", None)}
    assert [r.data.tags["given_up"] for r in found] == ["false", "false", "true"]
    assert all(r.info.status == "FINISHED" for r in [parent, *found])


BOTH = """
import sys
from dataclasses import replace
from realreach.tracking import _mlflow
mlflow = _mlflow(sys.argv[1])
print("ready", flush=True)
mlflow.set_experiment("both")
with mlflow.start_run():
    mlflow.log_metric("x", 1.0)
"""


def test_runs_that_begin_at_once_do_not_break_a_new_store(tmp_path):
    pytest.importorskip("fcntl")
    uri = f"sqlite:///{tmp_path / 'new.db'}"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", BOTH, uri], cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    told = [process.communicate(timeout=250) for process in started]
    assert [process.returncode for process in started] == [0, 0], told
    assert not (tmp_path / "new.db.lock").exists()
    with contextlib.closing(sqlite3.connect(tmp_path / "new.db")) as store:
        assert store.execute("select count(*) from runs").fetchone() == (2,)
