"""The language of short comments: words that only one language uses often, and the script of the letters.

Most comments are too short for statistics of letters, and slang is in no dictionary. So each comment is judged by the
words of two lists (Indonesian and English: function words, particles, slang, laughter, words of fans) and by its
script. Malay counts as Indonesian. Words of both languages stand in neither list. A comment of which nothing is known
is ``undecided``, and that is an answer: features must not lean on the language of a short comment.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from realreach.comment_text import traits
from realreach.comment_text.normalise import Normalised
from realreach.comment_text.tallies import FOLDED
from realreach.comment_text.word_lists import ENGLISH_BIT, INDONESIAN_BIT
from realreach.comment_text.words import Words, split_words
from realreach.compiled import frozen, kernels_for

__all__ = ["LANGUAGES", "languages", "word_hits"]

LANGUAGES = ("undecided", "id", "en", "mixed", "other")
"""Names of the codes that :func:`languages` returns. ``other``: most letters are of a script other than Latin."""

LEAST_SHARE = 1 / 6
"""Share of a comment's words that must be listed before its language is told."""


def word_hits(words: Words) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return how many words of each text are Indonesian, and how many English, by the lists."""
    return words.count((words.listed & INDONESIAN_BIT) > 0), words.count((words.listed & ENGLISH_BIT) > 0)


def languages(text: Normalised, words: Words | None = None) -> npt.NDArray[np.int8]:
    """Return the code of each comment's language, an index into :data:`LANGUAGES`.

    Told from at least one listed word among six; ``mixed`` if
    there are words of both lists and neither has three times as many as the other.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from realreach.comment_text.normalise import normalise
    >>> texts = ["mantap bgt kak wkwk", "I love this song", "love banget kak this song", "かわいいですね", "🔥🔥"]
    >>> [LANGUAGES[code] for code in languages(normalise(pa.array(texts)))]
    ['id', 'en', 'mixed', 'other', 'undecided']
    """
    words = split_words(text.plain_points) if words is None else words
    indonesian, english = word_hits(words)
    folded = text.folded_points
    if (compiled := kernels_for(len(text), "comment_text.measuring_kernels")) is not None:
        letters, foreign = np.empty(len(text), dtype=np.int64), np.empty(len(text), dtype=np.int64)
        compiled.letters_of_scripts(frozen(folded.codes), frozen(folded.starts), traits.table(), letters, foreign)
    else:
        letters, foreign = FOLDED.of(folded)["letters"], folded.count_of(traits.FOREIGN)
    out = np.zeros(len(text), dtype=np.int8)
    most, least = np.maximum(indonesian, english), np.minimum(indonesian, english)
    # One listed word in a long comment may be a word of a third language that is spelled the same.
    heard = LEAST_SHARE * words.counts <= most
    out[heard & (indonesian > english)] = 1
    out[heard & (english > indonesian)] = 2
    out[heard & (least > 0) & (most < 3 * least)] = 3
    out[2 * foreign > letters] = 4
    return out
