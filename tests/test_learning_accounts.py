"""Training of the account model: calibration with columns missing, chance on shuffled labels, the command."""

import argparse
from dataclasses import replace

import numpy as np
import pytest

from accounts import WRITERS, made_accounts, write_srf
from realreach.accounts.columns import account_features
from realreach.accounts.store import load_account_model
from realreach.commands import train_accounts
from realreach.errors import InputError, OutputError, UsageError
from realreach.learning.account_figures import COLUMN_SETS, figures_table, judge_account_recipe
from realreach.learning.account_recipe import MEMBERS, Matrix, fit_recipe
from realreach.learning.accounts import AccountSettings, calibrate, folds, identical_rows, train_account_model
from realreach.metrics import roc_auc

SMALL = AccountSettings(trees=60, learning_rate=0.1, folds=4, masked_copies=3)
MASKS = (1, 7, 15, 192, 223)


@pytest.fixture(scope="module")
def trained():
    columns, y = made_accounts(1500, 0.2, seed=1)
    return train_account_model(columns, y, SMALL, {"data": "made up"}, masks=MASKS)


def only(columns, mask):
    names = ("followers", "following", "posts_count", "has_picture", "is_private", "", "username_length")
    keep = {n for bit, n in enumerate(names) if mask >> bit & 1}
    if mask & 128:
        keep |= {"username_length", "username_digits"}
    return {k: v for k, v in columns.items() if k in keep}


@pytest.mark.parametrize("mask", MASKS)
def test_calibrated_whatever_is_known(trained, mask):
    columns, y = made_accounts(4000, 0.2, seed=2)
    p = trained.probabilities(only(columns, mask))
    assert p.mean() == pytest.approx(0.2, abs=0.03)
    cells = np.digitize(p, np.quantile(p, [0.25, 0.5, 0.75]))
    gaps = [abs(p[cells == c].mean() - y[cells == c].mean()) for c in np.unique(cells)]
    assert max(gaps) < 0.07
    # What was measured in training holds on accounts of the same world.
    pattern = trained.patterns[mask]
    assert (p[y == 1] >= 0.5).mean() == pytest.approx(pattern.sensitivity, abs=0.08)
    assert (p[y == 0] >= 0.5).mean() == pytest.approx(pattern.false_positive_rate, abs=0.02)
    assert p[y == 1].mean() == pytest.approx(pattern.mean_suspicious, abs=0.06)


def test_more_columns_rank_better(trained):
    columns, y = made_accounts(2000, 0.2, seed=3)
    areas = [float(roc_auc(y, trained.probabilities(only(columns, m)), None)) for m in (192, 7, 223)]
    assert areas == sorted(areas)
    assert areas[-1] > 0.95


def test_the_same_seed_gives_the_same_trees():
    columns, y = made_accounts(200)
    one, two, other = (
        train_account_model(columns, y, replace(SMALL, trees=5, seed=s), masks=(7,)).booster_text for s in (1, 1, 2)
    )
    assert one == two != other


def test_shuffled_labels_fall_to_chance():
    columns, y = made_accounts(600, 0.3)
    y = np.random.default_rng(5).permutation(y)
    judged = judge_account_recipe(columns, y, SMALL, outer=3, repeats=1, names=("all columns",))
    area = float(roc_auc(y, judged.p["all columns"][0], None))
    assert 0.42 < area < 0.58
    data = Matrix(account_features(columns), tuple("abcdefghijklmn"), np.zeros(14, dtype=np.int64))
    p = np.empty(600)
    for train, rest in folds(y, np.arange(600), 3, 0):
        fitted = fit_recipe(data.rows(train), y[train], train, members=("trees", "curves"), inner=3)
        p[rest] = fitted.probabilities(data.rows(rest))
    assert 0.42 < float(roc_auc(y, p, None)) < 0.58


def test_duplicates_stay_on_one_side():
    features = account_features(made_accounts(150)[0])
    features = np.concatenate([features, features])
    y = np.tile(made_accounts(150)[1], 2)
    groups = identical_rows(features)
    for train, judged in folds(y, groups, 5, 0):
        assert not set(groups[train].tolist()) & set(groups[judged].tolist())
        assert 0.1 < y[judged].mean() < 0.4


def test_slope_and_intercept_are_recovered():
    rng = np.random.default_rng(0)
    margin = rng.normal(0, 2, 20_000)
    y = (rng.random(20_000) < 1 / (1 + np.exp(-(0.6 * margin - 0.8)))).astype(float)
    assert calibrate(margin, y) == pytest.approx((0.6, -0.8), abs=0.05)
    # A margin the wrong way round is not believed.
    assert calibrate(-margin, y)[0] == 0.0


def test_members_of_the_recipe_all_tell_kinds_apart():
    columns, y = made_accounts(500, 0.3)
    values = account_features(columns)
    data = Matrix(values, tuple(f"f{i}" for i in range(values.shape[1])), np.zeros(values.shape[1], dtype=np.int64))
    train, rest = np.arange(350), np.arange(350, 500)
    for member in MEMBERS:
        fitted = fit_recipe(data.rows(train), y[train], train, members=(member,), inner=3)
        p = fitted.probabilities(data.rows(rest))
        assert float(roc_auc(y[rest], p, None)) > 0.9, member
        assert ((p > 0) & (p < 1)).all()


def test_too_few_accounts_or_labels_are_refused():
    columns, y = made_accounts(100, 0.1)
    with pytest.raises(InputError, match="20 suspicious"):
        train_account_model(columns, y, SMALL)
    columns, y = made_accounts(200, 0.3)
    y[0] = np.nan
    with pytest.raises(InputError, match="label for every row"):
        train_account_model(columns, y, SMALL)


def test_figures_name_what_was_known():
    columns, y = made_accounts(200, 0.3)
    judged = judge_account_recipe(columns, y, replace(SMALL, trees=10), outer=3, repeats=2)
    assert set(judged.p) == set(COLUMN_SETS)
    assert all(p.shape == (2, 200) and not np.isnan(p).any() for p in judged.p.values())
    table = figures_table(judged)
    assert all(f"| {name} |" in table for name in COLUMN_SETS)
    few = {k: columns[k] for k in ("followers", "following")}
    assert list(judge_account_recipe(few, y, replace(SMALL, trees=5), outer=3, repeats=1).p) == ["all columns"]


def arguments(tmp_path, **changes):
    given = {"datasets": tmp_path, "only": None, "out": tmp_path / "model", "overwrite": False, "seed": 0}
    return argparse.Namespace(**(given | {"repeats": 1, "quiet": True, "log_format": "text"} | changes))


def test_the_command_writes_a_model_with_card_and_notice(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("realreach.learning.accounts.AccountSettings", lambda seed: replace(SMALL, trees=15, seed=seed))
    write_srf(tmp_path / "accounts_srf_followers", n=250)
    WRITERS["accounts_instafake_fake"](tmp_path / "accounts_instafake_fake", n=200)
    assert train_accounts.run(arguments(tmp_path)) == 0
    assert "| all columns |" in capsys.readouterr().out
    model = load_account_model(tmp_path / "model")
    assert model.suspicious_count + model.real_count == 250
    assert len(model.patterns) == 127
    notice = (tmp_path / "model" / "NOTICE.md").read_text("utf-8")
    assert "same licence" in notice
    assert "NC" not in notice
    with pytest.raises(OutputError, match="exists"):
        train_accounts.run(arguments(tmp_path))
    # Terms of another set stand in its model, and its bio is looked at.
    given = arguments(tmp_path, only=["accounts_instafake_fake"], out=tmp_path / "other")
    assert train_accounts.run(given) == 0
    assert "CC BY-NC 4.0" in (tmp_path / "other" / "NOTICE.md").read_text("utf-8")
    assert len(load_account_model(tmp_path / "other").patterns) == 255
    with pytest.raises(UsageError, match="--repeats"):
        train_accounts.run(arguments(tmp_path, repeats=0))
    with pytest.raises(UsageError, match="no set of accounts"):
        train_accounts.run(arguments(tmp_path, only=["nothing"], out=tmp_path / "third"))
