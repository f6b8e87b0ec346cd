"""Share of suspicious followers: right on crowds of known make-up, modest on small ones, never surer than its model."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from realreach.accounts.model import default_account_model
from realreach.accounts.prior import shift_prior
from realreach.accounts.share import FEWEST_ACCOUNTS, suspicious_share, suspicious_shares

BASE = 0.1


def crowd(rng, number, share, apart=2.5):
    """Return calibrated probabilities at the base prevalence of accounts of two kinds whose scores are two normals."""
    kind = rng.random(number) < share
    score = rng.normal(np.where(kind, apart, 0.0), 1.0)
    odds = np.log(BASE / (1 - BASE)) + apart * score - apart**2 / 2
    return 1 / (1 + np.exp(-odds)), kind.mean()


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.8])
def test_known_shares_are_recovered_and_covered(share):
    rng = np.random.default_rng(4)
    found = [(suspicious_share(p, BASE), truth) for p, truth in (crowd(rng, 200, share) for _ in range(60))]
    assert abs(np.mean([s.median - truth for s, truth in found])) < 0.04
    assert np.mean([s.low <= truth <= s.high for s, truth in found]) >= 0.9


def test_a_small_sample_does_not_accuse():
    rng = np.random.default_rng(6)
    lows = [suspicious_share(crowd(rng, 40, 0.10)[0], BASE).low for _ in range(60)]
    assert np.mean(np.array(lows) > 0.10) < 0.12
    assert np.mean(np.array(lows) > 0.25) == 0.0


def test_many_accounts_say_more_but_never_everything():
    p = np.repeat([0.01, 0.95], [3, 1])
    width = [(s := suspicious_share(np.tile(p, n), BASE)).high - s.low for n in (10, 50, 500, 5_000)]
    assert width[0] > width[1] > width[2] > width[3] > 0.05


def test_too_few_accounts_and_unknown_ones_give_nothing():
    p = np.full(FEWEST_ACCOUNTS, 0.3)
    assert not np.isnan(suspicious_share(p, BASE).low)
    assert np.isnan(suspicious_share(p[1:], BASE)).all()
    half = np.where(np.arange(2 * FEWEST_ACCOUNTS - 1) % 2, np.nan, 0.3)
    np.testing.assert_array_equal(suspicious_share(half, BASE), suspicious_share(p, BASE))
    assert np.isnan(suspicious_share(np.where(np.arange(40) % 2, np.nan, 0.3), BASE)).all()


def test_plain_certainty_stays_inside_the_scale():
    for p in (np.zeros(50), np.ones(50)):
        low, median, high = suspicious_share(p, BASE)
        assert 0.0 < low < median < high < 1.0


def test_the_prevalence_behind_the_probabilities_does_not_matter():
    p, _ = crowd(np.random.default_rng(8), 150, 0.3)
    moved = suspicious_share(shift_prior(p, BASE, 0.4), 0.4)
    np.testing.assert_allclose(moved, suspicious_share(p, BASE), atol=1e-9)


def test_a_sample_gets_the_same_numbers_alone_and_beside_others():
    rng = np.random.default_rng(9)
    parts = [crowd(rng, n, 0.2)[0] for n in (30, 500, 7, 77)]
    starts = np.cumsum([0, *(len(p) for p in parts)])
    together = suspicious_shares(np.concatenate(parts), starts, BASE)
    np.testing.assert_array_equal(together, [suspicious_share(p, BASE) for p in parts])


def test_bags_of_real_accounts_that_the_model_never_saw_are_covered():
    folder = Path(os.environ.get("REALREACH_DATASETS", "nowhere"), "accounts_instafake_fake")
    if not folder.is_dir():
        pytest.skip("needs accounts_instafake_fake: set REALREACH_DATASETS to the folder of the data sets")
    rows = [r for name in ("fake", "real") for r in json.loads((folder / f"{name}AccountData.json").read_text())]
    names = {
        "followers": "userFollowerCount",
        "following": "userFollowingCount",
        "posts_count": "userMediaCount",
        "has_picture": "userHasProfilPic",
        "is_private": "userIsPrivate",
        "username_length": "usernameLength",
        "username_digits": "usernameDigitCount",
    }
    columns = {ours: np.array([float(r[theirs]) for r in rows]) for ours, theirs in names.items()}
    model = default_account_model()
    p = model.probabilities(columns)
    fake = np.array([r["isFake"] for r in rows]) == 1
    rng = np.random.default_rng(2)
    covered, wrong = [], []
    for share in (0.05, 0.1, 0.2, 0.35, 0.5):
        for number in (50, 100, 300):
            for _ in range(8):
                some = rng.binomial(number, share)
                bag = np.concatenate([rng.choice(p[fake], some), rng.choice(p[~fake], number - some)])
                found = suspicious_share(bag, model.base_prevalence)
                covered.append(found.low <= share <= found.high)
                wrong.append(abs(found.median - share))
    assert np.mean(covered) >= 0.85
    assert np.mean(wrong) < 0.08
