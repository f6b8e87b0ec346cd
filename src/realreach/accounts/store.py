"""The folder of an account model: text files and a manifest of digests that is checked before anything is read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from realreach.accounts.model import AccountModel
from realreach.errors import ModelError
from realreach.files import atomic_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["load_account_model", "save_account_model", "shipped_account_model"]

_MODEL, _TREES, _MANIFEST = "account_model.json", "model.txt", "manifest.json"


def save_account_model(
    model: AccountModel, folder: str | Path, *, texts: Mapping[str, str], overwrite: bool = False
) -> Path:
    """Write an account model as a folder.

    Parameters
    ----------
    model
        The model.
    folder
        Where to; made in one step.
    texts
        File name -> content of what else belongs there (``card.md``, ``NOTICE.md``).
    overwrite
        Whether a folder that is there may be replaced.

    Raises
    ------
    OutputError
        If it cannot be written, or is there and may not be replaced.
    """
    data = model.to_dict()
    trees = data.pop("booster_text")
    files = {_TREES: trees, _MODEL: json.dumps(data, indent=1) + "\n", **texts}
    manifest = {name: hashlib.sha256(text.encode("utf-8")).hexdigest() for name, text in sorted(files.items())}
    files[_MANIFEST] = json.dumps({"sha256": manifest}, indent=1) + "\n"
    with atomic_folder(folder, overwrite=overwrite) as part:
        for name, text in files.items():
            (part / name).write_bytes(text.encode("utf-8"))
    return Path(folder)


def load_account_model(folder: str | Path) -> AccountModel:
    """Read an account model; no byte of it is used before its digest is that of the manifest.

    Raises
    ------
    ModelError
        If a file is missing, was changed, or is of another format.
    """
    place = Path(folder)
    digests = _manifest(place)
    texts = {name: _checked(place, name, digests) for name in (_MODEL, _TREES)}
    try:
        data = json.loads(texts[_MODEL])
    except ValueError as err:
        raise ModelError(f"account model `{place.name}`: {_MODEL} is no JSON. Train it again, or reinstall.") from err
    return AccountModel.from_dict({**data, "booster_text": texts[_TREES]})


@cache
def shipped_account_model() -> AccountModel:
    """Return the account model of the package, read once per process."""
    return load_account_model(Path(__file__).parent / "default")


def _manifest(place: Path) -> dict[str, str]:
    try:
        found = json.loads((place / _MANIFEST).read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise ModelError(f"account model `{place.name}`: {_MANIFEST} is missing or damaged. Train it again.") from err
    missing = _missing(found)
    if missing:
        raise ModelError(f"account model `{place.name}`: the manifest lacks {', '.join(missing)}. Train it again.")
    return dict(found)


def _missing(found: Iterable[str]) -> list[str]:
    return [name for name in (_MODEL, _TREES) if not isinstance(found, dict) or name not in found]


def _checked(place: Path, name: str, digests: Mapping[str, str]) -> str:
    """Return the text of a file whose digest is right."""
    try:
        content = (place / name).read_bytes()
    except OSError as err:
        raise ModelError(f"account model `{place.name}`: {name} is missing. Train it again, or reinstall.") from err
    if hashlib.sha256(content).hexdigest() != digests[name]:
        raise ModelError(
            f"account model `{place.name}`: {name} is not the file that was saved (its digest differs). "
            "Take it from where you got the model, or train it again."
        )
    return content.decode("utf-8")
