"""How much each comment of a corpus counts in the fit, and in what is measured on held-out comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from realreach.tables.core import FloatArray, IntArray

if TYPE_CHECKING:
    from realreach.learning.comments import Corpus, Recipe

__all__ = ["balanced_by_language", "evaluation_weights", "row_weights"]

_LEAST_SHARE = 1.0 / 3.0
"""Least that is left of a sold comment's weight: a handful of ordinary comments should not stand for a language."""


def row_weights(corpus: Corpus, recipe: Recipe) -> FloatArray:
    """Return the weight of each comment in the fit.

    Templates share one, parts grow with the root of their size, both kinds weigh the same; then, if the recipe says so,
    sold comments lose what they weigh more than ordinary ones of their language.
    """
    sold = corpus.sold
    cell = np.unique(np.char.add(np.char.add(corpus.part, "/"), sold.astype(str)), return_inverse=True)[1]
    group = np.unique(np.char.add(corpus.group, sold.astype(str)), return_inverse=True)[1]
    within = 1.0 / np.sqrt(np.bincount(group)[group])
    mass = np.sqrt(np.bincount(cell))[cell] / np.bincount(cell, weights=within)[cell]
    mass = mass * np.where(corpus.source == "generated", recipe.generated_mass, 1.0)
    weight = within * mass * np.where(corpus.organic, recipe.organic_mass, 1.0)
    side = sold.astype(np.int64)
    weight = np.asarray(weight * (0.5 * len(corpus) / np.bincount(side, weights=weight, minlength=2))[side])
    return balanced_by_language(weight, sold, corpus.language) if recipe.even_languages else weight


def balanced_by_language(weight: FloatArray, sold: npt.NDArray[np.bool_], language: IntArray) -> FloatArray:
    """Return weights by which no language is a sign of selling.

    Where most text of one language is sold, a linear model learns its function words as signs of selling, and calls
    that language's audiences sold more often than others. There sold comments count less, until both kinds weigh the
    same.

    Parameters
    ----------
    weight
        Of each comment, above 0.
    sold
        Which comments are sold.
    language
        Code of each comment's language, 0 or more. Languages with one kind of comments stay as they are.

    Examples
    --------
    >>> sold, language = np.array([False, True, True, False, False, True]), np.array([0, 0, 0, 1, 1, 1])
    >>> balanced_by_language(np.ones(6), sold, language)
    array([1. , 0.5, 0.5, 1. , 1. , 1. ])
    """
    cell = 2 * language + sold
    mass = np.bincount(cell, weights=weight, minlength=2 * (int(language.max(initial=0)) + 1)).reshape(-1, 2)
    share = np.ones(len(mass))
    both = (mass > 0.0).all(axis=1)
    share[both] = np.clip(mass[both, 0] / mass[both, 1], _LEAST_SHARE, 1.0)
    return np.asarray(weight * np.where(sold, share[language], 1.0))


def evaluation_weights(corpus: Corpus) -> FloatArray:
    """Return weights by which every set counts the same within ordinary and within sold comments (each sums to 1)."""
    sold = corpus.sold
    cell = np.unique(np.char.add(np.char.add(corpus.source, "/"), sold.astype(str)), return_inverse=True)[1]
    weight = 1.0 / np.bincount(cell)[cell]
    side = np.bincount(sold.astype(np.int64), weights=weight, minlength=2)
    return np.asarray(weight / side[sold.astype(np.int64)])
