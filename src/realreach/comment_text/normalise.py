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
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from realreach.comment_text import lookalikes, traits
from realreach.comment_text.codepoints import CodePoints, decode, encode
from realreach.comment_text.grouping import buffers_of
from realreach.compiled import frozen, kernels_for
from realreach.lazy import cached_property

__all__ = [
    "BRAND",
    "ENDINGS",
    "LINK",
    "MENTION",
    "MOST_MARKS",
    "NUMBER",
    "PHONE",
    "TEXT_LIMIT",
    "Normalised",
    "compatible",
    "fold",
    "fold_maps",
    "normalise",
]

TEXT_LIMIT = 2_200
"""Characters of a text that are read."""

MENTION, LINK, PHONE, NUMBER, BRAND = "\x01", "\x02", "\x03", "\x04", "\x05"
"""Placeholders in :attr:`Normalised.plain`. No input can hold them: control characters become spaces before."""

ENDINGS = (
    "com",
    "net",
    "org",
    "id",
    "me",
    "ly",
    "co",
    "gg",
    "io",
    "xyz",
    "link",
    "site",
    "online",
    "shop",
    "vip",
    "club",
)
"""What a link without ``www.`` ends in, or its host."""
_PLACEHOLDERS = {
    LINK: r"(?:https?:/|www\.)[^ ]*|[a-z0-9][a-z0-9._@-]*\.(?:" + "|".join(ENDINGS) + r")\b(?:/[^ ]*)?",
    MENTION: r"@[a-z0-9_.\x{DF}-\x{24F}]+",
    PHONE: r"\+?\d(?:[ .()\-]{0,2}\d){7,}",
    BRAND: r"[a-z]{2,}-?\d{2,}|(?:\b[a-z] ){3,}\d(?: ?\d)+",
    NUMBER: r"\d+(?:[.,:]\d+)*",
}
_DIGITS_OF_A_PHONE = 8
_AT, _DOT, _COLON, _SLASH, _SMALL_A, _SMALL_W, _SMALL_Z = (np.uint32(ord(sign)) for sign in "@.:/awz")

MOST_MARKS = 3
"""Combining marks in a row that are kept."""
_NO_CODES = frozen(np.empty(0, dtype=np.uint32))


@dataclass(frozen=True, eq=False)
class Normalised:
    """``n`` comments in the forms in which they are read.

    Parameters
    ----------
    raw_points
        Code points as written, at most 2,200 characters; null is the empty text.
    folded_points
        NFKC, look-alikes and case folded; digits, links, punctuation and emoji as they are.
    plain_points
        ``folded`` with placeholders and stretched letters squeezed: the form for likeness keys and models.
    odd_letters
        Whether a text was written in odd letters: two or more styled letters or digits ("𝐏𝟕"), two or more letters with
        strokes, or a word that mixes Latin letters with their Greek, Cyrillic or currency twins.
    """

    raw_points: CodePoints
    folded_points: CodePoints
    plain_points: CodePoints
    odd_letters: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.raw_points)

    @cached_property
    def raw(self) -> pa.Array:
        """The texts as written, as large strings."""
        return encode(self.raw_points)

    @cached_property
    def folded(self) -> pa.Array:
        """The folded texts, as large strings."""
        return encode(self.folded_points)

    @cached_property
    def plain(self) -> pa.Array:
        """The plain texts, as large strings."""
        return encode(self.plain_points)

    def part(self, start: int, stop: int) -> Normalised:
        """Return neighbouring comments, from row ``start`` up to row ``stop``."""
        raw, folded, plain = self.raw_points, self.folded_points, self.plain_points
        forms = raw.part(start, stop), folded.part(start, stop), plain.part(start, stop)
        return Normalised(*forms, self.odd_letters[start:stop])


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
    if (compiled := kernels_for(len(text), "comment_text.forms_kernels")) is not None and len(text):
        done = _compiled(text, compiled)
        if done is not None:
            return done
    written = decode(_capped(text))
    folded, odd = _fold(written)
    return Normalised(written, folded, _plain(folded), odd)


def _compiled(text: pa.Array, kernels: ModuleType) -> Normalised | None:
    """Return the forms of texts by the compiled kernels, None if they are no UTF-8.

    Only what NFKC may change passes by Python.
    """
    n = len(text)
    folded_starts, plain_starts = np.zeros(n + 1, dtype=np.int64), np.zeros(n + 1, dtype=np.int64)
    table = traits.table()
    codes, starts, unsettled, odd = kernels.decode_rows(buffers_of(text), np.arange(n), table)
    if len(starts) == 0:
        return None
    codes = codes[: starts[-1]]
    joined = kernels.join_unsettled(codes, starts, unsettled, table)
    settled, settled_starts = kernels.split_settled(compatible(joined))
    folded, plain = (np.empty(len(codes) + len(settled), dtype=np.uint32) for _ in range(2))
    kernels.fill_forms(
        codes, starts, unsettled, settled, settled_starts, fold_maps(), folded, folded_starts, plain, plain_starts, odd
    )
    forms = CodePoints(folded[: folded_starts[-1]], folded_starts), CodePoints(plain[: plain_starts[-1]], plain_starts)
    return Normalised(CodePoints(codes, starts), *forms, odd)


@cache
def fold_maps() -> tuple[npt.NDArray[np.uint32], ...]:
    """Return the traits and the maps that the compiled folding asks for, in its order."""
    maps = traits.fold_map(), lookalikes.always_map(), lookalikes.in_latin_words_map(), lookalikes.lower_map()
    return traits.table(), *(frozen(by_code) for by_code in maps)


def compatible(joined: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Return texts in NFKC, one array of code points with a line feed behind each text."""
    if len(joined) == 0:
        return _NO_CODES
    text = unicodedata.normalize("NFKC", joined.tobytes().decode("utf-32-le"))
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


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
    """Return texts in NFKC, in one call over all of them.

    Arrow's own ``utf8_normalize`` leaves "é" and Korean syllables taken apart, whatever form is asked for. A line feed
    stands between the texts: it joins with nothing, and texts have none after step 2. A sign that stands for a whole
    phrase (such as U+FDFA, eighteen letters) stays the one sign it is, so that no text grows much.
    """
    codes = np.insert(points.codes, points.starts[1:], 0x0A)
    for sign, stand_in in traits.PHRASES.items():
        codes[codes == sign] = stand_in
    codes = compatible(codes).copy()
    for sign, stand_in in traits.PHRASES.items():
        codes[codes == stand_in] = sign
    end = codes == 0x0A
    starts = np.concatenate([[0], end.nonzero()[0] + 1]) - np.arange(len(points) + 1)
    done = CodePoints(codes[~end], starts)
    if len(done) and int(done.lengths.max()) > TEXT_LIMIT:
        done = done.where(np.arange(len(done.codes)) - starts[:-1].repeat(done.lengths) < TEXT_LIMIT)
    return done


def _bounded(points: CodePoints) -> CodePoints:
    """Return the texts with at most ``MOST_MARKS`` of the combining marks that normalisation sorts in a row."""
    marks = points.has(traits.SORTED)
    other = np.where(marks, -1, np.arange(len(marks)))
    begins = points.starts[:-1][points.lengths > 0]
    other[begins] = np.where(marks[begins], begins - 1, begins)
    place = np.arange(len(marks)) - np.maximum.accumulate(other)
    many = marks & (place > MOST_MARKS)
    return points.where(~many) if many.any() else points


def _cleaned(points: CodePoints) -> CodePoints:
    """Return the texts with a space for every control character and all white space."""
    dirty = points.has(traits.DIRTY).nonzero()[0]
    return _with(points, dirty, np.full(len(dirty), 0x20, dtype=np.uint32))


def _settled(points: CodePoints) -> CodePoints:
    """Return steps 2 to 4 of texts that NFKC may change."""
    return _compatible(_bounded(_cleaned(points)))


def _with(points: CodePoints, at: npt.NDArray[np.intp], codes: npt.NDArray[np.uint32]) -> CodePoints:
    """Return the texts with other code points at some places."""
    if len(at) == 0:
        return points
    out, kept = points.codes.copy(), points.traits.copy()
    out[at], kept[at] = codes, traits.of(codes)
    changed = CodePoints(out, points.starts)
    changed.__dict__["traits"] = kept
    return changed


def _fold(written: CodePoints) -> tuple[CodePoints, npt.NDArray[np.bool_]]:
    """Return steps 2 to 7 and whether a text was written in odd letters.

    Most steps touch few code points or few texts, and only those are worked on: in the others the step changes nothing.
    """
    odd = written.holds(traits.STYLED)
    if odd.any():
        odd = written.count(written.has(traits.STYLED)) >= 2
    points = written
    rows = written.holds(traits.UNSETTLED).nonzero()[0]
    if len(rows):
        points = points.replaced(rows, _settled(points.take(rows)))
    points = _bare(points, odd)
    rows = points.holds(traits.TWIN).nonzero()[0]
    if len(rows):
        points = points.replaced(rows, _untwinned(points.take(rows), rows, odd))
    capital = points.has(traits.FOLDS).nonzero()[0]
    return _with(points, capital, traits.fold_map()[points.codes[capital]]), odd


def _bare(points: CodePoints, odd: npt.NDArray[np.bool_]) -> CodePoints:
    """Return the texts without strokes and without what has no width; two letters with strokes are odd letters."""
    held = np.bitwise_or.reduce(points.any_trait, initial=0)
    if held & traits.STROKE:
        stroke = points.has(traits.STROKE)
        odd |= points.count(stroke & points.after(points.has(traits.LATIN | traits.TWIN))) >= 2
    if held & (traits.STROKE | traits.NOTHING):
        points = points.where(~points.has(traits.STROKE | traits.NOTHING))
    # Here step 2 is done for most texts, and once more for the others: NFKC can make white space of its own.
    return _cleaned(points) if held & traits.DIRTY else points


def _untwinned(points: CodePoints, rows: npt.NDArray[np.intp], odd: npt.NDArray[np.bool_]) -> CodePoints:
    """Return texts with the twins read as Latin letters where their word holds one; such texts are odd.

    A word is a run of letters, digits and twins. Look-alikes that are letters wherever they stand are so by now.
    """
    points = CodePoints(lookalikes.through(lookalikes.always_map(), points.codes), points.starts)
    word = points.has(traits.WORD)
    change = np.ones(len(word), dtype=bool)
    change[1:] = (word[1:] != word[:-1]) | (points.owner[1:] != points.owner[:-1])
    run = change.cumsum() - 1
    latin = np.bincount(run, weights=points.has(traits.LATIN) & word) > 0
    mixed = points.has(traits.TWIN) & latin[run]
    odd[rows] |= points.any(mixed)
    at = mixed.nonzero()[0]
    return _with(points, at, lookalikes.through(lookalikes.in_latin_words_map(), points.codes[at]))


def _plain(folded: CodePoints) -> CodePoints:
    """Return steps 8 and 9 of folded texts; those that neither step changes are not touched."""
    codes = folded.codes
    marked = folded.holds(traits.MARKED)
    again = folded.again
    # What repeats twice may be kept, but for white space.
    much = again & (codes == 0x20)
    much[1:] |= again[1:] & again[:-1]
    padded = (folded.lengths > 0) & ((folded.first == 0x20) | (folded.last == 0x20))
    rows = (marked | padded | folded.any(much)).nonzero()[0]
    if len(rows) == 0:
        return folded
    texts = folded.take(rows)
    inner = marked[rows].nonzero()[0]
    if len(inner):
        texts = texts.replaced(inner, _marked(texts.take(inner)))
    return folded.replaced(rows, _squeeze(texts))


def _marked(points: CodePoints) -> CodePoints:
    """Return step 8: texts with placeholders.

    A pattern is matched only where it can be: links and telephone numbers are rare, and the dearest.
    """
    digits = points.count_of(traits.DIGIT)
    rare = digits >= _DIGITS_OF_A_PHONE
    rare[points.text_of(_links(points.codes))] = True
    if rare.any():
        some, others = rare.nonzero()[0], (~rare).nonzero()[0]
        done = points.replaced(some, _with_placeholders(points.take(some), _PLACEHOLDERS))
        return done.replaced(others, _marked(points.take(others))) if len(others) else done
    marks = ((MENTION, (points.codes == _AT).any()), (BRAND, (digits > 1).any()), (NUMBER, digits.any()))
    return _with_placeholders(points, [mark for mark, needed in marks if needed])


def _links(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.intp]:
    """Return where a link may be: at a dot beside a letter that it needs, at a colon with a slash behind it."""
    dots, colons = (codes == _DOT).nonzero()[0], (codes == _COLON).nonzero()[0]
    behind = codes.take(dots + 1, mode="clip")
    telling = (behind >= _SMALL_A) & (behind <= _SMALL_Z) | (codes.take(dots - 1, mode="clip") == _SMALL_W)
    return np.concatenate([dots[telling], colons[codes.take(colons + 1, mode="clip") == _SLASH]])


def _with_placeholders(points: CodePoints, marks: Iterable[str]) -> CodePoints:
    """Return the texts with some placeholders, which stand in the order of step 8."""
    text = encode(points)
    for mark in marks:
        text = pc.replace_substring_regex(text, pattern=_PLACEHOLDERS[mark], replacement=mark)
    return decode(text)


def _squeeze(points: CodePoints) -> CodePoints:
    """Return step 9: stretched words at one letter per run, other runs at two, white space at one."""
    codes = points.codes
    if len(codes) == 0:
        return points
    begins = points.starts[:-1][points.lengths > 0]
    second = points.again
    third = second.copy()
    third[1:] &= second[:-1]
    letter, space = points.has(traits.WORD), codes == 0x20
    gone = (third & ~letter) | (second & space)
    stretched = third & letter
    if stretched.any():
        change = np.ones(len(codes), dtype=bool)
        change[1:] = letter[1:] != letter[:-1]
        change[begins] = True
        word = change.cumsum() - 1
        long = np.bincount(word[stretched], minlength=int(word[-1]) + 1) > 0
        gone |= second & letter & long[word]
    gone[begins] |= space[begins]
    # Of the white space at the end, one is left by now: the first of its run.
    ends = points.starts[1:][points.lengths > 0] - 1
    firsts = (~second).nonzero()[0]
    gone[firsts[firsts.searchsorted(ends[space[ends]], side="right") - 1]] = True
    return points.where(~gone)
