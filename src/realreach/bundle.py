"""The model folder: plain text files and a manifest that is checked before anything is made of them.

A damaged booster file can kill the process and a pickle can run code, so nothing is read that the manifest does not
name with its size and sha256, every byte is verified first, and the booster is built from the verified bytes. The
manifest proves that the folder is whole, not where it comes from: for that, compare its hash with one that you got
another way (``expected_sha256``).
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realreach._version import __version__
from realreach.accounts.model import AccountModel, default_account_model
from realreach.comment_text.model import CommentModel, default_comment_model
from realreach.errors import ModelError, OutputError
from realreach.features import matrix_of
from realreach.features.catalogue import CATALOGUE_VERSION, catalogue, feature_names, pillars_of
from realreach.features.view import View
from realreach.files import atomic_folder, check_writable
from realreach.heads import Heads
from realreach.model import Calibration, FittedModel, Layout
from realreach.references import References
from realreach.tables.core import FloatArray, Tables
from realreach.tree_text import StoredBooster

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = [
    "BUNDLE_FORMAT",
    "EXTRAS",
    "FILES",
    "OPTIONAL_FILES",
    "Bundle",
    "check_bundle_target",
    "features_sha256",
    "load_bundle",
    "manifest_sha256",
    "save_bundle",
    "side_models",
]

BUNDLE_FORMAT = 2
FILES = (
    "model.txt",
    "features.json",
    "references.json",
    "calibration.json",
    "settings.toml",
    "metadata.json",
    "card.md",
)
"""What every bundle holds, besides ``manifest.json``."""

EXTRAS = ("comments.json", "accounts.json")
"""The models of single comments and accounts that the features of a model were computed with, as plain numbers."""
OPTIONAL_FILES = ("heads.json", *EXTRAS)
"""What a bundle of format 2 may hold besides; nothing else may lie in the folder."""

_MANIFEST = "manifest.json"
_LARGEST = 64 * 2**20
_BOOSTER_HEAD = b"tree\nversion=v4\n"


@dataclass(frozen=True, eq=False)
class Bundle:
    """A model as it was loaded: the fitted model, what is known about it, and the hash of its manifest.

    ``heads`` is empty where the labels of its training did not allow any; ``extras`` holds the text of the optional
    files of :data:`EXTRAS` that the folder has, by name.
    """

    model: FittedModel
    metadata: Mapping[str, Any]
    settings: str
    card: str
    sha256: str
    heads: Heads = field(default_factory=Heads)
    extras: Mapping[str, str] = field(default_factory=dict)

    @property
    def prevalence(self) -> float | None:
        """Share of bought creators at which the model was calibrated; None where it does not say."""
        value = self.metadata.get("prevalence")
        return float(value) if isinstance(value, float) and 0.0 < value < 1.0 else None

    @cached_property
    def comment_model(self) -> CommentModel | None:
        """The comment model that the features were computed with; None for the one that ships."""
        text = self.extras.get("comments.json")
        return None if text is None else CommentModel.from_dict(json.loads(text))

    @cached_property
    def account_model(self) -> AccountModel | None:
        """The account model that the features were computed with; None for the one that ships."""
        text = self.extras.get("accounts.json")
        return None if text is None else AccountModel.from_dict(json.loads(text))

    def features(self, tables: Tables, days: FloatArray) -> FloatArray:
        """Return the features of creators as of their days of decision, computed as at the training of this model."""
        return matrix_of(self.view(tables, days))

    def view(self, tables: Tables, days: FloatArray) -> View:
        """Return what the features are computed from: the tables as they stood on the days of decision."""
        return View(tables, days, self.comment_model, self.account_model)

    @property
    def name(self) -> str:
        """Name and version of the model, as written into every score."""
        return f"{self.metadata['name']}-{self.metadata['version']}"


def side_models(comments: CommentModel | None = None, accounts: AccountModel | None = None) -> dict[str, str]:
    """Return the text of :data:`EXTRAS` for these models; None takes the one that ships."""
    return {
        "comments.json": json.dumps((comments or default_comment_model()).to_dict(), ensure_ascii=False),
        "accounts.json": json.dumps((accounts or default_account_model()).to_dict(), ensure_ascii=False),
    }


def save_bundle(
    folder: str | Path,
    model: FittedModel,
    metadata: Mapping[str, Any],
    *,
    settings: str = "",
    card: str = "",
    heads: Heads | None = None,
    extras: Mapping[str, str] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a model folder; it appears whole or not at all.

    Parameters
    ----------
    folder
        Where to; must not exist unless ``overwrite``.
    model
        The fitted model.
    metadata
        JSON-ready facts: ``name``, ``version``, metrics, data digest. Nothing private may stand in them.
    settings, card
        Effective settings (TOML) and model card (Markdown).
    heads
        Mechanisms and shares; left out of the folder where there are none.
    extras
        Text of further plain files by name (:data:`EXTRAS`).

    Raises
    ------
    ModelError
        If a booster holds category values, or an extra file has another name than those of :data:`EXTRAS`.
    OutputError
        If the folder exists or cannot be written; with ``overwrite`` also if it holds anything else than a model.
    """
    target = check_bundle_target(folder, overwrite=overwrite)
    odd = sorted(set(extras or {}) - set(EXTRAS))
    if odd:
        raise ModelError(f"a model folder has no place for {odd[0]!r}. Extra files are {', '.join(EXTRAS)}.")
    layout = model.layout
    facts = {
        **metadata,
        "format": BUNDLE_FORMAT,
        "realreach_version": __version__,
        "features_sha256": features_sha256(layout),
    }
    files = {
        "model.txt": _booster_text(model.booster),
        "features.json": _json(
            {
                "catalogue_version": CATALOGUE_VERSION,
                "names": list(layout.names),
                "used": layout.used.tolist(),
                "needs": layout.needs.tolist(),
                "direction": layout.direction.tolist(),
            }
        ),
        "references.json": json.dumps(model.references.to_dict()),
        "calibration.json": _json(model.calibration.to_dict()),
        "settings.toml": settings,
        "metadata.json": _json(facts),
        "card.md": card,
        **(extras or {}),
    }
    if heads:
        for booster in heads.boosters().values():
            _booster_text(booster)
        files["heads.json"] = json.dumps(heads.to_dict())
    manifest = {
        name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in ((n, t.encode()) for n, t in files.items())
    }
    with atomic_folder(target, overwrite=overwrite) as writing:
        for name, content in files.items():
            (writing / name).write_bytes(content.encode())
        (writing / _MANIFEST).write_text(_json({"format": BUNDLE_FORMAT, "files": manifest}), encoding="utf-8")
        load_bundle(writing)
    return target


def features_sha256(layout: Layout) -> str:
    """Return the digest of what a model takes in: columns in order, the pillars they need, how they are computed.

    A feature counts with its name, its unit, whether it is judged against similar creators and whether it makes its
    pillar count, all under the version of the catalogue; wording does not.
    """
    records = {f.name: [f.unit, f.peers, f.judges, sorted(pillars_of(f))] for f in catalogue()}
    facts = [
        CATALOGUE_VERSION,
        [[name, records.get(name)] for name in layout.names],
        layout.used.tolist(),
        layout.needs.tolist(),
    ]
    return hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()


def _booster_text(booster: lgb.Booster | StoredBooster) -> str:
    text = booster.model_to_string()
    if "pandas_categorical:[]" not in text and "pandas_categorical:null" not in text:
        raise ModelError(
            "the booster holds category values; only numeric features may be used, since values are stored in clear"
        )
    return text


def check_bundle_target(folder: str | Path, *, overwrite: bool = False) -> Path:
    """Return the folder if a model can be written there; raise before any work is done if not.

    Raises
    ------
    OutputError
        If it exists and may not be replaced, or if it holds anything but a model: such a folder is never replaced.
    """
    target = check_writable(folder, overwrite=overwrite, parents=True)
    if target.is_symlink() or target.is_file():
        raise OutputError(f"{target} is a file or a link. Name a folder for the model.")
    if target.is_dir():
        names = {entry.name for entry in target.iterdir()}
        if names and (_MANIFEST not in names or names - {_MANIFEST, *FILES, *OPTIONAL_FILES}):
            raise OutputError(
                f"{target} holds other things than a model, so it is not replaced. Choose another folder."
            )
    return target


def load_bundle(folder: str | Path, *, expected_sha256: str | None = None) -> Bundle:
    """Load a model folder after checking every byte of it. Runs no code from the folder.

    Parameters
    ----------
    folder
        A local folder written by :func:`save_bundle`.
    expected_sha256
        Hash of ``manifest.json`` that you got from a source you trust; refused if it differs.

    Raises
    ------
    ModelError
        If the folder is missing, holds another file than the manifest names, was changed, or was written for
        another format or feature catalogue.
    """
    if "://" in str(folder):
        raise ModelError(f"{folder}: a model is read from a local folder only. Copy it to this machine first.")
    root = Path(folder)
    try:
        contents, sha256 = _verified(root)
    except OSError as err:
        raise ModelError(f"{root}: cannot be read ({err.strerror or type(err).__name__}). Check its rights.") from err
    if expected_sha256 is not None and sha256 != expected_sha256.lower():
        raise ModelError(
            f"{root}: the manifest's sha256 is {sha256}, expected {expected_sha256}. "
            "This is not the model you asked for."
        )
    try:
        return _assembled(root, contents, sha256)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as err:
        raise ModelError(f"{root}: its files do not make a model ({type(err).__name__}). Get a fresh copy.") from err


def manifest_sha256(folder: str | Path) -> str:
    """Return the sha256 of a bundle's manifest: the one number that pins the whole model."""
    return hashlib.sha256((Path(folder) / _MANIFEST).read_bytes()).hexdigest()


def _assembled(root: Path, contents: Mapping[str, bytes], sha256: str) -> Bundle:
    metadata = json.loads(contents["metadata.json"])
    if not isinstance(metadata["name"], str) or not isinstance(metadata["version"], str):
        raise TypeError("name and version must be text")
    layout = _layout(root, json.loads(contents["features.json"]))
    references = References.from_dict(json.loads(contents["references.json"]))
    calibration = Calibration.from_dict(json.loads(contents["calibration.json"]))
    model = FittedModel(_booster(root, "model.txt", contents["model.txt"], layout), layout, references, calibration)
    _check_features(root, metadata, layout)
    settings, card = contents["settings.toml"].decode(), contents["card.md"].decode()
    extras = {name: contents[name].decode() for name in EXTRAS if name in contents}
    return Bundle(model, metadata, settings, card, sha256, _heads(root, contents, layout), extras)


def _check_features(root: Path, metadata: Mapping[str, Any], layout: Layout) -> None:
    told, here = metadata.get("features_sha256"), features_sha256(layout)
    # Models made before the digest was kept have none.
    if told is not None and told != here:
        raise ModelError(
            f"{root}: the model was trained on features of another meaning than this realreach computes (their "
            f"digest in metadata.json is {told!s:.12}, here it is {here:.12}). "
            "Use the realreach version named there, or train again."
        )


def _heads(root: Path, contents: Mapping[str, bytes], layout: Layout) -> Heads:
    if "heads.json" not in contents:
        return Heads()
    data = json.loads(contents["heads.json"])
    boosters = {name: _booster(root, "heads.json", text.encode(), layout) for name, text in data["boosters"].items()}
    return Heads.from_dict(data, boosters)


def _booster(root: Path, file: str, text: bytes, layout: Layout) -> StoredBooster:
    # Something else under this name would be read by a parser that can end the process.
    if not text.startswith(_BOOSTER_HEAD):
        raise ModelError(f"{root}/{file} is not a LightGBM text model of version 4: refused")
    booster = StoredBooster(text.decode())
    try:
        if booster.trees is None:
            _read_by_lightgbm(booster)
    except (ValueError, KeyError, IndexError) as err:
        raise ModelError(f"{root}/{file}: the trees of a booster cannot be read. Get a fresh copy.") from err
    if booster.num_feature() != len(layout.used):
        raise ModelError(
            f"{root}: the booster has {booster.num_feature()} features, features.json names {len(layout.used)}"
        )
    return booster


def _read_by_lightgbm(booster: StoredBooster) -> None:
    """Let LightGBM read trees of a kind that only it walks."""
    import lightgbm as lgb

    try:
        booster.lightgbm.num_trees()
    except lgb.basic.LightGBMError as err:
        raise ValueError("LightGBM cannot read them") from err


def _layout(root: Path, features: Mapping[str, Any]) -> Layout:
    version = features["catalogue_version"]
    if version != CATALOGUE_VERSION:
        raise ModelError(
            f"{root}: the model's features were computed by catalogue version {version!r:.20}, this realreach computes "
            f"version {CATALOGUE_VERSION}. Use the realreach version named in metadata.json, or train again."
        )
    names = tuple(features["names"])
    if names != feature_names():
        missing = sorted(set(names) - set(feature_names()))[:3]
        raise ModelError(
            f"{root}: the model was made for another feature catalogue ({len(names)} features, this version has "
            f"{len(feature_names())}{'; unknown here: ' + ', '.join(missing) if missing else ''}). "
            "Use the realreach version named in metadata.json, or train again."
        )
    import numpy as np

    used, needs, direction = (np.array(features[k], dtype=np.int64) for k in ("used", "needs", "direction"))
    if not len(used) == len(needs) == len(direction) or not ((used >= 0) & (used < len(names))).all():
        raise ModelError(f"{root}: features.json does not fit together. Get a fresh copy.")
    return Layout(names, used, needs, direction)


def _verified(root: Path) -> tuple[dict[str, bytes], str]:
    """Return the contents of all files, after checking names, kinds, sizes and hashes."""
    if root.is_file():
        raise ModelError(f"{root} is a file. A model is a folder with manifest.json; pickles are never loaded.")
    if not root.is_dir():
        raise ModelError(f"{root}: no such model folder. Train one (python train.py --help) or use models/default.")
    present = {entry.name for entry in root.iterdir()}
    if _MANIFEST not in present:
        raise ModelError(f"{root} has no manifest.json: not a realreach model folder")
    raw = _read(root, _MANIFEST, 2**20)
    try:
        manifest = json.loads(raw)
        wanted = {str(k): (int(v["size"]), str(v["sha256"])) for k, v in manifest["files"].items()}
        version = int(manifest["format"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as err:
        raise ModelError(f"{root}: manifest.json cannot be read ({type(err).__name__}). Get a fresh copy.") from err
    if version < 1:
        raise ModelError(f"{root}: manifest.json names the format {version}, which never was. Get a fresh copy.")
    if version > BUNDLE_FORMAT:
        raise ModelError(
            f"{root}: bundle format {version} is newer than this version reads ({BUNDLE_FORMAT}). Update realreach."
        )
    allowed = {*FILES, *(OPTIONAL_FILES if version > 1 else ())}
    if not set(FILES) <= set(wanted) <= allowed:
        odd = sorted((set(FILES) - set(wanted)) | (set(wanted) - allowed))
        raise ModelError(
            f"{root}: manifest.json does not name the files of a bundle (differs in {', '.join(odd)[:200]})"
        )
    odd = sorted((present ^ set(wanted)) - {_MANIFEST})
    if odd:
        raise ModelError(f"{root}: missing or unexpected in the folder: {', '.join(odd)[:200]}. Get a fresh copy.")
    contents = {}
    for name, (size, digest) in wanted.items():
        data = _read(root, name, _LARGEST)
        if len(data) != size or hashlib.sha256(data).hexdigest() != digest:
            raise ModelError(
                f"{root}/{name} was changed or damaged after it was written (size or sha256 differs). Get a fresh copy."
            )
        contents[name] = data
    return contents, hashlib.sha256(raw).hexdigest()


def _read(root: Path, name: str, largest: int) -> bytes:
    path = root / name
    kind = os.lstat(path)
    if not stat.S_ISREG(kind.st_mode):
        raise ModelError(f"{path} is not an ordinary file (a link or a folder): refused")
    if kind.st_size > largest:
        raise ModelError(f"{path} has {kind.st_size} bytes, more than the {largest} allowed")
    return path.read_bytes()


def _json(data: object) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"
