"""The checked tables in memory: columns as arrays, rows grouped by creator, ready for the feature engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from realreach.lazy import cached_property
from realreach.tables.contract import CONTRACTS, TableContract

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FloatArray", "IntArray", "Table", "Tables", "written_out"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, eq=False)
class Table:
    """One checked table. Rows of the same creator stand together, ordered by time and then by key.

    Parameters
    ----------
    contract
        The declaration of the table.
    columns
        Arrays of one length. ``id``, ``category`` and ``text`` columns are Arrow strings (null = unknown), of which
        ``id`` ones may be coded (a dictionary array: :meth:`strings` gives them written out); ``count``,
        ``number`` and ``flag`` columns are float64 (NaN = unknown); ``date`` columns are ``datetime64[D]`` and
        ``instant`` columns ``datetime64[us]``, both UTC (NaT = unknown). Optional columns not given are absent.
    starts
        ``starts[i]:starts[i + 1]`` are the rows of creator ``i`` (order of the creators table).
    """

    contract: TableContract
    columns: Mapping[str, npt.NDArray | pa.Array]
    starts: IntArray

    def __len__(self) -> int:
        return self._rows

    @cached_property
    def _rows(self) -> int:
        return self.starts.item(-1)

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    @cached_property
    def creator(self) -> IntArray:
        """Number of the creator (0-based position in the creators table) of each row."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def numbers(self, name: str) -> FloatArray:
        """Return a count, number or flag column as float64; all NaN where the column was not given."""
        values = self.columns.get(name)
        if values is None:
            return np.full(len(self), np.nan)
        return np.asarray(values, dtype=np.float64)

    def days(self, name: str) -> FloatArray:
        """Return a date or instant column as days since 1970-01-01 UTC (fraction = time of day), NaN = unknown."""
        values = self.columns.get(name)
        if values is None:
            return np.full(len(self), np.nan)
        missing = np.isnat(values)
        if values.dtype == np.dtype("datetime64[D]"):
            days = values.astype(np.int64).astype(np.float64)
        else:
            days = values.astype("datetime64[us]").astype(np.int64) / (1e6 * _SECONDS_PER_DAY)
        days[missing] = np.nan
        return days

    def strings(self, name: str) -> pa.Array:
        """Return an id, category or text column as an Arrow string array; all null where it was not given."""
        values = self.columns.get(name)
        if values is None:
            return pa.nulls(len(self), pa.large_string())
        return written_out(values)

    def codes(self, name: str) -> IntArray:
        """Return small integers, equal where the strings are equal; -1 = unknown."""
        encoded = self.strings(name).dictionary_encode()
        return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)

    def take(self, creators: IntArray) -> Table:
        """Return the rows of some creators, in the order given."""
        lengths = self.starts[creators + 1] - self.starts[creators]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        rows = np.repeat(self.starts[creators] - starts[:-1], lengths) + np.arange(starts[-1])
        return Table(self.contract, {k: _take(v, rows) for k, v in self.columns.items()}, starts)

    def between(self, first: int, last: int) -> Table:
        """Return the rows of creators ``first`` to ``last - 1`` without copying them."""
        rows = slice(int(self.starts[first]), int(self.starts[last]))
        return Table(
            self.contract, {k: v[rows] for k, v in self.columns.items()}, self.starts[first : last + 1] - rows.start
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a data frame with the column names of the contract, one row per row."""
        import pandas as pd

        frame = {k: written_out(v).to_pandas() if isinstance(v, pa.Array) else v for k, v in self.columns.items()}
        return pd.DataFrame(frame)


def written_out(texts: pa.Array) -> pa.Array:
    """Return strings as they are, where they may be coded (numbers of distinct words, each of them held once)."""
    return texts.dictionary.take(texts.indices) if isinstance(texts, pa.DictionaryArray) else texts


def _take(values: npt.NDArray | pa.Array, rows: IntArray) -> npt.NDArray | pa.Array:
    return values.take(pa.array(rows)) if isinstance(values, pa.Array) else values[rows]


@dataclass(frozen=True, eq=False)
class Tables:
    """The checked input: always a creators table, and the others as far as they were given.

    Made by :func:`realreach.read_tables` and its siblings only; whoever holds one need not check again.
    """

    creators: Table
    follower_history: Table | None = None
    posts: Table | None = None
    comments: Table | None = None
    audience: Table | None = None
    labels: Table | None = None

    def __len__(self) -> int:
        return len(self.creators)

    @property
    def creator_ids(self) -> pa.Array:
        """The creators' keys, in the order in which they were given."""
        return self.creators.strings("creator_id")

    def items(self) -> Iterator[tuple[str, Table]]:
        """Yield name and table for the tables that are there."""
        for name in CONTRACTS:
            table = getattr(self, name)
            if table is not None:
                yield name, table

    def take(self, creators: IntArray) -> Tables:
        """Return the tables of some creators only, in the order given (positions in the creators table)."""
        picked = np.asarray(creators, dtype=np.int64)
        return Tables(**{name: table.take(picked) for name, table in self.items()})

    def between(self, first: int, last: int) -> Tables:
        """Return the tables of creators ``first`` to ``last - 1`` (positions in the creators table), nothing copied."""
        return Tables(**{name: table.between(first, last) for name, table in self.items()})

    def select(self, creator_ids: list[str]) -> Tables:
        """Return the tables of the creators with these keys.

        Raises
        ------
        KeyError
            If a key is not in the creators table.
        """
        positions = pc.index_in(pa.array(creator_ids, type=self.creator_ids.type), value_set=self.creator_ids)
        if positions.null_count:
            missing = positions.null_count
            raise KeyError(f"{missing} of {len(creator_ids)} creator_id are not in the creators table")
        return self.take(positions.to_numpy().astype(np.int64))
