"""One creator for a service: the numbers of the batch, no data frame, bounded work, any number of threads."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from conftest import nested_records
from realreach import compiled
from realreach.bundle import Bundle
from realreach.estimator import AuthenticityClassifier
from realreach.features import build_features, feature_matrix
from realreach.output import OUTPUT_COLUMNS
from realreach.pillars import PILLARS
from realreach.power import make_world
from realreach.scores import Scorer
from realreach.simulate import simulate
from realreach.simulate.settings import SimulationSettings
from realreach.tables import tables_from_records

MOST_CALLS = 17_500
"""Python and C functions called for one creator of 180 days, 30 posts and 100 comments."""
MOST_ARROW_CALLS = 80


@pytest.fixture(scope="module")
def scorer():
    world = make_world(120, 71, SimulationSettings(fake_share=0.5))
    frame = build_features(world.tables)
    target = world.truth.set_index("creator_id")["is_fake"].reindex(frame.index).to_numpy(dtype=float)
    fitted = AuthenticityClassifier(n_estimators=20, learning_rate=0.1).fit(frame, target).fitted_
    return Scorer(Bundle(model=fitted, metadata={"name": "small", "version": "1"}, settings="", card="", sha256=""))


@pytest.fixture(scope="module")
def records():
    frames = simulate(60, seed=5).frames
    wanted = ("creators", "follower_history", "posts", "comments", "audience")
    return nested_records({name: frames[name] for name in wanted})


@pytest.fixture(scope="module")
def full(records):
    """The record with most rows: all pillars are there."""
    return max(records, key=lambda r: sum(len(r.get(n, ())) > 25 for n in ("posts", "comments", "follower_history")))


def test_answer_holds_the_numbers_of_the_output_table(scorer, records):
    for record in records[:25]:
        answer = scorer.score(record)
        row = scorer.score_result(tables_from_records([record])).iloc[0]
        assert list(answer) == list(OUTPUT_COLUMNS)
        for name in set(OUTPUT_COLUMNS) - {"status_reasons", "rows_set_aside"}:
            assert answer[name] is None if pd.isna(row[name]) else answer[name] == row[name], name


def test_answer_holds_plain_python_values(scorer, full):
    kinds = {type(value) for value in scorer.score(full).values()}
    assert kinds <= {str, float, int, bool, type(None)}


def test_copies_judged_together_are_those_judged_apart(scorer, records):
    model = scorer.bundle.model
    matrix = np.concatenate([feature_matrix(tables_from_records([r]).tables) for r in records[:12]])
    together, alone = model.assess_with_pillars(matrix)
    apart = model.assess(matrix)
    for name in ("probability", "low", "high", "mask", "values"):
        assert np.array_equal(getattr(together, name), getattr(apart, name), equal_nan=True), name
    present = model.layout.present(matrix)
    assert (present & (present - 1)).any(), "some have several pillars"
    for bit, name in enumerate(PILLARS):
        assert np.array_equal(alone[name], model.probabilities(matrix, 1 << bit), equal_nan=True), name
        assert np.array_equal(np.isnan(alone[name]), present & (1 << bit) == 0), name


def test_work_for_one_creator_is_bounded(scorer, full, monkeypatch):
    # Counted, not timed: a call of the booster, of Arrow or of NumPy too much shows on any machine.
    monkeypatch.setattr(compiled, "_state", {"loaded": False, "wanted": False})
    # The first calls ask LightGBM; from then on the boosters are walked without it.
    for _ in range(3):
        scorer.score(full)
    calls = {"all": 0, "pandas": 0, "arrow": 0, "booster": 0}

    def count(frame, event, argument):
        if event not in ("call", "c_call"):
            return
        calls["all"] += 1
        if event == "call":
            file = frame.f_code.co_filename
            calls["pandas"] += "pandas" in file
            calls["arrow"] += "pyarrow" in file
            calls["booster"] += frame.f_code.co_name == "predict" and "lightgbm" in file and "self" in frame.f_locals

    sys.setprofile(count)
    try:
        scorer.score(full)
    finally:
        sys.setprofile(None)
    assert calls["all"] <= MOST_CALLS
    assert calls["arrow"] <= MOST_ARROW_CALLS
    assert calls["pandas"] <= 20  # LightGBM asks whether an array is a data frame
    assert calls["booster"] <= 2  # the account model alone, by two methods of this name


def test_threads_share_one_scorer(scorer, records):
    expected = [scorer.score(r) for r in records[:12]]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(scorer.score, records[:12])) == expected
