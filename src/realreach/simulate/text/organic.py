"""Comments that people write because they want to: fans, friends, strangers with a question."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Mapping, Sequence

import numpy as np

from realreach.errors import UsageError
from realreach.simulate.text.audience import ACTS, Audience, draw_audience
from realreach.simulate.text.context import Occasion, find_subject
from realreach.simulate.text.corpus import Corpus
from realreach.simulate.text.dice import Dice
from realreach.simulate.text.emoji import emoji_run
from realreach.simulate.text.grammar import Grammar, load_grammar
from realreach.simulate.text.names import made_up_handle
from realreach.simulate.text.posts import under_post
from realreach.simulate.text.surface import join_clauses, type_out

__all__ = ["KINDS", "write_organic"]

KINDS = ("ordinary", "fan", "giveaway", "friend_tag", "question", "critical", "wish", "event")
"""What a comment is for; ``ordinary`` is the audience's own mix, the others are one occasion."""

_ACT_OF_KIND = {
    "fan": "fan",
    "giveaway": "giveaway",
    "friend_tag": "tag",
    "question": "question",
    "critical": "critical",
    "wish": "wish",
    "event": "event",
}
# Emoji-only comments by kind, as a factor on the audience's own share.
_EMOJI_ONLY = {"ordinary": 1.0, "fan": 1.6, "event": 0.5, "wish": 0.4, "giveaway": 0.3}
_CALLS = ("praise", "praise", "wish", "joke", "request", "fan")
_FOLLOWING = ("more",) * 6 + ("about", "story", "wish", "praise", "question", "request")
_WELL_SPELLED = frozenset({"praise", "about", "story"})
_SLOGANS = ("wish_s", "wish", "wish", "fan_s", "praise_s", "greet_s", "praise", "fan", "about", "joke_s")
_REASONS = ("wish", "wish", "fan", "story", "request", "praise", "giveaway")
_LONGEST = 700


def write_organic(
    rng: np.random.Generator,
    captions: Sequence[str],
    *,
    language: str,
    niche: str,
    kind: Sequence[str] | str = "ordinary",
    audience: Audience | None = None,
    corpus: Corpus | None = None,
) -> list[str]:
    """Write one honest comment for each caption given.

    Parameters
    ----------
    rng
        The creator's generator; the only source of chance.
    captions
        For each comment the caption of the post that it stands under (repeat it for more comments on one post).
    language, niche
        A language and a niche that have a grammar.
    kind
        One of `KINDS` for all comments, or one for each.
    audience
        The creator's commenters, from `draw_audience`; None draws an average one for this call.
    corpus
        A user's own comments, from `read_corpus`. Where it has texts of the language they are used instead of the
        grammar for the kinds ``ordinary``, ``fan``, ``critical``, ``event``, and for ``question`` if enough ask one.

    Returns
    -------
    list of str
        Comments in the order of `captions`; never empty strings, at most about 800 characters.

    Raises
    ------
    UsageError
        If the language, the niche or a kind is not known.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(3)
    >>> len(write_organic(rng, ["Resep bakso rumahan"] * 5, language="id", niche="food"))
    5
    """
    n = len(captions)
    if n == 0:
        return []
    kinds = [kind] * n if isinstance(kind, str) else list(kind)
    if unknown := sorted(set(kinds) - set(KINDS)):
        raise UsageError(f"no comments of kind {unknown[0]!r}; the kinds are {', '.join(KINDS)}.")
    if len(kinds) != n:
        raise UsageError(f"{n} captions need {n} kinds, got {len(kinds)}.")
    crowd = audience or draw_audience(rng, language=language, niche=niche)
    posts = {caption: under_post(crowd, caption) for caption in dict.fromkeys(captions)}
    scale = np.array([posts[caption].length_log for caption in captions])
    long = np.array([posts[caption].long for caption in captions])
    lengths = np.exp(scale + crowd.length_spread * rng.standard_normal(n))
    lengths *= np.where(rng.random(n) < long, rng.uniform(3, 9, n), 1.0)
    writer = _Writer(load_grammar(language, niche), crowd, posts, Dice(rng, 28 * n))
    texts = [
        writer.write(caption, one, wish) for caption, one, wish in zip(captions, kinds, lengths.tolist(), strict=True)
    ]
    if corpus is not None:
        _from_corpus(rng, texts, kinds, language, crowd, corpus)
    return texts


class _Writer:
    """Writes the comments of one creator: keeps the grammars of both languages and the subjects already found."""

    def __init__(self, grammar: Grammar, audience: Audience, posts: Mapping[str, Audience], dice: Dice) -> None:
        self._creators = audience
        self._posts = posts
        self._audience = audience  # under the post that is being written for
        self._pasted: dict[str, str] = {}
        self._refrains: dict[str, tuple[str, ...]] = {}
        self._dice = dice
        second = load_grammar(audience.second[0], grammar.niche)
        own = Dice(np.random.default_rng(audience.slogan_seed), 128)  # what never changes with this audience
        self._voices = tuple((tongue, Occasion(tongue, dice, audience, own)) for tongue in (grammar, second))
        self._subjects: dict[str, str | None] = {}
        self._slogans = self._make_slogans(own)

    def write(self, caption: str, kind: str, length: float) -> str:
        """Return one comment of about `length` characters (before emoji)."""
        dice = self._dice
        audience = self._audience = self._posts[caption]
        if kind == "ordinary" and (special := self._special(caption)):
            return special
        act = ACTS[min(bisect(audience.acts, dice.roll()), len(ACTS) - 1)] if kind == "ordinary" else _ACT_OF_KIND[kind]
        if act != "tag" and dice.roll() < audience.emoji_only * _EMOJI_ONLY.get(kind, 0.0):
            return emoji_run(audience.emoji, act, dice, power=audience.emoji_power, alone=True)
        if kind in ("ordinary", "fan", "event") and dice.roll() < audience.echo:
            slogan = self._slogans[int(len(self._slogans) * dice.roll() ** 1.6)]
            often = 0.5 if slogan.count(" ") < 3 else 0.1
            return slogan if dice.roll() < often else type_out(slogan, "fan", audience, self._voices[0][0], dice)
        if kind == "ordinary" and dice.roll() < 0.7 * audience.echo:
            return self._join_in(caption)
        grammar, occasion = self._voices[dice.roll() < audience.second[1]]
        occasion.start(self._subject(caption, grammar) if dice.roll() < audience.subject else None)
        if act in _WELL_SPELLED and (text := self._well_spelled(act, grammar, occasion)):
            return text
        return type_out(self._say(act, grammar, occasion, length), act, audience, grammar, dice)

    def _special(self, caption: str) -> str | None:
        """Return what only a few posts draw: the text that everybody pastes, or a long entry to a contest."""
        dice, audience = self._dice, self._audience
        if not audience.copies and not audience.entries:
            return None
        roll = dice.roll()
        if roll < audience.copies:
            if caption not in self._pasted:
                self._pasted[caption] = self._paste(caption)
            return self._pasted[caption]
        return self._entry(caption, dice, self._voices[0][1]) if roll < audience.copies + audience.entries else None

    def _paste(self, caption: str) -> str:
        """Return the text that is pasted under this post: a few sentences, or one again and again."""
        dice = Dice(np.random.default_rng(self._audience.post_seed), 64)
        grammar = self._voices[0][0]
        occasion = Occasion(grammar, dice, self._audience)
        occasion.start(self._subject(caption, grammar))
        text = grammar.expand(dice.pick(("wish", "request", "fan", "story", "praise")), dice, occasion)
        if dice.roll() < 0.5:
            text = " ".join([text] * (2 + dice.below(4)))
        else:
            for _ in range(1 + dice.below(5)):
                text = join_clauses(text, grammar.expand(dice.pick(_FOLLOWING), dice, occasion), grammar, dice)
        return type_out(text, "wish", self._audience, grammar, dice)

    def _join_in(self, caption: str) -> str:
        """Return what everybody says under this post, mostly with a few words of one's own."""
        dice, (grammar, occasion) = self._dice, self._voices[0]
        occasion.start(self._subject(caption, grammar))
        if caption not in self._refrains:
            own = Dice(np.random.default_rng(self._audience.post_seed + 1), 64)
            common = Occasion(grammar, own, self._audience)
            common.start(occasion["topic"])
            self._refrains[caption] = tuple(
                grammar.expand(own.pick(_SLOGANS), own, common) for _ in range(2 + own.below(3))
            )
        text = dice.pick(self._refrains[caption])
        if dice.roll() < 0.6:
            text = join_clauses(text, grammar.expand(f"{dice.pick(_CALLS)}_s", dice, occasion), grammar, dice)
        return type_out(text, "fan", self._audience, grammar, dice)

    def _entry(self, caption: str, dice: Dice, occasion: Occasion) -> str:
        """Return an entry to a contest: an answer, hopes and reasons, tags and friends."""
        grammar = self._voices[0][0]
        subject = self._subject(caption, grammar)
        occasion.start(subject)
        text = grammar.expand("giveaway", dice, occasion)
        for _ in range(dice.below(8)):
            text = join_clauses(text, grammar.expand(dice.pick(_REASONS), dice, occasion), grammar, dice)
        text = type_out(text, "giveaway", self._audience, grammar, dice)
        if dice.roll() < 0.5:
            text = " ".join([text, *("@" + made_up_handle(dice) for _ in range(1 + dice.below(4)))])
        if subject and dice.roll() < 0.3:
            text += " #" + subject.replace(" ", "")
        return text

    def _well_spelled(self, act: str, grammar: Grammar, occasion: Occasion) -> str | None:
        """Return a faultless comment from those who write so: polite strangers and the articulate; None from others."""
        dice, audience = self._dice, self._audience
        roll = dice.roll()
        if roll < audience.articulate:
            text = grammar.expand("llm", dice, occasion)
        elif act == "praise" and roll < audience.articulate + audience.polite:
            text = grammar.expand("sold_s" if dice.roll() < 0.7 else "sold", dice, occasion)
            if dice.roll() > 6 * audience.exclaims:
                text = text.rstrip("!. ") or text
        elif act == "about" and roll < audience.articulate + 0.3 * audience.polite:
            text = grammar.expand("custom", dice, occasion)
        else:
            return None
        text = text[:1].upper() + text[1:]
        if dice.roll() < audience.emoji_text:
            text = f"{text} {emoji_run(audience.emoji, act, dice, power=1.3)}"
        return text

    def _make_slogans(self, dice: Dice) -> tuple[str, ...]:
        """Return what this audience keeps repeating: the same in every call, because it follows from the audience."""
        grammar = self._voices[0][0]
        occasion = Occasion(grammar, dice, self._creators)
        slogans = []
        for _ in range(4 + dice.below(6)):
            occasion.start(None)
            text = grammar.expand(dice.pick(_SLOGANS), dice, occasion)
            slogans.append(text if dice.roll() < 0.6 else type_out(text, "fan", self._creators, grammar, dice))
        return tuple(slogans)

    def _subject(self, caption: str, grammar: Grammar) -> str | None:
        if caption not in self._subjects:
            self._subjects[caption] = find_subject(caption, self._voices[0][0])
        return self._subjects[caption]

    def _say(self, act: str, grammar: Grammar, occasion: Occasion, length: float) -> str:
        dice = self._dice
        wanted = length * grammar.density
        brief = 14 * grammar.density
        if wanted < brief:
            return self._clause(f"{act}_s", grammar, occasion)
        if wanted < 2 * brief and dice.roll() < 0.45:  # two short calls: "keren banget kak sukses terus"
            following = f"{dice.pick(_CALLS)}_s"
            return join_clauses(
                self._clause(f"{act}_s", grammar, occasion), self._clause(following, grammar, occasion), grammar, dice
            )
        text = self._clause(act, grammar, occasion)
        for _ in range(2):  # the shortest of up to three where a short one is wanted
            if len(text) <= 1.25 * wanted:
                break
            again = self._clause(act, grammar, occasion)
            text = again if len(again) < len(text) else text
        seen = {text}
        while len(text) < 0.8 * wanted and len(text) < _LONGEST and len(seen) < 30:
            following = act if dice.roll() < 0.2 else dice.pick(_FOLLOWING)
            clause = self._clause(following, grammar, occasion)
            if clause not in seen:
                text = join_clauses(text, clause, grammar, dice)
            seen.add(clause)
            wanted -= 1  # ends even if the rules are exhausted
        return text

    def _clause(self, rule: str, grammar: Grammar, occasion: Occasion) -> str:
        text = grammar.expand(rule, self._dice, occasion)
        if rule.startswith("question") and self._dice.roll() < self._audience.asks:
            return text + grammar.mark if self._dice.roll() < 0.85 else text + 2 * grammar.mark
        return text


def _from_corpus(
    rng: np.random.Generator, texts: list[str], kinds: Sequence[str], language: str, audience: Audience, corpus: Corpus
) -> None:
    """Replace texts by the user's own where there are any; neighbours in the file share a post, so take a window."""
    pool = corpus.organic_of(language)
    asking = [text for text in pool if "?" in text]
    for wanted, source in (({"ordinary", "fan", "critical", "event"}, pool), ({"question"}, asking)):
        spots = [k for k, kind in enumerate(kinds) if kind in wanted]
        if len(source) < 20 or not spots:
            continue
        width = min(len(source), max(600, 5 * len(spots)))
        start = math.floor(audience.place * (len(source) - width + 1))
        for k, row in zip(spots, rng.integers(start, start + width, len(spots)).tolist(), strict=True):
            texts[k] = source[row]
