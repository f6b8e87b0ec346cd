"""The growth family against libraries for features of time series, and against pandas as one would write it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import numpy as np
import pandas as pd
from tests.benchmarks.data import DAYS, make
from tests.benchmarks.measure import Context, Part, Row, cpu

from realreach.features import growth
from realreach.features.view import View, decision_days
from realreach.tables import read_tables

_AIMS = {"tsfresh, minimal": 38.0, "tsfresh, efficient": 5_400.0, "catch22": 30.0, "functime": 16.0, "pandas": 12.0}


def measure(context: Context) -> Part:
    """Return CPU time per creator and per feature, beside each library that is installed."""
    number = 2_000 if context.quick else 10_000
    tables = read_tables(make(context.work, number, comments=False)).tables
    features = len(growth.compute(View(tables, decision_days(tables, None), None)))
    # A view computes what families share only once: each run gets a fresh one, as a user's would.
    own = cpu(lambda: growth.compute(View(tables, decision_days(tables, None), None)), context.repeats) / number
    part = Part(f"Growth family, {number:,} creators x {DAYS} days")
    part.notes.append(f"realreach: {own * 1e3:.3f} CPU ms a creator for {features} features.")
    curves = tables.follower_history.numbers("followers").reshape(number, DAYS)
    for name, (count, some, work) in _libraries(curves).items():
        runs = 1 if name == "tsfresh, efficient" else min(context.repeats, 3)
        other = cpu(work, runs) / some
        ratio = f"{other / own:,.1f}x; per feature {other / count / (own / features):,.1f}x"
        value = f"{own * 1e3:.3f} ms, {features} features"
        part.rows.append(
            Row(
                f"growth against {name}",
                value,
                f"{other * 1e3:.3f} ms, {count} features",
                ratio,
                f">= {_AIMS[name]:,.0f}x",
                runs,
            )
        )
    return part


def _libraries(curves: np.ndarray) -> dict[str, tuple[int, int, Callable[[], object]]]:
    """Return by name: number of features, of creators, and the work; those that are not installed are left out."""
    found: dict[str, tuple[int, int, Callable[[], object]]] = {}
    some = curves[: min(len(curves), 2_000)]
    frame = _long(some)
    found["pandas"] = (len(pandas_growth(_long(curves[:20])).columns), len(some), partial(pandas_growth, frame))
    try:
        from tsfresh.feature_extraction import EfficientFCParameters, MinimalFCParameters

        found["tsfresh, minimal"] = (
            len(MinimalFCParameters()),
            500,
            partial(_tsfresh, _long(curves[:500]), MinimalFCParameters()),
        )
        few = _long(curves[:40])
        count = _tsfresh(_long(curves[:2]), EfficientFCParameters()).shape[1]
        found["tsfresh, efficient"] = (count, 40, partial(_tsfresh, few, EfficientFCParameters()))
    except ImportError:
        pass
    try:
        import pycatch22

        lists = [row.tolist() for row in curves[:500]]
        found["catch22"] = (22, 500, lambda: [pycatch22.catch22_all(row) for row in lists])
    except ImportError:
        pass
    with suppress(ImportError):
        found["functime"] = _functime(some)
    return found


def _long(curves: np.ndarray) -> pd.DataFrame:
    number, days = curves.shape
    return pd.DataFrame({"creator_id": np.repeat(np.arange(number), days), "day": np.tile(np.arange(days), number), "followers": curves.ravel()})  # fmt: skip


def _tsfresh(frame: pd.DataFrame, parameters: object) -> pd.DataFrame:
    from tsfresh import extract_features

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return extract_features(
            frame,
            column_id="creator_id",
            column_sort="day",
            default_fc_parameters=parameters,
            n_jobs=0,
            disable_progressbar=True,
        )


def _functime(curves: np.ndarray) -> tuple[int, int, Callable[[], object]]:
    import polars as pl
    from functime.feature_extractors import FeatureExtractor  # noqa: F401 - registers the namespace ``ts``

    series = pl.DataFrame({"creator_id": np.repeat(np.arange(len(curves)), curves.shape[1]), "gain": np.diff(curves, axis=1, prepend=curves[:, :1]).ravel()})  # fmt: skip
    x = pl.col("gain")
    wanted = {
        "energy": x.ts.absolute_energy(), "maximum": x.ts.absolute_maximum(), "change": x.ts.absolute_sum_of_changes(),
        "entropy": x.ts.binned_entropy(bin_count=10), "c3": x.ts.c3(n_lags=1), "cid": x.ts.cid_ce(), "above": x.ts.count_above_mean(),
        "below": x.ts.count_below_mean(), "gain": x.ts.mean_abs_change(), "ratio": x.ts.ratio_beyond_r_sigma(ratio=3.0),
        "lag1": x.ts.autocorrelation(n_lags=1), "lag7": x.ts.autocorrelation(n_lags=7),
    }  # fmt: skip
    chosen = [expression.alias(name) for name, expression in wanted.items()]
    return len(chosen), len(curves), lambda: series.group_by("creator_id").agg(chosen)


def pandas_growth(frame: pd.DataFrame) -> pd.DataFrame:
    """Return 22 features of growth as one would write them with pandas: vectorised where pandas can be."""
    frame = frame.sort_values(["creator_id", "day"])
    frame["gain"] = frame.groupby("creator_id")["followers"].diff()
    own = frame.groupby("creator_id")["gain"]
    out = own.agg(["mean", "std", "min", "max", "median", "skew"])
    out["q90"], out["q10"] = own.quantile(0.9), own.quantile(0.1)
    middle = frame["creator_id"].map(out["median"])
    away = (frame["gain"] - middle).abs()
    spread = away.groupby(frame["creator_id"]).median()
    z = (frame["gain"] - middle) / (1.4826 * frame["creator_id"].map(spread)).replace(0, np.nan)
    by_z = z.groupby(frame["creator_id"])
    out["z_max"], out["z_min"] = by_z.max(), by_z.min()
    out["spikes"] = (z > 6).groupby(frame["creator_id"]).sum()
    out["drops"] = (z < -6).groupby(frame["creator_id"]).sum()
    gained = frame["gain"].clip(lower=0)
    total = gained.groupby(frame["creator_id"]).sum()
    out["top1"] = gained.groupby(frame["creator_id"]).max() / total
    out["top3"] = gained.groupby(frame["creator_id"]).nlargest(3).groupby(level=0).sum() / total
    out["lost"] = (-frame["gain"].clip(upper=0)).groupby(frame["creator_id"]).sum() / total
    for lag in (1, 7):
        pair = frame["gain"] * own.shift(lag)
        out[f"lag{lag}"] = pair.groupby(frame["creator_id"]).mean() / out["std"] ** 2
    out["flat"] = (frame["gain"] == 0).groupby(frame["creator_id"]).mean()
    share = gained / frame["creator_id"].map(total)
    out["entropy"] = -(share * np.log(share.where(share > 0))).groupby(frame["creator_id"]).sum()
    week = frame.assign(week=frame["day"] // 7).groupby(["creator_id", "week"])["gain"].sum()
    out["week_std"] = week.groupby(level=0).std()
    level = (frame["gain"] - middle).fillna(0.0).groupby(frame["creator_id"]).cumsum()
    out["cusum"] = level.groupby(frame["creator_id"]).max() - level.groupby(frame["creator_id"]).min()
    out["growth"] = frame.groupby("creator_id")["followers"].last() / frame.groupby("creator_id")["followers"].first()
    return out
