"""Do the pillars tell one story? Followers, likes and comments of honest creators move together; buying one leaves the others.

These features are the most robust to evasion: money repairs a ratio once, coherence must be paid for in every post.
"""

from __future__ import annotations

import numpy as np

from realreach.features.blocks import Ragged, compute_in_blocks, deviation, mean_where, not_known, ratio, segment_sum
from realreach.features.catalogue import Feature
from realreach.features.growth import MINIMUM_COUNTS
from realreach.features.post_strength import first_post_from, range_max
from realreach.features.view import View
from realreach.features.windows import Curve
from realreach.tables.core import FloatArray

__all__ = ["FEATURES", "compute"]

_NONE = "no daily or weekly curve, fewer than 6 counts, or too few posts around"


def _f(
    name: str, unit: str, en: str, idn: str, direction: int = 0, low: float | None = None, high: float | None = None, source: str = "",
    missing: str = _NONE, peers: bool = False, monotone: bool = False,
) -> Feature:  # fmt: skip
    return Feature(f"coherence__{name}", unit, missing, en, idn, direction, low, high, source, peers, monotone)


FEATURES: tuple[Feature, ...] = (
    _f("growth_engagement_response__burst__elasticity", "ln per ln", "answer of likes to the main burst of followers", "tanggapan suka terhadap lonjakan pengikut", -1, -20, 20, "G2, X2"),
    _f("growth_engagement_response__burst__likes", "ln", "likes after the main burst against before", "suka sesudah lonjakan dibanding sebelumnya", -1, source="X2"),
    _f("growth_engagement_response__burst__comments", "ln", "comments after the main burst against before", "komentar sesudah lonjakan dibanding sebelumnya", -1, source="X2"),
    _f("growth_engagement_response__burst__views", "ln", "views after the main burst against before", "tayangan sesudah lonjakan dibanding sebelumnya", -1, source="X2"),
    _f("growth_engagement_cause__burst__posts", "posts", "posts in the three days before the main burst", "posting dalam tiga hari sebelum lonjakan", -1, 0, None, "G4"),
    _f("growth_engagement_cause__burst__surprise", "spreads", "best post around the main burst, against the creator's usual posts", "posting terbaik di sekitar lonjakan", -1, source="X2, X3"),
    _f("growth_engagement_unexplained__366d__share", "share of followers", "followers from bursts that no strong post goes with", "pengikut dari lonjakan tanpa posting kuat", 1, 0, None, "G1", monotone=True),
    _f("growth_engagement_unexplained__366d__max", "expected spreads", "largest burst that no strong post goes with", "lonjakan terbesar tanpa posting kuat", 1, source="G1"),
    _f("growth_engagement_coupling__366d__correlation", "correlation", "growth following strong posts", "pertumbuhan mengikuti posting kuat", -1, -1, 1, "G4", peers=True),
    _f("growth_engagement_coupling__366d__idle_share", "share of gains", "new followers on days without a post in the week before", "pengikut baru tanpa posting sepekan sebelumnya", 1, 0, 1, "G4"),
    _f("growth_engagement_trend__366d__gap", "ln", "growth of followers that likes did not share, older half to newer half", "pertumbuhan pengikut yang tidak diikuti suka", 1, source="R1", missing="fewer than 8 posts with likes inside the curve"),
    _f("growth_engagement_trend__366d__comment_gap", "ln", "growth of followers that comments did not share", "pertumbuhan pengikut yang tidak diikuti komentar", 1, source="R1", missing="fewer than 8 posts with comments inside the curve"),
)  # fmt: skip


def compute(view: View) -> dict[str, FloatArray]:
    """Return the coherence features of every creator of the view, one array per catalogue name; NaN = not known."""
    n = len(view)
    out = {f.name: not_known(n) for f in FEATURES}
    if view.posts is None:
        return out
    posts = view.settled
    known = view.post_strength.strength
    # The stronger of the two counts: what is seen by many need not be liked by many.
    strength = np.fmax(known["likes"], known["views"])
    if view.history is not None and view.curve is not None:
        bursts = _bursts(view.curve, posts, strength, n)
        values = _around(posts, bursts, n) | _coupling(bursts, n) | _halves(view.history, posts, n)
        out.update({f"coherence__growth_engagement_{name}": value for name, value in values.items()})
    return {name: np.where(np.isfinite(value), value, np.nan) for name, value in out.items()}


def _bursts(curve: Curve, posts: Ragged, strength: FloatArray, creators: int) -> dict[str, FloatArray]:
    """Return one row per interval of every curve: owner, start, end, gain, surprise, and the posts that go with it."""
    table = {name: curve.columns[name] for name in ("start", "end", "gain", "surprise")}
    table["owner"] = curve.owner.astype(np.float64)
    table["level"] = curve.columns["level"] + curve.columns["gain"]
    owner = table["owner"].astype(np.int64)
    # The strongest post and the number of posts from three days before the interval to its end; counts of day d are
    # taken during day d, so the gain of (start, end] may stem from posts of the days start .. end.
    for name, before in (("cause", 3.0), ("week", 7.0)):
        low = first_post_from(posts, owner, table["start"] - before)
        high = first_post_from(posts, owner, table["end"] + 1.0)
        table[f"{name}_posts"] = (high - low).astype(np.float64)
        if name == "cause":
            table["cause_strength"] = range_max(np.nan_to_num(strength, nan=-9.0), low, high)
    has_posts = posts.lengths >= 5
    inside = _spanned(posts, owner, table["end"])
    table["known"] = (has_posts[owner] & inside & ~np.isnan(table["surprise"])).astype(np.float64)
    # Posts without counts are posts, but nobody knows how strong they were.
    counted = segment_sum((~np.isnan(strength)).astype(np.float64), posts.owner, creators) >= 5
    table["measured"] = table["known"] * counted[owner]
    return table


def _spanned(posts: Ragged, owner: np.ndarray, day: FloatArray) -> np.ndarray:
    """Return whether a day lies after the creator's first post that was read: earlier posts are not known."""
    first = np.full(len(posts.starts) - 1, np.inf)
    some = posts.lengths > 0
    first[some] = posts.columns["day"][posts.starts[:-1][some]]
    return day >= first[owner]


def _first_max(owner: np.ndarray, values: FloatArray, creators: int) -> np.ndarray:
    """Return the row of each creator's largest value, -1 where there is none (NaN is never the largest)."""
    order = np.lexsort((np.arange(len(owner)), -np.nan_to_num(values, nan=-np.inf), owner))
    heads = np.flatnonzero(np.diff(owner[order], prepend=-1))
    out = np.full(creators, -1, dtype=np.int64)
    best = order[heads]
    best = best[~np.isnan(values[best])]
    out[owner[best]] = best
    return out


def _around(posts: Ragged, bursts: dict[str, FloatArray], creators: int) -> dict[str, FloatArray]:
    """Compare the posts of 21 days after the main burst with the eight before it."""
    owner = bursts["owner"].astype(np.int64)
    surprise = np.where((bursts["known"] > 0) & (bursts["gain"] > 0), bursts["surprise"], np.nan)
    main = _first_max(owner, surprise, creators)
    some = main >= 0
    at = np.maximum(main, 0)
    out = {
        "cause__burst__posts": np.where(some, bursts["cause_posts"][at] if len(owner) else 0.0, np.nan),
        "cause__burst__surprise": np.where(
            some & (bursts["measured"][at] > 0), np.maximum(bursts["cause_strength"][at], -3.0), np.nan
        )
        if len(owner)
        else not_known(creators),
    }
    if len(owner) == 0:
        return out
    start = np.where(some, bursts["start"][at], np.nan)
    end = np.where(some, bursts["end"][at], np.nan)
    day = posts.columns["day"]
    who = posts.owner
    after = (day > end[who] + 0.5) & (day <= end[who] + 21.0)
    before = day < start[who] - 1.0
    position = np.arange(len(who))
    last_before = _last_true(before, posts)
    before &= position > last_before[who] - 8
    growth = np.log1p(bursts["level"][at]) - np.log1p(np.maximum(bursts["level"][at] - bursts["gain"][at], 0.0))
    for name, column in (("likes", "likes"), ("comments", "comments_count"), ("views", "views")):
        values = np.log1p(posts.columns[column])
        known = ~np.isnan(values)
        late = _mean(values, after & known, who, creators)
        early = _mean(values, before & known, who, creators)
        out[f"response__burst__{name}"] = late - early
    response = out["response__burst__likes"] / np.maximum(growth, 0.02)
    out["response__burst__elasticity"] = np.clip(np.where(some, response, np.nan), -20.0, 20.0)
    return out


def _last_true(flags: np.ndarray, posts: Ragged) -> np.ndarray:
    """Return the last row of each creator for which ``flags`` is true, -1 where there is none."""
    out = np.full(len(posts.starts) - 1, -1, dtype=np.int64)
    rows = np.flatnonzero(flags)
    out[posts.owner[rows]] = rows
    return out


def _mean(values: FloatArray, keep: np.ndarray, owner: np.ndarray, creators: int, least: int = 2) -> FloatArray:
    count = segment_sum(keep.astype(np.float64), owner, creators)
    total = segment_sum(np.where(keep, values, 0.0), owner, creators)
    return np.where(count >= least, ratio(total, count), np.nan)


def _coupling(bursts: dict[str, FloatArray], creators: int) -> dict[str, FloatArray]:
    owner = bursts["owner"].astype(np.int64)
    known = bursts["known"] > 0
    strong = bursts["cause_strength"] >= 1.0
    surprise = np.where(known, bursts["surprise"], 0.0)
    lonely = known & ~strong & (surprise > 2.0)
    enough = segment_sum(known.astype(np.float64), owner, creators) >= MINIMUM_COUNTS
    measured = segment_sum(bursts["measured"], owner, creators) >= MINIMUM_COUNTS
    # What lies above two spreads, in followers: gain x (1 - 2 / surprise) of the part beyond the expected.
    excess = np.where(lonely, np.maximum(bursts["gain"], 0.0) * (1.0 - 2.0 / np.maximum(surprise, 2.0)), 0.0)
    last = not_known(creators)
    last[owner] = bursts["level"]
    largest = np.zeros(creators)
    np.maximum.at(largest, owner[lonely], surprise[lonely])
    won = np.where(known, np.maximum(bursts["gain"], 0.0), 0.0)
    total = segment_sum(won, owner, creators)
    idle = segment_sum(np.where(bursts["week_posts"] == 0, won, 0.0), owner, creators)
    x = np.clip(np.where(np.isfinite(bursts["cause_strength"]), bursts["cause_strength"], -3.0), -3.0, 6.0)
    y = np.sign(surprise) * np.log1p(np.abs(surprise))
    out = {
        "unexplained__366d__share": ratio(segment_sum(excess, owner, creators), last),
        "unexplained__366d__max": np.log1p(largest),
        "coupling__366d__correlation": _correlation(x, y, known, owner, creators),
    }
    out = {name: np.where(measured, value, np.nan) for name, value in out.items()}
    return out | {"coupling__366d__idle_share": np.where(enough, ratio(idle, total), np.nan)}


def _correlation(x: FloatArray, y: FloatArray, keep: np.ndarray, owner: np.ndarray, creators: int) -> FloatArray:
    mean_x, mean_y = (_mean(v, keep, owner, creators) for v in (x, y))
    dx = np.where(keep, deviation(x, np.nan_to_num(mean_x)[owner]), 0.0)
    dy = np.where(keep, deviation(y, np.nan_to_num(mean_y)[owner]), 0.0)
    xx, yy, xy = (segment_sum(v, owner, creators) for v in (dx * dx, dy * dy, dx * dy))
    return ratio(xy, np.sqrt(xx * yy))


def _halves(history: Ragged, posts: Ragged, creators: int) -> dict[str, FloatArray]:
    """Compare the newer half of the posts inside the curve with the older half: followers against likes and comments."""
    some = history.lengths >= MINIMUM_COUNTS
    first = np.full(creators, np.inf)
    first[some] = history.columns["day"][history.starts[:-1][some]]
    inside = posts.columns["day"] >= first[posts.owner]
    names = ("trend__366d__gap", "trend__366d__comment_gap")
    out: dict[str, FloatArray] = {}
    for name, column in zip(names, ("likes", "comments_count"), strict=True):
        known = inside & ~np.isnan(posts.columns[column]) & ~np.isnan(posts.columns["level"])

        def kernel(c: dict[str, FloatArray], column: str = column, name: str = name) -> dict[str, FloatArray]:
            values, level = np.log1p(c[column]), np.log1p(c["level"])
            half = values.shape[1] // 2
            newer = np.arange(values.shape[1]) >= half
            keep = np.broadcast_to(newer, values.shape)
            growth = mean_where(level, keep) - mean_where(level, ~keep)
            return {name: growth - (mean_where(values, keep) - mean_where(values, ~keep))}

        out |= compute_in_blocks(posts.where(known), (name,), kernel, 8)
    return out
