"""The comment model's parts: hashing, style, scores, bags. Numbers must not depend on company or order."""

import itertools
import json
import math

import numpy as np
import pyarrow as pa
import pytest

from realreach.comment_text import bags, hashing, style, traits
from realreach.comment_text.model import KINDS, CommentModel, default_comment_model, read_comment_model, stepped
from realreach.comment_text.normalise import normalise
from realreach.errors import ModelError

HOSTILE = [
    "",
    " ",
    "a",
    "\u0301" * 500,
    "🔥" * 300,
    "👩‍👩‍👧‍👦 keluarga 🇮🇩",
    "𝐃𝐄𝐖𝐀𝟕𝟕 gacor",
    "สวยมากค่ะ ซื้อที่ไหน",
    "かわいい！どこで",
    "x" * 5000,
    "a b " * 900,
    "\x00\x01\x02 null",
    "\U0010ffff\U000e0001 end",
    "ﷺ" * 60,
    "Mau dong kak!!! wkwkwk 😂😂 @rara 0812 3456 7890 bit.ly/x",
    "naïve Ünïcode ß ſ İ",
]


def read(texts):
    return normalise(pa.array(texts, pa.large_string()))


def slow_pieces(plain):
    """Return the (kind, piece or pair) multiset of one text by the definition, character by character."""
    padded = f" {plain} "
    found = []
    for i, c in enumerate(padded):
        if c == " ":
            continue
        word = not is_sign(c)
        if found and word and not is_sign(padded[i - 1]) and padded[i - 1] != " ":
            found[-1] += c
        else:
            found.append(c)
    found = [t for i, t in enumerate(found) if i == 0 or t != found[i - 1]]
    grams = []
    for n in hashing.CHAR_SIZES:
        for i in range(len(padded) - n + 1):
            piece = padded[i : i + n]
            if " " not in piece[1:-1]:
                grams.append((n, piece))
    return found, grams


def is_sign(c):
    return bool(traits.of(np.array([ord(c)], dtype=np.uint32))[0] & traits.SIGN)


def slow_pair(a, b, bits):
    total = (poly(a) + poly(b) * hashing.PAIR + hashing.SEEDS[2]) % 2**64
    return (total * hashing.M % 2**64) >> (64 - bits)


def poly(piece):
    return sum(ord(c) * pow(hashing.B, j, 2**64) for j, c in enumerate(piece))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_buckets_are_those_of_the_definition(text):
    plain = read([text]).plain
    token_list, gram_list = slow_pieces(plain[0].as_py())
    words, characters = hashing.grams(plain, 18)
    expected = [hashing.slow_hash(t, 1, 18) for t in token_list]
    expected += [slow_pair(a, b, 18) for a, b in itertools.pairwise(token_list)]
    assert sorted(words[0].tolist()) == sorted(expected)
    assert sorted(characters[0].tolist()) == sorted(hashing.slow_hash(g, n, 18) for n, g in gram_list)


def test_pieces_never_cross_comments():
    done = read(HOSTILE)
    alone = [hashing.grams(done.plain.slice(i, 1), 16) for i in range(len(done))]
    for block, (buckets, rows) in enumerate(hashing.grams(done.plain, 16)):
        for i in range(len(done)):
            assert sorted(buckets[rows == i].tolist()) == sorted(alone[i][block][0].tolist())


def test_buckets_are_used_evenly():
    # 20,000 different words into 4,096 buckets: a good hash leaves about exp(-4.9) of them empty.
    words, _ = hashing.grams(read([f"kata{chr(97 + i % 26)}x{i // 26}y" for i in range(20_000)]).folded, 12)
    counts = np.bincount(words[0], minlength=4096)
    assert (counts == 0).mean() < 0.02
    assert counts.max() < 10 * counts.mean()


def test_style_bins_stay_in_their_blocks():
    done = read(HOSTILE)
    points = hashing.read_points(done.plain)
    bins = style.style_bins(done, points, hashing.tokens(points))
    starts = [*style.BIN_STARTS, style.STYLE_SIZE]
    for column in range(bins.shape[1]):
        assert (bins[:, column] >= starts[column]).all()
        assert (bins[:, column] < starts[column + 1]).all()


@pytest.mark.parametrize(
    ("text", "measure", "value"),
    [
        ("Keren! 🔥🔥✨", "emoji_kinds_at_end", 2),
        ("🔥 keren", "emoji_kinds_at_end", 0),
        ("Keren! 👍🏽", "emoji_kinds_at_end", 1),
        ("keren ❤️ 🔥", "emoji_kinds_at_end", 2),
        ("Halo KAMU", "inner_capitals", 3),
        ("1. Halo", "begins_with_capital", 1),
        ("halo Budi", "begins_with_capital", 0),
        ("wkwk lucu bgt sih", "slang", 3),
        ("mauuuuu", "stretched", 3),
        ("@rara liat", "mention_first", 1),
        ("liat @rara", "mention_first", 0),
        ("hub 0812-3456-789", "phones", 1),
        ("main di DEWA88", "brands", 1),
        ("cek www.toko.id", "links", 1),
        ("𝐃𝐄𝐖𝐀", "odd_letters", 1),
        ("", "words", 0),
    ],
)
def test_style_measure(text, measure, value):
    done = read(["lain", text, "🔥"])
    found = hashing.tokens(hashing.read_points(done.plain))
    assert style.style_measures(done, found)[measure][1] == value


@pytest.fixture(scope="module")
def model():
    return default_comment_model()


def test_a_comment_scores_the_same_alone_in_a_crowd_and_in_any_order(model):
    texts = HOSTILE * 300
    whole = model.scores(read(texts))
    for i in range(len(HOSTILE)):
        np.testing.assert_array_equal(
            whole[i :: len(HOSTILE)], np.repeat(model.scores(read([HOSTILE[i]])), 300, axis=0)
        )
    order = np.random.default_rng(0).permutation(len(HOSTILE))
    np.testing.assert_array_equal(model.scores(read([HOSTILE[i] for i in order])), whole[: len(HOSTILE)][order])


def test_probabilities_agree(model):
    done = read(HOSTILE)
    scores = model.scores(done)
    assert scores.shape == (len(HOSTILE), len(KINDS))
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, atol=1e-12)
    np.testing.assert_array_equal(scores[:, 0], 1.0 - model.sold(done))
    margin = model.margins(done)[:, 0] / model.scale
    exact = 1.0 / (1.0 + np.exp(-(model.slope * margin + model.offset)))
    np.testing.assert_allclose(model.sold(done), exact, atol=model.slope / 4 / 64)


def test_margin_is_the_sum_that_the_module_promises(model):
    done = read(["Modal 20rb di DEWA88 langsung cair!! 🔥"])
    points = hashing.read_points(done.plain)
    bins = style.style_bins(done, points, hashing.tokens(points))[0]
    for head in range(len(KINDS)):
        total = float(model.bias[head] + sum(int(model.style[head][b]) for b in bins))
        for buckets, _ in hashing.grams(done.plain, model.bits):
            total += sum(int(model.grams[head][b]) for b in buckets) / math.sqrt(len(buckets))
        assert model.margins(done)[0, head] == pytest.approx(total, abs=1e-9)


def test_no_comments_are_no_error(model):
    assert model.scores(read([])).shape == (0, 4)
    assert len(bags.bag_tests(np.zeros(0), np.zeros(0, dtype=np.int64), 0, model.bags).p_value) == 0


def test_calls_abstain_in_the_middle(model):
    p = np.array([0.0, np.nextafter(model.low, 0), model.low, np.nextafter(model.high, 0), model.high, 1.0])
    assert model.called(p).tolist() == [-1, -1, 0, 0, 1, 1]


def test_steps_are_cut_at_the_ends():
    assert stepped(np.array([-1e12, 0.0, 1e12]), 256).tolist() == [0, 24 * 64, 48 * 64]


def test_round_trip_changes_no_score(model):
    again = CommentModel.from_dict(json.loads(json.dumps(model.to_dict())))
    done = read(HOSTILE)
    np.testing.assert_array_equal(again.scores(done), model.scores(done))
    assert again.to_dict() == model.to_dict()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda d: d.pop("style"), "damaged"),
        (lambda d: d.update(format=99), "format 99"),
        (lambda d: d.update(bits=40), "bits must be 8 to 22"),
        (lambda d: d["buckets"].append(1 << 30), "damaged"),
        (lambda d: d["buckets"].__setitem__(0, -(1 << 30)), "damaged"),
        (lambda d: d["weights"].pop(), "damaged"),
        (lambda d: d.update(bias=[1]), "bias must have the shape"),
        (lambda d: d.update(thresholds={"low": 0.9, "high": 0.1}), "low <= high"),
        (lambda d: d["bags"].update(ratio=[2.0, 1.0]), "never fall"),
    ],
)
def test_damaged_model_is_refused(model, change, match):
    data = json.loads(json.dumps(model.to_dict()))
    change(data)
    with pytest.raises(ModelError, match=match):
        CommentModel.from_dict(data)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"format": 1}'])
def test_file_that_is_no_model_is_refused(content):
    with pytest.raises(ModelError, match="comment model"):
        read_comment_model(content)


def test_changed_file_is_refused():
    with pytest.raises(ModelError, match="sha256 differs"):
        read_comment_model(b"{}", sha256="0" * 64)


def test_model_is_frozen(model):
    with pytest.raises(ValueError, match="read-only"):
        model.grams[0, 0] = 1


REFERENCE = bags.BagReference(
    edges=[0.1, 0.3, 0.6, 0.9], ratio=[0.05, 0.4, 2.0, 10.0, 60.0], organic_shares=np.linspace(0.0, 0.03, 20)
)


def mixture(n, share, seed):
    rng = np.random.default_rng(seed)
    organic = np.array([0.7, 0.2, 0.07, 0.025, 0.005])
    sold = organic * REFERENCE.ratio
    sold /= sold.sum()
    is_sold = np.arange(n) < round(share * n)
    bins = np.where(is_sold, rng.choice(5, n, p=sold), rng.choice(5, n, p=organic))
    return np.array([0.05, 0.2, 0.5, 0.8, 0.95])[bins], is_sold


@pytest.mark.parametrize("n", [40, 300, 5000])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.7])
def test_planted_share_is_recovered(n, share):
    covered, middle = 0, []
    for seed in range(20):
        found = bags.bag_test(mixture(n, share, seed)[0], REFERENCE)
        covered += found.share_low[0] - 0.03 <= share <= found.share_high[0] + 0.03
        middle.append(found.share[0])
    assert covered >= 16
    # Small bags lean towards small shares: that is the prior.
    assert np.mean(middle) == pytest.approx(share, abs=0.05 + 0.6 / math.sqrt(n))


def test_clean_sections_are_seldom_accused():
    p = [bags.bag_test(mixture(200, 0.0, seed)[0], REFERENCE).p_value[0] for seed in range(100)]
    assert np.mean(np.array(p) < 0.05) <= 0.1
    assert np.median(p) > 0.2


def test_bags_rank_sections_and_comments():
    clean = [bags.bag_test(mixture(100, 0.0, s)[0], REFERENCE).p_value[0] for s in range(50)]
    mixed = [bags.bag_test(mixture(100, 0.2, s)[0], REFERENCE).p_value[0] for s in range(50)]
    assert np.mean(np.array(clean)[:, None] > np.array(mixed)) > 0.97
    scores, is_sold = mixture(2000, 0.3, 1)
    posterior = bags.bag_test(scores, REFERENCE).posterior
    assert posterior[is_sold].mean() > posterior[~is_sold].mean() + 0.4


def test_a_bag_is_the_same_in_any_order_and_company():
    one, other = mixture(137, 0.15, 3)[0], mixture(4000, 0.5, 4)[0]
    alone = bags.bag_test(one, REFERENCE)
    order = np.random.default_rng(0).permutation(len(one) + len(other))
    both = np.concatenate([one, other])[order]
    section = np.repeat([0, 1], [len(one), len(other)])[order]
    crowd = bags.bag_tests(both, section, 2, REFERENCE)
    for name in ("p_value", "share_low", "share", "share_high", "apparent", "expected"):
        assert getattr(crowd, name)[0] == getattr(alone, name)[0]
    np.testing.assert_array_equal(np.sort(crowd.posterior[section == 0]), np.sort(alone.posterior))


def slow_bag(scores):
    """Return what the bag test says of one section, by loops over the grid and the organic shares."""
    bins = np.searchsorted(REFERENCE.edges, scores, side="right")
    grid = bags._GRID
    log = np.array([sum(math.log(1 - share + share * REFERENCE.ratio[b]) for b in bins) for share in grid])
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    reached = lambda share: weight[grid <= share + 1e-12].sum()  # noqa: E731
    p = np.mean([reached(organic) for organic in REFERENCE.organic_shares])
    quantiles = []
    for level in (0.05, 0.5, 0.95):
        for beyond in np.arange(401) / 400:
            if np.mean([reached(o + beyond * (1 - o)) for o in REFERENCE.organic_shares]) >= level:
                break
        quantiles.append(beyond)
    median = next(share for share in grid if reached(share) >= 0.5)
    return [p, *quantiles, median, float(weight @ grid)]


@pytest.mark.parametrize(("n", "share"), [(10, 0.0), (60, 0.2), (300, 0.02), (120, 0.95)])
def test_slow_bag_test_agrees(n, share):
    scores = np.append(mixture(n - 2, share, n)[0], [0.1, 0.9])  # also on the edges of bins
    found = bags.bag_test(scores, REFERENCE)
    fast = [found.p_value, found.share_low, found.share, found.share_high, found.apparent, found.expected]
    np.testing.assert_allclose(np.concatenate(fast), slow_bag(scores), rtol=0, atol=0.0026)
    assert found.p_value[0] == pytest.approx(slow_bag(scores)[0], abs=1e-9)
    assert found.expected[0] == pytest.approx(slow_bag(scores)[-1], abs=1e-9)
    ratio, part = REFERENCE.ratio[REFERENCE.bins(scores)], found.share[0]
    np.testing.assert_allclose(found.posterior, part * ratio / (1 - part + part * ratio))


def test_many_sections_are_told_apart():
    # More sections than are judged in one block, some too small, one without comments.
    rng = np.random.default_rng(5)
    sizes = rng.integers(11, 40, 200)
    sizes[[3, 70, 150]] = 0, 9, 10
    scores = [mixture(n, 0.3 * (i % 3), i)[0] for i, n in enumerate(sizes)]
    crowd = bags.bag_tests(np.concatenate(scores), np.repeat(np.arange(200), sizes), 200, REFERENCE)
    assert np.flatnonzero(np.isnan(crowd.p_value)).tolist() == [3, 70]
    np.testing.assert_array_equal(crowd.count, sizes)
    for i in (0, 63, 64, 128, 150, 199):
        alone = bags.bag_test(scores[i], REFERENCE)
        for name in ("p_value", "share_low", "share", "share_high", "apparent", "expected"):
            assert getattr(crowd, name)[i] == getattr(alone, name)[0]


def test_each_sold_comment_more_is_seen():
    # The medians move in steps; what ranks sections must not.
    found = [bags.bag_test(np.repeat([0.05, 0.95], [300 - k, k]), REFERENCE) for k in range(12)]
    expected = [f.expected[0] for f in found]
    assert np.all(np.diff(expected) > 1e-6)
    assert np.all(np.diff([f.p_value[0] for f in found]) <= 0)


@pytest.mark.parametrize(
    "change",
    [
        {"edges": [0.3, 0.1]}, {"edges": []}, {"edges": [math.nan]}, {"ratio": [1.0]}, {"ratio": [0.0, 1.0, 2.0]},
        {"ratio": [2.0, 1.0, 3.0]}, {"organic_shares": []}, {"organic_shares": [0.2, 1.1]},
        {"organic_shares": [0.2, 0.1]},
    ],
)  # fmt: skip
def test_damaged_reference_is_refused(change):
    good = {"edges": [0.1, 0.9], "ratio": [0.1, 1.0, 9.0], "organic_shares": [0.0, 0.1]}
    assert bags.BagReference.from_dict(good).to_dict() == good
    with pytest.raises(ModelError, match="bag reference"):
        bags.BagReference(**(good | change))


@pytest.mark.parametrize("n", [0, 1, 9])
def test_small_bags_are_not_tested(n):
    found = bags.bag_tests(np.full(n, 0.99), np.zeros(n, dtype=np.int64), 1, REFERENCE)
    assert np.isnan([found.p_value[0], found.share[0], found.apparent[0], *found.posterior]).all()
    assert found.count[0] == n


def test_style_does_not_need_a_whole_array():
    # Slices of Arrow arrays carry an offset: the model must not read their neighbours.
    done = read(["DEWA88 gacor", "lucu", "hai kak"])
    part = done.part(1, 2)
    model = default_comment_model()
    np.testing.assert_array_equal(model.scores(part), model.scores(read(["lucu"])))
