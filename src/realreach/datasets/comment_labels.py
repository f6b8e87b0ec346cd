"""Public comments with labels, and organic ones without, for training and judging the comment model.

Each set becomes one frame of five text columns: ``text``; ``kind`` (``ordinary``, ``promotion``, ``generic_praise``,
``machine_written``; ``organic`` for unlabelled comments of ordinary audiences, which may hold a little that is sold);
``part`` (a set may consist of several that are judged apart); ``section`` (post, video or thread); ``source`` (name of
the set). Exact repeats within one label are left out, texts that carry both labels, too.
"""

from __future__ import annotations

import html
import itertools
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from realreach.datasets.adapter import Adapter, DatasetError
from realreach.datasets.reading import read_sources
from realreach.errors import InputError, UsageError

__all__ = ["CAMPAIGN", "COMMENT_SETS", "LICENSED", "ODD_LETTERS", "read_comment_set", "read_comment_sets"]

_NONE = "no licence stated: for your own models, do not publish the rows"
CAMPAIGN = "mbak4d2"
"""A gambling site that 35 comments by 34 accounts praise under two videos about gambling, all within 81 minutes."""
ODD_LETTERS = r"[\U0001D400-\U0001D7FF]"
"""What the bot comments under trending videos are known by: mathematical letters."""
_TAG = r"</?[a-z]{1,6}(?: [^<>]*)?>"
_SOLD_LABELS = frozenset(
    [
        "scam",
        "spam",
        "promo",
        "affiliate",
        "phishing",
        "recovery_scam",
        "lead_gen",
        "engagement_bait",
        "bot",
        "giveaway",
    ]
)
Convert = Callable[[Mapping[str, pd.DataFrame]], pd.DataFrame]


def _rows(frame: pd.DataFrame, kind: Any, part: str, section: Any) -> pd.DataFrame:
    out = pd.DataFrame({"text": frame["text"].fillna("")})
    return out.assign(kind=kind, part=part, section=section)


def _labelled(frame: pd.DataFrame, sold: str, part: str, section: Any) -> pd.DataFrame:
    return _rows(frame, frame["label"].map({0: "ordinary", 1: sold}), part, section)


def _youtube_spam(files: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    rows = files["youtube_spam_2015.csv"]
    # The collection stores some texts as HTML (line breaks, linked times and addresses), and a byte-order mark that
    # follows some of them. What people read is the text between the tags.
    shown = rows["text"].fillna("").str.replace(r"<br ?/?>", "\n", regex=True).str.replace(_TAG, "", regex=True)
    rows = rows.assign(text=shown.map(html.unescape).str.replace("\ufeff", ""))
    return _labelled(rows, "promotion", "youtube_spam", rows["video"])


def _celebs(files: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    rows, raw = files["labelled.csv"], files["raw_comments.parquet"]
    labelled = _labelled(rows, "promotion", "instagram_ads", rows["account"])
    spam = set(rows.loc[rows["label"] == 1, "text"])
    raw = raw[~raw["text"].isin(spam)]
    return pd.concat([labelled, _rows(raw, "organic", "instagram_organic", raw["post_id"])])


def _judol(files: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    return _labelled(files["judol_balanced.csv"], "promotion", "judol", "judol")


def _praise(files: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    rows = files["bot_praise_de.csv"]
    return _labelled(rows, "generic_praise", "bot_praise_de", rows["video_id"])


def _x_replies(files: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    posts, threads = files["posts_labelled.csv"], files["ai_reply_threads.csv"]
    labels = posts["labels"].fillna("").str.split("|").map(set)
    clean = labels.map(lambda names: "clean" in names and not names & _SOLD_LABELS)
    sold = labels.map(lambda names: "clean" not in names and bool(names & _SOLD_LABELS))
    replies = threads[threads["role"] == "ai_reply"]
    # That a reply begins with handles says nothing: posts do not.
    bare = replies.assign(text=replies["text"].fillna("").str.replace(r"^(?:@\w+\s+)+", "", regex=True))
    originals = threads[threads["role"] == "original_post"]
    return pd.concat(
        [
            _rows(posts[clean], "ordinary", "x_posts", "x_posts"),
            _rows(posts[sold], "promotion", "x_posts", "x_posts"),
            _rows(bare, "machine_written", "x_replies", bare["thread"].astype(str)),
            _rows(originals, "ordinary", "x_replies", originals["thread"].astype(str)),
        ]
    )


def _youtube_id(files: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    candidates = files["candidates_labelled.csv"]
    spam = set(candidates.loc[candidates["label"] == 1, "text"])
    trending, topic = files["trending.parquet"], files["gambling_topic.csv"]
    burst = trending["text"].fillna("").str.contains(ODD_LETTERS, regex=True) | trending["text"].isin(spam)
    bought = topic["text"].fillna("").str.contains(CAMPAIGN, case=False, regex=False)
    return pd.concat(
        [
            _labelled(candidates, "promotion", "youtube_id_candidates", candidates["video_id"]),
            _rows(trending[~burst], "organic", "youtube_id_trending", trending["video_id"][~burst]),
            _rows(topic[~bought], "organic", "youtube_id_gambling_topic", topic["video_id"][~bought]),
        ]
    )


def _youtube_en(files: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    rows = files["comments.parquet"]
    return _rows(rows, "organic", "youtube_en_2013", rows["video_id"])


def _adapter(name: str, title: str, source: str, licence: str, files: Mapping[str, Mapping[str, str]]) -> Adapter:
    return Adapter(
        name=name,
        title=title,
        source=source,
        licence=licence,
        obtain=f"copy these files of {source} into a folder of the name {name}",
        files=files,  # type: ignore[arg-type]
        tables=(),
        convert=lambda files, options: {},
        options={},
    )


_TEXT_LABEL = {"text": "text", "label": "number"}
_SETS: tuple[tuple[Adapter, Convert], ...] = (
    (
        _adapter(
            "comments_youtube_spam_2015",
            "YouTube Spam Collection (English)",
            "github.com/tuliocasagrande/youtube-spam-experiment",
            _NONE,
            {"youtube_spam_2015.csv": {"video": "text", **_TEXT_LABEL}},
        ),
        _youtube_spam,
    ),
    (
        _adapter(
            "comments_instagram_id_celebs",
            "advertising under posts of Indonesian celebrities",
            "github.com/jingwuk/Instagram-Spam-Comment-Detection",
            _NONE,
            {
                "labelled.csv": {"account": "text", **_TEXT_LABEL},
                "raw_comments.parquet": {"post_id": "text", "text": "text"},
            },
        ),
        _celebs,
    ),
    (
        _adapter(
            "comments_judol_id",
            "Indonesian gambling promotion",
            "github.com/akbaralfaidah/klasifikasi-komentar-judi-online-pada-tiktok-"
            "menggunakan-metode-long-short-term-memory",
            _NONE,
            {"judol_balanced.csv": _TEXT_LABEL},
        ),
        _judol,
    ),
    (
        _adapter(
            "comments_bot_praise_de",
            "praise bots under German videos",
            "github.com/CreepyNiki/youtube-bot-comment-detection",
            _NONE,
            {"bot_praise_de.csv": {"video_id": "text", **_TEXT_LABEL}},
        ),
        _praise,
    ),
    (
        _adapter(
            "comments_x_ai_replies_en",
            "spam posts and machine-written replies on X (English)",
            "github.com/janitrai/janitr",
            "MIT (c) 2026 Janitr",
            {
                "posts_labelled.csv": {"text": "text", "labels": "text"},
                "ai_reply_threads.csv": {"thread": "text", "role": "text", "text": "text"},
            },
        ),
        _x_replies,
    ),
    (
        _adapter(
            "comments_youtube_id_2025",
            "comments under Indonesian videos, some labelled",
            "github.com/ArganandaKresna/Judi-Online-Youtube-Commentary-Detection",
            _NONE,
            {
                "candidates_labelled.csv": {"video_id": "text", **_TEXT_LABEL},
                "trending.parquet": {"video_id": "text", "text": "text"},
                "gambling_topic.csv": {"video_id": "text", "text": "text"},
            },
        ),
        _youtube_id,
    ),
    (
        _adapter(
            "comments_youtube_en_2013",
            "comments under English videos of 2010-2013",
            "github.com/tuliocasagrande/youtube-spam-experiment, youtube-corpus",
            _NONE,
            {"comments.parquet": {"video_id": "text", "text": "text"}},
        ),
        _youtube_en,
    ),
)
_TEMPLATES = "comments_bot_templates"
COMMENT_SETS: tuple[str, ...] = (*(adapter.name for adapter, _ in _SETS), _TEMPLATES)
"""Names of the sets that can be read; each is a folder of this name."""

LICENSED: Mapping[str, str] = MappingProxyType(
    {
        "comments_x_ai_replies_en": "MIT License, Copyright (c) 2026 Janitr (github.com/janitrai/janitr)",
        _TEMPLATES: "comment list of instabot.py, MIT License, Copyright (c) instabot.py contributors "
        "(github.com/instabot-py/instabot.py)",
    }
)
"""Sets whose licence lets a model that was trained on them be passed on, with the notice to keep."""


def read_comment_set(
    name: str, folder: str | Path, *, only_licensed: bool = False, repeats: bool = False
) -> pd.DataFrame:
    """Read one set from a local copy.

    Parameters
    ----------
    name
        One of :data:`COMMENT_SETS`.
    folder
        The folder that holds its files.
    only_licensed
        Leave out the parts of the set whose licence does not allow to pass on what was trained on them.
    repeats
        Keep exact repeats of labelled comments (published figures count them).

    Returns
    -------
    DataFrame
        Columns ``text``, ``kind``, ``part``, ``section``, ``source``, all text; see the module.

    Raises
    ------
    UsageError
        If no set is called so.
    DatasetError
        If files or columns are missing or hold something else; the message names what, and where to get it.
    """
    path = Path(folder)
    if name == _TEMPLATES:
        rows = _read_templates(path, only_licensed=only_licensed)
    else:
        found = [pair for pair in _SETS if pair[0].name == name]
        if not found:
            raise UsageError(f"no comment set is called {name!r:.60}. Known: {', '.join(COMMENT_SETS)}.")
        adapter, convert = found[0]
        rows = convert(read_sources(adapter, path))
        if rows["kind"].isna().any():
            count = int(rows["kind"].isna().sum())
            raise DatasetError(f"{name}: column `label` holds {count} values that are neither 0 nor 1.")
    rows = rows.assign(source=name).astype(str)
    rows = rows[rows["text"].str.strip() != ""]
    key = rows["text"].str.lower().str.split().str.join(" ")
    labelled = rows["kind"] != "organic"
    kinds = rows["kind"].where(labelled).groupby([rows["part"], key]).transform("nunique")
    repeated = pd.DataFrame({"part": rows["part"], "key": key, "kind": rows["kind"]}).duplicated()
    # Repeats of organic comments stay: that they repeat is how audiences write.
    return rows[(kinds <= 1) & ~(repeated & labelled & (not repeats))].reset_index(drop=True)


def read_comment_sets(datasets: str | Path, *, only_licensed: bool = False) -> dict[str, pd.DataFrame]:
    """Read every set that has a folder in ``datasets``, by name.

    Raises
    ------
    InputError
        If the folder is missing, or holds none of the sets.
    DatasetError
        If a set that is there cannot be read.
    """
    base = Path(datasets)
    if not base.is_dir():
        raise InputError(f"{base}: no such folder. Name the folder that holds one folder per comment set.")
    wanted = [name for name in COMMENT_SETS if not only_licensed or name in LICENSED]
    there = [name for name in wanted if (base / name).is_dir()]
    if not there:
        raise InputError(f"{base.name}: holds none of the comment sets {', '.join(wanted)}.")
    return {name: read_comment_set(name, base / name, only_licensed=only_licensed) for name in there}


def _read_templates(folder: Path, *, only_licensed: bool) -> pd.DataFrame:
    """Fill the slots of programs' default comment lists; those without a stated free licence only where allowed."""
    path = folder / "templates.json"
    expected = "Expected `templates.json`: an object of lists, `instabot_py_default` among them."
    try:
        lists = json.loads(path.read_text("utf-8"))
        slots = lists["instabot_py_default"]
        texts = [" ".join(words[:-1]) + words[-1] for words in itertools.product(*slots)]
        others = [] if only_licensed else [list(map(str, v)) for k, v in lists.items() if isinstance(v[0], str)]
    except OSError as err:
        raise DatasetError(f"{_TEMPLATES}: `templates.json` cannot be read. {expected}") from err
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as err:
        raise DatasetError(f"{_TEMPLATES}: `templates.json` holds something else. {expected}") from err
    # One in nine, evenly over all slots, is enough of one template.
    frame = pd.DataFrame({"text": texts[::9] + [text.replace("{}", "someone") for group in others for text in group]})
    return _rows(frame, "generic_praise", "bot_templates", "bot_templates")
