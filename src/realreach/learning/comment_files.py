"""The folder of a comment model: ``model.json``, ``card.md`` and ``manifest.json`` with their digests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from realreach._version import __version__
from realreach.comment_text.model import KINDS, CommentModel, read_comment_model
from realreach.errors import ModelError, OutputError
from realreach.files import atomic_folder
from realreach.learning.comments import Trained

__all__ = ["check_overwrite", "comment_card", "figures_table", "load_comment_model", "save_comment_model"]

_FILES = ("model.json", "card.md")
_KNOWN = {*_FILES, "manifest.json"}


def check_overwrite(folder: str | Path) -> None:
    """Refuse to replace a folder that holds anything but a comment model.

    Raises
    ------
    OutputError
        If something else lies there.
    """
    path = Path(folder)
    if not path.exists():
        return
    others = sorted(p.name for p in path.iterdir() if p.name not in _KNOWN) if path.is_dir() else [path.name]
    if others:
        raise OutputError(f"{path} holds {others[0]}, which is no part of a comment model. Name another folder.")


def save_comment_model(trained: Trained, folder: str | Path, *, overwrite: bool = False) -> Path:
    """Write the model folder and return its path; a crash leaves the old one or the new one.

    Raises
    ------
    OutputError
        If it cannot be written, is there and may not be replaced, or holds something else.
    """
    check_overwrite(folder)
    content = {
        "model.json": json.dumps(trained.model.to_dict(), separators=(",", ":"), sort_keys=True) + "\n",
        "card.md": comment_card(trained),
    }
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in content.items()}
    manifest = {"format": 1, "realreach": __version__, "sha256": digests}
    content["manifest.json"] = json.dumps(manifest, indent=1, sort_keys=True) + "\n"
    target = Path(folder)
    with atomic_folder(target, overwrite=overwrite) as part:
        for name, text in content.items():
            (part / name).write_bytes(text.encode())
    return target


def load_comment_model(folder: str | Path) -> CommentModel:
    """Return the comment model of a folder that :func:`save_comment_model` wrote, its digest checked first.

    Raises
    ------
    ModelError
        If a file is missing, was changed, or is no comment model.
    """
    place = Path(folder)
    try:
        manifest = json.loads((place / "manifest.json").read_bytes())
        content = (place / "model.json").read_bytes()
        return read_comment_model(content, f"{place.name}/model.json", str(manifest["sha256"]["model.json"]))
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise ModelError(
            f"{place}: no comment model can be read there ({type(err).__name__}). Name a folder that realreach "
            "train-comments wrote."
        ) from err


def figures_table(trained: Trained) -> str:
    """Return the held-out figures as a Markdown table."""
    lines = [
        "| part | comments | ROC-AUC | ordinary called sold | sold called sold |",
        "|---|---|---|---|---|",
    ]
    for part, figures in trained.figures.items():
        cells = [f"{figures[m]:.3f}" if m in figures else "" for m in ("roc_auc", "alarm_rate", "recall")]
        lines.append(f"| {part} | {int(figures['comments']):,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def comment_card(trained: Trained) -> str:
    """Return the card: what the model is for, what it was made of, how good it is where it had not looked."""
    model, facts = trained.model, trained.model.facts
    counts = facts["counts"]
    generated = counts.get("generated", {})
    sets = facts.get("sets", [])
    lines = [
        "# Comment model",
        "",
        "For each comment the probability that it is sold or automated, by kind "
        f"({', '.join(KINDS[1:])}, else {KINDS[0]}). A signal about a comment section for a person who decides; a single "
        "comment proves nothing, and a brand's own fans may write like an advertisement.",
        "",
        "## Made of",
        "",
        f"- generated comments: {', '.join(f'{n:,} {kind}' for kind, n in generated.items()) or 'none'} "
        "(own grammars, apart from the simulator's texts and from every data set)",
    ]
    for part, kinds in counts.items():
        if part != "generated":
            lines.append(f"- {part}: {', '.join(f'{n:,} {kind}' for kind, n in kinds.items() if n)}")
    lines += [
        "",
        f"Sets: {', '.join(sets) or 'none'}. Unlabelled organic comments count as ordinary. "
        + (
            "Every set's licence allows to pass on what was trained on it; the notices stand below."
            if facts.get("may_be_passed_on")
            else "**Not all of these sets state a licence: keep this model to yourself.**"
        ),
        "",
        "## How good it is",
        "",
        "Held out: with three real sets or more each by a model that had not seen the set, else by template. Generated "
        "comments are easier than real ones; `realreach benchmark --only comments` judges the shipped model on real sets.",
        "",
        figures_table(trained),
        "",
        f"Thresholds: sold from {model.high:.3f} on ({facts['alarm_rate']:.1%} of held-out ordinary comments, as a mean over sets), "
        f"ordinary below {model.low:.3f}, between them the model abstains. Probabilities assume that "
        f"{facts['prior']:.0%} of comments are sold.",
        "",
        "## Form",
        "",
        f"Whole-number weights of 2^{model.bits} hashed pieces (documented in `realreach.comment_text.hashing`) and of style "
        "bins; the file holds no text of comments.",
    ]
    notices = facts.get("notices", [])
    if notices:
        lines += ["", "## Notices", "", *(f"- {notice}" for notice in notices), "", _MIT]
    return "\n".join(lines) + "\n"


_MIT = """> Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
> documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
> rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
> persons to whom the Software is furnished to do so, subject to the following conditions:
>
> The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
> Software.
>
> THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
> WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
> COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
> OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""
