"""Letters that only look like Latin ones: the tables behind the look-alike step of the normalisation.

NFKC turns mathematical, full-width and circled letters into Latin ones, but leaves small capitals, letters in black
circles, Greek and Cyrillic twins and letters struck through. Their map is short and written down here.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = ["TABLE_SIZE", "always_map", "in_latin_words_map", "lower_map", "styled", "through"]

TABLE_SIZE = 0x20000
"""Code points below this have an entry in every table; those above (rare Han) are what they are."""

_U32 = npt.NDArray[np.uint32]

_SMALL_CAPITALS = ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢɑɡɩʋɐ", "abcdefghijklmnopqrstuvwyzagiva")
_STRUCK = ("øłđŧħƀɨɇⱥɏƶꝁꝑɍⱦƚȼǥɉᵽᵾꝺ", "oldthbieayzkprtlcgjpud")
"""Real letters of some languages: folded for likeness, but never a sign of hiding."""
_GREEK = ("αβγεζηικλμνορτυχωςϲ", "abyeznikaunoptuxwcc")
_GREEK_CAPITALS = ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "abezhikmnoptyx")
_CYRILLIC = ("абвгезікмнорстухѕјԁһԛԝьёїпчѵӏ", "a6bre3ikmhopctyxsjdhqwbeinyvl")
_OTHER = ("օսոհցքզᏀаꓮꓐꓚꓓꓰꓖꓧꓲꓙꓗꓡꓟꓠꓳꓑꓣꓢꓔꓴꓦꓪꓫꓬꓜ", "ounhgpqgaabcdeghijklmnoprstuvwxyz")
_CURRENCY = ("฿₵₲ⱨ₭₥₦₱₴₮₩₳ⱡⱬʉ", "bcghkmnpstwalzu")

_STYLES = (
    (0x1D2C, 0x1DC0), (0x2071, 0x20A0), (0x2100, 0x2140), (0x24B6, 0x24EA), (0x1D400, 0x1D800), (0x1F110, 0x1F150),
)  # fmt: skip
"""Blocks of Unicode with letters in a style: modifiers, letter-like signs, circled, mathematical, squared."""


def _pairs(*tables: tuple[str, str]) -> dict[int, int]:
    return {ord(a): ord(b) for letters, twins in tables for a, b in zip(letters, twins, strict=True)}


def _table(pairs: dict[int, int]) -> _U32:
    """Return a map of the given letters and, where they have one, of their capitals (which may be given themselves)."""
    out = np.arange(TABLE_SIZE, dtype=np.uint32)
    for code, twin in pairs.items():
        capital = chr(code).upper()
        if len(capital) == 1 and ord(capital) not in pairs:
            out[ord(capital)] = twin
        out[code] = twin
    return out


@cache
def always_map() -> _U32:
    """Return the map that holds wherever a letter stands: small capitals, circled, squared and struck letters."""
    circled = {0x1F150 + i: 0x61 + i for i in range(26)} | {0x1F170 + i: 0x61 + i for i in range(26)}
    return _table(_pairs(_SMALL_CAPITALS, _STRUCK) | circled)


@cache
def in_latin_words_map() -> _U32:
    """Return the map for words that also hold a Latin letter: Greek, Cyrillic and other twins, currency signs."""
    return _table(_pairs(_GREEK, _GREEK_CAPITALS, _CYRILLIC, _OTHER, _CURRENCY))


@cache
def lower_map() -> _U32:
    """Return the lower-case form of every code point that has a single one (``İ`` reads ``i``).

    Examples
    --------
    >>> chr(lower_map()[ord("Ä")]), chr(lower_map()[ord("İ")])
    ('ä', 'i')
    """
    every = np.arange(TABLE_SIZE, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    low = every.replace("\u0130", "i").lower()
    assert len(low) == TABLE_SIZE
    return np.frombuffer(low.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


@cache
def styled() -> npt.NDArray[np.bool_]:
    """Return which code points are Latin letters or digits in an odd style: NFKC or the map makes them plain ones.

    Full-width letters are not among them: they are ordinary in Japanese and Chinese. Neither are signs such as ``ª``
    or ``K`` (kelvin), real letters struck through, nor the squared letters that are emoji (🅰 🅱 🅾 🅿).
    """
    out = np.zeros(TABLE_SIZE, dtype=bool)
    for low, high in _STYLES:
        for code in range(low, high):
            plain = unicodedata.normalize("NFKC", chr(code))
            out[code] = len(plain) == 1 and plain.isascii() and plain.isalnum()
    out[0x1F150:0x1F18A] = True
    for code in _pairs(_SMALL_CAPITALS):
        out[code] = True
    out[[0x212A, 0x1F170, 0x1F171, 0x1F17E, 0x1F17F, ord("ı")]] = False
    return out


def through(table: _U32, codes: _U32) -> _U32:
    """Return what a map makes of code points; those above the table are what they are."""
    if len(codes) == 0 or int(codes.max()) < TABLE_SIZE:
        return table[codes]
    return np.where(codes < TABLE_SIZE, table[np.minimum(codes, TABLE_SIZE - 1)], codes)
