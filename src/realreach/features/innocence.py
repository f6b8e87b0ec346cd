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
from functools import cached_property
from types import MappingProxyType

import numpy as np
import pyarrow.compute as pc

from realreach.features.blocks import not_known
from realreach.features.catalogue import Feature
from realreach.features.explanations import OF_CURVE, OF_POSTS, PARTLY, TOTALS, strengths_of, totals_of
from realreach.features.post_rows import LEAST_POSTS
from realreach.features.view import View
from realreach.features.window_facts import ROW_OF, facts_of_curve, facts_of_posts
from realreach.features.windows import Windows, growth_windows
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


_NAMES = tuple(f.name for f in FEATURES)


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
        unknown = not_known((len(TOTALS), len(view)))
        return Innocence(windows, {}, nothing, np.empty(0, dtype=bool), nothing, unknown)
    windows = growth_windows(curve)
    facts = facts_of_curve(curve, windows)
    facts[ROW_OF["answer"]] = facts[ROW_OF["asked"]] = 0.0
    said = None
    if view.posts is not None and len(windows):
        facts_of_posts(facts, curve, windows, view.posts, view.settled, view.post_strength)
        said = _said(view, facts)
    strengths, explained = strengths_of(curve, windows, facts, said)
    totals = totals_of(curve, windows, facts, explained)
    asked = facts[ROW_OF["asked"]] == 1.0
    found = dict(zip(OF_CURVE + OF_POSTS, strengths, strict=False))
    return Innocence(windows, found, explained[1], asked, facts[ROW_OF["answer"]], totals)


def compute(view: View) -> dict[str, FloatArray]:
    """Return what the innocence test says of every creator, one array per catalogue name; NaN = not known."""
    if view.curve is None:
        return {f.name: not_known(len(view)) for f in FEATURES}
    totals = view.innocence.totals.copy()
    of_posts = totals[2:]
    if view.posts is None:
        of_posts.fill(np.nan)
    else:
        of_posts[:, view.post_strength.counted(view.settled) < LEAST_POSTS] = np.nan
    return dict(zip(_NAMES, totals, strict=True))


def _said(view: View, facts: FloatArray) -> FloatArray:
    """Return 1 for windows around which a caption names a giveaway, and a partner, 0 for others, shape (2, windows)."""
    table = view.posts_table
    assert table is not None
    low, high = facts[ROW_OF["low"] :].astype(np.int64)
    said = np.zeros((2, facts.shape[1]))
    if "caption" not in table or not (high > low).any():
        return said
    # Only captions near a window are looked at: far fewer than there are.
    near = np.zeros(len(table) + 1, dtype=np.int64)
    np.add.at(near, low, 1)
    np.add.at(near, high, -1)
    rows = np.flatnonzero(np.cumsum(near[:-1]) > 0)
    texts = pc.utf8_slice_codeunits(table.strings("caption").take(rows), 0, 2_000)
    for of_windows, pattern in zip(said, (_GIVEAWAY, _PARTNER), strict=True):
        named = pc.match_substring_regex(texts, pattern).fill_null(False).to_numpy(zero_copy_only=False)
        # How many captions name one before each post: a window has one where the number rises.
        before = np.zeros(len(table) + 1, dtype=np.int64)
        before[rows + 1] = named
        np.cumsum(before, out=before)
        of_windows[:] = before[high] > before[low]
    return said
