"""Comments as sparse matrices for training: the same pieces and bins that the comment model sums up, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from realreach.comment_text.hashing import char_grams, read_points, tokens, word_and_char_grams
from realreach.comment_text.normalise import normalise
from realreach.comment_text.style import CROSSES, MEASURES, STYLE_SIZE, style_bins
from realreach.tables.core import FloatArray, IntArray

__all__ = ["STYLE_WEIGHT", "BareCopies", "comment_matrix", "contrast_scale", "rarity_scale", "template_groups"]

STYLE_WEIGHT = 0.25
"""Value of a style bin's column, beside n-grams whose values have length 1 for each comment."""

_CHUNK = 8192
_BANDS, _ROWS = 5, 6


def comment_matrix(texts: Sequence[str], bits: int) -> Any:
    """Return the columns of comments: first those of the style bins, then those of the ``2**bits`` buckets.

    Parameters
    ----------
    texts
        Comments as written.
    bits
        As in :class:`realreach.comment_text.model.CommentModel`.

    Returns
    -------
    scipy.sparse.csr_matrix
        Float64, shape (n, STYLE_SIZE + 2**bits). A comment's tokens and pairs have values ``1 / sqrt(their number)``,
        its character n-grams likewise, added up where they share a bucket.

    Examples
    --------
    >>> comment_matrix(["nice one", "wow"], 12).shape[1] - STYLE_SIZE
    4096
    """
    from scipy.sparse import csr_matrix, vstack

    parts = []
    for start in range(0, max(len(texts), 1), _CHUNK):
        done = normalise(pa.array(list(texts[start : start + _CHUNK]), pa.large_string()))
        points = read_points(done.plain)
        found = tokens(points)
        n, width = points.count, STYLE_SIZE + (1 << bits)
        per_comment = len(MEASURES) + len(CROSSES)
        columns = [style_bins(done, points, found).ravel().astype(np.int64)]
        rows = [np.repeat(np.arange(n), per_comment)]
        values = [np.full(n * per_comment, STYLE_WEIGHT)]
        for buckets, owner in word_and_char_grams(points, found, bits):
            count = np.bincount(owner, minlength=n)
            columns.append(buckets + STYLE_SIZE)
            rows.append(owner)
            values.append(1.0 / np.sqrt(count[owner]))
        entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        parts.append(csr_matrix(entries, shape=(n, width)))
    return vstack(parts, format="csr")


@dataclass(frozen=True, eq=False)
class BareCopies:
    """Copies of comments without what is accidental: the matrix, and which rows hold anything at all.

    Small letters, without emoji, marks and odd signs at the ends.

    Examples
    --------
    >>> copies = BareCopies.of(["Nice!! 🔥", "🔥🔥", "nice"], 12)
    >>> copies.kept.tolist(), (copies.matrix[0] != copies.matrix[2]).nnz
    ([True, False, True], 0)
    """

    matrix: Any
    kept: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, texts: Sequence[str], bits: int) -> BareCopies:
        """Return the copies of texts."""
        bare = [_bare(text) for text in texts]
        return cls(comment_matrix(bare, bits), np.array([text != "" for text in bare], dtype=bool))

    def take(self, rows: IntArray) -> BareCopies:
        """Return the copies of some rows."""
        return BareCopies(self.matrix[rows], self.kept[rows])


def _bare(text: str) -> str:
    lowered = text.lower()
    begin, end = 0, len(lowered)
    while end > begin and not lowered[end - 1].isalnum():
        end -= 1
    while begin < end and not (lowered[begin].isalnum() or lowered[begin] == "@"):
        begin += 1
    return lowered[begin:end]


def rarity_scale(matrix: Any, strength: float) -> FloatArray:
    """Return how much each column of a matrix counts in the fit: more for pieces of few comments, as in TF-IDF.

    Parameters
    ----------
    matrix
        Of :func:`comment_matrix`.
    strength
        Power of the smoothed inverse document frequency; 0 treats all pieces alike.

    Returns
    -------
    ndarray
        One positive number for each column: 1 for style bins, 1 in the quadratic mean for buckets that hold a piece.

    Examples
    --------
    >>> matrix = comment_matrix(["cheap followers here", "cheap tea", "cheap"], 12)
    >>> scale = rarity_scale(matrix, 1.0)
    >>> held = matrix[2].indices
    >>> bool(scale[held[held >= STYLE_SIZE]].max() < 1.0), scale[0]
    (True, np.float64(1.0))
    """
    number = np.bincount(matrix.indices, minlength=matrix.shape[1])
    out = (np.log((1.0 + matrix.shape[0]) / (1.0 + number)) + 1.0) ** strength
    out[:STYLE_SIZE] = 1.0
    used = out[STYLE_SIZE:][number[STYLE_SIZE:] > 0]
    out[STYLE_SIZE:] /= np.sqrt(np.mean(used**2)) if len(used) else 1.0
    return np.asarray(out)


def contrast_scale(matrix: Any, sold: npt.NDArray[np.bool_], weight: FloatArray, contrast: float) -> FloatArray:
    """Return how much each column of a matrix counts in the fit: more where one kind of comment uses a piece more.

    A piece that sold and ordinary comments use alike is an accident of its set; shrinking it lets the penalty fall on
    it first. The weights of naive Bayes do that: the absolute log ratio of a piece's share among sold and among
    ordinary comments (one added to each sum). The fitted weights are multiplied back, so that the model stays linear in
    plain pieces. Source: Wang and Manning, *Baselines and Bigrams* (ACL 2012), with interpolation.

    Parameters
    ----------
    matrix
        Of :func:`comment_matrix`.
    sold, weight
        Kind and weight (mean 1) of each row.
    contrast
        0 treats all pieces alike, 1 scales by the ratio alone.

    Returns
    -------
    ndarray
        One positive number for each column: 1 for style bins, 1 in the quadratic mean for buckets where ``contrast``
        is 1.

    Examples
    --------
    >>> matrix = comment_matrix(["cheap followers here", "cheap tea", "nice tea"], 12)
    >>> scale = contrast_scale(matrix, np.array([True, False, False]), np.ones(3), 1.0)
    >>> scale[:3].tolist(), bool(scale[STYLE_SIZE:].max() > 1.0)
    ([1.0, 1.0, 1.0], True)
    """
    out = np.ones(matrix.shape[1])
    shares = []
    for rows in (sold, ~sold):
        total = np.asarray(matrix[rows].T @ weight[rows]).ravel() + 1.0
        shares.append(total / total.sum())
    ratio = np.abs(np.log(shares[0] / shares[1]))[STYLE_SIZE:]
    spread = float(np.sqrt(np.mean(ratio**2)))
    if spread > 0.0:
        out[STYLE_SIZE:] = 1.0 - contrast + contrast * ratio / spread
    return out


def template_groups(texts: Sequence[str]) -> IntArray:
    """Return a number for each comment that near twins share: MinHash over character 5-grams, five bands of six.

    Comments are compared as their normalised letters (brands, numbers, links and emoji apart), so that a template
    filled in anew stays one group. Groups are closed under likeness: a twin's twin is in. Deterministic.

    Examples
    --------
    >>> groups = template_groups(["modal 50rb di DEWA88 langsung cair", "modal 20rb di RAJA77 langsung cair!!", "lucu"])
    >>> bool(groups[0] == groups[1]), bool(groups[0] == groups[2])
    (True, False)
    """
    import pyarrow.compute as pc
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(texts)
    plain = normalise(pa.array(list(texts), pa.large_string())).plain
    letters = pc.utf8_trim_whitespace(pc.replace_substring_regex(plain, pattern=r"[^\p{L}\p{M}]+", replacement=" "))
    exact = pc.dictionary_encode(letters).indices.to_numpy(zero_copy_only=False).astype(np.int64)
    edges = [np.stack([np.unique(exact, return_index=True)[1][exact], np.arange(n)])]
    _, sums, rows = char_grams(read_points(letters))[-1]
    has = np.unique(rows)
    if len(has):
        starts = np.searchsorted(rows, has)
        keys = np.zeros((_BANDS, len(has)), dtype=np.uint64)
        for band in range(_BANDS):
            for row in range(_ROWS):
                # Odd multipliers from a written-down sequence: one order of the grams each.
                odd = np.uint64((0x9E3779B97F4A7C15 * (2 * (band * _ROWS + row) + 3) ** 5) % 2**64 | 1)
                mixed = (sums ^ (sums >> np.uint64(29))) * odd
                least = np.minimum.reduceat(mixed ^ (mixed >> np.uint64(32)), starts)
                keys[band] = (keys[band] + least) * np.uint64(0xD6E8FEB86659FD93)
            _, first, number = np.unique(keys[band], return_index=True, return_inverse=True)
            edges.append(np.stack([has[first][number], has]))
    left, right = np.concatenate(edges, axis=1)
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
