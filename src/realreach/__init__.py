"""Authenticity scores for creators, which answer one question: is this engagement real.

The straight line: ``read_tables`` (checked once) -> ``build_features`` (one row per creator, as of a day) ->
``train`` (fit, calibrate, evaluate, check) -> ``save_bundle`` / ``load_bundle`` (no pickle) -> ``Scorer`` (one row
per creator, status first).

>>> import realreach
>>> realreach.__version__.count(".")
2

Names are imported when they are first used, so that ``import realreach`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from realreach._version import __version__

if TYPE_CHECKING:
    from realreach.bundle import Bundle, load_bundle, save_bundle
    from realreach.estimator import AuthenticityClassifier
    from realreach.features import build_features, catalogue
    from realreach.scores import Scorer
    from realreach.settings import TrainSettings
    from realreach.tables import (
        Tables,
        handle_shape,
        handle_shapes,
        read_tables,
        tables_from_frames,
        tables_from_records,
    )
    from realreach.training import train
    from realreach.warming import warm_up

__all__ = [
    "AuthenticityClassifier",
    "Bundle",
    "Scorer",
    "Tables",
    "TrainSettings",
    "__version__",
    "build_features",
    "catalogue",
    "handle_shape",
    "handle_shapes",
    "load_bundle",
    "read_tables",
    "save_bundle",
    "tables_from_frames",
    "tables_from_records",
    "train",
    "warm_up",
]

_HOMES = {
    "AuthenticityClassifier": "estimator",
    "Bundle": "bundle",
    "Scorer": "scores",
    "Tables": "tables",
    "TrainSettings": "settings",
    "build_features": "features",
    "catalogue": "features",
    "handle_shape": "tables",
    "handle_shapes": "tables",
    "load_bundle": "bundle",
    "read_tables": "tables",
    "save_bundle": "bundle",
    "tables_from_frames": "tables",
    "tables_from_records": "tables",
    "train": "training",
    "warm_up": "warming",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'realreach' has no attribute {name!r}")
    return getattr(import_module(f"realreach.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
