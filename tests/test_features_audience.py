"""Audience features: what a sample of followers says, what it does not, and what stays unknown."""

import numpy as np
import pytest

import worlds
from realreach.features.audience import FEATURES, SHARE_NAMES

RNG_SEED = 12


def sample(number=150, **kind):
    return worlds.accounts(number, np.random.default_rng(RNG_SEED), **kind)


def row(audience, as_of=worlds.END, **profile):
    return worlds.one(worlds.creator("one", audience=audience, **profile), as_of)


def without(columns, *names):
    return {name: values for name, values in columns.items() if name not in names}


def test_bought_followers_raise_every_sign_they_should():
    honest, bought = row(sample(sold=0.0)), row(sample(sold=0.5))
    for record in FEATURES:
        quantity = record.name.split("__")[1]
        if record.direction > 0 and quantity not in ("twins", "no_bio"):
            assert bought[record.name] > honest[record.name], record.name
    assert bought["audience__followers__all__median"] < honest["audience__followers__all__median"]
    assert honest["audience__streak__all__share"] == 0.0


@pytest.mark.parametrize("sold", [0.1, 0.4, 0.7])
def test_the_interval_holds_the_share(sold):
    low, median, high = row(sample(400, sold=sold))[list(SHARE_NAMES)]
    assert low < sold < high
    assert low < median < high


def test_the_lower_end_of_a_small_sample_accuses_less():
    few, many = row(sample(40, sold=0.4)), row(sample(400, sold=0.4))
    assert few[SHARE_NAMES[0]] < many[SHARE_NAMES[0]]
    assert few[SHARE_NAMES[2]] > many[SHARE_NAMES[2]]


def test_twenty_nine_accounts_say_nothing_and_thirty_do():
    known = row(sample(29)).filter(like="audience__").drop("context__audience__all__count")
    assert known.isna().all()
    assert row(sample(29))["context__audience__all__count"] == 29
    assert row(sample(30)).filter(like="audience__").drop("audience__twins__all__share").notna().all()


@pytest.mark.parametrize(
    ("gone", "unknown"),
    [
        (("has_picture",), {"no_picture__all__share", "twins__all__share"}),
        (("bio_length",), {"no_bio__all__share"}),
        (("opened",), {"young__all__share", "birth_month__all__max", "streak__all__share", "streak__all__max"}),
        (("follow_order",), {"streak__all__share", "streak__all__max"}),
        (("username_digits", "username_length"), {"digits__all__share", "twins__all__share"}),
        (("posts_count",), {"no_posts__all__share", "twins__all__share"}),
    ],
)
def test_a_missing_column_leaves_the_rest_working(gone, unknown):
    full, less = row(sample()), row(without(sample(), *gone))
    lost = full.index[full.notna() & less.isna()]
    assert set(lost) == {f"audience__{name}" for name in unknown}


def test_order_and_birthdays_alone_show_batches():
    bare = {name: sample(sold=0.3)[name] for name in ("follow_order", "opened", "day")}
    found = row(bare)
    assert found["audience__streak__all__share"] == pytest.approx(0.3, abs=0.04)
    assert np.isnan(found[SHARE_NAMES[1]])
    assert found["context__audience__all__count"] == 150


def test_batches_are_seen_by_the_order_of_following_not_of_rows():
    mixed = sample(sold=0.3)
    rng = np.random.default_rng(1)
    lost = {**mixed, "follow_order": rng.permutation(mixed["follow_order"])}
    assert row(mixed)["audience__streak__all__share"] > 0.25
    assert row(lost)["audience__streak__all__share"] < 0.05


def test_accounts_looked_at_later_are_not_read():
    early = worlds.START + np.timedelta64(40, "D")
    seen = row(sample(300, sold=0.3), early)
    assert seen["context__audience__all__count"] == 160  # those of the first twenty days in turn
    late = sample(300, sold=0.3)
    late["day"] = np.where(late["day"] < 40, late["day"], 90.0)
    assert seen[SHARE_NAMES[1]] == row(late, early)[SHARE_NAMES[1]]


def test_an_account_opened_after_the_day_of_the_decision_is_not_read():
    without_day = without(sample(60), "day")
    without_day["opened"] = np.where(np.arange(60) < 20, 400.0, without_day["opened"])
    assert row(without_day)["context__audience__all__count"] == 40


def test_private_accounts_are_nobodys_twins():
    same = {name: np.repeat(values[:50], 2) for name, values in sample(100, sold=0.0, dated=False).items()}
    public = {**same, "is_private": np.zeros(100)}
    assert row(public)["audience__twins__all__share"] == 1.0
    assert np.isnan(row({**same, "is_private": np.ones(100)})["audience__twins__all__share"])
