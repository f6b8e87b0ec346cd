"""Dates and instants from text and from typed columns, to UTC, without guessing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from realreach.errors import UsageError

__all__ = ["HIGH", "LOW", "BoolArray", "TimeArray", "check_zone", "text_times", "true_where", "typed_times"]

BoolArray = npt.NDArray[np.bool_]
TimeArray = npt.NDArray[np.datetime64]

FIRST_YEAR, LAST_YEAR = 1990, 2100
LOW = np.datetime64(f"{FIRST_YEAR}-01-01", "us")
HIGH = np.datetime64(f"{LAST_YEAR + 1}-01-01", "us")
_DAY = np.timedelta64(86_400_000_000, "us")

_SHAPE = (
    r"^(?P<Y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"
    r"(?:[Tt ](?P<H>\d{2})(?::(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?)?"
    r" ?(?P<z>[Zz]|[+-]\d{2}(?::?\d{2})?)?)?$"
)
_EPOCH = r"^-?\d{9,19}(\.\d+)?$"
_PER_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def check_zone(name: str | None) -> None:
    """Refuse a time zone that is not known.

    Raises
    ------
    UsageError
        Naming the zone and what is expected.
    """
    if name is None:
        return
    try:
        pc.assume_timezone(pa.array([0], pa.timestamp("us")), name)
    except pa.ArrowException as err:
        raise UsageError(f"unknown time zone '{name[:40]}': expected UTC, Asia/Jakarta, +07:00 or the like") from err


def text_times(text: pa.Array, *, day: bool, zone: str | None) -> tuple[TimeArray, dict[str, BoolArray]]:
    """Read dates (``day``) or instants from text.

    Parameters
    ----------
    text
        Strings without blanks around them; null = unknown.
    day
        True for a date column: a time without zone is fine and its day is taken as written. False for an instant.
    zone
        Zone of instants that name none; an hour that occurs twice is taken the first time, one that the clock skips
        as the moment of the change.

    Returns
    -------
    tuple
        UTC times (microseconds, NaT = unknown or wrong) and, by code, where something is wrong.
    """
    values = _all_good(text, day)
    if values is None:
        return _one_by_one(text, day, zone)
    return _in_range(values, {})


def _all_good(text: pa.Array, day: bool) -> TimeArray | None:
    """Convert a column in which nothing is wrong (the usual case) in one go; None if something is."""
    if not pc.all(pc.match_substring_regex(text, _SHAPE), min_count=0).as_py():
        return None
    try:
        cast = text.cast(pa.date32()).cast(pa.timestamp("us")) if day else text.cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        return None
    return _to_numpy(cast)


def _one_by_one(text: pa.Array, day: bool, zone: str | None) -> tuple[TimeArray, dict[str, BoolArray]]:
    """Take the text apart, so that each wrong value is known."""
    given = ~_null(text)
    shape = true_where(pc.match_substring_regex(text, _SHAPE))
    epoch = true_where(pc.match_substring_regex(text, _EPOCH))
    values, exists, zoned = _parts(pc.if_else(pa.array(shape), text, None))
    wrong = given & ~(shape & exists)
    found = {"time_is_epoch": epoch, "bad_date" if day else "bad_time": wrong & ~epoch}
    values[wrong | ~given] = np.datetime64("NaT")
    if not day:
        values, naive = _place(values, zoned, zone)
        found["time_without_zone"] = naive
    return _in_range(values, found)


def _parts(text: pa.Array) -> tuple[TimeArray, BoolArray, BoolArray]:
    """Return the UTC time, whether the day and time exist, and whether a zone was named."""
    fields = pc.extract_regex(text, _SHAPE)

    def number(name: str) -> npt.NDArray[np.int64]:
        digits = pc.struct_field(fields, name)
        digits = pc.if_else(pc.equal(pc.binary_length(digits), 0), "0", digits)
        return digits.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)

    month, day = number("m"), number("d")
    months = ((number("Y") - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    exists = (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == months)
    hour, minute, second = number("H"), number("M"), number("S")
    exists &= (hour < 24) & (minute < 60) & (second < 60)
    micros = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.struct_field(fields, "f"), 6, "0"), 0, 6)
    fraction = micros.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    offset, sane, zoned = _offset(pc.struct_field(fields, "z"))
    time = ((hour * 60 + minute - offset) * 60 + second) * 1_000_000 + fraction
    return days.astype("datetime64[us]") + time.astype("timedelta64[us]"), exists & sane, zoned


def _offset(zone: pa.Array) -> tuple[npt.NDArray[np.int64], BoolArray, BoolArray]:
    """Return the offset in minutes, whether it can be, and whether there was one."""
    zoned = true_where(pc.greater(pc.binary_length(zone), 0))
    digits = pc.replace_substring_regex(zone, r"[^0-9]", "")
    digits = pc.utf8_rpad(digits, 4, "0").cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    hours, minutes = digits // 100, digits % 100
    west = true_where(pc.starts_with(zone, "-"))
    return np.where(west, -1, 1) * (hours * 60 + minutes), (hours < 24) & (minutes < 60), zoned


def _place(values: TimeArray, zoned: BoolArray, zone: str | None) -> tuple[TimeArray, BoolArray]:
    """Put times without zone into the assumed one, or mark them."""
    naive = ~zoned & ~np.isnat(values)
    if zone is None or not naive.any():
        values[naive] = np.datetime64("NaT")
        return values, naive
    assumed = pc.assume_timezone(pa.array(values[naive]), zone, ambiguous="earliest", nonexistent="latest")
    values[naive] = _to_numpy(assumed.cast(pa.timestamp("us", "UTC")))
    return values, np.zeros(len(values), dtype=bool)


def typed_times(array: pa.Array, *, day: bool, zone: str | None) -> tuple[TimeArray, dict[str, BoolArray]]:
    """Read dates or instants from an Arrow date or timestamp column; results as in :func:`text_times`."""
    if pa.types.is_date(array.type):
        array = array.cast(pa.date32())
        known = _plain_days(array) if day else None
        if known is not None:
            return known, {}
        array = array.cast(pa.timestamp("s"))
    unit, named = array.type.unit, array.type.tz is not None
    ticks = array.cast(pa.timestamp(unit)).cast(pa.int64()) if not named else array.cast(pa.int64())
    missing = _null(array)
    ticks = ticks.fill_null(0).to_numpy(zero_copy_only=False)
    # Checked before the unit changes: seconds far from today would overflow as microseconds.
    low, high = (edge.astype("datetime64[D]").astype(np.int64) * _PER_DAY[unit] for edge in (LOW, HIGH))
    if (day or named) and len(ticks) and not array.null_count and low <= ticks.min() and ticks.max() < high:
        return ticks.view(f"datetime64[{unit}]").astype("datetime64[us]"), {}
    outside = ~missing & ((ticks < low) | (ticks >= high))
    values = np.where(outside, 0, ticks).astype(f"datetime64[{unit}]").astype("datetime64[us]")
    values[missing | outside] = np.datetime64("NaT")
    found = {"out_of_range": outside}
    if not day:
        values, naive = _place(values, np.full(len(values), named), zone)
        found["time_without_zone"] = naive
    return values, found


def _plain_days(array: pa.Array) -> TimeArray | None:
    """Return days as they are if all are known and in range: there is nothing else that a day can be."""
    days = array.cast(pa.int32()).to_numpy(zero_copy_only=False)
    low, high = (edge.astype("datetime64[D]").astype(np.int64) for edge in (LOW, HIGH))
    if array.null_count or not len(days) or days.min() < low or days.max() >= high:
        return None
    return days.astype(np.int64).view("datetime64[D]")


def _in_range(values: TimeArray, found: dict[str, BoolArray]) -> tuple[TimeArray, dict[str, BoolArray]]:
    found["out_of_range"] = (values < LOW) | (values >= HIGH)
    return values, found


def _to_numpy(array: pa.Array) -> TimeArray:
    values = array.cast(pa.int64()).fill_null(np.iinfo(np.int64).min).to_numpy(zero_copy_only=False)
    return values.astype("datetime64[us]")


def _null(array: pa.Array) -> BoolArray:
    return array.is_null().to_numpy(zero_copy_only=False)


def true_where(mask: pa.Array) -> BoolArray:
    """Return an Arrow mask as NumPy booleans, null = False."""
    return mask.fill_null(False).to_numpy(zero_copy_only=False).astype(bool)
