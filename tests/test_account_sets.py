"""The adapters of public account sets: made-up files of the same shape always, the real ones where they are."""

import argparse
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from accounts import WRITERS, write_instafake, write_srf
from realreach.commands import datasets as command
from realreach.datasets import ACCOUNT_SETS, DatasetError, find_adapter, load_accounts
from realreach.errors import UsageError

REAL_ROWS = {
    "accounts_srf_followers": (975, 98),
    "accounts_instafake_fake": (1165, 200),
    "accounts_purba_bought_followers": (24412, 12120),
    "accounts_free4ever1": (696, 348),
    "accounts_cresci_e13_int": (2818, 1337),
}
every_set = pytest.mark.parametrize("name", list(ACCOUNT_SETS))


def test_every_set_has_a_made_up_folder_and_real_counts():
    assert set(WRITERS) == set(ACCOUNT_SETS) == set(REAL_ROWS)


@every_set
def test_made_up_folder_becomes_one_table(name, tmp_path):
    WRITERS[name](tmp_path)
    data = load_accounts(name, tmp_path)
    assert len(data) == len(data.y) == len(data.group) == len(data.part) > 100
    assert {"followers", "following", "posts_count"} <= set(data.columns)
    assert all(len(v) == len(data) and v.dtype == np.float64 for v in {**data.columns, **data.extras}.values())
    assert set(np.unique(data.y)) == {0.0, 1.0}
    assert not set(data.columns) & set(data.extras)


@every_set
def test_a_missing_file_is_named(name, tmp_path):
    with pytest.raises(DatasetError, match=next(iter(ACCOUNT_SETS[name].files)).replace(".", r"\.")):
        load_accounts(name, tmp_path)


@every_set
def test_terms_and_source_are_told(name):
    adapter = ACCOUNT_SETS[name]
    assert adapter.licence
    assert adapter.source
    assert adapter.notes
    assert adapter.name == name


def test_a_missing_column_and_a_wrong_label_are_named(tmp_path):
    write_srf(tmp_path)
    frame = pd.read_csv(tmp_path / "labelled.csv")
    frame.drop(columns="following").to_csv(tmp_path / "labelled.csv", index=False)
    with pytest.raises(DatasetError, match="lacks column `following`"):
        load_accounts("accounts_srf_followers", tmp_path)
    frame.assign(fake=2).to_csv(tmp_path / "labelled.csv", index=False)
    with pytest.raises(DatasetError, match="label must be 0 or 1"):
        load_accounts("accounts_srf_followers", tmp_path)


def test_damaged_json_is_refused_by_name(tmp_path):
    write_instafake(tmp_path)
    (tmp_path / "realAccountData.json").write_text("[{")
    with pytest.raises(DatasetError, match=r"realAccountData\.json"):
        load_accounts("accounts_instafake_fake", tmp_path)


def test_exact_duplicates_are_dropped_or_share_a_group(tmp_path):
    write_instafake(tmp_path)
    total = sum(len(json.loads((tmp_path / f"{k}AccountData.json").read_text())) for k in ("fake", "real"))
    assert len(load_accounts("accounts_instafake_fake", tmp_path)) == total - 2
    write_srf(tmp_path)
    frame = pd.read_csv(tmp_path / "labelled.csv")
    # The same account with the other label is still the same account.
    pd.concat([frame, frame.head(3).assign(fake=1 - frame["fake"].head(3))]).to_csv(
        tmp_path / "labelled.csv", index=False
    )
    data = load_accounts("accounts_srf_followers", tmp_path)
    assert data.group[:3].tolist() == data.group[-3:].tolist()


def test_unlabelled_accounts_have_no_label(tmp_path):
    write_srf(tmp_path)
    data = load_accounts("accounts_srf_followers", tmp_path, include="unlabelled")
    assert np.isnan(data.y).all()
    with pytest.raises(UsageError, match="not offered"):
        load_accounts("accounts_cresci_e13_int", tmp_path, include="unlabelled")
    with pytest.raises(UsageError, match="no set of accounts"):
        load_accounts("growth_vtuber_daily", tmp_path)


def test_rows_keep_everything_together(tmp_path):
    WRITERS["accounts_free4ever1"](tmp_path)
    data = load_accounts("accounts_free4ever1", tmp_path)
    chosen = np.array([150, 3])
    some = data.rows(chosen)
    assert some.part == ("test", "train")
    assert some.columns["followers"].tolist() == data.columns["followers"][chosen].tolist()
    assert some.y.tolist() == data.y[chosen].tolist()


def test_what_gives_cresci_away_is_not_read(tmp_path):
    WRITERS["accounts_cresci_e13_int"](tmp_path)
    data = load_accounts("accounts_cresci_e13_int", tmp_path)
    assert set(data.columns) | set(data.extras) == {"followers", "following", "posts_count", "favourites", "listed"}


def test_the_command_lists_them_and_does_not_convert_them(capsys):
    assert command.run(argparse.Namespace(action=None)) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in ACCOUNT_SETS)
    with pytest.raises(UsageError, match="nothing to convert"):
        find_adapter("accounts_srf_followers")


@every_set
def test_real_files(name):
    root = os.environ.get("REALREACH_DATASETS")
    if not root or not (Path(root) / name).is_dir():
        pytest.skip("the real files are not part of realreach: set REALREACH_DATASETS")
    data = load_accounts(name, Path(root) / name)
    assert (len(data), int(data.y.sum())) == REAL_ROWS[name]
