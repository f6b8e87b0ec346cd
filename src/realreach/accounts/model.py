"""The account model: is this follower suspicious? Numbers in, calibrated probabilities out; NumPy only.

A margin of gradient-boosted trees is turned into a probability by two numbers of its own for every combination of
known columns, because a margin from three counts alone means something else than one from the whole profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from realreach.accounts.columns import ACCOUNT_FEATURES, GROUPS, account_features, as_columns, known_groups
from realreach.accounts.prior import shift_prior
from realreach.compiled import LEAST_ACCOUNTS
from realreach.errors import ModelError
from realreach.tables.core import FloatArray, IntArray
from realreach.tree_text import StoredBooster
from realreach.trees import Forest

__all__ = ["ACCOUNT_TYPES", "FORMAT", "AccountModel", "Pattern", "default_account_model", "hide_groups"]

FORMAT = 1
"""Version of what :meth:`AccountModel.to_dict` writes."""

ACCOUNT_TYPES = ("real", "inactive", "mass_follower", "suspicious", "unknown")
"""What an account can be called; see :meth:`AccountModel.types`."""

_MASS_FOLLOWING = 1_500.0
"""Following so many is more than a person reads; the line that the auditing services draw, too."""

_FEATURE_NEEDS = np.array([sum(1 << GROUPS.index(g) for g in f.needs) for f in ACCOUNT_FEATURES], dtype=np.int64)


class Pattern(NamedTuple):
    """What was measured, on rows not trained on, where exactly these columns are known.

    ``slope`` and ``intercept`` lead from margin to log-odds. ``sensitivity`` and ``false_positive_rate`` are the
    shares of suspicious and of real accounts at or above the model's threshold; ``mean_suspicious`` and ``mean_real``
    their mean probabilities. All hold at the model's own base prevalence.
    """

    slope: float
    intercept: float
    sensitivity: float
    false_positive_rate: float
    mean_suspicious: float
    mean_real: float


def hide_groups(features: FloatArray, keep: IntArray) -> FloatArray:
    """Return account features with NaN wherever a group outside each row's ``keep`` mask is needed.

    Examples
    --------
    >>> row = account_features({"followers": [10], "following": [20]})
    >>> hide_groups(row, np.array([1]))[0, :2].round(2).tolist(), known_groups(hide_groups(row, np.array([1]))).tolist()
    ([2.4, nan], [1])
    """
    return np.where((_FEATURE_NEEDS[None, :] & ~keep[:, None]) != 0, np.nan, features)


@dataclass(frozen=True, eq=False)
class AccountModel:
    """A fitted account model.

    Parameters
    ----------
    booster_text
        The trees, as LightGBM writes them.
    patterns
        Calibration and error rates by bit mask of known groups (of :data:`realreach.accounts.columns.GROUPS`).
    base_prevalence
        Share of suspicious accounts that the probabilities hold for, 0-1.
    threshold
        Probability (at the base prevalence of training) from which an account is called suspicious.
    suspicious_count, real_count
        Accounts behind the rates of ``patterns``.
    facts
        Name, data, licence and recipe, for the card.
    trained_prevalence
        Share of suspicious accounts in training; the base prevalence unless :meth:`at_prevalence` moved it.
    """

    booster_text: str
    patterns: Mapping[int, Pattern]
    base_prevalence: float
    threshold: float
    suspicious_count: int
    real_count: int
    facts: Mapping[str, str] = field(default_factory=dict)
    trained_prevalence: float = float("nan")

    def __post_init__(self) -> None:
        if np.isnan(self.trained_prevalence):
            object.__setattr__(self, "trained_prevalence", self.base_prevalence)

    @cached_property
    def _forest(self) -> Forest:
        booster = StoredBooster(self.booster_text)
        try:
            if booster.trees is None or booster.num_feature() != len(ACCOUNT_FEATURES):
                raise ValueError("trees of another kind")
        except (ValueError, KeyError, IndexError) as err:
            raise ModelError("account model: the trees cannot be read. Train it again, or reinstall.") from err
        return Forest((booster,), _FEATURE_NEEDS, LEAST_ACCOUNTS)

    @cached_property
    def groups(self) -> int:
        """Bit mask of the groups that were known in training; others are not looked at."""
        return max(self.patterns, key=int.bit_count)

    def known(self, columns: Mapping[str, FloatArray]) -> IntArray:
        """Return for each account the bit mask of what is known of it and was known in training (0: nothing)."""
        return known_groups(account_features(columns)) & self.groups

    def probabilities(self, columns: Mapping[str, FloatArray]) -> FloatArray:
        """Return the calibrated probability that each account is suspicious, at the base prevalence.

        Parameters
        ----------
        columns
            Arrays of one length by name: whatever is there of
            :data:`realreach.accounts.columns.ACCOUNT_COLUMNS`; NaN is unknown.

        Returns
        -------
        numpy.ndarray
            (n,) between 0 and 1; NaN for accounts of which nothing is known. A row's value depends on that row alone.

        Raises
        ------
        UsageError
            If no column is known, or lengths differ.

        Examples
        --------
        >>> model = default_account_model()
        >>> two = {"followers": [4, 350], "following": [2900, 280], "posts_count": [0, 41], "has_picture": [0, 1]}
        >>> shop, person = model.probabilities(two)
        >>> bool(shop > 0.8), bool(person < 0.05)
        (True, True)
        """
        p = self._trained(account_features(columns))
        if self.base_prevalence == self.trained_prevalence:
            return p
        return shift_prior(p, self.trained_prevalence, self.base_prevalence)

    def margins(self, features: FloatArray) -> FloatArray:
        """Return raw margins of :func:`account_features` rows (before calibration)."""
        if not len(features):
            return np.empty(0)
        return self._margins_of(features, np.full(len(features), (1 << len(GROUPS)) - 1))

    def _margins_of(self, features: FloatArray, mask: IntArray) -> FloatArray:
        """Return raw margins, with the groups outside each row's mask not looked at."""
        if not len(features):
            return np.empty(0)
        return self._forest.raw(features, np.arange(len(features)), mask)[:, 0]

    def _trained(self, features: FloatArray) -> FloatArray:
        """Return probabilities at the prevalence of training."""
        mask = known_groups(features) & self.groups
        margin = self._margins_of(features, mask)
        log_odds = np.empty(len(features))
        log_odds.fill(np.nan)
        for value in np.bincount(mask).nonzero()[0].tolist():
            if value:
                rows, pattern = mask == value, self.patterns[value]
                log_odds[rows] = pattern.slope * margin[rows] + pattern.intercept
        return 1.0 / (1.0 + np.exp(-log_odds))

    def types(self, columns: Mapping[str, FloatArray], probabilities: FloatArray | None = None) -> npt.NDArray[np.str_]:
        """Return what each account is called: the first rule that holds.

        1. ``unknown``: nothing is known of it. 2. ``suspicious``: its probability at the prevalence of training reaches
        the threshold. 3. ``mass_follower``: it follows 1,500 accounts or more, so it will hardly see a post.
        4. ``inactive``: it has no post at all. 5. ``real``: none of these, as far as is known.

        Parameters
        ----------
        columns
            As for :meth:`probabilities`.
        probabilities
            Output of :meth:`probabilities`, if it is there already.

        Returns
        -------
        numpy.ndarray
            (n,) words of :data:`ACCOUNT_TYPES`.

        Examples
        --------
        >>> four = {"followers": [4, 900, 90, 300], "following": [2900, 1700, 80, 280], "posts_count": [0, 300, 0, 41]}
        >>> default_account_model().types(four).tolist()
        ['suspicious', 'mass_follower', 'inactive', 'real']
        """
        given = as_columns(columns)
        p = self.probabilities(given) if probabilities is None else probabilities
        out = np.full(len(p), "real", dtype="<U13")
        nothing = np.full(len(p), np.nan)
        out[given.get("posts_count", nothing) == 0] = "inactive"
        out[given.get("following", nothing) >= _MASS_FOLLOWING] = "mass_follower"
        out[p >= self.shifted_threshold] = "suspicious"
        out[np.isnan(p)] = "unknown"
        return out

    @property
    def shifted_threshold(self) -> float:
        """The threshold on the scale of :meth:`probabilities`: calls do not change with the base prevalence."""
        if self.base_prevalence == self.trained_prevalence:
            return self.threshold
        return float(shift_prior(np.array([self.threshold]), self.trained_prevalence, self.base_prevalence)[0])

    def rates(self, known: IntArray) -> FloatArray:
        """Return what calls and probabilities of accounts are worth, for estimates of a share.

        Parameters
        ----------
        known
            Output of :meth:`known`.

        Returns
        -------
        numpy.ndarray
            (n, 4): sensitivity, false-positive rate, mean probability of suspicious and of real accounts, all at the
            prevalence of training; NaN where nothing is known. Means over a sample belong into
            :func:`realreach.accounts.prior.adjusted_share`.

        Examples
        --------
        >>> model = default_account_model()
        >>> sensitivity, false_positives, *_ = model.rates(model.known({"followers": [1], "posts_count": [0]}))[0]
        >>> bool(sensitivity > 5 * false_positives)
        True
        """
        values, place = np.unique(known, return_inverse=True)
        none = (float("nan"),) * 4
        table = np.array([self.patterns[int(v)][2:] if v else none for v in values], dtype=np.float64)
        return table.reshape(-1, 4)[place]

    def at_prevalence(self, share: float) -> AccountModel:
        """Return the same model with probabilities for a crowd in which this share (0-1, ends excluded) is suspicious.

        Error rates and calls stay as they were measured.

        Raises
        ------
        UsageError
            If the share does not lie between 0 and 1.
        """
        shift_prior(np.empty(0), self.trained_prevalence, share)  # refuses what is no share
        return replace(self, base_prevalence=share)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for a JSON file, floats unshortened."""
        return {
            "format": FORMAT,
            "groups": list(GROUPS),
            "features": [f.name for f in ACCOUNT_FEATURES],
            "base_prevalence": self.base_prevalence,
            "trained_prevalence": self.trained_prevalence,
            "threshold": self.threshold,
            "suspicious_count": self.suspicious_count,
            "real_count": self.real_count,
            "facts": dict(self.facts),
            "pattern_fields": list(Pattern._fields),
            "patterns": {str(mask): list(self.patterns[mask]) for mask in sorted(self.patterns)},
            "booster_text": self.booster_text,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> AccountModel:
        """Read what :meth:`to_dict` wrote.

        Raises
        ------
        ModelError
            If it is of another format, of other columns, or damaged.
        """
        if data.get("format") != FORMAT:
            raise ModelError(f"account model: format must be {FORMAT}, got {data.get('format')!r:.20} instead.")
        if data.get("groups") != list(GROUPS) or data.get("features") != [f.name for f in ACCOUNT_FEATURES]:
            raise ModelError("account model: it was trained on other columns than this version has. Train it again.")
        try:
            patterns = {int(k): Pattern(*(float(x) for x in v)) for k, v in data["patterns"].items()}
            return cls(
                str(data["booster_text"]),
                patterns,
                float(data["base_prevalence"]),
                float(data["threshold"]),
                int(data["suspicious_count"]),
                int(data["real_count"]),
                {str(k): str(v) for k, v in data["facts"].items()},
                float(data["trained_prevalence"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            raise ModelError(f"account model: damaged ({type(err).__name__}). Train it again, or reinstall.") from err


def default_account_model() -> AccountModel:
    """Return the account model that comes with the package, read once and checked against its manifest.

    See ``accounts/default/card.md`` for its data, licence and figures.

    Raises
    ------
    ModelError
        If a file of it is missing or damaged.
    """
    from realreach.accounts.store import shipped_account_model

    return shipped_account_model()
