"""The people who comment under one creator: how short, how many emoji, which jokes, what they call the creator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from realreach.simulate.text.emoji import MOODS
from realreach.simulate.text.grammar import load_grammar
from realreach.simulate.text.names import made_up_handle, weighted

__all__ = ["ACTS", "Audience", "draw_audience"]

ACTS = ("praise", "about", "story", "wish", "question", "request", "joke", "critical", "greet", "fan", "tag")
"""What an ordinary comment does; their mix differs by creator."""

_BASE = dict(zip(ACTS, (0.28, 0.15, 0.10, 0.10, 0.09, 0.07, 0.09, 0.045, 0.05, 0.04, 0.035), strict=True))

# Factors on the mix by platform and size, from the public comment sets: friends are tagged on Instagram, YouTube asks,
# jokes and cites minutes, stars get fans' calls and blessings.
_TILT: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "instagram": {"tag": 2.2, "wish": 1.3, "praise": 1.2, "greet": 0.6},
        "tiktok": {"joke": 1.5, "question": 1.2, "tag": 0.9, "greet": 1.2, "wish": 0.7},
        "youtube": {"tag": 0.0, "request": 1.5, "story": 1.4, "greet": 1.4, "joke": 1.2, "praise": 0.8},
        "other": {},
        "star": {"fan": 3.5, "wish": 1.5, "praise": 1.3, "question": 0.5, "story": 0.6, "tag": 0.3},
        "small": {"fan": 0.3, "tag": 1.5, "question": 1.2, "request": 0.7, "greet": 0.7},
    }
)
# Platform: mean share of emoji-only comments, of texts with emoji, and median length of a text.
_PLATFORM = {
    "instagram": (0.13, 0.48, 28.0),
    "tiktok": (0.08, 0.38, 25.0),
    "youtube": (0.022, 0.37, 22.0),
    "other": (0.06, 0.36, 28.0),
}
# Platform: log-odds of a capital first letter (phones set it by themselves), and its spread between audiences.
_FIRST = {"instagram": (3.0, 0.35), "tiktok": (1.3, 0.6), "youtube": (1.05, 0.7), "other": (1.4, 0.6)}
_EXCLAIMS = {"id": 0.03, "mixed": 0.05, "ms": 0.04, "en": 0.15, "es": 0.12, "pt": 0.11, "hi": 0.04}
_ASKS = {"id": 0.42, "mixed": 0.5, "ms": 0.45, "en": 0.82, "hi": 0.5}
_STRETCHES = {"id": 0.11, "mixed": 0.09, "ms": 0.08, "en": 0.045, "es": 0.05, "pt": 0.06, "hi": 0.04}
_SECOND = {"id": ("en", 0.05), "mixed": ("en", 0.24), "en": ("id", 0.012), "ms": ("en", 0.12), "hi": ("en", 0.15)}


@dataclass(frozen=True, slots=True)
class Audience:
    """Habits of one creator's commenters. Every share lies in 0-1.

    Who is spoken to: ``name`` and ``handle`` are what they call the creator, ``addresses`` how they speak to them.

    Emoji: ``emoji`` are their favourites (first = commonest); ``emoji_only`` and ``emoji_text`` the shares of comments
    of emoji only and of texts with emoji; ``emoji_power`` is below 1 where they repeat an emoji many times.

    Length: ``length_log`` and ``length_spread`` are mean and standard deviation of the log of the wished text length in
    characters; ``long`` is the share of comments that are several times longer.

    Typing: ``casual`` (texts in chat spelling), ``stretched``, ``capitals`` (all of them), ``titles`` (capitals on many
    words), ``typos``, ``exclaims``, ``points`` (a full stop at the end), ``lines`` (several), ``digits`` are shares of
    texts that have them; ``first`` is the share that begin with a capital, ``commas`` of commas that are set,
    ``attached`` of emoji without a space before them, ``asks`` of questions that end in a question mark.

    What they say: ``acts`` are cumulative shares in the order of `ACTS`; ``second`` is another language and its share;
    ``subject`` the share that speaks of the post's own subject; ``polite`` praise in whole, well-spelled words such as
    sellers copy; ``articulate`` fluent sentences, perhaps drafted with a tool; ``echo`` comments that repeat one of the
    audience's slogans (which follow from ``slogan_seed``); ``calls`` those that name the creator's handle. ``place``
    says where in a user's corpus this audience's texts are taken from (0 = first row, 1 = last). ``tags`` says whether
    people of this platform call others by their handles.

    Under one post (see `under_post`): ``copies`` is the share of comments that paste one and the same text, ``entries``
    that of long entries to a contest, and ``post_seed`` settles what is pasted and who is talked about; for the
    audience as a whole, ``copies`` is how much is pasted and ``entries`` the share of posts that draw entries.
    """

    language: str
    name: str
    handle: str
    addresses: tuple[str, ...]
    emoji: tuple[str, ...]
    emoji_only: float
    emoji_text: float
    emoji_power: float
    length_log: float
    length_spread: float
    long: float
    casual: float
    stretched: float
    capitals: float
    typos: float
    exclaims: float
    asks: float
    acts: tuple[float, ...]
    second: tuple[str, float]
    subject: float
    polite: float
    articulate: float
    echo: float
    slogan_seed: int
    calls: float
    place: float
    first: float
    titles: float
    commas: float
    points: float
    lines: float
    digits: float
    attached: float
    copies: float
    entries: float
    tags: bool
    post_seed: int


def draw_audience(
    rng: np.random.Generator,
    *,
    language: str,
    platform: str = "other",
    followers: float = 10_000,
    niche: str = "lifestyle",
) -> Audience:
    """Draw the commenting habits of one creator's audience.

    Parameters
    ----------
    rng
        The creator's generator; the only source of chance.
    language, niche
        A language and a niche that have a grammar.
    platform
        ``instagram``, ``tiktok``, ``youtube``; anything else is taken as ``other``.
    followers
        Followers of the creator: under stars' posts comments are shorter, full of emoji and repeat each other; under
        small accounts people talk and tag friends.

    Returns
    -------
    Audience
        Drawn once per creator and given to every `write_organic` call of that creator.

    Raises
    ------
    UsageError
        If there is no grammar of that language or niche.

    Examples
    --------
    >>> import numpy as np
    >>> crowd = draw_audience(np.random.default_rng(7), language="id", platform="instagram", followers=3e6)
    >>> 0 < crowd.emoji_only < 1
    True
    """
    grammar = load_grammar(language, niche)
    star = float(np.clip((math.log10(max(followers, 1)) - 4.5) / 2.0, 0, 1))  # 0 below 30,000, 1 above 3 million
    only, in_text, length = _PLATFORM.get(platform, _PLATFORM["other"])
    if platform == "instagram":
        only += 0.12 * star
        in_text += 0.13 * star
        length -= 8 * star
    english = language in ("en", "es", "pt")
    tube = platform == "youtube"
    if tube and english:
        length += 13  # there people argue and tell at length
    insta = star if platform == "instagram" else 0.0
    centre, width = _FIRST.get(platform, _FIRST["other"])
    if english:
        centre, width = centre - 0.95, 0.6 * width
    dials = _around(
        rng,
        emoji_only=only,
        emoji_text=in_text,
        long=0.12 if tube and english else 0.025,
        casual=0.53 if tube and not english else 0.40,
        stretched=_STRETCHES.get(language, 0.03) * (1 + 0.7 * insta),
        capitals=0.036 if tube else 0.02,
        titles=0.15 if tube else 0.08,
        typos=0.10,
        exclaims=_EXCLAIMS.get(language, 0.05) * (1.15 if english else 0.7) * (1 - 0.75 * insta),
        asks=_ASKS.get(language, 0.7) * (1 - 0.5 * insta),
        commas=0.55 if english else 0.27 if tube else 0.45,
        points=0.15 if english else 0.05 if insta else 0.014,
        lines=0.03 if tube else 0.003,
        digits=0.03 if tube else 0.015,
        attached=0.76 if platform == "instagram" else 0.5,
        subject=0.76,
        polite=0.16,
        articulate=0.02,
        echo=0.012 if tube else 0.035 + 0.2 * star,
        calls=0.05 * star + 0.008 if platform in ("instagram", "tiktok") else 0.002,
        copies=0.025,
    )
    second, second_share = _SECOND.get(language, ("en", 0.05))
    favourites = [emoji for mood in ("love", "praise", "laugh", "pray", "things") for emoji in MOODS[mood][:7]]
    order = rng.permutation(len(favourites))[: int(rng.integers(5, 11))]
    # The two commonest emoji of the world lead with most audiences.
    lead = ["❤️", "😍", "😂", "🔥", "🙏"][: 2 + int(rng.integers(0, 3))] if rng.random() < 0.7 else []
    names = weighted(grammar.words["names"])
    groups = grammar.words["addresses"]
    return Audience(
        language=language,
        name=names[int(rng.integers(len(names)))],
        handle=made_up_handle(rng),
        addresses=tuple(weighted(groups[int(rng.integers(len(groups)))])),
        emoji=tuple(dict.fromkeys([*lead, *(favourites[k] for k in order)])),
        emoji_power=float(rng.uniform(0.65, 1.25)) - 0.15 * insta,
        length_log=math.log(max(length, 12)) + float(rng.normal(0, 0.26)),
        length_spread=float(rng.uniform(0.75, 1.05)) + (0.22 if tube and english else -0.1 * insta),
        acts=_mix(rng, platform, followers, star),
        second=(second, float(rng.beta(9 * second_share, 9 * (1 - second_share)))),
        slogan_seed=int(rng.integers(2**32)),
        place=float(rng.random()),
        first=float(1 / (1 + np.exp(-rng.normal(centre, width)))),
        entries=0.12 * star if platform == "instagram" else 0.0,
        tags=not tube,
        post_seed=0,
        **dials,
    )


def _around(rng: np.random.Generator, **means: float) -> dict[str, float]:
    """Draw one share around each mean: the spread is 0.6 of a small mean and about 0.12 around a half."""
    mean = np.array(list(means.values()))
    weight = np.maximum(13, (1 - mean) / (0.36 * mean))
    return dict(zip(means, rng.beta(mean * weight, (1 - mean) * weight).tolist(), strict=True))


def _mix(rng: np.random.Generator, platform: str, followers: float, star: float) -> tuple[float, ...]:
    tilt = _TILT.get(platform, _TILT["other"])
    size = _TILT["star"] if star > 0.5 else _TILT["small"] if followers < 5_000 else _TILT["other"]
    weights = np.array([_BASE[act] * tilt.get(act, 1.0) * size.get(act, 1.0) for act in ACTS])
    drawn = rng.gamma(weights / weights.sum() * 22) + 1e-9
    return tuple((np.cumsum(drawn) / drawn.sum()).tolist())
