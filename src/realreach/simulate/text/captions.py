"""Captions of simulated posts: what a creator writes under a picture or video."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from realreach.simulate.text.context import Occasion
from realreach.simulate.text.dice import Dice
from realreach.simulate.text.emoji import emoji_tail
from realreach.simulate.text.grammar import Grammar, load_grammar

__all__ = ["write_captions"]

BoolArray = npt.NDArray[np.bool_]


def write_captions(
    rng: np.random.Generator, n: int, *, language: str, niche: str, sponsored: BoolArray, giveaway: BoolArray
) -> list[str]:
    """Write one caption for each of `n` posts of one creator.

    Parameters
    ----------
    rng
        The creator's generator; the only source of chance.
    n
        How many posts.
    language, niche
        A language and a niche that have a grammar.
    sponsored, giveaway
        Which posts are paid for by a (made-up) brand and which give something away; a giveaway caption asks people to
        tag friends, whoever pays for it.

    Returns
    -------
    list of str
        Never empty strings. About two in five have hashtags; one creator keeps to one habit of tags and emoji.

    Raises
    ------
    UsageError
        If there is no grammar of that language or niche.

    Examples
    --------
    >>> import numpy as np
    >>> no = np.zeros(2, dtype=bool)
    >>> len(write_captions(np.random.default_rng(1), 2, language="id", niche="food", sponsored=no, giveaway=no))
    2
    """
    grammar = load_grammar(language, niche)
    tag_habit, emoji_habit = rng.beta(1.2, 1.6, 2).tolist()
    dice = Dice(rng, 16 * n)
    occasion = Occasion(grammar, dice)
    captions = []
    for is_sponsored, is_giveaway in zip(np.asarray(sponsored).tolist(), np.asarray(giveaway).tolist(), strict=True):
        occasion.start(None)
        rule = "caption_giveaway" if is_giveaway else "caption_sponsored" if is_sponsored else "caption"
        text = grammar.expand(rule, dice, occasion)
        text = text[:1].upper() + text[1:]
        if dice.roll() < emoji_habit:
            text = f"{text} {emoji_tail(dice)}"
        if dice.roll() < tag_habit or (is_sponsored and dice.roll() < 0.5):
            text = f"{text} {_tags(grammar, occasion, dice, sponsored=is_sponsored)}"
        captions.append(text)
    return captions


def _tags(grammar: Grammar, occasion: Occasion, dice: Dice, *, sponsored: bool) -> str:
    words = [occasion["topic"], *(occasion["other"] for _ in range(dice.below(3)))]
    words += [grammar.expand("tag_word", dice, occasion) for _ in range(dice.below(3))]
    tags = dict.fromkeys("#" + word.replace(" ", "").replace("-", "") for word in words)
    return " ".join([*(["#ad"] if sponsored and dice.roll() < 0.6 else []), *tags])
