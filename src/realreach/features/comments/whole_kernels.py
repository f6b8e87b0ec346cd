"""Compiled kernels of the whole comment family (numba, the extra ``fast``): from Arrow's bytes to the row of features.

Three steps, because Unicode normalisation and logarithms are Python's and NumPy's: :func:`read` the texts, :func:`tell`
all that needs no logarithm, :func:`weigh` what does. Each is made of the kernels of the parts. Imported only by way of
:mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001, ANN201
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.comment_text.facts_kernels import facts_of
from realreach.comment_text.forms_kernels import decode_rows, fill_forms, fold_texts, join_unsettled, split_settled
from realreach.comment_text.grouping_kernels import first_rows
from realreach.comment_text.likeness_kernels import near_groups
from realreach.comment_text.measures import MEASURES
from realreach.comment_text.measuring_kernels import split_into_words
from realreach.features.comments import (
    arrival_kernels,
    burst_kernels,
    group_kernels,
    said_kernels,
    tie_kernels,
    wording,
)
from realreach.features.comments.alike import NEARBY_DAYS, SAMPLE_SIGNS
from realreach.features.comments.kernels import count_words, draw_texts, phrases_of
from realreach.features.comments.rows import ROWS
from realreach.features.comments.section import LONG_WORDS, MINIMUM_COMMENTS
from realreach.features.comments.subject_kernels import fill_specificity

__all__ = ["read", "tell", "weigh"]

_ALIKE, _ALIKE_END = ROWS["alike_chances"]
_PEOPLE, _PEOPLE_END = ROWS["people_chances"]
_COVERAGE, _TOGETHER, _SPECIFICITY = ROWS["coverage"][0], ROWS["together"][0], ROWS["specificity"][0]
_ALIKE_SHARES, _ALIKE_SHARES_END = ROWS["alike_shares"]
_PEOPLE_SHARES, _PEOPLE_SHARES_END = ROWS["people_shares"]
_ANSWERS, _ANSWERS_END = ROWS["answers"]
_WORDING, _WORDING_END = ROWS["wording"]
_EARLY, _EARLY_END = ROWS["early"]
_GAPS, _GAPS_END = ROWS["gaps"]
_RHYTHM, _RHYTHM_END = ROWS["rhythm"]
_LANGUAGES, _LANGUAGES_END = ROWS["languages"]
_JUDGED, _JUDGED_END = ROWS["judged"]
_DELAYS, _DELAYS_END = ROWS["delays"]
_BURSTS, _BURSTS_END = ROWS["bursts"]
_ALIKE_BURSTS, _ALIKE_BURSTS_END = ROWS["alike_bursts"]
_THREADS, _BAG = ROWS["threads"][0], ROWS["bag"][0]
_MEASURES = [*MEASURES, "short"]
_FLAGS = np.array([_MEASURES.index(name) for name in wording.SHARES], dtype=np.int64)
_LENGTH, _WORDS, _WISH, _LETTERS, _MENTION, _BEGINS = (
    _MEASURES.index(name) for name in ("length", "words", "wish", "letters", "mention", "starts_with_mention")
)


@nb.njit(nogil=True, cache=True)
def read(starts, own, texts, captions, table):
    """Return which comments are by others, the code points of their texts and of captions, and what NFKC may change.

    Returns the rows by others and where each creator's begin; of texts and of captions what ``decode_rows`` tells; and
    of both what ``join_unsettled`` tells.
    """
    rows, kept = tie_kernels.others(starts, own)
    written = decode_rows(texts, rows, table)
    posts = decode_rows(captions, np.arange(len(captions[0]) - 1), table)
    joined = np.empty(0, dtype=np.uint32)
    if len(written[1]) and len(posts[1]) and (written[2].any() or posts[2].any()):
        joined = np.concatenate(
            (
                join_unsettled(written[0], written[1], written[2], table),
                join_unsettled(posts[0], posts[1], posts[2], table),
            )
        )
    return rows, kept, written, posts, joined


@nb.njit(nogil=True, cache=True)
def _forms(texts, settled, settled_starts, maps):
    """Return the folded and the plain form of texts, which are odd, and how many of them were unsettled."""
    codes, starts, unsettled, odd = texts
    size = starts[-1] + len(settled)
    folded, plain = np.empty(size, dtype=np.uint32), np.empty(size, dtype=np.uint32)
    folded_starts, plain_starts = np.zeros(len(starts), dtype=np.int64), np.zeros(len(starts), dtype=np.int64)
    place = fill_forms(
        codes, starts, unsettled, settled, settled_starts, maps, folded, folded_starts, plain, plain_starts, odd
    )
    return folded, folded_starts, plain, plain_starts, odd, place


@nb.njit(nogil=True, cache=True)
def _words_of(codes, starts, table, known):
    """Return numbers and lengths of the words of folded texts, and the first of each text."""
    keys, bits, shift, mask = known
    most = (starts[-1] + len(starts)) // 2
    numbers, lengths = np.empty(most, dtype=np.uint64), np.empty(most, dtype=np.int64)
    listed, word_starts = np.empty(most, dtype=np.uint8), np.zeros(len(starts), dtype=np.int64)
    split_into_words(codes, starts, table, keys, bits, shift, mask, numbers, lengths, word_starts, listed)
    return numbers, lengths, word_starts


@nb.njit(nogil=True, cache=True)
def tell(told, joined, every, posts, known, judge, out, likelihood, room):
    """Fill all features that need no logarithm, and chances whose logarithm is asked for; return what ``weigh`` needs.

    Behind it stand the author of each comment and the place of its probability in the model's table.

    Parameters
    ----------
    told
        What :func:`read` returned, without the last.
    joined
        The texts that NFKC may change, in NFKC.
    every
        Of all comments: where each creator's begin, whether they are the creator's own, times and how many of them a day
        has, likes; columns of posts, authors and comments answered; each creator's language.
    posts
        Where each creator's posts begin, their keys, times and how many of them a day has, the comments they count.
    known
        Maps of the folding, listed words, draws of the likeness, signs of handles, ``ln (1 + length)``.
    judge
        Parts of the comment model; its table of probabilities, threshold and levels; edges and ratios of the bags.
    out
        Shape (rows, creators), in the order of :data:`realreach.features.comments.rows.NAMES`.
    likelihood
        See :func:`realreach.features.comments.said_kernels.fill_judged`.
    room
        Bytes for the texts that are drawn for compression.
    """
    rows, starts, written, captions = told
    maps, listed_words, draws, in_handles, log_lengths = known
    table, n = maps[0], len(rows)
    settled, settled_starts = split_settled(joined)
    folded, folded_starts, plain, plain_starts, odd, place = _forms(written, settled, settled_starts, maps)
    numbers, lengths, word_starts, _, measures, language, exact_keys, template_keys, steps = facts_of(
        written[0], written[1], folded, folded_starts, plain, plain_starts, odd, table, listed_words, judge[0]
    )
    every_starts, own, times, a_day, likes, keys_of_posts, keys_of_authors, parents, languages = every
    post_starts, post_keys, posted, a_post_day, counted = posts
    owner = tie_kernels.owners(starts)
    day, likes = tie_kernels.days(times, a_day, rows), tie_kernels.numbers(likes, rows)
    people, named = tie_kernels.authors(owner, rows, keys_of_authors)
    places, post, post_row = tie_kernels.posts(owner, rows, keys_of_posts, tie_kernels.owners(post_starts), post_keys)
    strangers = tie_kernels.strangers(people, likes)
    in_posts = tie_kernels.by_post(day, places)

    groups, keeps = np.empty((4, n), dtype=np.int64), np.ones((4, n), dtype=np.bool_)
    first_rows(owner, exact_keys, groups[0])
    first_rows(owner, template_keys, groups[2])
    asked = np.empty(n, dtype=np.bool_)
    for row in range(n):
        keeps[1, row] = keeps[2, row] = measures[_WORDS, row] >= LONG_WORDS
        keeps[3, row] = keeps[1, row] and measures[_WISH, row] == 0.0
        asked[row] = keeps[3, row] and strangers[row]
        groups[1, row], groups[3, row] = groups[0, row], row
    near, telling = groups[3], keeps[3]
    near_groups(
        owner, template_keys, plain, plain_starts, np.flatnonzero(telling), table, draws[0], draws[1], near
    )  # fmt: skip
    phrases, counts = phrases_of(numbers), np.zeros((4, len(starts) - 1), dtype=np.int64)
    often = np.zeros(len(numbers), dtype=np.bool_)
    count_words(starts, word_starts, numbers, lengths, phrases, asked, counts, often)
    group_kernels.fill_alike(
        starts, groups, keeps, post, counts, out[_ALIKE:_ALIKE_END], out[_ALIKE_SHARES:_ALIKE_SHARES_END]
    )
    group_kernels.fill_together(starts, near, people, telling, day, NEARBY_DAYS, out[_TOGETHER])
    ends = np.zeros(len(starts), dtype=np.int64)
    draw_texts(starts, telling, exact_keys, MINIMUM_COMMENTS, SAMPLE_SIGNS, plain, plain_starts, room, ends)

    group_kernels.fill_people(
        starts, people, named, post, likes, measures[_MENTION], measures[_BEGINS], folded, folded_starts, in_handles,
        out[_PEOPLE:_PEOPLE_END], out[_PEOPLE_SHARES:_PEOPLE_SHARES_END],
    )  # fmt: skip
    group_kernels.fill_answers(every_starts, starts, rows, own, parents, out[_ANSWERS:_ANSWERS_END])
    threads, thread_starts = group_kernels.threads(every_starts, tie_kernels.owners(every_starts), parents)
    length = np.empty(n)
    for row in range(n):
        length[row] = log_lengths[np.int64(measures[_LENGTH, row])]
    said_kernels.fill_wording(starts, measures, _FLAGS, length, _WORDS, out[_WORDING:_WORDING_END])
    said_kernels.fill_languages(
        starts, language, measures[_LETTERS], languages, out[_LANGUAGES:_LANGUAGES_END]
    )  # fmt: skip
    said_kernels.fill_judged(
        starts, steps, post, judge[1], judge[2], judge[3], judge[4], judge[5], out[_JUDGED:_JUDGED_END], likelihood
    )
    caption_codes, caption_starts, unsettled, _ = captions
    caption_words = _words_of(
        *fold_texts(caption_codes, caption_starts, unsettled, settled, settled_starts, place, maps), table, listed_words
    )
    fill_specificity(
        starts, post_starts, post_row, (numbers, lengths, word_starts), caption_words, out[_SPECIFICITY]
    )  # fmt: skip

    posted_day = tie_kernels.days(posted, a_post_day, np.arange(post_starts[-1]))
    hours, delayed = np.empty(n), np.empty(n, dtype=np.bool_)
    arrival_kernels.fill_hours(day, post_row, posted_day, hours, delayed)
    arrival_kernels.fill_early(
        starts, post_starts, post_row, people, named, hours, delayed, counted, out[_EARLY:_EARLY_END], out[_COVERAGE]
    )
    arrival_kernels.fill_gaps(in_posts, starts, owner, places, day, out[_GAPS:_GAPS_END])
    arrival_kernels.fill_rhythm(starts, day, out[_RHYTHM:_RHYTHM_END])
    of, together, of_strangers, placed = burst_kernels.unexpected(
        in_posts, post, places, day, strangers, word_starts, phrases, often
    )
    to_log = np.empty(n + len(of))
    for row in range(n):
        to_log[row] = hours[row] + 0.05
    for k in range(len(of)):
        to_log[n + k] = together[0, k] / together[1, k]
    return (delayed, of, together, of_strangers, placed, thread_starts), to_log, threads, ends, people, steps


@nb.njit(nogil=True, cache=True)
def weigh(starts, found, logs, threads, weights, reach, out) -> None:
    """Fill the features that need logarithms, given those of what :func:`tell` returned.

    ``threads`` are ``ln (1 + answers)``; ``weights`` the likelihood of each apparent share, no row where there is no bag
    reference, with its ``reach``.
    """
    delayed, of, together, of_strangers, placed, thread_starts = found
    n = starts[-1]
    arrival_kernels.fill_delays(starts, logs[:n], delayed, out[_DELAYS:_DELAYS_END])
    burst_kernels.fill_bursts(
        starts, placed, of[:of_strangers], together[:, :of_strangers], logs[n:], out[_BURSTS:_BURSTS_END]
    )
    burst_kernels.fill_bursts(
        starts, placed, of[of_strangers:], together[:, of_strangers:], logs[n + of_strangers :],
        out[_ALIKE_BURSTS:_ALIKE_BURSTS_END],
    )  # fmt: skip
    group_kernels.fill_threads(thread_starts, threads, out[_THREADS])
    out[_BAG] = np.nan
    if len(weights):
        said_kernels.fill_bag_shares(starts, weights, reach, out[_BAG])
