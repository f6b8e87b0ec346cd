"""The benchmark of mixed sections: what a bag holds, what ranks it, and how often clean sections are accused."""

from __future__ import annotations

import numpy as np
import pytest

from realreach.benchmark import comment_bags, comment_echoes, comment_sets
from realreach.benchmark.comment_bags import bag_lines, draw_bags, rank_lines, section_lines, sections_of
from realreach.benchmark.comment_sets import Fitted, Material
from realreach.comment_text.bags import BagReference
from realreach.learning.comments import Corpus, Recipe

REFERENCE = BagReference([0.3, 0.7], [0.1, 2.0, 40.0], np.linspace(0.0, 0.04, 20))


class Stub(Fitted):
    """A fitted head that reads its probability from the matrix."""

    def sold(self, matrix):
        return np.asarray(matrix).ravel()


def material(p_organic=0.02, p_own=0.0):
    """Return a corpus of one sold set and one organic set of ten videos, with probabilities in place of a matrix."""
    rng = np.random.default_rng(3)
    part = np.repeat(["youtube_spam", "youtube_spam", "youtube_en_2013"], [60, 150, 400])
    sold = np.arange(610) < 60
    section = np.where(part == "youtube_spam", "one", np.char.add("v", (np.arange(610) % 10).astype(str)))
    source = np.where(part == "youtube_spam", "comments_youtube_spam_2015", "comments_youtube_en_2013")
    high = np.where(sold, 0.9, np.where(part == "youtube_spam", p_own, p_organic))
    matrix = np.where(rng.random(610) < high, 0.95, rng.uniform(0.0, 0.3, 610))[:, None]
    text = np.array([f"comment {i}" for i in range(610)], dtype=object)
    corpus = Corpus(
        text,
        sold.astype(np.int64),
        ~sold & (part != "youtube_spam"),
        part,
        section,
        source,
        text.astype(str),
        np.zeros(610, dtype=np.int64),
    )
    return Material(corpus, matrix, Recipe(), lambda _: None)


@pytest.fixture
def asked(monkeypatch):
    """Fit nothing: note which sets are to be left out, and give scores that are written into the corpus."""
    left_out = []

    def fit(made, sources, *, references):
        assert references
        left_out.append(sorted(sources))
        return Stub(np.zeros(1), 0.0, 1.0, 0.0, 0.1, 0.5, REFERENCE, np.nan)

    monkeypatch.setattr(comment_bags, "fit_without", fit)
    monkeypatch.setattr(comment_bags, "plain_of", lambda made, sources, rows: made.matrix[rows, 0])
    monkeypatch.setattr(comment_bags, "shipped_scores", lambda made, rows: made.matrix[rows, 0])
    return left_out


@pytest.mark.parametrize("bought", [7, 400])
def test_bags_hold_what_their_name_says(bought):
    clean, *mixed = draw_bags(bought, 300, 9, seed=1)
    assert clean.shape == (9, 100)
    assert (clean >= bought).all()
    for share, bags in zip((5, 10, 20), mixed, strict=True):
        assert ((bags < bought).sum(axis=1) == share).all()
        assert bags.max() < bought + 300
        organic = [np.unique(bag[bag >= bought]).size for bag in bags]
        assert organic == [100 - share] * 9
    # Sold comments repeat only where there are too few of them.
    assert (np.unique(mixed[2][0]).size < 100) == (bought == 7)
    again = draw_bags(bought, 300, 9, seed=1)
    assert all(np.array_equal(a, b) for a, b in zip([clean, *mixed], again, strict=True))
    assert not np.array_equal(clean, draw_bags(bought, 300, 9, seed=2)[0])


def test_sold_comments_are_ranked_inside_their_sections(asked):
    made = material(p_own=0.05)
    rng = np.random.default_rng(4)
    sold = made.corpus.sold
    talk = [" ".join(rng.choice(["lucu", "keren", "lagu", "suara", "besok"], 4)) for _ in sold]
    made.corpus.text[:] = np.where(sold, [f"resep zulaikha manjur {t}" for t in talk], talk)
    made.matrix[sold] = np.where(rng.random(60) < 0.6, 0.95, 0.1)[:, None]
    lines = list(rank_lines(made, 12, seed=0))
    assert asked == [["comments_youtube_spam_2015"]]
    assert [line.task for line in lines] == ["youtube_spam: which of 100 comments are sold"] * 2
    alone, together = (line.figures for line in lines)
    assert alone.keys() == together.keys() == {"roc_auc_5pct", "roc_auc_10pct", "roc_auc_20pct"}
    assert all(0.65 < alone[name].value < 0.75 for name in alone)
    assert all(together[name].value > 0.9 for name in alone)
    # Sections are judged one by one: a run over fewer of them is a part of the run over more.
    texts, p = made.corpus.text[:210], made.matrix[:210, 0]
    halves = [comment_echoes.scored_together(texts[at : at + 105], p[at : at + 105]) for at in (0, 105)]
    assert np.array_equal(comment_echoes.scored_together(texts, p, 105), np.concatenate(halves))


def test_neither_set_of_a_bag_was_trained_on(asked):
    lines = list(bag_lines(material(), 40, 0))
    assert asked == [["comments_youtube_en_2013", "comments_youtube_spam_2015"]]
    assert [(line.task.partition("bags of 100 in ")[2], line.method) for line in lines] == [
        (home, method)
        for home in ("youtube_en_2013", "labelled ordinary comments of the set")
        for method in ("baseline", "ours", "zero-shot")
    ]
    assert {line.note for line in lines} == {"60 sold comments"}
    # Aims were set for the organic comments of another set, and for our own recipe.
    assert [bool(line.aims) for line in lines] == [False, True, False, False, False, False]
    ours = [
        line.figures[f"roc_auc_{share}pct"].value for line in lines if line.method == "ours" for share in (5, 10, 20)
    ]
    assert ours[0] < ours[1] <= ours[2]
    assert ours[0] > 0.75
    assert ours[3] > ours[0]  # no base of its own: easier


def test_scores_without_meaning_rank_by_chance(asked):
    made = material()
    made.matrix[:, 0] = np.concatenate([np.linspace(0.0, 1.0, n) for n in (60, 150, 400)])
    line = list(bag_lines(made, 150, 0))[1]
    assert line.figures["roc_auc_20pct"].value == pytest.approx(0.5, abs=0.09)


def test_clean_sections_are_real_ones_where_there_are_some(asked):
    lines = {(line.task.split(":")[0], line.method): line for line in section_lines(material(), 0)}
    assert asked == [["comments_youtube_en_2013"], ["comments_youtube_spam_2015"]]
    videos, own = lines["youtube_en_2013", "ours"], lines["youtube_spam", "ours"]
    assert (videos.n, own.n) == (10, 200)
    assert videos.note.startswith("real sections;")
    assert own.note == "random bags of 100"
    assert np.isfinite(videos.figures["p05_alarms"].high)
    assert np.isnan(own.figures["p05_alarms"].high)
    assert own.figures["p05_alarms"].value == 0.0
    assert own.reached("p05_alarms") is True
    assert ("youtube_spam", "baseline") not in lines  # has no p-value


def test_sections_that_read_as_sold_are_counted(asked):
    lines = list(section_lines(material(p_organic=0.35), 0))
    ours = next(line for line in lines if line.method == "ours" and line.dataset.endswith("2013"))
    assert ours.figures["p05_alarms"].value >= ours.figures["p01_alarms"].value >= 0.9
    assert ours.reached("p01_alarms") is False


def test_large_sections_are_cut_and_small_ones_left_out():
    section = np.repeat(["big", "small", "middle"], [350, 19, 20])
    bags, real = sections_of(np.arange(1000, 1389), section, 0)
    assert real
    assert sorted(map(len, bags)) == [20, 116, 117, 117]
    assert np.unique(np.concatenate(bags)).tolist() == [*range(1000, 1350), *range(1369, 1389)]
    assert sections_of(np.arange(99), np.repeat("all", 99), 0) == ([], False)


def test_a_fit_is_made_once(monkeypatch):
    made, calls = material(), []
    monkeypatch.setattr(comment_sets, "fit_sold", lambda *_: (calls.append(1), (np.ones(1), 0.0))[1])
    monkeypatch.setattr(comment_sets, "held_out_margins", lambda corpus, recipe, matrix, fit: np.asarray(matrix)[:, 0])
    one = comment_sets.fit_without(made, ["comments_youtube_en_2013"], references=True)
    assert comment_sets.fit_without(made, ["comments_youtube_en_2013"], references=True) is one
    assert comment_sets.fit_without(made, [], references=True) is not one
    assert len(calls) == 2
