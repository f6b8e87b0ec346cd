"""The catalogue of reason codes, and which code speaks for which column of the model.

Every column belongs to exactly one code: the first whose pattern matches its name. Patterns name a quantity, so that
features that say the same stand under one code; each family ends with a code for the rest, so that a new feature
always has a place.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache

from realreach.reasons.code import ReasonCode
from realreach.reasons.comment_codes import COMMENT_CODES, MISSING_DATA
from realreach.reasons.engagement_codes import AUDIENCE_CODES, ENGAGEMENT_CODES
from realreach.reasons.growth_codes import COHERENCE_CODES, GROWTH_CODES

__all__ = ["BANNED_WORDS", "CODES", "MISSING_DATA", "OTHER", "code_named", "code_of"]

OTHER = ReasonCode(
    "other", "none", (),
    "A column that is not in the feature catalogue speaks against the creator's numbers.",
    "Kolom di luar katalog fitur memberatkan angka kreator.",
    "A column that is not in the feature catalogue speaks for the creator's numbers.",
    "Kolom di luar katalog fitur mendukung angka kreator.",
    "see whoever added the column",
    "tanyakan kepada yang menambahkan kolom",
)  # fmt: skip
"""For columns that a user added to the catalogue's."""

CODES: tuple[ReasonCode, ...] = (
    *GROWTH_CODES,
    *COHERENCE_CODES,
    *ENGAGEMENT_CODES,
    *COMMENT_CODES,
    *AUDIENCE_CODES,
    MISSING_DATA,
    OTHER,
)
"""All reason codes; their names are stable."""

BANNED_WORDS = (
    "fraud", "fake", "cheat", "guilty", "liar", "lied", "scam", "dishonest", "criminal", "bot army",
    "penipu", "menipu", "palsu", "curang", "bersalah", "bohong", "kriminal", "kejahatan",
)  # fmt: skip
"""Words that no sentence of an explanation may hold: it tells signals about an audience, it never accuses."""


@cache
def code_of(feature: str) -> ReasonCode:
    """Return the code that speaks for a feature or a model column (``__vs_peers`` or not).

    Examples
    --------
    >>> code_of("growth__burst_width__366d__log_days").code
    'growth_burst_shape'
    >>> code_of("comments__a_new_one__all__share").code
    'comments_other'
    """
    name = feature.removesuffix("__vs_peers")
    for code in CODES:
        if any(fnmatchcase(name, pattern) for pattern in code.members):
            return code
    return OTHER


@cache
def code_named(name: str) -> ReasonCode:
    """Return the code with this name.

    Raises
    ------
    KeyError
        If there is none.
    """
    return {code.code: code for code in CODES}[name]
