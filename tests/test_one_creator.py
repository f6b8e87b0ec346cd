"""What is computed in another way for one creator alone is to the last bit what many creators get."""

import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import realreach
from realreach.bundle import load_bundle
from realreach.comment_text.grouping import buffers_of
from realreach.compiled import is_installed
from realreach.evidence.explaining import ExplainingScorer
from realreach.evidence.window_items import window_item
from realreach.features import matrix_of
from realreach.features.blocks import ratio, segment_sum
from realreach.features.catalogue import column_numbers, feature_names
from realreach.features.comments.pairs import sums
from realreach.features.view import View, decision_days
from realreach.interpolation import Line
from realreach.output import columns_of_rows, completed, frame_of, joined, rows_of
from realreach.pillars import ALL_PILLARS
from realreach.real import engagement_per_post
from realreach.reasons.contributions import _points_per_logit, contributions_of
from realreach.reasons.reason import ages_of
from realreach.scores import Scorer
from realreach.simulate import simulate
from realreach.tables import tables_from_frames, tables_from_records
from realreach.tables.core import Table

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


@pytest.mark.parametrize(("prevalence", "heads"), [(None, True), (0.07, True), (None, False)])
def test_the_answer_to_one_record_is_the_row_of_the_table(bundle, tables, matrix, kind, prevalence, heads):
    scorer, days = Scorer(bundle, prevalence, heads), decision_days(tables)
    rng, statuses = np.random.default_rng(7), set()
    for row in range(0, len(matrix), 3):
        place = row % len(tables)
        own = with_price(tables.between(place, place + 1), rng.choice([np.nan, 0.0, 250.0]))
        view, part = bundle.view(own, days[place : place + 1]), matrix[row : row + 1].copy()
        for name in ("posts__100p", "comments__all", "audience__all"):
            part[:, column_numbers()[f"context__{name}__count"]] = rng.integers(200)
        aside = {own.creator_ids[0].as_py(): int(rng.integers(3))}
        wanted = rows_of(scorer._columns(part, view, aside))[0]
        told = scorer._row_of_one(part, view, aside)
        assert list(told) == list(wanted)
        assert list(map(repr, told.values())) == list(map(repr, wanted.values()))
        statuses.add(told["status"])
    assert statuses == {"scored", "insufficient_data"}


def with_price(tables, price):
    creators = tables.creators
    columns = {
        **creators.columns,
        "price_per_post": np.array([price]),
        "currency": pa.array(["IDR"], pa.large_string()),
    }
    return replace(tables, creators=Table(creators.contract, columns, creators.starts))


def test_ages_and_parts_of_one_are_those_of_many(bundle, tables, matrix):
    model, days = bundle.model, decision_days(tables)
    every, rows = bundle.view(tables, days), matrix[: len(tables)]
    ages, split = ages_of(every, rows), contributions_of(model, matrix)
    assert all(np.isfinite(values).any() for values in ages.values())
    for row in range(len(tables)):
        alone = bundle.view(tables.between(row, row + 1), days[row : row + 1])
        for name, values in ages_of(alone, rows[row : row + 1]).items():
            equal(values, ages[name][row : row + 1])
    for row in range(0, len(matrix), 5):
        one = contributions_of(model, matrix[row : row + 1])
        for name in ("by_code", "points", "base_points"):
            equal(getattr(one, name), getattr(split, name)[row : row + 1])


def test_windows_are_told_as_they_were_found(bundle, tables):
    tested = bundle.view(tables, decision_days(tables)).innocence
    w = tested.windows
    assert len(w) > 5
    for k in range(len(w)):
        item = window_item(tested, k, "en")
        assert item.share == max(float(w.excess[k]), 0.0) / max(float(w.level[k] + w.gain[k]), 1.0)
        assert (item.gained, item.expected) == (round(float(w.gain[k])), round(float(w.expected[k])))
        assert (item.surprise, item.explained) == (w.surprise[k], tested.explained[k])
        days = [str(np.datetime64(int(day[k]), "D")) for day in (w.start, w.end)]
        assert [item.start, item.end] == days
        shown = {e.code: e.strength for e in item.explanations}
        assert shown == {code: size[k] for code, size in tested.strengths.items() if size[k] >= 0.1}
        assert item.posts_known is bool(tested.asked[k])


def test_points_of_a_margin_at_its_base_are_the_local_slope(bundle):
    base, mask = np.array([-2.0, 0.5, 0.5]), np.array([15, 7, 0])
    margin = base + np.array([0.0, 1e-10, 0.0])
    many = _points_per_logit(bundle.model, base, margin, mask)
    for row in range(3):
        part = slice(row, row + 1)
        for one, all_ in zip(_points_per_logit(bundle.model, base[part], margin[part], mask[part]), many, strict=True):
            equal(one, all_[part])


def test_sums_and_ratios_of_one_creator_are_those_of_many():
    rng = np.random.default_rng(2)
    odd = [np.array([-0.0]), np.array([-0.0, -0.0]), np.array([np.nan, 1.0]), np.array([np.inf, -1.0]), np.empty(0)]
    for values in (*odd, rng.normal(size=500), rng.random(300) < 0.5, rng.integers(9, size=40)):
        owner = np.zeros(len(values), dtype=np.int64)
        equal(segment_sum(values, owner, 1), segment_sum(values, owner, 2)[:1])
    numbers = np.array([0.0, -0.0, 1.0, -3.5, 1e-308, 1e308, np.inf, np.nan, 1 / 3])
    for above in numbers:
        with np.errstate(over="ignore", invalid="ignore"):
            many = ratio(np.full(len(numbers), above), numbers)
        for place, below in enumerate(numbers):
            equal(ratio(np.array([above]), np.array([below])), many[place : place + 1])
    starts, counts = np.array([2, 9]), rng.integers(5, size=12)
    equal(sums(counts, starts), sums(counts, np.array([2, 9, 12]))[:1])


def test_kernels_are_given_the_bytes_of_every_text():
    values = pa.array(["", "ab", None, "ü", "c", None], pa.large_string())
    for part in (values, values[1:], values[3:5], values[2:3], values[:0], values.cast(pa.string())):
        places, data, valid, first = buffers_of(part)
        told = [bytes(data[low:high]).decode() for low, high in pairwise(places.tolist())]
        assert told == [value or "" for value in part.to_pylist()]
        bits = np.unpackbits(valid, bitorder="little")[first:] if len(valid) else np.full(len(part), first >= 0)
        assert bits[: len(part)].astype(bool).tolist() == [value is not None for value in part.to_pylist()]


def test_followers_and_days_of_one_are_those_of_many():
    curve = [{"observed_on": f"2026-01-{day:02}", "followers": 100 + day} for day in range(1, 29)]
    late = [{"post_id": "p", "posted_at": "2026-07-01T05:00:00Z"}]
    one = {"platform": "tiktok", "followers": 7, "following": 3, "follower_history": curve}
    followed = [entry | {"following": 40 + at} for at, entry in enumerate(curve)]
    made = [
        one, one | {"posts": late}, {k: v for k, v in one.items() if k != "followers"} | {"posts": late},
        {"platform": "tiktok", "followers": 9}, {"platform": "tiktok"}, {"platform": "tiktok", "posts": late},
        one | {"following": None, "follower_history": followed}, one | {"follower_history": followed},
        one | {"following": None, "comments": [{"comment_id": "m", "text": "x"}]},
    ]  # fmt: skip
    every = tables_from_records([{"creator_id": str(i), **r} for i, r in enumerate(made)]).tables
    days = decision_days(every)
    view = View(every, days)
    assert len({*days.tolist()}) > 2
    for row in range(len(made)):
        alone = every.between(row, row + 1)
        equal(decision_days(alone), days[row : row + 1])
        own = View(alone, days[row : row + 1])
        equal(own.followers, view.followers[row : row + 1])
        equal(own.following, view.following[row : row + 1])
    assert view.following.tolist()[-3:-1] == [67.0, 3.0]
    for row in range(len(made)):
        own = View(every.between(row, row + 1), days[row : row + 1])
        assert (own.comments_table is None) == (view.comments_table is None)


def test_comments_from_the_day_of_decision_on_are_left_out_for_one_creator_too():
    written = [{"comment_id": str(hour), "text": "x", "commented_at": f"2026-01-0{day}T{hour:02}:00:00Z"}
               for day, hour in ((1, 3), (1, 23), (2, 0), (2, 1))]  # fmt: skip
    tables = tables_from_records([{"creator_id": "a", "platform": "tiktok", "comments": written}]).tables
    for as_of, left in (("2026-01-01", 0), ("2026-01-02", 2), ("2026-01-03", 4)):
        table = View(tables, decision_days(tables, as_of)).comments_table
        assert len(table) == left, as_of


@pytest.mark.parametrize(
    ("kind", "without", "with_reasons"), [("plain", 6_600, 8_400), ("fast", 1_320, 3_150)], indirect=["kind"]
)
def test_calls_of_a_whole_answer_are_bounded(bundle, kind, without, with_reasons):
    # Counted and not timed: for one creator calls are the time. Who adds some on purpose raises the number here.
    record = made_record()
    for scorer, most in ((Scorer(bundle), without), (ExplainingScorer(bundle, explain="all"), with_reasons)):
        assert calls(lambda scorer=scorer: scorer.score(record)) <= most


def made_record():
    rng = np.random.default_rng(1)
    days = [str(np.datetime64("2026-01-01") + day) for day in range(180)]
    grown = 20_000 + np.cumsum(rng.integers(0, 60, 180)) + np.where(np.arange(180) > 90, 4_000, 0)
    words = ("keren", "banget", "kak", "suka", "videonya", "mantap", "semoga", "sehat", "lucu", "lagi", "dong")
    return {
        "creator_id": "a", "platform": "instagram", "followers": 30_000,
        "follower_history": [{"observed_on": d, "followers": int(f)} for d, f in zip(days, grown, strict=True)],
        "posts": [
            {"post_id": f"p{i}", "posted_at": f"{days[6 * i]}T10:00:00Z", "likes": int(rng.integers(500, 900)),
             "comments_count": int(rng.integers(10, 40)), "views": int(rng.integers(5_000, 9_000))}
            for i in range(30)
        ],
        "comments": [
            {"comment_id": f"m{i}", "post_id": f"p{i % 30}", "author_id": f"u{i % 70}", "likes": int(rng.integers(4)),
             "commented_at": f"{days[6 * (i % 30)]}T{10 + i % 9}:{i % 60:02}:00Z",
             "text": " ".join(rng.choice(words, rng.integers(1, 9)))}
            for i in range(100)
        ],
    }  # fmt: skip


def calls(work):
    counted = [0]

    def count(_frame, event, _argument):
        counted[0] += event in ("call", "c_call")

    for measured in (False, True):
        sys.setprofile(count if measured else None)
        try:
            work()
        finally:
            sys.setprofile(None)
    return counted[0]
