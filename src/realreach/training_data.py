"""Labelled creators ready for a run: features, labels, and what the tables say of where they come from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from realreach.errors import InputError
from realreach.evaluation import Labelled
from realreach.features import build_features
from realreach.features.view import decision_days
from realreach.power import world_seeds
from realreach.tables import Tables

__all__ = ["TrainingData", "data_digest", "labelled_creators", "training_data"]

_PER_CLASS = 15
"""Creators of each class below which no model is made."""


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What a run is made of.

    Parameters
    ----------
    labelled
        Features and labels.
    simulated
        Whether every label comes from the simulator.
    seeds
        Seeds of the simulated worlds that creators come from; empty for real ones.
    """

    labelled: Labelled
    simulated: bool
    seeds: frozenset[int]


def training_data(tables: Tables, as_of: object = None) -> TrainingData:
    """Return what a run on these tables is made of.

    Parameters
    ----------
    tables
        Checked tables with labels.
    as_of
        Day of the decision for all creators; None takes each label's own.

    Raises
    ------
    InputError
        As :func:`labelled_creators`.
    """
    sources = tables.labels.strings("label_source").to_pylist() if tables.labels is not None else []
    simulated = bool(sources) and all(s == "simulated" for s in sources)
    return TrainingData(
        labelled_creators(tables, as_of), simulated, frozenset(world_seeds(tables.creator_ids.to_pylist()))
    )


def labelled_creators(tables: Tables, as_of: object = None) -> Labelled:
    """Return features, labels and slices of the creators that have a label, sorted by creator_id.

    Raises
    ------
    InputError
        If there is no labels table, or fewer than 15 creators of a class.
    """
    labels = tables.labels
    if labels is None or len(labels) == 0:
        raise InputError(
            "labels: no labels were given. Training needs a labels table with creator_id and is_fake (0 or 1)."
        )
    rows = np.flatnonzero(np.diff(labels.starts) > 0)
    ids = np.array(tables.creator_ids.to_pylist(), dtype=object)[rows]
    order = np.argsort(ids)
    rows, ids = rows[order], ids[order]
    picked = tables.take(rows)
    labels = picked.labels
    assert labels is not None
    target = labels.numbers("is_fake")
    counts = np.bincount(target.astype(np.int64), minlength=2)
    if counts.min() < _PER_CLASS:
        raise InputError(
            f"labels: {counts[1]} creators with is_fake = 1 and {counts[0]} with 0. Both need at least {_PER_CLASS} to "
            "fit, hold out and calibrate; give more labels."
        )
    weight = np.nan_to_num(labels.numbers("weight"), nan=1.0)
    groups = labels.strings("group_id").to_pylist()
    features = build_features(picked, as_of)
    return Labelled(
        features=features,
        target=target,
        weight=weight,
        group=np.array(
            [g if g is not None else f"creator {i}" for g, i in zip(groups, ids, strict=True)], dtype=object
        ),
        as_of=decision_days(picked, as_of),
        language=_texts(picked, "language"),
        platform=_texts(picked, "platform"),
        mechanisms=np.array([m or "" for m in labels.strings("mechanisms").to_pylist()], dtype=object),
        niche=_texts_if_any(picked, "category"),
        country=_texts_if_any(picked, "country"),
        followers_share=labels.numbers("purchased_share"),
        engagement_share=labels.numbers("purchased_engagement_share"),
    )


def _texts(tables: Tables, name: str) -> np.ndarray:
    return np.array(
        [v if v is not None else "unknown" for v in tables.creators.strings(name).to_pylist()], dtype=object
    )


def _texts_if_any(tables: Tables, name: str) -> np.ndarray | None:
    texts = _texts(tables, name)
    return None if (texts == "unknown").all() else texts


def data_digest(data: Labelled) -> str:
    """Return a sha256 of features and labels: the same data in any order of rows or file format has the same digest."""
    digest = hashlib.sha256()
    digest.update("\n".join(data.features.columns).encode())
    digest.update("\n".join(str(key) for key in data.features.index).encode())
    digest.update(np.ascontiguousarray(data.matrix).tobytes())
    for values in (data.target, data.weight, data.as_of):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
