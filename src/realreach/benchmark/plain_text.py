"""The plain baseline of the comment suite: TF-IDF over words and characters, and a linear classifier, untuned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from realreach.tables.core import FloatArray

__all__ = ["plain_scores"]


def plain_scores(train: npt.NDArray[Any], sold: npt.NDArray[np.bool_], test: npt.NDArray[Any]) -> FloatArray:
    """Return the probability that each test comment is sold, of an untuned standard model.

    Words and pairs of words, characters 2 to 4 within words, sublinear TF-IDF each, logistic regression at C = 10.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    make: Callable[..., Any] = TfidfVectorizer
    words = make(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+|[^\w\s]", dtype=np.float32)  # noqa: S106
    characters = make(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, dtype=np.float32)
    model = make_pipeline(make_union(words, characters), LogisticRegression(C=10.0, max_iter=300))
    model.fit(train, sold)
    return np.asarray(model.predict_proba(test)[:, 1], dtype=np.float64)
