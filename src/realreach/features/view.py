"""What was known of each creator on the day of the decision: the point-in-time view that every feature family reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from realreach.comment_text.model import CommentModel
from realreach.compiled import LEAST_CREATORS, frozen, kernels_for
from realreach.errors import UsageError
from realreach.features.blocks import Ragged, not_known
from realreach.features.levels import level_at
from realreach.features.post_rows import OF_TABLE, ROW_OF, PostRows, post_rows, settled_posts, with_logarithms
from realreach.lazy import cached_property
from realreach.tables.contract import ACCOUNT_COLUMNS
from realreach.tables.core import FloatArray, IntArray, Table, Tables

if TYPE_CHECKING:
    from realreach.accounts.model import AccountModel
    from realreach.features.innocence import Innocence
    from realreach.features.post_strength import PostStrength
    from realreach.features.windows import Curve

__all__ = ["View", "decision_days", "known_before"]

PLATFORMS = ("instagram", "tiktok", "youtube")
"""Platforms with a reference of their own; all others are judged as one."""

_POST_WINDOW_DAYS = 730.0
_POST_LIMIT = 100
_FRESH_DAYS = 60.0
_HISTORY_LIMIT = 367
_COMMENT_LIMIT = 5_000
_ACCOUNT_LIMIT = 50_000
_ACCOUNT_NUMBERS = (*ACCOUNT_COLUMNS, "follow_order")
_MOVING = ("video", "reel", "short", "shorts", "live")
_TOTAL, _UNKNOWN = len(_MOVING), len(_MOVING) + 1
_FORMATS = (*_MOVING, "total", None)
_NOT_GIVEN = frozen(np.empty(0))
_NO_FORMATS, _NO_HISTORY = frozen(np.empty((2, 0))), frozen(np.empty((3, 0)))
_DAY, _INSTANT = np.dtype("datetime64[D]"), np.dtype("datetime64[us]")
_A_DAY = 86_400_000_000
_FEW_TEXTS = 400
"""Texts up to which they are looked up one by one."""


def decision_days(tables: Tables, as_of: object = None) -> FloatArray:
    """Return each creator's day of decision as days since 1970-01-01.

    Parameters
    ----------
    tables
        Checked tables of ``n`` creators.
    as_of
        A date, a datetime or text such as ``2026-01-31`` (for all), an array of ``n`` of them, or None: then the label's ``as_of``
        where there is one, else the day after the creator's own last observation (never another creator's, so that a
        creator alone gets the same day as in a crowd); 1970-01-01 where nothing was observed.

    Raises
    ------
    UsageError
        If ``as_of`` is not a day between 1970 and 2100.
    """
    n = len(tables)
    if as_of is not None:
        return np.broadcast_to(_day_numbers(as_of), (n,)).copy()
    last = np.full(n, -1.0)
    observed = (tables.follower_history, tables.posts, tables.comments, tables.audience)
    if n == 1:
        last[0] = max([-1, *(_latest_of_one(table) for table in observed if table is not None)])
    else:
        _put_latest(observed, last)
    days = last + 1.0
    if tables.labels is not None and "as_of" in tables.labels:
        told = tables.labels.days("as_of")
        known = ~np.isnan(told)
        days[tables.labels.creator[known]] = told[known]
    return days


def _put_latest(tables: tuple[Table | None, ...], last: FloatArray) -> None:
    """Put the latest day of each creator in any of the tables where it is later."""
    for table in tables:
        if table is not None and table.contract.time is not None:
            some = (table.starts[1:] > table.starts[:-1]).nonzero()[0]
            if len(some):
                latest = _latest(table, table.contract.time, table.starts[some])
                last[some] = np.maximum(last[some], latest)


def _latest_of_one(table: Table) -> int:
    """Return the latest day of a table of one creator; below zero where no time is known."""
    times = None if table.contract.time is None else table.columns.get(table.contract.time)
    if times is None or len(table) == 0:
        return -1
    # No time is the smallest of all whole numbers.
    return int(np.maximum.reduce(times.view(np.int64))) // (1 if times.dtype == _DAY else _A_DAY)


def _latest(table: Table, name: str, starts: IntArray) -> FloatArray:
    """Return the latest day of each part of a table, parts from ``starts`` on; below zero where no time is known."""
    times = table.columns.get(name)
    if times is None:
        return np.array(-1.0)
    # No time is the smallest of all whole numbers: the largest is looked for, and only that is made a day.
    most = np.maximum.reduceat(times.view(np.int64), starts)
    return np.asarray(most // (1 if times.dtype == _DAY else _A_DAY), dtype=np.float64)


def _day_numbers(as_of: object) -> FloatArray:
    """Return days since 1970-01-01 of dates; numbers, other words and far-off years are refused, never guessed."""
    given = as_of if isinstance(as_of, np.ndarray) else np.asarray(as_of)
    text = given.dtype.kind in "OUT" and all(isinstance(v, str) for v in given.ravel().tolist())
    if text and not all(len(v) == 10 and v[4] == v[7] == "-" for v in given.ravel().tolist()):
        raise UsageError("as_of must be a day such as 2026-01-31")
    try:
        days = given.astype("datetime64[D]") if given.dtype.kind in "MOUT" else None
    except (ValueError, TypeError) as err:
        raise UsageError("as_of must be a day such as 2026-01-31") from err
    if (
        days is None
        or np.isnat(days).any()
        or (days < np.datetime64("1970-01-01")).any()
        or (days > np.datetime64("2100-12-31")).any()
    ):
        raise UsageError("as_of must be a day between 1970 and 2100, such as 2026-01-31")
    return days.astype(np.int64).astype(np.float64)


def known_before(table: Table, as_of: FloatArray) -> Table:
    """Return the rows of a table whose time lies before their creator's ``as_of``; rows without a time are kept."""
    if table.contract.time is None:
        return table
    keep = ~(table.days(table.contract.time) >= _per_row(as_of, table))
    return table if keep.all() else filter_rows(table, keep)


def filter_rows(table: Table, keep: np.ndarray) -> Table:
    """Return the rows of a table for which ``keep`` is true."""
    starts = np.concatenate([[0], np.cumsum(keep)])[table.starts].astype(np.int64)
    mask = pa.array(keep)
    columns = {k: v.filter(mask) if isinstance(v, pa.Array) else v[keep] for k, v in table.columns.items()}
    return Table(table.contract, columns, starts)


def _per_row(values: FloatArray, table: Table) -> FloatArray:
    """Return each row's value of its creator; of a creator alone the one value, which stands for all rows."""
    return values if len(values) == 1 else values[table.creator]


def _newest(table: Table, keep: np.ndarray, rows: int, day: FloatArray) -> tuple[Table, FloatArray]:
    """Return the rows for which ``keep`` is true, at most the last ``rows`` of them for each creator, and their days."""
    starts = table.starts
    if not keep.all():
        starts = np.concatenate([[0], np.cumsum(keep)])[starts]
    lengths = starts[1:] - starts[:-1]
    if len(lengths) and lengths.max() > rows:
        # The last ones are those after which fewer than ``rows`` come.
        keep = keep & (np.repeat(starts[1:], np.diff(table.starts)) - np.cumsum(keep) < rows)
    if keep.all():
        return table, day
    if len(lengths) == 1:
        return _narrowed(table, keep, day)
    return filter_rows(table, keep), day[keep]


def _narrowed(table: Table, keep: np.ndarray, day: FloatArray) -> tuple[Table, FloatArray]:
    """Return rows of one creator: mostly they stand together, and nothing need be copied."""
    first = int(np.argmax(keep)) if len(keep) else 0
    number = int(np.count_nonzero(keep))
    if not keep[first : first + number].all():
        return filter_rows(table, keep), day[keep]
    part = slice(first, first + number)
    return Table(
        table.contract, {name: values[part] for name, values in table.columns.items()}, np.array([0, number])
    ), day[part]


@dataclass(frozen=True, eq=False)
class View:
    """The tables of ``n`` creators as they stood before ``as_of``; derived columns are computed once and shared.

    Windows: the last 367 observed days of the follower history, the newest 100 posts of two years, the newest 5,000
    comments, 50,000 follower accounts. Rows on or after ``as_of`` are not read. ``comment_model`` and
    ``account_model`` are None for those that ship.
    """

    tables: Tables
    as_of: FloatArray
    comment_model: CommentModel | None = None
    account_model: AccountModel | None = None

    def __len__(self) -> int:
        return self._creators

    @cached_property
    def _creators(self) -> int:
        return len(self.tables)

    def between(self, first: int, last: int) -> View:
        """Return the view of creators ``first`` to ``last - 1``; nothing is copied, and nothing that was computed is shared."""
        tables = self.tables.between(first, last)
        return View(tables, self.as_of[first:last], self.comment_model, self.account_model)

    @cached_property
    def history(self) -> Ragged | None:
        """Day, followers, following of the observed days, oldest first."""
        table = self.tables.follower_history
        if table is None:
            return None
        kernels = kernels_for(len(self), "features.view_kernels", LEAST_CREATORS)
        if kernels is not None and table.columns["observed_on"].dtype == _DAY:
            counts = (
                table.columns["observed_on"].view(np.int64),
                table.columns["followers"],
                _column(table, "following"),
            )
            rows, starts = kernels.history_rows(*map(frozen, (*counts, table.starts, self.as_of)), _HISTORY_LIMIT)
            return Ragged.of_rows(("day", "followers", "following"), frozen(rows), frozen(starts))
        day = table.days("observed_on")
        table, day = _newest(table, ~(day >= _per_row(self.as_of, table)), _HISTORY_LIMIT, day)
        rows = np.array([day, table.numbers("followers"), table.numbers("following")])
        return Ragged.of_rows(("day", "followers", "following"), frozen(rows), frozen(table.starts))

    @cached_property
    def curve(self) -> Curve | None:
        """All intervals between the counts of the history, with what was to be expected of each."""
        from realreach.features.windows import curve_of

        return None if self.history is None else curve_of(self.history)

    @cached_property
    def innocence(self) -> Innocence:
        """The windows of unusual growth, and what explains them."""
        from realreach.features.innocence import innocence_of

        return innocence_of(self)

    @property
    def posts_table(self) -> Table | None:
        """The newest posts before ``as_of``, oldest first."""
        return None if self._posts is None else self._posts[0]

    @cached_property
    def _posts(self) -> tuple[Table, FloatArray] | None:
        """The newest posts and the day of each."""
        table = self.tables.posts
        if table is None:
            return None
        day, as_of = table.days("posted_at"), _per_row(self.as_of, table)
        return _newest(table, (day < as_of) & (day >= as_of - _POST_WINDOW_DAYS), _POST_LIMIT, day)

    @cached_property
    def posts(self) -> PostRows | None:
        """Counts of the newest posts, oldest first; NaN = unknown. ``level`` is the number of followers at that time."""
        if self.tables.posts is None:
            return None
        kernels = kernels_for(len(self), "features.view_kernels", LEAST_CREATORS)
        if kernels is not None and self.tables.posts.columns["posted_at"].dtype == _INSTANT:
            return self._posts_by(kernels, self.tables.posts)
        assert self._posts is not None
        table, day = self._posts
        columns = {name: table.numbers(name) for name in OF_TABLE}
        columns |= {"day": day, "age": _per_row(self.as_of, table) - day}
        columns["is_video"], columns["is_total"] = _formats(table)
        columns["level"] = level_at(self.history, self.followers, table.starts, day)
        return post_rows(columns, table.starts)

    def _posts_by(self, kernels: ModuleType, table: Table) -> PostRows:
        """Return the same by compiled kernels."""
        posted, formats = table.columns["posted_at"].view(np.int64), _NO_FORMATS
        if "format" in table:
            formats = frozen(_formats(table))
        history = _NO_HISTORY if self.history is None else self.history.matrix
        starts = np.zeros(len(self) + 1, dtype=np.int64) if self.history is None else self.history.starts
        counted = tuple(_column(table, name) for name in OF_TABLE)
        matrix, kept = kernels.post_rows(
            frozen(posted), counted, formats, frozen(table.starts), frozen(self.as_of), _POST_WINDOW_DAYS, _POST_LIMIT,
            frozen(history), frozen(starts), frozen(self.followers),
        )  # fmt: skip
        if matrix.shape[1] == len(table):
            # Nobody's post is left out: the table need not be looked at again.
            self.__dict__["_posts"] = table, matrix[ROW_OF["day"]]
        return with_logarithms(matrix, kept)

    @cached_property
    def settled(self) -> PostRows:
        """The posts whose counts have settled (two days old), with ``row`` = their row in ``posts``."""
        assert self.posts is not None
        return settled_posts(self.posts)

    @cached_property
    def post_strength(self) -> PostStrength:
        """How strong each settled post is in each count, against the creator's own others."""
        from realreach.features.post_strength import post_strength

        return post_strength(self.settled)

    @cached_property
    def comments_table(self) -> Table | None:
        """The newest comments before ``as_of``; comments without a time are kept."""
        table = self.tables.comments
        if table is None:
            return None
        if len(self) == 1 and len(table) <= _COMMENT_LIMIT and _latest_of_one(table) < self.as_of.item():
            return table
        day = table.days("commented_at")
        return _newest(table, ~(day >= _per_row(self.as_of, table)), _COMMENT_LIMIT, day)[0]

    @cached_property
    def audience(self) -> Ragged | None:
        """Columns of the sampled follower accounts; ``created`` is the day on which an account was opened.

        Accounts looked at, or opened, on or after ``as_of`` are left out; those without a day are kept.
        """
        table = self.tables.audience
        if table is None:
            return None
        table = known_before(table, self.as_of)
        created = table.days("created_on")
        table, created = _newest(table, ~(created >= _per_row(self.as_of, table)), _ACCOUNT_LIMIT, created)
        rows = np.array([*(table.numbers(name) for name in _ACCOUNT_NUMBERS), created])
        return Ragged.of_rows((*_ACCOUNT_NUMBERS, "created"), frozen(rows), table.starts)

    @cached_property
    def followers(self) -> FloatArray:
        """Followers at ``as_of``: the last observed count if it is at most 60 days old, else the creators table's."""
        told = self.tables.creators.numbers("followers")
        if self.history is None:
            return told
        last, day = self._last("followers"), self._last("day")
        if len(told) == 1:
            newest, given = last.item(), told.item()
            # NaN is the one number that differs from itself.
            current = newest == newest and (given != given or self.as_of.item() - day.item() <= _FRESH_DAYS)
            return last if current else told
        fresh = ~np.isnan(last) & ((self.as_of - day <= _FRESH_DAYS) | np.isnan(told))
        return np.where(fresh, last, told)

    @cached_property
    def following(self) -> FloatArray:
        """Accounts followed, as last known."""
        told = self.tables.creators.numbers("following")
        if self.history is None:
            return told
        if len(told) == 1:
            return told if (given := told.item()) == given else self._last("following")
        return np.where(np.isnan(told), self._last("following"), told)

    @cached_property
    def platform(self) -> IntArray:
        """Number of the platform in ``PLATFORMS``; the count of them for any other."""
        return _place_among(self.tables.creators.strings("platform"), PLATFORMS)

    def _last(self, name: str) -> FloatArray:
        assert self.history is not None
        if len(self) == 1:
            first, last = self.history.starts.tolist()
            return np.array([self.history.columns[name].item(last - 1) if last > first else np.nan])
        out = not_known(len(self))
        some = self.history.lengths > 0
        out[some] = self.history.columns[name][self.history.starts[1:][some] - 1]
        return out


def _column(table: Table, name: str) -> FloatArray:
    """Return a column of numbers as kernels take it: empty where it was not given."""
    values = table.columns.get(name)
    return _NOT_GIVEN if values is None else frozen(np.asarray(values, dtype=np.float64))


def _formats(table: Table) -> FloatArray:
    """Return 1 for moving formats, 0 for still ones, NaN for unknown ones; and 1 for rows of totals; shape (2, posts)."""
    if "format" not in table:
        return np.stack([not_known(len(table)), np.zeros(len(table))])
    # Any format but these is a still one.
    place = _place_among(table.strings("format"), _FORMATS)
    out = np.empty((2, len(place)))
    np.less(place, _TOTAL, out=out[0])
    np.equal(place, _TOTAL, out=out[1])
    out[0, place == _UNKNOWN] = np.nan
    return out


def _place_among(values: pa.Array, words: tuple[str | None, ...]) -> IntArray:
    """Return the place of each text among some words; their number for any other."""
    if len(values) <= _FEW_TEXTS:
        # What Arrow needs to begin with costs more than to look at a few.
        numbers, other = _numbered(words), len(words)
        # Without a call for each text.
        places = [numbers[value] if value in numbers else other for value in values.to_pylist()]  # noqa: SIM401
        return np.array(places, dtype=np.int64)
    found = pc.index_in(values, options=_looked_for(words))
    return found.fill_null(len(words)).to_numpy(zero_copy_only=False).astype(np.int64)


@cache
def _numbered(words: tuple[str | None, ...]) -> dict[str | None, int]:
    return {word: number for number, word in enumerate(words)}


@cache
def _looked_for(words: tuple[str | None, ...]) -> pc.SetLookupOptions:
    return pc.SetLookupOptions(pa.array(words, pa.large_string()))
