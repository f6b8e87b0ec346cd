"""How alike the comments are.

Likeness is a chance (two comments drawn at random are the same), so it does not grow with the size of the sample;
repeats count only among comments of four words or more, near twins only outside of wishes and prayers.
"""

from __future__ import annotations

import zlib

import numpy as np

from realreach.comment_text.likeness import exact_keys
from realreach.comment_text.words import mix
from realreach.features.blocks import not_known
from realreach.features.catalogue import Feature
from realreach.features.comments.section import (
    LONG_WORDS,
    MINIMUM_COMMENTS,
    NO_LONG,
    Section,
    chance,
    chance_across,
    codes_of,
    record,
)
from realreach.tables.core import FloatArray

__all__ = ["FEATURES", "compute"]

_TELLING = "fewer than 10 comments of four words or more, wishes aside"
_NEARBY_DAYS = 0.5 / 24.0
_SAMPLE_BYTES = 4_096
_LEAST_BYTES = 512

FEATURES: tuple[Feature, ...] = (
    record("repeats__all__chance", "log10 chance", "chance that two comments are the same", "peluang dua komentar sama", 1, None, 0, "T1"),
    record("long_repeats__all__chance", "log10 chance", "chance that two comments of four words or more are the same", "peluang dua komentar panjang sama", 1, None, 0, "T1", NO_LONG),
    record("long_repeats__all__share", "share of comments", "comments of four words or more that have a twin", "komentar panjang yang punya kembaran", 1, source="T1", missing=NO_LONG),
    record("templates__all__chance", "log10 chance", "chance that two longer comments fill the same template", "peluang dua komentar memakai pola yang sama", 1, None, 0, "T1", NO_LONG, monotone=True),
    record("templates__all__share", "share of comments", "longer comments that fill a template used twice", "komentar yang memakai pola berulang", 1, source="T1", missing=NO_LONG),
    record("templates__all__across_posts", "log10 chance", "chance that longer comments under two posts fill the same template", "peluang pola sama di bawah dua posting", 1, None, 0, "T1", NO_LONG),
    record("near_twins__all__chance", "log10 chance", "chance that two longer comments are nearly the same, wishes aside", "peluang dua komentar panjang hampir sama", 1, None, 0, "T1", _TELLING),
    record("near_twins__all__share", "share of comments", "longer comments that have a near twin, wishes aside", "komentar panjang yang punya kembaran dekat", 1, source="T1, NORMS 5", missing=_TELLING),
    record("near_twins__all__across_posts", "log10 chance", "chance that longer comments under two posts are nearly the same", "peluang komentar hampir sama di bawah dua posting", 1, None, 0, "T1", _TELLING),
    record("near_twins__all__within_post", "log10 chance", "chance that longer comments under one post are nearly the same", "peluang komentar hampir sama di bawah satu posting", 1, None, 0, "T1", _TELLING),
    record("near_twins__30min__share", "share of comments", "longer comments with a near twin by another account within half an hour", "komentar dengan kembaran dekat dari akun lain dalam setengah jam", 1, source="NORMS 4.4", missing="times not given, or " + _TELLING),
    record("vocabulary__all__chance", "log10 chance", "chance that two words are the same", "peluang dua kata sama", 1, None, 0, "T5"),
    record("phrases__all__chance", "log10 chance", "chance that two pairs of neighbouring words are the same", "peluang dua pasang kata sama", 1, None, 0, "T5", "fewer than 30 pairs of words"),
    record("compression__4kb__ratio", "ratio", "size of the comments after compression: repeated phrases shrink", "ukuran komentar setelah dimampatkan", -1, 0, None, "T5", "fewer than 512 bytes of comments"),
)  # fmt: skip


def compute(section: Section) -> dict[str, FloatArray]:
    """Return the likeness of every creator's comments."""
    return (
        _repeats(section) | _near(section) | _vocabulary(section) | {"compression__4kb__ratio": _compression(section)}
    )


def _repeats(section: Section) -> dict[str, FloatArray]:
    long = section.measures["words"] >= LONG_WORDS
    owner, n = section.owner, section.creators
    exact, template = codes_of(exact_keys(section.text)), section.templates
    out: dict[str, FloatArray] = {}
    out["repeats__all__chance"], _ = chance(owner, exact, n)
    out["long_repeats__all__chance"], out["long_repeats__all__share"] = chance(owner[long], exact[long], n)
    out["templates__all__chance"], out["templates__all__share"] = chance(owner[long], template[long], n)
    known = long & (section.post >= 0)
    out["templates__all__across_posts"], _ = chance_across(owner[known], template[known], section.post[known], n)
    return out


def _near(section: Section) -> dict[str, FloatArray]:
    rows = section.telling
    owner, n = section.owner, section.creators
    near = section.near
    out: dict[str, FloatArray] = {}
    out["near_twins__all__chance"], out["near_twins__all__share"] = chance(owner[rows], near[rows], n)
    known = rows & (section.post >= 0)
    across, within = chance_across(owner[known], near[known], section.post[known], n)
    out["near_twins__all__across_posts"], out["near_twins__all__within_post"] = across, within
    out["near_twins__30min__share"] = _together(section)
    return out


def _together(section: Section) -> FloatArray:
    """Return the share of telling comments with a near twin by another account within half an hour."""
    day = section.table.days("commented_at")
    rows = np.flatnonzero(section.telling & ~np.isnan(day))
    if len(rows) == 0:
        return not_known(section.creators)
    near = section.near
    # One comment of each account in a group, its first, so that the order of equal times makes no difference. Accounts
    # that are not known count as different ones.
    author = np.where(section.author[rows] >= 0, section.author[rows], section.author.max() + 1 + rows)
    rows = rows[np.lexsort((day[rows], author, near[rows]))]
    author = np.where(section.author[rows] >= 0, section.author[rows], section.author.max() + 1 + rows)
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (near[rows][1:] != near[rows][:-1]) | (author[1:] != author[:-1])
    rows = rows[first]
    rows = rows[np.lexsort((day[rows], near[rows]))]
    close = (near[rows][1:] == near[rows][:-1]) & (np.diff(day[rows]) <= _NEARBY_DAYS)
    twin = np.zeros(len(rows), dtype=bool)
    twin[1:] |= close
    twin[:-1] |= close
    hit = np.zeros(len(section.table))
    hit[rows] = twin
    return section.share_where(hit, section.telling & ~np.isnan(day))


def _vocabulary(section: Section) -> dict[str, FloatArray]:
    words = section.words
    text = words.owner
    keep = words.lengths >= 2
    owner = section.owner[text]
    out = {"vocabulary__all__chance": chance(owner[keep], codes_of(words.numbers[keep]), section.creators, least=30)[0]}
    pair = mix(words.numbers[:-1] * np.uint64(3) + words.numbers[1:])
    inside = text[1:] == text[:-1]
    out["phrases__all__chance"] = chance(owner[1:][inside], codes_of(pair[inside]), section.creators, least=30)[0]
    return out


def _compression(section: Section) -> FloatArray:
    """Return compressed over plain size of about 4 kB of longer comments, drawn by their content.

    Few bytes compress badly, so that the ratio is judged against sections of the same number of comments.
    """
    out = not_known(section.creators)
    plain = section.text.plain
    rows = np.flatnonzero(section.telling)
    key = exact_keys(section.text)[rows]
    rows = rows[np.lexsort((key, section.owner[rows]))]
    lengths = section.text.plain_points.lengths[rows] + 1
    before = np.cumsum(lengths) - lengths
    bounds = np.searchsorted(section.owner[rows], np.arange(section.creators + 1))
    first = before[np.minimum(bounds[:-1], max(len(rows) - 1, 0))] if len(rows) else np.zeros(section.creators)
    kept = before - first[section.owner[rows]] < _SAMPLE_BYTES if len(rows) else np.zeros(0, dtype=bool)
    for creator in np.flatnonzero(np.diff(bounds) >= MINIMUM_COMMENTS):
        part = rows[bounds[creator] : bounds[creator + 1]][kept[bounds[creator] : bounds[creator + 1]]]
        joined = "\n".join(plain.take(part).to_pylist()).encode()
        if len(joined) >= _LEAST_BYTES:
            out[creator] = len(zlib.compress(joined, 1)) / len(joined)
    return out
