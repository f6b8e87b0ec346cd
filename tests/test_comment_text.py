"""Comment text: every step of the normalisation, words, languages, measures and likeness, beside slow versions."""

import random
import sys
import unicodedata
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest

import worlds
from realreach.comment_text import traits, word_lists
from realreach.comment_text.codepoints import as_text, decode, encode
from realreach.comment_text.languages import LANGUAGES, languages
from realreach.comment_text.likeness import exact_keys, near_groups, template_keys
from realreach.comment_text.measures import handles, measure_comments
from realreach.comment_text.normalise import BRAND, LINK, MENTION, NUMBER, PHONE, TEXT_LIMIT, fold, normalise
from realreach.comment_text.shared import shared_templates
from realreach.comment_text.words import number_of, split_words, word_list

normalisation = sys.modules["realreach.comment_text.normalise"]


def texts(*values):
    return pa.array(list(values), pa.large_string())


HOSTILE = (
    *worlds.ODD_TEXTS,
    "", " ", "\n\t", "\x01\x02\x03\x04\x05", "a\u0301" * 1_100, "e" + "\u0301\u0316" * 1_099, "a." * 5_000,
    "#a " * 900, "word " * 50 + "!",
    "\ufdfa" * 2_200, "@" * 3_000, "1 " * 2_000, "\u200d" * 50, "\u202eabc\u202c",
    "p\u035f\u03c5\u035fl\u035f\u03b1\u035f", "\U0001f1ee\U0001f1e9",
    "각 각", "ﬁ ½ ㎏", "İSTANBUL ΣΑΣ", "é e\u0301", "\U000e0041x", "𠮷野家",
)  # fmt: skip


# Normalisation


@pytest.mark.parametrize(
    ("written", "folded", "plain"),
    [
        ("𝐏𝐔𝐋𝐀𝐔𝟕𝟕𝟕 GACOR", "pulau777 gacor", f"{BRAND} gacor"),
        ("p͟υ͟l͟α͟υ͟ 88", "pulau 88", f"pulau {NUMBER}"),
        ("ᴊᴜɴɪᴏʀ", "junior", "junior"),
        ("🅳🅴🆆🅰 🅘🅣🅤", "dewa itu", "dewa itu"),
        ("ΗELLΟ", "hello", "hello"),
        ("привет", "привет", "привет"),
        ("₱500", "₱500", f"₱{NUMBER}"),
        ("ga\u200bcor", "gacor", "gacor"),
        ("e\u0301", "é", "é"),
        ("Juallllfollloowweerr", "juallllfollloowweerr", "jualfolower"),
        ("good goooood", "good goooood", "good god"),
        ("wow!!!!! 😍😍😍", "wow!!!!! 😍😍😍", "wow!! 😍😍"),
        ("cek www.toko-ku.id/a?b=1 ya", "cek www.toko-ku.id/a?b=1 ya", f"cek {LINK} ya"),
        ("a.b@toko.com", "a.b@toko.com", LINK),
        ("@Budi_99. halo", "@budi_99. halo", f"{MENTION} halo"),
        ("WA 0812-3456-7890", "wa 0812-3456-7890", f"wa {PHONE}"),
        ("harga 1.250.000", "harga 1.250.000", f"harga {NUMBER}"),
        ("j u n i o r 8 8 gas", "j u n i o r 8 8 gas", f"{BRAND} gas"),
        ("a\tb\n c", "a b  c", "a b c"),
        ("\x05 palsu", "  palsu", "palsu"),
        ("ＨＡＬＯ　ＡＰＡ", "halo apa", "halo apa"),
    ],
)
def test_form_of_a_text(written, folded, plain):
    done = normalise(texts(written))
    assert (done.folded[0].as_py(), done.plain[0].as_py()) == (folded, plain)


@pytest.mark.parametrize("text", ["𝓛𝓸𝓿𝓮", "ᴊᴜᴀʟ", "g\u0335a\u0335cor", "gасоr", "₱ɄⱠau", "🅙🅤🅐🅛"])
def test_odd_letters_are_seen(text):
    assert normalise(texts(text)).odd_letters.tolist() == [True]


@pytest.mark.parametrize(
    "text",
    [
        "halo kak",
        "café Việt",
        "cafe\u0301",
        "привет мир",
        "γεια",
        "🅱️anget",
        "x²",
        "tanda ⓟ saja",
        "ＷＷＷ草",
        "₱500",
        "ªº",
        "สวยมาก",
    ],
)
def test_ordinary_letters_are_not_odd(text):
    assert normalise(texts(text)).odd_letters.tolist() == [False]


def test_folding_agrees_with_the_standard_library():
    # Arrow's own NFKC leaves "é" and Korean syllables in parts.
    ordinary = ["Café Ｆｕｌｌ ﬁn", "각 한국어", "Việt Nam", "ĐẸP", "Ünïcode ½"]
    for text, folded in zip(ordinary, fold(texts(*ordinary)).to_pylist(), strict=True):
        expected = unicodedata.normalize("NFKC", text).lower().replace("đ", "d")
        assert folded == expected


def test_a_text_reads_the_same_alone_and_in_any_crowd():
    crowd = normalise(texts(*HOSTILE))
    for i, text in enumerate(HOSTILE):
        alone = normalise(texts(text))
        for form in ("raw", "folded", "plain"):
            assert getattr(alone, form)[0] == getattr(crowd, form)[i], (form, i)
        assert alone.odd_letters[0] == crowd.odd_letters[i], i
    behind = normalise(texts("x", *HOSTILE, "y").slice(1, len(HOSTILE)))
    assert behind.plain.equals(crowd.plain)


def test_code_points_at_hand_are_those_of_the_texts():
    done = normalise(texts(*HOSTILE))
    for points, form in (
        (done.raw_points, done.raw),
        (done.folded_points, done.folded),
        (done.plain_points, done.plain),
    ):
        assert encode(points).equals(form)
        assert np.array_equal(decode(form).starts, points.starts)


def test_no_text_is_long_and_none_is_invalid():
    done = normalise(texts(*HOSTILE))
    for form in (done.raw, done.folded, done.plain):
        form.validate(full=True)
        assert max(len(t) for t in form.to_pylist()) <= TEXT_LIMIT
    assert len(normalise(texts("e" + "\u0301\u0316" * 1_000)).folded[0].as_py()) <= 4


def test_runs_of_marks_are_cut_before_they_are_sorted():
    # Thai vowel signs stay, but three in a row are enough for any language.
    assert fold(texts("\u0e01" + "\u0e38" * 50)).to_pylist() == ["\u0e01" + "\u0e38" * 3]


def test_missing_and_broken_texts_are_read():
    done = normalise(pa.array(["a", None], pa.string()))
    assert done.plain.to_pylist() == ["a", ""]
    broken = pa.LargeStringArray.from_buffers(
        2, pa.py_buffer(np.array([0, 2, 4], dtype=np.int64).tobytes()), pa.py_buffer(b"a\xffok")
    )
    assert normalise(broken).raw.to_pylist() == ["a\ufffd", "ok"]
    assert as_text(["\ud83d\ude00", "\ud83d"]).to_pylist() == ["😀", "\ufffd"]
    assert len(normalise(texts())) == 0


def test_marks_at_the_edge_of_a_text_are_no_run_with_those_of_the_next():
    # Three signs of vowels end the first text, so that a run over its end would cut those of the second.
    edges = texts("\u0e01\u0e38\u0e38\u0e38", "\u0e38\u0e38\u0e01", "abc", "\u0335a\u0335", "xx", "  x")
    done = normalise(edges)
    assert done.folded.to_pylist() == [normalise(edges.slice(i, 1)).folded[0].as_py() for i in range(6)]
    # The stroke that begins a text is on no letter, whatever the text before ends in.
    assert done.odd_letters.tolist() == [False] * 6


def test_placeholders_are_those_of_all_patterns_matched_everywhere():
    rng = random.Random(3)
    pieces = ["a", "w", "www.", ".", ".com", ":", "/", "http:/", "@", "1", "22", "0812345", " ", "-", "k a k 1 2", "é"]
    some = decode(texts(*("".join(rng.choices(pieces, k=rng.randrange(9))) for _ in range(3_000))))
    every = normalisation._with_placeholders(some, normalisation._PLACEHOLDERS)
    for points, expected in ((some, every), (some.part(7, 8), every.part(7, 8))):
        found = normalisation._marked(points)
        assert np.array_equal(found.codes, expected.codes)
        assert np.array_equal(found.starts, expected.starts)
    few = [normalisation._marked(some.part(i, i + 1)).codes.tolist() for i in range(300)]
    assert few == [every.part(i, i + 1).codes.tolist() for i in range(300)]


def test_blocks_whose_signs_are_alike_have_the_traits_of_signs_asked_one_by_one(monkeypatch):
    known = traits.table()
    monkeypatch.setattr(traits, "_ALIKE", ())
    assert np.array_equal(traits.table.__wrapped__(), known)


@pytest.mark.parametrize("before", ["", "a", "\u1100", "\uac00", "\u09c7"])
def test_a_text_without_unsettled_signs_is_in_nfkc(before):
    every = [before + chr(i) for i in range(0x20400) if not 0xD800 <= i < 0xE000 and i not in traits.PHRASES]
    settled = ~decode(texts(*every)).holds(traits.UNSETTLED)
    assert settled.mean() > 0.9 or before == "\u1100"
    assert all(unicodedata.is_normalized("NFKC", every[i]) for i in np.flatnonzero(settled))


def test_parts_and_replaced_texts_are_those_of_the_rows():
    points = decode(texts("ab", "", "cd 🔥", "e"))
    points.traits  # noqa: B018 -- what is known of the texts goes along with them
    other = decode(texts("xyz", ""))
    cases = {
        "part": (points.part(1, 3), ["", "cd 🔥"]),
        "take": (points.take(np.array([3, 0])), ["e", "ab"]),
        "replaced": (points.replaced(np.array([1, 3]), other), ["ab", "xyz", "cd 🔥", ""]),
        "where": (points.where(points.codes != ord("c")), ["ab", "", "d 🔥", "e"]),
    }
    for name, (found, expected) in cases.items():
        assert encode(found).to_pylist() == expected, name
        assert np.array_equal(found.traits, traits.of(found.codes)), name
    assert encode(points).to_pylist() == ["ab", "", "cd 🔥", "e"]


def test_placeholders_cannot_be_written():
    forged = normalise(texts("".join((MENTION, LINK, PHONE, NUMBER, BRAND)) + "kak"))
    assert forged.plain.to_pylist() == ["kak"]


# Words


def test_words_are_numbered_alike_wherever_they_stand():
    words = split_words(normalise(texts("kak bagus", "🔥 bagus, kak!", "ka k")).plain_points)
    assert np.diff(words.starts).tolist() == [2, 2, 2]
    assert words.numbers[0] == words.numbers[3] == number_of("kak")
    assert words.numbers[1] == words.numbers[2] == number_of("bagus")
    assert number_of("ab") != number_of("ba")


def test_listed_words_are_told_from_all_others():
    known = word_list()
    for bit, words in ((1, word_lists.INDONESIAN), (2, word_lists.ENGLISH), (4, word_lists.WISHES)):
        numbers = np.array([number_of(w) for w in sorted(words)], dtype=np.uint64)
        assert ((known.bits_of(numbers) & bit) > 0).all()
    others = np.random.default_rng(0).integers(2**64, size=100_000, dtype=np.uint64)
    assert not known.bits_of(others).any()
    # A word that shares the place of a listed one in the table is another word all the same.
    assert known.bits_of(numbers ^ np.uint64(1 << 63) if int(known.shift) < 40 else numbers ^ np.uint64(1)).sum() == 0


def test_handles_are_found_and_kept_apart():
    row, handle = handles(normalise(texts("@a_b.c halo @x", "x", "@", "@x y")).folded_points)
    assert row.tolist() == [0, 0, 3]
    assert handle[1] == handle[2] != handle[0]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("bagus bgt kak videonya", "id"),
        ("wkwkwkwk", "id"),
        ("I love this so much", "en"),
        ("so beautiful kak, cantik banget", "mixed"),
        ("可愛いですね", "other"),
        ("очень красиво", "other"),
        ("😍😍", "undecided"),
        ("", "undecided"),
        ("Ich freue mich sehr, dass es diesen Kanal gibt, danke dafür, was auch kommt", "undecided"),
    ],
)
def test_language_of_a_text(text, language):
    assert LANGUAGES[languages(normalise(texts(text)))[0]] == language


@pytest.mark.parametrize("text", ["semoga sehat selalu kak", "Aamiin semoga berkah", "happy birthday bless you"])
def test_wishes_are_told(text):
    assert measure_comments(normalise(texts(text)))["wish"][0] == 1.0


@pytest.mark.parametrize(
    "text", ["semoga kalian semua segera coba produk murah ini", "sukses", "gacor parah slotnya kak"]
)
def test_what_is_no_wish(text):
    assert measure_comments(normalise(texts(text)))["wish"][0] == 0.0


# Likeness


def keys_of(*values):
    done = normalise(texts(*values))
    return exact_keys(done), template_keys(split_words(done.plain_points)), done.plain_points


def test_exact_and_template_keys():
    exact, template, _ = keys_of(
        "JUNIOR88 gacor 🔥", "𝐏𝐔𝐋𝐀𝐔𝟕𝟕𝟕  gacooor 😍", "junior88  GACOR 🔥 ", "gacor junior", "ab", "a b"
    )
    assert template[0] == template[1] == template[2] != template[3]
    assert exact[0] == exact[2] != exact[1]
    assert exact[4] != exact[5]


_SLOTS = (
    ("gak bohong", "masuk cepat", "kilat"),
    ("gak boong", "masuk cepat", "kilat"),
    ("gak bohong", "masuk kilat", "cepat"),
    ("gak bohong", "masuk cepat", "kilat sekali"),
)
REFILLED = [f"asli {a} di BRAND{n}{n} ada fitur {b} yang super {c}" for n, (a, b, c) in enumerate(_SLOTS, 10)]
DIFFERENT = [
    "resepnya gampang dicoba di rumah ya bu",
    "where did you get that lovely lamp",
    "kapan main ke kota kami lagi bang",
]


def test_refilled_templates_hang_together():
    _, keys, points = keys_of(*REFILLED, *DIFFERENT)
    group = near_groups(np.zeros(7, dtype=np.int64), keys, points)
    assert len(set(group[:4])) == 1
    assert len(set(group)) == 4


def test_other_owners_are_no_twins():
    _, keys, points = keys_of(*REFILLED)
    assert len(set(near_groups(np.arange(4), keys, points))) == 4
    # The twins of one owner do not hide those of another.
    _, keys, points = keys_of(*REFILLED[:2], *REFILLED[:2])
    group = near_groups(np.array([0, 0, 1, 1]), keys, points)
    assert group[0] == group[1] != group[2] == group[3]


def test_groups_do_not_depend_on_the_order_of_rows():
    values = [*REFILLED, *DIFFERENT, REFILLED[0], "x", "x"]
    _, keys, points = keys_of(*values)
    owner = np.arange(len(values)) % 2
    first = near_groups(owner, keys, points)
    order = np.random.default_rng(3).permutation(len(values))
    _, keys, points = keys_of(*(values[i] for i in order))
    second = near_groups(owner[order], keys, points)
    for i, j in combinations(range(len(values)), 2):
        assert (first[order[i]] == first[order[j]]) == (second[i] == second[j])


def test_near_twins_agree_with_the_slow_likeness():
    rng = np.random.default_rng(0)
    base = [" ".join(rng.choice(worlds.WORDS, 9)) for _ in range(40)]
    values = base + [" ".join(["eh", *b.split()[1:]]) for b in base]
    _, keys, points = keys_of(*values)
    group = near_groups(np.zeros(len(values), dtype=np.int64), keys, points)
    grams = [{t[i : i + 4] for i in range(len(t) - 3)} for t in values]
    alike = {(i, j): len(grams[i] & grams[j]) / len(grams[i] | grams[j]) for i, j in combinations(range(80), 2)}
    close = [p for p, value in alike.items() if value >= 0.8]
    assert len(close) > 20
    assert np.mean([group[i] == group[j] for i, j in close]) >= 0.95
    far = [p for p, value in alike.items() if value < 0.3]
    assert np.mean([group[i] == group[j] for i, j in far]) <= 0.001


def test_templates_shared_between_creators():
    wish, sold = "semoga sehat selalu kakak cantik", "dapat cuan tiap hari cuma di RAJA99 buruan"
    parts = []
    for i in range(3):
        said = [wish, sold.replace("99", f"{i}{i}"), f"{worlds.WORDS[i]} oke", "terima kasih banyak ya semua"]
        parts.append(worlds.creator(f"c{i}", comments={"text": said, "by_creator": np.arange(4.0) // 3}))
    own = worlds.creator("own", comments={"text": ["terima kasih banyak ya semua"] * 2, "by_creator": np.ones(2)})
    tables = worlds.checked(worlds.join(*parts, own))
    found = shared_templates(tables)
    assert [(t.cluster, t.creators, t.comments, t.creator_numbers) for t in found] == [(1, 3, 3, (0, 1, 2))]
    assert shared_templates(tables, creators=4) == []
    low = shared_templates(tables, sold=np.full(len(tables.comments), 0.2), least_sold=0.5)
    assert low == []
