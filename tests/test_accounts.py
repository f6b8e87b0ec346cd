"""The account model: derived columns, probabilities with any columns missing, prior shift, and its folder."""

import json
import subprocess
import sys

import numpy as np
import pytest

from accounts import made_accounts
from realreach.accounts.columns import ACCOUNT_COLUMNS, ACCOUNT_FEATURES, GROUPS, account_features, known_groups
from realreach.accounts.model import AccountModel, default_account_model, hide_groups
from realreach.accounts.prior import adjusted_share, saerens_share, shift_prior
from realreach.accounts.store import load_account_model, save_account_model
from realreach.errors import ModelError, UsageError

NAMES = [f.name for f in ACCOUNT_FEATURES]


@pytest.fixture(scope="module")
def model():
    return default_account_model()


@pytest.fixture(scope="module")
def accounts():
    return made_accounts(200)[0]


def feature(name, **columns):
    return account_features({k: np.array(v, dtype=float) for k, v in columns.items()})[:, NAMES.index(name)]


def test_exact_counts_give_the_row_that_rounded_ones_give():
    exact = account_features({"followers": [12_345, 1_949, 999], "following": [1_051, 4_449, 17]})
    shown = account_features({"followers": [12_300, 1_900, 999], "following": [1_100, 4_400, 17]})
    assert np.array_equal(exact, shown, equal_nan=True)


def test_counts_below_a_thousand_are_not_rounded():
    assert len(set(feature("log_followers", followers=range(1000)))) == 1000


def test_following_is_capped_at_the_platforms_limit():
    a, b, c = feature("log_following", following=[7_500, 90_000, 7_000])
    assert a == b > c


def test_features_say_what_they_name():
    one = {"followers": [9], "following": [99], "posts_count": [0], "username_length": [8], "username_digits": [2]}
    row = dict(zip(NAMES, account_features(one)[0], strict=True))
    assert row["log_following_per_follower"] == pytest.approx(np.log(10))
    assert row["log_following_per_post"] == pytest.approx(np.log(100))
    assert row["log_return"] == pytest.approx(np.log(10 * 1 / 100))
    assert row["username_digit_share"] == 0.25
    assert row["log_least_presence"] == 0
    assert np.isnan(row["has_picture"])


def test_features_are_unknown_exactly_where_something_needed_is(accounts):
    for gone in accounts:
        features = account_features({k: v for k, v in accounts.items() if k != gone})
        lost = {f.name for f, col in zip(ACCOUNT_FEATURES, features.T, strict=True) if np.isnan(col).all()}
        group = "username_digit_share" if gone == "username_digits" else gone
        expected = {f.name for f in ACCOUNT_FEATURES if group in f.needs} | {"log_bio_length"}
        if gone == "username_length":  # the share needs it, too
            expected.add("username_digit_share")
        assert lost == expected


def test_a_share_of_digits_may_stand_for_the_count():
    counted = feature("username_digit_share", username_length=[8, 0], username_digits=[2, 0])
    given = feature("username_digit_share", username_digit_share=[0.25, np.nan])
    assert counted[0] == given[0] == 0.25
    assert np.isnan(counted[1])
    assert np.isnan(given[1])


def test_nonsense_becomes_unknown():
    features = account_features({"followers": [-3, np.inf, np.nan], "has_picture": [1, 1, 1]})
    assert known_groups(features).tolist() == [8, 8, 8]


@pytest.mark.parametrize(
    ("columns", "words"), [({"colour": [1]}, "none of the columns"), ({"followers": [1], "following": [1, 2]}, "same")]
)
def test_columns_that_cannot_be_used_are_refused(columns, words):
    with pytest.raises(UsageError, match=words):
        account_features(columns)


def test_input_is_not_changed(accounts, model):
    before = {k: v.copy() for k, v in accounts.items()}
    model.probabilities(accounts)
    assert all(np.array_equal(before[k], accounts[k]) for k in accounts)


def test_an_account_alone_is_judged_as_in_any_crowd(accounts, model):
    crowd = model.probabilities(accounts)
    order = np.random.default_rng(0).permutation(200)
    assert np.array_equal(model.probabilities({k: v[order] for k, v in accounts.items()}), crowd[order])
    for i in range(0, 200, 23):
        alone = model.probabilities({k: v[i : i + 1] for k, v in accounts.items()})
        assert alone[0] == crowd[i]


def test_missing_columns_of_other_accounts_do_not_matter(accounts, model):
    holes = {k: np.where(np.arange(200) % 2 == 0, v, np.nan) if k != "followers" else v for k, v in accounts.items()}
    assert np.array_equal(model.probabilities(holes)[::2], model.probabilities(accounts)[::2])
    alone = model.probabilities({"followers": accounts["followers"]})
    assert np.array_equal(model.probabilities(holes)[1::2], alone[1::2])


def test_every_combination_of_columns_is_calibrated(model):
    features = account_features(made_accounts(50)[0])
    assert set(model.patterns) == {m for m in range(1, 256) if not m & 1 << GROUPS.index("bio_length")}
    for mask in model.patterns:
        p = model._trained(hide_groups(features, np.full(50, mask)))
        assert ((p > 0) & (p < 1)).all()


def test_nothing_known_gives_no_probability(model):
    p = model.probabilities({"followers": np.array([np.nan, 5.0]), "bio_length": np.array([3.0, 3.0])})
    assert np.isnan(p[0])
    assert p[1] > 0
    assert model.types({"bio_length": np.array([3.0])}).tolist() == ["unknown"]


def test_no_accounts_give_no_probabilities(model):
    assert model.probabilities({"followers": np.empty(0)}).shape == (0,)
    assert model.types({"followers": np.empty(0)}).shape == (0,)


def test_signs_of_bought_accounts_never_lower_the_probability(model):
    base = {"followers": 300.0, "following": 400.0, "posts_count": 30.0, "has_picture": 1.0, "username_length": 10.0}
    base |= {"username_digits": 0.0, "is_private": 0.0}
    for change in ({"has_picture": 0.0}, {"username_digits": 5.0}, {"posts_count": 0.0, "followers": 3.0}):
        two = {k: np.array([v, change.get(k, v)]) for k, v in base.items()}
        p = model.probabilities(two)
        assert p[1] >= p[0]


def test_the_default_tells_made_up_kinds_apart(model):
    columns, y = made_accounts(400)
    p = model.probabilities(columns)
    assert p[y == 1].mean() > p[y == 0].mean() + 0.3


def test_types_follow_their_order(model):
    columns = {"followers": [2, 900, 900, 900], "following": [7000, 1600, 400, 400], "posts_count": [0, 300, 0, 300]}
    columns = {k: np.array(v, dtype=float) for k, v in columns.items()}
    assert model.types(columns).tolist() == ["suspicious", "mass_follower", "inactive", "real"]
    high = np.full(4, 0.99)
    assert model.types(columns, high).tolist() == ["suspicious"] * 4
    # At the threshold itself an account is suspicious.
    assert model.types({"followers": np.array([1.0])}, np.array([model.threshold])).tolist() == ["suspicious"]


def test_prevalence_moves_probabilities_and_no_call(accounts, model):
    p = model.probabilities(accounts)
    for share in (0.02, 0.4):
        moved = model.at_prevalence(share)
        q = moved.probabilities(accounts)
        assert ((q > p) == (share > model.base_prevalence)).all()
        assert np.array_equal(moved.types(accounts), model.types(accounts))
        back = moved.at_prevalence(model.base_prevalence)
        assert np.array_equal(back.probabilities(accounts), p)
    with pytest.raises(UsageError, match="between 0 and 1"):
        model.at_prevalence(1.0)


def test_rates_are_those_of_what_is_known(model):
    known = model.known({"followers": np.array([1.0, np.nan]), "following": np.array([np.nan, np.nan])})
    rates = model.rates(known)
    assert rates[0].tolist() == list(model.patterns[1][2:])
    assert np.isnan(rates[1]).all()
    whole = model.patterns[model.groups]
    assert whole.sensitivity > 0.5 > 0.1 > whole.false_positive_rate
    assert whole.mean_suspicious > whole.mean_real


def test_model_survives_json(accounts, model):
    again = AccountModel.from_dict(json.loads(json.dumps(model.to_dict())))
    assert np.array_equal(again.probabilities(accounts), model.probabilities(accounts))
    assert again.to_dict() == model.to_dict()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 99}, "format"),
        ({"features": ["other"]}, "other columns"),
        ({"patterns": {"1": [1.0]}}, "damaged"),
        ({"threshold": None}, "damaged"),
        ({"booster_text": "no trees"}, "cannot be read"),
    ],
)
def test_damaged_models_are_refused(change, words, model):
    data = model.to_dict() | change
    with pytest.raises(ModelError, match=words):
        AccountModel.from_dict(data).probabilities({"followers": np.array([1.0])})


def test_folder_reads_back_and_a_changed_byte_is_refused(tmp_path, accounts, model):
    folder = save_account_model(model, tmp_path / "m", texts={"card.md": "# Card\n"})
    assert np.array_equal(load_account_model(folder).probabilities(accounts), model.probabilities(accounts))
    for name in ("model.txt", "account_model.json"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:-1] + b" ")
        with pytest.raises(ModelError, match=f"{name} is not the file"):
            load_account_model(folder)
        (folder / name).unlink()
        with pytest.raises(ModelError, match=f"{name} is missing"):
            load_account_model(folder)
        (folder / name).write_bytes(content)
    (folder / "manifest.json").write_text('{"sha256": {"model.txt": ""}}')
    with pytest.raises(ModelError, match=r"lacks account_model\.json"):
        load_account_model(folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(ModelError, match="manifest"):
        load_account_model(folder)


def test_the_shipped_folder_is_whole_and_says_whose_data_it_is():
    import hashlib
    from pathlib import Path

    import realreach.accounts

    folder = Path(realreach.accounts.__file__).parent / "default"
    digests = json.loads((folder / "manifest.json").read_text("utf-8"))["sha256"]
    assert set(digests) == {p.name for p in folder.iterdir()} - {"manifest.json"}
    for name, digest in digests.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name
    notice, card = ((folder / name).read_text("utf-8") for name in ("NOTICE.md", "card.md"))
    assert all(words in notice for words in ("SRF Data", "CC BY-SA 4.0", "same licence"))
    assert not any("instafake" in text.lower() for text in (notice, card))
    assert "bio_length" in card


@pytest.mark.parametrize("share", [0.03, 0.25, 0.6])
def test_shares_are_recovered_without_labels(share):
    rng = np.random.default_rng(1)

    def crowd(n, share):
        fake = rng.random(n) < share
        z = rng.normal(np.where(fake, 1.5, -1.5), 1.7)
        odds = np.exp(2 * 1.5 * z / 1.7**2) * 0.1 / 0.9  # Bayes' rule at a share of 0.1
        return odds / (1 + odds), fake

    own, fake = crowd(40_000, 0.1)
    p, _ = crowd(40_000, share)
    assert saerens_share(p, 0.1) == pytest.approx(share, abs=0.02)
    assert adjusted_share(p.mean(), own[fake].mean(), own[~fake].mean()) == pytest.approx(share, abs=0.02)
    counted = adjusted_share((p > 0.5).mean(), (own[fake] > 0.5).mean(), (own[~fake] > 0.5).mean())
    assert counted == pytest.approx(share, abs=0.03)
    # The mean itself is off.
    assert abs(p.mean() - share) > 0.02


def test_prior_shift_can_be_undone_and_refuses_no_share():
    p = np.array([0.0, 0.2, 0.7, 1.0, np.nan])
    assert shift_prior(shift_prior(p, 0.1, 0.4), 0.4, 0.1) == pytest.approx(p, nan_ok=True)
    for old, new in ((0.0, 0.5), (0.5, 1.0), (float("nan"), 0.5)):
        with pytest.raises(UsageError, match="between 0 and 1"):
            shift_prior(p, old, new)


def test_shares_of_nothing_are_unknown():
    assert np.isnan(saerens_share(np.array([np.nan]), 0.1))
    assert np.isnan(adjusted_share(0.3, 0.2, 0.2))
    assert adjusted_share(0.01, 0.8, 0.05) == 0.0


def test_the_contract_of_the_audience_table_has_these_columns():
    from realreach.tables.contract import CONTRACTS

    assert set(ACCOUNT_COLUMNS) == set(CONTRACTS["audience"].by_name) - {
        *("creator_id", "account_id"),
        *("follow_order", "created_on", "sampled_on"),  # of the sample, not of the account alone
    }


def test_some_thousand_accounts_do_not_wait_for_the_compiler():
    """Loading numba costs more than it saves there, so a short list with samples of followers must not bring it in."""
    script = (
        "import sys, numpy as np; from realreach.accounts.model import default_account_model as model\n"
        "model().probabilities({'followers': np.arange(5_000.0), 'following': np.ones(5_000)})\n"
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
