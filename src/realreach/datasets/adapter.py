"""What an adapter is: which files of a public data set it reads, who owns them, and how they become our tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from realreach.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Adapter", "Convert", "DatasetError", "Options", "ValueKind"]

ValueKind = Literal["text", "number", "list"]
"""What a column of a public file holds: words, numbers, or (JSON lines only) a list of numbers per record."""


class DatasetError(InputError):
    """A local copy of a public data set lacks a file or column that its adapter reads, or is another set."""


@dataclass(frozen=True)
class Options:
    """Choices that some adapters offer; each adapter names those it understands.

    Parameters
    ----------
    min_months
        Keep creators whose history spans at least this many months.
    include
        Extra rows that are left out by default; the adapter's ``options`` name the words it knows.
    """

    min_months: int = 6
    include: str | None = None


Convert = Callable[[Mapping[str, "pd.DataFrame"], Options], dict[str, "pd.DataFrame"]]
"""From the files of the set (by name) to raw frames with the column names of the table contracts."""


@dataclass(frozen=True)
class Adapter:
    """One public data set.

    Parameters
    ----------
    name
        Name of the set, also the usual name of its folder.
    title
        One line: what it holds.
    source
        Where the data come from.
    licence
        Terms of the set. realreach ships none of these rows.
    obtain
        How a user gets a copy.
    files
        File name -> column name -> what the column holds. Other columns are not read.
    optional
        Names of those columns that a copy may lack: then all their values are unknown.
    tables
        Names of the tables that come out.
    convert
        The conversion. It gets every file with the declared columns, typed.
    options
        Option name -> what it does here. Options not named are refused.
    collected_at_once
        True where all counts were taken on one occasion: then the day of the decision is the day after the newest
        row of the whole set. False where each creator has an own end: then it is the day after the own last row.
    labelled
        True where a labels table comes out.
    notes
        What to know before reading the numbers.
    """

    name: str
    title: str
    source: str
    licence: str
    obtain: str
    files: Mapping[str, Mapping[str, ValueKind]]
    tables: tuple[str, ...]
    convert: Convert
    options: Mapping[str, str]
    collected_at_once: bool = False
    labelled: bool = False
    notes: str = ""
    optional: frozenset[str] = frozenset()
