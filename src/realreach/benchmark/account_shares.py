"""How many of SRF's 10,000 unlabelled followers are suspicious: counts, corrected counts, and how sure they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from realreach.accounts.columns import account_features
from realreach.accounts.prior import adjusted_share, saerens_share
from realreach.benchmark.result import Figure, Result
from realreach.benchmark.suites import Options
from realreach.datasets import AccountSet
from realreach.learning.accounts import AccountSettings, calibrate, fit_trees
from realreach.tables.core import FloatArray

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = ["rebuilt_forest_shares", "share_figures", "unlabelled_lines"]

_TASK = "share fake among 10,000 unlabelled followers"
_PUBLISHED = Figure(0.2845, 0.258, 0.311)
_REPLICATES, _QUICK_REPLICATES = 60, 10
_FOREST_TREES = 30


def unlabelled_lines(labelled: AccountSet, unlabelled: AccountSet, options: Options) -> list[Result]:
    """Return the published share, SRF's recipe rebuilt, and ours with intervals.

    Parameters
    ----------
    labelled, unlabelled
        The two parts of SRF's set.
    options
        ``quick`` takes fewer replicates.
    """
    forest = rebuilt_forest_shares(labelled, unlabelled, options.seed)
    ours = share_figures(labelled, unlabelled, _QUICK_REPLICATES if options.quick else _REPLICATES, options.seed)
    source = "SRF: srfdata.github.io/2017-10-instagram-influencers"
    return [
        Result(
            labelled.name,
            _TASK,
            "published",
            "random forest, score 0.35 to 0.25",
            0,
            0,
            {"share": _PUBLISHED},
            source=source,
            note="of all 7 million; the range is of cut-offs, not of chance",
        ),
        Result(
            labelled.name,
            _TASK,
            "baseline",
            "SRF's recipe rebuilt",
            0,
            0,
            forest,
            protocol="30 trees, their features, endless ratios imputed by medians",
            note="their own recipe gives more on these 10,000 than was published for the 7 million",
        ),
        Result(
            labelled.name,
            _TASK,
            "ours",
            "account model",
            0,
            0,
            ours,
            protocol="bootstrap of labelled and unlabelled accounts, refitted, calibrated out of bag",
            note="the corrected shares take fakes to look as in the labelled sample (newest followers of ten "
            "influencers); bought crowds are easier to see than that, so they overshoot and the plain count is the "
            "better guess",
        ),
    ]


def share_figures(labelled: AccountSet, unlabelled: AccountSet, replicates: int, seed: int) -> dict[str, Figure]:
    """Return estimates of the share with 95 % intervals over sampling of both crowds and refitting.

    The point is the median of the replicates: each is a full refit on drawn accounts, calibrated on those not drawn.
    """
    crowd, learn, y = account_features(unlabelled.columns), account_features(labelled.columns), labelled.y
    rng = np.random.default_rng(seed)
    drawn = []
    for replicate in range(replicates):
        rows = rng.integers(0, len(y), len(y))
        rest = np.setdiff1d(np.arange(len(y)), rows)
        settings = replace(AccountSettings(), seed=seed + replicate)
        booster = _booster(fit_trees(learn[rows], y[rows], settings))
        slope, intercept = calibrate(_margin(booster, learn[rest]), y[rest])
        own = _logistic(slope * _margin(booster, learn[rest]) + intercept)
        some = crowd[rng.integers(0, len(crowd), len(crowd))]
        p = _logistic(slope * _margin(booster, some) + intercept)
        drawn.append(_estimates(p, own, y[rest]))
    return {
        name: Figure(*(float(np.nanquantile([d[name] for d in drawn], q)) for q in (0.5, 0.025, 0.975)))
        for name in drawn[0]
    }


def _estimates(p: FloatArray, own: FloatArray, y: FloatArray) -> dict[str, float]:
    """Return the estimates from probabilities ``p`` of a crowd, with those of known accounts beside."""
    fake = y == 1
    called = own >= 0.5
    return {
        "share": float(np.mean(p >= 0.5)),
        "share_at_0.3": float(np.mean(p >= 0.3)),
        "mean_probability": float(p.mean()),
        "adjusted_count": adjusted_share(
            float(np.mean(p >= 0.5)), float(called[fake].mean()), float(called[~fake].mean())
        ),
        "adjusted_mean": adjusted_share(float(p.mean()), float(own[fake].mean()), float(own[~fake].mean())),
        "maximum_likelihood": saerens_share(p, float(y.mean())),
    }


def rebuilt_forest_shares(labelled: AccountSet, unlabelled: AccountSet, seed: int) -> dict[str, Figure]:
    """Return the share at SRF's cut-offs by a forest built as they describe, mean and range over ten seeds."""
    from sklearn.ensemble import RandomForestClassifier

    learn, crowd = _srf_features(labelled), _srf_features(unlabelled)
    middle = np.nanmedian(learn, axis=0)
    learn, crowd = (np.where(np.isnan(v), middle, v) for v in (learn, crowd))
    scores = []
    for run in range(10):
        part = np.random.default_rng(seed + run).random(len(learn)) < 0.7  # they held 30 % out
        forest = RandomForestClassifier(_FOREST_TREES, max_features=3, random_state=seed + run, n_jobs=1)
        scores.append(forest.fit(learn[part], labelled.y[part]).predict_proba(crowd)[:, 1])
    shares = {cut: [float(np.mean(s >= cut)) for s in scores] for cut in (0.25, 0.3, 0.35, 0.5)}
    ends = shares[0.35], shares[0.25]
    return {
        "share": Figure(float(np.mean(shares[0.3])), float(np.mean(ends[0])), float(np.mean(ends[1]))),
        "share_at_0.5": Figure(float(np.mean(shares[0.5])), min(shares[0.5]), max(shares[0.5])),
    }


def _srf_features(data: AccountSet) -> FloatArray:
    c = data.columns
    followers, following, posts = (c[name] for name in ("followers", "following", "posts_count"))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.stack([following / followers, following / posts, followers / posts], axis=1)
    ratios[~np.isfinite(ratios)] = np.nan
    digits = c["username_digits"]
    plain = (followers, following, posts, c["has_picture"], c["is_private"], digits > 0, digits / c["username_length"])
    return np.concatenate([np.stack(plain, axis=1).astype(np.float64), ratios], axis=1)


def _booster(text: str) -> lgb.Booster:
    import lightgbm as lgb

    return lgb.Booster(model_str=text)


def _margin(booster: lgb.Booster, features: FloatArray) -> FloatArray:
    return np.asarray(booster.predict(features, raw_score=True, num_threads=1), dtype=np.float64)


def _logistic(z: FloatArray) -> FloatArray:
    return 1.0 / (1.0 + np.exp(-z))
