"""The one place where the simulator asks for text: captions, organic comments and sold ones."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from realreach.simulate.profile import Profile
from realreach.simulate.text import (
    Audience,
    Corpus,
    draw_audience,
    make_pool,
    read_corpus,
    write_captions,
    write_organic,
)

__all__ = ["Words"]


class Words:
    """Text for one creator: the niche, the habits of the audience, and the user's own corpus where one is given."""

    def __init__(self, profile: Profile, corpus: Path | None) -> None:
        self._profile = profile
        self._corpus = _corpus(corpus)
        self._audiences: dict[str, Audience] = {}

    def captions(
        self, rng: np.random.Generator, language: str, niche: str, sponsored: np.ndarray, giveaway: np.ndarray
    ) -> list[str]:
        """Write one caption for each post."""
        return write_captions(
            rng, len(sponsored), language=language, niche=niche, sponsored=sponsored, giveaway=giveaway
        )

    def organic(self, rng: np.random.Generator, captions: list[str], language: str, kinds: list[str]) -> list[str]:
        """Write one organic comment under each caption."""
        return write_organic(
            rng,
            captions,
            language=language,
            niche=self._profile.niche,
            kind=kinds,
            audience=self._audience(rng, language),
            corpus=self._corpus,
        )

    def sold(self, rng: np.random.Generator, captions: list[str], style: str, language: str) -> list[str]:
        """Write one bought comment under each caption, all from one seller's pool."""
        pool = make_pool(
            rng,
            style=style,
            language=language,
            niche=self._profile.niche,
            audience=self._audience(rng, language),
            corpus=self._corpus,
        )
        return pool.draw(rng, captions)

    def _audience(self, rng: np.random.Generator, language: str) -> Audience:
        """Return the habits of the commenters who write in a language, drawn when first needed."""
        if language not in self._audiences:
            profile = self._profile
            self._audiences[language] = draw_audience(
                rng, language=language, platform=profile.platform, followers=profile.followers, niche=profile.niche
            )
        return self._audiences[language]


@lru_cache(maxsize=2)
def _corpus(path: Path | None) -> Corpus | None:
    """Read a corpus once per process."""
    return None if path is None else read_corpus(path)
