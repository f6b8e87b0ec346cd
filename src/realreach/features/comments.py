"""A creator's comment section: what is said, how alike it is, who says it and when.

Organic comments of large accounts are short, emoji-only and repeated too, so every share is judged against creators of similar
size, and repeats count only among comments of four words or more. Likeness is a chance (two comments drawn at random are
the same), which does not grow with the size of the sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from realreach.features import text_measures
from realreach.features.blocks import ratio, segment_sum
from realreach.features.catalogue import Feature
from realreach.features.view import View, filter_rows
from realreach.tables.core import FloatArray, IntArray, Table

__all__ = ["FEATURES", "compute", "posts_of_comments"]

MINIMUM_COMMENTS = 10
"""Comments by others that a creator must have; below, the comment features are NaN."""

_FEW = "fewer than 10 comments by others"
_WORDS = "fewer than 10 comments of four words or more"


def _f(
    name: str, unit: str, en: str, idn: str, direction: int = 0, low: float | None = 0, high: float | None = 1, source: str = "",
    missing: str = _FEW, peers: bool = True, monotone: bool = False,
) -> Feature:  # fmt: skip
    return Feature(f"comments__{name}", unit, missing, en, idn, direction, low, high, source, peers, monotone)


_SHARES = {
    # column of measure_comments: (english, indonesian, direction, source)
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
}

FEATURES: tuple[Feature, ...] = (
    *(_f(f"{n}__all__share", "share of comments", en, i, d, source=s) for n, (en, i, d, s) in _SHARES.items()),
    _f("length__all__median", "ln characters", "length of a comment", "panjang komentar", 0, 0, None, "NORMS 4"),
    _f("length__all__spread", "ln characters", "spread of comment lengths", "sebaran panjang komentar", -1, 0, None, "NORMS 4.2"),
    _f("long_length__all__spread", "ln characters", "spread of lengths of comments of four words or more", "sebaran panjang komentar empat kata atau lebih", -1, 0, None, "NORMS 4.2", _WORDS),
    _f("repeats__all__chance", "log10 chance", "chance that two comments are the same", "peluang dua komentar sama", 1, None, 0, "T1"),
    _f("long_repeats__all__chance", "log10 chance", "chance that two comments of four words or more are the same", "peluang dua komentar panjang sama", 1, None, 0, "T1", _WORDS),
    _f("long_repeats__all__share", "share of comments", "comments of four words or more that have a twin", "komentar panjang yang punya kembaran", 1, source="T1", missing=_WORDS),
    _f("templates__all__chance", "log10 chance", "chance that two longer comments fill the same template", "peluang dua komentar memakai pola yang sama", 1, None, 0, "T1", _WORDS, monotone=True),
    _f("templates__all__share", "share of comments", "longer comments that fill a template used twice", "komentar yang memakai pola berulang", 1, source="T1", missing=_WORDS),
    _f("templates__all__across_posts", "log10 chance", "chance that longer comments under two posts fill the same template", "peluang pola sama di bawah dua posting", 1, None, 0, "T1", _WORDS),
    _f("vocabulary__all__chance", "log10 chance", "chance that two words are the same", "peluang dua kata sama", 1, None, 0, "T5"),
    _f("specificity__all__excess", "share of words", "words taken from the post's own caption beyond other captions", "kata dari keterangan posting itu sendiri", 0, -1, 1, "T2", "captions or post keys not given"),
    _f("authors__all__chance", "log10 chance", "chance that two comments have one author", "peluang dua komentar dari satu penulis", 0, None, 0, "T3", "authors not given"),
    _f("authors__all__loyal_share", "share of comments", "comments by authors of two comments or more", "komentar dari penulis berulang", 0, source="T3", missing="authors not given"),
    _f("authors__all__everywhere", "share of comments", "comments by authors seen under at least half of the posts", "komentar dari penulis yang ada di separuh posting", 1, source="T3", missing="authors not given, or fewer than 4 posts"),
    _f("early_crowd__60min__return", "chance", "chance that an early commenter is early under another post too", "peluang komentator awal juga awal di posting lain", 1, source="T3", missing="authors or times not given, or fewer than 3 posts"),
    _f("replies__all__share", "share of comments", "comments that answer another", "komentar balasan", -1, source="T4", missing="replies not recorded"),
    _f("creator_replies__all__share", "ratio", "answers by the creator per comment", "balasan kreator per komentar", -1, 0, None, "T4", "authorship not recorded"),
    _f("comment_likes__all__share", "share of comments", "comments that somebody liked", "komentar yang disukai", -1, source="NORMS 4.4", missing="likes of comments not given"),
    _f("delay__all__median", "ln hours", "time from post to comment", "jarak waktu dari posting ke komentar", 0, None, None, "T9", "times not given"),
    _f("delay__all__first_hour", "share of comments", "comments in the first hour", "komentar pada jam pertama", 1, source="T9", missing="times not given"),
    _f("delay__all__spread", "ln hours", "spread of the time from post to comment", "sebaran jarak waktu ke komentar", -1, 0, None, "T9", "times not given"),
    _f("arrival__all__burstiness", "-1..1", "burstiness of arrival: organic comments come in bursts, deliveries evenly", "kelonjakan kedatangan komentar", -1, -1, 1, "NORMS 4.4", "fewer than 10 gaps between comments"),
    _f("arrival__all__rapid", "share of gaps", "comments within 15 seconds of the one before", "komentar dalam 15 detik dari sebelumnya", 1, source="NORMS 4.4", missing="fewer than 10 gaps between comments"),
    _f("language__all__mismatch", "share of comments", "comments in another language than the creator's", "komentar dalam bahasa lain", 1, source="T8", missing="language of the creator neither id nor en"),
    _f("recorded__100p__coverage", "log ratio", "comments given against comments counted by the platform", "komentar diberikan dibanding yang dihitung platform", 0, None, None, "G12", "counts or post keys not given", peers=False),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Section:
    """The comments by others of all creators, with what is derived from them once."""

    table: Table
    creators: int

    @property
    def owner(self) -> IntArray:
        return self.table.creator

    @cached_property
    def folded(self) -> pa.Array:
        return text_measures.fold(self.table.strings("text"))

    @cached_property
    def measures(self) -> dict[str, FloatArray]:
        out = text_measures.measure_comments(self.table.strings("text"), self.folded)
        out["short"] = ((out["words"] <= 2) & (out["emoji_only"] == 0)).astype(np.float64)
        for language in ("indonesian", "english"):
            out[language] = (out[language] > 0).astype(np.float64)
        return out

    @cached_property
    def count(self) -> FloatArray:
        return np.diff(self.table.starts).astype(np.float64)

    def total(self, values: FloatArray) -> FloatArray:
        return segment_sum(values, self.owner, self.creators)

    def share(self, values: FloatArray) -> FloatArray:
        return ratio(self.total(values), self.count)


def compute(view: View) -> dict[str, FloatArray]:
    """Return the comment features of every creator of the view, one array per catalogue name; NaN = not known."""
    n = len(view)
    out = {f.name: np.full(n, np.nan) for f in FEATURES}
    out["context__comments__all__count"] = np.zeros(n)
    every = view.comments_table
    if every is None:
        return out
    own = every.numbers("by_creator") == 1.0
    section = _Section(filter_rows(every, ~own) if own.any() else every, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = _wording(section) | _likeness(section) | _authors(section) | _conversation(section, every, own)
        values |= _arrival(section, view) | _captions(section, view)
        values["language__all__mismatch"] = _mismatch(section, view)
    enough = section.count >= MINIMUM_COMMENTS
    for name, value in values.items():
        out[f"comments__{name}"] = np.where(enough & np.isfinite(value), value, np.nan)
    out["context__comments__all__count"] = section.count
    return out


def _wording(section: _Section) -> dict[str, FloatArray]:
    measures = section.measures
    out = {f"{name}__all__share": section.share(measures[name]) for name in _SHARES}
    length = np.log1p(measures["length"])
    out["length__all__median"] = section.share(length)
    out["length__all__spread"] = _spread(section, length, np.ones(len(length), dtype=bool))
    out["long_length__all__spread"] = _spread(section, length, measures["words"] >= 4)
    return out


def _spread(section: _Section, values: FloatArray, keep: np.ndarray) -> FloatArray:
    count = section.total(keep.astype(np.float64))
    mean = ratio(section.total(np.where(keep, values, 0.0)), count)
    square = section.total(np.where(keep, (values - mean[section.owner]) ** 2, 0.0))
    return np.where(count >= MINIMUM_COMMENTS, np.sqrt(ratio(square, count)), np.nan)


def _groups(owner: IntArray, key: IntArray) -> tuple[IntArray, FloatArray]:
    """Return the creator and the size of every group of rows with one creator and one key."""
    if len(owner) == 0:
        return owner, np.empty(0)
    width = int(key.max()) + 1
    pairs, size = np.unique(owner * width + key, return_counts=True)
    return pairs // width, size.astype(np.float64)


def _chance(
    owner: IntArray, key: IntArray, creators: int, least: int = MINIMUM_COMMENTS
) -> tuple[FloatArray, FloatArray]:
    """Return log10 of the chance that two rows of a creator share a key (smoothed by half a pair), and the share in pairs."""
    holder, size = _groups(owner, key)
    total = segment_sum(np.ones(len(owner)), owner, creators)
    pairs = total * (total - 1.0) / 2.0
    same = segment_sum(size * (size - 1.0) / 2.0, holder, creators)
    twins = segment_sum(np.where(size > 1, size, 0.0), holder, creators)
    enough = total >= least
    chance = np.where(enough, np.log10((same + 0.5) / (pairs + 1.0)), np.nan)
    return chance, np.where(enough, ratio(twins, total), np.nan)


def _likeness(section: _Section) -> dict[str, FloatArray]:
    long = section.measures["words"] >= 4
    owner, n = section.owner, section.creators
    exact, template = text_measures.exact_keys(section.folded), text_measures.template_keys(section.folded)
    out: dict[str, FloatArray] = {}
    out["repeats__all__chance"], _ = _chance(owner, exact, n)
    out["long_repeats__all__chance"], out["long_repeats__all__share"] = _chance(owner[long], exact[long], n)
    out["templates__all__chance"], out["templates__all__share"] = _chance(owner[long], template[long], n)
    post = section.table.codes("post_id")
    known = long & (post >= 0)
    out["templates__all__across_posts"] = _chance_across(owner[known], template[known], post[known], n)
    rows, words = text_measures.tokens(section.folded, least=2)
    codes = words.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    out["vocabulary__all__chance"], _ = _chance(owner[rows], codes, n, least=30)
    return out


def _chance_across(owner: IntArray, key: IntArray, post: IntArray, creators: int) -> FloatArray:
    """Return log10 of the chance that two rows under different posts of a creator share a key."""
    if len(owner) == 0:
        return np.full(creators, np.nan)
    width = int(post.max()) + 1
    count = segment_sum(np.ones(len(owner)), owner, creators)
    holder, size = _groups(owner, key)
    same = segment_sum(size * (size - 1.0) / 2.0, holder, creators)
    pairs = count * (count - 1.0) / 2.0
    holder, size = _groups(owner, key * width + post)
    same = same - segment_sum(size * (size - 1.0) / 2.0, holder, creators)
    holder, size = _groups(owner, post)
    pairs = pairs - segment_sum(size * (size - 1.0) / 2.0, holder, creators)
    return np.where((count >= MINIMUM_COMMENTS) & (pairs > 0), np.log10((same + 0.5) / (pairs + 1.0)), np.nan)


def _authors(section: _Section) -> dict[str, FloatArray]:
    owner, n = section.owner, section.creators
    author, post = section.table.codes("author_id"), section.table.codes("post_id")
    known = author >= 0
    out: dict[str, FloatArray] = {}
    out["authors__all__chance"], out["authors__all__loyal_share"] = _chance(owner[known], author[known], n)
    placed = known & (post >= 0)
    out["authors__all__everywhere"] = _everywhere(owner[placed], author[placed], post[placed], n)
    return out


def _everywhere(owner: IntArray, author: IntArray, post: IntArray, creators: int) -> FloatArray:
    """Return the share of comments by authors seen under at least half of the creator's posts (four or more posts)."""
    out = np.full(creators, np.nan)
    if len(owner) == 0:
        return out
    width = int(author.max()) + 1
    person = owner * width + author
    who, inverse, comments = np.unique(person, return_inverse=True, return_counts=True)
    posts, _ = _distinct_pairs(owner, post, creators)
    seen = np.unique(inverse * (int(post.max()) + 1) + post) // (int(post.max()) + 1)
    places = np.bincount(seen, minlength=len(who))
    holder = who // width
    # Three posts at least: one comment under each of two posts is no habit.
    loyal = (places >= 0.5 * posts[holder]) & (places >= 3)
    total = segment_sum(np.ones(len(owner)), owner, creators)
    share = ratio(segment_sum(np.where(loyal, comments, 0).astype(np.float64), holder, creators), total)
    return np.where((posts >= 4) & (total >= MINIMUM_COMMENTS), share, np.nan)


def _distinct_pairs(owner: IntArray, key: IntArray, creators: int) -> tuple[FloatArray, FloatArray]:
    holder, size = _groups(owner, key)
    return segment_sum(np.ones(len(holder)), holder, creators), size


def _conversation(section: _Section, every: Table, own: np.ndarray) -> dict[str, FloatArray]:
    n, table = section.creators, section.table
    out: dict[str, FloatArray] = {}
    # Known or not is asked of each creator, never of the column: that others have it says nothing about this one.
    answered = (every.codes("parent_comment_id") >= 0).astype(np.float64)
    recorded = segment_sum(answered, every.creator, n) > 0
    parents = (table.codes("parent_comment_id") >= 0).astype(np.float64)
    out["replies__all__share"] = np.where(recorded, section.share(parents), np.nan)
    told = (~np.isnan(every.numbers("by_creator"))).astype(np.float64)
    answers = segment_sum(own.astype(np.float64), every.creator, n)
    known_author = segment_sum(told, every.creator, n) > 0
    out["creator_replies__all__share"] = np.where(known_author, ratio(answers, section.count), np.nan)
    likes = table.numbers("likes")
    known = ~np.isnan(likes)
    liked = section.total((likes > 0).astype(np.float64))
    count = section.total(known.astype(np.float64))
    out["comment_likes__all__share"] = np.where(count >= MINIMUM_COMMENTS, ratio(liked, count), np.nan)
    return out


def posts_of_comments(comments: Table, posts: Table) -> IntArray:
    """Return the row in ``posts`` of each comment's post, -1 where it is not there."""
    both = pa.concat_arrays([posts.strings("post_id"), comments.strings("post_id")])
    codes = both.dictionary_encode().indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    width = int(codes.max(initial=0)) + 1
    keys = posts.creator * width + codes[: len(posts)]
    wanted = comments.creator * width + codes[len(posts) :]
    order = np.argsort(keys, kind="stable")
    at = np.minimum(np.searchsorted(keys[order], wanted), max(len(keys) - 1, 0))
    if len(keys) == 0:
        return np.full(len(wanted), -1, dtype=np.int64)
    found = (keys[order][at] == wanted) & (codes[len(posts) :] >= 0)
    return np.where(found, order[at], -1)


def _arrival(section: _Section, view: View) -> dict[str, FloatArray]:
    table, n = section.table, section.creators
    day = table.days("commented_at")
    post = table.codes("post_id")
    out = _gaps(section, day, post)
    if view.posts_table is None or len(view.posts_table) == 0:
        return out
    row = posts_of_comments(table, view.posts_table)
    known = (row >= 0) & ~np.isnan(day)
    posted = view.posts_table.days("posted_at")
    hours = 24.0 * (day - posted[np.maximum(row, 0)])
    known &= hours >= 0
    log = np.log(np.where(known, hours, 0.0) + 0.05)
    count = section.total(known.astype(np.float64))
    enough = count >= MINIMUM_COMMENTS
    out["delay__all__median"] = np.where(enough, ratio(section.total(np.where(known, log, 0.0)), count), np.nan)
    first = section.total((known & (hours <= 1.0)).astype(np.float64))
    out["delay__all__first_hour"] = np.where(enough, ratio(first, count), np.nan)
    out["delay__all__spread"] = _spread(section, log, known)
    early = known & (hours <= 1.0) & (table.codes("author_id") >= 0)
    out["early_crowd__60min__return"] = _returning(section, early, table.codes("author_id"), row)
    counted = view.posts_table.numbers("comments_count")
    seen = segment_sum((row >= 0).astype(np.float64), section.owner, n)
    total = segment_sum(np.nan_to_num(counted), view.posts_table.creator, n)
    covered = np.log((seen + 1.0) / (total + 1.0))
    out["recorded__100p__coverage"] = np.where((seen > 0) & (total > 0), covered, np.nan)
    return out


def _gaps(section: _Section, day: FloatArray, post: IntArray) -> dict[str, FloatArray]:
    """Describe the gaps between neighbouring comments under one post, each in units of that post's mean gap."""
    n, owner = section.creators, section.owner
    timed = np.flatnonzero(~np.isnan(day))
    # Posts in the order of their first comment: codes follow the crowd, and the order of a sum decides its last bit.
    _, first, inverse = np.unique(
        owner * (int(post.max(initial=0)) + 2) + post + 1, return_index=True, return_inverse=True
    )
    post = first[inverse]
    order = timed[np.lexsort((day[timed], post[timed], owner[timed]))]
    same = (owner[order][1:] == owner[order][:-1]) & (post[order][1:] == post[order][:-1])
    gap = (np.diff(day[order]) * 86_400.0)[same]
    holder = owner[order][1:][same]
    place = np.cumsum(np.concatenate([[0], ~same]))[1:][same] if len(same) else np.empty(0, dtype=np.int64)
    if len(gap) == 0:
        return {}
    number = np.bincount(place)
    mean = np.bincount(place, weights=gap) / np.maximum(number, 1)
    scaled = gap / np.maximum(mean[place], 1e-9)
    usable = number[place] >= 4
    count = segment_sum(usable.astype(np.float64), holder, n)
    deviation = segment_sum(np.where(usable, (scaled - 1.0) ** 2, 0.0), holder, n)
    cv = np.sqrt(ratio(deviation, count))
    rapid = segment_sum((gap <= 15.0).astype(np.float64), holder, n)
    gaps = segment_sum(np.ones(len(gap)), holder, n)
    return {
        "arrival__all__burstiness": np.where(count >= 10, (cv - 1.0) / (cv + 1.0), np.nan),
        "arrival__all__rapid": np.where(gaps >= 10, ratio(rapid, gaps), np.nan),
    }


def _returning(section: _Section, early: np.ndarray, author: IntArray, post: IntArray) -> FloatArray:
    """Return the chance that an early author is early under another (random) post of the creator too."""
    n, owner = section.creators, section.owner[early]
    out = np.full(n, np.nan)
    if len(owner) == 0:
        return out
    width = int(post.max()) + 1
    persons = int(author.max()) + 1
    visit = np.unique((owner * persons + author[early]) * width + post[early])
    person = visit // width
    who, visits = np.unique(person, return_counts=True)
    holder = who // persons
    places = np.unique((visit // width // persons) * width + visit % width)
    posts = segment_sum(np.ones(len(places)), places // width, n)
    again = segment_sum((visits * (visits - 1.0)).astype(np.float64), holder, n)
    slots = segment_sum(visits.astype(np.float64), holder, n) * (posts - 1.0)
    return np.where((posts >= 3) & (slots >= MINIMUM_COMMENTS), ratio(again, slots), np.nan)


def _captions(section: _Section, view: View) -> dict[str, FloatArray]:
    """Return how many words of comments come from their own post's caption, beyond those in other captions."""
    n, posts = section.creators, view.posts_table
    nothing = {"specificity__all__excess": np.full(n, np.nan)}
    if posts is None or "caption" not in posts:
        return nothing
    row = posts_of_comments(section.table, posts)
    said_row, said = text_measures.tokens(section.folded)
    written_row, written = text_measures.tokens(text_measures.fold(posts.strings("caption")))
    if len(said) == 0 or len(written) == 0:
        return nothing
    both = pa.concat_arrays([said, written]).dictionary_encode().indices
    codes = both.to_numpy(zero_copy_only=False).astype(np.int64)
    said_code, written_code = codes[: len(said)], codes[len(said) :]
    width = int(codes.max()) + 1
    placed = row[said_row] >= 0
    said_row, said_code = said_row[placed], said_code[placed]
    at = row[said_row]
    captions = np.unique(written_row * width + written_code)
    hit = _is_in(at * width + said_code, captions)
    holder = posts.creator[captions // width]
    words, number = np.unique(holder * width + captions % width, return_counts=True)
    owner = section.owner[said_row]
    wanted = owner * width + said_code
    index = np.minimum(np.searchsorted(words, wanted), len(words) - 1)
    everywhere = np.where(words[index] == wanted, number[index], 0)
    others = np.maximum(np.diff(posts.starts)[owner] - 1, 1)
    excess = hit.astype(np.float64) - (everywhere - hit) / others
    count = segment_sum(np.ones(len(owner)), owner, n)
    # Without a word in any caption there is nothing to compare with: not known, as for this creator alone.
    captioned = np.bincount(posts.creator[written_row], minlength=n) > 0
    enough = (count >= 20) & (np.diff(posts.starts) >= 3) & captioned
    return {"specificity__all__excess": np.where(enough, ratio(segment_sum(excess, owner, n), count), np.nan)}


def _is_in(values: IntArray, ordered: IntArray) -> np.ndarray:
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    return ordered[at] == values


def _mismatch(section: _Section, view: View) -> FloatArray:
    """Return the share of comments with words of the other language, among those of a decided language (id or en)."""
    language = view.tables.creators.strings("language").to_numpy(zero_copy_only=False)
    own_id, own_en = language == "id", language == "en"
    said_id = section.measures["indonesian"] > 0
    said_en = section.measures["english"] > 0
    only_id, only_en = said_id & ~said_en, said_en & ~said_id
    decided = section.total((only_id | only_en).astype(np.float64))
    other = np.where(own_id[section.owner], only_en, only_id).astype(np.float64)
    share = ratio(section.total(other), decided)
    return np.where((decided >= MINIMUM_COMMENTS) & (own_id | own_en), share, np.nan)
