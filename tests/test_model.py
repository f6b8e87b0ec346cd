"""From features to probabilities: which pillars are judged, what masks hide, and calibration tables."""

import numpy as np
import pytest

from realreach.features import catalogue, feature_names
from realreach.model import (
    ALL_PILLARS,
    COMBINATIONS,
    PILLARS,
    Calibration,
    Layout,
    combination_name,
    masked_copies,
    subsets_of,
)

FAMILY = {f.name: f.family for f in catalogue()}


def empty(rows=1):
    return np.full((rows, len(feature_names())), np.nan)


def filled(*families):
    """A creator of whom exactly these families are known."""
    matrix = empty()
    matrix[0, [FAMILY[name] in families for name in feature_names()]] = 0.5
    return matrix


@pytest.fixture(scope="module")
def layout():
    return Layout.of(feature_names())


def test_the_model_never_sees_context_or_excluded_features(layout):
    assert not any(name.startswith("context__") for name in layout.used_names)
    left_out = next(f.name for f in catalogue() if f.family == "growth")
    smaller = Layout.of(feature_names(), (left_out,))
    assert set(layout.used) - set(smaller.used) == {feature_names().index(left_out)}


def test_each_feature_needs_the_pillars_of_its_family(layout):
    for position, needs in zip(layout.used, layout.needs, strict=True):
        family = FAMILY[feature_names()[position]]
        if family == "coherence":
            assert combination_name(int(needs)).count("+") >= 1
        else:
            assert needs == 1 << PILLARS.index(family)


def test_pillars_are_there_if_one_feature_is_known(layout):
    assert layout.present(empty()).tolist() == [0]
    for bit, name in enumerate(PILLARS):
        assert layout.present(filled(name)).tolist() == [1 << bit]
    assert layout.present(filled("context")).tolist() == [0]
    assert layout.present(filled(*PILLARS)).tolist() == [ALL_PILLARS]


@pytest.mark.parametrize("keep", COMBINATIONS)
def test_hiding_a_pillar_hides_every_feature_that_needs_it_and_no_other(layout, keep):
    values = np.ones((1, len(layout.used)))
    seen = layout.without(values, np.array([keep]))
    np.testing.assert_array_equal(np.isnan(seen[0]), (layout.needs & ~keep) != 0)
    assert not np.isnan(values).any(), "the input is not changed"


def test_a_plain_matrix_is_always_whole():
    plain = Layout.of(("a", "b"))
    assert plain.present(np.array([[np.nan, np.nan], [1.0, 2.0]])).tolist() == [15, 15]
    assert not plain.is_catalogue


def test_masked_copies_take_pillars_away_but_never_all(layout):
    present = np.array([7, 1, 3])
    values = np.ones((3, len(layout.used)))
    for row, mask in enumerate(present):
        values[row] = layout.without(values[[row]], np.array([mask]))[0]
    copies, source = masked_copies(layout, values, present, 20, np.random.default_rng(0))
    assert set(source) == {0, 2}, "a creator with one pillar has no smaller version"
    known, full = (~np.isnan(copies)).sum(axis=1), (~np.isnan(values)).sum(axis=1)[source]
    assert (known > 0).all()
    assert (known < full).all()


def test_subsets_of_a_set_of_pillars():
    assert subsets_of(ALL_PILLARS) == list(COMBINATIONS) == list(range(1, 16))
    assert subsets_of(9) == [1, 8, 9]
    assert subsets_of(4) == [4]


def table(masks, honest=None):
    margin = {m: np.array([-1.0, 1.0]) for m in masks}
    probability = {m: np.array([0.1 * m / 7, 0.9]) for m in masks}
    return Calibration(margin, probability, dict.fromkeys(masks, 0.5), honest or {})


def test_a_combination_that_was_never_calibrated_is_judged_by_its_best_calibrated_part():
    calibration = table([1, 2, 3], {1: 10, 2: 99, 3: 5})
    assert calibration.judged(np.arange(8)).tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    assert table([1, 2], {1: 10, 2: 99}).judged(np.array([3])).tolist() == [2], (
        "of two equal ones that with more creators"
    )


def test_calibration_is_read_from_the_table_and_ends_hold_outside():
    p = table([7]).apply(np.array([-5.0, -1.0, 0.0, 1.0, 5.0, 0.0]), np.array([7, 7, 7, 7, 7, 0]))
    np.testing.assert_allclose(p, [0.1, 0.1, 0.5, 0.9, 0.9, np.nan])


def test_calibration_survives_a_file():
    before = table([1, 5], {1: 3, 5: 4})
    after = Calibration.from_dict(before.to_dict())
    assert after.to_dict() == before.to_dict()
    np.testing.assert_array_equal(after.limit(np.array([1, 0])), [0.5, np.nan])


def test_taking_a_pillar_away_gives_the_score_of_a_creator_who_never_had_it(scorer, read):
    from realreach.features import feature_matrix

    model = scorer.bundle.model
    matrix = feature_matrix(read.tables)
    whole = matrix[model.layout.present(matrix) == 7]
    assert len(whole) > 50
    layout = model.layout
    for bit in range(len(PILLARS)):
        gone = whole.copy()
        gone[:, layout.used[layout.needs & (1 << bit) != 0]] = np.nan
        np.testing.assert_array_equal(model.probabilities(gone), model.probabilities(whole, 7 & ~(1 << bit)))


def test_pillar_scores_are_those_of_the_pillar_alone(scorer, read):
    from realreach.features import feature_matrix

    model = scorer.bundle.model
    matrix = feature_matrix(read.tables)
    parts = model.by_pillar(matrix)
    present = model.layout.present(matrix)
    for bit, name in enumerate(PILLARS):
        np.testing.assert_array_equal(np.isnan(parts[name]), present & (1 << bit) == 0)
        alone = matrix.copy()
        alone[:, [FAMILY[n] not in (name, "context") for n in feature_names()]] = np.nan
        np.testing.assert_array_equal(model.probabilities(alone), parts[name])


def test_no_rows_give_no_probabilities(scorer):
    assert scorer.bundle.model.probabilities(empty(0)).shape == (0,)
