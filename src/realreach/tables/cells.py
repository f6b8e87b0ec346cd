"""One column at a time: from the values as given to the values of the contract, and what is wrong where."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from realreach.tables.contract import Column
from realreach.tables.limits import Limits
from realreach.tables.text_bytes import blank_to_null, byte_lengths, empty_to_null, is_graphic_ascii
from realreach.tables.times import BoolArray, TimeArray, text_times, true_where, typed_times

__all__ = ["Cells", "ColumnTypeError", "check_column"]

_NUMBER = r"^[+-]?(\d{1,20}(\.\d{0,20})?|\.\d{1,20})([eE][+-]?\d{1,3})?$"
_LIKE_THOUSANDS = r"^\d{1,3}\.\d{3}$"
_CONTROL = r"[\p{Cc}\x{2028}\x{2029}]"
_FLAGS = pa.array(["0", "0.0", "false", "no", "1", "1.0", "true", "yes"], pa.large_string())
_NUMERIC = frozenset({"count", "number", "flag"})
_BLOCK = 2**15
"""Numbers looked at at a time: what is made of them stays in the cache."""
_EXACT = 2.0**53
"""Whole numbers above it are not exact as float64, so a float is no key."""


class ColumnTypeError(TypeError):
    """A typed column cannot be what the contract wants; the message names the type found."""


@dataclass(frozen=True, eq=False)
class Cells:
    """A checked column: values of the type that :class:`~realreach.tables.core.Table` documents, and findings.

    ``found`` maps a code to the rows it concerns. ``instants`` is the exact time of a date column (UTC), by which the
    last of several counts on one day is told. Keys that came as a dictionary stay one: comparing the numbers of words
    costs next to nothing.
    """

    values: npt.NDArray | pa.Array
    found: dict[str, BoolArray] = field(default_factory=dict)
    instants: TimeArray | None = None


def check_column(array: pa.Array, column: Column, limits: Limits, zone: str | None) -> Cells:
    """Check and convert one column.

    Parameters
    ----------
    array
        The values as given: strings (from text files) or typed (from Parquet and data frames); null = unknown. An
        empty or blank string is unknown too.
    column
        The declaration.
    limits
        Lengths of cells, keys and texts.
    zone
        Zone of instants without one, or None to refuse them.

    Raises
    ------
    ColumnTypeError
        If the type of a typed column does not fit the declaration.
    pyarrow.ArrowInvalid
        If text is not UTF-8, which no file of text can bring here but one of Parquet can.
    """
    if column.kind == "id" and (cells := _coded_ids(array, column, limits)) is not None:
        return cells
    array = _plain(array, column)
    cells = {
        "id": _ids,
        "category": _categories,
        "text": _texts,
        "count": _numbers,
        "number": _numbers,
        "flag": _flags,
        "date": _times,
        "instant": _times,
    }[column.kind](array, column, limits, zone)
    found = {code: rows for code, rows in cells.found.items() if rows.any()}
    if column.required:
        missing = _missing(cells.values)
        for rows in found.values():
            missing &= ~rows
        if missing.any():
            found["missing_value"] = missing
    return Cells(cells.values, found, cells.instants)


def _plain(array: pa.Array, column: Column) -> pa.Array:
    """Return one Arrow array of a plain type: no dictionaries, one string type."""
    if pa.types.is_float64(array.type) and column.kind in _NUMERIC and isinstance(array, pa.Array):
        return array  # NaN is "unknown" there in the end, too
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    kind = array.type
    if pa.types.is_dictionary(kind):
        words = array.dictionary
        # Written out, texts may be more than the two gigabytes that short offsets reach.
        array = (words.cast(pa.large_string()) if pa.types.is_string(words.type) else words).take(array.indices)
        kind = array.type
    if pa.types.is_string(kind) or pa.types.is_string_view(kind):
        return array.cast(pa.large_string())
    if pa.types.is_floating(kind):  # NaN is how data frames say "unknown"
        array = array.cast(pa.float64())
        array = pc.if_else(pc.is_nan(array), None, array)
    if array.null_count == len(array):
        return pa.nulls(len(array), pa.large_string())
    return array


def _is_text(array: pa.Array) -> bool:
    return pa.types.is_large_string(array.type)


def _need_text(array: pa.Array) -> pa.Array:
    if not _is_text(array):
        raise ColumnTypeError(str(array.type))
    return array


def _trimmed(text: pa.Array) -> pa.Array:
    """Remove blanks around the values; what was blank only becomes null."""
    text.validate(full=True)
    text = pc.utf8_trim_whitespace(text)
    return empty_to_null(text, text)


def _missing(values: npt.NDArray | pa.Array) -> BoolArray:
    if isinstance(values, np.ndarray):
        return np.isnan(values) if values.dtype.kind == "f" else np.isnat(values)
    return values.is_null().to_numpy(zero_copy_only=False)


def _too_long(text: pa.Array, limits: Limits) -> BoolArray:
    return true_where(pc.greater(pc.binary_length(text), limits.cell_bytes))


def _coded_ids(array: pa.Array, column: Column, limits: Limits) -> Cells | None:
    """Check keys that come as a dictionary word by word; None where anything is wrong, or missing that may not be."""
    if not pa.types.is_dictionary(array.type) or isinstance(array, pa.ChunkedArray):
        return None
    if column.required and array.null_count:
        return None
    words = _plain(array.dictionary, column)
    if not _is_text(words) or words.null_count:
        return None
    checked = _ids(words, column, limits, None)
    if _missing(checked.values).any() or any(rows.any() for rows in checked.found.values()):
        return None
    return Cells(pa.DictionaryArray.from_arrays(array.indices.cast(pa.int32()), words))


def _ids(array: pa.Array, column: Column, limits: Limits, zone: str | None) -> Cells:
    if pa.types.is_integer(array.type):
        return Cells(array.cast(pa.large_string()))
    if pa.types.is_floating(array.type):
        values = array.fill_null(0.0).to_numpy(zero_copy_only=False)
        broken = ~(np.abs(values) < _EXACT) | (values != np.floor(values))
        whole = pa.array(np.where(broken, 0.0, values).astype(np.int64), mask=broken | _missing(array))
        return Cells(whole.cast(pa.large_string()), {"bad_id": broken})
    text = _need_text(array)
    if is_graphic_ascii(text):
        # Nothing to trim, no control character, and a character is a byte.
        lengths = byte_lengths(text)
        if lengths.min(initial=1) and lengths.max(initial=0) <= limits.id_characters:
            return Cells(text)
        text = empty_to_null(text, text)
        return Cells(text, {"too_long": true_where(pc.greater(pc.binary_length(text), limits.id_characters))})
    text.validate(full=True)
    text = empty_to_null(text, pc.utf8_trim_whitespace(text))
    long = true_where(pc.greater(pc.utf8_length(text), limits.id_characters))
    control = true_where(pc.match_substring_regex(text, _CONTROL))
    return Cells(text, {"too_long": long, "bad_id": control})


def _categories(array: pa.Array, column: Column, limits: Limits, zone: str | None) -> Cells:
    coded = _need_text(array).dictionary_encode()
    words = _trimmed(coded.dictionary)
    if not column.cased:
        words = pc.utf8_lower(words)
    fits = pc.match_substring_regex(words, f"^(?:{column.pattern})$") if column.pattern else pc.is_valid(words)
    if column.without:
        fits = pc.and_(fits, pc.invert(pc.match_substring_regex(words, column.without)))
    wrong = true_where(pc.invert(fits).take(coded.indices))
    return Cells(words.take(coded.indices), {"bad_category": wrong})


def _texts(array: pa.Array, column: Column, limits: Limits, zone: str | None) -> Cells:
    text = blank_to_null(_need_text(array))
    # Bytes first: they cost nothing to count, and few texts are long enough to need a look at their characters.
    if (pc.max(pc.binary_length(text)).as_py() or 0) <= min(limits.text_characters, limits.cell_bytes):
        return Cells(text)
    huge = _too_long(text, limits)
    long = true_where(pc.greater(pc.utf8_length(text), limits.text_characters))
    if long.any():
        text = pc.utf8_slice_codeunits(text, 0, limits.text_characters)
    return Cells(text, {"too_long": huge, "text_cut": long & ~huge})


def _flags(array: pa.Array, column: Column, limits: Limits, zone: str | None) -> Cells:
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.float64())
    if not _is_text(array):
        values = _as_float(array)
        wrong = ~np.isnan(values) & (values != 0) & (values != 1)
    else:
        text = pc.utf8_lower(_trimmed(array))
        place = pc.index_in(text, value_set=_FLAGS).fill_null(-1).to_numpy(zero_copy_only=False)
        wrong = (place < 0) & ~_missing(text)
        values = np.where(place < 0, np.nan, (place >= len(_FLAGS) // 2).astype(np.float64))
    return Cells(np.where(wrong, np.nan, values), {"bad_flag": wrong})


def _numbers(array: pa.Array, column: Column, limits: Limits, zone: str | None) -> Cells:
    found: dict[str, BoolArray] = {}
    if _is_text(array):
        text = _trimmed(array)
        plain = pc.match_substring_regex(text, _NUMBER)
        values = pc.if_else(plain, text, None).cast(pa.float64()).to_numpy(zero_copy_only=False)
        wrong = true_where(pc.invert(plain))
        if column.unit == "currency":
            found["ambiguous_number"] = true_where(pc.match_substring_regex(text, _LIKE_THOUSANDS))
    else:
        values = _as_float(array)
        if _all_in_range(values, array, column):
            return Cells(values)
        wrong = np.zeros(len(values), dtype=bool)
    found["not_a_number"] = wrong | np.isinf(values)
    values = np.where(found["not_a_number"], np.nan, values)
    if column.kind == "count":
        found["not_whole"] = ~np.isnan(values) & (values != np.floor(values))
    low, high = _range(column)
    found["out_of_range"] = (values < low) | (values > high)
    return Cells(values, found)


def _range(column: Column) -> tuple[float, float]:
    low = -np.inf if column.minimum is None else column.minimum
    high = np.inf if column.maximum is None else column.maximum
    return low, high


def _all_in_range(values: npt.NDArray[np.float64], array: pa.Array, column: Column) -> bool:
    """Return whether nothing can be wrong with a typed column, which two looks at it tell for most."""
    if len(values) == 0:
        return True
    low, high = _range(column)
    least, most = values.min(), values.max()
    if np.isnan(least):
        least, most = np.fmin.reduce(values), np.fmax.reduce(values)  # NaN only where all are unknown
    if not (np.isnan(least) or (low <= least and most <= high and np.isfinite(least) and np.isfinite(most))):
        return False
    if column.kind != "count" or pa.types.is_integer(array.type):
        return True
    blocks = (values[i : i + _BLOCK] for i in range(0, len(values), _BLOCK))
    return all(_all_whole(block) for block in blocks)


def _all_whole(values: npt.NDArray[np.float64]) -> bool:
    whole = np.floor(values) == values
    return bool(whole.all() or (whole | np.isnan(values)).all())


def _as_float(array: pa.Array) -> npt.NDArray[np.float64]:
    kind = array.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise ColumnTypeError(str(kind))
    values: npt.NDArray[np.float64] = array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values


def _times(array: pa.Array, column: Column, limits: Limits, zone: str | None) -> Cells:
    day = column.kind == "date"
    if _is_text(array):
        values, found = text_times(_trimmed(array), day=day, zone=zone)
    elif pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        values, found = typed_times(array, day=day, zone=zone)
    else:
        raise ColumnTypeError(str(array.type))
    return Cells(values.astype("datetime64[D]", copy=False), found, values) if day else Cells(values, found)
