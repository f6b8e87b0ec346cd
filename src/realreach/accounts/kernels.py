"""The compiled kernel of the share of suspicious accounts (numba, the extra ``fast``).

It does what :mod:`realreach.accounts.share` does in NumPy, in the same floating-point operations in the same order.
Imported only by way of :mod:`realreach.compiled`.
"""

# Numba finds the types itself, at the first call.
# ruff: noqa: ANN001
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-decorators, allow-untyped-calls

from __future__ import annotations

import numba as nb
import numpy as np

__all__ = ["count_evidence"]


@nb.njit(nogil=True, cache=True)
def count_evidence(place, starts, table, evidence, number) -> None:
    """Fill the log-likelihood of every shift and share, and the known accounts of each sample; all hold 0."""
    counts = np.empty(len(table), dtype=np.int64)
    for sample in range(len(starts) - 1):
        counts[:] = 0
        known = 0
        for row in range(starts[sample], starts[sample + 1]):
            if place[row] >= 0:
                counts[place[row]] += 1
                known += 1
        number[sample] = known
        own = evidence[sample]
        for bin_ in range(len(table)):
            if counts[bin_]:
                count, logs = float(counts[bin_]), table[bin_]
                for k in range(len(own)):
                    own[k] += count * logs[k]
