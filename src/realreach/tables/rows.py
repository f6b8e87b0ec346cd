"""Rules over the rows of a table: owners, duplicates, order, limits per creator, and values that contradict."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from realreach.tables.core import IntArray, Table, written_out
from realreach.tables.draft import Draft, Values, take
from realreach.tables.limits import Limits
from realreach.tables.owners import Owners, coded, owners_of, places_among, word_numbers
from realreach.tables.times import BoolArray

__all__ = ["build_creators", "build_table", "invalid_creators", "mark_unknown_posts"]

_UNREADABLE_KEY = frozenset({"missing_value", "bad_id", "too_long", "wrong_type"})
_FIRST_DAY = int(np.datetime64("1900-01-01", "D").astype(np.int64))
_LARGEST = 2**62
_CELLS = 4
"""So many cells of a table, one by one, cost no more than to look a number up among sorted ones."""
_DAYS = 2**20
"""More days than there can be; a power of two, so that the rest of a division is a mask."""


def build_creators(draft: Draft) -> Table:
    """Apply the row rules of the creators table; its order stays as given."""
    _merge_duplicates(draft, word_numbers(draft.columns["creator_id"]).astype(np.int64))
    order = None if draft.whole else draft.good
    return draft.table(order, np.arange((len(draft.bad) if order is None else len(order)) + 1))


def build_table(draft: Draft, creators: Table, invalid: pa.Array, limits: Limits) -> tuple[Table, IntArray | None]:
    """Apply the row rules of any other table and put it in order.

    Parameters
    ----------
    draft
        The rows with their findings so far; findings are added.
    creators
        The finished creators table.
    invalid
        Keys of creators that were set aside.
    limits
        Rows of one creator.

    Returns
    -------
    tuple
        The table, and the draft's position of each of its rows; None where all of them stood in order.
    """
    owners = owners_of(draft, creators, invalid)
    if draft.contract.name == "posts":
        _hide_likes(draft)
    second = _second(draft)
    # What is exported comes sorted, and by keys that rise there is nothing to merge and, if they are times, to order.
    neat = draft.whole and owners.grouped
    rising = (neat and owners.rises(second)) or _merge_duplicates(draft, _key(owners, second))
    order: IntArray | None
    if rising and draft.contract.key[-1] == draft.contract.time:
        order = None if neat else draft.good
    else:
        order = _in_order(draft, owners)
    counts = owners.counts(order, len(creators))
    limit = limits.rows_per_creator(draft.contract.name)
    if limit is not None and counts.max(initial=0) > limit:
        order = _newest(draft, owners, order, limit)
        counts = owners.counts(order, len(creators))
    if draft.contract.name == "follower_history" and (draft.columns["followers"] == 0).any():
        order = _without_zero_glitches(draft, owners, order)
        counts = owners.counts(order, len(creators))
    return draft.table(order, np.concatenate([[0], np.cumsum(counts)])), order


def _second(draft: Draft) -> npt.NDArray | None:
    """Return days or numbers that are equal where the last part of the key is; None where a key has one part."""
    if len(draft.contract.key) == 1:
        return None
    values = draft.columns[draft.contract.key[-1]]
    return values if isinstance(values, np.ndarray) else word_numbers(values)


def _key(owners: Owners, second: npt.NDArray | None) -> IntArray:
    """Return a whole number per row, equal where the keys are equal (whatever for rows that are set aside)."""
    if second is None:
        return owners.rows
    if second.dtype.kind == "M":
        # Days lie between 1990 and 2100, and unknown ones are set aside. In place: a table has millions of rows.
        key = second.view(np.int64) - _FIRST_DAY
        key &= _DAYS - 1
        key += owners.rows * _DAYS
        return key
    second = np.maximum(second, 0)
    return owners.rows * (int(second.max(initial=0)) + 1) + second


def _merge_duplicates(draft: Draft, key: IntArray) -> bool:
    """Merge rows that say the same; set all of those aside that share a key and differ.

    Of follower counts at different times of one day the last is kept: that is no conflict but a series. Returns whether
    each key is above the one before, so that there was nothing to do.
    """
    rows = draft.good
    key = _at(key, rows)
    if (key[1:] > key[:-1]).all():
        return True
    ordered = np.sort(key)  # faster than any hash table
    if (ordered[1:] != ordered[:-1]).all():
        return False
    _, group, size = np.unique(key, return_inverse=True, return_counts=True)
    shared = size[group] > 1
    rows, group = rows[shared], group[shared]
    if draft.instants is not None:
        last = np.full(len(size), np.datetime64("NaT", "us"))
        np.fmax.at(last, group, draft.instants[rows])
        early = draft.instants[rows] < last[group]
        draft.merged[rows[early]] = True
        rows, group = rows[~early], group[~early]
    # One more step than pairs: a group is whole if each of its rows equals its first row.
    order = np.argsort(group, kind="stable")
    rows, group = rows[order], group[order]
    first = rows[np.searchsorted(group, group)]
    differs = np.zeros(len(rows), dtype=bool)
    for values in draft.columns.values():
        differs |= ~_equal(values, rows, first)
    conflict = np.isin(group, group[differs])
    draft.merged[rows[~conflict & (rows != first)]] = True
    draft.mark("duplicate_conflict", draft.contract.key[-1], rows[conflict])
    return False


def _equal(values: Values, left: IntArray, right: IntArray) -> BoolArray:
    if isinstance(values, np.ndarray):
        a, b = values[left], values[right]
        unknown = np.isnan(a) & np.isnan(b) if values.dtype.kind == "f" else np.isnat(a) & np.isnat(b)
        return (a == b) | unknown
    a, b = _texts_at(values, left), _texts_at(values, right)
    same = pc.equal(a, b).fill_null(False).to_numpy(zero_copy_only=False)
    both_null = pc.and_(a.is_null(), b.is_null()).to_numpy(zero_copy_only=False)
    return np.asarray(same | both_null)


def _texts_at(texts: pa.Array, rows: IntArray) -> pa.Array:
    return written_out(take(texts, rows))


def _in_order(draft: Draft, owners: Owners) -> IntArray | None:
    """Return the good rows grouped by creator, by time, then by key: an order that input order cannot change.

    None where all rows are good and stand so.
    """
    whole = draft.whole
    rows = np.arange(len(draft.bad)) if whole else draft.good
    time = np.zeros(len(rows), dtype=np.int64)
    if draft.contract.time in draft.columns:
        time = _sortable(_at(draft.columns[draft.contract.time], rows))
    who = _at(owners.rows, rows)
    keys = draft.columns[draft.contract.key[-1]]
    texts = keys if isinstance(keys, pa.Array) and len(draft.contract.key) > 1 else None
    if _rising(who, time, texts, rows):
        return None if whole else rows
    order, same = _by_creator_and_time(who, time)
    rows = order if whole else rows[order]
    return rows if texts is None else _untie(rows, same, texts)


def _at(values: npt.NDArray, rows: IntArray) -> npt.NDArray:
    """Return some rows, which stand in rising order; the array itself where they are all."""
    return values if len(rows) == len(values) else values[rows]


def _sortable(times: npt.NDArray) -> IntArray:
    ticks = times.view(np.int64)
    unknown = np.iinfo(np.int64).min
    if ticks.min(initial=0) > unknown:
        return ticks
    return np.where(ticks == unknown, ticks.max() + 1, ticks)  # unknown times come last


def _by_creator_and_time(who: IntArray, time: IntArray) -> tuple[IntArray, BoolArray]:
    """Return the order of rows by creator, then by time, and where, in this order, a row equals the next one."""
    first, span = int(time.min(initial=0)), int(np.ptp(time)) + 1 if len(time) else 1
    if (int(who.max(initial=0)) + 1) * span < _LARGEST:
        # One number is sorted in a third of the time of two, and what stands in order by runs in a tenth.
        key = who * span
        key += time
        key -= first
        order = np.argsort(key, kind="stable")
        key = key[order]
        return order, key[1:] == key[:-1]
    order = np.lexsort((time, who))
    who, time = who[order], time[order]
    return order, (who[1:] == who[:-1]) & (time[1:] == time[:-1])


def _rising(who: IntArray, time: IntArray, texts: pa.Array | None, rows: IntArray) -> bool:
    next_one = who[1:] > who[:-1]
    not_later = (time[1:] <= time[:-1]) & ~next_one
    if (who[1:] < who[:-1]).any() or (not_later & (time[1:] < time[:-1])).any():
        return False
    tied = np.flatnonzero(not_later)
    if texts is None or not len(tied):
        return True
    return bool(pc.all(pc.less_equal(_texts_at(texts, rows[tied]), _texts_at(texts, rows[tied + 1]))).as_py())


def _untie(rows: IntArray, same: BoolArray, texts: pa.Array) -> IntArray:
    """Order rows of one creator and one time, each ``same`` as the next one, by their key."""
    if same.any():
        after = np.concatenate([[False], same])  # rows that equal the one before
        places = np.flatnonzero(np.append(same, False) | after)
        group = np.cumsum(~after[places])
        pairs = pa.table({"group": group, "key": _texts_at(texts, rows[places])})
        order = pc.sort_indices(pairs, sort_keys=[("group", "ascending"), ("key", "ascending")]).to_numpy()
        rows = rows.copy()
        rows[places] = rows[places[order]]
    return rows


def _newest(draft: Draft, owners: Owners, order: IntArray | None, limit: int) -> IntArray:
    order = np.arange(len(draft.bad)) if order is None else order
    who = owners.rows[order]
    from_end = np.searchsorted(who, who, side="right") - np.arange(len(who))
    draft.mark("too_many_rows", None, order[from_end > limit])
    return order[from_end <= limit]


def _without_zero_glitches(draft: Draft, owners: Owners, order: IntArray | None) -> IntArray:
    """Set counts of 0 aside that have counts above 0 both before and after them."""
    order = np.arange(len(draft.bad)) if order is None else order
    followers, who = draft.columns["followers"][order], owners.rows[order]
    zero = followers == 0
    above = np.concatenate([[0], np.cumsum(followers > 0)])
    first, after = np.searchsorted(who, who), np.searchsorted(who, who, side="right")
    here = np.arange(len(order))
    glitch = zero & (above[here] > above[first]) & (above[after] > above[here + 1])
    draft.mark("zero_glitch", "followers", order[glitch])
    return order[~glitch]


def invalid_creators(draft: Draft, creators: Table) -> dict[str, tuple[str, ...]]:
    """Return the creators of whom no row is used though their key can be read, with the codes of what is wrong."""
    if not draft.bad.any():
        return {}
    unreadable = np.zeros(len(draft.bad), dtype=bool)
    for finding in draft.findings:
        if finding.column == "creator_id" and finding.code in _UNREADABLE_KEY:
            unreadable[finding.rows] = True
    rows = np.flatnonzero(draft.bad & ~unreadable)
    keys = draft.texts("creator_id").take(pa.array(rows))
    unused = ~pc.is_in(keys, value_set=creators.strings("creator_id")).to_numpy(zero_copy_only=False)
    rows, names = rows[unused], keys.filter(pa.array(unused)).to_pylist()
    codes: dict[int, list[str]] = {row: [] for row in rows.tolist()}
    for finding in draft.findings:
        for row in finding.rows[np.isin(finding.rows, rows)].tolist():
            codes[row].append(finding.code)
    found: dict[str, tuple[str, ...]] = {}
    for name, row in zip(names, rows.tolist(), strict=True):
        found[name] = tuple(dict.fromkeys((*found.get(name, ()), *codes[row])))
    return found


def _hide_likes(draft: Draft) -> None:
    """Take likes as unknown where a post says that they are hidden: a hidden count is not a count."""
    if "likes" in draft.columns and "likes_hidden" in draft.columns:
        hidden = (draft.columns["likes_hidden"] == 1) & ~np.isnan(draft.columns["likes"])
        draft.mark("likes_hidden", "likes", hidden & ~draft.bad)
        draft.columns["likes"] = np.where(hidden, np.nan, draft.columns["likes"])


def mark_unknown_posts(draft: Draft, comments: Table, order: IntArray | None, posts: Table) -> None:
    """Note the comments under posts that are not among the usable posts of their creator."""
    if "post_id" not in comments:
        return
    ids, known = (coded(table.columns["post_id"]) for table in (comments, posts))
    numbers = word_numbers(ids)
    place = np.append(places_among(ids.dictionary, known.dictionary), -1)[numbers]
    # Creator and post make one number; one more step than posts, so that what is none of them is no other's number.
    steps = len(known.dictionary) + 1
    given, wanted = posts.creator * steps, comments.creator * steps
    given += word_numbers(known)
    wanted += place
    rows = np.flatnonzero((numbers >= 0) & ~_is_among(wanted, given, (len(posts.starts) - 1) * steps))
    draft.mark("unknown_post", "post_id", rows if order is None else order[rows])


def _is_among(wanted: IntArray, given: IntArray, end: int) -> BoolArray:
    """Return which whole numbers (from -1) are among others (from 0 to ``end`` - 2, both in rising order or not)."""
    if end <= _CELLS * (len(wanted) + len(given)):
        there = np.zeros(end + 1, dtype=bool)  # the last one is for -1
        there[given] = True
        return there[wanted]
    given = np.sort(np.append(given, np.iinfo(np.int64).max))
    return np.asarray(given[np.searchsorted(given, wanted)] == wanted)
