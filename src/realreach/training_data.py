"""Labelled creators ready for a run: features, labels, and what the tables say of where they come from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from realreach.accounts.model import AccountModel
from realreach.bundle import side_models
from realreach.comment_text.model import CommentModel
from realreach.errors import InputError
from realreach.evaluation import Labelled
from realreach.features import build_features, feature_names
from realreach.features.view import decision_days
from realreach.power import world_seeds
from realreach.tables import Tables

__all__ = ["TrainingData", "data_digest", "labelled_creators", "labelled_of", "labelled_table", "training_data"]

_PER_CLASS = 15
"""Creators of each class below which no model is made."""


_NUMBERS = ("target", "weight", "as_of", "followers_share", "engagement_share")
_TEXTS = ("group", "language", "platform", "mechanisms", "niche", "country")


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
    extras
        The models of single comments and accounts that the features were computed with, as the model folder holds them;
        None for those that ship.
    """

    labelled: Labelled
    simulated: bool
    seeds: frozenset[int]
    extras: Mapping[str, str] | None = None


def training_data(
    tables: Tables,
    as_of: object = None,
    comment_model: CommentModel | None = None,
    account_model: AccountModel | None = None,
) -> TrainingData:
    """Return what a run on these tables is made of.

    Parameters
    ----------
    tables
        Checked tables with labels.
    as_of
        Day of the decision for all creators; None takes each label's own.
    comment_model, account_model
        Models of single comments and accounts that the features use; None for those that ship.

    Raises
    ------
    InputError
        As :func:`labelled_creators`.
    """
    sources = tables.labels.strings("label_source").to_pylist() if tables.labels is not None else []
    simulated = bool(sources) and all(s == "simulated" for s in sources)
    given = (comment_model, account_model)
    return TrainingData(
        labelled_creators(tables, as_of, comment_model=comment_model, account_model=account_model),
        simulated,
        frozenset(world_seeds(tables.creator_ids.to_pylist())),
        None if given == (None, None) else side_models(*given),
    )


def labelled_creators(
    tables: Tables,
    as_of: object = None,
    *,
    least: int = _PER_CLASS,
    comment_model: CommentModel | None = None,
    account_model: AccountModel | None = None,
) -> Labelled:
    """Return features, labels and slices of the creators that have a label, sorted by creator_id.

    Parameters
    ----------
    tables
        Checked tables with labels.
    as_of
        Day of the decision for all creators; None takes each label's own.
    least
        Creators that each class must have; 0 for a part of the data.
    comment_model, account_model
        As for :func:`training_data`.

    Raises
    ------
    InputError
        If there is no labels table, or fewer creators of a class.
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
    if counts.min() < least:
        raise InputError(
            f"labels: {counts[1]} creators with is_fake = 1 and {counts[0]} with 0. Both need at least {least} to "
            "fit, hold out and calibrate; give more labels."
        )
    weight = np.nan_to_num(labels.numbers("weight"), nan=1.0)
    groups = labels.strings("group_id").to_pylist()
    features = build_features(picked, as_of, comment_model, account_model)
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


def labelled_table(data: Labelled) -> pa.Table:
    """Return labelled creators as one table, bit for bit: what :func:`labelled_of` takes back."""
    columns: dict[str, Any] = {"creator_id": pa.array(data.features.index.astype(str).tolist(), pa.large_string())}
    for name in _NUMBERS:
        if getattr(data, name) is not None:
            columns[f"label {name}"] = pa.array(np.asarray(getattr(data, name), dtype=np.float64))
    for name in _TEXTS:
        if getattr(data, name) is not None:
            columns[f"label {name}"] = pa.array([str(v) for v in getattr(data, name)], pa.large_string())
    matrix = data.matrix
    for position, name in enumerate(data.features.columns):
        columns[name] = pa.array(np.ascontiguousarray(matrix[:, position]))
    return pa.table(columns)


def labelled_of(table: pa.Table) -> Labelled:
    """Return the labelled creators of a table; KeyError where a feature of this version is not in it."""
    given: dict[str, Any] = {}
    for name in (*_NUMBERS, *_TEXTS):
        if f"label {name}" in table.column_names:
            column = table.column(f"label {name}")
            given[name] = np.array(column.to_pylist(), dtype=object) if name in _TEXTS else column.to_numpy()
    names = feature_names()
    matrix = np.empty((len(table), len(names)))
    for position, name in enumerate(names):
        matrix[:, position] = table.column(name).to_numpy()
    index = pd.Index(table.column("creator_id").to_pandas(), name="creator_id")
    return Labelled(pd.DataFrame(matrix, index=index, columns=list(names)), **given)
