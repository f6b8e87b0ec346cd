"""Whoever waits for the first compilation of the kernels is told so: once, not in later runs, not where quiet."""

import argparse
import importlib.util
import os
import subprocess
import sys
from multiprocessing import get_context

import pytest

from realreach import compiled, first_compile
from realreach.cli import run_command
from realreach.commands.common import Console
from realreach.compiled import is_installed
from realreach.engine import Plan

pytestmark = pytest.mark.skipif(not is_installed(), reason="numba, the extra fast, is not installed")

SOURCE = """
import numba as nb

@nb.njit(cache=True)
def twice(x):
    return 2 * x
"""


@pytest.fixture
def kernels(tmp_path):
    """Return a module of one kernel that was never compiled; loading it again stands for a later run."""
    (tmp_path / "some_kernels.py").write_text(SOURCE, encoding="utf-8")

    def load():
        spec = importlib.util.spec_from_file_location("some_kernels", tmp_path / "some_kernels.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(first_compile, "_told", [])
    monkeypatch.setattr(first_compile, "_say", [lines.append])
    return lines


def test_told_before_the_first_compilation_and_in_no_later_run(kernels, said):
    first = kernels()
    first_compile.announce(first)
    assert len(said) == 1
    assert "one to three minutes" in said[0]
    assert "some_kernels" in said[0]
    assert first.twice(3) == 6
    first_compile.announce(kernels())
    assert len(said) == 1


def test_told_again_after_an_update(kernels, said, tmp_path):
    kernels().twice(3)
    source = tmp_path / "some_kernels.py"
    later = max(path.stat().st_mtime for path in tmp_path.rglob("*.nbi")) + 10.0
    os.utime(source, (later, later))
    first_compile.announce(kernels())
    assert len(said) == 1


def test_later_modules_are_named_in_short(kernels, said):
    module = kernels()
    first_compile.announce(module)
    first_compile.announce(module)
    assert said[1] == "compiling further kernels: some_kernels"


@pytest.mark.parametrize("quiet", [True, False])
def test_commands_say_it_on_stderr_unless_quiet(kernels, said, quiet, capsys):
    Console(argparse.Namespace(quiet=quiet))
    first_compile.announce(kernels())
    out, err = capsys.readouterr()
    assert out == ""
    assert ("compiling the kernels" in err) is not quiet
    assert said == []


def test_without_a_command_it_goes_to_stderr(kernels, said, capsys):
    first_compile.tell_by(None)
    first_compile.announce(kernels())
    assert "compiling the kernels" in capsys.readouterr().err


def test_module_without_kernels_needs_no_word(said):
    first_compile.announce(argparse)
    assert said == []


def test_kernels_are_announced_where_they_are_imported(tmp_path):
    """In a process of its own, with an empty place for what numba keeps; no kernel is called."""
    code = "from realreach.compiled import kernels_for; kernels_for(10**9, 'tree_kernels', 1)"
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert "beginning with tree_kernels" in done.stderr


def test_a_run_in_worker_processes_tells_what_they_are_silent_about(monkeypatch, tmp_path):
    from realreach.engine import Settings, run

    package = tmp_path / "realreach"
    (package / "__pycache__").mkdir(parents=True)
    monkeypatch.setattr(first_compile, "__file__", str(package / "first_compile.py"))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    large, middling, alone = Plan(100_000, 5_000, ()), Plan(99_999, 5_000, ()), Settings(workers=1)
    assert run._of_kernels(Settings(workers=2), large) == first_compile.IN_WORKERS
    assert run._of_kernels(Settings(workers=2), middling) == first_compile.BY_NUMPY
    assert run._of_kernels(Settings(workers=2), Plan(1_999, 5_000, ())) == ""
    assert run._of_kernels(alone, large) == ""
    (package / "some.py").touch()
    (package / "__pycache__" / "some.twice-3.py311.nbi").touch()
    assert run._of_kernels(Settings(workers=2), large) == ""
    (package / "__pycache__" / "some.twice-3.py311.nbi").unlink()
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert run._of_kernels(Settings(workers=2), large) == ""


def test_kernels_of_an_older_version_are_nothing_that_is_kept(monkeypatch, tmp_path):
    package = tmp_path / "realreach"
    (package / "part" / "__pycache__").mkdir(parents=True)
    monkeypatch.setattr(first_compile, "__file__", str(package / "first_compile.py"))
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    assert first_compile.nothing_is_kept()
    source, index = package / "part" / "some.py", package / "part" / "__pycache__" / "some.twice-3.py311.nbi"
    index.touch()
    assert first_compile.nothing_is_kept()  # its source is gone
    source.touch()
    os.utime(index, (1, 1))
    assert first_compile.nothing_is_kept()  # an update wrote the source anew
    os.utime(source, (1, 1))
    assert not first_compile.nothing_is_kept()


@pytest.fixture
def fresh(monkeypatch, said):
    """A process that has loaded no kernel yet, and what it says."""
    monkeypatch.setitem(compiled._state, "loaded", False)
    monkeypatch.setitem(compiled._job, "large", False)
    compiled._would_compile.cache_clear()
    yield said
    compiled._would_compile.cache_clear()


@pytest.mark.parametrize(
    ("kept", "rows", "used", "told"),
    [(True, 2_000, True, 0), (False, 2_000, False, 1), (False, 99_999, False, 1), (False, 100_000, True, 0)],
)
def test_what_numpy_does_sooner_than_kernels_are_compiled_is_left_to_it(monkeypatch, fresh, kept, rows, used, told):
    monkeypatch.setattr(compiled, "nothing_is_kept", lambda: not kept)
    for _ in range(2):
        found = compiled.kernels_for(rows, "tree_kernels", compiled.LEAST_CREATORS)
        assert (found is not None) == used
    assert [line for line in fresh if "realreach warm-up" in line] == fresh[:told]
    assert len(fresh) >= told


@pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked only where there is fork")
def test_workers_say_nothing_of_kernels_whoever_tells(tmp_path):
    def work():
        first_compile.tell_by(lambda line: (tmp_path / "said").write_text(line))
        first_compile.tell_numpy()

    worker = get_context("fork").Process(target=work)
    worker.start()
    worker.join()
    assert worker.exitcode == 0
    assert not (tmp_path / "said").exists()


def test_shards_know_how_large_the_whole_job_is(monkeypatch, fresh):
    monkeypatch.setattr(compiled, "nothing_is_kept", lambda: True)
    compiled.expect_creators(99_999)
    assert compiled.kernels_for(5_000, "tree_kernels", compiled.LEAST_CREATORS) is None
    compiled.expect_creators(100_000)
    assert compiled.kernels_for(1_999, "tree_kernels", compiled.LEAST_CREATORS) is None
    assert compiled.kernels_for(5_000, "tree_kernels", compiled.LEAST_CREATORS) is not None


def test_a_shard_hands_on_the_size_of_its_run(monkeypatch, tmp_path, fresh):
    from realreach.engine import work

    class StoppedError(Exception):
        pass

    def read_shard(*_, **__):
        raise StoppedError

    monkeypatch.setattr(work, "_plan", lambda _: Plan(250_000, 5_000, ()))
    monkeypatch.setattr(work, "read_shard", read_shard)
    with pytest.raises(StoppedError):
        work.score_shard(work.Job(str(tmp_path), "model"), 3)
    assert compiled._job["large"]


def test_the_command_makes_all_kernels_ready(capsys, monkeypatch, tmp_path):
    assert run_command("warm-up", [], prog="realreach warm-up") == 0
    assert "are ready" in capsys.readouterr().err
    assert compiled.kernels_for(1) is not None
    assert run_command("warm-up", ["--model", str(tmp_path / "none")], prog="realreach warm-up") == 4
    monkeypatch.setattr(compiled, "is_installed", lambda: False)
    assert run_command("warm-up", [], prog="realreach warm-up") == 2
    assert "realreach[fast]" in capsys.readouterr().err
