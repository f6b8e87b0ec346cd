# ruff: noqa: T201 -- prints what it measured, for the suite to read
"""Libraries for features of time series, measured in a Python that has them: ``python -m tests.benchmarks.peers curves.npy``.

They pin other versions of our dependencies than we do, so that they live in an environment of their own::

    python3 -m venv peers && peers/bin/pip install tsfresh pycatch22 functime
    make bench ARGS="--only growth --peers-python peers/bin/python"

Needs nothing of realreach. Whatever is not installed is left out.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from tests.benchmarks.measure import cpu

Work = Callable[[], object]
_RUNS = 5


def main() -> None:
    """Print name, features, creators, CPU seconds and runs of each library as JSON."""
    curves = np.load(sys.argv[1])
    found = []
    for libraries in (_tsfresh, _catch22, _functime):
        try:
            for name, features, creators, work in libraries(curves):
                found.append((name, features, creators, cpu(work, _RUNS), _RUNS))
        except ImportError:
            continue
    print(json.dumps(found))


def _tsfresh(curves: np.ndarray) -> Iterator[tuple[str, int, int, Work]]:
    from tsfresh.feature_extraction import EfficientFCParameters, MinimalFCParameters

    yield (
        "tsfresh, minimal",
        len(MinimalFCParameters()),
        500,
        partial(_extract, _long(curves[:500]), MinimalFCParameters()),
    )
    count = _extract(_long(curves[:2]), EfficientFCParameters()).shape[1]
    yield "tsfresh, efficient", count, 40, partial(_extract, _long(curves[:40]), EfficientFCParameters())


def _extract(frame: Any, parameters: object) -> Any:
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


def _long(curves: np.ndarray) -> Any:
    import pandas as pd

    number, days = curves.shape
    return pd.DataFrame({"creator_id": np.repeat(np.arange(number), days), "day": np.tile(np.arange(days), number), "followers": curves.ravel()})  # fmt: skip


def _catch22(curves: np.ndarray) -> Iterator[tuple[str, int, int, Work]]:
    import pycatch22

    lists = [row.tolist() for row in curves[:500]]
    yield "catch22", 22, 500, lambda: [pycatch22.catch22_all(row) for row in lists]


def _functime(curves: np.ndarray) -> Iterator[tuple[str, int, int, Work]]:
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
    yield "functime", len(chosen), len(curves), lambda: series.group_by("creator_id").agg(chosen)


if __name__ == "__main__":
    main()
