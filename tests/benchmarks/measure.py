"""How things are measured: CPU seconds of this process or of a tree of them, the quiet wall time beside, medians."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")

PACKAGES = (
    "numpy", "pandas", "pyarrow", "lightgbm", "scikit-learn", "numba", "distributed", "mlflow",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, against what, the ratio of the two, and the aim of the issue."""

    what: str
    value: str
    against: str
    ratio: str
    aim: str
    runs: int


@dataclass
class Part:
    """What one part of the suite found."""

    title: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Context:
    """Where the suite works, and whether it is the short version."""

    work: Path
    quick: bool
    largest: int
    largest_with_comments: int
    peers: str = sys.executable
    """The Python that has the libraries of the comparison, see :mod:`tests.benchmarks.peers`."""

    @property
    def repeats(self) -> int:
        """Repetitions of short measurements."""
        return 3 if self.quick else 5

    def most(self, comments: bool) -> int:
        """Return the most creators to measure."""
        return min(2_000 if self.quick else 10**9, self.largest_with_comments if comments else self.largest)


def cpu(work: Callable[[], object], repeats: int) -> float:
    """Return the median CPU seconds of some runs of this process, after one that is not counted (but for a single one)."""
    if repeats > 1:
        work()
    return statistics.median(cpu_of(work) for _ in range(repeats))


def cpu_of(work: Callable[[], object]) -> float:
    """Return the CPU seconds of one run of this process."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


@dataclass(frozen=True)
class Run:
    """A process that ended: CPU seconds of its tree, wall seconds, the most memory its tree held at once (MiB)."""

    cpu: float
    wall: float
    memory: float
    out: str


def run(command: Sequence[object], *, environment: dict[str, str] | None = None, cwd: Path | None = None) -> Run:
    """Run a command to its end, looking at the memory and the clocks of its tree twenty times a second.

    Pages that processes share are counted once for each, so that the memory of several workers is an upper bound. The
    system tells the CPU seconds of a process to whoever waits for its end, which nobody does for the workers of a server
    process: their own clocks are read as long as they run.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1", **(environment or {})}
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(
        [str(part) for part in command],
        env=environment,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    most, clocks = 0.0, dict[int, float]()
    while process.poll() is None:
        most = max(most, clocks_of(process.pid, clocks))
        time.sleep(0.05)
    wall = time.perf_counter() - begun
    out = process.stdout.read() if process.stdout is not None else ""
    if process.returncode:
        raise RuntimeError(f"{command}: exit code {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(max(told, sum(clocks.values())), wall, most, out)


def clocks_of(pid: int, clocks: dict[int, float]) -> float:
    """Return the resident MiB of a process and of all below it (Linux), and note the CPU seconds of each so far."""
    total, left = 0.0, [pid]
    while left:
        number = left.pop()
        place = Path(f"/proc/{number}")
        try:
            total += int((place / "statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20
            ticks = (place / "stat").read_text().rsplit(")", 1)[1].split()[11:13]
            clocks[number] = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
            for task in (place / "task").iterdir():
                left += [int(child) for child in (task / "children").read_text().split()]
        except (OSError, IndexError):
            continue
    return total


def rounds(works: Mapping[str, Callable[[], T]], times: int) -> dict[str, list[T]]:
    """Return what each work gives, all of them done in turn so many times: what disturbs one disturbs its neighbours."""
    found: dict[str, list[T]] = {name: [] for name in works}
    for _ in range(times):
        for name, work in works.items():
            found[name].append(work())
    return found


def of_pairs(measured: Sequence[float], against: Sequence[float]) -> float:
    """Return the median of the ratios of runs that were made beside each other."""
    return statistics.median(a / b for a, b in zip(measured, against, strict=True))


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def machine() -> list[str]:
    """Return what a reader must know of machine and versions, one fact a line."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    memory = next(
        (int(line.split()[1]) / 2**20 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0.0
    )
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    known = [f"{name} {found}" for name in PACKAGES if (found := _version(name))]
    return [
        f"{os.cpu_count()} cores ({model or platform.processor()}), {memory:.0f} GiB, Python {platform.python_version()}; "
        f"load when it began: {load} (wall times are quiet below 1.5 only).",
        "; ".join(known) + ".",
    ]


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
