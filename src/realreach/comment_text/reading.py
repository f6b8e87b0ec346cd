"""All that is told of comments, read once by a compiled kernel: their forms, words, measures, language, keys and score.

With the extra ``fast`` only; the modules that define these numbers give the same ones, one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from realreach.comment_text.codepoints import own
from realreach.comment_text.model import CommentModel
from realreach.comment_text.normalise import Normalised, normalise
from realreach.comment_text.traits import table
from realreach.comment_text.words import Words, word_list
from realreach.compiled import kernels_for
from realreach.tables.core import FloatArray, IntArray

__all__ = ["Facts", "listed_words", "read_comments"]


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
    done = normalise(text)
    forms = done.raw_points, done.folded_points, done.plain_points
    numbers, lengths, starts, listed, measures, language, exact, template, steps = compiled.facts_of(
        *(own(part) for form in forms for part in (form.codes, form.starts)), own(done.odd_letters), table(),
        listed_words(), model.kernel_parts,
    )  # fmt: skip
    words = Words(numbers, lengths, starts)
    words.__dict__["listed"] = listed
    return Facts(done, words, measures, language, exact, template, steps)


def listed_words() -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint8], np.uint64, np.uint64]:
    """Return the listed words as the kernels look them up."""
    known = word_list()
    return known.keys, known.bits, known.shift, known.mask
