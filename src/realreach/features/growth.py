"""The follower curve: what came when, in what shape, and what stayed.

Everything is computed on the intervals between observed counts, so that daily, weekly, monthly and irregular curves go
one way: an interval has a length in days, a gain, and a gain per day. Intervals more than three times as long as the
creator's usual one are gaps: their gain counts, but never as a burst. Features are scale-free: gains are judged against the
creator's own gains, its level, or the over-dispersion law of honest creators (variance about 4 x mean^1.6, measured). What a delivery
leaves in a curve is in the module ``deliveries``.
"""

from __future__ import annotations

import numpy as np

from realreach.compiled import LEAST_CREATORS, kernels_for
from realreach.features.blocks import Ragged, not_known
from realreach.features.catalogue import Feature
from realreach.features.curve import MINIMUM_COUNTS, MINIMUM_DAYS, Curve, curve_of
from realreach.features.deliveries import FEATURES as DELIVERY_FEATURES
from realreach.features.expected import expected_rate, rounding_step, spread_of_rate, surprise_of_gains
from realreach.features.growth_blocks import measured_in_blocks
from realreach.features.growth_compiled import fill_by_kernels
from realreach.features.growth_measures import AT, TOLD, features_of
from realreach.features.view import View
from realreach.tables.core import FloatArray

__all__ = [
    "CONTEXT_NAMES",
    "FEATURES",
    "MINIMUM_COUNTS",
    "MINIMUM_DAYS",
    "compute",
    "curve_features",
    "expected_rate",
    "rounding_step",
    "spread_of_rate",
    "surprise_of_gains",
]

_SHORT = "fewer than 6 counts over three weeks"


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
_FULL = tuple(name if name in CONTEXT_NAMES else f"growth__{name}" for name in TOLD)
_KEPT = np.array([row for row, name in enumerate(_FULL) if name in _NAMES])
_RATIO = "growth__following_ratio__now__log"
NAMES = (*(_FULL[row] for row in _KEPT), _RATIO)
"""Names of the rows of :func:`numbers`."""
_OF_CONTEXT = np.array([name in CONTEXT_NAMES for name in NAMES[:-1]])
_UNKNOWN_TOO = NAMES.index("growth__zero_gain__366d__share")
_SPAN, _TOP = AT["context__history__366d__days"], AT["top_level"]


def compute(view: View) -> dict[str, FloatArray]:
    """Return the growth features (and the curve's context) of every creator, one array per name; NaN = not known."""
    return dict(zip(NAMES, numbers(view), strict=True))


def numbers(view: View) -> FloatArray:
    """Return what :func:`compute` gives as the rows of one array, in the order of ``NAMES``."""
    out = not_known((len(NAMES), len(view)))
    if view.curve is not None:
        _fill(view.curve, view.as_of, out)
        np.subtract(np.log1p(view.following), np.log1p(view.followers), out=out[-1])
        out[-1, np.isnan(out[_UNKNOWN_TOO])] = np.nan
    return out


def curve_features(history: Ragged, as_of: FloatArray) -> dict[str, FloatArray]:
    """Return the growth features of curves: what :func:`compute` gives, for curves that are not in tables.

    Parameters
    ----------
    history
        ``day`` (days since 1970-01-01, ascending), ``followers`` and ``following`` (NaN = not recorded) of each curve.
    as_of
        Day of the decision of each curve; all days must lie before it.
    """
    out = not_known((len(NAMES), len(as_of)))
    _fill(curve_of(history), as_of, out)
    return dict(zip(NAMES, out, strict=True))


def _fill(curve: Curve, as_of: FloatArray, out: FloatArray) -> None:
    """Fill all but the last row."""
    if kernels_for(len(as_of), "features.growth_kernels", LEAST_CREATORS) is not None:
        fill_by_kernels(curve, as_of, _KEPT, _OF_CONTEXT, out[:-1])
        return
    measured = measured_in_blocks(curve, as_of)
    np.take(features_of(measured), _KEPT, axis=0, out=out[:-1])
    # Six counts of one week, or an account that nobody ever followed, are no curve to judge.
    known = (measured[_SPAN] >= MINIMUM_DAYS) & (measured[_TOP] > 0)
    if not known.all():
        out[:-1][~_OF_CONTEXT[:, None] & ~known] = np.nan
