"""A creator's comment section: what is said, how alike it is, who says it and when, and how much of it looks sold.

Organic comments of large accounts are short, emoji-only and repeated too, so every share is judged against creators of
similar size, and repeats count only among comments of four words or more. Each module holds one part: its catalogue
records and ``compute``. What compiled kernels compute, ``whole`` does at once; ``shapes`` of the authors' handles, which
few tables give, are looked at beside, by the same code for both.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from realreach.comment_text.grouping import OWNERS
from realreach.compiled import kernels_for
from realreach.features.blocks import not_known
from realreach.features.catalogue import Feature
from realreach.features.comments import shapes
from realreach.features.comments.rows import PARTS
from realreach.features.comments.section import MINIMUM_COMMENTS, Section
from realreach.features.comments.whole import WHOLE, compute_whole
from realreach.features.view import View, filter_rows
from realreach.tables.core import FloatArray, Table, Tables

__all__ = ["FEATURES", "MINIMUM_COMMENTS", "Section", "compute", "section_of"]

_BLOCK, _COMPILED_BLOCK = 20_000, 10_000
"""Comments worked on at once, by NumPy and by compiled kernels; bounds memory, and keeps a block near the processor."""

FEATURES: tuple[Feature, ...] = tuple(feature for part in (*PARTS, shapes) for feature in part.FEATURES)
NAMES = (*(feature.name for feature in FEATURES), "context__comments__all__count")
"""Names of the rows of :func:`numbers`."""
_OF_PARTS = tuple(feature.name for part in PARTS for feature in part.FEATURES)


def section_of(view: View) -> Section | None:
    """Return the comments by others of all creators of the view; None without a comments table."""
    every = view.comments_table
    if every is None:
        return None
    own = every.numbers("by_creator") == 1.0
    return Section(filter_rows(every, ~own) if own.any() else every, every, view)


def compute(view: View) -> dict[str, FloatArray]:
    """Return the comment features of every creator of the view, one array per catalogue name; NaN = not known.

    Creators are taken in blocks of some ten thousand comments, so that memory stays flat; a creator's values do not
    depend on the others in its block.
    """
    return dict(zip(NAMES, numbers(view), strict=True))


def numbers(view: View) -> FloatArray:
    """Return what :func:`compute` gives as the rows of one array, in the order of ``NAMES``."""
    comments = view.tables.comments
    if comments is None:
        return _numbers(view)
    # Asked for all of them, so that a large table loads the kernels though its blocks are small.
    block = _BLOCK if kernels_for(len(comments)) is None else _COMPILED_BLOCK
    if len(comments) <= block and len(view) <= OWNERS:
        return _numbers(view)
    return np.concatenate([_numbers(part) for part in _blocks(view, block)], axis=1)


def _blocks(view: View, block: int) -> Iterator[View]:
    """Yield the view in parts of neighbouring creators with about as many comments each, posts and comments only."""
    tables = view.tables
    assert tables.comments is not None, "asked only where there are comments"
    number = tables.comments.starts // block
    new = (np.diff(number) > 0) | (np.arange(1, len(view) + 1) % OWNERS == 0)
    bounds = [0, *(new.nonzero()[0] + 1).tolist(), len(view)]
    for low, high in pairwise(sorted(set(bounds))):
        of_part = (_neighbours(table, low, high) for table in (tables.creators, tables.posts, tables.comments))
        creators, posts, comments = of_part
        assert creators is not None, "a table that is always there"
        part = Tables(creators, posts=posts, comments=comments)
        yield View(part, view.as_of[low:high], view.comment_model, view.account_model)


def _neighbours(table: Table | None, low: int, high: int) -> Table | None:
    """Return the rows of neighbouring creators, without a copy."""
    if table is None:
        return None
    first, last = int(table.starts[low]), int(table.starts[high])
    columns = {name: values[first:last] for name, values in table.columns.items()}
    return Table(table.contract, columns, table.starts[low : high + 1] - first)


def _numbers(view: View) -> FloatArray:
    n, every = len(view), view.comments_table
    if every is None:
        nothing = not_known((len(NAMES), n))
        nothing[-1] = 0.0
        return nothing
    compiled = kernels_for(len(every), WHOLE)
    values, others = _by_parts(view) if compiled is None else compute_whole(every, view, compiled)
    starts = others.starts
    count = np.asarray(starts[1:] - starts[:-1], dtype=np.float64)
    values[~((count >= MINIMUM_COMMENTS) & np.isfinite(values))] = np.nan
    of_handles = shapes.compute(every, others) if shapes.COLUMN in every else [not_known(n)] * len(shapes.FEATURES)
    return np.concatenate([values, [*of_handles, count]])


def _by_parts(view: View) -> tuple[FloatArray, shapes.Comments]:
    """Return the features of ``PARTS`` with NumPy alone, a row for each, and what is known of the comments by others."""
    section = section_of(view)
    assert section is not None, "there are comments"
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {f"comments__{name}": value for part in PARTS for name, value in part.compute(section).items()}
    unknown = not_known(len(view))
    values = np.array([found[name] if name in found else unknown for name in _OF_PARTS])  # noqa: SIM401
    rows = (section.every.numbers("by_creator") != 1.0).nonzero()[0]
    return values, shapes.Comments(rows, section.table.starts, section.people, section.sold_steps)
