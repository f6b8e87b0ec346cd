"""What the comments are about, and in which language: against the post's own caption, and the creator's language."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from realreach.comment_text.codepoints import decode
from realreach.comment_text.languages import LANGUAGES
from realreach.comment_text.normalise import fold
from realreach.comment_text.words import split_words
from realreach.features.blocks import not_known, ratio, segment_sum
from realreach.features.catalogue import Feature
from realreach.features.comments.section import MINIMUM_COMMENTS, Section, codes_of, record
from realreach.tables.core import FloatArray, IntArray

__all__ = [
    "ENGLISH", "FEATURES", "LATIN", "LEAST_POSTS", "LEAST_WORDS", "LETTERS", "OF_LANGUAGES", "TOLD", "compute",
    "places_of_languages",
]  # fmt: skip

LETTERS = 4
"""Letters from which on a word counts as one about a subject."""
LEAST_WORDS, LEAST_POSTS = 20, 3
"""Words of comments, and posts, below which nothing is told of the subject."""
TOLD = ("id", "ms", "en")
"""Languages that are told from each other: Malay with Indonesian, and English."""
ENGLISH = TOLD.index("en")
LATIN = (
    *TOLD,
    "es",
    "pt",
    "fr",
    "de",
    "it",
    "nl",
    "tr",
    "vi",
    "tl",
    "fil",
    "jv",
    "su",
    "pl",
    "sv",
    "da",
    "no",
)
"""Languages written in Latin letters."""
_PLACE = {name: place for place, name in enumerate(LATIN)}
_FEW = 16
OF_LANGUAGES = ("language__all__mismatch", "language__all__mixed", "script__all__mismatch")

FEATURES: tuple[Feature, ...] = (
    record("specificity__all__excess", "share of words", "words taken from the post's own caption beyond other captions", "kata dari keterangan posting itu sendiri", 0, -1, 1, "T2", "captions or post keys not given"),
    record("language__all__mismatch", "share of comments", "comments in another language than the creator's", "komentar dalam bahasa lain", 1, source="T8", missing="language of the creator neither id nor en"),
    record("language__all__mixed", "share of comments", "comments that mix Indonesian and English", "komentar yang mencampur bahasa", 0, source="T8", missing="fewer than 10 comments of a known language"),
    record("script__all__mismatch", "share of comments", "comments in another script than the creator's", "komentar dalam aksara lain", 1, source="T8", missing="language of the creator not given, or not written in Latin letters"),
)  # fmt: skip


def compute(section: Section) -> dict[str, FloatArray]:
    """Return subject and language of every creator's comments."""
    return _languages(section) | {"specificity__all__excess": _specificity(section)}


def _specificity(section: Section) -> FloatArray:
    """Return how many words of comments come from their own post's caption, beyond those in other captions."""
    n, posts = section.creators, section.view.posts_table
    nothing = not_known(n)
    if posts is None or "caption" not in posts or len(posts) == 0:
        return nothing
    row, said = section.post_rows, section.words
    written = split_words(decode(fold(posts.strings("caption"))))
    telling, told = said.lengths >= LETTERS, written.lengths >= LETTERS
    telling &= row[said.owner] >= 0
    said_row, written_row = said.owner[telling], written.owner[told]
    if len(said_row) == 0 or len(written_row) == 0:
        return nothing
    codes = codes_of(np.concatenate([said.numbers[telling], written.numbers[told]]))
    said_code, written_code = codes[: len(said_row)], codes[len(said_row) :]
    width = int(codes.max()) + 1
    captions = np.unique(written_row * width + written_code)
    hit = _is_in(row[said_row] * width + said_code, captions)
    holder = posts.creator[captions // width]
    words, number = np.unique(holder * width + captions % width, return_counts=True)
    owner = section.owner[said_row]
    wanted = owner * width + said_code
    index = np.minimum(words.searchsorted(wanted), len(words) - 1)
    everywhere = np.where(words[index] == wanted, number[index], 0)
    count_of_posts = posts.starts[1:] - posts.starts[:-1]
    others = np.maximum(count_of_posts[owner] - 1, 1)
    excess = hit.astype(np.float64) - (everywhere - hit) / others
    count = segment_sum(np.ones(len(owner)), owner, n)
    # Without a word in any caption there is nothing to compare with: not known, as for this creator alone.
    captioned = np.bincount(posts.creator[written_row], minlength=n) > 0
    enough = (count >= LEAST_WORDS) & (count_of_posts >= LEAST_POSTS) & captioned
    return np.where(enough, ratio(segment_sum(excess, owner, n), count), np.nan)


def _is_in(values: IntArray, ordered: IntArray) -> np.ndarray:
    at = np.minimum(ordered.searchsorted(values), len(ordered) - 1)
    return np.asarray(ordered[at] == values, dtype=bool)


def _languages(section: Section) -> dict[str, FloatArray]:
    """Return the share of comments in another language (among those told to be id or en), and in another script."""
    own = places_of_languages(section.view.tables.creators.strings("language"))
    told, latin = own < len(TOLD), own < len(LATIN)
    code = section.languages
    only_id, only_en = code == LANGUAGES.index("id"), code == LANGUAGES.index("en")
    mixed, other = code == LANGUAGES.index("mixed"), code == LANGUAGES.index("other")
    foreign = np.where((told & (own != ENGLISH))[section.owner], only_en, only_id)
    mismatch = section.share_where(foreign, only_id | only_en)
    written = section.measures["letters"] > 0
    script = section.share_where(other, written, least=MINIMUM_COMMENTS)
    both = section.share_where(mixed, only_id | only_en | mixed)
    return dict(
        zip(OF_LANGUAGES, [np.where(told, mismatch, np.nan), both, np.where(latin, script, np.nan)], strict=True)
    )


def places_of_languages(languages: pa.Array) -> IntArray:
    """Return the place of each creator's language among those written in Latin letters, their number for any other."""
    if len(languages) <= _FEW:
        # A handful is looked up in less time than one call of Arrow takes.
        return np.array([_PLACE.get(name, len(LATIN)) for name in languages.to_pylist()], dtype=np.int64)
    found = pc.index_in(languages, _names()).fill_null(len(LATIN))
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int64)


@cache
def _names() -> pa.Array:
    return pa.array(LATIN, pa.large_string())
