"""The light path of one record: in which nothing is wrong, nothing has to be reported and nothing needs a second look.

A service sends one creator at a time, nearly always as it should be. The general path asks Arrow some five hundred
questions about such a record, and most of its time is spent on asking. Here each column is looked at once, with plain
Python and NumPy; at the first doubt (an unknown column, a value of an unusual type or shape, a repeated key, a hidden
count, ...) the answer is None, and the general path judges the record and words its report. So this module knows no
codes and no messages: it can only say "exactly what the general path would give" or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from realreach.compiled import frozen
from realreach.tables.contract import CONTRACTS, Column, Kind, TableContract
from realreach.tables.core import Table, Tables
from realreach.tables.limits import Limits
from realreach.tables.times import HIGH, LOW

__all__ = ["plain_tables"]

_INNER = tuple(name for name in CONTRACTS if name not in ("creators", "labels"))
_NESTED = frozenset({*_INNER, "labels"})
_USUAL = Limits()
_TEXTS = pa.large_string()
_TEXT = frozenset({str})
_TEXT_OR_NONE = frozenset({str, type(None)})
_NUMBERS = frozenset({int, float, type(None)})
_WHOLE = frozenset({int})
_BOOLS = frozenset({bool, type(None)})
_EXACT = 2**53 - 1
"""Whole numbers up to here are told apart from all others once they are floating-point numbers."""
_PLAIN = bytes(range(33, 127))
"""Characters that can stand in a key without a second look: printable ASCII but the blank."""
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{3}|\.[0-9]{6})?"
_UTC = r"(?:Z|\+00:00)"
_DAYS = re.compile(rf"(?:{_DAY}(?:{_TIME}{_UTC}?)?\n)+")
_INSTANTS = re.compile(rf"(?:{_DAY}{_TIME}{_UTC}\n)+")

_KNOWN_DAYS: dict[str, int] = {}
"""Days since 1970-01-01 of days as written, as far as they were met."""
_MOST_DAYS = 40_000
_DAY_MICROSECONDS = 86_400_000_000
_NO_TIME, _LAST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
"""How NumPy writes an unknown time, and where its row stands: behind all others."""


_CLOCKS = {
    # Zeros and marks as they are written; by place the most that a character may lie above, and its microseconds.
    len(zeros) + 10: (
        np.frombuffer(zeros.encode(), dtype=np.uint8),
        np.array([int(most) for most in largest], dtype=np.uint8),
        np.array(worth, dtype=np.float64),
    )
    for zeros, largest, worth in (
        ("T00:00:00Z", "0290590590", [0, 36e9, 36e8, 0, 6e8, 6e7, 0, 1e7, 1e6, 0]),
        ("T00:00:00.000Z", "02905905909990", [0, 36e9, 36e8, 0, 6e8, 6e7, 0, 1e7, 1e6, 0, 1e5, 1e4, 1e3, 0]),
    )
}
"""By length of an instant as written: its time of day."""

_Values: TypeAlias = Sequence[Any]
_Column: TypeAlias = Any
"""A NumPy array, an Arrow array of strings, or what one is made of: a list or tuple of texts that passed the checks."""
_ALL, _ANY = np.logical_and.reduce, np.logical_or.reduce
"""What methods of arrays give by way of a function of Python."""
_PLAIN_ROWS = frozenset({list, tuple})


class _Doubt(Exception):  # noqa: N818 - caught inside this module
    """Something that the general path has to look at."""


def plain_tables(record: object, limits: Limits) -> Tables | None:
    """Return the tables of one nested record, or None where the general path has to look at it.

    Parameters
    ----------
    record
        What :func:`realreach.tables.tables_from_records` takes for one creator.
    limits
        Bounds on sizes; other than the usual ones are left to the general path.

    Returns
    -------
    Tables or None
        Column by column what the general path gives for this record, which then has nothing to report.

    Examples
    --------
    >>> tables = plain_tables({"creator_id": "a", "platform": "TikTok", "followers": 120}, Limits())
    >>> tables.creators.strings("platform").to_pylist(), tables.creators.numbers("followers").tolist()
    (['tiktok'], [120.0])
    >>> plain_tables({"creator_id": "a", "platform": "tiktok", "followers": -1}, Limits()) is None
    True
    """
    if type(record) is not dict or limits != _USUAL or record.get("labels") is not None:
        return None
    try:
        key = _key(record.get("creator_id"), limits)
        outer = {name: [value] for name, value in record.items() if name not in _NESTED}
        inner = {
            name: _given(CONTRACTS[name], given, key, limits)
            for name in _INNER
            if (given := record.get(name)) is not None
        }
        owners = pa.repeat(pa.scalar(key, _TEXTS), max([1, *(count for _, count in inner.values())]))
        found: dict[str, Table] = {"creators": _table(CONTRACTS["creators"], outer, 1, owners, limits)}
        for name, (columns, count) in inner.items():
            found[name] = _table(CONTRACTS[name], columns, count, owners, limits)
        if "comments" in inner and "posts" in inner:
            _need_posts(inner["comments"][0], inner["posts"][0])
    except (_Doubt, ValueError, TypeError, OverflowError, pa.ArrowException):
        return None
    return Tables(**found)


def _key(value: object, limits: Limits) -> str:
    """Return the creator's key."""
    if type(value) is not str:
        raise _Doubt
    _ids([value], CONTRACTS["creators"].columns[0], limits)
    return value


def _given(contract: TableContract, given: object, creator: str, limits: Limits) -> tuple[Mapping[str, _Values], int]:
    """Return columns and rows of a table inside the record, from row objects or an object of equally long lists."""
    columns: Mapping[str, _Values]
    if type(given) is dict:
        columns = given
        sizes = {len(values) if type(values) is list else -1 for values in columns.values()}
        if len(sizes) != 1 or -1 in sizes:
            raise _Doubt
        count = sizes.pop()
    elif type(given) is list and set(map(type, given)) == {dict}:
        columns = _columns(given)
        count = len(given)
    else:
        raise _Doubt
    most = limits.rows_per_creator(contract.name)
    if not 0 < count <= min(limits.rows_per_table, count if most is None else most):
        raise _Doubt
    if any(owner is not None and owner != creator for owner in columns.get("creator_id", ())):
        raise _Doubt
    return columns, count


def _columns(rows: list[dict[str, Any]]) -> Mapping[str, _Values]:
    """Return the columns of row objects; a name that a row lacks is unknown there."""
    if set(map(len, rows)) == {len(rows[0])}:
        try:
            return {name: list(map(itemgetter(name), rows)) for name in rows[0]}
        except KeyError:
            pass
    return {name: [row.get(name) for row in rows] for name in set().union(*rows)}


def _table(
    contract: TableContract, given: Mapping[str, _Values], count: int, owners: pa.Array, limits: Limits
) -> Table:
    """Return one table whose rows all belong to one creator, in the order of the general path.

    ``owners`` is the creator's key for as many rows as any table has.
    """
    names = given.keys()
    known, required = _NAMES[contract.name]
    if not (known >= names and required <= names):
        raise _Doubt
    read = {
        column.name: _READ[column.kind](given[column.name], column, limits)
        for column in contract.columns
        if column.name in names and column.name != "creator_id"
    }
    order = _order(contract, read, given, count)
    columns: dict[str, _Column] = {"creator_id": owners[:count]}
    if order is None:
        for name, values in read.items():
            columns[name] = pa.array(values, _TEXTS) if type(values) in _PLAIN_ROWS else values
    else:
        # Texts are brought into order before Arrow sees them: half the cost of moving Arrow's.
        in_order = itemgetter(*order.tolist())
        for name, values in read.items():
            columns[name] = pa.array(in_order(values), _TEXTS) if type(values) in _PLAIN_ROWS else values[order]
    return Table(contract, columns, frozen(np.array([0, count], dtype=np.int64)))


_NAMES = {
    name: (
        frozenset(column.name for column in contract.columns),
        frozenset(column.name for column in contract.columns if column.required) - {"creator_id"},
    )
    for name, contract in CONTRACTS.items()
}
"""By table: the columns that it may have, and those that it must have beside the creator's key."""


def _order(
    contract: TableContract, columns: Mapping[str, _Column], given: Mapping[str, _Values], count: int
) -> npt.NDArray[np.int64] | None:
    """Return the order by time, then by key; None where the rows stand in it already."""
    key = contract.key[-1]
    if contract.name == "creators":
        return None
    if contract.name == "follower_history":
        day = columns[key]
        if not _ALL(columns["followers"] > 0):
            raise _Doubt  # a count of 0 between others is a glitch
        rising = day[1:] > day[:-1]
        if _ALL(rising):
            return None
        order = day.argsort(kind="stable")
        if not _ALL(day[order][1:] > day[order][:-1]):
            raise _Doubt  # several counts on one day
        return order
    names = given[key]
    if len(set(names)) < count:
        raise _Doubt
    hidden, likes = columns.get("likes_hidden"), columns.get("likes")
    if hidden is not None and likes is not None and _ANY((hidden == 1) & ~np.isnan(likes)):
        raise _Doubt  # a hidden count is no count
    time = columns.get(contract.time) if contract.time is not None else None
    if time is None:
        ticks = np.zeros(count, dtype=np.int64)
    else:
        ticks = time.view(np.int64)
        if np.minimum.reduce(ticks) == _NO_TIME:
            ticks = np.where(ticks == _NO_TIME, _LAST, ticks)
    if _ALL(ticks[1:] > ticks[:-1]):
        return None
    order = ticks.argsort(kind="stable")
    ordered = ticks[order]
    if _ANY(ordered[1:] == ordered[:-1]):
        # Code points order as their UTF-8 bytes do.
        plain = ticks.tolist()
        order = np.array(sorted(range(count), key=lambda row: (plain[row], names[row])), dtype=np.int64)
    return None if _ALL(order[1:] > order[:-1]) else order


def _need_posts(comments: Mapping[str, _Values], posts: Mapping[str, _Values]) -> None:
    """Doubt comments under posts that were not given: the report speaks of them."""
    if not set(comments.get("post_id", ())) <= {None, *posts["post_id"]}:
        raise _Doubt


def _ids(values: _Values, column: Column, limits: Limits) -> _Values:
    kinds = set(map(type, values))
    if not kinds <= (_TEXT if column.required else _TEXT_OR_NONE):
        raise _Doubt
    texts = values if kinds == _TEXT else [v for v in values if v is not None]
    joined = "".join(texts)
    if not all(texts) or (joined.encode().translate(None, _PLAIN) and not _is_clear(joined)):
        raise _Doubt
    if len(joined) > limits.id_characters and max(map(len, texts)) > limits.id_characters:
        raise _Doubt
    return values


def _is_clear(joined: str) -> bool:
    """Whether there is nothing in keys that cannot be printed: a control character, a broken one; and no blank."""
    return joined.isprintable() and " " not in joined


_LONGEST_WORD = 64


@lru_cache(maxsize=4096)
def _word(value: str, pattern: str | None, without: str | None, cased: bool) -> str | None:
    """Return a category as it is stored; None where the general path has to look at it."""
    if not value.isascii():
        return None
    word = value.strip() if cased else value.strip().lower()
    if not word or (without is not None and re.search(without, word)):
        return None
    return word if pattern is None or re.fullmatch(pattern, word) else None


def _categories(values: _Values, column: Column, limits: Limits) -> _Column:
    kinds = set(map(type, values))
    if not kinds <= (_TEXT if column.required else _TEXT_OR_NONE):
        raise _Doubt
    rule = column.pattern, column.without, column.cased
    seen = set(values)
    if any(value is not None and len(value) > _LONGEST_WORD for value in seen):
        raise _Doubt
    # What is private is not kept from one record to the next, least of all what was sent by mistake.
    judge = _word.__wrapped__ if column.private else _word
    if len(values) == 1 and not column.private:
        return _one_word(values[0], *rule)
    words = {value: None if value is None else judge(value, *rule) for value in seen}
    if any(word is None for value, word in words.items() if value is not None):
        raise _Doubt
    return [words[value] for value in values]


@lru_cache(maxsize=4096)
def _one_word(value: str | None, pattern: str | None, without: str | None, cased: bool) -> pa.Array:
    """Return the column of a table of one row: the same few words come with every creator."""
    word = None if value is None else _word(value, pattern, without, cased)
    if word is None and value is not None:
        raise _Doubt
    return pa.array([word], _TEXTS)


def _texts(values: _Values, column: Column, limits: Limits) -> _Values:
    kinds = set(map(type, values))
    if not kinds <= (_TEXT if column.required else _TEXT_OR_NONE):
        raise _Doubt
    texts = values if kinds == _TEXT else [v for v in values if v is not None]
    # Every character that Arrow calls white space Python does too, so what Python leaves is no blank.
    if not all(map(str.strip, texts)):
        raise _Doubt
    if len("".join(texts)) > limits.text_characters and max(map(len, texts)) > limits.text_characters:
        raise _Doubt
    return values


def _numbers(values: _Values, column: Column, limits: Limits) -> npt.NDArray[np.float64]:
    kinds = set(map(type, values))
    if not kinds <= _NUMBERS:
        raise _Doubt
    if type(None) in kinds:
        if column.required:
            raise _Doubt
        known = np.array([v for v in values if v is not None], dtype=np.float64)
        out = np.array(values, dtype=np.float64)
    else:
        known = out = np.fromiter(values, dtype=np.float64, count=len(values))
    low = -_EXACT if column.minimum is None else max(column.minimum, -_EXACT)
    high = _EXACT if column.maximum is None else min(column.maximum, _EXACT)
    # NaN lies in no range.
    if len(known) and not (low <= np.minimum.reduce(known) and np.maximum.reduce(known) <= high):
        raise _Doubt
    if float in kinds and column.kind == "count" and not _ALL(known == np.floor(known)):
        raise _Doubt
    return out


def _flags(values: _Values, column: Column, limits: Limits) -> npt.NDArray[np.float64]:
    kinds = set(map(type, values))
    if column.required or not (kinds <= _BOOLS or (kinds <= _NUMBERS and set(values) <= {0, 1, None})):
        raise _Doubt
    return np.array(values, dtype=np.float64)


def _dates(values: _Values, column: Column, limits: Limits) -> npt.NDArray[np.datetime64]:
    try:
        # Curves of all creators are made of the same few thousand days.
        return np.array(list(map(_KNOWN_DAYS.__getitem__, values)), dtype=np.int64).view("datetime64[D]")
    except KeyError:
        days = _times(values, column, _DAYS).astype("datetime64[D]")
    _know(values, days)
    return days


def _know(texts: Iterable[str | None], days: npt.NDArray[np.datetime64]) -> None:
    """Remember the days of texts that are a day and nothing else."""
    if len(_KNOWN_DAYS) < _MOST_DAYS:
        told = zip(texts, days.astype("datetime64[D]").astype(np.int64).tolist(), strict=True)
        _KNOWN_DAYS.update((text, day) for text, day in told if text is not None and len(text) == 10)


def _instants(values: _Values, column: Column, limits: Limits) -> npt.NDArray[np.datetime64]:
    found = _even_instants(values)
    if found is None:
        found = _times(values, column, _INSTANTS)
        _know([None if value is None else value[:10] for value in values], found)
    return found


def _even_instants(values: _Values) -> npt.NDArray[np.datetime64] | None:
    """Return instants that are all written like ``2024-01-31T18:00:00Z`` or with milliseconds, on known days.

    None leaves the values to the slower look.
    """
    if set(map(type, values)) != _TEXT or len(set(map(len, values))) > 1:
        return None
    clock = _CLOCKS.get(len(values[0]))
    if clock is None:
        return None
    zeros, largest, worth = clock
    try:
        letters = np.frombuffer("".join(values).encode("ascii"), dtype=np.uint8).reshape(len(values), -1)[:, 10:]
        days = np.array([_KNOWN_DAYS[value[:10]] for value in values], dtype=np.int64)
    except (UnicodeEncodeError, KeyError):
        return None
    # What lies below a zero or beside a mark is far above after the turn of a byte.
    above = letters - zeros
    if _ANY(above > largest, axis=None):
        return None
    ticks = above.astype(np.float64) @ worth
    if np.maximum.reduce(ticks) >= _DAY_MICROSECONDS:
        return None
    return (days * _DAY_MICROSECONDS + ticks.astype(np.int64)).view("datetime64[us]")


def _times(values: _Values, column: Column, shape: re.Pattern[str]) -> npt.NDArray[np.datetime64]:
    kinds = set(map(type, values))
    if not kinds <= (_TEXT if column.required else _TEXT_OR_NONE):
        raise _Doubt
    texts = values if kinds == _TEXT else [v for v in values if v is not None]
    if not texts:
        return np.full(len(values), np.datetime64("NaT"), dtype="datetime64[us]")
    if not shape.fullmatch("\n".join(texts) + "\n"):
        raise _Doubt
    texts = [text[:-1] if text[-1] == "Z" else text.removesuffix("+00:00") for text in texts]
    # NumPy refuses days and hours that do not exist, as Arrow does.
    known = np.array(texts, dtype="datetime64[us]")
    if (known < LOW).any() or (known >= HIGH).any():
        raise _Doubt
    if len(texts) == len(values):
        return known
    out = np.full(len(values), np.datetime64("NaT"), dtype="datetime64[us]")
    out[[value is not None for value in values]] = known
    return out


_READ: Mapping[Kind, Callable[[_Values, Column, Limits], _Column]] = {
    "id": _ids,
    "category": _categories,
    "text": _texts,
    "count": _numbers,
    "number": _numbers,
    "flag": _flags,
    "date": _dates,
    "instant": _instants,
}
