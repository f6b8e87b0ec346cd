"""Reading a TOML file of settings, with an error that says which file and why."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from realreach.errors import UsageError

__all__ = ["read_toml"]

_LARGEST = 1_000_000


def read_toml(path: str | Path) -> dict[str, Any]:
    """Return what a TOML file holds.

    Raises
    ------
    UsageError
        If it cannot be read, is larger than a megabyte, or is not TOML.
    """
    source = Path(path)
    try:
        if source.stat().st_size > _LARGEST:
            raise UsageError(f"{source}: a config file of more than 1 MB is not read")
        return tomllib.loads(source.read_text(encoding="utf-8"))
    except OSError as err:
        raise UsageError(f"{source}: cannot be read ({err.strerror or err})") from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as err:
        raise UsageError(f"{source}: not valid TOML ({type(err).__name__}: {str(err)[:100]})") from err
