"""A fresh environment with the required packages alone, for what a start costs without the extras.

Made with ``pip`` in the work folder, once; where no package index answers, the line is left out and a note says so.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.measure import ROOT

_SECONDS = 600


def core_python(work: Path) -> Path | None:
    """Return the Python of an environment with our dependencies in the versions in use here; None if it cannot be had."""
    folder = work / "core"
    python = folder / "bin" / "python"
    if (folder / "complete").is_file():
        return python
    required = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = [re.split(r"[\s<>=!~;\[]", line, maxsplit=1)[0] for line in required]
    pinned = [f"{name}=={version(name)}" for name in names]
    commands = (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *pinned],
        # As an installer does: the first start must not pay for compiling what every later one finds compiled.
        [str(python), "-m", "compileall", "-q", str(folder / "lib")],
    )
    for command in commands:
        try:
            done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
        except (OSError, subprocess.SubprocessError):
            return None
        if done.returncode and "compileall" not in command:
            return None
    (folder / "complete").touch()
    return python
