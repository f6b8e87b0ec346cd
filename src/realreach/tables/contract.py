"""What the six input tables hold: the declarations from which checks, data dictionary and JSON schema are made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

__all__ = [
    "ACCOUNT_COLUMNS",
    "CONTRACTS",
    "HANDLE_SIGNS",
    "LONGEST_SHAPE",
    "SCHEMA_VERSION",
    "Column",
    "Kind",
    "TableContract",
]

SCHEMA_VERSION = "1.2"
"""Version of these declarations: same major is read, a newer minor warns, a newer major is refused."""

Kind = Literal["id", "category", "text", "count", "number", "flag", "date", "instant"]


@dataclass(frozen=True)
class Column:
    """One column: what it means, what it may hold, and whether its values are private.

    ``kind`` says how a value is read: ``id`` (kept as text, unchanged), ``category`` (short lower-case token),
    ``text`` (free text), ``count`` (whole number), ``number``, ``flag`` (0/1), ``date`` (UTC day) or ``instant``
    (UTC time). ``minimum`` and ``maximum`` are inclusive. ``pattern`` is what a whole category must be, ``without``
    what must stand nowhere in it; ``cased`` ones are read as written, not in lower case. Unknown is null and is never
    read as zero.
    """

    name: str
    kind: Kind
    description: str
    required: bool = False
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    without: str | None = None
    cased: bool = False
    private: bool = False


@dataclass(frozen=True)
class TableContract:
    """One table: its columns, its key, and the column its rows are ordered by in time (if any)."""

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    time: str | None = None

    @property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by name."""
        return MappingProxyType({column.name: column for column in self.columns})


def _id(name: str, description: str, *, required: bool = False) -> Column:
    return Column(name, "id", description, required=required, private=True)


def _count(name: str, description: str, *, required: bool = False, maximum: float = 1e13) -> Column:
    return Column(name, "count", description, required=required, unit="count", minimum=0, maximum=maximum)


_FOLLOWERS_MAX = 1e10
_TOKEN = r"[a-z0-9][a-z0-9_\-]{0,31}"  # noqa: S105 - a short lower-case word

HANDLE_SIGNS = "Aa0._-*"
"""What the shape of a handle is made of (:func:`realreach.tables.handles.handle_shape`)."""
LONGEST_SHAPE = 24
"""Signs of a shape: what comes after tells little, and much would tell handles apart."""

_CREATORS = TableContract(
    "creators",
    "One row per creator to be judged. The only table that must be there.",
    ("creator_id",),
    (
        _id("creator_id", "Your own key of the creator; kept as text, never interpreted.", required=True),
        Column(
            "platform",
            "category",
            "Where the account lives: `instagram`, `tiktok`, `youtube`; any other word is judged as `other`.",
            required=True,
            pattern=_TOKEN,
        ),
        _count("followers", "Followers on the day of the decision.", maximum=_FOLLOWERS_MAX),
        _count("following", "Accounts followed on the day of the decision.", maximum=_FOLLOWERS_MAX),
        _count("posts_count", "All posts ever made, as the profile shows it.", maximum=1e9),
        Column("is_verified", "flag", "1 where the platform has verified the account."),
        Column("category", "text", "Niche, in your own words."),
        Column("country", "category", "ISO 3166 code of the creator's country, two letters.", pattern=r"[a-z]{2}"),
        Column(
            "language", "category", "ISO 639 code of the main language, such as `id` or `en`.", pattern=r"[a-z]{2,3}"
        ),
        Column("joined_on", "date", "Day on which the account was opened."),
        Column("price_per_post", "number", "Price asked for one post.", unit="currency", minimum=0, maximum=1e12),
        Column("currency", "category", "ISO 4217 code of the price.", pattern=r"[a-z]{3}"),
    ),
)

_FOLLOWER_HISTORY = TableContract(
    "follower_history",
    "Follower counts by day. Missing, irregular and unsorted days are normal; monthly curves too. Of several counts on "
    "one day with different times the last is kept.",
    ("creator_id", "observed_on"),
    (
        _id("creator_id", "Whose curve.", required=True),
        Column("observed_on", "date", "UTC day of the count; a time of day is accepted and cut off.", required=True),
        _count("followers", "Followers at that moment.", required=True, maximum=_FOLLOWERS_MAX),
        _count("following", "Accounts followed at that moment.", maximum=_FOLLOWERS_MAX),
        _count("posts_count", "All posts at that moment.", maximum=1e9),
    ),
    time="observed_on",
)

_POSTS = TableContract(
    "posts",
    "Posts with their counts as collected. Hidden likes are null, not zero.",
    ("creator_id", "post_id"),
    (
        _id("creator_id", "Who posted.", required=True),
        _id("post_id", "Your key of the post.", required=True),
        Column("posted_at", "instant", "When it was posted, with a UTC offset.", required=True),
        _count("likes", "Likes as collected."),
        _count("comments_count", "Comments as the platform counts them."),
        _count("views", "Views or plays, where the platform shows them."),
        _count("shares", "Shares."),
        _count("saves", "Saves."),
        Column(
            "format",
            "category",
            "`image`, `carousel`, `video`, `reel`, `short`, `live`, `text`, ...; `total` for one row that sums posts.",
            pattern=_TOKEN,
        ),
        Column("caption", "text", "Caption or title.", private=True),
        Column("is_sponsored", "flag", "1 where the post is marked as paid partnership."),
        Column("likes_hidden", "flag", "1 where the creator hides likes."),
    ),
    time="posted_at",
)

_COMMENTS = TableContract(
    "comments",
    "Comments under the creator's posts; a sample is enough.",
    ("creator_id", "comment_id"),
    (
        _id("creator_id", "Under whose post.", required=True),
        _id("comment_id", "Your key of the comment.", required=True),
        Column(
            "text", "text", "The comment; longer texts are cut at the limit and counted.", required=True, private=True
        ),
        _id("post_id", "Under which post; null if unknown."),
        Column("commented_at", "instant", "When, with a UTC offset."),
        _id("author_id", "Pseudonym of the author, stable over the creator's posts."),
        _count("likes", "Likes of the comment."),
        _id("parent_comment_id", "The comment answered, if it is a reply."),
        Column("by_creator", "flag", "1 where the creator wrote it."),
        Column(
            "author_shape",
            "category",
            "Shape of the author's handle, never the handle: `A` and `a` for letters, `0` for digits, `.`, `_`, `-`, "
            "`*` for all else, at most three of a run, such as `Aaaa_000` (`realreach.handle_shape` makes it)",
            pattern=f"[{re.escape(HANDLE_SIGNS)}]{{1,{LONGEST_SHAPE}}}",
            without="|".join(re.escape(sign) + "{4}" for sign in HANDLE_SIGNS),
            cased=True,
            private=True,
        ),
    ),
    time="commented_at",
)

_AUDIENCE = TableContract(
    "audience",
    "A sample of the creator's follower accounts, drawn at random; thirty are the fewest that are judged.",
    ("creator_id", "account_id"),
    (
        _id("creator_id", "Whose audience.", required=True),
        _id("account_id", "Pseudonym of the account.", required=True),
        _count("followers", "Followers of the account.", maximum=_FOLLOWERS_MAX),
        _count("following", "Accounts it follows.", maximum=_FOLLOWERS_MAX),
        _count("posts_count", "Its posts.", maximum=1e9),
        Column("has_picture", "flag", "1 with a profile picture."),
        Column("is_private", "flag", "1 if private."),
        _count("bio_length", "Characters of its bio.", maximum=1e6),
        _count("username_length", "Characters of its user name.", maximum=1e4),
        _count("username_digits", "Digits in its user name.", maximum=1e4),
        _count("follow_order", "Place in the order of following: 0 = the first follower.", maximum=_FOLLOWERS_MAX),
        Column("created_on", "date", "Day on which the account was opened."),
        Column("sampled_on", "date", "Day on which the account was looked at."),
    ),
    time="sampled_on",
)

ACCOUNT_COLUMNS = (
    "followers",
    "following",
    "posts_count",
    "has_picture",
    "is_private",
    "bio_length",
    "username_length",
    "username_digits",
)
"""Columns of the ``audience`` table that say something about an account by itself."""

_LABELS = TableContract(
    "labels",
    "What is known to be true, for training and evaluation only.",
    ("creator_id",),
    (
        _id("creator_id", "Whose label.", required=True),
        Column("is_fake", "flag", "1 if the creator's engagement was bought or automated.", required=True),
        Column("as_of", "date", "Day of the decision that the label speaks of; later rows are not read."),
        Column("mechanisms", "text", "Codes of the mechanisms, separated by `+`."),
        Column("purchased_share", "number", "Share of followers that was bought.", unit="share", minimum=0, maximum=1),
        Column(
            "purchased_engagement_share",
            "number",
            "Share of likes and comments that was bought, of the posts given.",
            unit="share",
            minimum=0,
            maximum=1,
        ),
        Column("label_source", "category", "Where the label comes from.", pattern=r"[a-z0-9][a-z0-9_\-]{0,63}"),
        Column("weight", "number", "Weight of the row in training.", minimum=0, maximum=1e6),
        Column(
            "group_id",
            "id",
            "Creators that must never be split (same owner, seller or simulator family).",
            private=True,
        ),
    ),
)

CONTRACTS: Mapping[str, TableContract] = MappingProxyType(
    {c.name: c for c in (_CREATORS, _FOLLOWER_HISTORY, _POSTS, _COMMENTS, _AUDIENCE, _LABELS)}
)
"""The six tables by name, in reading order."""
