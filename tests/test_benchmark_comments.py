"""The comment suite on made-up sets: splits by group, thresholds that never see the test group, a baseline beside."""

from dataclasses import replace

import numpy as np
import pytest

from realreach.benchmark import comment_bags, comment_sets, comment_transfer, comment_within
from realreach.benchmark.comment_sets import PARTS, Material, fit_without
from realreach.benchmark.comment_within import even_cut, within_lines
from realreach.benchmark.plain_text import plain_scores
from realreach.learning.comment_matrix import STYLE_SIZE, comment_matrix, contrast_scale
from realreach.learning.comments import Corpus, Recipe, fit_sold, suited

BITS = 12
RECIPE = Recipe(bits=BITS, generated={}, rounds=30)
WORDS = (
    "kota",
    "desa",
    "pasar",
    "taman",
    "stasiun",
    "kantor",
    "sekolah",
    "pantai",
    "gunung",
    "bandara",
    "sawah",
    "toko",
)


def made_texts(rng, count, sold, accent):
    """Return comments whose kind shows in a word, and whose set shows in another."""
    mark = "murah" if sold else "ramai"
    return [f"{accent} {' '.join(rng.choice(WORDS, 4))} {mark} {i}" for i in range(count)]


def made_material(count=30, seed=0):
    """Return a corpus of every labelled part and one organic one, each with an accent of its own."""
    rng = np.random.default_rng(seed)
    rows = []
    accents = iter("abcdefghij")
    for part, source in PARTS.items():
        accent = f"logat{next(accents)}"
        for sold in (0, 1):
            rows += [(t, sold, False, part, source) for t in made_texts(rng, count, sold, accent)]
    for part, source in comment_transfer.ORGANIC.items():
        accent = f"logat{next(accents)}"
        rows += [(t, 0, True, part, source) for t in made_texts(rng, 120, False, accent)]
    text, kind, organic, part, source = zip(*rows, strict=True)
    corpus = Corpus(
        np.array(text, dtype=object),
        np.array(kind),
        np.array(organic),
        np.array(part),
        np.array(part),
        np.array(source),
        np.array([f"{i}" for i in range(len(rows))]),
        np.zeros(len(rows), dtype=np.int64),
    )
    return Material(corpus, comment_matrix(list(text), BITS), RECIPE, lambda _: None)


@pytest.fixture(scope="module")
def material():
    return made_material()


@pytest.fixture
def watched(monkeypatch):
    """Note the sources of every corpus that a sold head is fitted to."""
    seen = []

    def noted(corpus, matrix, recipe):
        seen.append(set(corpus.source))
        return fit_sold(corpus, matrix, recipe)

    monkeypatch.setattr(comment_sets, "fit_sold", noted)
    monkeypatch.setattr("realreach.learning.comments.fit_sold", noted)
    return seen


def test_the_set_left_out_is_in_no_fit(material, watched):
    fit_without(material, [PARTS["judol"]], references=True)
    fit_without(material, [PARTS["judol"]], references=False)
    assert len(watched) > 10
    assert not any(PARTS["judol"] in sources for sources in watched)


def test_a_part_is_ranked_by_models_of_the_other_sets(material, watched, monkeypatch):
    trained = []

    def noted(train, sold, test):
        trained.append((set(train), set(test)))
        return plain_scores(train, sold, test)

    monkeypatch.setattr(comment_transfer, "plain_scores", noted)
    lines = list(comment_transfer.transfer_lines(material))
    assert [line.method for line in lines[-2:]] == ["baseline", "ours"]
    ours = [line for line in lines if line.method == "ours" and line.dataset != "all"]
    assert [line.dataset for line in ours] == list(PARTS.values())
    assert all(line.figures["roc_auc"].value > 0.9 for line in ours)
    # The baseline stands under the same split.
    assert len(trained) == len(PARTS)
    assert not any(train & test for train, test in trained)
    # No zero-shot line where the shipped model was trained.
    shown = {line.dataset for line in lines if line.method == "zero-shot"}
    assert shown == set(PARTS.values()) - set(comment_transfer.SHIPPED)
    mean = np.mean([line.figures["roc_auc"].value for line in ours])
    assert lines[-1].figures["mean_roc_auc"].value == pytest.approx(mean)


def test_penalty_is_chosen_without_the_part_that_is_judged(watched):
    material = made_material(count=12)
    held = PARTS["youtube_spam"]
    fit_without(material, [held], references=False)
    # Each other labelled part in turn, for every penalty, and the fit itself.
    others = [name for name in PARTS.values() if name != held]
    assert len(watched) == len(comment_sets.STRENGTHS) * len(others) + 1
    assert all(held not in sources for sources in watched)
    assert {frozenset(set(others) - sources) for sources in watched[:-1]} == {frozenset([name]) for name in others}


def test_organic_alarms_are_those_of_the_threshold(material):
    lines = [line for line in comment_transfer.organic_lines(material) if line.method == "ours"]
    assert [line.n for line in lines] == [120] * len(comment_transfer.ORGANIC)
    for line in lines:
        figure = line.figures["organic_alarms"]
        assert 0.0 <= figure.low <= figure.value <= figure.high < 0.2
        assert line.aims == {"organic_alarms": 0.03}
        assert line.figures["recall_on_held_out_sets"].value > 0.3


def test_bags_hold_the_share_that_they_say():
    bags = comment_bags.draw_bags(bought=7, organic=400, count=5, seed=1)
    for share, drawn in zip((0, 5, 10, 20), bags, strict=True):
        assert drawn.shape == (5, 100)
        assert ((drawn < 7).sum(axis=1) == share).all()
        # Organic comments are drawn once each.
        assert all(len(set(bag[bag >= 7])) == 100 - share for bag in drawn)


def test_even_cut_calls_as_many_as_are_sold():
    rng = np.random.default_rng(3)
    sold = rng.random(400) < 0.3
    margin = rng.normal(2.0 * sold, 1.0)
    cut, f1 = even_cut(sold, margin)
    called = margin >= cut
    assert called.sum() == sold.sum()
    assert f1 == pytest.approx((called & sold).sum() / sold.sum())


# --- within a set ----------------------------------------------------------------------------------------------------


def write_videos(folder, seed=0):
    """Write an invented collection of five videos, each with a word of its own, in the form of the public one."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    rows = []
    for video in "ABCDE":
        for label in (0, 1):
            rows += [(video, t, label) for t in made_texts(rng, 12, label, f"film{video}")]
    # A text that every video holds, sold everywhere.
    rows += [(video, "serba murah <b>disini</b><br />ya &amp; cepat", 1) for video in "ABCDE"]
    place = folder / "comments_youtube_spam_2015"
    place.mkdir(parents=True)
    pd.DataFrame(rows, columns=["video", "text", "label"]).to_csv(place / "youtube_spam_2015.csv", index=False)
    return folder


@pytest.fixture
def within(tmp_path, material, monkeypatch):
    """Return the lines of an invented collection, with what each model and the baseline were trained and judged on."""
    fits, plain, wanted = [], [], []
    original = comment_within._Own._fit

    def noted(self, rows, candidate):
        judge = original(self, rows, candidate)

        def judged(asked):
            fits.append((rows, asked))
            return judge(asked)

        return judged

    def noted_plain(train, sold, test):
        plain.append((set(train), set(test)))
        return plain_scores(train, sold, test)

    monkeypatch.setattr(comment_within._Own, "_fit", noted)
    monkeypatch.setattr(comment_within, "plain_scores", noted_plain)
    cut = comment_within.even_cut

    def noted_cut(sold, margin):
        wanted.append(len(sold))
        return cut(sold, margin)

    monkeypatch.setattr(comment_within, "even_cut", noted_cut)
    lines = list(within_lines(write_videos(tmp_path), material, quick=False, seed=0))
    return lines, fits, plain, wanted


def test_videos_are_held_out_whole_and_choices_are_made_on_the_rest(within):
    lines, fits, plain, cuts = within
    assert [line.method for line in lines] == ["baseline", "ours", "zero-shot"]
    assert lines[0].n == lines[1].n == 125
    assert lines[1].figures["f1"].value > 0.9
    video = np.r_[np.repeat(range(5), 24), range(5)]
    candidates = len(comment_within._CANDIDATES)
    per_video = 4 * candidates + 1
    assert len(fits) == 5 * per_video
    for number in range(5):
        own = fits[number * per_video : (number + 1) * per_video]
        judged = set(video[own[-1][1]])
        # The last fit judges the video; no fit before it has seen a row of it, nor judged one.
        assert judged == {number}
        for rows, asked in own[:-1]:
            assert number not in set(video[rows]) | set(video[asked])
            assert not set(video[rows]) & set(video[asked])
        assert number not in set(video[own[-1][0]])
    # The threshold comes from the hundred rows of the other four videos.
    assert cuts == [100] * (5 * candidates)
    # The baseline has the same splits: no accent of the judged video in its training part.
    for train, test in plain:
        accents = {t.split()[0] for t in test} - {"serba"}
        assert len(accents) == 1
        assert not any(t.startswith(next(iter(accents))) for t in train)


def test_texts_of_other_folds_are_told_apart_and_tags_are_not_read(within, tmp_path):
    from realreach.datasets.comment_labels import read_comment_set

    lines = within[0]
    rows = read_comment_set("comments_youtube_spam_2015", tmp_path / "comments_youtube_spam_2015", repeats=True)
    shared = rows["text"].str.startswith("serba")
    assert set(rows.loc[shared, "text"]) == {"serba murah disini\nya & cepat"}
    fold = np.unique(rows["section"], return_inverse=True)[1]
    assert (comment_within._seen_elsewhere(rows["text"].to_numpy(), fold) == shared.to_numpy()).all()
    assert "f1_of_texts_not_in_training" in lines[1].figures


def test_template_folds_hold_whole_templates():
    group = np.random.default_rng(0).integers(0, 40, 300)
    fold = comment_within._folds(np.repeat("s", 300), group, "template", 0)
    assert set(fold) == set(range(5))
    assert all(len(set(fold[group == g])) == 1 for g in range(40))
    section = np.array(["x", "y"])[group % 2]
    assert len(set(zip(section, comment_within._folds(section, group, "account", 0), strict=True))) == 2


# --- contrast --------------------------------------------------------------------------------------------------------


def test_contrast_shrinks_what_both_kinds_use_alike():
    rng = np.random.default_rng(0)
    texts = made_texts(rng, 60, False, "sama") + made_texts(rng, 60, True, "sama")
    matrix, sold = comment_matrix(texts, BITS), np.arange(120) >= 60
    scale = contrast_scale(matrix, sold, np.ones(120), 0.7)
    assert (scale[:STYLE_SIZE] == 1.0).all()
    assert (scale > 0.0).all()
    both, one = (comment_matrix([text], BITS)[0, STYLE_SIZE:].indices for text in ("sama", "murah"))
    assert scale[STYLE_SIZE + one].max() > 3.0 * scale[STYLE_SIZE + both].max()
    assert (contrast_scale(matrix, sold, np.ones(120), 0.0) == 1.0).all()
    assert contrast_scale(matrix, ~sold, np.ones(120), 0.7) == pytest.approx(scale)


def test_contrast_needs_three_real_sets_and_fewer_need_balanced_languages(material):
    corpus = material.corpus
    assert suited(RECIPE, corpus) == RECIPE
    names = np.unique(corpus.source)[:2]
    few = suited(RECIPE, corpus.take(np.isin(corpus.source, names)))
    assert (few.contrast, few.strength, few.language_balance) == (0.0, 2.0 * RECIPE.strength, 1.0)
    # Generated comments are no set.
    source = np.where(np.isin(corpus.source, names), corpus.source, "generated")
    assert suited(RECIPE, replace(corpus, source=source)).contrast == 0.0
