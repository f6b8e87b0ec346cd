"""The whole family by compiled kernels (the extra ``fast``): three calls, and NumPy between them for logarithms.

What a number means stands in the parts (``wording``, ``alike``, ...), which compute the same numbers with NumPy alone:
equal to the last bit. Here the columns of all tables go into the kernels as they lie in memory.
"""

from __future__ import annotations

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from realreach.comment_text import likeness
from realreach.comment_text.codepoints import decode, encode
from realreach.comment_text.grouping import Strings, buffers_of
from realreach.comment_text.model import CommentModel, default_comment_model
from realreach.comment_text.normalise import TEXT_LIMIT, compatible, fold_maps
from realreach.comment_text.reading import listed_words
from realreach.compiled import frozen
from realreach.features.comments.alike import SAMPLE_SIGNS, compressed_shares
from realreach.features.comments.judged import LEVELS
from realreach.features.comments.people import in_handles
from realreach.features.comments.rows import CATALOGUE_ORDER, NAMES, ROWS
from realreach.features.comments.shapes import Comments
from realreach.features.comments.subject import places_of_languages
from realreach.features.view import View
from realreach.tables.core import FloatArray, IntArray, Table

__all__ = ["WHOLE", "compute_whole"]

WHOLE = "features.comments.whole_kernels"
"""The kernels that :func:`compute_whole` is given."""

_NOTHING = frozen(np.empty(0))
_NO_TIMES = frozen(np.empty(0, dtype=np.int64))
_MICROSECONDS = np.dtype("datetime64[us]")
_A_DAY = 86_400e6
_CHANCES = ROWS["people_chances"][1]
_COVERAGE, _COMPRESSION, _EAST = (ROWS[part][0] for part in ("coverage", "compression", "rhythm"))
_MOST = slice(ROWS["bursts"][0] + 1, ROWS["alike_bursts"][1], 2)
"""Every other row: shares stand between."""


def compute_whole(every: Table, view: View, kernels: ModuleType) -> tuple[FloatArray, Comments]:
    """Return the comment features of all creators of a view, a row for each, and what is known of comments by others.

    Parameters
    ----------
    every
        The view's comments, the creators' own answers among them.
    view
        The point-in-time view that they come from.
    kernels
        The compiled kernels.
    """
    n, posts, model = len(view), view.posts_table, view.comment_model or default_comment_model()
    own, texts = _column(every, "by_creator"), every.strings("text")
    captions = _no_texts() if posts is None else _strings(posts, "caption")
    *told, joined = kernels.read(frozen(every.starts), own, buffers_of(texts), captions, fold_maps()[0])
    if len(told[2][1]) == 0 or len(told[3][1]) == 0:
        # Bytes that are no UTF-8: mended, as NumPy reads them.
        mended = _mended(texts), _no_texts() if posts is None else _mended(posts.strings("caption"))
        *told, joined = kernels.read(frozen(every.starts), own, *mended, fold_maps()[0])
    starts = told[1]
    out = np.empty((len(NAMES), n))
    judge, reach, likelihood = _judge(model, n)
    # All bytes that may be drawn: no sign has more than four, and each creator's last text may reach beyond the sample.
    signs = len(told[2][0]) + len(told[0])
    room = np.empty(4 * min(signs, n * (SAMPLE_SIGNS + TEXT_LIMIT)), dtype=np.uint8)
    found, to_log, threads, ends, people, steps = kernels.tell(
        tuple(told), compatible(joined), _of_comments(every, own, view), _of_posts(posts, n), _known(), judge, out,
        likelihood, room,
    )  # fmt: skip
    kernels.weigh(starts, found, np.log(to_log), np.log1p(threads), np.exp(likelihood), reach, out)
    _finish(out, room, ends)
    return out[CATALOGUE_ORDER], Comments(told[0], starts, people, steps)


def _finish(out: FloatArray, room: npt.NDArray[np.uint8], ends: IntArray) -> None:
    """Take the logarithms of chances, and put in what Python makes."""
    np.log10(out[:_CHANCES], out=out[:_CHANCES])
    np.log(out[_COVERAGE], out=out[_COVERAGE])
    np.log1p(out[_MOST], out=out[_MOST])
    east, north, count = out[_EAST : _EAST + 3]
    out[_EAST] = np.minimum(np.hypot(east, north) / count, 1.0)
    out[_COMPRESSION] = compressed_shares(room.data, ends)


def _column(table: Table, name: str) -> FloatArray:
    return frozen(table.numbers(name)) if name in table else _NOTHING


def _times(table: Table | None, name: str) -> tuple[IntArray, float]:
    """Return a column of times as whole numbers, and how many of them make a day."""
    values = None if table is None else table.columns.get(name)
    if values is None:
        return _NO_TIMES, _A_DAY
    if values.dtype != _MICROSECONDS:
        values = values.astype(_MICROSECONDS)
    return frozen(values.view(np.int64)), _A_DAY


@cache
def _no_texts() -> Strings:
    return buffers_of(pa.array([], pa.large_string()))


def _strings(table: Table, name: str) -> Strings:
    return buffers_of(table.strings(name))


def _mended(texts: pa.Array) -> Strings:
    return buffers_of(encode(decode(texts)))


def _of_comments(every: Table, own: FloatArray, view: View) -> tuple[Any, ...]:
    names = ("post_id", "author_id", "parent_comment_id")
    columns = (_strings(every, name) for name in names)
    language = frozen(places_of_languages(view.tables.creators.strings("language")))
    times, a_day = _times(every, "commented_at")
    return frozen(every.starts), own, times, a_day, _column(every, "likes"), *columns, language


def _of_posts(posts: Table | None, creators: int) -> tuple[Any, ...]:
    times, a_day = _times(posts, "posted_at")
    if posts is None:
        return frozen(np.zeros(creators + 1, dtype=np.int64)), _no_texts(), times, a_day, _NOTHING
    counted = frozen(posts.numbers("comments_count"))
    return frozen(posts.starts), _strings(posts, "post_id"), times, a_day, counted


@cache
def _known() -> tuple[Any, ...]:
    log_lengths = frozen(np.log1p(np.arange(TEXT_LIMIT + 1, dtype=np.float64)))
    return fold_maps(), listed_words(), likeness.draws(), in_handles(), log_lengths


@cache
def _levels() -> FloatArray:
    return frozen(np.array([*LEVELS.values()]))


def _judge(model: CommentModel, creators: int) -> tuple[tuple[Any, ...], IntArray, FloatArray]:
    """Return what judges comments, the reach of the bag reference, and room for the likelihoods."""
    bags, empty = model.bags, _NOTHING.reshape(0, 0)
    edges, ratios = (_NOTHING, empty) if bags is None else (bags.edges, frozen(bags.log_likelihood))
    reach = _NO_TIMES.reshape(0, 0) if bags is None else frozen(bags.reach)
    judge = model.kernel_parts, model.sold_table, model.high, _levels(), edges, ratios
    return judge, reach, np.empty((0 if bags is None else creators, ratios.shape[1]))
