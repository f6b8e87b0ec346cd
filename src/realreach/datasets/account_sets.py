"""Public sets of labelled accounts (followers, not creators), each as one table with the columns of ``audience``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from realreach.datasets.adapter import Adapter, DatasetError, Options
from realreach.datasets.reading import read_sources
from realreach.errors import UsageError
from realreach.tables.contract import ACCOUNT_COLUMNS
from realreach.tables.core import FloatArray, IntArray

__all__ = ["ACCOUNT_SETS", "AccountSet", "load_accounts"]

_NO_LICENCE = "no licence stated: for your own evaluation, do not publish the rows or a model made of them"
_UNLABELLED = "unlabelled"

_Frames = Mapping[str, pd.DataFrame]


@dataclass(frozen=True, eq=False)
class AccountSet:
    """The accounts of one set.

    Parameters
    ----------
    name, licence
        Of the set.
    columns
        Columns of the ``audience`` table that the set has, by name (also ``username_digit_share`` where only that is
        known); NaN is unknown.
    extras
        Further columns that only this set has.
    y
        1 suspicious, 0 real; NaN where nobody has labelled the account.
    group
        A number that exact duplicates share: they must stay on one side of a split.
    part
        The publisher's own part of each row (such as ``train`` or ``test``), empty where there is none.
    """

    name: str
    licence: str
    columns: Mapping[str, FloatArray]
    extras: Mapping[str, FloatArray]
    y: FloatArray
    group: IntArray
    part: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.y)

    def rows(self, chosen: np.ndarray) -> AccountSet:
        """Return the set with these rows (positions or flags)."""
        return AccountSet(
            self.name,
            self.licence,
            {name: values[chosen] for name, values in self.columns.items()},
            {name: values[chosen] for name, values in self.extras.items()},
            self.y[chosen],
            self.group[chosen],
            tuple(np.array(self.part, dtype=object)[chosen].tolist()),
        )


def load_accounts(name: str, folder: str | Path, *, include: str | None = None) -> AccountSet:
    """Read a local copy of a public set of accounts.

    Parameters
    ----------
    name
        A key of :data:`ACCOUNT_SETS`.
    folder
        The folder with the set's files.
    include
        ``unlabelled`` gives the accounts without labels instead, where the set has some.

    Raises
    ------
    UsageError
        If there is no such set, or it has no unlabelled accounts.
    DatasetError
        If a file or column is missing or holds something else; one message names all of it.
    """
    if name not in ACCOUNT_SETS:
        raise UsageError(f"There is no set of accounts `{name}`. Known: {', '.join(ACCOUNT_SETS)}.")
    adapter = ACCOUNT_SETS[name]
    if include is not None and (include != _UNLABELLED or "include" not in adapter.options):
        raise UsageError(f"{name}: `include` {include!r} is not offered.")
    frame = adapter.convert(read_sources(adapter, Path(folder)), Options(include=include))["accounts"]
    y = frame.pop("is_fake").to_numpy(dtype=np.float64, na_value=np.nan)
    if include is None and not np.isin(y, (0.0, 1.0)).all():
        wrong = int((~np.isin(y, (0.0, 1.0))).sum())
        raise DatasetError(f"{name}: the label must be 0 or 1; it is not in {wrong} of {len(y)} rows.")
    part = tuple(frame.pop("part").astype(str)) if "part" in frame else ("",) * len(frame)
    values = {str(c): frame[c].to_numpy(dtype=np.float64, na_value=np.nan) for c in frame.columns}
    stacked = np.nan_to_num(np.stack(list(values.values()), axis=1), nan=-1.0)
    group = np.unique(stacked, axis=0, return_inverse=True)[1].ravel().astype(np.int64)
    shared = {c: v for c, v in values.items() if c in _SHARED}
    extras = {c: v for c, v in values.items() if c not in _SHARED}
    return AccountSet(name, adapter.licence, shared, extras, y, group, part)


_SHARED = (*ACCOUNT_COLUMNS, "username_digit_share")


def _renamed(names: Mapping[str, str]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return the step that takes these columns under our names."""

    def step(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[list(names)].rename(columns=dict(names))

    return step


_INSTAFAKE = {
    "userFollowerCount": "followers",
    "userFollowingCount": "following",
    "userMediaCount": "posts_count",
    "userHasProfilPic": "has_picture",
    "userIsPrivate": "is_private",
    "userBiographyLength": "bio_length",
    "usernameLength": "username_length",
    "usernameDigitCount": "username_digits",
    "isFake": "is_fake",
}
_SRF = {
    "followers": "followers",
    "following": "following",
    "posts": "posts_count",
    "has_profile_picture": "has_picture",
    "private": "is_private",
    "username_len": "username_length",
    "username_digits": "username_digits",
}
_PURBA = {
    "followers": "followers",
    "following": "following",
    "posts": "posts_count",
    "has_pic": "has_picture",
    "bio_len": "bio_length",
    "has_link": "has_link",
    "caption_len": "caption_len",
    "caption_zero_share": "caption_zero_share",
    "non_image_share": "non_image_share",
    "er_like_pct": "er_like_pct",
    "er_comment_pct": "er_comment_pct",
    "location_tag_share": "location_tag_share",
    "hashtags_per_post": "hashtags_per_post",
    "promo_keywords": "promo_keywords",
    "follower_keywords": "follower_keywords",
    "caption_cosine_sim": "caption_cosine_sim",
    "post_interval_h": "post_interval_h",
    "fake": "is_fake",
}
_FREE4EVER1 = {
    "#followers": "followers",
    "#follows": "following",
    "#posts": "posts_count",
    "profile pic": "has_picture",
    "private": "is_private",
    "description length": "bio_length",
    "nums/length username": "username_digit_share",
    "fullname words": "full_name_words",
    "nums/length fullname": "full_name_digit_share",
    "name==username": "name_is_username",
    "external URL": "has_link",
    "fake": "is_fake",
}
_CRESCI = {
    "followers_count": "followers",
    "friends_count": "following",
    "statuses_count": "posts_count",
    "favourites_count": "favourites",
    "listed_count": "listed",
    "fake": "is_fake",
}


def _instafake(files: _Frames, options: Options) -> dict[str, pd.DataFrame]:
    frame = pd.concat([files["fakeAccountData.json"], files["realAccountData.json"]], ignore_index=True)
    return {"accounts": _renamed(_INSTAFAKE)(frame).drop_duplicates(ignore_index=True)}


def _srf(files: _Frames, options: Options) -> dict[str, pd.DataFrame]:
    if options.include == _UNLABELLED:
        return {"accounts": _renamed(_SRF)(files["unlabelled_sample.csv.gz"]).assign(is_fake=np.nan)}
    return {"accounts": _renamed(_SRF | {"fake": "is_fake"})(files["labelled.csv"])}


def _purba(files: _Frames, options: Options) -> dict[str, pd.DataFrame]:
    return {"accounts": _renamed(_PURBA)(files["part_a.csv.gz"])}


def _free4ever1(files: _Frames, options: Options) -> dict[str, pd.DataFrame]:
    parts = [_renamed(_FREE4EVER1)(files[f"{part}.csv"]).assign(part=part) for part in ("train", "test")]
    return {"accounts": pd.concat(parts, ignore_index=True)}


def _cresci(files: _Frames, options: Options) -> dict[str, pd.DataFrame]:
    return {"accounts": _renamed(_CRESCI)(files["profiles.csv.gz"])}


def _numbers(names: Mapping[str, str]) -> dict[str, str]:
    return dict.fromkeys(names, "number")


def _adapter(
    name: str, title: str, source: str, licence: str, files: Mapping[str, Mapping[str, str]], notes: str, **more: object
) -> Adapter:
    return Adapter(
        name=name,
        title=title,
        source=source,
        licence=licence,
        files=files,  # type: ignore[arg-type]
        tables=("accounts",),
        labelled=True,
        notes=notes,
        **{"options": {}, "obtain": f"copy the files from {source.split(';')[0]}", **more},  # type: ignore[arg-type]
    )


ACCOUNT_SETS: Mapping[str, Adapter] = MappingProxyType(
    {
        adapter.name: adapter
        for adapter in (
            _adapter(
                "accounts_srf_followers",
                "Followers of Swiss Instagram influencers, 2017: 975 judged by journalists, 10,000 unlabelled",
                "github.com/srfdata/2017-10-instagram-influencers, analysis/input",
                'CC BY-SA 4.0, attribution "SRF Data"',
                {
                    "labelled.csv": _numbers({**_SRF, "fake": ""}),
                    "unlabelled_sample.csv.gz": _numbers(_SRF),
                },
                "Labelled: the 100 newest followers of each of ten influencers; fake means unlikely to be of value to "
                "an advertiser, to two journalists' eyes. 10 % positive. No bio.",
                convert=_srf,
                options={"include": "`unlabelled` gives the 10,000 accounts drawn from about 7 million followers"},
                obtain="clone that repository; keep lengths and digit counts of user names, drop the names",
            ),
            _adapter(
                "accounts_instafake_fake",
                "1,165 Instagram accounts of 2018, 200 of them fake by manual inspection",
                "github.com/fcakyon/instafake-dataset, data/fake-v1.0; Akyon and Kalfaoglu, arXiv 1910.03090",
                "CC BY-NC 4.0: evaluation and research only",
                {
                    "fakeAccountData.json": _numbers(_INSTAFAKE),
                    "realAccountData.json": _numbers(_INSTAFAKE),
                },
                "29 exact duplicates are dropped. Ordinary people and small fakes; says nothing of large accounts.",
                convert=_instafake,
            ),
            _adapter(
                "accounts_purba_bought_followers",
                "24,412 Instagram accounts: followers bought from services, and authentic users",
                "kaggle.com/datasets/krpurba/fakeauthentic-user-instagram; Purba et al. 2020, IJECE",
                _NO_LICENCE,
                {"part_a.csv.gz": _numbers(_PURBA)},
                "Authentic users without a link were pre-filtered by comment rate, which gives 59 % of the fakes away: "
                "believe figures on has_link = 1 only, where both classes are unfiltered.",
                convert=_purba,
            ),
            _adapter(
                "accounts_free4ever1",
                "696 Instagram accounts, half of them fake",
                "kaggle.com/datasets/free4ever1/instagram-fake-spammer-genuine-accounts",
                _NO_LICENCE,
                {"train.csv": _numbers(_FREE4EVER1), "test.csv": _numbers(_FREE4EVER1)},
                "Small and easy: one rule of picture and followers finds half of the fakes without an error.",
                convert=_free4ever1,
            ),
            _adapter(
                "accounts_cresci_e13_int",
                "1,481 humans and 1,337 bought followers on Twitter, 2013 to 2015",
                "github.com/harshitkgupta/Fake-Profile-Detection-using-ML, data; Cresci et al. 2015, arXiv 1509.04098",
                _NO_LICENCE,
                {"profiles.csv.gz": _numbers(_CRESCI)},
                "Five counts only: language, creation date and time zone give the class away and are not read.",
                convert=_cresci,
            ),
        )
    }
)
"""Every public set of accounts that realreach can read, by name."""
