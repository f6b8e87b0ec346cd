"""Features are kept for the next run on the same data, and for no other data, code or way of reading."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from conftest import write_some
from realreach import kept_work, training_cache
from realreach.cli import run_command
from realreach.settings import TrainSettings, load_settings
from realreach.tables import read_tables
from realreach.training import train
from realreach.training_cache import Source, TrainingCache
from realreach.training_data import data_digest, training_data


@pytest.fixture(scope="module")
def folder(frames, tmp_path_factory):
    """60 creators as CSV."""
    return write_some(frames, 60, tmp_path_factory.mktemp("cache") / "tables")


@pytest.fixture(scope="module")
def read_once(folder):
    result = read_tables(folder)
    return training_data(result.tables), result.report


@pytest.fixture
def cache(tmp_path):
    return TrainingCache(tmp_path / "kept")


def test_what_was_kept_comes_back_bit_for_bit(cache, folder, read_once):
    data, report = read_once
    key = cache.key(Source(str(folder)))
    assert cache.get(key) is None
    assert cache.put(key, data, report)
    kept, told = cache.get(key)
    pd.testing.assert_frame_equal(kept.labelled.features, data.labelled.features, check_exact=True)
    assert np.isnan(kept.labelled.matrix).sum() == np.isnan(data.labelled.matrix).sum() > 0
    for name in ("target", "weight", "group", "as_of", "language", "platform", "mechanisms", "niche", "country"):
        np.testing.assert_array_equal(getattr(kept.labelled, name), getattr(data.labelled, name))
    np.testing.assert_array_equal(kept.labelled.followers_share, data.labelled.followers_share)
    np.testing.assert_array_equal(kept.labelled.engagement_share, data.labelled.engagement_share)
    assert (kept.simulated, kept.seeds) == (data.simulated, data.seeds) == (True, {5})
    assert data_digest(kept.labelled) == data_digest(data.labelled)
    assert told.text() == report.text()
    assert (cache.folder / ".gitignore").read_text() == "*\n", "creators' keys stay out of Git"


def test_a_model_is_the_same_from_kept_features(cache, folder, read_once):
    data, report = read_once
    cache.put("k", data, report)
    settings = load_settings(TrainSettings, None, {"model.n_estimators": 5, "folds": 2, "repeats": 1, "bootstrap": 20})
    made = [train(given, settings) for given in (read_tables(folder), cache.get("k")[0])]
    texts = [result.evaluation.estimator.fitted_.booster.model_to_string() for result in made]
    assert texts[0] == texts[1]
    assert made[0].metadata["data"] == made[1].metadata["data"]


def change_a_byte(folder, _):
    path = folder / "posts.csv"
    content = path.read_bytes()
    last = content.rindex(b"1")
    path.write_bytes(content[:last] + b"2" + content[last + 1 :])


def rename_to_a_similar_table(folder, _):
    shutil.copy(folder / "posts.csv", folder / "post.csv")


def drop_a_table(folder, _):
    (folder / "comments.csv").unlink()


def change_the_code(_, monkeypatch):
    monkeypatch.setattr(training_cache, "code_digest", lambda: "another package")


def change_the_catalogue(_, monkeypatch):
    monkeypatch.setattr(training_cache, "CATALOGUE_VERSION", -1)


def change_a_library(_, monkeypatch):
    monkeypatch.setattr(training_cache, "version", lambda name: "0")


@pytest.mark.parametrize(
    "change",
    [change_a_byte, rename_to_a_similar_table, drop_a_table, change_the_code, change_the_catalogue, change_a_library],
)
def test_nothing_stale_is_found(cache, folder, tmp_path, monkeypatch, change):
    copy = shutil.copytree(folder, tmp_path / "copy")
    before = cache.key(Source(str(copy)))
    assert before == cache.key(Source(str(folder))), "the place of the data does not count"
    change(copy, monkeypatch)
    assert cache.key(Source(str(copy))) != before


@pytest.mark.parametrize(
    "flags", [{"as_of": "2025-06-01"}, {"assume_tz": "UTC"}, {"format": "csv"}, {"labels": "labels.csv"}], ids=str
)
def test_another_way_of_reading_is_another_entry(cache, folder, flags):
    if "labels" in flags:
        flags = {"labels": str(folder / "labels.csv")}
    assert cache.key(Source(str(folder), **flags)) not in (None, cache.key(Source(str(folder))))


def test_the_digest_of_the_code_covers_features_and_the_models_that_judge_comments_and_accounts():
    root = kept_work.Path(kept_work.__file__).parent
    names = {path.relative_to(root).as_posix() for path in kept_work._sources(root)}
    assert {"features/growth.py", "comment_text/default/model.json", "accounts/default/model.txt"} <= names


def cut_the_rows(place):
    path = place / "creators.parquet"
    path.write_bytes(path.read_bytes()[:-50])


def change_a_number(place):
    frame = pd.read_parquet(place / "creators.parquet")
    frame["label target"] = 1 - frame["label target"]
    frame.to_parquet(place / "creators.parquet")


def cut_the_facts(place):
    (place / "entry.json").write_text((place / "entry.json").read_text()[:40])


def empty_the_facts(place):
    (place / "entry.json").write_text("[]")


def take_another_key(place):
    facts = json.loads((place / "entry.json").read_text())
    (place / "entry.json").write_text(json.dumps({**facts, "key": "another"}))


def remove_the_rows(place):
    (place / "creators.parquet").unlink()


@pytest.mark.parametrize(
    "damage", [cut_the_rows, change_a_number, cut_the_facts, empty_the_facts, take_another_key, remove_the_rows]
)
def test_a_damaged_entry_counts_as_not_there_and_is_replaced(cache, read_once, damage):
    cache.put("k", *read_once)
    damage(cache.folder / "k")
    assert cache.get("k") is None
    assert cache.put("k", *read_once)
    assert cache.get("k") is not None


def test_the_oldest_entries_go(cache, read_once, monkeypatch):
    monkeypatch.setattr(training_cache, "_KEPT", 2)
    for key in ("a", "b", "c"):
        cache.put(key, *read_once)
    assert sorted(p.name for p in cache.folder.iterdir()) == [".gitignore", "b", "c"]


def test_a_folder_that_cannot_be_written_stops_no_run(tmp_path, read_once):
    (tmp_path / "file").write_text("")
    assert not TrainingCache(tmp_path / "file").put("k", *read_once)


@pytest.fixture
def dry(folder, tmp_path, capfd):
    def run(*flags):
        code = run_command(
            "train", ["--data", str(folder), "--dry-run", "--no-mlflow", *map(str, flags)], prog="train.py"
        )
        assert code == 0
        return capfd.readouterr().err

    return run


def test_the_second_run_reads_nothing(dry, tmp_path, monkeypatch):
    first = dry("--cache", tmp_path / "kept")
    assert "features of 60 creators" in first
    from realreach.tables import reading

    monkeypatch.setattr(reading, "_checked", lambda *_: pytest.fail("data were read though they were kept"))
    second = dry("--cache", tmp_path / "kept")
    assert "features of 60 labelled creators from kept" in second
    assert [line for line in second.splitlines() if "rows in" in line] == [
        line for line in first.splitlines() if "rows in" in line
    ], "what was found while reading is told again"


def test_no_cache_keeps_nothing_and_rejects_are_always_read_for(dry, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dry("--no-cache")
    dry("--rejects", tmp_path / "rejects")
    assert not (tmp_path / ".realreach-cache").exists()
    dry()
    assert (tmp_path / ".realreach-cache").is_dir()


def test_files_that_change_while_they_are_read_are_not_kept(dry, folder, tmp_path, monkeypatch):
    keys = iter(["before", "after"])
    monkeypatch.setattr(TrainingCache, "key", lambda *_: next(keys))
    dry("--cache", tmp_path / "kept")
    assert not (tmp_path / "kept").exists()
