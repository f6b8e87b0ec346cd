"""The growth family against libraries for features of time series, and against pandas as one would write it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from tests.benchmarks.data import DAYS, make
from tests.benchmarks.measure import ROOT, Context, Part, Row, cpu, run

from realreach.features import growth
from realreach.features.view import View, decision_days
from realreach.tables import read_tables

_AIMS = {"tsfresh, minimal": 38.0, "tsfresh, efficient": 5_400.0, "catch22": 30.0, "functime": 16.0, "pandas": 12.0}


class Beside(NamedTuple):
    """What a library took: its name, features, creators, CPU seconds for them all, and of how many runs."""

    name: str
    features: int
    creators: int
    seconds: float
    runs: int


def measure(context: Context) -> Part:
    """Return CPU time per creator and per feature, beside each library that is installed."""
    number = 2_000 if context.quick else 10_000
    tables = read_tables(make(context.work, number, comments=False)).tables
    features = len(growth.compute(View(tables, decision_days(tables, None), None)))
    # A view computes what families share only once: each run gets a fresh one, as a user's would.
    own = cpu(lambda: growth.compute(View(tables, decision_days(tables, None), None)), context.repeats) / number
    part = Part(f"Growth family, {number:,} creators x {DAYS} days")
    part.notes.append(f"realreach: {own * 1e3:.3f} CPU ms a creator for {features} features.")
    part.notes.append(
        "The aims are those of a prototype with 22 features; by feature they were 84x (tsfresh, minimal), 153x (efficient), 30x "
        "(catch22) and 29x (functime)."
    )
    curves = tables.follower_history.numbers("followers").reshape(number, DAYS)
    found = list(_beside(curves, context))
    for name, count, some, spent, runs in found:
        other = spent / some
        ratio = f"{other / own:,.1f}x; per feature {other / count / (own / features):,.1f}x"
        value, against = f"{own * 1e3:.3f} ms, {features} features", f"{other * 1e3:.3f} ms, {count} features"
        part.rows.append(Row(f"growth against {name}", value, against, ratio, f">= {_AIMS[name]:,.0f}x", runs))
    lacking = sorted(set(_AIMS) - {beside.name for beside in found})
    if lacking:
        part.notes.append(f"Not installed where --peers-python points: {', '.join(lacking)}.")
    return part


def _beside(curves: np.ndarray, context: Context) -> Iterator[Beside]:
    """Yield pandas, measured here, and each library for time series that the comparison's Python has."""
    frame = _long(curves[: min(len(curves), 2_000)])
    some = int(frame["creator_id"].nunique())
    runs = context.repeats
    yield Beside(
        "pandas", pandas_growth(_long(curves[:20])).shape[1], some, cpu(partial(pandas_growth, frame), runs), runs
    )
    place = context.work / "curves.npy"
    np.save(place, curves[:2_000])
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    try:
        found = run([context.peers, "-m", "tests.benchmarks.peers", place], environment={"PYTHONPATH": path}, cwd=ROOT)
    except (OSError, RuntimeError):
        return
    yield from (Beside(*figures) for figures in json.loads(found.out))


def _long(curves: np.ndarray) -> pd.DataFrame:
    number, days = curves.shape
    return pd.DataFrame({"creator_id": np.repeat(np.arange(number), days), "day": np.tile(np.arange(days), number), "followers": curves.ravel()})  # fmt: skip


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
