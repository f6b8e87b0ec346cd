"""Derived features of single accounts, from whatever audience columns are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from realreach.errors import UsageError
from realreach.tables.contract import ACCOUNT_COLUMNS
from realreach.tables.core import FloatArray, IntArray

__all__ = [
    "ACCOUNT_COLUMNS",
    "ACCOUNT_FEATURES",
    "GROUPS",
    "AccountFeature",
    "account_features",
    "as_columns",
    "known_groups",
]

DIGIT_SHARE = "username_digit_share"
"""A column that may stand in for ``username_digits`` where a source gives only the share."""
_KNOWN = (*ACCOUNT_COLUMNS, DIGIT_SHARE)

GROUPS = (*ACCOUNT_COLUMNS[:-1], DIGIT_SHARE)
"""What can be known of an account, one bit each in the masks of :func:`known_groups`."""

_FOLLOWING_LIMIT = 7_500.0
"""Instagram lets nobody follow more; older and other platforms' counts above it are read as "at the limit"."""
_FOLLOWERS_CAP = 1e7
_POSTS_CAP = 1e5
_COUNT_CAPS = np.array([[_FOLLOWERS_CAP], [_FOLLOWING_LIMIT], [_POSTS_CAP]])
_CAPS = np.array([[1.0], [1.0], [1e4], [64.0]])
"""The most that picture, privacy, words and length of the name count for."""
_ROUNDED_FROM = 1_000.0
"""From here platforms and collectors show rounded counts (1.2K): exact ones are rounded alike."""


@dataclass(frozen=True)
class AccountFeature:
    """One derived feature.

    Parameters
    ----------
    name
        Its name.
    needs
        The groups (of :data:`GROUPS`) that must be known; else the feature is NaN.
    direction
        Sign in which suspicion may move with the feature alone (0: free), the monotone constraint of a model. Bought
        accounts follow many and have few followers, posts, words and no picture; a model must not learn the reverse
        from one set's chance.
    description
        What it is, with its unit.
    """

    name: str
    needs: tuple[str, ...]
    direction: int
    description: str


_F, _G, _P = "followers", "following", "posts_count"

ACCOUNT_FEATURES = (
    AccountFeature("log_followers", (_F,), -1, "ln(1 + followers), capped at ten million"),
    AccountFeature("log_following", (_G,), 0, "ln(1 + following), capped at the platform's limit of 7,500"),
    AccountFeature("log_posts", (_P,), -1, "ln(1 + posts), capped at 100,000"),
    AccountFeature("has_picture", ("has_picture",), -1, "1 with a profile picture"),
    AccountFeature("is_private", ("is_private",), 0, "1 if private"),
    AccountFeature("log_bio_length", ("bio_length",), -1, "ln(1 + characters of the bio)"),
    AccountFeature("username_length", ("username_length",), 0, "characters of the user name"),
    AccountFeature(DIGIT_SHARE, (DIGIT_SHARE,), 1, "digits / characters of the user name, 0-1"),
    AccountFeature("log_following_per_follower", (_F, _G), 1, "ln((1 + following) / (1 + followers))"),
    AccountFeature("log_following_per_post", (_G, _P), 1, "ln((1 + following) / (1 + posts))"),
    AccountFeature("log_followers_per_post", (_F, _P), 0, "ln((1 + followers) / (1 + posts))"),
    AccountFeature("log_return", (_F, _G, _P), -1, "ln((1 + followers)(1 + posts) / (1 + following))"),
    AccountFeature("log_size", (_F, _G, _P), 0, "ln of the product of the three counts, 1 added to each"),
    AccountFeature("log_least_presence", (_F, _P), -1, "the smaller of ln(1 + followers) and ln(1 + posts)"),
)
"""The features in the order of their columns."""


def as_columns(columns: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Return the known columns as floats of one length; values below zero and endless ones become NaN.

    Raises
    ------
    UsageError
        If none of the columns is one of :data:`ACCOUNT_COLUMNS`, or they differ in length.

    Examples
    --------
    >>> as_columns({"followers": [3, -1], "colour": [1, 2]})
    {'followers': array([ 3., nan])}
    """
    names, values = _as_rows(columns)
    return dict(zip(names, values, strict=True))


def _as_rows(columns: Mapping[str, FloatArray]) -> tuple[list[str], FloatArray]:
    """Return the names of the known columns and their values, shape (columns, accounts); see :func:`as_columns`."""
    names = [name for name in _KNOWN if name in columns]
    if not names:
        raise UsageError(f"accounts: none of the columns is known. Give at least one of {', '.join(_KNOWN)}.")
    lengths = {name: len(columns[name]) for name in names}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise UsageError(f"accounts: all columns must have the same number of rows, got {told} instead.")
    values = np.array([columns[name] for name in names], dtype=np.float64)
    values[~((values >= 0) & (values < np.inf))] = np.nan
    return names, values


def account_features(columns: Mapping[str, FloatArray]) -> FloatArray:
    """Return the derived features of accounts; each row depends on its own account alone.

    Parameters
    ----------
    columns
        Arrays of one length by name, any of :data:`ACCOUNT_COLUMNS` (or ``username_digit_share`` where only the share
        is known); NaN is unknown. Other names are ignored.

    Returns
    -------
    numpy.ndarray
        (n, features) in the order of :data:`ACCOUNT_FEATURES`; NaN where something needed is unknown.

    Raises
    ------
    UsageError
        If no column is known, or lengths differ.

    Examples
    --------
    >>> row = account_features({"followers": np.array([0.0]), "following": np.array([7000.0])})[0]
    >>> [f.name for f, v in zip(ACCOUNT_FEATURES, row, strict=True) if not np.isnan(v)]
    ['log_followers', 'log_following', 'log_following_per_follower']
    >>> float(row[8].round(2))
    8.85
    """
    names, values = _as_rows(columns)
    if len(names) == len(_KNOWN):
        given = values
    else:
        given = np.empty((len(_KNOWN), values.shape[1]))
        given.fill(np.nan)
        given[[_KNOWN.index(name) for name in names]] = values
    out = np.empty((len(ACCOUNT_FEATURES), given.shape[1]))
    followers, following, posts = _log_counts(given[:3], out[:3])
    np.minimum(given[3:7], _CAPS, out=out[3:7])
    np.log1p(out[5], out=out[5])
    out[7] = _digit_share(given[7], given[6], given[8])
    np.subtract(following, followers, out=out[8])
    np.subtract(following, posts, out=out[9])
    np.subtract(followers, posts, out=out[10])
    np.subtract(followers + posts, following, out=out[11])
    np.add(followers + following, posts, out=out[12])
    np.minimum(followers, posts, out=out[13])
    return np.ascontiguousarray(out.T)


def known_groups(features: FloatArray) -> IntArray:
    """Return what is known of each account as a bit mask over :data:`GROUPS`.

    Parameters
    ----------
    features
        Output of :func:`account_features`.

    Examples
    --------
    >>> known_groups(account_features({"followers": [1, np.nan], "has_picture": [0, 1]})).tolist()
    [9, 8]
    """
    told = features[:, _SINGLE]
    return np.asarray((told == told) @ _BITS, dtype=np.int64)


_SINGLE = [i for i, f in enumerate(ACCOUNT_FEATURES) if len(f.needs) == 1]
_BITS = np.array([1 << GROUPS.index(ACCOUNT_FEATURES[i].needs[0]) for i in _SINGLE], dtype=np.int64)


def _log_counts(values: FloatArray, out: FloatArray) -> FloatArray:
    """Fill ln(1 + count) of capped counts, rounded to two digits from a thousand on; shape (3, accounts)."""
    values = np.minimum(values, _COUNT_CAPS)
    unit = np.log10(np.fmax(values, 1.0))
    np.floor(unit, out=unit)
    unit -= 1.0
    np.power(10.0, np.maximum(unit, 0.0, out=unit), out=unit)
    np.copyto(values, np.rint(values / unit) * unit, where=values >= _ROUNDED_FROM)
    return np.log1p(values, out=out)


def _digit_share(digits: FloatArray, length: FloatArray, share: FloatArray) -> FloatArray:
    """Return the share of digits: as given, else from the two counts; never above 1."""
    counted = digits / np.where(length > 0, length, np.nan)
    return np.minimum(np.where(np.isnan(share), counted, share), 1.0)
