"""Simulated text: breadth, likeness to measured audiences, the marks of sold styles, and a user's own corpus."""

from __future__ import annotations

import csv
import json
import os
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from realreach.errors import InputError, UsageError
from realreach.simulate.text import (
    ACTS,
    KINDS,
    LANGUAGES,
    NICHES,
    STYLES,
    Audience,
    draw_audience,
    make_pool,
    measure,
    near_twin_share,
    read_corpus,
    write_captions,
    write_organic,
)
from realreach.simulate.text.context import Occasion, find_subject
from realreach.simulate.text.dice import Dice
from realreach.simulate.text.grammar import load_grammar
from realreach.simulate.text.posts import under_post

RULES = {
    *ACTS,
    *(f"{act}_s" for act in (*ACTS, "giveaway", "event")),
    *("giveaway", "event", "more", "caption", "caption_sponsored", "caption_giveaway", "tag_word"),
    *("sold", "sold_s", "custom", "llm", "promotion", "seller"),
}


def _datasets() -> Path:
    if not (found := os.environ.get("REALREACH_DATASETS")):
        pytest.skip("needs the public comment sets: set REALREACH_DATASETS")
    return Path(found)


def _captions(rng: np.random.Generator, n: int, language: str, niche: str) -> list[str]:
    no = np.zeros(n, dtype=bool)
    return write_captions(rng, n, language=language, niche=niche, sponsored=no, giveaway=no)


@cache
def _creators(
    language: str, platform: str, followers: float, creators: int, each: int, posts: int = 1
) -> tuple[tuple[str, ...], ...]:
    """Return the comments of some creators, every niche in turn."""
    found = []
    for k in range(creators):
        rng = np.random.default_rng([11, k])
        niche = NICHES[k % len(NICHES)]
        crowd = draw_audience(rng, language=language, platform=platform, followers=followers, niche=niche)
        captions = _captions(rng, posts, language, niche) * (each // posts)
        found.append(tuple(write_organic(rng, captions, language=language, niche=niche, audience=crowd)))
    return tuple(found)


def _flat(groups: tuple[tuple[str, ...], ...]) -> list[str]:
    return [text for group in groups for text in group]


def _words(text: str) -> str:
    return " ".join(re.findall(r"[^\W\d_]+", text.lower()))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("niche", NICHES)
def test_every_rule_of_every_grammar_can_be_written(language: str, niche: str) -> None:
    grammar = load_grammar(language, niche)
    assert set(grammar.rules) >= RULES
    assert len(grammar.topics) >= 6
    dice = Dice(np.random.default_rng(1), 4096)
    occasion = Occasion(grammar, dice)
    for name, rule in grammar.rules.items():
        for option in range(len(rule.options)):
            occasion.start(None)
            assert not re.search(r"[{}|]|\*\d", grammar.expand(name, dice, occasion, option)), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_generator_gives_the_same_text_and_another_one_other_text(language: str) -> None:
    def texts(seed: int) -> list[str]:
        rng = np.random.default_rng(seed)
        captions = _captions(rng, 20, language, "food")
        organic = write_organic(rng, captions, language=language, niche="food")
        pools = [make_pool(rng, style=style, language=language, niche="food").draw(rng, captions) for style in STYLES]
        return [*captions, *organic, *(text for pool in pools for text in pool)]

    assert texts(4) == texts(4)
    assert len(set(texts(4)) & set(texts(5))) < 0.4 * len(set(texts(4)))
    assert all(text and text == text.strip() for text in texts(4))


@pytest.mark.parametrize("language", ["id", "en"])
def test_ten_thousand_longer_comments_are_mostly_distinct(language: str) -> None:
    groups = [_creators(language, platform, 20_000.0, 70, 60, 10) for platform in ("instagram", "tiktok", "youtube")]
    longer = [text for group in groups for text in _flat(group) if len(text.split()) >= 4]
    more = _flat(_creators(language, "other", 20_000.0, 140, 60, 10))
    longer = [*longer, *(text for text in more if len(text.split()) >= 4)][:10_000]
    assert len(longer) == 10_000
    assert measure(longer)["distinct"] > 0.9
    assert len({_words(text) for text in longer}) > 0.85 * len(longer)  # the same without emoji, digits and signs
    assert len({word for text in longer for word in _words(text).split()}) > 2_000


# Metric: lowest and highest allowed, around the public comment sets of that kind of audience (norms.csv).
STAR_ID = {
    "one_two_words": (0.33, 0.62),  # measured 0.38 and 0.57
    "emoji": (0.60, 0.82),  # 0.65, 0.71
    "emoji_only": (0.15, 0.40),  # 0.19, 0.36
    "emoji_per_emoji_comment": (2.1, 3.4),  # 2.4, 3.0
    "mention": (0.04, 0.12),  # 0.09, 0.09
    "starts_with_mention": (0.005, 0.06),  # 0.017, 0.017
    "stretched": (0.06, 0.16),  # 0.09, 0.15
    "question": (0.008, 0.04),  # 0.017, 0.014
    "exclamation": (0.0, 0.04),  # 0.005, 0.007
    "digits": (0.05, 0.15),  # 0.09, 0.13
    "exact_dup": (0.15, 0.40),  # 0.34, 0.28
    "chars_p50": (9, 26),  # 11, 22
    "chars_p90": (50, 110),  # 69, 96
}
YOUTUBE_ID = {
    "one_two_words": (0.15, 0.32),  # 0.24
    "emoji": (0.28, 0.48),  # 0.38
    "emoji_only": (0.01, 0.06),  # 0.03
    "mention": (0.0, 0.02),  # 0.001
    "stretched": (0.07, 0.16),  # 0.11
    "question": (0.02, 0.07),  # 0.04
    "exclamation": (0.01, 0.07),  # 0.04
    "digits": (0.08, 0.25),  # 0.20
    "exact_dup": (0.04, 0.20),  # 0.08
    "chars_p50": (20, 38),  # 28
    "chars_p90": (65, 125),  # 90
    "chars_p99": (160, 380),  # 249
}
YOUTUBE_EN = {
    "one_two_words": (0.12, 0.30),  # 0.16, 0.17; 0.27 in 2024
    "emoji": (0.28, 0.48),  # 0.39 in 2024
    "stretched": (0.02, 0.09),  # 0.04, 0.06
    "question": (0.05, 0.14),  # 0.08, 0.12
    "exclamation": (0.07, 0.22),  # 0.18, 0.19; 0.06 in 2024
    "digits": (0.12, 0.32),  # 0.26, 0.29
    "exact_dup": (0.05, 0.20),  # 0.10, 0.12
    "chars_p50": (22, 50),  # 33, 42; 25 in 2024
}


@pytest.mark.parametrize(
    ("language", "platform", "followers", "bounds"),
    [
        ("id", "instagram", 2e7, STAR_ID),
        ("id", "youtube", 3e5, YOUTUBE_ID),
        ("en", "youtube", 3e5, YOUTUBE_EN),
    ],
)
def test_audiences_are_like_the_measured_ones(
    language: str, platform: str, followers: float, bounds: dict[str, tuple[float, float]]
) -> None:
    found = measure(_flat(_creators(language, platform, followers, 28, 250)))
    outside = {name: found[name] for name, (low, high) in bounds.items() if not low <= found[name] <= high}
    assert not outside


def test_creators_differ_as_widely_as_real_posts() -> None:
    # Real YouTube posts, 10th and 90th percentile: emoji 0.23-0.53, one or two words 0.14-0.39, median length 17-40.
    posts = [measure(post) for post in _creators("id", "youtube", 3e5, 28, 250)]
    for name, least in (("emoji", 0.15), ("one_two_words", 0.10), ("chars_p50", 9), ("exact_dup", 0.03)):
        low, high = np.percentile([post[name] for post in posts], [10, 90])
        assert high - low > least, name


def test_phones_set_the_first_letter_in_capitals() -> None:
    # Comments that begin with a letter, measured: 0.89 under stars on Instagram, 0.76 on YouTube (2025), 0.65 English.
    for language, platform, low, high in (
        ("id", "instagram", 0.80, 0.95),
        ("id", "youtube", 0.66, 0.86),
        ("en", "youtube", 0.52, 0.75),
    ):
        texts = [t for t in _flat(_creators(language, platform, 5e6, 28, 250)) if t[0].isalpha()]
        assert low < np.mean([t[0].isupper() for t in texts]) < high, (language, platform)


def test_nobody_is_called_by_a_handle_on_youtube() -> None:
    texts = _flat(_creators("en", "youtube", 3e5, 28, 250))
    assert measure(texts)["mention"] < 0.003


def test_posts_of_one_creator_differ_and_one_post_stays_itself() -> None:
    crowd = draw_audience(np.random.default_rng(3), language="id", platform="instagram", followers=2e7)
    posts = [under_post(crowd, f"Hari ke-{k}") for k in range(400)]
    assert posts[7] == under_post(crowd, "Hari ke-7")
    for name in ("emoji_text", "commas", "points", "exclaims"):
        shares = [getattr(post, name) for post in posts]
        low, high = np.quantile(shares, [0.1, 0.9])
        assert low < getattr(crowd, name) < high, name
        assert high - low > 0.25 * low, name
    contests = [post for post in posts if post.entries]
    assert 0.06 < len(contests) / len(posts) < 0.20
    entry = [
        len(t)
        for t in write_organic(np.random.default_rng(5), _contests(posts), language="id", niche="food", audience=crowd)
    ]
    usual = [
        len(t)
        for t in write_organic(
            np.random.default_rng(5), ["Hari ke-0"] * 300, language="id", niche="food", audience=crowd
        )
    ]
    assert np.quantile(entry, 0.9) > 2 * np.quantile(usual, 0.9)


def _contests(posts: list[Audience]) -> list[str]:
    """Return the captions of the posts that draw entries to a contest, twenty times each."""
    return [f"Hari ke-{k}" for k, post in enumerate(posts) if post.entries for _ in range(20)]


def test_some_posts_draw_a_text_that_is_pasted_again_and_again() -> None:
    crowd = draw_audience(np.random.default_rng(4), language="en", platform="youtube", followers=1e6)
    found = []
    for k in range(60):
        texts = write_organic(np.random.default_rng(k), [f"Day {k}"] * 200, language="en", niche="tech", audience=crowd)
        text, times = Counter(t for t in texts if len(t) > 30).most_common(1)[0]
        found.append(times if text else 0)
    assert 3 <= sum(times >= 4 for times in found) <= 25


def test_repeats_of_longer_comments_stay_within_what_real_posts_show() -> None:
    # Real posts: 0-9 % (Indonesia) and 0-16 % (English) equal another among comments of four words or more.
    posts = [measure(post)["exact_dup_4w"] for post in _creators("id", "youtube", 3e5, 28, 250)]
    assert np.median(posts) < 0.09
    assert 0.005 < np.mean(posts) < 0.09
    twins = [
        near_twin_share([t for t in post if len(t.split()) >= 4]) for post in _creators("id", "youtube", 3e5, 28, 250)
    ]
    assert 0.02 < np.median(twins) < 0.25  # measured 0.06, stars 0.33


def test_stars_get_more_emoji_and_shorter_words_than_small_accounts() -> None:
    star = measure(_flat(_creators("id", "instagram", 2e7, 28, 250)))
    small = measure(_flat(_creators("id", "instagram", 3_000.0, 28, 60)))
    assert star["emoji_only"] > 1.5 * small["emoji_only"]
    assert star["chars_p50"] < small["chars_p50"]
    assert small["starts_with_mention"] > 1.3 * star["starts_with_mention"]


def test_wishes_and_prayers_are_part_of_the_organic_class() -> None:
    text = _flat(_creators("id", "instagram", 2e7, 28, 250))
    wishes = re.compile(r"semoga|smoga|smg|moga|am+i+n|masya ?allah|sehat|barakallah|selamat", re.IGNORECASE)
    assert 0.08 < np.mean([wishes.search(t) is not None for t in text]) < 0.35


def test_mixed_switches_languages_within_and_between_comments() -> None:
    text = _flat(_creators("mixed", "tiktok", 30_000.0, 28, 60))
    indonesian = re.compile(r"\b(?:yang|yg|banget|bgt|aku|gue|nya|kak|sih|dong|\w{3,}nya)\b", re.IGNORECASE)
    english = re.compile(r"\b(?:the|so|is|love|you|this|my|literally|please|but|and)\b", re.IGNORECASE)
    has = Counter((indonesian.search(t) is not None, english.search(t) is not None) for t in text)
    assert has[True, True] > 0.04 * len(text)
    assert has[False, True] > 0.12 * len(text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_kinds_do_what_they_say(language: str) -> None:
    rng = np.random.default_rng(2)
    crowd = draw_audience(rng, language=language, platform="instagram", followers=9_000, niche="food")
    captions = _captions(rng, 20, language, "food") * 10

    def share(kind: str, test: Callable[[str], object]) -> float:
        texts = write_organic(rng, captions, language=language, niche="food", kind=kind, audience=crowd)
        return float(np.mean([bool(test(text)) for text in texts]))

    assert share("friend_tag", lambda text: "@" in text) > 0.97
    assert share("giveaway", lambda text: "@" in text) > 0.25
    assert share("fan", lambda text: crowd.name.lower() in text.lower()) > 0.3
    assert share("ordinary", lambda text: text.startswith("@")) < 0.3


def test_kinds_can_be_mixed_and_are_checked() -> None:
    rng = np.random.default_rng(3)
    texts = write_organic(rng, ["Resep bakso"] * 2, language="id", niche="food", kind=["friend_tag", "ordinary"])
    assert "@" in texts[0]
    assert write_organic(rng, [], language="id", niche="food") == []
    with pytest.raises(UsageError, match="kinds are ordinary, fan"):
        write_organic(rng, ["Resep bakso"], language="id", niche="food", kind="praise")
    with pytest.raises(UsageError, match="2 captions need 2 kinds, got 1"):
        write_organic(rng, ["a", "b"], language="id", niche="food", kind=["fan"])
    with pytest.raises(UsageError, match="no comment grammar for language 'xx'"):
        write_organic(rng, ["a"], language="xx", niche="food")
    with pytest.raises(UsageError, match="no comment grammar for niche 'law'"):
        draw_audience(rng, language="id", niche="law")


def test_comments_speak_of_the_post_they_stand_under() -> None:
    rng = np.random.default_rng(4)
    captions = ["Hari ini masak rendang"] * 400 + ["Hari ini bikin donat"] * 400
    texts = [t.lower() for t in write_organic(rng, captions, language="id", niche="food")]
    rendang, donat = (np.mean(["rendang" in t for t in part]) for part in (texts[:400], texts[400:]))
    assert rendang > 0.08
    assert rendang > 3 * donat


def test_captions_say_what_the_post_is() -> None:
    rng = np.random.default_rng(5)
    yes, no = np.ones(30, dtype=bool), np.zeros(30, dtype=bool)
    giveaway = write_captions(rng, 30, language="en", niche="tech", sponsored=no, giveaway=yes)
    paid = write_captions(rng, 30, language="en", niche="tech", sponsored=yes, giveaway=no)
    plain = write_captions(
        rng, 300, language="en", niche="tech", sponsored=np.zeros(300, bool), giveaway=np.zeros(300, bool)
    )
    assert all(re.search("giveaway|giving away|say thank you", text, re.IGNORECASE) for text in giveaway)
    assert all(re.search(r"[Cc]ode|Link in bio|% off|until tomorrow", text) for text in paid)
    assert not any("giveaway" in text.lower() for text in plain)
    assert len(set(plain)) > 250
    assert all(find_subject(text, load_grammar("en", "tech")) for text in plain)


def test_subject_of_a_foreign_caption_is_a_word_of_it_or_none() -> None:
    grammar = load_grammar("en", "tech")
    assert find_subject("Unboxing the drone today", grammar) == "drone"
    assert find_subject("My ceramics workshop #pottery @someone", grammar) == "ceramics"
    assert find_subject("ok", grammar) is None


def _sold(style: str, language: str, creators: int = 40, niche: str | None = None) -> list[list[str]]:
    found = []
    for k in range(creators):
        rng = np.random.default_rng([23, k])
        topic = niche or NICHES[k % len(NICHES)]
        captions = _captions(rng, 10, language, topic) * 6
        crowd = draw_audience(rng, language=language, niche=topic)
        found.append(make_pool(rng, style=style, language=language, niche=topic, audience=crowd).draw(rng, captions))
    return found


@pytest.mark.parametrize("language", ["id", "en"])
def test_sold_praise_is_short_clean_and_of_emoji_yet_in_the_crowds_own_words(language: str) -> None:
    texts = [text for pool in _sold("praise", language) for text in pool]
    found = measure(texts)
    assert 0.25 < found["emoji_only"] < 0.45
    assert np.mean([len(text.split()) <= 5 for text in texts]) > 0.75
    assert found["question"] < 0.02
    assert found["stretched"] < 0.02
    assert found["exclamation"] > 0.15
    assert found["ends_with_emoji"] > 0.6
    assert found["mention"] < 0.01
    # A single comment must not give the seller away: most of its wordings are written by honest people, too.
    organic = {
        _words(text)
        for p in ("instagram", "tiktok", "youtube")
        for text in _flat(_creators(language, p, 20_000.0, 70, 60, 10))
    }
    with_letters = [_words(text) for text in texts if _words(text)]
    assert np.mean([text in organic for text in with_letters]) > 0.4


def test_sold_praise_repeats_itself_more_than_people_do() -> None:
    pools = [measure(pool) for pool in _sold("praise", "id")]
    crowds = [measure(group) for group in _creators("id", "instagram", 20_000.0, 70, 60, 10)]
    assert np.median([p["exact_dup"] for p in pools]) > 2 * np.median([c["exact_dup"] for c in crowds])


def test_sizes_and_habits_differ_between_sellers() -> None:
    rng = np.random.default_rng(6)
    pools = [make_pool(rng, style="praise", language="id") for _ in range(60)]
    assert min(len(pool.lines) for pool in pools) < 50
    assert max(len(pool.lines) for pool in pools) > 150
    assert {pool.language for pool in pools} == {"id", "en"}
    assert 0 < sum(pool.refill > 0 for pool in pools) < 60
    assert len(make_pool(rng, style="praise", language="id", size=7).lines) == 7


def test_emoji_orders_hold_nothing_else() -> None:
    assert measure([text for pool in _sold("emoji", "id") for text in pool])["emoji_only"] == 1.0


def test_a_clients_lines_are_all_used_before_one_is_repeated() -> None:
    rng = np.random.default_rng(7)
    pool = make_pool(rng, style="custom", language="id", niche="beauty", size=12)
    pool = type(pool)(**{name: getattr(pool, name) for name in pool.__dataclass_fields__} | {"rough": 0.0})
    texts = pool.draw(rng, ["Serum baru"] * 24)
    assert Counter(texts[:12]) == Counter(line.text for line in pool.lines)
    assert Counter(texts[12:]) == Counter(texts[:12])


@pytest.mark.parametrize("language", ["id", "en"])
def test_model_written_comments_are_fluent_even_and_on_the_caption(language: str) -> None:
    texts = [text for pool in _sold("llm", language) for text in pool]
    found = measure(texts)
    assert found["stretched"] < 0.01
    assert found["exact_dup"] < 0.05
    assert 55 < found["chars_p50"] < 180
    assert found["chars_p90"] < 2.5 * found["chars_p50"]
    rng = np.random.default_rng(8)
    pool = make_pool(rng, style="llm", language=language, niche="food")
    assert np.mean(["quinoa" in text.lower() for text in pool.draw(rng, ["Quinoa pagi ini"] * 300)]) > 0.5


@pytest.mark.parametrize("language", ["id", "en"])
def test_pods_write_four_words_or_more_about_the_post(language: str) -> None:
    texts = [text for pool in _sold("pod", language) for text in pool]
    assert all(len(text.split()) >= 4 for text in texts)
    assert measure(texts)["exact_dup"] < 0.06
    rng = np.random.default_rng(9)
    pool = make_pool(rng, style="pod", language=language, niche="food")
    assert np.mean(["quinoa" in text.lower() for text in pool.draw(rng, ["Quinoa pagi ini"] * 300)]) > 0.6


def test_promotion_dodges_filters_and_names_one_invented_business() -> None:
    pools = _sold("promotion", "id", 60)
    found = measure([text for pool in pools for text in pool])
    assert 0.2 < found["odd_letters"] < 0.7
    assert found["emoji_only"] == 0.0
    assert found["one_two_words"] < 0.02
    assert 0.05 < found["stretched"] < 0.45
    assert found["digits"] > 0.5
    handles = [{h.rstrip(".") for text in pool for h in re.findall(r"@[\w.]+", text.lower())} for pool in pools]
    assert all(len(found) <= 1 for found in handles)


def test_pools_are_checked() -> None:
    rng = np.random.default_rng(10)
    with pytest.raises(UsageError, match="no sold comments of style 'nice'; the styles are praise, emoji"):
        make_pool(rng, style="nice", language="id")
    with pytest.raises(UsageError, match="at least 1 text, got size 0"):
        make_pool(rng, style="praise", language="id", size=0)
    assert make_pool(rng, style="praise", language="id").draw(rng, []) == []


def test_measure_counts_what_it_says() -> None:
    found = measure(["@tami lihat 10!", "kereeen BANGET kak?", "😍😍", "keren", "Keren ", "WWW.TOKO.COM MURAH 𝐀𝐁"])
    assert found["starts_with_mention"] == found["mention"] == pytest.approx(1 / 6)
    assert found["emoji_only"] == found["emoji"] == pytest.approx(1 / 6)
    assert found["emoji_per_emoji_comment"] == 2
    assert found["stretched"] == pytest.approx(2 / 6)
    assert found["question"] == found["exclamation"] == found["digits"] == pytest.approx(1 / 6)
    assert found["exact_dup"] == pytest.approx(2 / 6)
    assert found["distinct"] == pytest.approx(5 / 6)
    assert found["url"] == found["odd_letters"] == found["capitals"] == pytest.approx(1 / 6)
    assert found["one_two_words"] == pytest.approx(3 / 6)
    assert np.isnan(found["distinct_4w"])
    assert np.isnan(near_twin_share(["halo"]))
    with pytest.raises(ValueError, match="give at least one text"):
        measure([])


@pytest.fixture
def corpus_folder(tmp_path: Path) -> Path:
    organic = [f"komentar asli nomor {k} dari saya" + ("?" if k % 3 == 0 else "") for k in range(300)]
    rows = [{"text": t, "label": 0} for t in organic] + [{"text": f"promo situs ke {k}", "label": 1} for k in range(50)]
    with (tmp_path / "comments_id.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["text", "label"])
        writer.writeheader()
        writer.writerows([*rows, {"text": "  ", "label": 0}, {"text": "x" * 5_000, "label": 0}])
    styled = pa.table({"text": [f"Lovely work {k}!" for k in range(30)], "style": ["praise"] * 30})
    pq.write_table(styled, tmp_path / "bought.parquet")
    (tmp_path / "more").mkdir()
    lines = [json.dumps({"text": f"an english one {k}", "language": "en"}) for k in range(40)]
    (tmp_path / "more" / "mine.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "posts.csv").write_text("text,labels\nhello,scam|spam\n", encoding="utf-8")
    (tmp_path / "numbers.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("notes", encoding="utf-8")
    return tmp_path


def test_corpus_is_sorted_by_language_and_style(corpus_folder: Path) -> None:
    corpus = read_corpus(corpus_folder)
    assert len(corpus.organic_of("id")) == 300
    assert len(corpus.organic_of("en")) == 40
    assert corpus.organic_of("ja") == ()
    assert len(corpus.sold_of("praise")) == 30
    assert len(corpus.sold_of("promotion")) == 50
    assert sorted(reason.split(":")[0] for reason in corpus.skipped) == ["numbers.csv", "posts.csv"]


def test_corpus_texts_take_the_place_of_the_grammar(corpus_folder: Path) -> None:
    corpus = read_corpus(corpus_folder)
    rng = np.random.default_rng(12)
    own = write_organic(rng, ["Resep"] * 60, language="id", niche="food", corpus=corpus)
    assert set(own) <= set(corpus.organic_of("id"))
    asked = write_organic(rng, ["Resep"] * 60, language="id", niche="food", kind="question", corpus=corpus)
    assert all(text.startswith("komentar") and text.endswith("?") for text in asked)
    tagged = write_organic(rng, ["Resep"] * 60, language="id", niche="food", kind="friend_tag", corpus=corpus)
    assert not set(tagged) & set(corpus.organic_of("id"))
    japanese = write_organic(rng, ["カレー"] * 60, language="ja", niche="food", corpus=corpus)
    assert not any("komentar" in text for text in japanese)
    pool = make_pool(rng, style="promotion", language="id", size=9, corpus=corpus)
    assert set(pool.draw(rng, ["Resep"] * 40)) <= set(corpus.sold_of("promotion"))


def test_unusable_corpus_says_why(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'absent' does not exist"):
        read_corpus(tmp_path / "absent")
    (tmp_path / "a.csv").write_text("comment\nhi\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no usable text .*a\.csv: no column 'text'"):
        read_corpus(tmp_path)


PUBLIC = {
    "chars_p50": "chars_p50",
    "chars_p99": "chars_p99",
    "one_two_words": "1-2_words__pct",
    "emoji": "emoji_pct",
    "emoji_only": "emoji_only_pct",
    "mention": "mention_pct",
    "starts_with_mention": "startat_pct",
    "stretched": "elong_pct",
    "question": "quest_pct",
    "exclamation": "excl_pct",
    "digits": "digit_pct",
    "capitals": "caps_pct",
    "exact_dup": "exact_dup_pct",
}


def test_measure_agrees_with_the_published_norms() -> None:
    folder = _datasets()
    with (folder / "comments_norms" / "norms.csv").open(encoding="utf-8") as file:
        norms = {row["metric"]: row for row in csv.DictReader(file)}
    table = pq.read_table(folder / "comments_youtube_id_2025" / "trending.parquet", columns=["text"])
    found = measure(table["text"].to_pylist())
    for name, published in PUBLIC.items():
        scale = 100 if published.endswith("_pct") else 1
        assert found[name] * scale == pytest.approx(float(norms[published]["yt_id_trending_2025"]), abs=0.9), name


def test_no_longer_sentence_is_taken_from_the_public_sets() -> None:
    folder = _datasets()
    real: set[str] = set()
    for path in sorted(folder.glob("comments_*")):
        if path.name != "comments_norms":
            try:
                corpus = read_corpus(path)
            except InputError:
                continue
            for texts in (*corpus.organic.values(), *corpus.sold.values()):
                real.update(_words(text) for text in texts)
    assert len(real) > 30_000
    own = [_words(text) for lang in ("id", "en") for text in _flat(_creators(lang, "youtube", 3e5, 28, 250))]
    longer = [text for text in own if len(text.split()) >= 6]
    assert np.mean([text in real for text in longer]) < 0.002


def test_an_audience_is_drawn_from_the_generator_alone() -> None:
    def crowd(seed: int) -> Audience:
        return draw_audience(np.random.default_rng(seed), language="en", platform="tiktok", followers=1e5)

    assert crowd(1) == crowd(1)
    assert crowd(1) != crowd(2)
    assert len(crowd(1).acts) == len(ACTS)
    assert crowd(1).acts[-1] == pytest.approx(1.0)
    assert set(KINDS) > {"ordinary", "fan"}
