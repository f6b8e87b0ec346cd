"""The follower curve: what came when, in what shape, and what stayed.

Everything is computed on the intervals between observed counts, so that daily, weekly, monthly and irregular curves go
one way: an interval has a length in days, a gain, and a gain per day. Intervals more than three times as long as the
creator's usual one are gaps: their gain counts, but never as a burst. Features are scale-free: gains are judged against the
creator's own gains, its level, or the over-dispersion law of honest creators (variance about 4 x mean^1.6, measured). What a delivery
leaves in a curve is in the module ``deliveries``.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from realreach.features.blocks import Ragged, compute_in_blocks, deviation, mean_where, median, not_known, ratio
from realreach.features.catalogue import Feature
from realreach.features.curve import MINIMUM_COUNTS, MINIMUM_DAYS
from realreach.features.deliveries import FEATURES as DELIVERY_FEATURES
from realreach.features.deliveries import floor_lift, measure
from realreach.features.expected import (
    WINDOW,
    expected_rate,
    middle_of_windows,
    rounding_step,
    sorted_windows,
    spread_of_rate,
    surprise_against,
    surprise_of_gains,
)
from realreach.features.view import View
from realreach.tables.core import FloatArray

__all__ = [
    "CONTEXT_NAMES",
    "FEATURES",
    "compute",
    "curve_features",
    "expected_rate",
    "rounding_step",
    "spread_of_rate",
    "surprise_of_gains",
]

_SHORT = "fewer than 6 counts over three weeks"
_LOTS = np.array([100, 250, 500, 1000, 2000, 2500, 5000, 10_000, 20_000, 25_000, 50_000, 100_000], dtype=np.float64)


def _f(
    name: str, unit: str, en: str, idn: str, direction: int = 0, low: float | None = None, high: float | None = None, source: str = "",
    missing: str = _SHORT, peers: bool = False, monotone: bool = False,
) -> Feature:  # fmt: skip
    return Feature(f"growth__{name}", unit, missing, en, idn, direction, low, high, source, peers, monotone)


CONTEXT_NAMES = (
    "context__gain__366d__log10",
    "context__history__366d__days",
    "context__interval__366d__days",
    "context__gap__366d__share",
    "context__burst_age__366d__days",
)
"""Context that only the curve can tell; computed here, declared with the other context."""

_NO_BURST = "fewer than 6 counts over three weeks, or no gain at all"
FEATURES: tuple[Feature, ...] = (
    _f("gain_share__366d__max", "share of all gains", "share of all new followers that came in one interval", "bagian pengikut baru yang datang dalam satu selang", 1, 0, 1, "G8", _NO_BURST, peers=True),
    _f("gain_share__366d__top3", "share of all gains", "share of all new followers that came in the best three intervals", "bagian pengikut baru dari tiga selang terbaik", 1, 0, 1, "G8", _NO_BURST, peers=True),
    _f("gain__366d__gini", "0-1", "unevenness of the gains", "ketimpangan pertambahan pengikut", 1, 0, 1, "G8", _NO_BURST, peers=True),
    _f("gain__366d__effective_share", "share of intervals", "share of the time that carries the growth", "bagian waktu yang membawa pertumbuhan", -1, 0, 1, "G8", _NO_BURST, peers=True),
    _f("burst_level_share__366d__max", "share of followers", "best interval as a share of the followers after it", "selang terbaik sebagai bagian dari pengikut sesudahnya", 1, 0, 1, "G1", _NO_BURST),
    _f("burst_step__366d__log", "log ratio", "relative step of the best interval", "lonjakan relatif pada selang terbaik", 1, 0, None, "G1", _NO_BURST),
    _f("burst_surprise__366d__max", "expected spreads", "largest gain against what honest creators' spread allows", "lonjakan terbesar dibanding sebaran kreator jujur", 1, None, None, "G8"),
    _f("burst_size_share__366d__max", "share of all gains", "share of all new followers that came in the main burst", "bagian pengikut baru dari lonjakan utama", 1, 0, 1, "G1", _NO_BURST),
    _f("burst_width__366d__log_days", "log days", "length of the main burst", "lama lonjakan utama", 0, 0, None, "G3", _NO_BURST),
    _f("burst_flatness__366d__cv", "ratio", "unevenness inside the main burst", "ketidakrataan di dalam lonjakan utama", -1, 0, None, "G3", "no burst of three intervals"),
    _f("burst_run_up__366d__ratio", "ratio", "growth just before the burst, against its peak", "pertumbuhan tepat sebelum lonjakan dibanding puncaknya", -1, None, None, "G3", _NO_BURST),
    _f("burst_relaxation__366d__next", "ratio", "growth in the interval after the peak, against the peak", "pertumbuhan sesudah puncak dibanding puncaknya", 0, None, None, "G3", _NO_BURST),
    _f("burst_relaxation__366d__next3", "ratio", "growth in the three intervals after the peak, against the peak", "pertumbuhan tiga selang sesudah puncak", 0, None, None, "G3", _NO_BURST),
    _f("burst_decay__366d__exponent", "exponent", "how fast growth relaxed after the peak (power law: interest 0.2 to 1.4, a delivery ends at once)", "kecepatan pertumbuhan mereda sesudah puncak", 0, -10, 10, "G3, Crane and Sornette 2008", "fewer than three intervals after the peak"),
    _f("burst_lift__366d__log_ratio", "log ratio", "ordinary growth after the burst against before", "pertumbuhan biasa sesudah lonjakan dibanding sebelumnya", -1, None, None, "NORMS 3b", "no burst with an interval on both sides"),
    _f("burst_head__366d__ratio", "ratio", "new followers before the burst against the burst", "pengikut baru sebelum lonjakan dibanding lonjakan", -1, 0, None, "NORMS 2", _NO_BURST),
    _f("burst_tail__366d__ratio", "ratio", "new followers after the burst against the burst", "pengikut baru sesudah lonjakan dibanding lonjakan", -1, 0, None, "NORMS 2", _NO_BURST),
    _f("burst_second__366d__ratio", "ratio", "best interval outside the burst against the burst's best", "selang terbaik di luar lonjakan dibanding puncak", -1, 0, None, "NORMS 2", _NO_BURST),
    _f("burst_quiet_before__366d__share", "share of intervals", "intervals without growth before the burst", "selang tanpa pertumbuhan sebelum lonjakan", 1, 0, 1, "NORMS 2", "nothing before the burst"),
    _f("burst_quiet_after__366d__share", "share of intervals", "intervals without growth after the burst", "selang tanpa pertumbuhan sesudah lonjakan", 1, 0, 1, "NORMS 2", "nothing after the burst"),
    _f("burst_before__366d__share", "share of followers", "followers before the burst, as a share of those now", "pengikut sebelum lonjakan sebagai bagian dari sekarang", 0, 0, None, "", _NO_BURST),
    _f("burst_loss__366d__share", "share of the burst", "share of the burst that was lost again", "bagian lonjakan yang hilang lagi", 1, 0, None, "G6", _NO_BURST),
    _f("burst_lot__366d__distance", "log ratio", "distance of the burst from the next round lot below", "jarak lonjakan dari jumlah bulat", -1, 0, None, "G10", "no burst of 100 followers"),
    _f("unexplained_gain__366d__share", "share of followers", "followers beyond the usual growth and its spread", "pengikut di luar pertumbuhan biasa", 1, 0, None, "G1", monotone=True),
    _f("unexplained_gain__30d__share", "share of followers", "followers of the last 30 days beyond the usual growth", "pengikut 30 hari terakhir di luar kebiasaan", 1, 0, None, "G1, X7"),
    _f("surprise__366d__share_above_3", "share of intervals", "share of intervals with far too much growth", "bagian selang dengan pertumbuhan berlebih", 1, 0, 1, "G8"),
    _f("surprise__366d__runs", "per 100 intervals", "separate bursts", "jumlah lonjakan terpisah", 0, 0, 100, "G8"),
    _f("surprise__366d__second", "expected spreads", "second largest burst", "lonjakan terbesar kedua", 0, None, None, "G8"),
    _f("surprise__366d__low", "expected spreads", "largest sudden loss", "kehilangan mendadak terbesar", 0, None, None, "G6"),
    _f("level_shift__7p__max", "expected spreads", "strongest week of steady extra growth", "minggu terkuat dengan tambahan tetap", 1, None, None, "G5"),
    _f("level_shift__28p__max", "expected spreads", "strongest four weeks of steady extra growth", "empat minggu terkuat dengan tambahan tetap", 1, None, None, "G5"),
    _f("level_shift__28p__share", "share of all gains", "share of new followers in the best four weeks", "bagian pengikut baru dalam empat minggu terbaik", 1, 0, 1, "G5", _NO_BURST, peers=True),
    _f("dispersion__366d__log_ratio", "log ratio", "unevenness of gains against honest creators of this speed", "ketidakrataan dibanding kreator jujur", 0, None, None, "G5", _SHORT, peers=True),
    _f("dispersion__366d__log_ratio_trimmed", "log ratio", "the same without the best interval", "sama, tanpa selang terbaik", 0, None, None, "G5", _SHORT, peers=True),
    _f("dispersion__14p__min_log_ratio", "log ratio", "most regular two weeks, against honest creators", "dua minggu paling teratur dibanding kreator jujur", -1, None, None, "G5", "no two weeks with a gain of 3 an interval", peers=True),
    _f("steady_run__366d__share", "share of intervals", "longest run of nearly equal gains", "rentang terpanjang dengan tambahan hampir sama", 1, 0, 1, "G5", "median gain below 5"),
    _f("roughness__366d__log", "ln ratio", "usual jump from one interval's growth to the next", "lompatan pertumbuhan antar selang", 0, 0, None, "NORMS 3", _SHORT, peers=True),
    _f("rhythm__366d__lag1", "correlation", "likeness of a gain to the one before", "kemiripan dengan selang sebelumnya", 0, -1, 1, "NORMS 3", "fewer than 6 counts over three weeks, or constant", peers=True),
    _f("rhythm__366d__lag7", "correlation", "weekly rhythm", "irama mingguan", 0, -1, 1, "G5", "fewer than 15 counts or constant", peers=True),
    _f("zero_gain__366d__share", "share of intervals", "share of intervals without any change", "bagian selang tanpa perubahan", 0, 0, 1, "NORMS 3", _SHORT, peers=True),
    _f("loss__366d__share", "share of intervals", "share of intervals with a loss", "bagian selang dengan penurunan", 0, 0, 1, "NORMS 3", _SHORT, peers=True),
    _f("loss__366d__to_gain", "ratio", "followers lost against followers won", "pengikut hilang dibanding bertambah", 0, 0, None, "G6", _NO_BURST, peers=True),
    _f("ceiling__366d__returns", "per 100 intervals", "drops that were filled up again to the same ceiling", "penurunan yang diisi kembali ke batas yang sama", 1, 0, 100, "G7"),
    _f("ceiling__366d__pinned_share", "share of intervals", "share of time close below the same ceiling", "bagian waktu tepat di bawah batas yang sama", 0, 0, 1, "G7", _SHORT, peers=True),
    _f("net_growth__30d__log", "log ratio", "growth of the last 30 days", "pertumbuhan 30 hari terakhir", 0, None, None, "DOMAIN 2.6", "no count 20 days or more before the last"),
    _f("net_growth__90d__log", "log ratio", "growth of the last 90 days", "pertumbuhan 90 hari terakhir", 0, None, None, "DOMAIN 2.6", "no count 60 days or more before the last"),
    _f("recent_gain__30d__share", "share of all gains", "share of all new followers that came in the last 30 days", "bagian pengikut baru dalam 30 hari terakhir", 0, 0, 1, "X7", _NO_BURST),
    _f("drift__366d__range", "expected spreads", "departure of the curve from a straight line", "penyimpangan kurva dari garis lurus", 0, 0, None, "CUSUM", _SHORT, peers=True),
    _f("following_change__366d__share", "share of followers", "movement of the accounts followed", "pergerakan akun yang diikuti", 1, 0, None, "G9", "following not recorded"),
    _f("following_change__366d__sawtooth", "ratio", "following up and down again", "mengikuti lalu berhenti mengikuti", 1, 0, None, "G9", "following not recorded"),
    _f("following_change__366d__gain_correlation", "correlation", "new followers right after following others", "pengikut baru sesudah mengikuti akun lain", 1, -1, 1, "G9", "following not recorded or constant"),
    _f("following_ratio__now__log", "log ratio", "accounts followed per follower", "akun diikuti per pengikut", 0, None, None, "PEERS 2", "following not known"),
    _f("rounding__366d__flag", "0 or 1", "counts that the platform rounds", "angka yang dibulatkan platform", 0, 0, 1, "G12"),
    *DELIVERY_FEATURES,
)  # fmt: skip
_NAMES = tuple(f.name for f in FEATURES) + CONTEXT_NAMES


def compute(view: View) -> dict[str, FloatArray]:
    """Return the growth features (and the curve's context) of every creator, one array per name; NaN = not known."""
    history = view.history
    if history is None:
        return {name: not_known(len(view)) for name in _NAMES}
    values = curve_features(history, view.as_of)
    known = ~np.isnan(values["growth__zero_gain__366d__share"])
    ratio_now = np.log1p(view.following) - np.log1p(view.followers)
    return values | {"growth__following_ratio__now__log": np.where(known, ratio_now, np.nan)}


def curve_features(history: Ragged, as_of: FloatArray) -> dict[str, FloatArray]:
    """Return the growth features of curves: what :func:`compute` gives, for curves that are not in tables.

    Parameters
    ----------
    history
        ``day`` (days since 1970-01-01, ascending), ``followers`` and ``following`` (NaN = not recorded) of each curve.
    as_of
        Day of the decision of each curve; all days must lie before it.
    """
    history = Ragged({**history.columns, "as_of": np.repeat(as_of, history.lengths)}, history.starts)
    values = compute_in_blocks(history, _NAMES, _kernel, MINIMUM_COUNTS)
    # Six counts of one week, or an account that nobody ever followed, are no curve to judge.
    top = np.zeros(len(as_of))
    np.maximum.at(top, history.owner, history.columns["followers"])
    known = (values["context__history__366d__days"] >= MINIMUM_DAYS) & (top > 0)
    for feature in FEATURES:
        values[feature.name][~known] = np.nan
    return values


def _kernel(columns: dict[str, FloatArray]) -> dict[str, FloatArray]:
    day, level = columns["day"], columns["followers"]
    days = np.diff(day, axis=1)
    gain = np.diff(level, axis=1)
    usual_days = median(days, keepdims=True)
    eligible = days <= 3.0 * usual_days
    rate = gain / days
    windows = sorted_windows(rate)
    expected, surprise = surprise_against(level, days, gain, middle_of_windows(windows, rate.shape[-1]))
    surprise = np.where(eligible, surprise, 0.0)
    won = np.maximum(gain, 0.0)
    burst_gain = np.where(eligible, won, 0.0)
    total = won.sum(axis=1)
    out = _concentration(burst_gain, total)
    out |= _burst(day, level, gain, days, rate, expected, surprise, burst_gain, total)
    out |= _excess(gain, expected, surprise, eligible, day, days, level, columns["as_of"])
    out |= _steadiness(gain, rate, days, won, total)
    out |= _losses(level, gain, total)
    out |= _trend(day, level, won, total)
    out |= _following(columns["following"], level, gain)
    out |= _quality(day, level, days, usual_days)
    out |= measure(gain, eligible)
    if rate.shape[1] >= 1.5 * WINDOW:
        out["floor_lift__29p__max"] = floor_lift(rate, windows)
    out["context__gain__366d__log10"] = np.log10(1.0 + total / np.maximum(day[:, -1] - day[:, 0], 1.0))
    return {name if name.startswith("context__") else f"growth__{name}": value for name, value in out.items()}


def _concentration(burst_gain: FloatArray, total: FloatArray) -> dict[str, FloatArray]:
    ordered = np.sort(burst_gain, axis=1)
    m = ordered.shape[1]
    own = ordered.sum(axis=1)
    gini = (2.0 * (ordered * np.arange(1, m + 1)).sum(axis=1) / np.where(own > 0, own, np.nan) - (m + 1)) / m
    return {
        "gain_share__366d__max": ratio(ordered[:, -1], total),
        "gain_share__366d__top3": ratio(ordered[:, -3:].sum(axis=1), total),
        "gain__366d__gini": np.clip(gini, 0.0, 1.0),
        "gain__366d__effective_share": ratio(own * own, (ordered * ordered).sum(axis=1)) / m,
    }


def _burst(
    day: FloatArray, level: FloatArray, gain: FloatArray, days: FloatArray, rate: FloatArray, expected: FloatArray,
    surprise: FloatArray, burst_gain: FloatArray, total: FloatArray,
) -> dict[str, FloatArray]:  # fmt: skip
    """Describe the main burst: the interval with the largest surprise and its hot neighbours (surprise above 2)."""
    n, m = gain.shape
    rows = np.arange(n)
    position = np.arange(m)
    peak = np.argmax(np.where(burst_gain > 0, surprise, -np.inf), axis=1)
    some = burst_gain[rows, peak] > 0
    cold = surprise <= 2.0
    left = np.where(cold & (position < peak[:, None]), position, -1).max(axis=1) + 1
    right = np.where(cold & (position > peak[:, None]), position, m).min(axis=1) - 1
    inside = (position >= left[:, None]) & (position <= right[:, None])
    size = np.where(inside, np.maximum(gain - np.maximum(expected, 0.0), 0.0), 0.0).sum(axis=1)
    peak_rate = rate[rows, peak]
    after_level = level[rows, peak + 1]
    best = gain[rows, peak]
    start_level = level[rows, left]
    width_days = day[rows, right + 1] - day[rows, left]
    inside_count = inside.sum(axis=1)
    inside_mean = mean_where(rate, inside)
    inside_sd = np.sqrt(mean_where((rate - inside_mean[:, None]) ** 2, inside))
    after = position - right[:, None]
    before = left[:, None] - position
    # A month or 30 intervals after the burst, whichever comes first.
    later = np.arange(m + 1) - (right[:, None] + 1)
    lowest = np.where((later >= 0) & (later <= 30), level, np.inf).min(axis=1)
    top = level[rows, right + 1]
    won = np.maximum(gain, 0.0)
    usual_after = _median_where(rate, after >= 1, 1)
    usual_before = _median_where(rate, before >= 1, 1)
    floor = np.maximum(0.05 * total / np.maximum(day[:, -1] - day[:, 0], 1.0), 0.05)
    lift = np.log((np.maximum(usual_after, 0.0) + floor) / (np.maximum(usual_before, 0.0) + floor))
    lot = _LOTS[np.clip(np.searchsorted(_LOTS, size, side="right") - 1, 0, None)]
    out = {
        "burst_level_share__366d__max": ratio(best, after_level),
        "burst_step__366d__log": np.log1p(after_level) - np.log1p(level[rows, peak]),
        "burst_size_share__366d__max": ratio(size, total),
        "burst_width__366d__log_days": np.log(np.maximum(width_days, 1e-3) + 1.0),
        "burst_flatness__366d__cv": np.where(inside_count >= 3, ratio(inside_sd, inside_mean), np.nan),
        "burst_run_up__366d__ratio": ratio(mean_where(rate, (before >= 1) & (before <= 3)), peak_rate),
        "burst_relaxation__366d__next": ratio(mean_where(rate, position == peak[:, None] + 1), peak_rate),
        "burst_relaxation__366d__next3": ratio(
            mean_where(rate, (position > peak[:, None]) & (position <= peak[:, None] + 3)), peak_rate
        ),
        "burst_decay__366d__exponent": _relaxation(rate, day, peak),
        "burst_lift__366d__log_ratio": lift,
        "burst_head__366d__ratio": np.log1p(ratio(np.where(before >= 1, won, 0.0).sum(axis=1), size)),
        "burst_tail__366d__ratio": np.log1p(ratio(np.where(after >= 1, won, 0.0).sum(axis=1), size)),
        "burst_second__366d__ratio": ratio(np.where(inside, 0.0, burst_gain).max(axis=1), burst_gain.max(axis=1)),
        "burst_quiet_before__366d__share": mean_where((gain <= 0).astype(np.float64), before >= 1),
        "burst_quiet_after__366d__share": mean_where((gain <= 0).astype(np.float64), after >= 1),
        "burst_before__366d__share": ratio(start_level, level[:, -1]),
        "burst_loss__366d__share": np.clip(ratio(top - lowest, size), 0.0, 5.0),
        "context__burst_age__366d__days": day[:, -1] - day[rows, right + 1],
        "burst_lot__366d__distance": np.where(size >= 100, np.log(np.maximum(size, 1.0) / lot), np.nan),
    }
    out = {name: np.where(some, value, np.nan) for name, value in out.items()}
    ordered = np.sort(surprise, axis=1)
    out["burst_surprise__366d__max"] = _soft(ordered[:, -1])
    out["surprise__366d__second"] = _soft(np.where(inside, -np.inf, surprise).max(axis=1, initial=-1.0))
    out["surprise__366d__low"] = _soft(ordered[:, 0])
    return out


def _relaxation(rate: FloatArray, day: FloatArray, peak: np.ndarray) -> FloatArray:
    """Return the slope of ln growth on ln time since the peak, sign turned, over up to 30 intervals from the peak on."""
    position = np.arange(rate.shape[1])
    since = position - peak[:, None]
    used = (since >= 0) & (since <= 30)
    unit = np.maximum(median(np.diff(day, axis=1), keepdims=True), 1e-9)
    middle = 0.5 * (day[:, 1:] + day[:, :-1])
    start = np.take_along_axis(day, peak[:, None], axis=1)
    x = np.log(np.maximum((middle - start) / unit, 0.5))
    top = np.take_along_axis(rate, peak[:, None], axis=1)
    # Half a percent of the peak is the floor: below it only noise is left.
    y = np.log(np.maximum(rate / np.maximum(top, 1e-12), 0.005))
    dx, dy = (np.where(used, v - mean_where(v, used)[:, None], 0.0) for v in (x, y))
    slope = ratio((dx * dy).sum(axis=1), (dx * dx).sum(axis=1))
    return np.where(used.sum(axis=1) >= 4, np.clip(-slope, -10.0, 10.0), np.nan)


def _soft(surprise: FloatArray) -> FloatArray:
    """Return surprise on a logarithmic scale beyond one spread, so that size does not decide how large it can get."""
    return np.sign(surprise) * np.log1p(np.abs(surprise))


def _median_where(values: FloatArray, keep: np.ndarray, minimum: int = 2) -> FloatArray:
    """Return the median over the last axis of the kept values; NaN below ``minimum`` of them."""
    ordered = np.sort(np.where(keep, values, np.inf), axis=-1)
    count = keep.sum(axis=-1)
    rows = np.arange(len(count))
    low = ordered[rows, np.maximum((count - 1) // 2, 0)]
    high = ordered[rows, np.maximum(np.minimum(count // 2, ordered.shape[-1] - 1), 0)]
    return np.where(count >= minimum, 0.5 * (low + high), np.nan)


def _excess(
    gain: FloatArray, expected: FloatArray, surprise: FloatArray, eligible: np.ndarray, day: FloatArray, days: FloatArray,
    level: FloatArray, as_of: FloatArray,
) -> dict[str, FloatArray]:  # fmt: skip
    m = gain.shape[1]
    spread = np.where(surprise != 0, (gain - expected) / np.where(surprise != 0, surprise, 1.0), 0.0)
    beyond = np.where(eligible, np.maximum(gain - expected - 2.0 * spread, 0.0), 0.0)
    recent = day[:, 1:] >= as_of[:, 1:] - 31.0
    hot = surprise > 3.0
    begins = hot & ~np.concatenate([np.zeros((len(hot), 1), dtype=bool), hot[:, :-1]], axis=1)
    out = {
        "unexplained_gain__366d__share": ratio(beyond.sum(axis=1), level[:, -1]),
        "unexplained_gain__30d__share": ratio(np.where(recent, beyond, 0.0).sum(axis=1), level[:, -1]),
        "surprise__366d__share_above_3": hot.mean(axis=1),
        "surprise__366d__runs": 100.0 * begins.sum(axis=1) / m,
    }
    return out | _level_shifts(gain, days)


def _level_shifts(gain: FloatArray, days: FloatArray) -> dict[str, FloatArray]:
    """Look for stretches of steady extra growth: a drip has no spike, but its weeks stand above all others."""
    m = gain.shape[1]
    usual = median(gain / days, keepdims=True)
    won = np.maximum(gain, 0.0)
    # Winsorised, so that one burst does not pose as a steady stretch.
    cap = usual * days + 3.0 * spread_of_rate(usual, days)
    calm = np.minimum(gain, cap)
    out: dict[str, FloatArray] = {}
    for width in (7, 28):
        if m < width + width // 2:
            continue
        summed = sliding_window_view(calm, width, axis=1).sum(axis=-1)
        length = sliding_window_view(days, width, axis=1).sum(axis=-1)
        z = (summed - usual * length) / spread_of_rate(usual, length)
        best = np.argmax(z, axis=1)
        out[f"level_shift__{width}p__max"] = _soft(z[np.arange(len(z)), best])
        if width == 28:
            total = won.sum(axis=1)
            windowed = sliding_window_view(won, width, axis=1).sum(axis=-1)
            out["level_shift__28p__share"] = ratio(windowed.max(axis=1), total)
    return out


def _steadiness(
    gain: FloatArray, rate: FloatArray, days: FloatArray, won: FloatArray, total: FloatArray
) -> dict[str, FloatArray]:
    m = gain.shape[1]
    mean = rate.mean(axis=1)
    squares = (rate - mean[:, None]) ** 2 * days
    law = 4.0 * np.power(np.abs(mean) + 0.05, 1.6)
    best = np.argmax(squares, axis=1)[:, None] == np.arange(m)
    out = {
        "dispersion__366d__log_ratio": np.log((squares.mean(axis=1) + 0.01) / law),
        "dispersion__366d__log_ratio_trimmed": np.log((mean_where(squares, ~best) + 0.01) / law),
    }
    if m >= 14:
        window = sliding_window_view(rate, 14, axis=1)
        mid = window.mean(axis=-1)
        var = ((window - mid[..., None]) ** 2).mean(axis=-1)
        regular = np.where(mid >= 3.0, np.log((var + 0.01) / (4.0 * np.power(np.maximum(mid, 0.05), 1.6))), np.inf)
        out["dispersion__14p__min_log_ratio"] = regular.min(axis=1)
    middle = median(rate, keepdims=True)
    near = np.abs(rate - middle) < 0.1 * middle
    out["steady_run__366d__share"] = np.where(middle[:, 0] >= 5.0, _longest_run(near) / m, np.nan)
    calm = np.sign(rate) * np.log1p(np.abs(rate))
    out["roughness__366d__log"] = np.abs(np.diff(calm, axis=1)).mean(axis=1)
    out["rhythm__366d__lag1"] = _autocorrelation(calm, 1)
    if m >= 14:
        out["rhythm__366d__lag7"] = _autocorrelation(calm, 7)
    cumulated = np.cumsum(rate * days - (mean[:, None] * days), axis=1)
    span = cumulated.max(axis=1) - cumulated.min(axis=1)
    out["drift__366d__range"] = np.log1p(span / np.sqrt(law * days.sum(axis=1)))
    return out


def _longest_run(flags: np.ndarray) -> FloatArray:
    """Return the length of the longest run of true values in each row."""
    position = np.arange(flags.shape[1])
    last_false = np.maximum.accumulate(np.where(flags, -1, position), axis=1)
    return (position - last_false).max(axis=1).astype(np.float64)


def _autocorrelation(values: FloatArray, lag: int) -> FloatArray:
    centred = deviation(values, values.mean(axis=1, keepdims=True))
    return ratio((centred[:, lag:] * centred[:, :-lag]).sum(axis=1), (centred * centred).sum(axis=1))


def _losses(level: FloatArray, gain: FloatArray, total: FloatArray) -> dict[str, FloatArray]:
    m = gain.shape[1]
    lost = np.maximum(-gain, 0.0).sum(axis=1)
    # The ceiling: the highest count of the last 30, before this one.
    width = min(30, m)
    padded = np.concatenate([np.full((len(level), width), -np.inf), level[:, :-1]], axis=1)
    ceiling = sliding_window_view(padded, width, axis=1).max(axis=-1)[:, : m + 1]
    ceiling = np.where(np.isfinite(ceiling), ceiling, 0.0)
    # The bottom of a dip, however long the way down was: the same ceiling is met again within four counts.
    met = np.zeros(level.shape, dtype=bool)
    for ahead in range(1, 5):
        future = level[:, ahead:]
        near = np.abs(future / np.maximum(ceiling[:, : future.shape[1]], 1.0) - 1.0) < 0.003
        met[:, : future.shape[1]] |= near
    earlier = np.concatenate([np.full((len(level), 4), np.inf), level[:, :-1]], axis=1)
    lowest = sliding_window_view(earlier, 4, axis=1).min(axis=-1)
    bottom = (level < 0.995 * ceiling) & (level <= lowest) & met
    last = bottom & ~np.concatenate([bottom[:, 1:], np.zeros((len(bottom), 1), dtype=bool)], axis=1)
    pinned = np.abs(level / np.maximum(ceiling, 1.0) - 1.0) < 0.003
    return {
        "zero_gain__366d__share": (gain == 0).mean(axis=1),
        "loss__366d__share": (gain < 0).mean(axis=1),
        "loss__366d__to_gain": np.clip(ratio(lost, total), 0.0, 1e3),
        "ceiling__366d__returns": 100.0 * last.sum(axis=1) / m,
        "ceiling__366d__pinned_share": pinned.mean(axis=1),
    }


def _trend(day: FloatArray, level: FloatArray, won: FloatArray, total: FloatArray) -> dict[str, FloatArray]:
    n = len(level)
    rows = np.arange(n)
    end = day[:, -1:]
    out: dict[str, FloatArray] = {}
    for window, least in ((30.0, 20.0), (90.0, 60.0)):
        inside = day >= end - window
        first = np.argmax(inside, axis=1)
        span = end[:, 0] - day[rows, first]
        growth = np.log1p(level[:, -1]) - np.log1p(level[rows, first])
        out[f"net_growth__{window:.0f}d__log"] = np.where(
            span >= least, growth * window / np.maximum(span, 1.0), np.nan
        )
    recent = day[:, 1:] > end - 30.0
    out["recent_gain__30d__share"] = ratio(np.where(recent, won, 0.0).sum(axis=1), total)
    return out


def _following(following: FloatArray, level: FloatArray, gain: FloatArray) -> dict[str, FloatArray]:
    change = np.diff(following, axis=1)
    known = ~np.isnan(change)
    enough = known.sum(axis=1) >= 5
    change = np.where(known, change, 0.0)
    moved = np.abs(change).sum(axis=1)
    count = np.maximum(known.sum(axis=1), 1)
    calm_gain = np.sign(gain) * np.log1p(np.abs(gain))
    lead = deviation(change[:, :-1], change[:, :-1].mean(axis=1, keepdims=True))
    follow = deviation(calm_gain[:, 1:], calm_gain[:, 1:].mean(axis=1, keepdims=True))
    product = np.sqrt((lead * lead).sum(axis=1) * (follow * follow).sum(axis=1))
    out = {
        "following_change__366d__share": np.log1p(1e3 * ratio(moved / count, np.maximum(level[:, -1], 1.0))),
        "following_change__366d__sawtooth": np.where(
            moved > 0, 1.0 - np.abs(change.sum(axis=1)) / np.maximum(moved, 1.0), 0.0
        )
        * np.log1p(moved / count),
        "following_change__366d__gain_correlation": ratio((lead * follow).sum(axis=1), product),
    }
    return {name: np.where(enough, value, np.nan) for name, value in out.items()}


def _quality(day: FloatArray, level: FloatArray, days: FloatArray, usual_days: FloatArray) -> dict[str, FloatArray]:
    span = day[:, -1] - day[:, 0]
    gap = np.where(days > 3.0 * usual_days, days, 0.0).sum(axis=1)
    return {
        "rounding__366d__flag": (rounding_step(level)[:, 0] > 1.0).astype(np.float64),
        "context__history__366d__days": span,
        "context__interval__366d__days": usual_days[:, 0],
        "context__gap__366d__share": ratio(gap, span),
    }
