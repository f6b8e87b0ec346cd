"""Grammars: word lists and sentence patterns per language and niche, read from the JSON files beside this module.

A rule is a list of alternatives; in the file they stand as strings with ``|`` between them. ``keren*5`` counts five
times. ``{adj}`` is replaced by another rule, ``{adj?}`` by nothing in half of the cases. Words that the writer knows
(the subject of the post, the creator's name, a number) are asked from a context instead of from a rule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from realreach.errors import UsageError
from realreach.simulate.settings import NICHES
from realreach.simulate.text.dice import Dice
from realreach.simulate.text.names import weighted

__all__ = ["LANGUAGES", "NICHES", "Grammar", "load_grammar"]

LANGUAGES = ("id", "en", "mixed", "ms", "es", "pt", "hi", "ja", "th", "ko")
"""Languages with a grammar; ``mixed`` is Indonesian with English switched in, ``hi`` is Hindi in Latin letters."""

_SLOT = re.compile(r"\{([a-z_]+)(\?)?\}")
_ONCE = frozenset({"i", "you"})  # chosen once per comment: nobody says "aku" and "gue" in one breath


class Rule:
    """A named list of alternatives; an alternative is a tuple of literal text and slots."""

    __slots__ = ("name", "once", "options")

    def __init__(self, name: str) -> None:
        self.name = name
        self.once = name in _ONCE
        self.options: list[tuple[str | Slot, ...]] = []


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in an alternative; `rule` is None if the context fills it, `optional` ones stay empty half the time."""

    name: str
    rule: Rule | None
    optional: bool


@dataclass(frozen=True)
class Grammar:
    """All rules of one language in one niche, ready to expand, with the tables that shape the surface of a text.

    ``topics`` are the subjects that captions are about, ``slang`` maps a written-out word to the ways it is shortened,
    ``words`` holds names, forms of address and prices. ``spaced`` says whether words have spaces, ``mark`` is the
    question mark, ``density`` the length of a thought relative to English. ``subjects`` finds topics in a caption.
    """

    language: str
    niche: str
    rules: Mapping[str, Rule]
    topics: tuple[str, ...]
    slang: Mapping[str, tuple[str, ...]]
    laughs: tuple[str, ...]
    spaced: bool
    mark: str
    density: float
    words: Mapping[str, Any]
    subjects: re.Pattern[str] = field(repr=False)

    def has(self, name: str) -> bool:
        """Say whether there is a rule of that name."""
        return name in self.rules

    def expand(self, name: str, dice: Dice, context: dict[str, str], option: int | None = None) -> str:
        """Return one text made by the rule `name`, by one certain `option` of it if given; spaces are folded."""
        out: list[str] = []
        rule = self.rules[name]
        _fill(rule.options[dice.below(len(rule.options)) if option is None else option], dice, context, out)
        text = "".join(out)
        return " ".join(text.split()) if self.spaced else text.strip()


def _expand(rule: Rule, dice: Dice, context: dict[str, str], out: list[str]) -> None:
    options = rule.options
    _fill(options[int(dice.roll() * len(options))], dice, context, out)


def _fill(option: tuple[str | Slot, ...], dice: Dice, context: dict[str, str], out: list[str]) -> None:
    for part in option:
        if type(part) is str:
            out.append(part)
            continue
        slot: Slot = part  # type: ignore[assignment]
        if slot.optional and dice.roll() < 0.5:
            continue
        if slot.rule is None:
            out.append(context[slot.name])
        elif slot.rule.once:
            if slot.name not in context:
                inner: list[str] = []
                _expand(slot.rule, dice, context, inner)
                context[slot.name] = "".join(inner)
            out.append(context[slot.name])
        else:
            _expand(slot.rule, dice, context, out)


_WORDS: dict[str, Any] = {"names": "mila", "addresses": ["kak"], "prices": "10"}

CONTEXT_SLOTS = frozenset(
    {"topic", "other", "addr", "name", "handle", "at_creator", "num", "small", "year", "price", "clock"}
    | {"brand", "code", "site", "shop"}
)
"""Slots that the writer fills, not the grammar."""


@cache
def _file(language: str) -> dict[str, Any]:
    text = resources.files(__package__).joinpath("grammars", f"{language}.json").read_text(encoding="utf-8")
    return json.loads(text)


def _merge(language: str, niche: str) -> tuple[dict[str, list[str]], list[str], dict[str, list[str]], dict[str, Any]]:
    """Return rules, topics, slang and the file; a file that extends another adds its alternatives to the other's."""
    own = _file(language)
    data = own
    rules: dict[str, list[str]] = {}
    topics: list[str] = []
    slang: dict[str, list[str]] = {}
    if base := data.get("extends"):
        rules, topics, slang, below = _merge(base, niche)
        data = below | own
    for source in (own.get("rules", {}), own.get("niches", {}).get(niche, {})):
        for name, lines in source.items():
            rules[name] = rules.get(name, []) + weighted(lines)
    topics = topics + weighted(own["topics"][niche]) if niche in own.get("topics", {}) else topics
    slang = slang | {word: weighted(short) for word, short in own.get("slang", {}).items()}
    return rules, topics, slang, data


@cache
def load_grammar(language: str, niche: str) -> Grammar:
    """Return the grammar of one language and niche.

    Parameters
    ----------
    language
        One of `LANGUAGES`.
    niche
        One of `NICHES`.

    Raises
    ------
    UsageError
        If the language or the niche has no grammar, or a rule asks for one that does not exist.

    Examples
    --------
    >>> "serum" in load_grammar("id", "beauty").topics
    True
    """
    if language not in LANGUAGES:
        raise UsageError(f"no comment grammar for language {language!r}; there is one for {', '.join(LANGUAGES)}.")
    if niche not in NICHES:
        raise UsageError(f"no comment grammar for niche {niche!r}; there is one for {', '.join(NICHES)}.")
    texts, topics, slang, data = _merge(language, niche)
    rules = {name: Rule(name) for name in texts}
    for name, alternatives in texts.items():
        rules[name].options = [_parse(text, rules, f"{language}.json, rule {name!r}") for text in alternatives]
    by_length = sorted({topic.lower() for topic in topics}, key=lambda topic: (-len(topic), topic))
    spaced = bool(data.get("spaced", True))
    edge = r"\b" if data.get("edges", spaced) else ""
    return Grammar(
        language=language,
        niche=niche,
        rules=rules,
        topics=tuple(topics),
        slang={word: tuple(short) for word, short in slang.items()},
        laughs=tuple(weighted(data.get("laughs", "haha|hahaha"))),
        spaced=spaced,
        mark=data.get("mark", "?"),
        density=float(data.get("density", 1.0)),
        words={key: data.get(key, default) for key, default in _WORDS.items()},
        subjects=re.compile(edge + "(?:" + "|".join(map(re.escape, by_length)) + ")" + edge),
    )


def _parse(text: str, rules: Mapping[str, Rule], where: str) -> tuple[str | Slot, ...]:
    parts: list[str | Slot] = []
    at = 0
    for found in _SLOT.finditer(text):
        if found.start() > at:
            parts.append(text[at : found.start()])
        name = found[1]
        if name not in CONTEXT_SLOTS and name not in rules:
            raise UsageError(f"{where} asks for {{{name}}}, which is no rule.")
        parts.append(Slot(name, None if name in CONTEXT_SLOTS else rules[name], bool(found[2])))
        at = found.end()
    if at < len(text) or not parts:
        parts.append(text[at:])
    return tuple(parts)
