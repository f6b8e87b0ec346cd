"""Splits: no group is cut, order does not matter, time is respected, small data are refused in words."""

import numpy as np
import pytest
from pydantic import ValidationError

from realreach.splits import PARTS, Split, SplitSettings, grouped_folds, split_creators

AT_RANDOM = SplitSettings(time="off")
BY_TIME = SplitSettings(time="on")


def world(n=600, owners=200, seed=0):
    """Labels, owner of each row (owners honest, fake or mixed), and the day of decision."""
    rng = np.random.default_rng(seed)
    owner = rng.integers(owners, size=n)
    labels = ((owner % 3 == 0) | (rng.random(n) < 0.1)).astype(float)
    days = 20_000.0 + owner + rng.integers(0, 5, size=n)
    return labels, np.array([f"o{i}" for i in owner], dtype=object), days


def shared_groups(split, groups):
    sets = [set(groups[rows]) for rows in split.parts.values()]
    return [a & b for i, a in enumerate(sets) for b in sets[i + 1 :] if a & b]


def where(split, names):
    """Part of each row, by the name of the row."""
    return {name: part for part, rows in split.parts.items() for name in names[rows]}


@pytest.mark.parametrize("settings", [AT_RANDOM, BY_TIME])
def test_every_row_is_in_one_part_and_no_group_in_two(settings):
    labels, groups, days = world()
    split = split_creators(labels, groups, days, settings, seed=1)
    everything = np.concatenate([*split.parts.values(), split.excluded])
    assert np.array_equal(np.sort(everything), np.arange(len(labels)))
    assert shared_groups(split, groups) == []


def test_shares_and_share_of_fakes_are_near_what_was_asked_for():
    rng = np.random.default_rng(2)
    labels = (rng.random(10_000) < 0.1).astype(float)
    split = split_creators(labels, np.arange(10_000), None, SplitSettings(), seed=0)
    shares = [len(rows) / 10_000 for rows in split.parts.values()]
    assert np.allclose(shares, [0.60, 0.10, 0.15, 0.15], atol=0.001)
    assert all(abs(labels[rows].mean() - labels.mean()) < 0.001 for rows in split.parts.values())


@pytest.mark.parametrize("settings", [AT_RANDOM, BY_TIME])
def test_order_of_rows_does_not_matter(settings):
    labels, groups, days = world()
    names = np.arange(len(labels))
    shuffle = np.random.default_rng(3).permutation(len(labels))
    plain = split_creators(labels, groups, days, settings, seed=1)
    shuffled = split_creators(labels[shuffle], groups[shuffle], days[shuffle], settings, seed=1)
    assert where(plain, names) == where(shuffled, names[shuffle])


def test_another_seed_gives_another_split_and_the_same_seed_the_same():
    labels, groups, _ = world()
    names = np.arange(len(labels))
    first, again, other = (where(split_creators(labels, groups, None, AT_RANDOM, s), names) for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_split_is_the_same_on_every_machine():
    # Written down once: a change here changes every split that users have made.
    labels = np.tile([0.0, 1.0], 20)
    split = split_creators(labels, np.array([f"c{i}" for i in range(40)]), None, AT_RANDOM, seed=7)
    assert split.test.tolist() == [13, 14, 15, 17, 22, 38]


def test_test_part_is_later_than_all_others():
    labels, groups, days = world()
    split = split_creators(labels, groups, days, BY_TIME, seed=1)
    earlier = np.concatenate([split.train, split.stop, split.calibrate])
    assert days[earlier].max() < split.cut_day <= days[split.test].min()
    assert 0.10 < len(split.test) / len(labels) < 0.20
    assert "by time" in split.reason


def test_earlier_rows_of_tested_groups_are_excluded():
    labels = np.tile([0.0, 1.0], 50)
    days = 20_000 + np.arange(100.0)
    groups = np.array([f"g{i}" for i in range(100)], dtype=object)
    groups[:2] = groups[98:]  # seen first and last
    split = split_creators(labels, groups, days, BY_TIME, seed=0)
    assert split.excluded.tolist() == [0, 1]
    assert {98, 99} <= set(split.test)


def test_labels_not_yet_known_at_the_cut_are_excluded():
    labels = np.tile([0.0, 1.0], 100)
    days = 20_000 + np.arange(200.0)
    split = split_creators(labels, np.arange(200), days, SplitSettings(time="on", label_delay_days=10), seed=0)
    earlier = np.concatenate([split.train, split.stop, split.calibrate])
    assert days[earlier].max() + 10 == split.cut_day
    assert len(split.excluded) == 9


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        (None, "as_of is unknown for 600"),
        (np.full(600, 20_000.0), "spans only 0 days"),
        (np.where(np.arange(600) < 3, np.nan, 20_000.0 + np.arange(600)), "unknown for 3 of 600"),
        (20_000.0 + 100 * np.repeat([0.0, 1.0], 300), "far from its share"),
    ],
)
def test_auto_falls_back_to_random_and_says_why(days, reason):
    labels = np.tile([0.0, 1.0], 300)
    split = split_creators(labels, np.arange(600), days, SplitSettings(), seed=0)
    assert split.cut_day is None
    assert reason in split.reason
    assert len(split.excluded) == 0


def test_auto_falls_back_when_fakes_are_only_early():
    labels = (np.arange(600) < 200).astype(float)
    split = split_creators(labels, np.arange(600), 20_000.0 + np.arange(600), SplitSettings(), seed=0)
    assert "lack a class" in split.reason


def test_auto_splits_by_time_when_days_differ_enough():
    labels, groups, days = world()
    assert split_creators(labels, groups, days, SplitSettings(), seed=1).cut_day is not None


def test_by_time_without_days_is_refused():
    labels, groups, _ = world()
    with pytest.raises(ValueError, match="needs as_of for every label, 600 of 600 have none"):
        split_creators(labels, groups, None, BY_TIME, seed=0)


def test_by_time_with_one_class_late_is_refused():
    labels = (np.arange(600) < 200).astype(float)
    with pytest.raises(ValueError, match="test has 0 fake and 90 honest"):
        split_creators(labels, np.arange(600), 20_000.0 + np.arange(600), BY_TIME, seed=0)


def test_four_groups_of_each_class_are_enough():
    labels = np.tile([0.0, 1.0], 4)
    split = split_creators(labels, np.arange(8), None, AT_RANDOM, seed=0)
    assert [len(split.parts[name]) for name in PARTS] == [2, 2, 2, 2]


def test_three_fakes_are_refused_in_words():
    labels = np.array([1.0] * 3 + [0.0] * 50)
    with pytest.raises(ValueError, match="At least four groups of each class are needed"):
        split_creators(labels, np.arange(53), None, AT_RANDOM, seed=0)


def test_one_huge_group_stays_whole():
    labels = np.concatenate([np.zeros(300), np.tile([0.0, 1.0], 50)])
    groups = np.array(["huge"] * 300 + [f"g{i}" for i in range(100)])
    split = split_creators(labels, groups, None, AT_RANDOM, seed=0)
    assert shared_groups(split, groups) == []


def test_wrong_labels_and_groups_are_refused():
    labels, groups, _ = world()
    with pytest.raises(ValueError, match="got 1 other values"):
        split_creators(np.append(labels, np.nan), None, None, AT_RANDOM, seed=0)
    with pytest.raises(ValueError, match="groups has 1 missing values; use the creator_id"):
        split_creators(labels, np.append(groups[:-1], [None]), None, AT_RANDOM, seed=0)
    with pytest.raises(ValueError, match="one name for each of 600 labels"):
        split_creators(labels, groups[:-1], None, AT_RANDOM, seed=0)


def test_without_a_test_share_the_test_part_is_empty():
    labels = np.tile([0.0, 1.0], 100)
    settings = SplitSettings(train=0.7, stop=0.1, calibrate=0.2, test=0, time="auto")
    for days in (None, 20_000.0 + np.arange(200)):
        split = split_creators(labels, np.arange(200), days, settings, seed=0)
        assert [len(rows) for rows in split.parts.values()] == [140, 20, 40, 0]
        assert split.cut_day is None


def test_settings_refuse_unknown_keys_and_wrong_sums():
    with pytest.raises(ValidationError, match="valid"):
        SplitSettings(valid=0.1)
    with pytest.raises(ValidationError, match=r"must add up to 1, got 1\.1"):
        SplitSettings(train=0.7)


def test_split_has_four_parts_in_order():
    empty = np.empty(0, dtype=np.int64)
    assert tuple(Split(empty, empty, empty, empty).parts) == PARTS


# -- folds


def test_folds_cover_every_row_once_and_cut_no_group():
    labels, groups, _ = world()
    for repeat in grouped_folds(labels, groups, 5, seed=0, repeats=3):
        tested = np.concatenate([test for _, test in repeat])
        assert np.array_equal(np.sort(tested), np.arange(len(labels)))
        for train, test in repeat:
            assert not set(groups[train]) & set(groups[test])
            assert len(train) + len(test) == len(labels)
            assert abs(labels[test].mean() - labels.mean()) < 0.05
            assert abs(len(test) - len(labels) / 5) < 0.03 * len(labels)


def test_repeats_differ():
    labels, groups, _ = world()
    first, second = grouped_folds(labels, groups, 5, seed=0, repeats=2)
    assert not np.array_equal(first[0][1], second[0][1])


def test_folds_do_not_depend_on_the_order_of_rows():
    labels, groups, _ = world()
    shuffle = np.random.default_rng(4).permutation(len(labels))
    plain = grouped_folds(labels, groups, 5, seed=0)[0]
    shuffled = grouped_folds(labels[shuffle], groups[shuffle], 5, seed=0)[0]
    for (_, test), (_, moved) in zip(plain, shuffled, strict=True):
        assert set(test) == set(shuffle[moved])


def test_too_few_groups_for_the_folds_is_refused():
    labels = np.array([1.0] * 3 + [0.0] * 50)
    with pytest.raises(ValueError, match="5 folds need at least 5 groups with fake creators, got 3"):
        grouped_folds(labels, None, 5, seed=0)
    with pytest.raises(ValueError, match="folds must be 2 or more"):
        grouped_folds(labels, None, 1, seed=0)
