"""The score if this evidence were not there: the tables edited, and scored again through the ordinary feature path.

Windows of growth lose the followers beyond the expected, posts get the count that was to be expected, comments are taken
out (and leave the post's counter). Nothing else is touched, and no short cut is taken: the same features, the same model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from realreach.features import feature_matrix
from realreach.features.view import View, filter_rows, known_before
from realreach.features.windows import Windows
from realreach.model import FittedModel
from realreach.tables.core import FloatArray, IntArray, Table, Tables

__all__ = ["Edit", "PostEdit", "authenticity_without"]


@dataclass(frozen=True, eq=False)
class PostEdit:
    """Rows of the view's posts whose count is set to what was to be expected."""

    rows: IntArray
    count: str
    usual: FloatArray


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
        Counts set to the expected.
    comments
        Rows of the view's comments that are taken out.
    """

    creator: int
    windows: tuple[int, ...] = ()
    posts: tuple[PostEdit, ...] = ()
    comments: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def joined(self, other: Edit) -> Edit:
        """Return both edits in one."""
        return replace(
            self,
            windows=tuple(sorted({*self.windows, *other.windows})),
            posts=(*self.posts, *other.posts),
            comments=np.union1d(self.comments, other.comments),
        )

    def __bool__(self) -> bool:
        return bool(self.windows or self.posts or len(self.comments))


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
    matrix = feature_matrix(tables, view.as_of[creators].astype("datetime64[D]"))
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
    """Return a curve without the excess of some windows.

    Within a window the excess is taken out as it came. What is lost again later was part of it, so the curve never
    falls below the level before the window because of the edit.
    """
    out = level.copy()
    for i in sorted(chosen, key=lambda k: w.start[k]):
        excess = max(float(w.excess[i]), 0.0)
        inside = (day >= w.start[i]) & (day <= w.end[i])
        if not inside.any():
            continue
        floor = out[inside][0]
        come = np.clip((level - level[inside][0]) / max(float(w.gain[i]), 1.0), 0.0, 1.0)
        taken = excess * np.where(day < w.start[i], 0.0, np.where(inside, come, 1.0))
        out = np.where(taken > 0, np.maximum(out - taken, np.minimum(out, floor)), out)
    return np.rint(out)


def _rescaled(creators: Table, factor: FloatArray) -> Table:
    """Return the creators table with the follower counts shrunk as the curves were."""
    if "followers" not in creators:
        return creators
    return _with(creators, followers=np.rint(creators.numbers("followers") * factor))


def _posts(table: Table, source: Table, comments: Table | None, edits: Sequence[Edit]) -> Table:
    """Return the posts with the expected counts, and with fewer comments where some were taken out."""
    columns = {n: table.numbers(n).copy() for n in ("likes", "views", "comments_count") if n in table}
    for i, edit in enumerate(edits):
        shift = int(table.starts[i]) - int(source.starts[edit.creator])
        for change in edit.posts:
            if change.count in columns:
                columns[change.count][change.rows + shift] = np.rint(np.maximum(change.usual, 0.0))
        if len(edit.comments) and comments is not None and "comments_count" in columns:
            part = slice(int(table.starts[i]), int(table.starts[i + 1]))
            keys = table.strings("post_id").slice(part.start, part.stop - part.start).to_pylist()
            columns["comments_count"][part] *= _left(keys, comments, edit)
    return _with(table, **columns)


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
