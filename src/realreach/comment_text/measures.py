"""Measures of single comments: counts and flags over the code points, one value per comment, linear time."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from realreach.comment_text.codepoints import CodePoints
from realreach.comment_text.languages import word_hits
from realreach.comment_text.normalise import LINK, MENTION, PHONE, Normalised
from realreach.comment_text.words import Words, characters, number_of, numbers_of_runs, runs, split_words

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

_WISHES = """semoga smoga moga amin aamiin amiin allahumma barakallah barakallahu birthday bday congrats congratulation
congratulations innalillahi insyaallah masyaallah alhamdulillah subhanallah bismillah sehat selalu selamat sukses berkah
lancar rezeki rejeki doa doakan mendoakan didoakan bless blessed blessing pray prayers panjang umur milad ultah samawa
sakinah mawaddah warahmah husnul khotimah berduka condolences"""


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
    kinds = characters()
    letter = kinds.of("letter", folded.codes)
    found: dict[str, npt.NDArray] = {
        "length": folded.lengths,
        "letters": folded.count(letter),
        "digits": folded.count(kinds.of("digit", folded.codes)),
        "emoji": raw.count(kinds.of("emoji", raw.codes)),
        "capitals": raw.count(kinds.of("upper", raw.codes)),
        "odd_letters": text.odd_letters,
        "question": folded.count(folded.codes == ord("?")) > 0,
        "exclamation": folded.count(folded.codes == ord("!")) > 0,
        "stretched": folded.count(_stretched(folded)) > 0,
        "mention": plain.count(plain.codes == ord(MENTION)) > 0,
        "starts_with_mention": _first(plain) == ord(MENTION),
        "link": plain.count(plain.codes == ord(LINK)) > 0,
        "phone": plain.count(plain.codes == ord(PHONE)) > 0,
        "hashtag": folded.count(_before_word(folded, ord("#"), letter)) > 0,
        "ends_with_emoji": kinds.of("emoji", _last(plain)),
        "tidy": kinds.of("upper", _first(raw)) & (raw.count(_ends_of_sentences(raw)) > 0),
    }
    spaceless = np.ceil(folded.count(kinds.of("spaceless", folded.codes)) / 2.0)
    found["words"] = np.maximum(np.diff(words.starts) + _numbers_between(plain), spaceless)
    found["emoji_only"] = (found["emoji"] > 0) & (found["letters"] + found["digits"] == 0)
    indonesian, english = word_hits(words)
    found |= {"indonesian": indonesian > 0, "english": english > 0, "wish": is_wish(words)}
    return {name: found[name].astype(np.float64) for name in MEASURES}


@cache
def _wishes() -> npt.NDArray[np.uint64]:
    """Return the sorted numbers of the words of wishes and prayers."""
    return np.sort(np.array([number_of(w) for w in set(_WISHES.split())], dtype=np.uint64))


def is_wish(words: Words) -> _Bool:
    """Return whether at least a quarter of a comment's words, and two of them, are words of wishes and prayers.

    Such formulas repeat under honest posts ("semoga sehat selalu kak"): likeness must not count them.
    """
    table = _wishes()
    at = np.minimum(np.searchsorted(table, words.numbers), len(table) - 1)
    hits = words.sum_by_text(table[at] == words.numbers)
    return np.asarray((hits >= 2) & (4 * hits >= np.diff(words.starts)), dtype=bool)


def handles(text: Normalised) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """Return the comment of each mentioned handle, and the number of the handle (no text leaves this module)."""
    points = text.folded_points
    kinds = characters()
    codes = points.codes
    inside = kinds.of("letter", codes) | kinds.of("digit", codes) | (codes == ord("_")) | (codes == ord("."))
    first, last = runs(points, inside)
    told = (first > 0) & (codes[np.maximum(first - 1, 0)] == ord("@"))
    owner = np.searchsorted(points.starts, first, side="right") - 1
    # The at-sign must stand in the same text.
    told &= first > points.starts[np.maximum(owner, 0)]
    return owner[told].astype(np.int64), numbers_of_runs(codes, first[told], last[told])


def _first(points: CodePoints) -> npt.NDArray[np.uint32]:
    """Return the first code point of each text, a space for an empty one."""
    some = points.lengths > 0
    out = np.full(len(points), 0x20, dtype=np.uint32)
    out[some] = points.codes[points.starts[:-1][some]]
    return out


def _last(points: CodePoints) -> npt.NDArray[np.uint32]:
    some = points.lengths > 0
    out = np.full(len(points), 0x20, dtype=np.uint32)
    out[some] = points.codes[points.starts[1:][some] - 1]
    return out


def _shifted(mask: npt.NDArray, points: CodePoints, by: int) -> _Bool:
    """Return for each code point whether the one ``by`` places before it, in its text, is marked."""
    out = np.zeros(len(mask), dtype=bool)
    out[by:] = mask[:-by] if by < len(mask) else False
    for back in range(by):
        at = points.starts[:-1] + back
        out[at[at < len(mask)]] = False
    return out


def _stretched(points: CodePoints) -> _Bool:
    codes = points.codes
    latin = (codes >= 0x61) & (codes <= 0x7A)
    out = np.zeros(len(codes), dtype=bool)
    out[2:] = latin[2:] & (codes[2:] == codes[1:-1]) & (codes[2:] == codes[:-2])
    starts = points.starts[:-1]
    for back in (0, 1):
        at = starts + back
        out[at[at < len(codes)]] = False
    return out


def _before_word(points: CodePoints, sign: int, letter: _Bool) -> _Bool:
    return letter & _shifted(points.codes == sign, points, 1)


def _ends_of_sentences(points: CodePoints) -> _Bool:
    codes = points.codes
    mark = (codes == ord(".")) | (codes == ord("!")) | (codes == ord("?"))
    return mark & _shifted(characters().of("lower", codes), points, 1)


def _numbers_between(plain: CodePoints) -> npt.NDArray[np.int64]:
    """Return how many placeholders of each comment stand for a word (they are 1 to 5)."""
    return plain.count((plain.codes >= 1) & (plain.codes <= 5))
