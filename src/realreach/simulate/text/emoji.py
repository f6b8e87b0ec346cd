"""Emoji as people and sellers use them: moods, runs, and which characters count as one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from realreach.simulate.text.dice import Dice

__all__ = ["EMOJI", "EVERYWHERE", "MOODS", "MOOD_OF_ACT", "emoji_run", "emoji_tail"]

MOODS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "love": (
            "❤️",
            "😍",
            "🥰",
            "❤",
            "😘",
            "💕",
            "🤍",
            "💖",
            "🫶",
            "💗",
            "😻",
            "💛",
            "💙",
            "🖤",
            "💜",
            "❣️",
            "💞",
            "🤗",
        ),
        "praise": (
            "🔥",
            "😍",
            "👏",
            "👍",
            "🙌",
            "💯",
            "✨",
            "👌",
            "😎",
            "🤩",
            "💪",
            "👏🏻",
            "⭐",
            "🏆",
            "🫡",
            "👍🏻",
            "💥",
            "🤝",
        ),
        "laugh": ("😂", "🤣", "😅", "😭", "😆", "😁", "💀", "🗿", "😹", "🤭", "😜", "🙈", "🤪", "😄"),
        "pray": ("🙏", "🤲", "🙏🏻", "😇", "🥹", "❤️", "🤍", "🌹", "🌸", "☺️", "😊", "🤲🏻"),
        "sad": ("😭", "😢", "🥺", "💔", "😔", "😩", "😞", "🥲", "😓"),
        "doubt": ("🤔", "😮", "🙄", "😒", "👀", "🤨", "😳", "😑", "🤷", "😬", "👎"),
        "party": ("🎉", "🎊", "🥳", "🎂", "🎁", "🎈", "💐", "✨", "🤩"),
        "greet": ("👋", "😊", "☺️", "🙏", "😁", "🤗", "✋", "🙋", "😃", "❤️"),
        "things": (
            "🌟",
            "🍀",
            "🌻",
            "🌈",
            "🍓",
            "🦋",
            "🌺",
            "🎀",
            "🌙",
            "☕",
            "🎶",
            "🐣",
            "🍉",
            "🚀",
            "💎",
            "👑",
            "⚡",
            "🌊",
        ),
    }
)
"""Emoji by mood, the commonest first."""

MOOD_OF_ACT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "praise": ("praise", "love", "love"),
        "about": ("praise", "love", "greet"),
        "story": ("laugh", "greet", "sad", "pray"),
        "wish": ("pray", "pray", "love", "party"),
        "question": ("doubt", "pray", "greet", "laugh"),
        "request": ("pray", "laugh", "love", "praise"),
        "joke": ("laugh",),
        "critical": ("doubt", "sad", "pray", "laugh"),
        "greet": ("greet", "laugh", "praise"),
        "fan": ("love", "love", "praise", "sad"),
        "tag": ("laugh", "doubt", "love"),
        "giveaway": ("pray", "party", "love"),
        "event": ("sad", "pray", "doubt", "laugh"),
        "any": ("love", "praise", "love", "laugh", "praise", "pray", "things"),
    }
)

EVERYWHERE = ("❤️", "😍", "🔥", "👏", "😂", "👍", "🥰", "🙏", "😘", "💯", "✨", "🙌")
"""The emoji that the whole world uses most; what an order of emoji comments is made of."""

# How often a single emoji is typed: once, twice, ... ; threes are commoner than twos under stars' posts.
_REPEATS = (1,) * 46 + (2,) * 17 + (3,) * 21 + (4,) * 8 + (5,) * 4 + (6,) * 2 + (7, 9)
_ALONE = (1,) * 28 + (2,) * 18 + (3,) * 27 + (4,) * 13 + (5,) * 7 + (6,) * 4 + (7, 8, 10)

_CHARACTER = (
    "[\U0001f1e6-\U0001f1ff\U0001f300-\U0001f5ff\U0001f600-\U0001f64f\U0001f680-\U0001f6ff\U0001f7e0-\U0001f7eb"
    "\U0001f900-\U0001f9ff\U0001fa70-\U0001faff\u2600-\u27bf\u2b50\u2b55\u203c\u2049\u2122\u00ae\u3030\u2b1b\u2b1c]"
)
EMOJI = re.compile(rf"{_CHARACTER}[\ufe0f\U0001f3fb-\U0001f3ff]*(?:\u200d{_CHARACTER}[\ufe0f\U0001f3fb-\U0001f3ff]*)*")
"""One emoji with its skin tone and joined parts."""


def _zipf(items: Sequence[str], dice: Dice) -> str:
    """Pick an item; the first are much likelier than the last."""
    return items[int(len(items) * dice.roll() ** 2.2)]


def _choose(favourites: Sequence[str], act: str, dice: Dice) -> str:
    if dice.roll() < 0.45:
        return _zipf(favourites, dice)
    return _zipf(MOODS[dice.pick(MOOD_OF_ACT.get(act, MOOD_OF_ACT["any"]))], dice)


def emoji_run(favourites: Sequence[str], act: str, dice: Dice, *, power: float = 1.0, alone: bool = False) -> str:
    """Return the emoji that a person sets behind a text, or writes `alone` instead of one.

    Mostly one emoji repeated; sometimes two or three kinds. A `power` below 1 makes long runs commoner.
    """
    first = _choose(favourites, act, dice)
    counts = _ALONE if alone else _REPEATS
    count = counts[int(len(counts) * dice.roll() ** power)]
    if count == 1 or dice.roll() < (0.68 if alone else 0.62):
        return first * count
    second = _choose(favourites, act, dice)
    if count == 2 or dice.roll() < 0.5:
        return first + second * (count - 1)
    return first + second + "".join(_choose(favourites, act, dice) for _ in range(count - 2))


def emoji_tail(dice: Dice, moods: Sequence[str] = ("praise", "love", "things")) -> str:
    """Return one to three emoji as a seller's template ends with; mostly the common ones, sometimes one repeated."""
    first = _zipf(MOODS[dice.pick(moods)], dice)
    count = dice.pick((1, 1, 1, 2, 2, 3, 3))
    if dice.roll() < 0.4:
        return first * count
    return first + "".join(_zipf(MOODS[dice.pick(moods)], dice) for _ in range(count - 1))
