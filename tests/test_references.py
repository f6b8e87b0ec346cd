"""References: quantiles of similar creators are recovered, small groups lean on all, files hold what was used."""

import json

import numpy as np
import pytest

from realreach.features import catalogue, feature_names
from realreach.references import References, fit_references, no_references

NAMES = feature_names()
SIZE, PLATFORM = NAMES.index("context__followers__now__log10"), NAMES.index("context__platform__now__code")
SPEED, INTERVAL = NAMES.index("context__gain__366d__log10"), NAMES.index("context__interval__366d__days")
RATE = NAMES.index("engagement__like_rate__100p__median")
GINI = NAMES.index("growth__gain__366d__gini")
STEP = NAMES.index("engagement__likes__100p__step")


def honest(number=4_000, seed=0):
    """Return features of honest creators: the rate falls with size, the gini with speed, the rest is noise."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(number, len(NAMES)))
    matrix[:, SIZE] = rng.uniform(3.0, 7.0, number)
    matrix[:, PLATFORM] = rng.integers(0, 3, number)
    matrix[:, SPEED] = rng.uniform(0.0, 3.0, number)
    matrix[:, INTERVAL] = np.where(rng.random(number) < 0.5, 1.0, 30.0)
    matrix[:, RATE] = middle_rate(matrix[:, SIZE], matrix[:, PLATFORM]) + 0.2 * rng.normal(size=number)
    matrix[:, GINI] = 0.8 - 0.1 * matrix[:, SPEED] + 0.05 * rng.normal(size=number)
    return matrix


def middle_rate(size, platform):
    return -1.0 - 0.3 * (size - 3.0) - 0.5 * (platform == 1)


def column_of(references, kind, name):
    return references.names[kind].index(name)


def test_quantiles_of_similar_creators_are_recovered():
    matrix = honest()
    references = fit_references(matrix)
    quantiles = references.of(matrix, "size")[column_of(references, "size", NAMES[RATE])]
    inner = (matrix[:, SIZE] > 3.6) & (matrix[:, SIZE] < 6.4)
    middle = middle_rate(matrix[:, SIZE], matrix[:, PLATFORM])
    for at, z in enumerate((-1.2816, 0.0, 1.2816)):
        # The company is as wide as the distance of two knots: a slope in size widens it, most at the two ends.
        error = quantiles[inner, at] - (middle[inner] + 0.2 * z)
        assert np.abs(error).max() < 0.2, z
        assert abs(error.mean()) < (0.03 if z == 0 else 0.12), z
    growth = references.of(matrix, "growth")[column_of(references, "growth", NAMES[GINI])]
    inner = (matrix[:, SPEED] > 0.5) & (matrix[:, SPEED] < 2.5)
    assert np.abs(growth[inner, 1] - (0.8 - 0.1 * matrix[inner, SPEED])).max() < 0.03


def test_distance_knows_little_of_size_and_platform():
    matrix = honest()
    seen = fit_references(matrix).transform(matrix)
    before, after = (abs(np.corrcoef(m[:, RATE], matrix[:, SIZE])[0, 1]) for m in (matrix, seen))
    assert before > 0.5
    assert after < 0.5 * before
    inner = (matrix[:, SIZE] > 4.0) & (matrix[:, SIZE] < 6.0)
    assert abs(np.corrcoef(seen[inner, RATE], matrix[inner, SIZE])[0, 1]) < 0.1
    means = [np.median(seen[matrix[:, PLATFORM] == p, RATE]) for p in range(3)]
    assert np.ptp(means) < 0.25  # 2.5 before
    assert 0.7 < np.std(seen[:, RATE]) < 1.1


def test_only_features_judged_against_peers_are_changed():
    matrix = honest(500)
    seen = fit_references(matrix).transform(matrix)
    peers = np.array([f.peers for f in catalogue()])
    assert np.array_equal(seen[:, ~peers], matrix[:, ~peers])
    assert (seen[:, peers] != matrix[:, peers]).any(axis=0).all()
    assert not np.shares_memory(seen, matrix)


@pytest.mark.parametrize("number", [0, 9, 30, 3_000])
def test_small_group_leans_on_all_creators(number):
    matrix = honest()
    matrix = matrix[matrix[:, PLATFORM] != 1]
    others = matrix.copy()
    others[:, PLATFORM] = 1
    others[:, RATE] += 3.0
    references = fit_references(np.concatenate([matrix, others[:number]]))
    table = references.quantiles["size"][column_of(references, "size", NAMES[RATE])]
    own, everyone = table[1, 3, 1], table[-1, 3, 1]
    gap = own - everyone
    if number < 10:
        assert gap == 0.0
    elif number == 30:
        assert 0.1 < gap < 1.5
    else:
        assert gap > 1.0
    assert references.counts["size"].shape == (5, 7)
    assert references.counts["size"][1].sum() == pytest.approx(
        references.counts["size"][-1].sum() * number / (number + len(matrix)), rel=0.2, abs=1
    )


def test_size_not_known_takes_the_middle_of_all():
    matrix = honest()
    references = fit_references(matrix)
    row = matrix[:2].copy()
    row[:, SIZE] = np.nan
    row[:, PLATFORM] = [0.0, 2.0]
    got = references.of(row, "size")
    assert np.array_equal(got[:, 0], references.quantiles["size"][:, -1, 3])
    assert np.array_equal(got[:, 0], got[:, 1])
    assert not np.isnan(references.transform(row)[:, RATE]).any()


def test_size_beyond_the_training_takes_the_outermost_company():
    matrix = honest()
    references = fit_references(matrix)
    far = matrix[:1].repeat(4, axis=0)
    far[:, SIZE] = [-5.0, references.axes["size"][0], references.axes["size"][-1], 99.0]
    got = references.of(far, "size")
    assert np.array_equal(got[:, 0], got[:, 1])
    assert np.allclose(got[:, 2], got[:, 3], rtol=1e-15)


def test_unknown_stays_unknown_and_distances_are_bounded():
    matrix = honest(300)
    references = fit_references(matrix)
    row = matrix[:3].copy()
    row[0, RATE], row[1, RATE], row[2, RATE] = np.nan, 1e9, -1e9
    assert np.array_equal(references.transform(row)[:, RATE], [np.nan, 8.0, -8.0], equal_nan=True)


def test_feature_that_nobody_has_is_passed_on_bounded():
    matrix = honest(300)
    matrix[:, RATE] = np.nan
    references = fit_references(matrix)
    row = honest(3, seed=1)
    row[:, RATE] = [0.7, np.nan, 55.0]
    assert np.allclose(references.transform(row)[:, RATE], [0.7, np.nan, 8.0], rtol=1e-4, equal_nan=True)


def test_constant_feature_does_not_explode():
    matrix = honest(300)
    matrix[:, RATE] = 0.25
    seen = fit_references(matrix).transform(matrix)
    assert not seen[:, RATE].any()
    matrix[0, RATE] = 0.2500001
    assert abs(fit_references(honest(300) * 0 + matrix[1]).transform(matrix[:1])[0, RATE]) < 0.01


@pytest.mark.parametrize("number", [1, 5, 25])
def test_few_creators_are_enough_for_an_answer(number):
    matrix = honest(number)
    seen = fit_references(matrix).transform(matrix)
    assert np.isfinite(seen).all()


def test_nothing_known_at_all():
    matrix = np.full((30, len(NAMES)), np.nan)
    matrix[:, PLATFORM] = 0.0
    references = fit_references(matrix)
    assert np.isfinite(references.quantiles["size"]).all()
    assert np.array_equal(references.transform(matrix), matrix, equal_nan=True)


def test_weight_counts_like_copies():
    matrix = honest(400)
    weight = np.where(np.arange(400) < 100, 3.0, 1.0)
    by_weight = fit_references(matrix, weight)
    by_copies = fit_references(np.concatenate([matrix, matrix[:100], matrix[:100]]))
    heavy, plain = (r.counts["size"][-1].sum() for r in (by_weight, fit_references(matrix)))
    assert heavy == pytest.approx(by_copies.counts["size"][-1].sum(), rel=0.1)
    assert heavy > 1.3 * plain


def test_file_holds_exactly_what_was_used():
    matrix = honest(700)
    references = fit_references(matrix)
    text = json.dumps(references.to_dict(), allow_nan=False)
    again = References.from_dict(json.loads(text))
    assert np.array_equal(again.transform(matrix), references.transform(matrix), equal_nan=True)
    assert json.dumps(again.to_dict()) == text
    # Short numbers: a file that people can read and compare.
    for kind in ("size", "growth"):
        for values in (references.axes[kind], references.quantiles[kind], references.least[kind]):
            assert all(v == float(f"{v:.7g}") for v in values.ravel().tolist())
    for kind in ("size", "growth"):
        assert np.array_equal(again.quantiles[kind], references.quantiles[kind])
        assert again.names[kind] == references.names[kind]


def test_one_row_gets_the_same_as_in_a_crowd():
    matrix = honest(60)
    matrix[::7, SIZE] = np.nan
    references = fit_references(matrix)
    crowd = references.transform(matrix)
    for i in range(60):
        assert np.array_equal(references.transform(matrix[i : i + 1])[0], crowd[i], equal_nan=True)


def test_order_of_creators_does_not_matter():
    matrix = honest(300)
    shuffled = matrix[np.random.default_rng(1).permutation(300)]
    # Sums in another order may differ in the last bits; seven digits are kept.
    one, other = fit_references(matrix), fit_references(shuffled)
    assert np.allclose(one.quantiles["size"], other.quantiles["size"], rtol=2e-6, atol=1e-9)


def test_references_of_nothing_change_nothing():
    matrix = np.random.default_rng(0).normal(size=(5, 3))
    assert np.array_equal(no_references().transform(matrix), matrix)


def test_every_peers_feature_is_served_once():
    references = fit_references(honest(50))
    served = [*references.names["growth"], *references.names["size"]]
    assert sorted(served) == sorted(f.name for f in catalogue() if f.peers)
