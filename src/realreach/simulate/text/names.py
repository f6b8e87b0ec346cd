"""Invented names: handles, brands, shops and betting sites that nobody owns, all from syllables."""

from __future__ import annotations

import numpy as np

from realreach.simulate.text.dice import Dice

__all__ = ["made_up_brand", "made_up_handle", "made_up_shop", "made_up_site", "weighted"]

_OPEN = (
    "ra",
    "ni",
    "vu",
    "ka",
    "di",
    "mi",
    "lo",
    "ze",
    "ta",
    "fi",
    "yu",
    "be",
    "sa",
    "no",
    "re",
    "ji",
    "mo",
    "wi",
    "la",
    "pu",
)
_CLOSE = (
    "ra",
    "na",
    "vin",
    "ka",
    "dy",
    "mel",
    "lox",
    "zen",
    "tan",
    "fia",
    "yun",
    "bel",
    "sha",
    "nor",
    "rel",
    "jin",
    "mos",
    "wan",
)
_BOLD = ("ZOR", "KAV", "MEL", "TUR", "PIX", "LUMB", "GAV", "NOX", "RAK", "VUD", "SIB", "DREM")
_BOLD_END = ("AKTA", "ORO", "UNTA", "IVOX", "ELUM", "ADORA", "IMBA", "OGAR", "UKASA", "AMPO")


def weighted(text: str | list[str]) -> list[str]:
    """Return the words of a ``|`` list, a word with ``*3`` three times."""
    joined = text if isinstance(text, str) else "|".join(text)
    found: list[str] = []
    for raw in joined.split("|"):
        word, star, weight = raw.rpartition("*")
        found.extend([word] * int(weight) if star and weight.isdigit() else [raw])
    return found


def made_up_handle(source: np.random.Generator | Dice) -> str:
    """Return a user name of syllables without the ``@``; about half end in digits or carry a dot or underscore."""
    dice = Dice(source, 16) if isinstance(source, np.random.Generator) else source
    stem = dice.pick(_OPEN) + dice.pick(_OPEN) + dice.pick(_CLOSE)
    form = dice.roll()
    if form < 0.3:
        return stem
    if form < 0.5:
        return f"{stem}{dice.below(90) + 10}"
    if form < 0.65:
        return f"{stem}_{dice.pick(_CLOSE)}"
    if form < 0.8:
        return f"{dice.pick(_OPEN)}.{stem}"
    return f"{stem}{dice.pick(_CLOSE)}{'_' if form < 0.9 else dice.below(9000) + 1000}"


def made_up_brand(dice: Dice) -> str:
    """Return the name of a brand that does not exist."""
    return (dice.pick(_OPEN) + dice.pick(_OPEN) + dice.pick(("vara", "quella", "ndro", "luxa", "miva", "zora"))).title()


def made_up_site(dice: Dice) -> str:
    """Return the name of a betting site that does not exist: a word in capitals and two digits."""
    return f"{dice.pick(_BOLD)}{dice.pick(_BOLD_END)}{dice.below(90) + 10}"


def made_up_shop(dice: Dice) -> str:
    """Return the handle of a shop that does not exist, with the ``@``."""
    ending = dice.pick((".shop", "_store", ".official", "herbal", "_promo", "glow"))
    return f"@{dice.pick(_OPEN)}{dice.pick(_CLOSE)}{ending}"
