"""Calibration of the comment model: which ordinary comments make the bags of the reference."""

import numpy as np

from realreach.comment_text.bags import BagReference
from realreach.learning.comment_calibration import _LEAST_SECTION, _SECTION, _organic_shares

REFERENCE = BagReference(np.array([0.2, 0.6]), np.array([0.5, 1.0, 4.0]), np.zeros(1))


def shares(names):
    rng = np.random.default_rng(1)
    return _organic_shares(rng.beta(1.0, 6.0, len(names)), np.array(names), REFERENCE)


def test_sections_too_small_for_a_bag_are_put_together_by_their_set():
    small = [f"set/{i}" for i in range(2 * _SECTION) for _ in range(1)]
    assert len(shares(small)) == 2
    # Of two sets nothing is put together.
    other = [f"{'one' if i % 2 else 'two'}/{i}" for i in range(2 * (_LEAST_SECTION - 1))]
    assert len(shares(other)) == 0


def test_a_section_that_is_large_enough_stays_by_itself():
    assert len(shares(["set/a"] * _LEAST_SECTION + ["set/b"] * (3 * _SECTION))) == 4
