"""Numbers as a reader wants them: shares as percent, logarithms as what they are logarithms of, in two languages."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

from realreach.reasons.code import Language

__all__ = ["measured", "number", "percent"]


_LANGUAGE_OF_MARKS = str.maketrans(",.", ".,")


def number(value: float, language: Language = "en", digits: int = 3) -> str:
    """Return a number with so many significant digits, in the language's way of writing.

    Examples
    --------
    >>> number(12345.6), number(12345.6, "id"), number(0.01234)
    ('12,346', '12.346', '0.0123')
    """
    if not math.isfinite(value):
        return "?"
    if abs(value) >= 1000:
        text = f"{value:,.0f}"
    else:
        whole = 0 if value == 0 else math.floor(math.log10(abs(value)))
        text = f"{value:.{max(digits - 1 - whole, 0)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if language == "en" else text.translate(_LANGUAGE_OF_MARKS)


def percent(share: float, language: Language = "en") -> str:
    """Return a share as percent.

    Examples
    --------
    >>> percent(0.1234), percent(0.0004), percent(0.1234, "id")
    ('12 %', '0.04 %', '12 %')
    """
    return f"{number(100.0 * share, language, 2)} %"


def _times(value: float, language: Language) -> str:
    return f"{number(math.exp(min(value, 50.0)), language, 2)} x"


def _per_hundred(value: float, language: Language) -> str:
    words = "per 100 followers" if language == "en" else "per 100 pengikut"
    return f"{number(100.0 * 10.0 ** min(value, 20.0), language, 2)} {words}"


def _per_like(value: float, language: Language) -> str:
    return f"1 : {number(10.0 ** min(-value, 20.0), language, 2)}"


def _chance(value: float, language: Language) -> str:
    one = "1 in" if language == "en" else "1 dari"
    return f"{one} {number(10.0 ** min(-value, 12.0), language, 2)}"


def _hours(value: float, language: Language) -> str:
    return f"{number(math.exp(min(value, 20.0)), language, 2)} {'hours' if language == 'en' else 'jam'}"


def _days(value: float, language: Language) -> str:
    return f"{number(math.expm1(min(value, 20.0)), language, 2)} {'days' if language == 'en' else 'hari'}"


_READ: Mapping[str, Callable[[float, Language], str]] = MappingProxyType(
    {
        "log ratio": _times,
        "ln ratio": _times,
        "ln": _times,
        "log10 likes per follower": _per_hundred,
        "log10 comments per follower": _per_hundred,
        "log10 views per follower": _per_hundred,
        "log10 ratio": _per_like,
        "log10 chance": _chance,
        "ln hours": _hours,
        "log days": _days,
    }
)

_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "posts": ("posts", "posting"),
        "windows": ("windows", "lonjakan"),
        "days": ("days", "hari"),
        "per 100 intervals": ("per 100 counts", "per 100 catatan"),
    }
)


def measured(value: float, unit: str, language: Language = "en") -> str:
    """Return a feature's value with its unit.

    Parameters
    ----------
    value
        The value; NaN is shown as a question mark.
    unit
        The unit of the feature's record in the catalogue.

    Examples
    --------
    >>> measured(0.25, "share of followers"), measured(-2.0, "log10 chance"), measured(0.69, "log ratio")
    ('25 %', '1 in 100', '2 x')
    """
    if math.isnan(value):
        return "?"
    if unit.startswith("share of"):
        return percent(value, language)
    if unit in _READ:
        return _READ[unit](value, language)
    words = _WORDS.get(unit)
    text = number(value, language, 2)
    return text if words is None else f"{text} {words[0] if language == 'en' else words[1]}"
