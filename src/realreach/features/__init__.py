"""Features: one row per creator, columns in catalogue order, every value as of the day of the decision."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.accounts.model import AccountModel
from realreach.comment_text.model import CommentModel
from realreach.compiled import LEAST_ACCOUNTS, LEAST_COMMENTS, LEAST_CREATORS, kernels_for
from realreach.features.catalogue import Feature, catalogue, column_numbers, feature_names, model_columns
from realreach.features.view import View, decision_days
from realreach.tables.core import FloatArray, IntArray, Tables

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Feature", "build_features", "catalogue", "feature_matrix", "feature_names", "matrix_of", "model_columns"]


def feature_matrix(
    tables: Tables,
    as_of: object = None,
    comment_model: CommentModel | None = None,
    account_model: AccountModel | None = None,
) -> FloatArray:
    """Return the features of ``n`` creators as an array of shape (n, number of catalogue records).

    The form for services: no data frame is built. See :func:`build_features` for the meaning.
    """
    return matrix_of(View(tables, decision_days(tables, as_of), comment_model, account_model))


def matrix_of(view: View) -> FloatArray:
    """Return the features of the creators of a view: :func:`feature_matrix` for who has further use of the view.

    Many creators are taken some at a time, so that what lies between tables and features stays in the processor's cache.
    """
    creators = len(view)
    if creators <= _AT_ONCE:
        return _turned(_rows(view))
    _load_kernels(view)
    out = np.empty((creators, len(feature_names())))
    for first in range(0, creators, _AT_ONCE):
        last = min(first + _AT_ONCE, creators)
        _turned(_rows(view.between(first, last)), out[first:last])
    return out


def _rows(view: View) -> FloatArray:
    """Return one row a feature, in catalogue order."""
    # Features are the rows first: families write whole rows, and one turn at the end makes the columns.
    families, places, together = _families()
    rows = np.empty((len(feature_names()), len(view)))
    of_view = np.array([np.log10(np.maximum(view.followers, 1.0)), view.platform])
    if len(view) == 1:
        # One move for all of them.
        rows[together] = np.concatenate([of_view, *[family.numbers(view) for family in families]])
        return rows
    rows[places[0]] = of_view
    for at, family in zip(places[1:], families, strict=True):
        rows[at] = family.numbers(view)
    return rows


@cache
def _families() -> tuple[tuple[Any, ...], list[IntArray], IntArray]:
    """Return the modules of the families, the columns of what the view itself tells and of each, and of all together."""
    from realreach.features import audience, coherence, comments, engagement, growth, innocence

    families = (growth, engagement, audience, coherence, innocence, comments)
    position = column_numbers()
    places = [np.array([position[name] for name in own]) for own in (_OF_VIEW, *(f.NAMES for f in families))]
    return families, places, np.concatenate(places)


def _load_kernels(view: View) -> None:
    """Load compiled kernels if all the work together is worth it: no part of it need be."""
    kernels_for(len(view), "features.curve_kernels", LEAST_CREATORS)
    for table, least in ((view.tables.comments, LEAST_COMMENTS), (view.tables.audience, LEAST_ACCOUNTS)):
        if table is not None:
            kernels_for(len(table), "features.kernel_parts", least)


_OF_VIEW = ("context__followers__now__log10", "context__platform__now__code")
_AT_ONCE = 1_000
"""Creators whose features are computed together: their numbers fit the processor's cache, and no memory is asked for anew."""
_TURNED_AT_ONCE = 256
"""Creators whose features are turned together: their lines stay in the processor's cache."""


def _turned(rows: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """Return one row a creator from one row a feature."""
    if out is None:
        if rows.shape[1] == 1:
            return rows.reshape(1, -1)
        out = np.empty(rows.shape[::-1])
    for first in range(0, len(out), _TURNED_AT_ONCE):
        out[first : first + _TURNED_AT_ONCE] = rows[:, first : first + _TURNED_AT_ONCE].T
    return out


def build_features(
    tables: Tables,
    as_of: object = None,
    comment_model: CommentModel | None = None,
    account_model: AccountModel | None = None,
) -> pd.DataFrame:
    """Describe each creator by the features of the catalogue.

    Parameters
    ----------
    tables
        Checked tables (:func:`realreach.read_tables`). Not changed.
    as_of
        Day of the decision: rows on or after it are not read. A date for all, an array with one per creator, or None:
        the label's ``as_of`` where there is one, else the day after the creator's own last observation.
    comment_model, account_model
        Model that judges single comments; None for the one that ships with the package.

    Returns
    -------
    pandas.DataFrame
        Index ``creator_id`` in the order of the creators table; float64 columns in catalogue order; NaN = not known.
        The same creator gets the same row alone and in any crowd, for any order of input rows.
    """
    import pandas as pd

    index = pd.Index(tables.creator_ids.to_pandas(), name="creator_id")
    matrix = feature_matrix(tables, as_of, comment_model, account_model)
    return pd.DataFrame(matrix, index=index, columns=list(feature_names()))
