"""A sample of follower accounts: how many are suspicious, which kinds they are of, and whether they came in batches.

What a single account is comes from the account model (:mod:`realreach.accounts`); here a sample of thirty accounts or
more is summed up. Honest creators have suspicious followers too, two to twenty in a hundred, and small samples say
little: the lower end of the estimate accuses, not its middle.
"""

from __future__ import annotations

import numpy as np

from realreach.accounts.model import AccountModel, default_account_model
from realreach.accounts.share import FEWEST_ACCOUNTS, suspicious_shares
from realreach.accounts.streaks import STREAK_SCORE, streak_scores
from realreach.features.blocks import Ragged, compute_in_blocks, not_known, quantile, ratio, segment_sum
from realreach.features.catalogue import Feature
from realreach.features.view import View
from realreach.tables.core import FloatArray

__all__ = ["ACCOUNT_COLUMNS", "FEATURES", "SHARE_NAMES", "compute"]

ACCOUNT_COLUMNS = (
    "followers", "following", "posts_count", "has_picture", "is_private", "bio_length", "username_length",
    "username_digits",
)  # fmt: skip
"""Columns of the audience table that the account model may read."""

_FEW = f"fewer than {FEWEST_ACCOUNTS} accounts of which this is known"
_NONE = f"fewer than {FEWEST_ACCOUNTS} accounts"
_NO_ORDER = f"fewer than {FEWEST_ACCOUNTS} accounts with birthday and place in the order of following"

_MASS_FOLLOWING = 1_500.0
_MANY_DIGITS = 3.0
_YOUNG_DAYS = 180.0
_MONTH_DAYS = 30.4375
_STRIDE = 10_000


def _f(
    name: str, unit: str, en: str, idn: str, direction: int = 1, low: float | None = 0, high: float | None = 1,
    source: str = "", missing: str = _FEW, peers: bool = True, monotone: bool = False,
) -> Feature:  # fmt: skip
    return Feature(f"audience__{name}", unit, missing, en, idn, direction, low, high, source, peers, monotone)


_SRF = "SRF Data 2017"
FEATURES: tuple[Feature, ...] = (
    _f("suspicious__all__low", "share", "share of suspicious followers, lower end of the estimate", "porsi pengikut mencurigakan, batas bawah perkiraan", source=_SRF, missing=_NONE, peers=False, monotone=True),
    _f("suspicious__all__median", "share", "share of suspicious followers, estimate", "porsi pengikut mencurigakan, perkiraan", source=_SRF, missing=_NONE),
    _f("suspicious__all__high", "share", "share of suspicious followers, upper end of the estimate", "porsi pengikut mencurigakan, batas atas perkiraan", source=_SRF, missing=_NONE, peers=False),
    _f("probability__all__spread", "probability", "how far the followers' probabilities differ", "sebaran peluang pengikut", 0, missing=_NONE),
    _f("probability__all__bimodality", "coefficient", "followers in two camps, plainly real and plainly suspicious", "pengikut terbagi dua kubu", 0, missing=_NONE),
    _f("no_posts__all__share", "share", "followers without a post", "pengikut tanpa posting"),
    _f("no_picture__all__share", "share", "followers without a picture", "pengikut tanpa foto"),
    _f("no_bio__all__share", "share", "followers without a biography", "pengikut tanpa bio"),
    _f("digits__all__share", "share", "followers with three digits or more in the name", "pengikut dengan tiga angka atau lebih di nama", source="T10"),
    _f("private__all__share", "share", "followers with a private account", "pengikut dengan akun privat", 0),
    _f("mass_following__all__share", "share", "followers who follow 1,500 accounts or more", "pengikut yang mengikuti 1.500 akun atau lebih"),
    _f("following_ratio__all__median", "ln", "followed accounts per follower of the usual follower", "akun yang diikuti per pengikut, pengikut biasa", low=None, high=None),
    _f("following_ratio__all__spread", "ln", "how far followed accounts per follower differ", "sebaran akun yang diikuti per pengikut", 0, high=None),
    _f("followers__all__median", "log10 followers", "size of the usual follower's account", "ukuran akun pengikut biasa", -1, high=None),
    _f("twins__all__share", "share", "followers whose profile has the same shape as another's", "pengikut dengan bentuk profil yang sama"),
    _f("young__all__share", "share", "followers with an account of less than half a year", "pengikut dengan akun di bawah setengah tahun", 0, missing=f"fewer than {FEWEST_ACCOUNTS} accounts with a birthday"),
    _f("birth_month__all__max", "share", "followers opened in one and the same month", "pengikut yang dibuat pada bulan yang sama", missing=f"fewer than {FEWEST_ACCOUNTS} accounts with a birthday"),
    _f("streak__all__share", "share", "followers in batches that were opened and came together", "pengikut dalam rombongan yang dibuat dan datang bersama", source="New York Times 2018", missing=_NO_ORDER, peers=False, monotone=True),
    _f("streak__all__max", "ln of spreads", "strongest batch of followers that were opened and came together", "rombongan pengikut terkuat yang dibuat dan datang bersama", source="New York Times 2018", high=None, missing=_NO_ORDER, peers=False, monotone=True),
)  # fmt: skip

SHARE_NAMES = tuple(f"audience__suspicious__all__{end}" for end in ("low", "median", "high"))
"""Features that hold the estimated share of suspicious followers and its 90 % interval."""


def compute(view: View) -> dict[str, FloatArray]:
    """Return the audience features of every creator of the view, one array per catalogue name; NaN = not known."""
    n = len(view)
    out = {f.name: not_known(n) for f in FEATURES}
    out["context__audience__all__count"] = np.zeros(n)
    sample = view.audience
    if sample is None or len(sample.owner) == 0:
        return out
    out["context__audience__all__count"] = sample.lengths.astype(np.float64)
    values = (
        _probabilities(sample, view.account_model or default_account_model())
        | _shares(sample)
        | _sizes(sample)
        | _births(sample, view.as_of)
        | _streaks(sample)
    )
    out.update({f"audience__{name}": value for name, value in values.items()})
    return out


def _probabilities(sample: Ragged, model: AccountModel) -> dict[str, FloatArray]:
    """Return the estimated share with its interval, and the shape of the probabilities."""
    columns = {name: sample.columns[name] for name in ACCOUNT_COLUMNS}
    known = np.asarray(~np.isnan(np.stack(list(columns.values()))).all(axis=0))
    part = sample.where(known)
    p = model.probabilities({name: part.columns[name] for name in ACCOUNT_COLUMNS})
    share = suspicious_shares(p, part.starts, model.base_prevalence)
    names = ("probability__all__spread", "probability__all__bimodality")

    def kernel(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
        away = c["p"] - c["p"].mean(axis=1, keepdims=True)
        second, third, fourth = ((away**k).mean(axis=1) for k in (2, 3, 4))
        varied = second > 1e-9
        skew2, kurtosis = ratio(third**2, second**3), ratio(fourth, second**2)
        bimodality = np.where(varied, (skew2 + 1.0) / np.where(varied, kurtosis, 1.0), np.nan)
        return dict(zip(names, (np.sqrt(second), np.minimum(bimodality, 1.0)), strict=True))

    found = compute_in_blocks(Ragged({"p": p}, part.starts), names, kernel, FEWEST_ACCOUNTS)
    ends = ("low", "median", "high")
    return found | {f"suspicious__all__{end}": share[:, i] for i, end in enumerate(ends)}


def _shares(sample: Ragged) -> dict[str, FloatArray]:
    c = sample.columns
    flags = {
        "no_posts": (c["posts_count"] == 0, c["posts_count"]),
        "no_picture": (c["has_picture"] == 0, c["has_picture"]),
        "no_bio": (c["bio_length"] == 0, c["bio_length"]),
        "digits": (c["username_digits"] >= _MANY_DIGITS, c["username_digits"]),
        "private": (c["is_private"] == 1, c["is_private"]),
        "mass_following": (c["following"] >= _MASS_FOLLOWING, c["following"]),
    }
    out = {f"{name}__all__share": _share(sample, flag, ~np.isnan(of)) for name, (flag, of) in flags.items()}
    return out | {"twins__all__share": _twins(sample)}


def _share(sample: Ragged, flag: np.ndarray, known: np.ndarray) -> FloatArray:
    """Return the share of accounts for which ``flag`` holds among those for which it is known."""
    n = len(sample.starts) - 1
    count = segment_sum(known.astype(np.float64), sample.owner, n)
    found = segment_sum((flag & known).astype(np.float64), sample.owner, n)
    return np.where(count >= FEWEST_ACCOUNTS, ratio(found, count), np.nan)


def _twins(sample: Ragged) -> FloatArray:
    """Return the share of accounts with a twin: the same posts, length of the biography and name, digits and picture.

    Empty profiles are alike by nature, so the number followed must be near as well, and private accounts have no say.
    """
    c = sample.columns
    names = ("posts_count", "following", "username_length", "username_digits", "has_picture")
    known = np.asarray(~np.isnan(np.stack([c[name] for name in names])).any(axis=0) & (c["is_private"] != 1))
    part = sample.where(known)
    columns = [part.columns[name] for name in names]
    columns[1] = np.floor(np.log1p(columns[1]) / 0.1)
    rows = np.column_stack([part.owner, *columns, np.nan_to_num(part.columns["bio_length"], nan=-1.0)])
    _, which, number = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    has_twin = number[which.ravel()] > 1 if len(rows) else np.zeros(0, dtype=bool)
    return _share(part, has_twin, np.ones(len(rows), dtype=bool))


def _sizes(sample: Ragged) -> dict[str, FloatArray]:
    followers, following = sample.columns["followers"], sample.columns["following"]
    values = {"size": np.log10(followers + 1.0), "ratio": np.log1p(following) - np.log1p(followers)}
    known = ~np.isnan(values["ratio"])
    part = Ragged(values, sample.starts).where(known)
    names = ("followers__all__median", "following_ratio__all__median", "following_ratio__all__spread")

    def kernel(c: dict[str, FloatArray]) -> dict[str, FloatArray]:
        size, per = np.sort(c["size"], axis=1), np.sort(c["ratio"], axis=1)
        spread = quantile(per, 0.75) - quantile(per, 0.25)
        return dict(zip(names, (quantile(size, 0.5), quantile(per, 0.5), spread), strict=True))

    return compute_in_blocks(part, names, kernel, FEWEST_ACCOUNTS)


def _births(sample: Ragged, as_of: FloatArray) -> dict[str, FloatArray]:
    """Return what the days show on which the accounts were opened."""
    created = sample.columns["created"]
    part = sample.where(~np.isnan(created))
    born, owner = part.columns["created"], part.owner
    n = len(sample.starts) - 1
    out = {"young__all__share": _share(part, as_of[owner] - born < _YOUNG_DAYS, np.ones(len(born), dtype=bool))}
    month = np.floor(born / _MONTH_DAYS).astype(np.int64)
    which, number = np.unique(owner * _STRIDE + month, return_counts=True)
    most = np.zeros(n)
    np.maximum.at(most, which // _STRIDE, number.astype(np.float64))
    lengths = part.lengths.astype(np.float64)
    return out | {"birth_month__all__max": np.where(lengths >= FEWEST_ACCOUNTS, ratio(most, lengths), np.nan)}


def _streaks(sample: Ragged) -> dict[str, FloatArray]:
    """Return how many followers lie in batches; a loop over the few creators of whom the order is known."""
    part = sample.where(~np.isnan(sample.columns["created"]) & ~np.isnan(sample.columns["follow_order"]))
    created, place = part.columns["created"], part.columns["follow_order"]
    share = not_known(len(part.starts) - 1)
    most = share.copy()
    for creator in np.flatnonzero(part.lengths >= FEWEST_ACCOUNTS):
        rows = slice(part.starts[creator], part.starts[creator + 1])
        scores = streak_scores(created[rows][np.lexsort((created[rows], place[rows]))])
        share[creator] = np.mean(scores > STREAK_SCORE)
        most[creator] = np.log1p(scores.max())
    return {"streak__all__share": share, "streak__all__max": most}
