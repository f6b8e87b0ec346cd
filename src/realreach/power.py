"""What a model finds and whom it wrongs in a simulated world that it was never trained on, where the truth is known.

A world is scored once. Recall is then counted by how much was bought, how well hidden, how fast delivered and how long
ago; false positives by what innocently happened to honest creators. Everything here is simulated and says so.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.card import markdown_table
from realreach.errors import InputError, UsageError
from realreach.false_alarms import TablesScorer, wilson_interval
from realreach.metrics import achieved_fpr, operating_point
from realreach.model import FittedModel
from realreach.simulate.settings import LOOK_ALIKES, MECHANISMS, TIERS, SimulationSettings
from realreach.tables import read_tables, tables_from_frames
from realreach.tables.core import Tables

if TYPE_CHECKING:
    import pandas as pd

    from realreach.evaluation import Labelled
    from realreach.settings import TrainSettings

__all__ = [
    "Judgement",
    "LeftOut",
    "Line",
    "SimulatedWorld",
    "judge",
    "judge_world",
    "leave_one_mechanism_out",
    "left_out_markdown",
    "load_world",
    "make_world",
    "refuse_trained_seeds",
    "world_seeds",
]

FPR = 0.01
"""Share of honest creators flagged at the threshold of the surface."""
LEAST = 200
"""Honest creators that a look-alike needs; where the world has fewer, more of the kind are simulated."""
_POWER = 0.8
_FEW = 20
"""Creators below which a cell says nothing about power, and a mechanism alone is not shown."""
_FAIR = 100
"""Honest creators from which a group is compared with all: in a smaller one a single false alarm looks like many."""
_CHUNK = 1_000
_MOST_EXTRA = 6_000
"""Creators simulated at most to find enough of one kind: some look-alikes are rare and cannot be called up."""

_SHARES = ((0.02, 0.05, 0.10, 0.20, 0.30, 0.50, 0.70, 0.90),
           ("<2 %", "2-5 %", "5-10 %", "10-20 %", "20-30 %", "30-50 %", "50-70 %", "70-90 %", ">90 %"))  # fmt: skip
# Deliveries are whole days, and the first day counts as one: "1-7 d" holds 2 to 7 days.
_DELIVERIES = ((1.5, 7.5, 30.5, 90.5), ("<=1 d", "1-7 d", "7-30 d", "30-90 d", ">90 d"))
_AGES = ((7.0, 30.0, 90.0), ("0-7 d ago", "7-30 d ago", "30-90 d ago", ">90 d ago"))
_NO_DELIVERY = "no followers delivered in the curve"
_NO_DATE = "no purchase in view"
_CROSSED = ("evasion", "delivery", "recency")

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "viral": "viral post",
        "shoutout": "shout-out",
        "press": "press, television",
        "giveaway": "giveaway",
        "ads": "paid advertising",
        "boosted": "boosted by the platform",
        "break": "posting break",
        "rename": "rename, new subject",
        "merge": "merge of two accounts",
        "fans": "fan community",
        "attack": "attack by a third party",
        "assisted": "AI-assisted honest comments",
        "comment_spam": "comment spam by strangers",
        "purge": "purge by the platform",
        "rounding": "rounded counts",
        "gap": "gap in the collection",
        "hidden_likes": "hidden likes",
        "comments_limited": "comments limited",
        "none": "none of these",
    }
)
_TRUTH = (
    "creator_id", "is_fake", "mechanisms", "evasion_level", "purchased_share_followers", "purchased_share_engagement",
    "delivery_days", "days_since_last_purchase", "look_alikes", "platform", "tier",
)  # fmt: skip
_EVENTS = ("creator_id", "kind", "end", "is_innocent")

Report = Callable[[str], None]


@dataclass(frozen=True)
class Line:
    """One cell of a table: how many of ``n`` scored creators were found (fake ones) or wronged (honest ones).

    ``hits`` counts creators at or above the judgement's threshold, ``flagged`` those above the model's own operating
    points. ``extra`` of the ``n`` were simulated on top of the world.
    """

    table: str
    row: str
    column: str
    n: int
    hits: int
    flagged: int
    extra: int = 0

    @property
    def rate(self) -> float:
        """Share at or above the threshold; NaN without creators."""
        return self.hits / self.n if self.n else math.nan

    @property
    def flagged_rate(self) -> float:
        """Share above the model's own operating points; NaN without creators."""
        return self.flagged / self.n if self.n else math.nan


@dataclass(frozen=True)
class Judgement:
    """What was found in one world. ``lines`` hold all tables; see :meth:`table`.

    ``threshold`` is the ``fake_probability`` that at most 1 % of the world's own honest creators reach
    (``achieved_fpr``: how many do). ``out_of_view`` counts the scored fake creators all of whose purchases ended before
    the first day that their tables show; None without events.
    """

    seed: int | None
    honest: int
    fake: int
    unscored_honest: int
    unscored_fake: int
    out_of_view: int | None
    threshold: float
    achieved_fpr: float
    lines: tuple[Line, ...]

    def table(self, name: str, column: str | None = None) -> list[Line]:
        """Return the lines of one table: share, surface, share x evasion, mechanism, look_alike, language, ..."""
        return [line for line in self.lines if line.table == name and column in (None, line.column)]

    def smallest_share(self, table: str = "share", column: str = "all", *, surely: bool = False) -> str | None:
        """Return the lowest band of purchased share from which on at least 80 % are found; None if there is none.

        Bands of fewer than 20 creators are passed over. With ``surely`` the interval's lower end must reach 80 %.
        """
        found = None
        for line in reversed(self.table(table, column)):
            if line.n < _FEW:
                continue
            reached = wilson_interval(line.hits, line.n)[0] if surely else line.rate
            if reached < _POWER:
                break
            found = line.row
        return found

    def look_alikes(self) -> list[Line]:
        """Return the false positives per innocent look-alike, worst first; kinds without a creator last."""
        known = self.table("look_alike")
        return sorted(known, key=lambda x: (x.n == 0, -x.flagged_rate if x.n else 0.0, -x.n))

    def to_dict(self, tables: Sequence[str] | None = None) -> dict[str, Any]:
        """Return JSON-ready facts with the lines of these tables (None: of all, the full surface included)."""
        kept = [line for line in self.lines if tables is None or line.table in tables]
        return {
            "simulated": True,
            "seed": self.seed,
            "honest_scored": self.honest,
            "fake_scored": self.fake,
            "honest_unscored": self.unscored_honest,
            "fake_unscored": self.unscored_fake,
            "fake_out_of_view": self.out_of_view,
            "threshold_at_1pct_fpr": self.threshold,
            "achieved_fpr": self.achieved_fpr,
            "smallest_share_80pct_power": self.smallest_share(),
            "smallest_share_80pct_power_surely": self.smallest_share(surely=True),
            "lines": [_plain(line) for line in kept],
        }

    def markdown(self, level: str = "##") -> str:
        """Return all tables as Markdown, marked as simulated."""
        return _markdown(self, level)


@dataclass(frozen=True, eq=False)
class SimulatedWorld:
    """A simulated world with its truth. ``settings`` None: where it came from is not known, nothing can be added."""

    tables: Tables
    truth: pd.DataFrame
    events: pd.DataFrame | None
    seed: int | None
    next_creator: int
    settings: SimulationSettings | None


# -- worlds -----------------------------------------------------------------------------------------------------------


def make_world(
    creators: int, seed: int, settings: SimulationSettings | None = None, *, first: int = 0, workers: int = 1
) -> SimulatedWorld:
    """Simulate a world in memory; see :func:`realreach.simulate.simulate` for the arguments and what raises."""
    from realreach.simulate.world import simulate

    settings = settings or SimulationSettings()
    frames = dict(simulate(creators, seed, settings, first=first, workers=workers).frames)
    truth, events = frames.pop("truth"), frames.pop("events")
    return SimulatedWorld(tables_from_frames(frames).tables, truth, events, seed, first + creators, settings)


def load_world(folder: str | Path) -> SimulatedWorld:
    """Read a folder written by ``realreach simulate``: tables, ``truth/`` and ``simulation.json``.

    Raises
    ------
    InputError
        If the truth is missing or lacks a column, or the tables cannot be used.
    """
    root = Path(folder)
    if not root.is_dir():
        raise InputError(f"{root}: no such folder. Make a world with: realreach simulate --seed N --out {root}")
    truth = _read_truth(root, "truth", _TRUTH)
    events = _read_truth(root, "events", _EVENTS)
    tables = read_tables(root).tables
    mark = root / "simulation.json"
    if not mark.is_file():
        return SimulatedWorld(tables, truth, events, None, 0, None)
    try:
        about = json.loads(mark.read_text(encoding="utf-8"))
        settings = SimulationSettings.model_validate(about["settings"])
        seed, following = int(about["seed"]), int(about["first"]) + int(about["creators"])
    except (ValueError, KeyError, TypeError) as err:
        raise InputError(
            f"{mark}: not what realreach simulate writes ({type(err).__name__}). Simulate the world again."
        ) from err
    return SimulatedWorld(tables, truth, events, seed, following, settings)


def _read_truth(root: Path, name: str, needed: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    place = root / "truth"
    found = sorted(place.glob(f"{name}.*")) or sorted((place / name).glob("part-*"))
    if not found:
        raise InputError(f"{root}: truth/{name} is missing. Judging needs a world written by realreach simulate.")
    frame = pd.concat([_read_frame(path) for path in found], ignore_index=True)
    missing = [c for c in needed if c not in frame]
    if missing:
        raise InputError(
            f"{root}: truth/{name} lacks {', '.join(missing)}. Simulate the world again with this version."
        )
    frame = frame[list(needed)]
    texts = {c: frame[c].astype(object).fillna("") for c in ("mechanisms", "look_alikes", "kind") if c in frame}
    flags = {c: frame[c].astype(bool) for c in ("is_fake", "is_innocent") if c in frame}
    return frame.assign(**texts, **flags)


def _read_frame(path: Path) -> pd.DataFrame:
    import pandas as pd

    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".csv":
        return pd.read_csv(path, dtype={"creator_id": "str"}, low_memory=False)
    return pd.read_json(path, lines=True, dtype=False)


def world_seeds(creator_ids: Iterable[str]) -> set[int]:
    """Return the seeds of the simulated worlds that these creators come from, as their keys tell.

    Examples
    --------
    >>> world_seeds(["sim7-000000", "sim7-000001", "someone"])
    {7}
    """
    matches = (re.fullmatch(r"sim(\d+)-\d+", key) for key in creator_ids)
    return {int(match[1]) for match in matches if match}


def refuse_trained_seeds(world: SimulatedWorld, trained: Iterable[int]) -> None:
    """Refuse a world of a seed that was trained on: the same sellers and the same calendar are in it.

    Raises
    ------
    UsageError
        With a seed to take instead.
    """
    trained = set(trained)
    own = world_seeds(world.tables.creator_ids.to_pylist()) | ({world.seed} if world.seed is not None else set())
    if own & trained:
        free = next(seed for seed in range(101, 10**9) if seed not in trained)
        raise UsageError(
            f"the model was trained on creators of seed {min(own & trained)}, the seed of the world to judge it on. "
            f"Take another one, such as: realreach simulate --seed {free}"
        )


# -- judging ----------------------------------------------------------------------------------------------------------


def judge(
    scorer: TablesScorer | FittedModel,
    world: SimulatedWorld,
    *,
    least: int = LEAST,
    workers: int = 1,
    report: Report = lambda _: None,
) -> Judgement:
    """Judge a model on a world, and simulate more honest creators where a look-alike has fewer than ``least``.

    Parameters
    ----------
    scorer
        A loaded model (:class:`realreach.scores.Scorer`) or a fitted one.
    world
        A world of a seed that the model was never trained on.
    least
        Scored honest creators wanted for each look-alike; 0 adds none.
    workers
        Processes of the simulator.
    report
        Called with a short sentence at every step.

    Returns
    -------
    Judgement
        As :func:`judge_world`; the added creators count in their own look-alike's line only.
    """
    report(f"scoring {len(world.tables):,} simulated creators")
    natural = _scored(scorer, world.tables, world.truth)
    extra = {}
    if world.settings is not None and least > 0:
        extra = _more_look_alikes(scorer, world, natural, least, workers, report)
    return _judgement(natural, _in_view(world.tables, world.events), extra, world.seed)


def judge_world(
    scorer: TablesScorer | FittedModel, tables: Tables, truth: pd.DataFrame, events: pd.DataFrame | None = None
) -> Judgement:
    """Judge a model on the tables of a world as they are.

    Two levels are counted side by side. The model's own operating points, one per combination of pillars, are what
    ``flagged`` in its output means. The threshold of the surface is one for all: the lowest ``fake_probability`` that
    at most 1 % of the scored honest creators of this very world reach.

    Parameters
    ----------
    scorer
        A loaded model (:class:`realreach.scores.Scorer`) or a fitted one.
    tables
        Checked tables, with labels, so that each creator is judged on its own day.
    truth, events
        The frames of :func:`realreach.simulate.simulate`. Without events it is not told which purchases lie in the days
        that the tables show.

    Raises
    ------
    InputError
        If a creator has no row in the truth, or fewer than 100 honest creators were scored.
    """
    seeds = world_seeds(tables.creator_ids.to_pylist())
    seed = min(seeds) if len(seeds) == 1 else None
    return _judgement(_scored(scorer, tables, truth), _in_view(tables, events), {}, seed)


def _scored(scorer: TablesScorer | FittedModel, tables: Tables, truth: pd.DataFrame) -> pd.DataFrame:
    """Return the truth beside the scores: ``p`` (NaN = not scored), ``flagged``, ``pillars``, ``language``."""
    import pandas as pd

    scorer = _as_scorer(scorer)
    ids = tables.creator_ids.to_pylist()
    starts = range(0, len(tables), _CHUNK)
    parts = [scorer.score_tables(tables.take(np.arange(s, min(s + _CHUNK, len(tables))))) for s in starts]
    scores = pd.concat(parts, ignore_index=True).set_index("creator_id").loc[ids]
    known = truth.set_index("creator_id").reindex(ids)
    absent = int(known["is_fake"].isna().sum())
    if absent:
        raise InputError(f"truth: {absent:,} of {len(ids):,} creators have no row. Give the truth of the same world.")
    is_scored = (scores["status"] == "scored").to_numpy()
    language = [v if v is not None else "unknown" for v in tables.creators.strings("language").to_pylist()]
    flagged = scores["flagged"].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    known["is_fake"] = known["is_fake"].astype(bool)
    return known.assign(
        p=np.where(is_scored, scores["fake_probability"].to_numpy(dtype=np.float64), np.nan),
        flagged=flagged & is_scored,
        pillars=scores["coverage"].to_numpy(dtype=object),
        language=language,
    )


def _as_scorer(model: TablesScorer | FittedModel) -> TablesScorer:
    if not isinstance(model, FittedModel):
        return model
    from realreach.bundle import Bundle
    from realreach.scores import Scorer

    facts = {"name": "fitted", "version": "now"}
    return Scorer(Bundle(model=model, metadata=facts, settings="", card="", sha256=""))


def _more_look_alikes(
    scorer: TablesScorer | FittedModel,
    world: SimulatedWorld,
    natural: pd.DataFrame,
    least: int,
    workers: int,
    report: Report,
) -> dict[str, pd.DataFrame]:
    """Simulate honest creators of the kinds that are rare in the world, until each has ``least`` scored ones."""
    import pandas as pd

    following = world.next_creator
    extra: dict[str, pd.DataFrame] = {}
    honest = natural[~natural["is_fake"] & natural["p"].notna()]
    for kind in (*LOOK_ALIKES, "none"):
        wanted = max(least - int(_has(honest, kind).sum()), 0)
        found: list[pd.DataFrame] = []
        gained = made = 0
        while gained < wanted and made < _MOST_EXTRA:
            # The first batch shows how many of a hundred have it; the next ones are as large as is still needed.
            share = (gained + 1) / (made + 1)
            number = min(int(np.clip(1.2 * (wanted - gained) / share, 50, 1_500)), _MOST_EXTRA - made)
            settings = _only(world.settings, kind)
            more = make_world(number, world.seed or 0, settings, first=following, workers=workers)
            following, made = more.next_creator, made + number
            part = _scored(scorer, more.tables, more.truth)
            found.append(part[part["p"].notna() & _has(part, kind)])
            gained += len(found[-1])
        if found:
            extra[kind] = pd.concat(found)
            report(f"{_WORDS[kind]}: {gained:,} honest creators more (of {made:,} simulated)")
    return extra


def _only(settings: SimulationSettings | None, kind: str) -> SimulationSettings:
    """Return the settings of an honest world in which one look-alike happens to all who can have it."""
    rates = dict.fromkeys(LOOK_ALIKES, 0.0) if kind == "none" else {kind: 1.0}
    base = (settings or SimulationSettings()).model_dump()
    rates = {**base["look_alikes"], **rates}
    return SimulationSettings.model_validate({**base, "fake_share": 0.0, "look_alikes": rates})


def _has(frame: pd.DataFrame, kind: str) -> pd.Series:
    """Return who has a look-alike; ``none`` = none of them."""
    if kind == "none":
        return frame["look_alikes"] == ""
    return frame["look_alikes"].map(lambda text: kind in text.split("+")).astype(bool)


def _judgement(
    natural: pd.DataFrame, in_view: dict[str, set[str]] | None, extra: Mapping[str, pd.DataFrame], seed: int | None
) -> Judgement:
    is_scored = natural["p"].notna()
    fake = natural[natural["is_fake"] & is_scored]
    honest = natural[~natural["is_fake"] & is_scored]
    needed = round(1 / FPR)
    if len(honest) < needed:
        raise InputError(
            f"{len(honest)} honest creators of the world could be scored; a threshold at {FPR:.0%} false positives "
            f"needs {needed} or more. Simulate a larger world (--creators)."
        )
    scores = honest["p"].to_numpy(dtype=np.float64)
    threshold = operating_point(scores, FPR)
    lines = [*_recall_lines(fake, threshold), *_mechanism_lines(fake, in_view, threshold)]
    lines += [*_look_alike_lines(honest, extra, threshold), *_group_lines(honest, threshold)]
    return Judgement(
        seed=seed,
        honest=len(honest),
        fake=len(fake),
        unscored_honest=int((~natural["is_fake"] & ~is_scored).sum()),
        unscored_fake=int((natural["is_fake"] & ~is_scored).sum()),
        out_of_view=None if in_view is None else int((~fake.index.isin(list(in_view))).sum()),
        threshold=threshold,
        achieved_fpr=achieved_fpr(scores, threshold),
        lines=tuple(lines),
    )


def _line(table: str, row: str, column: str, part: pd.DataFrame, threshold: float, extra: int = 0) -> Line:
    hits, flagged = int((part["p"] >= threshold).sum()), int(part["flagged"].sum())
    return Line(table, row, column, len(part), hits, flagged, extra)


def _bands(values: pd.Series, bands: tuple[tuple[float, ...], tuple[str, ...]], unknown: str) -> np.ndarray:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    names = np.array([*bands[1], unknown], dtype=object)
    return names[np.where(np.isnan(numbers), len(bands[1]), np.searchsorted(bands[0], numbers, side="right"))]


def _recall_lines(fake: pd.DataFrame, threshold: float) -> Iterator[Line]:
    """Yield recall by purchased share alone, crossed with one other fact at a time, and with all three at once."""
    share = fake[["purchased_share_followers", "purchased_share_engagement"]].astype("float64").max(axis=1).fillna(0.0)
    columns = {
        "evasion": (*(f"evasion {level}" for level in range(3)),),
        "delivery": (*_DELIVERIES[1], _NO_DELIVERY),
        "recency": (*_AGES[1], _NO_DATE),
    }
    level = fake["evasion_level"].to_numpy(dtype=np.float64, na_value=np.nan)
    cut = fake.assign(
        share=_bands(share, _SHARES, "unknown"),
        evasion=[f"evasion {v:.0f}" for v in level],
        delivery=_bands(fake["delivery_days"], _DELIVERIES, _NO_DELIVERY),
        recency=_bands(fake["days_since_last_purchase"], _AGES, _NO_DATE),
    )
    for band in _SHARES[1]:
        here = cut[cut["share"] == band]
        yield _line("share", band, "all", here, threshold)
        for fact, names in columns.items():
            for name in names:
                yield _line(f"share x {fact}", band, name, here[here[fact] == name], threshold)
        for cell, part in here.groupby(list(_CROSSED), sort=True):
            yield _line("surface", band, ", ".join(map(str, cell)), part, threshold)


def _in_view(tables: Tables, events: pd.DataFrame | None) -> dict[str, set[str]] | None:
    """Return, by creator, the mechanisms that were still at work on a day that the tables show."""
    if events is None:
        return None
    import pandas as pd

    first = np.full(len(tables), np.inf)
    for table in (tables.follower_history, tables.posts, tables.comments):
        if table is not None and table.contract.time is not None:
            days = table.days(table.contract.time)
            np.fmin.at(first, table.creator, days)
    shown = dict(zip(tables.creator_ids.to_pylist(), first, strict=True))
    sold = events[~events["is_innocent"].astype(bool)]
    ends = pd.to_datetime(sold["end"], utc=True).dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    at_work: dict[str, set[str]] = {}
    for creator, kind, end in zip(sold["creator_id"], sold["kind"], ends.astype(np.int64) / 86_400, strict=True):
        if end > shown.get(creator, np.inf):
            at_work.setdefault(creator, set()).add(kind)
    return at_work


def _mechanism_lines(fake: pd.DataFrame, in_view: dict[str, set[str]] | None, threshold: float) -> Iterator[Line]:
    codes = fake["mechanisms"].map(lambda text: frozenset(text.split("+")))
    for code in MECHANISMS:
        has = codes.map(lambda own, code=code: code in own).to_numpy(dtype=bool)
        alone = (codes == frozenset({code})).to_numpy(dtype=bool)
        yield _line("mechanism", code, "all", fake[has], threshold)
        yield _line("mechanism", code, "alone", fake[alone], threshold)
        if in_view is not None:
            at_work = np.array([code in in_view.get(key, ()) for key in fake.index], dtype=bool)
            yield _line("mechanism", code, "in view", fake[has & at_work], threshold)


def _look_alike_lines(honest: pd.DataFrame, extra: Mapping[str, pd.DataFrame], threshold: float) -> Iterator[Line]:
    import pandas as pd

    for kind in (*LOOK_ALIKES, "none"):
        more = extra.get(kind)
        own = honest[_has(honest, kind)]
        part = own if more is None else pd.concat([own, more])
        yield _line("look_alike", kind, "all", part, threshold, 0 if more is None else len(more))


def _group_lines(honest: pd.DataFrame, threshold: float) -> Iterator[Line]:
    yield _line("honest", "all", "all", honest, threshold)
    for name in ("language", "platform", "tier", "pillars"):
        counts = honest[name].value_counts()
        order = [value for _, value in sorted((-count, str(value)) for value, count in counts.items())]
        if name == "tier":
            order = [tier for tier in TIERS if tier in counts]
        for value in order:
            yield _line(name, str(value), "all", honest[honest[name] == value], threshold)


# -- in words ---------------------------------------------------------------------------------------------------------


def _plain(line: Line) -> dict[str, Any]:
    facts: dict[str, Any] = {"table": line.table, "row": line.row, "column": line.column, "n": line.n}
    if line.extra:
        facts["extra"] = line.extra
    for name, hits in (("at_1pct_fpr", line.hits), ("flagged", line.flagged)):
        ends = wilson_interval(hits, line.n)
        facts[name] = [round(v, 5) for v in (hits / line.n, *ends)] if line.n else None
    return facts


def _percent(hits: int, n: int, digits: int = 0) -> str:
    if not n:
        return "-"
    low, high = wilson_interval(hits, n)
    return f"{100 * hits / n:.{digits}f} % ({100 * low:.{digits}f}-{100 * high:.{digits}f})"


def _markdown(j: Judgement, level: str) -> str:
    own = j.table("honest")[0]
    parts = [
        f"{level} Power and false positives (simulated)",
        _about(j),
        f"{level}# Recall by purchased share (simulated)",
        "Share of followers or of likes and comments, the larger; bought views count in neither. " + _smallest(j),
        _share_table(j),
    ]
    for fact in _CROSSED:
        parts += [f"By purchased share and {fact}, recall at the threshold at 1 %:", _cross_table(j, fact)]
    parts += [
        f"{level}# Recall by mechanism (simulated)",
        "All creators that have the mechanism (most have others as well); those where it was still at work on a day "
        f"that the tables show; those that have nothing else (from {_FEW} creators on). At the threshold at 1 %.",
        _mechanism_table(j),
        f"{level}# False positives per innocent look-alike (simulated)",
        _headline(j),
        _look_alike_table(j),
        f"{level}# False positives by group (simulated)",
        f"All honest creators: {_percent(own.flagged, own.n, 1)} flagged. {_unfair(j)}",
        _group_table(j),
    ]
    return "\n\n".join(parts) + "\n"


def _about(j: Judgement) -> str:
    seed = "" if j.seed is None else f" of seed {j.seed}"
    old = ""
    if j.out_of_view is not None:
        old = f" Of {j.out_of_view:,} of the fake ones every purchase ended before the first day that the tables show."
    return (
        f"Measured in a *simulated* world{seed} that the model was never trained on: {j.fake:,} fake and {j.honest:,} "
        f"honest creators scored ({j.unscored_fake:,} and {j.unscored_honest:,} more had too little data and are not "
        f"counted).{old} Two levels: the *threshold at 1 %* is one fake_probability for all, {j.threshold:.4f}, "
        f"which {j.achieved_fpr:.2%} of this world's own honest creators reach; *flagged* means above the model's own "
        "operating point for the pillars that are there. Brackets: Wilson 95 % intervals, which leave out the luck of "
        "the threshold."
    )


def _smallest(j: Judgement) -> str:
    band, sure = j.smallest_share(), j.smallest_share(surely=True)
    if band is None:
        text = "No band reaches 80 % power."
    elif sure is None:
        text = f"80 % power from {band} on (its interval does not exclude less in any band)."
    else:
        text = f"80 % power from {band} on" + ("." if sure == band else f" (beyond doubt from {sure} on).")
    names = [f"evasion {level}" for level in range(3)]
    levels = [f"{name}: {j.smallest_share('share x evasion', name) or 'never'}" for name in names]
    return f"{text} By level: {', '.join(levels)}."


def _share_table(j: Judgement) -> str:
    rows = [[x.row, f"{x.n:,}", _percent(x.hits, x.n), _percent(x.flagged, x.n)] for x in j.table("share")]
    return markdown_table(["purchased share", "creators", "recall at 1 %", "flagged"], rows)


def _cross_table(j: Judgement, fact: str) -> str:
    cells = {(x.row, x.column): x for x in j.table(f"share x {fact}")}
    filled = {line.column for line in cells.values() if line.n}
    names = [name for name in dict.fromkeys(column for _, column in cells) if name in filled]
    rows = [[band, *(_cell(cells[band, name]) for name in names)] for band in _SHARES[1]]
    return markdown_table(["purchased share", *names], rows)


def _cell(line: Line) -> str:
    return f"{_percent(line.hits, line.n)} n={line.n:,}" if line.n else "-"


def _mechanism_table(j: Judgement) -> str:
    rows = []
    for line in j.table("mechanism", "all"):
        seen = next((x for x in j.table("mechanism", "in view") if x.row == line.row), None)
        alone = next(x for x in j.table("mechanism", "alone") if x.row == line.row)
        only = _cell(alone) if alone.n >= _FEW else f"n={alone.n}"
        rows.append([f"{line.row} {MECHANISMS[line.row]}", _cell(line), "-" if seen is None else _cell(seen), only])
    return markdown_table(["mechanism", "all", "in view", "alone"], rows)


def _headline(j: Judgement) -> str:
    known = [x for x in j.look_alikes() if x.n]
    if not known:
        return "No honest creator with a look-alike was scored."
    worst = known[0]
    median = float(np.median([x.flagged_rate for x in known]))
    text = (
        f"Worst: {_WORDS[worst.row]}, {_percent(worst.flagged, worst.n, 1)} of {worst.n:,} flagged; median of "
        f"{len(known)} rows {100 * median:.1f} %. Honest creators only; one with several look-alikes counts in each."
    )
    few = [_WORDS[x.row] for x in j.look_alikes() if x.n < LEAST]
    return text + (f" Fewer than {LEAST} creators: {', '.join(few)}." if few else "")


def _look_alike_table(j: Judgement) -> str:
    rows = [
        [_WORDS[x.row], f"{x.n:,}", f"{x.extra:,}", _percent(x.flagged, x.n, 1), _percent(x.hits, x.n, 1)]
        for x in j.look_alikes()
    ]
    return markdown_table(["look-alike", "honest creators", "of these added", "flagged", "at 1 %"], rows)


def _groups(j: Judgement) -> list[Line]:
    return [x for name in ("language", "platform", "tier", "pillars") for x in j.table(name)]


def _unfair(j: Judgement) -> str:
    """Say which groups are flagged more than twice as often as all, with an interval that lies above all."""
    overall = j.table("honest")[0].flagged_rate
    hurt = [
        f"{x.table} {x.row}"
        for x in _groups(j)
        if x.n >= _FAIR and x.flagged_rate > 2 * overall and wilson_interval(x.flagged, x.n)[0] > overall
    ]
    among = f"Among groups of {_FAIR} or more"
    if not hurt:
        return f"{among}, none is flagged more than twice as often beyond chance."
    return f"{among}, flagged more than twice as often beyond chance: {', '.join(hurt)}."


def _group_table(j: Judgement) -> str:
    rows = [[x.table, x.row, f"{x.n:,}", _percent(x.flagged, x.n, 1), _percent(x.hits, x.n, 1)] for x in _groups(j)]
    return markdown_table(["", "group", "honest creators", "flagged", "at 1 %"], rows)


# -- a mechanism never seen -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LeftOut:
    """A mechanism with and without its creators in the fit, on the same held-out creators.

    ``seen`` and ``unseen`` are the PR-AUC at a prevalence of 10 % on honest creators and fake ones with the mechanism;
    ``loss`` = seen - unseen with its interval. NaN with fewer than 20 such creators in the test.
    """

    mechanism: str
    removed: int
    tested: int
    seen: float
    unseen: float
    loss: float
    low: float
    high: float


def leave_one_mechanism_out(data: Labelled, settings: TrainSettings, report: Report = lambda _: None) -> list[LeftOut]:
    """Fit once with everything and once without each mechanism, and compare on creators that have it.

    Parameters
    ----------
    data
        Labelled creators with their mechanisms.
    settings
        Settings of the fits, of the split and of the bootstrap; ``hold_out_mechanisms`` must be empty.
    report
        Called with a short sentence at every fit.

    Returns
    -------
    list of LeftOut
        One per mechanism in the data, largest loss first. Without a mechanism there are fewer fake creators to learn
        from, which costs a little by itself.

    Raises
    ------
    InputError
        If the labels name no mechanisms, or a part of the split lacks a class.
    """
    from realreach.splits import SplitSettings, split_creators

    own = [frozenset(str(text).split("+")) - {""} for text in data.mechanisms]
    codes = sorted(frozenset().union(*own), key=lambda code: (len(code), code))
    if not codes:
        raise InputError("labels: no creator has mechanisms. Leaving one out needs labels with the column mechanisms.")
    rest = 1 - settings.test_share
    parts = SplitSettings(
        train=0.7 * rest, stop=0.12 * rest, calibrate=0.18 * rest, test=settings.test_share,
        time=settings.time_split, label_delay_days=settings.label_delay_days,
    )  # fmt: skip
    split = split_creators(data.target, data.group, data.as_of, parts, settings.seed)
    fit_rows = np.sort(np.concatenate([split.train, split.stop, split.calibrate]))
    report(f"fitting on all mechanisms: {len(fit_rows):,} creators")
    seen = _probabilities(data, settings, fit_rows, split.test)
    done = []
    for code in codes:
        has = np.array([code in mechanisms for mechanisms in own], dtype=bool)
        kept = fit_rows[~has[fit_rows]]
        tested = split.test[(data.target[split.test] == 0) | has[split.test]]
        number = int(has[tested].sum())
        if number < _FEW:
            done.append(LeftOut(code, len(fit_rows) - len(kept), number, *[math.nan] * 5))
            continue
        report(f"fitting without {code}: {len(kept):,} creators")
        unseen = _probabilities(data, settings, kept, split.test)
        rows = np.isin(split.test, tested)
        done.append(_left_out(code, len(fit_rows) - len(kept), data.take(tested), seen[rows], unseen[rows], settings))
    return sorted(done, key=lambda x: -x.loss if not math.isnan(x.loss) else math.inf)


def _probabilities(data: Labelled, settings: TrainSettings, fit: np.ndarray, test: np.ndarray) -> np.ndarray:
    from realreach.evaluation import make_estimator

    part = data.take(fit)
    estimator = make_estimator(settings).fit(part.features, part.target, sample_weight=part.weight, groups=part.group)
    return estimator.fitted_.probabilities(data.take(test).matrix)


def _left_out(
    code: str, removed: int, test: Labelled, seen: np.ndarray, unseen: np.ndarray, settings: TrainSettings
) -> LeftOut:
    from realreach.metrics import difference, pr_auc_at

    metric = pr_auc_at(0.10)
    replicates, seed = settings.bootstrap, settings.seed
    gap = difference(
        test.target, seen, unseen, test.weight, test.group, metric=metric, replicates=replicates, seed=seed
    )
    both = ~np.isnan(seen) & ~np.isnan(unseen)
    values = [metric(test.target[both], p[both], test.weight[both]) for p in (seen, unseen)]
    return LeftOut(code, removed, int(test.target[both].sum()), values[0], values[1], gap.value, gap.low, gap.high)


def left_out_markdown(results: Sequence[LeftOut]) -> str:
    """Return the losses as a Markdown table, `-` where too few creators were tested."""
    rows = []
    for x in results:
        told = not math.isnan(x.loss)
        loss = f"{x.loss:+.3f} ({x.low:+.3f} to {x.high:+.3f})" if told else "-"
        cells = [f"{v:.3f}" if told else "-" for v in (x.seen, x.unseen)]
        name = f"{x.mechanism} {MECHANISMS.get(x.mechanism, '')}".strip()
        rows.append([name, f"{x.removed:,}", f"{x.tested:,}", *cells, loss])
    head = ["mechanism", "creators removed from the fit", "tested", "PR-AUC at 10 %, seen", "never seen", "loss (95 %)"]
    return markdown_table(head, rows)
