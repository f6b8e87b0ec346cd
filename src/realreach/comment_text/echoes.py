"""What the comments of one section share with those that the model is surest of, and the order that this suggests.

A model that was trained elsewhere knows some of a seller's comments by general signs: a link, a brand, the style. The
words of *this* seller it has never seen; but the surest comments of the section show them. So the pieces of the tenth
that the model suspects most are set against those of the half that it suspects least (naive Bayes, each comment judged
without itself), and what a comment *echoes* joins the model's own opinion.

The echo tells which comments, never how many: a section's probabilities stay the same numbers and are given out anew,
so that its share of comments called sold, the bag test and false alarms are what they were. No label is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from realreach.comment_text.hashing import grams
from realreach.comment_text.normalise import Normalised
from realreach.tables.core import FloatArray, IntArray

__all__ = ["LEAST", "echoes", "given_out_anew", "in_section", "standing"]

BoolArray = npt.NDArray[np.bool_]

LEAST = 50
"""Fewest comments of a section that are put into a new order: the surest tenth of fewer is too small to learn from."""

_BITS = 17
_SUSPECTED, _TRUSTED = 10, 2
"""One comment in ten counts as suspected, one in two as trusted."""
_SMOOTHING = 0.1
"""Added to every count of comments that hold a piece."""
_HALF_TRUST = 100.0
"""Comments of a section whose echo counts half as much as the model; of more comments it counts more."""
_FULL_TRUST = 0.1
"""Mean probability of a section from which on its echo counts in full: where hardly anything is sold, most of the
suspected tenth are false alarms, and so is what they share."""
_CHUNK = 512
_NEVER = 1e-12


def in_section(sold: FloatArray, text: Normalised, starts: IntArray) -> FloatArray:
    """Return every section's probabilities, given to its comments in the order that model and echo suggest together.

    Parameters
    ----------
    sold
        Probability of every comment, of :meth:`realreach.comment_text.model.CommentModel.sold`.
    text
        The comments.
    starts
        First comment of every section, and the number of comments at the end.

    Returns
    -------
    ndarray
        One probability (0-1) for each comment. Sections of fewer than 50 comments stay as they are. Where comments tie,
        all get the lowest of their probabilities. Any order of a section's comments gives the same numbers.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from realreach.comment_text.normalise import normalise
    >>> fans = [f"episode {i} lucu bgt {word} wkwk" for i in range(14) for word in ("kak", "bang", "min", "gan")]
    >>> sellers = [f"rahasia tante Mona bikin untung, tanya {word}" for word in ("aja", "dulu", "yuk", "dong")]
    >>> sold = np.concatenate([np.linspace(0.02, 0.4, 56), [0.9, 0.8, 0.7, 0.2]])
    >>> after = in_section(sold, normalise(pa.array(fans + sellers)), np.array([0, 60]))
    >>> sold[-4:].tolist(), after[-4:].tolist()
    ([0.9, 0.8, 0.7, 0.2], [0.9, 0.8, 0.7, 0.4])
    """
    out = np.array(sold, dtype=np.float64)
    for begin, end in pairwise(starts.tolist()):
        if end - begin < LEAST:
            continue
        chance = np.clip(sold[begin:end], _NEVER, 1.0 - _NEVER)
        margin = np.log(chance) - np.log1p(-chance)
        suspected, trusted = _surest(margin)
        echo = echoes(text.part(begin, end), suspected, trusted)
        order = standing(margin) + _trust(sold[begin:end]) * standing(echo)
        out[begin:end] = given_out_anew(sold[begin:end], order)
    return out


def echoes(text: Normalised, suspected: BoolArray, trusted: BoolArray) -> FloatArray:
    """Return how much each comment shares with suspected comments rather than with trusted ones, itself left out.

    Parameters
    ----------
    text
        The comments of one section.
    suspected, trusted
        Which of them the model suspects most, and which least; others belong to neither.

    Returns
    -------
    ndarray
        Sum over a comment's tokens, pairs of tokens and character n-grams of the log ratio of their shares among
        suspected and among trusted comments, each over the root of their number; 0 without any piece of another's.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from realreach.comment_text.normalise import normalise
    >>> text = normalise(pa.array(["cek profil kami", "profil kami murah", "lucu banget", "murah kok", "banget"]))
    >>> suspected = np.array([True, True, False, False, False])
    >>> found = echoes(text, suspected, np.array([False, False, True, False, True]))
    >>> (found > 0.0).tolist()
    [True, True, False, True, False]
    """
    out = np.zeros(len(text))
    if not (suspected.any() and trusted.any()):
        return out
    held = np.zeros((2, 1 << _BITS))
    for start, owner, bucket, _ in _pieces(text):
        for side, member in zip(held, (suspected, trusted), strict=True):
            side += np.bincount(bucket[member[start + owner]], minlength=len(side))
    for start, owner, bucket, weight in _pieces(text):
        rows = start + owner
        ratio, others = np.zeros(len(rows)), np.zeros(len(rows))
        for sign, side, member in ((1.0, held[0], suspected), (-1.0, held[1], trusted)):
            own = member.astype(np.float64)[rows]
            count, all_of_them = side[bucket] - own, float(member.sum()) - own
            ratio += sign * np.log((count + _SMOOTHING) / (all_of_them + 2.0 * _SMOOTHING))
            others += count
        # A piece of nobody else says nothing, though the groups differ in size.
        terms = np.where(others > 0.0, ratio * weight, 0.0)
        size = min(_CHUNK, len(text) - start)
        out[start : start + size] = np.bincount(owner, weights=terms, minlength=size)
    return out


def standing(values: FloatArray) -> FloatArray:
    """Return how far each value lies above the median, in standard deviations; 0 where all are the same.

    Examples
    --------
    >>> standing(np.array([1.0, 2.0, 3.0])).round(2).tolist()
    [-1.22, 0.0, 1.22]
    """
    # Sums of the sorted values: any order of comments gives the same numbers.
    ordered = np.sort(values)
    spread = float(ordered.std())
    return (values - np.median(ordered)) / spread if spread > 0.0 else np.zeros(len(values))


def given_out_anew(values: FloatArray, order: FloatArray) -> FloatArray:
    """Return the values, the highest where ``order`` is highest; where it ties, the lowest of the tied places.

    Examples
    --------
    >>> given_out_anew(np.array([0.9, 0.1, 0.5, 0.3]), np.array([1.0, 2.0, 7.0, 2.0]))
    array([0.1, 0.3, 0.9, 0.3])
    """
    return np.sort(values)[np.searchsorted(np.sort(order), order, side="left")]


def _surest(margin: FloatArray) -> tuple[BoolArray, BoolArray]:
    """Return which comments are in the tenth of the highest margins, and which others in the half of the lowest.

    Comments that tie at the edge of the tenth, such as copies of one text, are all in or all out, whichever comes
    nearer to a tenth.
    """
    ordered = np.sort(margin)
    wanted = max(1, len(margin) // _SUSPECTED)
    above, up_to = margin > ordered[-wanted], margin >= ordered[-wanted]
    suspected = up_to if int(up_to.sum()) - wanted <= wanted - int(above.sum()) else above
    return suspected, (margin <= ordered[(len(margin) - 1) // _TRUSTED]) & ~suspected


def _trust(sold: FloatArray) -> float:
    """Return how much a section's echo counts beside the model (0-1): more with more comments, and more sold ones."""
    return len(sold) / (len(sold) + _HALF_TRUST) * min(1.0, float(np.sort(sold).mean()) / _FULL_TRUST)


def _pieces(text: Normalised) -> Iterator[tuple[int, IntArray, IntArray, FloatArray]]:
    """Yield, for some thousand comments at a time, the first of them and their pieces: comment, bucket, weight.

    A comment's piece stands once, with the weight of all its places. Read anew whenever asked, so that the memory does
    not grow with the section.
    """
    for start in range(0, len(text), _CHUNK):
        part = text.part(start, start + _CHUNK)
        buckets, owners, weights = [], [], []
        for bucket, owner in grams(part.plain_points, _BITS):
            buckets.append(bucket)
            owners.append(owner)
            weights.append(1.0 / np.sqrt(np.bincount(owner, minlength=len(part))[owner]))
        key = (np.concatenate(owners) << _BITS) | np.concatenate(buckets)
        once, place = np.unique(key, return_inverse=True)
        weight: FloatArray = np.bincount(place, weights=np.concatenate(weights), minlength=len(once)).astype(np.float64)
        yield start, once >> _BITS, once & ((1 << _BITS) - 1), weight
