"""Measures of single comments: counts and flags over the code points, one value per comment, linear time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from realreach.comment_text.codepoints import CodePoints
from realreach.comment_text.languages import word_hits
from realreach.comment_text.normalise import MENTION, Normalised
from realreach.comment_text.tallies import FOLDED, PLAIN, RAW
from realreach.comment_text.traits import CAPITAL, DIGIT, EMOJI, LETTER, SENTENCE_END, SMALL, of, table
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
    written, counts, marks = RAW.of(raw), FOLDED.of(folded), PLAIN.of(plain)
    letters, digits, emoji = counts["letters"], counts["digits"], written["emoji"]
    stand_for_words = sum(marks.values())
    indonesian, english = word_hits(words)
    found: dict[str, npt.NDArray] = {
        "length": folded.lengths,
        "letters": letters,
        "words": np.maximum(words.counts + stand_for_words, (counts["spaceless"] + 1) // 2),
        "emoji": emoji,
        "digits": digits,
        "capitals": written["capitals"],
        "emoji_only": (emoji > 0) & (letters + digits == 0),
        "odd_letters": text.odd_letters,
        "mention": marks["mentions"] > 0,
        "starts_with_mention": plain.first == ord(MENTION),
        "question": counts["questions"] > 0,
        "exclamation": counts["exclamations"] > 0,
        "stretched": _stretched(folded),
        "link": marks["links"] > 0,
        "phone": marks["phones"] > 0,
        "hashtag": _hashtag(folded),
        "ends_with_emoji": (of(plain.last) & EMOJI) > 0,
        "tidy": _tidy(raw),
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
    return np.asarray((hits >= 2) & (4 * hits >= words.counts), dtype=bool)


def handles(points: CodePoints) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """Return the text of each handle mentioned in folded texts, and the number of the handle.

    No text leaves this module.
    """
    rows = (points.any(points.codes == ord("@"))).nonzero()[0]
    if len(rows) == 0:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64)
    points = points.take(rows)
    codes = points.codes
    inside = points.has(LETTER | DIGIT) | (codes == ord("_")) | (codes == ord("."))
    first, last = runs(points, inside)
    # The at-sign must stand in the same text.
    told = points.after(codes == ord("@"))[first]
    first, last = first[told], last[told]
    owner = points.starts.searchsorted(first, side="right") - 1
    return rows[owner], numbers_of_runs(codes, first, last)


def _stretched(points: CodePoints) -> _Bool:
    """Return which texts hold a Latin letter three times in a row."""
    places = (points.again[1:] & points.again[:-1]).nonzero()[0] + 1
    codes = points.codes[places]
    return _those(points, places[(codes >= 0x61) & (codes <= 0x7A)])


def _hashtag(points: CodePoints) -> _Bool:
    """Return which texts hold a letter behind a number sign."""
    places = (points.codes == ord("#")).nonzero()[0] + 1
    places = places[places < len(points.codes)]
    texts = points.text_of(places)
    told = ((points.traits[places] & np.uint32(LETTER)) != 0) & (places > points.starts[texts])
    return _those(points, places[told])


def _tidy(raw: CodePoints) -> _Bool:
    """Return which texts begin with a capital letter and hold a small one with the end of a sentence behind it."""
    begins = (of(raw.first) & CAPITAL) > 0
    places = raw.has(SENTENCE_END).nonzero()[0]
    texts = raw.text_of(places)
    after = begins[texts] & (places > raw.starts[texts])
    places = places[after]
    return _those(raw, places[(raw.traits[places - 1] & np.uint32(SMALL)) != 0])


def _those(points: CodePoints, places: npt.NDArray[np.int64]) -> _Bool:
    """Return which texts hold one of the code points at some places."""
    out = np.zeros(len(points), dtype=bool)
    out[points.text_of(places)] = True
    return out
