"""Settings of a training run: defaults with their reasons, TOML to override, unknown keys refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from realreach.errors import UsageError
from realreach.tomlfile import read_toml

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["ModelSettings", "TrainSettings", "load_settings", "to_toml", "toml_value"]

_S = TypeVar("_S", bound=BaseModel)


class ModelSettings(BaseModel):
    """Parameters of :class:`realreach.estimator.AuthenticityClassifier`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    num_leaves: int = Field(default=15, ge=2, le=255)
    max_depth: int = Field(default=5, ge=1, le=12)
    learning_rate: float = Field(default=0.05, gt=0, le=1)
    n_estimators: int = Field(default=800, ge=1, le=20_000)
    min_child_samples: int = Field(default=20, ge=1)
    reg_lambda: float = Field(default=5.0, ge=0)
    feature_fraction: float = Field(default=0.25, gt=0, le=1)
    bagging_fraction: float = Field(default=0.8, gt=0, le=1)
    early_stopping_rounds: int = Field(default=60, ge=1)
    masked_copies: int = Field(default=2, ge=0, le=7)
    balance_size: bool = True
    exclude: tuple[str, ...] = ()
    operating_fpr: float = Field(default=0.01, gt=0, lt=0.5)


class TrainSettings(BaseModel):
    """What a training run does. Flags override the file, the file overrides the defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(default="realreach", pattern=r"^[a-z0-9][a-z0-9_\-]{0,63}$")
    """Name of the model in the bundle and in the registry."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    threads: int = Field(default=1, ge=1, le=256)
    folds: int = Field(default=0, ge=0, le=50)
    """Evaluate by so many folds instead of a held-out part; 0 = five below 3,000 labelled creators, else held out."""
    repeats: int = Field(default=3, ge=1, le=50)
    """Repetitions of the folds; a creator's out-of-fold score is their mean."""
    test_share: float = Field(default=0.2, gt=0, lt=0.9)
    time_split: str = Field(default="auto", pattern=r"^(auto|on|off)$")
    label_delay_days: float = Field(default=0.0, ge=0)
    bootstrap: int = Field(default=300, ge=20, le=10_000)
    simulated: bool = False
    """Written into card and metadata; set by itself where every label comes from the simulator."""
    hold_out_mechanisms: tuple[str, ...] = ()
    """Creators with one of these mechanisms are never trained on, only tested (leave-one-mechanism-out)."""
    heads: bool = True
    """Fit mechanism probabilities and purchased shares where the labels tell of them."""
    model: ModelSettings = ModelSettings()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.folds == 1:
            raise ValueError("folds must be 0 (chosen by the number of labels) or 2 and more, got 1")
        if self.folds and self.time_split == "on":
            raise ValueError(
                "folds and time_split = 'on' exclude each other: folds test on all creators, not on the latest"
            )
        return self


def load_settings(kind: type[_S], path: str | Path | None, overrides: Mapping[str, Any] | None = None) -> _S:
    """Return settings from a TOML file with overrides on top.

    Parameters
    ----------
    kind
        The class of settings.
    path
        TOML file, or None for the defaults.
    overrides
        Values that win over the file; dotted keys reach nested tables (``model.num_leaves``); None is skipped.

    Raises
    ------
    UsageError
        If the file cannot be read, or a key is unknown or has a wrong value (named).
    """
    data: dict[str, Any] = {}
    if path is not None:
        data = read_toml(path)
    for key, value in (overrides or {}).items():
        if value is None:
            continue
        *parents, last = key.split(".")
        place: Any = data
        for parent in parents:
            place = place.setdefault(parent, {}) if isinstance(place, dict) else None
        # Where the file holds a plain value in place of a table, the check below says so.
        if isinstance(place, dict):
            place[last] = value
    try:
        return kind.model_validate(data)
    except ValidationError as err:
        where = f"{path}: " if path is not None else ""
        problems = [_problem(error, kind) for error in err.errors(include_url=False)]
        more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise UsageError(f"{where}{'; '.join(problems[:5])}{more}.") from err


def _problem(error: ErrorDetails, kind: type[BaseModel]) -> str:
    """Return one problem of the settings in words: which key, what is wrong, what would be right."""
    key = ".".join(str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] != "extra_forbidden":
        return f"{key}: {message}, got {str(error['input'])[:60]!r}" if key else message
    fields: Any = kind.model_fields
    for parent in error["loc"][:-1]:
        fields = fields[parent].annotation.model_fields
    return f"unknown key {key[:60]!r} (known: {', '.join(fields)})"


def to_toml(settings: BaseModel) -> str:
    """Return settings as TOML that :func:`load_settings` reads back to the same."""
    lines: list[str] = []
    tables: list[tuple[str, Mapping[str, Any]]] = [("", settings.model_dump(mode="json"))]
    while tables:
        prefix, values = tables.pop(0)
        if prefix:
            lines += ["", f"[{prefix}]"]
        for key, value in values.items():
            if value is None:
                continue
            if isinstance(value, Mapping):
                tables.append((f"{prefix}.{key}" if prefix else key, value))
            else:
                lines.append(f"{key} = {toml_value(value)}")
    return "\n".join(lines).strip() + "\n"


def toml_value(value: Any) -> str:
    """Return a plain value or a list of them as TOML."""
    import json

    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml_value(v) for v in value) + "]"
    # JSON strings with escapes for control characters are TOML basic strings.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
