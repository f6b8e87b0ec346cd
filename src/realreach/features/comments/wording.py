"""What is said: shares of kinds of comments, and their lengths."""

from __future__ import annotations

import numpy as np

from realreach.features.catalogue import Feature
from realreach.features.comments.section import NO_LONG, Section, record, spread
from realreach.tables.core import FloatArray

__all__ = ["FEATURES", "LENGTHS", "SHARES", "compute"]

SHARES = {
    # measure of a comment: (english, indonesian, direction, source)
    "emoji_only": ("comments of emoji only", "komentar hanya emoji", 0, "T6"),
    "mention": ("comments that mention an account", "komentar yang menyebut akun", 0, "T4"),
    "starts_with_mention": (
        "comments that begin with a mention: friends tagged",
        "komentar yang menandai teman",
        -1,
        "T4",
    ),
    "question": ("comments that ask", "komentar berupa pertanyaan", -1, "T4"),
    "exclamation": ("comments with an exclamation mark", "komentar dengan tanda seru", 1, "NORMS 4.2"),
    "stretched": ("comments with stretched letters", "komentar dengan huruf dipanjangkan", 0, "NORMS 4.2"),
    "link": ("comments with a link", "komentar dengan tautan", 0, "NORMS 4.2"),
    "phone": ("comments with a phone number", "komentar dengan nomor telepon", 0, "NORMS 4.2"),
    "odd_letters": ("comments in odd Unicode letters", "komentar dengan huruf Unicode aneh", 0, "NORMS 4.2"),
    "hashtag": ("comments with a hashtag", "komentar dengan tagar", 0, "NORMS 4"),
    "ends_with_emoji": ("comments that end with an emoji", "komentar yang diakhiri emoji", 0, "NORMS 4.2"),
    "tidy": ("comments in faultless form", "komentar dengan bentuk rapi sempurna", 1, "T11"),
    "short": ("comments of one or two words", "komentar satu atau dua kata", 0, "T6"),
    "indonesian": ("comments with Indonesian words", "komentar berbahasa Indonesia", 0, "T8"),
    "english": ("comments with English words", "komentar berbahasa Inggris", 0, "T8"),
    "wish": ("comments that wish, pray or congratulate", "komentar berisi doa atau ucapan selamat", -1, "NORMS 4.1"),
}

LENGTHS = ("length__all__median", "length__all__spread", "long_length__all__spread")

FEATURES: tuple[Feature, ...] = (
    *(record(f"{n}__all__share", "share of comments", en, i, d, source=s) for n, (en, i, d, s) in SHARES.items()),
    record("length__all__median", "ln characters", "length of a comment", "panjang komentar", 0, 0, None, "NORMS 4"),
    record("length__all__spread", "ln characters", "spread of comment lengths", "sebaran panjang komentar", -1, 0, None, "NORMS 4.2"),
    record("long_length__all__spread", "ln characters", "spread of lengths of comments of four words or more", "sebaran panjang komentar empat kata atau lebih", -1, 0, None, "NORMS 4.2", NO_LONG),
)  # fmt: skip


def compute(section: Section) -> dict[str, FloatArray]:
    """Return shares and lengths of every creator."""
    names = (*(f"{name}__all__share" for name in SHARES), *LENGTHS)
    of_comments = section.measures
    shares = section.shares(np.array([of_comments[name] for name in SHARES]))
    length = np.log1p(of_comments["length"])
    spreads = (spread(section, length, keep) for keep in (np.ones(len(length), dtype=bool), section.long))
    return dict(zip(names, [*shares, section.share(length), *spreads], strict=True))
