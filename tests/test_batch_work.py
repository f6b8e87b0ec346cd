"""The work of a batch and of a training run, counted and not timed: as the creators, and nothing is done twice."""

import gc
import sys
import tracemalloc
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from realreach import compiled
from realreach.evaluation import make_estimator
from realreach.head_fitting import fit_heads
from realreach.settings import TrainSettings, load_settings
from realreach.tables import read_tables, tables_from_frames
from realreach.training_data import labelled_creators

FEW, TIMES = 50, 4
FOOTER = 64 * 1024
"""What a Parquet reader may read twice: the end of a file."""
MOST_CALLS_PER_CREATOR = 4_000
"""Python and C functions called for one more creator of a batch, comments and all."""


@pytest.fixture(scope="module")
def batches(frames):
    """The same creators once and four times over, under other names: exactly four times the work."""
    keys = list(frames["creators"]["creator_id"][:FEW])
    few = {n: f[f["creator_id"].isin(keys)].reset_index(drop=True) for n, f in frames.items() if n != "labels"}
    many = {
        name: pd.concat([f.assign(creator_id=f["creator_id"] + f" {i}") for i in range(TIMES)], ignore_index=True)
        for name, f in few.items()
    }
    return tables_from_frames(few), tables_from_frames(many)


@pytest.fixture(autouse=True)
def _without_compiled_kernels(monkeypatch):
    # What NumPy does is counted; whether another test loaded the kernels must not matter.
    monkeypatch.setattr(compiled, "_state", {"loaded": False, "wanted": False})


def counted(work):
    """Return how many functions are called, and how often the booster of LightGBM is asked."""
    calls = {"all": 0, "booster": 0}

    def count(frame, event, _):
        if event in ("call", "c_call"):
            calls["all"] += 1
            calls["booster"] += (
                event == "call" and frame.f_code.co_name == "predict" and "lightgbm" in frame.f_code.co_filename
            )

    gc.collect()
    gc.disable()  # when it collects depends on all that was allocated before
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return calls


def test_calls_grow_with_the_creators_and_no_faster(scorer, batches):
    few, many = batches
    for batch in batches:
        scorer.score_result(batch)  # what is loaded once is loaded
    a, b = (counted(lambda batch=batch: scorer.score_result(batch)) for batch in (few, many))
    assert b["all"] <= 1.02 * TIMES * a["all"]
    assert (b["all"] - a["all"]) / ((TIMES - 1) * FEW) <= MOST_CALLS_PER_CREATOR
    # A batch is judged at once: more creators are more rows, not more calls.
    assert b["booster"] <= max(a["booster"], 40)


def test_memory_grows_with_the_creators_and_no_faster(scorer, batches):
    few, many = batches
    a, b = (_peak(lambda batch=batch: scorer.score_result(batch)) for batch in (few, many))
    assert b <= 1.1 * TIMES * a


def _peak(work):
    work()
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="counts the bytes that Linux says were read")
def test_every_byte_of_the_input_is_read_once(tmp_path):
    rng = np.random.default_rng(0)
    n, days = 500, 120
    keys = np.array([f"c{i:05d}" for i in range(n)])
    day = np.datetime64("2025-01-01", "D") + np.arange(days)
    tables = {
        "creators": pd.DataFrame({"creator_id": keys, "platform": "instagram"}),
        "follower_history": pd.DataFrame(
            {
                "creator_id": np.repeat(keys, days),
                "observed_on": np.tile(day, n),
                "followers": rng.integers(10**6, 10**12, n * days),
            }
        ),
    }
    for name, frame in tables.items():
        frame.to_parquet(tmp_path / f"{name}.parquet")
    files = list(tmp_path.iterdir())
    size = sum(path.stat().st_size for path in files)
    assert size > 4 * FOOTER, "else the ends of the files are all there is"
    read_tables(tmp_path)
    before = _bytes_read()
    read_tables(tmp_path)
    once = _bytes_read() - before
    assert 0.9 * size <= once <= size + 2 * FOOTER * len(files)


def _bytes_read():
    return int(Path("/proc/self/io").read_text().split("rchar:")[1].split()[0])


def test_all_heads_and_folds_share_one_binning(read, monkeypatch):
    data = labelled_creators(read.tables)
    given = load_settings(TrainSettings, None, {"model.n_estimators": 8, "model.masked_copies": 1})
    estimator = make_estimator(given).fit(data.features, data.target, sample_weight=data.weight, groups=data.group)
    binned, grown = [], []
    make, grow = lgb.Dataset._Dataset__init_from_np2d, lgb.Booster.update
    monkeypatch.setattr(lgb.Dataset, "_Dataset__init_from_np2d", lambda *a, **k: binned.append(1) or make(*a, **k))
    monkeypatch.setattr(lgb.Booster, "update", lambda *a, **k: grown.append(1) or grow(*a, **k))
    heads = fit_heads(estimator, data.matrix, data.target, data.weight, data.group, data.head_labels)
    boosters = len(heads.boosters())
    assert boosters > 0
    assert len(binned) == 1
    # Three folds and the one to keep; a booster that is fitted and then not kept counts, too.
    assert len(grown) <= 4 * 9 * estimator.best_iteration_
