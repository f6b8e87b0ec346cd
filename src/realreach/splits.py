"""Train, stop, calibrate, test: parts by creator group and by time, the same for any order of rows.

A group (one creator, or all creators of one owner or seller) is never in two parts. Which part a group goes to depends
on its name and the seed only, so shuffled input gives the same split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from realreach.errors import InputError

if TYPE_CHECKING:
    from realreach.tables.core import FloatArray, IntArray

__all__ = ["PARTS", "Split", "SplitSettings", "grouped_folds", "split_creators", "unit_hashes"]

PARTS = ("train", "stop", "calibrate", "test")
"""Names of the parts: to fit, to stop the boosting, to calibrate, to judge."""

_HONEST_ONLY, _FAKE_ONLY, _MIXED = 0, 1, 2


def _nothing() -> IntArray:
    return np.empty(0, dtype=np.int64)


class SplitSettings(BaseModel):
    """How rows are shared out. Shares are of rows and add up to 1; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: float = Field(default=0.60, gt=0, lt=1)
    stop: float = Field(default=0.10, gt=0, lt=1)
    calibrate: float = Field(default=0.15, gt=0, lt=1)
    test: float = Field(default=0.15, ge=0, lt=1)
    """0 leaves the test part empty, for a caller that tests elsewhere (split at random only)."""
    time: Literal["auto", "on", "off"] = "auto"
    """``on``: the test part is the latest; ``auto``: so if the days of decision differ enough; ``off``: at random."""
    label_delay_days: float = Field(default=0.0, ge=0)
    """Days until a label is known. With a split by time, rows whose label was not yet known when the test part
    begins are left out."""
    min_span_days: float = Field(default=30.0, ge=0)
    """``auto`` splits by time only if the days of decision span at least this many days."""

    @model_validator(mode="after")
    def _shares_add_up(self) -> Self:
        total = self.train + self.stop + self.calibrate + self.test
        if abs(total - 1) > 1e-9:
            raise ValueError(f"train, stop, calibrate and test must add up to 1, got {total:g}")
        return self

    @property
    def shares(self) -> FloatArray:
        """The four shares in the order of :data:`PARTS`."""
        return np.array([self.train, self.stop, self.calibrate, self.test])


@dataclass(frozen=True, eq=False)
class Split:
    """Positions of the rows of each part, ascending; no row is in two of them.

    ``excluded`` are rows in no part: with a split by time, the earlier rows of groups that are tested, and rows whose
    label was not yet known. ``cut_day`` is the first day of the test part (None: split at random), ``reason`` says
    in words how it was split and why.
    """

    train: IntArray
    stop: IntArray
    calibrate: IntArray
    test: IntArray
    excluded: IntArray = field(default_factory=_nothing)
    cut_day: float | None = None
    reason: str = ""

    @property
    def parts(self) -> Mapping[str, IntArray]:
        """The four parts by name."""
        return {name: getattr(self, name) for name in PARTS}


@dataclass(frozen=True, eq=False)
class _Groups:
    """The groups of some rows: which row belongs to which, and what is known of each."""

    of_row: IntArray  # number of the group of each row
    rows: IntArray  # rows per group
    stratum: IntArray  # honest only, fake only, mixed
    rank: npt.NDArray[np.uint64]  # hash of name and seed: the random order

    def ordered(self, stratum: int, *, largest_first: bool = False) -> IntArray:
        """Return the groups of a stratum in their random order."""
        chosen = np.flatnonzero((self.stratum == stratum) & (self.rows > 0))
        keys = (self.rank[chosen], -self.rows[chosen]) if largest_first else (self.rank[chosen],)
        return chosen[np.lexsort(keys)]

    def only(self, keep: npt.NDArray[np.bool_], labels: FloatArray) -> _Groups:
        """Return the same groups, counting only the rows to keep."""
        rows, stratum = _describe(self.of_row[keep], labels[keep], len(self.rows))
        return _Groups(self.of_row, rows, stratum, self.rank)


def _describe(of_row: IntArray, labels: FloatArray, count: int) -> tuple[IntArray, IntArray]:
    rows = np.bincount(of_row, minlength=count)
    fakes = np.bincount(of_row, weights=labels, minlength=count)
    stratum = np.where(fakes == 0, _HONEST_ONLY, np.where(fakes == rows, _FAKE_ONLY, _MIXED))
    return rows, stratum


def _hashes(names: Sequence[str], salt: str) -> npt.NDArray[np.uint64]:
    """Return one 64-bit number per name: the same on every machine, in every process, for any order."""
    digests = (blake2b(f"{salt}/{name}".encode("utf-8", "surrogatepass"), digest_size=8).digest() for name in names)
    return np.array([int.from_bytes(digest, "big") for digest in digests], dtype=np.uint64)


def unit_hashes(names: Sequence[str], salt: str) -> FloatArray:
    """Return one number in [0, 1) per name: the same on every machine, in every process, for any order.

    Examples
    --------
    >>> unit_hashes(["a", "b"], "x").round(3).tolist() == unit_hashes(["b", "a"], "x").round(3).tolist()[::-1]
    True
    """
    # 53 bits are what a double holds.
    return (_hashes(names, salt) >> np.uint64(11)).astype(np.float64) / 2.0**53


def _checked_labels(labels: FloatArray) -> FloatArray:
    labels = np.asarray(labels, dtype=np.float64)
    wrong = int(np.sum(~np.isin(labels, (0.0, 1.0))))
    if labels.ndim != 1 or wrong:
        raise ValueError(f"labels must be one column of 0 and 1, got {wrong} other values in shape {labels.shape}")
    return labels


def _group_rows(labels: FloatArray, groups: npt.NDArray[Any] | None, salt: str) -> _Groups:
    if groups is None:
        names, of_row = [str(i) for i in range(len(labels))], np.arange(len(labels))
    else:
        import pandas as pd

        values = np.asarray(groups, dtype=object)
        if values.shape != labels.shape:
            raise ValueError(f"groups must have one name for each of {len(labels)} labels, got shape {values.shape}")
        missing = int(np.sum(pd.isna(values)))
        if missing:
            raise ValueError(f"groups has {missing} missing values; use the creator_id where no other group is known")
        unique, of_row = np.unique(np.array([str(v) for v in values], dtype=np.str_), return_inverse=True)
        names = unique.tolist()
    rows, stratum = _describe(of_row, labels, len(names))
    return _Groups(of_row.astype(np.int64), rows, stratum, _hashes(names, salt))


def _cut(sizes: IntArray, shares: FloatArray) -> IntArray:
    """Return the part of each group of one stratum: the middle of its rows falls into that part's share.

    Groups come in random order. Giving large groups a place first would balance better, but would also put them
    all into the largest part and leave the others with small groups only. Where there are enough groups, no part
    stays empty.
    """
    ends = np.cumsum(sizes)
    middle = (ends - sizes / 2) / ends[-1]
    part = np.searchsorted(np.cumsum(shares)[:-1], middle, side="right")
    for empty in range(len(shares)):
        counts = np.bincount(part, minlength=len(shares))
        if counts[empty] == 0 and counts.max() > 1:
            part[np.flatnonzero(part == counts.argmax())[-1]] = empty
    return part


def _share_out(groups: _Groups, shares: FloatArray) -> IntArray:
    """Return the part of each group (-1: a group without rows), each stratum shared out by itself."""
    part = np.full(len(groups.rows), -1, dtype=np.int64)
    for stratum in (_HONEST_ONLY, _FAKE_ONLY, _MIXED):
        order = groups.ordered(stratum)
        if len(order):
            part[order] = _cut(groups.rows[order], shares)
    return part


def _refuse_one_class(split: Split, labels: FloatArray, names: Sequence[str] = PARTS) -> None:
    lacking = []
    for name in names:
        rows = split.parts[name]
        fakes = int(labels[rows].sum())
        if fakes == 0 or fakes == len(rows):
            lacking.append(f"{name} has {fakes} fake and {len(rows) - fakes} honest")
    if lacking:
        raise InputError(
            f"the labels cannot be split into four parts with both classes: {'; '.join(lacking)}. At least four groups "
            "of each class are needed, and with a split by time fakes and honest creators both early and late. "
            "Add labels, use smaller groups, or set time to 'off'."
        )


def _rows_by_part(part: IntArray) -> dict[str, Any]:
    return {name: np.flatnonzero(part == i) for i, name in enumerate(PARTS)}


def _split_at_random(labels: FloatArray, groups: _Groups, settings: SplitSettings, reason: str) -> Split:
    shares = settings.shares if settings.test > 0 else settings.shares[:3]
    part = _share_out(groups, shares)[groups.of_row]
    split = Split(**_rows_by_part(part), reason=f"at random by group: {reason}")
    _refuse_one_class(split, labels, PARTS[: len(shares)])
    return split


def _cut_day(days: FloatArray, latest: FloatArray, groups: _Groups, test_share: float) -> float:
    """Return the day from which on the groups seen last make up about the wanted share of rows."""
    order = np.argsort(latest, kind="stable")
    candidates, first = np.unique(latest[order], return_index=True)
    rows_before = np.concatenate([[0], np.cumsum(groups.rows[order])])[first]
    share = 1 - rows_before / len(days)
    return float(candidates[np.argmin(np.abs(share - test_share))])


def _split_by_time(labels: FloatArray, groups: _Groups, days: FloatArray, settings: SplitSettings) -> Split:
    latest = np.full(len(groups.rows), -np.inf)
    np.maximum.at(latest, groups.of_row, days)
    cut = _cut_day(days, latest, groups, settings.test)
    late_group = latest[groups.of_row] >= cut
    is_test = late_group & (days >= cut)
    is_known = ~late_group & (days + settings.label_delay_days <= cut)
    earlier = _share_out(groups.only(is_known, labels), settings.shares[:3] / settings.shares[:3].sum())
    part = np.where(is_known, earlier[groups.of_row], np.where(is_test, 3, -1))
    split = Split(
        **_rows_by_part(part),
        excluded=np.flatnonzero(part == -1),
        cut_day=cut,
        reason=f"by time: the test part begins on {np.datetime64(int(cut), 'D')}",
    )
    _refuse_one_class(split, labels)
    return split


def _is_balanced(split: Split, rows: int, settings: SplitSettings) -> bool:
    """Whether a split by time is close to what was asked for: no tiny or huge test part, few rows lost."""
    tested = len(split.test) / rows
    return settings.test / 2 <= tested <= settings.test * 2 and len(split.excluded) <= 0.25 * rows


def split_creators(
    labels: FloatArray,
    groups: npt.NDArray[Any] | None,
    as_of_days: FloatArray | None,
    settings: SplitSettings,
    seed: int,
) -> Split:
    """Share out labelled rows to train, stop, calibrate and test, never cutting a group.

    By time, the groups with the latest day of decision are tested (only their rows from the cut day on; their earlier
    rows are excluded), all other groups lie before the cut. Rows whose label came later than the cut
    (``label_delay_days``) are excluded too. Otherwise, and among the earlier groups, parts are drawn at random,
    apart for honest, fake and mixed groups. A group goes where the hash of its name and the seed sends it.

    Parameters
    ----------
    labels
        0 (honest) or 1 (fake) for each row.
    groups
        Name of the group of each row, such as ``group_id`` or else ``creator_id``. None takes each row as a group of
        its own, named by its position: only then does the order of rows matter.
    as_of_days
        Day of decision of each row as days since 1970-01-01; NaN or None if unknown.
    settings
        Shares, use of time, delay of labels.
    seed
        Another seed gives another draw.

    Returns
    -------
    Positions of the rows of each part, ascending.

    Raises
    ------
    InputError
        If ``time`` is ``on`` without a day for each row, or if a part would lack one of the classes.
    ValueError
        If labels are not 0 and 1, or a group name is missing.

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.tile([0.0, 0.0, 1.0], 40)
    >>> split = split_creators(labels, np.arange(120), None, SplitSettings(), seed=1)
    >>> {name: len(rows) for name, rows in split.parts.items()}
    {'train': 72, 'stop': 12, 'calibrate': 18, 'test': 18}
    """
    labels = _checked_labels(labels)
    grouped = _group_rows(labels, groups, f"{seed}/split")
    if settings.time == "off":
        return _split_at_random(labels, grouped, settings, "time is off")
    days = np.full(len(labels), np.nan) if as_of_days is None else np.asarray(as_of_days, dtype=np.float64)
    unknown = int(np.sum(~np.isfinite(days)))
    if settings.time == "on":
        if unknown:
            raise InputError(f"a split by time needs as_of for every label, {unknown} of {len(labels)} have none")
        return _split_by_time(labels, grouped, days, settings)
    if unknown:
        return _split_at_random(labels, grouped, settings, f"as_of is unknown for {unknown} of {len(labels)} labels")
    span = float(np.ptp(days)) if len(days) else 0.0
    if span < settings.min_span_days or span == 0:
        return _split_at_random(labels, grouped, settings, f"as_of spans only {span:g} days")
    try:
        split = _split_by_time(labels, grouped, days, settings)
    except InputError:
        return _split_at_random(labels, grouped, settings, "by time a part would lack a class")
    if not _is_balanced(split, len(labels), settings):
        return _split_at_random(labels, grouped, settings, "by time the test part would be far from its share")
    return split


def _fold_of_groups(groups: _Groups, folds: int) -> IntArray:
    """Return the fold of each group: within each stratum, largest first, always to the fold with fewest rows."""
    fold = np.zeros(len(groups.rows), dtype=np.int64)
    for stratum in (_HONEST_ONLY, _FAKE_ONLY, _MIXED):
        load = np.zeros(folds)
        for group in groups.ordered(stratum, largest_first=True):
            fold[group] = load.argmin()
            load[fold[group]] += groups.rows[group]
    return fold


def grouped_folds(
    labels: FloatArray, groups: npt.NDArray[Any] | None, folds: int, seed: int, repeats: int = 1
) -> list[list[tuple[IntArray, IntArray]]]:
    """Return cross-validation folds, stratified by label, never cutting a group.

    Parameters
    ----------
    labels
        0 (honest) or 1 (fake) for each row.
    groups
        Name of the group of each row; None takes each row as its own group, named by its position.
    folds
        Number of folds, 2 or more.
    seed
        Another seed gives other folds.
    repeats
        How many times all rows are folded, each time anew.

    Returns
    -------
    For each repeat a list of ``(train, test)`` positions, ascending. The test parts of one repeat cover every row
    exactly once.

    Raises
    ------
    InputError
        If a class has fewer groups than there are folds.

    Examples
    --------
    >>> import numpy as np
    >>> [[len(test) for _, test in repeat] for repeat in grouped_folds(np.tile([0.0, 1.0], 6), None, 3, seed=0)]
    [[4, 4, 4]]
    """
    labels = _checked_labels(labels)
    if folds < 2 or repeats < 1:
        raise ValueError(f"folds must be 2 or more and repeats 1 or more, got {folds} and {repeats}")
    result = []
    for repeat in range(repeats):
        grouped = _group_rows(labels, groups, f"{seed}/fold/{repeat}")
        for name, stratum in (("fake", _FAKE_ONLY), ("honest", _HONEST_ONLY)):
            has_class = int(np.sum((grouped.stratum == stratum) | (grouped.stratum == _MIXED)))
            if has_class < folds:
                raise InputError(f"{folds} folds need at least {folds} groups with {name} creators, got {has_class}")
        fold = _fold_of_groups(grouped, folds)[grouped.of_row]
        result.append([(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(folds)])
    return result
