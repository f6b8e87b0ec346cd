"""How the comments under one post differ from those under the creator's other posts: posts differ more than creators."""

from __future__ import annotations

import math
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
        "capitals": 0.8,
        "titles": 0.6,
        "typos": 0.5,
        "exclaims": 0.7,
        "asks": 0.4,
        "commas": 0.7,
        "points": 0.6,
        "lines": 0.9,
        "digits": 1.0,
        "subject": 0.5,
        "echo": 0.8,
    }
)
_NAMES = tuple(_SPREAD)
_WIDTHS = np.array(list(_SPREAD.values()))


def under_post(audience: Audience, caption: str) -> Audience:
    """Return the habits of an audience under one post; the same for the same caption, whenever it is asked.

    Shares move around the creator's own, the mix of acts shifts, and a few posts draw what the others do not: one text
    that is pasted again and again, or long entries to a contest.

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
    odds = np.log(own / (1 - own)) + _WIDTHS * rng.standard_normal(len(_NAMES))
    shares = dict(zip(_NAMES, (1 / (1 + np.exp(-odds))).tolist(), strict=True))
    weights = np.diff(audience.acts, prepend=0.0)
    drawn = rng.gamma(weights * 14) + 1e-9
    pasted, entered, length, many = rng.random(4).tolist()
    return replace(
        audience,
        **shares,
        acts=tuple((np.cumsum(drawn) / drawn.sum()).tolist()),
        length_log=audience.length_log + 0.16 * math.log(length / (1 - length) if 0 < length < 1 else 1.0),
        copies=audience.copies * 4 * many if pasted < 0.25 else 0.0,
        entries=0.12 + 0.5 * many if entered < audience.entries else 0.0,
        post_seed=int(rng.integers(2**32)),
    )
