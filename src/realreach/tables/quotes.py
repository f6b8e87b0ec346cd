"""Double quotes that do not pair up: an open one would swallow rows without a trace."""

from __future__ import annotations

import numpy as np

from realreach.tables.parts import Refusal

__all__ = ["QuoteCheck"]

_QUOTE = ord('"')
_APART = np.zeros(256, dtype=bool)
_APART[list(b',\n\r"')] = True


class QuoteCheck:
    r"""Check the double quotes of CSV text that comes in pieces.

    Read in pairs, each opening quote must follow a separator (or the quote before it, which then is an escaped one),
    and each closing quote must precede one.

    Examples
    --------
    >>> check = QuoteCheck("posts.csv")
    >>> check.feed(b'a,"b'); check.feed(b'",c\n'); check.finish()
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._line = 1
        self._open_line: int | None = None
        """Line of the quote that is open at the end of what was fed."""
        self._closed_line: int | None = None
        """Line of the opening quote whose closing quote was the very last byte."""
        self._last: int | None = None

    def feed(self, data: bytes) -> None:
        """Take the next piece.

        Raises
        ------
        Refusal
            ``quote``, with the line of the opening quote to look at.
        """
        if not data:
            return
        signs = np.frombuffer(data, dtype=np.uint8)
        if self._closed_line is not None and not _APART[signs[0]]:
            raise self._wrong(self._closed_line)
        at = np.flatnonzero(signs == _QUOTE)
        carried = int(self._open_line is not None)
        opening, closing = at[carried::2], at[1 - carried :: 2]
        start = ord("\n") if self._last is None else self._last
        before = np.where(opening > 0, signs[np.maximum(opening - 1, 0)], start)
        wrong = opening[~_APART[before]].tolist()[:1]
        inside = closing[closing < len(signs) - 1]
        bad = np.flatnonzero(~_APART[signs[inside + 1]])
        lines = [self._line_at(data, position) for position in wrong]
        if len(bad):
            # Where a closing quote stands wrongly, its opening quote is the one to look at.
            pair = int(bad[0]) - carried
            lines.append(self._open_line or 0 if pair < 0 else self._line_at(data, int(opening[pair])))
        if lines:
            raise self._wrong(min(lines))
        is_open = (len(at) + carried) % 2 == 1
        last_line = self._line_at(data, int(opening[-1])) if len(opening) else self._open_line
        ends_closed = not is_open and len(at) > 0 and at[-1] == len(signs) - 1
        self._closed_line = last_line if ends_closed else None
        self._open_line = last_line if is_open else None
        self._line += data.count(b"\n")
        self._last = int(signs[-1])

    def finish(self) -> None:
        """Say that nothing follows.

        Raises
        ------
        Refusal
            ``quote`` if a quote is still open.
        """
        if self._open_line is not None:
            raise self._wrong(self._open_line)

    def _line_at(self, data: bytes, position: int) -> int:
        return self._line + data.count(b"\n", 0, position)

    def _wrong(self, line: int) -> Refusal:
        message = f"has a double quote that is not closed or stands inside a value; see line {line}"
        return Refusal(
            "quote",
            self._file,
            message,
            'Put the whole value in double quotes and write "" for a quote inside.',
        )
