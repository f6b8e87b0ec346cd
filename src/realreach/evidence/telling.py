"""An explanation as text that a brand can read, in English or Indonesian."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from realreach.evidence.explanation import Evidence, Explanation
from realreach.evidence.items import WindowItem
from realreach.reasons.code import Language
from realreach.reasons.measures import number, percent
from realreach.reasons.reason import Reason

__all__ = ["told"]

_MOST_ITEMS = 6

_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "title": ("Creator {id}, judged on {day} by {model}", "Kreator {id}, dinilai pada {day} oleh {model}"),
        "score": ("Authenticity {score} of 100 (rests on: {coverage}){flag}", "Keaslian {score} dari 100 (berdasar: {coverage}){flag}"),
        "flag": ("; above the model's operating point", "; di atas titik kerja model"),
        "silent": ("Too little data to judge this creator.", "Data terlalu sedikit untuk menilai kreator ini."),
        "hurts": ("What speaks against it", "Yang memberatkan"),
        "helps": ("What speaks for it", "Yang mendukung"),
        "sum": ("Sum: {base} (before anything is known) {parts} = {score}", "Jumlah: {base} (sebelum ada data) {parts} = {score}"),
        "other": ("smaller reasons", "alasan kecil"),
        "points": ("{points} points", "{points} poin"),
        "age": ("{days} days old", "umur {days} hari"),
        "windows": ("Days: {items}", "Hari: {items}"),
        "posts": ("Posts: {items}", "Posting: {items}"),
        "comments": ("Comments: {items}", "Komentar: {items}"),
        "without": ("Without this evidence the score would be {score} ({change}).", "Tanpa bukti ini skornya {score} ({change})."),
        "without_all": ("Without all of this evidence the score would be {score} ({change}).", "Tanpa semua bukti ini skornya {score} ({change})."),
        "causes": ("Could also be: {causes}.", "Bisa juga karena: {causes}."),
        "growth": ("Windows of unusual growth", "Lonjakan pertumbuhan yang tidak biasa"),
        "window": ("{start} to {end}: {gained} new followers, {expected} expected ({share} of the followers after it); {verdict}", "{start} sampai {end}: {gained} pengikut baru, wajarnya {expected} ({share} dari pengikut sesudahnya); {verdict}"),
        "seen": ("seen: {items}", "terlihat: {items}"),
        "unasked": ("no posts known at that time", "tidak ada posting yang diketahui saat itu"),
        "more": ("and {n} more", "dan {n} lagi"),
    }
)  # fmt: skip


def told(explanation: Explanation, most: int = 6) -> str:
    """Return an explanation as lines of text.

    Parameters
    ----------
    explanation
        What :func:`realreach.evidence.explain` returned.
    most
        Reasons told of each direction; the sum counts the others together.
    """
    return "\n".join(_lines(explanation, most))


def _say(key: str, language: Language, **facts: object) -> str:
    return _WORDS[key][0 if language == "en" else 1].format(**facts)


def _signed(value: float, language: Language) -> str:
    text = f"{value:+.1f}"
    return text if language == "en" else text.replace(".", ",")


def _score(value: float | None, language: Language) -> str:
    text = "?" if value is None else f"{value:.1f}"
    return text if language == "en" else text.replace(".", ",")


def _lines(e: Explanation, most: int) -> Iterable[str]:
    words = e.language
    yield _say("title", words, id=e.creator_id, day=e.as_of, model=e.model)
    if e.authenticity is None:
        yield _say("silent", words)
        return
    flag = _say("flag", words) if e.flagged else ""
    yield _say("score", words, score=_score(e.authenticity, words), coverage=e.coverage, flag=flag)
    pairs = list(zip(e.reasons, e.evidence, strict=True))
    shown: list[Reason] = []
    for direction in ("hurts", "helps"):
        own = [(r, p) for r, p in pairs if r.direction == direction][:most]
        if own:
            yield ""
            yield _say(direction, words)
        for reason, proof in own:
            shown.append(reason)
            yield from _reason(e, reason, proof)
    yield ""
    yield _sum(e, shown)
    if e.without_all is not None:
        change = _signed(e.without_all.change, words)
        yield _say("without_all", words, score=_score(e.without_all.authenticity, words), change=change)
    if e.windows:
        yield ""
        yield _say("growth", words)
        for i, window in enumerate(e.windows, 1):
            yield f"  {i}. {_window(window, words)}"
    yield ""
    yield e.advice


def _reason(e: Explanation, reason: Reason, proof: Evidence) -> Iterable[str]:
    words = e.language
    facts = [reason.code, _say("points", words, points=_signed(reason.points, words))]
    if reason.age_days is not None:
        facts.append(_say("age", words, days=number(round(reason.age_days), words)))
    yield f"  * {reason.sentence}"
    yield f"    [{', '.join(facts)}]"
    if proof.windows:
        days = [f"{e.windows[i].start} - {e.windows[i].end}" for i in proof.windows]
        yield f"    {_say('windows', words, items=_listed(days, words))}"
    if proof.posts:
        posts = [
            f"{p.post_id or p.posted_on} ({p.count} {number(p.value, words)}, ~{number(p.usual, words)})"
            for p in proof.posts
        ]
        yield f"    {_say('posts', words, items=_listed(posts, words))}"
    if proof.comments:
        named = [f"{c.comment_id or '-'}{'' if c.text is None else f' {c.text!r}'}" for c in proof.comments]
        yield f"    {_say('comments', words, items=_listed(named, words))}"
    if proof.without is not None:
        change = _signed(proof.without.change, words)
        yield f"    {_say('without', words, score=_score(proof.without.authenticity, words), change=change)}"
    if reason.causes:
        yield f"    {_say('causes', words, causes=reason.causes)}"


def _listed(items: list[str], language: Language) -> str:
    rest = len(items) - _MOST_ITEMS
    more = [_say("more", language, n=rest)] if rest > 0 else []
    return "; ".join([*items[:_MOST_ITEMS], *more])


def _sum(e: Explanation, shown: list[Reason]) -> str:
    """Return the sum that leads from the base to the score; what is not told stands under one name."""
    words = e.language
    assert e.base_points is not None
    assert e.rest_points is not None
    rest = e.rest_points + sum(r.points for r in e.reasons if r not in shown)
    parts = [f"{_signed(r.points, words)} {r.code}" for r in shown]
    parts.append(f"{_signed(rest, words)} {_say('other', words)}")
    base, score = _score(e.base_points, words), _score(e.authenticity, words)
    return _say("sum", words, base=base, parts=" ".join(parts), score=score)


def _window(w: WindowItem, language: Language) -> str:
    line = _say(
        "window", language, start=w.start, end=w.end, gained=number(w.gained, language),
        expected=number(w.expected, language), share=percent(w.share, language), verdict=w.words,
    )  # fmt: skip
    if w.explanations:
        line += f"; {_say('seen', language, items=', '.join(x.words for x in w.explanations))}"
    return line if w.posts_known else f"{line}; {_say('unasked', language)}"
