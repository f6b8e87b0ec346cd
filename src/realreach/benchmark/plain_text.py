"""The plain baseline of the comment suite: TF-IDF over words and characters, and a linear classifier, untuned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from realreach.tables.core import FloatArray, IntArray

__all__ = ["PlainTexts"]


class PlainTexts:
    """Texts whose words and characters are counted once, for many fits of an untuned standard model to parts of them.

    Words and pairs of words, characters 2 to 4 within words, sublinear TF-IDF each (of the training part alone),
    logistic regression at C = 10: what scikit-learn's ``TfidfVectorizer`` in a pipeline gives, in single precision.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = list(texts)

    @cached_property
    def _counts(self) -> list[Any]:
        from sklearn.feature_extraction.text import CountVectorizer

        make: Callable[..., Any] = CountVectorizer
        words = make(ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]", dtype=np.float32)  # noqa: S106
        characters = make(analyzer="char_wb", ngram_range=(2, 4), dtype=np.float32)
        return [vectorizer.fit_transform(self.texts).tocsr() for vectorizer in (words, characters)]

    def scores(self, train: IntArray, sold: npt.NDArray[np.bool_], test: IntArray) -> FloatArray:
        """Return the probability that each text of ``test`` is sold, of a model of ``train`` (rows) and their kinds.

        Examples
        --------
        >>> texts = PlainTexts(["cheap followers here", "cheap likes here", "lovely cat", "lovely dog", "cheap cat"])
        >>> p = texts.scores(np.arange(4), np.array([True, True, False, False]), np.array([4, 2]))
        >>> bool(p[0] > p[1])
        True
        """
        from scipy.sparse import hstack
        from sklearn.feature_extraction.text import TfidfTransformer
        from sklearn.linear_model import LogisticRegression

        parts: list[list[Any]] = [[], []]
        for counts in self._counts:
            seen = np.flatnonzero(np.bincount(counts[train].indices, minlength=counts.shape[1]))
            known, asked = counts[train][:, seen], counts[test][:, seen]
            weighing = TfidfTransformer(sublinear_tf=True).fit(known)
            parts[0].append(weighing.transform(known))
            parts[1].append(weighing.transform(asked))
        model = LogisticRegression(C=10.0, max_iter=300).fit(hstack(parts[0], format="csr"), sold)
        return np.asarray(model.predict_proba(hstack(parts[1], format="csr"))[:, 1], dtype=np.float64)
