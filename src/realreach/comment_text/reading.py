"""All that is told of comments, read once by a compiled kernel: their forms, words, measures, language, keys and score.

With the extra ``fast`` only; the modules that define these numbers give the same ones, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from realreach.comment_text.measures import MEASURES
from realreach.comment_text.model import CommentModel
from realreach.comment_text.normalise import Normalised, normalise
from realreach.comment_text.traits import table
from realreach.comment_text.words import Words, word_list
from realreach.compiled import frozen, kernels_for
from realreach.tables.core import FloatArray, IntArray

__all__ = ["Facts", "read_comments"]


@dataclass(frozen=True, eq=False)
class Facts:
    """What is told of ``n`` comments.

    Parameters
    ----------
    text
        The comments, normalised.
    words
        Words of the plain texts.
    measures
        Shape (measures, n): :data:`realreach.comment_text.measures.MEASURES` in their order, and as the last row
        whether a comment is short, one or two words and not emoji alone.
    languages
        Codes of :func:`realreach.comment_text.languages.languages`.
    exact_keys, template_keys
        Keys of :mod:`realreach.comment_text.likeness`.
    sold_steps
        Places of :meth:`realreach.comment_text.model.CommentModel.sold_steps`.
    """

    text: Normalised
    words: Words
    measures: FloatArray
    languages: npt.NDArray[np.int8]
    exact_keys: npt.NDArray[np.uint64]
    template_keys: npt.NDArray[np.uint64]
    sold_steps: IntArray


def read_comments(text: pa.Array, model: CommentModel) -> Facts | None:
    """Return what is told of comments if compiled kernels are in use or worth loading for so many, else None.

    Parameters
    ----------
    text
        Arrow array of strings; null reads as the empty text.
    model
        The comment model that judges them.
    """
    compiled = kernels_for(len(text), "comment_text.facts_kernels")
    if compiled is None:
        return None
    done, n, known = normalise(text), len(text), word_list()
    points = done.raw_points, done.folded_points, done.plain_points
    # Between two words stands another sign or the end of a text.
    most = (len(done.plain_points.codes) + n + 1) // 2
    numbers, exact, template = (np.empty(size, dtype=np.uint64) for size in (most, n, n))
    lengths, steps, starts = (np.empty(size, dtype=np.int64) for size in (most, n, n + 1))
    starts[0] = 0
    listed, language = np.empty(most, dtype=np.uint8), np.empty(n, dtype=np.int8)
    measures = np.empty((len(MEASURES) + 1, n))
    count = compiled.fill_facts(
        *(frozen(part) for form in points for part in (form.codes, form.starts)), frozen(done.odd_letters), table(),
        known.keys, known.bits, known.shift, known.mask, model.grams, model.bits, model.style, model.bias, model.scale,
        numbers, lengths, starts, listed, measures, language, exact, template, steps,
    )  # fmt: skip
    words = Words(numbers[:count], lengths[:count], starts)
    words.__dict__["listed"] = listed[:count]
    return Facts(done, words, measures, language, exact, template, steps)
