"""Evidence: the days, posts and comments are those that were planted, and the score rises without them."""

import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from realreach.bundle import Bundle
from realreach.errors import UsageError
from realreach.estimator import AuthenticityClassifier
from realreach.evidence import explain, explain_rows, explanations_of
from realreach.evidence.comment_rows import COMMENT_ROWS, CommentRows
from realreach.evidence.counterfactual import Edit, authenticity_without
from realreach.evidence.plot import plot_explanation
from realreach.evidence.selection import POST_ROWS, WINDOW_CODES, choose_posts
from realreach.evidence.telling import told
from realreach.evidence.window_items import same_day_strength
from realreach.features import build_features, feature_matrix
from realreach.features.innocence import innocence_of
from realreach.features.view import View, decision_days
from realreach.power import make_world
from realreach.power.windows import judge_evidence
from realreach.reasons import CODES
from realreach.reasons.codes import BANNED_WORDS
from realreach.scores import Scorer
from realreach.simulate.settings import SimulationSettings
from worlds import checked, creator, join, organic, organic_comments, organic_curve, organic_posts

DAYS = 150
AT = 110
SENTINEL = "ZQXJ jangan dikutip ZQXJ"


@pytest.fixture(scope="module")
def scorer():
    """Return a small model trained on a small simulated world."""
    world = make_world(240, 71, SimulationSettings(fake_share=0.5))
    frame = build_features(world.tables)
    target = world.truth.set_index("creator_id")["is_fake"].reindex(frame.index).to_numpy(dtype=float)
    model = AuthenticityClassifier(n_estimators=80, learning_rate=0.1).fit(frame, target).fitted_
    facts = {"name": "small", "version": "1", "data": {"simulated_seeds": [71]}}
    return Scorer(Bundle(model=model, metadata=facts, settings="", card="", sha256=""))


def bought(name="bought$1$", seed=3):
    """Return a creator with a delivery of one day, a sponsored post lifted, and comments of one pattern."""
    rng = np.random.default_rng(seed)
    curve = organic_curve(DAYS, rng) + np.where(np.arange(DAYS) >= AT, 9_000.0, 0.0)
    posts = organic_posts(40, DAYS, rng)
    comments = organic_comments(60, posts, rng)
    texts = [f"{SENTINEL} number {i} so great" if i % 2 else t for i, t in enumerate(comments["text"])]
    return creator(name, curve=curve, posts=posts, comments=comments | {"text": texts}, language="id")


@pytest.fixture(scope="module")
def tables():
    return checked(join(organic("honest", 1), bought(), organic("other", 2), creator("empty")))


@pytest.fixture(scope="module")
def explained(scorer, tables):
    return explain(scorer, tables, ["bought$1$", "honest", "empty"])


def test_parts_add_up_to_the_score_that_the_scorer_gives(scorer, tables, explained):
    scores = scorer.score_tables(tables).set_index("creator_id")["authenticity"]
    for e in explained[:2]:
        assert e.authenticity == pytest.approx(scores[e.creator_id], abs=1e-9)
        assert e.base_points + e.rest_points + sum(r.points for r in e.reasons) == pytest.approx(
            e.authenticity, abs=1e-9
        )


def test_day_of_the_delivery_is_the_evidence(explained):
    e = explained[0]
    day = np.datetime64("2024-01-01") + AT
    window = max(e.windows, key=lambda w: w.share)
    assert np.datetime64(window.start) < day <= np.datetime64(window.end)
    assert window.verdict == "unexplained"
    assert window.gained == pytest.approx(9_000, rel=0.05)
    hurting = [
        (r, p) for r, p in zip(e.reasons, e.evidence, strict=True) if r.direction == "hurts" and r.code in WINDOW_CODES
    ]
    assert hurting
    assert any(e.windows.index(window) in p.windows for _, p in hurting)
    assert e.without_all.change > 5.0


def test_helping_reasons_have_no_evidence(explained):
    for e in explained[:2]:
        for reason, proof in zip(e.reasons, e.evidence, strict=True):
            assert reason.direction == "hurts" or not proof


def test_creator_without_data_is_told_so(explained):
    e = explained[2]
    assert (e.status, e.authenticity, e.reasons, e.windows) == ("insufficient_data", None, (), ())
    assert "Too little" in told(e)
    json.dumps(e.to_dict(), allow_nan=False)


def test_texts_are_quoted_only_if_asked_for(scorer, tables):
    quiet = explain(scorer, tables, "bought$1$")[0]
    loud = explanations_of(
        scorer.bundle,
        feature_matrix(tables),
        tables,
        decision_days(tables),
        np.array([1]),
        texts=True,
        only_carrying=False,
    )[0]
    assert SENTINEL not in json.dumps(quiet.to_dict()) + told(quiet)
    comments = [c for p in loud.evidence for c in p.comments]
    if comments:
        assert all(c.text is not None for c in comments)


@pytest.mark.parametrize("language", ["en", "id"])
def test_text_accuses_nobody_and_sums_up(scorer, tables, language):
    e = explain(scorer, tables, "bought$1$", language=language)[0]
    text = told(e)
    for word in BANNED_WORDS:
        assert not re.search(rf"\b{word}", text, re.IGNORECASE), word
    assert e.advice in text
    shown = re.findall(r"[+-]\d+[.,]\d", next(line for line in text.splitlines() if line.startswith(("Sum", "Jumlah"))))
    total = e.base_points + sum(float(v.replace(",", ".")) for v in shown)
    assert total == pytest.approx(e.authenticity, abs=0.06 * (len(shown) + 1))


def test_alone_and_in_a_crowd_the_same_but_for_the_crowds_own_days(scorer, tables):
    alone = explain(scorer, tables.select(["bought$1$"]), "bought$1$", crowd=False)[0]
    crowd = explain(scorer, tables, "bought$1$", crowd=False)[0]
    assert json.dumps(alone.to_dict()) == json.dumps(crowd.to_dict())


def test_short_form_of_many_rows(scorer, tables):
    matrix, days = feature_matrix(tables), decision_days(tables)
    rows = explain_rows(scorer.bundle, matrix, tables, days, np.array([1, 0]), most=3)
    whole = explain(scorer, tables, ["bought$1$", "honest"], crowd=False)
    for short, e in zip(rows, whole, strict=True):
        assert len(short["reasons"]) <= 6
        total = short["base_points"] + short["rest_points"] + sum(r["points"] for r in short["reasons"])
        assert total == pytest.approx(e.authenticity, abs=0.6)
        assert short["windows"] == [w.to_dict() for w in e.windows]
    json.dumps(rows, allow_nan=False)


def test_unknown_creator_and_language_are_refused(scorer, tables):
    with pytest.raises(UsageError, match="1 of 2 creators"):
        explain(scorer, tables, ["honest", "nobody"])
    with pytest.raises(UsageError, match="language must be"):
        explain(scorer, tables, "honest", language="fr")


def test_edit_of_nothing_changes_nothing_and_taking_out_the_delivery_restores_the_curve(scorer, tables):
    days = decision_days(tables)
    view = View(tables, days)
    windows = innocence_of(view).windows
    scores = 100 * (1 - scorer.bundle.model.probabilities(feature_matrix(tables)))
    own = tuple(np.flatnonzero(windows.owner == 1).tolist())
    before, after = authenticity_without(scorer.bundle.model, view, windows, [Edit(1), Edit(1, windows=own)])
    assert before == scores[1]
    assert after > before + 5.0
    # Nobody else's numbers move, and the tables are not touched.
    again = 100 * (1 - scorer.bundle.model.probabilities(feature_matrix(tables)))
    np.testing.assert_array_equal(again, scores)


def test_posts_are_found_by_what_stands_out():
    rng = np.random.default_rng(0)
    posts = organic_posts(30, DAYS, rng, spread=0.2)
    likes = np.asarray(posts["likes"]).copy()
    paid = np.asarray(posts["is_sponsored"]) == 1.0
    likes[[4, 9]] *= 12
    alone = creator("a", posts=posts | {"likes": likes, "is_sponsored": np.zeros(30)})
    lifted = creator("a", posts=posts | {"likes": np.where(paid, 5.0, 1.0) * np.asarray(posts["likes"])})
    stepped = creator(
        "a", posts=posts | {"likes": np.where(np.arange(30) >= 18, 4.0, 1.0) * np.asarray(posts["likes"])}
    )

    def rows(world, code):
        tables = checked(world)
        chosen = choose_posts(View(tables, decision_days(tables)), 0, code)
        return set() if chosen is None else set(chosen.rows.tolist())

    assert {4, 9} <= rows(alone, "likes_without_comments") <= {4, 9} | set(range(30))
    assert len(rows(alone, "likes_without_comments")) < 8
    assert rows(lifted, "sponsored_boost") == set(np.flatnonzero(paid).tolist())
    assert rows(stepped, "likes_step") | {29} == set(range(18, 30))
    assert rows(alone, "likes_level") == set()


def test_comments_are_found_by_what_stands_out():
    texts = [
        "so great picture number 1 kak",
        "so great picture number 2 kak",
        "dress baru dari mana ya",
        "nice",
        "😍",
        "wa 0812-3456-7890 murah",
    ]
    comments = {
        "text": texts * 2,
        "post_id": ["p1", "p2", "p3"] * 4,
        "day": np.linspace(100.0, 110.0, 12),
        "author_id": [f"u{i}" for i in range(9)] + ["v"] * 3,
    }
    tables = checked(creator("a", posts=organic_posts(9, 99.0, np.random.default_rng(0)), comments=comments))
    rows = CommentRows.of(tables.comments, tables.posts, 0)

    def said(code):
        return {rows.texts[i] for i in COMMENT_ROWS[code](rows)[0]}

    assert {t for t in said("comments_templates") if t.startswith("so great")} == set(texts[:2])
    assert said("comments_promotion") == {texts[5]}
    assert {"nice", "😍"} <= said("comments_unspecific")
    assert texts[2] not in said("comments_unspecific")
    loyal = COMMENT_ROWS["comments_same_authors"](rows)[0]
    assert {rows.author[i] for i in loyal} == {"v"}


def test_every_code_with_items_exists():
    names = {code.code for code in CODES}
    assert set(POST_ROWS) | set(COMMENT_ROWS) | set(WINDOW_CODES) <= names


def test_other_creators_on_the_same_days_explain_a_window_and_never_a_feature():
    def curves(jump):
        rng = np.random.default_rng(0)
        steps = np.where(np.arange(DAYS) >= AT, 4_000.0, 0.0)
        return [
            creator(f"c{i}", curve=organic_curve(DAYS, rng) + (steps if jump or i == 0 else 0.0)) for i in range(30)
        ]

    for jump, low, high in ((True, 0.8, 1.0), (False, 0.0, 0.1)):
        tables = checked(join(*curves(jump)))
        view = View(tables, decision_days(tables))
        tested = innocence_of(view)
        strength = same_day_strength(tested, view.curve)
        i = int(np.argmax(np.where(tested.windows.owner == 0, tested.windows.excess, 0)))
        assert low <= strength[i] <= high
        assert "same_day" not in tested.strengths


@pytest.mark.parametrize("index", [0, 1, 2])
def test_picture_is_drawn_with_odd_keys_and_without_tables(tables, explained, index):
    target = io.BytesIO()
    e = explained[index]
    plot_explanation(e, tables, target)
    assert target.getvalue().startswith(b"\x89PNG")
    assert len(target.getvalue()) > 5_000
    again = io.BytesIO()
    plot_explanation(replace(e), tables, again)
    assert again.getvalue() == target.getvalue()


@pytest.fixture(scope="module")
def judged(scorer):
    return judge_evidence(scorer, make_world(120, 72))


def test_judgement_counts_what_the_simulator_did(judged):
    found = judged.rate("found", ">=20 %, window of any verdict", "<=3 d")
    assert found.n > 0
    assert found.hits / found.n > 0.7
    rows = [r for r in judged.rates if r.table == "found" and r.row.endswith("%") and not r.row.startswith(">=")]
    assert sum(r.n for r in rows) > found.n
    assert all(0 <= r.hits <= r.n for r in judged.rates)
    all_innocent = judged.rate("innocent", "all", "by the test alone")
    kinds = [r for r in judged.rates if r.table == "innocent" and r.column == "by the test alone" and r.row != "all"]
    assert sum(r.n for r in kinds) == all_innocent.n
    assert all_innocent.hits / all_innocent.n < 0.25


def test_judgement_says_that_it_is_simulated(judged):
    assert "*simulated*, seed 72" in judged.markdown()
    facts = judged.to_dict()
    assert facts["simulated"] is True
    json.dumps(facts, allow_nan=False)
    with pytest.raises(KeyError, match="nothing"):
        judged.rate("nothing")
