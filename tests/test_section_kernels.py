"""Comment sections: the compiled counts are those of NumPy to the last bit, and hostile sections end."""

import random
import zlib
from dataclasses import replace
from importlib import import_module

import numpy as np
import pyarrow as pa
import pytest

import worlds
from realreach import compiled
from realreach.comment_text import grouping
from realreach.comment_text.codepoints import decode
from realreach.comment_text.likeness import exact_keys, near_groups, template_keys
from realreach.comment_text.normalise import normalise
from realreach.comment_text.words import split_words
from realreach.features import comments
from realreach.features.comments import alike, bursts, pairs, shapes
from realreach.features.comments.rows import CATALOGUE_ORDER, NAMES
from realreach.features.view import View, decision_days
from realreach.simulate import simulate
from realreach.tables import tables_from_frames
from realreach.tables.contract import HANDLE_SIGNS
from worlds import creator, organic_comments, organic_posts

SIGNS = " !?.,;:#$%@_abcABCéßД09\n🔥😍❤漢字ไทย𝐏\U00020001"
WORDS_OF_MANY = (
    "semoga sehat selalu bunda",
    "love this so much",
    "where did you buy the dress",
    "ditunggu resepnya ya",
)
PHRASES = ("mantap sekali kak promo ini", "mantap sekali kak promo itu", "keren banget videonya kak lanjut terus ya")


def both(monkeypatch, work):
    """Return what ``work`` gives with NumPy alone and with the compiled kernels."""
    pytest.importorskip("numba", reason="the extra fast is not installed")
    out = []
    for used in (False, True):
        monkeypatch.setattr(compiled, "_state", {"loaded": used, "wanted": used})
        out.append(work())
    return out


def kernel(module, name):
    """Return a compiled kernel of the section."""
    pytest.importorskip("numba", reason="the extra fast is not installed")
    return getattr(import_module(f"realreach.features.comments.{module}"), name)


def section(name, number, seed=0, caption=None, **edits):
    rng = np.random.default_rng(seed)
    posts = organic_posts(12, 100.0, rng)
    if caption is not None:
        posts["caption"] = caption(posts)
    found = organic_comments(number, posts, rng)
    for column, edit in edits.items():
        found[column] = edit(found)
    return creator(
        name,
        posts=posts,
        comments={k: v for k, v in found.items() if v is not None},
        language=("id", "en", "de")[seed % 3],
    )


def any_shape(number):
    """Return one of many different shapes."""
    return "".join(HANDLE_SIGNS[number // 7**k % 7] for k in (0, 1, 2, 0, 3, 1))


def hostile():
    rng = random.Random(2)
    junk = ["".join(rng.choice(SIGNS) for _ in range(rng.choice([0, 1, 3, 9, 30, 80, 400]))) for _ in range(300)]
    parts = {
        "equal": (5_000, {"text": lambda c: ["promo murah banget cek sekarang kak"] * 5_000}),
        "empty": (60, {"text": lambda c: ["\u200d."] * 60}),
        "one author": (60, {"author_id": lambda c: ["u"] * 60}),
        "no times": (60, {"day": lambda c: np.full(60, np.nan)}),
        "no authors": (60, {"author_id": lambda c: [None] * 60}),
        "no posts": (60, {"post_id": lambda c: [None] * 60}),
        "unknown posts": (60, {"post_id": lambda c: [None if i % 3 else p for i, p in enumerate(c["post_id"])]}),
        "other posts": (60, {"post_id": lambda c: ["zzz" if i % 3 else p for i, p in enumerate(c["post_id"])]}),
        "nine": (9, {}),
        "ten": (10, {}),
        "all by the creator": (30, {"by_creator": lambda c: np.ones(30)}),
        "junk": (300, {"text": lambda c: junk}),
        "ties": (198, {"day": lambda c: np.repeat(c["day"][::18], 18), "text": lambda c: [*PHRASES] * 66}),
        "long": (30, {"text": lambda c: [f"kak bagus 漢字 {i} " * 200 for i in range(30)]}),
        "strange captions": (90, {"caption": lambda p: [*junk[:6], "𝐊𝐀𝐊 ΚAK kak\u0301", None, *p["caption"][8:]]}),
        "no captions": (60, {"caption": lambda p: [None] * 12}),
        "threads": (90, {"parent_comment_id": lambda c: [f"c{i % 4}" if i % 3 else None for i in range(90)]}),
        "shapes": (150, {"author_shape": lambda c: [worlds.SHAPES[i * i % 7] if i % 8 else None for i in range(150)]}),
        "one shape": (60, {"author_shape": lambda c: ["Aaaa_aaa"] * 60}),
        "any shape": (900, {"author_shape": lambda c: [any_shape(i) for i in range(900)], "author_id": lambda c: None}),
        "handles": (60, {"text": lambda c: [f"@toko_{i % 4}.x cek @budi a@b @ @@c @" for i in range(60)]}),
    }  # fmt: skip
    return worlds.join(*(section(name, n, seed, **edits) for seed, (name, (n, edits)) in enumerate(parts.items())))


@pytest.fixture(scope="module")
def crowds():
    frames = simulate(12, seed=5).frames
    names = ("creators", "posts", "comments")
    worlds_ = hostile(), {name: frames[name] for name in names}
    # Empty texts are set aside when tables are read.
    return [tables_from_frames(world).tables for world in worlds_]


def test_features_of_a_section_are_equal_to_the_last_bit(crowds, monkeypatch):
    for tables in crowds:
        days = decision_days(tables, None)
        plain, fast = both(monkeypatch, lambda t=tables, d=days: comments.compute(View(t, d)))
        assert plain.keys() == fast.keys()
        for name, values in plain.items():
            assert np.array_equal(values, fast[name], equal_nan=True), name
        known = sum(np.isfinite(v).any() for v in plain.values())
        assert known > 0.9 * len(plain)


def test_sections_of_strange_creators_are_known_or_not(crowds):
    tables = crowds[0]
    found = comments.compute(View(tables, decision_days(tables, None)))
    of = {name: i for i, name in enumerate(tables.creator_ids.to_pylist())}
    share, authors = found["comments__near_twins__all__share"], found["comments__authors__all__chance"]
    assert share[of["equal"]] == found["comments__long_repeats__all__share"][of["equal"]] == 1.0
    assert np.isnan(share[[of["empty"], of["nine"]]]).all()
    assert np.isnan(authors[of["no authors"]])
    assert authors[of["one author"]] > -0.01
    for name in (
        "delay__all__median",
        "bursts__10min__share",
        "rhythm__all__concentration",
        "near_twins__30min__share",
    ):
        assert np.isnan(found[f"comments__{name}"][of["no times"]]), name
    assert np.isnan(found["comments__templates__all__across_posts"][of["no posts"]])


def test_posts_are_named_by_their_first_comment(crowds, monkeypatch):
    for tables in crowds:
        view = View(tables, decision_days(tables, None))
        found = comments.section_of(view)
        keys = zip(found.owner.tolist(), found.table.strings("post_id").to_pylist(), strict=True)
        seen = {}
        expected = [seen.setdefault(pair, i) for i, pair in enumerate(keys)]
        for got in both(monkeypatch, lambda v=view: comments.section_of(v).places):
            assert got.tolist() == expected


@pytest.mark.parametrize("owners", [1, 7, 5_000])
def test_groups_are_those_of_a_dictionary(owners, monkeypatch):
    rng = np.random.default_rng(owners)
    owner = rng.integers(owners, size=3_000)
    keys = rng.integers(1, 60, 3_000).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    names = pa.array([("", None, f"n{k % 50}")[min(k % 7, 2)] for k in keys.tolist()], pa.large_string())
    seen, said = {}, {}
    first = [seen.setdefault(pair, i) for i, pair in enumerate(zip(owner.tolist(), keys.tolist(), strict=True))]
    string = [said.setdefault(pair, i) for i, pair in enumerate(zip(owner.tolist(), names.to_pylist(), strict=True))]
    for got in both(monkeypatch, lambda: grouping.first_rows(owner, keys)):
        assert got.tolist() == first
    for got in both(monkeypatch, lambda: grouping.first_strings(owner, names)):
        assert got.tolist() == string
    part = owner[1_000:2_000], names[1_000:2_000]
    plain, fast = both(monkeypatch, lambda: grouping.first_strings(*part))
    assert np.array_equal(plain, fast)


def test_numbers_that_meet_in_every_table_are_grouped(monkeypatch):
    numbers = np.arange(500, dtype=np.uint64) % np.uint64(170)
    monkeypatch.setattr(grouping, "_ROUNDS", 0)
    assert np.array_equal(grouping.first_of_equal(numbers), np.arange(500) % 170)
    assert len(grouping.first_of_equal(np.empty(0, dtype=np.uint64))) == 0


def test_pairs_are_those_counted_one_by_one():
    rng = np.random.default_rng(4)
    starts = np.array([0, 0, 1, 40, 120])
    owner = np.repeat(np.arange(4), np.diff(starts))
    group = grouping.first_rows(owner, (rng.integers(6, size=120).astype(np.uint64)) << np.uint64(40))
    place = grouping.first_rows(owner, (rng.integers(4, size=120).astype(np.uint64)) << np.uint64(40))
    place[rng.random(120) < 0.2] = -1
    keep = rng.random(120) < 0.8
    expected = np.zeros((7, 4), dtype=np.int64)
    for i in np.flatnonzero(keep):
        mine = np.flatnonzero(keep & (owner == owner[i]))
        expected[0, owner[i]] += 1
        expected[2, owner[i]] += (group[mine] == group[i]).sum() > 1
        expected[3, owner[i]] += place[i] >= 0
        for j in mine[mine > i]:
            placed, same = place[i] >= 0 and place[j] >= 0, group[i] == group[j]
            together = placed and place[i] == place[j]
            expected[[1, 4, 5, 6], owner[i]] += [same, same and placed, together, together and same]
    compiled_counts, without = np.zeros((2, 7, 4), dtype=np.int64)
    kernel("kernels", "count_pairs")(starts, group, keep, place, compiled_counts)
    kernel("kernels", "count_pairs")(starts, group, keep, place[:0], without)
    for got in (pairs.count_pairs(starts, group, keep, place), compiled_counts):
        assert np.array_equal(got, expected)
    for got in (pairs.count_pairs(starts, group, keep), without):
        assert np.array_equal(got[:3], expected[:3])
        assert not np.array(got[3:]).any()


def words_counted(starts, words, owner, keys, asked):
    """Return the counts of words and phrases, and the phrases that come often, with NumPy and compiled."""
    plain = pairs.count_words(starts, words, owner, keys, asked)
    counts, often = np.zeros((4, len(starts) - 1), dtype=np.int64), np.zeros(len(words.numbers), dtype=bool)
    phrases = kernel("kernels", "phrases_of")(words.numbers)
    kernel("kernels", "count_words")(starts, words.starts, words.numbers, words.lengths, phrases, asked, counts, often)
    assert np.array_equal(phrases[:-1], keys)
    return (plain.counts.tolist(), plain.often.tolist()), (counts.tolist(), np.flatnonzero(often).tolist())


def test_words_and_phrases_are_those_counted_one_by_one():
    texts = ["kak bagus banget kak", "", "kak bagus", "a b", "bagus banget", "kak bagus banget"]
    words = split_words(normalise(pa.array(texts)).plain_points)
    keys = words.numbers[:-1] * np.uint64(3) + words.numbers[1:]
    starts, owner = np.array([0, 3, 3, 6]), np.array([0, 0, 0, 2, 2, 2])
    asked = np.array([True, True, True, False, True, True])
    for got in words_counted(starts, words, owner, keys, asked):
        # The first says kak three times and bagus twice, the third bagus and banget twice.
        assert got == ([[6, 0, 5], [4, 0, 2], [4, 0, 4], [1, 0, 1]], [])
    texts = ["kak bagus", "kak bagus ya", "oh kak bagus"]
    words = split_words(normalise(pa.array(texts)).plain_points)
    keys = words.numbers[:-1] * np.uint64(3) + words.numbers[1:]
    for asked, expected in ((np.ones(3, dtype=bool), [0, 2, 6]), (np.array([True, True, False]), [])):
        for _, often in words_counted(np.array([0, 3]), words, np.zeros(3, dtype=np.int64), keys, asked):
            assert often == expected


def test_near_twins_and_keys_are_equal_for_odd_texts(monkeypatch):
    rng = random.Random(8)
    stems = [" ".join(rng.choice(worlds.WORDS) for _ in range(9)) for _ in range(12)]
    texts = [f"{rng.choice(stems)} {rng.choice(worlds.WORDS)}" for _ in range(400)] + [
        "".join(rng.choice(SIGNS) for _ in range(rng.choice([0, 2, 5, 40]))) for _ in range(400)
    ]
    text = normalise(pa.array(texts, pa.large_string()))
    owner = np.array([rng.randrange(4) for _ in texts])

    def work():
        keys = template_keys(split_words(text.plain_points))
        rows = np.arange(3, len(texts), 2)
        part = near_groups(owner[rows], keys[rows], text.plain_points, rows)
        return exact_keys(text), keys, near_groups(owner, keys, text.plain_points), part

    plain, fast = both(monkeypatch, work)
    for a, b in zip(plain, fast, strict=True):
        assert np.array_equal(a, b)
    assert 10 < len(np.unique(plain[2][:400])) < 120


def test_crowds_are_equal_and_walk_over_no_border():
    rng = np.random.default_rng(6)
    place = np.sort(rng.integers(5, size=300))
    second = np.concatenate([np.sort(rng.integers(20_000, size=(place == p).sum())) for p in range(5)])
    stranger = rng.random(300) < 0.5
    found = np.empty((3, 300), dtype=np.int64)
    kernel("burst_kernels", "crowds")(second, place, stranger, bursts.WINDOW // 2, bursts.AROUND, *found)
    assert np.array_equal(bursts._crowds(second, place, stranger), found)
    assert (bursts.surprise_of_bursts(second, place, stranger) > 0).any()


@pytest.mark.parametrize(("apart", "together"), [(299, 6), (300, 6), (301, 0)])
def test_a_phrase_belongs_to_a_burst_up_to_its_border(apart, together, monkeypatch):
    """Five strangers with a phrase and a sixth five minutes later are striking, all six; a second later none is."""
    seconds = np.array([3 * 86_400 + 1_200 * i for i in range(12)] + [90_000] * 5 + [90_000 + apart])
    texts = [f"kata{i} lain{i} saja{i}" for i in range(12)] + [f"promo gacor malam{i}" for i in range(6)]
    posts = organic_posts(1, 100.0, np.random.default_rng(3))
    found = {
        "day": seconds / 86_400.0,
        "post_id": [posts["post_id"][0]] * 18,
        "author_id": [f"u{i}" for i in range(18)],
        "text": texts,
        "likes": np.zeros(18),
    }
    tables = tables_from_frames(creator("border", posts=posts, comments=found)).tables
    days = decision_days(tables, None)
    shares = both(monkeypatch, lambda: comments.compute(View(tables, days))["comments__alike_bursts__10min__share"])
    assert [share.tolist() for share in shares] == [[together / 18]] * 2


def at_borders(number):
    """Return small sections whose counts, delays and gaps stand at the borders of what counts, and a step beside."""
    rng = np.random.default_rng(11)
    return worlds.join(*(_at_borders(f"b{i}", rng) for i in range(number)))


def _at_borders(name, rng):
    posts = int(rng.choice([1, 2, 3, 4, 5, 6, 8, 60]))
    n, threads = int(rng.choice([9, 10, 11, 15, 19, 20, 21, 29, 30, 31, 49, 50])), int(rng.integers(1, 5))
    day = 40.0 + np.arange(posts) + rng.integers(0, 24 * 60, size=posts) / 1_440.0
    # Comments of some creators name no post.
    named = rng.choice([0.0, 0.9, 0.9, 0.9])
    post = np.sort(rng.integers(posts, size=n))
    # Delays of none, an hour, six, and gaps of 15 seconds: exact in seconds, as platforms tell them.
    seconds = rng.choice([-1, 0, 1, 1_800, 3_599, 3_600, 3_601, 21_600], size=n) + 15 * rng.integers(0, 3, size=n)
    alike = [f"promo gacor malam ini cek sekarang kak {i}" for i in range(3)]
    texts = [*alike, "@a.b halo kak", "@ halo @", "@a.b", "kak @c.d bagus", "cantik banget", *WORDS_OF_MANY]

    def some(values, share=0.9):
        return [value if rng.random() < share else None for value in values]

    return creator(
        name,
        posts={
            "day": day,
            "post_id": [f"{name}p{i}" for i in range(posts)],
            "comments_count": rng.choice([np.nan, 0, 1, n], size=posts),
        },
        comments={
            "day": day[post] + seconds / 86_400.0,
            "post_id": some((f"{name}p{i}" for i in post), named),
            "author_id": some(f"u{i}" for i in rng.integers(n // 2 + 1, size=n)),
            "parent_comment_id": some(f"{name}t{i}" for i in rng.integers(threads, size=n)),
            "likes": rng.choice([np.nan, 0, 1], size=n, p=[0.1, 0.5, 0.4]),
            "text": [texts[i] for i in rng.integers(len(texts), size=n)],
        },
    )


def test_sections_at_the_borders_are_equal_to_the_last_bit(monkeypatch):
    tables = tables_from_frames(at_borders(250)).tables
    days = decision_days(tables, None)
    plain, fast = both(monkeypatch, lambda: comments.compute(View(tables, days)))
    for name, values in plain.items():
        assert np.array_equal(values, fast[name], equal_nan=True), name
        known = np.isfinite(values).mean()
        assert known == 0.0 or known > 0.02, name


def test_every_feature_has_one_row():
    named = [name for name in NAMES if name]
    assert len(set(named)) == len(named) == len(CATALOGUE_ORDER) == len(set(CATALOGUE_ORDER.tolist()))
    of_kernels = [f.name for f in comments.FEATURES if f not in shapes.FEATURES]
    assert [f"comments__{NAMES[row]}" for row in CATALOGUE_ORDER] == of_kernels


@pytest.mark.parametrize(
    "lost", [[], ["posts"], ["post_id"], ["author_id", "likes", "by_creator", "parent_comment_id"]]
)
def test_without_a_column_or_a_table_the_features_are_those_of_numpy(crowds, lost, monkeypatch):
    tables = crowds[0]
    kept = {name: values for name, values in tables.comments.columns.items() if name not in lost}
    some = replace(
        tables, comments=replace(tables.comments, columns=kept), posts=None if lost == ["posts"] else tables.posts
    )
    days = decision_days(some, None)
    plain, fast = both(monkeypatch, lambda: comments.compute(View(some, days)))
    for name, values in plain.items():
        assert np.array_equal(values, fast[name], equal_nan=True), name


@pytest.mark.parametrize("column", ["text", "caption"])
def test_bytes_that_are_no_utf8_are_read_as_numpy_reads_them(crowds, column, monkeypatch):
    tables = crowds[1]
    table = tables.comments if column == "text" else tables.posts
    texts = [text or "" for text in table.strings(column).to_pylist()]
    pieces = [(b"kak \xff " if i % 5 == 0 else b"") + text.encode() for i, text in enumerate(texts)]
    offsets = pa.py_buffer(np.cumsum([0, *map(len, pieces)]).astype(np.int64).tobytes())
    broken = pa.LargeStringArray.from_buffers(len(pieces), offsets, pa.py_buffer(b"".join(pieces)))
    changed = replace(table, columns={**table.columns, column: broken})
    tables = replace(tables, **{"comments" if column == "text" else "posts": changed})
    days = decision_days(tables, None)
    plain, fast = both(monkeypatch, lambda: comments.compute(View(tables, days)))
    for name, values in plain.items():
        assert np.array_equal(values, fast[name], equal_nan=True), name


def test_a_creator_alone_has_the_values_of_a_crowd(crowds, monkeypatch):
    pytest.importorskip("numba", reason="the extra fast is not installed")
    monkeypatch.setattr(compiled, "_state", {"loaded": True, "wanted": True})
    for tables in crowds:
        days = decision_days(tables, None)
        crowd = comments.compute(View(tables, days))
        for one in range(len(tables)):
            alone = comments.compute(View(tables.between(one, one + 1), days[one : one + 1]))
            for name, values in crowd.items():
                assert np.array_equal(values[one : one + 1], alone[name], equal_nan=True), (one, name)


@pytest.mark.parametrize("size", [600, 7_000, 8_000, 20_000])
def test_a_small_window_compresses_to_the_same_size(size):
    rng = random.Random(size)
    data = " ".join(rng.choice(worlds.WORDS) for _ in range(size))[:size].encode()
    assert alike._compressed_size(memoryview(data)) == len(zlib.compress(data, 1))


def test_bytes_of_texts_are_those_of_python():
    texts = ["kak", "", "é漢 𝐏🔥", "abc" * 9]
    points, rows = decode(pa.array(texts)), np.array([3, 0, 2, 1])
    whole = "".join(f"{texts[i]}\n" for i in rows).encode()
    ends = np.cumsum([len(f"{texts[i]}\n".encode()) for i in rows])
    data, found = alike._as_bytes(points, rows)
    assert bytes(data) == whole
    assert np.array_equal(found, ends)
