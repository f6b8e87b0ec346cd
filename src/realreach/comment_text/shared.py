"""Templates that several creators of a batch share: the same seller serves many.

This looks at creators together, so it can be no feature of one creator (a creator alone would get another value). It is
a finding about a batch, for a person to look at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from realreach.comment_text.likeness import near_groups, template_keys
from realreach.comment_text.measures import measure_comments
from realreach.comment_text.normalise import Normalised, normalise
from realreach.comment_text.words import split_words
from realreach.tables.core import FloatArray, IntArray, Tables

__all__ = ["SharedTemplate", "clusters_of_rows", "shared_templates"]

_WORDS = 4
_CREATORS = 3


@dataclass(frozen=True)
class SharedTemplate:
    """One template found under several creators.

    Parameters
    ----------
    cluster
        Number of the template in this batch, 1 for the most widely shared.
    creators, comments, authors
        How many; authors are 0 where none is known.
    sold
        Mean probability of its comments, NaN where no model was given.
    creator_numbers
        The creators, as positions in the creators table, ascending.
    rows
        Its comments, as rows of the comments table, ascending.
    """

    cluster: int
    creators: int
    comments: int
    authors: int
    sold: float
    creator_numbers: tuple[int, ...]
    rows: tuple[int, ...]


def shared_templates(
    tables: Tables, text: Normalised | None = None, sold: FloatArray | None = None, *, words: int = _WORDS,
    creators: int = _CREATORS, least_sold: float = 0.0,
) -> list[SharedTemplate]:  # fmt: skip
    """Return the templates under at least ``creators`` creators, most widely shared first.

    Near twins are one template (:func:`realreach.comment_text.likeness.near_groups`). Comments of fewer than ``words``
    words, wishes and prayers, and the creators' own answers do not count: people share those without a seller.

    Parameters
    ----------
    tables
        Checked tables with comments.
    text
        The comments, normalised, if at hand.
    sold
        Probability of each comment (:meth:`realreach.comment_text.model.CommentModel.sold`).
    least_sold
        Mean probability that a template must reach; needs ``sold``.
    """
    table = tables.comments
    if table is None or len(table) == 0:
        return []
    text = normalise(table.strings("text")) if text is None else text
    found = split_words(text.plain_points)
    measures = measure_comments(text, found)
    keep = (measures["words"] >= words) & (measures["wish"] == 0) & (table.numbers("by_creator") != 1.0)
    rows = np.flatnonzero(keep)
    keys = template_keys(found)[rows]
    group = near_groups(np.zeros(len(rows), dtype=np.int64), keys, text.plain_points.take(rows))
    wide = _spread_over(group, table.creator[rows]) >= creators
    author = table.codes("author_id")
    out = []
    order = np.argsort(group, kind="stable")
    order = order[wide[order]]
    bounds = np.flatnonzero(np.diff(group[order])) + 1
    for members in np.split(rows[order], bounds) if len(order) else []:
        mean = float(np.sort(sold[members]).sum() / len(members)) if sold is not None else float("nan")
        if sold is not None and mean < least_sold:
            continue
        holders = np.unique(table.creator[members])
        people = np.unique(author[members][author[members] >= 0])
        out.append((len(holders), len(members), len(people), mean, holders, members))
    out.sort(key=lambda t: (-t[0], -t[1], t[5][0]))
    return [
        SharedTemplate(i, a, b, c, mean, tuple(holders.tolist()), tuple(members.tolist()))
        for i, (a, b, c, mean, holders, members) in enumerate(out, 1)
    ]


def _spread_over(group: IntArray, creator: IntArray) -> npt.NDArray[np.int64]:
    """Return for each row by how many creators its group is held."""
    pairs = np.unique(np.stack([group, creator], axis=1), axis=0)
    number = np.bincount(pairs[:, 0], minlength=int(group.max(initial=0)) + 1)
    return np.asarray(number[group], dtype=np.int64)


def clusters_of_rows(found: list[SharedTemplate], count: int) -> pa.Array:
    """Return the cluster of each of ``count`` comments, null for those of no shared template."""
    out = np.zeros(count, dtype=np.int64)
    for template in found:
        out[list(template.rows)] = template.cluster
    return pa.array(out, mask=out == 0)
