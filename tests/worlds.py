"""Small hand-made creators as raw frames: the input of tests, before the tables module has checked it.

A *world* is a dict of data frames by table name. ``creator`` makes one of one creator, ``join`` puts several together,
``checked`` runs them through the tables module. Keys of posts and authors are shared between creators on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from realreach.features import build_features
from realreach.tables import Tables, tables_from_frames

START = pd.Timestamp("2024-01-01")
END = pd.Timestamp("2024-07-01")
"""Day of decision of :func:`crowd`: every row of it lies before."""

World = dict[str, pd.DataFrame]

_WORDS = """
cantik banget kak suka sama videonya kapan live lagi love this so much where did you buy the dress great light on that
second photo semoga sehat selalu bunda ditunggu resepnya ya congratulations from your old school friends
"""
WORDS = tuple(_WORDS.split())
ODD_TEXTS = (
    ".", "?!", "😍😍😍", "#promo #promo", "@a.b @c_d", "สวยมากเลยค่ะ", "とても可愛いですね", "𝓛𝓸𝓿𝓮 𝓲𝓽",
    "e\u0301\u0323\u0323", "ﷺﷺﷺ", "\u200d\ufe0f", "WA 0812-3456-7890 https://bit.ly/x", "....!!!???", "a" * 300,
    "مرحبا بالعالم الجميل جدا",
)  # fmt: skip


def creator(
    name: str,
    *,
    curve: Sequence[float] | None = None,
    days: Sequence[float] | None = None,
    followed: Sequence[float] | None = None,
    posts: Mapping[str, object] | None = None,
    comments: Mapping[str, object] | None = None,
    audience: Mapping[str, object] | None = None,
    start: pd.Timestamp = START,
    **profile: object,
) -> World:
    """Return one creator.

    Parameters
    ----------
    curve, days, followed
        Counts of followers, the day after ``start`` of each (default: daily), and the accounts followed on it.
    posts
        Columns of the posts table; ``day`` (days after ``start``, fractions allowed) becomes ``posted_at``; ``post_id``
        is made up where it is not given.
    comments
        Columns of the comments table; ``day`` becomes ``commented_at`` (NaN = unknown).
    audience
        Columns of the audience table; ``opened`` and ``day`` (days after ``start``) become ``created_on`` and
        ``sampled_on``.
    profile
        Columns of the creators table, such as ``followers``.
    """
    world = {"creators": pd.DataFrame([{"creator_id": name, "platform": "instagram", **profile}])}
    if curve is not None:
        at = np.arange(len(curve)) if days is None else np.asarray(days)
        history = {
            "creator_id": name,
            "observed_on": _time(start, at).floor("D"),
            "followers": np.asarray(curve, float),
        }
        if followed is not None:
            history["following"] = np.asarray(followed, float)
        world["follower_history"] = pd.DataFrame(history)
    for table, key, time, given in (
        ("posts", "post_id", "posted_at", posts),
        ("comments", "comment_id", "commented_at", comments),
    ):
        if given is not None:
            frame = pd.DataFrame(dict(given))
            frame.insert(0, "creator_id", name)
            if key not in frame:
                frame[key] = [f"{key[0]}{i}" for i in range(len(frame))]
            if "day" in frame:
                frame[time] = _time(start, frame.pop("day").to_numpy(float)).tz_localize("UTC")
            world[table] = frame
    if audience is not None:
        frame = pd.DataFrame(dict(audience))
        frame.insert(0, "creator_id", name)
        frame["account_id"] = [f"a{i}" for i in range(len(frame))]
        for given, column in (("opened", "created_on"), ("day", "sampled_on")):
            if given in frame:
                frame[column] = _time(start, frame.pop(given).to_numpy(float)).floor("D")
        world["audience"] = frame
    return world


def _time(start: pd.Timestamp, days: np.ndarray) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(start + pd.to_timedelta(days, unit="D")).round("s")


def join(*worlds: World) -> World:
    """Return one world with the creators of all, in this order."""
    names = dict.fromkeys(name for world in worlds for name in world)
    return {n: pd.concat([w[n] for w in worlds if n in w], ignore_index=True) for n in names}


def only(world: World, names: Sequence[str]) -> World:
    """Return the rows of some creators; a table stays there though nothing is left in it."""
    return {n: frame[frame["creator_id"].isin(list(names))].reset_index(drop=True) for n, frame in world.items()}


def shuffled(world: World, seed: int) -> World:
    """Return the same rows in another order, creators too."""
    rng = np.random.default_rng(seed)
    return {n: frame.iloc[rng.permutation(len(frame))].reset_index(drop=True) for n, frame in world.items()}


def checked(world: World) -> Tables:
    """Return the tables of a world, and fail if a row of it was set aside."""
    result = tables_from_frames(world)
    aside = {name: count.rows_in - len(getattr(result.tables, name)) for name, count in result.report.counts.items()}
    assert not any(aside.values()), f"rows set aside: {aside}"
    return result.tables


def features(world: World, as_of: object = None) -> pd.DataFrame:
    """Return the features of a world."""
    return build_features(checked(world), as_of)


def one(world: World, as_of: object = None) -> pd.Series:
    """Return the features of a world of one creator."""
    frame = features(world, as_of)
    assert len(frame) == 1
    return frame.iloc[0]


def organic_curve(days: int, rng: np.random.Generator, mean: float = 20.0, start: float = 5_000.0) -> np.ndarray:
    """Return daily counts with the uneven gains of an honest account (variance about 4 x mean^1.6)."""
    shape = mean**2 / (4.0 * mean**1.6)
    gains = np.round(rng.gamma(shape, mean / shape, days - 1)) - (rng.random(days - 1) < 0.05) * 3.0
    return start + np.concatenate([[0.0], np.cumsum(gains)])


def organic_posts(
    number: int, days: float, rng: np.random.Generator, middle: float = 300.0, spread: float = 0.5
) -> dict[str, object]:
    """Return posts whose likes, comments and views move together."""
    appeal = rng.normal(0.0, spread, number)
    likes = np.round(middle * np.exp(appeal))
    return {
        "post_id": [f"p{i}" for i in rng.permutation(number)],
        "day": np.sort(rng.uniform(0.0, days - 0.1, number)),
        "likes": likes,
        "comments_count": rng.poisson(0.03 * likes),
        "views": np.round(10.0 * middle * np.exp(appeal + rng.normal(0.0, 0.2, number))),
        "shares": rng.poisson(0.01 * likes),
        "saves": rng.poisson(0.02 * likes),
        "format": np.array(["image", "reel"])[np.arange(number) % 2],
        "is_sponsored": (np.arange(number) % 5 == 0).astype(float),
        "caption": [" ".join(rng.choice(WORDS, 6)) for _ in range(number)],
    }


def sentence(rng: np.random.Generator, words: int) -> str:
    """Return words drawn at random."""
    return " ".join(rng.choice(WORDS, words))


SHAPES = ("aaa000", "aaa", "AaaaAaaa", "Aaaa_aaa", "AaaaAaaa-a0a", "aaa.aaa00", "AaaAaaa", "aaa_000", "Aaaa_aaa00")
"""Shapes of handles, plain and elaborate; some have one outline."""


def with_shapes(comments: dict[str, object]) -> dict[str, object]:
    """Return comments with the shapes of their authors' handles; one author in eleven has none."""
    authors = [int(str(name)[1:]) for name in comments["author_id"]]  # type: ignore[attr-defined]
    return {**comments, "author_shape": [None if i % 11 == 0 else SHAPES[i * i % len(SHAPES)] for i in authors]}


def organic_comments(
    number: int, posts: Mapping[str, Sequence[float]], rng: np.random.Generator, authors: int = 60
) -> dict[str, object]:
    """Return comments of various lengths by various people some hours after the first twelve posts."""
    posted, keys = np.asarray(posts["day"]), np.asarray(posts["post_id"])
    under = np.sort(rng.integers(min(len(posted) - 4, 12), size=number)) if len(posted) > 4 else np.zeros(number, int)
    return {
        "text": [sentence(rng, int(rng.integers(1, 12))) for _ in range(number)],
        "post_id": keys[under],
        "day": posted[under] + rng.exponential(0.2, number).clip(0.001, 2.0),
        "author_id": [f"u{i}" for i in rng.integers(authors, size=number)],
        "likes": rng.poisson(0.5, number).astype(float),
        "parent_comment_id": [f"c{i - 1}" if i and rng.random() < 0.2 else None for i in range(number)],
        "by_creator": (rng.random(number) < 0.05).astype(float),
    }


def accounts(number: int, rng: np.random.Generator, *, sold: float = 0.05, dated: bool = True) -> dict[str, object]:
    """Return follower accounts, a share of them sold in one batch; looked at on 40 days in turn."""
    bought = np.arange(number) >= np.round((1 - sold) * number)
    drawn = np.where(bought[:, None], [0.5, 7.8, 3.0], [4.0, 6.4, 6.0]) + rng.normal(0, 1, (number, 3))
    posts, following, followers = np.floor(np.expm1(np.clip(drawn, 0, 8.9))).T
    columns = {
        "followers": followers,
        "following": following,
        "posts_count": posts,
        "has_picture": (rng.random(number) < np.where(bought, 0.7, 0.98)).astype(float),
        "is_private": (rng.random(number) < 0.2).astype(float),
        "bio_length": np.where(rng.random(number) < 0.6, rng.integers(1, 150, number), 0).astype(float),
        "username_length": rng.integers(5, 20, number).astype(float),
        "username_digits": np.where(bought, rng.integers(2, 5, number), rng.poisson(0.4, number)).astype(float),
        "day": 20.0 + np.arange(number) % 40,
    }
    if dated:
        place = rng.permutation(number).astype(float)
        opened = np.where(bought, -700.0, -1_500.0 + 1_400.0 * place / number - rng.exponential(500, number))
        columns |= {"follow_order": np.where(bought, number + np.arange(number), place), "opened": opened}
    return columns


def organic(
    name: str, seed: int = 0, *, days: int = 150, posts: int = 40, comments: int = 80, shapes: bool = False,
    **profile: object,
) -> World:  # fmt: skip
    """Return a creator with curve, posts and comments, and nothing bought."""
    rng = np.random.default_rng(seed)
    made = organic_posts(posts, days, rng)
    curve, followed = organic_curve(days, rng), np.round(400 + np.cumsum(rng.normal(0, 1, days)))
    said = organic_comments(comments, made, rng)
    return creator(
        name,
        curve=curve,
        followed=followed,
        posts=made,
        comments=with_shapes(said) if shapes else said,
        **{"language": "id", "following": 400.0, **profile},
    )


def crowd() -> World:
    """Return creators of many kinds, rich and poor, odd and plain; all rows lie before :data:`END`."""
    rng = np.random.default_rng(5)
    same = [organic(f"plain{i}", i, platform=p) for i, p in enumerate(("instagram", "tiktok", "youtube", "twitch"))]
    thin = organic_posts(9, 100.0, rng)
    sparse = {**organic_posts(30, 170.0, rng), "likes": np.where(np.arange(30) % 3, 250.0, np.nan)}
    tags = {"text": [f"@teman{i % 5} {sentence(np.random.default_rng(i), 5)}" for i in range(24)]}
    odd = {"text": list(ODD_TEXTS) * 2, "day": np.where(np.arange(30) % 4, 100.0 + np.arange(30), np.nan)}
    return join(
        *same,
        organic("long", 9, days=175, posts=100, comments=200, shapes=True),
        organic("shaped", 11, comments=150, platform="youtube", shapes=True),
        organic("uneven", 10, days=61, posts=7, comments=11, language="en"),
        creator("weekly", curve=organic_curve(25, rng), days=np.arange(25) * 7, posts=thin),
        creator("monthly", curve=organic_curve(7, rng), days=np.arange(7) * 25),
        creator("gaps", curve=organic_curve(60, rng), days=np.sort(rng.choice(170, 60, replace=False)), posts=sparse),
        creator("constant", curve=np.full(40, 1_000.0), posts={"day": np.arange(12) * 3, "likes": np.full(12, 50.0)}),
        creator(
            "steady", curve=100.0 + 3.0 * np.arange(47), posts={"day": np.arange(12) * 3, "views": np.full(12, 9e9)}
        ),
        creator("zeros", curve=np.zeros(20), posts={"day": np.arange(8), "likes": np.zeros(8), "comments_count": 0.0}),
        creator("huge", curve=1e10 - np.arange(30)[::-1] * 1e7, posts=organic_posts(20, 30.0, rng, 1e9)),
        creator("talk", comments=odd, curve=[10.0, 12.0], language="en"),
        creator("fans", audience=accounts(60, rng), followers=9_000.0),
        creator("bought", audience=accounts(130, rng, sold=0.4), curve=organic_curve(30, rng)),
        creator("undated", audience=accounts(90, rng, dated=False), posts=thin),
        creator("few", audience=accounts(12, rng), curve=organic_curve(30, rng)),
        creator(
            "listed",
            audience={"follow_order": np.arange(40.0), "opened": -900.0 + 9.0 * np.arange(40), "day": np.full(40, 9.0)},
        ),
        creator("tags", comments=tags, language="id"),
        creator("more_tags", comments=tags | {"day": 50.0 + np.arange(24)}),
        creator("profile", followers=None, following=120.0),
        creator("one", curve=[500.0], posts={"day": [3.0], "likes": [5.0]}, comments={"text": ["nice"], "day": [4.0]}),
    )


def change(world: World, table: str, column: str, edit: Callable[[pd.Series], object]) -> World:
    """Return a world with one column of one table replaced by what ``edit`` makes of it."""
    return {n: frame.assign(**{column: edit(frame[column])}) if n == table else frame for n, frame in world.items()}
