"""Lines across sets: trained on one set of accounts, judged on another, with and without label-free prior shift."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from realreach.accounts.prior import adjusted_share, saerens_share, shift_prior
from realreach.benchmark.account_protocol import averaged, held_out, matrix_of, raw_matrix, recipe, untuned_lightgbm
from realreach.benchmark.result import Method, Result
from realreach.benchmark.suites import Options
from realreach.datasets import AccountSet
from realreach.tables.core import FloatArray

__all__ = ["shifted_by_adjusted_count", "shifted_by_saerens", "transfer_lines"]

_AIMS: Mapping[str, float] = MappingProxyType({"pr_auc": 0.69, "brier": 0.06})
_HELD = (0.005, 0.995)
"""A share of nothing or everything would turn every probability into 0 or 1."""
_PROTOCOL = "trained on the whole of the other set, common columns"


def transfer_lines(first: AccountSet, second: AccountSet, options: Options) -> list[Result]:
    """Return the lines of both ways between two sets."""
    return [*_one_way(first, second, options), *_one_way(second, first, options)]


def _one_way(source: AccountSet, target: AccountSet, options: Options) -> list[Result]:
    common = [name for name in source.columns if name in target.columns]
    source, target = _reduced(source, common), _reduced(target, common)
    task = f"trained on {source.name.removeprefix('accounts_')}"
    fit = recipe()
    learn, judge = matrix_of(source), matrix_of(target)
    base = float(source.y.mean())
    p = fit(learn, source.y, source.group, options.seed)(judge)
    plain = untuned_lightgbm(raw_matrix(source), source.y, source.group, options.seed)(raw_matrix(target))
    own = held_out(learn, source.y, source.group, fit, count=3 if options.quick else 5, repeats=1, seed=options.seed)[0]
    em, adjusted = shifted_by_saerens(p, base), shifted_by_adjusted_count(p, base, own, source.y)
    rows: tuple[tuple[Method, str, FloatArray, str], ...] = (
        ("baseline", "untuned LightGBM", plain, ""),
        ("ours", "recipe, uncorrected", p, f"probabilities stand for {base:.1%} positives"),
        ("ours", "recipe, shifted by EM", em[0], f"share estimated without labels: {em[1]:.3f}"),
        (
            "ours",
            "recipe, shifted by adjusted count",
            adjusted[0],
            f"share estimated without labels: {adjusted[1]:.3f}",
        ),
    )
    aims = _AIMS if target.name == "accounts_srf_followers" else {}
    return [
        averaged(
            target.name,
            task,
            method,
            name,
            target.y,
            values[None, :],
            groups=target.group,
            protocol=_PROTOCOL,
            aims=aims if method == "ours" else {},
            note=note,
            seed=options.seed,
        )
        for method, name, values, note in rows
    ]


def shifted_by_saerens(p: FloatArray, base: float) -> tuple[FloatArray, float]:
    """Return probabilities shifted to the crowd's maximum-likelihood share, and that share."""
    share = float(np.clip(saerens_share(p, base), *_HELD))
    return shift_prior(p, base, share), share


def shifted_by_adjusted_count(p: FloatArray, base: float, own: FloatArray, y: FloatArray) -> tuple[FloatArray, float]:
    """Return probabilities shifted to the crowd's adjusted mean probability, and that share.

    ``own`` are held-out probabilities of the training accounts with labels ``y``: what the mean is worth.
    """
    share = adjusted_share(float(p.mean()), float(own[y == 1].mean()), float(own[y == 0].mean()))
    share = base if np.isnan(share) else float(np.clip(share, *_HELD))
    return shift_prior(p, base, share), share


def _reduced(data: AccountSet, names: list[str]) -> AccountSet:
    return AccountSet(data.name, data.licence, {n: data.columns[n] for n in names}, {}, data.y, data.group, data.part)
