"""A sample of follower accounts: how many are suspicious, which kinds they are of, and whether they came in batches.

What a single account is comes from the account model (:mod:`realreach.accounts`); here a sample of thirty accounts or
more is summed up. Honest creators have suspicious followers too, two to twenty in a hundred, and small samples say
little: the lower end of the estimate accuses, not its middle.
"""

from __future__ import annotations

from realreach.accounts.model import default_account_model
from realreach.accounts.share import FEWEST_ACCOUNTS, suspicious_shares
from realreach.features.audience_numbers import NAMES as OF_ACCOUNTS
from realreach.features.audience_numbers import audience_numbers
from realreach.features.blocks import not_known
from realreach.features.catalogue import Feature
from realreach.features.view import View
from realreach.tables.contract import ACCOUNT_COLUMNS
from realreach.tables.core import FloatArray

__all__ = ["FEATURES", "SHARE_NAMES", "compute"]

_FEW = f"fewer than {FEWEST_ACCOUNTS} accounts of which this is known"
_NONE = f"fewer than {FEWEST_ACCOUNTS} accounts"
_NO_ORDER = f"fewer than {FEWEST_ACCOUNTS} accounts with birthday and place in the order of following"


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


NAMES = (*(f"audience__{name}" for name in OF_ACCOUNTS), *SHARE_NAMES, "context__audience__all__count")
"""Names of the rows of :func:`numbers`."""


def compute(view: View) -> dict[str, FloatArray]:
    """Return the audience features of every creator of the view, one array per catalogue name; NaN = not known."""
    return dict(zip(NAMES, numbers(view), strict=True))


def numbers(view: View) -> FloatArray:
    """Return what :func:`compute` gives as the rows of one array, in the order of ``NAMES``."""
    out = not_known((len(NAMES), len(view)))
    sample = view.audience
    if sample is None or sample.starts[-1] == 0:
        out[-1] = 0.0
        return out
    accounts = sample.matrix
    known = (accounts[: len(ACCOUNT_COLUMNS)] == accounts[: len(ACCOUNT_COLUMNS)]).any(axis=0)
    part = sample.where(known)
    model = view.account_model or default_account_model()
    p = model.probabilities(part.columns)
    audience_numbers(accounts, sample.starts, view.as_of, p, part.starts, out[: len(OF_ACCOUNTS)])
    out[len(OF_ACCOUNTS) : -1] = suspicious_shares(p, part.starts, model.base_prevalence).T
    out[-1] = sample.lengths
    return out
