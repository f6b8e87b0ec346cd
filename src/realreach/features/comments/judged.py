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

__all__ = ["FEATURES", "LEVELS", "compute"]

_POST = 10
"""Comments under a post from which on the post is judged alone."""
LEVELS = {"q90": 0.90, "q99": 0.99}
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
    ranked = _ranked(section, owner, section.sold_steps)
    out = {
        "sold__all__mean": ratio(_sums(ranked, owner, n), section.count),
        "sold__all__share": section.share((sold >= section.model.high).astype(np.float64)),
        "sold__all__worst_post": _worst_post(section),
    }
    for name, level in LEVELS.items():
        out[f"sold__all__{name}"] = _upper(ranked, section.table.starts, level)
    if section.model.bags is not None:
        out["sold__all__bag"] = bag_tests(sold, owner, n, section.model.bags).share
    return out


def _ranked(section: Section, group: IntArray, steps: IntArray) -> FloatArray:
    """Return the probabilities of rows group after group, each from low to high: any order of rows gives the same."""
    table = section.model.sold_table
    ordered = np.sort(group * len(table) + steps)
    return table[ordered % len(table)]


def _sums(values: FloatArray, owner: IntArray, groups: int) -> FloatArray:
    return np.asarray(np.bincount(owner, weights=values, minlength=groups)[:groups], dtype=np.float64)


def _upper(ranked: FloatArray, starts: IntArray, level: float) -> FloatArray:
    """Return a quantile of each creator's ordered values (the next value above)."""
    count = starts[1:] - starts[:-1]
    out = not_known(len(count))
    some = count > 0
    out[some] = ranked[starts[:-1][some] + np.ceil(level * (count[some] - 1)).astype(np.int64)]
    return out


def _worst_post(section: Section) -> FloatArray:
    """Return the highest mean probability of a post with ten comments or more."""
    out = not_known(section.creators)
    post = section.post
    count = np.bincount(post[post >= 0], minlength=len(post))
    big = count >= max(_POST, MINIMUM_COMMENTS)
    posts = big.nonzero()[0]
    rows = ((post >= 0) & big[post]).nonzero()[0]
    # A sum from low to high, post by post: each adds up its own rows only.
    ranked = _ranked(section, post[rows], section.sold_steps[rows])
    mean = _sums(ranked, posts.repeat(count[posts]), len(post))[posts] / count[posts]
    np.fmax.at(out, section.owner[posts], mean)
    return out
