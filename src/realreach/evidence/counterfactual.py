"""The score if this evidence were not there: the tables edited, and scored again through the ordinary feature path.

Windows of growth take the pace of the days around them; posts are taken out; comments are taken out and
leave their post's counter. Nothing else is touched, and no short cut is taken: the same features, the same model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from realreach.features import feature_matrix
from realreach.features.growth import surprise_of_gains
from realreach.features.view import View, filter_rows, known_before
from realreach.features.windows import Windows
from realreach.model import FittedModel
from realreach.tables.core import FloatArray, IntArray, Table, Tables

__all__ = ["Edit", "authenticity_without"]

_AFTER_DAYS = 60.0
"""Days after a window in which sharp losses are taken as losses of what it brought."""
_UNUSUAL = 5.0
"""Spreads beyond which an interval is no example of ordinary growth."""
_NEAR = 28


@dataclass(frozen=True, eq=False)
class Edit:
    """What is taken out of one creator's tables.

    Parameters
    ----------
    creator
        Position of the creator in the view.
    windows
        Positions of windows whose excess is taken out.
    posts
        Rows of the view's posts that are taken out.
    comments
        Rows of the view's comments that are taken out.
    """

    creator: int
    windows: tuple[int, ...] = ()
    posts: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    comments: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    @property
    def key(self) -> tuple[object, ...]:
        """What is taken out, as something to compare: reasons of one source share one edit."""
        return self.creator, self.windows, tuple(self.posts.tolist()), tuple(self.comments.tolist())

    def joined(self, other: Edit) -> Edit:
        """Return both edits in one."""
        return replace(
            self,
            windows=tuple(sorted({*self.windows, *other.windows})),
            posts=np.union1d(self.posts, other.posts),
            comments=np.union1d(self.comments, other.comments),
        )

    def __bool__(self) -> bool:
        return bool(self.windows or len(self.posts) or len(self.comments))


def authenticity_without(model: FittedModel, view: View, windows: Windows, edits: Sequence[Edit]) -> FloatArray:
    """Return the authenticity of each edited creator, 0 to 100; NaN where too little is left to judge.

    Parameters
    ----------
    model
        The fitted model.
    view
        What was known of the creators.
    windows
        Their windows of unusual growth.
    edits
        One for each score that is wanted.
    """
    if not edits:
        return np.empty(0)
    creators = np.array([e.creator for e in edits], dtype=np.int64)
    base = _as_known(view)
    tables = base.take(creators)
    if tables.follower_history is not None:
        history, followers = _curves(tables, windows, edits)
        tables = replace(tables, follower_history=history, creators=_rescaled(tables.creators, followers))
    if tables.posts is not None and view.posts_table is not None:
        tables = replace(tables, posts=_posts(tables.posts, view.posts_table, view.comments_table, edits))
    if tables.comments is not None and view.comments_table is not None:
        tables = replace(tables, comments=_comments(tables.comments, view.comments_table, edits))
    matrix = feature_matrix(
        tables, view.as_of[creators].astype("datetime64[D]"), view.comment_model, view.account_model
    )
    return 100.0 * (1.0 - model.probabilities(matrix))


def _as_known(view: View) -> Tables:
    """Return the tables cut to what the view reads, so that rows of the view are rows of the tables."""
    history = view.tables.follower_history
    return replace(
        view.tables,
        follower_history=None if history is None else known_before(history, view.as_of),
        posts=view.posts_table,
        comments=view.comments_table,
        labels=None,
    )


def _with(table: Table, **columns: FloatArray) -> Table:
    return Table(table.contract, {**table.columns, **columns}, table.starts)


def _curves(tables: Tables, windows: Windows, edits: Sequence[Edit]) -> tuple[Table, FloatArray]:
    """Return the follower histories without the windows' excess, and by what the last count of each shrank."""
    table = tables.follower_history
    assert table is not None
    day, level = table.days("observed_on"), table.numbers("followers").copy()
    shrunk = np.ones(len(edits))
    for i, edit in enumerate(edits):
        part = slice(int(table.starts[i]), int(table.starts[i + 1]))
        if not edit.windows or part.start == part.stop:
            continue
        before = level[part].copy()
        level[part] = _without_windows(day[part], before, windows, edit.windows)
        shrunk[i] = level[part][-1] / max(before[-1], 1.0)
    return _with(table, followers=level), shrunk


def _without_windows(day: FloatArray, level: FloatArray, w: Windows, chosen: tuple[int, ...]) -> FloatArray:
    """Return a curve in which some windows grew as the creator's other days did.

    Each interval of a window takes the pace of an interval near it that lies in no window, so that the unevenness of
    the curve stays what it is. Sharp losses in the two months after a window were part of it and are replaced alike.
    """
    days, gain = np.diff(day), np.diff(level)
    if len(gain) < 2:
        return level
    _, surprise = surprise_of_gains(level[None, :], days[None, :])
    begin, end = day[:-1], day[1:]
    taken = np.zeros(len(gain), dtype=bool)
    for i in chosen:
        taken |= (begin >= w.start[i]) & (end <= w.end[i])
        taken |= (begin >= w.end[i]) & (end <= w.end[i] + _AFTER_DAYS) & (surprise[0] < -2.0)
    ordinary = np.flatnonzero(~taken & (np.abs(surprise[0]) <= _UNUSUAL) & (days <= 3.0 * np.median(days)))
    rate = gain / days
    for run in np.split(np.flatnonzero(taken), np.flatnonzero(np.diff(np.flatnonzero(taken)) > 1) + 1):
        if len(run) == 0:
            continue
        near = ordinary[np.argsort(np.abs(begin[ordinary] - begin[run[0]]), kind="stable")][:_NEAR]
        gain[run] = (rate[np.resize(near, len(run))] if len(near) else np.median(rate)) * days[run]
    return np.maximum(np.rint(level[0] + np.concatenate([[0.0], np.cumsum(gain)])), 0.0)


def _rescaled(creators: Table, factor: FloatArray) -> Table:
    """Return the creators table with the follower counts shrunk as the curves were."""
    if "followers" not in creators:
        return creators
    return _with(creators, followers=np.rint(creators.numbers("followers") * factor))


def _posts(table: Table, source: Table, comments: Table | None, edits: Sequence[Edit]) -> Table:
    """Return the posts that stay, with fewer comments where some were taken out."""
    counts = table.numbers("comments_count").copy()
    keep = np.ones(len(table), dtype=bool)
    for i, edit in enumerate(edits):
        part = slice(int(table.starts[i]), int(table.starts[i + 1]))
        keep[edit.posts + part.start - int(source.starts[edit.creator])] = False
        if len(edit.comments) and comments is not None:
            keys = table.strings("post_id").slice(part.start, part.stop - part.start).to_pylist()
            counts[part] *= _left(keys, comments, edit)
    table = _with(table, comments_count=np.rint(counts)) if "comments_count" in table else table
    return table if keep.all() else filter_rows(table, keep)


def _left(keys: list[str], comments: Table, edit: Edit) -> FloatArray:
    """Return the share of its recorded comments that each post keeps."""
    low, high = int(comments.starts[edit.creator]), int(comments.starts[edit.creator + 1])
    gone = set(edit.comments.tolist())
    seen: dict[str, list[int]] = {}
    for row, key in zip(range(low, high), comments.strings("post_id").slice(low, high - low).to_pylist(), strict=True):
        if key is not None:
            count = seen.setdefault(key, [0, 0])
            count[0] += 1
            count[1] += row in gone
    return np.array([1.0 - seen[k][1] / seen[k][0] if k in seen else 1.0 for k in keys])


def _comments(table: Table, source: Table, edits: Sequence[Edit]) -> Table:
    keep = np.ones(len(table), dtype=bool)
    for i, edit in enumerate(edits):
        if len(edit.comments):
            keep[edit.comments + int(table.starts[i]) - int(source.starts[edit.creator])] = False
    return table if keep.all() else filter_rows(table, keep)
