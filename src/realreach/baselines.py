"""What a model must beat: the rule of published norms, and three plain scikit-learn models on the same features.

The rule says what a free checking tool would say. It knows no labels and is not a probability; published norms differ
by a factor of four between sources, so it stands here as a floor, not as advice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

    from realreach.tables.core import FloatArray

__all__ = [
    "BASELINES",
    "RULE_INPUTS",
    "Fit",
    "Predict",
    "fit_isolation_forest",
    "fit_logistic_regression",
    "fit_tree",
    "missing_rule_inputs",
    "norms_rule",
    "rule_inputs",
    "rule_points",
]

RULE_INPUTS: Mapping[str, str] = MappingProxyType(
    {
        "platform": "context__platform__now__code",
        "followers": "context__followers__now__log10",
        "likes_per_follower": "engagement__like_rate__100p__median",
        "comments_per_follower": "engagement__comment_rate__100p__mean",
        "comments_per_like": "engagement__comments_per_like__100p__log",
        "likes_per_view": "engagement__likes_per_view__100p__log",
        "views_per_follower": "engagement__view_rate__100p__median",
        "likes_cv": "engagement__likes__100p__spread",
        "best_day_share": "growth__gain_share__366d__max",
        "generic_comment_share": "comments__short__all__share",
        "duplicate_comment_share": "comments__long_repeats__all__share",
        "emoji_only_comment_share": "comments__emoji_only__all__share",
    }
)
"""Feature behind each input of the rule. :func:`rule_inputs` brings it to the unit in which norms are published."""


class _Band(NamedTuple):
    """A norm: full points at or below ``guilty_low`` and at or above ``guilty_high``, none between the inner two.

    NaN: no norm on that side.
    """

    guilty_low: float = np.nan
    innocent_low: float = np.nan
    innocent_high: float = np.nan
    guilty_high: float = np.nan


# Engagement rate by followers (up to 10k, 50k, 500k, 1M, above). Inner bounds: lower and upper norm of 2025/26 vendor
# tables (Untapper below, Unscripted above; TikTok: the 3-6-15 % table, YouTube: "average" 1.5 % and "excellent" 5 %
# of an open checker). Outer bounds: the same checker's "suspiciously low" and "suspiciously high", never inside
# the norms.
_ENGAGEMENT_TIERS = np.array([1e4, 5e4, 5e5, 1e6])
_ENGAGEMENT: Mapping[str, tuple[_Band, ...]] = {
    "instagram": (
        _Band(0.002, 0.030, 0.10, 0.20),
        _Band(0.002, 0.020, 0.06, 0.12),
        _Band(0.002, 0.015, 0.04, 0.10),
        _Band(0.002, 0.010, 0.03, 0.10),
        _Band(0.002, 0.007, 0.02, 0.10),
    ),
    "tiktok": (
        _Band(0.010, 0.080, 0.15, 0.30),
        _Band(0.010, 0.050, 0.15, 0.30),
        _Band(0.010, 0.030, 0.10, 0.15),
        _Band(0.010, 0.025, 0.10, 0.15),
        _Band(0.010, 0.025, 0.10, 0.15),
    ),
    "youtube": (_Band(0.005, 0.015, 0.05, 0.12),) * 5,
    "other": (_Band(0.002, 0.007, 0.15, 0.30),) * 5,
}
# Comments per like: an open checker's minimum and maximum; the inner lower bound is "2-5 comments per 100 likes".
_COMMENTS_PER_LIKE: Mapping[str, _Band] = {
    "instagram": _Band(0.010, 0.020, 0.10, 0.20),
    "tiktok": _Band(0.005, 0.010, 0.08, 0.16),
    "youtube": _Band(0.010, 0.020, 0.10, 0.20),
    "other": _Band(0.005, 0.010, 0.10, 0.20),
}
# Likes per view and views per follower: the checker's minimum and maximum, half and double of them for full points.
# No norm was found for Instagram; many views per follower are reach, not a sign of fakes.
_LIKES_PER_VIEW: Mapping[str, _Band] = {
    "tiktok": _Band(0.025, 0.05, 0.35, 0.70),
    "youtube": _Band(0.010, 0.02, 0.15, 0.30),
}
_VIEWS_PER_FOLLOWER: Mapping[str, _Band] = {"youtube": _Band(0.025, 0.05)}
# The same for all platforms. Variation over posts under 10 % or over 150 % "is odd"; one spike with a quarter of all
# growth; half of the comments generic is "the alarm", under 15 % is nothing; duplicates over 10 % and comments of
# emoji only over 25 % are flagged. (The other usual spike rule, any day with z > 3, flags 71 % of real creators.)
_COMMON: Mapping[str, _Band] = {
    "likes_cv": _Band(0.10, 0.20, 1.0, 1.5),
    "best_day_share": _Band(innocent_high=0.25, guilty_high=0.50),
    "generic_comment_share": _Band(innocent_high=0.15, guilty_high=0.50),
    "duplicate_comment_share": _Band(innocent_high=0.05, guilty_high=0.10),
    "emoji_only_comment_share": _Band(innocent_high=0.15, guilty_high=0.25),
}
_PLATFORMS = ("instagram", "tiktok", "youtube", "other")


def _ramp(x: FloatArray, innocent: FloatArray, guilty: FloatArray) -> FloatArray:
    """Return 0 at ``innocent``, 1 at ``guilty`` and beyond, straight between; NaN without value or bounds."""
    return np.clip((x - innocent) / (guilty - innocent), 0.0, 1.0)


def _points(x: FloatArray, bands: FloatArray) -> FloatArray:
    """Return the points for values judged by one band per row, (n, 4): the worse side; NaN without value or norm."""
    guilty_low, innocent_low, innocent_high, guilty_high = bands.T
    return np.fmax(_ramp(x, innocent_low, guilty_low), _ramp(x, innocent_high, guilty_high))


def _by_platform(norms: Mapping[str, _Band], platform: npt.NDArray[np.intp]) -> FloatArray:
    return np.array([norms.get(name, _Band()) for name in _PLATFORMS])[platform]


def _by_platform_and_tier(platform: npt.NDArray[np.intp], followers: FloatArray) -> FloatArray:
    norms = np.array([_ENGAGEMENT[name] for name in _PLATFORMS])
    bands = norms[platform, np.searchsorted(_ENGAGEMENT_TIERS, followers, side="left").clip(0, 4)]
    # Without a follower count the tier is not known: the platform's widest norm, so that nobody is accused by a guess.
    widest = np.stack([norms[:, :, 0].min(1), norms[:, :, 1].min(1), norms[:, :, 2].max(1), norms[:, :, 3].max(1)], 1)
    return np.where(np.isnan(followers)[:, None], widest[platform], bands)


def _power_of_ten(x: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.power(10.0, x)


def _cv_of_lognormal(sd_of_log: FloatArray) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.sqrt(np.expm1(sd_of_log**2))


_TO_PUBLISHED_UNIT: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "followers": _power_of_ten,
    "likes_per_follower": _power_of_ten,
    "comments_per_follower": _power_of_ten,
    "comments_per_like": _power_of_ten,
    "likes_per_view": _power_of_ten,
    "views_per_follower": _power_of_ten,
    "likes_cv": _cv_of_lognormal,
}


def missing_rule_inputs(columns: Collection[str]) -> list[str]:
    """Return the inputs of the rule for which there is no column.

    Examples
    --------
    >>> missing_rule_inputs(RULE_INPUTS.values())
    []
    """
    return [name for name, column in RULE_INPUTS.items() if name not in columns and column not in columns]


def rule_inputs(features: pd.DataFrame) -> pd.DataFrame:
    """Return what the rule looks at, in the units in which norms are published.

    Parameters
    ----------
    features
        The feature table of :func:`realreach.features.build_features`. A column with the name of an input (such as
        ``followers``) is taken as it is, in the published unit, before the feature behind it. Columns that are not
        there count as unknown.

    Returns
    -------
    Index of ``features``, one column per name in :data:`RULE_INPUTS`: ``platform`` as text, ``followers`` as a count,
    the others as ratios or shares; NaN = not known.
    """
    import pandas as pd

    found: dict[str, Any] = {}
    for name, column in RULE_INPUTS.items():
        if name in features:
            found[name] = features[name]
        elif name == "platform":
            code = features[column].to_numpy() if column in features else np.full(len(features), len(_PLATFORMS) - 1)
            found[name] = np.array(_PLATFORMS, dtype=object)[code.astype(np.intp)]
        elif column in features:
            values = features[column].to_numpy(dtype=np.float64, na_value=np.nan)
            found[name] = _TO_PUBLISHED_UNIT[name](values) if name in _TO_PUBLISHED_UNIT else values
        else:
            found[name] = np.nan
    return pd.DataFrame(found, index=features.index)


def rule_points(features: pd.DataFrame) -> pd.DataFrame:
    """Return the points of each published norm for each creator: 0 within the norm, 1 far outside.

    Parameters
    ----------
    features
        One row per creator, see :func:`rule_inputs`.

    Returns
    -------
    One column per rule, index of ``features``. NaN where the input is missing or no norm is published for the
    platform: unknown is neither good nor bad.
    """
    import pandas as pd

    given = rule_inputs(features)

    def number(name: str) -> FloatArray:
        return given[name].to_numpy(dtype=np.float64, na_value=np.nan)

    platform = np.full(len(given), _PLATFORMS.index("other"))
    names = given["platform"].astype(str).to_numpy(dtype=object)
    for code, name in enumerate(_PLATFORMS[:-1]):
        platform[names == name] = code
    # Comments are a few percent of engagement: where they are not known, likes alone are judged.
    engagement = number("likes_per_follower") + np.nan_to_num(number("comments_per_follower"))
    points = {"engagement_rate": _points(engagement, _by_platform_and_tier(platform, number("followers")))}
    for name, norms in (
        ("comments_per_like", _COMMENTS_PER_LIKE),
        ("likes_per_view", _LIKES_PER_VIEW),
        ("views_per_follower", _VIEWS_PER_FOLLOWER),
    ):
        points[name] = _points(number(name), _by_platform(norms, platform))
    for name, band in _COMMON.items():
        points[name] = _points(number(name), np.tile(np.array(band), (len(given), 1)))
    return pd.DataFrame(points, index=features.index)


def norms_rule(features: pd.DataFrame) -> FloatArray:
    """Return the suspicion of the published-norms rule, 0 to 1: the mean points of the rules that can be applied.

    Takes the feature table or :func:`rule_inputs` of it. Not a probability. NaN where no rule can be applied: missing
    data gives neither full marks nor blame.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"platform": "instagram", "followers": 5e3, "likes_per_follower": [0.05, 0.001, None]})
    >>> norms_rule(frame).tolist()
    [0.0, 1.0, nan]
    """
    points = rule_points(features).to_numpy(dtype=np.float64)
    known = np.isfinite(points)
    count = known.sum(axis=1)
    total = np.where(known, points, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


class Predict(Protocol):
    """A fitted baseline."""

    def __call__(self, X: FloatArray, /) -> FloatArray:
        """Return a score (n,) that rises with suspicion; X as in the fit, NaN = not known."""


class Fit(Protocol):
    """A baseline that can be fitted."""

    def __call__(self, X: FloatArray, y: FloatArray, w: FloatArray | None = None, *, seed: int = 0) -> Predict:
        """Fit on features (n, columns; NaN = not known), labels 0/1 and weights (None: all 1)."""


def _probability(model: Any) -> Predict:
    def predict(X: FloatArray, /) -> FloatArray:
        return np.asarray(model.predict_proba(X)[:, 1], dtype=np.float64)

    return predict


def fit_tree(X: FloatArray, y: FloatArray, w: FloatArray | None = None, *, seed: int = 0) -> Predict:
    """Fit a decision tree of depth 3: three questions that fit on a slip of paper. Its score is a probability.

    Missing values go down the side that suits the training data.
    """
    from sklearn.tree import DecisionTreeClassifier

    leaf = max(1, min(20, len(y) // 20))
    return _probability(DecisionTreeClassifier(max_depth=3, min_samples_leaf=leaf, random_state=seed).fit(X, y, w))


def _imputer() -> Any:
    from sklearn.impute import SimpleImputer

    # keep_empty_features: a column without any value becomes 0 instead of a warning and another number of columns.
    return SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)


def fit_logistic_regression(X: FloatArray, y: FloatArray, w: FloatArray | None = None, *, seed: int = 0) -> Predict:
    """Fit a logistic regression on standardised features, medians for missing values, with indicators that say so.

    Its score is a probability.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(_imputer(), StandardScaler(), LogisticRegression(max_iter=5_000, random_state=seed))
    return _probability(model.fit(X, y, logisticregression__sample_weight=w))


def fit_isolation_forest(X: FloatArray, y: FloatArray, w: FloatArray | None = None, *, seed: int = 0) -> Predict:
    """Fit an isolation forest to all rows, fakes included, without looking at labels: what "unusual" alone can tell.

    Its score lies between 0 and 1 and is not a probability.
    """
    from sklearn.ensemble import IsolationForest
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(_imputer(), IsolationForest(n_estimators=200, random_state=seed))
    model.fit(X, isolationforest__sample_weight=w)

    def predict(X: FloatArray, /) -> FloatArray:
        return np.asarray(-model.score_samples(X), dtype=np.float64)

    return predict


BASELINES: Mapping[str, Fit] = MappingProxyType(
    {"tree_depth_3": fit_tree, "logistic_regression": fit_logistic_regression, "isolation_forest": fit_isolation_forest}
)
"""The baselines that are fitted, by name; :func:`norms_rule` needs no fit."""
