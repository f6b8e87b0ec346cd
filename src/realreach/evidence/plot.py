"""The evidence as one picture: the curve with its windows, the posts, the comments. matplotlib is needed here only."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from realreach.evidence.explanation import Explanation
from realreach.features.view import View
from realreach.reasons.measures import number
from realreach.tables.core import FloatArray, Tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_explanation"]

_COLOURS = {"unexplained": "#c0392b", "partly": "#d9902f", "explained": "#3f7f5f"}
_HATCHES = {"unexplained": "////", "partly": "...", "explained": ""}
_GREY = "#5b6570"
_MOST_LINES = 6

_WORDS = {
    "en": {
        "title": "Creator {id} on {day}: authenticity {score}", "followers": "followers", "posts": "likes, views of a post",
        "comments": "comments a day", "likes": "likes", "views": "views", "marked": "carries a reason", "no_curve": "no follower history",
        "no_posts": "no posts", "no_comments": "no dated comments", "unexplained": "not explained", "partly": "partly explained",
        "explained": "explained",
    },
    "id": {
        "title": "Kreator {id} pada {day}: keaslian {score}", "followers": "pengikut", "posts": "suka, tayangan posting",
        "comments": "komentar per hari", "likes": "suka", "views": "tayangan", "marked": "membawa alasan", "no_curve": "tidak ada riwayat pengikut",
        "no_posts": "tidak ada posting", "no_comments": "tidak ada komentar bertanggal", "unexplained": "tidak terjelaskan",
        "partly": "terjelaskan sebagian", "explained": "terjelaskan",
    },
}  # fmt: skip


def plot_explanation(explanation: Explanation, tables: Tables, target: str | Path | Any) -> None:
    """Draw one explanation as a PNG.

    Parameters
    ----------
    explanation
        What :func:`realreach.evidence.explain` returned.
    tables
        The tables it was made from.
    target
        A path, or an open binary file.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    view = View(tables.select([explanation.creator_id]), np.array([_day_number(explanation.as_of)]))
    words = _WORDS[explanation.language]
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(9.0, 8.0), layout="constrained")
        FigureCanvasAgg(figure)
        curve, posts, comments = figure.subplots(3, 1, sharex=True, height_ratios=(2.2, 1.5, 1.0))
        score = (
            "-"
            if explanation.authenticity is None
            else number(round(explanation.authenticity, 1), explanation.language)
        )
        title = words["title"].format(id=explanation.creator_id, day=explanation.as_of, score=score)
        figure.suptitle(_safe(title), parse_math=False)
        _curve(curve, view, explanation, words)
        _posts(posts, view, explanation, words)
        _comments(comments, view, explanation, words)
        figure.supxlabel(_legend_of_windows(explanation, words), x=0.02, ha="left", fontsize=8, parse_math=False)
        figure.savefig(target, format="png", dpi=130, metadata={"Software": None})


def _legend_of_windows(e: Explanation, words: dict[str, str]) -> str:
    """Return one line for each of the largest windows: its number, followers gained, verdict, and what explains it."""
    largest = sorted(range(len(e.windows)), key=lambda i: -e.windows[i].share)[:_MOST_LINES]
    lines = []
    for i in sorted(largest):
        w = e.windows[i]
        seen = ", ".join(x.words for x in w.explanations[:2])
        told = f"{words[w.verdict]}{': ' if seen else ''}{seen}"
        lines.append(
            _safe(f"{i + 1}.  {w.start} - {w.end}: {number(w.gained, e.language)} {words['followers']}; {told}", 150)
        )
    return "\n".join(lines)


def _safe(text: str, longest: int = 90) -> str:
    """Return text without control characters, at most so long; dollar signs are shown as they are (no formulas)."""
    # Letters that the font may lack would only warn and draw boxes.
    return "".join(c if c.isprintable() and ord(c) < 0x250 else "?" for c in text)[:longest]


def _day_number(day: str) -> float:
    return float(np.datetime64(day, "D").astype(np.int64))


def _dates(days: FloatArray) -> np.ndarray:
    return np.array(np.floor(days * 86_400.0), dtype="datetime64[s]")


def _curve(axes: Axes, view: View, e: Explanation, words: dict[str, str]) -> None:
    """Draw the follower curve with its windows, numbered as in the text."""
    axes.set_ylabel(words["followers"])
    if view.history is None or len(view.history.columns["day"]) == 0:
        _nothing(axes, words["no_curve"])
        return
    day, level = view.history.columns["day"], view.history.columns["followers"]
    axes.plot(_dates(day), level, color="#1f4e79", linewidth=1.4, marker="." if len(day) < 80 else None, markersize=4)
    axes.yaxis.set_major_formatter(lambda value, _: number(value, e.language))
    seen = set()
    for place, window in enumerate(e.windows, 1):
        ends = _dates(np.array([_day_number(window.start), _day_number(window.end)]))
        label = None if window.verdict in seen else words[window.verdict]
        seen.add(window.verdict)
        colour = _COLOURS[window.verdict]
        axes.axvspan(
            ends[0], ends[1], color=colour, alpha=0.25, hatch=_HATCHES[window.verdict], label=label, linewidth=0
        )
        axes.annotate(
            str(place), (ends[0] + (ends[1] - ends[0]) / 2, 1.0), xycoords=("data", "axes fraction"), ha="center",
            va="bottom", color=colour, fontweight="bold", parse_math=False,
        )  # fmt: skip
    if seen:
        axes.legend(loc="upper left", frameon=False)


def _posts(axes: Axes, view: View, e: Explanation, words: dict[str, str]) -> None:
    """Draw likes and views of the posts inside the picture's days; posts that carry a reason are ringed."""
    axes.set_ylabel(words["posts"])
    table = view.posts_table
    if table is None or len(table) == 0:
        _nothing(axes, words["no_posts"])
        return
    day = table.days("posted_at")
    near = day >= _first_day(view, day)
    for name, marker, colour in (("likes", "o", "#1f4e79"), ("views", "^", "#9aa7b5")):
        values = table.numbers(name)
        shown = near & ~np.isnan(values)
        if shown.any():
            axes.scatter(
                _dates(day[shown]), np.maximum(values[shown], 0.8), s=16, marker=marker, color=colour, label=words[name]
            )
    marked = {p.post_id for proof in e.evidence for p in proof.posts}
    rows = np.array([key in marked for key in table.strings("post_id").to_pylist()], dtype=bool)
    likes = np.fmax(table.numbers("likes"), 0.8)
    ringed = rows & near & ~np.isnan(likes)
    if ringed.any():
        axes.scatter(
            _dates(day[ringed]), likes[ringed], s=80, facecolors="none", edgecolors="#c0392b", label=words["marked"]
        )
    axes.set_yscale("log")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", frameon=False, ncols=3)


def _first_day(view: View, day: FloatArray) -> float:
    """Return where the picture begins: at the curve's first count, at least half a year before the last row."""
    begin = float(view.as_of[0]) - 183.0
    if view.history is not None and len(view.history.columns["day"]):
        begin = min(begin, float(view.history.columns["day"][0]))
    return begin if (day >= begin).any() else float(np.nanmin(day))


def _comments(axes: Axes, view: View, e: Explanation, words: dict[str, str]) -> None:
    """Draw comments a day, those that carry a reason on top of each other with the rest."""
    axes.set_ylabel(words["comments"])
    table = view.comments_table
    day = np.empty(0) if table is None else table.days("commented_at")
    if table is None or np.isnan(day).all():
        _nothing(axes, words["no_comments"])
        return
    near = ~np.isnan(day) & (day >= _first_day(view, day))
    marked = {c.comment_id for proof in e.evidence for c in proof.comments}
    rows = np.array([key in marked for key in table.strings("comment_id").to_pylist()], dtype=bool)
    first, last = np.floor(day[near].min()), np.floor(day[near].max())
    bins = np.arange(first, last + 2)
    every, own = (np.histogram(day[keep], bins)[0] for keep in (near, near & rows))
    axes.bar(_dates(bins[:-1]), every, width=1.0, color="#9aa7b5", align="edge")
    if own.any():
        axes.bar(_dates(bins[:-1]), own, width=1.0, color="#c0392b", align="edge", label=words["marked"], hatch="////")
        axes.legend(loc="upper left", frameon=False)


def _nothing(axes: Axes, words: str) -> None:
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=_GREY)
    axes.set_yticks([])
