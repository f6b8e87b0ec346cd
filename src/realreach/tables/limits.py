"""How much one reading may hold: bounds on files, rows, cells and JSON, all with a message when they are met."""

from __future__ import annotations

from dataclasses import dataclass, fields

from realreach.errors import UsageError

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """Bounds on what is read. Nothing over a bound is dropped in silence: each gives a code in the report or an error.

    Parameters
    ----------
    file_bytes, decompressed_bytes
        Size of one file as it lies on disk, and after decompression (a small ``.gz`` can hide a very large file).
    rows_per_table, columns
        Rows of one table over all its files, and columns of one file.
    cell_bytes
        One value; a row with a longer one is set aside (``too_long``).
    id_characters
        A key; longer ones are set aside (``too_long``).
    text_characters
        A comment or caption; longer ones are cut and counted (``text_cut``). 2,200 is what Instagram allows.
    history_points_per_creator, posts_per_creator, comments_per_creator, accounts_per_creator
        Rows of one creator; the newest are kept, the others set aside (``too_many_rows``).
    json_depth
        Lists and objects inside each other in one JSON record.

    Raises
    ------
    UsageError
        If a limit is below 1.

    Examples
    --------
    >>> Limits(text_characters=500).text_characters
    500
    """

    file_bytes: int = 2**30
    decompressed_bytes: int = 2**30
    rows_per_table: int = 50_000_000
    columns: int = 256
    cell_bytes: int = 2**20
    id_characters: int = 256
    text_characters: int = 2_200
    history_points_per_creator: int = 20_000
    posts_per_creator: int = 50_000
    comments_per_creator: int = 100_000
    accounts_per_creator: int = 100_000
    json_depth: int = 8

    def __post_init__(self) -> None:
        wrong = [field.name for field in fields(self) if getattr(self, field.name) < 1]
        if wrong:
            raise UsageError(f"limits: {', '.join(wrong)} must be 1 or more")

    def rows_per_creator(self, table: str) -> int | None:
        """Return the bound on rows of one creator in a table; None for tables with one row per creator."""
        return {
            "follower_history": self.history_points_per_creator,
            "posts": self.posts_per_creator,
            "comments": self.comments_per_creator,
            "audience": self.accounts_per_creator,
        }.get(table)
