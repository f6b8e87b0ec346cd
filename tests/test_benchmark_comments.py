"""The comment suite on made-up sets: splits by group, thresholds that never see the test group, a baseline beside."""

from dataclasses import replace

import numpy as np
import pytest

from realreach.benchmark import comment_bags, comment_sets, comment_transfer, comment_within
from realreach.benchmark.comment_as_measured import as_measured_lines, f1_over_folds
from realreach.benchmark.comment_echoes import UNLABELLED
from realreach.benchmark.comment_sets import PARTS, Material, fit_without
from realreach.benchmark.comment_within import even_cut, within_lines
from realreach.benchmark.plain_text import PlainTexts
from realreach.datasets.adapter import DatasetError
from realreach.learning.comment_matrix import STYLE_SIZE, BareCopies, comment_matrix, contrast_scale, rarity_scale
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
def made():
    return made_material()


@pytest.fixture
def material(made):
    """Return the corpus with nothing fitted so far."""
    return replace(made, fits={}, heads={}, plain={}, judged={})


@pytest.fixture
def watched(monkeypatch):
    """Note the sources of every corpus that a sold head is fitted to."""
    seen = []

    def noted(corpus, matrix, recipe, bare):
        seen.append(set(corpus.source))
        return fit_sold(corpus, matrix, recipe, bare)

    monkeypatch.setattr(comment_sets, "fit_sold", noted)
    return seen


@pytest.fixture
def plain(monkeypatch):
    """Note the texts that the baseline is trained on, and those that it judges."""
    pairs, original = [], PlainTexts.scores

    def noted(self, train, sold, test):
        pairs.append(tuple({self.texts[row] for row in rows} for rows in (train, test)))
        return original(self, train, sold, test)

    monkeypatch.setattr(PlainTexts, "scores", noted)
    return pairs


def test_the_set_left_out_is_in_no_fit(material, watched):
    fit_without(material, [PARTS["judol"]], references=True)
    fit_without(material, [PARTS["judol"]], references=False)
    assert len(watched) > 10
    assert not any(PARTS["judol"] in sources for sources in watched)


def test_a_part_is_ranked_by_models_of_the_other_sets(material, watched, plain):
    lines = list(comment_transfer.transfer_lines(material))
    assert [line.method for line in lines[-3:]] == ["baseline", "ours", "ours"]
    assert [line.name.endswith(UNLABELLED) for line in lines[-3:]] == [False, False, True]
    both = [line for line in lines if line.method == "ours" and line.dataset != "all"]
    ours, together = ([line for line in both if line.name.endswith(UNLABELLED) == seen] for seen in (False, True))
    assert [line.dataset for line in together] == [line.dataset for line in ours]
    assert [line.dataset for line in ours] == list(PARTS.values())
    assert all(line.figures["roc_auc"].value > 0.9 for line in ours)
    # The baseline stands under the same split.
    assert len(plain) == len(PARTS)
    for (train, _), source in zip(plain, PARTS.values(), strict=True):
        assert not train & set(material.corpus.text[material.corpus.source == source])
    # No zero-shot line where the shipped model was trained.
    shown = {line.dataset for line in lines if line.method == "zero-shot"}
    assert shown == set(PARTS.values()) - set(comment_transfer.SHIPPED)
    for found, shown in ((lines[-2], ours), (lines[-1], together)):
        mean = np.mean([line.figures["roc_auc"].value for line in shown])
        assert found.figures["mean_roc_auc"].value == pytest.approx(mean)


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


def test_cut_is_zero_for_own_comments_and_even_with_those_of_others():
    own, helped = comment_within._CANDIDATES
    assert own.mass == 0.0 < helped.mass
    sold = np.repeat([True, False], 100)
    margin = np.r_[np.linspace(1.1, 3.0, 100), np.linspace(-1.0, 1.0, 100)]
    assert own.cut(sold, margin) == (0.0, pytest.approx(200 / 250))
    cut, f1 = helped.cut(sold, margin)
    assert 1.0 < cut < 1.1
    assert f1 == 1.0


def test_baseline_is_that_of_scikit_learn():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    rng = np.random.default_rng(5)
    texts = made_texts(rng, 40, True, "satu") + made_texts(rng, 40, False, "dua") + ["!?", "", "serba baru 🔥"]
    sold, train, test = np.arange(80) < 40, np.arange(1, 80, 2), np.r_[np.arange(0, 80, 2), 80, 81, 82]
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+|[^\w\s]", dtype=np.float32)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, dtype=np.float32)
    slow = make_pipeline(make_union(words, characters), LogisticRegression(C=10.0, max_iter=300))
    slow.fit([texts[i] for i in train], sold[train])
    want = slow.predict_proba([texts[i] for i in test])[:, 1]
    # Sums of single precision in another order.
    assert PlainTexts(texts).scores(train, sold[train], test) == pytest.approx(want, rel=1e-5)


def test_fits_that_are_shared_are_those_that_would_be_made(material, watched):
    one, other = ([PARTS[name]] for name in ("judol", "youtube_spam"))
    first, second = (fit_without(material, sources, references=True) for sources in (one, other))
    alone = fit_without(replace(material, fits={}, heads={}), other, references=True)
    assert (second.weights == alone.weights).all()
    assert (second.slope, second.low, second.high) == (alone.slope, alone.low, alone.high)
    assert (second.weights != first.weights).any()
    # Without both sets is asked for twice, and fitted once.
    fitted = [sources for sources in watched if not sources & {*one, *other}]
    assert len(fitted) == 2  # once here, once in the fit with nothing remembered


def test_bare_copies_made_once_are_those_made_anew(material):
    rows = np.arange(3, 200, 2)
    corpus, matrix = material.corpus.take(rows), material.matrix[rows]
    weights, bias = fit_sold(corpus, matrix, RECIPE)
    again, same = fit_sold(corpus, matrix, RECIPE, material.bare.take(rows))
    assert bias == same
    assert (weights == again).all()
    empty = BareCopies.of(["wow", "!!"], BITS)
    assert empty.kept.tolist() == [True, False]


def test_rare_pieces_count_more():
    texts = [f"sama kata{i}" for i in range(30)]
    matrix = comment_matrix(texts, BITS)
    scale = rarity_scale(matrix, 1.0)
    common, rare = (comment_matrix([text], BITS)[0, STYLE_SIZE:].indices for text in ("sama", "kata7"))
    assert scale[STYLE_SIZE + rare].max() > 2.0 * scale[STYLE_SIZE + common].min()
    assert (scale[:STYLE_SIZE] == 1.0).all()
    used = np.unique(matrix.indices[matrix.indices >= STYLE_SIZE])
    assert np.mean(scale[used] ** 2) == pytest.approx(1.0)
    assert (rarity_scale(matrix, 0.0) == 1.0).all()


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
def within(tmp_path, material, monkeypatch, plain):
    """Return the lines of an invented collection, with what each model and the baseline were trained and judged on."""
    fits, wanted = [], []
    original = comment_within._Own._fit

    def noted(self, rows, candidate):
        judge = original(self, rows, candidate)

        def judged(asked):
            fits.append((rows, asked))
            return judge(asked)

        return judged

    monkeypatch.setattr(comment_within._Own, "_fit", noted)
    cut = comment_within.even_cut

    def noted_cut(sold, margin):
        wanted.append(len(sold))
        return cut(sold, margin)

    monkeypatch.setattr(comment_within, "even_cut", noted_cut)
    lines = list(within_lines(write_videos(tmp_path), material, quick=False, seed=0))
    return lines, fits, plain, wanted


def test_videos_are_held_out_whole_and_choices_are_made_on_the_rest(within):
    lines, fits, plain, cuts = within
    assert [line.method for line in lines] == ["baseline", "ours", "ours", "zero-shot"]
    assert [line.name.endswith(UNLABELLED) for line in lines] == [False, False, True, False]
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
    assert cuts == [100] * (5 * (candidates - 1))
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


def test_as_measured_rows_are_those_of_the_file_and_folds_are_held_out(tmp_path, material, plain):
    place = write_videos(tmp_path)
    lines = list(as_measured_lines(place, material, seed=0))
    assert [line.method for line in lines] == ["baseline", "ours"]
    assert lines[1].n == 125
    assert lines[1].aims == {"f1_mean_of_folds": 0.955}
    figure = lines[1].figures["f1_mean_of_folds"]
    assert figure.low <= figure.value <= figure.high
    assert figure.value > 0.9
    # Nothing is undone: the tags are read. One accent at a time is judged.
    assert all("serba murah <b>disini</b><br />ya &amp; cepat" in train for train, _ in plain)
    for train, test in plain:
        accent = {t.split()[0] for t in test} - {"serba"}
        assert len(accent) == 1
        assert not any(t.startswith(next(iter(accent))) for t in train)


def test_the_same_rows_are_judged_once(material, plain):
    rng = np.random.default_rng(1)
    text = np.array(made_texts(rng, 30, True, "satu") + made_texts(rng, 30, False, "satu"), dtype=object)
    rows = comment_within.Rows(text, np.arange(60) < 30, np.arange(60), np.arange(60) % 3, np.arange(60) % 3)
    first, again = (comment_within.judged_by_folds(material, "comments_judol_id", rows, 0) for _ in range(2))
    assert first is again
    assert len(plain) == 3
    other = comment_within.judged_by_folds(material, "comments_judol_id", rows._replace(fold=np.arange(60) % 2), 0)
    assert (other.plain != first.plain).any()


def test_as_measured_names_what_is_missing(tmp_path, material):
    place = write_videos(tmp_path) / "comments_youtube_spam_2015" / "youtube_spam_2015.csv"
    place.write_text(place.read_text().replace("video,text", "film,text"))
    with pytest.raises(DatasetError, match="column `video` is not there"):
        list(as_measured_lines(tmp_path, material, seed=0))
    place.unlink()
    with pytest.raises(DatasetError, match=r"`youtube_spam_2015\.csv` is not there"):
        list(as_measured_lines(tmp_path, material, seed=0))


def test_f1_is_the_mean_over_folds():
    sold = np.array([1, 1, 0, 0, 1, 0, 0, 0], dtype=bool)
    called = np.array([1, 0, 0, 0, 1, 1, 1, 0], dtype=bool)
    figure = f1_over_folds(sold, called, np.repeat([0, 1], 4), np.arange(8), 0)
    assert figure.value == pytest.approx((2 / 3 + 2 / 4) / 2)
    assert figure.low < figure.value < figure.high


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


def test_contrast_needs_three_real_sets_and_fewer_need_even_languages(material):
    corpus = material.corpus
    assert suited(RECIPE, corpus) == RECIPE
    names = np.unique(corpus.source)[:2]
    few = suited(RECIPE, corpus.take(np.isin(corpus.source, names)))
    assert (few.contrast, few.strength, few.even_languages) == (0.0, 2.0 * RECIPE.strength, True)
    # Generated comments are no set.
    source = np.where(np.isin(corpus.source, names), corpus.source, "generated")
    assert suited(RECIPE, replace(corpus, source=source)).contrast == 0.0
