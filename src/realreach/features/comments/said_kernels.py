"""Compiled kernels of what is said (numba, the extra ``fast``): shares, lengths, languages, and the model's judgement.

One walk over the comments of a creator gives all that ``wording``, ``subject`` and ``judged`` ask for, with the same
sums in the same order. Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

from realreach.comment_text import bags, languages
from realreach.features.comments import subject
from realreach.features.comments.section import LONG_WORDS, MINIMUM_COMMENTS
from realreach.features.kernel_parts import sort

__all__ = ["fill_bag_shares", "fill_judged", "fill_languages", "fill_wording"]

_U = np.uint64
_LEAST = MINIMUM_COMMENTS
_LONG = LONG_WORDS
_ID, _EN, _MIXED, _OTHER = (languages.LANGUAGES.index(name) for name in ("id", "en", "mixed", "other"))
_TOLD, _LATIN, _ENGLISH = len(subject.TOLD), len(subject.LATIN), subject.ENGLISH
_GRID, _BEYOND, _LEVEL = bags._GRID, bags._BEYOND, bags._LEVELS[1]


@nb.njit(nogil=True, cache=True)
def _spread(values, low, high, counted, long):
    """Return mean and standard deviation of the values, of those of four words or more if they are asked for."""
    number, total = 0, 0.0
    for row in range(low, high):
        if not long or counted[row] >= _LONG:
            number += 1
            total += values[row]
    mean = total / number if number > 0 else np.nan
    square = 0.0
    for row in range(low, high):
        if not long or counted[row] >= _LONG:
            away = values[row] - mean
            square += away * away
    return mean, np.sqrt(square / number) if number >= _LEAST else np.nan


@nb.njit(nogil=True, cache=True)
def fill_wording(starts, measures, flags, length, words, out) -> None:
    """Fill the shares of flags (rows of ``measures``), then mean and spread of the lengths, and the spread of long ones."""
    for creator in range(len(starts) - 1):
        low, high = starts[creator], starts[creator + 1]
        for place in range(len(flags)):
            hits = 0
            for row in range(_U(low), _U(high)):
                hits += measures[flags[place], row] != 0.0
            out[place, creator] = hits / (high - low) if high > low else np.nan
        mean, spread = _spread(length, low, high, measures[words], False)
        out[len(flags), creator] = mean
        out[len(flags) + 1, creator] = spread
        out[len(flags) + 2, creator] = _spread(length, low, high, measures[words], True)[1]


@nb.njit(nogil=True, cache=True, inline="always")
def _share(hits, number):
    return hits / number if number >= _LEAST else np.nan


@nb.njit(nogil=True, cache=True)
def fill_languages(starts, language, letters, own, out) -> None:
    """Fill the shares of comments in another language, in both, and in another script than Latin.

    ``own`` is the creator's language by its place in ``subject.LATIN``.
    """
    for creator in range(len(starts) - 1):
        one = two = both = other = written = 0
        for row in range(starts[creator], starts[creator + 1]):
            code = language[row]
            one += code == _ID
            two += code == _EN
            both += code == _MIXED
            if letters[row] > 0.0:
                written += 1
                other += code == _OTHER
        told, latin = own[creator] < _TOLD, own[creator] < _LATIN
        out[0, creator] = _share(one if own[creator] == _ENGLISH else two, one + two) if told else np.nan
        out[1, creator] = _share(both, one + two + both)
        out[2, creator] = _share(other, written) if latin else np.nan


@nb.njit(nogil=True, cache=True)
def _upper(ordered, number, level, width, table):
    return table[ordered[np.int64(np.ceil(level * (number - 1)))] // width]


@nb.njit(nogil=True, cache=True)
def fill_judged(starts, steps, post, table, high, levels, edges, ratios, out, likelihood) -> None:
    """Fill mean, share of those called sold, quantiles at ``levels`` and the mean under the worst post.

    ``likelihood`` gets the log likelihood of each apparent share less its highest (no row where there is no bag
    reference), ``ratios`` being that of one comment, shape (bins, grid); ``edges`` are those of the bins.
    """
    rows = len(post)
    ordered, spare = np.empty(rows, dtype=np.int64), np.empty(rows, dtype=np.int64)
    of_post, total = np.zeros(rows, dtype=np.int64), np.zeros(rows)
    cells = np.zeros(len(edges) + 1, dtype=np.int64)
    for creator in range(len(starts) - 1):
        low = starts[creator]
        number = starts[creator + 1] - low
        # From low to high, so that rows of one time may stand in any order.
        width = max(number, 1)
        for i in range(number):
            ordered[i] = steps[low + i] * width + i
            if post[low + i] >= 0:
                of_post[post[low + i]] += 1
        sort(ordered, number, spare)
        mean = called = 0.0
        cells[:] = 0
        bin_of = 0
        for i in range(number):
            row = low + ordered[i] % width
            value = table[ordered[i] // width]
            mean += value
            called += value >= high
            while bin_of < len(edges) and edges[bin_of] <= value:
                bin_of += 1
            cells[bin_of] += 1
            if post[row] >= 0:
                total[post[row]] += value
        worst = np.nan
        for row in range(low, low + number):
            if of_post[row] >= _LEAST:
                value = total[row] / of_post[row]
                if not value <= worst:
                    worst = value
        out[0, creator] = mean / number if number > 0 else np.nan
        out[1, creator] = called / number if number > 0 else np.nan
        for k in range(len(levels)):
            out[2 + k, creator] = _upper(ordered, number, levels[k], width, table) if number > 0 else np.nan
        out[2 + len(levels), creator] = worst
        if len(likelihood):
            _fill_likelihood(cells, ratios, likelihood[creator])


@nb.njit(nogil=True, cache=True)
def _fill_likelihood(cells, ratios, out) -> None:
    """Fill the log likelihood, added bin after bin, less its highest."""
    for place in range(len(out)):
        out[place] = cells[0] * ratios[0, place]
    for k in range(1, len(cells)):
        for place in range(len(out)):
            out[place] += cells[k] * ratios[k, place]
    most = out.max()
    for place in range(len(out)):
        out[place] -= most


@nb.njit(nogil=True, cache=True)
def _below(reached, places, at):
    """Return the chance that the share beyond organic sections is no more than that at a place."""
    total = reached[places[0, at]]
    for row in range(1, len(places)):
        total += reached[places[row, at]]
    return total / len(places)


@nb.njit(nogil=True, cache=True)
def fill_bag_shares(starts, weight, places, out) -> None:
    """Fill the median share beyond organic sections, given the likelihood of each apparent share."""
    reached = np.empty(weight.shape[1])
    for creator in range(len(starts) - 1):
        out[creator] = np.nan
        if starts[creator + 1] - starts[creator] < bags.LEAST:
            continue
        total = 0.0
        for place in range(len(reached)):
            total += weight[creator, place]
        running = 0.0
        for place in range(len(reached)):
            running += weight[creator, place] / total
            reached[place] = running
        # The chance never falls from place to place: the first that reaches the level is found by halving.
        low, high = 0, len(_BEYOND)
        while low < high:
            middle = (low + high) // 2
            if _below(reached, places, middle) < _LEVEL:
                low = middle + 1
            else:
                high = middle
        out[creator] = _BEYOND[min(low, len(_BEYOND) - 1)]
