"""The growth suite of the benchmark: no curve on both sides, leaks stop the run, the ordinary features are judged."""

import numpy as np
import pandas as pd
import pytest

from realreach.benchmark import growth
from realreach.benchmark.growth_doses import delivery_weight, refuse_shared
from realreach.benchmark.growth_laying import curve_table, github_windows, make_bought
from realreach.benchmark.growth_recipe import by_folds, leaking, matched_result, refuse_leaks
from realreach.benchmark.growth_stars import ratio_lines
from realreach.benchmark.suites import Options
from realreach.errors import ModelError
from realreach.features import feature_names
from realreach.metrics import roc_auc
from realreach.simulate.check_difficulty import DOSES
from worlds import creator, features

DAYS = 71


def curves(number=6, seed=0):
    """Return honest curves of ten weeks, one a row."""
    gains = np.random.default_rng(seed).negative_binomial(0.8, 0.1, (number, DAYS))
    return 1_000.0 + np.concatenate([np.zeros((number, 1)), np.cumsum(gains, axis=1)], axis=1)


def shapes():
    return [np.sort(np.random.default_rng(i).uniform(0.0, 0.4, 30)) for i in range(3)]


def test_curve_has_the_same_features_as_in_tables():
    levels = curves(1)
    table = pd.Series(curve_table(levels)[0], index=feature_names())
    row = features(creator("a", curve=levels[0])).loc["a"]
    for name in feature_names():
        of_curve = name.startswith("growth__") and "innocence" not in name
        if of_curve or name in ("context__gain__366d__log10", "context__history__366d__days"):
            assert (
                table[name] == row[name] or (np.isnan(table[name]) and np.isnan(row[name])) or "following_ratio" in name
            )


def test_every_curve_gets_every_style_and_dose():
    levels = curves()
    bought = make_bought(levels, np.arange(6) + 10, shapes(), np.random.default_rng(0), draws=2)
    assert len(bought.X) == 6 * 2 * len(DOSES) * 2
    table = pd.DataFrame({"base": bought.base, "style": bought.style, "dose": bought.dose})
    assert (table.groupby(["base", "style", "dose"]).size() == 2).all()
    assert set(bought.base) == set(range(10, 16))


def test_delivery_has_the_size_that_was_asked_for():
    levels = curves(40)
    bought = make_bought(levels, np.arange(40), shapes(), np.random.default_rng(0), draws=1)
    gain = feature_names().index("context__gain__366d__log10")
    clean = 10.0 ** curve_table(levels)[:, gain] - 1.0
    for dose in DOSES:
        laid = 10.0 ** bought.X[(bought.style == "drip") & (bought.dose == dose), gain] - 1.0
        assert np.median(laid / clean) == pytest.approx(1.0 + dose, abs=0.03)


def test_doses_that_are_never_told_lie_between_those_that_are():
    bought = make_bought(curves(50), np.arange(50), shapes(), np.random.default_rng(0), draws=1, grid=False)
    assert len(np.unique(bought.dose)) == len(bought.dose)
    assert 0.05 <= bought.dose.min() < 0.07
    assert 0.6 < bought.dose.max() <= 0.7


def test_small_orders_and_even_ones_weigh_less():
    weight = delivery_weight(np.array(["block", "block", "drip"]), np.array([0.1, 0.3, 0.3]))
    assert weight[1] > 4 * weight[0]
    assert weight[1] > 5 * weight[2]


def test_base_creator_on_both_sides_stops_the_run():
    refuse_shared(np.array([1, 2]), np.array([3]))
    with pytest.raises(ModelError, match="1 base creators stand on both sides"):
        refuse_shared(np.array([1, 2]), np.array([2, 3]))


def test_planted_leak_stops_the_run():
    rng = np.random.default_rng(0)
    y = np.repeat([0.0, 1.0], 60)
    X = rng.normal(size=(120, 3))
    refuse_leaks(X, y, ["a", "b", "c"], "some_set")
    X[:, 1] = -3.0 * y + 0.01 * rng.normal(size=120)
    assert leaking(X, y, ["a", "b", "c"]) == ["b"]
    with pytest.raises(ModelError, match="some_set: b alone separates"):
        refuse_leaks(X, y, ["a", "b", "c"], "some_set")


def test_few_rows_are_no_leak():
    y = np.repeat([0.0, 1.0], 10)
    assert leaking(y[:, None], y, ["a"]) == []


def test_folds_keep_a_group_together():
    # Rows of a group are alike and carry its label: known beforehand, they would be recalled perfectly.
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(150), 4)
    X = rng.normal(size=(150, 3))[group]
    y = rng.integers(0, 2, 150).astype(float)[group]
    assert abs(roc_auc(y, by_folds(X, y, group, kind="plain")) - 0.5) < 0.15
    assert roc_auc(y, by_folds(X, y, np.arange(600), kind="plain")) > 0.95


def test_rows_that_may_not_be_trained_on_are_judged_all_the_same():
    rng = np.random.default_rng(0)
    y = np.tile([0.0, 1.0], 200)
    X = (y + 0.3 * rng.normal(size=400))[:, None]
    wrong = np.arange(400) >= 300
    turned = np.where(wrong, 1.0 - y, y)
    p = by_folds(X, turned, np.arange(400), kind="plain", trainable=~wrong)
    assert roc_auc(y[wrong], p[wrong]) > 0.9


def test_pairs_of_equal_size_take_size_away():
    rng = np.random.default_rng(0)
    y = np.repeat([0.0, 1.0], 300)
    size = np.exp(rng.normal(7.0, 1.0, 600) - y)
    line = matched_result("set", "pairs", "baseline", "size", y, -size, size, protocol="none", replicates=20)
    assert roc_auc(y, -size) > 0.7
    assert line.figures["roc_auc"].value == pytest.approx(0.5, abs=0.05)
    assert line.n == 2 * line.positives


def test_sets_that_are_not_there_are_told_and_left_out(tmp_path):
    said = []
    assert growth.run(tmp_path, Options(report=said.append)) == []
    assert [s.split(":")[0] for s in said] == [
        "growth_starscout_monthly",
        "growth_starscout_ratios",
        "growth_ghostnet_events",
    ]
    assert github_windows(tmp_path, np.random.default_rng(0)) is None


def test_totals_are_judged_by_the_ordinary_levels(tmp_path):
    rng = np.random.default_rng(0)
    n = 160
    bought = np.arange(n) % 2 == 0
    stars = np.exp(rng.uniform(4.5, 6.5, n)).round()
    forks = rng.poisson(stars * np.where(bought, 0.02, 0.15) * np.exp(rng.normal(0.0, 0.9, n)))
    frame = pd.DataFrame(
        {
            "repo_hash": [f"r{i:03d}" for i in range(n)],
            "owner_hash": [f"o{i:03d}" for i in range(n)],
            "label": np.where(bought, "campaign", "random_sample"),
            "WatchEvent": stars,
            "ForkEvent": forks,
            "IssuesEvent": rng.poisson(3, n),
            "IssueCommentEvent": rng.poisson(5, n),
            "PushEvent": 20,
        }
    )
    folder = tmp_path / "growth_starscout_ratios"
    folder.mkdir()
    frame.to_csv(folder / "repo_event_totals.csv.gz", index=False)
    lines = ratio_lines(tmp_path, Options(quick=True))
    ours = [r for r in lines if r.method == "ours" and "pairs" in r.task]
    assert ours[0].figures["roc_auc"].value > 0.8
    assert ours[0].reached("roc_auc") is not None
    chance = [r for r in lines if "shuffled" in r.task]
    assert chance[0].figures["roc_auc"].value == pytest.approx(0.5, abs=0.15)
    assert "campaign" in growth.PROTOCOL
