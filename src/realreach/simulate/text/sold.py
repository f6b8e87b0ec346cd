"""Comments that are sold: praise from templates, emoji, a client's own lines, language models, pods, promotion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from realreach.errors import UsageError
from realreach.simulate.text.audience import Audience, draw_audience
from realreach.simulate.text.context import Occasion, find_subject
from realreach.simulate.text.corpus import STYLES, Corpus
from realreach.simulate.text.dice import Dice
from realreach.simulate.text.emoji import EVERYWHERE, emoji_run, emoji_tail
from realreach.simulate.text.grammar import Grammar, load_grammar
from realreach.simulate.text.names import made_up_shop, made_up_site
from realreach.simulate.text.surface import join_clauses, stretch, type_out

__all__ = ["SoldPool", "make_pool"]

# First letters of A, a and 0 in the odd alphabets that promoters use to dodge filters (bold, bold italic, sans, mono).
_ALPHABETS = (
    (0x1D400, 0x1D41A, 0x1D7CE),
    (0x1D468, 0x1D482, 0x1D7CE),
    (0x1D5D4, 0x1D5EE, 0x1D7EC),
    (0x1D63C, 0x1D656, 0x1D7EC),
    (0x1D670, 0x1D68A, 0x1D7F6),
    (0xFF21, 0xFF41, 0xFF10),
)
_SIZES = {"praise": (20, 300), "emoji": (10, 60), "custom": (5, 40), "llm": (1, 2), "pod": (1, 2), "promotion": (3, 12)}


@dataclass(frozen=True, slots=True)
class _Line:
    """One template: the rule and alternative it came from (to refill it), and the text as first written."""

    rule: str
    option: int
    text: str


@dataclass(frozen=True)
class SoldPool:
    """What one seller posts for one order or campaign: a list of texts, and how it is used.

    ``lines`` are the templates (empty for ``llm`` and ``pod``, which write anew each time). ``emoji_only`` is the
    share of texts that are emoji only, ``refill`` how often a template gets new words and emoji before it is posted,
    ``rough`` how often it is passed through a person's typing, ``tail`` and ``bang`` how often it ends in emoji (of
    these ``moods``) and in an exclamation mark. Not changed by `draw`.
    """

    style: str
    language: str
    niche: str
    lines: tuple[_Line, ...]
    emoji_only: float
    refill: float
    rough: float
    tail: float
    bang: float
    moods: tuple[str, ...]
    crowd: Audience
    site: str
    shop: str
    alphabet: int

    def draw(self, rng: np.random.Generator, captions: Sequence[str]) -> list[str]:
        """Return one sold comment for each caption given (that of the post it is delivered to).

        Parameters
        ----------
        rng
            The generator of the creator who gets them; the only source of chance.
        captions
            One for each comment; styles ``llm`` and ``pod`` speak of the caption's subject, the others ignore it.

        Returns
        -------
        list of str
            In the order of `captions`; never empty strings.
        """
        if not len(captions):
            return []
        dice = Dice(rng, 24 * len(captions))
        grammar = load_grammar(self.language, self.niche)
        occasion = Occasion(grammar, dice, self.crowd)
        if self.style in ("llm", "pod"):
            write = _write_llm if self.style == "llm" else _write_pod
            subjects = {caption: find_subject(caption, grammar) for caption in set(captions)}
            return [write(subjects[caption], grammar, occasion, self, dice) for caption in captions]
        # Clients' lines are used up in order before any is repeated; templates are drawn at random.
        order = _rounds(rng, len(self.lines), len(captions)) if self.style == "custom" else None
        return [
            self._one(self.lines[order[k] if order else dice.below(len(self.lines))], grammar, occasion, dice)
            for k in range(len(captions))
        ]

    def _one(self, line: _Line, grammar: Grammar, occasion: Occasion, dice: Dice) -> str:
        if dice.roll() < self.emoji_only:
            return emoji_tail(dice, self.moods) if dice.roll() < 0.6 else emoji_run(EVERYWHERE, "any", dice, alone=True)
        text = line.text
        if line.option >= 0 and dice.roll() < self.refill:
            occasion.start(None, site=self.site, shop=self.shop)
            text = _dress(grammar.expand(line.rule, dice, occasion, line.option), self, dice)
        return type_out(text, "praise", self.crowd, grammar, dice) if dice.roll() < self.rough else text


def make_pool(
    rng: np.random.Generator,
    *,
    style: str,
    language: str,
    size: int | None = None,
    niche: str = "lifestyle",
    audience: Audience | None = None,
    corpus: Corpus | None = None,
) -> SoldPool:
    """Draw the texts and habits of one seller of comments.

    Parameters
    ----------
    rng
        The only source of chance.
    style
        One of `STYLES`: ``praise`` (well-spelled generic templates), ``emoji``, ``custom`` (the client's own lines,
        naming the creator), ``llm`` (fluent, on the caption), ``pod`` (specific, by people, four words or more),
        ``promotion`` (betting sites, followers, creams: hits honest creators too).
    language
        Language of the order. One panel in four posts English praise anyway.
    size
        How many templates; None draws a usual number for the style (20-300 for praise).
    niche
        What the creator is about; used by ``custom``, ``llm`` and ``pod``.
    audience
        The creator's own audience: gives the name that ``custom`` lines use.
    corpus
        A user's own sold texts; used where they have the style.

    Raises
    ------
    UsageError
        If the style, the language or the niche is not known, or the size is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(5)
    >>> len(make_pool(rng, style="praise", language="en", size=40).draw(rng, ["My new kitchen"] * 3))
    3
    """
    if style not in STYLES:
        raise UsageError(f"no sold comments of style {style!r}; the styles are {', '.join(STYLES)}.")
    if size is not None and size < 1:
        raise UsageError(f"a pool needs at least 1 text, got size {size}.")
    load_grammar(language, niche)
    low, high = _SIZES[style]
    count = size or int(np.exp(rng.uniform(np.log(low), np.log(high))))
    if style in ("praise", "promotion") and language != "en" and rng.random() < (0.25 if style == "praise" else 0.05):
        language = "en"
    crowd = audience or draw_audience(rng, language=language, niche=niche)
    refill, rough, alphabet = rng.random(3).tolist()
    pool = SoldPool(
        style=style,
        language=language,
        niche=niche,
        lines=(),
        emoji_only={"praise": float(rng.uniform(0.25, 0.45)), "emoji": 0.0}.get(style, 0.0),
        refill=refill if style in ("praise", "promotion") and refill > 0.35 else 0.0,
        rough=_roughness(style, rough),
        tail=float(rng.uniform(0.35, 1.0)) if style == "praise" else float(rng.uniform(0.0, 0.6)),
        bang=float(rng.uniform(0, 0.9)),
        moods=("love", "praise", "things") if rng.random() < 0.35 else ("love", "praise"),
        crowd=crowd,
        site=made_up_site(Dice(rng, 16)),
        shop=made_up_shop(Dice(rng, 16)),
        alphabet=int(alphabet * 1.5 * len(_ALPHABETS)),  # a third of the campaigns write plain letters
    )
    own = corpus.sold_of(style) if corpus is not None else ()
    if own:
        return replace(pool, lines=tuple(_Line("", -1, own[k]) for k in rng.integers(0, len(own), count).tolist()))
    return replace(pool, lines=_lines(rng, pool, count))


def _roughness(style: str, roll: float) -> float:
    """Return how often texts pass through somebody's phone: hardly for panels, often for a client's own lines."""
    if style == "custom":
        return 0.8 * roll
    return 0.5 * (roll - 0.7) if style == "praise" and roll > 0.7 else 0.0


def _lines(rng: np.random.Generator, pool: SoldPool, count: int) -> tuple[_Line, ...]:
    if pool.style in ("llm", "pod"):
        return ()
    dice = Dice(rng, 24 * count)
    grammar = load_grammar(pool.language, pool.niche)
    occasion = Occasion(grammar, dice, pool.crowd)
    if pool.style == "emoji":
        return tuple(_Line("", -1, emoji_run(EVERYWHERE, "any", dice, alone=True)) for _ in range(count))
    lines = []
    for _ in range(count):
        rule = _rule(pool.style, pool.shop, dice)
        option = dice.below(len(grammar.rules[rule].options))
        occasion.start(None, site=pool.site, shop=pool.shop)
        text = _dress(grammar.expand(rule, dice, occasion, option), pool, dice)
        lines.append(_Line(rule, option, text))
    return tuple(lines)


def _rule(style: str, shop: str, dice: Dice) -> str:
    if style == "promotion":
        # The shop's name settles for the whole campaign whether it sells goods or a betting site.
        return "seller" if sum(map(ord, shop)) % 5 < 2 else "promotion"
    if style == "custom":
        return "custom"
    # Panels copy what people write: a third of their lines are words of the crowd, spelled out.
    roll = dice.roll()
    shares = (("sold_s", 0.42), ("praise_s", 0.64), ("sold", 0.8), ("praise", 0.93), ("wish_s", 1.0))
    return next(rule for rule, end in shares if roll < end)


def _dress(text: str, pool: SoldPool, dice: Dice) -> str:
    """Return a template as its seller writes it: capital first, one to three emoji at the end, or dodging filters."""
    if pool.style == "promotion":
        return _dodge(text, pool, dice)
    text = text[:1].upper() + text[1:]
    if text[-1].isalpha() and dice.roll() < pool.bang:
        text += "!"
    if dice.roll() < pool.tail:
        text += (" " if dice.roll() < 0.6 else "") + emoji_tail(dice, pool.moods)
    return text


def _dodge(text: str, pool: SoldPool, dice: Dice) -> str:
    if pool.site in text:
        name = _odd(pool.site, pool.alphabet) if pool.alphabet < len(_ALPHABETS) else pool.site
        around = dice.pick(("", "", "", "🔥", "⚡", "💎", "✨", "🚀"))
        text = text.replace(pool.site, f"{around}{name}{around}")
    elif dice.roll() < 0.4:
        for _ in range(2):
            text = stretch(text, dice)
    roll = dice.roll()
    if roll < 0.1:
        text = text.upper()
    return text + (" " + emoji_tail(dice) if dice.roll() < 0.4 else "")


def _odd(text: str, alphabet: int) -> str:
    """Return ASCII letters and digits in one of the odd Unicode alphabets."""
    upper, lower, digit = _ALPHABETS[alphabet]
    out = []
    for c in text:
        base, first = (upper, "A") if c.isupper() else (lower, "a") if c.islower() else (digit, "0")
        out.append(chr(base + ord(c) - ord(first)) if c.isascii() and c.isalnum() else c)
    return "".join(out)


def _write_llm(subject: str | None, grammar: Grammar, occasion: Occasion, pool: SoldPool, dice: Dice) -> str:
    """Return fluent, faultless sentences on the subject; some prompts ask for the tone of ordinary comments."""
    occasion.start(subject)
    if pool.bang < 0.4 and dice.roll() < 0.6:
        text = grammar.expand("about" if dice.roll() < 0.7 else "praise", dice, occasion)
        text = text + dice.pick((".", "!", "", "!"))
    else:
        text = grammar.expand("llm", dice, occasion)
    text = text[:1].upper() + text[1:]
    return f"{text} {emoji_tail(dice, pool.moods)}" if dice.roll() < pool.tail else text


def _write_pod(subject: str | None, grammar: Grammar, occasion: Occasion, pool: SoldPool, dice: Dice) -> str:
    """Return what a pod member types: about the post, kind, of four words or more."""
    occasion.start(subject)
    rule = dice.pick(("about", "about", "about", "about", "about", "story", "question", "praise"))
    text = grammar.expand(rule, dice, occasion)
    if rule == "praise":
        text = join_clauses(text, grammar.expand("about", dice, occasion), grammar, dice)
    if grammar.spaced:
        while text.count(" ") < 3 or dice.roll() < 0.2:
            text = join_clauses(text, grammar.expand("praise", dice, occasion), grammar, dice)
    return type_out(text, rule, pool.crowd, grammar, dice)


def _rounds(rng: np.random.Generator, size: int, n: int) -> list[int]:
    """Return `n` positions: all of ``range(size)`` in random order, then all again, and so on."""
    order: list[int] = []
    while len(order) < n:
        order.extend(rng.permutation(size).tolist())
    return order[:n]
