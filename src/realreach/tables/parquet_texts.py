"""Text columns of a Parquet file: read as codes where the file holds codes, written out where that is cheaper and safe.

A column of few words is a dictionary and one code per row in the file, and stays so: its words are checked once. A
column of many words would be hashed text by text to make it so, which costs several times the reading. But one long
text, repeated, packs into a few bytes, and must never be written out before its full size is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = ["TooMuchTextError", "full_size", "is_text", "one_array", "read_columns", "text_columns"]

_ROWS = 2**16
"""Rows written out at once: so many of the longest text of a dictionary must be within the limit."""
_CODE_BYTES = 4
"""A column that takes fewer bytes a row holds codes of few words; what takes more holds texts, or very many words."""


class TooMuchTextError(ValueError):
    """The texts of a file, written out, are larger than the limit."""


def is_text(kind: pa.DataType) -> bool:
    """Return whether a type is text in Parquet."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def text_columns(path: Path) -> list[str]:
    """Return the names of the text columns of a Parquet file."""
    import pyarrow.parquet as pq

    return [field.name for field in pq.read_schema(path) if is_text(field.type)]


def columns_of_codes(source: pq.ParquetFile) -> list[str]:
    """Return the text columns that a file holds as codes of few words: cheaper to read, check and look up so."""
    sizes = _bytes_of_texts(source)
    return [name for name, size in sizes.items() if size < _CODE_BYTES * source.metadata.num_rows]


def _bytes_of_texts(source: pq.ParquetFile) -> dict[str, int]:
    """Return the unpacked bytes of each text column that can be read as codes; nothing for files with nested columns.

    Texts that say in what they differ from the one before (``DELTA_...``) cannot be read so.
    """
    file, schema = source.metadata, source.schema_arrow
    if file.num_columns != len(schema) or any("." in name for name in schema.names):
        return {}  # names and columns of the file are not the same
    groups = [file.row_group(i) for i in range(file.num_row_groups)]
    found = {}
    for i, field in enumerate(schema):
        chunks = [group.column(i) for group in groups] if is_text(field.type) else []
        if chunks and not any("DELTA" in name for chunk in chunks for name in chunk.encodings):
            found[field.name] = sum(chunk.total_uncompressed_size for chunk in chunks)
    return found


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array, copied only where it is more than one."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def full_size(column: pa.ChunkedArray) -> int:
    """Return the bytes of all texts of a column that is read as a dictionary, unpacked; 0 for other columns."""
    total = 0
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type):
            lengths = pc.binary_length(chunk.dictionary).cast(pa.int64())
            total += pc.sum(lengths.take(chunk.indices)).as_py() or 0
    return total


def read_columns(path: Path, limit: int) -> pa.Table:
    """Return all columns of a file, each of them one array.

    Parameters
    ----------
    path
        A Parquet file.
    limit
        Bytes of all texts, written out.

    Returns
    -------
    pyarrow.Table
        Text columns of few words are dictionaries, others ``large_string``.

    Raises
    ------
    TooMuchTextError
        Before more than twice the limit was written out.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        names, sizes = list(file.schema_arrow.names), _bytes_of_texts(file)
        words = [field.name for field in file.schema_arrow if is_text(field.type)]
    with pq.ParquetFile(path, read_dictionary=words) as source:
        plain = _plain_columns(source, sizes, limit)
        coded = source.read([n for n in names if n not in plain] if plain else None, use_threads=False)
    left = limit - sum(full_size(coded.column(name)) for name in words if name not in plain)
    if left < 0:
        raise TooMuchTextError
    columns = {name: one_array(coded.column(name)) for name in coded.column_names}
    columns.update(_written_out(path, plain, left))
    return pa.table({name: columns[name] for name in names})


def _written_out(path: Path, names: Sequence[str], limit: int) -> dict[str, pa.Array]:
    """Read text columns a part at a time, so that too much is told before it is there."""
    import pyarrow.parquet as pq

    if not names:
        return {}
    parts: list[pa.Table] = []
    kinds = pa.schema([(name, pa.large_string()) for name in names])
    with pq.ParquetFile(path) as source:
        for batch in source.iter_batches(_ROWS, columns=list(names), use_threads=False):
            limit -= sum(pc.sum(pc.binary_length(column)).as_py() or 0 for column in batch.columns)
            if limit < 0:
                raise TooMuchTextError
            parts.append(pa.Table.from_batches([batch]).select(names).cast(kinds))
    whole = pa.concat_tables(parts)
    return {name: one_array(whole.column(name)) for name in names}


def _plain_columns(source: pq.ParquetFile, sizes: Mapping[str, int], limit: int) -> list[str]:
    """Return the text columns that are cheaper written out, as far as ``_ROWS`` of their rows are surely in the limit.

    What is written out at once is known from the words of the dictionary at the head of each row group; texts that are
    not in it lie in the file as they are. A head of one word tells nothing: there may be none, or not at the head.
    """
    file = source.metadata
    longest = {name: 0 for name, size in sizes.items() if size >= _CODE_BYTES * file.num_rows > 0}
    for number in range(file.num_row_groups if longest else 0):
        first_row = source.iter_batches(1, row_groups=[number], columns=list(longest), use_threads=False)
        for name, head in [(name, batch.column(name).dictionary) for batch in islice(first_row, 1) for name in longest]:
            if len(head) > 1:
                longest[name] = max(longest[name], pc.max(pc.binary_length(head)).as_py())
            else:
                del longest[name]
        if not longest:
            return []
    chosen: list[str] = []
    room = limit
    for name in sorted(longest, key=lambda name: (longest[name], name)):
        room -= _ROWS * longest[name]
        if room >= 0:
            chosen.append(name)
    return chosen
