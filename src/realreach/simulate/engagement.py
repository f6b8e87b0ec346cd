"""What a post earns: likes, comments, views and shares, jointly, from followers, reach and events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from realreach.simulate.life import Life
from realreach.simulate.posting import Posts
from realreach.simulate.profile import Profile
from realreach.tables.core import FloatArray, IntArray

__all__ = ["Counts", "earn", "has_views", "ripeness"]


@dataclass
class Counts:
    """Counts of the collected posts (``posts`` are their positions); ``sold_*`` is the part that was bought."""

    posts: IntArray
    likes: FloatArray
    comments: FloatArray
    views: FloatArray
    shares: FloatArray
    sold_likes: FloatArray
    sold_comments: FloatArray
    sold_views: FloatArray

    def add_likes(self, where: IntArray, likes: FloatArray) -> None:
        """Add bought likes to some of the collected posts."""
        self._add("likes", where, likes)

    def add_comments(self, where: IntArray, comments: FloatArray) -> None:
        """Add bought comments to some of the collected posts."""
        self._add("comments", where, comments)

    def add_views(self, where: IntArray, views: FloatArray) -> None:
        """Add bought views to some of the collected posts (no effect where views are not shown)."""
        self._add("views", where, views)

    def _add(self, name: str, where: IntArray, numbers: FloatArray) -> None:
        whole = np.maximum(np.round(numbers), 0)
        getattr(self, name)[where] += whole
        getattr(self, f"sold_{name}")[where] += whole


def has_views(profile: Profile, posts: Posts) -> np.ndarray:
    """Tell for which posts the platform shows views."""
    if profile.platform in {"tiktok", "youtube"}:
        return np.ones(len(posts), dtype=bool)
    return np.isin(posts.format, ["reel", "video", "short"])


def ripeness(profile: Profile, ages_days: FloatArray) -> FloatArray:
    """Return the share of its final likes that a post of this age has; a new post is still growing."""
    tau = profile.norms.young_hours / 24
    return 1 - np.exp(-((np.maximum(ages_days, 0.01) / tau) ** 0.7))


def earn(rng: np.random.Generator, life: Life, collected: IntArray) -> Counts:
    """Draw the counts of the collected posts, as seen on the day of the decision."""
    profile, posts = life.profile, life.posts
    day = life.post_days()[collected]
    ripe = ripeness(profile, profile.as_of - posts.at[collected])
    level = np.log(life.engaged_levels()[day]) + np.log(profile.like_rate) + life.level[day]
    level = level + _trend(profile, posts.at[collected])
    usual = float(np.mean(level)) if len(level) else 0.0
    loudness = posts.reach[collected] + posts.boost[collected]
    ln_likes = level + loudness
    if profile.population == "ordinary":  # friends: nobody has more likes than followers
        ln_likes = np.minimum(ln_likes, np.log(0.9 * life.engaged_levels()[day]))
    likes = rng.poisson(np.minimum(np.exp(ln_likes) * ripe, 1e9)).astype(float)
    comments = _comments(rng, profile, ln_likes - usual, usual, posts.talk[collected], ripe)
    views = _views(rng, life, collected, ln_likes, ripe)
    likes = np.where(np.isfinite(views), np.minimum(likes, np.maximum(views * 0.85, 0)), likes)
    shares = rng.poisson(likes * profile.shares_per_like * rng.lognormal(0, 0.5, len(likes))).astype(float)
    zeros = [np.zeros(len(collected)) for _ in range(3)]
    return Counts(collected, np.floor(likes), comments, views, shares, *zeros)


def _trend(profile: Profile, at: FloatArray) -> FloatArray:
    """Return the slow change of ln likes: a private circle grows by the year, a creator's luck by the post."""
    if not len(at):
        return np.zeros(0)
    if profile.population == "ordinary":
        return profile.trend * (at - at[-1]) / 365
    steps = np.arange(len(at), dtype=float)
    even = steps / max(len(at) - 1, 1) - 0.5
    newest = np.exp((steps - steps[-1]) / 5)
    return profile.trend * (0.6 * even + 0.6 * (newest - newest.mean()))


def _comments(
    rng: np.random.Generator, profile: Profile, deviation: FloatArray, usual: float, talk: FloatArray, ripe: FloatArray
) -> FloatArray:
    slope, residual, spread = profile.comment_slope, profile.comment_residual, min(profile.spread, 1.2)
    # Sums of log-normal numbers: keep sum(likes) / sum(comments) at the creator's own value.
    centre = usual - np.log(profile.likes_per_comment) + ((1 - slope**2) * spread**2 - residual**2) / 2
    # Now and then a post makes people talk, or a private one is left without a word.
    rare = 0.03 if profile.population == "ordinary" else 0.10
    noise = rng.standard_normal(len(deviation)) * np.where(rng.random(len(deviation)) < rare, 2.3, 0.88)
    ln_comments = centre + slope * deviation + residual * noise + talk - 0.5 * np.minimum(talk, 0)
    return rng.poisson(np.exp(np.clip(ln_comments, -12, 15)) * ripe).astype(float)


def _views(
    rng: np.random.Generator, life: Life, collected: IntArray, ln_likes: FloatArray, ripe: FloatArray
) -> FloatArray:
    profile, posts = life.profile, life.posts
    extra = posts.view_boost[collected] - posts.boost[collected]
    noise = profile.like_per_view_spread * rng.standard_normal(len(collected))
    views = np.exp(np.clip(ln_likes - np.log(profile.like_per_view) + noise + extra, -2, 21)) * ripe
    return np.where(has_views(profile, posts)[collected], rng.poisson(views), np.nan)
