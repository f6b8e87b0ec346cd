"""Statistics of a set of comments, the same for simulated and real ones."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np

from realreach.simulate.text.emoji import EMOJI

__all__ = ["measure", "near_twin_share"]

_STRETCHED = re.compile(r"([^\W\d_])\1\1", re.IGNORECASE)
_MENTION = re.compile(r"(?<![\w.])@\w")
_URL = re.compile(r"https?://|www\.|\b[\w-]+\.(?:com|net|org|id|ly|me|be)\b", re.IGNORECASE)
_PHONE = re.compile(r"(?<!\d)(?:\+?62|0)8[\d\s-]{7,12}\d")
_HASHTAG = re.compile(r"#\w")
_ODD = re.compile(
    "[\U0001d400-\U0001d7ff\uff21-\uff3a\uff41-\uff5a\uff10-\uff19\u24b6-\u24e9\U0001f130-\U0001f189\u0336]"
)
_LENGTHS = (10, 25, 50, 75, 90, 99)


def measure(texts: Sequence[str]) -> dict[str, float]:
    """Describe a set of comments by the statistics that the reality checks compare.

    Parameters
    ----------
    texts
        Comments of one post, one creator or one whole set; at least one.

    Returns
    -------
    dict
        Shares (0-1) of comments: ``one_two_words``, ``emoji``, ``emoji_only`` (only emoji, signs and spaces),
        ``ends_with_emoji``, ``mention``, ``starts_with_mention``, ``url``, ``phone``, ``hashtag``, ``digits``,
        ``odd_letters`` (mathematical, full-width, boxed or struck-through), ``capitals`` (mostly capitals),
        ``stretched`` (a letter three times running), ``question``, ``exclamation``, ``exact_dup`` (equals another
        comment after folding case, spaces and Unicode forms), ``exact_dup_4w`` (the same among those of four words or
        more), ``distinct`` and ``distinct_4w`` (different texts / texts), ``top_text`` (the commonest text).
        Numbers: ``n``, ``chars_p10`` ... ``chars_p99``, ``chars_mean``, ``words_p50``, ``words_mean``,
        ``emoji_per_emoji_comment``; ``type_token_80`` is different words / words in 80 comments. NaN where there is
        nothing to divide by.

    Raises
    ------
    ValueError
        If there is no text.

    Examples
    --------
    >>> found = measure(["keren", "Keren", "mantap kak 🔥", "❤️❤️"])
    >>> found["exact_dup"], found["emoji"], found["emoji_only"]
    (0.5, 0.5, 0.25)
    """
    if not texts:
        raise ValueError("cannot measure an empty set of comments; give at least one text.")
    n = len(texts)
    words = [text.split() for text in texts]
    counts = np.array([len(w) for w in words])
    lengths = np.array([len(text) for text in texts])
    emoji = np.array([len(EMOJI.findall(text)) for text in texts])
    folded = [" ".join(unicodedata.normalize("NFKC", text).lower().split()) for text in texts]
    long_ones = [text for text, count in zip(folded, counts.tolist(), strict=True) if count >= 4]
    found: dict[str, float] = {"n": float(n)}
    for percent, value in zip(_LENGTHS, np.percentile(lengths, _LENGTHS).tolist(), strict=True):
        found[f"chars_p{percent}"] = value
    found |= {
        "chars_mean": float(lengths.mean()),
        "words_p50": float(np.median(counts)),
        "words_mean": float(counts.mean()),
        "one_two_words": float((counts <= 2).mean()),
        "emoji": float((emoji > 0).mean()),
        "emoji_only": float(
            np.mean([e > 0 and _only_emoji(text) for text, e in zip(texts, emoji.tolist(), strict=True)])
        ),
        "emoji_per_emoji_comment": float(emoji[emoji > 0].mean()) if (emoji > 0).any() else float("nan"),
        "ends_with_emoji": float(np.mean([_ends_with_emoji(text) for text in texts])),
        "mention": _share(_MENTION, texts),
        "starts_with_mention": float(np.mean([text.lstrip().startswith("@") for text in texts])),
        "url": _share(_URL, texts),
        "phone": _share(_PHONE, texts),
        "hashtag": _share(_HASHTAG, texts),
        "digits": float(np.mean([any(c.isdecimal() for c in text) for text in texts])),
        "odd_letters": _share(_ODD, texts),
        "capitals": float(np.mean([_mostly_capitals(text) for text in texts])),
        "stretched": _share(_STRETCHED, texts),
        "question": float(np.mean(["?" in text or "？" in text for text in texts])),
        "exclamation": float(np.mean(["!" in text or "！" in text for text in texts])),
        "top_text": Counter(folded).most_common(1)[0][1] / n,
        "type_token_80": _type_token(words),
    }
    return found | _repeats(folded, "") | _repeats(long_ones, "_4w")


def near_twin_share(texts: Sequence[str], *, at_most: int = 2_000) -> float:
    """Return the share of comments that have a near twin: cosine of letter 4-grams of 0.8 or more.

    Only texts of 12 letters or more count, and of those the first `at_most` (memory and time grow with its square).
    NaN with fewer than two. Letters are folded to lower case, digits and signs dropped, as in the public norms.

    Examples
    --------
    >>> texts = ["love the energy in this video", "LOVE the energy of this video 🔥", "rain again tomorrow they say"]
    >>> round(near_twin_share(texts), 2)
    0.67
    """
    cleaned = [" ".join(re.findall(r"[^\W\d_]+", unicodedata.normalize("NFKC", text).lower())) for text in texts]
    chosen = [text for text in cleaned if len(text.replace(" ", "")) >= 12][:at_most]
    if len(chosen) < 2:
        return float("nan")
    size = 1 << 14
    rows = np.zeros((len(chosen), size), dtype=np.float32)
    for row, text in enumerate(chosen):
        codes = np.frombuffer(f" {text} ".encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
        grams = ((codes[:-3] * 31 + codes[1:-2]) * 31 + codes[2:-1]) * 31 + codes[3:]
        slots, count = np.unique(
            (grams * np.uint64(2654435761)) >> np.uint64(7) & np.uint64(size - 1), return_counts=True
        )
        rows[row, slots] = count
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    twins = 0
    for start in range(0, len(chosen), 512):
        alike = rows[start : start + 512] @ rows.T
        alike[np.arange(len(alike)), start + np.arange(len(alike))] = 0
        twins += int((alike.max(axis=1) >= 0.8).sum())
    return twins / len(chosen)


def _share(pattern: re.Pattern[str], texts: Sequence[str]) -> float:
    return float(np.mean([pattern.search(text) is not None for text in texts]))


def _only_emoji(text: str) -> bool:
    return not any(c.isalnum() for c in EMOJI.sub("", text))


def _ends_with_emoji(text: str) -> bool:
    ends = [found.end() for found in EMOJI.finditer(text)]
    return bool(ends) and ends[-1] >= len(text.rstrip())


def _mostly_capitals(text: str) -> bool:
    letters = [c for c in text if c.isalpha()]
    return len(letters) >= 5 and sum(c.isupper() for c in letters) > 0.7 * len(letters)


def _repeats(texts: Sequence[str], suffix: str) -> dict[str, float]:
    if not texts:
        return {f"exact_dup{suffix}": float("nan"), f"distinct{suffix}": float("nan")}
    counts = Counter(texts)
    repeated = sum(count for count in counts.values() if count > 1)
    return {f"exact_dup{suffix}": repeated / len(texts), f"distinct{suffix}": len(counts) / len(texts)}


def _type_token(words: Sequence[Sequence[str]]) -> float:
    """Return different words / words, over successive lots of 80 comments (one shorter lot if there are fewer)."""
    lots = [words[start : start + 80] for start in range(0, max(len(words) - 79, 1), 80)]
    ratios = [len({w.lower() for w in flat}) / len(flat) for lot in lots if (flat := [w for one in lot for w in one])]
    return float(np.mean(ratios)) if ratios else float("nan")
