"""How the comments under one post differ from those under the creator's other posts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from zlib import crc32

import numpy as np

from realreach.simulate.text.audience import Audience

__all__ = ["under_post"]

# Standard deviation between posts of one creator, of the log-odds of each share.
_SPREAD: Mapping[str, float] = MappingProxyType(
    {
        "emoji_only": 0.45,
        "emoji_text": 0.4,
        "attached": 0.5,
        "long": 0.7,
        "casual": 0.6,
        "stretched": 0.45,
        "capitals": 0.55,
        "titles": 0.6,
        "typos": 0.5,
        "exclaims": 0.7,
        "asks": 0.4,
        "commas": 0.7,
        "points": 0.8,
        "lines": 0.9,
        "digits": 1.0,
        "first": 0.2,
        "subject": 0.5,
        "echo": 0.8,
    }
)
# What goes with long, carefully typed comments: some posts make people write, others make them shout.
_CARE: Mapping[str, float] = MappingProxyType(
    {
        "emoji_only": -0.3,
        "emoji_text": -0.25,
        "long": 0.6,
        "casual": -0.3,
        "stretched": -0.4,
        "capitals": -0.4,
        "titles": -0.2,
        "commas": 0.6,
        "points": 0.8,
        "lines": 0.5,
        "digits": 0.2,
        "first": 0.2,
    }
)
_NAMES = tuple(_SPREAD)
_WIDTHS = np.array(list(_SPREAD.values()))
_LOADS = np.array([_CARE.get(name, 0.0) for name in _NAMES])


def under_post(audience: Audience, caption: str) -> Audience:
    """Return the habits of an audience under one post; the same for the same caption, whenever it is asked.

    Shares move around the creator's own, together as far as care goes, the mix of acts shifts, and a few posts draw
    what the others do not: one text that is pasted again and again, or long entries to a contest.

    Examples
    --------
    >>> import numpy as np
    >>> from realreach.simulate.text.audience import draw_audience
    >>> crowd = draw_audience(np.random.default_rng(7), language="id", platform="instagram", followers=3e6)
    >>> under_post(crowd, "Serum baru") == under_post(crowd, "Serum baru") != under_post(crowd, "Bakso")
    True
    """
    seed = (crc32(caption.encode()) << 32) | audience.slogan_seed
    rng = np.random.default_rng(seed)
    own = np.clip([getattr(audience, name) for name in _NAMES], 1e-4, 1 - 1e-4)
    pasted, entered, many = rng.random(3).tolist()
    contest = entered < audience.entries
    care = float(rng.standard_normal()) + (1.3 if contest else 0.0)
    odds = np.log(own / (1 - own)) + 0.85 * _WIDTHS * rng.standard_normal(len(_NAMES)) + _LOADS * care
    shares = dict(zip(_NAMES, (1 / (1 + np.exp(-odds))).tolist(), strict=True))
    weights = np.diff(audience.acts, prepend=0.0)
    drawn = rng.gamma(weights * 14) + 1e-9
    return replace(
        audience,
        **shares,
        acts=tuple((np.cumsum(drawn) / drawn.sum()).tolist()),
        length_log=audience.length_log + 0.22 * float(rng.standard_normal()) + 0.12 * care,
        copies=audience.copies * 4 * many if pasted < 0.2 else 0.0,
        entries=0.12 + 0.5 * many if contest else 0.0,
        post_seed=int(rng.integers(2**32)),
    )
