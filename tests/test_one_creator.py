"""What is computed in another way for one creator alone is to the last bit what many creators get."""

from pathlib import Path

import numpy as np
import pytest

import realreach
from realreach.bundle import load_bundle
from realreach.compiled import is_installed
from realreach.features import matrix_of
from realreach.features.catalogue import column_numbers, feature_names
from realreach.features.view import decision_days
from realreach.interpolation import Line
from realreach.output import columns_of_rows, completed, frame_of, joined, rows_of
from realreach.pillars import ALL_PILLARS
from realreach.real import engagement_per_post
from realreach.simulate import simulate
from realreach.tables import tables_from_frames

MODEL = Path(realreach.__file__).parents[2] / "models" / "default"


@pytest.fixture(scope="module")
def bundle():
    return load_bundle(MODEL)


@pytest.fixture(scope="module")
def tables():
    frames = simulate(30, seed=3).frames
    wanted = ("creators", "follower_history", "posts", "comments", "audience")
    return tables_from_frames({name: frame for name, frame in frames.items() if name in wanted}).tables


@pytest.fixture(scope="module")
def matrix(bundle, tables):
    """Features of simulated creators, of parts of their pillars, and of numbers that nobody has."""
    whole = matrix_of(bundle.view(tables, decision_days(tables)))
    rng = np.random.default_rng(5)
    parts = whole.copy()
    families = np.array([name.split("__")[0] for name in feature_names()])
    for row in parts:
        for family in ("growth", "engagement", "comments", "audience"):
            if rng.random() < 0.5:
                row[(families == family) | (families == "coherence")] = np.nan
    holes = np.where(rng.random(whole.shape) < 0.3, np.nan, whole)
    odd = rng.normal(scale=50.0, size=whole.shape)
    made = np.concatenate([whole, parts, holes, odd, np.full((1, whole.shape[1]), np.nan)])
    made[:, column_numbers()["context__platform__now__code"]] = rng.integers(4, size=len(made))
    return made


def equal(one, many):
    assert one.shape == many.shape
    assert one.tobytes() == many.tobytes()


@pytest.fixture(params=["plain", "fast"])
def kind(request, monkeypatch):
    if request.param == "fast" and not is_installed():
        pytest.skip("numba, the extra fast, is not installed")
    fast = request.param == "fast"
    monkeypatch.setattr("realreach.compiled._state", {"loaded": fast, "wanted": fast})


def test_assessment_and_heads_of_one_are_those_of_many(bundle, matrix, kind):
    model = bundle.model
    many, alone = model.assess_with_pillars(matrix)
    told = bundle.heads.score(many, many.probability)
    assert len(set(many.mask.tolist())) > 5
    assert 0 in many.mask
    for row in range(len(matrix)):
        part = slice(row, row + 1)
        one, one_alone = model.assess_with_pillars(matrix[part])
        for name in ("probability", "low", "high", "mask", "values"):
            equal(getattr(one, name), getattr(many, name)[part])
        for name, values in alone.items():
            equal(one_alone[name], values[part])
        own = bundle.heads.score(one, one.probability)
        assert own.mechanisms.keys() == told.mechanisms.keys()
        for name, values in told.mechanisms.items():
            equal(own.mechanisms[name], values[part])
        for name, three in told.shares.items():
            for mine, all_ in zip(own.shares[name], three, strict=True):
                equal(mine, all_[part])


def test_references_of_one_are_those_of_many(bundle, matrix):
    references = bundle.model.references
    transformed, (three, count) = references.transform(matrix), references.company_table(matrix)
    for row in range(len(matrix)):
        part = slice(row, row + 1)
        equal(references.transform(matrix[part]), transformed[part])
        one_three, one_count = references.company_table(matrix[part])
        equal(one_three, three[part])
        equal(one_count, count[part])


def test_engagement_of_one_is_that_of_many(bundle, tables):
    days = decision_days(tables)
    many = engagement_per_post(bundle.view(tables, days))
    assert np.isfinite(many).sum() > 10
    for row in range(len(tables)):
        one = engagement_per_post(bundle.view(tables.between(row, row + 1), days[row : row + 1]))
        equal(one, many[row : row + 1])


@pytest.mark.parametrize("knots", [1, 2, 3, 40])
def test_a_line_is_read_alike_at_one_place_and_at_many(knots):
    rng = np.random.default_rng(knots)
    at = np.sort(np.round(rng.normal(size=knots), 1))
    line = Line(at, rng.random(knots))
    places = np.concatenate([rng.normal(scale=2.0, size=300), at, np.nextafter(at, 9.0), [np.inf, -np.inf, 0.0]])
    many = line.at(places)
    assert many.tolist() == [line.at_one(place) for place in places.tolist()]
    assert np.allclose(many, np.interp(places, line.knots, line.values), rtol=1e-12, atol=0.0)
    equal(line.at(places[:6].reshape(3, 2)), many[:6].reshape(3, 2))
    assert np.isnan(line.at(np.array([np.nan] * 9))).all()
    assert np.isnan(line.at_one(float("nan")))


def test_answers_of_one_and_of_many_hold_the_same_values():
    columns = {
        "creator_id": ["a", "b"],
        "fake_probability": np.array([np.nan, 0.25]),
        "posts_used": np.array([3, 4]),
        "flagged": [None, True],
        "explanation": [{"reasons": []}, None],
    }
    many = rows_of(columns)
    one = [rows_of({name: values[row : row + 1] for name, values in columns.items()})[0] for row in (0, 1)]
    assert one == many
    assert [list(map(type, row.values())) for row in one] == [list(map(type, row.values())) for row in many]
    assert many[0]["fake_probability"] is None


def test_parts_joined_as_columns_are_those_joined_as_frames():
    import pandas as pd

    scored = completed({"creator_id": ["a"], "fake_probability": np.array([0.5]), "flagged": [True], "reasons": ["x"]})
    rows = [dict.fromkeys(scored) | {"creator_id": "b", "history_days": 0, "posts_used": 0, "comments_used": 0,
            "accounts_used": 0, "rows_set_aside": 2}]  # fmt: skip
    for name in ("history_days", "posts_used", "comments_used", "accounts_used", "rows_set_aside"):
        scored[name] = np.array([7], dtype=np.int64)
    refused = columns_of_rows(rows)
    assert "reasons" not in refused
    whole = frame_of(joined([scored, refused]))
    pd.testing.assert_frame_equal(whole, pd.concat([frame_of(scored), frame_of(refused)], ignore_index=True))


def test_every_set_of_pillars_is_looked_up_as_it_is_computed(bundle):
    model = bundle.model
    values = np.arange(float(len(model.layout.used)))[None, :]
    for mask in range(ALL_PILLARS + 1):
        keep = np.array([mask], dtype=np.int64)
        equal(model.layout.without(values, keep), model.layout.without(values.repeat(2, axis=0), keep.repeat(2))[:1])
