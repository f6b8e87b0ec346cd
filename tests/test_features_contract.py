"""Every family keeps the promises of tests/contract.py, and each check of a promise has caught a planted fault."""

import pytest

import contract
import worlds
from contract import FAMILIES

BY_NAME = {family.name: family for family in FAMILIES}
each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)


@pytest.fixture(scope="module")
def world():
    return worlds.crowd()


@each_family
def test_names_are_those_of_the_catalogue(family, world):
    contract.check_names(family, world)


@each_family
def test_order_of_rows_does_not_matter(family, world):
    contract.check_row_order(family, world)


@each_family
def test_creator_alone_gets_the_same_row(family, world):
    contract.check_alone(family, world)


@each_family
def test_future_is_not_read(family, world):
    contract.check_future(family, world)


@each_family
def test_input_is_not_changed(family, world):
    contract.check_input_unchanged(family, world)


@each_family
def test_one_row_is_not_a_measurement(family, world):
    contract.check_one_row_is_unknown(family, world)


@each_family
def test_values_lie_in_the_range_of_the_catalogue(family, world):
    contract.check_range(family, world)


@each_family
def test_keys_have_no_meaning(family, world):
    contract.check_renaming(family, world)


@each_family
def test_families_leave_the_shared_view_alone(family, world):
    contract.check_other_families(family, world)
