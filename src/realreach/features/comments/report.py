"""Tables about comment sections for people: per creator, per comment, and templates that creators share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from realreach.comment_text.bags import bag_tests
from realreach.comment_text.echoes import in_section
from realreach.comment_text.languages import LANGUAGES
from realreach.comment_text.model import KINDS, CommentModel
from realreach.comment_text.shared import SharedTemplate, clusters_of_rows, shared_templates
from realreach.features.blocks import not_known, ratio
from realreach.features.comments import compute, section_of
from realreach.features.comments.section import Section
from realreach.features.view import View, decision_days
from realreach.tables.core import FloatArray, Tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["comment_rows", "section_rows", "shared_rows"]

_DIGITS = 4
_POST = 10


def _section(tables: Tables, as_of: object, model: CommentModel | None) -> Section:
    section = section_of(View(tables, decision_days(tables, as_of), model))
    assert section is not None, "the caller has seen a comments table"
    return section


def section_rows(tables: Tables, as_of: object = None, model: CommentModel | None = None) -> pd.DataFrame:
    """Return one row per creator.

    Returns
    -------
    pandas.DataFrame
        ``creator_id``; ``comments`` by others; ``id_share`` .. ``undecided_share`` by language; ``near_twin_share`` of
        comments of four words or more, wishes aside; ``sold_share`` with ``sold_share_low`` and ``sold_share_high`` (50,
        5 and 95 %: the part beyond what organic sections show) and ``sold_p_value`` of the bag test; ``worst_post_id``
        with ``worst_post_sold``, the mean probability under it; ``burst_share``, comments of strangers that came together
        beyond the post's own rate. NaN = not known (fewer than ten comments, no times).
    """
    import pandas as pd

    section = _section(tables, as_of, model)
    values = compute(section.view)
    out: dict[str, object] = {"creator_id": tables.creator_ids.to_pandas(), "comments": section.count.astype(np.int64)}
    for code, name in enumerate(LANGUAGES):
        out[f"{name}_share"] = section.share((section.languages == code).astype(np.float64))
    out["near_twin_share"] = values["comments__near_twins__all__share"]
    if section.model.bags is not None:
        bag = bag_tests(section.sold, section.owner, section.creators, section.model.bags)
        out |= {"sold_share_low": bag.share_low, "sold_share": bag.share, "sold_share_high": bag.share_high}
        out["sold_p_value"] = bag.p_value
    post, worst = _worst_posts(section)
    out |= {"worst_post_id": post, "worst_post_sold": worst}
    out["burst_share"] = values["comments__bursts__10min__share"]
    return pd.DataFrame(out).round(_DIGITS)


def _worst_posts(section: Section) -> tuple[list[str | None], FloatArray]:
    """Return the post of at least ten comments with the highest mean probability, and that mean, by creator."""
    ids: list[str | None] = [None] * section.creators
    best = not_known(section.creators)
    known = np.flatnonzero(section.post >= 0)
    place = section.owner[known] * (int(section.post.max(initial=0)) + 1) + section.post[known]
    _, first, number = np.unique(place, return_index=True, return_inverse=True)
    count = np.bincount(number, minlength=len(first)).astype(np.float64)
    total = np.bincount(number, weights=section.sold[known], minlength=len(first)).astype(np.float64)
    mean = ratio(total, count)
    keys = section.table.strings("post_id")
    for group in np.flatnonzero(count >= _POST):
        creator = int(section.owner[known[first[group]]])
        if not mean[group] <= best[creator]:
            best[creator], ids[creator] = mean[group], keys[int(known[first[group]])].as_py()
    return ids, best


def comment_rows(
    tables: Tables, as_of: object = None, model: CommentModel | None = None, *, creators: int = 3, least_sold: float = 0.5
) -> pd.DataFrame:  # fmt: skip
    """Return one row per comment by others, without its text.

    Returns
    -------
    pandas.DataFrame
        ``creator_id``, ``comment_id``, ``kind`` (sold kind if the model calls it sold, ``ordinary`` or ``unsure``),
        ``probability`` that it is sold or automated, ``in_section``, the creator's probabilities given out anew by what the
        comments share with those that the model suspects most (:mod:`realreach.comment_text.echoes`: which comments to
        read first, of 50 or more), ``cluster`` of the shared template (null: none).
    """
    import pandas as pd

    section = _section(tables, as_of, model)
    scores = section.model.scores(section.text)
    called = section.model.called(section.sold)
    sold_kind = np.array(KINDS[1:], dtype=object)[scores[:, 1:].argmax(axis=1)]
    kind = np.where(called > 0, sold_kind, np.where(called < 0, KINDS[0], "unsure"))
    found = _shared(section, creators, least_sold)
    return pd.DataFrame(
        {
            "creator_id": tables.creator_ids.take(section.owner).to_pandas(),
            "comment_id": section.table.strings("comment_id").to_pandas(),
            "kind": kind,
            "probability": section.sold.round(_DIGITS),
            "in_section": in_section(section.sold, section.text, section.table.starts).round(_DIGITS),
            "cluster": clusters_of_rows(found, len(section.table)).to_pandas(types_mapper={}.get).astype("Int64"),
        }
    )


def _shared(section: Section, creators: int, least_sold: float) -> list[SharedTemplate]:
    tables = replace(section.view.tables, comments=section.table)
    return shared_templates(tables, section.text, section.sold, creators=creators, least_sold=least_sold)


def shared_rows(
    tables: Tables, as_of: object = None, model: CommentModel | None = None, *, creators: int = 3,
    least_sold: float = 0.5, show_text: bool = False,
) -> pd.DataFrame:  # fmt: skip
    """Return one row per template that creators share and that reads sold, most widely shared first.

    Returns
    -------
    pandas.DataFrame
        ``cluster``, ``creators``, ``comments``, ``authors`` (0 = none known), ``probability`` (mean), ``creator_ids``
        (separated by spaces); with ``show_text`` also ``text``, the cluster's first comment as it was written.
    """
    import pandas as pd

    section = _section(tables, as_of, model)
    found = _shared(section, creators, least_sold)
    ids = tables.creator_ids
    out: dict[str, list[object]] = {
        "cluster": [t.cluster for t in found],
        "creators": [t.creators for t in found],
        "comments": [t.comments for t in found],
        "authors": [t.authors for t in found],
        "probability": [round(t.sold, _DIGITS) for t in found],
        "creator_ids": [" ".join(ids[i].as_py() for i in t.creator_numbers) for t in found],
    }
    if show_text:
        out["text"] = [section.text.raw[t.rows[0]].as_py() for t in found]
    return pd.DataFrame(out)
