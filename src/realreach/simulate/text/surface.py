"""How a sentence looks once a person has typed it: chat spelling, stretched letters, slips, capitals, emoji."""

from __future__ import annotations

import re

from realreach.simulate.text.audience import Audience
from realreach.simulate.text.dice import Dice
from realreach.simulate.text.emoji import emoji_run
from realreach.simulate.text.grammar import Grammar

__all__ = ["join_clauses", "stretch", "type_out"]

_VOWELS = "aeiou"
_NEIGHBOURS = dict(
    zip("abcdefghijklmnopqrstuvwxyz", "snxfrdghujklknijowtdyibscts", strict=False)
)  # the key beside it on a phone keyboard
_SENTENCE = re.compile(r"(?<=[.?!]) [a-z]")
_LINKS = (", ",) * 9 + (" ",) * 9 + (". ",) * 7 + (".. ",) * 3 + ("... ",) * 2 + ("\n",)
_ENDS = ("..",) * 3 + ("...",) * 2 + (" :)", " :(", "~", " hehe", ",")


def type_out(text: str, act: str, audience: Audience, grammar: Grammar, dice: Dice) -> str:
    """Return `text` as one of the audience would type it, emoji included."""
    casual = dice.roll() < audience.casual
    if casual:
        text = _chat_spelling(text, grammar, dice)
    if grammar.spaced:
        if dice.roll() < audience.stretched * 1.12:
            text = stretch(text, dice)
        if dice.roll() < audience.typos:
            text = _slip(text, dice)
        text = _signs(text, audience, dice)
        text = _letter_case(text, audience, grammar, dice)
    text = _ending(text, audience, dice)
    if dice.roll() < audience.calls:
        text = f"{text} @{audience.handle}"
    if dice.roll() < audience.emoji_text:
        run = emoji_run(audience.emoji, act, dice, power=audience.emoji_power)
        where = dice.roll()
        if where < 0.06:
            return f"{run} {text}"
        return text + run if where < 0.06 + 0.94 * audience.attached or not grammar.spaced else f"{text} {run}"
    return text


def join_clauses(first: str, second: str, grammar: Grammar, dice: Dice) -> str:
    """Return two clauses in one text."""
    if not grammar.spaced:
        signs = ("。", "、", "！", "。") if grammar.language == "ja" and first[-1] not in "？！" else (" ",)
        return first + dice.pick(signs) + second
    link = " " if first[-1] in "?!" else dice.pick(_LINKS)
    if link[0] == "." and dice.roll() < 0.5:
        second = second[:1].upper() + second[1:]
    return first + link + second


def stretch(text: str, dice: Dice) -> str:
    """Return `text` with the last vowel of one word drawn out ("kakaaa")."""
    words = text.split(" ")
    spots = [k for k, word in enumerate(words) if len(word) > 2 and word.isalpha() and word.isascii()]
    if not spots:
        return text
    k = spots[-1] if dice.roll() < 0.6 else dice.pick(spots)
    word = words[k]
    at = max((word.rfind(vowel) for vowel in _VOWELS), default=-1)
    at = len(word) - 1 if at < 0 or dice.roll() < 0.25 else at
    words[k] = word[:at] + word[at] * dice.pick((3, 3, 3, 4, 4, 5, 6, 8)) + word[at + 1 :]
    return " ".join(words)


def _chat_spelling(text: str, grammar: Grammar, dice: Dice) -> str:
    slang = grammar.slang
    words = text.split(" ")
    for k, word in enumerate(words):
        bare = word.rstrip(",.?!")
        short = slang.get(bare.lower())
        if short is not None and dice.roll() < 0.62:
            words[k] = dice.pick(short) + word[len(bare) :]
        elif bare != word and word[-1] == "," and dice.roll() < 0.5:
            words[k] = bare
    return " ".join(words)


def _slip(text: str, dice: Dice) -> str:
    """Return `text` with one typing slip: two letters swapped, one lost, doubled or hit beside."""
    if len(text) < 6:
        return text
    at = 1 + dice.below(len(text) - 3)
    if not (text[at].isalpha() and text[at + 1].isalpha()) or "@" in text:
        return text
    kind = dice.roll()
    if kind < 0.3:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind < 0.6:
        return text[:at] + text[at + 1 :]
    if kind < 0.8:
        return text[:at] + text[at] + text[at:]
    return text[:at] + _NEIGHBOURS.get(text[at], text[at]) + text[at + 1 :]


def _signs(text: str, audience: Audience, dice: Dice) -> str:
    """Return `text` without the commas that few people set, with a number where people cite one, in several lines."""
    if "," in text and dice.roll() >= audience.commas:
        text = text.replace(",", "")
    if dice.roll() < audience.digits:
        text = f"{text} {_figure(dice)}" if dice.roll() < 0.7 else f"{_figure(dice)} {text}"
    if dice.roll() < audience.lines and text.count(" ") > 3:
        at = text.find(" ", int(len(text) * (0.25 + 0.5 * dice.roll())))
        if at > 0:
            text = text[:at] + dice.pick(("\n", "\n", "\n\n")) + text[at + 1 :]
    return text


def _figure(dice: Dice) -> str:
    kind = dice.roll()
    if kind < 0.5:
        return f"{int(14 * dice.roll() ** 1.5)}:{dice.below(60):02d}"
    if kind < 0.7:
        return str(2025 - int(16 * dice.roll() ** 2))
    return (
        str(1 + int(99 * dice.roll() ** 2))
        if kind < 0.9
        else dice.pick(("100%", "10/10", "2x", "no 1", "24/7", "1000"))
    )


def _letter_case(text: str, audience: Audience, grammar: Grammar, dice: Dice) -> str:
    roll = dice.roll()
    if roll < audience.capitals and "@" not in text:
        return text.upper()
    if roll < audience.capitals + audience.titles:
        share = dice.pick((0.2, 0.35, 0.5, 1.0))
        words = text.split(" ")
        words = [w[:1].upper() + w[1:] if dice.roll() < share and w[:1] != "@" else w for w in words]
        return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])
    if dice.roll() < audience.first:
        # Who lets the phone correct also gets names and the English "I" in capitals.
        if dice.roll() < 0.8:
            text = text.replace(audience.name, audience.name.title())
            text = _SENTENCE.sub(lambda found: found[0].upper(), text)
        if grammar.language == "en":
            text = text.replace(" i ", " I ").replace(" i'", " I'")
        return text[:1].upper() + text[1:]
    return text.lower() if roll < 0.8 else text[:1].lower() + text[1:]


def _ending(text: str, audience: Audience, dice: Dice) -> str:
    if text[-1] in "?？":
        return text
    roll = dice.roll()
    if roll < audience.exclaims:
        return text + dice.pick(("!", "!", "!", "!!", "!!!", " !"))
    if roll < audience.exclaims + audience.points * (1.6 if len(text) > 60 else 0.7):
        return text + "."
    if roll > 0.95:
        return text + dice.pick(_ENDS)
    return text
