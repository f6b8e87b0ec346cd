"""Values of an object that are computed when first asked for, and kept.

``functools.cached_property`` of Python 3.11 takes a lock at every first look: five calls, where one creator has a
hundred such values. Python 3.12 took the lock out, and so does this one. Two threads that ask at the same moment may
both compute the value, which is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

__all__ = ["cached_property"]

_T = TypeVar("_T")


class cached_property(Generic[_T]):  # noqa: N801 - stands for the one of functools
    """Compute a value at the first look and keep it in the object's ``__dict__``, which later looks find first.

    Examples
    --------
    >>> class Circle:
    ...     @cached_property
    ...     def area(self) -> float:
    ...         print("computed")
    ...         return 3.14
    >>> circle = Circle()
    >>> circle.area, circle.area
    computed
    (3.14, 3.14)
    """

    def __init__(self, compute: Callable[[Any], _T]) -> None:
        self.compute = compute
        self.name = compute.__name__
        self.__doc__ = compute.__doc__

    def __set_name__(self, kind: type, name: str) -> None:
        """Keep values under the name that looks find."""
        self.name = name

    @overload
    def __get__(self, owner: None, kind: type) -> cached_property[_T]: ...
    @overload
    def __get__(self, owner: object, kind: type | None = None) -> _T: ...
    def __get__(self, owner: object | None, kind: type | None = None) -> cached_property[_T] | _T:
        """Return the value, or the property itself where its class is asked."""
        if owner is None:
            return self
        value = owner.__dict__[self.name] = self.compute(owner)
        return value
