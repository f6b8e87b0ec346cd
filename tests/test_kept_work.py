"""What earlier runs fitted is found only where it is the very result, and a run is the same with it and without."""

import hashlib
import json
import os
import shutil

import numpy as np
import pandas as pd
import pytest

from conftest import write_some
from realreach import kept_work
from realreach.cli import run_command
from realreach.crossed_fit import CrossedFit
from realreach.evaluation import evaluate_by_folds, evaluate_held_out
from realreach.kept_work import KeptWork, digest_of, kept_table, text_of, text_piece
from realreach.settings import TrainSettings, load_settings
from realreach.tables import read_tables
from realreach.training_data import training_data
from realreach.tuning import SearchPlan, search_settings

ALL = {"model", "calibration", "heads", "baselines", "shuffled labels", "metrics", "figures of heads", "ranges"}


def never():
    raise AssertionError("this work was done before")


@pytest.fixture
def kept(tmp_path):
    return KeptWork(tmp_path / "kept")


@pytest.fixture(scope="module")
def folder(frames, tmp_path_factory):
    """200 creators as CSV."""
    return write_some(frames, 200, tmp_path_factory.mktemp("work") / "tables")


@pytest.fixture(scope="module")
def data(folder):
    return training_data(read_tables(folder).tables).labelled


def settings(**given):
    small = {"model.n_estimators": 5, "model.min_child_samples": 5, "bootstrap": 20, "repeats": 1, "time_split": "off"}
    return load_settings(TrainSettings, None, small | given)


def test_work_is_done_once_and_comes_back_bit_for_bit(kept):
    made = {
        "numbers": np.array([[1.0, np.nan], [-0.0, 3.0]]),
        "text": text_piece("pohon\n🌳"),
        "none": np.empty((0, 3)),
    }
    first = kept.of("fit", [1, "a"], lambda: made)
    again = kept.of("fit", [1, "a"], never)
    for name, values in made.items():
        assert first[name].tobytes() == again[name].tobytes() == values.tobytes()
        assert (again[name].dtype, again[name].shape) == (values.dtype, values.shape)
    assert text_of(again["text"]) == "pohon\n🌳"
    assert kept.told() == "kept from earlier runs: fit; made: fit"
    assert (kept.folder / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    "other",
    [
        ("fit", [1, "b"]),
        ("fit", [1.0, "a"]),
        ("fit", [True, "a"]),
        ("fit", ["1", "a"]),
        ("fit", [1, "a", None]),
        ("other fit", [1, "a"]),
    ],
    ids=str,
)
def test_other_work_is_not_found(kept, other):
    kept.of("fit", [1, "a"], lambda: {"x": np.array(1)})
    assert kept.of(*other, lambda: {"x": np.array(2)})["x"] == 2


@pytest.mark.parametrize("name", ["code_digest", "_versions"])
def test_work_of_other_code_or_libraries_is_not_found(kept, monkeypatch, name):
    kept.of("fit", 1, lambda: {"x": np.array(1)})
    monkeypatch.setattr(kept_work, name, lambda: "other")
    assert kept.of("fit", 1, lambda: {"x": np.array(2)})["x"] == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.array([0.0]), np.array([-0.0])),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.zeros(2), np.zeros(4, dtype=np.float32)),
        (np.array(["a", "bc"], dtype=object), np.array(["ab", "c"], dtype=object)),
        (np.array(["a", "b"], dtype=object), np.array(["b", "a"], dtype=object)),
        (["a", ["b"]], [["a"], "b"]),
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}),
        ({1: "x"}, {"1": "x"}),
    ],
    ids=str,
)
def test_different_values_have_different_digests(one, other):
    assert digest_of(one) != digest_of(other)


def test_a_digest_knows_values_not_how_they_lie_in_memory():
    values = np.arange(12.0).reshape(3, 4)
    assert (
        digest_of(values)
        == digest_of(np.asfortranarray(values))
        == digest_of(np.arange(24.0).reshape(3, 8)[:, :4] * 0 + values)
    )
    with pytest.raises(TypeError, match="no digest is known for set"):
        digest_of([{1, 2}])


def damage_the_end(content):
    return content[:-1] + bytes([content[-1] ^ 1])


def cut(content):
    return content[: len(content) // 2]


def other_key(content):
    head, _, rest = content.partition(b"\n")
    return json.dumps(json.loads(head) | {"key": "0" * 64}).encode() + b"\n" + rest


def list_for_a_head(content):
    return b"[]\n" + content


def no_archive(content):
    payload = b"PK\x03\x04 and no more"
    head = json.loads(content.partition(b"\n")[0]) | {"sha256": hashlib.sha256(payload).hexdigest()}
    return json.dumps(head).encode() + b"\n" + payload


@pytest.mark.parametrize("damage", [damage_the_end, cut, other_key, list_for_a_head, no_archive, lambda _: b""])
def test_a_damaged_entry_counts_as_not_there(kept, damage):
    kept.of("fit", 1, lambda: {"x": np.array(1.0)})
    (entry,) = kept.folder.glob("*.work")
    entry.write_bytes(damage(entry.read_bytes()))
    assert kept.of("fit", 1, lambda: {"x": np.array(2.0)})["x"] == 2.0
    assert kept.of("fit", 1, never)["x"] == 2.0


def test_nothing_is_kept_of_code_that_has_changed_since(kept, monkeypatch):
    monkeypatch.setattr(kept_work, "_code_now", lambda: "edited")
    assert kept.of("fit", 1, lambda: {"x": np.array(1.0)})["x"] == 1.0
    assert not kept.folder.exists()


def test_names_of_one_text_and_another_kind_have_another_digest():
    values = [None, "None", 1, "1", 1.0]
    assert len({digest_of(np.array([value], dtype=object)) for value in values}) == len(values)


def test_objects_are_never_stored(kept):
    with pytest.raises(TypeError, match="not of objects"):
        kept.of("fit", 1, lambda: {"x": np.array([object()])})
    assert not kept.folder.exists()


def test_a_folder_that_cannot_be_written_stops_no_run(tmp_path):
    (tmp_path / "file").write_text("")
    kept = KeptWork(tmp_path / "file" / "kept")
    assert kept.of("fit", 1, lambda: {"x": np.array(1)})["x"] == 1


def test_the_entries_not_asked_for_longest_go_first(kept, monkeypatch):
    monkeypatch.setattr(kept_work, "_MOST_BYTES", 27_000)
    for number in range(2):
        kept.of("fit", number, lambda: {"x": np.zeros(1_000)})
    for age, path in enumerate(sorted(kept.folder.glob("*.work"))):
        os.utime(path, (age, age))
    kept.of("fit", 0, never)  # asked for just now
    kept.of("fit", 2, lambda: {"x": np.zeros(1_000)})
    kept.of("fit", 3, lambda: {"x": np.zeros(1_000)})
    kept.of("fit", 0, never)
    kept.of("fit", 1, lambda: {"x": np.zeros(1_000)})
    assert kept.told().endswith("made: 5 fit")


def test_a_table_comes_back_with_its_types(kept):
    table = pd.DataFrame({"metric": ["a", "b"], "value": [0.1, np.nan], "n": [1, 2]})
    table["slice"] = pd.Series(["all", "all"], dtype=object)
    kept_table(kept, "table", 1, lambda: table)
    pd.testing.assert_frame_equal(kept_table(kept, "table", 1, never), table, check_exact=True)


def plain(evaluation):
    """Return all that a run takes from an evaluation."""
    estimator = evaluation.estimator
    return [
        estimator.fitted_.booster.model_to_string(),
        json.dumps(estimator.fitted_.calibration.to_dict()),
        json.dumps(estimator.fitted_.references.to_dict()),
        estimator.best_iteration_,
        digest_of(estimator.crossed_),
        json.dumps(evaluation.heads.to_dict()),
        evaluation.table.to_csv(),
        evaluation.frame.to_csv(),
        evaluation.head_table.to_csv(),
        evaluation.shuffled_auc,
        dict(evaluation.range_coverage),
    ]


@pytest.mark.parametrize(("recipe", "folds"), [(evaluate_held_out, 0), (evaluate_by_folds, 2)])
def test_an_evaluation_is_the_same_with_what_was_kept_and_without(data, kept, recipe, folds):
    given = settings(folds=folds)
    alone = recipe(data, given, lambda _: None)
    recipe(data, given, lambda _: None, kept)
    again = KeptWork(kept.folder)
    found = recipe(data, given, lambda _: None, again)
    assert "made:" not in again.told(), again.told()
    assert plain(found) == plain(alone)
    pd.testing.assert_frame_equal(found.table, alone.table, check_exact=True)
    pd.testing.assert_frame_equal(found.head_table, alone.head_table, check_exact=True)


@pytest.fixture(scope="module")
def done(data, tmp_path_factory):
    """The folder of a run."""
    folder = tmp_path_factory.mktemp("done")
    evaluate_held_out(data, settings(folds=0), lambda _: None, KeptWork(folder))
    return folder


@pytest.mark.parametrize(
    ("changed", "redone"),
    [
        ({"model.operating_fpr": 0.05}, {"calibration", "metrics"}),
        ({"threads": 2}, set()),
        ({"bootstrap": 21}, {"metrics", "figures of heads"}),
        ({"heads": False}, {"figures of heads"}),
        ({"model.learning_rate": 0.2}, ALL - {"baselines"}),
        ({"seed": 1}, ALL),
    ],
    ids=["operating point", "threads", "bootstrap", "heads", "learning rate", "seed"],
)
def test_a_changed_setting_does_anew_what_depends_on_it_and_nothing_else(data, done, tmp_path, changed, redone):
    own = KeptWork(shutil.copytree(done, tmp_path / "kept"))
    given = settings(folds=0, **changed)
    found = evaluate_held_out(data, given, lambda _: None, own)
    assert set(own._made) == redone
    if len(redone) < 5:  # else there is little that could be mixed up
        assert plain(found) == plain(evaluate_held_out(data, given, lambda _: None))


@pytest.mark.parametrize("what", ["matrix", "target", "weight", "group", "names"])
def test_other_data_grow_other_trees(kept, what):
    rng = np.random.default_rng(0)
    given = {
        "matrix": rng.normal(size=(80, 2)), "names": ("a", "b"), "target": np.tile([0.0, 1.0], 40),
        "weight": np.ones(80),
        "group": np.arange(80).astype(str).astype(object),
    }  # fmt: skip
    changed = {
        "matrix": given["matrix"] + np.eye(80, 2), "names": ("b", "a"), "target": np.roll(given["target"], 1),
        "weight": np.linspace(1, 2, 80), "group": np.repeat(np.arange(20), 4).astype(str).astype(object),
    }  # fmt: skip
    for one in (given, given | {what: changed[what]}):
        CrossedFit(n_estimators=2, folds=2).fit_matrix(
            one["matrix"], one["names"], one["target"], one["weight"], one["group"], kept
        )
    assert kept._made["model"] == 2


def test_trials_of_a_search_are_kept(data, kept):
    pytest.importorskip("optuna")
    given = settings(folds=0)
    plan = SearchPlan(2, folds=2)
    alone = search_settings(data, given, plan)
    assert search_settings(data, given, plan, kept=kept) == alone
    again = KeptWork(kept.folder)
    assert search_settings(data, given, plan, kept=again) == alone
    assert "made:" not in again.told()


def test_two_runs_of_the_command_write_the_same_bytes(frames, tmp_path, capfd):
    folder = write_some(frames, 60, tmp_path / "tables")
    config = tmp_path / "train.toml"
    config.write_text("bootstrap = 20\nrepeats = 1\ntime_split = 'on'\n[model]\nn_estimators = 4\n")
    command = ["--data", folder, "--config", config, "--no-mlflow", "--cache", tmp_path / "cache"]
    told = []
    for name, flags in (("first", []), ("again", []), ("without", ["--no-cache"])):
        run_command("train", [str(f) for f in (*command, "--out", tmp_path / name, *flags)], prog="train.py")
        told.append(capfd.readouterr().err)
    assert "made: " in told[0]
    assert "kept from earlier runs: " in told[1]
    assert "made: " not in told[1]
    assert "kept from" not in told[2]
    assert not (tmp_path / ".realreach-cache").exists()
    first, *others = ({p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("first", "again", "without"))
    assert {"model.txt", "calibration.json", "card.md"} <= set(first)
    assert all(other == first for other in others)
