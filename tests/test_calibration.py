"""Calibration: a curve that is right, a range that holds the true share as often as it says, shifts of prevalence."""

import numpy as np
import pytest

from realreach.calibrating import calibration_curve, fit_calibration, range_coverage, share_range
from realreach.calibration import RANGE_LEVEL, Calibration, shifted_odds
from realreach.confidence import CONFIDENCES, WELL_SUPPLIED, confidence_table, supplied
from realreach.errors import InputError
from realreach.metrics import calibration_error
from realreach.metrics.noise import noise_of
from realreach.pillars import ALL_PILLARS, COMBINATIONS, subsets_of


def creators(n, seed=0):
    """Margins, and the true chance of each to be bought: bent, so that no line fits."""
    rng = np.random.default_rng(seed)
    margin = rng.normal(size=n) * 1.5
    return margin, 0.03 + 0.94 / (1 + np.exp(-(margin + 0.4 * margin**3)))


def drawn(chance, seed):
    return (np.random.default_rng(seed).random(len(chance)) < chance).astype(float)


def test_the_curve_is_right_where_a_line_would_not_be():
    margin, chance = creators(6000)
    knots, p = calibration_curve(margin, drawn(chance, 1), np.ones(6000))
    new, truth = creators(6000, seed=2)
    y = drawn(truth, 3)
    error = calibration_error(y, np.interp(new, knots, p))
    assert error < noise_of(np.interp(new, knots, p)) + 0.01
    assert np.abs(np.interp(new, knots, p) - truth).mean() < 0.02


@pytest.mark.parametrize("n", [1200, 3000])
def test_the_range_holds_the_true_share_as_often_as_it_says(n):
    pool, chance = creators(20_000)
    held, rng = [], np.random.default_rng(0)
    for _ in range(20):
        rows = rng.permutation(len(pool))
        own, rest = rows[:n], rows[n : n + 5000]
        y = (rng.random(n) < chance[own]).astype(float)
        knots, p = calibration_curve(pool[own], y, np.ones(n))
        low, high = share_range(pool[own], y, np.ones(n), knots, p, window=int(n ** (2 / 3)))
        low, high = (np.interp(pool[rest], knots, side) for side in (low, high))
        held.append(np.mean((low <= chance[rest]) & (chance[rest] <= high)))
    assert abs(np.mean(held) - RANGE_LEVEL) < 0.04


def test_a_run_measures_the_coverage_of_its_own_ranges():
    margin, chance = creators(2000)
    assert abs(range_coverage(margin, chance, np.ones(2000)) - RANGE_LEVEL) < 0.04


def test_the_range_holds_the_probability_and_narrows_with_more_creators():
    widths = []
    for n in (80, 1500, 8000):
        margin, chance = creators(n)
        table = fit_calibration({1: margin}, drawn(chance, 1), np.ones(n), 0.01)
        assert (table.low[1] <= table.probability[1]).all()
        assert (table.probability[1] <= table.high[1]).all()
        assert ((table.low[1] >= 0) & (table.high[1] <= 1)).all()
        widths.append(table.widths()[1])
    assert widths[0] > widths[1] > widths[2]


def test_where_all_or_none_were_bought_the_range_reaches_the_end():
    margin = np.linspace(-5, 5, 1000)
    y = (margin > 0).astype(float)
    knots, p = calibration_curve(margin, y, np.ones(1000))
    low, high = share_range(margin, y, np.ones(1000), knots, p, window=100)
    assert low[knots < -2].max() == 0.0
    assert high[knots > 2].min() == 1.0


def test_creators_without_weight_do_not_narrow_the_range():
    margin, chance = creators(2000)
    y, w = drawn(chance, 1), np.where(np.arange(2000) % 4 == 0, 1.0, 1e-9)
    knots, p = calibration_curve(margin, y, np.ones(2000))
    all_of_them, some = (share_range(margin, y, weight, knots, p, window=200) for weight in (np.ones(2000), w))
    assert np.mean(some[1] - some[0]) > 1.5 * np.mean(all_of_them[1] - all_of_them[0])


def three_pillars(n=1500):
    """Margins by combination: three pillars, each with its own news, of which one creator in four lacks the third."""
    rng = np.random.default_rng(4)
    y = (rng.random(n) < 0.35).astype(float)
    news = {bit: y * 1.2 + rng.normal(size=n) for bit in (1, 2, 4)}
    lacks = rng.random(n) < 0.25
    margins = {}
    for mask in COMBINATIONS:
        margin = sum((news[bit] for bit in (1, 2, 4) if mask & bit), np.zeros(n))
        margins[mask] = np.where((mask & 8 > 0) | (lacks & (mask & 4 > 0)), np.nan, margin)
    return margins, y


def test_fewer_pillars_never_have_the_narrower_range_at_the_same_probability():
    margins, y = three_pillars()
    table = fit_calibration(margins, y, np.ones(len(y)), 0.01)
    for small, large in ((1, 3), (3, 7), (2, 7)):
        at = np.linspace(0.2, 0.8, 13)
        width = {m: np.interp(at, table.probability[m], table.high[m] - table.low[m]) for m in (small, large)}
        assert width[small].mean() > 0.9 * width[large].mean()


def test_nothing_to_compare_is_said():
    with pytest.raises(InputError, match=r"no pillar .* is known for creators of both classes"):
        fit_calibration({1: np.array([0.0, np.nan])}, np.array([0.0, 1.0]), np.ones(2), 0.01)


def test_tables_survive_a_file_and_damaged_ones_are_refused():
    margins, y = three_pillars(300)
    table = fit_calibration(margins, y, np.ones(300), 0.01)
    data = table.to_dict()
    assert Calibration.from_dict(data).to_dict() == data
    short = {**data, "growth": {**data["growth"], "low": data["growth"]["low"][:-1]}}
    with pytest.raises(ValueError, match="calibration of growth: lists of different lengths"):
        Calibration.from_dict(short)
    for side, value in (("high", 0.0), ("low", 1.0), ("low", -0.1), ("high", 1.1)):
        outside = {**data, "growth": {**data["growth"], side: [value] * len(data["growth"][side])}}
        with pytest.raises(ValueError, match="calibration of growth: a probability outside its range"):
            Calibration.from_dict(outside)


def test_a_model_without_ranges_still_gives_probabilities():
    old = {n: {k: v for k, v in f.items() if k not in ("low", "high")} for n, f in _fitted().to_dict().items()}
    table, mask = Calibration.from_dict(old), np.array([1, 3, 0])
    assert np.isfinite(table.apply(np.zeros(3), mask)[:2]).all()
    assert np.isnan(table.range_of(np.zeros(3), mask)).all()
    assert (confidence_table(table)[[1, 3, 7], ALL_PILLARS] == 0).all(), "no range: nobody knows how good it is"


def _fitted():
    margins, y = three_pillars()
    return fit_calibration(margins, y, np.ones(len(y)), 0.01)


def test_a_shift_of_prevalence_is_bayes_rule():
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=40_000), rng.normal(size=40_000) + 1.0])
    p = 1 / (1 + np.exp(-(x - 0.5)))  # at one half
    shifted = shifted_odds(p, 0.5, 0.1)
    weight = np.repeat([0.9, 0.1], 40_000)
    y = np.repeat([0.0, 1.0], 40_000)
    for low, high in ((0.0, 0.05), (0.05, 0.15), (0.15, 0.5)):
        here = (shifted >= low) & (shifted < high)
        assert np.average(shifted[here], weights=weight[here]) == pytest.approx(
            np.average(y[here], weights=weight[here]), abs=0.01
        )
    np.testing.assert_allclose(shifted_odds(shifted, 0.1, 0.5), p, atol=1e-12)
    assert np.isnan(shifted_odds(np.array([np.nan]), 0.5, 0.1)).all()


@pytest.mark.parametrize("wanted", [0.0, 1.0, -0.1, float("nan")])
def test_a_prevalence_that_is_none_is_refused(wanted):
    with pytest.raises(ValueError, match="prevalence must be between 0 and 1"):
        shifted_odds(np.array([0.5]), 0.5, wanted)


def test_taking_a_pillar_away_never_raises_the_confidence():
    # Whatever is calibrated, and however well: the table is checked whole.
    rng = np.random.default_rng(1)
    full = _fitted()
    for _ in range(20):
        kept = [m for m in full.margin if rng.random() < 0.6] or [7]
        spread = {m: rng.uniform(0, 0.4) for m in kept}
        low, high = ({m: np.array([0.5 + s * w / 2]) for m, w in spread.items()} for s in (-1, 1))
        half = {m: np.array([0.5]) for m in kept}
        table = confidence_table(Calibration(half, half, dict.fromkeys(kept, 0.5), {}, low, high))
        for present in range(ALL_PILLARS + 1):
            for plenty in subsets_of(present):
                for bit in (1, 2, 4, 8):
                    assert table[present & ~bit, plenty & ~bit] <= table[present, plenty]


def test_confidence_asks_for_pillars_and_for_what_they_hold():
    table = confidence_table(_fitted())
    assert [CONFIDENCES[table[m, m]] for m in (1, 3, 7)] == ["low", "medium", "high"]
    assert CONFIDENCES[table[7, 0]] == "medium", "three pillars with next to nothing in them"
    assert CONFIDENCES[table[3, 0]] == "low"
    assert table[0, 0] == -1
    assert table[8, 8] == -1, "never calibrated"


def test_plenty_is_counted_in_the_output_columns():
    counts = {column: np.array([least - 1, least]) for column, least in WELL_SUPPLIED.values()}
    assert supplied(counts, 2).tolist() == [0, ALL_PILLARS]
    assert supplied({}, 2).tolist() == [0, 0]
