"""Whose the rows of a table are: found by runs of rows, for the rows of one creator mostly stand together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from realreach.lazy import cached_property
from realreach.tables.core import IntArray, Table
from realreach.tables.draft import Draft

__all__ = ["Owners", "coded", "owners_of", "places_among", "word_numbers"]


@dataclass(frozen=True, eq=False)
class Owners:
    """The creator of each row, by runs of rows with the same one.

    Parameters
    ----------
    starts
        First row of each run, and the number of all rows at the end.
    places
        Position of each run's creator in the creators table, -1 where it is not there.
    """

    starts: IntArray
    places: IntArray

    @cached_property
    def rows(self) -> IntArray:
        """Position of each row's creator, -1 where it is not in the creators table."""
        return np.repeat(self.places, np.diff(self.starts))

    @cached_property
    def grouped(self) -> bool:
        """Whether the rows stand in the order of the creators table, those of each creator together."""
        places = self.places
        return not len(places) or bool(places[0] >= 0 and (places[1:] > places[:-1]).all())

    def counts(self, order: IntArray | None, creators: int) -> IntArray:
        """Return how many of some rows (None: all, ``grouped``) each creator has."""
        if order is not None:
            return np.bincount(self.rows[order], minlength=creators)
        counts = np.zeros(creators, dtype=np.int64)
        counts[self.places] = np.diff(self.starts)
        return counts

    def rises(self, values: npt.NDArray | None) -> bool:
        """Return whether values rise from row to row within each run; None: whether each run is one row."""
        if values is None:
            return len(self.places) == self.starts.item(-1)
        if values.dtype.kind == "M":
            values = values.view(np.int64)
        falls = np.flatnonzero(values[1:] <= values[:-1]) + 1
        if len(falls) >= len(self.starts):
            return False
        return bool((self.starts[np.searchsorted(self.starts, falls)] == falls).all())


def owners_of(draft: Draft, creators: Table, invalid: pa.Array) -> Owners:
    """Look up the creators of all rows, and mark the rows of those who are not used.

    Parameters
    ----------
    draft
        The rows; findings are added.
    creators
        The finished creators table.
    invalid
        Keys of creators that were set aside.
    """
    ids: pa.Array = draft.columns["creator_id"]
    known = creators.strings("creator_id")
    if isinstance(ids, pa.DictionaryArray):
        numbers = word_numbers(ids)
        starts = _starts(numbers)
        owners = Owners(starts, np.append(places_among(ids.dictionary, known), -1)[numbers[starts[:-1]]])
    else:
        rows = places_among(ids, known)
        starts = _starts(rows)
        owners = Owners(starts, rows[starts[:-1]])
    if (owners.places < 0).any():
        lost = (owners.rows < 0) & ids.is_valid().to_numpy(zero_copy_only=False)
        aside = pc.is_in(draft.texts("creator_id"), value_set=invalid).to_numpy(zero_copy_only=False)
        draft.mark("creator_set_aside", "creator_id", lost & aside)
        draft.mark("unknown_creator", "creator_id", lost & ~aside)
    return owners


def _starts(values: npt.NDArray) -> IntArray:
    """Return the first row of each run of equal values, and their number at the end."""
    changes = np.flatnonzero(values[1:] != values[:-1]) + 1
    return np.concatenate([np.zeros(min(len(values), 1), dtype=np.int64), changes, [len(values)]])


def coded(texts: pa.Array) -> pa.DictionaryArray:
    """Return texts as numbers of distinct words."""
    return texts if isinstance(texts, pa.DictionaryArray) else texts.dictionary_encode()


def word_numbers(texts: pa.Array) -> npt.NDArray[np.int32]:
    """Return a number per text, equal where the texts are: that of its word among distinct ones; -1 = unknown."""
    return np.asarray(coded(texts).indices.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int32)


def places_among(texts: pa.Array, among: pa.Array) -> IntArray:
    """Return the place of each text among others, -1 where it is not."""
    return np.asarray(pc.index_in(texts, value_set=among).fill_null(-1).to_numpy().astype(np.int64))
