"""One creator from birth to table rows: the only order in which the parts of the simulator are put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from realreach.simulate.audience import AudienceSample, draw_audience
from realreach.simulate.bought import CommentOrder, engage
from realreach.simulate.conversation import CommentRows, author_names, comments_of, converse
from realreach.simulate.engagement import Counts, earn
from realreach.simulate.handles import draw_shapes
from realreach.simulate.life import Life, live, start_life
from realreach.simulate.lookalikes import draw_pauses, happen
from realreach.simulate.observe import View, choose_posts, days_seen, draw_view, hide, round_down, rounded
from realreach.simulate.plan import Plan, draw_plan, make_room
from realreach.simulate.posting import draw_posts
from realreach.simulate.profile import draw_profile
from realreach.simulate.settings import SimulationSettings
from realreach.simulate.shared import SharedWorld
from realreach.simulate.supply import prepare, supply
from realreach.simulate.words import Words
from realreach.tables.contract import CONTRACTS

__all__ = ["Columns", "simulate_creator"]

Columns = dict[str, Sequence[object] | np.ndarray]

_PRICE_PER_FOLLOWER = 0.008


@dataclass(frozen=True)
class _Made:
    """All that is known of one creator before the rows are written."""

    creator_id: str
    life: Life
    view: View
    plan: Plan | None
    counts: Counts
    captions: list[str]
    orders: list[CommentOrder]
    comments: CommentRows | None
    shapes: np.ndarray | None
    audience: AudienceSample | None


def simulate_creator(seed: int, index: int, settings: SimulationSettings, shared: SharedWorld) -> dict[str, Columns]:
    """Return the rows of one creator: table name -> columns.

    The creator's generator comes from the seed and the number only, so that the same creator comes out whoever else
    is simulated, and in whichever process.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index,)))
    made = _make(rng, seed, index, settings, shared)
    seen = days_seen(rng, made.life, made.view)
    tables = {"follower_history": _history(made, seen), "posts": _posts(rng, made), "comments": _comments(rng, made)}
    tables = {"creators": _creator(rng, made), **tables, "audience": _audience(made)}
    # Last, because the rows above note what the collector's view itself looks like.
    return {**tables, "labels": _label(made), "truth": _truth(made), "events": _events(made)}


def _make(rng: np.random.Generator, seed: int, index: int, settings: SimulationSettings, shared: SharedWorld) -> _Made:
    profile = draw_profile(rng, settings)
    view = draw_view(rng, profile, settings)
    is_fake = rng.random() < settings.fake_share
    # What is bought and what is written have generators of their own: under any purchases lies the same life.
    fake_rng, text_rng = (np.random.default_rng(number) for number in rng.integers(2**63, size=2))
    plan = draw_plan(fake_rng, settings, shared, profile) if is_fake else None
    if plan is not None:
        profile = make_room(profile, plan)
    pauses = draw_pauses(rng, profile.as_of, settings.days, settings.look_alikes["break"])
    posts = draw_posts(rng, profile, pauses)
    span = profile.as_of - int(posts.at[-view.post_number :].min()) + 3 if len(posts) else 0
    life = start_life(profile, shared, posts, max(view.history_days, min(span, view.post_days)) + 1)
    if pauses:
        life.happened("break")
    for habit in ("fans", "assisted", "comment_spam"):
        if rng.random() < settings.look_alikes[habit]:
            life.happened(habit)
    happen(rng, life, settings.look_alikes, settings.days)
    if plan is not None:
        prepare(fake_rng, life, plan)
    live(rng, life, settings.look_alikes["purge"])
    if plan is not None:
        supply(fake_rng, life, plan)
    counts = earn(rng, life, choose_posts(life, view))
    orders = engage(fake_rng, life, counts, plan) if plan is not None else []
    if plan is not None and not _was_delivered(life, counts):
        plan = None  # ordered, and nothing came: there is nothing fake about this creator
    words = Words(profile, settings.comment_corpus)
    captions = _captions(rng, life, counts, words)
    comments = shapes = None
    limits = (view.comments_total, view.comments_per_post, settings.comments_cap)
    if view.comments and not view.comments_limited and len(captions):
        comments = converse(text_rng, life, counts, orders, words, captions, limits)
        has_authors = "comments.author_id" not in view.without
        shapes = draw_shapes(seed, index, life, plan, orders, comments, settings, authors_given=has_authors)
    audience = draw_audience(seed, index, life, plan, settings)
    return _Made(f"sim{seed}-{index:06d}", life, view, plan, counts, captions, orders, comments, shapes, audience)


def _was_delivered(life: Life, counts: Counts) -> bool:
    sold = counts.sold_likes.sum() + counts.sold_comments.sum() + np.nansum(counts.sold_views)
    return bool(sold + life.sold_adds.sum() + life.sold_before > 0)


def _captions(rng: np.random.Generator, life: Life, counts: Counts, words: Words) -> list[str]:
    posts = life.posts
    captions = [""] * len(counts.posts)
    language, niche = posts.language[counts.posts], posts.niche[counts.posts]
    for pair in sorted({(str(a), str(b)) for a, b in zip(language, niche, strict=True)}):
        here = np.flatnonzero((language == pair[0]) & (niche == pair[1]))
        some = counts.posts[here]
        texts = words.captions(rng, *pair, posts.is_sponsored[some], posts.is_giveaway[some])
        for i, text in zip(here.tolist(), texts, strict=True):
            captions[i] = text
    return captions


def _optional(made: _Made, column: str, values: np.ndarray) -> np.ndarray:
    """Return a column, or nothing but NaN if this collector does not have it."""
    return np.full(len(values), np.nan) if column in made.view.without else values


def _history(made: _Made, seen: np.ndarray) -> Columns:
    if not made.view.growth:
        return {}
    life = made.life
    levels = rounded(life, made.view, life.levels()[seen])
    posts_before = np.searchsorted(life.posts.at, life.first_day + seen + 1.0)
    total = _posts_ever(life)
    return {
        "creator_id": [made.creator_id] * len(seen),
        "observed_on": (life.first_day + seen).astype("datetime64[D]"),
        "followers": levels,
        "following": _optional(made, "history.following", life.following[seen]),
        "posts_count": _optional(made, "history.posts_count", np.maximum(total - len(life.posts) + posts_before, 0.0)),
    }


def _posts_ever(life: Life) -> float:
    """Return the post count of the profile: the simulated ones and those before."""
    older = max(life.profile.age_days - 1_000, 0) / 7 * min(life.profile.posts_per_week, 15)
    return float(len(life.posts) - int(life.posts.is_deleted.sum()) + int(older))


def _creator(rng: np.random.Generator, made: _Made) -> Columns:
    life, view, profile = made.life, made.view, made.life.profile
    followers = float(round_down(life.levels()[-1:], 3, 10_000)[0] if view.digits else life.levels()[-1])
    price = np.round(followers * _PRICE_PER_FOLLOWER * rng.lognormal(0, 0.8) + rng.uniform(5, 50))

    def known(name: str, value: object) -> list[object]:
        return [None if f"creators.{name}" in view.without else value]

    priced = "creators.price" not in view.without
    return {
        "creator_id": [made.creator_id],
        "platform": [profile.platform],
        "followers": known("followers", followers),
        "following": known("following", float(life.following[-1])),
        "posts_count": known("posts_count", _posts_ever(life)),
        "is_verified": known("is_verified", float(profile.is_verified)),
        "category": known("category", profile.niche),
        "country": known("country", profile.country),
        "language": known("language", "id" if profile.language == "mixed" else profile.language),
        "joined_on": known("joined_on", np.datetime64(profile.as_of - profile.age_days, "D")),
        "price_per_post": [price if priced else None],
        "currency": ["usd" if priced else None],
    }


def _posts(rng: np.random.Generator, made: _Made) -> Columns:
    life, view, counts = made.life, made.view, made.counts
    if not view.posts or not len(counts.posts):
        return {}
    likes, comments, hidden = hide(rng, life, view, counts)
    views = round_down(np.nan_to_num(counts.views), 3, 10_000) if view.post_digits else counts.views
    views = np.where(np.isfinite(counts.views), views, np.nan)
    posts, n = life.posts, len(counts.posts)
    unknown = np.full(n, None)
    return {
        "creator_id": [made.creator_id] * n,
        "post_id": _post_ids(made),
        "posted_at": _instants(posts.at[counts.posts]),
        "likes": _optional(made, "posts.likes", likes),
        "comments_count": _optional(made, "posts.comments_count", comments),
        "views": _optional(made, "posts.views", views),
        "shares": _optional(made, "posts.shares", counts.shares),
        "saves": _optional(made, "posts.saves", rng.poisson(np.nan_to_num(likes) * 0.03).astype(float)),
        "format": unknown if "posts.format" in view.without else posts.format[counts.posts].astype(object),
        "caption": unknown if "posts.caption" in view.without else np.array(made.captions, dtype=object),
        "is_sponsored": _optional(made, "posts.is_sponsored", posts.is_sponsored[counts.posts].astype(float)),
        "likes_hidden": hidden.astype(float),
    }


def _post_ids(made: _Made) -> list[str]:
    return [f"{made.creator_id}-p{i:03d}" for i in range(len(made.counts.posts))]


def _instants(days: np.ndarray) -> np.ndarray:
    return np.round(days * 86_400).astype("datetime64[s]")


def _comments(rng: np.random.Generator, made: _Made) -> Columns:
    rows, view = made.comments, made.view
    if rows is None or not len(rows.post):
        return {}
    n = len(rows.post)
    ids = [f"{made.creator_id}-c{i:04d}" for i in range(n)]
    for event in made.life.events:
        event.comment_ids = [ids[i] for i in comments_of(event, made.orders, rows)]
    posts = np.array(_post_ids(made), dtype=object)[rows.post]
    parent = np.array([ids[p] if p >= 0 else None for p in rows.parent], dtype=object)
    unknown, never = np.full(n, None), np.full(n, np.datetime64("NaT", "s"))
    without = view.without
    return {
        "creator_id": [made.creator_id] * n,
        "comment_id": ids,
        "text": rows.text,
        "post_id": unknown if "comments.post_id" in without or not view.posts else posts,
        "commented_at": never if "comments.commented_at" in without else _instants(rows.at),
        "author_id": unknown if "comments.author_id" in without else np.array(author_names(rows.author), dtype=object),
        "likes": _optional(made, "comments.likes", rows.likes),
        "parent_comment_id": unknown if "comments.parent_comment_id" in without else parent,
        "by_creator": _optional(made, "comments.parent_comment_id", rows.by_creator.astype(float)),
        "author_shape": unknown if made.shapes is None else made.shapes,
    }


def _audience(made: _Made) -> Columns:
    if made.audience is None:
        return {}
    given = made.audience.columns
    n = len(given["followers"])
    unknown = np.full(n, np.nan)
    days = {c: np.full(n, np.datetime64("NaT", "D")) for c in ("created_on", "sampled_on")}
    days |= {c: given[c].astype(np.int64).astype("datetime64[D]") for c in days if c in given}
    counts = {c.name: given.get(c.name, unknown) for c in CONTRACTS["audience"].columns[2:] if c.name not in days}
    ids = [f"{made.creator_id}-a{i:04d}" for i in range(n)]
    return {"creator_id": [made.creator_id] * n, "account_id": ids, **counts, **days}


def _engagement_share(counts: Counts) -> float | None:
    return _share(counts.sold_likes.sum() + counts.sold_comments.sum(), counts.likes.sum() + counts.comments.sum())


def _label(made: _Made) -> Columns:
    plan = made.plan
    return {
        "creator_id": [made.creator_id],
        "is_fake": [float(plan is not None)],
        "as_of": [np.datetime64(made.life.profile.as_of, "D")],
        "mechanisms": ["+".join(plan.mechanisms) if plan else None],
        "purchased_share": [_follower_share(made.life)],
        "purchased_engagement_share": [_engagement_share(made.counts)],
        "label_source": ["simulated"],
        "group_id": [made.creator_id],
    }


def _follower_share(life: Life) -> float:
    sold = float(life.sold_levels()[-1])
    return round(sold / max(sold + float(life.honest_levels()[-1]), 1.0), 6)


def _truth(made: _Made) -> Columns:
    life, plan, counts = made.life, made.plan, made.counts
    likes, comments = counts.likes.sum(), counts.comments.sum()
    views = float(np.nansum(counts.views))
    bought = [e for e in life.events if not e.is_innocent]
    last = max((min(e.end, float(life.profile.as_of)) for e in bought), default=None)
    supplies = np.flatnonzero(life.sold_adds)
    return {
        "creator_id": [made.creator_id],
        "is_fake": [plan is not None],
        "mechanisms": ["+".join(plan.mechanisms) if plan else ""],
        "evasion_level": [float(plan.evasion) if plan else None],
        "purchased_share_followers": [_follower_share(life)],
        "suspicious_share_audience": [None if made.audience is None else round(made.audience.suspicious_share, 6)],
        "purchased_share_engagement": [_engagement_share(counts)],
        "purchased_share_likes": [_share(counts.sold_likes.sum(), likes)],
        "purchased_share_comments": [_share(counts.sold_comments.sum(), comments)],
        "purchased_share_views": [_share(float(np.nansum(counts.sold_views)), views)],
        "delivery_days": [float(supplies[-1] - supplies[0] + 1) if len(supplies) else None],
        "days_since_last_purchase": [None if last is None else max(float(life.profile.as_of - last), 0.0)],
        "look_alikes": ["+".join(sorted(life.look_alikes))],
        "platform": [life.profile.platform],
        "tier": [life.profile.tier],
        "population": [life.profile.population],
        "followers": [float(life.levels()[-1])],
        "seller": [float(plan.seller.key) if plan else None],
    }


def _share(part: float, total: float) -> float | None:
    return round(float(part / total), 6) if total > 0 else None


def _events(made: _Made) -> Columns:
    events = sorted(made.life.events, key=lambda e: (e.start, e.kind))
    seen = {int(p): name for p, name in zip(made.counts.posts, _post_ids(made), strict=True)}
    return {
        "creator_id": [made.creator_id] * len(events),
        "kind": [e.kind for e in events],
        "start": _instants(np.array([e.start for e in events], dtype=float)),
        "end": _instants(np.array([e.end for e in events], dtype=float)),
        "size": np.array([e.size for e in events], dtype=float),
        "post_ids": ["+".join(seen[p] for p in e.posts if p in seen) for e in events],
        "comment_ids": ["+".join(e.comment_ids) for e in events],
        "is_innocent": [e.is_innocent for e in events],
    }
