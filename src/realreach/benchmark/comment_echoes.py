"""Comments that are judged together, as a creator's section is: what they share among themselves, without any label."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from realreach.benchmark.comment_bursts import read_rows
from realreach.benchmark.result import Figure, Result
from realreach.comment_text.echoes import echoes, given_out_anew, in_section, standing
from realreach.comment_text.model import default_comment_model
from realreach.comment_text.normalise import normalise
from realreach.datasets.comment_labels import CAMPAIGN, ODD_LETTERS
from realreach.tables.core import FloatArray, IntArray

__all__ = ["UNLABELLED", "campaign_lines", "scored_together", "seen_together"]

UNLABELLED = "; the judged comments are seen together, without labels"
"""How the names of lines end where the judged comments are scored as one section."""
_ECHO = 0.5
"""How much the echo of the judged comments counts beside a model that knows their set."""
_REAL = "comments_youtube_id_2025"
_FEWEST = 10
"""Fewest comments that make a campaign."""


def scored_together(texts: npt.NDArray[Any], p: FloatArray, size: int | None = None) -> FloatArray:
    """Return the probabilities of comments that are judged as one section, or as sections of ``size`` in order."""
    return in_section(p, _normalised(texts), np.arange(0, len(p) + 1, size or max(len(p), 1)))


def seen_together(texts: npt.NDArray[Any], fold: IntArray, margin: FloatArray) -> FloatArray:
    """Return the margins of each fold, given out anew by what its comments share with those that are called sold.

    As :func:`realreach.comment_text.echoes.in_section`, but with a model that knows the set: what it calls sold (margin
    0 or more) is suspected, all else is trusted.

    Examples
    --------
    >>> texts = np.array(["cek profil kami", "profil kami murah", "lucu banget", "lucu sekali"], dtype=object)
    >>> seen_together(texts, np.zeros(4, dtype=np.int64), np.array([2.0, -0.1, -0.05, -3.0])).tolist()
    [2.0, -0.05, -0.1, -3.0]
    """
    out = np.empty(len(margin))
    for number in np.unique(fold):
        rows = np.flatnonzero(fold == number)
        own = margin[rows]
        echo = standing(echoes(_normalised(texts[rows]), own >= 0.0, own < 0.0))
        out[rows] = given_out_anew(own, own / max(float(np.abs(own).mean()), 1e-12) + _ECHO * echo)
    return out


def campaign_lines(datasets: Path) -> Iterator[Result]:
    """Yield how well the shipped model tells known campaigns from the other comments of the same real videos.

    Raises
    ------
    InputError
        If the set lacks a file or a column.
    """
    from sklearn.metrics import roc_auc_score

    folder = datasets / _REAL
    if not folder.is_dir():
        return
    videos = list(_videos_with_campaigns(folder))
    if not videos:
        return
    known = sum(int(sold.sum()) for _, sold in videos)
    model = default_comment_model()
    for together in (False, True):
        ranks, hits = [], 0
        for texts, sold in videos:
            text = _normalised(texts)
            p = model.sold(text)
            p = in_section(p, text, np.array([0, len(p)])) if together else p
            ranks.append(float(roc_auc_score(sold, p)))
            hits += int(sold[np.argsort(-p, kind="stable")[: int(sold.sum())]].sum())
        yield Result(
            _REAL, "which comments of real videos are of a known campaign", "zero-shot",
            "shipped comment model" + (UNLABELLED if together else ""), sum(len(sold) for _, sold in videos), known,
            {"roc_auc_within_video": Figure(float(np.mean(ranks))), "found_among_as_many": Figure(hits / known)},
            f"{len(videos)} videos with {_FEWEST} known comments or more",
        )  # fmt: skip


def _videos_with_campaigns(folder: Path) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]]:
    """Yield the comments of each video that holds a known campaign, and which are of it."""
    for file, mark in (("trending.parquet", ODD_LETTERS), ("gambling_topic.csv", f"(?i){CAMPAIGN}")):
        rows = read_rows(folder / file)
        for _, video in rows.assign(text=rows["text"].fillna("")).groupby("video_id", sort=True):
            sold = video["text"].str.contains(mark, regex=True).to_numpy(dtype=bool)
            if sold.sum() >= _FEWEST:
                yield video["text"].to_numpy(dtype=object), sold


def _normalised(texts: npt.NDArray[Any]) -> Any:
    return normalise(pa.array(texts.tolist(), pa.large_string()))
