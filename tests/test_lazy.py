"""Values that are computed at the first look."""

import pickle

from realreach.lazy import cached_property


class Noted:
    """Counts how often its value is computed."""

    times = 0

    @cached_property
    def value(self):
        """What is told of the value."""
        self.times += 1
        return [self.times]


def test_a_value_is_computed_once_and_travels_with_its_object():
    one, other = Noted(), Noted()
    assert one.value is one.value
    assert (one.times, other.times) == (1, 0)
    assert pickle.loads(pickle.dumps(one)).__dict__ == {"times": 1, "value": [1]}
    del one.value
    assert one.value == [2]


def test_the_class_tells_what_the_property_is():
    assert Noted.value.__doc__ == "What is told of the value."
