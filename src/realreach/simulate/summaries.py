"""Per-account summaries of curves, posts and comments for comparing a simulated world with life.

They are written a second time on purpose and share no code with the features of the model: a mistake in the one must
not hide in the other. The names of the post summaries are those of the published norms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from realreach.tables.core import FloatArray

__all__ = ["Account", "burst_summary", "curve_summary", "post_summary"]

_NAN = float("nan")
_MIN_POSTS = 8  # as in the published norms
_SHORTEST_SPAN = 3.0  # days; likewise: a rhythm cannot be read from a burst of posts


@dataclass(frozen=True, eq=False)
class Account:
    """Posts of one account, newest first. Arrays have one value a post; NaN = not known.

    ``posted`` is in days (since 1970-01-01), ``clock`` says whether it holds a time of day, ``format`` is ``image``,
    ``carousel`` or ``video`` (empty = not known).
    """

    key: str
    followers: float
    posted: FloatArray
    likes: FloatArray
    comments: FloatArray
    views: FloatArray
    shares: FloatArray
    format: npt.NDArray[np.str_]
    clock: bool = True

    def __len__(self) -> int:
        return len(self.posted)

    def take(self, chosen: npt.NDArray[np.generic] | slice) -> Account:
        """Return the account with some of its posts only."""
        columns = {name: getattr(self, name)[chosen] for name in _POST_COLUMNS}
        return replace(self, **columns)

    def newest(self, count: int) -> Account:
        """Return the account with its ``count`` newest posts."""
        return self.take(slice(0, count))


_POST_COLUMNS = ("posted", "likes", "comments", "views", "shares", "format")


def _correlation(x: FloatArray, y: FloatArray) -> float:
    if len(x) < 4 or x.std() < 1e-12 or y.std() < 1e-12:
        return _NAN
    return float(np.corrcoef(x, y)[0, 1])


def _ranks(x: FloatArray) -> FloatArray:
    """Return ranks with ties shared (average rank)."""
    _, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    upper = np.cumsum(counts)
    return (upper - (counts - 1) / 2)[inverse].astype(np.float64)


def _ratio(a: float, b: float) -> float:
    return a / b if b > 0 else _NAN


def _detrended_sd(values: FloatArray) -> float:
    order = np.arange(len(values), dtype=np.float64)
    slope, start = np.polyfit(order, values, 1)
    return float(np.std(values - start - slope * order, ddof=1))


def _gini(values: FloatArray) -> float:
    ordered = np.sort(values)
    n = len(ordered)
    total = ordered.sum()
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total)) if total > 0 else _NAN


def _like_summary(likes: FloatArray, followers: float) -> dict[str, float]:
    logs = np.log(likes + 1)
    median = max(float(np.median(likes)), 0.5)
    return {
        "er_like": _ratio(float(likes.mean()), followers),
        "er_like_med": _ratio(float(np.median(likes)), followers),
        "cv_like": _ratio(float(likes.std(ddof=1)), float(likes.mean())),
        "sd_log_like": float(logs.std(ddof=1)),
        "sd_log_like_detr": _detrended_sd(logs),
        "ac1_log_like": _correlation(logs[1:], logs[:-1]),
        "frac_gt3med": float((likes > 3 * median).mean()),
        "frac_lt_third": float((likes < median / 3).mean()),
        "max_over_med": float(likes.max()) / median,
        "min_over_med": float(likes.min()) / median,
        "gini_like": _gini(likes),
        "trend_log_like": float(np.polyfit(np.linspace(0.5, -0.5, len(logs)), logs, 1)[0]),
        "skew_log_like": float(((logs - logs.mean()) ** 3).mean() / max(float(logs.std()), 1e-9) ** 3),
    }


def _comment_summary(likes: FloatArray, comments: FloatArray, followers: float) -> dict[str, float]:
    log_likes, log_comments = np.log(likes + 1), np.log(comments + 1)
    both = (likes > 0) & (comments > 0)
    known = log_likes.std() > 1e-9
    slope, start = np.polyfit(log_likes, log_comments, 1) if known else (_NAN, _NAN)
    return {
        "like_per_comment": _ratio(float(likes.sum()), float(comments.sum())),
        "comment_per_100like": 100 * _ratio(float(comments.sum()), float(likes.sum())),
        "er_total": _ratio(float((likes + comments).mean()), followers),
        "er_comment": _ratio(float(comments.mean()), followers),
        "cv_comment": _ratio(float(comments.std(ddof=1)), float(comments.mean())),
        "frac_zero_comment": float((comments == 0).mean()),
        "corr_like_comment_log": _correlation(log_likes, log_comments),
        "corr_like_comment_raw": _correlation(likes, comments),
        "spearman": _correlation(_ranks(likes), _ranks(comments)),
        "slope_logc_on_logl": float(slope),
        "sd_resid_logc": float(np.std(log_comments - start - slope * log_likes, ddof=1)) if known else _NAN,
        "sd_log_ratio": float(np.log(likes[both] / comments[both]).std(ddof=1)) if both.sum() >= 4 else _NAN,
        "fano_comment": _ratio(float(comments.var(ddof=1)), float(comments.mean())),
    }


def _view_summary(account: Account) -> dict[str, float]:
    known = np.isfinite(account.views) & (account.views > 0) & np.isfinite(account.likes)
    if known.sum() < _MIN_POSTS:
        return {}
    views, likes, shares = account.views[known], account.likes[known], account.shares[known]
    log_views, log_likes = np.log(views + 1), np.log(likes + 1)
    shared = float(np.nansum(shares)) if np.isfinite(shares).any() else _NAN
    return {
        "views_per_follower": _ratio(float(views.mean()), account.followers),
        "like_per_view": _ratio(float(likes.sum()), float(views.sum())),
        "cv_view": float(views.std(ddof=1) / views.mean()),
        "sd_log_view": float(log_views.std(ddof=1)),
        "sd_log_like_per_view": float(np.std(log_likes - log_views, ddof=1)),
        "corr_view_like_log": _correlation(log_views, log_likes),
        "shares_per_100like": 100 * _ratio(shared, float(likes.sum())),
    }


def _time_summary(posted: FloatArray, *, clock: bool) -> dict[str, float]:
    span = float(posted.max() - posted.min())
    if span <= _SHORTEST_SPAN:
        return {}
    gaps = -np.diff(np.sort(posted)[::-1])
    result = {
        "posts_per_week": _ratio(7 * (len(posted) - 1), span),
        "gap_cv": _ratio(float(gaps.std(ddof=1)), float(gaps.mean())),
        "gap_median_d": float(np.median(gaps)),
        "gap_max_over_mean": _ratio(float(gaps.max()), float(gaps.mean())),
    }
    if clock:
        angle = 2 * np.pi * (posted % 1)
        result["clock_concentration"] = float(np.hypot(np.cos(angle).mean(), np.sin(angle).mean()))
        result["same_clock_hour"] = float(np.bincount((posted % 1 * 24).astype(int) % 24).max() / len(posted))
    return result


def _format_summary(account: Account) -> dict[str, float]:
    """Return how much more or less videos and carousels are liked than images (medians)."""
    result = {}
    known = np.isfinite(account.likes)
    image = account.likes[known & (account.format == "image")]
    for name in ("video", "carousel"):
        of_kind = account.likes[known & (account.format == name)]
        result[f"share_{name}"] = float((account.format == name).mean())
        if len(of_kind) >= 3 and len(image) >= 3 and np.median(image) > 0:
            result[f"{name}_over_image"] = float(np.median(of_kind) / np.median(image))
    return result


def post_summary(account: Account) -> dict[str, float]:
    """Summarise an account's posts: level, spread, coupling of likes and comments, views, rhythm.

    Returns
    -------
    dict
        Summary by name (the norms' names where they have one); what cannot be computed is absent or NaN. Empty with
        fewer than 8 posts with known likes.

    Examples
    --------
    >>> many = np.arange(1.0, 11.0)
    >>> none = np.full(10, np.nan)
    >>> account = Account("a", 1000, many[::-1], many * 10, many, none, none, np.full(10, "image"))
    >>> summary = post_summary(account)
    >>> round(summary["er_like"], 3), summary["like_per_comment"], summary["posts_per_week"]
    (0.055, 10.0, 7.0)
    """
    known = account.take(np.isfinite(account.likes))
    if len(known) < _MIN_POSTS:
        return {}
    result = _like_summary(known.likes, account.followers)
    with_comments = np.isfinite(known.comments)
    if with_comments.sum() >= _MIN_POSTS:
        result |= _comment_summary(known.likes[with_comments], known.comments[with_comments], account.followers)
    result |= _view_summary(known)
    result |= _time_summary(account.posted, clock=account.clock)
    if np.any(account.format == "image"):
        result |= _format_summary(account)
    return result


def curve_summary(levels: FloatArray) -> dict[str, float]:
    """Summarise a follower curve (one value a day, NaN = not observed).

    Gains are counted per day between neighbouring observations, so that gaps do not look like bursts. Positive and
    negative days, dispersion, bursts, memory and overall growth come back by name; NaN where it cannot be known.
    Empty with fewer than 10 observations.

    Examples
    --------
    >>> summary = curve_summary(np.arange(100.0, 172.0))
    >>> summary["zero_share"], round(summary["growth"], 3), round(summary["best_day_share"], 3)
    (0.0, 0.536, 0.014)
    """
    days = np.flatnonzero(np.isfinite(levels))
    if len(days) < 10:
        return {}
    seen = levels[days]
    gaps = np.diff(days).astype(np.float64)
    gains = np.diff(seen) / gaps
    wins = gains[gains > 0]
    won = float(wins.sum())
    mean, best = float(gains.mean()), int(gains.argmax())
    rest = np.delete(gains, best)
    logs = np.log1p(np.maximum(gains, 0))
    half = len(gains) // 2
    level = max(float(np.median(seen)), 1.0)
    return {
        "growth": float(np.log(max(seen[-1], 1) / max(seen[0], 1))),
        "zero_share": float((gains == 0).mean()),
        "negative_share": float((gains < 0).mean()),
        "activity": float(np.abs(gains).mean()) / level,
        "fano": _ratio(float(gains.var()), abs(mean)),
        "fano_without_best": _ratio(float(rest.var()), abs(float(rest.mean()))),
        "best_day_share": _ratio(float(gains.max()), won),
        "second_over_best": _ratio(float(np.sort(gains)[-2]), float(gains.max())),
        "best_gain_of_level": float(gains.max()) / level,
        "worst_loss_of_level": float(gains.min()) / level,
        "lost_over_won": _ratio(float(-gains[gains < 0].sum()), won),
        "median_win": float(np.median(wins)) if len(wins) else _NAN,
        "ac1": _correlation(logs[1:], logs[:-1]),
        "ac2": _correlation(logs[2:], logs[:-2]),
        "ac7": _correlation(logs[7:], logs[:-7]),
        "halves": float(np.log((gains[half:].clip(0).sum() + 1) / (gains[:half].clip(0).sum() + 1))),
        "longest_still": float(_longest_run(gains == 0)) / len(gains),
        "weekly": _weekly_share(logs, days[1:]),
        "after_best": _after_best(gains, best),
        "loss_cv": _ratio(float(gains[gains < 0].std()), float(-gains[gains < 0].mean()))
        if (gains < 0).any()
        else _NAN,
    }


def _longest_run(flags: npt.NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max()) if len(edges) else 0


def _weekly_share(logs: FloatArray, days: npt.NDArray[np.intp]) -> float:
    """Return the share of the variance of log gains that the weekday explains."""
    total = float(((logs - logs.mean()) ** 2).sum())
    if total < 1e-12 or len(logs) < 28:
        return _NAN
    weekday = days % 7
    counts = np.bincount(weekday, minlength=7)
    means = np.bincount(weekday, logs, minlength=7) / np.maximum(counts, 1)
    return float((counts * (means - logs.mean()) ** 2).sum()) / total


def _after_best(gains: FloatArray, best: int) -> float:
    """Return log (mean gain in the week after the best day / week before it), with one added to both."""
    before, after = gains[max(0, best - 7) : best], gains[best + 1 : best + 8]
    if not len(before) or not len(after):
        return _NAN
    return float(np.log((max(after.mean(), 0) + 1) / (max(before.mean(), 0) + 1)))


def burst_summary(levels: FloatArray) -> Mapping[str, float]:
    """Describe a complete curve for a plain detector of deliveries: bursts, blocks and what surrounds them.

    Shares are of all followers won; windows of 1, 2, 3, 7 and 30 days. ``levels`` must have no gap.
    """
    gains = np.diff(levels)
    won = max(float(gains.clip(0).sum()), 1.0)
    ordered = np.sort(gains)[::-1]
    spread = max(float(np.median(np.abs(gains - np.median(gains)))) * 1.4826, 1.0)
    result = dict(curve_summary(levels))
    for width in (2, 3, 7, 30):
        sums = np.convolve(gains, np.ones(width), mode="valid")
        start = int(sums.argmax())
        inside = gains[start : start + width]
        outside = np.delete(gains, slice(start, start + width))
        result[f"best_{width}d_share"] = float(sums[start]) / won
        result[f"best_{width}d_evenness"] = float(inside.std() / max(inside.mean(), 0.5))
        result[f"best_{width}d_lift"] = float(np.log((max(inside.mean(), 0) + 0.5) / (max(outside.mean(), 0) + 0.5)))
    result["best_robust_z"] = float((ordered[0] - np.median(gains)) / spread)
    result["best_over_second"] = float(np.log((ordered[0] + 1) / max(ordered[1] + 1, 1)))
    result["second_over_third"] = float(np.log((max(ordered[1], 0) + 1) / (max(ordered[2], 0) + 1)))
    result["log_won"] = float(np.log(won))
    result["best_excess"] = float((ordered[0] - ordered[3]) / won)
    return result
