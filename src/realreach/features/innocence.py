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
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from realreach.features.blocks import not_known
from realreach.features.captions import said_around
from realreach.features.catalogue import Feature
from realreach.features.explanations import OF_CURVE, OF_POSTS, PARTLY, TOTALS, strengths_of, totals_of
from realreach.features.post_rows import LEAST_POSTS
from realreach.features.view import View
from realreach.features.window_facts import ROW_OF, facts_of_curve, facts_of_posts
from realreach.features.windows import Windows, growth_windows
from realreach.lazy import cached_property
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
EXPLAINED = 0.67
"""Explained share from which on a window is explained; chosen on simulated creators of seed 11."""

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


@dataclass(frozen=True, eq=False)
class Innocence:
    """Windows of unusual growth and what explains them.

    Parameters
    ----------
    windows
        The windows, creators one after another, oldest first.
    strengths
        For each explanation: how much of each window it explains, 0 to 1; 0 too where it cannot be asked.
    explained
        Share of each window that is explained: one less the product of what each explanation leaves open.
    asked
        Whether the posts around each window are known, so that their silence means something.
    answer
        How much likelier the posts after each window are if the newcomers engage than if they do not (log likelihood
        ratio, -6 to 6); 0 where it cannot be told.
    totals
        What is left of each creator's windows (:data:`realreach.features.explanations.TOTALS`), NaN = not known.
    """

    windows: Windows
    strengths: Mapping[str, FloatArray]
    explained: FloatArray
    asked: np.ndarray
    answer: FloatArray
    totals: FloatArray = field(repr=False)

    @cached_property
    def verdict(self) -> IntArray:
        """Position of each window's verdict in ``VERDICTS``: 0 explained, 1 partly, 2 unexplained."""
        return np.where(self.explained >= EXPLAINED, 0, np.where(self.explained >= PARTLY, 1, 2)).astype(np.int64)


NAMES = tuple(f.name for f in FEATURES)
"""Names of the rows of :func:`numbers`."""


def innocence_of(view: View) -> Innocence:
    """Find the windows of unusual growth of every creator of a view, and put each to the test.

    A creator alone gets the same answer as in any crowd; what other creators did on the same days is asked by
    :func:`realreach.evidence.with_crowd` only.
    """
    curve = view.curve
    if curve is None:
        nothing = np.empty(0)
        windows = Windows(np.empty((3, 0), dtype=np.int64), np.empty((6, 0)))
        unknown = not_known((len(TOTALS), len(view)))
        return Innocence(windows, {}, nothing, np.empty(0, dtype=bool), nothing, unknown)
    windows = growth_windows(curve)
    facts = facts_of_curve(curve, windows)
    facts[ROW_OF["answer"]] = facts[ROW_OF["asked"]] = 0.0
    said = None
    if view.posts is not None and len(windows):
        facts_of_posts(facts, curve, windows, view.posts, view.settled, view.post_strength)
        assert view.posts_table is not None
        said = said_around(view.posts_table, *facts[ROW_OF["low"] :].astype(np.int64))
    strengths, explained = strengths_of(curve, windows, facts, said)
    totals = totals_of(curve, windows, facts, explained)
    asked = facts[ROW_OF["asked"]] == 1.0
    found = dict(zip(OF_CURVE + OF_POSTS, strengths, strict=False))
    return Innocence(windows, found, explained[1], asked, facts[ROW_OF["answer"]], totals)


def compute(view: View) -> dict[str, FloatArray]:
    """Return what the innocence test says of every creator, one array per catalogue name; NaN = not known."""
    return dict(zip(NAMES, numbers(view), strict=True))


def numbers(view: View) -> FloatArray:
    """Return what :func:`compute` gives as the rows of one array, in the order of ``NAMES``."""
    if view.curve is None:
        return not_known((len(NAMES), len(view)))
    totals = view.innocence.totals.copy()
    of_posts = totals[2:]
    if view.posts is None:
        of_posts.fill(np.nan)
    else:
        of_posts[:, view.post_strength.counted(view.settled) < LEAST_POSTS] = np.nan
    return totals
