"""Measures of single comments: counts and flags over the code points, one value per comment, linear time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from realreach.comment_text.codepoints import CodePoints
from realreach.comment_text.languages import word_hits
from realreach.comment_text.normalise import LINK, MENTION, PHONE, Normalised
from realreach.comment_text.traits import (
    CAPITAL,
    DIGIT,
    EMOJI,
    EXCLAMATION,
    LETTER,
    QUESTION,
    SENTENCE_END,
    SMALL,
    SPACELESS,
    of,
    table,
)
from realreach.comment_text.word_lists import WISH_BIT
from realreach.comment_text.words import Words, numbers_of_runs, runs, split_words
from realreach.compiled import frozen, kernels_for

__all__ = ["MEASURES", "handles", "is_wish", "measure_comments"]

_F64 = npt.NDArray[np.float64]
_Bool = npt.NDArray[np.bool_]

MEASURES = {
    "length": "characters",
    "letters": "letters",
    "words": "words; two characters of a script without spaces count as one",
    "emoji": "emoji",
    "digits": "digits",
    "capitals": "capital letters",
    "emoji_only": "emoji and no letter or digit (0 or 1, as all below)",
    "odd_letters": "written in odd Unicode letters",
    "mention": "mentions an account",
    "starts_with_mention": "begins with a mention",
    "question": "holds a question mark",
    "exclamation": "holds an exclamation mark",
    "stretched": "holds a letter three times in a row",
    "link": "holds a link",
    "phone": "holds a telephone number",
    "hashtag": "holds a hashtag",
    "ends_with_emoji": "ends with an emoji",
    "tidy": "begins with a capital letter and holds a sentence that ends in a mark",
    "indonesian": "holds a listed Indonesian word",
    "english": "holds a listed English word",
    "wish": "a wish, a prayer, or congratulations",
}
"""Names of the measures and what they count."""


def measure_comments(text: Normalised, words: Words | None = None) -> dict[str, _F64]:
    """Return the measures of :data:`MEASURES` of each comment.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from realreach.comment_text.normalise import normalise
    >>> found = measure_comments(normalise(pa.array(["@budi liat deh 😂", "Great video!", "Semoga sehat selalu kak"])))
    >>> [found[name].tolist() for name in ("starts_with_mention", "words", "tidy", "wish")]
    [[1.0, 0.0, 0.0], [3.0, 2.0, 4.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    words = split_words(text.plain_points) if words is None else words
    raw, folded, plain = text.raw_points, text.folded_points, text.plain_points
    if (compiled := kernels_for(len(text), "comment_text.measuring_kernels")) is not None:
        out = np.empty((len(MEASURES), len(text)))
        forms = [frozen(part) for points in (raw, folded, plain) for part in (points.codes, points.starts)]
        compiled.fill_measures(
            *forms, frozen(text.odd_letters), frozen(words.starts), frozen(words.listed), table(), out
        )
        return dict(zip(MEASURES, out, strict=True))
    letters, digits, emoji = folded.count_of(LETTER), folded.count_of(DIGIT), raw.count_of(EMOJI)
    marks = plain.codes
    stands_for_word = (marks >= 1) & (marks <= 5)
    spaceless = (folded.count_of(SPACELESS) + 1) // 2
    indonesian, english = word_hits(words)
    found: dict[str, npt.NDArray] = {
        "length": folded.lengths,
        "letters": letters,
        "words": np.maximum(np.diff(words.starts) + plain.count(stands_for_word), spaceless),
        "emoji": emoji,
        "digits": digits,
        "capitals": raw.count_of(CAPITAL),
        "emoji_only": (emoji > 0) & (letters + digits == 0),
        "odd_letters": text.odd_letters,
        "mention": plain.any(marks == ord(MENTION)),
        "starts_with_mention": plain.first == ord(MENTION),
        "question": folded.holds(QUESTION),
        "exclamation": folded.holds(EXCLAMATION),
        "stretched": folded.any(_stretched(folded)),
        "link": plain.any(marks == ord(LINK)),
        "phone": plain.any(marks == ord(PHONE)),
        "hashtag": folded.any(folded.has(LETTER) & folded.after(folded.codes == ord("#"))),
        "ends_with_emoji": (of(plain.last) & EMOJI) > 0,
        "tidy": ((of(raw.first) & CAPITAL) > 0) & raw.any(raw.has(SENTENCE_END) & raw.after(raw.has(SMALL))),
        "indonesian": indonesian > 0,
        "english": english > 0,
        "wish": is_wish(words),
    }
    return {name: found[name].astype(np.float64) for name in MEASURES}


def is_wish(words: Words) -> _Bool:
    """Return whether at least a quarter of a comment's words, and two of them, are words of wishes and prayers.

    Such formulas repeat under honest posts ("semoga sehat selalu kak"): likeness must not count them.
    """
    hits = words.count((words.listed & WISH_BIT) > 0)
    return np.asarray((hits >= 2) & (4 * hits >= np.diff(words.starts)), dtype=bool)


def handles(points: CodePoints) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """Return the text of each handle mentioned in folded texts, and the number of the handle.

    No text leaves this module.
    """
    rows = np.flatnonzero(points.any(points.codes == ord("@")))
    if len(rows) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64)
    points = points.take(rows)
    codes = points.codes
    inside = points.has(LETTER | DIGIT) | (codes == ord("_")) | (codes == ord("."))
    first, last = runs(points, inside)
    # The at-sign must stand in the same text.
    told = points.after(codes == ord("@"))[first]
    first, last = first[told], last[told]
    owner = np.searchsorted(points.starts, first, side="right") - 1
    return rows[owner], numbers_of_runs(codes, first, last)


def _stretched(points: CodePoints) -> _Bool:
    """Return which code points are the third of a Latin letter in a row."""
    codes = points.codes
    out = (codes >= 0x61) & (codes <= 0x7A) & points.again
    out[1:] &= points.again[:-1]
    return out
