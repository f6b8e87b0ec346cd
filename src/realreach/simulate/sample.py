"""The small sample that lies in ``data/sample/``: for the README, the demo and the tests."""

from __future__ import annotations

import argparse
from pathlib import Path

from realreach.simulate.settings import SimulationSettings
from realreach.simulate.write import write_world

__all__ = ["SAMPLE_CREATORS", "SAMPLE_SEED", "SAMPLE_SETTINGS", "write_sample"]

SAMPLE_CREATORS = 240
SAMPLE_SEED = 2025
SAMPLE_SETTINGS = SimulationSettings(days=100, comments_median=14, comments_cap=30, posts_cap=18)
"""Short histories and few comments, so that the whole sample stays near one megabyte."""


def write_sample(out: str | Path, *, overwrite: bool = False) -> dict[str, int]:
    """Write the sample (CSV) to a new folder and return the number of rows by table.

    Raises
    ------
    OutputError
        If the folder exists and may not be replaced, or cannot be written.
    """
    return write_world(
        out, SAMPLE_CREATORS, SAMPLE_SEED, SAMPLE_SETTINGS, format="csv", overwrite=overwrite, progress=False
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Write the sample of simulated creators (recorded command of data/sample)."
    )
    parser.add_argument("out", type=Path, help="folder to make, such as data/sample")
    parser.add_argument("--overwrite", action="store_true", help="replace an older sample")
    given = parser.parse_args()
    write_sample(given.out, overwrite=given.overwrite)
