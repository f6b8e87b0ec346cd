"""Kernels that numba keeps on disk go when anything that they take in has changed, whichever file it stands in."""

import subprocess
import sys

import pytest

from realreach import kept_kernels
from realreach.compiled import is_installed

pytestmark = pytest.mark.skipif(not is_installed(), reason="numba, the extra fast, is not installed")

NUMBERS = "FACTOR = {}\n"
HELPER = """
import numba as nb
from realreach._made_up.numbers import FACTOR

@nb.njit(cache=True)
def grown(x):
    return x * FACTOR + {}
"""
ENTRY = """
import numba as nb
from realreach._made_up import helper

@nb.njit(cache=True)
def entry(x):
    return helper.grown(x)
"""
RUN = """
import sys, types
package = types.ModuleType("realreach._made_up")
package.__path__ = [sys.argv[1]]
import realreach
sys.modules["realreach._made_up"] = realreach._made_up = package
import realreach._made_up.entry as entry
from realreach.kept_kernels import forget_stale
forget_stale()
print(entry.entry(3), sum(entry.entry.stats.cache_hits.values()))
"""


@pytest.fixture
def made_up(tmp_path):
    """Return a function that writes two kernel files and a module of constants, and calls the first in a process."""

    def run(factor, more):
        for name, text in (("numbers", NUMBERS.format(factor)), ("helper", HELPER.format(more)), ("entry", ENTRY)):
            path = tmp_path / f"{name}.py"
            if not path.is_file() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")
        command = [sys.executable, "-B", "-c", RUN, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        return tuple(int(word) for word in done.stdout.split())

    return run


def test_kept_kernels_follow_the_kernels_they_call_and_the_constants_those_use(made_up):
    assert made_up(2, 0) == (6, 0)
    assert made_up(2, 0) == (6, 1)  # kept
    assert made_up(2, 5) == (11, 0)  # the function of another file
    assert made_up(4, 5) == (17, 0)  # a constant that this one takes from a third
    assert made_up(4, 5) == (17, 1)


def test_each_module_is_looked_at_once_and_sources_are_told_apart(monkeypatch):
    from realreach import warm_up

    warm_up()
    seen = []
    monkeypatch.setattr(kept_kernels, "_forget", lambda source, place, digest: seen.append(digest))
    kept_kernels.forget_stale()
    assert seen == []
    monkeypatch.setattr(kept_kernels, "_checked", set())
    kept_kernels.forget_stale()
    assert len(set(seen)) == len(seen) > 20
    assert kept_kernels.sources_of("realreach.tree_kernels") in seen


def test_a_place_that_cannot_be_written_is_left_alone(tmp_path):
    source = tmp_path / "some_kernels.py"
    source.touch()
    blocked = tmp_path / "file"
    blocked.touch()
    kept_kernels._forget(source, blocked, "a")
    assert blocked.is_file()
