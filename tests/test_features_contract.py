"""Every family keeps the promises of tests/contract.py, and each check of a promise catches a planted fault."""

import numpy as np
import pytest

import contract
import worlds
from contract import CHECKS, FAMILIES
from realreach.features import blocks
from realreach.features.view import View

BY_NAME = {family.name: family for family in FAMILIES}


@pytest.fixture(scope="module")
def world():
    return worlds.crowd()


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_family_keeps_its_promise(family, check, world):
    check(family, world)


@pytest.mark.parametrize("cells", [1, 100, 1_000])
def test_size_of_a_block_changes_no_bit(cells, world, monkeypatch):
    tables = worlds.checked(world)
    whole = BY_NAME["whole"].frame(tables)
    monkeypatch.setattr(blocks, "_CELLS_PER_BLOCK", cells)
    contract.assert_same(BY_NAME["whole"].frame(tables), whole)


def test_world_of_the_contract_shows_every_feature(world):
    # A promise about a feature that is always NaN would be empty.
    frame = worlds.features(world, worlds.END)
    assert list(frame.columns[frame.notna().sum() < 2]) == []


# Planted faults. Each is one that a family could really have.


def growth(edit):
    """Return the growth family with a fault: ``edit`` gets the values and the view."""
    family = BY_NAME["growth"]

    def compute(view):
        values = dict(family.compute(view))
        return edit(values, view) or values

    return family.faulty(compute)


def set_first(values, column):
    values["growth__gain__366d__gini"] = np.asarray(column, dtype=float)


def loud_history(values, view):
    """Read the whole history, not what lies before the day of the decision."""
    table = view.tables.follower_history
    last = np.full(len(view), np.nan)
    last[table.creator] = table.numbers("followers")
    set_first(values, last)


def loud_posts(values, view):
    likes = view.tables.posts.numbers("likes")
    set_first(values, blocks.segment_sum(np.nan_to_num(likes), view.tables.posts.creator, len(view)))


def loud_comments(values, view):
    set_first(values, np.diff(view.tables.comments.starts))


def one_day_too_many(values, view):
    """Take the day of the decision itself for the past."""
    late = View(view.tables, view.as_of + 1.0)
    return dict(BY_NAME["growth"].compute(late))


def global_mean(values, view):
    set_first(values, values["growth__gain__366d__gini"] - np.nanmean(values["growth__gain__366d__gini"]))


def last_bit(values, view):
    """Sum over all creators and take the difference: right but for the last bit, which the crowd decides."""
    history = view.history
    total = np.concatenate([[0.0], np.cumsum(np.sqrt(history.columns["followers"]))])[history.starts]
    set_first(values, np.diff(total))


def zero_for_unknown(values, view):
    return {name: np.nan_to_num(value, nan=0.0) for name, value in values.items()}


def infinite(values, view):
    with np.errstate(divide="ignore"):
        set_first(values, 1.0 / np.zeros(len(view)))


def percent(values, view):
    set_first(values, 100.0 * values["growth__gain__366d__gini"])


def negative(values, view):
    set_first(values, -values["growth__gain__366d__gini"])


def position(values, view):
    set_first(values, np.arange(len(view)))


def rank_of_key(values, view):
    keys = view.tables.creator_ids.to_pylist()
    set_first(values, [sorted(keys).index(key) for key in keys])


def letters_of_key(values, view):
    set_first(values, [len(key) for key in view.tables.creator_ids.to_pylist()])


def writes_to_tables(values, view):
    # As in the view: an array may be locked, a column can be exchanged.
    columns = view.tables.follower_history.columns
    columns["followers"] = columns["followers"] + 1.0


def writes_to_view(values, view):
    # The arrays themselves cannot be written to; the columns can be exchanged.
    view.history.columns["followers"] = np.full_like(view.history.columns["followers"], 7.0)


def forgets_a_name(values, view):
    del values["growth__gain__366d__gini"]


def invents_a_name(values, view):
    values["growth__something__366d__new"] = np.zeros(len(view))


def whole_numbers(values, view):
    return {name: np.nan_to_num(value).astype(np.int64) for name, value in values.items()}


def one_for_all(values, view):
    return {name: value[:1] for name, value in values.items()}


FAULTS = (
    (contract.check_names, forgets_a_name, "names are not those of the catalogue"),
    (contract.check_names, invents_a_name, "names are not those of the catalogue"),
    (contract.check_names, whole_numbers, "expected float64"),
    (contract.check_names, one_for_all, "expected one value per creator"),
    (contract.check_row_order, position, "gain__366d__gini"),
    (contract.check_alone, position, "gain__366d__gini"),
    (contract.check_alone, global_mean, "gain__366d__gini"),
    (contract.check_alone, last_bit, "gain__366d__gini"),
    (contract.check_alone, rank_of_key, "gain__366d__gini"),
    (contract.check_future, loud_history, "gain__366d__gini"),
    (contract.check_future, loud_posts, "gain__366d__gini"),
    (contract.check_future, loud_comments, "gain__366d__gini"),
    (contract.check_future, one_day_too_many, "columns changed"),
    (contract.check_input_unchanged, writes_to_tables, "follower_history.followers was changed"),
    (contract.check_view_unchanged, writes_to_view, "columns changed"),
    (contract.check_one_row_is_unknown, zero_for_unknown, "known from a single row"),
    (contract.check_range, infinite, "infinite"),
    (contract.check_range, percent, "is above 1"),
    (contract.check_range, negative, "is below 0"),
    (contract.check_renaming, rank_of_key, "gain__366d__gini"),
    (contract.check_renaming, letters_of_key, "gain__366d__gini"),
)


@pytest.mark.parametrize(("check", "fault", "message"), FAULTS, ids=lambda v: getattr(v, "__name__", ""))
def test_planted_fault_is_caught(check, fault, message, world):
    family = growth(fault)
    with pytest.raises(AssertionError, match=message):
        check(family, world)


def test_every_check_has_caught_a_fault():
    assert {check for check, _, _ in FAULTS} == set(CHECKS)
