"""Parts of a policy file: frozen records whose values are checked as they come, each problem told by its key.

Dataclasses and thirty lines of checks in place of pydantic, which the scoring of creators would have to load for its
policy alone, at the cost of scoring a hundred of them.
"""

from __future__ import annotations

import dataclasses
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Self, Union, get_args, get_origin, get_type_hints

__all__ = ["Part", "PartError", "Problem", "as_dict", "limited"]

_BOUNDS: Mapping[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "gt": ("greater than", operator.gt),
    "ge": ("at least", operator.ge),
    "lt": ("less than", operator.lt),
    "le": ("at most", operator.le),
}


class Problem(NamedTuple):
    """What is wrong at a key (empty for the whole): a message or, for an unknown key, the keys that are known."""

    key: str
    told: str
    known: str = ""

    def below(self, name: str) -> Problem:
        """Return the same for the part that holds this one under a name."""
        return self._replace(key=f"{name}.{self.key}".removesuffix("."))

    def __str__(self) -> str:
        """Return one sentence without its end."""
        if self.known:
            return f"unknown key {self.key[:60]!r} (known: {self.known})"
        return f"{self.key}: {self.told}" if self.key else self.told


class PartError(ValueError):
    """Values that a part may not have."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))


def limited(
    default: Any = dataclasses.MISSING,
    *,
    gt: float | None = None,
    ge: float | None = None,
    lt: float | None = None,
    le: float | None = None,
    pattern: str | None = None,
) -> Any:
    """Return a field whose values have bounds, or a pattern that the whole text must match."""
    bounds = {"gt": gt, "ge": ge, "lt": lt, "le": le}
    found = {name: bound for name, bound in bounds.items() if bound is not None}
    return dataclasses.field(default=default, metadata={"bounds": found, "pattern": pattern})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """A record with checked values. Made in Python or, by :meth:`read`, of a table of a TOML file."""

    def __post_init__(self) -> None:
        """Check every value, then what they are together."""
        problems = []
        kinds = _kinds_of(type(self))
        for field in dataclasses.fields(self):
            try:
                value = _checked(getattr(self, field.name), kinds[field.name], field.metadata)
            except ValueError as err:
                problems.append(Problem(field.name, str(err)))
            else:
                object.__setattr__(self, field.name, value)
        if problems:
            raise PartError(problems)
        try:
            self._check()
        except ValueError as err:
            raise PartError([Problem("", str(err))]) from err

    def _check(self) -> None:
        """Raise ValueError where the values do not go together."""

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """Return the part that a table of a TOML file describes.

        Raises
        ------
        PartError
            With all problems: unknown keys, missing ones, values that are not allowed.
        """
        known = {field.name: field for field in dataclasses.fields(cls)}
        problems = [Problem(str(key), "", ", ".join(known)) for key in data if key not in known]
        values: dict[str, Any] = {}
        kinds: dict[str, Any] = _kinds_of(cls)
        for name, field in known.items():
            if name not in data:
                if field.default is dataclasses.MISSING:
                    problems.append(Problem(name, "is needed"))
                continue
            try:
                values[name] = _checked(_read(data[name], kinds[name]), kinds[name], field.metadata)
            except PartError as err:
                problems += [problem.below(name) for problem in err.problems]
            except ValueError as err:
                problems.append(Problem(name, str(err)))
        if not problems:
            return cls(**values)
        raise PartError(problems)


_KINDS: dict[type, dict[str, Any]] = {}


def _kinds_of(cls: type) -> dict[str, Any]:
    """Return the kinds of the values of a part by name, looked up once."""
    if cls not in _KINDS:
        _KINDS[cls] = get_type_hints(cls)
    return _KINDS[cls]


def _read(value: Any, kind: Any) -> Any:
    """Return a value of a TOML file with its tables as parts; other values are checked by the part they are in."""
    for own in _kinds(kind):
        if isinstance(own, type) and issubclass(own, Part) and isinstance(value, Mapping):
            return own.read(value)
        if get_origin(own) is tuple and isinstance(value, list):
            return tuple(_numbered(value, get_args(own)[0]))
    return value


def _numbered(values: list[Any], kind: Any) -> Iterator[Any]:
    for number, value in enumerate(values):
        try:
            yield _read(value, kind)
        except PartError as err:
            raise PartError(problem.below(str(number)) for problem in err.problems) from err


def _kinds(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)


def _checked(value: Any, kind: Any, rules: Mapping[str, Any]) -> Any:
    """Return the value as its kind; raise ValueError where it may not stand."""
    for own in _kinds(kind):
        if own is NoneType and value is None:
            return None
        if (found := _as(value, own)) is not None:
            _within(found, rules)
            return found
    told = " or ".join(_named(own) for own in _kinds(kind) if own is not NoneType)
    raise ValueError(f"must be {told}, got {str(value)[:60]!r}")


def _as(value: Any, kind: Any) -> Any:
    """Return the value as this kind, None where it is of another."""
    if get_origin(kind) is Literal:
        return value if value in get_args(kind) and type(value) is str else None
    if get_origin(kind) is tuple:
        inner = get_args(kind)[0]
        return value if isinstance(value, tuple) and all(isinstance(one, inner) for one in value) else None
    if isinstance(value, bool):
        return value if kind is bool else None
    if kind is float and isinstance(value, (int, float)):
        return float(value) if abs(value) < float("inf") else None
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, kind) else None


def _within(value: Any, rules: Mapping[str, Any]) -> None:
    for name, bound in rules.get("bounds", {}).items():
        words, holds = _BOUNDS[name]
        if not holds(value, bound):
            raise ValueError(f"must be {words} {bound:g}, got {value!r}")
    pattern = rules.get("pattern")
    if pattern is not None and not re.fullmatch(pattern, value):
        raise ValueError(f"must match {pattern}, got {value[:60]!r}")


def _named(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    if get_origin(kind) is tuple:
        return "a list of tables"
    if isinstance(kind, type) and issubclass(kind, Part):
        return "a table"
    return {float: "a finite number", int: "a whole number", bool: "true or false", str: "text"}[kind]


def as_dict(part: Part) -> dict[str, Any]:
    """Return a part as plain values, lists in place of tuples."""

    def plain(value: Any) -> Any:
        if isinstance(value, Part):
            return as_dict(value)
        return [plain(one) for one in value] if isinstance(value, tuple) else value

    return {field.name: plain(getattr(part, field.name)) for field in dataclasses.fields(part)}
