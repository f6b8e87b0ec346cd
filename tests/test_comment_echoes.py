"""What comments of a section share with its surest ones: against a slow view, in any order, alone and in a crowd."""

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from realreach.benchmark import comment_echoes
from realreach.comment_text import echoes as module
from realreach.comment_text.echoes import LEAST, echoes, given_out_anew, in_section, standing
from realreach.comment_text.hashing import grams
from realreach.comment_text.normalise import normalise

WORDS = ["lucu", "keren", "bagus", "kucing", "episode", "menit", "kakak", "abang", "sehat", "lagu", "suara", "🔥", "😂"]


def written(texts):
    return normalise(pa.array(list(texts), pa.large_string()))


def made_section(seed, number=120, sold=12, talk=6):
    """Return texts and probabilities; half of the seller's comments look sold, half share his words alone."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, int(rng.integers(2, talk)))) for _ in range(number)]
    p = rng.uniform(0.02, 0.35, number)
    for i in range(sold):
        texts[i] = f"resep nenek zulaikha manjur {rng.choice(WORDS)} nomor {i}"
        p[i] = 0.9 - 0.01 * i if i % 2 else 0.05 + 0.01 * i
    order = rng.permutation(number)
    return [texts[i] for i in order], p[order], order < sold


def slow_echoes(texts, suspected, trusted):
    """The definition, piece by piece: counts of other comments that hold a piece, their log ratio, weights."""
    held = []
    for text in texts:
        weight = {}
        for buckets, _ in grams(written([text]).plain, 17):
            for bucket in buckets.tolist():
                weight[bucket] = weight.get(bucket, 0.0) + 1.0 / math.sqrt(len(buckets))
        held.append(weight)
    out = []
    for me, weight in enumerate(held):
        total = 0.0
        for bucket, value in weight.items():
            sides = []
            for members in (suspected, trusted):
                others = [i for i in np.flatnonzero(members).tolist() if i != me]
                sides.append((sum(bucket in held[i] for i in others), len(others)))
            if sides[0][0] + sides[1][0] > 0:
                ratio = [math.log((count + 0.1) / (number + 0.2)) for count, number in sides]
                total += value * (ratio[0] - ratio[1])
        out.append(total)
    return np.array(out)


def test_slow_view_agrees():
    texts, p, _ = made_section(1, number=40)
    suspected, trusted = p > 0.5, p < 0.2
    found = echoes(written(texts), suspected, trusted)
    assert found == pytest.approx(slow_echoes(texts, suspected, trusted), abs=1e-12)
    assert np.abs(found).max() > 0.1


def test_comments_that_share_the_sellers_words_rise():
    texts, p, sold = made_section(2)
    quiet = sold & (p < 0.2)
    after = in_section(p, written(texts), np.array([0, len(p)]))
    assert (after[quiet] > p[quiet]).all()
    assert np.mean(after[quiet]) > 0.25 > 0.11 > np.mean(p[quiet])
    assert set(np.flatnonzero(after > 0.5)) == set(np.flatnonzero(p > 0.5))
    # Which, never how many: the same numbers, given out anew.
    assert np.array_equal(np.sort(after), np.sort(p))


def test_order_of_comments_and_other_sections_change_nothing():
    parts = [made_section(seed, number=n) for seed, n in ((3, 90), (4, 55), (5, LEAST - 1), (6, 200))]
    starts = np.cumsum([0, *(len(p) for _, p, _ in parts)])
    crowd = in_section(
        np.concatenate([p for _, p, _ in parts]), written(t for texts, _, _ in parts for t in texts), starts
    )
    for (texts, p, _), begin, end in zip(parts, starts, starts[1:], strict=False):
        alone = in_section(p, written(texts), np.array([0, len(p)]))
        assert crowd[begin:end].tobytes() == alone.tobytes()
        order = np.random.default_rng(0).permutation(len(p))
        turned = in_section(p[order], written(texts[i] for i in order), np.array([0, len(p)]))
        assert turned.tobytes() == alone[order].tobytes()


def test_small_and_even_sections_stay_as_they_are():
    texts, p, _ = made_section(7, number=LEAST - 1)
    assert in_section(p, written(texts), np.array([0, len(p)])).tobytes() == p.tobytes()
    texts, p, _ = made_section(7, number=LEAST)
    assert in_section(p, written(texts), np.array([0, len(p)])).tobytes() != p.tobytes()
    even = np.full(LEAST, 0.3)
    assert in_section(even, written(texts), np.array([0, LEAST])).tobytes() == even.tobytes()
    assert len(in_section(np.empty(0), written([]), np.array([0, 0, 0]))) == 0
    certain = np.repeat([0.0, 1.0], [LEAST - 3, 3])
    assert np.isfinite(in_section(certain, written(texts), np.array([0, LEAST]))).all()


def test_standing_is_the_same_in_any_order():
    values = np.random.default_rng(1).lognormal(0.0, 3.0, 999)
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(999)
        assert standing(values[order]).tobytes() == standing(values)[order].tobytes()


def test_a_comment_does_not_echo_itself():
    texts = ["hujan turun deras", "biasa saja", "biasa saja dong", "qzx wvu"]
    found = echoes(written(texts), np.array([True, False, False, False]), np.array([False, True, True, False]))
    assert found[0] == 0.0
    assert found[3] == 0.0
    assert (found[1:3] < 0.0).all()
    assert not echoes(written(texts), np.zeros(4, dtype=bool), np.ones(4, dtype=bool)).any()


def test_a_section_read_in_pieces_is_the_same(monkeypatch):
    texts, p, _ = made_section(8, number=130)
    whole = echoes(written(texts), p > 0.5, p < 0.2)
    monkeypatch.setattr(module, "_CHUNK", 33)
    assert echoes(written(texts), p > 0.5, p < 0.2).tobytes() == whole.tobytes()


def test_an_echo_counts_less_where_little_looks_sold():
    texts, p, sold = made_section(9, number=150, sold=10)
    quiet = sold & (p < 0.2)

    def risen(scale):
        after = in_section(p * scale, written(texts), np.array([0, len(p)]))
        return float((standing(after) - standing(p * scale))[quiet].mean())

    assert risen(1.0) > risen(0.1)
    assert module._trust(np.full(100, 0.2)) == 0.5
    assert module._trust(np.full(100, 0.05)) == pytest.approx(0.25)


def test_ties_get_the_lowest_of_their_places_and_are_suspected_all_or_none():
    found = given_out_anew(np.array([4.0, 3.0, 2.0, 1.0]), np.array([0.0, 5.0, 5.0, 5.0]))
    assert found.tolist() == [1.0, 2.0, 2.0, 2.0]
    cases = {(70, 28, 2): (2, 70), (70, 14, 16): (16, 70), (70, 10, 20): (20, 70), (79, 21): (0, 79)}
    for counts, expected in cases.items():
        suspected, trusted = module._surest(np.repeat(np.arange(float(len(counts))), counts))
        assert (suspected.sum(), trusted.sum()) == expected


def test_folds_that_are_seen_together_call_as_many_sold():
    texts, p, sold = made_section(10, number=160, sold=40)
    fold = np.arange(160) % 2
    margin = np.log(p / (1.0 - p))
    after = comment_echoes.seen_together(np.array(texts, dtype=object), fold, margin)
    for number in (0, 1):
        assert np.array_equal(np.sort(after[fold == number]), np.sort(margin[fold == number]))
    assert (after[sold] >= 0.0).sum() >= (margin[sold] >= 0.0).sum()
    assert after[sold].mean() > margin[sold].mean()


def test_known_campaigns_are_told_in_real_videos(tmp_path):
    folder = tmp_path / "comments_youtube_id_2025"
    assert list(comment_echoes.campaign_lines(tmp_path)) == []
    folder.mkdir()
    rng = np.random.default_rng(11)
    talk = [" ".join(rng.choice(WORDS, 4)) for _ in range(100)]
    few = [f"𝐑𝐀𝐉𝐀 gacor {i}" for i in range(9)]
    trending = pd.DataFrame({"video_id": ["a"] * 109, "text": talk + few})
    trending.to_parquet(folder / "trending.parquet")
    pd.DataFrame({"video_id": ["b"], "text": ["biasa"]}).to_csv(folder / "gambling_topic.csv", index=False)
    assert list(comment_echoes.campaign_lines(tmp_path)) == []
    sold = [f"makasih Mbak4d2 cair terus {rng.choice(WORDS)} {i} juta, buruan daftar" for i in range(12)]
    topic = pd.DataFrame({"video_id": ["b"] * 112, "text": [*talk, *sold]})
    topic.to_csv(folder / "gambling_topic.csv", index=False)
    lines = list(comment_echoes.campaign_lines(tmp_path))
    assert [(line.n, line.positives) for line in lines] == [(112, 12)] * 2
    alone, together = lines
    assert alone.figures["found_among_as_many"].value <= together.figures["found_among_as_many"].value
    assert together.figures["roc_auc_within_video"].value > 0.95
