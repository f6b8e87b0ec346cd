"""A sample of the accounts that follow a creator, as providers sell it: who they are, and when they came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from realreach.simulate.follower_kinds import KINDS, SOLD, SUSPICIOUS, draw_profiles
from realreach.simulate.life import Life
from realreach.simulate.observe import round_down
from realreach.simulate.plan import FOLLOWER_MECHANISMS, Plan
from realreach.simulate.settings import SimulationSettings
from realreach.simulate.shared import WORLD_KEY, Seller
from realreach.tables.core import FloatArray

__all__ = ["AUDIENCE_KEY", "AudienceSample", "draw_audience"]

AUDIENCE_KEY = 1
"""Spawn key below a creator's own: the sample has a generator of its own and changes nothing else."""

_COLUMNS = ("followers", "following", "posts_count", "has_picture", "is_private", "bio_length")
_NAMES = ("username_length", "username_digits")
# Which columns a provider hands over.
_PROVIDERS: Mapping[str, tuple[float, tuple[str, ...]]] = MappingProxyType(
    {
        "all": (0.45, (*_COLUMNS, *_NAMES)),
        "no_names": (0.15, _COLUMNS),
        "no_bio": (0.15, (*_COLUMNS[:5], *_NAMES)),
        "counts": (0.15, _COLUMNS[:3]),
        "without_posts": (0.10, ("followers", "following", "has_picture", *_NAMES)),
    }
)
_SIZES = (50, 80, 100, 150, 200, 300, 500)
_SIZE_CHANCES = (0.15, 0.10, 0.25, 0.15, 0.15, 0.10, 0.10)
_FEWEST = 30
_FIRST_ACCOUNT = 14_900  # 2010-10-18: no account is older
# Who follows an honest creator, and how much creators differ (Dirichlet). Quiet and mass followers are nobody's fault.
_HONEST: Mapping[str, float] = MappingProxyType({"active": 7.6, "known": 1.1, "mass": 1.0, "lurker": 0.9})
_GUESTS: Mapping[str, float] = MappingProxyType({"active": 2.0, "mass": 2.5, "lurker": 2.5, "idle": 2.0})
_BACKGROUND: Mapping[str, float] = MappingProxyType({"idle": 3.0, "empty": 2.0, "hollow": 4.0, "aged": 1.5})
# What sellers deliver, by the class of their product.
_SOLD: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "trash": {"empty": 6.0, "hollow": 3.0, "aged": 0.5},
        "economy": {"empty": 3.5, "hollow": 4.0, "aged": 1.5, "live": 0.3},
        "standard": {"empty": 1.5, "hollow": 3.5, "aged": 3.5, "live": 1.0},
        "stable": {"hollow": 1.5, "aged": 4.5, "live": 3.0},
    }
)
# Who hides well orders dearer accounts: they look nearly real.
_HIDDEN: Mapping[int, Mapping[str, float]] = MappingProxyType({1: {"aged": 1.0, "live": 1.0}, 2: {"live": 1.0}})
_HIDDEN_SHARE = MappingProxyType({0: 0.0, 1: 0.40, 2: 0.85})
# People who came through a scheme, not accounts that were made: paid helpers, followers won back, loop giveaways.
_PEOPLE: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "M11": {"active": 3.0, "mass": 4.0, "lurker": 1.0},
        "M13": {"active": 3.0, "mass": 2.0, "lurker": 1.0},
        "M16": {"active": 4.0, "mass": 1.5, "lurker": 3.0, "idle": 3.0},
        "M17": {"active": 2.0, "mass": 4.0, "lurker": 2.0, "idle": 1.0},
    }
)


@dataclass(frozen=True)
class AudienceSample:
    """Columns of the sampled accounts, and the share of all followers that is bought, run by machines or dead."""

    columns: dict[str, FloatArray]
    suspicious_share: float


@dataclass(frozen=True)
class _Source:
    """One way by which followers came: how many are left, of which kinds, and when they followed."""

    followers: float
    kinds: Mapping[str, float]
    days: FloatArray  # followers who came on each day of the curve
    before: float  # followers who came before it
    stock: tuple[int, ...] = ()  # months (days since 1970-01-01) in which a seller's accounts were made
    is_seller: bool = False


def draw_audience(
    seed: int, index: int, life: Life, plan: Plan | None, settings: SimulationSettings
) -> AudienceSample | None:
    """Draw the sample of one creator's followers, or None where no team bought one.

    The generator depends on the seed and the creator's number only, and on nothing that was drawn before.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(index, AUDIENCE_KEY)))
    complete = settings.observation == "complete"
    is_sampled = rng.random() < (1.0 if complete else settings.audience_share)
    size = int(rng.choice(_SIZES, p=_SIZE_CHANCES))
    chances = np.array([share for share, _ in _PROVIDERS.values()])
    provider = "all" if complete else str(rng.choice(list(_PROVIDERS), p=chances))
    is_dated = complete or rng.random() < settings.audience_dated_share
    level = float(life.levels()[-1])
    size = min(size, int(level))
    if not is_sampled or size < _FEWEST or settings.audience_share == 0.0:
        return None
    sources = _sources(rng, life, plan)
    weights = np.array([source.followers for source in sources])
    suspicious = sum(s.followers * _suspicious_part(s.kinds) for s in sources)
    number = rng.multinomial(size, weights / weights.sum())
    parts = [_accounts(rng, life, s, int(n)) for s, n in zip(sources, number, strict=True)]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    columns = _as_handed_over(rng, columns, life, level, provider, is_dated=is_dated)
    return AudienceSample(columns, float(suspicious / weights.sum()))


def _suspicious_part(kinds: Mapping[str, float]) -> float:
    return sum(weight for name, weight in kinds.items() if name in SUSPICIOUS) / sum(kinds.values())


def _mixture(rng: np.random.Generator, weights: Mapping[str, float], times: float = 1.5) -> dict[str, float]:
    """Draw the shares of the kinds in one audience around their usual ones."""
    shares = rng.dirichlet(np.array(list(weights.values())) * times)
    return dict(zip(weights, shares.tolist(), strict=True))


def _sources(rng: np.random.Generator, life: Life, plan: Plan | None) -> list[_Source]:
    """Split the followers of today by the way they came."""
    honest = float(life.honest_levels()[-1])
    guests, attackers = _innocent_crowds(life)
    own = _mixture(rng, _HONEST)
    # Machines and dead accounts follow everyone: 2 to 20 in a hundred of any honest audience.
    bots = float(np.clip(1.2 * life.profile.bot_share * rng.lognormal(0.0, 0.25), 0.02, 0.20))
    machines = _mixture(rng, _BACKGROUND)
    rest = max(honest - guests - attackers, 0.2 * honest)
    before = life.start_level
    found = [
        _Source(rest * (1.0 - bots), own, life.adds, before),
        _Source(rest * bots, machines, life.adds, before, _stock(rng, life, 40)),
    ]
    if guests > 0:
        found.append(_Source(guests, _mixture(rng, _GUESTS), life.wins, 0.0))
    if attackers > 0:
        days = np.zeros(life.days)
        for event in life.events:
            if event.kind == "attack":
                days[life.index(event.start) : life.index(event.end - 0.5) + 1] = 1.0
        tier = str(rng.choice(["trash", "economy", "standard"], p=[0.45, 0.35, 0.20]))
        kinds = _mixture(rng, _SOLD[tier])
        found.append(_Source(attackers, kinds, days, 0.0, _stock(rng, life, 4), is_seller=True))
    return found + (_bought(rng, life, plan) if plan is not None else [])


def _innocent_crowds(life: Life) -> tuple[float, float]:
    """Return how many followers came by campaigns and giveaways, and how many an attacker left behind."""
    size = {kind: sum(e.size for e in life.events if e.kind == kind) for kind in ("giveaway", "ads", "attack")}
    idle, total = float(life.idle[-1]), sum(size.values())
    if total <= 0 or idle <= 0:
        return 0.0, 0.0
    attackers = idle * size["attack"] / total
    return idle - attackers, attackers


def _bought(rng: np.random.Generator, life: Life, plan: Plan) -> list[_Source]:
    """Return what is left of each purchase: what dropped off is not in the sample."""
    left = float(life.sold_levels()[-1])
    bought = [e for e in life.events if not e.is_innocent and e.kind in FOLLOWER_MECHANISMS and e.size > 0]
    total = sum(e.size for e in bought)
    if left <= 0 or total <= 0:
        return []
    stock = _stock(rng, life, 4 if plan.evasion == 0 else 14 if plan.evasion == 1 else 60)
    product = _product(life, plan.seller, plan.evasion)
    found = []
    for event in bought:
        kinds = _PEOPLE.get(event.kind)
        followers = left * event.size / total
        if kinds is not None:
            found.append(_Source(followers, _mixture(rng, kinds), life.sold_adds, life.sold_before))
        else:
            found.append(_Source(followers, product, life.sold_adds, life.sold_before, stock, is_seller=True))
    return found


def _product(life: Life, seller: Seller, evasion: int) -> dict[str, float]:
    """Return the kinds of account in a seller's product: the same for all customers, dearer where more is hidden."""
    key = np.random.SeedSequence(life.shared.seed, spawn_key=(WORLD_KEY, 1_000 + seller.key))
    usual = _mixture(np.random.default_rng(key), _SOLD[seller.tier])
    dear, share = _HIDDEN.get(evasion, {}), _HIDDEN_SHARE[evasion]
    total = sum(dear.values())
    return {
        name: (1.0 - share) * usual.get(name, 0.0) + (share * dear.get(name, 0.0) / total if total else 0.0)
        for name in SOLD
    }


def _stock(rng: np.random.Generator, life: Life, months: int) -> tuple[int, ...]:
    """Draw the months in which a seller's accounts were made, each given by a day in it."""
    back = rng.gamma(2.0, 200.0, months) + 30.0
    return tuple(int(day) for day in np.maximum(life.profile.as_of - back, _FIRST_ACCOUNT))


def _accounts(rng: np.random.Generator, life: Life, source: _Source, number: int) -> dict[str, FloatArray]:
    """Draw the profiles of accounts of one source, the day each one followed, and the day it was made."""
    names = list(source.kinds)
    shares = np.array(list(source.kinds.values()))
    kinds = np.array(names, dtype=object)[rng.choice(len(names), number, p=shares / shares.sum())]
    # Audiences differ by country, age and niche, stock by its maker, in ways that no share explains.
    shift = np.tile(rng.normal(0.0, [0.35, 0.20, 0.35]), (number, 1))
    shown = draw_profiles(rng, kinds, shift, life.profile.platform)
    followed = _days_of_following(rng, life, source, number)
    years = np.array([KINDS[str(kind)].age_years for kind in kinds])
    made = followed - 365.25 * years * rng.gamma(1.2, 1 / 1.2, number)
    if source.stock:
        stock = np.array(source.stock, dtype=float)
        made = np.minimum(rng.choice(stock, number) + rng.uniform(0, 20, number), followed - 1.0)
    made = np.floor(np.minimum(np.maximum(made, _FIRST_ACCOUNT + rng.uniform(0, 900, number)), followed))
    return shown | {"followed": followed, "created_on": made}


def _days_of_following(rng: np.random.Generator, life: Life, source: _Source, number: int) -> FloatArray:
    """Draw the day on which each account followed: in the curve as the source delivered, or before it."""
    inside = np.maximum(source.days, 0.0)
    total = float(inside.sum()) + source.before
    is_before = rng.random(number) < (source.before / total if total > 0 else 1.0)
    opened = float(life.profile.as_of - life.profile.age_days)
    old = life.first_day - (life.first_day - min(opened, life.first_day - 1.0)) * rng.random(number) ** 1.5
    if source.is_seller:  # an old delivery came in one piece
        old = np.full(number, old[0] if number else 0.0) + rng.uniform(0.0, 1.0, number)
    if inside.sum() <= 0:
        return np.asarray(old, dtype=np.float64)
    day = rng.choice(life.days, number, p=inside / inside.sum())
    return np.where(is_before, old, life.first_day + day + rng.random(number))


def _as_handed_over(
    rng: np.random.Generator,
    columns: dict[str, FloatArray],
    life: Life,
    level: float,
    provider: str,
    *,
    is_dated: bool,
) -> dict[str, FloatArray]:
    """Return the columns that this provider has, accounts in no order, with the day of the sample."""
    n = len(columns["followed"])
    out = {name: columns[name] for name in _PROVIDERS[provider][1]}
    if rng.random() < 0.3:
        out |= {name: round_down(out[name], 3, 10_000) for name in ("followers", "following")}
    order = np.empty(n)
    gap = level / n
    order[np.argsort(columns["followed"], kind="stable")] = np.floor(np.arange(n) * gap + rng.random(n) * (gap - 1.0))
    sampled = life.profile.as_of - 1 - int(rng.integers(0, 15))
    out["sampled_on"] = np.full(n, float(sampled))
    if is_dated:
        out |= {"follow_order": order, "created_on": np.minimum(columns["created_on"], sampled)}
    mixed = rng.permutation(n)
    return {name: values[mixed] for name, values in out.items()}
