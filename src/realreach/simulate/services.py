"""How panels deliver: order sizes, delivery in time, what drops off, and what is refilled."""

from __future__ import annotations

import numpy as np

from realreach.simulate.life import Life
from realreach.simulate.shared import Seller
from realreach.tables.core import FloatArray

__all__ = ["block", "drip", "follow_along", "hand_over", "lag_minutes", "round_lot", "top_ups"]

_LOTS = np.array([100, 250, 500, 1_000, 2_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000], dtype=float)
_LAGS = np.array([0, 5, 10, 15, 20, 30, 40, 50, 60, 90, 120, 150, 180, 210, 240, 270, 300, 360, 420, 480, 540, 600.0])


def round_lot(quantity: float) -> float:
    """Return the nearest quantity that panels sell: a round lot, or a multiple of hundred or a thousand.

    Examples
    --------
    >>> round_lot(430), round_lot(3_300), round_lot(27_700)
    (500.0, 3000.0, 25000.0)
    """
    if quantity < 60:
        return float(max(np.round(quantity / 10), 1) * 10)
    near = float(_LOTS[np.argmin(np.abs(np.log(_LOTS / quantity)))])
    if abs(np.log(near / quantity)) < 0.18:
        return near
    step = 100.0 if quantity < 2_000 else 1_000.0 if quantity < 100_000 else 10_000.0
    return float(max(np.round(quantity / step), 1) * step)


def lag_minutes(rng: np.random.Generator) -> float:
    """Draw the fixed delay of an automatic subscription, in minutes, from the values that panels offer."""
    return float(rng.choice(_LAGS))


def block(rng: np.random.Generator, days: int, start: float, quantity: float, length_days: float) -> FloatArray:
    """Deliver at an even rate from ``start`` (position in days, with fraction) on, and stop abruptly.

    Returns
    -------
    Whole followers a day, ``days`` long; what would come later than the last day is not delivered.
    """
    edges = np.arange(days + 1, dtype=float)
    inside = np.clip(np.minimum(edges[1:], start + length_days) - np.maximum(edges[:-1], start), 0, None)
    share = inside / max(length_days, 1e-6)
    rate = share * np.where((inside > 0) & (inside < 1), 1.0, rng.normal(1, 0.06, days))
    return np.round(np.maximum(rate, 0) * quantity)


def drip(
    rng: np.random.Generator, days: int, start: int, quantity: float, length: int, *, jitter: float, every: int = 1
) -> FloatArray:
    """Deliver the same lot every ``every`` days: a nearly constant daily number, steadier than life."""
    adds = np.zeros(days)
    at = np.arange(start, start + length, every)
    lots = quantity / max(len(at), 1) * np.maximum(rng.normal(1, jitter, len(at)), 0)
    inside = (at >= 0) & (at < days)
    adds[at[inside]] = np.round(lots[inside])
    return adds


def follow_along(rng: np.random.Generator, organic: FloatArray, start: int, quantity: float, length: int) -> FloatArray:
    """Deliver in proportion to what the account wins anyway, with noise of its own: the hardest to see."""
    adds = np.zeros(len(organic))
    first, end = max(start, 0), min(start + length, len(organic))
    if end > first:
        usual = np.convolve(organic, np.ones(5) / 5, mode="same")[first:end]
        weights = (usual + 0.3 * usual.mean() + 1e-6) * rng.gamma(3, 1 / 3, end - first)
        adds[first:end] = rng.poisson(quantity * (end - first) / length * weights / weights.sum())
    return adds


def top_ups(rng: np.random.Generator, days: int, per_month: float, every: int) -> FloatArray:
    """Deliver a round lot every week or month, month after month."""
    adds = np.zeros(days)
    at = np.arange(int(rng.integers(0, every)), days, every)
    adds[at] = np.round(round_lot(per_month * every / 30) * np.maximum(rng.normal(1, 0.04, len(at)), 0))
    return adds


def hand_over(rng: np.random.Generator, life: Life, adds: FloatArray, seller: Seller, *, refill: bool) -> None:
    """Put a delivery into a life: what was added, what drops off, and what the seller fills up again.

    Loss of a cohort after t days is ``drop * (1 - exp(-t / tau))``. A refill brings the count back to exactly what was
    ordered, one to three days after more than 5 % are missing, as long as the guarantee lasts.
    """
    tau = float(np.clip(rng.lognormal(np.log(10), 0.8), 1, 200))
    ages = np.arange(life.days, dtype=float)
    hazard = seller.drop * (np.exp(-ages / tau) - np.exp(-(ages + 1) / tau))
    losses = np.concatenate([[0.0], np.convolve(adds, hazard)[: life.days - 1]])
    losses = np.minimum(rng.poisson(losses), np.cumsum(adds))
    losses = _with_purges(rng, life, adds, losses.astype(float))
    if refill and seller.drop >= 0.05 and adds.sum() > 0:
        adds, losses = _refill(rng, adds, losses, seller)
    life.sold_adds += adds
    life.sold_losses += losses


def _with_purges(rng: np.random.Generator, life: Life, adds: FloatArray, losses: FloatArray) -> FloatArray:
    """Clean-ups of the platform take more of what was bought than of honest followers."""
    for purge in life.shared.purges[life.profile.platform]:
        day = purge.day - life.first_day
        if 0 < day < life.days and rng.random() < 0.5:
            present = float((adds - losses)[:day].sum())
            losses[day] += np.floor(max(present, 0) * min(purge.bot_share, 0.6))
    return losses


def _refill(
    rng: np.random.Generator, adds: FloatArray, losses: FloatArray, seller: Seller
) -> tuple[FloatArray, FloatArray]:
    """Run the guarantee day by day: the count is brought back to the same ceiling."""
    delivered = np.flatnonzero(adds)
    done, ordered = int(delivered[-1]), float(adds.sum())
    end = min(len(adds), done + seller.refill_days)
    adds, present, due = adds.copy(), ordered - float(losses[: done + 1].sum()), -1
    for day in range(done + 1, len(adds)):
        present -= losses[day]
        if due == day and day < end:
            adds[day] += ordered - present
            # Most of a refill is fresh supply that drops as the first did, though less of it.
            fresh = np.arange(len(adds) - day - 1)
            again = (ordered - present) * seller.drop * 0.5 * np.exp(-fresh / 15) / 15
            losses[day + 1 :] += np.floor(again + rng.random())
            present = ordered
        if due <= day and present < 0.95 * ordered and day < end:
            due = day + int(rng.integers(1, 4))
    return adds, losses
