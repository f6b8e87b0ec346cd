"""How much each comment of a corpus counts in the fit, and in what is measured on held-out comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realreach.tables.core import FloatArray, IntArray

if TYPE_CHECKING:
    from realreach.learning.comments import Corpus, Recipe

__all__ = ["balanced_by_language", "evaluation_weights", "row_weights"]

_MOST_BALANCE = 3.0
"""Most by which the balance of languages changes a weight: a handful of comments should not stand for a language."""


def row_weights(corpus: Corpus, recipe: Recipe) -> FloatArray:
    """Return the weight of each comment in the fit.

    Templates share one, parts grow with the root of their size, both kinds weigh the same: over all and, as far as the
    recipe says, within each language.
    """
    sold = corpus.sold
    cell = np.unique(np.char.add(np.char.add(corpus.part, "/"), sold.astype(str)), return_inverse=True)[1]
    group = np.unique(np.char.add(corpus.group, sold.astype(str)), return_inverse=True)[1]
    within = 1.0 / np.sqrt(np.bincount(group)[group])
    mass = np.sqrt(np.bincount(cell))[cell] / np.bincount(cell, weights=within)[cell]
    mass = mass * np.where(corpus.source == "generated", recipe.generated_mass, 1.0)
    weight = within * mass * np.where(corpus.organic, recipe.organic_mass, 1.0)
    side = sold.astype(np.int64)
    weight = weight * (0.5 * len(corpus) / np.bincount(side, weights=weight, minlength=2))[side]
    if not recipe.language_balance:
        return np.asarray(weight)
    weight = balanced_by_language(weight, side, corpus.language, recipe.language_balance)
    return np.asarray(weight * (0.5 * len(corpus) / np.bincount(side, weights=weight, minlength=2))[side])


def balanced_by_language(weight: FloatArray, side: IntArray, language: IntArray, strength: float) -> FloatArray:
    """Return weights by which the language of a comment says little or nothing about its kind.

    Where most real text of one language is sold, a linear model learns its function words as signs of selling, and
    calls that language's audiences sold more often.

    Parameters
    ----------
    weight
        Of each comment, above 0.
    side
        1 for sold comments, 0 for ordinary ones.
    language
        Code of each comment's language, 0 or more.
    strength
        1 makes both kinds of a language weigh the same, 0 changes nothing; languages with one kind stay as they are,
        and no weight changes by more than three times.

    Examples
    --------
    >>> side, language = np.array([0, 1, 1, 0, 1]), np.array([0, 0, 0, 1, 2])
    >>> balanced_by_language(np.ones(5), side, language, 1.0)
    array([1.5 , 0.75, 0.75, 1.  , 1.  ])
    """
    cell = 2 * language + side
    mass = np.bincount(cell, weights=weight, minlength=2 * (int(language.max(initial=0)) + 1)).reshape(-1, 2)
    factor = np.ones_like(mass)
    both = (mass > 0.0).all(axis=1)
    factor[both] = (0.5 * mass[both].sum(axis=1, keepdims=True) / mass[both]) ** strength
    return np.asarray(weight * np.clip(factor, 1.0 / _MOST_BALANCE, _MOST_BALANCE).ravel()[cell])


def evaluation_weights(corpus: Corpus) -> FloatArray:
    """Return weights by which every set counts the same within ordinary and within sold comments (each sums to 1)."""
    sold = corpus.sold
    cell = np.unique(np.char.add(np.char.add(corpus.source, "/"), sold.astype(str)), return_inverse=True)[1]
    weight = 1.0 / np.bincount(cell)[cell]
    side = np.bincount(sold.astype(np.int64), weights=weight, minlength=2)
    return np.asarray(weight / side[sold.astype(np.int64)])
