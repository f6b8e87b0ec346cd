"""Size: tiers, pairs of a fake and an honest creator of the same size, and how well scores rank within the pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from realreach.metrics.intervals import Data, Options, codes, make_slice, rows_of_table, sorted_table
from realreach.metrics.measures import Metric, pr_auc, recall_at_fpr, roc_auc
from realreach.metrics.tally import checked

if TYPE_CHECKING:
    import pandas as pd

    from realreach.tables.core import FloatArray, IntArray

__all__ = ["evaluate_matched", "size_matched_pairs", "size_tier"]


def size_tier(followers: FloatArray) -> npt.NDArray[np.object_]:
    """Return the size tier of each creator by followers: ``<1k`` to ``>=1M``, ``unknown`` where NaN.

    Examples
    --------
    >>> import numpy as np
    >>> size_tier(np.array([999, 1000, 2e6, np.nan])).tolist()
    ['<1k', '1k-10k', '>=1M', 'unknown']
    """
    names = np.array(["<1k", "1k-10k", "10k-100k", "100k-1M", ">=1M", "unknown"], dtype=object)
    followers = np.asarray(followers, dtype=np.float64)
    return names[np.where(np.isnan(followers), 5, np.searchsorted([1e3, 1e4, 1e5, 1e6], followers, side="right"))]


def _nearest_free(sizes: list[float], wanted: list[float], caliper: float) -> list[tuple[int, int]]:
    """Pair each wanted size, in the order given, with the nearest free one of the ascending sizes."""
    n = len(sizes)
    after, before = list(range(n + 1)), list(range(n + 1))  # shifted by one in `before`: 0 means none

    def free(links: list[int], at: int) -> int:
        root = at
        while links[root] != root:
            root = links[root]
        while links[at] != root:
            links[at], at = root, links[at]
        return root

    pairs = []
    for position in range(len(wanted)):
        at = int(np.searchsorted(sizes, wanted[position]))
        up, down = free(after, at), free(before, at) - 1
        far_up = sizes[up] - wanted[position] if up < n else np.inf
        far_down = wanted[position] - sizes[down] if down >= 0 else np.inf
        if min(far_up, far_down) > caliper:
            continue
        taken = up if far_up <= far_down else down
        after[taken], before[taken + 1] = taken + 1, taken
        pairs.append((position, taken))
    return pairs


def size_matched_pairs(
    y: FloatArray,
    size: FloatArray,
    caliper: float = 0.15,
    seed: int = 0,
    platform: npt.NDArray[Any] | None = None,
) -> tuple[IntArray, IntArray]:
    """Pair each fake with the honest creator nearest in size, one to one, within a platform.

    Fakes choose in random order among the honest ones still free; who has none within the caliper stays out. Honest
    creators of equal size are taken in random order.

    Parameters
    ----------
    y
        0 (honest) or 1 (fake).
    size
        Followers (or stars); unknown and 0 stay out.
    caliper
        Largest distance of a pair in log10 of size; 0.15 is a factor of 1.41.
    seed
        Seed of the random orders.
    platform
        Pairs lie within one platform; None takes all as one.

    Returns
    -------
    Positions of the fakes and, at the same places, of their honest partners.

    Examples
    --------
    >>> import numpy as np
    >>> fake, honest = size_matched_pairs(np.array([1.0, 0, 0, 1]), np.array([100.0, 110, 5000, 1e6]))
    >>> fake.tolist(), honest.tolist()
    ([0], [1])
    """
    y, size = np.asarray(y, dtype=np.float64), np.asarray(size, dtype=np.float64)
    usable = np.isfinite(size) & (size > 0)
    log_size = np.log10(np.where(usable, size, 1.0))
    place = np.zeros(len(y), dtype=np.int64) if platform is None else codes(platform)
    rng = np.random.default_rng(seed)
    fakes, partners = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for here in range(int(place.max()) + 1 if len(place) else 0):
        fake = rng.permutation(np.flatnonzero(usable & (place == here) & (y == 1)))
        honest = rng.permutation(np.flatnonzero(usable & (place == here) & (y == 0)))
        honest = honest[np.argsort(log_size[honest], kind="stable")]
        pairs = _nearest_free(log_size[honest].tolist(), log_size[fake].tolist(), caliper)
        chosen = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        fakes.append(fake[chosen[:, 0]])
        partners.append(honest[chosen[:, 1]])
    return np.concatenate(fakes), np.concatenate(partners)


def evaluate_matched(
    frame: pd.DataFrame,
    *,
    size: str = "followers",
    caliper: float = 0.15,
    replicates: int = 300,
    seed: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Return how well the scores rank fakes against honest creators of the same size and platform.

    Whoever tells fakes by size alone is at chance here; ``roc_auc_of_size`` shows how well the matching took that
    away (0.5: fully). Half of the matched creators are fake, which PR-AUC must be read against. Intervals draw pairs
    with replacement. The order of rows does not matter.

    Parameters
    ----------
    frame
        ``y``, ``p`` (NaN: not scored, left out), the size column, optionally ``platform``.
    size
        Name of the size column (not a logarithm).
    caliper, seed
        See :func:`size_matched_pairs`.
    replicates, level
        See :func:`evaluate`.

    Returns
    -------
    The columns of :func:`evaluate`, slice ``size_matched``; ``n_fake`` is the number of pairs. No rows if there is
    no pair.
    """
    y, p, sizes = (frame[column].to_numpy(dtype=np.float64) for column in ("y", "p", size))
    platform = codes(frame["platform"]) if "platform" in frame else np.zeros(len(frame), dtype=np.int64)
    order = np.lexsort((p, y, sizes, platform))
    order = order[~np.isnan(p[order])]
    fake, honest = size_matched_pairs(y[order], sizes[order], caliper, seed, platform[order])
    rows = order[np.concatenate([fake, honest])]
    if not len(rows):
        return sorted_table([], [])
    pair = np.tile(np.arange(len(fake)), 2)
    data = Data(*checked(y[rows], p[rows], None), pair)
    of_size = Metric("roc_auc_of_size", roc_auc.of_tally)
    metrics = {metric.name: metric for metric in (roc_auc, pr_auc, recall_at_fpr(0.05))}
    everyone, options = np.arange(len(rows)), Options(replicates, seed, level)
    table = rows_of_table([make_slice("size_matched", everyone, data, metrics, 1)], data, options)
    by_size = data._replace(p=sizes[rows])
    table += rows_of_table([make_slice("size_matched", everyone, by_size, {of_size.name: of_size}, 1)], data, options)
    return sorted_table(table, ["size_matched"])
