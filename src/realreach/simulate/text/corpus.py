"""A user's own comment texts, to be used instead of the grammars: organic by language, sold by style."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from realreach.errors import InputError
from realreach.simulate.text.grammar import LANGUAGES

__all__ = ["STYLES", "Corpus", "read_corpus"]

STYLES = ("praise", "emoji", "custom", "llm", "pod", "promotion")
"""Kinds of sold text."""

_SUFFIXES = (".csv", ".parquet", ".jsonl")
# Columns that say a text is not what it seems, in a form this reader does not know: such a file is left out.
_UNREADABLE = ("labels", "role")
_STYLE_WORDS = {
    "praise": "praise",
    "judol": "promotion",
    "spam": "promotion",
    "ads": "promotion",
    "llm": "llm",
    "pod": "pod",
}
_LONGEST = 2_000


@dataclass(frozen=True)
class Corpus:
    """Texts of a user: ``organic`` by language, ``sold`` by style.

    The language ``any`` holds texts whose language nobody named. ``skipped`` says which files were left out and why.
    """

    organic: Mapping[str, tuple[str, ...]]
    sold: Mapping[str, tuple[str, ...]]
    skipped: tuple[str, ...] = ()

    def organic_of(self, language: str) -> tuple[str, ...]:
        """Return the organic texts of a language, else those of unnamed language, else none."""
        return self.organic.get(language) or self.organic.get("any", ())

    def sold_of(self, style: str) -> tuple[str, ...]:
        """Return the sold texts of a style (in any language), perhaps none."""
        return self.sold.get(style, ())


def read_corpus(path: str | Path) -> Corpus:
    """Read a user's comments from a file, or from all files of a folder and of the folders in it.

    Parameters
    ----------
    path
        ``.csv``, ``.parquet`` or ``.jsonl`` with the column ``text`` and, if known, ``label`` (1 = sold or spam,
        0 = organic; without it every text is organic), ``language`` (as in `LANGUAGES`) and ``style`` (as in
        `STYLES`; it makes a text sold). Without a column, language and style are taken from a name such as
        ``comments_praise_id``. Without any hint texts of label 1 are promotion.

    Returns
    -------
    Corpus
        Texts in the order of the files, trimmed, without empty ones and without those over 2,000 characters. A file
        that has no column ``text``, or columns that label texts in an unknown way, is named in ``skipped``.

    Raises
    ------
    InputError
        If the path does not exist, or no file holds a usable text.
    """
    root = Path(path)
    if not root.exists():
        raise InputError(f"comment corpus {root.name!r} does not exist; give a file or folder with a column 'text'.")
    files = sorted(p for p in root.rglob("*") if p.suffix.lower() in _SUFFIXES) if root.is_dir() else [root]
    organic: dict[str, list[str]] = {}
    sold: dict[str, list[str]] = {}
    reasons = {file.name: _add(file, root, organic, sold) for file in files}
    skipped = [f"{name}: {reason}" for name, reason in reasons.items() if reason]
    if not organic and not sold:
        why = f" ({'; '.join(skipped)})" if skipped else ""
        wanted = "Expected .csv, .parquet or .jsonl with a column 'text'."
        raise InputError(f"comment corpus {root.name!r} holds no usable text{why}. {wanted}")
    return Corpus(
        {language: tuple(texts) for language, texts in organic.items()},
        {style: tuple(texts) for style, texts in sold.items()},
        tuple(skipped),
    )


def _add(file: Path, root: Path, organic: dict[str, list[str]], sold: dict[str, list[str]]) -> str:
    """Add the texts of one file; return why it was left out, or nothing."""
    try:
        columns = _read(file)
    except (ValueError, OSError) as err:
        return f"cannot be read ({type(err).__name__})"
    if "text" not in columns:
        return "no column 'text'"
    if strange := [name for name in _UNREADABLE if name in columns and "label" not in columns]:
        return f"column {strange[0]!r} is not understood; make a column 'label' with 0 and 1"
    words = re.split(r"[^a-z]+", f"{file.parent.name if file != root else ''}_{file.stem}".lower())
    by_name = next((word for word in reversed(words) if word in LANGUAGES), "any")
    style_by_name = next((_STYLE_WORDS[word] for word in words if word in _STYLE_WORDS), "promotion")
    blank = [None] * len(columns["text"])
    rows = (columns.get(name, blank) for name in ("label", "language", "style"))
    for raw, label, language, style in zip(columns["text"], *rows, strict=True):
        text = " ".join(str(raw).split()) if raw is not None else ""
        if not text or len(text) > _LONGEST or not any(unicodedata.category(c)[0] != "C" for c in text):
            continue
        if style or str(label) in ("1", "1.0", "True", "true"):
            sold.setdefault(str(style or style_by_name), []).append(text)
        else:
            organic.setdefault(str(language or by_name), []).append(text)
    return ""


def _read(file: Path) -> dict[str, list[object]]:
    import pyarrow.csv
    import pyarrow.json
    import pyarrow.parquet

    suffix = file.suffix.lower()
    if suffix == ".parquet":
        table = pyarrow.parquet.read_table(file)
    elif suffix == ".jsonl":
        table = pyarrow.json.read_json(file)
    else:
        table = pyarrow.csv.read_csv(file, parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True))
    wanted = ("text", "label", "language", "style", *_UNREADABLE)
    return {name: table[name].to_pylist() for name in wanted if name in table.column_names}
