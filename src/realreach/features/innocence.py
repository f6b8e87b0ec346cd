"""The innocence test: what else than a delivery could have brought the followers of a window.

Every window of unusual growth (:mod:`realreach.features.windows`) is asked the questions that a fair reviewer would
ask. Was there a post that many saw, liked or talked about? A giveaway, a partner named in a caption? Did the posts
after it rise too, as they do when the newcomers are people? Did the growth fade, as interest does? Did the creator
follow many others just before, did a purge come back, is it only rounding, a gap, or the unevenness that honest curves
have anyway? Each answer is a strength between 0 and 1; together they give the share of the window that is explained.
"Unexplained" is not "bought": a third party can order followers for anybody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
import pyarrow.compute as pc

from realreach.features.blocks import Ragged, not_known, ratio, segment_sum
from realreach.features.catalogue import Feature
from realreach.features.growth import MINIMUM_DAYS
from realreach.features.post_rows import COUNTS, LEAST_POSTS
from realreach.features.post_strength import first_post_from, range_max
from realreach.features.view import View
from realreach.features.windows import Curve, Windows, growth_windows
from realreach.tables.core import FloatArray, IntArray

__all__ = ["EXPLANATIONS", "FEATURES", "Innocence", "Verdict", "compute", "innocence_of"]


@dataclass(frozen=True)
class Verdict:
    """What an innocence test can end in, in both languages."""

    code: str
    sentence: str
    sentence_id: str


VERDICTS = (
    Verdict("explained", "explained by what else is seen", "terjelaskan oleh hal lain yang terlihat"),
    Verdict("partly", "partly explained", "terjelaskan sebagian"),
    Verdict("unexplained", "not explained by anything that is seen", "tidak terjelaskan oleh apa pun yang terlihat"),
)
EXPLAINED, PARTLY = 0.67, 0.33
"""Explained share from which on a window is explained, or partly so; chosen on simulated creators of seed 11."""

EXPLANATIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "post": ("a strong post at that time", "posting yang kuat pada saat itu"),
        "giveaway": ("a giveaway named in a caption", "giveaway yang disebut dalam keterangan"),
        "partner": ("a partner named in a caption", "mitra yang disebut dalam keterangan"),
        "response": ("likes, comments and views rose along with the followers", "suka, komentar, dan tayangan naik bersama pengikut"),
        "level_step": ("one exact step with the engagement jumping along, as when accounts are merged", "satu lompatan tepat disertai naiknya interaksi, seperti saat akun digabung"),
        "fading": ("the growth faded slowly, as interest does", "pertumbuhan mereda perlahan, seperti minat penonton"),
        "unevenness": ("the ordinary unevenness of growth", "ketidakrataan pertumbuhan yang wajar"),
        "following_wave": ("many accounts were followed just before", "banyak akun diikuti tepat sebelumnya"),
        "rebound": ("followers lost just before came back", "pengikut yang hilang sebelumnya kembali"),
        "rounding": ("the platform rounds its counts", "platform membulatkan angka"),
        "gap": ("a gap in the collection stands beside it", "ada celah pencatatan di sebelahnya"),
        "same_day": ("other creators grew on the same days", "kreator lain tumbuh pada hari yang sama"),
    }
)  # fmt: skip
"""Explanations that are tried, in English and Indonesian. ``same_day`` needs a batch: evidence only, never a feature."""


def _f(name: str, unit: str, en: str, idn: str, direction: int, low: float, high: float | None, missing: str, monotone: bool = False) -> Feature:  # fmt: skip
    return Feature(name, unit, missing, en, idn, direction, low, high, "G1, X2", monotone=monotone)


_NO_CURVE = "no daily or weekly curve of six counts over three weeks"
_NO_POSTS = f"{_NO_CURVE}, or fewer than five posts with counts"
FEATURES: tuple[Feature, ...] = (
    _f("growth__innocence__366d__unexplained_share", "share of followers", "followers from windows that the curve itself does not explain", "pengikut dari lonjakan yang tidak dijelaskan kurva itu sendiri", 1, 0, 1, _NO_CURVE, monotone=True),
    _f("growth__innocence__366d__windows", "windows", "windows of growth that the curve itself does not explain", "jumlah lonjakan yang tidak dijelaskan kurva itu sendiri", 0, 0, 12, _NO_CURVE),
    _f("coherence__growth_engagement_innocence__366d__unexplained_share", "share of followers", "followers from windows of growth that nothing explains", "pengikut dari lonjakan yang tidak terjelaskan", 1, 0, 1, _NO_POSTS, monotone=True),
    _f("coherence__growth_engagement_innocence__366d__largest_share", "share of followers", "largest window of growth that nothing explains", "lonjakan terbesar yang tidak terjelaskan", 1, 0, 1, _NO_POSTS),
    _f("coherence__growth_engagement_innocence__366d__explained_share", "share of the windows", "share of the unusual growth that something explains", "bagian pertumbuhan tak biasa yang terjelaskan", -1, 0, 1, f"{_NO_POSTS}, or no window"),
    _f("coherence__growth_engagement_innocence__366d__answer", "log likelihood ratio", "engagement rising along with the largest window of growth", "interaksi yang naik bersama lonjakan terbesar", -1, -6, 6, f"{_NO_POSTS}, or no window after the first post"),
)  # fmt: skip
"""What the test found, as features; a window counts only with the part that is left unexplained."""

_CURVE_ALONE = ("unevenness", "fading", "rebound", "rounding", "gap", "following_wave")
"""Explanations that need no post."""
_USUAL_SURPRISE = 28.0
"""Spreads at which half of a window is put down to ordinary unevenness (windows of simulated seed 11 that nothing else
explains: a third of those at 28 spreads were deliveries, four fifths of those beyond 60)."""
_BEFORE_DAYS = 3.0
"""Days before a window in which a post can be its cause."""
_AFTER_DAYS = 45.0
_POSTS_BEFORE = 12
_FOLLOW_BACK = 0.15
"""Share of accounts followed that follow back, at most (DOMAIN M11: 10-13 %)."""
_SHARED = 0.85
"""Share of the growth in followers that likes show where the newcomers are people."""

# Giveaway and partner words of Indonesian and English captions, and the commonest of other languages met beside them.
_GIVEAWAY = (
    r"(?i)(give[\s-]?away|\bgiving away\b|\bgiv ?aways?\b|bagi-?\s?bagi|\bhadiah|\bkuis\b|\bundian|\bwin a\b|\bsorteo\b|"
    r"\bsorteio\b|\bregalo\b|プレゼント企画|プレゼント、|이벤트|나눔|แจก|(tag|mention) \d+ (friend|people|teman|kawan|dost))"
)
_PARTNER = r"(?i)(@[\w.]{3,30}|\bcollab\b|\bkolab\b|\bkolaborasi\b|\bbareng\b|\bfeat\.?\s|\bft\.\s|\bduet\b|\bx @)"


@dataclass(frozen=True, eq=False)
class Innocence:
    """Windows of unusual growth and what explains them.

    Parameters
    ----------
    windows
        The windows, creators one after another, oldest first.
    strengths
        For each explanation: how much of each window it explains, 0 to 1; 0 too where it cannot be asked.
    asked
        Whether the posts around each window are known, so that their silence means something.
    answer
        How much likelier the posts after each window are if the newcomers engage than if they do not (log likelihood
        ratio, -6 to 6); 0 where it cannot be told.
    """

    windows: Windows
    strengths: Mapping[str, FloatArray]
    asked: np.ndarray
    answer: FloatArray

    @cached_property
    def explained(self) -> FloatArray:
        """Share of each window that is explained: one less the product of what each explanation leaves open."""
        left = np.ones(len(self.windows))
        for strength in self.strengths.values():
            left = left * (1.0 - strength)
        return 1.0 - left

    @cached_property
    def verdict(self) -> IntArray:
        """Position of each window's verdict in ``VERDICTS``: 0 explained, 1 partly, 2 unexplained."""
        return np.where(self.explained >= EXPLAINED, 0, np.where(self.explained >= PARTLY, 1, 2)).astype(np.int64)


def innocence_of(view: View) -> Innocence:
    """Find the windows of unusual growth of every creator of a view, and put each to the test.

    A creator alone gets the same answer as in any crowd; what other creators did on the same days is asked by
    :func:`realreach.evidence.with_crowd` only.
    """
    curve = view.curve
    if curve is None:
        nothing = np.empty(0)
        none = np.empty(0, dtype=np.int64)
        windows = Windows(none, none, none, nothing, nothing, nothing, nothing, nothing, nothing)
        return Innocence(windows, {}, np.empty(0, dtype=bool), nothing)
    windows = growth_windows(curve)
    strengths = _of_the_curve(curve, windows)
    asked, answer = np.zeros(len(windows), dtype=bool), np.zeros(len(windows))
    if view.posts is not None and len(windows):
        asked = _asked(view, windows)
        answer = np.clip(_shared_growth(view, windows), -6.0, 6.0)
        strengths |= _of_the_posts(view, windows, answer)
    return Innocence(windows, strengths, asked, answer)


def compute(view: View) -> dict[str, FloatArray]:
    """Return what the innocence test says of every creator, one array per catalogue name; NaN = not known."""
    n = len(view)
    out = {f.name: not_known(n) for f in FEATURES}
    curve = view.curve
    if curve is None:
        return out
    tested = innocence_of(view)
    w = tested.windows
    dated = np.zeros(n)
    np.maximum.at(dated, curve.owner, (~np.isnan(curve.columns["surprise"])).astype(np.float64))
    long = np.zeros(n)
    long[curve.owner] = curve.columns["span"]
    followed = np.zeros(n)
    np.maximum.at(followed, curve.owner, curve.columns["level"])
    has_curve = (dated > 0) & (long >= MINIMUM_DAYS) & (followed > 0)
    by_curve = 1.0 - np.prod([1.0 - tested.strengths[name] for name in _CURVE_ALONE], axis=0)
    values = _totals(curve, w, by_curve, n)
    told = {"growth__innocence__366d__unexplained_share": values["share"]}
    told["growth__innocence__366d__windows"] = segment_sum((by_curve < PARTLY).astype(np.float64), w.owner, n)
    told = {name: np.where(has_curve, value, np.nan) for name, value in told.items()}
    if view.posts is not None:
        told |= _with_posts(view, tested, _totals(curve, w, tested.explained, n), has_curve)
    return out | told


def _totals(curve: Curve, w: Windows, explained: FloatArray, n: int) -> dict[str, FloatArray]:
    """Return what all windows of each creator leave unexplained, what the largest does, and how much is explained."""
    last = not_known(n)
    last[curve.owner] = np.maximum(curve.columns["level"] + curve.columns["gain"], 1.0)
    excess = np.maximum(w.excess, 0.0)
    open_ = excess * (1.0 - explained)
    most = np.zeros(n)
    np.maximum.at(most, w.owner, open_)
    unusual = segment_sum(excess, w.owner, n)
    return {
        "share": np.clip(segment_sum(open_, w.owner, n) / last, 0.0, 1.0),
        "largest": np.clip(most / last, 0.0, 1.0),
        "explained": np.clip(1.0 - ratio(segment_sum(open_, w.owner, n), unusual), 0.0, 1.0),
    }


def _with_posts(
    view: View, tested: Innocence, values: dict[str, FloatArray], has_curve: np.ndarray
) -> dict[str, FloatArray]:
    n, w = len(view), tested.windows
    posts = view.settled
    counted = view.post_strength.counted(posts)
    known = has_curve & (counted >= LEAST_POSTS)
    # The largest window that lies after the first post: only there can an answer be heard.
    order = np.lexsort((w.first, -w.excess, w.owner))
    order = order[tested.asked[order]]
    largest = order[np.flatnonzero(np.diff(w.owner[order], prepend=-1))]
    answer = not_known(n)
    answer[w.owner[largest]] = tested.answer[largest]
    told = {
        "unexplained_share": values["share"],
        "largest_share": values["largest"],
        "explained_share": values["explained"],
        "answer": answer,
    }
    prefix = "coherence__growth_engagement_innocence__366d__"
    return {prefix + name: np.where(known, value, np.nan) for name, value in told.items()}


def _ramp(values: FloatArray, low: float, high: float) -> FloatArray:
    """Return 0 below ``low``, 1 above ``high``, straight between; 0 for NaN.

    Examples
    --------
    >>> _ramp(np.array([1.0, 2.0, np.nan]), 1.0, 3.0)
    array([0. , 0.5, 0. ])
    """
    return np.clip(np.nan_to_num((values - low) / (high - low), nan=0.0), 0.0, 1.0)


def _of_the_curve(curve: Curve, w: Windows) -> dict[str, FloatArray]:
    """Ask what the curve itself explains."""
    columns, owner = curve.columns, w.owner
    starts, ends = curve.starts[:-1][owner], curve.starts[1:][owner]
    excess = np.maximum(w.excess, 1.0)
    # Small windows of honest creators are the more surprising ones: below six hundredths less is made of a surprise.
    z = np.maximum(w.surprise, 1e-9) * np.sqrt(np.minimum(_share(w) / 0.06, 1.0))
    top = range_max(columns["level"], np.maximum(w.first - 14, starts), w.first + 1)
    came_back = np.clip((top - w.level) / excess, 0.0, 1.0)
    overshoot = (w.level + w.gain - top) / excess
    return {
        "unevenness": 0.97 / (1.0 + (z / _USUAL_SURPRISE) ** 2),
        "fading": 0.4 * _ramp(_tail(curve, w) / excess, 0.15, 0.8),
        "rebound": np.where(overshoot < 0.5, 0.9 * came_back, 0.0),
        "rounding": _ramp(columns["step"][w.first] / excess, 0.2, 0.7),
        "gap": 0.3 * _gap_beside(curve, w, starts, ends),
        "following_wave": 0.9 * _ramp(_FOLLOW_BACK * _followed(curve, w, starts) / excess, 0.0, 1.0),
    }


def _tail(curve: Curve, w: Windows) -> FloatArray:
    """Return followers beyond the usual in the five intervals after each window (gaps end it)."""
    columns = curve.columns
    rest = columns["gain"] - columns["expected"]
    out, open_ = np.zeros(len(w)), np.ones(len(w), dtype=bool)
    for step in range(1, 6):
        row = np.minimum(w.last + step, len(rest) - 1)
        open_ = open_ & (w.last + step < curve.starts[1:][w.owner]) & ~np.isnan(columns["surprise"][row])
        out += np.where(open_, rest[row], 0.0)
    return out


def _gap_beside(curve: Curve, w: Windows, starts: IntArray, ends: IntArray) -> FloatArray:
    gap = np.isnan(curve.columns["surprise"])
    before = (w.first > starts) & gap[np.maximum(w.first - 1, 0)]
    after = (w.last + 1 < ends) & gap[np.minimum(w.last + 1, len(gap) - 1)]
    return (before | after).astype(np.float64)


def _followed(curve: Curve, w: Windows, starts: IntArray) -> FloatArray:
    """Return accounts followed from four counts before each window to its end; 0 where following is not recorded."""
    history = curve.history
    following = history.columns["following"]
    first = history.starts[w.owner]
    begin = np.maximum(first + w.first - starts - 4, first)
    highest = range_max(np.nan_to_num(following, nan=-np.inf), begin, first + w.last - starts + 2)
    return np.nan_to_num(np.maximum(highest - following[begin], 0.0), nan=0.0, posinf=0.0)


def _asked(view: View, w: Windows) -> np.ndarray:
    """Return whether a window lies after the creator's first post that was read, and there are five with counts."""
    posts = view.settled
    known = view.post_strength.counted(posts)
    first = np.full(len(view), np.inf)
    some = posts.lengths > 0
    first[some] = posts.columns["day"][posts.starts[:-1][some]]
    return (known[w.owner] >= LEAST_POSTS) & (w.start >= first[w.owner])


def _of_the_posts(view: View, w: Windows, rose: FloatArray) -> dict[str, FloatArray]:
    """Ask what the posts around each window explain."""
    posts = view.settled
    low = first_post_from(posts, w.owner, w.start - _BEFORE_DAYS)
    high = np.maximum(first_post_from(posts, w.owner, w.end + 1.0), low)
    lift, strength = view.post_strength.best(low, high)
    # How many days of usual growth the window brought, against how many usual posts the best one was worth.
    usual = np.maximum(w.expected / (w.end - w.start), 0.0003 * w.level + 0.1)
    worth = np.log(np.maximum(w.excess, 1.0) / usual)
    open_ = worth - np.log(np.maximum(np.expm1(np.minimum(lift, 9.0)), 1e-9))
    out = {"post": np.where(strength >= 1.5, 0.9 * (1.0 - _ramp(open_, 1.5, 4.0)), 0.0)}
    step = (w.last == w.first) & (_share(w) >= 0.05)
    answer = np.where(rose > 0, 1.0 - np.exp(-rose), 0.0)
    # Who buys followers often buys likes with them, so a level that rose is half an explanation at most.
    out["response"] = np.where(step, 0.0, 0.35 * answer)
    out["level_step"] = np.where(step, 0.5 * answer, 0.0)
    # A giveaway that works is talked about: wording alone can stand under any post.
    out["giveaway"] = (0.15 + 0.45 * _ramp(lift, 0.7, 1.6)) * _worded(view, w, _GIVEAWAY)
    out["partner"] = (0.10 + 0.20 * _ramp(lift, 0.7, 1.6)) * _worded(view, w, _PARTNER)
    return out


def _share(w: Windows) -> FloatArray:
    """Return each window's excess as a share of the followers after it."""
    return np.maximum(w.excess, 0.0) / np.maximum(w.level + w.gain, 1.0)


def _shared_growth(view: View, w: Windows) -> FloatArray:
    """Return how much likelier the later posts are if newcomers engage than if they do not (log likelihood ratio).

    The mean over likes, comments and views, each against its own spread from post to post; 0 where nothing is known.
    """
    posts = view.settled
    growth = _SHARED * (np.log1p(w.level + w.gain) - np.log1p(w.level))
    first, end = posts.starts[w.owner], posts.starts[w.owner + 1]
    begin = first_post_from(posts, w.owner, w.start - 1.0)
    early = (np.maximum(begin - _POSTS_BEFORE, first), begin)
    later = first_post_from(posts, w.owner, w.end + 1.0)
    late = (later, np.clip(first_post_from(posts, w.owner, w.end + _AFTER_DAYS), later, end))
    total, number = np.zeros(len(w)), np.zeros(len(w))
    for name in COUNTS:
        values = np.log1p(posts.columns[name])
        n0, m0, v0 = _moments(posts, values, *early)
        n1, m1, v1 = _moments(posts, values, *late)
        pooled = (n0 * v0 + n1 * v1) / np.maximum(n0 + n1 - 2.0, 1.0) + 0.02
        square = pooled * (1.0 / np.maximum(n0, 1.0) + 1.0 / np.maximum(n1, 1.0)) + 0.01
        known = (n0 >= 2) & (n1 >= 1)
        total += np.where(known, ((m1 - m0) * growth - 0.5 * growth**2) / square, 0.0)
        number += known
    return total / np.maximum(number, 1.0)


def _moments(
    posts: Ragged, values: FloatArray, low: IntArray, high: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return number, mean and variance of the known values of ``low:high`` (at most 100 posts each)."""
    length = high - low
    rows = np.repeat(low - np.concatenate([[0], np.cumsum(length)])[:-1], length) + np.arange(int(length.sum()))
    holder = np.repeat(np.arange(len(low)), length)
    picked = values[rows]
    known = ~np.isnan(picked)
    number = segment_sum(known.astype(np.float64), holder, len(low))
    mean = segment_sum(np.where(known, picked, 0.0), holder, len(low)) / np.maximum(number, 1.0)
    away = np.where(known, picked - mean[holder], 0.0)
    return number, mean, segment_sum(away * away, holder, len(low)) / np.maximum(number, 1.0)


def _worded(view: View, w: Windows, pattern: str) -> FloatArray:
    """Return 1 for windows around which a caption has such wording (settled or not), 0 otherwise."""
    table, posts = view.posts_table, view.posts
    assert table is not None
    assert posts is not None
    if "caption" not in table:
        return np.zeros(len(w))
    low = first_post_from(posts, w.owner, w.start - _BEFORE_DAYS)
    high = np.maximum(first_post_from(posts, w.owner, w.end + 1.0), low)
    # Only captions near a window are looked at: far fewer than there are.
    near = np.zeros(len(table) + 1, dtype=np.int64)
    np.add.at(near, low, 1)
    np.add.at(near, high, -1)
    rows = np.flatnonzero(np.cumsum(near[:-1]) > 0)
    said = np.zeros(len(table))
    texts = pc.utf8_slice_codeunits(table.strings("caption").take(rows), 0, 2_000)
    said[rows] = pc.fill_null(pc.match_substring_regex(texts, pattern), False).to_numpy(zero_copy_only=False)
    return np.maximum(range_max(said, low, high), 0.0)
