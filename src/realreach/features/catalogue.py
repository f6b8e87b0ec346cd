"""One record per feature: name, unit, range, what missing means, expected direction, sentences, source.

Column order, data dictionary, reasons and reports come from these records and from nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

__all__ = [
    "CATALOGUE_VERSION",
    "CONTEXT",
    "Feature",
    "Pillar",
    "catalogue",
    "column_numbers",
    "feature_names",
    "model_columns",
    "pillars_of",
]

CATALOGUE_VERSION = 3
"""Raised whenever a formula changes under an unchanged name: a model scores only features computed as at its training."""

Pillar = Literal["growth", "engagement", "comments", "audience", "coherence", "context"]


@dataclass(frozen=True)
class Feature:
    """What one column of the feature table means.

    Parameters
    ----------
    name
        ``<family>__<quantity>__<window>__<statistic>``. Windows: ``366d`` the last 366 observed days, ``30d`` days
        before the decision, ``100p`` the newest 100 posts, ``all`` all that was read.
    unit, low, high
        Unit and the range in which every valid value lies (None = unbounded).
    missing
        When the value is NaN.
    direction
        +1 if high values speak for bought engagement, -1 if they speak against it, 0 if it depends.
    sentence, sentence_id
        One clause in English and in Indonesian that names the quantity to a reader.
    source
        Where the idea comes from (numbers of the domain notes, or a work).
    peers
        True if the model sees the value only as a residual against similar creators.
    monotone
        True if the model may only use the value in its expected direction.
    judges
        False if the value is known before its pillar can be judged; then it does not make the pillar count as given.
    """

    name: str
    unit: str
    missing: str
    sentence: str
    sentence_id: str
    direction: int = 0
    low: float | None = None
    high: float | None = None
    source: str = ""
    peers: bool = False
    monotone: bool = False
    judges: bool = True

    @property
    def family(self) -> Pillar:
        """The family, which is the first part of the name."""
        return self.name.split("__", 1)[0]  # type: ignore[return-value]

    @property
    def model_name(self) -> str:
        """The name of the column that the model sees."""
        return f"{self.name}__vs_peers" if self.peers else self.name


CONTEXT = (
    Feature("context__followers__now__log10", "log10 followers", "followers not known", "size of the account", "ukuran akun", low=0),
    Feature("context__platform__now__code", "number", "never", "platform (0 Instagram, 1 TikTok, 2 YouTube, 3 other)", "platform", low=0, high=3),
    Feature("context__gain__366d__log10", "log10 followers a day", "fewer than 6 counts", "new followers a day", "pengikut baru per hari", low=0),
    Feature("context__history__366d__days", "days", "fewer than 6 counts", "length of the history", "panjang riwayat", low=0),
    Feature("context__interval__366d__days", "days", "fewer than 6 counts", "usual time between two counts", "jarak waktu antar catatan", low=0),
    Feature("context__gap__366d__share", "share of days", "fewer than 6 counts", "share of the time without counts", "bagian waktu tanpa catatan", low=0, high=1),
    Feature("context__burst_age__366d__days", "days", "no burst", "age of the main burst", "umur lonjakan utama", low=0),
    Feature("context__posts__100p__count", "posts", "never", "posts read", "posting yang dibaca", low=0, high=100),
    Feature("context__comments__all__count", "comments", "never", "comments read", "komentar yang dibaca", low=0),
    Feature("context__audience__all__count", "accounts", "never", "follower accounts read", "akun pengikut yang dibaca", low=0),
)  # fmt: skip
"""What similar creators are similar in. Never shown to the model itself: size must not be the way to look guilty."""


@cache
def catalogue() -> tuple[Feature, ...]:
    """Return the records of all features in column order: context, growth, engagement, comments, audience, coherence."""
    from realreach.features import audience, coherence, comments, engagement, growth, innocence

    families = (growth, engagement, comments, audience, coherence, innocence)
    every = [record for family in families for record in family.FEATURES]
    order = ("growth", "engagement", "comments", "audience", "coherence")
    # The innocence test has columns of two families; a stable sort puts them behind their own.
    return (*CONTEXT, *sorted((f for f in every if f.family != "context"), key=lambda f: order.index(f.family)))


@cache
def feature_names() -> tuple[str, ...]:
    """Return the columns of the feature table."""
    return tuple(feature.name for feature in catalogue())


@cache
def column_numbers() -> Mapping[str, int]:
    """Return the position of every column of the feature table by its name."""
    return MappingProxyType({name: position for position, name in enumerate(feature_names())})


@cache
def model_columns() -> tuple[str, ...]:
    """Return the columns that the model sees, in order: no context, residuals where a feature is judged against peers."""
    return tuple(feature.model_name for feature in catalogue() if feature.family != "context")


def pillars_of(feature: Feature) -> frozenset[str]:
    """Return the pillars that must be there for a feature to be known.

    A coherence feature names its two pillars in its quantity, as in ``coherence__growth_engagement_response__...``.
    """
    if feature.family != "coherence":
        return frozenset({feature.family}) - {"context"}
    quantity = feature.name.split("__")[1]
    return frozenset(p for p in ("growth", "engagement", "comments", "audience") if p in quantity)
