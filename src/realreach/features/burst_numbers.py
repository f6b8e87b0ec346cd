"""What the posts around each interval of a curve say of its growth: causes, answers, and whether the two move together.

The numbers up to the last logarithm come from one of two places that agree to the last bit: here from arrays over the
intervals of some creators at a time, or from one pass over each creator (:mod:`realreach.features.coherence_kernels`).
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from realreach.compiled import LEAST_CREATORS, frozen, kernels_for
from realreach.features.blocks import Ragged, deviation, not_known, ratio, row_sum, segment_sum
from realreach.features.curve import MINIMUM_COUNTS, Curve, chunks
from realreach.features.post_rows import LEAST_POSTS, PostRows, rows_in_blocks
from realreach.features.post_strength import PostStrength, range_max
from realreach.tables.core import FloatArray, IntArray

__all__ = ["LEAST_HALVES", "NAMES", "burst_numbers"]

NAMES = (
    "response__burst__likes", "response__burst__comments", "response__burst__views", "response__burst__elasticity",
    "cause__burst__posts", "cause__burst__surprise", "unexplained__366d__share", "unexplained__366d__max",
    "coupling__366d__correlation", "coupling__366d__idle_share", "trend__366d__gap", "trend__366d__comment_gap",
)  # fmt: skip
LEAST_HALVES = 8
"""Posts inside the curve that a comparison of the newer half with the older one needs."""

_ROW_OF = {name: row for row, name in enumerate((*NAMES, "after", "before"))}
_STRIDE = 400_000
"""More than any day: creators one after another on one axis of whole numbers."""
_FIRST = np.zeros(1, dtype=np.int64)
_NOBODY = -9.0
"""Strength of a post whose counts are not known, among those that are: below any."""


def burst_numbers(curve: Curve, posts: PostRows, strength: PostStrength) -> FloatArray:
    """Return what posts and growth say of each other, shape (``NAMES``, creators); NaN = not known.

    Parameters
    ----------
    curve
        All intervals between counts.
    posts
        The settled posts of the same creators, oldest first.
    strength
        How strong each of them is.
    """
    creators = len(curve.starts) - 1
    # The stronger of the two counts: what is seen by many need not be liked by many.
    strong = np.fmax(strength.strength["likes"], strength.strength["views"])
    out = not_known((len(_ROW_OF), creators))
    kernels = kernels_for(creators, "features.coherence_kernels", LEAST_CREATORS)
    with np.errstate(divide="ignore", invalid="ignore"):
        for first, last in chunks(curve.starts):
            if kernels is None:
                _of_intervals(curve, posts, strong, first, last, out[:, first:last])
            else:
                _compiled(kernels, curve, posts, strong, first, last, out)
        if kernels is None:
            _halves(curve.history, posts, out)
        _finish(out)
    return out[: len(NAMES)]


def _finish(out: FloatArray) -> None:
    """Take the last logarithms; what is not finite is not known."""
    largest = out[_ROW_OF["unexplained__366d__max"]]
    np.log1p(largest, out=largest)
    ends = out[len(NAMES) :]
    np.log1p(ends, out=ends)
    response = out[_ROW_OF["response__burst__likes"]] / np.maximum(ends[0] - ends[1], 0.02)
    np.clip(response, -20.0, 20.0, out=out[_ROW_OF["response__burst__elasticity"]])
    out[~np.isfinite(out)] = np.nan


def _of_intervals(curve: Curve, posts: PostRows, strength: FloatArray, first: int, last: int, out: FloatArray) -> None:
    """Fill all but the halves for the creators ``first:last``."""
    n = last - first
    rows, starts = slice(int(posts.starts[first]), int(posts.starts[last])), posts.starts[first : last + 1]
    part = Ragged({name: posts.columns[name][rows] for name in ("day", "log_likes", "log_comments_count", "log_views")}, starts - starts[0])  # fmt: skip
    bursts = _bursts(curve, part, strength[rows], first, last)
    owner = bursts["owner"].astype(np.int64)
    for name, values in (_around(part, bursts, owner, n) | _coupling(bursts, owner, n)).items():
        out[_ROW_OF[name]] = values


def _bursts(curve: Curve, posts: Ragged, strength: FloatArray, first: int, last: int) -> dict[str, FloatArray]:
    """Return one row per interval: owner, start, end, gain, surprise, and the posts that go with it."""
    low, high = int(curve.starts[first]), int(curve.starts[last])
    owner = np.repeat(np.arange(last - first), curve.lengths[first:last])
    before = curve.history.starts[first:last] - (curve.starts[first:last] - low)
    at = np.arange(high - low) + before[owner]
    start, end = (curve.history.columns["day"][rows] for rows in (at, at + 1))
    gain, surprise = curve.stored["gain"][low:high], curve.stored["surprise"][low:high]
    # The strongest post and the number of posts from three days before the interval to its end; counts of day d are
    # taken during day d, so the gain of (start, end] may stem from posts of the days start .. end.
    axis = posts.owner * _STRIDE + np.floor(posts.columns["day"]).astype(np.int64)
    cause, week, until = (_posts_before(axis, owner, day) for day in (start - 3.0, start - 7.0, end + 1.0))
    some = posts.lengths > 0
    opened = np.full(last - first, np.inf)
    opened[some] = posts.columns["day"][posts.starts[:-1][some]]
    # Posts before the first one that was read are not known.
    known = (posts.lengths >= LEAST_POSTS)[owner] & (end >= opened[owner]) & ~np.isnan(surprise)
    # Posts without counts are posts, but nobody knows how strong they were.
    counted = segment_sum((~np.isnan(strength)).astype(np.float64), posts.owner, last - first) >= LEAST_POSTS
    return {
        "owner": owner, "start": start, "end": end, "gain": gain, "surprise": surprise, "known": known,
        "level": curve.history.columns["followers"][at] + gain, "measured": known & counted[owner],
        "cause_posts": (until - cause).astype(np.float64), "no_post": until == week,
        "cause_strength": range_max(np.nan_to_num(strength, nan=_NOBODY), cause, until),
    }  # fmt: skip


def _posts_before(axis: IntArray, owner: IntArray, day: FloatArray) -> IntArray:
    """Return how many posts lie before each (whole) day; owners and days ascend, so that each post is looked up once."""
    wanted = owner * _STRIDE + np.ceil(day).astype(np.int64)
    behind = np.searchsorted(wanted, axis, side="right")
    return np.cumsum(np.bincount(behind, minlength=len(wanted) + 1)[: len(wanted)])


def _around(posts: Ragged, bursts: dict[str, FloatArray], owner: IntArray, creators: int) -> dict[str, FloatArray]:
    """Compare the posts of 21 days after the main burst with the eight before it."""
    main = _main_burst(bursts, owner, creators)
    some = main >= 0
    if not some.any():
        return {}

    def of_main(name: str) -> FloatArray:
        out = not_known(creators)
        out[some] = bursts[name][main[some]]
        return out

    start, end, level, measured = (of_main(name) for name in ("start", "end", "level", "measured"))
    day, who = posts.columns["day"], posts.owner
    after = (day > end[who] + 0.5) & (day <= end[who] + 21.0)
    before = day < start[who] - 1.0
    before &= (
        np.arange(len(who)) >= (posts.starts[:-1] + segment_sum(before.astype(np.float64), who, creators) - 8.0)[who]
    )
    out = {
        "cause__burst__posts": of_main("cause_posts"),
        "cause__burst__surprise": np.where(measured > 0, np.maximum(of_main("cause_strength"), -3.0), np.nan),
        "after": level,
        "before": np.maximum(level - of_main("gain"), 0.0),
    }
    for name, column in (("likes", "log_likes"), ("comments", "log_comments_count"), ("views", "log_views")):
        values = posts.columns[column]
        known = ~np.isnan(values)
        late = _mean(values, after & known, who, creators)
        out[f"response__burst__{name}"] = late - _mean(values, before & known, who, creators)
    return out


def _main_burst(bursts: dict[str, FloatArray], owner: IntArray, creators: int) -> IntArray:
    """Return the row of each creator's most surprising known gain, the first of equals; -1 where there is none."""
    main = np.full(creators, -1, dtype=np.int64)
    rows = ((bursts["known"] > 0) & (bursts["gain"] > 0)).nonzero()[0]
    if len(rows):
        whose, surprise = owner[rows], bursts["surprise"][rows]
        heads = np.concatenate([_FIRST, (whose[1:] != whose[:-1]).nonzero()[0] + 1])
        most = np.maximum.reduceat(surprise, heads).repeat(np.concatenate([heads[1:], [len(rows)]]) - heads)
        best = rows[surprise == most][::-1]
        main[owner[best]] = best
    return main


def _mean(values: FloatArray, keep: np.ndarray, owner: IntArray, creators: int) -> FloatArray:
    """Return the mean of the values that are kept, from two of them on."""
    count = segment_sum(keep.astype(np.float64), owner, creators)
    total = segment_sum(np.where(keep, values, 0.0), owner, creators)
    return np.where(count >= 2, ratio(total, count), np.nan)


def _coupling(bursts: dict[str, FloatArray], owner: IntArray, creators: int) -> dict[str, FloatArray]:
    known, strong = bursts["known"] > 0, bursts["cause_strength"]
    surprise = np.where(known, bursts["surprise"], 0.0)
    lonely = known & ~(strong >= 1.0) & (surprise > 2.0)
    enough = np.bincount(owner[known], minlength=creators) >= MINIMUM_COUNTS
    measured = np.bincount(owner[bursts["measured"] > 0], minlength=creators) >= MINIMUM_COUNTS
    won = np.where(known, np.maximum(bursts["gain"], 0.0), 0.0)
    # What lies above two spreads, in followers: gain x (1 - 2 / surprise) of the part beyond the expected.
    excess = won[lonely] * (1.0 - 2.0 / surprise[lonely])
    last = not_known(creators)
    last[owner] = bursts["level"]
    largest = np.zeros(creators)
    np.maximum.at(largest, owner[lonely], surprise[lonely])
    idle = segment_sum(np.where(bursts["no_post"], won, 0.0), owner, creators)
    x = np.clip(np.where(np.isfinite(strong), strong, -3.0), -3.0, 6.0)
    y = np.sign(surprise) * np.log1p(np.abs(surprise))
    out = {
        "unexplained__366d__share": ratio(segment_sum(excess, owner[lonely], creators), last),
        "unexplained__366d__max": largest,
        "coupling__366d__correlation": _correlation(x, y, known, owner, creators),
    }
    out = {name: np.where(measured, value, np.nan) for name, value in out.items()}
    idle = ratio(idle, segment_sum(won, owner, creators))
    return out | {"coupling__366d__idle_share": np.where(enough, idle, np.nan)}


def _correlation(x: FloatArray, y: FloatArray, keep: np.ndarray, owner: IntArray, creators: int) -> FloatArray:
    if not keep.all():
        x, y, owner = x[keep], y[keep], owner[keep]
    every = np.ones(len(x), dtype=bool)
    dx, dy = (deviation(v, np.nan_to_num(_mean(v, every, owner, creators))[owner]) for v in (x, y))
    xx, yy, xy = (segment_sum(v, owner, creators) for v in (dx * dx, dy * dy, dx * dy))
    return ratio(xy, np.sqrt(xx * yy))


def _halves(history: Ragged, posts: PostRows, out: FloatArray) -> None:
    """Compare the newer half of the posts inside the curve with the older half: followers against likes and comments."""
    columns = posts.columns
    first = np.full(len(history.starts) - 1, np.inf)
    some = history.lengths >= MINIMUM_COUNTS
    first[some] = history.columns["day"][history.starts[:-1][some]]
    inside = (columns["day"] >= first[posts.owner]) & ~np.isnan(columns["level"])
    for name, column in (("trend__366d__gap", "log_likes"), ("trend__366d__comment_gap", "log_comments_count")):
        known = inside & ~np.isnan(columns[column])
        for members, rows in rows_in_blocks(posts, known):
            if rows.shape[1] < LEAST_HALVES:
                continue
            values, level = columns[column][rows], columns["log_followers"][rows]
            newer = np.arange(rows.shape[1]) >= rows.shape[1] // 2
            # Sums over all places, those of the other half nothing: as a kernel adds them.
            both = np.array([level, values])
            late = row_sum(np.where(newer, both, 0.0)) / (rows.shape[1] - rows.shape[1] // 2)
            early = row_sum(np.where(newer, 0.0, both)) / (rows.shape[1] // 2)
            growth, answer = late - early
            out[_ROW_OF[name], members] = growth - answer


def _compiled(
    kernels: ModuleType, curve: Curve, posts: PostRows, strength: FloatArray, first: int, last: int, out: FloatArray
) -> None:
    """Fill the creators ``first:last`` by the compiled kernel; the logarithm of the surprises is NumPy's."""
    low, high = int(curve.starts[first]), int(curve.starts[last])
    logs = np.abs(curve.stored["surprise"][low:high])
    np.log1p(logs, out=logs)
    history = curve.history
    given = (
        frozen(history.starts),
        curve.counts,
        curve.starts,
        curve.cells,
        logs,
        posts.starts,
        posts.matrix,
        strength,
    )
    kernels.burst_numbers(first, last, *given, out)
