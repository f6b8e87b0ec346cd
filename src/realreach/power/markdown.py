"""A judgement in words: the tables of a world as Markdown, marked as simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from realreach.card import markdown_table
from realreach.false_alarms import wilson_interval
from realreach.power.terms import CROSSED, FEW, LEAST, SHARES, WORDS
from realreach.simulate.settings import MECHANISMS

if TYPE_CHECKING:
    from realreach.power.judgement import Judgement, Line

__all__ = ["judgement_markdown"]

_FAIR = 100
"""Honest creators from which a group is compared with all: in a smaller one a single false alarm looks like many."""


def judgement_markdown(j: Judgement, level: str) -> str:
    """Return all tables of a judgement below a heading of this level."""
    own = j.table("honest")[0]
    parts = [
        f"{level} Power and false positives (simulated)",
        _about(j),
        f"{level}# Recall by purchased share (simulated)",
        "Share of followers or of likes and comments, the larger; bought views count in neither. " + _smallest(j),
        _share_table(j),
    ]
    for fact in CROSSED:
        parts += [f"By purchased share and {fact}, recall at the threshold at 1 %:", _cross_table(j, fact)]
    parts += [
        f"{level}# Recall by mechanism (simulated)",
        "All creators that have the mechanism (most have others as well); those where it was still at work on a day "
        f"that the tables show; those that have nothing else (from {FEW} creators on). At the threshold at 1 %.",
        _mechanism_table(j),
        f"{level}# False positives per innocent look-alike (simulated)",
        _headline(j),
        _look_alike_table(j),
        f"{level}# False positives by group (simulated)",
        f"All honest creators: {_percent(own.flagged, own.n, 1)} flagged. {_unfair(j)}",
        _group_table(j),
    ]
    return "\n\n".join(parts) + "\n"


def _about(j: Judgement) -> str:
    seed = "" if j.seed is None else f" of seed {j.seed}"
    old = ""
    if j.out_of_view is not None:
        old = f" Of {j.out_of_view:,} of the fake ones every purchase ended before the first day that the tables show."
    return (
        f"Measured in a *simulated* world{seed} that the model was never trained on: {j.fake:,} fake and {j.honest:,} "
        f"honest creators scored ({j.unscored_fake:,} and {j.unscored_honest:,} more had too little data and are not "
        f"counted).{old} Two levels: the *threshold at 1 %* is one fake_probability for all, {j.threshold:.4f}, "
        f"which {j.achieved_fpr:.2%} of this world's own honest creators reach; *flagged* means above the model's own "
        "operating point for the pillars that are there. Brackets: Wilson 95 % intervals, which leave out the luck of "
        "the threshold."
    )


def _smallest(j: Judgement) -> str:
    band, sure = j.smallest_share(), j.smallest_share(surely=True)
    if band is None:
        text = "No band reaches 80 % power."
    elif sure is None:
        text = f"80 % power from {band} on (its interval does not exclude less in any band)."
    else:
        text = f"80 % power from {band} on" + ("." if sure == band else f" (beyond doubt from {sure} on).")
    names = [f"evasion {level}" for level in range(3)]
    levels = [f"{name}: {j.smallest_share('share x evasion', name) or 'never'}" for name in names]
    return f"{text} By level: {', '.join(levels)}."


def _share_table(j: Judgement) -> str:
    rows = [[x.row, f"{x.n:,}", _percent(x.hits, x.n), _percent(x.flagged, x.n)] for x in j.table("share")]
    return markdown_table(["purchased share", "creators", "recall at 1 %", "flagged"], rows)


def _cross_table(j: Judgement, fact: str) -> str:
    cells = {(x.row, x.column): x for x in j.table(f"share x {fact}")}
    filled = {line.column for line in cells.values() if line.n}
    names = [name for name in dict.fromkeys(column for _, column in cells) if name in filled]
    rows = [[band, *(_cell(cells[band, name]) for name in names)] for band in SHARES[1]]
    return markdown_table(["purchased share", *names], rows)


def _cell(line: Line) -> str:
    return f"{_percent(line.hits, line.n)} n={line.n:,}" if line.n else "-"


def _mechanism_table(j: Judgement) -> str:
    rows = []
    for line in j.table("mechanism", "all"):
        seen = next((x for x in j.table("mechanism", "in view") if x.row == line.row), None)
        alone = next(x for x in j.table("mechanism", "alone") if x.row == line.row)
        only = _cell(alone) if alone.n >= FEW else f"n={alone.n}"
        rows.append([f"{line.row} {MECHANISMS[line.row]}", _cell(line), "-" if seen is None else _cell(seen), only])
    return markdown_table(["mechanism", "all", "in view", "alone"], rows)


def _headline(j: Judgement) -> str:
    known = [x for x in j.look_alikes() if x.n]
    if not known:
        return "No honest creator with a look-alike was scored."
    worst = known[0]
    median = float(np.median([x.flagged_rate for x in known]))
    text = (
        f"Worst: {WORDS[worst.row]}, {_percent(worst.flagged, worst.n, 1)} of {worst.n:,} flagged; median of "
        f"{len(known)} rows {100 * median:.1f} %. Honest creators only; one with several look-alikes counts in each."
    )
    few = [WORDS[x.row] for x in j.look_alikes() if x.n < LEAST]
    return text + (f" Fewer than {LEAST} creators: {', '.join(few)}." if few else "")


def _look_alike_table(j: Judgement) -> str:
    rows = [
        [WORDS[x.row], f"{x.n:,}", f"{x.extra:,}", _percent(x.flagged, x.n, 1), _percent(x.hits, x.n, 1)]
        for x in j.look_alikes()
    ]
    return markdown_table(["look-alike", "honest creators", "of these added", "flagged", "at 1 %"], rows)


def _groups(j: Judgement) -> list[Line]:
    return [x for name in ("language", "platform", "tier", "pillars") for x in j.table(name)]


def _unfair(j: Judgement) -> str:
    """Say which groups are flagged more than twice as often as all, with an interval that lies above all."""
    overall = j.table("honest")[0].flagged_rate
    hurt = [
        f"{x.table} {x.row}"
        for x in _groups(j)
        if x.n >= _FAIR and x.flagged_rate > 2 * overall and wilson_interval(x.flagged, x.n)[0] > overall
    ]
    among = f"Among groups of {_FAIR} or more"
    if not hurt:
        return f"{among}, none is flagged more than twice as often beyond chance."
    return f"{among}, flagged more than twice as often beyond chance: {', '.join(hurt)}."


def _group_table(j: Judgement) -> str:
    rows = [[x.table, x.row, f"{x.n:,}", _percent(x.flagged, x.n, 1), _percent(x.hits, x.n, 1)] for x in _groups(j)]
    return markdown_table(["", "group", "honest creators", "flagged", "at 1 %"], rows)


def _percent(hits: int, n: int, digits: int = 0) -> str:
    if not n:
        return "-"
    low, high = wilson_interval(hits, n)
    return f"{100 * hits / n:.{digits}f} % ({100 * low:.{digits}f}-{100 * high:.{digits}f})"
