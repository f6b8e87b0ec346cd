"""Shapes of the commenters' handles, as far as the table gives them (most that are for sale do not).

How people are called differs from platform to platform and from audience to audience; levels and spread on YouTube are
those of trending Indonesian videos (NORMS 4.2), those of other platforms are drawn wide, as nothing is published. What
sellers' accounts are called is unstable on purpose: most are called as anybody, some of a seller by one recipe, and the
recipes contradict each other.

All numbers come from generators of their own, so that nothing else in a world depends on handles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from realreach.simulate.audience import AUDIENCE_KEY
from realreach.simulate.bought import CommentOrder
from realreach.simulate.conversation import SPAM, CommentRows
from realreach.simulate.life import Life
from realreach.simulate.plan import Plan
from realreach.simulate.profile import pick
from realreach.simulate.settings import SimulationSettings
from realreach.simulate.shared import WORLD_KEY
from realreach.tables.core import FloatArray

__all__ = ["draw_shapes"]

_HANDLE_KEY = AUDIENCE_KEY + 1
_SELLER_KEYS = 2_000

_KINDS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "youtube": {
            "given": 0.275, "word_number": 0.265, "names": 0.13, "word": 0.108, "parts": 0.105, "name": 0.045,
            "odd": 0.035, "name_number": 0.026,
        },
        "instagram": {"parts": 0.42, "word": 0.25, "word_number": 0.23, "odd": 0.10},
        "tiktok": {"parts": 0.33, "word": 0.24, "word_number": 0.22, "user_number": 0.12, "odd": 0.09},
        "other": {
            "word": 0.20, "word_number": 0.19, "names": 0.17, "parts": 0.15, "name_number": 0.14, "name": 0.08,
            "odd": 0.07,
        },
    }
)  # fmt: skip
"""How people are called, by platform: shares of the kinds of handle."""
_LOWER = ("instagram", "tiktok")
"""Platforms that know no capitals in handles."""
_EVENNESS = 15.0
"""Of the Dirichlet: on YouTube the given handles of a video's authors then lie between 6 and 48 %, as measured."""
_RECIPES: Mapping[str, float] = MappingProxyType(
    {"anybody": 0.55, "word_number": 0.14, "names": 0.12, "given": 0.10, "three_parts": 0.09}
)
"""What sellers call their accounts; names with two letters of the surname behind look like names."""
_PURITY: Mapping[int, tuple[float, float]] = MappingProxyType({0: (0.6, 1.0), 1: (0.3, 0.9)})
"""Share of a seller's accounts that the recipe made, by evasion; who hides well has accounts called as anybody."""
_GIVEN_SHARE = {True: 0.45, False: 0.10}
"""Tables that hold shapes, of those with and without authors."""
_DICE = 8


def draw_shapes(
    seed: int,
    index: int,
    life: Life,
    plan: Plan | None,
    orders: list[CommentOrder],
    rows: CommentRows,
    settings: SimulationSettings,
    *,
    authors_given: bool,
) -> np.ndarray:
    """Return the shape of the handle of each comment's author; None throughout where this table does not give them.

    The generator depends on the seed and the creator's number only; what an account is called follows from the account.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index, _HANDLE_KEY)))
    is_given = rng.random() < _GIVEN_SHARE[authors_given] or settings.observation == "complete"
    shapes = np.full(len(rows.author), None)
    if not is_given:
        return shapes
    platform = life.profile.platform if life.profile.platform in _KINDS else "other"
    people = _mixture(rng, _KINDS[platform])
    cased = platform not in _LOWER
    called = dict.fromkeys(np.unique(rows.source).tolist(), people)
    called[SPAM] = _of_seller(rng, platform, float(rng.uniform(0.3, 0.9)))
    for number, order in enumerate(orders):
        if plan is not None and not order.crowd and order.style != "human":
            called[number] = _of_bank(life, plan, platform)
    dice = _dice(rows.author)
    for source, kinds in called.items():
        for row in np.flatnonzero(rows.source == source).tolist():
            shape = _shape(kinds, dice[row])
            shapes[row] = shape if cased else _capped(shape.lower())
    return shapes


def _mixture(rng: np.random.Generator, kinds: Mapping[str, float]) -> dict[str, float]:
    """Draw the kinds of handle among the people of one audience."""
    shares = rng.dirichlet(np.array(list(kinds.values())) / sum(kinds.values()) * _EVENNESS)
    return dict(zip(kinds, shares.tolist(), strict=True))


def _of_bank(life: Life, plan: Plan, platform: str) -> dict[str, float]:
    """Return the kinds of handle in a seller's bank of accounts: the same for all customers of one evasion level."""
    key = np.random.SeedSequence(life.shared.seed, spawn_key=(WORLD_KEY, _SELLER_KEYS + plan.seller.key))
    rng = np.random.default_rng(key)
    low, high = _PURITY.get(plan.evasion, (0.0, 0.0))
    return _of_seller(rng, platform, low + (high - low) * float(rng.random()))


def _of_seller(rng: np.random.Generator, platform: str, purity: float) -> dict[str, float]:
    recipe = pick(rng, _RECIPES)
    rest = _mixture(rng, _KINDS[platform])
    if recipe == "given" and platform != "youtube":
        recipe = "user_number"
    if recipe == "anybody":
        return rest
    return {kind: share * (1.0 - purity) for kind, share in rest.items() if kind != recipe} | {recipe: purity}


def _dice(keys: np.ndarray) -> FloatArray:
    """Return numbers in [0, 1) that follow from each account alone, shape (accounts, 8)."""
    out = np.empty((len(keys), _DICE))
    with np.errstate(over="ignore"):
        for k in range(_DICE):
            x = keys ^ np.uint64(0xA0761D6478BD642F * (k + 1) % 2**64)
            x = (x ^ (x >> np.uint64(32))) * np.uint64(0xE7037ED1A0B428DB)
            x = (x ^ (x >> np.uint64(29))) * np.uint64(0x8EBC6AF09C88C6E3)
            out[:, k] = (x ^ (x >> np.uint64(32))) >> np.uint64(11)
    return out * 2.0**-53


def _shape(kinds: Mapping[str, float], dice: FloatArray) -> str:
    """Return the shape of one handle: its kind by the first number, its parts by the others.

    Examples
    --------
    >>> _shape({"names": 1.0}, np.full(8, 0.5)), _shape({"given": 1.0}, np.full(8, 0.5))
    ('AaaaAaaa', 'AaaaAaaa-a0a')
    """
    ends = np.cumsum(list(kinds.values()))
    kind = list(kinds)[min(int(ends.searchsorted(dice[0] * ends[-1], side="right")), len(kinds) - 1)]
    return _MAKE[kind](dice[1:].tolist())


def _word(dice: float) -> str:
    return "aa" if dice < 0.06 else "aaa"


def _name(dice: float) -> str:
    return "Aa" if dice < 0.04 else "Aaa" if dice < 0.2 else "Aaaa"


def _number(dice: float) -> str:
    return "0" if dice < 0.08 else "00" if dice < 0.2 else "000"


def _given(dice: list[float]) -> str:
    """Return a handle as YouTube gives them: the name, a hyphen, and letters with digits between."""
    first = _word(dice[0]) if dice[1] < 0.2 else _name(dice[0])
    second = _name(dice[2]) if 0.2 <= dice[1] < 0.8 else ""
    return f"{first}{second}-{'a0a' if dice[3] < 0.72 else 'aa0aa' if dice[3] < 0.9 else 'a0a0a'}"


def _parts(dice: list[float]) -> str:
    """Return words or names joined by a sign, every third with a number."""
    sign, make = "_" if dice[0] < 0.65 else ".", _word if dice[1] < 0.7 else _name
    parts = [make(dice[2]), _word(dice[3]) if dice[4] < 0.8 else _name(dice[3])]
    if dice[5] < 0.35:
        parts[-1] += ("" if dice[6] < 0.6 else sign) + _number(dice[6])
    return sign.join(parts)


def _names(dice: list[float]) -> str:
    """Return two names, seldom with a third or a number."""
    last = "" if dice[2] < 0.82 else _name(dice[3]) if dice[2] < 0.9 else _number(dice[3])
    return _name(dice[0]) + _name(dice[1]) + last


def _three_parts(dice: list[float]) -> str:
    """Return three names joined by a sign, as those of one seller of gambling comments (NORMS 4.4)."""
    sign = "_" if dice[3] < 0.5 else "."
    return sign.join(_name(number) for number in dice[:3]) + ("" if dice[4] < 0.6 else ".000")


def _odd(dice: list[float]) -> str:
    blocks = ("a", "aa", "aaa", "A", "AA", "AAA", "0", "00", "_", ".", "aaaA", "a0")
    number = 2 + int(4 * dice[0])
    text = "".join(blocks[int(len(blocks) * d)] for d in dice[1 : 1 + number])
    return _capped(text)


def _capped(text: str) -> str:
    """Return a shape with no more than three signs of a run."""
    return re.sub(r"(.)\1{3,}", r"\1\1\1", text)


_MAKE: Mapping[str, Callable[[list[float]], str]] = MappingProxyType(
    {
        "word": lambda d: _word(d[0]),
        "word_number": lambda d: _word(d[0]) + _number(d[1]),
        "name": lambda d: _name(d[0]),
        "name_number": lambda d: _name(d[0]) + _number(d[1]),
        "names": _names,
        "given": _given,
        "user_number": lambda d: "aaa000",
        "parts": _parts,
        "three_parts": _three_parts,
        "odd": _odd,
    }
)  # fmt: skip
"""How each kind of handle is made."""
