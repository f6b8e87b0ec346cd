"""Rules over the rows of a table: owners, duplicates, order, limits per creator, and values that contradict."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from realreach.tables.core import IntArray, Table
from realreach.tables.draft import Draft, Values, take
from realreach.tables.limits import Limits
from realreach.tables.times import BoolArray

__all__ = ["build_creators", "build_table", "invalid_creators", "mark_unknown_posts"]

_UNREADABLE_KEY = frozenset({"missing_value", "bad_id", "too_long", "wrong_type"})
_FIRST_DAY = int(np.datetime64("1900-01-01", "D").astype(np.int64))
_DAYS = 2**20
"""More days than there can be; a power of two, so that the rest of a division is a mask."""


def build_creators(draft: Draft) -> Table:
    """Apply the row rules of the creators table; its order stays as given."""
    _merge_duplicates(draft, draft.texts("creator_id").dictionary_encode().indices.fill_null(-1).to_numpy())
    order = draft.good
    return draft.table(order, np.arange(len(order) + 1))


def build_table(draft: Draft, creators: Table, invalid: pa.Array, limits: Limits) -> tuple[Table, IntArray]:
    """Apply the row rules of any other table and put it in order; also return the draft's position of each row.

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
    """
    owner = _owners(draft, creators, invalid)
    if draft.contract.name == "posts":
        _hide_likes(draft)
    rising = _merge_duplicates(draft, _key(draft, owner))
    # Where the key is creator and time, rising keys say that all is in order.
    order = draft.good if rising and draft.contract.key[-1] == draft.contract.time else _in_order(draft, owner)
    order = _newest(draft, owner, order, limits.rows_per_creator(draft.contract.name))
    if draft.contract.name == "follower_history":
        order = _without_zero_glitches(draft, owner, order)
    starts = np.cumsum(np.bincount(owner[order] + 1, minlength=len(creators) + 1))
    return draft.table(order, starts), order


def _owners(draft: Draft, creators: Table, invalid: pa.Array) -> IntArray:
    ids, coded = draft.texts("creator_id"), draft.coded.get("creator_id")
    if coded is not None:
        owner = np.append(_places(coded.words, creators.strings("creator_id")), -1)[coded.numbers]
    else:
        owner = _places(ids, creators.strings("creator_id"))
    lost = (owner < 0) & ids.is_valid().to_numpy(zero_copy_only=False)
    if lost.any():
        known = pc.is_in(ids, value_set=invalid).to_numpy(zero_copy_only=False)
        draft.mark("creator_set_aside", "creator_id", lost & known)
        draft.mark("unknown_creator", "creator_id", lost & ~known)
    return owner


def _places(texts: pa.Array, among: pa.Array) -> IntArray:
    """Return the place of each text among others, -1 where it is not."""
    return np.asarray(pc.index_in(texts, value_set=among).fill_null(-1).to_numpy().astype(np.int64))


def _key(draft: Draft, owner: IntArray) -> IntArray:
    """Return a whole number per row, equal where the keys are equal (whatever for rows that are set aside)."""
    values = draft.columns.get(draft.contract.key[-1]) if len(draft.contract.key) > 1 else None
    if values is None:
        return owner
    if isinstance(values, np.ndarray):
        # Days lie between 1990 and 2100, and unknown ones are set aside. In place: a table has millions of rows.
        key = values.view(np.int64) - _FIRST_DAY
        key &= _DAYS - 1
        key += owner * _DAYS
        return key
    coded = draft.coded.get(draft.contract.key[-1])
    if coded is not None:
        second = np.maximum(coded.numbers, 0)
    else:
        second = values.dictionary_encode().indices.fill_null(0).to_numpy().astype(np.int64)
    return owner * (int(second.max(initial=0)) + 1) + second


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
    a, b = values.take(pa.array(left)), values.take(pa.array(right))
    same = pc.equal(a, b).fill_null(False).to_numpy(zero_copy_only=False)
    both_null = pc.and_(a.is_null(), b.is_null()).to_numpy(zero_copy_only=False)
    return np.asarray(same | both_null)


def _in_order(draft: Draft, owner: IntArray) -> IntArray:
    """Return the good rows grouped by creator, by time, then by key: an order that input order cannot change."""
    rows = draft.good
    time = np.zeros(len(rows), dtype=np.int64)
    if draft.contract.time in draft.columns:
        time = _sortable(_at(draft.columns[draft.contract.time], rows))
    who = _at(owner, rows)
    keys = draft.columns[draft.contract.key[-1]]
    texts = keys if isinstance(keys, pa.Array) and len(draft.contract.key) > 1 else None
    if not _rising(who, time, texts, rows):
        order = np.lexsort((time, who))
        rows, who, time = rows[order], who[order], time[order]
        if texts is not None:
            rows = _untie(rows, who, time, texts)
    return rows


def _at(values: npt.NDArray, rows: IntArray) -> npt.NDArray:
    """Return some rows, which stand in rising order; the array itself where they are all."""
    return values if len(rows) == len(values) else values[rows]


def _sortable(times: npt.NDArray) -> IntArray:
    ticks = times.view(np.int64)
    unknown = np.iinfo(np.int64).min
    if ticks.min(initial=0) > unknown:
        return ticks
    return np.where(ticks == unknown, np.iinfo(np.int64).max, ticks)  # unknown times come last


def _rising(who: IntArray, time: IntArray, texts: pa.Array | None, rows: IntArray) -> bool:
    if (who[1:] < who[:-1]).any():
        return False
    not_later = np.flatnonzero(time[1:] <= time[:-1])
    not_later = not_later[who[not_later + 1] == who[not_later]]
    if (time[not_later + 1] < time[not_later]).any():
        return False
    tied = not_later
    if texts is None or not len(tied):
        return True
    return bool(pc.all(pc.less_equal(take(texts, rows[tied]), take(texts, rows[tied + 1]))).as_py())


def _untie(rows: IntArray, who: IntArray, time: IntArray, texts: pa.Array) -> IntArray:
    """Order rows of one creator and one time by their key."""
    same = (who[1:] == who[:-1]) & (time[1:] == time[:-1])
    tied = np.concatenate([same, [False]]) | np.concatenate([[False], same])
    places = np.flatnonzero(tied)
    if len(places):
        group = np.cumsum(np.concatenate([[True], ~same]))[places]
        pairs = pa.table({"group": group, "key": take(texts, rows[places])})
        order = pc.sort_indices(pairs, sort_keys=[("group", "ascending"), ("key", "ascending")]).to_numpy()
        rows = rows.copy()
        rows[places] = rows[places[order]]
    return rows


def _newest(draft: Draft, owner: IntArray, order: IntArray, limit: int | None) -> IntArray:
    if limit is None or len(order) <= limit:
        return order
    who = owner[order]
    if np.bincount(who).max() <= limit:
        return order
    from_end = np.searchsorted(who, who, side="right") - np.arange(len(who))
    draft.mark("too_many_rows", None, order[from_end > limit])
    return order[from_end <= limit]


def _without_zero_glitches(draft: Draft, owner: IntArray, order: IntArray) -> IntArray:
    """Set counts of 0 aside that have counts above 0 both before and after them."""
    if not (draft.columns["followers"] == 0).any():
        return order
    followers, who = draft.columns["followers"][order], owner[order]
    zero = followers == 0
    above = np.concatenate([[0], np.cumsum(followers > 0)])
    first, after = np.searchsorted(who, who), np.searchsorted(who, who, side="right")
    here = np.arange(len(order))
    glitch = zero & (above[here] > above[first]) & (above[after] > above[here + 1])
    draft.mark("zero_glitch", "followers", order[glitch])
    return order[~glitch]


def invalid_creators(draft: Draft, creators: Table) -> dict[str, tuple[str, ...]]:
    """Return the creators of whom no row is used though their key can be read, with the codes of what is wrong."""
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


def mark_unknown_posts(draft: Draft, comments: Table, order: IntArray, posts: Table) -> None:
    """Note the comments under posts that are not among the usable posts of their creator."""
    if "post_id" not in comments:
        return
    ids = comments.strings("post_id")
    known = posts.strings("post_id").dictionary_encode()
    place = pc.index_in(ids, value_set=known.dictionary).fill_null(-1).to_numpy().astype(np.int64)
    size = len(posts) + 1  # above every place, so that creator and place make one number
    pairs = np.sort(np.append(posts.creator * size + known.indices.to_numpy(), np.iinfo(np.int64).max))
    wanted = comments.creator * size + place
    there = (place >= 0) & (pairs[np.searchsorted(pairs, wanted)] == wanted)
    given = ids.is_valid().to_numpy(zero_copy_only=False)
    draft.mark("unknown_post", "post_id", order[given & ~there])
