r"""The one way from a comment as written to a comment as it is compared: documented steps, linear time, any input.

The steps stand in this order, because each needs the one before it:

1. *Cap* at 2,200 characters (what Instagram allows), so that no text costs more than its share.
2. *Clean*: control characters and white space become a space, so that the placeholders of step 8 cannot be forged.
3. *Bound marks*: of a run of combining marks three are kept. Unicode normalisation sorts such runs, which takes
   quadratic time on a hostile run; so this comes before it.
4. *NFKC*: mathematical, circled and full-width letters become plain ones ("𝐏𝐔𝐋𝐀𝐔𝟕𝟕𝟕" reads "PULAU777"). Capped again:
   one character can become eighteen. What has no width (zero-width and direction marks, variation selectors) goes, so
   that nothing hides inside a word.
5. *Marks off*: combining strokes and underlines that NFKC could not join to their letter go ("p͟u͟l͟a͟u" reads "pulau").
   After NFKC, so that a decomposed "é" stays a letter.
6. *Look-alikes*: small capitals and circled letters always, Greek, Cyrillic and currency twins only in a word that also
   holds a Latin letter, so that Russian stays Russian. After NFKC, which turns mathematical Greek into Greek; before
   case, because "Η" looks like H and "η" like n.
7. *Case*: small letters. The result is :attr:`Normalised.folded`.
8. *Placeholders*, one control character each: links (they hold dots, digits and at-signs, so they come first), mentions
   (handles hold digits), telephone numbers, brands ("junior88", "j u n i o r 8 8": letters, then two or
   more digits), other numbers.
9. *Squeeze*: in a word with a letter three times or more in a row every run becomes one letter ("Juallllfollloowweerr"
   reads "Jualfolower"; "good" stays, "goooood" reads "god"); marks and emoji repeat at most twice; white space is one
   space. Last, so that "www." is no stretched word. The result is :attr:`Normalised.plain`.

Punctuation and emoji stay in ``plain``: style tells praise bots in languages that a model never saw.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from realreach.comment_text import lookalikes
from realreach.comment_text.codepoints import CodePoints, decode, encode

__all__ = ["BRAND", "LINK", "MENTION", "NUMBER", "PHONE", "TEXT_LIMIT", "Normalised", "fold", "normalise"]

TEXT_LIMIT = 2_200
"""Characters of a text that are read."""

MENTION, LINK, PHONE, NUMBER, BRAND = "\x01", "\x02", "\x03", "\x04", "\x05"
"""Placeholders in :attr:`Normalised.plain`. No input can hold them: control characters become spaces before."""

_ENDINGS = "com|net|org|id|me|ly|co|gg|io|xyz|link|site|online|shop|vip|club"
_PLACEHOLDERS = (
    (r"(?:https?:/|www\.)[^ ]*|[a-z0-9][a-z0-9._@-]*\.(?:" + _ENDINGS + r")\b(?:/[^ ]*)?", LINK),
    (r"@[a-z0-9_.\x{DF}-\x{24F}]+", MENTION),
    (r"\+?\d(?:[ .()\-]{0,2}\d){7,}", PHONE),
    (r"[a-z]{2,}-?\d{2,}|(?:\b[a-z] ){3,}\d(?: ?\d)+", BRAND),
    (r"\d+(?:[.,:]\d+)*", NUMBER),
)
_LATIN, _TWIN, _WORD, _STROKE, _NOTHING, _SPACE, _SORTED = 1, 2, 4, 8, 16, 32, 64


@dataclass(frozen=True, eq=False)
class Normalised:
    """``n`` comments in the forms in which they are read.

    Parameters
    ----------
    raw
        As written, at most 2,200 characters; null is the empty text. Large strings, as the other two.
    folded
        NFKC, look-alikes and case folded; digits, links, punctuation and emoji as they are.
    plain
        ``folded`` with placeholders and stretched letters squeezed: the form for likeness keys and models.
    odd_letters
        Whether a text was written in odd letters: two or more styled letters or digits ("𝐏𝟕"), two or more letters with
        strokes, or a word that mixes Latin letters with their Greek, Cyrillic or currency twins.
    """

    raw: pa.Array
    folded: pa.Array
    plain: pa.Array
    odd_letters: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.raw)

    @cached_property
    def raw_points(self) -> CodePoints:
        """Code points of ``raw``."""
        return decode(self.raw)

    @cached_property
    def folded_points(self) -> CodePoints:
        """Code points of ``folded``."""
        return decode(self.folded)

    @cached_property
    def plain_points(self) -> CodePoints:
        """Code points of ``plain``."""
        return decode(self.plain)


def normalise(text: pa.Array) -> Normalised:
    r"""Normalise comments by the steps above.

    Parameters
    ----------
    text
        Arrow array of strings; null reads as the empty text. For Python strings with lone surrogates see
        :func:`realreach.comment_text.codepoints.as_text`.

    Examples
    --------
    >>> texts = ["𝐏𝐔𝐋𝐀𝐔𝟕𝟕𝟕 GACOR!!!! 🔥🔥🔥", "Juallllfollloowweerr cek @toko_1 www.toko.id 0812-3456-789"]
    >>> done = normalise(pa.array(texts))
    >>> done.folded[0].as_py(), done.odd_letters.tolist()
    ('pulau777 gacor!!!! 🔥🔥🔥', [True, False])
    >>> done.plain.to_pylist()
    ['\x05 gacor!! 🔥🔥', 'jualfolower cek \x01 \x02 \x03']
    """
    written = decode(_capped(text))
    folded, odd = _fold(written)
    text_folded = encode(folded)
    marked = text_folded
    for pattern, mark in _PLACEHOLDERS:
        marked = pc.replace_substring_regex(marked, pattern=pattern, replacement=mark)
    plain = _squeeze(decode(marked))
    done = Normalised(encode(written), text_folded, encode(plain), odd)
    # The code points are at hand: what is cached needs no second decoding.
    done.__dict__.update(raw_points=written, folded_points=folded, plain_points=plain)
    return done


def fold(text: pa.Array) -> pa.Array:
    """Return the texts after steps 1 to 7, as ``normalise(text).folded``: for captions, which need no more.

    Examples
    --------
    >>> fold(pa.array(["ＨＡＬＯ Semua"])).to_pylist()
    ['halo semua']
    """
    return encode(_fold(decode(_capped(text)))[0])


def _capped(text: pa.Array) -> pa.Array:
    """Return the texts cut at ``TEXT_LIMIT`` characters."""
    if len(text) == 0 or pc.max(pc.binary_length(text)).as_py() in range(TEXT_LIMIT + 1):
        return text
    return pc.utf8_slice_codeunits(text, 0, TEXT_LIMIT)


def _compatible(points: CodePoints) -> CodePoints:
    """Return the texts in NFKC, in one call over all texts that are not ASCII.

    Arrow's own ``utf8_normalize`` leaves "é" and Korean syllables taken apart, whatever form is asked for. A line feed
    stands between the texts: it joins with nothing, and texts have none after step 2. A sign that stands for a whole
    phrase (such as U+FDFA, eighteen letters) stays the one sign it is, so that no text grows much.
    """
    phrase = {0xFDFA: 0x06, 0xFDFB: 0x07}
    wide = points.count(points.codes >= 0x80) > 0
    inside = np.repeat(wide, points.lengths)
    ends = np.cumsum(points.lengths[wide])
    codes = np.insert(points.codes[inside], ends, 0x0A)
    for sign, stand_in in phrase.items():
        codes[codes == sign] = stand_in
    joined = unicodedata.normalize("NFKC", codes.tobytes().decode("utf-32-le"))
    codes = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32).copy()
    for sign, stand_in in phrase.items():
        codes[codes == stand_in] = sign
    end = codes == 0x0A
    starts = np.concatenate([[0], np.flatnonzero(end) + 1]) - np.arange(int(wide.sum()) + 1)
    done = CodePoints(codes[~end], starts)
    done = done.where(np.arange(len(done.codes)) - np.repeat(starts[:-1], done.lengths) < TEXT_LIMIT)
    lengths = points.lengths.copy()
    lengths[wide] = done.lengths
    out = np.empty(int(lengths.sum()), dtype=np.uint32)
    changed = np.repeat(wide, lengths)
    out[changed], out[~changed] = done.codes, points.codes[~inside]
    return CodePoints(out, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def _bounded(points: CodePoints) -> CodePoints:
    """Return the texts with at most three of the combining marks that normalisation sorts in a row."""
    marks = (_kind_of(points.codes) & _SORTED) > 0
    if not marks.any():
        return points
    place = np.arange(len(marks)) - np.maximum.accumulate(np.where(marks, -1, np.arange(len(marks))))
    return points.where(~marks | (place <= 3))


@cache
def _kinds() -> npt.NDArray[np.uint8]:
    """Return what each code point is to the folding, as bits."""
    out = np.zeros(lookalikes.TABLE_SIZE, dtype=np.uint8)
    every = np.arange(lookalikes.TABLE_SIZE, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    word = np.fromiter((c.isalnum() for c in every), dtype=bool, count=lookalikes.TABLE_SIZE)
    out[word] |= _WORD
    for low, high in ((0x41, 0x5B), (0x61, 0x7B), (0xC0, 0x250), (0x1E00, 0x1F00)):
        out[low:high] |= _LATIN
    twins = lookalikes.in_latin_words_map() != np.arange(lookalikes.TABLE_SIZE)
    out[twins] |= _TWIN | _WORD
    for low, high in ((0x300, 0x370), (0x1AB0, 0x1B00), (0x1DC0, 0x1E00), (0x20D0, 0x2100), (0xFE20, 0xFE30)):
        out[low:high] = _STROKE
    for low, high in ((0x200B, 0x2010), (0x202A, 0x202F), (0x2060, 0x2070), (0xFE00, 0xFE10), (0x180B, 0x180F)):
        out[low:high] = _NOTHING
    out[[0xAD, 0x61C, 0xFEFF]] = _NOTHING
    out[[i for i, c in enumerate(every[:0x3001]) if c.isspace()]] = _SPACE
    out[0:0x20] = out[0x7F:0xA0] = _SPACE
    out[np.fromiter((unicodedata.combining(c) > 0 for c in every), dtype=bool, count=len(every))] |= _SORTED
    return out


def _kind_of(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    table = _kinds()
    return table[np.minimum(codes, lookalikes.TABLE_SIZE - 1)]


def _through(table: npt.NDArray[np.uint32], codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    if len(codes) == 0 or int(codes.max()) < lookalikes.TABLE_SIZE:
        return table[codes]
    return np.where(codes < lookalikes.TABLE_SIZE, table[np.minimum(codes, lookalikes.TABLE_SIZE - 1)], codes)


def _fold(written: CodePoints) -> tuple[CodePoints, npt.NDArray[np.bool_]]:
    """Return steps 2 to 7 and whether a text was written in odd letters."""
    hit = lookalikes.styled()[np.minimum(written.codes, lookalikes.TABLE_SIZE - 1)]
    odd = written.count(hit) >= 2
    space = (_kind_of(written.codes) & _SPACE) > 0
    points = CodePoints(np.where(space, np.uint32(0x20), written.codes), written.starts)
    if len(points.codes) and int(points.codes.max()) >= 0x80:
        points = _compatible(_bounded(points))
        points, marked = _bare(points)
        odd |= marked
    codes = _through(lookalikes.always_map(), points.codes)
    kind = _kind_of(codes)
    twin = (kind & _TWIN) > 0
    if twin.any():
        mixed = twin & _in_latin_word(kind, points.owner)
        codes = np.where(mixed, _through(lookalikes.in_latin_words_map(), codes), codes)
        odd |= points.count(mixed) > 0
    return CodePoints(_through(lookalikes.lower_map(), codes), points.starts), odd


def _bare(points: CodePoints) -> tuple[CodePoints, npt.NDArray[np.bool_]]:
    """Return the texts without strokes and without what has no width, and which had two letters with strokes."""
    kind = _kind_of(points.codes)
    stroke = (kind & _STROKE) > 0
    before = np.concatenate([[False], ((kind & (_LATIN | _TWIN)) > 0)[:-1]]) if len(kind) else stroke
    marked = points.count(stroke & before) >= 2
    gone = stroke | ((kind & _NOTHING) > 0)
    if gone.any():
        points, kind = points.where(~gone), kind[~gone]
    # NFKC can make white space of its own, such as that of an ideographic space.
    return CodePoints(np.where((kind & _SPACE) > 0, np.uint32(0x20), points.codes), points.starts), marked


def _in_latin_word(kind: npt.NDArray[np.uint8], owner: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return which code points stand in a run of letters, digits and twins that holds a Latin letter."""
    word, latin = (kind & _WORD) > 0, (kind & _LATIN) > 0
    change = np.ones(len(kind), dtype=bool)
    change[1:] = (word[1:] != word[:-1]) | (owner[1:] != owner[:-1])
    run = np.cumsum(change) - 1
    return np.asarray((np.bincount(run, weights=latin & word) > 0)[run], dtype=bool)


def _squeeze(points: CodePoints) -> CodePoints:
    """Return step 9: stretched words at one letter per run, other runs at two, white space at one."""
    codes = points.codes
    if len(codes) == 0:
        return points
    first = np.ones(len(codes), dtype=bool)
    first[1:] = codes[1:] != codes[:-1]
    first[points.starts[:-1][points.lengths > 0]] = True
    place = np.arange(len(codes)) - np.maximum.accumulate(np.where(first, np.arange(len(codes)), 0))
    kind = _kind_of(codes)
    letter, space = (kind & _WORD) > 0, codes == 0x20
    keep = np.where(space, place < 1, place < 2) | letter
    third = letter & (place >= 2)
    if third.any():
        change = np.ones(len(codes), dtype=bool)
        change[1:] = letter[1:] != letter[:-1]
        change[points.starts[:-1][points.lengths > 0]] = True
        word = np.cumsum(change) - 1
        stretched = np.bincount(word[third], minlength=int(word[-1]) + 1)[word] > 0
        keep &= ~stretched | ~letter | first
    keep &= ~(space & _at_end(points, space))
    return points.where(keep)


def _at_end(points: CodePoints, space: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return which code points have nothing but white space before them, or after them, in their text."""
    seen = np.concatenate([[0], np.cumsum(~space)])
    before = seen[:-1] - np.repeat(seen[points.starts[:-1]], points.lengths)
    after = np.repeat(seen[points.starts[1:]], points.lengths) - seen[1:]
    return np.asarray((before == 0) | (after == 0), dtype=bool)
