"""What a sentence asks of its occasion: the subject of the post, the creator's name, a handle, a number, a price."""

from __future__ import annotations

import re
from collections.abc import Callable

from realreach.simulate.text.audience import Audience
from realreach.simulate.text.dice import Dice
from realreach.simulate.text.grammar import Grammar
from realreach.simulate.text.names import made_up_brand, made_up_handle, made_up_shop, made_up_site, weighted

__all__ = ["Occasion", "find_subject"]

_WORD = re.compile(r"(?<![#@/\w])[^\W\d_]{5,}")


def find_subject(caption: str, grammar: Grammar) -> str | None:
    """Return what a caption is about: a topic of the niche that it names, else its longest word, else None.

    Handles, tags and links are no subjects. Written in lower case where the script has cases.

    Examples
    --------
    >>> from realreach.simulate.text.grammar import load_grammar
    >>> find_subject("Akhirnya coba serum baru!", load_grammar("id", "beauty"))
    'serum'
    """
    low = caption.lower()
    if found := grammar.subjects.search(low):
        return found[0]
    words = _WORD.findall(low)
    return max(words, key=len) if words else None


class Occasion(dict[str, str]):
    """The context of a grammar while comments or captions are written; slots are answered when they are asked.

    ``habits`` gives the same numbers for one audience in every call and settles what its people keep talking about.
    ``start`` begins a new text: the subject stays for that text, numbers and handles are new at every slot.
    """

    def __init__(
        self, grammar: Grammar, dice: Dice, audience: Audience | None = None, habits: Dice | None = None
    ) -> None:
        super().__init__()
        self._dice = dice
        # One creator's crowd comes back to a few topics of the niche; `habits` settles which.
        self._topics = grammar.topics if habits is None else tuple({habits.pick(grammar.topics): 0 for _ in range(9)})
        words = grammar.words
        self._names = (audience.name,) if audience else tuple(weighted(words["names"]))
        own = audience is not None and audience.language == grammar.language
        self._addresses = audience.addresses if audience and own else tuple(weighted(words["addresses"][0]))
        self._creator = "@me" if audience is None else "@" + audience.handle if audience.tags else audience.name
        self._prices = weighted(words["prices"])
        self._campaign: dict[str, str] = {}
        self._answers: dict[str, Callable[[], str]] = {
            "other": self._other,
            "addr": self._address,
            "name": lambda: dice.pick(self._names),
            "handle": lambda: "@" + made_up_handle(dice),
            "at_creator": lambda: self._creator,
            "num": self._number,
            "small": lambda: str(2 + int(8 * dice.roll() ** 1.6)),
            "year": lambda: str(2025 - int(9 * dice.roll() ** 1.5)),
            "price": lambda: dice.pick(self._prices),
            "clock": lambda: f"{int(14 * dice.roll() ** 1.5)}:{dice.below(60):02d}",
            "brand": lambda: made_up_brand(dice),
            "code": lambda: f"{made_up_brand(dice)[:5].upper()}{5 * (1 + dice.below(6))}",
            "site": lambda: made_up_site(dice),
            "shop": lambda: made_up_shop(dice),
        }

    def start(self, subject: str | None, **fixed: str) -> None:
        """Begin a new text about `subject` (None: any topic of the niche); `fixed` slots keep the value given."""
        self.clear()
        self["topic"] = subject or self._dice.pick(self._topics)
        self.update(fixed)

    def __missing__(self, slot: str) -> str:
        return self._answers[slot]()

    def _other(self) -> str:
        for _ in range(4):
            found = self._dice.pick(self._topics)
            if found != self["topic"]:
                break
        return found

    def _address(self) -> str:
        found = self._dice.pick(self._addresses)
        return found.replace("{name}", self._names[0])

    def _number(self) -> str:
        roll = self._dice.roll()
        if roll < 0.7:
            return str(2 + int(28 * self._dice.roll() ** 1.4))
        return str(10 * (1 + self._dice.below(10))) if roll < 0.9 else str(10 ** (2 + self._dice.below(3)))
