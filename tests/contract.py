"""The promises of a feature family, as checks that any family can be put through; a faulty one raises AssertionError.

A family is a function from the point-in-time view to one array per feature. ``FAMILIES`` holds the real ones, each
alone and all of them as ``build_features`` puts them together. Tests that plant faults wrap one and run the checks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa

import worlds
from realreach.features import (
    Feature,
    audience,
    build_features,
    catalogue,
    coherence,
    comments,
    engagement,
    growth,
    innocence,
)
from realreach.features.view import View, decision_days
from realreach.tables import FloatArray, Table, Tables
from worlds import END, World

LOUD = (1.0, 1e9)
"""Followers, likes and comments of rows from the future: whoever reads them shows it."""

_ROUNDING = 1e-9
"""What a correlation or a share may stand outside of its range by rounding."""

KNOWN_FROM_ONE_ROW = {
    "context__followers__now__log10": "one count is a size",
    "context__platform__now__code": "from the profile",
    "context__posts__100p__count": "a count of rows",
    "context__comments__all__count": "a count of rows",
    "context__audience__all__count": "a count of rows",
    "engagement__hidden_likes__100p__share": "each post says by itself whether its likes are hidden",
}
"""Features that one row tells for certain; all others must be NaN there."""


@dataclass(frozen=True)
class Family:
    """One family: how it is computed, and the catalogue records it must fill."""

    name: str
    compute: Callable[[View], Mapping[str, FloatArray]]
    records: tuple[Feature, ...]

    def frame(self, tables: Tables, as_of: object = END) -> pd.DataFrame:
        """Return the values, one row per creator."""
        values = self.compute(View(tables, decision_days(tables, as_of)))
        return pd.DataFrame(dict(values), index=tables.creator_ids.to_pylist())

    def faulty(self, compute: Callable[[View], Mapping[str, FloatArray]]) -> Family:
        """Return this family with another computation."""
        return replace(self, compute=compute)


def _whole(view: View) -> dict[str, FloatArray]:
    """Compute all features by the public function."""
    days = view.as_of.astype(np.int64).astype("datetime64[D]")
    frame = build_features(view.tables, days)
    return {name: frame[name].to_numpy() for name in frame}


def _records(family: str, extra: Sequence[str] = ()) -> tuple[Feature, ...]:
    tested = {f.name for f in innocence.FEATURES}
    return tuple(f for f in catalogue() if (f.family == family and f.name not in tested) or f.name in extra)


FAMILIES = (
    Family("growth", growth.compute, _records("growth", growth.CONTEXT_NAMES)),
    Family("engagement", engagement.compute, _records("engagement", ["context__posts__100p__count"])),
    Family("comments", comments.compute, _records("comments", ["context__comments__all__count"])),
    Family("audience", audience.compute, _records("audience", ["context__audience__all__count"])),
    Family("coherence", coherence.compute, _records("coherence")),
    Family("innocence", innocence.compute, innocence.FEATURES),
    Family("whole", _whole, catalogue()),
)


def check_records(records: Sequence[Feature]) -> None:
    """Every record says everything that dictionary, reasons and reports need."""
    names = [f.name for f in records]
    assert len(set(names)) == len(names), "a name stands twice"
    for f in records:
        assert re.fullmatch(r"[a-z]+(__[a-z0-9_]+?){3}", f.name), (
            f"{f.name}: expected family__quantity__window__statistic"
        )
        assert len(f.name.split("__")) == 4, f"{f.name}: expected four parts"
        assert re.fullmatch(r"\d+(d|p|min|kb)|all|now|burst", f.name.split("__")[2]), f"{f.name}: unknown window"
        texts = (f.unit, f.missing, f.sentence, f.sentence_id)
        assert all(t and t == t.strip() for t in texts), f"{f.name}: unit, missing and both sentences are needed"
        assert f.sentence != f.sentence_id or f.name == "context__platform__now__code", f"{f.name}: not translated"
        assert f.direction in (-1, 0, 1), f"{f.name}: direction"
        assert f.low is None or f.high is None or f.low < f.high, f"{f.name}: empty range"
        assert not (f.monotone and f.direction == 0), f"{f.name}: monotone without a direction"
    sentences = [f.sentence for f in records]
    twice = {s for s in sentences if sentences.count(s) > 1}
    assert not twice, f"readers cannot tell apart: {sorted(twice)}"


def check_names(family: Family, world: World) -> None:
    """The family fills exactly its records, one float64 per creator, also where a table is not there at all."""
    for names in (list(world), ["creators"], *(["creators", n] for n in world if n != "creators")):
        tables = worlds.checked({n: world[n] for n in names})
        values = family.compute(View(tables, decision_days(tables, END)))
        assert set(values) == {f.name for f in family.records}, "names are not those of the catalogue"
        for name, value in values.items():
            assert value.dtype == np.float64, f"{name}: expected float64"
            assert value.shape == (len(tables),), f"{name}: expected one value per creator"


def check_row_order(family: Family, world: World) -> None:
    """Input rows in any order give the same values."""
    straight = family.frame(worlds.checked(world))
    for seed in (1, 2):
        mixed = family.frame(worlds.checked(worlds.shuffled(world, seed)))
        assert_same(mixed.loc[straight.index], straight)


def check_alone(family: Family, world: World) -> None:
    """A creator gets the same row alone, in a crowd, and in portions of any size; to the last bit."""
    tables = worlds.checked(world)
    crowd = family.frame(tables)
    for size in (1, 2, 5):
        for first in range(0, len(tables), size):
            portion = np.arange(first, min(first + size, len(tables)))
            assert_same(family.frame(tables.take(portion)), crowd.iloc[portion])
    for name in crowd.index:
        assert_same(family.frame(worlds.checked(worlds.only(world, [name]))), crowd.loc[[name]])


def check_future(family: Family, world: World) -> None:
    """Loud rows on the day of the decision and after it change nothing, whatever the way in which the day is given."""
    before = family.frame(worlds.checked(world))
    assert_same(family.frame(worlds.checked(_with_future(world, END))), before)
    labels = pd.DataFrame({"creator_id": world["creators"]["creator_id"], "is_fake": 0, "as_of": END})
    told = worlds.checked({**_with_future(world, END), "labels": labels})
    assert_same(family.frame(told, None), before)
    # Half-way: what lies after that day must not matter either.
    middle = worlds.START + pd.Timedelta(days=75)
    past = _until(world, middle)
    assert_same(family.frame(worlds.checked(world), middle), family.frame(worlds.checked(past), middle))
    assert_same(
        family.frame(worlds.checked(_with_future(past, middle)), middle), family.frame(worlds.checked(past), middle)
    )


def check_input_unchanged(family: Family, world: World) -> None:
    """The tables are as they were, and a second look gives the same values."""
    tables = worlds.checked(world)
    before = {name: _copy(table) for name, table in tables.items()}
    first = family.frame(tables)
    for name, table in tables.items():
        for column, was in before[name].items():
            now = table.columns[column]
            same = (
                now.equals(was) if isinstance(now, pa.Array) else np.array_equal(now, was, equal_nan=_can_be_nan(was))
            )
            assert same, f"{name}.{column} was changed"
    assert_same(family.frame(tables), first)


def check_one_row_is_unknown(family: Family, world: World) -> None:
    """One day of history, one post, one comment: NaN, never a number that nobody measured."""
    for tables in (
        worlds.creator("one", curve=[500.0], followed=[90.0]),
        worlds.creator("one", posts={"day": [3.0], "likes": [5.0], "comments_count": [0.0], "views": [70.0]}),
        worlds.creator("one", comments={"text": ["nice"], "day": [4.0], "author_id": ["u1"], "likes": [0.0]}),
        worlds.creator("one", audience={"followers": [5.0], "following": [7.0], "posts_count": [0.0]}),
        worlds.creator("one"),
        worlds.only(world, ["one"]),
    ):
        row = family.frame(worlds.checked(tables)).loc["one"]
        known = [n for n in row.index[row.notna()] if n not in KNOWN_FROM_ONE_ROW]
        assert not known, f"known from a single row: {known}"


def check_range(family: Family, world: World) -> None:
    """Values are finite or NaN, and inside the range that the catalogue promises."""
    assert_in_range(family.records, family.frame(worlds.checked(world)))


def assert_in_range(records: Sequence[Feature], frame: pd.DataFrame) -> None:
    """Fail for a value that is infinite or outside of the range in the catalogue."""
    for record in records:
        values = frame[record.name].to_numpy()
        assert not np.isinf(values).any(), f"{record.name}: infinite"
        known = values[~np.isnan(values)]
        slack = _ROUNDING * np.maximum(np.abs(known), 1.0)
        low, high = record.low, record.high
        assert low is None or (known >= low - slack).all(), f"{record.name}: {known.min()} is below {low}"
        assert high is None or (known <= high + slack).all(), f"{record.name}: {known.max()} is above {high}"


def check_renaming(family: Family, world: World) -> None:
    """Keys are keys: other names for creators, posts and authors, in another alphabetical order, change nothing."""
    straight = family.frame(worlds.checked(world))
    renamed = world
    for key, home in (("creator_id", "creators"), ("post_id", "posts"), ("author_id", "comments")):
        names = _other_names(world[home][key])
        for table in [t for t, frame in world.items() if key in frame]:
            renamed = worlds.change(renamed, table, key, lambda old, names=names: old.map(names))
    other = family.frame(worlds.checked(renamed))
    other.index = straight.index
    assert_same(other, straight)


def check_view_unchanged(family: Family, world: World) -> None:
    """Families share one view: after this one, every family computes what it computes on a fresh view."""
    tables = worlds.checked(world)
    days = decision_days(tables, END)
    used = View(tables, days)
    family.compute(used)
    families = (growth, engagement, comments, audience, coherence, family)
    for compute in (f.compute for f in families):
        assert_same(pd.DataFrame(dict(compute(used))), pd.DataFrame(dict(compute(View(tables, days)))))


def assert_same(got: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Fail unless two frames are equal to the last bit, NaN with NaN."""
    assert list(got.index) == list(expected.index), "other creators"
    assert set(got) == set(expected), "other columns"
    differ = [n for n in expected if not np.array_equal(got[n].to_numpy(), expected[n].to_numpy(), equal_nan=True)]
    assert not differ, f"{len(differ)} columns changed: {differ[:5]}"


def _other_names(keys: pd.Series) -> dict[str, str]:
    """Return new names whose alphabetical order is the reverse of the old one."""
    old = sorted(keys.dropna().unique())
    return {key: f"k{len(old) - i:05d}" for i, key in enumerate(old)}


def _until(world: World, day: pd.Timestamp) -> World:
    times = {"follower_history": "observed_on", "posts": "posted_at", "comments": "commented_at"}
    times |= {"audience": "sampled_on"}
    out = {}
    for table, frame in world.items():
        if table in times:
            when = frame[times[table]]
            limit = day if when.dt.tz is None else day.tz_localize(when.dt.tz)
            frame = frame[when.isna() | (when < limit)].reset_index(drop=True)
        out[table] = frame
    return out


def _with_future(world: World, day: pd.Timestamp) -> World:
    """Add loud rows on ``day`` (its first instant too) and after it, for every creator that a table has."""
    out = dict(world)
    loud = {"follower_history": _loud_counts, "posts": _loud_posts, "comments": _loud_comments}
    for table, rows in {**loud, "audience": _loud_accounts}.items():
        if table in world:
            names = world["creators"]["creator_id"]
            added = pd.concat([rows(name, day) for name in names], ignore_index=True)
            # Columns that the world does not have stay out: a new column would be news about the past.
            added = added[[c for c in added if c in world[table]]]
            out[table] = pd.concat([world[table], added], ignore_index=True)
    return out


def _loud_counts(name: str, day: pd.Timestamp) -> pd.DataFrame:
    days = [day + pd.Timedelta(days=d) for d in (0, 1, 2, 40)]
    counts = np.tile(LOUD, 2)
    return pd.DataFrame({"creator_id": name, "observed_on": days, "followers": counts, "following": counts[::-1]})


def _loud_posts(name: str, day: pd.Timestamp) -> pd.DataFrame:
    times = pd.DatetimeIndex([day + pd.Timedelta(hours=h) for h in (0, 0.5, 1, 25, 900)]).tz_localize("UTC")
    count = [1e9, 0.0, 1e9, 0.0, 1e9]
    data = {"creator_id": name, "post_id": [f"future{i}" for i in range(5)], "posted_at": times, "format": "reel"}
    counts = dict.fromkeys(("likes", "comments_count", "views", "shares", "saves"), count)
    return pd.DataFrame({**data, **counts, "is_sponsored": 1.0, "caption": "loud loud loud"})


def _loud_comments(name: str, day: pd.Timestamp) -> pd.DataFrame:
    times = pd.DatetimeIndex([day + pd.Timedelta(minutes=m) for m in range(12)]).tz_localize("UTC")
    data = {"creator_id": name, "comment_id": [f"future{i}" for i in range(12)], "commented_at": times}
    return pd.DataFrame(
        {**data, "text": "the same loud words again", "author_id": "loud", "post_id": "p1", "likes": 1e9}
    )


def _loud_accounts(name: str, day: pd.Timestamp) -> pd.DataFrame:
    # Forty hollow accounts looked at too late, and some that were opened too late and carry no day.
    looked = [day] * 20 + [day + pd.Timedelta(days=9)] * 20 + [pd.NaT] * 5
    opened = [day - pd.Timedelta(days=500)] * 40 + [day] * 5
    data = {"creator_id": name, "account_id": [f"future{i}" for i in range(45)], "sampled_on": looked}
    counts = {"followers": 0.0, "following": 7_500.0, "posts_count": 0.0, "has_picture": 0.0, "username_digits": 9.0}
    return pd.DataFrame({**data, **counts, "created_on": opened, "follow_order": 7.0})


def _copy(table: Table) -> dict[str, np.ndarray | pa.Array]:
    """Return copies of the columns; of Arrow columns too, whose buffers could be written to in place."""
    return {
        n: pa.array(v.to_pylist(), v.type) if isinstance(v, pa.Array) else v.copy() for n, v in table.columns.items()
    }


def _can_be_nan(values: np.ndarray) -> bool:
    return values.dtype.kind in "fmM"


CHECKS: tuple[Callable[[Family, World], None], ...] = (
    check_names,
    check_row_order,
    check_alone,
    check_future,
    check_input_unchanged,
    check_view_unchanged,
    check_one_row_is_unknown,
    check_range,
    check_renaming,
)
"""The promises that need nothing but a family and a world."""
