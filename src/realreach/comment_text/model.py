"""The comment model: how likely a comment is sold or automated, and of which kind; whole numbers and sums, no text.

A comment's margin is ``bias + style + tokens / sqrt(n_tokens) + characters / sqrt(n_characters)``: sums of whole-number
weights over style bins (:mod:`realreach.comment_text.style`) and hashed pieces (:mod:`realreach.comment_text.hashing`),
cut down to steps of 1/64 logit. Probabilities are read from tables of these steps. So a score is the same to the last
bit for a comment alone or in a crowd, in any order, and in any implementation that sums whole numbers.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from realreach.comment_text.bags import BagReference
from realreach.comment_text.hashing import read_points, tokens, weighted_sums
from realreach.comment_text.normalise import Normalised, normalise
from realreach.comment_text.style import STYLE_SIZE, style_sums
from realreach.comment_text.traits import table
from realreach.compiled import frozen, kernels_for
from realreach.errors import ModelError
from realreach.lazy import cached_property
from realreach.tables.core import FloatArray, IntArray

__all__ = ["KINDS", "CommentModel", "Verdict", "default_comment_model", "read_comment_model", "stepped"]

KINDS = ("ordinary", "promotion", "generic_praise", "machine_written")
"""What a comment may be; all but the first are sold or automated."""

STEPS = 64
"""Steps of the probability tables to one logit."""
REACH = 24 * STEPS
_FORMAT = 1
_CHUNK = 4096


@dataclass(frozen=True)
class Verdict:
    """Codes of :meth:`CommentModel.called`: ordinary, unsure, sold."""

    ordinary: int = -1
    unsure: int = 0
    sold: int = 1


def _frozen(values: Any, dtype: type) -> npt.NDArray[Any]:
    out: npt.NDArray[Any] = np.array(values, dtype=dtype)
    out.setflags(write=False)
    return out


@dataclass(frozen=True, eq=False)
class CommentModel:
    """A linear model over hashed n-grams and style bins, with calibration, thresholds and a bag reference.

    Parameters
    ----------
    bits
        The number of buckets is ``2 ** bits``.
    scale
        Weight units to one logit.
    grams
        Weights of the buckets, shape (4, 2**bits): sold against ordinary, then one margin for each sold kind.
    style
        Weights of the style bins, shape (4, STYLE_SIZE).
    bias
        Weight units added to every comment, by head.
    slope, offset
        Calibration: ``P(sold) = 1 / (1 + exp(-(slope * margin + offset)))`` with the first head's margin in logits.
    low, high
        Thresholds on the probability: below ``low`` a comment is called ordinary, from ``high`` on sold, between them
        the model abstains.
    bags
        What organic and sold comments score, for the test of whole sections; None if not known.
    facts
        Where the model comes from: names, counts, digests. No text of comments.
    """

    bits: int
    scale: int
    grams: npt.NDArray[np.int32]
    style: npt.NDArray[np.int32]
    bias: npt.NDArray[np.int64]
    slope: float
    offset: float
    low: float
    high: float
    bags: BagReference | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        heads = len(KINDS)
        shapes = {"grams": (heads, 1 << self.bits), "style": (heads, STYLE_SIZE), "bias": (heads,)}
        for name, want in shapes.items():
            value = _frozen(getattr(self, name), np.int64 if name == "bias" else np.int32)
            if value.shape != want:
                raise ModelError(f"comment model: {name} must have the shape {want}, got {value.shape}.")
            object.__setattr__(self, name, value)
        if not (0.0 <= self.low <= self.high <= 1.0 and self.slope > 0.0 and self.scale > 0):
            raise ModelError("comment model: needs 0 <= low <= high <= 1, a slope and a scale above 0.")

    def margins(self, comments: Normalised, heads: int = len(KINDS)) -> FloatArray:
        """Return the margins in weight units, shape (n, heads); every number is exact or rounded once.

        ``heads`` is 1 for the margin of sold against ordinary alone, which costs less than all four.
        """
        out = np.empty((len(comments), heads))
        if (compiled := kernels_for(len(comments))) is not None:
            forms = (comments.raw_points, comments.folded_points, comments.plain_points)
            flat = [part for points in forms for part in (frozen(points.codes), frozen(points.starts))]
            compiled.score_comments(
                *flat, frozen(comments.odd_letters), table(), self.grams, self.bits, self.style, self.bias, out
            )
            return out
        for start in range(0, len(comments), _CHUNK):
            part = comments.part(start, start + _CHUNK)
            out[start : start + _CHUNK] = self._margins(part, heads)
        return out

    def _margins(self, part: Normalised, heads: int) -> FloatArray:
        points = read_points(part.plain_points)
        found = tokens(points)
        out = (self.bias[:heads, None] + style_sums(part, found, self.style[:heads])).T.astype(np.float64)
        for totals, count in weighted_sums(points, found, self.grams[:heads], self.bits):
            norm = np.sqrt(np.maximum(count, 1).astype(np.float64))
            for head in range(heads):
                # Sums of whole numbers far below 2**53: exact in any order.
                out[:, head] += totals[head].astype(np.float64) / norm
        return out

    def sold(self, comments: Normalised) -> FloatArray:
        """Return the calibrated probability that a comment is sold or automated, shape (n,).

        An empty comment has a probability like any other: it depends on the bias alone.
        """
        return self.sold_table[self.sold_steps(comments)]

    def sold_of(self, texts: pa.Array) -> FloatArray:
        """Return :meth:`sold` of comments as they were written, shape (n,).

        Some thousand are read at a time: memory stays flat, and their forms near the processor. Null is read as empty.

        Parameters
        ----------
        texts
            Arrow strings.

        Examples
        --------
        >>> import pyarrow as pa
        >>> probability = default_comment_model().sold_of(pa.array(["modal 50rb di DEWA88 langsung cair 7 juta"]))
        >>> bool(probability[0] > 0.9)
        True
        """
        # Asked for all of them, so that many comments load the kernels though their blocks are small.
        kernels_for(len(texts))
        out = np.empty(len(texts))
        for start in range(0, len(texts), _CHUNK):
            out[start : start + _CHUNK] = self.sold(normalise(texts.slice(start, _CHUNK)))
        return out

    def sold_steps(self, comments: Normalised) -> IntArray:
        """Return the place of each comment's :meth:`sold` in :attr:`sold_table`; it rises with the probability."""
        return stepped(self.margins(comments, 1)[:, 0], self.scale)

    def scores(self, comments: Normalised) -> FloatArray:
        """Return the probabilities of :data:`KINDS`, shape (n, 4); rows sum to 1, the first is ``1 - sold``."""
        margins = self.margins(comments)
        sold = self.sold_table[stepped(margins[:, 0], self.scale)]
        steps = [stepped(margins[:, head], self.scale) for head in range(1, len(KINDS))]
        top = np.maximum.reduce(steps)
        parts = [_FALL[top - s] for s in steps]
        total = parts[0] + parts[1] + parts[2]
        return np.stack([1.0 - sold, *(sold * (p / total) for p in parts)], axis=1)

    def called(self, probability: FloatArray) -> npt.NDArray[np.int8]:
        """Return 1 for sold, -1 for ordinary, 0 where the model abstains (see :class:`Verdict`)."""
        return np.where(probability >= self.high, 1, np.where(probability < self.low, -1, 0)).astype(np.int8)

    @property
    def sold_table(self) -> FloatArray:
        """The probabilities that :meth:`sold` can give, ascending."""
        return _table(self.slope, self.offset)

    @cached_property
    def kernel_parts(self) -> tuple[npt.NDArray[np.int32], int, npt.NDArray[np.int32], npt.NDArray[np.int64], int]:
        """What kernels ask for: weights of buckets, their bits, weights of style bins, bias, units to a logit."""
        return self.grams, self.bits, self.style, self.bias, self.scale

    def to_dict(self) -> dict[str, Any]:
        """Return the model as plain numbers; buckets without weight are left out."""
        used = np.flatnonzero(self.grams.any(axis=0))
        return {
            "format": _FORMAT,
            "bits": self.bits,
            "scale": self.scale,
            "buckets": np.diff(used, prepend=0).tolist(),
            "weights": [self.grams[head][used].tolist() for head in range(len(KINDS))],
            "style": self.style.tolist(),
            "bias": self.bias.tolist(),
            "calibration": {"slope": self.slope, "offset": self.offset},
            "thresholds": {"low": self.low, "high": self.high},
            "bags": None if self.bags is None else self.bags.to_dict(),
            "facts": dict(self.facts),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CommentModel:
        """Return the model of :meth:`to_dict`.

        Raises
        ------
        ModelError
            If a part is missing, of another format, or out of range.
        """
        try:
            if data["format"] != _FORMAT:
                raise ModelError(
                    f"comment model: format {data['format']!r:.20}, this version reads {_FORMAT}. Train it again."
                )
            bits = int(data["bits"])
            if not 8 <= bits <= 22:
                raise ModelError(f"comment model: bits must be 8 to 22, got {bits}.")
            used = np.cumsum(np.asarray(data["buckets"], dtype=np.int64))
            weights = np.asarray(data["weights"], dtype=np.int32)
            grams = np.zeros((len(KINDS), 1 << bits), dtype=np.int32)
            grams[:, used] = weights.reshape(len(KINDS), -1)
            calibration, thresholds, bags = data["calibration"], data["thresholds"], data["bags"]
            return cls(
                bits,
                int(data["scale"]),
                grams,
                np.asarray(data["style"], dtype=np.int32),
                np.asarray(data["bias"], dtype=np.int64),
                float(calibration["slope"]),
                float(calibration["offset"]),
                float(thresholds["low"]),
                float(thresholds["high"]),
                None if bags is None else BagReference.from_dict(bags),
                dict(data["facts"]),
            )
        except (KeyError, TypeError, ValueError, IndexError, OverflowError) as err:
            raise ModelError(f"comment model: damaged ({type(err).__name__}: {err!s:.60}). Train it again.") from err


def stepped(margin: FloatArray, scale: int) -> IntArray:
    """Return margins in weight units as indices into the tables of probabilities (steps of 1/64 logit, cut at +-24)."""
    steps = np.floor(margin * (STEPS / scale) + 0.5)
    return np.minimum(np.maximum(steps, -REACH), REACH).astype(np.int64) + REACH


@cache
def _table(slope: float, offset: float) -> FloatArray:
    """Return P(sold) for every step; ``math.exp`` once per entry, so that all users read the same numbers."""
    inner = (slope * (i / STEPS) + offset for i in range(-REACH, REACH + 1))
    return _frozen([1.0 / (1.0 + math.exp(-min(max(x, -60.0), 60.0))) for x in inner], np.float64)


_FALL = _frozen([math.exp(-min(i / STEPS, 60.0)) for i in range(2 * REACH + 1)], np.float64)


def read_comment_model(content: bytes, name: str = "model.json", sha256: str | None = None) -> CommentModel:
    """Return a model from the bytes of its file.

    Raises
    ------
    ModelError
        If the digest is not the expected one, or the content is no comment model.
    """
    if sha256 is not None and hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(
            f"{name}: the file is not the one that was saved (its sha256 differs). Install or train it again."
        )
    try:
        data = json.loads(content)
    except ValueError as err:
        raise ModelError(f"{name}: this is no comment model (no JSON).") from err
    if not isinstance(data, dict):
        raise ModelError(f"{name}: this is no comment model (no JSON object).")
    return CommentModel.from_dict(data)


@cache
def default_comment_model() -> CommentModel:
    """Return the comment model that ships with the package (see its ``card.md``), read once per process.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from realreach.comment_text.normalise import normalise
    >>> model = default_comment_model()
    >>> comments = pa.array(["modal 50rb di DEWA88 langsung cair 7 juta", "lucu bgt kucingnya wkwk"])
    >>> probability = model.sold(normalise(comments))
    >>> bool(probability[0] > 0.9), bool(probability[1] < 0.1)
    (True, True)
    """
    folder = resources.files("realreach.comment_text") / "default"
    manifest = json.loads((folder / "manifest.json").read_bytes())
    return read_comment_model(
        (folder / "model.json").read_bytes(), "default/model.json", manifest["sha256"]["model.json"]
    )
