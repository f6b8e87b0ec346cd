"""How alike the comments are.

Likeness is a chance (two comments drawn at random are the same), so it does not grow with the size of the sample;
repeats count only among comments of four words or more, near twins only outside of wishes and prayers.
"""

from __future__ import annotations

import zlib

import numpy as np
import numpy.typing as npt

from realreach.comment_text.codepoints import CodePoints
from realreach.comment_text.grouping import packed
from realreach.features.blocks import not_known
from realreach.features.catalogue import Feature
from realreach.features.comments.pairs import LEAST_WORDS, across, chances, count_pairs, sums
from realreach.features.comments.section import MINIMUM_COMMENTS, NO_LONG, Section, record
from realreach.tables.core import FloatArray, IntArray

__all__ = ["FEATURES", "NEARBY_DAYS", "SAMPLE_SIGNS", "compressed_shares", "compute"]

_TELLING = "fewer than 10 comments of four words or more, wishes aside"
NEARBY_DAYS = 0.5 / 24.0
SAMPLE_SIGNS = 4_096
_LEAST_BYTES = 512
_SMALL_WINDOW, _FITS_SMALL_WINDOW = 13, (1 << 13) - 262
"""Bits of a window, and the bytes of which every match lies within its reach (zlib looks 262 bytes ahead)."""

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
    compression = {"compression__4kb__ratio": _compression(section)}
    return _pairs(section) | {"near_twins__30min__share": _together(section)} | compression


def _pairs(section: Section) -> dict[str, FloatArray]:
    """Return the chances that comments, words and phrases are equal, from counts of equal pairs."""
    starts, long, placed = section.table.starts, section.long, section.post
    every = np.ones(len(long), dtype=bool)
    comments = {
        "repeats__all": count_pairs(starts, section.exact, every),
        "long_repeats__all": count_pairs(starts, section.exact, long),
        "templates__all": count_pairs(starts, section.templates, long, placed),
        "near_twins__all": count_pairs(starts, section.near, section.telling, placed),
    }
    chance, share = chances(list(comments.values()), MINIMUM_COMMENTS)
    out = {f"{name}__chance": value for name, value in zip(comments, chance, strict=True)}
    out |= {f"{name}__share": value for name, value in zip(comments, share, strict=True) if name != "repeats__all"}
    apart, inside = across([comments["templates__all"], comments["near_twins__all"]], MINIMUM_COMMENTS)
    out["templates__all__across_posts"], out["near_twins__all__across_posts"] = apart
    out["near_twins__all__within_post"] = inside[1]
    words = section.word_pairs
    said, _ = chances([words.words, words.phrases], LEAST_WORDS)
    out["vocabulary__all__chance"], out["phrases__all__chance"] = said
    return out


def _together(section: Section) -> FloatArray:
    """Return the share of telling comments with a near twin by another account within half an hour."""
    day, near, people = section.day, section.near, section.people
    asked = section.telling & ~np.isnan(day)
    if not asked.any():
        return not_known(section.creators)
    rows = asked.nonzero()[0]
    rows = rows[np.bincount(near[rows], minlength=len(near))[near[rows]] > 1]
    # One comment of each account in a group, its first, so that the order of equal times makes no difference.
    rows = rows[np.lexsort((day[rows], people[rows], near[rows]))]
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (near[rows][1:] != near[rows][:-1]) | (people[rows][1:] != people[rows][:-1])
    rows = rows[first]
    rows = rows[np.lexsort((day[rows], near[rows]))]
    close = (near[rows][1:] == near[rows][:-1]) & (day[rows][1:] - day[rows][:-1] <= NEARBY_DAYS)
    twin = np.zeros(len(rows), dtype=bool)
    twin[1:] |= close
    twin[:-1] |= close
    hit = np.zeros(len(section.table))
    hit[rows] = twin
    return section.share_where(hit, asked)


def _compression(section: Section) -> FloatArray:
    """Return compressed over plain size of about 4 kB of longer comments, drawn by their content.

    Few bytes compress badly, so that the ratio is judged against sections of the same number of comments.
    """
    drawn = _drawn(section)
    return not_known(section.creators) if drawn is None else compressed_shares(*drawn)


def compressed_shares(data: memoryview, ends: IntArray) -> FloatArray:
    """Return compressed over plain size of bytes that stand creator after creator, a line feed behind each text."""
    out = not_known(len(ends) - 1)
    for creator in (ends[1:] - ends[:-1] > _LEAST_BYTES).nonzero()[0].tolist():
        joined = data[ends[creator] : ends[creator + 1] - 1]
        out[creator] = _compressed_size(joined) / len(joined)
    return out


def _drawn(section: Section) -> tuple[memoryview, IntArray] | None:
    """Return the bytes drawn of all creators, a line feed behind each text, and where each creator's begin and end."""
    points = section.text.plain_points
    enough = sums(section.telling, section.table.starts) >= MINIMUM_COMMENTS
    rows = (section.telling & enough[section.owner]).nonzero()[0]
    if len(rows) == 0:
        return None
    rows = rows[_by_content(packed(section.owner[rows], section.exact_keys[rows]))]
    lengths = points.lengths[rows] + 1
    before = lengths.cumsum() - lengths
    bounds = section.owner[rows].searchsorted(np.arange(section.creators + 1))
    first = before[np.minimum(bounds[:-1], len(rows) - 1)]
    rows = rows[before - first[section.owner[rows]] < SAMPLE_SIGNS]
    data, ends = _as_bytes(points, rows)
    of_creator = section.owner[rows].searchsorted(np.arange(section.creators + 1))
    return data, np.concatenate([[0], ends])[of_creator]


def _by_content(numbers: npt.NDArray[np.uint64]) -> IntArray:
    """Return the order by the numbers; equal ones keep theirs, which a fast sort alone does not see to."""
    order = numbers.argsort()
    ordered = numbers[order]
    return numbers.argsort(kind="stable") if (ordered[1:] == ordered[:-1]).any() else order


def _as_bytes(points: CodePoints, rows: IntArray) -> tuple[memoryview, IntArray]:
    """Return some texts in UTF-8, a line feed after each, and where each ends."""
    ends = (points.lengths[rows] + 1).cumsum()
    first = points.starts[rows]
    first[1:] -= ends[:-1]
    at = first.repeat(points.lengths[rows] + 1)
    at += np.arange(len(at))
    codes = points.codes.take(at, mode="clip")
    codes[ends - 1] = ord("\n")
    text = codes.astype("<u4", copy=False).tobytes().decode("utf-32-le").encode()
    if len(text) > len(codes):
        ends = (np.frombuffer(text, dtype=np.uint8) == ord("\n")).nonzero()[0] + 1
    return memoryview(text), ends


def _compressed_size(data: memoryview) -> int:
    """Return ``len(zlib.compress(data, 1))``; a window no larger than needed is set up in a third of the time."""
    window = _SMALL_WINDOW if len(data) <= _FITS_SMALL_WINDOW else zlib.MAX_WBITS
    packer = zlib.compressobj(1, zlib.DEFLATED, window)
    return len(packer.compress(data)) + len(packer.flush())
