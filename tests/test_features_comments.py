"""Comments: what was planted is seen, slow obvious versions give the same numbers, hostile text ends."""

import math
import re
import statistics
import unicodedata
from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import worlds
from realreach.comment_text.measures import measure_comments
from realreach.comment_text.normalise import normalise
from realreach.comment_text.words import split_words
from worlds import creator, features, one, organic_comments, organic_posts

NUMBER = 120
POSTS = 12


def made(seed=0, number=NUMBER, authors=60, **columns):
    """Return posts and comments of an honest section, some columns replaced by functions of the honest ones."""
    rng = np.random.default_rng(seed)
    posts = organic_posts(POSTS, 100.0, rng)
    comments = organic_comments(number, posts, rng, authors)
    return {"posts": posts, "comments": comments | {name: edit(comments) for name, edit in columns.items()}}


def compare(before, after, **profile):
    world = worlds.join(creator("before", **before, **profile), creator("after", **after, **profile))
    frame = features(world)
    return frame.loc["before"], frame.loc["after"]


def some(share, new):
    """Return an edit that replaces a share of the texts."""
    return lambda c: [new(i) if i % 10 < 10 * share else text for i, text in enumerate(c["text"])]


# Known truth


@pytest.mark.parametrize("seed", range(3))
def test_pasted_comments_raise_repeats_and_templates(seed):
    pasted = made(seed, text=some(0.4, lambda i: ["love this so much dear", "great photo my dear friend"][i % 2]))
    plain, bought = compare(made(seed), pasted)
    for name in (
        "repeats__all__chance",
        "long_repeats__all__chance",
        "templates__all__chance",
        "vocabulary__all__chance",
    ):
        assert bought[f"comments__{name}"] > plain[f"comments__{name}"] + 0.05, name
    for name in ("long_repeats__all__share", "templates__all__share", "templates__all__across_posts"):
        assert bought[f"comments__{name}"] > plain[f"comments__{name}"] + 0.3, name


def test_template_with_other_digits_emoji_and_handles_is_the_same_template():
    spun = made(text=some(0.4, lambda i: f"@fan{i} love this so much {'🔥' * (i % 3)} {i} #tag{i}"))
    plain, bought = compare(made(), spun)
    assert bought["comments__templates__all__share"] > plain["comments__templates__all__share"] + 0.3
    assert bought["comments__long_repeats__all__share"] == plain["comments__long_repeats__all__share"] == 0.0


def test_case_spaces_and_odd_letters_do_not_hide_a_repeat():
    forms = ("Love this so much", "LOVE  this so much", "𝓵𝓸𝓿𝓮 𝓽𝓱𝓲𝓼 𝓼𝓸 𝓶𝓾𝓬𝓱", " love this\tso much ")
    row = one(
        creator(
            "a", **made(text=lambda c: [forms[i % 4] for i in range(NUMBER)], by_creator=lambda c: np.zeros(NUMBER))
        )
    )
    pairs = NUMBER * (NUMBER - 1) / 2
    # All of them are one comment; in four forms only a quarter of the pairs would be the same.
    assert row["comments__repeats__all__chance"] == pytest.approx(math.log10((pairs + 0.5) / (pairs + 1.0)))
    assert row["comments__odd_letters__all__share"] == 0.25


def test_pod_raises_early_crowd_and_presence_everywhere():
    rng = np.random.default_rng(1)
    base = made()
    posts, pod = base["posts"], [f"pod{i}" for i in range(8)]
    rows = [
        (key, day + rng.uniform(0.001, 0.03), author)
        for key, day in zip(posts["post_id"], posts["day"], strict=True)
        for author in pod
    ]
    ring = {
        "text": [worlds.sentence(rng, 5) for _ in rows],
        "post_id": [key for key, _, _ in rows],
        "day": [day for _, day, _ in rows],
        "author_id": [author for _, _, author in rows],
    }
    honest = base["comments"]
    both = {name: [*honest[name], *ring[name]] for name in ring}
    plain, bought = compare(
        {"posts": posts, "comments": {n: honest[n] for n in ring}}, {"posts": posts, "comments": both}
    )
    assert bought["comments__authors__all__everywhere"] > plain["comments__authors__all__everywhere"] + 0.3
    assert bought["comments__delay__all__first_hour"] > plain["comments__delay__all__first_hour"] + 0.2
    assert bought["comments__authors__all__chance"] > plain["comments__authors__all__chance"]
    # Alone, each of the ring is early under every post: the chance is certain.
    row = one(creator("ring", posts=posts, comments=ring))
    assert row["comments__early_crowd__60min__return"] == 1.0
    strangers = ring | {"author_id": [f"s{i}" for i in range(len(rows))]}
    row = one(creator("strangers", posts=posts, comments=strangers))
    assert row["comments__early_crowd__60min__return"] == 0.0


def test_two_posts_are_no_habit():
    # Half of four posts is two: whoever wrote under two of them may have passed by twice.
    posts = {"day": np.arange(4.0), "post_id": list("abcd")}
    text = [worlds.sentence(np.random.default_rng(i), 5) for i in range(12)]

    def section(authors):
        return {"posts": posts, "comments": {"text": text, "post_id": list("abcd" * 3), "author_id": authors}}

    twice = ["u0", "u0", "u1", "u1", *(f"s{i}" for i in range(8))]
    thrice = ["u0", "u0", "u0", *twice[3:]]
    few, many = compare(section(twice), section(thrice))
    assert few["comments__authors__all__everywhere"] == 0.0
    assert many["comments__authors__all__everywhere"] == 0.25


def test_even_delivery_is_less_bursty_than_people():
    posts = {"day": np.arange(10.0), "post_id": [f"p{i}" for i in range(10)]}
    rng = np.random.default_rng(0)
    under = np.repeat(np.arange(10), 12)
    even = under + np.tile(np.arange(12) / 24.0, 10) + 0.01
    people = under + np.concatenate([np.sort(np.minimum(rng.exponential(0.1, 12) ** 1.5, 0.9)) for _ in range(10)])
    text = [worlds.sentence(rng, 5) for _ in under]
    key = [f"p{i}" for i in under]
    sections = [{"posts": posts, "comments": {"text": text, "post_id": key, "day": day}} for day in (people, even)]
    plain, bought = compare(*sections)
    assert bought["comments__arrival__all__burstiness"] == pytest.approx(-1.0, abs=0.01)
    assert plain["comments__arrival__all__burstiness"] > -0.2


def test_salvo_is_rapid():
    salvo = made(day=lambda c: np.floor(c["day"]) + 0.5 + np.arange(NUMBER) * 5.0 / 86_400.0)
    plain, bought = compare(made(), salvo)
    assert bought["comments__arrival__all__rapid"] > plain["comments__arrival__all__rapid"] + 0.5


def test_comments_in_another_language_are_a_mismatch():
    english = made(text=lambda c: ["this is so beautiful and cool"] * NUMBER)
    indonesian = made(text=lambda c: ["kak ini bagus banget ya"] * NUMBER)
    own, other = compare(indonesian, english, language="id")
    assert (own["comments__language__all__mismatch"], other["comments__language__all__mismatch"]) == (0.0, 1.0)
    row = one(creator("a", **english, language="fr"))
    assert math.isnan(row["comments__language__all__mismatch"])


def test_comments_that_speak_of_the_post_are_specific():
    topics = ["resep rendang padang", "pantai kuta bali", "sepatu lari baru", "kucing oren lucu"]
    posts = {"day": np.arange(4.0), "post_id": list("abcd"), "caption": topics}
    words = [topics[i % 4] for i in range(40)]
    about = {"text": words, "post_id": [list("abcd")[i % 4] for i in range(40)]}
    elsewhere = about | {"text": [topics[(i + 1) % 4] for i in range(40)]}
    on, off = compare({"posts": posts, "comments": about}, {"posts": posts, "comments": elsewhere})
    assert on["comments__specificity__all__excess"] == 1.0
    assert off["comments__specificity__all__excess"] < 0.0


def test_posts_without_captions_tell_nothing_whatever_others_wrote():
    text = [f"kak {w} bagus banget" for w in worlds.WORDS[:30]]
    comments = {"text": text, "post_id": [list("abcd")[i % 4] for i in range(30)]}
    posts = {"day": np.arange(4.0), "post_id": list("abcd"), "caption": pd.array([None] * 4, dtype="str")}
    silent = creator("silent", posts=posts, comments=comments)
    loud = creator("loud", posts=posts | {"caption": ["resep rendang padang"] * 4}, comments=comments)
    frame = features(worlds.join(silent, loud))
    assert math.isnan(frame.loc["silent", "comments__specificity__all__excess"])
    assert not math.isnan(frame.loc["loud", "comments__specificity__all__excess"])


def test_answers_by_the_creator_are_no_comments_of_the_audience():
    pasted = {"text": ["terima kasih banyak ya kak"] * 30, "by_creator": np.ones(30)}
    others = {
        "text": [f"{w} {v} ini dong kak" for w, v in combinations(worlds.WORDS[:9], 2)][:20],
        "by_creator": np.zeros(20),
    }
    both = {n: [*pasted[n], *others[n]] for n in pasted}
    row = one(creator("a", comments=both))
    assert row["context__comments__all__count"] == 20
    assert row["comments__creator_replies__all__share"] == 1.5
    assert row["comments__long_repeats__all__share"] == 0.0


@pytest.mark.parametrize("number", [0, 1, 9, 10])
def test_ten_comments_are_needed(number):
    rng = np.random.default_rng(0)
    text = [worlds.sentence(rng, 5) for _ in range(number)]
    row = one(
        creator("a", comments={"text": pd.array(text, dtype="str"), "author_id": pd.array(["u"] * number, dtype="str")})
    )
    known = row[[n for n in row.index if n.startswith("comments__")]].notna()
    assert bool(known.any()) == (number >= 10)
    assert row["context__comments__all__count"] == number


def test_unknown_authors_times_and_posts_are_unknown():
    plain = made()
    bare = {"posts": plain["posts"], "comments": {"text": plain["comments"]["text"]}}
    row = one(creator("a", **bare))
    told = row[[n for n in row.index if n.startswith("comments__")]].notna()
    for part in (
        "authors",
        "early_crowd",
        "replies",
        "creator_replies",
        "comment_likes",
        "delay",
        "arrival",
        "specificity",
    ):
        assert not told[[n for n in told.index if n.startswith(f"comments__{part}__")]].any(), part
    assert told["comments__templates__all__chance"]


def test_comments_under_no_known_post_do_not_stop_the_others():
    # An empty posts table, and posts that all lie outside of the window.
    row = one(
        creator("a", comments=made()["comments"], posts={"day": np.empty(0), "post_id": pd.array([], dtype="str")})
    )
    assert not math.isnan(row["comments__repeats__all__chance"])
    old = made()["posts"] | {"day": np.linspace(-1_500.0, -900.0, POSTS)}
    row = one(creator("a", comments=made()["comments"], posts=old))
    assert not math.isnan(row["comments__arrival__all__rapid"])
    assert math.isnan(row["comments__delay__all__median"])


def test_order_of_post_keys_in_the_crowd_changes_no_bit():
    # Codes of strings follow the first appearance in the whole table: another creator with the same keys, the other way
    # round, once changed the order of a sum.
    world = worlds.join(
        *(worlds.organic(f"a{i}", i, comments=200) for i in range(6)), worlds.organic("b", 9, posts=100, comments=300)
    )
    crowd = features(world)
    for name in crowd.index:
        alone = features(worlds.only(world, [name]))
        assert np.array_equal(alone.to_numpy(), crowd.loc[[name]].to_numpy(), equal_nan=True), name


# Slow and obvious versions


def slow(comments, posts):
    """Return some features of one section by the plainest code there is."""
    texts = [unicodedata.normalize("NFKC", t).lower() for t in comments["text"]]
    keys = [re.sub(r"\s+", " ", t).strip() for t in texts]
    authors, under = list(comments["author_id"]), list(comments["post_id"])
    pairs = list(combinations(range(len(texts)), 2))

    def chance(same):
        return math.log10((sum(same(i, j) for i, j in pairs) + 0.5) / (len(pairs) + 1.0))

    times = Counter(authors)
    words = [w for t in texts for w in re.findall(r"[^\W\d_]{2,}", t)]
    count = Counter(words)
    word_pairs = len(words) * (len(words) - 1) / 2
    seen = {a: {p for b, p in zip(authors, under, strict=True) if a == b} for a in times}
    everywhere = {a for a, where in seen.items() if len(where) >= max(3, 0.5 * len(set(under)))}
    hours = [24 * (d - posts[p]) for d, p in zip(comments["day"], under, strict=True)]
    logs = [math.log(h + 0.05) for h in hours]
    early = {(a, p) for a, p, h in zip(authors, under, hours, strict=True) if h <= 1.0}
    crowd = {p for _, p in early}
    # Of an early author and any other post of the early crowd: is the author early there too?
    again = [(a, q) in early for a, p in early for q in crowd if q != p]
    return {
        "repeats__all__chance": chance(lambda i, j: keys[i] == keys[j]),
        "authors__all__chance": chance(lambda i, j: authors[i] == authors[j]),
        "authors__all__loyal_share": sum(times[a] > 1 for a in authors) / len(authors),
        "authors__all__everywhere": sum(a in everywhere for a in authors) / len(authors),
        "vocabulary__all__chance": math.log10(
            (sum(c * (c - 1) / 2 for c in count.values()) + 0.5) / (word_pairs + 1.0)
        ),
        "length__all__median": statistics.fmean(math.log1p(len(t)) for t in texts),
        "length__all__spread": statistics.pstdev(math.log1p(len(t)) for t in texts),
        "delay__all__median": statistics.fmean(logs),
        "delay__all__spread": statistics.pstdev(logs),
        "delay__all__first_hour": sum(h <= 1.0 for h in hours) / len(hours),
        "early_crowd__60min__return": statistics.fmean(again) if len(again) >= 10 and len(crowd) >= 3 else math.nan,
        "comment_likes__all__share": sum(v > 0 for v in comments["likes"]) / len(texts),
        "replies__all__share": sum(v is not None for v in comments["parent_comment_id"]) / len(texts),
    }


@pytest.mark.parametrize("seed", range(4))
def test_slow_version_agrees(seed):
    rng = np.random.default_rng(seed)
    pool = ["nice", "Nice ", "so  good kak", "so good kak", "keren 😍", "mantap kak 123", "suka banget sama videonya"]
    section = made(
        seed,
        number=90,
        authors=25,
        text=lambda c: [pool[int(rng.integers(7))] if rng.random() < 0.5 else t for t in c["text"]],
        day=lambda c: np.floor((c["day"] + rng.exponential(0.02, 90)) * 86_400.0) / 86_400.0,
        by_creator=lambda c: np.zeros(90),
    )
    posts = section["posts"]
    posts["day"] = np.floor(posts["day"] * 86_400.0) / 86_400.0
    section["comments"]["day"] = np.maximum(section["comments"]["day"], _posted(section)) + 120.0 / 86_400.0
    row = one(creator("a", **section))
    for name, value in slow(section["comments"], dict(zip(posts["post_id"], posts["day"], strict=True))).items():
        assert row[f"comments__{name}"] == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True), name


def _posted(section):
    at = dict(zip(section["posts"]["post_id"], section["posts"]["day"], strict=True))
    return np.array([at[key] for key in section["comments"]["post_id"]])


def test_slow_burstiness_agrees():
    rng = np.random.default_rng(3)
    posts = {"day": np.arange(6.0), "post_id": [f"p{i}" for i in range(6)]}
    under = np.repeat(np.arange(6), [3, 5, 6, 9, 20, 2])
    day = under + np.floor(rng.uniform(0.01, 0.9, len(under)) ** 3 * 86_400.0) / 86_400.0
    comments = {"text": [worlds.sentence(rng, 5) for _ in under], "post_id": [f"p{i}" for i in under], "day": day}
    scaled, gaps = [], []
    for post in range(6):
        times = sorted(day[under == post])
        own = [86_400.0 * (b - a) for a, b in pairwise(times)]
        gaps += own
        if len(own) >= 4:
            scaled += [g / statistics.fmean(own) for g in own]
    cv = math.sqrt(statistics.fmean((s - 1.0) ** 2 for s in scaled))
    row = one(creator("a", posts=posts, comments=comments))
    assert row["comments__arrival__all__burstiness"] == pytest.approx((cv - 1) / (cv + 1), abs=1e-7)
    assert row["comments__arrival__all__rapid"] == pytest.approx(sum(g <= 15 for g in gaps) / len(gaps), abs=1e-12)


# Text


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("😍😍", "emoji_only"),
        ("hai @budi", "mention"),
        ("@budi lihat", "starts_with_mention"),
        ("berapa harganya?", "question"),
        ("wow!", "exclamation"),
        ("cantikkkk", "stretched"),
        ("klik bit.ly/x", "link"),
        ("wa 0812 3456 7890", "phone"),
        ("𝓛𝓸𝓿𝓮", "odd_letters"),
        ("keren #ootd", "hashtag"),
        ("bagus 😍", "ends_with_emoji"),
        ("This is lovely.", "tidy"),
        ("yang ini", "indonesian"),
        ("this one", "english"),
    ],
)
def test_flag_of_a_text(text, flag):
    raw = pa.array([text, "zq qx xxq"], pa.large_string())
    measured = measure_comments(normalise(raw))
    assert measured[flag][0] > 0
    assert measured[flag][1] == 0


def test_words_of_scripts_without_spaces_are_counted():
    raw = pa.array(["とても可愛いですね", "สวยมากเลยค่ะ", "four words are here"], pa.large_string())
    words = measure_comments(normalise(raw))["words"]
    assert (words >= 4).all()


def test_words_do_not_reach_over_the_end_of_a_text():
    words = split_words(normalise(pa.array(["ab", "cd", "", "ab"], pa.large_string())).plain_points)
    assert np.diff(words.starts).tolist() == [1, 1, 0, 1]
    assert words.numbers[0] == words.numbers[2] != words.numbers[1]


BOMBS = {
    "dots": "a." * 1_100,
    "marks": "e" + "\u0301" * 2_199,
    "hashtags": "#a " * 733,
    "mentions": "@a" * 1_100,
    "emoji": "😍" * 2_200,
    "joined": "👩\u200d" * 1_100,
    "spaces": " \t" * 1_099 + "x",
    "digits": "0 " * 1_100,
    "ligature": "ﷺ" * 2_200,
    "urls": "https:" * 366,
    "letters": "a" * 2_200,
    "han": "好" * 2_200,
    "nested": "(" * 1_100 + ")" * 1_100,
    "zero_width": "\u200b" * 2_199 + "x",
    "right_to_left": "\u202e" + "ب" * 2_199,
}


@pytest.mark.parametrize("name", BOMBS)
def test_hostile_text_ends_and_gives_finite_values(name):
    bomb = BOMBS[name]
    assert len(bomb) <= 2_200
    rng = np.random.default_rng(0)
    posts = organic_posts(POSTS, 100.0, rng)
    posts["caption"] = [bomb] * POSTS
    comments = organic_comments(200, posts, rng)
    comments["text"] = [bomb if i % 2 else bomb[: 2_199 - i] + "x" for i in range(200)]
    comments["by_creator"] = np.zeros(200)
    row = one(creator("a", posts=posts, comments=comments, language="en"))
    values = row[[n for n in row.index if n.startswith("comments__")]]
    assert not np.isinf(values).any()
    assert values.notna().sum() >= 25
    assert row["context__comments__all__count"] == 200
