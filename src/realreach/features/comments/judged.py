"""What the comment model says of the section: how much of it reads like sold or automated comments.

A single comment is judged with errors, and more so where the audience writes unlike the training texts; a section is
compared with the sections of similar creators and, by the bag test, with organic sections the model was not fitted to.
"""

from __future__ import annotations

import numpy as np

from realreach.comment_text.bags import bag_tests
from realreach.features.blocks import not_known, ratio
from realreach.features.catalogue import Feature
from realreach.features.comments.section import MINIMUM_COMMENTS, Section, record
from realreach.tables.core import FloatArray, IntArray

__all__ = ["FEATURES", "compute"]

_POST = 10
"""Comments under a post from which on the post is judged alone."""
_NO_POST = "no post with 10 comments"

FEATURES: tuple[Feature, ...] = (
    record("sold__all__mean", "probability", "mean probability that a comment is sold or automated", "rata-rata peluang komentar bayaran atau otomatis", 1, source="T1, T11", monotone=True),
    record("sold__all__q90", "probability", "probability that the most suspicious tenth of comments is sold", "peluang komentar bayaran pada sepersepuluh teratas", 1, source="T1, T11"),
    record("sold__all__q99", "probability", "probability that the most suspicious hundredth of comments is sold", "peluang komentar bayaran pada seperseratus teratas", 1, source="T1, T11"),
    record("sold__all__share", "share of comments", "comments called sold by the comment model", "komentar yang dinilai bayaran oleh model", 1, source="T1, T11"),
    record("sold__all__worst_post", "probability", "mean probability of the comments under the most suspicious post", "rata-rata peluang pada posting paling mencurigakan", 1, source="NORMS 5", missing=_NO_POST),
    record("sold__all__bag", "share of comments", "sold part of the section beyond what organic sections show", "bagian komentar bayaran melebihi komentar wajar", 1, source="NORMS 5", missing="fewer than 10 comments by others, or a comment model without a bag reference", peers=False, monotone=True),
)  # fmt: skip


def compute(section: Section) -> dict[str, FloatArray]:
    """Return the model's view of every creator's comments."""
    sold, owner, n = section.sold, section.owner, section.creators
    # In the order of the probability, so that rows of one time may stand in any order.
    order = np.argsort(sold)
    ranked = sold[_grouped(order, owner)]
    out = {
        "sold__all__mean": ratio(_sums(ranked, owner, n), section.count),
        "sold__all__share": section.share((sold >= section.model.high).astype(np.float64)),
        "sold__all__worst_post": _worst_post(section, order),
    }
    for name, level in (("q90", 0.90), ("q99", 0.99)):
        out[f"sold__all__{name}"] = _upper(ranked, section.table.starts, level)
    if section.model.bags is not None:
        out["sold__all__bag"] = bag_tests(sold, owner, n, section.model.bags).share
    return out


def _grouped(rows: IntArray, group: IntArray) -> IntArray:
    """Return rows group after group, those of one group as they stand; groups of small numbers are sorted by counting."""
    of_row = group[rows]
    small = np.uint16 if len(of_row) == 0 or int(of_row.max()) < 1 << 16 else np.int64
    return rows[np.argsort(of_row.astype(small), kind="stable")]


def _sums(values: FloatArray, owner: IntArray, groups: int) -> FloatArray:
    return np.asarray(np.bincount(owner, weights=values, minlength=groups)[:groups], dtype=np.float64)


def _upper(ranked: FloatArray, starts: IntArray, level: float) -> FloatArray:
    """Return a quantile of each creator's ordered values (the next value above)."""
    count = np.diff(starts)
    out = not_known(len(count))
    some = count > 0
    out[some] = ranked[starts[:-1][some] + np.ceil(level * (count[some] - 1)).astype(np.int64)]
    return out


def _worst_post(section: Section, order: IntArray) -> FloatArray:
    """Return the highest mean probability of a post with ten comments or more; ``order`` is that of the probability."""
    out = not_known(section.creators)
    post = section.post
    count = np.bincount(post[post >= 0], minlength=len(post))
    big = np.zeros(len(post), dtype=bool)
    big[count >= max(_POST, MINIMUM_COMMENTS)] = True
    rows = order[(post >= 0)[order]]
    rows = rows[big[post[rows]]]
    # A sum in the order of the probability, post by post: each adds up its own rows only.
    posts = np.flatnonzero(big)
    mean = _sums(section.sold[rows], post[rows], len(post))[posts] / count[posts]
    np.fmax.at(out, section.owner[posts], mean)
    return out
