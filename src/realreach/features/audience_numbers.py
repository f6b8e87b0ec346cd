"""A sample of follower accounts in plain numbers: shares, twins, months of birth, sizes, batches.

The numbers come from one of two places that agree to the last bit: here from arrays over the accounts of some creators
at a time, or from one pass over the accounts of each (:mod:`realreach.features.audience_kernels`). Logarithms before and
after are NumPy's in both; sums run from a creator's first account to its last.
"""

from __future__ import annotations

import numpy as np

from realreach.accounts.share import FEWEST_ACCOUNTS
from realreach.accounts.streaks import STREAK_SCORE, streak_scores
from realreach.compiled import LEAST_ACCOUNTS, frozen, kernels_for
from realreach.features.blocks import ratio, segment_sum
from realreach.features.curve import chunks
from realreach.tables.contract import ACCOUNT_COLUMNS
from realreach.tables.core import FloatArray, IntArray

__all__ = ["COLUMNS", "NAMES", "audience_numbers"]

COLUMNS = (*ACCOUNT_COLUMNS, "follow_order", "created")
"""Columns of an account, in the order of the rows that are looked at."""
ROW_OF = {name: row for row, name in enumerate(COLUMNS)}
MASS_FOLLOWING = 1_500.0
MANY_DIGITS = 3.0
YOUNG_DAYS = 180.0
MONTH_DAYS = 30.4375
TWIN_STEP = 0.1
"""Width of the steps (ln) in which twins follow equally many."""

SHARES = ("no_posts", "no_picture", "no_bio", "digits", "private", "mass_following", "young", "twins")
"""Flags of an account, of which the share is told among the accounts where it is known."""
NAMES = (
    *(f"{name}__all__share" for name in SHARES),
    "birth_month__all__max", "followers__all__median", "following_ratio__all__median", "following_ratio__all__spread",
    "probability__all__spread", "probability__all__bimodality", "streak__all__share", "streak__all__max",
)  # fmt: skip
AT = {name: row for row, name in enumerate(NAMES)}

_OF_FLAG = [
    ROW_OF[n]
    for n in ("posts_count", "has_picture", "bio_length", "username_digits", "is_private", "following", "created")
]
"""What must be known for each flag but the last."""
_ALIKE = [ROW_OF[n] for n in ("posts_count", "username_length", "username_digits", "has_picture")]
_FOLLOWERS, _FOLLOWING, _PRIVATE, _BIO = (
    ROW_OF[n] for n in ("followers", "following", "is_private", "bio_length")
)  # fmt: skip
_ORDER, _CREATED = ROW_OF["follow_order"], ROW_OF["created"]
_TWINS = len(SHARES) - 1
_STRIDE = 1 << 32
"""More than any number of months: creators one after another on one axis of whole numbers."""


def audience_numbers(
    accounts: FloatArray, starts: IntArray, as_of: FloatArray, p: FloatArray, p_starts: IntArray, out: FloatArray
) -> None:
    """Fill what samples of accounts say.

    Parameters
    ----------
    accounts
        The accounts, creators one after another, shape (``COLUMNS``, accounts); NaN = unknown.
    starts
        First account of each creator, and the number of all.
    as_of
        Day of the decision of each creator.
    p, p_starts
        Probability of each account of which anything is known to be suspicious, and where those of each creator start.
    out
        Shape (``NAMES``, creators); holds NaN = not known.
    """
    logs = _logarithms(accounts)
    kernels = kernels_for(accounts.shape[1], "features.audience_kernels", LEAST_ACCOUNTS)
    if kernels is not None:
        kernels.audience_numbers(*map(frozen, (accounts, starts, as_of, logs, p, p_starts)), out)
    else:
        for first, last in chunks(starts):
            rows = slice(int(starts[first]), int(starts[last]))
            some = slice(first, last)
            own = starts[first : last + 1] - rows.start
            _with_numpy(accounts[:, rows], own, as_of[some], logs[:, rows], out[:, some])
            begin, end = int(p_starts[first]), int(p_starts[last])
            _spread(p[begin:end], p_starts[first : last + 1] - begin, out[:, some])
    strongest = out[AT["streak__all__max"]]
    np.log1p(strongest, out=strongest)


def _logarithms(accounts: FloatArray) -> FloatArray:
    """Return log10 of the followers, ln of followed accounts per follower, and the step in which an account follows."""
    out = np.empty((3, accounts.shape[1]))
    followers, following = np.log1p(accounts[_FOLLOWERS]), np.log1p(accounts[_FOLLOWING])
    np.log10(accounts[_FOLLOWERS] + 1.0, out=out[0])
    np.subtract(following, followers, out=out[1])
    np.floor(following / TWIN_STEP, out=out[2])
    return out


def _with_numpy(accounts: FloatArray, starts: IntArray, as_of: FloatArray, logs: FloatArray, out: FloatArray) -> None:
    owner = np.repeat(np.arange(len(as_of)), starts[1:] - starts[:-1])
    _shares(accounts, starts, as_of, owner, logs[2], out)
    _births(accounts[_CREATED], owner, out)
    _sizes(logs, owner, out)
    _streaks(accounts[_CREATED], accounts[_ORDER], starts, out)


def _shares(
    accounts: FloatArray, starts: IntArray, as_of: FloatArray, owner: IntArray, followed: FloatArray, out: FloatArray
) -> None:
    """Fill the share of each flag among the accounts of which it is known."""
    number = len(SHARES)
    flags = np.zeros((2 * number, accounts.shape[1]), dtype=bool)
    asked, known, found = accounts[_OF_FLAG], flags[:number], flags[number:]
    np.equal(asked, asked, out=known[:_TWINS])
    np.equal(asked[:3], 0.0, out=found[:3])
    np.greater_equal(asked[3], MANY_DIGITS, out=found[3])
    np.equal(asked[4], 1.0, out=found[4])
    np.greater_equal(asked[5], MASS_FOLLOWING, out=found[5])
    np.less((as_of if len(as_of) == 1 else as_of[owner]) - asked[6], YOUNG_DAYS, out=found[6])
    _twins(accounts, owner, followed, known[_TWINS], found[_TWINS])
    running = np.zeros((2 * number, accounts.shape[1] + 1), dtype=np.int64)
    flags.cumsum(axis=1, out=running[:, 1:])
    counts = running[:, starts[1:]] - running[:, starts[:-1]]
    np.divide(counts[number:], counts[:number], out=out[:number], where=counts[:number] >= FEWEST_ACCOUNTS)


def _twins(accounts: FloatArray, owner: IntArray, followed: FloatArray, known: np.ndarray, found: np.ndarray) -> None:
    """Flag accounts with a twin: the same posts, length of the biography and name, digits and picture.

    Empty profiles are alike by nature, so the number followed must be near as well, and private accounts have no say.
    """
    keys = np.empty((len(_ALIKE) + 2, len(owner)))
    keys[:-2], keys[-2] = accounts[_ALIKE], followed
    np.logical_and((keys[:-1] == keys[:-1]).all(axis=0), accounts[_PRIVATE] != 1.0, out=known)
    bio = accounts[_BIO]
    keys[-1] = np.where(bio == bio, bio, -1.0)
    rows = known.nonzero()[0]
    keys, own = keys[:, rows], owner[rows]
    order = np.lexsort((*keys, own))
    keys, own = keys[:, order], own[order]
    alike = (keys[:, 1:] == keys[:, :-1]).all(axis=0) & (own[1:] == own[:-1])
    twin = np.zeros(len(rows) + 1, dtype=bool)
    twin[1:-1] = alike
    twin[:-2] |= alike
    found[rows[order]] = twin[:-1]


def _births(created: FloatArray, owner: IntArray, out: FloatArray) -> None:
    """Fill the share of the accounts that were opened in the commonest month, of those with a birthday."""
    rows = (created == created).nonzero()[0]
    if not len(rows):
        return
    owner = owner[rows]
    key = np.sort(owner * _STRIDE + _STRIDE // 2 + np.floor(created[rows] / MONTH_DAYS).astype(np.int64))
    heads = np.concatenate([[0], (key[1:] != key[:-1]).nonzero()[0] + 1, [len(key)]])
    most = np.zeros(out.shape[1], dtype=np.int64)
    np.maximum.at(most, key[heads[:-1]] // _STRIDE, heads[1:] - heads[:-1])
    number = np.bincount(owner, minlength=len(most))
    np.divide(most, number, out=out[AT["birth_month__all__max"]], where=number >= FEWEST_ACCOUNTS)


def _sizes(logs: FloatArray, owner: IntArray, out: FloatArray) -> None:
    """Fill the middle follower's size, and middle and spread of followed accounts per follower."""
    rows = (logs[1] == logs[1]).nonzero()[0]
    owner = owner[rows]
    number = np.bincount(owner, minlength=out.shape[1])
    enough = (number >= FEWEST_ACCOUNTS).nonzero()[0]
    first, number = (np.cumsum(number) - number)[enough], number[enough]
    size, per = (values[rows][np.lexsort((values[rows], owner))] for values in logs[:2])

    def at(ordered: FloatArray, share: float) -> FloatArray:
        place = share * (number - 1)
        low = np.floor(place).astype(np.int64)
        below, above = ordered[first + low], ordered[first + np.minimum(low + 1, number - 1)]
        return np.asarray(below + (place - low) * (above - below))

    out[AT["followers__all__median"], enough] = at(size, 0.5)
    out[AT["following_ratio__all__median"], enough] = at(per, 0.5)
    out[AT["following_ratio__all__spread"], enough] = at(per, 0.75) - at(per, 0.25)


def _spread(p: FloatArray, starts: IntArray, out: FloatArray) -> None:
    """Fill how far the probabilities differ, and whether they fall into two camps."""
    number = starts[1:] - starts[:-1]
    owner = np.repeat(np.arange(len(number)), number)
    count = np.maximum(number, 1)
    away = p - (segment_sum(p, owner, len(number)) / count)[owner]
    square = away * away
    second, third, fourth = (
        segment_sum(values, owner, len(number)) / count for values in (square, square * away, square * square)
    )
    enough = number >= FEWEST_ACCOUNTS
    np.sqrt(second, out=out[AT["probability__all__spread"]], where=enough)
    varied = enough & (second > 1e-9)
    twice = second * second
    camps = (ratio(third * third, twice * second) + 1.0) / ratio(fourth, twice)
    np.minimum(camps, 1.0, out=out[AT["probability__all__bimodality"]], where=varied)


def _streaks(created: FloatArray, place: FloatArray, starts: IntArray, out: FloatArray) -> None:
    """Fill how many followers lie in batches; a loop over the few creators of whom the order is known."""
    known = (created == created) & (place == place)
    if np.count_nonzero(known) < FEWEST_ACCOUNTS:
        return
    for creator in range(len(starts) - 1):
        rows = slice(int(starts[creator]), int(starts[creator + 1]))
        own = known[rows]
        born, came = created[rows][own], place[rows][own]
        if len(born) >= FEWEST_ACCOUNTS:
            scores = streak_scores(born[np.lexsort((born, came))])
            out[AT["streak__all__share"], creator] = np.count_nonzero(scores > STREAK_SCORE) / len(scores)
            out[AT["streak__all__max"], creator] = scores.max()
