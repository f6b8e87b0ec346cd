"""The comments that a collector sees under the newest posts: who wrote them, when, and what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realreach.simulate.bought import CommentOrder
from realreach.simulate.engagement import Counts
from realreach.simulate.life import Event, Life
from realreach.simulate.profile import Profile
from realreach.simulate.words import Words
from realreach.tables.core import FloatArray, IntArray

__all__ = ["SPAM", "CommentRows", "author_names", "comments_of", "converse"]

_KINDS = ("ordinary", "fan", "friend_tag", "question", "critical", "wish", "giveaway", "event")
_ORGANIC, SPAM = -1, -2
"""Sources of a comment: people, and strangers who promote; 0 and more are positions in the list of orders."""


@dataclass
class CommentRows:
    """Columns of the comment table of one creator, in time order; ``post`` is a position among the collected posts."""

    post: IntArray
    at: FloatArray
    author: np.ndarray
    likes: FloatArray
    parent: IntArray  # position in these rows, -1 = not a reply
    by_creator: np.ndarray
    text: list[str]
    source: IntArray


def author_names(keys: np.ndarray) -> list[str]:
    """Turn author numbers into pseudonyms that say nothing about where an author comes from.

    Examples
    --------
    >>> author_names(np.array([1, 1, 2], dtype=np.uint64))
    ['u910a2dec8902', 'u910a2dec8902', 'u975835de1c97']
    """
    with np.errstate(over="ignore"):
        x = keys + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x ^= x >> np.uint64(31)
    return [f"u{value >> 16:012x}" for value in x.tolist()]


def converse(
    rng: np.random.Generator,
    life: Life,
    counts: Counts,
    orders: list[CommentOrder],
    words: Words,
    captions: list[str],
    limits: tuple[int, int, int],
) -> CommentRows:
    """Collect comments, newest posts first, and write them.

    ``limits`` are the number wanted, the most under one post, and the most that this creator may have with replies.
    """
    post, source = _collect(rng, life, counts, orders, limits[:2])
    n = len(post)
    post_at = life.posts.at[counts.posts][post]
    age = np.maximum(life.profile.as_of - post_at, 0.003)
    regular = _regulars(rng, life, source)
    author = _authors(rng, life, orders, source, regular, post)
    delay = _delays(rng, life, orders, source, regular) / 24
    delay = np.where(delay >= age, age * rng.random(n), delay)
    rows = CommentRows(
        post=post,
        at=post_at + delay,
        author=author,
        likes=_likes(rng, life, source),
        parent=np.full(n, -1, dtype=np.int64),
        by_creator=np.zeros(n, dtype=bool),
        text=[""] * n,
        source=source,
    )
    _write(rng, life, counts, orders, words, captions, rows)
    rows = _with_replies(rng, life, words, captions, rows, limits[2])
    return _in_time_order(rows)


def _collect(
    rng: np.random.Generator, life: Life, counts: Counts, orders: list[CommentOrder], limits: tuple[int, int]
) -> tuple[IntArray, IntArray]:
    """Choose which comments of each post are in the sample; returns post and source of each."""
    total, per_post = limits
    organic = np.maximum(counts.comments - counts.sold_comments, 0).astype(np.int64)
    bought = np.zeros((len(orders), len(organic)), dtype=np.int64)
    for k, order in enumerate(orders):
        np.add.at(bought[k], order.where, order.numbers)
    posts, sources, left = [], [], total
    for i in range(len(organic) - 1, -1, -1):
        if left <= 0:
            break
        pool = np.concatenate([[organic[i]], bought[:, i]])
        size = int(min(per_post, left, pool.sum()))
        if size <= 0:
            continue
        taken = rng.multivariate_hypergeometric(np.minimum(pool, 10_000_000), size) if len(orders) else [size]
        posts.append(np.full(size, i))
        sources.append(np.repeat(np.arange(-1, len(orders)), taken))
        left -= size
    if not posts:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    source = np.concatenate(sources)
    source[(source == _ORGANIC) & (rng.random(len(source)) < _spam_rate(rng, life))] = SPAM
    return np.concatenate(posts), source


def _spam_rate(rng: np.random.Generator, life: Life) -> float:
    """Return the share of promotion by strangers, which honest creators get as well."""
    usual = 0.015 if life.profile.followers > 20_000 else 0.004
    return float(rng.beta(1.5, 8)) if "comment_spam" in life.look_alikes else usual * float(rng.gamma(0.6, 1.6))


def _regulars(rng: np.random.Generator, life: Life, source: IntArray) -> np.ndarray:
    share = life.profile.engaged
    if "fans" in life.look_alikes:
        share = 0.75
    elif life.profile.followers < 3_000:
        share = min(0.85, share * 2.0)
    return (source == _ORGANIC) & (rng.random(len(source)) < share)


def _keys(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.integers(1, 2**63, size=n, dtype=np.uint64)


def _authors(
    rng: np.random.Generator,
    life: Life,
    orders: list[CommentOrder],
    source: IntArray,
    regular: np.ndarray,
    post: IntArray,
) -> np.ndarray:
    """Regulars come again and again, a pod's crowd too; panels send another account each time."""
    author = _keys(rng, len(source))
    if regular.any():
        usual = 2.5 if life.profile.platform == "youtube" else 0.6  # there, few come back to the same video
        crowd = int(np.clip(4 + usual * life.profile.followers**0.5, 5, 5_000))
        author[regular] = _keys(rng, crowd)[np.floor(crowd * rng.random(int(regular.sum())) ** 2.5).astype(int)]
    if life.profile.platform == "youtube":
        _talk_on(rng, author, np.flatnonzero(source == _ORGANIC), post, life.profile.language)
    for k, order in enumerate(orders):
        mine = np.flatnonzero(source == k)
        if not order.crowd:  # accounts of the seller, who sends them to other customers as well
            seller = rng.integers(0, 30_000, len(mine)).astype(np.uint64)
            author[mine] = np.uint64(life.shared.seed) * np.uint64(1_000_003) + np.uint64(2**62) + seller
            continue
        crowd_keys = _keys(rng, order.crowd)
        for i in np.unique(post[mine]):  # a member comments once under a post
            here = mine[post[mine] == i]
            author[here] = crowd_keys[rng.permutation(order.crowd)[np.arange(len(here)) % order.crowd]]
    return author


def _talk_on(rng: np.random.Generator, author: np.ndarray, organic: IntArray, post: IntArray, language: str) -> None:
    """Let some who commented under a video comment there again, as far as this video makes people talk."""
    usual = 0.15 if language in ("en", "es", "pt") else 0.06
    for i in np.unique(post[organic]):
        here = organic[post[organic] == i]
        again = np.flatnonzero(rng.random(len(here)) < rng.beta(1.6, 1.6 * (1 - usual) / usual))
        back = rng.geometric(0.25, len(again))
        for k, before in zip(again.tolist(), (again - back).tolist(), strict=True):
            if before >= 0:
                author[here[k]] = author[here[before]]


def _delays(
    rng: np.random.Generator, life: Life, orders: list[CommentOrder], source: IntArray, regular: np.ndarray
) -> FloatArray:
    """Return hours after posting. Organic comments come early with a long tail, regulars first of all."""
    hours = rng.lognormal(np.log(4 + 0.2 * life.profile.norms.young_hours), 1.3, len(source))
    early = regular & (rng.random(len(source)) < 0.45)
    hours[early] *= 0.06 if "fans" in life.look_alikes else 0.2
    for k, order in enumerate(orders):
        mine = source == k
        number = int(mine.sum())
        if order.style == "human" and not order.crowd:
            continue  # people who are paid come when people come
        hours[mine] = order.lag_hours + order.length_hours * rng.random(number)
    spam = source == SPAM
    hours[spam] = rng.choice([0.05, 0.5, 5, 40]) * rng.gamma(1.5, 1, int(spam.sum()))
    return hours


def _likes(rng: np.random.Generator, life: Life, source: IntArray) -> FloatArray:
    """Return likes per comment: most have none; bought ones hardly ever any."""
    warmth = 1.8 if "fans" in life.look_alikes else 1.0
    share = np.clip(warmth * rng.beta(1.6, 4.5), 0, 0.9)
    size = 0.5 + 0.6 * np.log10(life.profile.followers)
    if life.profile.platform == "youtube":
        share, size = 0.85 * share, size * float(rng.lognormal(-0.25, 0.5))
    any_likes = rng.random(len(source)) < np.where(source == _ORGANIC, share, 0.015)
    return (any_likes * np.ceil(rng.lognormal(0, 0.35 * size, len(source)) * 1.2)).astype(float)


def _kinds(rng: np.random.Generator, life: Life) -> FloatArray:
    """Return this creator's mix of organic kinds of comment (the last two only where something happens)."""
    # The audience has habits of its own (see text); here only what differs between audiences beyond them.
    base = np.array([0.93, 0.02, 0.005, 0.015, 0.015, 0.015, 0.001, 0.001])
    if "fans" in life.look_alikes:
        base[1] += 0.5
    if life.profile.platform == "youtube":
        base[2] = 0.0  # nobody tags friends there
    return rng.dirichlet(20 * base / base.sum() + 0.002)


def _kinds_at(life: Life, mix: FloatArray, post: int) -> FloatArray:
    """Return the mix under one post: a giveaway, an event or a viral hit changes what people write."""
    for event in life.events:
        if post not in event.posts:
            continue
        if event.kind == "press":
            return 0.35 * mix + 0.65 * np.array([0, 0, 0, 0.1, 0.25, 0.1, 0, 0.55])
        if event.kind == "viral":
            return 0.7 * mix + 0.3 * np.array([0, 0, 0.4, 0.3, 0.3, 0, 0, 0])
    if life.posts.is_giveaway[post]:
        return 0.2 * mix + 0.8 * np.array([0, 0, 0.1, 0, 0, 0, 0.9, 0])
    return mix


def _write(
    rng: np.random.Generator,
    life: Life,
    counts: Counts,
    orders: list[CommentOrder],
    words: Words,
    captions: list[str],
    rows: CommentRows,
) -> None:
    mix = _kinds(rng, life)
    kinds = np.zeros(len(rows.post), dtype=np.int64)
    for i in np.unique(rows.post):
        here = rows.post == i
        share = _kinds_at(life, mix, int(counts.posts[i]))
        kinds[here] = rng.choice(len(_KINDS), size=int(here.sum()), p=share / share.sum())
    language = life.posts.language[counts.posts]
    organic = np.flatnonzero(rows.source == _ORGANIC)
    for name in np.unique(language[rows.post[organic]]):
        mine = organic[language[rows.post[organic]] == name]
        texts = words.organic(rng, [captions[i] for i in rows.post[mine]], str(name), [_KINDS[k] for k in kinds[mine]])
        _put(rows, mine, texts)
    if "assisted" in life.look_alikes and len(organic):  # people who let the platform draft their comments
        drafted = organic[rng.random(len(organic)) < rng.uniform(0.1, 0.5)]
        under = [captions[i] for i in rows.post[drafted]]
        _put(rows, drafted, words.sold(rng, under, "llm", life.profile.language))
    for source in np.unique(rows.source):
        mine = np.flatnonzero(rows.source == source)
        under = [captions[i] for i in rows.post[mine]]
        if source == SPAM:
            _put(rows, mine, words.sold(rng, under, "promotion", life.profile.language))
        elif source >= 0:
            _put(rows, mine, _sold_texts(rng, life.profile, orders[source], words, under))


def _put(rows: CommentRows, where: IntArray, texts: list[str]) -> None:
    for i, text in zip(where.tolist(), texts, strict=True):
        rows.text[i] = text


def _sold_texts(
    rng: np.random.Generator, profile: Profile, order: CommentOrder, words: Words, captions: list[str]
) -> list[str]:
    language = profile.language
    foreign = {"praise": 0.2, "emoji": 0.2, "human": 0.35, "custom": 0.1}.get(order.style, 0.05)
    if language != "en" and rng.random() < foreign:
        language = "en"  # the cheap supply writes English everywhere
    if order.style == "human":  # real people who have not looked at the post
        shuffled = [captions[i] for i in rng.permutation(len(captions))]
        return words.organic(rng, shuffled, language, ["ordinary"] * len(captions))
    return words.sold(rng, captions, order.style, language)


def _with_replies(
    rng: np.random.Generator, life: Life, words: Words, captions: list[str], rows: CommentRows, most: int
) -> CommentRows:
    """Add answers to some organic comments, by the creator and by others, as far as the sample has room."""
    habit = float(rng.beta(1.0, 7)) if life.profile.followers < 100_000 else float(rng.beta(0.7, 14))
    answered = np.flatnonzero((rows.source == _ORGANIC) & (rng.random(len(rows.post)) < habit))
    answered = answered[: max(most - len(rows.post), 0)]
    if not len(answered) or rng.random() < 0.4:  # many collectors take top-level comments only
        return rows
    by_creator = rng.random(len(answered)) < 0.65
    at = rows.at[answered] + rng.lognormal(np.log(2.5), 1.3, len(answered)) / 24
    keep = at < life.profile.as_of
    answered, by_creator, at = answered[keep], by_creator[keep], at[keep]
    under = [captions[i] for i in rows.post[answered]]
    texts = words.organic(rng, under, life.profile.language, ["ordinary"] * len(under)) if under else []
    author = np.where(by_creator, np.uint64(life.profile.as_of), _keys(rng, len(answered)))
    return CommentRows(
        post=np.concatenate([rows.post, rows.post[answered]]),
        at=np.concatenate([rows.at, at]),
        author=np.concatenate([rows.author, author]),
        likes=np.concatenate([rows.likes, _likes(rng, life, np.full(len(answered), _ORGANIC))]),
        parent=np.concatenate([rows.parent, answered]),
        by_creator=np.concatenate([rows.by_creator, by_creator]),
        text=[*rows.text, *texts],
        source=np.concatenate([rows.source, np.full(len(answered), _ORGANIC)]),
    )


def _in_time_order(rows: CommentRows) -> CommentRows:
    order = np.argsort(rows.at, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    parent = rows.parent[order]
    return CommentRows(
        post=rows.post[order],
        at=rows.at[order],
        author=rows.author[order],
        likes=rows.likes[order],
        parent=np.where(parent >= 0, place[parent], -1),
        by_creator=rows.by_creator[order],
        text=[rows.text[i] for i in order],
        source=rows.source[order],
    )


def comments_of(event: Event, orders: list[CommentOrder], rows: CommentRows) -> IntArray:
    """Return the positions of the collected comments that an event brought."""
    mine = [k for k, order in enumerate(orders) if order.event is event]
    return np.flatnonzero(np.isin(rows.source, mine)) if mine else np.zeros(0, dtype=np.int64)
