"""Measures of single comments, computed by Arrow and RE2 over the text column: linear time, whatever the text holds.

Patterns have no nested repeats and RE2 has no backtracking, so hostile text costs what its bytes cost. Texts arrive capped.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from realreach.tables.core import FloatArray, IntArray

__all__ = ["exact_keys", "fold", "measure_comments", "template_keys", "tokens"]

_EMOJI = r"[\x{1F300}-\x{1FAFF}\x{2600}-\x{27BF}\x{2B50}\x{2B55}\x{2190}-\x{21FF}\x{1F1E6}-\x{1F1FF}]"
_ODD = r"[\x{1D400}-\x{1D7FF}\x{FF21}-\x{FF5A}\x{1F130}-\x{1F189}\x{24B6}-\x{24E9}]|[A-Za-z][\x{0300}-\x{036F}\x{0332}\x{035F}]"
_NO_SPACES = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Khmer}\p{Lao}]"
_STRETCHED = "|".join(letter * 3 for letter in "abcdefghijklmnopqrstuvwxyz")
_ID_WORDS = [
    "yang",
    "yg",
    "dan",
    "di",
    "ke",
    "dari",
    "ini",
    "itu",
    "ada",
    "tidak",
    "tdk",
    "gak",
    "ga",
    "nggak",
    "enggak",
    "kak",
    "kakak",
    "kk",
    "aku",
    "saya",
    "gue",
    "gw",
    "kamu",
    "lu",
    "lo",
    "dia",
    "kita",
    "mau",
    "udah",
    "sudah",
    "udh",
    "bisa",
    "banget",
    "bgt",
    "aja",
    "sih",
    "dong",
    "deh",
    "nih",
    "ya",
    "juga",
    "buat",
    "sama",
    "kalo",
    "kalau",
    "lagi",
    "semoga",
    "sehat",
    "selalu",
    "cantik",
    "keren",
    "mantap",
    "bagus",
    "lucu",
    "suka",
    "sukses",
    "terus",
    "apa",
    "kenapa",
    "gimana",
    "berapa",
    "dimana",
    "punya",
    "jadi",
    "bikin",
    "pengen",
    "harga",
    "min",
    "bang",
    "mas",
    "mbak",
    "bunda",
    "aamiin",
    "alhamdulillah",
    "masya",
    "allah",
    "amin",
    "selamat",
    "ditunggu",
    "makasih",
    "terima",
    "kasih",
]
_EN_WORDS = [
    "the",
    "and",
    "is",
    "are",
    "was",
    "were",
    "be",
    "to",
    "of",
    "in",
    "on",
    "for",
    "with",
    "this",
    "that",
    "these",
    "it",
    "its",
    "i",
    "you",
    "he",
    "she",
    "we",
    "they",
    "my",
    "your",
    "me",
    "so",
    "very",
    "just",
    "not",
    "no",
    "what",
    "why",
    "how",
    "where",
    "when",
    "who",
    "can",
    "could",
    "will",
    "would",
    "love",
    "great",
    "nice",
    "good",
    "best",
    "awesome",
    "amazing",
    "beautiful",
    "cool",
    "please",
    "thanks",
    "thank",
    "more",
    "from",
    "have",
    "has",
    "had",
    "do",
    "does",
    "did",
    "really",
    "like",
    "look",
    "looks",
    "looking",
    "wow",
    "keep",
    "always",
    "never",
    "been",
]


def _pattern(words: list[str]) -> str:
    return r"\b(?:" + "|".join(sorted(set(words))) + r")\b"


_COUNTS: dict[str, tuple[str, str]] = {
    # measure: (which text, pattern); "raw" is the text as written, "folded" is NFKC and lower case.
    "emoji": ("raw", _EMOJI),
    "letters": ("folded", r"\p{L}"),
    "digits": ("folded", r"\p{Nd}"),
    "words": ("folded", r"[\p{L}\p{Nd}][^\s]*"),
    "spaceless": ("folded", _NO_SPACES),
    "capitals": ("raw", r"\p{Lu}"),
    "indonesian": ("folded", _pattern(_ID_WORDS)),
    "english": ("folded", _pattern(_EN_WORDS)),
}
_FLAGS: dict[str, tuple[str, str]] = {
    "odd_letters": ("raw", _ODD),
    "mention": ("raw", r"@[\w.]"),
    "starts_with_mention": ("raw", r"^\s*@[\w.]"),
    "question": ("folded", r"\?"),
    "exclamation": ("folded", "!"),
    "stretched": ("folded", _STRETCHED),
    "link": ("folded", r"https?:|www\.|\.com\b|\.id\b|wa\.me|t\.me|bit\.ly"),
    "phone": ("folded", r"\d[\d .\-]{7}"),
    "hashtag": ("raw", r"#[\p{L}\p{Nd}]"),
    "ends_with_emoji": ("raw", _EMOJI + r"[\x{FE0F}\x{200D}\x{1F3FB}-\x{1F3FF}\s]*$"),
    "tidy": ("raw", r"^\p{Lu}.*\p{Ll}\s*[.!?]"),
}


def fold(text: pa.Array) -> pa.Array:
    """Return the text in NFKC and lower case, so that letters in odd Unicode styles read as letters."""
    return pc.utf8_lower(pc.utf8_normalize(text, form="NFKC"))


def measure_comments(text: pa.Array, folded: pa.Array) -> dict[str, FloatArray]:
    """Return per-comment measures: counts and flags of the tables above, ``length`` in characters, ``emoji_only``.

    ``words`` counts two characters of a script without spaces as one word.
    """
    source = {"raw": text, "folded": folded}
    out = {n: _numbers(pc.count_substring_regex(source[s], pattern=p)) for n, (s, p) in _COUNTS.items()}
    out |= {n: _numbers(pc.match_substring_regex(source[s], pattern=p)) for n, (s, p) in _FLAGS.items()}
    out["length"] = _numbers(pc.utf8_length(folded))
    out["words"] = np.maximum(out["words"], np.ceil(out["spaceless"] / 2.0))
    out["emoji_only"] = ((out["emoji"] > 0) & (out["letters"] + out["digits"] == 0)).astype(np.float64)
    return out


def _numbers(values: pa.Array) -> FloatArray:
    return values.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False)


def exact_keys(folded: pa.Array) -> IntArray:
    """Return integers that are equal for texts that are equal after folding case, Unicode style and white space."""
    squeezed = pc.utf8_trim_whitespace(pc.replace_substring_regex(folded, pattern=r"\s+", replacement=" "))
    return _codes(squeezed)


def template_keys(folded: pa.Array) -> IntArray:
    """Return integers that are equal for texts with the same words, whatever their digits, emoji, marks and handles."""
    bare = pc.replace_substring_regex(folded, pattern=r"@[\w.]+|https?:[^\s]+|[^\s]*\d[^\s]*|#[^\s]+", replacement=" ")
    bare = pc.replace_substring_regex(bare, pattern=r"[^\p{L}]+", replacement=" ")
    return _codes(pc.utf8_trim_whitespace(bare))


def tokens(folded: pa.Array, least: int = 4) -> tuple[IntArray, pa.Array]:
    """Return the row number of every word of at least ``least`` letters, and the words."""
    bare = pc.replace_substring_regex(folded, pattern=r"@[\w.]+|https?:[^\s]+", replacement=" ")
    bare = pc.replace_substring_regex(bare, pattern=r"[^\p{L}]+", replacement=" ")
    # Single spaces are all the white space that is left. Arrow's split on white space reads one byte past the text
    # (apache/arrow#37757): the same comments then give other words from run to run.
    lists = pc.split_pattern(bare, pattern=" ")
    words = lists.flatten()
    rows = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False).astype(np.int64)
    keep = pc.greater_equal(pc.utf8_length(words), least)
    return rows[keep.to_numpy(zero_copy_only=False)], words.filter(keep)


def _codes(text: pa.Array) -> IntArray:
    return text.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
