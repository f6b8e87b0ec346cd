"""Reasons: every column has one code, the parts add up to the score, the words accuse nobody."""

import json
import math
import re

import numpy as np
import pandas as pd
import pytest

import worlds
from realreach.estimator import AuthenticityClassifier
from realreach.features import catalogue, feature_matrix, feature_names, model_columns
from realreach.features.innocence import EXPLANATIONS, VERDICTS
from realreach.features.view import View, decision_days
from realreach.reasons import CODES, code_of, contributions_of, parts_of
from realreach.reasons.codes import BANNED_WORDS, MISSING_DATA, OTHER
from realreach.reasons.measures import measured, number
from realreach.references import References

N = 400


@pytest.fixture(scope="module")
def model():
    """Return a small model over the whole catalogue: bought = a large burst share, with noise and missing pillars."""
    rng = np.random.default_rng(0)
    names = feature_names()
    matrix = rng.normal(0.0, 1.0, (N, len(names)))
    matrix[:, names.index("context__platform__now__code")] = rng.integers(0, 4, N)
    target = (matrix[:, names.index("growth__burst_level_share__366d__max")] + rng.normal(0, 0.7, N) > 0).astype(float)
    matrix[rng.random(matrix.shape) < 0.05] = np.nan
    matrix[:, names.index("context__platform__now__code")] = 0.0
    comments = [i for i, n in enumerate(names) if "comments__" in n and not n.startswith("context")]
    matrix[np.ix_(np.arange(0, N, 4), comments)] = np.nan
    frame = pd.DataFrame(matrix, columns=list(names))
    return AuthenticityClassifier(n_estimators=40, learning_rate=0.2).fit(frame, target).fitted_, matrix


def test_every_model_column_belongs_to_one_code_of_its_own_pillar():
    told = {code.code for code in CODES}
    assert len(told) == len(CODES)
    for feature in catalogue():
        if feature.family == "context":
            continue
        code = code_of(feature.name)
        assert code.pillar == feature.family, feature.name
        assert code is code_of(feature.model_name)
        assert code not in (OTHER, MISSING_DATA)
    assert all(code_of(name).code in told for name in model_columns())


@pytest.mark.parametrize("family", ["growth", "engagement", "comments", "audience", "coherence"])
def test_new_feature_has_a_place_in_its_family(family):
    assert code_of(f"{family}__never_seen__all__share").pillar == family


def test_most_features_stand_under_a_code_that_says_what_they_are():
    # A colleague's new features must not all fall into the rest.
    names = [f.name for f in catalogue() if f.family != "context"]
    rest = [n for n in names if code_of(n).code.endswith("_other")]
    assert len(rest) <= 0.1 * len(names), rest


def test_words_accuse_nobody():
    said = [
        text
        for code in CODES
        for text in (code.against, code.against_id, code.favour, code.favour_id, code.innocent, code.innocent_id)
    ]
    said += [text for pair in EXPLANATIONS.values() for text in pair]
    said += [text for v in VERDICTS for text in (v.sentence, v.sentence_id)]
    assert all(said)
    for text in said:
        for word in BANNED_WORDS:
            assert not re.search(rf"\b{word}", text, re.IGNORECASE), text


def test_sentences_are_in_their_language():
    for code in CODES:
        assert code.against != code.against_id
        assert code.favour != code.favour_id
        assert code.innocent != code.innocent_id
        assert code.against != code.favour


def test_contributions_add_up_to_margin_and_points_to_score(model):
    fitted, matrix = model
    split = contributions_of(fitted, matrix)
    mask = fitted.judged(matrix)
    margin = fitted.margins(fitted.layout.without(fitted.values(matrix), mask))
    np.testing.assert_allclose(split.margin, margin, rtol=0, atol=1e-9)
    np.testing.assert_allclose(split.authenticity, 100 * (1 - fitted.probabilities(matrix)), rtol=0, atol=1e-9)
    assert np.ptp(split.authenticity) > 20.0


def test_points_go_against_the_log_odds(model):
    fitted, matrix = model
    split = contributions_of(fitted, matrix)
    assert (split.points * split.by_code <= 1e-12).all()


def test_what_is_not_known_is_no_signal(model):
    fitted, matrix = model
    blind = matrix.copy()
    names = feature_names()
    blind[:, [i for i, n in enumerate(names) if n.startswith("comments__")]] = np.nan
    split = contributions_of(fitted, blind)
    own = [i for i, c in enumerate(CODES) if c.pillar == "comments"]
    assert (split.by_code[:, own] == 0.0).all()


def test_creator_with_nothing_has_no_points(model):
    fitted, matrix = model
    nothing = np.full((1, matrix.shape[1]), np.nan)
    nothing[:, feature_names().index("context__platform__now__code")] = 0.0
    split = contributions_of(fitted, nothing)
    assert np.isnan(split.authenticity).all()
    assert len(contributions_of(fitted, matrix[:0]).margin) == 0


@pytest.mark.parametrize("language", ["en", "id"])
def test_parts_of_real_tables(model, language):
    fitted, _ = model
    tables = worlds.checked(worlds.crowd())
    matrix = feature_matrix(tables)
    parts = parts_of(fitted, matrix, View(tables, decision_days(tables)), language)
    scores = 100 * (1 - fitted.probabilities(matrix))
    for part, score in zip(parts, scores, strict=True):
        if math.isnan(score):
            continue
        assert part.authenticity == pytest.approx(score, abs=1e-9)
        sizes = [abs(r.log_odds) for r in part.reasons]
        assert sizes == sorted(sizes, reverse=True)
        for reason in part.reasons:
            assert (reason.direction == "hurts") == (reason.log_odds > 0)
            assert bool(reason.causes) == (reason.direction == "hurts")
            assert code_of(reason.feature).code == reason.code or reason.code == "missing_data"
            json.dumps(reason.to_dict(), allow_nan=False)
            assert not re.search(r"\bnan\b", reason.sentence)


def test_reason_shows_this_creators_value_beside_similar_creators(model):
    fitted, _ = model
    tables = worlds.checked(worlds.organic("a"))
    own = feature_matrix(tables)
    part = parts_of(fitted, own, View(tables, decision_days(tables)))[0]
    led = [r for r in part.reasons if r.feature]
    assert led
    for reason in led:
        assert reason.value == own[0, feature_names().index(reason.feature)]
        assert reason.company is not None
        assert reason.company.low <= reason.company.median <= reason.company.high
        assert reason.company.creators > 0
        assert f"n = {number(reason.company.creators)}" in reason.sentence


def test_ages_are_days_before_the_decision(model):
    fitted, _ = model
    tables = worlds.checked(worlds.organic("a"))
    parts = [
        parts_of(fitted, feature_matrix(tables, d), View(tables, decision_days(tables, d)))[0]
        for d in ("2024-07-01", "2024-07-11")
    ]
    first, later = ({r.code: r.age_days for r in p.reasons if r.pillar == "engagement"} for p in parts)
    shared = set(first) & set(later)
    assert shared
    assert all(later[c] == pytest.approx(first[c] + 10.0) for c in shared)


def test_references_of_older_bundles_still_load(model):
    told = model[0].references.to_dict()
    again = References.from_dict(json.loads(json.dumps(told)))
    assert again.plain is not None
    assert again.plain.names == model[0].references.plain.names
    np.testing.assert_array_equal(again.plain.quantiles, model[0].references.plain.quantiles)
    del told["all_honest"]
    older = References.from_dict(json.loads(json.dumps(told)))
    assert older.plain is None
    np.testing.assert_array_equal(older.transform(model[1]), again.transform(model[1]))
    assert set(older.company(model[1])) < set(again.company(model[1]))


@pytest.mark.parametrize(
    ("value", "unit", "en", "idn"),
    [
        (0.0123, "share of comments", "1.2 %", "1,2 %"),
        (math.log(3.0), "ln", "3 x", "3 x"),
        (-2.0, "log10 likes per follower", "1 per 100 followers", "1 per 100 pengikut"),
        (-3.0, "log10 chance", "1 in 1,000", "1 dari 1.000"),
        (math.log(6.5), "ln hours", "6.5 hours", "6,5 jam"),
        (2.0, "windows", "2 windows", "2 lonjakan"),
        (math.nan, "ln", "?", "?"),
    ],
)
def test_numbers_are_told_in_the_readers_terms(value, unit, en, idn):
    assert (measured(value, unit), measured(value, unit, "id")) == (en, idn)
