"""What the posts of a creator say in numbers: spread, floor, steps, coupling, contrasts, digits.

The numbers up to the last logarithm come from one of two places that agree to the last bit: here from blocks of creators
with equally many posts, or from one pass over the posts of each (:mod:`realreach.features.post_kernels`). Logarithms
before and after are NumPy's in both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from realreach.compiled import LEAST_CREATORS, frozen, kernels_for
from realreach.features.blocks import (
    cut,
    deviation,
    in_order,
    mean_where,
    median,
    not_known,
    quantile,
    ratio,
    row_max,
    row_mean,
    row_sum,
)
from realreach.features.post_rows import LEAST_POSTS, PostRows, rows_in_blocks
from realreach.tables.core import FloatArray

__all__ = ["MOST_DIGITS", "NAMES", "TRACE", "detrended", "post_numbers"]

TRACE = 1e-5
"""What is added to a level before the logarithm: nothing stays nothing, whatever the size of the account."""
MOST_DIGITS = 30
"""Posts from which on digits are counted."""
BENFORD = np.log10(1.0 + 1.0 / np.arange(1, 10))
"""Shares of the first digits 1 to 9."""

_LN_10 = np.log(10.0)
_Columns = dict[str, FloatArray]

_PER_LEVEL = (
    "comment_rate__100p__mean", "like_level__100p__log", "comment_level__100p__log", "share_level__100p__log",
)  # fmt: skip
"""Means that are divided by the (geometric) mean number of followers of the same posts."""
_LOG10 = (
    "comments_per_like__100p__log", "likes_per_view__100p__log", "shares_per_like__100p__log", "saves_per_like__100p__log",
    "comment_like_level__100p__log", "share_like_level__100p__log", "posting__100p__per_week",
)  # fmt: skip
_LN = ("likes__100p__spread_change",)
_LOG1P = ("digits__100p__last",)
_AS_IS = (
    "likes__100p__spread", "likes__100p__floor", "likes__100p__peak", "likes__100p__skew", "likes__100p__flat_top",
    "likes__100p__lag1", "likes__100p__trend", "likes__30d__shift", "like_rate__100p__median", "likes__100p__step",
    "likes__100p__step_down", "like_rate_video__100p__median", "like_rate_still__100p__median", "comments__100p__spread",
    "comments__30d__shift", "zero_comments__100p__share", "coupling__100p__likes_comments", "coupling__100p__slope",
    "coupling__100p__residual", "orphan_likes__100p__share", "orphan_likes__100p__excess", "views__100p__spread",
    "view_rate__100p__median", "likes_above_views__100p__share", "coupling__100p__likes_views",
    "coupling__100p__view_residual", "orphan_views__100p__share", "sponsored__100p__contrast", "format__100p__contrast",
    "digits__100p__first", "posting__100p__gap_cv", "hidden_likes__100p__share",
)  # fmt: skip
_MEAN_LEVELS = tuple(f"{name}: mean log level" for name in _PER_LEVEL)
NAMES = (*_PER_LEVEL, *_LOG10, *_LN, *_LOG1P, *_AS_IS)
"""Names of the numbers, without their family; what a logarithm is taken of stands first."""
_ROW_OF = {name: row for row, name in enumerate((*NAMES, *_MEAN_LEVELS))}
_OFFSETS = np.array([[0.0], [TRACE], [TRACE], [TRACE]])


def post_numbers(every: PostRows, settled: PostRows) -> FloatArray:
    """Return what the posts say, one row for each of ``NAMES``, and some rows of scratch behind; NaN = not known.

    Parameters
    ----------
    every
        All posts of the view: the habit of posting and hidden likes are read off them.
    settled
        The posts whose counts have settled: everything else is.
    """
    creators = len(every.starts) - 1
    out = not_known((len(_ROW_OF), creators))
    kernels = kernels_for(creators, "features.engagement_kernels", LEAST_CREATORS)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if kernels is None:
            _in_blocks(every, settled, out)
        else:
            many = settled.lengths.max(initial=0) >= MOST_DIGITS
            lead = _first_digit(settled.columns["likes"]) if many else np.empty(0)
            given = (every.matrix, every.starts, settled.matrix, settled.starts, lead)
            kernels.post_numbers(*map(frozen, given), out)
        _finish(out)
    return out


def _finish(out: FloatArray) -> None:
    """Take the last logarithms; what is not finite is not known."""
    levels = out[: len(_PER_LEVEL)]
    levels /= np.exp(out[len(NAMES) :])
    levels += _OFFSETS
    end = len(_PER_LEVEL) + len(_LOG10)
    np.log10(out[:end], out=out[:end])
    np.log(out[end], out=out[end])
    np.log1p(out[end + 1], out=out[end + 1])
    out[~np.isfinite(out)] = np.nan


class _Block(dict[str, FloatArray]):
    """Columns of a block of posts, each gathered when it is first asked for."""

    def __init__(self, columns: _Columns, rows: np.ndarray) -> None:
        self._columns, self._rows = columns, rows

    def __missing__(self, name: str) -> FloatArray:
        self[name] = self._columns[name][self._rows]
        return self[name]


def _in_blocks(every: PostRows, settled: PostRows, out: FloatArray) -> None:
    """Fill the numbers from blocks of creators with equally many posts, once for each choice of posts."""
    told = settled.columns["is_total"] == 1.0
    told |= (settled.lengths >= LEAST_POSTS)[settled.owner]
    columns = {**settled.columns, "told": told.astype(np.float64)}
    choices: dict[bytes, tuple[np.ndarray, list[_Step]]] = {}
    known = dict(zip(_NEEDED, np.array([columns[name] == columns[name] for name in _NEEDED]), strict=True))
    for needs, steps in _BY_NEEDS.items():
        counted = known[needs[0]]
        for name in needs[1:]:
            counted = counted & known[name]
        chosen = counted.tobytes()
        for step in steps:
            keep = counted if step.keep is None else counted & step.keep(columns)
            choices.setdefault(chosen if step.keep is None else keep.tobytes(), (keep, []))[1].append(step)
    for keep, steps in choices.values():
        for members, rows in rows_in_blocks(settled, keep):
            gathered = _Block(columns, rows)
            for step in steps:
                if rows.shape[1] >= step.minimum:
                    for name, values in step.kernel(gathered).items():
                        out[_ROW_OF[name], members] = values
    for members, block in every.blocks():
        posts = block["day"].shape[1]
        if posts:
            unknown = row_mean(np.isnan(block["likes"]))
            out[_ROW_OF["hidden_likes__100p__share"], members] = unknown
        if posts >= LEAST_POSTS:
            for name, values in _habit(block).items():
                out[_ROW_OF[name], members] = values


def detrended(values: FloatArray, day: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the rows of ``values`` less their straight line over ``day``, and the slope per day."""
    t, centre = day - row_mean(day)[:, None], row_mean(values)[:, None]
    spread = row_sum(t * t)
    slope = row_sum(t * (values - centre)) / np.where(spread > 0, spread, np.inf)
    line = centre + slope[:, None] * t
    return deviation(values, line), slope


def _spread(values: FloatArray) -> FloatArray:
    away = values - row_mean(values)[:, None]
    out: FloatArray = np.sqrt(row_mean(away * away))
    return out


def _shift_30d(values: FloatArray, age: FloatArray) -> FloatArray:
    """Return the mean of the last 30 days less that of the earlier posts, in spreads of the earlier ones."""
    new = age <= 30.0
    early = mean_where(values, ~new, 3)
    late = mean_where(values, new, 3)
    sd = np.sqrt(mean_where((values - early[:, None]) ** 2, ~new, 3))
    return (late - early) / (sd + 0.1)


def _steps(values: FloatArray, autocorrelation: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the largest t of a lasting step up and down, corrected for autocorrelation (AR(1)); 4 posts on each side."""
    m = values.shape[1]
    if m < 8:
        return not_known(len(values)), not_known(len(values))
    k = np.arange(4, m - 3)
    total = row_sum(values)[:, None]
    head = np.cumsum(values, axis=1)[:, k - 1]
    square = row_sum(values * values)[:, None]
    left, right = head / k, (total - head) / (m - k)
    within = np.maximum(square - k * left**2 - (m - k) * right**2, 0.0) / max(m - 2, 1)
    t = (right - left) / np.sqrt((within + 0.01) * (1.0 / k + 1.0 / (m - k)))
    rho = cut(autocorrelation, 0.0, 0.8)[:, None]
    t = t * np.sqrt((1.0 - rho) / (1.0 + rho))
    return np.maximum(row_max(t), 0.0), np.maximum(row_max(-t), 0.0)


def _lag1(values: FloatArray) -> FloatArray:
    centred = values - row_mean(values)[:, None]
    return ratio(row_sum(centred[:, 1:] * centred[:, :-1]), row_sum(centred * centred))


def _likes(c: _Columns) -> _Columns:
    log = c["log_likes"]
    rest, slope = detrended(log, c["day"])
    sd = _spread(rest)
    ordered = in_order(log)
    median = quantile(ordered, 0.5)
    scaled = rest / (sd[:, None] + 0.02)
    square = scaled * scaled
    m = log.shape[1]
    half = m // 2
    change = not_known(len(log))
    if m >= 12:
        change = (_spread(rest[:, half:]) + 0.05) / (_spread(rest[:, :half]) + 0.05)
    return {
        "likes__100p__spread": sd,
        "likes__100p__floor": ordered[:, 0] - median,
        "likes__100p__peak": ordered[:, -1] - median,
        "likes__100p__skew": row_mean(square * scaled),
        "likes__100p__flat_top": row_mean(square * square),
        "likes__100p__lag1": _lag1(rest),
        "likes__100p__trend": cut(30.0 * slope, -5.0, 5.0),
        "likes__100p__spread_change": change,
        "likes__30d__shift": _shift_30d(log, c["age"]),
    }


def _like_rate_median(c: _Columns) -> _Columns:
    rate = in_order(c["like_rate"] / _LN_10)
    return {"like_rate__100p__median": quantile(rate, 0.5)}


def _like_rate(c: _Columns) -> _Columns:
    log = c["like_rate"]
    up, down = _steps(log, _lag1(detrended(log, c["day"])[0]))
    return _like_rate_median(c) | {"likes__100p__step": up, "likes__100p__step_down": down}


def _comments(c: _Columns) -> _Columns:
    log = c["log_comments_count"]
    return {
        "comments__100p__spread": _spread(detrended(log, c["day"])[0]),
        "comments__30d__shift": _shift_30d(log, c["age"]),
        "zero_comments__100p__share": row_mean(c["comments_count"] == 0),
    }


def _comment_rate(c: _Columns) -> _Columns:
    return {
        "comment_rate__100p__mean": row_mean(c["comments_count"]) + 0.05,
        "comment_rate__100p__mean: mean log level": row_mean(c["log_level"]),
    }


def _likes_and_comments(c: _Columns) -> _Columns:
    likes, comments = c["log_likes"], c["log_comments_count"]
    x, y = (deviation(v, row_mean(v)[:, None]) for v in (likes, comments))
    xx, yy, xy = row_sum(x * x), row_sum(y * y), row_sum(x * y)
    slope = ratio(xy, xx)
    residual = np.sqrt(np.maximum(yy - np.where(np.isnan(slope), 0.0, slope) * xy, 0.0) / likes.shape[1])
    sums = (row_sum(c["comments_count"]) + 0.5) / (row_sum(c["likes"]) + 10.0)
    up, reply = _robust(likes), _robust(comments)
    orphan = (up > 2.5) & (reply < 0.5)
    excess = row_max(np.where(reply < 0.5, likes - median(likes, keepdims=True), 0.0))
    return {
        "coupling__100p__likes_comments": ratio(xy, np.sqrt(xx * yy)),
        "coupling__100p__slope": cut(slope, -5.0, 5.0),
        "coupling__100p__residual": residual,
        "comments_per_like__100p__log": sums,
        "orphan_likes__100p__share": row_mean(orphan),
        "orphan_likes__100p__excess": np.maximum(excess, 0.0),
    }


def _robust(values: FloatArray) -> FloatArray:
    """Return distances from the row's median in units of its (scaled) median deviation, at least 0.1."""
    centred = values - median(values, keepdims=True)
    return centred / np.maximum(1.4826 * median(np.abs(centred), keepdims=True), 0.1)


def _level(column: str, name: str) -> Callable[[_Columns], _Columns]:
    """Return the kernel of a level: known from five posts on, or from one row that stands for all posts together."""
    return lambda c: {name: row_mean(c[column]), f"{name}: mean log level": row_mean(c["log_level"])}


def _told(c: _Columns) -> np.ndarray:
    """Return the posts that levels are told from: all of a creator with five, else rows that are totals."""
    return c["told"] == 1.0


def _share_like_level(c: _Columns) -> _Columns:
    return {"share_like_level__100p__log": row_sum(c["shares"]) / (row_sum(c["likes"]) + 2.0) + TRACE}


def _comment_like_level(c: _Columns) -> _Columns:
    likes = row_sum(c["likes"]) + 2.0
    return {"comment_like_level__100p__log": row_sum(c["comments_count"]) / likes + TRACE}


def _views(c: _Columns) -> _Columns:
    return {"views__100p__spread": _spread(detrended(c["log_views"], c["day"])[0])}


def _view_rate(c: _Columns) -> _Columns:
    rate = in_order(c["view_rate"] / _LN_10)
    return {"view_rate__100p__median": quantile(rate, 0.5)}


def _likes_and_views(c: _Columns) -> _Columns:
    likes, views = c["log_likes"], c["log_views"]
    x, y = (deviation(v, row_mean(v)[:, None]) for v in (views, likes))
    xx, yy, xy = row_sum(x * x), row_sum(y * y), row_sum(x * y)
    orphan = (_robust(views) > 2.5) & (_robust(likes) < 0.5)
    return {
        "likes_per_view__100p__log": (row_sum(c["likes"]) + 0.5) / (row_sum(c["views"]) + 10.0),
        "likes_above_views__100p__share": row_mean(c["likes"] > c["views"]),
        "coupling__100p__likes_views": ratio(xy, np.sqrt(xx * yy)),
        "coupling__100p__view_residual": _spread(likes - views),
        "orphan_views__100p__share": row_mean(orphan),
    }


def _shares(c: _Columns) -> _Columns:
    return {"shares_per_like__100p__log": (row_sum(c["shares"]) + 0.5) / (row_sum(c["likes"]) + 10.0)}


def _saves(c: _Columns) -> _Columns:
    return {"saves_per_like__100p__log": (row_sum(c["saves"]) + 0.5) / (row_sum(c["likes"]) + 10.0)}


def _sponsored(c: _Columns) -> _Columns:
    rest, _ = detrended(c["log_likes"], c["day"])
    paid = c["is_sponsored"] == 1.0
    other = mean_where(rest, ~paid, 5)
    sd = np.sqrt(mean_where((rest - other[:, None]) ** 2, ~paid, 5))
    return {"sponsored__100p__contrast": (mean_where(rest, paid, 2) - other) / (sd + 0.1)}


def _formats(c: _Columns) -> _Columns:
    log = c["log_likes"]
    moving = c["is_video"] == 1.0
    return {"format__100p__contrast": mean_where(log, moving, 3) - mean_where(log, ~moving, 3)}


def _last_digits(c: _Columns) -> _Columns:
    m = c["likes"].shape[1]
    digit = c["likes"] % 10.0
    count = np.stack([row_sum(digit == d) for d in range(10)], axis=1)
    rounded = row_mean(c["likes"] % 100.0 == 0) > 0.5
    chi = row_sum((count - m / 10.0) ** 2) / (m / 10.0) / 9.0
    return {"digits__100p__last": np.where(rounded, np.nan, chi)}


def _first_digits(c: _Columns) -> _Columns:
    lead = _first_digit(c["likes"])
    share = np.stack([row_mean(lead == d) for d in range(1, 10)], axis=1)
    return {"digits__100p__first": row_sum(np.abs(share - BENFORD))}


def _first_digit(likes: FloatArray) -> FloatArray:
    return np.floor(likes / np.power(10.0, np.floor(np.log10(likes) + 1e-12)))


def _habit(c: _Columns) -> _Columns:
    gaps = c["day"][:, 1:] - c["day"][:, :-1]
    span = c["day"][:, -1] - c["day"][:, 0]
    m = c["day"].shape[1]
    return {
        "posting__100p__per_week": 7.0 * (m - 1) / np.maximum(span, 0.5),
        "posting__100p__gap_cv": ratio(_spread(gaps), row_mean(gaps)),
    }


@dataclass(frozen=True)
class _Step:
    """What is computed, the counts it needs, how many posts, and which posts it looks at."""

    kernel: Callable[[_Columns], _Columns]
    needs: tuple[str, ...]
    minimum: int = LEAST_POSTS
    keep: Callable[[_Columns], np.ndarray] | None = None


def _rate_of(kind: str) -> Callable[[_Columns], _Columns]:
    """Return the kernel of the like rate of one kind of format."""
    return lambda c: {f"like_rate_{kind}__100p__median": _like_rate_median(c)["like_rate__100p__median"]}


_STEPS = (
    _Step(_likes, ("likes",)),
    _Step(_like_rate, ("likes", "level")),
    _Step(_rate_of("video"), ("likes", "level"), 3, lambda c: c["is_video"] == 1.0),
    _Step(_rate_of("still"), ("likes", "level"), 3, lambda c: c["is_video"] == 0.0),
    _Step(_comments, ("comments_count",)),
    _Step(_comment_rate, ("comments_count", "level")),
    _Step(_likes_and_comments, ("likes", "comments_count")),
    _Step(_level("likes", "like_level__100p__log"), ("likes", "level"), 1, _told),
    _Step(_level("comments_count", "comment_level__100p__log"), ("comments_count", "level"), 1, _told),
    _Step(_level("shares", "share_level__100p__log"), ("shares", "level"), 1, _told),
    _Step(_comment_like_level, ("likes", "comments_count"), 1, _told),
    _Step(_share_like_level, ("likes", "shares"), 1, _told),
    _Step(_views, ("views",)),
    _Step(_view_rate, ("views", "level")),
    _Step(_likes_and_views, ("likes", "views")),
    _Step(_shares, ("likes", "shares")),
    _Step(_saves, ("likes", "saves")),
    _Step(_sponsored, ("likes", "is_sponsored")),
    _Step(_formats, ("likes", "is_video")),
    _Step(_last_digits, ("likes",), MOST_DIGITS, lambda c: c["likes"] >= 100.0),
    _Step(_first_digits, ("likes",), MOST_DIGITS, lambda c: c["likes"] >= 1.0),
)  # fmt: skip
"""What is computed over the settled posts."""
_BY_NEEDS = {
    needs: [step for step in _STEPS if step.needs == needs] for needs in dict.fromkeys(s.needs for s in _STEPS)
}
_NEEDED = tuple(dict.fromkeys(name for needs in _BY_NEEDS for name in needs))
