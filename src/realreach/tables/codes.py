"""The codes of everything that checking can find: what each means, what happens to the row, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

__all__ = ["CODES", "Code", "Effect", "Severity"]

Severity = Literal["error", "warning"]
Effect = Literal["refused", "set aside", "kept"]


@dataclass(frozen=True)
class Code:
    """One kind of finding. Names are stable: programs may rely on them.

    ``one`` and ``many`` follow the count in a message (refusals word theirs on the spot); ``advice`` is the next step
    and may name ``{range}``, ``{description}``, ``{expected}`` and ``{limit}``.
    """

    name: str
    effect: Effect
    meaning: str
    one: str = ""
    many: str = ""
    advice: str = ""
    severity: Severity = "error"


def _row(name: str, meaning: str, one: str, many: str, advice: str, severity: Severity = "error") -> Code:
    return Code(name, "set aside", meaning, one, many, advice, severity)


def _kept(name: str, meaning: str, one: str, many: str, advice: str) -> Code:
    return Code(name, "kept", meaning, one, many, advice, "warning")


_CELLS = (
    _row(
        "missing_value", "A required value is missing.", "value is missing", "values are missing", "Fill in all rows."
    ),
    _row(
        "not_a_number",
        "A number was expected; `12.3K`, `1.234.567`, `12,5`, `NaN` and infinities are not guessed at.",
        "value is not a plain number",
        "values are not plain numbers",
        "Write digits only, such as 12300; no thousands separators, no K or M, a point for decimals.",
    ),
    _row(
        "not_whole",
        "A count has a fraction (`12.0` is accepted).",
        "count has a fraction",
        "counts have a fraction",
        "Write whole numbers; if the point separates thousands, remove it.",
    ),
    _row(
        "out_of_range",
        "The value is outside the range of the column; for dates, outside the years 1990 to 2100.",
        "value is out of range",
        "values are out of range",
        "Expected {range}.",
    ),
    _row(
        "bad_flag",
        "A flag is not one of `0`, `1`, `true`, `false`, `yes`, `no` (in any case).",
        "value is not a flag",
        "values are not flags",
        "Write 1 or 0; leave it empty if it is not known.",
    ),
    _row(
        "bad_category",
        "A category is not of the form described (compared in lower case).",
        "value does not fit",
        "values do not fit",
        "Expected: {description}.",
    ),
    _row(
        "bad_date",
        "A date cannot be read, or is no day of the calendar.",
        "value is not a date",
        "values are not dates",
        "Write 2024-01-31, or a time with its zone such as 2024-01-31T18:00:00Z.",
    ),
    _row(
        "bad_time",
        "A time cannot be read, or does not exist.",
        "value is not a time",
        "values are not times",
        "Write 2024-01-31T18:00:00Z or 2024-01-31T18:00:00+07:00.",
    ),
    _row(
        "time_without_zone",
        "A time has no zone, and none was given for the whole input.",
        "time has no zone",
        "times have no zone",
        "Add Z or an offset such as +07:00, or say once which zone they are in (--assume-tz, in Python assume_tz).",
    ),
    _row(
        "time_is_epoch",
        "A time is a number of seconds or milliseconds; the unit is not guessed at.",
        "value is a number, not a time",
        "values are numbers, not times",
        "Convert epoch seconds or milliseconds to 2024-01-31T18:00:00Z.",
    ),
    _row(
        "bad_id",
        "A key holds control characters or broken text, or is a fraction.",
        "key has control characters, broken text or a fraction",
        "keys have control characters, broken text or a fraction",
        "Write keys as plain text.",
    ),
    _row(
        "too_long",
        "A value is longer than the limit.",
        "value is too long",
        "values are too long",
        "At most {limit} are read; shorten the value or raise the limit.",
    ),
    _row(
        "wrong_type",
        "A list, an object or a value of another type stands where one value was expected.",
        "value has the wrong type",
        "values have the wrong type",
        "Expected {expected}.",
    ),
)

_ROWS = (
    _row(
        "field_count",
        "A CSV row has more or fewer fields than the header.",
        "row has more or fewer fields than the header",
        "rows have more or fewer fields than the header",
        "Put values with commas or line breaks in double quotes.",
    ),
    _row(
        "bad_json",
        "A line is not one complete JSON value.",
        "line is not valid JSON",
        "lines are not valid JSON",
        "Write one JSON object per line and nothing after it.",
    ),
    _row(
        "json_duplicate_key",
        "An object names the same key twice.",
        "line has a key twice in one object",
        "lines have a key twice in one object",
        "Keep one of the two.",
    ),
    _row(
        "json_constant",
        "`NaN` or `Infinity`, which are not JSON.",
        "line has NaN or Infinity",
        "lines have NaN or Infinity",
        "Write null for what is not known.",
    ),
    _row(
        "json_depth",
        "Lists or objects inside each other beyond the limit.",
        "line is nested too deeply",
        "lines are nested too deeply",
        "A record is an object with lists of row objects.",
    ),
    _row(
        "bad_record",
        "A JSON value of the wrong shape.",
        "value has the wrong shape",
        "values have the wrong shape",
        "Expected an object per record; a table inside it is a list of row objects or an object of equally long lists.",
    ),
    _row(
        "creator_mismatch",
        "A row inside a nested record names another creator than the record.",
        "row names another creator than its record",
        "rows name another creator than their record",
        "Leave creator_id out of the inner rows or make it equal.",
    ),
    _row(
        "duplicate_conflict",
        "Rows with the same key say different things; none of them is used.",
        "row shares its key with a different row",
        "rows share their key with different rows",
        "Keep the right one of each; identical rows are merged without a complaint.",
    ),
    _row(
        "unknown_creator",
        "The creator of a row is not in the creators table.",
        "row belongs to a creator who is not in the creators table",
        "rows belong to creators who are not in the creators table",
        "Add the creators or ignore these rows.",
        "warning",
    ),
    _row(
        "creator_set_aside",
        "The creator of a row was set aside.",
        "row belongs to a creator who was set aside",
        "rows belong to creators who were set aside",
        "Mend the rows of the creators table first.",
        "warning",
    ),
    _row(
        "too_many_rows",
        "A creator has more rows than the limit; the newest are kept.",
        "row is beyond the limit for one creator",
        "rows are beyond the limit for one creator",
        "At most {limit} are read, the newest first; raise the limit if they are needed.",
        "warning",
    ),
    _row(
        "zero_glitch",
        "A count of zero followers between counts above zero: a collector's fault, not a fact.",
        "count of 0 followers stands between counts above 0",
        "counts of 0 followers stand between counts above 0",
        "Leave out days on which the count failed.",
        "warning",
    ),
)

_KEPT = (
    _kept(
        "text_cut", "A text was cut at the limit.", "text was cut", "texts were cut", "Only the first {limit} count."
    ),
    _kept(
        "text_repaired",
        "Broken text (half of a character) was replaced by the replacement character.",
        "text had broken characters",
        "texts had broken characters",
        "They were replaced; export the texts as UTF-8.",
    ),
    _kept(
        "likes_hidden",
        "A post says that its likes are hidden and gives likes; the likes are taken as unknown.",
        "post with hidden likes gives likes",
        "posts with hidden likes give likes",
        "They are taken as unknown; leave them empty.",
    ),
    _kept(
        "unknown_post",
        "The post of a comment is not among the usable posts of its creator.",
        "comment is under a post that is not among its creator's posts",
        "comments are under posts that are not among their creator's posts",
        "They are used without their post.",
    ),
    _kept(
        "ambiguous_number",
        "A price such as `1.500` may mean 1500; it is read as 1.5.",
        "price has three digits after the point",
        "prices have three digits after the point",
        "It is read as a decimal point; write 1500 if a thousand was meant.",
    ),
    _kept(
        "unknown_column",
        "Columns that are not in the contract are not read (names that begin with `_` are not mentioned).",
        "column is not known and not read",
        "columns are not known and not read",
        "Compare the names with the data dictionary.",
    ),
    _kept(
        "similar_file",
        "A file is named almost like a table and is not read.",
        "file is not read",
        "files are not read",
        "Rename it if it was meant.",
    ),
    _kept(
        "none_usable",
        "No row of an optional table could be used.",
        "row, and it could not be used",
        "rows, and none could be used",
        "This table counts as empty; see the other findings of this table.",
    ),
)

_REFUSED = (
    Code("not_found", "refused", "The file or folder does not exist, or is not a plain file."),
    Code("refused_address", "refused", "An address with `://`; only local files are read."),
    Code("refused_format", "refused", "A format that is not read: pickle, Excel, Feather, HDF5 and others."),
    Code("ambiguous_files", "refused", "Several files could be the same table."),
    Code("missing_table", "refused", "There is no creators table."),
    Code("empty_file", "refused", "The file is empty, without even a header."),
    Code("encoding", "refused", "The text is not UTF-8."),
    Code("nul_byte", "refused", "The text holds NUL bytes."),
    Code("delimiter", "refused", "Values are separated by something else than commas."),
    Code("quote", "refused", "A double quote is not closed, or stands inside a value that is not quoted."),
    Code("duplicate_column", "refused", "Two columns have the same name."),
    Code("missing_column", "refused", "A required column is missing."),
    Code("column_type", "refused", "A whole column has a type that cannot be what it should be."),
    Code("unreadable_file", "refused", "The file is damaged or is not what its name says."),
    Code("over_limit", "refused", "A size limit is exceeded."),
    Code("nothing_left", "refused", "No creator is left after checking."),
)

CODES: Mapping[str, Code] = MappingProxyType({code.name: code for code in (*_CELLS, *_ROWS, *_KEPT, *_REFUSED)})
"""All codes by name, in the order of the data dictionary."""
