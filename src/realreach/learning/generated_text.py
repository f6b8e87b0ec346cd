"""Generated comments of four kinds by own grammars, for training the comment model where no free data exist.

A comment is drawn in two steps: a sentence from a grammar, then a surface (case, slang, stretched letters, emoji,
typing errors), each kind with its own habits: ordinary comments are written carelessly, promotion hides its brand in odd
letters, bots that praise write well and end in emoji. Nothing here is copied from a data set or from the simulator.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from realreach.learning.generated_ordinary import ORDINARY, ORDINARY_ROOTS
from realreach.learning.generated_sold import SOLD, SOLD_ROOTS

__all__ = ["Generated", "generate_comments"]

_SLOT = re.compile(r"\{(\w+)\}")
_EMOJI = tuple(
    "😍🔥😂❤🥰😭👏😊🤣💕😘🙏✨👍🥺💖😁🤩💪😎🎉💯🌹😅🤲💗👌🙌😢🤗💞🌸🥲😆😱🍀🌟💙💚💛🧡💜🖤🐰🦋🍓🍭🌈⚡🎈🐥🌻🍉🎶🎀🐼🌙☀🏆🎁"
)
_LOVED = _EMOJI[:24]
_MADE = (
    "{Syl}{Syl}{n2}",
    "{SYL}{SYL}{n2}",
    "{SYL}{SYL}{tail}",
    "{syl}{syl}{tail}",
    "{SYL}{n3}",
    "{SYL}{SYL} {tail}",
    "{Syl}{syl}{Syl}{n2}",
)
_SYLLABLES = (
    "ra",
    "jo",
    "ko",
    "mi",
    "zu",
    "pa",
    "lo",
    "ne",
    "ve",
    "ga",
    "si",
    "ta",
    "bo",
    "wi",
    "de",
    "lu",
    "ki",
    "ma",
    "fo",
    "xa",
    "hoki",
    "dewa",
    "raja",
    "mega",
    "max",
    "win",
    "king",
    "sultan",
    "naga",
    "indo",
)
_TAILS = ("88", "77", "777", "99", "138", "303", "4d", "slot", "bet", "toto", "play", "69", "123", "365", "888", "vip")
_SHOP_A = (
    "glow",
    "hijab",
    "toko",
    "beauty",
    "crypto",
    "trade",
    "zahra",
    "indo",
    "herbal",
    "fashion",
    "expert",
    "official",
    "gadget",
    "skin",
)
_SHOP_B = (
    "store",
    "id",
    "shop",
    "official",
    "skincare",
    "fx",
    "corner",
    "house",
    "_pro",
    "media",
    "hub",
    "murah",
    "88",
)
_STYLES = ((0x1D400, 0x1D41A, 0x1D7CE), (0x1D5D4, 0x1D5EE, 0x1D7EC), (0x1D670, 0x1D68A, 0x1D7F6), (0xFF21, 0xFF41, 0xFF10), (0x1D63C, 0x1D656, None), (0x1F130, 0x1F130, None))  # fmt: skip
_SLANG = {"banget": "bgt", "yang": "yg", "sudah": "udh", "udah": "dah", "tidak": "ga", "kalau": "klo", "sama": "sm", "juga": "jg", "aku": "gw", "dari": "dr", "saja": "aja",
          "dengan": "dgn", "because": "bc", "you": "u", "are": "r", "your": "ur", "please": "pls", "though": "tho", "to be honest": "tbh"}  # fmt: skip


@dataclass(frozen=True)
class Generated:
    """Generated comments: text, kind (a name of the model's kinds) and the sentence before its surface was drawn."""

    text: tuple[str, ...]
    kind: tuple[str, ...]
    group: tuple[str, ...]


def generate_comments(counts: Mapping[str, int], seed: int) -> Generated:
    """Return so many comments of each kind: ``ordinary``, ``promotion``, ``generic_praise``, ``machine_written``.

    Parameters
    ----------
    counts
        Kind -> number of comments.
    seed
        The same seed gives the same comments.

    Examples
    --------
    >>> made = generate_comments({"ordinary": 2, "promotion": 1}, seed=5)
    >>> len(made.text), made.kind
    (3, ('ordinary', 'ordinary', 'promotion'))
    """
    text: list[str] = []
    kinds: list[str] = []
    groups: list[str] = []
    for kind, count in counts.items():
        dice = random.Random(f"{seed}-{kind}")  # noqa: S311
        draw = _DRAWS[kind]
        for _ in range(count):
            group, comment = draw(dice, kind)
            text.append(comment)
            kinds.append(kind)
            groups.append(f"generated-{kind}-{group}")
    return Generated(tuple(text), tuple(kinds), tuple(groups))


def _grow(lists: Mapping[str, Sequence[str]], sentence: str, dice: random.Random, fixed: Mapping[str, str]) -> str:
    """Fill the slots of a sentence, again and again until none is left."""
    for _ in range(8):
        if "{" not in sentence:
            break
        sentence = _SLOT.sub(lambda m: fixed.get(m[1]) or dice.choice(lists[m[1]]), sentence)
    return sentence


def _pick(roots: Sequence[tuple[str, float]], dice: random.Random) -> str:
    return dice.choices([name for name, _ in roots], [weight for _, weight in roots])[0]


# --- ordinary comments -------------------------------------------------------------------------------------------


def _ordinary(dice: random.Random, kind: str) -> tuple[str, str]:
    root = _pick(ORDINARY_ROOTS, dice)
    chosen = dice.choice(ORDINARY[root])
    pool = _LOVED if dice.random() < 0.8 else _EMOJI
    fixed = {"e": dice.choice(pool), "f": dice.choice(pool), "g": dice.choice(pool)}
    text = _grow(ORDINARY, chosen, dice, fixed)
    if root == "emojis":
        return chosen, text * dice.choice((1, 1, 1, 2, 3))
    if dice.random() < 0.15:
        text = f"{text} {_grow(ORDINARY, dice.choice(ORDINARY['tell' if root != 'etell' else 'etell']), dice, fixed)}"
    neat = dice.random()
    if neat < 0.45:
        text = _careless(text, dice)
    elif neat > 0.62:
        text = text[:1].upper() + text[1:]
    # Fans write whole sentences, too: what tells a bot must not be tidiness alone.
    if neat > 0.85:
        text += dice.choice((".", "!", "!", "!!", "..", "..."))
    elif "?" not in text and root in ("ask", "eask") and dice.random() < 0.6:
        text += dice.choice(("?", "??", " ?"))
    if dice.random() < 0.42:
        glue = dice.choice(("", " ", " "))
        text += glue + dice.choice((fixed["e"], fixed["e"] * 2, fixed["e"] * 3, fixed["e"] + fixed["f"], fixed["e"] + fixed["f"] + fixed["g"], fixed["e"] * 5))  # fmt: skip
    if dice.random() < 0.02:
        text = f"{dice.choice(('1:17', '0:42', '12:05', '3:30'))} {text}"
    if dice.random() < 0.02:
        text = text.upper()
    return chosen, text


def _careless(text: str, dice: random.Random) -> str:
    """Write as people type: slang, a stretched letter, a letter lost or swapped, marks left out."""
    words = [_SLANG.get(w, w) if dice.random() < 0.5 else w for w in text.split(" ")]
    if dice.random() < 0.3:
        at = dice.randrange(len(words))
        if words[at][-1:].isalpha():
            words[at] += words[at][-1] * dice.randint(1, 5)
    if dice.random() < 0.25:
        at = dice.randrange(len(words))
        word = words[at]
        if len(word) > 4 and word.isalpha():
            cut = dice.randrange(1, len(word) - 1)
            words[at] = (
                word[:cut] + word[cut + 1 :]
                if dice.random() < 0.5
                else word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
            )
    text = " ".join(words)
    if dice.random() < 0.5:
        text = text.replace(",", "").replace("'", "")
    return text


# --- promotion ---------------------------------------------------------------------------------------------------


def _brand(dice: random.Random) -> str:
    form = dice.choice(_MADE)
    values = {
        "n2": dice.choice(_TAILS[:4]),
        "n3": dice.choice(("777", "138", "303", "365")),
        "tail": dice.choice(_TAILS),
    }
    out = _SLOT.sub(lambda m: values.get(m[1]) or _cased(dice.choice(_SYLLABLES), m[1]), form)
    chance = dice.random()
    if chance < 0.45:
        out = _odd(out, dice.choice(_STYLES))
    elif chance < 0.55:
        mark = dice.choice("\u0332\u0336\u035f")
        out = "".join(c + mark for c in out)
    elif chance < 0.65:
        out = " ".join(out)
    if dice.random() < 0.2:
        sign = dice.choice("🔥⭐🏆🎰💎✨")
        out = f"{sign}{out}{sign}"
    return out


def _cased(syllable: str, slot: str) -> str:
    return syllable.upper() if slot.isupper() else syllable.title() if slot[0].isupper() else syllable


def _odd(text: str, style: tuple[int, int, int | None]) -> str:
    """Write letters and digits in one of Unicode's decorative alphabets."""
    upper, lower, digit = style
    out = []
    for c in text:
        if "A" <= c <= "Z":
            out.append(chr(upper + ord(c) - 65))
        elif "a" <= c <= "z":
            out.append(chr(lower + ord(c) - 97))
        elif c.isdigit() and digit is not None:
            out.append(chr(digit + int(c)))
        else:
            out.append(c)
    return "".join(out)


def _promotion(dice: random.Random, kind: str) -> tuple[str, str]:
    root = _pick(SOLD_ROOTS[kind], dice)
    chosen = dice.choice(SOLD[root])
    shop = f"{dice.choice(_SHOP_A)}{dice.choice(('', '.', '_'))}{dice.choice(_SHOP_B)}"
    fixed = {
        "brand": _brand(dice),
        "shop": ("@" if dice.random() < 0.8 else "") + shop,
        "phone": "08" + "".join(dice.choice("0123456789") for _ in range(dice.choice((9, 10)))),
        "url": dice.choice((f"https://bit.ly/{shop[:5]}{dice.randint(1, 99)}", f"www.{shop}.com", f"http://{shop}.net/?r={dice.randint(1, 999)}", f"{shop}.com", f"https://www.youtube.com/watch?v={shop}")),
    }  # fmt: skip
    text = _grow(SOLD, chosen, dice, fixed)
    # A seller hangs a second sentence on; a gambling farm puts its brand into small talk.
    if root == "bragid" and dice.random() < 0.35:
        talk = _grow(
            ORDINARY, dice.choice(ORDINARY[dice.choice(("tell", "idshort", "pray", "greet"))]), dice, {"e": "😂"}
        )
        text = f"{talk}{dice.choice((', ', ' ', '! ', '. '))}{text}"
    elif root in ("selfpromo", "money", "crypto", "cream", "shopad") and dice.random() < 0.4:
        more = _grow(SOLD, dice.choice(SOLD[root]), dice, fixed)
        text = f"{text}{dice.choice(('. ', '! ', ', ', ' '))}{more}"
    if root in ("seller", "cream", "shopad") and dice.random() < 0.35:
        text = _stretched(text, dice)
    if dice.random() < 0.6:
        text = text[:1].upper() + text[1:]
    elif dice.random() < 0.25:
        text = text.upper() if "http" not in text else text
    if dice.random() < 0.35:
        text += dice.choice(("!", "!", "!!", "."))
    if dice.random() < 0.45:
        text += dice.choice(("", " ")) + "".join(dice.choice(_EMOJI) for _ in range(dice.choice((1, 1, 2, 3))))
    return chosen, text


def _stretched(text: str, dice: random.Random) -> str:
    """Repeat letters inside words, as sellers do to pass filters."""
    return "".join(c * dice.choice((1, 2, 2, 3)) if c.isalpha() and not c.isupper() else c for c in text)


# --- praise --------------------------------------------------------------------------------------------------------


def _praise(dice: random.Random, kind: str) -> tuple[str, str]:
    root = _pick(SOLD_ROOTS[kind], dice)
    chosen = _grow(SOLD, dice.choice(SOLD[root]), dice, {})
    text = chosen
    tail = dice.random()
    if kind == "generic_praise" and tail < 0.8:
        text += dice.choice(("", " ")) + "".join(dice.sample(_EMOJI, dice.choice((1, 2, 2, 3))))
    elif tail < 0.25:
        text += " " + dice.choice(_EMOJI)
    if kind == "machine_written" and dice.random() < 0.3:
        text = f"@{dice.choice(_SHOP_A)}{dice.randint(1, 99)} {text}"
    return _shape(chosen), text


def _shape(sentence: str) -> str:
    """Return the first two words of a sentence: what comments of one template share."""
    return " ".join(sentence.split(" ")[:2])


_DRAWS = {
    "ordinary": _ordinary,
    "promotion": _promotion,
    "generic_praise": _praise,
    "machine_written": _praise,
}
